//! `cloudtrail`: AWS CloudTrail records.
//!
//! Every record gives one event of what the caller did; a record whose answer holds temporary
//! credentials also gives their issuance; a call that ends several machines gives one event for each.
//! What a call is, is decided in [`call`].

pub(super) mod call;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, EventTime, Outcome, Row};

use super::{Format, paths, repairs};
use crate::json::{Found, Plan, Reader, Value};
use crate::mapping::Field;
use crate::memo::Memo;
use crate::search::until;
use crate::sniff::{Sample, has};
use crate::{Framing, action, when};
use call::Call;

pub(super) const FORMAT: Format = Format {
    id: "cloudtrail",
    title: "AWS CloudTrail",
    about: "CloudTrail records, one a line or in the `{\"Records\": […]}` files that AWS writes. Each gives one event \
of what the caller did: `used`; `changed` where the record says that it was not read-only; `read` for secrets, \
parameters, passwords and decryption; `authenticated` for console sign-ins. `actor` is the caller's ARN, or the \
service or account where there is none; `resource` is what the call names; `outcome` comes from `errorCode`; `client` \
is the service that called on the caller's behalf. `credential` is the access key. One that is temporary (`ASIA…`) \
also has `issuer` `sts.amazonaws.com`, `token_subject` (the caller's ARN) and `token_type`: `assumed-role`, \
`iam-user-session`, `federated`, `root-session`. A permanent key (`AKIA…`) has no issuer.\n\nA record whose answer \
holds a temporary key also gives an `issued` event. Actions carry our words before AWS's own: \
`delete ec2:TerminateInstances`, `create-account iam:CreateUser`, `audit cloudtrail:StopLogging`. A call that ends \
several machines gives one event for each; only the first carries the credential, so that one call is one use. \
Digests and Insights are counted as unrelated.",
    joins: "By the temporary key's id, which stands on both sides: join `jti`, issuer `sts.amazonaws.com`. Class \
`assumed-role` is complete where the trail records management events of every region in which STS answers. Sessions \
of IAM users and the console's (`iam-user-session`) are often minted without a record, by AWS's own services acting \
for the user: leave them without `issued_in`, so that they are unjudgeable and not called forged.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Actor, Field::SourceIp],
    make: |settings| {
        let reader = Reader::new(Plan::any_case(PATHS), settings.json_depth_max);
        settings.fixed(
            "cloudtrail",
            CloudTrail { reader, calls: Memo::default(), action: String::new(), subject: String::new() },
        )
    },
    score,
};

/// Who issues temporary keys.
const STS: &str = "sts.amazonaws.com";

paths! {
    Time = "eventTime" Text;
    Source = "eventSource" Text;
    Name = "eventName" Text;
    ReadOnly = "readOnly" Raw;
    Error = "errorCode" Text;
    Ip = "sourceIPAddress" Text;
    Agent = "userAgent" Text;
    Category = "eventCategory" Text;
    Arn = "userIdentity.arn" Text;
    Type = "userIdentity.type" Text;
    Principal = "userIdentity.principalId" Text;
    AccountOf = "userIdentity.accountId" Text;
    Key = "userIdentity.accessKeyId" Text;
    UserName = "userIdentity.userName" Text;
    InvokedBy = "userIdentity.invokedBy" Text;
    Created = "userIdentity.sessionContext.attributes.creationDate" Text;
    NewKey = "responseElements.credentials.accessKeyId" Text;
    NewKeyEnds = "responseElements.credentials.expiration" Text;
    AssumedRole = "responseElements.assumedRoleUser.arn" Text;
    FederatedUser = "responseElements.federatedUser.arn" Text;
    SignedIn = "responseElements.ConsoleLogin" Text;
    MadeKey = "responseElements.accessKey.accessKeyId" Text;
    MadeUser = "responseElements.user.arn" Text;
    RoleArn = "requestParameters.roleArn" Text;
    SessionName = "requestParameters.roleSessionName" Text;
    OnUser = "requestParameters.userName" Text;
    Status = "requestParameters.status" Text;
    Instances = "requestParameters.instancesSet.items.instanceId" Many;
    Resource = "resources.ARN" Text;
    OnSecret = "requestParameters.secretId" Text;
    OnName = "requestParameters.name" Text;
    OnKey = "requestParameters.keyId" Text;
    OnBucket = "requestParameters.bucketName" Text;
    OnRole = "requestParameters.roleName" Text;
    OnPolicy = "requestParameters.policyArn" Text;
    OnAccessKey = "requestParameters.accessKeyId" Text;
    OnVolume = "requestParameters.volumeId" Text;
    OnSnapshot = "requestParameters.snapshotId" Text;
    OnImage = "requestParameters.imageId" Text;
    OnDatabase = "requestParameters.dBInstanceIdentifier" Text;
    OnDatabaseSnapshot = "requestParameters.dBSnapshotIdentifier" Text;
    OnCluster = "requestParameters.dBClusterIdentifier" Text;
    OnTable = "requestParameters.tableName" Text;
    OnFunction = "requestParameters.functionName" Text;
    OnGroup = "requestParameters.groupName" Text;
    OnLogGroup = "requestParameters.logGroupName" Text;
    ServiceArn = "additionalEventData.ARN" Text;
}

/// Where the thing that a call names may stand, most telling first. A made key before the user it is
/// for, who is the event's account.
const RESOURCES: &[usize] = &[
    Path::MadeKey as usize,
    Path::OnAccessKey as usize,
    Path::OnSecret as usize,
    Path::OnVolume as usize,
    Path::OnSnapshot as usize,
    Path::OnImage as usize,
    Path::OnDatabase as usize,
    Path::OnDatabaseSnapshot as usize,
    Path::OnCluster as usize,
    Path::OnTable as usize,
    Path::Resource as usize,
    Path::OnBucket as usize,
    Path::OnFunction as usize,
    Path::OnLogGroup as usize,
    Path::OnPolicy as usize,
    Path::RoleArn as usize,
    Path::OnRole as usize,
    Path::OnGroup as usize,
    Path::OnKey as usize,
    Path::ServiceArn as usize,
    Path::OnName as usize,
    Path::MadeUser as usize,
    Path::OnUser as usize,
];

struct CloudTrail {
    reader: Reader,
    /// What calls do, by service, name, the status that is asked for, and what each says of changing nothing.
    calls: Memo<4, Call>,
    action: String,
    subject: String,
}

impl Decoder for CloudTrail {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let CloudTrail { reader, calls, action, subject } = self;
        let found = reader.read(frame)?;
        let text = |path: Path| found.text(path as usize);
        let (source, name) = (text(Path::Source), text(Path::Name));
        if source.is_empty() || name.is_empty() || text(Path::Category) == "Insight" {
            return Err(Reason::Unrelated);
        }
        // CloudTrail's times are UTC; some who keep its records on write them without saying so.
        let (time, fault) = when::said_or_not(&found, "eventTime", &[Path::Time as usize]);
        let service = until(source, b'.');
        let read_only = match found.value(Path::ReadOnly as usize) {
            Value::Bool(truth) => Some(truth),
            _ => text(Path::ReadOnly).parse().ok(),
        };
        let said = read_only.map_or("", |only| if only { "true" } else { "false" });
        let call = calls.told([name, service, text(Path::Status), said], |[name, service, status, _]| {
            Call::of(service, name, read_only, status)
        });
        action::write(action, call.words, &[service, ":", name]);
        let mut row = Row::new(time, call.kind, offset);
        row.action = action;
        row.outcome = outcome(&found);
        row.source_ip = text(Path::Ip);
        row.user_agent = text(Path::Agent);
        row.resource = found.first(RESOURCES);
        caller(&found, &mut row);
        row.account = match call.kind {
            EventKind::Authenticated => row.actor,
            EventKind::Changed => found.first(&[Path::MadeUser as usize, Path::OnUser as usize]),
            _ => "",
        };
        push_each(&found, row, out);
        if !text(Path::NewKey).is_empty() {
            out.push(&issued(&found, row, name, subject));
        }
        fault
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

/// Pushes the event, once for each machine where the call names several.
fn push_each<'a>(found: &Found<'a>, mut row: Row<'a>, out: &mut dyn EventSink) {
    let mut instances = found.texts(Path::Instances as usize);
    if row.kind != EventKind::Changed {
        out.push(&row);
        return;
    }
    row.resource = instances.next().unwrap_or(row.resource);
    out.push(&row);
    // One call is one use: what follows is not judged again.
    (row.credential, row.issuer) = ("", "");
    for instance in instances {
        row.resource = instance;
        out.push(&row);
    }
}

/// Who called, and with what.
fn caller<'a>(found: &Found<'a>, row: &mut Row<'a>) {
    let text = |path: Path| found.text(path as usize);
    let names = [Path::Arn, Path::InvokedBy, Path::Principal, Path::UserName, Path::AccountOf, Path::Type];
    row.actor = names.into_iter().map(text).find(|text| !text.is_empty()).unwrap_or("");
    row.credential = text(Path::Key);
    if row.actor != text(Path::InvokedBy) {
        row.client = text(Path::InvokedBy);
    }
    if row.credential.starts_with("ASIA") {
        row.issuer = STS;
        row.token_type = match text(Path::Type) {
            "AssumedRole" => "assumed-role",
            "IAMUser" => "iam-user-session",
            "FederatedUser" => "federated",
            "Root" => "root-session",
            other => other,
        };
        row.token_subject = text(Path::Arn);
        row.issued_at = EventTime::parse(text(Path::Created)).ok();
    }
}

/// The issuance that a call's answer holds.
fn issued<'a>(found: &Found<'a>, call: Row<'a>, name: &str, subject: &'a mut String) -> Row<'a> {
    let text = |path: Path| found.text(path as usize);
    let mut row = Row::new(call.time, EventKind::Issued, call.offset);
    row.outcome = call.outcome;
    (row.actor, row.action, row.source_ip, row.user_agent) = (call.actor, call.action, call.source_ip, call.user_agent);
    (row.resource, row.account) = (call.resource, text(Path::RoleArn));
    row.issuer = STS;
    row.credential = text(Path::NewKey);
    row.parent = text(Path::Key);
    row.token_type = match name {
        "GetFederationToken" => "federated",
        "GetSessionToken" | "ConsoleLogin" => "iam-user-session",
        _ => "assumed-role",
    };
    row.token_subject = match name {
        "GetSessionToken" => text(Path::Arn),
        _ => found.first(&[Path::AssumedRole as usize, Path::FederatedUser as usize]),
    };
    if row.token_subject.is_empty() && assumed_role(text(Path::RoleArn), text(Path::SessionName), subject) {
        row.token_subject = subject;
    }
    row.issued_at = (call.time != EventTime::MIN).then_some(call.time);
    row.expires_at = when::instant_text(text(Path::NewKeyEnds), None);
    row
}

/// The ARN of a role's session, as STS makes it of the role's ARN and the session's name: services
/// that assume a role for themselves are not answered with it.
///
/// Source: AWS IAM identifiers; the role's path is left out.
fn assumed_role(role: &str, session: &str, into: &mut String) -> bool {
    into.clear();
    let mut parts = role.splitn(6, ':');
    let (Some("arn"), Some(partition), Some("iam"), Some(_), Some(account), Some(resource)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let Some(name) = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next()) else { return false };
    if session.is_empty() || name.is_empty() {
        return false;
    }
    for part in ["arn:", partition, ":sts::", account, ":assumed-role/", name, "/", session] {
        into.push_str(part);
    }
    true
}

fn outcome(found: &Found<'_>) -> Outcome {
    if found.has(Path::Error as usize) || found.text(Path::SignedIn as usize) == "Failure" {
        Outcome::Refused
    } else {
        Outcome::Answered
    }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| ["eventVersion", "eventSource", "eventName"].iter().all(|key| has(record, key)));
    (share >= 0.3)
        .then(|| ((share * 98.0) as u8, "CloudTrail's `eventVersion`, `eventSource` and `eventName`".to_owned()))
}
