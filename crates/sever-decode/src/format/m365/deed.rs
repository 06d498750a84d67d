//! What an operation tells: its kind, and the words of [`crate::action`].
//!
//! Operations are named in four ways: by cmdlets (`New-InboxRule`), in the past tense
//! (`FileDownloaded`), by Entra's sentences (`Add user.`), and by themselves (`HardDelete`).
//!
//! Source: Microsoft's list of audit log activities.

use sever_model::EventKind;

use crate::format::entra::words;

/// What an operation tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deed {
    pub kind: EventKind,
    pub words: &'static [&'static str],
    /// Whether its name says that it failed.
    pub is_failure: bool,
    /// Whether it is only logged once it is done.
    pub is_done: bool,
}

/// Parameters that send mail on to somebody.
pub(super) const FORWARDS: &[&str] =
    &["ForwardTo", "ForwardAsAttachmentTo", "RedirectTo", "ForwardingSmtpAddress", "ForwardingAddress", "BlindCopyTo"];

/// Parameters of cmdlets by which less is recorded.
const AUDIT_PARAMETERS: &[&str] =
    &["AuditEnabled", "AuditDisabled", "AuditLogAgeLimit", "AuditBypassEnabled", "UnifiedAuditLogIngestionEnabled"];

const SIGN_INS: &[&str] = &[
    "userloggedin",
    "userloginfailed",
    "mailboxlogin",
    "signinevent",
    "teamssessionstarted",
    "logon",
    "foreignrealmindexlogoninitialauthusingadfsfederatedtoken",
    "foreignrealmindexlogoncookiecopyusingdatoken",
    "foreignrealmindexlogoninitialauthusingsaml",
];

const GRANTS: &[&str] = &[
    "add-mailboxpermission",
    "add-recipientpermission",
    "add-mailboxfolderpermission",
    "set-mailboxfolderpermission",
    "addfolderpermissions",
    "modifyfolderpermissions",
    "updatefolderpermissions",
    "updatecalendardelegation",
    "add-rolegroupmember",
    "update-rolegroupmember",
    "new-managementroleassignment",
    "set-managementroleassignment",
    "new-rolegroup",
    "add-distributiongroupmember",
    "add-unifiedgrouplinks",
    "addedtosecurelink",
    "addedtosharinglink",
    "addedtogroup",
    "sharingset",
    "sharinginvitationcreated",
    "sharinginvitationaccepted",
    "anonymouslinkcreated",
    "anonymouslinkupdated",
    "companylinkcreated",
    "securelinkcreated",
    "sharinglinkcreated",
    "accessrequestapproved",
    "sitecollectionadminadded",
    "sitepermissionsmodified",
    "sitesharingpolicychanged",
    "sharingpolicychanged",
    "sharinginheritancebroken",
    "permissionleveladded",
    "permissionlevelmodified",
    "memberadded",
    "memberrolechanged",
    "addgroupmembers",
    "addworkspacemember",
    "updateworkspaceaccess",
    "sharereport",
    "sharedashboard",
    "sharedataset",
    "ediscoverycaseadminadded",
    "caseadminadded",
    "casememberadded",
    "new-federationtrust",
];

const EXPORTS: &[&str] = &[
    "new-mailboxexportrequest",
    "new-compliancesearchaction",
    "searchexported",
    "searchexportdownloaded",
    "searchexportstarted",
    "exportstarted",
    "viewedsearchexported",
    "exportreport",
    "downloadreport",
    "exporttile",
    "exportdataflow",
    "exportactivityevents",
    "exportartifact",
    "filesyncdownloadedfull",
    "exportchat",
    "burnjob",
    "downloaddocument",
];

const READS: &[&str] = &["get-bitlockerkey", "viewbitlockerkey", "read bitlocker key", "get-lapspassword"];

impl Deed {
    /// What an operation tells; `fields` are the names of its parameters, `forwards` whether one of
    /// them sends mail on.
    pub fn of(operation: &str, workload: &str, fields: &str, forwards: bool) -> Deed {
        let name = operation.trim_end_matches('.').to_lowercase();
        let any = |names: &[&str]| names.contains(&name.as_str());
        let less_recorded =
            fields.split(',').any(|field| AUDIT_PARAMETERS.iter().any(|of| field.eq_ignore_ascii_case(of)));
        let audit = name.contains("audit") || (less_recorded && name.contains('-'));
        let (kind, words): (EventKind, &'static [&'static str]) = if any(SIGN_INS) {
            (EventKind::Authenticated, &[])
        } else if any(READS) {
            (EventKind::Read, &[])
        } else if any(EXPORTS) {
            (EventKind::Used, &["export"])
        } else if any(GRANTS) {
            (EventKind::Changed, &["grant"])
        } else if workload.eq_ignore_ascii_case("AzureActiveDirectory") || name.contains(' ') {
            let deed = words::Deed::of(operation.trim_end_matches('.'));
            (deed.kind, deed.words)
        } else if forwards {
            (EventKind::Changed, &["export"])
        } else if name.contains('-') {
            cmdlet(&name, audit)
        } else {
            told(&name, audit)
        };
        let places = ["SharePoint", "OneDrive", "MicrosoftTeams", "Teams", "Yammer", "PowerBI", "MicrosoftForms"];
        let is_done = places.iter().any(|place| workload.eq_ignore_ascii_case(place));
        Deed { kind, words, is_failure: name == "userloginfailed" || name.ends_with("failed"), is_done }
    }
}

/// An operation that is called like the cmdlet it is done by.
fn cmdlet(name: &str, audit: bool) -> (EventKind, &'static [&'static str]) {
    let (verb, noun) = name.split_once('-').unwrap_or((name, ""));
    let of_rights = ["permission", "member", "assignment", "links"].iter().any(|part| noun.contains(part));
    match verb {
        "get" | "test" | "search" | "show" | "measure" => (EventKind::Used, &[]),
        "remove" | "clear" if audit => (EventKind::Changed, &["delete", "audit"]),
        "disable" if audit => (EventKind::Changed, &["disable", "audit"]),
        _ if audit => (EventKind::Changed, &["audit"]),
        // Taking a right away destroys nothing.
        "remove" | "clear" if of_rights => (EventKind::Changed, &[]),
        "remove" | "clear" => (EventKind::Changed, &["delete"]),
        "enable" => (EventKind::Changed, &["enable"]),
        "disable" => (EventKind::Changed, &["disable"]),
        "export" => (EventKind::Used, &["export"]),
        "new" | "add" if matches!(noun, "mailbox" | "mailuser" | "remotemailbox" | "syncmailuser") => {
            (EventKind::Changed, &["create-account"])
        }
        "new" if matches!(noun, "exchangecertificate" | "authserver" | "dkimsigningconfig") => {
            (EventKind::Changed, &["create-key"])
        }
        _ => (EventKind::Changed, &[]),
    }
}

/// An operation that is told in the past tense, or by itself.
fn told(name: &str, audit: bool) -> (EventKind, &'static [&'static str]) {
    let ends = |with: &[&str]| with.iter().any(|end| name.ends_with(end));
    let begins = |with: &[&str]| with.iter().any(|start| name.starts_with(start));
    let of_rights =
        ["member", "link", "group", "permission", "admin", "sharing"].iter().any(|part| name.contains(part));
    if ends(&["deleted", "recycled", "purged"]) || begins(&["harddelete", "softdelete", "delete", "recorddelete"]) {
        (EventKind::Changed, if audit { &["delete", "audit"] } else { &["delete"] })
    } else if ends(&["removed", "revoked"]) {
        (EventKind::Changed, if of_rights { &[] } else { &["delete"] })
    } else if ends(&["enabled", "unlocked", "restored"]) {
        (EventKind::Changed, &["enable"])
    } else if ends(&["disabled", "locked"]) {
        (EventKind::Changed, if audit { &["disable", "audit"] } else { &["disable"] })
    } else if ends(&[
        "accessed",
        "viewed",
        "downloaded",
        "previewed",
        "used",
        "searched",
        "opened",
        "requested",
        "accessedextended",
    ]) || begins(&["view", "search", "get", "send", "print", "browse", "query", "messageread", "folderbind"])
        || name == "pageprefetched"
    {
        (EventKind::Used, &[])
    } else {
        (EventKind::Changed, if audit { &["audit"] } else { &[] })
    }
}
