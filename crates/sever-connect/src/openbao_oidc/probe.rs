//! Trying a signing key at its issuer, which is asked what it thinks of a token.

use sever_model::act::{Cx, Probe, Trial, Tried};
use sever_model::{Door, DoorKind, DoorState, Secret, Span, UnknownWhy, VerdictStrength};

use super::believer::{signed_by, try_key};
use super::issuer::Issuer;
use crate::connector::{Connection, ConnectionError};

struct IssuerProbe {
    issuer: Issuer,
    token: Secret<String>,
}

/// Opens it.
pub(super) fn open(connection: &Connection) -> Result<Box<dyn Probe>, ConnectionError> {
    let token = Secret::new(connection.login()?.secret.expose().clone());
    Ok(Box::new(IssuerProbe { issuer: Issuer::of(connection)?, token }))
}

impl Probe for IssuerProbe {
    fn window(&self, _door: &Door) -> Span {
        Span::ZERO
    }

    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        if door.kind != DoorKind::SigningKey {
            return not_a_key(door);
        }
        let asker = self.issuer.asker(self.token.expose(), trial.nonce, cx);
        try_key(door, trial, &self.issuer, &|token| self.issuer.introspect(&asker, token), cx)
    }

    fn over(&self, door: &Door, cx: &Cx<'_>) -> Result<(), String> {
        cx.secrets.forget(&signed_by(&door.native))
    }
}

/// That a door is not one that a signing key opens.
pub(crate) fn not_a_key(door: &Door) -> Tried {
    Tried {
        state: DoorState::Unknown(UnknownWhy::NoProbe),
        strength: VerdictStrength::Observed,
        evidence: format!("a {} is not tried with signed tokens", door.kind),
        controls: Vec::new(),
    }
}
