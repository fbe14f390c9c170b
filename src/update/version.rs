//! Which of two versions is older: `MAJOR.MINOR.PATCH`, and a suffix that comes before none.
//!
//! Never: refusing a version; one that cannot be read is older than all that can.

use std::cmp::Ordering;

/// Compares two versions as their makers meant it: numbers by value, `1.2.0-rc1` before `1.2.0`.
/// What follows a `+` tells builds apart and counts for nothing.
pub fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (split(one), split(other));
    one.0.cmp(&other.0).then_with(|| match (one.1, other.1) {
        ("", "") => Ordering::Equal,
        ("", _) => Ordering::Greater,
        (_, "") => Ordering::Less,
        (one, other) => numbered(one).cmp(&numbered(other)),
    })
}

/// The numbers, which are none when one of them cannot be read, and the suffix.
fn split(version: &str) -> (Vec<u64>, &str) {
    let version = version.split('+').next().unwrap_or_default();
    let (numbers, suffix) = version.split_once('-').unwrap_or((version, ""));
    let numbers: Result<Vec<u64>, _> = numbers.split('.').map(str::parse).collect();
    let mut numbers = numbers.unwrap_or_default();
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    (numbers, suffix)
}

/// The parts of a suffix, digits by their value: `rc10` after `rc9`.
fn numbered(suffix: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = suffix;
    while !rest.is_empty() {
        let word = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(word);
        let digits = after
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(after.len());
        let (digits, after) = after.split_at(digits);
        parts.push((word.to_owned(), digits.parse().unwrap_or(0)));
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_is_older_than_the_next() {
        let ordered = [
            "no version",
            "0.1.0-dev1",
            "0.1.0",
            "0.1.1-rc9",
            "0.1.1-rc10",
            "0.1.1",
            "0.2.0",
            "0.10.0",
            "1",
            "1.0.1",
        ];
        for (i, one) in ordered.iter().enumerate() {
            for (j, other) in ordered.iter().enumerate() {
                assert_eq!(compare(one, other), i.cmp(&j), "{one} {other}");
            }
        }
        assert_eq!(compare("1.0", "1.0.0+built-here"), Ordering::Equal);
    }
}
