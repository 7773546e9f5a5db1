# SPDX-License-Identifier: Apache-2.0
"""What attackers are made of: connections that send bytes prepared beforehand, and the programs
that hold them. No attack is in here."""

import collections
import json
import pathlib
import resource
import socket
import ssl
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Interop"))
import packets  # noqa: E402
from packets import packet, text, varint  # noqa: E402

FOREVER = 0xFFFFFFFF
CONNACK, PUBACK, SUBACK, UNSUBACK, PINGRESP, DISCONNECT = 2, 4, 9, 11, 13, 14


class Gone(Exception):
    """The daemon ended the connection, or refused what was asked."""


def properties(**given):
    """The properties of MQTT 5 that attacks use."""
    kinds = {"expiry": (0x11, 4), "receive": (0x21, 2), "packet": (0x27, 4), "aliases": (0x22, 2),
             "alias": (0x23, 2), "delay": (0x18, 4), "format": (0x01, 1)}  # fmt: skip
    made = b""
    for name, value in given.items():
        if value is None:
            continue
        if name == "identifier":
            made += b"\x0b" + varint(value)
        elif name == "users":
            made += (b"\x26" + text("") + text("")) * value
        elif name == "method":
            made += b"\x15" + text(value)
        elif name == "data":
            made += b"\x16" + text(value)
        else:
            number, size = kinds[name]
            made += bytes([number]) + value.to_bytes(size, "big")
    return made


def connect(name, user, password, *, clean=True, keep=60, will=None, more=b"", **given):
    """CONNECT of MQTT 5; `will` is topic, payload, flags and properties."""
    flags = (2 if clean else 0) | (0x80 if user is not None else 0)
    flags |= 0x40 if password is not None else 0
    tail = b""
    if will:
        topic, payload, bits, block = will
        flags |= 4 | bits
        tail += varint(len(block)) + block + text(topic) + text(payload)
    tail += text(user) if user is not None else b""
    tail += text(password) if password is not None else b""
    return packets.connect(5, name, flags, keep, properties(**given) + more, tail)


def publish(topic, payload=b"", qos=0, number=1, flags=0, block=b""):
    return packets.publish(5, topic, payload, qos, number, flags, block)


def subscribe(filters, number=1, options=0, identifier=None):
    """One SUBSCRIBE with all of the filters."""
    block = properties(identifier=identifier)
    rest = b"".join(text(one) + bytes([options]) for one in filters)
    return packet(0x82, number.to_bytes(2, "big") + varint(len(block)) + block + rest)


def unsubscribe(filters, number=1):
    rest = b"".join(text(one) for one in filters)
    return packet(0xA2, number.to_bytes(2, "big") + b"\x00" + rest)


def parts(items, size):
    for start in range(0, len(items), size):
        yield items[start:start + size]


class Link:
    """One connection of an attacker, with bytes in and out, and nothing decided."""

    def __init__(self, attack, port, source=None, tls=False, receive_buffer=None):
        self.attack, self.inbox = attack, b""
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(10)
        try:
            if source is not None:
                self.socket.bind((attack.address(source), 0))
            self.socket.connect(("127.0.0.1", port))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                self.socket = attack.tls.wrap_socket(self.socket, server_hostname="localhost")
        except OSError as error:
            self.socket.close()
            raise Gone(type(error).__name__) from None

    def send(self, data, seconds=60):
        """Sends all of it, however long the daemon does not read; up to the time."""
        self.socket.settimeout(seconds)
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone(self._last_word() or type(error).__name__) from None

    def _last_word(self):
        """What DISCONNECT said before the connection broke."""
        try:
            self.socket.settimeout(0.2)
            while True:
                data = self.socket.recv(65536)
                if not data:
                    break
                self.inbox += data
        except OSError:
            pass
        while (size := packets.split(self.inbox)):
            whole, self.inbox = self.inbox[:size], self.inbox[size:]
            if whole[0] >> 4 == DISCONNECT and len(whole) > 2:
                return f"0x{whole[2]:02x}"
        return None

    def next(self, seconds):
        """The next packet: its type and its bytes; None when the time is over."""
        end = time.monotonic() + seconds
        while not (size := packets.split(self.inbox)):
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(262_144)
            except TimeoutError:
                return None
            except OSError as error:
                raise Gone(type(error).__name__) from None
            if not data:
                raise Gone("closed")
            self.inbox += data
        whole, self.inbox = self.inbox[:size], self.inbox[size:]
        if whole[0] >> 4 == DISCONNECT:
            raise Gone(f"0x{whole[2]:02x}" if len(whole) > 2 else "disconnected")
        return whole[0] >> 4, whole

    def wait(self, kind, seconds=30):
        """Passes over packets up to one of a kind."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            found = self.next(left)
            if found and found[0] == kind:
                return found[1]
        raise Gone("no answer")

    def settle(self, seconds=30):
        """Waits until everything that was sent has been handled."""
        self.send(packets.PING)
        self.wait(PINGRESP, seconds)

    def close(self):
        try:
            self.socket.close()
        except OSError:
            pass


class Attack:
    """The program of one attack: it makes ready, waits for its signal, attacks, and cleans up."""

    def __init__(self, given):
        self.given = given
        self.index, self.seconds = given["index"], given["seconds"]
        self.ports, self.count = given["ports"], given["count"]
        self.notes = collections.Counter()
        self.said = {}
        self.deadline = 0
        self.until_setup = time.monotonic() + given["setup_seconds"]
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        # The daemon's certificate is not what is tested here, and checking costs time.
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    def address(self, number):
        return f"127.{10 + self.index}.{number // 250 % 250}.{1 + number % 250}"

    # The course of an attack

    def go(self):
        """All is prepared; from here on the others' latency counts."""
        print("ready", flush=True)
        if sys.stdin.readline().strip() != "go":
            sys.exit(0)
        self.deadline = time.monotonic() + self.seconds

    @property
    def on(self):
        return time.monotonic() < self.deadline

    @property
    def left(self):
        return max(0.1, self.deadline - time.monotonic())

    def over(self, **said):
        """The attack is over; what was opened stays so until the signal."""
        self.said.update(said)
        print(json.dumps({"notes": dict(self.notes), **self.said}), flush=True)
        sys.stdin.readline()

    # Connections

    def open(self, name, *, listener="door", source=None, user=None, password=None, seconds=20,
             tls=False, receive_buffer=None, **options):  # fmt: skip
        """A connection that was let in."""
        link = Link(self, self.ports[listener], source, tls, receive_buffer)
        user = user or self.given["user"]
        password = password or self.given["password"]
        try:
            link.send(connect(name, user, password, **options))
            answer = link.wait(CONNACK, seconds)
            if answer[3] != 0:
                raise Gone(f"CONNACK 0x{answer[3]:02x}")
        except Gone:
            link.close()
            raise
        return link

    def opened(self, names, **options):
        """Those of many connections that were let in."""
        links = []
        for number, name in enumerate(names):
            try:
                links.append(self.open(name, source=number, **options))
            except Gone as gone:
                self.notes[str(gone)] += 1
        return links

    def crowd(self, packets_, *, listener="door", at_once=100, hold=False, until=None):
        """Connections that say CONNECT at once, a group after the other; counts the answers. Those
        held are given back."""
        held = []
        for group in parts(list(packets_), at_once):
            if until and time.monotonic() > until:
                break
            links = []
            for number, one in enumerate(group):
                try:
                    link = Link(self, self.ports[listener], len(held) + number)
                    link.send(one)
                    links.append(link)
                except Gone as gone:
                    self.notes[str(gone)] += 1
            for link in links:
                try:
                    answer = link.wait(CONNACK, 20 if not self.deadline else self.left + 5)
                    self.notes[f"CONNACK 0x{answer[3]:02x}"] += 1
                    if hold and answer[3] == 0:
                        held.append(link)
                        continue
                except Gone as gone:
                    self.notes[str(gone)] += 1
                link.close()
        return held

    def login(self, name, **options):
        """The bytes of a CONNECT that is let in."""
        return connect(name, self.given["user"], self.given["password"], **options)

    def subscribed(self, link, filters, *, each=500, **options):
        """Subscribes to many filters; gives how many were granted."""
        granted = 0
        for group in parts(filters, each):
            link.send(subscribe(group, **options))
            answer = link.wait(SUBACK, 60)
            codes = answer[-len(group):]
            granted += sum(1 for code in codes if code < 0x80)
            for code in codes:
                if code >= 0x80:
                    self.notes[f"SUBACK 0x{code:02x}"] += 1
        return granted

    def repeat(self, name, work, *, pause=0.0, **options):
        """Does something with a connection again and again until the time is over, with a new
        connection when the daemon ends it; gives how often."""
        times, link = 0, None
        while self.on:
            try:
                link = link or self.open(name, **options)
                work(link, times)
                times += 1
            except Gone as gone:
                self.notes[str(gone)] += 1
                if link:
                    link.close()
                link = None
                time.sleep(0.05)
            if pause:
                time.sleep(pause)
        if link:
            link.close()
        return times

    def end_sessions(self, names, **options):
        """Ends stored sessions, so that what is left is a leak."""
        packets_ = [self.login(name, **options) for name in names]
        count = self.notes.copy()
        for link in self.crowd(packets_, hold=True):
            try:
                link.send(b"\xe0\x00")
            except Gone:
                pass
            link.close()
        self.notes = count

    def clear_retained(self, topics):
        """Takes back retained messages."""
        try:
            link = self.open(f"clear-{self.index}")
            for group in parts(topics, 500):
                link.send(b"".join(publish(one, flags=1) for one in group))
                link.settle(60)
            link.close()
        except Gone as gone:
            self.notes[f"while clearing {gone}"] += 1


class Row:
    """An attack that can be asked for by name."""

    rows = {}

    def __init__(self, function, sends, stops, **options):
        self.function, self.sends, self.stops = function, sends, stops
        self.processes = options.pop("processes", 1)
        self.seconds = options.pop("seconds", 8)
        # How much the daemon may grow, in MiB: what the limits in `stops` allow.
        self.mebibytes = options.pop("mebibytes", 64)
        self.watches_revocation = options.pop("revocation", False)
        self.check = options.pop("check", None)
        self.setup_seconds = options.pop("setup_seconds", 60)
        self.end_seconds = options.pop("end_seconds", 40)
        assert not options, options


def attack(name, sends, stops, **options):
    """The function below is an attack; `sends` and `stops` are for the report."""
    def keep(function):
        Row.rows[name] = Row(function, sends, stops, **options)
        return function

    return keep
