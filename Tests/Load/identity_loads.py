# SPDX-License-Identifier: Apache-2.0
"""Loads on the registry of identities: many connections that end at once, and large imports."""

import os
import pathlib
import resource
import select
import socket
import ssl
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "Interop"), str(HERE.parents[1] / "Benchmarks")]
import brokers  # noqa: E402

os.environ.setdefault("SEALWIRED", brokers.SEALWIRED)
os.environ.setdefault("SEALWIRE", brokers.SEALWIRE)

import packets  # noqa: E402
from issuing import Issuer  # noqa: E402
from rest import answered  # noqa: E402
from tenants import Platform  # noqa: E402

PATIENT = 600


def say(text):
    print(text, flush=True)


def platform(folder, given):
    path = pathlib.Path(folder.file("platform"))
    path.mkdir()
    tables = {
        "limits": {"handshakes-per-source": 1000, "connections": 200_000},
        "shards": {"count": given.shards},
        "log": {"level": "warning"},
        "api": {"bulk-bytes": "256MiB"},
    }
    return Platform(path, tables=tables)


def memory(pid):
    """Resident memory of a process in KiB: now, and at most so far."""
    found = {}
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith(("VmRSS:", "VmHWM:")):
                found[line[:5]] = int(line.split()[1])
    return found["VmRSS"], found["VmHWM"]


def trust(w, authority, registers=False):
    path = f"/tenant/tenants/{w.tenant}/trusted-certificates"
    body = {"status": "ENABLED", "name": authority.name, "certInPemFormat": authority.pem,
            "autoRegistrationEnabled": registers}  # fmt: skip
    return f"{path}/{answered(w.api().post(path, body), 201).json['fingerprint']}"


def register(w, text, seconds=PATIENT):
    parts = {"file": ("devices.csv", "text/csv", text)}
    return w.api().upload("POST", "/devicecontrol/bulkNewDeviceRequests", parts, seconds=seconds)


def certificate_rows(names):
    return "ID;AUTH_TYPE\n" + "".join(f"{name};CERTIFICATES\n" for name in names)


def device_count(w):
    path = "/inventory/managedObjects?pageSize=1&withTotalElements=true"
    return answered(w.api().get(path), 200).json["statistics"]["totalElements"]


def make_devices(w, authority, prefix, count):
    """Certificates and keys of many devices; gives the pairs by name."""
    folder = w.folder / prefix
    # The measurement makes what is missing; that its connection is refused does not matter.
    subprocess.run(
        [brokers.SEALWIRE, "bench", "idle", "--clients", "1", "--seconds", "0.1",
         "--warmup", "0", "--host", "127.0.0.1", "--port", str(w.daemon.ports["mqtts"]),
         "--cafile", w.trust, "--identities", folder, "--identity-count", str(count),
         "--identity-prefix", f"{prefix}-", "--issuer-cert", authority.certificate,
         "--issuer-key", authority.key],
        capture_output=True, timeout=PATIENT,
    )  # fmt: skip
    names = [f"{prefix}-{number}" for number in range(1, count + 1)]
    return {name: (str(folder / f"{name}.crt"), str(folder / f"{name}.key")) for name in names}


class Crowd:
    """Many connections, held open, and the moment each of them ended."""

    def __init__(self, port, trust_file, sources):
        self.port, self.trust, self.sources = port, trust_file, sources
        self.lock = threading.Lock()
        self.links, self.names, self.ends, self.failures = {}, {}, {}, []
        self.poll = select.epoll()

    def _connect(self, number, name, pair):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(*pair)
        raw = socket.socket()
        raw.settimeout(60)
        raw.bind((f"127.0.0.{1 + number % self.sources}", 0))
        raw.connect(("127.0.0.1", self.port))
        link = context.wrap_socket(raw)
        link.sendall(packets.connect(4, name, keep_alive=0))
        answer = link.recv(16)
        if answer != b"\x20\x02\x00\x00":
            raise OSError(f"answer {answer.hex()}")
        link.setblocking(False)
        with self.lock:
            self.links[link.fileno()] = link
            self.names[link.fileno()] = name
            self.poll.register(link.fileno(), select.EPOLLIN | select.EPOLLRDHUP
                               | select.EPOLLONESHOT)  # fmt: skip

    def gather(self, pairs, threads=16):
        """Connects them all."""
        work = list(enumerate(pairs.items()))

        def go(share):
            for number, (name, pair) in share:
                try:
                    self._connect(number, name, pair)
                except OSError as error:
                    self.failures.append(f"{name}: {error}")

        crew = [threading.Thread(target=go, args=(work[start::threads],))
                for start in range(threads)]  # fmt: skip
        for one in crew:
            one.start()
        for one in crew:
            one.join()

    def watch(self, until):
        """Notes who ends, up to a moment of the monotonic clock."""
        while (left := until - time.monotonic()) > 0:
            for number, _ in self.poll.poll(left, 4096):
                self.ends[self.names[number]] = time.monotonic()

    def close(self):
        for link in self.links.values():
            link.close()


def revocation(folder, given):
    """10,000 TLS connections below two authorities, of which one is disabled."""
    count = given.count or 10_000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    w = platform(folder, given)
    with w.daemon:
        issuer = Issuer(w.folder / "issuer")
        sides, pairs = {}, {}
        for side in ("a", "b"):
            authority = issuer.root(f"authority-{side}")
            sides[side] = trust(w, authority)
            pairs.update(make_devices(w, authority, side, count // 2))
        answered(register(w, certificate_rows(pairs)), 201)
        crowd = Crowd(w.daemon.ports["mqtts"], w.trust, given.sources)
        # Both sides are mixed, so that neither came first.
        names = sorted(pairs, key=lambda name: (int(name[2:]), name))
        began = time.monotonic()
        crowd.gather({name: pairs[name] for name in names})
        took = time.monotonic() - began
        before = crowd.failures[:3]
        watcher = threading.Thread(target=crowd.watch, args=(time.monotonic() + 8,))
        watcher.start()
        time.sleep(2)
        early = len(crowd.ends)
        began = time.monotonic()
        answer = answered(w.api().put(sides["a"], {"status": "DISABLED"}), 200)
        answer_seconds = time.monotonic() - began
        watcher.join()
        ended = {side: [at - began for name, at in crowd.ends.items() if name[0] == side]
                 for side in ("a", "b")}  # fmt: skip
        said = ended_by(answer)
        metric = w.metric("sealwire_withdrawn_connections_total")
        count_all = w.metric("sealwire_withdrawal_seconds_count")
        count_fast = w.metric('sealwire_withdrawal_seconds_bucket{le="1"}')
        sum_seconds = w.metric("sealwire_withdrawal_seconds_sum")
        crowd.close()
        last = max(ended["a"], default=0)
        say(f"revocation: {len(crowd.links)} of {count} connected in {took:.0f} s {before}; "
            f"{early} ended before; {len(ended['a'])} of the disabled side ended, the last "
            f"{last * 1000:.0f} ms after the call began, {len(ended['b'])} of the other; the "
            f"answer came after {answer_seconds * 1000:.0f} ms and says {said}; the metric says "
            f"{metric:.0f} in {sum_seconds * 1000:.0f} ms")
        half = count // 2
        return (len(crowd.links) == count and early == 0 and len(ended["a"]) == half
                and not ended["b"] and last < 1 and said == half and metric == half
                and count_fast == count_all > 0)


def ended_by(answer):
    """How many connections a change ended, as its answer says."""
    return int(answer.headers.get("X-Sealwire-Ended-Connections", -1))


def bulk(folder, given):
    """Large imports: devices with certificates, with passwords, bad rows, and a kill in between."""
    count = given.count or 100_000
    w = platform(folder, given)
    is_good = True
    with w.daemon:
        pid = w.daemon.process.pid
        # What a first request needs is there before memory is looked at.
        answered(register(w, certificate_rows(["first"])), 201)
        before, _ = memory(pid)
        text = certificate_rows(f"cert-{number}" for number in range(count))
        began = time.monotonic()
        found = answered(register(w, text), 201).json
        took = time.monotonic() - began
        after, most = memory(pid)
        say(f"bulk: {found['numberOfCreated']} of {count} rows with certificates "
            f"({len(text) >> 10} KiB) in {took:.1f} s; memory {before} KiB before, at most {most}, "
            f"{after} after; {device_count(w)} devices")
        is_good &= found["numberOfCreated"] == count and device_count(w) == count + 1
        is_good &= most - before < 256 << 10
        is_good &= passwords_and_bad_rows(w)
        is_good &= killed(w, count)
    return is_good


def passwords_and_bad_rows(w):
    rows = ["ID;CREDENTIALS;AUTH_TYPE"]
    for number in range(2000):
        rows.append(f"user-{number};secret-of-{number};BASIC")
        if number % 2:
            rows.append(f"bad-{number};;BASIC" if number % 4 == 1
                        else f"bad-{number};secret;CERTIFICATES")
    began = time.monotonic()
    found = answered(register(w, "\n".join(rows) + "\n"), 201).json
    took = time.monotonic() - began
    failed = [one["deviceId"] for one in found["failedCreationList"]]
    with w.device(None, "user-1999", user=f"{w.tenant}/device_user-1999",
                  password="secret-of-1999") as device:  # fmt: skip
        code = device.code
    say(f"bulk: {found['numberOfCreated']} of 2000 rows with passwords in {took:.1f} s, "
        f"{found['numberOfFailed']} of 1000 bad ones reported; the last one's CONNACK says {code}")
    wanted = [row.split(";")[0] for row in rows if row.startswith("bad")]
    return found["numberOfCreated"] == 2000 and failed == wanted and code == 0


def killed(w, count):
    """The daemon is killed in the middle of an import, again and again, ever later."""
    is_good, text = True, certificate_rows(f"kill-{number}" for number in range(count))
    before = device_count(w)
    outcomes = []
    for pause in (0.05, 0.2, 0.5, 1, 2, 4):
        answer = []

        def send(answer=answer):
            try:
                answer.append(register(w, text).status)
            except OSError:
                pass

        sender = threading.Thread(target=send)
        sender.start()
        time.sleep(pause)
        w.daemon.kill()
        sender.join()
        w.daemon.start()
        now = device_count(w)
        outcomes.append(f"{pause} s: {now - before}")
        is_good &= now in (before, before + count) and (not answer or now == before + count)
        if now != before:
            break
    answered(register(w, text), 201)
    whole = device_count(w) == before + count
    say(f"bulk: devices that are there after a kill of the daemon after {', '.join(outcomes)}; "
        f"afterwards the import {'is' if whole else 'is NOT'} complete")
    return is_good and whole
