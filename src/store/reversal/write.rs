//! What a batch writes of reversals.

use super::super::StoreError;
use super::super::base::connection::Connection;
use super::super::base::in_order::InOrder;
use super::reversals;
use crate::domain::base::clock::Ids;
use crate::domain::state::State;

/// Writes new reversals.
pub(in crate::store) fn write(
    connection: &mut Connection,
    state: &State,
    _ids: &mut dyn Ids,
) -> Result<(), StoreError> {
    let rows = state.changes.payments.reversals.iter().map(|reversal| reversals::New {
        id: reversal.id,
        account_number: &reversal.account_number,
        payment_id: reversal.payment_id,
        sequence: reversal.sequence,
        channel_code: &reversal.channel_code,
        idempotency_key: &reversal.idempotency_key,
        reason: &reversal.reason,
        is_early: reversal.is_early,
        posted_at_ms: reversal.posted_at_ms,
        business_day: reversal.business_day,
        actor: &reversal.actor.subject,
        token_id: &reversal.actor.token_id,
    });
    reversals::insert(connection, InOrder::of(rows))?;
    Ok(())
}
