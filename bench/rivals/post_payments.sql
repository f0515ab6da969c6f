-- B, the ceiling: post_payment for many payments at once, set-based. It needs post_payment.sql.
--
-- Each statement works on the whole list, so that parsing, constraints, the commit and its sync are paid for once.
-- Payments of one account settle its bills as if one came after the other in the order of the list: the bills and
-- the payments of an account both lie end to end on one line of money, and what they have in common is an entry.

CREATE FUNCTION post_payments(
  p_channel text, p_keys text[], p_accounts text[], p_amounts bigint[]
) RETURNS SETOF post_payment_outcome LANGUAGE plpgsql
-- Planning for these very arrays costs more than it gains, and PostgreSQL would do it five times in each session.
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_count integer := cardinality(p_keys);
  -- What of the list is new, in its order.
  v_ids bigint[];
  v_keys text[] := p_keys;
  v_accounts text[] := p_accounts;
  v_amounts bigint[] := p_amounts;
  v_all_ids bigint[];
  v_is_plain boolean;
  v_inserted integer;
  v_posted integer;
  v_posted_fen bigint;
  v_now timestamptz;
  v_ms bigint;
  v_day date;
  v_today text;
  v_is_principal_first boolean;
BEGIN
  SELECT c.mode = 'ASKING' AND NOT c.is_suspended
         AND NOT EXISTS (SELECT FROM channel_amount_rules r WHERE r.channel_code = p_channel AND r.amount_rule <> 'ANY')
         AND NOT EXISTS (SELECT FROM unnest(p_amounts) fen WHERE fen NOT BETWEEN c.min_fen AND c.max_fen)
  INTO v_is_plain FROM channels c WHERE c.code = p_channel;
  IF v_is_plain IS NOT TRUE THEN
    RETURN QUERY SELECT * FROM post_payments_singly(p_channel, p_keys, p_accounts, p_amounts);
    RETURN;
  END IF;

  SELECT array_agg(nextval('post_payment_ids')) INTO v_ids FROM generate_series(1, v_count);
  -- Sorted, so that two calls with keys in common don't wait for each other in a circle.
  INSERT INTO idempotency_keys (channel_code, idempotency_key, mutation, movement_id, account_number, amount_fen)
  SELECT p_channel, key, 'PAYMENT_POST', id, account_number, amount_fen
  FROM unnest(p_keys, v_ids, p_accounts, p_amounts) AS p (key, id, account_number, amount_fen) ORDER BY key, id
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS v_inserted = ROW_COUNT;
  v_all_ids := v_ids;
  IF v_inserted < v_count THEN
    SELECT array_agg(movement_id ORDER BY movement_id), array_agg(idempotency_key ORDER BY movement_id),
           array_agg(account_number ORDER BY movement_id), array_agg(amount_fen ORDER BY movement_id)
    INTO v_ids, v_keys, v_accounts, v_amounts
    FROM idempotency_keys WHERE channel_code = p_channel AND idempotency_key = ANY (p_keys) AND movement_id = ANY (v_ids);
  END IF;

  SELECT bool_and(status <> 'CLOSED') INTO v_is_plain FROM (
    SELECT status FROM accounts WHERE account_number = ANY (v_accounts) ORDER BY account_number FOR UPDATE
  ) AS locked;
  IF NOT v_is_plain THEN
    DELETE FROM idempotency_keys
    WHERE channel_code = p_channel AND idempotency_key = ANY (v_keys) AND movement_id = ANY (v_ids);
    RETURN QUERY SELECT * FROM post_payments_singly(p_channel, p_keys, p_accounts, p_amounts);
    RETURN;
  END IF;
  v_now := clock_timestamp();
  v_ms := floor(date_part('epoch', v_now) * 1000)::bigint;
  v_day := (v_now AT TIME ZONE 'Asia/Shanghai')::date;
  v_today := v_day || '=';
  v_is_principal_first := (SELECT first_part FROM allocation_policies WHERE effective_from <= v_day
                           ORDER BY effective_from DESC LIMIT 1) = 'PRINCIPAL';

  WITH listed AS (
    SELECT account_number, id, key, amount_fen,
           sum(amount_fen) OVER (PARTITION BY account_number ORDER BY id)::bigint AS to_fen
    FROM unnest(v_ids, v_keys, v_accounts, v_amounts) AS p (id, key, account_number, amount_fen)
  ), payer AS MATERIALIZED (
    SELECT a.account_number, a.last_sequence, a.open_from, p.paid_fen, p.ids, p.keys, p.amounts, p.tos
    FROM (SELECT account_number, array_agg(id) AS ids, array_agg(key) AS keys, array_agg(amount_fen) AS amounts,
                 array_agg(to_fen) AS tos, max(to_fen) AS paid_fen FROM listed GROUP BY account_number) AS p
    JOIN accounts a ON a.account_number = p.account_number
  ), bill AS MATERIALIZED (
    SELECT payer.account_number, payer.paid_fen, payer.ids, payer.amounts, payer.tos,
           b.bill_number, b.due_on, b.principal_due_fen, b.penalty_due_fen, b.to_fen,
           b.to_fen - b.principal_due_fen - b.penalty_due_fen AS from_fen
    FROM payer CROSS JOIN LATERAL (
      SELECT *, sum(principal_due_fen + penalty_due_fen) OVER (ORDER BY due_on, bill_number)::bigint AS to_fen FROM (
        SELECT bill_number, due_on, principal_fen - principal_paid_fen AS principal_due_fen,
               CASE WHEN v_day <= due_on THEN 0 ELSE greatest(0, post_payment_penalty(customer_class, principal_fen,
                 due_on, principal_by_day, v_day) - penalty_paid_fen) END AS penalty_due_fen
        FROM bills WHERE account_number = payer.account_number AND due_on >= payer.open_from
        AND status IN ('OPEN', 'PARTLY_PAID')
      ) AS open
    ) AS b
  ), settled AS MATERIALIZED (
    SELECT account_number, bill_number, ids, amounts, tos, from_fen, to_fen,
           CASE WHEN v_is_principal_first THEN from_fen + principal_due_fen ELSE from_fen + penalty_due_fen END AS middle_fen,
           least(paid_fen, to_fen) - from_fen AS taken_fen, principal_due_fen, penalty_due_fen
    FROM bill WHERE from_fen < paid_fen
  ), due AS MATERIALIZED (
    SELECT account_number, max(to_fen) AS due_fen, min(due_on) FILTER (WHERE to_fen > paid_fen) AS open_from
    FROM bill GROUP BY account_number
  ), posted AS MATERIALIZED (
    SELECT payer.account_number, p.id, p.key, p.amount_fen, p.to_fen, payer.last_sequence + p.place AS sequence,
           greatest(0, least(p.amount_fen, p.to_fen - coalesce(due.due_fen, 0))) AS surplus_fen
    FROM payer LEFT JOIN due ON due.account_number = payer.account_number
    CROSS JOIN LATERAL unnest(ids, keys, amounts, tos) WITH ORDINALITY AS p (id, key, amount_fen, to_fen, place)
  ), written_entries AS (
    INSERT INTO entries (movement_id, line, account_number, debit, credit, channel_code, bill_number, amount_fen, paid_on,
                         remaining_after_fen, business_day)
    SELECT id, row_number() OVER (PARTITION BY id ORDER BY at_fen), account_number, 'CLEARING', credit, p_channel,
           bill_number, fen, v_day, remaining_fen, v_day
    FROM (
      SELECT p.id, s.account_number, part.credit, s.bill_number, least(p.to_fen, part.to_fen) AS at_fen,
             least(p.to_fen, part.to_fen) - greatest(p.to_fen - p.amount_fen, part.from_fen) AS fen,
             s.to_fen - least(p.to_fen, part.to_fen) AS remaining_fen
      FROM settled s CROSS JOIN LATERAL unnest(s.ids, s.amounts, s.tos) AS p (id, amount_fen, to_fen)
      CROSS JOIN LATERAL (VALUES
        (CASE WHEN v_is_principal_first THEN 'RECEIVABLE' ELSE 'PENALTY' END, s.from_fen, s.middle_fen),
        (CASE WHEN v_is_principal_first THEN 'PENALTY' ELSE 'RECEIVABLE' END, s.middle_fen, s.to_fen)
      ) AS part (credit, from_fen, to_fen)
      WHERE part.from_fen < p.to_fen AND p.to_fen - p.amount_fen < part.to_fen AND part.from_fen < part.to_fen
      UNION ALL
      SELECT id, account_number, 'ADVANCE', NULL, to_fen, surplus_fen, NULL FROM posted WHERE surplus_fen > 0
    ) AS line
  ), written_bills AS (
    UPDATE bills b SET
      status = CASE WHEN n.taken_fen = n.to_fen - n.from_fen THEN 'PAID' ELSE 'PARTLY_PAID' END,
      principal_paid_fen = b.principal_paid_fen + n.principal_fen,
      penalty_paid_fen = b.penalty_paid_fen + n.taken_fen - n.principal_fen,
      principal_by_day = CASE
        WHEN n.principal_fen = 0 THEN b.principal_by_day
        WHEN b.principal_by_day = '' THEN v_today || n.principal_fen
        WHEN strpos(b.principal_by_day, v_today) = 0 THEN b.principal_by_day || ',' || v_today || n.principal_fen
        ELSE left(b.principal_by_day, strpos(b.principal_by_day, v_today) + 10)
          || (substr(b.principal_by_day, strpos(b.principal_by_day, v_today) + 11)::bigint + n.principal_fen) END
    FROM (SELECT *, CASE WHEN v_is_principal_first THEN least(taken_fen, principal_due_fen)
                    ELSE greatest(taken_fen - penalty_due_fen, 0) END AS principal_fen FROM settled) AS n
    WHERE b.account_number = n.account_number AND b.bill_number = n.bill_number
  ), written_payments AS (
    INSERT INTO payments (id, account_number, sequence, channel_code, idempotency_key, amount_fen, to_advance_fen,
                          to_suspense_fen, paid_at_ms, posted_at_ms, paid_on, business_day, actor, token_id)
    SELECT id, account_number, sequence, p_channel, key, amount_fen, surplus_fen, 0, v_ms, v_ms, v_day, v_day, 'bench', 'bench'
    FROM posted
  ), written_accounts AS (
    UPDATE accounts a SET last_sequence = n.last_sequence, open_from = n.open_from,
      advance_fen = greatest(a.advance_fen - a.shortfall_fen + n.surplus_fen, 0),
      shortfall_fen = greatest(a.shortfall_fen - a.advance_fen - n.surplus_fen, 0)
    FROM (SELECT payer.account_number, payer.last_sequence + cardinality(payer.ids) AS last_sequence, due.open_from,
                 greatest(payer.paid_fen - coalesce(due.due_fen, 0), 0) AS surplus_fen
          FROM payer LEFT JOIN due ON due.account_number = payer.account_number) AS n
    WHERE a.account_number = n.account_number
  )
  SELECT count(*), sum(amount_fen) INTO v_posted, v_posted_fen FROM posted;

  IF v_posted > 0 THEN
    INSERT INTO channel_total_deltas VALUES (v_ids[1], p_channel, v_day, v_posted_fen, v_posted, 0, 0);
  END IF;
  IF v_posted = v_count THEN
    RETURN QUERY SELECT id, false, NULL::text FROM unnest(v_ids) AS id;
    RETURN;
  END IF;
  UPDATE idempotency_keys k SET refusal_code = 'ACCOUNT_NOT_FOUND', refusal_field = 'accountNumber',
    refusal_message = format('There is no account %s.', k.account_number)
  WHERE channel_code = p_channel AND idempotency_key = ANY (v_keys) AND movement_id = ANY (v_ids)
  AND NOT EXISTS (SELECT FROM accounts a WHERE a.account_number = k.account_number);
  RETURN QUERY SELECT o.* FROM unnest(p_keys, p_accounts, p_amounts, v_all_ids) AS p (key, account_number, amount_fen, id)
    LEFT JOIN idempotency_keys k ON k.channel_code = p_channel AND k.idempotency_key = p.key AND k.movement_id = p.id
    CROSS JOIN LATERAL (
      SELECT k.movement_id, false, k.refusal_code WHERE k.movement_id IS NOT NULL AND k.refusal_code IS NULL
      UNION ALL SELECT NULL, false, k.refusal_code WHERE k.refusal_code IS NOT NULL
      UNION ALL SELECT r.* FROM post_payment_again(p_channel, p.key, p.account_number, p.amount_fen) r
      WHERE k.movement_id IS NULL
    ) AS o ORDER BY p.id;
END $$;

-- One after the other, for a channel with rules or a closed account, where each answer can depend on the one before.
CREATE FUNCTION post_payments_singly(
  p_channel text, p_keys text[], p_accounts text[], p_amounts bigint[]
) RETURNS SETOF post_payment_outcome LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. cardinality(p_keys) LOOP
    RETURN NEXT post_payment(p_channel, p_keys[i], p_accounts[i], p_amounts[i]);
  END LOOP;
END $$;
