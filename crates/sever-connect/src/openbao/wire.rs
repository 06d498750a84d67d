//! Policies in HCL and JSON, and entities, groups and roles as the interface answers them.

use serde::Deserialize;
use serde_json::Value;
use sever_model::port::Reason;

/// Deepest nesting of a policy; real ones have two.
const DEPTH_MAX: usize = 16;
/// Longest policy that is parsed.
const POLICY_BYTES_MAX: usize = 1 << 20;

/// One `path` block of a policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) path: String,
    pub(crate) capabilities: Vec<String>,
}

/// An entity as `identity/entity/id/…` answers it.
#[derive(Debug, Deserialize)]
pub(crate) struct Entity {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) policies: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) aliases: Vec<Alias>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) group_ids: Vec<String>,
    #[serde(default)]
    pub(crate) disabled: bool,
    #[serde(default)]
    pub(crate) creation_time: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) metadata: std::collections::BTreeMap<String, String>,
}

/// Under what name an entity logs in somewhere.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Alias {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) mount_path: String,
    #[serde(default)]
    pub(crate) mount_type: String,
}

/// A group as `identity/group/id/…` answers it.
#[derive(Debug, Deserialize)]
pub(crate) struct IdentityGroup {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) policies: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) member_entity_ids: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) member_group_ids: Vec<String>,
}

/// A login of an auth method: a userpass user, an AppRole, a Kubernetes role.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Role {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) token_policies: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) policies: Vec<String>,
    #[serde(default)]
    pub(crate) role_id: Option<String>,
}

/// The interface writes `null` for an empty list.
fn or_default<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// What an answer of the interface holds: `{"data": …}`, or the thing itself.
pub(crate) fn data(answer: Value) -> Value {
    match answer {
        Value::Object(mut members) if members.get("data").is_some_and(Value::is_object) => {
            members.remove("data").unwrap_or_default()
        }
        other => other,
    }
}

/// The rules of a policy, in HCL or JSON, bare or as the interface answers it.
pub(crate) fn policy(text: &str) -> Result<Vec<Rule>, Reason> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(Reason::TooLong);
    }
    if nesting(text) > DEPTH_MAX {
        return Err(Reason::TooDeep);
    }
    if !text.trim_start().starts_with('{') {
        return hcl_policy(text);
    }
    let value: Value = serde_json::from_str(text).map_err(|error| Reason::Syntax(error.to_string()))?;
    let value = data(value);
    match value.get("policy").or_else(|| value.get("rules")).and_then(Value::as_str) {
        // Answers hold the policy as text, which may itself be JSON; one layer is all there is.
        Some(inner) if inner.trim_start().starts_with('{') => {
            let inner = serde_json::from_str(inner).map_err(|error| Reason::Syntax(error.to_string()))?;
            json_policy(&inner)
        }
        Some(inner) => hcl_policy(inner),
        None => json_policy(&value),
    }
}

fn hcl_policy(text: &str) -> Result<Vec<Rule>, Reason> {
    let body = hcl::parse(text).map_err(|error| Reason::Syntax(first_line(&error.to_string())))?;
    let mut rules = Vec::new();
    for block in body.blocks().filter(|block| block.identifier() == "path") {
        let Some(label) = block.labels().first() else { return Err(Reason::Missing("path")) };
        let mut capabilities = Vec::new();
        for attribute in block.body().attributes() {
            match (attribute.key(), attribute.expr()) {
                ("capabilities", hcl::Expression::Array(words)) => {
                    capabilities.extend(words.iter().filter_map(|word| match word {
                        hcl::Expression::String(word) => Some(word.clone()),
                        _ => None,
                    }));
                }
                ("policy", hcl::Expression::String(word)) => capabilities.extend(legacy(word)),
                _ => {}
            }
        }
        rules.push(Rule { path: label.as_str().to_owned(), capabilities });
    }
    Ok(rules)
}

fn json_policy(value: &Value) -> Result<Vec<Rule>, Reason> {
    let Some(paths) = value.get("path") else { return Err(Reason::Missing("path")) };
    let blocks: Vec<&Value> = match paths {
        Value::Array(blocks) => blocks.iter().collect(),
        block => vec![block],
    };
    let mut rules = Vec::new();
    for (path, rule) in blocks.into_iter().filter_map(Value::as_object).flatten() {
        let words = rule.get("capabilities").and_then(Value::as_array);
        let mut capabilities: Vec<String> =
            words.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        if let Some(word) = rule.get("policy").and_then(Value::as_str) {
            capabilities.extend(legacy(word));
        }
        rules.push(Rule { path: path.clone(), capabilities });
    }
    Ok(rules)
}

/// The words that came before capabilities.
fn legacy(word: &str) -> Vec<String> {
    let words: &[&str] = match word {
        "read" => &["read", "list"],
        "write" => &["create", "read", "update", "delete", "list"],
        "sudo" => &["create", "read", "update", "delete", "list", "sudo"],
        _ => &["deny"],
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// How deep brackets are nested; those in strings count too, which errs on the safe side.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'{' | b'[' | b'(' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn first_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).take(4).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
