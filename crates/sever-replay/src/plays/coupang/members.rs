//! The shop's customers: who has which id, who is in whose address book, and whom the forger meets.
//!
//! Nothing is stored. Ids, dates and address books are functions of a customer's number, so that the
//! play needs no memory per customer but the time of the first touch.
//!
//! Of every three consecutive ids one was given out; the other two never were, which is what an
//! enumerator meets. Of every 18 older customers the forger meets 17.

use std::path::Path;

use crate::chance::scatter;
use crate::files::Table;
use crate::moment::{DAY, Ms, at, stamp};
use crate::{Play, ReplayError};

/// Members whose data was touched, and people who are only in their address books, in the real
/// incident (FACTS: the regulator's count).
const MEMBERS: u64 = 33_220_000;
const OTHERS: u64 = 4_330_000;

/// First id that was ever given out, and first id of an address-book contact.
const FIRST_ID: u64 = 20_000_000;
const FIRST_CONTACT: u64 = 700_000_000;

pub(super) struct Members {
    seed: u64,
    /// Members whom the forger meets; numbered 0.. by [`Members::touched`].
    pub touched: u64,
    /// People in those members' address books who are no members.
    pub others: u64,
    /// Members from before the logs begin.
    old: u64,
    /// All members, by number.
    all: u64,
    begin: Ms,
}

/// Somebody in an address book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contact {
    /// A member whom the forger meets anyway, by number.
    Member(u64),
    /// Somebody who is no member.
    Other(u64),
}

impl Members {
    pub(super) fn new(play: &Play) -> Members {
        let touched = play.scaled(MEMBERS, 40);
        let old = number_of_touched(touched - 1) + 3;
        let all = old + touched / 33 + 2;
        Members {
            seed: play.seed,
            touched,
            others: play.scaled(OTHERS, 5),
            old,
            all,
            begin: at("2014-01-01T00:00:00Z"),
        }
    }

    /// The id of a member.
    pub(super) fn id(&self, member: u64) -> u64 {
        FIRST_ID + 3 * member + self.slot(member)
    }

    /// An id beside a member's that was never given out.
    pub(super) fn never_given(&self, member: u64, which: u64) -> u64 {
        let member = member % self.all;
        FIRST_ID + 3 * member + (self.slot(member) + 1 + which % 2) % 3
    }

    /// The number of a member whom the forger meets.
    pub(super) fn touched(&self, victim: u64) -> u64 {
        number_of_touched(victim)
    }

    /// The id of somebody who is only in address books.
    pub(super) fn contact_id(&self, other: u64) -> u64 {
        FIRST_CONTACT + other * 2 + scatter(self.seed ^ other) % 2
    }

    /// The id of anybody in an address book.
    pub(super) fn id_of(&self, contact: Contact) -> u64 {
        match contact {
            Contact::Member(victim) => self.id(self.touched(victim)),
            Contact::Other(other) => self.contact_id(other),
        }
    }

    /// Who is in the address book of a member whom the forger meets.
    pub(super) fn book(&self, victim: u64) -> impl Iterator<Item = Contact> {
        // Every contact who is no member has one first owner; some are in a second book as well.
        let from = (victim * self.others).div_ceil(self.touched);
        let to = ((victim + 1) * self.others).div_ceil(self.touched);
        let chance = scatter(self.seed ^ victim.rotate_left(20));
        let also = chance.is_multiple_of(8).then(|| Contact::Other((chance >> 8) % self.others));
        let family = (chance >> 3 & 1 == 0).then(|| Contact::Member((chance >> 16) % self.touched));
        (from..to).map(Contact::Other).chain(also).chain(family)
    }

    /// A member who may be shopping at an instant, by chance.
    pub(super) fn shopper(&self, chance: u64, now: Ms) -> u64 {
        let mut member = chance % self.all;
        while self.deleted(member).is_some() || self.created(member) > now - DAY {
            member = scatter(member ^ chance) % self.old;
        }
        member
    }

    /// Writes the register of customers, by id.
    pub(super) fn write_register(&self, dir: &Path) -> Result<(), ReplayError> {
        let mut table = Table::new(dir, "members.csv", "id,created,deleted,member")?;
        for member in 0..self.all {
            let deleted = self.deleted(member).map(stamp).unwrap_or_default();
            table.row([self.id(member).to_string().as_str(), &stamp(self.created(member)), &deleted, "true"])?;
        }
        for other in 0..self.contacts() {
            let created = stamp(self.created(scatter(other) % self.old));
            table.row([self.contact_id(other).to_string().as_str(), &created, "", "false"])?;
        }
        table.finish()
    }

    /// Writes the snapshot of all address books.
    pub(super) fn write_book(&self, dir: &Path) -> Result<(), ReplayError> {
        let mut table = Table::new(dir, "address_book.csv", "subject,person")?;
        for victim in 0..self.touched {
            let subject = self.id(self.touched(victim)).to_string();
            for contact in self.book(victim) {
                table.row([subject.as_str(), &self.id_of(contact).to_string()])?;
            }
        }
        // Books that the forger never saw, with people who are in no other.
        for other in self.others..self.contacts() {
            let owner = (other - self.others) * 18 + 17;
            table.row([self.id(owner).to_string(), self.contact_id(other).to_string()])?;
        }
        table.finish()
    }

    /// Contacts who are no members, those included whom the forger never met.
    fn contacts(&self) -> u64 {
        self.others + (self.old / 18).min(self.others / 12)
    }

    fn slot(&self, member: u64) -> u64 {
        scatter(self.seed ^ member) % 3
    }

    /// Ids are given out in the order in which people join.
    fn created(&self, member: u64) -> Ms {
        let opened = at("2024-06-01T00:00:00Z");
        let (from, to, rank, count) = if member < self.old {
            (self.begin, opened, member, self.old)
        } else {
            (opened, at("2025-11-10T00:00:00Z"), member - self.old, self.all - self.old)
        };
        from + ((to - from) as i128 * i128::from(rank) / i128::from(count.max(1))) as Ms
    }

    /// Some of those whom the forger never met have closed their account.
    fn deleted(&self, member: u64) -> Option<Ms> {
        let chance = scatter(self.seed ^ member.rotate_left(40));
        (member < self.old && member % 18 == 17 && chance.is_multiple_of(5))
            .then(|| self.created(member).max(at("2023-01-01T00:00:00Z")) + (chance >> 8) as i64 % 800 * DAY)
    }
}

fn number_of_touched(victim: u64) -> u64 {
    victim + victim / 17
}
