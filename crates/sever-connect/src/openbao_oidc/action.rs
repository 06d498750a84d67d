//! Rotating a signing key: each step is named by the old key's id, so that doing it again after the
//! rotation sees that it is done. What the issuer signs with now is told by the token that it gives.

use serde_json::json;
use sever_model::act::{ActError, Action, Cx};
use sever_model::{ApprovedStep, ConnectionId, Door, Operation, Receipt, Said, Secret, Span, StepDraft, WallTime};

use super::believer::{Answered, shown, signed_by};
use super::issuer::Issuer;
use super::steps::Settings;
use crate::connector::{Connection, ConnectionError};
use crate::http::Http;
use crate::jwt::Jwt;
use crate::openbao::api::{Asker, needed, path};

/// Under which name our questions stand in the server's log.
const NAME: &str = "rotating";

/// How long is waited between two looks at what others do.
const AGAIN: Span = Span::secs(5);

/// Most verifiers that are waited for.
const VERIFIERS_MAX: usize = 200;

/// Rotates the named key of an issuer.
struct Rotation {
    issuer: Issuer,
    token: Secret<String>,
    settings: Settings,
    verifiers: Vec<(String, Http)>,
}

/// What was said, and in which words.
type Done = Result<(Said, String), ActError>;

/// Opens it.
pub(super) fn open(connection: &Connection) -> Result<Box<dyn Action>, ConnectionError> {
    Ok(Box::new(Rotation {
        issuer: Issuer::of(connection)?,
        token: Secret::new(connection.login()?.secret.expose().clone()),
        settings: Settings::of(connection)?,
        verifiers: verifiers(connection)?,
    }))
}

/// Those who are waited for: `shop=https://…, billing=https://…`.
fn verifiers(connection: &Connection) -> Result<Vec<(String, Http)>, ConnectionError> {
    let mut found = Vec::new();
    let listed = connection.setting("verifiers").unwrap_or_default().split(',').map(str::trim);
    for one in listed.filter(|one| !one.is_empty()) {
        let wrong = || connection.wrong("`settings.verifiers` is `name=https://…, name=https://…`");
        let (name, url) = one.split_once('=').ok_or_else(wrong)?;
        let at = Connection {
            id: connection.id.clone(),
            system: connection.system.clone(),
            url: url.trim().to_owned(),
            settings: connection.settings.clone(),
            login: None,
            twin: None,
        };
        found.push((name.trim().to_owned(), Http::of(&at)?));
    }
    if found.len() > VERIFIERS_MAX {
        return Err(connection.wrong(format!("`settings.verifiers` names more than {VERIFIERS_MAX}")));
    }
    Ok(found)
}

impl Action for Rotation {
    fn connection(&self) -> &ConnectionId {
        &self.settings.connection
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        self.settings.steps(door)
    }

    fn execute(&self, step: &ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let operation = step.operation();
        let bad = |what: &str| Err(ActError::BadStep(format!("{what}: {}", operation.verb)));
        if operation.connection != self.settings.connection {
            return bad("of another connection");
        }
        if operation.target.is_empty() {
            return bad("of nothing");
        }
        let perform = match operation.verb.as_str() {
            "publish-next" => Rotation::publish_next,
            "see-accepted" => Rotation::see_accepted,
            "sign-with-next" => Rotation::sign_with_next,
            "hand-over" => Rotation::hand_over,
            "retire-old" => Rotation::retire_old,
            _ => return bad("no such step"),
        };
        let now = self.issuer.token(NAME, cx)?;
        let (said, answer) = perform(self, operation, &now, cx)?;
        Ok(Receipt { said, answer, at: cx.clock.now() })
    }
}

impl Rotation {
    /// The next key is published, and a token that the old one signed is kept for trying it later.
    fn publish_next(&self, operation: &Operation, now: &Jwt, cx: &Cx<'_>) -> Done {
        let old = &operation.target;
        if now.key_id != *old {
            return Ok(already(now));
        }
        let published = self.issuer.published(NAME, cx)?;
        if !published.contains(old) {
            return Err(ActError::Unexpected("the key that it signs with is not published".to_owned()));
        }
        let others: Vec<&str> = published.iter().filter(|kid| *kid != old).map(String::as_str).collect();
        if others.is_empty() {
            return Err(ActError::Refused(
                "no other key is published, and this issuer makes the next by itself".to_owned(),
            ));
        }
        let first = first_seen(old);
        let seen = cx.secrets.kept(&first).is_some();
        let noted = match seen {
            true => Ok(()),
            false => cx.secrets.keep(&first, &Secret::new(cx.clock.now().micros().to_string())),
        };
        let kept = kept(now, cx);
        let noted = noted.err().map(|why| format!("; since when is not kept: {why}")).unwrap_or_default();
        let said = if seen { Said::Already } else { Said::Done };
        Ok((said, format!("published beside it: {}; {kept}{noted}", others.join(", "))))
    }

    /// The next key has been published for long enough, and the verifiers answer.
    fn see_accepted(&self, operation: &Operation, now: &Jwt, cx: &Cx<'_>) -> Done {
        if now.key_id != operation.target {
            return Ok(already(now));
        }
        let first = first_seen(&operation.target);
        let at = cx.clock.now();
        let seen = cx.secrets.kept(&first).and_then(|text| text.expose().parse::<i64>().ok());
        let since = match seen {
            Some(micros) => WallTime::from_micros(micros),
            None => {
                let noted = cx.secrets.keep(&first, &Secret::new(at.micros().to_string()));
                noted
                    .map_err(|why| ActError::Refused(format!("since when the next key is seen is not kept: {why}")))?;
                at
            }
        };
        let wanted = Span::secs(secs(operation, "published_secs")?);
        let published = at.since(since);
        if published < wanted {
            return Err(ActError::RateLimited(Some(wanted.minus(published))));
        }
        let words = match self.ask_verifiers(&now.text, cx)? {
            Ok(names) => names,
            Err((name, words)) => {
                let what =
                    format!("{name} refuses what the old key signs, too, so that nothing could be told: {words}");
                return Err(ActError::Refused(what));
            }
        };
        Ok((Said::Done, format!("the next key has been published for {} s; {words}", published.as_secs())))
    }

    /// The next key signs.
    fn sign_with_next(&self, operation: &Operation, now: &Jwt, cx: &Cx<'_>) -> Done {
        let old = &operation.target;
        if now.key_id != *old {
            return Ok(already(now));
        }
        let asker = self.issuer.asker(self.token.expose(), NAME, cx);
        asker.own()?;
        let key = needed(operation, "key")?;
        let signs = self.issuer.key_of_role(&asker)?;
        if signs != key {
            let role = self.issuer.role();
            return Err(ActError::Refused(format!("tokens of the role `{role}` are signed by `{signs}`, not `{key}`")));
        }
        // The newest one: it is good for the longest.
        let kept = kept(now, cx);
        rotate(&asker, key, secs(operation, "overlap_secs")?)?;
        let next = self.issuer.token(NAME, cx)?;
        if next.key_id == *old {
            return Err(ActError::Unexpected("it says that it rotated the key, and signs with the old one".to_owned()));
        }
        Ok((Said::Done, format!("it signs with {}; {kept}", next.key_id)))
    }

    /// Each verifier accepts what the next key signs.
    fn hand_over(&self, operation: &Operation, now: &Jwt, cx: &Cx<'_>) -> Done {
        not_with(operation, now)?;
        match self.ask_verifiers(&now.text, cx)? {
            Ok(words) => Ok((Said::Done, words)),
            Err(_) => Err(ActError::RateLimited(Some(AGAIN))),
        }
    }

    /// The old key is published no more.
    fn retire_old(&self, operation: &Operation, now: &Jwt, cx: &Cx<'_>) -> Done {
        not_with(operation, now)?;
        let published = self.issuer.published(NAME, cx)?;
        if published.contains(&operation.target) {
            return Err(ActError::RateLimited(Some(AGAIN)));
        }
        if !published.contains(&now.key_id) {
            return Err(ActError::Unexpected("the key that it signs with is not published".to_owned()));
        }
        let first = first_seen(&operation.target);
        let left = cx.secrets.forget(&first).err().map(|why| format!("; {why}")).unwrap_or_default();
        Ok((Said::Done, format!("published are {} keys, and not the old one{left}", published.len())))
    }

    /// Shows a token to each verifier: who accepts it, or the first that does not.
    fn ask_verifiers(&self, token: &Secret<String>, cx: &Cx<'_>) -> Result<Result<String, (String, String)>, ActError> {
        let mut names = Vec::new();
        for (name, http) in &self.verifiers {
            match shown(http, token, NAME, cx) {
                Answered::Accepted(_) => names.push(name.as_str()),
                Answered::Refused(words) => return Ok(Err((name.clone(), words))),
                Answered::Nothing(_, words) => return Err(ActError::Unreachable(format!("{name}: {words}"))),
            }
        }
        Ok(Ok(match names.is_empty() {
            true => "no verifier is named that could be asked".to_owned(),
            false => format!("accepted by {}", names.join(", ")),
        }))
    }
}

/// Under which purpose it is kept since when the next key is seen beside an old one.
fn first_seen(old: &str) -> String {
    format!("next-published-beside/{old}")
}

/// Keeps a token for trying its key later; in words.
fn kept(token: &Jwt, cx: &Cx<'_>) -> String {
    let until = token.expires_at.map(|at| format!(", which ends at {at}")).unwrap_or_default();
    match cx.secrets.keep(&signed_by(&token.key_id), &token.text) {
        Ok(()) => format!("a token that it signed is kept{until}"),
        // No reason to leave a key that is out in use: its doors are unknown afterwards, and told so.
        Err(why) => format!("a token that it signed is NOT kept, so that it cannot be tried later: {why}"),
    }
}

fn already(now: &Jwt) -> (Said, String) {
    (Said::Already, format!("it signs with {} already", now.key_id))
}

/// That another key than the old one signs now.
fn not_with(operation: &Operation, now: &Jwt) -> Result<(), ActError> {
    match now.key_id == operation.target {
        true => Err(ActError::Refused("it signs with the old key still, or again".to_owned())),
        false => Ok(()),
    }
}

fn secs(operation: &Operation, name: &str) -> Result<i64, ActError> {
    let text = needed(operation, name)?;
    let bad = || ActError::BadStep(format!("{}: `{name}` is no number of seconds", operation.verb));
    text.parse::<u32>().map(i64::from).map_err(|_| bad())
}

/// Lets the next key of a named one sign; the old one is published for so many seconds more.
fn rotate(asker: &Asker<'_>, key: &str, overlap_secs: i64) -> Result<(), ActError> {
    let bad = || ActError::BadStep(format!("`{key}` is no part of a path"));
    let place = path(&["identity/oidc/key", key, "rotate"]).ok_or_else(bad)?;
    let body = json!({ "verification_ttl": overlap_secs });
    asker.change("POST", &place, body, &format!("update on {place}")).map(drop)
}
