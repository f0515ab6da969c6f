//! A large answer is built in slices, so that others on its thread are answered in between.

use tokio::sync::Mutex;
use tokio::task::yield_now;

/// Bytes built in one slice, about half a millisecond's work.
const SLICE_BYTES: usize = 16 * 1024;

/// The slices of one answer: what was built in the present one.
#[derive(Default)]
pub(in crate::graphql) struct Slices(Mutex<usize>);

impl Slices {
    /// Goes on at once while there is room in this slice, else in the next. Whoever begins that one lets all others of
    /// the answer wait, so that they aren't asked again and again.
    pub(in crate::graphql) async fn take_turn(&self, bytes: usize) {
        let mut built = self.0.lock().await;
        if *built >= SLICE_BYTES {
            yield_now().await;
            *built = 0;
        }
        *built += bytes;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use futures_util::future::{join, join_all};

    use super::*;

    #[test]
    fn another_task_goes_on_between_the_slices_of_a_large_answer() {
        let slices = Slices::default();
        let (is_done, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
        let large = async {
            join_all((0..100).map(|_| slices.take_turn(SLICE_BYTES / 4))).await;
            is_done.store(true, Ordering::Relaxed);
        };
        let other = async {
            while !is_done.load(Ordering::Relaxed) {
                turns.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(join(large, other));
        assert!(turns.into_inner() >= 24, "25 slices have 24 pauses");
    }

    #[test]
    fn a_small_answer_is_built_at_once() {
        use futures_util::FutureExt;
        let slices = Slices::default();
        let all = join_all((0..10).map(|_| slices.take_turn(SLICE_BYTES / 11)));
        assert!(all.now_or_never().is_some());
    }
}
