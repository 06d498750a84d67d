//! A right goes when it is idle, and not where nobody can see whether it is.

use sever_model::*;

use super::*;
use crate::tests::*;

const IDLE: Span = Span::days(90);

fn seen(systems: &[(&str, i64)]) -> BTreeMap<String, EventTime> {
    systems.iter().map(|(system, day)| ((*system).to_owned(), at(*day))).collect()
}

fn exercise(day: i64, account: AccountIx, resource: &str) -> Exercise {
    Exercise { at: at(day), account, resource: resource.to_owned() }
}

fn portal() -> (Inventory, AccountIx, AccountIx) {
    let service = Account { kind: AccountKind::Service, ..an_account("p/job") };
    let inventory = inventory(vec![
        account("p/ann"),
        row(Fact::Account(service), Valid::ALWAYS),
        member(of_account("p/ann"), "p/ops", Valid::ALWAYS),
        grant(of_group("p/ops"), "p/reports/*", Rights::EXPORT, Valid::since(at(0))),
        grant(of_group("p/ops"), "p/archive", Rights::READ, Valid::since(at(0))),
        grant(of_account("p/job"), "p/archive", Rights::READ, Valid::since(at(0))),
    ]);
    let account = |id: &str| inventory.find_account(&id.into()).expect("an account");
    let (ann, job) = (account("p/ann"), account("p/job"));
    (inventory, ann, job)
}

#[test]
fn what_is_used_stays_and_what_is_not_goes_from_when_it_could_be_seen() {
    let (inventory, ann, job) = portal();
    let weekly = (30..300).step_by(7).map(|day| exercise(day, ann, "p/reports/week")).collect();
    let narrow = Narrow::new(&inventory, weekly, &seen(&[("p", 30)]), IDLE, at(300));
    assert!(!narrow.refuses(&exercise(290, ann, "p/reports/week")));
    assert!(!narrow.refuses(&exercise(119, ann, "p/archive")), "not idle for long enough as far as seen");
    assert!(narrow.refuses(&exercise(121, ann, "p/archive")));
    assert!(!narrow.refuses(&exercise(290, job, "p/archive")), "a program's doings are often in no log");
    assert!(!narrow.refuses(&exercise(290, ann, "p/other")), "no right that we know explains it");
}

#[test]
fn once_gone_it_stays_gone_and_unseen_it_stays() {
    let (inventory, ann, _) = portal();
    let late = vec![exercise(200, ann, "p/archive"), exercise(201, ann, "p/archive")];
    let narrow = Narrow::new(&inventory, late.clone(), &seen(&[("p", 0)]), IDLE, at(300));
    assert!(late.iter().all(|exercise| narrow.refuses(exercise)));
    let unseen = Narrow::new(&inventory, late.clone(), &seen(&[("elsewhere", 0)]), IDLE, at(300));
    assert!(!late.iter().any(|exercise| unseen.refuses(exercise)));
}

#[test]
fn a_wider_right_that_is_in_use_lets_through_what_a_narrow_one_no_longer_does() {
    let inventory = inventory(vec![
        account("p/ann"),
        grant(of_account("p/ann"), "p/a/b", Rights::READ, days(0, 500)),
        grant(of_account("p/ann"), "p/a/*", Rights::READ, days(0, 500)),
    ]);
    let ann = AccountIx(0);
    let used = (0..300).step_by(30).map(|day| exercise(day, ann, "p/a/c")).collect();
    let narrow = Narrow::new(&inventory, used, &seen(&[("p", 0)]), IDLE, at(300));
    assert_eq!(narrow.rights(ann).iter().filter(|right| right.cut.is_some()).count(), 1);
    assert!(!narrow.refuses(&exercise(250, ann, "p/a/b")));
}

#[test]
fn readers_of_a_key_shrink_to_those_who_read_it() {
    let key = Credential {
        id: "id/k1".into(),
        kind: CredentialKind::SigningKey,
        account: None,
        issuer: None,
        kept_at: Some("v/signing/k1".into()),
        exportable: Exportable::Yes,
        created_by: None,
        rotated_at: None,
        activated_at: None,
        retired_at: None,
        expires_at: None,
        last_used: None,
    };
    let inventory = inventory(vec![
        account("v/ann"),
        account("v/bob"),
        account("v/zoe"),
        member(of_account("v/ann"), "v/dev", Valid::ALWAYS),
        member(of_account("v/bob"), "v/dev", Valid::ALWAYS),
        member(of_account("v/zoe"), "v/dev", days(0, 50)),
        grant(of_group("v/dev"), "v/signing/*", Rights::READ, Valid::since(at(0))),
        row(Fact::Credential(key), Valid::since(at(0))),
    ]);
    let bob = inventory.find_account(&"v/bob".into()).expect("an account");
    let read = vec![exercise(80, bob, "v/signing/k1")];
    let narrow = Narrow::new(&inventory, read, &seen(&[("v", 0)]), IDLE, at(300));
    let readers = |day| narrow.readers(CredentialIx(0), at(day)).map(|readers| (readers.all, readers.left));
    assert_eq!(readers(20), Some((3, 3)));
    assert_eq!(readers(100), Some((2, 1)));
    assert_eq!(readers(200), Some((2, 0)));
}
