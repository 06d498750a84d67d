//! Wanted paths as a trie of keys, and the walk along it.
//!
//! An object's key is looked up in its node by its length and its ends, which tell keys of up to 16 bytes
//! apart wholly: an unwanted key costs one probe, a wanted one no comparison of texts. An array on the way
//! stands for each of its elements.

use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Slots, Value};
use crate::ends::Ends;

/// How a slot's value is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// As text; numbers and booleans are written out. Of several, the first.
    Text,
    /// As it stands: text, number or boolean. Of several, the first.
    Raw,
    /// As texts, all of them.
    Many,
    /// As one text, several joined by this.
    Joined(char),
    /// As the JSON it is written in, whatever that is: a list of pairs, to be read by
    /// [`super::pair`]. Nothing below such a path can be wanted too.
    Json,
}

/// A column of a table, as a plan knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column(Option<u16>);

/// Which paths are wanted, and how.
#[derive(Debug)]
pub(crate) struct Plan {
    nodes: Vec<Node>,
    entries: Vec<Entry>,
    wants: Vec<Want>,
    /// Whether `eventtype` is `eventType`.
    any_case: bool,
}

#[derive(Debug, Default)]
struct Node {
    /// Whether its value is kept as the JSON it is written in.
    verbatim: bool,
    /// First entry of each bucket, plus one; a power of two of them, or none.
    buckets: Vec<u16>,
    slots: Vec<(u16, Want)>,
    children: Vec<u16>,
}

/// Where nothing is wanted.
static NOTHING: Node = Node { verbatim: false, buckets: Vec::new(), slots: Vec::new(), children: Vec::new() };

#[derive(Debug)]
struct Entry {
    key: Box<str>,
    ends: Ends,
    node: u16,
    /// The bucket's next entry, plus one.
    next: u16,
}

impl Plan {
    /// A plan for paths of keys; the n-th path fills the n-th slot.
    pub fn new(paths: Vec<(Vec<String>, Want)>) -> Plan {
        let mut plan = Plan { nodes: vec![Node::default()], entries: Vec::new(), wants: Vec::new(), any_case: false };
        for (slot, (keys, want)) in paths.into_iter().enumerate() {
            let mut node = 0;
            for key in &keys {
                node = plan.child(node, key);
            }
            if let Some(node) = plan.nodes.get_mut(node) {
                node.slots.push((slot as u16, want));
                node.verbatim |= want == Want::Json;
            }
            plan.wants.push(want);
        }
        plan.index();
        plan
    }

    /// A plan for dotted paths. Where keys themselves hold dots, `>` stands between them instead, and
    /// before a single one.
    pub fn of(paths: &[(&str, Want)]) -> Plan {
        let between = |path: &str| if path.contains('>') { '>' } else { '.' };
        let keys = |path: &str| path.split(between(path)).filter(|key| !key.is_empty()).map(str::to_owned).collect();
        Plan::new(paths.iter().map(|(path, want)| (keys(path), *want)).collect())
    }

    /// The same, whatever the case of the keys: what copies a vendor's log often writes all of them
    /// in lower case. Not for records with keys that a client may choose.
    pub fn any_case(paths: &[(&str, Want)]) -> Plan {
        Plan { any_case: true, ..Plan::of(paths) }
    }

    /// The same, where a key of the record itself has another name in some copies.
    pub fn alias(mut self, key: &str, other: &str) -> Plan {
        let node = self.child(0, key);
        let entry = self.entries.len() as u16;
        self.entries.push(Entry::new(other, node));
        if let Some(root) = self.nodes.first_mut() {
            root.children.push(entry);
        }
        self.index();
        self
    }

    /// How many slots there are.
    pub fn len(&self) -> usize {
        self.wants.len()
    }

    /// How a slot's value is wanted.
    pub fn want(&self, slot: usize) -> Want {
        self.wants.get(slot).copied().unwrap_or(Want::Text)
    }

    /// The column of a table that stands for the record's member of that name.
    pub fn column(&self, name: &str) -> Column {
        Column(self.nodes.first().and_then(|root| self.find_index(root, name)))
    }

    /// Fills the slots that want a column.
    pub fn put(&self, column: Column, value: &str, slots: &mut Slots) {
        let Some(node) = column.0.and_then(|node| self.nodes.get(usize::from(node))) else { return };
        if node.slots.is_empty() {
            return;
        }
        let value = slots.copy(value);
        for (slot, want) in &node.slots {
            slots.set(usize::from(*slot), value, *want, false);
        }
    }

    /// The seed that fills `slots` from a document that lies in `input`.
    pub fn walk<'p>(&'p self, input: &'p str, slots: &'p mut Slots) -> Walk<'p> {
        Walk { plan: self, slots, input }
    }

    fn child(&mut self, node: usize, key: &str) -> usize {
        let known = self.nodes.get(node).into_iter().flat_map(|node| &node.children);
        let known = known.filter_map(|entry| self.entries.get(usize::from(*entry))).find(|entry| &*entry.key == key);
        if let Some(entry) = known {
            return usize::from(entry.node);
        }
        let (child, entry) = (self.nodes.len(), self.entries.len() as u16);
        self.nodes.push(Node::default());
        self.entries.push(Entry::new(key, child));
        if let Some(node) = self.nodes.get_mut(node) {
            node.children.push(entry);
        }
        child
    }

    /// Files each node's children in buckets, four times as many as there are children.
    fn index(&mut self) {
        for node in &mut self.nodes {
            if node.children.is_empty() {
                continue;
            }
            node.buckets = vec![0; (node.children.len() * 4).next_power_of_two()];
            for at in &node.children {
                let Some(entry) = self.entries.get_mut(usize::from(*at)) else { continue };
                let bucket = entry.ends.bucket(node.buckets.len());
                if let Some(head) = node.buckets.get_mut(bucket) {
                    entry.next = std::mem::replace(head, at + 1);
                }
            }
        }
    }

    fn find(&self, node: &Node, key: &str) -> Option<&Node> {
        self.nodes.get(usize::from(self.find_index(node, key)?))
    }

    #[inline]
    fn find_index(&self, node: &Node, key: &str) -> Option<u16> {
        let ends = Ends::of(key.as_bytes());
        let mut at = *node.buckets.get(ends.bucket(node.buckets.len()))?;
        while at > 0 {
            let entry = self.entries.get(usize::from(at) - 1)?;
            let same = entry.ends == ends && (ends.are_all() || &*entry.key == key);
            let is_like = || self.any_case && entry.ends.are_like(ends) && entry.key.eq_ignore_ascii_case(key);
            if same || is_like() {
                return Some(entry.node);
            }
            at = entry.next;
        }
        None
    }
}

impl Entry {
    fn new(key: &str, node: usize) -> Entry {
        Entry { key: key.into(), ends: Ends::of(key.as_bytes()), node: node as u16, next: 0 }
    }
}

/// The walk of one document.
pub(crate) struct Walk<'p> {
    plan: &'p Plan,
    slots: &'p mut Slots,
    input: &'p str,
}

impl Walk<'_> {
    /// Walks an object of which the opening has been read.
    pub fn map<'de, A: MapAccess<'de>>(mut self, map: A) -> Result<(), A::Error> {
        let node = self.plan.nodes.first().unwrap_or(&NOTHING);
        Step { walk: &mut self, node, repeated: false }.visit_map(map)
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<(), D::Error> {
        let node = self.plan.nodes.first().unwrap_or(&NOTHING);
        deserializer.deserialize_map(Step { walk: &mut self, node, repeated: false })
    }
}

/// The walk at one node.
struct Step<'w, 'p> {
    walk: &'w mut Walk<'p>,
    node: &'p Node,
    /// Within an array, where a path may meet several values.
    repeated: bool,
}

impl Step<'_, '_> {
    fn set(self, value: Value) {
        for (slot, want) in &self.node.slots {
            self.walk.slots.set(usize::from(*slot), value, *want, self.repeated);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Step<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.node.verbatim {
            let written = <&RawValue>::deserialize(deserializer)?.get();
            return if written == "null" { Ok(()) } else { self.visit_borrowed_str(written) };
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Step<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Step { walk, node, repeated } = self;
        // What is read as a whole has no slot of its own.
        walk.slots.met_object(&node.slots);
        while let Some(child) = map.next_key_seed(Key { plan: walk.plan, node })? {
            match child {
                Some(node) => map.next_value_seed(Step { walk: &mut *walk, node, repeated })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Step { walk, node, .. } = self;
        while list.next_element_seed(Step { walk: &mut *walk, node, repeated: true })?.is_some() {}
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        // The text lies in the input, so that its place there stands for it and no lifetime is kept.
        let start = (text.as_ptr() as usize).wrapping_sub(self.walk.input.as_ptr() as usize);
        match u32::try_from(start) {
            Ok(start) if start as usize + text.len() <= self.walk.input.len() => {
                self.set(Value::Text { start, len: text.len() as u32 });
                Ok(())
            }
            _ => self.visit_str(text),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let value = self.walk.slots.copy(text);
        self.set(value);
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.set(Value::Bool(value));
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.set(Value::Unsigned(value));
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.set(Value::Signed(value));
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.set(Value::Float(value));
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Looks a key up in a node.
struct Key<'p> {
    plan: &'p Plan,
    node: &'p Node,
}

impl<'p, 'de> DeserializeSeed<'de> for Key<'p> {
    type Value = Option<&'p Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<&'p Node>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'p, 'de> Visitor<'de> for Key<'p> {
    type Value = Option<&'p Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Option<&'p Node>, E> {
        Ok(self.plan.find(self.node, key))
    }
}
