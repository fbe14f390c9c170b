//! Random tokens of 256 bits, their text and their hash.
//!
//! Never: storing one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::AuthError;

/// Bytes of a token.
const TOKEN_BYTES: usize = 32;

/// A new token as the client keeps it.
///
/// # Errors
/// [`AuthError::Random`].
pub(super) fn generate() -> Result<String, AuthError> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(AuthError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is stored of a token: finding it by its hash tells nothing about the token by timing.
/// `None` for a text that no token has.
pub(super) fn hash(token: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    (bytes.len() == TOKEN_BYTES).then(|| Sha256::digest(bytes).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_token_has_a_hash() {
        let token = generate().unwrap();
        assert_eq!(hash(&token).map(|h| h.len()), Some(32));
        assert_ne!(hash(&token), hash(&generate().unwrap()));
        for text in ["", "x", "\u{e9}", &token[1..], &format!("{token}A")] {
            assert_eq!(hash(text), None, "{text}");
        }
    }
}
