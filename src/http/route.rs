//! `POST /graphql`, by an extractor of our own: exact media type, bounded body, a token before
//! anything is read.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use async_graphql::{Request, Variables};
use futures_util::StreamExt;
use serde::Deserialize;

use super::reply::{Form, Refused, execution};
use super::{Shared, guard};
use crate::access::caller::Caller;
use crate::domain::text::has_control;
use crate::graphql::error::ErrorCode;
use crate::graphql::request_by;

/// Bytes of a request's body.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes read and thrown away so that the refusal of a larger body arrives.
const DRAINED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A request's body.
#[derive(Deserialize)]
struct Body {
    query: String,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
    variables: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(rename = "extensions")]
    _extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

/// Mounts the routes.
pub(super) fn configure(routes: &mut ServiceConfig) {
    routes.service(
        web::resource("/graphql").route(web::post().to(post)).default_service(web::to(method_not_allowed)),
    );
    routes.default_service(web::to(not_found));
}

async fn not_found() -> HttpResponse {
    refuse_route(StatusCode::NOT_FOUND)
}

async fn method_not_allowed() -> HttpResponse {
    refuse_route(StatusCode::METHOD_NOT_ALLOWED)
}

fn refuse_route(status: StatusCode) -> HttpResponse {
    Refused::new(Form::Json, status, ErrorCode::BadUserInput, "The API is POST /graphql.").reply()
}

async fn post(request: HttpRequest, payload: Payload, shared: Data<Shared>) -> HttpResponse {
    answer(&request, payload, &shared).await.unwrap_or_else(Refused::reply)
}

async fn answer(request: &HttpRequest, payload: Payload, shared: &Shared) -> Result<HttpResponse, Refused> {
    let form = form(request)?;
    let caller = caller(form, request, shared)?;
    check_content_type(form, request)?;
    let bytes = read_body(form, payload).await?;
    let body: Body = serde_json::from_slice(&bytes).map_err(|_| {
        let message =
            "The body is a JSON object with `query` and, if need be, `operationName` and `variables`.";
        Refused::new(form, StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, message)
    })?;
    let prepared = prepare(form, body, shared)?;
    Ok(execution(form, shared.schema.execute(request_by(prepared, caller)).await))
}

fn prepare(form: Form, body: Body, shared: &Shared) -> Result<Request, Refused> {
    let status = match form {
        Form::Json => StatusCode::OK,
        Form::GraphqlResponse => StatusCode::BAD_REQUEST,
    };
    guard::check(&body.query)
        .map_err(|guard::TooLarge(message)| Refused::new(form, status, ErrorCode::QueryTooLarge, message))?;
    let document = shared
        .documents
        .parse(&body.query)
        .map_err(|error| Refused::new(form, status, ErrorCode::BadUserInput, error.to_string()))?;
    let mut request = Request::new(body.query);
    request.set_parsed_query((*document).clone());
    request.operation_name = body.operation_name;
    if let Some(variables) = body.variables {
        if variables.values().any(has_control_text) {
            let message = "Control characters are not allowed in text.";
            return Err(Refused::new(form, status, ErrorCode::BadUserInput, message));
        }
        request.variables = Variables::from_json(serde_json::Value::Object(variables));
    }
    Ok(request)
}

/// The form of the answer: what `Accept` names first of the two we write.
fn form(request: &HttpRequest) -> Result<Form, Refused> {
    let Some(accept) = request.headers().get(ACCEPT) else { return Ok(Form::Json) };
    let accept = accept.to_str().unwrap_or_default();
    for range in accept.split(',') {
        let range = range.split(';').next().unwrap_or_default().trim();
        match range.to_ascii_lowercase().as_str() {
            "application/graphql-response+json" => return Ok(Form::GraphqlResponse),
            "application/json" | "application/*" | "*/*" | "" => return Ok(Form::Json),
            _ => {}
        }
    }
    let message = "The answer is application/json or application/graphql-response+json.";
    Err(Refused::new(Form::Json, StatusCode::NOT_ACCEPTABLE, ErrorCode::BadUserInput, message))
}

fn check_content_type(form: Form, request: &HttpRequest) -> Result<(), Refused> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut parts = content_type.unwrap_or_default().split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let is_utf8 = parts.all(|parameter| {
        let parameter = parameter.to_ascii_lowercase();
        !parameter.starts_with("charset=")
            || parameter.trim_start_matches("charset=").trim_matches('"') == "utf-8"
    });
    if is_json && is_utf8 {
        return Ok(());
    }
    let message = "The body is application/json in UTF-8.";
    Err(Refused::new(form, StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::BadUserInput, message))
}

/// The bearer of the token, of a channel that is registered.
fn caller(form: Form, request: &HttpRequest, shared: &Shared) -> Result<Arc<Caller>, Refused> {
    let unauthenticated =
        |message: &str| Refused::new(form, StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message);
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| unauthenticated("A token is needed: Authorization: Bearer …"))?;
    let verified = shared.key.verify(token, shared.engine.now_ms());
    let caller = verified.map_err(|error| unauthenticated(&error.to_string()))?;
    if !shared.engine.rules().channels.contains_key(&caller.channel_code) {
        let message = "The token's channel is not registered.";
        return Err(Refused::new(form, StatusCode::FORBIDDEN, ErrorCode::Forbidden, message));
    }
    Ok(caller)
}

async fn read_body(form: Form, mut payload: Payload) -> Result<Vec<u8>, Refused> {
    let mut body = Vec::new();
    let mut len = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| {
            Refused::new(
                form,
                StatusCode::BAD_REQUEST,
                ErrorCode::BadUserInput,
                "The body could not be read.",
            )
        })?;
        len += chunk.len();
        if len > DRAINED_BYTES_MAX {
            break;
        }
        if len <= BODY_BYTES_MAX {
            body.extend_from_slice(&chunk);
        }
    }
    if len > BODY_BYTES_MAX {
        let message = "The body is larger than 1 MiB.";
        return Err(Refused::new(form, StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::QueryTooLarge, message));
    }
    Ok(body)
}

/// Whether any text in a value has a control character; asked before anything is executed.
fn has_control_text(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => has_control(text),
        serde_json::Value::Array(values) => values.iter().any(has_control_text),
        serde_json::Value::Object(fields) => fields.values().any(has_control_text),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => false,
    }
}
