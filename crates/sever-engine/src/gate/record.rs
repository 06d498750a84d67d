//! A decision as an event: one line of JSON, in the fields that `json-lines` reads without a mapping.
//!
//! So a scan judges what the gate refused, and counts it, as it does any other use. What was allowed was not
//! thereby answered: its outcome is unknown here.

use serde::Serialize;
use sever_model::{ClaimSet, EventTime, Judgement, Row};

use super::{Ask, Decision, Gate};

/// What else a line tells of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told<'a> {
    /// The decision's own id, which the proxy was told.
    pub id: &'a str,
    /// The request's method.
    pub method: &'a str,
    /// What was asked for, without its query.
    pub resource: &'a str,
    /// What the fault of an unreadable token is.
    pub fault: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    time: EventTime,
    kind: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    decision: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    fault: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    judgement: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<ClaimSet>,
    #[serde(skip_serializing_if = "str::is_empty")]
    issuer: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    token_type: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    key_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    credential: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    session: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    parent: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    token_subject: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    audience: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    client: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_at: Option<EventTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<EventTime>,
    #[serde(skip_serializing_if = "str::is_empty")]
    action: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    resource: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    source_ip: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: &'a str,
}

impl Gate {
    /// Writes a decision as a line.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which would be a defect.
    pub fn record(
        &self,
        ask: &Ask<'_>,
        decision: &Decision,
        told: &Told<'_>,
        into: &mut Vec<u8>,
    ) -> Result<(), serde_json::Error> {
        let empty = Row::new(ask.now, sever_model::EventKind::Used, 0);
        let row = ask.presented.map_or(empty, |presented| presented.row);
        let joins_by_hash = decision.class.and_then(|class| self.classes.get(class));
        let joins_by_hash = joins_by_hash.is_some_and(|class| class.join == sever_model::Join::TokenSha256);
        let hash = if joins_by_hash { super::hash_of(ask.token) } else { String::new() };
        let line = Line {
            time: ask.now,
            kind: "used",
            outcome: if decision.refused.is_some() { "refused" } else { "unknown" },
            decision: told.id,
            reason: decision.word(),
            fault: told.fault,
            judgement: decision.judgement.map_or("", |judgement| judgement.word()),
            compared: match decision.judgement {
                Some(Judgement::Issued(claims) | Judgement::Mismatch(claims)) => Some(claims),
                _ => None,
            },
            issuer: row.issuer,
            token_type: row.token_type,
            key_id: row.key_id,
            credential: if hash.is_empty() { row.credential } else { &hash },
            session: row.session,
            parent: row.parent,
            token_subject: row.token_subject,
            audience: row.audience,
            client: row.client,
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            action: told.method,
            resource: told.resource,
            source_ip: ask.source_ip,
            user_agent: ask.user_agent,
        };
        serde_json::to_writer(&mut *into, &line)?;
        into.push(b'\n');
        Ok(())
    }
}
