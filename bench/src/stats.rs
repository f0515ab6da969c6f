//! Median and range, of figures and of the ratios of pairs.

use serde::{Deserialize, Serialize};

/// The median of some figures and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The one in the middle; of an even number the mean of the middle two.
    pub median: f64,
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

impl Spread {
    /// `None` of no figures.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let upper = *values.get(middle)?;
        let median = match values.get(middle.wrapping_sub(1)) {
            Some(lower) if values.len().is_multiple_of(2) => (lower + upper) / 2.0,
            _ => upper,
        };
        Some(Self { median, low, high })
    }

    /// The ratios of what was measured in the same round.
    pub fn of_ratios(above: &[f64], below: &[f64]) -> Option<Self> {
        Self::of(above.iter().zip(below).map(|(above, below)| above / below))
    }
}

/// The one in the middle; `None` of no figures.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    Some(Spread::of(values)?.median)
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let spread = |median, low, high| Some(Spread { median, low, high });
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), spread(2.0, 1.0, 3.0));
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]), spread(2.5, 1.0, 4.0));
        assert_eq!(Spread::of([7.0]), spread(7.0, 7.0, 7.0));
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        assert_eq!(Spread::of_ratios(&[10.0, 30.0], &[5.0, 10.0]).map(|spread| spread.median), Some(2.5));
    }
}
