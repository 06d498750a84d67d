//! The messages that a sync file keeps, as far as they are read.
//!
//! Source: the `c1.connector.v2` messages of baton-sdk (`resource.proto`, `entitlement.proto`,
//! `grant.proto`, `annotation_trait.proto`). Fields that are not named here are skipped.

use std::collections::HashMap;

use prost::Message;
use sever_model::EventTime;

/// A kind of resource, and what its resources are.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ResourceType {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(int32, repeated, tag = "3")]
    pub(crate) traits: Vec<i32>,
}

/// Traits of kinds of resources.
pub(crate) const USER: i32 = 1;
pub(crate) const GROUP: i32 = 2;
pub(crate) const ROLE: i32 = 3;
pub(crate) const SECRET: i32 = 5;

/// A resource's id: unique within its type.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ResourceId {
    #[prost(string, tag = "1")]
    pub(crate) kind: String,
    #[prost(string, tag = "2")]
    pub(crate) id: String,
}

/// Anything that a connector lists.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Resource {
    #[prost(message, optional, tag = "1")]
    pub(crate) id: Option<ResourceId>,
    #[prost(message, optional, tag = "2")]
    pub(crate) parent: Option<ResourceId>,
    #[prost(string, tag = "3")]
    pub(crate) display_name: String,
    #[prost(message, repeated, tag = "4")]
    pub(crate) annotations: Vec<Any>,
}

/// A message of a type that its address names.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Any {
    #[prost(string, tag = "1")]
    pub(crate) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

/// Something that can be granted on a resource.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Entitlement {
    #[prost(message, optional, tag = "1")]
    pub(crate) resource: Option<Resource>,
    #[prost(string, tag = "2")]
    pub(crate) id: String,
    #[prost(int32, tag = "7")]
    pub(crate) purpose: i32,
    #[prost(string, tag = "8")]
    pub(crate) slug: String,
}

/// An entitlement whose purpose is to be in something.
pub(crate) const ASSIGNMENT: i32 = 1;

/// That a resource has an entitlement.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Grant {
    #[prost(message, optional, tag = "1")]
    pub(crate) entitlement: Option<Entitlement>,
    #[prost(message, optional, tag = "2")]
    pub(crate) principal: Option<Resource>,
    #[prost(string, tag = "3")]
    pub(crate) id: String,
}

/// What is said of a user.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct UserTrait {
    #[prost(message, repeated, tag = "1")]
    pub(crate) emails: Vec<Email>,
    #[prost(message, optional, tag = "2")]
    pub(crate) status: Option<Status>,
    #[prost(message, optional, tag = "3")]
    pub(crate) profile: Option<Struct>,
    #[prost(int32, tag = "5")]
    pub(crate) account_type: i32,
    #[prost(string, tag = "6")]
    pub(crate) login: String,
    #[prost(message, optional, tag = "8")]
    pub(crate) created_at: Option<Timestamp>,
    #[prost(message, optional, tag = "9")]
    pub(crate) last_login: Option<Timestamp>,
}

/// An address.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Email {
    #[prost(string, tag = "1")]
    pub(crate) address: String,
}

/// 1 enabled, 2 disabled, 3 deleted.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Status {
    #[prost(int32, tag = "1")]
    pub(crate) status: i32,
}

/// What is said of a key or token.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SecretTrait {
    #[prost(message, optional, tag = "2")]
    pub(crate) created_at: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    pub(crate) expires_at: Option<Timestamp>,
    #[prost(message, optional, tag = "4")]
    pub(crate) last_used_at: Option<Timestamp>,
    #[prost(message, optional, tag = "5")]
    pub(crate) created_by: Option<ResourceId>,
    #[prost(message, optional, tag = "6")]
    pub(crate) identity: Option<ResourceId>,
}

/// `google.protobuf.Timestamp`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Timestamp {
    #[prost(int64, tag = "1")]
    pub(crate) seconds: i64,
}

/// `google.protobuf.Struct`
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Struct {
    #[prost(map = "string, message", tag = "1")]
    pub(crate) fields: HashMap<String, Value>,
}

/// `google.protobuf.Value`, where it is a text.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Value {
    #[prost(string, optional, tag = "3")]
    pub(crate) text: Option<String>,
}

impl Timestamp {
    /// The instant; nothing for none.
    pub(crate) fn instant(&self) -> Option<EventTime> {
        (self.seconds > 0 && self.seconds < 1 << 40).then(|| EventTime::from_secs(self.seconds))
    }
}

impl Resource {
    /// The annotation of a name, where there is one that can be read.
    pub(crate) fn annotation<T: Message + Default>(&self, name: &str) -> Option<T> {
        let found = self.annotations.iter().find(|any| any.type_url.rsplit(['.', '/']).next() == Some(name))?;
        T::decode(found.value.as_slice()).ok()
    }
}
