//! `granary channel`.

use super::Desk;

const ADD: [&str; 7] = ["channel", "add", "BANK-1", "--kind", "bank", "--mode", "asking"];

#[test]
fn a_channel_is_added_listed_suspended_and_resumed() {
    let desk = Desk::migrated();
    let rules =
        ["--amount-rule", "exact", "--amount-rule", "RESIDENTIAL=any", "--min", "1", "--max", "5000.5"];
    let add = [&ADD[..], &rules, &["--paid-at-back", "30"]].concat();
    assert_eq!(desk.run(&add).succeeds(), "channel BANK-1 added\n");
    desk.run(&["channel", "add", "APP", "--kind", "app", "--mode", "reporting"]).succeeds();
    assert_eq!(desk.run(&["channel", "suspend", "BANK-1"]).succeeds(), "channel BANK-1 suspended\n");
    assert_eq!(desk.run(&["channel", "suspend", "BANK-1"]).succeeds(), "channel BANK-1 unchanged\n");
    let bind = ["channel", "documents", "BANK-1", "trusted"];
    assert_eq!(desk.run(&bind).succeeds(), "channel BANK-1 sends trusted documents\n");
    assert_eq!(desk.run(&bind).succeeds(), "channel BANK-1 unchanged\n");
    let list = "code    kind  mode       status     rules                  min   max             back-days  documents\n\
                APP     app   reporting  active     any                    0.01  10000000000.00  400        any\n\
                BANK-1  bank  asking     suspended  exact,RESIDENTIAL=any  1.00  5000.50         30         trusted\n";
    assert_eq!(desk.run(&["channel", "list"]).succeeds(), list);
    assert_eq!(desk.run(&["channel", "resume", "BANK-1"]).succeeds(), "channel BANK-1 resumed\n");
    assert!(desk.run(&["channel", "list"]).succeeds().contains("asking     active"));
}

#[test]
fn the_same_channel_again_is_fine_and_another_is_refused() {
    let desk = Desk::migrated();
    desk.run(&ADD).succeeds();
    assert_eq!(desk.run(&ADD).succeeds(), "channel BANK-1 unchanged\n");
    // The rule is said in other words and means the same.
    let rules = ["--amount-rule", "any", "--amount-rule", "OTHER=any"];
    assert_eq!(desk.run(&[&ADD[..], &rules].concat()).succeeds(), "channel BANK-1 unchanged\n");
    let other = [&ADD[..], &["--max", "100"]].concat();
    desk.run(&other).fails(1, "channel BANK-1 is registered with other rules");
    desk.run(&["channel", "suspend", "BANK-1"]).succeeds();
    assert_eq!(desk.run(&ADD).succeeds(), "channel BANK-1 unchanged\n");
    assert!(desk.run(&["channel", "list"]).succeeds().contains("suspended"));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let desk = Desk::migrated();
    let cases: [(&[&str], i32, &str); 8] = [
        (&["--amount-rule", "exactly"], 2, "a rule is any, exact or exact-or-more"),
        (&["--amount-rule", "SHOPS=any"], 2, "there is no customer class"),
        (&["--amount-rule", "any", "--amount-rule", "exact"], 1, "--amount-rule says two things"),
        (&["--min", "0"], 2, "an amount is yuan"),
        (&["--min", "1.001"], 2, "an amount is yuan"),
        (&["--max", "10000000000.01"], 2, "an amount is yuan"),
        (&["--min", "5", "--max", "4.99"], 1, "--min 5.00 is more than --max 4.99"),
        (&["--paid-at-back", "36501"], 2, "36501"),
    ];
    for (more, status, words) in cases {
        desk.run(&[&ADD[..], more].concat()).fails(status, words);
    }
    desk.run(&["channel", "add", "a b", "--kind", "bank", "--mode", "asking"]).fails(1, "a channel's code");
    desk.run(&["channel", "add", "X", "--kind", "shop", "--mode", "asking"]).fails(2, "bank, mobile");
    desk.run(&["channel", "suspend", "NOBODY"]).fails(1, "there is no channel “NOBODY”");
    assert_eq!(desk.run(&["channel", "list"]).succeeds().lines().count(), 1);
}
