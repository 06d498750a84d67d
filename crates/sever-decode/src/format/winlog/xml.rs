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
    let (mut depth, mut leaf, mut text) = (0usize, None, String::new());
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return;
                }
                text.clear();
                leaf = Some(start);
            }
            Ok(Event::Empty(start)) => {
                visit(&start, "", each);
                leaf = None;
            }
            Ok(Event::Text(of)) if leaf.is_some() => text.push_str(&of.decode().unwrap_or_default()),
            Ok(Event::CData(of)) if leaf.is_some() => text.push_str(&of.decode().unwrap_or_default()),
            Ok(Event::GeneralRef(of)) if leaf.is_some() => entity(&of, &mut text),
            Ok(Event::End(_)) => {
                depth = depth.saturating_sub(1);
                if let Some(start) = leaf.take() {
                    visit(&start, text.trim(), each);
                }
            }
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn visit(start: &BytesStart<'_>, text: &str, each: &mut dyn FnMut(&str, &str, &str)) {
    // A part of a text, between marks of ASCII, is one.
    let written = |bytes| std::str::from_utf8(bytes).unwrap_or("");
    let attribute = start.try_get_attribute("Name").ok().flatten();
    let name = attribute.as_ref().map_or("", |attribute| written(&attribute.value));
    each(written(start.local_name().as_ref()), name, text);
}

fn entity(of: &BytesRef<'_>, text: &mut String) {
    if let Ok(Some(char)) = of.resolve_char_ref() {
        text.push(char);
    } else if let Some(resolved) = of.decode().ok().and_then(|name| resolve_predefined_entity(&name)) {
        text.push_str(resolved);
    }
}
