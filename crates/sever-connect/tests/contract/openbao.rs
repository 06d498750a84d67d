//! OpenBao: an entity with logins, tokens, secret ids, policies and leases; the real client is `bao`.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sever_connect::{Connection, Login};
use sever_model::act::{ActError, Probe, Secrets, Trial, Tried};
use sever_model::{
    AccountId, Door, DoorKind, DoorState, Inverse, Listing, Receipt, Said, Secret, StepDraft, UnknownWhy,
    VerdictStrength,
};
use sever_testkit::OpenBao;

use crate::suite::{self, For, Here, World as _, cx, with_plan};

const READ: &str = include_str!("../../src/openbao/roles/read.hcl");
const PROBE: &str = include_str!("../../src/openbao/roles/probe.hcl");
const CUT: &str = include_str!("../../src/openbao/roles/cut.hcl");

struct World {
    bao: Option<OpenBao>,
    tokens: [String; 3],
    entity: String,
    /// The leaver's own tokens, each with its accessor.
    session: (String, String),
    made: (String, String),
    secret_id: String,
    group: String,
    settings: Vec<(&'static str, &'static str)>,
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    Ok(value.pointer(pointer).and_then(Value::as_str).with_context(|| format!("no {pointer}"))?.to_owned())
}

/// Signs in as a user: its token, accessor and entity.
fn sign_in(bao: &OpenBao, user: &str) -> Result<(String, String, String)> {
    let password = json!({ "password": format!("{user}-of-a-test") });
    let answer = bao.ask_as("", "POST", &format!("auth/userpass/login/{user}"), &password)?;
    Ok((text(&answer, "/auth/client_token")?, text(&answer, "/auth/accessor")?, text(&answer, "/auth/entity_id")?))
}

/// A world, or a reported skip.
fn world() -> Result<Option<World>> {
    let Some(bao) = OpenBao::start()? else { return Ok(None) };
    let put = |path: &str, body: Value| bao.ask("POST", path, &body);
    for (mount, kind) in [("auth/userpass", "userpass"), ("auth/approle", "approle")] {
        put(&format!("sys/{mount}"), json!({ "type": kind }))?;
    }
    for (name, policy) in [("severance-read", READ), ("severance-probe", PROBE), ("severance-cut", CUT)] {
        put(&format!("sys/policies/acl/{name}"), json!({ "policy": policy }))?;
    }
    let work = "path \"secret/*\" { capabilities = [\"read\"] }\npath \"auth/token/create\" { capabilities = \
                [\"update\"] }\npath \"pki/issue/bob\" { capabilities = [\"update\"] }";
    put("sys/policies/acl/work", json!({ "policy": work }))?;
    // `bob` begins `bobby`: what is revoked of the one must not be of the other.
    for user in ["bob", "bobby", "severance-twin"] {
        put(&format!("auth/userpass/users/{user}"), json!({ "password": format!("{user}-of-a-test") }))?;
    }
    let token = |policy: &str| -> Result<String> {
        let body = json!({ "policies": [policy], "no_parent": true, "ttl": "1h" });
        text(&bao.ask("POST", "auth/token/create", &body)?, "/auth/client_token")
    };
    let tokens = [token("severance-read")?, token("severance-probe")?, token("severance-cut")?];

    let (_, _, entity) = sign_in(&bao, "bob")?;
    put(&format!("identity/entity/id/{entity}"), json!({ "policies": ["work"] }))?;
    let group = put("identity/group", json!({ "name": "developers", "member_entity_ids": [entity] }))?;
    put("auth/approle/role/deploy", json!({ "token_policies": ["default"] }))?;
    let role_id = text(&bao.ask("GET", "auth/approle/role/deploy/role-id", &Value::Null)?, "/data/role_id")?;
    let mounts = bao.ask("GET", "sys/auth", &Value::Null)?;
    let alias = json!({
        "name": role_id, "canonical_id": entity, "mount_accessor": text(&mounts, "/data/approle~1/accessor")?
    });
    put("identity/entity-alias", alias)?;
    let secret_id = text(&put("auth/approle/role/deploy/secret-id", json!({}))?, "/data/secret_id")?;
    put("sys/mounts/pki", json!({ "type": "pki" }))?;
    let authority = ["pki", "root", "generate", "internal"].join("/");
    put(&authority, json!({ "common_name": "shop.example", "ttl": "24h" }))?;
    let role =
        json!({ "allow_any_name": true, "generate_lease": true, "ttl": "1h", "key_type": "ec", "key_bits": 256 });
    put("pki/roles/bob", role)?;

    // One session is the first one's, so that there are two.
    let (session, accessor, _) = sign_in(&bao, "bob")?;
    let made = bao.ask_as(&session, "POST", "auth/token/create", &json!({ "display_name": "ci" }))?;
    let made = (text(&made, "/auth/client_token")?, text(&made, "/auth/accessor")?);
    put("pki/issue/bob", json!({ "common_name": "bob.shop.example" }))?;
    let settings = vec![("leases", "pki/issue/{login}")];
    let group = text(&group, "/data/id")?;
    Ok(Some(World { bao: Some(bao), tokens, entity, session: (session, accessor), made, secret_id, group, settings }))
}

impl World {
    fn bao(&self) -> Result<&OpenBao> {
        self.bao.as_ref().context("it is stopped")
    }

    /// Whether its own client is let in with a token.
    fn taken(&self, token: &str) -> Result<bool> {
        Ok(self.bao()?.bao(token, &["token", "lookup"])?.success)
    }

    fn signs_in(&self, user: &str, password: &str) -> Result<bool> {
        let (user, password) = (format!("username={user}"), format!("password={password}"));
        Ok(self.bao()?.bao("", &["login", "-no-store", "-method=userpass", &user, &password])?.success)
    }

    fn opened(&self) -> Result<(suite::Opened, Vec<Door>)> {
        let opened = suite::open(self)?;
        let (account, login) = self.leaver();
        let doors = opened.doors.doors(&account, &login, &cx())?.doors;
        Ok((opened, doors))
    }

    fn root(&self, method: &str, path: &str, body: Value) -> Result<Value> {
        self.bao()?.ask(method, path, &body)
    }
}

impl suite::World for World {
    fn connector(&self) -> &'static str {
        "openbao"
    }

    fn connection(&self, what: For) -> Option<Connection> {
        let [read, probe, cut] = &self.tokens;
        let token = match what {
            For::Reading => read,
            For::Cutting => cut,
            For::Probing => probe,
            For::ProbingWrongly => "s.wrongwrongwrongwrongwrong",
        };
        let login = |user: &str, secret: &str| Login { user: user.to_owned(), secret: Secret::new(secret.to_owned()) };
        let settings = self.settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Some(Connection {
            id: "bao".into(),
            system: "bao".into(),
            url: self.bao.as_ref()?.url(),
            settings: settings.collect(),
            login: Some(login("token", token)),
            twin: Some(login("severance-twin", "severance-twin-of-a-test")),
        })
    }

    fn leaver(&self) -> (AccountId, String) {
        (AccountId::of(&"bao".into(), &self.entity), "bob".to_owned())
    }

    fn doors(&self) -> Vec<(DoorKind, usize)> {
        vec![
            // userpass and AppRole
            (DoorKind::Login, 2),
            (DoorKind::Session, 2),
            // A token that a token made, a secret id, and leases.
            (DoorKind::ApiKey, 3),
            // A policy and a group.
            (DoorKind::Membership, 2),
        ]
    }

    fn expected(&self, door: &Door) -> suite::Expected {
        // With whatever of bob's the test has: his password, a secret id, two of his tokens.
        match self.secret(door) {
            Some(_) => suite::Expected::TRIED,
            None => suite::Expected::OBSERVED,
        }
    }

    fn secret(&self, door: &Door) -> Option<Secret<String>> {
        let secret = match door.attribute("accessor") {
            "" if !door.attribute("secret_accessor").is_empty() => self.secret_id.as_str(),
            "" if door.attribute("type") == "userpass" => "bob-of-a-test",
            accessor if accessor == self.session.1 => self.session.0.as_str(),
            accessor if accessor == self.made.1 => self.made.0.as_str(),
            _ => return None,
        };
        Some(Secret::new(secret.to_owned()))
    }

    fn gets_in(&self, door: &Door) -> Result<Option<bool>> {
        let bao = self.bao()?;
        if door.attribute("type") == "userpass" {
            return self.signs_in("bob", "bob-of-a-test").map(Some);
        }
        if !door.attribute("secret_accessor").is_empty() {
            let (role, secret) =
                (format!("role_id={}", door.attribute("role_id")), format!("secret_id={}", self.secret_id));
            return Ok(Some(bao.bao("", &["write", "auth/approle/login", &role, &secret])?.success));
        }
        if !door.attribute("accessor").is_empty() {
            return match self.secret(door) {
                Some(token) => self.taken(token.expose()).map(Some),
                None => Ok(None),
            };
        }
        if !door.attribute("group").is_empty() {
            let group = self.root("GET", &format!("identity/group/id/{}", self.group), Value::Null)?;
            return Ok(Some(group.to_string().contains(&self.entity)));
        }
        Ok(None)
    }

    fn bystander_gets_in(&self) -> Result<bool> {
        self.signs_in("bobby", "bobby-of-a-test")
    }

    fn stop(&mut self) {
        self.bao = None;
    }
}

#[test]
fn keeps_the_contract() -> Result<()> {
    let Some(mut world) = world()? else { return Ok(()) };
    suite::keeps(&mut world)
}

#[test]
fn every_door_is_closed_and_it_is_said_how_that_is_known() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let (opened, doors) = world.opened()?;
    all_done(perform(&opened, &doors, |_| true)?)?;
    for door in &doors {
        let replaced = door.attribute("type") == "userpass";
        let secret = world.secret(door);
        let strength = if replaced || secret.is_some() { VerdictStrength::Tried } else { VerdictStrength::Observed };
        let tried = try_it(opened.probe.as_ref(), door, secret.as_ref().map(|it| it.expose().as_str()), replaced);
        assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, strength), "{}: {tried:?}", door.id);
    }
    Ok(())
}

/// Does those steps of doors that `which` takes; what was said to each.
fn perform(
    opened: &suite::Opened,
    doors: &[Door],
    which: impl Fn(&StepDraft) -> bool,
) -> Result<Vec<Result<Receipt, ActError>>> {
    let mut drafts = Vec::new();
    for door in doors {
        drafts.extend(opened.action.steps(door).into_iter().filter(|it| which(it)).map(|it| (door, it)));
    }
    drafts.sort_by_key(|(_, draft)| draft.phase);
    with_plan(&drafts, |approved| Ok(approved.steps().map(|step| opened.action.execute(&step, &cx())).collect()))
}

fn all_done(said: Vec<Result<Receipt, ActError>>) -> Result<()> {
    said.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(())
}

fn try_it(probe: &dyn Probe, door: &Door, secret: Option<&str>, replaced: bool) -> Tried {
    let secret = secret.map(|secret| Secret::new(secret.to_owned()));
    probe.try_door(door, &Trial { nonce: "severance-nonce-7", secret: secret.as_ref(), replaced }, &cx())
}

fn userpass(doors: &[Door]) -> Result<&Door> {
    doors.iter().find(|it| it.attribute("type") == "userpass").context("no userpass login")
}

#[test]
fn a_login_is_proven_by_our_password_and_a_lockout_is_not_taken_for_it() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let (opened, doors) = world.opened()?;
    let login = userpass(&doors)?;
    // Locked out: 403, as if the entity were disabled.
    for _ in 0..6 {
        assert!(!world.signs_in("bob", "wrong")?);
    }
    let tried = try_it(opened.probe.as_ref(), login, Some("bob-of-a-test"), false);
    assert_eq!(tried.state, DoorState::Unknown(UnknownWhy::Ambiguous), "{tried:?}");
    assert!(tried.evidence.starts_with("403"), "{tried:?}");

    all_done(perform(&opened, &doors, |step| step.operation.verb != "revoke-accessor")?)?;
    let tried = try_it(opened.probe.as_ref(), login, None, true);
    assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, VerdictStrength::Observed), "{tried:?}");
    // Unlocked, the answer says that the password was right.
    let mounts = world.root("GET", "sys/auth", Value::Null)?;
    let accessor = text(&mounts, "/data/userpass~1/accessor")?;
    world.root("POST", &format!("sys/locked-users/{accessor}/unlock/bob"), Value::Null)?;
    let tried = try_it(opened.probe.as_ref(), login, None, true);
    assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, VerdictStrength::Tried), "{tried:?}");
    let tried = try_it(opened.probe.as_ref(), login, Some("bob-of-a-test"), false);
    assert_eq!(
        (&tried.state, tried.strength),
        (&DoorState::Closed, VerdictStrength::Observed),
        "a wrong password: {tried:?}"
    );

    // Somebody enables it again: ours lets in, the leaver's does not.
    world.root("POST", &format!("identity/entity/id/{}", world.entity), json!({ "disabled": false }))?;
    let tried = try_it(opened.probe.as_ref(), login, None, true);
    assert!(matches!(tried.state, DoorState::Open { .. }), "{tried:?}");
    assert!(!world.signs_in("bob", "bob-of-a-test")?);
    Ok(())
}

#[test]
fn a_token_is_gone_only_where_its_accessor_is() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let (opened, doors) = world.opened()?;
    let door = doors.iter().find(|it| it.native == world.made.1).context("no token")?;
    // A bad probe is answered as a closed door: 403.
    let tried = try_it(opened.probe.as_ref(), door, Some("s.neverneverneverneverneve"), false);
    assert_eq!(tried.state, DoorState::Unknown(UnknownWhy::Ambiguous), "{tried:?}");
    let tried = try_it(opened.probe.as_ref(), door, Some(&world.session.0), false);
    assert_eq!(tried.state, DoorState::Unknown(UnknownWhy::ControlFailed), "another token: {tried:?}");
    let tried = try_it(opened.probe.as_ref(), door, Some(&world.made.0), false);
    assert!(matches!(tried.state, DoorState::Open { until: Some(_) }), "{tried:?}");

    all_done(perform(&opened, &doors, |step| step.operation.verb == "revoke-accessor")?)?;
    let tried = try_it(opened.probe.as_ref(), door, Some(&world.made.0), false);
    assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, VerdictStrength::Tried), "{tried:?}");
    assert!(tried.controls.iter().all(|it| it.held) && tried.controls.len() == 4, "{tried:?}");
    let tried = try_it(opened.probe.as_ref(), door, None, false);
    assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, VerdictStrength::Observed), "{tried:?}");
    let again = perform(&opened, std::slice::from_ref(door), |_| true)?;
    assert!(again.iter().all(|it| it.as_ref().is_ok_and(|it| it.said == Said::Already)), "{again:?}");
    Ok(())
}

#[test]
fn batch_tokens_cannot_be_listed_and_live_as_long_as_their_entity_is_enabled() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let body = json!({ "token_type": "batch", "token_max_ttl": "2h" });
    world.root("POST", "auth/userpass/users/bob", body)?;
    let (batch, accessor, _) = sign_in(world.bao()?, "bob")?;
    ensure!(accessor.is_empty(), "it has an accessor");
    let (account, name) = world.leaver();
    let opened = suite::open(&world)?;
    let list = opened.doors.doors(&account, &name, &cx())?;
    assert_eq!(list.listing, Listing::Partial);
    assert!(list.gaps.iter().any(|it| it.contains("batch tokens") && it.contains("no accessor")), "{:?}", list.gaps);
    let door = list.doors.iter().find(|it| it.kind == DoorKind::AccessToken).context("no door")?;
    let tried = try_it(opened.probe.as_ref(), door, Some(&batch), false);
    assert!(matches!(tried.state, DoorState::Open { until: Some(_) }), "{tried:?}");
    let tried = try_it(opened.probe.as_ref(), door, None, false);
    assert!(matches!(tried.state, DoorState::Open { until: Some(_) }), "{tried:?}");

    // Revoking by path and deleting the user do nothing to it.
    world.root("PUT", "sys/leases/revoke-prefix/auth/userpass/login/bob", json!({ "sync": true }))?;
    let tried = try_it(opened.probe.as_ref(), door, Some(&batch), false);
    assert!(matches!(tried.state, DoorState::Open { .. }), "{tried:?}");
    all_done(perform(&opened, std::slice::from_ref(door), |_| true)?)?;
    assert!(!world.taken(&batch)?);
    let tried = try_it(opened.probe.as_ref(), door, Some(&batch), false);
    assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, VerdictStrength::Tried), "{tried:?}");
    // Enabled again it opens again, which the evidence says.
    assert!(tried.evidence.contains("enabled again"), "{tried:?}");
    world.root("POST", &format!("identity/entity/id/{}", world.entity), json!({ "disabled": false }))?;
    let tried = try_it(opened.probe.as_ref(), door, Some(&batch), false);
    assert!(matches!(tried.state, DoorState::Open { .. }), "{tried:?}");
    Ok(())
}

#[test]
fn a_root_token_is_refused_as_ours() -> Result<()> {
    let Some(mut world) = world()? else { return Ok(()) };
    let (_, doors) = world.opened()?;
    let root = world.root("POST", "auth/token/create", json!({ "policies": ["root"], "no_parent": true }))?;
    let root = text(&root, "/auth/client_token")?;
    world.tokens = [root.clone(), world.tokens[1].clone(), root];
    let opened = suite::open(&world)?;
    let (account, name) = world.leaver();
    assert!(matches!(opened.doors.doors(&account, &name, &cx()), Err(ActError::Refused(_))));
    let said = perform(&opened, &doors, |_| true)?;
    assert!(said.iter().all(|it| matches!(it, Err(ActError::Refused(_)))), "{said:?}");
    assert!(world.signs_in("bob", "bob-of-a-test")?, "something was done");
    Ok(())
}

#[test]
fn a_user_who_is_deleted_can_only_be_observed() -> Result<()> {
    let Some(mut world) = world()? else { return Ok(()) };
    world.settings.push(("delete", "true"));
    let (opened, doors) = world.opened()?;
    let steps = opened.action.steps(userpass(&doors)?);
    assert_eq!(steps.last().map(|it| &it.inverse), Some(&Inverse::None));
    all_done(perform(&opened, &doors, |_| true)?)?;
    let tried = try_it(opened.probe.as_ref(), userpass(&doors)?, None, true);
    assert_eq!((&tried.state, tried.strength), (&DoorState::Closed, VerdictStrength::Observed), "{tried:?}");
    assert!(tried.evidence.contains("no such user"), "{tried:?}");
    Ok(())
}

#[test]
fn inverses_put_things_back() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let (opened, doors) = world.opened()?;
    all_done(perform(&opened, &doors, |_| true)?)?;
    let mut undone = 0;
    for door in &doors {
        for draft in opened.action.steps(door) {
            let Inverse::By(operation) = draft.inverse.clone() else { continue };
            with_plan(&[(door, StepDraft { operation, ..draft })], |approved| {
                for step in approved.steps() {
                    opened.action.execute(&step, &cx())?;
                    let again = opened.action.execute(&step, &cx())?;
                    ensure!(again.said == Said::Already, "{}: {again:?}", door.id);
                }
                Ok(())
            })?;
            undone += 1;
        }
    }
    assert_eq!(undone, 4, "two logins of one entity, a policy, a group");
    let (_, again) = world.opened()?;
    let of = |doors: &[Door], kind: DoorKind| doors.iter().filter(|it| it.kind == kind).count();
    for kind in [DoorKind::Login, DoorKind::Membership] {
        assert_eq!(of(&again, kind), of(&doors, kind), "{kind}");
    }
    Ok(())
}

#[test]
fn the_audit_log_has_the_nonce_and_trying_leaves_no_token() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let tokens = || -> Result<usize> {
        let list = world.root("GET", "auth/token/accessors?list=true", Value::Null)?;
        Ok(list.pointer("/data/keys").and_then(Value::as_array).map_or(0, Vec::len))
    };
    let (opened, doors) = world.opened()?;
    let before = tokens()?;
    all_done(perform(&opened, &doors, |step| step.operation.verb == "disable-entity")?)?;
    for door in &doors {
        let secret = world.secret(door);
        try_it(opened.probe.as_ref(), door, secret.as_ref().map(|it| it.expose().as_str()), false);
    }
    assert_eq!(tokens()?, before);
    let log = String::from_utf8_lossy(&world.bao()?.audit_log()?).into_owned();
    assert!(log.contains("auth/userpass/login/severance-nonce-7"));
    let ours = Here.derive(userpass(&doors)?.id.as_str());
    assert!(!log.contains(ours.expose().as_str()));
    Ok(())
}

#[test]
fn what_may_not_be_seen_is_a_gap_and_never_closed() -> Result<()> {
    let Some(world) = world()? else { return Ok(()) };
    let (opened, doors) = world.opened()?;
    all_done(perform(&opened, &doors, |_| true)?)?;
    let less = READ.lines().filter(|line| !line.contains("accessor") && !line.contains("leases"));
    let less = less.collect::<Vec<_>>().join("\n");
    world.root("POST", "sys/policies/acl/severance-read", json!({ "policy": less }))?;
    let only = "path \"sys/locked-users\" { capabilities = [\"read\"] }";
    world.root("POST", "sys/policies/acl/severance-probe", json!({ "policy": only }))?;
    let (account, name) = world.leaver();
    let list = opened.doors.doors(&account, &name, &cx())?;
    for scope in ["auth/token/accessors", "sys/leases/lookup"] {
        assert!(list.gaps.iter().any(|it| it.contains(scope)), "{scope}: {:?}", list.gaps);
    }
    for door in &doors {
        let secret = world.secret(door);
        let tried = try_it(opened.probe.as_ref(), door, secret.as_ref().map(|it| it.expose().as_str()), false);
        assert!(matches!(tried.state, DoorState::Unknown(_)), "{}: {tried:?}", door.id);
    }
    Ok(())
}
