//! Closing doors on hosts: a key's line taken out, a principal's line taken out, a certificate revoked, a
//! connection ended.

use std::collections::BTreeMap;

use sever_model::act::{ActError, Action, Cx};
use sever_model::{
    ApprovedStep, ConnectionId, Door, DoorKind, Inverse, Operation, Phase, Receipt, Said, Span, StepDraft,
};

use super::edit::{self, Taken};
use super::hosts::{Host, is_user};
use super::remote;
use super::site::{Site, refused};

const REMOVE_KEY: &str = "remove-key";
const RESTORE_KEY: &str = "restore-key";
const REMOVE_PRINCIPAL: &str = "remove-principal";
const RESTORE_PRINCIPAL: &str = "restore-principal";
const REVOKE: &str = "revoke-certificate";
const END: &str = "end-connection";

impl Action for Site {
    fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        if self.host(door.attribute("host")).is_none() {
            return Vec::new();
        }
        match door.kind {
            DoorKind::SshKey | DoorKind::Delegation => self.without_key(door),
            DoorKind::Certificate => self.without_certificate(door),
            DoorKind::LiveConnection => vec![StepDraft {
                inverse: Inverse::Renewed,
                breaks: vec!["whatever runs in the connection's foreground ends with it".to_owned()],
                ..self.draft(
                    door,
                    Phase::Cut,
                    END,
                    &["user", "process", "begun"],
                    (
                        "end the connection",
                        "sshd asks for a key only when a connection begins: one that is open outlives its key",
                    ),
                )
            }],
            _ => Vec::new(),
        }
    }

    fn execute(&self, step: &ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let operation = step.operation();
        if operation.connection != self.connection {
            return Err(ActError::BadStep(format!("it is for `{}`", operation.connection)));
        }
        let argument = |name: &str| {
            let value = operation.arguments.get(name).filter(|value| !value.is_empty());
            value.map(String::as_str).ok_or_else(|| ActError::BadStep(format!("`{name}` is missing")))
        };
        let known = [REMOVE_KEY, RESTORE_KEY, REMOVE_PRINCIPAL, RESTORE_PRINCIPAL, REVOKE, END];
        if !known.contains(&operation.verb.as_str()) {
            return Err(ActError::BadStep(format!("`{}` is no verb of it", operation.verb)));
        }
        let name = argument("host")?;
        let host = self.host(name).ok_or_else(|| ActError::BadStep(format!("there is no host `{name}`")))?;
        let (said, answer) = match operation.verb.as_str() {
            REMOVE_KEY => {
                let (path, fingerprint) = (argument("path")?, argument("fingerprint")?);
                self.remove(host, path, &|line| edit::carries(line, fingerprint), cx.patience)?
            }
            REMOVE_PRINCIPAL => {
                let (path, principal) = (argument("path")?, argument("principal")?);
                self.remove(host, path, &|line| is_principal(line, principal), cx.patience)?
            }
            RESTORE_KEY | RESTORE_PRINCIPAL => {
                self.restore(host, argument("path")?, argument("lines")?, cx.patience)?
            }
            REVOKE => {
                let (list, certificate) = (argument("revoked-keys")?, argument("certificate")?);
                let text = format!("{certificate}\n");
                self.told(host, remote::REVOKE, &[list], text.as_bytes(), cx.patience)?
            }
            _ => {
                let (process, begun, user) = (argument("process")?, argument("begun")?, argument("user")?);
                let numbers = process.parse::<u32>().is_ok_and(|it| it > 1) && begun.parse::<u64>().is_ok();
                if !numbers || !is_user(user) {
                    return Err(ActError::BadStep("no process is named so".to_owned()));
                }
                self.told(host, remote::END, &[process, begun, user], b"", cx.patience)?
            }
        };
        Ok(Receipt { said, answer: format!("{name}: {answer}"), at: cx.clock.now() })
    }
}

impl Site {
    /// A step on a door, with those of its attributes that it needs.
    fn draft(
        &self,
        door: &Door,
        phase: Phase,
        verb: &str,
        attributes: &[&str],
        (how, reason): (&str, &str),
    ) -> StepDraft {
        let (host, user) = (door.attribute("host"), door.attribute("user"));
        let taken = ["host"].iter().chain(attributes);
        let arguments = taken.map(|name| ((*name).to_owned(), door.attribute(name).to_owned()));
        StepDraft {
            phase,
            operation: Operation {
                connection: self.connection.clone(),
                verb: verb.to_owned(),
                target: door.native.clone(),
                arguments: arguments.collect(),
            },
            how: format!("{how} for {user} at {host}"),
            reason: reason.to_owned(),
            inverse: Inverse::None,
            breaks: Vec::new(),
            replaces_secret: false,
            window: Span::ZERO,
            after: Vec::new(),
        }
    }

    /// Each file that holds the key, without its lines.
    fn without_key(&self, door: &Door) -> Vec<StepDraft> {
        let files: BTreeMap<String, Vec<Taken>> = serde_json::from_str(door.attribute("lines")).unwrap_or_default();
        let fingerprint = door.native.split('@').next().unwrap_or_default();
        let drafts = files.into_iter().map(|(path, lines)| {
            let mut draft = self.draft(door, Phase::Contain, REMOVE_KEY, &[], (
                "take the key's line out of the keys file",
                "whoever has the key gets in until the line is gone, whatever becomes of the account elsewhere; it is \
                 first, for a leaver who is let in can write it back",
            ));
            let arguments = &mut draft.operation.arguments;
            arguments.insert("path".to_owned(), path);
            arguments.insert("fingerprint".to_owned(), fingerprint.to_owned());
            draft.inverse = self.inverse(&draft.operation, RESTORE_KEY, &lines);
            let user = door.attribute("user");
            draft
                .breaks
                .push(format!("whatever logs in as {user} by this key: a job, a script, a colleague it was lent to"));
            if door.attribute("forced") == "true" {
                draft.breaks.push("the one command that the line allows".to_owned());
            }
            if user == "*" {
                draft.breaks.push("the file is every user's".to_owned());
            }
            if draft.inverse == Inverse::None {
                draft.breaks.push(
                    "the line sets variables, which are kept in no plan: nothing of ours puts it back".to_owned(),
                );
            }
            draft
        });
        drafts.collect()
    }

    /// What puts lines back where they were; nothing where a line is not known whole.
    fn inverse(&self, done: &Operation, verb: &str, lines: &[Taken]) -> Inverse {
        let known = !lines.is_empty() && lines.iter().all(|line| !line.line.is_empty());
        match serde_json::to_string(lines) {
            Ok(lines) if known => {
                let mut operation = Operation { verb: verb.to_owned(), ..done.clone() };
                operation.arguments.insert("lines".to_owned(), lines);
                Inverse::By(operation)
            }
            _ => Inverse::None,
        }
    }

    fn without_certificate(&self, door: &Door) -> Vec<StepDraft> {
        let mut drafts = Vec::new();
        let (path, principal) = (door.attribute("principals"), door.attribute("principal"));
        if !path.is_empty() && !principal.is_empty() {
            let mut draft = self.draft(door, Phase::Contain, REMOVE_PRINCIPAL, &["principal"], (
                "take their name out of the principals",
                "no certificate by that name opens then, one that nobody has on a list included; and it can be undone",
            ));
            draft.operation.arguments.insert("path".to_owned(), path.to_owned());
            let lines = serde_json::from_str::<Vec<Taken>>(door.attribute("principal-lines")).unwrap_or_default();
            draft.inverse = self.inverse(&draft.operation, RESTORE_PRINCIPAL, &lines);
            draft.breaks.push(format!("every certificate with the name `{principal}`"));
            drafts.push(draft);
        }
        if !door.attribute("revoked-keys").is_empty() {
            let mut draft = self.draft(
                door,
                Phase::Contain,
                REVOKE,
                &["revoked-keys", "certificate"],
                (
                    "revoke the certificate",
                    "it opens every host that trusts its authority until it ends: each has a list of its own",
                ),
            );
            draft.breaks.push(
                "whatever uses this certificate; it can be signed anew, but not be taken off the list".to_owned(),
            );
            drafts.push(draft);
        }
        drafts
    }

    fn remove(
        &self,
        host: &Host,
        path: &str,
        is_gone: &dyn Fn(&[u8]) -> bool,
        patience: Span,
    ) -> Result<(Said, String), ActError> {
        let change = |old: &[u8]| {
            let (kept, taken) = edit::without(old, is_gone);
            (!taken.is_empty()).then_some(kept)
        };
        Ok(match self.edit(host, path, &change, patience)? {
            true => (Said::Done, format!("`{path}` was replaced by one without the line")),
            false => (Said::Already, format!("there is no such line in `{path}`")),
        })
    }

    fn restore(&self, host: &Host, path: &str, lines: &str, patience: Span) -> Result<(Said, String), ActError> {
        let lines: Vec<Taken> =
            serde_json::from_str(lines).map_err(|_| ActError::BadStep("`lines` does not read".to_owned()))?;
        Ok(match self.edit(host, path, &|old| edit::with_back(old, &lines), patience)? {
            true => (Said::Done, format!("`{path}` was replaced by one with the line where it was")),
            false => (Said::Already, format!("the line is in `{path}`, or there is no such file")),
        })
    }

    /// Runs a command that says `done` or `already`.
    fn told(
        &self,
        host: &Host,
        script: &str,
        parameters: &[&str],
        stdin: &[u8],
        patience: Span,
    ) -> Result<(Said, String), ActError> {
        let (code, stdout) = self.ask(host, script, parameters, stdin, patience)?;
        match (code, stdout.trim_ascii()) {
            (0, b"done") => Ok((Said::Done, "done, and looked at there".to_owned())),
            (0, b"already") => Ok((Said::Already, "it was so already".to_owned())),
            (0, _) => Err(ActError::Unexpected(format!("{}: it did not say whether it was done", host.name))),
            (code, _) => Err(refused(host, code)),
        }
    }
}

/// Whether a line of a principals file lets in certificates of this name; options may stand before it.
fn is_principal(line: &[u8], principal: &str) -> bool {
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    !text.starts_with('#') && text.rsplit([' ', '\t']).next() == Some(principal)
}
