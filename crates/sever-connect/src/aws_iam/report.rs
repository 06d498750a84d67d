//! The credential report: passwords, access keys and certificates of each user, and when they were used.
//!
//! It numbers access keys 1 and 2 and never says their ids; `list-access-keys` does. A key of the
//! report is the listed one of the same user that was made at the report's `last_rotated`; where a key was
//! switched on or off since, that time is later, and the only one left is it. One that no listing shows
//! is kept by its number.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde_json::Value;
use sever_model::port::Reason;
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Credential, CredentialId, CredentialKind, EventTime, SystemId,
};

use super::details::{account_id, root};
use crate::csv::{CsvRecord, Next, next_header};
use crate::gathered::{self, Gathered, since};
use crate::lines::{Lines, Place};
use crate::members::{need, text, time, when};
use crate::tally::Tally;

/// The columns that are read.
const COLUMNS: [&str; 18] = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
];

/// The arrays of `list-access-keys` and its like.
pub(crate) const SECTIONS: [&str; 4] =
    ["AccessKeyMetadata", "SSHPublicKeys", "ServiceSpecificCredentials", "Certificates"];

/// A key that a listing shows.
struct Listed {
    id: String,
    made: Option<EventTime>,
    active: bool,
    place: Place,
    file: String,
}

/// A key, password or certificate that the report shows.
struct Slot {
    arn: String,
    name: String,
    kind: CredentialKind,
    active: bool,
    rotated: Option<EventTime>,
    used: Option<EventTime>,
    expires: Option<EventTime>,
}

impl Slot {
    fn is_key(&self) -> bool {
        self.kind == CredentialKind::ApiKey
    }
}

/// What reports and listings say.
#[derive(Default)]
pub(crate) struct Report {
    slots: Vec<Slot>,
    /// By user name.
    keys: BTreeMap<String, Vec<Listed>>,
    others: Vec<(String, Credential, Option<EventTime>)>,
    without_mfa: u64,
}

/// The report of an answer: CSV, encoded.
pub(crate) fn content(value: &Value) -> Option<Result<Vec<u8>, Reason>> {
    let content = text(value, "/Content")?;
    let decoded = base64::engine::general_purpose::STANDARD.decode(content.trim());
    Some(decoded.map_err(|error| Reason::Corrupt(format!("`Content`: {error}"))))
}

/// One row of the report.
struct Row<'a> {
    record: &'a CsvRecord,
    places: &'a [Option<usize>],
}

impl<'a> Row<'a> {
    fn text(&self, column: &str) -> &'a str {
        let at = COLUMNS.iter().position(|name| *name == column).and_then(|at| self.places.get(at).copied().flatten());
        let text = at.and_then(|at| self.record.field(at)).unwrap_or("").trim();
        if matches!(text, "N/A" | "no_information" | "not_supported") { "" } else { text }
    }

    fn is(&self, column: &str) -> bool {
        self.text(column).eq_ignore_ascii_case("true")
    }

    fn time(&self, column: &'static str) -> Result<Option<EventTime>, Reason> {
        when(column, self.text(column))
    }
}

impl Report {
    /// Reads a report.
    pub(crate) fn read(
        &mut self,
        system: &SystemId,
        file: &str,
        text: Vec<u8>,
        into: &mut Gathered,
        tally: &mut Tally<'_>,
    ) {
        let ends = text.last() == Some(&b'\n');
        let mut lines = Lines::new(Box::new(std::io::Cursor::new(text)), 1 << 20);
        let mut record = CsvRecord::default();
        let Some((_, header)) = next_header(&mut lines, &mut record) else { return };
        let places: Vec<Option<usize>> =
            COLUMNS.iter().map(|column| header.names.iter().position(|name| name == column)).collect();
        let width = header.names.len();
        loop {
            let (place, taken) = match record.next(&mut lines, header.delimiter) {
                Next::End => break,
                Next::Blank => continue,
                Next::Bad(place, reason) => (place, Err(reason)),
                // The decoded report has no newline at its end; a shorter last row breaks off.
                Next::Record(place, _) if record.len() < width => (place, Err(Reason::Truncated)),
                Next::Record(place, _) => (place, self.row(system, &Row { record: &record, places: &places }, into)),
            };
            if let Err(reason) = taken {
                if matches!(reason, Reason::Truncated) && !ends {
                    tally.partial(format!("{file}: breaks off at line {}", place.line));
                }
                tally.reject(file, place, reason);
            }
        }
    }

    fn row(&mut self, system: &SystemId, row: &Row<'_>, into: &mut Gathered) -> Result<(), Reason> {
        let (user, arn) = (row.text("user"), row.text("arn"));
        if user.is_empty() || arn.is_empty() {
            return Err(Reason::Missing(if user.is_empty() { "user" } else { "arn" }));
        }
        let made = row.time("user_creation_time")?;
        let console = row.is("password_enabled") || row.text("user") == "<root_account>";
        let mut slots = Vec::new();
        if console {
            slots.push(Slot {
                arn: arn.to_owned(),
                name: "password".to_owned(),
                kind: CredentialKind::Password,
                active: true,
                rotated: row.time("password_last_changed")?,
                used: row.time("password_last_used")?,
                expires: row.time("password_next_rotation")?,
            });
        }
        let keyed = [
            ("access_key_1", "access_key_1_active", "access_key_1_last_rotated", Some("access_key_1_last_used_date")),
            ("access_key_2", "access_key_2_active", "access_key_2_last_rotated", Some("access_key_2_last_used_date")),
            ("cert_1", "cert_1_active", "cert_1_last_rotated", None),
            ("cert_2", "cert_2_active", "cert_2_last_rotated", None),
        ];
        for (name, active, rotated, used) in keyed {
            let (active, rotated) = (row.is(active), row.time(rotated)?);
            let used = used.map_or(Ok(None), |column| row.time(column))?;
            if active || rotated.is_some() {
                let kind = if name.starts_with("cert") { CredentialKind::Certificate } else { CredentialKind::ApiKey };
                let (arn, name) = (arn.to_owned(), name.to_owned());
                slots.push(Slot { arn, name, kind, active, rotated, used, expires: None });
            }
        }
        let last_used = slots.iter().filter_map(|slot| slot.used).max();
        self.account(system, row, made, last_used, into)?;
        self.without_mfa += u64::from(console && !row.is("mfa_active"));
        self.slots.extend(slots);
        Ok(())
    }

    fn account(
        &self,
        system: &SystemId,
        row: &Row<'_>,
        made: Option<EventTime>,
        last_used: Option<EventTime>,
        into: &mut Gathered,
    ) -> Result<(), Reason> {
        let (user, arn) = (row.text("user"), row.text("arn"));
        if self.slots.iter().any(|slot| slot.arn == arn) {
            return Err(Reason::Conflict(format!("`{}` is there twice", crate::row::shortened(arn))));
        }
        let id = account_id(system, arn);
        if user == "<root_account>" && !into.has_account(&id) {
            root(system, arn, made, into)?;
        }
        let blank = || Account { status: AccountStatus::Enabled, ..gathered::account(id.clone(), user) };
        let (account, valid) = into.account_or(&id, blank);
        // Only people sign in to the console.
        if row.is("password_enabled") && account.kind == AccountKind::Unknown {
            account.kind = AccountKind::Human;
        }
        account.last_used = account.last_used.max(last_used);
        if let Some(made) = made {
            *valid = since(Some(made));
        }
        Ok(())
    }

    /// Takes one element of a listing of keys.
    pub(crate) fn listed(
        &mut self,
        system: &SystemId,
        section: &str,
        value: &Value,
        file: &str,
        place: Place,
    ) -> Result<(), Reason> {
        let user = need(value, "/UserName")?.to_owned();
        let active = text(value, "/Status").is_none_or(|status| status == "Active");
        let (id, kind, made) = match section {
            "AccessKeyMetadata" => {
                let (id, made) = (need(value, "/AccessKeyId")?.to_owned(), time(value, "/CreateDate")?);
                let keys = self.keys.entry(user).or_default();
                if keys.iter().any(|key| key.id == id) {
                    return Err(Reason::Conflict(format!("access key `{id}` is there twice")));
                }
                keys.push(Listed { id, made, active, place, file: file.to_owned() });
                return Ok(());
            }
            "SSHPublicKeys" => (need(value, "/SSHPublicKeyId")?, CredentialKind::SshKey, time(value, "/UploadDate")?),
            "ServiceSpecificCredentials" => {
                (need(value, "/ServiceSpecificCredentialId")?, CredentialKind::Password, time(value, "/CreateDate")?)
            }
            _ => (need(value, "/CertificateId")?, CredentialKind::Certificate, time(value, "/UploadDate")?),
        };
        let credential = gathered::credential(CredentialId::of(system, id), kind);
        self.others.push((user, Credential { expires_at: time(value, "/ExpirationDate")?, ..credential }, made));
        Ok(())
    }

    /// The listed key of each slot: made when the slot says, else the only one that is left for it.
    fn key_ids<'u>(&mut self, slots: &[Slot], login: impl Fn(&Slot) -> Option<&'u str>) -> Vec<Option<Listed>> {
        let mut found: Vec<Option<Listed>> = slots
            .iter()
            .map(|slot| {
                let keys = login(slot).filter(|_| slot.is_key()).and_then(|login| self.keys.get_mut(login))?;
                let same = keys.iter().position(|key| key.made.is_some() && key.made == slot.rotated)?;
                Some(keys.remove(same))
            })
            .collect();
        for (at, slot) in slots.iter().enumerate().filter(|(_, slot)| slot.is_key()) {
            let open =
                |(other, key): (&Slot, &Option<Listed>)| other.is_key() && other.arn == slot.arn && key.is_none();
            let left = slots.iter().zip(&found).filter(|(other, key)| open((other, key))).count();
            let Some(keys) = login(slot).and_then(|login| self.keys.get_mut(login)) else { continue };
            if let Some(none @ None) = found.get_mut(at)
                && left == 1
                && keys.len() == 1
            {
                *none = keys.pop();
            }
        }
        found
    }

    /// Hands over passwords, keys and certificates; `at` is the instant of the listing.
    pub(crate) fn finish(mut self, system: &SystemId, at: EventTime, into: &mut Gathered, tally: &mut Tally<'_>) {
        let users: BTreeMap<String, AccountId> = into
            .accounts()
            .filter(|account| account.id.native().contains(":user/") || account.login == "root")
            .map(|account| (account.login.clone(), account.id.clone()))
            .collect();
        let logins: BTreeMap<&AccountId, &String> = users.iter().map(|(login, id)| (id, login)).collect();
        let mut numbered = 0u64;
        let slots = std::mem::take(&mut self.slots);
        let ids = self.key_ids(&slots, |slot| logins.get(&account_id(system, &slot.arn)).map(|login| login.as_str()));
        for (slot, key) in slots.into_iter().zip(ids) {
            let account = account_id(system, &slot.arn);
            numbered += u64::from(key.is_none() && slot.kind == CredentialKind::ApiKey);
            let active = slot.active && key.as_ref().is_none_or(|key| key.active);
            let id = key.map_or_else(|| format!("{}/{}", slot.arn, slot.name), |key| key.id);
            let credential = Credential {
                account: Some(account),
                rotated_at: slot.rotated,
                last_used: slot.used,
                expires_at: slot.expires,
                // When it was switched off is not told; by now it was.
                retired_at: (!active).then_some(at),
                ..gathered::credential(CredentialId::of(system, &id), slot.kind)
            };
            let from = if slot.kind == CredentialKind::Password { None } else { slot.rotated };
            into.credential_or(&credential.id.clone(), || (credential, since(from)));
        }
        for (user, keys) in self.keys {
            for key in keys {
                let credential = Credential {
                    account: users.get(&user).cloned(),
                    rotated_at: key.made,
                    retired_at: (!key.active).then_some(at),
                    ..gathered::credential(CredentialId::of(system, &key.id), CredentialKind::ApiKey)
                };
                if let Err(reason) = into.credential(credential, since(key.made)) {
                    tally.reject(&key.file, key.place, reason);
                }
            }
        }
        for (user, credential, made) in self.others {
            let credential = Credential { account: users.get(&user).cloned(), rotated_at: made, ..credential };
            into.credential_or(&credential.id.clone(), || (credential, since(made)));
        }
        if numbered > 0 {
            tally.gap(format!(
                "{} by number only, for the report has no ids: add what `aws iam list-access-keys` answers for each user",
                crate::row::counted(numbered, "access key")
            ));
        }
        if self.without_mfa > 0 {
            tally.gap(format!(
                "{} may sign in to the console without a second factor: a password alone opens the account",
                crate::row::counted(self.without_mfa, "user")
            ));
        }
    }
}
