#!/usr/bin/env python3
"""Checks a firmware envelope with implementations we did not write.

The COSE signature is verified by PyPI cwt and, over a Sig_structure built here, by PyPI cryptography; everything else
is read with PyPI cbor2 and compared with what the caller expects. Nothing of Fleetfold is used.

    suit_check.py --envelope release.suit --public-key HEX --vendor acme.example --model sensor-a \
        --sequence 70 --version 1.4.0 --image-sha256 HEX --image-size 14
    suit_check.py --envelope release.suit --public-key HEX ... --image firmware.bin

The envelope is a file of bytes or of hexadecimal digits. One line per check; the exit status says whether all passed.
Needs: cwt, cbor2, cryptography.
"""

import argparse
import hashlib
import pathlib
import sys
import uuid

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cwt import COSE, COSEKey
from cwt.exceptions import CWTError

ED25519 = {-19: "Ed25519", -8: "EdDSA"}
SHA256 = -16
VERSION_PARAMETER = -257


class Report:
    """Prints as it goes, so that the first failure stands next to what still passed."""

    def __init__(self):
        self.failed = 0

    def check(self, name, passed, detail=""):
        self.failed += not passed
        print(f"{'ok' if passed else 'FAILED':6} {name}" + (f": {detail}" if detail else ""))

    def equal(self, name, found, wanted):
        self.check(name, found == wanted, f"{found}" if found == wanted else f"found {found}, expected {wanted}")


def read_bytes(path):
    content = pathlib.Path(path).read_bytes()
    try:
        return bytes.fromhex(content.decode("ascii"))
    except ValueError:
        return content


def bstr_wrapped(content):
    """The byte string with its CBOR header, which is what SUIT takes the digest of."""
    return cbor2.dumps(content)


def key_id(public_key):
    return hashlib.sha256(public_key).digest()[:8]


def check_signature(report, sign1, digest, public_key):
    tag = cbor2.loads(sign1)
    report.equal("signature is a tagged COSE_Sign1", tag.tag, 18)
    protected, unprotected, payload, signature = tag.value
    header = cbor2.loads(protected)
    report.check("algorithm", header.get(1) in ED25519, f"{header.get(1)} {ED25519.get(header.get(1), 'unknown')}")
    report.equal("key id", header.get(4, b"").hex(), key_id(public_key).hex())
    report.equal("unprotected header", unprotected, {})
    report.equal("payload is detached", payload, None)

    try:
        to_be_signed = cbor2.dumps(["Signature1", protected, b"", digest])
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, to_be_signed)
        report.check("signature, by cryptography", True)
    except InvalidSignature:
        report.check("signature, by cryptography", False)
    try:
        key = COSEKey.new({1: 1, 2: header[4], 3: header[1], -1: 6, -2: public_key})
        COSE.new().decode(sign1, key, detached_payload=digest)
        report.check("signature, by cwt", True)
    except (CWTError, KeyError, ValueError) as error:
        report.check("signature, by cwt", False, str(error))


def check_manifest(report, content, wanted):
    manifest = cbor2.loads(content)
    report.equal("manifest version", manifest.get(1), 1)
    report.equal("sequence", manifest.get(2), wanted.sequence)
    report.check("manifest keys", set(manifest) - {4} == {1, 2, 3, 7, 20}, str(sorted(manifest)))

    common = cbor2.loads(manifest[3])
    report.equal("components", common.get(2), [[wanted.component.encode()]])
    shared = cbor2.loads(common[4])
    commands, arguments = shared[0::2], shared[1::2]
    report.equal("shared commands", commands, [20, 1, 2])
    parameters = arguments[0]
    vendor = uuid.uuid5(uuid.NAMESPACE_DNS, wanted.vendor)
    report.equal("vendor", uuid.UUID(bytes=parameters.get(1)), vendor)
    report.equal("class", uuid.UUID(bytes=parameters.get(2)), uuid.uuid5(vendor, wanted.model))
    algorithm, digest = cbor2.loads(parameters[3])
    report.equal("image digest algorithm", algorithm, SHA256)
    report.equal("image SHA-256", digest.hex(), wanted.image_sha256)
    report.equal("image size", parameters.get(14), wanted.image_size)
    report.equal("version", parameters.get(VERSION_PARAMETER), wanted.version)

    report.equal("validate commands", cbor2.loads(manifest[7])[0::2], [3])
    install = cbor2.loads(manifest[20])
    report.equal("install commands", install[0::2], [20, 21, 3])
    report.check("install fetches from", isinstance(install[1].get(21), str), str(install[1].get(21)))


def check_envelope(report, data, public_key, wanted):
    envelope = cbor2.loads(data)
    report.equal("envelope tag", envelope.tag, 107)
    report.check("encoding is the deterministic one", cbor2.dumps(envelope, canonical=True) == data)
    report.equal("envelope keys", sorted(envelope.value), [2, 3])
    digest, *signatures = cbor2.loads(envelope.value[2])
    algorithm, signed_digest = cbor2.loads(digest)
    report.equal("manifest digest algorithm", algorithm, SHA256)
    report.equal("manifest digest", signed_digest.hex(), hashlib.sha256(bstr_wrapped(envelope.value[3])).hexdigest())
    report.equal("signatures", len(signatures), 1)
    check_signature(report, signatures[0], digest, public_key)
    check_manifest(report, envelope.value[3], wanted)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--envelope", required=True)
    parser.add_argument("--public-key", required=True, help="32 bytes in hexadecimal")
    parser.add_argument("--vendor", required=True, help="the vendor's DNS domain")
    parser.add_argument("--model", required=True)
    parser.add_argument("--component", default="fw")
    parser.add_argument("--sequence", required=True, type=int)
    parser.add_argument("--version", required=True)
    parser.add_argument("--image", help="the image itself, instead of its digest and size")
    parser.add_argument("--image-sha256")
    parser.add_argument("--image-size", type=int)
    wanted = parser.parse_args()
    if wanted.image:
        image = pathlib.Path(wanted.image).read_bytes()
        wanted.image_sha256, wanted.image_size = hashlib.sha256(image).hexdigest(), len(image)
    elif wanted.image_sha256 is None or wanted.image_size is None:
        parser.error("give --image, or --image-sha256 and --image-size")

    report = Report()
    try:
        check_envelope(report, read_bytes(wanted.envelope), bytes.fromhex(wanted.public_key), wanted)
    except (cbor2.CBORDecodeError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        report.check("structure", False, f"{type(error).__name__}: {error}")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
