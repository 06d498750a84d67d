//! Patterns of resources: `*` at the end stands for any rest, `+` for one path segment.
//!
//! Source: the path rules of Vault and OpenBao policies.

use std::collections::HashMap;

use sever_model::{Entry, Resource, ResourceIx};

/// Whether a resource is one that the pattern means. A `*` that is not at the end stands for itself,
/// and so does a `+` that is not a whole segment.
pub fn matches(pattern: &str, resource: &str) -> bool {
    let (body, open) = match pattern.strip_suffix('*') {
        Some(body) => (body, true),
        None => (pattern, false),
    };
    if !has_segment(body) {
        return if open { resource.starts_with(body) } else { resource == body };
    }
    let mut segments = resource.split('/');
    let mut wanted = body.split('/').peekable();
    while let Some(want) = wanted.next() {
        let Some(segment) = segments.next() else { return false };
        let last_open = open && wanted.peek().is_none();
        let fits = if last_open { segment.starts_with(want) } else { want == "+" || segment == want };
        if !fits {
            return false;
        }
    }
    open || segments.next().is_none()
}

/// Whether a resource id is a pattern.
pub(crate) fn is_pattern(id: &str) -> bool {
    id.ends_with('*') || has_segment(id)
}

fn has_segment(text: &str) -> bool {
    text.contains('+') && text.split('/').any(|segment| segment == "+")
}

/// All resources and patterns, to be found by a resource that they mean.
///
/// Looking up costs one hash per byte of the id, and a comparison per pattern with `+` in the same
/// system.
pub(crate) struct Patterns<'a> {
    exact: HashMap<&'a str, ResourceIx, foldhash::fast::RandomState>,
    prefixes: HashMap<&'a str, ResourceIx, foldhash::fast::RandomState>,
    longest: usize,
    segments: HashMap<&'a str, Vec<(&'a str, ResourceIx)>>,
}

impl<'a> Patterns<'a> {
    pub(crate) fn new(resources: &'a [Entry<Resource>]) -> Patterns<'a> {
        let mut patterns =
            Patterns { exact: HashMap::default(), prefixes: HashMap::default(), longest: 0, segments: HashMap::new() };
        for (at, entry) in resources.iter().enumerate() {
            let (id, ix) = (entry.it.id.as_str(), ResourceIx(at as u32));
            if has_segment(id) {
                patterns.segments.entry(entry.it.id.system()).or_default().push((id, ix));
            } else if let Some(prefix) = id.strip_suffix('*') {
                patterns.longest = patterns.longest.max(prefix.len());
                patterns.prefixes.insert(prefix, ix);
            } else {
                patterns.exact.insert(id, ix);
            }
        }
        patterns
    }

    /// Everything that means this resource, itself included.
    pub(crate) fn meaning(&self, resource: &str) -> Vec<ResourceIx> {
        let mut found: Vec<ResourceIx> = self.exact.get(resource).copied().into_iter().collect();
        for end in 0..=resource.len().min(self.longest) {
            found.extend(resource.get(..end).and_then(|prefix| self.prefixes.get(prefix)));
        }
        let system = resource.split_once('/').map_or("", |(system, _)| system);
        for key in [system, "+"] {
            let listed = self.segments.get(key).map_or(&[][..], Vec::as_slice);
            found.extend(listed.iter().filter(|(pattern, _)| matches(pattern, resource)).map(|(_, ix)| *ix));
        }
        found
    }
}

#[cfg(test)]
mod tests;
