//! What an action is called, whatever the format: the words that detectors rely on.
//!
//! An event's `action` is the log's own word, except that these kinds of action begin with a word of
//! ours and a space:
//!
//! | word | the action |
//! |---|---|
//! | `delete` | destroys a thing: a machine, volume, snapshot, backup, secret, user, role, bucket |
//! | `create-account` | makes an account that somebody can sign in to |
//! | `create-key` | makes or uploads a credential |
//! | `grant` | gives rights, or changes who has them |
//! | `enable`, `disable` | switches an account, key or protection on or off |
//! | `audit` | changes what is recorded, or how long it is kept |
//! | `export` | takes data or key material out in bulk |
//!
//! So `TerminateInstances` reads `delete ec2:TerminateInstances`, and `DescribeInstances` reads
//! `ec2:DescribeInstances`. What is two of these carries both words, `delete` first
//! (`delete audit cloudtrail:DeleteTrail`), so that a deletion always *begins* with `delete`.
//! In mapped formats the words are given by the mapping (`values`).

/// The words, in the order in which several stand.
pub const WORDS: [&str; 8] =
    ["delete", "create-account", "create-key", "grant", "enable", "disable", "audit", "export"];

/// Whether an action carries one of the [`WORDS`].
pub fn says(action: &str, word: &str) -> bool {
    action.split(' ').take_while(|part| WORDS.contains(part)).any(|part| part == word)
}

/// Writes an action: our words, if any, and the log's own.
pub(crate) fn write(into: &mut String, words: &[&str], own: &[&str]) {
    into.clear();
    for word in words {
        into.push_str(word);
        into.push(' ');
    }
    for part in own {
        into.push_str(part);
    }
}

#[cfg(test)]
mod tests;
