//! The business: plain functions over plain values. Nothing here can do I/O, read a clock, draw a
//! random number or log, so nothing here can fail for a reason outside the rules.

pub mod account;
pub mod answer;
pub mod apply;
pub mod bill;
pub mod calendar;
pub mod channel;
pub mod clock;
pub mod command;
pub mod decide;
pub mod door;
pub mod exception;
pub mod ledger;
pub mod masking;
pub mod money;
pub mod payment;
pub mod penalty;
pub mod state;
pub mod text;
