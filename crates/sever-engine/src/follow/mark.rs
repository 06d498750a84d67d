//! What was read of a file, such that its content is recognised wherever it is.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Node;

/// How much of a file's beginning tells it from others at a glance.
pub(super) const HEAD_BYTES: usize = 1_024;

/// What was read of a file. All but `node` and `stored` is of its content, decompressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The name it was first seen under.
    pub first_name: String,
    /// The name it was last seen under.
    pub name: String,
    /// Which file of the machine it was then.
    pub node: Node,
    /// Bytes read of it, as stored there.
    pub stored: u64,
    /// Bytes read of it.
    pub plain: u64,
    /// SHA-256 of them, in hexadecimal.
    pub digest: String,
    /// How many bytes `head` is of, at most [`HEAD_BYTES`].
    pub head_bytes: usize,
    /// SHA-256 of so many of its first bytes, in hexadecimal.
    pub head: String,
    /// Whether it has ended.
    pub ended: bool,
}

impl Mark {
    /// Of a file of which nothing was read.
    pub(super) fn new(name: &str, node: Node) -> Mark {
        let digest = hex(Sha256::new());
        Mark {
            first_name: name.to_owned(),
            name: name.to_owned(),
            node,
            stored: 0,
            plain: 0,
            head: digest.clone(),
            digest,
            head_bytes: 0,
            ended: false,
        }
    }
}

/// The digest of some bytes.
pub(crate) fn digest_of(bytes: &[u8]) -> String {
    hex(Sha256::new_with_prefix(bytes))
}

/// A digest in hexadecimal.
pub(super) fn hex(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
