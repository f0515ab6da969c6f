//! Types of the API that show as another does, and differ only in how they are read or resolved.

/// Within an implementation of this trait: what another type says of itself in the schema.
macro_rules! type_of {
    ($shown:ty as $kind:path) => {
        fn type_name() -> std::borrow::Cow<'static, str> {
            <$shown as $kind>::type_name()
        }

        fn qualified_type_name() -> String {
            <$shown as $kind>::qualified_type_name()
        }

        fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
            <$shown as $kind>::create_type_info(registry)
        }
    };
}
pub(in crate::graphql) use type_of;
