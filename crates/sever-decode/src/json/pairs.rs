//! Lists of pairs: `[{"name": "role", "value": "admin"}, …]`, as many vendors write what a record adds.
//!
//! A slot wanted as [`super::Want::Json`] holds such a list as it is written; here it is read, without
//! a limit of its own: the record it stands in has one, for length and for depth.

use serde_json::Value;

/// The value of the first pair of that name; nothing where there is none, or the list cannot be read.
///
/// `list` is the JSON of the list; `keys` are those of name and value, whatever their case. A value
/// that is a list gives its elements, separated by commas; one that is an object gives its JSON.
pub(crate) fn pair(list: &str, keys: (&str, &str), name: &str) -> Option<String> {
    let mut found = None;
    each_pair(list, keys, &mut |of, value| {
        if found.is_none() && of.eq_ignore_ascii_case(name) {
            found = Some(value);
        }
    });
    found
}

/// Visits every pair of a list, or of an object whose members are the pairs.
pub(crate) fn each_pair(list: &str, keys: (&str, &str), each: &mut dyn FnMut(&str, String)) {
    match serde_json::from_str(list) {
        Ok(Value::Array(elements)) => {
            for element in &elements {
                if let (Some(name), Some(value)) = (member(element, keys.0), member(element, keys.1)) {
                    each(&written(name), written(value));
                }
            }
        }
        Ok(Value::Object(members)) => {
            for (name, value) in &members {
                each(name, written(value));
            }
        }
        _ => {}
    }
}

/// A member of an object, whatever the case of its key.
pub(crate) fn member<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    let members = object.as_object()?;
    members.get(key).or_else(|| members.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, it)| it))
}

/// A value as text.
fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(elements) => elements.iter().map(written).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
