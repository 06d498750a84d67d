//! Objects that keep several arrays side by side, element by element.
//!
//! AWS answers `{"UserDetailList": […], "RoleDetailList": […]}`, GitHub `{"total_count": 2, "secrets":
//! […]}`. Each element of a named array is visited with that name; an object that has none of the
//! names, and every element of an array at the top, is visited whole, without one.

use sever_model::port::Reason;

use super::{End, Scan, Walk, string_end};
use crate::lines::Place;

/// Takes the name of the array, and an element of it or why there is none.
pub(crate) type Visit<'v> = dyn FnMut(&str, Place, Result<&[u8], Reason>) + 'v;

/// Visits every element of an export whose objects keep their arrays under `names`.
pub(crate) fn sections(text: &[u8], depth_max: usize, names: &[&str], visit: &mut Visit<'_>) -> Scan {
    let mut walk = Walk::new(text, depth_max, &[]);
    let mut at = walk.skip_space(walk.at);
    while at < text.len() && walk.scan.breaks_off.is_none() {
        at = match text.get(at) {
            Some(b'[') => walk.array(at, &mut |place, element| visit("", place, element)),
            Some(b'{') => walk.members(at, names, visit),
            _ => walk.bad(at, &mut |place, element| visit("", place, element)),
        };
        at = walk.skip_space(at);
    }
    walk.scan
}

impl Walk<'_> {
    /// An object at the top: its named arrays, or the whole where it has none.
    fn members(&mut self, start: usize, names: &[&str], visit: &mut Visit<'_>) -> usize {
        let mut found = false;
        let mut at = self.skip_between(start + 1);
        loop {
            match self.text.get(at) {
                Some(b'}') if found => return at + 1,
                Some(b'"') => {}
                None if found => return self.broken(at),
                Some(_) if found => {
                    at = self.bad(at, &mut |place, element| visit("", place, element));
                    at = self.skip_between(at);
                    continue;
                }
                _ => return self.element(start, &mut |place, element| visit("", place, element)),
            }
            let Some((name, value)) = self.member(at, names) else {
                if found {
                    at = self.bad(at, &mut |place, element| visit("", place, element));
                    at = self.skip_between(at);
                    continue;
                }
                return self.element(start, &mut |place, element| visit("", place, element));
            };
            at = match (name, self.text.get(value)) {
                (Some(name), Some(b'[')) => {
                    found = true;
                    self.array(value, &mut |place, element| visit(name, place, element))
                }
                _ => match self.end_of(value) {
                    End::At(end) | End::TooDeep(end) if end > value => end,
                    End::BreaksOff if found => return self.broken(value),
                    _ if found => self.bad(value, &mut |place, element| visit("", place, element)),
                    _ => return self.element(start, &mut |place, element| visit("", place, element)),
                },
            };
            if self.scan.breaks_off.is_some() {
                return self.text.len();
            }
            at = self.skip_between(at);
        }
    }

    /// The member whose key begins at `at`: its name, if it is one of those, and where its value begins.
    fn member<'n>(&self, at: usize, names: &[&'n str]) -> Option<(Option<&'n str>, usize)> {
        let end = string_end(self.text, at)?;
        let key = self.text.get(at + 1..end - 1)?;
        let colon = self.skip_space(end);
        (self.text.get(colon) == Some(&b':')).then(|| {
            let name = names.iter().find(|name| name.as_bytes() == key).copied();
            (name, self.skip_space(colon + 1))
        })
    }

    fn broken(&mut self, at: usize) -> usize {
        let line = self.line_of(at);
        self.scan.breaks_off.get_or_insert(line);
        self.text.len()
    }
}

#[cfg(test)]
mod tests;
