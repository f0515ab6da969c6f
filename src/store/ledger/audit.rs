//! The ledger against everything it stands for: I3 and I4.
//!
//! Two sides that must agree are stacked (`found` from one, `expected` from the other), grouped and
//! compared, so that a row missing on either side shows as plainly as a wrong one.

use super::super::base::check::Check;
use super::super::base::check::Columns::{Count, Fen, Subject};

pub(in crate::store) const CHECKS: &[Check] = &[
    Check {
        invariant: "I3",
        words: "movement with more than one key",
        columns: Count,
        // A reservation holds the number of the reversal that waits, which has its own key row.
        sql: "SELECT 'movement ' || number AS subject, count(*) AS found, 1 AS expected \
              FROM idempotency_keys WHERE kind <> 'EARLY_REVERSAL' GROUP BY number HAVING count(*) > 1",
    },
    Check {
        invariant: "I3",
        words: "number of more than one movement",
        columns: Count,
        sql: "SELECT 'movement ' || id AS subject, count(*) AS found, 1 AS expected FROM ( \
              SELECT id FROM payments UNION ALL SELECT id FROM reversals \
              UNION ALL SELECT movement_id FROM bills) AS movements GROUP BY id HAVING count(*) > 1",
    },
    Check {
        invariant: "I4",
        words: "clearing that is not payments less reversals",
        columns: Fen,
        sql: "SELECT 'channel ' || channel_code AS subject, sum(entry_fen) AS found, sum(row_fen) AS expected FROM ( \
              SELECT channel_code, CASE WHEN debit = 'CLEARING' THEN amount_fen ELSE -amount_fen END AS entry_fen, \
              0 AS row_fen FROM entries WHERE channel_code IS NOT NULL \
              UNION ALL SELECT channel_code, 0, amount_fen FROM payments \
              UNION ALL SELECT r.channel_code, 0, -p.amount_fen FROM reversals r \
              JOIN payments p ON p.id = r.payment_id AND p.account_number = r.account_number) AS sides \
              GROUP BY channel_code HAVING sum(entry_fen) <> sum(row_fen)",
    },
    Check {
        invariant: "I4",
        words: "receivable that is not the bill's unpaid principal",
        columns: Fen,
        sql: "SELECT 'account ' || account_number || ' bill ' || bill_number AS subject, sum(entry_fen) AS found, \
              sum(bill_fen) AS expected FROM ( \
              SELECT account_number, coalesce(bill_number, '') AS bill_number, \
              CASE WHEN debit = 'RECEIVABLE' THEN amount_fen ELSE -amount_fen END AS entry_fen, 0 AS bill_fen \
              FROM entries WHERE debit = 'RECEIVABLE' OR credit = 'RECEIVABLE' \
              UNION ALL SELECT account_number, bill_number, 0, principal_fen - principal_paid_fen FROM bills) AS sides \
              GROUP BY account_number, bill_number HAVING sum(entry_fen) <> sum(bill_fen)",
    },
    Check {
        invariant: "I4",
        words: "bill whose issue differs from its principal",
        columns: Fen,
        sql: "SELECT 'account ' || account_number || ' bill ' || bill_number || ' movement ' || movement_id \
              AS subject, sum(entry_fen) AS found, sum(bill_fen) AS expected FROM ( \
              SELECT account_number, coalesce(bill_number, '') AS bill_number, movement_id, \
              amount_fen AS entry_fen, 0 AS bill_fen FROM entries WHERE debit = 'RECEIVABLE' AND credit = 'REVENUE' \
              UNION ALL SELECT account_number, bill_number, movement_id, 0, principal_fen FROM bills) AS sides \
              GROUP BY account_number, bill_number, movement_id HAVING sum(entry_fen) <> sum(bill_fen)",
    },
    Check {
        invariant: "I4",
        words: "entry that no payment, reversal or bill can have made",
        columns: Subject,
        // Whatever leaves an account with both advance and a payable bill applies the advance.
        sql: "SELECT 'movement ' || e.movement_id || ' line ' || e.line || ' of account ' || e.account_number || \
              ', ' || e.debit || ' from ' || e.credit AS subject FROM entries e \
              LEFT JOIN payments p ON p.id = e.movement_id AND p.account_number = e.account_number \
              LEFT JOIN reversals r ON r.id = e.movement_id AND r.account_number = e.account_number \
              LEFT JOIN bills b ON b.account_number = e.account_number AND b.movement_id = e.movement_id \
              WHERE NOT ((p.id IS NOT NULL AND e.debit = 'CLEARING' AND e.credit <> 'REVENUE') \
              OR (r.id IS NOT NULL AND e.credit = 'CLEARING' AND e.debit <> 'REVENUE') \
              OR (b.movement_id IS NOT NULL AND e.debit = 'RECEIVABLE' AND e.credit = 'REVENUE') \
              OR (coalesce(p.id, r.id, b.movement_id) IS NOT NULL AND e.debit = 'ADVANCE' \
              AND e.credit IN ('RECEIVABLE', 'PENALTY')))",
    },
    Check {
        invariant: "I4",
        words: "entry on a bill that isn't there",
        columns: Subject,
        sql: "SELECT 'movement ' || e.movement_id || ' line ' || e.line || ' of account ' || e.account_number || \
              ' bill ' || coalesce(e.bill_number, 'not named') AS subject FROM entries e \
              LEFT JOIN bills b ON b.account_number = e.account_number AND b.bill_number = e.bill_number \
              WHERE b.bill_number IS NULL AND (e.bill_number IS NOT NULL \
              OR e.debit IN ('RECEIVABLE', 'PENALTY') OR e.credit IN ('RECEIVABLE', 'PENALTY'))",
    },
    Check {
        invariant: "I4",
        words: "entry dated otherwise than its movement",
        columns: Subject,
        // Advance counts as paid on the due date at the latest; a penalty out of it, when it is taken.
        sql: "SELECT 'movement ' || e.movement_id || ' line ' || e.line AS subject FROM entries e \
              JOIN payments p ON p.id = e.movement_id AND p.account_number = e.account_number \
              WHERE (e.debit = 'CLEARING' AND e.paid_on <> p.paid_on) OR e.business_day <> p.business_day \
              UNION ALL SELECT 'movement ' || e.movement_id || ' line ' || e.line FROM entries e \
              JOIN reversals r ON r.id = e.movement_id AND r.account_number = e.account_number \
              WHERE e.business_day <> r.business_day \
              UNION ALL SELECT 'movement ' || e.movement_id || ' line ' || e.line FROM entries e \
              JOIN bills b ON b.account_number = e.account_number AND b.bill_number = e.bill_number \
              WHERE e.debit = 'ADVANCE' AND e.paid_on <> CASE \
              WHEN e.credit = 'RECEIVABLE' AND b.due_on < e.business_day THEN b.due_on ELSE e.business_day END",
    },
];
