//! Which Sigma log source each log format is, and which of the vendor's fields a row still holds.
//!
//! Public rules are written in the vendor's own field names. A name stands here only where the row
//! holds what the record said; all else would make a rule that never matches look like one that
//! never had to. Names are compared without regard to case, since public rules write them both ways.
//! A format that is not here runs the rules that use our own names.

use super::fields::{Field, Part};

/// One log format, as Sigma's `logsource` calls it.
pub(super) struct Known {
    /// The format's id, which the decoders' room gives.
    pub format: &'static str,
    pub products: &'static [&'static str],
    pub services: &'static [&'static str],
    pub categories: &'static [&'static str],
    /// Vendor's name, ours.
    pub aliases: &'static [(&'static str, Part)],
}

use Part::{After, AwsSource, First, GoogleService, Last, Own, Presented, Principal, Second, Subject, Target, Whole};

/// Alphabetically.
pub(super) static KNOWN: &[Known] = &[
    Known {
        format: "cloudtrail",
        products: &["aws"],
        services: &["cloudtrail"],
        categories: &[],
        aliases: &[
            ("eventName", After),
            ("eventSource", AwsSource),
            ("eventTime", Whole(Field::Time)),
            ("sourceIPAddress", Whole(Field::SourceIp)),
            ("userAgent", Whole(Field::UserAgent)),
            ("userIdentity.accessKeyId", Presented),
            ("userIdentity.arn", Whole(Field::Actor)),
            ("userIdentity.invokedBy", Whole(Field::Client)),
        ],
    },
    Known {
        format: "entra",
        products: &["azure"],
        services: &["activitylogs", "auditlogs", "microsoftgraphactivitylogs", "signinlogs"],
        categories: &[],
        aliases: &[
            ("activityDisplayName", Own),
            ("AppId", Whole(Field::Client)),
            ("CallerIpAddress", Whole(Field::SourceIp)),
            ("initiatedBy.user.userPrincipalName", Whole(Field::Actor)),
            ("ipAddress", Whole(Field::SourceIp)),
            ("operationName", Own),
            ("properties.message", Own),
            ("properties.userPrincipalName", Whole(Field::Actor)),
            ("ResourceDisplayName", Whole(Field::Resource)),
            ("userAgent", Whole(Field::UserAgent)),
            ("userPrincipalName", Whole(Field::Actor)),
        ],
    },
    Known {
        format: "gcp-audit",
        products: &["gcp"],
        services: &["gcp.audit"],
        categories: &[],
        aliases: &[
            ("data.protoPayload.methodName", After),
            ("gcp.audit.method_name", After),
            ("protoPayload.authenticationInfo.principalEmail", Principal),
            ("protoPayload.methodName", After),
            ("protoPayload.requestMetadata.callerIp", Whole(Field::SourceIp)),
            ("protoPayload.requestMetadata.callerSuppliedUserAgent", Whole(Field::UserAgent)),
        ],
    },
    Known {
        format: "github-audit",
        products: &["github"],
        services: &["audit"],
        categories: &[],
        aliases: &[
            ("action", First),
            ("actor", Whole(Field::Actor)),
            ("actor_ip", Whole(Field::SourceIp)),
            ("user_agent", Whole(Field::UserAgent)),
        ],
    },
    Known {
        format: "google-workspace",
        products: &["gcp", "google_workspace"],
        services: &["google_workspace.admin", "google_workspace.login"],
        categories: &[],
        aliases: &[
            ("actor.email", Whole(Field::Actor)),
            ("eventName", After),
            ("eventService", GoogleService),
            ("ipAddress", Whole(Field::SourceIp)),
        ],
    },
    Known {
        format: "kubernetes-audit",
        products: &["kubernetes"],
        services: &["audit"],
        categories: &["application"],
        aliases: &[
            ("objectRef.resource", Second),
            ("user.username", Whole(Field::Actor)),
            ("userAgent", Whole(Field::UserAgent)),
            ("verb", First),
        ],
    },
    Known {
        format: "m365",
        products: &["m365"],
        services: &["audit", "exchange", "threat_management"],
        categories: &[],
        aliases: &[("ClientIP", Whole(Field::SourceIp)), ("Operation", Own), ("UserId", Whole(Field::Actor))],
    },
    Known {
        format: "nginx-combined",
        products: &["nginx"],
        services: &["access"],
        categories: &["webserver"],
        aliases: &[("c-ip", Whole(Field::SourceIp)), ("cs-user-agent", Whole(Field::UserAgent))],
    },
    Known {
        format: "nginx-json",
        products: &["nginx"],
        services: &["access"],
        categories: &["webserver"],
        aliases: &[("c-ip", Whole(Field::SourceIp)), ("cs-user-agent", Whole(Field::UserAgent))],
    },
    Known {
        format: "okta",
        products: &["okta"],
        services: &["okta"],
        categories: &[],
        aliases: &[
            ("actor.alternateId", Whole(Field::Actor)),
            ("client.ipAddress", Whole(Field::SourceIp)),
            ("client.userAgent.rawUserAgent", Whole(Field::UserAgent)),
            ("eventType", Own),
            ("published", Whole(Field::Time)),
        ],
    },
    Known {
        format: "onelogin",
        products: &["onelogin"],
        services: &["onelogin.events"],
        categories: &[],
        aliases: &[("event_type_id", Last), ("ipaddr", Whole(Field::SourceIp))],
    },
    Known { format: "sshd", products: &["linux"], services: &["auth", "sshd"], categories: &[], aliases: &[] },
    Known {
        format: "windows-security",
        products: &["windows"],
        services: &["security"],
        categories: &[],
        aliases: &[
            ("Computer", Whole(Field::Node)),
            ("EventID", First),
            ("IpAddress", Whole(Field::SourceIp)),
            ("SubjectUserName", Subject),
            ("TargetUserName", Target),
            ("WorkstationName", Whole(Field::Client)),
        ],
    },
];

impl Known {
    /// The format of an id.
    pub fn named(format: &str) -> Option<&'static Known> {
        KNOWN.iter().find(|known| known.format == format)
    }

    /// What a vendor's field is in our rows.
    pub fn alias(&self, name: &str) -> Option<Part> {
        let mut aliases = self.aliases.iter();
        aliases.find(|(alias, _)| alias.eq_ignore_ascii_case(name)).map(|(_, part)| *part)
    }
}
