//! HTTP for connectors: one question at a time, with a time limit, no redirects, and errors that tell
//! whether the question may have taken effect.
//!
//! An answer with any status is an answer; only what kept us from one is an error. Bodies are bounded by
//! [`BODY_BYTES_MAX`], and nothing of a request is ever in an error but its method and place.

use std::io;
use std::time::Duration;

use serde_json::Value;
use sever_model::act::ActError;
use sever_model::{EventTime, Span, UnknownWhy};
use ureq::http;

use crate::connector::{Connection, ConnectionError};

/// Longest answer that is read.
const BODY_BYTES_MAX: u64 = 16 << 20;

/// Longest answer that is quoted.
const QUOTE_BYTES_MAX: usize = 200;

/// A place that is asked by HTTP.
pub(crate) struct Http {
    base: String,
    tls: ureq::tls::TlsConfig,
}

/// One question.
pub(crate) struct Ask<'a> {
    method: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, String)>,
    body: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    headers: http::HeaderMap,
    /// Its body, as text.
    pub(crate) body: String,
}

impl Http {
    /// The place that a connection names; `settings.ca` is a file of certificates that are trusted
    /// instead of the usual ones.
    ///
    /// # Errors
    /// When the address is no `http` or `https` URL, or the certificates do not read.
    pub(crate) fn of(connection: &Connection) -> Result<Http, ConnectionError> {
        let base = connection.url.trim_end_matches('/').to_owned();
        let uri: http::Uri = base.parse().map_err(|_| connection.wrong("`url` is not a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https"))
            || uri.authority().is_some_and(|it| it.as_str().contains('@'))
        {
            return Err(connection.wrong("`url` must be `https://…` or `http://…`, with no name or password in it"));
        }
        let mut tls = ureq::tls::TlsConfig::builder();
        if let Some(path) = connection.setting("ca") {
            let wrong = |why: String| connection.wrong(format!("`settings.ca` {path}: {why}"));
            let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
            let certificates: Result<Vec<_>, _> = ureq::tls::parse_pem(&pem)
                .filter_map(|item| match item {
                    Ok(ureq::tls::PemItem::Certificate(certificate)) => Some(Ok(certificate)),
                    Ok(_) => None,
                    Err(error) => Some(Err(error)),
                })
                .collect();
            let certificates = certificates.map_err(|error| wrong(error.to_string()))?;
            if certificates.is_empty() {
                return Err(wrong("no certificate in it".to_owned()));
            }
            tls = tls.root_certs(ureq::tls::RootCerts::new_with_certs(&certificates));
        }
        Ok(Http { base, tls: tls.build() })
    }

    /// The same host, from its root.
    pub(crate) fn origin(&self) -> Http {
        let end = self.base.find("://").map_or(0, |at| at + 3);
        let path = self.base.get(end..).and_then(|rest| rest.find('/')).map_or(self.base.len(), |at| end + at);
        Http { base: self.base.get(..path).unwrap_or_default().to_owned(), tls: self.tls.clone() }
    }

    /// The path of a URL of this host; `None` for another host's.
    pub(crate) fn path_of<'u>(&self, url: &'u str) -> Option<&'u str> {
        url.strip_prefix(self.origin().base.as_str()).filter(|path| path.starts_with('/'))
    }

    /// The path that every question's begins with.
    pub(crate) fn own_path(&self) -> &str {
        self.base.get(self.origin().base.len()..).unwrap_or_default()
    }

    /// Asks, and waits for the answer for so long. Each question has a connection of its own, so that
    /// none is answered by what another left behind.
    ///
    /// # Errors
    /// [`ActError::Unreachable`] where the question was not sent, [`ActError::LostAnswer`] where it may
    /// have been.
    pub(crate) fn ask(&self, ask: &Ask<'_>, patience: Span) -> Result<Answer, ActError> {
        let limit = Duration::from_micros(patience.micros().max(1_000) as u64);
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(limit))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent("severance")
            .tls_config(self.tls.clone());
        let agent: ureq::Agent = config.build().into();
        let place = format!("{} {}{}", ask.method, self.base, ask.path.split('?').next().unwrap_or_default());
        let mut request = http::Request::builder().method(ask.method).uri(format!("{}{}", self.base, ask.path));
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let bad = |error: http::Error| ActError::BadStep(format!("{place}: {error}"));
        let answered = if ask.body.is_empty() && matches!(ask.method, "GET" | "HEAD" | "DELETE") {
            agent.run(request.body(()).map_err(bad)?)
        } else {
            agent.run(request.body(ask.body.as_slice()).map_err(bad)?)
        };
        let mut answer = answered.map_err(|error| failed(&place, &error))?;
        let body = answer.body_mut().with_config().limit(BODY_BYTES_MAX).read_to_vec();
        let body = body.map_err(|error| ActError::LostAnswer(format!("{place}: {error}")))?;
        Ok(Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

/// Posts a document to a place that takes it: a webhook. A success is any answer of 200 to 299.
///
/// # Errors
/// When it was not taken, or is not known to be.
pub fn post_json(url: &str, body: &Value, patience: Span) -> Result<(), ActError> {
    let connection = Connection {
        id: sever_model::ConnectionId::from("webhook"),
        system: "webhook".into(),
        url: url.to_owned(),
        settings: std::collections::BTreeMap::new(),
        login: None,
        twin: None,
    };
    let http = Http::of(&connection).map_err(|error| ActError::BadStep(error.what))?;
    let answer = http.ask(&Ask::new("POST", "").json(body), patience)?;
    if answer.is_success() { Ok(()) } else { Err(ActError::Refused(format!("it answers {}", answer.status))) }
}

/// Whether a failure came before the question was sent.
fn failed(place: &str, error: &ureq::Error) -> ActError {
    let what = format!("{place}: {error}");
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => ActError::Unreachable(what),
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => ActError::Unreachable(what),
        ureq::Error::Io(error)
            if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) =>
        {
            ActError::Unreachable(what)
        }
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::BadUri(_) => ActError::Unreachable(what),
        _ => ActError::LostAnswer(what),
    }
}

/// Why a door's state is not known, where the question failed.
pub(crate) const fn unknown(error: &ActError) -> UnknownWhy {
    match error {
        ActError::Unreachable(_) => UnknownWhy::Unreachable,
        ActError::LostAnswer(_) => UnknownWhy::TimedOut,
        ActError::NotAllowed { .. } => UnknownWhy::NotPermitted,
        ActError::RateLimited(_) | ActError::Refused(_) | ActError::BadStep(_) | ActError::Unexpected(_) => {
            UnknownWhy::Unexpected
        }
    }
}

/// A text as a part of a path, a question or a form: all but letters, digits and `-._~` in percent signs
/// (RFC 3986 §2.3).
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

impl<'a> Ask<'a> {
    /// A question without a body.
    pub(crate) fn new(method: &'a str, path: &'a str) -> Ask<'a> {
        Ask { method, path, headers: Vec::new(), body: Vec::new() }
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &'a str, value: impl Into<String>) -> Ask<'a> {
        self.headers.push((name, value.into()));
        self
    }

    /// With a bearer token.
    pub(crate) fn bearer(self, token: &str) -> Ask<'a> {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With a name and password (RFC 7617).
    pub(crate) fn basic(self, user: &str, password: &str) -> Ask<'a> {
        use base64::Engine as _;
        let pair = base64::prelude::BASE64_STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", format!("Basic {pair}"))
    }

    /// With a JSON body.
    pub(crate) fn json(self, body: &Value) -> Ask<'a> {
        let mut with = self.header("content-type", "application/json");
        with.body = body.to_string().into_bytes();
        with
    }

    /// With a form as body (`application/x-www-form-urlencoded`).
    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Ask<'a> {
        let pairs = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let form = pairs.collect::<Vec<_>>().join("&");
        self.body("application/x-www-form-urlencoded", form)
    }

    /// With a body of another kind.
    pub(crate) fn body(self, kind: &str, body: impl Into<Vec<u8>>) -> Ask<'a> {
        let mut with = self.header("content-type", kind);
        with.body = body.into();
        with
    }
}

impl Answer {
    /// An answer as a server might give it.
    #[cfg(test)]
    pub(crate) fn canned(status: u16, body: &str) -> Answer {
        Answer { status, headers: http::HeaderMap::new(), body: body.to_owned() }
    }

    /// The same with a header.
    #[cfg(test)]
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Answer {
        self.headers
            .extend(http::HeaderValue::from_str(value).ok().map(|value| (http::HeaderName::from_static(name), value)));
        self
    }

    /// A header, where it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether it is a success.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Its body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// How long the place asks us to wait (RFC 9110 §10.2.3), where it says so in seconds.
    pub(crate) fn retry_after(&self) -> Option<Span> {
        self.header("retry-after")?.trim().parse::<i64>().ok().filter(|secs| *secs >= 0).map(Span::secs)
    }

    /// What time it is there (RFC 9110 §6.6.1): their clock decides when what they gave ends, not ours.
    pub(crate) fn date(&self) -> Option<EventTime> {
        let date = jiff::fmt::rfc2822::parse(self.header("date")?).ok()?;
        Some(EventTime::from_micros(date.timestamp().as_microsecond()))
    }

    /// For a receipt or as evidence: the status and the beginning of the body. For bodies that hold no
    /// secret only.
    pub(crate) fn quote(&self) -> String {
        let text = self.body.trim();
        let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= QUOTE_BYTES_MAX).unwrap_or(text.len());
        let begin: String = text.get(..end).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{} {begin}", self.status).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests;
