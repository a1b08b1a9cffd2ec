//! Connections to the pages: so many at once, each with a deadline for what it asks.
//!
//! # Why
//! Whoever opens connections and says nothing, or one letter a minute, must not keep others out: what has not asked a
//! whole question in `ASKED_WITHIN` is closed, and above `CONNECTIONS_MAX` the next waits in the kernel's queue until
//! one is. `axum::serve` has neither bound. What a form takes to arrive is bounded where it is read
//! (`portal::edge::sent`), and how often an address may guess in the database.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Twice what all pages that listen take, with as many for those that ask.
const CONNECTIONS_MAX: usize = 1_024;
/// Longer than the minute for which proxies keep an idle connection to ask again.
const ASKED_WITHIN: Duration = Duration::from_secs(65);
/// What is asked when the daemon ends is answered in less.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);
/// After a failure that is no connection's own: no more descriptors, mostly.
const PAUSE: Duration = Duration::from_secs(1);

/// What a listener bears.
#[derive(Copy, Clone, Debug)]
pub(super) struct ConnectionLimits {
    connections_max: usize,
    asked_within: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> ConnectionLimits {
        ConnectionLimits { connections_max: CONNECTIONS_MAX, asked_within: ASKED_WITHIN }
    }
}

/// Serves HTTP/1.1 until `closing` is cancelled and what was asked is answered.
pub(super) async fn serve(router: Router, listener: TcpListener, limits: ConnectionLimits, closing: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let open = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.asked_within);
    while let Some(Some((stream, peer, place))) = closing.run_until_cancelled(accept(&listener, &places)).await {
        let router = router.clone();
        let service = service_fn(move |request| answer(router.clone(), peer, request));
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // However it ends, nobody is there to be told.
            drop(connection.await);
            drop(place);
        });
    }
    // Who does not read what it asked for is not waited for.
    drop(timeout(ANSWERED_WITHIN, open.shutdown()).await);
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    mut request: Request<hyper::body::Incoming>,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    TowerToHyperService::new(router).call(request).await
}

/// The next connection, once there is a place for it; none only where places are given no more.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Pages are written whole, and what a stream tells must not wait for more.
                drop(stream.set_nodelay(true));
                return Some((stream, peer, place));
            }
            Err(error) => {
                let own = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::ConnectionRefused];
                if !own.contains(&error.kind()) {
                    tracing::error!("no connection can be accepted, which is tried again in a second: {error}");
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::task::JoinHandle;

    use super::*;

    const SHORT: Duration = Duration::from_millis(300);

    struct Served {
        at: SocketAddr,
        closing: CancellationToken,
        task: JoinHandle<()>,
    }

    async fn served(connections_max: usize, asked_within: Duration) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, closing) = (listener.local_addr().unwrap(), CancellationToken::new());
        let router = Router::new()
            .route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }));
        let limits = ConnectionLimits { connections_max, asked_within };
        let task = tokio::spawn(serve(router, listener, limits, closing.clone()));
        Served { at, closing, task }
    }

    async fn asks(stream: &mut TcpStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_page_knows_who_asks_and_what_is_closed_answers_nobody() {
        let served = served(4, ASKED_WITHIN).await;
        let answer = asks(&mut TcpStream::connect(served.at).await.unwrap()).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("127.0.0.1"), "{answer}");
        served.closing.cancel();
        served.task.await.unwrap();
        assert!(TcpStream::connect(served.at).await.is_err());
    }

    #[tokio::test]
    async fn who_asks_letter_by_letter_is_closed_and_leaves_the_place_to_others() {
        let served = served(2, SHORT).await;
        let mut slow = Vec::new();
        for begun in [&b"GET / HT"[..], b""] {
            let mut stream = TcpStream::connect(served.at).await.unwrap();
            stream.write_all(begun).await.unwrap();
            slow.push(stream);
        }
        // Both places are taken: the third is answered as soon as one of them is closed.
        let answer = asks(&mut TcpStream::connect(served.at).await.unwrap()).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        for mut stream in slow {
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap();
            assert!(!rest.starts_with(b"HTTP/1.1 200"), "{rest:?}");
        }
        served.closing.cancel();
        served.task.await.unwrap();
    }
}
