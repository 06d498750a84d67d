//! What a `diff` block adds, and where.

use super::with_added;

#[test]
fn lines_are_added_after_their_landmarks() {
    let text = "mod a;\nmod b;\nmod d;\n\nlist = [\n    a,\n    d,\n];\n";
    let diff = " mod b;\n+mod c;\n list = [\n     a,\n+    c,\n";
    let expected = "mod a;\nmod b;\nmod c;\nmod d;\n\nlist = [\n    a,\n    c,\n    d,\n];\n";
    assert_eq!(with_added(text, diff).unwrap(), expected);
    assert!(with_added(text, " mod d;\n mod a;\n+mod e;\n").is_err());
}
