//! How much one caller may ask for in a while: requests, and accounts looked up. Account numbers are
//! dense, so that whoever may try many learns which exist.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as GovernorClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::caller::Caller;
use crate::domain::base::clock::Clock;

/// How much one caller may ask for within a minute: as much at once, then evenly. `None` = no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Accounts looked up by number or id.
    pub accounts_per_minute: Option<NonZeroU32>,
}

/// What each kind of caller may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowances {
    /// Tokens with `accounts`.
    pub customers: Allowance,
    /// All other tokens.
    pub channels: Allowance,
}

impl Allowance {
    /// No bound.
    pub const UNBOUNDED: Self = Self { requests_per_minute: None, accounts_per_minute: None };
    /// Of a customer unless set otherwise: more than a person can, less than a scan needs.
    pub const CUSTOMER: Self =
        Self { requests_per_minute: NonZeroU32::new(120), accounts_per_minute: NonZeroU32::new(120) };
}

impl Default for Allowances {
    fn default() -> Self {
        Self { customers: Allowance::CUSTOMER, channels: Allowance::UNBOUNDED }
    }
}

/// Too much was asked for; nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverBudget {
    /// When the same may be asked again.
    pub retry_after: Duration,
}

/// The time that has passed, as the limiter wants to see it. A clock that is set gives and takes nothing.
#[derive(Clone)]
struct LimiterClock(Arc<dyn Clock>);

impl GovernorClock for LimiterClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.passed().into()
    }
}

/// One count per channel and subject.
type Counter = RateLimiter<CallerKey, DashMapStateStore<CallerKey>, LimiterClock, NoOpMiddleware<Nanos>>;
type CallerKey = (String, String);

struct Counters {
    requests: Option<Counter>,
    accounts: Option<Counter>,
}

impl Counters {
    fn new(allowance: Allowance, clock: &LimiterClock) -> Self {
        let counter = |per_minute: Option<NonZeroU32>| {
            let quota = Quota::per_minute(per_minute?);
            Some(RateLimiter::dashmap_with_clock(quota, clock.clone()))
        };
        Self {
            requests: counter(allowance.requests_per_minute),
            accounts: counter(allowance.accounts_per_minute),
        }
    }
}

/// What each caller has used of their allowance, in this process.
pub struct Budgets {
    clock: LimiterClock,
    customers: Counters,
    channels: Counters,
}

impl Budgets {
    /// Nothing used yet.
    pub fn new(allowances: Allowances, clock: Arc<dyn Clock>) -> Self {
        let clock = LimiterClock(clock);
        let customers = Counters::new(allowances.customers, &clock);
        let channels = Counters::new(allowances.channels, &clock);
        Self { clock, customers, channels }
    }

    /// Takes one request off the caller's budget.
    ///
    /// # Errors
    /// Nothing is left.
    pub fn take_request(&self, caller: &Caller) -> Result<(), OverBudget> {
        self.take(self.of(caller).requests.as_ref(), caller, 1)
    }

    /// Takes so many accounts looked up off the caller's budget.
    ///
    /// # Errors
    /// Less than that is left; nothing was taken.
    pub fn take_accounts(&self, caller: &Caller, count: usize) -> Result<(), OverBudget> {
        self.take(self.of(caller).accounts.as_ref(), caller, count)
    }

    /// Forgets callers who have their whole allowance again.
    pub fn forget_idle(&self) {
        for counters in [&self.customers, &self.channels] {
            for counter in [&counters.requests, &counters.accounts].into_iter().flatten() {
                counter.retain_recent();
                counter.shrink_to_fit();
            }
        }
    }

    fn of(&self, caller: &Caller) -> &Counters {
        if caller.is_customer() { &self.customers } else { &self.channels }
    }

    fn take(&self, counter: Option<&Counter>, caller: &Caller, count: usize) -> Result<(), OverBudget> {
        let count = NonZeroU32::new(u32::try_from(count).unwrap_or(u32::MAX));
        let (Some(counter), Some(count)) = (counter, count) else { return Ok(()) };
        let key = (caller.channel_code.clone(), caller.subject.clone());
        match counter.check_key_n(&key, count) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => {
                let wait = not_until.earliest_possible().duration_since(self.clock.now());
                Err(OverBudget { retry_after: wait.into() })
            }
            // More at once than the whole allowance: no waiting helps, asking for less does.
            Err(_) => Err(OverBudget { retry_after: Duration::from_secs(60) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

    use super::*;

    #[derive(Default)]
    struct TestClock {
        now_ms: AtomicI64,
        passed_s: AtomicU64,
    }

    impl Clock for TestClock {
        fn now_ms(&self) -> i64 {
            self.now_ms.load(Ordering::SeqCst)
        }

        fn passed(&self) -> Duration {
            Duration::from_secs(self.passed_s.load(Ordering::SeqCst))
        }
    }

    fn caller(subject: &str, accounts: Option<Vec<String>>) -> Caller {
        Caller {
            subject: subject.to_owned(),
            token_id: "t".to_owned(),
            issued_at_s: 0,
            channel_code: "APP".to_owned(),
            scopes: Vec::new(),
            accounts,
        }
    }

    #[test]
    fn a_budget_is_each_callers_own_and_comes_back_with_time() {
        let clock = Arc::new(TestClock::default());
        let six = NonZeroU32::new(6);
        let customers = Allowance { requests_per_minute: six, accounts_per_minute: six };
        let budgets = Budgets::new(Allowances { customers, channels: Allowance::UNBOUNDED }, clock.clone());
        let (one, other) = (caller("one", Some(Vec::new())), caller("other", Some(Vec::new())));
        assert_eq!(budgets.take_accounts(&one, 5), Ok(()));
        assert_eq!(budgets.take_accounts(&one, 0), Ok(()));
        let refused = budgets.take_accounts(&one, 2).expect_err("only one is left");
        assert_eq!(refused.retry_after, Duration::from_secs(10));
        assert_eq!(budgets.take_accounts(&one, 1), Ok(()));
        assert_eq!(budgets.take_accounts(&other, 6), Ok(()));
        assert!(budgets.take_accounts(&other, 7).is_err());
        assert_eq!(budgets.take_request(&one), Ok(()));
        clock.passed_s.store(20, Ordering::SeqCst);
        assert_eq!(budgets.take_accounts(&one, 2), Ok(()));
        assert!(budgets.take_accounts(&one, 1).is_err());
        for now_ms in [-3_600_000, 3_600_000, i64::MIN, i64::MAX] {
            clock.now_ms.store(now_ms, Ordering::SeqCst);
            let refused = budgets.take_accounts(&one, 1).expect_err("a clock that is set gives nothing");
            assert_eq!(refused.retry_after, Duration::from_secs(10), "and takes nothing");
        }
        clock.passed_s.store(9_000, Ordering::SeqCst);
        budgets.forget_idle();
        assert_eq!(budgets.take_accounts(&one, 6), Ok(()));
        let channel = caller("bank", None);
        for _ in 0..1_000 {
            assert_eq!(budgets.take_request(&channel), Ok(()));
        }
    }
}
