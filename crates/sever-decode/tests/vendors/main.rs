//! Vendors' own test events, where a folder of them lies beside the project (`../shared/data/formats`:
//! one `{"rule", "test", "expected", "log"}` a line, `log` being the event as the vendor writes it,
//! often trimmed, and some of them another vendor's).
//!
//! For each format: an event that carries the vendor's discriminator is decoded, with or without a
//! time; every other is `unrelated`; what the event says at a path is in the decoded event's field.
//! One module a format. The discriminator is told here by other means than in the decoder.

#[path = "../support/mod.rs"]
mod support;

mod auth0;
mod cloudtrail;
mod entra;
mod gcp_audit;
mod github_audit;
mod google_workspace;
mod kubernetes_audit;
mod m365;
mod okta;
mod onelogin;
mod onepassword;
mod slack_audit;
mod snowflake;
mod teleport;

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sever_decode::Format;

/// What is checked of a format.
struct Check {
    /// The files, without `.jsonl.gz`.
    files: &'static [&'static str],
    format: &'static str,
    /// Whether an event carries the vendor's discriminator.
    is: fn(&Value) -> bool,
    /// Paths of the vendor's event, and the fields of ours that say the same where they are present.
    /// Of several paths to one field any one may have been taken.
    says: &'static [(&'static [&'static str], &'static str)],
}

const CHECKS: &[Check] = &[
    auth0::CHECK,
    cloudtrail::CHECK,
    entra::CHECK,
    gcp_audit::CHECK,
    github_audit::CHECK,
    google_workspace::CHECK,
    kubernetes_audit::CHECK,
    m365::CHECK,
    okta::CHECK,
    onelogin::CHECK,
    onepassword::CHECK,
    slack_audit::CHECK,
    snowflake::CHECK,
    teleport::CHECK,
];

#[test]
fn what_vendors_write_is_decoded_and_nothing_else() {
    let mut wrong = Vec::new();
    for check in CHECKS {
        for file in check.files {
            let Some(logs) = logs(file) else { continue };
            for (at, log) in logs.iter().enumerate() {
                check.event(log, &format!("{file}:{}", at + 1), &mut wrong);
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The events of a file; `None` where it is not at hand.
fn logs(file: &str) -> Option<Vec<Value>> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/formats");
    let stored = std::fs::read(folder.join(format!("{file}.jsonl.gz"))).ok()?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*stored).read_to_string(&mut text).expect("gzip of text");
    let log = |line: &str| serde_json::from_str::<Value>(line).expect("a line of JSON")["log"].clone();
    Some(text.lines().map(log).collect())
}

impl Check {
    fn event(&self, log: &Value, place: &str, wrong: &mut Vec<String>) {
        let format = Format::named(self.format).expect("a format");
        let (events, accounting) = support::decode(format, None, format!("{log}\n").as_bytes(), 4_096);
        let is = (self.is)(log);
        let decoded = !events.is_empty();
        let unrelated = accounting.by_reason.contains_key("unrelated");
        if is != decoded || is == unrelated {
            let reasons = &accounting.by_reason;
            wrong.push(format!("{place}: its own {is}, {} events, rejected {reasons:?}: {log}", events.len()));
            return;
        }
        for (paths, field) in self.says {
            // An instant is written in many ways: that there is one must do. `redacted` is none.
            let instant = matches!(*field, "time" | "issued_at" | "expires_at");
            let is_one = |said: &String| !instant || said.bytes().any(|byte| byte.is_ascii_digit());
            let said: Vec<String> = paths.iter().filter_map(|path| at(log, path)).filter(is_one).collect();
            let found = |event: &Value| {
                (instant && event[*field].is_string()) || said.iter().any(|said| holds(&event[*field], said))
            };
            if is && !said.is_empty() && !events.iter().any(found) {
                wrong.push(format!("{place}: `{field}` is none of {said:?} in {}", events[0]));
            }
        }
    }
}

/// Whether a field says what the vendor's event says, or a part of it, or it is a part of a longer text.
fn holds(field: &Value, said: &str) -> bool {
    let text = field.as_str().map_or_else(|| field.to_string(), str::to_owned);
    text.contains(said) || said.contains(&text) && !text.is_empty() && text != "null"
}

/// What stands at a dotted path, whatever the case of the keys, as text; nothing where it is empty.
/// A number in the path is an element of a list.
fn at(log: &Value, path: &str) -> Option<String> {
    let step = |value: Value, key: &str| match key.parse::<usize>() {
        Ok(index) => value.get(index).cloned(),
        Err(_) => value.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, it)| it.clone()),
    };
    let value = path.split('.').try_fold(log.clone(), step)?;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let empty = value.is_null() || value == json!("") || value == json!([]) || value == json!({});
    (!empty).then_some(text)
}
