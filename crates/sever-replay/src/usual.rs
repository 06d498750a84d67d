//! What usual monitoring says: the two rules that most companies run, over the same events.
//!
//! - **A rate threshold per address**: more than [`ADDRESS_REQUESTS_PER_HOUR`] requests from one
//!   address within a clock hour, as rate-based rules of web application firewalls are set.
//! - **A short-window baseline**: the requests of one clock hour, per address, per account and per
//!   endpoint, against the mean and standard deviation of the hours of the seven days before
//!   ([`BASELINE_HOURS`]), alerting above the mean plus [`SIGMAS`] standard deviations. As published
//!   rules of this kind do, it needs a day of history and a least count, or every rare visitor would
//!   be an anomaly.
//!
//! Both see every event, at once, with no ingestion delay. What a play cannot give them is a real
//! company's volume: its background is far thinner beside the misuse than it was, which favours the
//! baseline per endpoint, and its hours are smaller, which at small scales keeps them below the least
//! count. At a hundredth of the real incident this baseline alerts on the first night of the harvest,
//! because the play's own traffic is no larger than the forger's; a large shop's is many times ten
//! requests a second. What the rules per address and per account say does not depend on the scale.
//!
//! The rules never see which events are misuse; that is only carried along, so that the comparison
//! can say which alert points at it.
//!
//! Bounded by [`KEYS_MAX`] keys of 168 counts; past that, new keys are counted and not watched.

use std::collections::HashMap;

use sever_model::{EventTime, Span};

#[cfg(test)]
mod tests;

/// Requests in an hour from one address that are too many.
pub const ADDRESS_REQUESTS_PER_HOUR: u64 = 1_000;
/// Hours of history that an hour is compared with.
pub const BASELINE_HOURS: usize = 168;
/// Hours of history without which nothing is compared.
pub const BASELINE_HOURS_MIN: i64 = 24;
/// Standard deviations above the mean that are too many.
pub const SIGMAS: f64 = 4.0;
/// Requests in an hour below which the baseline says nothing.
pub const BASELINE_REQUESTS_MIN: u64 = 100;
/// Addresses, accounts and endpoints watched at once.
pub const KEYS_MAX: usize = 500_000;

/// One request, as a monitor sees it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// When.
    pub time: EventTime,
    /// From where; empty if not logged.
    pub source_ip: &'a str,
    /// By whom: the account, or whom the token names; empty if not logged.
    pub actor: &'a str,
    /// What was asked for; empty if not logged.
    pub endpoint: &'a str,
    /// How many people's data was in the answer. Neither rule looks at it; that is the point.
    pub subjects: u64,
    /// Whether it is misuse; only carried along.
    pub misuse: bool,
}

/// A rule of usual monitoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// The rate threshold per address.
    AddressRate,
    /// The baseline per address.
    AddressBaseline,
    /// The baseline per account.
    AccountBaseline,
    /// The baseline per endpoint.
    EndpointBaseline,
}

impl Rule {
    /// The rule in words.
    pub const fn words(self) -> &'static str {
        match self {
            Rule::AddressRate => "requests per hour from one address",
            Rule::AddressBaseline => "hourly baseline of an address",
            Rule::AccountBaseline => "hourly baseline of an account",
            Rule::EndpointBaseline => "hourly baseline of an endpoint",
        }
    }
}

/// An alert: at most one per rule, key and hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// By which rule.
    pub rule: Rule,
    /// About which address, account or endpoint.
    pub about: String,
    /// When the rule was first broken in that hour.
    pub at: EventTime,
    /// Requests of that hour until then.
    pub requests: u64,
    /// How many of them were misuse.
    pub misuse: u64,
}

impl Alert {
    /// Whether whoever looks into it looks at misuse: at least half of the requests were.
    pub fn points_at_misuse(&self) -> bool {
        self.misuse > 0 && self.misuse * 2 >= self.requests
    }
}

/// Usual monitoring at work. Feed it requests in the order of their time.
#[derive(Debug, Default)]
pub struct Usual {
    keys: HashMap<(Rule, Box<str>), Hours>,
    alerts: Vec<Alert>,
    unwatched: u64,
    seen: u64,
}

/// The hourly counts of one key.
#[derive(Debug, Default)]
struct Hours {
    first: i64,
    hour: i64,
    count: u64,
    misuse: u64,
    alerted: bool,
    /// Past hours with any request, oldest first; hours without are zeros that need no room.
    past: std::collections::VecDeque<(i64, u64)>,
}

impl Usual {
    /// A monitor that has seen nothing.
    pub fn new() -> Usual {
        Usual::default()
    }

    /// Sees a request.
    pub fn observe(&mut self, request: &Request<'_>) {
        self.seen += 1;
        let watched = [
            (Rule::AddressRate, request.source_ip),
            (Rule::AddressBaseline, request.source_ip),
            (Rule::AccountBaseline, request.actor),
            (Rule::EndpointBaseline, request.endpoint),
        ];
        for (rule, about) in watched {
            if !about.is_empty() {
                self.count(rule, about, request);
            }
        }
    }

    /// The alerts so far, in the order they were raised.
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// The first alert that points at misuse.
    pub fn first_at_misuse(&self) -> Option<&Alert> {
        self.alerts.iter().find(|alert| alert.points_at_misuse())
    }

    /// Requests seen.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Counts that were not kept because [`KEYS_MAX`] keys were watched already.
    pub fn unwatched(&self) -> u64 {
        self.unwatched
    }

    fn count(&mut self, rule: Rule, about: &str, request: &Request<'_>) {
        let full = self.keys.len() >= KEYS_MAX;
        let key = (rule, Box::from(about));
        let hours = match self.keys.entry(key) {
            std::collections::hash_map::Entry::Vacant(_) if full => {
                self.unwatched += 1;
                return;
            }
            entry => entry.or_default(),
        };
        let hour = request.time.micros().div_euclid(Span::secs(3_600).micros());
        hours.turn(hour);
        hours.count += 1;
        hours.misuse += u64::from(request.misuse);
        let broken = match rule {
            Rule::AddressRate => hours.count > ADDRESS_REQUESTS_PER_HOUR,
            _ => hours.unusual(),
        };
        if broken && !hours.alerted {
            hours.alerted = true;
            let (at, requests, misuse) = (request.time, hours.count, hours.misuse);
            self.alerts.push(Alert { rule, about: about.to_owned(), at, requests, misuse });
        }
    }
}

impl Hours {
    /// Moves on to an hour; a late request is counted to the hour at hand.
    fn turn(&mut self, hour: i64) {
        if self.count == 0 && self.past.is_empty() {
            (self.first, self.hour) = (hour, hour);
        }
        if hour <= self.hour {
            return;
        }
        self.past.push_back((self.hour, self.count));
        (self.hour, self.count, self.misuse, self.alerted) = (hour, 0, 0, false);
        while self.past.front().is_some_and(|(past, _)| *past < hour - BASELINE_HOURS as i64) {
            self.past.pop_front();
        }
    }

    /// Whether the hour at hand is far above its past.
    fn unusual(&self) -> bool {
        let hours = (self.hour - self.first).min(BASELINE_HOURS as i64);
        if self.count < BASELINE_REQUESTS_MIN || hours < BASELINE_HOURS_MIN {
            return false;
        }
        let (sum, squares) = self.past.iter().fold((0.0, 0.0), |(sum, squares), (_, count)| {
            let count = *count as f64;
            (sum + count, squares + count * count)
        });
        let mean = sum / hours as f64;
        let deviation = (squares / hours as f64 - mean * mean).max(0.0).sqrt();
        self.count as f64 > mean + SIGMAS * deviation
    }
}
