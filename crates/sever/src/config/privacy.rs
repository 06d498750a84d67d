//! `[privacy]`: who may see what of people, how long it is kept, and where the key of ids lies.

use sever_model::Span;

use super::SecretFrom;

/// What is done to protect people.
#[derive(Debug, Clone, PartialEq)]
pub struct PrivacyConfig {
    /// Whether people who are employed are shown as pseudonyms.
    pub pseudonyms: bool,
    /// Who may do what.
    pub roles: Vec<Role>,
    /// How long things are kept.
    pub retention: RetentionConfig,
    /// Where the key of the subjects' ids comes from; a file in the data directory where absent.
    pub dictionary_key: Option<SecretFrom>,
}

/// Some people of this machine, and what they may do with people's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Logins; `*` is anybody.
    pub who: Vec<String>,
    /// What they may do.
    pub may: Vec<Deed>,
}

/// What a role may do with people's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// See the names of people who are employed.
    Reveal,
    /// Write out the ids of the people whose data was touched.
    Subjects,
    /// Record the legal basis of a detector that ranks people.
    Basis,
    /// Erase a person.
    Erase,
    /// Delete what is past its time.
    Sweep,
    /// Lift a legal hold.
    Release,
    /// See and work on cases; where no role says so, anybody may.
    Case,
}

impl Deed {
    /// All of them, in the order that documents give.
    pub const ALL: [Deed; 7] =
        [Deed::Reveal, Deed::Subjects, Deed::Basis, Deed::Erase, Deed::Sweep, Deed::Release, Deed::Case];

    /// The word for it in the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Deed::Reveal => "reveal",
            Deed::Subjects => "subjects",
            Deed::Basis => "basis",
            Deed::Erase => "erase",
            Deed::Sweep => "sweep",
            Deed::Release => "release",
            Deed::Case => "case",
        }
    }

    /// What a word stands for.
    pub fn named(word: &str) -> Option<Deed> {
        Deed::ALL.into_iter().find(|deed| deed.word() == word)
    }
}

/// How long each kind of data is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionConfig {
    /// Facts that ended or were corrected.
    pub facts: Span,
    /// Findings, since they were last raised.
    pub findings: Span,
    /// Judged uses, and the ids of the subjects in them.
    pub uses: Span,
    /// Records of who saw what.
    pub accesses: Span,
}

impl Role {
    /// Whether somebody of this login may do it in this role.
    pub fn allows(&self, login: &str, deed: Deed) -> bool {
        self.may.contains(&deed) && self.who.iter().any(|who| who == login || who == "*")
    }
}
