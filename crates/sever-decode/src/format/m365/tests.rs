//! What operations tell.

use sever_model::EventKind;

use super::deed::Deed;

#[test]
fn an_operation_tells_its_kind_and_words() {
    use EventKind::{Authenticated, Changed, Used};
    let cases = [
        (("UserLoggedIn", "AzureActiveDirectory"), Authenticated, ""),
        (("Add user.", "AzureActiveDirectory"), Changed, "create-account"),
        (("Add member to role.", "AzureActiveDirectory"), Changed, "grant"),
        (("Update application – Certificates and secrets management ", "AzureActiveDirectory"), Changed, "create-key"),
        (("FileDownloaded", "SharePoint"), Used, ""),
        (("FileDeleted", "OneDrive"), Changed, "delete"),
        (("FileRecycled", "OneDrive"), Changed, "delete"),
        (("MailItemsAccessed", "Exchange"), Used, ""),
        (("HardDelete", "Exchange"), Changed, "delete"),
        (("Set-AdminAuditLogConfig", "Exchange"), Changed, "audit"),
        (("Remove-UnifiedAuditLogRetentionPolicy", "SecurityComplianceCenter"), Changed, "delete audit"),
        (("Remove-MailboxPermission", "Exchange"), Changed, ""),
        (("Remove-Mailbox", "Exchange"), Changed, "delete"),
        (("New-Mailbox", "Exchange"), Changed, "create-account"),
        (("Add-RoleGroupMember", "Exchange"), Changed, "grant"),
        (("Get-Mailbox", "Exchange"), Used, ""),
        (("MemberRemoved", "MicrosoftTeams"), Changed, ""),
        (("TeamDeleted", "MicrosoftTeams"), Changed, "delete"),
        (("SearchExported", "SecurityComplianceCenter"), Used, "export"),
    ];
    for ((operation, workload), kind, words) in cases {
        let deed = Deed::of(operation, workload, "", false);
        assert_eq!((deed.kind, deed.words.join(" ")), (kind, words.to_owned()), "{operation}");
    }
}

#[test]
fn parameters_tell_what_a_cmdlet_is_for() {
    let words = |fields, forwards| Deed::of("Set-Mailbox", "Exchange", fields, forwards).words.join(" ");
    assert_eq!(words("Identity,DisplayName", false), "");
    assert_eq!(words("Identity,ForwardingSmtpAddress", true), "export");
    assert_eq!(words("Identity,AuditEnabled", false), "audit");
}
