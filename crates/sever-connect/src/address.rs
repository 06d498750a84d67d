//! The address of ours that a system sees: by which the judge knows our own tries in its log.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket};

/// From which address this machine speaks to where a URL leads. Nothing where that cannot be told: a URL
/// without a host, a name that does not resolve, no route. Nothing is sent. Who stands behind an address
/// translation sees another.
pub fn address_toward(url: &str) -> Option<IpAddr> {
    let there = place(url)?.to_socket_addrs().ok()?.next()?;
    let here: SocketAddr = if there.is_ipv4() { "0.0.0.0:0".parse().ok()? } else { "[::]:0".parse().ok()? };
    let socket = UdpSocket::bind(here).ok()?;
    socket.connect(there).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// Host and port of `scheme://user@host:port/path`; any port where none is named: only the route counts.
fn place(url: &str) -> Option<(String, u16)> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#', ',']).next().unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':').unwrap_or_default()),
        None => place.split_once(':').unwrap_or((place, "")),
    };
    (!host.is_empty()).then(|| (host.to_owned(), port.parse().unwrap_or(9)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_from_any_url() {
        let is = |url: &str| place(url).map(|(host, port)| format!("{host} {port}"));
        assert_eq!(is("postgres://ann@db.shop.example:5433/orders").as_deref(), Some("db.shop.example 5433"));
        assert_eq!(is("ldaps://ldap.shop.example").as_deref(), Some("ldap.shop.example 9"));
        assert_eq!(is("https://[2001:db8::7]:8443/scim?x=1").as_deref(), Some("2001:db8::7 8443"));
        for none in ["", "own", "file:///etc/passwd", "ldap://"] {
            assert_eq!(is(none), None, "{none}");
        }
    }

    #[test]
    fn one_speaks_to_oneself_from_oneself() {
        assert_eq!(address_toward("ldap://127.0.0.1:389"), Some(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(address_toward("nothing"), None);
    }
}
