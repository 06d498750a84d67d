//! What an answer covers and what it does not, and how far that lifts the upper bound.
//!
//! Rows say what was logged and read. Whoever was touched on a day of which no log is kept, or by a
//! request whose record could not be read, is in no row: at most it was everybody who existed then, and
//! no more than an independent count of requests (a load balancer's, a bill's) leaves room for.

use std::collections::BTreeMap;

use sever_lake::{Pivot, ReachAnswer};
use sever_model::{CoverageLine, EventTime, FrozenStep, SubjectRegister, counted};

use super::ask::Ask;
use super::date;
use crate::cli::site::{IssuerGaps, Site, lake_failure};
use crate::hint::Failure;

/// Stretches of days, and lines, that are told one by one.
const TOLD_MAX: usize = 5;
/// Days before the first that is kept, past which it is all the same.
const DAYS_BEFORE_MAX: i64 = 36_600;

/// What an answer covers.
#[derive(Debug, Clone, Default)]
pub struct Cover {
    /// Sentences, the most important last.
    pub said: Vec<String>,
    /// What is not in the rows adds so many people at most.
    pub steps: Vec<FrozenStep>,
    /// People at most; nothing where that is unknown.
    pub upper: Option<u64>,
    /// Whether nothing is missing in the span that was asked about.
    pub whole: bool,
}

impl Cover {
    /// What the rows behind an answer cover.
    ///
    /// # Errors
    /// When the lake or the store cannot be read, or the independent count is lower than the logs'.
    pub(super) fn of(
        site: &Site,
        ask: &Ask,
        answer: &ReachAnswer,
        register: Option<&dyn SubjectRegister>,
    ) -> Result<Cover, Failure> {
        let overview = sever_lake::overview(&site.lake_dir()).map_err(lake_failure)?;
        let days: Vec<i64> = overview.days.keys().copied().collect();
        let mut cover = Cover { whole: true, ..Cover::default() };
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(cover) };
        let kept = counted(days.len() as u64, "day");
        cover.said.push(format!(
            "uses are kept of {kept}, {} to {}; of others nothing is known",
            date(*first),
            date(*last)
        ));
        let mut scanned = site.scanned()?;
        // A record or a day that an issuer's log lacks gave nobody's data: what is told of its class says
        // what then cannot be judged.
        scanned.logs.retain(|log, _| !only_issues(site, log) && may_hold(site, ask, log));
        cover.logs(ask, &scanned.logs);
        cover.issuers(ask, &scanned.gaps);
        // Quiet days within one file are quiet.
        let lines = scanned.logs.values();
        let spans = lines.filter_map(|line| Some((line.from?.day(), line.to?.day()))).collect::<Vec<_>>();
        let missing = missing(ask, &days, &spans, *first, *last);
        if !missing.is_empty() {
            cover.whole = false;
            let total: i64 = missing.iter().map(|(from, to)| to - from + 1).sum();
            let mut told: Vec<String> = missing.iter().take(TOLD_MAX).map(|stretch| stretch_words(*stretch)).collect();
            if missing.len() > TOLD_MAX {
                told.push(format!("and {} more", missing.len() - TOLD_MAX));
            }
            cover.said.push(format!("no log reaches over {}: {}", counted(total as u64, "day"), told.join(", ")));
        }
        let unread: u64 = scanned.logs.values().filter(|line| is_of(ask, line)).map(|line| line.rejected).sum();
        cover.bound(ask, answer, register, !missing.is_empty(), unread)?;
        Ok(cover)
    }

    /// Logs of which not everything was read.
    fn logs(&mut self, ask: &Ask, lines: &BTreeMap<String, CoverageLine>) {
        let bad: Vec<&CoverageLine> =
            lines.values().filter(|line| is_of(ask, line) && (line.rejected > 0 || !line.gaps.is_empty())).collect();
        for line in bad.iter().take(TOLD_MAX) {
            self.whole = false;
            let rejected = (line.rejected > 0).then(|| format!("{} not read", counted(line.rejected, "record")));
            let why: Vec<String> = rejected.into_iter().chain(line.gaps.iter().cloned()).collect();
            self.said.push(format!("log `{}`: {}", line.source, why.join("; ")));
        }
        if bad.len() > TOLD_MAX {
            self.said.push(format!("and {} more were not read whole", counted((bad.len() - TOLD_MAX) as u64, "log")));
        }
    }

    /// Gaps in issuers' logs: uses that fall into one cannot be judged, and stand in the upper bound.
    fn issuers(&mut self, ask: &Ask, gaps: &IssuerGaps) {
        let mut more = 0;
        for (class, gaps) in gaps {
            for (at, (from, to, lost)) in
                gaps.iter().filter(|(from, to, _)| overlaps(ask, Some(*from), Some(*to))).enumerate()
            {
                if at >= TOLD_MAX {
                    more += 1;
                    continue;
                }
                let lost = lost.map_or_else(|| "an unknown number of".to_owned(), |lost| lost.to_string());
                self.said.push(format!("{class}: {lost} issuances missing between {from} and {to}"));
            }
        }
        if more > 0 {
            self.said.push(format!("and {} in issuers' logs", counted(more, "more gap")));
        }
    }

    /// The upper bound with what is in no row.
    fn bound(
        &mut self,
        ask: &Ask,
        answer: &ReachAnswer,
        register: Option<&dyn SubjectRegister>,
        days_missing: bool,
        unread: u64,
    ) -> Result<(), Failure> {
        let in_rows = answer.steps.last().map_or(answer.lower, |step| step.total).max(answer.lower);
        let each = ask.cap.as_ref().map_or(1, |cap| cap.people_per_request);
        let mut total = answer.upper.map(|upper| upper.max(answer.lower));
        if let Some(cap) = ask.cap.as_ref().filter(|_| answer.unsaid > 0) {
            let adds = answer.unsaid.saturating_mul(cap.people_per_request);
            total = Some(self.step("in answers that do not say whose data they gave", adds, in_rows));
        }
        if unread > 0 {
            let adds = unread.saturating_mul(each);
            total = total.map(|total| self.step("by requests whose records could not be read", adds, total));
            let each = counted(each, "person");
            self.said.push(format!("each record that could not be read is taken for {each} (`--people-per-request`)"));
        }
        if days_missing {
            let everybody = register.map(|register| register.len().saturating_sub(total.unwrap_or(in_rows)));
            let room = match &ask.cap {
                None => None,
                Some(cap) => Some(room(cap.requests_at_most, answer.requests.attempted)?.saturating_mul(each)),
            };
            let adds = match (everybody, room) {
                (Some(everybody), Some(room)) => Some(everybody.min(room)),
                (one, other) => one.or(other),
            };
            total = match (total, adds) {
                (Some(total), Some(adds)) => {
                    Some(self.step("on days of which no log is kept: everybody who existed", adds, total))
                }
                _ => None,
            };
        }
        if let Some(cap) = &ask.cap {
            room(cap.requests_at_most, answer.requests.attempted)?;
            self.said.push(format!("requests at most: {cap}; {} are in the logs", answer.requests.attempted));
        }
        self.upper = total;
        Ok(())
    }

    fn step(&mut self, what: &str, adds: u64, before: u64) -> u64 {
        let total = before.saturating_add(adds);
        if adds > 0 {
            self.steps.push(FrozenStep { what: what.to_owned(), adds, total });
        }
        total
    }
}

/// Whether a file is of a log that holds issuances and no uses.
fn only_issues(site: &Site, log: &str) -> bool {
    let id = log.split('/').next().unwrap_or(log);
    let classes = &site.config.classes;
    let issues = classes.iter().any(|class| class.issued_in.as_ref().is_some_and(|of| of.as_str() == id));
    issues && !classes.iter().any(|class| class.used_in.iter().any(|of| of.as_str() == id))
}

/// Whether uses of what is asked about may stand in a file of a log: those of a key or a token stand only
/// where its class is used, where classes are configured.
fn may_hold(site: &Site, ask: &Ask, log: &str) -> bool {
    let id = log.split('/').next().unwrap_or(log);
    let classes = &site.config.classes;
    let tokens = [Pivot::Key, Pivot::Issuer, Pivot::Credential, Pivot::Session];
    let of_tokens = ask.things.iter().all(|(pivot, _)| tokens.contains(pivot));
    !of_tokens || classes.is_empty() || classes.iter().any(|class| class.used_in.iter().any(|of| of.as_str() == id))
}

/// How many requests an independent count leaves that are in no log.
fn room(at_most: u64, attempted: u64) -> Result<u64, Failure> {
    at_most.checked_sub(attempted).ok_or_else(|| {
        Failure::usage(format!("the logs have {attempted} such requests, more than `--requests-at-most {at_most}`"))
            .hint("the count must be of the same requests, over all of the span")
    })
}

/// The stretches of days within the span asked about, from and to, of which no use is kept and over
/// which no file reaches.
fn missing(ask: &Ask, days: &[i64], spans: &[(i64, i64)], first: i64, last: i64) -> Vec<(i64, i64)> {
    let from = ask.from.map_or(first, EventTime::day);
    // The day of an end at midnight is not asked about.
    let to = ask.to.map_or(last, |to| EventTime::from_micros(to.micros().saturating_sub(1)).day().min(last));
    let is_there =
        |day: i64| days.binary_search(&day).is_ok() || spans.iter().any(|(from, to)| (*from..=*to).contains(&day));
    let mut stretches: Vec<(i64, i64)> = Vec::new();
    for day in (from.max(first.saturating_sub(DAYS_BEFORE_MAX))..=to).filter(|day| !is_there(*day)) {
        match stretches.last_mut() {
            Some((_, end)) if *end == day - 1 => *end = day,
            _ => stretches.push((day, day)),
        }
    }
    stretches
}

fn stretch_words((from, to): (i64, i64)) -> String {
    if from == to { date(from) } else { format!("{} to {}", date(from), date(to)) }
}

fn is_of(ask: &Ask, line: &CoverageLine) -> bool {
    overlaps(ask, line.from, line.to)
}

/// Whether something of these times, which may be unknown, may be in the span asked about.
fn overlaps(ask: &Ask, from: Option<EventTime>, to: Option<EventTime>) -> bool {
    let after = ask.to.zip(from).is_some_and(|(end, from)| from >= end);
    let before = ask.from.zip(to).is_some_and(|(start, to)| to < start);
    !after && !before
}

#[cfg(test)]
mod tests;
