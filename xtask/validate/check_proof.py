"""Checks exported proofs without Severance: check_proof.py FOLDER…

The tree, the tiles and the signed notes by nothing but SHA-256 and Ed25519 (RFC 6962, C2SP signed-note,
tlog-checkpoint, tlog-tiles), the envelopes with `securesystemslib` (DSSE), the statements with
`in-toto-attestation`. Prints what is wrong and ends with 1 if anything is.
"""

import base64
import hashlib
import json
import struct
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey


class Wrong(Exception):
    """What does not fit."""


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def tree_hash(leaves: list) -> bytes:
    """The Merkle tree hash of RFC 6962, section 2.1, over leaf hashes."""
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01", tree_hash(leaves[:split]), tree_hash(leaves[split:]))


def tile_path(level: str, number: int, width: int) -> str:
    digits = f"{number:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{path}" + (f".p/{width}" if width < 256 else "")


def tiles(level: str, count: int):
    """Number, path and width of the tiles that so many hashes or entries are in."""
    for number in range(-(-count // 256)):
        width = min(256, count - number * 256)
        yield number, tile_path(level, number, width), width


def open_note(note: bytes, vkey: str) -> str:
    """The text of a signed note, if this key signed it."""
    name, key_id, material = vkey.strip().split("+", 2)
    material = base64.b64decode(material, validate=True)
    if material[0] != 1 or sha256(name.encode(), b"\n", material)[:4].hex() != key_id:
        raise Wrong("log.vkey: no Ed25519 key of a note")
    text, _, signatures = note.decode().rpartition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        dash, signer, encoded = line.split(" ")
        raw = base64.b64decode(encoded, validate=True)
        if dash == "\N{EM DASH}" and signer == name and raw[:4].hex() == key_id:
            Ed25519PublicKey.from_public_bytes(material[1:]).verify(raw[4:], text.encode())
            return text
    raise Wrong("a note that the log's key did not sign")


def leaves_of(folder: Path, size: int) -> list:
    """All leaf hashes, once every tile above them was found to follow from them."""
    leaves = []
    for _, path, width in tiles("0", size):
        data = (folder / path).read_bytes()
        if len(data) != 32 * width:
            raise Wrong(f"{path}: not {width} hashes")
        leaves += [data[at : at + 32] for at in range(0, len(data), 32)]
    hashes, level = leaves, 0
    while len(hashes) >= 256:
        level += 1
        full = len(hashes) // 256
        hashes = [tree_hash(hashes[at * 256 : at * 256 + 256]) for at in range(full)]
        for number, path, width in tiles(str(level), full):
            if (folder / path).read_bytes() != b"".join(hashes[number * 256 : number * 256 + width]):
                raise Wrong(f"{path}: does not follow from the leaves")
    return leaves


def envelopes(folder: Path, size: int):
    """Each statement's place and envelope: of the whole log, or of one departure."""
    if (folder / "statements").is_dir():
        for path in sorted((folder / "statements").iterdir()):
            yield int(path.stem), path.read_bytes()
        return
    index = 0
    for _, path, _ in tiles("entries", size):
        data = (folder / path).read_bytes()
        at = 0
        while at < len(data):
            (length,) = struct.unpack_from(">H", data, at)
            yield index, data[at + 2 : at + 2 + length]
            at += 2 + length
            index += 1


def check_statement(envelope: bytes, key: SSlibKey) -> dict:
    parsed = Envelope.from_dict(json.loads(envelope))
    parsed.verify([key], 1)
    if parsed.payload_type != "application/vnd.in-toto+json":
        raise Wrong("no in-toto statement")
    Statement.copy_from_pb(json_format.Parse(parsed.payload, statement_pb2.Statement())).validate()
    return json.loads(parsed.payload)


def check(folder: Path) -> str:
    vkey = (folder / "log.vkey").read_text()
    public = load_pem_public_key((folder / "log.pem").read_bytes()).public_bytes(Encoding.Raw, PublicFormat.Raw)
    manifest = open_note((folder / "MANIFEST").read_bytes(), vkey)
    for line in manifest.splitlines()[1:]:
        digest, name = line.split("  ", 1)
        if sha256((folder / name).read_bytes()).hex() != digest:
            raise Wrong(f"{name}: not what the manifest says")
    origin, size, root = open_note((folder / "checkpoint").read_bytes(), vkey).splitlines()
    size = int(size)
    leaves = leaves_of(folder, size)
    if tree_hash(leaves) != base64.b64decode(root):
        raise Wrong("checkpoint: another root")
    fingerprint = sha256(public).hex()
    key = SSlibKey(fingerprint, "ed25519", "ed25519", {"public": public.hex()})
    committed, count = {}, 0
    for index, envelope in envelopes(folder, size):
        if sha256(b"\x00", envelope) != leaves[index]:
            raise Wrong(f"statement {index}: not in the tree")
        statement = check_statement(envelope, key)
        committed[statement["subject"][0]["digest"]["sha256"]] = "departure"
        committed.update({hash_: field for field, hash_ in statement["predicate"]["commitments"].items()})
        count += 1
    opened = 0
    for line in (folder / "disclosures.jsonl").read_text().splitlines():
        it = json.loads(line)
        message = f"severance.dev/commitment/v1\n{it['salt']}\n{it['field']}\n{it['value']}"
        if sha256(message.encode()).hex() != it["commitment"] or committed.get(it["commitment"]) != it["field"]:
            raise Wrong(f"disclosures.jsonl: {it['commitment']} is not opened")
        opened += 1
    return f"{count} of {size} statements of {origin}, {opened} of {len(committed)} commitments opened"


def main(*folders: str) -> int:
    bad = 0
    for folder in folders:
        try:
            print(f"{folder}: {check(Path(folder))}")
        except (Wrong, InvalidSignature, OSError, ValueError, KeyError, IndexError, struct.error) as error:
            bad += 1
            print(f"{folder}: {type(error).__name__}: {error}")
        except Exception as error:  # what a library says of what it refuses
            bad += 1
            print(f"{folder}: refused by {type(error).__module__}: {error}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
