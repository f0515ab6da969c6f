//! `/graphql`: who asks, what they ask, the answer. An extractor of our own, because the library's
//! reads bodies without a bound, takes text for JSON and lets a GET change things.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix_web::http::header::AUTHORIZATION;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use async_graphql::parser::types::OperationType;
use futures_util::FutureExt;

use super::connections::Busy;
use super::form::Form;
use super::incoming::Incoming;
use super::log::STRANGERS;
use super::negotiation::{check_content_type, form};
use super::parameters::{Parameters, read_body};
use super::reply::{self, Answer, Refused};
use super::shared::Shared;
use super::trace::RequestTrace;
use crate::access::caller::Caller;
use crate::domain::channel::{ChannelMode, DocumentRule};
use crate::engine::{Priority, give_way};
use crate::graphql::base::answer::Overdrawn;
use crate::graphql::base::error::{ErrorCode, UNKNOWN_CHANNEL, seconds};
use crate::graphql::base::limits;
use crate::graphql::base::session::{RequestContext, priority_of};

/// Mounts the routes.
pub(super) fn configure(routes: &mut ServiceConfig) {
    routes.service(
        web::resource("/graphql")
            .route(web::post().to(graphql))
            .route(web::get().to(graphql))
            .default_service(web::to(method_not_allowed)),
    );
    routes.default_service(web::to(not_found));
}

async fn not_found(request: HttpRequest, payload: Payload, shared: Data<Shared>) -> HttpResponse {
    let _busy = Busy::of(&request);
    let status = StatusCode::NOT_FOUND;
    let refused = Refused::new(Form::Json, status, ErrorCode::BadUserInput, "The API is POST /graphql.");
    refuse(payload, &shared, refused).await
}

async fn method_not_allowed(request: HttpRequest, payload: Payload, shared: Data<Shared>) -> HttpResponse {
    let _busy = Busy::of(&request);
    let message = "The API is POST /graphql; a query may also be a GET.";
    let refused = Refused::method_not_allowed(Form::Json, "GET, POST", message);
    refuse(payload, &shared, refused).await
}

async fn refuse(payload: Payload, shared: &Shared, refused: Refused) -> HttpResponse {
    let incoming = Incoming::new(payload, shared.body_timeout);
    incoming.answer(RequestTrace::begin(shared).end(refused.into())).await
}

async fn graphql(request: HttpRequest, payload: Payload, shared: Data<Shared>) -> HttpResponse {
    let _busy = Busy::of(&request);
    let mut trace = RequestTrace::begin(&shared);
    let mut incoming = Incoming::new(payload, shared.body_timeout);
    let answer = answer(&mut trace, &request, &mut incoming).await;
    incoming.answer(trace.end(answer.unwrap_or_else(Answer::from))).await
}

async fn answer(
    trace: &mut RequestTrace<'_>,
    request: &HttpRequest,
    incoming: &mut Incoming,
) -> Result<Answer, Refused> {
    let shared = trace.shared;
    let form = form(request)?;
    let admitted = admit(trace, form, request)?;
    if !shared.in_flight.has_room(admitted.priority) {
        return Err(Refused::busy(form));
    }
    shared.budgets.take_request(&admitted.caller).map_err(|over| {
        let message = "Too many requests in a while; nothing was done.";
        let status = StatusCode::TOO_MANY_REQUESTS;
        let refused = Refused::new(form, status, ErrorCode::RateLimited, message);
        refused.retry_after(seconds(over.retry_after))
    })?;
    let is_get = request.method() == Method::GET;
    let body = if is_get {
        None
    } else {
        check_content_type(form, request)?;
        let bytes_max = limits::body_bytes_max(&admitted.caller);
        let room = || shared.bodies.room(&admitted.caller, admitted.priority);
        Some(read_body(form, incoming, bytes_max, room).await?)
    };
    let _place = shared.in_flight.enter(admitted.priority).ok_or_else(|| Refused::busy(form))?;
    let parameters = match &body {
        None => Parameters::of_search(form, request)?,
        Some(body) => Parameters::of_body(form, &body.bytes)?,
    };
    let document = shared
        .documents
        .find(form, &parameters, admitted.documents, admitted.priority, &shared.engine)
        .await?;
    if let Some(meant) = document.prepared.operation(parameters.operation_name.as_deref()) {
        trace.operation = shared.metrics.label(meant, document.is_trusted);
        if is_get && meant.1.ty != OperationType::Query {
            let message = "Only a query may be a GET.";
            return Err(Refused::method_not_allowed(form, "POST", message));
        }
    }
    let variables = parameters.variables.unwrap_or_default();
    let context = RequestContext {
        caller: admitted.caller,
        priority: admitted.priority,
        mode: admitted.mode,
        budgets: shared.budgets.clone(),
    };
    let execution = shared.schemas.execute(&document.prepared, parameters.operation_name, variables, context);
    let executed = AssertUnwindSafe(execution).catch_unwind().await.map_err(|_| Refused::internal(form))?;
    let executed = executed.map_err(|overdrawn| match overdrawn {
        Overdrawn::Busy => Refused::busy(form),
        Overdrawn::TooLarge => {
            let message = "The answer would be larger than allowed; ask for less at once.";
            Refused::request_error(form, ErrorCode::QueryTooLarge, message)
        }
    })?;
    if !executed.budget.is_large() {
        return Ok(reply::execution(form, executed, trace.id));
    }
    // Else nobody would be answered on this thread for milliseconds.
    let id = trace.id;
    let write = move || {
        give_way();
        reply::execution(form, executed, id)
    };
    let written = web::block(write).await;
    written.map_err(|_| Refused::internal(form))
}

/// Who asks, and what their channel says of them.
struct Admitted {
    caller: Arc<Caller>,
    priority: Priority,
    mode: ChannelMode,
    documents: DocumentRule,
}

/// The bearer of the token, of a channel that is registered.
fn admit(trace: &mut RequestTrace<'_>, form: Form, request: &HttpRequest) -> Result<Admitted, Refused> {
    let shared = trace.shared;
    let unauthenticated =
        |message: &str| Refused::new(form, StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, message);
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next().filter(|_| headers.next().is_none()).and_then(|value| value.to_str().ok());
    let token = header
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| unauthenticated("A token is needed: Authorization: Bearer …"))?;
    let verified = shared.verifier.verify(token, shared.engine.now_ms());
    let caller = verified.map_err(|refused| {
        tracing::debug!(target: STRANGERS, request_id = %trace.id, why = refused.why, "a token is refused");
        unauthenticated(&refused.error.to_string())
    })?;
    let rules = shared.engine.rules();
    if rules.revocations.has(&caller.token_id, &caller.subject, caller.issued_at_s) {
        return Err(unauthenticated("the token is revoked"));
    }
    let Some(channel) = rules.channels.get(&caller.channel_code) else {
        tracing::debug!(target: STRANGERS, request_id = %trace.id, "a token is refused: its channel isn't registered");
        return Err(Refused::new(form, StatusCode::FORBIDDEN, ErrorCode::Forbidden, UNKNOWN_CHANNEL));
    };
    trace.channel.clone_from(&channel.code);
    let priority = priority_of(&caller, channel.kind);
    Ok(Admitted { caller, priority, mode: channel.mode, documents: channel.documents })
}
