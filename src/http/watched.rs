//! A body that keeps something alive until all of it is taken, such as its playback.
//!
//! Never: a look into the bytes.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// `body`, and the hold that ends with it.
pub struct Watched<H> {
    body: Body,
    _hold: H,
}

impl<H> Watched<H> {
    pub fn new(body: Body, hold: H) -> Self {
        Self { body, _hold: hold }
    }
}

impl<H: Unpin> http_body::Body for Watched<H> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
