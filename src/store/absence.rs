//! Which failures say that PostgreSQL isn't there yet, and may be there in a while without anybody doing anything here: no
//! host of that name, nobody who listens, or a server that says that it is starting, stopping, recovering or full. What
//! somebody has to mend (a password, a database that doesn't exist) is none of them, and neither is anything unknown.

/// As libpq says it, in English whatever the locale: the program sets none.
const NETWORK: [&str; 13] = [
    "could not translate host name",
    "Connection refused",
    "Connection reset by peer",
    "Connection timed out",
    "timeout expired",
    "No route to host",
    "Network is unreachable",
    "Network is down",
    "Host is down",
    "server closed the connection unexpectedly",
    "could not receive data from server",
    "could not send startup packet",
    "SSL SYSCALL error",
];
/// Where it listens on a socket in a folder.
const SOCKET: [&str; 2] = ["connection to server on socket ", "failed: No such file or directory"];
/// As a server says it whose messages are in English. From another nobody waits for what it calls an error.
const SERVER: [&str; 7] = [
    "the database system is starting up",
    "the database system is shutting down",
    "the database system is in recovery mode",
    "the database system is not yet accepting connections",
    "the database system is not accepting connections",
    "sorry, too many clients already",
    "remaining connection slots are reserved",
];
/// As libpq says that none of the hosts is what `target_session_attrs` asks for: a failover is under way.
const ROLE: [&str; 4] = [
    "session is read-only",
    "session is not read-only",
    "server is in hot standby mode",
    "server is not in hot standby mode",
];

/// Whether these words of a failure to connect, one or more lines for each host that was tried, say so.
pub(super) fn is_absent(words: &str) -> bool {
    let is_refusal = |line: &str| line.contains("failed: ") && !is_passing(line);
    words.lines().any(is_passing) && !words.lines().any(is_refusal)
}

fn is_passing(line: &str) -> bool {
    if line.contains("FATAL:") {
        return SERVER.iter().any(|words| line.contains(words));
    }
    NETWORK.iter().chain(&ROLE).any(|words| line.contains(words))
        || SOCKET.iter().all(|words| line.contains(words))
}

/// Whether a server that had taken the connection in says that it goes.
pub(super) fn is_leaving(message: &str) -> bool {
    message.starts_with("terminating connection") || SERVER.iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "connection to server at \"db.example\" (192.0.2.1), port 5432 failed: ";

    #[test]
    fn what_passes_by_itself_is_waited_for() {
        for words in [
            "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n",
            "FATAL:  the database system is starting up\n",
            "FATAL:  the database system is not yet accepting connections\nDETAIL:  Consistent recovery state …",
            "FATAL:  sorry, too many clients already\n",
            "timeout expired\n",
            "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n",
            "session is read-only",
            "SSL SYSCALL error: EOF detected",
        ] {
            assert!(is_absent(&format!("{AT}{words}")), "{words}");
        }
        assert!(is_absent("could not translate host name \"db\" to address: Name or service not known\n"));
        let socket =
            "connection to server on socket \"/run/.s.PGSQL.5432\" failed: No such file or directory\n";
        assert!(is_absent(&format!("{socket}\tIs the server running locally and accepting connections?\n")));
        assert!(is_absent(&format!(
            "{AT}Connection refused\n{AT}FATAL:  the database system is starting up"
        )));
    }

    #[test]
    fn what_somebody_must_mend_is_not_waited_for() {
        for words in [
            "FATAL:  password authentication failed for user \"granary\"\n",
            "FATAL:  database \"granary\" does not exist\n",
            "FATAL:  role \"granary\" does not exist\n",
            "FATAL:  no pg_hba.conf entry for host \"192.0.2.7\"\n",
            "fe_sendauth: no password supplied\n",
            "server does not support SSL, but SSL was required\n",
            "SSL error: certificate verify failed\n",
            "致命错误:  用户 \"granary\" Password 认证失败",
            "root certificate file \"/nowhere\" does not exist",
        ] {
            assert!(!is_absent(&format!("{AT}{words}")), "{words}");
        }
        assert!(!is_absent("invalid integer value \"x\" for connection option \"port\""));
        let both =
            format!("{AT}Connection refused\n{AT}FATAL:  password authentication failed for user \"x\"");
        assert!(!is_absent(&both), "the other host has answered");
        let named = format!("{AT}FATAL:  database \"Connection refused\" does not exist");
        assert!(!is_absent(&named));
    }
}
