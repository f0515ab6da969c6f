//! The requests of the open-loop generator. The documents are those of the wrk scripts.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::district::{account_number, principal_fen};
use crate::draw::Draw;
use crate::open::Kind;

/// W1: what an account owes.
pub const ASK: &str = "query($n:String!){account(number:$n){name status amountDue \
    bills(filter:{status:[OPEN,PARTLY_PAID]})\
    {nodes{number period dueOn principal penalty paid amountDue isPayable}}}}";
/// W2: one payment.
pub const POST: &str = "mutation($input:PaymentPostInput!){paymentPost(input:$input)\
    {replayed userErrors{code} payment{receiptNumber}}}";
/// A page of an account's payments.
pub const HISTORY: &str = "query($n:String!){account(number:$n){number \
    payments(first:12){nodes{receiptNumber amount paidAt channel}}}}";
/// Up to 1,000 payments.
pub const BATCH: &str = "mutation($input:PaymentBatchPostInput!){paymentBatchPost(input:$input)\
    {results{replayed userErrors{code} payment{receiptNumber}}}}";

/// Keys that may be sent again; older ones are forgotten.
const KEYS_KEPT: usize = 10_000;

/// Where requests go, and with which token.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Host and port.
    pub address: String,
    /// A channel's token.
    pub token: String,
}

/// Payments sent so far, some of which are sent again.
#[derive(Clone, Default)]
pub struct Sent(Rc<RefCell<VecDeque<String>>>);

impl Caller {
    /// The bytes of a request.
    pub fn request(&self, document: &str, variables: &str) -> Vec<u8> {
        let Self { address, token } = self;
        let body = format!("{{\"query\":\"{document}\",\"variables\":{variables}}}");
        format!(
            "POST /graphql HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    /// W1 of random accounts.
    pub fn ask(&self, name: &'static str, share: f64, accounts: u64) -> Kind {
        let caller = self.clone();
        let request = move |draw: &mut Draw| {
            let number = account_number(draw.below(accounts));
            caller.request(ASK, &format!("{{\"n\":\"{number}\"}}"))
        };
        Kind { name, share, request: Box::new(request) }
    }

    /// The last payments of random accounts.
    pub fn history(&self, name: &'static str, share: f64, accounts: u64) -> Kind {
        let caller = self.clone();
        let request = move |draw: &mut Draw| {
            let number = account_number(draw.below(accounts));
            caller.request(HISTORY, &format!("{{\"n\":\"{number}\"}}"))
        };
        Kind { name, share, request: Box::new(request) }
    }

    /// New payments of random accounts, each a little of what is owed.
    pub fn post(&self, name: &'static str, share: f64, accounts: u64, sent: &Sent) -> Kind {
        let (caller, sent) = (self.clone(), sent.clone());
        let request = move |draw: &mut Draw| {
            let input = payment(&draw.key(), draw.below(accounts), 1 + draw.below(100), None);
            sent.remember(&input);
            caller.request(POST, &format!("{{\"input\":{input}}}"))
        };
        Kind { name, share, request: Box::new(request) }
    }

    /// Payments sent before, sent again; a new one while there is none.
    pub fn retry(&self, name: &'static str, share: f64, accounts: u64, sent: &Sent) -> Kind {
        let (caller, sent) = (self.clone(), sent.clone());
        let request = move |draw: &mut Draw| {
            let input = sent.any(draw).unwrap_or_else(|| payment(&draw.key(), draw.below(accounts), 1, None));
            caller.request(POST, &format!("{{\"input\":{input}}}"))
        };
        Kind { name, share, request: Box::new(request) }
    }

    /// A batch of these payments.
    pub fn batch(&self, payments: &[String]) -> Vec<u8> {
        self.request(BATCH, &format!("{{\"input\":{{\"payments\":[{}]}}}}", payments.join(",")))
    }
}

impl Sent {
    fn remember(&self, input: &str) {
        let mut inputs = self.0.borrow_mut();
        if inputs.len() == KEYS_KEPT {
            inputs.pop_front();
        }
        inputs.push_back(input.to_owned());
    }

    fn any(&self, draw: &mut Draw) -> Option<String> {
        let inputs = self.0.borrow();
        let place = draw.below((inputs.len() as u64).max(1));
        inputs.get(usize::try_from(place).ok()?).cloned()
    }
}

/// A payment's input, as JSON.
pub fn payment(key: &str, account: u64, amount_fen: u64, bill_number: Option<&str>) -> String {
    payment_for(key, &account_number(account), amount_fen, bill_number)
}

/// The same for an account number that need not exist.
pub fn payment_for(key: &str, number: &str, amount_fen: u64, bill_number: Option<&str>) -> String {
    let (yuan, fen) = (amount_fen / 100, amount_fen % 100);
    let named = bill_number.map(|bill| format!(",\"billNumbers\":[\"{bill}\"]")).unwrap_or_default();
    format!(
        "{{\"idempotencyKey\":\"{key}\",\"accountNumber\":\"{number}\",\"amount\":\"{yuan}.{fen:02}\"{named}}}"
    )
}

/// The payment that settles just one of an account's bills.
pub fn exact_payment(key: &str, account: u64, bill_number: Option<&str>) -> String {
    payment(key, account, principal_fen(account), bill_number)
}
