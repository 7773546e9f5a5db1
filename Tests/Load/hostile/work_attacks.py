# SPDX-License-Identifier: Apache-2.0
"""Attacks with little input and much work."""

import itertools
import time

from peers import (PUBACK, SUBACK, Gone, attack, parts, properties, publish, subscribe,
                   unsubscribe)  # fmt: skip

BUDGET = "work budget of a link"


def choices(count, levels, tail="+"):
    """Filters with `a` or `+` on the first levels and `a` on the others."""
    rest = ["a"] * (levels - count - 1) + [tail]
    return ["/".join(list(first) + rest) for first in itertools.product("a+", repeat=count)]


def route_fan(a, levels, count, sessions=1):
    """The filters are spread over sessions; each PUBLISH has a topic that was not there before."""
    filters = choices(count, levels)
    links, granted = [], 0
    try:
        for number, group in enumerate(parts(filters, -(-len(filters) // sessions))):
            links.append(a.open(f"fan-{number}"))
            granted += a.subscribed(links[-1], group)
    except Gone as gone:
        a.notes[f"setup {gone}"] += 1
    a.go()
    prefix = "a/" * (levels - 1)

    def work(link, times):
        link.send(publish(f"{prefix}{times}", b"x", qos=1))
        link.wait(PUBACK, a.left + 30)

    times = a.repeat("publisher", work)
    a.over(granted=granted, publishes=times)


@attack("route-fan-200", "8,192 filters of 200 levels with {a,+} choices, then PUBLISH of 410 bytes",
        "topic-levels", setup_seconds=120)  # fmt: skip
def route_fan_200(a):
    route_fan(a, 200, 13)


@attack("route-fan", "8,192 filters of 32 levels with {a,+} choices, then PUBLISH after PUBLISH",
        BUDGET)  # fmt: skip
def route_fan_32(a):
    route_fan(a, 32, 13)


@attack("route-fan-wide", "65,536 filters of 20 levels with {a,+} choices of seven sessions",
        BUDGET + "; tree bytes", mebibytes=128)  # fmt: skip
def route_fan_wide(a):
    route_fan(a, 20, 16, sessions=7)


def retained(a, count, name="keep"):
    """Keeps messages; gives their topics."""
    topics = [f"{name}/{a.index}/{number}" for number in range(count)]
    try:
        link = a.open(f"retainer-{a.index}")
        for group in parts(topics, 2000):
            link.send(b"".join(publish(one, b"x" * 20, flags=1) for one in group))
            link.settle(60)
            if time.monotonic() > a.until_setup:
                break
        link.close()
    except Gone as gone:
        a.notes[f"setup {gone}"] += 1
    return topics


def asking(a, packet_, answers, count, name):
    """Asks for retained messages again and again; ends when the last topic was cleared."""
    topics = retained(a, count)
    a.go()

    def work(link, times):
        link.send(packet_, a.left + 30)
        for _ in range(answers):
            link.wait(SUBACK, a.left + 30)

    times = a.repeat(name, work)
    a.over(rounds=times, packet_bytes=len(packet_))
    a.clear_retained(topics)


@attack("retained-hashes", "one SUBSCRIBE with 20,000 times # with 1,000 retained messages", BUDGET)
def retained_hashes(a):
    asking(a, subscribe(["#"] * 20_000), 1, 1000, "hashes")


@attack("retained-many", "2,000 SUBSCRIBE of 12 bytes in a row with 5,000 retained messages", BUDGET)
def retained_many(a):
    packet_ = b"".join(subscribe(["#"], number) for number in range(1, 2001))
    asking(a, packet_, 2000, 5000, "many")


@attack("retained-large", "20 SUBSCRIBE with 200,000 retained messages (or as many as may be)",
        BUDGET + "; retained-messages", mebibytes=256, setup_seconds=120,
        end_seconds=120)  # fmt: skip
def retained_large(a):
    packet_ = b"".join(subscribe(["#"], number) for number in range(1, 21))
    asking(a, packet_, 20, 200_000, "large")


@attack("retained-deaf", "2,000 SUBSCRIBE in a row with 20,000 retained messages by forty clients "
        "that read nothing", BUDGET + "; out-buffer-bytes, queued-bytes", mebibytes=160,
        end_seconds=60)  # fmt: skip
def retained_deaf(a):
    topics = retained(a, 20_000)
    packet_ = b"".join(subscribe(["#"], number) for number in range(1, 2001))
    a.go()
    links = []
    for number in range(40):
        try:
            links.append(a.open(f"deaf-{number}", receive_buffer=4096))
            links[-1].send(packet_, 0.5)
        except Gone as gone:
            a.notes[str(gone)] += 1
    time.sleep(a.left)
    a.over(links=len(links))
    for link in links:
        link.close()
    a.clear_retained(topics)


@attack("smartrest", "10,000 subscriptions, then messages of 1,000 wrong SmartREST lines",
        BUDGET + "; answers of a message")  # fmt: skip
def smartrest(a):
    lines = b"\n".join([b"x"] * 1000)
    link = a.open("d0")
    granted = a.subscribed(link, ["s/e"] + [f"s/e/{number}" for number in range(9_990)])
    a.go()

    def work(link, times):
        link.send(publish("s/us", lines, qos=1))
        link.wait(PUBACK, a.left + 30)

    times = 0
    while a.on:
        try:
            work(link, times)
            times += 1
        except Gone as gone:
            a.notes[str(gone)] += 1
            break
    a.over(granted=granted, messages=times)


@attack("smartrest-topics", "filters that match s/e in 2,000 ways, then wrong SmartREST lines",
        BUDGET + "; answers of a message")  # fmt: skip
def smartrest_topics(a):
    lines = b"\n".join([b"x"] * 1000)
    link = a.open("d0")
    filters = ["s/e", "+/e", "s/+", "+/+", "#", "s/#", "+/#", "s/e/#", "+/e/#", "+/+/#", "s/+/#"]
    granted = a.subscribed(link, filters + [f"$share/g{number}/s/e" for number in range(2000)])
    a.go()
    times = 0
    while a.on:
        try:
            link.send(publish("s/us", lines, qos=1))
            link.wait(PUBACK, a.left + 30)
            times += 1
        except Gone as gone:
            a.notes[str(gone)] += 1
            break
    a.over(granted=granted, messages=times)


@attack("group-offline", "messages for a shared group of 2,000 members that are not there",
        BUDGET + "; queues of a tenant", mebibytes=96)  # fmt: skip
def group_offline(a):
    names = [f"member-{number}" for number in range(2000)]
    made = 0
    for group in parts(names, 50):
        links = a.opened(group, expiry=3600)
        for link in links:
            try:
                link.send(subscribe(["$share/g/t/#"], options=1))
                link.wait(SUBACK)
                made += 1
            except Gone as gone:
                a.notes[f"setup {gone}"] += 1
        for link in links:
            link.close()
        if time.monotonic() > a.until_setup:
            break
    a.go()
    burst = b"".join(publish(f"t/{number}", b"x" * 100, qos=1, number=number + 1)
                     for number in range(500))  # fmt: skip

    def work(link, times):
        link.send(burst, a.left + 30)
        for _ in range(500):
            link.wait(PUBACK, a.left + 30)

    times = a.repeat("group-publisher", work)
    a.over(members=made, messages=times * 500)
    a.end_sessions(names)


@attack("group-full", "the same with members whose queues are full: nobody can take a message",
        BUDGET + "; queues of a tenant", mebibytes=192)  # fmt: skip
def group_full(a):
    names = [f"full-{number}" for number in range(300)]
    made = 0
    for group in parts(names, 50):
        links = a.opened(group, expiry=3600)
        for link in links:
            try:
                link.send(subscribe(["$share/g/t/#", "fill/#"], options=1))
                link.wait(SUBACK)
                made += 1
            except Gone as gone:
                a.notes[f"setup {gone}"] += 1
        for link in links:
            link.close()
    try:
        link = a.open("filler")
        for start in range(0, 1100, 100):
            link.send(b"".join(publish("fill/x", b"", qos=1, number=start + number + 1)
                               for number in range(100)))  # fmt: skip
            for _ in range(100):
                link.wait(PUBACK, 60)
        link.close()
    except Gone as gone:
        a.notes[f"setup {gone}"] += 1
    a.go()
    burst = b"".join(publish(f"t/{number}", b"", qos=1, number=number + 1) for number in range(100))

    def work(link, times):
        link.send(burst, a.left + 30)
        for _ in range(100):
            link.wait(PUBACK, a.left + 30)

    times = a.repeat("full-publisher", work)
    a.over(members=made, messages=times * 100)
    a.end_sessions(names)


@attack("groups", "10,000 shared groups on one filter, then PUBLISH after PUBLISH", BUDGET)
def groups(a):
    link = a.open("groups")
    granted = a.subscribed(link, [f"$share/g{number}/t" for number in range(10_000)])
    a.go()
    times = a.repeat("groups-publisher", lambda other, _: (
        other.send(publish("t", b"x", qos=1)), other.wait(PUBACK, a.left + 30)))  # fmt: skip
    a.over(granted=granted, publishes=times)


@attack("identifiers", "9,000 overlapping filters with identifier 268,435,455, then PUBLISH", BUDGET)
def identifiers(a):
    link = a.open("identifiers")
    filters = choices(13, 14)
    granted = a.subscribed(link, filters, identifier=268_435_455)
    a.go()
    prefix = "a/" * 13
    times = a.repeat("identifiers-publisher", lambda other, times: (
        other.send(publish(f"{prefix}{times}", b"x", qos=1)),
        other.wait(PUBACK, a.left + 30)))  # fmt: skip
    a.over(granted=granted, publishes=times)


@attack("wildcard-churn", "SUBSCRIBE and UNSUBSCRIBE of +/x as fast as it goes: every route is "
        "unknown again", BUDGET, processes=2)  # fmt: skip
def wildcard_churn(a):
    a.go()
    burst = b"".join(subscribe([f"+/x{number}"], 1) + unsubscribe([f"+/x{number}"], 2)
                     for number in range(500))  # fmt: skip
    times = a.repeat(f"churn-{a.index}", lambda link, _: (
        link.send(burst, a.left + 30), link.settle(a.left + 30)))  # fmt: skip
    a.over(subscribes=times * 500)


@attack("unsubscribes", "UNSUBSCRIBE of 20,000 filters in one packet, again and again", BUDGET)
def unsubscribes(a):
    names = [f"u/{number}/x" for number in range(9_000)]
    a.go()

    def work(link, times):
        for group in parts(names, 4500):
            link.send(subscribe(group), a.left + 30)
            link.wait(SUBACK, a.left + 30)
        link.send(unsubscribe(names + ["nothing/at/all"] * 11_000), a.left + 30)
        link.settle(a.left + 30)

    times = a.repeat("unsubscriber", work)
    a.over(rounds=times)


@attack("same-filter", "one SUBSCRIBE with 60,000 times the same filter, again and again", BUDGET)
def same_filter(a):
    packet_ = subscribe(["a/b"] * 60_000)
    a.go()
    times = a.repeat("same", lambda link, _: (
        link.send(packet_, a.left + 30), link.wait(SUBACK, a.left + 30)))  # fmt: skip
    a.over(rounds=times)


@attack("plus-retained", "+/+/+/#, as deep as it goes, over 20,000 retained messages", BUDGET,
        mebibytes=96, end_seconds=60)  # fmt: skip
def plus_retained(a):
    topics = [f"p/{'x/' * 28}{number}" for number in range(20_000)]
    try:
        link = a.open("deep-retainer")
        for group in parts(topics, 1000):
            link.send(b"".join(publish(one, b"x", flags=1) for one in group), 60)
            link.settle(60)
        link.close()
    except Gone as gone:
        a.notes[f"setup {gone}"] += 1
    packet_ = b"".join(subscribe(["+/" * depth + "nothing"], depth) for depth in range(1, 31))
    a.go()
    times = a.repeat("plus", lambda link, _: (
        link.send(packet_, a.left + 30), link.settle(a.left + 30)))  # fmt: skip
    a.over(rounds=times)
    a.clear_retained(topics)


@attack("fan-out", "1,000 clients of one device read what it sends: 300-byte messages, QoS 0",
        BUDGET + ": messages copied", mebibytes=128)  # fmt: skip
def fan_out(a):
    links = a.opened([f"reader-{number}" for number in range(1000)], receive_buffer=4096)
    for link in links:
        try:
            link.send(subscribe(["fan/#"]))
            link.wait(SUBACK)
        except Gone as gone:
            a.notes[f"setup {gone}"] += 1
    a.go()
    burst = b"".join(publish(f"fan/{number}", b"x" * 300) for number in range(100))
    times = a.repeat("fan-publisher", lambda link, _: (
        link.send(burst, a.left + 30), link.settle(a.left + 30)))  # fmt: skip
    a.over(readers=len(links), messages=times * 100)


@attack("user-properties", "PUBLISH with 100,000 user properties to fifty readers", BUDGET,
        mebibytes=128)  # fmt: skip
def user_properties(a):
    links = a.opened([f"prop-{number}" for number in range(50)])
    for link in links:
        link.send(subscribe(["prop"]))
        link.wait(SUBACK)
    packet_ = publish("prop", b"", block=properties(users=100_000))
    a.go()
    times = a.repeat("prop-publisher", lambda link, _: (
        link.send(packet_, a.left + 30), link.settle(a.left + 30)))  # fmt: skip
    a.over(packets=times, packet_bytes=len(packet_))


@attack("retained-churn", "retained messages set and cleared as fast as it goes", BUDGET)
def retained_churn(a):
    a.go()
    burst = b"".join(publish(f"r/{number}/x/y/z", b"x", flags=1) for number in range(500))
    burst += b"".join(publish(f"r/{number}/x/y/z", b"", flags=1) for number in range(500))
    times = a.repeat("retained-churn", lambda link, _: (
        link.send(burst, a.left + 30), link.settle(a.left + 30)))  # fmt: skip
    a.over(messages=times * 1000)
