//! What a process has used, out of `/proc`; and how a program is run or stopped.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

const TICKS_PER_SECOND: f64 = 100.0;
/// Places in `/proc/<id>/stat` after the name: parent, own times, times of children waited for.
const PARENT: usize = 1;
const OWN_TIMES: [usize; 2] = [11, 12];
const CHILD_TIMES: [usize; 2] = [13, 14];
/// Idle, and waiting for a disk, among the times in `/proc/stat`.
const IDLE_PLACES: [usize; 2] = [3, 4];
/// How long a server may take to end once it is told to.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// User and system time so far of a process, its children that live and those that ended.
pub fn cpu_seconds(process_id: u32) -> f64 {
    let own =
        stat(process_id).map_or(0.0, |fields| times(&fields, &OWN_TIMES) + times(&fields, &CHILD_TIMES));
    let is_child =
        |fields: &Vec<String>| fields.get(PARENT).and_then(|field| field.parse().ok()) == Some(process_id);
    let children = all_ids().filter_map(stat).filter(is_child);
    own + children.map(|fields| times(&fields, &OWN_TIMES)).sum::<f64>()
}

/// The same of this process, whose children that still run are what is measured.
pub fn own_cpu_seconds() -> f64 {
    stat(std::process::id()).map_or(0.0, |fields| times(&fields, &OWN_TIMES) + times(&fields, &CHILD_TIMES))
}

/// Time that all processors have been busy since the machine started; what a host has taken from it
/// counts as well.
pub fn machine_cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let ticks: Vec<f64> = fields.take(8).filter_map(|field| field.parse().ok()).collect();
    let is_idle = |place: usize| IDLE_PLACES.contains(&place);
    let busy = ticks.iter().enumerate().filter(|(place, _)| !is_idle(*place)).map(|(_, ticks)| ticks);
    busy.sum::<f64>() / TICKS_PER_SECOND
}

/// Time since the machine started.
pub fn up_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    text.split_whitespace().next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0.0)
}

/// Bytes a process has written into files; what it sends isn't among them. (What the kernel makes of them for the disk
/// it counts in folios of many pages, whether all of those were touched or not.)
pub fn bytes_written(process_id: u32) -> f64 {
    number_after(&format!("/proc/{process_id}/io"), "wchar:").unwrap_or(0.0)
}

/// The most memory a process has had resident, in MiB.
pub fn memory_peak_mib(process_id: u32) -> f64 {
    number_after(&format!("/proc/{process_id}/status"), "VmHWM:").unwrap_or(0.0) / 1_024.0
}

/// Lets the peak of memory start again from what is resident now; where that isn't allowed the peak
/// is that of the process's life.
pub fn reset_memory_peak(process_id: u32) {
    let _the_peak_is_then_older = std::fs::write(format!("/proc/{process_id}/clear_refs"), "5");
}

/// How long threads ran, and how long they were ready and had no processor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Turns {
    ran_ns: f64,
    waited_ns: f64,
}

impl Turns {
    /// What came after `before`.
    pub fn since(self, before: Self) -> Self {
        Self { ran_ns: self.ran_ns - before.ran_ns, waited_ns: self.waited_ns - before.waited_ns }
    }

    /// Of the time in which they had something to do, how much they waited; `None` where nothing is known of them.
    pub fn waiting_percent(self) -> Option<f64> {
        let ready_ns = self.ran_ns + self.waited_ns;
        (ready_ns > 0.0).then(|| self.waited_ns / ready_ns * 100.0)
    }
}

/// The turns so far of a process's threads whose name begins so.
pub fn turns(process_id: u32, name: &str) -> Turns {
    let threads = std::fs::read_dir(format!("/proc/{process_id}/task")).into_iter().flatten().flatten();
    let mut turns = Turns::default();
    for thread in threads {
        let read = |file: &str| std::fs::read_to_string(thread.path().join(file)).unwrap_or_default();
        if read("comm").starts_with(name) {
            let figures: Vec<f64> =
                read("schedstat").split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
            if let [ran_ns, waited_ns, ..] = figures[..] {
                turns.ran_ns += ran_ns;
                turns.waited_ns += waited_ns;
            }
        }
    }
    turns
}

fn number_after(path: &str, name: &str) -> Option<f64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn all_ids() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The fields of `/proc/<id>/stat` from the state on.
fn stat(process_id: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{process_id}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn times(fields: &[String], places: &[usize]) -> f64 {
    let ticks = places.iter().filter_map(|place| fields.get(*place)?.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS_PER_SECOND
}

/// Runs a program to its end and returns what it printed.
pub fn output_of(command: &mut Command) -> anyhow::Result<String> {
    Ok(String::from_utf8(success_of(command)?.stdout)?)
}

/// The same, and after it what it printed as errors.
pub fn both_of(command: &mut Command) -> anyhow::Result<String> {
    let Output { stdout, stderr, .. } = success_of(command)?;
    Ok(String::from_utf8(stdout)? + &String::from_utf8(stderr)?)
}

fn success_of(command: &mut Command) -> anyhow::Result<Output> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        let (out, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("{command:?} failed with {}: {out} {errors}", output.status);
    }
    Ok(output)
}

/// Sends a signal by its name.
pub fn signal(process_id: u32, name: &str) -> anyhow::Result<()> {
    output_of(Command::new("kill").args([&format!("-{name}"), &process_id.to_string()]))?;
    Ok(())
}

/// Tells a server to end, and ends it by force where it doesn't.
pub fn stop(child: &mut Child) -> anyhow::Result<()> {
    if child.try_wait()?.is_some() {
        return Ok(());
    }
    signal(child.id(), "TERM")?;
    let told_at = Instant::now();
    while told_at.elapsed() < STOP_WITHIN {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait()?;
    bail!("process {} had to be ended by force", child.id())
}
