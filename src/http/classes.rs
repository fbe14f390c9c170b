//! What asks for a playback, as a metric class: here the name of a browser ends.
//!
//! Never: telling two players of a class apart; deciding by a player's name.

use crate::telemetry::class::Client;

/// Words of televisions and of boxes beside them.
const TV: &[&str] = &[
    "TV",
    "Tizen",
    "Web0S",
    "webOS",
    "CrKey",
    "BRAVIA",
    "Roku",
    "AFT",
    "NetCast",
    "Viera",
    "PlayStation",
    "Xbox",
    "Nintendo",
];
/// A browser inside an app on Android (developer.chrome.com, "User-Agent in WebView").
const IN_APP: &[&str] = &["; wv)"];
/// Words of phones and tablets.
const PHONE: &[&str] = &["Mobi", "Android", "iPhone", "iPad"];

/// Of the `User-Agent` that a player sends. Browsers begin it with `Mozilla/`, and apps do not.
pub fn client(user_agent: Option<&str>) -> Client {
    let text = user_agent.unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if !text.starts_with("Mozilla/") || has(TV) || has(IN_APP) {
        Client::TvOrApp
    } else if has(PHONE) {
        Client::PhoneBrowser
    } else {
        Client::DesktopBrowser
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_fall_into_three_classes() {
        let check =
            |user_agent, expected| assert_eq!(client(user_agent), expected, "{user_agent:?}");
        check(
            Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            Client::DesktopBrowser,
        );
        check(
            Some(
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1",
            ),
            Client::PhoneBrowser,
        );
        check(
            Some("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36"),
            Client::PhoneBrowser,
        );
        check(
            Some("Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) Version/8.0 TV Safari/537.36"),
            Client::TvOrApp,
        );
        check(
            Some("Mozilla/5.0 (Linux; Android 9; AFTMM) Chrome/120.0 Mobile Safari/537.36"),
            Client::TvOrApp,
        );
        check(
            Some("Mozilla/5.0 (PlayStation; PlayStation 5/10.00) AppleWebKit/605.1.15"),
            Client::TvOrApp,
        );
        check(
            Some("Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) Chrome/142.0 Mobile Safari/537.36"),
            Client::TvOrApp,
        );
        check(Some("VLC/3.0.21 LibVLC/3.0.21"), Client::TvOrApp);
        check(None, Client::TvOrApp);
    }
}
