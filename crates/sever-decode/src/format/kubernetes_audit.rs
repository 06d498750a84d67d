//! `kubernetes-audit`: the audit log of a Kubernetes API server.
//!
//! The server writes a record at each stage of a request. One of them stands for the request, so that
//! one call is one use: the last, or, for an answer that goes on (a watch, a shell), the one that says
//! that it has begun. What a request does is decided in [`request`], the rest of a row in [`row`].

pub(super) mod request;
mod row;
mod started;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventTime, Zone};

use self::request::Request;
use self::started::Started;
use super::{Format, paths, repairs};
use crate::json::{Found, Plan, Reader};
use crate::mapping::Field;
use crate::sniff::{Sample, has, text};
use crate::{Framing, when};

pub(super) const FORMAT: Format = Format {
    id: "kubernetes-audit",
    title: "Kubernetes audit log",
    about: "Records of `audit.k8s.io` (v1, v1beta1) as the API server's log backend writes them, one a line; those of \
Amazon EKS; and those of Azure's AKS (`category: kube-audit`), which hold the record as text in `properties.log`. \
Google's GKE writes Cloud Audit Logs instead: `gcp-audit`.\n\nA request is logged at several stages, and one of them \
is an event: `ResponseComplete`, `Panic`, or a record without a stage. A watch, a shell, a forwarded port or a \
followed log is told by `ResponseStarted`, within seconds; its `ResponseComplete` is then left out, and is the event \
where the policy omits the other. `RequestReceived` gives none.\n\nReading `secrets` is `read`; writes and deletions \
are `changed`, with our words before verb and resource (`grant create clusterrolebindings cluster-admin`, \
`create-account create serviceaccounts`, `delete delete namespaces`); all else is `used`, shells in pods too. A grant \
gives one event for each of its subjects, as `account`, and only the first carries the credential. `actor` is the \
user who called; `account` whom they impersonated, made or gave a right; `resource` the object, as \
`namespaces/shop/secrets/db`, or the path; `source_ip` the first of `sourceIPs`, which a client can make up where no \
proxy replaces it; `client` the pod that a service account's token is bound to. Outcome comes from \
`responseStatus`, else from `authorization.k8s.io/decision`.\n\n`credential` is the id that the server gives for the \
credential: `JTI=…` without its label for tokens of service accounts (`issuer` `kubernetes`, `token_type` \
`service-account`), `X509SHA256=…` as it is for certificates. On EKS it is the AWS key that was presented, with \
`issuer` `sts.amazonaws.com` where it is temporary.\n\nObjects of kind `Event` of other groups are unrelated.",
    joins: "By token id: creating `serviceaccounts/token` writes the new token's id into the annotation \
`authentication.kubernetes.io/issued-credential-id`, and each later request names it in \
`authentication.kubernetes.io/credential-id` (join `jti`, issuer `kubernetes`, class `service-account`; Kubernetes \
1.30 and later). An API server extends the tokens that it gives pods to a year unless it is told not to \
(`--service-account-extend-token-expiration=false`), and records neither that nor when a token in use was issued: \
hence the class's lifetime of a year. Until the log is as old as that, a token without an issuance may be from before it: where extension is off, declare \
the class with 24 h and be told sooner. No issuance is seen where \
the audit policy leaves out `serviceaccounts/token`. Tokens from secrets, which have no id, client certificates and \
tokens of other issuers cannot be judged here. Temporary AWS keys on EKS join CloudTrail's class `assumed-role` where \
this log is among its `used_in`.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Outcome, Field::Actor, Field::Action, Field::SourceIp],
    make: |settings| {
        let reader = || Reader::new(Plan::any_case(PATHS), settings.json_depth_max);
        settings.fixed(
            "kubernetes-audit",
            KubernetesAudit {
                outer: reader(),
                inner: reader(),
                started: Started::default(),
                text: row::Text::default(),
            },
        )
    },
    score,
};

paths! {
    Kind = "kind" Text;
    ApiVersion = "apiVersion" Text;
    AuditId = "auditID" Text;
    Stage = "stage" Text;
    Uri = "requestURI" Text;
    Verb = "verb" Text;
    Received = "requestReceivedTimestamp" Text;
    StageTime = "stageTimestamp" Text;
    BetaTime = "timestamp" Text;
    CreationTime = "metadata.creationTimestamp" Text;
    User = "user.username" Text;
    UserUid = "user.uid" Text;
    As = "impersonatedUser.username" Text;
    SourceIps = "sourceIPs" Text;
    Agent = "userAgent" Text;
    OnResource = "objectRef.resource" Text;
    OnSubresource = "objectRef.subresource" Text;
    OnNamespace = "objectRef.namespace" Text;
    OnName = "objectRef.name" Text;
    MadeName = "responseObject.metadata.name" Text;
    AskedName = "requestObject.metadata.name" Text;
    Code = "responseStatus.code" Raw;
    Status = "responseStatus.status" Text;
    Decision = "annotations>authorization.k8s.io/decision" Text;
    IssuedId = "annotations>authentication.kubernetes.io/issued-credential-id" Text;
    UsedId = "user>extra>authentication.kubernetes.io/credential-id" Text;
    // Some copies may not have `/` in a key.
    UsedIdCopied = "user>extra>authentication_kubernetes_io_slash_credential-id" Text;
    PodName = "user>extra>authentication.kubernetes.io/pod-name" Text;
    PodNameCopied = "user>extra>authentication_kubernetes_io_slash_pod-name" Text;
    OnNode = "user>extra>authentication.kubernetes.io/node-name" Text;
    AwsKey = "user.extra.accessKeyId" Text;
    AwsArn = "user.extra.arn" Text;
    AwsSession = "user.extra.sessionName" Text;
    ExpirySecs = "requestObject.spec.expirationSeconds" Raw;
    Audiences = "requestObject.spec.audiences" Joined(',');
    Expires = "responseObject.status.expirationTimestamp" Text;
    RoleName = "requestObject.roleRef.name" Text;
    Subjects = "requestObject.subjects" Json;
    SecretType = "requestObject.type" Text;
    // Azure's envelope.
    AzureCategory = "category" Text;
    AzureTime = "time" Text;
    AzureLog = "properties.log" Text;
}

struct KubernetesAudit {
    outer: Reader,
    /// For the record that an envelope of Azure's holds as text.
    inner: Reader,
    started: Started,
    text: row::Text,
}

impl Decoder for KubernetesAudit {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let KubernetesAudit { outer, inner, started, text } = self;
        let found = outer.read(frame)?;
        let enveloped = found.text(Path::AzureLog as usize);
        if !enveloped.is_empty() && found.text(Path::AzureCategory as usize).starts_with("kube-audit") {
            let sent = when::said(&found, "time", &[Path::AzureTime as usize], Some(&Zone::UTC))?;
            // The controllers' logs have the same category's form and other text in it.
            let record = inner.read(enveloped.as_bytes()).map_err(|_| Reason::Unrelated)?;
            return push(&record, sent, offset, started, text, out);
        }
        push(&found, EventTime::MIN, offset, started, text, out)
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.outer)
    }
}

fn push(
    found: &Found<'_>,
    sent: EventTime,
    offset: u64,
    started: &mut Started,
    text: &mut row::Text,
    out: &mut dyn EventSink,
) -> Result<(), Reason> {
    if !is_event(found) {
        return Err(Reason::Unrelated);
    }
    let times = [Path::Received, Path::StageTime, Path::BetaTime, Path::CreationTime].map(|path| path as usize);
    // They are UTC; some who keep the records write them without saying so.
    let time = match when::said(found, "requestReceivedTimestamp", &times, Some(&Zone::UTC))? {
        EventTime::MIN => sent,
        time => time,
    };
    let (verb, subresource) = (found.text(Path::Verb as usize), found.text(Path::OnSubresource as usize));
    let request = [Path::AuditId, Path::User, Path::Verb, Path::Uri].map(|path| found.text(path as usize));
    match found.text(Path::Stage as usize) {
        "RequestReceived" => return Ok(()),
        "ResponseStarted" => started.add(request),
        _ if Request::is_long(verb, subresource) && started.take(request) => return Ok(()),
        _ => {}
    }
    row::push(found, time, offset, text, out);
    Ok(())
}

/// Whether it is an audit record. Copies sometimes lack the version, and then its own fields must do:
/// objects of kind `Event` are also what a cluster tells of its pods.
fn is_event(found: &Found<'_>) -> bool {
    let (kind, version) = (found.text(Path::Kind as usize), found.text(Path::ApiVersion as usize));
    if !version.is_empty() {
        let group = version.split('/').next().unwrap_or("");
        return group.eq_ignore_ascii_case("audit.k8s.io") && (kind.is_empty() || kind.eq_ignore_ascii_case("Event"));
    }
    let own = [Path::Verb, Path::Uri, Path::AuditId, Path::Stage, Path::OnResource];
    kind.eq_ignore_ascii_case("Event") && own.iter().any(|path| found.has(*path as usize))
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let own = text(record, "apiVersion").starts_with("audit.k8s.io/") && has(record, "verb");
        let copied = text(record, "kind") == "Event" && has(record, "auditID") && has(record, "verb");
        let azure = text(record, "category").starts_with("kube-audit") && has(record, "properties.log");
        own || copied || azure
    });
    (share >= 0.3).then(|| ((share * 98.0) as u8, "audit records of `audit.k8s.io`".to_owned()))
}
