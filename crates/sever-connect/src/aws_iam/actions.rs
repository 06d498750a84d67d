//! What an action of an AWS policy comes to as rights.
//!
//! Actions that matter to a departure stand in a table; any other is judged by its verb, as AWS names
//! its calls (`Get…`, `Put…`, `Delete…`). A pattern (`iam:*AccessKey*`) has the rights of all that it
//! means.
//!
//! Source: AWS Service Authorization Reference.

use sever_model::Rights;

const READ: Rights = Rights::READ;
const WRITE: Rights = Rights::WRITE;
const DELETE: Rights = Rights::DELETE;
const USE: Rights = Rights::USE;
const EXPORT: Rights = Rights::EXPORT;
const ACCOUNTS: Rights = Rights::CREATE_ACCOUNTS;
const GRANT: Rights = Rights::GRANT;
const AUDIT: Rights = Rights::AUDIT;

/// Actions whose verb does not say what they are good for.
const TABLE: &[(&str, Rights)] = &[
    ("cloudtrail:DeleteEventDataStore", AUDIT),
    ("cloudtrail:DeleteTrail", AUDIT),
    ("cloudtrail:PutEventSelectors", AUDIT),
    ("cloudtrail:StopLogging", AUDIT),
    ("cloudtrail:UpdateTrail", AUDIT),
    ("config:DeleteConfigurationRecorder", AUDIT),
    ("config:StopConfigurationRecorder", AUDIT),
    ("dynamodb:ExportTableToPointInTime", EXPORT),
    ("dynamodb:PartiQLSelect", READ),
    ("dynamodb:Query", READ),
    ("dynamodb:Scan", READ),
    ("ec2:CreateSnapshot", EXPORT),
    ("ec2:DeleteFlowLogs", AUDIT),
    ("ec2:ModifyImageAttribute", GRANT),
    ("ec2:ModifySnapshotAttribute", GRANT),
    ("ec2:TerminateInstances", DELETE),
    ("ec2-instance-connect:SendSSHPublicKey", USE),
    ("ecr:BatchGetImage", READ),
    ("eks:CreateAccessEntry", ACCOUNTS),
    ("guardduty:DeleteDetector", AUDIT),
    ("guardduty:UpdateDetector", AUDIT),
    ("iam:AddUserToGroup", GRANT),
    ("iam:AttachGroupPolicy", GRANT),
    ("iam:AttachRolePolicy", GRANT),
    ("iam:AttachUserPolicy", GRANT),
    ("iam:CreateAccessKey", ACCOUNTS),
    ("iam:CreateLoginProfile", ACCOUNTS),
    ("iam:CreatePolicyVersion", GRANT),
    ("iam:CreateRole", ACCOUNTS),
    ("iam:CreateServiceSpecificCredential", ACCOUNTS),
    ("iam:CreateUser", ACCOUNTS),
    ("iam:DeleteRolePermissionsBoundary", GRANT),
    ("iam:DeleteUserPermissionsBoundary", GRANT),
    ("iam:PassRole", GRANT),
    ("iam:PutGroupPolicy", GRANT),
    ("iam:PutRolePermissionsBoundary", GRANT),
    ("iam:PutRolePolicy", GRANT),
    ("iam:PutUserPermissionsBoundary", GRANT),
    ("iam:PutUserPolicy", GRANT),
    ("iam:SetDefaultPolicyVersion", GRANT),
    ("iam:UpdateAssumeRolePolicy", GRANT),
    ("iam:UpdateLoginProfile", ACCOUNTS),
    ("iam:UploadSSHPublicKey", ACCOUNTS),
    ("kms:CreateGrant", GRANT),
    ("kms:Decrypt", USE),
    ("kms:Encrypt", USE),
    ("kms:GenerateDataKey", USE),
    ("kms:GenerateMac", USE),
    ("kms:GetPublicKey", Rights::NONE),
    ("kms:PutKeyPolicy", GRANT),
    ("kms:ReEncryptFrom", USE),
    ("kms:ScheduleKeyDeletion", DELETE),
    ("kms:Sign", USE),
    ("kms:Verify", Rights::NONE),
    ("lambda:AddPermission", GRANT),
    ("logs:DeleteLogGroup", AUDIT),
    ("logs:DeleteLogStream", AUDIT),
    ("logs:DeleteRetentionPolicy", AUDIT),
    ("logs:PutRetentionPolicy", AUDIT),
    ("organizations:LeaveOrganization", AUDIT),
    ("rds:CreateDBSnapshot", EXPORT),
    ("rds:ModifyDBSnapshotAttribute", GRANT),
    ("rds:StartExportTask", EXPORT),
    ("s3:DeleteBucketPolicy", GRANT),
    ("s3:GetObject", READ),
    ("s3:PutBucketAcl", GRANT),
    ("s3:PutBucketLogging", AUDIT),
    ("s3:PutBucketPolicy", GRANT),
    ("s3:PutBucketVersioning", AUDIT),
    ("s3:PutLifecycleConfiguration", AUDIT),
    ("s3:PutObjectAcl", GRANT),
    ("s3:PutReplicationConfiguration", EXPORT),
    ("secretsmanager:BatchGetSecretValue", READ),
    ("secretsmanager:GetSecretValue", READ),
    ("secretsmanager:PutResourcePolicy", GRANT),
    ("secretsmanager:PutSecretValue", WRITE),
    ("securityhub:DisableSecurityHub", AUDIT),
    ("ssm:GetParameter", READ),
    ("ssm:GetParameterHistory", READ),
    ("ssm:GetParameters", READ),
    ("ssm:GetParametersByPath", READ),
    ("ssm:SendCommand", USE),
    ("ssm:StartSession", USE),
    ("sso:CreateAccountAssignment", GRANT),
    ("sts:AssumeRole", USE),
    ("sts:AssumeRoleWithSAML", USE),
    ("sts:AssumeRoleWithWebIdentity", USE),
    ("sts:GetCallerIdentity", Rights::NONE),
    ("sts:GetSessionToken", Rights::NONE),
];

/// Settings and names of things, which `Get` and the like show without any content.
const METADATA: [&str; 4] = ["secretsmanager:Get", "kms:Get", "iam:Get", "cloudtrail:Get"];

/// Verbs by which calls begin.
const VERBS: &[(&str, Rights)] = &[
    ("Assume", USE),
    ("BatchDelete", DELETE),
    ("BatchGet", READ),
    ("BatchWrite", WRITE),
    ("Connect", USE),
    ("Create", WRITE),
    ("Decrypt", USE),
    ("Delete", DELETE),
    ("Deregister", DELETE),
    ("Download", READ),
    ("Encrypt", USE),
    ("Execute", USE),
    ("Get", READ),
    ("Import", WRITE),
    ("Invoke", USE),
    ("Modify", WRITE),
    ("Publish", WRITE),
    ("Purge", DELETE),
    ("Put", WRITE),
    ("Read", READ),
    ("Receive", READ),
    ("Remove", DELETE),
    ("Rotate", WRITE),
    ("Run", WRITE),
    ("Select", READ),
    ("Send", WRITE),
    ("Set", WRITE),
    ("Sign", USE),
    ("Start", WRITE),
    ("Stop", WRITE),
    ("Terminate", DELETE),
    ("Update", WRITE),
    ("Upload", WRITE),
    ("Write", WRITE),
];

/// What a statement's action allows on the resources that it names.
pub(crate) fn rights_of(action: &str) -> Rights {
    if action == "*" || action == "*:*" {
        return Rights::ADMIN;
    }
    let named = TABLE.iter().filter(|(name, _)| glob(action, name));
    let mut rights = named.clone().fold(Rights::NONE, |sum, (_, rights)| sum.with(*rights));
    let Some((_, call)) = action.split_once(':') else { return rights };
    let is_listed = !action.contains(['*', '?']) && named.count() > 0;
    let verb = call.split(['*', '?']).next().unwrap_or("");
    if verb.is_empty() {
        return rights.with(data());
    }
    if !is_listed && !METADATA.iter().any(|prefix| starts_with(action, prefix)) {
        let spoken = VERBS.iter().filter(|(word, _)| {
            // `s3:G*` may be any verb that begins so.
            starts_with(verb, word) || (call.len() > verb.len() && starts_with(word, verb))
        });
        rights = spoken.fold(rights, |sum, (_, rights)| sum.with(*rights));
    }
    rights
}

/// What is left when some actions are taken away from all: never everything.
pub(crate) fn rights_without(taken: &[&str]) -> Rights {
    let left = TABLE.iter().filter(|(name, _)| !taken.iter().any(|action| glob(action, name)));
    left.fold(data(), |sum, (_, rights)| sum.with(*rights))
}

/// Whether a statement's action means a call.
pub(crate) fn means(action: &str, call: &str) -> bool {
    glob(action, call)
}

const fn data() -> Rights {
    READ.with(WRITE).with(DELETE).with(USE).with(EXPORT)
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// Whether a text fits a pattern with `*` and `?`, whatever the case. Linear but for the last `*`.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(want) if *want == b'?' || want.eq_ignore_ascii_case(byte) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                t = from + 1;
            }
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests;
