//! The listener: connections, their limits, and their end.
//!
//! Never: what a request means.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::guard::Peer;
use super::refusal::{Worded, answer};
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

/// One client's connection from its first byte to its last.
pub type Connection = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Accepts connections until `shutdown` is cancelled, and hands each to `begin`, which runs it beside
/// the others. One that has an answer to finish then goes on until that is sent.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    config: ServerConfig,
    begin: impl Fn(Connection),
    shutdown: CancellationToken,
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
                begin(Box::pin(async move {
                    let _room = permit;
                    connection.await;
                }));
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
    let mut stream = Worded::new(StallGuard::new(stream, config.stall_time));
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request)
    });
    let (outcome, unread) = {
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(config.head_time)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(&mut stream), service);
        let outcome = tokio::select! {
            outcome = &mut connection => outcome,
            () = shutdown.cancelled() => {
                Pin::new(&mut connection).graceful_shutdown();
                (&mut connection).await
            }
        };
        (outcome, connection.into_parts().read_buf)
    };
    let Err(error) = outcome else { return };
    log::debug!("a connection ended early: {error}");
    // One that has sent nothing asks for nothing, and a late answer would be taken for that of its next request.
    let is_slow = error.is_timeout() && !unread.is_empty();
    let farewell = async {
        if is_slow {
            stream
                .write_all(&answer(StatusCode::REQUEST_TIMEOUT))
                .await?;
            stream.shutdown().await?;
        } else if error.is_parse() {
            linger(&mut stream).await?;
        }
        std::io::Result::Ok(())
    };
    let _ = tokio::time::timeout(LINGER, farewell).await;
}

/// Closing with unread bytes resets the connection, and the client would never read the answer.
async fn linger(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> std::io::Result<()> {
    stream.shutdown().await?;
    tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink())
        .await
        .map(|_| ())
}
