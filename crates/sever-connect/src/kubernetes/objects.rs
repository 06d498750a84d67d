//! Objects of a cluster as facts: roles, bindings, service accounts, secrets, requests for certificates.
//!
//! A role is a group with rights, a binding puts subjects into it. A cluster role that is bound in a
//! namespace gives its rights in that namespace only, so that it is a group of its own there:
//! `clusterrole/edit@shop`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sever_model::port::Reason;
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Credential, CredentialId, CredentialKind, Exportable, Grant,
    GroupId, Holder, ResourceId, Span, SystemId, Valid,
};

use super::rules::{Right, rights_of};
use crate::gathered::{self, Gathered, since};
use crate::members::{list, need, owned, text, time};
use crate::tally::Tally;

/// A role, until it is known where it is bound.
struct Role {
    rules: Vec<Value>,
    /// Labels by which a cluster role takes over the rules of others, each of them enough.
    takes_over: Vec<BTreeMap<String, String>>,
    labels: BTreeMap<String, String>,
    valid: Valid,
    made_by: Option<String>,
}

/// A binding, until all roles are known.
struct Binding {
    namespace: Option<String>,
    role_kind: String,
    role: String,
    subjects: Vec<Value>,
    valid: Valid,
}

/// What was read of a cluster.
pub(crate) struct Cluster {
    system: SystemId,
    /// By namespace, if it has one, and name.
    roles: BTreeMap<(Option<String>, String), Role>,
    bindings: Vec<Binding>,
    seen: BTreeSet<String>,
    values: u64,
}

/// Kinds of object that are read.
const KINDS: [&str; 7] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "ServiceAccount",
    "Secret",
    "CertificateSigningRequest",
];

impl Cluster {
    pub(crate) fn new(system: &SystemId) -> Cluster {
        Cluster {
            system: system.clone(),
            roles: BTreeMap::new(),
            bindings: Vec::new(),
            seen: BTreeSet::new(),
            values: 0,
        }
    }

    /// Takes one object.
    pub(crate) fn take(&mut self, value: &Value, into: &mut Gathered) -> Result<(), Reason> {
        let kind = need(value, "/kind")?;
        if !KINDS.contains(&kind) {
            return Err(Reason::Unrelated);
        }
        let name = need(value, "/metadata/name")?;
        let namespace = owned(value, "/metadata/namespace");
        let key = format!("{kind} {}/{name}", namespace.as_deref().unwrap_or_default());
        if self.seen.contains(&key) {
            return Err(Reason::Conflict(format!("{kind} `{}` is there twice", crate::row::shortened(name))));
        }
        let valid = since(time(value, "/metadata/creationTimestamp")?);
        match kind {
            "Role" | "ClusterRole" => {
                let role = Role {
                    rules: list(value, "/rules").to_vec(),
                    takes_over: list(value, "/aggregationRule/clusterRoleSelectors")
                        .iter()
                        .map(|selector| labels(selector, "/matchLabels"))
                        .filter(|labels| !labels.is_empty())
                        .collect(),
                    labels: labels(value, "/metadata/labels"),
                    valid,
                    made_by: manager(value),
                };
                self.roles.insert((namespace, name.to_owned()), role);
            }
            "RoleBinding" | "ClusterRoleBinding" => {
                let (role_kind, role) = (need(value, "/roleRef/kind")?, need(value, "/roleRef/name")?);
                self.bindings.push(Binding {
                    namespace,
                    role_kind: role_kind.to_owned(),
                    role: role.to_owned(),
                    subjects: list(value, "/subjects").to_vec(),
                    valid,
                });
            }
            "ServiceAccount" => {
                let namespace = namespace.ok_or(Reason::Missing("namespace"))?;
                let id = self.service_account(&namespace, name, into);
                let (account, when) = into.account_or(&id, || gathered::account(id.clone(), id.native()));
                account.status = AccountStatus::Enabled;
                account.created_by = manager(value);
                account.owner =
                    ["owner", "team"].iter().find_map(|key| owned(value, &format!("/metadata/labels/{key}")));
                *when = valid;
            }
            "Secret" => self.secret(value, &namespace.ok_or(Reason::Missing("namespace"))?, name, valid, into)?,
            _ => self.request(value, name, valid, into)?,
        }
        self.seen.insert(key);
        Ok(())
    }

    /// Which of the kinds of object there were.
    pub(crate) fn has(&self, kind: &str) -> bool {
        self.seen.iter().any(|key| key.split(' ').next() == Some(kind))
    }

    /// An account for a service account, by the name under which it acts.
    fn service_account(&self, namespace: &str, name: &str, into: &mut Gathered) -> AccountId {
        let user = format!("system:serviceaccount:{namespace}:{name}");
        let id = AccountId::of(&self.system, &user);
        if !into.has_account(&id) {
            into.account_or(&id, || Account {
                kind: AccountKind::Service,
                display_name: format!("{namespace}/{name}"),
                ..gathered::account(id.clone(), &user)
            });
            let own = format!("system:serviceaccounts:{namespace}");
            for group in ["system:serviceaccounts", own.as_str(), "system:authenticated"] {
                self.implied(Holder::Account(id.clone()), group, into);
            }
        }
        id
    }

    /// Groups that the server puts everybody of a kind into.
    fn implied(&self, member: Holder, group: &str, into: &mut Gathered) {
        let id = GroupId::of(&self.system, group);
        into.group_or(&id, group);
        into.member(member, id, Valid::ALWAYS);
    }

    /// A secret's name, kind and place; its value is not looked at.
    fn secret(
        &mut self,
        value: &Value,
        namespace: &str,
        name: &str,
        valid: Valid,
        into: &mut Gathered,
    ) -> Result<(), Reason> {
        let holds = |member: &str| value.get(member).and_then(Value::as_object).is_some_and(|it| !it.is_empty());
        self.values += u64::from(holds("data") || holds("stringData"));
        let kind = text(value, "/type").unwrap_or("Opaque");
        // Helm keeps its releases as secrets; they are none of those that open a door by themselves.
        if kind.starts_with("helm.sh/") {
            return Ok(());
        }
        let owner = text(value, "/metadata/annotations/kubernetes.io~1service-account.name");
        let account = match kind {
            "kubernetes.io/service-account-token" => {
                Some(self.service_account(namespace, owner.ok_or(Reason::Missing("service-account.name"))?, into))
            }
            _ => None,
        };
        let credential_kind = match kind {
            "kubernetes.io/service-account-token" | "bootstrap.kubernetes.io/token" => CredentialKind::Token,
            "kubernetes.io/tls" => CredentialKind::Certificate,
            "kubernetes.io/ssh-auth" => CredentialKind::SshKey,
            "kubernetes.io/basic-auth" => CredentialKind::Password,
            _ => CredentialKind::Secret,
        };
        let native = format!("{namespace}/secrets/{name}");
        let place = ResourceId::of(&self.system, &native);
        into.resource(place.clone(), "secret", None, valid);
        let credential = Credential {
            account,
            kept_at: Some(place),
            exportable: Exportable::Yes,
            ..gathered::credential(CredentialId::of(&self.system, &native), credential_kind)
        };
        into.credential(credential, valid)
    }

    /// A certificate that the cluster signed, which nothing revokes before it ends.
    fn request(&mut self, value: &Value, name: &str, valid: Valid, into: &mut Gathered) -> Result<(), Reason> {
        let approved = list(value, "/status/conditions").iter().any(|it| text(it, "/type") == Some("Approved"));
        let signer = text(value, "/spec/signerName").unwrap_or_default();
        if !approved || signer != "kubernetes.io/kube-apiserver-client" {
            return Ok(());
        }
        let secs = value.pointer("/spec/expirationSeconds").and_then(Value::as_i64);
        let made = time(value, "/metadata/creationTimestamp")?;
        let id = CredentialId::of(&self.system, &format!("certificatesigningrequests/{name}"));
        let credential = Credential {
            created_by: owned(value, "/spec/username"),
            expires_at: made.zip(secs).map(|(made, secs)| made.plus(Span::secs(secs))),
            ..gathered::credential(id, CredentialKind::Certificate)
        };
        into.credential(credential, valid)
    }

    /// Binds subjects to roles.
    pub(crate) fn finish(mut self, into: &mut Gathered, tally: &mut Tally<'_>) {
        let mut unknown = BTreeSet::new();
        let mut done = BTreeSet::new();
        for binding in std::mem::take(&mut self.bindings) {
            let within = (binding.role_kind == "Role").then(|| binding.namespace.clone()).flatten();
            let Some(role) = self.roles.get(&(within, binding.role.clone())) else {
                unknown.insert(format!("{} {}", binding.role_kind, binding.role));
                continue;
            };
            let native = match (&binding.namespace, binding.role_kind.as_str()) {
                (Some(namespace), "Role") => format!("role/{namespace}/{}", binding.role),
                (Some(namespace), _) => format!("clusterrole/{}@{namespace}", binding.role),
                (None, _) => format!("clusterrole/{}", binding.role),
            };
            let group = GroupId::of(&self.system, &native);
            if done.insert(native.clone()) {
                into.group_or(&group, &native);
                for (place, rights) in self.rights(role, binding.namespace.as_deref()) {
                    let grant = Grant {
                        holder: Holder::Group(group.clone()),
                        resource: ResourceId::of(&self.system, &place),
                        rights,
                        granted_by: role.made_by.clone(),
                        last_used: None,
                    };
                    into.grant(grant, role.valid);
                }
            }
            for subject in &binding.subjects {
                if let Some(member) = self.subject(subject, binding.namespace.as_deref(), into) {
                    into.member(member, group.clone(), binding.valid);
                }
            }
        }
        if let Some(first) = unknown.first() {
            let count = crate::row::counted(unknown.len() as u64, "role");
            tally.partial(format!(
                "{count} bound but not in the export, such as `{first}`: what they allow is not known"
            ));
        }
        if self.values > 0 {
            tally.gap(format!(
                "{} exported WITH ITS VALUE: nothing of it was read here; whoever has the file has them; export with \
                 `jq 'del(.items[].data)'` and delete this one",
                crate::row::counted(self.values, "secret")
            ));
        }
    }

    fn rights(&self, role: &Role, namespace: Option<&str>) -> Vec<Right> {
        let mut rights: Vec<Right> = role.rules.iter().flat_map(|rule| rights_of(rule, namespace)).collect();
        // A server fills in the rules that are taken over; a manifest does not.
        if role.rules.is_empty() {
            let fits = |other: &Role| {
                role.takes_over
                    .iter()
                    .any(|wanted| wanted.iter().all(|(key, value)| other.labels.get(key) == Some(value)))
            };
            let others = self.roles.iter().filter(|((namespace, _), other)| namespace.is_none() && fits(other));
            rights.extend(others.flat_map(|(_, other)| &other.rules).flat_map(|rule| rights_of(rule, namespace)));
        }
        rights
    }

    fn subject(&self, subject: &Value, namespace: Option<&str>, into: &mut Gathered) -> Option<Holder> {
        let name = text(subject, "/name")?;
        match text(subject, "/kind")? {
            "ServiceAccount" => {
                let namespace = text(subject, "/namespace").or(namespace)?;
                Some(Holder::Account(self.service_account(namespace, name, into)))
            }
            "Group" => {
                let id = GroupId::of(&self.system, name);
                into.group_or(&id, name);
                Some(Holder::Group(id))
            }
            // Users are whatever the authenticator says; the name is all that the cluster knows.
            _ => {
                let id = AccountId::of(&self.system, name);
                let kind = if name.starts_with("system:") { AccountKind::Service } else { AccountKind::Unknown };
                let emails: Vec<String> =
                    Some(name.to_lowercase()).filter(|name| name.contains('@')).into_iter().collect();
                into.account_or(&id, || Account { kind, emails, ..gathered::account(id.clone(), name) });
                if name != "system:anonymous" {
                    self.implied(Holder::Account(id.clone()), "system:authenticated", into);
                }
                Some(Holder::Account(id))
            }
        }
    }
}

fn labels(value: &Value, pointer: &str) -> BTreeMap<String, String> {
    let members = value.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The program that first wrote an object: a hint at who made it, no more.
fn manager(value: &Value) -> Option<String> {
    let fields = list(value, "/metadata/managedFields");
    let first = fields.iter().min_by_key(|field| text(field, "/time").unwrap_or("~"))?;
    owned(first, "/manager")
}
