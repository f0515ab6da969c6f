//! F6: the disk is full, and later isn't.

use std::fs;
use std::time::{Duration, Instant};

use granary::store::base::connection::Database;
use granary::store::base::migrations;
use serde_json::json;

use super::row::{POSTGRES, SQLITE, Trial, runs};
use super::small_disk::SmallDisk;
use crate::processes::alone;
use crate::processes::load::Load;
use crate::processes::proof::audit_is_clean;
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site};
use crate::support::postgres::Cluster;
use crate::support::wait::wait_until;

const FILLINGS: usize = 2;
const CLIENTS: usize = 4;
const SQLITE_DISK_MIB: u32 = 24;
const POSTGRES_DISK_MIB: u32 = 192;
const WITHIN: Duration = Duration::from_secs(60);
/// The service returns by itself so soon after there is room.
const BACK_WITHIN: Duration = Duration::from_secs(5);
const LOOK_UP: &str = "query($number: String!) { account(number: $number) { number amountDue } }";

#[test]
fn a_full_disk_under_sqlite_is_busy_meanwhile_and_forgotten_at_once() {
    let Some(disk) = SmallDisk::mount(SQLITE_DISK_MIB) else { return };
    let _alone = alone();
    let url = format!("sqlite://{}", disk.folder().join("granary.db").display());
    let database = Database::from_url(&url).expect("a database URL");
    let mut connection = database.connect_or_create().expect("a SQLite file can be created");
    migrations::run_pending(&mut connection).expect("the migrations run");
    drop(connection);
    filled_and_emptied(&disk, &url, SQLITE, |site, server| {
        let reply = site.client(server, BANK).send(LOOK_UP, json!({ "number": site.accounts[0] }));
        assert_eq!(reply.body["data"]["account"]["number"], *site.accounts[0], "reads go on: {reply:?}");
        || {}
    });
}

/// PostgreSQL may give up where its log can't grow; whoever keeps it running then starts it again.
#[test]
fn a_full_disk_under_postgres_is_busy_meanwhile_and_forgotten_at_once() {
    let Some(disk) = SmallDisk::mount(POSTGRES_DISK_MIB) else { return };
    let folder = disk.folder().join("cluster");
    fs::create_dir(&folder).expect("a folder on an empty disk");
    let Some(cluster) = Cluster::in_folder(folder) else { return };
    let _alone = alone();
    let url = cluster.create_migrated("filled");
    filled_and_emptied(&disk, &url, POSTGRES, |_, _| || cluster.start_unless_running());
}

/// Once posts are answered BUSY, `while_full` looks at the server, and says what is done when there is room.
fn filled_and_emptied<A: FnOnce()>(
    disk: &SmallDisk,
    url: &str,
    back_end: &str,
    while_full: impl Fn(&Site, &Server) -> A,
) {
    let mut trial = Trial::begin("F6", "disk full, later emptied", back_end);
    let site = Site::new(url, 100);
    let server = site.serve();
    let load = Load::start(&site, "full", server.address, CLIENTS);
    let mut stalled = 0;
    for _ in 0..runs(FILLINGS) {
        load.wait_for_more("payments before the disk is full", 50, WITHIN);
        disk.fill();
        let wanted = load.book().busy + 2 * u64::try_from(CLIENTS).expect("few");
        wait_until("answers while the disk is full", WITHIN, || {
            // What a server frees meanwhile (a log that starts anew) is taken as well.
            disk.fill();
            load.book().busy >= wanted
        });
        stalled = load.book().busy;
        let after = while_full(&site, &server);
        disk.empty();
        after();
        let emptied_at = Instant::now();
        load.wait_for_more("the service's return", 1, WITHIN);
        assert!(emptied_at.elapsed() <= BACK_WITHIN, "back only after {:?}", emptied_at.elapsed());
        trial.made();
        trial.back_after(emptied_at.elapsed());
        audit_is_clean(&site);
    }
    let book = load.finish();
    assert_eq!(book.unanswered, 0, "tries without any answer; the server is there all the time");
    trial.note(format!("{stalled} tries BUSY, {} TIMEOUT", book.timeout));
    trial.conclude(&site, &site.client(&server, BANK), &book);
}
