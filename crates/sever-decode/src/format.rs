//! The log formats, one file each, and their registry.
//!
//! A format turns one record into events and knows nothing of files, framing or time of day. To add
//! one: write `format/<id>.rs` with a `FORMAT`, list it in [`FORMATS`], and put fixtures under
//! `tests/formats/<id>/`.

mod adfs;
mod auth0;
mod cloudtrail;
mod columns;
mod entra;
mod envoy_json;
mod gcp_audit;
mod github_audit;
mod glewlwyd;
mod google_workspace;
mod json_lines;
mod keycloak;
mod kubernetes_audit;
mod m365;
mod missing;
mod nginx_combined;
mod nginx_json;
mod ocsf;
mod oidc_provider;
mod okta;
mod onelogin;
mod onepassword;
mod openbao_audit;
mod openldap;
mod postgres;
mod postgres_csv;
mod postgres_json;
mod samba_audit;
mod slack_audit;
mod snowflake;
mod sshd;
mod syslog;
mod teleport;
mod windows_security;
mod winlog;

use std::borrow::Cow;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{Limits, LocalTimes, Row, Zone};

use crate::mapping::Field;
use crate::search::until;
use crate::sniff::Sample;
use crate::{Framing, Mapping, MappingError};

pub(crate) use json_lines::outcome_word;

/// Every format, by id.
pub static FORMATS: &[Format] = &[
    adfs::FORMAT,
    auth0::FORMAT,
    cloudtrail::FORMAT,
    entra::FORMAT,
    envoy_json::FORMAT,
    gcp_audit::FORMAT,
    github_audit::FORMAT,
    glewlwyd::FORMAT,
    google_workspace::FORMAT,
    json_lines::FORMAT,
    keycloak::FORMAT,
    kubernetes_audit::FORMAT,
    m365::FORMAT,
    nginx_combined::FORMAT,
    nginx_json::FORMAT,
    ocsf::FORMAT,
    oidc_provider::FORMAT,
    okta::FORMAT,
    onelogin::FORMAT,
    onepassword::FORMAT,
    openbao_audit::FORMAT,
    openldap::FORMAT,
    postgres_csv::FORMAT,
    postgres_json::FORMAT,
    samba_audit::FORMAT,
    slack_audit::FORMAT,
    snowflake::FORMAT,
    sshd::FORMAT,
    teleport::FORMAT,
    windows_security::FORMAT,
];

/// One log format.
pub struct Format {
    /// Its name in the configuration.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is, and which of its fields become what. Markdown.
    pub about: &'static str,
    /// How issuance and use join in it, or why they cannot. Markdown.
    pub joins: &'static str,
    /// How its records are told apart.
    pub framing: Framing,
    /// The fields that every whole record of it has: where one lacks them, it was trimmed on its
    /// way, and that is counted. Empty for mapped formats, which count by their mapping.
    pub whole: &'static [Field],
    make: fn(&Settings) -> Result<Box<dyn Decoder + Send>, MappingError>,
    /// How sure it is that a sample is of this format, and why; nothing where it is not.
    score: fn(&Sample) -> Option<(u8, String)>,
}

/// What a decoder is made from.
pub(crate) struct Settings {
    mapping: Option<Mapping>,
    zone: Option<Zone>,
    json_depth_max: usize,
}

impl Format {
    /// The format of that id.
    pub fn named(id: &str) -> Option<&'static Format> {
        FORMATS.iter().find(|format| format.id == id)
    }

    /// A decoder of this format.
    ///
    /// # Errors
    /// When the mapping does not fit the format, or is missing and needed.
    pub fn decoder(&self, mapping: Option<&Mapping>, limits: &Limits) -> Result<Box<dyn Decoder + Send>, MappingError> {
        let zone = mapping.and_then(|mapping| mapping.zone.as_deref()).map(Zone::named).transpose();
        let zone = zone.map_err(|error| MappingError::Zone(error.to_string()))?;
        let decoder =
            (self.make)(&Settings { mapping: mapping.cloned(), zone, json_depth_max: limits.json_depth_max })?;
        Ok(if self.whole.is_empty() { decoder } else { Box::new(missing::Counting::new(decoder, self.whole)) })
    }

    /// Whether it is the one that any JSON is of.
    pub(crate) fn is_general(&self) -> bool {
        self.id == json_lines::FORMAT.id
    }

    pub(crate) fn score(&self, sample: &Sample) -> Option<(u8, String)> {
        (self.score)(sample)
    }
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

impl Settings {
    /// What reads times of the configured zone, if there is one.
    fn local_times(&self) -> Option<LocalTimes> {
        self.zone.clone().map(LocalTimes::of)
    }

    /// Wraps the decoder of a format that is not mapped: only constants may replace what it says.
    fn fixed(
        &self,
        format: &'static str,
        decoder: impl Decoder + Send + 'static,
    ) -> Result<Box<dyn Decoder + Send>, MappingError> {
        let mut constants = Vec::new();
        for (field, pick) in self.mapping.iter().flat_map(Mapping::picks) {
            match &pick.constant {
                Some(constant) if pick.paths.is_empty() && field.is_text() => constants.push((field, constant.clone())),
                _ => return Err(MappingError::Fixed { format, field: field.name() }),
            }
        }
        Ok(if constants.is_empty() { Box::new(decoder) } else { Box::new(Replacing { decoder, constants }) })
    }
}

/// Replaces what a decoder says in some fields, where it says something.
struct Replacing<D> {
    decoder: D,
    constants: Vec<(Field, String)>,
}

impl<D: Decoder> Decoder for Replacing<D> {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        self.decoder.decode(frame, offset, &mut ReplacingSink { out, constants: &self.constants })
    }

    fn finish(&mut self, out: &mut dyn EventSink) {
        self.decoder.finish(&mut ReplacingSink { out, constants: &self.constants });
    }

    fn notes(&self) -> Vec<Note> {
        self.decoder.notes()
    }
}

struct ReplacingSink<'a> {
    out: &'a mut dyn EventSink,
    constants: &'a [(Field, String)],
}

impl EventSink for ReplacingSink<'_> {
    fn push(&mut self, row: &Row<'_>) {
        let mut row = *row;
        for (field, constant) in self.constants {
            if let Some(place) = field.place(&mut row).filter(|place| !place.is_empty()) {
                *place = constant;
            }
        }
        self.out.push(&row);
    }
}

/// The notes of a decoder that reads JSON.
fn repairs(reader: &crate::json::Reader) -> Vec<Note> {
    repairs_of(&[reader])
}

/// The same of one that reads the lists within its records by readers of their own.
fn repairs_of(readers: &[&crate::json::Reader]) -> Vec<Note> {
    let repaired = |of, count: fn(&crate::json::Reader) -> u64| Note {
        what: "repaired",
        of,
        count: readers.iter().map(|reader| count(reader)).sum(),
    };
    let all = [
        repaired("doubled keys", |reader| reader.doubled),
        repaired("utf-8", |reader| reader.utf8_repairs),
        repaired("escapes", |reader| reader.escape_repairs),
    ];
    all.into_iter().filter(|note| note.count > 0).collect()
}

/// An address without its port: `10.0.0.1:443`, `[::1]:443`.
fn address(text: &str) -> &str {
    if let Some(inner) = text.strip_prefix('[') {
        return until(inner, b']');
    }
    let mut colons = memchr::memchr_iter(b':', text.as_bytes());
    match (colons.next(), colons.next()) {
        (Some(only), None) => text.get(..only).unwrap_or(text),
        _ => text,
    }
}

/// An endpoint without its query string, which may carry secrets.
fn endpoint(text: &str) -> &str {
    until(text, b'?')
}

/// How a request with this HTTP status ended. 499 and 0 are written where the client left before
/// the answer: how much of it there was is unknown.
fn http_outcome(status: u64) -> sever_model::Outcome {
    match status {
        101 | 200..=399 => sever_model::Outcome::Answered,
        499 => sever_model::Outcome::Unknown,
        400..=599 => sever_model::Outcome::Refused,
        _ => sever_model::Outcome::Unknown,
    }
}

/// Text that a client had a part in: what is no UTF-8 in it is replaced, not refused.
fn repaired(frame: &[u8]) -> Cow<'_, str> {
    // Nearly all of it is sound, and looking is many times faster than repairing.
    match std::str::from_utf8(frame) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(frame),
    }
}

/// Text up to its closing quotation mark, and what follows. nginx escapes marks as `\x22`, Apache
/// and Keycloak as `\"`.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let end = from + memchr::memchr2(b'"', b'\\', text.as_bytes().get(from..)?)?;
        if text.as_bytes().get(end) == Some(&b'"') {
            return Some((text.get(..end)?, text.get(end + 1..)?));
        }
        from = end + 2;
    }
}

/// The paths of a JSON format as an enum, whose members are the numbers of their slots.
macro_rules! paths {
    ($($name:ident = $path:literal $want:ident $(($between:literal))?;)*) => {
        #[derive(Clone, Copy)]
        #[repr(usize)]
        #[allow(clippy::enum_variant_names, reason = "each is a field of the format, and so named")]
        pub(super) enum Path { $($name),* }
        pub(super) const PATHS: &[(&str, crate::json::Want)] = &[$(($path, crate::json::Want::$want $(($between))?)),*];
    };
}
use paths;

/// A reason's value, shortened so that a report stays legible.
fn shortened(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    if short.len() < text.len() { short + "…" } else { short }
}
