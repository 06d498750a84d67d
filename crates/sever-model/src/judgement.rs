//! Judgements: what the issued ledger says of one use.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the issued ledger says of one use of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// Its issuer logged it, and these claims were compared and agree. A token stolen whole is
    /// `Issued` too: issuance says nothing about who holds it.
    Issued(ClaimSet),
    /// Its id was issued, with other claims than these: a copied id.
    Mismatch(ClaimSet),
    /// Nobody issued it.
    NeverIssued,
    /// It was used after its own end.
    Expired,
    /// It cannot be told.
    Unjudgeable(Unjudgeable),
}

/// Why a use cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unjudgeable {
    /// No configured class covers this issuer at this verifier.
    ClassNotCovered,
    /// The class's issuances stand in no log that we have.
    NoIssuanceLog,
    /// The record has no value in the field that the class joins by.
    NoJoinKey,
    /// The class joins by a keyed hash, which only the issuer can resolve.
    NotResolvable,
    /// Issuances and uses of the class have never met: the join is probably misconfigured.
    NeverMeet,
    /// The issuer's log has not been shown complete.
    CoverageUnproven,
    /// The token may be from before the ledger began.
    BeforeLedger,
    /// The issuer's log has a gap in which it may have been issued.
    IssuerGap,
    /// The issuer's log has fallen silent, or ends before the use could settle.
    IssuerSilent,
    /// Its entry may have been dropped: the record came after the token's end and the lateness.
    LedgerExpired,
}

impl Judgement {
    /// The word for it, as flags and files write it.
    pub const fn word(self) -> &'static str {
        match self {
            Judgement::Issued(_) => "issued",
            Judgement::Mismatch(_) => "mismatch",
            Judgement::NeverIssued => "never-issued",
            Judgement::Expired => "expired",
            Judgement::Unjudgeable(_) => "unjudgeable",
        }
    }

    /// Whether it says that the issuer never made this token: `NeverIssued` or `Mismatch`.
    pub const fn forged(self) -> bool {
        matches!(self, Judgement::NeverIssued | Judgement::Mismatch(_))
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Judgement::Issued(claims) if claims.is_empty() => f.write_str("issued (id only)"),
            Judgement::Issued(claims) => write!(f, "issued ({claims} agree)"),
            Judgement::Mismatch(claims) => write!(f, "mismatch ({claims})"),
            Judgement::NeverIssued => f.write_str("never issued"),
            Judgement::Expired => f.write_str("expired"),
            Judgement::Unjudgeable(reason) => write!(f, "unjudgeable ({})", reason.words()),
        }
    }
}

impl Unjudgeable {
    /// Every reason, in the order that reports list them.
    pub const ALL: [Unjudgeable; 10] = [
        Unjudgeable::ClassNotCovered,
        Unjudgeable::NoIssuanceLog,
        Unjudgeable::NoJoinKey,
        Unjudgeable::NotResolvable,
        Unjudgeable::NeverMeet,
        Unjudgeable::CoverageUnproven,
        Unjudgeable::BeforeLedger,
        Unjudgeable::IssuerGap,
        Unjudgeable::IssuerSilent,
        Unjudgeable::LedgerExpired,
    ];

    /// The reason in words.
    pub const fn words(self) -> &'static str {
        match self {
            Unjudgeable::ClassNotCovered => "class not covered",
            Unjudgeable::NoIssuanceLog => "no log has its issuances",
            Unjudgeable::NoJoinKey => "the record lacks the id that it joins by",
            Unjudgeable::NotResolvable => "only the issuer can resolve its hash",
            Unjudgeable::NeverMeet => "issuances and uses of this class never meet",
            Unjudgeable::CoverageUnproven => "issuer coverage not proven",
            Unjudgeable::BeforeLedger => "may be from before the ledger",
            Unjudgeable::IssuerGap => "gap in the issuer's log",
            Unjudgeable::IssuerSilent => "issuer silent",
            Unjudgeable::LedgerExpired => "ledger entry expired",
        }
    }

    /// What would make it judgeable.
    pub const fn cure(self) -> &'static str {
        match self {
            Unjudgeable::ClassNotCovered => "add a `[[class]]` for this issuer and verifier",
            Unjudgeable::NoIssuanceLog => "log issuances at the issuer and name that log in `issued_in`",
            Unjudgeable::NoJoinKey => "log the token's id (`jti`) at the verifier",
            Unjudgeable::NotResolvable => "have the issuer log the token's own id",
            Unjudgeable::NeverMeet => "compare `join` with what both logs carry: `sever doctor` shows both sides",
            Unjudgeable::CoverageUnproven => {
                "number the issuer's records or write heartbeats, or declare the class complete"
            }
            Unjudgeable::BeforeLedger => "wait until the longest token life has passed, or add older issuance logs",
            Unjudgeable::IssuerGap => "find the missing part of the issuer's log",
            Unjudgeable::IssuerSilent => "find out why the issuer's log ends, or add its newer part",
            Unjudgeable::LedgerExpired => "ship the verifier's log sooner",
        }
    }
}

/// A set of claims of a token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ClaimSet(u16);

const CLAIMS: [(&str, ClaimSet); 8] = [
    ("issuer", ClaimSet::ISSUER),
    ("key_id", ClaimSet::KEY_ID),
    ("token_subject", ClaimSet::SUBJECT),
    ("audience", ClaimSet::AUDIENCE),
    ("client", ClaimSet::CLIENT),
    ("issued_at", ClaimSet::ISSUED_AT),
    ("expires_at", ClaimSet::EXPIRES_AT),
    ("token_type", ClaimSet::TYPE),
];

impl ClaimSet {
    /// No claim.
    pub const NONE: ClaimSet = ClaimSet(0);
    /// Issuer.
    pub const ISSUER: ClaimSet = ClaimSet(1);
    /// Id of the signing key.
    pub const KEY_ID: ClaimSet = ClaimSet(2);
    /// Subject.
    pub const SUBJECT: ClaimSet = ClaimSet(4);
    /// Audience.
    pub const AUDIENCE: ClaimSet = ClaimSet(8);
    /// Client.
    pub const CLIENT: ClaimSet = ClaimSet(16);
    /// Issued-at, to the second.
    pub const ISSUED_AT: ClaimSet = ClaimSet(32);
    /// Expiry, to the second.
    pub const EXPIRES_AT: ClaimSet = ClaimSet(64);
    /// Token type.
    pub const TYPE: ClaimSet = ClaimSet(128);

    /// Both sets together.
    pub const fn with(self, other: ClaimSet) -> ClaimSet {
        ClaimSet(self.0 | other.0)
    }
    /// What both have.
    pub const fn both(self, other: ClaimSet) -> ClaimSet {
        ClaimSet(self.0 & other.0)
    }
    /// Whether all of `other` is in it.
    pub const fn holds(self, other: ClaimSet) -> bool {
        self.0 & other.0 == other.0
    }
    /// Whether it is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// The set as a small number, for storing.
    pub const fn bits(self) -> u16 {
        self.0
    }
    /// The set of a small number; unknown bits are dropped.
    pub const fn from_bits(bits: u16) -> ClaimSet {
        ClaimSet(bits & 0xff)
    }
    /// The claim of a name, as the event fields are called.
    pub fn named(name: &str) -> Option<ClaimSet> {
        CLAIMS.iter().find(|(word, _)| *word == name).map(|(_, claim)| *claim)
    }
    /// The names of all claims.
    pub fn names() -> impl Iterator<Item = &'static str> {
        CLAIMS.iter().map(|(word, _)| *word)
    }
}

impl fmt::Display for ClaimSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (word, claim) in CLAIMS {
            if self.holds(claim) {
                if !first {
                    f.write_str(", ")?;
                }
                f.write_str(word)?;
                first = false;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ClaimSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClaimSet({self})")
    }
}

impl Serialize for ClaimSet {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(CLAIMS.iter().filter(|(_, claim)| self.holds(*claim)).map(|(word, _)| word))
    }
}

impl<'de> Deserialize<'de> for ClaimSet {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<ClaimSet, D::Error> {
        let mut set = ClaimSet::NONE;
        for name in Vec::<String>::deserialize(d)? {
            let claim = ClaimSet::named(&name);
            set = set.with(claim.ok_or_else(|| serde::de::Error::custom(format!("`{name}` is not a claim")))?);
        }
        Ok(set)
    }
}
