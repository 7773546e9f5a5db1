# SPDX-License-Identifier: Apache-2.0
# Ways of proving who one is that no client of MQTT brings along: SCRAM-SHA-256 in AUTH packets,
# written from RFC 5802 and 7677 with Python's own digests, and enrolment by EST with curl and
# openssl alone.

import base64
import hashlib
import hmac
import os
import secrets
import socket
import ssl
import subprocess
import time

import packets
from harness import (
    PATIENCE_SECONDS, Failed, Folder, Suite, check, equal, finish, need, run_well,
)  # fmt: skip
from rest import answered
from tenants import TENANT, Platform

suite = Suite("identity")
METHOD = "SCRAM-SHA-256"
PASSWORD = "correct horse, battery=staple"


def scram_password(platform, name):
    """A device that logs in with a password."""
    row = f'ID;AUTH_TYPE;CREDENTIALS\n{name};BASIC;"{PASSWORD}"\n'
    parts = {"file": ("devices.csv", "text/csv", row)}
    made = platform.api().upload("POST", "/devicecontrol/bulkNewDeviceRequests", parts)
    equal(answered(made, 201).json["numberOfSuccessful"], 1, "devices registered")


class Scram:
    """A client's side of the exchange (RFC 5802 §3)."""

    def __init__(self, user, password):
        self.password = password.encode()
        self.nonce = secrets.token_urlsafe(18)
        escaped = user.replace("=", "=3D").replace(",", "=2C")
        self.bare = f"n={escaped},r={self.nonce}"

    def first(self):
        return ("n,," + self.bare).encode()

    def final(self, challenge):
        text = challenge.decode()
        said = dict(part.split("=", 1) for part in text.split(","))
        check(said["r"].startswith(self.nonce) and said["r"] != self.nonce, "the server's nonce")
        check(int(said["i"]) >= 4096, "at least the iterations of RFC 7677")
        salted = hashlib.pbkdf2_hmac(
            "sha256", self.password, base64.b64decode(said["s"]), int(said["i"]))  # fmt: skip
        plain = f"c=biws,r={said['r']}"
        signed = f"{self.bare},{text},{plain}".encode()

        def digest(key, value):
            return hmac.new(key, value, hashlib.sha256).digest()

        client = digest(salted, b"Client Key")
        mask = digest(hashlib.sha256(client).digest(), signed)
        proof = bytes(one ^ other for one, other in zip(client, mask))
        signature = digest(digest(salted, b"Server Key"), signed)
        self.expected = b"v=" + base64.b64encode(signature)
        return f"{plain},p={base64.b64encode(proof).decode()}".encode()


def properties(data):
    """Authentication method and data of a block of properties."""
    found, place = {}, 0
    widths = {0x11: 4, 0x13: 2, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1,
              0x2A: 1}  # fmt: skip
    while place < len(data):
        kind, place = data[place], place + 1
        if kind in widths:
            place += widths[kind]
            continue
        size = int.from_bytes(data[place:place + 2], "big")
        found[kind], place = data[place + 2:place + 2 + size], place + 2 + size
    return found


class Talk:
    """A connection that authenticates packet by packet."""

    def __init__(self, platform):
        context = ssl.create_default_context(cafile=platform.trust)
        raw = socket.create_connection(
            ("127.0.0.1", platform.daemon.ports["mqtts"]), timeout=PATIENCE_SECONDS)  # fmt: skip
        self.socket = context.wrap_socket(raw, server_hostname="localhost")
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def packet(self):
        while not packets.split(self.data):
            more = self.socket.recv(65536)
            check(more, "the connection ended without an answer")
            self.data += more
        size = packets.split(self.data)
        one, self.data = self.data[:size], self.data[size:]
        return one

    def authentication(self, message):
        return b"\x15" + packets.text(METHOD) + b"\x16" + packets.text(message)

    def connect(self, scram, name):
        block = self.authentication(scram.first())
        self.socket.sendall(packets.connect(5, name, properties=block))

    def answer(self, first, message):
        """AUTH with `continue`; gives kind, code and properties of what comes back."""
        block = self.authentication(message)
        body = bytes([0x18 if first else 0x19]) + packets.block(5, block)
        self.socket.sendall(packets.packet(0xF0, body))
        return self.told()

    def told(self):
        one = self.packet()
        kind, start = one[0], 2
        check(one[1] < 0x80, "a short packet")
        code = one[start + 1] if kind == 0x20 else (one[start] if len(one) > 2 else 0)
        rest = one[start + (2 if kind == 0x20 else 1):]
        return kind, code, properties(rest[1:]) if rest else {}


def proven(platform, user, password, name):
    """The exchange of CONNECT: the code of the CONNACK, and the talk when it is 0."""
    talk, scram = Talk(platform), Scram(user, password)
    talk.connect(scram, name)
    kind, code, said = talk.told()
    if kind == 0x20:
        return code, talk
    equal((kind, code, said[0x15]), (0xF0, 0x18, METHOD.encode()), "the challenge")
    kind, code, said = talk.answer(True, scram.final(said[0x16]))
    equal(kind, 0x20, "kind of the answer to the proof")
    if code == 0:
        equal(said[0x15], METHOD.encode(), "method of the CONNACK")
        equal(said[0x16], scram.expected, "signature of the server")
    return code, talk


@suite.scenario("a password is proven by SCRAM-SHA-256, by both sides, and the session works")
def scram(platform):
    scram_password(platform, "scram-1")
    user = f"{TENANT}/device_scram-1"
    code, talk = proven(platform, user, PASSWORD, "scram-1")
    equal(code, 0, "code of CONNACK")
    with talk:
        talk.socket.sendall(packets.subscribe(5, "t"))
        equal(talk.packet()[0], 0x90, "kind of the answer to SUBSCRIBE")
        # [MQTT-4.12.1-1]: once more on the open connection, with the same method.
        again = Scram(user, PASSWORD)
        kind, code, said = talk.answer(False, again.first())
        equal((kind, code), (0xF0, 0x18), "answer to proving it once more")
        kind, code, said = talk.answer(True, again.final(said[0x16]))
        equal((kind, code), (0xF0, 0), "end of proving it once more")
        equal(said[0x16], again.expected, "signature of the server, once more")


@suite.scenario("a wrong password and an unknown user are refused alike, with a challenge before")
def wrong(platform):
    scram_password(platform, "scram-2")
    for user, password in ((f"{TENANT}/device_scram-2", "wrong"), (f"{TENANT}/device_x", PASSWORD)):
        code, talk = proven(platform, user, password, "scram-2")
        talk.socket.close()
        equal(code, 0x86, f"code of CONNACK for {user}")


@suite.scenario("another method, and a message that is none, are refused")
def broken(platform):
    with Talk(platform) as talk:
        block = b"\x15" + packets.text("SCRAM-SHA-1") + b"\x16" + packets.text("n,,n=a,r=b")
        talk.socket.sendall(packets.connect(5, "a", properties=block))
        equal(talk.told()[:2], (0x20, 0x8C), "answer to another method")
    with Talk(platform) as talk:
        block = talk.authentication(b"hello")
        talk.socket.sendall(packets.connect(5, "a", properties=block))
        kind, code, _ = talk.told()
        check(kind == 0x20 and code >= 0x80, f"answer to no message of SCRAM: {kind:x} {code:x}")


def curl(platform, *words):
    """curl with the API's certificate; the body, or an error with the status."""
    return run_well("curl", "--silent", "--show-error", "--fail-with-body", "--cacert",
                    platform.trust, *words)  # fmt: skip


@suite.scenario("curl and openssl enrol a device by EST, and renew its certificate")
def est(platform):
    need("curl")
    need("openssl")
    base = f"https://localhost:{platform.daemon.ports['api']}"
    api = platform.api()
    answered(api.post(f"/tenant/tenants/{TENANT}/certificate-authority"), 201)
    made = answered(api.post("/api/v1/enrolment-codes", {"identifier": "est-1"}), 201).json
    key, request = platform.folder / "est.key", platform.folder / "est.csr"
    message, leaf = platform.folder / "est.p7", platform.folder / "est.crt"
    run_well("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-subj", "/CN=est-1", "-keyout", key, "-outform", "DER", "-out",
             f"{request}.der")  # fmt: skip
    run_well("openssl", "base64", "-in", f"{request}.der", "-out", request)

    def enrolled(verb, *words):
        body = curl(platform, *words, "-H", "Content-Type: application/pkcs10", "--data-binary",
                    f"@{request}", f"{base}/.well-known/est/{TENANT}/{verb}")  # fmt: skip
        message.write_bytes(base64.b64decode(body))
        run_well("openssl", "pkcs7", "-inform", "DER", "-in", message, "-print_certs", "-out", leaf)
        code = platform.device((leaf, key), "est-1").code
        equal(code, 0, f"code of CONNACK with the certificate of {verb}")
        return leaf.read_text()

    def refused_twice():
        # The code ends when the answer has left, which may be a moment after it has come.
        for _ in range(PATIENCE_SECONDS * 10):
            try:
                enrolled("simpleenroll", "--config", secret)
            except Failed as failure:
                return check("401" in str(failure), f"a code counts once: {failure}")
            time.sleep(0.1)
        raise Failed("a code counted twice")

    secret = platform.folder / "est.curl"
    secret.write_text(f'user = "est-1:{made["code"]}"\n')
    first = enrolled("simpleenroll", "--config", secret)
    refused_twice()
    second = enrolled("simplereenroll", "--cert", leaf, "--key", key)
    check(first != second, "the second certificate is the first")
    authorities = curl(platform, f"{base}/.well-known/est/{TENANT}/cacerts")
    message.write_bytes(base64.b64decode(authorities))
    run_well("openssl", "pkcs7", "-inform", "DER", "-in", message, "-print_certs", "-out",
             platform.folder / "est-ca.crt")  # fmt: skip
    run_well("openssl", "verify", "-CAfile", platform.folder / "est-ca.crt", leaf)


@suite.scenario("strongSwan's pki enrols a device by EST, and renews its certificate")
def strongswan(platform):
    need("pki")
    base = f"https://localhost:{platform.daemon.ports['api']}"
    folder, api = platform.folder, platform.api()
    # Another scenario may have made it.
    api.post(f"/tenant/tenants/{TENANT}/certificate-authority")
    made = answered(api.post("/api/v1/enrolment-codes", {"identifier": "swan-1"}), 201).json
    key, request = folder / "swan.key", folder / "swan.csr"
    authority, leaf = folder / "swan-ca", folder / "swan.crt"
    key.write_bytes(run_bytes("pki", "--gen", "--type", "ecdsa", "--size", "256",
                              "--outform", "pem"))  # fmt: skip
    request.write_bytes(run_bytes("pki", "--req", "--in", key, "--type", "ecdsa", "--dn",
                                  "CN=swan-1", "--outform", "pem"))  # fmt: skip
    run_bytes("pki", "--estca", "--url", base, "--cacert", platform.trust, "--caout", authority,
              "--outform", "pem", "--force")  # fmt: skip
    root = folder / "swan-root.crt"
    message = base64.b64decode(curl(platform, f"{base}/.well-known/est/{TENANT}/cacerts"))
    (folder / "swan.p7").write_bytes(message)
    run_well("openssl", "pkcs7", "-inform", "DER", "-in", folder / "swan.p7", "-print_certs",
             "-out", root)  # fmt: skip
    common = ("pki", "--est", "--url", base, "--in", request, "--cacert", platform.trust,
              "--cacert", root, "--outform", "pem")  # fmt: skip
    leaf.write_bytes(run_bytes(*common, "--userpass", f"{TENANT}/swan-1:{made['code']}"))
    equal(platform.device((leaf, key), "swan-1").code, 0, "code of CONNACK")
    renewed = folder / "swan-2.crt"
    renewed.write_bytes(run_bytes(*common, "--cert", leaf, "--key", key))
    equal(platform.device((renewed, key), "swan-1").code, 0, "code of CONNACK after renewal")
    check(leaf.read_bytes() != renewed.read_bytes(), "the second certificate is the first")


def run_bytes(*words):
    """What a program writes to standard output, or an error with what it says."""
    done = subprocess.run([str(word) for word in words], capture_output=True, timeout=60)
    if done.returncode != 0:
        raise Failed(f"{words[:2]}: exit {done.returncode}: {done.stderr.decode()[-600:]}")
    return done.stdout


def main():
    with Folder() as folder:
        try:
            platform = Platform(folder)
            with platform.daemon:
                failed = suite.run(platform, os.environ.get("ONLY"), platform.daemon)
        except Failed as failure:
            print(f"FAIL {suite.name}: set-up — {failure}")
            failed = 1
    finish(failed)


if __name__ == "__main__":
    main()
