#!/usr/bin/env python3
"""Whole rollouts of real firmware, with other people's MQTT clients at every place but the server's.

The operator is a terminal with mosquitto_pub and mosquitto_sub; devices are our simulator's and device.py, written from
PROTOCOL.md alone with paho-mqtt; whoever should be refused uses mosquitto or paho too. Three stories on one server:

    A  ten devices go from one release of a board's firmware to the next, in three phases
    B  a release that does not pass its self-test stops in its first phase, and the devices are back where they were
    C  everything that must be refused is refused, for the documented reason, counted, and without harm to anyone else

Ends with 1 at the first thing that is not as it should be. Needs the release binaries and tests/firmware/fetch.
"""

import base64
import contextlib
import hashlib
import json
import signal
import sys

import cbor2
from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device import token
from probe import Probe
from stage import (
    DEVICE,
    DEVICE_SIM,
    FLEETFOLD,
    ROOT,
    DeviceProgram,
    Failed,
    Operator,
    Server,
    Subscription,
    check,
    free_port,
    play,
    run,
    seen,
    step,
    wait_for,
)

VENDOR = "greatscott.example"
FIRMWARE = ROOT / "target/firmware/mcu-m4-greatfet"
OLD, NEW = "2024.0.4", "2025.0.0"

MODEL, LAB_MODEL, PROBE_MODEL = "greatfet-one", "greatfet-lab", "probe"
SIMULATED = 9
PAHO = "paho-1"
LAB = [f"lab-{number}" for number in range(1, 11)]
BAD = f"{NEW}-bad"


# Simulated devices take the time that real ones do to write their flash and boot.
CAMPAIGN_LIMIT_S = 300


class World:
    """The server, its operator and the keys."""

    def __init__(self, stage):
        self.stage = stage
        self.server = Server(stage)
        self.operator = Operator(stage, self.server)
        self.keys = stage.directory / "keys"
        self.secret = stage.directory / "secret"
        self.campaigns = self.operator.subscribe("campaigns", "fleet/v1/campaigns/+/status")
        self.fleet = self.operator.subscribe("fleet", "fleet/v1/fleet/summary")
        self.devices = self.operator.subscribe("devices", "fleet/v1/devices/+/status")

    def sign(self, image, model, version, number, key="release"):
        """`fleetfold release sign`, which is a matter of local files. Returns the manifest."""
        manifest = self.stage.directory / f"{model}-{version}-{key}-{number}.suit"
        command = [FLEETFOLD, "release", "sign", image, "--key", self.secret / f"{key}.key", "--vendor", VENDOR]
        run(*command, "--model", model, "--version", version, "--number", number, "-o", manifest)
        return manifest.read_bytes()

    def release(self, image, model, version, number):
        digest = self.operator.upload(image.read_bytes())
        manifest = self.sign(image, model, version, number)
        self.operator.accepted("release.publish", **describe(model, version, digest, manifest))
        return digest

    def campaign(self, name):
        """All statuses of a campaign so far."""
        return self.campaigns.history(f"fleet/v1/campaigns/{name}/status")

    def wait_campaign(self, name, *ends):
        def ended():
            history = self.campaign(name)
            return history and history[-1]["status"] in ends and history[-1]

        return wait_for(ended, f"campaign {name} is {' or '.join(ends)}", CAMPAIGN_LIMIT_S)

    def status(self, device):
        payload = self.devices.latest.get(f"fleet/v1/devices/{device}/status")
        return json.loads(payload) if payload else {}

    def device(self, name, model, *flags, broker=None, state=None):
        state = state or self.stage.directory / name
        command = [sys.executable, DEVICE, "run", "--state", state, "--broker", broker or self.server.broker]
        command += ["--id", name, "--model", model, "--vendor", VENDOR, "--site", Server.SITE, "--keys", self.keys]
        command += ["--image", FIRMWARE / "old.bin", "--version", OLD, "--sequence", 10, *flags]
        return self.stage.start(name, command, make=DeviceProgram)

    def device_key(self, name):
        state = self.stage.directory / name
        return run(sys.executable, DEVICE, "public-key", "--state", state).stdout.strip()

    def register(self, name, model, **credential):
        credential = credential or {"public_key": self.device_key(name)}
        self.operator.accepted("device.register", device=name, model=model, credential=credential)


def describe(model, version, image, manifest):
    manifest = base64.b64encode(manifest).decode()
    return {"vendor": VENDOR, "model": model, "version": version, "image": image, "manifest": manifest}


def phases(*percentages, duration="2s", threshold=100):
    return [
        {
            "name": f"to-{percentage}",
            "percentage": percentage,
            "duration_hours": duration,
            "wait_for_success": True,
            "success_threshold": threshold,
        }
        for percentage in percentages
    ]


# ---- The stage is set ----------------------------------------------------------------------------------------------


def prepare(world):
    step("keys: one pair for releases, made with files alone; devices get the public halves")
    for name in ("release", "stranger"):
        run(FLEETFOLD, "keys", "new", "--out", world.secret, "--name", name)
    world.keys.mkdir()
    for path in (world.secret / "release.pub", world.server.data / "job.pub"):
        (world.keys / path.name).write_bytes(path.read_bytes())
    public = (world.secret / "release.pub").read_text().strip()
    world.operator.accepted("key.trust", name="release", public_key=public)
    seen("key.trust accepted")


# ---- Story A -------------------------------------------------------------------------------------------------------


def a_fleet_is_updated_in_three_phases(world):
    operator, stage = world.operator, world.stage
    step(f"A: {SIMULATED} simulated devices and one on paho-mqtt are registered and come online with {OLD}")
    # Global options before the action, as the simulator has them.
    sim = [DEVICE_SIM, "--devices", SIMULATED, "--prefix", "sim", "--model", MODEL]
    for line in run(*sim, "register").stdout.splitlines():
        keys = json.loads(line)
        operator.accepted(keys.pop("command"), **keys)
    world.register(PAHO, MODEL)
    arguments = ["--broker", world.server.broker, "--site", Server.SITE, "--vendor", VENDOR, "--keys", world.keys]
    arguments += ["--image", FIRMWARE / "old.bin", "--version", OLD, "--brisk"]
    fleet = stage.start("simulator", [*sim, "run", *arguments])
    fleet.wait_line(rf"^{SIMULATED} of {SIMULATED} online")
    paho = world.device(PAHO, MODEL)
    paho.wait_event("greeted")
    names = [PAHO, *(f"sim-{number:04}" for number in range(1, SIMULATED + 1))]
    old = blake3((FIRMWARE / "old.bin").read_bytes()).hexdigest()
    wait_for(
        lambda: all(world.status(name).get("running", {}).get("digest") == old for name in names),
        "all ten devices' statuses show the old firmware",
    )
    seen(f"all ten run {old[:16]}...")

    step("A: both releases are uploaded in pieces and published")
    check(world.release(FIRMWARE / "old.bin", MODEL, OLD, 1) == old, f"{OLD} is published")
    new = world.release(FIRMWARE / "new.bin", MODEL, NEW, 2)
    seen(f"{NEW} is published: {new[:16]}...")
    [released] = operator.retained(f"fleet/v1/releases/{MODEL}/{NEW}")
    sha256 = hashlib.sha256((FIRMWARE / "new.bin").read_bytes()).hexdigest()
    check(released["image_sha256"] == sha256, "its retained description has the image's SHA-256")

    step("A: a campaign in three phases, 10 %, 50 %, 100 %")
    spec = {"id": "spring", "release": {"model": MODEL, "version": NEW}, "phases": phases(10, 50, 100)}
    operator.accepted("campaign.create", campaign=spec)
    operator.accepted("campaign.start", campaign="spring", expected_version=world_version(world, "spring"))
    done = world.wait_campaign("spring", "completed", "paused", "failed", "canceled")
    check(done["status"] == "completed", f"completed: {done.get('cause', {}).get('text', done['totals'])}")
    updated, others = done["totals"]["updated"], sum(done["totals"].values()) - done["totals"]["updated"]
    check((updated, others) == (10, 0), "all ten updated, none otherwise")
    check_exposure(world.campaign("spring"), {"to-10": 1, "to-50": 5, "to-100": 10})

    step("A: what is retained says the same to a newcomer")
    statuses = operator.retained(*(f"fleet/v1/devices/{name}/status" for name in names))
    for name, status in zip(names, statuses, strict=True):
        is_so = status["running"]["digest"] == new and status["execution"]["status"] == "SUCCEEDED"
        if not is_so or status["running"]["version"] != NEW:
            raise Failed(f"{name}: {status}")
    seen("ten statuses on the new digest, SUCCEEDED")
    [summary] = operator.retained("fleet/v1/fleet/summary")
    check(summary["devices"] == {"active": 10} and summary["campaigns"] == 1, f"the fleet: {summary}")
    finished = paho.wait_event("finished", status="succeeded")
    check(finished["digest"] == new, "the device on paho-mqtt says that it runs the new image")
    image = (stage.directory / PAHO / "slot-b.bin").read_bytes()
    check(hashlib.sha256(image).hexdigest() == sha256, "and its slot b holds it, byte for byte")

    step("A: the metrics agree")

    def agree():
        metrics = world.server.metrics()
        got = metrics.get("fleetfold_executions", campaign="spring", status="succeeded")
        state = metrics.get("fleetfold_campaign_state", campaign="spring", state="completed")
        return metrics if (got, state) == (10, 1) else None

    metrics = wait_for(agree, "ten executions succeeded and a completed campaign in /metrics")
    check(metrics.get("fleetfold_executions", campaign="spring") == 10, "10 executions, all succeeded")
    for event in ("queued", "accepted", "succeeded"):
        check(metrics.get("fleetfold_execution_events_total", event=event) == 10, f"10 {event}")
    check(metrics.get("fleetfold_devices") == 10, "10 devices")
    sent, whole = metrics.get("fleetfold_chunk_bytes_total"), 10 * len(image)
    check(len(image) < sent < whole / 2, f"{sent:.0f} bytes were sent; ten whole images would be {whole}")
    check(metrics.get("fleetfold_rejected_total") == 0, "nothing was rejected")
    check(metrics.get("fleetfold_broker_refused_total") == 0, "the broker has refused nothing")
    check("sim-0001" not in metrics.text and PAHO not in metrics.text, "no device id is a label")
    return fleet


def world_version(world, campaign):
    """The version of a campaign that an operator has looked at."""

    def look():
        history = world.campaign(campaign)
        return history and history[-1]["version"]

    return wait_for(look, f"the status of {campaign}")


def check_exposure(history, limits):
    """In no status was more exposed than the running phase allows, and the phases came in their order."""
    order = []
    for status in history:
        phase = status.get("phase")
        if phase and (not order or order[-1] != phase):
            order.append(phase)
        if status["exposed"] > limits.get(phase, 0) and status["exposed"]:
            raise Failed(f"{status['exposed']} devices exposed in phase {phase}")
    check(order == list(limits), f"phases came as {', '.join(order)}, and none exposed more than {limits}")


# ---- Story B -------------------------------------------------------------------------------------------------------


def a_bad_release_stops_at_its_canary(world):
    operator = world.operator
    step(f"B: ten more devices of another model, all on paho-mqtt: MQTT 3.1.1 and 5, CBOR and JSON, with {OLD}")
    bystanders, flags_of = [], {}
    for number, name in enumerate(LAB):
        flags = ["--fail-self-test", BAD]
        flags += ["--mqtt5"] if number % 2 else []
        flags += ["--json"] if number % 3 == 0 else []
        flags += ["--no-clock"] if number % 5 == 4 else []
        if number == 3:
            secret = world.stage.directory / "lab-token"
            secret.write_text(base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode())
            token_sha256 = hashlib.sha256(secret.read_bytes()).hexdigest()
            world.register(name, LAB_MODEL, token_sha256=token_sha256)
            flags += ["--token-file", secret]
        else:
            world.register(name, LAB_MODEL)
        flags_of[name] = flags
        bystanders.append(world.device(name, LAB_MODEL, *flags))
    for device in bystanders:
        device.wait_event("greeted")
    seen("ten are online; one logs in with a fixed token, two have no clock")

    step("B: a release that will not pass its self-test, to 20 % first")
    old = world.release(FIRMWARE / "old.bin", LAB_MODEL, OLD, 1)
    bad = world.release(FIRMWARE / "new.bin", LAB_MODEL, BAD, 2)
    spec = {"id": "hasty", "release": {"model": LAB_MODEL, "version": BAD}, "phases": phases(20, 50, 100)}
    operator.accepted("campaign.create", campaign=spec)
    operator.accepted("campaign.start", campaign="hasty")
    paused = world.wait_campaign("hasty", "paused", "completed", "failed", "canceled")
    check(paused["status"] == "paused" and paused["phase"] == "to-20", "paused in its first phase")
    # Which gate closes first depends on whether the two failures are judged together.
    is_gate = paused["cause"]["kind"] in ("failure_evidence", "failure_threshold")
    check(is_gate, f"because: {paused['cause']['text']}")
    check(paused["hold"]["kind"] == "paused", f"and waits: {paused['hold']['text']}")
    both = wait_for(
        lambda: [status for status in world.campaign("hasty") if status["totals"]["rolled_back"] == 2],
        "both canaries are back",
    )[-1]
    check(both["errors"] == {"self_test": 2}, f"errors by class: {both['errors']}")

    step("B: who was exposed, and what they run now")
    statuses = operator.retained(*(f"fleet/v1/devices/{name}/status" for name in LAB))
    statuses = dict(zip(LAB, statuses, strict=True))
    canaries = [name for name in LAB if "execution" in statuses[name]]
    check(len(canaries) == 2, f"the canaries were {' and '.join(canaries)}")
    for name, device in zip(LAB, bystanders, strict=True):
        status = statuses[name]
        if status["running"] != {"slot": "a", "version": OLD, "digest": old}:
            raise Failed(f"{name} is not on its old firmware: {status}")
        if name in canaries:
            execution = status["execution"]
            failed = (execution["status"], execution["error"]["class"], execution["error"]["code"])
            check(failed == ("FAILED", "self_test", "watchdog"), f"{name}: {execution['error']}")
            check(status["standby"]["digest"] == bad, f"{name}: the bad image is in the other slot")
            booted = [event["slot"] for event in device.events("booted")]
            check(booted == ["a", "b", "a"], f"{name} booted {', '.join(booted)}")
        elif device.events("job"):
            raise Failed(f"{name} got a job, and it is no canary")
    seen("all ten run the old digest; eight never saw a job")
    exposed = max(status["exposed"] for status in world.campaign("hasty"))
    check(exposed == 2, "never more than two exposed, in any status there was")

    step("B: the power of one canary is cut, after the fact")
    name, index = canaries[0], LAB.index(canaries[0])
    topic = f"fleet/v1/devices/{name}/presence"
    presence = operator.subscribe("presence", topic)
    wait_for(lambda: says_online(presence.latest.get(topic)), f"{name} is online")
    bystanders[index].process.kill()
    wait_for(lambda: says_online(presence.latest[topic]) is False, "its will says that it is offline")
    seen("its will says that it is offline")
    bystanders[index] = world.device(name, LAB_MODEL, *flags_of[name])
    bystanders[index].wait_event("greeted", epoch=4)
    wait_for(lambda: says_online(presence.latest[topic]), "it is back online")
    seen("it is back in a fourth boot, and its hello says again what became of the job")

    step("B: the operator gives it up")
    operator.refused("version_conflict", "campaign.resume", campaign="hasty", expected_version=1)
    operator.accepted("campaign.cancel", campaign="hasty", reason="does not feed the watchdog")
    canceled = world.wait_campaign("hasty", "canceled")
    check(canceled["errors"] == {"self_test": 2}, "canceled, with two failures and not three")
    metrics = wait_for(
        lambda: (m := world.server.metrics()).get("fleetfold_campaign_state", campaign="hasty", state="canceled") and m,
        "the canceled campaign in /metrics",
    )
    check(metrics.get("fleetfold_executions", campaign="hasty", status="failed") == 2, "2 failed in /metrics")
    return bystanders


def says_online(presence):
    """What a presence says, in CBOR or JSON; None for nothing at all."""
    if presence:
        return (json.loads if presence.startswith(b"{") else cbor2.loads)(presence)["online"]
    return None


# ---- Story C -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def counted(world, code, by="broker"):
    """What is done within must be counted as a refusal with this code."""
    name = {"broker": "fleetfold_broker_refused_total", "engine": "fleetfold_rejected_total"}[by]

    def count():
        return world.server.metrics().get(name, code=code)

    before = count()
    yield
    wait_for(lambda: count() > before, f'{name}{{code="{code}"}} counts')
    seen(f'counted in {name}{{code="{code}"}}')


class Intruder:
    """A registered device that goes wrong. It logs in with a fixed token, and says hello."""

    def __init__(self, world, name="probe-1"):
        self.world, self.name = world, name
        self.epoch = 0
        self.token = base64.urlsafe_b64encode(hashlib.sha256(b"probe").digest()).decode()
        world.register(name, PROBE_MODEL, token_sha256=hashlib.sha256(self.token.encode()).hexdigest())

    def connect(self, mqtt5):
        self.epoch += 1
        probe = Probe(self.world.server.port, self.name, self.token, mqtt5)
        check(probe.login[0] == 0, f"{self.name} is in, with MQTT {'5' if mqtt5 else '3.1.1'}")
        probe.subscribe(f"{self.topic()}/#")
        answer = probe.publish(f"{self.topic()}/hello", cbor2.dumps(self.hello()))
        if answer[0] != 0:
            raise Failed(f"hello refused: {answer}")
        return probe

    def topic(self, name=None):
        return f"fleet/v1/devices/{name or self.name}"

    def hello(self, **changes):
        running = {"slot": "a", "version": OLD, "digest": bytes(32)}
        return {"protocol": 1, "epoch": self.epoch, "seq": 1, "model": PROBE_MODEL, "running": running, **changes}


def what_must_be_refused(world, bystanders):
    victim = LAB[7]
    quiet = {device.name: len(device.lines) for device in bystanders}
    intruder = Intruder(world)
    a_device_keeps_to_its_own(world, intruder, victim)
    a_device_says_sense(world, intruder)
    who_may_log_in(world, victim)
    what_is_signed_is_what_is_installed(world)
    an_operator_is_understood(world)
    a_job_is_for_one_device(world)
    step("C: and nobody else has noticed anything")
    for device in bystanders:
        if len(device.lines) != quiet[device.name] or device.has_ended():
            raise Failed(f"{device.name} was disturbed: {device.lines[quiet[device.name] :]}")
    seen("ten devices: the same sessions, not one event")


def untouched(world, victim):
    """The victim's status and the log's length; a refused report leaves both as they are."""
    return world.status(victim), events(world)


def events(world):
    return world.server.metrics().get("fleetfold_events_total")


def a_device_keeps_to_its_own(world, intruder, victim):
    forged = {"epoch": 99, "seq": 1, "running": {"slot": "b", "version": "6.6.6", "digest": bytes(32)}}
    for mqtt5 in (True, False):
        version = "5" if mqtt5 else "3.1.1"
        step(f"C: a report forged in {victim}'s name, over MQTT {version}")
        recorded = events(world)
        with intruder.connect(mqtt5) as probe:
            # The metrics come after the answers.
            wait_for(lambda: events(world) > recorded, "the hello is counted")  # noqa: B023
            before = untouched(world, victim)
            with counted(world, "not_authorized"):
                answer = probe.publish(f"{intruder.topic(victim)}/report", cbor2.dumps(forged))
            expected = (0x87, "not_authorized") if mqtt5 else (0, None)
            check(answer == expected, f"PUBACK {answer[0]:#04x} {answer[1] or ''}")
            refused = cbor2.dumps({0: 0, 1: 0, 2: "not_authorized"})
            acks = f"{intruder.topic()}/ack"
            wait_for(lambda: refused in probe.heard_on(acks), "the refusal on its ack topic")  # noqa: B023
            seen("the ack topic says not_authorized")
            after = untouched(world, victim)
            if after != before:
                raise Failed(f"{victim} has been touched: {after}, and was {before}")
            seen(f"nothing recorded, {victim}'s status as it was")
            with counted(world, "not_authorized"):
                answer = probe.subscribe(f"{intruder.topic(victim)}/job")
            check(answer[0] == (0x87 if mqtt5 else 0x80), f"{victim}'s jobs: SUBACK {answer[0]:#04x}")
            answer = probe.subscribe("fleet/v1/devices/+/job")
            check(answer[0] == (0x87 if mqtt5 else 0x80), f"everybody's jobs: SUBACK {answer[0]:#04x}")
            answer = probe.publish(f"{intruder.topic(victim)}/job", b"\x00", retain=True)
            check(not mqtt5 or answer[0] == 0x87, f"a job of its own making for {victim}: refused")

    step("C: the same with mosquitto, which gives up when all it asks for is denied")
    login = ["-h", "127.0.0.1", "-p", world.server.port, "-i", intruder.name, "-u", intruder.name, "-P", intruder.token]
    denied = run("mosquitto_sub", *login, "-t", "fleet/v1/#", "-W", 20, expect=None)
    check("denied" in denied.stderr, denied.stderr.strip())

    step("C: a retained report, an unknown topic, and something before the hello")
    with intruder.connect(mqtt5=True) as probe:
        with counted(world, "retain_refused"):
            answer = probe.publish(f"{intruder.topic()}/report", b"", retain=True)
        check(answer == (0x87, "retain_refused"), f"retained: {answer[0]:#04x} {answer[1]}")
        with counted(world, "unknown_topic"):
            answer = probe.publish(f"{intruder.topic()}/telemetry", b"{}")
        check(answer == (0x90, "unknown_topic"), f"unknown: {answer[0]:#04x} {answer[1]}")
    with Probe(world.server.port, intruder.name, intruder.token, mqtt5=True) as probe:
        with counted(world, "hello_first"):
            answer = probe.publish(f"{intruder.topic()}/report", cbor2.dumps(forged))
        check(answer == (0x87, "hello_first"), f"before the hello: {answer[0]:#04x} {answer[1]}")

    step("C: a packet that is too large")
    with intruder.connect(mqtt5=True) as probe, counted(world, "packet_too_large"):
        probe.publish(f"{intruder.topic()}/report", bytes(70_000))
        gone = probe.wait_disconnected()
        check(gone[0] == 0x95, f"the broker hangs up: {gone[0]:#04x} {gone[1] or ''}")


def a_device_says_sense(world, intruder):
    step("C: reports that make no sense")
    with intruder.connect(mqtt5=True) as probe:
        report = {"epoch": intruder.epoch, "seq": 2, "running": intruder.hello()["running"]}
        for what, payload, code in (
            ("not CBOR", b"\xff\xff", "malformed"),
            ("a key twice", b'{"epoch":1,"epoch":1}', "malformed"),
            ("something behind the end", cbor2.dumps(report) + b"\x00", "malformed"),
            ("nine kilobytes", cbor2.dumps({**report, "padding": bytes(9000)}), "too_large"),
            ("an epoch of the past", cbor2.dumps({**report, "epoch": intruder.epoch - 1}), "epoch_regressed"),
            ("the hello's number, other words", cbor2.dumps({**report, "seq": 1}), "sequence_conflict"),
        ):
            with counted(world, code, by="engine"):
                answer = probe.publish(f"{intruder.topic()}/report", payload)
            check(answer[0] >= 0x80 and answer[1] == code, f"{what}: {answer[0]:#04x} {answer[1]}")
        answer = probe.publish(f"{intruder.topic()}/report", cbor2.dumps(report))
        check(answer[0] == 0, "and one that does is recorded, on the same connection")


def who_may_log_in(world, victim):
    port = world.server.port
    step("C: logins that must fail")
    with counted(world, "bad_credentials"):
        login = ["-h", "127.0.0.1", "-p", port, "-u", "admin", "-P", "guess"]
        done = run("mosquitto_pub", *login, "-t", "fleet/v1/operators/admin/command", "-m", "{}", expect=None)
    check(done.returncode != 0, f"a wrong password: {done.stderr.strip()}")
    key = Ed25519PrivateKey.from_private_bytes((world.stage.directory / victim / "device.key").read_bytes())
    stranger = Ed25519PrivateKey.generate()
    for what, name, password in (
        ("a token by another key", victim, token(stranger, victim, Server.SITE, 10**6)),
        ("a token for another site", victim, token(key, victim, "elsewhere", 10**6)),
        ("another device's token", LAB[0], token(key, victim, Server.SITE, 10**6)),
        ("a counter that is spent", victim, token(key, victim, Server.SITE, 1)),
        ("no device of ours", "nobody", token(key, "nobody", Server.SITE, 1)),
    ):
        for mqtt5 in (True, False):
            with Probe(port, name, password, mqtt5) as probe:
                refused = probe.login[0]
            check(refused in (0x86, 4), f"{what}, MQTT {'5' if mqtt5 else '3.1.1'}: CONNACK {refused:#04x}")


def what_is_signed_is_what_is_installed(world):
    operator = world.operator
    step("C: images and manifests that do not belong together")
    image = FIRMWARE / "new.bin"
    digest = blake3(image.read_bytes()).hexdigest()
    manifest = world.sign(image, LAB_MODEL, "3.0.0", 3)
    stranger = world.sign(image, LAB_MODEL, "3.0.0", 3, key="stranger")
    of = lambda image, manifest, **more: describe(LAB_MODEL, "3.0.0", image, manifest) | more  # noqa: E731
    operator.refused("release_unsigned", "release.publish", **of(digest, stranger))
    edited = bytearray(manifest)
    edited[manifest.index(b"3.0.0")] ^= 1
    operator.refused("release_unsigned", "release.publish", **of(digest, bytes(edited)))
    operator.refused("manifest_mismatch", "release.publish", **of(digest, manifest, model=PROBE_MODEL))
    operator.refused("manifest_mismatch", "release.publish", **of(digest, manifest, version="3.0.1"))
    evil = bytearray(image.read_bytes())
    evil[1000] ^= 1
    evil_digest = operator.upload(bytes(evil))
    operator.refused("image_mismatch", "release.publish", **of(evil_digest, manifest))
    operator.refused("image_missing", "release.publish", **of("ab" * 32, manifest))
    replayed = world.sign(image, LAB_MODEL, "3.0.0", 1)
    operator.refused("release_sequence", "release.publish", **of(digest, replayed))
    again = world.sign(image, LAB_MODEL, BAD, 3)
    operator.refused("release_exists", "release.publish", **describe(LAB_MODEL, BAD, digest, again))
    before = len(operator.history())
    operator.upload(bytes(evil), digest="cd" * 32)
    replies = wait_for(lambda: operator.history()[before:], "a reply to the upload")
    check(replies[-1].get("code") == "upload_mismatch", f"an image under another name: {replies[-1]}")


def an_operator_is_understood(world):
    operator = world.operator
    step("C: commands that cannot be")
    with counted(world, "unknown_command", by="engine"):
        operator.refused("unknown_command", "fleet.explode")
    for payload in ("{", "[]", '{"command":"campaign.start","campaign":"spring","hurry":true}'):
        reply = operator.raw(payload)
        check(reply["code"] == "malformed", f"{payload[:60]}: {reply['code']}: {reply['message']}")
    spec = {"id": "odd", "release": {"model": LAB_MODEL, "version": BAD}}
    with counted(world, "campaign_invalid", by="engine"):
        falling = phases(50, 10)
        operator.refused("campaign_invalid", "campaign.create", campaign={**spec, "phases": falling})
    reply = operator.command("campaign.create", campaign={**spec, "phases": [{"name": "x", "percentage": 101}]})
    check(reply["outcome"] == "rejected", f"101 %: {reply['code']}: {reply['message']}")
    unpublished = {"model": LAB_MODEL, "version": "9"}
    operator.refused("unknown_release", "campaign.create", campaign={**spec, "release": unpublished})
    operator.refused("unknown_campaign", "campaign.start", campaign="odd")
    operator.refused("invalid_transition", "campaign.resume", campaign="hasty")
    other = {"token_sha256": "00" * 32}
    operator.refused("device_exists", "device.register", device=LAB[0], model=LAB_MODEL, credential=other)

    step("C: the same command twice, and one that is retained")
    once = json.dumps({"command": "device.lifecycle", "device": LAB[1], "lifecycle": "maintenance", "id": "only-once"})
    replies = [operator.raw(once), operator.raw(once)]
    check(replies[0] == replies[1] and replies[0]["outcome"] == "accepted", f"one answer for both: {replies[0]}")
    operator.accepted("device.lifecycle", device=LAB[1], lifecycle="active")
    with counted(world, "retain_refused"):
        message = json.dumps({"command": "campaign.pause", "campaign": "spring"})
        operator.publish(f"{operator.topic}/command", "-r", "-m", message, expect=None)
    with counted(world, "not_authorized"):
        operator.publish("fleet/v1/campaigns/spring/status", "-m", "{}", expect=None)
    step("C: a packet too large for an operator")
    large = world.stage.directory / "large"
    large.write_bytes(bytes(1_100_000))
    with counted(world, "packet_too_large"):
        operator.publish(f"{operator.topic}/command", "-f", large, expect=None)


def a_job_is_for_one_device(world):
    step(f"C: a false broker (mosquitto) gives {PAHO}'s job to another device")
    port = free_port()
    config = world.stage.directory / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    mosquitto = world.stage.start("mosquitto", ["mosquitto", "-c", config])
    mosquitto.wait_line("running")
    job = (world.stage.directory / PAHO / "job.cbor").read_bytes()
    name = "lured"
    sub = world.stage.start(
        "lured reports",
        ["mosquitto_sub", "-h", "127.0.0.1", "-p", port, "-t", f"fleet/v1/devices/{name}/report"],
        make=Subscription,
    ).ready()
    lured = world.device(name, MODEL, "--json", broker=f"127.0.0.1:{port}")
    lured.wait_event("greeted")

    def give(payload, code):
        path = world.stage.directory / "false-job"
        path.write_bytes(payload)
        topic = f"fleet/v1/devices/{name}/job"
        run("mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-q", 1, "-t", topic, "-f", path)
        lured.wait_event("job_refused", code=code)

        def reported():
            errors = [each.get("job", {}).get("error", {}) for each in sub.history(f"fleet/v1/devices/{name}/report")]
            return [error for error in errors if error.get("code") == code]

        wait_for(reported, f"the report of {code}")
        seen(f"the device refuses it and reports {code}")

    give(job, "job_other_device")
    edited = bytearray(job)
    edited[-1] ^= 1
    give(bytes(edited), "job_signature")
    check(lured.events("stage") == [], "it has begun nothing")
    lured.stop()
    mosquitto.stop()


# ---- The end -------------------------------------------------------------------------------------------------------


def the_end(world, programs):
    step("the devices go, then the server: SIGTERM")
    for program in programs:
        status = program.stop()
        if status not in (0, -signal.SIGTERM):
            raise Failed(f"{program.name} ended with {status}")
    check(world.server.program.stop() == 0, "fleetfold serve ended with 0")
    done = run(FLEETFOLD, "log", "verify", "--data", world.server.data)
    for line in done.stdout.strip().splitlines():
        seen(line)


def story(stage):
    world = World(stage)
    prepare(world)
    fleet = a_fleet_is_updated_in_three_phases(world)
    bystanders = a_bad_release_stops_at_its_canary(world)
    what_must_be_refused(world, bystanders)
    the_end(world, [fleet, *bystanders])


def main():
    for path in (FLEETFOLD, DEVICE_SIM, FIRMWARE / "old.bin", FIRMWARE / "new.bin"):
        if not path.exists():
            sys.exit(f"rollout.py: {path.relative_to(ROOT)} is not there; see tests/run")
    return play(story)


if __name__ == "__main__":
    sys.exit(main())
