//! Who is served first, and who is shed first, while more is asked for than can be done.

use std::collections::VecDeque;

/// How long the other end can wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A person stands at a counter, or a provider waits for the answer to its callback.
    High,
    /// A program that sends again by itself.
    Normal,
    /// Batches, and whoever looks at an app.
    Low,
}

impl Priority {
    /// Every value, the most urgent first.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// How much of a queue with `len_max` places may be taken when this one comes: the last places
    /// are kept for those who can't wait.
    pub fn places(self, len_max: usize) -> usize {
        match self {
            Self::High => len_max,
            Self::Normal => len_max - len_max / 4,
            Self::Low => len_max / 2,
        }
    }

    /// The word that stands for it outside.
    pub fn word(self) -> &'static str {
        match self {
            Self::High => "first",
            Self::Normal => "usual",
            Self::Low => "last",
        }
    }

    pub(super) fn index(self) -> usize {
        match self {
            Self::High => 0,
            Self::Normal => 1,
            Self::Low => 2,
        }
    }
}

/// How many of those who can wait are taken together with others, for whom they make it longer.
const BESIDE_OTHERS_MAX: usize = 128;

/// What waits, in the order of priority and then of arrival.
pub(super) struct Waiting<T>([VecDeque<T>; 3]);

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self([VecDeque::new(), VecDeque::new(), VecDeque::new()])
    }
}

impl<T> Waiting<T> {
    pub(super) fn push(&mut self, priority: Priority, item: T) {
        self.0[priority.index()].push_back(item);
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(VecDeque::len).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(VecDeque::is_empty)
    }

    /// Those that come first and weigh up to `weight_max` together, one at least; fewer where that many would keep the
    /// urgent among them waiting.
    pub(super) fn take_weighed(&mut self, weight_max: usize, weigh: impl Fn(&T) -> usize) -> Vec<T> {
        let mut taken = Vec::with_capacity(weight_max.min(self.len()));
        let mut left = weight_max;
        for (priority, queue) in Priority::ALL.into_iter().zip(&mut self.0) {
            if priority == Priority::Low && !taken.is_empty() {
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

    /// Of each priority the one that came first.
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
        for (priority, item) in [
            (Priority::Low, 'e'),
            (Priority::Normal, 'c'),
            (Priority::High, 'a'),
            (Priority::Normal, 'd'),
            (Priority::High, 'b'),
        ] {
            waiting.push(priority, item);
        }
        assert_eq!(waiting.oldest().collect::<String>(), "ace");
        assert_eq!(waiting.take_weighed(3, |_| 1), ['a', 'b', 'c']);
        assert_eq!(waiting.len(), 2);
        assert_eq!(waiting.take_weighed(9, |_| 1), ['d', 'e']);
        assert!(waiting.is_empty());
    }

    #[test]
    fn few_of_those_who_can_wait_are_taken_together_with_others() {
        let mut waiting = Waiting::default();
        for item in 0..1_000 {
            waiting.push(Priority::Low, item);
        }
        assert_eq!(waiting.take_weighed(512, |_| 1).len(), 512, "nobody else waits");
        waiting.push(Priority::Normal, 1_000);
        let taken = waiting.take_weighed(512, |_| 1);
        assert_eq!((taken.len(), taken.first(), taken.last()), (129, Some(&1_000), Some(&639)));
        assert_eq!(waiting.len(), 360);
    }

    #[test]
    fn what_weighs_much_is_taken_by_few() {
        let mut waiting = Waiting::default();
        for (priority, weight) in
            [(Priority::Low, 1), (Priority::Normal, 40), (Priority::High, 50), (Priority::Low, 200)]
        {
            waiting.push(priority, weight);
        }
        let mut take = || waiting.take_weighed(95, |weight| *weight);
        assert_eq!([take(), take(), take()], [vec![50, 40, 1], vec![200], vec![]]);
    }

    #[test]
    fn the_last_places_are_kept_for_the_urgent() {
        assert_eq!(Priority::ALL.map(|priority| priority.places(8_192)), [8_192, 6_144, 4_096]);
        assert_eq!(Priority::ALL.map(|priority| priority.places(1)), [1, 1, 0]);
    }
}
