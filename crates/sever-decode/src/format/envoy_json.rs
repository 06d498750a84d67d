//! `envoy-json`: Envoy's access log in JSON.
//!
//! A preset of [`super::json_lines`]; a mapping adds to it or replaces parts of it.

use super::{Format, json_lines};
use crate::Framing;
use crate::mapping::{Field, Mapping, Pick};
use crate::sniff::Sample;

pub(super) const FORMAT: Format = Format {
    id: "envoy-json",
    title: "Envoy access log, JSON",
    about: "Envoy's (and Istio's) access log with a `json_format` in the usual names: `start_time`, `method`, `path`, \
`response_code`, `downstream_remote_address`, `user_agent`, `request_id` … Every record is a use. The claims of a \
token come from the `jwt_authn` filter: log `%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:payload:sub)%` and the \
like as `jwt_sub`, `jwt_jti`, `jwt_iss`, `jwt_iat`, `jwt_exp`, `jwt_kid`, or the whole payload as `jwt`.",
    joins: "By token id, once `jwt_jti` (or `jwt.jti`) is logged, beside `jwt_iss`, `jwt_kid`, `jwt_sub` and `jwt_iat`. \
Without them a use names no credential and cannot be judged.",
    framing: Framing::Json,
    whole: &[],
    make: |settings| {
        let mapping = settings.mapping.clone().unwrap_or_default().over(preset());
        json_lines::decoder(&mapping, settings)
    },
    score,
};

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let has = |key: &str| record.get(key).is_some();
        has("start_time") && has("response_code") && (has("response_flags") || has("upstream_host") || has("authority"))
    });
    (share >= 0.5).then(|| ((share * 85.0) as u8, "Envoy's command names as keys".to_owned()))
}

fn preset() -> Mapping {
    let claim = |field, flat, nested| (field, Pick::first(&[flat, nested]));
    let first = |field, paths: &[&str]| (field, Pick::first(paths));
    let picks = [
        first(Field::Time, &["start_time", "timestamp"]),
        first(Field::Outcome, &["response_code"]),
        first(Field::Action, &["method"]),
        claim(Field::Issuer, "jwt_iss", "jwt.iss"),
        claim(Field::Audience, "jwt_aud", "jwt.aud"),
        first(Field::Client, &["jwt_azp", "jwt.azp", "jwt.client_id"]),
        claim(Field::KeyId, "jwt_kid", "jwt.kid"),
        claim(Field::Credential, "jwt_jti", "jwt.jti"),
        claim(Field::Session, "jwt_sid", "jwt.sid"),
        claim(Field::TokenSubject, "jwt_sub", "jwt.sub"),
        claim(Field::IssuedAt, "jwt_iat", "jwt.iat"),
        claim(Field::ExpiresAt, "jwt_exp", "jwt.exp"),
        first(Field::DataSubjects, &["data_subjects"]),
        first(Field::SubjectCount, &["subject_count"]),
        first(Field::Resource, &["x_envoy_original_path", "path", ":path"]),
        // The address that reached Envoy; what a header claims only where that is not logged.
        first(Field::SourceIp, &["downstream_remote_address", "downstream_direct_remote_address", "x_forwarded_for"]),
        first(Field::UserAgent, &["user_agent"]),
    ];
    picks.into_iter().fold(Mapping::new(), |mapping, (field, pick)| mapping.with(field, pick))
}
