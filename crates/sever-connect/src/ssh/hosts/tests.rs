//! Which texts name a host or a user, and which would be more than a name.

use super::*;

fn check(entry: &str, expect: Option<(&str, &str, Option<u16>)>) {
    let found = host(entry);
    let found = found.as_ref().map(|it| (it.name.as_str(), it.address.as_str(), it.port));
    assert_eq!(found, expect, "{entry}");
}

#[test]
fn hosts_are_names_with_or_without_a_place() {
    check("web1", Some(("web1", "web1", None)));
    check("web1:2222", Some(("web1", "web1", Some(2222))));
    check("web1=192.0.2.1:22", Some(("web1", "192.0.2.1", Some(22))));
    check("web1 = [2001:db8::1]:22", Some(("web1", "2001:db8::1", Some(22))));
    check("web1=2001:db8::1", Some(("web1", "2001:db8::1", None)));
    check("web1=[2001:db8::1]", Some(("web1", "2001:db8::1", None)));
}

#[test]
fn what_would_be_an_option_or_a_command_is_no_host() {
    for entry in ["-oProxyCommand=x", "a b", "web1=-l", "web1=x:0", "web1=x:y", "a;b", "=x", "web1=", "a'b", "x:y"] {
        check(entry, None);
    }
}

#[test]
fn a_user_is_a_name_and_nothing_else() {
    assert!(is_user("bob") && is_user("bob.k@shop.example") && is_user("svc_1$"));
    for name in ["", "-lroot", "a b", "a'b", "a\nb", "~bob", "$(id)", "a,b", "a:b"] {
        assert!(!is_user(name), "{name:?}");
    }
}

#[test]
fn hosts_come_from_a_list_or_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "# ours\nweb1=192.0.2.1\n\n  db1:2222 # the old one\n").unwrap();
    let of = |text: &str| {
        let settings = [("hosts".to_owned(), text.to_owned())].into();
        let (id, system) = ("hosts".into(), "hosts".into());
        let connection = Connection { id, system, url: String::new(), settings, login: None, twin: None };
        hosts(&connection).map(|hosts| hosts.into_iter().map(|host| host.name).collect::<Vec<_>>())
    };
    assert_eq!(of(&file.path().display().to_string()).unwrap(), ["web1", "db1"]);
    assert_eq!(of("web1, db1:2222,").unwrap(), ["web1", "db1"]);
    for bad in ["", ",", "web1,web1:22", "web1,-oProxyCommand=x", "./no/such/file"] {
        assert!(of(bad).is_err(), "{bad}");
    }
}
