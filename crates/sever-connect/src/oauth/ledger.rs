//! What somebody holds at a server, by the server's own books: the part that no standard names, and each
//! server has its own interface for.

use sever_model::act::{ActError, Cx};
use sever_model::{DoorKind, EventTime, Operation, Receipt, Said};

/// The books of one server.
pub(crate) trait Ledger: Send + Sync {
    /// What an account holds now; `None` where there is no such account.
    fn holds(&self, account: &str, cx: &Cx<'_>) -> Result<Option<Holdings>, ActError>;

    /// Takes it away. [`ActError::BadStep`] for a verb that is not its own.
    fn take(&self, operation: &Operation, cx: &Cx<'_>) -> Result<Receipt, ActError>;
}

/// What an account holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) held: Vec<Held>,
    /// What could not be seen.
    pub(crate) gaps: Vec<String>,
}

/// One thing that lets them in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) kind: DoorKind,
    /// The server's id of it; a fingerprint where its id is its secret.
    pub(crate) native: String,
    /// By what its secret is known: see [`super::tokens::is_of`].
    pub(crate) fingerprint: String,
    /// A JWT's id; empty for what is no JWT.
    pub(crate) jti: String,
    /// Whether it is a JWT, which is believed until it ends.
    pub(crate) is_jwt: bool,
    /// The client that it was given to.
    pub(crate) client: String,
    /// The grant that it comes of.
    pub(crate) grant: String,
    pub(crate) until: Option<EventTime>,
    pub(crate) last_used: Option<EventTime>,
    /// In words, for a screen.
    pub(crate) title: String,
}

impl Held {
    /// One with nothing said of it but what makes it this one.
    pub(crate) fn new(kind: DoorKind, native: &str) -> Held {
        Held {
            kind,
            native: native.to_owned(),
            fingerprint: String::new(),
            jti: String::new(),
            is_jwt: false,
            client: String::new(),
            grant: String::new(),
            until: None,
            last_used: None,
            title: String::new(),
        }
    }
}

/// A receipt.
pub(crate) fn receipt(said: Said, answer: &str, cx: &Cx<'_>) -> Receipt {
    Receipt { said, answer: answer.to_owned(), at: cx.clock.now() }
}

/// An argument of an operation that must be there.
pub(crate) fn argument<'a>(operation: &'a Operation, name: &str) -> Result<&'a str, ActError> {
    let found = operation.arguments.get(name).map(String::as_str);
    found.ok_or_else(|| ActError::BadStep(format!("it names no {name}")))
}
