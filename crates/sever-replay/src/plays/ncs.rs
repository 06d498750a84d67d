//! A systems house in Singapore, 2022–2023: a shared administrator password that was not changed.
//!
//! ```text
//! 2022-11-16  a contractor's engagement ends; his own account is closed
//! 2023-01-06  the first of twenty sign-ins as `qaadmin`, whose password he and his team knew
//! 2023-03-18  a script deletes 180 test machines, one after another, until the morning
//! ```
//!
//! Dates, order, twenty sign-ins and 180 machines are public; names and the rest are ours. Size does not
//! scale. Nobody can tell who signs in with a password that many know: until the deletions nothing in the
//! logs is wrong, and the only thing to say is what stands since the day he left.

use std::path::Path;

use super::changes::{self, CUSTODY, KEYS, RESOURCES, Story, ms};
use super::lookups::Change;
use crate::chance::Chance;
use crate::company::{ACCOUNTS, Company, Listed, Login, listed};
use crate::moment::{DAY, HOUR, MINUTE, Ms, SECOND, at, event};
use crate::{Expected, Incident, Play, Real, ReplayError, Truth};

pub(crate) const INCIDENT: Incident = Incident {
    id: "ncs",
    title: "NCS, 2022–23",
    real: Real {
        noticed_after: "72 days (6 Jan to 19 Mar 2023)",
        how: "machines that were gone",
        people: None,
        source: "news of the Singapore court's documents, June 2024",
    },
    variants: &[],
    write,
};

const BEGIN: &str = "2022-08-01T00:00:00+08:00";
const END: &str = "2023-03-25T00:00:00+08:00";
const LEFT: &str = "2022-11-16T18:00:00+08:00";
const FIRST: &str = "2023-01-06T23:11:20+08:00";
const DELETION: &str = "2023-03-18T23:31:04+08:00";
const DAYS: [&str; 4] = ["2022-08-01", "2022-11-16", "2022-12-31", "2023-03-24"];
const SHARED: &str = "qaadmin";
const SHARED_ID: &str = "s-qaadmin";
const PASSWORD: &str = "qaadmin-password";
const ROAMING: &str = "100.77.12.9";
const SIGN_INS: usize = 20;
const MACHINES: u64 = 180;
/// Machines that are nobody's test: they stay.
const OTHERS: u64 = 120;
/// With so many within an hour it is told.
const TELLABLE: usize = 20;

fn write(play: &Play, dir: &Path) -> Result<Truth, ReplayError> {
    let mut company = Company::new(play.seed, "systems.example", 8);
    company.hire("people", "Head of people", "2015-02-02");
    company.staff("quality", "Test engineer", 19, "2022-05-01");
    let leaver = company.hire_named("Ravi Tolmander", "quality", "Test engineer", "2021-11-15");
    company.workers[leaver].contractor = true;
    company.leave(leaver, LEFT, "2022-11-01T09:00:00+08:00");
    company.staff("platform", "Systems engineer", 8, "2022-05-01");
    let last = company.workers.len() - 1;
    company.leave(last, "2022-10-31T18:00:00+08:00", "2022-10-03T09:00:00+08:00");
    for day in DAYS {
        company.hr(dir, day)?;
    }
    facts(&company, leaver, dir)?;
    changes::settings(dir, "Asia/Singapore", &format!("{}{}", changes::SECRETS, THINGS))?;
    let mut chance = Chance::of(play.seed, "ncs");
    let changes = story(&mut chance);
    let told = changes.iter().filter(|change| change.event == "delete_machine").nth(TELLABLE - 1).map(|it| it.at);
    let sign_ins = sign_ins(&mut chance);
    let staff = (leaver + 1..company.workers.len()).collect();
    let story = Story { begin: ms(BEGIN), end: ms(END), sign_ins, changes, machines: OTHERS, staff };
    let (misuse, events) = changes::tell(play, dir, &mut company, story)?;
    let standing = vec![
        Expected::must("shared-secret-not-rotated", PASSWORD),
        Expected::may("key-too-old", PASSWORD),
        Expected::may("leaver-lookback", &company.workers[leaver].id),
        Expected::may("leaver-lookback", &company.workers[last].id),
    ];
    let mut expected = standing.clone();
    expected.push(Expected::must("mass-destruction", SHARED_ID));
    let truth = Truth {
        first_tellable_at: event(told.unwrap_or(at(DELETION))),
        things_total: MACHINES + OTHERS,
        things_lost: MACHINES,
        expected,
        standing,
        ..Truth::of(INCIDENT.id, (LEFT, at(LEFT)), misuse, events)
    };
    truth.write(dir)?;
    Ok(truth)
}

const THINGS: &str = "[[source]]\nname = \"datacentre\"\nkind = \"resources\"\npath = \"datacentre/things-*.csv\"\n\
                      complete = true\n\n";

fn facts(company: &Company, leaver: usize, dir: &Path) -> Result<(), ReplayError> {
    let mut accounts = company.accounts(&[]);
    let mut shared = company.service(SHARED, 1, "2020-03-02T09:00:00+08:00");
    shared.cells[5] = "shared".to_owned();
    accounts.push(shared);
    accounts.push(company.service("svc-onboarding", 0, "2016-01-04T09:00:00+08:00"));
    accounts.push(company.service("svc-backup", leaver + 1, "2016-01-04T09:00:00+08:00"));
    company.listings(dir, "ad/accounts", ACCOUNTS, &accounts, &DAYS)?;
    let made = "2020-03-02T09:00:00+08:00";
    let secret = listed(made, None, &format!("{PASSWORD},,password,ad/{SHARED_ID},,yes,,,{made},,,,"));
    company.listings(dir, "ad/secrets", KEYS, &[secret], &DAYS)?;
    let knowers: Vec<Listed> = (1..=leaver)
        .map(|who| {
            let cells = format!("{PASSWORD},{},person,read,,,read the team's page", company.workers[who].id);
            listed("2021-12-01T09:00:00+08:00", None, &cells)
        })
        .collect();
    company.listings(dir, "ad/custody", CUSTODY, &knowers, &DAYS)?;
    let owner = company.email(leaver + 2);
    let mut things = changes::things("machine", "test", MACHINES, &owner);
    things.extend(changes::things("machine", "vm", OTHERS, &owner));
    company.listings(dir, "datacentre/things", RESOURCES, &things, &[DAYS[0], DAYS[1]])
}

/// Six in January, and more from late February on.
fn sign_ins(chance: &mut Chance) -> Vec<Login> {
    let mut all = Vec::new();
    for nth in 0..SIGN_INS {
        let day = if nth < 6 { nth as Ms * 2 } else { 47 + (nth as Ms - 6) * 24 / 13 };
        let jitter = if nth == 0 { 0 } else { chance.within(-2 * HOUR, 20 * MINUTE) };
        let at = if nth == SIGN_INS - 1 { at(DELETION) - 4 * MINUTE } else { at(FIRST) + day * DAY + jitter };
        all.push(Login { at, login: SHARED.to_owned(), ip: ROAMING.to_owned(), works: true });
    }
    all
}

/// The team's own use of the shared account, trials of the script, and the night.
fn story(chance: &mut Chance) -> Vec<Change> {
    let mut all = Vec::new();
    for week in 0..30 {
        let now = ms(BEGIN) + week * 7 * DAY + 58 * HOUR + chance.within(0, 6 * HOUR);
        let target = format!("datacentre/test-{:03}", chance.below(MACHINES));
        all.push(Change::of(now, SHARED, "10.8.1.12", "restart_machine", target));
    }
    let mut now = at(DELETION);
    for number in 0..MACHINES {
        let target = format!("datacentre/test-{number:03}");
        all.push(Change { misuse: true, ..Change::of(now, SHARED, ROAMING, "delete_machine", target) });
        now += chance.within(20, 160) * SECOND;
    }
    all
}
