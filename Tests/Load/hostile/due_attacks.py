# SPDX-License-Identifier: Apache-2.0
"""Attacks whose work falls due in one moment, and those of an operator of the other tenant."""

import json
import threading
import time

from http_attacks import api, upload
from peers import (PUBACK, SUBACK, Gone, attack, parts, properties, publish,
                   subscribe)  # fmt: skip


def loaded(a, names, filters, **options):
    """Sessions with many subscriptions each; those who are in, and how many were granted."""
    links, granted = [], 0
    for name in names:
        if time.monotonic() > a.until_setup:
            break
        try:
            link = a.open(name, **options)
            links.append(link)
            granted += a.subscribed(link, [f"{name}/{one}" for one in filters], each=4500)
        except Gone as gone:
            a.notes[f"setup {gone}"] += 1
    return links, granted


@attack("expiry-at-once", "forty sessions with 9,000 subscriptions each expire in one second",
        "client-bytes; link-work, tenant-work", mebibytes=160, setup_seconds=90)  # fmt: skip
def expiry_at_once(a):
    filters = [f"{number}/x/y/z" for number in range(9000)]
    links, granted = loaded(a, [f"expiring-{number}" for number in range(40)], filters, expiry=2)
    a.go()
    for link in links:
        link.close()
    time.sleep(a.left)
    a.over(granted=granted, sessions=len(links))


@attack("wills-at-once", "10,000 wills with a delay become due in one second, for 200 readers",
        "client-bytes; link-work, tenant-work", mebibytes=128, setup_seconds=90,
        seconds=10)  # fmt: skip
def wills_at_once(a):
    readers = a.opened([f"mourner-{number}" for number in range(200)], receive_buffer=4096)
    for link in readers:
        link.send(subscribe(["mourn/#"]))
        link.wait(SUBACK)
    block = properties(delay=3)
    will = ("mourn/x", b"w" * 100, 0, block)
    packets_ = [a.login(f"dying-{number}", will=will, expiry=60) for number in range(10_000)]
    held = a.crowd(packets_, hold=True, until=a.until_setup)
    a.go()
    for link in held:
        link.close()
    time.sleep(a.left)
    a.over(wills=len(held))
    for link in readers:
        link.close()


@attack("leaving-at-once", "5,000 connections with twenty subscriptions each end in one moment",
        "tenant-work", mebibytes=160, setup_seconds=90)  # fmt: skip
def leaving_at_once(a):
    packets_ = [a.login(f"leaver-{number}") + subscribe([f"leave/{number}/{one}/+"
                                                         for one in range(20)])
                for number in range(5000)]  # fmt: skip
    held = a.crowd(packets_, hold=True, until=a.until_setup)
    a.go()
    for link in held:
        link.close()
    time.sleep(a.left)
    a.over(left=len(held))


@attack("withdrawal-loaded", "an operator disables a device with forty connections of 9,000 "
        "subscriptions each", "tenant-work", mebibytes=160,
        setup_seconds=90)  # fmt: skip
def withdrawal_loaded(a):
    filters = [f"{number}/x/y/z" for number in range(9000)]
    user = {"user": "evil/device_d9", "password": a.given["password"]}
    links, granted = loaded(a, [f"loaded-{number}" for number in range(40)], filters, **user)
    a.go()
    answer = api(a).put("/api/v1/devices/d9", {"enabled": False}, seconds=60)
    a.notes[str(answer.status)] += 1
    time.sleep(a.left)
    a.over(granted=granted, links=len(links))
    for link in links:
        link.close()


@attack("policy-rules", "1,000 rules that almost apply, then PUBLISH to topics that never repeat",
        "link-work; rules of a tenant")  # fmt: skip
def policy_rules(a):
    rule = {"effect": "deny", "act": "both", "subject": "*"}
    rules = [{**rule, "filter": "+/" * 30 + f"no{number}"} for number in range(999)]
    answer = api(a).put("/api/v1/policy", {"rules": rules}, seconds=60)
    a.notes[f"setup {answer.status}"] += 1
    link = a.open("ruled")
    link.send(subscribe(["#"], options=1))
    link.wait(SUBACK)
    a.go()
    prefix = "a/" * 30
    serial = 0

    def work(one, times):
        nonlocal serial
        serial += 500
        one.send(b"".join(publish(f"{prefix}{serial + number}") for number in range(500)),
                 a.left + 30)  # fmt: skip
        one.settle(a.left + 30)

    a.repeat("rules-publisher", work)
    a.over(messages=serial)


@attack("policy-churn", "an operator replaces 1,000 rules again and again while 1,000 of the "
        "tenant are connected with 100 subscriptions each", "tenant-work",
        revocation=True, mebibytes=160, setup_seconds=90)  # fmt: skip
def policy_churn(a):
    packets_ = [a.login(f"judged-{number}") + subscribe([f"j/{number}/{one}/+/#"
                                                         for one in range(100)])
                for number in range(1000)]  # fmt: skip
    held = a.crowd(packets_, hold=True, until=a.until_setup)
    rule = {"effect": "deny", "act": "both", "subject": "*"}
    rules = [{**rule, "filter": "+/" * 20 + f"no{number}"} for number in range(999)]
    a.go()
    while a.on:
        try:
            answer = api(a).put("/api/v1/policy", {"rules": rules}, seconds=a.left + 30)
            a.notes[str(answer.status)] += 1
        except OSError as error:
            a.notes[type(error).__name__] += 1
    a.over(connected=len(held))
    for link in held:
        link.close()


def on_lines(a, count, work):
    """Work on several lines until the time is over."""
    def one():
        while a.on:
            try:
                a.notes[str(work().status)] += 1
            except OSError as error:
                a.notes[type(error).__name__] += 1

    crew = [threading.Thread(target=one, daemon=True) for _ in range(count)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join(a.left + 40)


@attack("http-search", "an operator searches 200,000 devices for a text on ten lines",
        "shares of a tenant among the workers", revocation=True, mebibytes=160,
        setup_seconds=120, seconds=10)  # fmt: skip
def http_search(a):
    rows = "".join(f"searched-{number};CERTIFICATES\n" for number in range(200_000))
    a.notes[f"setup {upload(a, 'ID;AUTH_TYPE' + chr(10) + rows).status}"] += 1
    a.go()
    path = "/inventory/managedObjects?text=nothing-like-it&withTotalElements=true&pageSize=2000"
    on_lines(a, 10, lambda: api(a).get(path, seconds=40))
    a.over()


@attack("http-json", "strangers send logins of 1 MiB with 100,000 members on ten lines",
        "body before a login", revocation=True, mebibytes=64)  # fmt: skip
def http_json(a):
    body = json.dumps({f"k{number}": number for number in range(60_000)})
    from_nobody = api(a)
    del from_nobody.headers["Authorization"]
    kind = {"Content-Type": "application/json"}
    a.go()
    on_lines(a, 10, lambda: from_nobody.post("/api/auth/login", body, headers=kind, seconds=40))
    a.over()


@attack("http-deep", "an operator sends deep and long fragments of devices on ten lines",
        "body-bytes; depth of JSON", revocation=True, mebibytes=96)  # fmt: skip
def http_deep(a):
    deep = "{\"a\":" * 5_000 + "1" + "}" * 5_000
    wide = ",".join(f"\"f{number}\":{{\"x\":[1,2,3]}}" for number in range(30_000))
    bodies = [f"{{\"name\":\"n\",\"c8y_IsDevice\":{{}},\"d\":{deep}}}",
              f"{{\"name\":\"n\",\"c8y_IsDevice\":{{}},{wide}}}"]  # fmt: skip
    kind = {"Content-Type": "application/json"}
    a.go()
    on_lines(a, 10, lambda: api(a).post("/inventory/managedObjects",
                                        bodies[int(time.monotonic() * 10) % 2], headers=kind,
                                        seconds=40))  # fmt: skip
    a.over()


@attack("acknowledged-late", "2,000 connections publish one QoS 1 message of 900 kB each at once",
        "input-bytes; messages copied", mebibytes=160, seconds=10)  # fmt: skip
def acknowledged_late(a):
    links = a.opened([f"late-{number}" for number in range(300)])
    body = publish("late/x", b"l" * 900_000, qos=1)
    reader = a.open("late-reader", receive_buffer=4096)
    reader.send(subscribe(["late/#"], options=1))
    reader.wait(SUBACK)
    a.go()
    sent = 0
    for group in parts(links, 20):
        if not a.on:
            break
        for link in group:
            try:
                link.send(body, a.left + 5)
                sent += 1
            except Gone as gone:
                a.notes[str(gone)] += 1
        for link in group:
            try:
                link.wait(PUBACK, a.left + 5)
            except Gone as gone:
                a.notes[str(gone)] += 1
    a.over(sent=sent)
    for link in links + [reader]:
        link.close()
