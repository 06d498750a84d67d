//! `aws-iam`: users, groups, roles, policies and keys of AWS accounts.
//!
//! Reads what the command line tool prints, whichever of the answers there are: the authorization
//! details (who may do what), the credential report (which keys and passwords, and their use) and
//! `list-access-keys` (the ids of keys, which CloudTrail names). Several accounts may lie in one folder.
//!
//! Bounded by the things of one export.

use serde_json::Value;
use sever_model::FactKind;
use sever_model::port::{Reason, Source, SourceError};

use super::details::{self, Details};
use super::report::{self, Report};
use crate::documents::{Documents, Text, each, only};
use crate::files::Parts;
use crate::gathered::Gathered;
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "aws-iam",
    title: "AWS IAM",
    about: "What these commands print, in one folder; any of them alone is read too:\n\n\
            ```sh\n\
            aws iam get-account-authorization-details > details.json\n\
            aws iam generate-credential-report\n\
            aws iam get-credential-report --query Content --output text | base64 -d > credential-report.csv\n\
            for user in $(aws iam list-users --query 'Users[].UserName' --output text); do\n  \
              aws iam list-access-keys --user-name \"$user\"\n\
            done > access-keys.json\n\
            ```\n\n\
            An account's id is its ARN, which CloudTrail and the report name; the ARN of a deleted user may be given \
            again, and the times of making tell the two apart. A managed policy becomes a group whose members have its \
            rights, a role an account and a group of all who may assume it. An access key's id is its own where \
            `list-access-keys` shows it, a password's is the ARN with `/password`. Rights are on `SYSTEM/ARN`; of an \
            action on `*`, on all that its service has. Tags `owner`, `created-by`, `email` and `employee-id` are \
            read.\n\n\
            Not weighed, and told as gaps: what is denied, conditions, permissions boundaries, service control \
            policies, policies of buckets, keys and queues. It cannot say who made a user or key: CloudTrail can. A \
            person who comes through IAM Identity Center has no user here. Of an access key that is switched off it is \
            known only that it was by the day of the export.",
    scope: "the actions `iam:GetAccountAuthorizationDetails`, `iam:GenerateCredentialReport`, \
            `iam:GetCredentialReport`, `iam:ListUsers` and `iam:ListAccessKeys` on `*`; all are in AWS's own policy \
            `SecurityAudit`; no secret is read",
    kinds: &[FactKind::Account, FactKind::Group, FactKind::Membership, FactKind::Grant, FactKind::Credential],
    columns: &[],
    together: true,
    sniff,
    open: |settings| {
        only(&settings, &[])?;
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

/// How the report's header begins.
const HEADER: &[u8] = b"user,arn,user_creation_time";

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let has = |text: &str| memchr::memmem::find(sample.head, text.as_bytes()).is_some();
    if sample.head.starts_with(HEADER) {
        return Some((98, "AWS's credential report".to_owned()));
    }
    if !wire::is_json(sample.head) {
        return None;
    }
    if let Some(section) = details::SECTIONS.iter().take(3).find(|section| has(&format!("\"{section}\""))) {
        return Some((97, format!("AWS authorization details with `{section}`")));
    }
    if has("\"ReportFormat\"") && has("\"Content\"") {
        return Some((95, "AWS's credential report, encoded".to_owned()));
    }
    let listed = report::SECTIONS.iter().find(|section| has(&format!("\"{section}\"")) && has("\"UserName\""));
    listed.map(|section| (95, format!("a listing of `{section}`")))
}

struct Reading<'a> {
    settings: &'a SourceSettings,
    details: Details,
    report: Report,
    into: Gathered,
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut reading = Reading {
        settings,
        details: Details::new(&settings.system),
        report: Report::default(),
        into: Gathered::default(),
    };
    // Details before reports: who a user is stands there, when a key was used here.
    let mut reports: Vec<(String, Vec<u8>)> = Vec::new();
    let (mut has_details, mut has_report) = (false, false);
    each(settings, parts, tally, &mut |file, tally| {
        if file.bytes.starts_with(HEADER) {
            has_report = true;
            reports.push((file.name.clone(), file.bytes.clone()));
            return;
        }
        has_details |= memchr::memmem::find(&file.bytes, b"DetailList\"").is_some();
        reading.json(file, &mut reports, tally);
        has_report |= !reports.is_empty();
    })?;
    let Reading { details, mut report, mut into, .. } = reading;
    for (name, text) in reports {
        report.read(&settings.system, &name, text, &mut into, tally);
    }
    if !has_details {
        tally.partial("no authorization details: who may do what is not known".to_owned());
    }
    if !has_report {
        tally.gap("no credential report: when keys and passwords were used is not known".to_owned());
    }
    details.finish(&mut into, tally);
    report.finish(&settings.system, parts.at, &mut into, tally);
    into.finish(tally);
    Ok(())
}

impl Reading<'_> {
    fn json(&mut self, file: &Text<'_>, reports: &mut Vec<(String, Vec<u8>)>, tally: &mut Tally<'_>) {
        let names: Vec<&str> = details::SECTIONS.iter().chain(&report::SECTIONS).copied().collect();
        let depth_max = self.settings.limits.json_depth_max;
        let scan = wire::sections(&file.bytes, depth_max, &names, &mut |section, place, element| {
            let taken = element.and_then(wire::read::<Value>).and_then(|value| {
                if section.is_empty() {
                    return match report::content(&value) {
                        Some(report) => {
                            reports.push((file.name.clone(), report?));
                            Ok(())
                        }
                        None => Err(Reason::Unrelated),
                    };
                }
                if report::SECTIONS.contains(&section) {
                    return self.report.listed(&self.settings.system, section, &value, &file.name, place);
                }
                self.details.take(section, &value, &mut self.into)
            });
            if let Err(reason) = taken {
                tally.reject(&file.name, place, reason);
            }
        });
        if let Some(line) = scan.breaks_off {
            tally.partial(format!("{}: breaks off at line {line}", file.name));
        }
    }
}
