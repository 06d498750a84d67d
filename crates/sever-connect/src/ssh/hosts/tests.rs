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
