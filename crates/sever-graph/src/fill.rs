//! What one source leaves open of a thing, filled by another's word.

use sever_model::{Account, AccountKind, AccountStatus, Credential, Exportable, Person, Resource};

pub(crate) fn fill_person(it: &mut Person, other: Person) {
    fill_text(&mut it.name, other.name);
    fill_list(&mut it.emails, other.emails);
    fill_list(&mut it.logins, other.logins);
    it.employee_number = it.employee_number.take().or(other.employee_number);
    it.manager = it.manager.take().or(other.manager);
}

pub(crate) fn fill_account(it: &mut Account, other: Account) {
    fill_text(&mut it.display_name, other.display_name);
    fill_list(&mut it.emails, other.emails);
    it.employee_number = it.employee_number.take().or(other.employee_number);
    it.owner = it.owner.take().or(other.owner);
    it.created_by = it.created_by.take().or(other.created_by);
    it.last_used = it.last_used.max(other.last_used);
    if it.kind == AccountKind::Unknown {
        it.kind = other.kind;
    }
    if it.status == AccountStatus::Unknown {
        it.status = other.status;
    }
}

pub(crate) fn fill_resource(it: &mut Resource, other: Resource) {
    fill_text(&mut it.kind, other.kind);
    it.owner = it.owner.take().or(other.owner);
    it.subjects = it.subjects.or(other.subjects);
}

pub(crate) fn fill_credential(it: &mut Credential, other: Credential) {
    it.account = it.account.take().or(other.account);
    it.issuer = it.issuer.take().or(other.issuer);
    it.kept_at = it.kept_at.take().or(other.kept_at);
    it.created_by = it.created_by.take().or(other.created_by);
    it.rotated_at = it.rotated_at.max(other.rotated_at);
    it.activated_at = it.activated_at.or(other.activated_at);
    it.retired_at = it.retired_at.or(other.retired_at);
    it.expires_at = it.expires_at.or(other.expires_at);
    it.last_used = it.last_used.max(other.last_used);
    if it.exportable == Exportable::Unknown {
        it.exportable = other.exportable;
    }
}

fn fill_text(it: &mut String, other: String) {
    if it.is_empty() {
        *it = other;
    }
}

fn fill_list(it: &mut Vec<String>, other: Vec<String>) {
    for text in other {
        if !it.contains(&text) {
            it.push(text);
        }
    }
}
