#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Long loads and faults against a daemon on loopback, one command each; by hand, not in CI."""

import argparse
import datetime
import os
import pathlib
import resource
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Benchmarks"))
import brokers  # noqa: E402
import fuzzing  # noqa: E402
import identity_loads  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "hostile"))
import course  # noqa: E402
import soak  # noqa: E402


def say(text):
    print(text, flush=True)


def raise_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def subscribe_packet(topic):
    body = b"\x00\x01" + struct.pack(">H", len(topic)) + topic + b"\x00"
    return bytes([0x82, len(body)]) + body


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
            hello = fuzzing.connect_packet(b"stuck-%d" % index)
            reader.sendall(hello + subscribe_packet(b"stuck/#"))
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


LOADS = {
    "idle": idle,
    "storm": storm,
    "stuck": stuck,
    "half-open": half_open,
    "revocation": identity_loads.revocation,
    "bulk": identity_loads.bulk,
    "hostile": course.hostile,
    "soak": soak.soak,
    "fuzz-bytes": lambda folder, given: fuzzing.fuzz(folder, given, False),
    "fuzz-packets": lambda folder, given: fuzzing.fuzz(folder, given, True),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="?", default="", help=", ".join(LOADS))
    parser.add_argument("--shards", type=int, default=0, help="1; hostile: 1, then 2")
    parser.add_argument("--minutes", type=float, default=10, help="of each fuzzing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=0, help="connections, instead of the usual")
    parser.add_argument("--sources", type=int, default=5, help="addresses of half-open ones")
    parser.add_argument("--attack", default="", help="one of hostile, or several by comma")
    parser.add_argument("--seconds", type=float, default=0, help="of an attack or of the soak")
    parser.add_argument("--settle", type=float, default=30, help="seconds for memory to come back")
    parser.add_argument("--table", default="", help="a file to which rows of a table are added")
    given = parser.parse_args()
    given.shards_given, given.shards = given.shards > 0, given.shards or 1
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
