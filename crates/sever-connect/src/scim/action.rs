//! Closes doors: `active` becomes false, memberships are taken out, a user is deleted where that is wanted.
//!
//! Each step reads first, so that it can say that it was so already, and binds its change to the version
//! that it read. What the server answers to the change is the receipt; that it is true shows only a probe.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sever_model::act::{ActError, Action, Cx};
use sever_model::{ApprovedStep, ConnectionId, Door, DoorKind, Inverse, Operation, Phase, Receipt, Said, StepDraft};

use super::connector::WINDOW;
use super::doors::RIGHTS;
use super::wire::{Dialect, Found, Wire, has_member, has_value, is_active, refusal};
use crate::connector::{Connection, ConnectionError};
use crate::http::{Answer, Ask, encoded};

/// How often a change is made anew when somebody else changed the resource meanwhile.
const ATTEMPTS: usize = 3;

/// Closes doors of users.
pub(crate) struct Cutting {
    connection: ConnectionId,
    wire: Wire,
    dialect: Dialect,
    delete: bool,
}

impl Cutting {
    pub(crate) fn open(connection: &Connection) -> Result<Cutting, ConnectionError> {
        let dialect = match connection.setting("dialect").unwrap_or("rfc") {
            "rfc" => Dialect::Rfc,
            "entra" => Dialect::Entra,
            "okta" => Dialect::Okta,
            other => {
                return Err(connection.wrong(format!("`settings.dialect` is `rfc`, `entra` or `okta`, not `{other}`")));
            }
        };
        let delete = match connection.setting("delete").unwrap_or("false") {
            "true" => true,
            "false" => false,
            other => return Err(connection.wrong(format!("`settings.delete` is `true` or `false`, not `{other}`"))),
        };
        Ok(Cutting { connection: connection.id.clone(), wire: Wire::of(connection)?, dialect, delete })
    }

    fn operation(&self, verb: &str, target: &str, arguments: &[(&str, &str)]) -> Operation {
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Operation {
            connection: self.connection.clone(),
            verb: verb.to_owned(),
            target: target.to_owned(),
            arguments: arguments.collect(),
        }
    }

    fn login_steps(&self, user: &str) -> Vec<StepDraft> {
        let mut steps = vec![StepDraft {
            phase: Phase::Contain,
            operation: self.operation("deactivate-user", user, &[]),
            how: "set `active` to false".to_owned(),
            reason: "no new sign-in from then on, and the user cannot undo it".to_owned(),
            inverse: Inverse::By(self.operation("activate-user", user, &[])),
            breaks: vec!["what runs in this user's name stops where the application looks at `active`".to_owned()],
            replaces_secret: false,
            window: WINDOW,
            after: Vec::new(),
        }];
        if self.delete {
            steps.push(StepDraft {
                phase: Phase::Cut,
                operation: self.operation("delete-user", user, &[]),
                how: "delete the user".to_owned(),
                reason: "last: what belongs to them goes with them, and nothing brings it back".to_owned(),
                inverse: Inverse::None,
                breaks: vec!["what the user owns in the application may be deleted with them".to_owned()],
                replaces_secret: false,
                window: WINDOW,
                after: Vec::new(),
            });
        }
        steps
    }

    /// Takes a value out of a resource, or puts it in.
    fn change_value(&self, step: &ValueStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let there = |found: &Found| match step.attribute {
            "members" => has_member(&found.resource, step.value),
            attribute => has_value(&found.resource, attribute, step.value),
        };
        let body = match step.remove {
            true => self.dialect.removal(step.attribute, step.value),
            false => self.dialect.addition(step.attribute, step.value),
        };
        let is_so = |found: &Found| there(found) != step.remove;
        self.change(step.path, step.id, step.remove, &is_so, &body, cx)
    }

    /// Reads, changes what is not yet so, and says what was answered. `absent_is_so`: a resource that is
    /// not there has nothing to be taken out of.
    fn change(
        &self,
        path: &str,
        id: &str,
        absent_is_so: bool,
        is_so: &dyn Fn(&Found) -> bool,
        body: &Value,
        cx: &Cx<'_>,
    ) -> Result<Receipt, ActError> {
        let place = format!("{path}/{}", encoded(id));
        for _ in 0..ATTEMPTS {
            let found = match self.wire.resource(path, id, "", cx)? {
                Some(found) => found,
                None if absent_is_so => return Ok(receipt(Said::Already, "404: it is not there", cx)),
                None => return Err(ActError::Refused(format!("{path}: there is no such resource"))),
            };
            if is_so(&found) {
                return Ok(receipt(Said::Already, "it is so already", cx));
            }
            let mut ask = Ask::new("PATCH", &place).body("application/scim+json", body.to_string());
            if let Some(version) = &found.version {
                ask = ask.header("if-match", version.clone());
            }
            let answer = self.wire.ask(ask, cx)?;
            let unknown = matches!(answer.status, 405 | 501);
            let answer = match self.dialect == Dialect::Okta && unknown && path == "/Users" {
                true => self.put(&place, &found, body, cx)?,
                false => answer,
            };
            if answer.status != 412 {
                return done(&answer, path, cx);
            }
        }
        Err(ActError::Unexpected(format!("{path}: it was changed by somebody else, {ATTEMPTS} times in a row")))
    }

    /// The whole user, with what is to change in it: for servers that know no `PATCH`.
    fn put(&self, place: &str, found: &Found, body: &Value, cx: &Cx<'_>) -> Result<Answer, ActError> {
        let active = body.pointer("/Operations/0/value/active").and_then(Value::as_bool);
        let (Some(active), Some(user)) = (active, found.resource.as_object()) else {
            return Err(ActError::Refused("it knows no PATCH".to_owned()));
        };
        let mut user = user.clone();
        user.insert("active".to_owned(), json!(active));
        // What the server alone may write.
        user.remove("meta");
        user.remove("groups");
        let mut ask = Ask::new("PUT", place).body("application/scim+json", Value::Object(user).to_string());
        if let Some(version) = &found.version {
            ask = ask.header("if-match", version.clone());
        }
        self.wire.ask(ask, cx)
    }

    fn delete(&self, user: &str, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let answer = self.wire.ask(Ask::new("DELETE", &format!("/Users/{}", encoded(user))), cx)?;
        match answer.status {
            404 => Ok(receipt(Said::Already, "404: it is not there", cx)),
            _ => done(&answer, "/Users", cx),
        }
    }
}

/// A value of an attribute of a resource, and whether it is to go.
struct ValueStep<'a> {
    path: &'static str,
    id: &'a str,
    attribute: &'a str,
    value: &'a str,
    remove: bool,
}

impl Action for Cutting {
    fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        let user = door.attribute("user");
        match door.kind {
            DoorKind::Login => return self.login_steps(if user.is_empty() { &door.native } else { user }),
            DoorKind::Membership if !user.is_empty() => {}
            _ => return Vec::new(),
        }
        let (group, attribute, value) = (door.attribute("group"), door.attribute("attribute"), door.attribute("value"));
        let (how, take, give) = match group {
            "" if RIGHTS.iter().any(|(name, _)| *name == attribute) => (
                format!("take `{value}` out of `{attribute}`"),
                self.operation("remove-value", user, &[("attribute", attribute), ("value", value)]),
                self.operation("add-value", user, &[("attribute", attribute), ("value", value)]),
            ),
            "" => return Vec::new(),
            group => (
                "take the user out of the group".to_owned(),
                self.operation("remove-member", group, &[("user", user)]),
                self.operation("add-member", group, &[("user", user)]),
            ),
        };
        vec![StepDraft {
            phase: Phase::Cut,
            operation: take,
            how,
            reason: "after the login: a user who is switched on again, by whatever way, has no rights then".to_owned(),
            inverse: Inverse::By(give),
            breaks: Vec::new(),
            replaces_secret: false,
            window: WINDOW,
            after: Vec::new(),
        }]
    }

    fn execute(&self, step: &ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let operation = step.operation();
        if operation.connection != self.connection {
            return Err(ActError::BadStep(format!("it is of `{}`", operation.connection)));
        }
        let target = operation.target.as_str();
        let argument = |name: &str| argument(&operation.arguments, name);
        let activity = |active: bool| {
            let is_so = |found: &Found| is_active(&found.resource) == active;
            self.change("/Users", target, !active, &is_so, &self.dialect.activity(active), cx)
        };
        let member = |remove: bool| {
            let user = argument("user")?;
            let step = ValueStep { path: "/Groups", id: target, attribute: "members", value: user, remove };
            self.change_value(&step, cx)
        };
        let right = |remove: bool| {
            let (attribute, value) = (argument("attribute")?, argument("value")?);
            if !RIGHTS.iter().any(|(name, _)| *name == attribute) {
                return Err(ActError::BadStep(format!("`{attribute}` is no attribute of rights")));
            }
            self.change_value(&ValueStep { path: "/Users", id: target, attribute, value, remove }, cx)
        };
        match operation.verb.as_str() {
            "deactivate-user" => activity(false),
            "activate-user" => activity(true),
            "remove-member" => member(true),
            "add-member" => member(false),
            "remove-value" => right(true),
            "add-value" => right(false),
            "delete-user" if self.delete => self.delete(target, cx),
            other => Err(ActError::BadStep(format!("`{other}` is not a verb of SCIM's, or not allowed by `settings`"))),
        }
    }
}

fn argument<'a>(arguments: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, ActError> {
    arguments.get(name).map(String::as_str).ok_or_else(|| ActError::BadStep(format!("it names no {name}")))
}

/// The receipt for a change that was answered.
fn done(answer: &Answer, path: &str, cx: &Cx<'_>) -> Result<Receipt, ActError> {
    match answer.status {
        202 => Ok(receipt(Said::Queued, "202", cx)),
        // The body is the user's record, and none of the proof's business.
        200..=299 => Ok(receipt(Said::Done, &answer.status.to_string(), cx)),
        _ => Err(refusal(answer, path)),
    }
}

fn receipt(said: Said, answer: &str, cx: &Cx<'_>) -> Receipt {
    Receipt { said, answer: answer.to_owned(), at: cx.clock.now() }
}
