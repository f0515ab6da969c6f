//! A database that takes no writes: a standby, one that an operator has made read-only, a file on such a disk. The
//! server lives and answers look-ups, but is not ready, and says why; once writes are let in again it is, by itself.

use std::process::Command;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection as _, PgConnection};
use granary::store::base::read_only::is_file_read_only;
use serde_json::{Value, json};

use super::small_disk::SmallDisk;
use crate::processes::alone;
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site};
use crate::support::backends::TestDatabase;
use crate::support::postgres::Cluster;
use crate::support::wait::wait_until;

const WITHIN: Duration = Duration::from_secs(20);

/// A server, and where its operator asks whether it is ready.
fn serve(site: &Site) -> (Server, String) {
    let port =
        std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port").local_addr().expect("its number");
    let mut command = site.serve_command();
    command.args(["--admin-listen", &port.to_string()]);
    (site.start(command), format!("http://{port}/readyz"))
}

fn readiness(url: &str) -> (u16, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut reply = agent.get(url).call().expect("an answer");
    let body = reply.body_mut().read_to_string().expect("text");
    (reply.status().as_u16(), serde_json::from_str(&body).expect("JSON"))
}

fn assert_read_only(url: &str) {
    let (status, body) = readiness(url);
    assert_eq!(
        (status, &body["ready"], &body["database"]),
        (503, &json!(false), &json!("read-only")),
        "{body}"
    );
}

/// Sets for the sessions to come whether they may write.
fn set_read_only(database: &TestDatabase, value: &str) {
    let mut connection = PgConnection::establish(&database.url).expect("the test's database answers");
    connection.batch_execute("SET default_transaction_read_only = off").expect("for this session");
    let statement = format!(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {value}', \
         current_database()); END $$"
    );
    connection.batch_execute(&statement).expect("a setting of the database");
}

#[test]
fn a_server_on_a_database_made_read_only_is_not_ready_until_it_takes_writes_again() {
    let Some(database) = TestDatabase::postgres() else { return };
    let _alone = alone();
    let site = Site::new(&database.url, 1);
    let (mut server, ready) = serve(&site);
    assert_eq!(readiness(&ready).0, 200);
    set_read_only(&database, "on");
    assert_read_only(&ready);
    server.kill();
    let (server, ready) = serve(&site);
    assert_read_only(&ready);
    let client = site.client(&server, BANK);
    let input = json!({ "idempotencyKey": "K1", "accountNumber": site.accounts[0], "amount": "1.00" });
    let reply = client.try_post(&input).expect("an answer");
    assert_eq!(reply.body["errors"][0]["extensions"]["code"], "BUSY", "{reply:?}");
    set_read_only(&database, "off");
    assert_eq!(readiness(&ready).0, 200);
    wait_until("a payment that is taken", WITHIN, || {
        let reply = client.try_post(&input).expect("an answer");
        reply.body["data"]["paymentPost"]["payment"].is_object()
    });
}

#[test]
fn a_server_on_a_standby_is_not_ready() {
    let Some(cluster) = Cluster::private() else { return };
    let _alone = alone();
    let url = cluster.create_migrated("standby");
    drop(Site::new(&url, 1));
    let standby = cluster.base_backup();
    standby.stand_by();
    standby.start();
    let site = Site::without_accounts(&standby.url("standby"));
    let (_server, ready) = serve(&site);
    assert_read_only(&ready);
}

#[test]
fn a_file_on_a_disk_that_takes_no_writes_is_read_only() {
    let Some(disk) = SmallDisk::mount(2) else { return };
    let file = disk.folder().join("granary.db");
    std::fs::write(&file, "").expect("there is room");
    assert!(!is_file_read_only(&file));
    let status =
        Command::new("mount").args(["-o", "remount,ro"]).arg(disk.folder()).status().expect("mount runs");
    assert!(status.success());
    assert!(is_file_read_only(&file));
}
