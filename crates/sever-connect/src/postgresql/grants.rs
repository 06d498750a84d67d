//! What the leaver granted, and what was granted to them: handed over, revoked, put back.
//!
//! Statements run as whoever the grant is to be by (`SET LOCAL ROLE`), all or none of them.

use sever_model::act::{ActError, Cx};
use sever_model::{Operation, Said};

use super::action::{ACTS_FOR, Done, RoleAction, argument, gone, needed, run};
use super::catalogue::{self, MemberColumn, Privilege, PrivilegeColumn, Role};
use super::wire::{Failed, Session, quoted};

impl RoleAction {
    pub(super) fn regrant(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let missing = not_regranted(&session, &role).map_err(|failed| failed.acting(ACTS_FOR))?;
        if missing.is_empty() {
            return Ok((Said::Already, "nothing it granted is not granted by the owner too".to_owned()));
        }
        // Whoever is a member of the owner grants as the owner, whatever else it may grant by.
        let statements: Vec<String> = missing
            .iter()
            .map(|it| {
                let grant = it.grant(&name_of(&it.grantee), it.grantable);
                format!("SET LOCAL ROLE {}; {grant}; RESET ROLE", quoted(&it.owner))
            })
            .collect();
        session.run(&statements.join("; ")).map_err(|failed| failed.acting(ACTS_FOR))?;
        Ok((Said::Done, format!("{} by the owner", crate::row::counted(missing.len() as u64, "grant"))))
    }

    pub(super) fn revoke_granted(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let acting = |failed: Failed| failed.acting(ACTS_FOR);
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let missing = not_regranted(&session, &role).map_err(acting)?;
        if let Some(first) = missing.first() {
            return Err(ActError::Refused(format!("not granted again by the owner yet: {}", first.words())));
        }
        let granted = catalogue::privileges(&session, PrivilegeColumn::Grantor, role.oid).map_err(acting)?;
        if granted.is_empty() {
            return Ok((Said::Already, "it granted nothing that stands".to_owned()));
        }
        // What it may do itself stays; what hangs on its right to grant goes.
        let mut statements: Vec<String> = granted
            .iter()
            .map(|it| {
                let (owner, from) = (quoted(&it.owner), quoted(&operation.target));
                format!("SET LOCAL ROLE {owner}; REVOKE GRANT OPTION FOR {} FROM {from} CASCADE; RESET ROLE", it.on())
            })
            .collect();
        statements.dedup();
        session.run(&statements.join("; ")).map_err(acting)?;
        let left = catalogue::privileges(&session, PrivilegeColumn::Grantor, role.oid).map_err(acting)?;
        // It has its right to grant from somebody who is not the owner: then each grant is its own to revoke.
        let as_itself: Vec<String> = left
            .iter()
            .map(|it| {
                let (role, from) = (quoted(&operation.target), name_of(&it.grantee));
                format!("SET LOCAL ROLE {role}; REVOKE {} FROM {from} CASCADE; RESET ROLE", it.on())
            })
            .collect();
        if !as_itself.is_empty() {
            session.run(&as_itself.join("; ")).map_err(acting)?;
        }
        match catalogue::privileges(&session, PrivilegeColumn::Grantor, role.oid).map_err(acting)?.first() {
            None => Ok((Said::Done, format!("{} revoked", crate::row::counted(granted.len() as u64, "grant")))),
            Some(it) => Err(ActError::Refused(format!("still granted by it: {}", it.words()))),
        }
    }

    pub(super) fn grant_option(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let on: Vec<&str> = needed(operation, "on")?.split("; ").collect();
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let held = catalogue::privileges(&session, PrivilegeColumn::GranteeOfOwner, role.oid);
        let held: Vec<Privilege> = held.map_err(|failed| failed.acting(ACTS_FOR))?;
        let lacks = held.iter().filter(|it| !it.grantable && on.contains(&it.on().as_str()));
        let to = quoted(&operation.target);
        let statements: Vec<String> = lacks
            .map(|it| format!("SET LOCAL ROLE {}; {}; RESET ROLE", quoted(&it.owner), it.grant(&to, true)))
            .collect();
        if statements.is_empty() {
            return Ok((Said::Already, "it may grant what it holds of them".to_owned()));
        }
        run(&session, &statements.join("; "), ACTS_FOR)
    }

    pub(super) fn revoke_membership(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let (group, grantor) = (needed(operation, "group")?, argument(operation, "grantor"));
        let lacking =
            format!("ADMIN OPTION on {group}; from version 16 on also the rights of {grantor}, who granted it");
        let acting = |failed: Failed| failed.acting(&lacking);
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let stands = || -> Result<bool, ActError> {
            let members = catalogue::members(&session, MemberColumn::Member, role.oid).map_err(acting)?;
            Ok(members.iter().any(|it| it.group == group && it.grantor == grantor))
        };
        if !stands()? {
            return Ok((Said::Already, format!("it is no member of {group} by {grantor}")));
        }
        let by = granted_by(&session, grantor).map_err(acting)?;
        let statement = format!("REVOKE {} FROM {}{by}", quoted(group), quoted(&operation.target));
        session.run(&statement).map_err(acting)?;
        // A server only warns where the membership is another grantor's.
        if stands()? {
            let what = format!("it is still a member of {group} by {grantor}");
            return Err(ActError::NotAllowed { what, lacking });
        }
        Ok((Said::Done, statement))
    }

    pub(super) fn grant_membership(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let group = needed(operation, "group")?;
        let acting = |failed: Failed| failed.acting("ADMIN OPTION on the group");
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else {
            return Err(ActError::Refused(format!("role {} does not exist", operation.target)));
        };
        let held = catalogue::members(&session, MemberColumn::Member, role.oid).map_err(acting)?;
        if held.iter().any(|it| it.group == group) {
            return Ok((Said::Already, format!("it is a member of {group}")));
        }
        let with = with_options(&session, argument(operation, "options")).map_err(acting)?;
        let statement = format!("GRANT {} TO {}{with}", quoted(group), quoted(&operation.target));
        run(&session, &statement, "ADMIN OPTION on the group")
    }

    pub(super) fn regrant_membership(&self, operation: &Operation, cx: &Cx<'_>) -> Done {
        let (group, member) = (needed(operation, "group")?, needed(operation, "member")?);
        let acting = |failed: Failed| failed.acting("ADMIN OPTION on the group, and the rights of the leaver's role");
        let (session, role) = self.at(operation, cx)?;
        let Some(role) = role else { return gone(operation) };
        let lent = catalogue::members(&session, MemberColumn::Grantor, role.oid).map_err(acting)?;
        if !lent.iter().any(|it| it.group == group && it.member == member) {
            return Ok((Said::Already, "it did not grant that".to_owned()));
        }
        let with = with_options(&session, argument(operation, "options")).map_err(acting)?;
        let by = granted_by(&session, &operation.target).map_err(acting)?;
        let (group, member) = (quoted(group), quoted(member));
        let (grant, revoke) = (format!("GRANT {group} TO {member}{with}"), format!("REVOKE {group} FROM {member}{by}"));
        // Before version 16 there is one membership, with whoever granted it first; since then one for each grantor.
        let statements = if by.is_empty() { [revoke, grant] } else { [grant, revoke] };
        session.run(&statements.join("; ")).map_err(acting)?;
        Ok((Said::Done, statements.join("; ")))
    }
}

/// A grantee as SQL writes it.
fn name_of(grantee: &str) -> String {
    if grantee.is_empty() { "PUBLIC".to_owned() } else { quoted(grantee) }
}

/// What a role granted and the owner has not granted too.
fn not_regranted(session: &Session, role: &Role) -> Result<Vec<Privilege>, Failed> {
    let by_them = catalogue::privileges(session, PrivilegeColumn::Grantor, role.oid)?;
    let by_owner = catalogue::privileges(session, PrivilegeColumn::OfOwnerBeside, role.oid)?;
    let is_by_owner = |it: &Privilege| {
        by_owner
            .iter()
            .any(|other| other.grantee == it.grantee && other.on() == it.on() && (other.grantable || !it.grantable))
    };
    Ok(by_them.into_iter().filter(|it| !is_by_owner(it)).collect())
}

/// `GRANTED BY`, where the server keeps memberships apart by it.
fn granted_by(session: &Session, grantor: &str) -> Result<String, Failed> {
    let apart = catalogue::version(session)? >= 160_000 && !grantor.is_empty();
    Ok(if apart { format!(" GRANTED BY {}", quoted(grantor)) } else { String::new() })
}

/// A membership's options, as the server's version writes them.
fn with_options(session: &Session, options: &str) -> Result<String, Failed> {
    let has = |word: &str| options.split(',').any(|it| it == word);
    if catalogue::version(session)? < 160_000 {
        return Ok(if has("admin") { " WITH ADMIN OPTION".to_owned() } else { String::new() });
    }
    let word = |name: &str| if has(name) { "TRUE" } else { "FALSE" };
    Ok(format!(" WITH ADMIN {}, INHERIT {}, SET {}", word("admin"), word("inherit"), word("set")))
}
