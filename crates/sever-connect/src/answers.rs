//! Folders of answers that an interface gave: pages of JSON objects, one kind of thing or several.
//!
//! A file holds a page as the interface answers it (an object around an array), several of them one
//! after another or in an array, or only the things: an array, or JSON lines. Which kind a thing is, the
//! provider decides by what is around it, by what is in it, and only last by the file's name. An answer
//! that is an error, and a file that is no JSON, make the listing partial: what it would have said is
//! not known.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use sever_model::port::{Reason, SourceError};

use crate::SourceSettings;
use crate::files::{self, Parts, file_name};
use crate::lines::Place;
use crate::row::{counted, shortened};
use crate::tally::Tally;
use crate::wire::{self, Around};

/// Takes answers.
pub(crate) trait Answers {
    /// A page begins: its file, and what it says of itself.
    fn page(&mut self, path: &Path, around: &Around, tally: &mut Tally<'_>);
    /// A thing of it.
    fn thing(&mut self, place: Place, thing: &Value, tally: &mut Tally<'_>) -> Result<(), Reason>;
}

/// Reads a listing's files; `wrappers` are the members under which the interface keeps its arrays.
pub(crate) fn read(
    settings: &SourceSettings,
    parts: &Parts,
    wrappers: &[&str],
    into: &mut dyn Answers,
    tally: &mut Tally<'_>,
) -> Result<(), SourceError> {
    for path in &parts.paths {
        let Some(text) = text_of(settings, path, tally)? else { continue };
        let mut file = File { path, name: file_name(path), wrappers, into: &mut *into, tally: &mut *tally, things: 0 };
        let scan = wire::pages(&text, settings.limits.json_depth_max, wrappers, &mut file);
        if let Some(line) = scan.breaks_off {
            let gap = format!("{}: breaks off at line {line}", file.name);
            file.tally.partial(gap);
        }
    }
    Ok(())
}

/// A file's text; nothing where it is empty or no JSON, which is told.
pub(crate) fn text_of(
    settings: &SourceSettings,
    path: &Path,
    tally: &mut Tally<'_>,
) -> Result<Option<Vec<u8>>, SourceError> {
    let fail = |error: std::io::Error| files::failed(settings, path, &error.to_string());
    let (text, broken) = files::read_whole(path, settings.limits.file_bytes_max).map_err(fail)?;
    let name = file_name(path);
    if let Some(broken) = broken {
        tally.partial(format!("{name}: does not decompress to its end: {broken}"));
    }
    if text.iter().all(u8::is_ascii_whitespace) {
        tally.partial(format!("{name}: empty"));
        return Ok(None);
    }
    if !wire::is_json(&text) {
        tally.partial(format!("{name}: no JSON, left out"));
        return Ok(None);
    }
    Ok(Some(text))
}

/// One file as it is read.
struct File<'a, 't> {
    path: &'a Path,
    name: String,
    wrappers: &'a [&'a str],
    into: &'a mut dyn Answers,
    tally: &'a mut Tally<'t>,
    things: u64,
}

impl wire::Pages for File<'_, '_> {
    fn page(&mut self, around: &Around) {
        if let Some(error) = error_in(around) {
            self.tally.partial(format!("{}: the interface answered with an error: {error}", self.name));
        }
        self.into.page(self.path, around, self.tally);
    }

    fn element(&mut self, place: Place, element: Result<&[u8], Reason>) {
        self.things += 1;
        let taken = element.and_then(wire::read::<Value>).and_then(|thing| self.thing(place, &thing));
        if let Err(reason) = taken {
            self.tally.reject(&self.name, place, reason);
        }
    }
}

impl File<'_, '_> {
    fn thing(&mut self, place: Place, thing: &Value) -> Result<(), Reason> {
        let Some(members) = thing.as_object() else { return Err(Reason::Syntax("not an object".to_owned())) };
        if let Some(error) = error_in(members) {
            self.tally.partial(format!("{}: the interface answered with an error: {error}", self.name));
            return Ok(());
        }
        // Pages put into one array; a thing of its own has an id besides such a list.
        let wrapper = self.wrappers.iter().find(|name| members.get(**name).is_some_and(Value::is_array));
        let Some(wrapper) = wrapper.filter(|_| !members.contains_key("id")) else {
            return self.into.thing(place, thing, self.tally);
        };
        let mut around = members.clone();
        let inner = around.insert((*wrapper).to_owned(), Value::Array(Vec::new()));
        self.into.page(self.path, &around, self.tally);
        for thing in inner.as_ref().and_then(Value::as_array).into_iter().flatten() {
            if let Err(reason) = self.into.thing(place, thing, self.tally) {
                self.tally.reject(&self.name, place, reason);
            }
        }
        Ok(())
    }
}

/// What an error answer says, in the words of the interfaces that we know: Microsoft Graph and Google
/// (`error`), Okta (`errorCode`), SCIM (RFC 7644 §3.12).
fn error_in(members: &Around) -> Option<String> {
    let text = |value: Option<&Value>| match value? {
        Value::String(text) => Some(shortened(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    if let Some(error) = members.get("error").and_then(Value::as_object) {
        return Some(format!("`{}`", text(error.get("code")).unwrap_or_default()));
    }
    if members.contains_key("errorSummary") {
        return Some(format!("`{}`", text(members.get("errorCode")).unwrap_or_default()));
    }
    let schemas = members.get("schemas").and_then(Value::as_array);
    let is_error = |schema: &Value| schema.as_str().is_some_and(|name| name.ends_with(":Error"));
    let is_error = schemas.is_some_and(|schemas| schemas.iter().any(is_error));
    is_error.then(|| format!("`{}`", text(members.get("status")).unwrap_or_default()))
}

/// Pages that say that there are more, by what they list and the series of files that they are in:
/// the last page of one list says nothing of another's.
#[derive(Default)]
pub(crate) struct Unfollowed(BTreeMap<(String, String), (u64, u64)>);

impl Unfollowed {
    /// Counts a page of `what` in a file, and whether it names a next one.
    pub(crate) fn page(&mut self, what: &str, file: &str, next: Option<&Value>) {
        let (pages, last) = self.0.entry((what.to_owned(), series(file))).or_default();
        *pages += 1;
        *last += u64::from(next.and_then(Value::as_str).is_none_or(str::is_empty));
    }

    /// Tells of every list whose last page is not there.
    pub(crate) fn finish(self, member: &str, tally: &mut Tally<'_>) {
        for ((what, _), (pages, _)) in self.0.into_iter().filter(|(_, (_, last))| *last == 0) {
            tally.partial(format!(
                "{what}: {} and none is the last, for each has `{member}`: fetch the rest",
                counted(pages, "page")
            ));
        }
    }
}

/// A file's name without its endings and the number of the page: `users-2.json` is of `users`.
fn series(file: &str) -> String {
    let stem = file.split('.').next().unwrap_or(file);
    stem.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '_')).to_lowercase()
}

/// Which of an export's lists were there.
pub(crate) struct Lists<T: 'static> {
    /// Each list, its name and how to make it.
    all: &'static [(T, &'static str, &'static str)],
    seen: Vec<T>,
}

impl<T: Copy + PartialEq> Lists<T> {
    pub(crate) fn new(all: &'static [(T, &'static str, &'static str)]) -> Lists<T> {
        Lists { all, seen: Vec::new() }
    }

    pub(crate) fn saw(&mut self, list: T) {
        if !self.seen.contains(&list) {
            self.seen.push(list);
        }
    }

    pub(crate) fn has(&self, list: T) -> bool {
        self.seen.contains(&list)
    }

    /// Tells of the lists that are missing: of what they would hold nothing is known.
    pub(crate) fn finish(&self, tally: &mut Tally<'_>) {
        for (_, name, how) in self.all.iter().filter(|(list, ..)| !self.has(*list)) {
            tally.partial(format!("no {name} in the export: add {how}"));
        }
    }
}
