//! `github`: who may read and change which repository, with which keys, tokens and apps.
//!
//! Bounded by the things of one export.

use serde_json::Value;
use sever_model::FactKind;
use sever_model::port::{Source, SourceError};

use super::organisation::Organisation;
use super::place::{by_members, by_path};
use crate::documents::{Documents, Text, each, only};
use crate::files::Parts;
use crate::gathered::Gathered;
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "github",
    title: "GitHub organisation",
    about: "Answers of GitHub's REST interface, each saved under its own path, so that the path says what it is of:\n\n\
            ```sh\n\
            get() { mkdir -p \"$(dirname \"$1\")\"; gh api --paginate \"${2:-$1}\" > \"$1.json\"; }\n\
            get orgs/ORG; get orgs/ORG/members; get orgs/ORG/members-admin 'orgs/ORG/members?role=admin'\n\
            get orgs/ORG/outside_collaborators; get orgs/ORG/teams; get orgs/ORG/repos; get orgs/ORG/installations\n\
            get orgs/ORG/personal-access-tokens; get orgs/ORG/personal-access-token-requests\n\
            get orgs/ORG/credential-authorizations; get orgs/ORG/hooks; get orgs/ORG/actions/secrets\n\
            for team in $(gh api --paginate orgs/ORG/teams --jq '.[].slug'); do\n  \
              get orgs/ORG/teams/$team/members; get orgs/ORG/teams/$team/repos\n\
            done\n\
            for repo in $(gh api --paginate orgs/ORG/repos --jq '.[].full_name'); do\n  \
              get repos/$repo/collaborators; get repos/$repo/keys; get repos/$repo/hooks; get repos/$repo/actions/secrets\n\
            done\n\
            ```\n\n\
            An account's id is GitHub's number, its login the name that the audit log has. Rights are on \
            `SYSTEM/ORG/REPO`, where a report of gitleaks or TruffleHog says that a key lies. Deploy keys, tokens and \
            apps hold rights themselves; a deploy key's maker is `added_by`. A secret of Actions is kept in \
            `SYSTEM/actions:ORG/REPO/NAME`: whoever may write to the repository could read it by a workflow. Answers \
            of GraphQL's `externalIdentities` give the address that single sign-on knows an account by.\n\n\
            It cannot say since when somebody is in a team, nor which classic token nobody let through single sign-on; \
            the audit log can. Rules that protect branches and environments are not read.",
    scope: "a fine-grained token of an owner with read-only `Members`, `Administration`, `Organization secrets`, \
            `Secrets`, `Webhooks`, `Personal access tokens` and `Metadata`; credential authorizations need \
            `read:org` of an enterprise organisation; no contents, and GitHub never shows a secret's value",
    kinds: &[
        FactKind::Account,
        FactKind::Group,
        FactKind::Membership,
        FactKind::Resource,
        FactKind::Grant,
        FactKind::Credential,
    ],
    columns: &[],
    together: true,
    sniff,
    open: |settings| {
        only(&settings, &[])?;
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

/// Members of answers that only GitHub's have, several of them together.
const SIGNS: [(&[&str], &str); 12] = [
    (&["\"site_admin\"", "\"gists_url\""], "accounts of GitHub"),
    (&["\"site_admin\"", "\"login\""], "accounts of GitHub"),
    (&["\"default_repository_permission\""], "an organisation of GitHub"),
    (&["\"full_name\"", "\"private\"", "\"owner\""], "repositories of GitHub"),
    (&["\"slug\"", "\"privacy\"", "\"repositories_url\""], "teams of GitHub"),
    (&["\"read_only\"", "\"key\"", "\"added_by\""], "deploy keys of GitHub"),
    (&["\"app_slug\"", "\"permissions\""], "installed apps of GitHub"),
    (&["\"repository_selection\"", "\"token_expired\""], "personal access tokens of GitHub"),
    (&["\"credential_authorized_at\""], "credential authorizations of GitHub"),
    (&["\"externalIdentities\""], "identities of GitHub's single sign-on"),
    (&["\"total_count\"", "\"secrets\"", "\"updated_at\""], "secrets of GitHub Actions"),
    (&["\"deliveries_url\"", "\"events\""], "webhooks of GitHub"),
];

/// The arrays that some answers keep their elements in.
const SECTIONS: [&str; 3] = ["secrets", "variables", "installations"];

/// Answers without which nobody can say who may read what.
const NEEDED: [&str; 6] = ["organisation", "members", "owners", "teams", "repositories", "collaborators"];

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let has = |text: &&str| memchr::memmem::find(sample.head, text.as_bytes()).is_some();
    if !wire::is_json(sample.head) {
        return None;
    }
    let (_, what) = SIGNS.iter().find(|(signs, _)| signs.iter().all(has))?;
    Some((if what.starts_with("secrets") { 85 } else { 93 }, (*what).to_owned()))
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut organisation = Organisation::new(&settings.system);
    let mut into = Gathered::default();
    each(settings, parts, tally, &mut |file, tally| one(settings, file, &mut organisation, &mut into, tally))?;
    let missing: Vec<&str> = NEEDED.into_iter().filter(|what| !organisation.seen.contains(what)).collect();
    if !missing.is_empty() {
        let what = missing.join(", ");
        tally.partial(format!("no {what} in the export: who may read what may be more than is shown"));
    }
    organisation.finish(&mut into, tally);
    into.finish(tally);
    Ok(())
}

fn one(
    settings: &SourceSettings,
    file: &Text<'_>,
    organisation: &mut Organisation,
    into: &mut Gathered,
    tally: &mut Tally<'_>,
) {
    let named = by_path(file.path);
    let mut unknown = 0u64;
    let mut refused = None;
    let scan =
        wire::sections(&file.bytes, settings.limits.json_depth_max, &SECTIONS, &mut |section, place, element| {
            let taken = element.and_then(wire::read::<Value>).and_then(|value| {
                // GitHub answers what it refuses with a message, which the tool saves as if it were an answer.
                if let (Some(message), Some(_)) = (value.get("message"), value.get("documentation_url")) {
                    refused = Some(crate::row::shortened(message.as_str().unwrap_or_default()));
                    return Ok(());
                }
                // `--slurp` puts every page into an array of its own.
                let elements = match value {
                    Value::Array(elements) => elements,
                    value => vec![value],
                };
                for value in elements {
                    if organisation.identities(&value) > 0 {
                        continue;
                    }
                    match named.clone().or_else(|| by_members(section, &value)) {
                        Some(answer) => organisation.take(&answer, &value, into)?,
                        None => unknown += 1,
                    }
                }
                Ok(())
            });
            if let Err(reason) = taken {
                tally.reject(&file.name, place, reason);
            }
        });
    if let Some(message) = refused {
        tally.partial(format!("{}: GitHub refused with `{message}`; ask with a token that may read it", file.name));
        return;
    }
    if unknown > 0 {
        tally.partial(format!(
            "{}: {} left out, for its path does not say what they are of; save an answer under the path that was asked",
            file.name,
            crate::row::counted(unknown, "element")
        ));
    }
    // An empty array answers too: there are none.
    if let Some(line) = scan.breaks_off {
        tally.partial(format!("{}: breaks off at line {line}", file.name));
    }
    if let Some(answer) = named {
        organisation.answered(&answer);
    }
}
