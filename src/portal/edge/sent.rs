//! What a browser sent within a form or behind a path: what is no such thing is told in the words of the pages.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Form, FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::portal::page_error::PageError;
use crate::portal::words::WORDS;

/// A character 0 as forms carry it.
const NUL: &[u8] = b"%00";

/// The longest form comes in less even by a telephone of a village.
const ARRIVES_WITHIN: Duration = Duration::from_secs(60);

/// All of what is sent, which may be as long as the longest form and takes a minute at most.
pub(super) async fn whole(body: Body) -> Result<Bytes, PageError> {
    let refused = |why: &str| Err(PageError::Refused(why.to_owned()));
    match timeout(ARRIVES_WITHIN, to_bytes(body, super::FORM_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => refused(WORDS.form_too_long),
        Err(_) => refused(WORDS.form_too_slow),
    }
}

/// The fields of a form.
pub(in crate::portal) struct Sent<T>(pub(in crate::portal) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Sent<T>, PageError> {
        let (parts, body) = request.into_parts();
        let bytes = whole(body).await?;
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

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_form_that_never_ends_is_refused_after_a_minute() {
        let slow = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert!(matches!(whole(slow).await, Err(PageError::Refused(why)) if why == WORDS.form_too_slow));
        assert_eq!(whole(Body::from("a=b")).await.unwrap(), "a=b");
        let long = Body::from(vec![b'a'; super::super::FORM_BYTES_MAX + 1]);
        assert!(matches!(whole(long).await, Err(PageError::Refused(why)) if why == WORDS.form_too_long));
    }
}
