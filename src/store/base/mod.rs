//! What every room of the store stands on. It knows no capability.

pub mod backup;
pub mod check;
pub mod connection;
pub mod files;
pub mod ids;
pub(in crate::store) mod in_order;
pub mod look_up;
pub mod migrations;
mod not_writable;
pub mod postgres_url;
pub mod read_only;
pub(in crate::store) mod statement;
pub(in crate::store) mod table;
pub(in crate::store) mod update;
pub mod utility;
pub mod write_ahead_log;
