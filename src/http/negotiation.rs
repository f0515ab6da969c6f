//! Media types: what the client accepts, and what it sends (GraphQL over HTTP,
//! <https://graphql.github.io/graphql-over-http/draft/>).

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, Accept, CONTENT_TYPE, Header, HeaderValue, Quality};

use super::form::Form;
use super::reply::Refused;
use crate::graphql::base::error::ErrorCode;

/// The form that the client likes best of the two we write; JSON where it doesn't say.
pub(super) fn form(request: &HttpRequest) -> Result<Form, Refused> {
    if !request.headers().contains_key(ACCEPT) {
        return Ok(Form::Json);
    }
    let accept = Accept::parse(request).unwrap_or_else(|_| Accept(Vec::new()));
    if accept.is_empty() && request.headers().get(ACCEPT).is_some_and(HeaderValue::is_empty) {
        return Ok(Form::Json);
    }
    let refused: Vec<&str> = accept
        .iter()
        .filter(|range| range.quality == Quality::ZERO)
        .map(|range| range.item.essence_str())
        .collect();
    for range in accept.ranked() {
        let form = match range.essence_str() {
            media if refused.contains(&media) => continue,
            "application/graphql-response+json" => Form::GraphqlResponse,
            "application/json" | "application/*" | "*/*" => Form::Json,
            _ => continue,
        };
        return Ok(form);
    }
    let message = "The answer is application/json or application/graphql-response+json.";
    Err(Refused::new(Form::Json, StatusCode::NOT_ACCEPTABLE, ErrorCode::BadUserInput, message))
}

/// Fails unless the body is said to be JSON in UTF-8. Nothing else is taken for JSON, so that no
/// foreign page can send one as a form.
pub(super) fn check_content_type(form: Form, request: &HttpRequest) -> Result<(), Refused> {
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

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_best_liked_form_is_written() {
        let (json, graphql) = (Some(Form::Json), Some(Form::GraphqlResponse));
        let cases = [
            ("application/json", json),
            ("application/graphql-response+json", graphql),
            ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", graphql),
            ("application/json, application/graphql-response+json", json),
            ("application/json;q=0.5, application/graphql-response+json;q=0.9", graphql),
            ("application/graphql-response+json;q=0, application/json", json),
            ("application/graphql-response+json;q=0", None),
            ("*/*", json),
            ("application/*;q=0.1", json),
            ("text/html, application/xhtml+xml, */*;q=0.8", json),
            ("text/html", None),
            ("", json),
            ("nonsense", None),
        ];
        for (accept, expected) in cases {
            let request = TestRequest::default().insert_header((ACCEPT, accept)).to_http_request();
            assert_eq!(form(&request).ok(), expected, "{accept:?}");
        }
        assert_eq!(form(&TestRequest::default().to_http_request()).ok(), json);
    }
}
