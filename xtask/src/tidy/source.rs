//! Rust files as code: comments and the insides of strings blanked, test code told from the rest.
//!
//! Not a parser. It knows strings (raw ones too), characters, lifetimes and comments, which is
//! enough to look for words without finding them where they are only talked about.

/// One line of a file.
pub(crate) struct CodeLine {
    /// From 1.
    pub(crate) number: usize,
    /// The line without comments and without what stands in quotes.
    pub(crate) code: String,
    /// Whether it is test code.
    pub(crate) test: bool,
}

/// The lines of a Rust file.
pub(crate) fn lines(path: &str, text: &str) -> Vec<CodeLine> {
    let mut test = is_test_file(path);
    let code = blanked(text);
    let all: Vec<&str> = code.lines().collect();
    let mut lines = Vec::with_capacity(all.len());
    for (at, code) in all.iter().enumerate() {
        // Tests stand last in a file, so that everything from their module on is test code.
        let next = all.get(at + 1).map_or("", |line| line.trim());
        test |= code.trim() == "#[cfg(test)]" && next.starts_with("mod ") && next.ends_with('{');
        lines.push(CodeLine { number: at + 1, code: (*code).to_owned(), test });
    }
    lines
}

/// Whether a file holds nothing but tests, examples or fuzz targets.
pub(crate) fn is_test_file(path: &str) -> bool {
    let folder = |name: &str| path.contains(&format!("/{name}/")) || path.starts_with(&format!("{name}/"));
    path.ends_with("/tests.rs") || ["tests", "examples", "benches", "fuzz"].into_iter().any(folder)
}

/// The text with comments and the insides of strings and characters turned into spaces.
fn blanked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut word_before = false;
    while let Some(first) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if first == '"' {
            quoted(rest, 1)
        } else if !word_before && raw_string(rest).is_some() {
            raw_string(rest).unwrap_or(1)
        } else if first == '\'' {
            character(rest)
        } else {
            0
        };
        if len == 0 {
            out.push(first);
            word_before = first.is_alphanumeric() || first == '_';
            rest = rest.strip_prefix(first).unwrap_or_default();
            continue;
        }
        let (gone, after) = rest.split_at_checked(len).unwrap_or((rest, ""));
        out.extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        word_before = false;
        rest = after;
    }
    out
}

/// The length of the block comment that begins here; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of a string whose inside begins `from` bytes on.
fn quoted(text: &str, from: usize) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the raw string that begins here, if one does.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    after.get(hashes..)?.strip_prefix('"')?;
    let inside = text.len() - after.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = text.get(inside..)?.find(&end).map(|at| inside + at + end.len());
    Some(length.unwrap_or(text.len()))
}

/// The length of the character literal that begins here; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text.get(3..).and_then(|rest| rest.find('\'')).map_or(0, |at| at + 4),
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}
