//! Settings: a flag beats the environment, that beats granary.toml, that beats the default. Each is
//! looked up when it is needed, so that a command isn't stopped by a setting it doesn't use.

use std::fs;
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::logging::{self, LogFormat};
use super::token_rules::TokenSettings;
use super::{open_files, system};
use crate::access::budget::{Allowance, Allowances};
use crate::access::claims::TokenRules;
use crate::access::tokens::{Mint, Verifier};
use crate::engine::EngineSettings;
use crate::graphql::base::limits::ANSWER_BYTES_MAX;
use crate::http::{ANSWERS_BYTES_MAX, BODY_TIMEOUT, HttpSettings, REQUESTS_MAX, TlsFiles, UNREAD_TIMEOUT};
use crate::store::base::connection::Database;
use crate::store::base::postgres_url::may_hold_password;

const FILE_DEFAULT: &str = "granary.toml";
const DATABASE_URL_DEFAULT: &str = "sqlite://granary.db";
const LISTEN_DEFAULT: &str = "127.0.0.1:8080";
/// Length of a configuration or secret file, in bytes.
const FILE_LEN_MAX: u64 = 1 << 20;
/// Threads of one kind.
const THREADS_MAX: usize = 256;
/// Bytes of one answer: least a page of what most ask for, at most what one customer may have of them at once.
const ANSWER_BYTES: std::ops::RangeInclusive<usize> = 64 * 1024..=ANSWERS_BYTES_MAX / 4;

/// What the command line says of the settings.
#[derive(Debug, Default)]
pub(super) struct Flags {
    pub(super) database_url: Option<String>,
    pub(super) listen: Option<String>,
    pub(super) admin_listen: Option<String>,
    pub(super) jwks: Option<PathBuf>,
    pub(super) tokens: TokenSettings,
    pub(super) tls_cert: Option<PathBuf>,
    pub(super) tls_key: Option<PathBuf>,
}

/// What granary.toml may say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    database_url: Option<String>,
    database_url_file: Option<PathBuf>,
    listen: Option<String>,
    listen_file: Option<PathBuf>,
    jwt_secret: Option<String>,
    jwt_secret_file: Option<PathBuf>,
    jwt_issuer: Option<String>,
    jwt_audience: Option<String>,
    jwt_claim: Option<String>,
    jwt_life_max: Option<String>,
    jwks: Option<PathBuf>,
    admin_listen: Option<String>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    #[serde(default)]
    budgets: Budgets,
    lanes: Option<usize>,
    readers: Option<usize>,
    http_workers: Option<usize>,
    answer_bytes_max: Option<usize>,
    #[serde(default)]
    log_format: LogFormat,
}

/// What callers may ask for within a minute; 0 = no bound.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budgets {
    customer_requests_per_minute: Option<u32>,
    customer_accounts_per_minute: Option<u32>,
    channel_requests_per_minute: Option<u32>,
    channel_accounts_per_minute: Option<u32>,
}

impl Budgets {
    fn allowances(&self) -> Allowances {
        let usual = Allowances::default();
        let set = |own: Option<u32>, usual| own.map_or(usual, NonZeroU32::new);
        Allowances {
            customers: Allowance {
                requests_per_minute: set(
                    self.customer_requests_per_minute,
                    usual.customers.requests_per_minute,
                ),
                accounts_per_minute: set(
                    self.customer_accounts_per_minute,
                    usual.customers.accounts_per_minute,
                ),
            },
            channels: Allowance {
                requests_per_minute: set(
                    self.channel_requests_per_minute,
                    usual.channels.requests_per_minute,
                ),
                accounts_per_minute: set(
                    self.channel_accounts_per_minute,
                    usual.channels.accounts_per_minute,
                ),
            },
        }
    }
}

/// All sources of settings together.
pub(super) struct Configuration {
    flags: Flags,
    file: File,
}

impl Configuration {
    /// Reads the file: the one named, which must be there, or granary.toml, which may be.
    pub(super) fn load(named: Option<&Path>, flags: Flags) -> anyhow::Result<Self> {
        let usual = Path::new(FILE_DEFAULT);
        let path = named.or_else(|| usual.exists().then_some(usual));
        let file = path.map_or_else(|| Ok(File::default()), read_toml)?;
        let threads = [("lanes", file.lanes), ("readers", file.readers), ("http_workers", file.http_workers)];
        for (key, value) in threads {
            if value.is_some_and(|value| !(1..=THREADS_MAX).contains(&value)) {
                bail!("{key} in the configuration file must be between 1 and {THREADS_MAX}");
            }
        }
        if file.answer_bytes_max.is_some_and(|bytes| !ANSWER_BYTES.contains(&bytes)) {
            let (least, most) = ANSWER_BYTES.into_inner();
            bail!("answer_bytes_max in the configuration file must be between {least} and {most}");
        }
        Ok(Self { flags, file })
    }

    /// Where the database is. It may hold a password, so it is never shown.
    pub(super) fn database(&self) -> anyhow::Result<Database> {
        let url = match &self.flags.database_url {
            Some(url) => Some(SecretString::from(url.clone())),
            None => {
                let (value, file) = (&self.file.database_url, &self.file.database_url_file);
                below_flags("DATABASE_URL", "database_url", value, file)?
            }
        };
        Ok(Database::from_url(url.as_ref().map_or(DATABASE_URL_DEFAULT, ExposeSecret::expose_secret))?)
    }

    /// Where to listen.
    pub(super) fn listen(&self) -> anyhow::Result<SocketAddr> {
        let text = match &self.flags.listen {
            Some(text) => text.clone(),
            None => {
                let (value, file) = (&self.file.listen, &self.file.listen_file);
                let text = below_flags("GRANARY_LISTEN", "listen", value, file)?;
                text.map_or_else(|| LISTEN_DEFAULT.to_owned(), |text| text.expose_secret().to_owned())
            }
        };
        parse_address(&text)
    }

    /// How the server is built.
    pub(super) fn http_settings(&self) -> anyhow::Result<HttpSettings> {
        let admin_listen = plain("GRANARY_ADMIN_LISTEN", &self.flags.admin_listen, &self.file.admin_listen)?;
        Ok(HttpSettings {
            listen: self.listen()?,
            admin_listen: admin_listen.map(|text| parse_address(&text)).transpose()?,
            tls: self.tls()?,
            workers: self.http_workers(),
            connections_max: open_files::connections_max(self.lanes() + self.readers()),
            unread_timeout: UNREAD_TIMEOUT,
            body_timeout: BODY_TIMEOUT,
            requests_max: REQUESTS_MAX,
            answer_bytes_max: self.file.answer_bytes_max.unwrap_or(ANSWER_BYTES_MAX),
            answers_bytes_max: ANSWERS_BYTES_MAX,
            allowances: self.file.budgets.allowances(),
            log_counts: logging::counts(),
            request_id_prefix: u32::from_le_bytes(system::random_bytes()?),
        })
    }

    fn tls(&self) -> anyhow::Result<Option<TlsFiles>> {
        let certificates = plain("GRANARY_TLS_CERT", &self.flags.tls_cert, &self.file.tls_cert)?;
        let key = plain("GRANARY_TLS_KEY", &self.flags.tls_key, &self.file.tls_key)?;
        match (certificates, key) {
            (Some(certificates), Some(key)) => Ok(Some(TlsFiles { certificates, key })),
            (None, None) => Ok(None),
            _ => bail!("TLS needs both a certificate (--tls-cert) and its key (--tls-key)"),
        }
    }

    /// The secret of tokens, where one is set.
    pub(super) fn find_secret(&self) -> anyhow::Result<Option<SecretString>> {
        let (value, file) = (&self.file.jwt_secret, &self.file.jwt_secret_file);
        below_flags("GRANARY_JWT_SECRET", "jwt_secret", value, file)
    }

    /// What tokens must say.
    fn token_rules(&self) -> anyhow::Result<TokenRules> {
        let (flags, file) = (&self.flags.tokens, &self.file);
        let settings = TokenSettings {
            jwt_issuer: plain("GRANARY_JWT_ISSUER", &flags.jwt_issuer, &file.jwt_issuer)?,
            jwt_audience: plain("GRANARY_JWT_AUDIENCE", &flags.jwt_audience, &file.jwt_audience)?,
            jwt_claim: plain("GRANARY_JWT_CLAIM", &flags.jwt_claim, &file.jwt_claim)?,
            jwt_life_max: plain("GRANARY_JWT_LIFE_MAX", &flags.jwt_life_max, &file.jwt_life_max)?,
        };
        settings.rules()
    }

    fn jwks(&self) -> anyhow::Result<Option<PathBuf>> {
        plain("GRANARY_JWKS", &self.flags.jwks, &self.file.jwks)
    }

    /// What tokens are verified with: a JWK Set or a secret, never both.
    pub(super) fn verifier(&self) -> anyhow::Result<Verifier> {
        match (self.jwks()?, self.find_secret()?) {
            (Some(_), Some(_)) => bail!(
                "a JWK Set (--jwks, GRANARY_JWKS) and a secret (GRANARY_JWT_SECRET) are both set; a server takes \
                 one kind of token: unset one of them"
            ),
            (Some(path), None) => {
                Verifier::from_jwks_file(path, self.token_rules()?).context("the JWK Set can't be used")
            }
            (None, Some(secret)) => Verifier::from_secret(secret.expose_secret(), self.token_rules()?)
                .context("GRANARY_JWT_SECRET can't be used"),
            (None, None) => bail!(
                "there is no key for tokens; set GRANARY_JWT_SECRET (or GRANARY_JWT_SECRET_FILE) to at least 32 \
                 random bytes, such as the output of `openssl rand -base64 32`, or name a JWK Set by --jwks"
            ),
        }
    }

    /// What tokens are made with.
    pub(super) fn mint(&self) -> anyhow::Result<Mint> {
        let Some(secret) = self.find_secret()? else {
            bail!(
                "there is no secret for tokens; set GRANARY_JWT_SECRET (or GRANARY_JWT_SECRET_FILE) to at \
                 least 32 random bytes, such as the output of `openssl rand -base64 32`; where servers verify \
                 tokens with a JWK Set, its owner makes them"
            )
        };
        Mint::new(secret.expose_secret(), self.token_rules()?).context("GRANARY_JWT_SECRET can't be used")
    }

    /// How the engine is built.
    pub(super) fn engine_settings(&self) -> anyhow::Result<EngineSettings> {
        Ok(EngineSettings {
            lanes: self.lanes(),
            readers: self.readers(),
            seed: u64::from_le_bytes(system::random_bytes()?),
            ..EngineSettings::default()
        })
    }

    fn lanes(&self) -> usize {
        self.file.lanes.unwrap_or(EngineSettings::default().lanes)
    }

    fn readers(&self) -> usize {
        self.file.readers.unwrap_or(EngineSettings::default().readers)
    }

    /// Threads that answer HTTP: one per core, unless set.
    pub(super) fn http_workers(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.file.http_workers.unwrap_or_else(cores)
    }

    pub(super) fn log_format(&self) -> LogFormat {
        self.file.log_format
    }
}

fn parse_address(text: &str) -> anyhow::Result<SocketAddr> {
    if may_hold_password(text) {
        bail!("what looks like a database URL, and isn't shown, is no ADDR:PORT to listen on");
    }
    let mut addresses =
        text.to_socket_addrs().map_err(|error| anyhow!("{text:?} is no ADDR:PORT to listen on: {error}"))?;
    addresses.next().ok_or_else(|| anyhow!("{text:?} names no address to listen on"))
}

/// A setting that is no secret: the flag's, else the environment's, else the file's.
fn plain<T: Clone + From<String>>(
    variable: &str,
    flag: &Option<T>,
    file: &Option<T>,
) -> anyhow::Result<Option<T>> {
    let below = || Ok(environment(variable)?.map(T::from).or_else(|| file.clone()));
    flag.clone().map_or_else(below, |flag| Ok(Some(flag)))
}

/// A setting from the environment or, where neither of its two forms is set there, from the file.
fn below_flags(
    variable: &str,
    key: &str,
    value: &Option<String>,
    file: &Option<PathBuf>,
) -> anyhow::Result<Option<SecretString>> {
    let file_variable = format!("{variable}_FILE");
    let (own, path) = (environment(variable)?, environment(&file_variable)?);
    let found = one_of_two(own, path.map(PathBuf::from), variable, &file_variable)?;
    match found {
        Some(found) => Ok(Some(found)),
        None => one_of_two(value.clone(), file.clone(), key, &format!("{key}_file")),
    }
}

/// A value given as such or as the content of a file, without its line end; both at once leave open
/// which one is meant.
fn one_of_two(
    value: Option<String>,
    path: Option<PathBuf>,
    name: &str,
    file_name: &str,
) -> anyhow::Result<Option<SecretString>> {
    match (value, path) {
        (Some(_), Some(_)) => bail!("{name} and {file_name} are both set; unset one of them"),
        (Some(value), None) => Ok(Some(value.into())),
        (None, Some(path)) => {
            let text = read_file(&path, FILE_LEN_MAX)
                .with_context(|| format!("{file_name} names {}", shown(&path)))?;
            let text = text.strip_suffix('\n').unwrap_or(&text);
            Ok(Some(text.strip_suffix('\r').unwrap_or(text).into()))
        }
        (None, None) => Ok(None),
    }
}

/// A variable that is set and not empty.
fn environment(name: &str) -> anyhow::Result<Option<String>> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => bail!("{name} is not valid UTF-8"),
    }
}

/// Reads a file of text of at most so many bytes.
pub(super) fn read_file(path: &Path, len_max: u64) -> anyhow::Result<String> {
    if fs::metadata(path)?.len() > len_max {
        bail!("the file is longer than {len_max} bytes");
    }
    Ok(fs::read_to_string(path)?)
}

/// Says what is wrong and in which line, but doesn't show the line: it may hold a secret.
fn read_toml(path: &Path) -> anyhow::Result<File> {
    let text =
        read_file(path, FILE_LEN_MAX).with_context(|| format!("configuration file {}", shown(path)))?;
    toml::from_str(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        anyhow!("configuration file {}, line {line}: {}", path.display(), without_values(error.message()))
    })
}

/// What a parser says, up to the value that it quotes; a message about keys is whole, if it holds nothing else.
fn without_values(message: &str) -> String {
    let is_about_key = message.starts_with("unknown field") || message.starts_with("duplicate");
    if is_about_key && message.bytes().all(|byte| byte.is_ascii_lowercase() || b"_`, ".contains(&byte)) {
        return message.to_owned();
    }
    match message.split_once(['`', '"']) {
        Some((words, _)) => format!("{}, which isn't shown", words.trim_end()),
        None => message.to_owned(),
    }
}

/// A path as an error shows it, unless somebody has put a URL in its place.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    if may_hold_password(&text) {
        "something that looks like a URL, and isn't shown".to_owned()
    } else {
        text
    }
}
