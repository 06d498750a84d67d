//! `gitleaks`: secrets that gitleaks found in a repository.

use serde_json::Value;
use sever_model::port::{Reason, Source, SourceError};
use sever_model::{EventTime, FactKind, ResourceId};

use crate::documents::{Documents, Text, each, only};
use crate::files::Parts;
use crate::leaked::{Finding, Leaked, SETTINGS, repository};
use crate::lines::Place;
use crate::members::{list, need, owned, text, time, when};
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "gitleaks",
    title: "Secrets found by gitleaks",
    about: "The report of a scan of one repository with its history: `gitleaks git --report-format json --report-path \
            orders.json REPOSITORY`, or `--report-format sarif`. Each secret becomes a credential that is kept in the \
            repository from its first commit on, so that *whoever could read the repository could read it*, by the \
            rights that `github` lists; whoever committed it had it. A secret's text is never kept: findings are told \
            apart by a short digest, or with `--redact` by gitleaks' fingerprint. An AWS access key is the very key \
            that `aws-iam` lists.\n\n\
            The repository is taken from the finding's link. Scans of a folder have none: set `map = { repository = \
            \"ORG/REPO\" }`. `github`, `gitlab` and `aws` under `map` name the systems, where they are called \
            otherwise. A report says nothing about secrets that no rule finds, or that are not secrets after all.",
    scope: "read on a clone of the repository; nothing on the server. Keep the report as safe as the secrets in it, or \
            make it with `--redact`",
    kinds: &[FactKind::Credential, FactKind::Custody],
    columns: &[],
    together: false,
    sniff,
    open: |settings| {
        only(&settings, &SETTINGS)?;
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let has = |text: &str| memchr::memmem::find(sample.head, text.as_bytes()).is_some();
    if !wire::is_json(sample.head) {
        return None;
    }
    if has("\"RuleID\"") && has("\"StartLine\"") && has("\"Commit\"") {
        return Some((97, "findings of gitleaks".to_owned()));
    }
    (has("sarif") && has("gitleaks")).then(|| (96, "findings of gitleaks as SARIF".to_owned()))
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut leaked = Leaked::default();
    each(settings, parts, tally, &mut |file, tally| one(settings, file, &mut leaked, tally))?;
    leaked.finish(tally);
    Ok(())
}

fn one(settings: &SourceSettings, file: &Text<'_>, leaked: &mut Leaked, tally: &mut Tally<'_>) {
    let scan =
        wire::sections(&file.bytes, settings.limits.json_depth_max, &["runs"], &mut |section, place, element| {
            let taken = element.and_then(wire::read::<Value>).and_then(|value| match section {
                "runs" => {
                    for result in list(&value, "/results") {
                        if let Err(reason) = sarif(settings, file, result, leaked) {
                            tally.reject(&file.name, Place { bytes: 0, ..place }, reason);
                        }
                    }
                    Ok(())
                }
                _ => finding(settings, file, &value, leaked),
            });
            if let Err(reason) = taken {
                tally.reject(&file.name, place, reason);
            }
        });
    if let Some(line) = scan.breaks_off {
        tally.partial(format!("{}: breaks off at line {line}", file.name));
    }
}

fn finding(settings: &SourceSettings, file: &Text<'_>, value: &Value, leaked: &mut Leaked) -> Result<(), Reason> {
    let rule = need(value, "/RuleID")?;
    let path = text(value, "/File").unwrap_or_default();
    let line = value.pointer("/StartLine").and_then(Value::as_u64).unwrap_or_default();
    let at = time(value, "/Date")?;
    let commit = text(value, "/Commit").unwrap_or_default();
    let mark = owned(value, "/Fingerprint").unwrap_or_else(|| format!("{commit}:{path}:{rule}:{line}"));
    let place = place(settings, file, text(value, "/Link"), leaked);
    leaked.take(
        settings,
        Finding {
            rule,
            secret: text(value, "/Secret").unwrap_or_default(),
            mark,
            place,
            shown: format!("{path}:{line}"),
            commit,
            email: owned(value, "/Email"),
            at,
            verified: None,
        },
    );
    Ok(())
}

/// A result of SARIF 2.1.0: the same, with the commit under `partialFingerprints`.
fn sarif(settings: &SourceSettings, file: &Text<'_>, result: &Value, leaked: &mut Leaked) -> Result<(), Reason> {
    let rule = need(result, "/ruleId")?;
    let path = text(result, "/locations/0/physicalLocation/artifactLocation/uri").unwrap_or_default();
    let region = result.pointer("/locations/0/physicalLocation/region");
    let line = region.and_then(|it| it.pointer("/startLine")).and_then(Value::as_u64).unwrap_or_default();
    let commit = text(result, "/partialFingerprints/commitSha").unwrap_or_default();
    let at: Option<EventTime> = when("date", text(result, "/partialFingerprints/date").unwrap_or_default())?;
    let place = place(settings, file, None, leaked);
    leaked.take(
        settings,
        Finding {
            rule,
            secret: region.and_then(|it| text(it, "/snippet/text")).unwrap_or_default(),
            mark: format!("{commit}:{path}:{rule}:{line}"),
            place,
            shown: format!("{path}:{line}"),
            commit,
            email: owned(result, "/partialFingerprints/email"),
            at,
            verified: None,
        },
    );
    Ok(())
}

/// The repository: as the settings say, else as the finding's link does, else the report itself.
fn place(settings: &SourceSettings, file: &Text<'_>, link: Option<&str>, leaked: &mut Leaked) -> ResourceId {
    let named = settings.map.get("repository").map(String::as_str).or(link);
    named.and_then(|named| repository(settings, named)).unwrap_or_else(|| {
        leaked.unplaced();
        ResourceId::of(&settings.system, file.name.split('.').next().unwrap_or(&file.name))
    })
}
