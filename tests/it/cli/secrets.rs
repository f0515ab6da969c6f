//! A database URL holds a password. However it is malformed, and wherever it stands, no part of that is printed.

use super::{Desk, Run};

/// In pieces, none of which may be seen.
const PIECES: [&str; 2] = ["Hunter", "Two"];

/// URLs and connection strings that are wrong, or lead nowhere; `{}` stands between the pieces.
const MALFORMED: [&str; 31] = [
    "postgresq://u:Hunter{}Two@h/db",
    "postgresql//u:Hunter{}Two@h/db",
    "postgres:u:Hunter{}Two@h/db",
    "postgres:/u:Hunter{}Two@h/db",
    "//u:Hunter{}Two@h/db",
    "u:Hunter{}Two@h/db",
    "mysql://u:Hunter{}Two@h/db",
    "sqlite://u:Hunter{}Two@h/db",
    "sqlite://postgres://u:Hunter{}Two@h/db",
    "postgres://u:Hunter{}Two@127.0.0.1:port/db",
    "postgres://u:Hunter{}Two@127.0.0.1:99999/db",
    "postgres://u:Hunter{}Two@127.0.0.1:0/db",
    "postgres://u:Hunter{}Two@127.0.0.1:1/db",
    "postgres://u:Hunter{}Two@no-such-host.invalid/db",
    "postgres://u:Hunter{}Two@[::1/db",
    "postgres://u:Hunter{}Two",
    "postgres://u:@Hunter{}Two@127.0.0.1:1/db",
    "postgres://127.0.0.1:1/db?user=u&password=Hunter{}Two",
    "postgres://127.0.0.1:1/db?user=u&password=Hunter{}Two&nonsense=1",
    "postgres://127.0.0.1:1/db?user=u&pasword=Hunter{}Two",
    "postgres://127.0.0.1:1/db?user=u&password:Hunter{}Two",
    "postgres://127.0.0.1:1/db?user=u&password=Hunter{}=Two",
    "postgres://127.0.0.1:1/db?Hunter{}Two",
    "postgres://127.0.0.1:1/db#Hunter{}Two@h",
    "postgres://u:Hunter{}Two@127.0.0.1:1/db?sslmode=nonsense",
    "postgres://u:Hunter{}Two@127.0.0.1:1/db?connect_timeout=soon",
    "host=127.0.0.1 port=1 user=u password=Hunter{}Two",
    "host=127.0.0.1 port=1 user=u password='Hunter{}Two",
    "password=Hunter{}Two host=127.0.0.1 port=one",
    "jdbc:postgresql://127.0.0.1:1/db?user=u&password=Hunter{}Two",
    "DATABASE_URL=postgres://u:Hunter{}Two@h:x/db",
];

/// What stands unencoded in a password. A space comes out of a shell as two arguments.
const BETWEEN: [&str; 12] = ["", "@", "#", "%", "/", "?", ":", "&", "=", " ", "%zz", "\t"];

#[track_caller]
fn assert_silent(run: &Run, what: &str) {
    assert_ne!(run.status, Some(0), "{what}: {run:?}");
    for piece in PIECES {
        assert!(!run.err.contains(piece) && !run.out.contains(piece), "{what}: {run:?}");
    }
}

fn urls() -> impl Iterator<Item = String> {
    let urls = BETWEEN.iter().flat_map(|between| MALFORMED.iter().map(|url| url.replace("{}", between)));
    // A password and a host.
    urls.filter(|url| url != "postgres://u:Hunter@Two")
}

#[test]
fn no_malformed_database_url_is_shown_wherever_it_comes_from() {
    let desk = Desk::new();
    for (at, url) in urls().enumerate() {
        // Each kind from each place, but not all of the product: a process costs milliseconds.
        match at % 4 {
            0 => assert_silent(&desk.run(&["channel", "list", "--database-url", &url]), &url),
            1 => assert_silent(&desk.run_with(&["audit"], &[("DATABASE_URL", &url)]), &url),
            2 => {
                desk.write("url", format!("{url}\n"));
                assert_silent(&desk.run_with(&["migrate", "--check"], &[("DATABASE_URL_FILE", "url")]), &url);
            }
            _ => {
                desk.write("granary.toml", format!("database_url = '''{url}'''\n"));
                assert_silent(&desk.run(&["migrate"]), &url);
                std::fs::remove_file(desk.path("granary.toml")).expect("it was written");
            }
        }
    }
}

#[test]
fn no_database_url_in_a_wrong_place_is_shown() {
    let desk = Desk::new();
    for url in ["postgres://u:HunterTwo@h/db", "postgres:u:HunterTwo@h/db", "host=h password=HunterTwo"] {
        for arguments in [
            &["migrate", url][..],
            &[url],
            &["--databse-url", url, "migrate"],
            &["migrate", &format!("--databse-url={url}")],
            &["migrate", &format!("--database-url={url}"), "--nonsense"],
            &["migrate", "--database-url", "postgres://u:Hunter", "Two@h/db"],
            &["channel", "add", "X", "--kind", url, "--mode", "asking"],
            &["migrate", "--config", url],
            &["serve", "--listen", url],
        ] {
            assert_silent(&desk.run(arguments), &format!("{arguments:?}"));
        }
        let secret = ("GRANARY_JWT_SECRET", "0123456789abcdef0123456789abcdef");
        for variable in ["DATABASE_URL_FILE", "GRANARY_JWT_SECRET_FILE", "GRANARY_LISTEN"] {
            let variables: Vec<_> = [(variable, url), secret]
                .into_iter()
                .filter(|(name, _)| !variable.starts_with(name))
                .collect();
            let variables = if variables.len() == 2 { variables } else { vec![(variable, url)] };
            assert_silent(&desk.run_with(&["serve"], &variables), variable);
        }
        for line in [
            format!("lanes = \"{url}\""),
            format!("log_format = \"{url}\""),
            format!("\"{url}\" = 1"),
            format!("database_url = {url}"),
            format!("database_url = \"{url}"),
            format!("database_url = [\"{url}\"]"),
            format!("database_url_file = \"{url}\""),
            format!("budgets = \"{url}\""),
        ] {
            desk.write("granary.toml", &line);
            assert_silent(&desk.run(&["migrate"]), &line);
            std::fs::remove_file(desk.path("granary.toml")).expect("it was written");
        }
    }
}

#[test]
fn what_is_wrong_with_a_url_is_said_all_the_same() {
    let desk = Desk::new();
    for (url, words) in [
        ("postgres://u:Hunter@Two@h/db", "an @ elsewhere than before the host"),
        ("postgres://u:Hunter%Two@h/db", "after a % there are not two hexadecimal digits"),
        ("postgres://u:HunterTwo@h:port/db", "no host and port"),
        ("postgres://u:HunterTwo@127.0.0.1:1/db", "Connection refused"),
        ("postgres://u:HunterTwo@127.0.0.1:1/db?sslmode=nonsense", "invalid sslmode value"),
    ] {
        desk.run_with(&["migrate"], &[("DATABASE_URL", url)]).fails(1, words);
    }
}
