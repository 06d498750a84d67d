//! What is asked of a SCIM server, and what its answers mean (RFC 7644).
//!
//! An answer counts as a user or group only where it is an object with the very id that was asked for:
//! a page of HTML with status 200 is neither a resource nor its absence.

use std::collections::HashSet;

use serde_json::{Value, json};
use sever_model::act::{ActError, Cx};
use sever_model::{Door, DoorKind, Secret, SystemId};

use crate::connector::{Connection, ConnectionError};
use crate::http::{Answer, Ask, Http, encoded};

/// Most pages of one listing that are asked for.
pub(crate) const PAGES_MAX: usize = 10_000;

/// How often a list is listed that shifts meanwhile.
const PASSES_MAX: usize = 3;

/// Resources that are asked for at a time, unless `settings.page` says otherwise.
const PAGE: usize = 100;

/// The message of a change (RFC 7644 §3.5.2).
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Where users are.
pub(crate) const USERS: &str = "/Users";

const MEDIA_TYPE: &str = "application/scim+json";

/// A server, and with what it is asked.
pub(crate) struct Wire {
    http: Http,
    token: Secret<String>,
    /// The system whose accounts it lists.
    pub(crate) system: SystemId,
    page: usize,
}

/// A list of resources, as far as it could be had.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// The resources.
    pub(crate) resources: Vec<Value>,
    /// Why it may not be all of them.
    pub(crate) gap: Option<String>,
}

/// What one pass over a list came to.
enum Pass {
    /// All of it, as far as it could be had.
    Whole(Listed),
    /// It shifted meanwhile; what was seen until then.
    Shifted(Vec<Value>),
}

/// How a change is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// As RFC 7644 says.
    Rfc,
    /// As Microsoft Entra ID writes it.
    Entra,
    /// As Okta writes it.
    Okta,
}

impl Wire {
    pub(crate) fn of(connection: &Connection) -> Result<Wire, ConnectionError> {
        let page = match connection.setting("page") {
            None => PAGE,
            Some(text) => match text.parse() {
                Ok(page) if (1..=10_000).contains(&page) => page,
                _ => return Err(connection.wrong("`settings.page` is not a number from 1 to 10000")),
            },
        };
        Ok(Wire {
            http: Http::of(connection)?,
            token: Secret::new(connection.login()?.secret.expose().clone()),
            system: connection.system.clone(),
            page,
        })
    }

    /// Asks; any answer is one.
    pub(crate) fn ask(&self, ask: Ask<'_>, cx: &Cx<'_>) -> Result<Answer, ActError> {
        let ask = ask.header("accept", MEDIA_TYPE).bearer(self.token.expose());
        self.http.ask(&ask, cx.patience)
    }

    /// A user or group by its id; `None` where the server says that there is none.
    pub(crate) fn resource(&self, path: &str, id: &str, nonce: &str, cx: &Cx<'_>) -> Result<Option<Found>, ActError> {
        let place = format!("{path}/{}", encoded(id));
        let answer = self.ask(Ask::new("GET", &place).header("user-agent", agent(nonce)), cx)?;
        found(&answer, id, path)
    }

    /// Every resource of a list that fits a filter, page by page, of so many at most. A page that fails, a
    /// total that does not fit, and a server that gives the same page again are gaps.
    ///
    /// Pages are counted off (RFC 7644 §3.4.2.4): where somebody removes what was listed already, all else
    /// moves up, and one that nobody touched would be passed over. Where that is seen, all is listed again.
    pub(crate) fn list(&self, path: &str, filter: Option<&str>, pages: usize, cx: &Cx<'_>) -> Result<Listed, ActError> {
        let filter = filter.map(|filter| format!("&filter={}", encoded(filter))).unwrap_or_default();
        let mut all = Vec::new();
        for _ in 0..PASSES_MAX {
            match self.pass(path, &filter, pages, cx)? {
                Pass::Whole(listed) => return Ok(listed),
                Pass::Shifted(resources) => all.extend(resources),
            }
        }
        // What was seen in any pass is there.
        let mut seen = HashSet::new();
        all.retain(|resource| seen.insert(id(resource).to_owned()));
        Ok(Listed { resources: all, gap: Some(format!("{path}: it changes while it is listed")) })
    }

    /// One pass over a list.
    fn pass(&self, path: &str, filter: &str, pages: usize, cx: &Cx<'_>) -> Result<Pass, ActError> {
        let mut listed = Listed::default();
        let mut seen = HashSet::new();
        for _ in 0..pages {
            let before = listed.resources.len();
            // INVARIANT: each page but the first begins with the last that is listed, so that what was
            // removed or added before it shows.
            let again = before.min(1);
            let (start, count) = (before + 1 - again, self.page + again);
            let place = format!("{path}?startIndex={start}&count={count}{filter}");
            let page = self.ask(Ask::new("GET", &place), cx).and_then(|answer| page(&answer, path));
            let mut page = match page {
                Ok(page) => page,
                Err(error) if before == 0 => return Err(error),
                Err(error) => {
                    listed.gap = Some(format!("{path}: a page from {start} on failed: {error}"));
                    return Ok(Pass::Whole(listed));
                }
            };
            if let Some(last) = listed.resources.last() {
                let first = page.resources.first();
                if first.map(id) == Some(id(last)) {
                    page.resources.remove(0);
                } else if first.map(id) != listed.resources.first().map(id) {
                    return Ok(Pass::Shifted(listed.resources));
                }
            }
            let length = page.resources.len();
            listed
                .resources
                .extend(page.resources.into_iter().filter(|it| !id(it).is_empty() && seen.insert(id(it).to_owned())));
            let (total, have) = (page.total, listed.resources.len());
            if length > have - before {
                listed.gap =
                    Some(format!("{path}: what was listed came again: it says {total}, and {have} were listed"));
                return Ok(Pass::Whole(listed));
            }
            if before > 0 && length > 0 && total <= before {
                listed.gap = Some(format!("{path}: says that there are {total}, and lists more"));
            }
            if length == 0 || (length < self.page && have >= total) {
                if have < total {
                    listed.gap = Some(format!("{path}: says that there are {total}, and lists {have}"));
                }
                return Ok(Pass::Whole(listed));
            }
        }
        listed.gap = Some(format!("{path}: more than {pages} pages"));
        Ok(Pass::Whole(listed))
    }
}

fn id(resource: &Value) -> &str {
    resource.get("id").and_then(Value::as_str).unwrap_or_default()
}

/// A resource, and by what a change can be bound to it as it is.
#[derive(Debug)]
pub(crate) struct Found {
    /// The resource.
    pub(crate) resource: Value,
    /// Its version, where the server has versions.
    pub(crate) version: Option<String>,
}

/// One page.
struct Page {
    resources: Vec<Value>,
    total: usize,
}

/// What an answer to a question for one resource says.
pub(crate) fn found(answer: &Answer, id: &str, path: &str) -> Result<Option<Found>, ActError> {
    if answer.status == 404 {
        return Ok(None);
    }
    if !answer.is_success() {
        return Err(refusal(answer, path));
    }
    let resource = answer.json();
    if resource.get("id").and_then(Value::as_str) != Some(id) {
        return Err(ActError::Unexpected(format!("GET {path}: {}, and not the resource asked for", answer.status)));
    }
    // Not the header: a framework's own tag of the answer is none of the resource's.
    let version = resource.pointer("/meta/version").and_then(Value::as_str).map(str::to_owned);
    Ok(Some(Found { resource, version }))
}

fn page(answer: &Answer, path: &str) -> Result<Page, ActError> {
    if !answer.is_success() {
        return Err(refusal(answer, path));
    }
    let mut body = answer.json();
    let total = body.get("totalResults").and_then(Value::as_u64);
    let total = total.ok_or_else(|| ActError::Unexpected(format!("GET {path}: no list of resources")))?;
    // RFC 7644 §3.4.2: `Resources` may be absent where there are none.
    let resources = match body.get_mut("Resources").map(Value::take) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(resources)) => resources,
        Some(_) => return Err(ActError::Unexpected(format!("GET {path}: `Resources` is no array"))),
    };
    Ok(Page { resources, total: usize::try_from(total).unwrap_or(usize::MAX) })
}

/// Why an answer to a change is none that helps: where the server itself failed, it may have been done.
pub(crate) fn undone(answer: &Answer, path: &str) -> ActError {
    match answer.status {
        500 | 502 | 504..=599 => ActError::LostAnswer(format!("{path}: {}", answer.status)),
        _ => refusal(answer, path),
    }
}

/// Why an answer to a question is none that helps.
pub(crate) fn refusal(answer: &Answer, path: &str) -> ActError {
    match answer.status {
        401 => ActError::NotAllowed { what: answer.quote(), lacking: "a bearer token that is valid".to_owned() },
        403 => ActError::NotAllowed { what: answer.quote(), lacking: format!("a token whose scope includes {path}") },
        429 => ActError::RateLimited(answer.retry_after()),
        503 => ActError::RateLimited(answer.retry_after()),
        502 | 504 => ActError::Unreachable(format!("{path}: {}", answer.status)),
        400..=499 => ActError::Refused(format!("{path}: {}", answer.quote())),
        _ => ActError::Unexpected(format!("{path}: status {}", answer.status)),
    }
}

/// Whose a door is: as its listing said, else by its account.
pub(crate) fn user_of(door: &Door) -> &str {
    match (door.attribute("user"), door.kind) {
        ("", DoorKind::Login) => &door.native,
        ("", _) => door.account.as_ref().map_or("", |account| account.native()),
        (user, _) => user,
    }
}

/// As whom we ask, so that the judge knows a probe's traces.
pub(crate) fn agent(nonce: &str) -> String {
    match nonce {
        "" => "severance".to_owned(),
        nonce => format!("severance ({nonce})"),
    }
}

/// Whether a user is active. Some servers write it as a text; one that says nothing has not switched the
/// user off.
pub(crate) fn is_active(user: &Value) -> bool {
    match user.get("active") {
        Some(Value::Bool(active)) => *active,
        Some(Value::String(active)) => !active.trim().eq_ignore_ascii_case("false"),
        _ => true,
    }
}

/// Whether a group, as it is shown, has a member.
pub(crate) fn has_member(group: &Value, user: &str) -> bool {
    has_value(group, "members", user)
}

/// Whether one of the values of an attribute is this one.
pub(crate) fn has_value(resource: &Value, attribute: &str, value: &str) -> bool {
    values(resource, attribute).any(|it| it == value)
}

/// The values of an attribute that has several (RFC 7643 §2.4); some servers write one as it stands.
pub(crate) fn values<'a>(resource: &'a Value, attribute: &str) -> impl Iterator<Item = &'a str> {
    let (many, one) = match resource.get(attribute) {
        Some(Value::Array(many)) => (many.as_slice(), None),
        one => (&[] as &[Value], one),
    };
    many.iter().chain(one).filter_map(|it| it.get("value").unwrap_or(it).as_str())
}

impl Dialect {
    /// A change of whether a user is active.
    pub(crate) fn activity(self, active: bool) -> Value {
        let operation = match self {
            Dialect::Rfc => json!({ "op": "replace", "path": "active", "value": active }),
            // Entra writes the truth value as a text that begins with a capital.
            Dialect::Entra => {
                json!({ "op": "Replace", "path": "active", "value": if active { "True" } else { "False" } })
            }
            Dialect::Okta => json!({ "op": "replace", "value": { "active": active } }),
        };
        patch(operation)
    }

    /// A value taken out of an attribute that has several.
    pub(crate) fn removal(self, attribute: &str, value: &str) -> Value {
        let path = format!("{attribute}[value eq {}]", json!(value));
        patch(json!({ "op": self.word("remove"), "path": path }))
    }

    /// A value put into an attribute that has several.
    pub(crate) fn addition(self, attribute: &str, value: &str) -> Value {
        patch(json!({ "op": self.word("add"), "path": attribute, "value": [{ "value": value }] }))
    }

    fn word(self, word: &str) -> String {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if self == Dialect::Entra => format!("{}{}", first.to_ascii_uppercase(), letters.as_str()),
            _ => word.to_owned(),
        }
    }
}

fn patch(operation: Value) -> Value {
    json!({ "schemas": [PATCH], "Operations": [operation] })
}

#[cfg(test)]
mod tests;
