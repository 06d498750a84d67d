//! What event ids tell.

use sever_model::EventKind;

use super::deed::{Deed, is_known};
use super::table::EVENTS;

#[test]
fn the_table_is_in_order_and_holds_each_id_once() {
    assert!(EVENTS.is_sorted_by(|(one, ..), (next, ..)| one < next));
}

#[test]
fn an_event_tells_its_kind_and_words() {
    let secrets = "%%7688 {1131F6AD-9C07-11D1-F79F-00C04FC2DCD2}";
    let cases = [
        ((4624, "", ""), EventKind::Authenticated, ""),
        ((1102, "", ""), EventKind::Changed, "delete audit"),
        ((4719, "", ""), EventKind::Changed, "audit"),
        ((4726, "", ""), EventKind::Changed, "delete"),
        ((4729, "", ""), EventKind::Changed, ""),
        ((4732, "", ""), EventKind::Changed, "grant"),
        ((4662, "", "%%7684"), EventKind::Used, ""),
        ((4662, "", secrets), EventKind::Read, "export"),
        ((5136, "description", ""), EventKind::Changed, ""),
        ((5136, "nTSecurityDescriptor", ""), EventKind::Changed, "grant"),
        ((5136, "msDS-KeyCredentialLink", ""), EventKind::Changed, "create-key"),
        ((4999, "", ""), EventKind::Used, ""),
    ];
    for ((id, attribute, properties), kind, words) in cases {
        let deed = Deed::of(id, attribute, properties);
        assert_eq!((deed.kind, deed.words.join(" ")), (kind, words.to_owned()), "{id}");
    }
    assert!(is_known(4768) && !is_known(1200));
}
