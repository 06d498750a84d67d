//! Searches in texts as short as a line.
//!
//! As those of the standard library, without what these prepare before they look: in a line that costs more
//! than looking.

/// Where a text first stands in another.
pub(crate) fn place(text: &str, what: &str) -> Option<usize> {
    let (first, mut from) = (*what.as_bytes().first()?, 0);
    loop {
        let at = from + place_of(first, text.as_bytes().get(from..)?)?;
        if stands(text, at, what) {
            return Some(at);
        }
        from = at + 1;
    }
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
#[inline]
pub(crate) fn cut_at(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = place_of(mark, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// What stands before a mark of one ASCII byte; all where there is none.
#[inline]
pub(crate) fn until(text: &str, mark: u8) -> &str {
    place_of(mark, text.as_bytes()).and_then(|at| text.get(..at)).unwrap_or(text)
}

/// The words of a text, which are what stands between its blanks.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let cut = cut_at(text, b' ');
        rest = cut.map(|(_, after)| after);
        Some(cut.map_or(text, |(word, _)| word))
    })
}

/// How far a mark is looked for byte by byte; further than most words are long.
const NEAR_BYTES: usize = 12;

/// Where a mark first stands.
#[inline]
pub(crate) fn place_of(mark: u8, bytes: &[u8]) -> Option<usize> {
    nearest(bytes, |byte| byte == mark, |far| memchr::memchr(mark, far))
}

/// Where a byte first is one of some, which `far` looks for, too: from vector to vector, which takes as long to
/// begin as looking at a word takes in all.
#[inline]
pub(crate) fn nearest(
    bytes: &[u8],
    is_one: impl Fn(u8) -> bool,
    far: impl FnOnce(&[u8]) -> Option<usize>,
) -> Option<usize> {
    let (near, rest) = bytes.split_at_checked(NEAR_BYTES).unwrap_or((bytes, &[]));
    let at = near.iter().position(|byte| is_one(*byte));
    if at.is_some() || rest.is_empty() { at } else { far(rest).map(|at| near.len() + at) }
}

fn stands(text: &str, at: usize, what: &str) -> bool {
    text.as_bytes().get(at..).is_some_and(|rest| rest.starts_with(what.as_bytes()))
}
