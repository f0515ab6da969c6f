//! `granary channel`: registers, lists, suspends and resumes channels. Running servers see a change
//! within seconds; every decision sees it at once.

use anyhow::{anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};

use super::config::Configuration;
use super::outcome::Outcome;
use super::output::print_line;
use super::session::Session;
use crate::domain::account::CustomerClass;
use crate::domain::base::line::LineOutcome;
use crate::domain::base::money::{FEN_MAX, PAYMENT_FEN_MIN, format_amount, is_payment_amount, parse_yuan};
use crate::domain::channel::{
    AmountRule, Channel, ChannelChange, ChannelKind, ChannelMode, DocumentRule, PAID_AT_BACK_DAYS_DEFAULT,
    PAID_AT_BACK_DAYS_MAX, is_channel_code,
};
use crate::engine::{self, Rules};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Register a channel; the same again changes nothing, with other rules it is refused
    Add(Box<AddArguments>),
    /// List the channels with their rules
    List,
    /// Take no new payments from a channel; it can still replay, ask and reverse
    Suspend(CodeArgument),
    /// Take payments from a suspended channel again
    Resume(CodeArgument),
    /// Say which documents a channel may send
    Documents(DocumentsArguments),
}

#[derive(Debug, Args)]
pub(super) struct CodeArgument {
    /// The channel's code
    code: String,
}

#[derive(Debug, Args)]
pub(super) struct AddArguments {
    /// Its name in tokens and keys: 1 to 32 letters, digits, - or _
    code: String,
    /// What kind of outside party it is
    #[arg(long)]
    kind: Kind,
    /// Whether it asks before it takes money, or reports money already taken
    #[arg(long)]
    mode: Mode,
    /// Which amounts it accepts, for one customer class or for all others; may be repeated
    ///
    /// any, exact (what is due) or exact-or-more, such as --amount-rule exact --amount-rule
    /// RESIDENTIAL=any. Classes: RESIDENTIAL, COMMERCIAL, INDUSTRIAL, AGRICULTURAL, OTHER.
    #[arg(long = "amount-rule", value_name = "[CLASS=]any|exact|exact-or-more", value_parser = parse_rule)]
    amount_rules: Vec<(Option<CustomerClass>, AmountRule)>,
    /// Smallest amount it accepts, in yuan
    #[arg(long, value_name = "AMOUNT", default_value = "0.01", value_parser = parse_limit)]
    min: i64,
    /// Largest amount it accepts, in yuan
    #[arg(long, value_name = "AMOUNT", default_value = "10000000000.00", value_parser = parse_limit)]
    max: i64,
    /// How many days back the time of payment may lie
    #[arg(long, value_name = "DAYS", default_value_t = PAID_AT_BACK_DAYS_DEFAULT,
          value_parser = clap::value_parser!(i64).range(0..=PAID_AT_BACK_DAYS_MAX))]
    paid_at_back: i64,
    /// Which documents it may send: any, or only trusted ones (`granary documents`)
    #[arg(long, default_value = "any")]
    documents: Documents,
}

#[derive(Debug, Args)]
pub(super) struct DocumentsArguments {
    /// The channel's code
    code: String,
    /// Which documents it may send from now on
    documents: Documents,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Documents {
    /// Any document
    Any,
    /// Only documents that were added by `granary documents add`
    Trusted,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// A bank that debits or transfers
    Bank,
    /// A mobile-payment provider
    Mobile,
    /// Service counters of the utility
    Counter,
    /// The customer's app
    App,
    /// The billing system
    Billing,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    /// Asks before it takes: a posting may be refused, and the money goes back
    Asking,
    /// Reports money already taken: a posting is never refused for business reasons
    Reporting,
}

/// Runs one of the subcommands.
pub(super) fn run(configuration: &Configuration, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Add(arguments) => add(configuration, *arguments),
        Command::List => list(configuration),
        Command::Suspend(CodeArgument { code }) => suspend(configuration, code, true),
        Command::Resume(CodeArgument { code }) => suspend(configuration, code, false),
        Command::Documents(arguments) => rule_documents(configuration, arguments),
    }
}

fn add(configuration: &Configuration, arguments: AddArguments) -> anyhow::Result<Outcome> {
    let channel = channel_of(arguments)?;
    let code = channel.code.clone();
    match submit(configuration, ChannelChange::Add(channel))? {
        LineOutcome::Saved => print_line(&format!("channel {code} added"))?,
        LineOutcome::Unchanged => print_line(&format!("channel {code} unchanged"))?,
        LineOutcome::Refused { reason, .. } => bail!("{reason}; see `granary channel list`"),
    }
    Ok(Outcome::Done)
}

fn suspend(configuration: &Configuration, code: String, suspend: bool) -> anyhow::Result<Outcome> {
    let done = if suspend { "suspended" } else { "resumed" };
    change(configuration, &code, ChannelChange::Suspend { code: code.clone(), suspend }, done)
}

fn rule_documents(configuration: &Configuration, arguments: DocumentsArguments) -> anyhow::Result<Outcome> {
    let DocumentsArguments { code, documents } = arguments;
    let documents = documents.in_domain();
    let done = format!("sends {} documents", documents.word().to_lowercase());
    change(configuration, &code, ChannelChange::RuleDocuments { code: code.clone(), documents }, &done)
}

/// Changes a channel that is there and says what was done.
fn change(
    configuration: &Configuration,
    code: &str,
    order: ChannelChange,
    done: &str,
) -> anyhow::Result<Outcome> {
    match submit(configuration, order)? {
        LineOutcome::Saved => print_line(&format!("channel {code} {done}"))?,
        LineOutcome::Unchanged => print_line(&format!("channel {code} unchanged"))?,
        LineOutcome::Refused { reason, .. } => bail!("{reason}; see `granary channel list`"),
    }
    Ok(Outcome::Done)
}

fn submit(configuration: &Configuration, order: ChannelChange) -> anyhow::Result<LineOutcome> {
    Session::start(configuration, &configuration.database()?)?.submit(order)
}

fn channel_of(arguments: AddArguments) -> anyhow::Result<Channel> {
    let AddArguments { code, kind, mode, amount_rules, min, max, paid_at_back, documents } = arguments;
    if !is_channel_code(&code) {
        bail!("a channel's code must be 1 to 32 letters, digits, - or _, not {code:?}");
    }
    if min > max {
        bail!("--min {} is more than --max {}", format_amount(min), format_amount(max));
    }
    let mut channel = Channel::new(code, kind.in_domain(), mode.in_domain());
    (channel.min_fen, channel.max_fen, channel.paid_at_back_days) = (min, max, paid_at_back);
    channel.documents = documents.in_domain();
    for (class, rule) in amount_rules {
        if channel.amount_rules.insert(class, rule).is_some_and(|before| before != rule) {
            bail!("--amount-rule says two things of {}", class.map_or("all classes", CustomerClass::word));
        }
    }
    drop_implied_rules(&mut channel);
    Ok(channel)
}

/// One way to write one meaning, so that the same channel said otherwise is not taken for another.
fn drop_implied_rules(channel: &mut Channel) {
    let for_others = channel.amount_rules.get(&None).copied().unwrap_or(AmountRule::Any);
    channel.amount_rules.retain(|class, rule| match class {
        None => *rule != AmountRule::Any,
        Some(_) => *rule != for_others,
    });
}

fn parse_rule(text: &str) -> anyhow::Result<(Option<CustomerClass>, AmountRule)> {
    let (class, rule) = match text.split_once('=') {
        None => (None, text),
        Some((class, rule)) => {
            let known = CustomerClass::from_word(&class.to_ascii_uppercase());
            (Some(known.ok_or_else(|| anyhow!("there is no customer class {class:?}"))?), rule)
        }
    };
    let rule = AmountRule::ALL.iter().find(|known| rule_word(**known) == rule);
    Ok((class, *rule.ok_or_else(|| anyhow!("a rule is any, exact or exact-or-more"))?))
}

fn rule_word(rule: AmountRule) -> &'static str {
    match rule {
        AmountRule::Any => "any",
        AmountRule::Exact => "exact",
        AmountRule::ExactOrMore => "exact-or-more",
    }
}

fn parse_limit(text: &str) -> anyhow::Result<i64> {
    parse_yuan(text).filter(|fen| is_payment_amount(*fen)).ok_or_else(|| {
        let (min, max) = (format_amount(PAYMENT_FEN_MIN), format_amount(FEN_MAX));
        anyhow!("an amount is yuan with at most two decimals, from {min} to {max}")
    })
}

fn list(configuration: &Configuration) -> anyhow::Result<Outcome> {
    let rules = engine::read_once(&configuration.database()?, Rules::load)?;
    let mut channels: Vec<&Channel> = rules.channels.values().collect();
    channels.sort_by(|one, other| one.code.cmp(&other.code));
    let header = ["code", "kind", "mode", "status", "rules", "min", "max", "back-days", "documents"]
        .map(str::to_owned);
    let rows: Vec<[String; 9]> = std::iter::once(header).chain(channels.into_iter().map(list_row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 9] = std::array::from_fn(width);
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        print_line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(Outcome::Done)
}

fn list_row(channel: &Channel) -> [String; 9] {
    let rule = |(class, rule): (&Option<CustomerClass>, &AmountRule)| match class {
        None => rule_word(*rule).to_owned(),
        Some(class) => format!("{}={}", class.word(), rule_word(*rule)),
    };
    let mut rules: Vec<String> = channel.amount_rules.iter().map(rule).collect();
    if !channel.amount_rules.contains_key(&None) {
        rules.insert(0, rule_word(AmountRule::Any).to_owned());
    }
    [
        channel.code.clone(),
        channel.kind.word().to_ascii_lowercase(),
        channel.mode.word().to_ascii_lowercase(),
        if channel.is_suspended { "suspended" } else { "active" }.to_owned(),
        rules.join(","),
        format_amount(channel.min_fen),
        format_amount(channel.max_fen),
        channel.paid_at_back_days.to_string(),
        channel.documents.word().to_ascii_lowercase(),
    ]
}

impl Kind {
    fn in_domain(self) -> ChannelKind {
        match self {
            Self::Bank => ChannelKind::Bank,
            Self::Mobile => ChannelKind::Mobile,
            Self::Counter => ChannelKind::Counter,
            Self::App => ChannelKind::App,
            Self::Billing => ChannelKind::Billing,
        }
    }
}

impl Documents {
    fn in_domain(self) -> DocumentRule {
        match self {
            Self::Any => DocumentRule::Any,
            Self::Trusted => DocumentRule::Trusted,
        }
    }
}

impl Mode {
    fn in_domain(self) -> ChannelMode {
        match self {
            Self::Asking => ChannelMode::Asking,
            Self::Reporting => ChannelMode::Reporting,
        }
    }
}
