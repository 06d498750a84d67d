//! The issuer's log: one numbered line per token, and proofs that it was idle in between.
//!
//! Every line takes the next number of the node's sequence as it is shipped, so that a line which is
//! late is not missed, and one that is lost is. Where numbers are given at minting instead
//! ([`Trouble::LATE`]), a late line leaves a hole until it comes. The shipper polls
//! every five seconds and writes an idle span as *one* line, `{"event":"idle", …, "polls":N}`.
//!
//! INVARIANT (where nothing is lost): the times that the log proves, issuances written in time and
//! the evenly spread polls of idle lines, are never more than [`POLL`] apart. So whatever instant a
//! use waits for, the log passes it within five seconds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::gateway::{ISSUER, Token, push_uuid};
use crate::ReplayError;
use crate::chance::Chance;
use crate::files::Log;
use crate::moment::{HOUR, MINUTE, Ms, SECOND, push_number, push_stamp};

/// How often the shipper polls.
pub(super) const POLL: Ms = 5 * SECOND;
const NODE: &str = "id-1";

/// What goes wrong on the way from the issuer to its log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trouble {
    /// Lines in a thousand that are late, and by how much at most.
    pub late: (u64, Ms),
    /// Lines in a thousand that come twice, and how much later at most.
    pub twice: (u64, Ms),
    /// Whether lines are numbered as they are minted, so that a late one is missed until it comes;
    /// else as they are shipped.
    pub missed: bool,
    /// Lines in a thousand that are lost.
    pub lost: u64,
    /// When the shipper was down, and all that it had not shipped was lost.
    pub outage: Option<(Ms, Ms)>,
}

impl Trouble {
    /// The little that every log suffers: late and doubled lines, all within the settle window.
    pub(super) const USUAL: Trouble =
        Trouble { late: (10, 90 * SECOND), twice: (4, 40 * SECOND), missed: false, lost: 0, outage: None };
    /// Late beyond the settle window, their numbers missed until then.
    pub(super) const LATE: Trouble = Trouble { late: (40, 15 * MINUTE), missed: true, ..Trouble::USUAL };
    /// Every fifth line comes twice, up to an hour later.
    pub(super) const TWICE: Trouble = Trouble { twice: (200, HOUR), ..Trouble::USUAL };
    /// Hardly late: for clocks that disagree, so that the two do not add up.
    pub(super) const PROMPT: Trouble = Trouble { late: (10, 20 * SECOND), ..Trouble::USUAL };
    /// One line in a hundred lost, and ten hours in which everything was.
    pub(super) const fn lossy(outage: (Ms, Ms)) -> Trouble {
        Trouble { lost: 10, outage: Some(outage), ..Trouble::USUAL }
    }
}

pub(super) struct Issuer {
    pub log: Log,
    chance: Chance,
    trouble: Trouble,
    /// How far the issuer's clock is ahead.
    skew: Ms,
    sequence: u64,
    /// Whether the shipper is up again after its outage.
    restarted: bool,
    /// The last instant that the log has proven.
    proven: Ms,
    waiting: BinaryHeap<Reverse<Waiting>>,
    /// Issuances written, without doubles.
    pub written: u64,
    /// Issuances lost.
    pub lost: u64,
    /// Lines that were written twice.
    pub doubles: u64,
}

/// A line that will be written later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    write_at: Ms,
    /// 0 where it gets its number only then.
    sequence: u64,
    double: bool,
    line: Vec<u8>,
}

impl Issuer {
    /// An issuer whose log begins at an instant.
    pub(super) fn new(log: Log, chance: Chance, trouble: Trouble, skew: Ms, begin: Ms) -> Issuer {
        let (waiting, proven) = (BinaryHeap::new(), begin);
        Issuer {
            log,
            chance,
            trouble,
            skew,
            sequence: 0,
            restarted: false,
            proven,
            waiting,
            written: 0,
            lost: 0,
            doubles: 0,
        }
    }

    /// Mints a token, at its `minted`, which never goes back from call to call.
    pub(super) fn mint(&mut self, token: &Token) -> Result<(), ReplayError> {
        let now = token.minted;
        self.ship(now)?;
        self.restart(now);
        if now - self.proven > POLL {
            self.prove(now)?;
        }
        let mut line = self.line_of(token);
        // Drawn always, so that every trouble plays the same tokens.
        let (late, lost, twice) = (self.chance.below(1_000), self.chance.below(1_000), self.chance.below(1_000));
        let delay = self.chance.below(1 << 20) as Ms;
        let spread = |most: Ms| 1_000 + (most - 1_000) * delay / (1 << 20);
        let late = late < self.trouble.late.0;
        if late && !self.trouble.missed && !self.is_down(now) {
            self.wait(Waiting { write_at: now + spread(self.trouble.late.1), sequence: 0, double: false, line });
            return Ok(());
        }
        self.sequence += 1;
        let sequence = self.sequence;
        push_node(&mut line, sequence);
        if lost < self.trouble.lost || self.is_down(now) {
            self.lost += 1;
            return Ok(());
        }
        if twice < self.trouble.twice.0 {
            let write_at = now + spread(self.trouble.twice.1);
            self.wait(Waiting { write_at, sequence, double: true, line: line.clone() });
        }
        if late {
            self.wait(Waiting { write_at: now + spread(self.trouble.late.1), sequence, double: false, line });
            return Ok(());
        }
        self.proven = now;
        self.written += 1;
        self.put(now, &line)
    }

    /// Writes what is waiting, and proves the issuer idle until `now`.
    pub(super) fn idle_until(&mut self, now: Ms) -> Result<(), ReplayError> {
        self.ship(now)?;
        self.restart(now);
        self.prove(now)
    }

    fn wait(&mut self, waiting: Waiting) {
        self.waiting.push(Reverse(waiting));
    }

    /// Writes the late lines whose time has come, each after the poll that brought it.
    fn ship(&mut self, now: Ms) -> Result<(), ReplayError> {
        while self.waiting.peek().is_some_and(|Reverse(first)| first.write_at <= now) {
            let Some(Reverse(first)) = self.waiting.pop() else { break };
            if self.is_down(first.write_at) {
                self.lost += u64::from(!first.double);
                continue;
            }
            self.restart(first.write_at);
            self.prove(first.write_at)?;
            let mut line = first.line;
            if first.sequence == 0 {
                self.sequence += 1;
                push_node(&mut line, self.sequence);
            }
            self.put(first.write_at, &line)?;
            self.written += u64::from(!first.double);
            self.doubles += u64::from(first.double);
        }
        Ok(())
    }

    /// Writes one line for the polls since the last proven instant.
    fn prove(&mut self, now: Ms) -> Result<(), ReplayError> {
        if self.is_down(now) || now <= self.proven {
            return Ok(());
        }
        self.sequence += 1;
        let (since, sequence, skew) = (self.proven, self.sequence, self.skew);
        let polls = (now - since + POLL - 1) / POLL;
        let mut line = Vec::with_capacity(192);
        line.extend_from_slice(b"{\"ts\":\"");
        push_stamp(&mut line, now + skew);
        line.extend_from_slice(b"\",\"event\":\"idle\",\"iss\":\"");
        line.extend_from_slice(ISSUER.as_bytes());
        line.extend_from_slice(b"\",\"idle_since\":\"");
        push_stamp(&mut line, since + skew);
        line.extend_from_slice(b"\",\"polls\":");
        push_number(&mut line, polls);
        push_node(&mut line, sequence);
        self.proven = now;
        self.put(now, &line)
    }

    /// A shipper that has been down can only vouch for the time since it is up again.
    fn restart(&mut self, now: Ms) {
        if let Some((_, up)) = self.trouble.outage
            && !self.restarted
            && now >= up
        {
            self.restarted = true;
            self.proven = up;
        }
    }

    fn is_down(&self, now: Ms) -> bool {
        self.trouble.outage.is_some_and(|(down, up)| (down..up).contains(&now))
    }

    fn line_of(&self, token: &Token) -> Vec<u8> {
        let mut line = Vec::with_capacity(384);
        line.extend_from_slice(b"{\"ts\":\"");
        push_stamp(&mut line, token.minted + self.skew);
        line.extend_from_slice(b"\",\"event\":\"token_issued\",\"iss\":\"");
        line.extend_from_slice(ISSUER.as_bytes());
        line.extend_from_slice(b"\",\"jti\":\"");
        push_uuid(&mut line, token.jti);
        if let Some(subject) = token.subject {
            line.extend_from_slice(b"\",\"sub\":\"");
            push_number(&mut line, subject as i64);
        }
        for (name, value) in [("aud", "shop-api"), ("client", token.client), ("kid", token.key)] {
            line.extend_from_slice(format!("\",\"{name}\":\"{value}").as_bytes());
        }
        line.extend_from_slice(b"\",\"iat\":");
        push_number(&mut line, token.issued_at);
        line.extend_from_slice(b",\"exp\":");
        push_number(&mut line, token.expires_at);
        line
    }

    fn put(&mut self, now: Ms, line: &[u8]) -> Result<(), ReplayError> {
        self.log.line(now, |into| into.extend_from_slice(line)).map(drop)
    }
}

/// Ends a line with its number.
fn push_node(line: &mut Vec<u8>, sequence: u64) {
    line.extend_from_slice(format!(",\"node\":\"{NODE}\",\"seq\":{sequence}}}").as_bytes());
}
