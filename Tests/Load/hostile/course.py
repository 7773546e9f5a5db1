# SPDX-License-Identifier: Apache-2.0
"""The course of hostile loads: each attack against a daemon of its own, and what is said of it."""

import contextlib
import datetime
import json
import os
import time

import program  # noqa: F401
import stage
from peers import Row

BEFORE_SECONDS = 4
P99_MILLISECONDS = 50
AFTERWARDS = 1.10


def say(text):
    print(text, flush=True)


def wait_until(holds, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if holds():
                return True
        time.sleep(0.05)
    return False


def connected(daemon):
    return sum(value for name, value in stage.metrics(daemon).items()
               if name.startswith("sealwire_connections"))  # fmt: skip


def decisions(world, daemon):
    """How many decisions the good tenant's operator finds about a device that logged in well."""
    api = world.api(daemon, "good/admin")
    answer = api.get("/api/v1/decisions?about=d0", seconds=20)
    if answer.status != 200:
        return 0
    return sum(1 for one in answer.json["decisions"] if "accepted" in json.dumps(one))


def good_device(world, daemon):
    """The good tenant's device logs in, so that there is something to be explained."""
    login = ("good/device_d0", stage.PASSWORD)
    with stage.socket.create_connection(("127.0.0.1", daemon.ports["door"]), 10) as link:
        link.sendall(stage.peers.connect("d0", *login))
        link.recv(64)
        link.sendall(b"\xe0\x00")


class Measured:
    """What one attack did."""

    def __init__(self, name, row, shards):
        self.name, self.row, self.shards = name, row, shards
        self.faults = []
        self.calm = self.busy = (0.0, 0.0)
        self.before = self.most = self.after = 0
        self.lost, self.said, self.notes, self.hits = 0, {}, {}, {}
        self.visits = self.visits_failed = 0
        self.longest_visit = 0.0
        self.revocation = None

    @property
    def is_good(self):
        return not self.faults

    @property
    def only_slow(self):
        return len(self.faults) == 1 and self.faults[0].startswith("p99")

    def line(self):
        said = ", ".join(f"{key} {value}" for key, value in self.said.items())
        notes = ", ".join(f"{value} × {key}" for key, value in sorted(self.notes.items())[:8])
        hits = ", ".join(f"{key} {value:.0f}" for key, value in sorted(self.hits.items()))
        parts = [
            f"hostile/{self.name} ({self.shards}): {'ok' if self.is_good else 'FAILED'}",
            f"p99 {self.calm[0]:.1f} -> {self.busy[0]:.1f} ms, longest {self.calm[1]:.0f} -> "
            f"{self.busy[1]:.0f} ms",
            f"memory {stage.mebibytes(self.before)} -> {stage.mebibytes(self.most)} -> "
            f"{stage.mebibytes(self.after)} MiB",
            f"lost {self.lost}, visits {self.visits} (failed {self.visits_failed}, longest "
            f"{self.longest_visit * 1000:.0f} ms)",
        ]
        if self.revocation is not None:
            parts.append(f"longest revocation {self.revocation * 1000:.0f} ms")
        parts += [said, f"answers: {notes}" if notes else "", f"limits: {hits}" if hits else ""]
        if self.faults:
            parts.append("BECAUSE " + "; ".join(self.faults))
        return "; ".join(part for part in parts if part)

    def cells(self, revision):
        """A row of the table in Documentation/limits.md."""
        result = (f"p99 {self.calm[0]:.1f} ms before, {self.busy[0]:.1f} ms during, longest "
                  f"{self.busy[1]:.0f} ms; memory {stage.mebibytes(self.before)} MiB before, "
                  f"{stage.mebibytes(self.most)} at most, {stage.mebibytes(self.after)} after")
        if self.revocation is not None:
            result += f"; longest revocation {self.revocation * 1000:.0f} ms"
        for key in ("compared", "drain_seconds"):
            if key in self.said:
                result += f"; {key.replace('_', ' ')} {self.said[key]}"
        if self.faults:
            result += "; **" + "; ".join(self.faults) + "**"
        return (f"| `{self.name}`: {self.row.sends} | {self.row.stops} | {self.shards} | "
                f"{datetime.date.today()} | {revision} | {result} |")  # fmt: skip


class Course:
    """Attacks in order."""

    def __init__(self, folder, given):
        self.given = given
        self.world = stage.World(folder)
        self.revision = stage.brokers.revision()

    def attempt(self, name, row, shards):
        measured = Measured(name, row, shards)
        daemon = self.world.start(shards)
        try:
            self._measure(measured, daemon)
        finally:
            if not daemon.is_alive and row.check != "drain":
                tail = daemon.log.read_text(errors="replace")[-1500:]
                measured.faults.append(f"the daemon ended: {tail}")
            self.world.forget(daemon)
        return measured

    def _measure(self, found, daemon):
        row = found.row
        memory = stage.Memory(daemon)
        # Buffers, caches and threads that the others need are there before memory is looked at.
        stage.Victims(self.world, daemon, 1.5).result(30)
        good_device(self.world, daemon)
        if row.watches_revocation or row.check:
            revocations = stage.Revocations(self.world, daemon)
            time.sleep(0.3)
            revocations.over()
        time.sleep(1.5)
        found.before = memory.last
        hits = stage.limit_hits(daemon)
        attackers = stage.Attackers(self.world, daemon, found.name, row,
                                    self.given.seconds or row.seconds, self.given.count)
        if not attackers.are_ready():
            found.faults.append("the generators did not become ready")
            attackers.kill()
            return
        self._attack(found, daemon, attackers)
        found.said, found.notes = attackers.said, attackers.notes
        found.most = memory.most
        if row.check == "drain":
            self._judge_drain(found)
            attackers.kill()
            return
        for limit, value in stage.limit_hits(daemon).items():
            if value > hits.get(limit, 0):
                found.hits[limit] = value - hits.get(limit, 0)
        if row.check == "evidence" and daemon.is_alive:
            left = decisions(self.world, daemon)
            found.said["decisions_left"] = left
            if left == 0:
                found.faults.append("explain knows nothing of the good device any more")
        attackers.end()
        found.said.update(attackers.said)
        found.after = memory.settled(found.before * AFTERWARDS, self.given.settle)
        memory.ended = True
        self._judge(found)

    def _attack(self, found, daemon, attackers):
        row = found.row
        seconds = self.given.seconds or row.seconds
        already = connected(daemon)
        victims = stage.Victims(self.world, daemon, BEFORE_SECONDS + seconds + 2)
        if not wait_until(lambda: connected(daemon) >= already + stage.VICTIMS, 60):
            found.faults.append("the others could not connect before")
        time.sleep(1.2)
        visitors = stage.Visitors(self.world, daemon)
        revocations = stage.Revocations(self.world, daemon) if row.watches_revocation else None
        start = time.monotonic()
        time.sleep(BEFORE_SECONDS - 0.2)
        begun = time.monotonic()
        attackers.begin()
        if row.check == "drain":
            attackers.wait(seconds + 120)
            visitors.over()
            victims.result(60)
            return
        time.sleep(seconds)
        visitors.over()
        if revocations:
            revocations.over()
            found.revocation = max(revocations.times, default=float("inf"))
            if revocations.failures:
                found.faults.append(f"{len(revocations.failures)} revocations failed: "
                                    f"{revocations.failures[0][:100]}")
        attackers.wait(90)
        result = victims.result(120)
        found.calm = victims.latency(result, start, begun)
        found.busy = victims.latency(result, begun, begun + seconds)
        found.visits, found.visits_failed = visitors.count, len(visitors.failures)
        found.longest_visit = visitors.longest
        if visitors.failures:
            found.faults.append(f"{len(visitors.failures)} connects of others failed: "
                                f"{visitors.failures[0][:80]}")
        self._judge_victims(found, result)

    @staticmethod
    def _judge_victims(found, result):
        if result is None or "lost" not in result:
            found.faults.append(f"the others' measurement failed: "
                                f"{(result or {}).get('complaint', 'no end')[:200]}")
            return
        found.lost = int(result["lost"])
        for name in ("lost", "duplicated", "errors", "failed_connections"):
            if result[name]:
                found.faults.append(f"{name.replace('_', ' ')} {result[name]:.0f} "
                                    f"{result['complaint'][:100]}".strip())

    def _judge(self, found):
        row = found.row
        slower = found.busy[0] - found.calm[0]
        if slower > P99_MILLISECONDS:
            found.faults.append(f"p99 {slower:.0f} ms above before")
        grown = (found.most - found.before) / 1024
        if grown > row.mebibytes:
            found.faults.append(f"memory {grown:.0f} MiB above before, {row.mebibytes} expected")
        if found.after > found.before * AFTERWARDS:
            share = found.after / found.before * 100 - 100
            found.faults.append(f"memory {share:.0f} % above before when it is over")
        if found.revocation is not None and found.revocation > 1:
            found.faults.append(f"a revocation took {found.revocation:.1f} s")
        if row.check == "guesses" and found.said.get("compared", 0) > 10:
            found.faults.append(f"{found.said['compared']} guesses of one password were compared")
        if "broken" in found.said:
            found.faults.append(found.said["broken"])

    @staticmethod
    def _judge_drain(found):
        took = found.said.get("drain_seconds", 999)
        if took > 11:
            found.faults.append(f"the end took {took} s, drain.seconds is 10")

    def run(self):
        names = [name for name in Row.rows if self.given.attack in ("", name)
                 or name in self.given.attack.split(",")]  # fmt: skip
        if not names:
            stage.brokers.fail(f"there is no attack {self.given.attack}; there are "
                               f"{', '.join(Row.rows)}")
        all_good, table = True, []
        for shards in self.given.both:
            for name in names:
                found = self.attempt(name, Row.rows[name], shards)
                if found.only_slow:
                    say(found.line() + " (again)")
                    found = self.attempt(name, Row.rows[name], shards)
                say(found.line())
                table.append(found.cells(self.revision))
                all_good = all_good and found.is_good
        if self.given.table:
            with open(self.given.table, "a") as out:
                out.write("\n".join(table) + "\n")
        return all_good


def hostile(folder, given):
    """Each attack at one and two shards, or as --shards says."""
    given.both = [given.shards] if given.shards_given else [1, 2]
    os.environ.setdefault("SEALWIRE_LOAD_PRIORITY", "1")
    return Course(folder, given).run()
