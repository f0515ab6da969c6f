//! How late a worker is: how long what is ready waits until it is looked at. Timers wait in the same line.

use std::time::{Duration, Instant};

use actix_web::web::Data;

use super::cpu_affinity::Processor;
use super::shared::Shared;

/// How often a worker looks while many requests are under way, and while few are.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const LOOK_EVERY_IN_CALM: Duration = Duration::from_millis(50);
/// Nobody minds less than this: to give out what a large batch has answered takes about as long.
const UNMINDED: Duration = Duration::from_millis(10);

/// Has the engine pause while this worker is late, and the worker keep its seat while it is crowded at the door.
pub(super) async fn watch(shared: Data<Shared>, mut seat: Processor) {
    loop {
        let is_calm = shared.in_flight.is_calm();
        seat.keep(!is_calm);
        let pause = if is_calm { LOOK_EVERY_IN_CALM } else { LOOK_EVERY };
        let meant = Instant::now() + pause;
        tokio::time::sleep_until(meant.into()).await;
        let late = meant.elapsed();
        if late >= UNMINDED {
            shared.engine.rest(late);
        }
    }
}
