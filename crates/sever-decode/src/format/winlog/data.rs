//! An event's data, in the shapes that are no object: a list of names and values, or XML in a text.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::xml;
use crate::json::{Found, Members, Reader, each_element, written};

/// The slot of the list, which stands after all that were asked for.
pub(super) fn list_slot(reader: &Reader) -> usize {
    reader.slots().saturating_sub(1)
}

/// What data are.
pub(super) enum Written {
    /// XML.
    Xml(String),
    /// A text or a list, and now an object.
    Object,
    /// Anything else.
    Other,
}

/// Writes data that are a text or a list as an object.
pub(super) fn to_object(written: &str, object: &mut String) -> Written {
    let is_one = if written.starts_with('"') {
        let Ok(text) = serde_json::from_str::<String>(written) else { return Written::Other };
        if text.trim_start().starts_with('<') {
            return Written::Xml(text);
        }
        if text.trim_start().starts_with('{') {
            *object = text;
            return Written::Object;
        }
        write(&unnamed(vec![Value::String(text)]), object)
    } else {
        written.starts_with('[') && list_to_object(written, object)
    };
    if is_one { Written::Object } else { Written::Other }
}

/// Begins a row of a list of data, as [`list_to_object`] writes it; whether all are texts with a name or
/// without one, as they nearly always are.
pub(super) fn read_list(list: &str, reader: &mut Reader) -> bool {
    let (mut named, mut plain) = (Vec::new(), Vec::new());
    let elements = match list.as_bytes().first() {
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(list).unwrap_or_default(),
        Some(b'{') => serde_json::from_str::<&RawValue>(list).into_iter().collect(),
        _ => return false,
    };
    for element in elements {
        let Ok(members) = serde_json::from_str::<Members<'_>>(element.get()) else {
            plain.push(element.get());
            continue;
        };
        let first = |keys: &[&str]| keys.iter().find_map(|key| members.exact(key));
        match (first(&NAMES), first(&VALUES)) {
            (Some(name), value) => named.push((name, value.unwrap_or("null"))),
            // Attributes may hold a name, and an element several texts.
            (None, _) if members.exact("#attributes").is_some() => return false,
            (None, Some(value)) if members.count() == 1 && members.exact("#text").is_some() => {
                match serde_json::from_str::<Vec<&RawValue>>(value) {
                    Ok(several) => plain.extend(several.iter().map(|text| text.get())),
                    Err(_) => plain.push(value),
                }
            }
            (None, _) => return false,
        }
    }
    let sound = |json: &str| json.starts_with('"') || json == "null";
    let names = named.iter().map(|(name, _)| *name);
    if named.is_empty() && plain.is_empty() || names.clone().any(|name| !name.starts_with('"')) {
        return false;
    }
    if !named.iter().map(|(_, value)| *value).chain(plain.iter().copied()).all(sound) {
        return false;
    }
    reader.begin_row();
    let mut put = |name: &str, json: &str| {
        if json != "null" {
            reader.put_in_row(reader.column(name), &written(json));
        }
    };
    named.iter().for_each(|(name, value)| put(&written(name), value));
    plain.iter().enumerate().for_each(|(at, value)| put(&format!("param{}", at + 1), value));
    true
}

/// Keys of a datum's name and of its value, the first that is there counts.
const NAMES: [&str; 4] = ["@Name", "Name", "@name", "name"];
const VALUES: [&str; 6] = ["#text", "Value", "value", "text", "content", "@value"];

/// Reads data that are XML; what has no name by its number.
pub(super) fn read_xml<'r>(text: &str, reader: &'r mut Reader) -> Found<'r> {
    reader.begin_row();
    let mut unnamed = 0;
    xml::each_leaf(text, &mut |tag, name, value| {
        let column = match (tag, name) {
            ("Data", "") => {
                unnamed += 1;
                reader.column(&format!("param{unnamed}"))
            }
            (tag, "") => reader.column(tag),
            (_, name) => reader.column(name),
        };
        reader.put_in_row(column, value);
    });
    reader.end_row()
}

/// Writes a list of data as an object: `[{"@Name": …, "#text": …}]`, `["first", "second"]`,
/// `{"#text": ["first", "second"]}`, or XML; whether there was one.
pub(super) fn list_to_object(list: &str, object: &mut String) -> bool {
    if list.is_empty() {
        return false;
    }
    let (mut named, mut plain) = (Map::new(), Vec::new());
    let mut each = |element: Value| match name_and_value(&element) {
        Some((name, value)) => {
            named.insert(name, value);
        }
        None => plain.push(element),
    };
    each_element(list, &mut |element| match serde_json::from_str(element) {
        Ok(Value::Object(members)) if members.contains_key("#text") && members.len() == 1 => {
            match members.into_iter().next() {
                Some((_, Value::Array(texts))) => texts.into_iter().for_each(&mut each),
                Some((_, text)) => each(text),
                None => {}
            }
        }
        Ok(element) => each(element),
        Err(_) => {}
    });
    if named.is_empty() && plain.is_empty() && list.starts_with('"') {
        // One datum without a name, which is no list.
        plain.extend(serde_json::from_str(list).ok());
    }
    named.extend(unnamed(plain));
    write(&named, object)
}

/// A datum's name and value, under each of the names that these have.
fn name_and_value(element: &Value) -> Option<(String, Value)> {
    let members = element.as_object()?;
    let inner = members.get("#attributes").and_then(Value::as_object);
    let name = NAMES.iter().find_map(|key| members.get(*key));
    let name = name.or_else(|| inner.and_then(|inner| inner.get("Name")))?.as_str()?;
    let value = VALUES.iter().find_map(|key| members.get(*key));
    Some((name.to_owned(), value.cloned().unwrap_or(Value::Null)))
}

/// Values without names, by their number from 1.
fn unnamed(values: Vec<Value>) -> Map<String, Value> {
    // PowerShell writes each as `{"Value": …}`.
    let value = |value: Value| match value {
        Value::Object(mut members) => members.remove("Value").unwrap_or(Value::Object(members)),
        value => value,
    };
    values.into_iter().enumerate().map(|(at, of)| (format!("param{}", at + 1), value(of))).collect()
}

fn write(members: &Map<String, Value>, object: &mut String) -> bool {
    object.clear();
    match serde_json::to_string(members) {
        Ok(written) => {
            object.push_str(&written);
            true
        }
        Err(_) => false,
    }
}
