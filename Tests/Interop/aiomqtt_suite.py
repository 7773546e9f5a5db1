# SPDX-License-Identifier: Apache-2.0
# aiomqtt, the client of asyncio programs, against the daemon.

import asyncio
import itertools

import aiomqtt
from harness import PATIENCE_SECONDS, Suite, check, equal, run_suite

suite = Suite("aiomqtt")
TRANSPORTS = ("tcp", "tls", "mutual")
VERSIONS = {
    "3.1": aiomqtt.ProtocolVersion.V31,
    "3.1.1": aiomqtt.ProtocolVersion.V311,
    "5": aiomqtt.ProtocolVersion.V5,
}
numbers = itertools.count(1)


def topic(word="t"):
    return f"aiomqtt/{next(numbers)}/{word}"


def client(daemon, version="5", transport="tcp", **options):
    made = daemon.certificates
    port = daemon.ports[{"tcp": "plain"}.get(transport, transport)]
    if transport != "tcp":
        pair = {}
        if transport == "mutual":
            pair = {"certfile": made.path("device.crt"), "keyfile": made.path("device.key")}
        options["tls_params"] = aiomqtt.TLSParameters(ca_certs=made.path("ca.crt"), **pair)
    options.setdefault("identifier", f"aio-{next(numbers)}")
    return aiomqtt.Client("localhost", port, protocol=VERSIONS[version], **options)


def asynchronous(function):
    """A scenario written as a coroutine, with an end."""

    def scenario(daemon):
        asyncio.run(asyncio.wait_for(function(daemon), PATIENCE_SECONDS))

    return scenario


async def hear(source, count):
    heard = []
    async for message in source.messages:
        heard.append(message)
        if len(heard) == count:
            return heard


def round_trip(version, transport):
    @asynchronous
    async def scenario(daemon):
        place = topic()
        async with client(daemon, version, transport) as sub:
            await sub.subscribe(f"{place}/#", qos=2)
            async with client(daemon, version, transport) as pub:
                for number in range(60):
                    await pub.publish(f"{place}/{number % 3}", str(number), qos=number % 3)
                heard = await hear(sub, 60)
        for qos in range(3):
            found = [int(m.payload) for m in heard if m.qos == qos]
            equal(found, list(range(qos, 60, 3)), f"messages at QoS {qos}")

    return scenario


for version, transport in itertools.product(VERSIONS, TRANSPORTS):
    suite.scenario(f"QoS 0, 1, 2 in order with {version} over {transport}")(
        round_trip(version, transport)
    )


@suite.scenario("a hundred clients at once over mutual TLS")
@asynchronous
async def _(daemon):
    place = topic()

    async def one(number):
        async with client(daemon, transport="mutual") as each:
            await each.subscribe(f"{place}/{number}", qos=1)
            await each.publish(f"{place}/{number}", f"{number}", qos=1)
            (message,) = await hear(each, 1)
            return int(message.payload)

    found = await asyncio.gather(*(one(number) for number in range(100)))
    equal(found, list(range(100)), "messages")


@suite.scenario("the will of a client that was cut off")
@asynchronous
async def _(daemon):
    place = topic("will")
    for transport in TRANSPORTS:
        async with client(daemon) as witness:
            await witness.subscribe(place, qos=1)
            will = aiomqtt.Will(place, f"cut {transport}", qos=1)
            dying = client(daemon, transport=transport, will=will)
            await dying.__aenter__()
            dying._client.socket().shutdown(2)
            (message,) = await hear(witness, 1)
            equal(message.payload, f"cut {transport}".encode(), "the will")
            try:
                await dying.__aexit__(None, None, None)
            except aiomqtt.MqttError:
                pass


@suite.scenario("a listener that wants a certificate refuses a client without")
@asynchronous
async def _(daemon):
    mark = daemon.mark()
    options = aiomqtt.TLSParameters(ca_certs=daemon.certificates.path("ca.crt"))
    bare = aiomqtt.Client("localhost", daemon.ports["mutual"], tls_params=options, timeout=5)
    refused = False
    try:
        async with bare:
            pass
    except aiomqtt.MqttError:
        refused = True
    check(refused, "the client was let in")
    daemon.wait_event(mark, event="handshake.refused", reason="tls.no-certificate")


run_suite(suite, shards=2)
