//! The outside of a bundle: whether it is one, and whose name is on its signature.
//!
//! A bundle is a squashfs, a signature (CMS, RFC 5652), and the length of that in the last eight bytes.
//! Source: RAUC's reference, "Bundle Format".
//!
//! Never: judging the signature, which RAUC does; a name from here is shown only after RAUC has accepted it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// How a squashfs begins, byte by byte.
const MAGIC: &[u8; 4] = b"hsqs";
const LENGTH_BYTES: u64 = 8;
/// RAUC's own limit is 64 KiB.
const MOST_SIGNATURE_BYTES: u64 = 64 * 1024;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OBJECT: u8 = 0x06;
const CONTEXT_0: u8 = 0xa0;
/// The object identifier 2.5.4.3, an entity's common name.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// What is wrong with the outside of a file.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("this is no update of Alcove")]
    NotABundle,
    #[error("the file is damaged, or its end is missing")]
    Cut,
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
}

/// The bytes of a bundle's signature.
///
/// # Errors
/// [`BundleError`] for a file that cannot be a whole bundle.
pub fn signature(path: &Path) -> Result<Vec<u8>, BundleError> {
    let mut file = File::open(path)?;
    let mut magic = [0; 4];
    let length = file.metadata()?.len();
    if length < 4 + LENGTH_BYTES {
        return Err(BundleError::NotABundle);
    }
    file.read_exact(&mut magic)?;
    if &magic != MAGIC {
        return Err(BundleError::NotABundle);
    }
    let mut bytes = [0; 8];
    file.seek(SeekFrom::Start(length - LENGTH_BYTES))?;
    file.read_exact(&mut bytes)?;
    let signed = u64::from_be_bytes(bytes);
    let most = MOST_SIGNATURE_BYTES.min(length - LENGTH_BYTES - 4);
    if signed == 0 || signed > most {
        return Err(BundleError::Cut);
    }
    file.seek(SeekFrom::Start(length - LENGTH_BYTES - signed))?;
    let mut signature = Vec::new();
    file.take(signed).read_to_end(&mut signature)?;
    // Only the outermost brackets: everything inside is RAUC's to judge.
    match element(&signature) {
        Some((SEQUENCE, ..)) => Ok(signature),
        _ => Err(BundleError::Cut),
    }
}

/// The common name of whoever made a signature.
pub fn signer(signature: &[u8]) -> Option<String> {
    let content = Children(inside(signature, SEQUENCE)?).find(|(tag, _)| *tag == CONTEXT_0)?;
    let parts: Vec<(u8, &[u8])> = Children(inside(content.1, SEQUENCE)?).collect();
    let certificates = parts.iter().find(|(tag, _)| *tag == CONTEXT_0)?.1;
    let (_, signers) = parts.last().filter(|(tag, _)| *tag == SET)?;
    let serial = signer_serial(signers)?;
    Children(certificates)
        .filter_map(|(_, certificate)| subject(certificate))
        .find(|(number, _)| *number == serial)
        .and_then(|(_, name)| name)
}

/// The common name of each certificate in a file of them (RFC 7468).
pub fn names(pem: &str) -> Vec<String> {
    use base64::Engine;
    let blocks = pem.split("-----BEGIN CERTIFICATE-----").skip(1);
    blocks
        .filter_map(|block| {
            let text: String = block.split("-----").next()?.split_whitespace().collect();
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(text)
                .ok()?;
            subject(inside(&bytes, SEQUENCE)?)?.1
        })
        .collect()
}

/// True for a name that says that its key is made by everybody who builds Alcove.
pub fn is_development(name: &str) -> bool {
    name.to_lowercase().contains("development")
}

/// The serial number of the first signer's certificate.
fn signer_serial(signers: &[u8]) -> Option<&[u8]> {
    let (_, info) = Children(signers).next()?;
    let (_, name) = Children(info).find(|(tag, _)| *tag == SEQUENCE)?;
    let serial = Children(name).find(|(tag, _)| *tag == INTEGER)?;
    Some(serial.1)
}

/// Serial number and common name of the subject of a certificate, given its inside (RFC 5280).
fn subject(certificate: &[u8]) -> Option<(&[u8], Option<String>)> {
    let (_, facts) = Children(certificate).next()?;
    let mut parts = Children(facts).skip_while(|(tag, _)| *tag == CONTEXT_0);
    let (_, serial) = parts.next()?;
    // The algorithm, the issuer and the dates come before the subject.
    let (_, subject) = parts.nth(3)?;
    Some((serial, common_name(subject)))
}

fn common_name(name: &[u8]) -> Option<String> {
    let pairs = Children(name).flat_map(|(_, set)| Children(set));
    let mut found = pairs.filter_map(|(_, pair)| {
        let mut pair = Children(pair);
        let (tag, object) = pair.next()?;
        let (_, text) = pair.next()?;
        (tag == OBJECT && object == COMMON_NAME).then_some(text)
    });
    found
        .next()
        .map(|text| String::from_utf8_lossy(text).into_owned())
}

/// The inside of an element that has this tag.
fn inside(bytes: &[u8], wanted: u8) -> Option<&[u8]> {
    let (tag, inside, _) = element(bytes)?;
    (tag == wanted).then_some(inside)
}

/// Tag, inside and rest of the first element (X.690, definite lengths).
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    let (inside, rest) = rest.split_at_checked(length)?;
    Some((*tag, inside, rest))
}

/// The elements inside another, up to the first that cannot be read.
struct Children<'a>(&'a [u8]);

impl<'a> Iterator for Children<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (tag, inside, rest) = element(self.0)?;
        self.0 = rest;
        Some((tag, inside))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outside(bytes: &[u8]) -> Result<Vec<u8>, BundleError> {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a");
        std::fs::write(&path, bytes).unwrap();
        signature(&path)
    }

    #[test]
    fn what_cannot_be_a_bundle_is_told_from_one_whose_end_is_missing() {
        let with =
            |signature: &[u8], length: u64| [b"hsqs", signature, &length.to_be_bytes()].concat();
        for (bytes, want) in [
            (Vec::new(), "no update"),
            (b"hsqs".to_vec(), "no update"),
            (b"PK\x03\x04 a picture in an archive".to_vec(), "no update"),
            (with(b"\x30\x00", 0), "damaged"),
            (with(b"\x30\x00", 3), "damaged"),
            (with(b"\x30\x00", u64::MAX), "damaged"),
            (with(b"\x30\x05", 2), "damaged"),
            (with(b"\x02\x00", 2), "damaged"),
        ] {
            let error = outside(&bytes).unwrap_err().to_string();
            assert!(error.contains(want), "{bytes:x?}: {error}");
        }
        assert_eq!(outside(&with(b"\x30\x00", 2)).unwrap(), b"\x30\x00");
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange_for_a_name(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            signer(&bytes);
            let framed = [&[SEQUENCE, 0x81, u8::try_from(bytes.len()).unwrap()][..], &bytes].concat();
            signer(&framed);
        }
    }
}
