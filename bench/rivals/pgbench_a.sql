-- pgbench -M prepared -D accounts=180000 -D mode=1: one payment by post_payment on a random account.
-- mode 1: 0.01 to 1.00 yuan, which leaves a large bill open; mode 2: exactly the oldest of the account's bills.
\set account random(0, :accounts - 1)
\if :mode = 1
\set amount random(1, 100)
\else
\set amount 5000 + (:account % 200) * 100
\endif
SELECT post_payment('BANK-1', gen_random_uuid()::text, lpad((:account)::text, 10, '0'), :amount);
