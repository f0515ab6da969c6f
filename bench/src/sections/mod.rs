//! What is measured, section by section. Each starts the sides it needs, lets them run in turns, and
//! has granary's databases audited afterwards.

use std::collections::BTreeSet;

use anyhow::bail;

use crate::lab::Lab;
use crate::requests::Caller;
use crate::results::{Owed, Section};
use crate::sides::{Door, Side};

mod ask;
mod budget;
mod curve;
mod durability;
mod file;
mod growth;
mod hot;
mod latency;
mod post;
mod replay;
mod storm;

/// A section.
pub struct SectionPlan {
    /// Its name on the command line.
    pub name: &'static str,
    /// Heading.
    pub title: &'static str,
    /// What is measured.
    pub about: &'static str,
    /// Measures it.
    pub measure: fn(&mut Lab, &mut Section) -> anyhow::Result<()>,
}

/// All of them, in the order in which they are measured and shown.
pub const SECTIONS: [SectionPlan; 10] = [
    SectionPlan {
        name: "durability",
        title: "Equal durability",
        about: "What each side makes durable for a payment: syncs and bytes, at the connections of W2.",
        measure: durability::measure,
    },
    SectionPlan {
        name: "w1",
        title: "W1: what an account owes",
        about: "One account's open bills per request: masked name, amounts, due dates, what is payable now.",
        measure: ask::measure,
    },
    SectionPlan {
        name: "w2",
        title: "W2: one payment per request",
        about: "New payments under distinct keys to random accounts. First data set (a), one large bill per account, of \
                which each payment settles a little; then (b), twelve bills per account, of which each settles one.",
        measure: post::measure,
    },
    SectionPlan {
        name: "curve",
        title: "W2 by number of connections",
        about: "The same work at 1 to 256 connections.",
        measure: curve::measure,
    },
    SectionPlan {
        name: "hot",
        title: "W2 through one channel",
        about: "All payments through one channel, and in turns the same through eight.",
        measure: hot::measure,
    },
    SectionPlan {
        name: "w3",
        title: "W3: replays",
        about: "Payments sent again that were posted before, and in turns new ones.",
        measure: replay::measure,
    },
    SectionPlan {
        name: "w4",
        title: "W4: a bank's result file",
        about: "100,000 lines through paymentBatchPost, 1,000 a request, by a reporting channel: 1 % of unknown \
                accounts, 1 % of bills paid already, 0.5 % of lines that came before; while others ask (W1).",
        measure: file::measure,
    },
    SectionPlan {
        name: "w5",
        title: "W5: the storm at month end",
        about: "Open loop: questions, payments, retries and history, with a bank's file at once, at 0.5, 1, 2 and 5 \
                times what the server can do; clients give up after 10 s.",
        measure: storm::measure,
    },
    SectionPlan {
        name: "budget",
        title: "Where the microseconds go",
        about: "Samples of the whole machine while payments are posted, shared among the parts that functions belong to.",
        measure: budget::measure,
    },
    SectionPlan {
        name: "growth",
        title: "How cost grows",
        about: "W1 and W2 by number of accounts and by months of history, and posting by size of batch.",
        measure: growth::measure,
    },
];

/// Has a database audited once all sections are through: on the whole district that takes longer than
/// measuring. Until then nothing of this section counts.
fn audit_later(section: &mut Section, side: &str, url: &str) {
    section.is_audited = false;
    section.owes.push(Owed { side: side.to_owned(), url: url.to_owned() });
}

/// Pays what sections owe: where an invariant broke, what was measured on that database doesn't count.
pub fn audit<'a>(lab: &Lab, sections: impl Iterator<Item = &'a mut Section>) -> anyhow::Result<()> {
    let sections: Vec<_> = sections.filter(|section| !section.is_audited).collect();
    let urls: BTreeSet<String> =
        sections.iter().flat_map(|section| &section.owes).map(|owed| owed.url.clone()).collect();
    let broken = lab.audit(&urls)?;
    for section in sections {
        for Owed { side, url } in std::mem::take(&mut section.owes) {
            if broken.contains(&url) {
                section.strike(&side);
            }
        }
        section.is_audited = true;
    }
    Ok(())
}

/// A caller of a side's server, through its first channel.
fn caller_of(side: &Side) -> anyhow::Result<Caller> {
    let Door::Http { server, dialect } = &side.door else { bail!("{} is no server", side.name) };
    let tokens = dialect.tokens.as_ref().map(std::fs::read_to_string).transpose()?.unwrap_or_default();
    Ok(Caller {
        address: server.address().to_owned(),
        token: tokens.lines().next().unwrap_or_default().to_owned(),
    })
}
