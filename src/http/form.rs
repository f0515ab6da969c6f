//! The two forms of an answer (GraphQL over HTTP, <https://graphql.github.io/graphql-over-http/draft/>).

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;

/// The form of the answer, as the client accepts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `application/json`: status 200 for every well-formed request.
    Json,
    /// `application/graphql-response+json`: 400 where nothing was executed.
    GraphqlResponse,
}

impl Form {
    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        })
    }

    /// The status of a well-formed request of which nothing was executed.
    pub(super) fn request_error_status(self) -> StatusCode {
        match self {
            Self::Json => StatusCode::OK,
            Self::GraphqlResponse => StatusCode::BAD_REQUEST,
        }
    }
}
