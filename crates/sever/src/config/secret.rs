//! Where a secret comes from; never the secret itself, which is fetched when it is needed.

use std::path::PathBuf;

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretFrom {
    /// A variable of the environment.
    Variable(String),
    /// A file.
    File(PathBuf),
    /// What a command prints.
    Command(Vec<String>),
}
