//! The population of an audit: every leaver that HR names in a period, in exactly one class, so that the
//! classes add up; and what each standard asks, answered from verdicts.

use sever_graph::end_of_access;
use sever_model::{
    Departure, DoorKind, DoorState, EventTime, ExcludedWhy, Inventory, PersonId, PersonIx, PlanOf, WallTime,
};

/// Which class a leaver is in. Each is in the first that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Nothing of theirs is known: no account, no key.
    OutOfScope,
    /// They have accounts or keys, and no cut was begun.
    NotCut,
    /// A door is open.
    Open,
    /// No door is open, and of one at least nobody knows.
    Unknown,
    /// All doors that are not left alone for a recorded reason are closed, and some are.
    Exception,
    /// Every door is closed; of some that is only observed.
    Closed,
    /// Every door is closed, and each was tried.
    Proven,
}

impl Outcome {
    /// Every class, in the order of a sheet.
    pub const ALL: [Outcome; 7] = [
        Outcome::Proven,
        Outcome::Closed,
        Outcome::Exception,
        Outcome::Unknown,
        Outcome::Open,
        Outcome::NotCut,
        Outcome::OutOfScope,
    ];

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Outcome::OutOfScope => "nothing to cut",
            Outcome::NotCut => "not cut",
            Outcome::Open => "open",
            Outcome::Unknown => "unknown",
            Outcome::Exception => "closed, with exceptions",
            Outcome::Closed => "closed",
            Outcome::Proven => "closed and proven",
        }
    }
}

/// One leaver.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaver {
    /// Who.
    pub person: PersonIx,
    /// Their id.
    pub id: PersonId,
    /// When their access ended.
    pub end: EventTime,
    /// In which class.
    pub outcome: Outcome,
    /// The newest departure begun for them, by its place among the cases.
    pub case: Option<usize>,
    /// Minutes from the end of their access to when each door was first seen closed for good; 0 where it
    /// was closed before.
    pub minutes: Vec<i64>,
}

/// The leavers of a period.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// Every one, by when they left.
    pub leavers: Vec<Leaver>,
}

/// Everybody whose access ended from `from` to before `to`, as HR says; `cases` are the departures that were
/// begun.
pub fn population(inventory: &Inventory, cases: &[Departure], from: EventTime, to: EventTime) -> Population {
    let mut leavers = Vec::new();
    for at in 0..inventory.people().len() as u32 {
        let person = PersonIx(at);
        let Some(end) = end_of_access(inventory, person, to).filter(|end| (from..to).contains(end)) else { continue };
        let Some(id) = inventory.person(person).map(|entry| entry.it.id.clone()) else { continue };
        let of = |case: &Departure| matches!(&case.plan.about, PlanOf::Person { id: of, .. } if *of == id);
        let case = cases.iter().enumerate().rev().find(|(_, case)| of(case)).map(|(at, _)| at);
        let outcome = match case.and_then(|at| cases.get(at)) {
            Some(case) => of_case(case),
            None if has_nothing(inventory, person) => Outcome::OutOfScope,
            None => Outcome::NotCut,
        };
        let minutes = case.and_then(|at| cases.get(at)).map(|case| minutes(case, end)).unwrap_or_default();
        leavers.push(Leaver { person, id, end, outcome, case, minutes });
    }
    leavers.sort_by(|a, b| (a.end, &a.id).cmp(&(b.end, &b.id)));
    Population { leavers }
}

impl Population {
    /// How many leavers are in a class.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.leavers.iter().filter(|leaver| leaver.outcome == outcome).count()
    }

    /// Minutes to closed over all doors: so many of a hundred took no longer. `None` where no door was
    /// closed.
    pub fn percentile(&self, of_hundred: usize) -> Option<i64> {
        let mut all: Vec<i64> = self.leavers.iter().flat_map(|leaver| leaver.minutes.iter().copied()).collect();
        all.sort_unstable();
        // The nearest rank: the smallest that so many are not above.
        let rank = (all.len() * of_hundred).div_ceil(100).max(1);
        all.get(rank - 1).copied()
    }
}

fn of_case(case: &Departure) -> Outcome {
    let counts = case.counts();
    let excepted = case.plan.excluded.iter().any(|it| it.why != ExcludedWhy::StillNeeded);
    match () {
        () if counts.open > 0 => Outcome::Open,
        () if counts.unknown > 0 => Outcome::Unknown,
        () if excepted => Outcome::Exception,
        () if counts.closed > counts.proven => Outcome::Closed,
        () => Outcome::Proven,
    }
}

fn has_nothing(inventory: &Inventory, person: PersonIx) -> bool {
    inventory.accounts_of(person).is_empty() && inventory.custody_by(person).next().is_none()
}

fn minutes(case: &Departure, end: EventTime) -> Vec<i64> {
    let closed = case.doors.iter().filter_map(|door| door.closed_since());
    closed.map(|at| at.as_event().since(end).as_secs().max(0) / 60).collect()
}

/// What a standard asks of leavers, and how it is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// The standard.
    pub standard: &'static str,
    /// Its control.
    pub control: &'static str,
    /// What it asks, in our words.
    pub asks: &'static str,
    /// The minutes it allows, where it or its usual profile names a number.
    pub minutes_max: Option<i64>,
    /// The doors it is about.
    pub about: About,
}

/// Which doors a control is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Every door.
    All,
    /// Keys and secrets that the leaver may know.
    Keys,
}

/// The controls of a sheet; sources are the standards themselves, as of their named versions.
pub const CONTROLS: [Control; 8] = [
    Control {
        standard: "NIST SP 800-53 r5",
        control: "PS-4",
        asks: "disable access and revoke authenticators at termination (FedRAMP: within 4 hours)",
        minutes_max: Some(240),
        about: About::All,
    },
    Control {
        standard: "NIST SP 800-53 r5",
        control: "AC-2(3)",
        asks: "disable accounts that no longer belong to anybody (FedRAMP: within 24 hours)",
        minutes_max: Some(1_440),
        about: About::All,
    },
    Control {
        standard: "PCI DSS 4.0.1",
        control: "8.2.5",
        asks: "revoke access of terminated users immediately",
        minutes_max: None,
        about: About::All,
    },
    Control {
        standard: "PCI DSS 4.0.1",
        control: "3.7.5",
        asks: "replace a key when somebody who knew it leaves",
        minutes_max: None,
        about: About::Keys,
    },
    Control {
        standard: "ISO/IEC 27001:2022",
        control: "A.5.18, A.6.5",
        asks: "remove access rights at the end of employment",
        minutes_max: None,
        about: About::All,
    },
    Control {
        standard: "ISO/IEC 27001:2022",
        control: "A.8.24",
        asks: "manage keys over their life, their end included",
        minutes_max: None,
        about: About::Keys,
    },
    Control {
        standard: "SOC 2",
        control: "CC6.2",
        asks: "remove access that is no longer authorised (customary: within 24 hours)",
        minutes_max: Some(1_440),
        about: About::All,
    },
    Control {
        standard: "ISMS-P",
        control: "2.2.5",
        asks: "return and remove what a leaver has, without delay",
        minutes_max: None,
        about: About::All,
    },
];

/// How a control is answered over a population: doors, of which closed in time, late, not closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answered {
    /// Doors that it is about.
    pub doors: usize,
    /// Closed, and in time where there is a limit.
    pub closed: usize,
    /// Closed later than the limit.
    pub late: usize,
    /// Open or unknown.
    pub not_closed: usize,
    /// Leavers for whom nothing was begun: their doors are not even counted.
    pub not_cut: usize,
}

/// Answers a control from the verdicts of a population's departures.
pub fn answered(control: &Control, population: &Population, cases: &[Departure]) -> Answered {
    let mut answer = Answered { not_cut: population.count(Outcome::NotCut), ..Answered::default() };
    for leaver in &population.leavers {
        let Some(case) = leaver.case.and_then(|at| cases.get(at)) else { continue };
        for door in &case.doors {
            let is_key =
                matches!(door.door.kind, DoorKind::SigningKey | DoorKind::Secret | DoorKind::ApiKey | DoorKind::SshKey);
            if control.about == About::Keys && !is_key {
                continue;
            }
            answer.doors += 1;
            let since = |at: WallTime| at.as_event().since(leaver.end).as_secs().max(0) / 60;
            match (door.state(), door.closed_since()) {
                (DoorState::Closed, Some(at)) if control.minutes_max.is_some_and(|max| since(at) > max) => {
                    answer.late += 1
                }
                (DoorState::Closed, _) => answer.closed += 1,
                _ => answer.not_closed += 1,
            }
        }
    }
    answer
}

#[cfg(test)]
mod tests;
