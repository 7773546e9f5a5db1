# SPDX-License-Identifier: Apache-2.0
"""A long time of connections whose names never repeat, with level memory; and the program that
makes them: `soak.py`, with what it needs to know as a line of JSON on standard input."""

import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from peers import (PINGRESP, Attack, Gone, Link, connect, properties, publish,  # noqa: E402
                   subscribe)  # fmt: skip

GROUP = 50
# This one of the generators is refused each time; comparing passwords would hold up the others.
REFUSED = 2
# How much the second half may be above the first.
SLOPE = 1.05


def life(a, serial):
    """The bytes of one short life; names that were never there before, nothing that stays."""
    name = f"{a.index}/{serial}"
    if a.index == REFUSED:
        # A user that there is not, or a wrong password of one that there is.
        user = f"evil/u{name}" if serial % 2 else f"evil/device_d{serial % 60}"
        return connect(f"refused-{name}", user, f"p{serial}", keep=65_535), False, True
    kind = serial % 7 + 1
    will = None
    if kind in (1, 2):
        will = (f"will/{name}", b"w" * 50, 0x20 if kind == 2 else 0, properties(delay=kind - 1))
    given = {"expiry": 5 if kind in (3, 4, 5) else None}
    packets = a.login(f"soak-{name}", keep=65_535, will=will, **given)
    packets += subscribe([f"soak/{name}/+", f"+/{name}/#", f"$share/g{name}/soak/x"], options=1)
    packets += publish(f"soak/{name}/t", b"x" * 40, qos=1)
    packets += publish(f"soak/{name}/alias", b"", block=properties(alias=1))
    packets += publish(f"kept/{name}", b"k" * 40, flags=1) + publish(f"kept/{name}", flags=1)
    if kind == 3:
        packets += publish(f"will/{a.index}/{serial - 1}", flags=1)
    if kind == 4:
        packets += publish(f"soak/{name}/t", b"x" * 40, qos=2, number=2)
    return packets + b"\xc0\x00", True, kind % 2 == 0


def soaking(a):
    """Lives, a group after the other, until the time is over."""
    a.go()
    serial = 0
    while a.on:
        links = []
        for _ in range(GROUP):
            serial += 1
            packets, is_in, says_bye = life(a, serial)
            try:
                link = Link(a, a.ports["door"], serial)
                link.send(packets)
                links.append((link, is_in, says_bye))
            except Gone as gone:
                a.notes[str(gone)] += 1
        for link, is_in, says_bye in links:
            try:
                if is_in:
                    link.wait(PINGRESP, 20)
                    if says_bye:
                        link.send(b"\xe0\x00")
                    a.notes["lives"] += 1
                else:
                    link.next(20)
                    a.notes["refused"] += 1
            except Gone as gone:
                a.notes[str(gone)] += 1
            link.close()
    a.over()


def soak(folder, given):
    """Connects with long keep-alives, names that never repeat, for half an hour."""
    import stage

    seconds = given.seconds or 1800
    world = stage.World(folder)
    daemon = world.start(given.shards)
    try:
        memory = stage.Memory(daemon)
        stage.Victims(world, daemon, 1.5).result(30)
        before = memory.last
        setup = {"ports": daemon.ports, "user": "evil/device_d0", "password": stage.PASSWORD,
                 "seconds": seconds, "setup_seconds": 60, "count": 0}  # fmt: skip
        processes = []
        for index in range(3):
            processes.append(subprocess.Popen(
                ["nice", "-n", "5", sys.executable, __file__], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True))  # fmt: skip
            processes[-1].stdin.write(json.dumps({**setup, "index": index}) + "\ngo\n")
            processes[-1].stdin.flush()
        track = []
        begun = time.monotonic()
        while time.monotonic() < begun + seconds and daemon.is_alive:
            time.sleep(min(1, seconds / 200))
            track.append(memory.last)
        notes = {}
        for process in processes:
            process.stdout.readline()
            for note, count in json.loads(process.stdout.readline())["notes"].items():
                notes[note] = notes.get(note, 0) + count
            process.stdin.write("end\n")
            process.stdin.flush()
            process.wait(30)
        after = memory.settled(before * 1.1, given.settle)
        return report(given, seconds, before, track, after, notes) and daemon.is_alive
    finally:
        world.forget(daemon)


def report(given, seconds, before, track, after, notes):
    # The first fifth fills what is bounded: caches, counts of guesses, sessions that expire.
    start = len(track) // 5
    middle = (start + len(track)) // 2
    first, second = max(track[start:middle]), max(track[middle:])
    lives = notes.get("lives", 0)
    points = [track[len(track) * share // 10 - 1] >> 10 for share in range(1, 11)]
    answers = ", ".join(f"{count} × {note}" for note, count in sorted(notes.items()))
    print(f"soak: {seconds:.0f} s, {given.shards} shards: {answers}; {lives / seconds:.0f} lives "
          f"a second; memory {before >> 10} MiB before, in tenths {points} MiB, at most "
          f"{first >> 10} MiB in the first half and {second >> 10} in the second, "
          f"{after >> 10} afterwards", flush=True)  # fmt: skip
    return second <= first * SLOPE and lives > 0


if __name__ == "__main__":
    soaking(Attack(json.loads(sys.stdin.readline())))
