//! The settings of `[[connection]]` and `[cutting]`.

use super::Kind::{Columns, Count, Duration, Id, Path, Share, Table, Tables, Text, Texts};
use super::Need::{Default, Optional, Required};
use super::{Field, Registry, SECRET, field};

pub(super) static CONNECTION: &[Field] = &[
    field("name", Text, Required, "its name: plans, receipts and verdicts use it"),
    field("kind", Id(Registry::Connectors), Required, "what it is: see `sever connectors`"),
    field(
        "system",
        Text,
        Optional,
        "the system whose accounts it leads to, or the log of a verifier of tokens; its name where absent",
    ),
    field("url", Text, Default(""), "where it is, as its connector says"),
    field("settings", Columns, Optional, "the connector's own settings: see `sever explain connections/ID`"),
    field("reading", Table(LOGIN), Optional, "with what it lists doors; without it, it lists none"),
    field("probing", Table(LOGIN), Optional, "with what it tries doors; without it, it tries none"),
    field("cutting", Table(LOGIN), Optional, "with what it closes doors; without it, it closes none"),
    field("twin", Table(LOGIN), Optional, "an account of ours of the same kind as those that are cut: the control"),
    field("side_by_side", Count, Default("8"), "how many questions it is asked at once, from 1 to 64"),
    field(
        "pause",
        Duration,
        Default("0s"),
        "how long each of those waits after an answer before it asks the next: with `side_by_side = 1` at most one \
         question in that time; at most a minute",
    ),
];

/// An empty one says that no credentials are needed.
static LOGIN: &[Field] = &[
    field("user", Text, Default(""), "the name: a distinguished name, a role, a client id"),
    field("secret", Table(SECRET), Optional, "where its secret comes from; fetched only when it is needed"),
];

pub(super) static CUTTING: &[Field] = &[
    field("break_glass", Texts, Optional, "accounts for emergencies, by id or login: never cut"),
    field("own_accounts", Texts, Optional, "accounts that this tool itself uses, by id or login: never cut"),
    field("owners", Columns, Optional, "who is asked about a system that may not be changed from here: system = who"),
    field("hand_off", Table(HAND_OFF), Optional, "who is asked about doors that may not be closed from here"),
    field("brakes", Table(BRAKES), Optional, "when a cut is refused without two people"),
    field("approvers", Tables(APPROVER), Optional, "who may approve a plan"),
    field("plan_age_max", Duration, Default("1d"), "how old a plan may be when it is executed"),
];

static HAND_OFF: &[Field] = &[
    field("owner", Text, Optional, "who is asked where the system has no owner of its own"),
    field("deadline", Duration, Default("1d"), "how long they have, from the cut on"),
    field("to", Path, Optional, "a file that questions are added to, or the URL of a webhook"),
];

static BRAKES: &[Field] = &[
    field("count", Count, Default("5"), "so many people a day may be cut whatever the share"),
    field("share", Share, Default("0.05"), "the largest share of the people who work here that may be cut in a day"),
];

static APPROVER: &[Field] = &[
    field("name", Text, Required, "who: two approvals must be of two names"),
    field("key", Text, Required, "their public key as OpenSSH writes it: `ssh-ed25519 …`"),
];
