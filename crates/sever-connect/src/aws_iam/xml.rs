//! The interface's XML as a small tree. Bounded in depth and size; what is not well-formed is nothing.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Deepest nesting, and most elements, that are read.
const DEPTH_MAX: usize = 32;
const ELEMENTS_MAX: usize = 200_000;

/// An element.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Xml {
    pub(crate) name: String,
    text: String,
    pub(crate) inside: Vec<Xml>,
}

impl Xml {
    /// Reads a document.
    pub(crate) fn read(text: &str) -> Option<Xml> {
        let mut reader = Reader::from_str(text);
        let mut open: Vec<Xml> = Vec::new();
        let mut root = None;
        let mut count = 0;
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => {
                    count += 1;
                    if open.len() >= DEPTH_MAX || count > ELEMENTS_MAX || root.is_some() {
                        return None;
                    }
                    let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                    open.push(Xml { name, ..Xml::default() });
                }
                Event::Empty(start) => {
                    count += 1;
                    let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                    let last = open.last_mut().filter(|_| count <= ELEMENTS_MAX)?;
                    last.inside.push(Xml { name, ..Xml::default() });
                }
                Event::End(_) => {
                    let done = open.pop()?;
                    match open.last_mut() {
                        Some(outer) => outer.inside.push(done),
                        None => root = Some(done),
                    }
                }
                Event::Text(text) => {
                    if let Some(last) = open.last_mut() {
                        last.text.push_str(&text.decode().ok()?);
                    }
                }
                Event::GeneralRef(entity) => {
                    let last = open.last_mut()?;
                    match entity.resolve_char_ref().ok()? {
                        Some(letter) => last.text.push(letter),
                        None => last.text.push(match entity.decode().ok()?.as_ref() {
                            "amp" => '&',
                            "lt" => '<',
                            "gt" => '>',
                            "quot" => '"',
                            "apos" => '\'',
                            // Entities of a document's own are what attacks are made of.
                            _ => return None,
                        }),
                    }
                }
                Event::CData(text) => {
                    if let Some(last) = open.last_mut() {
                        last.text.push_str(&String::from_utf8_lossy(&text));
                    }
                }
                Event::Eof => return root.filter(|_| open.is_empty()),
                Event::DocType(_) => return None,
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            }
        }
    }

    /// Its first child of a name.
    pub(crate) fn child(&self, name: &str) -> Option<&Xml> {
        self.inside.iter().find(|child| child.name == name)
    }

    /// Its first child of a name, owned.
    pub(crate) fn first(&self, name: &str) -> Option<Xml> {
        self.child(name).cloned()
    }

    /// The text of its first child of a name; empty where it has none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.trim())
    }

    /// Its own text.
    pub(crate) fn own(&self) -> &str {
        self.text.trim()
    }

    /// The elements of the list in it: `<AccessKeyMetadata><member>…`.
    pub(crate) fn members(&self) -> Vec<Xml> {
        let lists = self.inside.iter().flat_map(|list| &list.inside);
        lists.filter(|member| member.name == "member").cloned().collect()
    }

    /// The first element of a name, at whatever depth.
    pub(crate) fn anywhere(&self, name: &str) -> Option<&Xml> {
        if self.name == name {
            return Some(self);
        }
        // No deeper than what was read.
        self.inside.iter().find_map(|child| child.anywhere(name))
    }
}
