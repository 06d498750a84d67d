//! What single actions and patterns come to.

use super::{glob, rights_of, rights_without};

fn check(action: &str, expect: &str) {
    assert_eq!(rights_of(action).to_string(), expect, "{action}");
}

#[test]
fn actions_come_to_rights() {
    check("*", "admin");
    check("secretsmanager:GetSecretValue", "read");
    check("SecretsManager:getsecretvalue", "read");
    check("secretsmanager:GetResourcePolicy", "");
    check("secretsmanager:*", "read write delete use export grant");
    check("kms:Decrypt", "use");
    check("kms:Describe*", "");
    check("s3:Get*", "read");
    check("s3:G*", "read");
    check("s3:GetObjectVersion", "read");
    check("s3:ListBucket", "");
    check("iam:CreateUser", "create-accounts");
    check("iam:*AccessKey*", "read write delete use export create-accounts");
    check("iam:Attach*Policy", "grant");
    check("cloudtrail:StopLogging", "audit");
    check("sts:AssumeRole", "use");
    check("ec2:TerminateInstances", "delete");
    check("nonsense", "");
}

#[test]
fn what_is_taken_away_is_not_left() {
    let all = rights_without(&["iam:*", "organizations:*", "sso:*"]).to_string();
    assert_eq!(all, "read write delete use export create-accounts grant audit");
    let rights = rights_without(&["iam:*", "kms:*", "eks:*", "cloudtrail:*", "logs:*"]);
    assert!(!rights.any(sever_model::Rights::CREATE_ACCOUNTS));
}

#[test]
fn patterns_fit() {
    assert!(glob("a*c?e", "abbbcde") && glob("*", "") && glob("A*", "abc"));
    assert!(!glob("a*c", "abcd") && !glob("", "a") && !glob("a?", "a"));
}
