//! The settings of `[case]`.

use super::Kind::{Duration, Tables, Text, Texts};
use super::Need::{Optional, Required};
use super::{Field, field};

pub(super) static CASE: &[Field] = &[
    field(
        "laws",
        Texts,
        Optional,
        "the laws whose clocks run in an incident, by name; all that are known where absent",
    ),
    field("law", Tables(LAW), Optional, "a law or contract of one's own, or another reading of a built-in one"),
    field("organisation", Text, Optional, "the organisation, as notices name it"),
    field("contact", Text, Optional, "whom a notice says to ask: a data-protection officer"),
];

static LAW: &[Field] = &[
    field("name", Text, Required, "what commands call it"),
    field("title", Text, Required, "its name, as notices give it"),
    field("source", Text, Required, "where it stands: article, paragraph, clause"),
    field("within", Duration, Optional, "how long after awareness; nothing where the text gives no hours"),
    field("to", Texts, Required, "whom it wants told: `authority`, `people`"),
];
