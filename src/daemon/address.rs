//! The address that people type to reach this server.
//!
//! Never: a change of where the server listens.

use std::net::{IpAddr, SocketAddr};

/// `bound` as another machine reaches it: a server that listens everywhere is named by the first
/// address of the home network, for `0.0.0.0` leads nowhere.
pub fn reachable(bound: SocketAddr) -> SocketAddr {
    if !bound.ip().is_unspecified() {
        return bound;
    }
    let found = nix::ifaddrs::getifaddrs().ok().and_then(|interfaces| {
        let addresses = interfaces.filter_map(|one| one.address).filter_map(|one| {
            let v4 = one.as_sockaddr_in().map(|one| IpAddr::V4(one.ip()));
            v4.or_else(|| one.as_sockaddr_in6().map(|one| IpAddr::V6(one.ip())))
        });
        best(bound.is_ipv6(), addresses)
    });
    let own = if bound.is_ipv6() {
        IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)
    } else {
        IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)
    };
    SocketAddr::new(found.unwrap_or(own), bound.port())
}

/// IPv4 first: people type it. Addresses of one link alone need a name that only this machine knows.
fn best(with_v6: bool, addresses: impl Iterator<Item = IpAddr>) -> Option<IpAddr> {
    let usable = |one: &IpAddr| match one {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local(),
        IpAddr::V6(v6) => with_v6 && !v6.is_loopback() && !v6.is_unicast_link_local(),
    };
    addresses.filter(usable).min_by_key(IpAddr::is_ipv6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_leads_somewhere_is_shown() {
        for (with_v6, addresses, want) in [
            (
                false,
                &["127.0.0.1", "169.254.1.1", "192.168.1.9"][..],
                Some("192.168.1.9"),
            ),
            (
                false,
                &["2001:db8::1", "10.0.0.2", "192.168.1.9"],
                Some("10.0.0.2"),
            ),
            (false, &["2001:db8::1"], None),
            (true, &["fe80::1", "2001:db8::1"], Some("2001:db8::1")),
            (true, &["2001:db8::1", "10.0.0.2"], Some("10.0.0.2")),
            (true, &["::1", "127.0.0.1"], None),
        ] {
            let all = addresses.iter().map(|one| one.parse().unwrap());
            let want = want.map(|one: &str| one.parse().unwrap());
            assert_eq!(best(with_v6, all), want, "{with_v6} {addresses:?}");
        }
        let bound: SocketAddr = "127.0.0.1:8480".parse().unwrap();
        assert_eq!(reachable(bound), bound);
        let everywhere = reachable("0.0.0.0:8480".parse().unwrap());
        assert!(!everywhere.ip().is_unspecified() && everywhere.port() == 8480);
    }
}
