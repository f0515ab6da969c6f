//! Where settings come from, and which beats which.

use super::Desk;

/// The databases of a desk that exist after `migrate`, whichever was meant.
fn migrated_database(desk: &Desk, arguments: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
    desk.run_with(&[&["migrate"], arguments].concat(), variables).succeeds();
    let names = ["granary.db", "file.db", "env.db", "flag.db"];
    names.into_iter().filter(|name| desk.path(name).exists()).map(str::to_owned).collect()
}

#[test]
fn a_flag_beats_the_environment_that_beats_the_file_that_beats_the_default() {
    let flag = ["--database-url", "sqlite://flag.db"];
    let environment = [("DATABASE_URL", "sqlite://env.db")];
    let file = "database_url = \"sqlite://file.db\"\n";
    assert_eq!(migrated_database(&Desk::new(), &[], &[]), ["granary.db"]);
    let with_file = || {
        let desk = Desk::new();
        desk.write("granary.toml", file);
        desk
    };
    assert_eq!(migrated_database(&with_file(), &[], &[]), ["file.db"]);
    assert_eq!(migrated_database(&with_file(), &[], &environment), ["env.db"]);
    assert_eq!(migrated_database(&with_file(), &flag, &environment), ["flag.db"]);
    assert_eq!(migrated_database(&with_file(), &[], &[("DATABASE_URL", "")]), ["file.db"]);
    let named = Desk::new();
    named.write("other.toml", file);
    assert_eq!(migrated_database(&named, &["--config", "other.toml"], &[]), ["file.db"]);
}

#[test]
fn a_setting_may_stand_in_a_file_of_its_own_but_not_in_both_forms() {
    let desk = Desk::new();
    desk.write("url", "sqlite://env.db\n");
    desk.write("granary.toml", "database_url = \"sqlite://file.db\"\n");
    let by_file = ("DATABASE_URL_FILE", "url");
    assert_eq!(migrated_database(&desk, &[], &[by_file]), ["env.db"]);
    let both = [by_file, ("DATABASE_URL", "sqlite://env.db")];
    desk.run_with(&["migrate"], &both).fails(1, "DATABASE_URL and DATABASE_URL_FILE are both set");
    desk.run_with(&["migrate"], &[("DATABASE_URL_FILE", "absent")])
        .fails(1, "DATABASE_URL_FILE names absent");
    desk.write("granary.toml", "database_url = \"sqlite://a.db\"\ndatabase_url_file = \"url\"\n");
    desk.run(&["migrate"]).fails(1, "database_url and database_url_file are both set");
}

#[test]
fn a_wrong_configuration_file_is_named_with_the_line_but_not_shown() {
    let desk = Desk::new();
    desk.write("granary.toml", "lanes = 1\ndatabse_url = \"sqlite://x.db\"\n");
    desk.run(&["migrate"]).fails(1, "configuration file granary.toml, line 2: unknown field `databse_url`");
    desk.write("granary.toml", "jwt_secret = hidden-hidden-hidden\n");
    let run = desk.run(&["migrate"]);
    assert!(!run.err.contains("hidden"), "{run:?}");
    run.fails(1, "line 1");
    desk.write("granary.toml", "readers = 0\n");
    desk.run(&["migrate"]).fails(1, "readers in the configuration file must be between 1 and 256");
    desk.run(&["migrate", "--config", "absent.toml"]).fails(1, "configuration file absent.toml");
    assert!(!desk.path("granary.db").exists());
}

#[test]
fn another_scheme_is_an_error_and_never_a_new_file() {
    let desk = Desk::new();
    for url in ["granary.db", "mysql://u:secret@h/db", "sqlite:x.db", "sqlite://", "Sqlite://x.db", "://"] {
        let run = desk.run(&["migrate", "--database-url", url]);
        assert!(!run.err.contains("secret"), "{run:?}");
        run.fails(1, "the database URL must be sqlite://relative/path");
    }
    assert_eq!(std::fs::read_dir(desk.path("")).expect("a folder").count(), 0);
}

#[test]
fn an_address_that_is_none_stops_only_who_listens() {
    let desk = Desk::migrated();
    let secret = ("GRANARY_JWT_SECRET", "0123456789abcdef0123456789abcdef");
    let variables = [("GRANARY_LISTEN", "nowhere"), secret];
    desk.run_with(&["serve"], &variables).fails(1, "\"nowhere\" is no ADDR:PORT to listen on");
    desk.run_with(&["token", "--channel", "X"], &variables).succeeds();
}

#[test]
fn serve_needs_a_secret() {
    let desk = Desk::migrated();
    desk.run(&["serve"]).fails(1, "there is no key for tokens; set GRANARY_JWT_SECRET");
}

#[test]
fn a_server_out_of_reach_is_said_in_plain_words_and_without_the_password() {
    let url = "postgres://user:hidden@127.0.0.1:1/granary";
    let run = Desk::new().run(&["channel", "list", "--database-url", url]);
    assert!(!run.err.contains("hidden") && !run.err.contains("\\u{"), "{run:?}");
    run.fails(1, "Connection refused");
}
