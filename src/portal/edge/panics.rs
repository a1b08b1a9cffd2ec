//! A page that panics answers that it cannot be shown now, in the words for a database that is away.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;

use crate::portal::page_error::PageError;

/// Answers in place of what panics.
pub(in crate::portal) async fn answer(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a page has panicked");
            PageError::Unavailable.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    async fn breaks() -> Response {
        panic!("a name that nobody may read")
    }

    #[tokio::test]
    async fn a_page_that_panics_says_that_it_cannot_be_shown() {
        let router = Router::new().route("/", get(breaks)).layer(from_fn(answer));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body = axum::body::to_bytes(response.into_body(), 65_536).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("This page cannot be shown right now") && !body.contains("nobody may read"), "{body}");
    }
}
