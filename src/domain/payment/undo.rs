//! The entries that undo a payment, and undoing one whose reversal came first.

use super::super::base::ledger::{Entry, Journal, LedgerAccount};
use super::super::bill::ledger_account_of;
use super::{EarlyReversal, Payment, Reversal};

/// Writes the payment's entries with their sides changed, newest first.
pub(in crate::domain) fn write_back(payment: &Payment, journal: &mut Journal) {
    let day = payment.paid_on;
    journal.move_fen(LedgerAccount::Suspense, LedgerAccount::Clearing, payment.to_suspense_fen, day);
    journal.move_fen(LedgerAccount::Advance, LedgerAccount::Clearing, payment.to_advance_fen, day);
    for allocation in payment.allocations.iter().rev() {
        let sides = (ledger_account_of(allocation.part), LedgerAccount::Clearing);
        journal.move_bill_fen(sides, &allocation.bill_number, allocation.amount_fen, day, None);
    }
}

/// The reversal that waited for this payment, with its entries.
pub(super) fn undo_early(
    payment: &Payment,
    early: &EarlyReversal,
    sequence: Option<i64>,
) -> (Reversal, Vec<Entry>) {
    let channel_code = Some(payment.channel_code.as_str());
    let mut journal = Journal::new(early.id, &payment.account_number, channel_code, payment.business_day);
    write_back(payment, &mut journal);
    let reversal = Reversal {
        id: early.id,
        account_number: payment.account_number.clone(),
        payment_id: payment.id,
        sequence,
        channel_code: payment.channel_code.clone(),
        idempotency_key: early.key.clone(),
        reason: early.reason.clone(),
        is_early: true,
        posted_at_ms: payment.posted_at_ms,
        business_day: payment.business_day,
        actor: early.actor.clone(),
    };
    (reversal, journal.into_entries())
}
