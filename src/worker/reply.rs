//! Where a job writes what it makes.
//!
//! Never: the answer that ends a job; the request loop sends that.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use alcove::base::fd_channel;
use alcove::media::wire::{self, MAX_DATA_BYTES};
use serde::Serialize;

use super::syscalls::exit_now;

/// The way back to the daemon while a job runs.
///
/// Nothing here can fail: when the daemon has gone, nobody is left to work for and the process ends.
pub trait Reply {
    /// Sends bytes of the result, in order.
    fn data(&mut self, bytes: &[u8]);
    /// Tells that everything sent so far forms whole CMAF chunks.
    fn chunk_end(&mut self);
    /// Tells that the job is alive; only a growing `done` puts off its time limit.
    fn progress(&mut self, done: u64, total: u64);
}

/// Replies to one request over the socket.
pub struct SocketReply<'a> {
    pub id: u64,
    pub socket: &'a UnixStream,
}

impl Reply for SocketReply<'_> {
    fn data(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(MAX_DATA_BYTES) {
            self.send(&wire::Reply::Data {
                id: self.id,
                bytes: piece.to_vec(),
            });
        }
    }

    fn chunk_end(&mut self) {
        self.send(&wire::Reply::ChunkEnd { id: self.id });
    }

    fn progress(&mut self, done: u64, total: u64) {
        self.send(&wire::Reply::Progress {
            id: self.id,
            done,
            total,
        });
    }
}

impl SocketReply<'_> {
    fn send(&self, reply: &wire::Reply) {
        if send(self.socket, reply).is_err() {
            exit_now(0);
        }
    }
}

/// Writes one whole frame.
///
/// # Errors
/// The socket's own, when the daemon has gone.
pub fn send<T: Serialize>(socket: &UnixStream, message: &T) -> io::Result<()> {
    let frame = wire::encode(message).map_err(io::Error::other)?;
    let mut sent = 0;
    while sent < frame.len() {
        sent += fd_channel::send(socket.as_fd(), &frame[sent..], &[])?;
    }
    Ok(())
}
