//! Accounts: making them, logging in and out, who a token belongs to.
//!
//! Never: a password or a token in a log line.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use unicode_normalization::UnicodeNormalization;

use super::gate::{Gate, Refused};
use super::password::{self, Passwords};
use super::session::{Role, Session, Table};
use super::ticket::{Claims, Signer, TicketError};
use super::{AuthError, KeyError, key, token};
use crate::base::clock::SharedClock;
use crate::db::Db;
use crate::db::accounts::{self as rows, NewUser, SessionKey, UserRow};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A session that is not used for this long ends.
const SESSION_MS: i64 = 30 * DAY_MS;

/// The accounts of this server; a cheap handle.
#[derive(Clone, Debug)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    db: Db,
    clock: SharedClock,
    signer: Signer,
    passwords: Passwords,
    gate: Gate,
    sessions: Table,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").finish_non_exhaustive()
    }
}

/// A login that went well.
#[derive(Debug)]
pub struct Login {
    /// Known to the client alone from now on.
    pub token: String,
    pub session: Arc<Session>,
}

impl Accounts {
    /// The accounts in `db`; the key of tickets is read from `state_dir` or made there. Blocks.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open(db: Db, clock: SharedClock, state_dir: &Path) -> Result<Self, KeyError> {
        let signer = Signer::new(&key::load(state_dir)?);
        Ok(Self(Arc::new(Inner {
            db,
            clock,
            signer,
            passwords: Passwords::new(),
            gate: Gate::default(),
            sessions: Table::default(),
        })))
    }

    /// True while nobody has an account.
    ///
    /// # Errors
    /// [`AuthError::Db`].
    pub async fn setup_needed(&self) -> Result<bool, AuthError> {
        Ok(self.0.db.read(rows::is_empty).await?)
    }

    /// Makes the first account.
    ///
    /// # Errors
    /// [`AuthError::AlreadySetUp`], or as [`Accounts::create_member`].
    pub async fn create_owner(
        &self,
        name: &str,
        password: String,
        language: Option<&str>,
    ) -> Result<(), AuthError> {
        let mut new = self.new_user(name, &password, Role::Owner)?;
        new.language = language.map(str::to_owned);
        if !self.setup_needed().await? {
            return Err(AuthError::AlreadySetUp);
        }
        new.password_hash = self.0.passwords.hash(password).await?;
        let made = self
            .0
            .db
            .write(move |conn| rows::insert_first_user(conn, &new))
            .await?;
        made.map(|_| ()).ok_or(AuthError::AlreadySetUp)
    }

    /// Makes another account, one that may watch.
    ///
    /// # Errors
    /// [`AuthError::BadName`], [`AuthError::BadPassword`], [`AuthError::NameTaken`] and others.
    pub async fn create_member(&self, name: &str, password: String) -> Result<(), AuthError> {
        let mut new = self.new_user(name, &password, Role::Member)?;
        new.password_hash = self.0.passwords.hash(password).await?;
        let made = self
            .0
            .db
            .write(move |conn| rows::insert_user(conn, &new))
            .await?;
        made.map(|_| ()).ok_or(AuthError::NameTaken)
    }

    fn new_user(&self, name: &str, password: &str, role: Role) -> Result<NewUser, AuthError> {
        check_name(name)?;
        password::check(password)?;
        Ok(NewUser {
            name: name.to_owned(),
            name_key: name_key(name),
            password_hash: String::new(),
            role: role.as_str().to_owned(),
            language: None,
            created_at_ms: self.0.clock.unix_ms(),
        })
    }

    /// Names and roles of everyone.
    ///
    /// # Errors
    /// [`AuthError::Db`].
    pub async fn list(&self) -> Result<Vec<(String, Role)>, AuthError> {
        let users = self.0.db.read(rows::users).await?;
        Ok(users
            .into_iter()
            .map(|user| (user.name, Role::parse(&user.role)))
            .collect())
    }

    /// Checks a password and begins a session.
    ///
    /// # Errors
    /// [`AuthError::WrongPassword`] (also for a name that does not exist),
    /// [`AuthError::TooManyAttempts`].
    pub async fn login(
        &self,
        name: &str,
        password: String,
        from: IpAddr,
    ) -> Result<Login, AuthError> {
        let user = self.verify(name, password, from).await?;
        let token = token::generate()?;
        let hash = token::hash(&token).expect("a token that was just made has a hash");
        let now_ms = self.0.clock.unix_ms();
        let key = SessionKey::Token(hash.clone());
        let ended = self.0.sessions.not_deleted();
        let gone = ended.clone();
        let row = self
            .0
            .db
            .write(move |conn| {
                rows::delete_sessions(conn, &gone)?;
                let id = rows::insert_session(conn, user.id, &hash, now_ms, now_ms + SESSION_MS)?;
                rows::session(conn, &SessionKey::Id(id))
            })
            .await?;
        self.0.sessions.deleted(&ended);
        let session = row.and_then(|row| self.0.sessions.remember(key, row));
        session
            .map(|session| Login { token, session })
            .ok_or(AuthError::WrongPassword)
    }

    async fn verify(
        &self,
        name: &str,
        password: String,
        from: IpAddr,
    ) -> Result<UserRow, AuthError> {
        let key = name_key(name);
        let gate = &self.0.gate;
        gate.enter(&key, from, self.0.clock.steady_ms())
            .map_err(|Refused { retry_after_s }| AuthError::TooManyAttempts { retry_after_s })?;
        let wanted = key.clone();
        let user = self
            .0
            .db
            .read(move |conn| rows::user_by_key(conn, &wanted))
            .await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let right = self.0.passwords.verify(password, hash).await?;
        let user = user.filter(|_| right).ok_or(AuthError::WrongPassword)?;
        gate.succeeded(&key, from);
        Ok(user)
    }

    /// The session that `token` opens; `None` when there is none or it has ended. Using a session
    /// lets it live longer.
    ///
    /// # Errors
    /// [`AuthError::Db`].
    pub async fn session(&self, token: &str) -> Result<Option<Arc<Session>>, AuthError> {
        let Some(hash) = token::hash(token) else {
            return Ok(None);
        };
        let session = self.find(SessionKey::Token(hash)).await?;
        if let Some(session) = &session {
            self.prolong(session).await;
        }
        Ok(session)
    }

    async fn find(&self, key: SessionKey) -> Result<Option<Arc<Session>>, AuthError> {
        let now_ms = self.0.clock.unix_ms();
        let known = match self.0.sessions.find(&key) {
            Some(session) => Some(session),
            None => {
                let wanted = key.clone();
                let row = self
                    .0
                    .db
                    .read(move |conn| rows::session(conn, &wanted))
                    .await?;
                row.and_then(|row| self.0.sessions.remember(key, row))
            }
        };
        Ok(known.filter(|session| session.lives(now_ms)))
    }

    /// Once a day is enough: the flash is not written for every request.
    async fn prolong(&self, session: &Session) {
        let until_ms = self.0.clock.unix_ms() + SESSION_MS;
        if until_ms - session.expires_at_ms() < DAY_MS {
            return;
        }
        session.extend(until_ms);
        let id = session.id;
        let written = self
            .0
            .db
            .write(move |conn| rows::extend_session(conn, id, until_ms))
            .await;
        if let Err(error) = written {
            log::warn!("a session was not prolonged on disk: {error}");
        }
    }

    /// Ends a session and every ticket of it.
    ///
    /// # Errors
    /// [`AuthError::EndNotStored`]; the session has ended in this run all the same, and the next
    /// login or logout tries again to delete it.
    pub async fn logout(&self, session: &Session) -> Result<(), AuthError> {
        self.0.sessions.end(session.id);
        let ended = self.0.sessions.not_deleted();
        let gone = ended.clone();
        self.0
            .db
            .write(move |conn| rows::delete_sessions(conn, &gone))
            .await
            .map_err(AuthError::EndNotStored)?;
        self.0.sessions.deleted(&ended);
        Ok(())
    }

    /// Changes the password of the person of `session` and ends every other session of theirs;
    /// tells the numbers of those.
    ///
    /// # Errors
    /// [`AuthError::WrongPassword`], [`AuthError::BadPassword`], [`AuthError::TooManyAttempts`].
    pub async fn change_password(
        &self,
        session: &Session,
        old: String,
        new: String,
        from: IpAddr,
    ) -> Result<Vec<i64>, AuthError> {
        password::check(&new)?;
        let user = self.verify(&session.username, old, from).await?;
        self.store_password(user.id, new, Some(session.id)).await
    }

    /// Makes sure that whoever asks knows the password of the person of `session`.
    ///
    /// # Errors
    /// [`AuthError::WrongPassword`], [`AuthError::TooManyAttempts`].
    pub async fn confirm(
        &self,
        session: &Session,
        password: String,
        from: IpAddr,
    ) -> Result<(), AuthError> {
        let verified = self.verify(&session.username, password, from).await;
        verified.map(|_| ())
    }

    /// Sets the password of `name` without knowing the old one; for the person at the machine.
    ///
    /// # Errors
    /// [`AuthError::NoSuchUser`], [`AuthError::BadPassword`].
    pub async fn reset_password(&self, name: &str, new: String) -> Result<(), AuthError> {
        password::check(&new)?;
        let key = name_key(name);
        let user = self
            .0
            .db
            .read(move |conn| rows::user_by_key(conn, &key))
            .await?;
        let user = user.ok_or(AuthError::NoSuchUser)?;
        self.store_password(user.id, new, None).await.map(|_| ())
    }

    async fn store_password(
        &self,
        user_id: i64,
        new: String,
        keep: Option<i64>,
    ) -> Result<Vec<i64>, AuthError> {
        let hash = self.0.passwords.hash(new).await?;
        let ended = self
            .0
            .db
            .write(move |conn| rows::set_password(conn, user_id, &hash, keep))
            .await?;
        ended.iter().for_each(|id| self.0.sessions.end(*id));
        self.0.sessions.deleted(&ended);
        Ok(ended)
    }

    /// The language a person chose for the web interface.
    ///
    /// # Errors
    /// [`AuthError::Db`].
    pub async fn language(&self, session: &Session) -> Result<Option<String>, AuthError> {
        let key = name_key(&session.username);
        let user = self
            .0
            .db
            .read(move |conn| rows::user_by_key(conn, &key))
            .await?;
        Ok(user.and_then(|user| user.language))
    }

    /// Remembers the language a person chose.
    ///
    /// # Errors
    /// [`AuthError::Db`].
    pub async fn set_language(
        &self,
        session: &Session,
        language: &'static str,
    ) -> Result<(), AuthError> {
        let id = session.user_id;
        Ok(self
            .0
            .db
            .write(move |conn| rows::set_language(conn, id, language))
            .await?)
    }

    /// Signs a ticket; `None` when its plan is too large.
    pub fn seal<P: Serialize>(&self, claims: &Claims<P>) -> Option<String> {
        self.0.signer.seal(claims)
    }

    /// What a ticket says and whose it is, when it is signed, in time, and its session lives.
    ///
    /// # Errors
    /// The outer one is [`AuthError::Db`], the inner one why the ticket is not accepted.
    #[allow(clippy::type_complexity)]
    pub async fn ticket<P: DeserializeOwned>(
        &self,
        text: &str,
    ) -> Result<Result<(Claims<P>, Arc<Session>), TicketError>, AuthError> {
        let claims: Claims<P> = match self.0.signer.open(text, self.0.clock.unix_ms()) {
            Ok(claims) => claims,
            Err(error) => return Ok(Err(error)),
        };
        let session = self.find(SessionKey::Id(claims.session_id)).await?;
        Ok(session
            .filter(|session| session.user_id == claims.user_id)
            .map(|session| (claims, session))
            .ok_or(TicketError::Ended))
    }
}

/// Names that look alike are the same name: compatibility forms and case do not count.
fn name_key(name: &str) -> String {
    name.nfkc()
        .collect::<String>()
        .to_lowercase()
        .nfkc()
        .collect()
}

fn check_name(name: &str) -> Result<(), AuthError> {
    let length = name.chars().count();
    let plain = name.trim() == name && !name.chars().any(char::is_control);
    if plain && (1..=64).contains(&length) {
        Ok(())
    } else {
        Err(AuthError::BadName)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::ManualClock;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    struct House {
        dir: tempfile::TempDir,
        clock: Arc<ManualClock>,
        accounts: Accounts,
    }

    async fn house() -> House {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at_unix_ms(1_000_000));
        let db = Db::open(dir.path()).unwrap();
        let accounts = Accounts::open(db, clock.clone(), dir.path()).unwrap();
        accounts
            .create_owner("Ann", "correct horse".into(), Some("nl"))
            .await
            .unwrap();
        House {
            dir,
            clock,
            accounts,
        }
    }

    fn claims(session: &Session) -> Claims<u8> {
        Claims {
            session_id: session.id,
            user_id: session.user_id,
            item_id: 1,
            file_id: 1,
            fingerprint: 1,
            expires_at_ms: i64::MAX,
            plan: 0,
        }
    }

    #[tokio::test]
    async fn there_is_one_owner_and_names_are_told_apart_without_case() {
        let House { accounts, .. } = house().await;
        let second = accounts
            .create_owner("Bob", "correct horse".into(), None)
            .await;
        assert!(matches!(second, Err(AuthError::AlreadySetUp)));
        let same = accounts
            .create_member("\u{ff21}NN", "correct horse".into())
            .await;
        assert!(matches!(same, Err(AuthError::NameTaken)));
        for name in ["", " Ann", "A\nnn", &"x".repeat(65)] {
            let bad = accounts.create_member(name, "correct horse".into()).await;
            assert!(matches!(bad, Err(AuthError::BadName)), "{name}");
        }
        let login = accounts
            .login("aNN", "correct horse".into(), HOME)
            .await
            .unwrap();
        assert_eq!(
            (&*login.session.username, login.session.role),
            ("Ann", Role::Owner)
        );
    }

    #[tokio::test]
    async fn logging_out_ends_the_token_the_tickets_and_whoever_listens() {
        let House { accounts, .. } = house().await;
        let login = accounts
            .login("Ann", "correct horse".into(), HOME)
            .await
            .unwrap();
        let held = accounts.session(&login.token).await.unwrap().unwrap();
        let ticket = accounts.seal(&claims(&held)).unwrap();
        assert!(accounts.ticket::<u8>(&ticket).await.unwrap().is_ok());
        accounts.logout(&login.session).await.unwrap();
        assert!(held.ended().is_cancelled());
        assert!(accounts.session(&login.token).await.unwrap().is_none());
        let refused = accounts.ticket::<u8>(&ticket).await.unwrap();
        assert_eq!(refused.unwrap_err(), TicketError::Ended);
    }

    #[tokio::test]
    async fn a_session_whose_end_cannot_be_stored_has_ended_all_the_same() {
        let House { accounts, .. } = house().await;
        let login = async || accounts.login("Ann", "correct horse".into(), HOME).await;
        let here = login().await.unwrap();
        let ticket = accounts.seal(&claims(&here.session)).unwrap();
        let sql = async |text: &'static str| {
            let change = move |conn: &mut crate::db::Connection| Ok(conn.execute_batch(text)?);
            accounts.0.db.write(change).await.unwrap();
        };
        sql("CREATE TRIGGER full BEFORE DELETE ON sessions BEGIN SELECT RAISE(ABORT, 'no room'); END")
            .await;
        let left = accounts.logout(&here.session).await;
        assert!(matches!(left, Err(AuthError::EndNotStored(_))), "{left:?}");
        assert!(accounts.session(&here.token).await.unwrap().is_none());
        let refused = accounts.ticket::<u8>(&ticket).await.unwrap();
        assert_eq!(refused.unwrap_err(), TicketError::Ended);
        sql("DROP TRIGGER full").await;
        login().await.unwrap();
        let id = here.session.id;
        let stored = accounts
            .0
            .db
            .read(move |conn| rows::session(conn, &SessionKey::Id(id)));
        assert!(stored.await.unwrap().is_none(), "the next login tidies up");
    }

    #[tokio::test]
    async fn a_session_that_was_read_before_its_end_is_not_remembered_after_it() {
        let House { accounts, .. } = house().await;
        let login = accounts.login("Ann", "correct horse".into(), HOME).await;
        let session = login.unwrap().session;
        let key = SessionKey::Id(session.id);
        let wanted = key.clone();
        let row = accounts.0.db.read(move |conn| rows::session(conn, &wanted));
        let row = row.await.unwrap().unwrap();
        accounts.logout(&session).await.unwrap();
        assert!(accounts.0.sessions.remember(key, row).is_none());
    }

    #[tokio::test]
    async fn sessions_and_tickets_outlive_a_restart() {
        let House {
            dir,
            clock,
            accounts,
        } = house().await;
        let login = accounts
            .login("Ann", "correct horse".into(), HOME)
            .await
            .unwrap();
        let ticket = accounts.seal(&claims(&login.session)).unwrap();
        accounts.0.db.close().await;
        drop((accounts, login.session));
        let db = Db::open(dir.path()).unwrap();
        let again = Accounts::open(db, clock, dir.path()).unwrap();
        assert!(again.session(&login.token).await.unwrap().is_some());
        assert!(again.ticket::<u8>(&ticket).await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_session_lives_while_it_is_used() {
        let House {
            clock, accounts, ..
        } = house().await;
        let login = accounts
            .login("Ann", "correct horse".into(), HOME)
            .await
            .unwrap();
        for _ in 0..3 {
            clock.advance_ms(SESSION_MS - DAY_MS);
            assert!(accounts.session(&login.token).await.unwrap().is_some());
        }
        clock.advance_ms(SESSION_MS);
        assert!(accounts.session(&login.token).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_new_password_ends_the_other_sessions_only() {
        let House { accounts, .. } = house().await;
        let password = || "correct horse".to_owned();
        let here = accounts.login("Ann", password(), HOME).await.unwrap();
        let there = accounts.login("Ann", password(), HOME).await.unwrap();
        let wrong = accounts
            .change_password(&here.session, "x".into(), password(), HOME)
            .await;
        assert!(matches!(wrong, Err(AuthError::WrongPassword)));
        accounts
            .change_password(&here.session, password(), "battery staple".into(), HOME)
            .await
            .unwrap();
        assert!(accounts.session(&here.token).await.unwrap().is_some());
        assert!(accounts.session(&there.token).await.unwrap().is_none());
        assert!(
            accounts
                .login("Ann", "battery staple".into(), HOME)
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn guessing_ends_after_a_few_attempts() {
        let House {
            clock, accounts, ..
        } = house().await;
        for _ in 0..10 {
            let wrong = accounts.login("Ann", "guess".into(), HOME).await;
            assert!(matches!(wrong, Err(AuthError::WrongPassword)));
        }
        let right = accounts.login("Ann", "correct horse".into(), HOME).await;
        assert!(matches!(
            right,
            Err(AuthError::TooManyAttempts { retry_after_s: 20 })
        ));
        let elsewhere = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 7));
        for (from, wait_ms) in [(elsewhere, 0), (HOME, 20_000)] {
            clock.advance_ms(wait_ms);
            let right = accounts.login("Ann", "correct horse".into(), from).await;
            assert!(right.is_ok(), "{from}: {right:?}");
        }
    }
}
