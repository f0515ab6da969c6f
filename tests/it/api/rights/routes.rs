//! The ways that lead to an object of each type. A field is asked for by all of them.

use super::fields::Field;
use super::path::Path;
use super::table::Side;

/// A way to objects of one type: where it starts, and a path from there.
#[derive(Debug)]
pub struct Route(&'static str, Start, &'static str);

/// A root field that ways start from.
#[derive(Debug, Clone, Copy)]
struct Start {
    is_mutation: bool,
    /// Whether it leads to nothing but the caller's own.
    is_own_only: bool,
    /// The field with its arguments, as a path; empty where the root itself is asked.
    path: &'static str,
    /// The type of what is found, where the field's own type is an interface.
    narrowed_to: Option<&'static str>,
}

const fn query(path: &'static str) -> Start {
    Start { is_mutation: false, is_own_only: false, path, narrowed_to: None }
}

const fn node_of(narrowed_to: &'static str, path: &'static str) -> Start {
    Start { narrowed_to: Some(narrowed_to), ..query(path) }
}

const fn mutation(path: &'static str) -> Start {
    Start { is_mutation: true, ..query(path) }
}

const fn own(start: Start) -> Start {
    Start { is_own_only: true, ..start }
}

const QUERIES: Start = query("");
const MUTATIONS: Start = mutation("");
const ACCOUNT: Start = query("account(number: \"<account>\")");
const IDLE: Start = query("account(number: \"<idle>\")");
const ACCOUNTS: Start = query("accounts(numbers: [\"<idle>\", \"<account>\"])");
const ACCOUNT_ID: Start = query("node(id: \"<account_id>\")");
const OTHER_IDS: Start = query("nodes(ids: [\"<bill_id>\", \"<payment_id>\"])");
const ACCOUNT_NODE: Start = node_of("Account", "node(id: \"<account_id>\")");
const ACCOUNT_NODES: Start = node_of("Account", "nodes(ids: [\"<account_id>\"])");
const BILL_NODE: Start = node_of("Bill", "node(id: \"<bill_id>\")");
const BILL_NODES: Start = node_of("Bill", "nodes(ids: [\"<bill_id>\"])");
const PAYMENT_NODE: Start = node_of("Payment", "node(id: \"<payment_id>\")");
const PAYMENT_NODES: Start = node_of("Payment", "nodes(ids: [\"<payment_id>\"])");
const KEY: Start = query("payment(idempotencyKey: \"<key>\")");
const REFUSED_KEY: Start = query("payment(idempotencyKey: \"<refused_key>\")");
const CHANNEL: Start = own(query("channel"));
const DAY: Start = own(query("channel.payments(on: \"<day>\", first: 20)"));
const SERVICE: Start = own(query("serviceConfig"));
const EXCEPTIONS: Start = query("exceptions(first: 100)");
const POST: Start = mutation(
    "paymentPost(input: { idempotencyKey: \"<fresh>\", accountNumber: \"<till>\", amount: \"<amount>\" })",
);
/// What a caller posts is its own, whoever it is posted for.
const OWN_POST: Start = own(POST);
const BAD_POST: Start =
    mutation("paymentPost(input: { idempotencyKey: \"\", accountNumber: \"<till>\", amount: \"<amount>\" })");
/// One payment that is posted and one that is refused.
const BATCH: Start = mutation(
    "paymentBatchPost(input: { payments: [\
     { idempotencyKey: \"<fresh>\", accountNumber: \"<till>\", amount: \"<amount>\" }, \
     { idempotencyKey: \"\", accountNumber: \"<till>\", amount: \"<amount>\" }] })",
);
const OWN_BATCH: Start = own(BATCH);
/// A reversal that is there already, so that it is replayed.
const REVERSE: Start = mutation(
    "paymentReverse(input: { idempotencyKey: \"<reversal_key>\", \
     paymentIdempotencyKey: \"<key>\", reason: \"<reason>\" })",
);
const BAD_REVERSE: Start = mutation(
    "paymentReverse(input: { idempotencyKey: \"\", \
     paymentIdempotencyKey: \"<key>\", reason: \"<reason>\" })",
);

/// Every way that is tried.
pub const ROUTES: &[Route] = &[
    Route("Query", QUERIES, ""),
    Route("Mutation", MUTATIONS, ""),
    Route("Node", ACCOUNT_ID, ""),
    Route("Node", OTHER_IDS, ""),
    Route("Account", ACCOUNT, ""),
    Route("Account", ACCOUNTS, ""),
    Route("Account", ACCOUNT_NODE, ""),
    Route("Account", ACCOUNT_NODES, ""),
    Route("Account", ACCOUNT, "bills.nodes.account"),
    Route("Account", ACCOUNT, "payments.nodes.account"),
    Route("Account", BILL_NODE, "account"),
    Route("Account", PAYMENT_NODE, "account"),
    Route("Account", KEY, "payment.account"),
    Route("Account", DAY, "nodes.account"),
    Route("Account", EXCEPTIONS, "nodes[channel=<channel>].payment.account"),
    Route("Account", POST, "payment.account"),
    Route("Account", BATCH, "results.payment.account"),
    Route("Account", REVERSE, "payment.account"),
    Route("AccountNotPayableReason", IDLE, "notPayableReason"),
    Route("AccountNotPayableReason", ACCOUNTS, "notPayableReason"),
    Route("Bill", ACCOUNT, "bills.nodes"),
    Route("Bill", ACCOUNT, "bills.edges.node"),
    Route("Bill", ACCOUNT, "bills(filter: { status: [OPEN, PARTLY_PAID] }).nodes"),
    Route("Bill", BILL_NODE, ""),
    Route("Bill", BILL_NODES, ""),
    Route("Bill", PAYMENT_NODE, "allocations.bill"),
    Route("Bill", KEY, "payment.allocations.bill"),
    Route("Bill", DAY, "nodes.allocations.bill"),
    Route("Bill", POST, "payment.allocations.bill"),
    Route("Bill", BATCH, "results.payment.allocations.bill"),
    Route("Bill", REVERSE, "payment.allocations.bill"),
    Route("BillNotPayableReason", ACCOUNT, "bills.nodes.notPayableReason"),
    Route("BillNotPayableReason", BILL_NODE, "notPayableReason"),
    Route("BillConnection", ACCOUNT, "bills"),
    Route("BillEdge", ACCOUNT, "bills.edges"),
    Route("Allocation", ACCOUNT, "payments.nodes.allocations"),
    Route("Allocation", PAYMENT_NODE, "allocations"),
    Route("Allocation", KEY, "payment.allocations"),
    Route("Allocation", DAY, "nodes.allocations"),
    Route("Allocation", POST, "payment.allocations"),
    Route("Allocation", REVERSE, "payment.allocations"),
    Route("Payment", ACCOUNT, "payments.nodes"),
    Route("Payment", ACCOUNT, "payments.edges.node"),
    Route("Payment", BILL_NODE, "payments.nodes"),
    Route("Payment", PAYMENT_NODE, ""),
    Route("Payment", PAYMENT_NODES, ""),
    Route("Payment", KEY, "payment"),
    Route("Payment", DAY, "nodes"),
    Route("Payment", EXCEPTIONS, "nodes[channel=<channel>].payment"),
    Route("Payment", OWN_POST, "payment"),
    Route("Payment", OWN_BATCH, "results.payment"),
    Route("Payment", REVERSE, "payment"),
    Route("PaymentConnection", ACCOUNT, "payments"),
    Route("PaymentConnection", BILL_NODE, "payments"),
    Route("PaymentConnection", DAY, ""),
    Route("PaymentEdge", ACCOUNT, "payments.edges"),
    Route("PaymentEdge", BILL_NODE, "payments.edges"),
    Route("PaymentEdge", DAY, "edges"),
    Route("Reversal", ACCOUNT, "payments.nodes.reversal"),
    Route("Reversal", BILL_NODE, "payments.nodes.reversal"),
    Route("Reversal", PAYMENT_NODE, "reversal"),
    Route("Reversal", KEY, "payment.reversal"),
    Route("Reversal", DAY, "nodes.reversal"),
    Route("Reversal", REVERSE, "payment.reversal"),
    Route("PageInfo", ACCOUNT, "bills.pageInfo"),
    Route("PageInfo", ACCOUNT, "payments.pageInfo"),
    Route("PageInfo", BILL_NODE, "payments.pageInfo"),
    Route("PageInfo", DAY, "pageInfo"),
    Route("PageInfo", EXCEPTIONS, "pageInfo"),
    Route("Channel", CHANNEL, ""),
    Route("ChannelTotals", CHANNEL, "totals(on: \"<day>\")"),
    Route("Exception", EXCEPTIONS, "nodes[channel=<channel>]"),
    Route("Exception", EXCEPTIONS, "edges.node[channel=<channel>]"),
    Route("ExceptionConnection", EXCEPTIONS, ""),
    Route("ExceptionEdge", EXCEPTIONS, "edges"),
    Route("PaymentStatusResult", KEY, ""),
    Route("PaymentStatusResult", REFUSED_KEY, ""),
    Route("PaymentPostPayload", POST, ""),
    Route("PaymentPostPayload", BAD_POST, ""),
    Route("PaymentPostPayload", BATCH, "results"),
    Route("PaymentPostUserError", BAD_POST, "userErrors"),
    Route("PaymentPostUserError", BATCH, "results.userErrors"),
    Route("PaymentPostUserError", REFUSED_KEY, "refusal"),
    Route("PaymentBatchPostPayload", BATCH, ""),
    Route("PaymentReversePayload", REVERSE, ""),
    Route("PaymentReversePayload", BAD_REVERSE, ""),
    Route("PaymentReverseUserError", BAD_REVERSE, "userErrors"),
    Route("ServiceConfig", SERVICE, ""),
    Route("Limits", SERVICE, "limits"),
];

/// Root fields that answer of the caller or of the service alone.
const OWN_ONLY: [&str; 2] = ["Query.channel", "Query.serviceConfig"];

/// Fields that are asked for as ways start, since they need arguments.
const WITH_ARGUMENTS: [(&str, Start); 8] = [
    ("Query.account", ACCOUNT),
    ("Query.accounts", ACCOUNTS),
    ("Query.node", PAYMENT_NODE),
    ("Query.nodes", OTHER_IDS),
    ("Query.payment", KEY),
    ("Mutation.paymentPost", POST),
    ("Mutation.paymentBatchPost", BATCH),
    ("Mutation.paymentReverse", REVERSE),
];

/// The ways to a field on this side, with their places among [`ROUTES`].
pub fn routes_to<'f>(field: &'f Field, side: Side) -> impl Iterator<Item = (usize, &'static Route)> + 'f {
    let is_own_only = OWN_ONLY.contains(&field.row().as_str());
    ROUTES.iter().enumerate().filter(move |(_, Route(of, start, _))| {
        *of == field.owner && (side == Side::Own || !(start.is_own_only || is_own_only))
    })
}

impl Route {
    /// The document that asks for this field under the name `probe`. `fill` puts values in `<holes>`.
    pub fn document(&self, field: &Field, fill: impl Fn(&str) -> String) -> String {
        let Self(_, start, path) = self;
        let row = field.row();
        let with_arguments = WITH_ARGUMENTS.iter().find(|(name, _)| *name == row);
        let asked = with_arguments.map_or(field.name.as_str(), |(_, start)| start.path);
        let selection = if field.holds_objects { " { __typename }" } else { "" };
        let inner = Path::parse(path).selection(&format!("probe: {asked}{selection}"));
        let inner = match start.narrowed_to {
            Some(narrowed_to) => format!("... on {narrowed_to} {{ {inner} }}"),
            None => inner,
        };
        let operation = if start.is_mutation { "mutation" } else { "query" };
        fill(&format!("{operation} {{ {} }}", Path::parse(start.path).selection(&inner)))
    }

    /// Where the objects stand in the document's `data`. `fill` puts values in `<holes>`.
    pub fn path(&self, fill: impl Fn(&str) -> String) -> Path {
        let Self(_, start, path) = self;
        Path::parse(&format!("{}.{path}", start.path)).with_conditions(fill)
    }
}
