#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts sealwired's instructions for each delivered message and compares them with those stored.

Counted under callgrind, with one shard. The generator halts the daemon while it sends a burst and
waits until it sleeps again, so every run does the same work in the same steps; the difference of
a long and a short run leaves out start, handshakes and subscriptions.
"""

import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import time

import brokers

STORED = os.path.join(brokers.ROOT, "Benchmarks/instructions.json")
ALLOWED = 1.05
SHORT = 5
WORDS = "--clients 20 --window 32 --warmup 0 --parallel 4"
# What to run, and the bursts of the long run: handshakes vary by more than a message costs.
ROWS = {
    "fan-in QoS 0": ("fanin", 155),
    "fan-out QoS 0": ("fanout", 505),
    "pairs QoS 0": ("pairs", 155),
    "pairs QoS 1": ("pairs --qos 1", 105),
    "pairs QoS 2": ("pairs --qos 2", 65),
}


def instructions(pattern):
    """Instructions of each thread of a run that has ended."""
    counts = {}
    for path in glob.glob(pattern):
        thread = path.rsplit("-", 1)[-1]
        with open(path, errors="replace") as lines:
            for line in lines:
                if re.match(r"(totals|summary):", line):
                    counts[thread] = counts.get(thread, 0) + int(line.split()[1])
                    break
    return counts


def run(folder, row, bursts):
    """Instructions by thread, and messages delivered, of one daemon's life."""
    out = folder.file(f"counts-{time.monotonic_ns()}")
    prefix = ["valgrind", "--quiet", "--tool=callgrind", "--separate-threads=yes",
              f"--callgrind-out-file={out}"]
    daemon = brokers.sealwired(folder, 1, "[sys]\ninterval = 0\n[drain]\nseconds = 0\n", prefix)
    try:
        words = [*ROWS[row][0].split(), *WORDS.split(), "--bursts", str(bursts)]
        result = brokers.measure(folder, daemon, words, "tls")
    finally:
        daemon.stop()
    if not brokers.is_clean(result):
        brokers.fail(f"{row}: {result['complaint'] or 'lost, repeated or late messages'}")
    return instructions(out + "*"), result["delivered"]


def per_message(folder, row):
    short, few = run(folder, row, SHORT)
    long, many = run(folder, row, ROWS[row][1])
    # The shard's thread is the one that worked more; the others' handshakes are not the row's.
    most = max(long[thread] - short.get(thread, 0) for thread in long)
    return most / (many - few)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="stores what was counted")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    given = parser.parse_args()
    if not shutil.which("valgrind"):
        brokers.fail("valgrind is not installed: apt-get install valgrind")
    stored = {}
    if os.path.exists(STORED):
        with open(STORED) as lines:
            stored = json.load(lines)["instructions per delivered message"]
    folder = brokers.Folder()
    # valgrind does not understand the debugging sections of every compiler.
    subprocess.run(["strip", "-o", folder.file("sealwired"), brokers.SEALWIRED], check=True)
    brokers.SEALWIRED = folder.file("sealwired")
    os.environ["SWIFT_DETERMINISTIC_HASHING"] = "1"
    found, is_good = {}, True
    print(f"{'row':16s} {'stored':>8s} {'now':>8s} {'change':>8s}")
    try:
        for row in ROWS:
            if given.only not in row:
                continue
            found[row] = round(per_message(folder, row), 1)
            before = stored.get(row)
            change = found[row] / before if before else 1
            verdict = ""
            if before and change > ALLOWED and not given.update:
                verdict, is_good = "  MORE THAN ALLOWED", False
            elif before and change < 2 - ALLOWED:
                verdict = "  better: store it with --update"
            print(f"{row:16s} {before or '-':>8} {found[row]:8} {change - 1:+8.1%}{verdict}",
                  flush=True)
    finally:
        folder.remove()
    if given.update:
        with open(STORED, "w") as out:
            json.dump({"instructions per delivered message": {**stored, **found}}, out, indent=2)
            out.write("\n")
    raise SystemExit(0 if is_good else 1)


if __name__ == "__main__":
    main()
