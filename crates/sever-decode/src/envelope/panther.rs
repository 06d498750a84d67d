//! Panther: records with the standard fields that it adds.

use super::{Each, Envelope, Inner, Outer};

pub(super) const ENVELOPE: Envelope = Envelope {
    id: "panther",
    title: "Panther",
    about: "Records of its data lake, which stay as they are with `p_…` fields beside their own. The time is \
`p_event_time`.",
    open,
};

fn open(outer: &Outer<'_>, each: Each<'_>) -> bool {
    if !outer.has("p_event_time") || !outer.has("p_log_type") {
        return false;
    }
    // `2026-07-10 11:54:42.000000000`, always UTC.
    let time = crate::when::instant_text(&outer.word("p_event_time"), Some(&sever_model::Zone::UTC));
    each(Inner::of(outer.text, time));
    true
}
