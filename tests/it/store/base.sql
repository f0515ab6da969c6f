INSERT INTO channels (code, kind, mode, is_suspended, min_fen, max_fen, paid_at_back_days, documents)
  VALUES ('BANK', 'BANK', 'ASKING', FALSE, 1, 1000000000000, 400, 'ANY');
INSERT INTO channel_amount_rules (channel_code, customer_class, amount_rule) VALUES ('BANK', '*', 'ANY');
INSERT INTO accounts (account_number, status, customer_class, last_sequence, advance_fen, shortfall_fen, open_from)
  VALUES ('0001', 'ACTIVE', 'RESIDENTIAL', 2, 0, 0, '2026-12-15');
INSERT INTO account_holders (account_number, name, address, phone, area)
  VALUES ('0001', '张三', '蚌埠市龙子湖区解放路1号', '13800001234', '龙子湖');
INSERT INTO bills (account_number, bill_number, period, customer_class, principal_fen, issued_on, due_on, status,
    principal_paid_fen, penalty_paid_fen, principal_by_day, sequence, movement_id)
  VALUES ('0001', 'B1', '2026-11', 'RESIDENTIAL', 10000, '2026-11-01', '2026-12-15', 'PARTLY_PAID', 4000, 0,
    '2026-11-20=4000', 1, 1);
INSERT INTO payments (id, account_number, sequence, channel_code, idempotency_key, amount_fen, to_advance_fen,
    to_suspense_fen, paid_at_ms, posted_at_ms, paid_on, business_day, actor, token_id, note)
  VALUES (2, '0001', 2, 'BANK', 'K1', 4000, 0, 0, 1795147200000, 1795147200000, '2026-11-20', '2026-11-20',
    'teller-1', 'token-1', NULL);
INSERT INTO entries (movement_id, line, account_number, debit, credit, channel_code, bill_number, amount_fen, paid_on,
    remaining_after_fen, business_day)
  VALUES (1, 1, '0001', 'RECEIVABLE', 'REVENUE', NULL, 'B1', 10000, '2026-11-01', NULL, '2026-11-20'),
    (2, 1, '0001', 'CLEARING', 'RECEIVABLE', 'BANK', 'B1', 4000, '2026-11-20', 6000, '2026-11-20');
INSERT INTO channel_total_deltas (id, channel_code, business_day, posted_fen, posted_count, reversed_fen, reversed_count)
  VALUES (5, 'BANK', '2026-11-20', 4000, 1, 0, 0);
INSERT INTO idempotency_keys (channel_code, idempotency_key, kind, number, input, refusal_code, refusal_message,
    refusal_field)
  VALUES ('BANK', 'K1', 'PAYMENT_POST', 2, '[1,"0001",4000]', NULL, NULL, NULL),
    ('BANK', 'R1', 'PAYMENT_REVERSE', 3, '[1,"K2","wrong account"]', NULL, NULL, NULL),
    ('BANK', 'K2', 'EARLY_REVERSAL', 3, '[1,"R1","wrong account","teller-1","token-1"]', NULL, NULL, NULL),
    ('BANK', 'K3', 'PAYMENT_POST', 4, '[1,"7777",500]', 'ACCOUNT_NOT_FOUND', 'There is no account 7777.',
      'accountNumber');
INSERT INTO exceptions (id, account_number, channel_code, idempotency_key, kind, detail, fingerprint, payment_id,
    recorded_at_ms, business_day)
  VALUES (6, '0001', 'BANK', 'K1', 'IDEMPOTENCY_KEY_REUSED', 'paymentPost differs in amount',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', NULL, 1795147200000, '2026-11-20');
INSERT INTO trusted_documents (sha256, text, added_at_ms)
  VALUES ('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '{ __typename }', 1795147200000);
INSERT INTO revocations (kind, value, revoked_at_ms) VALUES ('SUBJECT', 'teller-9', 1795147200000);
UPDATE id_blocks SET next_id = 100001;
