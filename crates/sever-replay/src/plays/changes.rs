//! What the plays of destruction share: a company whose staff sign in and change things, day by day.
//!
//! Each such play adds what is out of order: accounts, secrets and a list of sign-ins and changes with
//! their times. The background is the same everywhere: machines are moved and restarted, backups taken,
//! and temporary snapshots cleared by those who made them.

use std::path::Path;

use crate::chance::Chance;
use crate::company::{ACCOUNTS, Company, Listed, Login, listed};
use crate::files::{self, Log};
use crate::moment::{DAY, HOUR, MINUTE, Ms, at, event, weekday};
use crate::plays::lookups::Change;
use crate::truth::{MisuseList, write_people};
use crate::{Play, ReplayError};
use sever_model::EventTime;

pub(super) const RESOURCES: &str = "resource,kind,owner,subjects";
pub(super) const KEYS: &str = "key_id,issuer,kind,account,kept_at,exportable,created_at,created_by,activated_at,retired_at,expires_at,rotated_at,last_used";
pub(super) const CUSTODY: &str = "key_id,holder,holder_kind,strength,since,until,evidence";

/// What happens beside the background, and when the play begins and ends.
pub(super) struct Story {
    pub begin: Ms,
    pub end: Ms,
    /// Sign-ins that are misuse.
    pub sign_ins: Vec<Login>,
    /// Changes, misuse or not, beside the ordinary ones.
    pub changes: Vec<Change>,
    /// The machines that staff work on, by name: `vm-{number}`.
    pub machines: u64,
    /// The staff, by number, who work on them.
    pub staff: Vec<usize>,
}

/// First, last and count of misuse, and all events.
pub(super) type Played = ((EventTime, EventTime, u64), u64);

/// Writes the logs of a story.
pub(super) fn tell(play: &Play, dir: &Path, company: &mut Company, mut story: Story) -> Result<Played, ReplayError> {
    let (mut vpn, mut admin) = (Log::new(dir, "vpn")?, Log::new(dir, "admin")?);
    let mut misuse = MisuseList::new(dir)?;
    let mut chance = Chance::of(play.seed, "changes");
    let days = (story.end - story.begin).div_euclid(DAY);
    let ahead = company.ahead;
    for number in 0..days {
        let day = story.begin + number * DAY;
        let today = |at: Ms| (day..day + DAY).contains(&at);
        let mut logins: Vec<(Login, bool)> =
            company.logins(day + ahead * HOUR).into_iter().map(|login| (login, false)).collect();
        logins.extend(story.sign_ins.extract_if(.., |login| today(login.at)).map(|login| (login, true)));
        logins.sort_by(|a, b| (a.0.at, &a.0.login).cmp(&(b.0.at, &b.0.login)));
        let mut changes = ordinary(day, company, &story, &mut chance);
        changes.extend(story.changes.extract_if(.., |change| today(change.at)));
        changes.sort_by(|a, b| (a.at, &a.by, &a.target).cmp(&(b.at, &b.by, &b.target)));
        // The list of misuse is by time, over both logs.
        let mut logins = logins.into_iter().peekable();
        for change in &changes {
            while let Some((login, wrong)) = logins.next_if(|(login, _)| login.at <= change.at) {
                sign_in(&login, wrong, &mut vpn, &mut misuse)?;
            }
            let place = change.write(&mut admin)?;
            if change.misuse {
                misuse.add(event(change.at), admin.file(place), place.offset, "")?;
            }
        }
        for (login, wrong) in logins {
            sign_in(&login, wrong, &mut vpn, &mut misuse)?;
        }
        play.report("logs", number as f64 / days as f64);
    }
    let events = vpn.lines + admin.lines;
    vpn.finish()?;
    admin.finish()?;
    write_people(dir, Vec::new())?;
    play.report("logs", 1.0);
    Ok((misuse.finish()?, events))
}

fn sign_in(login: &Login, wrong: bool, log: &mut Log, misuse: &mut MisuseList) -> Result<(), ReplayError> {
    let place = login.write(log)?;
    if wrong {
        misuse.add(event(login.at), log.file(place), place.offset, "")?;
    }
    Ok(())
}

/// A day of changes by those whose job it is.
fn ordinary(day: Ms, company: &Company, story: &Story, chance: &mut Chance) -> Vec<Change> {
    let mut all = Vec::new();
    for hour in [1, 13] {
        let target = format!("datacentre/vm-{:03}", chance.below(story.machines));
        all.push(Change::of(day + hour * HOUR, "svc-backup", "10.8.0.4", "backup_machine", target));
    }
    if weekday(day + 12 * HOUR) >= 5 || story.staff.is_empty() {
        return all;
    }
    for _ in 0..8 {
        let now = day + 9 * HOUR + chance.within(0, 8 * HOUR);
        let Some(login) = company.login_at(*chance.pick(&story.staff), now) else { continue };
        let target = format!("datacentre/vm-{:03}", chance.below(story.machines));
        let word = *chance.pick(&["modify_machine", "restart_machine", "move_machine", "modify_record"]);
        all.push(Change::of(now, &login, "10.8.1.31", word, target));
    }
    if chance.per_mille(300) {
        let now = day + 11 * HOUR + chance.within(0, 4 * HOUR);
        if let Some(login) = company.login_at(*chance.pick(&story.staff), now) {
            let target = format!("datacentre/tmp-{}", chance.below(10_000));
            all.push(Change::of(now, &login, "10.8.1.31", "create_snapshot", target.clone()));
            all.push(Change::of(now + 40 * MINUTE, &login, "10.8.1.31", "delete_snapshot", target));
        }
    }
    all
}

/// Machines and the like, `count` of a kind, owned by somebody.
pub(super) fn things(kind: &str, name: &str, count: u64, owner: &str) -> Vec<Listed> {
    let cells = (0..count).map(|number| format!("datacentre/{name}-{number:03},{kind},{owner},"));
    cells.map(|cells| listed("2015-01-01T00:00:00Z", None, &cells)).collect()
}

/// An account of its own, joined to nobody: its id, login, shown name, maker and last use.
pub(super) fn planted(
    made: &str,
    closed: Option<&str>,
    (id, login, shown, maker, used): (&str, &str, &str, &str, &str),
) -> Listed {
    let mut row = listed(made, closed, &",".repeat(ACCOUNTS.split(',').count() - 1));
    for (at, text) in [(0, id), (1, login), (2, shown), (5, "human"), (9, maker), (10, used)] {
        if let Some(cell) = row.cells.get_mut(at) {
            text.clone_into(cell);
        }
    }
    row
}

/// The settings of such a company: its zone, and what it has beside people, accounts and logs.
pub(super) fn settings(dir: &Path, zone: &str, more: &str) -> Result<(), ReplayError> {
    files::text(dir, "severance.toml", &include_str!("changes.toml").replace("{zone}", zone).replace("{more}", more))
}

/// Settings for the listings of machines, secrets and their holders.
pub(super) const SECRETS: &str = r#"[[source]]
name = "secrets"
kind = "keys"
path = "ad/secrets-*.csv"
system = "ad"
complete = true

[[source]]
name = "holders"
kind = "custody"
path = "ad/custody-*.csv"
system = "ad"
complete = true

"#;

/// The instant of a text.
pub(super) fn ms(text: &str) -> Ms {
    at(text)
}
