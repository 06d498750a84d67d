//! `openssh` against real hosts: two sshd with users and processes of their own, and the real client.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};
use sever_connect::{Connection, Login};
use sever_model::act::{ActError, Trial, Tried};
use sever_model::{
    AccountId, ControlKind, Door, DoorKind, DoorState, Inverse, Listing, Said, Secret, StepDraft, UnknownWhy,
    VerdictStrength,
};
use sever_testkit::{Held, SshHost, SshKeys, wait_until};

use crate::suite::{self, Expected, For, Opened, World};

const CERTIFIED: &str = "TrustedUserCAKeys /etc/ssh/user_ca.pub\nRevokedKeys /etc/ssh/revoked_keys\n";

struct Hosts {
    keys: SshKeys,
    web: Option<SshHost>,
    db: Option<SshHost>,
    held: Mutex<Option<Held>>,
}

impl Hosts {
    /// Two hosts: bob with a key at both, which opens `deploy` at one too, and with a certificate; ann beside
    /// him. `more` is told to the first.
    fn start(more: &str) -> Result<Option<Hosts>> {
        let keys = SshKeys::new()?;
        for (name, comment) in [
            ("root", "severance"),
            ("twin", "severance-twin"),
            ("ann", "ann@laptop"),
            ("bob", "bob@laptop"),
            ("ann-signed", "ann"),
            ("bob-signed", "bob"),
            ("ca", "authority"),
            ("stranger", "stranger"),
        ] {
            keys.make(name, comment)?;
        }
        let issued = keys.certify("ca", "ann-signed", "ann@shop.example", "ann,bob", &["-z", "1"])?
            + &keys.certify("ca", "bob-signed", "bob@shop.example", "bob", &["-z", "2"])?;
        std::fs::write(keys.file("issued"), issued)?;
        let (authority, list) = (keys.public("ca")?, keys.empty_list()?);
        let etc: [(&str, &[u8]); 4] = [
            ("user_ca.pub", authority.as_bytes()),
            ("revoked_keys", &list),
            ("auth_principals/bob", b"bob\n"),
            ("auth_principals/ann", b"# hers\nann\nbob-helps-ann\n"),
        ];
        let Some(web) = SshHost::start("web1", &format!("{CERTIFIED}{more}"), &etc)? else { return Ok(None) };
        let Some(db) = SshHost::start("db1", "", &[])? else { return Ok(None) };
        let world = Hosts { keys, web: Some(web), db: Some(db), held: Mutex::new(None) };
        for host in [world.web()?, world.db()?] {
            for (user, names) in [
                ("root", ["root"].as_slice()),
                ("severance-twin", &["twin"]),
                ("ann", &["ann"]),
                ("bob", &["bob"]),
                ("deploy", &["ann"]),
            ] {
                let lines: Result<String> = names.iter().map(|name| world.keys.public(name)).collect();
                host.let_in(user, lines?.as_bytes())?;
            }
        }
        let shared = format!("# deploys\n{}{}", world.keys.public("ann")?, world.keys.public("bob")?);
        world.web()?.let_in("deploy", shared.as_bytes())?;
        std::fs::write(world.keys.file("known"), world.web()?.known_hosts()? + &world.db()?.known_hosts()?)?;
        Ok(Some(world))
    }

    fn web(&self) -> Result<&SshHost> {
        self.web.as_ref().context("web1 is stopped")
    }

    fn db(&self) -> Result<&SshHost> {
        self.db.as_ref().context("db1 is stopped")
    }

    fn host(&self, name: &str) -> Result<&SshHost> {
        if name == "web1" { self.web() } else { self.db() }
    }

    fn path(&self, name: &str) -> String {
        self.keys.file(name).display().to_string()
    }

    fn login(&self, user: &str, key: &str) -> Option<Login> {
        Some(Login { user: user.to_owned(), secret: Secret::new(self.keys.private(key).ok()?) })
    }

    /// Bob's doors.
    fn list(&self, opened: &Opened) -> Result<sever_model::DoorList> {
        Ok(opened.doors.doors(&"hosts/bob".into(), "bob", &suite::cx())?)
    }

    fn try_it(&self, opened: &Opened, door: &Door) -> Tried {
        opened.probe.try_door(door, &Trial { nonce: "severance-trap", secret: None, replaced: false }, &suite::cx())
    }
}

impl World for Hosts {
    fn connector(&self) -> &'static str {
        "openssh"
    }

    fn connection(&self, what: For) -> Option<Connection> {
        // What it is set to stays when the hosts are gone.
        let places = [self.web().ok()?.place(), self.db().ok()?.place()].join(",");
        let settings = [("hosts", places), ("known_hosts", self.path("known")), ("certificates", self.path("issued"))];
        let settings: BTreeMap<String, String> =
            settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let (login, twin) = match what {
            For::ProbingWrongly => (self.login("root", "stranger"), self.login("severance-twin", "stranger")),
            For::Probing => (self.login("severance-twin", "twin"), self.login("severance-twin", "twin")),
            For::Reading | For::Cutting => (self.login("root", "root"), None),
        };
        Some(Connection { id: "hosts".into(), system: "hosts".into(), url: String::new(), settings, login, twin })
    }

    fn leaver(&self) -> (AccountId, String) {
        ("hosts/bob".into(), "bob".to_owned())
    }

    fn doors(&self) -> Vec<(DoorKind, usize)> {
        vec![(DoorKind::LiveConnection, 1), (DoorKind::SshKey, 3), (DoorKind::Certificate, 1)]
    }

    fn expected(&self, door: &Door) -> Expected {
        match door.kind {
            DoorKind::SshKey | DoorKind::Certificate => Expected::TRIED,
            _ => Expected::OBSERVED,
        }
    }

    fn secret(&self, door: &Door) -> Option<Secret<String>> {
        let is_his = door.kind == DoorKind::SshKey && door.attribute("user") == "bob";
        is_his.then(|| self.keys.private("bob").ok().map(Secret::new)).flatten()
    }

    fn gets_in(&self, door: &Door) -> Result<Option<bool>> {
        let (host, user) = (door.attribute("host"), door.attribute("user"));
        Ok(Some(match door.kind {
            DoorKind::LiveConnection => {
                let mut held = self.held.lock().map_err(|_| anyhow::anyhow!("a test panicked"))?;
                held.as_mut().context("nothing is held")?.is_open()?
            }
            DoorKind::Certificate => self.keys.log_in(self.host(host)?, user, "bob-signed")?,
            _ => self.keys.log_in(self.host(host)?, user, "bob")?,
        }))
    }

    fn bystander_gets_in(&self) -> Result<bool> {
        Ok(self.keys.log_in(self.web()?, "ann", "ann")?
            && self.keys.log_in(self.db()?, "ann", "ann")?
            && self.keys.log_in(self.web()?, "deploy", "ann")?
            && self.keys.log_in(self.web()?, "ann", "ann-signed")?)
    }

    fn stop(&mut self) {
        (self.web, self.db) = (None, None);
    }
}

/// The doors of a kind.
fn of(doors: &[Door], kind: DoorKind) -> Vec<&Door> {
    doors.iter().filter(|door| door.kind == kind).collect()
}

fn is_open(tried: &Tried) -> bool {
    matches!(tried.state, DoorState::Open { .. })
}

/// The steps of some doors.
fn steps<'a>(opened: &Opened, doors: &[&'a Door]) -> Vec<(&'a Door, StepDraft)> {
    doors.iter().flat_map(|door| opened.action.steps(door).into_iter().map(move |step| (*door, step))).collect()
}

#[test]
fn it_keeps_the_contract() -> Result<()> {
    let Some(mut world) = Hosts::start("")? else { return Ok(()) };
    world.held = Mutex::new(Some(world.keys.hold(world.db()?, "bob", "bob")?));
    suite::keeps(&mut world)
}

#[test]
fn a_connection_outlives_its_key_until_it_is_ended() -> Result<()> {
    let Some(world) = Hosts::start("")? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let mut held = world.keys.hold(world.web()?, "bob", "bob")?;
    let mut beside = world.keys.hold(world.web()?, "ann", "ann")?;
    let doors = world.list(&opened)?.doors;
    let (keys, live) = (of(&doors, DoorKind::SshKey), of(&doors, DoorKind::LiveConnection));
    ensure!(live.len() == 1, "{live:?}");
    suite::execute(&opened, &steps(&opened, &keys))?;
    for door in &keys {
        ensure!(world.try_it(&opened, door).state == DoorState::Closed, "{}", door.id);
    }
    ensure!(held.is_open()? && is_open(&world.try_it(&opened, live[0])), "the connection ended with the key");
    // A process that only has the number is not theirs.
    let mut stale = live[0].clone();
    stale.attributes.insert("begun".to_owned(), "1".to_owned());
    suite::execute(&opened, &steps(&opened, &[&stale]))?;
    ensure!(held.is_open()?, "a process was ended by its number alone");

    suite::execute(&opened, &steps(&opened, &live))?;
    wait_until("the connection to end", || Ok((!held.is_open()?).then_some(())))?;
    let tried = world.try_it(&opened, live[0]);
    ensure!(tried.state == DoorState::Closed && tried.strength == VerdictStrength::Observed, "{tried:?}");
    ensure!(beside.is_open()?, "the bystander's connection ended");
    Ok(())
}

#[test]
fn a_line_comes_back_where_it_was_with_its_options_owner_and_mode() -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let Some(world) = Hosts::start("")? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let (ann, bob) = (world.keys.public("ann")?, world.keys.public("bob")?);
    let mut file = format!("# first\r\n{ann}command=\"echo hello\",no-pty {bob}").into_bytes();
    file.extend(b"\xff\xfe\0 not a key\n\n# no end");
    world.web()?.let_in("bob", &file)?;
    let path = world.web()?.keys_of("bob");
    let before = std::fs::metadata(&path)?;
    let doors = world.list(&opened)?.doors;
    let his: Vec<&Door> = of(&doors, DoorKind::SshKey);
    let door = his.iter().find(|door| door.attribute("forced") == "true").context("no forced command")?;
    ensure!(is_open(&world.try_it(&opened, door)));

    let drafts = steps(&opened, &[door]);
    suite::execute(&opened, &drafts)?;
    let left = std::fs::read(&path)?;
    ensure!(left == [format!("# first\r\n{ann}").as_bytes(), b"\xff\xfe\0 not a key\n\n# no end"].concat(), "{left:?}");
    let after = std::fs::metadata(&path)?;
    ensure!((before.uid(), before.gid(), before.mode()) == (after.uid(), after.gid(), after.mode()));
    ensure!(before.ino() != after.ino(), "written in place, not replaced");
    ensure!(world.try_it(&opened, door).state == DoorState::Closed);

    let undo: Vec<(&Door, StepDraft)> = drafts
        .into_iter()
        .filter_map(|(door, draft)| match draft.inverse.clone() {
            Inverse::By(operation) => Some((door, StepDraft { operation, ..draft })),
            _ => None,
        })
        .collect();
    suite::execute(&opened, &undo)?;
    ensure!(std::fs::read(&path)? == file, "not as it was");
    suite::execute(&opened, &undo).context("a second time")?;
    ensure!(std::fs::read(&path)? == file, "put back twice");
    Ok(())
}

#[test]
fn a_line_that_sets_variables_is_in_no_plan() -> Result<()> {
    let Some(world) = Hosts::start("")? else { return Ok(()) };
    let line = format!("environment=\"TOKEN=kept-to-itself\" {}", world.keys.public("bob")?);
    world.web()?.let_in("bob", line.as_bytes())?;
    let opened = suite::open(&world)?;
    let doors = world.list(&opened)?.doors;
    let door = doors.iter().find(|door| door.attribute("environment") == "true").context("no such door")?;
    let drafts = steps(&opened, &[door]);
    let said = format!("{door:?} {drafts:?}");
    let lines: BTreeMap<String, Vec<serde_json::Value>> = serde_json::from_str(door.attribute("lines"))?;
    ensure!(lines.values().flatten().all(|taken| taken["line"] == ""), "{lines:?}");
    ensure!(!said.contains("kept-to-itself"), "{said}");
    ensure!(drafts.iter().all(|(_, draft)| draft.inverse == Inverse::None), "{drafts:?}");
    suite::execute(&opened, &drafts)?;
    ensure!(world.try_it(&opened, door).state == DoorState::Closed);
    Ok(())
}

#[test]
fn a_line_for_some_addresses_refuses_us_and_is_not_closed_by_that() -> Result<()> {
    let Some(world) = Hosts::start("")? else { return Ok(()) };
    let line = format!("from=\"192.0.2.7\" {}", world.keys.public("bob")?);
    world.web()?.let_in("bob", line.as_bytes())?;
    let opened = suite::open(&world)?;
    let doors = world.list(&opened)?.doors;
    let door = doors.iter().find(|door| door.attribute("from") == "true").context("no such door")?;
    let tried = world.try_it(&opened, door);
    ensure!(tried.state == DoorState::Unknown(UnknownWhy::Ambiguous), "{tried:?}");
    // Whoever may look at the file sees that it is there.
    let connector = sever_connect::connector("openssh").map_err(|_| anyhow::anyhow!("no connector"))?;
    let mut seeing = world.connection(For::Probing).context("no connection")?;
    seeing.login = world.login("root", "root");
    let seeing = connector.open_probe.context("no probe")?(&seeing)?;
    let trial = Trial { nonce: "severance-trap", secret: None, replaced: false };
    let look = || seeing.try_door(door, &trial, &suite::cx());
    ensure!(is_open(&look()) && look().strength == VerdictStrength::Observed, "{:?}", look());
    suite::execute(&opened, &steps(&opened, &[door]))?;
    ensure!(look().state == DoorState::Closed && look().strength == VerdictStrength::Observed, "{:?}", look());
    Ok(())
}

#[test]
fn a_certificate_is_refused_once_revoked_and_its_neighbour_is_not() -> Result<()> {
    let Some(world) = Hosts::start("AuthorizedPrincipalsFile /etc/ssh/auth_principals/%u\n")? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let doors = world.list(&opened)?.doors;
    let certificates = of(&doors, DoorKind::Certificate);
    let [door] = certificates.as_slice() else { anyhow::bail!("{certificates:?}") };
    ensure!(door.until.is_some() && is_open(&world.try_it(&opened, door)));
    let drafts = steps(&opened, &[door]);
    let (principal, list): (Vec<_>, Vec<_>) =
        drafts.into_iter().partition(|(_, draft)| matches!(draft.inverse, Inverse::By(_)));
    ensure!(principal.len() == 1 && list.len() == 1, "{principal:?} {list:?}");

    suite::execute(&opened, &principal)?;
    ensure!(world.try_it(&opened, door).state == DoorState::Closed, "by the principal");
    let undo: Vec<(&Door, StepDraft)> = principal
        .iter()
        .filter_map(|(door, draft)| match draft.inverse.clone() {
            Inverse::By(operation) => Some((*door, StepDraft { operation, ..draft.clone() })),
            _ => None,
        })
        .collect();
    suite::execute(&opened, &undo)?;
    ensure!(is_open(&world.try_it(&opened, door)), "the principal does not come back");

    suite::execute(&opened, &list)?;
    let tried = world.try_it(&opened, door);
    ensure!(tried.state == DoorState::Closed && tried.strength == VerdictStrength::Tried, "{tried:?}");
    ensure!(!world.keys.log_in(world.web()?, "bob", "bob-signed")?, "the real client gets in");
    ensure!(world.keys.log_in(world.web()?, "ann", "ann-signed")?, "the neighbour does not");
    suite::with_plan(&list, |approved| {
        for step in approved.steps() {
            ensure!(opened.action.execute(&step, &suite::cx())?.said == Said::Already, "revoked twice");
        }
        Ok(())
    })
}

#[test]
fn a_certificate_for_some_addresses_is_not_closed_by_refusing_us() -> Result<()> {
    let Some(world) = Hosts::start("")? else { return Ok(()) };
    let limited = ["-z", "9", "-O", "source-address=192.0.2.7"];
    let issued = world.keys.certify("ca", "bob-signed", "bob@shop.example", "bob", &limited)?;
    std::fs::write(world.keys.file("issued"), issued)?;
    let opened = suite::open(&world)?;
    let doors = world.list(&opened)?.doors;
    let [door] = of(&doors, DoorKind::Certificate)[..] else { anyhow::bail!("{doors:?}") };
    let tried = world.try_it(&opened, door);
    ensure!(tried.state == DoorState::Unknown(UnknownWhy::Ambiguous), "{tried:?}");
    Ok(())
}

#[test]
fn an_authority_in_a_keys_file_is_a_door_of_its_own() -> Result<()> {
    let Some(world) = Hosts::start("")? else { return Ok(()) };
    let file = format!("cert-authority {}{}", world.keys.public("ca")?, world.keys.public("bob")?);
    world.db()?.let_in("bob", file.as_bytes())?;
    let opened = suite::open(&world)?;
    let list = world.list(&opened)?;
    ensure!(list.gaps.iter().any(|gap| gap.starts_with("db1: ") && gap.contains("RevokedKeys")), "{:?}", list.gaps);
    let delegations = of(&list.doors, DoorKind::Delegation);
    let [authority] = delegations.as_slice() else { anyhow::bail!("{delegations:?}") };
    let certificate = list.doors.iter().find(|it| it.kind == DoorKind::Certificate && it.native.ends_with("@db1/bob"));
    let certificate = certificate.context("what the authority signed for him is not seen")?;
    ensure!(is_open(&world.try_it(&opened, certificate)));
    // Nobody but root sees the file, and an authority cannot be shown.
    let tried = world.try_it(&opened, authority);
    ensure!(tried.state == DoorState::Unknown(UnknownWhy::NotPermitted), "{tried:?}");
    suite::execute(&opened, &steps(&opened, &[authority]))?;
    ensure!(world.try_it(&opened, certificate).state == DoorState::Closed);
    ensure!(world.keys.log_in(world.db()?, "bob", "bob")?, "his own line went with it");
    Ok(())
}

#[test]
fn the_same_key_elsewhere_is_a_door_of_its_own_and_a_colleagues_is_left() -> Result<()> {
    let Some(world) = Hosts::start("")? else { return Ok(()) };
    let (ann, bob) = (world.keys.public("ann")?, world.keys.public("bob")?);
    // Bob let ann in; and somebody wrote his key into root's file at the other host.
    world.web()?.let_in("bob", format!("{bob}{ann}").as_bytes())?;
    world.db()?.let_in("root", format!("{}{bob}", world.keys.public("root")?).as_bytes())?;
    let opened = suite::open(&world)?;
    let list = world.list(&opened)?;
    let mut places: Vec<String> = of(&list.doors, DoorKind::SshKey)
        .iter()
        .map(|door| format!("{}/{} {}", door.attribute("host"), door.attribute("user"), door.title.contains("ann@")))
        .collect();
    places.sort();
    let expected = ["db1/bob false", "db1/root false", "web1/bob false", "web1/bob true", "web1/deploy false"];
    ensure!(places == expected, "{places:?}");
    // What ann's key opens besides is said, and left.
    ensure!(list.listing == Listing::Partial && list.gaps.iter().all(|gap| gap.contains("deploy")), "{:?}", list.gaps);

    let one: Vec<&Door> =
        of(&list.doors, DoorKind::SshKey).into_iter().filter(|it| it.native.ends_with("web1/bob")).collect();
    suite::execute(&opened, &steps(&opened, &one))?;
    for door in of(&list.doors, DoorKind::SshKey).into_iter().filter(|door| !door.title.contains("ann@")) {
        let open = is_open(&world.try_it(&opened, door));
        ensure!(open != door.native.ends_with("web1/bob"), "{}: {open}", door.id);
    }
    ensure!(world.bystander_gets_in()?);
    Ok(())
}

#[test]
fn an_enormous_binary_file_is_read_and_cut_like_any() -> Result<()> {
    let Some(world) = Hosts::start("")? else { return Ok(()) };
    let bob = world.keys.public("bob")?;
    let junk: Vec<u8> = (0..3_000_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let file = [&junk, b"\n\0".as_slice(), b"\n", bob.as_bytes(), &junk].concat();
    world.web()?.let_in("bob", &file)?;
    let opened = suite::open(&world)?;
    let list = world.list(&opened)?;
    ensure!(list.gaps.iter().all(|gap| gap.contains("cannot be read as keys")), "{:?}", list.gaps);
    let door = of(&list.doors, DoorKind::SshKey).into_iter().find(|door| door.native.ends_with("web1/bob"));
    let door = door.context("the key is not seen")?;
    ensure!(is_open(&world.try_it(&opened, door)), "{door:?}");
    suite::execute(&opened, &steps(&opened, &[door]))?;
    ensure!(std::fs::read(world.web()?.keys_of("bob"))? == [&junk, b"\n\0\n".as_slice(), &junk].concat());
    ensure!(world.try_it(&opened, door).state == DoorState::Closed);
    Ok(())
}

#[test]
fn two_edits_at_once_lose_nothing_and_a_link_stays_one() -> Result<()> {
    let Some(world) = Hosts::start("")? else { return Ok(()) };
    let second = world.keys.make("bob-second", "bob@desk")?;
    let (ann, bob) = (world.keys.public("ann")?, world.keys.public("bob")?);
    let path = world.web()?.keys_of("bob");
    world.web()?.let_in("bob", format!("{bob}{ann}{second}").as_bytes())?;
    let real = path.with_file_name("kept-elsewhere");
    std::fs::rename(&path, &real)?;
    std::os::unix::fs::symlink("kept-elsewhere", &path)?;
    let opened = suite::open(&world)?;
    let doors = world.list(&opened)?.doors;
    let his = of(&doors, DoorKind::SshKey).into_iter().filter(|it| it.native.ends_with("@web1/bob"));
    let his: Vec<&Door> = his.filter(|it| it.title.contains("bob@")).collect();
    ensure!(his.len() == 2, "{his:?}");
    std::thread::scope(|scope| -> Result<()> {
        let both: Vec<_> =
            his.iter().map(|door| scope.spawn(|| suite::execute(&opened, &steps(&opened, &[door])))).collect();
        both.into_iter().try_for_each(|one| one.join().map_err(|_| anyhow::anyhow!("it panicked"))?)
    })?;
    ensure!(path.is_symlink() && std::fs::read_to_string(&real)? == ann, "{:?}", std::fs::read_to_string(&real));
    let beside: Vec<_> = std::fs::read_dir(real.parent().context("no folder")?)?.collect::<Result<_, _>>()?;
    ensure!(beside.len() == 2, "left behind: {beside:?}");
    Ok(())
}

#[test]
fn a_server_that_weighs_addresses_closes_nothing_by_refusing_us() -> Result<()> {
    let Some(world) = Hosts::start("AllowUsers root severance-twin ann bob@192.0.2.7 deploy\n")? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let doors = world.list(&opened)?.doors;
    let door = doors.iter().find(|it| it.native.ends_with("@web1/bob") && it.kind == DoorKind::SshKey);
    let tried = world.try_it(&opened, door.context("no such door")?);
    ensure!(tried.state == DoorState::Unknown(UnknownWhy::Ambiguous), "{tried:?}");
    Ok(())
}

#[test]
fn a_host_that_is_gone_is_a_gap_and_unknown() -> Result<()> {
    let Some(mut world) = Hosts::start("")? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let all = world.list(&opened)?.doors;
    world.db = None;
    let list = world.list(&opened)?;
    ensure!(
        list.listing == Listing::Partial && list.gaps.iter().any(|gap| gap.starts_with("db1: ")),
        "{:?}",
        list.gaps
    );
    ensure!(list.doors.len() == all.len() - 1, "{:?}", list.doors);
    let gone = all.iter().find(|door| door.native.ends_with("@db1/bob")).context("no such door")?;
    let tried = world.try_it(&opened, gone);
    ensure!(tried.state == DoorState::Unknown(UnknownWhy::Unreachable), "{tried:?}");
    suite::with_plan(&steps(&opened, &[gone]), |approved| {
        for step in approved.steps() {
            let said = opened.action.execute(&step, &suite::cx());
            ensure!(matches!(said, Err(ActError::Unreachable(_))), "{said:?}");
        }
        Ok(())
    })
}

#[test]
fn a_stranger_in_a_hosts_place_is_not_believed() -> Result<()> {
    let Some(world) = Hosts::start("")? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let doors = world.list(&opened)?.doors;
    let other = world.keys.public("stranger")?;
    let other: Vec<&str> = other.split_whitespace().take(2).collect();
    let known = std::fs::read_to_string(world.keys.file("known"))?;
    let wrong = known.lines().map(|line| format!("{} {}\n", line.split(' ').next().unwrap_or(""), other.join(" ")));
    std::fs::write(PathBuf::from(world.path("known")), wrong.collect::<String>())?;
    for door in &doors {
        let tried = world.try_it(&opened, door);
        ensure!(matches!(tried.state, DoorState::Unknown(_)), "{tried:?}");
    }
    ensure!(world.list(&opened).is_err(), "doors of a stranger");
    Ok(())
}

#[test]
fn no_key_is_left_behind_or_told() -> Result<()> {
    let Some(world) = Hosts::start("")? else { return Ok(()) };
    let opened = suite::open(&world)?;
    let list = world.list(&opened)?;
    let secrets: Vec<String> =
        ["root", "twin", "bob"].iter().map(|it| world.keys.private(it)).collect::<Result<_>>()?;
    for door in &list.doors {
        let secret = world.secret(door);
        let trial = Trial { nonce: "severance-left", secret: secret.as_ref(), replaced: false };
        let tried = opened.probe.try_door(door, &trial, &suite::cx());
        let said = format!("{door:?} {tried:?} {:?}", opened.action.steps(door));
        for secret in &secrets {
            let body: Vec<&str> = secret.lines().filter(|line| !line.starts_with('-')).collect();
            ensure!(body.iter().all(|line| !said.contains(line)), "a private key is told");
        }
        let negative = tried.controls.iter().find(|it| it.kind == ControlKind::Negative);
        if let Some(fingerprint) = negative.and_then(|it| it.what.rsplit(' ').next()) {
            // sshd's own log has the offer by which it is known again.
            let host = world.host(door.attribute("host"))?;
            wait_until("sshd to log the offer", || Ok(host.log().contains(fingerprint).then_some(())))?;
        }
    }
    Ok(())
}
