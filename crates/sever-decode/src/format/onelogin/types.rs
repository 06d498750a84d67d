//! What the numbers of OneLogin's event catalogue mean, as far as they are publicly told.
//!
//! OneLogin gives the whole catalogue only to its customers (`GET /api/1/events/types`); what is here
//! is what its public documentation and integrations name. A number that is not here is `used`, with
//! an unknown outcome, and keeps its number in the action.

use sever_model::{EventKind, Outcome};

/// A type of event.
#[derive(Clone, Copy)]
pub(super) struct Type {
    pub number: u32,
    pub kind: EventKind,
    pub outcome: Outcome,
    pub words: &'static [&'static str],
    pub meaning: &'static str,
}

const fn of_kind(kind: EventKind, number: u32, words: &'static [&'static str], meaning: &'static str) -> Type {
    Type { number, kind, outcome: Outcome::Answered, words, meaning }
}

const fn changed(number: u32, words: &'static [&'static str], meaning: &'static str) -> Type {
    of_kind(EventKind::Changed, number, words, meaning)
}

const fn signed_in(number: u32, outcome: Outcome, meaning: &'static str) -> Type {
    Type { number, kind: EventKind::Authenticated, outcome, words: &[], meaning }
}

const TYPES: &[Type] = &[
    changed(1, &["grant"], "app added to role"),
    changed(2, &["grant"], "app removed from role"),
    of_kind(EventKind::Used, 3, &[], "user assumed"),
    changed(4, &["grant"], "role assigned"),
    signed_in(5, Outcome::Answered, "signed in to OneLogin"),
    signed_in(6, Outcome::Refused, "sign-in to OneLogin failed"),
    of_kind(EventKind::Used, 7, &[], "signed out of OneLogin"),
    signed_in(8, Outcome::Answered, "signed in to app"),
    changed(11, &["create-key"], "password changed"),
    changed(12, &["enable"], "user unlocked"),
    changed(13, &["create-account"], "user created"),
    changed(14, &[], "user updated"),
    changed(15, &["disable"], "user deactivated"),
    changed(16, &["enable"], "user activated"),
    changed(17, &["delete"], "user deleted"),
    changed(19, &["disable"], "user locked"),
    changed(24, &["delete"], "second factor removed"),
    signed_in(69, Outcome::Refused, "rejected by RADIUS"),
    changed(72, &["grant"], "privilege given"),
    signed_in(90, Outcome::Refused, "access to app refused"),
    changed(172, &["delete"], "second factor removed"),
    changed(211, &["create-key"], "password changed by administrator"),
    of_kind(EventKind::Read, 240, &[], "password shown"),
    changed(531, &["disable"], "user locked by API"),
    changed(551, &["disable"], "user suspended by API"),
    changed(553, &["disable"], "user locked by API"),
];

/// The type of a number.
pub(super) fn of(number: u32) -> Type {
    let other = Type { number, kind: EventKind::Used, outcome: Outcome::Unknown, words: &[], meaning: "" };
    TYPES.iter().find(|of| of.number == number).copied().unwrap_or(other)
}
