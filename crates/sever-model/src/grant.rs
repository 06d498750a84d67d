//! Grants: who may do what to which resource.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Holder, ResourceId};

/// A record that a holder has rights on a resource. Only a record: whether the door opens is tried
/// elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who.
    pub holder: Holder,
    /// On what; `*` ends a prefix, `+` stands for one path segment.
    pub resource: ResourceId,
    /// What they may do.
    pub rights: Rights,
    /// Who granted it, as the system names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted_by: Option<String>,
    /// When the right was last exercised, where the system keeps that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<crate::EventTime>,
}

/// A set of rights.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Rights(u16);

/// Each right's word and bit, in the order they are printed.
const WORDS: [(&str, Rights); 9] = [
    ("read", Rights::READ),
    ("write", Rights::WRITE),
    ("delete", Rights::DELETE),
    ("use", Rights::USE),
    ("export", Rights::EXPORT),
    ("create-accounts", Rights::CREATE_ACCOUNTS),
    ("grant", Rights::GRANT),
    ("audit", Rights::AUDIT),
    ("admin", Rights::ADMIN),
];

impl Rights {
    /// None.
    pub const NONE: Rights = Rights(0);
    /// Read it; of a secret, see its value.
    pub const READ: Rights = Rights(1);
    /// Change it; of a secret, replace it.
    pub const WRITE: Rights = Rights(2);
    /// Delete it.
    pub const DELETE: Rights = Rights(4);
    /// Use a key where it lies, without seeing it.
    pub const USE: Rights = Rights(8);
    /// Take it out in bulk; of a key, export it.
    pub const EXPORT: Rights = Rights(16);
    /// Make accounts.
    pub const CREATE_ACCOUNTS: Rights = Rights(32);
    /// Give rights to others.
    pub const GRANT: Rights = Rights(64);
    /// Change audit or retention settings.
    pub const AUDIT: Rights = Rights(128);
    /// Everything.
    pub const ADMIN: Rights = Rights(256);

    /// Both sets together.
    pub const fn with(self, other: Rights) -> Rights {
        Rights(self.0 | other.0)
    }
    /// Whether any of `wanted` is held; an administrator holds all.
    pub const fn any(self, wanted: Rights) -> bool {
        self.0 & (wanted.0 | Rights::ADMIN.0) != 0
    }
    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Reads words separated by spaces, commas, `|` or `;`. Synonyms that exports use are
    /// understood (`select`, `update`, `insert`, `sign`, `owner`, `root`, `*`).
    ///
    /// # Errors
    /// The word that names no right.
    pub fn parse(text: &str) -> Result<Rights, String> {
        let mut rights = Rights::NONE;
        for word in text.split([' ', ',', '|', ';']).filter(|word| !word.is_empty()) {
            let lower = word.to_ascii_lowercase();
            let known = WORDS.iter().find(|(name, _)| *name == lower).map(|(_, right)| *right);
            rights = rights.with(match (known, lower.as_str()) {
                (Some(right), _) => right,
                (None, "list" | "select" | "view" | "get") => Rights::READ,
                (None, "update" | "insert" | "create" | "patch" | "edit" | "rotate" | "trigger") => Rights::WRITE,
                (None, "destroy" | "drop" | "remove" | "truncate") => Rights::DELETE,
                (None, "sign" | "encrypt" | "decrypt" | "execute" | "references") => Rights::USE,
                (None, "download" | "bulk") => Rights::EXPORT,
                (None, "sudo" | "owner" | "root" | "all" | "*" | "administrator") => Rights::ADMIN,
                _ => return Err(word.to_owned()),
            });
        }
        Ok(rights)
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (word, right) in WORDS {
            if self.0 & right.0 != 0 {
                if !first {
                    f.write_str(" ")?;
                }
                f.write_str(word)?;
                first = false;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rights({self})")
    }
}

impl Serialize for Rights {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rights {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Rights, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        Rights::parse(&text).map_err(|word| serde::de::Error::custom(format!("`{word}` is not a right")))
    }
}
