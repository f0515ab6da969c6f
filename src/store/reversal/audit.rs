//! Reversals against their payments, their entries and their keys: I4 and I7.

use super::super::base::check::Check;
use super::super::base::check::Columns::{Count, Fen, Subject};

pub(in crate::store) const CHECKS: &[Check] = &[
    Check {
        invariant: "I4",
        words: "reversal that doesn't mirror its payment",
        columns: Fen,
        sql: "SELECT 'reversal ' || id || ' of ' || side || ' ' || bill_number || ' paid on ' || \
              CAST(paid_on AS TEXT) AS subject, sum(back_fen) AS found, sum(paid_fen) AS expected FROM ( \
              SELECT r.id, r.account_number, e.channel_code, e.debit AS side, \
              coalesce(e.bill_number, '') AS bill_number, e.paid_on, e.amount_fen AS back_fen, 0 AS paid_fen \
              FROM reversals r JOIN entries e ON e.movement_id = r.id AND e.account_number = r.account_number \
              WHERE e.credit = 'CLEARING' \
              UNION ALL SELECT r.id, r.account_number, e.channel_code, e.credit, coalesce(e.bill_number, ''), \
              e.paid_on, 0, e.amount_fen \
              FROM reversals r JOIN entries e ON e.movement_id = r.payment_id AND e.account_number = r.account_number \
              WHERE e.debit = 'CLEARING') AS sides \
              GROUP BY id, account_number, channel_code, side, bill_number, paid_on \
              HAVING sum(back_fen) <> sum(paid_fen)",
    },
    Check {
        invariant: "I7",
        words: "reversal's key without exactly one outcome",
        columns: Count,
        // Refused, done, or remembered: then the payment's key is kept for it, or the payment came
        // and was refused.
        sql: "SELECT subject, refused + done + waiting + void AS found, 1 AS expected FROM ( \
              SELECT 'channel ' || k.channel_code || ' key ' || k.idempotency_key AS subject, \
              CASE WHEN k.refusal_code IS NOT NULL THEN 1 ELSE 0 END AS refused, \
              CASE WHEN r.id IS NOT NULL THEN 1 ELSE 0 END AS done, \
              CASE WHEN c.kind = 'EARLY_REVERSAL' AND c.number = k.number THEN 1 ELSE 0 END AS waiting, \
              CASE WHEN c.kind = 'PAYMENT_POST' AND c.refusal_code IS NOT NULL AND k.refusal_code IS NULL \
              THEN 1 ELSE 0 END AS void \
              FROM idempotency_keys k LEFT JOIN reversals r ON r.id = k.number \
              LEFT JOIN idempotency_keys c ON c.channel_code = k.channel_code \
              AND c.idempotency_key = INPUT(k,1) \
              WHERE k.kind = 'PAYMENT_REVERSE') AS outcomes WHERE refused + done + waiting + void <> 1",
    },
    Check {
        invariant: "I7",
        words: "reversal that differs from its payment or from what was asked",
        columns: Subject,
        sql: "SELECT 'reversal ' || r.id || ' of payment ' || r.payment_id AS subject FROM reversals r \
              LEFT JOIN payments p ON p.id = r.payment_id AND p.account_number = r.account_number \
              LEFT JOIN idempotency_keys k ON k.channel_code = r.channel_code \
              AND k.idempotency_key = r.idempotency_key \
              WHERE p.id IS NULL OR k.number IS NULL OR k.kind <> 'PAYMENT_REVERSE' \
              OR k.number <> r.id OR INPUT(k,1) IS DISTINCT FROM p.idempotency_key OR INPUT(k,2) IS DISTINCT FROM r.reason \
              OR p.channel_code <> r.channel_code OR (p.sequence IS NULL) <> (r.sequence IS NULL) \
              OR (r.is_early AND r.posted_at_ms <> p.posted_at_ms)",
    },
    Check {
        invariant: "I7",
        words: "key kept for a payment without the reversal that waits",
        columns: Subject,
        sql: "SELECT 'channel ' || k.channel_code || ' key ' || k.idempotency_key AS subject \
              FROM idempotency_keys k LEFT JOIN idempotency_keys o ON o.channel_code = k.channel_code \
              AND o.idempotency_key = INPUT(k,1) \
              WHERE k.kind = 'EARLY_REVERSAL' AND (o.number IS NULL OR o.kind <> 'PAYMENT_REVERSE' \
              OR o.number <> k.number OR INPUT(o,1) IS DISTINCT FROM k.idempotency_key \
              OR INPUT(o,2) IS DISTINCT FROM INPUT(k,2) \
              OR o.refusal_code IS NOT NULL OR k.refusal_code IS NOT NULL)",
    },
];
