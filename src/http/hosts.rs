//! The names under which this server answers.
//!
//! A page of another site can give its own name our address (DNS rebinding) and then counts as the
//! same origin to the browser. Names that only the home network gives out cannot be such a site's:
//! addresses, `localhost`, `*.local` (RFC 6762) and names without a dot. Others are listed by the owner.
//!
//! Never: looking a name up.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, StatusCode, Uri};

use super::problem::Problem;

/// Lets a request through when it asks for a name of this server. `listed` are further names, in
/// lower case.
pub async fn admit(State(listed): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    if is_ours(request.uri(), request.headers(), &listed) {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "unknown_host",
        "Alcove does not answer under this name. Use the server's address, or add the name to http.hosts in its configuration.",
    )
    .into_response()
}

/// A request without any name comes from no browser.
fn is_ours(uri: &Uri, headers: &HeaderMap, listed: &[String]) -> bool {
    let in_headers = headers.get_all(HOST).iter().map(|value| {
        let text = value.to_str().ok()?;
        text.parse::<Authority>().ok()
    });
    let in_line = uri.authority().map(|authority| Some(authority.clone()));
    in_headers
        .chain(in_line)
        .all(|authority| authority.is_some_and(|authority| is_known(authority.host(), listed)))
}

fn is_known(host: &str, listed: &[String]) -> bool {
    let host = host.to_ascii_lowercase();
    if let Some(inside) = host.strip_prefix('[') {
        let address = inside.strip_suffix(']').unwrap_or_default();
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let name = host.strip_suffix('.').unwrap_or(&host);
    let at_home = !name.contains('.') || name.ends_with(".local");
    !name.is_empty()
        && (at_home || name.parse::<Ipv4Addr>().is_ok() || listed.iter().any(|one| one == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, hosts: &[&str], want: bool) {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, host.parse().unwrap());
        }
        let listed = ["media.example.org".to_owned()];
        let got = is_ours(&line.parse().unwrap(), &headers, &listed);
        assert_eq!(got, want, "{line} {hosts:?}");
    }

    #[test]
    fn only_names_that_no_other_site_can_have_are_ours() {
        for (host, want) in [
            ("127.0.0.1:8480", true),
            ("192.168.1.9", true),
            ("[::1]:8480", true),
            ("[fe80::1]", true),
            ("localhost:8480", true),
            ("Alcove.LOCAL:8480", true),
            ("alcove.local.", true),
            ("nas", true),
            ("media.example.org", true),
            ("MEDIA.example.org:443", true),
            ("evil.example", false),
            ("evil.example:8480", false),
            ("media.example.org.evil.example", false),
            ("alcove.local.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("1.2.3", false),
            ("[evil.example]", false),
            ("", false),
            (".", false),
            ("a b", false),
        ] {
            check("/api/v1/me", &[host], want);
        }
        check("/", &[], true);
        check("/", &["nas", "evil.example"], false);
        check("http://evil.example/", &["nas"], false);
        check("http://nas/", &["nas"], true);
    }
}
