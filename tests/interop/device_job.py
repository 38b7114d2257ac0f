"""What a device makes of the bytes on its job topic, written from section 4 of schemas/PROTOCOL.md and nothing else.

`check_job` does the checks in the order given there; the first that fails is a `Refusal` with its code.
"""

import dataclasses
import hashlib
import io
import uuid

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

JOB_BYTES_MAX = 64 * 1024
ENVELOPE_BYTES_MAX = 16 * 1024
JOB_PURPOSE = b"fleetfold-job-v1"
COMPONENT = b"fw"

SIGN1, SUIT_ENVELOPE = 18, 107
ALGORITHM, KEY_ID = 1, 4
EDDSA_ALGORITHMS = (-19, -8)
SHA256 = -16

INSTALL, ROLLBACK, CANCEL = 1, 2, 3

# SUIT commands and parameters of the profile.
OVERRIDE_PARAMETERS, VENDOR, CLASS, IMAGE_MATCH, FETCH = 20, 1, 2, 3, 21
P_VENDOR, P_CLASS, P_DIGEST, P_SIZE, P_URI, P_VERSION = 1, 2, 3, 14, 21, -257

# Codes of the class `verification`, besides all suit_*; the others are `rejected`.
VERIFICATION = ("job_malformed", "job_unknown_key", "job_signature")


class Refusal(Exception):
    """A job that the device does not obey."""

    def __init__(self, code, message, sequence=0):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.sequence = code, message, sequence

    @property
    def error_class(self):
        is_verification = self.code.startswith("suit_") or self.code in VERIFICATION
        return "verification" if is_verification else "rejected"


@dataclasses.dataclass(frozen=True)
class Device:
    """What the checks need to know about the device."""

    id: str
    vendor: str
    model: str
    job_keys: dict
    release_keys: dict
    obeyed: int  # sequence of the last job obeyed: it is being worked on, or is over
    installed: int  # sequence of the manifest of the running image
    now_ms: int | None  # None without a clock


@dataclasses.dataclass(frozen=True)
class Offer:
    digest: bytes
    size: int
    source: bytes | None = None
    format: str | None = None


@dataclasses.dataclass(frozen=True)
class Manifest:
    sequence: int
    vendor_id: bytes
    class_id: bytes
    component: bytes
    sha256: bytes
    size: int
    version: str


@dataclasses.dataclass(frozen=True)
class Job:
    device: str
    sequence: int
    kind: int
    expires_ms: int
    stage_limit_ms: int
    cancels: int | None = None
    envelope: bytes | None = None
    target: bytes | None = None
    size: int | None = None
    offers: tuple = ()
    window_ms: tuple | None = None
    manifest: Manifest | None = None
    is_known: bool = False  # the one being worked on, or the last one: no replay


def trusted(public_keys):
    """Keys by their id, from their 32 bytes."""
    return {hashlib.sha256(key).digest()[:8]: Ed25519PublicKey.from_public_bytes(key) for key in public_keys}


def vendor_id(domain):
    return uuid.uuid5(uuid.NAMESPACE_DNS, domain)


def class_id(domain, model):
    return uuid.uuid5(vendor_id(domain), model)


def check_job(data, device):
    """All checks of section 4."""
    if len(data) > JOB_BYTES_MAX:
        raise Refusal("job_malformed", f"{len(data)} bytes")
    protected, payload, signature = parse_sign1(data, "job")
    job = parse_job(payload)
    key_id = parse_header(protected, "job")
    if key_id not in device.job_keys:
        raise Refusal("job_unknown_key", key_id.hex())
    verify(device.job_keys[key_id], protected, JOB_PURPOSE, payload, signature, "job")

    def refuse(code, message):
        raise Refusal(code, message, job.sequence)

    if job.device != device.id:
        refuse("job_other_device", f"it is for {job.device}")
    job = dataclasses.replace(job, is_known=job.sequence == device.obeyed)
    if job.sequence < device.obeyed:
        refuse("job_replayed", f"{job.sequence}, and {device.obeyed} has been obeyed")
    if device.now_ms is not None and device.now_ms >= job.expires_ms and not job.is_known:
        refuse("job_expired", f"at {job.expires_ms}")
    if job.kind == CANCEL:
        return job

    try:
        manifest = check_envelope(job.envelope, device.release_keys)
    except Refusal as refusal:
        refusal.sequence = job.sequence
        raise
    if manifest.vendor_id != vendor_id(device.vendor).bytes:
        refuse("suit_vendor", manifest.vendor_id.hex())
    if manifest.class_id != class_id(device.vendor, device.model).bytes:
        refuse("suit_class", manifest.class_id.hex())
    if manifest.component != COMPONENT:
        refuse("suit_component", repr(manifest.component))
    if manifest.sequence < device.installed:
        refuse("suit_sequence", f"{manifest.sequence}, and {device.installed} is installed")
    full = [offer for offer in job.offers if offer.source is None]
    is_whole = all((offer.digest, offer.size) == (job.target, job.size) for offer in full)
    if job.size != manifest.size or not is_whole:
        refuse("offer_mismatch", "the job and its manifest are about different images")
    return dataclasses.replace(job, manifest=manifest)


# ---- CBOR and COSE -------------------------------------------------------------------------------------------------


def decode(data, who):
    """One value in its only encoding: shortest forms, definite lengths, no key twice, integer keys ascending."""
    stream = io.BytesIO(data)
    try:
        value = cbor2.CBORDecoder(stream).decode()
        is_canonical = cbor2.dumps(value) == data
    except Exception as error:  # whatever a decoder raises about bytes from outside
        raise Refusal(f"{who}_malformed", f"not CBOR: {error}") from error
    expect(is_canonical, who, "bytes behind the value, or another than the shortest form")
    return value


def expect(condition, who, message):
    if not condition:
        raise Refusal(f"{who}_malformed", message)


def is_uint(value):
    return type(value) is int and 0 <= value < 2**64


def is_bytes(value, size=None):
    return type(value) is bytes and size in (None, len(value))


def parse_map(value, known, who, what):
    """A map with integer keys: those at or above 0 must be known."""
    expect(type(value) is dict and all(type(key) is int for key in value), who, f"{what} is not a map of integers")
    expect(list(value) == sorted(value, key=lambda key: (key < 0, abs(key))), who, f"{what}: keys do not ascend")
    unknown = [key for key in value if key >= 0 and key not in known]
    if unknown:
        raise Refusal(f"{who}_unsupported", f"{what} has the keys {unknown}")
    return value


def parse_sign1(data, who, is_detached=False):
    message = decode(data, who)
    expect(type(message) is cbor2.CBORTag and message.tag == SIGN1, who, "not a COSE_Sign1")
    expect(type(message.value) in (list, tuple) and len(message.value) == 4, who, "not a COSE_Sign1 of four")
    protected, unprotected, payload, signature = message.value
    expect(is_bytes(protected), who, "the protected header is not bytes")
    expect(type(unprotected) is dict, who, "the unprotected header is not a map")
    if unprotected:
        raise Refusal(f"{who}_unsupported", "an unprotected header")
    expect(payload is None if is_detached else is_bytes(payload), who, "the payload")
    expect(is_bytes(signature, 64), who, "the signature's length")
    return protected, payload, signature


def parse_header(protected, who):
    header = decode(protected, who)
    expect(type(header) is dict, who, "the protected header is not a map")
    if set(header) != {ALGORITHM, KEY_ID} or header[ALGORITHM] not in EDDSA_ALGORITHMS:
        raise Refusal(f"{who}_unsupported", f"header {header}")
    expect(is_bytes(header[KEY_ID], 8), who, "the key id")
    return header[KEY_ID]


def verify(key, protected, purpose, payload, signature, who):
    try:
        key.verify(signature, cbor2.dumps(["Signature1", protected, purpose, payload]))
    except InvalidSignature:
        raise Refusal(f"{who}_signature", "the signature is wrong") from None


# ---- The job -------------------------------------------------------------------------------------------------------


def parse_job(payload):
    job = parse_map(decode(payload, "job"), range(1, 15), "job", "the job")
    kind = job.get(5)
    expect(is_uint(kind), "job", "no kind")
    if kind not in (INSTALL, ROLLBACK, CANCEL):
        raise Refusal("job_unsupported", f"kind {kind}")
    of_kind = {10} if kind == CANCEL else {6, 7, 8, 9}
    needed = {1, 2, 3, 4, 5, 11, 12, 14} | of_kind
    found = {key for key in job if key >= 0} - {13}
    expect(found == needed, "job", f"has the keys {sorted(found)}")
    expect(all(is_uint(job[key]) for key in needed & {3, 4, 8, 10, 11, 12, 14}), "job", "a number is none")
    expect(all(type(job[key]) is str for key in (1, 2)), "job", "a text is none")
    window = job.get(13)
    is_window = type(window) in (list, tuple) and len(window) == 2 and all(map(is_uint, window))
    expect(window is None or is_window, "job", "the install window")
    common = {
        "device": job[1],
        "sequence": job[4],
        "kind": kind,
        "expires_ms": job[12],
        "stage_limit_ms": job[14],
        "window_ms": window and tuple(window),
    }
    if kind == CANCEL:
        return Job(**common, cancels=job[10])
    expect(is_bytes(job[6]) and len(job[6]) <= ENVELOPE_BYTES_MAX, "job", "the manifest")
    expect(is_bytes(job[7], 32), "job", "the image's digest")
    offers = job[9]
    expect(type(offers) in (list, tuple) and 1 <= len(offers) <= 8, "job", "the offers")
    return Job(**common, envelope=job[6], target=job[7], size=job[8], offers=tuple(map(parse_offer, offers)))


def parse_offer(value):
    offer = parse_map(value, range(1, 5), "job", "an offer")
    found = {key for key in offer if key >= 0}
    expect(found in ({1, 2}, {1, 2, 3, 4}), "job", f"an offer has the keys {sorted(found)}")
    expect(is_bytes(offer[1], 32) and is_uint(offer[2]), "job", "an offer's digest or size")
    if found == {1, 2}:
        return Offer(offer[1], offer[2])
    is_format = type(offer[4]) is str and len(offer[4].encode()) <= 64
    expect(is_bytes(offer[3], 32) and is_format, "job", "a delta's source or format")
    return Offer(offer[1], offer[2], offer[3], offer[4])


# ---- The manifest --------------------------------------------------------------------------------------------------


def check_envelope(data, release_keys):
    envelope = decode(data, "suit")
    is_envelope = type(envelope) is cbor2.CBORTag and envelope.tag == SUIT_ENVELOPE
    expect(is_envelope, "suit", "not a SUIT envelope")
    envelope = parse_map(envelope.value, (2, 3), "suit", "the envelope")
    expect(set(envelope) == {2, 3} and all(map(is_bytes, envelope.values())), "suit", "the envelope's parts")

    wrapper = decode(envelope[2], "suit")
    is_wrapper = type(wrapper) in (list, tuple) and 2 <= len(wrapper) <= 5 and all(map(is_bytes, wrapper))
    expect(is_wrapper, "suit", "the authentication wrapper")
    digest, *signatures = wrapper
    signed_digest = parse_digest(digest)
    is_signed = False
    for signed in signatures:
        protected, _, signature = parse_sign1(signed, "suit", is_detached=True)
        key_id = parse_header(protected, "suit")
        if key_id in release_keys:
            verify(release_keys[key_id], protected, b"", digest, signature, "suit")
            is_signed = True
    if not is_signed:
        raise Refusal("suit_unknown_key", "no signature by a trusted release key")
    if hashlib.sha256(cbor2.dumps(envelope[3])).digest() != signed_digest:
        raise Refusal("suit_digest", "the manifest is not the one that was signed")
    return parse_manifest(envelope[3])


def parse_digest(data):
    digest = decode(data, "suit")
    is_digest = type(digest) in (list, tuple) and len(digest) == 2 and is_bytes(digest[1])
    expect(is_digest, "suit", "a digest")
    if digest[0] != SHA256:
        raise Refusal("suit_unsupported", f"digest algorithm {digest[0]}")
    expect(len(digest[1]) == 32, "suit", "a digest's length")
    return digest[1]


def parse_manifest(data):
    manifest = parse_map(decode(data, "suit"), (1, 2, 3, 4, 7, 20), "suit", "the manifest")
    missing = {1, 2, 3, 7, 20} - set(manifest)
    expect(not missing, "suit", f"the manifest lacks {missing}")
    if manifest[1] != 1:
        raise Refusal("suit_unsupported", f"manifest version {manifest[1]}")
    expect(is_uint(manifest[2]), "suit", "the sequence")
    common = parse_map(decode(manifest[3], "suit"), (2, 4), "suit", "the common part")
    expect(set(common) == {2, 4}, "suit", "the common part's keys")
    components = common[2]
    is_one = type(components) in (list, tuple) and [len(name) for name in components] == [1]
    if not (is_one and is_bytes(components[0][0])):
        raise Refusal("suit_unsupported", "other than one component of one name")

    shared = parse_program(common[4], (OVERRIDE_PARAMETERS, VENDOR, CLASS))
    known = (P_VENDOR, P_CLASS, P_DIGEST, P_SIZE)
    parameters = parse_map(shared[0], known, "suit", "the parameters")
    missing = {*known, P_VERSION} - set(parameters)
    expect(not missing, "suit", f"the parameters lack {missing}")
    expect(is_bytes(parameters[P_VENDOR], 16) and is_bytes(parameters[P_CLASS], 16), "suit", "vendor or class")
    expect(is_bytes(parameters[P_DIGEST]) and is_uint(parameters[P_SIZE]), "suit", "digest or size")
    expect(type(parameters[P_VERSION]) is str, "suit", "the version")

    parse_program(manifest[7], (IMAGE_MATCH,))
    install = parse_program(manifest[20], (OVERRIDE_PARAMETERS, FETCH, IMAGE_MATCH))
    uri = parse_map(install[0], (P_URI,), "suit", "the install parameters")
    expect(type(uri.get(P_URI)) is str, "suit", "the URI")
    return Manifest(
        sequence=manifest[2],
        vendor_id=parameters[P_VENDOR],
        class_id=parameters[P_CLASS],
        component=components[0][0],
        sha256=parse_digest(parameters[P_DIGEST]),
        size=parameters[P_SIZE],
        version=parameters[P_VERSION],
    )


def parse_program(data, commands):
    """The arguments of a sequence that must consist of these commands."""
    program = decode(data, "suit")
    expect(type(program) in (list, tuple) and len(program) % 2 == 0, "suit", "a command sequence")
    if tuple(program[0::2]) != commands:
        raise Refusal("suit_unsupported", f"the commands {program[0::2]}, not {commands}")
    return program[1::2]
