//! `POST /issued`: an issuer hands over what it is about to give out, and waits for our word.
//!
//! The body is one JSON object, several one after the other, or an array of them; each is a record of the
//! issuer's log. It is answered 200 only once all of them are durable and in the ledger, so that an issuer
//! which waits for that never gives out a token that the gate does not know. Anything else (400 for what
//! cannot be read, 401, 413, 408, 503 when it cannot be kept) means: not known, do not give it out.
//!
//! All of a body is taken, or nothing of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, Method, Request, StatusCode};
use serde_json::value::RawValue;
use sever_model::{Secret, SourceId, Symbols};

use super::feed::Reading;
use super::journal::NotKept;
use super::{Service, said};
use crate::clock;
use crate::web::listen::Answer;

/// Largest body.
const BODY_BYTES_MAX: usize = 1 << 20;
/// How long a body may take.
const BODY_SECS: u64 = 10;
/// Distinct texts of one body.
const SYMBOLS_MAX: usize = 1 << 16;

/// An issuer that pushes.
pub struct Issuer {
    /// The log that its records are of.
    pub log: SourceId,
    /// That log's number at the gate.
    pub feed: usize,
    /// The bearer token that it shows.
    pub secret: Secret<String>,
    /// How its records are read.
    pub reading: Reading,
}

impl Service {
    pub(super) async fn issued(&self, request: Request<Incoming>) -> Answer {
        if request.method() != Method::POST {
            return said(StatusCode::METHOD_NOT_ALLOWED, "issuances are posted");
        }
        let named = request.uri().path().strip_prefix("/issued/").unwrap_or_default().to_owned();
        let Some(issuer) = self.issuer(&named, request.headers()) else {
            self.handed_over(1);
            return said(StatusCode::UNAUTHORIZED, "no issuer shows this token here");
        };
        let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect();
        let body = match tokio::time::timeout(Duration::from_secs(BODY_SECS), body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => {
                self.handed_over(1);
                return said(StatusCode::PAYLOAD_TOO_LARGE, "at most 1 MiB at a time");
            }
            Ok(Err(_)) => return said(StatusCode::BAD_REQUEST, "the body breaks off"),
            Err(_) => return said(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
        };
        match self.take(issuer, &body).await {
            Ok(count) => {
                self.handed_over(0);
                let mut answer = said(StatusCode::OK, "known");
                *answer.body_mut() = format!(r#"{{"taken":{count}}}"#).into_bytes().into();
                answer
            }
            Err((status, what)) => {
                self.handed_over(if status == StatusCode::BAD_REQUEST { 1 } else { 2 });
                said(status, &what)
            }
        }
    }

    async fn take(&self, issuer: &Issuer, body: &[u8]) -> Result<usize, (StatusCode, String)> {
        let bad = |what: String| (StatusCode::BAD_REQUEST, what);
        let lines = lines(body).map_err(bad)?;
        let text = lines.iter().fold(Vec::with_capacity(body.len()), |mut text, line| {
            text.extend_from_slice(line);
            text.push(b'\n');
            text
        });
        let symbols = Symbols::new(self.setup.key, SYMBOLS_MAX);
        let records = issuer.reading.read(&text, symbols, &self.setup.limits).map_err(bad)?;
        if records.rejected > 0 {
            let first = records.rejects.first().map_or("", String::as_str);
            return Err(bad(format!("{} of {} records cannot be read; {first}", records.rejected, lines.len())));
        }
        if records.batch.is_empty() {
            return Err(bad("no record in the body".to_owned()));
        }
        let count = lines.len();
        let day = clock::now().as_event().day();
        self.setup.journal.keep(issuer.feed, day, lines).await.map_err(|error| match error {
            NotKept::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too many handovers wait; not known".to_owned()),
            NotKept::Failed(what) => (StatusCode::SERVICE_UNAVAILABLE, format!("not kept, so not known: {what}")),
        })?;
        self.setup.gate.take(issuer.feed, clock::now().as_event(), |each| records.each(each));
        self.come();
        Ok(count)
    }

    /// The issuer of a name, or the only one there is, if it shows its token.
    fn issuer(&self, named: &str, headers: &HeaderMap) -> Option<&Issuer> {
        let issuers = &self.setup.issuers;
        let issuer = match (named, issuers.as_slice()) {
            ("", [only]) => only,
            ("", _) => return None,
            (named, all) => all.iter().find(|issuer| issuer.log.as_str() == named)?,
        };
        let shown = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, shown) = shown.split_once(' ')?;
        // Compared as keyed hashes, so that how long it takes tells nothing of the secret.
        let of = |text: &str| self.setup.key.fingerprint(text.as_bytes());
        let same = of(shown.trim()) == of(issuer.secret.expose());
        (scheme.eq_ignore_ascii_case("bearer") && same).then_some(issuer)
    }

    fn handed_over(&self, what: usize) {
        if let Some(count) = self.handed.get(what) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The objects of a body, each on one line.
fn lines(body: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut lines = Vec::new();
    for value in serde_json::Deserializer::from_slice(body).into_iter::<&RawValue>() {
        let value = value.map_err(|error| format!("no JSON: {error}"))?.get();
        if value.starts_with('[') {
            let elements: Vec<&RawValue> = serde_json::from_str(value).map_err(|error| format!("no JSON: {error}"))?;
            for element in elements {
                lines.push(line(element.get())?);
            }
        } else {
            lines.push(line(value)?);
        }
    }
    Ok(lines)
}

fn line(object: &str) -> Result<Vec<u8>, String> {
    if !object.starts_with('{') || object.trim_matches(['{', '}', ' ']).is_empty() {
        return Err("each record is an object that says something".to_owned());
    }
    if object.contains(['\n', '\r']) {
        let value: serde_json::Value = serde_json::from_str(object).map_err(|error| format!("no JSON: {error}"))?;
        return Ok(value.to_string().into_bytes());
    }
    Ok(object.as_bytes().to_vec())
}
