//! The ways that lead to an object of each type. A field is asked for by all of them.

use super::fields::Field;
use super::table::Side;

/// A document that leads to objects of one type.
#[derive(Debug)]
pub struct Route {
    /// The type.
    of: &'static str,
    /// Whether it leads to nothing but the caller's own.
    is_own_only: bool,
    /// The document; the field is asked for at `<field>`.
    document: &'static str,
    /// Where the objects stand in `data`. Lists are walked through; `[field=text]` keeps those of the
    /// objects in which it holds.
    pub path: &'static str,
}

/// Root fields that answer of the caller or the service alone.
const OWN_ONLY: [&str; 2] = ["Query.channel", "Query.serviceConfig"];

/// The arguments of fields that need some.
const ARGUMENTS: [(&str, &str); 8] = [
    ("Query.account", "number: \"<account>\""),
    ("Query.accounts", "numbers: [\"<account>\", \"<idle>\"]"),
    ("Query.node", "id: \"<payment_id>\""),
    ("Query.nodes", "ids: [\"<account_id>\", \"<bill_id>\"]"),
    ("Query.payment", "idempotencyKey: \"<key>\""),
    (
        "Mutation.paymentPost",
        "input: { idempotencyKey: \"<fresh>\", accountNumber: \"<till>\", amount: \"0.01\" }",
    ),
    (
        "Mutation.paymentBatchPost",
        "input: { payments: [{ idempotencyKey: \"<fresh>\", accountNumber: \"<till>\", amount: \"0.01\" }] }",
    ),
    (
        "Mutation.paymentReverse",
        "input: { idempotencyKey: \"<reversal_key>\", paymentIdempotencyKey: \"<key>\", reason: \"<reason>\" }",
    ),
];

macro_rules! account {
    ($rest:literal) => {
        concat!("{ account(number: \"<account>\") ", $rest, " }")
    };
}
macro_rules! idle {
    ($rest:literal) => {
        concat!("{ account(number: \"<idle>\") ", $rest, " }")
    };
}
macro_rules! bill {
    ($rest:literal) => {
        concat!("{ node(id: \"<bill_id>\") { ... on Bill ", $rest, " } }")
    };
}
macro_rules! payment {
    ($rest:literal) => {
        concat!("{ node(id: \"<payment_id>\") { ... on Payment ", $rest, " } }")
    };
}
macro_rules! by_key {
    ($rest:literal) => {
        concat!("{ payment(idempotencyKey: \"<key>\") ", $rest, " }")
    };
}
macro_rules! by_refused_key {
    ($rest:literal) => {
        concat!("{ payment(idempotencyKey: \"<refused_key>\") ", $rest, " }")
    };
}
macro_rules! of_channel {
    ($rest:literal) => {
        concat!("{ channel { payments(on: \"<day>\", first: 100) ", $rest, " } }")
    };
}
macro_rules! exceptions {
    ($rest:literal) => {
        concat!("{ exceptions(first: 100) ", $rest, " }")
    };
}
macro_rules! post {
    ($rest:literal) => {
        concat!(
            "mutation { paymentPost(input: { idempotencyKey: \"<fresh>\", accountNumber: \"<till>\", ",
            "amount: \"0.01\" }) ",
            $rest,
            " }"
        )
    };
}
macro_rules! post_nothing {
    ($rest:literal) => {
        concat!(
            "mutation { paymentPost(input: { idempotencyKey: \"<fresh>\", accountNumber: \"<till>\", ",
            "amount: \"0.00\" }) ",
            $rest,
            " }"
        )
    };
}
macro_rules! batch {
    ($rest:literal) => {
        concat!(
            "mutation { paymentBatchPost(input: { payments: [",
            "{ idempotencyKey: \"<fresh>\", accountNumber: \"<till>\", amount: \"0.01\" }, ",
            "{ idempotencyKey: \"\", accountNumber: \"<till>\", amount: \"0.01\" }] }) ",
            $rest,
            " }"
        )
    };
}
macro_rules! reverse {
    ($rest:literal) => {
        concat!(
            "mutation { paymentReverse(input: { idempotencyKey: \"<reversal_key>\", ",
            "paymentIdempotencyKey: \"<key>\", reason: \"<reason>\" }) ",
            $rest,
            " }"
        )
    };
}
macro_rules! reverse_nothing {
    ($rest:literal) => {
        concat!(
            "mutation { paymentReverse(input: { idempotencyKey: \"\", paymentIdempotencyKey: \"<key>\", ",
            "reason: \"<reason>\" }) ",
            $rest,
            " }"
        )
    };
}

const fn both(of: &'static str, document: &'static str, path: &'static str) -> Route {
    Route { of, is_own_only: false, document, path }
}

const fn own(of: &'static str, document: &'static str, path: &'static str) -> Route {
    Route { of, is_own_only: true, document, path }
}

/// Every way that is tried.
pub const ROUTES: &[Route] = &[
    both("Query", "{ <field> }", ""),
    both("Mutation", "mutation { <field> }", ""),
    both("Node", "{ node(id: \"<account_id>\") { <field> } }", "node"),
    both("Node", "{ nodes(ids: [\"<bill_id>\", \"<payment_id>\"]) { <field> } }", "nodes"),
    both("Account", account!("{ <field> }"), "account"),
    both("Account", "{ accounts(numbers: [\"<idle>\", \"<account>\"]) { <field> } }", "accounts"),
    both("Account", "{ node(id: \"<account_id>\") { ... on Account { <field> } } }", "node"),
    both("Account", "{ nodes(ids: [\"<account_id>\"]) { ... on Account { <field> } } }", "nodes"),
    both("Account", account!("{ bills { nodes { account { <field> } } } }"), "account.bills.nodes.account"),
    both(
        "Account",
        account!("{ payments { nodes { account { <field> } } } }"),
        "account.payments.nodes.account",
    ),
    both("Account", bill!("{ account { <field> } }"), "node.account"),
    both("Account", payment!("{ account { <field> } }"), "node.account"),
    both("Account", by_key!("{ payment { account { <field> } } }"), "payment.payment.account"),
    own("Account", of_channel!("{ nodes { account { <field> } } }"), "channel.payments.nodes.account"),
    both(
        "Account",
        exceptions!("{ nodes { channel payment { account { <field> } } } }"),
        "exceptions.nodes[channel=<channel>].payment.account",
    ),
    both("Account", post!("{ payment { account { <field> } } }"), "paymentPost.payment.account"),
    both(
        "Account",
        batch!("{ results { payment { account { <field> } } } }"),
        "paymentBatchPost.results.payment.account",
    ),
    both("Account", reverse!("{ payment { account { <field> } } }"), "paymentReverse.payment.account"),
    both("AccountNotPayableReason", idle!("{ notPayableReason { <field> } }"), "account.notPayableReason"),
    both("Bill", account!("{ bills { nodes { <field> } } }"), "account.bills.nodes"),
    both("Bill", account!("{ bills { edges { node { <field> } } } }"), "account.bills.edges.node"),
    both(
        "Bill",
        account!("{ bills(filter: { status: [OPEN, PARTLY_PAID] }) { nodes { <field> } } }"),
        "account.bills.nodes",
    ),
    both("Bill", bill!("{ <field> }"), "node"),
    both("Bill", payment!("{ allocations { bill { <field> } } }"), "node.allocations.bill"),
    both(
        "Bill",
        by_key!("{ payment { allocations { bill { <field> } } } }"),
        "payment.payment.allocations.bill",
    ),
    own(
        "Bill",
        of_channel!("{ nodes { allocations { bill { <field> } } } }"),
        "channel.payments.nodes.allocations.bill",
    ),
    both(
        "Bill",
        post!("{ payment { allocations { bill { <field> } } } }"),
        "paymentPost.payment.allocations.bill",
    ),
    both(
        "BillNotPayableReason",
        account!("{ bills { nodes { notPayableReason { <field> } } } }"),
        "account.bills.nodes.notPayableReason",
    ),
    both(
        "Bill",
        reverse!("{ payment { allocations { bill { <field> } } } }"),
        "paymentReverse.payment.allocations.bill",
    ),
    both("BillNotPayableReason", bill!("{ notPayableReason { <field> } }"), "node.notPayableReason"),
    both("BillConnection", account!("{ bills { <field> } }"), "account.bills"),
    both("BillEdge", account!("{ bills { edges { <field> } } }"), "account.bills.edges"),
    both("Allocation", payment!("{ allocations { <field> } }"), "node.allocations"),
    both("Allocation", by_key!("{ payment { allocations { <field> } } }"), "payment.payment.allocations"),
    both(
        "Allocation",
        account!("{ payments { nodes { allocations { <field> } } } }"),
        "account.payments.nodes.allocations",
    ),
    own(
        "Allocation",
        of_channel!("{ nodes { allocations { <field> } } }"),
        "channel.payments.nodes.allocations",
    ),
    both("Allocation", post!("{ payment { allocations { <field> } } }"), "paymentPost.payment.allocations"),
    both("Payment", payment!("{ <field> }"), "node"),
    both("Payment", "{ nodes(ids: [\"<payment_id>\"]) { ... on Payment { <field> } } }", "nodes"),
    both("Payment", by_key!("{ payment { <field> } }"), "payment.payment"),
    both("Payment", account!("{ payments { nodes { <field> } } }"), "account.payments.nodes"),
    both("Payment", account!("{ payments { edges { node { <field> } } } }"), "account.payments.edges.node"),
    both("Payment", bill!("{ payments { nodes { <field> } } }"), "node.payments.nodes"),
    own("Payment", of_channel!("{ nodes { <field> } }"), "channel.payments.nodes"),
    both(
        "Payment",
        exceptions!("{ nodes { channel payment { <field> } } }"),
        "exceptions.nodes[channel=<channel>].payment",
    ),
    own("Payment", post!("{ payment { <field> } }"), "paymentPost.payment"),
    own("Payment", batch!("{ results { payment { <field> } } }"), "paymentBatchPost.results.payment"),
    both("Payment", reverse!("{ payment { <field> } }"), "paymentReverse.payment"),
    both("PaymentConnection", account!("{ payments { <field> } }"), "account.payments"),
    both("PaymentConnection", bill!("{ payments { <field> } }"), "node.payments"),
    own("PaymentConnection", of_channel!("{ <field> }"), "channel.payments"),
    both("PaymentEdge", account!("{ payments { edges { <field> } } }"), "account.payments.edges"),
    own("PaymentEdge", of_channel!("{ edges { <field> } }"), "channel.payments.edges"),
    both("Reversal", payment!("{ reversal { <field> } }"), "node.reversal"),
    both("Reversal", by_key!("{ payment { reversal { <field> } } }"), "payment.payment.reversal"),
    both(
        "Reversal",
        account!("{ payments { nodes { reversal { <field> } } } }"),
        "account.payments.nodes.reversal",
    ),
    own("Reversal", of_channel!("{ nodes { reversal { <field> } } }"), "channel.payments.nodes.reversal"),
    both("Reversal", reverse!("{ payment { reversal { <field> } } }"), "paymentReverse.payment.reversal"),
    both("PageInfo", account!("{ bills { pageInfo { <field> } } }"), "account.bills.pageInfo"),
    both("PageInfo", account!("{ payments { pageInfo { <field> } } }"), "account.payments.pageInfo"),
    both("PageInfo", bill!("{ payments { pageInfo { <field> } } }"), "node.payments.pageInfo"),
    own("PageInfo", of_channel!("{ pageInfo { <field> } }"), "channel.payments.pageInfo"),
    both("PageInfo", exceptions!("{ pageInfo { <field> } }"), "exceptions.pageInfo"),
    own("Channel", "{ channel { <field> } }", "channel"),
    own("ChannelTotals", "{ channel { totals(on: \"<day>\") { <field> } } }", "channel.totals"),
    both("Exception", exceptions!("{ nodes { channel <field> } }"), "exceptions.nodes[channel=<channel>]"),
    both(
        "Exception",
        exceptions!("{ edges { node { channel <field> } } }"),
        "exceptions.edges.node[channel=<channel>]",
    ),
    both("ExceptionConnection", exceptions!("{ <field> }"), "exceptions"),
    both("ExceptionEdge", exceptions!("{ edges { <field> } }"), "exceptions.edges"),
    both("PaymentStatusResult", by_key!("{ <field> }"), "payment"),
    both("PaymentStatusResult", by_refused_key!("{ <field> }"), "payment"),
    both("PaymentPostPayload", post!("{ <field> }"), "paymentPost"),
    both("PaymentPostPayload", post_nothing!("{ <field> }"), "paymentPost"),
    both("PaymentPostPayload", batch!("{ results { <field> } }"), "paymentBatchPost.results"),
    both("PaymentPostUserError", post_nothing!("{ userErrors { <field> } }"), "paymentPost.userErrors"),
    both(
        "PaymentPostUserError",
        batch!("{ results { userErrors { <field> } } }"),
        "paymentBatchPost.results.userErrors",
    ),
    both("PaymentPostUserError", by_refused_key!("{ refusal { <field> } }"), "payment.refusal"),
    both("PaymentBatchPostPayload", batch!("{ <field> }"), "paymentBatchPost"),
    both("PaymentReversePayload", reverse!("{ <field> }"), "paymentReverse"),
    both("PaymentReversePayload", reverse_nothing!("{ <field> }"), "paymentReverse"),
    both(
        "PaymentReverseUserError",
        reverse_nothing!("{ userErrors { <field> } }"),
        "paymentReverse.userErrors",
    ),
    own("ServiceConfig", "{ serviceConfig { <field> } }", "serviceConfig"),
    own("Limits", "{ serviceConfig { limits { <field> } } }", "serviceConfig.limits"),
];

/// The ways to a field on this side, with their places among [`ROUTES`].
pub fn routes_to<'f>(field: &'f Field, side: Side) -> impl Iterator<Item = (usize, &'static Route)> + 'f {
    let is_own_only = OWN_ONLY.contains(&field.row().as_str());
    ROUTES.iter().enumerate().filter(move |(_, route)| {
        route.of == field.owner && (side == Side::Own || !(route.is_own_only || is_own_only))
    })
}

impl Route {
    /// The document that asks for this field under the name `probe`.
    pub fn document(&self, field: &Field) -> String {
        let row = field.row();
        let arguments = ARGUMENTS.iter().find(|(name, _)| *name == row);
        let arguments = arguments.map_or_else(String::new, |(_, arguments)| format!("({arguments})"));
        let selection = if field.holds_objects { " { __typename }" } else { "" };
        self.document.replace("<field>", &format!("probe: {}{arguments}{selection}", field.name))
    }
}
