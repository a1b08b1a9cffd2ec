//! What a browser sent within a form or behind a path: what is no such thing is told in the words of the pages.

use axum::body::{Body, to_bytes};
use axum::extract::{Form, FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::portal::page_error::PageError;
use crate::portal::words::WORDS;

/// A character 0 as forms carry it.
const NUL: &[u8] = b"%00";

/// The fields of a form.
pub(in crate::portal) struct Sent<T>(pub(in crate::portal) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Sent<T>, PageError> {
        let (parts, body) = request.into_parts();
        let Ok(bytes) = to_bytes(body, super::FORM_BYTES_MAX).await else {
            return Err(PageError::Refused(WORDS.form_too_long.to_owned()));
        };
        // No keyboard types it and no text of Postgres holds it, so it is told before anything is looked up.
        if bytes.contains(&0) || bytes.windows(NUL.len()).any(|part| part == NUL) {
            return Err(PageError::Refused(WORDS.form_has_nul.to_owned()));
        }
        match Form::from_request(Request::from_parts(parts, Body::from(bytes)), state).await {
            Ok(Form(fields)) => Ok(Sent(fields)),
            Err(_) => Err(PageError::Refused(WORDS.form_incomplete.to_owned())),
        }
    }
}

/// What stands behind the question mark.
pub(in crate::portal) struct Behind<T>(pub(in crate::portal) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Behind<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Behind<T>, PageError> {
        Query::from_request_parts(parts, state).await.map(|Query(asked)| Behind(asked)).map_err(|_| PageError::NotFound)
    }
}
