//! Putting together what a stranger needs: the whole log, or what there is of one departure.
//!
//! ```text
//! README.txt            how to check it with other tools
//! MANIFEST              what must be in it, signed
//! log.vkey, log.pem     the log's public key, for signed notes and for others
//! checkpoint            the signed root
//! tile/<L>/<N>          all hashes of the tree
//! tile/entries/<N>      all statements            (of the whole log)
//! statements/<n>.json   the departure's           (of one departure)
//! disclosures.jsonl     what opens commitments, as far as it is given out
//! anchors/<size>/       what others say of checkpoints
//! ```
//!
//! A proof of one departure holds the hashes of all statements, so that its own can be placed in the
//! tree; of the others nothing can be told from their hashes, for each holds a signature and salts. That
//! nothing of the departure was left out, only the whole log shows.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::anchor;
use super::bundle::Bundle;
use super::disclosures;
use super::error::ProofError;
use super::note::NoteKey;
use super::read::{Entry, LogReader};
use super::signer::LogKey;
use super::statement::Disclosure;
use super::tiles::{self, Kind};

/// A proof, and what is in it.
#[derive(Debug)]
pub struct Exported {
    /// Its files.
    pub bundle: Bundle,
    /// How many statements it holds.
    pub statements: u64,
    /// How many commitments it opens.
    pub opened: u64,
    /// How many it does not.
    pub withheld: u64,
}

/// Exports the log, or one departure's part of it. `show` says which disclosures are given out.
///
/// # Errors
/// When the log cannot be read.
pub fn export(
    reader: &LogReader,
    key: &LogKey,
    departure: Option<&str>,
    show: &dyn Fn(&Disclosure) -> bool,
) -> Result<Exported, ProofError> {
    let mut bundle = Bundle::default();
    let mut add = |name: &str, bytes: Vec<u8>| {
        bundle.files.insert(name.to_owned(), bytes);
    };
    let size = reader.checkpoint().size;
    add("README.txt", readme(reader, departure.is_some()).into_bytes());
    add("log.vkey", format!("{}\n", reader.key()).into_bytes());
    add("log.pem", pem(reader.key()).into_bytes());
    add("checkpoint", reader.checkpoint_bytes().to_vec());
    for (kind, index, width) in tiles::hash_tiles(size) {
        add(&tiles::path(kind, index, width), reader.tile(kind, index, width)?);
    }
    let entries = reader.entries()?;
    let chosen: Vec<&Entry> =
        entries.iter().filter(|it| departure.is_none() || it.departure.as_deref() == departure).collect();
    match departure {
        None => {
            for (index, width) in tiles::of_tree(Kind::Entries, size) {
                add(&tiles::path(Kind::Entries, index, width), reader.tile(Kind::Entries, index, width)?);
            }
        }
        Some(_) => {
            for entry in &chosen {
                add(&statement_name(entry.index), entry.envelope.clone());
            }
        }
    }
    let (shown, opened, withheld) = opening(&reader.disclosures()?, &chosen, show);
    let text = disclosures::text(&shown)
        .map_err(|error| ProofError::Damaged { path: disclosures::values(reader.dir()), what: error.to_string() })?;
    add("disclosures.jsonl", text.into_bytes());
    for (name, bytes) in anchor::files(reader.dir())? {
        add(&name, bytes);
    }
    bundle.sign(key);
    Ok(Exported { bundle, statements: chosen.len() as u64, opened, withheld })
}

/// What opens the commitments of some entries, in their order and each once; how many are opened and
/// how many are not.
fn opening(
    all: &HashMap<String, Disclosure>,
    entries: &[&Entry],
    show: &dyn Fn(&Disclosure) -> bool,
) -> (Vec<Disclosure>, u64, u64) {
    let mut seen = std::collections::HashSet::new();
    let (mut shown, mut withheld) = (Vec::new(), 0);
    for entry in entries {
        for commitment in entry.statement.commitments.values().chain([&entry.statement.departure]) {
            if !seen.insert(commitment) {
                continue;
            }
            match all.get(commitment).filter(|it| show(it)) {
                Some(disclosure) => shown.push(disclosure.clone()),
                None => withheld += 1,
            }
        }
    }
    let opened = shown.len() as u64;
    (shown, opened, withheld)
}

/// The name of a statement in a proof of one departure.
pub(crate) fn statement_name(index: u64) -> String {
    format!("statements/{index:09}.json")
}

/// The public key as other tools read it: SubjectPublicKeyInfo (RFC 8410), PEM.
pub(crate) fn pem(key: &NoteKey) -> String {
    const HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let der = [&HEAD[..], &key.public].concat();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
}

fn readme(reader: &LogReader, part: bool) -> String {
    let checkpoint = reader.checkpoint();
    let what = if part { "one departure's statements from a log" } else { "the log" };
    format!(
        "This is a proof made by Severance: {what} of {size} statements.

Check it, offline and with nothing else:

    sever proof check .

A proof says of itself that it is whole; whose it is, and since when, others must say:
  --key       the log's key, as its owner tells it by another way: fingerprint
              {fingerprint}
  --witness   the key of a witness that cosigned a checkpoint (anchors/*/cosigned)
  --tsa-ca    certificates of the authority that stamped one (anchors/*/response.tsr)

With other tools:
  all files       grep -E '^[0-9a-f]{{64}}  ' MANIFEST | sha256sum -c
  MANIFEST,       signed notes (c2sp.org/signed-note) under the key in log.vkey
  checkpoint      (c2sp.org/tlog-checkpoint)
  tile/           the tree (c2sp.org/tlog-tiles): RFC 6962 hashes of the envelopes
  envelopes       DSSE (application/vnd.in-toto+json) by the key in log.pem; in
                  tile/entries, each after its length in two bytes, or in statements/
  statements      in-toto Statement v1; predicates are described in docs/proof.md
  disclosures     commitment = SHA-256 of these bytes:
                  printf 'severance.dev/commitment/v1\\n%s\\n%s\\n%s' SALT FIELD VALUE
  anchors/*/      openssl ts -verify -data checkpoint -in response.tsr -CAfile CA.pem

A commitment without a line in disclosures.jsonl is withheld, or its name was erased.
",
        size = checkpoint.size,
        fingerprint = reader.key().fingerprint(),
    )
}
