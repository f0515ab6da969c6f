//! Damage for every check of the audit, each by one stroke of SQL that no rule would allow.

/// One way to damage a ledger.
pub struct Damage {
    /// What the check that must find it says.
    pub words: &'static str,
    /// The same on both back ends.
    pub sql: &'static str,
    /// Exactly what it breaks, in order.
    pub breaks: &'static [&'static str],
}

const fn damage(words: &'static str, sql: &'static str, breaks: &'static [&'static str]) -> Damage {
    Damage { words, sql, breaks }
}

pub const DAMAGES: &[Damage] = &[
    damage(
        "key with more than one payment",
        "INSERT INTO payments SELECT 900001, account_number, sequence, channel_code, idempotency_key, amount_fen, \
         to_advance_fen, to_suspense_fen, paid_at_ms, posted_at_ms, paid_on, business_day, actor, token_id, note \
         FROM payments WHERE idempotency_key = 'unknown'",
        &["I3", "I4", "I6", "I7", "I8"],
    ),
    damage(
        "movement with more than one key",
        "INSERT INTO idempotency_keys (channel_code, idempotency_key, kind, number, input) \
         SELECT channel_code, 'twin', kind, number, input FROM idempotency_keys WHERE idempotency_key = 'undo-late'",
        &["I3"],
    ),
    damage(
        "number of more than one movement",
        "UPDATE bills SET movement_id = (SELECT id FROM payments WHERE idempotency_key = 'exact') \
         WHERE account_number = '0005' AND bill_number = 'ZERO'",
        &["I3"],
    ),
    damage(
        "payment whose parts don't add up",
        "UPDATE entries SET remaining_after_fen = NULL WHERE line = 1 AND movement_id = \
         (SELECT id FROM payments WHERE idempotency_key = 'exact')",
        &["I3"],
    ),
    damage(
        "clearing that is not payments less reversals",
        "UPDATE entries SET channel_code = 'BANK' WHERE movement_id = \
         (SELECT id FROM payments WHERE idempotency_key = 'exact')",
        &["I4"],
    ),
    damage(
        "receivable that is not the bill's unpaid principal",
        "UPDATE bills SET principal_fen = principal_fen + 1 WHERE account_number = '0003' AND bill_number = 'B2'",
        &["I4"],
    ),
    damage(
        "payment whose entries differ from it",
        "UPDATE payments SET amount_fen = amount_fen + 1, to_advance_fen = to_advance_fen + 1 \
         WHERE idempotency_key = 'exact'",
        &["I4", "I7", "I8"],
    ),
    damage(
        "reversal that doesn't mirror its payment",
        "UPDATE entries SET paid_on = '2025-12-26' WHERE credit = 'CLEARING' AND debit = 'PENALTY' AND movement_id = \
         (SELECT id FROM reversals WHERE idempotency_key = 'undo-late')",
        &["I4"],
    ),
    damage(
        "bill whose issue differs from its principal",
        "UPDATE entries SET movement_id = 900001 WHERE debit = 'RECEIVABLE' AND credit = 'REVENUE' \
         AND account_number = '0004'",
        &["I4"],
    ),
    damage(
        "entry that no payment, reversal or bill can have made",
        "INSERT INTO entries (movement_id, line, account_number, debit, credit, amount_fen, paid_on, business_day) \
         VALUES (900001, 1, '0004', 'REVENUE', 'PENALTY', 5, '2026-01-01', '2026-01-01')",
        &["I4"],
    ),
    damage(
        "entry on a bill that isn't there",
        "UPDATE entries SET bill_number = NULL WHERE credit = 'PENALTY' AND movement_id = \
         (SELECT id FROM payments WHERE idempotency_key = 'exact')",
        &["I3", "I4", "I5"],
    ),
    damage(
        "entry dated otherwise than its movement",
        "UPDATE entries SET business_day = '2026-01-01' WHERE movement_id = \
         (SELECT id FROM payments WHERE idempotency_key = 'exact')",
        &["I4"],
    ),
    damage(
        "entry dated otherwise than its movement",
        "UPDATE entries SET business_day = '2026-01-01' WHERE credit = 'CLEARING' AND movement_id = \
         (SELECT id FROM reversals WHERE idempotency_key = 'undo-late')",
        &["I4"],
    ),
    damage(
        "entry dated otherwise than its movement",
        "UPDATE entries SET business_day = '2025-12-01' WHERE debit = 'ADVANCE' AND credit = 'RECEIVABLE'",
        &["I4"],
    ),
    damage(
        "bill that can't be read",
        "UPDATE bills SET principal_by_day = 'yesterday' WHERE account_number = '0001' AND bill_number = 'B1'",
        &["I5"],
    ),
    damage(
        "principal paid that is not the bill's entries",
        "UPDATE bills SET principal_paid_fen = principal_paid_fen - 1 WHERE account_number = '0001' \
         AND bill_number = 'B1'",
        &["I4", "I5"],
    ),
    damage(
        "penalty paid that is not the bill's entries",
        "UPDATE bills SET penalty_paid_fen = penalty_paid_fen + 1 WHERE account_number = '0001' \
         AND bill_number = 'B1'",
        &["I5"],
    ),
    damage(
        "principal by day that is not the bill's entries",
        "UPDATE bills SET principal_by_day = '' WHERE account_number = '0001' AND bill_number = 'B1'",
        &["I5"],
    ),
    damage(
        "bill paid below zero or beyond what is owed",
        "UPDATE bills SET principal_fen = principal_paid_fen - 1 WHERE account_number = '0001' \
         AND bill_number = 'B1'",
        &["I4", "I5"],
    ),
    damage(
        "status that doesn't follow from the amounts",
        "UPDATE bills SET status = 'OPEN' WHERE status = 'PARTLY_PAID'",
        &["I5"],
    ),
    damage(
        "account whose oldest due date is not that of its payable bills",
        "UPDATE accounts SET open_from = '2020-01-01' WHERE account_number = '0001'",
        &["I5"],
    ),
    damage(
        "advance beside a payable bill",
        "UPDATE accounts SET advance_fen = 1 WHERE account_number = '0002'",
        &["I5", "I6"],
    ),
    damage(
        "advance less shortfall that is not its entries",
        "UPDATE accounts SET advance_fen = advance_fen + 1 WHERE account_number = '0005'",
        &["I6"],
    ),
    damage(
        "advance beside a shortfall, or one below zero",
        "UPDATE accounts SET advance_fen = advance_fen + 1, shortfall_fen = 1 WHERE account_number = '0005'",
        &["I6"],
    ),
    damage(
        "suspense that is not its payments less reversals, or below zero",
        "UPDATE payments SET account_number = '8888' WHERE idempotency_key = 'unknown'; \
         UPDATE idempotency_keys SET input = replace(input, '9999', '8888') WHERE idempotency_key = 'unknown'; \
         UPDATE exceptions SET account_number = '8888' WHERE idempotency_key = 'unknown'",
        &["I4", "I6"],
    ),
    damage(
        "payment's key without exactly one outcome",
        "UPDATE idempotency_keys SET number = 900001 WHERE idempotency_key = 'exact'",
        &["I7"],
    ),
    damage(
        "payment's key without exactly one outcome",
        "UPDATE idempotency_keys SET refusal_code = NULL WHERE idempotency_key = 'not-exact'",
        &["I7"],
    ),
    damage(
        "payment that differs from what was asked",
        "UPDATE idempotency_keys SET input = (SELECT '[1,\"0002\",300000,' || (p.paid_at_ms + 1) || ']' FROM payments p \
         WHERE p.idempotency_key = 'back-dated') WHERE idempotency_key = 'back-dated'",
        &["I7"],
    ),
    damage(
        "payment that differs from what was asked",
        "UPDATE idempotency_keys SET input = (SELECT '[1,\"0001\",500,' || (p.posted_at_ms + 300001) || ']' FROM payments p \
         WHERE p.idempotency_key = 'ahead') WHERE idempotency_key = 'ahead'",
        &["I7"],
    ),
    damage(
        "payment that differs from what was asked",
        "UPDATE idempotency_keys SET input = '[1,\"0004\",5001]' WHERE idempotency_key = 'exact'",
        &["I7"],
    ),
    damage(
        "payment that differs from what was asked",
        "UPDATE idempotency_keys SET input = '[1,\"0004\",\"abc\"]' WHERE idempotency_key = 'exact'",
        &["I7"],
    ),
    damage(
        "payment that differs from what was asked",
        "UPDATE idempotency_keys SET input = '[1]' WHERE idempotency_key = 'exact'",
        &["I7"],
    ),
    damage(
        "payment without its key",
        "DELETE FROM idempotency_keys WHERE idempotency_key = 'exact'",
        &["I7"],
    ),
    damage(
        "reversal's key without exactly one outcome",
        "UPDATE idempotency_keys SET kind = 'PAYMENT_POST', input = '[1,\"1\",1]', \
         refusal_code = 'ACCOUNT_NOT_FOUND', number = 900001 \
         WHERE idempotency_key = 'undo-late'; DELETE FROM idempotency_keys WHERE idempotency_key = 'never-comes'",
        &["I7"],
    ),
    damage(
        "reversal that differs from its payment or from what was asked",
        "UPDATE reversals SET reason = 'another' WHERE idempotency_key = 'undo-late'",
        &["I7"],
    ),
    damage(
        "reversal that differs from its payment or from what was asked",
        "UPDATE reversals SET is_early = TRUE WHERE idempotency_key = 'undo-late'",
        &["I7"],
    ),
    damage(
        "key kept for a payment without the reversal that waits",
        "UPDATE idempotency_keys SET input = replace(input, '[1,', '[1,\"another\",') WHERE kind = 'EARLY_REVERSAL'",
        &["I7"],
    ),
    damage(
        "key whose recorded input or refusal can't be read",
        "UPDATE idempotency_keys SET input = replace(input, '[1,', '[2,') WHERE idempotency_key = 'named'",
        &["I7"],
    ),
    damage(
        "key whose recorded input or refusal can't be read",
        "UPDATE idempotency_keys SET input = replace(input, ']', ',true]') WHERE idempotency_key = 'not-exact'",
        &["I7"],
    ),
    damage(
        "key whose recorded input or refusal can't be read",
        "UPDATE idempotency_keys SET kind = 'PAYMENT_POSTED' WHERE idempotency_key = 'not-exact'",
        &["I7"],
    ),
    damage(
        "key whose recorded input or refusal can't be read",
        "UPDATE idempotency_keys SET refusal_code = 'BECAUSE' WHERE idempotency_key = 'not-exact'",
        &["I7"],
    ),
    damage(
        "total that is not the recounted amount",
        "UPDATE channel_total_deltas SET reversed_fen = reversed_fen + 1 WHERE reversed_fen > 0",
        &["I8"],
    ),
    damage(
        "total that is not the recounted number",
        "UPDATE channel_total_deltas SET posted_count = posted_count + 1 WHERE posted_count > 0",
        &["I8"],
    ),
    damage(
        "sequence that is not 1 to the account's last",
        "UPDATE accounts SET last_sequence = last_sequence + 1 WHERE account_number = '0005'",
        &["I9"],
    ),
    damage(
        "sequence that is not 1 to the account's last",
        "UPDATE bills SET sequence = 2 WHERE account_number = '0001'",
        &["I9"],
    ),
    damage(
        "sequence that is not 1 to the account's last",
        "DELETE FROM accounts WHERE account_number = '0005'; \
         DELETE FROM account_holders WHERE account_number = '0005'",
        &["I6", "I9"],
    ),
    damage(
        "refused key that left something",
        "UPDATE idempotency_keys SET refusal_code = 'ACCOUNT_NOT_FOUND' WHERE idempotency_key = 'exact'",
        &["I7", "I10"],
    ),
    damage(
        "refused key that left something",
        "INSERT INTO entries (movement_id, line, account_number, debit, credit, amount_fen, paid_on, business_day) \
         SELECT number, 1, '0004', 'REVENUE', 'SUSPENSE', 5, '2026-01-01', '2026-01-01' FROM idempotency_keys \
         WHERE idempotency_key = 'not-exact'",
        &["I4", "I6", "I10"],
    ),
    damage(
        "exception about a payment that isn't there",
        "UPDATE exceptions SET payment_id = 900001 WHERE idempotency_key = 'unknown'",
        &["I10"],
    ),
    damage(
        "rows of a channel that isn't registered",
        "DELETE FROM channel_amount_rules WHERE channel_code = 'WALLET'; DELETE FROM channels WHERE code = 'WALLET'",
        &["I10"],
    ),
    damage(
        "account or holder without the other",
        "DELETE FROM account_holders WHERE account_number = '0001'",
        &["I10"],
    ),
    damage(
        "account or holder without the other",
        "INSERT INTO account_holders SELECT '0009', name, address, phone, area FROM account_holders \
         WHERE account_number = '0001'",
        &["I10"],
    ),
];
