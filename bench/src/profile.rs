//! Where processor time goes, by `perf`: samples of the whole machine, shared among the parts that functions belong to.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::machine::processors;
use crate::process::{output_of, stop};

/// Samples a second, of each processor.
const FREQUENCY: &str = "499";

/// A part of the work, and how the names of its functions begin.
type Part = (&'static str, &'static [&'static str]);

/// The server's parts, the first that fits. Functions that were built into their callers count as theirs.
const SERVER: [Part; 9] = [
    ("SQLite", &["sqlite3", "vdbe", "btree", "pager", "wal", "unix", "balance", "moveTo", "pcache"]),
    ("Diesel and libpq", &["diesel", "PQ", "pq", "libpq", "granary::store"]),
    ("lanes and rules", &["granary::engine", "granary::domain", "chrono", "rust_decimal"]),
    ("JSON", &["serde", "itoa"]),
    ("GraphQL", &["async_graphql", "granary::graphql", "indexmap", "pest"]),
    (
        "tokens, caches, limits",
        &["granary::access", "moka", "sha2", "jsonwebtoken", "aws_lc", "governor", "dashmap"],
    ),
    ("HTTP", &["actix", "granary::http", "http", "tokio", "mio", "bytes", "futures", "percent_encoding"]),
    ("memory", &["mi_", "_mi_", "mem", "__mem", "malloc", "free", "alloc"]),
    ("the standard library", &["core", "std", "hashbrown"]),
];
/// PostgreSQL's. Its own static functions have no names.
const DATABASE: [Part; 6] = [
    (
        "reading CHECKs and parsing",
        &["nodeRead", "stringToNode", "pg_strtok", "parseNode", "raw_parser", "base_yy", "transform"],
    ),
    ("log", &["XLog", "Xlog", "pg_comp_crc", "pg_crc"]),
    (
        "tables and indexes",
        &[
            "heap",
            "_bt_",
            "bt",
            "Buffer",
            "Read",
            "Lock",
            "LW",
            "index",
            "page",
            "Page",
            "HeapTuple",
            "Transaction",
        ],
    ),
    (
        "executing",
        &["Exec", "exec", "slot", "tts", "array", "text", "int8", "bpchar", "date", "hash", "tuplestore"],
    ),
    ("memory", &["AllocSet", "palloc", "pfree", "Memory", "repalloc"]),
    (
        "planning and catalogue",
        &["Search", "Cat", "Relation", "plan", "eval", "expression", "copyObject", "get_"],
    ),
];
const KERNEL: &str = "kernel: network, files, threads";
const OTHER: &str = "else";

/// A recording under way.
pub struct Profile {
    perf: Child,
    data: std::path::PathBuf,
}

/// Of one process or kind of process: microseconds of processor time, by part.
pub type Shares = BTreeMap<&'static str, f64>;

impl Profile {
    /// Begins to sample. `None` where perf isn't there or may not.
    pub fn begin(folder: &Path) -> Option<Self> {
        let data = folder.join("perf.data");
        let mut command = Command::new("perf");
        command.args(["record", "-q", "-a", "-e", "cpu-clock", "-F", FREQUENCY, "-o"]).arg(&data);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut perf = command.spawn().ok()?;
        std::thread::sleep(std::time::Duration::from_millis(300));
        perf.try_wait().ok()?.is_none().then_some(Self { perf, data })
    }

    /// Ends it, and shares `elapsed_s` of all processors' time: the server's and PostgreSQL's parts.
    pub fn end(mut self, elapsed_s: f64, server: u32) -> anyhow::Result<(Shares, Shares)> {
        stop(&mut self.perf)?;
        let total_us = elapsed_s * processors() * 1e6;
        let server = self.shares(&["--pid", &server.to_string()], &SERVER, total_us)?;
        let database = self.shares(&["--comm", "postgres"], &DATABASE, total_us)?;
        Ok((server, database))
    }

    fn shares(&self, filter: &[&str], parts: &[Part], total_us: f64) -> anyhow::Result<Shares> {
        let mut report = Command::new("perf");
        report.args([
            "report",
            "--stdio",
            "-q",
            "-t",
            "|",
            "-F",
            "overhead,dso,sym",
            "--percentage",
            "absolute",
        ]);
        report.args(filter).arg("-i").arg(&self.data).stderr(Stdio::null());
        let mut shares = Shares::new();
        for line in output_of(&mut report)?.lines() {
            let mut fields = line.split('|').map(str::trim);
            let (Some(percent), Some(_), Some(symbol)) = (fields.next(), fields.next(), fields.next()) else {
                continue;
            };
            let Ok(percent) = percent.trim_end_matches('%').parse::<f64>() else { continue };
            *shares.entry(part_of(symbol, parts)).or_default() += percent / 100.0 * total_us;
        }
        Ok(shares)
    }
}

/// What a function such as `[.] <actix_http::h1::Decoder as …>::decode` belongs to.
fn part_of(symbol: &str, parts: &[Part]) -> &'static str {
    if symbol.starts_with("[k]") {
        return KERNEL;
    }
    let name = symbol.trim_start_matches("[.]").trim().trim_start_matches(['<', '&', '_']);
    // What a type of another part says of itself in JSON.
    let name = name.split_once(" as ").map(|(_, of)| of).filter(|of| of.starts_with("serde")).unwrap_or(name);
    let is_meant = |(_, beginnings): &&Part| beginnings.iter().any(|beginning| name.starts_with(beginning));
    parts.iter().find(is_meant).map_or(OTHER, |(part, _)| part)
}
