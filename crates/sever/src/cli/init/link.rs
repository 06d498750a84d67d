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
use sever_model::{Fact, FactKind, Limits, Row};

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

/// The logins and ids of an account list, lower case; none where it gives no accounts or is unreadable
/// (the preview says so already).
pub(super) fn logins(provider: &Provider, settings: SourceSettings) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if !provider.kinds.contains(&FactKind::Account) {
        return names;
    }
    let Ok(source) = (provider.open)(settings) else { return names };
    let newest = source.listings().ok().and_then(|mut listings| listings.pop());
    let pulled = newest.map(|newest| {
        source.pull(&newest, &mut |record| {
            if let Fact::Account(account) = record.fact
                && names.len() < NAMES_MAX
            {
                names.extend([account.login.to_lowercase(), account.id.native().to_lowercase()]);
                names.extend(account.emails);
            }
        })
    });
    match pulled {
        Some(Ok(_)) => names,
        _ => BTreeSet::new(),
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

/// The account source that knows most of a log's names, where it knows enough of them.
pub(super) fn system_of(log: &LogProposal, sources: &[SourceProposal]) -> Option<Linked> {
    let named = log.actors.len();
    let known = |source: &SourceProposal| log.actors.intersection(&source.logins).count();
    let best = sources.iter().max_by_key(|source| known(source))?;
    let known = known(best);
    let enough = known > 0 && known as f64 >= SHARE_MIN * named as f64;
    enough.then(|| Linked { system: best.name.clone(), known, named })
}
