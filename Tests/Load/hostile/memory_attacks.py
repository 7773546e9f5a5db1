# SPDX-License-Identifier: Apache-2.0
"""Attacks that make the daemon hold memory, before and after a login, and leave things behind."""

import errno
import random
import select
import socket
import threading
import time

from peers import (CONNACK, FOREVER, PUBACK, SUBACK, Gone, Link, attack, connect, parts,
                   properties, publish, subscribe)  # fmt: skip


def topics_once(a, size):
    """QoS 0 to topics that never come again."""
    filler = "x" * (size - 24)
    a.go()
    count = 0

    def work(link, times):
        nonlocal count
        for _ in range(20):
            link.send(publish(f"{a.index}/{count}/{filler}"[:size]), a.left + 30)
            count += 1

    a.repeat(f"routes-{a.index}", work)
    a.over(topics=count)


@attack("route-cache-60k", "QoS 0 to 20,000 distinct topics of 60 kB", "topic-bytes",
        seconds=10)  # fmt: skip
def route_cache_60k(a):
    topics_once(a, 60_000)


@attack("route-cache", "QoS 0 to distinct topics of 4 KiB as fast as it goes", "route cache bytes",
        seconds=10)  # fmt: skip
def route_cache(a):
    topics_once(a, 4096)


@attack("route-cache-small", "QoS 0 to distinct topics of 31 levels of one byte",
        "route cache bytes", seconds=10)  # fmt: skip
def route_cache_small(a):
    a.go()
    dice = random.Random(1)
    count = 0

    def work(link, times):
        nonlocal count
        made = []
        for _ in range(500):
            levels = "/".join(dice.choices("abcdefghij", k=31))
            made.append(publish(levels))
        count += len(made)
        link.send(b"".join(made), a.left + 30)

    a.repeat("small-routes", work)
    a.over(topics=count)


def deep_filters(a, levels, count, sessions):
    a.go()
    links, granted = [], 0
    for session in range(sessions):
        if not a.on:
            break
        tail = "/".join(["x"] * (levels - 2))
        filters = [f"{session}/{number}/{tail}" for number in range(count)]
        try:
            links.append(a.open(f"deep-{session}"))
            granted += a.subscribed(links[-1], filters, each=200)
        except Gone as gone:
            a.notes[str(gone)] += 1
    a.over(granted=granted, sessions=len(links))
    for link in links:
        link.close()


@attack("deep-filters-200", "6,000 filters of 200 levels (2.4 MB sent)", "topic-levels",
        seconds=10)  # fmt: skip
def deep_filters_200(a):
    deep_filters(a, 200, 6000, 1)


@attack("deep-filters", "9,000 filters of 32 levels of each of thirty sessions",
        "subscription bytes of a client, a tenant", seconds=15)  # fmt: skip
def deep_filters_32(a):
    deep_filters(a, 32, 9000, 30)


def deep_retained(a, levels, count):
    a.go()
    topics = [f"{number}/" + "/".join(["y"] * (levels - 1)) for number in range(count)]
    sent = 0
    try:
        link = a.open("deep-retained")
        for group in parts(topics, 200):
            if not a.on:
                break
            link.send(b"".join(publish(one, b"x", flags=1) for one in group), a.left + 30)
            link.settle(60)
            sent += len(group)
    except Gone as gone:
        a.notes[str(gone)] += 1
    a.over(sent=sent)
    a.clear_retained(topics[:sent + 200])


@attack("deep-retained-200", "6,000 retained one-byte messages of 200 levels", "topic-levels",
        seconds=10)  # fmt: skip
def deep_retained_200(a):
    deep_retained(a, 200, 6000)


@attack("deep-retained", "60,000 retained one-byte messages of 32 levels",
        "retained-bytes, with what they really cost", seconds=12, mebibytes=270,
        end_seconds=90)  # fmt: skip
def deep_retained_32(a):
    deep_retained(a, 32, 60_000)


@attack("queues", "thirty sessions that are not there, 16 MiB of QoS 1 for each",
        "queued-bytes of a session, a tenant", seconds=12, mebibytes=128, end_seconds=60)
def queues(a):
    names = [f"queue-{number}" for number in range(30)]
    for number, link in enumerate(a.opened(names, expiry=3600)):
        try:
            link.send(subscribe([f"q/{number}"], options=1))
            link.wait(SUBACK)
        except Gone as gone:
            a.notes[f"setup {gone}"] += 1
        link.close()
    a.go()
    body, sent = b"z" * 64_000, 0

    def work(link, times):
        nonlocal sent
        link.send(publish(f"q/{times % 30}", body, qos=1), a.left + 30)
        link.wait(PUBACK, a.left + 30)
        sent += len(body)

    a.repeat("queue-publisher", work)
    a.over(sent_mib=sent >> 20)
    a.end_sessions(names)


def drain(a, links):
    """Reads what comes, and forgets it."""
    poll = select.epoll()
    for link in links:
        link.socket.setblocking(False)
        poll.register(link.socket.fileno(), select.EPOLLIN)
    by_number = {link.socket.fileno(): link for link in links}
    while a.deadline == 0 or a.on:
        for number, _ in poll.poll(0.2):
            try:
                if not by_number[number].socket.recv(1 << 20):
                    poll.unregister(number)
                    a.notes["reader closed"] += 1
            except BlockingIOError:
                pass
            except OSError as error:
                a.notes[type(error).__name__] += 1
                poll.unregister(number)


@attack("unacknowledged", "twenty clients that acknowledge nothing, messages of 900 kB, QoS 1",
        "in-flight bytes of a client", seconds=10, mebibytes=128)  # fmt: skip
def unacknowledged(a):
    links = a.opened([f"silent-{number}" for number in range(20)], receive=65_535)
    for number, link in enumerate(links):
        link.send(subscribe([f"m/{number}"], options=1))
        link.wait(SUBACK)
    # They read, so that it is not the out-buffer that holds back.
    reader = threading.Thread(target=drain, args=(a, links), daemon=True)
    reader.start()
    a.go()
    body = b"z" * 900_000
    times = a.repeat("silent-publisher", lambda link, times: (
        link.send(publish(f"m/{times % len(links)}", body, qos=1), a.left + 30),
        link.wait(PUBACK, a.left + 30)))  # fmt: skip
    a.over(sent_mib=times * len(body) >> 20)
    for one in links:
        one.close()


@attack("deaf-readers", "500 clients of a device read nothing, messages of 8 kB, QoS 0",
        "out-buffer bytes of a client, a tenant", seconds=10, mebibytes=128)  # fmt: skip
def deaf_readers(a):
    links = a.opened([f"deaf-{number}" for number in range(500)], receive_buffer=4096)
    for link in links:
        link.send(subscribe(["deaf/#"]))
        link.wait(SUBACK)
    a.go()
    burst = publish("deaf/x", b"d" * 8000) * 10
    times = a.repeat("deaf-publisher", lambda link, _: (
        link.send(burst, a.left + 30), link.settle(a.left + 30)))  # fmt: skip
    a.over(readers=len(links), messages=times * 10)
    for link in links:
        link.close()


@attack("qos2-half", "QoS 2 messages of 60 kB that are never released", "receive-maximum",
        mebibytes=64)  # fmt: skip
def qos2_half(a):
    links = a.opened([f"half-{number}" for number in range(50)], expiry=3600)
    a.go()
    sent = 0
    for number in range(1, 1000):
        if not a.on:
            break
        for link in links:
            try:
                link.send(publish("h/x", b"h" * 4000, qos=2, number=number), a.left + 5)
                sent += 1
            except Gone as gone:
                a.notes[str(gone)] += 1
    a.over(sent=sent)
    for link in links:
        link.close()
    a.end_sessions([f"half-{number}" for number in range(50)])


@attack("wills", "connections with the largest will, which end abruptly with its delay for ever",
        "will bytes of a tenant; packet before CONNACK", seconds=10, mebibytes=96,
        end_seconds=60)  # fmt: skip
def wills(a):
    # A payload has at most 65,535 bytes; user properties have no such end.
    blocks = {900_000: properties(delay=FOREVER, users=167_000)}
    a.go()
    names, large, small = [], 0, 0
    is_large = True
    while a.on and len(names) < 20_000:
        size = 900_000 if is_large else 14_000
        name = f"will-{len(names)}"
        block = blocks.get(size, properties(delay=FOREVER))
        will = (f"w/{len(names)}", b"w" * min(size, 65_000), 0, block)
        try:
            a.open(name, will=will, expiry=FOREVER).close()
            names.append(name)
            if is_large:
                large += 1
            else:
                small += 1
            if large >= 400:
                break
        except Gone as gone:
            a.notes[str(gone)] += 1
            if is_large:
                is_large = False
            else:
                time.sleep(0.02)
    a.over(large=large, small=small)
    a.end_sessions(names)


@attack("wills-retained", "10,000 connections with a retained will that end abruptly",
        "retained-bytes of a tenant", seconds=10, mebibytes=96, end_seconds=60)  # fmt: skip
def wills_retained(a):
    a.go()
    packets_ = [a.login(f"rw-{number}", will=(f"rw/{number}", b"w" * 5000, 0x20, b""))
                for number in range(10_000)]  # fmt: skip
    a.crowd(packets_, until=a.deadline)
    a.over()
    a.clear_retained([f"rw/{number}" for number in range(10_000)])


def long_ids(a, size):
    a.open("first").close()
    a.go()
    filler = "i" * (size - 12)
    names = []
    while a.on and len(names) < 30_000:
        group = [f"{len(names) + number:08}{filler}" for number in range(50)]
        a.crowd([a.login(name, expiry=3600) for name in group], at_once=50)
        names += group
    a.over(sessions=len(names))
    a.end_sessions(names)


@attack("client-ids-65k", "stored sessions with client ids of 65,000 bytes",
        "client-id-bytes; session bytes of a tenant", seconds=10, mebibytes=96,
        end_seconds=90)  # fmt: skip
def client_ids_65k(a):
    long_ids(a, 65_000)


@attack("client-ids", "stored sessions with client ids of 1,000 bytes",
        "session bytes of a tenant", seconds=15, mebibytes=96, end_seconds=90)  # fmt: skip
def client_ids(a):
    long_ids(a, 1000)


@attack("sessions", "stored sessions with short names as fast as it goes",
        "sessions of a tenant", seconds=15, mebibytes=96, processes=2,
        end_seconds=120)  # fmt: skip
def sessions(a):
    # The password has been compared once; what is attacked is not the comparing.
    a.open("first").close()
    a.go()
    names = []
    while a.on:
        group = [f"s{a.index}-{len(names) + number}" for number in range(200)]
        a.crowd([a.login(name, expiry=FOREVER) for name in group], at_once=200)
        names += group
    a.over(sessions=len(names))
    a.end_sessions(names)


def aliases(a, size, count=500):
    links = a.opened([f"alias-{number}" for number in range(count)])
    filler = "t" * (size - 20)
    a.go()
    sent = 0
    for number in range(1, 11):
        for index, link in enumerate(links):
            if not a.on:
                break
            try:
                topic = f"{index}/{number}/{filler}"
                link.send(publish(topic, b"", block=properties(alias=number)))
                sent += 1
            except Gone as gone:
                a.notes[str(gone)] += 1
    a.over(aliases=sent)
    for link in links:
        link.close()


@attack("aliases-60k", "ten aliases for topics of 60 kB on each of 500 connections",
        "topic-bytes", seconds=10)  # fmt: skip
def aliases_60k(a):
    aliases(a, 60_000)


@attack("aliases", "ten aliases for topics of 4 KiB on each of 2,000 connections",
        "alias bytes of a client, a tenant", seconds=10, mebibytes=140)  # fmt: skip
def aliases_4k(a):
    aliases(a, 4096, 2000)


@attack("half-publish", "300 PUBLISH packets of which the last byte is missing (900 kB each)",
        "bytes of unfinished packets of a tenant", seconds=10, mebibytes=96)  # fmt: skip
def half_publish(a):
    links = a.opened([f"unfinished-{number}" for number in range(300)])
    packet_ = publish("h", b"h" * 900_000)[:-1]
    a.go()
    sent = 0
    for link in links:
        if not a.on:
            break
        try:
            link.send(packet_, 5)
            sent += 1
        except Gone as gone:
            a.notes[str(gone)] += 1
    time.sleep(a.left)
    a.over(sent=sent)
    for link in links:
        link.close()


def before_login(a, declared, sent_bytes, count):
    """CONNECT packets that never come to their end."""
    head = connect("stranger", "u", b"p" * 60_000)[:20]
    size = bytearray()
    number = declared
    while True:
        number, low = divmod(number, 128)
        size.append(low | (0x80 if number else 0))
        if not number:
            break
    packet_ = b"\x10" + bytes(size) + head[4:] + b"x" * (sent_bytes - 20)
    a.go()
    links, held = [], 0
    for index in range(count):
        if not a.on:
            break
        try:
            link = Link(a, a.ports["door"], index)
            link.send(packet_, 3)
            links.append(link)
        except Gone as gone:
            a.notes[str(gone)] += 1
    time.sleep(a.left)
    for link in links:
        try:
            link.socket.settimeout(0.001)
            if link.socket.recv(16):
                a.notes["answered"] += 1
            else:
                a.notes["closed"] += 1
        except TimeoutError:
            held += 1
        except OSError:
            a.notes["closed"] += 1
    a.over(sent=len(links), held=held)
    for link in links:
        link.close()


@attack("strangers-900k", "500 strangers send 900 kB of a CONNECT", "packet before CONNACK")
def strangers_900k(a):
    before_login(a, 1_000_000, 900_000, 500)


@attack("strangers", "4,000 strangers send 16,000 bytes of a CONNECT of 16,300",
        "packet before CONNACK; connections before login", mebibytes=80)  # fmt: skip
def strangers(a):
    before_login(a, 16_300, 16_000, 4000)


def come_and_go(a, user, password):
    """Connections with the longest keep-alive that end at once, as many as the machine makes."""
    a.go()
    count, poll, open_ = 0, select.epoll(), {}
    serial = 0

    def dial():
        nonlocal serial
        serial += 1
        link = socket.socket()
        link.setblocking(False)
        link.bind((a.address(serial % 5000), 0))
        code = link.connect_ex(("127.0.0.1", a.ports["door"]))
        if code not in (0, errno.EINPROGRESS):
            link.close()
            return
        open_[link.fileno()] = [link, False]
        poll.register(link.fileno(), select.EPOLLOUT)

    while a.on:
        while len(open_) < 64:
            try:
                dial()
            except OSError:
                time.sleep(0.01)
                break
        for number, _ in poll.poll(0.2, 64):
            link, said = open_[number]
            try:
                if not said:
                    name = f"k{a.index}-{serial}-{number}"
                    link.send(connect(name, user, password, keep=65_535))
                    open_[number][1] = True
                    poll.modify(number, select.EPOLLIN)
                    continue
                answer = link.recv(64)
                code = f"0x{answer[3]:02x}" if len(answer) > 3 else "closed"
                if answer[:1] != bytes([CONNACK << 4]) or code != "0x00":
                    a.notes[code] += 1
                else:
                    count += 1
            except OSError as error:
                a.notes[type(error).__name__] += 1
            poll.unregister(number)
            link.close()
            del open_[number]
    for link, _ in open_.values():
        link.close()
    a.over(connects=count, per_second=round(count / a.seconds))


@attack("keep-alives", "connects with a keep-alive of 65,535 s that leave at once, at full speed",
        "timers are cancelled", processes=2, seconds=15, mebibytes=24)  # fmt: skip
def keep_alives(a):
    come_and_go(a, a.given["user"], a.given["password"])


@attack("refused-logins", "logins with user names that never repeat, at full speed",
        "guesses-per-source; decisions", processes=2, seconds=15, mebibytes=24)  # fmt: skip
def refused_logins(a):
    come_and_go(a, f"evil/{time.monotonic_ns()}", "wrong")


@attack("decisions", "1,500 strangers with names of 60 kB and wrong passwords",
        "bytes of the decision log", mebibytes=48, check="evidence")  # fmt: skip
def decisions(a):
    a.go()
    filler = "n" * 60_000
    packets_ = (connect(f"{number}{filler}", f"good/{number}{filler}"[:65_000], b"wrong")
                for number in range(1500))  # fmt: skip
    a.crowd(packets_, at_once=20, until=a.deadline)
    a.over()


@attack("decisions-small", "strangers with names like the good tenant's device, 1,000 bytes each",
        "a ring for strangers, refusals apart", mebibytes=48, check="evidence",
        seconds=12)  # fmt: skip
def decisions_small(a):
    a.go()
    filler = "n" * 950
    packets_ = (connect(f"d0{filler}{number}", f"good/device_d0{number}{filler}", b"wrong")
                for number in range(40_000))  # fmt: skip
    a.crowd(packets_, at_once=100, until=a.deadline)
    a.over()
