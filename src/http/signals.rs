//! By what the process is told to stop: SIGTERM, SIGINT, and SIGHUP, which a terminal sends when it closes and some
//! service managers send first. There is nothing that SIGHUP would have it read again: keys are looked at all the time.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ready once the process is told to stop.
pub(super) async fn stop() {
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), hangup())
    else {
        tracing::error!("signals can't be awaited; stop the process by force");
        return std::future::pending().await;
    };
    let hung_up = async {
        match &mut hangup {
            Some(hangup) => hangup.recv().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hung_up => {}
    }
}

/// None where the process was started so that it outlives its terminal, as by nohup.
fn hangup() -> std::io::Result<Option<Signal>> {
    if is_hangup_ignored() {
        return Ok(None);
    }
    signal(SignalKind::hangup()).map(Some)
}

/// Linux tells which signals a process ignores; elsewhere none is taken to be.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or_default();
    mask & HANGUP_BIT != 0
}

/// SIGHUP is the first signal.
const HANGUP_BIT: u64 = 1;
