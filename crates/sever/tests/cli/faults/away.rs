//! Servers that are really stopped and started again in the middle of a cut, and a person who is made anew
//! between the cut and the next look.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use sever_testkit::{Moment, Pass, Slapd, Wire};

use super::company::{Company, cut_to_the_end, cut_words, plan};
use crate::cut::verdicts;
use crate::world::World;

/// Ports that lead past the servers.
const NONE: (u16, u16) = (1, 1);

/// How many doors show a state.
fn states(said: &crate::world::Said, state: &str) -> usize {
    verdicts(said).iter().filter(|verdict| verdict.eq_ignore_ascii_case(state)).count()
}

/// Each is stopped when the cutting account has asked it for the first time to change something, and started
/// again when somebody comes back: within the same run all is closed.
#[test]
fn stopped_in_the_middle_and_started_again_the_same_run_closes_all() -> Result<()> {
    let Some(company) = Company::start()?.map(Arc::new) else { return Ok(()) };
    let others = company.others()?;
    company.hire("bob")?;
    let stops = Arc::new(AtomicUsize::new(0));
    let wire = |port: u16, word: &'static str, is_directory: bool| {
        let (company, stops) = (company.clone(), stops.clone());
        let down = AtomicUsize::new(0);
        let mine = AtomicUsize::new(0);
        Wire::to(port, move |turn| {
            if turn.moment == Moment::Connects {
                // Who comes back while it is down is refused once; then it is there again.
                match down.load(Ordering::SeqCst) {
                    0 => return Pass::On,
                    1 => {}
                    _ => {
                        down.fetch_sub(1, Ordering::SeqCst);
                        return Pass::Cut;
                    }
                }
                down.store(0, Ordering::SeqCst);
                let up = if is_directory { company.slapd().start_again() } else { company.postgres().start_again() };
                assert!(up.is_ok(), "{up:?}");
                return Pass::On;
            }
            let cutting = turn.moment == Moment::Asked && turn.is_by(word);
            if cutting && mine.fetch_add(1, Ordering::SeqCst) == 2 {
                if is_directory {
                    company.slapd().stop()
                } else {
                    company.postgres().stop()
                }
                stops.fetch_add(1, Ordering::SeqCst);
                down.store(2, Ordering::SeqCst);
                return Pass::Cut;
            }
            Pass::On
        })
    };
    let (directory, database) = (company.slapd().port(), company.postgres().port());
    let directory = wire(directory, "severance-cutting", true)?;
    let database = wire(database, "severance_cut", false)?;
    let world = company.leaving("bob", (directory.port(), database.port()))?;
    let digest = plan(&world, "bob");
    let said = world.sever(&cut_words("bob", &digest, "wired.toml"));
    assert_eq!(stops.load(Ordering::SeqCst), 2, "{}", said.all());
    assert_eq!(said.exit, 0, "{}", said.all());
    assert_eq!(states(&said, "closed"), verdicts(&said).len(), "{}", said.all());
    company.is_out("bob")?;
    ensure!(company.others()? == others, "somebody else was touched");
    Ok(())
}

/// It is gone when the doors are tried, and stays so: nobody knows, and nothing is said to be closed. Once it
/// is back, the same words go on.
#[test]
fn gone_when_the_doors_are_tried_nobody_knows_until_it_is_back() -> Result<()> {
    let Some(company) = Company::start()?.map(Arc::new) else { return Ok(()) };
    company.hire("bob")?;
    let world = company.leaving("bob", NONE)?;
    let digest = plan(&world, "bob");
    cut_to_the_end(&world, "bob", &digest)?;
    for is_directory in [true, false] {
        if is_directory {
            company.slapd().stop()
        } else {
            company.postgres().stop()
        }
        let said = world.sever("verify bob@shop.example -f json");
        assert_eq!(said.exit, 9, "{}", said.all());
        let rows = said.json()["rows"].as_array().cloned().unwrap_or_default();
        for row in rows {
            let there = row["id"].as_str().unwrap_or_default().starts_with("directory/") == is_directory;
            let expected = if there { "UNKNOWN" } else { "closed" };
            assert_eq!(row["verdict"], expected, "{}", said.all());
        }
        if is_directory {
            company.slapd().start_again()?
        } else {
            company.postgres().start_again()?
        }
        let said = world.sever("verify bob@shop.example -f json");
        assert_eq!((said.exit, states(&said, "closed")), (0, verdicts(&said).len()), "{}", said.all());
    }
    company.is_out("bob")
}

fn verdict_of(world: &World, door: &str) -> Result<(i32, String)> {
    let said = world.sever("verify bob@shop.example -f json");
    let rows = said.json()["rows"].as_array().cloned().unwrap_or_default();
    let row = rows.iter().find(|row| row["id"].as_str().is_some_and(|id| id.starts_with(door)));
    ensure!(row.is_some(), "no {door}: {}", said.all());
    Ok((said.exit, row.and_then(|row| row["verdict"].as_str()).unwrap_or_default().to_owned()))
}

/// Whoever is deleted and comes back by signing in elsewhere (JIT) has another entry, or the same role, and
/// a way in: the next look finds it.
#[test]
fn who_is_made_anew_between_the_cut_and_the_next_look_is_found_open() -> Result<()> {
    let Some(company) = Company::start()? else { return Ok(()) };
    company.hire("bob")?;
    let world = company.leaving("bob", NONE)?;
    let digest = plan(&world, "bob");
    cut_to_the_end(&world, "bob", &digest)?;

    let bob = Slapd::person("bob");
    company.slapd().manage("ldapdelete", &[&bob], "")?.text()?;
    let anew =
        format!("dn: {bob}\nobjectClass: inetOrgPerson\nuid: bob\ncn: bob\nsn: bob\nuserPassword: bob-of-a-test\n");
    assert_eq!(verdict_of(&world, "directory/login/")?, (0, "closed".to_owned()), "deleted, and not made anew");
    company.slapd().manage("ldapadd", &[], &anew)?.text()?;
    ensure!(company.signs_in("bob")?);
    assert_eq!(verdict_of(&world, "directory/login/")?, (10, "OPEN".to_owned()));
    company.slapd().manage("ldapdelete", &[&bob], "")?.text()?;
    assert_eq!(verdict_of(&world, "directory/login/")?, (0, "closed".to_owned()));

    company.postgres().manage("drop role bob; create role bob login password 'bob-of-a-test'")?.text()?;
    // Its password is none that we know: that it may log in again is seen, and that it does is not.
    assert_eq!(verdict_of(&world, "database/login/")?, (9, "UNKNOWN".to_owned()));
    Ok(())
}
