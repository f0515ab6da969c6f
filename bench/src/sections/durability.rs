//! What each side makes durable: syncs and bytes for a payment.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::audit_later;
use crate::cast::{A, B, GRANARY_PG, GRANARY_SQLITE, J};
use crate::district::Open;
use crate::lab::{BackEnd, Lab};
use crate::meter::{Database, wal_syncs};
use crate::process;
use crate::results::{Run, Section, Table};
use crate::sides::{Side, Work};

const WORK: Work = Work::Post { mode: 1 };
const CONNECTIONS: u32 = 64;
const RUN_S: u32 = 3;
/// PostgreSQL's sessions report what they have counted when they end, and have ended after this.
const REPORTED_AFTER: Duration = Duration::from_millis(500);

pub fn measure(lab: &mut Lab, section: &mut Section) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for name in [A, B, J, GRANARY_PG] {
        let side = match name {
            J => lab.naive_side(Open::OneLarge)?,
            GRANARY_PG => lab.granary_side(BackEnd::Postgres, Open::OneLarge, 1)?,
            _ => lab.pgbench_side(name, Open::OneLarge)?,
        };
        let (run, syncs) = postgres_run(lab, side)?;
        rows.push(row(&run, syncs, "WAL"));
        section.runs.push(run);
    }
    let side = lab.granary_side(BackEnd::Sqlite, Open::OneLarge, 1)?;
    let (run, syncs) = sqlite_run(lab, &side)?;
    rows.push(row(&run, syncs, "fdatasync and fsync, under strace, so slower than it is"));
    section.runs.push(run);
    side.stop()?;
    for (name, back_end) in [(GRANARY_PG, BackEnd::Postgres), (GRANARY_SQLITE, BackEnd::Sqlite)] {
        let url = lab.district(back_end, Open::OneLarge)?;
        audit_later(section, name, &url);
    }
    section.tables.push(Table {
        title: format!("Syncs and bytes at {CONNECTIONS} connections"),
        columns: [
            "side",
            "payments/s",
            "syncs/s",
            "syncs per payment",
            "bytes per payment",
            "what is counted",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
    });
    section.notes.push(
        "PostgreSQL commits in groups of its own: sessions that commit at once share a sync. Every side waits \
         for its sync before it answers."
            .to_owned(),
    );
    Ok(())
}

fn row(run: &Run, syncs: f64, what: &str) -> Vec<String> {
    vec![
        run.side.clone(),
        format!("{:.0}", run.per_second),
        format!("{:.0}", syncs / run.answers * run.per_second),
        format!("{:.4}", syncs / run.answers),
        format!("{:.0}", run.bytes),
        what.to_owned(),
    ]
}

/// A run, and the syncs of the write-ahead log in it. The sessions end before they are counted, since
/// that is when they report.
fn postgres_run(lab: &Lab, side: Side) -> anyhow::Result<(Run, f64)> {
    let Database::Postgres { url, .. } = lab.postgres_meter() else { anyhow::bail!("no PostgreSQL") };
    let before = wal_syncs(&url)?;
    let run = side.run(WORK, CONNECTIONS, RUN_S)?;
    side.stop()?;
    std::thread::sleep(REPORTED_AFTER);
    Ok((run, wal_syncs(&url)? - before))
}

/// A run under strace, which counts the system calls that sync.
fn sqlite_run(lab: &Lab, side: &Side) -> anyhow::Result<(Run, f64)> {
    let counts = lab.log("strace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "-e", "trace=fdatasync,fsync", "-o"]).arg(&counts);
    strace.args(["-p", &side.meter.server.unwrap_or_default().to_string()]);
    let mut strace = strace.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    std::thread::sleep(Duration::from_millis(500));
    let run = side.run(WORK, 2 * CONNECTIONS, RUN_S)?;
    process::signal(strace.id(), "INT")?;
    strace.wait()?;
    let text = std::fs::read_to_string(&counts)?;
    let calls = |line: &str| {
        let is_sync = line.ends_with(" fdatasync") || line.ends_with(" fsync");
        line.split_whitespace().nth(3).filter(|_| is_sync)?.parse::<f64>().ok()
    };
    Ok((run, text.lines().filter_map(calls).sum()))
}
