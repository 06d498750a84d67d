//! What an activity of a class is: its kind, our words, and its caption.
//!
//! Source: OCSF 1.x, the classes' `activity_id`.

use sever_model::EventKind;

/// An activity of a class.
#[derive(Clone, Copy)]
pub(super) struct Activity {
    pub kind: EventKind,
    pub words: &'static [&'static str],
    /// The class's caption.
    pub class: &'static str,
    /// The activity's caption; empty for one that OCSF does not number.
    pub name: &'static str,
}

type Listed = (u32, EventKind, &'static [&'static str], &'static str);

use EventKind::{Authenticated, Changed, Issued, Read, Used};

const ACCOUNT: &[&str] = &["create-account"];
const KEY: &[&str] = &["create-key"];
const GRANT: &[&str] = &["grant"];
const DELETE: &[&str] = &["delete"];
const ENABLE: &[&str] = &["enable"];
const DISABLE: &[&str] = &["disable"];
const EXPORT: &[&str] = &["export"];
const NONE: &[&str] = &[];

const CLASSES: &[(u32, &str, &[Listed])] = &[
    (
        3_001,
        "Account Change",
        &[
            (1, Changed, ACCOUNT, "Create"),
            (2, Changed, ENABLE, "Enable"),
            (3, Changed, KEY, "Password Change"),
            (4, Changed, KEY, "Password Reset"),
            (5, Changed, DISABLE, "Disable"),
            (6, Changed, DELETE, "Delete"),
            (7, Changed, GRANT, "Attach Policy"),
            (8, Changed, GRANT, "Detach Policy"),
            (9, Changed, DISABLE, "Lock"),
            (10, Changed, &["create-key", "enable"], "MFA Factor Enable"),
            (11, Changed, DISABLE, "MFA Factor Disable"),
            (12, Changed, ENABLE, "Unlock"),
        ],
    ),
    (
        3_002,
        "Authentication",
        &[
            (1, Authenticated, NONE, "Logon"),
            (2, Used, NONE, "Logoff"),
            (3, Issued, NONE, "Authentication Ticket"),
            (4, Issued, NONE, "Service Ticket Request"),
            (5, Issued, NONE, "Service Ticket Renew"),
            (6, Authenticated, NONE, "Preauth"),
            (7, Used, NONE, "Account Switch"),
        ],
    ),
    (
        3_003,
        "Authorize Session",
        // What a session is given when it begins changes nobody's rights.
        &[(1, Used, NONE, "Assign Privileges"), (2, Used, NONE, "Assign Groups"), (3, Used, NONE, "Assign Roles")],
    ),
    (
        3_004,
        "Entity Management",
        &[
            (1, Changed, NONE, "Create"),
            (2, Used, NONE, "Read"),
            (3, Changed, NONE, "Update"),
            (4, Changed, DELETE, "Delete"),
            (5, Changed, NONE, "Move"),
            (6, Changed, NONE, "Enroll"),
            (7, Changed, NONE, "Unenroll"),
            (8, Changed, ENABLE, "Enable"),
            (9, Changed, DISABLE, "Disable"),
            (10, Changed, ENABLE, "Activate"),
            (11, Changed, DISABLE, "Deactivate"),
            (12, Changed, DISABLE, "Suspend"),
            (13, Changed, ENABLE, "Resume"),
        ],
    ),
    (
        3_005,
        "User Access Management",
        &[
            (1, Changed, GRANT, "Assign Privileges"),
            (2, Changed, GRANT, "Revoke Privileges"),
            (3, Changed, GRANT, "Assign Role"),
            (4, Changed, GRANT, "Remove Role"),
        ],
    ),
    (
        3_006,
        "Group Management",
        &[
            (1, Changed, GRANT, "Assign Privileges"),
            (2, Changed, GRANT, "Revoke Privileges"),
            (3, Changed, GRANT, "Add User"),
            (4, Changed, GRANT, "Remove User"),
            (5, Changed, DELETE, "Delete"),
            (6, Changed, NONE, "Create"),
            (7, Changed, GRANT, "Add Subgroup"),
            (8, Changed, GRANT, "Remove Subgroup"),
            (9, Changed, NONE, "Update"),
            (10, Changed, GRANT, "Attach Policies"),
            (11, Changed, GRANT, "Detach Policies"),
            (12, Changed, GRANT, "Assign Roles"),
            (13, Changed, GRANT, "Remove Roles"),
        ],
    ),
    (
        6_001,
        "Web Resources Activity",
        &[
            (1, Changed, NONE, "Create"),
            (2, Used, NONE, "Read"),
            (3, Changed, NONE, "Update"),
            (4, Changed, DELETE, "Delete"),
            (5, Used, NONE, "Search"),
            (6, Changed, NONE, "Import"),
            (7, Used, EXPORT, "Export"),
            (8, Changed, GRANT, "Share"),
        ],
    ),
    (
        6_003,
        "API Activity",
        &[
            (1, Changed, NONE, "Create"),
            (2, Used, NONE, "Read"),
            (3, Changed, NONE, "Update"),
            (4, Changed, DELETE, "Delete"),
        ],
    ),
    (
        6_005,
        "Datastore Activity",
        &[
            (1, Used, NONE, "Read"),
            (2, Changed, NONE, "Update"),
            (3, Used, NONE, "Connect"),
            (4, Used, NONE, "Query"),
            (5, Changed, NONE, "Write"),
            (6, Changed, NONE, "Create"),
            (7, Changed, DELETE, "Delete"),
            (8, Used, NONE, "List"),
            (9, Used, NONE, "Encrypt"),
            (10, Read, NONE, "Decrypt"),
        ],
    ),
];

impl Activity {
    /// Whether a class is one of those that are read.
    pub fn is_class(class: u32) -> bool {
        CLASSES.iter().any(|(of, ..)| *of == class)
    }

    /// What an activity is; nothing for a class that says nothing about access. `entity` is the type of
    /// what is managed, for the class that manages anything.
    pub fn of(class: u32, number: u32, entity: &str) -> Option<Activity> {
        let (of, class, activities) = CLASSES.iter().find(|(of, ..)| *of == class)?;
        let Some((_, kind, words, name)) = activities.iter().find(|(of, ..)| *of == number) else {
            // Without a number all that is known is what the class is about.
            let kind = match of {
                3_002 => Authenticated,
                3_001 | 3_004..=3_006 => Changed,
                _ => Used,
            };
            return Some(Activity { kind, words: NONE, class, name: "" });
        };
        let words =
            if *of == 3_004 && words.is_empty() && *kind == Changed { words_of_entity(number, entity) } else { words };
        Some(Activity { kind: *kind, words, class, name })
    }
}

/// What it is to make, change or enrol an entity of that type.
fn words_of_entity(number: u32, entity: &str) -> &'static [&'static str] {
    let is = |words: &[&str]| words.iter().any(|word| contains(entity, word));
    match number {
        1 if is(&["user", "account", "principal"]) => ACCOUNT,
        1 | 6 if is(&["key", "token", "credential", "secret", "certificate", "device", "mfa"]) => KEY,
        1 | 3 | 5 if is(&["role", "policy", "permission", "group", "entitlement"]) => GRANT,
        _ => NONE,
    }
}

/// What an operation's name says of a change, where it says it plainly.
pub(super) fn words_of(operation: &str) -> &'static [&'static str] {
    let has = |word: &str| contains(operation, word);
    let makes = has("create") || has("insert") || has("add") || has("generate") || has("issue");
    if has("delete") || has("destroy") || has("remove") && !has("member") && !has("role") {
        DELETE
    } else if makes && (has("key") || has("token") || has("secret") || has("credential") || has("password")) {
        KEY
    } else if makes && (has("user") || has("serviceaccount")) && !has("group") && !has("role") {
        ACCOUNT
    } else if ["policy", "role", "permission", "grant", "member", "binding"].iter().any(|word| has(word)) {
        GRANT
    } else if has("export") {
        EXPORT
    } else if has("disable") || has("suspend") {
        DISABLE
    } else if has("enable") || has("activate") {
        ENABLE
    } else {
        NONE
    }
}

/// Whether a text holds a word in lower case, whatever its own case.
fn contains(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}
