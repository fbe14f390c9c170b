//! Passwords: argon2id, off the async threads, two at a time.
//!
//! 19 MiB and two passes follow OWASP's password storage sheet; a board of four A53 cores needs
//! about 0.2 s for one and lends 38 MiB for the time of two.
//!
//! Never: telling by its time whether a name exists.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::AuthError;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const AT_ONCE: usize = 2;
/// Longer passwords cost the server work and nobody remembers them.
const MAX_BYTES: usize = 1024;

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub(super) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The PHC string of `password`.
    pub(super) async fn hash(&self, password: String) -> Result<String, AuthError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(AuthError::Random)?;
        self.turn(move || {
            hasher()
                .hash_password_with_salt(password.as_bytes(), &salt)
                .map(|hash| hash.to_string())
                .map_err(|error| AuthError::Hash(error.to_string()))
        })
        .await?
    }

    /// True when `password` is the one behind `hash`. Without a hash it takes as long and is false.
    pub(super) async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, AuthError> {
        self.turn(move || match hash {
            Some(hash) => matches(&password, &hash),
            None => matches(&password, &NOBODY).map(|_| false),
        })
        .await?
    }

    async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        // The permit moves into the work: a client that leaves does not make room for a third one.
        let turns = Arc::clone(&self.turns);
        let permit = turns
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        tokio::task::spawn_blocking(move || {
            let _turn = permit;
            work()
        })
        .await
        .map_err(|error| AuthError::Hash(error.to_string()))
    }
}

/// The hash that a name without an account is checked against.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    hasher()
        .hash_password_with_salt(b"nobody has this password", &[7; 16])
        .map(|hash| hash.to_string())
        .unwrap_or_default()
});

fn hasher() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, 1, None).expect("constants within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn matches(password: &str, hash: &str) -> Result<bool, AuthError> {
    let hash = PasswordHash::new(hash).map_err(|error| AuthError::Hash(error.to_string()))?;
    match hasher().verify_password(password.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(HashError::PasswordInvalid) => Ok(false),
        Err(error) => Err(AuthError::Hash(error.to_string())),
    }
}

/// Whether a new password may be used.
pub(super) fn check(password: &str) -> Result<(), AuthError> {
    let characters = password.chars().count();
    let fits = (8..=256).contains(&characters) && password.len() <= MAX_BYTES;
    if fits {
        Ok(())
    } else {
        Err(AuthError::BadPassword)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_checked_against_its_own_hash_only() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        for (password, hash, want) in [
            ("correct horse", Some(hash.clone()), true),
            ("correct Horse", Some(hash.clone()), false),
            ("", Some(hash), false),
            ("nobody has this password", None, false),
        ] {
            assert_eq!(
                passwords.verify(password.into(), hash).await.unwrap(),
                want,
                "{password}"
            );
        }
        assert!(
            passwords
                .verify("x".into(), Some("plain".into()))
                .await
                .is_err()
        );
    }

    #[test]
    fn the_length_of_a_password_is_counted_in_characters() {
        for (password, fits) in [
            ("1234567", false),
            ("12345678", true),
            ("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", false),
            (&"x".repeat(256), true),
            (&"x".repeat(257), false),
        ] {
            assert_eq!(check(password).is_ok(), fits, "{password}");
        }
    }
}
