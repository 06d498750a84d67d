//! An exchange's support centre, 2024–2025: agents who look up customers for whom there is no ticket.
//!
//! ```text
//! 2024-10-01  the logs begin                   2024-12-26  the first bribed agent begins
//! 2025-02-03  a crash of the market: three     2025-05-09  the last day before the demand for money
//!             days of four times the work
//! ```
//!
//! Begin, number of customers and some 200 a day are public; how many agents, and when each, is not: here
//! a few, one after another. A bribed agent looks at as many customers a day as any other, so that volume
//! says nothing; what differs is that no ticket is about them. Of the honest, one look in twenty has none.
//! A fraud team works on cases that are assigned to it as a whole.

use std::path::Path;

use super::customers::Customers;
use super::lookups::{LookUp, ticket};
use crate::chance::Chance;
use crate::company::{ACCOUNTS, Company};
use crate::files::{self, Log};
use crate::moment::{DAY, HOUR, MINUTE, Ms, SECOND, at, event, weekday};
use crate::truth::{MisuseList, write_people};
use crate::{Expected, Incident, Play, Real, ReplayError, Truth};

pub(crate) const INCIDENT: Incident = Incident {
    id: "coinbase",
    title: "Coinbase, 2024–25",
    real: Real {
        noticed_after: "136 days (26 Dec 2024 to 11 May 2025)",
        how: "a demand for money",
        people: Some(69_461),
        source: "the notice to Maine's attorney general; some 200 a day: news of a court's documents",
    },
    variants: &[],
    write,
};

const BEGIN: &str = "2024-10-01T00:00:00+05:00";
const END: &str = "2025-05-15T00:00:00+05:00";
/// Nobody left: a moment before the first of it.
const BEFORE: &str = "2024-12-24T18:00:00+05:00";
const FROM: &str = "2024-12-26T00:00:00+05:00";
const CRASH: &str = "2025-02-03T00:00:00+05:00";
const DAYS: [&str; 3] = ["2024-10-01", "2024-12-24", "2025-05-14"];
const FIELDS: &str = "name,address,email,phone,ssn_last4,balance";
const AGENTS: usize = 16;
const FRAUD: usize = 6;
/// Customers in one look-up, at the most: those who share a household or a case.
const AT_ONCE: u64 = 4;
/// Days by which each bribed agent must be on the list, from the first of it: the last begins in March.
const RANKED_WITHIN_DAYS: i64 = 110;

struct Desk {
    company: Company,
    bribed: Vec<usize>,
    customers: Customers,
    /// Customers that an agent looks at on a day.
    a_day: u64,
    tickets: u64,
}

fn write(play: &Play, dir: &Path) -> Result<Truth, ReplayError> {
    play.report("people and customers", 0.0);
    let touched = play.scaled(69_461, 2_400);
    let a_day = (touched / 60).clamp(40, 200);
    let bribed = 3 + (touched / a_day / 80).min(5) as usize;
    let customers = Customers::new(play.seed, touched * 12);
    customers.write(dir, BEGIN)?;
    let mut desk = people(play, customers, a_day, bribed);
    for day in DAYS {
        desk.company.hr(dir, day)?;
    }
    let mut accounts = desk.company.accounts(&[]);
    accounts.push(desk.company.service("svc-onboarding", 0, "2019-01-09T09:00:00+05:00"));
    desk.company.listings(dir, "accounts/crm", ACCOUNTS, &accounts, &DAYS)?;
    files::text(dir, "severance.toml", include_str!("coinbase/severance.toml"))?;
    let ((misuse, events), people) = logs(play, dir, &mut desk, touched)?;
    write_people(dir, people)?;
    let account = |who: &usize| desk.company.account_id(*who);
    let truth = Truth {
        people_count: touched,
        whole: false,
        insider: true,
        ranked: desk.bribed.iter().map(|who| Expected::must("slow-reach-person", &account(who))).collect(),
        ranked_within: sever_model::Span::days(RANKED_WITHIN_DAYS),
        ..Truth::of(INCIDENT.id, (BEFORE, at(BEFORE)), misuse, events)
    };
    truth.write(dir)?;
    play.report("logs", 1.0);
    Ok(truth)
}

fn people(play: &Play, customers: Customers, a_day: u64, bribed: usize) -> Desk {
    let mut company = Company::new(play.seed, "support.example", 5);
    company.hire("people", "Head of people", "2019-05-06");
    company.staff("support", "Support agent", AGENTS, "2024-08-01");
    let names = [
        "Ilan Drosk",
        "Pru Okhande",
        "Wim Sabeltar",
        "Ketu Marlowe",
        "Ona Ferrisk",
        "Jory Velm",
        "Tess Adrani",
        "Pell Orkwin",
    ];
    let bribed: Vec<usize> = names
        .iter()
        .take(bribed)
        .map(|name| company.hire_named(name, "support", "Support agent", "2024-03-04"))
        .collect();
    company.staff("fraud", "Fraud analyst", FRAUD, "2024-08-01");
    company.leave(2, "2025-01-31T18:00:00+05:00", "2025-01-15T09:00:00+05:00");
    Desk { company, bribed, customers, a_day, tickets: 0 }
}

type Logged = (super::changes::Played, Vec<(i64, bool, String)>);

/// A line of one of the two logs.
enum Line {
    Look(LookUp),
    Ticket(Ms, String, Vec<u64>),
}

impl Line {
    fn at(&self) -> Ms {
        match self {
            Line::Look(look) => look.at,
            Line::Ticket(at, ..) => *at,
        }
    }
}

fn logs(play: &Play, dir: &Path, desk: &mut Desk, touched: u64) -> Result<Logged, ReplayError> {
    let (mut crm, mut tickets) = (Log::new(dir, "crm")?, Log::new(dir, "tickets")?);
    let mut misuse = MisuseList::new(dir)?;
    let mut chance = Chance::of(play.seed, "coinbase");
    let mut people = Vec::new();
    let share = touched.div_ceil(desk.bribed.len() as u64);
    let mut left: Vec<(u64, u64)> =
        (0..desk.bribed.len() as u64).map(|nth| (nth * share, ((nth + 1) * share).min(touched))).collect();
    let days = (at(END) - at(BEGIN)) / DAY;
    for number in 0..days {
        let day = at(BEGIN) + number * DAY;
        let mut lines = Vec::new();
        if weekday(day + 12 * HOUR) < 5 {
            for who in 1..desk.company.workers.len() {
                honest(day, who, desk, &mut chance, &mut lines);
            }
            // They begin one after another, five weeks apart.
            for (nth, part) in left.iter_mut().enumerate() {
                let begun = day >= at(FROM) + nth as Ms * 35 * DAY;
                if begun && part.0 < part.1 {
                    bribed(day, desk.bribed[nth], part, desk, &mut chance, &mut lines);
                }
            }
        }
        lines.sort_by_key(Line::at);
        for line in lines {
            match line {
                Line::Ticket(at, agent, ids) => {
                    desk.tickets += 1;
                    ticket(at, 100_000 + desk.tickets, &agent, &ids, &mut tickets)?;
                }
                Line::Look(look) => {
                    let place = look.write(FIELDS, &mut crm)?;
                    if look.misuse {
                        misuse.add(event(look.at), crm.file(place), place.offset, "")?;
                        people.extend(look.ids.iter().map(|id| (look.at * 1_000, true, id.to_string())));
                    }
                }
            }
        }
        play.report("logs", number as f64 / days as f64);
    }
    let events = crm.lines + tickets.lines;
    crm.finish()?;
    tickets.finish()?;
    Ok(((misuse.finish()?, events), people))
}

/// A day of somebody's own work: a ticket first, or for fraud a case that is the whole team's; a few looks
/// have neither.
fn honest(day: Ms, who: usize, desk: &Desk, chance: &mut Chance, into: &mut Vec<Line>) {
    // Who leaves on the day does not work on it: tickets are written up until the evening.
    let Some(login) = desk.company.login_at(who, day + 23 * HOUR) else { return };
    if chance.per_mille(80) {
        return;
    }
    let team = desk.company.workers[who].team;
    let crash = if (at(CRASH)..at(CRASH) + 3 * DAY).contains(&day) { 4 } else { 1 };
    let mut left = match team {
        "support" => desk.a_day * crash * (800 + chance.below(400)) / 1_000,
        "fraud" => desk.a_day * 3,
        _ => return,
    };
    // A bribed agent has less time for it.
    if desk.bribed.contains(&who) && day >= at(FROM) {
        left /= 4;
    }
    while left > 0 {
        let count = (1 + chance.below(AT_ONCE)).min(left);
        left -= count;
        let ids: Vec<u64> = (0..count).map(|_| desk.customers.any(chance)).collect();
        let now = day + 9 * HOUR + chance.within(0, 9 * HOUR);
        let of = if team == "fraud" { "fraud" } else { login.as_str() };
        // Most tickets come first, some are written up afterwards, and a few never.
        match chance.below(100) {
            0..5 if team == "support" => {}
            5..12 => into.push(Line::Ticket(now + chance.within(20 * MINUTE, 5 * HOUR), of.to_owned(), ids.clone())),
            _ => into.push(Line::Ticket(now - chance.within(MINUTE, HOUR), of.to_owned(), ids.clone())),
        }
        into.push(Line::Look(look(now, &login, who, ids)));
    }
}

/// What somebody was bribed to look at.
fn bribed(day: Ms, who: usize, part: &mut (u64, u64), desk: &Desk, chance: &mut Chance, into: &mut Vec<Line>) {
    let Some(login) = desk.company.login_at(who, day + 12 * HOUR) else { return };
    let end = (part.0 + desk.a_day).min(part.1);
    let mut now = day + 10 * HOUR + chance.within(0, HOUR);
    while part.0 < end {
        let to = (part.0 + 1 + chance.below(AT_ONCE)).min(end);
        // Every twelfth customer: whom the bribed look at is in no other order than anybody.
        let ids = (part.0..to).map(|number| desk.customers.id(number * 12)).collect();
        into.push(Line::Look(LookUp { misuse: true, ..look(now, &login, who, ids) }));
        part.0 = to;
        now += chance.within(20 * SECOND, 9 * MINUTE);
    }
}

fn look(at: Ms, login: &str, who: usize, ids: Vec<u64>) -> LookUp {
    LookUp { at, login: login.to_owned(), ip: format!("10.60.1.{}", 10 + who), path: "/customers", ids, misuse: false }
}
