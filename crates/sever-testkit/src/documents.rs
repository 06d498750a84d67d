//! Reading documents as a newcomer does: which commands do they tell to type?
//!
//! Commands stand in fenced blocks (`console`: after a `$`; `sh` and `bash`: every line) and in
//! inline code that begins with the program's name. Pipes, redirections and comments end a command.
//! One that is only a pattern (`sever {check,scan}`, `sever …`) is left out.
//!
//! Words after a fence's language say what a test does with the block; readers do not see them:
//!
//! ```text
//! sh              a guide's commands, run in its folder; they must end with 0
//! sh exit=14      the last of them must end with 14
//! sh norun        needs something that a test has not (an account at a vendor, a checkout)
//! sh checkout     run in a copy of the checkout, after the blocks above it were applied
//! text            after `sh`: lines that its output holds, in this order ([`unmet`])
//! rust file=PATH  a file of the checkout, whole; any language
//! diff file=PATH  lines to add to a file of the checkout
//! ```

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

/// A fenced block of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The line on which its fence opens, from 1.
    pub line: usize,
    /// The first word after the fence; empty where there is none.
    pub language: String,
    /// The words after that.
    pub words: Vec<String>,
    /// What stands in it, each line with its end.
    pub text: String,
}

impl Block {
    /// Whether a word stands after the language.
    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|it| it == word)
    }

    /// The value of a word `name=value` after the language.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }
}

/// Every fenced block of a Markdown text, in order.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open: Option<(Block, &str)> = None;
    for (at, line) in markdown.lines().enumerate() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match open.take() {
            Some((block, fence)) if line.trim_end() == fence => found.push(block),
            Some((mut block, fence)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some((block, fence));
            }
            None if ticks >= 3 => {
                let (fence, info) = line.split_at(ticks);
                let mut words = info.split_whitespace().map(str::to_owned);
                let language = words.next().unwrap_or_default();
                open = Some((Block { line: at + 1, language, words: words.collect(), text: String::new() }, fence));
            }
            None => {}
        }
    }
    found
}

/// The first line of an expected text that an output does not hold where it should: after the lines
/// before it. `…` in a line stands for anything, a line of `…` alone for any lines (of which there may
/// always be some); how many blanks stand between words does not matter.
pub fn unmet<'a>(expected: &'a str, output: &str) -> Option<&'a str> {
    let one_blank = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines = output.lines().map(one_blank);
    expected.lines().filter(|line| !matches!(line.trim(), "" | "…")).find(|line| {
        let wanted = one_blank(line);
        !lines.any(|line| fits(&wanted, &line))
    })
}

/// Whether a line is as expected, `…` standing for anything.
fn fits(wanted: &str, line: &str) -> bool {
    let mut parts = wanted.split('…').map(str::trim);
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
        last = Some(part);
    }
    rest.is_empty() || last.is_some_and(|last| last.is_empty() || line.ends_with(last))
}

/// Every command of `program` that a Markdown text names.
pub fn commands(markdown: &str, program: &str) -> Vec<NamedCommand> {
    let mut found = Vec::new();
    let mut fence: Option<String> = None;
    let mut pending: Option<(usize, String)> = None;
    for (at, line) in markdown.lines().enumerate() {
        let line_number = at + 1;
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let language = language.split_whitespace().next().unwrap_or_default();
            fence = if fence.is_some() { None } else { Some(language.to_owned()) };
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
