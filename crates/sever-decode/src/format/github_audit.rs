//! `github-audit`: the audit log of a GitHub organisation or enterprise.
//!
//! What an action is, is decided in [`act`].

mod act;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, EventTime, Row, Zone};

use self::act::Act;
use super::{Format, paths, repairs};
use crate::json::{Found, Plan, Reader, Value};
use crate::mapping::Field;
use crate::memo::Memo;
use crate::search::until;
use crate::sniff::{Sample, has, text};
use crate::{Framing, action, when};

pub(super) const FORMAT: Format = Format {
    id: "github-audit",
    title: "GitHub audit log",
    about: "Audit log entries of an organisation or enterprise: the JSON export, the REST API \
(`/orgs/{org}/audit-log?include=all`), and what streaming delivers, Git events and API requests with it. An entry is \
known by an `action` of category and operation (`repo.destroy`) of GitHub's own categories, or with fields of \
GitHub's own beside it.\n\nSign-ins (`user.login`, `org.sso_response`) are `authenticated`; Git events, API requests, \
downloads and workflow runs are `used`; all else is `changed`, with our words before GitHub's action: `grant \
org.add_member`, `create-key public_key.create`, `delete repo.destroy`, `disable org.disable_two_factor_requirement`, \
`audit audit_log_streaming.destroy`, `export repo.download_zip`. `actor` is the login, `account` the user acted upon, \
`resource` the team, repository, hook, secret, organisation or enterprise, `source_ip` `actor_ip` (where its disclosure \
is on), `client` the OAuth application or integration, else the transport of a Git event, `token_subject` the SAML \
identity (`external_identity_nameid`), `fields` the token's scopes.\n\nWhere a token was used, `credential` is \
`hashed_token`, `issuer` `https://github.com` and `token_type` `programmatic_access_type`; keys (`SSH key`, \
`Deploy key`) have no issuer. Where only `token_id` is told, it is the credential, without an issuer; else it is `parent`. \
Giving a token access to an organisation (`personal_access_token.access_granted`, \
`org_credential_authorization.grant`) and making one (`oauth_access.create`) is `issued`.",
    joins: "By the base64 SHA-256 of the token (`hashed_token`): join `token_sha256`, issuer `https://github.com`. \
GitHub logs a use with every API request and Git event, but the making of a token only in its owner's own security \
log: an organisation sees `personal_access_token.access_granted` and `org_credential_authorization.grant`, where \
approval or SAML sign-on is enforced, and those name the token by id more often than by hash. So there is no class of \
itself: declare one, with its `token_type`, only where every such token must be authorised first and those records carry the hash. Otherwise uses \
are unjudgeable, and a token is followed by its hash. Tokens of GitHub Apps are minted without a record.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Actor, Field::Action, Field::Resource],
    make: |settings| {
        let reader = Reader::new(Plan::any_case(PATHS), settings.json_depth_max);
        settings.fixed("github-audit", GithubAudit { reader, acts: Memo::default(), action: String::new() })
    },
    score,
};

const ISSUER: &str = "https://github.com";

paths! {
    Action = "action" Text;
    Time = "@timestamp" Raw;
    // Some copies may not have `@` in a key.
    TimeCopied = "at_sign_timestamp" Raw;
    Created = "created_at" Raw;
    Actor = "actor" Raw;
    ActorId = "actor_id" Text;
    ActorIp = "actor_ip" Text;
    ActorLocation = "actor_location.country_code" Text;
    Agent = "user_agent" Text;
    User = "user" Raw;
    DataUser = "data.user" Text;
    Email = "email" Text;
    DataEmail = "data.email" Text;
    Invitee = "invitee" Text;
    NameId = "external_identity_nameid" Text;
    ExternalName = "external_identity_username" Text;
    Team = "team" Text;
    DataTeam = "data.team" Text;
    Repo = "repo" Text;
    Repository = "repository" Text;
    Org = "org" Text;
    Business = "business" Text;
    HookId = "hook_id" Text;
    DataHookId = "data.hook_id" Text;
    RulesetName = "ruleset_name" Text;
    Secret = "key" Text;
    Name = "name" Text;
    RoleName = "role_name" Text;
    Integration = "integration" Text;
    OauthApplication = "oauth_application_name" Text;
    OauthApplicationId = "oauth_application_id" Text;
    ApplicationClient = "application_client_id" Text;
    Transport = "transport_protocol_name" Text;
    Protocol = "protocol_name" Text;
    AccessType = "programmatic_access_type" Text;
    HashedToken = "hashed_token" Text;
    TokenId = "token_id" Text;
    Scopes = "token_scopes" Joined(',');
    Expires = "token_expires_at" Raw;
    ExpiresOf = "user_programmatic_access_expires_at" Raw;
    DocumentId = "_document_id" Text;
    Operation = "operation_type" Text;
    OrgId = "org_id" Text;
    RepoId = "repo_id" Text;
    BusinessId = "business_id" Text;
    PublicRepo = "public_repo" Raw;
    RequestMethod = "request_method" Text;
    UrlPath = "url_path" Text;
    Route = "route" Text;
    StatusCode = "status_code" Raw;
}

/// What only GitHub's entries have beside an action.
const OWN: &[Path] = &[
    Path::ActorLocation,
    Path::ActorIp,
    Path::AccessType,
    Path::HashedToken,
    Path::DocumentId,
    Path::OrgId,
    Path::RepoId,
    Path::BusinessId,
    Path::PublicRepo,
    Path::Operation,
    Path::Repo,
    Path::Org,
    Path::Business,
];

struct GithubAudit {
    reader: Reader,
    acts: Memo<1, Act>,
    action: String,
}

impl Decoder for GithubAudit {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let GithubAudit { reader, acts, action } = self;
        let found = reader.read(frame)?;
        let text = |path: Path| found.text(path as usize);
        let act = acts.told([text(Path::Action)], |[action]| Act::of(action));
        if !is_entry(&found, act) {
            return Err(Reason::Unrelated);
        }
        let method = text(Path::RequestMethod);
        action::write(action, act.words, &[text(Path::Action), if method.is_empty() { "" } else { " " }, method]);
        // A key that is let in is no token that is made.
        let key = is_key(text(Path::AccessType));
        let kind = if act.kind == EventKind::Issued && key { EventKind::Changed } else { act.kind };
        let mut row = Row::new(time(&found)?, kind, offset);
        row.action = action;
        row.outcome = act.outcome(status(&found));
        row.actor = found.first(&[Path::Actor as usize, Path::ActorId as usize]);
        row.source_ip = text(Path::ActorIp);
        row.user_agent = text(Path::Agent);
        row.resource = resource(&found);
        let accounts = [Path::User, Path::DataUser, Path::Invitee, Path::Email, Path::DataEmail];
        row.account = found.first(&accounts.map(|path| path as usize));
        if row.account.is_empty() && act.kind == EventKind::Authenticated {
            row.account = row.actor;
        }
        let clients = [Path::OauthApplication, Path::OauthApplicationId, Path::ApplicationClient, Path::Integration];
        row.client = found.first(&clients.map(|path| path as usize));
        if row.client.is_empty() {
            row.client = found.first(&[Path::Transport as usize, Path::Protocol as usize]);
        }
        row.token_subject = found.first(&[Path::NameId as usize, Path::ExternalName as usize]);
        row.fields = text(Path::Scopes);
        presented(&found, &mut row);
        if kind == EventKind::Issued {
            row.issuer = ISSUER;
            row.token_subject = if row.account.is_empty() { row.actor } else { row.account };
            row.issued_at = (row.time != EventTime::MIN).then_some(row.time);
            let ends = [Path::Expires, Path::ExpiresOf].map(|path| path as usize);
            row.expires_at = ends.iter().find_map(|slot| when::instant(&found, *slot, Some(&Zone::UTC)));
        }
        out.push(&row);
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

/// The token or key that was used, as far as the entry tells.
fn presented<'a>(found: &Found<'a>, row: &mut Row<'a>) {
    let text = |path: Path| found.text(path as usize);
    let (hash, id, kind) = (text(Path::HashedToken), text(Path::TokenId), text(Path::AccessType));
    row.token_type = kind;
    (row.credential, row.parent) = if hash.is_empty() { (id, "") } else { (hash, id) };
    // A key is nobody's to issue; it joins the inventory, as does a token of which only the id is told.
    if !hash.is_empty() && !is_key(kind) {
        row.issuer = ISSUER;
    }
}

/// Whether it is a key's kind and not a token's: `SSH key`, `Deploy key`, `deploy_key`.
fn is_key(kind: &str) -> bool {
    let is = |part: &str| kind.as_bytes().windows(part.len()).any(|it| it.eq_ignore_ascii_case(part.as_bytes()));
    is("ssh") || is("deploy")
}

/// What was touched: the nearest thing first, and then what it stands in.
fn resource<'a>(found: &Found<'a>) -> &'a str {
    let category = until(found.text(Path::Action as usize), b'.');
    let team: &[Path] = &[Path::Team, Path::DataTeam];
    let repo: &[Path] = &[Path::Repo, Path::Repository];
    let own: &[Path] = match category {
        "team" | "team_discussions" | "team_sync_tenant" => team,
        "repository_ruleset" | "organization_ruleset" => &[Path::Repo, Path::Repository, Path::RulesetName],
        "role" | "organization_role" => &[Path::RoleName, Path::Name],
        "integration" | "integration_installation" | "oauth_application" => &[Path::Integration, Path::Name],
        "api" => &[Path::UrlPath, Path::Route],
        _ => repo,
    };
    let outer = [
        Path::Repo,
        Path::Repository,
        Path::Team,
        Path::DataTeam,
        Path::Name,
        Path::Secret,
        Path::RulesetName,
        Path::Org,
        Path::Business,
        Path::HookId,
        Path::DataHookId,
    ];
    own.iter().chain(&outer).map(|path| found.text(*path as usize)).find(|text| !text.is_empty()).unwrap_or("")
}

fn time(found: &Found<'_>) -> Result<EventTime, Reason> {
    let slots = [Path::Time, Path::TimeCopied, Path::Created].map(|path| path as usize);
    // They count milliseconds; some who keep the entries write them out, in UTC and without saying so.
    let said = when::said(found, "@timestamp", &slots, Some(&Zone::UTC));
    said.or_else(|reason| {
        // A copy that lost the point between seconds and their fraction.
        let text = found.first(&slots);
        let whole = text.get(..19).filter(|_| text.get(19..).is_some_and(|rest| rest.parse::<u64>().is_ok()));
        whole.and_then(|whole| when::instant_text(whole, Some(&Zone::UTC))).ok_or(reason)
    })
}

fn status(found: &Found<'_>) -> Option<u64> {
    match found.value(Path::StatusCode as usize) {
        Value::Unsigned(code) => Some(code),
        _ => found.text(Path::StatusCode as usize).parse().ok(),
    }
}

fn is_entry(found: &Found<'_>, act: Act) -> bool {
    // Others have an action and an actor too, but theirs is an object.
    let actor = !matches!(found.value(Path::Actor as usize), Value::Other);
    let own = || OWN.iter().any(|path| found.has(*path as usize));
    act.is_formed && actor && (act.is_known || own())
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let category = text(record, "action").split_once('.').map_or("", |(category, _)| category);
        let actor = record.get("actor").is_none_or(|actor| !actor.is_object());
        let own = ["org", "repo", "business", "_document_id", "@timestamp"].iter().any(|key| has(record, key));
        act::is_category(category) && actor && own
    });
    (share >= 0.3).then(|| ((share * 95.0) as u8, "GitHub's actions (`repo.create`)".to_owned()))
}
