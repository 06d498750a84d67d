//! A lender, 2024: one sign-in after the end of employment, and HR that told late.
//!
//! How the access survived was never made public, and the play asserts nothing: the account is
//! simply still there. Whatever the mechanism, the date of the event is after the person's end date;
//! HR's export of 30 April has them employed, the one of 14 June knows that they left on 3 May.

use std::path::Path;

use super::customers::Customers;
use crate::chance::Chance;
use crate::company::{ACCOUNTS, Company, Login, USED};
use crate::files::{self, Log};
use crate::moment::{DAY, HOUR, Ms, SECOND, at, event, weekday};
use crate::truth::{MisuseList, write_people};
use crate::{Expected, Incident, Play, Real, ReplayError, Truth};

pub(crate) const INCIDENT: Incident = Incident {
    id: "finwise",
    title: "FinWise, 2024",
    real: Real {
        noticed_after: "383 days (31 May 2024 to 18 Jun 2025)",
        how: "what, is not public",
        people: Some(689_000),
        source: "breach notices; the date of discovery by most of the news, the days by arithmetic",
    },
    variants: &[],
    write,
};

const BEGIN: &str = "2023-11-01T00:00:00-06:00";
const END: &str = "2024-08-01T00:00:00-06:00";
const LEFT: &str = "2024-05-03T17:00:00-06:00";
/// HR's first export that knows of it speaks of the end of this day.
const TOLD: &str = "2024-06-15T00:00:00-06:00";
const MISUSE: &str = "2024-05-31T19:02:11-06:00";
const HR_DAYS: [&str; 5] = ["2023-11-01", "2024-02-29", "2024-04-30", "2024-06-14", "2024-07-31"];
const DAYS: [&str; 4] = ["2023-11-01", "2024-04-30", "2024-06-14", "2024-07-31"];
/// Customers on one page of the servicing system's list.
const PAGE: u64 = 250;
/// Look-ups by staff on a working day.
const LOOK_UPS: u64 = 140;

fn write(play: &Play, dir: &Path) -> Result<Truth, ReplayError> {
    play.report("people and customers", 0.0);
    let touched = play.scaled(689_000, 20);
    let customers = Customers::new(play.seed, touched + touched / 4 + 30);
    customers.write(dir, BEGIN)?;
    let (mut company, leaver) = people(play);
    for day in HR_DAYS {
        company.hr(dir, day)?;
    }
    let mut accounts = company.accounts(&[(leaver, None)]);
    let own = company.account_id(leaver);
    for row in accounts.iter_mut().filter(|row| row.cells[0] == own) {
        row.cells[10] = format!("{USED}2021-06-14T15:00:00Z/2024-06-01T01:02:11Z");
    }
    accounts.push(company.service("svc-onboarding", 0, "2020-01-06T09:00:00-06:00"));
    company.listings(dir, "accounts/sso", ACCOUNTS, &accounts, &DAYS)?;
    files::text(dir, "severance.toml", include_str!("finwise/severance.toml"))?;

    let (mut sign_ins, mut servicing) = (Log::new(dir, "sso")?, Log::new(dir, "servicing")?);
    let mut misuse = MisuseList::new(dir)?;
    let mut chance = Chance::of(play.seed, "finwise");
    let mut people = Vec::new();
    let days = (at(END) - at(BEGIN)) / DAY;
    for number in 0..days {
        let day = at(BEGIN) + number * DAY;
        let mut logins = company.logins(day - 6 * HOUR);
        let evening = (day..day + DAY).contains(&at(MISUSE));
        if evening {
            let login = company.workers[leaver].login.clone();
            logins.push(Login { at: at(MISUSE), login, ip: "100.71.4.92".to_owned(), works: true });
        }
        for login in &logins {
            let place = login.write(&mut sign_ins)?;
            if login.at == at(MISUSE) {
                misuse.add(event(login.at), sign_ins.file(place), place.offset, "")?;
            }
        }
        look_ups(day, &company, &customers, &mut chance, &mut servicing)?;
        if evening {
            let login = &company.workers[leaver].login;
            let mut now = at(MISUSE) + 95 * SECOND;
            for page in 0..touched.div_ceil(PAGE) {
                let ids = page * PAGE..((page + 1) * PAGE).min(touched);
                people.extend(ids.clone().map(|number| (now * 1_000, true, customers.id(number).to_string())));
                let ids: Vec<u64> = ids.map(|number| customers.id(number)).collect();
                let place = servicing.record(now, &query(login, "100.71.4.92", "/loans/list", &ids))?;
                misuse.add(event(now), servicing.file(place), place.offset, "")?;
                now += chance.within(SECOND, 5 * SECOND);
            }
        }
        play.report("logs", number as f64 / days as f64);
    }
    let events = sign_ins.lines + servicing.lines;
    sign_ins.finish()?;
    servicing.finish()?;
    let misuse = misuse.finish()?;
    write_people(dir, people)?;
    let truth = Truth {
        people_count: touched,
        expected: expected(&own, &company.workers[leaver].id),
        // Nothing stands on the day: HR had not been told.
        ..Truth::of(INCIDENT.id, (LEFT, at(TOLD)), misuse, events)
    };
    truth.write(dir)?;
    play.report("logs", 1.0);
    Ok(truth)
}

/// The lender's people, and who of them left without HR knowing.
fn people(play: &Play) -> (Company, usize) {
    let mut company = Company::new(play.seed, "lender.example", -6);
    company.hire("people", "Head of people", "2018-04-02");
    company.staff("servicing", "Loan analyst", 14, "2023-10-01");
    let leaver = company.hire_named("Marlow Quist", "servicing", "Loan analyst", "2021-06-14");
    company.leave(leaver, LEFT, "2024-06-12T10:00:00-06:00");
    company.staff("servicing", "Loan analyst", 10, "2023-10-01");
    company.staff("engineering", "Software engineer", 12, "2023-10-01");
    company.staff("sales", "Account manager", 10, "2023-10-01");
    let last = company.workers.len() - 1;
    company.leave(last, "2024-01-31T17:00:00-07:00", "2024-01-08T09:00:00-07:00");
    company.rehire(last, "2024-04-15");
    company.leave(last - 4, "2024-03-15T17:00:00-06:00", "2024-03-01T09:00:00-06:00");
    company.workers[4].moved = Some((at("2024-02-01T00:00:00-07:00"), "sales"));
    let contractor = company.hire("engineering", "Consultant", "2023-11-13");
    company.workers[contractor].contractor = true;
    company.leave(contractor, "2024-05-31T17:00:00-06:00", "2023-11-13T09:00:00-07:00");
    (company, leaver)
}

/// A working day of look-ups by those whose job it is.
fn look_ups(
    day: Ms,
    company: &Company,
    customers: &Customers,
    chance: &mut Chance,
    log: &mut Log,
) -> Result<(), ReplayError> {
    if weekday(day - 6 * HOUR) >= 5 {
        return Ok(());
    }
    let mut times: Vec<Ms> = (0..LOOK_UPS).map(|_| day + 11 * HOUR + chance.within(0, 6 * HOUR)).collect();
    times.sort_unstable();
    for now in times {
        let analyst = 1 + chance.below(25) as usize;
        let Some(login) = company.login_at(analyst, now) else { continue };
        let count = if chance.per_mille(50) { 20 + chance.below(40) } else { 1 + chance.below(4) };
        let ids: Vec<u64> = (0..count).map(|_| customers.any(chance)).collect();
        let path = if count > 4 { "/loans/list" } else { "/loans/detail" };
        log.record(now, &query(&login, &format!("10.30.2.{}", 10 + analyst), path, &ids))?;
    }
    Ok(())
}

fn query(login: &str, ip: &str, path: &str, ids: &[u64]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    format!(
        "\"event\":\"query\",\"user\":\"{login}\",\"client_ip\":\"{ip}\",\"path\":\"{path}\",\"status\":200,\
         \"answer\":{{\"fields\":\"name,date_of_birth,ssn,account\",\"customers\":[{}]}}",
        ids.join(",")
    )
}

fn expected(account: &str, person: &str) -> Vec<Expected> {
    vec![
        Expected::must("use-after-departure", account),
        Expected::must("ghost-account", account),
        Expected::may("bulk-export", account),
        Expected::may("dormant", account),
        Expected::may("leaver-lookback", person),
    ]
}
