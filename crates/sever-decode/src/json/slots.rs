//! What a walk found: one value a slot, as places in the record rather than copies of it.
//!
//! Bounded by the frame: the scratch text and the further values hold no more than it does.

use std::fmt::Write;

use super::{Plan, Want};

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum Value {
    /// Nothing, or `null`.
    #[default]
    Absent,
    /// A text at its place in the record.
    Text {
        start: u32,
        len: u32,
    },
    /// A text in the scratch space: one that held escapes, or was written out.
    Copied {
        start: u32,
        len: u32,
    },
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    /// An object or other thing that is no single value.
    Other,
}

#[derive(Debug)]
pub(crate) struct Slots {
    values: Vec<Value>,
    /// Second and later values of slots that take several, in the record's order.
    more: Vec<(u16, Value)>,
    scratch: String,
    doubled: bool,
    /// Which slots were filled, of those that have a bit.
    filled: Bits,
}

/// Some slots, a bit each: all that the formats have, and most that a mapping makes.
pub(crate) type Bits = u128;

/// The bit of a slot, if it has one.
pub(crate) fn bit(slot: usize) -> Option<Bits> {
    u32::try_from(slot).ok().and_then(|slot| Bits::from(1_u8).checked_shl(slot))
}

impl Slots {
    pub fn new(count: usize) -> Slots {
        let (more, scratch) = (Vec::new(), String::new());
        Slots { values: vec![Value::Absent; count], more, scratch, doubled: false, filled: 0 }
    }

    pub fn clear(&mut self) {
        self.values.fill(Value::Absent);
        self.more.clear();
        self.scratch.clear();
        self.doubled = false;
        self.filled = 0;
    }

    /// Whether a path was met twice outside an array.
    pub fn is_doubled(&self) -> bool {
        self.doubled
    }

    /// Whether any of some slots was filled.
    pub fn has_any(&self, of: Bits) -> bool {
        self.filled & of != 0
    }

    pub fn value(&self, slot: usize) -> Value {
        self.values.get(slot).copied().unwrap_or_default()
    }

    #[inline]
    pub fn text<'a>(&'a self, slot: usize, input: &'a str) -> &'a str {
        // Most of what is asked for is not there.
        match self.values.get(slot) {
            None | Some(Value::Absent) => "",
            Some(value) => self.text_of(*value, input),
        }
    }

    pub fn texts<'a>(&'a self, slot: usize, input: &'a str) -> impl Iterator<Item = &'a str> {
        let first = std::iter::once(self.value(slot));
        let more = self.more.iter().filter(move |(of, _)| usize::from(*of) == slot).map(|(_, value)| *value);
        first.chain(more).map(move |value| self.text_of(value, input)).filter(|text| !text.is_empty())
    }

    pub fn has_several(&self, slot: usize) -> bool {
        self.more.iter().any(|(of, _)| usize::from(*of) == slot)
    }

    fn text_of<'a>(&'a self, value: Value, input: &'a str) -> &'a str {
        let (text, start, len) = match value {
            Value::Text { start, len } => (input, start as usize, len as usize),
            Value::Copied { start, len } => (self.scratch.as_str(), start as usize, len as usize),
            _ => return "",
        };
        text.get(start..start + len).unwrap_or("")
    }

    /// Fills a slot. `repeated` where an array may hold several; elsewhere a second takes the place of
    /// the first.
    #[inline]
    pub fn set(&mut self, slot: usize, value: Value, want: Want, repeated: bool) {
        let value = match value {
            Value::Text { .. } | Value::Copied { .. } => value,
            value if want == Want::Raw => value,
            value => self.written(value),
        };
        let Some(place) = self.values.get_mut(slot) else { return };
        self.filled |= bit(slot).unwrap_or_default();
        if matches!(place, Value::Absent) {
            *place = value;
        } else if !repeated {
            *place = value;
            self.doubled = true;
            self.more.retain(|(of, _)| usize::from(*of) != slot);
        } else if matches!(want, Want::Many | Want::Joined(_)) {
            self.more.push((slot as u16, value));
        }
    }

    /// Notes that an object stands where these slots want a value.
    pub fn met_object(&mut self, slots: &[(u16, Want)]) {
        for (slot, _) in slots {
            if let Some(place @ Value::Absent) = self.values.get_mut(usize::from(*slot)) {
                *place = Value::Other;
                self.filled |= bit(usize::from(*slot)).unwrap_or_default();
            }
        }
    }

    /// Keeps a text that does not lie in the record as it is.
    pub fn copy(&mut self, text: &str) -> Value {
        let start = self.scratch.len() as u32;
        self.scratch.push_str(text);
        Value::Copied { start, len: text.len() as u32 }
    }

    /// A number or boolean as text. A number too large to be held exactly is no id: two of them
    /// might read the same.
    fn written(&mut self, value: Value) -> Value {
        let start = self.scratch.len();
        let result = match value {
            Value::Unsigned(number) => {
                push_digits(&mut self.scratch, number);
                Ok(())
            }
            Value::Signed(number) => write!(self.scratch, "{number}"),
            Value::Float(number) if number.abs() < 9_007_199_254_740_992.0 => write!(self.scratch, "{number}"),
            Value::Float(_) => return Value::Other,
            Value::Bool(truth) => write!(self.scratch, "{truth}"),
            other => return other,
        };
        debug_assert!(result.is_ok(), "writing to a string cannot fail");
        Value::Copied { start: start as u32, len: (self.scratch.len() - start) as u32 }
    }

    /// Joins what is wanted joined, once the record has been walked.
    pub fn settle(&mut self, input: &str, plan: &Plan) {
        if self.more.is_empty() {
            return;
        }
        for slot in 0..self.values.len() {
            let Want::Joined(separator) = plan.want(slot) else { continue };
            if !self.has_several(slot) {
                continue;
            }
            let mut joined = String::new();
            for text in self.texts(slot, input) {
                if !joined.is_empty() {
                    joined.push(separator);
                }
                joined.push_str(text);
            }
            let value = self.copy(&joined);
            if let Some(place) = self.values.get_mut(slot) {
                *place = value;
            }
        }
    }
}

/// Writes a number, as most ids are, without what formatting can do besides.
fn push_digits(into: &mut String, mut number: u64) {
    // As many digits as the largest has.
    let mut digits = [b'0'; 20];
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        count += 1;
        if number == 0 {
            break;
        }
    }
    let written = digits.get(digits.len() - count..).unwrap_or_default();
    into.push_str(std::str::from_utf8(written).unwrap_or_default());
}
