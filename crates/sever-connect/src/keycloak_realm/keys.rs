//! Keys of a realm and secrets of its clients: their names and times, never their values.

use sever_model::port::Reason;
use sever_model::{Credential, CredentialId, CredentialKind, EventTime, Exportable, SystemId, Valid};

use crate::certificate;
use crate::facts;
use crate::fields::Fields;
use crate::tally::Tally;

/// A key with which a realm signs.
pub(super) struct Key {
    credential: Credential,
    valid: Valid,
    name: String,
    /// Whether nothing said its key id.
    unnamed: bool,
}

/// Whether a value is only the stars that Keycloak puts for one, or a reference to a vault.
pub(super) fn is_masked(value: &str) -> bool {
    value.bytes().all(|byte| byte == b'*') || value.starts_with("${")
}

/// Reads a key provider; nothing where it does not sign.
pub(super) fn read(system: &SystemId, fields: &Fields<'_>) -> Result<Option<Key>, Reason> {
    let provider = fields.need("providerId")?;
    let name = fields.text("name")?.unwrap_or(provider).to_owned();
    let config = fields.object("config")?;
    let first = |member: &'static str| -> Result<Option<&str>, Reason> {
        let texts = config.map(|config| config.texts(member)).transpose()?.unwrap_or_default();
        Ok(texts.first().copied().filter(|text| !text.is_empty()))
    };
    let encrypts = provider.starts_with("aes") || provider.contains("-enc") || provider.starts_with("ecdh");
    if encrypts || matches!(first("keyUse")?, Some("enc" | "ENC")) {
        return Ok(None);
    }
    let certificate = first("certificate")?.and_then(certificate::of_text);
    let kid = first("kid")?.map(str::to_owned).or_else(|| certificate.as_ref().map(|it| it.key_id.clone()));
    let unnamed = kid.is_none();
    let kid = kid.map_or_else(|| fields.text("id").map(|id| id.unwrap_or(&name).to_owned()), Ok)?;
    let values = [first("privateKey")?, first("secret")?, first("keystorePassword")?];
    let in_clear = values.into_iter().flatten().any(|value| !is_masked(value));
    let mut credential = facts::credential(system, &kid, CredentialKind::SigningKey);
    credential.exportable = if in_clear { Exportable::Yes } else { Exportable::Unknown };
    let valid = facts::since(certificate.and_then(|it| it.not_before));
    Ok(Some(Key { credential, valid, name, unnamed }))
}

impl Key {
    /// Hands a key over, and says loudly if its private part stands in the export.
    pub(super) fn finish(self, issuer: Option<String>, tally: &mut Tally<'_>) {
        let kid = self.credential.id.native();
        if self.credential.exportable == Exportable::Yes {
            tally.gap(format!(
                "key `{kid}` ({}) stands in the export WITH ITS PRIVATE PART: whoever has the file can sign with it; \
                 nothing of it was read here; if it has left the server, rotate it now",
                self.name
            ));
        }
        if self.unnamed {
            tally.gap(format!(
                "the export does not say the key id of `{}`: take it from the realm's keys (`jwks`), and know it here \
                 as `{kid}`",
                self.name
            ));
        }
        facts::hand_credential(tally, Credential { issuer, ..self.credential }, self.valid);
    }
}

/// The secret or certificate of a confidential client.
pub(super) fn of_client(system: &SystemId, client_id: &str, fields: &Fields<'_>) -> Result<Option<Credential>, Reason> {
    let attributes = fields.object("attributes")?;
    let made = attributes.map(|it| it.word("client.secret.creation.time")).transpose()?.flatten();
    let made = made.and_then(|text| text.parse::<i64>().ok()).filter(|secs| *secs > 0).map(EventTime::from_secs);
    let (kind, word) = match fields.text("clientAuthenticatorType")? {
        Some("client-jwt" | "client-x509") => (CredentialKind::Certificate, "certificate"),
        _ => (CredentialKind::Secret, "secret"),
    };
    let mut credential = facts::credential(system, &format!("client/{client_id}/{word}"), kind);
    credential.rotated_at = made;
    let certificate = attributes.map(|it| it.text("jwt.credential.certificate")).transpose()?.flatten();
    if let Some(certificate) = certificate.and_then(certificate::of_text) {
        credential.id = CredentialId::of(system, &format!("client/{client_id}/{}", certificate.key_id));
        credential.activated_at = certificate.not_before;
        credential.expires_at = certificate.not_after;
    }
    Ok(Some(credential))
}
