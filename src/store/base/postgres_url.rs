//! What a URL of a PostgreSQL database looks like. One that can't be read is never shown, nor any part of it: where it is
//! wrong, anything in it may be part of a password. libpq would quote such parts, so it gets only what was read here.

use super::super::StoreError;

/// The parameters that libpq knows.
const PARAMETERS: [&str; 53] = [
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "options",
    "passfile",
    "password",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "requiressl",
    "scram_client_key",
    "scram_server_key",
    "service",
    "servicefile",
    "ssl",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkeylogfile",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Of these the values are secret.
const SECRET_PARAMETERS: [&str; 5] =
    ["password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"];

/// Whether a text looks as if it held, or were part of, a database URL or a connection string.
pub fn may_hold_password(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("password") || lower.starts_with("postgres") || holds_password(text)
}

/// As [`may_hold_password`], of what is known to be a path: those words alone are nothing unusual in one.
pub(super) fn holds_password(path: &str) -> bool {
    let has_user = || path.split_once(':').is_some_and(|(_, rest)| rest.contains('@'));
    path.contains("://") || path.to_ascii_lowercase().contains("password=") || has_user()
}

/// Fails where libpq might not read the URL as its writer meant it.
pub(super) fn check(url: &str) -> Result<(), StoreError> {
    match find_fault(url) {
        None => Ok(()),
        Some(fault) => Err(StoreError::Url(format!(
            "the database URL can't be read: {fault}. It isn't shown, for it may hold a password. It must be \
             postgres://user:password@host:port/database?name=value; in a password write %25 for %, %40 for @, %3A \
             for :, %2F for /, %3F for ?, %23 for #, %26 for & and %20 for a space"
        ))),
    }
}

/// The parts of a URL, still encoded.
struct Parts<'a> {
    authority: &'a str,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        match rest.split_once('?') {
            Some((path, query)) => Self { authority, path, query: Some(query) },
            None => Self { authority, path: rest, query: None },
        }
    }

    fn parameters(&self) -> impl Iterator<Item = &'a str> {
        self.query.into_iter().flat_map(|query| query.split('&'))
    }
}

fn find_fault(url: &str) -> Option<&'static str> {
    let parts = Parts::of(url);
    let (user, hosts) = parts.authority.rsplit_once('@').unwrap_or(("", parts.authority));
    if url.chars().any(|char| char.is_whitespace() || char.is_control()) {
        return Some("it holds a space, a line break or a control character");
    }
    if !is_percent_encoded(url) {
        return Some("after a % there are not two hexadecimal digits");
    }
    if user.contains('@') || parts.path.contains('@') {
        return Some("it holds an @ elsewhere than before the host");
    }
    if !hosts.split(',').all(is_host) {
        return Some("what stands for host and port is no host and port");
    }
    if !parts.parameters().all(is_parameter) {
        return Some("after the ? there is something else than known parameters of libpq with their values");
    }
    None
}

fn is_percent_encoded(url: &str) -> bool {
    url.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits != b"00" && digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// A name, an address or an encoded folder of a socket, and a port or none.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':') => {
            ("", port)
        }
        Some(_) => return false,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte));
    let is_port = |port: &str| port.is_empty() || port.parse::<u16>().is_ok_and(|port| port > 0);
    is_name && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

fn is_parameter(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, value)| PARAMETERS.contains(&name) && !value.contains('='))
}

/// Covers each secret of the URL where it stands in libpq's words.
pub(super) fn without_secrets(words: &str, url: &str) -> String {
    let parts = Parts::of(url);
    let (user, _) = parts.authority.rsplit_once('@').unwrap_or_default();
    let password = user.split_once(':').map(|(_, password)| password);
    let values = parts.parameters().filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        SECRET_PARAMETERS.contains(&name).then_some(value)
    });
    let mut words = words.to_owned();
    for secret in password.into_iter().chain(values).filter(|secret| !secret.is_empty()) {
        words = words.replace(secret, "…").replace(&decoded(secret), "…");
    }
    words
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(encoded) if byte == b'%' => {
                bytes.push(encoded);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libpq_reads_as_it_is_meant_passes() {
        for url in [
            "postgres://h",
            "postgresql://u@h:5432/db",
            "postgres://u:p%40%2F%3A@h.example,i:5433/db?sslmode=disable&connect_timeout=3",
            "postgres://u:a:b#c@[::1]:5432/db",
            "postgres:///db?host=/run/postgresql",
            "postgres://%2Frun%2Fpostgresql/db",
            "postgres://granary:…@db.example/granary",
        ] {
            assert_eq!(find_fault(url), None, "{url}");
        }
    }

    #[test]
    fn what_may_be_meant_otherwise_does_not() {
        for url in [
            "postgres://u:se cret@h/db",
            "postgres://u:se%cret@h/db",
            "postgres://u:secret%00@h/db",
            "postgres://u:se@cret@h/db",
            "postgres://u:se/cret@h/db",
            "postgres://u:se?cret@h/db",
            "postgres://u:secret",
            "postgres://u@h:secret/db",
            "postgres://u@h:99999/db",
            "postgres://u@[h/db",
            "postgres://u@h/db?password=se&cret",
            "postgres://u@h/db?password=se&cret=x",
            "postgres://u@h/db?password=se=cret",
            "postgres://u@h/db?password=secret@h&pasword=x",
        ] {
            assert!(find_fault(url).is_some(), "{url}");
        }
    }

    #[test]
    fn libpq_s_words_lose_what_is_secret() {
        let url = "postgres://u:p%40ss@h/db?sslmode=disable&sslpassword=key";
        assert_eq!(without_secrets("p@ss, p%40ss, key and u", url), "…, …, … and u");
    }
}
