//! The SQLite file, or its write-ahead log, is deleted or replaced under a server. It stops; what it had acknowledged is
//! in the file that was there, and nothing sent afterwards was acknowledged.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use granary::store::base::connection::Database;
use granary::store::base::migrations;
use tempfile::TempDir;

use super::row::{SQLITE, Trial};
use crate::processes::alone;
use crate::processes::load::Load;
use crate::processes::proof::{audit_is_clean, count, judge};
use crate::processes::site::{BANK, Site};
use crate::support::scratch::scratch_folder;
use crate::support::wait::wait_until;

const ACCOUNTS: usize = 50;
const CLIENTS: usize = 4;
/// The server stops long before, load or no load.
const WITHIN: Duration = Duration::from_secs(30);

/// A database in a folder of its own, which a link leads to.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: scratch_folder("granary-replaced-") };
        for folder in ["data", "kept"] {
            fs::create_dir(place.path(folder)).expect("a new folder");
        }
        symlink("data/granary.db", place.path("link.db")).expect("a link");
        let database = Database::from_url(&place.url("data/granary.db")).expect("a URL");
        let mut connection = database.connect_or_create().expect("a SQLite file can be created");
        migrations::run_pending(&mut connection).expect("the migrations run");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn url(&self, name: &str) -> String {
        format!("sqlite://{}", self.path(name).display())
    }

    /// Gives both files another name beside their own, so that they can be found afterwards.
    fn keep(&self) {
        for name in ["granary.db", "granary.db-wal"] {
            let link = self.path("kept").join(name);
            fs::hard_link(self.path("data").join(name), link).expect("the server has both open");
        }
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("a name is free to be changed");
    }
}

/// What is done to the files of a server; `copy.db` is a backup made before.
struct Deed {
    what: &'static str,
    /// How the server is told where its database is.
    name: &'static str,
    act: fn(&Place),
    /// Where all is found that was acknowledged.
    found: &'static str,
    words: &'static str,
}

const DATABASE: &str = "was deleted or replaced while it was in use";
const LOG: &str = "was deleted or replaced while the database was in use";

fn remove(path: &Path) {
    fs::remove_file(path).expect("it was there");
}

fn deeds() -> Vec<Deed> {
    let deed =
        |what, act| Deed { what, name: "data/granary.db", act, found: "kept/granary.db", words: DATABASE };
    vec![
        deed("deleted", |place| remove(&place.path("data/granary.db"))),
        deed("replaced by a backup", |place| place.rename("copy.db", "data/granary.db")),
        deed("renamed", |place| place.rename("data/granary.db", "data/other.db")),
        deed("folder renamed", |place| place.rename("data", "elsewhere")),
        deed("folder replaced", |place| {
            place.rename("data", "elsewhere");
            fs::create_dir(place.path("data")).expect("the name is free");
            place.rename("copy.db", "data/granary.db");
        }),
        Deed {
            name: "link.db",
            ..deed("link led elsewhere", |place| {
                symlink("copy.db", place.path("other-link.db")).expect("a link");
                place.rename("other-link.db", "link.db");
            })
        },
        // Nobody needs the log's other name: what it held is brought into the file at once.
        Deed {
            found: "data/granary.db",
            words: LOG,
            ..deed("write-ahead log deleted", |place| {
                remove(&place.path("kept/granary.db-wal"));
                remove(&place.path("data/granary.db-wal"));
            })
        },
    ]
}

#[test]
fn a_server_whose_file_is_deleted_or_replaced_stops_and_acknowledges_nothing_more() {
    let _alone = alone();
    let mut trial = Trial::begin("F22", "the database file is deleted or replaced", SQLITE);
    for deed in deeds() {
        act_under_load(&mut trial, &deed);
    }
    trial.end();
}

fn act_under_load(trial: &mut Trial, deed: &Deed) {
    let place = Place::new();
    let site = Site::new(&place.url(deed.name), ACCOUNTS);
    site.succeed(&["backup", place.path("copy.db").to_str().expect("UTF-8")]);
    let mut server = site.serve();
    let load = Load::start(&site, "replaced", server.address, CLIENTS);
    load.wait_for_more("payments", 50, WITHIN);
    place.keep();
    (deed.act)(&place);
    let acted_at = Instant::now();
    let status = server.wait(WITHIN);
    let log = server.log();
    assert_eq!(status.code(), Some(1), "{}: {log}", deed.what);
    assert!(log.contains(deed.words) && log.contains("The process stops at once"), "{}: {log}", deed.what);
    let late = load.book().acknowledged.iter().filter(|payment| payment.sent_at > acted_at).count();
    assert_eq!(late, 0, "{}: acknowledged though it was sent afterwards", deed.what);
    let mut original = Site::without_accounts(&place.url(deed.found));
    original.accounts.clone_from(&site.accounts);
    let server = original.serve();
    load.turn_to(server.address);
    load.wait_for_more("the service's return", 1, WITHIN);
    let book = load.finish();
    audit_is_clean(&original);
    trial.heard(&book);
    let judgement = judge(&original, &original.client(&server, BANK), &[&book]);
    assert_eq!(judgement.lost.len(), 0, "{}: {log}", deed.what);
    trial.judged(&judgement);
    trial.made();
}

#[test]
fn a_server_without_work_notices_that_a_file_is_gone() {
    let _alone = alone();
    for (name, words) in
        [("data/granary.db", DATABASE), ("data/granary.db-wal", LOG), ("data/granary.db-shm", LOG)]
    {
        let place = Place::new();
        let site = Site::new(&place.url("data/granary.db"), 1);
        let mut server = site.serve();
        wait_until("its files", WITHIN, || place.path(name).exists());
        remove(&place.path(name));
        assert_eq!(server.wait(WITHIN).code(), Some(1), "{}", server.log());
        assert!(server.log().contains(words), "{}", server.log());
    }
}

#[test]
fn an_import_into_a_file_that_is_gone_fails() {
    let place = Place::new();
    let site = Site::new(&place.url("data/granary.db"), 0);
    let head = "account_number,name,customer_class,address,phone,area,status\n";
    let line = |number: usize| format!("{number:010},N,OTHER,A,1,R,ACTIVE\n");
    fs::write(
        site.folder().join("a.csv"),
        (0..200_000).map(line).fold(head.to_owned(), |text, line| text + &line),
    )
    .expect("a file");
    let mut import = site.command(&["import", "accounts", "a.csv"]);
    let child = import.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program starts");
    wait_until("its first accounts", WITHIN, || {
        count(&mut site.reader(), "SELECT count(*) AS found FROM accounts") > 0
    });
    remove(&place.path("data/granary.db"));
    let output = child.wait_with_output().expect("it ends");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains(DATABASE), "{words}");
}
