//! The second half of an incident: at the departure its doors are planned, cut and tried, on stand-ins,
//! and then the same misuse comes.
//!
//! The plan, its approval, the cut and the trying are the ones that a user runs; only the systems at the
//! other end are [`super::standin`]s, the clock is the play's, the journal is in memory, and the two
//! approvals are the demo's own. The plan is made from what the company's records said by then.
//!
//! Every event of the play's logs from the departure on then meets the doors twice, as they are without
//! the cut and with it. Misuse comes with what can have been taken along: every secret as it was. All
//! others come with what is theirs at the time. What a door lets in without a cut must be what the logs
//! say: else the stand-ins prove nothing.

use serde_json::{Value, json};
use sever_engine::{Acting, CutEnd, Desk, EngineError, Journal, Quiet, Ticket};
use sever_graph::{Asked, Cause, HandOffTo, Listed, PlanInput, Protected, Verifier};
use sever_model::act::{Action, Clock as _, Cx, Doors as _};
use sever_model::{
    Act, ActRow, Approval, Batch, Counts, Departure, EventKind, EventSource, EventTime, Inventory, Outcome, PersonIx,
    Plan, Request, Span, Symbols, SystemId, WallTime,
};
use sever_replay::Truth;
use sever_store::DerivedSecrets;

use super::standin::{Answer, Presented, StandIns, State, links};
use crate::cli::site::{Moment, Site, store_failure};
use crate::hint::Failure;

/// The incidents of which it is public which doors were left open, so that closing them says something.
pub(super) const INCIDENTS: [&str; 2] = ["gucci", "coupang"];

/// How long before the departure its plan is made.
const AHEAD: Span = Span::secs(3_600);

/// How long after the cut the doors are tried once more.
const AGAIN: Span = Span::days(1);

/// A departure that was cut, and what came to its doors afterwards.
pub(super) struct Closing {
    /// When it was begun.
    begun: EventTime,
    /// When the last door had been seen closed.
    pub(super) closed_at: Option<EventTime>,
    pub(super) counts: Counts,
    pub(super) steps: usize,
    digest: String,
    end: CutEnd,
    acts: usize,
    before: State,
    after: State,
    pub(super) without: Met,
    pub(super) with: Met,
    /// Tokens among the misuse.
    pub(super) tokens: u64,
    claims: String,
}

/// What doors made of what came to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Met {
    /// Misuse that came.
    pub(super) misuse: u64,
    /// That was let in, and of that what the logs say was answered.
    pub(super) misuse_let_in: u64,
    pub(super) misuse_answered: u64,
    /// Everything else that came and that the logs say was let in.
    pub(super) honest: u64,
    /// That was turned away.
    pub(super) honest_refused: u64,
}

/// The acts of the cut, which nobody needs after the demo.
#[derive(Default)]
struct InMemory {
    rows: Vec<ActRow>,
}

impl Journal for InMemory {
    fn record(&mut self, at: WallTime, acts: &[Act]) -> Result<(), EngineError> {
        for act in acts {
            self.rows.push(ActRow { number: self.rows.len() as i64 + 1, at, act: act.clone() });
        }
        Ok(())
    }
}

/// There is nobody to ask in a play.
struct NoDesk;

impl Desk for NoDesk {
    fn hand_off(&self, ticket: &Ticket<'_>) -> Result<String, String> {
        Err(format!("nobody is there to ask {}", ticket.owner))
    }
}

impl Closing {
    /// Plans, cuts and tries the doors of whoever left at the truth's departure; `all` is the inventory
    /// at the play's end, for the accounts that come later.
    pub(super) fn of(site: &Site, truth: &Truth, all: &Inventory) -> Result<Closing, Failure> {
        let at = truth.departed_at.minus(AHEAD);
        let inventory = site.inventory(&Moment { as_of: at, known_at: WallTime::from_micros(at.micros()) })?;
        let leaver = leaver(&inventory, truth, at)?;
        let classes = site.config.classes.iter();
        let lifetime = classes.map(|class| class.lifetime_max).max().unwrap_or(Span::ZERO);
        let before = State::of(all, at, lifetime);
        let stand_ins = StandIns::at(WallTime::from_micros(at.micros()), before.clone());
        let secrets = DerivedSecrets::of(&site.config.data_dir).map_err(store_failure)?;
        let cx = Cx { clock: &*stand_ins, secrets: &secrets, patience: Span::secs(30) };
        let verifiers = site.verifiers();
        let plan = plan_of(&inventory, leaver, &stand_ins, &verifiers, &cx, site)?;

        stand_ins.wait(AHEAD);
        let approvals = ["one", "another"].map(|by| Approval {
            digest: plan.digest(),
            by: format!("the demo, as {by}"),
            at: stand_ins.now(),
            signed_by: "nobody: nothing but stand-ins is cut".to_owned(),
        });
        let digest = plan.digest();
        let now = stand_ins.now();
        let request = Request { digest: &digest, typed: &plan.typed, approvals: &approvals, tripped: None, now };
        let approved = plan.approve(&request).map_err(|refusal| Failure::new(refusal.to_string()))?;
        let connections = stand_ins.connections(&links(&before, &gateways(&verifiers)));
        let acting = Acting { connections: &connections, desk: &NoDesk, secret: &|door| stand_ins.taken(door), cx };
        let mut journal = InMemory::default();
        let mut case = Departure::of(plan.clone(), &[]);
        let end = sever_engine::cut(&approved, &approvals, &acting, &mut case, &mut journal, &mut Quiet);
        let end = end.map_err(|error| Failure::new(error.to_string()))?;
        stand_ins.wait(AGAIN);
        sever_engine::verify(None, &acting, &mut case, &mut journal, &mut Quiet)
            .map_err(|error| Failure::new(error.to_string()))?;
        // What counts is what the journal tells, as after a crash.
        let case = Departure::of(plan, &journal.rows);
        let closed = case.doors.iter().map(sever_model::DoorCase::closed_since).collect::<Option<Vec<_>>>();
        Ok(Closing {
            begun: truth.departed_at,
            closed_at: closed.and_then(|closed| closed.into_iter().max()).map(WallTime::as_event),
            counts: case.counts(),
            steps: case.steps.len(),
            digest,
            end,
            acts: journal.rows.len(),
            before,
            after: stand_ins.state(),
            without: Met::default(),
            with: Met::default(),
            tokens: 0,
            claims: String::new(),
        })
    }

    /// One event of the logs comes to the doors. What was refused for reasons of its own, and is no
    /// misuse, says nothing about them.
    pub(super) fn meet(&mut self, source: &EventSource, batch: &Batch, row: usize, symbols: &Symbols, misuse: bool) {
        let outcome = batch.outcome(row);
        if batch.time(row) < self.begun || (outcome == Outcome::Refused && !misuse) {
            return;
        }
        let answers = match batch.kind(row) {
            EventKind::Used => self.presented(source, batch, row, symbols, misuse),
            EventKind::Authenticated | EventKind::Changed => self.signed_in(source, batch, row, symbols, misuse),
            _ => return,
        };
        self.tokens += u64::from(misuse && batch.kind(row) == EventKind::Used);
        for (met, answer) in [&mut self.without, &mut self.with].into_iter().zip(answers) {
            met.count(answer == Answer::LetIn, misuse, outcome);
        }
    }

    /// A token at the gateway: a forged one signed with the key as it was taken along, any other by the
    /// key that the issuer signs with when it is minted.
    fn presented(
        &mut self,
        source: &EventSource,
        batch: &Batch,
        row: usize,
        symbols: &Symbols,
        misuse: bool,
    ) -> [Answer; 2] {
        let (at, place) = (batch.time(row), source.log.as_str());
        let issued_at = batch.issued_at(row).unwrap_or(at);
        let said = symbols.text(batch.names(row).key_id);
        self.claims.clear();
        for claim in [batch.credential(row), batch.token_subject(row)] {
            self.claims.push_str(claim);
            self.claims.push('\n');
        }
        self.claims.push_str(&issued_at.micros().to_string());
        [&self.before, &self.after].map(|doors| {
            let (signer, by) = if misuse { (said, &self.before) } else { (doors.signer(said, issued_at), doors) };
            let Some(signature) = by.sign(signer, &self.claims) else { return Answer::UnknownKey };
            doors.present(place, &Presented { key_id: signer, claims: &self.claims, signature }, at)
        })
    }

    /// Somebody signs in, or changes something, for which they had to.
    fn signed_in(
        &self,
        source: &EventSource,
        batch: &Batch,
        row: usize,
        symbols: &Symbols,
        misuse: bool,
    ) -> [Answer; 2] {
        let system = source.system.as_ref().map_or("", SystemId::as_str);
        let login = symbols.text(batch.names(row).actor);
        [&self.before, &self.after].map(|doors| {
            let knows = if misuse { &self.before } else { doors };
            knows.secret(system, login).map_or(Answer::NoSuchAccount, |secret| doors.sign_in(system, login, secret))
        })
    }

    /// Whether every door is proven closed, the stand-ins let in without a cut what the logs say, and with
    /// it all but the misuse.
    pub(super) fn is_as_it_should_be(&self) -> bool {
        let Counts { closed, proven, open, unknown } = self.counts;
        let is_closed = self.end == CutEnd::Done && proven > 0 && proven == closed && open + unknown == 0;
        let is_faithful = self.without.misuse_let_in == self.without.misuse && self.without.honest_refused == 0;
        is_closed && is_faithful && self.with.misuse_let_in == 0 && self.with.honest_refused == 0
    }

    /// The same as scripts read it.
    pub(super) fn json(&self) -> Value {
        let met = |met: &Met| {
            json!({
                "misuse": met.misuse,
                "misuse_let_in": met.misuse_let_in,
                "misuse_answered": met.misuse_answered,
                "honest": met.honest,
                "honest_refused": met.honest_refused,
            })
        };
        json!({
            "stand_ins": true,
            "plan": self.digest,
            "begun_at": self.begun,
            "proven_closed_at": self.closed_at,
            "steps": self.steps,
            "acts": self.acts,
            "doors": self.counts,
            "without": met(&self.without),
            "with": met(&self.with),
        })
    }
}

impl Met {
    fn count(&mut self, let_in: bool, misuse: bool, outcome: Outcome) {
        if misuse {
            self.misuse += 1;
            self.misuse_let_in += u64::from(let_in);
            self.misuse_answered += u64::from(let_in && outcome == Outcome::Answered);
        } else {
            self.honest += 1;
            self.honest_refused += u64::from(!let_in);
        }
    }
}

/// Who leaves at that instant, by what HR had said before it.
fn leaver(inventory: &Inventory, truth: &Truth, at: EventTime) -> Result<PersonIx, Failure> {
    let mut people = (0..inventory.people().len() as u32).map(PersonIx);
    people
        .find(|ix| sever_graph::end_of_access(inventory, *ix, at) == Some(truth.departed_at))
        .ok_or_else(|| Failure::new(format!("HR says of nobody that they leave at {}", truth.departed_at)))
}

/// The plan of a leaver, with what the stand-ins list.
fn plan_of(
    inventory: &Inventory,
    leaver: PersonIx,
    stand_ins: &std::sync::Arc<StandIns>,
    verifiers: &[Verifier],
    cx: &Cx<'_>,
    site: &Site,
) -> Result<Plan, Failure> {
    let at = cx.clock.now();
    let (asked, protected) = (Asked::Person(leaver), Protected::default());
    let systems = links(&stand_ins.state(), &gateways(verifiers));
    let mut lists = Vec::new();
    for ix in sever_graph::listed_accounts(inventory, asked, at.as_event(), &protected) {
        let Some(account) = inventory.account(ix).map(|entry| &entry.it) else { continue };
        for link in systems.iter().filter(|link| link.can_list && link.system.as_str() == account.id.system()) {
            let list = stand_ins.port(link).doors(&account.id, &account.login, cx).map_err(|error| error.to_string());
            lists.push(Listed { connection: link.connection.clone(), account: account.id.clone(), list });
        }
    }
    let ports: Vec<_> = systems.iter().map(|link| stand_ins.port(link)).collect();
    let actions: Vec<&dyn Action> = ports.iter().map(|port| port as &dyn Action).collect();
    let input = PlanInput {
        at: at.as_event(),
        made_at: at,
        cause: Cause::Leaves,
        not_before: sever_graph::end_of_access(inventory, leaver, at.as_event()),
        zone: site.config.zone.name().unwrap_or("UTC"),
        lists: &lists,
        systems: &systems,
        actions: &actions,
        verifiers,
        protected: &protected,
        owners: &site.config.cutting.owners,
        hand_off: &HandOffTo { owner: None, deadline: AGAIN },
        stale_after: Span::days(7),
    };
    sever_graph::plan(inventory, asked, &input).map_err(|error| Failure::new(error.to_string()))
}

fn gateways(verifiers: &[Verifier]) -> Vec<SystemId> {
    verifiers.iter().map(|verifier| verifier.system.clone()).collect()
}
