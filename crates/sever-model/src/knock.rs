//! Knocks: our own tries of doors, as far as a system's log may tell of them.
//!
//! A knock is recorded before the door is tried and again after. By it the judge knows our own traces in the
//! logs: what it says of itself (a nonce in a user agent) is not enough, for whoever leaves could say it.

use serde::{Deserialize, Serialize};

use crate::{AccountId, CredentialId, Door, DoorId, Span, SystemId, WallTime};

/// One try of one door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knock {
    /// The door.
    pub door: DoorId,
    /// The system it leads into.
    pub system: SystemId,
    /// The account that is entered by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The credential that opens it, where facts know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialId>,
    /// What the probe puts where the system logs it.
    pub nonce: String,
    /// The address of ours that the system sees, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// When it began.
    pub began: WallTime,
    /// When it ended; nothing where that was never recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<WallTime>,
    /// Whether nothing was presented there: how things stand was looked at from elsewhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_looked: bool,
    /// Whether it was let in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub let_in: bool,
}

impl Knock {
    /// The longest that a try is believed to take; one that was killed has no end.
    pub const LONGEST: Span = Span::secs(600);

    /// One that begins now.
    pub fn begin(door: &Door, nonce: &str, from: Option<String>, now: WallTime) -> Knock {
        Knock {
            door: door.id.clone(),
            system: door.system.clone(),
            account: door.account.clone(),
            credential: door.credential.clone(),
            nonce: nonce.to_owned(),
            from,
            began: now,
            ended: None,
            only_looked: false,
            let_in: false,
        }
    }

    /// When it was over at the latest.
    pub fn over(&self) -> WallTime {
        let longest = self.began.plus(Knock::LONGEST);
        self.ended.map_or(longest, |ended| ended.min(longest))
    }

    /// Whether both tell of the same try.
    pub fn is_same(&self, other: &Knock) -> bool {
        (self.began, &self.door, &self.nonce) == (other.began, &other.door, &other.nonce)
    }
}
