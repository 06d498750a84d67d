//! The gate over HTTP: what a proxy asks before it lets a request through, and what issuers tell.
//!
//! ```text
//! any     /auth, /auth/…   a token as it is shown: 200 allowed, 401 or 403 refused
//! POST    /issued[/LOG]    issuances, one JSON object or several: 200 once they are durable and known
//! GET     /healthz         each class and what is done about it, the ledger, what was lost
//! GET     /metrics         the same as numbers, for Prometheus
//! ```
//!
//! What is decided is [`sever_engine::gate`]'s to say; here it is only read and told. Every decision is a line
//! of the gate's own log ([`decisions`]), which `sever scan` judges like any other. A refusal carries an id
//! that leads to its line; its reason goes no further than [`Tell`] says.

pub mod decisions;
pub mod feed;
pub mod follow;
mod health;
mod issued;
pub mod journal;
mod shown;
pub mod signature;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use sever_decode::{Field, TokenReader};
use sever_engine::gate::{Ask, Decision, Gate, Reason, Told};
use sever_model::{EventTime, FingerprintKey, Limits};
use tokio::sync::Notify;

use crate::clock;
use crate::config::Tell;
use crate::web::listen::{Answer, Answers, Connections};
use decisions::Decisions;
use issued::Issuer;
use journal::Journal;
use shown::Shown;
use signature::Signatures;

pub use hyper::header::HeaderName;
pub use issued::Issuer as PushingIssuer;
pub use shown::Place;

/// The header that names a decision.
const DECISION: HeaderName = HeaderName::from_static("x-sever-decision");
/// The header that says why.
const REASON: HeaderName = HeaderName::from_static("x-sever-reason");
/// What a body of ours is.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What a service is made from.
pub struct Setup {
    /// What decides.
    pub gate: Gate,
    /// Where the token may stand.
    pub places: Vec<Place>,
    /// Claims that are named otherwise than usual.
    pub claims: Vec<(Field, String)>,
    /// The header in which the proxy says whose data is asked for.
    pub subject: Option<HeaderName>,
    /// The issuers' public keys, where signatures are checked.
    pub signatures: Option<Signatures>,
    /// How much of its reasons it tells.
    pub tell: Tell,
    /// How long a token that says it is new is waited for.
    pub wait: Duration,
    /// The issuers that push.
    pub issuers: Vec<Issuer>,
    /// What makes durable what they push.
    pub journal: Journal,
    /// The log of decisions.
    pub decisions: Decisions,
    /// The run's limits.
    pub limits: Limits,
    /// The key that secrets are compared under.
    pub key: FingerprintKey,
}

/// Answers for a gate.
pub struct Service {
    setup: Setup,
    /// Told whenever issuances have come.
    arrived: Notify,
    begun: EventTime,
    /// What decisions' ids begin with: another number for every process.
    prefix: u32,
    number: AtomicU64,
    /// Handovers taken, refused for what they are, and not kept.
    handed: [AtomicU64; 3],
    /// What became of connections.
    pub connections: Arc<Connections>,
    /// What cannot be read of the store at present.
    store_fault: Mutex<Option<String>>,
    /// The name of the day, which is the same for a day.
    day: Mutex<(i64, Arc<str>)>,
}

/// What is kept of one connection.
pub struct Session {
    reader: Mutex<TokenReader>,
}

impl Service {
    /// A service of this process.
    pub fn new(setup: Setup) -> Service {
        let begun = clock::now().as_event();
        Service {
            prefix: rand::random(),
            number: AtomicU64::new(0),
            handed: Default::default(),
            connections: Arc::new(Connections::default()),
            arrived: Notify::new(),
            store_fault: Mutex::new(None),
            day: Mutex::new((i64::MIN, Arc::from(""))),
            begun,
            setup,
        }
    }

    /// What decides.
    pub fn gate(&self) -> &Gate {
        &self.setup.gate
    }

    /// The issuers' public keys, where signatures are checked.
    pub fn signatures(&self) -> Option<&Signatures> {
        self.setup.signatures.as_ref()
    }

    /// Says that issuances have come: whoever waits for one looks again.
    pub fn come(&self) {
        self.arrived.notify_waiters();
    }

    /// Says what cannot be read of the store at present, if anything.
    pub fn store_fault(&self, fault: Option<String>) {
        if let Ok(mut known) = self.store_fault.lock() {
            *known = fault;
        }
    }

    /// Writes an event of the gate itself into its log of decisions: something that must be found there.
    pub fn event(&self, action: &str, what: &str) {
        let now = clock::now().as_event();
        let line = serde_json::json!({
            "time": now, "kind": "changed", "outcome": "answered", "action": action, "resource": what,
        });
        self.setup.decisions.push(&self.day(now), format!("{line}\n").as_bytes());
    }

    /// Decides one request, waiting for its issuance where that may still come.
    async fn auth(&self, session: &Session, head: &Parts) -> Answer {
        let (decision, answer) = self.once(session, head, false);
        if !decision.wait {
            return answer;
        }
        let waiting = async {
            loop {
                // Listened for before it is looked for, so that none is missed between.
                let mut come = std::pin::pin!(self.arrived.notified());
                come.as_mut().enable();
                let (decision, answer) = self.once(session, head, false);
                if !decision.wait {
                    return answer;
                }
                come.await;
            }
        };
        match tokio::time::timeout(self.setup.wait, waiting).await {
            Ok(answer) => answer,
            Err(_) => self.once(session, head, true).1,
        }
    }

    /// Decides as things stand. One that is to wait is not recorded.
    fn once(&self, session: &Session, head: &Parts, waited: bool) -> (Decision, Answer) {
        let now = clock::now().as_event();
        let shown = Shown::of(head, &self.setup.places, self.setup.subject.as_ref());
        let Ok(mut reader) = session.reader.lock() else {
            let decision = self.setup.gate.fault();
            return (decision, self.told(&decision, ""));
        };
        let presented = match shown.fault {
            Some(fault) => Err(fault),
            None => reader.read(shown.token, now),
        };
        let checks = self.setup.signatures.as_ref();
        let signature = match (checks, &presented) {
            (Some(keys), Ok(presented)) => {
                presented.signed.as_ref().map(|signed| keys.hold(presented.row.key_id, signed))
            }
            _ => None,
        };
        let ask = Ask {
            now,
            token: shown.token,
            presented: presented.as_ref().map_err(|fault| *fault),
            signature,
            source_ip: shown.source_ip,
            user_agent: shown.user_agent,
            subject: shown.subject,
            waited,
        };
        let decision = self.setup.gate.decide(&ask);
        if decision.wait {
            return (decision, Answer::default());
        }
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:08x}-{number:x}", self.prefix);
        let fault = ask.presented.err().map_or("", sever_decode::TokenFault::word);
        let told = Told { id: &id, method: shown.method, resource: shown.resource, fault };
        let mut line = Vec::with_capacity(640);
        if self.setup.gate.record(&ask, &decision, &told, &mut line).is_ok() {
            self.setup.decisions.push(&self.day(now), &line);
        }
        (decision, self.told(&decision, &id))
    }

    /// An answer to whoever asks, telling as much as may be told.
    fn told(&self, decision: &Decision, id: &str) -> Answer {
        let word = decision.word();
        let status = match decision.refused {
            None => StatusCode::OK,
            Some(reason) if reason.asks_for_another() => StatusCode::UNAUTHORIZED,
            Some(_) => StatusCode::FORBIDDEN,
        };
        let body = match (decision.refused, self.setup.tell) {
            (None, _) => Bytes::from_static(br#"{"decision":"allow"}"#),
            (Some(reason), Tell::Body) => refusal_with(reason, id),
            (Some(_), _) => Bytes::from(format!(r#"{{"decision":"refuse","id":"{id}"}}"#)),
        };
        let mut answer = Response::new(Full::new(body));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(DECISION, id);
        }
        if !word.is_empty() && self.setup.tell != Tell::Nothing {
            headers.insert(REASON, HeaderValue::from_static(word));
        }
        answer
    }

    /// The day's name.
    fn day(&self, now: EventTime) -> Arc<str> {
        let day = now.day();
        let Ok(mut known) = self.day.lock() else { return Arc::from(day_name(day)) };
        if known.0 != day {
            *known = (day, Arc::from(day_name(day)));
        }
        Arc::clone(&known.1)
    }
}

impl Answers for Service {
    type Session = Session;

    fn begin(&self) -> Session {
        Session { reader: Mutex::new(TokenReader::new(&self.setup.claims, &self.setup.limits)) }
    }

    async fn answer(&self, session: &Session, request: Request<Incoming>) -> Answer {
        let path = request.uri().path();
        if path == "/auth" || path.starts_with("/auth/") {
            let (head, _) = request.into_parts();
            return self.auth(session, &head).await;
        }
        if path == "/issued" || path.starts_with("/issued/") {
            return self.issued(request).await;
        }
        match path {
            "/healthz" => self.healthz(),
            "/metrics" => self.metrics(),
            _ => said(StatusCode::NOT_FOUND, "there is nothing here: /auth, /issued, /healthz, /metrics"),
        }
    }
}

fn refusal_with(reason: Reason, id: &str) -> Bytes {
    Bytes::from(format!(r#"{{"decision":"refuse","reason":"{}","id":"{id}"}}"#, reason.word()))
}

/// An answer that says something.
fn said(status: StatusCode, what: &str) -> Answer {
    let body = serde_json::json!({ "said": what }).to_string();
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    answer
}

/// The name of a day: `2026-04-01`.
pub fn day_name(day: i64) -> String {
    let text = EventTime::from_secs(day.saturating_mul(86_400)).to_string();
    text.get(..10).unwrap_or(&text).to_owned()
}
