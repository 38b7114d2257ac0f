"""What the stories of rollout.py are played on: programs that run, what they said, and waiting for it with a limit."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid

from blake3 import blake3

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLEETFOLD = ROOT / "target/release/fleetfold"
DEVICE_SIM = ROOT / "target/release/fleetfold-device-sim"
DEVICE = pathlib.Path(__file__).with_name("device.py")

# Ample for a slow machine: what is waited for takes milliseconds to seconds on an idle one.
LIMIT_S = 90
PIECE_BYTES = 65_536


class Failed(Exception):
    """The first thing that was not as it should be."""


def step(text):
    print(f"\n-- {text}", flush=True)


def seen(text):
    print(f"   {text}", flush=True)


def check(condition, text):
    if not condition:
        raise Failed(text)
    seen(text)


# ---- Waiting: every line that any program prints is an occasion to look again ---------------------------------------

_occasion = threading.Condition()
_heard = 0


def heard(record, item):
    global _heard
    with _occasion:
        record.append(item)
        _heard += 1
        _occasion.notify_all()


def wait_for(condition, what, limit_s=LIMIT_S):
    """The first truthy result of `condition`, looked at again whenever something was heard, and each second."""
    deadline = time.monotonic() + limit_s
    while True:
        before = _heard
        result = condition()
        if result:
            return result
        left = deadline - time.monotonic()
        if left <= 0:
            raise Failed(f"waited {limit_s} s in vain: {what}")
        with _occasion:
            _occasion.wait_for(lambda: _heard != before, min(left, 1))  # noqa: B023


# ---- Programs ------------------------------------------------------------------------------------------------------


class Program:
    """A program that runs, and its lines."""

    def __init__(self, name, command, **arguments):
        self.name, self.lines = name, []
        self.process = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **arguments
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            heard(self.lines, line.rstrip("\n"))
        heard(self.lines, "(ended)")

    def has_ended(self):
        return self.process.poll() is not None

    def line(self, pattern):
        return next((found for text in list(self.lines) if (found := re.search(pattern, text))), None)

    def wait_line(self, pattern, limit_s=LIMIT_S):
        def look():
            found = self.line(pattern)
            if not found and self.lines[-1:] == ["(ended)"]:
                raise Failed(f"{self.name} ended before it said {pattern!r}")
            return found

        return wait_for(look, f"{self.name} says {pattern!r}", limit_s)

    def stop(self, limit_s=LIMIT_S):
        """SIGTERM, and how it ended."""
        if not self.has_ended():
            self.process.terminate()
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed(f"{self.name} did not end within {limit_s} s of SIGTERM") from None


class Stage(contextlib.ExitStack):
    """A temporary directory and the programs in it; all end with it."""

    def __init__(self):
        super().__init__()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="fleetfold-rollout-"))
        self.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self.programs = []

    def start(self, name, command, make=Program, **arguments):
        program = make(name, command, **arguments)
        self.programs.append(program)
        self.callback(self.end, program)
        return program

    @staticmethod
    def end(program):
        if not program.has_ended():
            program.process.kill()
        program.process.wait()

    def tails(self):
        """What the programs said last, for whoever has to find out."""
        for program in self.programs:
            for line in program.lines[-15:]:
                print(f"{program.name}: {line[:300]}", file=sys.stderr)


def play(story):
    """Tells a story on a stage of its own, and returns how the program is to end."""
    started = time.monotonic()
    with Stage() as stage:
        try:
            story(stage)
        except Failed as failed:
            stage.tails()
            print(f"\nFAILED: {failed}", file=sys.stderr)
            return 1
    print(f"\nAll as it should be, after {time.monotonic() - started:.0f} s.")
    return 0


def run(*command, expect=0):
    """A program that ends by itself, and what it printed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=LIMIT_S)
    if expect is not None and done.returncode != expect:
        said = (done.stdout + done.stderr).strip()
        raise Failed(f"{' '.join(map(str, command))[:200]} ended with {done.returncode}: {said}")
    return done


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


# ---- The server, and what Prometheus sees of it ---------------------------------------------------------------------


class Server:
    SITE = "interop"

    def __init__(self, stage):
        self.data = stage.directory / "data"
        self.port, self.metrics_port = free_port(), free_port()
        config = stage.directory / "fleetfold.yaml"
        config.write_text(f"site: {self.SITE}\n")
        address = "127.0.0.1"
        command = [FLEETFOLD, "serve", "--config", config, "--data", self.data]
        command += ["--listen", f"{address}:{self.port}", "--metrics-listen", f"{address}:{self.metrics_port}"]
        self.program = stage.start("server", command, cwd=stage.directory)
        self.program.wait_line(r"^Ready\.")
        self.broker = f"{address}:{self.port}"
        self.password = (self.data / "admin-password").read_text().strip()

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=LIMIT_S) as response:
            return Metrics(response.read().decode())


class Metrics:
    LINE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.M)
    LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text):
        self.text = text
        self.values = [
            (name, dict(self.LABEL.findall(labels)), float(value)) for name, labels, value in self.LINE.findall(text)
        ]

    def get(self, name, **labels):
        """The sum of all that have these labels."""
        fits = lambda found: labels.items() <= found.items()  # noqa: E731
        return sum(value for found, has, value in self.values if found == name and fits(has))


# ---- mosquitto_sub and mosquitto_pub --------------------------------------------------------------------------------


class Subscription(Program):
    """mosquitto_sub: what came on which topic."""

    MARK = "got "

    def __init__(self, name, command):
        self.messages = []  # (is retained, topic, payload)
        self.latest = {}
        # A line at a time: it holds back what -d says otherwise, and with it that the subscription stands.
        super().__init__(name, ["stdbuf", "-oL", *command, "-d", "-F", f"{self.MARK}%r %t %x"])

    def read(self):
        for line in self.process.stdout:
            if not line.startswith(self.MARK):
                if not line.startswith("Client "):  # each packet
                    heard(self.lines, line.rstrip("\n"))
                continue
            retained, topic, payload = line.removeprefix(self.MARK).rstrip("\n").split(" ", 2)
            message = (retained == "1", topic, bytes.fromhex(payload))
            self.latest[topic] = message[2]
            heard(self.messages, message)
        heard(self.lines, "(ended)")

    def ready(self):
        self.wait_line(r"^Subscribed")
        return self

    def history(self, topic):
        return [json.loads(payload) for _, name, payload in list(self.messages) if name == topic]


class Operator:
    """An operator at a terminal: everything goes through mosquitto_pub, everything is seen with mosquitto_sub."""

    def __init__(self, stage, server, name="admin"):
        self.stage, self.server, self.name = stage, server, name
        self.login = ["-h", "127.0.0.1", "-p", server.port, "-u", name, "-P", server.password]
        self.topic = f"fleet/v1/operators/{name}"
        self.replies = self.subscribe("replies", f"{self.topic}/reply")
        self.asked = 0

    def subscribe(self, name, *topics):
        filters = [part for topic in topics for part in ("-t", topic)]
        command = ["mosquitto_sub", *self.login, "-q", 1, *filters]
        return self.stage.start(name, command, make=Subscription).ready()

    def publish(self, topic, *flags, expect=0):
        return run("mosquitto_pub", *self.login, "-q", 1, "-t", topic, *flags, expect=expect)

    def command(self, command, **keys):
        """Gives a command and returns the reply to it."""
        identity = uuid.uuid4().hex
        message = json.dumps({"command": command, "id": identity, **keys})
        self.publish(f"{self.topic}/command", "-m", message)

        def reply():
            return next((each for each in self.history() if each.get("id") == identity), None)

        return wait_for(reply, f"the reply to {command}")

    def history(self):
        return self.replies.history(f"{self.topic}/reply")

    def accepted(self, command, **keys):
        reply = self.command(command, **keys)
        if reply["outcome"] != "accepted":
            raise Failed(f"{command} was refused: {reply}")
        return reply

    def refused(self, code, command, **keys):
        reply = self.command(command, **keys)
        is_so = (reply["outcome"], reply.get("code")) == ("rejected", code)
        check(is_so, f"{command}: {reply.get('code')}: {reply.get('message', reply)}")

    def raw(self, payload):
        """Sends what is not a command, and returns the next reply."""
        before = len(self.history())
        self.publish(f"{self.topic}/command", "-m", payload)
        return wait_for(lambda: self.history()[before:], "a reply")[0]

    def upload(self, image, digest=None):
        """In pieces, and an empty one for the end. Returns the digest."""
        digest = digest or blake3(image).hexdigest()
        with tempfile.TemporaryDirectory(dir=self.stage.directory) as directory:
            for offset in range(0, len(image), PIECE_BYTES):
                piece = os.path.join(directory, str(offset))
                pathlib.Path(piece).write_bytes(image[offset : offset + PIECE_BYTES])
                self.publish(f"{self.topic}/upload/{digest}/{offset}", "-f", piece)
        self.publish(f"{self.topic}/upload/{digest}/{len(image)}", "-n")
        return digest

    def retained(self, *topics):
        """What a subscriber who comes now gets at once: the values of these topics."""
        sub = self.subscribe("retained", *topics)

        def values():
            return {topic: json.loads(payload) for is_retained, topic, payload in list(sub.messages) if is_retained}

        wait_for(lambda: values().keys() >= set(topics), f"retained values of {', '.join(topics)}")
        sub.stop()
        return [values()[topic] for topic in topics]


class DeviceProgram(Program):
    """A device.py that runs, and its events."""

    def events(self, name):
        events = (json.loads(line) for line in list(self.lines) if line.startswith("{"))
        return [event for event in events if event["event"] == name]

    def wait_event(self, name, **fields):
        def look():
            return next((event for event in self.events(name) if fields.items() <= event.items()), None)

        return wait_for(look, f"{self.name} says {name} {fields or ''}")
