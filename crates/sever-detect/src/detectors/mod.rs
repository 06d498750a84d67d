//! The detectors: one file each, and what they share.
//!
//! Each decides one thing, from the events and the inventory it is handed and from nothing else.
//! None has a clock, none sees another's state, and each names what bounds its memory. They are
//! listed in [`crate::registry`].
//!
//! What they share: [`bounded`], a map that forgets by rule; [`custody`], who could know a key;
//! [`holders`], who is behind a right; [`records`], which events are one record's; [`say`], how a finding
//! words times, people and records; [`whose`], what an account or a name in a record stands for.

pub(crate) mod access_without_login;
pub(crate) mod bounded;
pub(crate) mod bulk_export;
pub(crate) mod canary_touched;
pub(crate) mod custody;
pub(crate) mod dormant;
pub(crate) mod endpoint_mix;
pub(crate) mod evidence_tampered;
pub(crate) mod ghost_account;
pub(crate) mod holders;
pub(crate) mod key_extractable;
pub(crate) mod key_known_to_leaver;
pub(crate) mod key_out_of_life;
pub(crate) mod key_too_old;
pub(crate) mod key_too_widely_readable;
pub(crate) mod leaver_lookback;
pub(crate) mod mass_destruction;
pub(crate) mod over_broad;
pub(crate) mod records;
pub(crate) mod say;
pub(crate) mod shared_secret_not_rotated;
pub mod sigma;
pub(crate) mod slow_reach;
pub(crate) mod slow_reach_person;
pub(crate) mod sole_holder;
pub(crate) mod token_never_issued;
pub(crate) mod token_out_of_shape;
pub(crate) mod toxic_combination;
pub(crate) mod unknown_subject;
pub(crate) mod unused_right;
pub(crate) mod use_after_departure;
pub(crate) mod whose;

#[cfg(test)]
mod tests;
