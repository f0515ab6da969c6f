//! What the program creates is its user's alone, however permissive the mask it is started with.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::processes::site::{BANK, Site};
use crate::support::backends::TestDatabase;

/// The program, started with a mask that takes nothing away.
fn permissive(site: &Site, arguments: &[&str]) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 000; exec \"$0\" \"$@\""]);
    site.under(shell, &site.command(arguments))
}

/// The rights to each file of a folder, by name.
fn rights(folder: &Path) -> BTreeMap<String, u32> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            let mode = entry.metadata().expect("it is there").permissions().mode();
            (entry.file_name().to_string_lossy().into_owned(), mode & 0o777)
        })
        .collect()
}

#[test]
fn files_are_private_whatever_the_mask() {
    let empty = TestDatabase::sqlite_empty();
    let site = Site::without_accounts(&empty.url);
    let succeed = |arguments: &[&str]| {
        let output = permissive(&site, arguments).output().expect("sh runs");
        assert!(matches!(output.status.code(), Some(0 | 3)), "{arguments:?}: {output:?}");
    };
    succeed(&["migrate"]);
    succeed(&["channel", "add", BANK, "--kind", "bank", "--mode", "asking"]);
    std::fs::write(
        site.folder().join("bad.csv"),
        "account_number,name,customer_class,address,phone,area,status\nx\n",
    )
    .expect("a file");
    succeed(&["import", "accounts", "bad.csv"]);
    succeed(&["backup", "copy.db"]);
    let server = site.start(permissive(&site, &["serve", "--listen", "127.0.0.1:0"]));
    // A reader's connection keeps what lies beside the database there.
    let look_up = r#"{ account(number: "1") { number } }"#;
    assert_eq!(site.client(&server, BANK).send(look_up, serde_json::json!({})).status, 200);
    let database = Path::new(empty.url.trim_start_matches("sqlite://"));
    let beside_the_database = rights(database.parent().expect("a folder"));
    let expected = ["granary.db", "granary.db-shm", "granary.db-wal", "granary.db.serve-lock"];
    assert_eq!(beside_the_database, expected.map(|name| (name.to_owned(), 0o600)).into());
    let made_there: BTreeMap<String, u32> = rights(site.folder())
        .into_iter()
        .filter(|(name, _)| name != "bad.csv" && !name.ends_with(".log"))
        .collect();
    let expected = ["bad.csv.rejects.csv", "copy.db"];
    assert_eq!(made_there, expected.map(|name| (name.to_owned(), 0o600)).into());
}
