# SPDX-License-Identifier: Apache-2.0
# Debian's mosquitto_pub, mosquitto_sub and mosquitto_rr against the daemon.

import itertools
import json
import subprocess
import time

from harness import (
    Failed, Lines, Suite, check, end_client, equal, need, run, run_suite, run_well,
)  # fmt: skip

suite = Suite("mosquitto")
VERSIONS = ("31", "311", "5")
TRANSPORTS = ("tcp", "tls1.2", "tls1.3", "mutual")
numbers = itertools.count(1)


def topic(word="t"):
    """A topic that no other scenario uses."""
    return f"mosquitto/{next(numbers)}/{word}"


def where(daemon, transport="tcp"):
    """The flags for a way to the daemon."""
    made = daemon.certificates
    if transport == "tcp":
        return ["-h", "127.0.0.1", "-p", daemon.ports["plain"]]
    flags = ["-h", "localhost", "--cafile", made.path("ca.crt")]
    if transport == "mutual":
        flags += ["--cert", made.path("device.crt"), "--key", made.path("device.key")]
        return flags + ["-p", daemon.ports["mutual"]]
    return flags + ["-p", daemon.ports["tls"], "--tls-version", transport.replace("tls", "tlsv")]


def pub(daemon, *flags, transport="tcp", **options):
    return run_well(need("mosquitto_pub"), *where(daemon, transport), *flags, **options)


class Sub:
    """mosquitto_sub with its packet trace, so that the scenario knows when it is subscribed."""

    def __init__(self, daemon, *flags, transport="tcp", form="MSG %q %r %t %p", filters=1):
        command = ["stdbuf", "-oL", need("mosquitto_sub"), *where(daemon, transport), "-d"]
        command += ["-F", form, *flags]
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self.lines = Lines(self.process.stdout)
        try:
            for _ in range(filters):
                self.lines.wait(lambda line: line.startswith("Subscribed"), "SUBACK")
        except Failed:
            self.__exit__()
            raise

    def messages(self):
        return [line[4:] for line in self.lines.all() if line.startswith("MSG ")]

    def wait(self, wanted):
        self.lines.wait(lambda line: line == f"MSG {wanted}", f"message {wanted!r}")

    def wait_count(self, count):
        end = time.monotonic() + 20
        while len(self.messages()) < count:
            check(time.monotonic() < end, lambda: f"{len(self.messages())} of {count} came")
            time.sleep(0.01)
        return self.messages()

    def suback(self):
        return next(line for line in self.lines.all() if line.startswith("Subscribed"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end_client(self.process)


def round_trip(version, transport):
    def scenario(daemon):
        place = topic()
        with Sub(daemon, "-V", version, "-t", place, "-q", "2", transport=transport) as sub:
            for qos in range(3):
                pub(daemon, "-V", version, "-t", place, "-q", qos, "-m", f"at {qos}",
                    transport=transport)  # fmt: skip
            for qos in range(3):
                sub.wait(f"{qos} 0 {place} at {qos}")

    return scenario


for version, transport in itertools.product(VERSIONS, TRANSPORTS):
    suite.scenario(f"QoS 0, 1 and 2 with version {version} over {transport}")(
        round_trip(version, transport)
    )


@suite.scenario("every version hears every other, and QoS is the lower of the two")
def _(daemon):
    place = topic()
    subs = {}
    try:
        for version, qos in itertools.product(VERSIONS, "012"):
            subs[version, qos] = Sub(daemon, "-V", version, "-t", place, "-q", qos)
        for version, qos in itertools.product(VERSIONS, "012"):
            pub(daemon, "-V", version, "-t", place, "-q", qos, "-m", f"{version}-{qos}")
        for (_, most), sub in subs.items():
            wanted = [
                f"{min(qos, most)} 0 {place} {version}-{qos}"
                for version, qos in itertools.product(VERSIONS, "012")
            ]
            equal(sorted(sub.wait_count(9)), sorted(wanted), f"messages at QoS {most}")
    finally:
        for sub in subs.values():
            sub.__exit__()


@suite.scenario("retained: kept, replaced, cleared")
def _(daemon):
    place = topic()
    for version in VERSIONS:
        pub(daemon, "-V", version, "-t", place, "-r", "-m", "old", "-q", "1")
        pub(daemon, "-V", version, "-t", place, "-r", "-m", f"new {version}", "-q", "1")
        with Sub(daemon, "-V", version, "-t", place, "-q", "1") as sub:
            sub.wait(f"1 1 {place} new {version}")
            pub(daemon, "-V", version, "-t", place, "-r", "-m", "live", "-q", "1")
            sub.wait(f"1 0 {place} live")
        pub(daemon, "-V", version, "-t", place, "-r", "-n", "-q", "1")
        with Sub(daemon, "-V", version, "-t", place) as sub:
            pub(daemon, "-V", version, "-t", place, "-m", "end")
            sub.wait(f"0 0 {place} end")
            equal(len(sub.messages()), 1, "messages after clearing")


@suite.scenario("retained: --remove-retained, --retained-only, --retain-as-published")
def _(daemon):
    place = topic()
    pub(daemon, "-t", f"{place}/a", "-r", "-m", "1", "-q", "1")
    pub(daemon, "-t", f"{place}/b", "-r", "-m", "2", "-q", "1")
    flags = where(daemon)
    _, out, _ = run(need("mosquitto_sub"), *flags, "-t", f"{place}/#", "-W", "1", "-v",
                    "--retained-only", "--remove-retained")  # fmt: skip
    equal(sorted(out.split("\n")[:2]), [f"{place}/a 1", f"{place}/b 2"], "retained messages")
    code, out, _ = run(need("mosquitto_sub"), *flags, "-t", f"{place}/#", "-W", "1")
    equal((code, out), (27, ""), "after removal")
    with Sub(daemon, "-V", "5", "-t", place, "--retain-as-published") as sub:
        pub(daemon, "-V", "5", "-t", place, "-r", "-m", "flagged")
        sub.wait(f"0 1 {place} flagged")


@suite.scenario("will: sent when the client dies, not when it says goodbye")
def _(daemon):
    for version in VERSIONS:
        place = topic("will")
        flags = ["-V", version, "-t", topic(), "--will-topic", place, "--will-payload", "gone",
                 "--will-qos", "1", "--will-retain"]  # fmt: skip
        with Sub(daemon, "-V", version, "-t", place, "-q", "2") as witness:
            # Ended by a signal it would ask for the will; this way it says a plain goodbye.
            run_well(need("mosquitto_sub"), *where(daemon), *flags, "-E")
            dying = Sub(daemon, *flags)
            dying.process.kill()
            dying.process.wait()
            witness.wait(f"1 0 {place} gone")
            equal(len(witness.messages()), 1, f"wills seen with version {version}")
        with Sub(daemon, "-V", version, "-t", place, "-q", "2") as late:
            late.wait(f"1 1 {place} gone")


@suite.scenario("properties travel from -D to %j")
def _(daemon):
    place = topic()
    form = "MSG %j"
    with Sub(daemon, "-V", "5", "-t", place, "-q", "1", form=form) as sub:
        pub(daemon, "-V", "5", "-t", place, "-q", "1", "-m", "{}",
            "-D", "publish", "content-type", "application/json",
            "-D", "publish", "correlation-data", "c-1",
            "-D", "publish", "message-expiry-interval", "60",
            "-D", "publish", "payload-format-indicator", "1",
            "-D", "publish", "response-topic", "answers/here",
            "-D", "publish", "user-property", "first", "1",
            "-D", "publish", "user-property", "second", "2")  # fmt: skip
        seen = json.loads(sub.wait_count(1)[0])["properties"]
        check(59 <= seen.pop("message-expiry-interval") <= 60, "the expiry interval")
        wanted = {
            "content-type": "application/json",
            "correlation-data": "c-1",
            "payload-format-indicator": 1,
            "response-topic": "answers/here",
        }
        for key, value in wanted.items():
            equal(seen.get(key), value, key)
        properties = json.dumps(seen.get("user-properties"))
        check(
            0 <= properties.find("first") < properties.find("second"),
            f"user properties in order: {properties}",
        )


@suite.scenario("subscription identifier and topic alias")
def _(daemon):
    place = topic()
    # mosquitto_sub may promise to understand aliases, but does not.
    with Sub(daemon, "-V", "5", "-t", place, "-D", "subscribe", "subscription-identifier", "77",
             form="MSG %S %t %p") as sub:  # fmt: skip
        run_well(need("mosquitto_pub"), *where(daemon), "-V", "5", "-t", place, "-l",
                 "-D", "publish", "topic-alias", "1", text="a\nb\n")  # fmt: skip
        equal(sub.wait_count(2), [f"77 {place} a", f"77 {place} b"], "messages")


@suite.scenario("shared subscription: each message once, both members get some")
def _(daemon):
    place = topic()
    shared = f"$share/group/{place}"
    with Sub(daemon, "-V", "5", "-t", shared, "-q", "1") as one:
        with Sub(daemon, "-V", "311", "-t", shared, "-q", "1", transport="tls1.3") as two:
            run_well(need("mosquitto_pub"), *where(daemon), "-t", place, "-l", "-q", "1",
                     text="".join(f"{n}\n" for n in range(100)))  # fmt: skip
            end = time.monotonic() + 20
            while len(one.messages()) + len(two.messages()) < 100 and time.monotonic() < end:
                time.sleep(0.01)
            got = [int(line.split()[-1]) for line in one.messages() + two.messages()]
            equal(sorted(got), list(range(100)), "messages of the group")
            check(one.messages() and two.messages(), "one member got nothing")


@suite.scenario("persistent session: what came meanwhile is delivered in order")
def _(daemon):
    for version, transport in itertools.product(VERSIONS, ("tcp", "mutual")):
        place, name = topic(), f"keeps-{next(numbers)}"
        flags = ["-V", version, "-c", "-i", name, "-q", "1", "-t", place]
        Sub(daemon, *flags, transport=transport).__exit__()
        lines = "".join(f"{n}\n" for n in range(50))
        run_well(need("mosquitto_pub"), *where(daemon), "-V", version, "-t", place, "-l",
                 "-q", "2", text=lines)  # fmt: skip
        out = run_well(need("mosquitto_sub"), *where(daemon, transport), *flags, "-C", "50")
        equal(out, lines, f"the messages of {name} with version {version}")
        # A clean start forgets.
        run_well(need("mosquitto_sub"), *where(daemon, transport), "-V", version, "-i", name,
                 "-t", place, "-E")  # fmt: skip
        pub(daemon, "-V", version, "-t", place, "-m", "nobody", "-q", "1")
        code, out, _ = run(need("mosquitto_sub"), *where(daemon, transport), *flags, "-W", "1")
        equal((code, out), (27, ""), "after a clean start")


@suite.scenario("mosquitto_rr: request and reply")
def _(daemon):
    for version, transport in itertools.product(("311", "5"), TRANSPORTS):
        ask, answer = topic("ask"), topic("answer")
        with Sub(daemon, "-V", "5", "-t", ask, form="MSG %R|%p", transport="tls1.2") as server:
            client = subprocess.Popen(
                [str(w) for w in (need("mosquitto_rr"), *where(daemon, transport), "-V", version,
                                  "-t", ask, "-e", answer, "-m", "ping", "-W", "15")],
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            request = server.wait_count(1)[0]
            equal(request, f"{answer if version == '5' else ''}|ping", "the request")
            pub(daemon, "-t", answer, "-m", "pong")
            equal(client.communicate(timeout=20)[0], "pong\n", "the reply")


@suite.scenario("wildcards, unsubscribe and several filters")
def _(daemon):
    place = topic()
    with Sub(daemon, "-V", "5", "-t", f"{place}/+/x", "-t", f"{place}/deep/#",
             "-U", f"{place}/other", filters=1) as sub:  # fmt: skip
        equal(sub.suback().split(":")[-1].strip().replace(" ", ""), "0,0", "the SUBACK")
        for tail in ("a/x", "a/y", "deep", "deep/er/x", "b/x"):
            pub(daemon, "-t", f"{place}/{tail}", "-m", "m", "-q", "1")
        wanted = [f"0 0 {place}/{tail} m" for tail in ("a/x", "deep", "deep/er/x", "b/x")]
        equal(sub.wait_count(4), wanted, "messages")


@suite.scenario("payloads up to the limit, byte for byte")
def _(daemon):
    place = topic()
    folder = daemon.folder
    # 1 MiB with the header: 1 byte type, 3 of length, 2 of topic length, topic, 2 of packet id.
    limit = (1 << 20) - 4 - 2 - len(place) - 2
    for size, transport in itertools.product((0, 1, 127, 16383, 65536, limit), TRANSPORTS):
        blob = folder / "blob"
        blob.write_bytes((bytes(range(256)) * (size // 256 + 1))[:size])
        with open(folder / "got", "wb") as got:
            process = subprocess.Popen(
                [str(w) for w in (need("mosquitto_sub"), *where(daemon, transport), "-t", place,
                                  "-q", "1", "-C", "1", "-N", "-c", "-i", "big")],
                stdout=got,
            )  # fmt: skip
            end = time.monotonic() + 20
            while process.poll() is None and time.monotonic() < end:
                flag = ["-f", blob] if size else ["-n"]
                pub(daemon, "-t", place, "-q", "1", *flag, transport=transport)
                try:
                    process.wait(0.3)
                except subprocess.TimeoutExpired:
                    continue
            equal(process.poll(), 0, f"exit of mosquitto_sub for {size} bytes over {transport}")
        equal((folder / "got").read_bytes() == blob.read_bytes(), True, f"{size} bytes")
        # Forget the session, with what came twice.
        run_well(need("mosquitto_sub"), *where(daemon), "-t", place, "-i", "big", "-E")


@suite.scenario("a packet above the limit ends the connection, with the reason in the log")
def _(daemon):
    blob = daemon.folder / "blob"
    blob.write_bytes(bytes((1 << 20) + 1))
    for version in VERSIONS:
        mark = daemon.mark()
        code, _, _ = run(need("mosquitto_pub"), *where(daemon), "-V", version, "-t", topic(),
                         "-q", "1", "-f", blob)  # fmt: skip
        # With version 5 the client knows the limit, and does not even send.
        if version != "5":
            check(code != 0, "mosquitto_pub ended well")
            daemon.wait_event(mark, event="session.protocol-error", reason="packetTooLarge")


@suite.scenario("takeover: the second client of a name ends the first")
def _(daemon):
    for version in VERSIONS:
        name = f"twin-{next(numbers)}"
        mark = daemon.mark()
        with Sub(daemon, "-V", version, "-i", name, "-t", topic()) as first:
            with Sub(daemon, "-V", version, "-i", name, "-t", topic()):
                daemon.wait_event(mark, event="session.closed", client=name)
                # The client of mosquitto comes back by itself; it is enough that it was told.
                first.lines.wait(lambda line: "CONNECT" in line, "trace of the first client")


@suite.scenario("the certificate's name is the user")
def _(daemon):
    mark = daemon.mark()
    pub(daemon, "-t", topic(), "-m", "x", transport="mutual")
    daemon.wait_event(mark, event="session.opened", listener="mutual", user="device-7")


@suite.scenario("mutual TLS without a certificate is refused with its reason")
def _(daemon):
    mark = daemon.mark()
    flags = ["-h", "localhost", "-p", daemon.ports["mutual"]]
    code, _, _ = run(need("mosquitto_pub"), *flags, "--cafile",
                     daemon.certificates.path("ca.crt"), "-t", topic(), "-m", "x")  # fmt: skip
    check(code != 0, "mosquitto_pub ended well")
    daemon.wait_event(mark, event="handshake.refused", reason="tls.no-certificate")


run_suite(suite, shards=2, tables={"limits": {"out-buffer-bytes": "2MiB"}})
