//! Every place outside the home network that Alcove can ever ask or tell something: one table.
//!
//! Never: an address; those are the owner's configuration, and none is built in.

use crate::consent::Kind;

/// A place outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Takes reports about playbacks and the box.
    Collector,
    /// Has the feed of release news.
    News,
    /// Takes reports about crashes; it has the address of the collector.
    Crashes,
}

impl Destination {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Collector, Self::News, Self::Crashes];

    /// The switch without which it is never contacted.
    pub fn switch(self) -> Kind {
        match self {
            Self::Collector => Kind::PlaybackStatistics,
            Self::News => Kind::ReleaseNews,
            Self::Crashes => Kind::CrashReports,
        }
    }
}
