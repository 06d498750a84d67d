//! Ids: newtypes over the text that the source itself uses, never an e-mail address.
//!
//! Ids of things inside a system are written `system/native`, so that `ldap/alice` and
//! `gateway/alice` can never be taken for one another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl<T: Into<Box<str>>> From<T> for $name {
            fn from(text: T) -> $name {
                $name(text.into())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! scoped {
    ($name:ident) => {
        impl $name {
            /// The id of the thing that `system` calls `native`.
            pub fn of(system: &SystemId, native: &str) -> $name {
                $name(format!("{system}/{native}").into_boxed_str())
            }
            /// The system part, before the first slash.
            pub fn system(&self) -> &str {
                self.0.split_once('/').map_or("", |(system, _)| system)
            }
            /// What the system itself calls it, after the first slash.
            pub fn native(&self) -> &str {
                self.0.split_once('/').map_or(&self.0, |(_, native)| native)
            }
        }
    };
}

id!(
    /// A human being, by the id the HR system gives.
    PersonId
);
id!(
    /// An account: `system/native`.
    AccountId
);
id!(
    /// A group or role: `system/native`.
    GroupId
);
id!(
    /// A credential: `system/native`; for a signing key the native part is its key id.
    CredentialId
);
id!(
    /// A thing worth protecting: `system/path`. A grant may name a pattern with `*` or `+` in it.
    ResourceId
);
id!(
    /// A system that has accounts, keys or resources of its own: `ldap`, `openbao`, `orders-db`.
    SystemId
);
id!(
    /// A configured source of facts or log of events, by the name it has in the configuration.
    SourceId
);
id!(
    /// A finding: a digest of its detector and the things it accuses, so that it is the same in
    /// every run.
    FindingId
);
id!(
    /// A live connection to a system, by the name it has in the configuration.
    ConnectionId
);
id!(
    /// A door: `system/kind/native`, the same in every listing.
    DoorId
);
scoped!(AccountId);
scoped!(GroupId);
scoped!(CredentialId);
scoped!(ResourceId);
