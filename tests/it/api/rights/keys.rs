//! A channel's keys are its own: another channel that knows one moves nothing of it.

use serde_json::json;

use super::households::{NEIGHBOUR, household_of, town};
use crate::support::app::at;
use crate::support::backends::for_each_backend;

#[test]
fn another_channels_key_neither_shows_nor_undoes_its_payment() {
    for_each_backend(|database| {
        let (app, households) = town(database);
        let [account, ..] = household_of(&households, NEIGHBOUR).account_numbers();
        let (neighbour, bank) = (app.channel(NEIGHBOUR), app.channel("BANK-1"));
        let input = json!({ "idempotencyKey": "known", "accountNumber": account, "amount": "1.00" });
        let posted = neighbour.post(input.clone());
        let status = "{ payment(idempotencyKey: \"known\") { status payment { number } } }";

        let asked = bank.data(status, json!({}));
        assert_eq!(asked["payment"], json!({ "status": "NOT_FOUND", "payment": null }));
        let reversal =
            json!({ "idempotencyKey": "undo", "paymentIdempotencyKey": "known", "reason": "not mine" });
        let reversed = bank.reverse(reversal);
        assert_eq!((&reversed["outcome"], &reversed["payment"]), (&json!("REMEMBERED"), &json!(null)));
        let own = bank.post(input);
        assert_eq!(own["replayed"], false, "{own}");
        assert_eq!(at(&own, "payment.channel"), "BANK-1");
        assert_eq!(at(&own, "payment.status"), "REVERSED", "the bank's own reversal waited for it");
        assert_ne!(at(&own, "payment.number"), at(&posted, "payment.number"));

        let asked = neighbour.data(status, json!({}));
        assert_eq!(at(&asked, "payment.status"), "POSTED");
        assert_eq!(at(&asked, "payment.payment.number"), at(&posted, "payment.number"));
    });
}

#[test]
fn an_app_key_tells_a_customer_only_of_their_own_account() {
    for_each_backend(|database| {
        let (app, households) = town(database);
        let numbers = |channel: &str| household_of(&households, channel).account_numbers();
        let ([own, ..], [foreign, ..]) = (numbers("APP"), numbers(NEIGHBOUR));
        let (program, customer) = (app.channel("APP"), app.customer(&[&own]));
        for (key, account, expected) in [("mine", &own, "POSTED"), ("theirs", &foreign, "NOT_FOUND")] {
            program.post(json!({ "idempotencyKey": key, "accountNumber": account, "amount": "1.00" }));
            let query =
                "query($k: String!) { payment(idempotencyKey: $k) { status payment { accountNumber } } }";
            let data = customer.data(query, json!({ "k": key }));
            assert_eq!(at(&data, "payment.status"), expected, "{data}");
        }
    });
}
