//! Which of a file's columns is which of ours.
//!
//! Names are compared without case, spaces and punctuation. What the user maps comes first, then our
//! own name, then the synonyms in their order; a column is taken once.

use std::collections::BTreeMap;

use crate::Column;

/// The key in a source's `map` that is no column: the order of day and month in `03/04/2026`.
pub(crate) const DATE_ORDER: &str = "date_order";

/// How alike two names must be for a did-you-mean, 0 to 1.
const ALIKE: f64 = 0.82;

/// Where each of our columns stands in a file.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    /// For each of our columns its place in the file.
    places: Vec<Option<usize>>,
    headers: Vec<String>,
}

/// Our columns with theirs, and what is left of theirs.
pub(crate) type Shown = (Vec<(String, String)>, Vec<String>);

/// Why a mapping cannot be made: what, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unmapped {
    pub(crate) what: String,
    pub(crate) hint: String,
}

impl Column {
    pub(crate) const fn text(
        at: usize,
        name: &'static str,
        also: &'static [&'static str],
        about: &'static str,
    ) -> Column {
        Column { at, name, also, time: false, about }
    }
    pub(crate) const fn time(
        at: usize,
        name: &'static str,
        also: &'static [&'static str],
        about: &'static str,
    ) -> Column {
        Column { at, name, also, time: true, about }
    }
    /// Whether a normalised name is this column's.
    fn is_called(&self, normal_name: &str) -> bool {
        normal(self.name) == normal_name || self.also.contains(&normal_name)
    }
}

impl Mapping {
    /// Maps a file's headers. `needs` are groups of columns of which one at least must be there.
    pub(crate) fn new(
        headers: Vec<String>,
        columns: &[&Column],
        needs: &[&[&Column]],
        map: &BTreeMap<String, String>,
    ) -> Result<Mapping, Unmapped> {
        let normals: Vec<String> = headers.iter().map(|header| normal(header)).collect();
        let mut places = vec![None; columns.len()];
        let mut taken = vec![false; headers.len()];
        for (ours, theirs) in map.iter().filter(|(ours, _)| *ours != DATE_ORDER) {
            let wanted = normal(theirs);
            let column = column_named(columns, ours)?;
            let place = headers.iter().position(|header| header == theirs);
            let Some(place) = place.or_else(|| normals.iter().position(|name| *name == wanted)) else {
                return Err(no_such_header(ours, theirs, &headers));
            };
            set(&mut places, column.at, place);
            set_true(&mut taken, place);
        }
        // Our own names before any synonym, so that `id` is not taken by a column that only answers to it.
        for depth in 0..columns.iter().map(|column| column.also.len() + 1).max().unwrap_or(0) {
            for column in columns {
                let name = if depth == 0 { normal(column.name) } else { name_at(column, depth) };
                if name.is_empty() || places.get(column.at).is_some_and(Option::is_some) {
                    continue;
                }
                let found = normals.iter().position(|header| *header == name);
                if let Some(place) = found.filter(|place| taken.get(*place) == Some(&false)) {
                    set(&mut places, column.at, place);
                    set_true(&mut taken, place);
                }
            }
        }
        let mapping = Mapping { places, headers };
        for need in needs {
            if !need.iter().any(|column| mapping.place(column).is_some()) {
                return Err(mapping.lacks(need));
            }
        }
        Ok(mapping)
    }

    /// Where a column stands in the file.
    pub(crate) fn place(&self, column: &Column) -> Option<usize> {
        self.places.get(column.at).copied().flatten()
    }

    /// For each of our columns its place in the file.
    pub(crate) fn places(&self) -> &[Option<usize>] {
        &self.places
    }

    /// How many columns the file has.
    pub(crate) fn width(&self) -> usize {
        self.headers.len()
    }

    /// Our names and theirs, and what is left of theirs.
    pub(crate) fn shown(&self, columns: &[&Column]) -> Shown {
        let pair = |column: &&Column| {
            let header = self.headers.get(self.place(column)?)?;
            Some((column.name.to_owned(), header.clone()))
        };
        let mapped = columns.iter().filter_map(pair).collect();
        let left = self.headers.iter().enumerate().filter(|(at, _)| !self.places.contains(&Some(*at)));
        (mapped, left.map(|(_, header)| header.clone()).collect())
    }

    fn lacks(&self, need: &[&Column]) -> Unmapped {
        let names: Vec<String> = need.iter().map(|column| format!("`{}`", column.name)).collect();
        let first = need.first().map_or("", |column| column.name);
        let known = need.iter().flat_map(|column| column.also.iter().chain([&column.name]));
        let near = known.flat_map(|name| self.headers.iter().map(move |header| (alike(name, header), header)));
        let near = near.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0));
        let guess = near.map_or("…".to_owned(), |(_, header)| header.clone());
        Unmapped {
            what: format!("there is no column for {}; the columns are {}", names.join(" or "), listed(&self.headers)),
            hint: format!("say which column it is: `map = {{ {first} = \"{guess}\" }}`"),
        }
    }
}

/// Lower case, letters and digits only.
pub(crate) fn normal(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The name nearest to a misspelt one.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|candidate| (alike(name, candidate), candidate));
    scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

fn alike(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(&normal(a), &normal(b))
}

fn column_named<'a>(columns: &[&'a Column], name: &str) -> Result<&'a Column, Unmapped> {
    let wanted = normal(name);
    let exact = columns.iter().find(|column| normal(column.name) == wanted);
    if let Some(column) = exact.or_else(|| columns.iter().find(|column| column.is_called(&wanted))) {
        return Ok(column);
    }
    let near = nearest(name, columns.iter().map(|column| column.name));
    Err(Unmapped {
        what: format!("`map` names `{name}`, which is no column of this kind of source"),
        hint: match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")),
        },
    })
}

fn no_such_header(ours: &str, theirs: &str, headers: &[String]) -> Unmapped {
    Unmapped {
        what: format!("`map` takes `{ours}` from `{theirs}`, and the file has no such column"),
        hint: match nearest(theirs, headers.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its columns are {}", listed(headers)),
        },
    }
}

fn listed(headers: &[String]) -> String {
    const SHOWN: usize = 24;
    let names: Vec<String> = headers.iter().take(SHOWN).map(|header| format!("`{header}`")).collect();
    let more = headers.len().saturating_sub(SHOWN);
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    if names.is_empty() { "none".to_owned() } else { format!("{}{tail}", names.join(", ")) }
}

fn name_at(column: &Column, depth: usize) -> String {
    column.also.get(depth - 1).map(|name| (*name).to_owned()).unwrap_or_default()
}

fn set(places: &mut [Option<usize>], at: usize, place: usize) {
    if let Some(slot) = places.get_mut(at) {
        *slot = Some(place);
    }
}

fn set_true(taken: &mut [bool], at: usize) {
    if let Some(slot) = taken.get_mut(at) {
        *slot = true;
    }
}
