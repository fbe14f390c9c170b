//! What a file's content is recognised by after it was renamed: its size, first and last block.
//!
//! Never: reading the whole file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use xxhash_rust::xxh3::Xxh3;

/// Bytes read at each end.
const BLOCK_BYTES: usize = 64 * 1024;

/// Hash of size, first and last block; never 0, which stands for "not read".
///
/// # Errors
/// Those of reading.
pub(super) fn fingerprint(file: &File, size_bytes: u64, buffer: &mut Vec<u8>) -> io::Result<u64> {
    buffer.resize(BLOCK_BYTES, 0);
    let mut hash = Xxh3::new();
    hash.update(&size_bytes.to_le_bytes());
    let first = read_block(file, 0, buffer)?;
    hash.update(&buffer[..first]);
    if size_bytes > BLOCK_BYTES as u64 {
        let tail = size_bytes
            .saturating_sub(BLOCK_BYTES as u64)
            .max(BLOCK_BYTES as u64);
        let last = read_block(file, tail, buffer)?;
        hash.update(&buffer[..last]);
    }
    Ok(hash.digest().max(1))
}

fn read_block(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn of(bytes: &[u8]) -> u64 {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        fingerprint(&file, bytes.len() as u64, &mut Vec::new()).unwrap()
    }

    #[test]
    fn content_is_told_apart_at_both_ends_and_by_size() {
        let base = vec![7u8; 300_000];
        let with = |at: usize| {
            let mut bytes = base.clone();
            bytes[at] = 8;
            bytes
        };
        assert_eq!(of(&base), of(&base.clone()));
        for other in [
            with(0),
            with(65_535),
            with(299_999),
            with(234_464 + 10),
            vec![7u8; 300_001],
        ] {
            assert_ne!(of(&base), of(&other));
        }
        // The middle is not read.
        assert_eq!(of(&base), of(&with(150_000)));
        for len in [0, 1, 65_536, 65_537, 131_072] {
            let bytes = vec![1u8; len];
            let mut changed = bytes.clone();
            if let Some(last) = changed.last_mut() {
                *last = 2;
                assert_ne!(of(&bytes), of(&changed), "{len}");
            }
        }
    }
}
