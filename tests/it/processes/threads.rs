//! Who goes before whom on the processors: the README's word of a server's threads on Linux.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::server::wait_until;
use super::site::Site;
use crate::support::backends::for_each_backend;

const WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Thread {
    name: String,
    /// Where it may run, as the kernel writes it: `0-3,6`.
    processors: String,
    nice: i32,
}

impl Thread {
    /// `None` if it has just ended.
    fn read(task: &Path) -> Option<Self> {
        let read = |file: &str| fs::read_to_string(task.join(file)).ok();
        let (stat, status) = (read("stat")?, read("status")?);
        let after_name = stat.rsplit_once(')').expect("a name in brackets").1;
        let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        Some(Self {
            name: read("comm")?.trim().to_owned(),
            processors: allowed.expect("where it may run").trim().to_owned(),
            nice: after_name.split_whitespace().nth(16).and_then(|nice| nice.parse().ok()).expect("a number"),
        })
    }

    fn all_of(process: u32) -> Vec<Self> {
        let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("a process of ours");
        tasks.flatten().filter_map(|task| Self::read(&task.path())).collect()
    }

    fn processors_len(&self) -> usize {
        let number = |text: &str| text.parse::<usize>().expect("a processor's number");
        let len =
            |range: &str| range.split_once('-').map_or(1, |(first, last)| number(last) - number(first) + 1);
        self.processors.split(',').map(len).sum()
    }
}

#[test]
fn threads_for_http_keep_to_a_processor_each_and_go_before_lanes_and_readers() {
    for_each_backend(|database| {
        let usual = Thread::read(Path::new("/proc/thread-self")).expect("it runs");
        let workers = usual.processors_len();
        let site = Site::new(&database.url, 1);
        fs::write(site.folder().join("granary.toml"), format!("http_workers = {workers}\n")).expect("a file");
        let server = site.serve();
        wait_until("everybody stands where the README says", WITHIN, || {
            let threads = Thread::all_of(server.id());
            let named = |name: &str| {
                threads.iter().filter(|thread| thread.name.starts_with(name)).collect::<Vec<_>>()
            };
            let (http, working) = (named("actix-rt"), [named("lane-"), named("reader-")].concat());
            let places: BTreeSet<&str> = http.iter().map(|thread| thread.processors.as_str()).collect();
            (http.len(), places.len()) == (workers, workers)
                && http.iter().all(|thread| thread.processors_len() == 1 && thread.nice == usual.nice)
                && working.len() >= 3
                && working.iter().all(|thread| {
                    thread.processors == usual.processors && thread.nice == (usual.nice + 10).min(19)
                })
        });
    });
}
