//! Titles and times of people's own videos and photos, as cameras and phones name them.
//!
//! Never: a time that is no valid date.

use super::NamePath;
use super::words::clean;

const CAMERA_PREFIXES: &[&str] = &[
    "img", "vid", "mvi", "mov", "dsc", "dscf", "dscn", "dcim", "gopr", "gh", "gx", "dji", "pxl",
    "mah", "clip", "signal", "video", "p", "sam", "imgp", "wp", "c",
];

/// True when a camera gave the name (`IMG_1234`, `VID_20240315_101500`, `20240315_101500`).
pub(in crate::library) fn is_camera_name(path: &NamePath) -> bool {
    let lower = path.stem.to_ascii_lowercase();
    let letters = lower.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    let rest = &lower[letters.len()..];
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let signs_only = rest
        .bytes()
        .all(|b| b.is_ascii_digit() || b"_- .()~".contains(&b));
    let letters = letters.trim_end_matches(['_', '-', ' ']);
    let known =
        letters.is_empty() || CAMERA_PREFIXES.contains(&letters) || letters == "whatsapp video";
    let enough = if letters.is_empty() {
        digits >= 8 && time_in(&path.stem).is_some()
    } else {
        digits >= 3
    };
    (signs_only && known && enough)
        || lower.starts_with("whatsapp video")
        || lower.starts_with("screenrecord")
}

/// The title that people gave, or the camera's name.
pub(in crate::library) fn title(path: &NamePath) -> String {
    let cleaned = clean(&path.stem);
    if cleaned.is_empty() {
        path.stem.clone()
    } else {
        cleaned
    }
}

/// The local time that stands in a name, as milliseconds since 1970 as if it were UTC:
/// `20240315_101500`, `2024-03-15 10.15.00`, `2024-03-15`.
pub(in crate::library) fn time_in(stem: &str) -> Option<i64> {
    let digits: Vec<(usize, u8)> = stem
        .bytes()
        .enumerate()
        .filter(|(_, b)| b.is_ascii_digit())
        .collect();
    (0..digits.len().saturating_sub(7)).find_map(|from| {
        let at = digits[from].0;
        let before = at.checked_sub(1).map(|i| stem.as_bytes()[i]);
        if before.is_some_and(|b| b.is_ascii_digit()) {
            return None;
        }
        let take = |skip: usize, n: usize| -> Option<i64> {
            let run = digits.get(from + skip..from + skip + n)?;
            // Digits may be parted by one sign at most.
            let near = digits[from..from + skip + n]
                .windows(2)
                .all(|w| w[1].0 - w[0].0 <= 2);
            near.then(|| {
                run.iter()
                    .fold(0, |sum, (_, b)| sum * 10 + i64::from(b - b'0'))
            })
        };
        let (year, month, day) = (take(0, 4)?, take(4, 2)?, take(6, 2)?);
        if !(1970..=2100).contains(&year) {
            return None;
        }
        let clock = take(8, 2)
            .zip(take(10, 2))
            .map(|(h, m)| (h, m, take(12, 2).unwrap_or(0)));
        let (hour, minute, second) = clock
            .filter(|&(h, m, s)| h < 24 && m < 60 && s < 60)
            .unwrap_or((0, 0, 0));
        local_ms(year, month, day, hour * 3600 + minute * 60 + second)
    })
}

/// A civil time as milliseconds since 1970 as if it were UTC.
fn local_ms(year: i64, month: i64, day: i64, second_of_day: i64) -> Option<i64> {
    let date = jiff::civil::Date::new(
        year.try_into().ok()?,
        month.try_into().ok()?,
        day.try_into().ok()?,
    )
    .ok()?;
    let midnight = date
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()?
        .timestamp()
        .as_millisecond();
    Some(midnight + second_of_day * 1000)
}

/// EXIF and container times (`2024-03-15T10:15:00`, with or without zone) as [`time_in`] counts.
pub(in crate::library) fn parse_time(text: &str) -> Option<i64> {
    if let Ok(time) = text.parse::<jiff::civil::DateTime>() {
        return time
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|z| z.timestamp().as_millisecond());
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_millisecond());
    }
    time_in(text)
}
