//! What is particular to Active Directory: ids and times in its own forms, how an account is found, what
//! its refusals mean.

use ldap3::{Scope, ldap_escape};
use sever_model::act::ActError;
use sever_model::{AccountId, Span, WallTime};

use crate::ldap::talk::Talk;
use crate::ldif::wire::Entry;

/// How long a controller of the same site may lag behind what is replicated at once.
pub(super) const WINDOW: Span = Span::secs(15);

/// Follows groups within groups (MS-ADTS 3.1.1.3.4.4.3, LDAP_MATCHING_RULE_TRANSITIVE_EVAL).
pub(super) const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// Windows errors in the message of a refused bind.
pub(super) mod windows {
    pub(crate) const NO_SUCH_USER: u32 = 0x525;
    pub(crate) const WRONG_PASSWORD: u32 = 0x52e;
    pub(crate) const WRONG_HOURS: u32 = 0x530;
    pub(crate) const WRONG_WORKSTATION: u32 = 0x531;
    pub(crate) const PASSWORD_EXPIRED: u32 = 0x532;
    pub(crate) const DISABLED: u32 = 0x533;
    pub(crate) const ACCOUNT_EXPIRED: u32 = 0x701;
    pub(crate) const MUST_CHANGE: u32 = 0x773;
    pub(crate) const LOCKED_OUT: u32 = 0x775;
}

/// What is read of an account.
pub(super) const NAMES: [&str; 21] = [
    "objectClass",
    "objectGUID",
    "objectSid",
    "sAMAccountName",
    "userPrincipalName",
    "userAccountControl",
    "accountExpires",
    "pwdLastSet",
    "lastLogonTimestamp",
    "badPwdCount",
    "lockoutTime",
    "primaryGroupID",
    "memberOf",
    "msDS-ResultantPSO",
    "userCertificate",
    "altSecurityIdentities",
    "msDS-KeyCredentialLink",
    "sshPublicKey",
    "msDS-AllowedToDelegateTo",
    "msDS-AllowedToActOnBehalfOfOtherIdentity",
    "servicePrincipalName",
];

/// A filter for an object's unchanging id, which is in the order of bytes of a GUID (MS-DTYP 2.3.4.2);
/// `None` for what is no such id.
pub(super) fn by_id(id: &str) -> Option<String> {
    let parts: Vec<&str> = id.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    if lengths != [8, 4, 4, 4, 12] || !id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        return None;
    }
    let mut filter = String::from("(objectGUID=");
    for (at, part) in parts.iter().enumerate() {
        let mut pairs: Vec<&[u8]> = part.as_bytes().chunks(2).collect();
        if at < 3 {
            pairs.reverse();
        }
        for pair in pairs {
            filter.push('\\');
            filter.push_str(std::str::from_utf8(pair).ok()?);
        }
    }
    filter.push(')');
    Some(filter)
}

/// The entry of an account: by its id, or by its login where the inventory has no id of it.
///
/// # Errors
/// When it cannot be looked for, or two entries go by it.
pub(super) fn find(talk: &mut Talk, base: &str, of: &AccountId, login: &str) -> Result<Option<Entry>, ActError> {
    let filter = by_id(of.native()).unwrap_or_else(|| {
        let (native, login) = (ldap_escape(of.native()), ldap_escape(login));
        format!("(|(sAMAccountName={native})(sAMAccountName={login})(userPrincipalName={login}))")
    });
    let mut entries = talk.search(base, Scope::Subtree, &filter, &NAMES)?.entries.into_iter();
    match (entries.next(), entries.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => Ok(Some(one)),
        (Some(one), Some(two)) => {
            Err(ActError::Refused(format!("two entries go by that name: {} and {}", one.dn, two.dn)))
        }
    }
}

/// The entry that goes by the login of one that is not there.
pub(super) fn namesake(talk: &mut Talk, base: &str, login: &str) -> Result<Option<Entry>, crate::ldap::reply::Failure> {
    if login.is_empty() {
        return Ok(None);
    }
    let filter = format!("(sAMAccountName={})", ldap_escape(login));
    Ok(talk.search(base, Scope::Subtree, &filter, &NAMES)?.entries.into_iter().next())
}

/// The entry of whoever signs in by a name: a distinguished name, a principal, `DOMAIN\name`.
pub(super) fn by_login(name: &str) -> String {
    let account = name.rsplit_once('\\').map_or(name, |(_, account)| account);
    let account = ldap_escape(account);
    format!("(|(distinguishedName={account})(userPrincipalName={account})(sAMAccountName={account}))")
}

/// A password as `unicodePwd` takes it (MS-ADTS 3.1.1.3.1.5): in quotes, UTF-16.
pub(super) fn unicode_password(password: &str) -> Vec<u8> {
    format!("\"{password}\"").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// An instant as `accountExpires` takes it: ticks of 100 ns since 1601.
pub(super) fn file_time(at: WallTime) -> i64 {
    const EPOCH_SECS: i64 = 11_644_473_600;
    at.micros().saturating_add(EPOCH_SECS * 1_000_000).saturating_mul(10)
}

#[cfg(test)]
mod tests;
