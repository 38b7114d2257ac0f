#!/usr/bin/env python3
"""The webhook, with a receiver that shares no code with ours: Python's ssl and http.server, and PyPI standardwebhooks.

The server's log has hardly room, says its configuration: that raises an alert, which the receiver first answers with 503,
then with a redirect, and then takes. Then the server is stopped and has room again, and the alert is cleared. Every request
must come over TLS by a certificate of the authority that the configuration names, be signed with both secrets, and come
again under the same id until it was taken; a receiver that another authority vouches for must get none.

Ends with 1 at the first thing that is not as it should be. Needs the release binaries.
"""

import base64
import datetime
import http.server
import ipaddress
import json
import os
import ssl
import sys
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook

from stage import FLEETFOLD, Failed, Program, check, free_port, heard, play, step, wait_for

HOUR = datetime.timedelta(hours=1)
# More than any disk has, and less than there must be.
NO_ROOM_MIB, ROOM_MIB = 2**40, 1


def certificate(name, issuer=None, is_authority=False):
    """A key and a certificate by `issuer`, or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_key, issuer_name = (issuer[0], issuer[1].subject) if issuer else (key, subject)
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer_name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - HOUR).not_valid_after(now + HOUR)
    builder = builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    if not is_authority:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return key, builder.sign(issuer_key, hashes.SHA256())


def pem(certified):
    return certified[1].public_bytes(serialization.Encoding.PEM)


class Receiver:
    """An HTTPS server that answers as its script says, then takes everything."""

    def __init__(self, stage, name, authority, answers=()):
        self.calls, self.answers, self.refused = [], list(answers), []
        key, own = certificate(name, authority)
        file = stage.directory / f"{name}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + pem((key, own)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["content-length"]))
                answer = receiver.answers.pop(0) if receiver.answers else 204
                self.send_response(answer)
                if answer == 307:
                    self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()
                heard(receiver.calls, (self.path, dict(self.headers.items()), body, answer))

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def get_request(self):
                try:
                    return super().get_request()
                except ssl.SSLError as error:
                    heard(receiver.refused, str(error))
                    raise

        self.port = free_port()
        server = Server(("127.0.0.1", self.port), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stage.callback(server.shutdown)

    def taken(self):
        return [call for call in list(self.calls) if call[3] == 204]


def serve(stage, name, receiver, authority, secrets, floor_mib):
    (stage.directory / "ca.pem").write_bytes(pem(authority))
    secret_file = stage.directory / "secret"
    secret_file.write_text("".join(f"{secret}\n" for secret in secrets))
    config = stage.directory / f"{name}.yaml"
    config.write_text(
        json.dumps(
            {
                "data": str(stage.directory / "data"),
                "listen": f"127.0.0.1:{free_port()}",
                "metrics_listen": f"127.0.0.1:{free_port()}",
                "log": {"free_space_floor_mib": floor_mib},
                "webhook": {
                    "url": f"https://127.0.0.1:{receiver.port}/hook",
                    "secret_file": str(secret_file),
                    "ca_file": str(stage.directory / "ca.pem"),
                    "timeout_seconds": 5,
                },
            }
        )
    )
    server = stage.start(name, [FLEETFOLD, "serve", "--config", config], make=Program, cwd=stage.directory)
    server.wait_line(r"^Ready\.")
    return server


def check_call(call, secrets):
    path, headers, body, _ = call
    headers = {name.lower(): value for name, value in headers.items()}
    if path != "/hook":
        raise Failed(f"a request for {path}")
    if len(headers["webhook-signature"].split()) != len(secrets):
        raise Failed(f"{headers['webhook-signature']} is not one signature for each secret")
    for secret in secrets:
        if Webhook(secret).verify(body.decode(), headers) != json.loads(body):
            raise Failed("what was verified is not what was sent")
    return headers["webhook-id"], json.loads(body)


def told_until_taken(stage):
    secrets = ["whsec_" + base64.b64encode(os.urandom(32)).decode() for _ in range(2)]
    authority = certificate("authority", is_authority=True)
    stranger = certificate("stranger", is_authority=True)
    step("an alert is told until it is taken")
    receiver = Receiver(stage, "receiver", authority, answers=[503, 307])
    server = serve(stage, "server", receiver, authority, secrets, NO_ROOM_MIB)
    wait_for(receiver.taken, "the alert is taken")
    told = [check_call(call, secrets) for call in receiver.calls]
    check([call[3] for call in receiver.calls] == [503, 307, 204], "refused, sent elsewhere, and taken")
    check(told[0] == told[1] == told[2], "each time it was the same, signed with both secrets")
    first, body = told[0]
    what = (body["type"], body["data"]["id"], body["data"]["alert"]["alert"])
    check(what == ("alert.raised", "storage_low", "storage_low"), f"{' '.join(what)}, by id {first}")
    check(server.stop() == 0, "the server has stopped")

    step("a server that another authority vouches for is told nothing")
    false = Receiver(stage, "false", stranger)
    server = serve(stage, "server-2", false, authority, secrets, ROOM_MIB)
    wait_for(lambda: false.refused, "somebody is not trusted")
    check(not false.calls, f"the connection was given up: {false.refused[0]}")
    check(server.stop() == 0, "the server has stopped")

    step("what it was not told comes after the next start, and nothing else")
    serve(stage, "server-3", receiver, authority, secrets, ROOM_MIB)
    wait_for(lambda: len(receiver.taken()) == 2, "the end of the alert is taken")
    second, body = check_call(receiver.calls[-1], secrets)
    check((body["type"], body["data"]["id"]) == ("alert.cleared", "storage_low"), f"alert.cleared, by id {second}")
    check(len(receiver.calls) == 4 and second != first, "it is another notice")


if __name__ == "__main__":
    sys.exit(play(told_until_taken))
