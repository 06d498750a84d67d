//! Facts to inventory: who is whose, who could have read what, who may do what. Pure.
//!
//! ```text
//! facts ──► entities (one entry a thing) ──► correlation (account ↔ person) ─┐
//!       └─► relations (rows of numbers) ──► custody (told + derived) ────────┴──► Inventory
//! ```
//!
//! [`build`] is the way in. [`find`] says what a word stands for, [`who`] who has custody of a key,
//! [`effective`] what an account may do and by which path.

mod build;
mod correlation;
mod custody;
mod entities;
mod members;
mod pattern;
mod rights;
mod who;

pub use build::build;
pub use pattern::covers;
pub use rights::{Effective, effective};
pub use who::{Found, WhoRow, find, who};

#[cfg(test)]
mod tests;
