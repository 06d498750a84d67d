//! A broker, 2021: reports that had been part of the job, downloaded ten days after it ended.
//!
//! One download carries every customer, and counting requests shows 1. So the portal logs how many
//! rows a report had and which report it was, and the report's own list of customers is kept: whose
//! data it was can be told to the last one.

use std::path::Path;

use super::customers::Customers;
use crate::chance::Chance;
use crate::company::{ACCOUNTS, Company, Listed, Login, USED, listed};
use crate::files::{self, Log, Table};
use crate::moment::{DAY, HOUR, Ms, SECOND, at, civil, event, weekday};
use crate::truth::{MisuseList, Narrowed, write_people};
use crate::{Expected, Incident, Play, Real, ReplayError, Truth};

pub(crate) const INCIDENT: Incident = Incident {
    id: "cash-app",
    title: "Cash App, 2021",
    real: Real {
        noticed_after: "an unknown time; told 115 days later (10 Dec 2021 to 4 Apr 2022)",
        how: "what, is not public",
        people: Some(8_200_000),
        source: "filing with the securities regulator; the days by arithmetic",
    },
    variants: &[],
    write,
};

const BEGIN: &str = "2021-01-04T00:00:00-08:00";
const END: &str = "2022-02-01T00:00:00-08:00";
const LEFT: &str = "2021-11-30T15:00:00-08:00";
const MISUSE: &str = "2021-12-10T10:02:40-08:00";
const HR_DAYS: [&str; 5] = ["2021-01-04", "2021-06-30", "2021-11-19", "2021-12-31", "2022-01-31"];
/// The third is of the evening of the day on which the analyst left.
const DAYS: [&str; 4] = ["2021-01-04", "2021-06-30", "2021-11-30", "2022-01-31"];
const GROUPS: &str = "group,member,member_kind,since,until";
const RIGHTS: &str = "holder,holder_kind,resource,rights,since,until,granted_by,last_used";
/// When somebody last had a reason for the report of all customers.
const FULL_USED: &str = "2020-11-02T18:00:00Z";
/// Segments that a monthly report is cut into; together they are a quarter of all customers.
const SEGMENTS: [&str; 3] = ["west", "central", "east"];

fn write(play: &Play, dir: &Path) -> Result<Truth, ReplayError> {
    play.report("people, customers and reports", 0.0);
    let touched = play.scaled(8_200_000, 60);
    let customers = Customers::new(play.seed, touched + touched / 10 + 40);
    customers.write(dir, BEGIN)?;
    let (mut company, leaver) = people(play);
    for day in HR_DAYS {
        company.hr(dir, day)?;
    }
    let mut accounts = company.accounts(&[(leaver, None)]);
    let own = company.account_id(leaver);
    for row in accounts.iter_mut().filter(|row| row.cells[0] == own) {
        row.cells[10] = format!("{USED}2019-08-12T16:00:00Z/2021-12-10T18:09:00Z");
    }
    accounts.push(company.service("svc-onboarding", 0, "2018-01-08T09:00:00-08:00"));
    accounts.push(company.service("svc-reporting", 1, "2018-01-08T09:00:00-08:00"));
    company.listings(dir, "accounts/portal", ACCOUNTS, &accounts, &DAYS)?;
    rights(&company, dir)?;
    let reports = write_reports(dir, &customers, touched)?;
    settings(dir, touched)?;

    let (mut sign_ins, mut portal) = (Log::new(dir, "sso")?, Log::new(dir, "portal")?);
    let mut misuse = MisuseList::new(dir)?;
    let mut chance = Chance::of(play.seed, "cash-app");
    let mut full_at = 0;
    let days = (at(END) - at(BEGIN)) / DAY;
    for number in 0..days {
        let day = at(BEGIN) + number * DAY;
        let mut logins = company.logins(day - 8 * HOUR);
        let mut downloads = ordinary(day, &company, touched, &mut chance);
        if (day..day + DAY).contains(&at(MISUSE)) {
            let login = company.workers[leaver].login.clone();
            for (nth, (report, rows)) in reports.iter().enumerate() {
                full_at = at(MISUSE) + (80 + 95 * nth as i64) * SECOND;
                downloads.push(Download {
                    at: full_at,
                    login: login.clone(),
                    report: report.clone(),
                    folder: if nth < SEGMENTS.len() { "segments" } else { "full" },
                    rows: *rows,
                    misuse: true,
                });
            }
            logins.push(Login { at: at(MISUSE), login, ip: "100.66.210.7".to_owned(), works: true });
            logins.sort_by_key(|login| login.at);
        }
        for login in &logins {
            let place = login.write(&mut sign_ins)?;
            if login.at == at(MISUSE) {
                misuse.add(event(login.at), sign_ins.file(place), place.offset, "")?;
            }
        }
        downloads.sort_by(|a, b| (a.at, &a.login).cmp(&(b.at, &b.login)));
        for download in &downloads {
            let place = portal.record(download.at, &download.record())?;
            if download.misuse {
                misuse.add(event(download.at), portal.file(place), place.offset, "")?;
            }
        }
        play.report("logs", number as f64 / days as f64);
    }
    let events = sign_ins.lines + portal.lines;
    sign_ins.finish()?;
    portal.finish()?;
    let misuse = misuse.finish()?;
    write_people(dir, first_touches(&customers, touched, full_at))?;
    let (expected, standing) = findings(&own, &company.workers[leaver].id);
    let truth = Truth {
        people_count: touched,
        expected,
        standing,
        // The report of all customers would have been gone; the segments were part of the job.
        narrowed: Some(Narrowed { people: touched / 12 * SEGMENTS.len() as u64, readers: None }),
        ..Truth::of(INCIDENT.id, (LEFT, at(LEFT)), misuse, events)
    };
    truth.write(dir)?;
    play.report("logs", 1.0);
    Ok(truth)
}

/// Somebody takes a report.
struct Download {
    at: Ms,
    login: String,
    report: String,
    /// Where the portal keeps reports of its kind.
    folder: &'static str,
    rows: u64,
    misuse: bool,
}

impl Download {
    fn record(&self) -> String {
        let ip = if self.misuse { "100.66.210.7" } else { "10.41.7.20" };
        format!(
            "\"event\":\"download\",\"user\":\"{}\",\"client_ip\":\"{ip}\",\"path\":\"/reports/{}/{}\",\"status\":200,\
             \"report\":{{\"id\":\"{}\",\"rows\":{},\"fields\":\"name,account,holdings\"}}",
            self.login, self.folder, self.report, self.report, self.rows
        )
    }
}

fn people(play: &Play) -> (Company, usize) {
    let mut company = Company::new(play.seed, "broker.example", -8);
    company.hire("people", "Head of people", "2016-09-06");
    company.staff("operations", "Operations analyst", 6, "2020-11-01");
    let leaver = company.hire_named("Rune Vasko", "operations", "Operations analyst", "2019-08-12");
    company.leave(leaver, LEFT, "2021-11-15T09:00:00-08:00");
    company.staff("operations", "Operations analyst", 5, "2020-11-01");
    company.staff("trading", "Trader", 12, "2020-11-01");
    company.staff("engineering", "Software engineer", 14, "2020-11-01");
    let last = company.workers.len() - 1;
    company.leave(last, "2021-04-30T17:00:00-07:00", "2021-04-05T09:00:00-07:00");
    company.rehire(last, "2021-10-04");
    company.leave(last - 2, "2021-08-31T17:00:00-07:00", "2021-08-02T09:00:00-07:00");
    company.workers[3].moved = Some((at("2021-07-01T00:00:00-07:00"), "trading"));
    let contractor = company.hire("engineering", "Consultant", "2021-02-01");
    company.workers[contractor].contractor = true;
    company.leave(contractor, "2021-12-03T17:00:00-08:00", "2021-02-01T09:00:00-08:00");
    (company, leaver)
}

/// A day of downloads by those whose job it is, and by the reporting job.
fn ordinary(day: Ms, company: &Company, touched: u64, chance: &mut Chance) -> Vec<Download> {
    let mut all = Vec::new();
    let (year, month, of_month) = civil(day);
    let job = day + 11 * HOUR + chance.within(0, 60) * SECOND;
    let summary = format!("rpt-summary-{year}-{month:02}-{of_month:02}");
    all.push(Download {
        at: job,
        login: "svc-reporting".to_owned(),
        report: summary,
        folder: "summaries",
        rows: 12,
        misuse: false,
    });
    if weekday(day - 8 * HOUR) >= 5 {
        return all;
    }
    // The segments of last month's report are taken in the first days of a month.
    let (of_year, of) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
    for analyst in 1..=12 {
        let now = day + 17 * HOUR + chance.within(0, 7 * HOUR - 1);
        let Some(login) = company.login_at(analyst, now) else { continue };
        if (4..9).contains(&of_month) && chance.per_mille(400) {
            let segment = *chance.pick(&SEGMENTS);
            let report = format!("rpt-{of_year}-{of:02}-{segment}");
            all.push(Download {
                at: now,
                login: login.clone(),
                report,
                folder: "segments",
                rows: touched / 12,
                misuse: false,
            });
        }
        for _ in 0..chance.below(6) {
            let report = format!("rpt-ticket-{}", 10_000 + chance.below(90_000));
            let at = day + 16 * HOUR + chance.within(0, 8 * HOUR - 1);
            all.push(Download {
                at,
                login: login.clone(),
                report,
                folder: "tickets",
                rows: 1 + chance.below(8),
                misuse: false,
            });
        }
    }
    all
}

/// What the portal lets whom take: operations take all reports, and nobody has taken that of all
/// customers for a year.
fn rights(company: &Company, dir: &Path) -> Result<(), ReplayError> {
    let since = "2018-01-08T09:00:00-08:00";
    let members: Vec<Listed> = (1..=12)
        .map(|analyst| listed(since, None, &format!("operations,{},account,,", company.account_id(analyst))))
        .collect();
    company.listings(dir, "accounts/portal-groups", GROUPS, &members, &DAYS)?;
    let right = |holder: &str, kind: &str, folder: &str, used: &str| {
        listed(since, None, &format!("{holder},{kind},portal/reports/{folder}/*,export,,,,{used}"))
    };
    let all = |full_used: &str| {
        vec![
            right("operations", "group", "segments", USED),
            right("operations", "group", "tickets", USED),
            right("operations", "group", "full", full_used),
            right("s-svc-reporting", "account", "summaries", USED),
        ]
    };
    company.listings(dir, "accounts/portal-rights", RIGHTS, &all(FULL_USED), &DAYS[..3])?;
    company.listings(dir, "accounts/portal-rights", RIGHTS, &all("2021-12-10T18:08:45Z"), &DAYS[3..])
}

/// Writes the kept lists of the reports that are taken, segments first; their names and rows.
fn write_reports(dir: &Path, customers: &Customers, touched: u64) -> Result<Vec<(String, u64)>, ReplayError> {
    let segment = touched / 12;
    let mut reports: Vec<(String, std::ops::Range<u64>)> = SEGMENTS
        .iter()
        .zip(0..)
        .map(|(name, nth)| (format!("rpt-2021-11-{name}"), nth * segment..(nth + 1) * segment))
        .collect();
    reports.push(("rpt-2021-11-holdings".to_owned(), 0..touched));
    let mut written = Vec::new();
    for (name, range) in reports {
        let rows = range.end - range.start;
        let mut table = Table::new(dir, &format!("reports/{name}.csv"), "subject")?;
        range.into_iter().try_for_each(|number| table.row([customers.id(number).to_string()]))?;
        table.finish()?;
        written.push((name, rows));
    }
    Ok(written)
}

/// Those in a segment's report were touched by that download, all others by the last one.
fn first_touches(customers: &Customers, touched: u64, full_at: Ms) -> Vec<(i64, bool, String)> {
    let segment = touched / 12;
    (0..touched)
        .map(|number| {
            let nth = (number / segment.max(1)).min(SEGMENTS.len() as u64) as i64;
            let first = full_at - (SEGMENTS.len() as i64 - nth) * 95 * SECOND;
            (first * 1_000, true, customers.id(number).to_string())
        })
        .collect()
}

fn settings(dir: &Path, touched: u64) -> Result<(), ReplayError> {
    let mut text = include_str!("cash_app/severance.toml").to_owned();
    for name in SEGMENTS.iter().chain(&["holdings"]) {
        text +=
            &format!("\n[[subject_set]]\nref = \"rpt-2021-11-{name}\"\npath = \"reports/rpt-2021-11-{name}.csv\"\n");
    }
    text += &format!(
        "\n# Half of all customers: the play has a share of the real ones, and so has this.\n\
         [detectors]\nbulk-export = {{ subjects_min = {} }}\n",
        touched / 2
    );
    files::text(dir, "severance.toml", &text)
}

/// Every finding that is true, and those that stand on the day of departure.
fn findings(account: &str, person: &str) -> (Vec<Expected>, Vec<Expected>) {
    let standing = vec![
        Expected::must("ghost-account", account),
        Expected::must("unused-right", "operations"),
        Expected::may("leaver-lookback", person),
    ];
    let mut expected = standing.clone();
    expected.push(Expected::must("use-after-departure", account));
    expected.push(Expected::must("bulk-export", account));
    expected.push(Expected::may("dormant", account));
    (expected, standing)
}
