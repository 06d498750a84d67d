//! What both kinds of directory change in the same way: members of groups, keys of entries. And how a
//! step is written down.
//!
//! What is done already is no failure, and is said to be: a value that is not there cannot be removed
//! again. An entry is found again by its own unchanging id, for it may have been renamed since.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ldap3::Scope;
use sever_model::act::{ActError, Cx};
use sever_model::{ConnectionId, Door, Inverse, Operation, Phase, Receipt, Said, Span, StepDraft};

use super::keys;
use super::reply::{Reply, code};
use super::talk::{Change, Talk};

/// What was done, and the answer in words.
pub(crate) type Done = (Said, String);

/// An operation on a thing of a directory.
pub(crate) fn operation(connection: &ConnectionId, verb: &str, target: &str, with: &[(&str, &str)]) -> Operation {
    Operation {
        connection: connection.clone(),
        verb: verb.to_owned(),
        target: target.to_owned(),
        arguments: with.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

/// A step with nothing said of it but what it does and why.
pub(crate) fn draft(phase: Phase, operation: Operation, how: &str, reason: &str, inverse: Inverse) -> StepDraft {
    StepDraft {
        phase,
        operation,
        how: how.to_owned(),
        reason: reason.to_owned(),
        inverse,
        breaks: Vec::new(),
        replaces_secret: false,
        window: Span::ZERO,
        after: Vec::new(),
    }
}

/// Takes one member out of one group; `group` is the group's id.
pub(crate) fn leave_group(connection: &ConnectionId, group: &str, dn: &str, attribute: &str, value: &str) -> StepDraft {
    let with = [("dn", dn), ("attribute", attribute), ("value", value)];
    let mut step = draft(
        Phase::Cut,
        operation(connection, "remove-from-group", group, &with),
        &format!("remove from the group {dn}"),
        "what the group opens, it opens to whoever is in it, also where this directory is not asked to sign in; after \
         the account is contained, so that nobody puts themselves in again",
        Inverse::By(operation(connection, "add-to-group", group, &with)),
    );
    step.breaks = vec![format!("what {value} does by rights of {dn}")];
    step
}

/// Takes one key off its entry; `target` is the entry's id.
pub(crate) fn remove_key(connection: &ConnectionId, target: &str, door: &Door) -> StepDraft {
    let (dn, attribute) = (door.attribute("dn"), door.attribute("attribute"));
    let with = [("dn", dn), ("attribute", attribute), ("key", door.attribute("key"))];
    let inverse = match door.attribute("value64") {
        "" => Inverse::None,
        value => {
            let with = [("dn", dn), ("attribute", attribute), ("value64", value)];
            Inverse::By(operation(connection, "add-key", target, &with))
        }
    };
    draft(
        Phase::Cut,
        operation(connection, "remove-key", target, &with),
        &format!("remove the {attribute} from {dn}"),
        "whoever asks the directory for keys believes this one whether or not the account is locked; after the account \
         is contained, so that nobody puts it back",
        inverse,
    )
}

/// An argument that must be there.
///
/// # Errors
/// When it is not: the step is none of ours.
pub(crate) fn argument<'a>(arguments: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, ActError> {
    arguments.get(name).map(String::as_str).ok_or_else(|| ActError::BadStep(format!("lacks `{name}`")))
}

/// The name that an entry goes by now: by its id where that is one (`filter`), else the name it had.
/// `None` where it is gone.
///
/// # Errors
/// When there is no answer, or what there is below the base is not ours to see: then nobody knows.
pub(crate) fn locate(talk: &mut Talk, base: &str, filter: Option<&str>, dn: &str) -> Result<Option<String>, ActError> {
    let found = match filter {
        Some(filter) => talk.search(base, Scope::Subtree, filter, &["1.1"])?.entries.into_iter().next(),
        // No name at all is the server's own entry, and in a change of a password whoever is bound.
        None if dn.is_empty() => return Err(ActError::BadStep("it names no entry".to_owned())),
        None => talk.entry(dn, &["1.1"])?,
    };
    if found.is_none() {
        sees(talk, base)?;
    }
    Ok(found.map(|entry| entry.dn))
}

/// That the base itself can be seen: otherwise nothing that is not found is known not to be there.
///
/// # Errors
/// When it cannot.
pub(crate) fn sees(talk: &mut Talk, base: &str) -> Result<(), ActError> {
    let found = talk.search(base, Scope::Base, "(objectClass=*)", &["1.1"])?;
    if found.entries.is_empty() {
        return Err(ActError::NotAllowed {
            what: found.reply.quote(),
            lacking: format!("`search` and `read` of {base}"),
        });
    }
    Ok(())
}

/// Removes a member.
///
/// # Errors
/// Why it is not known to be removed.
pub(crate) fn drop_value(talk: &mut Talk, dn: &str, attribute: &str, value: &str) -> Result<Done, ActError> {
    let removed = [Change::Remove(attribute.to_owned(), value.as_bytes().to_vec())];
    let reply = talk.modify(dn, &removed)?;
    match reply.code {
        code::SUCCESS => Ok((Said::Done, reply.quote())),
        code::NO_SUCH_ATTRIBUTE => Ok((Said::Already, reply.quote())),
        // Samba is unwilling to remove what was removed before.
        code::UNWILLING if !holds(talk, dn, attribute, value)? => Ok((Said::Already, reply.quote())),
        _ => Err(reply.refused(&format!("`write` of {attribute} of {dn}"))),
    }
}

/// Whether an entry has a value, by a search for it.
fn holds(talk: &mut Talk, dn: &str, attribute: &str, value: &str) -> Result<bool, ActError> {
    let filter = format!("({attribute}={})", ldap3::ldap_escape(value));
    Ok(!talk.search(dn, Scope::Base, &filter, &["1.1"])?.entries.is_empty())
}

/// Adds a value.
///
/// # Errors
/// Why it is not known to be added.
pub(crate) fn add_value(talk: &mut Talk, dn: &str, attribute: &str, value: &[u8]) -> Result<Done, ActError> {
    let reply = talk.modify(dn, &[Change::Add(attribute.to_owned(), value.to_vec())])?;
    match reply.code {
        code::SUCCESS => Ok((Said::Done, reply.quote())),
        code::VALUE_EXISTS | code::ENTRY_EXISTS => Ok((Said::Already, reply.quote())),
        _ => Err(reply.refused(&format!("`write` of {attribute} of {dn}"))),
    }
}

/// Removes every value that is this key, however it is written.
///
/// # Errors
/// Why it is not known to be removed.
pub(crate) fn drop_key(talk: &mut Talk, dn: &str, attribute: &str, key: &str) -> Result<Done, ActError> {
    let entry = talk.entry(dn, &[attribute])?;
    let Some(entry) = entry else { return Ok((Said::Already, format!("{dn} is gone"))) };
    // OpenLDAP's `userCertificate;binary` is the same attribute (RFC 4523 §2.1).
    let plain = attribute.split(';').next().unwrap_or(attribute);
    let held = keys::of(&entry).into_iter().filter(|it| it.attribute == plain && it.native == key);
    let changes: Vec<Change> = held.map(|it| Change::Remove(attribute.to_owned(), it.value)).collect();
    if changes.is_empty() {
        return Ok((Said::Already, format!("no such {attribute}")));
    }
    let reply = talk.modify(dn, &changes)?;
    match reply.code {
        code::SUCCESS => Ok((Said::Done, reply.quote())),
        code::NO_SUCH_ATTRIBUTE => Ok((Said::Already, reply.quote())),
        _ => Err(reply.refused(&format!("`read` and `write` of {attribute} of {dn}"))),
    }
}

/// Does what both kinds of directory do in the same way; `None` for another verb. `filter` finds an entry
/// by its id, where the target is one.
///
/// # Errors
/// Why it is not known to be done.
pub(crate) fn execute(
    talk: &mut Talk,
    base: &str,
    operation: &Operation,
    filter: Option<&str>,
) -> Option<Result<Done, ActError>> {
    let arguments = &operation.arguments;
    let done = |talk: &mut Talk| -> Result<Done, ActError> {
        let (dn, attribute) = (argument(arguments, "dn")?, argument(arguments, "attribute")?);
        let Some(dn) = locate(talk, base, filter, dn)? else {
            return match operation.verb.as_str() {
                "add-to-group" | "add-key" => Err(ActError::Refused(format!("{dn} is gone"))),
                _ => Ok((Said::Already, format!("{dn} is gone"))),
            };
        };
        match operation.verb.as_str() {
            "remove-from-group" => drop_value(talk, &dn, attribute, argument(arguments, "value")?),
            "add-to-group" => add_value(talk, &dn, attribute, argument(arguments, "value")?.as_bytes()),
            "remove-key" => drop_key(talk, &dn, attribute, argument(arguments, "key")?),
            _ => {
                let value = BASE64_STANDARD.decode(argument(arguments, "value64")?);
                add_value(talk, &dn, attribute, &value.map_err(|error| ActError::BadStep(error.to_string()))?)
            }
        }
    };
    is_shared(&operation.verb).then(|| done(talk))
}

/// Whether a verb is one of those that both kinds of directory have.
pub(crate) fn is_shared(verb: &str) -> bool {
    ["remove-from-group", "add-to-group", "remove-key", "add-key"].contains(&verb)
}

/// What was done, as a receipt.
pub(crate) fn receipt((said, answer): Done, cx: &Cx<'_>) -> Receipt {
    Receipt { said, answer, at: cx.clock.now() }
}

/// The answer to a change that puts something in place.
///
/// # Errors
/// When it did not.
pub(crate) fn settled(reply: &Reply, lacking: &str) -> Result<Done, ActError> {
    if reply.is_success() { Ok((Said::Done, reply.quote())) } else { Err(reply.refused(lacking)) }
}

#[cfg(test)]
mod tests;
