//! Brings memory to what the database holds at the start, and the database to what memory holds from then on.
//!
//! Never: bringing back what was given up.

use super::Inner;
use super::now::Now;
use crate::db::telemetry as rows;
use crate::db::{Db, DbError};
use crate::telemetry::held::Held;

/// Something that is to be done, and is asked for again while it is being done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wish {
    asked: Asked,
    done: Asked,
}

/// How often something was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asked(u64);

impl Wish {
    pub(super) fn ask(&mut self) {
        self.asked.0 += 1;
    }

    /// What to hand to [`Wish::done`] afterwards; `None` when there is nothing to do.
    pub(super) fn open(self) -> Option<Asked> {
        (self.done < self.asked).then_some(self.asked)
    }

    pub(super) fn done(&mut self, asked: Asked) {
        self.done = self.done.max(asked);
    }

    pub(super) fn give_up(&mut self) {
        self.done = self.asked;
    }
}

impl Now {
    /// What is held at the start. Tables that are not what this program knows are a newer Alcove's.
    ///
    /// # Errors
    /// [`DbError`] of the query.
    pub(super) async fn load(db: &Db) -> Result<Self, DbError> {
        match db.read(rows::load).await {
            Err(error) if error.is_of_another_schema() => {
                let mut now = Self::default();
                now.find_newer();
                Ok(now)
            }
            stored => Ok(Self::found(stored?.as_ref())),
        }
    }
}

impl Inner {
    /// Brings the database to what memory holds. What fails stays wished for. Blocks.
    pub(super) fn settle(&self) -> Result<(), DbError> {
        let (clear, save, scrub, held) = {
            let now = self.current();
            let held = now.held.as_ref().filter(|_| !now.newer);
            let save = now.save.open().filter(|_| held.is_some());
            let held = held.filter(|_| save.is_some()).map(Held::store);
            (now.clear.open(), save, now.scrub.open(), held)
        };
        if let Some(asked) = clear {
            self.db.write_blocking(rows::clear)?;
            self.now().clear.done(asked);
        }
        if let (Some(asked), Some(held)) = (save, held) {
            match self.db.write_blocking(move |conn| rows::save(conn, &held)) {
                Err(error) if error.is_of_another_schema() || error.is_constraint() => {
                    log::warn!("nothing is counted beside what a newer Alcove keeps: {error}");
                    self.now().find_newer();
                }
                saved => saved?,
            }
            self.now().save.done(asked);
        }
        if let Some(asked) = scrub {
            self.db.write_blocking(|conn| rows::scrub(conn))?;
            self.now().scrub.done(asked);
        }
        Ok(())
    }
}
