//! The parameters of an event that have a place in a row.
//!
//! They are written as a list of name and value (`value`, `intValue`, `boolValue`, `multiValue`,
//! `messageValue`), or as an object. Bounded by the record: each wanted one is held once.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::Text;
use crate::memo::Memo;

/// A parameter that is wanted.
#[derive(Debug, Clone, Copy)]
#[repr(usize)]
pub(super) enum Parameter {
    DocId,
    DocTitle,
    GroupEmail,
    GroupId,
    RoleName,
    SettingName,
    ApplicationName,
    AppId,
    DomainName,
    DeviceId,
    CalendarId,
    MatterId,
    ResourceName,
    TakeoutId,
    MessageId,
    Subject,
    OrgUnit,
    SharedDrive,
    PackageId,
    RuleName,
    TargetUser,
    UserEmail,
    Affected,
    NewOwner,
    Grantee,
    TargetDomain,
    Owner,
    Destinations,
    ClientId,
    AppName,
    ApiName,
    Scope,
    ScopeData,
    Visibility,
    UserAgent,
    ClientIp,
    MobileModel,
}

use Parameter::*;

/// Names, whatever their case, and what they are. The admin's are written in capitals.
const NAMES: &[(&str, Parameter)] = &[
    ("doc_id", DocId),
    ("doc_title", DocTitle),
    ("group_email", GroupEmail),
    ("group_id", GroupId),
    ("role_name", RoleName),
    ("setting_name", SettingName),
    ("application_name", ApplicationName),
    ("app_id", AppId),
    ("domain_name", DomainName),
    ("device_id", DeviceId),
    ("calendar_id", CalendarId),
    ("matter_id", MatterId),
    ("resource_name", ResourceName),
    ("obfuscated_customer_takeout_request_id", TakeoutId),
    ("rfc2822_message_id", MessageId),
    ("subject", Subject),
    ("org_unit_name", OrgUnit),
    ("shared_drive_id", SharedDrive),
    ("mobile_app_package_id", PackageId),
    ("rule_name", RuleName),
    ("target_user", TargetUser),
    ("target", TargetUser),
    ("user_email", UserEmail),
    ("member_email", UserEmail),
    ("member_id", UserEmail),
    ("affected_email_address", Affected),
    ("new_owner", NewOwner),
    ("grantee_email", Grantee),
    ("target_domain", TargetDomain),
    ("owner", Owner),
    ("flattened_destinations", Destinations),
    ("client_id", ClientId),
    ("api_client_name", ClientId),
    ("app_name", AppName),
    ("api_name", ApiName),
    ("scope", Scope),
    ("api_scopes", Scope),
    ("scope_data", ScopeData),
    ("visibility", Visibility),
    ("user_agent", UserAgent),
    ("client_ip", ClientIp),
    ("device_model", MobileModel),
];

const COUNT: usize = MobileModel as usize + 1;

/// Whom an event may be about, most telling first.
pub(super) const ACCOUNTS: &[Parameter] =
    &[TargetUser, NewOwner, Grantee, UserEmail, Affected, TargetDomain, Owner, Destinations];
/// What it may have touched, most telling first.
pub(super) const RESOURCES: &[Parameter] = &[
    DocId,
    DocTitle,
    GroupEmail,
    GroupId,
    RoleName,
    MessageId,
    CalendarId,
    TakeoutId,
    MatterId,
    ResourceName,
    RuleName,
    SharedDrive,
    DeviceId,
    PackageId,
    ApplicationName,
    AppId,
    SettingName,
    Scope,
    AppName,
    ApiName,
    Subject,
    DomainName,
    OrgUnit,
    MobileModel,
];
/// By what application.
pub(super) const CLIENTS: &[Parameter] = &[ClientId, AppName, ApiName];
/// How far a consent reaches.
pub(super) const SCOPES: &[Parameter] = &[Scope, ScopeData, AppName];

/// Deepest nesting of parameters in parameters: Google's has two levels.
const DEPTH_MAX: usize = 4;

/// What was said of each wanted parameter.
pub(super) struct Parameters {
    texts: [String; COUNT],
    /// Which parameters names are of, if they are wanted.
    named: Memo<1, Option<Parameter>>,
}

impl Default for Parameters {
    fn default() -> Parameters {
        Parameters { texts: std::array::from_fn(|_| String::new()), named: Memo::default() }
    }
}

/// One element of a list of parameters.
#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(borrow, alias = "NAME")]
    name: Cow<'a, str>,
    #[serde(borrow, alias = "VALUE")]
    value: Option<&'a RawValue>,
    #[serde(borrow, alias = "intValue", alias = "intvalue", alias = "INTVALUE")]
    int: Option<&'a RawValue>,
    #[serde(
        borrow,
        alias = "multiValue",
        alias = "multivalue",
        alias = "MULTIVALUE",
        alias = "multiIntValue",
        alias = "multiintvalue"
    )]
    multi: Option<&'a RawValue>,
    #[serde(borrow, alias = "messageValue", alias = "messagevalue", alias = "MESSAGEVALUE")]
    message: Option<&'a RawValue>,
    #[serde(borrow, alias = "multiMessageValue", alias = "multimessagevalue", alias = "MULTIMESSAGEVALUE")]
    messages: Option<&'a RawValue>,
}

/// A parameter that holds parameters.
#[derive(Deserialize)]
struct Nested<'a> {
    #[serde(borrow, alias = "PARAMETER")]
    parameter: Option<&'a RawValue>,
}

impl Parameters {
    /// Reads a list of events, in one walk: of each its type and name, and its parameters. How many there are.
    ///
    /// # Errors
    /// How many were read before one that is written otherwise than Google does.
    pub fn each_event(&mut self, list: &str, each: &mut dyn FnMut([&str; 2], &Parameters)) -> Result<usize, usize> {
        let mut count = 0;
        let mut json = serde_json::Deserializer::from_str(list);
        let read = json.deserialize_seq(Events { said: self, count: &mut count, each });
        read.map(|()| count).map_err(|_| count)
    }

    /// Reads the parameters of one event; what cannot be read is left out.
    pub fn read(&mut self, json: &str) {
        self.clear();
        self.read_within(json, 0);
    }

    fn clear(&mut self) {
        self.texts.iter_mut().for_each(String::clear);
    }

    pub fn text(&self, parameter: Parameter) -> &str {
        self.texts.get(parameter as usize).map_or("", String::as_str)
    }

    pub fn first(&self, parameters: &[Parameter]) -> &str {
        parameters.iter().map(|parameter| self.text(*parameter)).find(|text| !text.is_empty()).unwrap_or("")
    }

    fn read_within(&mut self, json: &str, depth: usize) {
        if depth >= DEPTH_MAX {
            return;
        }
        if json.starts_with(['[', '{']) {
            let mut json = serde_json::Deserializer::from_str(json);
            // Where it breaks off, what stood before was read.
            Said { into: self, depth }.deserialize(&mut json).ok();
        }
    }

    fn read_nested(&mut self, json: &str, depth: usize) {
        match serde_json::from_str::<Vec<Nested<'_>>>(json) {
            Ok(several) => several
                .iter()
                .filter_map(|nested| nested.parameter)
                .for_each(|parameters| self.read_within(parameters.get(), depth)),
            Err(_) => {
                if let Ok(Nested { parameter: Some(parameters) }) = serde_json::from_str(json) {
                    self.read_within(parameters.get(), depth);
                }
            }
        }
    }

    fn put(&mut self, name: &str, json: &str) {
        let wanted = self.named.told([name], |[name]| {
            let known = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            known.map(|(_, parameter)| *parameter)
        });
        let Some(place) = wanted.and_then(|parameter| self.texts.get_mut(parameter as usize)) else { return };
        if place.is_empty() {
            write_value(place, json);
        }
    }
}

/// Visits a list of events.
struct Events<'p, 'e> {
    said: &'p mut Parameters,
    count: &'p mut usize,
    each: &'e mut dyn FnMut([&str; 2], &Parameters),
}

impl<'de> Visitor<'de> for Events<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some([class, name]) = list.next_element_seed(Event { said: &mut *self.said })? {
            *self.count += 1;
            (self.each)([&class, &name], self.said);
        }
        Ok(())
    }
}

/// Visits one event: its type and name.
struct Event<'p> {
    said: &'p mut Parameters,
}

impl<'de> DeserializeSeed<'de> for Event<'_> {
    type Value = [Cow<'de, str>; 2];

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Event<'_> {
    type Value = [Cow<'de, str>; 2];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut class, mut name) = (Cow::Borrowed(""), Cow::Borrowed(""));
        self.said.clear();
        while let Some(Text(key)) = map.next_key()? {
            match key {
                key if key.eq_ignore_ascii_case("type") => class = map.next_value::<Text<'de>>()?.0,
                key if key.eq_ignore_ascii_case("name") => name = map.next_value::<Text<'de>>()?.0,
                key if key.eq_ignore_ascii_case("parameters") => {
                    self.said.clear();
                    map.next_value_seed(Said { into: &mut *self.said, depth: 0 })?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok([class, name])
    }
}

/// Visits parameters: the elements of a list, or the members of an object.
struct Said<'p> {
    into: &'p mut Parameters,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Said<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Said<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("parameters")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(one) = list.next_element::<Listed<'de>>()? {
            for value in [one.value, one.int, one.multi].into_iter().flatten() {
                self.into.put(&one.name, value.get());
            }
            for value in [one.message, one.messages].into_iter().flatten() {
                self.into.read_nested(value.get(), self.depth + 1);
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
            self.into.put(&name, value.get());
            if value.get().starts_with('{') {
                self.into.read_within(value.get(), self.depth + 1);
            }
        }
        Ok(())
    }
}

/// A value as text: a list's elements separated by commas, an object not at all.
fn write_value(into: &mut String, json: &str) {
    if json.starts_with('[') {
        for element in serde_json::from_str::<Vec<&RawValue>>(json).unwrap_or_default() {
            if !into.is_empty() {
                into.push(',');
            }
            write_scalar(into, element.get());
        }
    } else {
        write_scalar(into, json);
    }
}

fn write_scalar(into: &mut String, json: &str) {
    match json.bytes().next() {
        Some(b'"') => match json.get(1..json.len() - 1).filter(|text| !text.contains('\\')) {
            Some(text) => into.push_str(text),
            None => into.push_str(&serde_json::from_str::<Cow<'_, str>>(json).unwrap_or_default()),
        },
        Some(b'{' | b'[') | None => {}
        Some(_) if json == "null" => {}
        Some(_) => into.push_str(json),
    }
}
