//! Which answer a file holds, by the path of the interface that it is saved under, and how GitHub's
//! things are named here.
//!
//! `orgs/shop/teams/platform/members.json` is what `GET /orgs/shop/teams/platform/members` answered. An
//! answer that is saved under another name is told by its own members, as far as they say enough.

use std::path::Path;

use serde_json::Value;
use sever_model::{GroupId, ResourceId, Rights, SystemId};

use crate::members::text;

/// What an answer is of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// The organisation itself.
    Org,
    /// Its members, or those of them who administer it.
    Members {
        org: String,
        owners: bool,
    },
    /// People outside who may reach some repositories.
    Outside,
    Teams {
        org: String,
    },
    TeamMembers {
        org: String,
        team: String,
    },
    TeamRepos {
        org: String,
        team: String,
    },
    Repos,
    Collaborators {
        repo: String,
    },
    Keys {
        repo: String,
    },
    Installations {
        org: String,
    },
    Tokens {
        org: String,
    },
    TokenRequests,
    Authorizations {
        org: String,
    },
    Secrets {
        of: Owner,
    },
    Variables {
        of: Owner,
    },
    Hooks,
}

/// Whose a secret or variable is: an organisation's or a repository's.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Owner {
    /// `ORG`
    Org(String),
    /// `ORG/REPO`
    Repo(String),
    /// `ORG/REPO` and the name of an environment.
    Environment(String, String),
}

impl Owner {
    /// Where a secret of this owner lies: never below the repository, for whoever reads that does not
    /// read its secrets.
    pub(crate) fn place(&self, name: &str) -> String {
        match self {
            Owner::Org(org) => format!("actions:{org}/-/{name}"),
            Owner::Repo(repo) => format!("actions:{repo}/{name}"),
            Owner::Environment(repo, environment) => format!("actions:{repo}/{environment}:{name}"),
        }
    }
}

/// A repository: `SYSTEM/ORG/REPO`.
pub(crate) fn repository(system: &SystemId, full_name: &str) -> ResourceId {
    ResourceId::of(system, full_name)
}

/// The owners of an organisation, or all of its members.
pub(crate) fn org_group(system: &SystemId, org: &str, which: &str) -> GroupId {
    GroupId::of(system, &format!("{org}/{which}"))
}

/// A team.
pub(crate) fn team_group(system: &SystemId, org: &str, slug: &str) -> GroupId {
    GroupId::of(system, &format!("{org}/team/{slug}"))
}

/// What a role on a repository allows, by any of the words that GitHub uses.
pub(crate) fn rights_of(role: &str) -> Rights {
    match role {
        "read" | "pull" | "triage" => Rights::READ,
        "write" | "push" => Rights::READ.with(Rights::WRITE),
        "maintain" => Rights::READ.with(Rights::WRITE).with(Rights::DELETE),
        "admin" => Rights::ADMIN,
        // A role of the organisation's own making has at least what a reader has.
        "" | "none" => Rights::NONE,
        _ => Rights::READ,
    }
}

/// The answer that a path names.
pub(crate) fn by_path(path: &Path) -> Option<Answer> {
    let parts: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let root = parts.iter().rposition(|part| part == "orgs" || part == "repos" && parts.len() > 2)?;
    // `orgs/shop/repos.json` has its root before; a folder `repos` below one is the interface's own.
    let root = parts.iter().position(|part| part == "orgs").filter(|at| *at < root).unwrap_or(root);
    let mut rest: Vec<&str> = parts.get(root + 1..)?.iter().map(String::as_str).collect();
    let last = plain(rest.pop()?);
    match (parts.get(root)?.as_str(), rest.as_slice()) {
        ("orgs", []) => Some(Answer::Org),
        ("orgs", [org]) => of_org(org, last),
        ("orgs", [org, "teams", team]) => {
            let (org, team) = ((*org).to_owned(), (*team).to_owned());
            match last {
                "members" => Some(Answer::TeamMembers { org, team }),
                "repos" => Some(Answer::TeamRepos { org, team }),
                _ => None,
            }
        }
        ("orgs", [org, "actions" | "dependabot" | "codespaces"]) => of_owner(Owner::Org((*org).to_owned()), last),
        ("repos", [org, repo]) => {
            let repo = format!("{org}/{repo}");
            match last {
                "collaborators" => Some(Answer::Collaborators { repo }),
                "keys" => Some(Answer::Keys { repo }),
                "hooks" => Some(Answer::Hooks),
                _ => None,
            }
        }
        ("repos", [org, repo, "actions" | "dependabot" | "codespaces"]) => {
            of_owner(Owner::Repo(format!("{org}/{repo}")), last)
        }
        ("repos", [org, repo, "environments", environment]) => {
            of_owner(Owner::Environment(format!("{org}/{repo}"), (*environment).to_owned()), last)
        }
        _ => None,
    }
}

fn of_org(org: &str, last: &str) -> Option<Answer> {
    let org = org.to_owned();
    Some(match last {
        "members" => Answer::Members { org, owners: false },
        "members-admin" | "members?role=admin" => Answer::Members { org, owners: true },
        "outside_collaborators" => Answer::Outside,
        "teams" => Answer::Teams { org },
        "repos" => Answer::Repos,
        "installations" => Answer::Installations { org },
        "personal-access-tokens" => Answer::Tokens { org },
        "personal-access-token-requests" => Answer::TokenRequests,
        "credential-authorizations" => Answer::Authorizations { org },
        "hooks" => Answer::Hooks,
        _ => return None,
    })
}

fn of_owner(of: Owner, last: &str) -> Option<Answer> {
    match last {
        "secrets" => Some(Answer::Secrets { of }),
        "variables" => Some(Answer::Variables { of }),
        _ => None,
    }
}

/// A file's name without what says how it was saved.
fn plain(name: &str) -> &str {
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    name.strip_suffix(".json").or_else(|| name.strip_suffix(".jsonl")).unwrap_or(name)
}

/// The answer that an element is of, by its own members.
pub(crate) fn by_members(section: &str, value: &Value) -> Option<Answer> {
    let has = |member: &str| value.get(member).is_some();
    if section == "installations" || has("app_slug") {
        let org = text(value, "/account/login").unwrap_or_default().to_owned();
        return Some(Answer::Installations { org });
    }
    if has("read_only") && has("key") {
        return Some(Answer::Keys { repo: repo_of(text(value, "/url")?)? });
    }
    if has("full_name") && has("private") {
        return Some(Answer::Repos);
    }
    if has("token_id") && has("token_expires_at") {
        let org = org_of(text(value, "/repositories_url")?)?;
        return Some(Answer::Tokens { org });
    }
    if has("slug") && has("privacy") {
        return Some(Answer::Teams { org: org_of(text(value, "/html_url")?)? });
    }
    if has("default_repository_permission") {
        return Some(Answer::Org);
    }
    (has("config") && has("events") && has("active")).then_some(Answer::Hooks)
}

/// `ORG/REPO` of an address of the interface.
fn repo_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("/repos/")?;
    let mut parts = rest.split('/');
    Some(format!("{}/{}", parts.next()?, parts.next()?))
}

fn org_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("/orgs/")?;
    rest.split('/').next().filter(|org| !org.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests;
