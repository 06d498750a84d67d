//! Policy documents: what a policy allows, and whom a role trusts.
//!
//! Everything errs towards *could*: what a statement denies is not taken away, a condition is not
//! weighed, and a resource with a wildcard in its midst is read as everything that begins as it does.
//! Each of these is counted and told.

use serde_json::Value;
use sever_model::Rights;
use sever_model::port::Reason;

use super::actions::{means, rights_of, rights_without};
use crate::members::{list, text, texts};

/// Longest document that is decoded; AWS's own limit is 6,144 characters without spaces.
const DOCUMENT_BYTES_MAX: usize = 1 << 20;

/// What was read more broadly than it is written.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Broadened {
    pub(crate) denials: u64,
    pub(crate) conditions: u64,
    pub(crate) exceptions: u64,
    pub(crate) wildcards: u64,
    pub(crate) variables: u64,
}

/// What a policy allows.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Allowed {
    /// ARNs, or patterns that end in `*`, with rights.
    pub(crate) rights: Vec<(String, Rights)>,
    /// Patterns of roles that may be assumed.
    pub(crate) assumes: Vec<String>,
}

/// Whom a role trusts.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Trusted {
    /// ARNs of users, roles, sessions and whole accounts; account numbers; `*`.
    pub(crate) principals: Vec<String>,
    /// SAML and OIDC providers.
    pub(crate) federated: Vec<String>,
    /// AWS services.
    pub(crate) services: Vec<String>,
}

/// A document: an object, or one as text, perhaps URL-encoded (RFC 3986) as the interface answers it.
pub(crate) fn document(value: &Value) -> Result<Value, Reason> {
    let Some(text) = value.as_str() else { return Ok(value.clone()) };
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(Reason::TooLong);
    }
    let plain = if text.trim_start().starts_with('{') { text.to_owned() } else { decoded(text) };
    serde_json::from_str(&plain).map_err(|error| Reason::Syntax(format!("a policy document: {error}")))
}

/// What the statements of a document allow in a partition (`aws`, `aws-cn`, `aws-us-gov`).
pub(crate) fn allowed(document: &Value, partition: &str, broadened: &mut Broadened) -> Allowed {
    let mut allowed = Allowed::default();
    for statement in statements(document) {
        if text(statement, "/Effect").is_none_or(|effect| !effect.eq_ignore_ascii_case("allow")) {
            broadened.denials += 1;
            continue;
        }
        broadened.conditions += u64::from(statement.get("Condition").is_some());
        let (actions, without) = (texts(statement, "/Action"), texts(statement, "/NotAction"));
        let resources = texts(statement, "/Resource");
        let excepted = statement.get("NotResource").is_some();
        broadened.exceptions += u64::from(excepted) + u64::from(!without.is_empty());
        let mut each = |rights: Rights, service: Option<&str>, assumes: bool| {
            let everything = ["*"];
            let resources: &[&str] = if excepted { &everything } else { &resources };
            for resource in resources {
                let arn = place(resource, service, partition, broadened);
                if assumes {
                    allowed.assumes.push((*resource).to_owned());
                }
                if !rights.is_empty() {
                    allowed.rights.push((arn, rights));
                }
            }
        };
        if !without.is_empty() {
            each(rights_without(&without), None, !without.iter().any(|action| means(action, "sts:AssumeRole")));
        }
        for action in actions {
            let service = action.split_once(':').map(|(service, _)| service).filter(|service| *service != "*");
            each(rights_of(action), service, means(action, "sts:AssumeRole"));
        }
    }
    allowed
}

/// Whom a role's trust policy names.
pub(crate) fn trusted(document: &Value, broadened: &mut Broadened) -> Trusted {
    let mut trusted = Trusted::default();
    for statement in statements(document) {
        if text(statement, "/Effect").is_none_or(|effect| !effect.eq_ignore_ascii_case("allow")) {
            broadened.denials += 1;
            continue;
        }
        broadened.conditions += u64::from(statement.get("Condition").is_some());
        let owned = |pointer| texts(statement, pointer).into_iter().map(str::to_owned);
        if statement.get("NotPrincipal").is_some() {
            broadened.exceptions += 1;
            trusted.principals.push("*".to_owned());
        }
        trusted.principals.extend(owned("/Principal").chain(owned("/Principal/AWS")));
        trusted.federated.extend(owned("/Principal/Federated"));
        trusted.services.extend(owned("/Principal/Service"));
    }
    trusted
}

fn statements(document: &Value) -> &[Value] {
    match document.get("Statement") {
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => list(document, "/Statement"),
    }
}

/// A resource of a statement as one of ours: `*` means all that the action's service has.
fn place(resource: &str, service: Option<&str>, partition: &str, broadened: &mut Broadened) -> String {
    if resource == "*" {
        // Roles are IAM's, whichever service asks for them.
        let service = match service {
            Some(service) if service.eq_ignore_ascii_case("sts") => Some("iam"),
            other => other,
        };
        return match service.filter(|service| !service.contains(['*', '?'])) {
            Some(service) => format!("arn:{partition}:{}:*", service.to_ascii_lowercase()),
            None => "*".to_owned(),
        };
    }
    let variable = resource.find("${").unwrap_or(resource.len());
    let wildcard = resource.find(['*', '?']).unwrap_or(resource.len());
    let end = variable.min(wildcard);
    if end == resource.len() {
        return resource.to_owned();
    }
    broadened.variables += u64::from(variable < wildcard);
    broadened.wildcards += u64::from(wildcard < variable && resource.get(wildcard..) != Some("*"));
    format!("{}*", resource.get(..end).unwrap_or_default())
}

/// Percent-encoded text as it was; what is no encoding stands for itself.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.filter(|_| *byte == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(value) => {
                plain.push(value);
                at += 3;
            }
            None => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests;
