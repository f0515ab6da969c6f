//! A database that isn't there yet when a server starts: it waits, says so, and serves as soon as it can. What somebody has
//! to mend ends it at once.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use serde_json::json;

use crate::edge::operations::{admin_of, get};
use crate::processes::alone;
use crate::processes::server::Starting;
use crate::processes::site::{BANK, Site};
use crate::support::postgres::Cluster;
use crate::support::wait::wait_until;

const WITHIN: Duration = Duration::from_secs(30);
/// The service is there so soon after PostgreSQL is.
const THERE_WITHIN: Duration = Duration::from_secs(5);

/// An address that nobody listens on.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address")
}

fn begin(site: &Site, api: SocketAddr) -> (Starting, SocketAddr) {
    let mut serve = site.command(&["serve", "--listen", &api.to_string(), "--admin-listen", "127.0.0.1:0"]);
    serve.env("RUST_LOG", "info");
    let starting = site.begin(serve);
    let admin = admin_of(|| starting.log());
    (starting, admin)
}

fn waits(starting: &Starting, api: SocketAddr, admin: SocketAddr) {
    wait_until("the log to say so", WITHIN, || starting.log().contains("the database isn't there yet"));
    assert_eq!(get(admin, "/livez").status, 200);
    let ready = get(admin, "/readyz");
    assert_eq!((ready.status, ready.json()["database"].as_str()), (503, Some("unreachable")), "{ready:?}");
    assert_eq!(get(admin, "/metrics").status, 503);
    assert!(TcpStream::connect(api).is_err(), "nobody is let in");
}

#[test]
fn a_server_waits_for_postgres_and_serves_once_it_is_there() {
    let Some(cluster) = Cluster::private() else { return };
    let _alone = alone();
    let site = Site::new(&cluster.create_migrated("late"), 1);
    let token = site.token(BANK);
    cluster.stop_hard();
    let api = free_address();
    let (starting, admin) = begin(&site, api);
    waits(&starting, api, admin);
    cluster.start();
    wait_until("readiness", THERE_WITHIN, || get(admin, "/readyz").status == 200);
    let server = starting.listening().expect("it listens");
    assert_eq!(server.address, api);
    let client = crate::processes::site::client_with(server.address, &token);
    assert_eq!(client.send("{ channel { code } }", json!({})).status, 200);
    assert_eq!(get(admin, "/metrics").status, 200);
}

#[test]
fn a_server_that_waits_ends_well_when_it_is_told_to() {
    let _alone = alone();
    let nowhere = format!("postgres://granary:secret-canary@{}/granary", free_address());
    for url in [nowhere.as_str(), "postgres://granary@no-such-host.invalid/granary"] {
        let site = Site::without_accounts(url);
        let api = free_address();
        let (starting, admin) = begin(&site, api);
        waits(&starting, api, admin);
        assert!(!starting.log().contains("secret-canary"), "{}", starting.log());
        assert_eq!(starting.terminate(WITHIN).code(), Some(0), "{url}");
    }
}

#[test]
fn an_address_that_is_taken_ends_a_server_whose_database_is_not_there_yet() {
    let _alone = alone();
    let holder = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let taken = holder.local_addr().expect("its address").to_string();
    let site = Site::without_accounts(&format!("postgres://granary@{}/granary", free_address()));
    for (listen, admin) in [(taken.as_str(), "127.0.0.1:0"), ("127.0.0.1:0", &taken)] {
        let starting = site.begin(site.command(&["serve", "--listen", listen, "--admin-listen", admin]));
        let why = starting.listening().err().expect("the address is another's");
        assert!(why.contains(&format!("{taken} is taken")), "{why}");
        assert!(!why.contains("the database isn't there yet"), "{why}");
    }
}

#[test]
fn a_server_does_not_wait_for_what_somebody_must_mend() {
    let Some(cluster) = Cluster::private() else { return };
    let _alone = alone();
    let migrated = cluster.create_migrated("there");
    for (url, why) in [
        (cluster.url("absent"), "does not exist"),
        (migrated.replacen("granary@", "nobody_of_that_name@", 1), "does not exist"),
        (migrated.replacen("sslmode=disable", "sslmode=require", 1), "SSL"),
    ] {
        let site = Site::without_accounts(&url);
        let output = site.run(&["serve", "--listen", "127.0.0.1:0"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(why), "{url}: {output:?}");
    }
}
