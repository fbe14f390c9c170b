//! What hyper refuses before any handler is asked: its bare answers become problems like all others.
//!
//! hyper has no hook for them (hyperium/hyper#3844). It writes such an answer alone, when all that came
//! before has left; where a slow peer keeps it waiting behind an earlier answer, it stays bare. The bytes
//! of a file may read the same, so nothing is touched from a request's handler on until its answer has left:
//!
//! ```text
//!  idle ──handler asked──► answering ──body taken──► leaving ──all written──► idle
//! ```
//!
//! Never: an answer of a handler.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::problem::{PROBLEM_MIME, ProblemBody};

/// A refusal is a few lines; what is longer is none.
const LONGEST_BYTES: usize = 256;

/// The status of hyper's own refusal, when the bytes are one and nothing else.
fn refused(bytes: &[u8]) -> Option<StatusCode> {
    if bytes.len() > LONGEST_BYTES {
        return None;
    }
    let head = std::str::from_utf8(bytes).ok()?.strip_suffix("\r\n\r\n")?;
    let (first, lines) = head.split_once("\r\n")?;
    let is_bare = lines.split("\r\n").any(|line| line == "content-length: 0");
    let status = first.strip_prefix("HTTP/1.1 ")?.get(..3)?;
    let status = StatusCode::from_bytes(status.as_bytes()).ok()?;
    (is_bare && describe(status).is_some()).then_some(status)
}

/// The code and the sentence of each refusal.
fn describe(status: StatusCode) -> Option<(&'static str, &'static str)> {
    Some(match status {
        StatusCode::BAD_REQUEST => ("malformed_request", "This is no request in HTTP."),
        StatusCode::REQUEST_TIMEOUT => ("too_slow", "The request did not arrive in time."),
        StatusCode::URI_TOO_LONG => ("address_too_long", "The address is too long."),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            ("headers_too_long", "The headers are too long or too many.")
        }
        _ => return None,
    })
}

/// The whole answer with that status, after which the connection ends.
pub fn answer(status: StatusCode) -> Vec<u8> {
    let (code, detail) = describe(status).unwrap_or(("refused", "The request was refused."));
    let title = status.canonical_reason().unwrap_or("Error");
    let problem = ProblemBody {
        kind: "about:blank",
        title,
        status: status.as_u16(),
        detail: detail.to_owned(),
        code,
    };
    let body = serde_json::to_string(&problem).expect("plain words become JSON");
    let (number, length) = (status.as_u16(), body.len());
    let date = httpdate::fmt_http_date(SystemTime::now());
    format!(
        "HTTP/1.1 {number} {title}\r\ncontent-type: {PROBLEM_MIME}\r\ncontent-length: {length}\r\n\
         cache-control: no-store\r\nconnection: close\r\ndate: {date}\r\n\r\n{body}"
    )
    .into_bytes()
}

const IDLE: u8 = 0;
const ANSWERING: u8 = 1;
const LEAVING: u8 = 2;

/// How far a connection is with the answer of a handler; its service and its stream share it.
#[derive(Clone, Debug, Default)]
pub struct Answers(Arc<AtomicU8>);

/// Held until hyper has taken all of an answer's body.
#[derive(Debug)]
pub struct Answering(Answers);

impl Answers {
    /// A handler is asked.
    pub fn begin(&self) -> Answering {
        self.0.store(ANSWERING, Ordering::Relaxed);
        Answering(self.clone())
    }

    fn is_idle(&self) -> bool {
        self.0.load(Ordering::Relaxed) == IDLE
    }

    /// hyper has written all that it took: it flushes a stream only then.
    fn flushed(&self) {
        let relaxed = Ordering::Relaxed;
        let _ = self.0.compare_exchange(LEAVING, IDLE, relaxed, relaxed);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.0.store(LEAVING, Ordering::Relaxed);
    }
}

/// A stream on which hyper's refusals leave as problems.
#[derive(Debug)]
pub struct Worded<S> {
    stream: S,
    answers: Answers,
    /// What is left to write of an answer that took the place of a bare one.
    left: Vec<u8>,
}

impl<S> Worded<S> {
    pub fn new(stream: S, answers: Answers) -> Self {
        Self {
            stream,
            answers,
            left: Vec::new(),
        }
    }
}

impl<S: AsyncWrite + Unpin> Worded<S> {
    fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.left.is_empty() {
            let count = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.left))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.left.drain(..count);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Worded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Worded<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_left(cx))?;
        if self.answers.is_idle()
            && let [only] = slices
            && let Some(status) = refused(only)
        {
            self.left = answer(status);
            return Poll::Ready(Ok(only.len()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_left(cx))?;
        self.answers.flushed();
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_left(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_refusal_is_one() {
        let bare = "HTTP/1.1 431 X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        for (bytes, want) in [
            (bare, Some(431)),
            (
                "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
                Some(400),
            ),
            (
                "HTTP/1.1 400 Bad Request\r\ncontent-length: 120\r\n\r\n",
                None,
            ),
            (
                "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n{}",
                None,
            ),
            ("HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n", None),
            ("HTTP/1.1 4\u{e9}0 X\r\ncontent-length: 0\r\n\r\n", None),
            ("HTTP/1.1 431", None),
            ("", None),
        ] {
            assert_eq!(
                refused(bytes.as_bytes()).map(|s| s.as_u16()),
                want,
                "{bytes}"
            );
        }
        assert_eq!(refused(&answer(StatusCode::BAD_REQUEST)), None);
    }
}
