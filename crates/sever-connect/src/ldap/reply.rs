//! What a directory answers, and what kept an answer from us; what in it tells why a bind was refused.
//!
//! Result codes are those of RFC 4511 §4.1.9; the reasons of a password policy those of
//! draft-behera-ldap-password-policy-10 §6.2; Active Directory writes a Windows error in its message.

use sever_model::act::ActError;
use sever_model::{UnknownWhy, act};

/// The control by which a server tells what its password policy says of a bind.
pub(crate) const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// Longest message that is quoted.
const QUOTE_CHARS_MAX: usize = 200;

/// The result codes that mean something here.
pub(crate) mod code {
    pub(crate) const SUCCESS: u32 = 0;
    pub(crate) const TIME_LIMIT: u32 = 3;
    pub(crate) const COMPARE_FALSE: u32 = 5;
    pub(crate) const COMPARE_TRUE: u32 = 6;
    pub(crate) const STRONGER_AUTH: u32 = 8;
    pub(crate) const REFERRAL: u32 = 10;
    pub(crate) const CONFIDENTIALITY: u32 = 13;
    pub(crate) const NO_SUCH_ATTRIBUTE: u32 = 16;
    pub(crate) const UNDEFINED_TYPE: u32 = 17;
    pub(crate) const CONSTRAINT: u32 = 19;
    pub(crate) const VALUE_EXISTS: u32 = 20;
    pub(crate) const NO_SUCH_OBJECT: u32 = 32;
    pub(crate) const INVALID_CREDENTIALS: u32 = 49;
    pub(crate) const NO_ACCESS: u32 = 50;
    pub(crate) const BUSY: u32 = 51;
    pub(crate) const UNAVAILABLE: u32 = 52;
    pub(crate) const UNWILLING: u32 = 53;
    pub(crate) const CLASS_VIOLATION: u32 = 65;
    pub(crate) const ENTRY_EXISTS: u32 = 68;
}

/// An answer with any code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Its result code.
    pub(crate) code: u32,
    /// Its message.
    pub(crate) text: String,
    /// What the password policy says, where it was asked and says something.
    pub(crate) policy: Option<Policy>,
}

/// What a password policy says of a bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// The password is too old.
    Expired,
    /// The account is locked.
    Locked,
    /// The password must be changed before anything else.
    MustChange,
    /// Something else.
    Other(u8),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing was sent.
    Unreachable(String),
    /// No answer in time to a question that was sent.
    TimedOut(String),
    /// The connection ended before the answer.
    Lost(String),
    /// An answer that is none.
    Garbled(String),
}

impl Reply {
    /// Whether it says that it did what was asked.
    pub(crate) fn is_success(&self) -> bool {
        self.code == code::SUCCESS
    }

    /// For a receipt or as evidence: the code and the beginning of the message, which holds no secret.
    pub(crate) fn quote(&self) -> String {
        let words: Vec<&str> = self.text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
        let text: String = words.join(" ").trim().chars().take(QUOTE_CHARS_MAX).collect();
        let policy = match self.policy {
            Some(Policy::Expired) => " passwordExpired",
            Some(Policy::Locked) => " accountLocked",
            Some(Policy::MustChange) => " changeAfterReset",
            Some(Policy::Other(_)) => " a reason of the password policy",
            None => "",
        };
        let name = name(self.code);
        let text = if text.is_empty() { text } else { format!(": {text}") };
        format!("{name} ({}){policy}{text}", self.code)
    }

    /// The Windows error in Active Directory's message: `… error, data 533, v1db1`.
    pub(crate) fn windows_error(&self) -> Option<u32> {
        let (_, after) = self.text.rsplit_once("data ")?;
        let digits: String = after.chars().take_while(char::is_ascii_hexdigit).take(8).collect();
        u32::from_str_radix(&digits, 16).ok()
    }

    /// What it means where something was to be changed and was not.
    pub(crate) fn refused(&self, lacking: &str) -> ActError {
        let what = self.quote();
        match self.code {
            code::NO_ACCESS | code::STRONGER_AUTH | code::CONFIDENTIALITY => {
                ActError::NotAllowed { what, lacking: lacking.to_owned() }
            }
            code::BUSY => ActError::RateLimited(None),
            code::UNAVAILABLE => ActError::Unreachable(what),
            code::TIME_LIMIT => ActError::LostAnswer(what),
            code::REFERRAL => ActError::Refused(format!("{what}: it is a replica; write to the one that it names")),
            code::CLASS_VIOLATION => {
                ActError::Refused(format!("{what}: a group must have a member: put somebody in first"))
            }
            _ => ActError::Refused(what),
        }
    }

    /// Why an answer to a bind that is neither yes nor no says nothing of a door.
    pub(crate) fn says_nothing(&self) -> UnknownWhy {
        match self.code {
            code::TIME_LIMIT => UnknownWhy::TimedOut,
            code::BUSY | code::UNAVAILABLE => UnknownWhy::Unreachable,
            code::STRONGER_AUTH | code::CONFIDENTIALITY | code::NO_ACCESS => UnknownWhy::NotPermitted,
            _ => UnknownWhy::Unexpected,
        }
    }
}

impl Failure {
    /// In words.
    pub(crate) fn words(&self) -> &str {
        match self {
            Failure::Unreachable(what) | Failure::TimedOut(what) | Failure::Lost(what) | Failure::Garbled(what) => what,
        }
    }

    /// What it means for a verdict.
    pub(crate) fn why(&self) -> UnknownWhy {
        match self {
            Failure::Unreachable(_) | Failure::Lost(_) => UnknownWhy::Unreachable,
            Failure::TimedOut(_) => UnknownWhy::TimedOut,
            Failure::Garbled(_) => UnknownWhy::Unexpected,
        }
    }
}

impl From<Failure> for act::ActError {
    fn from(failure: Failure) -> ActError {
        match failure {
            Failure::Unreachable(what) => ActError::Unreachable(what),
            Failure::TimedOut(what) | Failure::Lost(what) => ActError::LostAnswer(what),
            Failure::Garbled(what) => ActError::Unexpected(what),
        }
    }
}

/// Reads the value of the password policy's answer: `SEQUENCE { warning [0] …, error [1] ENUMERATED }`,
/// each of which may be absent.
pub(crate) fn policy(value: &[u8]) -> Option<Policy> {
    const SEQUENCE: u8 = 0x30;
    const ERROR: u8 = 0x81;
    let (tag, mut inner, _) = element(value)?;
    if tag != SEQUENCE {
        return None;
    }
    while let Some((tag, content, rest)) = element(inner) {
        if let (ERROR, [error]) = (tag, content) {
            return Some(match error {
                0 => Policy::Expired,
                1 => Policy::Locked,
                2 => Policy::MustChange,
                other => Policy::Other(*other),
            });
        }
        inner = rest;
    }
    None
}

/// One element of BER with a short length: its tag, its content, what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, length, rest @ ..] = bytes else { return None };
    let (content, rest) = rest.split_at_checked(usize::from(*length)).filter(|_| *length < 0x80)?;
    Some((*tag, content, rest))
}

/// A result code's name.
fn name(code: u32) -> &'static str {
    match code {
        code::SUCCESS => "success",
        code::TIME_LIMIT => "timeLimitExceeded",
        code::COMPARE_FALSE => "compareFalse",
        code::COMPARE_TRUE => "compareTrue",
        code::STRONGER_AUTH => "strongerAuthRequired",
        code::REFERRAL => "referral",
        code::CONFIDENTIALITY => "confidentialityRequired",
        code::NO_SUCH_ATTRIBUTE => "noSuchAttribute",
        code::UNDEFINED_TYPE => "undefinedAttributeType",
        code::CONSTRAINT => "constraintViolation",
        code::VALUE_EXISTS => "attributeOrValueExists",
        code::NO_SUCH_OBJECT => "noSuchObject",
        code::INVALID_CREDENTIALS => "invalidCredentials",
        code::NO_ACCESS => "insufficientAccessRights",
        code::BUSY => "busy",
        code::UNAVAILABLE => "unavailable",
        code::UNWILLING => "unwillingToPerform",
        code::CLASS_VIOLATION => "objectClassViolation",
        code::ENTRY_EXISTS => "entryAlreadyExists",
        _ => "result",
    }
}

#[cfg(test)]
mod tests;
