//! SCIM against two servers that differ where servers in the field do: PyPI's `scim2-server` in Entra's
//! dialect, with deletion, and npm's `scimmy-routers` as RFC 7644 says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sever_connect::{Connection, Login, connector};
use sever_model::act::ActError;
use sever_model::{AccountId, ControlKind, Door, DoorKind, DoorState, Listing, Said, Secret, UnknownWhy};
use sever_testkit::{Honesty, Moment, Pass, ScimServer, Wire};

use crate::suite::{self, Expected, For, World};

/// Bob leaves, ann stays; both are operators, and bob alone is on call.
struct Scim {
    server: Option<ScimServer>,
    url: String,
    settings: &'static [(&'static str, &'static str)],
    bob: String,
    ann: String,
}

impl Scim {
    fn on(server: ScimServer, settings: &'static [(&'static str, &'static str)]) -> Result<Scim> {
        let (bob, ann) = (server.add_user("bob", &["admin"])?, server.add_user("ann", &["admin"])?);
        server.add_group("operators", &[&bob, &ann])?;
        server.add_group("on call", &[&bob])?;
        server.add_group("others", &[&ann])?;
        Ok(Scim { url: server.url(), server: Some(server), settings, bob, ann })
    }

    fn server(&self) -> Result<&ScimServer> {
        self.server.as_ref().context("it is stopped")
    }

    fn resource(&self, kind: &str, id: &str) -> Result<Option<Value>> {
        self.server()?.resource(kind, id)
    }

    fn is_active(&self, user: &str) -> Result<bool> {
        let user = self.resource("Users", user)?;
        Ok(user.is_some_and(|user| user.get("active") == Some(&Value::Bool(true))))
    }

    fn opened(&self) -> Result<suite::Opened> {
        suite::open(self)
    }

    fn doors(&self, opened: &suite::Opened) -> Result<Vec<Door>> {
        Ok(opened.doors.doors(&self.leaver().0, "bob", &suite::cx())?.doors)
    }

    /// Does the first step of the first door of a kind; what came of it.
    fn first_step(&self, opened: &suite::Opened, kind: DoorKind) -> Result<(Door, Result<Said, ActError>)> {
        let door = self.doors(opened)?.into_iter().find(|door| door.kind == kind).context("no such door")?;
        let step = opened.action.steps(&door).into_iter().next().context("no step")?;
        let mut said = None;
        suite::with_plan(&[(&door, step)], |approved| {
            for step in approved.steps() {
                said = Some(opened.action.execute(&step, &suite::cx()).map(|receipt| receipt.said));
            }
            Ok(())
        })?;
        Ok((door, said.context("nothing was done")?))
    }
}

impl World for Scim {
    fn connector(&self) -> &'static str {
        "scim"
    }
    fn connection(&self, what: For) -> Option<Connection> {
        let token = match what {
            For::Reading | For::Probing => ScimServer::READING,
            For::Cutting => ScimServer::WRITING,
            For::ProbingWrongly => "no-token-of-this-server",
        };
        let login = |user: &str, secret: &str| Login { user: user.to_owned(), secret: Secret::new(secret.to_owned()) };
        Some(Connection {
            id: "shop-scim".into(),
            system: "shop".into(),
            url: self.url.clone(),
            settings: self.settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            login: Some(login("severance", token)),
            // By either of the two.
            twin: Some(login(if self.settings.is_empty() { "ann" } else { &self.ann }, "")),
        })
    }
    fn leaver(&self) -> (AccountId, String) {
        (AccountId::of(&"shop".into(), &self.bob), "bob".to_owned())
    }
    fn doors(&self) -> Vec<(DoorKind, usize)> {
        vec![(DoorKind::Login, 1), (DoorKind::Membership, 3)]
    }
    fn expected(&self, _door: &Door) -> Expected {
        // Nobody signs in through SCIM.
        Expected::OBSERVED
    }
    fn secret(&self, _door: &Door) -> Option<Secret<String>> {
        None
    }
    fn gets_in(&self, door: &Door) -> Result<Option<bool>> {
        let values = |kind: &str, id: &str, name: &str| -> Result<Vec<String>> {
            let resource = self.resource(kind, id)?.unwrap_or_default();
            let values = resource.get(name).and_then(Value::as_array).into_iter().flatten();
            Ok(values.filter_map(|it| it.get("value")?.as_str().map(str::to_owned)).collect())
        };
        Ok(Some(match (door.kind, door.attribute("group")) {
            (DoorKind::Login, _) => self.is_active(&self.bob)?,
            (_, "") => values("Users", &self.bob, "roles")?.iter().any(|role| role == "admin"),
            (_, group) => values("Groups", group, "members")?.contains(&self.bob),
        }))
    }
    fn bystander_gets_in(&self) -> Result<bool> {
        let ann = self.resource("Users", &self.ann)?.context("ann is gone")?;
        Ok(self.is_active(&self.ann)? && ann.pointer("/roles/0/value").and_then(Value::as_str) == Some("admin"))
    }
    fn stop(&mut self) {
        self.server = None;
    }
}

#[test]
fn scim2_server_in_the_dialect_of_entra_keeps_the_contract() -> Result<()> {
    let Some(server) = ScimServer::scim2_server()? else { return Ok(()) };
    suite::keeps(&mut Scim::on(server, &[("dialect", "entra"), ("delete", "true"), ("page", "1")])?)
}

#[test]
fn scimmy_keeps_the_contract() -> Result<()> {
    let Some(server) = ScimServer::scimmy(Honesty::Honest)? else { return Ok(()) };
    suite::keeps(&mut Scim::on(server, &[])?)
}

#[test]
fn okta_writes_the_truth_value_without_a_path() -> Result<()> {
    for server in [ScimServer::scim2_server()?, ScimServer::scimmy(Honesty::Honest)?].into_iter().flatten() {
        let world = Scim::on(server, &[("dialect", "okta")])?;
        let opened = world.opened()?;
        let (door, said) = world.first_step(&opened, DoorKind::Login)?;
        assert_eq!(said, Ok(Said::Done));
        assert!(!world.is_active(&world.bob)?);
        let tried = suite::tried(&world, opened.probe.as_ref(), &door, false);
        assert_eq!(tried.state, DoorState::Closed, "{tried:?}");
    }
    Ok(())
}

/// A server need not know `PATCH`: the whole user is put instead, and keeps what else it had.
#[test]
fn okta_puts_the_whole_user_where_patch_is_not_known() -> Result<()> {
    let Some(server) = ScimServer::scimmy(Honesty::KnowsNoPatch)? else { return Ok(()) };
    let world = Scim::on(server, &[("dialect", "okta")])?;
    let opened = world.opened()?;
    let (door, said) = world.first_step(&opened, DoorKind::Login)?;
    assert_eq!(said, Ok(Said::Done));
    let bob = world.resource("Users", &world.bob)?.context("bob is gone")?;
    assert_eq!(bob.get("active"), Some(&Value::Bool(false)));
    assert_eq!(bob.pointer("/roles/0/value").and_then(Value::as_str), Some("admin"));
    assert_eq!(suite::tried(&world, opened.probe.as_ref(), &door, false).state, DoorState::Closed);
    Ok(())
}

/// The receipt says that it is done; who is asked anew shows that it is not.
#[test]
fn a_server_that_answers_200_and_does_nothing_is_found_open() -> Result<()> {
    let Some(server) = ScimServer::scimmy(Honesty::Lies)? else { return Ok(()) };
    let world = Scim::on(server, &[])?;
    let opened = world.opened()?;
    let (door, said) = world.first_step(&opened, DoorKind::Login)?;
    assert_eq!(said, Ok(Said::Done));
    assert!(world.is_active(&world.bob)?);
    let tried = suite::tried(&world, opened.probe.as_ref(), &door, false);
    assert_eq!(tried.state, DoorState::Open { until: None }, "{tried:?}");
    Ok(())
}

/// `scimmy-routers` wants a truth value where Entra writes a text: a refusal, and nothing is done.
#[test]
fn the_wrong_dialect_is_a_refusal() -> Result<()> {
    let Some(server) = ScimServer::scimmy(Honesty::Honest)? else { return Ok(()) };
    let world = Scim::on(server, &[("dialect", "entra")])?;
    let opened = world.opened()?;
    let (door, said) = world.first_step(&opened, DoorKind::Login)?;
    assert!(matches!(said, Err(ActError::Refused(_))), "{said:?}");
    let tried = suite::tried(&world, opened.probe.as_ref(), &door, false);
    assert_eq!(tried.state, DoorState::Open { until: None });
    Ok(())
}

/// It pages by twenty and ignores where a page is to begin: the rest is missing, and that is said.
#[test]
fn a_server_that_gives_the_same_page_again_is_partial() -> Result<()> {
    let Some(server) = ScimServer::scimmy(Honesty::Honest)? else { return Ok(()) };
    let world = Scim::on(server, &[("page", "20"), ("filter", "false")])?;
    for at in 0..30 {
        world.server()?.add_group(&format!("group {at}"), &[&world.bob])?;
    }
    let opened = world.opened()?;
    let list = opened.doors.doors(&world.leaver().0, "bob", &suite::cx())?;
    assert_eq!(list.listing, Listing::Partial);
    assert!(list.gaps.iter().any(|gap| gap.contains("came again: it says 33, and 20 were listed")), "{:?}", list.gaps);
    Ok(())
}

#[test]
fn pages_are_put_together() -> Result<()> {
    let Some(server) = ScimServer::scim2_server()? else { return Ok(()) };
    let world = Scim::on(server, &[("page", "7"), ("filter", "false")])?;
    for at in 0..20 {
        world.server()?.add_group(&format!("group {at}"), &[&world.bob])?;
    }
    let list = world.opened()?.doors.doors(&world.leaver().0, "bob", &suite::cx())?;
    assert_eq!((list.listing, list.gaps), (Listing::Complete, Vec::new()));
    let memberships = list.doors.iter().filter(|door| !door.attribute("group").is_empty()).count();
    assert_eq!(memberships, 22);
    Ok(())
}

/// Pages are counted off: where somebody else removes a group that was listed, the next page begins one
/// too late. All is listed again; where it never stops, what is listed is told as partial.
#[test]
fn what_others_change_between_two_pages_hides_nothing_else() -> Result<()> {
    for (changes, expected) in [(1, Listing::Complete), (u32::MAX, Listing::Partial)] {
        let Some(server) = ScimServer::scim2_server()? else { return Ok(()) };
        let mut world = Scim::on(server, &[("page", "3"), ("filter", "false")])?;
        let (server, bob) = (Arc::new(world.server.take().context("it is stopped")?), world.bob.clone());
        let goes = |at: u32| server.add_group(&format!("goes {at}"), &[&world.ann]);
        let going: Vec<String> = (0..40).map(goes).collect::<Result<_>>()?;
        let stays = |at: u32| server.add_group(&format!("stays {at}"), &[&bob]);
        let staying: Vec<String> = (0..12).map(stays).collect::<Result<_>>()?;
        let (other, done) = (server.clone(), AtomicU32::new(0));
        let wire = Wire::to(server.port(), move |turn| {
            // From the third page on what goes was listed already.
            let later = turn.says("/Groups?startIndex=") && !turn.says("startIndex=1&") && !turn.says("startIndex=3&");
            if turn.moment == Moment::Asked && later && done.load(Ordering::SeqCst) < changes {
                let at = done.fetch_add(1, Ordering::SeqCst) as usize;
                // What comes in its place keeps the total as it was.
                let came = other.add_group(&format!("came {at}"), &[]);
                let went = going.get(at).map_or(Ok(()), |id| other.delete("Groups", id));
                assert!(came.is_ok() && went.is_ok(), "{came:?} {went:?}");
            }
            Pass::On
        })?;
        world.url = server.url_by(wire.port());
        let list = world.opened()?.doors.doors(&world.leaver().0, "bob", &suite::cx())?;
        assert_eq!(list.listing, expected, "{:?}", list.gaps);
        let listed: Vec<&str> = list.doors.iter().map(|door| door.attribute("group")).collect();
        if expected == Listing::Complete {
            let missing: Vec<&String> = staying.iter().filter(|id| !listed.contains(&id.as_str())).collect();
            ensure!(missing.is_empty(), "passed over, and told as complete: {missing:?}");
        } else {
            ensure!(list.gaps.iter().any(|gap| gap.contains("it changes while it is listed")), "{:?}", list.gaps);
            ensure!(!listed.is_empty(), "what was seen is not told");
        }
    }
    Ok(())
}

/// Somebody is deleted, and made anew by signing in (JIT): another id, the same name, and a way in again.
#[test]
fn who_is_made_anew_under_the_same_name_is_open() -> Result<()> {
    for server in [ScimServer::scim2_server()?, ScimServer::scimmy(Honesty::Honest)?].into_iter().flatten() {
        let world = Scim::on(server, &[])?;
        let opened = world.opened()?;
        let door = world.doors(&opened)?.into_iter().find(|door| door.kind == DoorKind::Login).context("no login")?;
        world.server()?.delete("Users", &world.bob)?;
        let seen = suite::tried(&world, opened.probe.as_ref(), &door, false);
        assert_eq!(seen.state, DoorState::Closed, "{seen:?}");
        let anew = world.server()?.add_user("bob", &[])?;
        let seen = suite::tried(&world, opened.probe.as_ref(), &door, false);
        assert_eq!(seen.state, DoorState::Open { until: None }, "{seen:?}");
        ensure!(anew != world.bob && seen.evidence.contains(&anew), "{}", seen.evidence);
    }
    Ok(())
}

#[test]
fn a_token_that_may_only_read_cannot_cut() -> Result<()> {
    let Some(server) = ScimServer::scimmy(Honesty::Honest)? else { return Ok(()) };
    let world = Scim::on(server, &[])?;
    let mut opened = world.opened()?;
    let open = connector("scim").ok().and_then(|it| it.open_action).context("it closes none")?;
    opened.action = open(&world.connection(For::Reading).context("no connection")?)?;
    let (_, said) = world.first_step(&opened, DoorKind::Login)?;
    assert!(matches!(said, Err(ActError::NotAllowed { .. })), "{said:?}");
    assert!(world.is_active(&world.bob)?);
    Ok(())
}

/// Without a twin, a user who is shown switched off may be the probe's fault.
#[test]
fn without_a_twin_nothing_is_closed() -> Result<()> {
    let Some(server) = ScimServer::scim2_server()? else { return Ok(()) };
    let world = Scim::on(server, &[])?;
    let opened = world.opened()?;
    let (door, _) = world.first_step(&opened, DoorKind::Login)?;
    let open = connector("scim").ok().and_then(|it| it.open_probe).context("it tries none")?;
    let connection = Connection { twin: None, ..world.connection(For::Probing).context("no connection")? };
    let tried = suite::tried(&world, open(&connection)?.as_ref(), &door, false);
    assert_eq!(tried.state, DoorState::Unknown(UnknownWhy::Ambiguous));
    Ok(())
}

/// What is undone by the inverse is as it was.
#[test]
fn a_cut_can_be_undone() -> Result<()> {
    let Some(server) = ScimServer::scim2_server()? else { return Ok(()) };
    let world = Scim::on(server, &[])?;
    let opened = world.opened()?;
    let doors = world.doors(&opened)?;
    let drafts = |undo: bool| -> Vec<(&Door, sever_model::StepDraft)> {
        let steps = doors.iter().flat_map(|door| opened.action.steps(door).into_iter().map(move |step| (door, step)));
        let turned = steps.filter_map(|(door, mut step)| match (&step.inverse, undo) {
            (_, false) => Some((door, step)),
            (sever_model::Inverse::By(operation), true) => {
                step.operation = operation.clone();
                Some((door, step))
            }
            _ => None,
        });
        turned.collect()
    };
    suite::execute(&opened, &drafts(false))?;
    for door in &doors {
        assert_eq!(world.gets_in(door)?, Some(false), "{}", door.id);
        let tried = suite::tried(&world, opened.probe.as_ref(), door, false);
        ensure!(tried.controls.iter().any(|it| it.kind == ControlKind::Negative), "{tried:?}");
    }
    suite::execute(&opened, &drafts(true))?;
    for door in &doors {
        assert_eq!(world.gets_in(door)?, Some(true), "{}", door.id);
    }
    assert_eq!(world.doors(&opened)?, doors);
    Ok(())
}
