//! The other way round: what touched a person, when, and which fields were in the answer.

use std::collections::BTreeSet;

use serde_json::json;
use sever_model::{Outcome, counted};

use super::date;
use crate::cli::output::Output;
use crate::cli::site::Site;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

pub(super) fn touched(site: &Site, subject: &str, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let touches = site.touched(subject)?;
    let columns =
        ["key", "account", "judged", "outcome", "endpoint", "fields", "through_others", "days", "first", "last"];
    let mut sheet = Sheet::new("touched", format!("what touched the data of {subject}"), &columns);
    let mut forged: BTreeSet<i64> = BTreeSet::new();
    for touch in &touches {
        if matches!(&*touch.judged, "never-issued" | "mismatch") {
            forged.extend(&touch.days);
        }
        let day = |day: Option<&i64>| day.map(|day| date(*day));
        sheet.rows.push(vec![
            json!(touch.key_id),
            json!(touch.account),
            json!(touch.judged),
            json!(if touch.outcome == Outcome::Answered { "answered" } else { "unknown" }),
            json!(touch.endpoint),
            json!(touch.fields),
            json!(if touch.through_others { "yes" } else { "no" }),
            json!(touch.days.len()),
            json!(day(touch.days.first())),
            json!(day(touch.days.last())),
        ]);
    }
    sheet.notes.push(match (touches.is_empty(), forged.len()) {
        (true, _) => format!("no kept use touched {subject}; only scanned logs are looked at"),
        (_, 0) => "by no forged token, as far as is judged".to_owned(),
        (_, days) => format!("by forged tokens on {}", counted(days as u64, "day")),
    });
    out.sheet(&sheet)?;
    Ok(vec![if touches.is_empty() { Exit::NothingLooked } else { Exit::Clean }])
}
