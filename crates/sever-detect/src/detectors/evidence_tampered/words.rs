//! What an action says about evidence, by the words it is made of.

/// What an action does to evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touches {
    /// Takes it away: stops an audit log, deletes a trail, lowers a retention.
    Takes,
    /// Changes its settings; whether for better or worse cannot be told.
    Changes,
}

/// Words for evidence.
const EVIDENCE: [&str; 8] = ["audit", "auditing", "auditlog", "logging", "trail", "cloudtrail", "retention", "log"];
/// Of them, those by which a thing is called that keeps it.
const KEEPERS: [&str; 5] = ["audit", "auditing", "auditlog", "trail", "cloudtrail"];
/// Words for evidence that only count when it is taken away: their settings are changed every day.
const LOGS: [&str; 3] = ["logs", "logstream", "loggroup"];
/// Words for taking away.
const TAKES: [&str; 15] = [
    "stop", "disable", "disabled", "delete", "deleted", "remove", "removed", "purge", "clear", "cleared", "truncate",
    "lower", "reduce", "shorten", "bypass",
];
/// Words for changing.
const CHANGES: [&str; 7] = ["update", "put", "set", "modify", "change", "edit", "alter"];

/// What an action on a thing does to evidence; `None` where it is about something else.
pub(super) fn touches(action: &str, thing: &str) -> Option<Touches> {
    let action = split(action);
    let any = |words: &[&str], of: &[String]| of.iter().any(|word| words.contains(&word.as_str()));
    let takes = any(&TAKES, &action);
    let about = any(&EVIDENCE, &action);
    // `delete` on `sys/audit/file`.
    if takes && (about || any(&LOGS, &action) || any(&KEEPERS, &split(thing))) {
        return Some(Touches::Takes);
    }
    (about && any(&CHANGES, &action) && !action.iter().any(|word| word == "log")).then_some(Touches::Changes)
}

/// The words of a name, lower case: `StopLogging`, `delete_audit-log`, `sys/audit`.
fn split(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut lower_before = false;
    for letter in name.chars() {
        let begins = letter.is_uppercase() && lower_before;
        if begins || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        lower_before = letter.is_lowercase() || letter.is_numeric();
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::{Touches, touches};

    #[test]
    fn what_takes_evidence_away_is_told_from_what_does_not() {
        let cases = [
            ("StopLogging", "", Some(Touches::Takes)),
            ("DeleteTrail", "", Some(Touches::Takes)),
            ("delete_audit-log", "", Some(Touches::Takes)),
            ("DeleteLogGroup", "", Some(Touches::Takes)),
            ("delete", "sys/audit/file", Some(Touches::Takes)),
            ("PutRetentionPolicy", "", Some(Touches::Changes)),
            ("Set-AdminAuditLogConfig", "", None),
            ("update", "sys/audit/file", None),
            ("delete", "catalog/logistics", None),
            ("DeleteUser", "", None),
            ("DescribeTrails", "", None),
            ("GetLogEvents", "", None),
            ("logout", "", None),
        ];
        for (action, thing, expected) in cases {
            assert_eq!(touches(action, thing), expected, "{action} {thing}");
        }
    }
}
