# SPDX-License-Identifier: Apache-2.0
# What the suites share: a daemon of their own on loopback, certificates, scenarios with a line
# each. No scenario is in here.

import json
import os
import pathlib
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Generous on purpose: a loaded machine is no failure, a hanging one is.
PATIENCE_SECONDS = 20


class Failed(Exception):
    """A scenario does not hold; the text is its detail."""


def check(holds, detail):
    if not holds:
        raise Failed(detail() if callable(detail) else str(detail))


def equal(found, wanted, what):
    check(found == wanted, f"{what}: found {found!r}, wanted {wanted!r}")


def wait_until(holds, what, seconds=PATIENCE_SECONDS):
    """Asks again and again, with a pause, until the answer is true; gives that answer."""
    end = time.monotonic() + seconds
    while True:
        answer = holds()
        if answer:
            return answer
        check(time.monotonic() < end, f"waited {seconds} s in vain for {what}")
        time.sleep(0.01)


def need(program):
    """The path of a client that has to be there; missing clients fail, they are not skipped."""
    path = shutil.which(program)
    check(path, f"{program} is not installed (Scripts/setup test installs it)")
    return path


def run(*command, text=None, seconds=PATIENCE_SECONDS, env=None, cwd=None):
    """Runs a program to its end; gives exit code, stdout and stderr."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            timeout=seconds,
            env=env,
            cwd=cwd,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{command[0]} did not end within {seconds} s") from None
    return done.returncode, done.stdout, done.stderr


def run_well(*command, **options):
    code, out, err = run(*command, **options)
    name = pathlib.Path(str(command[0])).name
    check(code == 0, f"{name} ended with {code}: {(err or out).strip()[-300:]}")
    return out


def end_client(client):
    """Ends a client by SIGTERM. The handler of mosquitto_sub takes locks that the program may hold
    just then; it never ends by itself any more, so that SIGKILL has to follow."""
    client.terminate()
    try:
        return client.wait(2)
    except subprocess.TimeoutExpired:
        client.kill()
        return client.wait()


class Lines:
    """The lines of a stream, read by a thread of their own, to be waited for."""

    def __init__(self, stream):
        self._lines = []
        self._news = threading.Condition()
        self._is_open = True
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream):
        for line in stream:
            with self._news:
                self._lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._is_open = False
            self._news.notify_all()

    def __len__(self):
        with self._news:
            return len(self._lines)

    def all(self, start=0):
        with self._news:
            return self._lines[start:]

    def join(self):
        self._thread.join(PATIENCE_SECONDS)

    def wait(self, matches, what, start=0, seconds=PATIENCE_SECONDS):
        """The first line from `start` on that matches."""
        end = time.monotonic() + seconds
        with self._news:
            while True:
                while start < len(self._lines):
                    if matches(self._lines[start]):
                        return self._lines[start]
                    start += 1
                check(
                    self._is_open,
                    lambda: f"{what} never came; last lines: {self._lines[-4:]}",
                )
                left = end - time.monotonic()
                check(left > 0, lambda: f"no {what} in {seconds} s: {self._lines[-4:]}")
                self._news.wait(left)


def log_event(line):
    """A log line, in either form, as a dictionary."""
    if line.startswith("{"):
        try:
            return json.loads(line)
        except ValueError:
            return {}
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    return dict(word.split("=", 1) for word in words if "=" in word)


def free_ports(count):
    """Ports that are free now; all are held at once, so that they differ."""
    sockets = []
    for _ in range(count):
        holder = socket.socket()
        holder.bind(("127.0.0.1", 0))
        sockets.append(holder)
    ports = [holder.getsockname()[1] for holder in sockets]
    for holder in sockets:
        holder.close()
    return ports


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return str(value) if isinstance(value, int) else json.dumps(str(value))


class Daemon:
    """A sealwired with a configuration of its own, in a folder of its own."""

    def __init__(self, folder, listeners, tables=None, binary=None):
        self.folder = pathlib.Path(folder)
        self.binary = binary or daemon_binary()
        self.ports = {}
        text = []
        ports = free_ports(len(listeners) + 1)
        for name, settings in listeners.items():
            merged = {"name": name, "bind": ["127.0.0.1"], "port": ports.pop(), **settings}
            self.ports[name] = merged["port"]
            text.append("[[listener]]")
            given = {key: value for key, value in merged.items() if value is not None}
            text += [f"{key} = {toml(value)}" for key, value in given.items()]
        # Scenarios connect as often as they like, from one address.
        merged = {"metrics": {"port": ports.pop()}, **(tables or {})}
        for table, settings in merged.items():
            text.append(f"[{table}]")
            text += [f"{key} = {toml(value)}" for key, value in settings.items()]
        self.metrics_port = merged["metrics"]["port"]
        self.config = self.folder / "sealwire.conf"
        self.config.write_text("\n".join(text) + "\n")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [self.binary, "run", "--config", str(self.config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self.log = Lines(self.process.stderr)
        self.out = Lines(self.process.stdout)
        try:
            self.out.wait(lambda line: line.startswith("ready"), "line ready")
        except Failed as failure:
            last = self.log.all()[-3:]
            self.kill()
            raise Failed(f"the daemon did not start: {failure}; its log: {last}") from None
        return self

    __enter__ = start

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()

    @property
    def is_alive(self):
        return self.process.poll() is None

    def last_words(self):
        """What a daemon that ended said of it: its fault and the first frames of ours."""
        self.log.join()
        if os.environ.get("SEALWIRE_KEEP"):
            (self.folder / "log").write_text("\n".join(self.log.all()))
        words = [
            line.strip()
            for line in self.log.all()
            if "Fatal error" in line or "Crash" in line or " in " in line and ".swift" in line
        ]
        return f"ended with {self.process.poll()}: " + " | ".join(words[:8])

    def mark(self):
        """Where the log is now, for `wait_event`."""
        return len(self.log)

    def wait_event(self, mark, seconds=PATIENCE_SECONDS, **wanted):
        """Waits for a log event after the mark with these fields."""

        def matches(line):
            event = log_event(line)
            return all(str(event.get(key)) == str(value) for key, value in wanted.items())

        return log_event(self.log.wait(matches, f"log event {wanted}", mark, seconds))

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait_end(self, seconds=PATIENCE_SECONDS):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"the daemon did not end within {seconds} s of SIGTERM") from None

    def kill(self):
        self.process.kill()
        self.process.wait()


def daemon_binary():
    """The daemon under test: SEALWIRED, or the debug build that the tests just made."""
    path = os.environ.get("SEALWIRED") or str(ROOT / ".build/debug/sealwired")
    check(os.access(path, os.X_OK), f"{path} is not there; `make build` or `swift build` makes it")
    return path


class Certificates:
    """Keys and certificates in a folder, made with the openssl command line."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.openssl = need("openssl")

    def path(self, name):
        return self.folder / name

    def self_signed(self, name, names, is_authority=True):
        """A certificate that vouches for itself, for these DNS names."""
        run_well(
            self.openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
            "-subj", f"/O=Scenario/CN={names[0]}",
            "-addext", "subjectAltName=" + ",".join(f"DNS:{n}" for n in names),
            "-addext", f"basicConstraints=critical,CA:{'TRUE' if is_authority else 'FALSE'}",
            "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.crt"),
        )  # fmt: skip
        return self.path(f"{name}.crt")

    def authority(self, name):
        run_well(
            self.openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "30", "-subj", f"/O=Scenario/CN={name} root",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.crt"),
        )  # fmt: skip
        return self.path(f"{name}.crt")

    def issued(self, name, authority, common_name, names=()):
        """A certificate of the authority; with names it is a server's, else a client's."""
        extensions = ["basicConstraints=critical,CA:FALSE"]
        extensions.append("extendedKeyUsage=" + ("serverAuth" if names else "clientAuth"))
        if names:
            alternatives = (f"IP:{n}" if n[0].isdigit() else f"DNS:{n}" for n in names)
            extensions.append("subjectAltName=" + ",".join(alternatives))
        self.path(f"{name}.ext").write_text("\n".join(extensions) + "\n")
        run_well(
            self.openssl, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", f"/O=Scenario/CN={common_name}",
            "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.csr"),
        )  # fmt: skip
        run_well(
            self.openssl, "x509", "-req", "-days", "30", "-in", self.path(f"{name}.csr"),
            "-CA", self.path(f"{authority}.crt"), "-CAkey", self.path(f"{authority}.key"),
            "-CAcreateserial", "-extfile", self.path(f"{name}.ext"),
            "-out", self.path(f"{name}.crt"),
        )  # fmt: skip
        return self.path(f"{name}.crt")


def standard_world(folder, shards, tables=None):
    """A daemon with a listener of each kind: plain, tls, mutual."""
    made = Certificates(folder)
    made.authority("ca")
    made.issued("server", "ca", "localhost", ("localhost", "127.0.0.1"))
    made.issued("device", "ca", "device-7")
    pair = {"certificate": made.path("server.crt"), "key": made.path("server.key")}
    listeners = {
        "plain": {"tls": False, "anonymous": True},
        "tls": {**pair, "anonymous": True},
        "mutual": {
            **pair,
            "client-certificates": "require",
            "trust-files": [made.path("ca.crt")],
            "identity": "cn",
        },
    }
    daemon = Daemon(folder, listeners, {"shards": {"count": shards}, **(tables or {})})
    daemon.certificates = made
    return daemon


class Stopped(BaseException):
    """SIGTERM, as `timeout` sends it: the suite ends, and says where it was."""

    @classmethod
    def stop(cls, _, frame):
        way = [(pathlib.Path(one.filename), one.lineno) for one in traceback.extract_stack(frame)]
        own = [f"{file.name}:{line}" for file, line in way if file.is_relative_to(ROOT)]
        raise cls("it took too long and was stopped at " + " > ".join(own[-4:]))


class Suite:
    """Scenarios in order, a line for each."""

    def __init__(self, name):
        self.name = name
        self.scenarios = []

    def scenario(self, name):
        def keep(function):
            self.scenarios.append((name, function))
            return function

        return keep

    def run(self, world, only=None, daemon=None):
        """Runs them all; gives how many failed. That the daemon lives is a scenario too."""
        failed = 0
        signal.signal(signal.SIGTERM, Stopped.stop)
        for name, function in self.scenarios:
            title = f"{self.name}: {name}"
            if only and only.lower() not in title.lower():
                continue
            try:
                detail = self._attempt(function, world)
            except Stopped as stopped:
                print(f"FAIL {title} — {stopped}", flush=True)
                sys.exit(1)
            if detail is None:
                print(f"ok   {title}", flush=True)
            else:
                failed += 1
                print(f"FAIL {title} — {detail}", flush=True)
            if daemon and not daemon.is_alive:
                print(f"FAIL {self.name}: the daemon lives — {daemon.last_words()}", flush=True)
                return failed + 1
        return failed

    @staticmethod
    def _attempt(function, world):
        try:
            function(world)
        except Failed as failure:
            return str(failure)
        except Exception as error:  # noqa: BLE001: whatever went wrong belongs on the line
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{pathlib.Path(place.filename).name}:{place.lineno}"
            return f"{type(error).__name__}: {error} ({where})"
        return None


class Folder:
    """A temporary folder that goes away, unless SEALWIRE_KEEP is set."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="sealwire-"))
        return self.path

    def __exit__(self, *_):
        if os.environ.get("SEALWIRE_KEEP"):
            print(f"kept: {self.path}", file=sys.stderr)
        else:
            shutil.rmtree(self.path, ignore_errors=True)


def run_suite(suite, shards, tables=None):
    """Runs a suite against a daemon of the standard kind, and ends the program."""
    with Folder() as folder:
        try:
            with standard_world(folder, shards, tables) as daemon:
                failed = suite.run(daemon, os.environ.get("ONLY"), daemon)
        except Failed as failure:
            print(f"FAIL {suite.name}: set-up — {failure}")
            failed = 1
    finish(failed)


def finish(failed):
    sys.stdout.flush()
    sys.exit(1 if failed else 0)
