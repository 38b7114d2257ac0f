#!/usr/bin/env python3
"""Reads the golden vectors with implementations we did not write.

    check_vectors.py [DIRECTORY ...]

For every vector, that is every .txt file in the directories (by default those of messages and of stored facts):

- CBOR is decoded by PyPI cbor2, must be in its only encoding (shortest forms, definite lengths, integer keys ascending),
  must say what the diagnostic text beside it says, and must fit its rule in fleetfold.cddl, checked by PyPI
  cddl-verifier; with one thing added that does not belong there it must not fit;
- JSON has no key twice; where a message exists in both forms, they say the same;
- jobs, manifests and tokens are verified by PyPI cryptography with the key that the vector names, and a webhook's request
  with its secret.

One line per vector; the exit status says whether all passed. Needs: requirements.txt beside this file.
"""

import base64
import hashlib
import hmac
import io
import json
import pathlib
import re
import sys

import cbor2
from cddl_verifier import Validator
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIRECTORIES = [ROOT / "schemas/tests/vectors", ROOT / "engine/core/tests/vectors"]
CDDL = Validator(ROOT / "schemas/fleetfold.cddl")

JOB_PURPOSE = b"fleetfold-job-v1"
SIGN1, SUIT_ENVELOPE = 18, 107
SHA256 = -16
WIDTH = 110


class Wrong(Exception):
    """A vector does not say what it should."""


def expect(condition, problem):
    if not condition:
        raise Wrong(problem)


class Vector:
    """A file: a comment, notes, and sections between lines of == name ==."""

    def __init__(self, path):
        self.name = path.stem
        head, *sections = re.split(r"^== (\S+) ==\n", path.read_text(), flags=re.M)
        notes = [line.split(": ", 1) for line in head.splitlines() if line and not line.startswith("#")]
        self.notes = dict(notes)
        self.sections = dict(zip(sections[0::2], sections[1::2]))

    def public_key(self):
        secret = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.notes["secret key"]))
        public = bytes.fromhex(self.notes["public key"])
        expect(secret.public_key().public_bytes_raw() == public, "the public key is not that of the secret key")
        return public


# ---- CBOR ----------------------------------------------------------------------------------------------------------


def decode(data):
    """One value and nothing behind it, in the encoding that RFC 8949 section 4.2.1 prefers but for the order of texts."""
    stream = io.BytesIO(data)
    value = cbor2.CBORDecoder(stream).decode()
    expect(not stream.read(), "bytes behind the value")
    # A second spelling, or a key that came twice and is gone now, would be encoded differently.
    expect(cbor2.dumps(value) == data, "not in the shortest form, or a key twice")
    check_order(value)
    return value


def check_order(value):
    if isinstance(value, cbor2.CBORTag):
        check_order(value.value)
    elif isinstance(value, (list, tuple)):
        for item in value:
            check_order(item)
    elif isinstance(value, dict):
        keys = [cbor2.dumps(key) for key in value if isinstance(key, int)]
        expect(len(keys) in (0, len(value)), "a map with keys of several types")
        expect(keys == sorted(keys), "integer keys that do not ascend")
        for item in value.values():
            check_order(item)


def embedded(data):
    """What a byte string holds, if that is one array, map or tagged value."""
    try:
        stream = io.BytesIO(data)
        value = cbor2.CBORDecoder(stream).decode()
    except (cbor2.CBORDecodeError, ValueError):
        return None
    return value if not stream.read() and isinstance(value, (list, dict, cbor2.CBORTag)) else None


def tree(value):
    """A value as text, or as (opening, [(key or None, tree)], closing)."""
    if value is None or isinstance(value, (bool, int, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bytes):
        inner = embedded(value)
        if inner is None:
            return f"h'{value.hex()}'"
        decode(value)
        return ("<<", [(None, tree(inner))], ">>")
    if isinstance(value, list):
        return ("[", [(None, tree(item)) for item in value], "]")
    if isinstance(value, dict):
        return ("{", [(on_one_line(tree(key)), tree(item)) for key, item in value.items()], "}")
    if isinstance(value, cbor2.CBORTag):
        return (f"{value.tag}(", [(None, tree(value.value))], ")")
    raise Wrong(f"{type(value).__name__} is in no message")


def on_one_line(node):
    if isinstance(node, str):
        return node
    opening, parts, closing = node
    return opening + ", ".join(f"{key}: {on_one_line(part)}" if key else on_one_line(part) for key, part in parts) + closing


def layout(node, indent=0, used=0):
    line = on_one_line(node)
    if isinstance(node, str) or not node[1] or indent + used + len(line.encode()) <= WIDTH:
        return line
    opening, parts, closing = node
    if len(parts) == 1 and parts[0][0] is None and not isinstance(parts[0][1], str):
        return opening + layout(parts[0][1], indent, used) + closing
    lines = []
    for at, (key, part) in enumerate(parts):
        key = f"{key}: " if key else ""
        comma = "," if at + 1 < len(parts) else ""
        lines.append(" " * (indent + 2) + key + layout(part, indent + 2, len(key) + len(comma)) + comma)
    return "\n".join([opening, *lines, " " * indent + closing])


def with_something_extra(value):
    if isinstance(value, dict):
        return {**value, 99: 0}
    if isinstance(value, list):
        return [*value, 0]
    return cbor2.CBORTag(value.tag + 1, value.value)


def check_cddl(rule, value):
    result = CDDL.validate(cbor2.dumps(value), rule)
    expect(result.valid, f"not a {rule}: {', '.join(str(problem) for problem in result.diagnostics[:1])}")
    expect(not CDDL.validate(cbor2.dumps(with_something_extra(value)), rule).valid, f"anything is a {rule}")


# ---- Signatures ----------------------------------------------------------------------------------------------------


def verify(public_key, signature, signed):
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except InvalidSignature as error:
        raise Wrong("the signature is not by the key") from error


def check_sign1(sign1, public_key, purpose, detached=None):
    """Verifies a COSE_Sign1 (RFC 9052 section 4.4) and returns its payload."""
    expect(sign1.tag == SIGN1, "not tagged as COSE_Sign1")
    protected, unprotected, payload, signature = sign1.value
    expect(decode(protected) == {1: -19, 4: hashlib.sha256(public_key).digest()[:8]}, "algorithm or key id")
    expect(unprotected == {}, "an unprotected header")
    expect((payload is None) == (detached is not None), "where the payload is")
    payload = detached if payload is None else payload
    verify(public_key, signature, cbor2.dumps(["Signature1", protected, purpose, payload]))
    return payload


def check_envelope(envelope, public_key):
    expect(envelope.tag == SUIT_ENVELOPE, "not tagged as SUIT envelope")
    digest, sign1 = decode(envelope.value[2])
    check_sign1(decode(sign1), public_key, b"", detached=digest)
    # Of the byte string with its header.
    manifest = hashlib.sha256(cbor2.dumps(envelope.value[3])).digest()
    expect(decode(digest) == [SHA256, manifest], "the digest is not of this manifest")


def check_signed(vector, value, release_key):
    rule = vector.notes.get("cddl")
    if rule == "fw-envelope":
        check_envelope(value, vector.public_key())
        return ["manifest signature"]
    if rule == "signed-job":
        job = decode(check_sign1(value, vector.public_key(), JOB_PURPOSE))
        if 6 in job:
            check_envelope(decode(job[6]), release_key)
            return ["job signature", "manifest signature"]
        return ["job signature"]
    return []


def check_webhook(vector, value):
    """As PROTOCOL.md section 9 says."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    signed = f"{vector.notes['webhook-id']}.{vector.notes['webhook-timestamp']}.{body}"
    key = base64.b64decode(vector.notes["secret"].removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, signed.encode(), "sha256")).decode()
    expect(vector.notes["webhook-signature"] == f"v1,{signature}", "the signature is not by the secret")


# ---- The three kinds of vectors ------------------------------------------------------------------------------------


def no_key_twice(pairs):
    keys = [key for key, _ in pairs]
    expect(len(set(keys)) == len(keys), "a key twice")
    return dict(pairs)


def read_json(text):
    return json.loads(text, object_pairs_hook=no_key_twice)


def check_cbor(vector, release_key):
    data = bytes.fromhex(vector.sections["cbor"])
    value = decode(data)
    expect(layout(tree(value)) == vector.sections["diagnostic"].strip("\n"), "the diagnostic text says something else")
    check_cddl(vector.notes["cddl"], value)
    return [vector.notes["cddl"], *check_signed(vector, value, release_key)]


def as_in_json(value):
    """Bytes are hexadecimal digits there."""
    if isinstance(value, dict):
        return {key: as_in_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_in_json(item) for item in value]
    return value.hex() if isinstance(value, bytes) else value


def check_json(vector, vectors):
    value = read_json(vector.sections["json"])
    expect(isinstance(value, dict), "not an object")
    if "webhook-signature" in vector.notes:
        check_webhook(vector, value)
        return ["JSON", "webhook signature"]
    if not vector.name.endswith("-json"):
        return ["JSON"]
    twin = vectors[vector.name.removesuffix("-json")]
    expect(value == as_in_json(decode(bytes.fromhex(twin.sections["cbor"]))), f"not what {twin.name} says")
    return ["JSON", f"as {twin.name}"]


def base64url(text):
    expect("=" not in text, "padding")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check_token(vector):
    token = vector.sections["token"].strip()
    signed, signature = token.rsplit(".", 1)
    verify(vector.public_key(), base64url(signature), signed.encode())
    for part, section, rule in zip(signed.split("."), ["header", "claims"], ["token-header", "token-claims"]):
        value = read_json(base64url(part))
        expect(value == read_json(vector.sections[section]), f"the {section} is something else")
        check_cddl(rule, value)
    return ["token-claims", "token signature"]


def check(vector, vectors):
    if "cbor" in vector.sections:
        return check_cbor(vector, vectors["suit-envelope"].public_key() if "suit-envelope" in vectors else None)
    if "json" in vector.sections:
        return check_json(vector, vectors)
    return check_token(vector)


def main():
    directories = [pathlib.Path(name) for name in sys.argv[1:]] or DIRECTORIES
    vectors = {}
    for directory in directories:
        found = {path.stem: Vector(path) for path in sorted(directory.glob("*.txt"))}
        if not found:
            print(f"FAILED {directory}: no vectors")
            return 1
        vectors.update(found)
    failed = 0
    for vector in vectors.values():
        try:
            print(f"ok     {vector.name}: {', '.join(check(vector, vectors))}")
        except (Wrong, cbor2.CBORDecodeError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            print(f"FAILED {vector.name}: {type(error).__name__}: {error}")
            failed += 1
    print(f"{len(vectors) - failed} of {len(vectors)} vectors passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
