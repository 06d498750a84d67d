//! Which classes formats bring with them.

use super::*;

#[test]
fn a_format_brings_its_own_classes_and_no_others() {
    let names = |format| {
        let classes = builtin_classes(format, &SourceId::from("log"));
        classes.into_iter().map(|class| class.name).collect::<Vec<_>>()
    };
    assert_eq!(names("windows-security"), ["tgt", "service-ticket", "logon"]);
    assert_eq!(names("okta"), ["session"]);
    assert_eq!(names("nginx-json"), [""; 0]);
}

#[test]
fn no_class_claims_a_coverage_that_nothing_measures() {
    for of in BUILTIN {
        for class in builtin_classes(of.format, &SourceId::from("log")) {
            assert_eq!(class.coverage, CoverageBy::Unknown, "{}", class.name);
            assert!(class.settle < class.lifetime_max, "{}", class.name);
        }
    }
}
