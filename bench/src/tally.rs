//! What a generator heard: how often, how soon, and in which part of the run.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Length of a window of the timeline.
pub const WINDOW: Duration = Duration::from_millis(250);
/// Latencies are kept up to this, in microseconds.
const LATENCY_MAX_US: u64 = 60_000_000;

/// What was said to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It was done.
    Done,
    /// It was turned away: BUSY.
    Busy,
    /// Anything else: another error, or the connection broke.
    Else,
    /// Nothing, for as long as anyone would wait.
    Nothing,
    /// It was never sent: there was no connection for it in time.
    Unsent,
}

/// Latencies of one kind of answer.
pub type Latencies = Histogram<u64>;

/// What became of the requests of one kind in one stretch.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Done.
    pub done: Latencies,
    /// Turned away.
    pub busy: Latencies,
    /// Answered otherwise.
    pub otherwise: u64,
    /// Not answered.
    pub unanswered: u64,
    /// Not sent.
    pub unsent: u64,
}

/// A stretch of the timeline.
#[derive(Debug, Clone)]
pub struct Window {
    /// Latencies of what was done, by when it should have started.
    pub done: Latencies,
    /// What was meant to start then and wasn't done.
    pub not_done: u64,
}

/// What a run heard.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Kinds by name.
    pub names: Vec<&'static str>,
    /// How long each stretch was.
    pub stretches: Vec<Duration>,
    /// By stretch, then kind.
    pub counts: Vec<Vec<Counts>>,
    /// The run in windows of [`WINDOW`].
    pub timeline: Vec<Window>,
    /// How many were done in each stretch, whenever they should have started.
    finished: Vec<u64>,
    /// When the last answer came.
    pub elapsed: Duration,
}

/// To so many digits.
fn latencies(digits: u8) -> Latencies {
    Histogram::new_with_max(LATENCY_MAX_US, digits).expect("a range and a few digits")
}

impl Said {
    /// Reads it out of an HTTP answer.
    pub fn of(answer: &[u8]) -> Self {
        let text = String::from_utf8_lossy(answer);
        let is_ok = text.starts_with("HTTP/1.1 200");
        if text.contains("\"BUSY\"") || text.starts_with("HTTP/1.1 503") {
            Self::Busy
        } else if is_ok && !text.contains("\"errors\"") {
            Self::Done
        } else {
            Self::Else
        }
    }
}

impl Counts {
    fn new() -> Self {
        Self { done: latencies(3), busy: latencies(3), otherwise: 0, unanswered: 0, unsent: 0 }
    }

    /// Requests in all.
    pub fn sent(&self) -> u64 {
        self.done.len() + self.busy.len() + self.otherwise + self.unanswered + self.unsent
    }

    fn note(&mut self, latency_us: u64, said: Said) {
        match said {
            Said::Done => self.done.saturating_record(latency_us),
            Said::Busy => self.busy.saturating_record(latency_us),
            Said::Else => self.otherwise += 1,
            Said::Nothing => self.unanswered += 1,
            Said::Unsent => self.unsent += 1,
        }
    }
}

impl Outcome {
    /// Nothing heard yet.
    pub fn new(names: &[&'static str], stretches: Vec<Duration>) -> Self {
        let counts = vec![vec![Counts::new(); names.len()]; stretches.len()];
        let finished = vec![0; stretches.len()];
        let elapsed = Duration::ZERO;
        Self { names: names.to_vec(), stretches, counts, timeline: Vec::new(), finished, elapsed }
    }

    /// Notes an answer to a request that should have started at `offset`.
    pub fn note(&mut self, kind: usize, offset: Duration, latency: Duration, said: Said) {
        let latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.elapsed = self.elapsed.max(offset + latency);
        let end: Duration = self.stretches.iter().sum();
        let finished_in = self.stretch_at(offset + latency);
        if let Some(finished) = self.finished.get_mut(finished_in)
            && said == Said::Done
            && offset + latency < end
        {
            *finished += 1;
        }
        let stretch = self.stretch_at(offset);
        if let Some(counts) = self.counts.get_mut(stretch).and_then(|kinds| kinds.get_mut(kind)) {
            counts.note(latency_us, said);
        }
        let index = usize::try_from(offset.as_millis() / WINDOW.as_millis()).unwrap_or(usize::MAX);
        while self.timeline.len() <= index {
            self.timeline.push(Window { done: latencies(2), not_done: 0 });
        }
        if let Some(window) = self.timeline.get_mut(index) {
            match said {
                Said::Done => window.done.saturating_record(latency_us),
                Said::Busy | Said::Else | Said::Nothing | Said::Unsent => window.not_done += 1,
            }
        }
    }

    fn stretch_at(&self, offset: Duration) -> usize {
        let mut ends = Duration::ZERO;
        let is_before = |duration: &&Duration| {
            ends += **duration;
            ends <= offset
        };
        self.stretches.iter().take_while(is_before).count().min(self.stretches.len().saturating_sub(1))
    }

    /// All kinds of one stretch together.
    pub fn all(&self, stretch: usize) -> Counts {
        let mut all = Counts::new();
        for counts in self.counts.get(stretch).into_iter().flatten() {
            all.done.add(&counts.done).expect("the same range");
            all.busy.add(&counts.busy).expect("the same range");
            all.otherwise += counts.otherwise;
            all.unanswered += counts.unanswered;
            all.unsent += counts.unsent;
        }
        all
    }

    /// Goodput: how many were done per second of a stretch.
    pub fn done_per_second(&self, stretch: usize) -> f64 {
        let seconds = self.stretches.get(stretch).map_or(1.0, Duration::as_secs_f64);
        self.finished.get(stretch).map_or(0.0, |finished| *finished as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let cases: [(&[u8], Said); 4] = [
            (b"HTTP/1.1 200 OK\r\n\r\n{\"data\":{\"paymentPost\":{\"userErrors\":[]}}}", Said::Done),
            (b"HTTP/1.1 503 Service Unavailable\r\n\r\n{\"errors\":[]}", Said::Busy),
            (b"HTTP/1.1 200 OK\r\n\r\n{\"errors\":[{\"extensions\":{\"code\":\"BUSY\"}}]}", Said::Busy),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n{\"errors\":[]}", Said::Else),
        ];
        for (answer, expected) in cases {
            assert_eq!(Said::of(answer), expected, "{}", String::from_utf8_lossy(answer));
        }
    }

    #[test]
    fn a_request_counts_where_it_should_have_started() {
        let second = Duration::from_secs(1);
        let mut outcome = Outcome::new(&["look up"], vec![second, second]);
        outcome.note(0, Duration::from_millis(999), second * 3, Said::Done);
        outcome.note(0, Duration::from_millis(1_000), second, Said::Busy);
        outcome.note(0, Duration::from_millis(900), Duration::from_millis(200), Said::Done);
        assert_eq!((outcome.all(0).done.len(), outcome.all(1).busy.len()), (2, 1));
        // The first was done only after the run.
        assert_eq!((outcome.done_per_second(0), outcome.done_per_second(1)), (0.0, 1.0));
        assert_eq!(outcome.timeline[3].done.len(), 2);
        assert_eq!(outcome.timeline[4].not_done, 1);
    }
}
