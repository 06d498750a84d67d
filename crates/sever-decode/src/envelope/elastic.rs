//! Elasticsearch and OpenSearch: the hits of a search, or a dump of documents.

use super::{Each, Envelope, Inner, Outer};

pub(super) const ENVELOPE: Envelope = Envelope {
    id: "elastic",
    title: "an Elastic export",
    about: "Hits with their `_source`, as the `hits.hits` of an answer or one a line (`elasticdump`). The record is \
the document in `_source`; where that keeps the original record under `event.original` or `message`, see `ecs`.",
    open,
};

fn open(outer: &Outer<'_>, each: Each<'_>) -> bool {
    let named = outer.has("_index") || outer.has("_id");
    let Some(source) = outer.object("_source").filter(|_| named) else { return false };
    each(Inner::of(source, Outer::of(source).time("@timestamp")));
    true
}
