//! Where measuring happens: a folder and a PostgreSQL cluster of its own on a disk, the district on
//! both back ends, and granary's program.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query, sql_types};
use granary::store::base::connection::{Database, Purpose};
use granary::store::base::migrations;

use crate::district::{District, Open};
use crate::postgres::Cluster;
use crate::process::output_of;
use crate::server::Server;
use crate::target::Target;
use crate::{meter, say};

/// What is recorded of PostgreSQL.
const POSTGRES_SHOWN: [&str; 7] = [
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "shared_buffers",
    "max_wal_size",
];
const SECRET: &str = "a secret of the bench, thirty-two bytes and more";
/// Database of the lean schema.
const LEAN: &str = "lean";
/// As production would set them for a database of this size; the same for all sides.
const POSTGRES_SETTINGS: [&str; 3] =
    ["shared_buffers = '1GB'", "max_wal_size = '4GB'", "max_connections = 400"];

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = sql_types::Text)]
    value: String,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Whether this is a smoke run.
    pub is_quick: bool,
    /// Accounts of the district.
    pub accounts: u64,
    /// Months of paid history.
    pub history_months: u32,
    /// Interleaved rounds.
    pub rounds: u32,
    /// Length of one run.
    pub run_s: u32,
    /// Length of the run before, which isn't counted.
    pub warm_up_s: u32,
}

/// Months of history at which loading stops to be copied.
const HISTORIES: [u32; 4] = [0, 6, 12, 24];

/// The two back ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackEnd {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

/// The place.
pub struct Lab {
    /// How much is measured.
    pub scale: Scale,
    /// For whatever a section writes; removed at the end.
    pub folder: tempfile::TempDir,
    cluster: Cluster,
    granary: PathBuf,
    made: HashSet<String>,
    /// Whether districts with a shorter history will be asked for.
    keeps_histories: bool,
}

impl Scale {
    /// The district in full.
    pub const FULL: Self =
        Self { is_quick: false, accounts: 180_000, history_months: 24, rounds: 5, run_s: 5, warm_up_s: 2 };
    /// A smoke run.
    pub const QUICK: Self =
        Self { is_quick: true, accounts: 20_000, history_months: 0, rounds: 2, run_s: 1, warm_up_s: 1 };

    /// The same in words.
    pub fn words(&self) -> String {
        let Self { accounts, history_months, rounds, run_s, .. } = self;
        format!("{accounts} accounts with {history_months} months of history, {rounds} rounds of {run_s} s")
    }
}

impl Lab {
    /// Starts the cluster.
    pub fn open(scale: Scale, keeps_histories: bool) -> anyhow::Result<Self> {
        let cluster =
            Cluster::on_disk().context("PostgreSQL's server programs (initdb, pg_ctl) are needed")?;
        let mut admin = PgConnection::establish(&cluster.url("postgres"))?;
        for setting in POSTGRES_SETTINGS {
            admin.batch_execute(&format!("ALTER SYSTEM SET {setting}"))?;
        }
        drop(admin);
        cluster.stop_hard();
        cluster.start();
        let granary = std::env::var_os("GRANARY_BIN").context("GRANARY_BIN names granary's program")?;
        let folder = tempfile::Builder::new().prefix("granary-bench-").tempdir()?;
        Ok(Self { scale, folder, cluster, granary: granary.into(), made: HashSet::new(), keeps_histories })
    }

    /// The cluster's process and one of its databases, to be measured.
    pub fn postgres_meter(&self) -> meter::Database {
        meter::Database::Postgres {
            url: self.cluster.url("postgres"),
            postmaster: self.cluster.postmaster_id(),
        }
    }

    /// One of PostgreSQL's client programs; distributions keep some of them elsewhere.
    pub fn client_program(&self, name: &str) -> PathBuf {
        let program = self.cluster.client_program(name);
        if program.exists() { program } else { name.into() }
    }

    /// The URL of the district with what is owed, made when it is first asked for. All sides work on
    /// the same database, so that all meet tables of the same size and the same bloat.
    pub fn district(&mut self, back_end: BackEnd, open: Open) -> anyhow::Result<String> {
        let name = open_name(open);
        let url = self.url(back_end, name);
        if self.made.insert(format!("{back_end:?} {name}")) {
            let months = self.scale.history_months;
            let paid = self.history(back_end, months)?;
            self.duplicate(back_end, &paid, name)?;
            District::new(self.scale.accounts)?.write_open(&mut Target::open(&url)?, open, months)?;
            self.flush(back_end, name)?;
        }
        Ok(url)
    }

    /// The lean schema with as many accounts as the district, each with one open bill.
    pub fn lean(&mut self) -> anyhow::Result<String> {
        let url = self.url(BackEnd::Postgres, LEAN);
        if self.made.insert(LEAN.to_owned()) {
            self.administer(&format!("CREATE DATABASE {LEAN}"))?;
            let sql = std::fs::read_to_string(sources().join("rivals/lean.sql"))?;
            let sql = sql
                .replace("generate_series(1,180000)", &format!("generate_series(1,{})", self.scale.accounts));
            PgConnection::establish(&url)?.batch_execute(&format!("{sql}; ANALYZE"))?;
        }
        Ok(url)
    }

    /// A district of any size, made anew under a name of its own.
    pub fn sized(
        &mut self,
        back_end: BackEnd,
        name: &str,
        accounts: u64,
        months: u32,
    ) -> anyhow::Result<String> {
        let district = District::new(accounts)?;
        if accounts == self.scale.accounts {
            let paid = self.history(back_end, months)?;
            self.duplicate(back_end, &paid, name)?;
        } else {
            self.create(back_end, name)?;
            let mut target = Target::open(&self.url(back_end, name))?;
            district.write_accounts(&mut target)?;
            district.write_history(&mut target, 0, months)?;
        }
        let url = self.url(back_end, name);
        district.write_open(&mut Target::open(&url)?, Open::OneLarge, months)?;
        self.flush(back_end, name)?;
        Ok(url)
    }

    /// The settings on which durability and speed hang.
    pub fn settings(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut connection = PgConnection::establish(&self.cluster.url("postgres"))?;
        let mut settings = BTreeMap::new();
        for name in POSTGRES_SHOWN {
            let query = format!("SELECT current_setting('{name}') AS value");
            let Setting { value } = sql_query(query).get_result(&mut connection)?;
            settings.insert(format!("PostgreSQL {name}"), value);
        }
        let path = self.create(BackEnd::Sqlite, "settings")?;
        let connection = &mut Database::from_url(&path)?.connect(Purpose::Write)?;
        let granary::store::base::connection::Connection::Sqlite(connection) = connection else {
            bail!("a SQLite URL opens SQLite")
        };
        let Setting { value } =
            sql_query("SELECT journal_mode AS value FROM pragma_journal_mode").get_result(connection)?;
        settings.insert("SQLite journal_mode".to_owned(), value);
        let query = "SELECT CAST(synchronous AS TEXT) AS value FROM pragma_synchronous";
        let Setting { value } = sql_query(query).get_result(connection)?;
        let word = if value == "2" { "FULL".to_owned() } else { value };
        settings.insert("SQLite synchronous".to_owned(), word);
        Ok(settings)
    }

    /// The district with so many months of paid history and nothing owed; its name. Each is made from
    /// the next shorter one, which stays only where it will be asked for.
    fn history(&mut self, back_end: BackEnd, months: u32) -> anyhow::Result<String> {
        let name = format!("history_{months}");
        if !self.made.insert(format!("{back_end:?} {name}")) {
            return Ok(name);
        }
        let shorter = HISTORIES.iter().rev().find(|shorter| **shorter < months);
        match shorter {
            Some(shorter) => {
                let shorter = self.history(back_end, *shorter)?;
                self.duplicate(back_end, &shorter, &name)?;
                if !self.keeps_histories {
                    self.made.remove(&format!("{back_end:?} {shorter}"));
                    self.remove(back_end, &shorter)?;
                }
            }
            None => {
                self.create(back_end, &name)?;
            }
        }
        let started = Instant::now();
        let district = District::new(self.scale.accounts)?;
        let mut target = Target::open(&self.url(back_end, &name))?;
        match shorter {
            Some(shorter) => district.write_history(&mut target, *shorter, months)?,
            None => district.write_accounts(&mut target)?,
        }
        let elapsed_s = started.elapsed().as_secs_f64();
        say(&format!("  {back_end:?}: {} accounts, {months} months, {elapsed_s:.0} s", self.scale.accounts));
        Ok(name)
    }

    /// Creates an empty, migrated database and returns its URL.
    pub fn create(&self, back_end: BackEnd, name: &str) -> anyhow::Result<String> {
        if back_end == BackEnd::Postgres {
            self.administer(&format!("CREATE DATABASE {name}"))?;
        }
        let url = self.url(back_end, name);
        let mut connection = Database::from_url(&url)?.connect_or_create()?;
        migrations::run_pending(&mut connection)?;
        Ok(url)
    }

    /// Makes a database like another.
    pub fn duplicate(&self, back_end: BackEnd, from: &str, to: &str) -> anyhow::Result<()> {
        match back_end {
            BackEnd::Postgres => {
                self.administer(&format!("CREATE DATABASE {to} TEMPLATE {from} STRATEGY FILE_COPY"))
            }
            BackEnd::Sqlite => {
                std::fs::copy(self.sqlite_path(from), self.sqlite_path(to))?;
                Ok(())
            }
        }
    }

    /// Writes out what was loaded and what was measured before, so that the first sync that is measured has only
    /// its own to write: one back end's log is brought in long after its payments, by then in the other's time.
    fn flush(&self, back_end: BackEnd, name: &str) -> anyhow::Result<()> {
        self.administer("CHECKPOINT")?;
        if back_end == BackEnd::Sqlite {
            std::fs::File::open(self.sqlite_path(name))?.sync_all()?;
        }
        Ok(())
    }

    /// Removes a database.
    pub fn remove(&self, back_end: BackEnd, name: &str) -> anyhow::Result<()> {
        match back_end {
            BackEnd::Postgres => self.administer(&format!("DROP DATABASE {name} WITH (FORCE)")),
            BackEnd::Sqlite => {
                let path = self.sqlite_path(name);
                for end in ["-wal", "-shm"] {
                    let _there_may_be_none = std::fs::remove_file(format!("{}{end}", path.display()));
                }
                Ok(std::fs::remove_file(path)?)
            }
        }
    }

    /// The URL of a database by its name.
    pub fn url(&self, back_end: BackEnd, name: &str) -> String {
        match back_end {
            BackEnd::Postgres => self.cluster.url(name),
            BackEnd::Sqlite => format!("sqlite://{}", self.sqlite_path(name).display()),
        }
    }

    fn sqlite_path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.db"))
    }

    fn administer(&self, statement: &str) -> anyhow::Result<()> {
        let mut connection = PgConnection::establish(&self.cluster.url("postgres"))?;
        connection.batch_execute(statement).with_context(|| statement.to_owned())
    }

    /// granary's program, about to work on a database.
    pub fn granary(&self, url: &str) -> Command {
        let mut command = Command::new(&self.granary);
        command.env("DATABASE_URL", url).env("GRANARY_JWT_SECRET", SECRET).current_dir(self.folder.path());
        command
    }

    /// Starts granary on a database.
    pub fn serve(&self, name: &str, url: &str) -> anyhow::Result<Server> {
        Server::start(&self.log(name), |port| {
            let mut command = self.granary(url);
            command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]).env("RUST_LOG", "warn");
            command
        })
    }

    /// Where a server writes what it has to say.
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.log"))
    }

    /// A token for a channel.
    pub fn token(&self, url: &str, channel: &str) -> anyhow::Result<String> {
        let arguments = ["token", "--channel", channel, "--ttl", "1d"];
        Ok(output_of(self.granary(url).args(arguments))?.trim().to_owned())
    }

    /// `granary audit` of these databases at once; returns those where an invariant is broken, having
    /// shown the findings.
    pub fn audit(&self, urls: &BTreeSet<String>) -> anyhow::Result<HashSet<String>> {
        let started = Instant::now();
        let mut audits = Vec::new();
        for url in urls {
            let mut command = self.granary(url);
            command.args(["audit"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            audits.push((url, command.spawn()?));
        }
        let mut broken = HashSet::new();
        for (url, audit) in audits {
            let Output { status, stdout, stderr } = audit.wait_with_output()?;
            match status.code() {
                Some(0) => say(&format!("  audit clean after {:.0} s", started.elapsed().as_secs_f64())),
                Some(1) if stderr.is_empty() => {
                    eprintln!("{}", String::from_utf8_lossy(&stdout));
                    broken.insert(url.clone());
                }
                _ => bail!("the audit could not run: {}", String::from_utf8_lossy(&stderr)),
            }
        }
        Ok(broken)
    }
}

fn open_name(open: Open) -> &'static str {
    match open {
        Open::OneLarge => "large",
        Open::Twelve => "twelve",
    }
}

/// The folder of the bench's own sources.
pub fn sources() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
