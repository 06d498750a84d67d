//! Amazon Kinesis and Firehose: records in base64, compressed or not.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Each, Envelope, Inner, Outer};

pub(super) const ENVELOPE: Envelope = Envelope {
    id: "kinesis",
    title: "a Kinesis delivery",
    about: "`{\"data\":\"…\"}` as Firehose delivers it to an endpoint (under `records`), `{\"kinesis\":{\"data\":…}}` \
as Lambda is given it (under `Records`), and `{\"awslogs\":{\"data\":…}}`: base64 of a record or of several, one a \
line, gzip or not. What does not unfold within 16 MiB is no such delivery.",
    open,
};

/// Most that one record may unfold to.
const UNFOLDED_BYTES_MAX: u64 = 16 << 20;

fn open(outer: &Outer<'_>, each: Each<'_>) -> bool {
    let names = ["data", "recordId", "approximateArrivalTimestamp", "sequenceNumber", "partitionKey", "encryptionType"];
    let inside = outer.inside("kinesis").or_else(|| outer.inside("awslogs"));
    let data = match &inside {
        Some(inside) => inside.text("data"),
        None => outer.text("data").filter(|_| outer.only(&names)),
    };
    let Some(bytes) = data.and_then(|data| STANDARD.decode(data.trim()).ok()).and_then(unfolded) else { return false };
    let text = String::from_utf8_lossy(&bytes);
    let holder = inside.as_ref().unwrap_or(outer);
    let time = holder.time("approximateArrivalTimestamp");
    // A record begins with a bracket or a word; a value of several lines stays whole.
    let whole = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    if whole {
        each(Inner::of(text.trim(), time));
    } else {
        text.lines().filter(|line| !line.trim().is_empty()).for_each(|line| each(Inner::of(line, time)));
    }
    true
}

fn unfolded(bytes: Vec<u8>) -> Option<Vec<u8>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return (!bytes.is_empty()).then_some(bytes);
    }
    let mut unfolded = Vec::new();
    let mut gzip = flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(UNFOLDED_BYTES_MAX + 1);
    gzip.read_to_end(&mut unfolded).ok()?;
    (unfolded.len() as u64 <= UNFOLDED_BYTES_MAX).then_some(unfolded)
}
