-- A, the rival: posting one payment as a stored procedure on granary's own tables, by granary's rules for an
-- asking channel and money paid now: the key under its unique constraint in the posting's own transaction, the
-- channel's rules, the account's lock, the open bills by age, penalty and principal by the dated policies, the
-- ledger, the balances and the channel's total. `granary audit` finds nothing on the database it leaves.
--
-- It is written to be fast: what the plain case needs is five statements, and what is rare stands in functions of
-- its own. It cannot name bills, nor a paidAt, and takes no reporting channel and no key kept by a reversal that
-- came early. The utility's zone is written into it, as granary reads it once, at its start.

-- Each session draws numbers from a stretch of its own, as each granary process does. It starts beyond whatever
-- granary gave out before; cached, so that sessions don't meet in the sequence.
CREATE SEQUENCE post_payment_ids START 1000000000 CACHE 1000;

CREATE TYPE post_payment_outcome AS (payment_id bigint, replayed boolean, refusal_code text);

CREATE FUNCTION post_payment_amount(p_fen bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT to_char(p_fen / 100.0, 'FM99999999990.00') $$;

-- P*(t), the penalty in all where a payer on p_day pays the rest, as product rule 6 has it: each part of the principal
-- costs the rates of the days until it was paid.
CREATE FUNCTION post_payment_penalty(
  p_class text, p_principal bigint, p_due_on date, p_by_day text, p_day date
) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_policy penalty_policies;
  v_year_end date := make_date(extract(year FROM p_due_on)::integer, 12, 31);
  v_from date;
  v_through date;
  v_rest bigint := p_principal;
  v_fen bigint;
  v_milli numeric := 0;
  v_part text;
BEGIN
  SELECT * INTO v_policy FROM penalty_policies
  WHERE customer_class = p_class AND effective_from <= p_due_on ORDER BY effective_from DESC LIMIT 1;
  v_from := p_due_on + v_policy.start_day::integer;
  IF v_from IS NULL OR (p_by_day = '' AND p_day < v_from) THEN
    RETURN 0;
  END IF;
  -- The rest comes last, without an amount of its own.
  FOREACH v_part IN ARRAY string_to_array(p_by_day, ',') || p_day::text LOOP
    v_through := split_part(v_part, '=', 1)::date;
    v_fen := coalesce(nullif(split_part(v_part, '=', 2), '')::bigint, v_rest);
    v_rest := v_rest - v_fen;
    IF v_through >= v_from THEN
      v_milli := v_milli + v_fen::numeric * (
        greatest(least(v_year_end, v_through) - v_from + 1, 0) * v_policy.due_year_permille
        + (v_through - v_from + 1 - greatest(least(v_year_end, v_through) - v_from + 1, 0))
          * v_policy.later_years_permille);
    END IF;
  END LOOP;
  RETURN CASE WHEN v_milli = 0 THEN 0 ELSE greatest(div(v_milli + 500, 1000), v_policy.minimum_fen) END;
END $$;

-- What is due in all on an account that is locked.
CREATE FUNCTION post_payment_due(p_account text, p_day date) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT a.shortfall_fen + coalesce((
    SELECT sum(b.principal_fen - b.principal_paid_fen + greatest(0, post_payment_penalty(
      b.customer_class, b.principal_fen, b.due_on, b.principal_by_day, p_day) - b.penalty_paid_fen))
    FROM bills b WHERE b.account_number = p_account AND b.due_on >= a.open_from
    AND b.status IN ('OPEN', 'PARTLY_PAID')), 0)::bigint
  FROM accounts a WHERE a.account_number = p_account
$$;

-- A key that comes again: the first answer, or where the input differs a refusal and an exception.
CREATE FUNCTION post_payment_again(
  p_channel text, p_key text, p_account text, p_amount bigint
) RETURNS post_payment_outcome LANGUAGE plpgsql AS $$
DECLARE
  k idempotency_keys;
  v_field text;
  v_detail text;
  v_now timestamptz := clock_timestamp();
BEGIN
  SELECT * INTO STRICT k FROM idempotency_keys WHERE channel_code = p_channel AND idempotency_key = p_key;
  IF k.mutation = 'EARLY_REVERSAL' THEN
    RAISE 'key % is kept for a reversal', p_key;
  END IF;
  v_field := CASE
    WHEN k.mutation <> 'PAYMENT_POST' THEN 'idempotencyKey'
    WHEN k.account_number <> p_account THEN 'accountNumber'
    WHEN k.amount_fen <> p_amount THEN 'amount'
    WHEN k.paid_at_ms IS NOT NULL THEN 'paidAt'
    WHEN k.bill_numbers IS NOT NULL THEN 'billNumbers' END;
  IF v_field IS NULL THEN
    RETURN (CASE WHEN k.refusal_code IS NULL THEN k.movement_id END, true, k.refusal_code)::post_payment_outcome;
  END IF;
  v_detail := format('paymentPost differs in %s: accountNumber "%s", amount %s, paidAt None, billNumbers None',
                     v_field, p_account, post_payment_amount(p_amount));
  INSERT INTO exceptions (id, account_number, channel_code, idempotency_key, kind, detail, fingerprint, recorded_at_ms,
                          business_day)
  VALUES (nextval('post_payment_ids'), p_account, p_channel, p_key, 'IDEMPOTENCY_KEY_REUSED', v_detail,
          encode(sha256(convert_to(v_detail, 'UTF8')), 'hex'), floor(date_part('epoch', v_now) * 1000)::bigint,
          (v_now AT TIME ZONE 'Asia/Shanghai')::date)
  ON CONFLICT DO NOTHING;
  RETURN (NULL, false, 'IDEMPOTENCY_KEY_REUSED')::post_payment_outcome;
END $$;

-- Keeps a refusal under its key.
CREATE FUNCTION post_payment_refuse(
  p_channel text, p_key text, p_code text, p_message text, p_field text
) RETURNS post_payment_outcome LANGUAGE plpgsql AS $$
BEGIN
  UPDATE idempotency_keys SET refusal_code = p_code, refusal_message = p_message, refusal_field = p_field
  WHERE channel_code = p_channel AND idempotency_key = p_key;
  RETURN (NULL, false, p_code)::post_payment_outcome;
END $$;

-- What speaks against the payment, most important first; NULL where nothing does.
CREATE FUNCTION post_payment_objection(
  p_channel text, p_account text, p_amount bigint, p_day date, OUT code text, OUT message text, OUT field text
) LANGUAGE plpgsql STABLE AS $$
DECLARE
  c channels;
  a accounts;
  v_rule text;
  v_due bigint;
BEGIN
  SELECT * INTO c FROM channels WHERE channels.code = p_channel;
  IF NOT FOUND THEN
    RAISE 'channel % is not registered', p_channel;
  ELSIF p_account !~ '^[0-9]{1,20}$' THEN
    RAISE 'account number % is not 1 to 20 digits', p_account;
  ELSIF c.mode <> 'ASKING' THEN
    RAISE 'channel % is not an asking one', p_channel;
  ELSIF c.is_suspended THEN
    code := 'CHANNEL_SUSPENDED';
    message := format('Channel %s is suspended.', p_channel);
    RETURN;
  END IF;
  SELECT * INTO a FROM accounts WHERE account_number = p_account;
  IF NOT FOUND THEN
    code := 'ACCOUNT_NOT_FOUND';
    message := format('There is no account %s.', p_account);
    field := 'accountNumber';
    RETURN;
  END IF;
  v_due := post_payment_due(p_account, p_day);
  IF a.status = 'CLOSED' AND p_amount > v_due THEN
    code := 'ACCOUNT_CLOSED';
    message := format('The account is closed; at most the %s still due can be paid.', post_payment_amount(v_due));
    field := 'accountNumber';
    RETURN;
  END IF;
  SELECT amount_rule INTO v_rule FROM channel_amount_rules
  WHERE channel_code = p_channel AND customer_class IN (a.customer_class, '*') ORDER BY customer_class = '*' LIMIT 1;
  message := CASE
    WHEN p_amount NOT BETWEEN c.min_fen AND c.max_fen THEN format('This channel accepts %s to %s.',
      post_payment_amount(c.min_fen), post_payment_amount(c.max_fen))
    WHEN v_rule IN ('EXACT', 'EXACT_OR_MORE') AND v_due = 0
      THEN 'Nothing is due (0.00); this channel accepts only what is due.'
    WHEN v_rule = 'EXACT' AND p_amount <> v_due THEN format('Exactly %s is due.', post_payment_amount(v_due))
    WHEN v_rule = 'EXACT_OR_MORE' AND p_amount < v_due
      THEN format('%s is due; less is not accepted.', post_payment_amount(v_due)) END;
  IF message IS NOT NULL THEN
    code := 'AMOUNT_NOT_ACCEPTED';
    field := 'amount';
  END IF;
END $$;

CREATE FUNCTION post_payment(
  p_channel text, p_key text, p_account text, p_amount bigint
) RETURNS post_payment_outcome LANGUAGE plpgsql AS $$
DECLARE
  v_id bigint := nextval('post_payment_ids');
  v_now timestamptz;
  v_ms bigint;
  v_day date;
  v_today text;
  v_at integer;
  v_left bigint := p_amount;
  v_line integer := 0;
  v_take bigint;
  v_penalty bigint;
  v_principal bigint;
  v_open_from date;
  v_sequence bigint;
  v_is_plain boolean;
  v_objection record;
  b record;
BEGIN
  INSERT INTO idempotency_keys (channel_code, idempotency_key, mutation, movement_id, account_number, amount_fen)
  VALUES (p_channel, p_key, 'PAYMENT_POST', v_id, p_account, p_amount) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN post_payment_again(p_channel, p_key, p_account, p_amount);
  END IF;

  SELECT a.open_from, a.last_sequence + 1,
         c.mode = 'ASKING' AND NOT c.is_suspended AND p_amount BETWEEN c.min_fen AND c.max_fen
         AND a.status <> 'CLOSED' AND NOT EXISTS (
           SELECT FROM channel_amount_rules r WHERE r.channel_code = p_channel
           AND r.customer_class IN (a.customer_class, '*') AND r.amount_rule <> 'ANY')
  INTO v_open_from, v_sequence, v_is_plain
  FROM accounts a, channels c WHERE a.account_number = p_account AND c.code = p_channel FOR UPDATE OF a;
  -- Once the account is ours: a payment that waited for another counts as later.
  v_now := clock_timestamp();
  v_ms := floor(date_part('epoch', v_now) * 1000)::bigint;
  v_day := (v_now AT TIME ZONE 'Asia/Shanghai')::date;
  v_today := v_day || '=';
  IF v_is_plain IS NOT TRUE THEN
    v_objection := post_payment_objection(p_channel, p_account, p_amount, v_day);
    IF v_objection.code IS NOT NULL THEN
      RETURN post_payment_refuse(p_channel, p_key, v_objection.code, v_objection.message, v_objection.field);
    END IF;
  END IF;

  -- Nothing was paid later than now, so until the due date has passed nothing was paid late.
  FOR b IN
    SELECT bill_number, due_on, principal_fen, principal_paid_fen, penalty_paid_fen, principal_by_day,
           CASE WHEN v_day <= due_on THEN 0 ELSE greatest(0, post_payment_penalty(
             customer_class, principal_fen, due_on, principal_by_day, v_day) - penalty_paid_fen) END AS penalty_due_fen
    FROM bills WHERE account_number = p_account AND due_on >= v_open_from AND status IN ('OPEN', 'PARTLY_PAID')
    ORDER BY due_on, bill_number
  LOOP
    v_open_from := b.due_on;
    EXIT WHEN v_left = 0;
    v_open_from := NULL;
    v_principal := b.principal_fen - b.principal_paid_fen;
    v_penalty := b.penalty_due_fen;
    IF v_penalty > 0 AND (SELECT first_part FROM allocation_policies WHERE effective_from <= v_day
                          ORDER BY effective_from DESC LIMIT 1) IS DISTINCT FROM 'PRINCIPAL' THEN
      v_take := least(v_left, v_penalty);
      v_line := v_line + 1; v_left := v_left - v_take; v_penalty := v_penalty - v_take;
      INSERT INTO entries VALUES (v_id, v_line, p_account, 'CLEARING', 'PENALTY', p_channel, b.bill_number, v_take,
                                  v_day, v_principal + v_penalty, v_day);
    END IF;
    v_take := least(v_left, v_principal);
    IF v_take > 0 THEN
      v_line := v_line + 1; v_left := v_left - v_take; v_principal := v_principal - v_take;
      INSERT INTO entries VALUES (v_id, v_line, p_account, 'CLEARING', 'RECEIVABLE', p_channel, b.bill_number, v_take,
                                  v_day, v_principal + v_penalty, v_day);
      -- Nothing can have been paid on a later day, as the account's lock is held.
      v_at := strpos(b.principal_by_day, v_today);
      b.principal_by_day := CASE
        WHEN b.principal_by_day = '' THEN v_today || v_take
        WHEN v_at = 0 THEN b.principal_by_day || ',' || v_today || v_take
        ELSE left(b.principal_by_day, v_at + 10) || (substr(b.principal_by_day, v_at + 11)::bigint + v_take) END;
    END IF;
    IF v_penalty > 0 AND v_left > 0 THEN
      v_take := least(v_left, v_penalty);
      v_line := v_line + 1; v_left := v_left - v_take; v_penalty := v_penalty - v_take;
      INSERT INTO entries VALUES (v_id, v_line, p_account, 'CLEARING', 'PENALTY', p_channel, b.bill_number, v_take,
                                  v_day, v_principal + v_penalty, v_day);
    END IF;
    UPDATE bills SET
      status = CASE WHEN v_principal + v_penalty = 0 THEN 'PAID' ELSE 'PARTLY_PAID' END,
      principal_paid_fen = principal_fen - v_principal,
      penalty_paid_fen = penalty_paid_fen + b.penalty_due_fen - v_penalty,
      principal_by_day = b.principal_by_day
    WHERE account_number = p_account AND bill_number = b.bill_number;
    IF v_principal + v_penalty > 0 THEN
      v_open_from := b.due_on;
      EXIT;
    END IF;
  END LOOP;

  IF v_left > 0 THEN
    INSERT INTO entries VALUES (v_id, v_line + 1, p_account, 'CLEARING', 'ADVANCE', p_channel, NULL, v_left,
                                v_day, NULL, v_day);
  END IF;
  UPDATE accounts SET last_sequence = v_sequence, open_from = v_open_from,
    advance_fen = greatest(advance_fen - shortfall_fen + v_left, 0),
    shortfall_fen = greatest(shortfall_fen - advance_fen - v_left, 0)
  WHERE account_number = p_account;
  INSERT INTO payments (id, account_number, sequence, channel_code, idempotency_key, amount_fen, to_advance_fen,
                        to_suspense_fen, paid_at_ms, posted_at_ms, paid_on, business_day, actor, token_id)
  VALUES (v_id, p_account, v_sequence, p_channel, p_key, p_amount, v_left, 0, v_ms, v_ms, v_day, v_day, 'bench', 'bench');
  INSERT INTO channel_total_deltas VALUES (v_id, p_channel, v_day, p_amount, 1, 0, 0);
  RETURN (v_id, false, NULL)::post_payment_outcome;
END $$;
