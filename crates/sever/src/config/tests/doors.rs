//! Connections and cutting, as people write them, and what they are told.

use super::*;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExa";
const OTHER_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAnotherAnotherAnotherAnotherAnotherAnotherAno";

const CONNECTION: &str = r#"
[[connection]]
name = "ldap-live"
kind = "openldap"
system = "ldap"
url = "ldaps://ldap.shop.example"
settings = { base = "dc=shop,dc=example" }
reading = { user = "cn=reader,dc=shop,dc=example", secret = { env = "LDAP_READER" } }
cutting = { user = "cn=cutter,dc=shop,dc=example", secret = { command = ["pass", "ldap/cutter"] } }
twin = { user = "uid=twin,dc=shop,dc=example", secret = { file = "twin.password" } }
probing = {}
"#;

#[test]
fn a_connection_has_credentials_of_its_own_for_each_capability() {
    let place = Place::new();
    let config = place.write("severance.toml", CONNECTION).load().unwrap();
    let [ldap] = config.connections.as_slice() else { panic!("one connection") };
    assert_eq!((ldap.id.as_str(), ldap.kind.as_str(), ldap.system.as_str()), ("ldap-live", "openldap", "ldap"));
    assert_eq!(ldap.settings["base"], "dc=shop,dc=example");
    let from = |login: &Option<LoginConfig>| login.as_ref().map(|login| (login.user.clone(), login.secret.clone()));
    let reader = SecretFrom::Variable("LDAP_READER".to_owned());
    assert_eq!(from(&ldap.reading), Some(("cn=reader,dc=shop,dc=example".to_owned(), Some(reader))));
    let cutter = SecretFrom::Command(vec!["pass".to_owned(), "ldap/cutter".to_owned()]);
    assert_eq!(from(&ldap.cutting).unwrap().1, Some(cutter));
    let file = place.folder.path().join("twin.password");
    assert_eq!(from(&ldap.twin).unwrap().1, Some(SecretFrom::File(file)), "relative to the file that names it");
    assert_eq!(from(&ldap.probing), Some((String::new(), None)), "an empty one needs no credentials");

    let bare = "[[connection]]\nname = \"db\"\nkind = \"postgresql\"\n";
    let config = Place::new().write("severance.toml", bare).load().unwrap();
    let [db] = config.connections.as_slice() else { panic!("one connection") };
    assert_eq!((db.system.as_str(), db.url.as_str()), ("db", ""));
    assert_eq!((&db.reading, &db.probing, &db.cutting, &db.twin), (&None, &None, &None, &None));
    assert_eq!((db.side_by_side, db.pause), (8, Span::ZERO));
}

#[test]
fn a_connection_is_asked_as_gently_as_is_said() {
    let connection = |more: &str| format!("[[connection]]\nname = \"db\"\nkind = \"postgresql\"\n{more}\n");
    let place = Place::new();
    let config = place.write("severance.toml", connection("side_by_side = 1\npause = \"200ms\"")).load().unwrap();
    let [db] = config.connections.as_slice() else { panic!("one connection") };
    assert_eq!((db.side_by_side, db.pause), (1, Span::from_micros(200_000)));
    let wrong = |more: &str, said: &str| {
        let told = told(connection(more));
        assert!(told.contains(said) && told.contains("severance.toml:4:"), "{told}");
    };
    wrong("side_by_side = 0", "connection `db`: `side_by_side` is from 1 to 64, not 0");
    wrong("side_by_side = 65", "connection `db`: `side_by_side` is from 1 to 64, not 65");
    wrong("pause = \"2m\"", "connection `db`: a `pause` of 2 m is longer than 1 m");
    wrong("pause = \"200us\"", "`pause`: `200us` is not a length of time");
}

#[test]
fn mistakes_in_connections_are_told_at_their_place() {
    insta::assert_snapshot!(told("[[connection]]\nname = \"l\"\nkind = \"openlap\"\n"), @r"
    error: severance.toml:3:8: there is no kind of connection `openlap`
    hint: did you mean `openldap`?
    ");
    insta::assert_snapshot!(told("[[connection]]\nkind = \"openldap\"\n"), @r"
    error: severance.toml:1:1: [[connection]] lacks `name`
    hint: `name` is text in quotes: its name: plans, receipts and verdicts use it
    ");
    insta::assert_snapshot!(told("[[connection]]\nname = \"l\"\nkind = \"openldap\"\nsettings = { port = 636 }\n"), @"error: severance.toml:4:21: `port` in `settings` of [[connection]] must be text in quotes");
    insta::assert_snapshot!(told("[[connection]]\nname = \"l\"\nkind = \"openldap\"\nreading = { secret = { env = \"A\", file = \"b\" } }\n"), @"error: severance.toml:4:13: `reading.secret` of connection `l` names one of `env`, `file` and `command`");
    let two = "[[connection]]\nname = \"l\"\nkind = \"openldap\"\n".repeat(2);
    insta::assert_snapshot!(told(two), @r"
    error: severance.toml:5:1: the name `l` is taken, at line 2
    hint: evidence, coverage and plans go by names: give each source, log, class and connection its own
    ");
}

#[test]
fn a_secret_is_never_written_and_never_repeated() {
    let said =
        told("[[connection]]\nname = \"l\"\nkind = \"openldap\"\nreading = { user = \"u\", secret = \"hunter2\" }\n");
    insta::assert_snapshot!(said, @r#"
    error: severance.toml:4:34: `secret` says where a secret is, never what it is
    hint: secret = { env = "…" }, { file = "…" } or { command = ["…"] }
    "#);
}

#[test]
fn who_reads_does_not_cut() {
    let login = "{ user = \"u\", secret = { env = \"A\" } }";
    let text = format!("[[connection]]\nname = \"l\"\nkind = \"openldap\"\nreading = {login}\ncutting = {login}\n");
    insta::assert_snapshot!(told(text), @r"
    error: severance.toml:5:1: connection `l` reads and cuts with the same credentials
    hint: make a role of its own for cutting: a reader that is stolen must not be able to change anything
    ");
}

#[test]
fn cutting_is_typed() {
    let text = format!(
        "[cutting]\nbreak_glass = [\"ldap/emergency\"]\nown_accounts = [\"severance\"]\nplan_age_max = \"6h\"\n\
         approvers = [{{ name = \"Ann\", key = \"{KEY} ann\" }}, {{ name = \"Zoe\", key = \"{OTHER_KEY}\" }}]\n\
         [cutting.owners]\ngitlab = \"git@shop.example\"\n\
         [cutting.hand_off]\nowner = \"it@shop.example\"\ndeadline = \"4h\"\nto = \"tickets.jsonl\"\n\
         [cutting.brakes]\ncount = 2\nshare = 0.01\n"
    );
    let place = Place::new();
    let cutting = place.write("severance.toml", text).load().unwrap().cutting;
    assert_eq!(
        (cutting.break_glass, cutting.own_accounts),
        (vec!["ldap/emergency".to_owned()], vec!["severance".to_owned()])
    );
    assert_eq!(cutting.plan_age_max, Span::secs(6 * 3_600));
    assert_eq!(cutting.owners[&SystemId::from("gitlab")], "git@shop.example");
    let hand_off = &cutting.hand_off;
    assert_eq!((hand_off.owner.as_deref(), hand_off.deadline), (Some("it@shop.example"), Span::secs(4 * 3_600)));
    assert_eq!(hand_off.to, Some(HandOffPlace::File(place.folder.path().join("tickets.jsonl"))));
    assert_eq!((cutting.brakes.count, cutting.brakes.share), (2, 0.01));
    let names: Vec<&str> = cutting.approvers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["Ann", "Zoe"]);
    assert!(cutting.approvers[0].key.ends_with(" ann"));

    let url = "[cutting.hand_off]\nto = \"https://tickets.shop.example/hook\"\n";
    let cutting = Place::new().write("severance.toml", url).load().unwrap().cutting;
    assert_eq!(cutting.hand_off.to, Some(HandOffPlace::Url("https://tickets.shop.example/hook".to_owned())));
    let none = Place::new().load().unwrap().cutting;
    assert_eq!((none.hand_off.to, none.brakes.count, none.plan_age_max), (None, 5, Span::days(1)));
}

#[test]
fn two_approvers_are_two_people() {
    let two = |first: &str, second: &str| told(format!("[cutting]\napprovers = [{first}, {second}]\n"));
    let one = |name: &str, key: &str| format!("{{ name = \"{name}\", key = \"{key}\" }}");
    // Another comment makes no other key, another case no other name.
    insta::assert_snapshot!(two(&one("Ann", &format!("{KEY} at work")), &one("Zoe", &format!("{KEY} at home"))), @"error: severance.toml:2:148: two approvers have the same `key`: then they are one person");
    insta::assert_snapshot!(two(&one("Ann", KEY), &one("ann", OTHER_KEY)), @"error: severance.toml:2:126: two approvers have the same `name`: then they are one person");
    insta::assert_snapshot!(two(&one("Ann", KEY), &one("Zoe", "ssh-rsa AAAA")), @r"
    error: severance.toml:2:140: `key` of an approver is no Ed25519 key of OpenSSH's
    hint: the line of an `id_ed25519.pub`, which `ssh-keygen -t ed25519` makes
    ");
}
