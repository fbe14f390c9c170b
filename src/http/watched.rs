//! A body that keeps its playback alive while it is sent.
//!
//! Never: a look into the bytes.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::transcode::playbacks::Hold;

/// `body`, and the hold that ends with it.
pub struct Watched {
    body: Body,
    _hold: Option<Hold>,
}

impl Watched {
    pub fn new(body: Body, hold: Option<Hold>) -> Self {
        Self { body, _hold: hold }
    }
}

impl http_body::Body for Watched {
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
