//! The daemon's pages: `/healthz` and `/readyz` for whoever watches it, `/metrics` for Prometheus; the portal beside
//! them.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State as Extract};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::field::Empty;
use tracing::{Instrument as _, debug_span};

use super::connections::{self, ConnectionLimits};
use super::error::DaemonError;
use crate::config::Config;
use crate::ingest::State;
use crate::telemetry::Telemetry;

/// Where the daemon is asked how it is. Opened by whoever starts it, who may choose another port.
#[derive(Debug)]
pub struct Listeners {
    /// `/healthz` and `/readyz`.
    pub health: TcpListener,
    /// `/metrics`.
    pub metrics: TcpListener,
}

impl Listeners {
    /// Listens where the configuration says.
    pub async fn open(config: &Config) -> Result<Listeners, DaemonError> {
        let health = listen(config.http.bind, "http.bind").await?;
        Ok(Listeners { health, metrics: listen(config.telemetry.bind, "telemetry.bind").await? })
    }
}

async fn listen(address: SocketAddr, key: &'static str) -> Result<TcpListener, DaemonError> {
    TcpListener::bind(address).await.map_err(|source| DaemonError::Listen { address, key, source })
}

/// What the pages tell.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) state: Arc<State>,
}

/// Serves `/healthz` and `/readyz`, and the portal's pages where there are any, until `closing` is cancelled and what
/// was asked is answered.
pub(super) async fn serve_health(
    listener: TcpListener,
    pages: Pages,
    portal: Option<Router>,
    closing: CancellationToken,
) {
    let own = Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).with_state(pages);
    serve(own.merge(portal.unwrap_or_default()), listener, closing).await;
}

/// Serves `/metrics` likewise.
pub(super) async fn serve_metrics(listener: TcpListener, pages: Pages, closing: CancellationToken) {
    serve(Router::new().route("/metrics", get(scrape)).with_state(pages), listener, closing).await;
}

async fn serve(router: Router, listener: TcpListener, closing: CancellationToken) {
    connections::serve(router.layer(from_fn(with_span)), listener, ConnectionLimits::default(), closing).await;
}

/// Gives a request its span. The route is one of the program's own; what else a client has sent is in no log.
async fn with_span(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let span = debug_span!("request", http.method = %request.method(), http.route = route, http.status = Empty);
    let response = next.run(request).instrument(span.clone()).await;
    span.record("http.status", response.status().as_u16());
    response
}

/// Liveness: the process answers.
async fn healthz() -> &'static str {
    "ok\n"
}

/// Readiness: the daemon works, or can take over as a standby; else the reasons why not.
async fn readyz(Extract(pages): Extract<Pages>) -> impl IntoResponse {
    let status = pages.state.status();
    match status.not_ready_reasons().as_slice() {
        [] => (StatusCode::OK, format!("ready: {}\n", status.role.word())),
        reasons => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", reasons.join("; "))),
    }
}

async fn scrape(Extract(pages): Extract<Pages>) -> impl IntoResponse {
    let status = pages.state.status();
    pages.telemetry.show_state(status.is_owner(), status.subscribed());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], pages.telemetry.render())
}
