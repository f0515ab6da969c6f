//! The business: plain functions over plain values. Nothing here can do I/O, read a clock, draw a
//! random number or log, so nothing here can fail for a reason outside the rules.
//!
//! Each capability has a room: its nouns in `mod`, then what it decides and what it touches. A room's nouns may use
//! another's, never both each other's; `rooms` lists those with commands; `state` holds what they know for a batch;
//! decisions use the state; the `book` is of all commands.

pub mod base;

pub mod access;
pub mod account;
pub mod bill;
pub mod channel;
pub mod exception;
pub mod payment;
pub mod reversal;
#[cfg(feature = "trial")]
pub mod trial;

pub mod book;
pub mod command;
pub mod keyed;
pub mod movement;
mod rooms;
pub mod state;
pub mod touches;
