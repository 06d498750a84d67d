//! The company behind a play: who works there, their accounts, and their ordinary days.
//!
//! It is the hard quiet background: people join, move to other teams, leave with their accounts
//! closed in time, come back, and contractors come and go. All names are invented. Everything here
//! is in order; what is out of order in a play, the play itself adds.

use std::path::Path;

use crate::ReplayError;
use crate::chance::{Chance, hash};
use crate::files::{Log, Table};
use crate::moment::{DAY, HOUR, MINUTE, Ms, at, date, push_stamp, stamp, weekday};

mod names;

/// Columns of an HR export.
const HR: &str = "Employee ID,Legal Name,Email,User Name,Worker Type,Department,Business Title,Manager ID,\
                  Hire Date,Last Day of Work,Termination Date,Access End";
/// Columns of a list of accounts.
pub(crate) const ACCOUNTS: &str = "account_id,login,display_name,email,employee_number,kind,status,owner,created_at,\
                                   created_by,last_used,deleted_at";

/// Stands for a last use shortly before the listing; with `FIRST/LAST` behind it, for one between
/// the two.
pub(crate) const USED: &str = "(used)";

/// Who works there.
pub(crate) struct Company {
    pub domain: &'static str,
    /// Hours that local time is ahead of UTC, for working days; dates carry their own offset.
    pub ahead: i64,
    pub workers: Vec<Worker>,
    names: Vec<String>,
    chance: Chance,
}

/// Somebody who works or worked there.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    pub id: String,
    pub name: String,
    pub login: String,
    pub contractor: bool,
    pub team: &'static str,
    pub title: &'static str,
    /// A transfer: when, and to which team.
    pub moved: Option<(Ms, &'static str)>,
    pub stints: Vec<Stint>,
}

/// A spell of employment.
#[derive(Debug, Clone)]
pub(crate) struct Stint {
    /// First day, `YYYY-MM-DD`.
    pub hired: String,
    pub last: Option<Last>,
}

/// The end of one.
#[derive(Debug, Clone)]
pub(crate) struct Last {
    /// Last day of employment.
    pub day: String,
    /// When access ends.
    pub access_end: Ms,
    /// When HR learns of it.
    pub told: Ms,
}

impl Company {
    /// A company with nobody in it.
    pub(crate) fn new(seed: u64, domain: &'static str, ahead: i64) -> Company {
        let mut chance = Chance::of(seed, domain);
        let pool = if ahead > 0 { &names::EAST } else { &names::WEST };
        let both = |given: &str, family: &str| format!("{given} {family}");
        let mut names: Vec<_> =
            pool.1.iter().flat_map(|family| pool.0.iter().map(move |given| both(given, family))).collect();
        chance.shuffle(&mut names);
        Company { domain, ahead, workers: Vec::new(), names, chance }
    }

    /// Hires somebody with a name of chance; their number in [`Company::workers`].
    pub(crate) fn hire(&mut self, team: &'static str, title: &'static str, hired: &str) -> usize {
        let name = self.names.pop().unwrap_or_else(|| format!("Worker Number{}", self.workers.len()));
        self.hire_named(&name, team, title, hired)
    }

    /// Hires somebody by name. Names of chance never meet these, whose parts are in no list.
    pub(crate) fn hire_named(&mut self, name: &str, team: &'static str, title: &'static str, hired: &str) -> usize {
        let number = self.workers.len() as u64;
        self.workers.push(Worker {
            id: format!("E{}", 1_000 + number * 7 + self.chance.below(7)),
            name: name.to_owned(),
            login: name.to_lowercase().replace('-', "").replace(' ', "."),
            contractor: false,
            team,
            title,
            moved: None,
            stints: vec![Stint { hired: hired.to_owned(), last: None }],
        });
        self.workers.len() - 1
    }

    /// Hires several, over the five years before `until`.
    pub(crate) fn staff(&mut self, team: &'static str, title: &'static str, count: usize, until: &str) {
        for _ in 0..count {
            let hired = date(at(until) - self.chance.within(40, 1_800) * DAY);
            self.hire(team, title, &hired);
        }
    }

    /// Ends somebody's latest stint: access ends at an instant, HR has known since `told`.
    pub(crate) fn leave(&mut self, who: usize, access_end: &str, told: &str) {
        let last = Last { day: access_end[..10].to_owned(), access_end: at(access_end), told: at(told) };
        if let Some(stint) = self.workers[who].stints.last_mut() {
            stint.last = Some(last);
        }
    }

    /// Hires somebody again who had left.
    pub(crate) fn rehire(&mut self, who: usize, hired: &str) {
        self.workers[who].stints.push(Stint { hired: hired.to_owned(), last: None });
    }

    /// Somebody's work e-mail address.
    pub(crate) fn email(&self, who: usize) -> String {
        format!("{}@{}", self.workers[who].login, self.domain)
    }

    /// Writes what HR would have exported on a date: who was there or had been, and what HR knew then.
    pub(crate) fn hr(&self, dir: &Path, day: &str) -> Result<(), ReplayError> {
        // The export is of the evening: what is known in the course of the day is in it.
        let now = at(day) + DAY - self.ahead * HOUR;
        let mut table = Table::new(dir, &format!("hr/hr-{day}.csv"), HR)?;
        let manager = self.workers.first().map_or("", |worker| worker.id.as_str());
        for (who, worker) in self.workers.iter().enumerate() {
            for stint in worker.stints.iter().filter(|stint| at(&stint.hired) <= now) {
                let last = stint.last.as_ref().filter(|last| last.told <= now);
                let day = last.map_or("", |last| last.day.as_str());
                let access_end = last.map(|last| stamp(last.access_end)).unwrap_or_default();
                let team = worker.moved.filter(|(moved, _)| *moved <= now).map_or(worker.team, |(_, team)| team);
                table.row([
                    worker.id.as_str(),
                    &worker.name,
                    &self.email(who),
                    &worker.login,
                    if worker.contractor { "Contractor" } else { "Employee" },
                    team,
                    worker.title,
                    if who == 0 { "" } else { manager },
                    &stint.hired,
                    day,
                    day,
                    &access_end,
                ])?;
            }
        }
        table.finish()
    }

    /// Everybody's own account in the company's directory: made on the first day, closed two minutes
    /// before access ends. `kept` are accounts that were closed at another time, or never.
    pub(crate) fn accounts(&self, kept: &[(usize, Option<Ms>)]) -> Vec<Listed> {
        let mut rows = Vec::new();
        for (who, worker) in self.workers.iter().enumerate() {
            for (ordinal, stint) in worker.stints.iter().enumerate() {
                let closed = match kept.iter().find(|(kept, _)| *kept == who) {
                    Some((_, until)) => *until,
                    None => stint.last.as_ref().map(|last| last.access_end - 2 * MINUTE),
                };
                let mut row = account(
                    &account_id(worker, ordinal),
                    // A rehire is a new stint and gets a new account.
                    &login_of(worker, ordinal),
                    at(&stint.hired) - self.ahead * HOUR,
                    closed,
                );
                row.cells[2..5].clone_from_slice(&[worker.name.clone(), self.email(who), worker.id.clone()]);
                row.cells[9] = "svc-onboarding".to_owned();
                rows.push(row);
            }
        }
        rows
    }

    /// Somebody's account id in the directory, of their first stint.
    pub(crate) fn account_id(&self, who: usize) -> String {
        account_id(&self.workers[who], 0)
    }

    /// The account of a program, for which somebody answers.
    pub(crate) fn service(&self, login: &str, owner: usize, made: &str) -> Listed {
        let mut row = account(&format!("s-{login}"), login, at(made), None);
        row.cells[5] = "service".to_owned();
        row.cells[7] = self.email(owner);
        row
    }

    /// Writes one dated listing for each of these days.
    pub(crate) fn listings(
        &self,
        dir: &Path,
        name: &str,
        header: &str,
        rows: &[Listed],
        days: &[&str],
    ) -> Result<(), ReplayError> {
        days.iter().try_for_each(|day| {
            let until = at(day) + DAY - self.ahead * HOUR;
            listing(dir, &format!("{name}-{day}.csv"), header, rows, until)
        })
    }

    /// Whether somebody has access at an instant, and by which login.
    pub(crate) fn login_at(&self, who: usize, now: Ms) -> Option<String> {
        let worker = self.workers.get(who)?;
        worker.stints.iter().enumerate().find_map(|(ordinal, stint)| {
            let begun = at(&stint.hired) - self.ahead * HOUR + HOUR <= now;
            let over = stint.last.as_ref().is_some_and(|last| now >= last.access_end - 5 * MINUTE);
            (begun && !over).then(|| login_of(worker, ordinal))
        })
    }

    /// Makes up one day of staff logins, unsorted: when, who, and whether it worked. A wrong password
    /// now and then is part of it.
    pub(crate) fn logins(&mut self, day: Ms) -> Vec<Login> {
        let local_midnight = day - self.ahead * HOUR;
        let weekend = weekday(day) >= 5;
        let mut logins = Vec::new();
        for who in 0..self.workers.len() {
            if self.chance.per_mille(if weekend { 940 } else { 120 }) {
                continue;
            }
            let when = local_midnight + 8 * HOUR + self.chance.within(0, 3 * HOUR);
            let Some(login) = self.login_at(who, when) else { continue };
            let ip = format!("10.{}.{}.{}", 20 + who % 4, self.chance.below(4), 10 + who % 200);
            if self.chance.per_mille(30) {
                logins.push(Login {
                    at: when - self.chance.within(5_000, 40_000),
                    login: login.clone(),
                    ip: ip.clone(),
                    works: false,
                });
            }
            logins.push(Login { at: when, login, ip, works: true });
        }
        logins.sort_by(|a, b| (a.at, &a.login).cmp(&(b.at, &b.login)));
        logins
    }
}

/// Somebody signs in.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub at: Ms,
    pub login: String,
    pub ip: String,
    pub works: bool,
}

impl Login {
    /// Writes it to a log of sign-ins.
    pub(crate) fn write(&self, log: &mut Log) -> Result<crate::files::Place, ReplayError> {
        log.line(self.at, |line| {
            line.extend_from_slice(b"{\"ts\":\"");
            push_stamp(line, self.at);
            let result = if self.works { "success" } else { "failure" };
            let rest = format!(
                "\",\"event\":\"login\",\"user\":\"{}\",\"result\":\"{result}\",\"client_ip\":\"{}\",\"app\":\"sso\"}}",
                self.login, self.ip
            );
            line.extend_from_slice(rest.as_bytes());
        })
    }
}

/// A row of a dated listing, with when the thing existed.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub since: Ms,
    pub until: Option<Ms>,
    pub cells: Vec<String>,
}

/// A row of anything: its cells, separated by commas that are not in them.
pub(crate) fn listed(since: &str, until: Option<&str>, cells: &str) -> Listed {
    let cells = cells.split(',').map(|cell| cell.trim().to_owned()).collect();
    Listed { since: at(since), until: until.map(at), cells }
}

fn account(id: &str, login: &str, made: Ms, closed: Option<Ms>) -> Listed {
    let mut cells = vec![String::new(); ACCOUNTS.split(',').count()];
    (cells[0], cells[1], cells[5]) = (id.to_owned(), login.to_owned(), "human".to_owned());
    cells[10] = USED.to_owned();
    Listed { since: made, until: closed, cells }
}

fn account_id(worker: &Worker, ordinal: usize) -> String {
    format!("u{}", &worker.id[1..]) + if ordinal == 0 { "" } else { "b" }
}

fn login_of(worker: &Worker, ordinal: usize) -> String {
    worker.login.clone() + if ordinal == 0 { "" } else { "2" }
}

/// Writes what a listing of an instant would have held: what had begun, with the ends and the last
/// use that were known then.
fn listing(dir: &Path, name: &str, header: &str, rows: &[Listed], now: Ms) -> Result<(), ReplayError> {
    const BEGINS: [&str; 3] = ["since", "created_at", "from"];
    const ENDS: [&str; 4] = ["until", "deleted_at", "retired_at", "to"];
    let mut table = Table::new(dir, name, header)?;
    for row in rows.iter().filter(|row| row.since <= now) {
        let ended = row.until.filter(|until| *until <= now);
        let cells = header.split(',').zip(&row.cells).map(|(column, cell)| match column {
            _ if BEGINS.contains(&column) && cell.is_empty() => stamp(row.since),
            _ if ENDS.contains(&column) && cell.is_empty() => ended.map(stamp).unwrap_or_default(),
            "status" if cell.is_empty() => if ended.is_some() { "disabled" } else { "enabled" }.to_owned(),
            "last_used" if cell.starts_with(USED) => {
                let ago = (hash(row.cells.concat().bytes()) % 40) as Ms * HOUR + HOUR;
                let between = cell.trim_start_matches(USED).split_once('/');
                let (first, last) = between.map_or((row.since, Ms::MAX), |(first, last)| (at(first), at(last)));
                let used = (ended.unwrap_or(now) - ago).min(last);
                if now < first { String::new() } else { stamp(used.max(first)) }
            }
            _ => cell.clone(),
        });
        table.row(cells)?;
    }
    table.finish()
}
