//! The fold over a case's journal, and its clocks.

use super::*;

const HOUR: i64 = 3_600;
/// 2025-11-16T09:00:00Z.
const AWARE: i64 = 1_763_283_600;

fn at(hours: i64) -> WallTime {
    WallTime::from_secs(AWARE + hours * HOUR)
}

fn opened() -> CaseAct {
    let by =
        OpenedBy { kind: "e-mail".to_owned(), what: "your data".to_owned(), digest: None, thing: None, judged: None };
    CaseAct::Opened { by, aware_at: at(0), laws: Law::known() }
}

fn journal(acts: Vec<(i64, CaseAct)>) -> Vec<CaseRow> {
    let row =
        |(number, (hours, act)): (i64, (i64, CaseAct))| CaseRow { number, at: at(hours), who: "ann".to_owned(), act };
    (1..).zip(acts).map(row).collect()
}

fn told(law: &str, hours: i64) -> CaseAct {
    CaseAct::Told { law: law.to_owned(), to: "authority".to_owned(), at: at(hours), how: "form 7".to_owned() }
}

fn state(case: &Case, law: &str, to: &str, hours: i64) -> ClockState {
    let clocks = case.clocks(at(hours));
    clocks.iter().find(|clock| clock.law.id == law && clock.to == to).map(|clock| clock.state).expect("such a clock")
}

#[test]
fn a_journal_without_an_opening_is_no_case_and_what_comes_before_it_does_not_count() {
    assert_eq!(Case::of("one", &[]), None);
    let looked = CaseAct::Looked { at: "show".to_owned() };
    assert_eq!(Case::of("one", &journal(vec![(0, looked.clone())])), None);
    let case = Case::of("one", &journal(vec![(0, looked), (1, opened()), (2, opened())])).expect("a case");
    assert_eq!((case.opened_at, case.looks), (at(1), 0));
}

#[test]
fn a_case_is_the_sum_of_its_acts() {
    let named = |people: &[&str], unknown| CaseAct::Named {
        people: people.iter().map(|code| (*code).to_owned()).collect(),
        unknown,
        from: "the e-mail".to_owned(),
    };
    let case = Case::of(
        "one",
        &journal(vec![
            (0, opened()),
            (1, named(&["b", "a"], 1)),
            (2, CaseAct::Looked { at: "show".to_owned() }),
            (3, named(&["c", "a"], 2)),
            (4, CaseAct::Held { hold: "case-one".to_owned() }),
            (5, CaseAct::Looked { at: "log".to_owned() }),
            (6, CaseAct::Closed { reason: "done".to_owned() }),
        ]),
    )
    .expect("a case");
    assert_eq!((case.people.as_slice(), case.unknown), (["a", "b", "c"].map(str::to_owned).as_slice(), 3));
    assert_eq!((case.holds.len(), case.looks), (1, 2));
    assert_eq!(case.closed, Some((at(6), "ann".to_owned(), "done".to_owned())));
}

#[test]
fn clocks_run_from_awareness_until_somebody_is_told() {
    let open = Case::of("one", &journal(vec![(5, opened())])).expect("a case");
    assert_eq!(state(&open, "network-act-48-3", "authority", 20), ClockState::Left(Span::secs(4 * HOUR)));
    assert_eq!(state(&open, "network-act-48-3", "authority", 24), ClockState::Left(Span::ZERO));
    assert_eq!(state(&open, "network-act-48-3", "authority", 30), ClockState::Overdue(Span::secs(6 * HOUR)));
    assert_eq!(state(&open, "gdpr-33", "authority", 30), ClockState::Left(Span::secs(42 * HOUR)));
    assert_eq!(state(&open, "gdpr-34", "people", 900), ClockState::NoHours);
    let told = Case::of(
        "one",
        &journal(vec![
            (5, opened()),
            (54, told("network-act-48-3", 54)),
            (55, told("gdpr-33", 55)),
            (90, told("gdpr-33", 90)),
        ]),
    )
    .expect("a case");
    let late = ClockState::ToldLate(Span::secs(54 * HOUR), Span::secs(30 * HOUR));
    assert_eq!(state(&told, "network-act-48-3", "authority", 900), late);
    assert_eq!(late.words(), "told after 2 d 6 h, 1 d 6 h LATE");
    // The supplement does not make the first notice late.
    assert_eq!(state(&told, "gdpr-33", "authority", 900), ClockState::Told(Span::secs(55 * HOUR)));
    // Telling the authority tells no people.
    assert_eq!(state(&told, "pipa-34", "people", 80), ClockState::Overdue(Span::secs(8 * HOUR)));
}

#[test]
fn acts_read_back_as_they_were_written() {
    for act in [opened(), told("gdpr-33", 3), CaseAct::Looked { at: "say".to_owned() }] {
        let text = serde_json::to_string(&act).expect("written");
        assert_eq!(serde_json::from_str::<CaseAct>(&text).expect("read"), act);
    }
}
