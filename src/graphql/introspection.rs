//! What introspection answers is counted while it is built: its objects are the library's own and draw nothing
//! by themselves. Only documents that ask for it are executed with this.

use std::sync::Arc;

use async_graphql::async_trait::async_trait;
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextResolve, ResolveInfo};
use async_graphql::{Pos, ServerResult, Value};

use super::base::answer::weights::ITEM_BYTES_MIN;
use super::base::answer::{budget, draw_in_turn};

/// Makes the counter of each request.
pub(super) struct CountIntrospection;

impl ExtensionFactory for CountIntrospection {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait]
impl Extension for CountIntrospection {
    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        // `__Type!` of a field, or of a list's item.
        let is_counted = info.return_type.starts_with("__");
        let value = next.run(ctx, info).await?;
        if let (true, Some(Value::Object(fields))) = (is_counted, &value) {
            let bytes = fields.iter().map(|(key, value)| key.len() + 6 + leaf_bytes(value)).sum::<usize>();
            let bytes = bytes.max(ITEM_BYTES_MIN);
            let drawn = draw_in_turn(ctx, bytes).await.and_then(|()| budget(ctx));
            drawn.map_err(|error| error.into_server_error(Pos::default()))?.slices().take_turn(bytes).await;
        }
        Ok(value)
    }
}

/// Bytes of a value, the objects in it left out: each has drawn its own.
fn leaf_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Enum(word) => word.len() + 2,
        Value::List(values) => values.iter().map(leaf_bytes).sum(),
        _ => 5,
    }
}
