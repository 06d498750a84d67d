//! Plans: which doors, left alone or closed, in which order, and why.

use proptest::prelude::*;
use sever_model::act::Cx;
use sever_model::*;

use super::*;
use crate::tests::*;

/// A connection whose systems close what their doors' kinds say.
struct Closing {
    connection: ConnectionId,
    steps: fn(&Door) -> Vec<StepDraft>,
}

impl Action for Closing {
    fn connection(&self) -> &ConnectionId {
        &self.connection
    }
    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        let mut drafts = (self.steps)(door);
        drafts.iter_mut().for_each(|draft| draft.operation.connection = self.connection.clone());
        drafts
    }
    fn execute(&self, _: &ApprovedStep<'_>, _: &Cx<'_>) -> Result<Receipt, act::ActError> {
        Err(act::ActError::BadStep("a plan executes nothing".to_owned()))
    }
}

fn draft(phase: Phase, verb: &str, door: &Door, inverse: Inverse) -> StepDraft {
    let operation = Operation {
        connection: "".into(),
        verb: verb.to_owned(),
        target: door.native.clone(),
        arguments: BTreeMap::new(),
    };
    let (how, reason) = (verb.to_owned(), String::new());
    let (breaks, after) = (Vec::new(), Vec::new());
    StepDraft { phase, operation, how, reason, inverse, breaks, replaces_secret: false, window: Span::secs(5), after }
}

/// What most systems do: disable, then delete, the account; revoke the rest; memberships not at all.
fn usual(door: &Door) -> Vec<StepDraft> {
    match door.kind {
        DoorKind::Login => {
            vec![
                draft(Phase::Contain, "disable", door, Inverse::Renewed),
                draft(Phase::Cut, "delete", door, Inverse::None),
            ]
        }
        DoorKind::Membership => Vec::new(),
        DoorKind::SigningKey | DoorKind::Secret => vec![draft(Phase::Rotate, "rotate", door, Inverse::None)],
        _ => vec![draft(Phase::Cut, "revoke", door, Inverse::Renewed)],
    }
}

/// Input that tests change.
struct Asking {
    facts: Vec<FactRow>,
    lists: Vec<Listed>,
    links: Vec<SystemLink>,
    steps: fn(&Door) -> Vec<StepDraft>,
    verifiers: Vec<Verifier>,
    protected: Protected,
    owners: BTreeMap<SystemId, String>,
    to: Option<&'static str>,
    made_at: i64,
}

impl Asking {
    /// Bob, who left on day 40, with an account at `l`; and Ann, who stays.
    fn of(more: Vec<FactRow>) -> Asking {
        let mut facts = vec![
            person("8", "Bob Ray", "bob@x.example"),
            stint("8", "1", "Platform", days(0, 40)),
            person("7", "Ann Lee", "ann@x.example"),
            stint("7", "1", "Platform", Valid::since(at(0))),
            own("l/bob", "8"),
            own("l/ann", "7"),
        ];
        facts.extend(more);
        let owners = BTreeMap::new();
        Asking {
            facts,
            lists: Vec::new(),
            links: Vec::new(),
            steps: usual,
            verifiers: Vec::new(),
            protected: Protected::default(),
            owners,
            to: None,
            made_at: 100,
        }
    }

    /// With a connection that lists, closes and tries everything at these systems.
    fn connected(mut self, systems: &[&str]) -> Asking {
        self.links.extend(systems.iter().map(|system| SystemLink {
            connection: format!("{system}-live").as_str().into(),
            system: SystemId::from(*system),
            can_list: true,
            can_close: true,
            tries: DoorKind::ALL.to_vec(),
        }));
        self
    }

    fn listing(mut self, account: &str, doors: Vec<Door>) -> Asking {
        let list = DoorList { doors, listing: Listing::Complete, gaps: Vec::new() };
        let connection = format!("{}-live", AccountId::from(account).system()).as_str().into();
        self.lists.push(Listed { connection, account: account.into(), list: Ok(list) });
        self
    }

    fn planned(&self, word: &str) -> Result<Plan, Unplannable> {
        let inventory = inventory(self.facts.clone());
        let asked = *crate::find(&inventory, word).first().expect("it is there");
        let actions: Vec<Closing> =
            self.links.iter().map(|link| Closing { connection: link.connection.clone(), steps: self.steps }).collect();
        let actions: Vec<&dyn Action> = actions.iter().map(|action| action as &dyn Action).collect();
        let input = PlanInput {
            at: at(50),
            made_at: WallTime::from_secs(self.made_at),
            cause: self.to.map_or(Cause::Leaves, |to| Cause::Moves { to }),
            not_before: None,
            zone: "UTC",
            lists: &self.lists,
            systems: &self.links,
            actions: &actions,
            verifiers: &self.verifiers,
            protected: &self.protected,
            owners: &self.owners,
            hand_off: &HandOffTo { owner: Some("it@x.example".to_owned()), deadline: Span::days(1) },
            stale_after: Span::days(7),
        };
        plan(&inventory, asked, &input)
    }

    fn plan(&self, word: &str) -> Plan {
        let plan = self.planned(word).unwrap();
        sound(&plan);
        plan
    }

    /// The doors, the steps and what is left alone, a line each.
    fn told(&self) -> String {
        lines(&self.plan("8"))
    }
}

fn lines(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for planned in &plan.doors {
        let strength = planned.strength.map_or(String::new(), |it| format!(" [{}]", it.words()));
        let breaks =
            if planned.breaks.is_empty() { String::new() } else { format!(" ⚠ {}", planned.breaks.join("; ")) };
        lines.push(format!("{}{strength}: {}{breaks}", planned.door.id, planned.how));
    }
    for step in &plan.steps {
        let after: Vec<String> = step.after.iter().map(|it| it.step.to_string()).collect();
        let after = if after.is_empty() { String::new() } else { format!(" after {}", after.join(", ")) };
        lines.push(format!("{} {} {}: {}{after}", step.number, step.phase.word(), step.door, step.how));
    }
    for one in &plan.excluded {
        lines.push(format!("left alone {} {:?}: {}", one.door.id, one.why, one.reason));
    }
    lines.join("\n")
}

/// What must be true of every plan.
fn sound(plan: &Plan) {
    let ids: Vec<&DoorId> =
        plan.doors.iter().map(|it| &it.door.id).chain(plan.excluded.iter().map(|it| &it.door.id)).collect();
    let once: std::collections::BTreeSet<&DoorId> = ids.iter().copied().collect();
    assert_eq!(once.len(), ids.len(), "a door is there twice: {ids:?}");
    for (at, step) in plan.steps.iter().enumerate() {
        assert_eq!(step.number as usize, at + 1);
        assert!(plan.door(&step.door).is_some(), "step {} is for no planned door", step.number);
        assert!(step.after.iter().all(|after| after.step < step.number && !after.reason.is_empty()), "{step:?}");
    }
    let phases: Vec<Phase> = plan.steps.iter().map(|step| step.phase).collect();
    assert!(phases.is_sorted(), "{phases:?}");
    assert_eq!(plan.digest().len(), 64);
}

fn own(id: &str, number: &str) -> FactRow {
    row(Fact::Account(Account { employee_number: Some(number.into()), ..an_account(id) }), Valid::ALWAYS)
}

fn made_by(id: &str, by: &str, kind: AccountKind) -> FactRow {
    row(Fact::Account(Account { created_by: Some(by.into()), kind, ..an_account(id) }), Valid::ALWAYS)
}

fn of_own(id: &str, kind: CredentialKind, account: &str) -> Credential {
    Credential { kind, account: Some(account.into()), kept_at: None, ..a_key(id, "") }
}

fn live(system: &str, kind: DoorKind, native: &str) -> Door {
    Door::new(&SystemId::from(system), kind, native)
}

#[test]
fn the_worked_example_holds() {
    let owned = Account { owner: Some("ann@x.example".into()), ..an_account("l/reports") };
    let reports = Account { created_by: Some("bob".into()), kind: AccountKind::Service, ..owned };
    let mut asking = Asking::of(vec![
        key(Credential { issuer: Some("https://id".into()), ..a_key("id/kid-1", "vault/kid-1") }),
        custody(of_account("l/bob"), "id/kid-1", Strength::Read, Valid::since(at(20))),
        made_by("l/zoe.temp", "bob", AccountKind::Human),
        row(Fact::Account(reports), Valid::ALWAYS),
    ])
    .connected(&["l", "id"]);
    asking.verifiers = ["web", "app"]
        .map(|it| Verifier { system: SystemId::from(it), issuer: "https://id".into(), key_ids: vec![] })
        .to_vec();
    let expect = "\
l/login/bob: disable; delete
l/login/zoe.temp: disable
id/signing-key/kid-1 [read]: rotate ⚠ 2 verifiers believe it: app, web
app/signing-key/kid-1 [read]: ask it@x.example: see that it refuses what the old key signs
web/signing-key/kid-1 [read]: ask it@x.example: see that it refuses what the old key signs
l/delegation/reports: ask ann@x.example: they made it, and ann@x.example answers for it: see that it is still needed
1 contain l/login/bob: disable
2 contain l/login/zoe.temp: disable
3 hand-over l/delegation/reports: ask ann@x.example: they made it, and ann@x.example answers for it: see that it is still needed
4 rotate id/signing-key/kid-1: rotate after 1
5 cut l/login/bob: delete after 1, 3
6 cut app/signing-key/kid-1: ask it@x.example: see that it refuses what the old key signs after 4
7 cut web/signing-key/kid-1: ask it@x.example: see that it refuses what the old key signs after 4";
    assert_eq!(asking.told(), expect);
}

#[test]
fn live_doors_and_facts_are_one_door_each() {
    let mut session = live("l", DoorKind::Session, "s-1");
    session.title = "session on 3 devices".to_owned();
    let mut login = live("l", DoorKind::Login, "uid=bob,dc=x");
    login.attributes.insert("dn".into(), "uid=bob,dc=x".into());
    let asking = Asking::of(vec![key(of_own("l/AK1", CredentialKind::ApiKey, "l/bob"))])
        .connected(&["l"])
        .listing("l/bob", vec![login, session, live("l", DoorKind::ApiKey, "AK1")]);
    let expect = "\
l/login/uid=bob,dc=x: disable; delete
l/session/s-1: revoke
l/api-key/AK1 [made or held]: revoke
1 contain l/login/uid=bob,dc=x: disable
2 cut l/session/s-1: revoke after 1
3 cut l/api-key/AK1: revoke after 1
4 cut l/login/uid=bob,dc=x: delete after 1, 2, 3";
    assert_eq!(asking.told(), expect);
    let plan = asking.plan("8");
    assert_eq!(plan.doors[2].door.credential, Some("l/AK1".into()));
    assert_eq!(plan.doors[0].connection, Some("l-live".into()));
    let swept: Vec<String> = plan.swept.iter().map(|it| format!("{} {}", it.connection, it.account)).collect();
    assert_eq!(swept, ["l-live l/bob"]);
    assert_eq!(plan.typed, "Bob Ray");
}

/// Connections name memberships in ways of their own; several keys files may hold one key.
#[test]
fn what_a_connection_lists_stays_as_it_lists_it() {
    let membership = |native: &str, attribute: (&str, &str)| {
        let mut door = live("l", DoorKind::Membership, native);
        door.attributes.insert(attribute.0.to_owned(), attribute.1.to_owned());
        door
    };
    let on_host = |host: &str| {
        let mut door = live("l", DoorKind::SshKey, &format!("SHA256:x@{host}"));
        door.credential = Some("l/SHA256:x".into());
        door
    };
    let doors = vec![
        membership("bob/guid-1", ("group-id", "guid-1")),
        membership("bob/staff/ann", ("group", "staff")),
        membership("arn:x#bob", ("group", "x")),
        on_host("a"),
        on_host("b"),
    ];
    let of = |group| member(of_account("l/bob"), group, Valid::ALWAYS);
    let asking = Asking::of(vec![
        of("l/guid-1"),
        of("l/staff"),
        of("l/arn:x"),
        of("l/other"),
        // Its own, which is no door beside the login.
        of("l/bob"),
        key(of_own("l/SHA256:x", CredentialKind::SshKey, "l/bob")),
    ])
    .connected(&["l"])
    .listing("l/bob", doors);
    let plan = asking.plan("8");
    let ids: Vec<&str> = plan.doors.iter().map(|it| it.door.id.as_str()).collect();
    let expect = [
        "l/login/bob",
        "l/ssh-key/SHA256:x@a",
        "l/ssh-key/SHA256:x@b",
        "l/membership/arn:x#bob",
        "l/membership/bob/guid-1",
        "l/membership/bob/staff/ann",
        "l/membership/other",
    ];
    assert_eq!(ids, expect);
}

#[test]
fn what_no_connection_closes_is_handed_off_to_whoever_runs_it() {
    let mut asking = Asking::of(vec![key(of_own("g/deploy", CredentialKind::SshKey, "g/bob")), own("g/bob", "8")]);
    asking.owners.insert("g".into(), "git team".to_owned());
    let plan = asking.plan("8");
    let owners: Vec<String> = plan
        .steps
        .iter()
        .map(|step| match &step.work {
            Work::HandOff { owner, deadline_secs } => format!("{} {owner} {deadline_secs}", step.door),
            Work::Operate(operation) => panic!("{operation:?}"),
        })
        .collect();
    assert_eq!(
        owners,
        ["g/login/bob git team 86400", "l/login/bob it@x.example 86400", "g/ssh-key/deploy git team 86400"]
    );
    assert!(plan.steps[0].reason.contains("no connection to g can close it"));
    assert!(plan.irreversible().is_none(), "asking can be undone");
    assert!(
        plan.not_covered.iter().any(|gap| gap == "g: no connection lists its sessions, tokens and live connections")
    );
}

/// What they could have read counts only as it is now.
#[test]
fn a_rotation_since_cures_and_access_cures_only_use() {
    let told = |strength, rotated: Option<i64>| {
        Asking::of(vec![
            key(Credential { rotated_at: rotated.map(at), ..a_key("id/k", "vault/k") }),
            custody(of_account("l/bob"), "id/k", strength, Valid::since(at(20))),
        ])
        .connected(&["l", "id"])
        .plan("8")
        .doors
        .into_iter()
        .filter(|it| it.door.system.as_str() == "id")
        .map(|it| format!("{} {}", it.door.kind, it.how))
        .collect::<Vec<_>>()
    };
    assert_eq!(told(Strength::Read, None), ["signing-key rotate"]);
    assert_eq!(told(Strength::Read, Some(10)), ["signing-key rotate"]);
    assert!(told(Strength::Read, Some(30)).is_empty());
    assert_eq!(told(Strength::CouldUse, None), ["membership ends with the way to it: l/bob"]);
}

#[test]
fn a_secret_that_others_have_too_says_who() {
    let asking = Asking::of(vec![
        row(Fact::Account(Account { kind: AccountKind::Shared, ..an_account("l/netadmin") }), Valid::ALWAYS),
        key(of_own("l/netadmin-password", CredentialKind::Password, "l/netadmin")),
        custody(Holder::Person("8".into()), "l/netadmin-password", Strength::Made, Valid::ALWAYS),
        custody(Holder::Person("7".into()), "l/netadmin-password", Strength::Made, Valid::ALWAYS),
    ])
    .connected(&["l"]);
    let plan = asking.plan("8");
    let shared = plan.doors.iter().find(|it| it.door.kind == DoorKind::Secret).unwrap();
    assert_eq!((shared.how.as_str(), shared.strength), ("rotate", Some(Strength::Made)));
    assert_eq!(shared.breaks, ["it is also held by Ann Lee"]);
}

#[test]
fn a_token_that_production_uses_is_reissued_before_its_account_is_closed() {
    let token = Credential {
        kept_at: Some("ci/deploy".into()),
        last_used: Some(at(49)),
        ..of_own("l/tok", CredentialKind::Token, "l/bob")
    };
    let expect = "\
l/login/bob: disable; delete
l/api-key/tok [made or held]: ask it@x.example: reissue it to somebody who stays, for it lies at ci/deploy, where programs may take it from, last used 1970-02-19T00:00:00Z; revoke ⚠ it lies at ci/deploy, where programs may take it from, last used 1970-02-19T00:00:00Z; used 1970-02-19T00:00:00Z, after their access ended
1 contain l/api-key/tok: ask it@x.example: reissue it to somebody who stays, for it lies at ci/deploy, where programs may take it from, last used 1970-02-19T00:00:00Z
2 contain l/login/bob: disable after 1
3 cut l/api-key/tok: revoke after 1, 2
4 cut l/login/bob: delete after 1, 2, 3";
    assert_eq!(Asking::of(vec![key(token)]).connected(&["l"]).told(), expect);
}

#[test]
fn recovery_codes_go_before_the_account_is_suspended() {
    let steps = |door: &Door| match door.kind {
        DoorKind::Secret => vec![draft(Phase::Cut, "delete codes", door, Inverse::None)],
        _ => usual(door),
    };
    let asking = Asking::of(vec![]).connected(&["l"]).listing("l/bob", vec![live("l", DoorKind::Secret, "codes")]);
    let asking = Asking { steps, ..asking };
    let steps = asking.plan("8").steps;
    let order: Vec<String> = steps.iter().map(|step| format!("{} {}", step.phase.word(), step.door)).collect();
    assert_eq!(order, ["contain l/secret/codes", "contain l/login/bob", "cut l/login/bob"]);
    assert_eq!(steps[1].after[0].reason, "recovery codes of a suspended account cannot be deleted");
}

#[test]
fn a_match_that_no_human_confirmed_plans_nothing() {
    let likely = Account { emails: vec!["bob@x.example".into()], ..an_account("m/b.ray") };
    let facts = || {
        vec![
            row(Fact::Account(likely.clone()), Valid::ALWAYS),
            key(a_key("id/k", "vault/k")),
            custody(of_account("m/b.ray"), "id/k", Strength::Read, Valid::since(at(20))),
        ]
    };
    let told = Asking::of(facts()).connected(&["l", "m", "id"]).plan("8");
    let left: Vec<String> = told.excluded.iter().map(|it| format!("{} {:?}", it.door.id, it.why)).collect();
    assert_eq!(left, ["m/login/b.ray Unconfirmed", "id/signing-key/k Unconfirmed"]);
    assert!(told.not_covered.iter().any(|gap| gap.starts_with("m/b.ray: a human must say")));
    assert!(told.steps.iter().all(|step| step.door.as_str() == "l/login/bob"));

    let link = Link {
        account: "m/b.ray".into(),
        person: Some("8".into()),
        decided_by: "ann".into(),
        reason: "asked him".into(),
    };
    let mut facts = facts();
    facts.push(row(Fact::Link(link), Valid::ALWAYS));
    let told = Asking::of(facts).connected(&["l", "m", "id"]).plan("8");
    assert!(told.excluded.is_empty() && told.door(&"id/signing-key/k".into()).is_some(), "{}", lines(&told));
}

#[test]
fn the_last_administrator_of_a_system_is_left_alone() {
    let admin = |id| grant(of_account(id), "l/*", Rights::ADMIN, Valid::ALWAYS);
    let alone = Asking::of(vec![admin("l/bob")]).connected(&["l"]);
    let expect =
        "left alone l/login/bob LastAdministrator: without it `l` has no administrator: make another, then plan again";
    assert_eq!(alone.told(), expect);
    assert!(alone.plan("8").swept.is_empty());
    let two = Asking::of(vec![admin("l/bob"), admin("l/ann")]).connected(&["l"]);
    assert!(two.plan("8").excluded.is_empty());
    // An administrator whose account is disabled administers nothing; through a group counts.
    let off = row(Fact::Account(Account { status: AccountStatus::Disabled, ..an_account("l/old") }), Valid::ALWAYS);
    let through = member(of_account("l/bob"), "l/admins", Valid::ALWAYS);
    let group = grant(of_group("l/admins"), "l/*", Rights::ADMIN, Valid::ALWAYS);
    let old = Asking::of(vec![off, admin("l/old"), through, group]).connected(&["l"]);
    assert!(old.plan("8").excluded.iter().all(|it| it.why == ExcludedWhy::LastAdministrator));
    // Of two accounts of one person's one is kept.
    let both = Asking::of(vec![own("l/bob-admin", "8"), admin("l/bob"), admin("l/bob-admin")]).connected(&["l"]);
    let plan = both.plan("8");
    let left: Vec<&str> = plan.excluded.iter().map(|it| it.door.id.as_str()).collect();
    assert_eq!(left, ["l/login/bob"]);
    // All of a thing is not all of a system.
    let owner =
        Asking::of(vec![grant(of_account("l/bob"), "l/repos/a", Rights::ADMIN, Valid::ALWAYS)]).connected(&["l"]);
    assert!(owner.plan("8").excluded.is_empty());
}

#[test]
fn break_glass_our_own_and_handed_over_accounts_are_left_alone() {
    let handover = Handover {
        account: Some("l/bob".into()),
        credential: None,
        to: "ann@x.example".into(),
        reason: "until the audit".into(),
    };
    let handed = Asking::of(vec![row(Fact::Handover(handover), days(30, 90))]).connected(&["l"]);
    assert_eq!(handed.told(), "left alone l/login/bob HandedOver: ann@x.example answers for it now: until the audit");
    let mut asking = Asking::of(vec![
        key(of_own("l/AK1", CredentialKind::ApiKey, "l/bob")),
        key(of_own("l/pw", CredentialKind::Password, "l/emergency")),
        account("l/emergency"),
        custody(Holder::Person("8".into()), "l/pw", Strength::Made, Valid::ALWAYS),
    ])
    .connected(&["l"])
    .listing("l/bob", vec![live("l", DoorKind::Session, "s-1")]);
    asking.protected = Protected { break_glass: vec!["l/emergency".into()], own: vec!["bob".into()] };
    let left: Vec<String> = asking.plan("8").excluded.iter().map(|it| format!("{} {:?}", it.door.id, it.why)).collect();
    assert_eq!(left, ["l/login/bob OurOwn", "l/session/s-1 OurOwn", "l/api-key/AK1 OurOwn", "l/secret/pw BreakGlass"]);
}

#[test]
fn a_mover_keeps_what_everybody_in_the_new_team_has() {
    let team = |id: &str, name: &str| [person(id, name, ""), stint(id, "1", "Payments", Valid::since(at(0)))];
    let mut facts: Vec<FactRow> = [team("21", "Cai"), team("22", "Dee")].concat();
    facts.extend([
        own("l/cai", "21"),
        own("l/dee", "22"),
        own("old/bob", "8"),
        member(of_account("l/bob"), "l/staff", Valid::ALWAYS),
        member(of_account("l/bob"), "l/platform", Valid::ALWAYS),
        member(of_account("l/cai"), "l/payments", Valid::ALWAYS),
        member(of_account("l/dee"), "l/payments", Valid::ALWAYS),
        member(of_group("l/payments"), "l/staff", Valid::ALWAYS),
        grant(of_account("l/bob"), "l/wiki", Rights::READ, Valid::ALWAYS),
        grant(of_account("l/bob"), "l/prod", Rights::READ, Valid::ALWAYS),
        grant(of_group("l/payments"), "l/w*", Rights::READ.with(Rights::WRITE), Valid::ALWAYS),
        grant(of_account("l/cai"), "l/prod", Rights::READ, Valid::ALWAYS),
    ]);
    let mut asking =
        Asking::of(facts).connected(&["l", "old"]).listing("l/bob", vec![live("l", DoorKind::Session, "s-1")]);
    asking.to = Some("payments");
    let plan = asking.plan("8");
    let told: Vec<String> = plan.doors.iter().map(|it| format!("{}: {}", it.door.id, it.how)).collect();
    let expect = [
        "l/session/s-1: revoke",
        "old/login/bob: disable; delete",
        "l/membership/platform: ask it@x.example: take it away",
        "l/membership/prod: ask it@x.example: take it away",
    ];
    assert_eq!(told, expect);
    let left: Vec<&str> = plan.excluded.iter().map(|it| it.door.id.as_str()).collect();
    assert_eq!(left, ["l/login/bob", "l/membership/staff", "l/membership/wiki"]);
    assert!(plan.excluded.iter().all(|it| it.why == ExcludedWhy::StillNeeded), "{:?}", plan.excluded);
    let swept: Vec<&str> = plan.swept.iter().map(|it| it.account.as_str()).collect();
    assert_eq!(swept, ["old/bob"], "an account that is kept is not swept");
    asking.to = Some("nowhere");
    assert_eq!(asking.planned("8").unwrap_err(), Unplannable::EmptyTeam("nowhere".to_owned()));
}

#[test]
fn to_a_ghost_only_what_can_be_undone_is_done() {
    let steps = |door: &Door| match door.kind {
        DoorKind::Login => vec![
            draft(Phase::Contain, "reset", door, Inverse::None),
            StepDraft { after: vec![0], ..draft(Phase::Contain, "disable", door, Inverse::Renewed) },
        ],
        _ => vec![draft(Phase::Cut, "shred", door, Inverse::None)],
    };
    let asking = Asking {
        steps,
        ..Asking::of(vec![made_by("l/colm", "bob", AccountKind::Human)])
            .connected(&["l"])
            .listing("l/colm", vec![live("l", DoorKind::Session, "s-9")])
    };
    let plan = asking.plan("8");
    let of_ghost: Vec<String> = plan
        .doors
        .iter()
        .filter(|it| it.door.account == Some("l/colm".into()))
        .map(|it| format!("{}: {}", it.door.id, it.how))
        .collect();
    assert_eq!(of_ghost, ["l/session/s-9: ask it@x.example: revoke it", "l/login/colm: disable"]);
    // An account that somebody who works here has is nobody's ghost.
    let anns = Account { employee_number: Some("7".into()), created_by: Some("bob".into()), ..an_account("l/ann2") };
    let plan = Asking::of(vec![row(Fact::Account(anns), Valid::ALWAYS)]).connected(&["l"]).plan("8");
    let door = plan.door(&"l/delegation/ann2".into()).unwrap();
    assert_eq!(door.how, "nothing: Ann Lee, who works here, has it");
    assert!(plan.steps.iter().all(|step| step.door != door.door.id));
}

#[test]
fn what_was_made_by_an_account_that_is_gone_or_doubtful_is_found() {
    let gone = Account { employee_number: Some("8".into()), ..an_account("l/bob.adm") };
    let made = |by| made_by("l/colm", by, AccountKind::Human);
    let plan = Asking::of(vec![row(Fact::Account(gone), days(0, 40)), made("bob.adm")]).connected(&["l"]).plan("8");
    assert_eq!(plan.door(&"l/login/colm".into()).unwrap().how, "disable");
    assert!(plan.door(&"l/login/bob.adm".into()).is_none());
    let likely = Account { emails: vec!["bob@x.example".into()], ..an_account("l/b.ray") };
    let plan = Asking::of(vec![row(Fact::Account(likely), Valid::ALWAYS), made("b.ray")]).connected(&["l"]).plan("8");
    let left: Vec<String> = plan.excluded.iter().map(|it| format!("{} {:?}", it.door.id, it.why)).collect();
    assert_eq!(left, ["l/login/b.ray Unconfirmed", "l/login/colm Unconfirmed"]);
}

#[test]
fn rights_given_to_strangers_are_reviewed() {
    let given = |holder| {
        let right = Grant {
            holder,
            resource: "l/share".into(),
            rights: Rights::READ,
            granted_by: Some("bob".into()),
            last_used: None,
        };
        row(Fact::Grant(right), Valid::ALWAYS)
    };
    let guest = row(Fact::Account(Account { kind: AccountKind::Unknown, ..an_account("l/guest") }), Valid::ALWAYS);
    let plan =
        Asking::of(vec![guest, given(of_account("l/guest")), given(of_account("l/ann"))]).connected(&["l"]).plan("8");
    let review: Vec<String> =
        plan.doors.iter().filter(|it| it.door.kind == DoorKind::Delegation).map(|it| it.how.clone()).collect();
    assert_eq!(review, ["ask it@x.example: they gave l/guest l/share (read): see that it is still needed"]);
}

#[test]
fn a_key_that_is_out_is_replaced_whoever_has_it() {
    let mut asking =
        Asking::of(vec![key(Credential { issuer: Some("https://id".into()), ..a_key("id/kid-9", "v/k") })])
            .connected(&["id"]);
    asking.verifiers = vec![
        Verifier { system: "web".into(), issuer: "https://id".into(), key_ids: vec!["kid-9".into()] },
        Verifier { system: "app".into(), issuer: "https://id".into(), key_ids: vec!["kid-8".into()] },
        Verifier { system: "x".into(), issuer: "https://other".into(), key_ids: vec![] },
    ];
    let plan = asking.plan("kid-9");
    assert_eq!((plan.typed.as_str(), plan.doors.len()), ("id/kid-9", 2), "{}", lines(&plan));
    assert_eq!(plan.about, PlanOf::Credential { id: "id/kid-9".into() });
    let steps: Vec<String> = plan.steps.iter().map(|it| format!("{} {}", it.door, it.phase.word())).collect();
    assert_eq!(steps, ["id/signing-key/kid-9 rotate", "web/signing-key/kid-9 cut"]);
    asking.verifiers.clear();
    assert!(asking.plan("kid-9").not_covered.iter().any(|gap| gap.contains("nobody says who believes this key")));
}

/// Who can be tried is not asked whether they refuse it: with a step of their connection's after the whole
/// rotation, or with none.
#[test]
fn a_verifier_that_can_be_tried_is_tried_and_not_handed_off() {
    fn rotation(door: &Door) -> Vec<StepDraft> {
        match door.system.as_str() {
            "id" => ["publish-next", "sign-with-next", "retire-old"]
                .map(|verb| draft(Phase::Rotate, verb, door, Inverse::None))
                .to_vec(),
            "web" => vec![draft(Phase::Cut, "await-cache", door, Inverse::Renewed)],
            _ => Vec::new(),
        }
    }
    let mut asking =
        Asking::of(vec![key(Credential { issuer: Some("https://id".into()), ..a_key("id/kid-9", "v/k") })])
            .connected(&["id", "web", "app"]);
    asking.steps = rotation;
    asking.links.iter_mut().filter(|link| link.system.as_str() == "app").for_each(|link| link.can_close = false);
    asking.verifiers = ["web", "app", "blind"]
        .map(|it| Verifier { system: SystemId::from(it), issuer: "https://id".into(), key_ids: vec![] })
        .to_vec();
    let expect = "\
id/signing-key/kid-9: publish-next; sign-with-next; retire-old ⚠ 3 verifiers believe it: app, blind, web
app/signing-key/kid-9: closed by the rotation at id, and tried
blind/signing-key/kid-9: ask it@x.example: see that it refuses what the old key signs
web/signing-key/kid-9: await-cache
1 rotate id/signing-key/kid-9: publish-next
2 rotate id/signing-key/kid-9: sign-with-next after 1
3 rotate id/signing-key/kid-9: retire-old after 1, 2
4 cut blind/signing-key/kid-9: ask it@x.example: see that it refuses what the old key signs after 1, 2, 3
5 cut web/signing-key/kid-9: await-cache after 1, 2, 3";
    assert_eq!(lines(&asking.plan("kid-9")), expect);
}

#[test]
fn an_account_of_anybodys_can_be_closed_by_itself() {
    let plan = Asking::of(vec![account("l/x"), made_by("l/y", "x", AccountKind::Human)]).connected(&["l"]).plan("l/x");
    assert_eq!(plan.about, PlanOf::Account { id: "l/x".into() });
    let doors: Vec<&str> = plan.doors.iter().map(|it| it.door.id.as_str()).collect();
    assert_eq!(doors, ["l/login/x", "l/login/y"]);
    let inventory = inventory(vec![grant(of_account("l/x"), "l/r", Rights::READ, Valid::ALWAYS), account("l/x")]);
    assert!(!listed_accounts(&inventory, crate::find(&inventory, "l/x")[0], at(50), &Protected::default()).is_empty());
}

#[test]
fn what_was_not_seen_is_said() {
    let mut asking = Asking::of(vec![]).connected(&["l"]);
    let list =
        DoorList { doors: vec![], listing: Listing::Partial, gaps: vec!["sessions need `read_sessions`".into()] };
    let listed = |list| Listed { connection: "l-live".into(), account: "l/bob".into(), list };
    asking.lists = vec![listed(Ok(list)), listed(Err("cannot be reached: refused".to_owned()))];
    let gaps = asking.plan("8").not_covered;
    assert!(gaps.contains(&"l-live: sessions need `read_sessions`".to_owned()), "{gaps:?}");
    assert!(gaps.contains(&"l-live: the doors of l/bob were not listed: cannot be reached: refused".to_owned()));
    asking.lists.clear();
    assert!(asking.plan("8").not_covered.contains(&"l-live: was not asked for the doors of l/bob".to_owned()));
}

#[test]
fn the_digest_is_of_every_field() {
    let base = || {
        Asking::of(vec![
            key(a_key("id/k", "vault/k")),
            custody(of_account("l/bob"), "id/k", Strength::Read, Valid::since(at(20))),
            row(
                Fact::Account(Account { emails: vec!["bob@x.example".into()], ..an_account("m/b.ray") }),
                Valid::ALWAYS,
            ),
        ])
        .connected(&["l", "id"])
        .listing("l/bob", vec![live("l", DoorKind::Session, "s-1")])
        .plan("8")
    };
    let digest = base().digest();
    assert_eq!(base().digest(), digest, "the same input gives the same plan");
    let value = serde_json::to_value(base()).unwrap();
    let mut leaves = Vec::new();
    paths(&value, String::new(), &mut leaves);
    assert!(leaves.len() > 60, "{} values", leaves.len());
    for path in leaves {
        let mut changed = value.clone();
        let leaf = changed.pointer_mut(&path).unwrap();
        let Some(other) = another(leaf) else { continue };
        *leaf = other;
        // A word that an enum does not have is no plan at all.
        let Ok(changed) = serde_json::from_value::<Plan>(changed) else { continue };
        assert_ne!(changed.digest(), digest, "{path}");
    }
}

fn another(value: &serde_json::Value) -> Option<serde_json::Value> {
    use serde_json::Value;
    match value {
        Value::String(text) if text.ends_with('Z') => Some(Value::from("2031-01-01T00:00:00Z")),
        Value::String(text) => Some(Value::from(format!("{text}x"))),
        Value::Number(number) => Some(Value::from(number.as_i64()? + 1)),
        Value::Bool(it) => Some(Value::from(!it)),
        _ => None,
    }
}

/// The places of all values that are neither lists nor objects.
fn paths(value: &serde_json::Value, at: String, into: &mut Vec<String>) {
    match value {
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(number, item)| paths(item, format!("{at}/{number}"), into));
        }
        serde_json::Value::Object(members) => members.iter().for_each(|(name, item)| {
            paths(item, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), into);
        }),
        serde_json::Value::Null => {}
        _ => into.push(at),
    }
}

/// Provider's steps that wait for one another in any way, circles included.
fn tangled(door: &Door) -> Vec<StepDraft> {
    let seed: usize = door.id.as_str().bytes().map(usize::from).sum();
    (0..seed % 4)
        .map(|at| {
            let phase = [Phase::Contain, Phase::HandOver, Phase::Rotate, Phase::Cut][(seed + at) % 4];
            let inverse = if seed.is_multiple_of(3) { Inverse::None } else { Inverse::Renewed };
            let mut draft = draft(phase, &format!("do-{at}"), door, inverse);
            draft.after = if seed.is_multiple_of(2) { vec![(at + seed) % 5, 9] } else { Vec::new() };
            draft
        })
        .collect()
}

proptest! {
    #[test]
    fn every_door_is_there_once_and_no_step_is_before_what_it_waits_for(
        accounts in 1usize..6, keys in 0usize..12, doors in 0usize..30, shared in 0usize..4,
    ) {
        let mut facts = Vec::new();
        for number in 0..accounts {
            facts.push(own(&format!("s{}/bob{number}", number % 3), "8"));
        }
        for number in 0..keys {
            let owner = format!("s{}/bob{}", number % accounts % 3, number % accounts);
            let kind = [CredentialKind::ApiKey, CredentialKind::Secret, CredentialKind::SigningKey][number % 3];
            facts.push(match number % 2 {
                0 => key(of_own(&format!("s{}/k{number}", number % 3), kind, &owner)),
                _ => key(Credential { kind, ..a_key(&format!("s{}/k{number}", number % 3), "vault/k") }),
            });
            facts.push(custody(of_account(&owner), &format!("s{}/k{number}", number % 3), Strength::Read, Valid::since(at(20))));
        }
        for number in 0..shared {
            facts.push(made_by(&format!("s0/made{number}"), "bob0", AccountKind::Unknown));
        }
        let mut asking = Asking::of(facts).connected(&["s0", "s1", "s2"]);
        asking.steps = tangled;
        for number in 0..doors {
            let kind = DoorKind::ALL[number % DoorKind::ALL.len()];
            let account = format!("s{}/bob{}", number % accounts % 3, number % accounts);
            let system = format!("s{}", number % accounts % 3);
            asking = asking.listing(&account, vec![live(&system, kind, &format!("d{}", number / 2))]);
        }
        let plan = asking.planned("8").unwrap();
        let ids: Vec<&DoorId> =
            plan.doors.iter().map(|it| &it.door.id).chain(plan.excluded.iter().map(|it| &it.door.id)).collect();
        let once: std::collections::BTreeSet<&DoorId> = ids.iter().copied().collect();
        prop_assert_eq!(once.len(), ids.len());
        for step in &plan.steps {
            prop_assert!(step.after.iter().all(|after| after.step < step.number));
            prop_assert!(plan.door(&step.door).is_some());
        }
        for listed in &asking.lists {
            for door in listed.list.iter().flat_map(|list| &list.doors) {
                let same = |it: &&DoorId| it.as_str() == door.id.as_str() || it.as_str().starts_with(&format!("{}@", door.id));
                prop_assert!(ids.iter().any(same), "{} was listed and is not there", door.id);
            }
        }
        prop_assert_eq!(asking.planned("8").unwrap().digest(), plan.digest());
    }
}
