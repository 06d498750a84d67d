//! Azure Monitor: what diagnostic settings send to an Event Hub or write to storage.

use super::{Each, Envelope, Inner, Outer};

pub(super) const ENVELOPE: Envelope = Envelope {
    id: "azure-monitor",
    title: "Azure Monitor",
    about: "`{\"records\":[…]}`, as an Event Hub's message holds it. Where a log is nothing but such messages its \
framing takes them apart; here they are opened inside other envelopes. The records are the resource log's own.",
    open,
};

fn open(outer: &Outer<'_>, each: Each<'_>) -> bool {
    let list = outer.list("records");
    if !outer.only(&["records"]) || !list.iter().all(|record| record.get().starts_with('{')) || list.is_empty() {
        return false;
    }
    for record in list {
        each(Inner::of(record.get(), Outer::of(record.get()).time("time")));
    }
    true
}
