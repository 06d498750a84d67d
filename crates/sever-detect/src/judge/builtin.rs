//! Classes that need no configuration.

use sever_model::{ClaimSet, Class, CoverageBy, Join, SourceId, Span};

/// A class whose two sides stand in one log.
struct Builtin {
    format: &'static str,
    issuer: &'static str,
    /// Its name, and the token type that the log gives it.
    name: &'static str,
    join: Join,
    lifetime_max: Span,
    settle: Span,
}

/// Every class that a format brings with it. None has a coverage of its own: the logs number nothing,
/// so that what was never issued is unjudgeable until an operator declares them complete.
const BUILTIN: &[Builtin] = &[
    // CloudTrail holds both sides of an assumed role: the `AssumeRole` answer names the temporary key,
    // and each call names the key that it was signed with. Temporary keys of users (`GetSessionToken`,
    // console sign-in) are not covered on purpose: AWS logs no issuance for most of them.
    Builtin {
        format: "cloudtrail",
        issuer: "sts.amazonaws.com",
        name: "assumed-role",
        join: Join::Jti,
        lifetime_max: Span::secs(12 * 3_600),
        settle: Span::secs(15 * 60),
    },
    // A sign-in names the token it gave out, and calls to Graph and operations of Azure the token they
    // were made with. Longest are tokens under continuous access evaluation: 28 hours. Sign-ins are
    // exported minutes later, seldom an hour.
    Builtin {
        format: "entra",
        issuer: "sts.windows.net",
        name: "access",
        join: Join::Jti,
        lifetime_max: Span::secs(28 * 3_600),
        settle: Span::secs(2 * 3_600),
    },
    // The server names the id of a service account's token when it makes it and whenever it is used.
    // Tokens of pods are asked for an hour and, unless the server is told otherwise, good for a year,
    // which its records do not tell: a shorter lifetime would call the old ones forged.
    Builtin {
        format: "kubernetes-audit",
        issuer: "kubernetes",
        name: "service-account",
        join: Join::Jti,
        lifetime_max: Span::days(365),
        settle: Span::secs(15 * 60),
    },
    // A sign-in names the session that it opened; records come up to a day late, and a session that is
    // used lives for 90 days.
    Builtin {
        format: "m365",
        issuer: "sts.windows.net",
        name: "session",
        join: Join::Session,
        lifetime_max: Span::days(90),
        settle: Span::days(1),
    },
    // A session lives as long as the policy says; 90 days is the longest idle time it can say.
    Builtin {
        format: "okta",
        issuer: "okta",
        name: "session",
        join: Join::Session,
        lifetime_max: Span::days(90),
        settle: Span::secs(15 * 60),
    },
    // A sign-in or a token that makes another names the accessor of what it gave out, and every request
    // that of the token it was made with. Tokens live for 32 days unless the server is told otherwise; a
    // record is written before its answer.
    Builtin {
        format: "openbao-audit",
        issuer: "openbao",
        name: "service",
        join: Join::Jti,
        lifetime_max: Span::days(32),
        settle: Span::secs(60),
    },
    // Neither Slack's nor Snowflake's sessions end by themselves while they are used. Snowflake's view of
    // them lags behind by up to three hours.
    Builtin {
        format: "slack-audit",
        issuer: "slack",
        name: "session",
        join: Join::Session,
        lifetime_max: Span::days(365),
        settle: Span::secs(3_600),
    },
    Builtin {
        format: "snowflake",
        issuer: "snowflake",
        name: "session",
        join: Join::Session,
        lifetime_max: Span::days(365),
        settle: Span::secs(4 * 3_600),
    },
    // Kerberos, by the defaults of a domain: ten hours, renewable for seven days. Each renewal gives
    // out another ticket. Controllers' and servers' logs come together at the collector.
    Builtin {
        format: "windows-security",
        issuer: "kdc",
        name: "tgt",
        join: Join::Jti,
        lifetime_max: Span::days(7),
        settle: Span::secs(15 * 60),
    },
    Builtin {
        format: "windows-security",
        issuer: "kdc",
        name: "service-ticket",
        join: Join::Jti,
        lifetime_max: Span::days(7),
        settle: Span::secs(15 * 60),
    },
    // A session lives until its computer restarts.
    Builtin {
        format: "windows-security",
        issuer: "windows",
        name: "logon",
        join: Join::Session,
        lifetime_max: Span::days(90),
        settle: Span::secs(15 * 60),
    },
];

/// The classes that a log of this format brings with it.
pub fn builtin_classes(format_id: &str, log: &SourceId) -> Vec<Class> {
    let class = |of: &Builtin| Class {
        issuer: of.issuer.to_owned(),
        name: of.name.to_owned(),
        issued_in: Some(log.clone()),
        used_in: vec![log.clone()],
        token_type: of.name.to_owned(),
        audiences: Vec::new(),
        key_ids: Vec::new(),
        join: of.join,
        bound: ClaimSet::NONE,
        lifetime_max: of.lifetime_max,
        settle: of.settle,
        coverage: CoverageBy::Unknown,
    };
    BUILTIN.iter().filter(|of| of.format == format_id).map(class).collect()
}

#[cfg(test)]
mod tests;
