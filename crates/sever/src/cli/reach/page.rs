//! An answer as a table: the four numbers with how each is known, or its days, fields and endpoints.

use serde_json::json;
use sever_lake::ReachAnswer;
use sever_model::counted;

use super::ask::{Asked, people_by_field};
use super::{By, date};
use crate::render::Sheet;

/// The table of an answer, split as asked.
pub(super) fn sheet(asked: &Asked, by: Option<By>) -> Sheet {
    let (title, answer) = (asked.ask.title(), &asked.answer);
    let mut sheet = match by {
        None => whole(title, asked),
        Some(By::Day) => by_day(title, answer),
        Some(By::Field) => by_name(title, "field", answer.by_field.iter()),
        Some(By::Endpoint) => by_name(title, "endpoint", answer.by_endpoint.iter()),
    };
    sheet.notes.extend(asked.cover.said.iter().cloned());
    notes(asked, &mut sheet.notes);
    summary(asked, &mut sheet.summary);
    sheet
}

fn whole(title: String, asked: &Asked) -> Sheet {
    let (answer, cover) = (&asked.answer, &asked.cover);
    let mut sheet = Sheet::new("reach", title, &["what", "number", "how_it_is_known"]);
    let mut row = |what: &str, number: serde_json::Value, how: String| {
        sheet.rows.push(vec![json!(what), number, json!(how)]);
    };
    let known = if answer.register { "in the register" } else { "no register: nobody was told apart from nobody" };
    row("members", json!(answer.members), format!("their data was in an answer; {known}"));
    row("other people", json!(answer.others), "in an answer, and not members".to_owned());
    row("lower bound", json!(answer.lower), "distinct people, confirmed and answered".to_owned());
    for step in answer.steps.iter().skip(1) {
        row(&format!("with those {}", step.what), json!(step.total), format!("{} more", step.adds));
    }
    for step in &cover.steps {
        row(&format!("with those {}", step.what), json!(step.total), format!("{} more at most", step.adds));
    }
    match cover.upper {
        Some(upper) => row("upper bound", json!(upper), "distinct people at most".to_owned()),
        None if answer.unsaid > 0 => {
            row("upper bound", json!("unknown"), format!("{} answers do not say whose data they gave", answer.unsaid))
        }
        None => row("upper bound", json!("unknown"), "there are days of which no log is kept".to_owned()),
    }
    match people_by_field(answer) {
        Some(pairs) => row("people × fields", json!(pairs), "distinct pairs of a person and a field".to_owned()),
        None => row("people × fields", json!("unknown"), "no log says which fields were in an answer".to_owned()),
    }
    row("named and deleted before", json!(answer.deleted), "in the register, deleted before the use".to_owned());
    row("named and never existed", json!(answer.nonexistent), "ids never given out: nobody's data".to_owned());
    let requests = answer.requests;
    row(
        "requests attempted",
        json!(requests.attempted),
        match answer.addresses {
            Some(1) => "from 1 address".to_owned(),
            Some(several) => format!("from {several} addresses"),
            None => String::new(),
        },
    );
    row("requests answered", json!(requests.answered), String::new());
    row("requests refused", json!(requests.refused), "they touched nobody".to_owned());
    row("requests of unknown outcome", json!(requests.unknown), "the log does not say".to_owned());
    sheet
}

fn by_day(title: String, answer: &ReachAnswer) -> Sheet {
    let mut sheet = Sheet::new("reach-by-day", title, &["day", "requests", "people", "new_people", "people_so_far"]);
    let mut so_far = 0;
    for (day, by) in &answer.by_day {
        so_far += by.new;
        sheet.rows.push(vec![json!(date(*day)), json!(by.requests), json!(by.people), json!(by.new), json!(so_far)]);
    }
    sheet
}

fn by_name<'a>(title: String, name: &'static str, counts: impl Iterator<Item = (&'a Box<str>, &'a u64)>) -> Sheet {
    let mut sheet = Sheet::new("reach-by", title, &[name, "people"]);
    let mut rows: Vec<_> = counts.collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    sheet.rows.extend(rows.into_iter().map(|(name, count)| vec![json!(name), json!(count)]));
    sheet
}

fn notes(asked: &Asked, notes: &mut Vec<String>) {
    let answer = &asked.answer;
    if !answer.register {
        notes.push("no [register]: whether an id ever existed, and who is a member, cannot be told".to_owned());
    }
    if answer.unsaid > 0 {
        notes.push(format!(
            "{} without a word of whose data was in it: map `data_subjects` or `subject_count` in that log",
            counted(answer.unsaid, "answer")
        ));
    }
    if answer.unnamed > 0 {
        notes.push(format!(
            "{} counted by records and named by nothing: add their [[subject_set]]",
            counted(answer.unnamed, "person")
        ));
    }
    if let (Some(first), Some(last)) = (answer.first, answer.last) {
        notes.push(format!("first {first}, last {last}"));
    }
    let lower = counted(answer.lower, "person");
    notes.push(match asked.cover.upper {
        Some(upper) if upper == answer.lower => format!("{lower}, exactly"),
        Some(upper) => format!("at least {lower}, at most {upper}"),
        None => format!("at least {lower}; how many at most is unknown"),
    });
}

fn summary(asked: &Asked, into: &mut serde_json::Map<String, serde_json::Value>) {
    let answer = &asked.answer;
    let figures = json!({
        "lower": answer.lower, "upper": asked.cover.upper, "people_by_field": people_by_field(answer), "members": answer.members, "others": answer.others,
        "nonexistent": answer.nonexistent, "deleted": answer.deleted, "attempted": answer.requests.attempted,
        "answered": answer.requests.answered, "refused": answer.requests.refused,
        "outcome_unknown": answer.requests.unknown, "unsaid": answer.unsaid, "unnamed": answer.unnamed,
        "addresses": answer.addresses, "first": answer.first, "last": answer.last,
        "whole": asked.cover.whole,
    });
    if let serde_json::Value::Object(figures) = figures {
        into.extend(figures);
    }
}
