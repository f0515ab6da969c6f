//! Who takes part: granary on both back ends, and its rivals.

use std::cell::Cell;
use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;

use anyhow::Context;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use crate::district::{BANKS, Open};
use crate::lab::{BackEnd, Lab, sources};
use crate::meter::{Database, Meter};
use crate::server::Server;
use crate::sides::{Dialect, Door, Side};

pub const GRANARY_PG: &str = "granary, PostgreSQL";
pub const GRANARY_SQLITE: &str = "granary, SQLite";
pub const A: &str = "A pgbench, function";
pub const A_LEAN: &str = "A\u{2032} pgbench, lean schema";
pub const B: &str = "B pgbench, set-based";
pub const C: &str = "C PostGraphile";
pub const D: &str = "D Mercurius";
pub const J: &str = "J naive twin";

/// Payments in one call of B.
const B_PER_CALL: u32 = 100;
const FUNCTIONS: [&str; 3] = ["post_payment.sql", "post_payments.sql", "w1.sql"];

impl Lab {
    /// granary on the district, asked by as many banks as given.
    pub fn granary_side(&mut self, back_end: BackEnd, open: Open, banks: u32) -> anyhow::Result<Side> {
        let url = self.district(back_end, open)?;
        self.granary_on(back_end, &url, banks)
    }

    /// granary on any database.
    pub fn granary_on(&self, back_end: BackEnd, url: &str, banks: u32) -> anyhow::Result<Side> {
        let (name, database) = match back_end {
            BackEnd::Postgres => (GRANARY_PG, self.postgres_meter()),
            BackEnd::Sqlite => (GRANARY_SQLITE, Database::Sqlite),
        };
        let dialect = Dialect { side: "granary", tokens: Some(self.token_file(url, banks)?) };
        let server = self.serve("granary", url)?;
        Ok(self.http_side(name, server, database, dialect))
    }

    /// A file of tokens for so many banks, for wrk.
    pub fn token_file(&self, url: &str, banks: u32) -> anyhow::Result<PathBuf> {
        let tokens: anyhow::Result<Vec<String>> =
            (1..=banks.min(BANKS)).map(|bank| self.token(url, &format!("BANK-{bank}"))).collect();
        let path = self.folder.path().join(format!("tokens-{banks}"));
        std::fs::write(&path, tokens?.join("\n") + "\n")?;
        Ok(path)
    }

    /// A or B.
    pub fn pgbench_side(&mut self, name: &str, open: Open) -> anyhow::Result<Side> {
        let url = self.rival(open)?;
        let (script, per_call) = if name == A { ("pgbench_a.sql", 1) } else { ("pgbench_b.sql", B_PER_CALL) };
        let script = sources().join("rivals").join(script);
        let program = self.client_program("pgbench");
        Ok(Side {
            name: name.to_owned(),
            door: Door::Pgbench { program, script, url, per_call },
            meter: Meter { server: None, database: self.postgres_meter() },
            accounts: self.scale.accounts,
            last_post: Cell::default(),
        })
    }

    /// A plain programmer's function on a schema with nothing but what it needs.
    pub fn lean_side(&mut self) -> anyhow::Result<Side> {
        let url = self.lean()?;
        let (script, program) = (sources().join("rivals/pgbench_lean.sql"), self.client_program("pgbench"));
        Ok(Side {
            name: A_LEAN.to_owned(),
            door: Door::Pgbench { program, script, url, per_call: 1 },
            meter: Meter { server: None, database: self.postgres_meter() },
            accounts: self.scale.accounts,
            last_post: Cell::default(),
        })
    }

    /// C or D, as many processes as there are processors.
    pub fn node_side(&mut self, name: &str, open: Open) -> anyhow::Result<Side> {
        let url = self.rival(open)?;
        let folder = std::env::var_os("GRANARY_BENCH_NODE");
        let folder = PathBuf::from(folder.context("GRANARY_BENCH_NODE names the folder of C and D")?);
        let side = if name == C { "postgraphile" } else { "mercurius" };
        let program = format!("{side}.mjs");
        let node = folder.join("node_modules/.bin/node");
        let node = if node.exists() { node } else { "node".into() };
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let server = Server::start(&self.log(side), |port| {
            let mut command = Command::new(node);
            command.arg(folder.join(&program)).current_dir(&folder).env("NODE_ENV", "production");
            command.env("DATABASE_URL", &url).env("PORT", port.to_string());
            command.env("WORKERS", workers.to_string());
            command
        })?;
        Ok(self.http_side(name, server, self.postgres_meter(), Dialect { side, tokens: None }))
    }

    /// J.
    pub fn naive_side(&mut self, open: Open) -> anyhow::Result<Side> {
        let url = self.district(BackEnd::Postgres, open)?;
        let program = std::env::current_exe()?.with_file_name("naive");
        let server = Server::start(&self.log("naive"), |port| {
            let mut command = Command::new(program);
            command.env("DATABASE_URL", &url).env("PORT", port.to_string());
            command
        })?;
        Ok(self.http_side(J, server, self.postgres_meter(), Dialect { side: "naive", tokens: None }))
    }

    fn http_side(&self, name: &str, server: Server, database: Database, dialect: Dialect) -> Side {
        Side {
            name: name.to_owned(),
            meter: Meter { server: Some(server.process_id()), database },
            door: Door::Http { server: Rc::new(server), dialect },
            accounts: self.scale.accounts,
            last_post: Cell::default(),
        }
    }

    /// The district with the functions of A, B, C and D.
    fn rival(&mut self, open: Open) -> anyhow::Result<String> {
        let url = self.district(BackEnd::Postgres, open)?;
        let mut connection = PgConnection::establish(&url)?;
        if crate::meter::ask(
            &url,
            "SELECT count(*)::float8 AS number FROM pg_proc WHERE proname = 'post_payment'",
        )? == 0.0
        {
            for name in FUNCTIONS {
                let path = sources().join("rivals").join(name);
                let sql = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
                connection.batch_execute(&sql).with_context(|| name.to_owned())?;
            }
        }
        Ok(url)
    }
}
