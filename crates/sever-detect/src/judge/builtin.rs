//! Classes that need no configuration.

use sever_model::{ClaimSet, Class, CoverageBy, Join, SourceId, Span};

/// The classes that a log of this format brings with it: those of which it holds both sides.
///
/// What an issuer leaves unlogged on purpose or by design has no class here, so that its uses are
/// unjudgeable and nobody is called a forger for them. Coverage is unknown until something measures
/// or somebody declares it: a log alone does not say that it is whole.
pub fn builtin_classes(format_id: &str, log: &SourceId) -> Vec<Class> {
    match format_id {
        "cloudtrail" => vec![assumed_role(log)],
        "kubernetes-audit" => vec![service_account(log)],
        "slack-audit" => vec![session("slack", Span::secs(3_600), log)],
        // SESSIONS lags behind by up to three hours.
        "snowflake" => vec![session("snowflake", Span::secs(4 * 3_600), log)],
        _ => Vec::new(),
    }
}

/// CloudTrail holds both sides of an assumed role: the `AssumeRole` answer names the temporary key,
/// and each call names the key that it was signed with. Temporary keys of users (`GetSessionToken`,
/// console sign-in) are not covered on purpose: AWS logs no issuance for most of them.
fn assumed_role(log: &SourceId) -> Class {
    Class { lifetime_max: Span::secs(12 * 3_600), ..within("sts.amazonaws.com", "assumed-role", Join::Jti, log) }
}

/// A Kubernetes API server names the id of a service account's token when it makes it and whenever it
/// is used. Tokens of pods are asked for an hour and, unless the server is told otherwise, good for a
/// year, which its records do not tell: a shorter lifetime here would call the old ones forged.
fn service_account(log: &SourceId) -> Class {
    Class { lifetime_max: Span::days(365), ..within("kubernetes", "service-account", Join::Jti, log) }
}

/// Sessions that a log says were opened, and in which it says that things were done. Neither Slack's
/// nor Snowflake's end by themselves while they are used.
fn session(issuer: &str, settle: Span, log: &SourceId) -> Class {
    Class { lifetime_max: Span::days(365), settle, ..within(issuer, "session", Join::Session, log) }
}

/// A class whose issuances and uses stand in one log.
fn within(issuer: &str, name: &str, join: Join, log: &SourceId) -> Class {
    Class {
        issuer: issuer.to_owned(),
        name: name.to_owned(),
        issued_in: Some(log.clone()),
        used_in: vec![log.clone()],
        token_type: name.to_owned(),
        audiences: Vec::new(),
        key_ids: Vec::new(),
        join,
        bound: ClaimSet::NONE,
        lifetime_max: Span::days(1),
        settle: Span::secs(15 * 60),
        coverage: CoverageBy::Unknown,
    }
}

#[cfg(test)]
mod tests;
