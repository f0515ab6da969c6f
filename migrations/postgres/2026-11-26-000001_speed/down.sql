CREATE INDEX entries_account_number_bill_number_idx ON entries (account_number, bill_number) WHERE bill_number IS NOT NULL;
