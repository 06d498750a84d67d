//! What every event has beside its data, under each collector's name for it.

use serde_json::Value as Json;
use sever_model::Outcome;

use crate::format::paths;
use crate::json::{Found, Value};
use crate::sniff;

paths! {
    BeatId = "winlog.event_id" Text;
    EarlyId = "event_id" Text;
    Id = "EventID" Text;
    QualifiedId = "EventID.#text" Text;
    DumpId = "Event.System.EventID" Text;
    DumpQualifiedId = "Event.System.EventID.#text" Text;
    WazuhId = "data.win.system.eventID" Text;
    SystemId = "System.EventID" Text;
    ShellId = "Id" Text;
    Code = "Event.code" Text;
    BeatProvider = "winlog.provider_name" Text;
    EarlySource = "source_name" Text;
    SourceName = "SourceName" Text;
    EventSource = "EventSourceName" Text;
    DumpProvider = "Event.System.Provider.#attributes.Name" Text;
    DumpProviderApart = "Event.System.Provider_attributes.Name" Text;
    DumpProviderAt = "Event.System.Provider.@Name" Text;
    DumpProviderPlain = "Event.System.Provider.Name" Text;
    WazuhProvider = "data.win.system.providerName" Text;
    SystemProvider = "System.Provider.#attributes.Name" Text;
    SystemProviderPlain = "System.Provider.Name" Text;
    ProviderName = "ProviderName" Text;
    Provider = "Provider" Text;
    EcsProvider = "Event.provider" Text;
    BeatChannel = "winlog.channel" Text;
    EarlyLog = "log_name" Text;
    Channel = "Channel" Text;
    LogName = "LogName" Text;
    DumpChannel = "Event.System.Channel" Text;
    WazuhChannel = "data.win.system.channel" Text;
    SystemChannel = "System.Channel" Text;
    BeatComputer = "winlog.computer_name" Text;
    EarlyComputer = "computer_name" Text;
    Computer = "Computer" Text;
    Hostname = "Hostname" Text;
    MachineName = "MachineName" Text;
    DumpComputer = "Event.System.Computer" Text;
    WazuhComputer = "data.win.system.computer" Text;
    SystemComputer = "System.Computer" Text;
    HostName = "host.name" Text;
    DumpTime = "Event.System.TimeCreated.#attributes.SystemTime" Raw;
    DumpTimeApart = "Event.System.TimeCreated_attributes.SystemTime" Raw;
    DumpTimeAt = "Event.System.TimeCreated.@SystemTime" Raw;
    DumpTimePlain = "Event.System.TimeCreated.SystemTime" Raw;
    WazuhTime = "data.win.system.systemTime" Raw;
    SystemTime = "System.TimeCreated.#attributes.SystemTime" Raw;
    SystemTimePlain = "System.TimeCreated.SystemTime" Raw;
    BeatTime = "winlog.time_created" Raw;
    TimeCreated = "TimeCreated" Raw;
    TimeGenerated = "TimeGenerated" Raw;
    TimeGeneratedUtc = "TimeGenerated [UTC]" Raw;
    EventTime = "EventTime" Raw;
    Timestamp = "@timestamp" Raw;
    Created = "Event.created" Raw;
    PlainTimestamp = "timestamp" Raw;
    Time = "time" Raw;
    Outcome = "Event.outcome" Text;
    BeatOutcome = "winlog.outcome" Text;
    BeatKeywords = "winlog.keywords" Text;
    Keywords = "Keywords" Raw;
    DumpKeywords = "Event.System.Keywords" Raw;
    WazuhKeywords = "data.win.system.keywords" Raw;
    Severity = "data.win.system.severityValue" Text;
    Type = "EventType" Text;
    BeatActivity = "winlog.activity_id" Text;
    Activity = "ActivityID" Text;
    DumpActivity = "Event.System.Correlation.#attributes.ActivityID" Text;
    DumpActivityApart = "Event.System.Correlation_attributes.ActivityID" Text;
    DumpActivityAt = "Event.System.Correlation.@ActivityID" Text;
    Message = "message" Text;
    Rendered = "Event.RenderingInfo.Message" Text;
    Account = "Account" Text;
    BeatData = "winlog.event_data" Json;
    EarlyData = "event_data" Json;
    Data = "EventData" Json;
    DumpData = "Event.EventData" Json;
    WazuhData = "data.win.eventdata" Json;
    Cleared = "Event.UserData.LogFileCleared" Json;
    BeatUserData = "winlog.user_data" Json;
    PlainCleared = "UserData.LogFileCleared" Json;
    ShellData = "Properties" Json;
}

pub(super) const IDS: &[usize] = &[
    Path::BeatId as usize,
    Path::Id as usize,
    Path::QualifiedId as usize,
    Path::DumpId as usize,
    Path::DumpQualifiedId as usize,
    Path::WazuhId as usize,
    Path::SystemId as usize,
    Path::EarlyId as usize,
    Path::Code as usize,
    Path::ShellId as usize,
];

/// A flat record may have data of the name `ProviderName`, so that this comes late.
pub(super) const PROVIDERS: &[usize] = &[
    Path::BeatProvider as usize,
    Path::SourceName as usize,
    Path::EventSource as usize,
    Path::DumpProvider as usize,
    Path::DumpProviderApart as usize,
    Path::DumpProviderAt as usize,
    Path::DumpProviderPlain as usize,
    Path::WazuhProvider as usize,
    Path::SystemProvider as usize,
    Path::SystemProviderPlain as usize,
    Path::EarlySource as usize,
    Path::Provider as usize,
    Path::ProviderName as usize,
    Path::EcsProvider as usize,
];

pub(super) const CHANNELS: &[usize] = &[
    Path::BeatChannel as usize,
    Path::Channel as usize,
    Path::DumpChannel as usize,
    Path::WazuhChannel as usize,
    Path::SystemChannel as usize,
    Path::LogName as usize,
    Path::EarlyLog as usize,
];

pub(super) const COMPUTERS: &[usize] = &[
    Path::BeatComputer as usize,
    Path::Computer as usize,
    Path::Hostname as usize,
    Path::DumpComputer as usize,
    Path::WazuhComputer as usize,
    Path::SystemComputer as usize,
    Path::EarlyComputer as usize,
    Path::MachineName as usize,
    Path::HostName as usize,
];

/// Times that are the event's own, and UTC.
pub(super) const TIMES: &[usize] = &[
    Path::DumpTime as usize,
    Path::DumpTimeApart as usize,
    Path::DumpTimeAt as usize,
    Path::DumpTimePlain as usize,
    Path::WazuhTime as usize,
    Path::SystemTime as usize,
    Path::SystemTimePlain as usize,
    Path::BeatTime as usize,
    Path::TimeCreated as usize,
    Path::TimeGenerated as usize,
    Path::TimeGeneratedUtc as usize,
];

/// Times that are the event's where nothing better is said.
pub(super) const OTHER_TIMES: &[usize] =
    &[Path::Timestamp as usize, Path::Created as usize, Path::PlainTimestamp as usize, Path::Time as usize];

pub(super) const OUTCOMES: &[usize] = &[
    Path::BeatKeywords as usize,
    Path::Keywords as usize,
    Path::DumpKeywords as usize,
    Path::WazuhKeywords as usize,
    Path::Type as usize,
    Path::Severity as usize,
    Path::BeatOutcome as usize,
    Path::Outcome as usize,
];

pub(super) const ACTIVITIES: &[usize] = &[
    Path::BeatActivity as usize,
    Path::DumpActivity as usize,
    Path::DumpActivityApart as usize,
    Path::DumpActivityAt as usize,
    Path::Activity as usize,
];

/// Where the data stand, if not in the record itself.
pub(super) const CONTAINERS: &[usize] = &[
    Path::BeatData as usize,
    Path::DumpData as usize,
    Path::WazuhData as usize,
    Path::Data as usize,
    Path::EarlyData as usize,
    Path::Cleared as usize,
    Path::BeatUserData as usize,
    Path::PlainCleared as usize,
    Path::ShellData as usize,
];

/// What only events of Windows are wrapped in.
pub(super) const WRAPPERS: &[usize] =
    &[Path::BeatId as usize, Path::DumpId as usize, Path::DumpQualifiedId as usize, Path::WazuhId as usize];

/// Keywords of audits: bit 53 is success, bit 52 failure.
const SUCCESS: u64 = 1 << 53;
const FAILURE: u64 = 1 << 52;

/// What one field says of an audit's outcome: words, or the bits of the keywords.
pub(super) fn outcome(found: &Found<'_>, slot: usize) -> Outcome {
    let bits = match found.value(slot) {
        Value::Unsigned(bits) => bits,
        Value::Signed(bits) => bits.cast_unsigned(),
        _ => {
            let text = found.text(slot);
            let says = |word: &str| text.split([' ', '_', ',']).any(|part| part.eq_ignore_ascii_case(word));
            if says("failure") {
                return Outcome::Refused;
            }
            if says("success") {
                return Outcome::Answered;
            }
            let hex = text.strip_prefix("0x").map(|hex| u64::from_str_radix(hex, 16));
            hex.and_then(Result::ok).or_else(|| text.parse().ok()).unwrap_or(0)
        }
    };
    match (bits & SUCCESS > 0, bits & FAILURE > 0) {
        (true, false) => Outcome::Answered,
        (false, true) => Outcome::Refused,
        _ => Outcome::Unknown,
    }
}

/// What a sampled record says first at one of these places.
fn first<'a>(record: &'a Json, slots: &[usize]) -> &'a str {
    let paths = slots.iter().filter_map(|slot| PATHS.get(*slot));
    paths.map(|(path, _)| sniff::text(record, path)).find(|text| !text.is_empty()).unwrap_or("")
}

/// A sampled record's provider and channel, and whether it has an id.
pub(in crate::format) fn said_by(record: &Json) -> (&str, &str, bool) {
    let has_id = IDS.iter().filter_map(|slot| PATHS.get(*slot)).any(|(path, _)| sniff::has(record, path));
    (first(record, PROVIDERS), first(record, CHANNELS), has_id)
}
