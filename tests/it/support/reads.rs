//! Short forms of what readers ask, on a connection at hand.

use chrono::NaiveDate;
use granary::domain::base::keys::{Key, Record};
use granary::domain::bill::Bill;
use granary::domain::channel::TotalDelta;
use granary::domain::exception::Exception;
use granary::domain::payment::{KeyOutcome, Payment};
use granary::store::base::connection::Connection;
use granary::store::base::look_up::LookUp;
use granary::store::bill::read::BillPage;
use granary::store::channel::read::ChannelTotals;
use granary::store::exception::read::ExceptionPage;
use granary::store::payment::read::{PaymentOfKey, PaymentPage};
use granary::store::{StoreError, key};

/// The newest payments made under an account number.
pub fn payment_page(
    connection: &mut Connection,
    account_number: &str,
    limit: i64,
) -> Result<Vec<Payment>, StoreError> {
    PaymentPage { account_number: account_number.to_owned(), before_id: None, limit }.run(connection)
}

/// An account's oldest bills.
pub fn bill_page(
    connection: &mut Connection,
    account_number: &str,
    limit: i64,
) -> Result<Vec<Bill>, StoreError> {
    let account_number = account_number.to_owned();
    BillPage { account_number, statuses: Vec::new(), after: None, limit }.run(connection)
}

/// The newest exceptions.
pub fn exception_page(connection: &mut Connection, limit: i64) -> Result<Vec<(i64, Exception)>, StoreError> {
    ExceptionPage { before_id: None, limit }.run(connection)
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
    PaymentOfKey(key.clone()).run(connection).expect("keys can be read")
}

/// What is recorded under a key.
pub fn record(connection: &mut Connection, key: &Key) -> Option<Record> {
    key::find(connection, key).expect("keys can be read")
}
