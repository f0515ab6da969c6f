//! Answers of the GraphQL door: a JSON body always, a status code by what happened.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use async_graphql::{Response, ServerError, Value};
use serde_json::json;

use crate::graphql::error::ErrorCode;

/// Seconds a client should wait after BUSY.
const RETRY_AFTER_S: &str = "1";
/// Errors one answer carries.
const ERRORS_MAX: usize = 20;

/// The form of the answer, as the client accepts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `application/json`: status 200 for every well-formed request.
    Json,
    /// `application/graphql-response+json`: 400 where nothing was executed.
    GraphqlResponse,
}

impl Form {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        })
    }
}

/// What is wrong with a request as a whole; nothing of it was executed.
#[derive(Debug)]
pub(super) struct Refused {
    pub form: Form,
    pub status: StatusCode,
    pub code: ErrorCode,
    pub message: String,
}

impl Refused {
    pub(super) fn new(form: Form, status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { form, status, code, message: message.into() }
    }

    /// The answer.
    pub(super) fn reply(self) -> HttpResponse {
        let extensions = json!({ "code": self.code.word(), "retryable": self.code.is_retryable() });
        let body = json!({ "errors": [{ "message": self.message, "extensions": extensions }] });
        let mut reply = HttpResponse::build(self.status);
        reply.insert_header((CONTENT_TYPE, self.form.content_type()));
        match self.status {
            StatusCode::UNAUTHORIZED => reply.insert_header((WWW_AUTHENTICATE, "Bearer")),
            StatusCode::METHOD_NOT_ALLOWED => reply.insert_header((ALLOW, "POST")),
            _ => &mut reply,
        };
        reply.body(body.to_string())
    }
}

/// The answer of an execution.
pub(super) fn execution(form: Form, mut response: Response) -> HttpResponse {
    let is_request_error = is_request_error(&response);
    response.errors.truncate(ERRORS_MAX);
    for error in &mut response.errors {
        complete(error, is_request_error);
    }
    let status = status(form, &response, is_request_error);
    let mut reply = HttpResponse::build(status);
    reply.insert_header((CONTENT_TYPE, form.content_type()));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        reply.insert_header((RETRY_AFTER, RETRY_AFTER_S));
    }
    let body = if is_request_error {
        serde_json::to_vec(&json!({ "errors": response.errors }))
    } else {
        serde_json::to_vec(&response)
    };
    match body {
        Ok(body) => reply.body(body),
        Err(_) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Refused::new(form, status, ErrorCode::Internal, "Internal error.").reply()
        }
    }
}

/// Nothing was executed: the document, the operation or the variables are wrong.
fn is_request_error(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// Gives an error of the library's own a code of ours.
fn complete(error: &mut ServerError, is_request_error: bool) {
    let has_code = error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some());
    if !has_code {
        let is_too_large = error.message.contains("too complex") || error.message.contains("too deep");
        let code = match is_request_error {
            true if is_too_large => ErrorCode::QueryTooLarge,
            _ => ErrorCode::BadUserInput,
        };
        code.extend(error.extensions.get_or_insert_default());
    }
}

/// BUSY and TIMEOUT show in the status where no root field succeeded.
fn status(form: Form, response: &Response, is_request_error: bool) -> StatusCode {
    if is_request_error {
        return match form {
            Form::Json => StatusCode::OK,
            Form::GraphqlResponse => StatusCode::BAD_REQUEST,
        };
    }
    let has_succeeded = match &response.data {
        Value::Object(fields) => fields.values().any(|field| *field != Value::Null),
        _ => false,
    };
    let has = |code: ErrorCode| {
        let is_meant = |error: &ServerError| {
            error.extensions.as_ref().and_then(|extensions| extensions.get("code"))
                == Some(&Value::from(code.word()))
        };
        response.errors.iter().any(is_meant)
    };
    if !has_succeeded && has(ErrorCode::Timeout) {
        StatusCode::GATEWAY_TIMEOUT
    } else if !has_succeeded && has(ErrorCode::Busy) {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    }
}
