//! What a reporting channel sends that is more than can be kept (product rule 3): cut, posted and said. What an asking
//! channel sends of that kind is refused, naming the field.

use granary::domain::account::is_account_number_as_given;
use granary::domain::base::text::is_free_text;
use granary::domain::bill::is_bill_number;
use granary::domain::book::{Answer, Command};
use granary::domain::channel::ChannelMode::{Asking, Reporting};
use granary::domain::exception::ExceptionKind::{
    self, AccountNumberMalformed, BillNotFound, InputTrimmed, Overpayment,
};
use granary::domain::keyed::Answered;
use granary::domain::payment::{
    BILL_NUMBERS_MAX, NOTE_LEN_MAX, PostOutcome, PostPayment, PostRefusalCode as Code, SentInstant,
    SentPayment,
};
use granary::domain::reversal::{ReverseRefusalCode, SentReversal, Undone};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::world::{ACCOUNT, COUNTER, WECHAT, World, instant, key_of, pay};

fn sent(channel: &str, key: &str) -> SentPayment {
    let plain = pay(key, 10_000).by(channel).0;
    SentPayment {
        key: plain.key,
        account_number: plain.input.account_number,
        amount_fen: Some(plain.input.amount_fen),
        paid_at: SentInstant::Absent,
        bill_numbers: Vec::new(),
        note: None,
        actor: plain.actor,
    }
}

fn read(sent: &SentPayment) -> PostPayment {
    sent.clone().read(Reporting).unwrap_or_else(|refusals| panic!("{sent:?}: {refusals:?}"))
}

fn post(world: &mut World, command: PostPayment) -> (PostOutcome, bool) {
    match world.give(Command::PostPayment(command)) {
        Answer::PostPayment(Answered::Settled { outcome, replayed }) => (outcome, replayed),
        answer => panic!("{answer:?} is no answer to a payment"),
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("B{number}")).collect()
}

/// What is sent beside a plain payment, what is kept of it, the exceptions it leaves, and where an asking channel is
/// refused.
struct Case {
    send: fn(&mut SentPayment),
    keep: fn(&mut PostPayment),
    exceptions: &'static [ExceptionKind],
    refused: Option<(Code, &'static str)>,
}

fn cases() -> Vec<Case> {
    let malformed = |field| Some((Code::InputMalformed, field));
    let no_account = Some((Code::AccountNumberMalformed, "accountNumber"));
    let case = |send, keep, exceptions, refused| Case { send, keep, exceptions, refused };
    vec![
        case(
            |p| p.note = Some("缴".repeat(201)),
            |p| p.note = Some("缴".repeat(200)),
            &[InputTrimmed],
            malformed("note"),
        ),
        case(
            |p| p.note = Some("a\r\nb\0".to_owned()),
            |p| p.note = Some("a  b ".to_owned()),
            &[InputTrimmed],
            malformed("note"),
        ),
        case(
            |p| p.bill_numbers = numbered(101),
            |p| p.input.bill_numbers = Some(numbered(100)),
            &[BillNotFound, Overpayment, InputTrimmed],
            malformed("billNumbers"),
        ),
        case(|p| p.bill_numbers = vec!["9".repeat(65)], |_| {}, &[InputTrimmed], malformed("billNumbers")),
        case(
            |p| p.bill_numbers = texts(&["B\0", "户", "", "B 1", " B1\r\n"]),
            |p| p.input.bill_numbers = Some(texts(&["B", "B1"])),
            &[BillNotFound, Overpayment, InputTrimmed],
            malformed("billNumbers"),
        ),
        case(|p| p.account_number = format!("{ACCOUNT}\r\n"), |_| {}, &[InputTrimmed], no_account),
        case(|p| p.account_number = format!("\u{3000}{ACCOUNT} \0"), |_| {}, &[InputTrimmed], no_account),
        case(
            |p| p.account_number = "01002\u{0}00300".to_owned(),
            |p| p.input.account_number = "01002\u{fffd}00300".to_owned(),
            &[AccountNumberMalformed, InputTrimmed],
            no_account,
        ),
        case(
            |p| p.account_number = "1".repeat(65),
            |p| p.input.account_number = "1".repeat(64),
            &[AccountNumberMalformed, InputTrimmed],
            no_account,
        ),
        case(
            |p| p.account_number = " 户号".to_owned(),
            |p| p.input.account_number = " 户号".to_owned(),
            &[AccountNumberMalformed],
            no_account,
        ),
        case(
            |p| p.paid_at = SentInstant::At { at_ms: instant("2026-10-30 08:00:00"), is_cut: true },
            |p| p.input.paid_at_ms = Some(instant("2026-10-30 08:00:00")),
            &[InputTrimmed],
            None,
        ),
        case(
            |p| p.paid_at = SentInstant::Unreadable("昨天\n".to_owned()),
            |_| {},
            &[InputTrimmed],
            malformed("paidAt"),
        ),
    ]
}

#[test]
fn what_a_reporting_channel_sends_too_much_of_is_cut_and_posted_and_comes_again_as_a_replay() {
    for (index, Case { send, keep, exceptions, .. }) in cases().into_iter().enumerate() {
        let (mut world, mut sent) = (World::new(), sent(WECHAT, "k1"));
        send(&mut sent);
        let command = read(&sent);
        let mut kept = PostPayment { trimmed: command.trimmed.clone(), ..pay("k1", 10_000).by(WECHAT).0 };
        keep(&mut kept);
        assert_eq!(command, kept, "case {index}");
        assert_eq!(
            command.trimmed.is_some(),
            exceptions.contains(&InputTrimmed),
            "case {index}: {command:?}"
        );
        let (first, _) = post(&mut world, command);
        let payment = first.as_ref().unwrap_or_else(|refusal| panic!("case {index}: {refusal:?}"));
        assert_eq!(payment.account_number, kept.input.account_number, "case {index}");
        assert_eq!(world.exceptions("k1"), exceptions, "case {index}");
        assert_eq!(post(&mut world, read(&sent)), (first, true), "case {index}");
        assert!(post(&mut world, kept).1, "case {index}: what is kept of it is the same input");
        assert_eq!(world.exceptions("k1"), exceptions, "case {index}: a replay leaves none");
    }
}

#[test]
fn an_asking_channel_is_refused_what_a_reporting_one_is_cut() {
    for (index, Case { send, refused, .. }) in cases().into_iter().enumerate() {
        let mut sent = sent(COUNTER, "k1");
        send(&mut sent);
        let heard = match sent.read(Asking) {
            Ok(command) => {
                assert_eq!(command.trimmed, None, "case {index}");
                None
            }
            Err(refusals) => match refusals.as_slice() {
                [refusal] => Some((refusal.code, refusal.field.clone())),
                refusals => panic!("case {index}: {refusals:?}"),
            },
        };
        assert_eq!(heard, refused.map(|(code, field)| (code, Some(field.to_owned()))), "case {index}");
    }
}

#[test]
fn a_malformed_key_or_amount_is_refused_whoever_sends_it_and_all_that_is_malformed_is_named_in_order() {
    let mut wrong = sent(COUNTER, "k 1");
    wrong.account_number = "12a".to_owned();
    wrong.amount_fen = None;
    wrong.paid_at = SentInstant::Unreadable(String::new());
    wrong.bill_numbers = numbered(BILL_NUMBERS_MAX + 1);
    wrong.note = Some("\n".to_owned());
    let codes = |mode| {
        let refusals = wrong.clone().read(mode).expect_err("it is malformed");
        refusals
            .into_iter()
            .map(|refusal| (refusal.code, refusal.field.unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let named = |code, field: &str| (code, field.to_owned());
    let key = named(Code::IdempotencyKeyMalformed, "idempotencyKey");
    let amount = named(Code::AmountOutOfRange, "amount");
    assert_eq!(codes(Reporting), [key.clone(), amount.clone()]);
    let account = named(Code::AccountNumberMalformed, "accountNumber");
    let others = ["paidAt", "billNumbers", "note"].map(|field| named(Code::InputMalformed, field));
    assert_eq!(codes(Asking), [vec![key, account, amount], others.to_vec()].concat());
    assert!(codes(Asking).is_sorted_by_key(|(code, _)| *code), "in order of precedence");
}

#[test]
fn a_reporting_channels_reason_is_cut_and_an_asking_ones_refused() {
    let cases = [("退".repeat(201), "退".repeat(200)), ("a\0\nb".to_owned(), "a  b".to_owned())];
    for (reason, kept) in cases {
        for is_early in [false, true] {
            let mut world = World::new();
            if !is_early {
                world.post(&pay("k1", 10_000).by(WECHAT));
            }
            let command = |channel: &str, mode| {
                let (key, payment_key) = (key_of(channel, "r1"), "k1".to_owned());
                let actor = pay("k1", 1).0.actor;
                SentReversal { key, payment_key, reason: reason.clone(), actor }.read(mode)
            };
            let mut give = || match world
                .give(Command::ReversePayment(command(WECHAT, Reporting).expect("it is cut")))
            {
                Answer::ReversePayment(Answered::Settled { outcome: Ok(undone), replayed }) => {
                    (undone, replayed)
                }
                answer => panic!("{answer:?}"),
            };
            let (undone, _) = give();
            let (again, replayed) = give();
            assert_eq!((&again, replayed), (&undone, true));
            assert_eq!(world.exceptions("r1"), [InputTrimmed]);
            let payment = match undone {
                Undone::Reversed(payment) => *payment,
                Undone::Remembered(_) => world.post(&pay("k1", 10_000).by(WECHAT)),
            };
            assert_eq!(payment.reversal.map(|reversal| reversal.reason), Some(kept.clone()));
            let refusals = command(COUNTER, Asking).expect_err("an asking channel is told");
            let codes: Vec<_> =
                refusals.iter().map(|refusal| (refusal.code, refusal.field.as_deref())).collect();
            assert_eq!(codes, [(ReverseRefusalCode::InputMalformed, Some("reason"))]);
        }
    }
}

/// Any text, of what trouble is made of above all.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9B户 \\r\\n\\x00\\x7f\u{85}\u{3000}]{0,70}",
        any::<String>(),
        "[0-9]{1,20}",
        Just("票".repeat(201)),
    ]
}

fn paid_at() -> impl Strategy<Value = SentInstant> {
    prop_oneof![
        Just(SentInstant::Absent),
        (0..instant("2026-11-01 12:00:00"), any::<bool>())
            .prop_map(|(at_ms, is_cut)| SentInstant::At { at_ms, is_cut }),
        text().prop_map(SentInstant::Unreadable),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_that_was_taken_is_posted_whatever_else_was_sent(
        account_number in text(), paid_at in paid_at(), bill_numbers in vec(text(), 0..120), note in option::of(text()),
    ) {
        let sent = SentPayment { account_number, paid_at, bill_numbers, note, ..sent(WECHAT, "k1") };
        let command = read(&sent);
        prop_assert!(is_account_number_as_given(&command.input.account_number));
        let named = command.input.bill_numbers.clone().unwrap_or_default();
        prop_assert!(named.len() <= BILL_NUMBERS_MAX && named.iter().all(|number| is_bill_number(number)));
        prop_assert!(command.note.iter().all(|note| is_free_text(note, NOTE_LEN_MAX)));
        prop_assert!(command.trimmed.iter().all(|words| !words.contains('\0')));
        let again = SentPayment {
            account_number: command.input.account_number.clone(),
            paid_at: command.input.paid_at_ms.map_or(SentInstant::Absent, |at_ms| SentInstant::At { at_ms, is_cut: false }),
            bill_numbers: named,
            note: command.note.clone(),
            ..sent.clone()
        };
        prop_assert_eq!(read(&again), PostPayment { trimmed: None, ..command.clone() }, "what was cut fits");
        let mut world = World::new();
        let (outcome, _) = post(&mut world, command.clone());
        let payment = outcome.expect("it is posted");
        prop_assert_eq!(payment.to_advance_fen + payment.to_suspense_fen, 10_000);
        prop_assert_eq!(world.exceptions("k1").contains(&InputTrimmed), command.trimmed.is_some());
        prop_assert_eq!(post(&mut world, read(&sent)), (Ok(payment), true));
    }
}
