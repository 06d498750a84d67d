//! The lines that are scanned: an issuer's and a gateway's, about 700 bytes each.
//!
//! A quarter are issuances, each used three times in the hour that follows. Three uses in a million
//! are of tokens that nobody issued, so that the detectors do have something to say.

use std::fmt::Write as _;
use std::io::{self, Write};

/// The logs' first second, 2026-04-01T00:00:00Z, in seconds since 1970.
const BEGIN: u64 = 1_775_001_600;

/// Tokens that an issuer gives out in a second.
const TOKENS_PER_SEC: u64 = 100;

/// Customers.
pub(crate) const SUBJECTS: u64 = 200_000;

/// The signing keys in turn.
const KEYS: u64 = 4;

/// What stands in a real line and nobody asks for.
const PADDING: &str = r#""request_id":"7f9c2ba4-e88f-827d-6160-455afc3a1d2e","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","upstream":"10.12.4.17:8443","upstream_ms":18.442,"request_ms":21.007,"bytes_in":412,"bytes_out":1873,"tls":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384","referer":"https://www.shop.example/account","#;

/// Writes `count` lines, the issuer's to one file and the gateway's to the other, each in order.
pub(crate) fn write(count: u64, issuer: &mut dyn Write, gateway: &mut dyn Write) -> io::Result<()> {
    let tokens = (count / 4).max(1);
    let mut line = String::with_capacity(1_024);
    for token in 0..tokens {
        line.clear();
        issuance(&mut line, token);
        issuer.write_all(line.as_bytes())?;
    }
    for turn in 0..tokens * 3 {
        line.clear();
        // Three tokens a hundredth of a second apart take turns, so that the time goes on evenly.
        let token = if turn % 333_333 == 333_332 { u64::MAX - turn } else { turn / 3 };
        used(&mut line, token, turn);
        gateway.write_all(line.as_bytes())?;
    }
    Ok(())
}

fn issuance(line: &mut String, token: u64) {
    let at = BEGIN * 1_000 + token * 1_000 / TOKENS_PER_SEC;
    line.push_str("{\"ts\":\"");
    moment(line, at);
    line.push_str("\",\"event\":\"issued\",");
    claims(line, token, at / 1_000);
    finish(
        line,
        format_args!("\"node\":\"id-1\",\"seq\":{},\"path\":\"/oauth/token\",\"status\":200", token + 1),
        token,
    );
}

fn used(line: &mut String, token: u64, turn: u64) {
    let at = BEGIN * 1_000 + turn / 3 * 1_000 / TOKENS_PER_SEC + 250 + turn % 3 * 40;
    line.push_str("{\"ts\":\"");
    moment(line, at);
    line.push_str("\",\"event\":\"used\",");
    claims(line, token, (at - 250) / 1_000);
    let subject = token % SUBJECTS;
    finish(line, format_args!("\"path\":\"/api/orders\",\"status\":200,\"about\":\"c{subject:08}\""), token);
}

/// The claims of a token, the same on both sides.
fn claims(line: &mut String, token: u64, issued: u64) {
    let (subject, key) = (token % SUBJECTS, token % KEYS);
    write_to(
        line,
        format_args!(
            "\"iss\":\"https://id.shop.example\",\"kid\":\"kid-{key}\",\"jti\":\"{:016x}{:016x}\",\"sub\":\"c{subject:08}\",\
             \"aud\":\"shop\",\"client\":\"app-ios\",\"iat\":{issued},\"exp\":{},",
            token.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            token,
            issued + 3_600
        ),
    );
}

fn finish(line: &mut String, own: std::fmt::Arguments<'_>, token: u64) {
    line.push_str(PADDING);
    write_to(line, own);
    let (a, b) = (token / 250 % 250, token % 250);
    write_to(
        line,
        format_args!(",\"ip\":\"198.51.{a}.{b}\",\"ua\":\"ShopApp/7.4 (iPhone15,2; iOS 26.1) CFNetwork/1494\"}}\n"),
    );
}

/// RFC 3339, in milliseconds, of a day in April 2026.
fn moment(line: &mut String, millis: u64) {
    let secs = millis / 1_000 - BEGIN;
    let (day, of_day) = (1 + secs / 86_400, secs % 86_400);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    write_to(line, format_args!("2026-04-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", millis % 1_000));
}

fn write_to(line: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    line.write_fmt(text).ok();
}
