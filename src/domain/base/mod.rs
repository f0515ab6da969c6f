//! What every capability stands on: money, text, days, the ledger, keys. It knows none of them.

pub mod actor;
pub mod calendar;
pub mod clock;
pub mod keys;
pub mod ledger;
pub mod line;
pub mod money;
pub mod not_payable;
pub mod numbers;
pub mod refusal;
pub mod text;
pub mod trims;
