# SPDX-License-Identifier: Apache-2.0
# Raw packets, valid and broken, over plain and encrypted connections: first sequences whose answer
# the standards fix, then thousands from a seed, during which the daemon must live and keep serving.
# SEALWIRE_SEED repeats a run, SEALWIRE_SEQUENCES says how many sequences there are.

import os
import random
import socket
import ssl

from harness import Failed, Suite, check, equal, run_suite
from packets import (
    BYE, PING, block, connect, packet, publish, split, subscribe, text, unsubscribe,
)  # fmt: skip

suite = Suite("raw")
SEED = int(os.environ.get("SEALWIRE_SEED") or random.SystemRandom().randrange(1 << 32))
SEQUENCES = int(os.environ.get("SEALWIRE_SEQUENCES") or 3000)
KINDS = ("plain", "tls", "mutual")


class Line:
    """A connection of bytes."""

    def __init__(self, daemon, kind):
        raw = socket.create_connection(("127.0.0.1", daemon.ports[kind]), timeout=10)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = raw if kind == "plain" else self._context(daemon, kind).wrap_socket(
            raw, server_hostname="localhost")  # fmt: skip

    contexts = {}

    @classmethod
    def _context(cls, daemon, kind):
        if kind not in cls.contexts:
            made = daemon.certificates
            context = ssl.create_default_context(cafile=made.path("ca.crt"))
            if kind == "mutual":
                context.load_cert_chain(made.path("device.crt"), made.path("device.key"))
            cls.contexts[kind] = context
        return cls.contexts[kind]

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (ConnectionError, ssl.SSLError, TimeoutError):
            pass

    def receive(self):
        """Some bytes, b"" at the end, None when nothing comes in time."""
        try:
            return self.socket.recv(1 << 16)
        except TimeoutError:
            return None
        except (ConnectionError, ssl.SSLError):
            return b""

    def packets(self, count=None, seconds=10):
        """Whole packets: so many, or all up to the end."""
        self.socket.settimeout(seconds)
        out, data = [], b""
        while count is None or len(out) < count:
            whole = split(data)
            if whole:
                out.append(data[:whole])
                data = data[whole:]
                continue
            more = self.receive()
            check(more is not None, f"neither answer nor end in {seconds} s, after {out}")
            if not more:
                check(count is None, f"the end instead of an answer, after {out}")
                check(not data, f"half a packet at the end: {data.hex()}")
                break
            data += more
        return out

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def talk(daemon, kind, data):
    """Sends everything and gives what comes back, up to the end."""
    with Line(daemon, kind) as line:
        line.send(data)
        return line.packets()


def reason(answer):
    """The reason code of a CONNACK or DISCONNECT."""
    return answer[3] if answer[0] == 0x20 else (answer[2] if answer[1] else 0)


# What the standards fix: (name, version, bytes after CONNECT or alone, wanted answer).
# The answer is a list of first bytes, and the code of the last packet if there is one.

LONG = "x" * 65_535


def refusals():
    """A CONNECT each, with the CONNACK it earns; None is an end without a word."""
    yield "reserved flag, 3.1.1", connect(4, "a", flags=3), None
    yield "reserved flag, 5", connect(5, "a", flags=3), 0x81
    yield "level 6", connect(4, "a", level=6), 0x84
    yield "level 0", connect(4, "a", level=0), 1
    yield "another protocol's name", packet(0x10, text("HTTP") + b"\4\2\0\0" + text("a")), None
    yield "no client id, session kept", connect(4, "", flags=0), 2
    yield "no client id, 3.1", connect(3, ""), 2
    yield "will QoS 3, 3.1.1", connect(4, "a", flags=0x1E, tail=text("w") + text("m")), None
    yield "will QoS 3, 5", connect(5, "a", flags=0x1E, tail=b"\0" + text("w") + text("m")), 0x81
    yield "will flag missing", connect(4, "a", flags=0x0A), None
    yield "password without user, 3.1.1", connect(4, "a", flags=0x42, tail=text("p")), None
    yield "client id no UTF-8, 3.1.1", connect(4, b"\xff"), None
    yield "client id no UTF-8, 5", connect(5, b"\xff"), 0x81
    yield "client id with U+0000, 5", connect(5, b"a\0b"), 0x81
    yield "bytes left over, 3.1.1", connect(4, "a", tail=b"x"), None
    yield "bytes left over, 5", connect(5, "a", tail=b"x"), 0x81
    yield "receive maximum 0", connect(5, "a", properties=b"\x21\0\0"), 0x82
    yield "maximum packet size 0", connect(5, "a", properties=b"\x27\0\0\0\0"), 0x82
    yield "property twice", connect(5, "a", properties=b"\x11\0\0\0\1" * 2), 0x82
    yield "property of PUBLISH", connect(5, "a", properties=b"\x01\1"), (0x81, 0x82)
    yield "unknown property", connect(5, "a", properties=b"\x7f\0"), 0x81
    yield "request problem 2", connect(5, "a", properties=b"\x17\2"), 0x82
    yield "authentication data alone", connect(5, "a", properties=b"\x16\0\1x"), 0x82
    yield "authentication method", connect(5, "a", properties=b"\x15" + text("X")), 0x8C
    yield "will with a wildcard, 5", connect(
        5, "a", flags=6, tail=b"\0" + text("w/#") + text("")), (0x81, 0x82, 0x90)  # fmt: skip
    yield "first packet is PUBLISH", publish(4), None
    yield "first packet is PINGREQ", PING, None
    yield "first packet is DISCONNECT", BYE, None
    yield "flags of CONNECT", b"\x11" + connect(4, "a")[1:], None
    yield "packet type 0", b"\0\0", None
    yield "packet type 15", b"\xf0\0", None
    yield "length of five bytes", b"\x10\xff\xff\xff\xff\x01", None


@suite.scenario("CONNECT that is refused gets the code of the standard")
def _(daemon):
    for kind in KINDS:
        for name, data, wanted in refusals():
            answers = talk(daemon, kind, data)
            if wanted is None:
                equal(answers, [], f"answer to {name} over {kind}")
                continue
            equal([a[0] for a in answers], [0x20], f"answer to {name} over {kind}")
            allowed = wanted if isinstance(wanted, tuple) else (wanted,)
            check(reason(answers[0]) in allowed,
                  f"{name} over {kind}: code {reason(answers[0]):#x}, wanted {allowed}")  # fmt: skip


def breaches():
    """What ends an open connection: bytes, and the code that version 5 hears."""
    either = (0x81, 0x82)
    yield "second CONNECT", lambda v: connect(v, "again"), (0x82,)
    yield "CONNACK from a client", lambda v: b"\x20\2\0\0", either
    yield "SUBACK from a client", lambda v: b"\x90\3\0\1\0", either
    yield "PINGRESP from a client", lambda v: b"\xd0\0", either
    yield "packet type 0", lambda v: b"\0\0", either
    yield "PUBLISH with QoS 3", lambda v: publish(v, qos=3), (0x81,)
    yield "PUBLISH to a wildcard", lambda v: publish(v, "a/#"), (0x81, 0x82, 0x90)
    yield "PUBLISH to nothing", lambda v: publish(v, ""), either
    yield "PUBLISH to U+0000", lambda v: publish(v, b"a\0"), (0x81, 0x82, 0x90)
    yield "PUBLISH to a surrogate", lambda v: publish(v, b"\xed\xa0\x80"), (0x81, 0x90)
    yield "PUBLISH with packet id 0", lambda v: publish(v, qos=1, packet_id=0), either
    yield "PUBLISH that is too short", lambda v: packet(0x30, b"\0\5ab"), (0x81,)
    yield "SUBSCRIBE with flags 0", lambda v: subscribe(v, first=0x80), (0x81,)
    yield "SUBSCRIBE to nothing", lambda v: packet(0x82, b"\0\1" + block(v)), either
    yield "SUBSCRIBE with QoS 3", lambda v: subscribe(v, options=3), either
    yield "SUBSCRIBE with packet id 0", lambda v: subscribe(v, packet_id=0), either
    yield "UNSUBSCRIBE of nothing", lambda v: packet(0xA2, b"\0\1" + block(v)), either
    yield "UNSUBSCRIBE no UTF-8", lambda v: unsubscribe(v, b"\xc0\x80"), (0x81, 0x8F)
    yield "PUBACK that is too short", lambda v: b"\x40\1\0", (0x81,)
    yield "PUBREL with flags 0", lambda v: b"\x60\2\0\1", (0x81,)
    yield "PINGREQ with a body", lambda v: b"\xc0\1\0", (0x81,)
    yield "PINGREQ with flags", lambda v: b"\xc1\0", (0x81,)
    yield "DISCONNECT with flags", lambda v: b"\xe1\0", (0x81,)
    # Where packets begin is not known any more: nobody hears anything.
    yield "length of five bytes", lambda v: b"\x30\xff\xff\xff\xff\x01", None
    yield "packet above the limit", lambda v: b"\x30\xff\xff\xff\x7f", (0x95,)


@suite.scenario("a breach of the protocol ends the connection; version 5 hears why")
def _(daemon):
    for kind in KINDS:
        for version in (3, 4, 5):
            for name, make, codes in breaches():
                answers = talk(daemon, kind, connect(version, "breach") + make(version) + PING)
                what = f"{name} with version {version} over {kind}"
                wanted = [0x20, 0xE0] if version == 5 and codes else [0x20]
                equal([a[0] for a in answers], wanted, f"answers to {what}")
                equal(reason(answers[0]), 0, f"CONNACK before {what}")
            if version == 5:
                for name, make, codes in breaches():
                    if codes is None:
                        continue
                    answers = talk(daemon, kind, connect(5, "breach") + make(5) + PING)
                    code = reason(answers[-1])
                    check(code in codes, f"{name} over {kind}: {code:#x}, wanted {codes}")


def only_five():
    """Breaches that only version 5 knows."""
    yield "topic alias 0", publish(5, properties=b"\x23\0\0"), (0x94, 0x82)
    yield "topic alias above the maximum", publish(5, properties=b"\x23\xff\xff"), (0x94,)
    yield "unknown alias", publish(5, "", properties=b"\x23\0\1"), (0x82, 0x94)
    yield "identifier from a client", publish(5, properties=b"\x0b\1"), (0x81, 0x82)
    yield "response topic with a wildcard", publish(5, properties=b"\x08" + text("a/+")), (
        0x81, 0x82, 0x90)  # fmt: skip
    yield "payload format 2", publish(5, properties=b"\x01\2"), (0x81, 0x82)
    yield "identifier 0", subscribe(5, properties=b"\x0b\0"), (0x82,)
    yield "retain handling 3", subscribe(5, options=0x30), (0x81, 0x82)
    yield "reserved options", subscribe(5, options=0x40), (0x81,)
    yield "no local on a share", subscribe(5, "$share/g/t", options=4), (0x82,)
    yield "AUTH out of nowhere", b"\xf0\0", (0x81, 0x82)
    yield "expiry out of nothing", b"\xe0\7\0\5\x11\0\0\0\7", (0x82,)
    yield "PUBACK with an unknown code", b"\x40\4\0\1\x01\0", (0x81, 0x82)
    yield "length not the shortest", b"\x30\x84\0\0\1t\0", (0x81,)


@suite.scenario("breaches that only version 5 knows")
def _(daemon):
    for kind in KINDS:
        for name, data, codes in only_five():
            answers = talk(daemon, kind, connect(5, "five") + data + PING)
            equal([a[0] for a in answers], [0x20, 0xE0], f"answers to {name} over {kind}")
            code = reason(answers[-1])
            check(code in codes, f"{name} over {kind}: {code:#x}, wanted {codes}")


@suite.scenario("acknowledgements, byte for byte")
def _(daemon):
    for kind in KINDS:
        for version in (3, 4, 5):
            none = b"\x10" if version == 5 else b""
            own = f"ack/{kind}/{version}"
            steps = [
                (publish(version, own, qos=1, packet_id=7), packet(0x40, b"\0\7" + none)),
                (publish(version, own, qos=2, packet_id=8), packet(0x50, b"\0\x08")),
                # The same again is answered, and not taken twice.
                (publish(version, own, qos=2, packet_id=8, flags=8), None),
                (b"\x62\2\0\x08", packet(0x70, b"\0\x08")),
                (b"\x62\2\0\x08", packet(0x70, b"\0\x08")),
                (PING, b"\xd0\0"),
                (subscribe(version, own, 1, packet_id=9), None),
                (unsubscribe(version, own, packet_id=10), None),
            ]
            with Line(daemon, kind) as line:
                line.send(connect(version, f"ack-{kind}"))
                equal(line.packets(1)[0][0], 0x20, "CONNACK")
                for number, (data, wanted) in enumerate(steps):
                    line.send(data)
                    (answer,) = line.packets(1)
                    if wanted is not None:
                        equal(answer.hex(), wanted.hex(), f"step {number}, version {version}")
                line.send(BYE)
                equal(line.packets(), [], "after DISCONNECT")


@suite.scenario("one byte at a time, and everything in one piece")
def _(daemon):
    for kind in KINDS:
        for version in (3, 4, 5):
            name = f"slow-{kind}"
            story = connect(version, name) + subscribe(version, name, 1)
            story += publish(version, name, b"hello", 1, 5) + PING
            for step in (1, len(story)):
                with Line(daemon, kind) as line:
                    for index in range(0, len(story), step):
                        line.send(story[index : index + step])
                    # Where the PUBACK stands beside the PUBLISH is free.
                    found = sorted(p[0] for p in line.packets(5))
                    equal(found, [0x20, 0x32, 0x40, 0x90, 0xD0], f"answers to parts of {step}")
                    line.send(BYE)
                    equal(line.packets(), [], "after DISCONNECT")


@suite.scenario("client ids and topics of 65,535 bytes")
def _(daemon):
    for kind in KINDS:
        for version in (3, 4, 5):
            answers = talk(daemon, kind, connect(version, LONG) + publish(version, LONG) + BYE)
            equal([(a[0], reason(a)) for a in answers], [(0x20, 0)], "answers")


@suite.scenario("much right behind the handshake is read, whoever computes the handshake")
def _(daemon):
    # A TLS 1.3 client may send before the server has finished; so much does not fit a buffer.
    story = connect(5, "early") + publish(5, "early", bytes(900_000), 1) + BYE
    for kind in KINDS:
        for _ in range(20):
            answers = talk(daemon, kind, story)
            equal([a[0] for a in answers], [0x20, 0x40], f"answers over {kind}")


# The seeded part.


def any_packet(dice, version):
    topic = dice.choice(("t", "a/b", "/", "$SYS/x", "a" * dice.randrange(1, 300), "ü/+", "#", ""))
    number = dice.choice((0, 1, 2, 65_535))
    qos = dice.randrange(3)
    ack = dice.choice((0x40, 0x50, 0x62, 0x70))
    return dice.choice(
        (
            lambda: connect(version, dice.choice(("", "c", "d")), dice.choice((0, 2, 2, 2))),
            lambda: publish(version, topic, dice.randbytes(dice.randrange(200)), qos, number,
                            dice.choice((0, 0, 1, 8, 9))),
            lambda: publish(version, "t", b"x" * dice.randrange(40_000), qos, 1 + number // 2),
            lambda: subscribe(version, topic, dice.choice((0, 1, 2, 5, 0x1A)), number),
            lambda: subscribe(version, "$share/g/" + topic, qos, number),
            lambda: unsubscribe(version, topic, number),
            lambda: packet(ack, number.to_bytes(2, "big")),
            lambda: packet(ack, number.to_bytes(2, "big") + bytes([dice.randrange(256), 0])),
            lambda: PING,
            lambda: BYE,
            lambda: packet(dice.randrange(256), dice.randbytes(dice.randrange(40))),
            lambda: dice.randbytes(dice.randrange(1, 60)),
        )
    )()  # fmt: skip


def damaged(dice, data):
    data = bytearray(data)
    how = dice.randrange(4)
    place = dice.randrange(len(data))
    if how == 0:
        data[place] ^= 1 << dice.randrange(8)
    elif how == 1:
        del data[place:]
    elif how == 2:
        data[place:place] = dice.randbytes(dice.randrange(1, 5))
    else:
        data[place] = dice.randrange(256)
    return bytes(data)


def sequence(dice):
    version = dice.choice((3, 4, 5))
    properties = dice.choice((b"", b"\x11\0\0\0\5", b"\x21\0\1", b"\x27\0\0\0\x40"))
    flags = dice.choice((0, 2, 2))
    begin = connect(version, f"fuzz-{dice.randrange(20)}", flags,
                    properties=properties if version == 5 else b"")  # fmt: skip
    parts = [begin] + [any_packet(dice, version) for _ in range(dice.randrange(1, 12))]
    if dice.random() < 0.4:
        index = dice.randrange(len(parts))
        parts[index] = damaged(dice, parts[index])
    return parts


def one_sequence(daemon, number):
    """Sends one; whole packets may come back, and nothing but a server's."""
    dice = random.Random(SEED * 1_000_003 + number)
    kind = KINDS[0] if number % 8 else KINDS[1 + number // 8 % 2]
    with Line(daemon, kind) as line:
        parts = sequence(dice)
        joined = dice.random() < 0.5
        for data in [b"".join(parts)] if joined else parts:
            line.send(data)
        if dice.random() < 0.3:
            return
        if kind == "plain":
            try:
                line.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            try:
                answers = line.packets()
            except Failed as failure:
                raise Failed(f"sequence {number} of seed {SEED}: {failure}") from None
            allowed = {0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xB0, 0xD0, 0xE0}
            check(all(a[0] & 0xF0 in allowed for a in answers), "a packet no server sends")


@suite.scenario(f"{SEQUENCES} random sequences from seed {SEED}")
def _(daemon):
    for number in range(SEQUENCES):
        try:
            one_sequence(daemon, number)
        except OSError as error:
            raise Failed(f"sequence {number} of seed {SEED}: {error}") from None
        if number % 100 == 99:
            check(daemon.is_alive, lambda: f"by sequence {number} of seed {SEED}: it died")


@suite.scenario("random bytes from the same seed")
def _(daemon):
    dice = random.Random(SEED)
    for kind in KINDS:
        for _ in range(SEQUENCES // 20):
            with socket.create_connection(("127.0.0.1", daemon.ports[kind]), 10) as raw:
                try:
                    raw.sendall(dice.randbytes(dice.randrange(1, 2000)))
                except OSError:
                    pass


@suite.scenario("afterwards everybody is still served")
def _(daemon):
    for kind in KINDS:
        with Line(daemon, kind) as line:
            line.send(connect(5, "after") + subscribe(5, "after", 1) + publish(5, "after", b"x", 1))
            found = sorted(a[0] for a in line.packets(4))
            equal(found, [0x20, 0x32, 0x40, 0x90], f"answers over {kind}")


LIMITS = {
    "client-id-bytes": 65_535,
    "topic-bytes": 65_535,
    "connect-packet-bytes": "1MiB",
}
run_suite(suite, shards=2, tables={"limits": LIMITS})
