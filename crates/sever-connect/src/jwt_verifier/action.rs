//! What a verifier is given: time to fetch the issuer's keys. Nothing is changed there.

use std::collections::BTreeMap;

use sever_model::act::{ActError, Action, Cx};
use sever_model::{
    ApprovedStep, ConnectionId, Door, DoorKind, Inverse, Operation, Phase, Receipt, Said, Span, StepDraft, SystemId,
};

use super::probe::cache;
use crate::connector::{Connection, ConnectionError};

/// The one step.
const VERB: &str = "await-cache";

struct Patience {
    connection: ConnectionId,
    system: SystemId,
    cache: Span,
}

/// Opens it.
pub(super) fn open(connection: &Connection) -> Result<Box<dyn Action>, ConnectionError> {
    Ok(Box::new(Patience {
        connection: connection.id.clone(),
        system: connection.system.clone(),
        cache: cache(connection)?,
    }))
}

impl Action for Patience {
    fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        if door.kind != DoorKind::SigningKey || door.system != self.system || door.native.is_empty() {
            return Vec::new();
        }
        vec![StepDraft {
            phase: Phase::Cut,
            operation: Operation {
                connection: self.connection.clone(),
                verb: VERB.to_owned(),
                target: door.native.clone(),
                arguments: BTreeMap::new(),
            },
            how: format!(
                "give it {} s to fetch the issuer's keys, and see that it refuses the old one",
                self.cache.as_secs()
            ),
            reason: "a verifier believes the keys that it has cached, whatever is published".to_owned(),
            inverse: Inverse::Renewed,
            breaks: Vec::new(),
            replaces_secret: false,
            window: self.cache,
            after: Vec::new(),
        }]
    }

    fn execute(&self, step: &ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let operation = step.operation();
        if operation.connection != self.connection || operation.verb != VERB || operation.target.is_empty() {
            return Err(ActError::BadStep(operation.verb.clone()));
        }
        let answer = format!("nothing is changed there: it has {} s to fetch the keys", self.cache.as_secs());
        Ok(Receipt { said: Said::Done, answer, at: cx.clock.now() })
    }
}
