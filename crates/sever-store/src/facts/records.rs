//! The records of a listing by key, and the digests by which they are compared.

use sever_model::{Fact, FingerprintKey, Record};

use super::diff::Said;
use super::{columns, kind_number};
use crate::StoreError;

/// One record, by its key, in the order of the store.
pub(super) struct Incoming {
    pub(super) kind: i64,
    pub(super) key: String,
    pub(super) fact: Fact,
    pub(super) said: Said,
}

/// The records by key, the first of each, and the keys of the others.
pub(super) fn sort(records: Vec<Record>, key: &FingerprintKey) -> Result<(Vec<Incoming>, Vec<String>), StoreError> {
    let mut incoming = Vec::with_capacity(records.len());
    let mut body = Vec::new();
    for Record { fact, valid } in records {
        let (digest, stable) = digests(&fact, key, &mut body)?;
        let said = Said { valid, digest, stable };
        incoming.push(Incoming { kind: kind_number(fact.kind()), key: fact.key(), fact, said });
    }
    // Stable, so that of two records with one key the one that stood first stays first.
    incoming.sort_by(|a, b| (a.kind, &a.key).cmp(&(b.kind, &b.key)));
    let mut conflicts = Vec::new();
    incoming.dedup_by(|later, first| {
        let same = (later.kind, &later.key) == (first.kind, &first.key);
        if same && later.said != first.said {
            conflicts.push(first.key.clone());
        }
        same
    });
    Ok((incoming, conflicts))
}

/// A digest of what the records say, in whatever order they stood.
pub(super) fn content(incoming: &[Incoming], key: &FingerprintKey) -> i64 {
    let mut text = Vec::new();
    let mut sum = 0i64;
    for Incoming { kind, key: id, said, .. } in incoming {
        let ((from_lo, from_hi), (to_lo, to_hi)) = (columns(said.valid.from), columns(said.valid.to));
        text.clear();
        for number in [*kind, said.digest] {
            text.extend_from_slice(&number.to_le_bytes());
        }
        for bound in [from_lo, from_hi, to_lo, to_hi] {
            text.push(u8::from(bound.is_some()));
            text.extend_from_slice(&bound.unwrap_or_default().to_le_bytes());
        }
        text.extend_from_slice(id.as_bytes());
        sum = sum.wrapping_add(key.hash64(&text).cast_signed());
    }
    sum
}

/// A digest of the fact, and one of it without its observations.
fn digests(fact: &Fact, key: &FingerprintKey, body: &mut Vec<u8>) -> Result<(i64, i64), StoreError> {
    let mut digest = |fact: &Fact| {
        body.clear();
        serde_json::to_writer(&mut *body, fact).map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok::<i64, StoreError>(key.hash64(body).cast_signed())
    };
    let whole = digest(fact)?;
    let stable = match fact {
        Fact::Account(it) if it.last_used.is_some() => Some(Fact::Account({
            let mut it = it.clone();
            it.last_used = None;
            it
        })),
        Fact::Grant(it) if it.last_used.is_some() => Some(Fact::Grant({
            let mut it = it.clone();
            it.last_used = None;
            it
        })),
        Fact::Credential(it) if it.last_used.is_some() => Some(Fact::Credential({
            let mut it = it.clone();
            it.last_used = None;
            it
        })),
        _ => None,
    };
    Ok((whole, stable.map_or(Ok(whole), |stable| digest(&stable))?))
}
