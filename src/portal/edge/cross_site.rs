//! Forms of other sites are refused: by what the browser tells of where a form comes from, and by a token of the
//! session where an old browser tells nothing.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::portal::page_error::PageError;
use crate::portal::state::Portal;
use crate::portal::visit::{form_token, token_in};
use crate::security::totp::is_equal;

/// Lets a request through that reads, or that comes from a page of ours.
pub(in crate::portal) async fn refuse(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    match told(request.headers(), &portal.origins) {
        Some(true) => next.run(request).await,
        Some(false) => PageError::CrossSite.into_response(),
        None => match with_token(request, portal.is_secure).await {
            Some(request) => next.run(request).await,
            None => PageError::CrossSite.into_response(),
        },
    }
}

/// Whether the browser tells that it comes from a page of ours; `None` where it tells nothing.
fn told(headers: &HeaderMap, origins: &[String]) -> Option<bool> {
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or("?").to_owned();
    let fetch_site = headers.get("sec-fetch-site").map(|site| text(site) == "same-origin");
    let origin = headers.get(ORIGIN).map(|origin| origins.contains(&text(origin)));
    match (fetch_site, origin) {
        (None, None) => None,
        // Both, where both are told: a name that was made to lead here is the same origin to its own pages.
        (site, origin) => Some(site.unwrap_or(true) && origin.unwrap_or(true)),
    }
}

/// The request again, where its form holds the session's token.
async fn with_token(request: Request, is_secure: bool) -> Option<Request> {
    let token = form_token(&token_in(request.headers(), is_secure)?);
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, super::FORM_BYTES_MAX).await.ok()?;
    let sent = url::form_urlencoded::parse(&bytes).find(|(name, _)| name == "form_token")?.1.into_owned();
    is_equal(&token, &sent).then(|| Request::from_parts(parts, Body::from(bytes)))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    #[test]
    fn a_form_comes_from_a_page_of_ours_or_is_refused() {
        let ours = ["https://here.example".to_owned()];
        let told = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (axum::http::HeaderName::from_static(name), HeaderValue::from_static(value)));
            super::told(&headers.collect(), &ours)
        };
        assert_eq!(told(&[("sec-fetch-site", "same-origin")]), Some(true));
        for site in ["cross-site", "same-site", "none", ""] {
            assert_eq!(told(&[("sec-fetch-site", site)]), Some(false), "{site}");
        }
        assert_eq!(told(&[("origin", "https://here.example")]), Some(true));
        for origin in ["https://there.example", "http://here.example", "null", "https://here.example.there.example"] {
            assert_eq!(told(&[("origin", origin)]), Some(false), "{origin}");
        }
        assert_eq!(told(&[("sec-fetch-site", "same-origin"), ("origin", "https://there.example")]), Some(false));
        assert_eq!(told(&[]), None);
    }
}
