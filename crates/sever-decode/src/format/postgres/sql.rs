//! As much of a SQL statement as says what it does, and to what.
//!
//! No parser of SQL: statements are told apart at semicolons outside of quotes and comments, and of
//! each the words that PostgreSQL's own command tags are made of are read, and the name that follows.
//! What cannot be told so (a relation behind a view, a command inside `DO`) is left to pgaudit, which
//! sees what is executed.

use crate::search::place;

/// A piece of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword, or a name without quotation marks.
    Word(&'a str),
    /// A name in quotation marks, without them.
    Name(&'a str),
    /// A string, a number or a parameter.
    Literal,
    /// Any other character.
    Mark(u8),
}

/// Reads a text of SQL token by token; comments and blanks are none.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    /// The next byte.
    at: usize,
    /// The token that begins there and where it ends, if it was looked at.
    ahead: Option<(Token<'a>, usize)>,
}

impl<'a> Tokens<'a> {
    pub fn of(text: &'a str) -> Tokens<'a> {
        Tokens { text, at: 0, ahead: None }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Skips what satisfies, and gives it.
    fn take(&mut self, is: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.bytes().position(|byte| !is(byte)).unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).unwrap_or("")
    }

    /// Skips to the end of the first such text, or to the end of all; gives what lies before it.
    fn until(&mut self, end: &str) -> &'a str {
        let rest = self.rest();
        let len = place(rest, end).unwrap_or(rest.len());
        self.at = (self.at + len + end.len()).min(self.text.len());
        rest.get(..len).unwrap_or("")
    }

    fn blanks(&mut self) {
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let blanks = rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len());
            self.at += blanks;
            match rest.get(blanks..) {
                Some([b'-', b'-', ..]) => drop(self.until("\n")),
                Some([b'/', b'*', ..]) => self.comment(),
                _ => return,
            }
        }
    }

    /// Skips a comment, and those within it.
    fn comment(&mut self) {
        let bytes = self.text.as_bytes();
        let mut depth = 0usize;
        while let Some(byte) = bytes.get(self.at) {
            match (byte, bytes.get(self.at + 1)) {
                (b'/', Some(b'*')) => (depth, self.at) = (depth + 1, self.at + 2),
                (b'*', Some(b'/')) => (depth, self.at) = (depth - 1, self.at + 2),
                _ => self.at += 1,
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Skips a string of which the opening mark has been taken.
    fn string(&mut self, escapes: bool) {
        let rest = self.rest().as_bytes();
        let mut at = 0;
        while let Some(byte) = rest.get(at) {
            at += 1;
            match byte {
                b'\\' if escapes => at += 1,
                b'\'' if rest.get(at) == Some(&b'\'') => at += 1,
                b'\'' => break,
                _ => {}
            }
        }
        self.at = (self.at + at).min(self.text.len());
    }

    /// `$$ … $$` or `$tag$ … $tag$`, or a parameter such as `$1`.
    fn dollar(&mut self) {
        let rest = self.rest();
        let tag = rest.get(1..).and_then(|after| after.find('$')).and_then(|end| rest.get(..end + 2));
        match tag.filter(|tag| tag.bytes().all(|byte| byte == b'$' || is_word(byte))) {
            Some(tag) if !tag.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => {
                self.at += tag.len();
                self.until(tag);
            }
            _ => {
                self.at += 1;
                self.take(|byte| byte.is_ascii_digit());
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some((token, end)) = self.ahead.take() {
            self.at = end;
            return Some(token);
        }
        self.blanks();
        let first = *self.rest().as_bytes().first()?;
        if first.is_ascii_digit() {
            self.take(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
            return Some(Token::Literal);
        }
        if is_word(first) {
            let word = self.take(|byte| is_word(byte) || byte == b'$');
            if word.len() == 1 && self.rest().starts_with('\'') {
                self.at += 1;
                self.string(word.eq_ignore_ascii_case("e"));
                return Some(Token::Literal);
            }
            return Some(Token::Word(word));
        }
        match first {
            b'\'' => {
                self.at += 1;
                self.string(false);
                Some(Token::Literal)
            }
            b'"' => {
                self.at += 1;
                Some(Token::Name(self.until("\"")))
            }
            b'$' => {
                self.dollar();
                Some(Token::Literal)
            }
            _ => {
                self.at += 1;
                Some(Token::Mark(first))
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// Visits each statement of a text: its tokens, and as it is written.
pub(super) fn each_statement<'a>(text: &'a str, each: &mut dyn FnMut(Tokens<'a>, &'a str)) {
    // Most texts are of one statement, or have no semicolon but between two: then no token need be read.
    if is_bare(text) {
        let written = text.split(';').map(|written| written.trim_matches(|char: char| char.is_ascii_whitespace()));
        written.filter(|written| !written.is_empty()).for_each(|written| each(Tokens::of(written), written.trim()));
        return;
    }
    let mut tokens = Tokens::of(text);
    let mut from = 0;
    let mut empty = true;
    loop {
        let before = tokens.at;
        let token = tokens.next();
        let ended = matches!(token, None | Some(Token::Mark(b';')));
        if ended && !empty {
            let written = text.get(from..before).unwrap_or("");
            each(Tokens::of(written), written.trim());
        }
        match token {
            None => return,
            Some(_) if ended => (from, empty) = (tokens.at, true),
            Some(_) => empty = false,
        }
    }
}

/// Whether every semicolon of a text ends a statement, and no comment stands in it.
fn is_bare(text: &str) -> bool {
    let bytes = text.as_bytes();
    if memchr::memchr3(b';', b'-', b'/', bytes).is_none() {
        return true;
    }
    let has = |mark: u8| memchr::memchr(mark, bytes).is_some();
    let comments = place(text, "--").is_some() || place(text, "/*").is_some();
    !comments && (!has(b';') || memchr::memchr3(b'\'', b'"', b'$', bytes).is_none())
}

impl<'a> Tokens<'a> {
    /// The next word, if there is one; it is taken by [`Tokens::next`].
    fn word(&mut self) -> Option<&'a str> {
        if self.ahead.is_none() {
            let mut ahead = self.clone();
            self.ahead = ahead.next().map(|token| (token, ahead.at));
        }
        match self.ahead {
            Some((Token::Word(word), _)) => Some(word),
            _ => None,
        }
    }

    /// Takes the next word if it is this one.
    pub fn eat(&mut self, word: &str) -> bool {
        let is = self.word().is_some_and(|next| next.eq_ignore_ascii_case(word));
        if is {
            self.next();
        }
        is
    }

    /// Takes the next word if it is one of these, and gives it as it stands here.
    pub fn eat_any(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let next = self.word()?;
        let word = words.iter().find(|word| next.eq_ignore_ascii_case(word)).copied()?;
        self.next();
        Some(word)
    }

    /// Goes on to behind this word, outside of brackets.
    pub fn seek(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let mut depth = 0usize;
        loop {
            match self.next()? {
                Token::Word(next) if depth == 0 => {
                    if let Some(word) = words.iter().find(|word| next.eq_ignore_ascii_case(word)) {
                        return Some(word);
                    }
                }
                Token::Mark(b'(') => depth += 1,
                Token::Mark(b')') => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Takes the next of several names, if a comma and a name stand here.
    pub fn further(&mut self) -> Option<&'a str> {
        match self.next()? {
            Token::Mark(b',') => Some(self.name()).filter(|name| !name.is_empty()),
            _ => None,
        }
    }

    /// Takes a name, with its schema as it is written: `public.customers`. A single name loses its
    /// quotation marks.
    pub fn name(&mut self) -> &'a str {
        let mut ahead = Tokens { ahead: None, ..self.clone() };
        ahead.blanks();
        let start = ahead.at;
        let single = match ahead.next() {
            Some(Token::Word(name) | Token::Name(name)) => name,
            _ => return "",
        };
        let mut parts = 1;
        while ahead.rest().starts_with('.') {
            let dot = ahead.at;
            ahead.at += 1;
            if !matches!(ahead.next(), Some(Token::Word(_) | Token::Name(_))) {
                ahead.at = dot;
                break;
            }
            parts += 1;
        }
        (self.at, self.ahead) = (ahead.at, None);
        if parts == 1 { single } else { self.text.get(start..ahead.at).unwrap_or("") }
    }
}
