//! Posting, replaying and reversing through the API.

use serde_json::json;

use crate::support::app::{TestApp, at};
use crate::support::backends::for_each_backend;
use crate::support::commands::{issue_bill, save_account};
use granary::domain::account::CustomerClass::Residential;

#[test]
fn a_payment_is_posted_once_and_replayed() {
    for_each_backend(|database| {
        let setup = vec![
            save_account("0000000001", Residential),
            issue_bill("0000000001", "B1", 10_000, "2026-11-30"),
        ];
        let app = TestApp::start(database, setup);
        let bank = app.channel("BANK-1");
        let input = json!({ "idempotencyKey": "k1", "accountNumber": "0000000001", "amount": "40.00" });
        let first = bank.post(input.clone());
        assert_eq!(at(&first, "payment.allocations.0.amount"), "40.00", "{first}");
        assert_eq!(at(&first, "payment.allocations.0.remainingAfter"), "60.00");
        assert_eq!(at(&first, "payment.allocations.0.bill.status"), "PARTLY_PAID");
        assert_eq!(first["replayed"], false);
        let again = bank.post(input);
        assert_eq!(again["replayed"], true);
        assert_eq!(again["payment"], first["payment"]);
        let undone = bank.reverse(
            json!({ "idempotencyKey": "r1", "paymentIdempotencyKey": "k1", "reason": "wrong account" }),
        );
        assert_eq!(undone["outcome"], "REVERSED", "{undone}");
        assert_eq!(at(&undone, "payment.status"), "REVERSED");
        assert_eq!(at(&undone, "payment.allocations.0.bill.status"), "OPEN");
    });
}
