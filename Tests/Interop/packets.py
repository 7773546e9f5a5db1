# SPDX-License-Identifier: Apache-2.0
# MQTT packets as bytes, right or wrong as the caller wants them. No connection is in here.


def varint(number):
    out = bytearray()
    while True:
        number, low = divmod(number, 128)
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def text(value):
    raw = value.encode() if isinstance(value, str) else value
    return len(raw).to_bytes(2, "big") + raw


def packet(first, body=b""):
    return bytes([first]) + varint(len(body)) + body


def block(version, properties=b""):
    return varint(len(properties)) + properties if version == 5 else b""


def connect(version=4, name="", flags=2, keep_alive=60, properties=b"", tail=b"", level=None):
    protocol = text("MQIsdp" if version == 3 else "MQTT")
    body = protocol + bytes([level if level is not None else version, flags])
    body += keep_alive.to_bytes(2, "big") + block(version, properties) + text(name) + tail
    return packet(0x10, body)


def publish(version, topic="t", payload=b"", qos=0, packet_id=1, flags=0, properties=b""):
    body = text(topic) + (packet_id.to_bytes(2, "big") if qos else b"")
    return packet(0x30 | qos << 1 | flags, body + block(version, properties) + payload)


def subscribe(version, topic="t", options=0, packet_id=1, properties=b"", first=0x82):
    body = packet_id.to_bytes(2, "big") + block(version, properties)
    return packet(first, body + text(topic) + bytes([options]))


def unsubscribe(version, topic="t", packet_id=1):
    return packet(0xA2, packet_id.to_bytes(2, "big") + block(version) + text(topic))


PING, BYE = b"\xc0\0", b"\xe0\0"


def split(data):
    """The length of the first packet in the bytes; 0 while it is not whole."""
    size = shift = 0
    for index in range(1, min(len(data), 5)):
        size |= (data[index] & 0x7F) << shift
        shift += 7
        if not data[index] & 0x80:
            whole = index + 1 + size
            return whole if whole <= len(data) else 0
    return 0
