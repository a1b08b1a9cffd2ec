//! A portal on a port of 127.0.0.1, over the database of a test.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use healthtrack::model::time::SystemClock;
use healthtrack::portal::{Portal, router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::house::{KEYS, configured};
use crate::network::Network;

/// A portal that browsers reach.
pub(super) struct Stage {
    /// `http://127.0.0.1:40123`.
    pub(super) origin: String,
    _server: AbortOnDropHandle<()>,
}

impl Stage {
    pub(super) async fn open(network: &Network) -> Stage {
        Stage::called(network, "127.0.0.1").await
    }

    /// By a name of this machine.
    pub(super) async fn called(network: &Network, host: &str) -> Stage {
        Stage::with(network, host, &[]).await
    }

    /// The same, with more of a configuration.
    pub(super) async fn with(network: &Network, host: &str, more: &[(&str, &str)]) -> Stage {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let origin = format!("http://{host}:{}", listener.local_addr().unwrap().port());
        let config = configured(network, &origin, &[&[KEYS], more].concat());
        let clock = Arc::new(SystemClock);
        let portal = Portal::new(&config, clock, CancellationToken::new(), None).unwrap();
        let service = router(portal).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Stage { origin, _server: AbortOnDropHandle::new(server) }
    }

    /// Where a path is.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}
