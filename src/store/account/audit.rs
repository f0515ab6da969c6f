//! What accounts store and could be counted again: I5 by accounts, the advance's I6, I9, and holders.

use super::super::base::check::Check;
use super::super::base::check::Columns::{Count, Fen, Subject};

pub(in crate::store) const CHECKS: &[Check] = &[
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
