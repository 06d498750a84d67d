//! `kubernetes`: who may do what in a cluster, by its roles and bindings.
//!
//! Bounded by the objects of one export.

use serde_json::Value;
use sever_model::FactKind;
use sever_model::port::{Reason, Source, SourceError};

use super::objects::Cluster;
use crate::documents::{Documents, each, only};
use crate::files::Parts;
use crate::gathered::Gathered;
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "kubernetes",
    title: "Kubernetes roles and bindings",
    about: "The cluster's own lists as JSON:\n\n\
            ```sh\n\
            kubectl get clusterroles,roles,clusterrolebindings,rolebindings,serviceaccounts -A -o json --show-managed-fields > rbac.json\n\
            kubectl get secrets -A -o json | jq 'del(.items[].data, .items[].metadata.annotations[\"kubectl.kubernetes.io/last-applied-configuration\"])' > secrets.json\n\
            kubectl get certificatesigningrequests -o json > requests.json\n\
            ```\n\n\
            Users and service accounts become accounts by the names that the audit log has \
            (`system:serviceaccount:NAMESPACE:NAME`); roles become groups with rights on `SYSTEM/NAMESPACE/KIND/NAME`, \
            and a cluster role that a namespace binds a group of its own there. Whoever may `get` or `list` secrets, or \
            run a container in a namespace, could read its secrets. `escalate` and `bind` are the right to grant; \
            `impersonate` on groups that are not named administers all. Secrets become credentials that are kept \
            there: tokens of service accounts with their account, and never a value. A client certificate that the \
            cluster signed cannot be revoked before it ends.\n\n\
            It cannot say which people are in a group or who a user is: the identity provider can. Nor when an account \
            was last used (the audit log can), nor who made an object: `managedFields` names the program that did. \
            Admission policies and webhook authorizers are not read.",
    scope: "a cluster role with `list` on `clusterroles`, `roles`, `clusterrolebindings`, `rolebindings`, \
            `serviceaccounts` and `certificatesigningrequests`; names of secrets need `list` on `secrets`, which shows \
            their values: leave that file out, or have an administrator make it",
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
    open: |settings| {
        only(&settings, &[])?;
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let has = |text: &str| memchr::memmem::find(sample.head, text.as_bytes()).is_some();
    if !wire::is_json(sample.head) || !has("\"apiVersion\"") || !has("\"kind\"") {
        return None;
    }
    if has("\"rbac.authorization.k8s.io/") || has("\"certificates.k8s.io/") {
        return Some((96, "roles or bindings of Kubernetes".to_owned()));
    }
    let kind = ["\"ServiceAccount\"", "\"Secret\""].iter().find(|kind| has(kind));
    kind.map(|kind| (90, format!("Kubernetes objects of kind {kind}")))
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut cluster = Cluster::new(&settings.system);
    let mut into = Gathered::default();
    let mut others = 0u64;
    each(settings, parts, tally, &mut |file, tally| {
        let scan = wire::sections(&file.bytes, settings.limits.json_depth_max, &["items"], &mut |_, place, element| {
            let taken = element.and_then(wire::read::<Value>).and_then(|value| cluster.take(&value, &mut into));
            match taken {
                Ok(()) => {}
                Err(Reason::Unrelated) => others += 1,
                Err(reason) => tally.reject(&file.name, place, reason),
            }
        });
        if let Some(line) = scan.breaks_off {
            tally.partial(format!("{}: breaks off at line {line}", file.name));
        }
    })?;
    if others > 0 {
        tally.gap(format!("{} of other kinds left out", crate::row::counted(others, "object")));
    }
    let needed = ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount"];
    let missing: Vec<&str> = needed.into_iter().filter(|kind| !cluster.has(kind)).collect();
    if !missing.is_empty() {
        let what = missing.join(", ");
        tally.partial(format!("no {what} in the export: who may do what may be more than is shown"));
    }
    if !cluster.has("Secret") {
        tally.gap("no secrets in the export: which tokens and keys lie in the cluster is not known".to_owned());
    }
    cluster.finish(&mut into, tally);
    into.finish(tally);
    Ok(())
}
