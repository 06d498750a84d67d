//! What a proxy passes on: the token, and the request that it was shown with.
//!
//! Two tokens in one request, in two headers, cookies or places, are none: the application may believe the
//! other one.

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use sever_decode::TokenFault;

/// Longest text of a request that is kept: what is longer is cut off.
const TEXT_BYTES_MAX: usize = 2_000;

/// Where a token may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a header; of `Authorization`, behind `Bearer`.
    Header(HeaderName),
    /// In a cookie.
    Cookie(String),
}

impl Place {
    /// The place that a setting names: `header:NAME` or `cookie:NAME`.
    pub fn named(text: &str) -> Option<Place> {
        match text.split_once(':')? {
            ("header", name) => HeaderName::from_bytes(name.as_bytes()).ok().map(Place::Header),
            ("cookie", name) => Some(Place::Cookie(name.to_owned())),
            _ => None,
        }
    }
}

/// One request, as the proxy tells of it.
#[derive(Debug, Default)]
pub struct Shown<'a> {
    /// The token; empty where there is none.
    pub token: &'a str,
    /// Why it cannot be told which token it is.
    pub fault: Option<TokenFault>,
    /// The request's method.
    pub method: &'a str,
    /// What was asked for, without its query.
    pub resource: &'a str,
    /// Where the request came from.
    pub source_ip: &'a str,
    /// The client software, as it calls itself.
    pub user_agent: &'a str,
    /// Whose data is asked for, where the proxy says.
    pub subject: &'a str,
}

impl<'a> Shown<'a> {
    /// Reads a request's head.
    pub fn of(head: &'a Parts, places: &[Place], subject: Option<&HeaderName>) -> Shown<'a> {
        let headers = &head.headers;
        let (token, fault) = token(headers, places);
        let asked = head.uri.path();
        // Envoy puts the path that was asked for behind the one that it asks here.
        let behind = asked.strip_prefix("/auth").unwrap_or(asked);
        let said = first_of(headers, &["x-original-uri", "x-forwarded-uri"]);
        let resource = if said.is_empty() { behind } else { said };
        let method = first_of(headers, &["x-original-method", "x-forwarded-method"]);
        let real = first_of(headers, &["x-real-ip"]);
        // The last one was added by the nearest proxy; those before, by whoever liked.
        let forwarded = first_of(headers, &["x-forwarded-for"]).rsplit(',').next().unwrap_or_default().trim();
        Shown {
            token,
            fault,
            method: if method.is_empty() { head.method.as_str() } else { cut(method) },
            resource: cut(resource.split(['?', '#']).next().unwrap_or_default()),
            source_ip: cut(if real.is_empty() { forwarded } else { real }),
            user_agent: cut(first_of(headers, &["user-agent"])),
            subject: cut(subject.map_or("", |name| headers.get(name).map_or("", text))),
        }
    }
}

/// The token that stands in one of the places.
fn token<'a>(headers: &'a HeaderMap, places: &[Place]) -> (&'a str, Option<TokenFault>) {
    let mut found = "";
    let mut fault = None;
    let mut take = |token: &'a str| {
        if !found.is_empty() && found != token && !token.is_empty() {
            fault = Some(TokenFault::Doubled);
        }
        if !token.is_empty() {
            found = token;
        }
    };
    for place in places {
        match place {
            Place::Header(name) => {
                let mut values = headers.get_all(name).iter();
                if let Some(value) = values.next() {
                    take(if *name == AUTHORIZATION { bearer(value) } else { text(value) });
                }
                values.for_each(|value| take(if *name == AUTHORIZATION { bearer(value) } else { text(value) }));
            }
            Place::Cookie(name) => {
                for value in headers.get_all(COOKIE) {
                    let pairs = text(value).split(';').filter_map(|pair| pair.trim().split_once('='));
                    pairs.filter(|(key, _)| key == name).for_each(|(_, value)| take(value.trim_matches('"')));
                }
            }
        }
    }
    (found, fault)
}

/// What stands behind `Bearer`; nothing of any other scheme.
fn bearer(value: &HeaderValue) -> &str {
    let text = text(value).trim();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => "",
    }
}

fn text(value: &HeaderValue) -> &str {
    // Bytes that are no text name nobody and nothing.
    value.to_str().unwrap_or("\u{fffd}")
}

fn first_of<'a>(headers: &'a HeaderMap, names: &[&str]) -> &'a str {
    names.iter().find_map(|name| headers.get(*name)).map_or("", text)
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
