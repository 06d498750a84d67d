//! What is claimed: in-toto statements of ours, which name nobody.
//!
//! A [`Claim`] has words that name nobody (`public`) and names and values (`private`). In the statement
//! each private one is a *commitment*: the SHA-256 of a random salt and the value. Salt and value are a
//! [`Disclosure`], which is kept beside the log: without it nobody can tell what was committed to, and
//! with it everybody can check that it was this. That is how a person is erased from a log that cannot
//! forget.
//!
//! ```json
//! {"_type": "https://in-toto.io/Statement/v1",
//!  "subject": [{"name": "departure", "digest": {"sha256": "9c1e…"}}],
//!  "predicateType": "https://severance.dev/predicates/verdict/v1",
//!  "predicate": {"at": "2026-09-30T17:00:12Z",
//!                "public": {"result": "closed", "strength": "tried"},
//!                "commitments": {"door": "5a0b…", "person": "e771…"}}}
//! ```
//!
//! The subject is the commitment to the departure's own id under a salt of its own, which all of its
//! statements share: they can be told to belong together without saying to whom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sever_model::WallTime;

use super::digest::{Hash, hex, sha256, unhex};
use super::error::ProofError;

/// What every predicate type begins with.
pub const PREDICATE_BASE: &str = "https://severance.dev/predicates/";

/// The type of an in-toto statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The field of the disclosure of a departure's id.
pub const DEPARTURE: &str = "departure";

/// The longest name of a private field, in bytes.
const FIELD_BYTES_MAX: usize = 64;

/// The longest value of a private field, in bytes.
const VALUE_BYTES_MAX: usize = 16 << 10;

/// The most private fields of a claim.
const FIELDS_MAX: usize = 64;

/// What kind of thing is claimed. Exhaustive: a new kind must be thought of everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimKind {
    /// What would be done.
    Plan,
    /// Who agreed to it.
    Approval,
    /// What is about to be done.
    Intent,
    /// What a provider answered.
    Receipt,
    /// What trying a door showed.
    Verdict,
    /// What was seen, and what was not.
    Coverage,
    /// That names and values were deleted.
    Erasure,
}

impl ClaimKind {
    /// All of them.
    pub const ALL: [ClaimKind; 7] = [
        ClaimKind::Plan,
        ClaimKind::Approval,
        ClaimKind::Intent,
        ClaimKind::Receipt,
        ClaimKind::Verdict,
        ClaimKind::Coverage,
        ClaimKind::Erasure,
    ];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            ClaimKind::Plan => "plan",
            ClaimKind::Approval => "approval",
            ClaimKind::Intent => "intent",
            ClaimKind::Receipt => "receipt",
            ClaimKind::Verdict => "verdict",
            ClaimKind::Coverage => "coverage",
            ClaimKind::Erasure => "erasure",
        }
    }

    /// The type of its predicate.
    pub fn predicate_type(self) -> String {
        format!("{PREDICATE_BASE}{}/v1", self.word())
    }

    fn of_predicate(text: &str) -> Option<ClaimKind> {
        let word = text.strip_prefix(PREDICATE_BASE)?.strip_suffix("/v1")?;
        ClaimKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Something to be recorded.
#[derive(Debug, Clone)]
pub struct Claim {
    /// What kind of thing.
    pub kind: ClaimKind,
    /// The departure it belongs to: an id, which only its disclosure tells.
    pub departure: String,
    /// When.
    pub at: WallTime,
    /// Words that name nobody, as a JSON object: phase, result, strength, kind of provider, times. It
    /// stands in the log for ever.
    pub public: Value,
    /// Names and values, each by the field it is in (`[a-z0-9_.-]`): committed to, and kept beside.
    pub private: BTreeMap<String, String>,
}

/// What opens a commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// The commitment, in hexadecimal.
    pub commitment: String,
    /// The field.
    pub field: String,
    /// 128 random bits, in hexadecimal.
    pub salt: String,
    /// What was committed to.
    pub value: String,
}

impl Disclosure {
    /// Commits to a value, under a salt of its own.
    pub(crate) fn new(field: &str, value: &str) -> Disclosure {
        let salt = hex(&rand::random::<[u8; 16]>());
        let commitment = hex(&commitment(&salt, field, value));
        Disclosure { commitment, field: field.to_owned(), salt, value: value.to_owned() }
    }

    /// Whether it opens the commitment that it names.
    pub fn holds(&self) -> bool {
        unhex::<16>(&self.salt).is_some() && hex(&commitment(&self.salt, &self.field, &self.value)) == self.commitment
    }
}

/// SHA-256 of three lines, the name of the scheme, the salt and the field, and the value.
fn commitment(salt: &str, field: &str, value: &str) -> Hash {
    let lines = format!("severance.dev/commitment/v1\n{salt}\n{field}\n");
    sha256(&[lines.as_bytes(), value.as_bytes()])
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Predicate {
    at: WallTime,
    public: Value,
    commitments: BTreeMap<String, String>,
}

/// A statement as it stands in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What kind of thing is claimed.
    pub kind: ClaimKind,
    /// The commitment to the departure's id, in hexadecimal.
    pub departure: String,
    /// When.
    pub at: WallTime,
    /// Words that name nobody.
    pub public: Value,
    /// By field, the commitments to names and values, in hexadecimal.
    pub commitments: BTreeMap<String, String>,
}

impl Statement {
    /// The statement of a claim, and what opens it.
    ///
    /// # Errors
    /// When the claim cannot be stated so that it names nobody.
    pub(crate) fn of(claim: &Claim, departure: &str) -> Result<(Statement, Vec<Disclosure>), ProofError> {
        let refused = |what: String| ProofError::Claim { kind: claim.kind.word(), what };
        if !claim.public.is_object() {
            return Err(refused("its public words are no JSON object".to_owned()));
        }
        if claim.private.len() > FIELDS_MAX {
            return Err(refused(format!("it has more than {FIELDS_MAX} private fields")));
        }
        let mut disclosures = Vec::new();
        for (field, value) in &claim.private {
            if !is_field(field) || field == DEPARTURE {
                return Err(refused(format!("`{field}` is no name of a private field (`[a-z0-9_.-]`)")));
            }
            if value.len() > VALUE_BYTES_MAX {
                return Err(refused(format!("the value of `{field}` is longer than {VALUE_BYTES_MAX} bytes")));
            }
            disclosures.push(Disclosure::new(field, value));
        }
        let commitments = disclosures.iter().map(|it| (it.field.clone(), it.commitment.clone())).collect();
        let (kind, at, public) = (claim.kind, claim.at, claim.public.clone());
        Ok((Statement { kind, departure: departure.to_owned(), at, public, commitments }, disclosures))
    }

    /// Its canonical JSON.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let digest = BTreeMap::from([("sha256".to_owned(), self.departure.clone())]);
        serde_json_canonicalizer::to_vec(&Wire {
            kind: STATEMENT_TYPE.to_owned(),
            subject: vec![Subject { name: DEPARTURE.to_owned(), digest }],
            predicate_type: self.kind.predicate_type(),
            predicate: Predicate { at: self.at, public: self.public.clone(), commitments: self.commitments.clone() },
        })
    }

    /// Reads one of ours, in canonical JSON.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Statement, &'static str> {
        let wire: Wire = serde_json::from_slice(bytes).map_err(|_| "the payload is no statement of ours")?;
        if wire.kind != STATEMENT_TYPE {
            return Err("no in-toto statement v1");
        }
        let kind = ClaimKind::of_predicate(&wire.predicate_type).ok_or("an unknown predicate type")?;
        let [subject] = wire.subject.as_slice() else { return Err("not about one departure") };
        let departure = subject.digest.get("sha256").filter(|_| subject.name == DEPARTURE && subject.digest.len() == 1);
        let departure = departure.cloned().ok_or("its subject is no departure")?;
        let hashes = wire.predicate.commitments.values().chain([&departure]);
        if hashes.into_iter().any(|hash| unhex::<32>(hash).is_none()) {
            return Err("a commitment is no SHA-256");
        }
        let Predicate { at, public, commitments } = wire.predicate;
        let statement = Statement { kind, departure, at, public, commitments };
        let canonical = statement.to_bytes().map_err(|_| "no canonical form")?;
        if canonical == bytes { Ok(statement) } else { Err("the statement is not canonical JSON") }
    }
}

fn is_field(field: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    !field.is_empty() && field.len() <= FIELD_BYTES_MAX && field.bytes().all(fits)
}

#[cfg(test)]
mod tests;
