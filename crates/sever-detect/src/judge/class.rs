//! What the judge keeps of one class: how its records join, what its claims are, and its counts.

use serde::{Deserialize, Serialize};
use sever_model::{Batch, ClaimSet, Class, Fingerprint, FingerprintKey, Join, Judgement, Outcome, Row, Unjudgeable};

/// Issuances and uses from which on a class whose two sides have never met is taken to be
/// misconfigured.
pub(super) const NEVER_MEET_MIN: u64 = 1_000;
/// Uses over which the recent match rate is taken.
const RECENT_USES: u64 = 1_000;

/// One class.
#[derive(Debug)]
pub(super) struct ClassState {
    pub class: Class,
    /// Mixed into its join keys, so that the same id in two classes is two tokens.
    tag: u128,
    /// The keyed hash of its issuer's name.
    pub issuer_hash: u64,
    /// Its ledger, by number.
    pub ledger: usize,
    /// Its issuer's log, where we have it.
    pub feed: Option<usize>,
    /// Why none of its uses can be judged, if so.
    pub hopeless: Option<Unjudgeable>,
    /// What changes.
    pub seen: Seen,
}

/// What has been seen of a class.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Seen {
    /// The combinations of bound claims that its issuances carried.
    pub combinations: Vec<ClaimSet>,
    /// The bound claims that its uses have ever carried, by verifier log.
    pub carried: Vec<(usize, ClaimSet)>,
    /// Whether it was found that its two sides never meet.
    pub never_meets: bool,
    pub counts: Counts,
}

/// Counts of one class.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Counts {
    pub issued: u64,
    pub issued_late: u64,
    pub duplicates: u64,
    pub conflicts: u64,
    pub overlong: u64,
    /// Uses that could join.
    pub uses: u64,
    /// Of them, those whose judgement is final.
    pub settled: u64,
    /// Uses that did join.
    pub met: u64,
    /// Uses whose issuance came after them.
    pub met_late: u64,
    pub judged_issued: u64,
    pub judged_mismatch: u64,
    pub judged_never_issued: u64,
    pub judged_expired: u64,
    /// Of them, those that were answered.
    pub judged_expired_answered: u64,
    pub judged_unjudgeable: [u64; Unjudgeable::ALL.len()],
    /// Uses that wait.
    pub waiting: u64,
    /// Uses handed over provisionally: too many waited, or the logs ended.
    pub provisional: u64,
    pub retracted: u64,
    recent_met: u64,
    recent_uses: u64,
}

impl ClassState {
    pub(super) fn new(class: Class, key: &FingerprintKey, ledger: usize, feed: Option<usize>) -> ClassState {
        let hopeless = match (class.join, feed) {
            (Join::ProviderHmac, _) => Some(Unjudgeable::NotResolvable),
            (_, None) => Some(Unjudgeable::NoIssuanceLog),
            _ => None,
        };
        let tag = key.fingerprint(format!("class\0{}\0{}", class.issuer, class.name).as_bytes()).0;
        let issuer_hash = key.hash64(class.issuer.as_bytes());
        ClassState { class, tag, issuer_hash, ledger, feed, hopeless, seen: Seen::default() }
    }

    /// The token's fingerprint, from the text that it joins by.
    pub(super) fn id(&self, join: &str, key: &FingerprintKey) -> Fingerprint {
        Fingerprint(key.fingerprint(join.as_bytes()).0 ^ self.tag)
    }

    /// The text that a use joins by.
    pub(super) fn join_of_use<'a>(&self, batch: &'a Batch, row: usize) -> &'a str {
        match self.class.join {
            Join::Jti | Join::TokenSha256 | Join::ProviderHmac => batch.credential(row),
            Join::Session => batch.session(row),
            Join::Parent => batch.parent(row),
        }
    }

    /// The same of a row that is in no batch.
    pub(super) fn join_of_shown<'a>(&self, shown: &Row<'a>) -> &'a str {
        match self.class.join {
            Join::Jti | Join::TokenSha256 | Join::ProviderHmac => shown.credential,
            Join::Session => shown.session,
            Join::Parent => shown.parent,
        }
    }

    /// The text that an issuance joins by. What was made from a parent names it; the parent's own
    /// issuance is named by its id.
    pub(super) fn join_of_issuance<'a>(&self, batch: &'a Batch, row: usize) -> &'a str {
        match self.class.join {
            Join::Parent if batch.parent(row).is_empty() => batch.credential(row),
            _ => self.join_of_use(batch, row),
        }
    }

    /// Whether its two sides have had every chance to meet, and never have.
    pub(super) fn never_meets(&self) -> bool {
        let counts = &self.seen.counts;
        counts.met == 0 && counts.issued >= NEVER_MEET_MIN && counts.uses >= NEVER_MEET_MIN
    }
}

impl Seen {
    /// Notes what the uses in a log carry.
    pub(super) fn carry(&mut self, log: usize, claims: ClaimSet) {
        match self.carried.iter_mut().find(|(known, _)| *known == log) {
            Some((_, carried)) => *carried = carried.with(claims),
            None => self.carried.push((log, claims)),
        }
    }

    /// What the uses in a log have ever carried.
    pub(super) fn carried(&self, log: usize) -> ClaimSet {
        self.carried.iter().find(|(known, _)| *known == log).map_or(ClaimSet::NONE, |(_, carried)| *carried)
    }
}

impl Counts {
    /// Counts a judgement.
    pub(super) fn judged(&mut self, judgement: Judgement, outcome: Outcome) {
        if let Some(count) = self.of(judgement) {
            *count += 1;
        }
        let answered = judgement == Judgement::Expired && outcome == Outcome::Answered;
        self.judged_expired_answered += u64::from(answered);
    }

    /// Takes back a judgement, which was a forged one: nothing else is.
    pub(super) fn unjudged(&mut self, judgement: Judgement) {
        if let Some(count) = self.of(judgement) {
            *count = count.saturating_sub(1);
        }
    }

    fn of(&mut self, judgement: Judgement) -> Option<&mut u64> {
        Some(match judgement {
            Judgement::Issued(_) => &mut self.judged_issued,
            Judgement::Mismatch(_) => &mut self.judged_mismatch,
            Judgement::NeverIssued => &mut self.judged_never_issued,
            Judgement::Expired => &mut self.judged_expired,
            Judgement::Unjudgeable(reason) => {
                let at = Unjudgeable::ALL.iter().position(|one| *one == reason);
                at.and_then(|at| self.judged_unjudgeable.get_mut(at))?
            }
        })
    }

    /// Counts a use that could join, and whether it did.
    pub(super) fn joined(&mut self, met: bool, late: bool) {
        self.settled += 1;
        self.met += u64::from(met);
        self.met_late += u64::from(met && late);
        self.recent_met += u64::from(met);
        self.recent_uses += 1;
        if self.recent_uses >= 2 * RECENT_USES {
            self.recent_uses /= 2;
            self.recent_met /= 2;
        }
    }

    /// The share of the last thousand uses or so that met their issuance.
    pub(super) fn match_rate_recent(&self) -> Option<f64> {
        (self.recent_uses > 0).then(|| self.recent_met as f64 / self.recent_uses as f64)
    }
}
