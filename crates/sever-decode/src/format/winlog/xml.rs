//! The little XML that stands in texts of Windows events: leaves with a name and a text.
//!
//! Not for documents: what nests is only walked through. What cannot be read ends the walk, and what
//! stood before it was visited. Entities that a document defines itself are not resolved.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Deepest nesting that is walked.
const DEPTH_MAX: usize = 32;

/// Visits each element that has no elements within: its name, its attribute `Name`, its text.
pub(in crate::format) fn each_leaf(xml: &str, each: &mut dyn FnMut(&str, &str, &str)) {
    let mut reader = Reader::from_str(xml);
    let (mut tag, mut name, mut text) = (String::new(), String::new(), String::new());
    let (mut depth, mut is_leaf) = (0usize, false);
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return;
                }
                open(&start, &mut tag, &mut name);
                text.clear();
                is_leaf = true;
            }
            Ok(Event::Empty(start)) => {
                open(&start, &mut tag, &mut name);
                each(&tag, &name, "");
                is_leaf = false;
            }
            Ok(Event::Text(of)) if is_leaf => text.push_str(&of.decode().unwrap_or_default()),
            Ok(Event::CData(of)) if is_leaf => text.push_str(&of.decode().unwrap_or_default()),
            Ok(Event::GeneralRef(of)) if is_leaf => entity(&of, &mut text),
            Ok(Event::End(_)) => {
                depth = depth.saturating_sub(1);
                if is_leaf {
                    each(&tag, &name, text.trim());
                }
                is_leaf = false;
            }
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn open(start: &BytesStart<'_>, tag: &mut String, name: &mut String) {
    tag.clear();
    tag.push_str(&String::from_utf8_lossy(start.local_name().as_ref()));
    name.clear();
    if let Ok(Some(attribute)) = start.try_get_attribute("Name") {
        name.push_str(&String::from_utf8_lossy(&attribute.value));
    }
}

fn entity(of: &BytesRef<'_>, text: &mut String) {
    if let Ok(Some(char)) = of.resolve_char_ref() {
        text.push(char);
    } else if let Some(resolved) = of.decode().ok().and_then(|name| resolve_predefined_entity(&name)) {
        text.push_str(resolved);
    }
}
