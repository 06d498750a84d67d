//! What decoding costs, beside parsing the same lines into a struct and nothing else.
//!
//! `cargo run --release -p sever-decode --example decode_cost` prints nanoseconds a line of about 700
//! bytes with 14 wanted fields: split by lines and parsed by a derived `serde` struct of borrowed text;
//! and as a [`sever_decode::LogStream`] with a mapping of the same fields, its times read, its bytes
//! accounted for. The best of several rounds counts.

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use serde::Deserialize;
use sever_decode::{Field, Format, LogStream, Mapping};
use sever_model::port::EventSink;
use sever_model::{Limits, Row};

const LINES: u64 = 100_000;
const ROUNDS: usize = 15;

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsed to be compared")]
struct Line<'a> {
    ts: &'a str,
    #[serde(borrow)]
    client: Client<'a>,
    #[serde(borrow)]
    jwt: Jwt<'a>,
    method: &'a str,
    path: &'a str,
    status: u16,
    node: &'a str,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsed to be compared")]
struct Client<'a> {
    ip: &'a str,
    user_agent: &'a str,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsed to be compared")]
struct Jwt<'a> {
    iss: &'a str,
    sub: &'a str,
    jti: &'a str,
    kid: &'a str,
    iat: i64,
    exp: i64,
}

struct Count(u64);

impl EventSink for Count {
    fn push(&mut self, row: &Row<'_>) {
        self.0 += u64::from(!black_box(row).credential.is_empty());
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let log = log();
    let per_line = |nanos: u128| nanos as f64 / LINES as f64;
    let mapping = mapping();
    let (mut parse, mut decode) = (u128::MAX, u128::MAX);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mut lines = 0u64;
        for line in log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let line: Line<'_> = serde_json::from_slice(line)?;
            lines += u64::from(!black_box(&line).jwt.jti.is_empty());
        }
        parse = parse.min(start.elapsed().as_nanos());
        let start = Instant::now();
        let events = stream(&log, &mapping)?;
        decode = decode.min(start.elapsed().as_nanos());
        assert_eq!((lines, events), (LINES, LINES), "both read every line");
    }
    let (parse, decode) = (per_line(parse), per_line(decode));
    let mut out = std::io::stdout();
    writeln!(out, "{} bytes a line", log.len() as u64 / LINES)?;
    writeln!(out, "parse   {parse:.0} ns a line")?;
    writeln!(out, "decode  {decode:.0} ns a line")?;
    writeln!(out, "ratio   {:.2}  (at most 1.25)", decode / parse)?;
    Ok(())
}

fn stream(log: &[u8], mapping: &Mapping) -> Result<u64, Box<dyn std::error::Error>> {
    let limits = Limits::default();
    let format = Format::named("json-lines").ok_or("no such format")?;
    let mut stream = LogStream::new(format.decoder(Some(mapping), &limits)?, format.framing, &limits);
    let mut count = Count(0);
    for chunk in log.chunks(256 << 10) {
        stream.feed(chunk, &mut count);
    }
    stream.finish(&mut count);
    Ok(count.0)
}

fn mapping() -> Mapping {
    Mapping::new()
        .with(Field::Time, "ts")
        .with(Field::Action, "method")
        .with(Field::Resource, "path")
        .with(Field::Outcome, "status")
        .with(Field::Node, "node")
        .with(Field::SourceIp, "client.ip")
        .with(Field::UserAgent, "client.user_agent")
        .with(Field::Issuer, "jwt.iss")
        .with(Field::TokenSubject, "jwt.sub")
        .with(Field::Credential, "jwt.jti")
        .with(Field::KeyId, "jwt.kid")
        .with(Field::IssuedAt, "jwt.iat")
        .with(Field::ExpiresAt, "jwt.exp")
        .with(Field::DataSubjects, "data_subjects")
}

/// Lines such as a gateway writes, with a dozen fields that nobody asks for.
fn log() -> Vec<u8> {
    let mut log = Vec::new();
    for at in 0..LINES {
        let (second, id) = (at % 60, at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let iat = 1_744_600_000 + at;
        log.extend_from_slice(
            format!(
                concat!(
                    r#"{{"ts":"2025-04-14T02:11:{second:02}.{millis:03}Z","level":"info","logger":"gateway.access","#,
                    r#""request_id":"{id:016x}-{at:08x}","node":"gw-{node}","client":{{"ip":"203.0.113.{ip}","port":51234,"#,
                    r#""user_agent":"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15"}},"#,
                    r#""method":"GET","path":"/api/address-book","protocol":"HTTP/2","status":200,"bytes_sent":5120,"#,
                    r#""upstream":{{"host":"10.0.3.17:8443","duration_ms":12,"retries":0}},"duration_ms":14.25,"#,
                    r#""jwt":{{"iss":"https://id.shop.example","aud":"shop-api","sub":"m{sub:09}","jti":"{id:032x}","#,
                    r#""kid":"kid-2024-04","iat":{iat},"exp":{exp},"scope":"profile orders addresses"}},"#,
                    r#""tls":"TLSv1.3","ja4":"t13d1516h2_8daaf6152771_b0da82dd1658","data_subjects":["m{sub:09}"]}}"#,
                    "\n"
                ),
                second = second,
                millis = at % 1000,
                id = id,
                at = at,
                node = at % 8,
                ip = at % 250,
                sub = id % 33_000_000,
                iat = iat,
                exp = iat + 3_600,
            )
            .as_bytes(),
        );
    }
    log
}
