//! The real program, run as an operator runs it, against SQLite files in temporary folders.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod channel;
mod config;
mod demo;
mod encoding;
mod exports;
mod import;
mod privacy;
mod programs;
mod secrets;
mod token;

/// A folder with a database of its own, in which the program runs.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    /// An empty folder.
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A folder with a migrated database.
    fn migrated() -> Self {
        let desk = Self::new();
        desk.run(&["migrate"]).succeeds();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("the folder can be written to");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a text file")
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[])
    }

    /// Runs the program with these variables and no others of its own.
    fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let output = self.command(arguments).envs(variables.iter().copied()).output();
        Run::of(output.expect("the program starts"))
    }

    /// The program with these arguments and no variables of its own, to be run here.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_granary"));
        for name in ["DATABASE_URL", "GRANARY_LISTEN", "GRANARY_JWT_SECRET"] {
            command.env_remove(name).env_remove(format!("{name}_FILE"));
        }
        command.env_remove("RUST_LOG").current_dir(self.folder.path()).args(arguments);
        command
    }

    /// The first column of every row that a query finds.
    fn query(&self, sql: &str) -> Vec<String> {
        query(&self.path("granary.db"), sql)
    }
}

/// What a run of the program left.
#[derive(Debug)]
struct Run {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Self { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    fn succeeds(self) -> String {
        assert_eq!(self.status, Some(0), "{self:?}");
        self.out
    }

    /// Ends with this status and says these words to standard error.
    #[track_caller]
    fn fails(self, status: i32, words: &str) {
        assert_eq!(self.status, Some(status), "{self:?}");
        assert!(self.err.contains(words), "{words:?} is not in {self:?}");
    }
}

fn query(database: &Path, sql: &str) -> Vec<String> {
    use diesel::sql_types::Text;
    use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        value: String,
    }
    let mut connection = SqliteConnection::establish(database.to_str().expect("UTF-8")).expect("a database");
    let rows: Vec<Row> =
        diesel::sql_query(format!("SELECT value FROM ({sql})")).load(&mut connection).expect("rows");
    rows.into_iter().map(|row| row.value).collect()
}

#[test]
fn migrate_creates_the_database_and_check_tells_whether_it_is_needed() {
    let desk = Desk::new();
    desk.run(&["migrate", "--check"])
        .fails(1, "there is no database granary.db; `granary migrate` creates it");
    assert!(!desk.path("granary.db").exists());
    assert!(desk.run(&["migrate"]).succeeds().starts_with("applied: "));
    assert_eq!(desk.run(&["migrate", "--check"]).succeeds(), "the database is up to date\n");
    assert_eq!(desk.run(&["migrate"]).succeeds(), "the database is up to date\n");
    desk.write("empty.db", "");
    let run = desk.run(&["migrate", "--check", "--database-url", "sqlite://empty.db"]);
    assert_eq!(run.status, Some(1));
    assert!(run.out.starts_with("pending: "));
}

#[test]
fn commands_refuse_a_database_that_is_not_migrated() {
    let desk = Desk::new();
    desk.write("granary.db", "");
    for arguments in [&["channel", "list"][..], &["channel", "suspend", "X"], &["audit"]] {
        desk.run(arguments).fails(1, "run `granary migrate`");
    }
    let secret = [("GRANARY_JWT_SECRET", "0123456789abcdef0123456789abcdef")];
    desk.run_with(&["serve", "--listen", "127.0.0.1:0"], &secret).fails(1, "run `granary migrate`");
}

#[test]
fn a_second_server_on_one_file_is_refused_whichever_way_it_is_named() {
    let desk = Desk::migrated();
    let lock = std::fs::File::create(desk.path("granary.db.serve-lock")).expect("a file");
    lock.lock().expect("the lock is free");
    std::os::unix::fs::symlink("granary.db", desk.path("other.db")).expect("a link");
    let variables =
        [("GRANARY_JWT_SECRET", "0123456789abcdef0123456789abcdef"), ("GRANARY_LISTEN", "127.0.0.1:0")];
    desk.run_with(&["serve"], &variables).fails(1, "another granary serves granary.db already");
    desk.run_with(&["serve", "--database-url", "sqlite://other.db"], &variables).fails(1, "another granary");
    desk.run_with(&["demo"], &variables).fails(1, "another granary serves granary.db already");
    // The command line's own writers need no lock.
    desk.run(&["channel", "add", "X", "--kind", "bank", "--mode", "asking"]).succeeds();
}

#[test]
fn wrong_usage_is_status_2_and_help_names_every_command() {
    let desk = Desk::new();
    desk.run(&["nonsense"]).fails(2, "unrecognized subcommand");
    desk.run(&["migrate", "--nonsense"]).fails(2, "unexpected argument");
    desk.run(&["import", "bills"]).fails(2, "<FILE>...");
    let help = desk.run(&["--help"]).succeeds();
    for word in ["serve", "demo", "migrate", "import", "channel", "token", "schema", "audit", "DATABASE_URL"]
    {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn schema_and_audit_print_to_standard_output() {
    let desk = Desk::migrated();
    assert!(desk.run(&["schema"]).succeeds().contains("type Query"));
    assert!(desk.run(&["audit"]).succeeds().starts_with("I1 "));
    let findings: serde_json::Value =
        serde_json::from_str(&desk.run(&["audit", "--json"]).succeeds()).expect("JSON");
    assert_eq!(findings[0]["invariant"], "I1");
}
