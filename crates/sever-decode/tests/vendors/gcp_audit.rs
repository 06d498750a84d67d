//! Google Cloud Audit Logs.

use serde_json::Value;

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["GCP.AuditLog", "Amazon.EKS.Audit", "GSuite.ActivityEvent", "GitHub.Audit"],
    format: "gcp-audit",
    is,
    says: &[
        (&["timestamp", "receiveTimestamp", "protoPayload.timestamp"], "time"),
        (&["protoPayload.methodName"], "action"),
        (&["protoPayload.metadata.methodName", "protoPayload.methodName"], "action"),
        (&["protoPayload.authenticationInfo.principalEmail"], "actor"),
        (
            &[
                "protoPayload.authenticationInfo.principalEmail",
                "protoPayload.authenticationInfo.principalSubject",
                "protoPayload.authenticationInfo.authoritySelector",
            ],
            "actor",
        ),
        (&["protoPayload.authenticationInfo.serviceAccountKeyName"], "credential"),
        (&["protoPayload.authenticationInfo.oauthInfo.oauthClientId"], "client"),
        (&["protoPayload.requestMetadata.callerIp"], "source_ip"),
        (&["protoPayload.metadata.requestMetadata.callerIp"], "source_ip"),
        (&["protoPayload.requestMetadata.callerSuppliedUserAgent"], "user_agent"),
        (
            &["protoPayload.resourceName", "protoPayload.response.name", "protoPayload.metadata.resourceName"],
            "resource",
        ),
        (&["protoPayload.serviceData.policyDelta.bindingDeltas.0.member"], "account"),
        (&["protoPayload.serviceData.policyDelta.bindingDeltas.0.role"], "action"),
        (&["protoPayload.metadata.jobChange.job.jobName"], "subject_ref"),
        (&["protoPayload.metadata.jobChange.job.jobStats.queryStats.outputRowCount"], "subject_count"),
    ],
};

fn is(log: &Value) -> bool {
    let kind = at(log, "protoPayload.@type").or_else(|| at(log, "protoPayload.at_sign_type"));
    kind.is_some_and(|kind| kind.contains("AuditLog")) || at(log, "protoPayload.methodName").is_some()
}
