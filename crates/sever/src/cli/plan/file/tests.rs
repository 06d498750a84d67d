//! Names of plans' files.

use super::stem;

#[test]
fn a_file_is_called_what_was_asked_for() {
    let cases = [
        ("alice@example.com", "alice"),
        ("id/kid-2024-04", "id-kid-2024-04"),
        ("Bob Ray", "Bob-Ray"),
        ("../../etc/passwd", "etc-passwd"),
        ("@", "sever"),
        ("박민아", "박민아"),
    ];
    for (thing, expect) in cases {
        assert_eq!(stem(thing), expect);
    }
}
