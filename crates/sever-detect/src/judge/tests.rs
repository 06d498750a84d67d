//! The adversarial fixtures of `tests/judge`, and the properties that hold for any stream.

use std::path::Path;

use proptest::prelude::*;
use sever_model::Stage;

use super::measure::{Measure, lower_bound};
use stage::{Spec, World, expectation};

mod stage;

/// Every fixture says what its `.expected` says, however it is cut and wherever it is saved.
/// `UPDATE=1` writes what is said now, to be read before it is kept.
#[test]
fn fixtures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge");
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    names.sort();
    assert!(names.len() >= 18, "fixtures went missing");
    for path in names {
        let world = World::parse(&std::fs::read_to_string(&path).unwrap());
        let (said, report) = world.judge(|_| false, |_| false);
        let expected = path.with_extension("expected");
        let text = expectation(&said, &report);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &text).unwrap();
        }
        assert_eq!(text, std::fs::read_to_string(&expected).unwrap_or_default(), "{}", path.display());
        let (rows, _) = world.judge(|_| true, |_| false);
        assert_eq!(by_hearer(&rows), by_hearer(&said), "cut into rows: {}", path.display());
        let step = world.rows.len() / 7 + 1;
        let (saved, again) = world.judge(|at| at % 3 == 0, |at| at % step == step - 1);
        assert_eq!(by_hearer(&saved), by_hearer(&said), "saved: {}", path.display());
        // A loaded ledger has other spare room than one that grew.
        let again = crate::Report { ledger_bytes: report.ledger_bytes, ..again };
        assert_eq!(again, report, "saved: {}", path.display());
    }
}

#[test]
fn coverage_needs_samples() {
    let figure = |seen, due| (lower_bound(seen, due) * 1_000.0).round() / 10.0;
    assert_eq!(figure(8, 8), 68.8);
    assert_eq!(figure(29, 29), 90.2);
    // Clopper and Pearson, one-sided: 95 of 100.
    assert_eq!(figure(95, 100), 89.8);
    assert!((lower_bound(1_900, 2_000) - 0.941_3).abs() < 0.001);
    let proven = |seen, due| {
        let mut measure = Measure::default();
        measure.note(seen, due);
        measure.proven()
    };
    assert!(!proven(0, 0) && !proven(28, 28) && proven(29, 29) && !proven(40, 45) && proven(95, 100).eq(&false));
    assert!(proven(980, 1_000) && proven(3_800, 4_000) && !proven(3_600, 4_000));
}

/// What the sink was told, and what the detectors were: each in its order. The two may interleave.
fn by_hearer(said: &[String]) -> (Vec<&String>, Vec<&String>) {
    said.iter().partition(|line| line.contains(" sink "))
}

/// A stream of records of few ids and claims, so that they meet in every way.
fn worlds() -> impl Strategy<Value = World> {
    let row = (0..100_u32, 0..12_u32, 0..3_u32, -400..90_i64, 0..20_u64, 0..4_u32);
    prop::collection::vec(row, 1..120).prop_map(|rows| {
        let mut world = World::empty();
        world.limits.pending_max = 64;
        let mut seq = 0;
        for at in 0..40 {
            seq += 1;
            world.push(Spec {
                log: "issuer".into(),
                at: secs(at),
                id: format!("bg{at}"),
                seq: Some(seq),
                ..Spec::default()
            });
        }
        let mut now = 4_000;
        for (kind, id, sub, back, step, extra) in rows {
            now += i64::try_from(step * step).unwrap();
            let (log, kind) = match kind {
                0..30 => ("issuer", None),
                30..36 => ("issuer", Some(sever_model::EventKind::Heartbeat)),
                _ => ("gateway", None),
            };
            if log == "issuer" {
                seq += u64::from(extra != 0) + u64::from(extra == 3 && sub == 2) * 2;
            }
            let at = if back < -380 { now + back * 30 } else { now };
            world.push(Spec {
                log: log.into(),
                at: secs(at),
                kind,
                id: format!("t{id}"),
                sub: Some(format!("s{sub}")),
                iat: if extra == 1 { String::new() } else { secs(now / 900 * 900 + i64::from(sub)) },
                exp: if extra == 2 { String::new() } else { secs(now / 900 * 900 + 1_800 + i64::from(id)) },
                seq: (log == "issuer" && kind.is_none()).then_some(seq),
                idle_since: if kind.is_some() && extra > 1 { "-60".into() } else { String::new() },
                polls: kind.is_some().then_some(4),
                ..Spec::default()
            });
        }
        world
    })
}

fn secs(at: i64) -> String {
    format!("00:00:{at}")
}

/// What a gap cannot hold is one finding about the issuer, which accuses no token, whoever came first.
#[test]
fn the_surplus_of_a_gap_is_one_finding() {
    let play = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge").join(name);
        let world = World::parse(&std::fs::read_to_string(path).unwrap());
        world.find(crate::registry::Registered::named("token-never-issued").unwrap())
    };
    let found = play("gap-honest-behind-a-flood.jsonl");
    let [finding] = &found[..] else { panic!("{found:#?}") };
    assert_eq!(
        finding.sentence(),
        "at least 20 of the tokens that claim a gap in the log of `https://id.example` were never issued: more claim it \
         than it lost records"
    );
    assert_eq!(
        (finding.things[0].to_string().as_str(), finding.stage),
        ("issuer https://id.example", Stage::Confirmed)
    );
    assert!(finding.inputs.contains(&("records lost when first said".into(), "2".into())), "{:?}", finding.inputs);
    assert!(finding.evidence.iter().all(|one| one.shows.contains("one of the ")), "{:?}", finding.evidence);
    // Here a gap is found later that the tokens may be from just as well: nothing is left of it.
    let healed = play("gap-explained-by-another.jsonl");
    assert_eq!(healed.iter().map(|one| one.stage).collect::<Vec<_>>(), [Stage::Retracted], "{healed:#?}");
    let never_met = play("never-meet-with-a-gap.jsonl");
    let of_gaps = never_met.iter().filter(|one| one.title.contains("claim a gap")).map(|one| one.stage);
    assert_eq!(of_gaps.collect::<Vec<_>>(), [Stage::Retracted], "{never_met:#?}");
}

/// An issuer of two nodes that loses records, some of which come late, and a forger who aims at any time.
/// Honest tokens are named `h`, forged ones `f`; also how many records were lost. Many more are lost at the
/// very end, when none of these can be from.
fn broken_issuers() -> impl Strategy<Value = (World, usize)> {
    let lost = prop::collection::btree_map(50..400_i64, (any::<bool>(), 0..4_i64, 1..3_000_i64), 0..14);
    let forged = prop::collection::vec((600..4_500_i64, 0..12_i64, -1_500..1_i64), 0..40);
    (lost, forged, 0..4_i64).prop_map(|(lost, forged, chatty)| {
        let mut specs = Vec::new();
        for at in 0..500_i64 {
            // The second node is heard of seldom, so that its losses show late.
            let second = at % (5 + chatty * 7) == 0;
            let issued = Spec {
                log: "issuer".into(),
                at: secs(at * 10),
                id: format!("h{at}"),
                node: if second { "b".into() } else { "a".into() },
                seq: Some(
                    u64::try_from(if second { at / (5 + chatty * 7) } else { at - at / (5 + chatty * 7) }).unwrap(),
                ),
                iat: "+0".into(),
                exp: "+3600".into(),
                ..Spec::default()
            };
            let used = Spec { seq: None, node: String::new(), log: "gateway".into(), ..issued.clone() };
            match lost.get(&at) {
                Some((says_when, late, delay)) => {
                    let arrives = secs(at * 10 + 200 + delay);
                    specs.extend((*late == 0).then_some(Spec { arrives, ..issued }));
                    let iat = if *says_when || *late == 0 { secs(at * 10) } else { String::new() };
                    specs.push(Spec { at: secs(at * 10 + 1 + delay % 100), iat, exp: secs(at * 10 + 3_600), ..used });
                }
                None => specs.push(issued),
            }
        }
        for (number, (at, id, age)) in forged.into_iter().enumerate() {
            let iat = if age % 5 == 0 { String::new() } else { secs(at + age) };
            let id = if id == 0 { "f-again".into() } else { format!("f{number}") };
            specs.push(Spec { log: "gateway".into(), at: secs(at), id, iat, exp: "+3000".into(), ..Spec::default() });
        }
        for node in ["a", "b"] {
            // Both are heard of at the end: what is lost after the last number shows nowhere.
            let seq = Some(600);
            let (log, id, node) = ("issuer".into(), "bgend".into(), node.into());
            specs.push(Spec { log, id, node, seq, at: secs(9_000), iat: "+0".into(), ..Spec::default() });
        }
        (World::of(specs), lost.len())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// What is said, to whom, in which order and known when, does not depend on the cutting into runs
    /// nor on saving and loading between two rows.
    #[test]
    fn cutting_and_saving_change_nothing(world in worlds(), cuts: u64, saves in prop::collection::vec(0..160_usize, 0..4)) {
        let (whole, _) = world.judge(|_| false, |_| false);
        let said = by_hearer(&whole);
        let (cut, _) = world.judge(|at| cuts >> (at % 64) & 1 == 1, |_| false);
        prop_assert_eq!(&by_hearer(&cut), &said);
        let (saved, _) = world.judge(|at| cuts >> (at % 61) & 1 == 1, |at| saves.contains(&at));
        prop_assert_eq!(&by_hearer(&saved), &said);
    }

    /// The sink hears each use exactly once, but for a retraction, which takes a confirmed word back
    /// and puts another in its place; and the report's counts are those words.
    #[test]
    fn the_sink_hears_each_use_once(world in worlds()) {
        let (said, report) = world.judge(|_| false, |_| false);
        let heard = |stage: &str| said.iter().filter(|line| line.contains(&format!("sink     {stage}"))).count() as u64;
        let uses = world.rows.iter().filter(|row| row.kind == sever_model::EventKind::Used).count() as u64;
        prop_assert_eq!(heard("confirmed") + heard("provisional") - heard("retracted"), uses);
        let class = &report.classes[0];
        let unjudgeable: u64 = class.uses_unjudgeable.iter().map(|(_, count)| count).sum();
        let judged = class.uses_issued + class.uses_mismatch + class.uses_never_issued + class.uses_expired + unjudgeable;
        prop_assert_eq!(judged + class.held_back, uses);
        prop_assert_eq!((class.retracted, class.held_back), (heard("retracted"), heard("provisional")));
    }

    /// Under broken issuance logs nothing legitimate stays called forged; what is said of gaps is no more
    /// than is true of them, and no less than the numbers show.
    #[test]
    fn broken_logs_make_no_forger((world, lost) in broken_issuers()) {
        let (said, _) = world.judge(|_| false, |_| false);
        let mut last = std::collections::BTreeMap::new();
        let mut surplus = 0_i64;
        for line in &said {
            if let Some((_, numbers)) = line.split_once("surplus: ") {
                let mut figures = numbers.split(|c: char| !c.is_ascii_digit()).filter_map(|text| text.parse::<i64>().ok());
                surplus += figures.next().unwrap() - figures.next().unwrap();
            } else if let Some((_, word)) = line.split_once("sink     confirmed: ") {
                let (id, word) = word.split_once(" used ").unwrap();
                last.insert((id.to_owned(), word.get(..8).unwrap().to_owned()), word.to_owned());
            }
        }
        for ((id, _), word) in last.iter().filter(|((id, _), _)| id.starts_with('h')) {
            prop_assert!(!word.contains("never issued") && !word.contains("mismatch"), "{} {}", id, word);
        }
        let tokens = |start: char, word: &str| {
            let hits = last.iter().filter(|((id, _), said)| id.starts_with(start) && said.contains(word));
            hits.map(|((id, _), _)| id.clone()).collect::<std::collections::BTreeSet<_>>().len() as i64
        };
        prop_assert!(surplus >= 0 && surplus <= tokens('f', ""), "{} of {}", surplus, tokens('f', ""));
        let lost = i64::try_from(lost).unwrap();
        prop_assert!(surplus >= tokens('f', "gap in") - lost, "{} {} {}", surplus, tokens('f', "gap in"), lost);
    }

    /// Issuance is never doubted: what the issuer logged in time, with the same claims, is `Issued`
    /// whatever else is in the stream.
    #[test]
    fn what_was_issued_is_issued(mut world in worlds(), delay in 0..3_000_i64) {
        let last = world.rows.iter().map(|row| row.time).max().unwrap();
        let base = last.since(sever_model::EventTime::parse("2025-06-01T00:00:00Z").unwrap()).as_secs().max(4_000) + 1;
        let token = |log: &str, at: i64| Spec {
            log: log.into(), at: secs(at), id: "genuine".into(), iat: secs(base), exp: secs(base + 3_600), ..Spec::default()
        };
        world.push(token("issuer", base));
        world.push(token("gateway", base + delay));
        let (said, _) = world.judge(|_| false, |_| false);
        let words: Vec<_> = said.iter().filter(|line| line.contains("sink") && line.contains("genuine")).collect();
        prop_assert_eq!(words.len(), 1);
        prop_assert!(words[0].contains("issued (key_id, token_subject, issued_at, expires_at agree)"), "{}", words[0]);
    }
}
