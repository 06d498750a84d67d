//! Trying doors with a record of it: before, so that a try that is killed is known of, and after.

use std::sync::Arc;

use sever_model::act::{Cx, Probe, Trial, Tried};
use sever_model::{Door, DoorState, Knock, Span, UnknownWhy, VerdictStrength};
use sever_store::KnockLog;

use crate::config::ConnectionConfig;

/// A probe whose every try is recorded.
struct Recorded {
    probe: Box<dyn Probe>,
    log: Arc<KnockLog>,
    /// The address of ours that the system sees, where it can be told.
    from: Option<String>,
}

/// The probe, with a record of every try.
pub(super) fn recorded(probe: Box<dyn Probe>, config: &ConnectionConfig, log: &Arc<KnockLog>) -> Box<dyn Probe> {
    let from = sever_connect::address_toward(&config.url).map(|address| address.to_string());
    Box::new(Recorded { probe, log: log.clone(), from })
}

impl Probe for Recorded {
    fn window(&self, door: &Door) -> Span {
        self.probe.window(door)
    }

    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let mut knock = Knock::begin(door, trial.nonce, self.from.clone(), cx.clock.now());
        // INVARIANT: no try without its record: the judge would take it for the leaver.
        if let Err(error) = self.log.add(&knock) {
            return Tried {
                state: DoorState::Unknown(UnknownWhy::Unexpected),
                strength: VerdictStrength::Observed,
                evidence: format!("not tried, for that cannot be recorded: {error}"),
                controls: Vec::new(),
            };
        }
        let mut tried = self.probe.try_door(door, trial, cx);
        knock.ended = Some(cx.clock.now());
        knock.only_looked = tried.strength == VerdictStrength::Observed;
        knock.let_in = matches!(tried.state, DoorState::Open { .. });
        if let Err(error) = self.log.add(&knock) {
            tried.evidence.push_str(&format!(" (its end is not recorded: {error})"));
        }
        tried
    }

    fn over(&self, door: &Door, cx: &Cx<'_>) -> Result<(), String> {
        self.probe.over(door, cx)
    }
}
