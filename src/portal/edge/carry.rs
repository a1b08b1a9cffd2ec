//! What a form held is not lost where its session ended meanwhile, or where it must be confirmed who sends it.
//!
//! ```text
//! POST /x, session over → the sign-in page, holding (path, form) sealed → signed in → "Send it now?" → POST /x
//! ```
//!
//! # Why
//! What somebody wrote for ten minutes is worth more than a clean redirect, and no page of a record may be kept in the
//! browser. So the form is sealed (`carried`) and given to the browser: it opens again only beside the cookie of the
//! session that ended, and only for the account whose session it was (`access.was_session_of`). Passwords and keys are
//! never carried.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::sent::whole;
use crate::portal::carried::sealed;
use crate::portal::page_error::Interrupted;
use crate::portal::pages::door::{confirm, sign_in};
use crate::portal::state::Portal;
use crate::portal::visit::{form_token, token_in};

/// What is nothing but a proof of who sends it, to be made anew.
const PROOFS: [&str; 2] = ["/confirm", "/confirm/passkey"];

/// Keeps the form of a request whose answer asks who it is.
pub(in crate::portal) async fn keep(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let token = token_in(request.headers(), portal.is_secure);
    let path = request.uri().path().to_owned();
    let is_kept = request.method() == Method::POST && !PROOFS.contains(&path.as_str());
    let Some(token) = token.filter(|_| is_kept) else { return next.run(request).await };
    let (parts, body) = request.into_parts();
    // The router's own limit stands before this.
    let bytes = match whole(body).await {
        Ok(bytes) => bytes,
        Err(refused) => return refused.into_response(),
    };
    let answer = next.run(Request::from_parts(parts, Body::from(bytes.clone()))).await;
    let Some(interrupted) = answer.extensions().get::<Interrupted>().copied() else { return answer };
    let Some(sealed) = sealed(&portal.seal_key, &token, &path, &bytes, portal.clock.now()) else { return answer };
    let asked = match interrupted {
        Interrupted::SignIn => sign_in::carrying(&portal, sealed),
        Interrupted::Confirm => confirm::carrying(&portal, &form_token(&token), &sealed),
    };
    asked.map_or(answer, |page| (StatusCode::UNAUTHORIZED, page).into_response())
}
