# SPDX-License-Identifier: Apache-2.0
"""Brokers to measure: throw-away certificates, and daemons on loopback that end with the script."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SEALWIRED = os.environ.get("SEALWIRED", os.path.join(ROOT, ".build/release/sealwired"))
SEALWIRE = os.environ.get("SEALWIRE", os.path.join(ROOT, ".build/release/sealwire"))


def fail(sentence):
    sys.exit(f"error: {sentence}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def revision():
    words = ["git", "-C", ROOT, "describe", "--always", "--dirty"]
    return subprocess.run(words, capture_output=True, text=True).stdout.strip() or "unknown"


class Folder:
    """A temporary folder with an authority, a server certificate and room for configurations."""

    def __init__(self):
        for program in (SEALWIRED, SEALWIRE):
            if not os.access(program, os.X_OK):
                fail(f"{program} is not there; make build first")
        self.path = tempfile.mkdtemp(prefix="sealwire-bench-")
        os.chmod(self.path, 0o755)
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ca.key")
        self.openssl("req", "-x509", "-new", "-key", "ca.key", "-days", "30", "-out", "ca.crt",
                     "-subj", "/CN=bench authority",
                     "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "server.key")
        self.openssl("req", "-new", "-key", "server.key", "-out", "server.csr",
                     "-subj", "/CN=localhost")
        with open(self.file("names"), "w") as names:
            names.write("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
        self.openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                     "-CAcreateserial", "-days", "30", "-extfile", "names", "-out", "server.crt")
        os.chmod(self.file("server.key"), 0o644)

    def file(self, name):
        return os.path.join(self.path, name)

    def openssl(self, *words):
        done = subprocess.run(["openssl", *words], cwd=self.path, capture_output=True, text=True)
        if done.returncode != 0:
            fail(f"openssl {words[0]}: {done.stderr.strip()}")

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Broker:
    """A running daemon with a plain, a TLS and a mutual TLS listener."""

    def __init__(self, name, process, ports):
        self.name, self.process, self.ports, self.pid = name, process, ports, process.pid

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def is_alive(self):
        return self.process.poll() is None

    def resident_kib(self):
        with open(f"/proc/{self.pid}/status") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0


def sealwired(folder, shards, extra="", prefix=(), listeners=()):
    """Starts our daemon; `prefix` is what runs it, for instance valgrind."""
    listeners = [
        *listeners,
        'name = "plain"\ntls = false\nanonymous = true\n',
        'name = "tls"\ncertificate = "server.crt"\nkey = "server.key"\nanonymous = true\n',
        'name = "mtls"\ncertificate = "server.crt"\nkey = "server.key"\nidentity = "cn"\n'
        'client-certificates = "require"\ntrust-files = ["ca.crt"]\n',
    ]
    config = "".join(f'[[listener]]\nbind = ["127.0.0.1"]\nport = 0\n{one}' for one in listeners)
    config += f"[shards]\ncount = {shards}\n[metrics]\nport = 0\n"
    config += f'[log]\nlevel = "warning"\n{extra}'
    path = folder.file(f"sealwire-{shards}-{time.monotonic_ns()}.conf")
    with open(path, "w") as out:
        out.write(config)
    log = open(path + ".log", "w")
    process = subprocess.Popen([*prefix, SEALWIRED, "run", "--config", path],
                               stdout=subprocess.PIPE, stderr=log, text=True)
    line = process.stdout.readline()
    if not line.startswith("ready"):
        fail(f"sealwired did not start: {open(path + '.log').read()[-2000:]}")
    ports = {}
    for word in line.split()[1:]:
        name, _, place = word.partition("=")
        ports[name] = int(place.rsplit(":", 1)[1])
    broker = Broker(f"sealwire {shards}", process, ports)
    broker.log = path + ".log"
    return broker


def mosquitto(folder):
    """Starts mosquitto as its users tune it for speed."""
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    if not os.access(program, os.X_OK):
        fail("mosquitto is not installed: apt-get install mosquitto")
    ports = {name: free_port() for name in ("plain", "tls", "mtls")}
    pair = "cafile ca.crt\ncertfile server.crt\nkeyfile server.key\n"
    text = (
        "per_listener_settings false\nallow_anonymous true\nuser root\npersistence false\n"
        "max_inflight_messages 100\nmax_queued_messages 0\nset_tcp_nodelay true\nlog_type error\n"
        f"listener {ports['plain']} 127.0.0.1\n"
        f"listener {ports['tls']} 127.0.0.1\n{pair}"
        f"listener {ports['mtls']} 127.0.0.1\n{pair}require_certificate true\n"
        "use_identity_as_username true\n"
    )
    path = folder.file(f"mosquitto-{time.monotonic_ns()}.conf")
    with open(path, "w") as out:
        out.write(text)
    process = subprocess.Popen([program, "-c", path], cwd=folder.path,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", ports["mtls"]), 1).close()
            return Broker("mosquitto", process, ports)
        except OSError:
            time.sleep(0.05)
    fail("mosquitto did not start")


def measure(folder, broker, words, listener="tls", timeout=600, check=True):
    """One measurement of `sealwire bench`, as a dictionary; None when it failed."""
    command = [SEALWIRE, "bench", *words, "--host", "127.0.0.1",
               "--port", str(broker.ports[listener]), "--server-pid", str(broker.pid), "--json"]
    if listener != "plain":
        command += ["--cafile", folder.file("ca.crt"), "--tls-version", "1.3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    try:
        result = json.loads(done.stdout.splitlines()[0])
    except (IndexError, ValueError):
        if check:
            fail(f"{' '.join(command)}: {done.stderr.strip()}")
        return None
    result["complaint"] = done.stderr.strip()
    return result


def is_clean(result):
    names = ("lost", "duplicated", "late", "errors", "stalls", "failed_connections")
    return all(result[name] == 0 for name in names)
