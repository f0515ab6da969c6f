//! I7 and I10: every key against its one outcome, and what a refusal may leave.

use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::batch::key_rows::{PAYMENT_POST, PAYMENT_REVERSE};
use super::super::connection::Connection;
use super::super::key_row::{KeyRow, KeySql, key_columns};
use super::super::statement::statement;
use super::check::Columns::{Count, Subject};
use super::check::{Check, Tally, for_each_row};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "I7",
        words: "payment's key without exactly one outcome",
        columns: Subject,
        sql: "SELECT 'channel ' || k.channel_code || ' key ' || k.idempotency_key AS subject \
              FROM idempotency_keys k LEFT JOIN payments p ON p.id = k.movement_id \
              WHERE k.mutation = 'PAYMENT_POST' AND (k.refusal_code IS NULL) = (p.id IS NULL)",
    },
    Check {
        invariant: "I7",
        words: "payment that differs from what was asked",
        columns: Subject,
        // Up to 5 minutes ahead paidAt counts as the instant of posting, as it does where it is absent.
        sql: "SELECT 'channel ' || k.channel_code || ' key ' || k.idempotency_key || ' payment ' || p.id AS subject \
              FROM idempotency_keys k JOIN payments p ON p.id = k.movement_id \
              WHERE k.mutation = 'PAYMENT_POST' AND (p.channel_code <> k.channel_code \
              OR p.idempotency_key <> k.idempotency_key OR p.account_number <> k.account_number \
              OR p.amount_fen <> k.amount_fen OR k.paid_at_ms > p.posted_at_ms + 300000 OR p.paid_at_ms <> CASE \
              WHEN k.paid_at_ms < p.posted_at_ms THEN k.paid_at_ms ELSE p.posted_at_ms END)",
    },
    Check {
        invariant: "I7",
        words: "payment without its key",
        columns: Subject,
        sql: "SELECT 'payment ' || p.id || ' of account ' || p.account_number AS subject FROM payments p \
              LEFT JOIN idempotency_keys k ON k.channel_code = p.channel_code \
              AND k.idempotency_key = p.idempotency_key \
              WHERE k.movement_id IS NULL OR k.mutation <> 'PAYMENT_POST' OR k.movement_id <> p.id",
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
              CASE WHEN c.mutation = 'EARLY_REVERSAL' AND c.movement_id = k.movement_id THEN 1 ELSE 0 END AS waiting, \
              CASE WHEN c.mutation = 'PAYMENT_POST' AND c.refusal_code IS NOT NULL AND k.refusal_code IS NULL \
              THEN 1 ELSE 0 END AS void \
              FROM idempotency_keys k LEFT JOIN reversals r ON r.id = k.movement_id \
              LEFT JOIN idempotency_keys c ON c.channel_code = k.channel_code \
              AND c.idempotency_key = k.counterpart_key \
              WHERE k.mutation = 'PAYMENT_REVERSE') AS outcomes WHERE refused + done + waiting + void <> 1",
    },
    Check {
        invariant: "I7",
        words: "reversal that differs from its payment or from what was asked",
        columns: Subject,
        sql: "SELECT 'reversal ' || r.id || ' of payment ' || r.payment_id AS subject FROM reversals r \
              LEFT JOIN payments p ON p.id = r.payment_id AND p.account_number = r.account_number \
              LEFT JOIN idempotency_keys k ON k.channel_code = r.channel_code \
              AND k.idempotency_key = r.idempotency_key \
              WHERE p.id IS NULL OR k.movement_id IS NULL OR k.mutation <> 'PAYMENT_REVERSE' \
              OR k.movement_id <> r.id OR k.counterpart_key <> p.idempotency_key OR k.reason <> r.reason \
              OR p.channel_code <> r.channel_code OR (p.sequence IS NULL) <> (r.sequence IS NULL) \
              OR (r.is_early AND r.posted_at_ms <> p.posted_at_ms)",
    },
    Check {
        invariant: "I7",
        words: "key kept for a payment without the reversal that waits",
        columns: Subject,
        sql: "SELECT 'channel ' || k.channel_code || ' key ' || k.idempotency_key AS subject \
              FROM idempotency_keys k LEFT JOIN idempotency_keys o ON o.channel_code = k.channel_code \
              AND o.idempotency_key = k.counterpart_key \
              WHERE k.mutation = 'EARLY_REVERSAL' AND (o.movement_id IS NULL OR o.mutation <> 'PAYMENT_REVERSE' \
              OR o.movement_id <> k.movement_id OR o.counterpart_key <> k.idempotency_key \
              OR o.reason <> k.reason OR k.reason IS NULL OR k.actor IS NULL OR k.token_id IS NULL \
              OR o.refusal_code IS NOT NULL OR k.refusal_code IS NOT NULL)",
    },
    Check {
        invariant: "I10",
        words: "refused key that left something",
        columns: Subject,
        sql: "SELECT 'channel ' || k.channel_code || ' key ' || k.idempotency_key || ': payment ' || p.id AS subject \
              FROM idempotency_keys k JOIN payments p ON p.id = k.movement_id WHERE k.refusal_code IS NOT NULL \
              UNION ALL SELECT 'channel ' || k.channel_code || ' key ' || k.idempotency_key || ': reversal ' || r.id \
              FROM idempotency_keys k JOIN reversals r ON r.id = k.movement_id WHERE k.refusal_code IS NOT NULL \
              UNION ALL SELECT 'channel ' || k.channel_code || ' key ' || k.idempotency_key || ': entry ' || \
              e.movement_id || ' line ' || e.line FROM idempotency_keys k \
              JOIN entries e ON e.movement_id = k.movement_id WHERE k.refusal_code IS NOT NULL",
    },
    Check {
        invariant: "I10",
        words: "exception about a payment that isn't there",
        columns: Subject,
        sql: "SELECT 'exception ' || e.id || ' about payment ' || e.payment_id AS subject FROM exceptions e \
              LEFT JOIN payments p ON p.id = e.payment_id AND p.account_number = e.account_number \
              WHERE e.payment_id IS NOT NULL AND p.id IS NULL",
    },
    Check {
        invariant: "I10",
        words: "rows of a channel that isn't registered",
        columns: Count,
        sql: "SELECT 'channel ' || w.channel_code AS subject, count(*) AS found, 0 AS expected FROM ( \
              SELECT channel_code FROM idempotency_keys UNION ALL SELECT channel_code FROM payments \
              UNION ALL SELECT channel_code FROM reversals UNION ALL SELECT channel_code FROM exceptions \
              UNION ALL SELECT channel_code FROM channel_total_deltas) AS w \
              LEFT JOIN channels c ON c.code = w.channel_code WHERE c.code IS NULL GROUP BY w.channel_code",
    },
    Check {
        invariant: "I10",
        words: "account or holder without the other",
        columns: Subject,
        sql: "SELECT 'account ' || a.account_number AS subject FROM accounts a LEFT JOIN account_holders h \
              ON h.account_number = a.account_number WHERE h.account_number IS NULL \
              UNION ALL SELECT 'holder of account ' || h.account_number FROM account_holders h LEFT JOIN accounts a \
              ON a.account_number = h.account_number WHERE a.account_number IS NULL",
    },
];

/// A recorded answer that no replay could repeat.
pub(super) const UNREADABLE: &str = "key whose recorded input or refusal can't be read";

statement! {
    struct TextsOfKeys -> (KeySql)
    both concat!("SELECT ", key_columns!(), " FROM idempotency_keys k \
        WHERE k.bill_numbers IS NOT NULL OR k.refusal_code IS NOT NULL")
}

/// Reads the parts of key rows that SQL can't judge, as a replay would.
pub(super) fn read_answers(connection: &mut Connection, tally: &mut Tally) -> Result<(), StoreError> {
    for_each_row!(connection, TextsOfKeys {}, KeyRow, |row| read_answer(&row, tally));
    Ok(())
}

fn read_answer(row: &KeyRow, tally: &mut Tally) {
    let is_refusal_known = match row.mutation.as_str() {
        PAYMENT_POST => row.post_refusal().is_ok(),
        PAYMENT_REVERSE => row.reverse_refusal().is_ok(),
        _ => row.refusal_code.is_none(),
    };
    let is_list = |json: &String| serde_json::from_str::<Vec<String>>(json).is_ok();
    if !is_refusal_known || !row.bill_numbers.iter().all(is_list) {
        tally.add(|| format!("{UNREADABLE}: channel {} key {}", row.channel_code, row.idempotency_key));
    }
}
