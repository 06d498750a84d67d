//! Repositories by the many ways in which reports name them.

use super::{access_key, kind_of, repository};
use crate::tests::settings;

fn check(text: &str, expect: &str) {
    let found = repository(&settings(std::path::Path::new("x")), text);
    assert_eq!(found.map_or(String::new(), |id| id.to_string()), expect, "{text}");
}

#[test]
fn repositories_are_named_as_their_source_lists_them() {
    check("https://github.com/shop/orders.git", "github/shop/orders");
    check("https://github.com/shop/orders/blob/abc/src/a.rs#L3", "github/shop/orders");
    check("git@github.com:shop/orders.git", "github/shop/orders");
    check("ssh://git@gitlab.shop.example/a/b/orders.git", "gitlab/a/b/orders");
    check("https://gitlab.com/a/b/orders/-/blob/abc/x#L1", "gitlab/a/b/orders");
    check("https://git.shop.example/team/orders", "git.shop.example/team/orders");
    check("shop/orders", "github/shop/orders");
    check("", "");
    check("c:", "");
    check("https://github.com/shop", "");
}

#[test]
fn access_keys_are_named_by_their_ids() {
    assert_eq!(access_key("AKIAIOSFODNN7EXAMPLE"), Some("AKIAIOSFODNN7EXAMPLE"));
    assert_eq!(access_key("AKIA"), None);
    assert_eq!(access_key("akiaiosfodnn7example"), None);
}

#[test]
fn rules_say_what_they_find() {
    use sever_model::CredentialKind::*;
    for (rule, kind) in [
        ("private-key", SigningKey),
        ("github-pat", Token),
        ("aws-access-token", ApiKey),
        ("generic-api-key", ApiKey),
        ("PrivateKey", SigningKey),
        ("Postgres", Password),
        ("AWS", ApiKey),
        ("hashicorp-tf-password", Password),
        ("something", Secret),
    ] {
        assert_eq!(kind_of(rule), kind, "{rule}");
    }
}
