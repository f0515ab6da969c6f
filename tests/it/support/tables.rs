//! Every table of the database, and what must be said of it. A new one is said here once; the tests that look at all
//! tables fail until it is.

/// A table.
pub struct Table {
    pub name: &'static str,
    /// Looked at by `store::tables`.
    pub kept_by: KeptBy,
    /// Looked at by `store::circles`.
    pub crossing: Crossing,
    /// Looked at by `simulator::compare`.
    pub modelled: Modelled,
}

/// What a table's rows lie by, beyond one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptBy {
    /// Small, written seldom, on every machine.
    Reference,
    /// With the account's other rows.
    Account,
    /// By the channel's key.
    Key,
    /// By its own number; nobody but readers of sums asks for it.
    Number,
}

/// Whether two writers can want the same row at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crossing {
    /// They can: it is tried that they don't wait in a circle.
    Tried,
    /// They can't, and why.
    Apart(&'static str),
}

/// Whether the simulator's model knows what a run leaves in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modelled {
    /// It does: both are compared.
    Compared,
    /// It doesn't, and why.
    Not(&'static str),
}

use Crossing::{Apart, Tried};
use KeptBy::{Account, Key, Number, Reference};
use Modelled::{Compared, Not};

const OWN_NUMBERS: Crossing = Apart("its numbers come from the writer's own block");
const NEVER_WRITTEN: &str = "no command writes it";
const NO_CLIENT: Modelled = Not("no client asks for it");

/// In the order of their names.
pub const TABLES: &[Table] = &[
    table(
        "__diesel_schema_migrations",
        Reference,
        Apart("migrations alone write it, each in its own transaction"),
        Not("migrations alone write it"),
    ),
    table(
        "account_holders",
        Account,
        Apart("a holder is written after its account, whose row is locked or new"),
        Not("no rule looks at a holder"),
    ),
    table("accounts", Account, Tried, Compared),
    table("allocation_policies", Reference, Apart(NEVER_WRITTEN), Not(NEVER_WRITTEN)),
    table("bills", Account, Tried, Compared),
    table(
        "channel_amount_rules",
        Reference,
        Apart("rules are written after their channel, which is new"),
        Compared,
    ),
    table("channel_total_deltas", Number, OWN_NUMBERS, Compared),
    table("channels", Reference, Tried, Compared),
    table("entries", Account, OWN_NUMBERS, Compared),
    table("exceptions", Account, Tried, Compared),
    table(
        "id_blocks",
        Reference,
        Apart("one row, in a transaction of one statement"),
        Not("numbers are granary's to choose"),
    ),
    table("idempotency_keys", Key, Tried, Compared),
    table("payments", Account, OWN_NUMBERS, Compared),
    table("penalty_policies", Reference, Apart(NEVER_WRITTEN), Not(NEVER_WRITTEN)),
    table("reversals", Account, Tried, Compared),
    table("revocations", Reference, Tried, NO_CLIENT),
    table("trusted_documents", Reference, Tried, NO_CLIENT),
    table("utilities", Reference, Apart(NEVER_WRITTEN), Not(NEVER_WRITTEN)),
];

const fn table(name: &'static str, kept_by: KeptBy, crossing: Crossing, modelled: Modelled) -> Table {
    Table { name, kept_by, crossing, modelled }
}
