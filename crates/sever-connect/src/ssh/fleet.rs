//! Keys over many hosts, as facts.
//!
//! A key is one credential, however many hosts and users it opens: it holds the right to be each of
//! those users on each of those hosts. A user name is taken to be one account on all hosts, for that is
//! how directories make them and all that sshd's log says; being a user on a host is a right on
//! `SYSTEM/HOST/USER`, and being root one on all of the host.

use std::collections::{BTreeMap, BTreeSet};

use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Bound, Credential, CredentialId, CredentialKind, Custody,
    EventTime, Exportable, Grant, Holder, PersonId, ResourceId, Rights, Strength, SystemId, Valid,
};

use super::line::{KIND, Key, Signed};
use crate::gathered::{self, Gathered};
use crate::tally::Tally;

/// What a host says of itself.
#[derive(Default)]
pub(crate) struct Host {
    /// Users, and whether they may log in at all.
    pub(crate) users: BTreeMap<String, User>,
    /// Names of files with authorities that the server trusts.
    pub(crate) authority_files: BTreeSet<String>,
    /// Whether principals are listed per user; else a certificate's must be the user's name.
    pub(crate) lists_principals: bool,
    pub(crate) principals: BTreeMap<String, BTreeSet<String>>,
    /// Public keys by the file they are in.
    pub(crate) public: BTreeMap<String, Vec<Key>>,
    pub(crate) has_config: bool,
}

/// A line of `passwd`.
#[derive(Default)]
pub(crate) struct User {
    pub(crate) number: Option<u32>,
    pub(crate) name: String,
    pub(crate) no_login: bool,
}

/// A key on hosts.
#[derive(Default)]
struct Held {
    on_hardware: bool,
    is_authority: bool,
    /// Whether it is known as anything but the key of a certificate.
    plain: bool,
    /// Whom comments and certificates name, with what says so.
    comments: BTreeMap<String, String>,
    /// Hosts and users that it opens, and until when.
    opens: BTreeMap<(String, String), Option<EventTime>>,
    /// Where the private half seems to lie.
    kept: Option<(String, String)>,
    certified: Option<(Option<EventTime>, Option<EventTime>, String)>,
}

/// All hosts of an export.
pub(crate) struct Fleet {
    system: SystemId,
    pub(crate) hosts: BTreeMap<String, Host>,
    keys: BTreeMap<String, Held>,
    certificates: Vec<Signed>,
    /// Authorities in keys files: host, user, fingerprint, principals.
    lines: Vec<(String, String, String, Vec<String>)>,
    limited: u64,
}

/// Being a user: reading, changing and using what is theirs.
const BEING: Rights = Rights::READ.with(Rights::WRITE).with(Rights::USE);

impl Fleet {
    pub(crate) fn new(system: &SystemId) -> Fleet {
        Fleet {
            system: system.clone(),
            hosts: BTreeMap::new(),
            keys: BTreeMap::new(),
            certificates: Vec::new(),
            lines: Vec::new(),
            limited: 0,
        }
    }

    pub(crate) fn host(&mut self, name: &str) -> &mut Host {
        self.hosts.entry(name.to_owned()).or_default()
    }

    /// Takes a key that opens a user on a host; false where it does so already.
    pub(crate) fn opens(&mut self, host: &str, user: &str, key: Key) -> bool {
        self.host(host).users.entry(user.to_owned()).or_default();
        let at = (host.to_owned(), user.to_owned());
        self.limited += u64::from(key.options.is_limited);
        let held = self.keys.entry(key.fingerprint.clone()).or_default();
        held.plain = true;
        held.on_hardware |= key.on_hardware;
        held.comment(&key.comment, host, user);
        if key.options.is_authority {
            held.is_authority = true;
            self.lines.push((at.0, at.1, key.fingerprint, key.options.principals));
            return true;
        }
        let new = !held.opens.contains_key(&at);
        held.opens.entry(at).or_insert(key.options.expires);
        new
    }

    /// Takes a public key that lies beside its private half, in a user's folder.
    pub(crate) fn own(&mut self, host: &str, user: &str, key: Key) {
        let held = self.keys.entry(key.fingerprint.clone()).or_default();
        held.plain = true;
        held.on_hardware |= key.on_hardware;
        held.comment(&key.comment, host, user);
        held.kept.get_or_insert((host.to_owned(), user.to_owned()));
    }

    pub(crate) fn certificate(&mut self, certificate: Signed) {
        self.certificates.push(certificate);
    }

    /// Says it all as facts.
    pub(crate) fn finish(mut self, into: &mut Gathered, tally: &mut Tally<'_>) {
        let trusted = self.trusted(tally);
        self.certified(&trusted, tally);
        for (name, host) in &self.hosts {
            self.users(name, host, into);
        }
        for (fingerprint, hosts) in &trusted {
            for host in hosts {
                let resource = ResourceId::of(&self.system, &format!("{host}/*"));
                self.grant(fingerprint, resource, Rights::ADMIN, Valid::ALWAYS, into);
            }
        }
        for (host, user, fingerprint, _) in &self.lines {
            self.grant(fingerprint, self.place(host, user), BEING, Valid::ALWAYS, into);
        }
        for (fingerprint, held) in &self.keys {
            self.key(fingerprint, held, into);
        }
        if self.limited > 0 {
            let keys = crate::row::counted(self.limited, "key");
            tally.gap(format!("that a key opens only from some addresses or for one command is not weighed ({keys})"));
        }
    }

    /// Authorities that servers trust, and where.
    fn trusted(&mut self, tally: &mut Tally<'_>) -> BTreeMap<String, BTreeSet<String>> {
        let mut trusted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, host) in &self.hosts {
            for file in &host.authority_files {
                let Some(keys) = host.public.get(file) else {
                    tally.partial(format!("{name}: trusts the authorities in `{file}`, which is not in the export"));
                    continue;
                };
                for key in keys {
                    let held = self.keys.entry(key.fingerprint.clone()).or_default();
                    (held.is_authority, held.plain) = (true, true);
                    held.on_hardware |= key.on_hardware;
                    held.comment(&key.comment, name, file);
                    trusted.entry(key.fingerprint.clone()).or_default().insert(name.clone());
                }
            }
        }
        trusted
    }

    /// What certificates open: by principal, on the hosts that trust their authority.
    fn certified(&mut self, trusted: &BTreeMap<String, BTreeSet<String>>, tally: &mut Tally<'_>) {
        let mut untrusted = 0u64;
        for certificate in std::mem::take(&mut self.certificates) {
            let mut opens: Vec<(String, String)> = Vec::new();
            for name in trusted.get(&certificate.authority).into_iter().flatten() {
                let Some(host) = self.hosts.get(name) else { continue };
                if !host.lists_principals {
                    opens.extend(certificate.principals.iter().map(|user| (name.clone(), user.clone())));
                    continue;
                }
                let fits = |names: &BTreeSet<String>| certificate.principals.iter().any(|name| names.contains(name));
                let users = host.principals.iter().filter(|(_, names)| fits(names));
                opens.extend(users.map(|(user, _)| (name.clone(), user.clone())));
            }
            for (host, user, authority, names) in &self.lines {
                let fits =
                    certificate.principals.iter().any(|name| names.contains(name) || names.is_empty() && name == user);
                if *authority == certificate.authority && fits {
                    opens.push((host.clone(), user.clone()));
                }
            }
            untrusted += u64::from(opens.is_empty());
            let held = self.keys.entry(certificate.fingerprint.clone()).or_default();
            held.on_hardware |= certificate.on_hardware;
            let said = format!(
                "certificate `{}`, serial {}, was signed for them by {}",
                certificate.identity, certificate.serial, certificate.authority
            );
            held.comments.entry(certificate.identity.clone()).or_insert(said.clone());
            for at in opens {
                let until = held.opens.entry(at).or_insert(certificate.before);
                // Of several certificates the one that lasts longest counts.
                *until = until.zip(certificate.before).map(|(held, new)| held.max(new));
            }
            let (after, before) = (certificate.after, certificate.before);
            held.certified = Some(match held.certified.take() {
                None => (after, before, said),
                Some((a, b, _)) => (a.min(after), b.zip(before).map(|(a, b)| a.max(b)), said),
            });
        }
        if untrusted > 0 {
            let counted = crate::row::counted(untrusted, "certificate");
            tally.gap(format!(
                "{counted} of no authority that a host in the export trusts: what they open is not known"
            ));
        }
    }

    fn users(&self, name: &str, host: &Host, into: &mut Gathered) {
        let machine = ResourceId::of(&self.system, name);
        into.resource(machine, "machine", None, Valid::ALWAYS);
        for (login, user) in &host.users {
            let id = AccountId::of(&self.system, login);
            let kind = match user.number {
                Some(0) => AccountKind::Shared,
                _ if login == "root" => AccountKind::Shared,
                Some(1..1000) => AccountKind::Service,
                _ => AccountKind::Unknown,
            };
            let status = if user.no_login { AccountStatus::Disabled } else { AccountStatus::Enabled };
            let (account, _) =
                into.account_or(&id, || Account { kind, status, ..gathered::account(id.clone(), login) });
            // Whoever may log in somewhere may log in.
            if status == AccountStatus::Enabled {
                account.status = status;
            }
            if account.display_name.is_empty() {
                account.display_name.clone_from(&user.name);
            }
            into.right(Holder::Account(id), self.place(name, login), self.being(login));
        }
    }

    /// What being a user is a right on.
    fn place(&self, host: &str, user: &str) -> ResourceId {
        let native = if user == "root" { format!("{host}/*") } else { format!("{host}/{user}") };
        ResourceId::of(&self.system, &native)
    }

    fn being(&self, user: &str) -> Rights {
        if user == "root" { Rights::ADMIN } else { BEING }
    }

    fn grant(&self, fingerprint: &str, resource: ResourceId, rights: Rights, valid: Valid, into: &mut Gathered) {
        let holder = Holder::Credential(CredentialId::of(&self.system, fingerprint));
        into.grant(Grant { holder, resource, rights, granted_by: None, last_used: None }, valid);
    }

    fn key(&self, fingerprint: &str, held: &Held, into: &mut Gathered) {
        let id = CredentialId::of(&self.system, fingerprint);
        let users: BTreeSet<&str> = held.opens.keys().map(|(_, user)| user.as_str()).collect();
        let only = users.first().filter(|_| users.len() == 1);
        let kind = match (held.is_authority, held.plain) {
            (true, _) => CredentialKind::SigningKey,
            (false, true) => KIND,
            (false, false) => CredentialKind::Certificate,
        };
        let (after, before) = match &held.certified {
            Some((after, before, _)) if !held.plain => (*after, *before),
            _ => (None, None),
        };
        let credential = Credential {
            account: only.map(|user| AccountId::of(&self.system, user)),
            kept_at: held.kept.as_ref().map(|(host, user)| ResourceId::of(&self.system, &format!("{host}/{user}"))),
            exportable: if held.on_hardware { Exportable::No } else { Exportable::Unknown },
            expires_at: before,
            activated_at: after,
            ..gathered::credential(id.clone(), kind)
        };
        into.credential_or(&id, || (credential, Valid::ALWAYS));
        for ((host, user), until) in &held.opens {
            let from = held.certified.as_ref().filter(|_| !held.plain).and_then(|(after, ..)| *after);
            let bound = |at: Option<EventTime>| at.map_or(Bound::Unbounded, Bound::At);
            let valid = Valid { from: bound(from), to: bound(*until) };
            self.grant(fingerprint, self.place(host, user), self.being(user), valid, into);
        }
        for (comment, evidence) in &held.comments {
            let custody = Custody {
                holder: self.named(comment, into),
                credential: id.clone(),
                strength: Strength::Made,
                evidence: evidence.clone(),
            };
            into.custody(custody, Valid::ALWAYS);
        }
    }

    /// Whom a comment or a certificate's identity seems to name: an account here, else somebody by that
    /// address or login.
    fn named(&self, comment: &str, into: &Gathered) -> Holder {
        let local = comment.split('@').next().unwrap_or(comment);
        let account = AccountId::of(&self.system, local);
        if into.has_account(&account) && local != "root" {
            return Holder::Account(account);
        }
        let is_address = comment.split_once('@').is_some_and(|(_, domain)| domain.contains('.'));
        Holder::Person(PersonId::from(if is_address { comment.to_lowercase() } else { local.to_owned() }))
    }
}

impl Held {
    /// Notes a comment; one that names nobody is none.
    fn comment(&mut self, comment: &str, host: &str, user: &str) {
        let comment = comment.trim();
        if comment.is_empty() || comment.contains(char::is_whitespace) {
            return;
        }
        let said = || format!("the key's comment at {host}/{user} is `{comment}`, which whoever wrote it chose");
        self.comments.entry(comment.to_owned()).or_insert_with(said);
    }
}
