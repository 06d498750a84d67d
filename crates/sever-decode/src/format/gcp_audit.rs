//! `gcp-audit`: Google Cloud Audit Logs.
//!
//! Every entry gives one event of what the caller did; one that minted something also gives the
//! issuance; one that changed several bindings of a policy gives an event for each. What a method does
//! is decided in [`method`], the rest in [`row`].

mod method;
mod row;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventTime, Zone};

use super::{Format, paths, repairs};
use crate::json::{Found, Plan, Reader};
use crate::mapping::Field;
use crate::sniff::{Sample, has, text};
use crate::{Framing, when};
use row::Methods;

pub(super) const FORMAT: Format = Format {
    id: "gcp-audit",
    title: "Google Cloud Audit Logs",
    about: "Log entries whose `protoPayload` is an `AuditLog`: Admin Activity, Data Access, System Event and Policy \
Denied, from a sink to Cloud Storage or Pub/Sub, from `gcloud logging read --format=json`, or from a table in \
BigQuery (`protopayload_auditlog`). GKE's Kubernetes audit (`serviceName` `k8s.io`) and Workspace's sign-ins \
(`login.googleapis.com`) come this way too. Data Access logs are off in most services until they are turned on: \
without them reads, and tokens minted for service accounts, are not seen.\n\nEach entry gives one event: `changed` for \
what creates, sets or deletes; `read` for `AccessSecretVersion`, decryption, API keys and Kubernetes secrets; \
`authenticated` for sign-ins; `used` for all else. Actions carry our words before service and method: \
`grant cloudresourcemanager:SetIamPolicy roles/owner`, `create-key iam:google.iam.admin.v1.CreateServiceAccountKey`, \
`delete audit logging:google.logging.v2.ConfigServiceV2.DeleteSink`. A policy's change gives one event for each \
binding that it added or removed, with the member as `account`; only the first carries the credential. `actor` is \
`principalEmail`, or, where a service account's token was used by somebody else, who that was \
(`serviceAccountDelegationInfo`), with the service account as `token_subject`. `credential` is the id of the service \
account key that was used; `client` the OAuth client; `resource` the resource's name. `outcome` comes from `status` and \
`granted`. BigQuery gives the rows of a query's answer as `subject_count`, the job as `subject_ref` and the columns \
read as `fields`: rows are an upper bound of people.\n\nA long operation is logged when it begins and when it ends, \
and gives an event each time. Payloads of other types, and other logs, are unrelated.",
    joins: "Google logs no id of the tokens that it mints. `GenerateAccessToken`, `GenerateIdToken`, `SignJwt` and the \
token exchange give `issued` events without `credential`, and uses name the account and not the token: no use can be \
joined to its issuance (`provider_hmac`). What can be followed is the service account key: its id stands in its \
creation (`issued`, issuer `iam.googleapis.com`, class `service-account-key`) and in every use \
(`serviceAccountKeyName`). Such keys live for years, so uses carry no `issuer` and are not judged; they join the \
inventory's keys by id. GKE labels the creation of a service account's token with its id, and no use of it.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Actor, Field::Action, Field::SourceIp, Field::Resource],
    make: |settings| {
        let plan = Plan::any_case(PATHS).alias("protoPayload", "protopayload_auditlog");
        let reader = Reader::new(plan, settings.json_depth_max);
        settings.fixed("gcp-audit", GcpAudit { reader, methods: Methods::default(), action: String::new() })
    },
    score,
};

paths! {
    Time = "timestamp" Raw;
    Received = "receiveTimestamp" Raw;
    // Some copies put what follows the metadata into it, or the entry's fields into the payload.
    InnerTime = "protoPayload.timestamp" Raw;
    InnerReceived = "protoPayload.receiveTimestamp" Raw;
    AskedTime = "protoPayload.requestMetadata.requestAttributes.time" Raw;
    LogName = "logName" Text;
    Labels = "labels" Json;
    Type = "protoPayload.@type" Text;
    TypeCopied = "protoPayload.at_sign_type" Text;
    Method = "protoPayload.methodName" Text;
    MethodMoved = "protoPayload.metadata.methodName" Text;
    Service = "protoPayload.serviceName" Text;
    ServiceMoved = "protoPayload.metadata.serviceName" Text;
    Name = "protoPayload.resourceName" Text;
    NameMoved = "protoPayload.metadata.resourceName" Text;
    Email = "protoPayload.authenticationInfo.principalEmail" Text;
    Principal = "protoPayload.authenticationInfo.principalSubject" Text;
    Selector = "protoPayload.authenticationInfo.authoritySelector" Text;
    KeyName = "protoPayload.authenticationInfo.serviceAccountKeyName" Text;
    OauthClient = "protoPayload.authenticationInfo.oauthInfo.oauthClientId" Text;
    Delegate = "protoPayload.authenticationInfo.serviceAccountDelegationInfo.firstPartyPrincipal.principalEmail" Text;
    DelegateSubject = "protoPayload.authenticationInfo.serviceAccountDelegationInfo.principalSubject" Text;
    Ip = "protoPayload.requestMetadata.callerIp" Text;
    IpMoved = "protoPayload.metadata.requestMetadata.callerIp" Text;
    Agent = "protoPayload.requestMetadata.callerSuppliedUserAgent" Text;
    AgentMoved = "protoPayload.metadata.requestMetadata.callerSuppliedUserAgent" Text;
    Granted = "protoPayload.authorizationInfo.granted" Many;
    OnResource = "protoPayload.authorizationInfo.resource" Text;
    OnAttribute = "protoPayload.authorizationInfo.resourceAttributes.name" Text;
    Permission = "protoPayload.authorizationInfo.permission" Text;
    StatusCode = "protoPayload.status.code" Raw;
    StatusMessage = "protoPayload.status.message" Text;
    // What the resource is called where the payload does not name it.
    LabelEmail = "resource.labels.email_id" Text;
    LabelBucket = "resource.labels.bucket_name" Text;
    LabelInstance = "resource.labels.instance_id" Text;
    LabelDataset = "resource.labels.dataset_id" Text;
    LabelCluster = "resource.labels.cluster_name" Text;
    LabelSecret = "resource.labels.secret_id" Text;
    LabelProject = "resource.labels.project_id" Text;
    LabelOrganization = "resource.labels.organization_id" Text;
    Bindings = "protoPayload.serviceData.policyDelta.bindingDeltas" Json;
    AuditConfigs = "protoPayload.serviceData.policyDelta.auditConfigDeltas" Json;
    AskedAuditConfigs = "protoPayload.request.policy.auditConfigs" Json;
    AskedRoles = "protoPayload.request.policy.bindings.role" Text;
    RoleRef = "protoPayload.request.roleRef.name" Text;
    Subjects = "protoPayload.request.subjects.name" Text;
    FlowLogs = "protoPayload.request.enableFlowLogs" Raw;
    LogConfig = "protoPayload.request.logConfig.enable" Raw;
    AddedMetadata = "protoPayload.metadata.instanceMetadataDelta.addedMetadataKeys" Joined(' ');
    ModifiedMetadata = "protoPayload.metadata.instanceMetadataDelta.modifiedMetadataKeys" Joined(' ');
    AddedProjectMetadata = "protoPayload.metadata.projectMetadataDelta.addedMetadataKeys" Joined(' ');
    ModifiedProjectMetadata = "protoPayload.metadata.projectMetadataDelta.modifiedMetadataKeys" Joined(' ');
    AskedName = "protoPayload.request.name" Text;
    AskedLifetime = "protoPayload.request.lifetime" Text;
    Audience = "protoPayload.request.audience" Text;
    MappedPrincipal = "protoPayload.metadata.mapped_principal" Text;
    ExpireTime = "protoPayload.response.expireTime" Text;
    SigningKey = "protoPayload.response.keyId" Text;
    SigningKeyCopied = "protoPayload.metadata.keyId" Text;
    MadeName = "protoPayload.response.name" Text;
    MadeEmail = "protoPayload.response.email" Text;
    KeyEnds = "protoPayload.response.valid_before_time.seconds" Raw;
    JobName = "protoPayload.metadata.jobChange.job.jobName" Text;
    JobType = "protoPayload.metadata.jobChange.job.jobConfig.type" Text;
    Statement = "protoPayload.metadata.jobChange.job.jobConfig.queryConfig.statementType" Text;
    OutputRows = "protoPayload.metadata.jobChange.job.jobStats.queryStats.outputRowCount" Raw;
    ReadFields = "protoPayload.metadata.tableDataRead.fields" Joined(',');
    DeletedTable = "protoPayload.metadata.tableDeletion.reason" Text;
    DeletedDataset = "protoPayload.metadata.datasetDeletion.reason" Text;
}

struct GcpAudit {
    reader: Reader,
    methods: Methods,
    action: String,
}

impl Decoder for GcpAudit {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let GcpAudit { reader, methods, action } = self;
        let found = reader.read(frame)?;
        if !is_audit(&found) {
            return Err(Reason::Unrelated);
        }
        let times = [Path::Time, Path::InnerTime, Path::AskedTime, Path::Received, Path::InnerReceived];
        let times = times.map(|path| path as usize);
        // They are UTC; some who keep the entries write them without saying so.
        let time = when::said(&found, "timestamp", &times, Some(&Zone::UTC));
        let time = time.or_else(|reason| of_bigquery(found.first(&times)).ok_or(reason))?;
        row::push(&found, time, offset, methods, action, out);
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

/// `2025-07-10 11:50:00.123456 UTC`, as BigQuery writes an instant.
fn of_bigquery(text: &str) -> Option<EventTime> {
    text.strip_suffix(" UTC").and_then(|text| Zone::UTC.local(text).ok())
}

/// Whether the payload is an audit log: by its type, else by what every one has.
fn is_audit(found: &Found<'_>) -> bool {
    match found.first(&[Path::Type as usize, Path::TypeCopied as usize]) {
        "" => [Path::Method, Path::MethodMoved, Path::Service].iter().any(|path| found.has(*path as usize)),
        kind => kind.ends_with("google.cloud.audit.AuditLog"),
    }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let is = |payload: &str| {
            let at = |field: &str| format!("{payload}.{field}");
            text(record, &at("@type")).ends_with("google.cloud.audit.AuditLog")
                || (has(record, &at("methodName")) && has(record, &at("serviceName")))
        };
        is("protoPayload") || is("protopayload_auditlog")
    });
    (share >= 0.3).then(|| ((share * 98.0) as u8, "log entries with an `AuditLog`".to_owned()))
}
