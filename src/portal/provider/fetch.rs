//! What is fetched from a provider: short answers, soon, and from nowhere else.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use serde::de::DeserializeOwned;
use url::Url;

use super::error::ProviderError;
use crate::security::oidc::OidcError;

/// Nobody waits longer at a sign-in.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// No answer of a provider is longer.
const ANSWER_BYTES_MAX: usize = 1_048_576;

/// One that follows nobody elsewhere.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    // Whoever installed one before has chosen it for the process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(ANSWER_WITHIN).redirect(reqwest::redirect::Policy::none()).build()
}

/// Whether nobody between can change what it says: TLS, or this machine alone.
pub(super) fn is_safe(url: &Url) -> bool {
    let is_here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

/// As RFC 6749 has it in a header (section 2.3.1).
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A request with a form.
pub(super) fn with_form(request: RequestBuilder, form: &[(&str, &str)]) -> RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
}

/// An answer in JSON.
pub(super) async fn answer<T: DeserializeOwned>(
    request: RequestBuilder,
    what: &'static str,
) -> Result<T, ProviderError> {
    let bytes = bytes(request).await?;
    Ok(serde_json::from_slice(&bytes).map_err(|_| OidcError::Unreadable(what))?)
}

/// The bytes of an answer.
pub(super) async fn bytes(request: RequestBuilder) -> Result<Vec<u8>, ProviderError> {
    // No URL in an error: it may hold a code.
    let mut response = request.send().await.map_err(reqwest::Error::without_url)?;
    if !response.status().is_success() {
        return Err(ProviderError::Status(response.status().as_u16()));
    }
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        bytes.extend_from_slice(&part);
        if bytes.len() > ANSWER_BYTES_MAX {
            return Err(OidcError::Unreadable("answer").into());
        }
    }
    Ok(bytes)
}
