//! A case from the e-mail to the notice, each step recorded; and what is refused.

use crate::world::{Said, World, register};

const REGISTER: &str = "[register]\npath = \"members.csv\"\ncomplete_until = \"2025-11-20T00:00:00Z\"\n";
const CASE: &str = "[case]\norganisation = \"Shop Inc.\"\ncontact = \"dpo@shop.example\"\nlaws = [\"gdpr-33\", \"pipa-34\", \"bank\"]\n\
                    [[case.law]]\nname = \"bank\"\ntitle = \"The bank's terms\"\nsource = \"contract of 2024, clause 9\"\n\
                    within = \"12h\"\nto = [\"authority\"]\n";

/// An e-mail with ten of the twelve whose data was taken, one id of nobody, and words.
fn mail() -> String {
    let ids: Vec<String> = (1_000..1_010).map(|member| format!("m-{member}")).collect();
    format!(
        "From: Zoe Kim <zoe@mail.example>\r\nTo: help@shop.example\r\nSubject: my address is being sold\r\n\
         Date: Sun, 16 Nov 2025 18:12:00 +0900\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nI am m-1000 and found this list.\r\n\
         --b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=list.csv\r\n\r\n\
         member_id\r\n{}\r\nm-9999\r\n--b--\r\n",
        ids.join("\r\n")
    )
}

fn scanned() -> World {
    let world = World::with_logs();
    world.write("members.csv", register());
    world.write("mail.eml", mail());
    world.append("severance.toml", format!("{REGISTER}{CASE}"));
    world.sever("sync");
    assert_eq!(world.sever("scan").exit, 15);
    world
}

fn opened() -> World {
    let world = scanned();
    let said = world.sever("case open night --email mail.eml");
    assert_eq!(said.exit, 0, "{}", said.all());
    world
}

fn with(world: &World, words: &str, more: &[&str]) -> Said {
    let output = world.command(words).args(more).output().unwrap();
    let text = |bytes: Vec<u8>| world.steady(&String::from_utf8(bytes).unwrap());
    Said { exit: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Without digests, which hold the moment of an answer.
fn steady(said: &Said) -> String {
    let mut text = said.all();
    for length in [64, 12] {
        let mut from = 0;
        while let Some(at) = hex_at(&text, from, length) {
            text.replace_range(at..at + length, "<digest>");
            from = at + 8;
        }
    }
    text.replace(&sever::operator::login(), "<login>")
}

/// Where so many hexadecimal digits stand alone, letters and figures among them.
fn hex_at(text: &str, from: usize, length: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte));
    (from..bytes.len().saturating_sub(length - 1)).find(|at| {
        let alone = (*at == 0 || !bytes[at - 1].is_ascii_alphanumeric())
            && !bytes.get(at + length).is_some_and(u8::is_ascii_alphanumeric);
        let part = &bytes[*at..at + length];
        alone
            && (*at..at + length).all(is_hex)
            && part.iter().any(u8::is_ascii_digit)
            && part.iter().any(u8::is_ascii_alphabetic)
    })
}

#[test]
fn a_case_is_opened_by_an_e_mail_with_the_people_in_it() {
    let world = scanned();
    let said = world.sever("case open night --email mail.eml --format json");
    let sheet = said.json();
    assert_eq!(sheet["summary"]["aware_at"], "2025-11-16T09:12:00Z");
    let notes = sheet["notes"].to_string();
    assert!(notes.contains("10 people known here named in it; 1 id of nobody who is known here"), "{notes}");
    let laws: Vec<&str> = sheet["rows"].as_array().unwrap().iter().filter_map(|row| row["law"].as_str()).collect();
    assert_eq!(laws, ["gdpr-33", "pipa-34", "pipa-34", "bank"], "as configured");
    let kept = String::from_utf8_lossy(&std::fs::read(world.path("severance-data/store.sqlite")).unwrap()).into_owned();
    assert!(!kept.contains("m-1003"), "people stand in a case by code");
    assert_eq!(world.sever("case open night --email mail.eml").exit, 1, "the name is taken");
    assert_eq!(world.sever("case open a/b --email mail.eml").exit, 2);
    assert_eq!(world.sever("case open other --email hr.csv").exit, 2, "it is no e-mail");
    assert_eq!(world.sever("case open other").exit, 2, "by nothing");
    assert_eq!(world.sever("case open other --email mail.eml --law gdpr-34").exit, 2, "it is not configured");
    assert_eq!(world.sever("case open other --email mail.eml --aware 2999-01-01").exit, 2);
}

#[test]
fn clocks_run_from_awareness_and_stop_when_somebody_was_told() {
    let world = opened();
    insta::assert_snapshot!(steady(&world.sever("case show night --as-of 2025-11-17T09:12:00Z")), @r"
    exit 0
    --- stdout
    law	to	due	stands	source
    gdpr-33	authority	2025-11-19T09:12:00Z	2 d left	GDPR, notification to the supervisory authority: Regulation (EU) 2016/679, article 33(1): where feasible, not later than 72 hours after having become aware of it
    pipa-34	authority	2025-11-19T09:12:00Z	2 d left	Korea, Personal Information Protection Act: Act, article 34; Enforcement Decree, articles 39 and 40: within 72 hours of becoming aware; amended in 2026, in some cases on the possibility of a breach: check the decree in force
    pipa-34	people	2025-11-19T09:12:00Z	2 d left	Korea, Personal Information Protection Act: Act, article 34; Enforcement Decree, articles 39 and 40: within 72 hours of becoming aware; amended in 2026, in some cases on the possibility of a breach: check the decree in force
    bank	authority	2025-11-16T21:12:00Z	OVERDUE by 12 h	The bank's terms: contract of 2024, clause 9
    --- stderr
    which law applies, when awareness was and what must be told is for counsel to decide
    OVERDUE: 1 notice not given in time, as far as this case knows
    opened <now> by <login>: e-mail of 2025-11-16T09:12:00Z from zoe@mail.example: my address is being sold
    aware since 2025-11-16T09:12:00Z
    10 people named and known here, 1 id of nobody who is
    NOT HELD: what is past its time is still deleted (`sever case hold night`)
    hint: `sever case hold night`
    ");
    let late = with(&world, "case told night bank --to authority --at 2025-11-17T00:12:00Z", &["--how", "mail 7"]);
    assert_eq!(late.exit, 0, "{}", late.all());
    assert!(late.stdout.contains("told after 15 h, 3 h LATE"), "{}", late.stdout);
    let told = with(&world, "case told night pipa-34 --to people --at 2025-11-17T00:12:00Z", &["--how", "letters"]);
    assert!(told.stdout.contains("pipa-34\tpeople\t2025-11-19T09:12:00Z\ttold after 15 h\t"), "{}", told.stdout);
    for wrong in ["gdpr-33 --to people", "gdpr-34 --to people", "bank --to authority --at 2025-11-15"] {
        assert_eq!(with(&world, &format!("case told night {wrong}"), &["--how", "mail 8"]).exit, 2, "{wrong}");
    }
}

#[test]
fn from_what_they_share_to_the_answer_and_what_can_be_said_of_it() {
    let world = opened();
    assert_eq!(world.sever("case say night").exit, 3, "nothing is answered yet");
    let common = world.sever("case common night");
    assert_eq!(common.told("first: key kid-2024-04 judged never-issued, which touched 10 of 10 of them").len(), 1);
    insta::assert_snapshot!(steady(&world.sever("case reach night")), @r"
    exit 0
    --- stdout
    part	what	was	is
    number	views		12
    number	at least		12
    number	at most		12
    number	people by field		unknown
    number	members		12
    number	others		0
    number	deleted		0
    number	nonexistent		0
    number	younger		0
    number	attempted		12
    number	refused		0
    number	outcome unknown		0
    number	unsaid		0
    number	unnamed		0
    number	addresses		1
    number	first		2025-11-16T05:00:00Z
    number	last		2025-11-16T05:03:40Z
    --- stderr
    uses are kept of 1 day, 2025-11-16 to 2025-11-16; of others nothing is known
    version 1 is frozen: <digest>; `sever reach kid-2024-04 --judged forged` answers it
    12 people, exactly
    hint: `sever case say night` says what can be said of it
    ");
    insta::assert_snapshot!(steady(&world.sever("case say night")), @r"
    exit 0
    --- stdout
    known	number	sentence	rows
    exactly	12	the data of 12 people was in an answer	sever reach kid-2024-04 --judged forged --by day
    exactly	12	12 people of them are members, by the register	sever reach kid-2024-04 --judged forged
    exactly	0	0 people of them are no members and stood in somebody's answer	sever reach kid-2024-04 --judged forged
    unknown		which fields were in the answers: no log says	sever reach kid-2024-04 --judged forged --by field
    exactly	12	12 of 12 requests were answered: views, and not people	sever reach kid-2024-04 --judged forged
    at least		it went on from 2025-11-16T05:00:00Z, the first that is kept, to 2025-11-16T05:03:40Z, the last	sever reach kid-2024-04 --judged forged --by day
    exactly	1	the requests came from 1 network address	sever reach kid-2024-04 --judged forged
    exactly	10	of the 10 people who were named to us, 10 were touched by key kid-2024-04, judged never-issued	sever case common night
    unknown		beyond this: uses are kept of 1 day, 2025-11-16 to 2025-11-16; of others nothing is known	sever lake
    unknown		who else stood in the answers: no resolver says, and unknown is not 0	
    unknown		what was kept or passed on by whoever asked: logs say what was answered	
    unknown		who it was: kid-2024-04 was used, and a credential is no person	sever who kid-2024-04
    --- stderr
    all numbers are of the frozen answer <digest>; rows are as they are now
    12 people, exactly
    hint: `sever case notices night` drafts the notices from it
    ");
    let again = world.sever("case reach night");
    assert_eq!(again.told("no input changed").len(), 1, "{}", again.all());

    // Another record of the same night turns up.
    world.append("members.csv", "m-2000,2020-01-01,,true\n");
    let log = std::fs::read_to_string(world.path("gateway.jsonl")).unwrap();
    let forged = log.lines().find(|line| line.contains("\"f-3\"")).unwrap();
    let another = forged.replace("m-1003", "m-2000").replace("\"f-3\"", "\"f-99\"");
    world.write("gateway.jsonl", log.replace(forged, &format!("{forged}\n{another}")));
    world.sever("scan --exit-zero");
    let third = world.sever("case reach night");
    assert!(third.stdout.contains("number\tat least\t12\t13"), "{}", third.all());
    assert_eq!(third.told("why: uses were judged again or added").len(), 1, "{}", third.all());
    let said = world.sever("case say night");
    assert_eq!(said.told("version 1 of <now> said: 12 people, exactly; since then: ").len(), 1, "{}", said.all());
    let first = world.sever("case show night --answer 1 --freeze first.json --svg first.svg");
    assert_eq!((first.exit, first.told("12 people, exactly").len()), (0, 1), "{}", first.all());
    let diff = world.sever("reach --diff first.json");
    assert!(diff.stdout.contains("number\tat least\t12\t13"), "{}", diff.all());
    assert_eq!(world.sever("case say night --answer 9").exit, 2);
}

#[test]
fn notices_are_drafted_with_every_number_linked_and_nothing_is_sent() {
    let world = opened();
    world.sever("case common night");
    world.sever("case reach night");
    let said = world.sever("case notices night");
    assert_eq!((said.exit, said.told("nothing was sent").len()), (0, 1), "{}", said.all());
    let read = |name: &str| std::fs::read_to_string(world.path(&format!("night-notices/{name}"))).unwrap();
    let names: Vec<String> = {
        let entries = std::fs::read_dir(world.path("night-notices")).unwrap();
        let mut names: Vec<String> = entries.map(|it| it.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(
        names,
        ["bank-authority-v1.md", "gdpr-33-authority-v1.md", "pipa-34-authority-v1.md", "pipa-34-people-v1.md"]
    );
    for name in &names {
        let text = read(name);
        let used = (1..).take_while(|at| text.contains(&format!("[^{at}]"))).count();
        for at in 1..=used {
            let link = text.lines().find(|line| line.starts_with(&format!("[^{at}]: ")));
            assert!(
                link.is_some_and(
                    |link| link.contains("version 1, `") && link.contains("sever reach kid-2024-04 --judged forged")
                ),
                "{text}"
            );
        }
        assert!(used > 5 && text.contains("[FILL IN: ") && text.contains("**Not sent.**"), "{text}");
        // No number stands in it but linked ones, and those of laws and dates.
        for line in text.lines().filter(|line| line.contains("people")) {
            for (at, _) in line.match_indices("12 people") {
                assert_eq!(line.get(at - 2..at), Some("**"), "{line}");
            }
        }
        assert!(!text.contains("m-10"), "no ids");
    }
    let notice = read("gdpr-33-authority-v1.md");
    for heading in
        ["(article 33(3)(a))", "(article 33(3)(b))", "(article 33(3)(c))", "(article 33(3)(d))", "(article 33(4))"]
    {
        assert!(notice.contains(heading), "{heading}");
    }
    assert!(notice.contains("Organisation: Shop Inc.") && notice.contains("dpo@shop.example"));
    assert_eq!(world.sever("case notices night").exit, 0, "the same drafts again");
    world.write("night-notices/gdpr-33-authority-v1.md", "as counsel changed it");
    assert_eq!(world.sever("case notices night").exit, 4, "what somebody changed is not written over");
    assert_eq!(read("gdpr-33-authority-v1.md"), "as counsel changed it");
    assert_eq!(world.sever("case notices night --force").exit, 0);
}

#[test]
fn everything_that_is_done_and_every_look_is_in_the_log() {
    let world = opened();
    world.sever("case show night");
    world.sever("case common night");
    world.sever("case reach night");
    world.sever("case say night");
    world.sever("case hold night");
    with(&world, "case close night", &["--reason", "over"]);
    let log = world.sever("case log night --format json").json();
    let rows = log["rows"].as_array().unwrap();
    let acts: Vec<&str> = rows.iter().filter_map(|row| row["act"].as_str()).collect();
    assert_eq!(acts, ["opened", "named", "looked", "shared", "froze", "looked", "held", "closed", "looked"]);
    let me = sever::operator::login();
    assert!(rows.iter().all(|row| row["who"] == me.as_str()), "{log}");
    for words in ["case reach night", "case hold night", "case notices night", "case common night"] {
        assert_eq!(world.sever(words).exit, 4, "{words}: it is closed");
    }
    assert_eq!(world.sever("case show night").exit, 0, "what is closed can be looked at");
    assert!(world.sever("case list").stdout.contains("\tclosed"));
    let unknown = world.sever("case show nigth");
    assert_eq!((unknown.exit, unknown.told("did you mean `night`").len()), (2, 1), "{}", unknown.all());
}

#[test]
fn a_hold_of_a_case_stops_deletion() {
    let world = opened();
    world.append("severance.toml", "[[privacy.role]]\nname = \"dpo\"\nwho = [\"*\"]\nmay = [\"sweep\", \"release\", \"reveal\"]\n[privacy.retention]\nuses = \"1d\"\n");
    let held = world.sever("case hold night");
    assert_eq!((held.exit, held.told("nothing of the lake is deleted").len()), (0, 1), "{}", held.all());
    assert_eq!(world.sever("case hold night").told("was there already").len(), 1);
    let swept = with(&world, "privacy sweep", &["--reveal", "term of 7"]);
    assert_eq!((swept.exit, swept.told("case-night").len()), (4, 1), "{}", swept.all());
    assert_eq!(world.sever("case show night").told("held: case-night").len(), 1);
}

#[test]
fn a_case_is_opened_by_a_finding_a_thing_or_a_list_and_asks_about_that() {
    let world = scanned();
    let findings = world.sever("findings --format json").json();
    let rows = findings["rows"].as_array().unwrap();
    let id =
        rows.iter().find(|row| row["detector"] == "token-never-issued").unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(world.sever(&format!("case open one --finding {}", &id[..8])).exit, 0);
    assert_eq!(world.sever("case reach one").told("12 people, exactly").len(), 1, "the forged uses of its key");
    assert_eq!(world.sever("case open two --thing 203.0.113.9").exit, 0);
    assert_eq!(world.sever("case reach two").told("40 people, exactly").len(), 1);
    world.write("list.csv", "id\nm-1000\nm-1001\nm-9999\n");
    assert_eq!(world.sever("case open three --subjects list.csv").exit, 0);
    assert_eq!(world.sever("case reach three").exit, 2, "nothing says whose reach");
    assert_eq!(world.sever("case reach three kid-2024-04 --judged forged").told("12 people, exactly").len(), 1);
    assert_eq!(world.sever("case list --format json").json()["rows"].as_array().map(Vec::len), Some(3));
}

#[test]
fn where_a_role_says_who_may_work_on_cases_others_may_not() {
    let world = opened();
    world.append(
        "severance.toml",
        "[[privacy.role]]\nname = \"counsel\"\nwho = [\"somebody-else\"]\nmay = [\"case\"]\n",
    );
    for words in ["case show night", "case list", "case log night", "case say night", "case hold night"] {
        let said = world.sever(words);
        assert_eq!((said.exit, said.stdout.as_str()), (4, ""), "{words}: {}", said.all());
    }
}
