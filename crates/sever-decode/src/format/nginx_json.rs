//! `nginx-json`: nginx access logs in JSON, by the variable names that people give them.
//!
//! A preset of [`super::json_lines`]; a mapping adds to it or replaces parts of it.

use super::{Format, json_lines};
use crate::Framing;
use crate::mapping::{Field, Mapping, Pick};
use crate::sniff::Sample;

pub(super) const FORMAT: Format = Format {
    id: "nginx-json",
    title: "nginx access log, JSON",
    about: "An nginx `log_format … escape=json` whose keys are nginx's own variable names (`time_iso8601`, `msec`, \
`remote_addr`, `request_uri`, `status`, `http_user_agent` …). Every record is a use. nginx cannot look into a \
token by itself: set variables from `auth_jwt` (`$jwt_claim_sub`, `$jwt_claim_jti`, `$jwt_header_kid`), from njs, \
or from a response header of `auth_request`, and log them by those names or map them. Lines written without \
`escape=json` (`\\x22`) and bytes that are not UTF-8 are repaired and counted, so that nobody hides a request by \
the user agent they send.",
    joins: "By token id, once `jwt_claim_jti` (or your own name for it, mapped to `credential`) is logged, beside \
`jwt_claim_iss`, `jwt_header_kid`, `jwt_claim_sub` and `jwt_claim_iat`. Without them a use names no credential and \
cannot be judged.",
    framing: Framing::Json,
    whole: &[],
    make: |settings| {
        let mapping = settings.mapping.clone().unwrap_or_default().over(preset());
        json_lines::decoder(&mapping, settings)
    },
    score,
};

fn score(sample: &Sample) -> Option<(u8, String)> {
    let times = ["time_iso8601", "msec", "time_local", "timestamp", "time"];
    let share = sample.share(|record| {
        let has = |key: &str| record.get(key).is_some();
        times.iter().any(|key| has(key)) && has("remote_addr") && (has("request_uri") || has("request") || has("uri"))
    });
    (share >= 0.5).then(|| ((share * 80.0) as u8, "nginx's variable names as keys".to_owned()))
}

fn preset() -> Mapping {
    let first = |field, paths: &[&str]| (field, Pick::first(paths));
    let picks = [
        first(Field::Time, &["time_iso8601", "msec", "time_local", "timestamp", "time", "@timestamp"]),
        first(Field::Outcome, &["status"]),
        first(Field::Actor, &["remote_user"]),
        first(Field::Action, &["request_method", "method"]),
        first(Field::Issuer, &["jwt_claim_iss", "jwt_iss", "iss"]),
        first(Field::Audience, &["jwt_claim_aud", "jwt_aud", "aud"]),
        first(Field::Client, &["jwt_claim_azp", "jwt_claim_client_id", "jwt_azp", "client_id"]),
        first(Field::KeyId, &["jwt_header_kid", "jwt_kid", "kid"]),
        first(Field::Credential, &["jwt_claim_jti", "jwt_jti", "jti"]),
        first(Field::Session, &["jwt_claim_sid", "jwt_sid", "sid"]),
        first(Field::TokenSubject, &["jwt_claim_sub", "jwt_sub", "sub"]),
        first(Field::IssuedAt, &["jwt_claim_iat", "jwt_iat", "iat"]),
        first(Field::ExpiresAt, &["jwt_claim_exp", "jwt_exp", "exp"]),
        first(Field::DataSubjects, &["data_subjects"]),
        first(Field::SubjectCount, &["subject_count"]),
        first(Field::Resource, &["request_uri", "uri", "document_uri", "request"]),
        first(Field::SourceIp, &["remote_addr"]),
        first(Field::UserAgent, &["http_user_agent", "user_agent"]),
        first(Field::Node, &["hostname", "server_addr"]),
    ];
    picks.into_iter().fold(Mapping::new(), |mapping, (field, pick)| mapping.with(field, pick))
}
