//! The check of bound claims: 32 keyed bits that an issuance and its uses must share.
//!
//! What an issuance carried is compared, exactly: its check covers the bound claims that its own
//! record had, and *which* those were. A class remembers the few combinations that its issuer has
//! logged ([`crate::judge::class`]); a use must reproduce the check over one of them. So
//!
//! - a claim that the issuer never logs is not compared, whatever the use says of it;
//! - a use that leaves out a claim cannot choose a smaller comparison: the check over less is
//!   another check;
//! - a claim that differs is another check, but for one chance in four thousand million per try,
//!   and whoever tries is seen trying.
//!
//! Texts enter as hashes under the data directory's key, so that nobody outside can compute, let
//! alone aim at, a check. The same key gives the same checks in every run.

use sever_model::{Batch, ClaimSet, EventTime, FingerprintKey, Row, Symbols};

/// Claims in the order of their bits.
const CLAIMS: [ClaimSet; 8] = [
    ClaimSet::ISSUER,
    ClaimSet::KEY_ID,
    ClaimSet::SUBJECT,
    ClaimSet::AUDIENCE,
    ClaimSet::CLIENT,
    ClaimSet::ISSUED_AT,
    ClaimSet::EXPIRES_AT,
    ClaimSet::TYPE,
];

/// What one record says of the bound claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claims {
    /// Those that it has.
    pub present: ClaimSet,
    values: [u64; 8],
}

/// Computes checks under one key.
#[derive(Debug)]
pub(super) struct Checker {
    key: FingerprintKey,
    start: u64,
    secrets: [u64; 8],
}

impl Checker {
    pub(super) fn new(key: FingerprintKey) -> Checker {
        let secret = |at: usize| key.hash64(format!("claim check {at}").as_bytes());
        Checker { key, start: secret(8), secrets: std::array::from_fn(secret) }
    }

    /// What the record says of the claims in `bound`.
    pub(super) fn read(&self, batch: &Batch, row: usize, bound: ClaimSet, symbols: &Symbols) -> Claims {
        let names = batch.names(row);
        let mut claims = Claims { present: ClaimSet::NONE, values: [0; 8] };
        let syms =
            [(0, names.issuer), (1, names.key_id), (3, names.audience), (4, names.client), (7, names.token_type)];
        for (at, sym) in syms {
            if !sym.is_none() {
                claims.set(at, symbols.hash(sym), bound);
            }
        }
        let times = [(5, batch.issued_at(row)), (6, batch.expires_at(row))];
        for (at, time) in times {
            if let Some(time) = time {
                claims.set(at, secs(time) as u64, bound);
            }
        }
        if bound.holds(ClaimSet::SUBJECT) && !batch.token_subject(row).is_empty() {
            claims.set(2, self.key.hash64(batch.token_subject(row).as_bytes()), bound);
        }
        claims
    }

    /// The same of a row that is in no batch. Its texts are hashed one by one and not interned: whoever shows
    /// tokens chooses them.
    pub(super) fn read_row(&self, row: &Row<'_>, bound: ClaimSet) -> Claims {
        let mut claims = Claims { present: ClaimSet::NONE, values: [0; 8] };
        let texts = [
            (0, row.issuer),
            (1, row.key_id),
            (2, row.token_subject),
            (3, row.audience),
            (4, row.client),
            (7, row.token_type),
        ];
        for (at, text) in texts {
            let wanted = CLAIMS.get(at).is_some_and(|claim| bound.holds(*claim));
            if wanted && !text.is_empty() {
                claims.set(at, self.key.hash64(text.as_bytes()), bound);
            }
        }
        for (at, time) in [(5, row.issued_at), (6, row.expires_at)] {
            if let Some(time) = time {
                claims.set(at, secs(time) as u64, bound);
            }
        }
        claims
    }

    /// The check over some of the claims, which the record must have.
    pub(super) fn check(&self, claims: &Claims, over: ClaimSet) -> u32 {
        let mut sum = self.start ^ u64::from(over.bits());
        let each = CLAIMS.iter().zip(&claims.values).zip(&self.secrets);
        for ((claim, value), secret) in each {
            if over.holds(*claim) {
                sum = fold(sum ^ value, sum.rotate_left(32) ^ secret | 1);
            }
        }
        (sum ^ sum >> 32) as u32
    }
}

impl Claims {
    /// Gives a claim that the record lacks because its log is about nothing else.
    pub(super) fn imply_issuer(&mut self, hash: u64, bound: ClaimSet) {
        if !self.present.holds(ClaimSet::ISSUER) {
            self.set(0, hash, bound);
        }
    }

    fn set(&mut self, at: usize, value: u64, bound: ClaimSet) {
        let Some((claim, slot)) = CLAIMS.get(at).zip(self.values.get_mut(at)) else { return };
        if bound.holds(*claim) {
            self.present = self.present.with(*claim);
            *slot = value;
        }
    }
}

/// What is in `of` and not in `without`.
pub(super) fn less(of: ClaimSet, without: ClaimSet) -> ClaimSet {
    ClaimSet::from_bits(of.bits() & !without.bits())
}

/// Tokens count in seconds; logs may say more.
fn secs(at: EventTime) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// Both halves of a 128-bit product, folded.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}
