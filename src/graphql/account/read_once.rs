//! Within one query an account is looked up once, however often it is asked for: all that is said about it is then
//! of one look, and lists of lists cost no more look-ups than there are accounts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::domain::account::{Account, Holder};
use crate::domain::bill::Bill;
use crate::engine::{Engine, EngineError, Priority};

/// A look-up of some accounts together, made by the first who waits for it.
struct LookUp {
    numbers: Vec<String>,
    found: OnceCell<Result<Found, EngineError>>,
}

struct Found {
    accounts: HashMap<String, (Account, Holder)>,
    /// Where they were asked for.
    open_bills: Option<HashMap<String, Arc<Vec<Bill>>>>,
}

/// An account, and its open bills where they were asked for.
pub(in crate::graphql) type FoundAccount = ((Account, Holder), Option<Arc<Vec<Bill>>>);

/// The look-ups of one query, by number and by whether open bills are among them.
#[derive(Default)]
pub(in crate::graphql) struct ReadOnce(Mutex<HashMap<(String, bool), Arc<LookUp>>>);

impl ReadOnce {
    /// The accounts of these numbers, in their order; `None` where there is none.
    pub(in crate::graphql) async fn accounts(
        &self,
        engine: &Engine,
        priority: Priority,
        numbers: &[String],
        with_bills: bool,
    ) -> Result<Vec<Option<FoundAccount>>, EngineError> {
        let mut accounts = Vec::with_capacity(numbers.len());
        for (number, look_up) in numbers.iter().zip(self.look_ups(numbers, with_bills)) {
            let find = || Found::look_up(engine, priority, look_up.numbers.clone(), with_bills);
            let found = look_up.found.get_or_init(find).await;
            accounts.push(found.as_ref().map_err(|error| *error)?.account(number));
        }
        Ok(accounts)
    }

    /// Those that others make, and one for all numbers that are new.
    fn look_ups(&self, numbers: &[String], with_bills: bool) -> Vec<Arc<LookUp>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = |number: &String| (number.clone(), with_bills);
        let mut new: Vec<String> =
            numbers.iter().filter(|&number| !known.contains_key(&key(number))).cloned().collect();
        new.sort_unstable();
        new.dedup();
        if !new.is_empty() {
            let look_up = Arc::new(LookUp { numbers: new, found: OnceCell::new() });
            known.extend(look_up.numbers.iter().map(|number| (key(number), look_up.clone())));
        }
        numbers.iter().filter_map(|number| known.get(&key(number)).cloned()).collect()
    }
}

impl Found {
    async fn look_up(
        engine: &Engine,
        priority: Priority,
        numbers: Vec<String>,
        with_bills: bool,
    ) -> Result<Self, EngineError> {
        if !with_bills {
            return Ok(Self { accounts: engine.accounts(priority, numbers).await?, open_bills: None });
        }
        let (accounts, bills) =
            tokio::join!(engine.accounts(priority, numbers.clone()), engine.open_bills(priority, numbers));
        let open_bills = bills?.into_iter().map(|(number, bills)| (number, Arc::new(bills))).collect();
        Ok(Self { accounts: accounts?, open_bills: Some(open_bills) })
    }

    fn account(&self, number: &str) -> Option<FoundAccount> {
        let account = self.accounts.get(number)?.clone();
        let open_bills = self.open_bills.as_ref();
        Some((account, open_bills.map(|bills| bills.get(number).cloned().unwrap_or_default())))
    }
}
