//! A signing key is rotated on a real issuer, and tried at three verifiers: one that is careful, one that
//! caches the keys for a day, and one that has the key built in.
//!
//! It is the engine's own `cut` that runs, over a plan of the connectors' steps. Nobody but the careful
//! one is found closed, whether the run is let be or killed after every few writes of its journal.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sever_connect::{Connection, Login, connector};
use sever_engine::{Acting, Connected, CutEnd, Desk, EngineError, Journal, Quiet, Ticket, cut};
use sever_model::act::{Clock, Cx, Trial};
use sever_model::{
    Act, ActRow, Approval, Coverage, Departure, Door, DoorKind, DoorState, Phase, Plan, PlanOf, PlannedDoor, Receipt,
    Request, Round, Said, Secret, Span, Step, StepState, UnknownWhy, VerdictStrength, WallTime, Work,
};
use sever_store::DerivedSecrets;
use sever_testkit::{Keys, OpenBao, Verifier};

const TWIN: &str = include_str!("../../src/openbao_oidc/roles/twin.hcl");
const PROBE: &str = include_str!("../../src/openbao_oidc/roles/probe.hcl");
const CUT: &str = include_str!("../../src/openbao_oidc/roles/cut.hcl");

const CAREFUL: &str = "careful";
const DAY_LONG: &str = "day-long";
const BUILT_IN: &str = "built-in";

/// How long the careful one caches the keys.
const CACHE_SECS: u64 = 2;

/// An issuer, three who believe it, and what we keep.
struct World {
    bao: OpenBao,
    verifiers: Vec<(&'static str, Verifier)>,
    probing: String,
    cutting: String,
    old: String,
    data_dir: tempfile::TempDir,
    emergency: bool,
}

/// Time as it is.
struct Now;

impl Clock for Now {
    fn now(&self) -> WallTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        WallTime::from_micros(since.as_micros() as i64)
    }
    fn wait(&self, span: Span) -> bool {
        let (span, begun) = (Duration::from_micros(span.micros().max(0) as u64), Instant::now());
        // Whoever parks a thread may be woken for no reason.
        while let Some(left) = span.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            std::thread::park_timeout(left);
        }
        true
    }
}

/// A journal in memory. The process is killed at its next write once nothing is left.
struct Kept {
    rows: Vec<ActRow>,
    left: Option<usize>,
}

impl Journal for Kept {
    fn record(&mut self, at: WallTime, acts: &[Act]) -> Result<(), EngineError> {
        match &mut self.left {
            Some(0) => return Err(EngineError::Journal("killed".to_owned())),
            Some(left) => *left -= 1,
            None => {}
        }
        for act in acts {
            self.rows.push(ActRow { number: self.rows.len() as i64 + 1, at, act: act.clone() });
        }
        Ok(())
    }
}

/// Nobody is asked.
struct NoDesk;

impl Desk for NoDesk {
    fn hand_off(&self, ticket: &Ticket<'_>) -> Result<String, String> {
        Err(format!("{} is asked", ticket.owner))
    }
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    Ok(value.pointer(pointer).and_then(Value::as_str).with_context(|| format!("no {pointer}"))?.to_owned())
}

impl World {
    /// One, or a reported skip.
    fn start(emergency: bool) -> Result<Option<World>> {
        let Some(bao) = OpenBao::start()? else { return Ok(None) };
        let put = |path: &str, body: Value| bao.ask("POST", path, &body);
        put("sys/auth/userpass", json!({ "type": "userpass" }))?;
        for (name, policy) in [("twin", TWIN), ("probe", PROBE), ("cut", CUT)] {
            put(&format!("sys/policies/acl/{name}"), json!({ "policy": policy }))?;
        }
        put("auth/userpass/users/severance-twin", json!({ "password": "twin-of-a-test", "token_policies": "twin" }))?;
        put("identity/oidc/key/shop", json!({ "allowed_client_ids": ["*"], "verification_ttl": "2h" }))?;
        put("identity/oidc/role/shop", json!({ "key": "shop", "ttl": "1h" }))?;
        let audience = text(&bao.ask("GET", "identity/oidc/role/shop", &Value::Null)?, "/data/client_id")?;
        let token = |policy: &str| -> Result<String> {
            let body = json!({ "policies": [policy], "no_parent": true, "ttl": "1h" });
            text(&bao.ask("POST", "auth/token/create", &body)?, "/auth/client_token")
        };
        let (probing, cutting) = (token("probe")?, token("cut")?);
        let jwks = format!("{}/v1/identity/oidc/.well-known/keys", bao.url());
        let data_dir = tempfile::tempdir().context("no folder")?;
        let (verifiers, old) = (Vec::new(), String::new());
        let mut world = World { bao, verifiers, probing, cutting, old, data_dir, emergency };
        let token = world.token()?;
        world.old = key_id(&token)?;
        for (name, keys) in [
            (CAREFUL, Keys::Cached(CACHE_SECS * 1_000)),
            (DAY_LONG, Keys::Cached(24 * 60 * 60 * 1_000)),
            (BUILT_IN, Keys::BuiltIn(&world.old)),
        ] {
            let Some(verifier) = Verifier::start(&jwks, &audience, keys)? else { return Ok(None) };
            ensure!(verifier.show(&token)?.status == 200, "{name} does not believe the issuer");
            world.verifiers.push((name, verifier));
        }
        Ok(Some(world))
    }

    /// A token as the issuer signs now, asked for as any client does.
    fn token(&self) -> Result<String> {
        let password = json!({ "password": "twin-of-a-test" });
        let signed_in = self.bao.ask_as("", "POST", "auth/userpass/login/severance-twin", &password)?;
        let own = text(&signed_in, "/auth/client_token")?;
        text(&self.bao.ask_as(&own, "GET", "identity/oidc/token/shop", &Value::Null)?, "/data/token")
    }

    fn connection(&self, kind: &str, system: &str, secret: &str) -> Connection {
        let mut settings = BTreeMap::from([("role".to_owned(), "shop".to_owned())]);
        let mut set = |name: &str, value: String| settings.insert(name.to_owned(), value);
        let verifier = self.verifiers.iter().find(|(name, _)| *name == system);
        let url = match verifier {
            Some((_, verifier)) => {
                set("issuer_url", self.bao.url());
                set("cache_secs", CACHE_SECS.to_string());
                verifier.url()
            }
            None => {
                // Who has the key built in accepts nothing that the next one signs, and is not waited for.
                let fetching = self.verifiers.iter().filter(|(name, _)| *name != BUILT_IN);
                let named: Vec<String> = fetching.map(|(name, it)| format!("{name}={}", it.url())).collect();
                set("key", "shop".to_owned());
                set("verifiers", named.join(", "));
                set("published_secs", "3".to_owned());
                set("overlap_secs", "4".to_owned());
                set("emergency", self.emergency.to_string());
                self.bao.url()
            }
        };
        let login = |user: &str, secret: &str| Login { user: user.to_owned(), secret: Secret::new(secret.to_owned()) };
        Connection {
            id: format!("{kind}-{system}").as_str().into(),
            system: system.into(),
            url,
            settings,
            login: (!secret.is_empty()).then(|| login("token", secret)),
            twin: Some(login("severance-twin", "twin-of-a-test")),
        }
    }

    /// The connections, the issuer's first.
    fn connections(&self) -> Result<Vec<Connected>> {
        let mut connections = Vec::new();
        let issuer = std::iter::once(("openbao-oidc", "bao"));
        for (kind, system) in issuer.chain(self.verifiers.iter().map(|(name, _)| ("jwt-verifier", *name))) {
            let found = connector(kind).map_err(|_| anyhow::anyhow!("no connector {kind}"))?;
            let (cutting, probing) = match kind {
                "openbao-oidc" => (self.cutting.as_str(), self.probing.as_str()),
                _ => ("", ""),
            };
            let action = found.open_action.context("it closes nothing")?(&self.connection(kind, system, cutting))?;
            let probe = found.open_probe.context("it tries nothing")?(&self.connection(kind, system, probing))?;
            connections.push(Connected {
                id: action.connection().clone(),
                system: system.into(),
                doors: None,
                action: Some(action),
                probe: Some(probe),
                width: 1,
                pause: Span::ZERO,
            });
        }
        Ok(connections)
    }

    /// The door of the old key at one of them.
    fn door(&self, system: &str) -> Door {
        Door::new(&system.into(), DoorKind::SigningKey, &self.old)
    }

    /// A plan of the connectors' steps, one after the other.
    fn plan(&self, connections: &[Connected]) -> Result<Plan> {
        let (mut doors, mut steps): (Vec<PlannedDoor>, Vec<Step>) = (Vec::new(), Vec::new());
        for connected in connections {
            let door = self.door(connected.system.as_str());
            for draft in connected.action.as_deref().map(|action| action.steps(&door)).unwrap_or_default() {
                let number = steps.len() as u32 + 1;
                let before =
                    (number > 1).then(|| sever_model::After { step: number - 1, reason: draft.reason.clone() });
                steps.push(Step {
                    number,
                    door: door.id.clone(),
                    phase: draft.phase,
                    work: Work::Operate(draft.operation),
                    how: draft.how,
                    reason: draft.reason,
                    after: before.into_iter().collect(),
                    breaks: draft.breaks,
                    inverse: draft.inverse,
                    replaces_secret: draft.replaces_secret,
                    window_secs: draft.window.as_secs(),
                });
            }
            doors.push(PlannedDoor {
                strength: None,
                evidence: "it is out".to_owned(),
                how: "rotated".to_owned(),
                breaks: Vec::new(),
                connection: Some(connected.id.clone()),
                door,
            });
        }
        ensure!(steps.is_sorted_by_key(|step| step.phase == Phase::Cut), "the verifiers' steps are the last");
        Ok(Plan {
            version: 1,
            about: PlanOf::Credential { id: format!("bao/{}", self.old).as_str().into() },
            typed: "the old key".to_owned(),
            made_at: Now.now(),
            not_before: None,
            doors,
            steps,
            swept: Vec::new(),
            excluded: Vec::new(),
            not_covered: Vec::new(),
            coverage: Coverage::default(),
        })
    }

    /// Runs the plan from where its journal stands, with everything opened anew as after a crash.
    fn run(&self, plan: &Plan, journal: &mut Kept) -> Result<(Result<CutEnd, EngineError>, Departure)> {
        let secrets = DerivedSecrets::of(self.data_dir.path())?;
        let connections = self.connections()?;
        let digest = plan.digest();
        let approval = |by: &str| Approval {
            digest: digest.clone(),
            by: by.to_owned(),
            at: plan.made_at,
            signed_by: "a test".to_owned(),
        };
        let approvals = [approval("ann"), approval("zoe")];
        let request =
            Request { digest: &digest, typed: &plan.typed, approvals: &approvals, tripped: None, now: Now.now() };
        let approved = plan.approve(&request)?;
        let acting = Acting {
            connections: &connections,
            desk: &NoDesk,
            secret: &|_| None,
            cx: Cx { clock: &Now, secrets: &secrets, patience: Span::secs(10) },
        };
        let mut case = Departure::of(plan.clone(), &journal.rows);
        let end = cut(&approved, &approvals, &acting, &mut case, journal, &mut Quiet);
        Ok((end, case))
    }

    /// What must be so in the end, however often the run was killed.
    fn found_out(&self, case: &Departure, token_of_old: &str) -> Result<()> {
        let state = |system: &str| case.door(&self.door(system).id).map(|it| it.state());
        let all: Vec<String> = case.doors.iter().map(|it| format!("{}: {:?}", it.door.id, it.latest())).collect();
        ensure!(state("bao") == Some(DoorState::Closed), "{all:#?}");
        ensure!(state(CAREFUL) == Some(DoorState::Closed), "{all:#?}");
        for open in [DAY_LONG, BUILT_IN] {
            ensure!(state(open) == Some(DoorState::Open { until: None }), "{open}: {all:#?}");
        }
        for door in &case.doors {
            let before = door.before().context("never tried before")?;
            ensure!(matches!(before.state, DoorState::Open { .. }), "before: {before:?}");
            let verdict = door.latest().context("never tried")?;
            ensure!(verdict.strength == VerdictStrength::Tried, "{verdict:?}");
            ensure!(door.verdicts.last().is_some_and(|(round, _)| *round == Round::Settled), "{:?}", door.verdicts);
        }
        // The same, by a client of the test's own.
        let new = self.token()?;
        ensure!(key_id(&new)? != self.old, "it signs with the old key");
        for (name, verifier) in &self.verifiers {
            let answers = (verifier.show(token_of_old)?.status, verifier.show(&new)?.status);
            let expected = match *name {
                CAREFUL => (401, 200),
                DAY_LONG => (200, 200),
                _ => (200, 401),
            };
            ensure!(answers == expected, "{name}: {answers:?}");
        }
        // It was rotated once: what signs now is what was published beside the old key.
        let receipt = |verb: &str| -> Option<&Receipt> {
            case.steps.iter().find_map(|step| match (&step.step.work, &step.state) {
                (Work::Operate(operation), StepState::Answered(receipt)) if operation.verb == verb => Some(receipt),
                _ => None,
            })
        };
        let published = receipt("publish-next").context("nothing was published")?;
        ensure!(published.answer.contains(&key_id(&new)?), "rotated more than once: {published:?}");
        let said = serde_json::to_string(&case.steps.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>())?;
        ensure!(!said.contains("eyJ"), "a token is in the journal");
        Ok(())
    }
}

/// The id of the key that a token names.
fn key_id(token: &str) -> Result<String> {
    use base64::Engine as _;
    let header = token.split('.').next().unwrap_or_default();
    let header = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(header)?;
    text(&serde_json::from_slice(&header)?, "/kid")
}

#[test]
fn who_caches_too_long_and_who_has_the_key_built_in_are_found_open() -> Result<()> {
    let Some(world) = World::start(false)? else { return Ok(()) };
    let (old, plan) = (world.token()?, world.plan(&world.connections()?)?);
    let mut journal = Kept { rows: Vec::new(), left: None };
    let (end, case) = world.run(&plan, &mut journal)?;
    ensure!(end? == CutEnd::Done, "{:#?}", case.steps);
    world.found_out(&case, &old)?;
    let waited = |row: &&ActRow| matches!(&row.act, Act::Failed { passing: true, why, .. } if why.contains("wait"));
    ensure!(journal.rows.iter().any(|row| waited(&row)), "nobody was waited for");
    // What has begun anew changes nothing more: each step sees that it is done.
    let mut anew = Kept { rows: Vec::new(), left: None };
    let (end, case) = world.run(&plan, &mut anew)?;
    ensure!(end? == CutEnd::Done, "{:#?}", case.steps);
    let rotated =
        case.steps.iter().find(|it| matches!(&it.step.work, Work::Operate(it) if it.verb == "sign-with-next"));
    let again = matches!(rotated.map(|it| &it.state), Some(StepState::Answered(it)) if it.said == Said::Already);
    ensure!(again, "rotated again: {rotated:?}");
    Ok(())
}

#[test]
fn a_rotation_that_is_killed_over_and_over_is_gone_on_with_and_finds_the_same() -> Result<()> {
    let Some(world) = World::start(false)? else { return Ok(()) };
    let (old, plan) = (world.token()?, world.plan(&world.connections()?)?);
    let mut journal = Kept { rows: Vec::new(), left: None };
    let mut kills = 0;
    let case = loop {
        // Four writes and no more: what begins a run, an intent, an answer, and an intent without one.
        journal.left = Some(4);
        let (end, case) = world.run(&plan, &mut journal)?;
        match end {
            Ok(end) => {
                ensure!(end == CutEnd::Done, "{:#?}", case.steps);
                break case;
            }
            Err(EngineError::Journal(_)) => kills += 1,
            Err(error) => return Err(error.into()),
        }
        ensure!(kills < 500, "it never ends: {:#?}", case.steps);
    };
    ensure!(kills >= plan.steps.len(), "killed only {kills} times");
    world.found_out(&case, &old)
}

#[test]
fn an_emergency_waits_for_nobody_and_what_was_not_kept_is_unknown() -> Result<()> {
    let Some(world) = World::start(true)? else { return Ok(()) };
    let (old, connections) = (world.token()?, world.connections()?);
    let plan = world.plan(&connections)?;
    let (end, case) = world.run(&plan, &mut Kept { rows: Vec::new(), left: None })?;
    ensure!(end? == CutEnd::Done, "{:#?}", case.steps);
    world.found_out(&case, &old)?;
    // Without the token that was kept, and with a verifier that is gone, nothing is known.
    let empty = tempfile::tempdir()?;
    let nothing = DerivedSecrets::of(empty.path())?;
    let cx = Cx { clock: &Now, secrets: &nothing, patience: Span::secs(2) };
    let trial = Trial { nonce: "severance-test", secret: None, replaced: false };
    for connected in &connections {
        let probe = connected.probe.as_deref().context("no probe")?;
        let tried = probe.try_door(&world.door(connected.system.as_str()), &trial, &cx);
        ensure!(tried.state == DoorState::Unknown(UnknownWhy::NothingToTry), "{tried:?}");
    }
    // With the leaver's own token it is found out all the same.
    let own = Secret::new(old);
    let trial = Trial { secret: Some(&own), ..trial };
    let careful = connections.iter().find(|it| it.system.as_str() == CAREFUL).context("it is not there")?;
    let (probe, door) = (careful.probe.as_deref().context("no probe")?, world.door(CAREFUL));
    ensure!(probe.try_door(&door, &trial, &cx).state == DoorState::Closed, "not closed");
    let World { verifiers, bao, .. } = world;
    drop(verifiers);
    ensure!(matches!(probe.try_door(&door, &trial, &cx).state, DoorState::Unknown(_)), "the verifier is gone");
    drop(bao);
    ensure!(matches!(probe.try_door(&door, &trial, &cx).state, DoorState::Unknown(_)), "the issuer is gone");
    Ok(())
}
