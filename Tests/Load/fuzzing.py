# SPDX-License-Identifier: Apache-2.0
"""Random bytes, and valid packets and requests in random order, on each kind of listener."""

import json
import os
import pathlib
import random
import re
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Benchmarks"))
import brokers  # noqa: E402
import registries  # noqa: E402

# The daemon's listeners, and whether who connects speaks TLS, with a certificate, and HTTP.
KINDS = {
    "plain": (False, False, False),
    "tls": (True, False, False),
    "mtls": (True, True, False),
    "registry": (True, True, False),
    "api": (True, False, True),
    "metrics": (False, False, True),
}

DEVICE = b"fuzz"

# Beside the paths that the API's own document names.
PATHS = ["/", "/health/live", "/health/ready", "/metrics", "/a/../b", "/%00", "/%zz"]

BODIES = [
    b"", b"{}", b"[]", b"{\"a\":", b"null", b"\"x\"", b"ID;AUTH_TYPE\nd-1;CERTIFICATES\n",
    b"{\"id\":\"d-1\"}", b"{\"username\":\"a\",\"password\":\"b\"}", b"grant_type=PASSWORD&a=b",
    b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n", b"[" * 200, b"\xff\xfe",
]  # fmt: skip

TYPES = [
    "application/json", "text/csv", "multipart/form-data; boundary=x", "application/pkcs10",
    "application/x-www-form-urlencoded", "text/plain", "a", "",
]  # fmt: skip


def say(text):
    print(text, flush=True)


def connect_packet(name):
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack(">H", len(name)) + name
    return bytes([0x10, len(body)]) + body


def context(folder, with_certificate):
    made = ssl.create_default_context(cafile=folder.file("ca.crt"))
    if with_certificate:
        made.load_cert_chain(folder.file("device.crt"), folder.file("device.key"))
    return made


def make_device(folder):
    subject = "/CN=" + DEVICE.decode()
    folder.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "device.key")
    folder.openssl("req", "-new", "-key", "device.key", "-out", "device.csr", "-subj", subject)
    folder.openssl("x509", "-req", "-in", "device.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                   "-CAcreateserial", "-days", "30", "-out", "device.crt")


def packets(dice):
    """One packet, mostly valid, of any type and in no sensible order."""
    def text(most=12):
        return bytes(dice.choice(b"abc/+#$x") for _ in range(dice.randrange(1, most)))

    def name(most=12):
        return text(most).replace(b"+", b"p").replace(b"#", b"h")

    def short(value):
        return struct.pack(">H", len(value)) + value

    def frame(first, body):
        length, size = b"", len(body)
        while True:
            byte, size = size & 0x7F, size >> 7
            length += bytes([byte | (0x80 if size else 0)])
            if not size:
                return bytes([first]) + length + body

    number = struct.pack(">H", dice.choice([1, 2, 3, dice.randrange(1, 65536)]))
    level = dice.choice([3, 4, 5])
    five = b"\x00" if dice.random() < 0.4 else b""
    kinds = [
        lambda: frame(0x10, short(b"MQIsdp" if level == 3 else b"MQTT") + bytes([level])
                      + bytes([dice.choice([0, 2, 2, 0x26, 0x2E])]) + b"\x00\x1e"
                      + (b"\x00" if level == 5 else b"") + short(text())
                      + short(b"will/t") + short(b"gone")),
        lambda: connect_packet(b"f" + text()),
        lambda: frame(0x30 | dice.choice([0, 1]), short(name()) + five
                      + os.urandom(dice.randrange(0, 200))),
        lambda: frame(0x32 | dice.choice([0, 1, 8]), short(b"t/" + name(4)) + number + five
                      + b"payload"),
        lambda: frame(0x34, short(b"t/x") + number + five + b"payload"),
        lambda: frame(0x32, short(dice.choice([b"s/us", b"s/uat", b"v1/devices/me/attributes",
                                               b"devices/x/credentials/request"]))
                      + number + five + dice.choice([b"", b"100,a", b"{}", b"500", b"11,\"a"])),
        lambda: frame(dice.choice([0x40, 0x50, 0x62, 0x70]), number + five),
        lambda: frame(0x82, number + five + short(text()) + bytes([dice.randrange(3)])),
        lambda: frame(0x82, number + five + short(dice.choice([b"t/#", b"s/dat", b"s/e"]))
                      + b"\x02"),
        lambda: frame(0xA2, number + five + short(text())),
        lambda: b"\xc0\x00",
        lambda: b"\xe0\x00",
        lambda: frame(0xF0, dice.choice([b"", b"\x18\x10\x15\x00\x0dSCRAM-SHA-256"])),
    ]  # fmt: skip
    return dice.choice(kinds)()


def api_paths(daemon, folder):
    """The paths of the API, with something in place of their parameters."""
    address = f"https://localhost:{daemon.ports['api']}/openapi.json"
    with urllib.request.urlopen(address, context=context(folder, False)) as answer:
        return [re.sub(r"{\w+}", "x", path) for path in json.load(answer)["paths"]]


def request(dice, paths):
    """One request of HTTP, mostly valid, for any resource and in no sensible order."""
    method = dice.choice(["GET"] * 6 + ["POST"] * 4 + ["PUT", "DELETE", "HEAD", "OPTIONS", "X"])
    path = dice.choice(paths) + dice.choice([""] * 6 + ["/a", "?pageSize=2", "?a=%20&&b", "/"])
    body = b"" if method in ("GET", "HEAD") else dice.choice(BODIES)
    fields = ["Host: localhost"]
    if dice.random() < 0.5:
        fields.append("Authorization: " + dice.choice(
            ["Basic YmVuY2gvYWRtaW46eA==", "Bearer e30.e30.AA", "Basic !", "Digest a=b", "Bearer"]))
    if body and dice.random() < 0.9:
        fields.append("Content-Type: " + dice.choice(TYPES))
    if body and dice.random() < 0.3:
        middle = dice.randrange(len(body) + 1)
        parts = [part for part in (body[:middle], body[middle:]) if part]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        fields.append("Transfer-Encoding: chunked")
    elif body or method == "POST":
        fields.append(f"Content-Length: {len(body)}")
    if dice.random() < 0.1:
        fields.append(dice.choice(["Expect: 100-continue", "Connection: close", "A" * 300 + ": b",
                                   "Upgrade: websocket", "Range: bytes=0-1", "Cookie: a=b"]))
    head = f"{method} {path} HTTP/1.1\r\n" + "\r\n".join(fields) + "\r\n\r\n"
    return head.encode() + body


class Fuzzer(threading.Thread):
    """Makes one connection after the other to one listener."""

    def __init__(self, folder, daemon, kind, seed, deadline, totals, paths):
        super().__init__()
        self.daemon_, self.kind, self.deadline, self.totals = daemon, kind, deadline, totals
        self.paths, self.with_packets = paths, paths is not None
        self.dice = random.Random(seed)
        speaks_tls, with_certificate, self.is_http = KINDS[kind]
        self.tls = context(folder, with_certificate) if speaks_tls else None

    def run(self):
        while time.monotonic() < self.deadline and self.daemon_.is_alive:
            try:
                self.one_connection()
            except (OSError, ssl.SSLError):
                pass
            self.totals["connections"] += 1

    def chunk(self):
        dice = self.dice
        if not self.with_packets:
            return dice.randbytes(dice.randrange(1, 400))
        count = dice.randrange(1, 8)
        made = b"".join(request(dice, self.paths) if self.is_http else packets(dice)
                        for _ in range(count))
        if dice.random() < 0.05:
            place = dice.randrange(len(made))
            made = made[:place] + dice.randbytes(1) + made[place + 1:]
        return made

    def one_connection(self):
        dice = self.dice
        with socket.create_connection(("127.0.0.1", self.daemon_.ports[self.kind]), 5) as link:
            # Half of the random bytes meet TLS itself, half what is behind it.
            if self.tls and (self.with_packets or dice.random() < 0.5):
                link = self.tls.wrap_socket(link, server_hostname="localhost")
            with link:
                link.settimeout(0.02)
                if self.with_packets and not self.is_http and dice.random() < 0.9:
                    name = b"fuzz-%d" % dice.randrange(50)
                    if self.kind == "registry" and dice.random() < 0.8:
                        name = DEVICE
                    link.sendall(connect_packet(name))
                for _ in range(dice.randrange(1, 40)):
                    chunk = self.chunk()
                    link.sendall(chunk)
                    self.totals["bytes"] += len(chunk)
                    try:
                        if not link.recv(65536):
                            break
                    except (TimeoutError, ssl.SSLWantReadError):
                        pass


def fuzz(folder, given, with_packets):
    what = "packets" if with_packets else "bytes"
    make_device(folder)
    limits = "[limits]\nhandshakes-per-source = 1000\n"
    daemon = registries.sealwired(folder, given.shards, extra=limits)
    try:
        daemon.operator.register([DEVICE.decode()])
        paths = PATHS + api_paths(daemon, folder) if with_packets else None
        before = daemon.resident_kib()
        deadline = time.monotonic() + given.minutes * 60
        totals = {kind: {"bytes": 0, "connections": 0} for kind in KINDS}
        fuzzers = [
            Fuzzer(folder, daemon, kind, given.seed * 100 + index, deadline, totals[kind], paths)
            for index, kind in enumerate(KINDS)
        ]  # fmt: skip
        for fuzzer in fuzzers:
            fuzzer.start()
        most, middle = before, before
        while any(fuzzer.is_alive() for fuzzer in fuzzers):
            time.sleep(1)
            if not daemon.is_alive:
                break
            most = max(most, daemon.resident_kib())
            if time.monotonic() < deadline - given.minutes * 30:
                middle = most
        for fuzzer in fuzzers:
            fuzzer.join()
        if not daemon.is_alive:
            with open(daemon.log, errors="replace") as log:
                say(f"fuzz-{what}: the daemon ended: {log.read()[-4000:]}")
            return False
        check = brokers.measure(folder, daemon, ["pairs", "--clients", "5", "--seconds", "1"])
        shares = ", ".join(
            f"{kind} {one['connections']} connections {one['bytes'] >> 10} KiB"
            for kind, one in totals.items())
        say(f"fuzz-{what}: {given.minutes:g} minutes with seed {given.seed}: {shares}; memory "
            f"{before} KiB before, {middle} KiB at most in the first half, {most} KiB in all; "
            f"afterwards lost {check['lost']}")
        return brokers.is_clean(check) and all(one["connections"] for one in totals.values())
    finally:
        daemon.stop()
