//! A shipper of protective equipment, 2020: a vice president with a secret account.
//!
//! ```text
//! 2019-11-12  while employed he makes `pack.line4`: no such person works there
//! 2020-03-02  he is dismissed, and his own account closed; his last pay comes on 26 March
//! 2020-03-29  through `pack.line4` he makes a second account; by it he edits some 115,000 shipping
//!             records and deletes some 2,400; then closes both
//! ```
//!
//! Dates and numbers are public; names and the rest are ours. Of the records a share is played.

use std::path::Path;

use super::changes::{self, Story, ms};
use super::lookups::Change;
use crate::chance::Chance;
use crate::company::{ACCOUNTS, Company, Login, USED};
use crate::moment::{MINUTE, Ms, SECOND, at};
use crate::{Expected, Incident, Play, Real, ReplayError, Truth};

pub(crate) const INCIDENT: Incident = Incident {
    id: "stradis",
    title: "Stradis Healthcare, 2020",
    real: Real {
        noticed_after: "the next working day (30 Mar 2020)",
        how: "shipments that stood still",
        people: None,
        source: "the prosecutor's announcements of 2020",
    },
    variants: &[],
    write,
};

const BEGIN: &str = "2019-10-01T00:00:00-04:00";
const END: &str = "2020-04-06T00:00:00-04:00";
const LEFT: &str = "2020-03-02T12:00:00-05:00";
const MADE: &str = "2019-11-12T18:20:31-05:00";
const NIGHT: &str = "2020-03-29T19:02:40-04:00";
const SECOND_MADE: &str = "2020-03-29T19:09:05-04:00";
const DAYS: [&str; 4] = ["2019-10-01", "2019-12-31", "2020-03-02", "2020-04-05"];
const GHOST: &str = "pack.line4";
const GHOST_ID: &str = "u9104";
const SECOND_GHOST: &str = "pack.line5";
const SECOND_ID: &str = "u9105";
const ROAMING: &str = "100.90.7.44";
const MACHINES: u64 = 40;

fn write(play: &Play, dir: &Path) -> Result<Truth, ReplayError> {
    let mut company = Company::new(play.seed, "medship.example", -5);
    company.hire("people", "Head of people", "2014-05-05");
    let leaver = company.hire_named("Torben Quillard", "finance", "Vice president", "2016-08-01");
    company.leave(leaver, LEFT, "2020-03-02T10:00:00-05:00");
    company.staff("warehouse", "Shipping clerk", 14, "2019-08-01");
    company.staff("systems", "Systems engineer", 5, "2019-08-01");
    let last = company.workers.len() - 1;
    for day in DAYS {
        company.hr(dir, day)?;
    }
    let maker = company.workers[leaver].login.clone();
    let used = format!("{USED}{NIGHT}/{SECOND_MADE}");
    let mut accounts = company.accounts(&[]);
    accounts.push(changes::planted(MADE, None, (GHOST_ID, GHOST, "Pack Line", &maker, &used)));
    accounts.push(changes::planted(SECOND_MADE, None, (SECOND_ID, SECOND_GHOST, "Pack Line", GHOST, &used)));
    accounts.push(company.service("svc-onboarding", 0, "2015-01-05T09:00:00-05:00"));
    accounts.push(company.service("svc-backup", last, "2015-01-05T09:00:00-05:00"));
    company.listings(dir, "ad/accounts", ACCOUNTS, &accounts, &DAYS)?;
    changes::settings(dir, "America/New_York", "")?;

    let mut chance = Chance::of(play.seed, "stradis");
    let (edited, deleted) = (play.scaled(115_581, 90), play.scaled(2_371, 60));
    let changes = night(&maker, (edited, deleted), &mut chance);
    let login = |at: Ms, login: &str| Login { at, login: login.to_owned(), ip: ROAMING.to_owned(), works: true };
    let sign_ins = vec![login(at(NIGHT), GHOST), login(at(SECOND_MADE) + MINUTE, SECOND_GHOST)];
    let staff = (leaver + 1..=last).collect();
    let story = Story { begin: ms(BEGIN), end: ms(END), sign_ins, changes, machines: MACHINES, staff };
    let (misuse, events) = changes::tell(play, dir, &mut company, story)?;
    let standing = vec![
        Expected::must("ghost-account", GHOST_ID),
        Expected::may("dormant", GHOST_ID),
        Expected::may("leaver-lookback", &company.workers[leaver].id),
        Expected::may("leaver-lookback", GHOST_ID),
    ];
    let mut expected = standing.clone();
    expected.push(Expected::must("ghost-account", SECOND_ID));
    expected.push(Expected::must("mass-destruction", SECOND_ID));
    let truth = Truth {
        things_total: edited + deleted,
        things_lost: deleted,
        expected,
        standing,
        ..Truth::of(INCIDENT.id, (LEFT, at(LEFT)), misuse, events)
    };
    truth.write(dir)?;
    Ok(truth)
}

/// How the accounts are made, and what the second of them does.
fn night(maker: &str, (edited, deleted): (u64, u64), chance: &mut Chance) -> Vec<Change> {
    let made = |at: &str, by: &str, ip: &'static str, account: &str| {
        let mut made = Change::of(ms(at), by, ip, "create_account", String::new());
        account.clone_into(&mut made.account);
        made
    };
    let mut all = vec![made(MADE, maker, "10.8.3.20", GHOST)];
    all.push(Change { misuse: true, ..made(SECOND_MADE, GHOST, ROAMING, SECOND_GHOST) });
    let mut now = at(SECOND_MADE) + 2 * MINUTE;
    for number in 0..edited {
        let target = format!("shipping/record-{number}");
        all.push(Change { misuse: true, ..Change::of(now, SECOND_GHOST, ROAMING, "edit_record", target) });
        now += chance.within(40, 130);
    }
    for number in 0..deleted {
        let target = format!("shipping/record-{}", edited + number);
        all.push(Change { misuse: true, ..Change::of(now, SECOND_GHOST, ROAMING, "delete_record", target) });
        now += chance.within(200, 2_000);
    }
    for account in [GHOST, SECOND_GHOST] {
        now += 20 * SECOND;
        let mut closed = Change::of(now, SECOND_GHOST, ROAMING, "disable_account", String::new());
        closed.account = account.to_owned();
        closed.misuse = true;
        all.push(closed);
    }
    all
}
