//! Bytes and open descriptors over a Unix stream socket.
//!
//! Never: framing, waiting, or knowledge of what the bytes mean.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

/// Most descriptors that travel with one message.
pub const MAX_FDS: usize = 8;

/// Sends `bytes` with `fds` attached to the first of them; returns how many bytes went out.
///
/// # Errors
/// `WouldBlock` when the socket is full (nothing was sent), otherwise the socket's own error.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let raw: Vec<RawFd> = fds.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control: &[ControlMessage<'_>] = if raw.is_empty() { &[] } else { &rights };
    loop {
        let sent = sendmsg::<()>(
            socket.as_raw_fd(),
            &[IoSlice::new(bytes)],
            control,
            MsgFlags::MSG_NOSIGNAL,
            None,
        );
        match sent {
            Err(Errno::EINTR) => {}
            other => return other.map_err(io::Error::from),
        }
    }
}

/// Receives up to `buffer.len()` bytes; descriptors that came along are pushed on `fds`, close-on-exec.
///
/// Returns 0 at the end of the stream.
///
/// # Errors
/// `WouldBlock` when nothing is there, `InvalidData` when the sender attached more descriptors
/// than [`MAX_FDS`], otherwise the socket's own error.
pub fn receive(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    fds: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let mut space = nix::cmsg_space!([RawFd; MAX_FDS]);
    loop {
        let mut slices = [IoSliceMut::new(buffer)];
        let message = match recvmsg::<()>(
            socket.as_raw_fd(),
            &mut slices,
            Some(&mut space),
            MsgFlags::MSG_CMSG_CLOEXEC,
        ) {
            Err(Errno::EINTR) => continue,
            other => other.map_err(io::Error::from)?,
        };
        let truncated = message.flags.contains(MsgFlags::MSG_CTRUNC);
        for control in message.cmsgs().map_err(io::Error::from)? {
            if let ControlMessageOwned::ScmRights(raw) = control {
                // SAFETY: the kernel has just installed these descriptors in this process for
                // this call alone, so nothing else owns or closes them.
                fds.extend(
                    raw.into_iter()
                        .map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }),
                );
            }
        }
        if truncated {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "more descriptors than expected came with one message",
            ));
        }
        return Ok(message.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_file_arrives_open_on_the_other_side() {
        let (ours, theirs) = UnixStream::pair().expect("socket pair");
        let mut file = tempfile::tempfile().expect("scratch file");
        file.write_all(b"picture").expect("write");
        file.rewind().expect("rewind");
        let sent = send(ours.as_fd(), b"hello", &[file.as_fd()]).expect("send");
        assert_eq!(sent, 5);
        let (mut buffer, mut fds) = ([0; 16], Vec::new());
        let got = receive(theirs.as_fd(), &mut buffer, &mut fds).expect("receive");
        assert_eq!(&buffer[..got], b"hello");
        let mut text = String::new();
        std::fs::File::from(fds.pop().expect("one descriptor"))
            .read_to_string(&mut text)
            .expect("read");
        assert_eq!(text, "picture");
        drop(ours);
        assert_eq!(
            receive(theirs.as_fd(), &mut buffer, &mut fds).expect("end"),
            0
        );
    }
}
