//! F7: a sync fails. What was to be made durable by it was not acknowledged, and nobody tries again from there:
//! SQLite's server stops and is started anew; PostgreSQL restarts itself.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::row::{POSTGRES, SQLITE, Trial, runs};
use crate::processes::alone;
use crate::processes::load::Load;
use crate::processes::proof::audit_is_clean;
use crate::processes::site::{BANK, Site};
use crate::support::backends::TestDatabase;
use crate::support::postgres::Cluster;
use crate::support::tools::find_tool;
use crate::support::wait::wait_until;

const FAILURES: usize = 3;
const CLIENTS: usize = 6;
const WITHIN: Duration = Duration::from_secs(60);
/// The sync that fails is one of these.
const SYNC_FIRST: i64 = 5;
const SYNC_LAST: i64 = 60;

/// Makes the so-manieth sync of any thread fail.
fn failing_sync(strace: &Path, number: i64) -> Command {
    let mut command = Command::new(strace);
    command.args(["-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=fdatasync,fsync", "-e"]);
    command.arg(format!("inject=fdatasync,fsync:error=EIO:when={number}"));
    command
}

#[test]
fn a_failed_sync_stops_a_server_on_sqlite_and_is_never_repeated() {
    let Some(strace) = find_tool("strace") else { return };
    let database = TestDatabase::sqlite();
    let _alone = alone();
    let mut trial = Trial::begin("F7", "a sync fails once, the server stops", SQLITE);
    let site = Site::new(&database.url, 100);
    let mut server = site.serve();
    let load = Load::start(&site, "sync", server.address, CLIENTS);
    for _ in 0..runs(FAILURES) {
        server.kill();
        let mut command = failing_sync(&strace, trial.random.between(SYNC_FIRST, SYNC_LAST));
        command.arg("-D");
        let mut doomed = site.start(site.serve_under(command));
        load.turn_to(doomed.address);
        let status = doomed.wait(WITHIN);
        let log = doomed.log();
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains("The process stops at once"), "{log}");
        trial.made();
        let ended_at = Instant::now();
        server = site.serve();
        load.turn_to(server.address);
        load.wait_for_more("the service's return", 1, WITHIN);
        trial.back_after(ended_at.elapsed());
        audit_is_clean(&site);
    }
    let book = load.finish();
    assert!(book.unanswered > 0, "the batch whose sync failed was not acknowledged");
    trial.conclude(&site, &site.client(&server, BANK), &book);
}

#[test]
fn a_failed_sync_of_postgres_is_survived() {
    let Some(strace) = find_tool("strace") else { return };
    let Some(cluster) = Cluster::private() else { return };
    let _alone = alone();
    let mut trial = Trial::begin("F7", "a sync of PostgreSQL fails once", POSTGRES);
    let site = Site::new(&cluster.create_migrated("sync"), 100);
    let mut server = site.serve();
    let load = Load::start(&site, "sync", server.address, CLIENTS);
    for _ in 0..runs(FAILURES) {
        load.wait_for_more("payments before the failure", 50, WITHIN);
        let crashes = crashes(&cluster);
        let number = trial.random.between(SYNC_FIRST, SYNC_LAST);
        let failing = Attached::to(failing_sync(&strace, number), cluster.postmaster_id());
        // Sessions that are opened from now on are watched.
        server.kill();
        server = site.serve();
        load.turn_to(server.address);
        wait_until("the failed sync", WITHIN, || self::crashes(&cluster) > crashes);
        let failed_at = Instant::now();
        drop(failing);
        load.wait_for_more("the service's return", 1, WITHIN);
        trial.made();
        trial.back_after(failed_at.elapsed());
        audit_is_clean(&site);
    }
    let book = load.finish();
    trial.note(format!("{} tries BUSY, {} TIMEOUT", book.busy, book.timeout));
    trial.conclude(&site, &site.client(&server, BANK), &book);
}

/// How often PostgreSQL has ended all its processes, as it does after it had to give up because of its storage. strace
/// must not let go before: it would leave the process that gives up standing, with its locks.
fn crashes(cluster: &Cluster) -> usize {
    let log = fs::read_to_string(cluster.log_file()).unwrap_or_default();
    log.lines().filter(|line| line.contains("all server processes terminated; reinitializing")).count()
}

/// strace at a process and whatever that starts from now on.
struct Attached(Child);

impl Attached {
    fn to(mut strace: Command, process: u32) -> Self {
        strace.args(["-p", &process.to_string()]);
        let child = strace.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("strace starts");
        wait_until("strace", WITHIN, || {
            let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
            let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
            tracer.is_some_and(|tracer| tracer.trim() != "0")
        });
        Self(child)
    }
}

impl Drop for Attached {
    /// Told by a signal it lets go of the processes, which go on.
    fn drop(&mut self) {
        let told = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        let _gone_by_then_or_never = (told, self.0.wait());
    }
}
