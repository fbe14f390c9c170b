//! Times as the API writes them.
//!
//! Never: a local time zone; the browser knows its own.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The years that RFC 3339 can write, with a day or two to spare at either end.
const FIRST_MS: i64 = -62_135_510_400_000;
const LAST_MS: i64 = 253_402_128_000_000;

fn timestamp(unix_ms: i64) -> Timestamp {
    let ms = unix_ms.clamp(FIRST_MS, LAST_MS);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// RFC 3339 in UTC. Times out of its range become its first or last day.
pub fn rfc3339(unix_ms: i64) -> String {
    timestamp(unix_ms).to_string()
}

/// `YYYY-MM-DDTHH:MM:SS` of a local time that was stored as if it were UTC.
pub fn local(unix_ms: i64) -> String {
    let time = timestamp(unix_ms).to_zoned(TimeZone::UTC);
    time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_time_can_be_written() {
        for (ms, utc, naive) in [
            (0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00"),
            (
                1_000_000_000_500,
                "2001-09-09T01:46:40.5Z",
                "2001-09-09T01:46:40",
            ),
            (i64::MIN, "0001-01-02T00:00:00Z", "0001-01-02T00:00:00"),
            (i64::MAX, "9999-12-30T00:00:00Z", "9999-12-30T00:00:00"),
        ] {
            assert_eq!(
                (rfc3339(ms).as_str(), local(ms).as_str()),
                (utc, naive),
                "{ms}"
            );
        }
    }
}
