-- What every payment paid for and hardly anybody asked: a bill's payments are found among its account's.

DROP INDEX entries_account_number_bill_number_idx;
