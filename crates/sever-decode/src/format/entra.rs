//! `entra`: the logs of Microsoft Entra ID, and what is written beside them: Microsoft Graph's activity
//! and Azure's.
//!
//! A record is read by its kind ([`record::Kind`]): sign-ins, audits, calls to Graph, operations on
//! Azure's resources.

mod audit;
mod azure;
mod graph;
mod record;
mod sign_in;
mod target;
pub(super) mod words;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, Row};

use super::{Format, repairs_of};
use crate::json::{Plan, Reader};
use crate::mapping::Field;
use crate::memo::Memo;
use crate::sniff::Sample;
use crate::{Framing, when};
use record::{Kind, Record};
use target::Targets;

pub(super) const FORMAT: Format = Format {
    id: "entra",
    title: "Microsoft Entra ID and Azure activity logs",
    about: "Entra's sign-in logs (interactive, non-interactive, of service principals, managed identities and AD FS) \
and audit logs, Microsoft Graph's activity logs, and Azure's activity log: as Azure Monitor writes them (diagnostic \
settings to storage or an event hub: `time`, `category`, `operationName`, `properties`), as Microsoft Graph's API and \
the portal export them (`createdDateTime`, `activityDateTime`), or as tables of Log Analytics (`TimeGenerated`). \
Records of other categories are unrelated.\n\nA sign-in is `authenticated`: `actor` the principal name, or the service \
principal's; `client` the app's id, `audience` and `resource` what it asked for, `credential` the service principal's \
key (`servicePrincipalCredentialKeyId`); `status.errorCode` 0 is answered, any other refused. One that succeeded with \
a `uniqueTokenIdentifier` also gives an `issued` event (issuer `sts.windows.net`, type `access`). A call to Graph is \
`used`, or `changed` where its method writes, with the token's id as `credential`. Audits are `changed`, with our \
words before Microsoft's (`create-account Add user`, `grant Add member to role`, `create-key Add service principal \
credentials`): `account` is the user among the targets, `resource` another target, `key_id` the id of a new key, \
`fields` the properties modified; keys and passwords of devices that were read are `read`. Azure's operations are \
`changed`, `read` where they list keys, and carry the claims of the caller's token (`uti`).",
    joins: "Issuer `sts.windows.net`, class `access`, by token id: `uniqueTokenIdentifier` of a sign-in is \
`signInActivityId` of the calls to Graph that the token made, `uti` among the claims in Azure's activity log, and \
`UniqueTokenId` in Microsoft 365's audit log (configure a class with `used_in` that log). All four sign-in categories \
must be exported; tokens that Microsoft's own services make for themselves have no sign-in here, so that coverage is \
unknown until it is declared. Sign-ins by a federated assertion (`incomingTokenType` `saml11`, `saml20`) name it as \
`parent`, by `correlationId`, with issuer `adfs`: see the `adfs` format for the class that finds *golden SAML*; it \
holds only where AD FS is the one identity provider. Refresh tokens have no id in any of these logs.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Actor, Field::SourceIp],
    make: |settings| {
        let depth = settings.json_depth_max;
        let (whole, body) = (Reader::new(record::plan(), depth), Reader::new(Plan::any_case(record::PATHS), depth));
        settings.fixed("entra", Entra { whole, body, targets: Targets::new(depth), texts: Texts::default() })
    },
    score,
};

/// Who issues Entra's tokens.
const ISSUER: &str = "sts.windows.net";
const TOKEN_TYPE: &str = "access";

struct Entra {
    whole: Reader,
    /// Reads properties that were written into a text.
    body: Reader,
    targets: Targets,
    texts: Texts,
}

/// Texts that are put together for one record.
#[derive(Default)]
struct Texts {
    /// What activities of the directory and operations of Azure do, by their names.
    activities: Memo<1, words::Deed>,
    operations: Memo<1, azure::Deed>,
    action: String,
    actor: String,
    ip: String,
    agent: String,
    token: String,
    subject: String,
    audience: String,
    client: String,
}

impl Texts {
    fn clear(&mut self) {
        let Texts { action, actor, ip, agent, token, subject, audience, client, .. } = self;
        [action, actor, ip, agent, token, subject, audience, client].into_iter().for_each(String::clear);
    }
}

impl Decoder for Entra {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let Entra { whole, body, targets, texts } = self;
        let record = Record::read(whole, body, frame)?;
        let kind = record.kind().ok_or(Reason::Unrelated)?;
        let (time, fault) = when::or_untimed(record.time());
        let row = Row::new(time, EventKind::Used, offset);
        texts.clear();
        match kind {
            Kind::SignIn => sign_in::push(&record, row, texts, out),
            Kind::Audit => audit::push(&record, row, texts, targets, out),
            Kind::Graph => graph::push(&record, row, texts, out),
            Kind::Azure => azure::push(&record, row, texts, out),
        }
        fault
    }

    fn notes(&self) -> Vec<Note> {
        let [target, property] = self.targets.readers();
        repairs_of(&[&self.whole, &self.body, target, property])
    }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(record::is_sampled);
    (share >= 0.3).then(|| ((share * 96.0) as u8, "Entra's and Azure's categories and fields".to_owned()))
}

fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or("")
}

#[cfg(test)]
mod tests;
