//! Whether a database takes writes at all: a standby doesn't, nor one that an operator has made read-only.

use std::path::Path;

use diesel::RunQueryDsl;

use super::super::StoreError;
use super::connection::Connection;
use super::look_up::LookUp;
use super::statement::statement;

// What a writer's session would begin with: what was set for its role and database, else what the server says. What
// this session has set for itself is not in it.
statement! {
    struct WouldRefuse -> (Bool)
    pg "SELECT pg_is_in_recovery() OR COALESCE( \
          (SELECT split_part(c.setting, '=', 2) FROM pg_db_role_setting s CROSS JOIN UNNEST(s.setconfig) AS c (setting) \
           WHERE c.setting LIKE 'default\\_transaction\\_read\\_only=%' \
             AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) \
             AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user)) \
           ORDER BY s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1), \
          (SELECT reset_val FROM pg_settings WHERE name = 'default_transaction_read_only'))::boolean"
}

/// Whether PostgreSQL would refuse what a lane writes. A SQLite file is looked at from outside, see [`is_file_read_only`].
#[derive(Debug, Clone, Default)]
pub struct IsReadOnly {
    is_asked_again: bool,
}

impl LookUp for IsReadOnly {
    type Found = bool;

    /// What a session knows may be of yesterday; before a no is believed, a new one is asked.
    fn run(&mut self, connection: &mut Connection) -> Result<bool, StoreError> {
        let Connection::Postgres(connection) = connection else { return Ok(false) };
        let is_read_only = WouldRefuse {}.get_result(connection)?;
        if is_read_only && !std::mem::replace(&mut self.is_asked_again, true) {
            return Err(StoreError::Connect("the session may be older than the setting".to_owned()));
        }
        Ok(is_read_only)
    }
}

/// Whether this process may not write to a SQLite file or to its folder, where the write-ahead log is.
#[cfg(target_os = "linux")]
pub fn is_file_read_only(database: &Path) -> bool {
    use rustix::fs::{Access, access};
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
    let is_closed = |path: &Path| access(path, Access::WRITE_OK).is_err();
    is_closed(database) || is_closed(folder.unwrap_or(Path::new(".")))
}

/// Not known on this system; writes will tell.
#[cfg(not(target_os = "linux"))]
pub fn is_file_read_only(_: &Path) -> bool {
    false
}
