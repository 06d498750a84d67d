//! A bearer token as an event: what it claims, read as a log's record of its use would be.
//!
//! For those who are shown tokens and must say at once what they are. A signed token (a JWT, RFC 7519, in
//! the compact form of RFC 7515) is read by its header and claims, with the same walk and the same times as
//! logs are; anything else is opaque, and only its hash can name it. No signature is checked here: it is
//! handed on for whoever has the keys.
//!
//! Whoever shows a token chose every byte of it. So what two readers might read differently is refused
//! rather than repaired: a claim that stands twice, text that is not UTF-8, an unsigned token.
//!
//! Bounded by [`TOKEN_BYTES_MAX`] and the depth of [`Limits::json_depth_max`].

use std::fmt;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use sever_model::port::Reason;
use sever_model::{EventKind, EventTime, Limits, Row};

use crate::json::{Plan, Reader, Want};
use crate::mapping::Field;
use crate::when;

/// Longest token that is read, in bytes: twice what servers take as one header.
pub const TOKEN_BYTES_MAX: usize = 16 << 10;

/// The claims that tokens carry by themselves, by field, the first present counts.
const USUAL: [(Field, &[&str]); 10] = [
    (Field::Issuer, &["iss"]),
    (Field::Credential, &["jti"]),
    (Field::TokenSubject, &["sub"]),
    (Field::Audience, &["aud"]),
    (Field::Client, &["client_id", "azp"]),
    (Field::Session, &["sid", "session_id"]),
    (Field::TokenType, &["token_use", "token_type"]),
    (Field::IssuedAt, &["iat"]),
    (Field::ExpiresAt, &["exp"]),
    (Field::Parent, &[]),
];

/// Reads tokens. Keeps what the last header said, for an issuer's are nearly all the same.
pub struct TokenReader {
    header: Reader,
    claims: Reader,
    /// Each field's slots in the claims.
    slots: Vec<(Field, Vec<usize>)>,
    /// The last header that was read, as it stands in tokens, and decoded.
    last: String,
    header_text: String,
    claims_bytes: Vec<u8>,
}

/// A token that was read.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// What it says, as the row of a use; of an opaque one nothing.
    pub row: Row<'a>,
    /// Its signature, of a signed one.
    pub signed: Option<Signed<'a>>,
}

/// What a signature is over, and what it is.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The algorithm that its header names.
    pub algorithm: &'a str,
    /// What was signed: header and claims as they stand in the token.
    pub input: &'a str,
    /// The signature, in base64url.
    pub signature: &'a str,
}

/// Why a token is not read. Nothing of the token is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenFault {
    /// Longer than [`TOKEN_BYTES_MAX`].
    TooLong,
    /// It looks like a signed token and is none: the header or the claims are no base64url.
    Encoding,
    /// The header or the claims are no JSON object, or not all of it is UTF-8.
    Syntax,
    /// They nest deeper than the limit.
    TooDeep,
    /// A field that counts stands twice: two readers may see two tokens.
    Doubled,
    /// It has no signature, or names `none` as its algorithm.
    Unsigned,
    /// A claim that counts is of another type than it must be.
    Type,
}

impl TokenFault {
    /// In one word, for counting.
    pub const fn word(self) -> &'static str {
        match self {
            TokenFault::TooLong => "too-long",
            TokenFault::Encoding => "encoding",
            TokenFault::Syntax => "syntax",
            TokenFault::TooDeep => "too-deep",
            TokenFault::Doubled => "doubled-claim",
            TokenFault::Unsigned => "unsigned",
            TokenFault::Type => "claim-type",
        }
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TokenFault::TooLong => "the token is longer than the limit",
            TokenFault::Encoding => "the token is not base64url",
            TokenFault::Syntax => "the token's header or claims are no JSON object",
            TokenFault::TooDeep => "the token is nested deeper than the limit",
            TokenFault::Doubled => "a field of the token stands twice",
            TokenFault::Unsigned => "the token is not signed",
            TokenFault::Type => "a claim of the token is of the wrong type",
        })
    }
}

impl std::error::Error for TokenFault {}

impl TokenReader {
    /// A reader that takes these claims for these fields, and the usual ones for others.
    pub fn new(named: &[(Field, String)], limits: &Limits) -> TokenReader {
        let mut paths = Vec::new();
        let mut slots = Vec::new();
        for (field, usual) in USUAL {
            let own = named.iter().filter(|(of, _)| *of == field).map(|(_, claim)| claim.as_str());
            let own: Vec<&str> = own.collect();
            let names = if own.is_empty() { usual.to_vec() } else { own };
            let want = match field {
                Field::IssuedAt | Field::ExpiresAt => Want::Raw,
                // As logs of JSON lines are read: an audience may be a list.
                Field::Audience => Want::Joined(' '),
                _ => Want::Text,
            };
            let begin = paths.len();
            paths.extend(names.iter().map(|name| (vec![(*name).to_owned()], want)));
            slots.push((field, (begin..paths.len()).collect()));
        }
        let header = [HEADER_KEY_ID, HEADER_ALGORITHM].map(|name| (vec![name.to_owned()], Want::Text));
        TokenReader {
            header: Reader::new(Plan::new(header.into()), limits.json_depth_max),
            claims: Reader::new(Plan::new(paths), limits.json_depth_max),
            slots,
            last: String::new(),
            header_text: String::new(),
            claims_bytes: Vec::new(),
        }
    }

    /// Reads a token that is shown at this time.
    ///
    /// # Errors
    /// When it looks like a signed one and cannot be read as every verifier would.
    pub fn read<'a>(&'a mut self, token: &'a str, now: EventTime) -> Result<Presented<'a>, TokenFault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenFault::TooLong);
        }
        let Some(parts) = parts(token) else {
            return Ok(Presented { row: Row::new(now, EventKind::Used, 0), signed: None });
        };
        let TokenReader { header, claims, slots, last, header_text, claims_bytes } = self;
        if parts.header != last.as_str() {
            last.clear();
            let mut bytes = Vec::new();
            decode(parts.header, &mut bytes)?;
            *header_text = String::from_utf8(bytes).map_err(|_| TokenFault::Syntax)?;
            let doubled = header.doubled;
            header.read(header_text.as_bytes()).map_err(|reason| fault(&reason))?;
            if header.doubled > doubled {
                return Err(TokenFault::Doubled);
            }
            if header.escape_repairs > 0 {
                header.escape_repairs = 0;
                return Err(TokenFault::Syntax);
            }
            last.push_str(parts.header);
        }
        let said = header.again(header_text);
        let algorithm = said.text(1);
        if parts.signature.is_empty() || algorithm.is_empty() || algorithm.eq_ignore_ascii_case("none") {
            return Err(TokenFault::Unsigned);
        }
        decode(parts.claims, claims_bytes)?;
        let repairs = (claims.doubled, claims.utf8_repairs + claims.escape_repairs);
        claims.read(claims_bytes).map_err(|reason| fault(&reason))?;
        if claims.doubled > repairs.0 {
            return Err(TokenFault::Doubled);
        }
        if claims.utf8_repairs + claims.escape_repairs > repairs.1 {
            return Err(TokenFault::Syntax);
        }
        let text = std::str::from_utf8(claims_bytes).map_err(|_| TokenFault::Syntax)?;
        let found = claims.again(text);
        let mut row = Row::new(now, EventKind::Used, 0);
        row.key_id = said.text(0);
        for (field, slots) in slots.iter() {
            let Some(slot) = slots.iter().copied().find(|slot| found.has(*slot)) else { continue };
            if let Field::IssuedAt | Field::ExpiresAt = field {
                let at = when::instant(&found, slot, None).ok_or(TokenFault::Type)?;
                let place = if *field == Field::IssuedAt { &mut row.issued_at } else { &mut row.expires_at };
                *place = Some(at);
                continue;
            }
            let said = found.text(slot);
            if said.is_empty() && matches!(found.value(slot), crate::json::Value::Other) {
                return Err(TokenFault::Type);
            }
            if let Some(place) = field.place(&mut row) {
                *place = said;
            }
        }
        let signed = Signed { algorithm, input: parts.input, signature: parts.signature };
        Ok(Presented { row, signed: Some(signed) })
    }
}

const HEADER_KEY_ID: &str = "kid";
const HEADER_ALGORITHM: &str = "alg";

/// The three parts of a signed token.
struct Parts<'a> {
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
    /// The first two, with the dot between.
    input: &'a str,
}

/// The parts of what looks like a signed token: three, the first of which begins like a JSON object.
fn parts(token: &str) -> Option<Parts<'_>> {
    let (input, signature) = token.rsplit_once('.')?;
    let (header, claims) = input.split_once('.')?;
    // `{"`, `{ ` and `{` before a line's end, in base64.
    let object = header.starts_with("ey") || header.starts_with("ew");
    (object && !claims.contains('.')).then_some(Parts { header, claims, signature, input })
}

fn decode(text: &str, into: &mut Vec<u8>) -> Result<(), TokenFault> {
    into.clear();
    BASE64_URL_SAFE_NO_PAD.decode_vec(text, into).map_err(|_| TokenFault::Encoding)
}

fn fault(reason: &Reason) -> TokenFault {
    match reason {
        Reason::TooDeep => TokenFault::TooDeep,
        _ => TokenFault::Syntax,
    }
}

#[cfg(test)]
mod tests;
