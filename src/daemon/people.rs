//! `alcove user`: accounts from the command line, while the server is stopped.
//!
//! Never: a password on the command line, where every process can read it.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

use crate::auth::{Accounts, AuthError, KeyError};
use crate::base::clock::SystemClock;
use crate::db::{Db, DbError};

/// What to do with accounts.
#[derive(Debug, clap::Subcommand)]
pub enum UserCommand {
    /// Lists everyone.
    List,
    /// Makes an account; the first one is the owner's. The password is read from standard input.
    Add { name: String },
    /// Sets a new password, read from standard input, and ends the sessions of that person.
    Password { name: String },
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error("the server is running on {}; stop it first (systemctl stop alcove)", .0.display())]
    Running(std::path::PathBuf),
    #[error(transparent)]
    Db(DbError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error("standard input or output failed: {0}")]
    Io(#[from] std::io::Error),
}

impl From<DbError> for UserError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::InUse(path) => Self::Running(path),
            other => Self::Db(other),
        }
    }
}

/// Runs `command` on the accounts in `state_dir`.
///
/// # Errors
/// [`UserError`].
pub fn run(command: &UserCommand, state_dir: &Path) -> Result<(), UserError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let db = Db::open(state_dir)?;
        let accounts = Accounts::open(db.clone(), Arc::new(SystemClock), state_dir)?;
        let outcome = act(command, &accounts).await;
        db.close().await;
        outcome
    })
}

async fn act(command: &UserCommand, accounts: &Accounts) -> Result<(), UserError> {
    match command {
        UserCommand::List => {
            let mut out = std::io::stdout().lock();
            for (name, role) in accounts.list().await? {
                writeln!(out, "{name}\t{}", role.as_str())?;
            }
        }
        UserCommand::Add { name } => {
            let password = read_password()?;
            if accounts.setup_needed().await? {
                accounts.create_owner(name, password, None).await?;
            } else {
                accounts.create_member(name, password).await?;
            }
        }
        UserCommand::Password { name } => accounts.reset_password(name, read_password()?).await?,
    }
    Ok(())
}

/// One line of standard input; a terminal does not show it.
fn read_password() -> std::io::Result<String> {
    let input = std::io::stdin();
    let terminal = input.is_terminal();
    let shown = if terminal {
        tcgetattr(&input).ok()
    } else {
        None
    };
    if let Some(shown) = &shown {
        let mut hidden = shown.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(&input, SetArg::TCSAFLUSH, &hidden)?;
        write!(std::io::stderr(), "Password: ")?;
    }
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    if let Some(shown) = &shown {
        tcsetattr(&input, SetArg::TCSAFLUSH, shown)?;
        writeln!(std::io::stderr())?;
    }
    read?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}
