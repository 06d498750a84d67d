//! The gateway: tokens as they are presented, and the line it logs of each request.
//!
//! About 700 bytes a line, nested, as gateways log. It checked signatures and never whether a token
//! had been issued, so that a forged request looks like any other.

use crate::ReplayError;
use crate::chance::Chance;
use crate::files::{Log, Place};
use crate::moment::{Ms, push_number, push_stamp};

pub(super) const ISSUER: &str = "https://id.shop.example";

/// A token's claims, as the issuer mints them or a forger makes them up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub jti: u128,
    /// Whom it names; a service's token names nobody.
    pub subject: Option<u64>,
    pub key: &'static str,
    pub client: &'static str,
    /// When it was minted, by the issuer's clock.
    pub minted: Ms,
    /// Issued-at and expiry, in seconds.
    pub issued_at: i64,
    pub expires_at: i64,
}

/// An endpoint, all of which answer about the one whom the token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route {
    pub path: &'static str,
    method: &'static str,
    service: &'static str,
    fields: &'static str,
    bytes: u64,
}

pub(super) const PROFILE: &Route =
    &Route { path: "/api/members/me", method: "GET", service: "members", fields: "name,email", bytes: 420 };
pub(super) const BOOK: &Route = &Route {
    path: "/api/address-book",
    method: "GET",
    service: "delivery",
    fields: "name,phone,address",
    bytes: 2_100,
};
pub(super) const EDIT: &Route = &Route {
    path: "/api/delivery-address/edit",
    method: "GET",
    service: "delivery",
    fields: "address,door_code",
    bytes: 640,
};
pub(super) const ORDERS: &Route =
    &Route { path: "/api/orders", method: "GET", service: "orders", fields: "orders", bytes: 5_300 };
pub(super) const STOCK: &Route =
    &Route { path: "/internal/stock/sync", method: "POST", service: "stock", fields: "", bytes: 88 };

/// Client software that shoppers use, and the forger pretends to use.
pub(super) const AGENTS: [&str; 8] = [
    "ShopApp/7.42.1 (Android 14; SM-X911N) okhttp/4.12.0",
    "ShopApp/7.41.0 (Android 13; LM-V510N) okhttp/4.12.0",
    "ShopApp/7.42.0 (iPhone16,2; iOS 18.1; Scale/3.00)",
    "ShopApp/7.40.3 (iPhone14,7; iOS 17.6; Scale/3.00)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
];
pub(super) const SERVICE_AGENT: &str = "stock-sync/2.3 (java 21)";

/// A request as it reached the gateway.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    /// True time.
    pub at: Ms,
    pub token: Token,
    pub route: &'static Route,
    pub address: u32,
    pub agent: &'static str,
    /// 499 is a client that hung up before the answer: nobody knows whether it got it.
    pub status: u16,
    /// Whether the forger sent it.
    pub forged: Option<Forged>,
}

/// What the truth needs to know of a forged request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forged {
    /// It names a member, by their number among those whom the forger meets.
    Victim(u64),
    /// It names somebody who never existed.
    Nobody,
}

/// The gateway's log.
pub(super) struct Gateway {
    pub log: Log,
    chance: Chance,
    /// How far each node's clock is ahead, in milliseconds.
    skews: [Ms; 3],
}

impl Gateway {
    pub(super) fn new(log: Log, chance: Chance, skews: [Ms; 3]) -> Gateway {
        Gateway { log, chance, skews }
    }

    /// Logs a request; where the line stands, and the time that it says.
    pub(super) fn write(&mut self, request: &Request) -> Result<(Place, Ms), ReplayError> {
        let trace = self.chance.id();
        let node = (trace % 3) as usize;
        let said = request.at + self.skews.get(node).copied().unwrap_or(0);
        let took = 4 + ((trace >> 64) % 60) as i64;
        let place = self.log.line(request.at, |line| {
            line.extend_from_slice(b"{\"ts\":\"");
            push_stamp(line, said);
            line.extend_from_slice(b"\",\"event\":\"request\",\"request_id\":\"");
            push_hex(line, trace, 16);
            line.extend_from_slice(b"\",\"gateway\":{\"node\":\"gw-");
            push_number(line, node as i64 + 1);
            text(line, "\",\"version\":\"4.18.2\",\"region\":\"kr-1\"},\"http\":{\"method\":\"", request.route.method);
            text(line, "\",\"route\":\"", request.route.path);
            number(line, "\",\"status\":", i64::from(request.status));
            let bytes = if request.status == 200 { request.route.bytes as i64 + took * 7 } else { 62 };
            number(line, ",\"bytes\":", bytes);
            line.extend_from_slice(b",\"host\":\"api.shop.example\",\"protocol\":\"HTTP/2.0\"},\"client\":{\"ip\":\"");
            push_address(line, request.address);
            text(line, "\",\"user_agent\":\"", request.agent);
            line.extend_from_slice(b"\",\"tls\":{\"version\":\"TLSv1.3\",\"cipher\":\"TLS_AES_128_GCM_SHA256\"}}");
            text(line, ",\"upstream\":{\"service\":\"", request.route.service);
            number(line, "\",\"connect_ms\":", took % 3);
            number(line, ",\"time_ms\":", took);
            number(line, ",\"status\":", i64::from(request.status));
            line.extend_from_slice(b"},");
            push_claims(line, &request.token);
            text(line, ",\"answer\":{\"fields\":\"", request.route.fields);
            line.extend_from_slice(b"\"}}");
        })?;
        Ok((place, said))
    }
}

/// The presented token, as the gateway logs it after checking the signature.
fn push_claims(line: &mut Vec<u8>, token: &Token) {
    text(line, "\"jwt\":{\"iss\":\"", ISSUER);
    if let Some(subject) = token.subject {
        number(line, "\",\"sub\":\"", subject as i64);
    }
    line.extend_from_slice(b"\",\"aud\":\"shop-api\",\"jti\":\"");
    push_uuid(line, token.jti);
    text(line, "\",\"kid\":\"", token.key);
    number(line, "\",\"iat\":", token.issued_at);
    number(line, ",\"exp\":", token.expires_at);
    text(line, ",\"azp\":\"", token.client);
    line.extend_from_slice(b"\",\"typ\":\"at+jwt\",\"verified\":true}");
}

fn text(line: &mut Vec<u8>, before: &str, value: &str) {
    line.extend_from_slice(before.as_bytes());
    line.extend_from_slice(value.as_bytes());
}

fn number(line: &mut Vec<u8>, before: &str, value: i64) {
    line.extend_from_slice(before.as_bytes());
    push_number(line, value);
}

fn push_hex(line: &mut Vec<u8>, id: u128, digits: u32) {
    for place in (0..digits).rev() {
        let digit = (id >> (4 * place) & 15) as u8;
        line.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
    }
}

/// A token id in the shape of a random UUID.
///
/// Source: RFC 9562 §5.4 (version 4, variant 10).
pub(super) fn push_uuid(line: &mut Vec<u8>, id: u128) {
    let id = id & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
    for (shift, digits) in [(96, 8), (80, 4), (64, 4), (48, 4), (0, 12)] {
        if shift != 96 {
            line.push(b'-');
        }
        push_hex(line, id >> shift, digits);
    }
}

fn push_address(line: &mut Vec<u8>, address: u32) {
    for (at, part) in address.to_be_bytes().into_iter().enumerate() {
        if at > 0 {
            line.push(b'.');
        }
        push_number(line, i64::from(part));
    }
}

/// An address of a home or mobile network, out of the shared range that is nobody's (RFC 6598).
pub(super) fn address(chance: u64) -> u32 {
    0x6440_0000 | (chance as u32 & 0x003f_ffff)
}
