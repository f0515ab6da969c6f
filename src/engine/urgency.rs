//! Who is served first, and who is shed first, while more is asked for than can be done.

use std::collections::VecDeque;

/// How long the other end can wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A person stands at a counter, or a provider waits for the answer to its callback.
    First,
    /// A program that sends again by itself.
    Usual,
    /// Batches, and whoever looks at an app.
    Last,
}

impl Urgency {
    /// Every value, the most urgent first.
    pub const ALL: [Self; 3] = [Self::First, Self::Usual, Self::Last];

    /// How much of a queue with `len_max` places may be taken when this one comes: the last places
    /// are kept for those who can't wait.
    pub fn places(self, len_max: usize) -> usize {
        match self {
            Self::First => len_max,
            Self::Usual => len_max - len_max / 4,
            Self::Last => len_max / 2,
        }
    }

    /// The word that stands for it outside.
    pub fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Usual => "usual",
            Self::Last => "last",
        }
    }

    pub(super) fn index(self) -> usize {
        match self {
            Self::First => 0,
            Self::Usual => 1,
            Self::Last => 2,
        }
    }
}

/// How many of those who can wait are taken together with others, for whom they make it longer.
const BESIDE_OTHERS_MAX: usize = 128;

/// What waits, in the order of urgency and then of arrival.
pub(super) struct Waiting<T>([VecDeque<T>; 3]);

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self([VecDeque::new(), VecDeque::new(), VecDeque::new()])
    }
}

impl<T> Waiting<T> {
    pub(super) fn push(&mut self, urgency: Urgency, item: T) {
        self.0[urgency.index()].push_back(item);
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(VecDeque::len).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(VecDeque::is_empty)
    }

    /// The first `len_max` of them; fewer where that many would keep the urgent among them waiting.
    pub(super) fn take(&mut self, len_max: usize) -> Vec<T> {
        self.take_weighed(len_max, |_| 1)
    }

    /// As [`Waiting::take`], where some count for more than one; one at least.
    pub(super) fn take_weighed(&mut self, weight_max: usize, weigh: impl Fn(&T) -> usize) -> Vec<T> {
        let mut taken = Vec::with_capacity(weight_max.min(self.len()));
        let mut left = weight_max;
        for (urgency, queue) in Urgency::ALL.into_iter().zip(&mut self.0) {
            if urgency == Urgency::Last && !taken.is_empty() {
                left = left.min(BESIDE_OTHERS_MAX);
            }
            let mut fits = |item: &&T| {
                let weight = weigh(item);
                let fits = weight <= left || left == weight_max;
                left = if fits { left.saturating_sub(weight) } else { 0 };
                fits
            };
            let count = queue.iter().take_while(&mut fits).count();
            taken.extend(queue.drain(..count));
        }
        taken
    }

    /// Of each urgency the one that came first.
    pub(super) fn oldest(&self) -> impl Iterator<Item = &T> {
        self.0.iter().filter_map(VecDeque::front)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_urgent_go_first_and_each_kind_keeps_its_order() {
        let mut waiting = Waiting::default();
        for (urgency, item) in [
            (Urgency::Last, 'e'),
            (Urgency::Usual, 'c'),
            (Urgency::First, 'a'),
            (Urgency::Usual, 'd'),
            (Urgency::First, 'b'),
        ] {
            waiting.push(urgency, item);
        }
        assert_eq!(waiting.oldest().collect::<String>(), "ace");
        assert_eq!(waiting.take(3), ['a', 'b', 'c']);
        assert_eq!(waiting.len(), 2);
        assert_eq!(waiting.take(9), ['d', 'e']);
        assert!(waiting.is_empty());
    }

    #[test]
    fn few_of_those_who_can_wait_are_taken_together_with_others() {
        let mut waiting = Waiting::default();
        for item in 0..1_000 {
            waiting.push(Urgency::Last, item);
        }
        assert_eq!(waiting.take(512).len(), 512, "nobody else waits");
        waiting.push(Urgency::Usual, 1_000);
        let taken = waiting.take(512);
        assert_eq!((taken.len(), taken.first(), taken.last()), (129, Some(&1_000), Some(&639)));
        assert_eq!(waiting.len(), 360);
    }

    #[test]
    fn what_weighs_much_is_taken_by_few() {
        let mut waiting = Waiting::default();
        for (urgency, weight) in
            [(Urgency::Last, 1), (Urgency::Usual, 40), (Urgency::First, 50), (Urgency::Last, 200)]
        {
            waiting.push(urgency, weight);
        }
        let mut take = || waiting.take_weighed(95, |weight| *weight);
        assert_eq!([take(), take(), take()], [vec![50, 40, 1], vec![200], vec![]]);
    }

    #[test]
    fn the_last_places_are_kept_for_the_urgent() {
        assert_eq!(Urgency::ALL.map(|urgency| urgency.places(8_192)), [8_192, 6_144, 4_096]);
        assert_eq!(Urgency::ALL.map(|urgency| urgency.places(1)), [1, 1, 0]);
    }
}
