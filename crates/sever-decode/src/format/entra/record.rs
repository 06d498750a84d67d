//! One record in any of its three writings: what stands around it, and what it says.

use serde_json::Value as Json;
use sever_model::port::Reason;
use sever_model::{EventTime, Outcome, Zone};

use crate::format::paths;
use crate::json::{Found, Plan, Reader, Value, Want, pairs};
use crate::{sniff, when};

/// What Azure Monitor writes around a record. The numbers of the slots are [`Head`]'s.
pub(super) const HEAD: &[(&str, Want)] = &[
    ("time", Want::Raw),
    ("TimeGenerated", Want::Raw),
    ("category", Want::Text),
    ("category.value", Want::Text),
    ("operationName", Want::Text),
    ("operationName.value", Want::Text),
    ("resultType", Want::Text),
    ("resultSignature", Want::Text),
    ("result", Want::Text),
    ("callerIpAddress", Want::Text),
    ("identity", Want::Text),
    ("identity.claims", Want::Json),
    ("resourceId", Want::Text),
    ("Type", Want::Text),
    ("properties", Want::Text),
    ("correlationId", Want::Text),
    ("eventTimestamp", Want::Text),
    ("caller", Want::Text),
    ("tenantId", Want::Text),
    ("operationVersion", Want::Text),
];

/// The slots of [`HEAD`].
#[derive(Clone, Copy)]
#[repr(usize)]
pub(super) enum Head {
    Time,
    Generated,
    Category,
    CategoryValue,
    Operation,
    OperationValue,
    ResultType,
    Signature,
    Result,
    CallerIp,
    Identity,
    Claims,
    Resource,
    Table,
    Properties,
    Correlation,
    EventTime,
    Caller,
    Tenant,
    Version,
}

/// What Azure Monitor writes around each record, and hardly anyone else.
const AROUND: &[Head] = &[Head::Tenant, Head::Version, Head::Signature, Head::CallerIp, Head::Resource];

paths! {
    Created = "createdDateTime" Raw;
    ActivityTime = "activityDateTime" Raw;
    EventTime = "eventTimestamp" Raw;
    GraphTime = "timeGenerated" Raw;
    Upn = "userPrincipalName" Text;
    UserId = "userId" Text;
    UserName = "userDisplayName" Text;
    App = "appId" Text;
    AppName = "appDisplayName" Text;
    ServiceId = "servicePrincipalId" Text;
    ServiceName = "servicePrincipalName" Text;
    ServiceKey = "servicePrincipalCredentialKeyId" Text;
    ServiceThumbprint = "servicePrincipalCredentialThumbprint" Text;
    Ip = "ipAddress" Text;
    CallerIp = "callerIpAddress" Text;
    Agent = "userAgent" Text;
    ClientApp = "clientAppUsed" Text;
    Browser = "deviceDetail.browser" Text;
    Session = "sessionId" Text;
    Token = "uniqueTokenIdentifier" Text;
    Incoming = "incomingTokenType" Text;
    ErrorCode = "status.errorCode" Text;
    StatusValue = "status.value" Text;
    Status = "status" Text;
    ResourceName = "resourceDisplayName" Text;
    ResourceOf = "resourceId" Text;
    Correlation = "correlationId" Text;
    Access = "conditionalAccessStatus" Text;
    Interactive = "isInteractive" Text;
    Protocol = "authenticationProtocol" Text;
    Requirement = "authenticationRequirement" Text;
    Risk = "riskLevelDuringSignIn" Text;
    Activity = "activityDisplayName" Text;
    LoggedBy = "loggedByService" Text;
    Result = "result" Text;
    By = "initiatedBy" Text;
    ByUpn = "initiatedBy.user.userPrincipalName" Text;
    ByUserId = "initiatedBy.user.id" Text;
    ByUserName = "initiatedBy.user.displayName" Text;
    ByIp = "initiatedBy.user.ipAddress" Text;
    ByApp = "initiatedBy.app.appId" Text;
    ByAppName = "initiatedBy.app.displayName" Text;
    ByServiceId = "initiatedBy.app.servicePrincipalId" Text;
    ByServiceName = "initiatedBy.app.servicePrincipalName" Text;
    Targets = "targetResources" Json;
    Details = "additionalDetails" Json;
    Uri = "requestUri" Text;
    Method = "requestMethod" Text;
    HttpMethod = "httpMethod" Text;
    Code = "responseStatusCode" Raw;
    HttpCode = "httpStatusCode" Raw;
    SignIn = "signInActivityId" Text;
    IssuedAt = "tokenIssuedAt" Raw;
    Iat = "C_Iat" Raw;
    Caller = "caller" Text;
    Claims = "claims" Json;
    Action = "authorization.action" Text;
    Scope = "authorization.scope" Text;
    HttpIp = "httpRequest.clientIpAddress" Text;
}

/// Which log a record is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    SignIn,
    Audit,
    Graph,
    Azure,
}

const SIGN_INS: &[&str] = &[
    "SignInLogs",
    "NonInteractiveUserSignInLogs",
    "ServicePrincipalSignInLogs",
    "ManagedIdentitySignInLogs",
    "ADFSSignInLogs",
    "MicrosoftServicePrincipalSignInLogs",
    "AADNonInteractiveUserSignInLogs",
    "AADServicePrincipalSignInLogs",
    "AADManagedIdentitySignInLogs",
];
const CALLS: &[&str] = &["MicrosoftGraphActivityLogs", "AzureADGraphActivityLogs", "AADGraphActivityLogs"];
/// Categories of audits, where they stand for the log's own.
const AUDITS: &[&str] = &[
    "AdministrativeUnit",
    "ApplicationManagement",
    "Authentication",
    "Authorization",
    "Device",
    "DirectoryManagement",
    "EntitlementManagement",
    "GroupManagement",
    "KeyManagement",
    "Policy",
    "RoleManagement",
    "UserManagement",
];
/// Categories of Azure's activity log; others may have categories of these names, too.
const OPERATIONS: &[&str] = &["Administrative", "Policy", "Security", "Action", "Write", "Delete"];

/// Fields of sign-ins: who, and how.
const SIGN_IN_WHO: &[Path] = &[Path::Upn, Path::UserId, Path::ServiceId, Path::ServiceName];
const SIGN_IN_HOW: &[Path] = &[
    Path::Token,
    Path::ErrorCode,
    Path::Access,
    Path::AppName,
    Path::ClientApp,
    Path::Interactive,
    Path::Protocol,
    Path::Requirement,
    Path::Risk,
    Path::Incoming,
];
/// Fields of audits beside their activity.
const AUDIT: &[Path] = &[
    Path::ActivityTime,
    Path::LoggedBy,
    Path::By,
    Path::ByUpn,
    Path::ByUserId,
    Path::ByApp,
    Path::ByAppName,
    Path::Targets,
];
/// Of them, those that two of tell an audit without its activity.
const AUDIT_ALONE: &[Path] = &[Path::ActivityTime, Path::LoggedBy, Path::Targets];
/// Fields of calls to Graph beside their URI.
const CALL: &[Path] = &[Path::SignIn, Path::IssuedAt, Path::Method, Path::Code];

/// The paths of a record, in one walk: its head's, and its body's where these stand in the record itself and
/// where they stand in its `properties`.
pub(super) fn plan() -> Plan {
    let within: Vec<String> = PATHS.iter().map(|(path, _)| format!("properties.{path}")).collect();
    let within = within.iter().zip(PATHS).map(|(path, (_, want))| (path.as_str(), *want));
    let paths: Vec<(&str, Want)> = HEAD.iter().chain(PATHS).copied().chain(within).collect();
    Plan::any_case(&paths)
}

/// The first slot of the body that stands in the record itself.
const BESIDE: usize = HEAD.len();
/// That of the body that stands in `properties`.
const WITHIN: usize = HEAD.len() + PATHS.len();

/// One record.
pub(super) struct Record<'a> {
    head: Found<'a>,
    body: Found<'a>,
}

impl<'a> Record<'a> {
    /// Reads a record: its body is its `properties`, or the record itself where it has none, and where
    /// they say little: Azure's API writes an operation beside them.
    ///
    /// `whole` walks a record along [`plan`], `body` one that was written into a text.
    pub fn read(whole: &'a mut Reader, body: &'a mut Reader, frame: &'a [u8]) -> Result<Record<'a>, Reason> {
        let head = whole.read(frame)?;
        let beside = head.has(Head::EventTime as usize) || head.has(Head::Caller as usize);
        let written = head.text(Head::Properties as usize);
        if !beside && written.trim_start().starts_with('{') {
            return Ok(Record { head, body: body.read(written.as_bytes())? });
        }
        let is_within = !beside && head.value(Head::Properties as usize) == Value::Other;
        Ok(Record { head, body: head.counted_from(if is_within { WITHIN } else { BESIDE }) })
    }

    pub fn head(&self, slot: Head) -> &'a str {
        self.head.text(slot as usize)
    }

    pub fn body(&self, path: Path) -> &'a str {
        self.body.text(path as usize)
    }

    /// What the body holds that may be no text.
    pub fn value(&self, path: Path) -> Value {
        self.body.value(path as usize)
    }

    /// An instant that the body holds; without an offset it is one of UTC.
    pub fn instant(&self, path: Path) -> Option<EventTime> {
        when::instant(&self.body, path as usize, Some(&Zone::UTC))
    }

    /// What was done, by Microsoft's name.
    pub fn operation(&self) -> &'a str {
        self.head.first(&[Head::Operation as usize, Head::OperationValue as usize])
    }

    /// When it was: the record's own time before that of whoever collected it.
    pub fn time(&self) -> Result<EventTime, Reason> {
        let own = [Path::Created, Path::ActivityTime, Path::EventTime].map(|path| path as usize);
        if let Some(slot) = own.into_iter().find(|slot| is_one(&self.body, *slot)) {
            return when::said(&self.body, "time", &[slot], Some(&Zone::UTC));
        }
        let around = [Head::Time as usize, Head::Generated as usize];
        match when::said(&self.head, "time", &around, Some(&Zone::UTC))? {
            EventTime::MIN => when::said(&self.body, "time", &[Path::GraphTime as usize], Some(&Zone::UTC)),
            at => Ok(at),
        }
    }

    /// Which log it is of: by its category, by its table, or by its fields.
    pub fn kind(&self) -> Option<Kind> {
        let category = self.head.first(&[Head::Category as usize, Head::CategoryValue as usize]);
        let has = |path: Path| self.body.has(path as usize);
        let place = self.head(Head::Resource);
        let is_around = AROUND.iter().any(|slot| self.head.has(*slot as usize));
        let named = Named { category, table: self.head(Head::Table), operation: self.operation(), place, is_around };
        named.kind(&has)
    }

    /// How it ended, by what stands around it.
    pub fn result(&self) -> Outcome {
        // What has only begun may be called a success of having begun.
        let begun = ["start", "started", "accept", "accepted"];
        if begun.iter().any(|word| is(self.head(Head::ResultType), word)) {
            return Outcome::Unknown;
        }
        let said = [self.head(Head::ResultType), self.head(Head::Result), self.head(Head::Signature)];
        said.into_iter().map(outcome).find(|outcome| *outcome != Outcome::Unknown).unwrap_or_default()
    }

    /// Claims of the token that called an operation of Azure.
    pub fn claims<const N: usize>(&self, names: [&str; N]) -> [String; N] {
        pairs(first_of(self.head(Head::Claims), self.body(Path::Claims)), ("", ""), names)
    }

    /// Details of an audit: they are pairs of key and value.
    pub fn details<const N: usize>(&self, names: [&str; N]) -> [String; N] {
        pairs(self.body(Path::Details), ("key", "value"), names)
    }
}

/// What a record is called.
struct Named<'n> {
    category: &'n str,
    table: &'n str,
    operation: &'n str,
    /// The resource that it is about.
    place: &'n str,
    /// Whether it stands in what Azure Monitor writes around records.
    is_around: bool,
}

impl Named<'_> {
    fn kind(&self, has: &dyn Fn(Path) -> bool) -> Option<Kind> {
        let among = |names: &[&str]| names.iter().any(|name| is(self.category, name) || is(self.table, name));
        let count = |paths: &[Path]| paths.iter().filter(|path| has(**path)).count();
        if among(SIGN_INS) || is(self.operation, "Sign-in activity") {
            Some(Kind::SignIn)
        } else if among(CALLS) || (has(Path::Uri) && count(CALL) >= 2) {
            Some(Kind::Graph)
        } else if among(&["AuditLogs"]) || (has(Path::Activity) && count(AUDIT) >= 1) {
            Some(Kind::Audit)
        } else if self.is_operation(has) {
            Some(Kind::Azure)
        } else if count(AUDIT_ALONE) >= 2 || (self.is_audited() && (self.is_around || count(AUDIT) >= 1)) {
            Some(Kind::Audit)
        } else if self.category.is_empty() && count(SIGN_IN_WHO) >= 1 && count(SIGN_IN_HOW) >= 2 {
            Some(Kind::SignIn)
        } else {
            None
        }
    }

    /// Whether it is called like an audit whose activity was left out.
    fn is_audited(&self) -> bool {
        let of_category = AUDITS.iter().any(|name| is(self.category, name));
        of_category && !self.operation.is_empty() && !self.operation.contains('/')
    }

    /// Whether it is an operation on a resource of Azure: `Microsoft.Compute/virtualMachines/delete`.
    fn is_operation(&self, has: &dyn Fn(Path) -> bool) -> bool {
        let begins = |text: &str, with: &str| text.get(..with.len()).is_some_and(|start| is(start, with));
        let of_category = OPERATIONS.iter().any(|name| is(self.category, name)) || is(self.table, "AzureActivity");
        let formed = self.operation.matches('/').count() >= 2 && !self.operation.contains(' ');
        let placed = begins(self.place, "/subscriptions/") || begins(self.place, "/providers/");
        formed && (of_category && (placed || has(Path::Caller) || has(Path::Claims)) || placed && has(Path::Caller))
    }
}

/// Whether a sampled record is of one of these logs.
pub(super) fn is_sampled(record: &Json) -> bool {
    let said = |path: &str| sniff::text(record, path);
    let nested = sniff::has(record, "properties");
    let has = |path: Path| {
        let path = PATHS.get(path as usize).map_or("", |(path, _)| *path);
        if nested { sniff::has(record, &format!("properties.{path}")) } else { sniff::has(record, path) }
    };
    let named = Named {
        category: first_of(said("category"), said("category.value")),
        table: said("Type"),
        operation: first_of(said("operationName"), said("operationName.value")),
        place: said("resourceId"),
        is_around: AROUND.iter().filter_map(|slot| HEAD.get(*slot as usize)).any(|(path, _)| sniff::has(record, path)),
    };
    named.kind(&has).is_some()
}

fn first_of<'a>(one: &'a str, other: &'a str) -> &'a str {
    if one.is_empty() { other } else { one }
}

fn is(text: &str, name: &str) -> bool {
    text.eq_ignore_ascii_case(name)
}

fn is_one(found: &Found<'_>, slot: usize) -> bool {
    !matches!(found.value(slot), Value::Absent | Value::Other)
}

/// What a word or a code says of how it ended; 0 is success, another number an error of sign-ins.
pub(super) fn outcome(said: &str) -> Outcome {
    let any = |words: &[&str]| words.iter().any(|word| is(said, word));
    if any(&["0", "success", "succeeded", "succeeded.", "completed"]) {
        Outcome::Answered
    } else if is_code(said) || any(&["failure", "failed", "failed.", "error", "timeout", "denied"]) {
        Outcome::Refused
    } else {
        Outcome::Unknown
    }
}

fn is_code(said: &str) -> bool {
    !said.is_empty() && said.bytes().all(|byte| byte.is_ascii_digit())
}
