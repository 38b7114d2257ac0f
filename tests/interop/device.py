#!/usr/bin/env python3
"""A device written from schemas/PROTOCOL.md alone, on PyPI paho-mqtt, cbor2, cryptography, blake3; no code of ours.

    device.py public-key --state DIR                 makes the device's key if need be, and prints the public one
    device.py run --state DIR --broker HOST:PORT --id ID --model MODEL --vendor DOMAIN --keys DIR --image FILE ...

Its flash is a directory: two slots, and what must survive a power cut in state.json. A reboot is simulated within the
process; killing the process is the power cut. It prints what happens as one JSON object a line, and goes on until
SIGTERM. Section numbers below are those of PROTOCOL.md.
"""

import argparse
import base64
import hashlib
import json
import os
import pathlib
import queue
import random
import signal
import sys
import time

import cbor2
import paho.mqtt.client as mqtt
from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import device_job
from device_job import CANCEL, Device, Refusal, check_job

ROOT = "fleet/v1"
CHUNK_BYTES = 16 * 1024
CHUNKS_IN_FLIGHT = 4
CHUNK_REPEAT_S = 10
RESEND_S = 30
TOKEN_LIFETIME_S = 300
KEEPALIVE_S = 30
PROGRESS_STEP_PERCENT, PROGRESS_EVERY_S = 25, 10
# How long after the PUBACK of a hello its ack may come; a broker that is not Fleetfold's sends none.
ACK_GRACE_S = 3


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def now_ms():
    return time.time_ns() // 1_000_000


# ---- What survives a power cut -------------------------------------------------------------------------------------


class Flash:
    """Two slots and a record. Every change of the record is on disk before it is acted upon."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "state.json"
        self.record = json.loads(path.read_text()) if path.exists() else None

    def make(self, image, version, sequence):
        """As the factory leaves it."""
        self.write("slot-a.bin", image)
        self.record = {
            "epoch": 0,
            "counter": 0,
            "confirmed": "a",
            "trial": None,  # the slot to boot once without confirming it
            "trial_spent": False,
            "slots": {"a": {"version": version, "sequence": sequence}, "b": None},
            "obeyed": 0,  # sequence of the last job obeyed
            "job": None,  # how far it is, as in a report
        }
        self.store()

    def store(self, **changes):
        self.record.update(changes)
        self.write("state.json", json.dumps(self.record, indent=1).encode())

    def write(self, name, data):
        new = self.directory / f".{name}.new"
        with open(new, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.directory / name)

    def key(self):
        path = self.directory / "device.key"
        if not path.exists():
            self.write(path.name, Ed25519PrivateKey.generate().private_bytes_raw())
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())

    def image(self, slot):
        return (self.directory / f"slot-{slot}.bin").read_bytes()

    def boot(self):
        """The boot loader: the trial slot once, the confirmed one otherwise."""
        record = self.record
        record["epoch"] += 1
        if record["trial"] and record["trial_spent"]:
            # The trial's boot is spent and nobody confirmed it.
            error = {"class": "self_test", "code": "not_confirmed", "message": "the new image was not confirmed"}
            error = record.get("trial_error") or error
            job = {"sequence": record["job"]["sequence"], "status": "failed", "error": error, "restored": True}
            record.update(trial=None, trial_spent=False, trial_error=None, job=job)
        elif record["trial"]:
            record["trial_spent"] = True
        self.store()
        return record["trial"] or record["confirmed"]


# ---- The connection ------------------------------------------------------------------------------------------------


class Link:
    """One MQTT connection. What happens on it goes into the queue, as (link, what, ...)."""

    def __init__(self, options, events, password, will):
        version = mqtt.MQTTv5 if options.mqtt5 else mqtt.MQTTv311
        arguments = {} if options.mqtt5 else {"clean_session": True}
        self.client = client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=options.id,
            protocol=version,
            reconnect_on_failure=False,  # every connection needs a token of its own
            **arguments,
        )
        self.topic = f"{ROOT}/devices/{options.id}"
        client.username_pw_set(options.id, password)
        client.will_set(f"{self.topic}/presence", will, qos=1, retain=True)
        client.on_connect = lambda _c, _u, _f, reason, _p: events.put((self, "connected", reason))
        client.on_disconnect = lambda _c, _u, _f, reason, _p: events.put((self, "disconnected", reason))
        client.on_message = lambda _c, _u, m: events.put((self, "message", m.topic, m.payload))
        client.on_subscribe = lambda _c, _u, _m, reasons, _p: events.put((self, "subscribed", reasons))
        client.on_publish = lambda _c, _u, mid, reason, properties: events.put(
            (self, "published", mid, reason, getattr(properties, "ReasonString", None))
        )
        host, port = options.broker.rsplit(":", 1)
        client.connect(host, int(port), keepalive=KEEPALIVE_S)
        client.loop_start()

    def subscribe(self, name):
        self.client.subscribe(f"{self.topic}/{name}", qos=1)

    def publish(self, name, payload, qos=1, retain=False):
        return self.client.publish(f"{self.topic}/{name}", payload, qos=qos, retain=retain).mid

    def close(self, last_presence=None):
        if last_presence is not None:
            self.publish("presence", last_presence, retain=True)
        self.client.disconnect()
        self.client.loop_stop()


def token(key, device, site, counter, has_clock=True):
    """A compact JWT, section 2."""
    claims = {"sub": device, "aud": site}
    if has_clock:
        now = int(time.time())
        claims.update(iat=now, exp=now + TOKEN_LIFETIME_S)
    claims["ctr"] = counter

    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    signed = b".".join(part(json.dumps(each).encode()) for each in ({"alg": "EdDSA", "typ": "JWT"}, claims))
    return (signed + b"." + part(key.sign(signed))).decode()


# ---- The agent -----------------------------------------------------------------------------------------------------


class Reboot(Exception):
    """Ends a boot."""


class Stop(Exception):
    """Ends the program: asked to, or refused for good."""

    def __init__(self, status):
        super().__init__()
        self.status = status


class Download:
    def __init__(self, offer):
        self.offer = offer
        self.started = time.monotonic()
        self.chunks = {}
        self.asked = {}  # offset: when
        self.reported = (time.monotonic(), 0)

    def length(self, offset):
        return min(CHUNK_BYTES, self.offer.size - offset)

    def missing(self):
        return [at for at in range(0, self.offer.size, CHUNK_BYTES) if at not in self.chunks]

    def percent(self):
        return sum(map(len, self.chunks.values())) * 100 // self.offer.size

    def bytes(self):
        return b"".join(data for _, data in sorted(self.chunks.items()))


class Agent:
    """One boot, from the boot loader's choice to the next."""

    def __init__(self, options, flash, events):
        self.options, self.flash, self.events = options, flash, events
        self.booted = time.monotonic()
        self.slot = flash.boot()
        self.record = flash.record
        self.seq = 0
        slots = self.record["slots"]
        self.digests = {slot: blake3(flash.image(slot)).digest() for slot in slots if slots[slot]}
        self.link = None
        self.retry_s = 1
        self.timers = {}  # name: (when, what to do)
        self.unacknowledged = {}  # seq: (topic, payload, seconds until it is sent again, message id)
        self.hello_seq = None
        self.is_greeted = False
        self.refused_here = set()  # jobs refused on this connection
        self.job = None
        self.download = None
        self.on_trial = self.record["trial"] is not None
        version = slots[self.slot]["version"]
        say("booted", epoch=self.record["epoch"], slot=self.slot, version=version, trial=self.on_trial)
        if self.on_trial:
            self.set_stage("trial")

    def run(self):
        self.connect()
        try:
            while True:
                self.step()
        finally:
            if self.link:
                self.link.close(self.presence(False) if self.is_greeted else None)
                self.link = None

    def step(self):
        due = min((when for when, _ in self.timers.values()), default=None)
        try:
            wait = None if due is None else max(0, due - time.monotonic())
            link, what, *rest = self.events.get(timeout=wait)
        except queue.Empty:
            now = time.monotonic()
            for name, (when, act) in list(self.timers.items()):
                if when <= now and self.timers.get(name) == (when, act):
                    del self.timers[name]
                    act()
            return
        if what == "stop":
            raise Stop(0)
        if link is self.link:
            getattr(self, f"on_{what}")(*rest)

    def after(self, name, seconds, act):
        self.timers[name] = (time.monotonic() + seconds, act)

    # -- sections 2 and 6: connecting

    def connect(self):
        self.flash.store(counter=self.record["counter"] + 1)
        if self.options.token_file:
            password = self.options.token_file.read_text().strip()
        else:
            of = (self.options.id, self.options.site, self.record["counter"])
            password = token(self.flash.key(), *of, has_clock=not self.options.no_clock)
        self.is_greeted = False
        self.refused_here.clear()
        try:
            self.link = Link(self.options, self.events, password, self.presence(False))
        except OSError as error:
            self.on_disconnected(str(error))

    def presence(self, online):
        return self.encode({"online": online, "epoch": self.record["epoch"]})

    def on_connected(self, reason):
        if reason.is_failure:
            say("login_refused", reason=str(reason))
            return  # the disconnect follows
        self.link.subscribe("#")
        hello = {"protocol": 1, "model": self.options.model, "running": self.running()}
        standby = "b" if self.slot == "a" else "a"
        if standby in self.digests:
            hello["standby"] = self.described(standby)
        self.hello_seq = self.send("hello", hello, until_acknowledged=True)

    def on_subscribed(self, reasons):
        if any(reason.is_failure for reason in reasons):
            say("subscription_refused", reasons=[str(reason) for reason in reasons])

    def on_disconnected(self, reason):
        say("disconnected", reason=str(reason))
        if self.link:
            self.link.client.loop_stop()
        self.link = None
        self.timers = {name: timer for name, timer in self.timers.items() if name in ("install", "stage_limit")}
        wait = self.retry_s * random.uniform(0.5, 1.5)
        self.retry_s = min(60, 2 * self.retry_s)
        self.after("connect", wait, self.connect)

    def greeted(self):
        if self.is_greeted:
            return
        self.is_greeted = True
        self.retry_s = 1
        self.link.publish("presence", self.presence(True), retain=True)
        say("greeted", epoch=self.record["epoch"], seq=self.hello_seq)
        if self.on_trial:
            self.self_test()
        elif self.download:
            self.download.asked.clear()
            self.ask()

    # -- section 3: what is said, and that it arrives

    def described(self, slot):
        return {"version": self.record["slots"][slot]["version"], "digest": self.digests[slot]}

    def running(self):
        return {"slot": self.slot, **self.described(self.slot)}

    def encode(self, message):
        if self.options.json:
            return json.dumps(message, default=bytes.hex).encode()
        return cbor2.dumps(message)

    def send(self, name, message, until_acknowledged=False):
        self.seq += 1
        message = {**message, "epoch": self.record["epoch"], "seq": self.seq}
        if self.record["job"]:
            message["job"] = self.record["job"]
        payload = self.encode(message)
        mid = self.link.publish(name, payload) if self.link else None
        if until_acknowledged:
            self.unacknowledged = {self.seq: [name, payload, RESEND_S, mid]}  # it says all that earlier ones said
            self.after("resend", RESEND_S, self.resend)
        return self.seq

    def resend(self):
        for entry in self.unacknowledged.values():
            name, payload, wait, _ = entry
            entry[2], entry[3] = 2 * wait, self.link.publish(name, payload)
            self.after("resend", entry[2], self.resend)

    def report(self, **more):
        is_final = self.record["job"] is not None and self.record["job"]["status"] != "in_progress"
        self.send("report", {"running": self.running(), **more}, until_acknowledged=is_final)

    def on_published(self, mid, reason, text):
        """A PUBACK: recorded, or refused for good. On MQTT 3.1.1 only the ack tells which."""
        if reason.is_failure:
            say("publish_refused", reason=str(reason), code=text)
            return
        for seq, entry in list(self.unacknowledged.items()):
            if entry[3] == mid:
                del self.unacknowledged[seq]
                self.timers.pop("resend", None)
                if seq == self.hello_seq and not self.is_greeted:
                    self.after("ack_grace", ACK_GRACE_S, self.greeted)

    def on_ack(self, payload):
        ack = cbor2.loads(payload)
        epoch, seq, code = ack[0], ack[1], ack.get(2)
        if code:
            say("refused", epoch=epoch, seq=seq, code=code)
        if epoch != self.record["epoch"]:
            return
        for number in list(self.unacknowledged):
            if number == seq or (number < seq and not code):
                del self.unacknowledged[number]
                self.timers.pop("resend", None)
        if seq >= (self.hello_seq or 0) and not code:
            self.timers.pop("ack_grace", None)
            self.greeted()
        elif seq == self.hello_seq:
            raise Stop(3)

    def on_message(self, topic, payload):
        name = topic.removeprefix(self.link.topic + "/")
        if name == "ack":
            self.on_ack(payload)
        elif name == "job":
            self.on_job(payload)
        elif name == "chunk/data":
            self.on_chunk(payload)

    # -- section 4: the job

    def on_job(self, payload):
        if not payload:
            return
        me = Device(
            id=self.options.id,
            vendor=self.options.vendor,
            model=self.options.model,
            job_keys=self.options.job_keys,
            release_keys=self.options.release_keys,
            obeyed=self.record["obeyed"],
            installed=self.record["slots"][self.slot]["sequence"],
            now_ms=None if self.options.no_clock else now_ms(),
        )
        try:
            job = check_job(payload, me)
        except Refusal as refusal:
            self.refuse(refusal)
            return
        if job.is_known:
            say("job_again", sequence=job.sequence)
            is_open = job.kind != CANCEL and self.record["job"]["status"] == "in_progress"
            if is_open and self.job is None and not self.on_trial:
                # A power cut during the download or the installation: begin again.
                self.accept(job)
            else:
                self.report()
            return
        say("job", sequence=job.sequence, kind=job.kind)
        if job.kind == CANCEL:
            self.cancel(job)
            return
        self.flash.write("job.cbor", payload)
        self.accept(job)

    def refuse(self, refusal):
        if refusal.sequence in self.refused_here:
            return
        self.refused_here.add(refusal.sequence)
        say("job_refused", sequence=refusal.sequence, code=refusal.code, message=refusal.message)
        error = {"class": refusal.error_class, "code": refusal.code, "message": refusal.message}
        kept = self.record["job"]
        # Said once and not kept: it is about a job that was never obeyed.
        self.record["job"] = {"sequence": refusal.sequence, "status": "rejected", "error": error}
        self.report()
        self.record["job"] = kept

    def accept(self, job):
        """Stores the sequence before anything is done, so that a power cut repeats nothing."""
        self.job = job
        begun = {"sequence": job.sequence, "status": "in_progress", "stage": "downloading"}
        self.flash.store(obeyed=job.sequence, job=begun)
        if self.digests[self.slot] == job.target:
            self.finish("succeeded")
            return
        offer = next((offer for offer in job.offers if offer.source is None), None)
        if offer is None:
            self.fail("download", "no_usable_offer", "only deltas, and this device knows none")
            return
        self.set_stage("downloading")
        self.report()
        self.after("stage_limit", job.stage_limit_ms / 1000, self.too_slow)
        self.download = Download(offer)
        standby = self.standby()
        if self.digests.get(standby) == job.target:
            say("kept", slot=standby)
            data = self.flash.image(standby)
            self.download.chunks = {at: data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES)}
        self.ask()

    def cancel(self, cancel):
        self.flash.store(obeyed=cancel.sequence)
        current = self.record["job"]
        if current is None or current["sequence"] != cancel.cancels:
            self.flash.store(job={"sequence": cancel.cancels, "status": "canceled"})
        elif current["status"] == "in_progress" and current["stage"] in ("downloading", "verifying"):
            self.give_up()
            self.tell("canceled")
        say("cancel", sequence=cancel.cancels, status=self.record["job"]["status"])
        self.report()

    # -- section 5: download, install, prove

    def standby(self):
        return "b" if self.slot == "a" else "a"

    def set_stage(self, stage, **more):
        self.tell("in_progress", stage=stage, **more)
        say("stage", stage=stage)

    def tell(self, status, **more):
        """How the job is, from the next message on."""
        self.flash.store(job={"sequence": self.record["job"]["sequence"], "status": status, **more})

    def ask(self):
        """Keeps a few requests in flight, and repeats those that were not answered."""
        if not (self.download and self.link and self.is_greeted):
            return
        missing = self.download.missing()
        if not missing:
            self.timers.pop("chunks", None)
            self.install()
            return
        now = time.monotonic()
        asked = self.download.asked
        for offset in [at for at, when in asked.items() if now - when >= CHUNK_REPEAT_S]:
            del asked[offset]
        for offset in missing:
            if len(asked) >= CHUNKS_IN_FLIGHT:
                break
            if offset not in asked:
                digest, length = self.download.offer.digest, self.download.length(offset)
                request = {"digest": digest, "offset": offset, "length": length}
                self.link.publish("chunk/get", self.encode(request), qos=0)
                asked[offset] = now
        self.after("chunks", CHUNK_REPEAT_S, self.ask)

    def on_chunk(self, payload):
        chunk = cbor2.loads(payload)
        download = self.download
        if not download or chunk[0] != download.offer.digest or chunk[1] not in download.asked:
            return
        if 3 in chunk:
            self.fail("download", chunk[3], f"at offset {chunk[1]}")
            return
        if len(chunk[2]) != download.length(chunk[1]):
            return
        del download.asked[chunk[1]]
        download.chunks[chunk[1]] = chunk[2]
        self.show_progress()
        self.ask()

    def show_progress(self):
        when, shown = self.download.reported
        percent = self.download.percent()
        if percent >= shown + PROGRESS_STEP_PERCENT and time.monotonic() - when >= PROGRESS_EVERY_S:
            self.download.reported = (time.monotonic(), percent)
            self.set_stage("downloading", progress=percent)
            self.report()

    def too_slow(self):
        self.fail("download", "stage_limit", "the download took too long")

    def install(self):
        job, download = self.job, self.download
        self.timers.pop("stage_limit", None)
        image = download.bytes()
        self.download = None
        say("downloaded", bytes=len(image))
        self.set_stage("verifying")
        self.report()
        if blake3(image).digest() != download.offer.digest or download.offer.digest != job.target:
            self.fail("verification", "image_blake3", "not the bytes that were offered")
            return
        if hashlib.sha256(image).digest() != job.manifest.sha256 or len(image) != job.manifest.size:
            self.fail("verification", "image_sha256", "not the image that was signed")
            return
        self.set_stage("installing")
        self.report()
        slots = self.record["slots"]
        self.flash.store(slots={**slots, self.standby(): None})
        self.flash.write(f"slot-{self.standby()}.bin", image)
        known = {"version": job.manifest.version, "sequence": job.manifest.sequence}
        self.flash.store(slots={**slots, self.standby(): known})
        self.digests[self.standby()] = job.target
        begin, until = job.window_ms or (0, 2**64)
        if now_ms() >= until:
            self.fail("installation", "window_missed", "the image was ready after the install window")
            return
        self.after("install", max(0, begin - now_ms()) / 1000, self.switch)

    def switch(self):
        self.set_stage("rebooting")
        self.report()
        self.flash.store(trial=self.standby(), trial_spent=False)
        raise Reboot

    def self_test(self):
        """Reaching the broker is one half of it; the other half is whether the image is one that works."""
        version = self.running()["version"]
        if version in self.options.fail_self_test:
            say("self_test", passed=False)
            # The next boot is the boot loader's: the trial is spent, so it takes the old slot.
            error = {"class": "self_test", "code": "watchdog", "message": f"{version} does not feed the watchdog"}
            self.flash.store(trial_error=error)
            raise Reboot
        say("self_test", passed=True)
        self.flash.store(confirmed=self.slot, trial=None, trial_spent=False)
        self.on_trial = False
        self.finish("succeeded", boot_ms=int((time.monotonic() - self.booted) * 1000))

    def finish(self, status, **more):
        self.tell(status)
        say("finished", status=status, version=self.running()["version"], digest=self.digests[self.slot].hex())
        self.report(**more)

    def fail(self, error_class, code, message):
        self.give_up()
        error = {"class": error_class, "code": code, "message": message}
        self.tell("failed", error=error)
        say("finished", status="failed", error=error)
        self.report()

    def give_up(self):
        self.download = None
        for name in ("chunks", "stage_limit", "install"):
            self.timers.pop(name, None)


# ---- The program ---------------------------------------------------------------------------------------------------


def public_keys(directory, role):
    keys = [bytes.fromhex(path.read_text().strip()) for path in sorted(directory.glob(f"{role}*.pub"))]
    if not keys:
        sys.exit(f"device.py: no {role}*.pub in {directory}")
    return device_job.trusted(keys)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    actions = parser.add_subparsers(dest="action", required=True)
    for name in ("public-key", "run"):
        action = actions.add_parser(name)
        action.add_argument("--state", type=pathlib.Path, required=True, help="the device's flash, a directory")
    action.add_argument("--broker", required=True, metavar="HOST:PORT")
    action.add_argument("--id", required=True)
    action.add_argument("--model", required=True)
    action.add_argument("--vendor", required=True, help="the maker's DNS domain")
    action.add_argument("--site", default="fleetfold")
    action.add_argument("--keys", type=pathlib.Path, required=True, help="directory with release*.pub and job*.pub")
    action.add_argument("--image", type=pathlib.Path, required=True, help="what the factory put into slot a")
    action.add_argument("--version", required=True, help="of that image")
    action.add_argument("--sequence", type=int, default=0, help="of that image's manifest")
    action.add_argument("--token-file", type=pathlib.Path, help="log in with this fixed token")
    action.add_argument("--no-clock", action="store_true", help="the device does not know the time")
    action.add_argument("--mqtt5", action="store_true")
    action.add_argument("--json", action="store_true", help="speak JSON where CBOR is usual")
    action.add_argument("--fail-self-test", action="append", default=[], metavar="VERSION")
    return parser.parse_args()


def main():
    options = parse_arguments()
    flash = Flash(options.state)
    if options.action == "public-key":
        print(flash.key().public_key().public_bytes_raw().hex())
        return 0
    options.job_keys = public_keys(options.keys, "job")
    options.release_keys = public_keys(options.keys, "release")
    if flash.record is None:
        flash.make(options.image.read_bytes(), options.version, options.sequence)
    events = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: events.put((None, "stop")))
    while True:
        try:
            Agent(options, flash, events).run()
        except Reboot:
            continue
        except Stop as stop:
            return stop.status


if __name__ == "__main__":
    sys.exit(main())
