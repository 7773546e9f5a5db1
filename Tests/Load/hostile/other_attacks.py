# SPDX-License-Identifier: Apache-2.0
"""Attacks on the machinery of connections: floods, storms, packets in odd places."""

import time

from peers import (PUBACK, SUBACK, Gone, Link, attack, connect, packet, properties, publish,
                   subscribe, varint)  # fmt: skip


@attack("takeovers", "200 connections at once with one client id, again and again",
        "taking over is cheap", processes=2)  # fmt: skip
def takeovers(a):
    a.go()
    count = 0
    one = a.login("the-one", clean=False, expiry=3600)
    while a.on:
        links = []
        for number in range(200):
            try:
                link = Link(a, a.ports["door"], number)
                link.send(one)
                links.append(link)
                count += 1
            except Gone as gone:
                a.notes[str(gone)] += 1
        for link in links:
            link.close()
    a.over(connects=count)
    a.end_sessions(["the-one"])


@attack("takeovers-loaded", "the same with 9,000 subscriptions in the session",
        "taking over is cheap; work budget of a link")  # fmt: skip
def takeovers_loaded(a):
    link = a.open("loaded", expiry=3600)
    granted = a.subscribed(link, [f"l/{number}/+/#" for number in range(9000)], options=1)
    a.go()
    keep = a.login("loaded", clean=False, expiry=3600)
    fresh = a.login("loaded", clean=True, expiry=3600)
    count = 0
    while a.on:
        try:
            link = Link(a, a.ports["door"], count)
            link.send(fresh if count % 50 == 49 else keep)
            link.wait(2, 20)
            link.close()
            count += 1
        except Gone as gone:
            a.notes[str(gone)] += 1
    a.over(granted=granted, connects=count)
    a.end_sessions(["loaded"])


@attack("session-deaths", "sessions with 9,000 subscriptions of 30 levels end one after the other",
        "work budget of a link", mebibytes=128)  # fmt: skip
def session_deaths(a):
    a.go()
    filters = [f"die/{number}/" + "/".join("abcdefghijklmnopqrstuvwxyz") for number in range(9000)]
    count = 0
    while a.on:
        try:
            link = a.open(f"dying-{count}")
            a.subscribed(link, filters, each=4500)
            link.close()
            count += 1
        except Gone as gone:
            a.notes[str(gone)] += 1
    a.over(deaths=count)


@attack("pings", "PINGREQ as fast as it goes from fifty clients that read nothing",
        "out-buffer-bytes; work budget of a link")  # fmt: skip
def pings(a):
    links = a.opened([f"ping-{number}" for number in range(50)], receive_buffer=4096)
    burst = b"\xc0\x00" * 50_000
    a.go()
    count = 0
    while a.on and links:
        for link in list(links):
            try:
                link.socket.settimeout(0.02)
                count += link.socket.send(burst) // 2
            except TimeoutError:
                pass
            except OSError as error:
                a.notes[type(error).__name__] += 1
                links.remove(link)
            if not a.on:
                break
    a.over(pings=count)
    for link in links:
        link.close()


@attack("pings-read", "PINGREQ as fast as it goes from ten clients that read the answers",
        "work budget of a link")  # fmt: skip
def pings_read(a):
    links = a.opened([f"pong-{number}" for number in range(10)])
    burst = b"\xc0\x00" * 8_000
    a.go()
    count = 0
    while a.on and links:
        for link in list(links):
            try:
                link.socket.settimeout(1)
                count += link.socket.send(burst) // 2
                link.socket.setblocking(False)
                while link.socket.recv(1 << 20):
                    pass
            except (TimeoutError, BlockingIOError):
                pass
            except OSError as error:
                a.notes[type(error).__name__] += 1
                links.remove(link)
    a.over(pings=count)


@attack("sys-publish", "PUBLISH to $SYS and to other devices' topics as fast as it goes",
        "refused each time; work budget of a link")  # fmt: skip
def sys_publish(a):
    burst = b"".join(publish(f"$SYS/broker/{number}", b"x") for number in range(500))
    burst += b"".join(publish(f"$device/d1/x/{number}", b"x") for number in range(500))
    a.go()
    times = a.repeat("sys", lambda link, _: (
        link.send(burst, a.left + 30), link.settle(a.left + 30)))  # fmt: skip
    a.over(messages=times * 1000)


@attack("qos1-refused", "QoS 1 to topics that may not be written, with answers and log lines",
        "work budget of a link; log flood")  # fmt: skip
def qos1_refused(a):
    burst = b"".join(publish(f"$SYS/{number}", b"x", qos=1, number=number + 1)
                     for number in range(500))  # fmt: skip
    a.go()
    times = a.repeat("refused", lambda link, _: (
        link.send(burst, a.left + 30), [link.wait(PUBACK, a.left + 30) for _ in range(500)]))
    a.over(messages=times * 500)


@attack("small-publishes", "QoS 0 of nine bytes as fast as it goes from twenty clients",
        "work budget of a link", processes=2)  # fmt: skip
def small_publishes(a):
    links = a.opened([f"small-{a.index}-{number}" for number in range(20)])
    burst = publish("t", b"x") * 7000
    a.go()
    count = 0
    while a.on and links:
        for link in list(links):
            try:
                link.socket.settimeout(0.05)
                count += link.socket.send(burst) // len(publish("t", b"x"))
            except TimeoutError:
                pass
            except OSError as error:
                a.notes[type(error).__name__] += 1
                links.remove(link)
    a.over(messages=count)


@attack("large-bye", "DISCONNECT with 200,000 user properties",
        "packet-bytes; work budget of a link")  # fmt: skip
def large_bye(a):
    block = properties(users=200_000)
    bye = packet(0xE0, b"\x00" + varint(len(block)) + block)
    a.go()
    count = 0
    while a.on:
        try:
            link = a.open(f"bye-{count}", source=count)
            link.send(bye, a.left + 5)
            link.close()
            count += 1
        except Gone as gone:
            a.notes[str(gone)] += 1
    a.over(packets=count, packet_bytes=len(bye))


@attack("large-connect", "CONNECT with as many user properties as fit, by strangers",
        "packet before CONNACK", mebibytes=48)  # fmt: skip
def large_connect(a):
    a.go()
    count = 0
    packets_ = [connect(f"lc-{number}", None, None, users=users)
                for number, users in ((0, 190_000), (1, 3_200), (2, 3_200), (3, 3_200))]  # fmt: skip
    while a.on:
        a.crowd(packets_, at_once=4)
        count += 4
    a.over(packets=count)


@attack("slow-handshakes", "TLS handshakes from 250 addresses that come byte by byte",
        "handshakes-waiting, handshake-seconds", mebibytes=96)  # fmt: skip
def slow_handshakes(a):
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)
    links = []
    a.go()
    step = 0
    while a.on:
        while len(links) < 900 and a.on:
            try:
                link = Link(a, a.ports["mqtts"], len(links) % 250)
                link.send(hello[:1], 1)
                links.append(link)
            except Gone as gone:
                a.notes[str(gone)] += 1
                break
        step += 1
        for link in list(links):
            try:
                link.send(hello[step % 40:step % 40 + 1], 0.5)
            except Gone as gone:
                a.notes[str(gone)] += 1
                links.remove(link)
        time.sleep(0.2)
    a.over(held=len(links))
    for link in links:
        link.close()


@attack("handshakes", "TLS handshakes as fast as the generators make them",
        "handshakes are computed beside the shards", processes=2)  # fmt: skip
def handshakes(a):
    a.go()
    count = 0
    while a.on:
        try:
            Link(a, a.ports["mqtts"], count % 200, tls=True).close()
            count += 1
        except Gone as gone:
            a.notes[str(gone)] += 1
    a.over(handshakes=count)


@attack("bad-packets", "connections that send what is no MQTT, as fast as it goes",
        "log flood is cut; decisions", processes=2)  # fmt: skip
def bad_packets(a):
    a.go()
    count = 0
    while a.on:
        for number in range(100):
            try:
                link = Link(a, a.ports["door"], count % 2000)
                link.send(b"\x00\xff\xff\xff\xff" * 4)
                link.close()
                count += 1
            except Gone as gone:
                a.notes[str(gone)] += 1
    a.over(connections=count)


@attack("reauthentication", "AUTH packets in a session that has no exchange, as fast as it goes",
        "protocol error ends it")  # fmt: skip
def reauthentication(a):
    block = properties(method="SCRAM-SHA-256", data=b"n,,n=x,r=y")
    auth = packet(0xF0, b"\x19" + varint(len(block)) + block)
    a.go()
    times = a.repeat("reauth", lambda link, _: (
        link.send(auth * 100, a.left + 5), link.settle(5)))  # fmt: skip
    a.over(rounds=times)


@attack("expiring", "queued messages with an expiry of one second for a hundred sessions",
        "queued-bytes of a tenant; timers are cancelled", mebibytes=128, seconds=10)  # fmt: skip
def expiring(a):
    names = [f"exp-{number}" for number in range(100)]
    for link in a.opened(names, expiry=3600):
        link.send(subscribe(["x/#"], options=1))
        link.wait(SUBACK)
        link.close()
    a.go()
    block = b"\x02\x00\x00\x00\x01"
    burst = b"".join(publish(f"x/{number}", b"e" * 500, qos=1, number=number + 1, block=block)
                     for number in range(200))  # fmt: skip
    times = a.repeat("expiring", lambda link, _: (
        link.send(burst, a.left + 30), [link.wait(PUBACK, a.left + 30) for _ in range(200)]))
    a.over(messages=times * 200)
    a.end_sessions(names)
