//! What a watch answers over HTTP.
//!
//! ```text
//! POST /v1/logs/<log>            records: lines of JSON or text, or a JSON array of objects; gzip or plain
//! GET  /healthz                  how it stands: 200, or 503 where it stands still
//! GET  /.well-known/jwks.json    the key that security event tokens are signed with
//! ```
//!
//! A batch is answered 200 only once it is durable. 429 and 503 say when to come again; whoever comes
//! again may say by `Idempotency-Key` that it is the same batch, which is then taken once. Any other
//! answer says that nothing of it was taken.
//!
//! Bounded: bodies by a limit, before and after decompression; so many at once; each by [`BODY_SECS`].

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::value::RawValue;
use sever_decode::Unpack;
use sever_model::{FingerprintKey, Secret, SourceId};
use sever_store::watch::{Spool, SpoolError};
use tokio::sync::Semaphore;

use super::listen::{Answer, Answers};

/// How long a body may take.
const BODY_SECS: u64 = 30;
/// Bodies that are read at once: with the largest body this bounds memory.
const BODIES_MAX: usize = 8;
/// Longest key of a batch.
const KEY_BYTES_MAX: usize = 200;

/// A log that may be posted.
pub struct Input {
    /// The log.
    pub log: SourceId,
    /// The bearer token that is asked for.
    pub token: Secret<String>,
    /// Where what comes is kept.
    pub spool: Arc<Mutex<Spool>>,
}

/// What became of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Taken.
    Taken,
    /// Refused for what it is.
    Refused,
    /// Turned away for now.
    TurnedAway,
}

/// Answers for a watch.
pub struct Service {
    inputs: Vec<Input>,
    key: FingerprintKey,
    body_bytes_max: usize,
    jwks: Option<String>,
    health: Box<dyn Fn() -> (bool, String) + Send + Sync>,
    note: Box<dyn Fn(Fate) + Send + Sync>,
    bodies: Semaphore,
}

impl Service {
    /// A service over these logs. `key` is only for comparing tokens.
    pub fn new(
        inputs: Vec<Input>,
        key: FingerprintKey,
        body_bytes_max: usize,
        jwks: Option<String>,
        health: Box<dyn Fn() -> (bool, String) + Send + Sync>,
        note: Box<dyn Fn(Fate) + Send + Sync>,
    ) -> Service {
        Service { inputs, key, body_bytes_max, jwks, health, note, bodies: Semaphore::new(BODIES_MAX) }
    }

    async fn pushed(&self, named: &str, request: Request<Incoming>) -> (StatusCode, String) {
        if request.method() != Method::POST {
            return (StatusCode::METHOD_NOT_ALLOWED, "records are posted".to_owned());
        }
        let Some(input) = self.input(named, request.headers()) else {
            return (StatusCode::UNAUTHORIZED, "no log takes records with this token here".to_owned());
        };
        let Ok(_permit) = self.bodies.try_acquire() else {
            return (StatusCode::TOO_MANY_REQUESTS, "too many bodies at once".to_owned());
        };
        let packed = match request.headers().get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
            None | Some(b"identity") => false,
            Some(b"gzip") => true,
            Some(_) => return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "gzip, or no encoding".to_owned()),
        };
        let batch = request.headers().get("idempotency-key").map(|key| key.to_str().map(str::to_owned));
        let batch = match batch.transpose() {
            Ok(batch) if batch.as_ref().is_none_or(|key| key.len() <= KEY_BYTES_MAX && !key.is_empty()) => batch,
            _ => return (StatusCode::BAD_REQUEST, "`Idempotency-Key` is 1 to 200 characters of ASCII".to_owned()),
        };
        let body = Limited::new(request.into_body(), self.body_bytes_max).collect();
        let too_large = || (StatusCode::PAYLOAD_TOO_LARGE, format!("at most {} bytes", self.body_bytes_max));
        let body = match tokio::time::timeout(Duration::from_secs(BODY_SECS), body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => return too_large(),
            Ok(Err(_)) => return (StatusCode::BAD_REQUEST, "the body breaks off".to_owned()),
            Err(_) => return (StatusCode::REQUEST_TIMEOUT, "the body took too long".to_owned()),
        };
        let body = match packed {
            false => body.to_vec(),
            true => match unpacked(&body, self.body_bytes_max) {
                Some(Ok(body)) => body,
                Some(Err(what)) => return (StatusCode::BAD_REQUEST, what),
                None => return too_large(),
            },
        };
        let lines = match lines(body) {
            Ok(lines) => lines,
            Err(what) => return (StatusCode::BAD_REQUEST, what),
        };
        self.keep(input, lines, batch).await
    }

    /// Makes a batch durable, and only then says so.
    async fn keep(&self, input: &Input, lines: Vec<u8>, batch: Option<String>) -> (StatusCode, String) {
        let (spool, count) = (Arc::clone(&input.spool), lines.len());
        let kept = tokio::task::spawn_blocking(move || {
            let mut spool = spool.lock().unwrap_or_else(PoisonError::into_inner);
            if batch.as_deref().is_some_and(|key| spool.has(key)) {
                return Ok(false);
            }
            if lines.is_empty() {
                return Ok(true);
            }
            spool.append(&lines, batch.as_deref()).map(|()| true)
        });
        match kept.await {
            Ok(Ok(true)) => (StatusCode::OK, format!("{count} bytes taken")),
            Ok(Ok(false)) => (StatusCode::OK, "this batch was taken before".to_owned()),
            Ok(Err(error @ SpoolError::Full(_))) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            Ok(Err(SpoolError::Disk(error))) => (StatusCode::SERVICE_UNAVAILABLE, format!("cannot be kept: {error}")),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "cannot be kept now".to_owned()),
        }
    }

    fn input(&self, named: &str, headers: &HeaderMap) -> Option<&Input> {
        let input = self.inputs.iter().find(|input| input.log.as_str() == named)?;
        let shown = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, shown) = shown.split_once(' ')?;
        // Compared as keyed hashes, so that how long it takes tells nothing of the secret.
        let of = |text: &str| self.key.fingerprint(text.as_bytes());
        let same = of(shown.trim()) == of(input.token.expose());
        (scheme.eq_ignore_ascii_case("bearer") && same).then_some(input)
    }
}

impl Answers for Service {
    type Session = ();

    fn begin(&self) {}

    async fn answer(&self, _session: &(), request: Request<Incoming>) -> Answer {
        let path = request.uri().path().to_owned();
        if let Some(log) = path.strip_prefix("/v1/logs/") {
            let (status, what) = self.pushed(log, request).await;
            let fate = match status {
                StatusCode::OK => Fate::Taken,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Fate::TurnedAway,
                _ => Fate::Refused,
            };
            (self.note)(fate);
            let mut answer = said(status, serde_json::json!({ "said": what }).to_string());
            if fate == Fate::TurnedAway {
                answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
            }
            return answer;
        }
        match (path.as_str(), &self.jwks) {
            ("/healthz", _) => {
                let (well, status) = (self.health)();
                said(if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, status)
            }
            ("/.well-known/jwks.json", Some(jwks)) => said(StatusCode::OK, jwks.clone()),
            _ => said(StatusCode::NOT_FOUND, r#"{"said":"there is nothing here"}"#.to_owned()),
        }
    }
}

fn said(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// A body without its gzip: nothing where it unfolds to too much.
fn unpacked(body: &[u8], bytes_max: usize) -> Option<Result<Vec<u8>, String>> {
    let (mut out, mut unpack) = (Vec::new(), Unpack::new());
    let mut fault = None;
    // A thousandfold of a block is the most that comes of one.
    for block in body.chunks(4 << 10) {
        fault = unpack.push(block, &mut |piece| out.extend_from_slice(piece)).err();
        if fault.is_some() || out.len() > bytes_max {
            break;
        }
    }
    if fault.is_none() && out.len() <= bytes_max {
        fault = unpack.finish(&mut |piece| out.extend_from_slice(piece)).err();
    }
    if out.len() > bytes_max {
        return None;
    }
    Some(match fault {
        None => Ok(out),
        Some(_) => Err("the body does not decompress".to_owned()),
    })
}

/// The records of a body as lines: those of a JSON array one a line, anything else as it stands.
fn lines(body: Vec<u8>) -> Result<Vec<u8>, String> {
    if body.trim_ascii_start().first() != Some(&b'[') {
        let mut lines = body;
        if lines.last().is_some_and(|last| *last != b'\n') {
            lines.push(b'\n');
        }
        return Ok(lines);
    }
    let records: Vec<&RawValue> = serde_json::from_slice(&body).map_err(|error| format!("no JSON: {error}"))?;
    let mut lines = Vec::with_capacity(body.len());
    for record in records {
        // A line end in JSON stands between its parts, never in a string.
        lines.extend(record.get().bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests;
