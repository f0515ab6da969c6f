//! A caller of the public API.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

/// A post of a payment with everything a test may want to see of the answer.
const PAYMENT_POST: &str = "mutation($input: PaymentPostInput!) { paymentPost(input: $input) { \
    replayed userErrors { code message field retryable } payment { ...P } } }";
const PAYMENT_REVERSE: &str = "mutation($input: PaymentReverseInput!) { paymentReverse(input: $input) { \
    outcome replayed userErrors { code message field retryable } payment { ...P } } }";
const PAYMENT: &str = " fragment P on Payment { id number receiptNumber channel amount paidAt postedAt status \
    toAdvance toSuspense account { number } reversal { number isEarly reason } \
    allocations { bill { number status } amount part remainingAfter } }";

/// An answer: status, headers of interest and body.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// `Content-Type`.
    pub content_type: String,
    /// The body.
    pub body: Value,
}

/// A caller with a token.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
    token: String,
}

impl Client {
    /// A caller of the server at this address.
    pub fn new(address: SocketAddr, token: String) -> Self {
        Self::of(address, token, None)
    }

    /// A caller who gives up after this long.
    pub fn with_timeout(address: SocketAddr, token: String, timeout: Duration) -> Self {
        Self::of(address, token, Some(timeout))
    }

    fn of(address: SocketAddr, token: String, timeout: Option<Duration>) -> Self {
        let config =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(timeout).build();
        Self { agent: config.into(), url: format!("http://{address}/graphql"), token }
    }

    /// Sends a document with variables and returns the answer.
    pub fn send(&self, query: &str, variables: Value) -> Reply {
        self.try_send(query, variables).expect("the server answers")
    }

    /// As [`Client::send`], for a server that may be gone.
    pub fn try_send(&self, query: &str, variables: Value) -> Result<Reply, ureq::Error> {
        self.send_body("application/json", &json!({ "query": query, "variables": variables }).to_string())
    }

    /// Sends any body.
    pub fn send_body(&self, content_type: &str, body: &str) -> Result<Reply, ureq::Error> {
        let request = self.agent.post(&self.url).header("Content-Type", content_type);
        let request = match self.token.is_empty() {
            true => request,
            false => request.header("Authorization", format!("Bearer {}", self.token)),
        };
        let mut response = request.send(body)?;
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let (retry_after, content_type) = (header("retry-after"), header("content-type").unwrap_or_default());
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string()?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Reply { status, retry_after, content_type, body })
    }

    /// The `data` of an answer that must have no errors.
    pub fn data(&self, query: &str, variables: Value) -> Value {
        let reply = self.send(query, variables);
        assert!(reply.body.get("errors").is_none(), "{}", reply.body);
        reply.body["data"].clone()
    }

    /// Posts a payment and returns the payload.
    pub fn post(&self, input: Value) -> Value {
        self.data(&format!("{PAYMENT_POST}{PAYMENT}"), json!({ "input": input }))["paymentPost"].clone()
    }

    /// As [`Client::post`], for a server that may be gone or busy.
    pub fn try_post(&self, input: &Value) -> Result<Reply, ureq::Error> {
        self.try_send(&format!("{PAYMENT_POST}{PAYMENT}"), json!({ "input": input }))
    }

    /// Reverses a payment and returns the payload.
    pub fn reverse(&self, input: Value) -> Value {
        self.data(&format!("{PAYMENT_REVERSE}{PAYMENT}"), json!({ "input": input }))["paymentReverse"].clone()
    }
}
