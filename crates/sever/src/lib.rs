//! The parts of the binary, as a library, so that tests and documents are made from them.

pub mod approval;
mod claims;
pub mod cli;
pub mod clock;
pub mod config;
pub mod exit;
pub mod hint;
pub mod operator;
pub mod progress;
pub mod render;
pub mod veil;
pub mod web;
