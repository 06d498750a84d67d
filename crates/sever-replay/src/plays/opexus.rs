//! A government's contractor, 2025: two brothers are dismissed, and one of their accounts is not closed.
//!
//! ```text
//! 2025-02-18 16:50  both are dismissed, in a call; one's account is closed while it lasts
//!            16:55  the other's session, opened in the morning, goes on; so does his second account
//!            16:56  databases are deleted, 96 of them within the hour
//!            20:10  his accounts are closed; the evening's export of HR tells that they left
//! ```
//!
//! Day, minutes and the number of databases are public; names and the rest are ours. Size does not scale.

use std::path::Path;

use super::changes::{self, RESOURCES, Story, ms};
use super::lookups::Change;
use crate::chance::Chance;
use crate::company::{ACCOUNTS, Company, Login};
use crate::moment::{DAY, MINUTE, SECOND, at, event};
use crate::{Expected, Incident, Play, Real, ReplayError, Truth};

pub(crate) const INCIDENT: Incident = Incident {
    id: "opexus",
    title: "Opexus, 2025",
    real: Real {
        noticed_after: "within the hour (18 Feb 2025)",
        how: "databases that were gone",
        people: None,
        source: "the indictment of November 2025, and news of it",
    },
    variants: &[],
    write,
};

const BEGIN: &str = "2024-10-01T00:00:00-05:00";
const END: &str = "2025-02-25T00:00:00-05:00";
const LEFT: &str = "2025-02-18T16:50:00-05:00";
const FIRST: &str = "2025-02-18T16:55:12-05:00";
/// When the evening's export tells.
const TOLD: &str = "2025-02-19T00:00:00-05:00";
const CLOSED: &str = "2025-02-18T20:10:00-05:00";
const DAYS: [&str; 4] = ["2024-10-01", "2025-01-31", "2025-02-17", "2025-02-24"];
const DATABASES: u64 = 96;
const MACHINES: u64 = 60;

fn write(play: &Play, dir: &Path) -> Result<Truth, ReplayError> {
    let mut company = Company::new(play.seed, "casework.example", -5);
    company.hire("people", "Head of people", "2016-05-02");
    company.staff("platform", "Database engineer", 9, "2024-07-01");
    let first = company.hire_named("Emre Halvarin", "platform", "Database engineer", "2023-08-14");
    let second = company.hire_named("Sami Halvarin", "platform", "Database engineer", "2024-02-05");
    for brother in [first, second] {
        company.leave(brother, LEFT, LEFT);
    }
    company.staff("delivery", "Consultant", 18, "2024-07-01");
    let last = company.workers.len() - 1;
    company.leave(last, "2024-12-20T17:00:00-05:00", "2024-12-02T09:00:00-05:00");
    for day in DAYS {
        company.hr(dir, day)?;
    }
    // HR knows at once, and its export of the evening says so: hours after all is gone.
    company.hr(dir, "2025-02-18")?;
    let mut accounts = company.accounts(&[(second, Some(at(CLOSED)))]);
    let own = company.account_id(second);
    let mut other = accounts
        .iter()
        .find(|row| row.cells[0] == own)
        .cloned()
        .unwrap_or_else(|| changes::planted(BEGIN, None, (&own, "", "", "", "")));
    let admin = format!("{}.adm", company.workers[second].login);
    (other.cells[0], other.cells[1], other.cells[3]) = (format!("{own}a"), admin.clone(), String::new());
    accounts.push(other);
    accounts.push(company.service("svc-onboarding", 0, "2017-01-09T09:00:00-05:00"));
    accounts.push(company.service("svc-backup", 1, "2017-01-09T09:00:00-05:00"));
    company.listings(dir, "ad/accounts", ACCOUNTS, &accounts, &DAYS)?;
    let owner = company.email(1);
    let mut things = changes::things("database table", "db", DATABASES + 40, &owner);
    things.extend(changes::things("machine", "vm", MACHINES, &owner));
    company.listings(dir, "datacentre/things", RESOURCES, &things, &DAYS[..2])?;
    let more = "[[source]]\nname = \"datacentre\"\nkind = \"resources\"\npath = \"datacentre/things-*.csv\"\ncomplete = true\n\n";
    changes::settings(dir, "America/New_York", more)?;

    let mut chance = Chance::of(play.seed, "opexus");
    let changes = deletions(&company.workers[second].login, &admin, &mut chance);
    let sign_ins = vec![Login { at: at(FIRST) + 30 * SECOND, login: admin, ip: "100.88.4.17".to_owned(), works: true }];
    let staff = (1..first).collect();
    let story = Story { begin: ms(BEGIN), end: ms(END), sign_ins, changes, machines: MACHINES, staff };
    let (misuse, events) = changes::tell(play, dir, &mut company, story)?;
    let brother = company.workers[first].id.clone();
    let standing = vec![
        Expected::may("leaver-lookback", &company.workers[second].id),
        Expected::may("leaver-lookback", &brother),
        Expected::may("leaver-lookback", &company.workers[last].id),
        Expected::may("ghost-account", &own),
        Expected::may("ghost-account", &format!("{own}a")),
    ];
    let mut expected = standing.clone();
    expected.push(Expected::must("use-after-departure", &own));
    expected.push(Expected::must("use-after-departure", &format!("{own}a")));
    expected.push(Expected::must("mass-destruction", &own));
    expected.push(Expected::must("mass-destruction", &format!("{own}a")));
    let truth = Truth {
        // The doors stood open that very day: what the day can say is what was known before the first of it.
        departure_day_end: event(at(LEFT) + 4 * MINUTE),
        things_total: DATABASES + 40,
        things_lost: DATABASES,
        expected,
        standing,
        ..Truth::of(INCIDENT.id, (LEFT, at(TOLD)), misuse, events)
    };
    truth.write(dir)?;
    Ok(truth)
}

/// The session that lives on deletes, and so does the second account.
fn deletions(own: &str, admin: &str, chance: &mut Chance) -> Vec<Change> {
    let mut all = Vec::new();
    let mut begun = Change::of(at(FIRST), own, "100.88.4.17", "lock_database", "datacentre/db-000".to_owned());
    begun.misuse = true;
    all.push(begun);
    let mut now = at(FIRST) + MINUTE;
    for number in 0..DATABASES {
        let by = if number % 3 == 2 { admin } else { own };
        let target = format!("datacentre/db-{number:03}");
        all.push(Change { misuse: true, ..Change::of(now, by, "100.88.4.17", "delete_database", target) });
        now += chance.within(15, 55) * SECOND;
    }
    // Tables that are no longer needed go every month, by those whose they are.
    for month in 0..4 {
        let at = ms(BEGIN) + (month * 30 + 10) * DAY;
        all.push(Change::of(at, "svc-backup", "10.8.0.4", "delete_dump", format!("datacentre/dump-{month}")));
    }
    all
}
