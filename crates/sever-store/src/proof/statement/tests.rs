//! What a statement says, and what it must not.

use serde_json::json;

use super::*;

fn claim() -> Claim {
    Claim {
        kind: ClaimKind::Verdict,
        departure: "dep-7".to_owned(),
        at: WallTime::from_secs(1_790_787_600),
        public: json!({"strength": "tried", "result": "closed", "probes": 3}),
        private: [("person", "ann"), ("door", "ldap:uid=ann")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
    }
}

#[test]
fn a_statement_names_nobody_and_reads_back() {
    let (statement, disclosures) = Statement::of(&claim(), &"00".repeat(32)).unwrap();
    let bytes = statement.to_bytes().unwrap();
    let text = std::str::from_utf8(&bytes).unwrap();
    assert!(!text.contains("ann") && !text.contains("dep-7"), "{text}");
    assert!(text.starts_with(r#"{"_type":"https://in-toto.io/Statement/v1","predicate":{"at":"2026-"#), "{text}");
    assert!(text.contains(r#""predicateType":"https://severance.dev/predicates/verdict/v1""#), "{text}");
    assert_eq!(Statement::parse(&bytes).unwrap(), statement);
    assert_eq!(disclosures.len(), 2);
    assert!(disclosures.iter().all(Disclosure::holds));
    let again = Statement::of(&claim(), &"00".repeat(32)).unwrap().0;
    assert_ne!(again.commitments, statement.commitments, "the same value is committed to differently each time");
}

#[test]
fn a_commitment_is_the_digest_of_four_lines() {
    let disclosure = Disclosure {
        // printf 'severance.dev/commitment/v1\n%s\n%s\n%s' 000102030405060708090a0b0c0d0e0f person ann | sha256sum
        commitment: "e9204eabab44e87e35faf1f449e2b8db33a8292f9685114a5f01928cc0136266".to_owned(),
        field: "person".to_owned(),
        salt: "000102030405060708090a0b0c0d0e0f".to_owned(),
        value: "ann".to_owned(),
    };
    assert!(disclosure.holds());
    for (field, salt, value) in [
        ("person", "000102030405060708090a0b0c0d0e0e", "ann"),
        ("login", "000102030405060708090a0b0c0d0e0f", "ann"),
        ("person", "000102030405060708090a0b0c0d0e0f", "bob"),
        ("person", "000102030405060708090A0B0C0D0E0F", "ann"),
    ] {
        let (field, salt, value) = (field.to_owned(), salt.to_owned(), value.to_owned());
        assert!(!Disclosure { field, salt, value, ..disclosure.clone() }.holds());
    }
}

#[test]
fn a_claim_that_would_name_somebody_or_cannot_be_said_is_refused() {
    let refused = |change: &dyn Fn(&mut Claim)| {
        let mut claim = claim();
        change(&mut claim);
        Statement::of(&claim, &"00".repeat(32)).unwrap_err().to_string()
    };
    let of = |field: &str| refused(&|it| drop(it.private.insert(field.to_owned(), String::new())));
    assert!(of("ann@shop.example").contains("no name of a private field"));
    assert!(of("departure").contains("no name of a private field"));
    assert!(of("").contains("no name of a private field"));
    assert!(refused(&|it| it.public = json!("ann")).contains("no JSON object"));
    assert!(refused(&|it| drop(it.private.insert("x".to_owned(), "y".repeat(20_000)))).contains("longer than"));
}

#[test]
fn a_statement_of_another_form_is_none_of_ours() {
    let (statement, _) = Statement::of(&claim(), &"00".repeat(32)).unwrap();
    let text = String::from_utf8(statement.to_bytes().unwrap()).unwrap();
    let changes = [
        text.replace("Statement/v1", "Statement/v2"),
        text.replace("verdict/v1", "verdict/v2"),
        text.replace("\"departure\"", "\"person\""),
        text.replace("sha256", "sha512"),
        text.replacen(':', ": ", 1),
        text.replacen('{', "{\"more\":1,", 1),
        text.replace(&"00".repeat(32), &"0g".repeat(32)),
        text.replace(&"00".repeat(32), "00"),
    ];
    for changed in changes {
        assert!(Statement::parse(changed.as_bytes()).is_err(), "{changed}");
    }
}
