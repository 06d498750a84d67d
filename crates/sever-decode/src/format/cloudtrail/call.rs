//! What an AWS call does, told from its name: its kind, and the words of [`crate::action`].

use sever_model::EventKind;

/// What a call does.
#[derive(Debug, Clone, Copy)]
pub(in crate::format) struct Call {
    pub kind: EventKind,
    pub words: &'static [&'static str],
}

/// Calls whose answer is a secret.
const SECRETS: &[(&str, &str)] = &[
    ("secretsmanager", "GetSecretValue"),
    ("secretsmanager", "BatchGetSecretValue"),
    ("ssm", "GetParameter"),
    ("ssm", "GetParameters"),
    ("ssm", "GetParametersByPath"),
    ("ssm", "GetParameterHistory"),
    ("kms", "Decrypt"),
    ("kms", "ReEncrypt"),
    ("ec2", "GetPasswordData"),
    ("ecr", "GetAuthorizationToken"),
    ("lightsail", "DownloadDefaultKeyPair"),
    ("acm", "ExportCertificate"),
];

/// Calls that change what is recorded, or for how long.
const AUDIT: &[(&str, &str)] = &[
    ("cloudtrail", "CreateTrail"),
    ("cloudtrail", "DeleteTrail"),
    ("cloudtrail", "UpdateTrail"),
    ("cloudtrail", "StartLogging"),
    ("cloudtrail", "StopLogging"),
    ("cloudtrail", "PutEventSelectors"),
    ("cloudtrail", "PutInsightSelectors"),
    ("cloudtrail", "DeleteEventDataStore"),
    ("cloudtrail", "UpdateEventDataStore"),
    ("cloudtrail", "StopEventDataStoreIngestion"),
    ("config", "StopConfigurationRecorder"),
    ("config", "DeleteConfigurationRecorder"),
    ("config", "DeleteDeliveryChannel"),
    ("guardduty", "DeleteDetector"),
    ("guardduty", "UpdateDetector"),
    ("guardduty", "StopMonitoringMembers"),
    ("guardduty", "DisassociateFromMasterAccount"),
    ("securityhub", "DisableSecurityHub"),
    ("ec2", "CreateFlowLogs"),
    ("ec2", "DeleteFlowLogs"),
    ("logs", "DeleteLogGroup"),
    ("logs", "DeleteLogStream"),
    ("logs", "PutRetentionPolicy"),
    ("logs", "DeleteRetentionPolicy"),
    ("s3", "PutBucketLogging"),
    ("s3", "PutBucketLifecycle"),
    ("s3", "PutBucketLifecycleConfiguration"),
    ("wafv2", "DeleteLoggingConfiguration"),
    ("route53resolver", "DeleteResolverQueryLogConfig"),
];

const CREATE_ACCOUNT: &[&str] = &["CreateUser", "CreateAccount", "AdminCreateUser", "CreateGovCloudAccount"];

const CREATE_KEY: &[&str] = &[
    "CreateAccessKey",
    "CreateLoginProfile",
    "CreateServiceSpecificCredential",
    "UploadSSHPublicKey",
    "UploadSigningCertificate",
    "ImportKeyPair",
    "CreateKeyPair",
    "CreateKey",
    "ImportKeyMaterial",
    "SendSSHPublicKey",
    "CreateApiKey",
];

/// Beginnings of names that give rights.
const GRANT: &[&str] = &[
    "AttachRolePolicy",
    "AttachUserPolicy",
    "AttachGroupPolicy",
    "PutRolePolicy",
    "PutUserPolicy",
    "PutGroupPolicy",
    "PutBucketPolicy",
    "PutBucketAcl",
    "PutObjectAcl",
    "PutKeyPolicy",
    "PutResourcePolicy",
    "CreateGrant",
    "AddUserToGroup",
    "AddRoleToInstanceProfile",
    "AddPermission",
    "UpdateAssumeRolePolicy",
    "CreatePolicyVersion",
    "SetDefaultPolicyVersion",
    "CreateAccountAssignment",
    "AuthorizeSecurityGroup",
    "ModifySnapshotAttribute",
    "ModifyImageAttribute",
    "ModifyDBSnapshotAttribute",
];

const DELETE: &[&str] = &[
    "Delete",
    "Terminate",
    "BatchDelete",
    "Purge",
    "Deregister",
    "ScheduleKeyDeletion",
    "DisableAndDelete",
    "AdminDelete",
];

const EXPORT: &[&str] = &[
    "Export",
    "StartExportTask",
    "CreateExportTask",
    "CreateInstanceExportTask",
    "CreateStoreImageTask",
    "GetAccountAuthorizationDetails",
];

/// Beginnings of names that change something, for records that do not say whether they are read-only.
const CHANGES: &[&str] = &[
    "Accept",
    "Add",
    "Allocate",
    "Associate",
    "Attach",
    "Authorize",
    "Batch",
    "Cancel",
    "Change",
    "Copy",
    "Create",
    "Deactivate",
    "Delete",
    "Deregister",
    "Detach",
    "Disable",
    "Disassociate",
    "Enable",
    "Import",
    "Invite",
    "Leave",
    "Modify",
    "Move",
    "Purge",
    "Put",
    "Reboot",
    "Register",
    "Release",
    "Remove",
    "Replace",
    "Reset",
    "Restore",
    "Revoke",
    "Rotate",
    "Run",
    "Schedule",
    "Send",
    "Set",
    "Start",
    "Stop",
    "Tag",
    "Terminate",
    "Untag",
    "Update",
    "Upload",
];

impl Call {
    /// What a call does. `read_only` is what the record says of itself, `status` the status that the
    /// request sets, if it sets one.
    pub fn of(service: &str, name: &str, read_only: Option<bool>, status: &str) -> Call {
        Call { kind: kind(service, name, read_only), words: words(service, name, status) }
    }
}

fn kind(service: &str, name: &str, read_only: Option<bool>) -> EventKind {
    if service == "signin" {
        return if name == "ConsoleLogin" { EventKind::Authenticated } else { EventKind::Used };
    }
    if SECRETS.contains(&(service, name)) {
        return EventKind::Read;
    }
    // A call to STS mints; what it mints is an event of its own.
    let changes = service != "sts" && read_only.map_or_else(|| begins(name, CHANGES), |read_only| !read_only);
    if changes { EventKind::Changed } else { EventKind::Used }
}

fn words(service: &str, name: &str, status: &str) -> &'static [&'static str] {
    let audit = AUDIT.contains(&(service, name));
    let delete = begins(name, DELETE);
    match (delete, audit) {
        (true, true) => &["delete", "audit"],
        (true, false) => &["delete"],
        (false, true) => &["audit"],
        _ if CREATE_ACCOUNT.contains(&name) => &["create-account"],
        _ if CREATE_KEY.contains(&name) => &["create-key"],
        _ if begins(name, GRANT) => &["grant"],
        _ if name == "UpdateAccessKey" && status == "Active" => &["enable"],
        _ if name == "UpdateAccessKey" && status == "Inactive" => &["disable"],
        _ if name.starts_with("Enable") => &["enable"],
        _ if name.starts_with("Disable") || name.starts_with("Deactivate") => &["disable"],
        _ if begins(name, EXPORT) => &["export"],
        _ => &[],
    }
}

fn begins(name: &str, with: &[&str]) -> bool {
    with.iter().any(|beginning| name.starts_with(beginning))
}
