# SPDX-License-Identifier: Apache-2.0
# The story of tap.sh: certificates from the port, from an authority and from the system's bundle;
# the printed mosquitto commands; the Python program; each refusal seen from both sides.

import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))

from harness import (  # noqa: E402
    ROOT, Certificates, Daemon, Failed, Folder, Lines, Suite, check, daemon_binary, end_client,
    equal, finish, free_ports, need, run, run_well,
)  # fmt: skip

HAS_OWN_MOUNTS = "--own-mounts" in sys.argv
HOST = "mqtt.demo.gotapaas.eu" if HAS_OWN_MOUNTS else "localhost"
SYSTEM_BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
USER, PASSWORD = "testuser", "testpassword"
TOPIC = "mqtt-listener/test-data"

# The seed's own script, word for word but for the first lines' values.
FETCH = """
MQTT_SERVER={host}
MQTT_PORT={port}
CERT_OUTPUT_FILE=mqtt-cert.pem

echo | openssl s_client -connect ${{MQTT_SERVER}}:${{MQTT_PORT}} -showcerts 2>&1 \
| sed -ne '/-BEGIN CERTIFICATE-/,/-END CERTIFICATE-/p' > ${{CERT_OUTPUT_FILE}}
"""

# The seed's own program, its placeholders filled in.
PROGRAM = """
import ssl
import paho.mqtt.client as mqtt

MQTT_TOPIC_NAME = "mqtt-listener/test-data"
SERVER_CERTIFICATE = {certificate!r}

mqtt_port = {port}
mqtt_username = {user!r}
mqtt_pwd = {password!r}
mqtt_client = mqtt.Client()
mqtt_client.username_pw_set(mqtt_username, mqtt_pwd)
mqtt_client.tls_set(SERVER_CERTIFICATE, tls_version=ssl.PROTOCOL_TLSv1_2)
mqtt_server_address = {host!r}
mqtt_client.connect(mqtt_server_address, int(mqtt_port), 20)
mqtt_client.publish(MQTT_TOPIC_NAME, {message!r})
"""

# The same with a loop that waits for the answer, to see why a connection is refused.
WAITING_TAIL = """
answers = []
mqtt_client.on_connect = lambda *a: answers.append(a[3])
import time
end = time.monotonic() + 15
while not answers and time.monotonic() < end:
    mqtt_client.loop(0.2)
raise SystemExit(int(answers[0]) if answers else 99)
"""

suite = Suite("tap")


def start_dev(folder, port):
    """`sealwired dev` in a folder; the process and its lines."""
    process = subprocess.Popen(
        [daemon_binary(), "dev", "--dir", str(folder / "dev"), "--port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return process, Lines(process.stdout)


class World:
    """Certificates, and a daemon with a listener for each kind of them."""

    def __init__(self, folder):
        self.folder = folder
        made = self.made = Certificates(folder)
        made.self_signed("own", (HOST, "localhost"))
        made.self_signed("leaf", (HOST, "localhost"), is_authority=False)
        made.self_signed("stranger", (HOST, "localhost"))
        made.authority("ca")
        made.issued("signed", "ca", HOST, (HOST, "localhost"))
        made.issued("elsewhere", "ca", "mqtt.elsewhere.example", ("mqtt.elsewhere.example",))
        self.users = folder / "users"
        run_well(need("mosquitto_passwd"), "-c", "-b", self.users, USER, PASSWORD)
        if HAS_OWN_MOUNTS:
            self._mount_own_files()
        listeners = {
            name: {
                "certificate": made.path(f"{name}.crt"),
                "key": made.path(f"{name}.key"),
                "password-file": self.users,
            }
            for name in ("own", "leaf", "signed", "elsewhere")
        }
        listeners["house"] = {
            "certificate": folder / "dev/server.crt",
            "key": folder / "dev/server.key",
            "password-file": self.users,
        }
        self._make_house_identity()
        listeners["own"]["port"] = self._printed_port()
        self.daemon = Daemon(folder, listeners)

    def _make_house_identity(self):
        """Runs `sealwired dev` once: it leaves a CA, a server's and a device's certificate."""
        process, lines = start_dev(self.folder, 0)
        try:
            lines.wait(lambda line: line.startswith("ready"), "line ready of sealwired dev")
        finally:
            process.terminate()
            process.wait(20)

    @staticmethod
    def _printed_port():
        """32914 as printed in the seed, or another high one when that is taken."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", 32914))
                return 32914
            except OSError:
                return free_ports(1)[0]

    def _mount_own_files(self):
        hosts = self.folder / "hosts"
        hosts.write_text(f"127.0.0.1 localhost {HOST}\n")
        run_well("mount", "--bind", hosts, "/etc/hosts")
        bundle = self.folder / "bundle"
        bundle.write_bytes(SYSTEM_BUNDLE.read_bytes() + self.made.path("ca.crt").read_bytes())
        run_well("mount", "--bind", bundle, os.path.realpath(SYSTEM_BUNDLE))

    def bundle(self):
        """The system's bundle with the private authority in it."""
        if HAS_OWN_MOUNTS:
            return SYSTEM_BUNDLE
        copy = self.folder / "ca-certificates.crt"
        copy.write_bytes(SYSTEM_BUNDLE.read_bytes() + self.made.path("ca.crt").read_bytes())
        return copy

    def fetch(self, port, host=HOST):
        """A certificate from the port, as the seed does it."""
        place = self.folder / f"fetched-{port}"
        place.mkdir(exist_ok=True)
        script = place / "fetch.sh"
        script.write_text("#!/usr/bin/env bash\n" + FETCH.format(host=host, port=port))
        done = subprocess.run(["bash", script], cwd=place, capture_output=True, timeout=20)
        equal(done.returncode, 0, "exit code of the fetching script")
        fetched = place / "mqtt-cert.pem"
        check(b"BEGIN CERTIFICATE" in fetched.read_bytes(), "no certificate came from the port")
        return fetched


def sub_command(port, certificate, *, host=HOST, user=USER, password=PASSWORD):
    return [need("mosquitto_sub"), "-h", host, "-p", port, "-u", user, "-P", password,
            "--cafile", certificate, "-t", TOPIC]  # fmt: skip


def pub_command(port, certificate, message, *, host=HOST, user=USER, password=PASSWORD):
    command = [need("mosquitto_pub"), "-h", host, "-p", port, "-u", user, "-P", password]
    command += ["--cafile", certificate] if certificate else []
    return command + ["-t", TOPIC, "-m", message]


class Subscriber:
    """mosquitto_sub with the printed flags; `wait` gives the payload when it came."""

    def __init__(self, world, port, certificate, host=HOST):
        mark = world.daemon.mark()
        self.host = host
        command = [str(word) for word in sub_command(port, certificate, host=host)]
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines = Lines(self.process.stdout)
        try:
            world.daemon.wait_event(mark, event="session.opened", user=USER)
            # The printed flags show no SUBACK: one message of our own says that it is in place.
            self._prove(port, certificate)
        except BaseException:
            self.__exit__()
            raise

    def _prove(self, port, certificate):
        for attempt in range(8):
            sign = f"are you there {attempt}"
            run_well(*pub_command(port, certificate, sign, host=self.host))
            try:
                self.lines.wait(lambda line: line.startswith("are you there"), "sign", seconds=1)
                return
            except Failed:
                continue
        raise Failed("mosquitto_sub receives nothing")

    def wait(self, payload, count=1):
        seen = 0
        start = 0
        while seen < count:
            self.lines.wait(lambda line: line == payload, f"message {payload!r}", start)
            found = self.lines.all()
            seen = found.count(payload)
            start = len(found)
        equal(seen, count, f"times that {payload!r} came")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end_client(self.process)


def converse(world, port, certificate, host=HOST):
    """The two printed commands find each other."""
    with Subscriber(world, port, certificate, host) as subscriber:
        run_well(*pub_command(port, certificate, "test", host=host))
        subscriber.wait("test")


@suite.scenario(f"self-signed certificate fetched from port, host {HOST}")
def _(world):
    port = world.daemon.ports["own"]
    fetched = world.fetch(port)
    equal(fetched.read_bytes(), world.made.path("own.crt").read_bytes(), "the fetched certificate")
    converse(world, port, fetched)


@suite.scenario("self-signed certificate that is no authority (CA:FALSE)")
def _(world):
    port = world.daemon.ports["leaf"]
    converse(world, port, world.fetch(port))


@suite.scenario("certificate made by `sealwired dev`, fetched from port, user and password")
def _(world):
    port = world.daemon.ports["house"]
    fetched = world.fetch(port, "localhost")
    equal(fetched.read_text().count("BEGIN"), 2, "certificates sent (the root comes along)")
    converse(world, port, fetched, "localhost")


@suite.scenario("`sealwired dev` itself: its printed lines, with the certificate fetched")
def _(world):
    (port,) = free_ports(1)
    process, lines = start_dev(world.folder, port)
    try:
        lines.wait(lambda line: line.startswith("ready"), "line ready of sealwired dev")
        fetched = world.fetch(port, "localhost")
        sub, pub = (
            lines.wait(lambda line: line.strip().startswith(name), f"printed line of {name}")
            for name in ("mosquitto_sub", "mosquitto_pub")
        )
        own = f"--cafile {world.folder}/dev/ca.crt"
        check(own in sub and own in pub, f"no {own!r} in {pub!r}")
        sub, pub = (line.replace(own, f"--cafile {fetched}") for line in (sub, pub))
        heard = subprocess.Popen(
            ["bash", "-c", f"exec {sub.strip()} -C 1 -W 15"], stdout=subprocess.PIPE, text=True
        )
        for _ in range(20):
            run_well("bash", "-c", pub)
            try:
                heard.wait(0.5)
                break
            except subprocess.TimeoutExpired:
                continue
        equal(heard.communicate()[0], "demo/hello hello\n", "what mosquitto_sub printed")
    finally:
        process.terminate()
        process.wait(20)


@suite.scenario("CA-signed certificate, the authority's file")
def _(world):
    converse(world, world.daemon.ports["signed"], world.made.path("ca.crt"))


@suite.scenario("CA-signed certificate, the system's bundle")
def _(world):
    converse(world, world.daemon.ports["signed"], world.bundle())


def program(world, port, certificate, *, message="my message", password=PASSWORD, user=USER,
            host=HOST, tail=""):  # fmt: skip
    path = world.folder / f"client-{port}.py"
    filled = PROGRAM.format(certificate=str(certificate), port=port, user=user, host=host,
                            password=password, message=message)  # fmt: skip
    path.write_text(filled + tail)
    return path


def python(generation):
    return ROOT / f".venv/{generation}/bin/python"


def say_program_works(generation, listener, certificate_of, *, pins_version=True):
    def scenario(world):
        port = world.daemon.ports[listener]
        path = program(world, port, certificate_of(world, port))
        if not pins_version:
            path.write_text(path.read_text().replace(", tls_version=ssl.PROTOCOL_TLSv1_2", ""))
        with Subscriber(world, port, certificate_of(world, port)) as subscriber:
            # Publish and then end at once, while the answers are still on their way: no run may
            # lose its message.
            for _ in range(10):
                run_well(python(generation), path)
            subscriber.wait("my message", count=10)

    return scenario


for generation in ("paho1", "paho2"):
    suite.scenario(f"{generation}: program of the seed ten times, self-signed certificate")(
        say_program_works(generation, "own", lambda world, port: world.fetch(port))
    )
    suite.scenario(f"{generation}: program of the seed ten times, system's bundle")(
        say_program_works(generation, "signed", lambda world, port: world.bundle())
    )
    # With TLS 1.3 the program leaves tickets unread, and its end resets the connection.
    suite.scenario(f"{generation}: program of the seed ten times, any version of TLS")(
        say_program_works(
            generation, "own", lambda world, port: world.fetch(port), pins_version=False
        )
    )


@suite.scenario("program of the seed speaks TLS 1.2")
def _(world):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(world.made.path("ca.crt"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", world.daemon.ports["signed"])) as raw:
        with context.wrap_socket(raw, server_hostname=HOST) as wrapped:
            equal(wrapped.version(), "TLSv1.2", "version of TLS")


def refused(name, listener, *, client_code, reason, event, words="", **how):
    """A scenario for each client: the client's exit code, and the daemon's reason."""

    @suite.scenario(f"refused, {name}: mosquitto_pub")
    def _(world):
        certificate = certificate_of(world)
        mark = world.daemon.mark()
        code, out, err = run(
            *pub_command(world.daemon.ports[listener], certificate, "no", **how)
        )
        # A refused handshake is 1 or 8, as it is noticed in connecting or after.
        codes = (1, 8) if client_code == 1 else (client_code,)
        check(code in codes, f"mosquitto_pub ended with {code} ({(out + err).strip()})")
        said(world, mark)
        check(re.search(words, out + err), f"mosquitto_pub said {(out + err).strip()!r}")

    for generation in ("paho1", "paho2"):

        @suite.scenario(f"refused, {name}: {generation}")
        def _(world, generation=generation):
            certificate = certificate_of(world)
            path = program(world, world.daemon.ports[listener], certificate or "",
                           tail=WAITING_TAIL, **how)  # fmt: skip
            if certificate is None:
                path.write_text(re.sub("(?m)^mqtt_client.tls_set.*$", "", path.read_text()))
            mark = world.daemon.mark()
            code, _, err = run(python(generation), path)
            if event == "session.refused":
                equal(code, client_code, "exit code of the program")
            elif certificate is None:
                check(code != 0, "the program ended well")
            else:
                equal(code, 1, "exit code of the program")
                check("CERTIFICATE_VERIFY_FAILED" in err, f"it said {err.strip()[-200:]!r}")
            said(world, mark)

    def certificate_of(world):
        if listener == "elsewhere":
            return world.made.path("ca.crt")
        if name == "wrong CA":
            return world.made.path("stranger.crt")
        return None if name == "no TLS" else world.made.path("own.crt")

    def said(world, mark):
        found = world.daemon.wait_event(mark, event=event, listener=listener)
        equal(found.get("reason"), reason, "reason in the daemon's log")
        check(found.get("detail"), "the log line has no sentence")


refused("wrong CA", "own", client_code=1, event="handshake.refused", reason="tls.peer-alert",
        words="TLS error")  # fmt: skip
refused("wrong host name", "elsewhere", client_code=1, event="handshake.refused",
        reason="tls.peer-alert", words="TLS error")  # fmt: skip
refused("wrong password", "own", client_code=4, event="session.refused",
        reason="login.bad-password", password="not it",
        words="bad user name or password")  # fmt: skip
refused("unknown user", "own", client_code=4, event="session.refused",
        reason="login.unknown-user", user="nobody", words="bad user name or password")  # fmt: skip
refused("no TLS", "own", client_code=7, event="handshake.refused", reason="tls.not-tls",
        words="lost|reset|refused")  # fmt: skip


def main():
    with Folder() as folder:
        try:
            world = World(folder)
            with world.daemon:
                failed = suite.run(world, os.environ.get("ONLY"), world.daemon)
        except Failed as failure:
            print(f"FAIL tap: set-up — {failure}")
            failed = 1
    finish(failed)


main()
