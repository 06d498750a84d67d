//! `aws` against moto with signatures and rights enforced, and boto3 as the real client.
//!
//! Our own keys have the scopes that the connector's page names, and no other.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sever_connect::{Connection, Login, connector};
use sever_model::act::{Trial, Tried};
use sever_model::{
    AccountId, Door, DoorKind, DoorState, Inverse, Listing, Phase, Said, Secret, StepDraft, UnknownWhy, VerdictStrength,
};
use sever_testkit::{AwsKey, Moto};

use crate::suite::{self, Expected, For, Opened, World};

const BOB: &str = "arn:aws:iam::123456789012:user/bob";

struct Aws {
    moto: Option<Moto>,
    url: String,
    reading: AwsKey,
    cutting: AwsKey,
    probing: AwsKey,
    twin: AwsKey,
    ann: AwsKey,
    bob: AwsKey,
    /// A session of his of the role that names him.
    session: AwsKey,
    /// Whether doors are tried with his own secrets.
    tells: Mutex<bool>,
}

fn allow(actions: &[&str]) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}).to_string()
}

/// The scopes that the connector's page names for a role.
fn scopes(role: &str) -> Result<Vec<&'static str>> {
    let roles = connector("aws").map_err(|_| anyhow::anyhow!("no connector"))?.roles;
    let start = roles.find(&format!("- *{role}*")).context("no such role")?;
    let text = roles[start..].lines().next().unwrap_or_default();
    Ok(text.split('`').filter(|word| word.starts_with("iam:")).collect())
}

impl Aws {
    fn start() -> Result<Option<Aws>> {
        let Some(moto) = Moto::start(None)? else { return Ok(None) };
        let act = |action: &str, parameters: &[(&str, &str)]| moto.act("iam", action, parameters);
        let ours = |name: &str, role: &str| moto.user(name, &allow(&scopes(role)?));
        let (reading, cutting) = (ours("severance-reading", "Reading")?, ours("severance-cutting", "Cutting")?);
        let (probing, twin) = (ours("severance-probing", "Probing")?, ours("severance-twin", "Twin")?);
        let ann = moto.user("ann", &allow(&["iam:GetAccountSummary"]))?;
        let bob = moto.user("bob", &allow(&["iam:*", "sts:AssumeRole"]))?;
        let of_bob = ("UserName", "bob");
        act("CreateLoginProfile", &[of_bob, ("Password", "a password of a test 1A")])?;
        act("UploadSSHPublicKey", &[of_bob, ("SSHPublicKeyBody", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ bob")])?;
        act("UploadSigningCertificate", &[of_bob, ("CertificateBody", &certificate()?)])?;
        act("CreateGroup", &[("GroupName", "devs")])?;
        act("AddUserToGroup", &[of_bob, ("GroupName", "devs")])?;
        act("AddUserToGroup", &[("UserName", "ann"), ("GroupName", "devs")])?;
        act("CreatePolicy", &[("PolicyName", "builds"), ("PolicyDocument", &allow(&["s3:*"]))])?;
        act("AttachUserPolicy", &[of_bob, ("PolicyArn", "arn:aws:iam::123456789012:policy/builds")])?;
        let trust = |who: serde_json::Value| {
            json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"}]})
            .to_string()
        };
        let roles = [
            ("deployer", trust(json!([BOB, "arn:aws:iam::123456789012:user/ann"]))),
            ("operator", trust(json!("arn:aws:iam::123456789012:root"))),
            ("hers", trust(json!("arn:aws:iam::123456789012:user/ann"))),
        ];
        for (role, trust) in roles {
            act("CreateRole", &[("RoleName", role), ("AssumeRolePolicyDocument", &trust)])?;
            let may = allow(&["iam:GetAccountSummary"]);
            act("PutRolePolicy", &[("RoleName", role), ("PolicyName", "own"), ("PolicyDocument", &may)])?;
        }
        let assume = [("RoleArn", "arn:aws:iam::123456789012:role/deployer"), ("RoleSessionName", "bob")];
        let session = AwsKey::of(&moto.act("sts", "AssumeRole", &assume)?)?;
        moto.enforce()?;
        let url = moto.url();
        let tells = Mutex::new(true);
        Ok(Some(Aws { moto: Some(moto), url, reading, cutting, probing, twin, ann, bob, session, tells }))
    }

    fn call(&self, key: &AwsKey, service: &str, call: &str) -> Result<bool> {
        Ok(self.moto.as_ref().context("it is stopped")?.call(key, service, call)? == "ok")
    }

    fn doors_of(&self, opened: &Opened) -> Result<Vec<Door>> {
        let (account, login) = self.leaver();
        Ok(opened.doors.doors(&account, &login, &suite::cx())?.doors)
    }
}

/// A certificate that signs nothing.
fn certificate() -> Result<String> {
    let words = "req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=bob -days 2";
    let made = Command::new("openssl").args(words.split(' ')).output().context("no openssl")?;
    Ok(String::from_utf8_lossy(&made.stdout).into_owned())
}

impl World for Aws {
    fn connector(&self) -> &'static str {
        "aws"
    }

    fn connection(&self, what: For) -> Option<Connection> {
        let login = |key: &AwsKey| Some(Login { user: key.id.clone(), secret: Secret::new(key.secret.clone()) });
        let wrong = |key: &AwsKey| login(&AwsKey { secret: "A".repeat(40), ..key.clone() });
        let (login, twin) = match what {
            For::Reading => (login(&self.reading), None),
            For::Cutting => (login(&self.cutting), None),
            For::Probing => (login(&self.probing), login(&self.twin)),
            For::ProbingWrongly => (wrong(&self.probing), wrong(&self.twin)),
        };
        let settings = BTreeMap::from([("window_secs".to_owned(), "0".to_owned())]);
        Some(Connection { id: "aws".into(), system: "aws".into(), url: self.url.clone(), settings, login, twin })
    }

    fn leaver(&self) -> (AccountId, String) {
        (AccountId::of(&"aws".into(), BOB), "bob".to_owned())
    }

    fn doors(&self) -> Vec<(DoorKind, usize)> {
        vec![
            (DoorKind::Login, 1),
            (DoorKind::Session, 3),
            (DoorKind::ApiKey, 1),
            (DoorKind::SshKey, 1),
            (DoorKind::Certificate, 1),
            (DoorKind::Membership, 4),
        ]
    }

    fn expected(&self, door: &Door) -> Expected {
        match door.kind {
            DoorKind::ApiKey => Expected::TRIED,
            DoorKind::Session if door.attribute("role") == "deployer" => Expected::TRIED,
            _ => Expected::OBSERVED,
        }
    }

    fn secret(&self, door: &Door) -> Option<Secret<String>> {
        if !self.tells.lock().is_ok_and(|tells| *tells) {
            return None;
        }
        match door.kind {
            DoorKind::ApiKey => Some(Secret::new(self.bob.secret.clone())),
            DoorKind::Session if door.attribute("role") == "deployer" => {
                let (id, secret, token) = (&self.session.id, &self.session.secret, &self.session.token);
                let text = json!({"AccessKeyId": id, "SecretAccessKey": secret, "SessionToken": token});
                Some(Secret::new(text.to_string()))
            }
            _ => None,
        }
    }

    fn gets_in(&self, door: &Door) -> Result<Option<bool>> {
        Ok(match door.kind {
            DoorKind::ApiKey => Some(self.call(&self.bob, "sts", "get_caller_identity")?),
            DoorKind::Session if door.attribute("role") == "deployer" => {
                Some(self.call(&self.session, "iam", "get_account_summary")?)
            }
            _ => None,
        })
    }

    fn bystander_gets_in(&self) -> Result<bool> {
        self.call(&self.ann, "iam", "get_account_summary")
    }

    fn stays_unseen(&self, gap: &str) -> Option<&'static str> {
        let unseen = gap.starts_with("sessions: AWS lists none");
        let lacking = gap.starts_with("iam:ListServiceSpecificCredentials: ");
        match (unseen, lacking) {
            (true, _) => Some("AWS lists no sessions"),
            (_, true) => Some("moto knows no credentials of single services"),
            _ => None,
        }
    }

    fn stop(&mut self) {
        self.moto = None;
    }
}

fn of_kind(doors: &[Door], kind: DoorKind) -> Result<&Door> {
    doors.iter().find(|door| door.kind == kind).context("no such door")
}

fn is_open(tried: &Tried) -> bool {
    matches!(tried.state, DoorState::Open { .. })
}

/// The steps of a door of one phase.
fn steps<'a>(opened: &Opened, door: &'a Door, phase: Phase) -> Vec<(&'a Door, StepDraft)> {
    opened.action.steps(door).into_iter().filter(|step| step.phase == phase).map(|step| (door, step)).collect()
}

fn said(opened: &Opened, drafts: &[(&Door, StepDraft)]) -> Result<Vec<Said>> {
    suite::with_plan(drafts, |approved| {
        approved.steps().map(|step| Ok(opened.action.execute(&step, &suite::cx())?.said)).collect()
    })
}

#[test]
fn it_keeps_the_contract() -> Result<()> {
    let Some(mut world) = Aws::start()? else { return Ok(()) };
    suite::keeps(&mut world)
}

/// moto takes a key that is set inactive, as if it were not: reported, and not effective.
#[test]
fn an_inactive_key_that_still_works_is_open_until_it_is_deleted() -> Result<()> {
    let Some(world) = Aws::start()? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let doors = world.doors_of(&opened)?;
    let door = of_kind(&doors, DoorKind::ApiKey)?;
    let tell = |tells: bool| world.tells.lock().map(|mut it| *it = tells).map_err(|_| anyhow::anyhow!("poisoned"));
    ensure!(said(&opened, &steps(&opened, door, Phase::Contain))? == [Said::Done], "not said to be done");
    ensure!(world.gets_in(door)? == Some(true), "moto has changed: the trap is gone");
    for tells in [true, false] {
        tell(tells)?;
        let tried = suite::tried(&world, opened.probe.as_ref(), door, false);
        ensure!(is_open(&tried), "IAM is believed: {tried:?}");
    }
    ensure!(said(&opened, &steps(&opened, door, Phase::Cut))? == [Said::Done]);
    ensure!(world.gets_in(door)? == Some(false), "deleting does not help either");
    tell(true)?;
    let tried = suite::tried(&world, opened.probe.as_ref(), door, false);
    ensure!(tried.state == DoorState::Closed && tried.strength == VerdictStrength::Tried, "{tried:?}");
    tell(false)?;
    let tried = suite::tried(&world, opened.probe.as_ref(), door, false);
    ensure!(tried.state == DoorState::Closed && tried.strength == VerdictStrength::Observed, "{tried:?}");
    Ok(())
}

#[test]
fn a_key_that_is_denied_everything_lives_and_a_wrong_secret_says_nothing() -> Result<()> {
    let Some(world) = Aws::start()? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let doors = world.doors_of(&opened)?;
    let door = of_kind(&doors, DoorKind::ApiKey)?;
    let own = doors.iter().find(|it| it.native == format!("{BOB}#sessions")).context("no sessions of his own")?;
    let deny = steps(&opened, own, Phase::Contain);
    ensure!(said(&opened, &deny)? == [Said::Done] && said(&opened, &deny)? == [Said::Already]);
    ensure!(!world.call(&world.bob, "iam", "get_account_summary")?, "he is not denied");
    let tried = suite::tried(&world, opened.probe.as_ref(), door, false);
    ensure!(is_open(&tried) && tried.evidence.contains("AccessDenied"), "{tried:?}");

    let wrong = Secret::new("B".repeat(40));
    let trial = Trial { nonce: "severance-trap", secret: Some(&wrong), replaced: false };
    let tried = opened.probe.try_door(door, &trial, &suite::cx());
    ensure!(tried.state == DoorState::Unknown(UnknownWhy::ControlFailed), "{tried:?}");
    // Without a twin nothing tells a key that is gone from one that never was.
    let mut alone = world.connection(For::Probing).context("no connection")?;
    (alone.twin, alone.login) = (None, None);
    let connector = connector("aws").map_err(|_| anyhow::anyhow!("no connector"))?;
    let alone = connector.open_probe.context("no probe")?(&alone)?;
    let mut never = door.clone();
    never.native = "AKIAIOSFODNN7EXAMPLE".to_owned();
    let tried = alone.try_door(&never, &Trial { secret: None, ..trial }, &suite::cx());
    ensure!(tried.state == DoorState::Unknown(UnknownWhy::Ambiguous), "{tried:?}");

    let Some((_, draft)) = deny.first() else { anyhow::bail!("no step") };
    let Inverse::By(operation) = draft.inverse.clone() else { anyhow::bail!("no inverse") };
    ensure!(said(&opened, &[(own, StepDraft { operation, ..draft.clone() })])? == [Said::Done]);
    ensure!(world.call(&world.bob, "iam", "get_account_summary")?, "the denial is not lifted");
    Ok(())
}

#[test]
fn a_trust_comes_back_and_a_scope_that_lacks_is_a_gap_by_its_name() -> Result<()> {
    let Some(world) = Aws::start()? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let doors = world.doors_of(&opened)?;
    let trusts = doors.iter().find(|it| it.kind == DoorKind::Membership && it.attribute("role") == "deployer");
    let trusts = trusts.context("no trust")?;
    let drafts = steps(&opened, trusts, Phase::Cut);
    ensure!(said(&opened, &drafts)? == [Said::Done] && said(&opened, &drafts)? == [Said::Already]);
    ensure!(suite::tried(&world, opened.probe.as_ref(), trusts, false).state == DoorState::Closed);
    let Some((_, draft)) = drafts.first() else { anyhow::bail!("no step") };
    let Inverse::By(operation) = draft.inverse.clone() else { anyhow::bail!("no inverse") };
    ensure!(said(&opened, &[(trusts, StepDraft { operation, ..draft.clone() })])? == [Said::Done]);
    ensure!(is_open(&suite::tried(&world, opened.probe.as_ref(), trusts, false)));

    // The probing key sees users, and not groups' policies or roles.
    let connector = connector("aws").map_err(|_| anyhow::anyhow!("no connector"))?;
    let mut narrow = world.connection(For::Probing).context("no connection")?;
    narrow.twin = None;
    let narrow = connector.open_doors.context("no doors")?(&narrow)?;
    let (account, login) = world.leaver();
    let list = narrow.doors(&account, &login, &suite::cx())?;
    ensure!(list.listing == Listing::Partial);
    for scope in ["iam:ListRoles", "iam:GetAccessKeyLastUsed", "iam:ListUserPolicies"] {
        ensure!(list.gaps.iter().any(|gap| gap.contains(scope)), "{scope}: {:?}", list.gaps);
    }
    Ok(())
}
