//! Short forms of what readers ask, on a connection at hand; and a look-up that holds a reader.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use chrono::NaiveDate;
use granary::domain::base::keys::{Key, Record};
use granary::domain::bill::{Bill, BilledAccount};
use granary::domain::channel::TotalDelta;
use granary::domain::exception::Exception;
use granary::domain::payment::{KeyOutcome, Payment};
use granary::store::base::connection::Connection;
use granary::store::base::look_up::LookUp;
use granary::store::bill::read::{self, BillPage};
use granary::store::channel::read::ChannelTotals;
use granary::store::exception::read::ExceptionPage;
use granary::store::payment::read::{PaymentOfKey, PaymentPage};
use granary::store::{StoreError, key};

/// The account of that number with its payable bills.
pub fn account(connection: &mut Connection, number: &str) -> Result<Option<Arc<BilledAccount>>, StoreError> {
    Ok(read::accounts(connection, &[number.to_owned()])?.remove(number))
}

/// The newest payments made under an account number.
pub fn payment_page(
    connection: &mut Connection,
    account_number: &str,
    limit: i64,
) -> Result<Vec<Payment>, StoreError> {
    let account_number = account_number.to_owned();
    PaymentPage { account_number, before: None, limit }.run(connection).map(|page| page.found)
}

/// An account's oldest bills.
pub fn bill_page(
    connection: &mut Connection,
    account_number: &str,
    limit: i64,
) -> Result<Vec<Bill>, StoreError> {
    let account_number = account_number.to_owned();
    BillPage { account_number, statuses: Vec::new(), after: None, limit }
        .run(connection)
        .map(|page| page.found)
}

/// The newest exceptions.
pub fn exception_page(connection: &mut Connection, limit: i64) -> Result<Vec<(i64, Exception)>, StoreError> {
    ExceptionPage { before: None, limit }.run(connection)
}

/// What a channel posted and reversed on a day.
pub fn channel_totals(
    connection: &mut Connection,
    channel_code: &str,
    day: NaiveDate,
) -> Result<TotalDelta, StoreError> {
    ChannelTotals { channel_code: channel_code.to_owned(), day }.run(connection)
}

/// What became of the payment of a key.
pub fn payment_of_key(connection: &mut Connection, key: &Key) -> Option<KeyOutcome> {
    PaymentOfKey(key.clone()).run(connection).expect("keys can be read").found
}

/// What is recorded under a key.
pub fn record(connection: &mut Connection, key: &Key) -> Option<Record> {
    key::find(connection, key).expect("keys can be read")
}

/// A look-up that says when it began, and takes until it is told to go on, or nobody can tell it any more.
pub struct Held {
    begun: Sender<()>,
    told: Receiver<()>,
}

/// One, who hears that it began, and who tells it to go on.
pub fn held() -> (Held, Receiver<()>, Sender<()>) {
    let ((begun, begins), (go_on, told)) = (channel(), channel());
    (Held { begun, told }, begins, go_on)
}

impl LookUp for Held {
    type Found = ();

    fn run(&mut self, _: &mut Connection) -> Result<(), StoreError> {
        let _nobody_may_listen = self.begun.send(());
        let _told_or_over = self.told.recv();
        Ok(())
    }
}
