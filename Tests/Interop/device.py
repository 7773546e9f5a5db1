# SPDX-License-Identifier: Apache-2.0
# A device that says exactly what it is told to, and tells exactly what it was answered: raw MQTT
# over TLS, with the chain of a scenario's choice.

import select
import socket
import ssl

import packets
from harness import PATIENCE_SECONDS, Failed, check, equal

ASKS_FOR_REASONS = b"\x17\x01"


class Alert(Exception):
    """TLS ended instead of an answer."""


class Device:
    """A connection; `code` is the answer to CONNECT, `said` its reason string in MQTT 5."""

    def __init__(self, port, trust, pair=None, *, name="", version=4, user=None, password=None,
                 newest=None, session=None, clean=True, host="localhost"):  # fmt: skip
        self.version, self.name = version, name
        self.context = ssl.create_default_context(cafile=trust)
        if pair:
            self.context.load_cert_chain(*pair)
        if newest:
            self.context.maximum_version = newest
        if session:
            # A session belongs to the context it was made with.
            self.context = session[0]
        raw = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""
        try:
            self.socket = self.context.wrap_socket(
                raw, server_hostname=host, session=session[1] if session else None)  # fmt: skip
            self.socket.sendall(self._connect(user, password, clean))
            answer = self.packet()
        except (ssl.SSLError, ConnectionError) as error:
            raw.close()
            raise Alert(str(error)) from None
        check(answer, "the connection ended without an answer to CONNECT")
        equal(answer[0], 0x20, "kind of the answer to CONNECT")
        self.code = answer[3]
        self.is_present = answer[2] == 1
        self.said = reason_string(answer[4:]) if version == 5 else None

    def _connect(self, user, password, clean):
        flags, tail = 2 if clean else 0, b""
        if user is not None:
            flags, tail = flags | 0x80, tail + packets.text(user)
        if password is not None:
            flags, tail = flags | 0x40, tail + packets.text(password)
        return packets.connect(
            self.version, self.name, flags, tail=tail,
            properties=ASKS_FOR_REASONS if self.version == 5 else b"",
        )  # fmt: skip

    @property
    def session(self):
        """What a further connection resumes."""
        return self.context, self.socket.session

    @property
    def was_resumed(self):
        return self.socket.session_reused

    def send(self, data):
        self.socket.sendall(data)

    def packet(self, seconds=PATIENCE_SECONDS):
        """The next packet; b"" at the end."""
        self.socket.settimeout(seconds)
        while True:
            whole = packets.split(self.data)
            if whole:
                packet, self.data = self.data[:whole], self.data[whole:]
                return packet
            try:
                more = self.socket.recv(1 << 16)
            except TimeoutError:
                raise Failed(f"{self.name}: nothing came in {seconds} s") from None
            except ConnectionResetError:
                return b""
            if not more:
                return b""
            self.data += more

    def subscribe(self, topic, qos=0):
        self.send(packets.subscribe(self.version, topic, qos))
        answer = self.packet()
        equal(answer[:1], b"\x90", "kind of the answer to SUBSCRIBE")
        return answer[-1]

    def publish(self, topic, payload=b""):
        """With QoS 1, so that it arrived when this returns; gives the reason code of MQTT 5.

        Messages that come before the acknowledgement are kept for `message`."""
        self.send(packets.publish(self.version, topic, payload, 1))
        kept = b""
        while True:
            answer = self.packet()
            check(answer, "the connection ended instead of a PUBACK")
            if answer[0] == 0x40:
                self.data = kept + self.data
                return answer[4] if len(answer) > 4 else 0
            kept += answer

    def message(self, seconds=PATIENCE_SECONDS):
        """The next message: topic and payload."""
        packet = self.packet(seconds)
        check(packet, "the connection ended instead of a message")
        equal(packet[0] >> 4, 3, "kind of the packet instead of a message")
        start = 2
        while packet[start - 1] & 0x80:
            start += 1
        size = int.from_bytes(packet[start : start + 2], "big")
        topic = packet[start + 2 : start + 2 + size].decode()
        rest = packet[start + 2 + size :]
        if packet[0] & 0x06:
            self.send(packets.packet(0x40, rest[:2]))
            rest = rest[2:]
        if self.version == 5:
            rest = rest[1 + rest[0] :]
        return topic, rest

    def is_open(self):
        """Whether a PINGREQ is still answered."""
        try:
            self.send(packets.PING)
            while (answer := self.packet()) and answer[0] != 0xD0:
                pass
            return bool(answer)
        except (OSError, ssl.SSLError):
            return False

    def wait_end(self, seconds=PATIENCE_SECONDS):
        """Waits for the end; gives the reason code of a DISCONNECT that came before it, or 0."""
        code = 0
        while packet := self._packet_or_end(seconds):
            if packet[0] == 0xE0 and len(packet) > 2:
                code = packet[2]
        return code

    def _packet_or_end(self, seconds):
        try:
            return self.packet(seconds)
        except (ssl.SSLError, ConnectionError):
            return b""

    def is_silent(self, seconds=0.5):
        """Whether nothing comes for a while."""
        if self.data or self.socket.pending():
            return False
        return not select.select([self.socket], [], [], seconds)[0]

    def close(self):
        try:
            self.socket.sendall(packets.BYE if self.version < 5 else packets.BYE)
        except (OSError, ssl.SSLError):
            pass
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def reason_string(rest):
    """The reason string among the properties of a CONNACK, None without one."""
    size, at = rest[0], 1
    if size & 0x80:
        size, at = (size & 0x7F) | rest[1] << 7, 2
    end = at + size
    widths = {0x11: 4, 0x13: 2, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1,
              0x2A: 1}  # fmt: skip
    while at < end:
        kind, at = rest[at], at + 1
        if kind in widths:
            at += widths[kind]
            continue
        length = int.from_bytes(rest[at : at + 2], "big")
        if kind == 0x1F:
            return rest[at + 2 : at + 2 + length].decode()
        at += 2 + length
        if kind == 0x26:
            at += 2 + int.from_bytes(rest[at : at + 2], "big")
    return None
