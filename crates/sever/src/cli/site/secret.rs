//! Fetching a secret from where the configuration says that it is, at the moment when it is needed.

use sever_model::Secret;

use super::cannot_read;
use crate::config::SecretFrom;
use crate::hint::Failure;

/// The secret, without the line end that files and commands put behind it. `what` says what it is, for
/// messages; the secret itself is in none.
///
/// # Errors
/// When it is not where it should be, or is empty.
pub(in crate::cli) fn fetch(from: &SecretFrom, what: &str) -> Result<Secret<String>, Failure> {
    let fetched = match from {
        SecretFrom::Variable(name) => std::env::var(name).map(Secret::new).map_err(|_| {
            Failure::usage(format!("the variable `{name}` is not set")).hint(format!("it holds {what}"))
        })?,
        SecretFrom::File(path) => {
            std::fs::read_to_string(path).map(Secret::new).map_err(|error| cannot_read(path, error))?
        }
        SecretFrom::Command(words) => {
            let (program, words) =
                words.split_first().ok_or_else(|| Failure::usage(format!("an empty command is to print {what}")))?;
            let output = std::process::Command::new(program).args(words).output();
            let output = output.map_err(|error| Failure::new(format!("cannot run `{program}`: {error}")))?;
            if !output.status.success() {
                return Err(Failure::new(format!("`{program}` gave no secret: {}", output.status))
                    .hint(format!("it is to print {what}")));
            }
            let text = String::from_utf8(output.stdout);
            Secret::new(text.map_err(|_| Failure::new(format!("what `{program}` printed is not UTF-8")))?)
        }
    };
    let text = fetched.expose();
    let bare = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    match bare {
        "" => Err(Failure::usage(format!("{what} is empty"))),
        bare => Ok(Secret::new(bare.to_owned())),
    }
}

#[cfg(test)]
mod tests;
