//! Closing the doors of an entity: what each step asks of the server.
//!
//! An answer of 202 says that revoking is queued: it is said so, and is not done.

use serde_json::{Value, json};
use sever_model::act::{ActError, Action, Cx};
use sever_model::{ApprovedStep, ConnectionId, Door, Operation, Receipt, Said, Secret, StepDraft};

use super::api::{Asker, Question, Server, accept, needed, path, says, text, texts, words};
use super::steps::{self, Settings};
use crate::connector::{Connection, ConnectionError};
use crate::http::Answer;

/// Under which name the cutting token stands in the server's log.
const NAME: &str = "cutting";

/// Closes doors of entities.
struct EntityAction {
    server: Server,
    token: Secret<String>,
    settings: Settings,
}

/// What was said, and in which words.
type Done = Result<(Said, String), ActError>;

/// Opens the closing of doors.
pub(crate) fn open(connection: &Connection) -> Result<Box<dyn Action>, ConnectionError> {
    let deletes = match connection.setting("delete").unwrap_or("false") {
        "true" => true,
        "false" => false,
        other => return Err(connection.wrong(format!("`settings.delete` is `true` or `false`, not `{other}`"))),
    };
    Ok(Box::new(EntityAction {
        server: Server::of(connection)?,
        token: Secret::new(connection.login()?.secret.expose().clone()),
        settings: Settings { connection: connection.id.clone(), deletes },
    }))
}

impl Action for EntityAction {
    fn connection(&self) -> &ConnectionId {
        &self.settings.connection
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        steps::steps(&self.settings, door)
    }

    fn execute(&self, step: &ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let operation = step.operation();
        let bad = |what: &str| Err(ActError::BadStep(format!("{what}: {}", operation.verb)));
        if operation.connection != self.settings.connection {
            return bad("of another connection");
        }
        let Some(perform) = perform(&operation.verb) else { return bad("no such step") };
        if operation.target.is_empty() {
            return bad("of nothing");
        }
        let asker = Asker { server: &self.server, token: self.token.expose(), name: NAME, cx };
        let own = asker.own()?;
        if [text(&own, "entity_id"), text(&own, "accessor")].contains(&operation.target.as_str()) {
            return Err(ActError::Refused("that is what we cut with ourselves".to_owned()));
        }
        let (said, answer) = perform(&asker, operation, cx)?;
        Ok(Receipt { said, answer, at: cx.clock.now() })
    }
}

/// What does a step of a verb.
fn perform(verb: &str) -> Option<fn(&Asker<'_>, &Operation, &Cx<'_>) -> Done> {
    Some(match verb {
        "disable-entity" => |asker, operation, _| disable(asker, operation, true),
        "enable-entity" => |asker, operation, _| disable(asker, operation, false),
        "reset-password" => reset,
        "delete-user" => |asker, operation, _| delete_user(asker, operation),
        "revoke-accessor" => |asker, operation, _| revoke(asker, operation),
        "revoke-below" => |asker, operation, _| revoke_below(asker, operation),
        "destroy-secret-id" => |asker, operation, _| destroy(asker, operation),
        "remove-policy" => |asker, operation, _| policy(asker, operation, Keep::Not),
        "add-policy" => |asker, operation, _| policy(asker, operation, Keep::Too),
        "remove-member" => |asker, operation, _| member(asker, operation, Keep::Not),
        "add-member" => |asker, operation, _| member(asker, operation, Keep::Too),
        _ => return None,
    })
}

fn place(operation: &Operation, parts: &[&str]) -> Result<String, ActError> {
    path(parts).ok_or_else(|| ActError::BadStep(format!("{}: a name that is no part of a path", operation.verb)))
}

fn done(answer: &Answer) -> (Said, String) {
    let said = if answer.status == 202 { Said::Queued } else { Said::Done };
    (said, words(answer))
}

fn disable(asker: &Asker<'_>, operation: &Operation, disabled: bool) -> Done {
    let lacking = "`read` and `update` on `identity/entity/id/+`";
    let place = place(operation, &["identity/entity/id", &operation.target])?;
    let Some(entity) = asker.read(&place, lacking)? else {
        return Ok((Said::Already, "404: there is no such entity".to_owned()));
    };
    if entity.get("disabled").and_then(Value::as_bool) == Some(disabled) {
        return Ok((Said::Already, format!("disabled was {disabled}")));
    }
    asker.change("POST", &place, json!({ "disabled": disabled }), lacking).map(|answer| done(&answer))
}

fn reset(asker: &Asker<'_>, operation: &Operation, cx: &Cx<'_>) -> Done {
    let (mount, door) = (needed(operation, "mount")?, needed(operation, "door")?);
    let place = place(operation, &[mount, "users", &operation.target, "password"])?;
    let secret = cx.secrets.derive(door);
    let answer = asker.ask(&Question { method: "POST", path: &place, body: json!({ "password": secret.expose() }) })?;
    if says(&answer, "username does not exist") {
        return Ok((Said::Already, words(&answer)));
    }
    accept(answer, "`update` on `auth/+/users/+/password`").map(|answer| done(&answer))
}

fn delete_user(asker: &Asker<'_>, operation: &Operation) -> Done {
    let lacking = "`read` and `delete` on `auth/+/users/+`";
    let place = place(operation, &[needed(operation, "mount")?, "users", &operation.target])?;
    if asker.read(&place, lacking)?.is_none() {
        return Ok((Said::Already, "404: there is no such user".to_owned()));
    }
    asker.change("DELETE", &place, Value::Null, lacking).map(|answer| done(&answer))
}

fn revoke(asker: &Asker<'_>, operation: &Operation) -> Done {
    let body = json!({ "accessor": operation.target });
    let answer = asker.ask(&Question { method: "POST", path: "auth/token/revoke-accessor", body })?;
    // OpenBao warns where Vault refuses.
    let warns = texts(&answer.json(), "warnings").iter().any(|it| it.contains("No token found"));
    if warns || says(&answer, "invalid accessor") {
        return Ok((Said::Already, "there is no token of this accessor".to_owned()));
    }
    accept(answer, "`update` on `auth/token/revoke-accessor`").map(|answer| done(&answer))
}

fn revoke_below(asker: &Asker<'_>, operation: &Operation) -> Done {
    // The server itself ends a prefix with a slash, so that `bob` does not stand for `bobby` too. A
    // mount alone would be everybody's.
    if operation.target.split('/').count() < 2 || operation.target.ends_with("/login") {
        return Err(ActError::BadStep("a prefix that is not one leaver's".to_owned()));
    }
    let place = place(operation, &["sys/leases/revoke-prefix", &operation.target])?;
    let lacking = "`update` and `sudo` on `sys/leases/revoke-prefix/*`";
    asker.change("PUT", &place, json!({ "sync": true }), lacking).map(|answer| done(&answer))
}

fn destroy(asker: &Asker<'_>, operation: &Operation) -> Done {
    let (mount, role) = (needed(operation, "mount")?, needed(operation, "role")?);
    let place = place(operation, &[mount, "role", role, "secret-id-accessor/destroy"])?;
    let body = json!({ "secret_id_accessor": operation.target });
    let answer = asker.ask(&Question { method: "POST", path: &place, body })?;
    if says(&answer, "failed to find accessor entry") || says(&answer, "does not exist") {
        return Ok((Said::Already, "there is no secret id of this accessor".to_owned()));
    }
    accept(answer, "`update` on `auth/+/role/+/secret-id-accessor/destroy`").map(|answer| done(&answer))
}

/// Whether a list is to have something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Too,
    Not,
}

impl Keep {
    /// The list as it is to be; `None` where it is so.
    fn in_list(self, list: &[String], what: &str) -> Option<Vec<String>> {
        let has = list.iter().any(|it| it == what);
        match self {
            Keep::Not if has => Some(list.iter().filter(|it| *it != what).cloned().collect()),
            Keep::Too if !has => Some(list.iter().cloned().chain([what.to_owned()]).collect()),
            _ => None,
        }
    }
}

fn policy(asker: &Asker<'_>, operation: &Operation, keep: Keep) -> Done {
    let place = place(operation, &["identity/entity/id", &operation.target])?;
    let what = needed(operation, "policy")?;
    listed(asker, &place, "policies", what, keep, "`read` and `update` on `identity/entity/id/+`")
}

fn member(asker: &Asker<'_>, operation: &Operation, keep: Keep) -> Done {
    let place = place(operation, &["identity/group/id", needed(operation, "group")?])?;
    let what = operation.target.as_str();
    listed(asker, &place, "member_entity_ids", what, keep, "`read` and `update` on `identity/group/id/+`")
}

/// Puts something into a list of an entity or group, or takes it out.
fn listed(asker: &Asker<'_>, place: &str, list: &str, what: &str, keep: Keep, lacking: &str) -> Done {
    let Some(found) = asker.read(place, lacking)? else {
        return match keep {
            Keep::Not => Ok((Said::Already, "404: it is not there".to_owned())),
            Keep::Too => Err(ActError::Refused("404: it is not there".to_owned())),
        };
    };
    let Some(as_wanted) = keep.in_list(&texts(&found, list), what) else {
        return Ok((Said::Already, format!("its {list} are so")));
    };
    asker.change("POST", place, json!({ list: as_wanted }), lacking).map(|answer| done(&answer))
}

#[cfg(test)]
mod tests;
