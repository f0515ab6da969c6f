//! The operator's listener: whether the process lives, whether it can serve, and its metrics. It is there before there is
//! anything to serve from.

use std::sync::OnceLock;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::{self, Data, ServiceConfig};
use serde_json::json;

use super::metrics::CONTENT_TYPE;
use super::shared::Shared;
use crate::engine::{EngineError, Priority};
use crate::store::base::migrations::{CompareVersions, Versions};

/// How long the database may take to answer.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);
/// What is told of a database that doesn't answer, and of its migrations.
const UNREACHABLE: (&str, &str) = ("unreachable", "unknown");
/// Older than this, a queued command says that the lanes don't keep up or don't get through.
const COMMAND_AGE_MS_MAX: i64 = 5_000;

/// What requests are served from, once the database is there.
pub(super) type Opened = OnceLock<Data<Shared>>;

/// Mounts the routes.
pub(super) fn configure(routes: &mut ServiceConfig) {
    routes
        .service(web::resource("/livez").route(web::get().to(livez)))
        .service(web::resource("/readyz").route(web::get().to(readyz)))
        .service(web::resource("/metrics").route(web::get().to(metrics)));
}

async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::plaintext()).body("ok\n")
}

/// 200 where the database answers at this program's version, takes writes, and no command waits too long; else 503.
async fn readyz(opened: Data<Opened>) -> HttpResponse {
    let Some(shared) = opened.get() else { return readiness(UNREACHABLE, 0) };
    let engine = &shared.engine;
    let look_up = async {
        let versions = engine.look_ups(Priority::High).look_up(CompareVersions).await?;
        Ok::<_, EngineError>((versions, engine.is_read_only().await?))
    };
    let standing = match tokio::time::timeout(DATABASE_TIMEOUT, look_up).await {
        Ok(Ok((versions, is_read_only))) => {
            (if is_read_only { "read-only" } else { "ok" }, word_of(&versions))
        }
        Ok(Err(_)) | Err(_) => UNREACHABLE,
    };
    readiness(standing, engine.load().oldest_command_age_ms)
}

fn readiness((database, migrations): (&str, &str), age_ms: i64) -> HttpResponse {
    let is_ready = (database, migrations) == ("ok", "ok") && age_ms <= COMMAND_AGE_MS_MAX;
    let mut reply = if is_ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    reply.json(json!({
        "ready": is_ready,
        "database": database,
        "migrations": migrations,
        "oldestCommandAgeMs": age_ms,
    }))
}

fn word_of(versions: &Versions) -> &'static str {
    match (versions.unknown.is_empty(), versions.pending.is_empty()) {
        (false, _) => "newer",
        (true, false) => "pending",
        (true, true) => "ok",
    }
}

async fn metrics(opened: Data<Opened>) -> HttpResponse {
    let Some(shared) = opened.get() else { return HttpResponse::ServiceUnavailable().finish() };
    match shared.metrics.encode() {
        Ok(text) => HttpResponse::Ok().content_type(CONTENT_TYPE).body(text),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}
