//! Stand-ins for the systems of a play: what their doors let in, in this process.
//!
//! They stand in for a directory, an issuer and its gateways, and are none of those: accounts with a
//! secret each, signing keys, and gateways that believe the issuer's key set. What they ask is asked in
//! earnest, with real values: an account lets in whoever brings its secret while it is enabled; a gateway
//! lets in whatever carries the signature of a key that it trusts, and asks no more than the one of the
//! play did: never whether a token was issued. So what a leaver took along opens them until a cut makes
//! it useless.
//!
//! [`State`] is such a world at an instant, pure and cheap to copy: as it was at the departure it is what
//! a leaver can have taken along, and what goes on without a cut. [`ports`] are its doors as connections
//! list, close and try them, on a clock of its own.

mod ports;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use sever_model::{AccountId, CredentialKind, EventTime, FingerprintKey, Inventory, Span, SystemId};

pub(super) use ports::{StandIns, links};

/// How long a gateway goes by the key set that it has fetched, and how far clocks may disagree.
pub(super) const CACHE: Span = Span::secs(300);

/// Makes the values that stand in for secrets; they open nothing but the stand-ins.
const MAKER: FingerprintKey = FingerprintKey::new(*b"severs stand-ins");

/// What a door answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    LetIn,
    NoSuchAccount,
    WrongSecret,
    /// The secret is right, and the account is disabled.
    Disabled,
    UnknownKey,
    WrongSignature,
}

impl Answer {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Answer::LetIn => "let in",
            Answer::NoSuchAccount => "no such account",
            Answer::WrongSecret => "wrong secret",
            Answer::Disabled => "the secret is right, and the account is disabled",
            Answer::UnknownKey => "not a key that is trusted",
            Answer::WrongSignature => "wrong signature",
        }
    }
}

/// A token as it is presented.
#[derive(Debug, Clone, Copy)]
pub(super) struct Presented<'a> {
    /// The key that it says signed it.
    pub(super) key_id: &'a str,
    /// Its claims as they were signed.
    pub(super) claims: &'a str,
    pub(super) signature: u128,
}

/// All the systems at one instant.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    accounts: BTreeMap<AccountId, Account>,
    /// Accounts by system and login.
    logins: HashMap<String, HashMap<String, AccountId>>,
    /// Signing keys by id.
    keys: BTreeMap<String, Key>,
    /// The longest that a token lives.
    lifetime: Span,
}

#[derive(Debug, Clone)]
struct Account {
    login: String,
    secret: String,
    enabled: bool,
    made_at: EventTime,
}

/// A key at the issuer that signs with it.
#[derive(Debug, Clone)]
struct Key {
    system: SystemId,
    secret: [u8; 16],
    /// From when to when it is in the issuer's key set.
    published: (EventTime, EventTime),
    /// The key that signs in its place, and from when on.
    next: Option<(String, EventTime)>,
    /// Gateways that were told to fetch the key set when the key leaves it.
    told: Vec<SystemId>,
}

impl State {
    /// The systems as they are at an instant, with all accounts that `all` of a play tell of: those made
    /// later are not there to be listed before.
    pub(super) fn of(all: &Inventory, at: EventTime, lifetime: Span) -> State {
        let mut state = State { lifetime, ..State::default() };
        for entry in all.accounts() {
            let (account, made_at) = (&entry.it, entry.valid.earliest_start());
            state.add_account(&account.id, &account.login, made_at, entry.valid.latest_end() > at);
        }
        for entry in all.credentials().iter().filter(|entry| entry.it.kind == CredentialKind::SigningKey) {
            let id = &entry.it.id;
            let until = entry.it.retired_at.unwrap_or(EventTime::MAX).min(entry.valid.latest_end());
            state.add_key(id.native(), &SystemId::from(id.system()), (entry.valid.earliest_start(), until));
        }
        state
    }

    fn add_account(&mut self, id: &AccountId, login: &str, made_at: EventTime, enabled: bool) {
        self.logins.entry(id.system().to_owned()).or_default().insert(login.to_owned(), id.clone());
        let account = Account { login: login.to_owned(), secret: made_up(id.as_str()), enabled, made_at };
        self.accounts.insert(id.clone(), account);
    }

    fn add_key(&mut self, id: &str, system: &SystemId, published: (EventTime, EventTime)) {
        let secret = MAKER.fingerprint(id.as_bytes()).0.to_le_bytes();
        let key = Key { system: system.clone(), secret, published, next: None, told: Vec::new() };
        self.keys.insert(id.to_owned(), key);
    }

    /// Somebody signs in to an account.
    pub(super) fn sign_in(&self, system: &str, login: &str, secret: &str) -> Answer {
        match self.account(system, login) {
            None => Answer::NoSuchAccount,
            Some(account) if account.secret != secret => Answer::WrongSecret,
            Some(account) if !account.enabled => Answer::Disabled,
            Some(_) => Answer::LetIn,
        }
    }

    /// The secret of an account, as whoever knows everything here knows it.
    pub(super) fn secret(&self, system: &str, login: &str) -> Option<&str> {
        self.account(system, login).map(|account| account.secret.as_str())
    }

    fn account(&self, system: &str, login: &str) -> Option<&Account> {
        self.accounts.get(self.logins.get(system)?.get(login)?)
    }

    /// The key that the issuer signs with at an instant, where a log says that it was `key_id`.
    pub(super) fn signer<'a>(&'a self, key_id: &'a str, at: EventTime) -> &'a str {
        match self.keys.get(key_id).and_then(|key| key.next.as_ref()) {
            Some((next, from)) if *from <= at => next,
            _ => key_id,
        }
    }

    /// A signature by a key, where it is known here.
    pub(super) fn sign(&self, key_id: &str, claims: &str) -> Option<u128> {
        self.keys.get(key_id).map(|key| FingerprintKey::new(key.secret).fingerprint(claims.as_bytes()).0)
    }

    /// Somebody presents a token: at a gateway, or at the issuer itself, by the name of its system.
    pub(super) fn present(&self, place: &str, token: &Presented<'_>, at: EventTime) -> Answer {
        let Some(key) = self.keys.get(token.key_id).filter(|key| key.is_trusted(place, at)) else {
            return Answer::UnknownKey;
        };
        match FingerprintKey::new(key.secret).fingerprint(token.claims.as_bytes()).0 == token.signature {
            true => Answer::LetIn,
            false => Answer::WrongSignature,
        }
    }
}

impl Key {
    /// Whether what it signs is believed: by the issuer while it is in the key set, by a gateway once it
    /// has fetched that, and until it fetches it again.
    fn is_trusted(&self, place: &str, at: EventTime) -> bool {
        let (from, until) = self.published;
        let is_issuer = place == self.system.as_str();
        let is_prompt = is_issuer || self.told.iter().any(|told| told.as_str() == place);
        let late = |is_prompt: bool, limit: EventTime| if is_prompt { limit } else { limit.plus(CACHE) };
        let is_new = from > EventTime::MIN && at < late(is_issuer, from);
        !is_new && (until == EventTime::MAX || at < late(is_prompt, until))
    }

    /// When a key that is published at an instant begins to sign: all have it by then, whatever their
    /// clocks.
    fn signs_from(&self) -> EventTime {
        self.published.0.plus(CACHE).plus(CACHE)
    }
}

/// A value that stands in for a secret.
fn made_up(of: &str) -> String {
    format!("{:032x}", MAKER.fingerprint(of.as_bytes()).0)
}
