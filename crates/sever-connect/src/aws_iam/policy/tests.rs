//! Documents in the shapes that AWS writes.

use serde_json::{Value, json};

use super::{Broadened, allowed, document, trusted};

fn check(statement: Value, expect: &str) -> Broadened {
    let mut broadened = Broadened::default();
    let found = allowed(&json!({"Version": "2012-10-17", "Statement": statement}), "aws", &mut broadened);
    let text: Vec<String> = found.rights.iter().map(|(arn, rights)| format!("{arn}: {rights}")).collect();
    assert_eq!(text.join(" | "), expect);
    broadened
}

#[test]
fn statements_become_rights() {
    check(
        json!([{"Effect": "Allow", "Action": ["s3:GetObject", "kms:Decrypt"], "Resource": "*"}]),
        "arn:aws:s3:*: read | arn:aws:kms:*: use",
    );
    check(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}), "*: admin");
    check(
        json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::c/d"]}),
        "arn:aws:s3:::b/*: read | arn:aws:s3:::c/d: read",
    );
    check(json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}), "arn:aws:iam:*: use");
    check(json!({"Effect": "Allow", "Action": 7, "Resource": []}), "");
    check(json!("nonsense"), "");
}

#[test]
fn what_is_read_more_broadly_is_counted() {
    let resource = "arn:aws:secretsmanager:*:1:secret:prod-*";
    let statement = json!({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": resource,
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}});
    let broadened = check(statement, "arn:aws:secretsmanager:*: read");
    assert_eq!(broadened, Broadened { conditions: 1, wildcards: 1, ..Broadened::default() });
    let own = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::h/${aws:username}/*"});
    assert_eq!(check(own, "arn:aws:s3:::h/*: read"), Broadened { variables: 1, ..Broadened::default() });
    let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    assert_eq!(check(deny, ""), Broadened { denials: 1, ..Broadened::default() });
}

#[test]
fn documents_may_be_url_encoded() {
    let plain = json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let encoded = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22%2A%22%2C%20\
                   %22Resource%22%3A%22%2A%22%7D%5D%7D";
    assert_eq!(document(&json!(encoded)).ok(), Some(plain.clone()));
    assert_eq!(document(&json!(plain.to_string())).ok(), Some(plain.clone()));
    assert_eq!(document(&plain).ok(), Some(plain));
    assert!(document(&json!("%7B%zz")).is_err());
}

#[test]
fn a_role_trusts_principals_of_three_kinds() {
    let statement = json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {
        "AWS": ["arn:aws:iam::1:user/ann", "2"], "Service": "ec2.amazonaws.com"}},
        {"Effect": "Allow", "Principal": "*"}]);
    let found = trusted(&json!({"Statement": statement}), &mut Broadened::default());
    assert_eq!(found.principals, ["arn:aws:iam::1:user/ann", "2", "*"]);
    assert_eq!(found.services, ["ec2.amazonaws.com"]);
}
