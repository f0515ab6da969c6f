-- What PostGraphile needs to answer W1: its fields are columns, and functions of a row. It needs post_payment.sql.
-- Where PostgreSQL can put plain SQL into the one statement that PostGraphile makes, they are that; it can't with a
-- single value out of a table, so those are plpgsql, which keeps its plans.

CREATE FUNCTION accounts_name(a accounts) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT CASE WHEN name = '' THEN '' ELSE left(name, 1) || '**' END
          FROM account_holders WHERE account_number = a.account_number);
END $$;

-- The penalty in all for a payer of today; most bills are not overdue, and as nothing was paid later than now, a
-- policy need not be read for them.
CREATE FUNCTION bills_penalty(b bills) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN (now() AT TIME ZONE 'Asia/Shanghai')::date <= b.due_on THEN b.penalty_paid_fen
    ELSE greatest(b.penalty_paid_fen, post_payment_penalty(b.customer_class, b.principal_fen, b.due_on,
      b.principal_by_day, (now() AT TIME ZONE 'Asia/Shanghai')::date)) END
$$;

CREATE FUNCTION bills_paid(b bills) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT b.principal_paid_fen + b.penalty_paid_fen $$;

CREATE FUNCTION bills_is_payable(b bills) RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT b.status IN ('OPEN', 'PARTLY_PAID') $$;

CREATE FUNCTION bills_amount_due(b bills) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN b.status NOT IN ('OPEN', 'PARTLY_PAID') THEN 0
    WHEN (now() AT TIME ZONE 'Asia/Shanghai')::date <= b.due_on THEN b.principal_fen - b.principal_paid_fen
    ELSE b.principal_fen - b.principal_paid_fen - b.penalty_paid_fen + bills_penalty(b) END
$$;

CREATE FUNCTION accounts_open_bills(a accounts) RETURNS SETOF bills LANGUAGE sql STABLE AS $$
  SELECT * FROM bills WHERE account_number = a.account_number AND due_on >= a.open_from
  AND status IN ('OPEN', 'PARTLY_PAID') ORDER BY due_on, bill_number
$$;
COMMENT ON FUNCTION accounts_open_bills(accounts) IS '@behavior -connection +list';

CREATE FUNCTION accounts_amount_due(a accounts) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT a.shortfall_fen + coalesce(sum(bills_amount_due(b)), 0)::bigint FROM bills b
          WHERE b.account_number = a.account_number AND b.due_on >= a.open_from AND b.status IN ('OPEN', 'PARTLY_PAID'));
END $$;
