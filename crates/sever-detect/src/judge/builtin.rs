//! Classes that need no configuration.

use sever_model::{ClaimSet, Class, CoverageBy, Join, SourceId, Span};

/// The classes that a log of this format brings with it.
///
/// CloudTrail holds both sides of an assumed role: the `AssumeRole` answer names the temporary key,
/// and each call names the key that it was signed with. Temporary keys of users (`GetSessionToken`,
/// console sign-in) are not covered on purpose: AWS logs no issuance for most of them.
pub fn builtin_classes(format_id: &str, log: &SourceId) -> Vec<Class> {
    if format_id != "cloudtrail" {
        return Vec::new();
    }
    vec![Class {
        issuer: "sts.amazonaws.com".to_owned(),
        name: "assumed-role".to_owned(),
        issued_in: Some(log.clone()),
        used_in: vec![log.clone()],
        token_type: "assumed-role".to_owned(),
        audiences: Vec::new(),
        key_ids: Vec::new(),
        join: Join::Jti,
        bound: ClaimSet::NONE,
        lifetime_max: Span::secs(12 * 3_600),
        settle: Span::secs(15 * 60),
        coverage: CoverageBy::Unknown,
    }]
}
