//! S3 and what speaks like it, through `object_store`.
//!
//! One client a bucket for the life of the process, with a small runtime of its own: what reads a log
//! knows no futures. Listing is paged; bodies are streamed, and one that breaks off is taken up again
//! where it broke.

mod shelf;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, Error, ObjectStore, ObjectStoreExt, RetryConfig};
use tokio::runtime::Runtime;

use super::{Address, Object, ObjectError, SCHEME, profile};

pub use shelf::{Kept, Shelf};

/// Most objects of one listing.
const OBJECTS_MAX: usize = 1_000_000;
/// How often a request is tried again, and for how long in all.
const RETRIES_MAX: usize = 4;
const RETRY_SECS_MAX: u64 = 30;
/// How long a connection may take, and an answer may stall.
const CONNECT_SECS_MAX: u64 = 10;
const STALL_SECS_MAX: u64 = 60;

/// The clients, by bucket.
static BUCKETS: LazyLock<Mutex<BTreeMap<String, Arc<Bucket>>>> = LazyLock::new(Mutex::default);

struct Bucket {
    store: AmazonS3,
    runtime: Runtime,
}

pub(super) fn list(address: Address<'_>) -> Result<Vec<Object>, ObjectError> {
    let bucket = Bucket::of(address)?;
    let prefix = path(address)?;
    let object = |key: &Path, bytes| Object { url: format!("{SCHEME}{}/{key}", address.bucket), bytes };
    bucket.runtime.block_on(async {
        if !address.key.is_empty() && !address.key.ends_with('/') {
            match bucket.store.head(&prefix).await {
                Ok(meta) => return Ok(vec![object(&meta.location, meta.size)]),
                // Where the bucket may not be listed, what is not there is refused.
                Err(Error::NotFound { .. } | Error::PermissionDenied { .. }) => {}
                Err(error) => return Err(told(address, &error, Act::List)),
            }
        }
        let mut objects = Vec::new();
        let mut pages = bucket.store.list(Some(&prefix));
        while let Some(meta) = pages.next().await {
            let meta = meta.map_err(|error| told(address, &error, Act::List))?;
            if meta.size > 0 {
                objects.push(object(&meta.location, meta.size));
            }
            if objects.len() > OBJECTS_MAX {
                let hint = Some("name a longer prefix".to_owned());
                return Err(ObjectError { what: format!("more than {OBJECTS_MAX} objects under {address}"), hint });
            }
        }
        objects.sort_by(|a, b| a.url.cmp(&b.url));
        Ok(objects)
    })
}

pub(super) fn open(address: Address<'_>) -> Result<Box<dyn Read>, ObjectError> {
    let bucket = Bucket::of(address)?;
    let key = path(address)?;
    let found = bucket.runtime.block_on(bucket.store.get(&key));
    let stream = found.map_err(|error| told(address, &error, Act::Get))?.into_stream();
    Ok(Box::new(Body { bucket, stream, piece: Bytes::new(), url: address.to_string() }))
}

/// An object's bytes.
struct Body {
    bucket: Arc<Bucket>,
    stream: BoxStream<'static, object_store::Result<Bytes>>,
    piece: Bytes,
    url: String,
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !into.is_empty() {
            let Body { bucket, stream, .. } = self;
            match bucket.runtime.block_on(stream.next()) {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(error)) => return Err(io::Error::other(format!("{} breaks off: {error}", self.url))),
                None => return Ok(0),
            }
        }
        let count = self.piece.len().min(into.len());
        if let Some(into) = into.get_mut(..count) {
            self.piece.copy_to_slice(into);
        }
        Ok(count)
    }
}

impl Bucket {
    fn of(address: Address<'_>) -> Result<Arc<Bucket>, ObjectError> {
        // A panic elsewhere leaves the map whole.
        let mut buckets = BUCKETS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get(address.bucket) {
            return Ok(bucket.clone());
        }
        let bucket = Arc::new(Bucket::new(address)?);
        buckets.insert(address.bucket.to_owned(), bucket.clone());
        Ok(bucket)
    }

    fn new(address: Address<'_>) -> Result<Bucket, ObjectError> {
        // Another part of the program may have chosen already.
        rustls::crypto::ring::default_provider().install_default().ok();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| ObjectError { what: error.to_string(), hint: None })?;
        let store = builder().with_bucket_name(address.bucket).build();
        let store = store.map_err(|error| told(address, &error, Act::List))?;
        Ok(Bucket { store, runtime })
    }
}

/// A client with what the environment and the profile say.
fn builder() -> AmazonS3Builder {
    let mut builder = AmazonS3Builder::from_env();
    let has = |builder: &AmazonS3Builder, key| builder.get_config_value(&key).is_some();
    let elsewhere =
        ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
    let elsewhere = elsewhere.iter().any(|name| std::env::var_os(name).is_some());
    let profile = profile::read();
    if !has(&builder, AmazonS3ConfigKey::AccessKeyId) && !elsewhere && !profile.access_key_id.is_empty() {
        builder = builder.with_access_key_id(profile.access_key_id).with_secret_access_key(profile.secret_access_key);
        if !profile.session_token.is_empty() {
            builder = builder.with_token(profile.session_token);
        }
    }
    if !has(&builder, AmazonS3ConfigKey::Region) && !profile.region.is_empty() {
        builder = builder.with_region(profile.region);
    }
    // Whoever names a store without TLS means it; without that nothing goes out in clear.
    let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint];
    let plain = endpoint.iter().filter_map(|key| builder.get_config_value(key)).any(|url| url.starts_with("http://"));
    let secs = Duration::from_secs;
    let options = ClientOptions::new()
        .with_allow_http(plain)
        .with_connect_timeout(secs(CONNECT_SECS_MAX))
        .with_read_timeout(secs(STALL_SECS_MAX))
        .with_timeout_disabled();
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: secs(5), base: 2.0 };
    let retry = RetryConfig { backoff, max_retries: RETRIES_MAX, retry_timeout: secs(RETRY_SECS_MAX) };
    builder.with_client_options(options).with_retry(retry)
}

fn path(address: Address<'_>) -> Result<Path, ObjectError> {
    Path::parse(address.key).map_err(|error| ObjectError { what: format!("{address} is no key: {error}"), hint: None })
}

/// What was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    List,
    Get,
    Put,
    Delete,
}

/// An error of the store in a line, with what to do.
fn told(address: Address<'_>, error: &Error, act: Act) -> ObjectError {
    let bucket = address.bucket;
    let text = everything(error);
    let said = |word: &str| text.contains(word);
    let (what, hint) = if said("NoSuchBucket") {
        (
            format!("there is no bucket `{bucket}`"),
            "check its name, and `AWS_ENDPOINT_URL` where it is not at AWS".to_owned(),
        )
    } else if matches!(error, Error::PermissionDenied { .. }) || said("AccessDenied") {
        let right = match act {
            Act::List => format!("`s3:ListBucket` on `arn:aws:s3:::{bucket}`"),
            Act::Get => format!("`s3:GetObject` on `arn:aws:s3:::{bucket}/*`"),
            Act::Put => format!("`s3:PutObject` on `arn:aws:s3:::{bucket}/*`"),
            Act::Delete => format!("`s3:DeleteObject` on `arn:aws:s3:::{bucket}/*`"),
        };
        (format!("{address} is refused"), format!("the role needs {right}"))
    } else if matches!(error, Error::Unauthenticated { .. }) || said("InvalidAccessKeyId") || said("SignatureDoesNot") {
        (format!("{address}: the credentials are not accepted"), "`aws sts get-caller-identity` tries them".to_owned())
    } else if matches!(error, Error::NotFound { .. }) {
        (format!("there is no {address}"), "keys are told apart by case; a prefix ends with `/`".to_owned())
    } else if said("PermanentRedirect") || said("AuthorizationHeaderMalformed") || said("redirect") {
        (format!("bucket `{bucket}` is in another region"), "set `AWS_REGION` to the bucket's".to_owned())
    } else if said("169.254.169.254") || said("metadata") {
        (
            "there are no credentials for S3".to_owned(),
            "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AWS_PROFILE`".to_owned(),
        )
    } else {
        (
            format!("{address}: {}", text.lines().next().unwrap_or_default()),
            "is the store reachable from here?".to_owned(),
        )
    };
    ObjectError { what, hint: Some(hint) }
}

/// An error with those beneath it.
fn everything(error: &Error) -> String {
    let mut text = error.to_string();
    let mut inner = std::error::Error::source(error);
    while let Some(error) = inner {
        text.push_str(": ");
        text.push_str(&error.to_string());
        inner = error.source();
    }
    text
}
