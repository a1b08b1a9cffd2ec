//! Headers of every response: nothing from elsewhere, no code or style within pages, in nobody's frame, in no cache.
//!
//! A page may say a policy of its own beside this one, which browsers keep as well: it only ever adds to it.
//!
//! Other sites learn no page that a link was on. Our own do (`same-origin`): under `no-referrer` browsers say of each
//! form that its origin is `null`, as they do for a page that hides where it is, and `cross_site` refuses both.

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, STRICT_TRANSPORT_SECURITY};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::portal::state::Portal;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const FIXED: [(&str, &str); 8] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("x-robots-tag", "noindex"),
];

/// Adds them.
pub(in crate::portal) async fn add(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    complete(response.headers_mut(), portal.is_secure);
    response
}

fn complete(headers: &mut HeaderMap, is_secure: bool) {
    let own = headers.get(CONTENT_SECURITY_POLICY).cloned();
    for (name, value) in FIXED {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Some(own) = own {
        headers.append(CONTENT_SECURITY_POLICY, own);
    }
    if is_secure {
        let two_years = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert(STRICT_TRANSPORT_SECURITY, two_years);
    }
    // Assets say themselves how long they are kept.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
