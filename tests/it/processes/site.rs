//! A utility with one database: its accounts and channels, the commands its operators run, and the
//! servers beside each other.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use granary::access::claims::TokenRules;
use granary::access::tokens::{Claims, Mint};
use granary::domain::account::CustomerClass::Residential;
use granary::domain::channel::ChannelMode;
use granary::store::base::connection::{Connection, Database, Purpose};
use tempfile::TempDir;

use super::server::{Server, Starting};
use crate::support::client::Client;
use crate::support::commands::{add_channel, issue_bill, lane, save_account, settle};
use crate::support::scratch::scratch_folder;

/// The bank that pays in.
pub const BANK: &str = "BANK-1";
/// Longer than the server lets any caller wait.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(15);
const BILLS_EACH: u32 = 3;
const PRINCIPAL_FEN: i64 = 30_000;

/// A database with accounts and channel [`BANK`], and a secret for tokens.
pub struct Site {
    /// The database.
    pub database: Database,
    /// Accounts there are at the start.
    pub accounts: Vec<String>,
    url: String,
    secret: String,
    folder: TempDir,
    servers: AtomicU32,
}

impl Site {
    /// Sets accounts with open bills up in a migrated database.
    pub fn new(url: &str, account_count: usize) -> Self {
        Self::with_bills_of(url, account_count, PRINCIPAL_FEN)
    }

    /// As [`Site::new`], with bills of this principal, in fen.
    pub fn with_bills_of(url: &str, account_count: usize, principal_fen: i64) -> Self {
        let accounts: Vec<String> = (1..=account_count).map(|number| format!("{number:010}")).collect();
        let site = Self::without_accounts(url);
        let mut setup = vec![add_channel(BANK, ChannelMode::Asking)];
        for account in &accounts {
            setup.push(save_account(account, Residential));
            let bill = |number| issue_bill(account, &format!("B{number}"), principal_fen, "2026-11-30");
            setup.extend((1..=BILLS_EACH).map(bill));
        }
        settle(&mut lane(&site.database), setup);
        Self { accounts, ..site }
    }

    /// Leaves the database as it is.
    pub fn without_accounts(url: &str) -> Self {
        Self {
            database: Database::from_url(url).expect("a database URL"),
            accounts: Vec::new(),
            url: url.to_owned(),
            secret: format!("{:064}", std::process::id()),
            folder: scratch_folder("granary-site-"),
            servers: AtomicU32::new(0),
        }
    }

    /// The operators' folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The program with these arguments, to be run on this site.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_granary"));
        for name in ["DATABASE_URL", "GRANARY_LISTEN", "GRANARY_JWT_SECRET"] {
            command.env_remove(name).env_remove(format!("{name}_FILE"));
        }
        command.env_remove("RUST_LOG").current_dir(self.folder());
        command.env("DATABASE_URL", &self.url).env("GRANARY_JWT_SECRET", &self.secret);
        command.args(arguments);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// Runs a command that must succeed, and returns what it printed.
    #[track_caller]
    pub fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("the program prints UTF-8")
    }

    /// `serve` on a free port of the loopback.
    pub fn serve_command(&self) -> Command {
        self.command(&["serve", "--listen", "127.0.0.1:0"])
    }

    /// A server that listens.
    pub fn serve(&self) -> Server {
        self.start(self.serve_command())
    }

    /// Starts a prepared `serve`.
    pub fn start(&self, command: Command) -> Server {
        Server::start(command, self.log())
    }

    /// Starts a prepared `serve` that may end before it listens.
    pub fn try_start(&self, command: Command) -> Result<Server, String> {
        Server::try_start(command, self.log())
    }

    /// Starts a prepared `serve` whose log goes elsewhere than into a file.
    pub fn start_logging_to(&self, stderr: Stdio, command: Command) -> Server {
        Server::try_start_logging_to(stderr, command, self.log()).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Starts a prepared `serve`, and doesn't wait until it listens.
    pub fn begin(&self, command: Command) -> Starting {
        let log = self.log();
        let stderr = std::fs::File::create(&log).expect("the scratch folder takes a log");
        Starting::begin(stderr.into(), command, log)
    }

    fn log(&self) -> PathBuf {
        let number = self.servers.fetch_add(1, Ordering::Relaxed);
        self.folder().join(format!("serve-{number}.log"))
    }

    /// A token of this channel, good for the whole test.
    pub fn token(&self, channel: &str) -> String {
        self.succeed(&["token", "--channel", channel, "--ttl", "2h"]).trim().to_owned()
    }

    /// A token that says this.
    pub fn mint(&self, claims: &Claims) -> String {
        let mint = Mint::new(&self.secret, TokenRules::default()).expect("a secret that is long enough");
        mint.mint(claims).expect("claims can be signed")
    }

    /// A client of this server through a channel.
    pub fn client(&self, server: &Server, channel: &str) -> Client {
        client_with(server.address, &self.token(channel))
    }

    /// The same site, whose servers reach the database by another URL.
    pub fn reached_by(self, url: String) -> Self {
        Self { url, ..self }
    }

    /// `serve`, run by another program, which takes its command line last.
    pub fn serve_under(&self, tool: Command) -> Command {
        self.under(tool, &self.serve_command())
    }

    /// A prepared command of the program, run by another program, which takes its command line last.
    pub fn under(&self, mut tool: Command, command: &Command) -> Command {
        tool.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => tool.env(name, value),
                None => tool.env_remove(name),
            };
        }
        tool.current_dir(self.folder());
        tool
    }

    /// A connection for looking.
    pub fn reader(&self) -> Connection {
        self.database.connect(Purpose::Read).expect("the site's database answers")
    }
}

/// A client with a token that is there already. It waits longer than a server lets it.
pub fn client_with(address: SocketAddr, token: &str) -> Client {
    Client::with_timeout(address, token.to_owned(), CLIENT_TIMEOUT)
}
