#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures sealwired beside mosquitto in one run, row by row in turn, and prints the ratios.

Figures of different runs do not compare; the ratio within a run does.
"""

import argparse
import datetime
import os
import platform
import statistics

import brokers
import registries

CPU, MEMORY, MEDIAN = "server_cpu_us", "bytes_per_connection", "latency_p50_us"

# name, words, listener, figure, must, aim, whether it counts for the default shards only
ROWS = [
    ("pairs, QoS 0", "pairs", "tls", CPU, 0.10, 0.05, False),
    ("fan-in, QoS 0", "fanin", "tls", CPU, 0.10, 0.05, False),
    ("fan-out, QoS 0", "fanout", "tls", CPU, 0.15, 0.08, False),
    ("pairs, QoS 1", "pairs --qos 1", "tls", CPU, 0.08, 0.05, False),
    ("pairs, QoS 2", "pairs --qos 2", "tls", CPU, 0.08, 0.05, False),
    ("pairs, QoS 1, 1 KiB", "pairs --qos 1 --size 1024", "tls", CPU, 0.12, 0.08, False),
    ("200 pairs, QoS 0, window 1", "pairs --clients 200 --window 1", "tls", CPU, 0.85, 0.7, True),
    ("200 pairs, QoS 1, window 1", "pairs --clients 200 --window 1 --qos 1", "tls", CPU, 0.85, 0.7,
     True),
    ("connect, mutual TLS", "connect", "mtls", CPU, 0.60, 0.35, False),
    ("connect, mutual TLS, registry", "connect --identity-ids", "registry", CPU, 0.65, 0.40,
     False),
    ("memory, idle mutual TLS", "idle --clients 5000 --parallel 64 --seconds 2", "mtls", MEMORY,
     1.0, 0.7, False),
    ("median latency, 2,000/s", "pairs --rate 2000", "tls", MEDIAN, 1.1, 0.9, True),
]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, fewer connections")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--shards", default="1,2", help="numbers of shards, with commas")
    given = parser.parse_args()
    if given.quick:
        given.rounds, given.seconds = 1, 1
    return given


def words(row, given, folder):
    chosen = row[1].split()
    if given.quick:
        chosen = ["1000" if word == "5000" else word for word in chosen]
    if "--seconds" not in chosen:
        chosen += ["--seconds", str(given.seconds), "--warmup", str(min(1, given.seconds / 2))]
    if row[2] != "tls":
        chosen += ["--identities", folder.file("devices"), "--identity-count",
                   "100" if given.quick else "1000", "--issuer-cert", folder.file("ca.crt"),
                   "--issuer-key", folder.file("ca.key")]
    return chosen


def run_row(row, given, folder, running, results):
    name, _, listener, figure, _, _, is_default = row
    for _ in range(given.rounds):
        for label, start in running.items():
            if is_default and label not in ("mosquitto", "sealwire 1"):
                continue
            # Memory is measured on a heap that nobody has used before.
            fresh = start["start"]() if figure == MEMORY else None
            broker = fresh or start["broker"]
            # mosquitto has no registry: it asks for a certificate of the authority.
            port = listener if listener in broker.ports else "mtls"
            result = brokers.measure(folder, broker, words(row, given, folder), port)
            if fresh:
                fresh.stop()
            cell = results.setdefault((name, label), {"values": [], "complaints": []})
            if result[figure] is not None:
                cell["values"].append(result[figure])
            if not brokers.is_clean(result):
                cell["complaints"].append(result["complaint"] or "lost, repeated or late")


def report(row, given, running, results):
    name, _, _, _, must, aim, _ = row
    rival = results[(name, "mosquitto")]
    cells = [f"{name:30s}"]
    base = statistics.median(rival["values"]) if rival["values"] else None
    cells.append(f"{base:10.2f}" if base else f"{'-':>10s}")
    verdict = ""
    for label in running:
        if label == "mosquitto":
            continue
        cell = results.get((name, label))
        if not cell or not cell["values"] or not base:
            cells.append(f"{'-':>10s} {'-':>6s}")
            continue
        value = statistics.median(cell["values"])
        ratio = value / base
        cells.append(f"{value:10.2f} {ratio:6.3f}")
        word = "aim" if ratio <= aim else "must" if ratio <= must else "MISSED"
        if cell["complaints"]:
            word = "NOT CLEAN"
            print(f"  {label}: {cell['complaints'][0]}")
        verdict += f" {word:9s}"
    print(" ".join(cells) + f" {must:6.2f} {aim:6.2f}" + verdict, flush=True)
    return "MISSED" not in verdict and "NOT CLEAN" not in verdict


def main():
    given = arguments()
    folder = brokers.Folder()
    running = {"mosquitto": {"start": lambda: brokers.mosquitto(folder)}}
    for count in given.shards.split(","):
        running[f"sealwire {count}"] = {
            "start": lambda count=count: registries.sealwired(folder, int(count))
        }
    is_good = True
    try:
        for one in running.values():
            one["broker"] = one["start"]()
        print(f"{datetime.date.today()}, {brokers.revision()}, {platform.machine()}, "
              f"{os.cpu_count()} processors, Linux {platform.release()}, TLS 1.3, "
              f"{given.rounds} rounds of {given.seconds:g} s; server CPU in microseconds a message "
              "or connection, memory in bytes, latency in microseconds")
        heads = [f"{'row':30s}", f"{'mosquitto':>10s}"]
        heads += [f"{label:>10s} {'ratio':>6s}" for label in running if label != "mosquitto"]
        print(" ".join(heads) + f" {'must':>6s} {'aim':>6s} verdicts")
        results = {}
        for row in ROWS:
            if given.only in row[0]:
                run_row(row, given, folder, running, results)
                is_good = report(row, given, running, results) and is_good
    finally:
        for one in running.values():
            if "broker" in one:
                one["broker"].stop()
        folder.remove()
    raise SystemExit(0 if is_good or given.quick else 1)


if __name__ == "__main__":
    main()
