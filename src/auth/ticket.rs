//! Playback tickets: addresses that carry who may play what until when, signed.
//!
//! `base64url(postcard(claims)).base64url(HMAC-SHA256)`. Nothing is stored, so a film goes on after
//! a restart; the session in the claims must still live, so logging out ends every ticket of it.
//!
//! Never: a secret in the claims; they can be read by whoever has the address.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Longer texts are no tickets.
pub const MAX_TICKET_BYTES: usize = 2000;
/// Written into what is signed, so that a changed layout cannot be mistaken.
const LAYOUT: u8 = 1;

/// What a ticket says. `P` is the plan of the playback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims<P> {
    pub session_id: i64,
    pub user_id: i64,
    pub item_id: i64,
    pub file_id: i64,
    /// Of the file's content: a ticket is for these bytes, not for what may replace them.
    pub fingerprint: u64,
    /// Milliseconds since 1970-01-01 UTC.
    pub expires_at_ms: i64,
    pub plan: P,
}

/// Why a ticket is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    #[error("this is no ticket of this server")]
    Forged,
    #[error("this ticket has expired")]
    Expired,
    #[error("the session of this ticket has ended")]
    Ended,
}

/// Signs and checks tickets.
#[derive(Clone)]
pub struct Signer {
    mac: Hmac<Sha256>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            mac: Hmac::new_from_slice(key).expect("HMAC takes a key of any length"),
        }
    }

    /// The text of a ticket; safe in an address. `None` when the plan is too large for one.
    pub fn seal<P: Serialize>(&self, claims: &Claims<P>) -> Option<String> {
        let body = postcard::to_extend(claims, vec![LAYOUT]).ok()?;
        let mut mac = self.mac.clone();
        mac.update(&body);
        let mut text = URL_SAFE_NO_PAD.encode(&body);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(mac.finalize().into_bytes(), &mut text);
        (text.len() <= MAX_TICKET_BYTES).then_some(text)
    }

    /// What the ticket `text` says, when this server signed it and it has not expired.
    ///
    /// # Errors
    /// [`TicketError::Forged`] or [`TicketError::Expired`].
    pub fn open<P: DeserializeOwned>(
        &self,
        text: &str,
        now_ms: i64,
    ) -> Result<Claims<P>, TicketError> {
        if text.len() > MAX_TICKET_BYTES {
            return Err(TicketError::Forged);
        }
        let (body, tag) = text.split_once('.').ok_or(TicketError::Forged)?;
        let decode = |part| {
            URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|_| TicketError::Forged)
        };
        let (body, tag) = (decode(body)?, decode(tag)?);
        let mut mac = self.mac.clone();
        mac.update(&body);
        mac.verify_slice(&tag).map_err(|_| TicketError::Forged)?;
        let [LAYOUT, body @ ..] = body.as_slice() else {
            return Err(TicketError::Forged);
        };
        let claims: Claims<P> = postcard::from_bytes(body).map_err(|_| TicketError::Forged)?;
        if claims.expires_at_ms <= now_ms {
            return Err(TicketError::Expired);
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claims(plan: Vec<u32>) -> Claims<Vec<u32>> {
        Claims {
            session_id: 3,
            user_id: 1,
            item_id: 77,
            file_id: 5,
            fingerprint: u64::MAX,
            expires_at_ms: 1000,
            plan,
        }
    }

    #[test]
    fn a_ticket_says_what_was_put_in_until_it_expires() {
        let signer = Signer::new(&[7; 32]);
        let text = signer.seal(&claims(vec![1, 2])).unwrap();
        assert_eq!(signer.open(&text, 999), Ok(claims(vec![1, 2])));
        assert_eq!(
            signer.open::<Vec<u32>>(&text, 1000),
            Err(TicketError::Expired)
        );
        let other = Signer::new(&[8; 32]);
        assert_eq!(other.open::<Vec<u32>>(&text, 0), Err(TicketError::Forged));
        assert_eq!(signer.seal(&claims(vec![u32::MAX; 1000])), None);
    }

    proptest! {
        #[test]
        fn a_changed_ticket_is_refused(at in any::<prop::sample::Index>(), to in "[ -~]") {
            let signer = Signer::new(&[7; 32]);
            let text = signer.seal(&claims(vec![9])).unwrap();
            let at = at.index(text.len());
            let changed = format!("{}{to}{}", &text[..at], &text[at + 1..]);
            prop_assume!(changed != text);
            prop_assert_eq!(signer.open::<Vec<u32>>(&changed, 0), Err(TicketError::Forged));
        }

        #[test]
        fn nonsense_is_refused(text in "\\PC*") {
            let signer = Signer::new(&[7; 32]);
            prop_assert_eq!(signer.open::<Vec<u32>>(&text, 0), Err(TicketError::Forged));
        }
    }
}
