//! Closes doors at an authorisation server, by the verbs that it has.

use sever_model::act::{ActError, Action, Cx};
use sever_model::{ApprovedStep, ConnectionId, Door, DoorKind, Inverse, Operation, Phase, Receipt, StepDraft};

use super::connector::{Flavour, WINDOW, ledger, verifiers_ask};
use super::ledger::Ledger;
use crate::connector::{Connection, ConnectionError};

/// Closes doors of accounts.
pub(crate) struct Cutting {
    connection: ConnectionId,
    flavour: Flavour,
    verifiers_ask: bool,
    ledger: Box<dyn Ledger>,
}

impl Cutting {
    pub(crate) fn open(connection: &Connection) -> Result<Cutting, ConnectionError> {
        Ok(Cutting {
            connection: connection.id.clone(),
            flavour: Flavour::of(connection)?,
            verifiers_ask: verifiers_ask(connection)?,
            ledger: ledger(connection)?,
        })
    }

    fn operation(&self, verb: &str, target: &str, user: &str) -> Operation {
        let user = Some(("user".to_owned(), user.to_owned())).filter(|(_, user)| !user.is_empty());
        Operation {
            connection: self.connection.clone(),
            verb: verb.to_owned(),
            target: target.to_owned(),
            arguments: user.into_iter().collect(),
        }
    }

    fn draft(&self, operation: Operation, how: &str, reason: &str, breaks: String) -> StepDraft {
        StepDraft {
            phase: Phase::Cut,
            operation,
            how: how.to_owned(),
            reason: reason.to_owned(),
            inverse: Inverse::Renewed,
            breaks: vec![breaks],
            replaces_secret: false,
            window: WINDOW,
            after: Vec::new(),
        }
    }
}

impl Action for Cutting {
    fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        let (account, client) = (door.attribute("account"), door.attribute("client"));
        let (grant, fingerprint) = (door.attribute("grant"), door.attribute("fingerprint"));
        let is_jwt = door.attribute("format") == "jwt";
        let signs_in = "they must sign in again".to_owned();
        let acts = format!("{client} can no longer act for them");
        let session = "before the tokens: a live session gets new ones without asking for a password";
        let token = "a token lives on after the login is closed and the session ended";
        let draft = match (self.flavour, door.kind) {
            (Flavour::Glewlwyd, DoorKind::Login) => StepDraft {
                phase: Phase::Contain,
                inverse: Inverse::By(self.operation("enable-user", &door.native, "")),
                ..self.draft(
                    self.operation("disable-user", &door.native, ""),
                    "disable the user",
                    "no new sign-in from then on; refresh tokens go on all the same, and are revoked after it",
                    "whoever signs in through this server with this user is refused".to_owned(),
                )
            },
            (Flavour::Glewlwyd, DoorKind::Session) => {
                self.draft(self.operation("end-session", &door.native, account), "end the session", session, signs_in)
            }
            (Flavour::Glewlwyd, DoorKind::RefreshToken) => {
                let operation = self.operation("revoke-refresh-token", &door.native, account);
                self.draft(operation, "revoke the refresh token", token, acts)
            }
            (Flavour::OidcProvider, DoorKind::Session) => {
                self.draft(self.operation("end-session", &door.native, ""), "end the session", session, signs_in)
            }
            (Flavour::OidcProvider, DoorKind::RefreshToken | DoorKind::AccessToken) if !is_jwt && !grant.is_empty() => {
                let how = "revoke the grant, and with it every opaque token of it";
                self.draft(self.operation("revoke-grant", grant, ""), how, token, acts)
            }
            (Flavour::Rfc, DoorKind::RefreshToken | DoorKind::AccessToken) if !is_jwt || self.verifiers_ask => {
                let fingerprint = if fingerprint.is_empty() { &door.native } else { fingerprint };
                self.draft(self.operation("revoke-token", fingerprint, ""), "revoke the token (RFC 7009)", token, acts)
            }
            _ => return Vec::new(),
        };
        vec![draft]
    }

    fn execute(&self, step: &ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let operation = step.operation();
        if operation.connection != self.connection {
            return Err(ActError::BadStep(format!("it is of `{}`", operation.connection)));
        }
        self.ledger.take(operation, cx)
    }
}
