//! `trufflehog`: secrets that TruffleHog found in repositories, buckets and elsewhere.

use serde_json::Value;
use sever_model::port::{Reason, Source, SourceError};
use sever_model::{EventTime, FactKind, ResourceId};

use crate::documents::{Documents, each, only};
use crate::files::Parts;
use crate::leaked::{Finding, Leaked, SETTINGS, repository};
use crate::members::{need, text};
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "trufflehog",
    title: "Secrets found by TruffleHog",
    about: "What TruffleHog 3 prints with `--json`, one finding a line: `trufflehog github --org=ORG --json > \
            findings.jsonl`, or of any other of its sources. Each secret becomes a credential that is kept where it was \
            found, so that *whoever could read that could read it*: a repository of GitHub or GitLab, an object of S3 \
            (by the ARN that `aws-iam` lists rights on), else the source and the path. Whoever committed it had it. \
            `Raw` and `RawV2` are never kept: findings are told apart by a short digest. An AWS access key is the very \
            key that `aws-iam` lists.\n\n\
            Findings of `filesystem` name no repository: set `map = { repository = \"ORG/REPO\" }`. What TruffleHog \
            verified opened a door when it was tried; what it did not may still open one.",
    scope: "what the scan needs: read on the repositories (`Contents: read-only`), objects or messages. Keep the report \
            as safe as the secrets in it",
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
    let is = wire::is_json(sample.head) && has("\"SourceMetadata\"") && has("\"DetectorName\"");
    is.then(|| (98, "findings of TruffleHog".to_owned()))
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut leaked = Leaked::default();
    let mut logged = 0u64;
    each(settings, parts, tally, &mut |file, tally| {
        let scan = wire::elements(&file.bytes, settings.limits.json_depth_max, &mut |place, element| {
            let taken = element.and_then(wire::read::<Value>).and_then(|value| {
                // Its own log may stand between, for both are written as JSON.
                if value.get("level").is_some() && value.get("SourceMetadata").is_none() {
                    logged += 1;
                    return Ok(());
                }
                finding(settings, &value, &mut leaked)
            });
            if let Err(reason) = taken {
                tally.reject(&file.name, place, reason);
            }
        });
        if let Some(line) = scan.breaks_off {
            tally.partial(format!("{}: breaks off at line {line}", file.name));
        }
    })?;
    if logged > 0 {
        tally.gap(format!("{} of TruffleHog's own log left out", crate::row::counted(logged, "line")));
    }
    leaked.finish(tally);
    Ok(())
}

fn finding(settings: &SourceSettings, value: &Value, leaked: &mut Leaked) -> Result<(), Reason> {
    let rule = need(value, "/DetectorName")?;
    let data = value.pointer("/SourceMetadata/Data").and_then(Value::as_object);
    let (kind, origin) = data.and_then(|data| data.iter().next()).ok_or(Reason::Missing("SourceMetadata.Data"))?;
    let file =
        ["/file", "/path", "/filename", "/key", "/link"].iter().find_map(|at| text(origin, at)).unwrap_or_default();
    let line = origin.pointer("/line").and_then(Value::as_u64).unwrap_or_default();
    let commit = text(origin, "/commit").unwrap_or_default();
    let at = text(origin, "/timestamp").map(timestamp).transpose()?.flatten();
    let place = place(settings, kind, origin, file, leaked);
    leaked.take(
        settings,
        Finding {
            rule,
            secret: text(value, "/Raw").unwrap_or_default(),
            mark: format!("{kind}:{commit}:{file}:{line}"),
            place,
            shown: format!("{file}:{line}"),
            commit,
            email: text(origin, "/email").and_then(address),
            at,
            verified: value.pointer("/Verified").and_then(Value::as_bool),
        },
    );
    Ok(())
}

/// Where it was found.
fn place(settings: &SourceSettings, kind: &str, origin: &Value, file: &str, leaked: &mut Leaked) -> ResourceId {
    if let Some(bucket) = text(origin, "/bucket").filter(|_| kind == "S3") {
        let system = settings.map.get("aws").map_or("aws", String::as_str);
        return ResourceId::of(&system.into(), &format!("arn:aws:s3:::{bucket}/{file}"));
    }
    let named = text(origin, "/repository").filter(|named| !named.starts_with("file:"));
    let named = named.or(settings.map.get("repository").map(String::as_str));
    if let Some(place) = named.and_then(|named| repository(settings, named)) {
        return place;
    }
    if matches!(kind, "Git" | "Github" | "Gitlab" | "Bitbucket" | "Filesystem") {
        leaked.unplaced();
    }
    let within = ["/image", "/channel_id", "/workspace_uuid", "/project"].iter().find_map(|at| text(origin, at));
    let within = within.map_or_else(String::new, |within| format!("{within}/"));
    let file = file.trim_start_matches('/');
    ResourceId::of(&settings.system, &format!("{}/{within}{file}", kind.to_lowercase()))
}

/// `2025-03-04 09:10:11 +0000`, or RFC 3339.
fn timestamp(text: &str) -> Result<Option<EventTime>, Reason> {
    let text = text.trim();
    let plain = match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        [date, time, offset] if offset.len() == 5 => {
            let (hours, minutes) = offset.split_at_checked(3).unwrap_or((offset, ""));
            format!("{date}T{time}{hours}:{minutes}")
        }
        _ => text.to_owned(),
    };
    crate::members::when("timestamp", &plain)
}

/// The address in `Ann Lee <ann@shop.example>`, or a bare one.
fn address(text: &str) -> Option<String> {
    let inner = text.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(text, |(inner, _)| inner);
    Some(inner.trim().to_owned()).filter(|text| text.contains('@'))
}
