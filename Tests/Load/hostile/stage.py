# SPDX-License-Identifier: Apache-2.0
"""The stage of hostile loads: an installation made by `sealwired init` with two tenants, the
clients of the one that must not suffer, and what is watched of the daemon meanwhile."""

import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "Interop"), str(HERE.parents[2] / "Benchmarks")]
import brokers  # noqa: E402
import packets  # noqa: E402
import peers  # noqa: E402
from rest import Api, answered, basic  # noqa: E402

VICTIMS = 200
DEVICES = 60
PASSWORD = "a-device-that-went-bad"


def mebibytes(kib):
    return f"{kib / 1024:.0f}"


def preferred(words):
    """The words behind a higher priority, where that may be set: who works on the same machine for
    other reasons is not what is measured."""
    if os.geteuid() == 0 and os.environ.get("SEALWIRE_LOAD_PRIORITY", "1") == "1":
        return ["nice", "-n", "-10", *words]
    return words


class World:
    """A registry with the tenants `evil` and `good`, of which each daemon gets a copy."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder.path)
        self.first = self.folder / "first"
        done = subprocess.run(
            [brokers.SEALWIRED, "init", "--dir", str(self.first), "--tenant", "evil"],
            capture_output=True, text=True, stdin=subprocess.DEVNULL)  # fmt: skip
        found = dict(re.findall(r"(?m)^  (\S+/\S+)  (\S+)$", done.stdout))
        if done.returncode != 0 or "evil/admin" not in found:
            brokers.fail(f"sealwired init: {(done.stdout + done.stderr).strip()}")
        self.passwords = found
        self.trust = str(self.first / "ca.crt")
        daemon = self.start(1, in_place=True)
        try:
            self.fill(daemon)
        finally:
            daemon.stop()

    def fill(self, daemon):
        management = self.api(daemon, "management/admin")
        answered(management.post("/api/v1/tenants", {"id": "good"}), 201)
        roles = answered(management.get("/api/v1/roles"), 200).json["roles"]
        people = [one for one in roles if one not in ("ROLE_DEVICE", "ROLE_DEVICE_BOOTSTRAP")]
        made = answered(management.post("/api/v1/accounts?tenant=good",
                                        {"name": "admin", "roles": people}), 201).json  # fmt: skip
        self.passwords["good/admin"] = made["password"]
        for tenant, count in (("evil", DEVICES), ("good", 1)):
            for number in range(count):
                body = {"identifier": f"d{number}", "password": PASSWORD}
                answered(self.api(daemon, f"{tenant}/admin").post("/api/v1/devices", body), 201)

    def api(self, daemon, user):
        return Api(daemon.ports["api"], self.trust, basic(user, self.passwords[user]))

    def start(self, shards, in_place=False, extra=""):
        """A daemon with the configuration that init wrote, on ports of its own and loopback, and
        a listener without TLS beside it, so that attackers spend their time on attacks."""
        place = self.first
        if not in_place:
            place = self.folder / f"copy-{time.monotonic_ns()}"
            shutil.copytree(self.first, place)
        config = (self.first / "sealwire.conf").read_text().replace('"*"', '"127.0.0.1"')
        config = re.sub(r"(?m)^port = \d+$", "port = 0", config)
        config += ('\n[[listener]]\nname = "door"\nbind = ["127.0.0.1"]\nport = 0\ntls = false\n'
                   'login = "registry"\n'
                   f'[shards]\ncount = {shards}\n[metrics]\nport = 0\n'
                   f'[log]\nlevel = "warning"\n{extra}')  # fmt: skip
        path = place / "run.conf"
        path.write_text(config)
        log = open(place / "log", "w")
        process = subprocess.Popen(
            preferred([brokers.SEALWIRED, "run", "--config", str(path)]),
            stdout=subprocess.PIPE, stderr=log, text=True)  # fmt: skip
        line = process.stdout.readline()
        if not line.startswith("ready"):
            brokers.fail(f"sealwired did not start: {(place / 'log').read_text()[-2000:]}")
        ports = {}
        for word in line.split()[1:]:
            name, _, where = word.partition("=")
            ports[name] = int(where.rsplit(":", 1)[1])
        daemon = brokers.Broker(f"{shards} shards", process, ports)
        daemon.place, daemon.log = place, place / "log"
        return daemon

    def forget(self, daemon):
        daemon.stop()
        if daemon.place != self.first:
            shutil.rmtree(daemon.place, ignore_errors=True)


def metrics(daemon):
    address = f"http://127.0.0.1:{daemon.ports['metrics']}/metrics"
    with urllib.request.urlopen(address, timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    found = {}
    for line in lines:
        if not line.startswith("#"):
            label, _, value = line.rpartition(" ")
            found[label] = float(value)
    return found


def limit_hits(daemon):
    try:
        return {re.search(r'limit="([^"]+)"', name).group(1): value
                for name, value in metrics(daemon).items()
                if name.startswith("sealwire_limit_hits_total{")}  # fmt: skip
    except OSError:
        return {}


class Memory(threading.Thread):
    """Looks at the daemon's resident memory and processor time all the while."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.pid, self.most, self.last, self.ended = daemon.pid, 0, 0, False
        self.start()

    def run(self):
        while not self.ended:
            try:
                with open(f"/proc/{self.pid}/statm") as statm:
                    self.last = int(statm.read().split()[1]) * 4
            except (OSError, IndexError):
                return
            self.most = max(self.most, self.last)
            time.sleep(0.02)

    def settled(self, at_most, seconds):
        """The memory when it has come down to a bound, or when the time is over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.last > at_most:
            time.sleep(0.1)
        time.sleep(0.3)
        return self.last


class Victims:
    """200 clients of the good tenant over TLS, in pairs, with QoS 1 and a process of their own."""

    def __init__(self, world, daemon, seconds, rate=500):
        self.samples = str(daemon.place / f"samples-{time.monotonic_ns()}")
        self.command = preferred([
            brokers.SEALWIRE, "bench", "pairs", "--clients", str(VICTIMS // 2), "--qos", "1",
            "--rate", str(rate), "--seconds", str(seconds), "--warmup", "1", "--host",
            "127.0.0.1", "--port", str(daemon.ports["mqtts"]), "--cafile", world.trust,
            "--insecure", "--protocol", "5", "--username", "good/admin",
            "--password", world.passwords["good/admin"], "--topic-prefix", "victim",
            "--samples", self.samples, "--json"])  # fmt: skip
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def result(self, seconds):
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return None
        try:
            result = json.loads(out.splitlines()[0])
        except (IndexError, ValueError):
            return {"complaint": err.strip() or "no result"}
        result["complaint"] = err.strip()
        with open(self.samples) as lines:
            next(lines)
            result["samples"] = [tuple(map(int, line.split(","))) for line in lines]
        return result

    @staticmethod
    def latency(result, start, end):
        """p99 and longest in ms of what was due between two moments of the monotonic clock."""
        times = sorted(late for due, late in (result or {}).get("samples", ())
                       if start * 1e6 <= due < end * 1e6)  # fmt: skip
        if not times:
            return float("inf"), float("inf")
        return times[int(len(times) * 0.99)] / 1000, times[-1] / 1000


class Visitors(threading.Thread):
    """Others who connect meanwhile, one after the other, over TLS."""

    def __init__(self, world, daemon):
        super().__init__(daemon=True)
        self.port, self.ended = daemon.ports["mqtts"], False
        self.login = ("good/admin", world.passwords["good/admin"])
        self.context = ssl.create_default_context(cafile=world.trust)
        self.context.check_hostname = False
        self.count, self.failures, self.longest = 0, [], 0.0
        self.start()

    def run(self):
        while not self.ended:
            began = time.monotonic()
            try:
                self.visit()
                self.count += 1
            except (OSError, ssl.SSLError, ValueError) as error:
                self.failures.append(f"{type(error).__name__} {error}".strip())
            self.longest = max(self.longest, time.monotonic() - began)
            time.sleep(0.25)

    def visit(self):
        with socket.create_connection(("127.0.0.1", self.port), 10) as plain:
            with self.context.wrap_socket(plain, server_hostname="localhost") as link:
                name = f"visitor-{self.count}"
                link.sendall(peers.connect(name, *self.login))
                answer = link.recv(64)
                if len(answer) < 4 or answer[0] != 0x20 or answer[3] != 0:
                    raise ValueError(f"CONNACK {answer[:8].hex()}")
                link.sendall(b"\xe0\x00")

    def over(self):
        self.ended = True
        self.join(15)


class Revocations(threading.Thread):
    """An operator of the good tenant who revokes a certificate twice a second."""

    def __init__(self, world, daemon):
        super().__init__(daemon=True)
        self.api, self.ended = world.api(daemon, "good/admin"), False
        self.times, self.failures = [], []
        self.start()

    def run(self):
        serial = 0x1000
        while not self.ended:
            serial += 1
            began = time.monotonic()
            try:
                answer = self.api.put("/tenant/trusted-certificates/settings/crl", seconds=60,
                                      body={"crls": [{"serialNumberInHex": f"{serial:x}"}]})
                if answer.status != 204:
                    self.failures.append(str(answer))
            except (OSError, ssl.SSLError) as error:
                self.failures.append(f"{type(error).__name__} {error}".strip())
            self.times.append(time.monotonic() - began)
            time.sleep(0.5)

    def over(self):
        self.ended = True
        self.join(65)


class Attackers:
    """The processes of an attack."""

    def __init__(self, world, daemon, name, row, seconds, count):
        given = {"ports": daemon.ports, "user": "evil/device_d0", "password": PASSWORD,
                 "admin": ["evil/admin", world.passwords["evil/admin"]], "trust": world.trust,
                 "seconds": seconds, "setup_seconds": row.setup_seconds, "count": count,
                 "devices": DEVICES, "pid": daemon.pid}  # fmt: skip
        self.row, self.said, self.notes = row, {}, {}
        self.processes = []
        for index in range(row.processes):
            words = ["nice", "-n", "5", sys.executable, str(HERE / "program.py"), name]
            self.processes.append(subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            self.say(self.processes[-1], json.dumps({**given, "index": index}))

    @staticmethod
    def say(process, line):
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        except OSError:
            pass

    def are_ready(self):
        for process in self.processes:
            if process.stdout.readline().strip() != "ready":
                return False
        return True

    def begin(self):
        for process in self.processes:
            self.say(process, "go")

    def wait(self, seconds):
        """Waits until all say that the attack is over."""
        timer = threading.Timer(seconds, self.kill)
        timer.start()
        for process in self.processes:
            line = process.stdout.readline()
            if line:
                said = json.loads(line)
                for note, count in said.pop("notes").items():
                    self.notes[note] = self.notes.get(note, 0) + count
                for key, value in said.items():
                    known = self.said.get(key)
                    both = isinstance(value, (int, float)) and isinstance(known, (int, float))
                    self.said[key] = known + value if both else value
            else:
                self.said["broken"] = "a generator ended early"
        timer.cancel()

    def end(self):
        for process in self.processes:
            self.say(process, "end")
        for process in self.processes:
            try:
                process.wait(self.row.end_seconds)
            except subprocess.TimeoutExpired:
                self.said["unclean"] = "the cleaning up took too long"
        self.kill()

    def kill(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
