//! The network block device that QEMU has as the board's disk: its requests go to a [`Disk`] in their order.
//!
//! Never: an address other than a Unix socket; a request answered before the disk has it.
//! Source: https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::disk::{CARD_BYTES, Disk};

const GREETING: u64 = u64::from_be_bytes(*b"NBDMAGIC");
const OPTION: u64 = u64::from_be_bytes(*b"IHAVEOPT");
const OPTION_REPLY: u64 = 0x0003_e889_0455_65a9;
const REQUEST: u32 = 0x2560_9513;
const REPLY: u32 = 0x6744_6698;
/// Fixed newstyle, no zeros after the old export option.
const HANDSHAKE_FLAGS: u16 = 0b11;
/// Flags are there; flush and FUA are understood.
const DISK_FLAGS: u16 = 0b1101;

const EXPORT_NAME: u32 = 1;
const ABORT: u32 = 2;
const INFO: u32 = 6;
const GO: u32 = 7;

const ACK: u32 = 1;
const INFO_REPLY: u32 = 3;
const UNSUPPORTED: u32 = 0x8000_0001;

const READ: u16 = 0;
const WRITE: u16 = 1;
const DISCONNECT: u16 = 2;
const FLUSH: u16 = 3;
const FUA: u16 = 1;
const EINVAL: u32 = 22;

/// Serves `disk` to whoever connects to `socket`, until that one goes. The thread ends with its only client.
pub fn serve(disk: Arc<Mutex<Disk>>, socket: &Path) -> io::Result<std::thread::JoinHandle<()>> {
    let listener = UnixListener::bind(socket)?;
    std::thread::Builder::new()
        .name("nbd".to_owned())
        .spawn(move || {
            // A client that was killed is a power cut, and no error.
            if let Ok((stream, _)) = listener.accept() {
                let _ = converse(&stream, &disk);
            }
        })
}

fn converse(stream: &UnixStream, disk: &Mutex<Disk>) -> io::Result<()> {
    let mut from = BufReader::with_capacity(1 << 20, stream);
    let mut to = BufWriter::with_capacity(1 << 20, stream);
    if negotiate(&mut from, &mut to)? {
        while answer(&mut from, &mut to, disk)? {}
    }
    Ok(())
}

/// Whether the client goes on to the disk.
fn negotiate(from: &mut impl Read, to: &mut impl Write) -> io::Result<bool> {
    to.write_all(&GREETING.to_be_bytes())?;
    to.write_all(&OPTION.to_be_bytes())?;
    to.write_all(&HANDSHAKE_FLAGS.to_be_bytes())?;
    to.flush()?;
    number::<4>(from)?;
    loop {
        if number::<8>(from)? != OPTION {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let option = number::<4>(from)? as u32;
        let mut data = vec![0; number::<4>(from)? as usize];
        from.read_exact(&mut data)?;
        match option {
            EXPORT_NAME => {
                to.write_all(&facts())?;
                to.flush()?;
                return Ok(true);
            }
            INFO | GO => {
                let mut export = vec![0, 0];
                export.extend(facts());
                reply_option(to, option, INFO_REPLY, &export)?;
                reply_option(to, option, ACK, &[])?;
                if option == GO {
                    return Ok(true);
                }
            }
            ABORT => {
                reply_option(to, option, ACK, &[])?;
                return Ok(false);
            }
            _ => reply_option(to, option, UNSUPPORTED, &[])?,
        }
    }
}

/// Size and flags.
fn facts() -> Vec<u8> {
    [&CARD_BYTES.to_be_bytes()[..], &DISK_FLAGS.to_be_bytes()].concat()
}

fn reply_option(to: &mut impl Write, option: u32, kind: u32, data: &[u8]) -> io::Result<()> {
    to.write_all(&OPTION_REPLY.to_be_bytes())?;
    to.write_all(&option.to_be_bytes())?;
    to.write_all(&kind.to_be_bytes())?;
    to.write_all(&(data.len() as u32).to_be_bytes())?;
    to.write_all(data)?;
    to.flush()
}

/// Answers one request; false at the client's farewell.
fn answer(from: &mut impl Read, to: &mut impl Write, disk: &Mutex<Disk>) -> io::Result<bool> {
    if number::<4>(from)? as u32 != REQUEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let flags = number::<2>(from)? as u16;
    let kind = number::<2>(from)? as u16;
    let cookie = number::<8>(from)?;
    let at = number::<8>(from)?;
    let mut data = vec![0; number::<4>(from)? as usize];
    if kind == WRITE {
        from.read_exact(&mut data)?;
    }
    let done = {
        let mut disk = disk.lock().expect("nobody panics with the disk");
        match kind {
            READ => disk.read(at, &mut data),
            WRITE => disk.write(at, &data, flags & FUA != 0),
            FLUSH => {
                disk.flush();
                Ok(())
            }
            DISCONNECT => return Ok(false),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    };
    to.write_all(&REPLY.to_be_bytes())?;
    to.write_all(&done.as_ref().map_or(EINVAL, |()| 0).to_be_bytes())?;
    to.write_all(&cookie.to_be_bytes())?;
    if kind == READ && done.is_ok() {
        to.write_all(&data)?;
    }
    to.flush()?;
    Ok(true)
}

fn number<const BYTES: usize>(from: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; BYTES];
    from.read_exact(&mut bytes)?;
    Ok(bytes
        .into_iter()
        .fold(0, |number, byte| number << 8 | u64::from(byte)))
}
