//! Paths of the interface as files are saved under them.

use std::path::Path;

use super::{Answer, Owner, by_path};

fn check(path: &str, expect: Option<Answer>) {
    assert_eq!(by_path(Path::new(path)), expect, "{path}");
}

#[test]
fn paths_name_answers() {
    let (org, repo) = ("shop".to_owned(), "shop/orders".to_owned());
    check("x/orgs/shop.json", Some(Answer::Org));
    check("x/orgs/shop/members.json", Some(Answer::Members { org: org.clone(), owners: false }));
    check("x/orgs/shop/members?role=admin.json", Some(Answer::Members { org: org.clone(), owners: true }));
    check("x/orgs/shop/repos.json", Some(Answer::Repos));
    check("x/orgs/shop/teams/core/repos.json", Some(Answer::TeamRepos { org: org.clone(), team: "core".to_owned() }));
    check("x/repos/shop/orders/keys.json.gz", Some(Answer::Keys { repo: repo.clone() }));
    check("repos/shop/orders/actions/secrets.json", Some(Answer::Secrets { of: Owner::Repo(repo) }));
    check("orgs/shop/actions/secrets.json", Some(Answer::Secrets { of: Owner::Org(org) }));
    check("keys.json", None);
    check("repos/keys.json", None);
}
