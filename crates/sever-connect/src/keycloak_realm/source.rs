//! `keycloak-realm`: users, groups, roles, clients and keys of a realm, from Keycloak's own export.
//!
//! Keycloak's ids are the ids, a user's login is the user name. A role becomes a group whose members
//! are the users, groups and composite roles that have it, so that what a subgroup inherits and what a
//! composite role brings come out by themselves. Values of secrets are not read: that one stands in
//! the file in clear is said loudly, and nothing of it is kept.
//!
//! Bounded by the users, groups and roles of one realm.

use std::collections::BTreeMap;

use serde_json::Value;
use sever_model::FactKind;
use sever_model::port::{Source, SourceError};

use super::realm::Realm;
use crate::answers;
use crate::documents::Documents;
use crate::files::{Parts, file_name};
use crate::tables::Seen;
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "keycloak-realm",
    title: "Keycloak realm",
    about: "`kc.sh export --dir DIR --users same_file` (or `different_files`: put them all in one folder). Users become \
            accounts with their credentials (a password with the time of its last change, one-time codes, passkeys, \
            logins through another identity provider), service accounts those of their clients; the attribute \
            `employeeNumber` their number. Groups are nested as they are, and roles become groups: those of \
            `realm-management` hold rights on the realm, others the right to use what they are named after. \
            Confidential clients have a secret, with the time at which it was made. Each key of the realm that signs \
            becomes a signing key by its `kid`, which is worked out from its certificate where the export does not \
            say it; `map = { issuer = \"https://…/realms/NAME\" }` says who signs with it. Such an export holds \
            private keys and password hashes: make it where it is read, and delete it. It cannot say who made an \
            account or a client, when anybody last logged in (events can), who reads Keycloak's database, or which \
            sessions and offline tokens live. An export from the console (`partial-export`) has no users and is \
            partial.",
    scope: "the export is made on the server, by whoever may run `kc.sh` there with the database's credentials; no \
            role in Keycloak is needed, and none can make it",
    kinds: &[
        FactKind::Account,
        FactKind::Group,
        FactKind::Membership,
        FactKind::Resource,
        FactKind::Grant,
        FactKind::Credential,
    ],
    columns: &[],
    together: true,
    sniff,
    open,
};

fn open(settings: SourceSettings) -> Result<Box<dyn Source>, SourceError> {
    if let Some(unknown) = settings.map.keys().find(|key| *key != "issuer") {
        return Err(SourceError {
            source_id: settings.id.clone(),
            what: format!("`map` names `{unknown}`, which this kind of source does not have"),
            hint: Some("it has `issuer`, the address of the realm whose keys these are".to_owned()),
        });
    }
    Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }))
}

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let has = |text: &str| memchr::memmem::find(sample.head, text.as_bytes()).is_some();
    if !wire::is_json(sample.head) || !has("\"realm\"") {
        return None;
    }
    if has("\"accessTokenLifespan\"") || has("\"ssoSessionIdleTimeout\"") || has("org.keycloak.") {
        return Some((96, "a realm of Keycloak".to_owned()));
    }
    let users = has("\"users\"") && has("\"username\"") && (has("\"realmRoles\"") || has("\"credentials\""));
    users.then(|| (94, "users of a realm of Keycloak".to_owned()))
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut realms: BTreeMap<String, Realm> = BTreeMap::new();
    let mut seen = Seen::default();
    for path in &parts.paths {
        let Some(text) = answers::text_of(settings, path, tally)? else { continue };
        let file = file_name(path);
        let mut realm = Realm::default();
        let scan = wire::members(&text, settings.limits.json_depth_max, &mut |member, place, value| {
            if member == wire::OBJECT {
                keep(&mut realms, std::mem::take(&mut realm));
                return;
            }
            let taken = value.and_then(|bytes| match wanted(member) {
                true => wire::read::<Value>(bytes)
                    .and_then(|value| realm.take(&settings.system, &mut seen, member, place, &value)),
                // Nothing is made of it: it is not even parsed.
                false => Ok(()),
            });
            if let Err(reason) = taken {
                tally.reject(&file, place, reason);
            }
        });
        keep(&mut realms, realm);
        if let Some(line) = scan.breaks_off {
            tally.partial(format!("{file}: breaks off at line {line}"));
        }
    }
    if realms.is_empty() {
        tally.empty("no realm in the export".to_owned());
    }
    for (name, realm) in realms {
        realm.finish(settings, &name, tally);
    }
    Ok(())
}

fn wanted(member: &str) -> bool {
    ["realm", "users", "groups", "roles", "clients", "components", "identityProviders", "smtpServer"].contains(&member)
}

/// Files of one realm are parts of it: its users may stand in files of their own.
fn keep(realms: &mut BTreeMap<String, Realm>, realm: Realm) {
    if !realm.is_empty() {
        realms.entry(realm.name.clone()).or_default().join(realm);
    }
}
