//! Laws that give a clock from the moment somebody becomes aware of an incident.
//!
//! What is built in is what the texts say in hours, with the article to read; whether a law applies to
//! an incident, what awareness is, and which exceptions there are is counsel's to decide. Laws change:
//! a configuration can say otherwise, and add its own.

use serde::{Deserialize, Serialize};

use crate::Span;

/// A law, or a contract, that wants somebody told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Law {
    /// What commands call it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub source: String,
    /// How long after awareness; nothing where the text gives no hours.
    #[serde(with = "secs", default)]
    pub within: Option<Span>,
    /// Whom it wants told: `authority`, `people`.
    pub to: Vec<String>,
}

/// Those who must be told of an incident.
pub const AUDIENCES: [&str; 2] = ["authority", "people"];

impl Law {
    /// The laws that are built in.
    pub fn known() -> Vec<Law> {
        let law = |id: &str, name: &str, source: &str, hours: Option<i64>, to: &[&str]| Law {
            id: id.to_owned(),
            name: name.to_owned(),
            source: source.to_owned(),
            within: hours.map(|hours| Span::secs(3_600 * hours)),
            to: to.iter().map(|to| (*to).to_owned()).collect(),
        };
        vec![
            law(
                "gdpr-33",
                "GDPR, notification to the supervisory authority",
                "Regulation (EU) 2016/679, article 33(1): where feasible, not later than 72 hours after having become \
                 aware of it",
                Some(72),
                &["authority"],
            ),
            law(
                "gdpr-34",
                "GDPR, communication to the data subject",
                "Regulation (EU) 2016/679, article 34(1): without undue delay, where a high risk is likely; no hours",
                None,
                &["people"],
            ),
            law(
                "pipa-34",
                "Korea, Personal Information Protection Act",
                "Act, article 34; Enforcement Decree, articles 39 and 40: within 72 hours of becoming aware; amended in \
                 2026, in some cases on the possibility of a breach: check the decree in force",
                Some(72),
                &["authority", "people"],
            ),
            law(
                "network-act-48-3",
                "Korea, Network Act, report of an intrusion",
                "Act on Promotion of Information and Communications Network Utilization and Information Protection, \
                 article 48-3; Enforcement Decree, article 58-2: within 24 hours of becoming aware",
                Some(24),
                &["authority"],
            ),
        ]
    }
}

/// A span that may be absent, in seconds.
mod secs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::Span;

    pub(super) fn serialize<S: Serializer>(span: &Option<Span>, serializer: S) -> Result<S::Ok, S::Error> {
        span.map(Span::as_secs).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Span>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Span::secs))
    }
}
