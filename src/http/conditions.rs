//! Conditional requests and ranges (RFC 9110, sections 13 and 14), as one pure decision.
//!
//! Never: reading a file.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use http::header::{
    IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};
use http::{HeaderMap, HeaderName, Method};

/// What identifies the bytes that would be sent.
#[derive(Clone, Debug)]
pub struct Validators {
    /// A strong entity tag without its quotes.
    pub etag: String,
    /// Whole seconds; `None` when it has no time of change.
    pub modified: Option<SystemTime>,
    pub length_bytes: u64,
}

/// What to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 200 with everything.
    Whole,
    /// 206 with these bytes.
    Part(Range<u64>),
    /// 304.
    NotModified,
    /// 412.
    Failed,
    /// 416.
    Unsatisfiable,
}

/// Decides in the order of RFC 9110, section 13.2.2.
pub fn evaluate(
    method: &Method,
    headers: &HeaderMap,
    validators: &Validators,
    now: SystemTime,
) -> Outcome {
    if !may_proceed(headers, validators) {
        return Outcome::Failed;
    }
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if is_unchanged(headers, validators, reads) {
        return if reads {
            Outcome::NotModified
        } else {
            Outcome::Failed
        };
    }
    if *method == Method::GET
        && let Some(range) = text(headers, &RANGE)
        && range_applies(headers, validators, now)
    {
        return part(range, validators.length_bytes);
    }
    Outcome::Whole
}

fn may_proceed(headers: &HeaderMap, validators: &Validators) -> bool {
    if headers.contains_key(IF_MATCH) {
        return lists(headers, &IF_MATCH, &validators.etag, Comparison::Strong);
    }
    match (date(headers, &IF_UNMODIFIED_SINCE), validators.modified) {
        (Some(since), Some(modified)) => modified <= since,
        _ => true,
    }
}

fn is_unchanged(headers: &HeaderMap, validators: &Validators, reads: bool) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        return lists(headers, &IF_NONE_MATCH, &validators.etag, Comparison::Weak);
    }
    match (date(headers, &IF_MODIFIED_SINCE), validators.modified) {
        (Some(since), Some(modified)) => reads && modified <= since,
        _ => false,
    }
}

fn range_applies(headers: &HeaderMap, validators: &Validators, now: SystemTime) -> bool {
    if !headers.contains_key(IF_RANGE) {
        return true;
    }
    let Some(value) = text(headers, &IF_RANGE) else {
        return false;
    };
    if let Some(tag) = tag(value, Comparison::Strong) {
        return tag == validators.etag;
    }
    // A time of change is a strong validator only once its second is over (section 8.8.2.2).
    validators.modified.is_some_and(|modified| {
        let settled = now
            .duration_since(modified)
            .is_ok_and(|age| age >= Duration::from_secs(1));
        settled && httpdate::parse_http_date(value).is_ok_and(|since| since == modified)
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Comparison {
    Strong,
    Weak,
}

/// True when the list in `name` has `*` or `etag`.
fn lists(headers: &HeaderMap, name: &HeaderName, etag: &str, comparison: Comparison) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|one| one == "*" || tag(one, comparison) == Some(etag))
}

fn tag(text: &str, comparison: Comparison) -> Option<&str> {
    let text = match comparison {
        Comparison::Weak => text.strip_prefix("W/").unwrap_or(text),
        Comparison::Strong => text,
    };
    text.strip_prefix('"')?.strip_suffix('"')
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    // Two of them cannot be told apart; the header then counts as not sent.
    values.next().is_none().then(|| value.trim())
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(text(headers, name)?).ok()
}

/// One range is answered; several are answered with the whole, which section 14.2 allows.
fn part(range: &str, length: u64) -> Outcome {
    let Some((unit, ranges)) = range.split_once('=') else {
        return Outcome::Whole;
    };
    if !unit.eq_ignore_ascii_case("bytes") || ranges.contains(',') {
        return Outcome::Whole;
    }
    let Some((first, last)) = ranges.trim().split_once('-') else {
        return Outcome::Whole;
    };
    match (position(first), position(last)) {
        (Position::Absent, Position::At(suffix)) => match suffix.min(length) {
            0 => Outcome::Unsatisfiable,
            count => Outcome::Part(length - count..length),
        },
        (Position::At(first), Position::At(last)) if first > last => Outcome::Whole,
        (Position::At(first), Position::Absent | Position::At(_)) if first >= length => {
            Outcome::Unsatisfiable
        }
        (Position::At(first), Position::At(last)) => {
            Outcome::Part(first..last.saturating_add(1).min(length))
        }
        (Position::At(first), Position::Absent) => Outcome::Part(first..length),
        _ => Outcome::Whole,
    }
}

enum Position {
    Absent,
    At(u64),
    Malformed,
}

fn position(text: &str) -> Position {
    if text.is_empty() {
        Position::Absent
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are past every end.
        Position::At(text.parse().unwrap_or(u64::MAX))
    } else {
        Position::Malformed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MODIFIED: &str = "Sat, 21 Nov 2026 10:00:00 GMT";
    const EARLIER: &str = "Sat, 21 Nov 2026 09:59:59 GMT";
    const LATER: &str = "Sat, 21 Nov 2026 10:00:01 GMT";

    fn check(method: Method, headers: &[(&str, &str)], length_bytes: u64) -> Outcome {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        let modified = httpdate::parse_http_date(MODIFIED).unwrap();
        let validators = Validators {
            etag: "a-1".into(),
            modified: Some(modified),
            length_bytes,
        };
        evaluate(
            &method,
            &map,
            &validators,
            modified + Duration::from_secs(60),
        )
    }

    #[test]
    fn ranges_follow_the_rfc() {
        for (range, length, want) in [
            ("bytes=0-0", 10, Outcome::Part(0..1)),
            ("bytes=0-", 10, Outcome::Part(0..10)),
            ("bytes=9-", 10, Outcome::Part(9..10)),
            ("bytes=10-", 10, Outcome::Unsatisfiable),
            ("bytes=10-12", 10, Outcome::Unsatisfiable),
            ("bytes=3-99", 10, Outcome::Part(3..10)),
            ("bytes=3-18446744073709551615", 10, Outcome::Part(3..10)),
            ("bytes=99999999999999999999-", 10, Outcome::Unsatisfiable),
            ("bytes=-3", 10, Outcome::Part(7..10)),
            ("bytes=-30", 10, Outcome::Part(0..10)),
            ("bytes=-0", 10, Outcome::Unsatisfiable),
            ("bytes=-", 10, Outcome::Whole),
            ("bytes=", 10, Outcome::Whole),
            ("bytes=5", 10, Outcome::Whole),
            ("bytes=5-3", 10, Outcome::Whole),
            ("bytes=+5-", 10, Outcome::Whole),
            ("bytes=a-b", 10, Outcome::Whole),
            ("bytes=0-1,4-5", 10, Outcome::Whole),
            ("BYTES=0-1", 10, Outcome::Part(0..2)),
            ("lines=0-1", 10, Outcome::Whole),
            ("0-1", 10, Outcome::Whole),
            ("bytes=0-", 0, Outcome::Unsatisfiable),
            ("bytes=-5", 0, Outcome::Unsatisfiable),
        ] {
            assert_eq!(
                check(Method::GET, &[("range", range)], length),
                want,
                "{range} of {length}"
            );
        }
        assert_eq!(
            check(Method::HEAD, &[("range", "bytes=0-1")], 10),
            Outcome::Whole
        );
        let twice = [("range", "bytes=0-1"), ("range", "bytes=2-3")];
        assert_eq!(check(Method::GET, &twice, 10), Outcome::Whole);
    }

    #[test]
    fn conditions_follow_the_rfc() {
        use Outcome::{Failed, NotModified, Part, Whole};
        let range = ("range", "bytes=0-1");
        let cases: &[(&[(&str, &str)], Outcome)] = &[
            (&[("if-none-match", "\"a-1\"")], NotModified),
            (&[("if-none-match", "W/\"a-1\"")], NotModified),
            (&[("if-none-match", "\"x\", \"a-1\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"x\"")], Whole),
            (
                &[("if-none-match", "\"x\""), ("if-modified-since", LATER)],
                Whole,
            ),
            (&[("if-modified-since", MODIFIED)], NotModified),
            (&[("if-modified-since", LATER)], NotModified),
            (&[("if-modified-since", EARLIER)], Whole),
            (&[("if-modified-since", "yesterday")], Whole),
            (&[("if-match", "\"a-1\"")], Whole),
            (&[("if-match", "*")], Whole),
            (&[("if-match", "W/\"a-1\"")], Failed),
            (&[("if-match", "\"x\"")], Failed),
            (
                &[("if-match", "\"a-1\""), ("if-unmodified-since", EARLIER)],
                Whole,
            ),
            (&[("if-unmodified-since", EARLIER)], Failed),
            (&[("if-unmodified-since", MODIFIED)], Whole),
            (&[("if-range", "\"a-1\""), range], Part(0..2)),
            (&[("if-range", "W/\"a-1\""), range], Whole),
            (&[("if-range", "\"x\""), range], Whole),
            (&[("if-range", MODIFIED), range], Part(0..2)),
            (&[("if-range", LATER), range], Whole),
            (&[("if-range", "\"a-1"), range], Whole),
            (&[("if-none-match", "\"a-1\""), range], NotModified),
            (&[("if-match", "\"x\""), range], Failed),
        ];
        for (headers, want) in cases {
            assert_eq!(check(Method::GET, headers, 10), *want, "{headers:?}");
        }
        assert_eq!(check(Method::POST, &[("if-none-match", "*")], 10), Failed);
    }

    #[test]
    fn a_date_of_this_second_does_not_join_old_and_new_bytes() {
        let modified = httpdate::parse_http_date(MODIFIED).unwrap();
        let validators = Validators {
            etag: "a".into(),
            modified: Some(modified),
            length_bytes: 10,
        };
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, "bytes=0-1".parse().unwrap());
        headers.insert(IF_RANGE, MODIFIED.parse().unwrap());
        assert_eq!(
            evaluate(&Method::GET, &headers, &validators, modified),
            Outcome::Whole
        );
    }

    proptest! {
        #[test]
        fn a_part_is_never_empty_and_never_past_the_end(range in "bytes=[0-9,-]{0,12}", length in 0u64..20) {
            if let Outcome::Part(part) = check(Method::GET, &[("range", &range)], length) {
                prop_assert!(part.start < part.end && part.end <= length);
            }
        }
    }
}
