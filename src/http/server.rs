//! The listener: connections, their limits, and their end.
//!
//! Never: what a request means.

use std::convert::Infallible;
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
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::guard::Peer;
use super::refusal::{Answers, Worded, answer};
use super::stall::StallGuard;
use super::watched::Watched;

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
                // Small answers must not wait for an acknowledgement of the ones before.
                let _ = stream.set_nodelay(true);
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
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: SocketAddr,
    router: Router,
    config: ServerConfig,
    shutdown: CancellationToken,
) {
    let answers = Answers::default();
    let stream = StallGuard::new(stream, config.stall_time);
    let mut stream = Worded::new(stream, answers.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let answering = answers.begin();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let answer = router.clone().oneshot(request);
        async move { Ok::<_, Infallible>(answer.await?.map(|body| Watched::new(body, answering))) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use bytes::Bytes;
    use futures_util::stream;
    use tokio::io::duplex;

    /// A file that reads like a refusal of hyper's.
    const FILE: &str = "HTTP/1.1 400 X\r\ncontent-length: 0\r\n\r\n";

    /// Lines of the answer: the first, content-length, date, an empty one and the file's.
    const LINES: usize = 7;

    /// Answers with it as from a disk: not at once.
    async fn file() -> ([(&'static str, String); 1], Body) {
        let body = Body::from_stream(stream::once(async {
            tokio::task::yield_now().await;
            std::io::Result::Ok(Bytes::from_static(FILE.as_bytes()))
        }));
        ([("content-length", FILE.len().to_string())], body)
    }

    #[tokio::test]
    async fn a_file_that_reads_like_a_refusal_is_sent_and_a_refusal_after_it_is_worded() {
        let (ours, mut stream) = duplex(4096);
        let router = Router::new().route("/file", get(file));
        let (peer, config) = (([127, 0, 0, 1], 1).into(), ServerConfig::default());
        let conversation = converse(ours, peer, router, config, CancellationToken::new());
        let asking = async move {
            let ask = b"GET /file HTTP/1.1\r\nhost: alcove\r\n\r\n";
            let mut got = Vec::new();
            for round in 1..=2 {
                stream.write_all(ask).await.unwrap();
                while got.iter().filter(|&&byte| byte == b'\n').count() < round * LINES {
                    assert_ne!(stream.read_buf(&mut got).await.unwrap(), 0);
                }
                assert!(got.ends_with(FILE.as_bytes()), "{}", got.escape_ascii());
            }
            stream.write_all(b"what?\r\n\r\n").await.unwrap();
            got.clear();
            stream.read_to_end(&mut got).await.unwrap();
            let refusal = String::from_utf8(got).unwrap();
            assert!(refusal.contains("malformed_request"), "{refusal}");
        };
        tokio::join!(conversation, asking);
    }
}
