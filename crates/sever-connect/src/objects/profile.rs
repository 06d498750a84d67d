//! The profile of AWS's own tools: `~/.aws/credentials` and `~/.aws/config`.
//!
//! Static keys and the region only. Profiles that assume a role or sign in are not followed: what
//! `aws configure export-credentials` prints can be put into the environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Largest file that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What a profile says.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Profile {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
    pub region: String,
}

/// The profile that the environment names, or the default one.
pub(super) fn read() -> Profile {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let name = variable("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
    let file = |name: &str, file: &str| {
        let home = || variable("HOME").map(|home| PathBuf::from(home).join(".aws").join(file));
        let path = variable(name).map(PathBuf::from).or_else(home)?;
        let small = std::fs::metadata(&path).is_ok_and(|it| it.is_file() && it.len() <= FILE_BYTES_MAX);
        // One that cannot be read says nothing; the store then says that credentials are lacking.
        std::fs::read_to_string(path).ok().filter(|_| small)
    };
    let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials").unwrap_or_default();
    let config = file("AWS_CONFIG_FILE", "config").unwrap_or_default();
    of(&name, &credentials, &config)
}

fn of(name: &str, credentials: &str, config: &str) -> Profile {
    let named = if name == "default" { name.to_owned() } else { format!("profile {name}") };
    let mut found = section(&named, config);
    found.extend(section(name, credentials));
    let mut take = |key: &str| found.remove(key).unwrap_or_default();
    Profile {
        access_key_id: take("aws_access_key_id"),
        secret_access_key: take("aws_secret_access_key"),
        session_token: take("aws_session_token"),
        region: take("region"),
    }
}

/// The settings of one section.
fn section(name: &str, text: &str) -> BTreeMap<String, String> {
    let mut inside = false;
    let mut found = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if let Some(title) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = title.trim() == name;
        } else if let Some((key, value)) = line.split_once('=').filter(|_| inside && !line.starts_with(['#', ';'])) {
            found.insert(key.trim().to_owned(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    //! Profiles are told apart.

    use super::*;

    #[test]
    fn a_profile_has_its_own_keys_and_region() {
        let credentials = "[default]\naws_access_key_id = A\n# aws_access_key_id = no\n[audit]\naws_access_key_id=B\n\
                           aws_secret_access_key = s=t\n";
        let config = "[default]\nregion = eu-west-1\n[profile audit]\nregion = eu-central-1\n";
        let audit = of("audit", credentials, config);
        assert_eq!(
            (audit.access_key_id.as_str(), audit.secret_access_key.as_str(), audit.region.as_str()),
            ("B", "s=t", "eu-central-1")
        );
        assert_eq!(of("default", credentials, config).access_key_id, "A");
        assert!(of("nobody", credentials, config) == Profile::default());
    }
}
