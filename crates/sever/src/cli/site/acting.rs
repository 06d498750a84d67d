//! Acting: the connections of a plan, opened for what each may do, and the journal and the proof that what
//! is done is written to.

use std::collections::BTreeSet;
use std::sync::Arc;

use sever_engine::{Connected, EngineError, Journal};
use sever_model::{Act, ConnectionId, Departure, Plan, SystemId, WallTime, Work};
use sever_store::proof::{Claim, LogKey, LogReader, ProofLog};
use sever_store::{HeldDeparture, KnockLog, Store};

use super::{Capability, Site, knocking, store_failure};
use crate::claims;
use crate::cli::proof::proof_failure;
use crate::hint::Failure;

/// Acts whose statements are added to the proof together.
const CLAIMS_TOGETHER: usize = 256;

/// The connections of a plan, and what could not be opened.
pub struct ActingConnections {
    /// Those that could be opened, each as far as it could.
    pub connected: Vec<Connected>,
    /// What could not be, with why.
    pub gaps: Vec<String>,
}

impl Site {
    /// Opens the connections that a plan needs: what closes doors only where `cutting`, so that its
    /// credentials are fetched for an approved plan and dropped with what is returned.
    ///
    /// # Errors
    /// When a connection is of a kind that there is not.
    pub fn connect(&self, plan: &Plan, cutting: bool) -> Result<ActingConnections, Failure> {
        let systems: BTreeSet<&SystemId> = plan.doors.iter().map(|planned| &planned.door.system).collect();
        let operated = plan.steps.iter().filter_map(|step| match &step.work {
            Work::Operate(operation) => Some(&operation.connection),
            Work::HandOff { .. } => None,
        });
        let named: BTreeSet<&ConnectionId> = operated.chain(plan.swept.iter().map(|it| &it.connection)).collect();
        let knocks = Arc::new(KnockLog::open(self.store.dir()).map_err(store_failure)?);
        let mut acting = ActingConnections { connected: Vec::new(), gaps: Vec::new() };
        for link in self.links()? {
            let config = self.config.connections.iter().find(|config| config.id == link.connection);
            let wanted = systems.contains(&link.system) || named.contains(&link.connection);
            let Some(config) = config.filter(|_| wanted) else { continue };
            let mut lacks = |what: &str, failure: Failure| {
                acting.gaps.push(format!("{}: cannot be opened for {what}: {}", config.id, failure.what));
            };
            let doors = link.can_list.then(|| self.open_doors(config).map_err(|it| lacks("listing", it)).ok());
            let action = (link.can_close && cutting)
                .then(|| self.open_action(config, Capability::Cutting).map_err(|it| lacks("closing", it)).ok());
            let can_try = !link.tries.is_empty();
            let probe = can_try.then(|| self.open_probe(config).map_err(|it| lacks("trying", it)).ok());
            let probe = probe.flatten().map(|probe| knocking::recorded(probe, config, &knocks));
            acting.connected.push(Connected {
                id: config.id.clone(),
                system: config.system.clone(),
                doors: doors.flatten(),
                action: action.flatten(),
                probe,
                width: config.side_by_side,
                pause: config.pause,
            });
        }
        Ok(acting)
    }

    /// Takes a plan to work on, and runs something with its case and its journal; what was done is in the
    /// proof when it returns, however that went.
    ///
    /// # Errors
    /// When another process works on it, the store or the proof log fails, or the work does.
    pub fn with_departure<T>(
        &mut self,
        plan: &Plan,
        work: impl FnOnce(&mut Departure, &mut dyn Journal) -> Result<T, EngineError>,
    ) -> Result<(T, Departure), Failure> {
        let now = crate::clock::now();
        let held = self.runtime.block_on(self.store.hold(plan, now)).map_err(store_failure)?;
        let digest = plan.digest();
        let rows = self.runtime.block_on(self.store.acts(&digest)).map_err(store_failure)?;
        let mut case = Departure::of(plan.clone(), &rows);
        let key = LogKey::read_or_make(self.store.dir()).map_err(proof_failure)?;
        let log = ProofLog::open(self.store.dir(), key).map_err(proof_failure)?;
        let stated = stated(self.store.dir(), &digest)?;
        let mut kept =
            Kept { store: &mut self.store, runtime: &self.runtime, held, log, waiting: Vec::new(), number: rows.len() };
        // What was written before a crash and is not in the proof yet goes there first.
        let mut told = Departure::of(plan.clone(), &[]);
        for (at, row) in rows.iter().enumerate() {
            told.after(row.at, &row.act);
            if at >= stated {
                kept.waiting.push(claims::claim(&told, at, row.at, &row.act));
            }
        }
        kept.state()?;
        let done = work(&mut case, &mut Stated { kept: &mut kept, told: &mut told });
        kept.state()?;
        Ok((done.map_err(super::engine_failure)?, case))
    }
}

/// How many acts of a departure are in the proof: they are stated in order.
fn stated(dir: &std::path::Path, digest: &str) -> Result<usize, Failure> {
    let reader = LogReader::open(dir).map_err(proof_failure)?;
    let entries = reader.entries().map_err(proof_failure)?;
    Ok(entries.iter().filter(|entry| entry.departure.as_deref() == Some(digest)).count())
}

/// The journal in the store, and the proof that follows it.
struct Kept<'a> {
    store: &'a mut Store,
    runtime: &'a tokio::runtime::Runtime,
    held: HeldDeparture,
    log: ProofLog,
    /// Statements that are not in the proof yet. The journal is durable without them.
    waiting: Vec<Claim>,
    /// Acts in the journal.
    number: usize,
}

impl Kept<'_> {
    fn state(&mut self) -> Result<(), Failure> {
        if !self.waiting.is_empty() {
            self.log.append_all(&self.waiting).map_err(proof_failure)?;
            self.waiting.clear();
        }
        Ok(())
    }
}

/// The journal as the engine writes it, with the case as it is told so far, for naming what acts are about.
struct Stated<'a, 'k> {
    kept: &'a mut Kept<'k>,
    told: &'a mut Departure,
}

impl Journal for Stated<'_, '_> {
    fn record(&mut self, at: WallTime, acts: &[Act]) -> Result<(), EngineError> {
        let kept = &mut *self.kept;
        kept.runtime.block_on(kept.store.record_acts(&kept.held, at, acts))?;
        for act in acts {
            self.told.after(at, act);
            kept.waiting.push(claims::claim(self.told, kept.number, at, act));
            kept.number += 1;
        }
        if kept.waiting.len() >= CLAIMS_TOGETHER {
            kept.state().map_err(|failure| EngineError::Journal(failure.what))?;
        }
        Ok(())
    }
}
