//! kill -9 at every question that changes something at a real slapd and a real PostgreSQL, before the
//! server gets it and before its answer is heard, by enumeration; then gone on with. Between these two the
//! intent of a step is written and its answer is not.

use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use sever_testkit::{Moment, Pass, Turn, Wire};

use super::company::{Company, cut_to_the_end, cut_words, plan};

/// How many departures run at once: most of each is waiting for a propagation window to pass.
const WIDTH: usize = 8;

/// Of the questions that change nothing, one in so many is killed at, too.
const ONE_IN: usize = 12;

/// Which of the questions that the cutting accounts ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Those that change something: what lies between an intent and its answer.
    Changing,
    /// The others: signing in, looking.
    Other,
}

/// Where a cut is killed: at which question, from 1, and whether the server or the cut hears nothing of it.
#[derive(Debug, Clone, Copy)]
struct Kill {
    which: Which,
    at: usize,
    moment: Moment,
}

/// The process that is to be killed, and where.
struct Killer {
    child: Mutex<Option<Child>>,
    kill: Kill,
    changing: AtomicUsize,
    other: AtomicUsize,
}

impl Killer {
    /// Counts the turns of the cutting accounts, and kills at its own.
    fn sees(&self, turn: &Turn<'_>) -> Pass {
        let cutting = turn.is_by("severance-cutting") || turn.is_by("severance_cut");
        if !cutting || turn.moment != self.kill.moment {
            return Pass::On;
        }
        let (which, count) = match changes(turn) {
            true => (Which::Changing, &self.changing),
            false => (Which::Other, &self.other),
        };
        if count.fetch_add(1, Ordering::SeqCst) + 1 != self.kill.at || which != self.kill.which {
            return Pass::On;
        }
        // Held while the process is started, so that there is one.
        if let Ok(mut child) = self.child.lock()
            && let Some(child) = child.as_mut()
        {
            child.kill().ok();
            child.wait().ok();
        }
        Pass::Cut
    }
}

/// Whether a question changes something: LDAP's modify and extended requests, and statements.
fn changes(turn: &Turn<'_>) -> bool {
    const MODIFY: u8 = 0x66;
    const EXTENDED: u8 = 0x77;
    let statements = ["ALTER ROLE", "REASSIGN OWNED", "REVOKE ", "pg_terminate_backend"];
    matches!(ldap_operation(turn.asked), Some(MODIFY | EXTENDED)) || statements.iter().any(|it| turn.asks(it))
}

/// The tag of an LDAP message's operation, behind the length and the number of the message.
fn ldap_operation(message: &[u8]) -> Option<u8> {
    let long =
        |at: usize| message.get(at).map(|length| if *length < 0x80 { 1 } else { 1 + usize::from(length & 0x7f) });
    let number = 1 + long(1)?;
    let is = message.first() == Some(&0x30) && message.get(number) == Some(&0x02);
    is.then(|| message.get(number + 2 + usize::from(*message.get(number + 1)?)).copied()).flatten()
}

/// Cuts somebody, killed somewhere; how many questions changed something and how many did not, and whether
/// it was killed.
fn killed_at(company: &Company, bob: &str, kill: Kill) -> Result<(usize, usize, bool)> {
    company.hire(bob)?;
    let (changing, other) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let killer = Arc::new(Killer { child: Mutex::new(None), kill, changing, other });
    let wire = |port: u16| {
        let killer = killer.clone();
        Wire::to(port, move |turn| killer.sees(turn))
    };
    let (directory, database) = (wire(company.slapd().port())?, wire(company.postgres().port())?);
    let world = company.leaving(bob, (directory.port(), database.port()))?;
    let digest = plan(&world, bob);
    let mut command = world.command(&cut_words(bob, &digest, "wired.toml"));
    if let Ok(mut child) = killer.child.lock() {
        *child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    }
    let status = sever_testkit::wait_until("the cut to end", || {
        let mut child = killer.child.lock().map_err(|_| anyhow::anyhow!("a test panicked"))?;
        Ok(child.as_mut().context("no process")?.try_wait()?)
    })?;
    let killed = status.code().is_none();
    ensure!(killed || status.code() == Some(0), "{status}, and nobody killed it");
    cut_to_the_end(&world, bob, &digest)?;
    company.is_out(bob)?;
    Ok((killer.changing.load(Ordering::SeqCst), killer.other.load(Ordering::SeqCst), killed))
}

#[test]
fn killed_at_every_change_on_real_servers_it_is_gone_on_with() -> Result<()> {
    let Some(company) = Company::start()? else { return Ok(()) };
    let others = company.others()?;
    let never = Kill { which: Which::Changing, at: usize::MAX, moment: Moment::Asked };
    let (changing, other, _) = killed_at(&company, "bob0", never)?;
    ensure!(changing >= 5, "only {changing} questions changed something");
    let seed = u64::from(std::process::id()) as usize % ONE_IN;
    let places = (1..=changing).map(|at| (Which::Changing, at));
    let places = places.chain((1..=other).filter(|at| at % ONE_IN == seed).map(|at| (Which::Other, at)));
    let moments = [Moment::Asked, Moment::Answered];
    let kills: Vec<Kill> = places.flat_map(|(which, at)| moments.map(|moment| Kill { which, at, moment })).collect();
    let (next, killed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            loop {
                let at = next.fetch_add(1, Ordering::SeqCst);
                let Some(kill) = kills.get(at) else { return Ok(()) };
                let (_, _, is) = killed_at(&company, &format!("bob{}", at + 1), *kill)
                    .with_context(|| format!("seed {seed}, {kill:?}"))?;
                killed.fetch_add(usize::from(is), Ordering::SeqCst);
            }
        };
        let threads: Vec<_> = (0..WIDTH).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow::anyhow!("it panicked"))?)
    })?;
    let killed = killed.load(Ordering::SeqCst);
    ensure!(killed >= 2 * changing, "seed {seed}: killed {killed} times only, of {changing} changes, {other} others");
    ensure!(company.others()? == others, "somebody else was touched");
    Ok(())
}
