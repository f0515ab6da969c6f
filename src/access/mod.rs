//! Stand-in.

/// Stand-in.
pub mod tokens {
    use std::fmt;

    /// Stand-in.
    #[derive(Clone)]
    pub struct TokenKey;

    /// Stand-in.
    #[derive(Debug)]
    pub struct TokenError(&'static str);

    impl fmt::Display for TokenError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for TokenError {}

    /// Stand-in.
    #[derive(Debug, Clone)]
    pub struct Claims {
        pub sub: String,
        pub channel: String,
        pub scope: String,
        pub accounts: Option<Vec<String>>,
        pub iat: i64,
        pub nbf: i64,
        pub exp: i64,
        pub jti: String,
    }

    impl TokenKey {
        /// Stand-in.
        pub fn from_secret(secret: &str) -> Result<Self, TokenError> {
            if secret.len() < 32 { Err(TokenError("the secret is shorter than 32 bytes")) } else { Ok(Self) }
        }

        /// Stand-in: header and claims without a true signature.
        pub fn mint(&self, claims: &Claims) -> Result<String, TokenError> {
            use base64::Engine;
            let json = serde_json::json!({
                "iss": "granary", "aud": "granary", "sub": claims.sub, "channel": claims.channel,
                "scope": claims.scope, "accounts": claims.accounts, "iat": claims.iat, "nbf": claims.nbf,
                "exp": claims.exp, "jti": claims.jti,
            });
            let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
            Ok(format!("{}.{}.c2lnbmF0dXJl", encode(r#"{"alg":"HS256"}"#), encode(&json.to_string())))
        }
    }
}
