//! Trying a signing key at a verifier, by asking it for a page as whoever the token speaks for.

use sever_model::act::{Cx, Probe, Trial, Tried};
use sever_model::{Door, DoorKind, Span};

use crate::connector::{Connection, ConnectionError, Login};
use crate::http::Http;
use crate::openbao_oidc::believer::{shown, signed_by, try_key};
use crate::openbao_oidc::issuer::Issuer;
use crate::openbao_oidc::probe::not_a_key;

/// Longest that a verifier may say that it caches keys for.
const CACHE_SECS_MAX: i64 = 7 * 24 * 60 * 60;

struct VerifierProbe {
    verifier: Http,
    issuer: Issuer,
    cache: Span,
}

/// Opens it.
pub(super) fn open(connection: &Connection) -> Result<Box<dyn Probe>, ConnectionError> {
    let copy = |login: &Login| Login {
        user: login.user.clone(),
        secret: sever_model::Secret::new(login.secret.expose().clone()),
    };
    let issuer = Connection {
        id: connection.id.clone(),
        system: connection.system.clone(),
        url: connection.required("issuer_url")?.to_owned(),
        settings: connection.settings.clone(),
        login: None,
        twin: connection.twin.as_ref().map(copy),
    };
    Ok(Box::new(VerifierProbe {
        verifier: Http::of(connection)?,
        issuer: Issuer::of(&issuer)?,
        cache: cache(connection)?,
    }))
}

/// How long it says that it caches keys for.
///
/// # Errors
/// When that is no number of seconds.
pub(super) fn cache(connection: &Connection) -> Result<Span, ConnectionError> {
    let text = connection.required("cache_secs")?;
    let secs = text.parse::<i64>().ok().filter(|secs| (0..=CACHE_SECS_MAX).contains(secs));
    let wrong = || {
        connection.wrong(format!("`settings.cache_secs` is a number of seconds up to {CACHE_SECS_MAX}, not `{text}`"))
    };
    secs.map(Span::secs).ok_or_else(wrong)
}

impl Probe for VerifierProbe {
    fn window(&self, _door: &Door) -> Span {
        self.cache
    }

    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        if door.kind != DoorKind::SigningKey {
            return not_a_key(door);
        }
        try_key(door, trial, &self.issuer, &|token| shown(&self.verifier, token, trial.nonce, cx), cx)
    }

    fn over(&self, door: &Door, cx: &Cx<'_>) -> Result<(), String> {
        cx.secrets.forget(&signed_by(&door.native))
    }
}
