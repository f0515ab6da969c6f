//! What channels store and could be counted again: I8, and rows of channels that aren't there.

use super::super::base::check::Check;
use super::super::base::check::Columns::{Count, Fen};

pub(in crate::store) const CHECKS: &[Check] = &[
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
        invariant: "I10",
        words: "rows of a channel that isn't registered",
        columns: Count,
        sql: "SELECT 'channel ' || w.channel_code AS subject, count(*) AS found, 0 AS expected FROM ( \
              SELECT channel_code FROM idempotency_keys UNION ALL SELECT channel_code FROM payments \
              UNION ALL SELECT channel_code FROM reversals UNION ALL SELECT channel_code FROM exceptions \
              UNION ALL SELECT channel_code FROM channel_total_deltas) AS w \
              LEFT JOIN channels c ON c.code = w.channel_code WHERE c.code IS NULL GROUP BY w.channel_code",
    },
];
