//! Entries unfold, decode and end where RFC 2849 says.

use super::*;

fn entries(text: &str) -> Vec<(u64, Result<Entry, Reason>)> {
    let mut entries = Entries::new(Lines::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())), 1_000));
    std::iter::from_fn(|| entries.next()).map(|(place, entry)| (place.line, entry)).collect()
}

#[test]
fn an_entry_unfolds_and_decodes() {
    let text = "version: 1\ndn: uid=a,\n ou=x\n# note\n  of two lines\nCN;lang-de:: w4RubmE=\nseeAlso:< file:///etc/passwd\nEmpty:\n\n\n\ndn:: dWlkPWI=\nuid: b";
    let found = entries(text);
    let first = found[0].1.as_ref().unwrap();
    assert_eq!((found[0].0, first.dn.as_str(), first.first("cn")), (2, "uid=a,ou=x", Some("Änna")));
    assert_eq!((first.first("seealso"), first.first("empty")), (None, Some("")));
    let second = found[1].1.as_ref().unwrap();
    assert_eq!((found[1].0, second.dn.as_str(), second.first("uid")), (12, "uid=b", Some("b")));
    assert_eq!(found.len(), 2);
}

#[test]
fn names_compare_as_directories_compare_them() {
    assert_eq!(normal_dn("UID=Ann, ou=People"), normal_dn("uid=ann,OU=people"));
    assert_eq!(first_part(r"CN=Lee\, Ann,OU=Staff"), Some(("cn".to_owned(), "Lee, Ann".to_owned())));
    assert_eq!(first_part("nonsense"), None);
}
