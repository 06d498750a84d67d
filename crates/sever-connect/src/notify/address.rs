//! Which addresses a receiver may have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Resolves names, and hands on only addresses that may be connected to.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) private: bool,
}

impl Resolver for Checked {
    fn resolve(&self, uri: &Uri, _config: &Config, _timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let found = checked(host, port, self.private).map_err(|what| ureq::Error::Other(what.into()))?;
        let mut addresses = self.empty();
        for address in found.into_iter().take(16) {
            addresses.push(address);
        }
        Ok(addresses)
    }
}

/// The addresses of a host that may be connected to.
pub(super) fn checked(host: &str, port: u16, private: bool) -> Result<Vec<SocketAddr>, String> {
    let found = (host, port).to_socket_addrs().map_err(|error| format!("cannot resolve `{host}`: {error}"))?;
    let (mut allowed, mut refused) = (Vec::new(), 0_usize);
    for address in found {
        if private || !is_private(address.ip()) {
            allowed.push(address);
        } else {
            refused += 1;
        }
    }
    match (allowed.is_empty(), refused) {
        (false, _) => Ok(allowed),
        (true, 0) => Err(format!("`{host}` has no address")),
        (true, _) => Err(format!("`{host}` has only private addresses, which `private = true` would allow")),
    }
}

/// Whether an address leads into a network of one's own, to this machine, or to many.
///
/// Source: the IANA special-purpose address registries (RFC 6890 and its updates).
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // What only stands for an IPv4 address leads where that does.
    if let Some(inner) = address.to_ipv4() {
        return is_private_v4(inner);
    }
    let translated = a == 0x64 && b == 0xff9b;
    let tunnelled = a == 0x2002 || (a == 0x2001 && b == 0);
    let documentation = a == 0x2001 && b == 0xdb8;
    address.is_multicast()
        || (a & 0xfe00) == 0xfc00
        || (a & 0xffc0) == 0xfe80
        || translated
        || tunnelled
        || documentation
}
