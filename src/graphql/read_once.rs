//! Within one query an account is looked up once, however often it is asked for: all that is said about it is then
//! of one look, and lists of lists cost no more look-ups than there are accounts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, join_all};

use crate::domain::account::{Account, Holder};
use crate::domain::bill::Bill;
use crate::engine::{Engine, EngineError, Urgency};

/// What was found of some accounts.
type Looked = Shared<BoxFuture<'static, Result<Arc<Found>, EngineError>>>;

struct Found {
    accounts: HashMap<String, (Account, Holder)>,
    /// Where they were asked for.
    open_bills: Option<HashMap<String, Arc<Vec<Bill>>>>,
}

/// An account, and its open bills where they were asked for.
pub(super) type FoundAccount = ((Account, Holder), Option<Arc<Vec<Bill>>>);

/// The look-ups of one query, by number and by whether open bills are among them.
#[derive(Default)]
pub(super) struct ReadOnce(Mutex<HashMap<(String, bool), Looked>>);

impl ReadOnce {
    /// The accounts of these numbers, in their order; `None` where there is none.
    pub(super) async fn accounts(
        &self,
        engine: &Arc<Engine>,
        urgency: Urgency,
        numbers: Vec<String>,
        with_bills: bool,
    ) -> Result<Vec<Option<FoundAccount>>, EngineError> {
        let look_ups = self.look_ups(engine, urgency, &numbers, with_bills);
        let found = join_all(look_ups).await;
        numbers.iter().zip(found).map(|(number, found)| Ok(found?.account(number))).collect()
    }

    /// Those that were made before, and one for all numbers that are new.
    fn look_ups(
        &self,
        engine: &Arc<Engine>,
        urgency: Urgency,
        numbers: &[String],
        with_bills: bool,
    ) -> Vec<Looked> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unknown: Vec<String> = numbers.to_vec();
        unknown.retain(|number| !known.contains_key(&(number.clone(), with_bills)));
        unknown.sort_unstable();
        unknown.dedup();
        if !unknown.is_empty() {
            let looked = look_up(engine.clone(), urgency, unknown.clone(), with_bills).boxed().shared();
            known.extend(unknown.into_iter().map(|number| ((number, with_bills), looked.clone())));
        }
        let of = |number: &String| known.get(&(number.clone(), with_bills)).cloned();
        numbers.iter().filter_map(of).collect()
    }
}

async fn look_up(
    engine: Arc<Engine>,
    urgency: Urgency,
    numbers: Vec<String>,
    with_bills: bool,
) -> Result<Arc<Found>, EngineError> {
    if !with_bills {
        let accounts = engine.accounts(urgency, numbers).await?;
        return Ok(Arc::new(Found { accounts, open_bills: None }));
    }
    let (accounts, bills) =
        tokio::join!(engine.accounts(urgency, numbers.clone()), engine.open_bills(urgency, numbers));
    let open_bills = bills?.into_iter().map(|(number, bills)| (number, Arc::new(bills))).collect();
    Ok(Arc::new(Found { accounts: accounts?, open_bills: Some(open_bills) }))
}

impl Found {
    fn account(&self, number: &str) -> Option<FoundAccount> {
        let account = self.accounts.get(number)?.clone();
        let open_bills = self.open_bills.as_ref();
        Some((account, open_bills.map(|bills| bills.get(number).cloned().unwrap_or_default())))
    }
}
