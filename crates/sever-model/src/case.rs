//! Cases: an incident as its journal tells it.
//!
//! A case is opened by anything that says that something happened: an e-mail with ten people's data
//! in it, a finding, a thing, a list. From then on the journal, a sequence of [`CaseAct`]s, only grows:
//! what was held, what was answered and frozen, what was drafted and told, and every look at it. The
//! state of a case is a fold over it ([`Case::of`]).
//!
//! ```text
//! opened ─► named ─► held ─► shared ─► froze 1 ─► froze 2 ─► drafted ─► told ─► closed
//!    │                          who saw what when: looked, looked, looked …
//!    └─ aware at: from here each law's clock runs ([`Case::clocks`])
//! ```
//!
//! People whose data leaked stand here by keyed code only. Which law applies, and when it was that the
//! organisation *became aware*, is for counsel to decide: the clocks count, they do not advise.

use serde::{Deserialize, Serialize};

use crate::{Frozen, Law, Span, WallTime};

/// One thing that was done about a case, or seen of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseAct {
    /// It was opened.
    Opened {
        /// By what.
        by: OpenedBy,
        /// When the organisation became aware, as whoever opened it says.
        aware_at: WallTime,
        /// The laws whose clocks run.
        laws: Vec<Law>,
    },
    /// People whose data is known to have leaked were named.
    Named {
        /// Their keyed codes.
        people: Vec<String>,
        /// How many more ids were named that belong to nobody who is known here.
        unknown: u64,
        /// Where they stood.
        from: String,
    },
    /// What those people share was looked for.
    Shared {
        /// Of how many people.
        given: u64,
        /// What, the most telling first.
        things: Vec<SharedThing>,
    },
    /// Every deletion was stopped.
    Held {
        /// The hold's name.
        hold: String,
    },
    /// A version of the answer was frozen.
    Froze {
        /// The answer.
        frozen: Box<Frozen>,
    },
    /// A notice was drafted; nothing was sent.
    Drafted {
        /// The law's id.
        law: String,
        /// To whom.
        to: String,
        /// From which version of the answer.
        version: usize,
        /// SHA-256 of the draft.
        digest: String,
    },
    /// Somebody gave a notice.
    Told {
        /// The law's id.
        law: String,
        /// To whom.
        to: String,
        /// When.
        at: WallTime,
        /// How, as can be checked: a number, an address.
        how: String,
    },
    /// Somebody looked.
    Looked {
        /// At what.
        at: String,
    },
    /// It was closed.
    Closed {
        /// Why.
        reason: String,
    },
}

/// What a case was opened by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedBy {
    /// `e-mail`, `finding`, `thing` or `list`.
    pub kind: String,
    /// It, in one line.
    pub what: String,
    /// SHA-256 of the file, where it was one.
    pub digest: Option<String>,
    /// The thing that it accuses, where it does: kind and id.
    pub thing: Option<(String, String)>,
    /// Which of the thing's uses it is about: a judgement's word, or `forged`.
    pub judged: Option<String>,
}

/// Something that several of the people share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedThing {
    /// Its kind.
    pub kind: String,
    /// What.
    pub thing: String,
    /// What the ledger said of the uses; empty where they are all meant.
    pub judged: String,
    /// How many of the given people it touched.
    pub of_given: u64,
    /// How many it touched in all.
    pub of_all: u64,
}

/// An act with its place in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseRow {
    /// Its number, from 1, growing.
    pub number: i64,
    /// When it was written.
    pub at: WallTime,
    /// By whom.
    pub who: String,
    /// What.
    pub act: CaseAct,
}

/// A case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// When it was opened.
    pub opened_at: WallTime,
    /// By whom.
    pub opened_who: String,
    /// By what.
    pub opened_by: OpenedBy,
    /// When the organisation became aware.
    pub aware_at: WallTime,
    /// The laws whose clocks run.
    pub laws: Vec<Law>,
    /// The people who were named, by code.
    pub people: Vec<String>,
    /// How many more ids were named that belong to nobody who is known here.
    pub unknown: u64,
    /// The holds that were put for it.
    pub holds: Vec<String>,
    /// What the people share, as last looked for.
    pub shared: Vec<SharedThing>,
    /// The frozen answers; version 1 is the first.
    pub versions: Vec<Version>,
    /// The notices that were given.
    pub told: Vec<Told>,
    /// How often a notice was drafted.
    pub drafts: usize,
    /// How often somebody looked.
    pub looks: usize,
    /// Why it was closed, when, and by whom.
    pub closed: Option<(WallTime, String, String)>,
}

/// A frozen answer of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// From 1.
    pub number: usize,
    /// Who froze it.
    pub who: String,
    /// It.
    pub frozen: Frozen,
}

/// A notice that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The law's id.
    pub law: String,
    /// To whom.
    pub to: String,
    /// When.
    pub at: WallTime,
    /// How.
    pub how: String,
}

/// A law's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock<'a> {
    /// The law.
    pub law: &'a Law,
    /// Whom it wants told.
    pub to: &'a str,
    /// When its time is over; nothing where it gives none.
    pub due_at: Option<WallTime>,
    /// Where it stands.
    pub state: ClockState,
}

/// Where a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockState {
    /// So much time is left.
    Left(Span),
    /// It has been over for so long, and nobody was told.
    Overdue(Span),
    /// Notice was given so long after awareness, in time.
    Told(Span),
    /// Notice was given so long after awareness, and so much too late.
    ToldLate(Span, Span),
    /// The law gives no number of hours.
    NoHours,
}

impl Case {
    /// The case as its journal tells it; nothing where the journal opens none. What came before it was
    /// opened is passed over, and so is a second opening.
    pub fn of(name: &str, rows: &[CaseRow]) -> Option<Case> {
        let mut case: Option<Case> = None;
        for row in rows {
            match (&mut case, &row.act) {
                (Some(case), act) => case.after(row.at, &row.who, act),
                (None, CaseAct::Opened { by, aware_at, laws }) => {
                    case = Some(Case {
                        name: name.to_owned(),
                        opened_at: row.at,
                        opened_who: row.who.clone(),
                        opened_by: by.clone(),
                        aware_at: *aware_at,
                        laws: laws.clone(),
                        people: Vec::new(),
                        unknown: 0,
                        holds: Vec::new(),
                        shared: Vec::new(),
                        versions: Vec::new(),
                        told: Vec::new(),
                        drafts: 0,
                        looks: 0,
                        closed: None,
                    });
                }
                (None, _) => {}
            }
        }
        case
    }

    fn after(&mut self, at: WallTime, who: &str, act: &CaseAct) {
        match act {
            CaseAct::Opened { .. } => {}
            CaseAct::Named { people, unknown, .. } => {
                self.people.extend(people.iter().cloned());
                self.people.sort_unstable();
                self.people.dedup();
                self.unknown += unknown;
            }
            CaseAct::Shared { things, .. } => self.shared.clone_from(things),
            CaseAct::Held { hold } => self.holds.push(hold.clone()),
            CaseAct::Froze { frozen } => {
                let number = self.versions.len() + 1;
                self.versions.push(Version { number, who: who.to_owned(), frozen: (**frozen).clone() });
            }
            CaseAct::Drafted { .. } => self.drafts += 1,
            CaseAct::Told { law, to, at, how } => {
                self.told.push(Told { law: law.clone(), to: to.clone(), at: *at, how: how.clone() });
            }
            CaseAct::Looked { .. } => self.looks += 1,
            CaseAct::Closed { reason } => self.closed = Some((at, who.to_owned(), reason.clone())),
        }
    }

    /// The clocks of its laws at a moment, one for each audience, in the order of the laws.
    pub fn clocks(&self, now: WallTime) -> Vec<Clock<'_>> {
        let each = |law: &'_ Law| law.to.len();
        let mut clocks = Vec::with_capacity(self.laws.iter().map(each).sum());
        for law in &self.laws {
            for to in &law.to {
                clocks.push(self.clock(law, to, now));
            }
        }
        clocks
    }

    fn clock<'a>(&'a self, law: &'a Law, to: &'a str, now: WallTime) -> Clock<'a> {
        let due_at = law.within.map(|within| self.aware_at.plus(within));
        // The first notice counts: what follows it is its supplement.
        let told = self.told.iter().filter(|told| told.law == law.id && told.to == *to).map(|told| told.at).min();
        let state = match (due_at, told) {
            (Some(due), Some(told)) if told > due => ClockState::ToldLate(told.since(self.aware_at), told.since(due)),
            (_, Some(told)) => ClockState::Told(told.since(self.aware_at)),
            (Some(due), None) if now > due => ClockState::Overdue(now.since(due)),
            (Some(due), None) => ClockState::Left(due.since(now)),
            (None, None) => ClockState::NoHours,
        };
        Clock { law, to, due_at, state }
    }

    /// The newest frozen answer.
    pub fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// A frozen answer by its number, from 1.
    pub fn version(&self, number: usize) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }
}

impl ClockState {
    /// In words: `19 h 20 m left`, `overdue by 2 h`.
    pub fn words(self) -> String {
        match self {
            ClockState::Left(left) => format!("{left} left"),
            ClockState::Overdue(by) => format!("OVERDUE by {by}"),
            ClockState::Told(after) => format!("told after {after}"),
            ClockState::ToldLate(after, late) => format!("told after {after}, {late} LATE"),
            ClockState::NoHours => "without undue delay".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
