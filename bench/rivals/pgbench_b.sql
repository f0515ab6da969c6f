-- pgbench -M prepared -D accounts=180000 -D mode=1: a hundred payments by post_payments on random accounts.
-- The modes are those of pgbench_a.sql; a transaction is
-- a hundred payments. It is fastest at few clients, 4 to 16.
SELECT count(*) FROM (
  SELECT array_agg(gen_random_uuid()::text) AS keys, array_agg(lpad(account::text, 10, '0')) AS accounts,
         array_agg(CASE WHEN :mode = 1 THEN 1 + floor(random() * 100)::bigint ELSE 5000 + (account % 200) * 100 END) AS amounts
  FROM (SELECT floor(random() * :accounts)::bigint AS account FROM generate_series(1, 100)) AS drawn
) AS list, post_payments('BANK-1', list.keys, list.accounts, list.amounts);
