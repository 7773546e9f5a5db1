#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Long loads and faults against a daemon on loopback, one command each; by hand, not in CI."""

import argparse
import datetime
import os
import random
import resource
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Benchmarks"))
import brokers  # noqa: E402
import identity_loads  # noqa: E402


def say(text):
    print(text, flush=True)


def raise_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def connect_packet(name):
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack(">H", len(name)) + name
    return bytes([0x10, len(body)]) + body


def subscribe_packet(topic):
    body = b"\x00\x01" + struct.pack(">H", len(topic)) + topic + b"\x00"
    return bytes([0x82, len(body)]) + body


def context(folder, with_certificate=False):
    made = ssl.create_default_context(cafile=folder.file("ca.crt"))
    if with_certificate:
        made.load_cert_chain(folder.file("device.crt"), folder.file("device.key"))
    return made


def make_device(folder):
    folder.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "device.key")
    folder.openssl("req", "-new", "-key", "device.key", "-out", "device.csr", "-subj", "/CN=fuzz")
    folder.openssl("x509", "-req", "-in", "device.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                   "-CAcreateserial", "-days", "30", "-out", "device.crt")


def in_background(folder, broker, words, listener="tls"):
    """Starts a measurement in a process of its own; the answer waits for its result."""
    box = {}
    thread = threading.Thread(
        target=lambda: box.update(brokers.measure(folder, broker, words, listener) or {})
    )
    thread.start()

    def result():
        thread.join()
        return box

    return result


def idle(folder, given):
    """18,000 idle TLS connections."""
    limits = "[limits]\nhandshakes-per-source = 1000\n"
    daemon = brokers.sealwired(folder, given.shards, limits)
    try:
        count = min(given.count or 18_000, raise_limit() - 500)
        words = ["idle", "--clients", str(count), "--parallel", "200", "--sources", "8",
                 "--seconds", "10", "--subscribe"]
        found = brokers.measure(folder, daemon, words)
        say(f"idle: {found['connections']} of {count} TLS connections in "
            f"{found['connect_seconds']:.0f} s, {found['bytes_per_connection']:.0f} bytes each, "
            f"{found['failed_connections']} failed; {found['complaint']}")
        return found["connections"] == count and daemon.is_alive
    finally:
        daemon.stop()


def storm(folder, given):
    """5,000 devices reconnect at once while 1,000 others receive."""
    daemon = brokers.sealwired(folder, given.shards)
    try:
        receive = ["fanout", "--clients", "1000", "--rate", "2", "--seconds", "15",
                   "--warmup", "2", "--sources", "20", "--parallel", "32"]
        before = brokers.measure(folder, daemon, receive)
        during = in_background(folder, daemon, receive)
        time.sleep(5)
        count = given.count or 5000
        devices = brokers.measure(folder, daemon, [
            "idle", "--clients", str(count), "--parallel", str(count), "--sources", "250",
            "--retry", "--seconds", "1", "--topic-prefix", "storm"])
        during = during()
        calm, busy = before["latency_p99_us"] / 1000, during["latency_p99_us"] / 1000
        say(f"storm: {devices['connections']} devices connected in "
            f"{devices['connect_seconds']:.1f} s ({devices['retried_connections']} tries more); "
            f"p99 of 1,000 receivers {calm:.1f} ms before, {busy:.1f} ms during, longest "
            f"{during['latency_max_us'] / 1000:.1f} ms, lost {during['lost']}")
        return (busy - calm <= 100 and devices["connections"] == count
                and brokers.is_clean(during))
    finally:
        daemon.stop()


def stuck(folder, given):
    """A subscriber that stops reading."""
    daemon = brokers.sealwired(folder, given.shards)
    try:
        words = ["pairs", "--clients", "20", "--rate", "20000", "--size", "512", "--seconds", "10",
                 "--topic-prefix", "stuck"]
        alone = brokers.measure(folder, daemon, words, "plain")
        before = daemon.resident_kib()
        readers = []
        for index in range(5):
            reader = socket.create_connection(("127.0.0.1", daemon.ports["plain"]))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.sendall(connect_packet(b"stuck-%d" % index) + subscribe_packet(b"stuck/#"))
            reader.recv(9)
            readers.append(reader)
        with_stuck = in_background(folder, daemon, words, "plain")
        most = 0
        for _ in range(24):
            time.sleep(0.5)
            most = max(most, daemon.resident_kib())
        with_stuck = with_stuck()
        say(f"stuck: 5 subscribers read nothing; the others' delivered "
            f"{with_stuck['delivered']} (alone {alone['delivered']}), lost {with_stuck['lost']}, "
            f"p99 {with_stuck['latency_p99_us'] / 1000:.1f} ms (alone "
            f"{alone['latency_p99_us'] / 1000:.1f} ms); memory {before} KiB before, at most "
            f"{most} KiB; {with_stuck['complaint']}")
        return brokers.is_clean(with_stuck) and most - before < 64 << 10
    finally:
        daemon.stop()


def half_open(folder, given):
    """10,000 half-open handshakes."""
    raise_limit()
    daemon = brokers.sealwired(folder, given.shards)
    try:
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)
        before = daemon.resident_kib()
        held = []
        count = given.count or 10_000
        for index in range(count):
            attacker = socket.socket()
            attacker.bind((f"127.0.{1 + index % given.sources}.9", 0))
            attacker.setblocking(False)
            attacker.connect_ex(("127.0.0.1", daemon.ports["tls"]))
            held.append(attacker)
            if index % 100 == 99:
                time.sleep(0.01)
        time.sleep(0.5)
        for attacker in held:
            try:
                attacker.send(hello)
            except OSError:
                pass
        began = time.monotonic()
        others = brokers.measure(folder, daemon, [
            "pairs", "--clients", "50", "--rate", "500", "--seconds", "3", "--retry"])
        spent = time.monotonic() - began
        still = 0
        for attacker in held:
            try:
                if attacker.recv(1) == b"":
                    continue
            except BlockingIOError:
                still += 1
            except OSError:
                continue
        most = daemon.resident_kib()
        say(f"half-open: {count} from {given.sources} addresses, {still} still held after "
            f"{spent:.0f} s; 100 others connected in {others['connect_seconds']:.1f} s "
            f"({others['retried_connections']} tries more), lost {others['lost']}; memory "
            f"{before} KiB before, {most} KiB with them")
        for attacker in held:
            attacker.close()
        return brokers.is_clean(others) and others["connections"] == 100 and daemon.is_alive
    finally:
        daemon.stop()


def packets(dice):
    """One packet, mostly valid, of any type and in no sensible order."""
    def text(most=12):
        return bytes(dice.choice(b"abc/+#$x") for _ in range(dice.randrange(1, most)))

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
        lambda: frame(0x30 | dice.choice([0, 1]), short(text().replace(b"+", b"p").replace(
            b"#", b"h")) + five + os.urandom(dice.randrange(0, 200))),
        lambda: frame(0x32 | dice.choice([0, 1, 8]), short(b"t/" + text(4).replace(
            b"+", b"p").replace(b"#", b"h")) + number + five + b"payload"),
        lambda: frame(0x34, short(b"t/x") + number + five + b"payload"),
        lambda: frame(dice.choice([0x40, 0x50, 0x62, 0x70]), number + five),
        lambda: frame(0x82, number + five + short(text()) + bytes([dice.randrange(3)])),
        lambda: frame(0x82, number + five + short(b"t/#") + b"\x02"),
        lambda: frame(0xA2, number + five + short(text())),
        lambda: b"\xc0\x00",
        lambda: b"\xe0\x00",
        lambda: frame(0xF0, b""),
    ]
    return dice.choice(kinds)()


def fuzz_listener(folder, daemon, listener, seed, deadline, totals, with_packets):
    dice = random.Random(seed)
    tls = None if listener == "plain" else context(folder, listener == "mtls")
    while time.monotonic() < deadline and daemon.is_alive:
        try:
            raw = socket.create_connection(("127.0.0.1", daemon.ports[listener]), 5)
            # Half of the random bytes meet TLS itself, half what is behind it.
            inside = tls is None or with_packets or dice.random() < 0.5
            link = tls.wrap_socket(raw, server_hostname="localhost") if tls and inside else raw
            link.settimeout(0.02)
            if with_packets and dice.random() < 0.9:
                link.sendall(connect_packet(b"fuzz-%d" % dice.randrange(50)))
            for _ in range(dice.randrange(1, 40)):
                chunk = (b"".join(packets(dice) for _ in range(dice.randrange(1, 8)))
                         if with_packets else dice.randbytes(dice.randrange(1, 400)))
                if with_packets and dice.random() < 0.05:
                    place = dice.randrange(len(chunk))
                    chunk = chunk[:place] + dice.randbytes(1) + chunk[place + 1:]
                link.sendall(chunk)
                totals["bytes"] += len(chunk)
                try:
                    if not link.recv(65536):
                        break
                except (TimeoutError, ssl.SSLWantReadError):
                    pass
            totals["connections"] += 1
            link.close()
        except (OSError, ssl.SSLError):
            totals["connections"] += 1


def fuzz(folder, given, with_packets):
    make_device(folder)
    daemon = brokers.sealwired(folder, given.shards, "[limits]\nhandshakes-per-source = 1000\n")
    try:
        before = daemon.resident_kib()
        deadline = time.monotonic() + given.minutes * 60
        totals = {name: {"bytes": 0, "connections": 0} for name in ("plain", "tls", "mtls")}
        threads = [
            threading.Thread(target=fuzz_listener, args=(
                folder, daemon, name, given.seed * 100 + index, deadline, totals[name],
                with_packets))
            for index, name in enumerate(["plain", "tls", "mtls"] * 2)
        ]
        for thread in threads:
            thread.start()
        most, middle = 0, 0
        while any(thread.is_alive() for thread in threads):
            time.sleep(1)
            if not daemon.is_alive:
                break
            most = max(most, daemon.resident_kib())
            if time.monotonic() < deadline - given.minutes * 30:
                middle = most
        for thread in threads:
            thread.join()
        what = "packets" if with_packets else "bytes"
        if not daemon.is_alive:
            with open(daemon.log, errors="replace") as log:
                say(f"fuzz-{what}: the daemon ended: {log.read()[-4000:]}")
            return False
        check = brokers.measure(folder, daemon, ["pairs", "--clients", "5", "--seconds", "1"])
        shares = ", ".join(
            f"{name} {one['connections']} connections {one['bytes'] >> 10} KiB"
            for name, one in totals.items())
        say(f"fuzz-{what}: {given.minutes:g} minutes with seed {given.seed}: {shares}; memory "
            f"{before} KiB before, {middle} KiB at most in the first half, {most} KiB in all; "
            f"afterwards lost {check['lost']}")
        return brokers.is_clean(check)
    finally:
        daemon.stop()


LOADS = {
    "idle": idle,
    "storm": storm,
    "stuck": stuck,
    "half-open": half_open,
    "revocation": identity_loads.revocation,
    "bulk": identity_loads.bulk,
    "fuzz-bytes": lambda folder, given: fuzz(folder, given, False),
    "fuzz-packets": lambda folder, given: fuzz(folder, given, True),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="?", default="", help=", ".join(LOADS))
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10, help="of each fuzzing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=0, help="connections, instead of the usual")
    parser.add_argument("--sources", type=int, default=5, help="addresses of half-open ones")
    given = parser.parse_args()
    chosen = [name for name in LOADS if given.only in ("", name)]
    if not chosen:
        sys.exit(f"error: no load is called {given.only}; there are {', '.join(LOADS)}")
    say(f"{datetime.date.today()}, {brokers.revision()}, {os.cpu_count()} processors, "
        f"{given.shards} shards")
    is_good = True
    for name in chosen:
        folder = brokers.Folder()
        try:
            passed = LOADS[name](folder, given)
        finally:
            folder.remove()
        say(f"load {name:14s} {'ok' if passed else 'FAILED'}")
        is_good = is_good and passed
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
