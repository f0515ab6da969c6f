//! What an operation sees: each account once, all that it says of an account as of one instant, few look-ups at a time.
//!
//! Whatever is found of an account comes with its last sequence, which every movement raises. Where two parts of an
//! answer come with different ones, a movement came between them, and the answer is made again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OnceCell, Semaphore};

use crate::domain::bill::{Bill, BilledAccount};
use crate::engine::{Accounts, Engine, EngineError, LookUps, Priority, Rules};
use crate::store::base::look_up::{AsOf, LookUp};

/// Times that an answer is made from what is there at each look-up; once more, it is made from a snapshot.
const TRIES_MAX: u32 = 3;
/// Look-ups of one operation that wait at once, those left out that are combined with others': so nobody else waits for
/// all of a long one.
const LOOK_UPS_AT_ONCE: usize = 4;

/// The views of one operation, one after the other.
pub(in crate::graphql) struct Views {
    engine: Arc<Engine>,
    priority: Priority,
    present: Mutex<Arc<View>>,
}

/// What is seen in one try.
pub(in crate::graphql) struct View {
    tries: u32,
    look_ups: LookUps,
    now_ms: i64,
    rules: Arc<Rules>,
    places: Semaphore,
    accounts: Mutex<HashMap<String, Arc<AccountsTogether>>>,
    sequences: Mutex<HashMap<String, i64>>,
    is_torn: AtomicBool,
}

/// Accounts that are looked up together, by the first who waits for them.
struct AccountsTogether {
    numbers: Vec<String>,
    found: OnceCell<Result<Accounts, EngineError>>,
}

impl Views {
    pub(in crate::graphql) fn new(engine: &Arc<Engine>, priority: Priority) -> Self {
        let first = View::new(engine, 1, engine.look_ups(priority));
        Self { engine: engine.clone(), priority, present: Mutex::new(Arc::new(first)) }
    }

    pub(in crate::graphql) fn present(&self) -> Arc<View> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins with a new first try: something was written.
    pub(in crate::graphql) fn begin_again(&self) {
        self.put(View::new(&self.engine, 1, self.engine.look_ups(self.priority)));
    }

    /// Goes on to the next try, if what was seen isn't of one instant.
    ///
    /// # Errors
    /// BUSY, where there is no snapshot in time.
    pub(in crate::graphql) async fn renew_if_torn(&self) -> Result<bool, EngineError> {
        let present = self.present();
        if !present.is_torn.load(Ordering::Acquire) || present.tries > TRIES_MAX {
            return Ok(false);
        }
        let look_ups = match present.tries < TRIES_MAX {
            true => self.engine.look_ups(self.priority),
            false => self.engine.snapshot().await?,
        };
        self.put(View::new(&self.engine, present.tries + 1, look_ups));
        Ok(true)
    }

    fn put(&self, view: View) {
        *self.present.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }
}

impl View {
    fn new(engine: &Engine, tries: u32, look_ups: LookUps) -> Self {
        Self {
            tries,
            look_ups,
            now_ms: engine.now_ms(),
            rules: engine.rules(),
            places: Semaphore::new(LOOK_UPS_AT_ONCE),
            accounts: Mutex::default(),
            sequences: Mutex::default(),
            is_torn: AtomicBool::new(false),
        }
    }

    /// Whether nothing was seen before.
    pub(in crate::graphql) fn is_first(&self) -> bool {
        self.tries == 1
    }

    /// The instant at which it began, milliseconds UTC.
    pub(in crate::graphql) fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// The utility's rules and channels. No decision is made from them.
    pub(in crate::graphql) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The accounts of these numbers, in their order; `None` where there is none.
    pub(in crate::graphql) async fn accounts(
        &self,
        numbers: &[String],
    ) -> Result<Vec<Option<Arc<BilledAccount>>>, EngineError> {
        let mut accounts = Vec::with_capacity(numbers.len());
        for (number, together) in numbers.iter().zip(self.together(numbers)) {
            let find = || self.look_ups.accounts(together.numbers.clone());
            let found = together.found.get_or_init(find).await;
            let account = found.as_ref().map_err(|error| *error)?.get(number).cloned();
            if let Some(billed) = &account {
                self.note(number, billed.account.last_sequence);
            }
            accounts.push(account);
        }
        Ok(accounts)
    }

    /// The bill of that account number and bill number.
    pub(in crate::graphql) async fn bill(&self, key: (String, String)) -> Result<Option<Bill>, EngineError> {
        let mut found = self.look_ups.bills(vec![key.clone()]).await?;
        Ok(found.remove(&key).map(|(bill, sequence)| {
            self.note(&key.0, sequence);
            bill
        }))
    }

    /// What is said of accounts by another look-up.
    pub(in crate::graphql) async fn look_up<T: Send + 'static, L: LookUp<Found = AsOf<T>>>(
        &self,
        look_up: L,
    ) -> Result<T, EngineError> {
        let AsOf { found, sequences } = self.look_up_apart(look_up).await?;
        for (number, sequence) in sequences {
            self.note(&number, sequence);
        }
        Ok(found)
    }

    /// What is said of no account.
    pub(in crate::graphql) async fn look_up_apart<L: LookUp>(
        &self,
        look_up: L,
    ) -> Result<L::Found, EngineError> {
        let _place = self.places.acquire().await.map_err(|_| EngineError::Busy)?;
        self.look_ups.look_up(look_up).await
    }

    fn note(&self, number: &str, sequence: i64) {
        let mut sequences = self.sequences.lock().unwrap_or_else(PoisonError::into_inner);
        match sequences.get(number) {
            Some(seen) if *seen != sequence => self.is_torn.store(true, Ordering::Release),
            Some(_) => {}
            None => {
                sequences.insert(number.to_owned(), sequence);
            }
        }
    }

    /// Those that others look up, and one look-up for all numbers that are new.
    fn together(&self, numbers: &[String]) -> Vec<Arc<AccountsTogether>> {
        let mut known = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new: Vec<String> =
            numbers.iter().filter(|&number| !known.contains_key(number)).cloned().collect();
        new.sort_unstable();
        new.dedup();
        if !new.is_empty() {
            let together = Arc::new(AccountsTogether { numbers: new, found: OnceCell::new() });
            known.extend(together.numbers.iter().map(|number| (number.clone(), together.clone())));
        }
        numbers.iter().filter_map(|number| known.get(number).cloned()).collect()
    }
}
