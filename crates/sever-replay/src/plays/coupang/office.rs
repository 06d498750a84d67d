//! The shop's own people: who could read the signing key, who left, and the files that say so.
//!
//! One developer of the authentication system read the key in November and left at the end of the
//! year. His accounts were closed in time. Thirteen others could read the key. Everything else is in
//! order: a contractor left after the *other* key was rotated, an analyst's account was handed over
//! with leave, people moved, and one came back.

use std::path::Path;

use crate::chance::Chance;
use crate::company::{ACCOUNTS, Company, Listed, Login, listed};
use crate::files::{self, Log};
use crate::moment::{DAY, HOUR, MINUTE, Ms, at};
use crate::{Play, ReplayError};

/// When the developer's access ended.
pub(super) const DEPARTED: &str = "2024-12-31T18:00:00+09:00";
/// His id at the company is made up with him; his name is not of chance.
const DEVELOPER: &str = "Tae-woon Seonbi";
/// Days of HR's exports, the third after he had given notice.
const HR_DAYS: [&str; 6] = ["2024-06-01", "2024-09-30", "2024-12-20", "2025-01-31", "2025-04-30", "2025-11-17"];
/// Days of the other exports.
const DAYS: [&str; 5] = ["2024-06-01", "2024-10-31", "2024-12-20", "2025-06-30", "2025-11-17"];

/// The key that signs the services' tokens at the end.
pub(super) const SERVICE_KEY: &str = "svc-2024-09";

const GROUPS: &str = "group,member,member_kind,since,until";
const RIGHTS: &str = "holder,holder_kind,resource,rights,since,until,granted_by,last_used";
const KEYS: &str = "key_id,issuer,kind,account,kept_at,exportable,created_at,created_by,activated_at,retired_at,\
                    expires_at,rotated_at,last_used";
const CUSTODY: &str = "key_id,holder,holder_kind,strength,since,until,evidence";
const HANDOVERS: &str = "account,credential,to,reason,from,until";

pub(super) struct Office {
    company: Company,
    developer: usize,
    contractor: usize,
    analyst: usize,
    /// Who could read the signing key, the developer included.
    readers: Vec<usize>,
    /// Who could read the services' key, the contractor included.
    service_readers: Vec<usize>,
    chance: Chance,
}

impl Office {
    pub(super) fn new(play: &Play) -> Office {
        let begin = "2024-05-01";
        let mut company = Company::new(play.seed, "shop.example", 9);
        company.hire("people", "Head of people", "2016-02-01");
        company.staff("auth-platform", "Software engineer", 13, begin);
        let developer = company.hire_named(DEVELOPER, "auth-platform", "Software engineer", "2022-11-14");
        let readers: Vec<usize> = (1..=developer).collect();
        company.leave(developer, DEPARTED, "2024-12-02T09:30:00+09:00");
        // Moved to another team before the year's end: could read the key, and works here.
        company.workers[3].moved = Some((at("2024-10-01T00:00:00+09:00"), "payments"));
        company.staff("platform", "Site reliability engineer", 9, begin);
        let service_readers = vec![developer + 1, developer + 2];
        company.staff("payments", "Software engineer", 12, begin);
        company.staff("logistics", "Software engineer", 14, begin);
        company.staff("data", "Analyst", 8, begin);
        let analyst = company.workers.len() - 1;
        company.leave(analyst, "2025-03-31T18:00:00+09:00", "2025-03-03T09:00:00+09:00");
        company.staff("support", "Support agent", 16, begin);
        let agent = company.workers.len() - 1;
        // Left and came back, in another team.
        company.leave(agent, "2024-08-30T18:00:00+09:00", "2024-08-01T09:00:00+09:00");
        company.rehire(agent, "2025-03-03");
        company.workers[agent].moved = Some((at("2025-03-03T00:00:00+09:00"), "logistics"));
        company.leave(agent - 3, "2025-08-14T18:00:00+09:00", "2025-08-01T09:00:00+09:00");
        let contractor = company.hire("platform", "Consultant", "2023-10-02");
        company.workers[contractor].contractor = true;
        company.leave(contractor, "2024-09-30T18:00:00+09:00", "2023-10-02T09:00:00+09:00");
        for (hired, last) in [("2024-07-01", "2025-06-30"), ("2025-02-03", "2025-09-30")] {
            let temporary = company.hire("support", "Agency worker", hired);
            company.workers[temporary].contractor = true;
            company.leave(temporary, &format!("{last}T18:00:00+09:00"), &format!("{hired}T09:00:00+09:00"));
        }
        for hired in ["2024-08-05", "2024-11-04", "2025-01-13", "2025-05-07", "2025-09-01"] {
            company.hire("logistics", "Software engineer", hired);
        }
        let service_readers = [service_readers, vec![contractor]].concat();
        let chance = Chance::of(play.seed, "office");
        Office { company, developer, contractor, analyst, readers, service_readers, chance }
    }

    /// The developer's id at HR.
    pub(super) fn developer_id(&self) -> &str {
        &self.company.workers[self.developer].id
    }

    /// Ids of others about whom a look back may rightly say something: the contractor, who had read
    /// the services' key before it was rotated.
    pub(super) fn contractor_id(&self) -> &str {
        &self.company.workers[self.contractor].id
    }

    /// Writes all facts.
    pub(super) fn write(&self, dir: &Path) -> Result<(), ReplayError> {
        for day in HR_DAYS {
            self.company.hr(dir, day)?;
        }
        let handed_over = Some(at("2025-04-30T18:00:00+09:00"));
        let mut accounts = self.company.accounts(&[(self.analyst, handed_over)]);
        for (service, owner) in [("svc-onboarding", 0), ("svc-stock", 1), ("svc-billing", 2), ("svc-reports", 2)] {
            accounts.push(self.company.service(service, owner, "2021-03-01T00:00:00+09:00"));
        }
        self.company.listings(dir, "accounts/sso", ACCOUNTS, &accounts, &DAYS)?;
        self.company.listings(dir, "openbao/accounts", ACCOUNTS, &self.vault_accounts(), &DAYS)?;
        self.company.listings(dir, "openbao/groups", GROUPS, &self.groups(), &DAYS)?;
        self.company.listings(dir, "openbao/rights", RIGHTS, &rights(), &DAYS)?;
        self.company.listings(dir, "keys/keys", KEYS, &self.keys(), &DAYS)?;
        self.company.listings(dir, "keys/custody", CUSTODY, &self.custody(), &DAYS)?;
        let manager = self.company.email(self.analyst - 1);
        let account = format!("sso/{}", self.company.account_id(self.analyst));
        let cells =
            format!("{account},,{manager},vendor migration: approved by the head of people,,2025-04-30T18:00:00+09:00");
        let handovers = [listed("2025-03-31T18:00:00+09:00", None, &cells)];
        self.company.listings(dir, "handovers/handovers", HANDOVERS, &handovers, &DAYS[3..])?;
        files::text(dir, "severance.toml", SETTINGS)
    }

    /// One local day of staff sign-ins.
    pub(super) fn day(&mut self, begin: Ms, log: &mut Log) -> Result<(), ReplayError> {
        let mut logins = self.company.logins(begin + 9 * HOUR);
        // The analyst's manager goes on with the migration, from the analyst's account.
        let window = at("2025-04-01T00:00:00+09:00")..at("2025-04-29T00:00:00+09:00");
        if window.contains(&begin) && (begin - window.start) / DAY % 6 == 1 {
            let when = begin + 14 * HOUR + self.chance.within(0, HOUR);
            let login = self.company.workers[self.analyst].login.clone();
            logins.push(Login { at: when, login, ip: "10.22.1.17".to_owned(), works: true });
            logins.sort_by_key(|login| login.at);
        }
        logins.iter().try_for_each(|login| login.write(log).map(drop))
    }

    fn vault_account(&self, who: usize) -> String {
        format!("ent-{}", &self.company.workers[who].id[1..])
    }

    /// The vault's own accounts, of those who work with keys.
    fn vault_accounts(&self) -> Vec<Listed> {
        let all = self.company.accounts(&[]);
        let mut rows = Vec::new();
        for who in self.readers.iter().chain(&self.service_readers) {
            let own = self.company.account_id(*who);
            if let Some(mut row) = all.iter().find(|row| row.cells[0] == own).cloned() {
                row.cells[0] = self.vault_account(*who);
                row.cells[9] = String::new();
                row.until = row.until.map(|until| until - MINUTE);
                rows.push(row);
            }
        }
        rows
    }

    fn groups(&self) -> Vec<Listed> {
        let mut rows = Vec::new();
        for who in &self.readers {
            let until = match who {
                3 => Some("2024-10-01T09:00:00+09:00"),
                _ if *who == self.developer => Some("2024-12-31T17:57:00+09:00"),
                _ => None,
            };
            let member = self.vault_account(*who);
            rows.push(listed("2024-04-10T09:00:00+09:00", until, &format!("auth-platform,{member},account,,")));
        }
        for who in &self.service_readers {
            // Taken out of the group the day before the key was rotated.
            let until = (*who == self.contractor).then_some("2024-09-26T18:00:00+09:00");
            let member = self.vault_account(*who);
            rows.push(listed("2024-02-12T09:00:00+09:00", until, &format!("svc-platform,{member},account,,")));
        }
        rows
    }

    fn keys(&self) -> Vec<Listed> {
        let maker = &self.company.workers[1].login;
        let row = |key: &str, place: &str, made: &str, retired: Option<&str>| {
            let active = made.replace("T09", "T12");
            let cells = format!(
                "{key},https://id.shop.example,signing-key,,openbao/kv/data/{place}/{key},yes,,{maker},{active},,,,"
            );
            listed(made, retired, &cells)
        };
        vec![
            row("kid-2024-04", "auth/signing", "2024-04-10T09:00:00+09:00", None),
            row("svc-2024-02", "svc/signing", "2024-02-12T09:00:00+09:00", Some("2024-09-27T12:00:00+09:00")),
            row(SERVICE_KEY, "svc/signing", "2024-09-26T20:00:00+09:00", None),
        ]
    }

    /// Evidence beyond what rights say: who made the key, and who read it.
    fn custody(&self) -> Vec<Listed> {
        let (maker, reader) = (self.vault_account(1), self.vault_account(self.developer));
        let made = "2024-04-10T09:00:00+09:00";
        let read = "2024-11-02T21:14:37+09:00";
        vec![
            listed(made, None, &format!("kid-2024-04,openbao/{maker},account,made,,,change record 4471")),
            listed(
                read,
                None,
                &format!(
                    "kid-2024-04,openbao/{reader},account,read,,,audit log: read kv/data/auth/signing/kid-2024-04"
                ),
            ),
        ]
    }
}

fn rights() -> Vec<Listed> {
    let row = |group: &str, path: &str, since: &str, until: Option<&str>| {
        listed(since, until, &format!("{group},group,openbao/kv/data/{path},read,,,,"))
    };
    vec![
        row("auth-platform", "auth/signing/kid-2024-04", "2024-04-10T09:00:00+09:00", None),
        row("svc-platform", "svc/signing/svc-2024-02", "2024-02-12T09:00:00+09:00", Some("2024-09-27T12:00:00+09:00")),
        row("svc-platform", "svc/signing/svc-2024-09", "2024-09-26T20:00:00+09:00", None),
    ]
}

const SETTINGS: &str = include_str!("severance.toml");
