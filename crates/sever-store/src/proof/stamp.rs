//! RFC 3161 time stamps: the request for one, and what an answer proves.
//!
//! Checked: that the answer was granted, that it is of these bytes, that what it says was signed by the
//! key of the certificate that it names, and, where the certificates of an authority are given, that
//! one of them vouches for that certificate as a time stamp authority's at the time that it states. Not
//! checked: whether a certificate was revoked, for there is no network here.

use std::time::Duration;

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{Int, ObjectIdentifier, OctetString};
use der::{Any, Decode, Encode, Sequence, Tag, Tagged};
use ring::{digest, signature};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};
use sever_model::{EventTime, WallTime, Zone};
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::digest::sha256;

const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// What a certificate must be for: time stamping, as the octets of its object identifier.
const TIME_STAMPING: &[u8] = &[43, 6, 1, 5, 5, 7, 3, 8];

/// The longest answer that is read, in bytes.
pub(crate) const ANSWER_BYTES_MAX: usize = 1 << 20;

#[derive(Sequence)]
struct MessageImprint {
    algorithm: AlgorithmIdentifierOwned,
    hash: OctetString,
}

#[derive(Sequence)]
struct TimeStampReq {
    version: u8,
    imprint: MessageImprint,
    nonce: u64,
    cert_req: bool,
}

/// What an answer proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// When the bytes existed, as the authority says.
    pub at: WallTime,
    /// The subject of the certificate that it is signed with.
    pub authority: String,
    /// Whether a given certificate vouches for that one. Without it, anybody could have signed.
    pub vouched: bool,
}

/// The certificates in a file, PEM or DER.
pub fn certificates(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let pem: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    let found: Vec<Vec<u8>> = match pem {
        Ok(pem) if !pem.is_empty() => pem.iter().map(|it| it.to_vec()).collect(),
        _ => vec![bytes.to_vec()],
    };
    found.iter().all(|der| Certificate::from_der(der).is_ok()).then_some(found)
}

/// The request for a time stamp of some bytes, DER.
pub(crate) fn request(message: &[u8], nonce: u64) -> Option<Vec<u8>> {
    let algorithm = AlgorithmIdentifierOwned { oid: SHA_256, parameters: None };
    let hash = OctetString::new(sha256(&[message]).to_vec()).ok()?;
    TimeStampReq { version: 1, imprint: MessageImprint { algorithm, hash }, nonce, cert_req: true }.to_der().ok()
}

/// Checks an answer against the bytes that it is to be of. `authorities` are certificates that are
/// trusted, DER: of an authority itself, or of who vouches for it. One for whom they do not vouch is no
/// error, and not believed.
///
/// # Errors
/// What does not fit.
pub(crate) fn verify(answer: &[u8], message: &[u8], authorities: &[Vec<u8>]) -> Result<Stamp, String> {
    if answer.len() > ANSWER_BYTES_MAX {
        return Err("the answer is too long".to_owned());
    }
    let parts = Vec::<Any>::from_der(answer).map_err(|_| "no time stamp response")?;
    let status = parts.first().and_then(|it| it.decode_as::<Vec<Any>>().ok());
    let status = status.and_then(|it| it.first()?.decode_as::<u8>().ok()).ok_or("a response without a status")?;
    if status > 1 {
        return Err(format!("the authority refused (status {status})"));
    }
    let token = parts.get(1).ok_or("a response without a token")?;
    let content: ContentInfo = token.decode_as().map_err(|_| "its token is no CMS content")?;
    if content.content_type != SIGNED_DATA {
        return Err("its token is not signed".to_owned());
    }
    let signed: SignedData = content.content.decode_as().map_err(|_| "its signed data does not read")?;
    if signed.encap_content_info.econtent_type != TST_INFO {
        return Err("its content is no time stamp".to_owned());
    }
    let info = signed.encap_content_info.econtent.as_ref();
    let info = info.and_then(|it| it.decode_as::<OctetString>().ok()).ok_or("a token without content")?;
    let at = stated(info.as_bytes(), message)?;
    let [signer] = signed.signer_infos.0.as_slice() else { return Err("not signed by one authority".to_owned()) };
    let (mut held, mut given) = (Vec::new(), Vec::new());
    for choice in signed.certificates.iter().flat_map(|set| set.0.iter()) {
        if let CertificateChoices::Certificate(certificate) = choice {
            held.push(certificate.clone());
        }
    }
    for der in authorities {
        given.push(Certificate::from_der(der).map_err(|_| "a given certificate does not read")?);
    }
    let certificate = held.iter().chain(&given).find(|it| is_of(signer, it));
    let certificate = certificate.ok_or("the certificate of its signer is not in it")?;
    signature_of(signer, info.as_bytes(), certificate)?;
    let der = certificate.to_der().map_err(|_| "its certificate does not read")?;
    let vouched = vouches(certificate, &der, &held, authorities, at).unwrap_or(false);
    Ok(Stamp { at, authority: certificate.tbs_certificate().subject().to_string(), vouched })
}

/// When the time stamp says that the message existed, if it is of that message.
fn stated(info: &[u8], message: &[u8]) -> Result<WallTime, String> {
    let parts = Vec::<Any>::from_der(info).map_err(|_| "the time stamp does not read")?;
    let imprint: MessageImprint =
        parts.get(2).and_then(|it| it.decode_as().ok()).ok_or("a time stamp without an imprint")?;
    let hash = hashed(&imprint.algorithm.oid, message).ok_or("its imprint is by an unknown digest")?;
    if imprint.hash.as_bytes() != hash.as_slice() {
        return Err("it is of other bytes".to_owned());
    }
    let at = parts.get(4).filter(|it| it.tag() == Tag::GeneralizedTime).and_then(|it| time(it.value()));
    at.ok_or_else(|| "a time stamp without a time".to_owned())
}

/// The nonce of a request or of a time stamp's answer, where it has one.
pub(crate) fn nonce_of_request(request: &[u8]) -> Option<Int> {
    Vec::<Any>::from_der(request).ok()?.get(2)?.decode_as().ok()
}

/// The nonce that an answer repeats.
pub(crate) fn nonce_of_answer(answer: &[u8]) -> Option<Int> {
    let parts = Vec::<Any>::from_der(answer).ok()?;
    let content: ContentInfo = parts.get(1)?.decode_as().ok()?;
    let signed: SignedData = content.content.decode_as().ok()?;
    let info: OctetString = signed.encap_content_info.econtent?.decode_as().ok()?;
    let parts = Vec::<Any>::from_der(info.as_bytes()).ok()?;
    parts.get(5..)?.iter().find(|it| it.tag() == Tag::Integer)?.decode_as().ok()
}

/// `20260930170012.5Z`: a fraction is allowed here, other than in certificates.
fn time(value: &[u8]) -> Option<WallTime> {
    let text = std::str::from_utf8(value).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to);
    let text = format!(
        "{}-{}-{} {}:{}:{}.{fraction}",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    );
    Zone::UTC.local(&text).ok().map(|at: EventTime| WallTime::from_micros(at.micros()))
}

fn hashed(oid: &ObjectIdentifier, message: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match *oid {
        SHA_256 => &digest::SHA256,
        SHA_384 => &digest::SHA384,
        SHA_512 => &digest::SHA512,
        _ => return None,
    };
    Some(digest::digest(algorithm, message).as_ref().to_vec())
}

/// Whether a certificate is the one that the signer names.
fn is_of(signer: &SignerInfo, certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    match &signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(it) => {
            it.issuer == *tbs.issuer() && it.serial_number == *tbs.serial_number()
        }
        SignerIdentifier::SubjectKeyIdentifier(it) => {
            matches!(tbs.get_extension::<SubjectKeyIdentifier>(), Ok(Some((_, own))) if own == *it)
        }
    }
}

/// Checks that the signer's attributes are of this content, and signed by this certificate's key.
fn signature_of(signer: &SignerInfo, content: &[u8], certificate: &Certificate) -> Result<(), String> {
    let attributes = signer.signed_attrs.as_ref().ok_or("a token without signed attributes")?;
    let one = |oid: ObjectIdentifier| {
        let mut found = attributes.iter().filter(move |it| it.oid == oid);
        match (found.next(), found.next()) {
            (Some(only), None) => only.values.iter().next(),
            _ => None,
        }
    };
    if one(CONTENT_TYPE).and_then(|it| it.decode_as().ok()) != Some(TST_INFO) {
        return Err("its signature is of another kind of content".to_owned());
    }
    let hash = hashed(&signer.digest_alg.oid, content).ok_or("it is signed by an unknown digest")?;
    let said = one(MESSAGE_DIGEST).and_then(|it| it.decode_as::<OctetString>().ok());
    if said.is_none_or(|said| said.as_bytes() != hash.as_slice()) {
        return Err("its signature is of another time stamp".to_owned());
    }
    let der = certificate.to_der().map_err(|_| "its certificate does not read")?;
    let named = one(SIGNING_CERTIFICATE_V2).or_else(|| one(SIGNING_CERTIFICATE));
    if !named.and_then(|it| names(it, &der)).unwrap_or(false) {
        return Err("its signature does not name this certificate".to_owned());
    }
    let message = attributes.to_der().map_err(|_| "its attributes do not read")?;
    let spki = certificate.tbs_certificate().subject_public_key_info();
    let key = spki.subject_public_key.raw_bytes();
    let curve = spki.algorithm.parameters.as_ref().and_then(|it| it.decode_as::<ObjectIdentifier>().ok());
    let algorithm = algorithm(spki.algorithm.oid, curve, signer.digest_alg.oid, signer.signature_algorithm.oid)
        .ok_or_else(|| format!("its kind of signature ({}) is not read here", signer.signature_algorithm.oid))?;
    let verified = signature::UnparsedPublicKey::new(algorithm, key).verify(&message, signer.signature.as_bytes());
    verified.map_err(|_| "its signature does not verify".to_owned())
}

/// Whether a signing certificate attribute (RFC 2634, RFC 5035) names a certificate first.
fn names(attribute: &Any, certificate: &[u8]) -> Option<bool> {
    let parts: Vec<Any> = attribute.decode_as().ok()?;
    let ids: Vec<Any> = parts.first()?.decode_as().ok()?;
    let first: Vec<Any> = ids.first()?.decode_as().ok()?;
    let (hash, algorithm) = match first.as_slice() {
        [algorithm, hash, ..] if algorithm.tag() == Tag::Sequence && hash.tag() == Tag::OctetString => {
            (hash, algorithm.decode_as::<AlgorithmIdentifierOwned>().ok()?.oid)
        }
        [hash, ..] => (hash, SHA_256),
        [] => return None,
    };
    let hash: OctetString = hash.decode_as().ok()?;
    if hash.as_bytes().len() == digest::SHA1_OUTPUT_LEN {
        let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate);
        return Some(sha1.as_ref() == hash.as_bytes());
    }
    Some(hashed(&algorithm, certificate)? == hash.as_bytes())
}

fn algorithm(
    key: ObjectIdentifier,
    curve: Option<ObjectIdentifier>,
    digest: ObjectIdentifier,
    signed: ObjectIdentifier,
) -> Option<&'static dyn signature::VerificationAlgorithm> {
    Some(match (key, curve, digest) {
        (RSA, _, SHA_256) if signed == RSA_PSS => &signature::RSA_PSS_2048_8192_SHA256,
        (RSA, _, SHA_384) if signed == RSA_PSS => &signature::RSA_PSS_2048_8192_SHA384,
        (RSA, _, SHA_512) if signed == RSA_PSS => &signature::RSA_PSS_2048_8192_SHA512,
        (RSA, _, SHA_256) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (RSA, _, SHA_384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (RSA, _, SHA_512) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (EC, Some(P_256), SHA_256) => &signature::ECDSA_P256_SHA256_ASN1,
        (EC, Some(P_256), SHA_384) => &signature::ECDSA_P256_SHA384_ASN1,
        (EC, Some(P_384), SHA_256) => &signature::ECDSA_P384_SHA256_ASN1,
        (EC, Some(P_384), SHA_384) => &signature::ECDSA_P384_SHA384_ASN1,
        (ED25519, _, _) => &signature::ED25519,
        _ => return None,
    })
}

/// Whether what is trusted vouches for a certificate as a time stamp authority's, at that time.
fn vouches(
    certificate: &Certificate,
    der: &[u8],
    held: &[Certificate],
    authorities: &[Vec<u8>],
    at: WallTime,
) -> Option<bool> {
    let secs = u64::try_from(at.micros().div_euclid(1_000_000)).ok()?;
    if authorities.iter().any(|it| it == der) {
        // It is trusted itself.
        let validity = certificate.tbs_certificate().validity();
        let (from, to) = (validity.not_before.to_unix_duration(), validity.not_after.to_unix_duration());
        return Some((from.as_secs()..=to.as_secs()).contains(&secs));
    }
    let of = |der: &[u8]| CertificateDer::from(der.to_vec());
    let given: Vec<CertificateDer<'_>> = authorities.iter().map(|it| of(it)).collect();
    let anchors: Vec<_> = given.iter().filter_map(|it| webpki::anchor_from_trusted_cert(it).ok()).collect();
    let between: Vec<CertificateDer<'_>> = held.iter().filter_map(|it| it.to_der().ok()).map(|it| of(&it)).collect();
    let end = of(der);
    let end = webpki::EndEntityCert::try_from(&end).ok()?;
    let when = UnixTime::since_unix_epoch(Duration::from_secs(secs));
    let usage = webpki::KeyUsage::required(TIME_STAMPING);
    let path = end.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, &between, when, usage, None, None);
    Some(path.is_ok())
}

#[cfg(test)]
mod tests;
