//! Patterns mean what Vault's policies mean by them, and the index finds what matching finds.

use proptest::prelude::*;
use sever_model::{SourceId, Valid, WallTime};

use super::*;

#[test]
fn patterns_mean() {
    let cases = [
        ("v/secret/*", "v/secret/a/b", true),
        ("v/secret/*", "v/secret/", true),
        ("v/secret/*", "v/secret", false),
        ("v/secret/sign*", "v/secret/signing/kid", true),
        ("v/+/sign", "v/x/sign", true),
        ("v/+/sign", "v/x/y/sign", false),
        ("v/+/sign", "v/sign", false),
        ("v/+/si*", "v/x/sign/deep", true),
        ("v/+/*", "v/x/", true),
        ("v/+/*", "v/x", false),
        ("v/a+/b", "v/a+/b", true),
        ("v/a+/b", "v/aa/b", false),
        ("v/a*b", "v/a*b", true),
        ("v/a*b", "v/axb", false),
        ("v/a", "v/ab", false),
        ("*", "anything/at/all", true),
        ("+/a", "v/a", true),
    ];
    for (pattern, resource, expect) in cases {
        assert_eq!(matches(pattern, resource), expect, "{pattern} {resource}");
    }
}

proptest! {
    #[test]
    fn the_index_finds_what_matching_finds(
        ids in prop::collection::btree_set("[ab+]{1,2}(/[ab+]{1,2}){0,3}(\\*|/\\*)?", 1..20),
        resource in "[ab]{1,2}(/[ab]{1,2}){0,3}",
    ) {
        let entries: Vec<_> = ids
            .iter()
            .map(|id| Entry {
                it: Resource { id: id.as_str().into(), kind: String::new(), owner: None, subjects: None },
                valid: Valid::ALWAYS,
                source: SourceId::from("s"),
                known_from: WallTime::MIN,
            })
            .collect();
        let mut found: Vec<usize> = Patterns::new(&entries).meaning(&resource).iter().map(|ix| ix.index()).collect();
        found.sort_unstable();
        let expect: Vec<usize> = (0..entries.len()).filter(|at| matches(entries[*at].it.id.as_str(), &resource)).collect();
        prop_assert_eq!(found, expect);
    }
}
