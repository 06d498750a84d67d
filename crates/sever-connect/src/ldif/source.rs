//! `ldif`: accounts, groups, memberships and credentials from an LDAP directory or Active Directory.
//!
//! An account's id is the entry's own unchanging one (`entryUUID`, `objectGUID`) where the export has it,
//! else its login; the login is `uid` or `sAMAccountName`, for that is what the systems behind the
//! directory and their logs name, and without either the distinguished name.
//!
//! Bounded by the entries of one export, for members are named by distinguished names that may stand
//! anywhere in it.

use sever_model::FactKind;
use sever_model::port::{Source, SourceError};

use super::directory::Directory;
use super::wire::Entries;
use crate::documents::Documents;
use crate::files::{self, Parts, file_name};
use crate::lines::Lines;
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings};

pub(crate) const PROVIDER: Provider = Provider {
    id: "ldif",
    title: "LDAP directory or Active Directory (LDIF)",
    about: "An export of people and groups with operational attributes. OpenLDAP: `ldapsearch -x -b BASE '*' '+'` or \
            `slapcat`. Active Directory: `ldapsearch -E pr=1000/noprompt -b BASE \
            '(|(objectClass=user)(objectClass=group))' '*' mS-DS-CreatorSID msDS-UserPasswordExpiryTimeComputed`, or \
            `ldifde -f FILE`. Leave `-LLL` out, so that a search that was cut short says so. Read are the ids \
            `entryUUID`, `objectGUID`; the logins `uid`, `sAMAccountName`, `userPrincipalName`; `cn`, `displayName`, \
            `mail`, `proxyAddresses`, `employeeNumber`, `employeeID`; whether it can be used: `userAccountControl`, \
            `accountExpires`, `pwdAccountLockedTime`, `nsAccountLock`, `shadowExpire`, `pwdEndTime`, \
            `krbPrincipalExpiration`; `createTimestamp`, `whenCreated`, and the maker: `creatorsName`, \
            `mS-DS-CreatorSID`; the last use: `authTimestamp`, `pwdLastSuccess`, `lastLogonTimestamp` (up to 14 days \
            late); groups: `member`, `uniqueMember`, `memberUid`, `memberOf`, `primaryGroupID`, with ranges. The \
            password becomes a credential with the time of its change (`pwdChangedTime`, `pwdLastSet`, \
            `shadowLastChange`); so do `sshPublicKey` (by the fingerprint that `sshd` logs), `userCertificate`, \
            `altSecurityIdentities` and `msDS-KeyCredentialLink`. Computers, managed service accounts, and users with \
            a `servicePrincipalName` and no employee number are services. Windows' own administrators' groups hold \
            rights on the directory, by their SIDs. It cannot say since when somebody is in a group (the exports date \
            that), what rights access control lists give, or who may fetch a managed password. Photos are not read.",
    scope: "a bind account that may read these entries with `+`; no write, no `userPassword`; in Active Directory any \
            ordinary account, which may not read `mS-DS-CreatorSID` everywhere",
    kinds: &[FactKind::Account, FactKind::Group, FactKind::Membership, FactKind::Grant, FactKind::Credential],
    columns: &[],
    together: false,
    sniff,
    open: |settings| {
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

/// How many entries servers give at most by default: OpenLDAP 500, Active Directory 1000.
const SIZE_LIMITS: [u64; 2] = [500, 1000];

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let text = String::from_utf8_lossy(sample.head.get(..sample.head.len().min(8 << 10)).unwrap_or_default());
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.find(|line| !line.starts_with("version:"))?;
    first.starts_with("dn:").then(|| (98, "entries that begin with `dn:`".to_owned()))
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut directory = Directory::new(&settings.system, parts.at);
    for path in &parts.paths {
        let name = file_name(path);
        let input = files::open(path).map_err(|error| files::failed(settings, path, &error.to_string()))?;
        let mut entries = Entries::new(Lines::new(input, settings.limits.frame_bytes_max));
        let mut count = 0u64;
        directory.result_seen = false;
        while let Some((place, entry)) = entries.next() {
            count += u64::from(entry.as_ref().is_ok_and(|entry| !entry.dn.is_empty()));
            let taken = entry.and_then(|entry| directory.take(entry, &name, tally));
            if let Err(reason) = taken {
                tally.reject(&name, place, reason);
            }
        }
        if let Some(broken) = entries.broken() {
            tally.partial(format!("{name}: does not decompress to its end: {broken}"));
        } else if !entries.ended {
            tally.partial(format!("{name}: breaks off at line {}", entries.line()));
        } else if count == 0 {
            tally.empty(format!("{name}: empty"));
        } else if SIZE_LIMITS.contains(&count) && !directory.result_seen {
            tally.partial(format!(
                "{name}: exactly {count} entries, where many servers stop, and `-LLL` hides whether this one did: \
                 export in pages (`-E pr=500/noprompt`)"
            ));
        }
    }
    directory.finish(tally);
    Ok(())
}
