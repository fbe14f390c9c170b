//! The bytes of a file as a response body, with few copies and few calls.
//!
//! What the page cache holds is read on the spot (`RWF_NOWAIT`) into a buffer that is used again;
//! only what must come from the disk goes to a blocking thread, a few at a time.
//!
//! Never: opening a file; blocking an async thread on a disk.

use std::fs::File;
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use rustix::fs::{Advice, fadvise};
use rustix::io::{Errno, ReadWriteFlags, preadv2};
use tokio_util::sync::CancellationToken;

use crate::library::Disk;

/// Bytes of a buffer: large enough that calls cost little, small enough to stay in a core's cache.
const BUFFER_BYTES: usize = 128 * 1024;
/// Buffers kept while no file is being sent.
const IDLE_BUFFERS: usize = 4;

/// What all file bodies share; a cheap handle.
#[derive(Clone, Debug, Default)]
pub struct FileReader {
    buffers: Arc<Buffers>,
}

#[derive(Debug, Default)]
struct Buffers(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    free: Vec<Box<[u8]>>,
    lent: usize,
}

impl Buffers {
    fn take(self: &Arc<Self>) -> Loan {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.lent += 1;
        let bytes = shelf.free.pop();
        drop(shelf);
        let bytes = bytes.unwrap_or_else(|| vec![0; BUFFER_BYTES].into_boxed_slice());
        Loan {
            bytes,
            filled: 0,
            home: Arc::clone(self),
        }
    }
}

/// A buffer that goes back when its last reader is done with it.
#[derive(Debug)]
struct Loan {
    bytes: Box<[u8]>,
    filled: usize,
    home: Arc<Buffers>,
}

impl AsRef<[u8]> for Loan {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let mut shelf = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.lent -= 1;
        shelf.free.push(std::mem::take(&mut self.bytes));
        if shelf.lent == 0 {
            shelf.free.truncate(IDLE_BUFFERS);
            shelf.free.shrink_to(IDLE_BUFFERS);
        }
    }
}

impl FileReader {
    /// The bytes `range` of `file` on `disk`; ends with an error when the file turns out shorter, when
    /// the disk hangs, and when `ended` is cancelled.
    pub fn body(
        &self,
        file: File,
        range: Range<u64>,
        disk: Disk,
        ended: CancellationToken,
    ) -> FileBody {
        // Advice only: a file system without it reads ahead as it likes.
        let _ = fadvise(&file, range.start, None, Advice::Sequential);
        FileBody {
            file: Arc::new(file),
            at: range.start,
            end: range.end,
            reader: self.clone(),
            disk,
            ended,
            reading: None,
        }
    }
}

type DiskRead = Pin<Box<dyn Future<Output = io::Result<Loan>> + Send>>;

/// A response body that reads as it is sent.
pub struct FileBody {
    file: Arc<File>,
    at: u64,
    end: u64,
    reader: FileReader,
    disk: Disk,
    ended: CancellationToken,
    /// Present while the disk is waited for.
    reading: Option<DiskRead>,
}

impl std::fmt::Debug for FileBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileBody")
            .field("at", &self.at)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

impl FileBody {
    /// Reads what is in memory already; `None` when the disk is needed.
    fn read_now(&self, loan: &mut Loan, want: usize) -> io::Result<Option<usize>> {
        let mut slices = [IoSliceMut::new(&mut loan.bytes[..want])];
        loop {
            return match preadv2(&*self.file, &mut slices, self.at, ReadWriteFlags::NOWAIT) {
                Ok(count) => Ok(Some(count)),
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(None),
                Err(error) => Err(error.into()),
            };
        }
    }

    fn read_from_disk(&self, mut loan: Loan, want: usize) -> DiskRead {
        let (file, at, disk) = (Arc::clone(&self.file), self.at, self.disk.clone());
        Box::pin(async move {
            let read = move || {
                let count = read_at(&file, &mut loan.bytes[..want], at)?;
                loan.filled = count;
                Ok(loan)
            };
            disk.run(read).await.map_err(io::Error::other)?
        })
    }

    fn send(&mut self, loan: Loan) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if loan.filled == 0 {
            self.at = self.end;
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        self.at += loan.filled as u64;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(loan)))))
    }
}

fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if this.at >= this.end {
            return Poll::Ready(None);
        }
        if this.ended.is_cancelled() {
            this.at = this.end;
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
        if this.reading.is_none() {
            let left = usize::try_from(this.end - this.at).unwrap_or(usize::MAX);
            let want = left.min(BUFFER_BYTES);
            let mut loan = this.reader.buffers.take();
            match this.read_now(&mut loan, want) {
                Ok(Some(count)) => {
                    loan.filled = count;
                    return this.send(loan);
                }
                Ok(None) => this.reading = Some(this.read_from_disk(loan, want)),
                Err(error) => {
                    this.at = this.end;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        let Some(read) = &mut this.reading else {
            return Poll::Ready(None);
        };
        let loan = ready!(read.as_mut().poll(cx));
        this.reading = None;
        match loan {
            Ok(loan) => this.send(loan),
            Err(error) => {
                this.at = this.end;
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::Disks;
    use http_body_util::BodyExt;
    use std::io::Write;
    use std::path::Path;
    use std::time::Duration;

    fn disk() -> Disk {
        Disks::new(Duration::from_secs(30)).of(Path::new("/"))
    }

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[tokio::test]
    async fn the_range_and_nothing_else_arrives() {
        let bytes: Vec<u8> = (0..3 * BUFFER_BYTES + 17)
            .map(|n| (n * 7 % 251) as u8)
            .collect();
        let reader = FileReader::default();
        let end = bytes.len() as u64;
        for range in [
            0..end,
            0..1,
            end - 1..end,
            5..5,
            100..2 * BUFFER_BYTES as u64 + 1,
        ] {
            let body = reader.body(
                file(&bytes),
                range.clone(),
                disk(),
                CancellationToken::new(),
            );
            assert_eq!(body.size_hint().exact(), Some(range.end - range.start));
            let got = body.collect().await.unwrap().to_bytes();
            assert_eq!(
                got,
                bytes[range.start as usize..range.end as usize],
                "{range:?}"
            );
        }
        let shelf = reader.buffers.0.lock().unwrap();
        assert_eq!(shelf.lent, 0);
        assert!(shelf.free.len() <= IDLE_BUFFERS);
    }

    #[tokio::test]
    async fn a_file_that_shrank_is_an_error_and_not_a_short_answer() {
        let body =
            FileReader::default().body(file(b"abc"), 0..10, disk(), CancellationToken::new());
        let error = body.collect().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn the_end_of_a_session_ends_its_bodies() {
        let ended = CancellationToken::new();
        let mut body = FileReader::default().body(
            file(&[1; 2 * BUFFER_BYTES]),
            0..2 * BUFFER_BYTES as u64,
            disk(),
            ended.clone(),
        );
        assert!(body.frame().await.unwrap().is_ok());
        ended.cancel();
        assert!(body.frame().await.unwrap().is_err());
        assert!(body.frame().await.is_none());
    }
}
