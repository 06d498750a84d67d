//! A fashion house, 2009–2010: an account in an invented employee's name, and a night of deletions.
//!
//! ```text
//! 2009-05-20  a network engineer makes `colm.varrick`: no such person works there
//! 2010-05-14  HR is told that he will be dismissed
//! 2010-05-17  he is; his own accounts are closed, the shared password is not changed
//! 2010-06-17  by e-mail he gets the help desk to let `colm.varrick` into the VPN
//! 2010-06-18  the first session; then more, roaming as `netadmin`
//! 2010-11-12  machines, storage volumes and mailboxes are deleted
//! ```
//!
//! Dates, order and kinds of things are public; names and numbers are ours. Size does not scale.

use std::path::Path;

use crate::chance::Chance;
use crate::company::{ACCOUNTS, Company, Listed, Login, USED, listed};
use crate::files::{self, Log};
use crate::moment::{DAY, HOUR, MINUTE, Ms, SECOND, at, event, weekday};
use crate::truth::MisuseList;
use crate::{Expected, Incident, Play, Real, ReplayError, Truth, truth};

pub(crate) const INCIDENT: Incident = Incident {
    id: "gucci",
    title: "Gucci America, 2010",
    real: Real {
        noticed_after: "about 5 months (Jun to 12 Nov 2010)",
        how: "the destruction itself",
        people: None,
        source: "news of the district attorney's indictment",
    },
    variants: &[],
    write,
};

const BEGIN: &str = "2009-05-01T00:00:00-04:00";
const END: &str = "2010-11-16T00:00:00-05:00";
const LEFT: &str = "2010-05-17T12:00:00-04:00";
const WOKEN: &str = "2010-06-17T10:21:30-04:00";
const FIRST_SESSION: &str = "2010-06-18T23:41:08-04:00";
const DESTRUCTION: &str = "2010-11-12T06:52:19-05:00";
/// The owner of old snapshots clears them away in one go.
const CLEARING: &str = "2010-08-14T09:15:00-04:00";
const HR_DAYS: [&str; 5] = ["2009-05-01", "2009-11-30", "2010-05-14", "2010-08-31", "2010-11-15"];
const DAYS: [&str; 6] = ["2009-05-01", "2009-06-30", "2010-05-14", "2010-06-30", "2010-08-31", "2010-11-15"];

const GHOST: &str = "colm.varrick";
const GHOST_ID: &str = "u9041";
const SHARED: &str = "netadmin";
const SHARED_ID: &str = "s-netadmin";
/// The shared account's password.
const PASSWORD: &str = "netadmin-password";
const ROAMING: &str = "100.68.33.140";
/// What there is, by kind, and how much of it is destroyed.
const THINGS: [(&str, &str, u64, u64); 3] =
    [("machine", "vm", 44, 5), ("volume", "san", 12, 12), ("mailbox", "mbx", 90, 60)];
const SNAPSHOTS: u64 = 60;

const GROUPS: &str = "group,member,member_kind,since,until";
const RESOURCES: &str = "resource,kind,owner,subjects";
const KEYS: &str = "key_id,issuer,kind,account,kept_at,exportable,created_at,created_by,activated_at,retired_at,\
                    expires_at,rotated_at,last_used";
const CUSTODY: &str = "key_id,holder,holder_kind,strength,since,until,evidence";

/// The house's people, and those of them who have a part.
struct House {
    company: Company,
    engineer: usize,
    network: Vec<usize>,
    virtualisation: usize,
    help_desk: usize,
}

/// A line of the administrators' log.
struct Change {
    at: Ms,
    by: String,
    ip: String,
    event: &'static str,
    account: String,
    target: String,
    misuse: bool,
}

fn write(play: &Play, dir: &Path) -> Result<Truth, ReplayError> {
    play.report("people and machines", 0.0);
    let mut house = people(play);
    facts(&house, dir)?;
    files::text(dir, "severance.toml", include_str!("gucci/severance.toml"))?;
    let (mut vpn, mut admin) = (Log::new(dir, "vpn")?, Log::new(dir, "admin")?);
    let mut misuse = MisuseList::new(dir)?;
    let mut chance = Chance::of(play.seed, "gucci");
    let sessions = sessions(&mut chance);
    let days = (at(END) - at(BEGIN)).div_euclid(DAY);
    for number in 0..days {
        let day = at(BEGIN) + number * DAY;
        let today = day..day + DAY;
        let mut logins = house.company.logins(day - 4 * HOUR);
        let mut changes = ordinary(day, &house, &mut chance);
        changes.extend(extraordinary(&house).into_iter().filter(|change| today.contains(&change.at)));
        for start in sessions.iter().filter(|start| today.contains(start)) {
            logins.push(Login { at: *start, login: GHOST.to_owned(), ip: ROAMING.to_owned(), works: true });
            changes.extend(roam(*start, &mut chance));
        }
        if today.contains(&at(DESTRUCTION)) {
            changes.extend(destroy(&mut chance));
        }
        logins.sort_by(|a, b| (a.at, &a.login).cmp(&(b.at, &b.login)));
        for login in &logins {
            let place = login.write(&mut vpn)?;
            if login.login == GHOST {
                misuse.add(event(login.at), vpn.file(place), place.offset, "")?;
            }
        }
        changes.sort_by(|a, b| (a.at, &a.by, &a.target).cmp(&(b.at, &b.by, &b.target)));
        for change in &changes {
            let place = admin.record(change.at, &change.record())?;
            if change.misuse {
                misuse.add(event(change.at), admin.file(place), place.offset, "")?;
            }
        }
        play.report("logs", number as f64 / days as f64);
    }
    let events = vpn.lines + admin.lines;
    vpn.finish()?;
    admin.finish()?;
    let misuse = misuse.finish()?;
    truth::write_people(dir, Vec::new())?;
    let (expected, standing) = findings(&house);
    let truth = Truth {
        things_total: THINGS.iter().map(|(_, _, all, _)| all).sum(),
        things_lost: THINGS.iter().map(|(_, _, _, lost)| lost).sum(),
        expected,
        standing,
        ..Truth::of(INCIDENT.id, (LEFT, at(LEFT)), misuse, events)
    };
    truth.write(dir)?;
    play.report("logs", 1.0);
    Ok(truth)
}

fn people(play: &Play) -> House {
    let mut company = Company::new(play.seed, "atelier.example", -4);
    company.hire("people", "Head of people", "2003-03-10");
    company.staff("network", "Network engineer", 3, "2009-03-01");
    let engineer = company.hire_named("Rolf Tandeck", "network", "Network engineer", "2006-08-07");
    company.leave(engineer, LEFT, "2010-05-14T09:40:00-04:00");
    company.staff("virtualisation", "Systems engineer", 3, "2009-03-01");
    let virtualisation = engineer + 1;
    company.staff("help desk", "Support technician", 4, "2009-03-01");
    let help_desk = engineer + 4;
    company.staff("retail", "Store systems", 24, "2009-03-01");
    let last = company.workers.len() - 1;
    company.leave(last, "2009-10-30T17:00:00-04:00", "2009-10-01T09:00:00-04:00");
    company.rehire(last, "2010-03-01");
    company.leave(last - 1, "2010-07-30T17:00:00-04:00", "2010-07-06T09:00:00-04:00");
    company.workers[last - 2].moved = Some((at("2010-01-04T00:00:00-05:00"), "help desk"));
    let contractor = company.hire("virtualisation", "Consultant", "2009-09-08");
    company.workers[contractor].contractor = true;
    company.leave(contractor, "2010-03-31T17:00:00-04:00", "2009-09-08T09:00:00-04:00");
    House { company, engineer, network: (1..=engineer).collect(), virtualisation, help_desk }
}

fn facts(house: &House, dir: &Path) -> Result<(), ReplayError> {
    let company = &house.company;
    for day in HR_DAYS {
        company.hr(dir, day)?;
    }
    company.listings(dir, "ad/accounts", ACCOUNTS, &accounts(house), &DAYS)?;
    company.listings(dir, "ad/groups", GROUPS, &groups(house), &DAYS)?;
    // Nobody listed the machines again until the outage.
    company.listings(dir, "datacentre/things", RESOURCES, &things(house), &[DAYS[0], DAYS[2]])?;
    let made = "2008-02-04T09:00:00-05:00";
    let cells = format!("{PASSWORD},,password,ad/{SHARED_ID},,yes,,,{made},,,,");
    company.listings(dir, "ad/secrets", KEYS, &[listed(made, None, &cells)], &DAYS)?;
    let knowers: Vec<Listed> = house
        .network
        .iter()
        .map(|who| {
            let cells = format!("{PASSWORD},{},person,made,,,signed the list of holders", company.workers[*who].id);
            listed(made, None, &cells)
        })
        .collect();
    company.listings(dir, "ad/custody", CUSTODY, &knowers, &DAYS)
}

fn accounts(house: &House) -> Vec<Listed> {
    let company = &house.company;
    let mut rows = company.accounts(&[]);
    // Administrators have a second login for their work.
    let own = company.account_id(house.engineer);
    if let Some(mut row) = rows.iter().find(|row| row.cells[0] == own).cloned() {
        row.cells[0] = format!("{own}a");
        row.cells[1] = admin_login(house);
        row.cells[3] = String::new();
        rows.push(row);
    }
    let mut ghost = listed("2009-05-20T19:12:44-04:00", None, &",".repeat(ACCOUNTS.split(',').count() - 1));
    let woken = format!("{USED}{FIRST_SESSION}/{DESTRUCTION}");
    for (at, text) in
        [(0, GHOST_ID), (1, GHOST), (2, "Colm Varrick"), (5, "human"), (9, &admin_login(house)), (10, &woken)]
    {
        ghost.cells[at] = text.to_owned();
    }
    rows.push(ghost);
    let mut shared = company.service(SHARED, house.network[0], "2008-02-04T09:00:00-05:00");
    shared.cells[5] = "shared".to_owned();
    rows.push(shared);
    rows.push(company.service("svc-onboarding", 0, "2007-01-08T09:00:00-05:00"));
    rows.push(company.service("svc-backup", house.virtualisation, "2007-01-08T09:00:00-05:00"));
    rows
}

fn groups(house: &House) -> Vec<Listed> {
    let company = &house.company;
    let mut rows: Vec<Listed> = house
        .network
        .iter()
        .map(|who| {
            let until = (*who == house.engineer).then_some("2010-05-17T11:58:00-04:00");
            listed("2009-03-02T09:00:00-05:00", until, &format!("vpn-users,{},account,,", company.account_id(*who)))
        })
        .collect();
    rows.push(listed(WOKEN, None, &format!("vpn-users,{GHOST_ID},account,,")));
    rows
}

/// Machines, volumes, mailboxes and old snapshots.
fn things(house: &House) -> Vec<Listed> {
    let owner = house.company.email(house.virtualisation);
    let all = THINGS.into_iter().map(|(kind, name, all, _)| (kind, name, all));
    all.chain([("snapshot", "old", SNAPSHOTS)])
        .flat_map(|(kind, name, all)| (0..all).map(move |number| format!("datacentre/{name}-{number:03},{kind}")))
        .map(|thing| listed("2009-01-01T00:00:00Z", None, &format!("{thing},{owner},")))
        .collect()
}

fn admin_login(house: &House) -> String {
    format!("{}.adm", house.company.workers[house.engineer].login)
}

impl Change {
    fn of(at: Ms, by: &str, ip: &str, event: &'static str, target: String) -> Change {
        Change { at, by: by.to_owned(), ip: ip.to_owned(), event, account: String::new(), target, misuse: false }
    }

    fn record(&self) -> String {
        format!(
            "\"event\":\"{}\",\"by\":\"{}\",\"client_ip\":\"{}\",\"account\":\"{}\",\"target\":\"{}\",\"result\":\"ok\"",
            self.event, self.by, self.ip, self.account, self.target
        )
    }
}

/// A day of changes by those whose job it is.
fn ordinary(day: Ms, house: &House, chance: &mut Chance) -> Vec<Change> {
    let mut all = Vec::new();
    for hour in [1, 13] {
        let target = format!("datacentre/san-{:03}", chance.below(12));
        all.push(Change::of(day + hour * HOUR, "svc-backup", "10.8.0.4", "backup_volume", target));
    }
    if weekday(day) >= 5 {
        return all;
    }
    for nth in 0..6 {
        let now = day + 9 * HOUR + chance.within(0, 8 * HOUR);
        let who = house.virtualisation + nth % 3;
        let Some(login) = house.company.login_at(who, now) else { continue };
        let target = format!("datacentre/vm-{:03}", chance.below(44));
        let event = *chance.pick(&["modify_machine", "restart_machine", "move_machine"]);
        all.push(Change::of(now, &login, "10.8.1.31", event, target));
    }
    if chance.per_mille(400) {
        let now = day + 10 * HOUR + chance.within(0, 6 * HOUR);
        let target = format!("datacentre/switch-{:02}", chance.below(20));
        all.push(Change::of(now, SHARED, "10.8.1.12", "modify_switch", target));
    }
    // A temporary snapshot, made and cleared by its maker.
    if chance.per_mille(250) {
        let now = day + 11 * HOUR + chance.within(0, 4 * HOUR);
        if let Some(login) = house.company.login_at(house.virtualisation, now) {
            let target = format!("datacentre/tmp-{}", chance.below(10_000));
            all.push(Change::of(now, &login, "10.8.1.31", "create_snapshot", target.clone()));
            all.push(Change::of(now + 40 * MINUTE, &login, "10.8.1.31", "delete_snapshot", target));
        }
    }
    all
}

/// What happens once: the account is made, woken, and an owner clears her own old snapshots.
fn extraordinary(house: &House) -> Vec<Change> {
    let mut made =
        Change::of(at("2009-05-20T19:12:44-04:00"), &admin_login(house), "10.8.1.14", "create_account", String::new());
    made.account = GHOST.to_owned();
    let help_desk = &house.company.workers[house.help_desk].login;
    let mut woken = Change::of(at(WOKEN), help_desk, "10.8.2.9", "enable_vpn", String::new());
    woken.account = GHOST.to_owned();
    let owner = &house.company.workers[house.virtualisation].login;
    let clearing = (0..SNAPSHOTS).map(|number| {
        let now = at(CLEARING) + number as Ms * 4 * SECOND;
        Change::of(now, owner, "10.8.1.31", "delete_snapshot", format!("datacentre/old-{number:03}"))
    });
    [made, woken].into_iter().chain(clearing).collect()
}

/// When the ghost comes in: late in the evening, every week or two, and on the last morning.
fn sessions(chance: &mut Chance) -> Vec<Ms> {
    let mut all = vec![at(FIRST_SESSION)];
    let mut next = at(FIRST_SESSION) + 5 * DAY;
    while next < at(DESTRUCTION) - 4 * DAY {
        all.push(next + chance.within(-2 * HOUR, 2 * HOUR));
        next += chance.within(6, 17) * DAY;
    }
    all.push(at(DESTRUCTION) - 9 * MINUTE);
    all
}

/// Looking around as the shared administrator, whose password was not changed.
fn roam(start: Ms, chance: &mut Chance) -> Vec<Change> {
    let mut now = start;
    (0..1 + chance.below(4))
        .map(|_| {
            now += chance.within(40, 300) * SECOND;
            let target = format!("datacentre/san-{:03}", chance.below(12));
            Change { misuse: true, ..Change::of(now, SHARED, ROAMING, "list_volume", target) }
        })
        .collect()
}

fn destroy(chance: &mut Chance) -> Vec<Change> {
    let mut now = at(DESTRUCTION);
    let mut all = Vec::new();
    let words = ["delete_machine", "delete_volume", "delete_mailbox"];
    for ((_, name, _, lost), event) in THINGS.into_iter().zip(words) {
        for number in 0..lost {
            let target = format!("datacentre/{name}-{number:03}");
            all.push(Change { misuse: true, ..Change::of(now, SHARED, ROAMING, event, target) });
            now += chance.within(8, 70) * SECOND;
        }
    }
    all
}

fn findings(house: &House) -> (Vec<Expected>, Vec<Expected>) {
    let engineer = &house.company.workers[house.engineer].id;
    let standing = vec![
        Expected::must("ghost-account", GHOST_ID),
        Expected::must("shared-secret-not-rotated", PASSWORD),
        // Made in 2008, and the same ever since.
        Expected::may("key-too-old", PASSWORD),
        // Made, and never used until then.
        Expected::may("dormant", GHOST_ID),
        Expected::may("leaver-lookback", engineer),
        Expected::may("leaver-lookback", GHOST_ID),
    ];
    let mut expected = standing.clone();
    expected.push(Expected::must("mass-destruction", SHARED_ID));
    (expected, standing)
}
