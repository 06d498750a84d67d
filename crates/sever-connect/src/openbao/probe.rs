//! Trying the doors of an entity: presenting the secret, and looking with another token than the one
//! that cuts.
//!
//! Every token that trying makes is revoked by itself before the verdict. A secret that ends with its
//! uses is not presented: that would take one of them. The nonce is in the user agent, and as the name
//! of a user that nobody has, which is the negative control and stands in the audit log's path.

use serde_json::{Value, json};
use sever_model::act::{ActError, Cx, Probe, Trial, Tried};
use sever_model::{Control, ControlKind, Door, DoorKind, DoorState, Secret, Span, UnknownWhy, VerdictStrength};

use super::api::{Asker, Question, Server, path, says, text, texts, time, unknown, words};
use super::verdict::{self, Controls, Entry, Otherwise, Standing};
use crate::connector::{Connection, ConnectionError, Login};
use crate::http::Answer;

/// Tries doors of entities.
struct EntityProbe {
    server: Server,
    token: Option<Secret<String>>,
    twin: Option<Login>,
    /// Where the twin signs in.
    twin_mount: String,
}

/// One trial under way.
struct Trying<'a> {
    probe: &'a EntityProbe,
    /// With our probing token; none of it where there is none.
    asker: Asker<'a>,
    nonce: &'a str,
    cx: &'a Cx<'a>,
}

/// The twin, signed in.
struct Twin {
    token: Secret<String>,
    accessor: String,
    entity: String,
}

/// Opens the trying of doors.
pub(crate) fn open(connection: &Connection) -> Result<Box<dyn Probe>, ConnectionError> {
    let copy = |login: &Login| Login { user: login.user.clone(), secret: Secret::new(login.secret.expose().clone()) };
    Ok(Box::new(EntityProbe {
        server: Server::of(connection)?,
        token: connection.login.as_ref().map(|login| Secret::new(login.secret.expose().clone())),
        twin: connection.twin.as_ref().map(copy),
        twin_mount: connection.setting("twin_mount").unwrap_or("auth/userpass").trim_matches('/').to_owned(),
    }))
}

impl Probe for EntityProbe {
    fn window(&self, _door: &Door) -> Span {
        Span::ZERO
    }

    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let token = self.token.as_ref().map_or("", |token| token.expose().as_str());
        let asker = Asker { server: &self.server, token, name: trial.nonce, cx };
        let trying = Trying { probe: self, asker, nonce: trial.nonce, cx };
        trying.door(door, trial)
    }
}

impl Trying<'_> {
    fn door(&self, door: &Door, trial: &Trial<'_>) -> Tried {
        match door.kind {
            DoorKind::Login => self.login(door, trial),
            DoorKind::AccessToken if !door.attribute("batch").is_empty() => {
                let entry = trial.secret.map(|secret| self.present(secret, None));
                let controls = self.controls(Beside::Tokens);
                verdict::batch(entry, self.entity(door.attribute("entity")), door.until, controls)
            }
            DoorKind::Session | DoorKind::ApiKey => {
                match (door.attribute("accessor"), door.attribute("secret_accessor"), door.attribute("prefix")) {
                    ("", "", "") => none(),
                    ("", "", prefix) => self.leases(prefix),
                    ("", _, _) => self.secret_id(door, trial),
                    (accessor, _, _) => self.token(door, accessor, trial),
                }
            }
            DoorKind::Membership => self.membership(door),
            _ => none(),
        }
    }

    fn login(&self, door: &Door, trial: &Trial<'_>) -> Tried {
        let (mount, name) = (door.attribute("mount"), door.attribute("name"));
        let is_userpass = door.attribute("type") == "userpass";
        let ours = trial.replaced.then(|| self.cx.secrets.derive(door.id.as_str()));
        let secret = ours.as_ref().or(trial.secret).filter(|_| is_userpass);
        let entry = secret.map(|secret| self.sign_in(mount, name, json!({ "password": secret.expose() })).0);
        if let Some(Entry::LetIn(evidence, until)) = entry {
            let (state, strength) = (DoorState::Open { until }, VerdictStrength::Tried);
            return Tried { state, strength, evidence, controls: Vec::new() };
        }
        let controls = self.controls(Beside::Logins);
        if !is_userpass {
            return verdict::login(None, self.entity(door.attribute("entity")), Otherwise::Hidden, controls);
        }
        let place = path(&[mount, "users", name]).unwrap_or_default();
        let user = self.asker.read(&place, "`read` on `auth/+/users/+`");
        let standing = match &user {
            Ok(None) => Standing::Gone,
            Ok(Some(_)) => match self.entity(door.attribute("entity")) {
                // Signing in makes an entity for whom has none.
                Standing::Gone => Standing::There(None),
                standing => standing,
            },
            Err(error) => hidden(error),
        };
        let bound = user.ok().flatten().is_some_and(|user| !texts(&user, "token_bound_cidrs").is_empty());
        let otherwise =
            if bound { Otherwise::LockedOrBound } else { self.locked(door.attribute("mount_accessor"), name) };
        verdict::login(entry, standing, otherwise, controls)
    }

    /// Whether a user is locked out for a while.
    fn locked(&self, mount_accessor: &str, name: &str) -> Otherwise {
        let Ok(Some(found)) = self.asker.read("sys/locked-users", "`read` on `sys/locked-users`") else {
            return Otherwise::Hidden;
        };
        let spaces = found.get("by_namespace").and_then(Value::as_array).into_iter().flatten();
        let mounts = spaces.filter_map(|it| it.get("mount_accessors").and_then(Value::as_array)).flatten();
        let locked = mounts
            .filter(|it| mount_accessor.is_empty() || text(it, "mount_accessor") == mount_accessor)
            .any(|it| texts(it, "alias_identifiers").iter().any(|it| it == name));
        if locked { Otherwise::LockedOrBound } else { Otherwise::Nothing }
    }

    fn token(&self, door: &Door, accessor: &str, trial: &Trial<'_>) -> Tried {
        let spends = !matches!(door.attribute("uses"), "" | "0");
        let entry = trial.secret.filter(|_| !spends).map(|secret| self.present(secret, Some(accessor)));
        let controls = self.controls(Beside::Tokens);
        verdict::token(entry, self.accessor(accessor), controls)
    }

    fn secret_id(&self, door: &Door, trial: &Trial<'_>) -> Tried {
        let (mount, role, accessor) =
            (door.attribute("mount"), door.attribute("role"), door.attribute("secret_accessor"));
        let spends = !matches!(door.attribute("uses"), "" | "0");
        let entry = trial.secret.filter(|_| !spends).map(|secret| {
            let body = json!({ "role_id": door.attribute("role_id"), "secret_id": secret.expose() });
            self.sign_in(mount, "", body).0
        });
        let place = path(&[mount, "role", role, "secret-id-accessor/lookup"]).unwrap_or_default();
        let body = json!({ "secret_id_accessor": accessor });
        let standing = match self.asker.ask(&Question { method: "POST", path: &place, body }) {
            Ok(answer) if says(&answer, "failed to find accessor entry") => Standing::Gone,
            Ok(answer) if answer.is_success() && answer.json().get("data").is_some_and(Value::is_object) => {
                match self.entity(door.attribute("entity")) {
                    Standing::Contained(_) => Standing::Contained(door.until),
                    _ => Standing::There(door.until),
                }
            }
            Ok(answer) => hidden(&refused(&answer, "`update` on `auth/+/role/+/secret-id-accessor/lookup`")),
            Err(error) => hidden(&error),
        };
        let mut controls = self.controls(Beside::Logins);
        let place = path(&[mount, "role", role, "role-id"]).unwrap_or_default();
        let read = self.asker.read(&place, "`read` on `auth/+/role/+/role-id`");
        controls.0.push(Control {
            kind: ControlKind::Positive,
            what: format!("our token sees role {role}"),
            held: matches!(&read, Ok(Some(_))),
            answer: read.map_or_else(|error| error.to_string(), |_| "200".to_owned()),
        });
        verdict::token(entry, standing, controls)
    }

    fn membership(&self, door: &Door) -> Tried {
        let (entity, policy, group) = (door.attribute("entity"), door.attribute("policy"), door.attribute("group"));
        let (place, list, what, lacking) = if group.is_empty() {
            (path(&["identity/entity/id", entity]), "policies", policy, "`read` on `identity/entity/id/+`")
        } else {
            (path(&["identity/group/id", group]), "member_entity_ids", entity, "`read` on `identity/group/id/+`")
        };
        let standing = match self.asker.read(&place.unwrap_or_default(), lacking) {
            Ok(None) => Standing::Gone,
            Ok(Some(found)) if texts(&found, list).iter().any(|it| it == what) => Standing::There(None),
            Ok(Some(_)) => Standing::Gone,
            Err(error) => hidden(&error),
        };
        let word = if standing == Standing::Gone { "lacks" } else { "has" };
        let controls = self.controls(Beside::Logins);
        verdict::seen(standing, format!("{list} {word} it"), controls)
    }

    fn leases(&self, prefix: &str) -> Tried {
        let list = |place: &str| self.asker.list(&format!("{place}/"), "`list` and `sudo` on `sys/leases/lookup/*`");
        let place = path(&["sys/leases/lookup", prefix]).unwrap_or_default();
        let standing = match list(&place) {
            Ok(leases) if leases.is_empty() => Standing::Gone,
            Ok(_) => Standing::There(None),
            Err(error) => hidden(&error),
        };
        let controls = self.controls(Beside::Leases);
        verdict::seen(standing, format!("leases below {prefix}"), controls)
    }

    /// How an entity stands.
    fn entity(&self, id: &str) -> Standing {
        let Some(place) = path(&["identity/entity/id", id]) else { return Standing::There(None) };
        match self.asker.read(&place, "`read` on `identity/entity/id/+`") {
            Ok(None) => Standing::Gone,
            Ok(Some(entity)) if entity.get("disabled") == Some(&Value::Bool(true)) => Standing::Contained(None),
            Ok(Some(_)) => Standing::There(None),
            Err(error) => hidden(&error),
        }
    }

    /// How a token stands, by its accessor.
    fn accessor(&self, accessor: &str) -> Standing {
        let body = json!({ "accessor": accessor });
        let answer = match self.asker.ask(&Question { method: "POST", path: "auth/token/lookup-accessor", body }) {
            Ok(answer) => answer,
            Err(error) => return hidden(&error),
        };
        if matches!(answer.status, 400 | 403 | 404) && says(&answer, "invalid accessor") {
            return Standing::Gone;
        }
        let data = answer.json().get("data").cloned().unwrap_or_default();
        if !answer.is_success() || text(&data, "accessor") != accessor {
            return hidden(&refused(&answer, "`update` on `auth/token/lookup-accessor`"));
        }
        let until = time(&data, "expire_time");
        match text(&data, "entity_id") {
            "" => Standing::There(until),
            entity => match self.entity(entity) {
                Standing::Contained(_) => Standing::Contained(until),
                _ => Standing::There(until),
            },
        }
    }

    /// Presents a token to the server, as its own; with the accessor that it must have.
    fn present(&self, secret: &Secret<String>, accessor: Option<&str>) -> Entry {
        let asker = Asker { server: &self.probe.server, token: secret.expose(), name: self.nonce, cx: self.cx };
        let answer = asker.ask(&Question { method: "GET", path: "auth/token/lookup-self", body: Value::Null });
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return no_answer(&error),
        };
        let data = answer.json().get("data").cloned().unwrap_or_default();
        match (answer.status, accessor) {
            (200, Some(accessor)) if text(&data, "accessor") != accessor => {
                Entry::NoAnswer(UnknownWhy::ControlFailed, "what was presented is another token, or none".to_owned())
            }
            (200, _) if data.get("policies").is_some() => {
                Entry::LetIn("200: lookup-self took it".to_owned(), time(&data, "expire_time"))
            }
            (403, _) => Entry::Denied(words(&answer)),
            _ => Entry::NoAnswer(UnknownWhy::Unexpected, words(&answer)),
        }
    }

    /// Signs in, and lets the token that comes of it go at once unless it is asked for.
    fn sign_in(&self, mount: &str, name: &str, body: Value) -> (Entry, Option<Twin>) {
        let parts: &[&str] = if name.is_empty() { &[mount, "login"] } else { &[mount, "login", name] };
        let Some(place) = path(parts) else {
            return (Entry::NoAnswer(UnknownWhy::NoProbe, "a name that is no part of a path".to_owned()), None);
        };
        let asker = Asker { server: &self.probe.server, token: "", name: self.nonce, cx: self.cx };
        let answer = match asker.ask(&Question { method: "POST", path: &place, body }) {
            Ok(answer) => answer,
            Err(error) => return (no_answer(&error), None),
        };
        let auth = answer.json().get("auth").cloned().unwrap_or_default();
        match answer.status {
            200 if !text(&auth, "client_token").is_empty() => {
                let twin = Twin {
                    token: Secret::new(text(&auth, "client_token").to_owned()),
                    accessor: text(&auth, "accessor").to_owned(),
                    entity: text(&auth, "entity_id").to_owned(),
                };
                if parts.len() == 3 && self.is_twin(mount, name) {
                    return (Entry::LetIn("200: let in".to_owned(), None), Some(twin));
                }
                let left = self.let_go(&twin);
                (Entry::LetIn(format!("200: let in{left}"), None), None)
            }
            // A password that was right, and is not enough.
            200 if auth.get("mfa_requirement").is_some_and(Value::is_object) => (
                Entry::NoAnswer(
                    UnknownWhy::NotPermitted,
                    "200: the password is right, a second factor is asked".to_owned(),
                ),
                None,
            ),
            403 => (Entry::Denied(words(&answer)), None),
            400 if says(&answer, "invalid username or password") || says(&answer, "invalid role or secret ID") => {
                (Entry::Wrong(words(&answer)), None)
            }
            _ => (Entry::NoAnswer(UnknownWhy::Unexpected, words(&answer)), None),
        }
    }

    fn is_twin(&self, mount: &str, name: &str) -> bool {
        mount == self.probe.twin_mount && self.probe.twin.as_ref().is_some_and(|twin| twin.user == name)
    }

    /// Revokes a token that trying made; what is to be said if that fails.
    fn let_go(&self, twin: &Twin) -> String {
        let asker = Asker { server: &self.probe.server, token: twin.token.expose(), name: self.nonce, cx: self.cx };
        match asker.change("POST", "auth/token/revoke-self", Value::Null, "the policy `default`") {
            Ok(_) => String::new(),
            // A batch token: it cannot be.
            Err(error) => format!(", and the token that was made is not revoked: {error}"),
        }
    }

    /// What is tried beside a door: the twin signs in and is taken where the door's secret would be, and
    /// our token sees it; what nobody was given is not taken.
    fn controls(&self, what: Beside) -> Controls {
        let positive = |what: &str, answer: String, held: bool| Control {
            kind: ControlKind::Positive,
            what: what.to_owned(),
            answer,
            held,
        };
        let Some(login) = &self.probe.twin else {
            let none = positive("the twin signs in now", "no twin is configured".to_owned(), false);
            return Controls(vec![none]);
        };
        let body = json!({ "password": login.secret.expose() });
        let (entry, twin) = self.sign_in(&self.probe.twin_mount, &login.user, body);
        let Some(twin) = twin else {
            return Controls(vec![positive("the twin signs in now", entry.words(), false)]);
        };
        let mut controls = vec![positive("the twin signs in now", entry.words(), true)];
        match what {
            Beside::Logins => {
                let sees = self.entity(&twin.entity);
                let held = sees == Standing::There(None);
                controls.push(positive("our token sees the twin's entity, enabled", format!("{sees:?}"), held));
                let nobody = self.sign_in(&self.probe.twin_mount, self.nonce, json!({ "password": self.nonce })).0;
                // Asked often enough, a name that nobody has is locked out too.
                let held = matches!(nobody, Entry::Wrong(_) | Entry::Denied(_));
                controls.push(negative("a user that nobody made", &nobody, held));
            }
            Beside::Tokens => {
                let taken = self.present(&twin.token, Some(&twin.accessor));
                let held = matches!(taken, Entry::LetIn(..));
                controls.push(positive("the twin's token is taken at the same path", taken.words(), held));
                let sees = matches!(self.accessor(&twin.accessor), Standing::There(_));
                controls.push(positive("our token sees the twin's by its accessor", sees.to_string(), sees));
                // As long as a token, and never issued.
                let derived = self.cx.secrets.derive(self.nonce);
                let never = format!("s.{}", derived.expose().replace('-', "x").chars().take(24).collect::<String>());
                let never = self.present(&Secret::new(never), None);
                controls.push(negative("a token that was never issued", &never, matches!(never, Entry::Denied(_))));
            }
            Beside::Leases => {
                let place = path(&["sys/leases/lookup", &self.probe.twin_mount, "login", &login.user]);
                let list = self.asker.list(&format!("{}/", place.unwrap_or_default()), "`list` and `sudo`");
                let held = list.as_ref().is_ok_and(|list| !list.is_empty());
                let answer = list.map_or_else(|error| error.to_string(), |list| list.len().to_string());
                controls.push(positive("our token sees the lease of the twin's token", answer, held));
            }
        }
        let left = self.let_go(&twin);
        if !left.is_empty() {
            controls.push(positive("the twin's token is revoked again", left, false));
        }
        Controls(controls)
    }
}

/// What is tried beside a door.
#[derive(Clone, Copy)]
enum Beside {
    Logins,
    Tokens,
    Leases,
}

fn negative(what: &str, entry: &Entry, held: bool) -> Control {
    Control { kind: ControlKind::Negative, what: what.to_owned(), answer: entry.words(), held }
}

fn none() -> Tried {
    let (state, strength) = (DoorState::Unknown(UnknownWhy::NoProbe), VerdictStrength::Observed);
    Tried { state, strength, evidence: "not a door that is tried here".to_owned(), controls: Vec::new() }
}

fn hidden(error: &ActError) -> Standing {
    let (why, what) = unknown(error);
    Standing::Hidden(why, what)
}

fn no_answer(error: &ActError) -> Entry {
    let (why, what) = unknown(error);
    Entry::NoAnswer(why, what)
}

/// Why an answer is not one that we asked for.
fn refused(answer: &Answer, lacking: &str) -> ActError {
    match answer.status {
        403 => ActError::NotAllowed { what: words(answer), lacking: lacking.to_owned() },
        500.. => ActError::Unreachable(words(answer)),
        _ => ActError::Unexpected(words(answer)),
    }
}

#[cfg(test)]
mod tests;
