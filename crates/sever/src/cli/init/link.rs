//! Which accounts a log's names are: the account source that knows most of them.
//!
//! A log names logins; without the system they belong to, a name that two systems share stands for
//! nobody. The head of the log and the account lists at hand are compared, and a match is proposed
//! with its figures, for the reader to believe or not.

use std::collections::BTreeSet;

use sever_connect::{Provider, SourceSettings};
use sever_decode::LogStream;
use sever_engine::LogInput;
use sever_model::port::EventSink;
use sever_model::{Fact, Holder, Limits, Row};

use super::propose::{LogProposal, SourceProposal};

/// Names kept of one account list, and of one log's head.
const NAMES_MAX: usize = 100_000;
/// Share of a log's names that a list must know for the log to be taken as its.
const SHARE_MIN: f64 = 0.5;
/// How much of a log is looked at.
const HEAD_BYTES: u64 = 1 << 20;

/// The system that a log's accounts were found in.
pub(super) struct Linked {
    pub system: String,
    /// Names of the log that the list has.
    pub known: usize,
    /// Names in the head of the log.
    pub named: usize,
}

/// What a source lists and what it names of others, lower case.
#[derive(Default)]
pub(super) struct Names {
    /// Logins and ids of the accounts that it lists.
    pub logins: BTreeSet<String>,
    /// Accounts that its rights, groups and keys name.
    pub named: BTreeSet<String>,
    /// Ids of its keys.
    pub keys: BTreeSet<String>,
}

/// The names in the newest listing of a source; none where it is unreadable (the preview says so
/// already).
pub(super) fn names(provider: &Provider, settings: SourceSettings) -> Names {
    let mut names = Names::default();
    let Ok(source) = (provider.open)(settings) else { return names };
    let newest = source.listings().ok().and_then(|mut listings| listings.pop());
    let pulled = newest.map(|newest| source.pull(&newest, &mut |record| names.take(record.fact)));
    match pulled {
        Some(Ok(_)) => names,
        _ => Names::default(),
    }
}

impl Names {
    fn take(&mut self, fact: Fact) {
        if self.logins.len() + self.named.len() + self.keys.len() > NAMES_MAX {
            return;
        }
        let account = |holder: &Holder| match holder {
            Holder::Account(id) => Some(id.native().to_lowercase()),
            _ => None,
        };
        match fact {
            Fact::Account(account) => {
                self.logins.extend([account.login.to_lowercase(), account.id.native().to_lowercase()]);
                self.logins.extend(account.emails);
            }
            Fact::Grant(grant) => self.named.extend(account(&grant.holder)),
            Fact::Membership(membership) => self.named.extend(account(&membership.member)),
            Fact::Custody(custody) => self.named.extend(account(&custody.holder)),
            Fact::Credential(credential) => {
                self.keys.insert(credential.id.native().to_owned());
                self.named.extend(credential.account.map(|id| id.native().to_lowercase()));
            }
            _ => {}
        }
    }
}

/// Who acts or is acted upon in the head of a log, lower case.
pub(super) fn actors(input: &LogInput) -> BTreeSet<String> {
    struct Names(BTreeSet<String>);
    impl EventSink for Names {
        fn push(&mut self, row: &Row<'_>) {
            for name in [row.actor, row.account] {
                if !name.is_empty() && self.0.len() < NAMES_MAX {
                    self.0.insert(name.to_lowercase());
                }
            }
        }
    }
    use std::io::Read as _;
    let limits = Limits::default();
    let mut names = Names(BTreeSet::new());
    let stream = LogStream::of(input.format, input.mapping.as_ref(), &limits);
    if let (Ok(mut stream), Ok(reader)) = (stream, (input.open)()) {
        let mut head = Vec::new();
        // A file that breaks off is judged by what was read; `sever doctor` tells of the rest.
        reader.take(HEAD_BYTES).read_to_end(&mut head).ok();
        stream.feed(&head, &mut names);
        if (head.len() as u64) < HEAD_BYTES {
            stream.finish(&mut names);
        }
    }
    names.0
}

/// Whether so many known names are enough to take them all for that system's.
pub(super) fn is_enough(known: usize, named: usize) -> bool {
    known > 0 && known as f64 >= SHARE_MIN * named as f64
}

/// The account source that knows most of a log's names, where it knows enough of them.
pub(super) fn system_of(log: &LogProposal, sources: &[SourceProposal]) -> Option<Linked> {
    let named = log.actors.len();
    let known = |source: &SourceProposal| log.actors.intersection(&source.names.logins).count();
    let best = sources.iter().max_by_key(|source| known(source))?;
    let known = known(best);
    is_enough(known, named).then(|| Linked { system: best.system_name().to_owned(), known, named })
}
