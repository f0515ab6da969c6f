//! The rules of money, tested on the pure domain: no store, no server, no clock.

mod advance;
mod allocation;
mod amount_rules;
mod bills;
mod early_reversal;
mod invariants;
mod naive;
mod objections;
mod penalty;
mod penalty_over_payments;
mod precedence;
mod properties;
mod quote;
mod replay;
mod reversal;
mod suspense;
mod trimmed;
mod world;
