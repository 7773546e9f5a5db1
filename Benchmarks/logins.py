#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what a login costs with a large registry beside the same with a small one.

Each connection is mutual TLS of one of 100 devices: handshake, chain, registry, CONNACK. The large
registry is kept in .build/bench-registry, because making it takes minutes.
"""

import argparse
import datetime
import json
import os
import shutil
import statistics
import subprocess
from concurrent.futures import ThreadPoolExecutor

import brokers
import registries

KEPT = os.path.join(brokers.ROOT, ".build/bench-registry")
CONNECTING = 100
MOST = 1.10


def authorities(count):
    """Certificates of authorities that have nothing to do with the devices."""
    path = os.path.join(KEPT, "authorities.pem")
    mark = "-----END CERTIFICATE-----\n"
    if os.path.exists(path):
        with open(path) as pems:
            found = [pem + mark for pem in pems.read().split(mark)[:-1]]
        if len(found) >= count:
            return found[:count]
    key = os.path.join(KEPT, "authority.key")
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key],
                   check=True)

    def make(number):
        return subprocess.run(
            ["openssl", "req", "-x509", "-new", "-key", key, "-days", "3650", "-subj",
             f"/O=Many/CN=authority {number}", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
            check=True, capture_output=True, text=True).stdout

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(make, range(count)))
    with open(path, "w") as out:
        out.writelines(found)
    return found


def large(given):
    """The folder with the large registry, and what its daemon is started with."""
    name = f"{given.devices}-{given.anchors}"
    place = os.path.join(KEPT, name)
    if os.path.exists(os.path.join(place, "complete")):
        with open(os.path.join(place, "complete")) as text:
            return place, json.load(text)["password"]
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    print(f"making a registry of {given.devices} devices and {given.anchors} authorities",
          flush=True)
    password = registries.first_run(place)
    folder = KeptFolder()
    more, tables = registries.listeners(os.path.join(place, "registry"))
    broker = brokers.sealwired(folder, 1, tables, listeners=more)
    try:
        operator = registries.Operator(broker, folder.file("ca.crt"), password)
        with open(folder.file("ca.crt")) as pem:
            # One more is there since the first run.
            operator.trust([pem.read(), *authorities(given.anchors - 2)])
        operator.register(f"device-{number}" for number in range(1, given.devices + 1))
    finally:
        broker.stop()
    with open(os.path.join(place, "complete"), "w") as out:
        json.dump({"password": password}, out)
    return place, password


class KeptFolder(brokers.Folder):
    """The certificates of these measurements, which stay as the large registry does."""

    def __init__(self):
        self.path = os.path.join(KEPT, "certificates")
        if not os.path.exists(self.file("server.crt")):
            brokers.Folder.__init__(self)
            os.makedirs(KEPT, exist_ok=True)
            place = os.path.join(KEPT, "certificates")
            shutil.rmtree(place, ignore_errors=True)
            shutil.move(self.path, place)
            self.path = place

    def remove(self):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1_000_000)
    parser.add_argument("--anchors", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    given = parser.parse_args()
    os.makedirs(KEPT, exist_ok=True)
    place, password = large(given)
    folder = KeptFolder()
    running = {}
    try:
        running["100 devices"] = registries.sealwired(folder, 1, devices=CONNECTING)
        running["large"] = registries.sealwired(
            folder, 1, os.path.join(place, "registry"), password)
        print(f"{datetime.date.today()}, {brokers.revision()}, {os.cpu_count()} processors, TLS "
              f"1.3, {given.rounds} rounds of {given.seconds:g} s; {CONNECTING} devices connect; "
              f"large: {given.devices} devices, {given.anchors} authorities; server CPU in "
              "microseconds a connection", flush=True)
        words = ["connect", "--identities", folder.file("devices"), "--identity-ids",
                 "--identity-count", str(CONNECTING), "--issuer-cert", folder.file("ca.crt"),
                 "--issuer-key", folder.file("ca.key"), "--seconds", str(given.seconds)]
        found = {name: [] for name in running}
        for _ in range(given.rounds):
            for name, broker in running.items():
                result = brokers.measure(folder, broker, words, "registry")
                if not brokers.is_clean(result):
                    brokers.fail(f"{name}: {result['complaint']}")
                found[name].append(result["server_cpu_us"])
        small, many = (statistics.median(found[name]) for name in running)
        for name, values in found.items():
            print(f"{name:12s} {statistics.median(values):8.1f}  ({min(values):.1f} to "
                  f"{max(values):.1f}), {running[name].resident_kib() >> 10} MiB", flush=True)
        print(f"ratio {many / small:.3f}, at most {MOST}")
        raise SystemExit(0 if many / small <= MOST else 1)
    finally:
        for broker in running.values():
            broker.stop()


if __name__ == "__main__":
    main()
