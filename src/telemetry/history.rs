//! What changed between versions of the registry.
//!
//! Never: a version that no Alcove was released with.

use std::collections::BTreeMap;

use serde::Serialize;

/// The texts of earlier versions, the oldest first. A change of the registry leaves the one before it in `history/`.
const EARLIER: &[&str] = &[];
const CURRENT: &str = include_str!("metrics.toml");

/// What changed from one version to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub from: u32,
    pub to: u32,
    /// Names of metrics and tables that are new.
    pub added: Vec<String>,
    /// Names of metrics and tables that are gone.
    pub removed: Vec<String>,
    pub changed: Vec<ChangedMetric>,
}

/// A part of a metric that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedMetric {
    pub name: String,
    /// Which part, such as `classes` or `question`.
    pub what: String,
}

/// One version, as its file says it.
#[derive(Clone, Debug)]
pub struct Version {
    version: u32,
    /// Metrics and tables: no two of them have the same name.
    parts: BTreeMap<String, toml::Table>,
}

/// Every version that this program knows, the oldest first; the last one is its own.
pub fn versions() -> Vec<Version> {
    let texts = EARLIER.iter().chain([&CURRENT]);
    texts.map(|text| parse(text)).collect()
}

/// What each version changed.
pub fn changes() -> Vec<Change> {
    let versions = versions();
    let pairs = versions.windows(2);
    pairs.map(|pair| pair[0].to(&pair[1])).collect()
}

impl Version {
    /// The number of the version.
    pub fn number(&self) -> u32 {
        self.version
    }

    /// What changed from this one to `newer`.
    pub fn to(&self, newer: &Self) -> Change {
        let missing_in = |one: &Self, other: &Self| {
            let names = one
                .parts
                .keys()
                .filter(|name| !other.parts.contains_key(*name));
            names.cloned().collect()
        };
        let both = self.parts.iter().filter_map(|(name, old)| {
            let new = newer.parts.get(name)?;
            Some((name, old, new))
        });
        Change {
            from: self.version,
            to: newer.version,
            added: missing_in(newer, self),
            removed: missing_in(self, newer),
            changed: both
                .flat_map(|(name, old, new)| differences(name, old, new))
                .collect(),
        }
    }
}

fn differences(name: &str, old: &toml::Table, new: &toml::Table) -> Vec<ChangedMetric> {
    let mut parts: Vec<&String> = old.keys().chain(new.keys()).collect();
    parts.sort_unstable();
    parts.dedup();
    let changed = parts
        .into_iter()
        .filter(|part| old.get(*part) != new.get(*part));
    changed
        .map(|part| ChangedMetric {
            name: name.to_owned(),
            what: part.clone(),
        })
        .collect()
}

fn parse(text: &str) -> Version {
    #[derive(serde::Deserialize)]
    struct File {
        version: u32,
        metric: Vec<toml::Table>,
        #[serde(default)]
        table: Vec<toml::Table>,
    }
    let file: File = toml::from_str(text).expect("checked when it was released");
    let parts = file.metric.into_iter().chain(file.table).map(|part| {
        let name = part.get("name").and_then(toml::Value::as_str);
        (name.expect("every part has a name").to_owned(), part)
    });
    Version {
        version: file.version,
        parts: parts.collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::telemetry::registry::REGISTRY;
    use sha2::{Digest, Sha256};

    #[test]
    fn versions_go_up_to_the_one_that_was_built() {
        let versions = versions();
        let numbers: Vec<u32> = versions.iter().map(Version::number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        assert_eq!(numbers.last(), Some(&REGISTRY.version));
        let last = versions.last().unwrap();
        let names: Vec<&str> = last.parts.keys().map(String::as_str).collect();
        let metrics = REGISTRY.metrics.iter().map(|text| text.name);
        let built: BTreeSet<&str> = metrics
            .chain(REGISTRY.tables.iter().map(|text| text.name))
            .collect();
        assert_eq!(built.into_iter().collect::<Vec<_>>(), names);
        assert_eq!(changes().len(), versions.len() - 1);
    }

    /// SHA-256 of the text of every version, the oldest first. An owner's yes is to one of these texts, so that
    /// once Alcove was released with a version its line stays as it is: another text needs another version, a
    /// line of its own, and the one before it in [`EARLIER`].
    const PINNED: &[(u32, &str)] = &[(
        1,
        "3b1fca1ab23752f45cc9992a01343d92af70f7140505fa22c968e46276b64f58",
    )];

    #[test]
    fn the_text_of_a_version_stays_what_was_agreed_to() {
        let texts: Vec<&str> = EARLIER.iter().copied().chain([CURRENT]).collect();
        let pinned = texts.iter().map(|text| {
            let hash = Sha256::digest(text.as_bytes());
            let digits = hash.iter().map(|byte| format!("{byte:02x}"));
            (parse(text).number(), digits.collect::<String>())
        });
        let pinned: Vec<(u32, String)> = pinned.collect();
        let expected = PINNED
            .iter()
            .map(|(number, hash)| (*number, (*hash).to_owned()));
        assert_eq!(
            pinned,
            expected.collect::<Vec<_>>(),
            "metrics.toml changed: give it the next version, and keep the text before it in `EARLIER`"
        );
        assert_eq!(REGISTRY.sha256, pinned.last().unwrap().1);
    }

    #[test]
    fn a_version_tells_what_it_adds_removes_and_changes() {
        let old = parse(
            "version = 1\n[[metric]]\nname = \"a\"\nquestion = \"x\"\n[[metric]]\nname = \"b\"\n",
        );
        let new = parse(
            "version = 2\n[[metric]]\nname = \"a\"\nquestion = \"y\"\nunit = \"s\"\n[[metric]]\nname = \"c\"\n",
        );
        let changed = |what: &str| ChangedMetric {
            name: "a".to_owned(),
            what: what.to_owned(),
        };
        let expected = Change {
            from: 1,
            to: 2,
            added: vec!["c".to_owned()],
            removed: vec!["b".to_owned()],
            changed: vec![changed("question"), changed("unit")],
        };
        assert_eq!(old.to(&new), expected);
        let same = old.to(&old);
        assert!(same.added.is_empty() && same.removed.is_empty() && same.changed.is_empty());
    }
}
