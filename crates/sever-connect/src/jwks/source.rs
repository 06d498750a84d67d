//! `jwks`: the signing keys that an issuer publishes (RFC 7517).
//!
//! Only names and times are read. A private or symmetric member (`d`, `k` …) in a published set means
//! that the key itself has been published: it is said loudly, and not one byte of it is kept.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use sever_model::port::{Reason, Source, SourceError};
use sever_model::{
    Bound, Credential, CredentialId, CredentialKind, EventTime, Exportable, Fact, FactKind, Record, Valid,
};

use crate::documents::Documents;
use crate::files::{self, Parts, file_name};
use crate::lines::Place;
use crate::row::scoped;
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "jwks",
    title: "Published signing keys (JWKS)",
    about: "The issuer's JWK Set, as its `jwks_uri` answers it. Each signing key becomes a credential by its `kid`; \
            `iat`, `nbf` and `exp` are read where they are given. It cannot say where a private key lies or who could \
            read it: add `keys`, `custody` or `openbao`. The issuer is taken from `map = { issuer = \"https://…\" }`, \
            or from a member `iss` of the key.",
    scope: "none: the set is public",
    kinds: &[FactKind::Credential],
    columns: &[],
    together: false,
    sniff,
    open,
};

fn open(settings: SourceSettings) -> Result<Box<dyn Source>, SourceError> {
    if let Some(unknown) = settings.map.keys().find(|key| *key != "issuer") {
        return Err(SourceError {
            source_id: settings.id.clone(),
            what: format!("`map` names `{unknown}`, which this kind of source does not have"),
            hint: Some("it has `issuer`, the issuer that signs with these keys".to_owned()),
        });
    }
    Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }))
}

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let has = |member: &[u8]| memchr::memmem::find(sample.head, member).is_some();
    let is = wire::is_json(sample.head) && has(b"\"keys\"") && has(b"\"kty\"");
    is.then(|| (95, "a JSON Web Key Set".to_owned()))
}

/// What is read of a key. Private members are noticed and skipped.
#[derive(Deserialize)]
struct Jwk {
    kid: Option<String>,
    kty: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    key_ops: Vec<String>,
    iat: Option<f64>,
    nbf: Option<f64>,
    exp: Option<f64>,
    #[serde(alias = "issuer")]
    iss: Option<String>,
    d: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
    q: Option<IgnoredAny>,
    dp: Option<IgnoredAny>,
    dq: Option<IgnoredAny>,
    qi: Option<IgnoredAny>,
    oth: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
}

impl Jwk {
    fn is_private(&self) -> bool {
        let members = [&self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qi, &self.oth, &self.k];
        members.iter().any(|member| member.is_some())
    }

    fn signs(&self) -> bool {
        let purpose = self.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
        purpose && (self.key_ops.is_empty() || self.key_ops.iter().any(|op| op == "sign" || op == "verify"))
    }
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut seen: HashMap<String, (String, u64)> = HashMap::new();
    for path in &parts.paths {
        let name = file_name(path);
        let fail = |error: std::io::Error| files::failed(settings, path, &error.to_string());
        let (text, broken) = files::read_whole(path, settings.limits.file_bytes_max).map_err(fail)?;
        if memchr::memmem::find(&text, b"\"keys\"").is_none() {
            let mut error = files::failed(settings, path, "no JSON Web Key Set: it has no member `keys`");
            error.hint = Some("save what the issuer's `jwks_uri` answers".to_owned());
            return Err(error);
        }
        let (mut others, before) = (0u64, tally.records());
        let scan = wire::elements(&text, settings.limits.json_depth_max, &mut |place, element| {
            let taken = element.and_then(wire::read::<Jwk>).and_then(|jwk| {
                if jwk.kty.is_none() {
                    return Err(Reason::Missing("kty"));
                }
                if !jwk.signs() {
                    others += 1;
                    return Ok(());
                }
                key(settings, jwk, &name, place, &mut seen, tally)
            });
            if let Err(reason) = taken {
                tally.reject(&name, place, reason);
            }
        });
        if others > 0 {
            tally.gap(format!("{name}: {} not for signing left out", crate::row::counted(others, "key")));
        }
        if let Some(line) = scan.breaks_off.or(broken.map(|_| 0)) {
            tally.partial(format!("{name}: breaks off at line {line}"));
        } else if tally.records() == before {
            tally.empty(format!("{name}: no signing key"));
        }
    }
    Ok(())
}

fn key(
    settings: &SourceSettings,
    jwk: Jwk,
    file: &str,
    place: Place,
    seen: &mut HashMap<String, (String, u64)>,
    tally: &mut Tally<'_>,
) -> Result<(), Reason> {
    let private = jwk.is_private();
    let kid = jwk.kid.filter(|kid| !kid.is_empty()).ok_or(Reason::Missing("kid"))?;
    if private {
        tally.gap(format!(
            "{file}: key `{kid}` is published WITH ITS PRIVATE PART: whoever fetched this set can sign with it; \
             nothing of it was read here; rotate it now"
        ));
    }
    if let Some((where_, line)) = seen.get(&kid) {
        return Err(Reason::Conflict(format!("key id `{kid}` is in {where_} on line {line} already")));
    }
    seen.insert(kid.clone(), (file.to_owned(), place.line));
    let credential = Credential {
        id: CredentialId::from(scoped(&settings.system, &kid)),
        kind: CredentialKind::SigningKey,
        account: None,
        issuer: jwk.iss.or_else(|| settings.map.get("issuer").cloned()),
        kept_at: None,
        exportable: if private { Exportable::Yes } else { Exportable::Unknown },
        created_by: None,
        rotated_at: None,
        activated_at: time(jwk.nbf),
        retired_at: None,
        expires_at: time(jwk.exp),
        last_used: None,
    };
    let from = time(jwk.iat).map_or(Bound::Unbounded, Bound::At);
    tally.record(Record { fact: Fact::Credential(credential), valid: Valid { from, to: Bound::Unbounded } });
    Ok(())
}

/// Seconds since the epoch, as JWTs write times; milliseconds are told by their size.
fn time(secs: Option<f64>) -> Option<EventTime> {
    let secs = secs.filter(|secs| secs.is_finite() && *secs > 0.0)?;
    let micros = if secs > 1e11 { secs * 1e3 } else { secs * 1e6 };
    Some(EventTime::from_micros(micros as i64))
}
