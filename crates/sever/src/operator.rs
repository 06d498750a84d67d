//! Who runs the command: the login of the operating system's user.
//!
//! Taken from the user id of the process and the system's list of users, not from a variable that
//! anybody may set; where that list does not name the user, their number stands for them.

/// The login of whoever runs this process.
pub fn login() -> String {
    let Some(uid) = uid() else {
        return std::env::var("USERNAME").or_else(|_| std::env::var("USER")).unwrap_or_else(|_| "unknown".to_owned());
    };
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    named(&users, uid).unwrap_or_else(|| format!("uid-{uid}"))
}

/// The login of a user id in a list of users (passwd(5)).
fn named(users: &str, uid: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (login, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id.parse() == Ok(uid)).then(|| login.to_owned())
    })
}

#[cfg(target_os = "linux")]
fn uid() -> Option<u32> {
    std::fs::metadata("/proc/self").ok().map(|process| std::os::unix::fs::MetadataExt::uid(&process))
}

#[cfg(not(target_os = "linux"))]
fn uid() -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_user_is_named_by_number() {
        let users = "root:x:0:0:root:/:/bin/sh\nann:x:1001:1001::/srv/ann:/bin/sh\nbroken\n";
        assert_eq!(super::named(users, 1001).as_deref(), Some("ann"));
        assert_eq!(super::named(users, 7), None);
        assert!(!super::login().is_empty());
    }
}
