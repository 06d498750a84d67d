//! Events of the Windows event log, in the shapes that collectors write as JSON: shared by the formats
//! that stand on it, and no format of its own.
//!
//! | shape | id | data |
//! |---|---|---|
//! | Elastic's winlogbeat and agent | `winlog.event_id` (earlier `event_id`) | `winlog.event_data` |
//! | NXLog, flat | `EventID` | in the record itself |
//! | Sentinel and Azure Monitor | `EventID` | columns of the record, or `EventData`: an object, or XML |
//! | evtx_dump | `Event.System.EventID` | `Event.EventData`, `Event.UserData` |
//! | Wazuh | `data.win.system.eventID` | `data.win.eventdata` |
//!
//! Data without names (classic providers) are called `param1`, `param2` …, as winlogbeat does.

mod data;
mod head;
pub(super) mod xml;

use sever_model::port::Reason;
use sever_model::{EventTime, Outcome, Zone};

use crate::json::{Found, Plan, Reader, Value, Want};
use crate::when;
use head::Path;

pub(super) use head::said_by;

/// Reads events.
pub(super) struct Winlog {
    /// Reads what every event has, and data that stand in the record itself.
    head: Reader,
    /// Reads data that stand in a container of their own.
    data: Reader,
    /// Data that were not written as an object, as one.
    object: String,
    /// The list that they stood in.
    list: String,
}

/// One event.
pub(super) struct Record<'a> {
    head: Found<'a>,
    /// What it is about, by the slots that were asked for.
    pub data: Found<'a>,
    /// Which event it is.
    pub id: u32,
    pub provider: &'a str,
    pub channel: &'a str,
    pub computer: &'a str,
    /// The text for people, where the collector rendered one.
    pub message: &'a str,
    /// Whether the record is wrapped as only events of Windows are.
    pub wrapped: bool,
}

impl Winlog {
    /// A reader that finds these data.
    pub fn new(data: &[(&str, Want)], json_depth_max: usize) -> Winlog {
        let with_list: Vec<(&str, Want)> = data.iter().copied().chain([("Data", Want::Json)]).collect();
        let with_head: Vec<(&str, Want)> = head::PATHS.iter().chain(data).copied().collect();
        let reader = |paths: &[(&str, Want)]| Reader::new(Plan::any_case(paths), json_depth_max);
        Winlog { head: reader(&with_head), data: reader(&with_list), object: String::new(), list: String::new() }
    }

    /// What reads, for what they met.
    pub fn readers(&self) -> [&Reader; 2] {
        [&self.head, &self.data]
    }

    /// Reads one event.
    pub fn read<'a>(&'a mut self, frame: &'a [u8]) -> Result<Record<'a>, Reason> {
        let Winlog { head, data, object, list } = self;
        let head = head.read(frame)?;
        let id = head.first(head::IDS).parse().map_err(|_| Reason::Unrelated)?;
        let container = head.first(head::CONTAINERS);
        let data = match container {
            "" => head.counted_from(head::PATHS.len()),
            written if written.starts_with('[') && data::read_list(written, data) => data.end_row(),
            written if !written.starts_with('{') => match data::to_object(written, object) {
                data::Written::Xml(text) => data::read_xml(&text, data),
                data::Written::Object => data.read(object.as_bytes())?,
                // A number or a word in their place: there are none.
                data::Written::Other => data.read(b"{}")?,
            },
            written => {
                let slot = data::list_slot(data);
                list.clear();
                list.push_str(data.read_part(written)?.text(slot));
                if list.is_empty() {
                    data.again(written)
                } else if data::read_list(list, data) {
                    data.end_row()
                } else if data::list_to_object(list, object) {
                    data.read(object.as_bytes())?
                } else {
                    data.read_part(written)?
                }
            }
        };
        let computer = head.first(head::COMPUTERS);
        let wrapped = head::WRAPPERS.iter().any(|slot| head.has(*slot));
        let (provider, channel) = (head.first(head::PROVIDERS), head.first(head::CHANNELS));
        let message = head.first(&[Path::Message as usize, Path::Rendered as usize]);
        Ok(Record { head, data, id, provider, channel, computer, message, wrapped })
    }
}

impl<'a> Record<'a> {
    /// When it was. Windows keeps UTC; only NXLog's `EventTime` is of the place, and says so nowhere.
    pub fn time(&self, place: Option<&Zone>) -> Result<EventTime, Reason> {
        let is_said = |slot: &&usize| !matches!(self.head.value(**slot), Value::Absent | Value::Other);
        if let Some(slot) = head::TIMES.iter().find(is_said) {
            return instant(&self.head, *slot);
        }
        if is_said(&&(Path::EventTime as usize)) {
            if let Some(at) = when::instant(&self.head, Path::EventTime as usize, place) {
                return Ok(at);
            }
            if !head::OTHER_TIMES.iter().any(|slot| is_said(&slot)) {
                return Err(Reason::Invalid("EventTime", self.head.shown(Path::EventTime as usize)));
            }
        }
        match head::OTHER_TIMES.iter().find(is_said) {
            Some(slot) => instant(&self.head, *slot),
            None => Ok(EventTime::MIN),
        }
    }

    /// Whether the audit was one of success or of failure.
    pub fn outcome(&self) -> Outcome {
        let said = head::OUTCOMES.iter().map(|slot| head::outcome(&self.head, *slot));
        said.into_iter().find(|outcome| *outcome != Outcome::Unknown).unwrap_or_default()
    }

    /// The id of the activity that it belongs to.
    pub fn activity(&self) -> &'a str {
        self.head.first(head::ACTIVITIES)
    }

    /// Who the collector says it was, as `DOMAIN\name`.
    pub fn account(&self) -> &'a str {
        self.head.text(Path::Account as usize)
    }
}

fn instant(found: &Found<'_>, slot: usize) -> Result<EventTime, Reason> {
    // `/Date(1696118400000)/`, as PowerShell writes it.
    let text = found.text(slot);
    let text = text.strip_prefix("/Date(").and_then(|rest| rest.split([')', '+', '-']).next()).unwrap_or(text);
    let at = when::instant_text(text, Some(&Zone::UTC)).or_else(|| when::instant(found, slot, Some(&Zone::UTC)));
    at.ok_or_else(|| Reason::Invalid("time", found.shown(slot)))
}

#[cfg(test)]
mod tests;
