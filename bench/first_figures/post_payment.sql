-- The rival: the same posting as one plpgsql function, called once per payment. It does granary's
-- work for the plain case on granary's own tables: key, account lock, open bills oldest first with
-- penalty before principal, ledger rows, balances and the channel's total.
CREATE SEQUENCE post_payment_ids START 1000000000;

CREATE FUNCTION post_payment(p_channel text, p_key text, p_account text, p_amount bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_id bigint := nextval('post_payment_ids');
  v_now bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
  v_day date := (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date;
  v_left bigint := p_amount;
  v_line integer := 0;
  v_take bigint;
  v_penalty bigint;
  v_due bigint;
  v_open_from date;
  v_sequence bigint;
  v_known bigint;
  b record;
BEGIN
  INSERT INTO idempotency_keys (channel_code, idempotency_key, mutation, movement_id, account_number, amount_fen)
  VALUES (p_channel, p_key, 'PAYMENT_POST', v_id, p_account, p_amount) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    SELECT movement_id INTO v_known FROM idempotency_keys
    WHERE channel_code = p_channel AND idempotency_key = p_key;
    RETURN v_known;
  END IF;
  SELECT open_from, last_sequence + 1 INTO v_open_from, v_sequence
  FROM accounts WHERE account_number = p_account FOR UPDATE;
  FOR b IN SELECT * FROM bills WHERE account_number = p_account AND due_on >= v_open_from
           AND status IN ('OPEN', 'PARTLY_PAID') ORDER BY due_on, bill_number LOOP
    EXIT WHEN v_left = 0;
    SELECT CASE WHEN v_day <= b.due_on THEN 0
           ELSE greatest(p.minimum_fen, round((v_day - b.due_on) * p.due_year_permille
                * (b.principal_fen - b.principal_paid_fen) / 1000.0)) END - b.penalty_paid_fen
    INTO v_penalty FROM penalty_policies p
    WHERE p.customer_class = b.customer_class AND p.effective_from <= b.due_on
    ORDER BY p.effective_from DESC LIMIT 1;
    v_penalty := greatest(v_penalty, 0);
    v_due := v_penalty + b.principal_fen - b.principal_paid_fen;
    v_take := least(v_left, v_penalty);
    IF v_take > 0 THEN
      v_line := v_line + 1; v_left := v_left - v_take; v_due := v_due - v_take;
      INSERT INTO entries VALUES (v_id, v_line, p_account, 'CLEARING', 'PENALTY', p_channel, b.bill_number, v_take,
                                  v_day, v_due, v_day);
      b.penalty_paid_fen := b.penalty_paid_fen + v_take;
    END IF;
    v_take := least(v_left, b.principal_fen - b.principal_paid_fen);
    IF v_take > 0 THEN
      v_line := v_line + 1; v_left := v_left - v_take; v_due := v_due - v_take;
      INSERT INTO entries VALUES (v_id, v_line, p_account, 'CLEARING', 'RECEIVABLE', p_channel, b.bill_number, v_take,
                                  v_day, v_due, v_day);
      b.principal_paid_fen := b.principal_paid_fen + v_take;
      b.principal_by_day := v_day || '=' || b.principal_paid_fen;
    END IF;
    UPDATE bills SET status = CASE WHEN v_due = 0 THEN 'PAID' ELSE 'PARTLY_PAID' END,
      principal_paid_fen = b.principal_paid_fen, penalty_paid_fen = b.penalty_paid_fen,
      principal_by_day = b.principal_by_day
    WHERE account_number = p_account AND bill_number = b.bill_number;
    IF v_due = 0 THEN
      SELECT min(due_on) INTO v_open_from FROM bills WHERE account_number = p_account AND due_on >= b.due_on
      AND status IN ('OPEN', 'PARTLY_PAID');
    END IF;
  END LOOP;
  IF v_left > 0 THEN
    INSERT INTO entries VALUES (v_id, v_line + 1, p_account, 'CLEARING', 'ADVANCE', p_channel, NULL, v_left,
                                v_day, NULL, v_day);
  END IF;
  UPDATE accounts SET last_sequence = v_sequence, advance_fen = advance_fen + v_left, open_from = v_open_from
  WHERE account_number = p_account;
  INSERT INTO payments (id, account_number, sequence, channel_code, idempotency_key, amount_fen, to_advance_fen,
                        to_suspense_fen, paid_at_ms, posted_at_ms, paid_on, business_day, actor, token_id)
  VALUES (v_id, p_account, v_sequence, p_channel, p_key, p_amount, v_left, 0, v_now, v_now, v_day, v_day, 'bench', 'bench');
  INSERT INTO channel_total_deltas VALUES (v_id, p_channel, v_day, p_amount, 1, 0, 0);
  RETURN v_id;
END $$;
