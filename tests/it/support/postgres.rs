//! A PostgreSQL of our own: found on the machine, run on a free loopback port from a temporary
//! folder, and stopped and removed when the process that started it is gone, however it ends.
//! It never touches a server that was there before.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl};
use granary::store::base::connection::Database;
use granary::store::base::migrations;

use super::scratch::scratch_folder;
use super::wait::wait_until;

/// A URL of a server to be used in place of a cluster of our own.
pub const URL_VARIABLE: &str = "GRANARY_TEST_POSTGRES_URL";
/// `1` where a missing PostgreSQL is a failure.
const REQUIRE_VARIABLE: &str = "GRANARY_TEST_REQUIRE_POSTGRES";
/// Folders with a folder per version in which distributions keep programs outside PATH.
const VERSION_FOLDERS: [&str; 3] = ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt"];
/// Folders that hold the programs themselves.
const PROGRAM_FOLDERS: [&str; 4] =
    ["/usr/libexec/postgresql", "/usr/lib/postgresql/bin", "/usr/pgsql/bin", "/usr/local/pgsql/bin"];
/// Another process may take the port between our look and the server's start.
const START_ATTEMPTS_MAX: u32 = 3;
/// It recovers so soon after a crash.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Waits for its standard input to end, which is when the tests' process is gone or lets go, then
/// runs the command in its arguments after the first and removes the folder that is the first.
const WATCHDOG: &str = r#"read -r _; folder=$1; shift; "$@"; rm -rf -- "$folder""#;

/// A running (or stopped) cluster of our own.
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    watchdog: Child,
}

impl Cluster {
    /// A new private cluster for a test that stops it; `None`, said aloud, where there is no
    /// PostgreSQL on this machine.
    pub fn private() -> Option<Self> {
        Self::in_new_folder(|| scratch_folder("granary-pg-").keep())
    }

    /// As [`Cluster::private`], in this folder, which is removed with it.
    pub fn in_folder(folder: PathBuf) -> Option<Self> {
        Self::in_new_folder(|| folder)
    }

    /// As [`Cluster::private`], in the ordinary temporary folder: for measuring with real syncs.
    pub fn on_disk() -> Option<Self> {
        Self::in_new_folder(|| {
            tempfile::Builder::new().prefix("granary-pg-").tempdir().expect("a folder").keep()
        })
    }

    fn in_new_folder(folder: impl FnOnce() -> PathBuf) -> Option<Self> {
        match find_programs() {
            Some(programs) => Some(Self::create(programs, folder())),
            None => {
                say_skipped("no initdb was found for a cluster of the test's own");
                None
            }
        }
    }

    /// As [`Cluster::private`], with an archive of its log.
    pub fn archiving() -> Option<Self> {
        let cluster = Self::private()?;
        let archive = cluster.archive_folder();
        fs::create_dir(&archive).expect("a new folder");
        give_to_other_user(&archive);
        // Under its name it is whole: who restores may look for it at any instant.
        let to = archive.display();
        cluster.set(&format!(
            "archive_mode = on\narchive_command = 'cp %p {to}/%f.part && mv {to}/%f.part {to}/%f'\n"
        ));
        cluster.run(&mut cluster.control(&["restart", "-w", "-m", "fast"]));
        Some(cluster)
    }

    /// Where its log is archived, if it is.
    pub fn archive_folder(&self) -> PathBuf {
        self.folder.join("archive")
    }

    /// Copies it while it runs. The copy has a port of its own and isn't started.
    pub fn base_backup(&self) -> Self {
        let folder = scratch_folder("granary-pg-").keep();
        give_to_other_user(&folder);
        let watchdog = watch(&folder, &self.programs);
        let mut copy = Self { folder, programs: self.programs.clone(), port: 0, watchdog };
        let mut program = self.program("pg_basebackup");
        program.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "granary", "--no-sync"]);
        program.args(["--checkpoint=fast", "--wal-method=stream", "-D"]).arg(data_folder(&copy.folder));
        self.run(&mut program);
        copy.configure(free_port());
        copy
    }

    /// Gives this instant a name to which a copy can be brought, once the log up to it is archived.
    pub fn name_instant(&self, name: &str) {
        let url = self.url("postgres");
        let file = ask(&url, &format!("SELECT pg_walfile_name(pg_create_restore_point('{name}')) AS told"));
        execute(&url, "SELECT pg_switch_wal()");
        let archived = self.archive_folder().join(file);
        wait_until("the log to be archived", READY_WITHIN, || archived.exists());
    }

    /// Has a copy that isn't started recover to a named instant from an archive of the log.
    pub fn recover_to(&self, name: &str, archive: &Path) {
        self.set(&format!(
            "archive_mode = off\nrestore_command = 'cp {}/%f %p'\nrecovery_target_name = '{name}'\n\
             recovery_target_action = promote\n",
            archive.display()
        ));
        fs::write(data_folder(&self.folder).join("recovery.signal"), "").expect("a file in the copy");
    }

    /// Waits until a started copy is at its instant: it answers before, from what it has recovered so far.
    pub fn wait_until_recovered(&self) {
        let url = self.url("postgres");
        let is_recovered = || ask(&url, "SELECT pg_is_in_recovery()::text AS told") == "false";
        wait_until("the end of the recovery", READY_WITHIN, is_recovered);
    }

    /// Has a copy that isn't started be a standby, which follows nobody.
    pub fn stand_by(&self) {
        fs::write(data_folder(&self.folder).join("standby.signal"), "").expect("a file in the copy");
    }

    /// The process that all its others are children of.
    pub fn postmaster_id(&self) -> u32 {
        let path = data_folder(&self.folder).join("postmaster.pid");
        let text = fs::read_to_string(path).expect("the cluster runs");
        text.lines().next().and_then(|line| line.parse().ok()).expect("a process id")
    }

    /// One of PostgreSQL's programs, for its clients.
    pub fn client_program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://granary@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Its loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Creates an empty, migrated database in it and returns its URL.
    pub fn create_migrated(&self, database: &str) -> String {
        execute(&self.url("postgres"), &format!("CREATE DATABASE {database}"));
        migrate(&self.url(database));
        self.url(database)
    }

    /// Stops it as a crash would: sessions are cut, nothing is flushed.
    pub fn stop_hard(&self) {
        self.run(&mut self.control(&["stop", "-w", "-m", "immediate"]));
    }

    /// Starts it again on the same port, and waits until it answers.
    pub fn start(&self) {
        self.run(&mut self.start_command());
    }

    /// Kills one of its processes, and waits until it has ended all sessions and recovered by itself.
    pub fn kill_process(&self, id: i64) {
        let ready = "ready to accept connections";
        let before = self.log().matches(ready).count();
        let status = Command::new("kill").args(["-9", &id.to_string()]).status().expect("kill runs");
        assert!(status.success(), "kill -9 {id}");
        let started = Instant::now();
        while self.log().matches(ready).count() == before {
            assert!(started.elapsed() < READY_WITHIN, "PostgreSQL doesn't recover: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts it if it has ended.
    pub fn start_unless_running(&self) {
        if !self.control(&["status"]).status().expect("pg_ctl runs").success() {
            self.start();
        }
    }

    /// A new one in this folder, run by these programs.
    pub fn create(programs: PathBuf, folder: PathBuf) -> Self {
        give_to_other_user(&folder);
        let watchdog = watch(&folder, &programs);
        let mut cluster = Self { folder, programs, port: 0, watchdog };
        let mut initdb = cluster.program("initdb");
        initdb.args(["--username=granary", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]);
        initdb.arg("-D").arg(data_folder(&cluster.folder));
        cluster.run(&mut initdb);
        for attempt in 1.. {
            cluster.configure(free_port());
            let started = cluster.start_command().status().expect("pg_ctl runs").success();
            if started {
                break;
            }
            assert!(attempt < START_ATTEMPTS_MAX, "PostgreSQL doesn't start: {}", cluster.log());
        }
        cluster
    }

    fn configure(&mut self, port: u16) {
        self.port = port;
        fs::write(self.settings_file(), "").expect("the cluster's settings can be written");
        self.set(&format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\n\
             max_connections = 200\n",
            self.folder.display()
        ));
    }

    /// Adds settings, which hold from the next start on.
    fn set(&self, settings: &str) {
        let mut file = fs::File::options().append(true).open(self.settings_file()).expect("its settings");
        file.write_all(settings.as_bytes()).expect("the cluster's settings can be written");
    }

    fn settings_file(&self) -> PathBuf {
        data_folder(&self.folder).join("postgresql.auto.conf")
    }

    fn start_command(&self) -> Command {
        let mut command = self.control(&["start", "-w", "-t", "60"]);
        command.arg("-l").arg(self.log_file());
        command
    }

    fn control(&self, arguments: &[&str]) -> Command {
        let mut command = self.program("pg_ctl");
        command.arg("-D").arg(data_folder(&self.folder)).args(arguments);
        command
    }

    fn program(&self, name: &str) -> Command {
        let argv = as_other_user(&self.programs.join(name));
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn run(&self, command: &mut Command) {
        let status = command.status().expect("PostgreSQL's programs run");
        assert!(status.success(), "{command:?} failed: {}", self.log());
    }

    /// What it logs.
    pub fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _it_is_gone_in_any_case = self.watchdog.wait();
    }
}

/// What a query of the administrator's says in one text, called `told`.
fn ask(url: &str, query: &str) -> String {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        told: String,
    }
    let mut connection = PgConnection::establish(url).expect("the tests' PostgreSQL answers");
    diesel::sql_query(query).get_result::<Row>(&mut connection).expect("an administrator's query").told
}

/// Executes a statement as the administrator.
pub fn execute(url: &str, statement: &str) {
    let mut connection = PgConnection::establish(url).expect("the tests' PostgreSQL answers");
    connection.batch_execute(statement).expect("an administrator's statement");
}

/// Brings a database to the version of this program.
pub fn migrate(url: &str) {
    let database = Database::from_url(url).expect("a PostgreSQL URL");
    let mut connection = database.connect_or_create().expect("the new database answers");
    migrations::run_pending(&mut connection).expect("the migrations run");
}

/// Says that tests are skipped; fails where PostgreSQL is required. Written past the test harness, which keeps a passing test's
/// words to itself.
pub fn say_skipped(why: &str) {
    let is_required = std::env::var(REQUIRE_VARIABLE).is_ok_and(|value| value == "1");
    assert!(!is_required, "{REQUIRE_VARIABLE}=1, but {why}");
    let line = format!("The PostgreSQL half of the tests is SKIPPED: {why}; set {URL_VARIABLE} to a server.");
    let _nobody_reads_it_then = writeln!(std::io::stderr(), "{line}");
}

/// The folder of its newest programs on this machine.
pub fn find_programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = Vec::new();
    for parent in VERSION_FOLDERS {
        let Ok(versions) = fs::read_dir(parent) else { continue };
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders.sort_by_key(|folder| std::cmp::Reverse(version_of(folder)));
    folders.extend(PROGRAM_FOLDERS.map(PathBuf::from));
    let candidates = std::env::split_paths(&on_path).chain(folders);
    candidates.filter_map(|folder| fs::canonicalize(folder.join("initdb")).ok()).find_map(|initdb| {
        let folder = initdb.parent()?.to_owned();
        folder.join("pg_ctl").exists().then_some(folder)
    })
}

fn version_of(folder: &Path) -> u32 {
    let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    version.and_then(|version| version.parse().ok()).unwrap_or(0)
}

fn data_folder(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its number").port()
}

/// PostgreSQL refuses to run as root; the user its package made is taken then.
fn other_user() -> Option<String> {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    let is_root = String::from_utf8_lossy(&id.stdout).trim() == "0";
    is_root.then(|| "postgres".to_owned())
}

fn give_to_other_user(folder: &Path) {
    if let Some(user) = other_user() {
        let status = Command::new("chown").arg(&user).arg(folder).status().expect("chown runs");
        assert!(status.success(), "chown {user} {}", folder.display());
    }
}

fn as_other_user(program: &Path) -> Vec<String> {
    let program = program.to_string_lossy().into_owned();
    let Some(user) = other_user() else { return vec![program] };
    if Command::new("setpriv").arg("--version").stdout(Stdio::null()).status().is_ok() {
        let user_flags = [format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()];
        return std::iter::once("setpriv".to_owned()).chain(user_flags).chain([program]).collect();
    }
    ["runuser", "-u", &user, "--", &program].map(str::to_owned).into()
}

/// Starts the watchdog in a process group of its own, so that Ctrl-C doesn't end it first.
fn watch(folder: &Path, programs: &Path) -> Child {
    let stop = as_other_user(&programs.join("pg_ctl"));
    let mut command = Command::new("sh");
    command.args(["-c", WATCHDOG, "watchdog"]).arg(folder).args(stop);
    command.arg("-D").arg(data_folder(folder)).args(["stop", "-w", "-m", "immediate"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.current_dir("/").process_group(0);
    command.spawn().expect("sh runs")
}
