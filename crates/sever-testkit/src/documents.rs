//! Reading documents as a newcomer does: which commands do they tell to type?
//!
//! Commands stand in fenced blocks (`console`: after a `$`; `sh` and `bash`: every line) and in
//! inline code that begins with the program's name. Pipes, redirections and comments end a command.
//! One that is only a pattern (`sever {check,scan}`, `sever …`) is left out.

/// A command that a document names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCommand {
    /// The line it stands on, from 1.
    pub line: usize,
    /// The program and its arguments, unquoted.
    pub words: Vec<String>,
}

impl NamedCommand {
    /// Whether an argument is a placeholder such as `FILE`, which stands for something else.
    pub fn has_placeholder(&self) -> bool {
        let placeholder = |word: &String| {
            let letters = word.chars().filter(char::is_ascii_alphabetic).count();
            letters > 1 && word.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '_' | '-' | '=' | '.'))
        };
        self.words.iter().skip(1).any(placeholder)
    }
}

/// Every command of `program` that a Markdown text names.
pub fn commands(markdown: &str, program: &str) -> Vec<NamedCommand> {
    let mut found = Vec::new();
    let mut fence: Option<String> = None;
    let mut pending: Option<(usize, String)> = None;
    for (at, line) in markdown.lines().enumerate() {
        let line_number = at + 1;
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = if fence.is_some() { None } else { Some(language.trim().to_owned()) };
            continue;
        }
        let Some(language) = &fence else {
            let inline = line.split('`').skip(1).step_by(2);
            found.extend(inline.filter_map(|code| parse(code, program, line_number)));
            continue;
        };
        let (start, text) = match pending.take() {
            Some((start, before)) => (start, format!("{before} {}", line.trim())),
            None => match (language.as_str(), line.trim_start().strip_prefix("$ ")) {
                (_, Some(typed)) => (line_number, typed.to_owned()),
                ("sh" | "bash", None) => (line_number, line.to_owned()),
                _ => continue,
            },
        };
        match text.strip_suffix('\\') {
            Some(begun) => pending = Some((start, begun.to_owned())),
            None => found.extend(parse(&text, program, start)),
        }
    }
    found
}

/// The command that a text begins with, if it is one of this program.
fn parse(text: &str, program: &str, line: usize) -> Option<NamedCommand> {
    let mut words = words(text);
    let assigned = words.iter().take_while(|word| is_assignment(word)).count();
    words.drain(..assigned);
    if words.first().is_none_or(|first| first != program) {
        return None;
    }
    let pattern = words.iter().any(|word| word.contains(['…', '{', '[', '<']));
    (!pattern).then_some(NamedCommand { line, words })
}

/// `NAME=value` before a command sets its environment.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    })
}

/// Splits as a shell would, up to the end of the first command.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut open = false;
    let mut quote: Option<char> = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                open = true;
            }
            (None, '|' | '>' | '&' | ';') => break,
            (None, '#') if !open => break,
            (None, c) if c.is_whitespace() => {
                if open {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            (None, c) => {
                word.push(c);
                open = true;
            }
        }
    }
    if open {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests;
