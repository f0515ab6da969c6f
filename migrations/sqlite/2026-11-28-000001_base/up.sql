-- The base: accounts, bills, keys, payments, the ledger and access. Amounts are whole fen, instants milliseconds UTC.
-- Words that come with new capabilities (kinds, ledger accounts) have no CHECK list: the program and the audit guard them.
-- A CHECK spells its words out with OR: for a list behind IN SQLite would fill a temporary table at every row.

-- The one utility this database belongs to.
CREATE TABLE utilities (
  id SMALLINT NOT NULL CONSTRAINT utilities_id_check CHECK (id = 1), -- Always 1.
  name TEXT NOT NULL, -- Name of the utility.
  currency TEXT NOT NULL, -- ISO 4217 code of every amount.
  time_zone TEXT NOT NULL, -- IANA zone in which days are counted.
  CONSTRAINT utilities_id_pk PRIMARY KEY (id)
);
INSERT INTO utilities (id, name, currency, time_zone) VALUES (1, 'Electricity utility', 'CNY', 'Asia/Shanghai');

-- The next number not yet reserved by any process.
CREATE TABLE id_blocks (
  id SMALLINT NOT NULL CONSTRAINT id_blocks_id_check CHECK (id = 1), -- Always 1.
  next_id BIGINT NOT NULL CONSTRAINT id_blocks_next_id_check CHECK (next_id > 0), -- Where the next block of movement numbers starts.
  CONSTRAINT id_blocks_id_pk PRIMARY KEY (id)
);
INSERT INTO id_blocks (id, next_id) VALUES (1, 1);

-- Who brings payments.
CREATE TABLE channels (
  code TEXT NOT NULL CONSTRAINT channels_code_check CHECK (length(code) BETWEEN 1 AND 32), -- Its name in tokens and keys.
  kind TEXT NOT NULL, -- Kind of outside party.
  mode TEXT NOT NULL CONSTRAINT channels_mode_check CHECK (mode IN ('ASKING', 'REPORTING')), -- Whether money can still be given back.
  is_suspended BOOLEAN NOT NULL, -- A suspended channel can only replay, ask and reverse.
  min_fen BIGINT NOT NULL CONSTRAINT channels_min_fen_check CHECK (min_fen >= 1), -- Smallest amount accepted.
  max_fen BIGINT NOT NULL CONSTRAINT channels_max_fen_check CHECK (max_fen BETWEEN min_fen AND 1000000000000), -- Largest amount accepted.
  paid_at_back_days BIGINT NOT NULL CONSTRAINT channels_paid_at_back_days_check CHECK (paid_at_back_days BETWEEN 0 AND 36500), -- How many days back paidAt may lie.
  documents TEXT NOT NULL CONSTRAINT channels_documents_check CHECK (documents = 'ANY' OR documents = 'TRUSTED'), -- Which documents it may send.
  CONSTRAINT channels_code_pk PRIMARY KEY (code)
);

-- Which amounts a channel accepts.
CREATE TABLE channel_amount_rules (
  channel_code TEXT NOT NULL, -- The channel.
  customer_class TEXT NOT NULL CONSTRAINT channel_amount_rules_customer_class_check CHECK (customer_class = '*' OR customer_class = 'RESIDENTIAL' OR customer_class = 'COMMERCIAL' OR customer_class = 'INDUSTRIAL' OR customer_class = 'AGRICULTURAL' OR customer_class = 'OTHER'), -- Class the rule is for; * for all without one of their own.
  amount_rule TEXT NOT NULL CONSTRAINT channel_amount_rules_amount_rule_check CHECK (amount_rule = 'ANY' OR amount_rule = 'EXACT' OR amount_rule = 'EXACT_OR_MORE'), -- The rule.
  CONSTRAINT channel_amount_rules_channel_code_customer_class_pk PRIMARY KEY (channel_code, customer_class),
  CONSTRAINT channel_amount_rules_channel_code_fk FOREIGN KEY (channel_code) REFERENCES channels (code)
);

-- Dated penalty rules; the row in force on the due date governs a bill for life.
CREATE TABLE penalty_policies (
  customer_class TEXT NOT NULL CONSTRAINT penalty_policies_customer_class_check CHECK (customer_class = 'RESIDENTIAL' OR customer_class = 'COMMERCIAL' OR customer_class = 'INDUSTRIAL' OR customer_class = 'AGRICULTURAL' OR customer_class = 'OTHER'), -- Class the row is for.
  effective_from DATE NOT NULL, -- First due date it governs.
  due_year_permille BIGINT NOT NULL CONSTRAINT penalty_policies_due_year_permille_check CHECK (due_year_permille BETWEEN 0 AND 1000), -- Per mille and day, for days in the year the bill fell due.
  later_years_permille BIGINT NOT NULL CONSTRAINT penalty_policies_later_years_permille_check CHECK (later_years_permille BETWEEN 0 AND 1000), -- The same for days in later years.
  start_day BIGINT NOT NULL CONSTRAINT penalty_policies_start_day_check CHECK (start_day BETWEEN 1 AND 3650), -- Days after the due date at which the count starts.
  minimum_fen BIGINT NOT NULL CONSTRAINT penalty_policies_minimum_fen_check CHECK (minimum_fen BETWEEN 0 AND 1000000000000), -- Least penalty once there is one.
  CONSTRAINT penalty_policies_customer_class_effective_from_pk PRIMARY KEY (customer_class, effective_from)
);
INSERT INTO penalty_policies (customer_class, effective_from, due_year_permille, later_years_permille, start_day, minimum_fen) VALUES
  ('RESIDENTIAL', '1970-01-01', 1, 1, 1, 100),
  ('COMMERCIAL', '1970-01-01', 2, 3, 1, 100),
  ('INDUSTRIAL', '1970-01-01', 2, 3, 1, 100),
  ('AGRICULTURAL', '1970-01-01', 2, 3, 1, 100),
  ('OTHER', '1970-01-01', 2, 3, 1, 100);

-- Which part of a bill is settled first, by the day of paidAt.
CREATE TABLE allocation_policies (
  effective_from DATE NOT NULL, -- First day of paidAt it governs.
  first_part TEXT NOT NULL CONSTRAINT allocation_policies_first_part_check CHECK (first_part IN ('PRINCIPAL', 'PENALTY')), -- The part settled first.
  CONSTRAINT allocation_policies_effective_from_pk PRIMARY KEY (effective_from)
);
INSERT INTO allocation_policies (effective_from, first_part) VALUES ('1970-01-01', 'PENALTY');

-- The narrow, often written part of an account: what every payment locks.
CREATE TABLE accounts (
  account_number TEXT NOT NULL CONSTRAINT accounts_account_number_check CHECK (length(account_number) BETWEEN 1 AND 20), -- 1 to 20 digits; leading zeros count.
  status TEXT NOT NULL CONSTRAINT accounts_status_check CHECK (status = 'ACTIVE' OR status = 'SUSPENDED' OR status = 'CLOSED'), -- State of the contract.
  customer_class TEXT NOT NULL CONSTRAINT accounts_customer_class_check CHECK (customer_class = 'RESIDENTIAL' OR customer_class = 'COMMERCIAL' OR customer_class = 'INDUSTRIAL' OR customer_class = 'AGRICULTURAL' OR customer_class = 'OTHER'), -- Class of the customer.
  last_sequence BIGINT NOT NULL CONSTRAINT accounts_last_sequence_check CHECK (last_sequence >= 0), -- Number of accepted movements.
  advance_fen BIGINT NOT NULL CONSTRAINT accounts_advance_fen_check CHECK (advance_fen >= 0), -- Money not yet owed.
  shortfall_fen BIGINT NOT NULL CONSTRAINT accounts_shortfall_fen_check CHECK (shortfall_fen >= 0), -- Advance used and then reversed away.
  open_from DATE, -- Due date of the oldest payable bill.
  flags BIGINT NOT NULL DEFAULT 0 CONSTRAINT accounts_flags_check CHECK (flags >= 0), -- Which capabilities have something open on it, a bit each; 0 for none.
  case_id BIGINT, -- The collection case that is open on it.
  CONSTRAINT accounts_account_number_pk PRIMARY KEY (account_number),
  CONSTRAINT accounts_advance_fen_shortfall_fen_check CHECK (advance_fen = 0 OR shortfall_fen = 0)
);

-- Who stands behind an account: personal, rarely written.
CREATE TABLE account_holders (
  account_number TEXT NOT NULL, -- The account.
  name TEXT NOT NULL CONSTRAINT account_holders_name_check CHECK (length(name) <= 100), -- Name of the customer.
  address TEXT NOT NULL CONSTRAINT account_holders_address_check CHECK (length(address) <= 200), -- Address of the service point.
  phone TEXT NOT NULL CONSTRAINT account_holders_phone_check CHECK (length(phone) <= 32), -- Phone number, as written.
  area TEXT NOT NULL CONSTRAINT account_holders_area_check CHECK (length(area) <= 64), -- District or route.
  CONSTRAINT account_holders_account_number_pk PRIMARY KEY (account_number)
);

-- The charge of one account for one billing period.
CREATE TABLE bills (
  account_number TEXT NOT NULL, -- The account.
  bill_number TEXT NOT NULL CONSTRAINT bills_bill_number_check CHECK (length(bill_number) BETWEEN 1 AND 32), -- Number given by billing.
  period TEXT NOT NULL CONSTRAINT bills_period_check CHECK (length(period) = 7), -- Billing period, YYYY-MM.
  customer_class TEXT NOT NULL CONSTRAINT bills_customer_class_check CHECK (customer_class = 'RESIDENTIAL' OR customer_class = 'COMMERCIAL' OR customer_class = 'INDUSTRIAL' OR customer_class = 'AGRICULTURAL' OR customer_class = 'OTHER'), -- Class of the customer at issue.
  principal_fen BIGINT NOT NULL CONSTRAINT bills_principal_fen_check CHECK (principal_fen BETWEEN 0 AND 1000000000000), -- The charge itself.
  issued_on DATE NOT NULL, -- Day of issue.
  due_on DATE NOT NULL, -- Last day without penalty.
  status TEXT NOT NULL CONSTRAINT bills_status_check CHECK (status = 'OPEN' OR status = 'PARTLY_PAID' OR status = 'PAID' OR status = 'CANCELLED'), -- Follows from the amounts.
  principal_paid_fen BIGINT NOT NULL CONSTRAINT bills_principal_paid_fen_check CHECK (principal_paid_fen BETWEEN 0 AND principal_fen), -- Principal paid so far.
  penalty_paid_fen BIGINT NOT NULL CONSTRAINT bills_penalty_paid_fen_check CHECK (penalty_paid_fen >= 0), -- Penalty charged and paid so far.
  principal_by_day TEXT NOT NULL, -- Principal paid by the day that counts: 2026-11-03=12500,...
  sequence BIGINT NOT NULL CONSTRAINT bills_sequence_check CHECK (sequence > 0), -- Place among the movements of the account.
  movement_id BIGINT NOT NULL CONSTRAINT bills_movement_id_check CHECK (movement_id > 0), -- The movement that issued it.
  kind TEXT NOT NULL DEFAULT 'CHARGE', -- What it charges for.
  area_code TEXT, -- Area of the account at issue.
  held_by BIGINT, -- What holds it back from being paid otherwise.
  CONSTRAINT bills_account_number_bill_number_pk PRIMARY KEY (account_number, bill_number),
  CONSTRAINT bills_account_number_fk FOREIGN KEY (account_number) REFERENCES accounts (account_number),
  CONSTRAINT bills_issued_on_due_on_check CHECK (due_on >= issued_on)
);
CREATE INDEX bills_account_number_due_on_bill_number_idx ON bills (account_number, due_on, bill_number);

-- Every key ever used: what was asked under it and, where it was refused, why. What has the same number is the other outcome.
CREATE TABLE idempotency_keys (
  channel_code TEXT NOT NULL, -- Channel that chose the key.
  idempotency_key TEXT NOT NULL CONSTRAINT idempotency_keys_idempotency_key_check CHECK (length(idempotency_key) BETWEEN 1 AND 128), -- The key.
  kind TEXT NOT NULL, -- What used it; EARLY_REVERSAL keeps a payment key for the payment.
  number BIGINT NOT NULL CONSTRAINT idempotency_keys_number_check CHECK (number > 0), -- First number of the command that used it: of the movement it may have become.
  input TEXT NOT NULL CONSTRAINT idempotency_keys_input_check CHECK (json_valid(input)), -- What was asked: a JSON list of a version and the values, in order of the fields.
  refusal_code TEXT, -- Why it was refused.
  refusal_message TEXT, -- The same in words.
  refusal_field TEXT, -- Field of the input it is about.
  CONSTRAINT idempotency_keys_channel_code_idempotency_key_pk PRIMARY KEY (channel_code, idempotency_key)
) WITHOUT ROWID;

-- Money that arrived through a channel, once. Append-only.
CREATE TABLE payments (
  id INTEGER NOT NULL CONSTRAINT payments_id_pk PRIMARY KEY CONSTRAINT payments_id_check CHECK (id > 0), -- Number of the movement.
  account_number TEXT NOT NULL CONSTRAINT payments_account_number_check CHECK (length(account_number) <= 64), -- As the payer gave it.
  sequence BIGINT CONSTRAINT payments_sequence_check CHECK (sequence > 0), -- Place among the movements of the account; none in suspense.
  channel_code TEXT NOT NULL, -- Channel that brought it.
  idempotency_key TEXT NOT NULL, -- Its key.
  amount_fen BIGINT NOT NULL CONSTRAINT payments_amount_fen_check CHECK (amount_fen BETWEEN 1 AND 1000000000000), -- What arrived.
  to_advance_fen BIGINT NOT NULL CONSTRAINT payments_to_advance_fen_check CHECK (to_advance_fen BETWEEN 0 AND amount_fen), -- What of it went to the advance balance.
  to_suspense_fen BIGINT NOT NULL CONSTRAINT payments_to_suspense_fen_check CHECK (to_suspense_fen IN (0, amount_fen)), -- What of it went to suspense.
  paid_at_ms BIGINT NOT NULL, -- When the payer paid.
  posted_at_ms BIGINT NOT NULL CONSTRAINT payments_posted_at_ms_check CHECK (paid_at_ms <= posted_at_ms), -- When it was posted.
  paid_on DATE NOT NULL, -- Day of paid_at_ms in the zone.
  business_day DATE NOT NULL, -- Day of posted_at_ms in the zone.
  actor TEXT NOT NULL, -- Subject of the token.
  token_id TEXT NOT NULL, -- Number of the token.
  note TEXT CONSTRAINT payments_note_check CHECK (length(note) <= 200), -- Free text of the channel.
  CONSTRAINT payments_sequence_to_suspense_fen_check CHECK ((sequence IS NULL) = (to_suspense_fen > 0))
);
CREATE INDEX payments_account_number_sequence_id_idx ON payments (account_number, coalesce(sequence, 0), id);
CREATE INDEX payments_channel_code_business_day_posted_at_ms_id_idx ON payments (channel_code, business_day, posted_at_ms, id);

-- What undid a payment. Append-only.
CREATE TABLE reversals (
  id INTEGER NOT NULL CONSTRAINT reversals_id_pk PRIMARY KEY CONSTRAINT reversals_id_check CHECK (id > 0), -- Number of the movement.
  account_number TEXT NOT NULL CONSTRAINT reversals_account_number_check CHECK (length(account_number) <= 64), -- That of the payment.
  payment_id BIGINT NOT NULL, -- The payment it undoes.
  sequence BIGINT CONSTRAINT reversals_sequence_check CHECK (sequence > 0), -- Place among the movements of the account; none in suspense.
  channel_code TEXT NOT NULL, -- Channel that asked for it.
  idempotency_key TEXT NOT NULL, -- Its own key.
  reason TEXT NOT NULL CONSTRAINT reversals_reason_check CHECK (length(reason) <= 200), -- Why.
  is_early BOOLEAN NOT NULL, -- Whether it came before its payment.
  posted_at_ms BIGINT NOT NULL, -- When it was posted.
  business_day DATE NOT NULL, -- Day of posted_at_ms in the zone.
  actor TEXT NOT NULL, -- Subject of the token.
  token_id TEXT NOT NULL, -- Number of the token.
  CONSTRAINT reversals_account_number_payment_id_key UNIQUE (account_number, payment_id)
);

-- The ledger: one row per movement of money, balanced by construction. Append-only.
CREATE TABLE entries (
  movement_id BIGINT NOT NULL CONSTRAINT entries_movement_id_check CHECK (movement_id > 0), -- The bill issue, payment or reversal it belongs to.
  line INTEGER NOT NULL CONSTRAINT entries_line_check CHECK (line > 0), -- Place within the movement.
  account_number TEXT NOT NULL CONSTRAINT entries_account_number_check CHECK (length(account_number) <= 64), -- Account number of the movement.
  debit TEXT NOT NULL, -- Where the amount comes to.
  credit TEXT NOT NULL, -- Where it comes from.
  channel_code TEXT, -- Owner of the clearing side.
  bill_number TEXT, -- Bill whose receivable or penalty is touched.
  amount_fen BIGINT NOT NULL CONSTRAINT entries_amount_fen_check CHECK (amount_fen > 0), -- The amount.
  paid_on DATE NOT NULL, -- The day that counts as paid.
  remaining_after_fen BIGINT CONSTRAINT entries_remaining_after_fen_check CHECK (remaining_after_fen >= 0), -- Of an allocation: still due on the bill after it.
  business_day DATE NOT NULL, -- Day of posting in the zone.
  CONSTRAINT entries_movement_id_line_account_number_pk PRIMARY KEY (movement_id, line, account_number),
  CONSTRAINT entries_debit_credit_check CHECK (debit <> credit),
  CONSTRAINT entries_channel_code_check CHECK ((channel_code IS NOT NULL) = (debit = 'CLEARING' OR credit = 'CLEARING'))
) WITHOUT ROWID;

-- Differences that a person must resolve.
CREATE TABLE exceptions (
  id INTEGER NOT NULL CONSTRAINT exceptions_id_pk PRIMARY KEY CONSTRAINT exceptions_id_check CHECK (id > 0), -- Its number.
  account_number TEXT NOT NULL CONSTRAINT exceptions_account_number_check CHECK (length(account_number) <= 64), -- As the payer gave it; empty where none was given.
  channel_code TEXT NOT NULL, -- Channel that brought it.
  idempotency_key TEXT NOT NULL, -- Key it came under.
  kind TEXT NOT NULL, -- What differs.
  detail TEXT NOT NULL, -- The same in words.
  fingerprint TEXT NOT NULL CONSTRAINT exceptions_fingerprint_check CHECK (length(fingerprint) = 64), -- SHA-256 of the detail: the same difference is written once.
  payment_id BIGINT, -- The payment it belongs to.
  recorded_at_ms BIGINT NOT NULL, -- When it was found.
  business_day DATE NOT NULL, -- Day of recorded_at_ms in the zone.
  CONSTRAINT exceptions_channel_code_idempotency_key_kind_fingerprint_key UNIQUE (channel_code, idempotency_key, kind, account_number, fingerprint)
);
CREATE INDEX exceptions_recorded_at_ms_id_idx ON exceptions (recorded_at_ms, id);

-- What the totals of a channel grew by: one row per batch, channel and business day.
CREATE TABLE channel_total_deltas (
  id INTEGER NOT NULL CONSTRAINT channel_total_deltas_id_pk PRIMARY KEY CONSTRAINT channel_total_deltas_id_check CHECK (id > 0), -- Its number.
  channel_code TEXT NOT NULL, -- The channel.
  business_day DATE NOT NULL, -- The business day.
  posted_fen BIGINT NOT NULL CONSTRAINT channel_total_deltas_posted_fen_check CHECK (posted_fen >= 0), -- Sum of payments posted.
  posted_count BIGINT NOT NULL CONSTRAINT channel_total_deltas_posted_count_check CHECK (posted_count >= 0), -- Number of payments posted.
  reversed_fen BIGINT NOT NULL CONSTRAINT channel_total_deltas_reversed_fen_check CHECK (reversed_fen >= 0), -- Sum of payments reversed.
  reversed_count BIGINT NOT NULL CONSTRAINT channel_total_deltas_reversed_count_check CHECK (reversed_count >= 0) -- Number of payments reversed.
);
CREATE INDEX channel_total_deltas_channel_code_business_day_idx ON channel_total_deltas (channel_code, business_day);

-- Documents that channels bound to trusted ones may send.
CREATE TABLE trusted_documents (
  sha256 TEXT NOT NULL CONSTRAINT trusted_documents_sha256_check CHECK (length(sha256) = 64), -- SHA-256 of the text, hexadecimal; its name outside.
  text TEXT NOT NULL CONSTRAINT trusted_documents_text_check CHECK (length(text) BETWEEN 1 AND 32768), -- The document.
  added_at_ms BIGINT NOT NULL, -- When it was added.
  CONSTRAINT trusted_documents_sha256_pk PRIMARY KEY (sha256)
);

-- Tokens that hold no longer.
CREATE TABLE revocations (
  kind TEXT NOT NULL CONSTRAINT revocations_kind_check CHECK (kind = 'TOKEN' OR kind = 'SUBJECT'), -- One token, or all given to a subject up to the instant.
  value TEXT NOT NULL CONSTRAINT revocations_value_check CHECK (length(value) BETWEEN 1 AND 256), -- Number of the token, or the subject.
  revoked_at_ms BIGINT NOT NULL, -- When.
  CONSTRAINT revocations_kind_value_pk PRIMARY KEY (kind, value)
);
