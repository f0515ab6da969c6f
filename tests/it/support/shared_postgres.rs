//! The PostgreSQL that all tests share, each with a database of its own: one that is named by a variable, or a
//! cluster of our own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use diesel::connection::SimpleConnection;
use diesel::{Connection as _, PgConnection};

use super::postgres::{Cluster, URL_VARIABLE, execute, find_programs, migrate, say_skipped};
use super::scratch::scratch_folder;

const TEMPLATE: &str = "granary_template";

/// The server that all tests share, each with a database of its own.
pub struct Server {
    admin_url: String,
    _cluster: Option<Cluster>,
    creating: Mutex<()>,
}

static SHARED: OnceLock<Option<Server>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The shared server; `None`, said aloud once, where there is no PostgreSQL on this machine.
pub fn shared() -> Option<&'static Server> {
    SHARED.get_or_init(Server::find).as_ref()
}

impl Server {
    fn find() -> Option<Self> {
        let given = std::env::var(URL_VARIABLE).ok().filter(|url| !url.is_empty());
        let (admin_url, cluster) = match (given, find_programs()) {
            (Some(url), _) => (url, None),
            (None, Some(programs)) => {
                let cluster = Cluster::create(programs, scratch_folder("granary-pg-").keep());
                (cluster.url("postgres"), Some(cluster))
            }
            (None, None) => {
                say_skipped("no initdb was found");
                return None;
            }
        };
        let mut server = Self { admin_url, _cluster: cluster, creating: Mutex::new(()) };
        if server.admin_url.matches('/').count() < 3 {
            server.admin_url = server.url("postgres");
        }
        execute(&server.admin_url, &format!("DROP DATABASE IF EXISTS {TEMPLATE}"));
        execute(&server.admin_url, &format!("CREATE DATABASE {TEMPLATE}"));
        migrate(&server.url(TEMPLATE));
        Some(server)
    }

    /// URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        let (base, query) = match self.admin_url.split_once('?') {
            Some((base, query)) => (base, format!("?{query}")),
            None => (self.admin_url.as_str(), String::new()),
        };
        let scheme_end = base.find("://").map_or(0, |at| at + 3);
        let host_end = base[scheme_end..].find('/').map_or(base.len(), |at| scheme_end + at);
        format!("{}/{database}{query}", &base[..host_end])
    }

    /// Creates a migrated database and returns its name.
    pub fn create_migrated(&self) -> String {
        self.create_like(TEMPLATE)
    }

    /// Creates a database without tables and returns its name.
    pub fn create_empty(&self) -> String {
        self.create_like("template0")
    }

    /// Creates a database without tables that keeps text in this encoding, and returns its name.
    pub fn create_encoded(&self, encoding: &str) -> String {
        self.create_like(&format!("template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"))
    }

    fn create_like(&self, template: &str) -> String {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("granary_test_{}_{number}", std::process::id());
        let _one_at_a_time = self.creating.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        execute(&self.admin_url, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        name
    }

    /// Drops a database if it can.
    pub fn drop_database(&self, name: &str) {
        if let Ok(mut connection) = PgConnection::establish(&self.admin_url) {
            let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            let _left_behind_at_worst = connection.batch_execute(&statement);
        }
    }
}
