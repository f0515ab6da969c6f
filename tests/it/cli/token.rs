//! `granary token`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{Desk, Run};

const SECRET: (&str, &str) = ("GRANARY_JWT_SECRET", "0123456789abcdef0123456789abcdef");

fn token(arguments: &[&str]) -> Run {
    Desk::new().run_with(&[&["token"], arguments].concat(), &[SECRET])
}

/// What a printed token says; it must be alone on one line.
fn claims(run: Run) -> Value {
    let out = run.succeeds();
    let token = out.strip_suffix('\n').expect("a line");
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    let json = URL_SAFE_NO_PAD.decode(parts[1]).expect("base64");
    serde_json::from_slice(&json).expect("JSON")
}

#[test]
fn a_channels_token_may_read_post_and_reverse_for_a_quarter_of_an_hour() {
    let claims = claims(token(&["--channel", "BANK-1"]));
    assert_eq!(claims["channel"], "BANK-1");
    assert_eq!(claims["sub"], "BANK-1");
    assert_eq!(claims["scope"], "bills:read payments:post payments:reverse");
    assert!(claims["accounts"].is_null());
    let second = |name: &str| claims[name].as_i64().expect("seconds");
    assert_eq!(second("exp") - second("iat"), 900);
    assert_eq!(second("nbf"), second("iat"));
    assert!(second("iat") > 1_700_000_000);
    assert_eq!(claims["jti"].as_str().map(str::len), Some(32));
}

#[test]
fn a_customers_token_names_accounts_and_may_only_read() {
    let of_customer =
        ["--channel", "APP", "--account", "007", "--account", "42", "--subject", "张三", "--ttl", "2h"];
    let claims = claims(token(&of_customer));
    assert_eq!(claims["accounts"], serde_json::json!(["007", "42"]));
    assert_eq!(claims["scope"], "bills:read");
    assert_eq!(claims["sub"], "张三");
}

#[test]
fn a_scope_is_taken_as_given_if_its_words_are_known() {
    let claims = claims(token(&["--channel", "X", "--scope", "ops:read  pii:read"]));
    assert_eq!(claims["scope"], "ops:read pii:read");
    token(&["--channel", "X", "--scope", "bills:write"]).fails(1, "--scope doesn't know \"bills:write\"");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    token(&["--channel", "two words"]).fails(1, "--channel must be");
    token(&["--channel", "X", "--account", "12a"]).fails(1, "--account must be 1 to 20 digits");
    token(&["--channel", "X", "--ttl", "15"]).fails(2, "a time is a number and s, m, h or d");
    token(&["--channel", "X", "--subject", "a\nb"]).fails(1, "--subject");
    token(&[]).fails(2, "--channel");
}

#[test]
fn the_secret_is_required_long_enough_and_may_stand_in_a_file() {
    let desk = Desk::new();
    let arguments = ["token", "--channel", "X"];
    desk.run(&arguments).fails(1, "there is no secret for tokens");
    desk.run_with(&arguments, &[("GRANARY_JWT_SECRET", "short")])
        .fails(1, "GRANARY_JWT_SECRET can't be used");
    desk.write("secret", format!("{}\n", SECRET.1));
    desk.write("almost", format!("{}\n", &SECRET.1[1..]));
    desk.run_with(&arguments, &[("GRANARY_JWT_SECRET_FILE", "secret")]).succeeds();
    desk.run_with(&arguments, &[("GRANARY_JWT_SECRET_FILE", "almost")]).fails(1, "can't be used");
    desk.run_with(&arguments, &[("GRANARY_JWT_SECRET_FILE", "secret"), SECRET]).fails(1, "are both set");
}

#[test]
fn a_token_is_made_as_servers_are_told_to_take_it() {
    let desk = Desk::new();
    let settings = [
        SECRET,
        ("GRANARY_JWT_AUDIENCE", "the-api"),
        ("GRANARY_JWT_CLAIM", "channel=azp, accounts=own.accounts,scope=scp"),
        ("GRANARY_JWT_LIFE_MAX", "2h"),
    ];
    let of_customer = ["token", "--channel", "APP", "--account", "7", "--ttl", "2h"];
    let claims = claims(desk.run_with(&of_customer, &settings));
    let said = ["aud", "azp", "scp"].map(|name| claims[name].as_str().unwrap_or_default());
    assert_eq!(said, ["the-api", "APP", "bills:read"], "{claims}");
    assert_eq!(claims["own.accounts"], serde_json::json!(["7"]), "{claims}");
    desk.run_with(&["token", "--channel", "APP", "--ttl", "3h"], &settings).fails(1, "--ttl is longer than");
    for (name, value, words) in [
        ("GRANARY_JWT_CLAIM", "kanal=azp", "--jwt-claim doesn't know \"kanal\""),
        ("GRANARY_JWT_CLAIM", "channel=", "--jwt-claim names the claim of channel once"),
        ("GRANARY_JWT_LIFE_MAX", "forever", "--jwt-life-max is a number and s, m, h or d"),
    ] {
        desk.run_with(&["token", "--channel", "APP"], &[SECRET, (name, value)]).fails(1, words);
    }
    desk.write("granary.toml", "jwt_claim = \"channel=kanal\"\njwt_audience = \"file\"\n");
    let both = [SECRET, ("GRANARY_JWT_AUDIENCE", "environment")];
    let claims = self::claims(desk.run_with(&["token", "--channel", "APP"], &both));
    assert_eq!((claims["kanal"].as_str(), claims["aud"].as_str()), (Some("APP"), Some("environment")));
}
