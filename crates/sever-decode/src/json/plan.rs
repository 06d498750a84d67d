//! Wanted paths as a trie of keys, and the walk along it.
//!
//! An object's key is looked up in its node by a small hash of its length and three of its bytes, so
//! that an unwanted key costs one probe. An array on the way stands for each of its elements.

use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Slots, Value};

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
    slots: Vec<u16>,
    children: Vec<u16>,
}

#[derive(Debug)]
struct Entry {
    key: Box<str>,
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
                node.slots.push(slot as u16);
                node.verbatim |= want == Want::Json;
            }
            plan.wants.push(want);
        }
        plan.index();
        plan
    }

    /// A plan for dotted paths. Where keys themselves hold dots, `>` stands between them instead.
    pub fn of(paths: &[(&str, Want)]) -> Plan {
        let between = |path: &str| if path.contains('>') { '>' } else { '.' };
        let keys = |path: &str| path.split(between(path)).map(str::to_owned).collect();
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
        self.entries.push(Entry { key: other.into(), node: node as u16, next: 0 });
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

    /// The seed that fills `slots` from a document that lies in `input`.
    pub fn walk<'p>(&'p self, input: &'p str, slots: &'p mut Slots) -> impl DeserializeSeed<'p, Value = ()> {
        Step { plan: self, slots, input, node: 0, repeated: false, root: true }
    }

    fn child(&mut self, node: usize, key: &str) -> usize {
        let known = self.nodes.get(node).into_iter().flat_map(|node| &node.children);
        let known = known.filter_map(|entry| self.entries.get(usize::from(*entry))).find(|entry| &*entry.key == key);
        if let Some(entry) = known {
            return usize::from(entry.node);
        }
        let (child, entry) = (self.nodes.len(), self.entries.len() as u16);
        self.nodes.push(Node::default());
        self.entries.push(Entry { key: key.into(), node: child as u16, next: 0 });
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
                let bucket = hash(entry.key.as_bytes()) & (node.buckets.len() - 1);
                if let Some(head) = node.buckets.get_mut(bucket) {
                    entry.next = std::mem::replace(head, at + 1);
                }
            }
        }
    }

    fn find(&self, node: usize, key: &str) -> Option<usize> {
        let buckets = &self.nodes.get(node)?.buckets;
        let mut at = *buckets.get(hash(key.as_bytes()) & buckets.len().wrapping_sub(1))?;
        while at > 0 {
            let entry = self.entries.get(usize::from(at) - 1)?;
            if &*entry.key == key || (self.any_case && entry.key.eq_ignore_ascii_case(key)) {
                return Some(usize::from(entry.node));
            }
            at = entry.next;
        }
        None
    }
}

/// A few bits of a key, whatever its case; keys of one record differ in length, ends or middle.
fn hash(key: &[u8]) -> usize {
    let byte = |at: usize| key.get(at).map_or(0, |byte| usize::from(*byte | 0x20));
    let (first, middle, last) = (byte(0), byte(key.len() / 2), byte(key.len().wrapping_sub(1)));
    key.len().wrapping_mul(7) ^ first.wrapping_mul(3) ^ middle.wrapping_mul(5) ^ last
}

/// The walk at one node.
struct Step<'p> {
    plan: &'p Plan,
    slots: &'p mut Slots,
    input: &'p str,
    node: usize,
    /// Within an array, where a path may meet several values.
    repeated: bool,
    root: bool,
}

impl Step<'_> {
    fn set(self, value: Value) {
        if let Some(node) = self.plan.nodes.get(self.node) {
            for slot in &node.slots {
                let slot = usize::from(*slot);
                self.slots.set(slot, value, self.plan.want(slot), self.repeated);
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Step<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.root {
            return deserializer.deserialize_map(self);
        }
        if self.plan.nodes.get(self.node).is_some_and(|node| node.verbatim) {
            let written = <&RawValue>::deserialize(deserializer)?.get();
            return if written == "null" { Ok(()) } else { self.visit_borrowed_str(written) };
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Step<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.node > 0 {
            self.slots.met_object(self.plan.nodes.get(self.node).map_or(&[], |node| &node.slots));
        }
        while let Some(child) = map.next_key_seed(Key { plan: self.plan, node: self.node })? {
            let Some(node) = child else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let (plan, input, repeated) = (self.plan, self.input, self.repeated);
            map.next_value_seed(Step { plan, slots: &mut *self.slots, input, node, repeated, root: false })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let (plan, input, node) = (self.plan, self.input, self.node);
        loop {
            let step = Step { plan, slots: &mut *self.slots, input, node, repeated: true, root: false };
            if list.next_element_seed(step)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        // The text lies in the input, so that its place there stands for it and no lifetime is kept.
        let start = (text.as_ptr() as usize).wrapping_sub(self.input.as_ptr() as usize);
        match u32::try_from(start) {
            Ok(start) if start as usize + text.len() <= self.input.len() => {
                self.set(Value::Text { start, len: text.len() as u32 });
                Ok(())
            }
            _ => self.visit_str(text),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let value = self.slots.copy(text);
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
    node: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(self.plan.find(self.node, key))
    }
}
