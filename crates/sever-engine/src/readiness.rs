//! `readiness`: with today's files, which incidents would be seen, partly seen or missed.
//!
//! Each of the four incidents is a short list of [`Need`]s: something that must be in the inventory
//! or in a log for its detectors to speak. A need that is not met names the lines that would meet
//! it. Looked at are the inventory as loaded and the head of each log as decoded: what is claimed
//! is what was found there, not what a format could hold.

mod incidents;
mod sample;

use sever_model::{Class, CoverageBy, Inventory};

pub use sample::LogSample;

/// What is at hand.
pub struct Hand<'a> {
    /// The inventory.
    pub inventory: &'a Inventory,
    /// The head of each log.
    pub samples: &'a [LogSample],
    /// The classes of token.
    pub classes: &'a [Class],
    /// Whether there is a subject register.
    pub register: bool,
}

/// Something that an incident cannot be seen without, or only partly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What, in a few words.
    pub what: &'static str,
    /// Whether it is there.
    pub met: bool,
    /// What was looked at to say so.
    pub because: String,
    /// Whether the incident is missed without it; else it is seen only partly.
    pub vital: bool,
    /// The lines to add.
    pub cure: &'static str,
}

/// How much of an incident would be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seeing {
    /// Not at all.
    Missed,
    /// In part.
    Partly,
    /// Whole.
    Seen,
}

impl Seeing {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Seeing::Missed => "missed",
            Seeing::Partly => "partly seen",
            Seeing::Seen => "seen",
        }
    }
}

/// One incident or question, and what it needs.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The incident's id, as `sever demo` names it.
    pub incident: &'static str,
    /// What happened there, in a line.
    pub about: &'static str,
    /// The question of the four that it stands for.
    pub question: &'static str,
    /// How much would be seen.
    pub seeing: Seeing,
    /// What that needs.
    pub needs: Vec<Need>,
}

/// What could be seen with what is at hand.
#[derive(Debug, Clone)]
pub struct Readiness {
    /// One answer per incident.
    pub answers: Vec<Answer>,
}

impl Readiness {
    /// How many of the four would be seen whole.
    pub fn seen(&self) -> usize {
        self.answers.iter().filter(|answer| answer.seeing == Seeing::Seen).count()
    }
}

/// Says which incidents would be seen with what is at hand.
pub fn readiness(hand: &Hand<'_>) -> Readiness {
    Readiness { answers: incidents::INCIDENTS.iter().map(|incident| incident.answer(hand)).collect() }
}

impl Hand<'_> {
    /// Whether some class joins a log of issuances that is here with a log of uses that is here.
    fn joined_class(&self) -> Option<&Class> {
        let has = |log: &sever_model::SourceId, fields: &[&str]| {
            self.samples.iter().any(|sample| sample.log == *log && fields.iter().any(|field| sample.has(field)))
        };
        self.classes.iter().find(|class| {
            let ids = ["credential", "session", "parent"];
            class.issued_in.as_ref().is_some_and(|log| has(log, &ids)) && class.used_in.iter().any(|log| has(log, &ids))
        })
    }

    /// Whether its coverage is known from the issuer's side.
    fn measured(&self) -> bool {
        self.joined_class().is_some_and(|class| class.coverage != CoverageBy::Unknown)
    }

    /// The logs whose sample has any of these fields, as text; empty where none has.
    fn logs_with(&self, fields: &[&str]) -> String {
        let with = self.samples.iter().filter(|sample| fields.iter().any(|field| sample.has(field)));
        let mut names: Vec<&str> = with.map(|sample| sample.log.as_str()).collect();
        names.dedup();
        names.join(", ")
    }
}
