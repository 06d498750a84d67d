//! What an audit of AD FS is about: from its XML, its numbered parameters, or its text.

use sever_model::Outcome;

use super::super::winlog::{Record, xml};
use super::Path;

/// What an audit is about. Texts are empty where it does not say.
#[derive(Default)]
pub(super) struct Audit {
    pub activity: String,
    pub instance: String,
    pub kind: String,
    pub outcome: Outcome,
    pub user: String,
    pub relying_party: String,
    pub client: String,
    pub ip: String,
    pub user_agent: String,
    pub endpoint: String,
    protocol: String,
    forwarded_ip: String,
}

/// Where an event has its claims, after the id of the instance.
const CLAIMS: [Path; 13] = [
    Path::Second,
    Path::Third,
    Path::Fourth,
    Path::Fifth,
    Path::Sixth,
    Path::Seventh,
    Path::Eighth,
    Path::Ninth,
    Path::Tenth,
    Path::Eleventh,
    Path::Twelfth,
    Path::Thirteenth,
    Path::Fourteenth,
];

impl Audit {
    /// Reads the audit of a record, in place of the last one.
    pub fn read(&mut self, record: &Record<'_>) {
        self.clear();
        let data = |path: Path| record.data.text(path as usize);
        let (message, of_message) = before_document(record.message);
        let of_data = [data(Path::Second), data(Path::First)].map(|text| before_document(text).1);
        match of_data.into_iter().find(|document| !document.is_empty()).unwrap_or(of_message) {
            "" => self.read_parameters(record),
            document => {
                self.read_xml(document);
                put(&mut self.activity, data(Path::First));
            }
        }
        put(&mut self.activity, labelled(message, "Activity ID:"));
        put(&mut self.instance, labelled(message, "Instance ID:"));
        put(&mut self.activity, record.activity());
        put(&mut self.relying_party, labelled(message, "Relying party:"));
        put(&mut self.ip, labelled(message, "Client IP:"));
        for id in [&mut self.activity, &mut self.instance] {
            id.make_ascii_lowercase();
            id.retain(|char| !matches!(char, '{' | '}'));
        }
        if !self.forwarded_ip.is_empty() {
            std::mem::swap(&mut self.ip, &mut self.forwarded_ip);
        }
        // Through proxies there are several, that of the client first.
        let first = self.ip.split([',', ';', ' ']).next().unwrap_or("").len();
        self.ip.truncate(first);
    }

    fn clear(&mut self) {
        let Audit { activity, instance, kind, user, relying_party, client, .. } = self;
        [activity, instance, kind, user, relying_party, client].into_iter().for_each(String::clear);
        let Audit { ip, user_agent, endpoint, protocol, forwarded_ip, .. } = self;
        [ip, user_agent, endpoint, protocol, forwarded_ip].into_iter().for_each(String::clear);
        self.outcome = Outcome::Unknown;
    }

    /// The type of token that the protocol gives out.
    pub fn token_type(&self) -> &'static str {
        if self.protocol.to_ascii_lowercase().starts_with("oauth") { "oauth" } else { "saml" }
    }

    fn read_xml(&mut self, document: &str) {
        xml::each_leaf(document, &mut |tag, _, value| {
            let place = match tag {
                "AuditType" => &mut self.kind,
                "UserId" => &mut self.user,
                "RelyingParty" => &mut self.relying_party,
                "OAuthClientId" => &mut self.client,
                "AuthProtocol" => &mut self.protocol,
                "IpAddress" => &mut self.ip,
                "ForwardedIpAddress" => &mut self.forwarded_ip,
                "UserAgentString" => &mut self.user_agent,
                "Endpoint" => &mut self.endpoint,
                "AuditResult" => {
                    self.outcome = match value {
                        "Success" => Outcome::Answered,
                        "Failure" => Outcome::Refused,
                        _ => Outcome::Unknown,
                    };
                    return;
                }
                _ => return,
            };
            put(place, value);
        });
    }

    /// The parameters, as their event's text numbers them.
    fn read_parameters(&mut self, record: &Record<'_>) {
        let data = |path: Path| record.data.text(path as usize);
        let (first, second) = (data(Path::First), data(Path::Second));
        match record.id {
            299 | 412 | 413 => {
                put(&mut self.instance, first);
                put(&mut self.activity, second);
                let party = if record.id == 299 { Path::Third } else { Path::Fourth };
                put(&mut self.relying_party, data(party));
            }
            324 | 325 => {
                put(&mut self.instance, first);
                put(&mut self.activity, second);
                put(&mut self.user, data(Path::Third));
                put(&mut self.relying_party, data(Path::Fourth));
            }
            403 => {
                put(&mut self.instance, first);
                put(&mut self.activity, second);
                put(&mut self.ip, data(Path::Fourth));
                put(&mut self.endpoint, data(Path::Sixth));
                put(&mut self.user_agent, data(Path::Tenth));
                put(&mut self.user, data(Path::Twelfth));
                put(&mut self.relying_party, data(Path::Fourteenth));
            }
            404 | 410 | 510 => {
                put(&mut self.instance, first);
                put(&mut self.activity, second);
            }
            500..=503 => {
                put(&mut self.instance, first);
                put(&mut self.user, claim(&CLAIMS.map(data)));
            }
            411 => {
                put(&mut self.activity, first);
                let failed = [data(Path::Third), data(Path::Second), data(Path::Fourth)];
                let user = failed.iter().find_map(|text| text.split_once('-').map(|(user, _)| user));
                put(&mut self.user, user.filter(|user| !user.contains([' ', ':'])).unwrap_or(""));
                let ip =
                    [data(Path::Fourth), data(Path::Third), data(Path::Fifth)].into_iter().find(|text| is_ip(text));
                put(&mut self.ip, ip.unwrap_or(""));
            }
            _ => put(&mut self.activity, first),
        }
    }
}

/// Fills a place that is empty with a value that says something.
fn put(place: &mut String, value: &str) {
    let value = value.trim();
    if place.is_empty() && !matches!(value, "" | "-" | "N/A" | "None") {
        place.push_str(value);
    }
}

/// What stands before the XML that a text holds, and the XML.
fn before_document(text: &str) -> (&str, &str) {
    place_of(text, "<AuditBase").and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// Where something stands in a text, which may be long.
fn place_of(text: &str, what: &str) -> Option<usize> {
    memchr::memmem::find(text.as_bytes(), what.as_bytes())
}

/// What follows a label in the text for people, up to the end of its line.
fn labelled<'a>(message: &'a str, label: &str) -> &'a str {
    let rest = place_of(message, label).and_then(|at| message.get(at + label.len()..)).unwrap_or("");
    let rest = rest.trim_start_matches([' ', '\t']);
    rest.split(['\r', '\n', '\t']).next().unwrap_or("").split("  ").next().unwrap_or("").trim()
}

/// The user's name among claims, which stand as type and value in turn or in one text each.
fn claim<'a>(texts: &[&'a str]) -> &'a str {
    let kinds = ["/claims/upn", "/claims/windowsaccountname", "/claims/emailaddress", "/claims/name"];
    for kind in kinds {
        for (at, text) in texts.iter().enumerate() {
            let Some((_, rest)) = text.split_once(kind) else { continue };
            let within = rest.split(['\r', '\n', ' ']).map(str::trim).find(|part| !part.is_empty());
            if let Some(value) = within.or_else(|| texts.get(at + 1).copied()).filter(|value| !value.is_empty()) {
                return value;
            }
        }
    }
    ""
}

fn is_ip(text: &str) -> bool {
    text.split([',', ' ']).next().is_some_and(|first| first.parse::<std::net::IpAddr>().is_ok())
}
