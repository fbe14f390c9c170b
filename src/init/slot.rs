//! What the initramfs knows of its own slot: `/etc/alcove/slot.toml`.
//!
//! Never: a value that is taken on trust; what is passed to the kernel is digits and lengths.

use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use thiserror::Error;

/// Block size of the root image's hash tree, data and hashes alike.
pub const BLOCK_BYTES: u64 = 4096;
const HASH_DIGITS: usize = 64;
/// dm-verity's longest salt is 256 bytes.
const MOST_SALT_DIGITS: usize = 512;

/// What can be wrong with the file.
#[derive(Debug, Error)]
pub enum SlotError {
    #[error("the slot's description could not be read: {0}")]
    Read(#[source] io::Error),
    #[error("the slot's description is not what it should be: {0}")]
    Parse(#[source] Box<toml::de::Error>),
    #[error("`{0}` of the slot's description has no meaning")]
    Value(&'static str),
}

/// The slot's description.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotFacts {
    pub version: String,
    pub board: String,
    /// SHA-256 over the top of the hash tree, in hexadecimal.
    pub root_hash: String,
    /// Length of the root image; its hash tree begins here.
    pub root_bytes: u64,
    /// In hexadecimal.
    pub salt: String,
}

impl SlotFacts {
    /// # Errors
    /// [`SlotError`].
    pub fn read(path: &Path) -> Result<Self, SlotError> {
        Self::parse(&fs::read_to_string(path).map_err(SlotError::Read)?)
    }

    fn parse(text: &str) -> Result<Self, SlotError> {
        let facts: Self =
            toml::from_str(text).map_err(|error| SlotError::Parse(Box::new(error)))?;
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if facts.root_hash.len() != HASH_DIGITS || !is_hex(&facts.root_hash) {
            return Err(SlotError::Value("root_hash"));
        }
        let has_whole_bytes = facts.salt.len().is_multiple_of(2);
        if facts.salt.len() > MOST_SALT_DIGITS || !has_whole_bytes || !is_hex(&facts.salt) {
            return Err(SlotError::Value("salt"));
        }
        if facts.root_bytes == 0 || !facts.root_bytes.is_multiple_of(BLOCK_BYTES) {
            return Err(SlotError::Value("root_bytes"));
        }
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(root_hash: &str, root_bytes: &str, salt: &str) -> String {
        format!(
            "version = \"1.2.0\"\nboard = \"rpi4\"\nroot_hash = \"{root_hash}\"\nroot_bytes = {root_bytes}\nsalt = \"{salt}\"\n"
        )
    }

    #[test]
    fn what_a_builder_writes_is_taken_and_nothing_stranger() {
        let hash = "0f".repeat(32);
        let facts = SlotFacts::parse(&text(&hash, "8192", "00ff")).unwrap();
        assert_eq!((facts.root_bytes, facts.version.as_str()), (8192, "1.2.0"));
        for (bad, word) in [
            (text("0f", "8192", ""), "root_hash"),
            (text(&"0 ".repeat(32), "8192", ""), "root_hash"),
            (text(&hash, "0", ""), "root_bytes"),
            (text(&hash, "4097", ""), "root_bytes"),
            (text(&hash, "-4096", ""), "root_bytes"),
            (text(&hash, "8192", "0"), "salt"),
            (text(&hash, "8192", "0 1 verity"), "salt"),
            (text(&hash, "8192", &"00".repeat(257)), "salt"),
            (text(&hash, "8192", "") + "extra = 1\n", "extra"),
            (String::new(), "version"),
        ] {
            let error = SlotFacts::parse(&bad).unwrap_err().to_string();
            assert!(error.contains(word), "{bad}: {error}");
        }
    }
}
