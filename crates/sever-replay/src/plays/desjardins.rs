//! A cooperative bank, 2017–2019: one of the marketing team copies from a shared drive, for 26 months.
//!
//! ```text
//! 2016-11-01  the logs begin               2017-03-27  he begins to copy
//! every month colleagues put extracts of   2019-05-24  he is found out, by the police
//!             the warehouse on the drive
//! ```
//!
//! The months, the people and the shared drive are public; how many a day, and how, is not: the play
//! spreads them evenly over working days, so that no day is out of the ordinary, and he looks at no more
//! people a day than twice what his team does. What gives him away is that they are ever new ones.
//!
//! The background is hard: the team has campaigns in which everybody reads the same long list, an analyst
//! reports on whole segments each quarter, and a nightly job touches more than all of them.

use std::path::Path;

use super::customers::Customers;
use super::lookups::LookUp;
use crate::chance::Chance;
use crate::company::{ACCOUNTS, Company};
use crate::files::{self, Log};
use crate::moment::{DAY, HOUR, MINUTE, Ms, at, civil, event, weekday};
use crate::truth::{MisuseList, write_people};
use crate::{Expected, Incident, Play, Real, ReplayError, Truth};

pub(crate) const INCIDENT: Incident = Incident {
    id: "desjardins",
    title: "Desjardins, 2017–19",
    real: Real {
        noticed_after: "26 months (Mar 2017 to May 2019)",
        how: "the police",
        people: Some(9_700_000),
        source: "findings of the privacy commissioner, PIPEDA 2020-005",
    },
    variants: &[],
    write,
};

const BEGIN: &str = "2016-11-01T00:00:00-04:00";
const END: &str = "2019-06-01T00:00:00-04:00";
/// Nobody left: a moment before the first of it.
const BEFORE: &str = "2017-03-24T17:00:00-04:00";
const FROM: &str = "2017-03-27T00:00:00-04:00";
const TO: &str = "2019-05-25T00:00:00-04:00";
const DAYS: [&str; 4] = ["2016-11-01", "2017-03-24", "2018-06-30", "2019-05-31"];
const FIELDS: &str = "name,date_of_birth,sin,address,transactions";
const TEAM: usize = 11;
/// Days' worth of people in a colleague's portfolio, and on a campaign's list.
const PORTFOLIO: u64 = 12;
const CAMPAIGN: u64 = 6;
/// Days' worth in an analyst's quarterly segment.
const SEGMENT: u64 = 20;
/// Days by which all of it must be on the list: two months of the window of 180 days and as many again.
const RANKED_WITHIN_DAYS: i64 = 150;

/// Who is there, and how many people a day anybody looks at.
struct Bank {
    company: Company,
    insider: usize,
    analyst: usize,
    customers: Customers,
    a_day: u64,
}

fn write(play: &Play, dir: &Path) -> Result<Truth, ReplayError> {
    play.report("people and customers", 0.0);
    let touched = play.scaled(9_700_000, 6_000);
    let (from, to) = (at(FROM), at(TO));
    let working = (0..(to - from) / DAY).filter(|day| weekday(from + day * DAY + 12 * HOUR) < 5).count() as u64;
    let customers = Customers::new(play.seed, touched + touched / 8 + 400);
    customers.write(dir, BEGIN)?;
    let mut bank = people(play, customers, touched.div_ceil(working));
    for day in DAYS {
        bank.company.hr(dir, day)?;
    }
    let mut accounts = bank.company.accounts(&[]);
    accounts.push(bank.company.service("svc-onboarding", 0, "2012-01-09T09:00:00-05:00"));
    accounts.push(bank.company.service("svc-crm", bank.analyst, "2012-01-09T09:00:00-05:00"));
    bank.company.listings(dir, "accounts/drive", ACCOUNTS, &accounts, &DAYS)?;
    files::text(dir, "severance.toml", include_str!("desjardins/severance.toml"))?;
    let ((misuse, events), people) = logs(play, dir, &mut bank, touched)?;
    write_people(dir, people)?;
    let own = bank.company.account_id(bank.insider);
    let truth = Truth {
        people_count: touched,
        whole: false,
        insider: true,
        ranked: vec![Expected::must("slow-reach-person", &own)],
        ranked_within: sever_model::Span::days(RANKED_WITHIN_DAYS),
        ..Truth::of(INCIDENT.id, (BEFORE, at(BEFORE)), misuse, events)
    };
    truth.write(dir)?;
    play.report("logs", 1.0);
    Ok(truth)
}

fn people(play: &Play, customers: Customers, a_day: u64) -> Bank {
    let mut company = Company::new(play.seed, "caisse.example", -5);
    company.hire("people", "Head of people", "2011-05-02");
    company.staff("marketing", "Marketing adviser", TEAM, "2016-09-01");
    let insider = company.hire_named("Basile Morven", "marketing", "Marketing adviser", "2013-04-15");
    company.staff("analysis", "Analyst", 3, "2016-09-01");
    let analyst = company.workers.len() - 1;
    company.staff("branches", "Adviser", 9, "2016-09-01");
    // One of the team goes, and one comes from a branch.
    company.leave(3, "2018-02-28T17:00:00-05:00", "2018-02-01T09:00:00-05:00");
    let last = company.workers.len() - 1;
    company.workers[last].moved = Some((at("2018-03-05T00:00:00-05:00"), "marketing"));
    Bank { company, insider, analyst, customers, a_day }
}

type Logged = (super::changes::Played, Vec<(i64, bool, String)>);

fn logs(play: &Play, dir: &Path, bank: &mut Bank, touched: u64) -> Result<Logged, ReplayError> {
    let (mut sign_ins, mut drive) = (Log::new(dir, "sso")?, Log::new(dir, "drive")?);
    let mut misuse = MisuseList::new(dir)?;
    let mut chance = Chance::of(play.seed, "desjardins");
    let (mut people, mut next) = (Vec::new(), 0);
    let days = (at(END) - at(BEGIN)) / DAY;
    for number in 0..days {
        let day = at(BEGIN) + number * DAY;
        for login in bank.company.logins(day - 5 * HOUR) {
            login.write(&mut sign_ins)?;
        }
        let mut looks = ordinary(day, bank, &mut chance);
        if (at(FROM)..at(TO)).contains(&day) && weekday(day + 12 * HOUR) < 5 && next < touched {
            let end = (next + bank.a_day).min(touched);
            let now = day + 11 * HOUR + chance.within(0, 5 * HOUR);
            let Some(login) = bank.company.login_at(bank.insider, now) else { continue };
            let ids: Vec<u64> = (next..end).map(|number| bank.customers.id(number)).collect();
            people.extend(ids.iter().map(|id| (now * 1_000, true, id.to_string())));
            let (ip, path) = ("10.32.4.61".to_owned(), "/shared/marketing/extracts");
            looks.push(LookUp { at: now, login, ip, path, ids, misuse: true });
            next = end;
        }
        looks.sort_by(|a, b| (a.at, &a.login).cmp(&(b.at, &b.login)));
        for look in &looks {
            let place = look.write(FIELDS, &mut drive)?;
            if look.misuse {
                misuse.add(event(look.at), drive.file(place), place.offset, "")?;
            }
        }
        if number % 16 == 0 {
            play.report("logs", number as f64 / days as f64);
        }
    }
    let events = sign_ins.lines + drive.lines;
    sign_ins.finish()?;
    drive.finish()?;
    Ok(((misuse.finish()?, events), people))
}

/// A day of reading by those whose job it is.
fn ordinary(day: Ms, bank: &Bank, chance: &mut Chance) -> Vec<LookUp> {
    let mut all = Vec::new();
    let mut look = |at: Ms, login: String, who: usize, path: &'static str, ids: Vec<u64>| {
        all.push(LookUp { at, login, ip: format!("10.32.4.{}", 40 + who), path, ids, misuse: false });
    };
    let pick = |start: u64, length: u64, count: u64, chance: &mut Chance| -> Vec<u64> {
        let one = |_| bank.customers.id((start + chance.below(length)) % bank.customers.count);
        (0..count).map(one).collect()
    };
    let job = (0..bank.a_day * 4).map(|nth| bank.customers.id(nth * 17 % bank.customers.count)).collect();
    look(day + 3 * HOUR + chance.within(0, 9 * MINUTE), "svc-crm".to_owned(), 0, "/warehouse/scores", job);
    if weekday(day + 12 * HOUR) >= 5 {
        return all;
    }
    let (_, month, of_month) = civil(day + 12 * HOUR);
    for who in 1..bank.company.workers.len() {
        // A few are away on any day.
        if chance.per_mille(100) {
            continue;
        }
        let worker = &bank.company.workers[who];
        for half in 0..2 {
            let now = day + (9 + 4 * half) * HOUR + chance.within(0, 3 * HOUR);
            let Some(login) = bank.company.login_at(who, now) else { continue };
            let portfolio = bank.a_day * PORTFOLIO;
            let count = bank.a_day.div_ceil(2) + chance.below(bank.a_day / 4 + 1);
            let ids = pick(who as u64 * portfolio, portfolio, count, chance);
            look(now, login, who, "/shared/marketing/portfolios", ids);
        }
        let now = day + 10 * HOUR + chance.within(0, 5 * HOUR);
        let Some(login) = bank.company.login_at(who, now) else { continue };
        // In spring and autumn the whole team reads one campaign's list, which is another each time.
        if worker.team == "marketing" && matches!(month, 4 | 10) && (5..20).contains(&of_month) && chance.per_mille(500)
        {
            let list = bank.a_day * CAMPAIGN;
            let start = crate::chance::scatter(month.into()) ^ (day / (300 * DAY)) as u64;
            let ids = pick(start % bank.customers.count, list, list / 2, chance);
            look(now, login, who, "/shared/marketing/campaigns", ids);
        } else if worker.team == "analysis" && matches!(month, 1 | 4 | 7 | 10) && of_month == 12 {
            let ids = pick(u64::from(month) * 97, bank.customers.count, bank.a_day * SEGMENT, chance);
            look(now, login, who, "/warehouse/segments", ids);
        }
    }
    all
}
