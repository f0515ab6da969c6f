//! A PostgreSQL that stops hard and comes back, as a lane sees it.

use granary::domain::account::CustomerClass;
use granary::domain::channel::ChannelMode;
use granary::engine::EngineError;
use granary::store::base::connection::Database;

use crate::support::commands::{NOON_MS, add_channel, lane, payment_of, post, save_account, settle};
use crate::support::postgres::Cluster;

#[test]
fn a_lane_says_busy_without_postgres_and_goes_on_when_it_is_back() {
    let Some(cluster) = Cluster::private() else { return };
    let url = cluster.create_migrated("outage");
    let mut lane = lane(&Database::from_url(&url).expect("a PostgreSQL URL"));
    let again = || post("BANK", "K1", "0001", 500);
    let set_up =
        vec![add_channel("BANK", ChannelMode::Asking), save_account("0001", CustomerClass::Other), again()];
    let first = settle(&mut lane, set_up);
    let (payment, _) = payment_of(&first[2]);
    cluster.stop_hard();
    let batch = vec![(NOON_MS, again()), (NOON_MS, post("BANK", "K2", "0001", 700))];
    assert_eq!(lane.settle(batch), [Err(EngineError::Busy), Err(EngineError::Busy)]);
    cluster.start();
    let later = settle(&mut lane, vec![again(), post("BANK", "K2", "0001", 700)]);
    assert_eq!(payment_of(&later[0]), (payment, true));
    assert!(!payment_of(&later[1]).1);
}
