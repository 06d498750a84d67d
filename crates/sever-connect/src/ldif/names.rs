//! Names and times as directories write them: GUIDs and SIDs in bytes, GeneralizedTime, FILETIME.

use sever_model::EventTime;

use super::wire::Entry;

/// An entry's own unchanging id: OpenLDAP's `entryUUID`, Active Directory's `objectGUID`, 389's
/// `nsUniqueId`, FreeIPA's `ipaUniqueID`.
pub(crate) fn stable_id(entry: &Entry) -> Option<String> {
    let text = ["entryuuid", "ipauniqueid", "nsuniqueid", "objectguid"].iter().find_map(|name| entry.first(name));
    let text = text.map(|text| text.trim_matches(['{', '}']).to_lowercase()).filter(|text| !text.is_empty());
    text.or_else(|| entry.bytes("objectguid").find_map(guid))
}

/// An entry's SID, as text.
pub(super) fn sid_of(entry: &Entry, attribute: &str) -> Option<String> {
    let text = entry.first(attribute).filter(|text| text.starts_with("S-1-")).map(str::to_owned);
    text.or_else(|| entry.bytes(attribute).find_map(sid))
}

/// A GUID in Active Directory's order of bytes (MS-DTYP 2.3.4.2): the first three parts little-endian.
pub(crate) fn guid(bytes: &[u8]) -> Option<String> {
    let [a, b, c, d, e, f, g, h, rest @ ..] = <&[u8; 16]>::try_from(bytes).ok()?;
    let hex = crate::files::hex;
    let (first, last) = rest.split_at(2);
    Some(format!("{}-{}-{}-{}-{}", hex(&[*d, *c, *b, *a]), hex(&[*f, *e]), hex(&[*h, *g]), hex(first), hex(last)))
}

/// A SID (MS-DTYP 2.4.2.2): revision, number of parts, authority, parts.
pub(super) fn sid(bytes: &[u8]) -> Option<String> {
    let (head, parts) = bytes.split_at_checked(8)?;
    let [revision, count, authority @ ..] = head else { return None };
    let authority = authority.iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    if *revision != 1 || parts.len() != usize::from(*count) * 4 {
        return None;
    }
    let mut text = format!("S-1-{authority}");
    for part in parts.chunks_exact(4) {
        text.push_str(&format!("-{}", u32::from_le_bytes(part.try_into().ok()?)));
    }
    Some(text)
}

/// The last part of a SID, and what is before it: the domain.
pub(super) fn relative(sid: &str) -> Option<(&str, u32)> {
    let (domain, last) = sid.rsplit_once('-')?;
    Some((domain, last.parse().ok()?))
}

/// LDAP's GeneralizedTime (RFC 4517 §3.3.13): `20240401083000Z`, with a fraction or an offset.
pub(crate) fn generalized(text: &str) -> Option<EventTime> {
    let text = text.trim();
    let (digits, rest) = text.split_at_checked(14)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let zone = rest.trim_start_matches(|c: char| c == '.' || c == ',' || c.is_ascii_digit());
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    let zone = if zone.is_empty() { "Z" } else { zone };
    let plain =
        format!("{}-{}-{}T{}:{}:{}{zone}", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14));
    EventTime::parse(&plain).ok()
}

/// 100-nanosecond ticks since 1601 (MS-DTYP FILETIME); 0 and the largest are *never*.
pub(crate) fn file_time(text: &str) -> Option<EventTime> {
    ticks(text.trim().parse().ok()?)
}

/// The same, as a number.
pub(super) fn ticks(ticks: i64) -> Option<EventTime> {
    const EPOCH_SECS: i64 = 11_644_473_600;
    if ticks <= 0 || ticks == i64::MAX {
        return None;
    }
    Some(EventTime::from_micros((ticks / 10).checked_sub(EPOCH_SECS * 1_000_000)?))
}

#[cfg(test)]
mod tests;
