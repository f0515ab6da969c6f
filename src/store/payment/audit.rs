//! Payments against their parts, their entries and their keys: I3, I4, I6, I7 and I10.

use super::super::base::check::Check;
use super::super::base::check::Columns::{Count, Fen, Subject};

pub(in crate::store) const CHECKS: &[Check] = &[
    Check {
        invariant: "I6",
        words: "suspense that is not its payments less reversals, or below zero",
        columns: Fen,
        sql: "SELECT 'number ' || account_number AS subject, sum(entry_fen) AS found, sum(payment_fen) AS expected \
              FROM (SELECT account_number, CASE WHEN credit = 'SUSPENSE' THEN amount_fen ELSE -amount_fen END \
              AS entry_fen, 0 AS payment_fen FROM entries WHERE credit = 'SUSPENSE' OR debit = 'SUSPENSE' \
              UNION ALL SELECT account_number, 0, to_suspense_fen FROM payments WHERE to_suspense_fen > 0 \
              UNION ALL SELECT p.account_number, 0, -p.to_suspense_fen FROM reversals r \
              JOIN payments p ON p.id = r.payment_id AND p.account_number = r.account_number \
              WHERE p.to_suspense_fen > 0) AS sides \
              GROUP BY account_number HAVING sum(entry_fen) <> sum(payment_fen) OR sum(entry_fen) < 0",
    },
    Check {
        invariant: "I3",
        words: "key with more than one payment",
        columns: Count,
        sql: "SELECT 'channel ' || channel_code || ' key ' || idempotency_key AS subject, count(*) AS found, \
              1 AS expected FROM payments GROUP BY channel_code, idempotency_key HAVING count(*) > 1",
    },
    Check {
        invariant: "I3",
        words: "payment whose parts don't add up",
        columns: Fen,
        sql: "SELECT 'payment ' || id AS subject, sum(part_fen) AS found, sum(amount_fen) AS expected FROM ( \
              SELECT id, account_number, to_advance_fen + to_suspense_fen AS part_fen, amount_fen FROM payments \
              UNION ALL SELECT movement_id, account_number, amount_fen, 0 FROM entries \
              WHERE remaining_after_fen IS NOT NULL AND bill_number IS NOT NULL) AS parts \
              GROUP BY id, account_number HAVING sum(part_fen) <> sum(amount_fen)",
    },
    Check {
        invariant: "I4",
        words: "payment whose entries differ from it",
        columns: Fen,
        sql: "SELECT 'payment ' || id || ' from channel ' || channel_code || ' to ' || side AS subject, \
              sum(entry_fen) AS found, sum(payment_fen) AS expected FROM ( \
              SELECT movement_id AS id, account_number, channel_code, \
              CASE WHEN credit IN ('ADVANCE', 'SUSPENSE') THEN credit ELSE 'BILLS' END AS side, \
              amount_fen AS entry_fen, 0 AS payment_fen FROM entries WHERE debit = 'CLEARING' \
              UNION ALL SELECT id, account_number, channel_code, 'ADVANCE', 0, to_advance_fen \
              FROM payments WHERE to_advance_fen > 0 \
              UNION ALL SELECT id, account_number, channel_code, 'SUSPENSE', 0, to_suspense_fen \
              FROM payments WHERE to_suspense_fen > 0 \
              UNION ALL SELECT id, account_number, channel_code, 'BILLS', 0, \
              amount_fen - to_advance_fen - to_suspense_fen FROM payments) AS sides \
              GROUP BY id, account_number, channel_code, side HAVING sum(entry_fen) <> sum(payment_fen)",
    },
    Check {
        invariant: "I7",
        words: "payment's key without exactly one outcome",
        columns: Subject,
        sql: "SELECT 'channel ' || k.channel_code || ' key ' || k.idempotency_key AS subject \
              FROM idempotency_keys k LEFT JOIN payments p ON p.id = k.number \
              WHERE k.kind = 'PAYMENT_POST' AND (k.refusal_code IS NULL) = (p.id IS NULL)",
    },
    Check {
        invariant: "I7",
        words: "payment that differs from what was asked",
        columns: Subject,
        // Up to 5 minutes ahead paidAt counts as the instant of posting, as it does where it is absent.
        sql: "SELECT 'channel ' || k.channel_code || ' key ' || k.idempotency_key || ' payment ' || p.id AS subject \
              FROM idempotency_keys k JOIN payments p ON p.id = k.number \
              WHERE k.kind = 'PAYMENT_POST' AND (p.channel_code <> k.channel_code \
              OR p.idempotency_key <> k.idempotency_key OR p.account_number IS DISTINCT FROM INPUT(k,1) OR p.amount_fen IS DISTINCT FROM NUMBER(k,2) \
              OR NUMBER(k,3) > p.posted_at_ms + 300000 OR p.paid_at_ms <> CASE \
              WHEN NUMBER(k,3) < p.posted_at_ms THEN NUMBER(k,3) \
              ELSE p.posted_at_ms END)",
    },
    Check {
        invariant: "I7",
        words: "payment without its key",
        columns: Subject,
        sql: "SELECT 'payment ' || p.id || ' of account ' || p.account_number AS subject FROM payments p \
              LEFT JOIN idempotency_keys k ON k.channel_code = p.channel_code \
              AND k.idempotency_key = p.idempotency_key \
              WHERE k.number IS NULL OR k.kind <> 'PAYMENT_POST' OR k.number <> p.id",
    },
    Check {
        invariant: "I10",
        words: "refused key that left something",
        columns: Subject,
        sql: "SELECT 'channel ' || k.channel_code || ' key ' || k.idempotency_key || ': payment ' || p.id AS subject \
              FROM idempotency_keys k JOIN payments p ON p.id = k.number WHERE k.refusal_code IS NOT NULL \
              UNION ALL SELECT 'channel ' || k.channel_code || ' key ' || k.idempotency_key || ': reversal ' || r.id \
              FROM idempotency_keys k JOIN reversals r ON r.id = k.number WHERE k.refusal_code IS NOT NULL \
              UNION ALL SELECT 'channel ' || k.channel_code || ' key ' || k.idempotency_key || ': entry ' || \
              e.movement_id || ' line ' || e.line FROM idempotency_keys k \
              JOIN entries e ON e.movement_id = k.number WHERE k.refusal_code IS NOT NULL",
    },
];
