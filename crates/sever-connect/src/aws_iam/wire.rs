//! IAM's and STS's Query API: one signed question, one XML answer.
//!
//! Signatures (Signature Version 4) are made by AWS's own `aws-sigv4`, for the moment that the clock says.
//! An answer is believed only where its root is the one that belongs to the question: a page of HTML with
//! status 200 is no answer.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sever_model::act::{ActError, Cx};
use sever_model::{Secret, Span};

use super::xml::Xml;
use crate::connector::{Connection, ConnectionError, Login};
use crate::http::{Ask, Http};

/// The most pages of one listing.
const PAGES_MAX: usize = 500;

/// What a form's values escape: all but what RFC 3986 §2.3 leaves as it is.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Longest piece of an error's message that is told.
const MESSAGE_CHARS_MAX: usize = 160;

/// Which service is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Iam,
    Sts,
}

/// A key that signs: one that lasts, or a session's.
pub(crate) struct Keys {
    pub(crate) id: String,
    secret: Secret<String>,
    token: Option<Secret<String>>,
}

/// Where the services are.
pub(crate) struct Place {
    iam: (String, Http),
    sts: (String, Http),
    region: String,
}

/// What a service said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answered {
    /// It did it, or told it.
    Yes(Xml),
    /// It did not, with its code and the beginning of its message.
    No { code: String, message: String },
}

impl Keys {
    /// A key that lasts.
    pub(crate) fn new(id: &str, secret: &str) -> Keys {
        Keys { id: id.to_owned(), secret: Secret::new(secret.to_owned()), token: None }
    }

    pub(crate) fn of(login: &Login) -> Keys {
        Keys::new(&login.user, login.secret.expose())
    }

    /// A session's, as `sts assume-role` answers them; none where the text is not that.
    pub(crate) fn session(text: &Secret<String>) -> Option<Keys> {
        let value: serde_json::Value = serde_json::from_str(text.expose()).ok()?;
        let value = value.get("Credentials").unwrap_or(&value);
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        Some(Keys {
            id: text("AccessKeyId")?,
            secret: Secret::new(text("SecretAccessKey")?),
            token: Some(Secret::new(text("SessionToken")?)),
        })
    }
}

impl Place {
    /// The services of a connection.
    ///
    /// # Errors
    /// When an address is none.
    pub(crate) fn of(connection: &Connection) -> Result<Place, ConnectionError> {
        let at = |url: &str| -> Result<(String, Http), ConnectionError> {
            let there = Connection {
                id: connection.id.clone(),
                system: connection.system.clone(),
                url: url.to_owned(),
                settings: connection.settings.clone(),
                login: None,
                twin: None,
            };
            Ok((format!("{}/", url.trim_end_matches('/')), Http::of(&there)?))
        };
        let iam = connection.url.as_str();
        // Each partition has its own; an address that is not AWS's serves both.
        let sts = match connection.setting("sts_url") {
            Some(url) => url,
            None if iam.contains("//iam.amazonaws.com") => "https://sts.amazonaws.com",
            None if iam.contains(".amazonaws.com") => {
                return Err(connection.wrong("`settings.sts_url` is missing: the partition's own"));
            }
            None => iam,
        };
        Ok(Place {
            iam: at(iam)?,
            sts: at(sts)?,
            region: connection.setting("region").unwrap_or("us-east-1").to_owned(),
        })
    }

    /// Asks once.
    ///
    /// # Errors
    /// When there is no answer, it asks us to wait, or it is not an answer to that.
    pub(crate) fn ask(
        &self,
        service: Service,
        keys: &Keys,
        action: &str,
        parameters: &[(&str, &str)],
        agent: &str,
        cx: &Cx<'_>,
    ) -> Result<Answered, ActError> {
        let ((url, http), name, version) = match service {
            Service::Iam => (&self.iam, "iam", "2010-05-08"),
            Service::Sts => (&self.sts, "sts", "2011-06-15"),
        };
        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in parameters {
            // Spaces as forms have them, so that whoever signs the form again signs the same.
            let value = utf8_percent_encode(value, FORM).to_string().replace("%20", "+");
            body.push_str(&format!("&{name}={value}"));
        }
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        let mut ask = Ask::new("POST", "/").header("user-agent", agent);
        for (name, value) in self.signature(keys, name, url, kind, &body, cx)? {
            ask = ask.header(name, value);
        }
        let answer = http.ask(&ask.body(kind, body), cx.patience)?;
        read(action, answer.status, &answer.body, answer.retry_after())
    }

    /// The headers that sign a question.
    fn signature(
        &self,
        keys: &Keys,
        name: &str,
        url: &str,
        kind: &str,
        body: &str,
        cx: &Cx<'_>,
    ) -> Result<Vec<(&'static str, String)>, ActError> {
        let bad = |what: &str| ActError::BadStep(format!("the question cannot be signed: {what}"));
        let token = keys.token.as_ref().map(|token| token.expose().clone());
        let identity =
            Credentials::new(keys.id.as_str(), keys.secret.expose().as_str(), token, None, "severance").into();
        let since = Duration::from_micros(u64::try_from(cx.clock.now().micros()).unwrap_or_default());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(name)
            .time(UNIX_EPOCH + since)
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| bad("something is missing"))?
            .into();
        let headers = [("content-type", kind)];
        let request = SignableRequest::new("POST", url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()));
        let request = request.map_err(|_| bad("the address"))?;
        let (signed, _) = sign(request, &parameters).map_err(|_| bad("the key"))?.into_parts();
        let (headers, _) = signed.into_parts();
        Ok(headers.into_iter().map(|header| (header.name(), header.value().to_owned())).collect())
    }

    /// All elements of a listing, over its pages; none of them where one page fails.
    ///
    /// # Errors
    /// Like [`Place::ask`], and where it is refused.
    pub(crate) fn list(
        &self,
        keys: &Keys,
        action: &str,
        parameters: &[(&str, &str)],
        agent: &str,
        cx: &Cx<'_>,
    ) -> Result<Vec<Xml>, ActError> {
        let mut found = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut with = parameters.to_vec();
            with.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let page = self.ask(Service::Iam, keys, action, &with, agent, cx)?.yes(action)?;
            let result = page.first(&format!("{action}Result")).unwrap_or_default();
            let is_more = result.text("IsTruncated") == "true";
            let next = result.text("Marker").to_owned();
            found.extend(result.members());
            match (is_more, next.is_empty() || marker.as_deref() == Some(&next)) {
                (false, _) => return Ok(found),
                (true, true) => {
                    return Err(ActError::Unexpected(format!("{action}: more pages, and no way to the next")));
                }
                (true, false) => marker = Some(next),
            }
        }
        Err(ActError::Unexpected(format!("{action}: more than {PAGES_MAX} pages")))
    }
}

/// Reads an answer.
pub(crate) fn read(action: &str, status: u16, body: &str, wait: Option<Span>) -> Result<Answered, ActError> {
    let xml = Xml::read(body);
    if let Some(xml) = xml.as_ref().filter(|xml| status == 200 && xml.name == format!("{action}Response")) {
        return Ok(Answered::Yes(xml.clone()));
    }
    let error = xml.as_ref().and_then(|xml| xml.anywhere("Error"));
    let code = error.map(|error| error.text("Code").trim().to_owned()).filter(|code| !code.is_empty());
    let Some(code) = code.filter(|code| code.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')) else {
        return Err(match status {
            429 => ActError::RateLimited(wait),
            500.. => ActError::LostAnswer(format!("{action}: status {status}")),
            _ => ActError::Unexpected(format!("{action}: status {status}, and no answer of this interface's")),
        });
    };
    match (code.as_str(), status) {
        ("Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "TooManyRequestsException", _) | (_, 429) => {
            Err(ActError::RateLimited(wait))
        }
        (_, 500..) => Err(ActError::LostAnswer(format!("{action}: {code}"))),
        (_, 200) => Err(ActError::Unexpected(format!("{action}: an error with status 200"))),
        _ => {
            let message = error.map(|error| error.text("Message")).unwrap_or_default();
            let message = message.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARS_MAX).collect();
            Ok(Answered::No { code, message })
        }
    }
}

impl Answered {
    /// What it told.
    ///
    /// # Errors
    /// What it refused, as what kept us from it.
    pub(crate) fn yes(self, action: &str) -> Result<Xml, ActError> {
        match self {
            Answered::Yes(xml) => Ok(xml),
            Answered::No { code, message } => Err(match code.as_str() {
                "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
                    ActError::NotAllowed { what: code, lacking: format!("iam:{action}") }
                }
                "InvalidClientTokenId"
                | "SignatureDoesNotMatch"
                | "ExpiredToken"
                | "RequestExpired"
                | "IncompleteSignature" => {
                    ActError::NotAllowed { what: code, lacking: "a key that is valid".to_owned() }
                }
                _ => ActError::Refused(format!("{action}: {code}: {message}")),
            }),
        }
    }

    /// The same, where what it is about may not be there.
    ///
    /// # Errors
    /// Like [`Answered::yes`].
    pub(crate) fn there(self, action: &str) -> Result<Option<Xml>, ActError> {
        match self {
            Answered::No { code, .. } if code == "NoSuchEntity" => Ok(None),
            other => other.yes(action).map(Some),
        }
    }

    /// Its code; empty where it did.
    pub(crate) fn code(&self) -> &str {
        match self {
            Answered::Yes(_) => "",
            Answered::No { code, .. } => code,
        }
    }
}

#[cfg(test)]
mod tests;
