//! What accounts and channels store and could be counted again: the set-wise part of I5, and I6, I8
//! and I9.

use super::check::Check;
use super::check::Columns::{Count, Fen, Subject};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "I5",
        words: "account whose oldest due date is not that of its payable bills",
        columns: Subject,
        sql: "SELECT 'account ' || a.account_number || ': ' || coalesce(CAST(a.open_from AS TEXT), 'none') || \
              ', not ' || coalesce(CAST(b.due_on AS TEXT), 'none') AS subject FROM accounts a \
              LEFT JOIN (SELECT account_number, min(due_on) AS due_on FROM bills \
              WHERE status IN ('OPEN', 'PARTLY_PAID') GROUP BY account_number) AS b \
              ON b.account_number = a.account_number WHERE a.open_from IS DISTINCT FROM b.due_on",
    },
    Check {
        invariant: "I5",
        words: "advance beside a payable bill",
        columns: Subject,
        sql: "SELECT 'account ' || a.account_number AS subject FROM accounts a WHERE a.advance_fen > 0 \
              AND EXISTS (SELECT 1 FROM bills b WHERE b.account_number = a.account_number \
              AND b.status IN ('OPEN', 'PARTLY_PAID'))",
    },
    Check {
        invariant: "I6",
        words: "advance less shortfall that is not its entries",
        columns: Fen,
        sql: "SELECT 'account ' || account_number AS subject, sum(account_fen) AS found, sum(entry_fen) AS expected \
              FROM (SELECT account_number, advance_fen - shortfall_fen AS account_fen, 0 AS entry_fen FROM accounts \
              UNION ALL SELECT account_number, 0, CASE WHEN credit = 'ADVANCE' THEN amount_fen ELSE -amount_fen END \
              FROM entries WHERE credit = 'ADVANCE' OR debit = 'ADVANCE') AS sides \
              GROUP BY account_number HAVING sum(account_fen) <> sum(entry_fen)",
    },
    Check {
        invariant: "I6",
        words: "advance beside a shortfall, or one below zero",
        columns: Subject,
        sql: "SELECT 'account ' || account_number AS subject FROM accounts \
              WHERE (advance_fen > 0 AND shortfall_fen > 0) OR advance_fen < 0 OR shortfall_fen < 0",
    },
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
        invariant: "I8",
        words: "total that is not the recounted amount",
        columns: Fen,
        sql: "SELECT 'channel ' || channel_code || ' on ' || CAST(business_day AS TEXT) || ' ' || kind AS subject, \
              sum(stored) AS found, sum(counted) AS expected FROM ( \
              SELECT channel_code, business_day, 'posted' AS kind, posted_fen AS stored, 0 AS counted \
              FROM channel_total_deltas \
              UNION ALL SELECT channel_code, business_day, 'reversed', reversed_fen, 0 FROM channel_total_deltas \
              UNION ALL SELECT channel_code, business_day, 'posted', 0, amount_fen FROM payments \
              UNION ALL SELECT r.channel_code, r.business_day, 'reversed', 0, p.amount_fen FROM reversals r \
              JOIN payments p ON p.id = r.payment_id AND p.account_number = r.account_number) AS sides \
              GROUP BY channel_code, business_day, kind HAVING sum(stored) <> sum(counted)",
    },
    Check {
        invariant: "I8",
        words: "total that is not the recounted number",
        columns: Count,
        sql: "SELECT 'channel ' || channel_code || ' on ' || CAST(business_day AS TEXT) || ' ' || kind AS subject, \
              sum(stored) AS found, sum(counted) AS expected FROM ( \
              SELECT channel_code, business_day, 'posted' AS kind, posted_count AS stored, 0 AS counted \
              FROM channel_total_deltas \
              UNION ALL SELECT channel_code, business_day, 'reversed', reversed_count, 0 FROM channel_total_deltas \
              UNION ALL SELECT channel_code, business_day, 'posted', 0, 1 FROM payments \
              UNION ALL SELECT channel_code, business_day, 'reversed', 0, 1 FROM reversals) AS sides \
              GROUP BY channel_code, business_day, kind HAVING sum(stored) <> sum(counted)",
    },
    Check {
        invariant: "I9",
        words: "sequence that is not 1 to the account's last",
        columns: Count,
        // A movement of an account that isn't there has nothing to be counted against.
        sql: "SELECT 'account ' || account_number AS subject, count(sequence) AS found, \
              coalesce(max(last_sequence), -1) AS expected FROM ( \
              SELECT account_number, CAST(NULL AS BIGINT) AS sequence, last_sequence FROM accounts \
              UNION ALL SELECT account_number, sequence, NULL FROM bills \
              UNION ALL SELECT account_number, sequence, NULL FROM payments WHERE sequence IS NOT NULL \
              UNION ALL SELECT account_number, sequence, NULL FROM reversals WHERE sequence IS NOT NULL) AS movements \
              GROUP BY account_number HAVING count(sequence) <> coalesce(max(last_sequence), -1) \
              OR count(DISTINCT sequence) <> count(sequence) OR min(sequence) <> 1 \
              OR max(sequence) <> max(last_sequence)",
    },
];
