//! What a batch writes of exceptions.

use super::super::StoreError;
use super::super::base::connection::Connection;
use super::super::base::in_order::InOrder;
use super::exceptions;
use crate::domain::base::clock::Ids;
use crate::domain::base::text::sha256;
use crate::domain::state::State;

/// Writes the exceptions that aren't there yet.
pub(in crate::store) fn write(
    connection: &mut Connection,
    state: &State,
    ids: &mut dyn Ids,
) -> Result<(), StoreError> {
    let rows = state.changes.exceptions.iter().map(|exception| exceptions::New {
        id: ids.next_id(),
        account_number: &exception.account_number,
        channel_code: &exception.channel_code,
        idempotency_key: &exception.idempotency_key,
        kind: exception.kind.word(),
        detail: &exception.detail,
        fingerprint: sha256(&exception.detail),
        payment_id: exception.payment_id,
        recorded_at_ms: exception.recorded_at_ms,
        business_day: exception.business_day,
    });
    exceptions::insert(connection, InOrder::of(rows))?;
    Ok(())
}
