//! What must hold of every connector. Whether a door is really open is asked of a real client, never of
//! the connector itself.
//!
//! 1. The doors of the leaver are listed, twice the same; an account that is not there has none.
//! 2. The steps of a door are pure, and stay on its connection.
//! 3. Trying a door before the cut shows what the world expects, word and strength, with the nonce and
//!    without harm: it is open afterwards.
//! 4. A step of another connection's, or an unknown verb, is refused.
//! 5. After the steps each door shows what the world expects: a verdict that is weaker than its provider
//!    can give fails as one that is wrong does. A real client gets in by none that is closed, and a door
//!    is `Closed` only where a control shows that it would have opened.
//! 6. Doing every step again changes nothing, and is no error.
//! 7. The bystander gets in as before.
//! 8. With a probe whose credentials are wrong, and with the server gone, no door is `Closed`.
//! 9. With our clock hours behind the server's, or ahead of it, the same doors are listed and each shows
//!    the same, before the cut and after.

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use sever_connect::{Connection, connector};
use sever_model::act::{Action, Clock, Cx, Doors, Probe, Secrets, Trial, Tried};
use sever_model::{
    AccountId, Approval, ApprovedPlan, ConnectionId, ControlKind, Coverage, Door, DoorKind, DoorState, Operation, Plan,
    PlanOf, Request, Secret, Span, Step, StepDraft, UnknownWhy, VerdictStrength, WallTime, Work,
};
use sever_testkit::wait_until;

/// What a connection is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// Listing doors.
    Reading,
    /// Closing them.
    Cutting,
    /// Trying them.
    Probing,
    /// Trying them with credentials that are wrong; for a connector that tries without any of its own,
    /// and without a twin, `None` from [`World::connection`].
    ProbingWrongly,
}

/// What trying a door shows, but for when it would close by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// It opens.
    Open,
    /// It is closed.
    Closed,
    /// Nobody knows, for this reason.
    Unknown(UnknownWhy),
}

/// That, and how strongly.
pub(crate) type Shown = (Shows, VerdictStrength);

impl Shows {
    fn of(tried: &Tried) -> Shown {
        let shows = match tried.state {
            DoorState::Open { .. } => Shows::Open,
            DoorState::Closed => Shows::Closed,
            DoorState::Unknown(why) => Shows::Unknown(why),
        };
        (shows, tried.strength)
    }
}

/// What trying a door must show, and how strongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected {
    /// Before the cut.
    pub(crate) before: Shown,
    /// After it, once it has come through.
    pub(crate) after: Shown,
}

impl Expected {
    /// Of a door that is tried itself: with the leaver's secret before, and ours or theirs after.
    pub(crate) const TRIED: Expected = Expected::closes(VerdictStrength::Tried);
    /// Of a door that can only be looked at.
    pub(crate) const OBSERVED: Expected = Expected::closes(VerdictStrength::Observed);

    const fn closes(strength: VerdictStrength) -> Expected {
        Expected { before: (Shows::Open, strength), after: (Shows::Closed, strength) }
    }
}

/// A real server with a leaver and a bystander on it.
pub(crate) trait World {
    /// The connector's id.
    fn connector(&self) -> &'static str;
    /// A connection to it.
    fn connection(&self, what: For) -> Option<Connection>;
    /// The leaver's account, and its login.
    fn leaver(&self) -> (AccountId, String);
    /// The kinds of door that the leaver has, each with how many, sorted by kind.
    fn doors(&self) -> Vec<(DoorKind, usize)>;
    /// The leaver's own secret for a door, where the test is to try it with that.
    fn secret(&self, door: &Door) -> Option<Secret<String>>;
    /// Whether the leaver gets in by a door, asked of a real client with the leaver's own secret; `None`
    /// where only the connector can tell.
    fn gets_in(&self, door: &Door) -> Result<Option<bool>>;
    /// Whether the bystander gets in, asked of a real client.
    fn bystander_gets_in(&self) -> Result<bool>;
    /// What trying a door must show, by its kind. One that stays open is `Open` after the cut, with the
    /// reason beside it: a token that nobody can revoke, a system that says that it did and did not.
    fn expected(&self, door: &Door) -> Expected;
    /// A gap that is there with all scopes given, with the reason: what the system tells nobody.
    fn stays_unseen(&self, _gap: &str) -> Option<&'static str> {
        None
    }
    /// Stops the server.
    fn stop(&mut self);
}

/// Time as it is, and secrets from the purpose alone.
pub(crate) struct Here;

impl Clock for Here {
    fn now(&self) -> WallTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        WallTime::from_micros(since.as_micros() as i64)
    }
    fn wait(&self, span: Span) -> bool {
        std::thread::park_timeout(Duration::from_micros(span.micros().max(0) as u64));
        true
    }
}

/// Our clock, so many hours before the server's; behind it, where negative.
#[derive(Debug)]
struct HoursAhead(i64);

impl Clock for HoursAhead {
    fn now(&self) -> WallTime {
        Here.now().plus(Span::secs(self.0 * 3_600))
    }
    fn wait(&self, span: Span) -> bool {
        Here.wait(span)
    }
}

impl Secrets for Here {
    fn derive(&self, purpose: &str) -> Secret<String> {
        let key = sever_model::FingerprintKey::new(*b"a key of a test!");
        Secret::new(format!("Aa1-{:?}", key.fingerprint(purpose.as_bytes())).chars().take(32).collect())
    }
}

/// What acting needs, for tests.
pub(crate) fn cx() -> Cx<'static> {
    Cx { clock: &Here, secrets: &Here, patience: Span::secs(10) }
}

/// The capabilities of a connector, opened.
pub(crate) struct Opened {
    pub(crate) doors: Box<dyn Doors>,
    pub(crate) action: Box<dyn Action>,
    pub(crate) probe: Box<dyn Probe>,
}

/// Opens all that a connector can.
pub(crate) fn open(world: &dyn World) -> Result<Opened> {
    let connector = connector(world.connector()).map_err(|_| anyhow::anyhow!("no such connector"))?;
    let connection = |what| world.connection(what).with_context(|| format!("no connection for {what:?}"));
    let doors = connector.open_doors.context("it lists no doors")?;
    let action = connector.open_action.context("it closes none")?;
    let probe = connector.open_probe.context("it tries none")?;
    Ok(Opened {
        doors: doors(&connection(For::Reading)?)?,
        action: action(&connection(For::Cutting)?)?,
        probe: probe(&connection(For::Probing)?)?,
    })
}

/// Holds a connector to the contract.
pub(crate) fn keeps(world: &mut dyn World) -> Result<()> {
    let opened = open(world)?;
    let doors = listed(world, &opened)?;
    let drafts: Vec<(&Door, StepDraft)> = drafts(&opened, &doors)?;
    shows_before(world, &opened, &doors)?;
    let before = |door: &Door| (world.expected(door).before, false);
    for ahead in [&HoursAhead(-30), &HoursAhead(30)] {
        skewed(world, &opened, &doors, ahead, &before).with_context(|| format!("before the cut, {ahead:?}"))?;
    }
    if let Some(wrong) = world.connection(For::ProbingWrongly) {
        let probe = connector(world.connector()).ok().and_then(|it| it.open_probe).context("no probe")?(&wrong)?;
        for door in &doors {
            let tried = tried(world, probe.as_ref(), door, false);
            ensure!(tried.state != DoorState::Closed, "{}: a bad probe says closed: {tried:?}", door.id);
        }
    }
    refuses_strangers(&opened)?;

    execute(&opened, &drafts).context("the first time")?;
    for door in &doors {
        shows_after(world, &opened, door, replaces(&drafts, door))?;
    }
    execute(&opened, &drafts).context("the second time")?;
    ensure!(world.bystander_gets_in()?, "the bystander is locked out");
    let after = |door: &Door| (world.expected(door).after, replaces(&drafts, door));
    let listed = opened.doors.doors(&world.leaver().0, &world.leaver().1, &cx())?.doors;
    let there: Vec<Door> = doors.iter().filter(|door| listed.iter().any(|it| it.id == door.id)).cloned().collect();
    skewed(world, &opened, &there, &HoursAhead(-30), &after).context("after the cut, our clock behind")?;

    world.stop();
    let hasty = Cx { patience: Span::secs(2), ..cx() };
    for door in &doors {
        let secret = world.secret(door);
        let trial = Trial { nonce: "severance-gone", secret: secret.as_ref(), replaced: false };
        let tried = opened.probe.try_door(door, &trial, &hasty);
        ensure!(matches!(tried.state, DoorState::Unknown(_)), "{}: the server is gone: {tried:?}", door.id);
    }
    let (account, login) = world.leaver();
    ensure!(opened.doors.doors(&account, &login, &hasty).is_err(), "doors listed of a server that is gone");
    Ok(())
}

/// Every door shows what is expected of it before the cut, and is as open after that as before.
fn shows_before(world: &dyn World, opened: &Opened, doors: &[Door]) -> Result<()> {
    let mut wrong = Vec::new();
    for door in doors {
        let opens = world.gets_in(door)?;
        ensure!(opens != Some(false), "{}: the test's own client does not get in before the cut", door.id);
        let before = tried(world, opened.probe.as_ref(), door, false);
        if Shows::of(&before) != world.expected(door).before {
            wrong.push(format!("{}: {before:?}", door.id));
        }
        ensure!(world.gets_in(door)? == opens, "{}: trying it closed it", door.id);
    }
    ensure!(wrong.is_empty(), "not as expected before the cut:\n{}", wrong.join("\n"));
    Ok(())
}

/// A door shows what is expected of it after the cut, once that has come through.
fn shows_after(world: &dyn World, opened: &Opened, door: &Door, replaced: bool) -> Result<()> {
    let expected = world.expected(door).after;
    let last = Mutex::new(None);
    let seen = wait_until(&format!("{} to show {expected:?}", door.id), || {
        let tried = tried(world, opened.probe.as_ref(), door, replaced);
        let gets_in = world.gets_in(door)?;
        let done = Shows::of(&tried) == expected && (gets_in != Some(true) || expected.0 == Shows::Open);
        if let Ok(mut last) = last.lock() {
            *last = Some((tried.clone(), gets_in));
        }
        Ok(done.then_some(tried))
    });
    let seen = seen.with_context(|| format!("{last:?}"))?;
    if seen.state == DoorState::Closed {
        let controls = &seen.controls;
        ensure!(controls.iter().all(|it| it.held), "{}: closed by a control that failed", door.id);
        let positive = controls.iter().any(|it| it.kind == ControlKind::Positive);
        ensure!(positive, "{}: closed, and nothing shows that it would have opened: {seen:?}", door.id);
    }
    Ok(())
}

/// What a door must show now, and whether its secret is ours.
type Owed<'a> = dyn Fn(&Door) -> (Shown, bool) + 'a;

/// What is listed and shown does not depend on how our clock stands to the server's.
fn skewed(world: &dyn World, opened: &Opened, doors: &[Door], clock: &HoursAhead, expected: &Owed<'_>) -> Result<()> {
    let cx = Cx { clock, ..cx() };
    let (account, login) = world.leaver();
    let listed = opened.doors.doors(&account, &login, &cx)?.doors;
    // One of each kind tells, and trying is slow at some.
    let mut kinds = Vec::new();
    for door in doors {
        ensure!(listed.iter().any(|it| it.id == door.id), "{}: not listed", door.id);
        let (shows, replaced) = expected(door);
        let kind = (door.kind, shows);
        if kinds.contains(&kind) {
            continue;
        }
        kinds.push(kind);
        let tried = tried_by(world, opened.probe.as_ref(), door, replaced, &cx);
        ensure!(Shows::of(&tried) == shows, "{}: {tried:?}", door.id);
    }
    Ok(())
}

/// The doors, as the world says they are.
fn listed(world: &dyn World, opened: &Opened) -> Result<Vec<Door>> {
    let (account, login) = world.leaver();
    let list = opened.doors.doors(&account, &login, &cx())?;
    let gaps: Vec<&String> = list.gaps.iter().filter(|gap| world.stays_unseen(gap).is_none()).collect();
    ensure!(gaps.is_empty(), "gaps with all scopes given: {gaps:?}");
    let again = opened.doors.doors(&account, &login, &cx())?;
    let ids = |list: &sever_model::DoorList| -> Vec<String> { list.doors.iter().map(|it| it.id.to_string()).collect() };
    ensure!(ids(&list) == ids(&again), "listed twice, and not the same: {:?} {:?}", ids(&list), ids(&again));
    let mut kinds: Vec<(DoorKind, usize)> = Vec::new();
    for door in &list.doors {
        match kinds.iter_mut().find(|(kind, _)| *kind == door.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((door.kind, 1)),
        }
        ensure!(door.account.as_ref() == Some(&account), "{} is not of {account}", door.id);
    }
    kinds.sort();
    ensure!(kinds == world.doors(), "doors {kinds:?}, expected {:?}: {:?}", world.doors(), ids(&list));
    let nobody =
        opened.doors.doors(&format!("{}/nobody-of-this-name", account.system()).into(), "nobody-of-this-name", &cx());
    ensure!(nobody.is_ok_and(|list| list.doors.is_empty()), "somebody who is not there has doors");
    Ok(list.doors)
}

/// The steps of each door, and that asking twice gives the same.
fn drafts<'a>(opened: &Opened, doors: &'a [Door]) -> Result<Vec<(&'a Door, StepDraft)>> {
    let mut drafts = Vec::new();
    for door in doors {
        let steps = opened.action.steps(door);
        ensure!(steps == opened.action.steps(door), "{}: the steps change", door.id);
        for step in steps {
            ensure!(step.operation.connection == *opened.action.connection(), "{}: another connection", door.id);
            ensure!(!step.how.is_empty() && !step.reason.is_empty(), "{}: a step without words", door.id);
            drafts.push((door, step));
        }
    }
    drafts.sort_by_key(|(_, draft)| draft.phase);
    ensure!(!drafts.is_empty(), "nothing to do");
    Ok(drafts)
}

/// Whether a step puts a secret of ours in the place of the door's.
fn replaces(drafts: &[(&Door, StepDraft)], door: &Door) -> bool {
    drafts.iter().any(|(of, draft)| of.id == door.id && draft.replaces_secret)
}

/// Tries a door as the engine would.
pub(crate) fn tried(world: &dyn World, probe: &dyn Probe, door: &Door, replaced: bool) -> Tried {
    tried_by(world, probe, door, replaced, &cx())
}

fn tried_by(world: &dyn World, probe: &dyn Probe, door: &Door, replaced: bool, cx: &Cx<'_>) -> Tried {
    let secret = world.secret(door);
    probe.try_door(door, &Trial { nonce: "severance-test-nonce", secret: secret.as_ref(), replaced }, cx)
}

/// A plan of these drafts and no other, approved by two people.
pub(crate) fn with_plan<T>(
    drafts: &[(&Door, StepDraft)],
    work: impl FnOnce(&ApprovedPlan<'_>) -> Result<T>,
) -> Result<T> {
    let steps = drafts.iter().enumerate().map(|(at, (door, draft))| Step {
        number: at as u32 + 1,
        door: door.id.clone(),
        phase: draft.phase,
        work: Work::Operate(draft.operation.clone()),
        how: draft.how.clone(),
        reason: draft.reason.clone(),
        after: Vec::new(),
        breaks: Vec::new(),
        inverse: draft.inverse.clone(),
        replaces_secret: draft.replaces_secret,
        window_secs: draft.window.as_secs(),
    });
    let plan = Plan {
        version: 1,
        about: PlanOf::Account { id: "test/bob".into() },
        typed: "bob".to_owned(),
        made_at: Here.now(),
        not_before: None,
        doors: Vec::new(),
        steps: steps.collect(),
        swept: Vec::new(),
        excluded: Vec::new(),
        not_covered: Vec::new(),
        coverage: Coverage::default(),
    };
    let digest = plan.digest();
    let approval = |by: &str| Approval {
        digest: digest.clone(),
        by: by.to_owned(),
        at: Here.now(),
        signed_by: "a test".to_owned(),
    };
    let approvals = [approval("ann"), approval("zoe")];
    let request = Request { digest: &digest, typed: "bob", approvals: &approvals, tripped: None, now: Here.now() };
    work(&plan.approve(&request)?)
}

/// Does all steps.
pub(crate) fn execute(opened: &Opened, drafts: &[(&Door, StepDraft)]) -> Result<()> {
    with_plan(drafts, |approved| {
        for step in approved.steps() {
            let receipt = opened.action.execute(&step, &cx());
            let receipt = receipt.with_context(|| format!("{:?}", step.operation()))?;
            ensure!(!receipt.answer.is_empty(), "{:?}: a receipt without words", step.operation());
        }
        Ok(())
    })
}

/// What is not its own is refused, before anything is asked.
fn refuses_strangers(opened: &Opened) -> Result<()> {
    let own = opened.action.connection().clone();
    let stranger = |connection: ConnectionId, verb: &str| -> Result<()> {
        let operation =
            Operation { connection, verb: verb.to_owned(), target: "x".to_owned(), arguments: Default::default() };
        let door = Door::new(&"test".into(), DoorKind::Login, "x");
        let draft = StepDraft {
            phase: sever_model::Phase::Cut,
            operation,
            how: "strange".to_owned(),
            reason: "strange".to_owned(),
            inverse: sever_model::Inverse::Renewed,
            breaks: Vec::new(),
            replaces_secret: false,
            window: Span::ZERO,
            after: Vec::new(),
        };
        with_plan(&[(&door, draft)], |approved| {
            for step in approved.steps() {
                match opened.action.execute(&step, &cx()) {
                    Err(sever_model::act::ActError::BadStep(_)) => {}
                    other => bail!("a strange step: {other:?}"),
                }
            }
            Ok(())
        })
    };
    stranger("another-connection".into(), "disable-account")?;
    stranger(own, "no-such-verb")
}
