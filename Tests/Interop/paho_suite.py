# SPDX-License-Identifier: Apache-2.0
# paho-mqtt against the daemon. The same scenarios run with paho 1.x and 2.x, each in the Python
# environment that has it.

import itertools
import queue
import socket
import ssl
import sys
import threading

import paho.mqtt
import paho.mqtt.client as mqtt
from harness import PATIENCE_SECONDS, Failed, Suite, check, equal, run_suite, wait_until
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

GENERATION = int(paho.mqtt.__version__.split(".")[0])
VERSIONS = {"3.1": mqtt.MQTTv31, "3.1.1": mqtt.MQTTv311, "5": mqtt.MQTTv5}
TRANSPORTS = ("tcp", "tls1.2", "tls1.3", "mutual")
suite = Suite(f"paho {paho.mqtt.__version__}")
numbers = itertools.count(1)


def topic(word="t"):
    return f"paho{GENERATION}/{next(numbers)}/{word}"


def code_of(reason):
    """A reason as a number, whichever class this generation uses."""
    return getattr(reason, "value", reason)


class Client:
    """A paho client with its events in queues; both generations look alike from outside."""

    def __init__(self, daemon, version="5", transport="tcp", name=None, clean=True, **connect):
        self.version = VERSIONS[version]
        name = f"p{GENERATION}-{next(numbers)}" if name is None else name
        options = {"client_id": name, "protocol": self.version}
        if self.version != mqtt.MQTTv5:
            options["clean_session"] = clean
        else:
            connect.setdefault("clean_start", clean)
        if GENERATION >= 2:
            options["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION2
        self.paho = mqtt.Client(**options)
        self.messages = queue.Queue()
        self.acknowledged = queue.Queue()
        self.connected = queue.Queue()
        self.disconnected = queue.Queue()
        self.paho.on_message = lambda _, __, message: self.messages.put(message)
        self.paho.on_connect = self._on_connect
        self.paho.on_disconnect = lambda *rest: self.disconnected.put(self._reason(rest))
        self.paho.on_subscribe = self._on_subscribe
        self.paho.on_publish = lambda *rest: self.acknowledged.put(rest[2])
        self.suback = queue.Queue()
        self.daemon, self.transport, self.connect_options = daemon, transport, connect
        self._set_up_tls(daemon, transport)

    def _set_up_tls(self, daemon, transport):
        if transport == "tcp":
            return
        made = daemon.certificates
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(made.path("ca.crt"))
        if transport == "mutual":
            context.load_cert_chain(made.path("device.crt"), made.path("device.key"))
        if transport == "tls1.2":
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        if transport == "tls1.3":
            context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.paho.tls_set_context(context)

    @staticmethod
    def _reason(rest):
        # 1.x: client, userdata, code[, properties]; 2.x has flags before the code.
        return code_of(rest[3] if GENERATION >= 2 else rest[2])

    def _on_connect(self, _, __, flags, code, properties=None):
        present = flags.session_present if GENERATION >= 2 else flags["session present"]
        self.connected.put((code_of(code), bool(present), properties))

    def _on_subscribe(self, _, __, ___, codes, *____):
        self.suback.put([code_of(code) for code in codes])

    def start(self):
        """Connects; gives whether there was a session, and the properties of CONNACK."""
        kind = {"tcp": "plain", "mutual": "mutual"}.get(self.transport, "tls")
        options = {"keepalive": 30, **self.connect_options}
        if self.version != mqtt.MQTTv5:
            options.pop("clean_start", None)
        self.paho.connect("localhost", self.daemon.ports[kind], **options)
        self.paho.loop_start()
        code, self.was_present, self.connack = self.take(self.connected, "CONNACK")
        equal(code, 0, "code of CONNACK")
        return self

    __enter__ = start

    def __exit__(self, *_):
        self.paho.disconnect()
        self.paho.loop_stop()

    def die(self):
        """Ends without a goodbye."""
        self.paho.loop_stop()
        sock = self.paho.socket()
        if sock:
            sock.close()

    @staticmethod
    def take(source, what):
        try:
            return source.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            raise Failed(f"{what} did not come") from None

    def subscribe(self, filters, qos=0, **more):
        if isinstance(filters, str) and not more:
            self.paho.subscribe(filters, qos)
        else:
            self.paho.subscribe(filters, **more)
        return self.take(self.suback, "SUBACK")

    def publish(self, where, payload=b"", qos=0, retain=False, properties=None):
        options = {"properties": properties} if properties is not None else {}
        sent = self.paho.publish(where, payload, qos, retain, **options)
        equal(sent.rc, 0, "result of publish")
        if qos:
            wait_until(sent.is_published, "the acknowledgement of a message")

    def hear(self, count=1):
        return [self.take(self.messages, f"message {n + 1} of {count}") for n in range(count)]

    def hears_nothing_but(self, marker_topic):
        """A message to ourselves overtakes nothing: what came before it is all there is."""
        self.publish(marker_topic, b"marker", 1)
        (message,) = self.hear()
        equal(message.payload, b"marker", "a message that should not have come")


def properties(kind, **values):
    made = Properties(kind)
    for key, value in values.items():
        setattr(made, key, value)
    return made


def round_trip(version, transport):
    def scenario(daemon):
        place = topic()
        with Client(daemon, version, transport) as sub, Client(daemon, version, transport) as pub:
            equal(sub.subscribe(place, 2), [2], "SUBACK")
            for number in range(60):
                pub.publish(place, b"%d" % number, number % 3)
            heard = sub.hear(60)
            for qos in range(3):
                found = [int(m.payload) for m in heard if m.qos == qos]
                equal(found, list(range(qos, 60, 3)), f"messages at QoS {qos}")

    return scenario


for version, transport in itertools.product(VERSIONS, TRANSPORTS):
    suite.scenario(f"QoS 0, 1, 2 in order with {version} over {transport}")(
        round_trip(version, transport)
    )


@suite.scenario("properties of PUBLISH arrive as they were sent")
def _(daemon):
    place = topic()
    with Client(daemon) as sub, Client(daemon, transport="tls1.3") as pub:
        sub.subscribe(place, options=SubscribeOptions(1), properties=properties(
            PacketTypes.SUBSCRIBE, SubscriptionIdentifier=4711))  # fmt: skip
        sent = properties(
            PacketTypes.PUBLISH, ContentType="text/plain", ResponseTopic="an/answer",
            CorrelationData=b"\0\1\2", MessageExpiryInterval=100, PayloadFormatIndicator=1,
        )  # fmt: skip
        sent.UserProperty = [("b", "2"), ("a", "1"), ("b", "3")]
        pub.publish(place, "text", 1, properties=sent)
        (message,) = sub.hear()
        found = message.properties
        equal(found.ContentType, "text/plain", "content type")
        equal(found.ResponseTopic, "an/answer", "response topic")
        equal(found.CorrelationData, b"\0\1\2", "correlation data")
        equal(found.PayloadFormatIndicator, 1, "payload format")
        check(99 <= found.MessageExpiryInterval <= 100, "expiry interval")
        equal(list(found.UserProperty), [("b", "2"), ("a", "1"), ("b", "3")], "user properties")
        equal(found.SubscriptionIdentifier, [4711], "subscription identifier")


@suite.scenario("subscription options: no local, retain as published, retain handling")
def _(daemon):
    place = topic()
    with Client(daemon) as one, Client(daemon) as other:
        other.publish(place, "kept", 1, retain=True)
        one.subscribe(place, options=SubscribeOptions(
            1, noLocal=True, retainAsPublished=True, retainHandling=2))  # fmt: skip
        one.publish(place, "mine", 1)
        other.publish(place, "theirs", 1, retain=True)
        (message,) = one.hear()
        equal((message.payload, message.retain), (b"theirs", True), "the message")
        # 1: only a new subscription gets what is retained.
        one.subscribe(place, options=SubscribeOptions(1, retainHandling=1))
        marker = topic()
        one.subscribe(marker, options=SubscribeOptions(1))
        one.hears_nothing_but(marker)
        one.subscribe(place, options=SubscribeOptions(1, retainHandling=0))
        equal(one.hear()[0].payload, b"theirs", "what was retained")
        other.publish(place, b"", 1, retain=True)


@suite.scenario("several filters in one SUBSCRIBE, each with its answer")
def _(daemon):
    place = topic()
    with Client(daemon) as client:
        wanted = [(f"{place}/{qos}", SubscribeOptions(qos)) for qos in range(3)]
        equal(client.subscribe(wanted), [0, 1, 2], "SUBACK")
    with Client(daemon, "3.1.1") as client:
        equal(client.subscribe([(f"{place}/{q}", q) for q in range(3)]), [0, 1, 2], "SUBACK")


@suite.scenario("session with an expiry survives a break, without one it does not")
def _(daemon):
    place = topic()
    for transport in TRANSPORTS:
        name = f"lasting-{GENERATION}-{next(numbers)}"
        lives = properties(PacketTypes.CONNECT, SessionExpiryInterval=300)
        first = Client(daemon, name=name, transport=transport, properties=lives).start()
        equal(first.was_present, False, "session present at first")
        first.subscribe(place, 2)
        first.die()
        with Client(daemon, transport=transport) as pub:
            for number in range(30):
                pub.publish(place, b"%d" % number, 1 + number % 2)
        again = Client(daemon, name=name, transport=transport, clean=False)
        with again:
            equal(again.was_present, True, "session present after the break")
            heard = again.hear(30)
            for qos in (1, 2):
                found = [int(m.payload) for m in heard if m.qos == qos]
                equal(found, list(range(qos - 1, 30, 2)), f"messages at QoS {qos}")
        with Client(daemon, name=name, transport=transport, clean=False) as third:
            equal(third.was_present, False, "session present after a connection without expiry")


@suite.scenario("clean_session=False with 3.1 and 3.1.1")
def _(daemon):
    for version in ("3.1", "3.1.1"):
        place, name = topic(), f"old-{GENERATION}-{next(numbers)}"
        with Client(daemon, version, name=name, clean=False) as first:
            first.subscribe(place, 1)
        with Client(daemon, version) as pub:
            pub.publish(place, "waits", 1)
        with Client(daemon, version, name=name, clean=False) as again:
            equal(again.hear()[0].payload, b"waits", "the message")
            if version == "3.1.1":
                equal(again.was_present, True, "session present")
        Client(daemon, version, name=name).start().__exit__()


@suite.scenario("reconnect by itself after the connection broke, subscriptions intact")
def _(daemon):
    for version in ("3.1.1", "5"):
        place, name = topic(), f"back-{GENERATION}-{next(numbers)}"
        more = {}
        if version == "5":
            more["properties"] = properties(PacketTypes.CONNECT, SessionExpiryInterval=300)
        client = Client(daemon, version, name=name, clean=False, **more)
        client.paho.reconnect_delay_set(1, 1)
        with client, Client(daemon, version) as pub:
            client.subscribe(place, 1)
            client.paho.socket().shutdown(socket.SHUT_RDWR)
            client.take(client.disconnected, "the break")
            pub.publish(place, "meanwhile", 1)
            code, present, _ = client.take(client.connected, "second CONNACK")
            equal((code, present), (0, True), "second CONNACK")
            equal(client.hear()[0].payload, b"meanwhile", "the message")


@suite.scenario("will, with delay, and cancelled by coming back")
def _(daemon):
    place = topic("will")
    with Client(daemon) as witness:
        witness.subscribe(place, 1)
        for version in VERSIONS:
            dying = Client(daemon, version)
            dying.paho.will_set(place, f"died {version}", 1)
            dying.start().die()
            equal(witness.hear()[0].payload, f"died {version}".encode(), "the will")
        name = f"delayed-{GENERATION}"
        lives = properties(PacketTypes.CONNECT, SessionExpiryInterval=300)
        dying = Client(daemon, name=name, properties=lives)
        late = properties(PacketTypes.WILLMESSAGE, WillDelayInterval=60, ContentType="x/y")
        dying.paho.will_set(place, "never", 1, properties=late)
        dying.start().die()
        with Client(daemon, name=name, clean=False):
            witness.hears_nothing_but(place)


def asks():
    """CONNECT asks for reasons in words: paho 1.x overlooks the code of a DISCONNECT without."""
    return properties(PacketTypes.CONNECT, RequestProblemInformation=1)


@suite.scenario("takeover: the first is told 0x8E, and the will waits for nobody")
def _(daemon):
    for transport in TRANSPORTS:
        name = f"twin-{GENERATION}-{next(numbers)}"
        first = Client(daemon, name=name, transport=transport, properties=asks()).start()
        first.paho.on_connect = None
        first.paho.reconnect_delay_set(100, 100)
        with Client(daemon, name=name, transport=transport):
            equal(first.take(first.disconnected, "DISCONNECT"), 0x8E, "reason")
        first.die()


@suite.scenario("client ids of 65,535 bytes, in every version")
def _(daemon):
    for version, transport in itertools.product(VERSIONS, ("tcp", "mutual")):
        name = ("ü" * 40_000)[: 65_535 // 2] + "x"
        equal(len(name.encode()), 65_535, "bytes of the client id")
        place = topic()
        with Client(daemon, version, transport, name=name) as client:
            client.subscribe(place, 1)
            client.publish(place, "me", 1)
            equal(client.hear()[0].payload, b"me", "the message")


@suite.scenario("an empty client id gets one assigned")
def _(daemon):
    for version in ("3.1.1", "5"):
        with Client(daemon, version, name="") as client:
            if version == "5":
                check(client.connack.AssignedClientIdentifier, "no assigned client id")


@suite.scenario("payloads up to the limit over every transport")
def _(daemon):
    for version, transport in itertools.product(("3.1.1", "5"), TRANSPORTS):
        place = topic()
        most = (1 << 20) - 4 - 2 - len(place) - 2 - (1 if version == "5" else 0)
        with Client(daemon, version, transport) as client:
            client.subscribe(place, 2)
            for size in (0, 1, 125, 128, 16_384, 100_000, most):
                payload = (bytes(range(251)) * (size // 251 + 1))[:size]
                client.publish(place, payload, 2)
                equal(client.hear()[0].payload == payload, True, f"{size} bytes came back")


@suite.scenario("one byte above the limit ends the connection with 0x95")
def _(daemon):
    place = topic()
    most = (1 << 20) - 4 - 2 - len(place) - 2 - 1
    client = Client(daemon).start()
    equal(client.connack.MaximumPacketSize, 1 << 20, "maximum packet size in CONNACK")
    client.paho.reconnect_delay_set(100, 100)
    mark = daemon.mark()
    client.paho.publish(place, bytes(most + 1), 1)
    daemon.wait_event(mark, event="session.protocol-error", reason="packetTooLarge")
    code = client.take(client.disconnected, "DISCONNECT")
    # The reset that follows bytes nobody reads may overtake the packet that says why.
    check(code in (0x95, 7, 0x80, 1, 16), f"reason {code}")
    client.die()


@suite.scenario("a thousand messages each way at once, over mutual TLS")
def _(daemon):
    places = [topic("left"), topic("right")]
    one, two = Client(daemon, transport="mutual"), Client(daemon, "3.1.1", "mutual")
    for client in (one, two):
        client.paho.max_inflight_messages_set(200)
    with one, two:
        one.subscribe(places[0], 1)
        two.subscribe(places[1], 1)

        def send(client, place):
            for number in range(1000):
                client.paho.publish(place, b"%d" % number, 1)

        threads = [threading.Thread(target=send, args=pair) for pair in
                   ((one, places[1]), (two, places[0]))]  # fmt: skip
        for thread in threads:
            thread.start()
        for client in (one, two):
            equal([int(m.payload) for m in client.hear(1000)], list(range(1000)), "messages")
        for thread in threads:
            thread.join()


@suite.scenario("shared subscription with identifiers: each message once")
def _(daemon):
    place = topic()
    members = [Client(daemon, transport=transport).start() for transport in TRANSPORTS]
    try:
        for number, member in enumerate(members):
            member.subscribe(f"$share/g{GENERATION}/{place}", options=SubscribeOptions(1),
                             properties=properties(PacketTypes.SUBSCRIBE,
                                                   SubscriptionIdentifier=number + 1))  # fmt: skip
        with Client(daemon) as pub:
            for number in range(200):
                pub.publish(place, b"%d" % number, 1)
        wait_until(lambda: sum(m.messages.qsize() for m in members) >= 200, "200 messages")
        got = []
        for number, member in enumerate(members):
            heard = member.hear(member.messages.qsize())
            check(heard, f"member {number + 1} got nothing")
            check(
                all(m.properties.SubscriptionIdentifier == [number + 1] for m in heard),
                "a foreign subscription identifier",
            )
            got += [int(m.payload) for m in heard]
        equal(sorted(got), list(range(200)), "messages of the group")
    finally:
        for member in members:
            member.__exit__()


# The last one, because it ends the daemon.
@suite.scenario("SIGTERM: version 5 hears 0x8B, and the daemon ends well")
def _(daemon):
    clients = [Client(daemon, transport=transport, properties=asks()).start()
               for transport in TRANSPORTS]  # fmt: skip
    old = Client(daemon, "3.1.1").start()
    for client in [*clients, old]:
        client.paho.reconnect_delay_set(100, 100)
    daemon.terminate()
    for client in clients:
        equal(client.take(client.disconnected, "DISCONNECT"), 0x8B, "reason")
    old.take(old.disconnected, "the end")
    equal(daemon.wait_end(), 0, "exit code of the daemon")
    daemon.start()
    for client in [*clients, old]:
        client.die()


LIMITS = {
    "out-buffer-bytes": "4MiB",
    "client-id-bytes": 65_535,
    "connect-packet-bytes": "1MiB",
}
run_suite(suite, shards=GENERATION, tables={"limits": LIMITS})
