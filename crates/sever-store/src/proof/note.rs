//! C2SP `signed-note`: text signed by named Ed25519 keys, and the cosignatures of witnesses.
//!
//! ```text
//! severance.dev/log/5d1f…          the text, here of a checkpoint
//! 12
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!                                  an empty line
//! — severance.dev/log/5d1f… Az3g…  name, and base64 of key id and signature
//! — witness.example/w1 jWbPPwAA…   a witness: key id, time, signature
//! ```
//!
//! Signatures of keys that nobody named are ignored, as the specification wants; one of a key that was
//! named and that does not verify spoils the note.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};
use sever_model::WallTime;

use super::digest::{Hash, hex, sha256};

/// The longest note that is read, in bytes.
const NOTE_BYTES_MAX: usize = 16 << 20;

/// The most signatures of a note that are read.
const SIGNATURES_MAX: usize = 64;

/// What kind of signature a key makes: the byte that goes into its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Of the text itself: a log's.
    Note,
    /// Of the text and a time, `cosignature/v1`: a witness'.
    Cosignature,
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            KeyKind::Note => 1,
            KeyKind::Cosignature => 4,
        }
    }
}

/// A public key with the name that it signs under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey {
    /// The name.
    pub name: String,
    /// What it signs.
    pub kind: KeyKind,
    /// Its 32 bytes.
    pub public: [u8; 32],
}

impl NoteKey {
    /// Reads `<name>+<key id>+<base64 of kind and key>`, the usual text of such a key.
    pub fn parse(text: &str) -> Option<NoteKey> {
        let mut parts = text.trim_end_matches('\n').splitn(3, '+');
        let (name, id, material) = (parts.next()?, parts.next()?, parts.next()?);
        let material = STANDARD.decode(material).ok()?;
        let (kind, public) = material.split_first()?;
        let kind = [KeyKind::Note, KeyKind::Cosignature].into_iter().find(|it| it.byte() == *kind)?;
        let key = NoteKey { name: name.to_owned(), kind, public: public.try_into().ok()? };
        (is_name(name) && hex(&key.id()) == id).then_some(key)
    }

    /// The four bytes by which signatures name the key.
    pub fn id(&self) -> [u8; 4] {
        let hash = sha256(&[self.name.as_bytes(), b"\n", &[self.kind.byte()], &self.public]);
        let [a, b, c, d, ..] = hash;
        [a, b, c, d]
    }

    /// SHA-256 of the public key, in hexadecimal: what people compare.
    pub fn fingerprint(&self) -> String {
        hex(&sha256(&[&self.public]))
    }

    /// Whether it signed these bytes.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(message, signature).is_ok()
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = [&[self.kind.byte()][..], &self.public].concat();
        write!(f, "{}+{}+{}", self.name, hex(&self.id()), STANDARD.encode(material))
    }
}

/// A signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name of the key.
    pub name: String,
    /// The key's id.
    pub id: [u8; 4],
    /// What follows it.
    pub bytes: Vec<u8>,
}

/// A note: its text, which ends in a line break, and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The text.
    pub text: String,
    /// The signatures.
    pub signatures: Vec<Signature>,
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub fn parse(bytes: &[u8]) -> Result<Note, &'static str> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err("too long for a signed note");
        }
        let all = std::str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
        if all.chars().any(|c| c.is_ascii_control() && c != '\n') {
            return Err("holds control characters");
        }
        let at = all.rfind("\n\n").ok_or("no empty line before the signatures")?;
        let (text, lines) = all.split_at_checked(at + 1).ok_or("no text")?;
        let lines = lines.strip_prefix('\n').unwrap_or_default();
        let lines = lines.strip_suffix('\n').ok_or("the last line is cut off")?;
        let signatures: Vec<Signature> = lines.split('\n').map(signature).collect::<Result<_, _>>()?;
        if signatures.len() > SIGNATURES_MAX {
            return Err("more signatures than are read");
        }
        Ok(Note { text: text.to_owned(), signatures })
    }

    /// Whether a log's key signed it: `None` where it has no signature of that key.
    pub fn signed_by(&self, key: &NoteKey) -> Option<bool> {
        let mut found = None;
        for signature in self.of(key) {
            let good = key.verifies(self.text.as_bytes(), &signature.bytes);
            found = Some(found.unwrap_or(true) && good);
        }
        found
    }

    /// When a witness saw it: `None` where it did not sign, `Some(None)` where its signature is wrong.
    pub fn cosigned_by(&self, key: &NoteKey) -> Option<Option<WallTime>> {
        self.of(key).next().map(|signature| {
            let (time, bytes) = signature.bytes.split_first_chunk::<8>()?;
            let secs = i64::try_from(u64::from_be_bytes(*time)).ok()?;
            let message = format!("cosignature/v1\ntime {secs}\n{}", self.text);
            key.verifies(message.as_bytes(), bytes).then(|| WallTime::from_secs(secs))
        })
    }

    fn of<'a>(&'a self, key: &NoteKey) -> impl Iterator<Item = &'a Signature> {
        let (name, id) = (key.name.clone(), key.id());
        self.signatures.iter().filter(move |it| it.name == name && it.id == id)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            let bytes = [&signature.id[..], &signature.bytes].concat();
            writeln!(f, "— {} {}", signature.name, STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

fn signature(line: &str) -> Result<Signature, &'static str> {
    let rest = line.strip_prefix("— ").ok_or("a line below the text is no signature")?;
    let (name, encoded) = rest.split_once(' ').ok_or("a signature without a name")?;
    if !is_name(name) {
        return Err("a signature's name is none");
    }
    let bytes = STANDARD.decode(encoded).map_err(|_| "a signature is no base64")?;
    let (id, bytes) = bytes.split_first_chunk::<4>().ok_or("a signature is too short")?;
    Ok(Signature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// A checkpoint's text: whose log, how large, and its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: String,
    /// How many entries it holds.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads the text of a checkpoint; extension lines, which none of ours has, are refused.
    pub fn parse(text: &str) -> Option<Checkpoint> {
        let mut lines = text.split_terminator('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let number: u64 = size.parse().ok()?;
        let root: Hash = STANDARD.decode(root).ok()?.try_into().ok()?;
        let checkpoint = Checkpoint { origin: origin.to_owned(), size: number, root };
        // One text for one value: no sign, no leading zero, nothing behind it.
        (is_name(origin) && checkpoint.to_string() == text).then_some(checkpoint)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root))
    }
}

#[cfg(test)]
mod tests;
