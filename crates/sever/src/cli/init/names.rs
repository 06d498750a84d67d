//! What `init` calls a source or a log: after its file, without endings, dates and chance.

use std::collections::BTreeSet;
use std::path::Path;

/// The names that are taken. Sources are named first: a system is called as its accounts' list is.
#[derive(Default)]
pub(super) struct NamesGiven {
    taken: BTreeSet<String>,
}

impl NamesGiven {
    /// A name for a source.
    pub(super) fn source(&mut self, path: &Path) -> String {
        self.first_free([stem(path)])
    }

    /// A name for a log; of `crm.csv` and `crm.log` it is `crm-log`.
    pub(super) fn log(&mut self, path: &Path) -> String {
        let stem = stem(path);
        let as_log = format!("{stem}-log");
        self.first_free([stem, as_log])
    }

    fn first_free<const N: usize>(&mut self, names: [String; N]) -> String {
        let last = names.last().cloned().unwrap_or_default();
        let numbered = (2..).map(|number| format!("{last}-{number}"));
        let free = names.into_iter().chain(numbered).find(|name| !self.taken.contains(name)).unwrap_or_default();
        self.taken.insert(free.clone());
        free
    }
}

/// The words of a file's name that mean something; where there are none, those of its folder's.
fn stem(path: &Path) -> String {
    let named = path.ancestors().filter_map(Path::file_name).map(|name| words(&name.to_string_lossy()));
    named.into_iter().find(|words| !words.is_empty()).unwrap_or_else(|| "file".to_owned())
}

/// `111122223333_CloudTrail_eu-central-1_20251112T0305Z.json.gz` is `cloudtrail-eu-central-1`.
fn words(file: &str) -> String {
    let starred = starred(file);
    let stem = starred.trim_start_matches('.').split('.').next().unwrap_or_default();
    let words = stem.split(|c: char| !c.is_ascii_alphanumeric() && c != '*');
    // Of `gw*T*Z` only `gw` is no date.
    let words = words.map(|word| word.split('*').next().unwrap_or_default().to_ascii_lowercase());
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    let says_something = words.iter().any(|word| word.bytes().any(|byte| byte.is_ascii_alphabetic()));
    if says_something { words.join("-") } else { String::new() }
}

/// A file name with each date or long number in it replaced by a star, and the word of chance that may
/// follow a date, as in the names that AWS gives: files whose names then agree are one series.
pub(super) fn starred(name: &str) -> String {
    let mut dated = false;
    let chance = |word: &str| {
        let word = word.trim_end_matches(['_', '-', '.']);
        let has = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
        word.len() >= CHANCE_MIN && has(u8::is_ascii_digit) && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let mut starred = String::new();
    for word in name.split_inclusive(['_', '-', '.']) {
        let end = word.get(word.trim_end_matches(['_', '-', '.']).len()..).unwrap_or_default();
        if dated && chance(word) {
            starred.push_str(&format!("*{end}"));
        } else {
            starred.push_str(word);
        }
        dated = dated || word.bytes().filter(u8::is_ascii_digit).count() >= 8;
    }
    numbers_starred(&starred)
}

/// A word of chance is at least so long.
const CHANCE_MIN: usize = 8;

fn numbers_starred(name: &str) -> String {
    let mut starred = String::new();
    let mut run = String::new();
    for c in name.chars().chain(['\0']) {
        let part = c.is_ascii_digit() || (!run.is_empty() && matches!(c, '-' | '_'));
        if part {
            run.push(c);
            continue;
        }
        let tail: String = run.chars().rev().take_while(|c| !c.is_ascii_digit()).collect();
        let digits = run.chars().filter(char::is_ascii_digit).count();
        if digits >= 4 {
            starred.push('*');
            starred.extend(tail.chars().rev());
        } else {
            starred.push_str(&run);
        }
        run.clear();
        if c != '\0' {
            starred.push(c);
        }
    }
    starred
}

#[cfg(test)]
mod tests;
