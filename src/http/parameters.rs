//! What a request says: read from a bounded JSON body, or from the query of a GET.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Query;
use async_graphql::Variables;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::bodies::Room;
use super::form::Form;
use super::incoming::{BodyError, Incoming, Received};
use super::reply::Refused;
use crate::domain::access::sha256_of_name;
use crate::graphql::base::error::ErrorCode;
use crate::graphql::guard::check_body;

/// The parameters of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    pub(super) query: Option<String>,
    pub(super) document_id: Option<String>,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Option<Variables>,
    /// Only Apollo's `persistedQuery` is looked at.
    extensions: Option<Map<String, Json>>,
}

/// The query of a GET.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Search {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl Parameters {
    /// Those of a POST.
    pub(super) fn of_body(form: Form, body: &[u8]) -> Result<Self, Refused> {
        check_json(form, body)?;
        // A list would be read as the fields in order.
        let is_object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        let parsed =
            Some(body).filter(|_| is_object).and_then(|body| serde_json::from_slice::<Self>(body).ok());
        parsed.ok_or_else(|| {
            let message = "The body is a JSON object with `query` or `documentId` and, if need be, \
                           `operationName`, `variables` and `extensions`.";
            malformed(form, message)
        })
    }

    /// Those of a GET.
    pub(super) fn of_search(form: Form, request: &HttpRequest) -> Result<Self, Refused> {
        let search = Query::<Search>::from_query(request.query_string())
            .map_err(|_| malformed(form, "The query of the address names each parameter at most once."))?
            .into_inner();
        Ok(Self {
            query: search.query,
            document_id: search.document_id,
            operation_name: search.operation_name,
            variables: parse_json(form, search.variables, "`variables` is a JSON object.")?,
            extensions: parse_json(form, search.extensions, "`extensions` is a JSON object.")?,
        })
    }

    /// The SHA-256 by which the document is named, 64 lower-case hexadecimal digits.
    pub(super) fn sha256(&self, form: Form) -> Result<Option<String>, Refused> {
        let persisted = self.extensions.as_ref().and_then(|extensions| extensions.get("persistedQuery"));
        let persisted = persisted.map(|persisted| persisted["sha256Hash"].as_str().unwrap_or_default());
        let names = [self.document_id.as_deref(), persisted];
        let mut found = None;
        for name in names.into_iter().flatten() {
            let sha256 =
                sha256_of_name(name).filter(|sha256| found.as_ref().is_none_or(|found| found == sha256));
            let message = "A document is named by one SHA-256, sha256: and 64 hexadecimal digits.";
            found = Some(sha256.ok_or_else(|| malformed(form, message))?);
        }
        Ok(found)
    }
}

fn malformed(form: Form, message: &str) -> Refused {
    Refused::new(form, StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, message)
}

fn check_json(form: Form, bytes: &[u8]) -> Result<(), Refused> {
    check_body(bytes).map_err(|objection| Refused::objection(form, objection))
}

fn parse_json<T: for<'de> Deserialize<'de>>(
    form: Form,
    text: Option<String>,
    message: &str,
) -> Result<Option<T>, Refused> {
    let Some(text) = text else { return Ok(None) };
    check_json(form, text.as_bytes())?;
    serde_json::from_str(&text).map_err(|_| malformed(form, message))
}

/// The body of a POST, of at most `bytes_max` bytes.
pub(super) async fn read_body<'b>(
    form: Form,
    incoming: &mut Incoming,
    bytes_max: usize,
    room: impl FnOnce() -> Option<Room<'b>>,
) -> Result<Received<'b>, Refused> {
    incoming.read(bytes_max, room).await.map_err(|error| match error {
        BodyError::TooLarge => {
            let message = format!("The body is larger than {bytes_max} bytes.");
            Refused::new(form, StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::QueryTooLarge, message)
        }
        BodyError::TooSlow => {
            let message = "The body took too long.";
            Refused::new(form, StatusCode::REQUEST_TIMEOUT, ErrorCode::BadUserInput, message)
        }
        BodyError::Broken => malformed(form, "The body could not be read."),
        BodyError::NoRoom => Refused::busy(form),
    })
}
