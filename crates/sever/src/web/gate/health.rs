//! `GET /healthz` and `GET /metrics`: how the gate stands. Nothing in them names a person or a token.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};
use sever_engine::gate::{ClassHealth, Feeding, Health, Mode, Reason};
use sever_model::EventTime;

use super::{Service, said};
use crate::clock;
use crate::web::listen::Answer;

impl Service {
    pub(super) fn healthz(&self) -> Answer {
        let now = clock::now().as_event();
        let health = self.setup.gate.health(now);
        let mut answer = said(StatusCode::OK, "");
        let text = format!("{:#}\n", self.as_json(&health, now));
        *answer.body_mut() = text.into_bytes().into();
        answer
    }

    fn as_json(&self, health: &Health, now: EventTime) -> Value {
        let store_fault = self.store_fault.lock().ok().and_then(|fault| fault.clone());
        let unlogged = self.setup.decisions.lost();
        let watching = health.classes.iter().any(|class| class.mode != Mode::Enforcing);
        let lost = health.feeds.iter().any(|feed| feed.lost.is_some());
        let degraded = unlogged > 0 || store_fault.is_some() || health.budget.1 > 0 || lost;
        let status = match (degraded, watching) {
            (true, _) => "degraded",
            (false, true) => "watching",
            (false, false) => "enforcing",
        };
        let by_reason = |counts: &[(Reason, u64)]| -> Value {
            counts
                .iter()
                .map(|(reason, count)| (reason.word().to_owned(), json!(count)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let feeds = health.feeds.iter().map(|feed| {
            json!({
                "log": feed.log.as_str(),
                "feed": match feed.feeding { Feeding::Push => "push", Feeding::Follow => "follow" },
                "heard_at": feed.heard,
                "lag_secs": feed.heard.map(|heard| now.since(heard).as_secs().max(0)),
                "lost": feed.lost.as_ref().map(|(what, at)| json!({ "what": what, "found_at": at })),
            })
        });
        json!({
            "status": status,
            "now": now,
            "uptime_secs": now.since(self.begun).as_secs(),
            "classes": health.classes.iter().map(|class| class_json(class, now)).collect::<Vec<_>>(),
            "ledger": { "entries": health.ledger.0, "bytes": health.ledger.1 },
            "feeds": feeds.collect::<Vec<_>>(),
            "allowed": health.allowed.0,
            "allowed_marked": health.allowed.1,
            "refused": by_reason(&health.refused),
            "would_refuse": by_reason(&health.watched),
            "budget": { "people_today": health.budget.0, "uncounted": health.budget.1 },
            "knows_people": health.knows_people,
            "store_fault": store_fault,
            "decisions_not_logged": unlogged,
            "handovers": {
                "taken": self.count_of(0), "refused": self.count_of(1), "not_kept": self.count_of(2),
            },
            "connections": {
                "opened": self.connections.opened.load(Ordering::Relaxed),
                "too_slow": self.connections.slow.load(Ordering::Relaxed),
                "broken": self.connections.broken.load(Ordering::Relaxed),
            },
        })
    }

    pub(super) fn metrics(&self) -> Answer {
        let now = clock::now().as_event();
        let health = self.setup.gate.health(now);
        let mut text = String::new();
        let mut put = |name: &str, labels: &str, value: u64| {
            // A string takes whatever is written to it.
            writeln!(text, "sever_gate_{name}{labels} {value}").ok();
        };
        for class in &health.classes {
            let of = &class.standing;
            let labels = format!("{{issuer=\"{}\",class=\"{}\"}}", escaped(&of.issuer), escaped(&of.name));
            put("enforcing", &labels, u64::from(class.mode == Mode::Enforcing));
            put("issued_total", &labels, of.issued);
        }
        put("ledger_entries", "", health.ledger.0);
        put("ledger_bytes", "", health.ledger.1);
        put("allowed_total", "", health.allowed.0);
        put("allowed_marked_total", "", health.allowed.1);
        for (name, counts) in [("refused_total", &health.refused), ("would_refuse_total", &health.watched)] {
            for (reason, count) in counts {
                put(name, &format!("{{reason=\"{}\"}}", reason.word()), *count);
            }
        }
        for feed in &health.feeds {
            let labels = format!("{{log=\"{}\"}}", escaped(feed.log.as_str()));
            let lag = feed.heard.map_or(u64::MAX, |heard| u64::try_from(now.since(heard).as_secs()).unwrap_or(0));
            put("feed_lag_seconds", &labels, lag);
            put("feed_lost", &labels, u64::from(feed.lost.is_some()));
        }
        put("budget_people", "", health.budget.0);
        put("budget_uncounted_total", "", health.budget.1);
        put("decisions_not_logged_total", "", self.setup.decisions.lost());
        for (at, what) in ["taken", "refused", "not_kept"].into_iter().enumerate() {
            put("handovers_total", &format!("{{result=\"{what}\"}}"), self.count_of(at));
        }
        put("connections_total", "", self.connections.opened.load(Ordering::Relaxed));
        put("connections_too_slow_total", "", self.connections.slow.load(Ordering::Relaxed));
        let mut answer = said(StatusCode::OK, "");
        *answer.body_mut() = text.into_bytes().into();
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
        answer
    }

    fn count_of(&self, at: usize) -> u64 {
        self.handed.get(at).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

fn class_json(class: &ClassHealth, now: EventTime) -> Value {
    let of = &class.standing;
    let (mode, why, because) = match &class.mode {
        Mode::Enforcing => ("enforcing", None, None),
        Mode::Watching(why) => ("watching", Some(why.word()), Some(why.words())),
    };
    json!({
        "issuer": of.issuer,
        "class": of.name,
        "mode": mode,
        "why": why,
        "because": because,
        "issued": of.issued,
        "ledger_since": of.epoch,
        "known_until": of.watermark,
        "lag_secs": of.watermark.map(|known| now.since(known).as_secs().max(0)),
        "coverage_by": of.coverage_by,
        "coverage": of.coverage.map(|(share, _)| share),
        "coverage_proven": of.coverage.map(|(_, proven)| proven),
        "gaps": of.gaps,
    })
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
