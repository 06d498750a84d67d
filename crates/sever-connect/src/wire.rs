//! JSON exports, element by element.
//!
//! An export is an array, JSON lines, values one after another, or an object that holds the array
//! (SCIM `Resources`, Workday `Report_Entry`, BambooHR `employees`). The elements are found by a
//! scanner that knows strings and nesting and nothing else, so that one bad element is one reject,
//! and a file that breaks off gives everything before the break.

mod sections;

use serde_json::Value;
use sever_model::port::Reason;

use crate::lines::Place;

pub(crate) use sections::sections;

/// Members under which exports keep their array.
const WRAPPERS: [&str; 9] =
    ["Resources", "Report_Entry", "employees", "data", "items", "results", "value", "entities", "keys"];

/// Takes an element, or why there is none, with its place.
pub(crate) type Visit<'v> = dyn FnMut(Place, Result<&[u8], Reason>) + 'v;

/// Takes a member's name and its value, or why there is none, with its place.
pub(crate) type Member<'v> = dyn FnMut(&str, Place, Result<&[u8], Reason>) + 'v;

/// Values that may break off within JSON lines before the rest is given up, so that the search for
/// their ends stays linear in the text.
const BREAKS_MAX: usize = 200;

/// Where a value ends.
enum End {
    At(usize),
    TooDeep(usize),
    BreaksOff,
}

/// What the scan found.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Scan {
    /// The line in which the text breaks off, if it does.
    pub(crate) breaks_off: Option<u64>,
    /// How many elements the export says there are, and how many there were.
    pub(crate) announced: Option<(u64, u64)>,
}

/// What an answer says of itself: the members of the object that wraps the array, without the array.
pub(crate) type Around = serde_json::Map<String, Value>;

/// Takes answers page by page.
pub(crate) trait Pages {
    /// A page, array or bare element begins; nothing is around the latter two.
    fn page(&mut self, around: &Around);
    /// An element of it, or why there is none.
    fn element(&mut self, place: Place, element: Result<&[u8], Reason>);
}

/// Visits every element of an export.
pub(crate) fn elements(text: &[u8], depth_max: usize, visit: &mut Visit<'_>) -> Scan {
    let mut walk = Walk::new(text, depth_max, &WRAPPERS);
    while let Some((at, first)) = walk.next() {
        walk.at = match first {
            b'[' => walk.array(at, visit),
            b'{' => match walk.wrapped_array(at) {
                Some(inner) => walk.wrapped(at, inner, visit),
                None => walk.element(at, visit),
            },
            _ => walk.bad(at, visit),
        };
    }
    walk.scan
}

/// Visits every element of an export with what is said around it; `wrappers` are the members under
/// which its answers keep their array.
pub(crate) fn pages(text: &[u8], depth_max: usize, wrappers: &[&str], into: &mut dyn Pages) -> Scan {
    let nothing = Around::new();
    let mut walk = Walk::new(text, depth_max, wrappers);
    while let Some((at, first)) = walk.next() {
        let inner = if first == b'{' { walk.wrapped_array(at) } else { None };
        let around = inner.map(|inner| walk.around(at, inner));
        into.page(around.as_ref().unwrap_or(&nothing));
        let visit: &mut Visit<'_> = &mut |place, element| into.element(place, element);
        walk.at = match (inner, first) {
            (Some(inner), _) => walk.wrapped(at, inner, visit),
            (None, b'[') => walk.array(at, visit),
            (None, b'{') => walk.element(at, visit),
            _ => walk.bad(at, visit),
        };
    }
    walk.scan
}

/// What stands for a member's name where an object begins.
pub(crate) const OBJECT: &str = "{";

/// Visits the members of every object at the top, or in an array there: of an array of objects each
/// one, of anything else the value whole; before them [`OBJECT`]. For documents that hold several lists.
pub(crate) fn members(text: &[u8], depth_max: usize, visit: &mut Member<'_>) -> Scan {
    let mut walk = Walk::new(text, depth_max, &[]);
    let mut within = false;
    while let Some((at, first)) = walk.next() {
        walk.at = match first {
            b'[' | b']' | b',' => {
                within = first != b']';
                at + 1
            }
            b'{' => {
                let place = Place { offset: at as u64, line: walk.line_of(at), bytes: 1 };
                visit(OBJECT, place, Ok(b"{"));
                walk.members_of(at, visit)
            }
            _ => walk.bad(at, &mut |place, bad| visit("", place, bad)),
        };
    }
    if within {
        let line = walk.line_of(text.len());
        walk.scan.breaks_off.get_or_insert(line);
    }
    walk.scan
}

/// Whether the text begins as JSON does.
pub(crate) fn is_json(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    matches!(head.iter().find(|b| !b.is_ascii_whitespace()), Some(b'{' | b'['))
}

/// An element as names and values: members joined by dots, array elements by `;`, and the URN of a
/// SCIM extension left out.
pub(crate) fn flatten(value: &Value) -> Vec<(String, String)> {
    let mut cells: Vec<(String, String)> = Vec::new();
    let mut pending = vec![(String::new(), value)];
    // Last in, first out; pushed in reverse to keep the order of the text. Depth was bounded above.
    while let Some((name, value)) = pending.pop() {
        match value {
            Value::Null => {}
            Value::Object(members) => {
                for (key, member) in members.iter().rev() {
                    let key = if key.starts_with("urn:") { "" } else { key.as_str() };
                    let joined = if name.is_empty() || key.is_empty() {
                        format!("{name}{key}")
                    } else {
                        format!("{name}.{key}")
                    };
                    pending.push((joined, member));
                }
            }
            Value::Array(elements) => pending.extend(elements.iter().rev().map(|element| (name.clone(), element))),
            scalar => {
                let text = scalar.as_str().map_or_else(|| scalar.to_string(), str::to_owned);
                match cells.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, held)) => {
                        held.push(';');
                        held.push_str(&text);
                    }
                    None => cells.push((name, text)),
                }
            }
        }
    }
    cells
}

struct Walk<'a> {
    text: &'a [u8],
    depth_max: usize,
    wrappers: &'a [&'a str],
    /// Where the next value is looked for.
    at: usize,
    /// Up to where newlines were counted.
    counted: usize,
    line: u64,
    /// How many values broke off before the end of the text.
    breaks: usize,
    scan: Scan,
}

impl<'a> Walk<'a> {
    fn new(text: &'a [u8], depth_max: usize, wrappers: &'a [&'a str]) -> Walk<'a> {
        let at = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Walk { text, depth_max, wrappers, at, counted: 0, line: 1, breaks: 0, scan: Scan::default() }
    }

    /// Where the next value at the top begins, and with what; nothing at the end or after a break.
    fn next(&self) -> Option<(usize, u8)> {
        let at = self.skip_space(self.at);
        let first = *self.text.get(at)?;
        self.scan.breaks_off.is_none().then_some((at, first))
    }

    fn array(&mut self, at: usize, visit: &mut Visit<'_>) -> usize {
        let mut at = self.skip_between(at + 1);
        loop {
            match self.text.get(at) {
                None => {
                    self.scan.breaks_off = Some(self.line_of(at));
                    return self.text.len();
                }
                Some(b']') => return at + 1,
                Some(_) => at = self.element(at, visit),
            }
            at = self.skip_between(at);
        }
    }

    /// An object at the top that wraps the array.
    fn wrapped(&mut self, at: usize, inner: usize, visit: &mut Visit<'_>) -> usize {
        let before = self.scan.announced.map_or(0, |(_, seen)| seen);
        let mut seen = 0;
        let end = self.array(inner, &mut |place, element| {
            seen += 1;
            visit(place, element);
        });
        let whole = self.text.get(at..).unwrap_or_default();
        if let Some(total) = total_results(whole.get(..inner - at).unwrap_or_default())
            .or_else(|| total_results(self.text.get(end..).unwrap_or_default()))
        {
            self.scan.announced = Some((total, before + seen));
        }
        match self.end_of(at) {
            End::At(end) | End::TooDeep(end) => end,
            End::BreaksOff => {
                let line = self.line_of(self.text.len());
                self.scan.breaks_off.get_or_insert(line);
                self.text.len()
            }
        }
    }

    /// The members of an object without the array that begins at `inner`; nothing if it is broken.
    fn around(&self, at: usize, inner: usize) -> Around {
        let mut text = self.text.get(at..inner).unwrap_or_default().to_vec();
        text.extend_from_slice(b"[]");
        match (self.end_of(inner), self.end_of(at)) {
            (End::At(from) | End::TooDeep(from), End::At(to) | End::TooDeep(to)) => {
                text.extend_from_slice(self.text.get(from..to).unwrap_or_default());
            }
            _ => text.push(b'}'),
        }
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// The members of an object at the top.
    fn members_of(&mut self, at: usize, visit: &mut Member<'_>) -> usize {
        let mut at = self.skip_between(at + 1);
        loop {
            let key = match self.text.get(at) {
                Some(b'}') => return at + 1,
                Some(b'"') => string_end(self.text, at).and_then(|end| Some((self.text.get(at..end)?, end))),
                Some(_) => return self.bad(at, &mut |place, bad| visit("", place, bad)),
                None => None,
            };
            let value = key.map(|(name, end)| (name, self.skip_space(end)));
            let value = value.filter(|(_, colon)| self.text.get(*colon) == Some(&b':'));
            let Some((name, colon)) = value else {
                let line = self.line_of(at);
                self.scan.breaks_off.get_or_insert(line);
                return self.text.len();
            };
            let name: String = serde_json::from_slice(name).unwrap_or_default();
            let value = self.skip_space(colon + 1);
            let whole = &mut |place: Place, element: Result<&[u8], Reason>| visit(&name, place, element);
            let first = self.text.get(self.skip_space(value + 1));
            let end = match (self.text.get(value), first) {
                (Some(b'['), Some(b'{')) => self.array(value, whole),
                _ => self.element(value, whole),
            };
            at = self.skip_between(end.max(value));
        }
    }

    fn element(&mut self, at: usize, visit: &mut Visit<'_>) -> usize {
        let line = self.line_of(at);
        let (end, read) = match self.end_of(at) {
            End::At(end) if end > at => {
                let bytes = self.text.get(at..end).unwrap_or_default();
                (end, Ok(bytes))
            }
            End::At(_) => return self.bad(at, visit),
            End::TooDeep(end) => (end, Err(Reason::TooDeep)),
            End::BreaksOff => match self.next_line_value(at) {
                Some(end) => (end, Err(Reason::Truncated)),
                None => {
                    self.scan.breaks_off = Some(line);
                    (self.text.len(), Err(Reason::Truncated))
                }
            },
        };
        visit(Place { offset: at as u64, line, bytes: (end - at) as u64 }, read);
        end
    }

    /// The next line that begins with a value: in JSON lines one that breaks off costs only its own.
    fn next_line_value(&mut self, at: usize) -> Option<usize> {
        self.breaks += 1;
        let rest = self.text.get(at..).filter(|_| self.breaks <= BREAKS_MAX)?;
        memchr::memmem::find(rest, b"\n{").map(|newline| at + newline + 1)
    }

    /// Something that begins no value: rejected to the end of its line.
    fn bad(&mut self, at: usize, visit: &mut Visit<'_>) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let len = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1).max(1);
        let place = Place { offset: at as u64, line: self.line_of(at), bytes: len as u64 };
        visit(place, Err(Reason::Syntax("no JSON value begins here".to_owned())));
        at + len
    }

    /// Where the array of a wrapping object begins, if it is one.
    fn wrapped_array(&self, at: usize) -> Option<usize> {
        let mut at = self.skip_between(at + 1);
        while let Some(b'"') = self.text.get(at) {
            let end = string_end(self.text, at)?;
            let key = self.text.get(at + 1..end - 1)?;
            let mut value = self.skip_space(end);
            if self.text.get(value) != Some(&b':') {
                return None;
            }
            value = self.skip_space(value + 1);
            let wraps = self.wrappers.iter().any(|name| name.as_bytes() == key);
            match self.text.get(value) {
                Some(b'[') if wraps && self.holds_objects(value) => return Some(value),
                Some(_) => {}
                None => return None,
            }
            let (End::At(end) | End::TooDeep(end)) = self.end_of(value) else { return None };
            at = self.skip_between(end);
        }
        None
    }

    fn holds_objects(&self, array: usize) -> bool {
        matches!(self.text.get(self.skip_space(array + 1)), Some(b'{' | b']'))
    }

    /// The end of the value that begins at `at`; `at` itself where none does.
    fn end_of(&self, at: usize) -> End {
        let (mut depth, mut deepest, mut here) = (0usize, 0usize, at);
        loop {
            match self.text.get(here) {
                None if depth == 0 && here > at => return End::At(here),
                None => return End::BreaksOff,
                Some(b'"') => match string_end(self.text, here) {
                    Some(end) => here = end,
                    None => return End::BreaksOff,
                },
                Some(b'{' | b'[') => {
                    depth += 1;
                    deepest = deepest.max(depth);
                    here += 1;
                }
                Some(b'}' | b']') if depth == 0 => return End::At(here),
                Some(b'}' | b']') => {
                    depth -= 1;
                    here += 1;
                }
                Some(b',' | b' ' | b'\t' | b'\r' | b'\n') if depth == 0 => return End::At(here),
                Some(_) => {
                    here += 1;
                    continue;
                }
            }
            if depth == 0 {
                return if deepest > self.depth_max { End::TooDeep(here) } else { End::At(here) };
            }
        }
    }

    fn skip_space(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|b| b.is_ascii_whitespace()).count()
    }

    fn skip_between(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|b| b.is_ascii_whitespace() || **b == b',').count()
    }

    /// The line of an offset; offsets come in rising order, so that the text is counted once.
    fn line_of(&mut self, at: usize) -> u64 {
        let between = self.text.get(self.counted..at).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', between).count() as u64;
        self.counted = self.counted.max(at);
        self.line
    }
}

/// The offset after a string's closing quote.
fn string_end(text: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        let found = memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        at += found;
        match text.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// SCIM's `totalResults`, in what stands around the array.
fn total_results(text: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"\"totalResults\"";
    let text = text.get(..text.len().min(4096))?;
    let at = memchr::memmem::find(text, NAME)? + NAME.len();
    let rest = text.get(at..)?.iter().skip_while(|b| b.is_ascii_whitespace() || **b == b':');
    let digits: Vec<u8> = rest.take_while(|b| b.is_ascii_digit()).copied().collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

/// Reads an element that was found whole.
pub(crate) fn read<'a, T: serde::Deserialize<'a>>(element: &'a [u8]) -> Result<T, Reason> {
    serde_json::from_slice(element).map_err(|error| reason(&error))
}

fn reason(error: &serde_json::Error) -> Reason {
    if error.is_eof() { Reason::Truncated } else { Reason::Syntax(error.to_string()) }
}

#[cfg(test)]
mod tests;
