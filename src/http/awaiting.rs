//! The wait for a database that isn't there yet. Whatever else keeps the engine from starting ends the server at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::engine::Engine;
use crate::store::StoreError;

/// Between two attempts.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// Attempts after which the log says once more what it has said before.
const SAID_AGAIN_AFTER: u32 = 60;

/// Tries until the engine starts, or fails for another reason than that the database isn't there yet.
pub(super) async fn engine<S>(start: S) -> Result<Arc<Engine>, StoreError>
where
    S: FnMut() -> Result<Arc<Engine>, StoreError> + Send + 'static,
{
    let (mut start, mut said, mut unsaid) = (start, String::new(), 0);
    loop {
        let (tell, told) = oneshot::channel();
        // A thread of its own, for which nobody waits who is told to stop meanwhile.
        let attempt = move || {
            let result = start();
            let _nobody_waits_any_more = tell.send((start, result));
        };
        std::thread::Builder::new()
            .name("start".to_owned())
            .spawn(attempt)
            .map_err(|error| StoreError::Connect(format!("no thread to connect on: {error}")))?;
        let gone = |_| StoreError::Connect("the attempt to connect broke off".to_owned());
        let (again, result) = told.await.map_err(gone)?;
        start = again;
        match result {
            Err(error) if error.is_absent() => {
                let words = error.to_string();
                if words != said || unsaid >= SAID_AGAIN_AFTER {
                    tracing::warn!(%error, "the database isn't there yet; waiting for it");
                    (said, unsaid) = (words, 0);
                }
                unsaid += 1;
                tokio::time::sleep(TRY_EVERY).await;
            }
            result => return result,
        }
    }
}
