//! What is particular to OpenLDAP: its names of things, and how an account is found.

use ldap3::{Scope, ldap_escape};
use sever_model::act::ActError;
use sever_model::{AccountId, Span};

use crate::ldap::reply::Reply;
use crate::ldap::talk::Talk;
use crate::ldif::wire::Entry;

/// The lock that does not pass (draft-behera-ldap-password-policy-10 §5.3.3).
pub(super) const FOR_EVER: &str = "000001010000Z";

/// Where the monitor lists connections.
pub(super) const CONNECTIONS: &str = "cn=Connections,cn=Monitor";

/// How long a replica may lag behind what syncrepl hands on at once.
pub(super) const WINDOW: Span = Span::secs(5);

/// The attributes in which groups name members: by distinguished name, and by login.
pub(super) const MEMBERS: [&str; 3] = ["member", "uniqueMember", "roleOccupant"];
/// By login.
pub(super) const MEMBER_LOGINS: &str = "memberUid";

/// What is read of an account.
pub(super) const NAMES: [&str; 19] = [
    "objectClass",
    "entryUUID",
    "uid",
    "cn",
    "createTimestamp",
    "memberOf",
    "authTimestamp",
    "pwdLastSuccess",
    "pwdAccountLockedTime",
    "pwdFailureTime",
    "pwdPolicySubentry",
    "pwdEndTime",
    "shadowExpire",
    "sshPublicKey",
    "userCertificate",
    "structuralObjectClass",
    "pwdChangedTime",
    "pwdReset",
    "ipaSshPubKey",
];

/// A filter for an entry's unchanging id; `None` for what is no such id.
pub(super) fn by_id(id: &str) -> Option<String> {
    let shaped = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    shaped.then(|| format!("(entryUUID={id})"))
}

/// The entry of an account: by its id, or by its login where the inventory has no id of it.
///
/// # Errors
/// When it cannot be looked for, or two entries go by it.
pub(super) fn find(talk: &mut Talk, base: &str, of: &AccountId, login: &str) -> Result<Option<Entry>, ActError> {
    let native = of.native();
    let found = match by_id(native) {
        Some(filter) => talk.search(base, Scope::Subtree, &filter, &NAMES)?,
        None if native.contains('=') => talk.search(native, Scope::Base, "(objectClass=*)", &NAMES)?,
        None => {
            let (native, login) = (ldap_escape(native), ldap_escape(login));
            let filter = format!("(|(uid={native})(uid={login}))");
            talk.search(base, Scope::Subtree, &filter, &NAMES)?
        }
    };
    let mut entries = found.entries.into_iter();
    match (entries.next(), entries.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => Ok(Some(one)),
        (Some(one), Some(two)) => {
            Err(ActError::Refused(format!("two entries go by that name: {} and {}", one.dn, two.dn)))
        }
    }
}

/// A connection that is open now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Live {
    /// `number@start`, which no other connection has had.
    pub(super) id: String,
    /// As whom.
    pub(super) dn: String,
    /// From where.
    pub(super) peer: String,
}

/// The connections that the monitor shows; `Err` with its answer where it shows none, for ours is one.
pub(super) fn connections(talk: &mut Talk) -> Result<Result<Vec<Live>, Reply>, crate::ldap::reply::Failure> {
    const NAMES: [&str; 4] = [
        "monitorConnectionNumber",
        "monitorConnectionStartTime",
        "monitorConnectionAuthzDN",
        "monitorConnectionPeerAddress",
    ];
    let found = talk.search(CONNECTIONS, Scope::OneLevel, "(objectClass=monitorConnection)", &NAMES)?;
    let live: Vec<Live> = found.entries.iter().filter_map(live).collect();
    Ok(if found.is_whole && !live.is_empty() { Ok(live) } else { Err(found.reply) })
}

fn live(entry: &Entry) -> Option<Live> {
    let number = entry.first("monitorconnectionnumber")?;
    let start = entry.first("monitorconnectionstarttime").unwrap_or_default();
    Some(Live {
        id: format!("{number}@{start}"),
        dn: entry.first("monitorconnectionauthzdn").unwrap_or_default().to_owned(),
        peer: entry.first("monitorconnectionpeeraddress").unwrap_or_default().to_owned(),
    })
}
