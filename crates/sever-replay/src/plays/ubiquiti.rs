//! A maker of network gear, 2020–2021: a cloud lead with his own credentials, and logs kept for a day.
//!
//! ```text
//! 2020-12-10  by a VPN of his own, he signs in with his own administrator account
//! 2020-12-21  repositories are cloned, some 155 of them; retention of the logs is lowered to one day
//! 2020-12-28  colleagues notice; he is put on the team that looks into it
//! 2021-01-07  a demand for money
//! ```
//!
//! Dates, the repositories and the retention are public; names and the rest are ours. He was employed
//! throughout: no set tells his sign-ins from his work, and the one thing that is wrong in itself is what
//! he did to the evidence. Size does not scale.

use std::path::Path;

use super::changes::{self, Story, ms};
use super::lookups::Change;
use crate::chance::Chance;
use crate::company::{ACCOUNTS, Company, Login};
use crate::moment::{DAY, HOUR, MINUTE, SECOND, at, event};
use crate::{Expected, Incident, Play, Real, ReplayError, Truth};

pub(crate) const INCIDENT: Incident = Incident {
    id: "ubiquiti",
    title: "Ubiquiti, 2020",
    real: Real {
        noticed_after: "18 days (10 to 28 Dec 2020)",
        how: "colleagues, who found unusual use",
        people: None,
        source: "the indictment of December 2021",
    },
    variants: &[],
    write,
};

const BEGIN: &str = "2020-08-01T00:00:00-08:00";
const END: &str = "2021-01-10T00:00:00-08:00";
/// Nobody left: a moment before the first of it.
const BEFORE: &str = "2020-12-09T17:00:00-08:00";
const FIRST: &str = "2020-12-10T02:55:20-08:00";
const LOWERED: &str = "2020-12-21T21:14:09-08:00";
const DAYS: [&str; 3] = ["2020-08-01", "2020-11-30", "2021-01-09"];
const REPOSITORIES: u64 = 155;
const TRAILS: [&str; 3] = ["cloud/audit-trail", "cloud/access-logs", "cloud/flow-logs"];
const HIDDEN: &str = "100.101.9.9";

fn write(play: &Play, dir: &Path) -> Result<Truth, ReplayError> {
    let mut company = Company::new(play.seed, "netgear-maker.example", -8);
    company.hire("people", "Head of people", "2014-05-05");
    let insider = company.hire_named("Nils Ferrant", "cloud", "Cloud lead", "2018-08-06");
    company.staff("cloud", "Cloud engineer", 7, "2020-06-01");
    company.staff("firmware", "Firmware engineer", 16, "2020-06-01");
    let last = company.workers.len() - 1;
    company.leave(last, "2020-10-30T17:00:00-07:00", "2020-10-05T09:00:00-07:00");
    for day in DAYS {
        company.hr(dir, day)?;
    }
    let mut accounts = company.accounts(&[]);
    accounts.push(company.service("svc-onboarding", 0, "2015-01-05T09:00:00-08:00"));
    accounts.push(company.service("svc-backup", insider, "2015-01-05T09:00:00-08:00"));
    company.listings(dir, "ad/accounts", ACCOUNTS, &accounts, &DAYS)?;
    changes::settings(dir, "America/Los_Angeles", "")?;

    let mut chance = Chance::of(play.seed, "ubiquiti");
    let login = company.workers[insider].login.clone();
    let changes = story(&login, &mut chance);
    let sign_in = |at| Login { at, login: login.clone(), ip: HIDDEN.to_owned(), works: true };
    let sign_ins = vec![sign_in(at(FIRST)), sign_in(at(LOWERED) - 90 * MINUTE)];
    let staff = (insider..insider + 8).collect();
    let story = Story { begin: ms(BEGIN), end: ms(END), sign_ins, changes, machines: 80, staff };
    let (misuse, events) = changes::tell(play, dir, &mut company, story)?;
    let own = company.account_id(insider);
    let mut expected: Vec<Expected> = vec![Expected::must("evidence-tampered", TRAILS[0])];
    expected.extend(TRAILS[1..].iter().map(|trail| Expected::may("evidence-tampered", trail)));
    expected.push(Expected::may("evidence-tampered", &own));
    expected.push(Expected::may("leaver-lookback", &company.workers[last].id));
    let truth = Truth {
        first_tellable_at: event(at(LOWERED)),
        insider: true,
        expected,
        ..Truth::of(INCIDENT.id, (BEFORE, at(BEFORE)), misuse, events)
    };
    truth.write(dir)?;
    Ok(truth)
}

fn story(login: &str, chance: &mut Chance) -> Vec<Change> {
    let mut all = Vec::new();
    let misuse = |change: Change| Change { misuse: true, ..change };
    all.push(misuse(Change::of(at(FIRST) + MINUTE, login, HIDDEN, "read_key", "cloud/root-key".to_owned())));
    let mut now = at(LOWERED) - HOUR;
    for number in 0..REPOSITORIES {
        all.push(misuse(Change::of(now, login, HIDDEN, "clone_repository", format!("code/repository-{number:03}"))));
        now += chance.within(5, 20) * SECOND;
    }
    for (nth, trail) in TRAILS.iter().enumerate() {
        let at = at(LOWERED) + nth as i64 * 20 * SECOND;
        all.push(misuse(Change::of(at, login, HIDDEN, "lower_retention", (*trail).to_owned())));
    }
    // His colleagues clone as well, and few at a time.
    for week in 0..20 {
        for nth in 0..6 {
            let at = ms(BEGIN) + (week * 7 + 2) * DAY + 11 * HOUR + nth * 3 * MINUTE;
            all.push(Change::of(at, "svc-backup", "10.8.0.4", "clone_repository", format!("code/repository-{nth:03}")));
        }
    }
    all
}
