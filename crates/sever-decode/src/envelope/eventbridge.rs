//! Amazon EventBridge: an event and where it comes from.

use super::{Each, Envelope, Inner, Outer};

pub(super) const ENVELOPE: Envelope = Envelope {
    id: "eventbridge",
    title: "EventBridge",
    about: "Events with `detail-type`, `source` and `detail`. The record is `detail` (of `AWS API Call via CloudTrail` \
a CloudTrail record), the time is `time`.",
    open,
};

fn open(outer: &Outer<'_>, each: Each<'_>) -> bool {
    let marked = outer.has("detail-type") && outer.has("source");
    let Some(detail) = outer.object("detail").filter(|_| marked) else { return false };
    each(Inner::of(detail, outer.time("time")));
    true
}
