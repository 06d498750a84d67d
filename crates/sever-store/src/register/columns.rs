//! Which columns of a table hold what, and how their texts are read.

use sever_model::port::Reason;
use sever_model::{EventTime, Zone};

/// Which columns hold what, where they do not have one of the usual names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// The ids.
    pub id: Option<String>,
    /// When each was given out.
    pub created: Option<String>,
    /// When it was deleted.
    pub deleted: Option<String>,
    /// Whether it is a member's.
    pub member: Option<String>,
}

/// The usual names, the likeliest first; compared without case, spaces, dashes and underscores.
const USUAL: [&[&str]; 4] = [
    &["id", "memberid", "userid", "customerid", "subjectid", "accountid", "memberno", "customerno", "uuid"],
    &[
        "created",
        "createdat",
        "createdon",
        "creationdate",
        "joined",
        "joinedat",
        "registered",
        "registeredat",
        "signup",
    ],
    &["deleted", "deletedat", "deletedon", "closed", "closedat", "withdrawn", "withdrawnat", "leftat", "removedat"],
    &["member", "ismember", "type", "kind", "subjecttype"],
];
const WHAT: [&str; 4] = ["id", "created", "deleted", "member"];

/// Kinds of people who are in others' data and are no members.
const NOT_MEMBERS: [&str; 11] = [
    "nonmember",
    "guest",
    "contact",
    "recipient",
    "external",
    "other",
    "prospect",
    "anonymous",
    "lead",
    "thirdparty",
    "addressee",
];

impl Columns {
    /// Where each column stands in a header; and what is wrong, where ids stand nowhere or a
    /// configured column is missing.
    pub(super) fn find(&self, header: &[String]) -> Result<[Option<usize>; 4], (String, Option<String>)> {
        let mut found = [None; 4];
        let configured = [&self.id, &self.created, &self.deleted, &self.member];
        let seen = || header.join("`, `");
        for (((slot, configured), usual), what) in found.iter_mut().zip(configured).zip(USUAL).zip(WHAT) {
            *slot = match configured {
                Some(name) => {
                    let at = header.iter().position(|column| plain(column) == plain(name));
                    let hint = || Some(format!("the columns are `{}`", seen()));
                    Some(at.ok_or_else(|| (format!("there is no column `{name}` for `{what}`"), hint()))?)
                }
                None => usual.iter().find_map(|name| header.iter().position(|column| plain(column) == *name)),
            };
        }
        if found.first().is_none_or(Option::is_none) {
            let hint = "name it: `[register] columns = { id = \"…\" }`".to_owned();
            return Err((format!("no column is known to hold ids; there are `{}`", seen()), Some(hint)));
        }
        Ok(found)
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '.')).flat_map(char::to_lowercase).collect()
}

/// Texts that stand for nothing.
pub(super) fn absent(text: &str) -> bool {
    matches!(text, "" | "null" | "NULL" | "\\N" | "None" | "-")
}

/// When an id was given out. A bare date is its first instant.
pub(super) fn created(text: &str, zone: &Zone) -> Result<Option<EventTime>, Reason> {
    time(text, zone, "created", Zone::start_of)
}

/// When an id was deleted. A bare date is its last instant: whoever is deleted today was somebody
/// this morning.
pub(super) fn deleted(text: &str, zone: &Zone) -> Result<Option<EventTime>, Reason> {
    time(text, zone, "deleted", Zone::end_of)
}

fn time(
    text: &str,
    zone: &Zone,
    field: &'static str,
    date: fn(&Zone, &str) -> Result<EventTime, sever_model::TimeError>,
) -> Result<Option<EventTime>, Reason> {
    let text = text.trim();
    if absent(text) {
        return Ok(None);
    }
    let invalid = || Reason::Invalid(field, short(text));
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(|number| Some(since_epoch(number))).map_err(|_| invalid());
    }
    let read = if text.len() == 10 { date(zone, text) } else { zone.local(text) };
    read.map(Some).map_err(|_| invalid())
}

/// A count since the epoch, in the unit that puts it between 1973 and 5138: seconds, else
/// milliseconds, microseconds or nanoseconds.
pub(super) fn since_epoch(number: i64) -> EventTime {
    match number.unsigned_abs() {
        0..100_000_000_000 => EventTime::from_secs(number),
        100_000_000_000..100_000_000_000_000 => EventTime::from_micros(number.saturating_mul(1_000)),
        100_000_000_000_000..100_000_000_000_000_000 => EventTime::from_micros(number),
        _ => EventTime::from_micros(number.div_euclid(1_000)),
    }
}

/// Whether an id is a member's. In a column of yes and no anything else is invalid; in one of kinds
/// everybody is, but those who are only in others' data.
pub(super) fn member(text: &str, kinds: bool) -> Result<bool, Reason> {
    let text = text.trim();
    if absent(text) {
        return Ok(true);
    }
    if text.eq_ignore_ascii_case("true") {
        return Ok(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Ok(false);
    }
    match plain(text).as_str() {
        "1" | "y" | "yes" | "t" | "member" => Ok(true),
        "0" | "n" | "no" | "f" => Ok(false),
        kind if NOT_MEMBERS.contains(&kind) => Ok(false),
        _ if kinds => Ok(true),
        _ => Err(Reason::Invalid("member", short(text))),
    }
}

/// Whether a column of this name holds kinds of people rather than yes and no.
pub(super) fn holds_kinds(name: &str) -> bool {
    !matches!(plain(name).as_str(), "member" | "ismember")
}

/// A value for a message: enough to recognise it.
pub(super) fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
