//! What a batch writes of bills.

use super::super::StoreError;
use super::super::base::connection::Connection;
use super::super::base::in_order::InOrder;
use super::{bills, settled_bills};
use crate::domain::base::clock::Ids;
use crate::domain::bill::Bill;
use crate::domain::state::State;

/// Writes the bills that are new.
pub(in crate::store) fn write(
    connection: &mut Connection,
    state: &State,
    _ids: &mut dyn Ids,
) -> Result<(), StoreError> {
    let issued = state.changes.bills.issued.iter().filter_map(|key| find(state, key));
    let issued = issued.map(|bill| bills::New {
        account_number: &bill.account_number,
        bill_number: &bill.number,
        period: &bill.period,
        customer_class: bill.class.word(),
        principal_fen: bill.principal_fen,
        issued_on: bill.issued_on,
        due_on: bill.due_on,
        status: bill.status.word(),
        principal_paid_fen: bill.principal_paid_fen,
        penalty_paid_fen: bill.penalty_paid_fen,
        principal_by_day: bill.principal_by_day.to_text(),
        sequence: bill.sequence,
        movement_id: bill.movement_id,
    });
    bills::insert(connection, InOrder::of(issued))?;
    Ok(())
}

/// What movements leave of bills that were there, as rows.
pub(in crate::store) fn settled(state: &State) -> InOrder<settled_bills::Change<'_>> {
    let touched = state.changes.bills.touched.iter().filter_map(|key| find(state, key));
    InOrder::of(touched.map(|bill| settled_bills::Change {
        account_number: &bill.account_number,
        bill_number: &bill.number,
        status: bill.status.word(),
        principal_paid_fen: bill.principal_paid_fen,
        penalty_paid_fen: bill.penalty_paid_fen,
        principal_by_day: bill.principal_by_day.to_text(),
    }))
}

fn find<'a>(state: &'a State, (account_number, number): &(String, String)) -> Option<&'a Bill> {
    state.accounts.get(account_number)?.bill(number)
}
