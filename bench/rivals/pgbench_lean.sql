-- pgbench -M prepared -D accounts=180000: one payment by the lean schema's post_payment on a random account, 0.01 to 1.00
-- yuan.
\set account random(1, :accounts)
\set amount random(1, 100)
SELECT post_payment(1, gen_random_uuid()::text, :account, :amount);
