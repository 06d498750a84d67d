//! Searches in texts as short as a line.
//!
//! As those of the standard library, without what these prepare before they look: in a line that costs more
//! than looking.

/// Where a text first stands in another.
pub(crate) fn place(text: &str, what: &str) -> Option<usize> {
    let first = *what.as_bytes().first()?;
    memchr::memchr_iter(first, text.as_bytes()).find(|at| stands(text, *at, what))
}

/// What stands before and after a mark, as [`str::split_once`] tells.
pub(crate) fn cut<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let at = place(text, mark)?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

/// What stands before and after the last of a mark, as [`str::rsplit_once`] tells.
pub(crate) fn cut_last<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let first = *mark.as_bytes().first()?;
    let at = memchr::memchr_iter(first, text.as_bytes()).rev().find(|at| stands(text, *at, mark))?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

/// What stands before and after a mark of one ASCII byte.
pub(crate) fn cut_at(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(mark, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// What stands before a mark of one ASCII byte; all where there is none.
pub(crate) fn until(text: &str, mark: u8) -> &str {
    memchr::memchr(mark, text.as_bytes()).and_then(|at| text.get(..at)).unwrap_or(text)
}

/// The words of a text, which are what stands between its blanks.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let ends = memchr::memchr_iter(b' ', text.as_bytes()).chain(std::iter::once(text.len()));
    let mut begin = 0;
    ends.filter_map(move |end| text.get(std::mem::replace(&mut begin, end + 1)..end))
}

fn stands(text: &str, at: usize, what: &str) -> bool {
    text.as_bytes().get(at..).is_some_and(|rest| rest.starts_with(what.as_bytes()))
}
