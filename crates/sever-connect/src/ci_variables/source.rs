//! `ci-variables`: the names of secrets that CI systems hold, and who could read them.
//!
//! Bounded by the variables and members of one export.

use std::path::Path;

use serde_json::Value;
use sever_model::port::{Reason, Source, SourceError};
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Bound, Credential, CredentialId, CredentialKind, Exportable,
    FactKind, Grant, Holder, ResourceId, Rights, Valid,
};

use crate::documents::{Documents, Text, each, only};
use crate::files::Parts;
use crate::gathered::{self, Gathered, since};
use crate::github::organisation::{actions_secret, actions_variable};
use crate::github::place::{Answer, by_path};
use crate::members::{id, is_true, need, owned, text, time};
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "ci-variables",
    title: "Secrets of CI systems",
    about: "Answers that name the variables of CI systems, each saved under the path that was asked, without their \
            values:\n\n\
            - GitLab: `glab api projects/GROUP%2FPROJECT/variables | jq '[.[] | del(.value)]' > \
            projects/GROUP%2FPROJECT/variables.json`, likewise `groups/GROUP/variables.json` and \
            `admin/ci/variables.json`; and `projects/GROUP%2FPROJECT/members/all.json`, which says who could read \
            them;\n\
            - GitHub Actions: `repos/ORG/REPO/actions/secrets.json`, `orgs/ORG/actions/secrets.json` and `variables` \
            (`github` reads these too, with who could read them);\n\
            - CircleCI: `contexts/NAME/environment-variable.json` of `GET /context/ID/environment-variable`.\n\n\
            Each variable becomes a credential, kept in `SYSTEM/GROUP/PROJECT/-/variables/KEY`. Of GitLab's members, \
            maintainers and owners could read it; so could developers by a job, where it is not protected. Give it the \
            same `system` as the source that lists the projects. A value in an export is never kept, and said loudly.\n\n\
            GitLab's answers do not say when a variable was made, changed or used, or by whom: its audit events can.",
    scope: "GitLab: a token with `read_api` of a maintainer of the project or owner of the group, which shows values; \
            GitHub: `Secrets: read-only`; CircleCI: a personal token",
    kinds: &[FactKind::Account, FactKind::Resource, FactKind::Grant, FactKind::Credential],
    columns: &[],
    together: true,
    sniff,
    open: |settings| {
        let known = [("project", "the project or group of files that lie under no path")];
        only(&settings, &known)?;
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

/// GitLab's levels of access.
const DEVELOPER: u64 = 30;
const MAINTAINER: u64 = 40;

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let has = |text: &str| memchr::memmem::find(sample.head, text.as_bytes()).is_some();
    if !wire::is_json(sample.head) {
        return None;
    }
    if has("\"variable_type\"") && has("\"key\"") {
        return Some((95, "variables of GitLab CI".to_owned()));
    }
    if has("\"access_level\"") && has("\"username\"") {
        return Some((85, "members of a project of GitLab".to_owned()));
    }
    if has("\"context_id\"") && has("\"variable\"") {
        return Some((92, "variables of a context of CircleCI".to_owned()));
    }
    let actions = has("\"total_count\"") && (has("\"secrets\"") || has("\"variables\""));
    actions.then(|| (80, "secrets or variables of GitHub Actions".to_owned()))
}

#[derive(Default)]
struct Reading {
    into: Gathered,
    /// Values that should not be in an export.
    values: u64,
    members: bool,
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut reading = Reading::default();
    each(settings, parts, tally, &mut |file, tally| reading.file(settings, file, tally))?;
    if reading.values > 0 {
        tally.gap(format!(
            "{} exported WITH ITS VALUE: nothing of it was kept here; whoever has the file has them; export with \
             `jq '[.[] | del(.value)]'` and delete this one",
            crate::row::counted(reading.values, "variable")
        ));
    }
    if !reading.members {
        tally.gap("no members in the export: who could read a variable is not known from it".to_owned());
    }
    reading.into.finish(tally);
    Ok(())
}

/// Whose variables or members a file has.
struct Origin {
    /// `GROUP/PROJECT`, `GROUP`, a context; nothing for the whole instance.
    of: String,
}

impl Origin {
    /// `projects/GROUP%2FPROJECT/variables.json` and its like.
    fn of(settings: &SourceSettings, path: &Path) -> Option<Origin> {
        let parts: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let root = parts.iter().rposition(|part| matches!(part.as_str(), "projects" | "groups" | "contexts" | "admin"));
        if let Some(root) = root {
            if parts.get(root).is_some_and(|part| part == "admin") {
                return Some(Origin { of: "instance".to_owned() });
            }
            let named = parts.get(root + 1..parts.len().saturating_sub(1)).unwrap_or_default();
            let named: Vec<&str> = named.iter().map(String::as_str).filter(|part| *part != "members").collect();
            let of = named.join("/").replace("%2F", "/").replace("%2f", "/");
            return Some(of).filter(|of| !of.is_empty()).map(|of| Origin { of });
        }
        settings.map.get("project").map(|of| Origin { of: of.clone() })
    }
}

impl Reading {
    fn file(&mut self, settings: &SourceSettings, file: &Text<'_>, tally: &mut Tally<'_>) {
        let actions = by_path(file.path);
        let origin = Origin::of(settings, file.path);
        let mut unplaced = 0u64;
        let names = ["secrets", "variables", "items"];
        let depth_max = settings.limits.json_depth_max;
        let scan = wire::sections(&file.bytes, depth_max, &names, &mut |section, place, element| {
            let taken = element.and_then(wire::read::<Value>).and_then(|value| {
                if section.is_empty() && value.get("total_count").is_some() {
                    return Ok(());
                }
                match (&actions, &origin) {
                    (Some(Answer::Secrets { of }), _) => {
                        let (credential, valid) = actions_secret(&settings.system, of, &value)?;
                        self.into.credential(credential, valid)
                    }
                    (Some(Answer::Variables { of }), _) => {
                        let (credential, valid) = actions_variable(&settings.system, of, &value)?;
                        self.into.credential(credential, valid)
                    }
                    (_, Some(origin)) if value.get("access_level").is_some() => self.member(settings, origin, &value),
                    (_, Some(origin)) => self.variable(settings, origin, &value),
                    _ => {
                        unplaced += 1;
                        Ok(())
                    }
                }
            });
            if let Err(reason) = taken {
                tally.reject(&file.name, place, reason);
            }
        });
        if unplaced > 0 {
            tally.partial(format!(
                "{}: {} left out, for the path does not say whose they are; save an answer under the path that was \
                 asked, or set `map = {{ project = \"GROUP/PROJECT\" }}`",
                file.name,
                crate::row::counted(unplaced, "element")
            ));
        }
        if let Some(line) = scan.breaks_off {
            tally.partial(format!("{}: breaks off at line {line}", file.name));
        }
    }

    /// A variable of GitLab (`key`) or CircleCI (`variable`).
    fn variable(&mut self, settings: &SourceSettings, origin: &Origin, value: &Value) -> Result<(), Reason> {
        let key = text(value, "/variable").map_or_else(|| need(value, "/key"), Ok)?;
        self.values += u64::from(text(value, "/value").is_some());
        let scope = text(value, "/environment_scope").filter(|scope| *scope != "*");
        let scope = scope.map_or_else(String::new, |scope| format!("@{scope}"));
        // What is protected runs only where maintainers let it.
        let folder = if is_true(value, "/protected") { "-/variables/protected" } else { "-/variables" };
        let place = ResourceId::of(&settings.system, &format!("{}/{folder}/{key}{scope}", origin.of));
        let credential = Credential {
            kept_at: Some(place.clone()),
            exportable: Exportable::Yes,
            rotated_at: time(value, "/updated_at")?,
            ..gathered::credential(
                CredentialId::of(&settings.system, &format!("{}/{key}{scope}", origin.of)),
                CredentialKind::Secret,
            )
        };
        let made = since(time(value, "/created_at")?);
        self.into.credential(credential, made)?;
        self.into.resource(place, "CI variable", None, made);
        Ok(())
    }

    /// A member of a project or group of GitLab.
    fn member(&mut self, settings: &SourceSettings, origin: &Origin, value: &Value) -> Result<(), Reason> {
        self.members = true;
        let account = AccountId::of(&settings.system, &id(value, "/id")?);
        let login = need(value, "/username")?;
        let level = value.pointer("/access_level").and_then(Value::as_u64).ok_or(Reason::Missing("access_level"))?;
        let active = text(value, "/state").is_none_or(|state| state == "active");
        // Tokens of projects and groups act as users of their own, whose names begin so.
        let is_token = ["project_", "group_"].iter().any(|kind| login.starts_with(kind)) && login.contains("_bot");
        self.into.account_or(&account, || Account {
            kind: if is_token { AccountKind::Service } else { AccountKind::Human },
            status: if active { AccountStatus::Enabled } else { AccountStatus::Disabled },
            display_name: owned(value, "/name").unwrap_or_default(),
            emails: text(value, "/email").map(str::to_lowercase).into_iter().collect(),
            ..gathered::account(account.clone(), login)
        });
        let (rights, places): (Rights, &[&str]) = match level {
            MAINTAINER.. => (Rights::READ.with(Rights::WRITE), &["-/variables/*"]),
            // One segment: not what is in the folder of protected ones.
            DEVELOPER.. => (Rights::READ, &["-/variables/+"]),
            _ => return Ok(()),
        };
        let until = text(value, "/expires_at").and_then(|date| settings.zone.end_of(date).ok());
        let valid = Valid {
            from: time(value, "/created_at")?.map_or(Bound::Unbounded, Bound::At),
            to: until.map_or(Bound::Unbounded, Bound::At),
        };
        for place in places {
            let grant = Grant {
                holder: Holder::Account(account.clone()),
                resource: ResourceId::of(&settings.system, &format!("{}/{place}", origin.of)),
                rights,
                granted_by: owned(value, "/created_by/username"),
                last_used: None,
            };
            self.into.grant(grant, valid);
        }
        Ok(())
    }
}
