//! What stops deletion, and what is remembered of who wanted it sooner.
//!
//! A legal hold stands in the commits themselves: whoever is about to delete looks at the newest one,
//! wherever they run. While there is one, retention and erasure are refused, compaction drops nothing
//! that was taken back, and what commits replaced stays on the disk.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sever_model::{Span, WallTime};

use crate::LakeError;
use crate::change::commit;
use crate::commit::Commit;
use crate::storage::Storage;

/// Something that must be kept for the law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its name.
    pub name: String,
    /// Why, in their words.
    pub reason: String,
    /// Who said so.
    pub who: String,
    /// Since when.
    pub at: WallTime,
}

/// Uses were to be kept shorter from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lowered {
    /// When it was noticed.
    pub at: WallTime,
    /// Whose run it was.
    pub who: String,
    /// How long before, in days.
    pub from_days: i64,
    /// How long from then on.
    pub to_days: i64,
}

/// Stops every deletion. Returns whether there was none of that name yet; else that one stays.
///
/// # Errors
/// When the lake cannot be read or written.
pub fn hold(dir: &Path, hold: &Hold) -> Result<Held, LakeError> {
    let mut held = Held::New;
    commit(&*crate::storage::of(dir)?, &mut |next| {
        held = Held::New;
        if next.holds.iter().any(|other| other.name == hold.name) {
            held = Held::Already;
        } else {
            next.holds.push(hold.clone());
        }
        "hold".clone_into(&mut next.run);
        Ok(())
    })?;
    Ok(held)
}

/// Whether a hold is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It is.
    New,
    /// One of that name was there.
    Already,
}

/// Lifts a hold: what it kept from being deleted is deleted by whatever comes next. Returns it, where
/// there was one of that name.
///
/// # Errors
/// When the lake cannot be read or written.
pub fn release(dir: &Path, name: &str) -> Result<Option<Hold>, LakeError> {
    let storage = crate::storage::of(dir)?;
    if !Commit::newest(&*storage)?.holds.iter().any(|hold| hold.name == name) {
        return Ok(None);
    }
    let mut released = None;
    commit(&*storage, &mut |next| {
        released = next.holds.iter().position(|hold| hold.name == name).map(|at| next.holds.remove(at));
        "release".clone_into(&mut next.run);
        Ok(())
    })?;
    Ok(released)
}

/// Remembers how long uses are to be kept from now on, and when that is shorter than it was: that
/// alone, where it is.
///
/// # Errors
/// When the lake cannot be read or written.
pub fn keep_for(dir: &Path, span: Span, who: &str, at: WallTime) -> Result<Option<Lowered>, LakeError> {
    let storage = crate::storage::of(dir)?;
    let days = span.as_secs() / 86_400;
    let newest = Commit::newest(&*storage)?;
    if newest.number == 0 || newest.kept_for_days == Some(days) {
        return Ok(None);
    }
    let mut lowered = None;
    commit(&*storage, &mut |next| {
        let from = next.kept_for_days.replace(days).filter(|from| *from > days);
        lowered = from.map(|from_days| Lowered { at, who: who.to_owned(), from_days, to_days: days });
        next.lowered.extend(lowered.clone());
        "retention".clone_into(&mut next.run);
        Ok(())
    })?;
    Ok(lowered)
}

/// Whether anything may be deleted, here or of what stands beside the lake.
///
/// # Errors
/// Where a hold stops it, or the lake cannot be read.
pub fn may_delete(dir: &Path) -> Result<(), LakeError> {
    let storage = crate::storage::of(dir)?;
    refuse(&*storage, &Commit::newest(&*storage)?.holds)
}

/// Refuses a deletion that a hold stops.
pub(crate) fn refuse(storage: &dyn Storage, holds: &[Hold]) -> Result<(), LakeError> {
    let names: Vec<String> =
        holds.iter().map(|hold| format!("`{}` ({}, {})", hold.name, hold.reason, hold.who)).collect();
    match names.as_slice() {
        [] => Ok(()),
        names => Err(LakeError::Held { path: storage.place(""), holds: names.join(", ") }),
    }
}
