//! What a gate answers, and why.

use sever_model::{Judgement, Unjudgeable};

/// What was decided of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Why it is refused, if it is.
    pub refused: Option<Reason>,
    /// Whether it should be asked again, once its issuance may have come.
    pub wait: bool,
    /// The token's class, by its number.
    pub class: Option<usize>,
    /// What the ledger says.
    pub judgement: Option<Judgement>,
    /// What is noted of it, where it is allowed.
    pub mark: Option<Mark>,
}

/// Why a request is refused. In the order of gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Nobody issued the token, and somebody who has left could know the key that signed it.
    KeyKnownToLeaver,
    /// Nobody issued it.
    NeverIssued,
    /// Its id was issued with other claims.
    Mismatch,
    /// It was taken back.
    Revoked,
    /// Its holder has left.
    HolderDeparted,
    /// Its key is used outside its time, issuer, audience or class.
    KeyOutOfLife,
    /// It is shown after its own end.
    Expired,
    /// It is of no class of its issuer's, or of an issuer that has none here.
    NotCovered,
    /// Its signature does not hold.
    BadSignature,
    /// It cannot be read as every verifier would.
    Unreadable,
    /// There is none.
    NoToken,
    /// What carries it has reached as many people today as it may.
    ReachBudget,
    /// The gate itself has failed.
    Fault,
}

/// What is noted of a request that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It would be refused, were this enforced.
    WouldRefuse(Reason),
    /// It says that it is new, and its issuance has not come yet.
    MayBeNew,
    /// The ledger cannot say.
    Unjudgeable(Unjudgeable),
    /// The gate itself has failed, and lets pass.
    Fault,
}

/// What happens when the gate itself fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFault {
    /// Requests are allowed.
    Open,
    /// They are refused.
    Closed,
}

/// What becomes of what the gate is not about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrElse {
    /// It is allowed, and marked.
    Allow,
    /// It is refused.
    Refuse,
}

impl Decision {
    pub(super) const fn allow(class: Option<usize>, judgement: Option<Judgement>, mark: Option<Mark>) -> Decision {
        Decision { refused: None, wait: false, class, judgement, mark }
    }

    pub(super) const fn refuse(reason: Reason, class: Option<usize>, judgement: Option<Judgement>) -> Decision {
        Decision { refused: Some(reason), wait: false, class, judgement, mark: None }
    }

    pub(super) const fn wait(class: Option<usize>, judgement: Judgement) -> Decision {
        Decision { refused: None, wait: true, class, judgement: Some(judgement), mark: None }
    }

    /// In one word what it is about: why it is refused, else what is noted.
    pub const fn word(&self) -> &'static str {
        match (self.refused, self.mark) {
            (Some(reason), _) | (None, Some(Mark::WouldRefuse(reason))) => reason.word(),
            (None, Some(Mark::MayBeNew)) => "may-be-new",
            (None, Some(Mark::Unjudgeable(_))) => "unjudgeable",
            (None, Some(Mark::Fault)) => Reason::Fault.word(),
            (None, None) => "",
        }
    }
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 13] = [
        Reason::KeyKnownToLeaver,
        Reason::NeverIssued,
        Reason::Mismatch,
        Reason::Revoked,
        Reason::HolderDeparted,
        Reason::KeyOutOfLife,
        Reason::Expired,
        Reason::NotCovered,
        Reason::BadSignature,
        Reason::Unreadable,
        Reason::NoToken,
        Reason::ReachBudget,
        Reason::Fault,
    ];

    /// Its word in settings, headers and events.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::KeyKnownToLeaver => "key-known-to-leaver",
            Reason::NeverIssued => "never-issued",
            Reason::Mismatch => "mismatch",
            Reason::Revoked => "revoked",
            Reason::HolderDeparted => "holder-departed",
            Reason::KeyOutOfLife => "key-out-of-life",
            Reason::Expired => "expired",
            Reason::NotCovered => "not-covered",
            Reason::BadSignature => "bad-signature",
            Reason::Unreadable => "unreadable",
            Reason::NoToken => "no-token",
            Reason::ReachBudget => "reach-budget",
            Reason::Fault => "fault",
        }
    }

    /// The reason of a word.
    pub fn named(word: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.word() == word)
    }

    /// Whether the token itself is no good, so that another one may be (401), or its user may not (403).
    pub const fn asks_for_another(self) -> bool {
        !matches!(self, Reason::HolderDeparted | Reason::ReachBudget | Reason::Fault)
    }

    pub(super) const fn number(self) -> usize {
        self as usize
    }
}
