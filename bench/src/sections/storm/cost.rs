//! What an answer in the storm costs, and what one that is turned away.

use crate::meter::Reading;

/// What must be done at twice the peak, in per cent of it.
pub(super) const GOODPUT_MIN: f64 = 90.0;

/// Processor time for one answer, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    generator_us: f64,
    server_us: f64,
    database_us: f64,
}

impl Cost {
    pub(super) fn of(spent: Reading, answers: f64) -> Self {
        let each = |seconds: f64| seconds * 1e6 / answers.max(1.0);
        let [generator_us, server_us, database_us] =
            [spent.generator_s, spent.server_s, spent.database_s].map(each);
        Self { generator_us, server_us, database_us }
    }

    fn sum_us(self) -> f64 {
        self.generator_us + self.server_us + self.database_us
    }
}

/// Both come out of the same processors' time: of twice the peak a share `g` of it is done where
/// `g * served + (2 - g) * refused = served`.
pub(super) fn costs(name: &str, served: Cost, refused: Cost) -> String {
    let (answer_us, refusal_us) = (served.sum_us(), refused.sum_us());
    let left = (answer_us - 2.0 * refusal_us) / (answer_us - refusal_us);
    format!(
        "{name}: an answer of the mix takes {answer_us:.0} µs of processor time, the file's lines beside it included \
         (generator {:.0}, server {:.0}, database {:.0}), one that is turned away at the door {refusal_us:.0} µs \
         (generator {:.0}, server {:.0}). With the same mix and as many lines that leaves {:.0} % of the peak at twice \
         the peak; {GOODPUT_MIN} % need a refusal of {:.0} µs, the generator's part included. More is done where lines are shed first.",
        served.generator_us,
        served.server_us,
        served.database_us,
        refused.generator_us,
        refused.server_us,
        left * 100.0,
        answer_us * (100.0 - GOODPUT_MIN) / (200.0 - GOODPUT_MIN)
    )
}
