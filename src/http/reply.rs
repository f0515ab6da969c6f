//! Answers of the GraphQL door: a JSON body always, a status code by what happened.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use async_graphql::{Response, ServerError, Value};
use serde_json::json;

use super::form::Form;
use super::outgoing;
use super::request_id::RequestId;
use crate::graphql::Executed;
use crate::graphql::base::answer::AnswerBudget;
use crate::graphql::base::error::{ErrorCode, RETRY_AFTER_S, brief};
use crate::graphql::base::limits::ERRORS_MAX;
use crate::graphql::guard::Objection;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Seconds a client should wait after BUSY.
const BUSY_RETRY_AFTER_S: u64 = 1;

/// What is wrong with a request as a whole; nothing of it was executed.
#[derive(Debug)]
pub(super) struct Refused {
    form: Form,
    status: StatusCode,
    code: ErrorCode,
    message: String,
    allow: Option<&'static str>,
    retry_after_s: Option<u64>,
}

impl Refused {
    pub(super) fn new(form: Form, status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        let retry_after_s = Some(BUSY_RETRY_AFTER_S).filter(|_| code == ErrorCode::Busy);
        Self { form, status, code, message: message.into(), allow: None, retry_after_s }
    }

    /// The request is well-formed, but its document, operation or variables are wrong.
    pub(super) fn request_error(form: Form, code: ErrorCode, message: impl Into<String>) -> Self {
        Self::new(form, form.request_error_status(), code, message)
    }

    /// The guard objects.
    pub(super) fn objection(form: Form, Objection { code, message }: Objection) -> Self {
        Self::request_error(form, code, message)
    }

    pub(super) fn method_not_allowed(form: Form, allow: &'static str, message: &str) -> Self {
        let refused = Self::new(form, StatusCode::METHOD_NOT_ALLOWED, ErrorCode::BadUserInput, message);
        Self { allow: Some(allow), ..refused }
    }

    /// There is no room for it now.
    pub(super) fn busy(form: Form) -> Self {
        let message = "Busy: nothing was written; send the same again.";
        Self::new(form, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Busy, message)
    }

    /// A fault of ours; the answer names the request, the log says more.
    pub(super) fn internal(form: Form) -> Self {
        Self::new(form, StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "")
    }

    pub(super) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }
}

/// An answer before it is given.
pub(super) struct Answer {
    form: Form,
    status: StatusCode,
    body: Body,
    allow: Option<&'static str>,
    retry_after_s: Option<u64>,
    /// Code of the first error, if there is any.
    pub(super) code: Option<ErrorCode>,
}

enum Body {
    Executed(Vec<u8>, Arc<AnswerBudget>),
    Refused(ErrorCode, String),
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        let Refused { form, status, code, message, allow, retry_after_s } = refused;
        Self { form, status, body: Body::Refused(code, message), allow, retry_after_s, code: Some(code) }
    }
}

impl Answer {
    /// Gives it, under this request's number.
    pub(super) fn reply(self, request_id: RequestId) -> HttpResponse {
        let mut reply = HttpResponse::build(self.status);
        reply.insert_header((CONTENT_TYPE, self.form.content_type()));
        reply.insert_header((REQUEST_ID, request_id.to_string()));
        if self.status == StatusCode::UNAUTHORIZED {
            reply.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(methods) = self.allow {
            reply.insert_header((ALLOW, methods));
        }
        if let Some(seconds) = self.retry_after_s {
            reply.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        match self.body {
            Body::Executed(bytes, budget) => reply.body(outgoing::body(bytes, budget)),
            Body::Refused(code, message) => {
                let message =
                    if code == ErrorCode::Internal { internal_message(request_id) } else { message };
                let extensions = json!({ "code": code.word(), "retryable": code.is_retryable() });
                reply
                    .body(json!({ "errors": [{ "message": message, "extensions": extensions }] }).to_string())
            }
        }
    }
}

fn internal_message(request_id: RequestId) -> String {
    format!("Internal error; log id {request_id}.")
}

/// The answer of an execution.
pub(super) fn execution(form: Form, executed: Executed, request_id: RequestId) -> Answer {
    let Executed { mut response, budget, is_valid } = executed;
    let is_request_error = !is_valid;
    response.errors.truncate(ERRORS_MAX);
    for error in &mut response.errors {
        complete(error, is_request_error, request_id);
    }
    let (status, retry_after_s) = status(form, &response, is_request_error);
    let code = response.errors.first().and_then(code_of);
    let body = if is_request_error {
        serde_json::to_vec(&json!({ "errors": response.errors }))
    } else {
        serde_json::to_vec(&response)
    };
    match body {
        Ok(bytes) => {
            let body = Body::Executed(bytes, budget);
            Answer { form, status, body, allow: None, retry_after_s, code }
        }
        Err(_) => Refused::internal(form).into(),
    }
}

/// Gives an error of the library's own a code of ours, and a fault of ours the request's number.
fn complete(error: &mut ServerError, is_request_error: bool, request_id: RequestId) {
    match code_of(error) {
        Some(ErrorCode::Internal) => error.message = internal_message(request_id),
        Some(_) => {}
        None => {
            let is_too_large = error.message.contains("too complex") || error.message.contains("too deep");
            let code = match is_request_error {
                true if is_too_large => ErrorCode::QueryTooLarge,
                _ => ErrorCode::BadUserInput,
            };
            code.extend(error.extensions.get_or_insert_default());
            error.message = brief(std::mem::take(&mut error.message));
        }
    }
}

fn code_of(error: &ServerError) -> Option<ErrorCode> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(word) => ErrorCode::from_word(word),
        _ => None,
    }
}

/// BUSY, TIMEOUT and RATE_LIMITED show in the status where no root field succeeded; with them the
/// seconds after which to ask again.
fn status(form: Form, response: &Response, is_request_error: bool) -> (StatusCode, Option<u64>) {
    if is_request_error {
        return (form.request_error_status(), None);
    }
    let has_succeeded = match &response.data {
        Value::Object(fields) => fields.values().any(|field| *field != Value::Null),
        _ => false,
    };
    if has_succeeded {
        return (StatusCode::OK, None);
    }
    let has = |code: ErrorCode| response.errors.iter().any(|error| code_of(error) == Some(code));
    if has(ErrorCode::Timeout) {
        (StatusCode::GATEWAY_TIMEOUT, None)
    } else if has(ErrorCode::Busy) {
        (StatusCode::SERVICE_UNAVAILABLE, Some(BUSY_RETRY_AFTER_S))
    } else if has(ErrorCode::RateLimited) {
        let wait = response.errors.iter().filter_map(retry_after_s).max();
        (StatusCode::TOO_MANY_REQUESTS, wait.or(Some(BUSY_RETRY_AFTER_S)))
    } else {
        (StatusCode::OK, None)
    }
}

fn retry_after_s(error: &ServerError) -> Option<u64> {
    match error.extensions.as_ref()?.get(RETRY_AFTER_S)? {
        Value::Number(seconds) => seconds.as_u64(),
        _ => None,
    }
}
