//! Several secrets in one: what a command prints where one word is not enough.
//!
//! A JSON object of texts, or of arrays of texts: `{"client_secret": "…", "refresh_token": ["…", "…"]}`.
//! Anything that does not begin with `{` is one secret as it stands, of the kind that is the usual one
//! there.

use std::collections::BTreeMap;

use serde_json::Value;
use sever_model::Secret;

/// Secrets by their kind.
#[derive(Default)]
pub(crate) struct Bunch(BTreeMap<String, Vec<Secret<String>>>);

impl Bunch {
    /// Reads one; `usual` is the kind of a bare word.
    ///
    /// # Errors
    /// When it begins like an object and is none of texts. What it held is not in the error.
    pub(crate) fn read(secret: &Secret<String>, usual: &str) -> Result<Bunch, &'static str> {
        let text = secret.expose().trim();
        if text.is_empty() {
            return Ok(Bunch::default());
        }
        if !text.starts_with('{') {
            return Ok(Bunch(BTreeMap::from([(usual.to_owned(), vec![Secret::new(text.to_owned())])])));
        }
        let wrong = "the secret begins with `{`, and is no JSON object of texts";
        let Ok(Value::Object(named)) = serde_json::from_str(text) else { return Err(wrong) };
        let mut bunch = BTreeMap::new();
        for (name, value) in named {
            let values = match value {
                Value::Array(values) => values,
                one => vec![one],
            };
            let mut secrets = Vec::new();
            for value in values {
                let Value::String(value) = value else { return Err(wrong) };
                secrets.push(Secret::new(value));
            }
            bunch.insert(name, secrets);
        }
        Ok(Bunch(bunch))
    }

    /// The first of a kind.
    pub(crate) fn one(&self, kind: &str) -> Option<&Secret<String>> {
        self.all(kind).first()
    }

    /// All of a kind.
    pub(crate) fn all(&self, kind: &str) -> &[Secret<String>] {
        self.0.get(kind).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests;
