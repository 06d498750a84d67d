//! Whether a grant's resource covers another: the glob of vault policies.
//!
//! `*` at the end stands for any rest, `+` for exactly one path segment. Source: the path rules of
//! OpenBao and Vault policies.

/// Whether `pattern` covers `path`.
pub fn covers(pattern: &str, path: &str) -> bool {
    let (pattern, prefix) = match pattern.strip_suffix('*') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    if !pattern.contains('+') {
        return if prefix { path.starts_with(pattern) } else { path == pattern };
    }
    let mut segments = path.split('/');
    let mut wanted = pattern.split('/').peekable();
    while let Some(want) = wanted.next() {
        let last = wanted.peek().is_none();
        match segments.next() {
            Some(segment) if last && prefix => return want == "+" || segment.starts_with(want),
            Some(segment) if want == "+" && !segment.is_empty() || segment == want => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

/// Whether a resource's id is a pattern.
pub(crate) fn is_pattern(id: &str) -> bool {
    id.ends_with('*') || id.split('/').any(|segment| segment == "+")
}
