//! `google-workspace`: activities of Google Workspace, as the Admin SDK's Reports API tells them.
//!
//! A record is one activity of one actor, and each of its events is an event here. What an event is,
//! is decided in [`event`]; its parameters are read in [`parameters`].

mod event;
mod parameters;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, EventTime, Outcome, Row, Zone};

use self::event::Event;
use self::parameters::{Parameter, Parameters};
use super::{Format, paths, repairs};
use crate::json::{Found, Plan, Reader};
use crate::mapping::Field;
use crate::memo::Memo;
use crate::sniff::{Sample, has, text};
use crate::{Framing, action, when};

pub(super) const FORMAT: Format = Format {
    id: "google-workspace",
    title: "Google Workspace activities",
    about: "Activities of the Admin SDK Reports API (`kind` `admin#reports#activity`), one a line or as an array \
(`items` of its pages), of every application: login, admin, token, drive, saml, groups, user_accounts, mobile, vault, \
gmail, calendar and others. Both writings of an event are read: `events` with `parameters` as a list of name and \
value, and the flattened one of collectors, with `type`, `name` and `parameters` as an object in the record \
itself.\n\nEach of a record's events gives one. Sign-ins are `authenticated`; consent to an application (token: \
`authorize`) is `issued`, with the OAuth client as `client` and the scopes as `resource`; what an administrator does, \
and changes of documents, access, groups and one's own account, are `changed`; views, downloads and calls of an \
application are `used`. Actions carry our words before application and name: `create-account admin:CREATE_USER`, \
`grant drive:change_document_visibility people_with_link`, `export admin:CUSTOMER_TAKEOUT_CREATED`, \
`create-key login:password_edit`. `actor` is the e-mail address, else the profile's id; `account` the user acted upon, \
or the owner of the document; `resource` the document, group, application, setting, role or device. A refusal is told \
from the event's name (`login_failure`).\n\nThe log has no ids of sessions or tokens. Rows of the `activity` table of the \
export to BigQuery (`time_usec`, `record_type`, `event_name`) are read too, as JSON lines.",
    joins: "None. Google logs that somebody let an application in (`authorize`), never the tokens that follow, and no \
event names the token or session it was made with (`provider_hmac`). Sign-ins and uses join by account only. What a \
leaver consented to is in the `authorize` events without a later `revoke`.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Actor, Field::Action, Field::SourceIp],
    make: |settings| {
        let reader = |paths| Reader::new(Plan::any_case(paths), settings.json_depth_max);
        settings.fixed(
            "google-workspace",
            GoogleWorkspace {
                activity: reader(PATHS),
                event: reader(EVENT_PATHS),
                parameters: Parameters::default(),
                known: Memo::default(),
                action: String::new(),
            },
        )
    },
    score,
};

paths! {
    Kind = "kind" Text;
    Time = "id.time" Text;
    Application = "id.applicationName" Text;
    Email = "actor.email" Text;
    Profile = "actor.profileId" Text;
    Key = "actor.key" Text;
    CallerType = "actor.callerType" Text;
    ActingClient = "actor.applicationInfo.oauthClientId" Text;
    Ip = "ipAddress" Text;
    Events = "events" Json;
    Type = "type" Text;
    Name = "name" Text;
    Flattened = "parameters" Json;
    // The table of the export to BigQuery: one event a row, with a record for its application.
    RowTime = "time_usec" Raw;
    RowEmail = "email" Text;
    RowIp = "ip_address" Text;
    RowType = "event_type" Text;
    RowName = "event_name" Text;
    RowApplication = "record_type" Text;
    OfAdmin = "admin" Json;
    OfLogin = "login" Json;
    OfDrive = "drive" Json;
    OfToken = "token" Json;
    OfGroups = "groups" Json;
    OfSaml = "saml" Json;
    OfMobile = "mobile" Json;
    OfAccounts = "user_accounts" Json;
    OfGmail = "gmail" Json;
    OfCalendar = "calendar" Json;
    OfRules = "rules" Json;
    OfVault = "vault" Json;
    OfChrome = "chrome" Json;
}

/// Where the parameters of a row of BigQuery's may stand.
const ROW_PARAMETERS: &[Path] = &[
    Path::OfAdmin,
    Path::OfLogin,
    Path::OfDrive,
    Path::OfToken,
    Path::OfGroups,
    Path::OfSaml,
    Path::OfMobile,
    Path::OfAccounts,
    Path::OfGmail,
    Path::OfCalendar,
    Path::OfRules,
    Path::OfVault,
    Path::OfChrome,
];

const EVENT_PATHS: &[(&str, crate::json::Want)] =
    &[("type", crate::json::Want::Text), ("name", crate::json::Want::Text), ("parameters", crate::json::Want::Json)];

struct GoogleWorkspace {
    activity: Reader,
    event: Reader,
    parameters: Parameters,
    /// What events are, by application, type and name.
    known: Memo<3, Event>,
    action: String,
}

/// What all events of an activity share.
struct Activity<'a> {
    application: &'a str,
    row: Row<'a>,
}

impl Decoder for GoogleWorkspace {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let GoogleWorkspace { activity: reader, event, parameters, known, action } = self;
        let found = reader.read(frame)?;
        if !is_activity(&found) {
            return Err(Reason::Unrelated);
        }
        let text = |path: Path| found.text(path as usize);
        // They are UTC; collectors write them without saying so.
        let times = [Path::Time as usize, Path::RowTime as usize];
        let time = when::said(&found, "id.time", &times, Some(&Zone::UTC))?;
        let mut row = Row::new(time, EventKind::Used, offset);
        let names = [Path::Email, Path::RowEmail, Path::Profile, Path::Key, Path::CallerType].map(|path| path as usize);
        row.actor = found.first(&names);
        row.source_ip = found.first(&[Path::Ip as usize, Path::RowIp as usize]);
        row.client = text(Path::ActingClient);
        let application = found.first(&[Path::Application as usize, Path::RowApplication as usize]);
        let activity = Activity { application, row };
        let mut push = |told: [&str; 2], said: &Parameters| activity.push(told, said, known, action, out);
        // Only a list is one.
        let events = Some(text(Path::Events)).filter(|events| events.starts_with('[')).unwrap_or("[]");
        let count = parameters.each_event(events, &mut push).unwrap_or_else(|read| {
            let mut at = 0;
            event.each(events, &mut |found| {
                at += 1;
                if at > read {
                    parameters.read(found.text(2));
                    push([found.text(0), found.text(1)], parameters);
                }
            })
        });
        if count == 0 {
            let row = ROW_PARAMETERS.iter().map(|path| text(*path)).find(|json| json.starts_with('{'));
            parameters.read(if is_row(&found) { row.unwrap_or("") } else { text(Path::Flattened) });
            let first = |path: Path, row: Path| found.first(&[path as usize, row as usize]);
            let told = [first(Path::Type, Path::RowType), first(Path::Name, Path::RowName)];
            push(told, parameters);
        }
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.activity)
    }
}

impl Activity<'_> {
    fn push(
        &self,
        [class, name]: [&str; 2],
        said: &Parameters,
        known: &mut Memo<3, Event>,
        action: &mut String,
        out: &mut dyn EventSink,
    ) {
        let event = known
            .told([self.application, class, name], |[application, class, name]| Event::of(application, class, name));
        let own = if name.is_empty() { class } else { name };
        let colon = if self.application.is_empty() || own.is_empty() { "" } else { ":" };
        action::write(action, event.words, &[self.application, colon, own]);
        if event.words.contains(&"grant") && !said.text(Parameter::Visibility).is_empty() {
            action.extend([" ", said.text(Parameter::Visibility)]);
        }
        let mut row = Row { kind: event.kind, outcome: event.outcome, action, ..self.row };
        row.account = said.first(parameters::ACCOUNTS);
        row.resource = said.first(parameters::RESOURCES);
        if row.client.is_empty() {
            row.client = said.first(parameters::CLIENTS);
        }
        row.user_agent = said.text(Parameter::UserAgent);
        if row.source_ip.is_empty() {
            row.source_ip = said.text(Parameter::ClientIp);
        }
        if event.kind == EventKind::Authenticated {
            // Some sign-ins are told of an account and not by it.
            row.account = if row.account.is_empty() { row.actor } else { row.account };
        }
        if event.kind == EventKind::Issued {
            row.issuer = "https://accounts.google.com";
            row.token_type = "oauth-consent";
            row.token_subject = row.actor;
            row.account = row.actor;
            row.issued_at = (row.time != EventTime::MIN && row.outcome == Outcome::Answered).then_some(row.time);
            row.resource = said.first(parameters::SCOPES);
        }
        out.push(&row);
    }
}

/// Whether it is an activity: by its kind, by its id, or, in copies that lack both, by an actor such
/// as only activities have.
fn is_activity(found: &Found<'_>) -> bool {
    let has = |path: Path| found.has(path as usize);
    match found.text(Path::Kind as usize) {
        "" => {
            let tells = has(Path::Events) || (has(Path::Name) && has(Path::Type));
            has(Path::Application) || is_row(found) || (tells && (has(Path::Profile) || has(Path::CallerType)))
        }
        kind => kind.eq_ignore_ascii_case("admin#reports#activity"),
    }
}

/// Whether it is a row of the export to BigQuery.
fn is_row(found: &Found<'_>) -> bool {
    [Path::RowTime, Path::RowName, Path::RowApplication].iter().all(|path| found.has(*path as usize))
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        text(record, "kind").eq_ignore_ascii_case("admin#reports#activity")
            || has(record, "id.applicationName")
            || ["time_usec", "event_name", "record_type"].iter().all(|key| has(record, key))
    });
    (share >= 0.3).then(|| ((share * 98.0) as u8, "activities of `admin#reports#activity`".to_owned()))
}
