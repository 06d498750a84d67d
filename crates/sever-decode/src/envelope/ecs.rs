//! The Elastic Common Schema: documents of Beats, Logstash and the Elastic Agent.

use super::{Each, Envelope, Inner, Outer};

pub(super) const ENVELOPE: Envelope = Envelope {
    id: "ecs",
    title: "Elastic's common schema",
    about: "Documents with `@timestamp` that keep the original record as text: under `event.original`, else under \
`message` where a shipper's own members stand beside it (`agent`, `ecs`, `input`, `log`, `@version`). The time is \
`@timestamp`.",
    open,
};

fn open(outer: &Outer<'_>, each: Each<'_>) -> bool {
    if !outer.has("@timestamp") {
        return false;
    }
    let shipped = ["agent", "ecs", "input", "log", "@version", "beat"].iter().any(|name| outer.has(name));
    let original = outer.inside("event").and_then(|event| event.text("original"));
    let original = original.or_else(|| outer.text("event.original"));
    let Some(text) = original.or_else(|| outer.text("message").filter(|_| shipped)) else { return false };
    let host = outer.inside("host").map(|host| host.word("name")).unwrap_or_default();
    each(Inner { host: &host, ..Inner::of(&text, outer.time("@timestamp")) });
    true
}
