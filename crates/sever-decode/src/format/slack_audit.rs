//! `slack-audit`: entries of Slack's Audit Logs API.
//!
//! What an action is, is decided in [`act`].

mod act;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, EventTime, Outcome, Row, Zone};

use self::act::Act;
use super::{Format, paths, repairs};
use crate::json::{Found, Plan, Reader};
use crate::mapping::Field;
use crate::memo::Memo;
use crate::sniff::{Sample, has};
use crate::{Framing, action, when};

pub(super) const FORMAT: Format = Format {
    id: "slack-audit",
    title: "Slack audit logs",
    about: "Entries of the Audit Logs API of Slack's enterprise plans (`GET /audit/v1/logs`, or an export of it), one a \
line or as an array. An entry is an `action` with Slack's `actor`, `entity` or `context`.\n\n`user_login` and its \
failures are `authenticated`, and a login that names its session is also `issued`; downloads, shares, joins and \
logouts are `used`; all else is `changed`, with our words before Slack's action: `create-account user_created`, \
`grant role_change_to_owner`, `export manual_export_started`, `audit pref.public_channel_retention_changed`, `disable \
user_deactivated`. `actor` is the e-mail address of who acted, else their name or id; `account` the same of the user \
that it was done to; `resource` what it was done to, by type, id and name (`file F0123 plan.pdf`); `client` the app; \
`session` `context.session_id`; `node` the workspace; `fields` an app's scopes.",
    joins: "By session: `context.session_id` of `user_login` and of what is done in that session later (join `session`, \
issuer `slack`, class `session`). Not every action is made in a session: those of apps and of Slack itself name \
none. Slack's sessions last until somebody ends them unless a duration is set, so that the class's lifetime is a \
year; a session that is not in the log may be from before it until the log is as old as that. Where a \
session duration is enforced, declare the class with it and be told sooner. API tokens are not in this log \
(`app_installed` says that one was made, without its id).",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Actor, Field::SourceIp],
    make: |settings| {
        let reader = Reader::new(Plan::any_case(PATHS), settings.json_depth_max);
        let text = [String::new(), String::new()];
        settings.fixed("slack-audit", SlackAudit { reader, acts: Memo::default(), text })
    },
    score,
};

const ISSUER: &str = "slack";

paths! {
    Action = "action" Text;
    Time = "date_create" Raw;
    Id = "id" Text;
    ActorType = "actor.type" Text;
    Actor = "actor.user" Raw;
    ActorEmail = "actor.user.email" Text;
    ActorName = "actor.user.name" Text;
    ActorId = "actor.user.id" Text;
    ActorTeam = "actor.user.team" Text;
    ActorApp = "actor.app.name" Text;
    EntityType = "entity.type" Text;
    OnEmail = "entity.user.email" Text;
    OnUserName = "entity.user.name" Text;
    OnUserId = "entity.user.id" Text;
    Files = "entity.file.id" Text;
    FileName = "entity.file.name" Text;
    FileTitle = "entity.file.title" Text;
    ChannelId = "entity.channel.id" Text;
    ChannelName = "entity.channel.name" Text;
    AppId = "entity.app.id" Text;
    AppName = "entity.app.name" Text;
    AppScopes = "entity.app.scopes" Joined(',');
    WorkspaceId = "entity.workspace.id" Text;
    WorkspaceName = "entity.workspace.name" Text;
    EnterpriseId = "entity.enterprise.id" Text;
    EnterpriseName = "entity.enterprise.name" Text;
    WorkflowId = "entity.workflow.id" Text;
    WorkflowName = "entity.workflow.name" Text;
    GroupId = "entity.usergroup.id" Text;
    GroupName = "entity.usergroup.name" Text;
    RoleId = "entity.role.id" Text;
    RoleName = "entity.role.name" Text;
    BarrierId = "entity.barrier.id" Text;
    MessageChannel = "entity.message.channel" Text;
    MessageTime = "entity.message.timestamp" Text;
    HuddleId = "entity.huddle.id" Text;
    CanvasId = "entity.canvas.id" Text;
    ListId = "entity.list.id" Text;
    WhereType = "context.location.type" Text;
    WhereName = "context.location.name" Text;
    WhereDomain = "context.location.domain" Text;
    WhereId = "context.location.id" Text;
    Agent = "context.ua" Text;
    Ip = "context.ip_address" Text;
    Session = "context.session_id" Text;
    InApp = "context.app.name" Text;
    InAppId = "context.app.id" Text;
    DetailScopes = "details.new_scopes" Joined(',');
}

/// Where the id and the name of an entity may stand.
const ENTITIES: &[(Path, Path)] = &[
    (Path::Files, Path::FileName),
    (Path::Files, Path::FileTitle),
    (Path::ChannelId, Path::ChannelName),
    (Path::AppId, Path::AppName),
    (Path::WorkflowId, Path::WorkflowName),
    (Path::GroupId, Path::GroupName),
    (Path::RoleId, Path::RoleName),
    (Path::BarrierId, Path::BarrierId),
    (Path::MessageChannel, Path::MessageTime),
    (Path::HuddleId, Path::HuddleId),
    (Path::CanvasId, Path::CanvasId),
    (Path::ListId, Path::ListId),
    (Path::WorkspaceId, Path::WorkspaceName),
    (Path::EnterpriseId, Path::EnterpriseName),
    (Path::OnUserId, Path::OnUserName),
];

struct SlackAudit {
    reader: Reader,
    acts: Memo<1, Act>,
    /// The action and the resource.
    text: [String; 2],
}

impl Decoder for SlackAudit {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let SlackAudit { reader, acts, text: [action, resource] } = self;
        let found = reader.read(frame)?;
        let text = |path: Path| found.text(path as usize);
        let act = acts.told([text(Path::Action)], |[action]| Act::of(action));
        if !is_entry(&found, act) {
            return Err(Reason::Unrelated);
        }
        // Seconds since the epoch; some who keep the entries write them out, in UTC and without saying so.
        let time = when::said(&found, "date_create", &[Path::Time as usize], Some(&Zone::UTC))?;
        action::write(action, act.words, &[text(Path::Action)]);
        write_resource(resource, &found);
        let mut row = Row::new(time, act.kind, offset);
        row.action = action;
        row.outcome = act.outcome;
        let first = |paths: [Path; 3]| found.first(&paths.map(|path| path as usize));
        row.actor = first([Path::ActorEmail, Path::ActorName, Path::ActorId]);
        if row.actor.is_empty() {
            row.actor = first([Path::Actor, Path::ActorApp, Path::ActorType]);
        }
        row.account = first([Path::OnEmail, Path::OnUserName, Path::OnUserId]);
        row.resource = resource;
        row.client = first([Path::InApp, Path::InAppId, Path::AppName]);
        row.source_ip = text(Path::Ip);
        row.user_agent = text(Path::Agent);
        row.node = first([Path::WhereId, Path::WhereDomain, Path::WhereName]);
        row.fields = first([Path::AppScopes, Path::DetailScopes, Path::DetailScopes]);
        row.session = text(Path::Session);
        if !row.session.is_empty() {
            (row.issuer, row.token_type, row.token_subject) = (ISSUER, "session", row.actor);
        }
        if act.kind == EventKind::Authenticated {
            row.account = if row.account.is_empty() { row.actor } else { row.account };
            // The session that is being opened is not yet one that is used.
            let session = std::mem::take(&mut row.session);
            (row.issuer, row.token_type, row.token_subject) = ("", "", "");
            out.push(&Row { session, ..row });
            if act.outcome == Outcome::Answered && !session.is_empty() {
                let issued_at = (time != EventTime::MIN).then_some(time);
                let (issuer, token_type, token_subject) = (ISSUER, "session", row.account);
                let kind = EventKind::Issued;
                out.push(&Row { kind, session, issuer, token_type, token_subject, issued_at, ..row });
            }
            return Ok(());
        }
        out.push(&row);
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

/// `file F0123 plan.pdf`: type, id and name of what it was done to.
fn write_resource(into: &mut String, found: &Found<'_>) {
    into.clear();
    into.push_str(found.text(Path::EntityType as usize));
    let parts = ENTITIES.iter().find(|(id, name)| found.has(*id as usize) || found.has(*name as usize));
    let Some((id, name)) = parts else { return };
    let (id, name) = (found.text(*id as usize), found.text(*name as usize));
    for part in [id, if id == name { "" } else { name }].into_iter().filter(|part| !part.is_empty()) {
        if !into.is_empty() {
            into.push(' ');
        }
        into.push_str(part);
    }
}

/// Whether it is an entry: an action of one word, with an actor, entity or context of Slack's shape.
fn is_entry(found: &Found<'_>, act: Act) -> bool {
    let has = |paths: &[Path]| paths.iter().any(|path| found.has(*path as usize));
    let actor = [Path::ActorTeam, Path::ActorId, Path::ActorEmail, Path::ActorName];
    let context = [Path::WhereType, Path::WhereDomain, Path::Agent, Path::Session];
    let entity = [Path::EntityType, Path::OnUserId, Path::AppId, Path::Files, Path::ChannelId, Path::WorkspaceId];
    let known = act.is_known && has(&[Path::ActorType, Path::Time, Path::Ip]);
    let shaped =
        has(&actor) || has(&context) || (has(&entity) && has(&[Path::ActorType, Path::Time, Path::Ip, Path::Id]));
    act.is_formed && (known || shaped)
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        has(record, "action") && has(record, "actor.type") && (has(record, "context") || has(record, "entity.type"))
    });
    (share >= 0.3).then(|| ((share * 95.0) as u8, "Slack's `action`, `actor` and `context`".to_owned()))
}
