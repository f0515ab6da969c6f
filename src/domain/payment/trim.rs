//! What is cut of a payment that a reporting channel sends (product rule 3). Never changes its key or its amount, and
//! never guesses: what isn't plainly what was meant goes to suspense or is left out.

use super::super::account::{ACCOUNT_NUMBER_AS_GIVEN_LEN_MAX, is_account_number, is_account_number_as_given};
use super::super::base::text::{cut, replace_controls};
use super::super::base::trims::{Trims, shown};
use super::super::bill::is_bill_number;
use super::{BILL_NUMBERS_MAX, NOTE_LEN_MAX, SentInstant, SentPayment};

/// What a payment can hold of what was sent, and in words what was cut.
pub(super) fn trim(sent: SentPayment) -> (SentPayment, Option<String>) {
    let mut trims = Trims::default();
    let trimmed = SentPayment {
        account_number: account_number(sent.account_number, &mut trims),
        paid_at: paid_at(sent.paid_at, &mut trims),
        bill_numbers: bill_numbers(sent.bill_numbers, &mut trims),
        note: sent.note.map(|note| trims.free_text("note", note, NOTE_LEN_MAX)),
        ..sent
    };
    (trimmed, trims.into_words())
}

/// Without what stands around it where an account number is left; else as it was sent, made fit for suspense. A
/// control character inside leaves a mark: without it another account's number might be left.
fn account_number(sent: String, trims: &mut Trims) -> String {
    let bare = bare(&sent);
    if bare.len() < sent.len() && is_account_number(bare) {
        trims.say("What stood around accountNumber was left out.".to_owned());
        return bare.to_owned();
    }
    if is_account_number_as_given(&sent) {
        return sent;
    }
    trims.say(format!(
        "accountNumber was cut to {ACCOUNT_NUMBER_AS_GIVEN_LEN_MAX} characters, and control characters in it were \
         replaced."
    ));
    replace_controls(cut(&sent, ACCOUNT_NUMBER_AS_GIVEN_LEN_MAX), char::REPLACEMENT_CHARACTER)
}

fn paid_at(sent: SentInstant, trims: &mut Trims) -> SentInstant {
    match sent {
        SentInstant::Absent => SentInstant::Absent,
        SentInstant::At { at_ms, is_cut } => {
            if is_cut {
                trims.say("What paidAt had beyond milliseconds was cut.".to_owned());
            }
            SentInstant::At { at_ms, is_cut: false }
        }
        SentInstant::Unreadable(text) => {
            trims.say(format!("paidAt {} is no instant: it counts as absent.", shown(&text)));
            SentInstant::Absent
        }
    }
}

/// Those that can be a bill's, and of them no more than can be named.
fn bill_numbers(sent: Vec<String>, trims: &mut Trims) -> Vec<String> {
    let (mut kept, mut left_out, mut is_any_bared) = (Vec::new(), Vec::new(), false);
    for number in sent {
        let bare = bare(&number);
        if is_bill_number(bare) {
            is_any_bared |= bare.len() < number.len();
            kept.push(bare.to_owned());
        } else {
            left_out.push(number);
        }
    }
    if let [first, ..] = left_out.as_slice() {
        let (count, first) = (left_out.len(), shown(first));
        trims.say(format!(
            "Left out of billNumbers: {count} that can't be a bill's, the first of them {first}."
        ));
    }
    if is_any_bared {
        trims.say("What stood around billNumbers was left out.".to_owned());
    }
    if kept.len() > BILL_NUMBERS_MAX {
        trims.say(format!("billNumbers beyond the first {BILL_NUMBERS_MAX} were left out."));
        kept.truncate(BILL_NUMBERS_MAX);
    }
    kept
}

/// Without white space and control characters at its ends.
fn bare(number: &str) -> &str {
    number.trim_matches(|character: char| character.is_whitespace() || character.is_control())
}
