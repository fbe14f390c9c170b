//! The listener: connections, their limits, and their end.
//!
//! Never: what a request means.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::guard::Peer;
use super::stall::StallGuard;

/// Longest request line and headers together; more is answered with 431.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Most header lines.
const MAX_HEADERS: usize = 100;
/// How long the rest of a refused request is read, so that its sender sees the answer.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: u64 = 4 * 1024 * 1024;

/// Limits of a connection.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Open connections; past that, new ones wait in the kernel's queue.
    pub max_connections: usize,
    /// Time for a request's head, and for the next request to begin.
    pub head_time: Duration,
    /// A client that takes no byte for this long is given up.
    pub stall_time: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            max_connections: 512,
            head_time: Duration::from_secs(30),
            stall_time: Duration::from_secs(120),
        }
    }
}

/// Accepts connections until `shutdown` is cancelled. Each is spawned on `connections`, which the
/// caller waits for; one that is still sending then ends when the caller cancels `abort`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    config: ServerConfig,
    connections: TaskTracker,
    shutdown: CancellationToken,
    abort: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(config.max_connections));
    loop {
        let accepted = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, stream) = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = accepted => accepted,
        };
        match stream {
            Ok((stream, peer)) => {
                let connection = converse(
                    stream,
                    peer,
                    router.clone(),
                    config.clone(),
                    shutdown.clone(),
                );
                let abort = abort.clone();
                connections.spawn(async move {
                    let _room = permit;
                    let _ = abort.run_until_cancelled_owned(connection).await;
                });
            }
            Err(error) => {
                // Out of descriptors, mostly: waiting lets connections end.
                log::warn!("a connection was not accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    config: ServerConfig,
    shutdown: CancellationToken,
) {
    // Small answers must not wait for an acknowledgement of the ones before.
    let _ = stream.set_nodelay(true);
    let mut stream = StallGuard::new(stream, config.stall_time);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request)
    });
    let outcome = {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(config.head_time)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(&mut stream), service);
        tokio::pin!(connection);
        tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };
    if let Err(error) = outcome {
        log::debug!("a connection ended early: {error}");
        if error.is_parse() {
            let _ = tokio::time::timeout(LINGER, linger(&mut stream)).await;
        }
    }
}

/// Closing with unread bytes resets the connection, and the client would never read the answer.
async fn linger(stream: &mut StallGuard<TcpStream>) -> std::io::Result<()> {
    stream.shutdown().await?;
    tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink())
        .await
        .map(|_| ())
}
