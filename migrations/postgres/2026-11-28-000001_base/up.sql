-- The base: accounts, bills, keys, payments, the ledger and access. Amounts are whole fen, instants milliseconds UTC.
-- Words that come with new capabilities (kinds, ledger accounts) have no CHECK list: the program and the audit guard them.

CREATE TABLE utilities (
  id SMALLINT NOT NULL CONSTRAINT utilities_id_check CHECK (id = 1),
  name TEXT NOT NULL,
  currency TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  CONSTRAINT utilities_id_pk PRIMARY KEY (id)
);
INSERT INTO utilities (id, name, currency, time_zone) VALUES (1, 'Electricity utility', 'CNY', 'Asia/Shanghai');
COMMENT ON TABLE utilities IS 'The one utility this database belongs to.';
COMMENT ON COLUMN utilities.id IS 'Always 1.';
COMMENT ON COLUMN utilities.name IS 'Name of the utility.';
COMMENT ON COLUMN utilities.currency IS 'ISO 4217 code of every amount.';
COMMENT ON COLUMN utilities.time_zone IS 'IANA zone in which days are counted.';

CREATE TABLE id_blocks (
  id SMALLINT NOT NULL CONSTRAINT id_blocks_id_check CHECK (id = 1),
  next_id BIGINT NOT NULL CONSTRAINT id_blocks_next_id_check CHECK (next_id > 0),
  CONSTRAINT id_blocks_id_pk PRIMARY KEY (id)
);
INSERT INTO id_blocks (id, next_id) VALUES (1, 1);
COMMENT ON TABLE id_blocks IS 'The next number not yet reserved by any process.';
COMMENT ON COLUMN id_blocks.id IS 'Always 1.';
COMMENT ON COLUMN id_blocks.next_id IS 'Where the next block of movement numbers starts.';

CREATE TABLE channels (
  code TEXT COLLATE "C" NOT NULL CONSTRAINT channels_code_check CHECK (length(code) BETWEEN 1 AND 32),
  kind TEXT NOT NULL,
  mode TEXT NOT NULL CONSTRAINT channels_mode_check CHECK (mode IN ('ASKING', 'REPORTING')),
  is_suspended BOOLEAN NOT NULL,
  min_fen BIGINT NOT NULL CONSTRAINT channels_min_fen_check CHECK (min_fen >= 1),
  max_fen BIGINT NOT NULL CONSTRAINT channels_max_fen_check CHECK (max_fen BETWEEN min_fen AND 1000000000000),
  paid_at_back_days BIGINT NOT NULL CONSTRAINT channels_paid_at_back_days_check CHECK (paid_at_back_days BETWEEN 0 AND 36500),
  documents TEXT NOT NULL CONSTRAINT channels_documents_check CHECK (documents IN ('ANY', 'TRUSTED')),
  CONSTRAINT channels_code_pk PRIMARY KEY (code)
);
COMMENT ON TABLE channels IS 'Who brings payments.';
COMMENT ON COLUMN channels.code IS 'Its name in tokens and keys.';
COMMENT ON COLUMN channels.kind IS 'Kind of outside party.';
COMMENT ON COLUMN channels.mode IS 'Whether money can still be given back.';
COMMENT ON COLUMN channels.is_suspended IS 'A suspended channel can only replay, ask and reverse.';
COMMENT ON COLUMN channels.min_fen IS 'Smallest amount accepted.';
COMMENT ON COLUMN channels.max_fen IS 'Largest amount accepted.';
COMMENT ON COLUMN channels.paid_at_back_days IS 'How many days back paidAt may lie.';
COMMENT ON COLUMN channels.documents IS 'Which documents it may send.';

CREATE TABLE channel_amount_rules (
  channel_code TEXT COLLATE "C" NOT NULL,
  customer_class TEXT NOT NULL CONSTRAINT channel_amount_rules_customer_class_check CHECK (customer_class IN ('*', 'RESIDENTIAL', 'COMMERCIAL', 'INDUSTRIAL', 'AGRICULTURAL', 'OTHER')),
  amount_rule TEXT NOT NULL CONSTRAINT channel_amount_rules_amount_rule_check CHECK (amount_rule IN ('ANY', 'EXACT', 'EXACT_OR_MORE')),
  CONSTRAINT channel_amount_rules_channel_code_customer_class_pk PRIMARY KEY (channel_code, customer_class),
  CONSTRAINT channel_amount_rules_channel_code_fk FOREIGN KEY (channel_code) REFERENCES channels (code)
);
COMMENT ON TABLE channel_amount_rules IS 'Which amounts a channel accepts.';
COMMENT ON COLUMN channel_amount_rules.channel_code IS 'The channel.';
COMMENT ON COLUMN channel_amount_rules.customer_class IS 'Class the rule is for; * for all without one of their own.';
COMMENT ON COLUMN channel_amount_rules.amount_rule IS 'The rule.';

CREATE TABLE penalty_policies (
  customer_class TEXT NOT NULL CONSTRAINT penalty_policies_customer_class_check CHECK (customer_class IN ('RESIDENTIAL', 'COMMERCIAL', 'INDUSTRIAL', 'AGRICULTURAL', 'OTHER')),
  effective_from DATE NOT NULL,
  due_year_permille BIGINT NOT NULL CONSTRAINT penalty_policies_due_year_permille_check CHECK (due_year_permille BETWEEN 0 AND 1000),
  later_years_permille BIGINT NOT NULL CONSTRAINT penalty_policies_later_years_permille_check CHECK (later_years_permille BETWEEN 0 AND 1000),
  start_day BIGINT NOT NULL CONSTRAINT penalty_policies_start_day_check CHECK (start_day BETWEEN 1 AND 3650),
  minimum_fen BIGINT NOT NULL CONSTRAINT penalty_policies_minimum_fen_check CHECK (minimum_fen BETWEEN 0 AND 1000000000000),
  CONSTRAINT penalty_policies_customer_class_effective_from_pk PRIMARY KEY (customer_class, effective_from)
);
INSERT INTO penalty_policies (customer_class, effective_from, due_year_permille, later_years_permille, start_day, minimum_fen) VALUES
  ('RESIDENTIAL', '1970-01-01', 1, 1, 1, 100),
  ('COMMERCIAL', '1970-01-01', 2, 3, 1, 100),
  ('INDUSTRIAL', '1970-01-01', 2, 3, 1, 100),
  ('AGRICULTURAL', '1970-01-01', 2, 3, 1, 100),
  ('OTHER', '1970-01-01', 2, 3, 1, 100);
COMMENT ON TABLE penalty_policies IS 'Dated penalty rules; the row in force on the due date governs a bill for life.';
COMMENT ON COLUMN penalty_policies.customer_class IS 'Class the row is for.';
COMMENT ON COLUMN penalty_policies.effective_from IS 'First due date it governs.';
COMMENT ON COLUMN penalty_policies.due_year_permille IS 'Per mille and day, for days in the year the bill fell due.';
COMMENT ON COLUMN penalty_policies.later_years_permille IS 'The same for days in later years.';
COMMENT ON COLUMN penalty_policies.start_day IS 'Days after the due date at which the count starts.';
COMMENT ON COLUMN penalty_policies.minimum_fen IS 'Least penalty once there is one.';

CREATE TABLE allocation_policies (
  effective_from DATE NOT NULL,
  first_part TEXT NOT NULL CONSTRAINT allocation_policies_first_part_check CHECK (first_part IN ('PRINCIPAL', 'PENALTY')),
  CONSTRAINT allocation_policies_effective_from_pk PRIMARY KEY (effective_from)
);
INSERT INTO allocation_policies (effective_from, first_part) VALUES ('1970-01-01', 'PENALTY');
COMMENT ON TABLE allocation_policies IS 'Which part of a bill is settled first, by the day of paidAt.';
COMMENT ON COLUMN allocation_policies.effective_from IS 'First day of paidAt it governs.';
COMMENT ON COLUMN allocation_policies.first_part IS 'The part settled first.';

CREATE TABLE accounts (
  account_number TEXT COLLATE "C" NOT NULL CONSTRAINT accounts_account_number_check CHECK (length(account_number) BETWEEN 1 AND 20),
  status TEXT NOT NULL CONSTRAINT accounts_status_check CHECK (status IN ('ACTIVE', 'SUSPENDED', 'CLOSED')),
  customer_class TEXT NOT NULL CONSTRAINT accounts_customer_class_check CHECK (customer_class IN ('RESIDENTIAL', 'COMMERCIAL', 'INDUSTRIAL', 'AGRICULTURAL', 'OTHER')),
  last_sequence BIGINT NOT NULL CONSTRAINT accounts_last_sequence_check CHECK (last_sequence >= 0),
  advance_fen BIGINT NOT NULL CONSTRAINT accounts_advance_fen_check CHECK (advance_fen >= 0),
  shortfall_fen BIGINT NOT NULL CONSTRAINT accounts_shortfall_fen_check CHECK (shortfall_fen >= 0),
  open_from DATE,
  flags BIGINT NOT NULL DEFAULT 0 CONSTRAINT accounts_flags_check CHECK (flags >= 0),
  case_id BIGINT,
  CONSTRAINT accounts_account_number_pk PRIMARY KEY (account_number),
  CONSTRAINT accounts_advance_fen_shortfall_fen_check CHECK (advance_fen = 0 OR shortfall_fen = 0)
) WITH (fillfactor = 70);
COMMENT ON TABLE accounts IS 'The narrow, often written part of an account: what every payment locks.';
COMMENT ON COLUMN accounts.account_number IS '1 to 20 digits; leading zeros count.';
COMMENT ON COLUMN accounts.status IS 'State of the contract.';
COMMENT ON COLUMN accounts.customer_class IS 'Class of the customer.';
COMMENT ON COLUMN accounts.last_sequence IS 'Number of accepted movements.';
COMMENT ON COLUMN accounts.advance_fen IS 'Money not yet owed.';
COMMENT ON COLUMN accounts.shortfall_fen IS 'Advance used and then reversed away.';
COMMENT ON COLUMN accounts.open_from IS 'Due date of the oldest payable bill.';
COMMENT ON COLUMN accounts.flags IS 'Which capabilities have something open on it, a bit each; 0 for none.';
COMMENT ON COLUMN accounts.case_id IS 'The collection case that is open on it.';

CREATE TABLE account_holders (
  account_number TEXT COLLATE "C" NOT NULL,
  name TEXT NOT NULL CONSTRAINT account_holders_name_check CHECK (length(name) <= 100),
  address TEXT NOT NULL CONSTRAINT account_holders_address_check CHECK (length(address) <= 200),
  phone TEXT NOT NULL CONSTRAINT account_holders_phone_check CHECK (length(phone) <= 32),
  area TEXT NOT NULL CONSTRAINT account_holders_area_check CHECK (length(area) <= 64),
  CONSTRAINT account_holders_account_number_pk PRIMARY KEY (account_number)
);
COMMENT ON TABLE account_holders IS 'Who stands behind an account: personal, rarely written.';
COMMENT ON COLUMN account_holders.account_number IS 'The account.';
COMMENT ON COLUMN account_holders.name IS 'Name of the customer.';
COMMENT ON COLUMN account_holders.address IS 'Address of the service point.';
COMMENT ON COLUMN account_holders.phone IS 'Phone number, as written.';
COMMENT ON COLUMN account_holders.area IS 'District or route.';

CREATE TABLE bills (
  account_number TEXT COLLATE "C" NOT NULL,
  bill_number TEXT COLLATE "C" NOT NULL CONSTRAINT bills_bill_number_check CHECK (length(bill_number) BETWEEN 1 AND 32),
  period TEXT NOT NULL CONSTRAINT bills_period_check CHECK (length(period) = 7),
  customer_class TEXT NOT NULL CONSTRAINT bills_customer_class_check CHECK (customer_class IN ('RESIDENTIAL', 'COMMERCIAL', 'INDUSTRIAL', 'AGRICULTURAL', 'OTHER')),
  principal_fen BIGINT NOT NULL CONSTRAINT bills_principal_fen_check CHECK (principal_fen BETWEEN 0 AND 1000000000000),
  issued_on DATE NOT NULL,
  due_on DATE NOT NULL,
  status TEXT NOT NULL CONSTRAINT bills_status_check CHECK (status IN ('OPEN', 'PARTLY_PAID', 'PAID', 'CANCELLED')),
  principal_paid_fen BIGINT NOT NULL CONSTRAINT bills_principal_paid_fen_check CHECK (principal_paid_fen BETWEEN 0 AND principal_fen),
  penalty_paid_fen BIGINT NOT NULL CONSTRAINT bills_penalty_paid_fen_check CHECK (penalty_paid_fen >= 0),
  principal_by_day TEXT NOT NULL,
  sequence BIGINT NOT NULL CONSTRAINT bills_sequence_check CHECK (sequence > 0),
  movement_id BIGINT NOT NULL CONSTRAINT bills_movement_id_check CHECK (movement_id > 0),
  kind TEXT NOT NULL DEFAULT 'CHARGE',
  area_code TEXT COLLATE "C",
  held_by BIGINT,
  CONSTRAINT bills_account_number_bill_number_pk PRIMARY KEY (account_number, bill_number),
  CONSTRAINT bills_account_number_fk FOREIGN KEY (account_number) REFERENCES accounts (account_number),
  CONSTRAINT bills_issued_on_due_on_check CHECK (due_on >= issued_on)
) WITH (fillfactor = 70);
CREATE INDEX bills_account_number_due_on_bill_number_idx ON bills (account_number, due_on, bill_number);
COMMENT ON TABLE bills IS 'The charge of one account for one billing period.';
COMMENT ON COLUMN bills.account_number IS 'The account.';
COMMENT ON COLUMN bills.bill_number IS 'Number given by billing.';
COMMENT ON COLUMN bills.period IS 'Billing period, YYYY-MM.';
COMMENT ON COLUMN bills.customer_class IS 'Class of the customer at issue.';
COMMENT ON COLUMN bills.principal_fen IS 'The charge itself.';
COMMENT ON COLUMN bills.issued_on IS 'Day of issue.';
COMMENT ON COLUMN bills.due_on IS 'Last day without penalty.';
COMMENT ON COLUMN bills.status IS 'Follows from the amounts.';
COMMENT ON COLUMN bills.principal_paid_fen IS 'Principal paid so far.';
COMMENT ON COLUMN bills.penalty_paid_fen IS 'Penalty charged and paid so far.';
COMMENT ON COLUMN bills.principal_by_day IS 'Principal paid by the day that counts: 2026-11-03=12500,...';
COMMENT ON COLUMN bills.sequence IS 'Place among the movements of the account.';
COMMENT ON COLUMN bills.movement_id IS 'The movement that issued it.';
COMMENT ON COLUMN bills.kind IS 'What it charges for.';
COMMENT ON COLUMN bills.area_code IS 'Area of the account at issue.';
COMMENT ON COLUMN bills.held_by IS 'What holds it back from being paid otherwise.';

CREATE TABLE idempotency_keys (
  channel_code TEXT COLLATE "C" NOT NULL,
  idempotency_key TEXT COLLATE "C" NOT NULL CONSTRAINT idempotency_keys_idempotency_key_check CHECK (length(idempotency_key) BETWEEN 1 AND 128),
  kind TEXT NOT NULL,
  number BIGINT NOT NULL CONSTRAINT idempotency_keys_number_check CHECK (number > 0),
  input TEXT NOT NULL CONSTRAINT idempotency_keys_input_check CHECK (input::json IS NOT NULL),
  refusal_code TEXT,
  refusal_message TEXT,
  refusal_field TEXT,
  CONSTRAINT idempotency_keys_channel_code_idempotency_key_pk PRIMARY KEY (channel_code, idempotency_key)
);
COMMENT ON TABLE idempotency_keys IS 'Every key ever used: what was asked under it and, where it was refused, why. What has the same number is the other outcome.';
COMMENT ON COLUMN idempotency_keys.channel_code IS 'Channel that chose the key.';
COMMENT ON COLUMN idempotency_keys.idempotency_key IS 'The key.';
COMMENT ON COLUMN idempotency_keys.kind IS 'What used it; EARLY_REVERSAL keeps a payment key for the payment.';
COMMENT ON COLUMN idempotency_keys.number IS 'First number of the command that used it: of the movement it may have become.';
COMMENT ON COLUMN idempotency_keys.input IS 'What was asked: a JSON list of a version and the values, in order of the fields.';
COMMENT ON COLUMN idempotency_keys.refusal_code IS 'Why it was refused.';
COMMENT ON COLUMN idempotency_keys.refusal_message IS 'The same in words.';
COMMENT ON COLUMN idempotency_keys.refusal_field IS 'Field of the input it is about.';

CREATE TABLE payments (
  id BIGINT NOT NULL CONSTRAINT payments_id_check CHECK (id > 0),
  account_number TEXT COLLATE "C" NOT NULL CONSTRAINT payments_account_number_check CHECK (length(account_number) <= 64),
  sequence BIGINT CONSTRAINT payments_sequence_check CHECK (sequence > 0),
  channel_code TEXT COLLATE "C" NOT NULL,
  idempotency_key TEXT COLLATE "C" NOT NULL,
  amount_fen BIGINT NOT NULL CONSTRAINT payments_amount_fen_check CHECK (amount_fen BETWEEN 1 AND 1000000000000),
  to_advance_fen BIGINT NOT NULL CONSTRAINT payments_to_advance_fen_check CHECK (to_advance_fen BETWEEN 0 AND amount_fen),
  to_suspense_fen BIGINT NOT NULL CONSTRAINT payments_to_suspense_fen_check CHECK (to_suspense_fen IN (0, amount_fen)),
  paid_at_ms BIGINT NOT NULL,
  posted_at_ms BIGINT NOT NULL CONSTRAINT payments_posted_at_ms_check CHECK (paid_at_ms <= posted_at_ms),
  paid_on DATE NOT NULL,
  business_day DATE NOT NULL,
  actor TEXT NOT NULL,
  token_id TEXT NOT NULL,
  note TEXT CONSTRAINT payments_note_check CHECK (length(note) <= 200),
  CONSTRAINT payments_id_account_number_pk PRIMARY KEY (id, account_number),
  CONSTRAINT payments_sequence_to_suspense_fen_check CHECK ((sequence IS NULL) = (to_suspense_fen > 0))
);
CREATE INDEX payments_account_number_sequence_id_idx ON payments (account_number, coalesce(sequence, 0), id);
CREATE INDEX payments_channel_code_business_day_posted_at_ms_id_idx ON payments (channel_code, business_day, posted_at_ms, id);
COMMENT ON TABLE payments IS 'Money that arrived through a channel, once. Append-only.';
COMMENT ON COLUMN payments.id IS 'Number of the movement.';
COMMENT ON COLUMN payments.account_number IS 'As the payer gave it.';
COMMENT ON COLUMN payments.sequence IS 'Place among the movements of the account; none in suspense.';
COMMENT ON COLUMN payments.channel_code IS 'Channel that brought it.';
COMMENT ON COLUMN payments.idempotency_key IS 'Its key.';
COMMENT ON COLUMN payments.amount_fen IS 'What arrived.';
COMMENT ON COLUMN payments.to_advance_fen IS 'What of it went to the advance balance.';
COMMENT ON COLUMN payments.to_suspense_fen IS 'What of it went to suspense.';
COMMENT ON COLUMN payments.paid_at_ms IS 'When the payer paid.';
COMMENT ON COLUMN payments.posted_at_ms IS 'When it was posted.';
COMMENT ON COLUMN payments.paid_on IS 'Day of paid_at_ms in the zone.';
COMMENT ON COLUMN payments.business_day IS 'Day of posted_at_ms in the zone.';
COMMENT ON COLUMN payments.actor IS 'Subject of the token.';
COMMENT ON COLUMN payments.token_id IS 'Number of the token.';
COMMENT ON COLUMN payments.note IS 'Free text of the channel.';

CREATE TABLE reversals (
  id BIGINT NOT NULL CONSTRAINT reversals_id_check CHECK (id > 0),
  account_number TEXT COLLATE "C" NOT NULL CONSTRAINT reversals_account_number_check CHECK (length(account_number) <= 64),
  payment_id BIGINT NOT NULL,
  sequence BIGINT CONSTRAINT reversals_sequence_check CHECK (sequence > 0),
  channel_code TEXT COLLATE "C" NOT NULL,
  idempotency_key TEXT COLLATE "C" NOT NULL,
  reason TEXT NOT NULL CONSTRAINT reversals_reason_check CHECK (length(reason) <= 200),
  is_early BOOLEAN NOT NULL,
  posted_at_ms BIGINT NOT NULL,
  business_day DATE NOT NULL,
  actor TEXT NOT NULL,
  token_id TEXT NOT NULL,
  CONSTRAINT reversals_id_account_number_pk PRIMARY KEY (id, account_number),
  CONSTRAINT reversals_account_number_payment_id_key UNIQUE (account_number, payment_id)
);
COMMENT ON TABLE reversals IS 'What undid a payment. Append-only.';
COMMENT ON COLUMN reversals.id IS 'Number of the movement.';
COMMENT ON COLUMN reversals.account_number IS 'That of the payment.';
COMMENT ON COLUMN reversals.payment_id IS 'The payment it undoes.';
COMMENT ON COLUMN reversals.sequence IS 'Place among the movements of the account; none in suspense.';
COMMENT ON COLUMN reversals.channel_code IS 'Channel that asked for it.';
COMMENT ON COLUMN reversals.idempotency_key IS 'Its own key.';
COMMENT ON COLUMN reversals.reason IS 'Why.';
COMMENT ON COLUMN reversals.is_early IS 'Whether it came before its payment.';
COMMENT ON COLUMN reversals.posted_at_ms IS 'When it was posted.';
COMMENT ON COLUMN reversals.business_day IS 'Day of posted_at_ms in the zone.';
COMMENT ON COLUMN reversals.actor IS 'Subject of the token.';
COMMENT ON COLUMN reversals.token_id IS 'Number of the token.';

CREATE TABLE entries (
  movement_id BIGINT NOT NULL CONSTRAINT entries_movement_id_check CHECK (movement_id > 0),
  line INTEGER NOT NULL CONSTRAINT entries_line_check CHECK (line > 0),
  account_number TEXT COLLATE "C" NOT NULL CONSTRAINT entries_account_number_check CHECK (length(account_number) <= 64),
  debit TEXT NOT NULL,
  credit TEXT NOT NULL,
  channel_code TEXT COLLATE "C",
  bill_number TEXT COLLATE "C",
  amount_fen BIGINT NOT NULL CONSTRAINT entries_amount_fen_check CHECK (amount_fen > 0),
  paid_on DATE NOT NULL,
  remaining_after_fen BIGINT CONSTRAINT entries_remaining_after_fen_check CHECK (remaining_after_fen >= 0),
  business_day DATE NOT NULL,
  CONSTRAINT entries_movement_id_line_account_number_pk PRIMARY KEY (movement_id, line, account_number),
  CONSTRAINT entries_debit_credit_check CHECK (debit <> credit),
  CONSTRAINT entries_channel_code_check CHECK ((channel_code IS NOT NULL) = (debit = 'CLEARING' OR credit = 'CLEARING'))
);
COMMENT ON TABLE entries IS 'The ledger: one row per movement of money, balanced by construction. Append-only.';
COMMENT ON COLUMN entries.movement_id IS 'The bill issue, payment or reversal it belongs to.';
COMMENT ON COLUMN entries.line IS 'Place within the movement.';
COMMENT ON COLUMN entries.account_number IS 'Account number of the movement.';
COMMENT ON COLUMN entries.debit IS 'Where the amount comes to.';
COMMENT ON COLUMN entries.credit IS 'Where it comes from.';
COMMENT ON COLUMN entries.channel_code IS 'Owner of the clearing side.';
COMMENT ON COLUMN entries.bill_number IS 'Bill whose receivable or penalty is touched.';
COMMENT ON COLUMN entries.amount_fen IS 'The amount.';
COMMENT ON COLUMN entries.paid_on IS 'The day that counts as paid.';
COMMENT ON COLUMN entries.remaining_after_fen IS 'Of an allocation: still due on the bill after it.';
COMMENT ON COLUMN entries.business_day IS 'Day of posting in the zone.';

CREATE TABLE exceptions (
  id BIGINT NOT NULL CONSTRAINT exceptions_id_check CHECK (id > 0),
  account_number TEXT COLLATE "C" NOT NULL CONSTRAINT exceptions_account_number_check CHECK (length(account_number) <= 64),
  channel_code TEXT COLLATE "C" NOT NULL,
  idempotency_key TEXT COLLATE "C" NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  fingerprint TEXT NOT NULL CONSTRAINT exceptions_fingerprint_check CHECK (length(fingerprint) = 64),
  payment_id BIGINT,
  recorded_at_ms BIGINT NOT NULL,
  business_day DATE NOT NULL,
  CONSTRAINT exceptions_id_account_number_pk PRIMARY KEY (id, account_number),
  CONSTRAINT exceptions_channel_code_idempotency_key_kind_fingerprint_key UNIQUE (channel_code, idempotency_key, kind, account_number, fingerprint)
);
CREATE INDEX exceptions_recorded_at_ms_id_idx ON exceptions (recorded_at_ms, id);
COMMENT ON TABLE exceptions IS 'Differences that a person must resolve.';
COMMENT ON COLUMN exceptions.id IS 'Its number.';
COMMENT ON COLUMN exceptions.account_number IS 'As the payer gave it; empty where none was given.';
COMMENT ON COLUMN exceptions.channel_code IS 'Channel that brought it.';
COMMENT ON COLUMN exceptions.idempotency_key IS 'Key it came under.';
COMMENT ON COLUMN exceptions.kind IS 'What differs.';
COMMENT ON COLUMN exceptions.detail IS 'The same in words.';
COMMENT ON COLUMN exceptions.fingerprint IS 'SHA-256 of the detail: the same difference is written once.';
COMMENT ON COLUMN exceptions.payment_id IS 'The payment it belongs to.';
COMMENT ON COLUMN exceptions.recorded_at_ms IS 'When it was found.';
COMMENT ON COLUMN exceptions.business_day IS 'Day of recorded_at_ms in the zone.';

CREATE TABLE channel_total_deltas (
  id BIGINT NOT NULL CONSTRAINT channel_total_deltas_id_check CHECK (id > 0),
  channel_code TEXT COLLATE "C" NOT NULL,
  business_day DATE NOT NULL,
  posted_fen BIGINT NOT NULL CONSTRAINT channel_total_deltas_posted_fen_check CHECK (posted_fen >= 0),
  posted_count BIGINT NOT NULL CONSTRAINT channel_total_deltas_posted_count_check CHECK (posted_count >= 0),
  reversed_fen BIGINT NOT NULL CONSTRAINT channel_total_deltas_reversed_fen_check CHECK (reversed_fen >= 0),
  reversed_count BIGINT NOT NULL CONSTRAINT channel_total_deltas_reversed_count_check CHECK (reversed_count >= 0),
  CONSTRAINT channel_total_deltas_id_pk PRIMARY KEY (id)
);
CREATE INDEX channel_total_deltas_channel_code_business_day_idx ON channel_total_deltas (channel_code, business_day);
COMMENT ON TABLE channel_total_deltas IS 'What the totals of a channel grew by: one row per batch, channel and business day.';
COMMENT ON COLUMN channel_total_deltas.id IS 'Its number.';
COMMENT ON COLUMN channel_total_deltas.channel_code IS 'The channel.';
COMMENT ON COLUMN channel_total_deltas.business_day IS 'The business day.';
COMMENT ON COLUMN channel_total_deltas.posted_fen IS 'Sum of payments posted.';
COMMENT ON COLUMN channel_total_deltas.posted_count IS 'Number of payments posted.';
COMMENT ON COLUMN channel_total_deltas.reversed_fen IS 'Sum of payments reversed.';
COMMENT ON COLUMN channel_total_deltas.reversed_count IS 'Number of payments reversed.';

CREATE TABLE trusted_documents (
  sha256 TEXT COLLATE "C" NOT NULL CONSTRAINT trusted_documents_sha256_check CHECK (length(sha256) = 64),
  text TEXT NOT NULL CONSTRAINT trusted_documents_text_check CHECK (length(text) BETWEEN 1 AND 32768),
  added_at_ms BIGINT NOT NULL,
  CONSTRAINT trusted_documents_sha256_pk PRIMARY KEY (sha256)
);
COMMENT ON TABLE trusted_documents IS 'Documents that channels bound to trusted ones may send.';
COMMENT ON COLUMN trusted_documents.sha256 IS 'SHA-256 of the text, hexadecimal; its name outside.';
COMMENT ON COLUMN trusted_documents.text IS 'The document.';
COMMENT ON COLUMN trusted_documents.added_at_ms IS 'When it was added.';

CREATE TABLE revocations (
  kind TEXT NOT NULL CONSTRAINT revocations_kind_check CHECK (kind IN ('TOKEN', 'SUBJECT')),
  value TEXT COLLATE "C" NOT NULL CONSTRAINT revocations_value_check CHECK (length(value) BETWEEN 1 AND 256),
  revoked_at_ms BIGINT NOT NULL,
  CONSTRAINT revocations_kind_value_pk PRIMARY KEY (kind, value)
);
COMMENT ON TABLE revocations IS 'Tokens that hold no longer.';
COMMENT ON COLUMN revocations.kind IS 'One token, or all given to a subject up to the instant.';
COMMENT ON COLUMN revocations.value IS 'Number of the token, or the subject.';
COMMENT ON COLUMN revocations.revoked_at_ms IS 'When.';
