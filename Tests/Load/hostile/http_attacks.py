# SPDX-License-Identifier: Apache-2.0
"""Attacks on the API, on logins, and on the time that things take."""

import os
import signal
import threading
import time
import uuid

from peers import CONNACK, Gone, Link, attack, connect, properties
from rest import Api, basic


def api(a):
    return Api(a.ports["api"], a.given["trust"], basic(*a.given["admin"]))


def head(path, length, kind="application/json", authorization=None):
    text = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
    text += f"Content-Length: {length}\r\n"
    text += f"Authorization: {authorization}\r\n" if authorization else ""
    return (text + "\r\n").encode()


def bodies(a, authorization, count, length, first):
    """Requests with large bodies that come slowly."""
    a.go()
    links = []
    kind = "multipart/form-data; boundary=x"
    while a.on:
        while len(links) < count and a.on:
            try:
                link = Link(a, a.ports["api"], len(links), tls=True)
                link.send(head("/devicecontrol/bulkNewDeviceRequests", length, kind, authorization)
                          + b"x" * first, 3)  # fmt: skip
                links.append(link)
            except Gone as gone:
                a.notes[str(gone)] += 1
                time.sleep(0.02)
        for link in list(links):
            try:
                link.send(b"x" * 100, 2)
                link.socket.settimeout(0.001)
                said = link.socket.recv(64)
                a.notes[said[9:12].decode(errors="replace") or "closed"] += 1
                link.close()
                links.remove(link)
            except (TimeoutError, BlockingIOError):
                pass
            except (Gone, OSError) as gone:
                if "want" in str(gone).lower() or "timed out" in str(gone).lower():
                    continue
                a.notes[str(gone)[:40]] += 1
                link.close()
                if link in links:
                    links.remove(link)
        time.sleep(0.1)
    a.over(links=len(links))
    for link in links:
        link.close()


@attack("http-bodies", "five strangers say they send 64 MiB to the API, and send slowly",
        "credentials are judged at the head", revocation=True, mebibytes=32)  # fmt: skip
def http_bodies(a):
    bodies(a, None, 5, 64 << 20, 1000)


@attack("http-bodies-wrong", "forty strangers with wrong credentials do the same with 1 MiB each",
        "credentials are judged at the head", revocation=True, mebibytes=48)  # fmt: skip
def http_bodies_wrong(a):
    bodies(a, basic("good/admin", "wrong"), 40, 64 << 20, 1 << 20)


@attack("http-bodies-operator", "an operator of the other tenant has five uploads of 64 MiB open",
        "what arrived is counted; shares of a tenant", revocation=True, mebibytes=96)  # fmt: skip
def http_bodies_operator(a):
    bodies(a, basic(*a.given["admin"]), 5, 60 << 20, 4 << 20)


@attack("http-idle", "1,000 idle TLS connections on the API", "newcomers displace the idle",
        revocation=True, mebibytes=64, seconds=12)  # fmt: skip
def http_idle(a):
    links = []
    a.go()
    while a.on:
        try:
            links.append(Link(a, a.ports["api"], len(links), tls=True))
        except Gone as gone:
            a.notes[str(gone)] += 1
            time.sleep(0.02)
        if len(links) >= 1000:
            time.sleep(0.5)
    a.over(links=len(links))
    for link in links:
        link.close()


@attack("http-headers", "sixty-four strangers send heads of requests that never end",
        "head bytes; connections of a source", revocation=True)  # fmt: skip
def http_headers(a):
    a.go()
    links, number = [], 0
    while a.on:
        while len(links) < 200 and a.on:
            try:
                link = Link(a, a.ports["api"], len(links) % 4, tls=True)
                link.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n", 2)
                links.append(link)
            except Gone as gone:
                a.notes[str(gone)] += 1
                break
        for link in list(links):
            number += 1
            try:
                link.send(b"X-%d: %s\r\n" % (number, b"y" * 200), 2)
            except Gone as gone:
                a.notes[str(gone)] += 1
                links.remove(link)
        time.sleep(0.05)
    a.over(lines=number, links=len(links))


@attack("http-requests", "pipelined requests of strangers whose answers nobody reads",
        "answers that wait; shares of a source", revocation=True)  # fmt: skip
def http_requests(a):
    a.go()
    burst = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100
    links, sent = [], 0
    while a.on:
        for number in range(32):
            try:
                link = Link(a, a.ports["api"], number, tls=True, receive_buffer=4096)
                links.append(link)
                link.send(burst, 0.3)
                sent += 100
            except Gone as gone:
                a.notes[str(gone)] += 1
        if len(links) > 128:
            for link in links[:64]:
                link.close()
            del links[:64]
    a.over(requests=sent)
    for link in links:
        link.close()


def upload(a, rows, path="/devicecontrol/bulkNewDeviceRequests", seconds=120):
    parts = {"file": ("devices.csv", "text/csv", rows)}
    return api(a).upload("POST", path, parts, seconds=seconds)


def password_rows(prefix, count):
    return "ID;CREDENTIALS;AUTH_TYPE\n" + "".join(
        f"{prefix}-{number};secret-of-{number};BASIC\n" for number in range(count))


@attack("http-bulk", "six bulk jobs with 2,000 passwords each by an operator of the other tenant",
        "one bulk job of a tenant at a time; hashing in the slow lane", revocation=True,
        mebibytes=160, seconds=12, end_seconds=180)  # fmt: skip
def http_bulk(a):
    a.go()
    crew = []

    def one(number):
        try:
            answer = upload(a, password_rows(f"job-{number}-{time.monotonic_ns()}", 2000))
            a.notes[str(answer.status)] += 1
        except OSError as error:
            a.notes[type(error).__name__] += 1

    for number in range(6):
        crew.append(threading.Thread(target=one, args=(number,), daemon=True))
        crew[-1].start()
    time.sleep(a.left)
    a.over()
    for thread in crew:
        thread.join(170)


@attack("http-bulk-rows", "bulk jobs with 200,000 rows each, one after the other, on six lines",
        "one bulk job of a tenant at a time", revocation=True, mebibytes=256, seconds=12,
        end_seconds=180)  # fmt: skip
def http_bulk_rows(a):
    a.go()
    crew = []
    rows = "".join(f"row-{number};CERTIFICATES\n" for number in range(200_000))

    def one():
        while a.on:
            try:
                answer = upload(a, "ID;AUTH_TYPE\n" + rows)
                a.notes[str(answer.status)] += 1
            except OSError as error:
                a.notes[type(error).__name__] += 1
                time.sleep(0.2)

    for _ in range(6):
        crew.append(threading.Thread(target=one, daemon=True))
        crew[-1].start()
    time.sleep(a.left)
    a.over()
    for thread in crew:
        thread.join(170)


@attack("http-passwords", "an operator of the other tenant makes accounts with passwords on ten "
        "lines", "hashing in the slow lane; shares of a tenant", revocation=True,
        mebibytes=96, seconds=10)  # fmt: skip
def http_passwords(a):
    a.go()
    crew = []

    def one(number):
        serial = 0
        while a.on:
            serial += 1
            body = {"name": f"n{number}-{serial}", "password": "some-long-password-here",
                    "roles": ["ROLE_MESSAGING"]}  # fmt: skip
            try:
                a.notes[str(api(a).post("/api/v1/accounts", body).status)] += 1
            except OSError as error:
                a.notes[type(error).__name__] += 1

    for number in range(10):
        crew.append(threading.Thread(target=one, args=(number,), daemon=True))
        crew[-1].start()
    time.sleep(a.left)
    a.over()


def compared(notes):
    """How many guesses were answered as wrong, not as too many."""
    return sum(count for code, count in notes.items() if "0x86" in code or code == "401")


@attack("guesses", "300 guesses of one password at once over MQTT",
        "guesses-per-user, counted when they are queued", check="guesses", mebibytes=64,
        seconds=8)  # fmt: skip
def guesses(a):
    links = []
    for _ in range(300):
        links.append(Link(a, a.ports["door"], 0))
    a.go()
    for number, link in enumerate(links):
        link.send(connect(f"guess-{number}", "good/admin", f"guess {number}"))
    for link in links:
        try:
            answer = link.wait(CONNACK, a.left + 5)
            a.notes[f"CONNACK 0x{answer[3]:02x}"] += 1
        except Gone as gone:
            a.notes[str(gone)] += 1
        link.close()
    time.sleep(a.left)
    a.over(compared=compared(a.notes))


@attack("guesses-many", "guesses for thousands of user names from hundreds of addresses at once",
        "comparisons that wait, bounded per source", mebibytes=64, processes=2, seconds=10)
def guesses_many(a):
    a.go()
    serial = 0
    while a.on:
        names = range(serial, serial + 200)
        serial += 200
        a.crowd([connect(f"gm-{a.index}-{number}", f"evil/device_d{number % 60}", "wrong")
                 for number in names], at_once=200, until=a.deadline)  # fmt: skip
    a.over(guesses=serial)


@attack("login-herd", "200 connections at once with the right password of one of sixty devices, "
        "device after device", "a comparison is shared; comparisons that wait, per source",
        mebibytes=64, seconds=10)  # fmt: skip
def login_herd(a):
    a.go()
    number = 0
    while a.on:
        number += 1
        user = f"evil/device_d{number % a.given['devices']}"
        a.crowd([connect(f"herd-{number}-{one}", user, a.given["password"]) for one in range(200)],
                at_once=200, until=a.deadline)  # fmt: skip
    a.over(rounds=number)


@attack("guesses-http", "300 guesses of one password at once over HTTP",
        "guesses-per-user, counted when they are queued", check="guesses", mebibytes=64,
        revocation=True)  # fmt: skip
def guesses_http(a):
    a.go()
    codes = []

    def one(number):
        try:
            guess = Api(a.ports["api"], a.given["trust"],
                        basic("good/guessed", f"guess {number}"))  # fmt: skip
            codes.append(str(guess.get("/api/v1/sessions", seconds=30).status))
        except OSError as error:
            codes.append(type(error).__name__)

    crew = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(300)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join(a.left + 20)
    for code in codes:
        a.notes[code] += 1
    a.over(compared=compared(a.notes))


@attack("scram-loop", "SCRAM exchanges that are begun and never ended, from hundreds of addresses",
        "exchanges under way; guesses", processes=2, mebibytes=64)  # fmt: skip
def scram_loop(a):
    a.go()
    serial = 0
    block = properties(method="SCRAM-SHA-256",
                       data=b"n,,n=evil/device_d0,r=fyko+d2lbbFgONRv9qkxdawL")
    while a.on:
        links = []
        for _ in range(100):
            serial += 1
            try:
                link = Link(a, a.ports["door"], serial)
                link.send(connect(f"scram-{a.index}-{serial}", None, None, more=block))
                links.append(link)
            except Gone as gone:
                a.notes[str(gone)] += 1
        for link in links:
            try:
                found = link.next(5)
                a.notes["AUTH" if found and found[0] == 15 else "other"] += 1
            except Gone as gone:
                a.notes[str(gone)] += 1
            link.close()
    a.over(exchanges=serial)


@attack("drain", "SIGTERM while a bulk request with 9,000 passwords is under way",
        "drain.seconds", check="drain", mebibytes=256, seconds=20)  # fmt: skip
def drain(a):
    a.go()
    rows = password_rows(f"drain-{uuid.uuid4().hex[:6]}", 9_000)

    def one():
        try:
            a.notes[str(upload(a, rows).status)] += 1
        except OSError as error:
            a.notes[type(error).__name__] += 1

    for _ in range(3):
        threading.Thread(target=one, daemon=True).start()
    time.sleep(3)
    os.kill(a.given["pid"], signal.SIGTERM)
    began = time.monotonic()
    took = None
    while time.monotonic() - began < 90:
        try:
            with open(f"/proc/{a.given['pid']}/stat") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    took = time.monotonic() - began
                    break
        except OSError:
            took = time.monotonic() - began
            break
        time.sleep(0.05)
    a.over(drain_seconds=round(took if took is not None else 999.0, 1))

