//! What a method of Google Cloud does: its kind, and the words of [`crate::action`].
//!
//! Told from the last part of its name, whatever its case (`SetIamPolicy`, `v1.compute.images.setIamPolicy`),
//! for services name the same thing alike; where that does not do, from more of it.

use sever_model::EventKind;

use crate::format::kubernetes_audit::request::Request;

/// What a method does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method {
    pub kind: EventKind,
    pub words: &'static [&'static str],
    /// What it mints, if it mints something: the class of token.
    pub mints: Option<&'static str>,
}

/// What an entry tells of its call beside the method's name.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct About {
    /// It stands in the log of administrative changes.
    pub administrative: bool,
    /// It changes what a resource logs.
    pub logging: bool,
    /// It puts SSH keys into metadata.
    pub ssh_keys: bool,
    /// It changes which accesses are recorded.
    pub audit_configs: bool,
}

/// Beginnings of names that change nothing.
const READS: &[&str] = &[
    "get",
    "list",
    "aggregatedlist",
    "batchget",
    "search",
    "read",
    "query",
    "watch",
    "test",
    "check",
    "lookup",
    "describe",
    "fetch",
    "download",
    "count",
    "validate",
    "access",
    "generate",
    "sign",
    "encrypt",
    "decrypt",
    "rawencrypt",
    "rawdecrypt",
    "asymmetric",
    "mac",
    "connect",
    "exchange",
    "export",
    "analyze",
    "preview",
    "recognize",
    "detect",
    "predict",
    "stream",
    "pull",
    "insertjob",
    "authorizeuser",
    "introspect",
    "resolve",
    "report",
];

/// Names whose answer is a secret.
const SECRETS: &[&str] = &["accesssecretversion", "decrypt", "rawdecrypt", "asymmetricdecrypt", "getkeystring"];

const CREATE_ACCOUNT: &[&str] = &["createserviceaccount", "createuser", "create_user"];

const CREATE_KEY: &[&str] = &[
    "createserviceaccountkey",
    "uploadserviceaccountkey",
    "createkey",
    "createcryptokey",
    "createcryptokeyversion",
    "importcryptokeyversion",
    "importsshpublickey",
    "createsshpublickey",
    "addsecretversion",
    "createsecretversion",
    "createcertificate",
    "resetwindowspassword",
];

/// Beginnings of names that give rights, or decide who is let in.
const GRANT: &[&str] = &[
    "setiam",
    "updateiam",
    "insertprojectownershipinvite",
    "createworkloadidentitypool",
    "updateworkloadidentitypool",
    "createworkforcepool",
    "updateworkforcepool",
    "createrole",
    "updaterole",
    "undeleterole",
    "createmembership",
    "updatemembership",
    "createpolicybinding",
    "creategrant",
    "approvegrant",
    "assignrole",
    "assign_role",
    "inboundssoprofilecreated",
    "createorgpolicy",
    "setorgpolicy",
    "updatepolicy",
    "clearorgpolicy",
];

/// Names that change what is recorded, or for how long.
const AUDIT: &[&str] = &[
    "createsink",
    "updatesink",
    "deletesink",
    "updatebucket",
    "updatebucketasync",
    "deletebucket",
    "createexclusion",
    "updateexclusion",
    "deleteexclusion",
    "deletelog",
    "deleteview",
    "updateview",
    "updatesettings",
    "updatecmeksettings",
    "deletelogmetric",
    "createmuteconfig",
    "updatemuteconfig",
    "deletenotificationconfig",
    "lockretentionpolicy",
    "setauditconfig",
];

const LOGINS: &[&str] = &["loginsuccess", "loginfailure", "loginchallenge", "loginverification"];

/// Names that mint a token, and its class.
const MINTS: &[(&str, &str)] =
    &[("generateaccesstoken", "access"), ("generateidtoken", "id"), ("signjwt", "jwt"), ("exchangetoken", "federated")];

impl Method {
    pub fn of(service: &str, name: &str, about: About) -> Method {
        if let Some(parts) = kubernetes(name) {
            let [resource, subresource, verb] = parts;
            let Request { kind, words } = Request::of(verb, resource, subresource);
            let mints = (parts == ["serviceaccounts", "token", "create"]).then_some("service-account");
            return Method { kind, words, mints };
        }
        let mut parts = name.rsplit('.');
        let (last, group) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let mints = MINTS.iter().find(|(name, _)| name.eq_ignore_ascii_case(last)).map(|(_, class)| *class);
        // What a minting call mints is an event of its own.
        let kind = if mints.is_some() { EventKind::Used } else { kind(last, about) };
        Method { kind, words: words(service, group, last, about), mints }
    }
}

/// Resource, subresource and verb of `io.k8s.core.v1.pods.exec.create`.
fn kubernetes(name: &str) -> Option<[&str; 3]> {
    let mut parts = name.strip_prefix("io.k8s.")?.split('.').skip_while(|part| !is_version(part)).skip(1);
    let resource = parts.next()?;
    match (parts.next(), parts.next()) {
        (Some(subresource), Some(verb)) => Some([resource, subresource, verb]),
        (Some(verb), None) => Some([resource, "", verb]),
        _ => Some(["", "", resource]),
    }
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_digit()))
}

fn kind(last: &str, about: About) -> EventKind {
    match last {
        _ if is(last, LOGINS) => EventKind::Authenticated,
        _ if is(last, SECRETS) => EventKind::Read,
        _ if begins(last, READS) => EventKind::Used,
        // A name without a verb says nothing of itself; the log that it stands in may.
        _ if about.administrative || begins(last, CHANGES) => EventKind::Changed,
        _ => EventKind::Used,
    }
}

/// Beginnings of names that change something.
const CHANGES: &[&str] = &[
    "abandon",
    "accept",
    "add",
    "apply",
    "approve",
    "assign",
    "attach",
    "batch",
    "bulk",
    "cancel",
    "change",
    "clear",
    "clone",
    "close",
    "commit",
    "compose",
    "copy",
    "create",
    "deploy",
    "deprecate",
    "destroy",
    "delete",
    "detach",
    "disable",
    "enable",
    "import",
    "inbound",
    "insert",
    "invite",
    "lock",
    "move",
    "modify",
    "patch",
    "promote",
    "publish",
    "purge",
    "recreate",
    "reject",
    "remove",
    "replace",
    "reset",
    "resize",
    "restart",
    "restore",
    "resume",
    "revoke",
    "rewrite",
    "rollback",
    "rotate",
    "run",
    "send",
    "set",
    "start",
    "stop",
    "submit",
    "suspend",
    "switch",
    "undelete",
    "update",
    "upload",
    "write",
];

fn words(service: &str, group: &str, last: &str, about: About) -> &'static [&'static str] {
    let logging = service.is_empty() || begins(service, &["logging", "securitycenter"]);
    let audit = about.logging || (is(last, AUDIT) && logging) || is(last, &["lockretentionpolicy"]);
    let delete = begins(last, &["delete", "batchdelete", "bulkdelete", "destroy", "purge"]);
    match (delete, audit) {
        (true, true) => return &["delete", "audit"],
        (true, false) => return &["delete"],
        (false, true) => return &["audit"],
        (false, false) => {}
    }
    let makes = is(last, &["insert", "create"]);
    let opens = begins(group, &["firewall", "networkfirewall"]);
    match last {
        _ if is(last, CREATE_ACCOUNT) || (makes && is(group, &["users"])) => &["create-account"],
        _ if is(last, CREATE_KEY) || about.ssh_keys => &["create-key"],
        _ if makes && is(group, &["hmackeys", "sslcerts"]) => &["create-key"],
        _ if about.audit_configs => &["grant", "audit"],
        _ if begins(last, GRANT) => &["grant"],
        // A rule that lets traffic in is a right.
        _ if opens && is(last, &["insert", "patch", "update", "addrule", "patchrule"]) => &["grant"],
        _ if begins(last, &["enable", "undelete"]) => &["enable"],
        _ if begins(last, &["disable"]) => &["disable"],
        _ if begins(last, &["export"]) => &["export"],
        _ => &[],
    }
}

fn is(name: &str, one_of: &[&str]) -> bool {
    one_of.iter().any(|it| it.eq_ignore_ascii_case(name))
}

fn begins(name: &str, with: &[&str]) -> bool {
    let begins = |with: &&str| name.get(..with.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(with));
    with.iter().any(begins)
}
