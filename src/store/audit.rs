//! The audit.
use super::{StoreError, connection::Connection};
#[derive(Debug)]
pub struct Finding {
    pub invariant: &'static str,
    pub claim: &'static str,
    pub verdict: Verdict,
}
#[derive(Debug)]
pub enum Verdict {
    Holds,
    Broken { count: u64, rows: Vec<String> },
    NotVisible { why: &'static str },
}
pub fn run(_: &mut Connection) -> Result<Vec<Finding>, StoreError> {
    Ok(Vec::new())
}
