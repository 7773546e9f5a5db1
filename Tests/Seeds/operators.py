# SPDX-License-Identifier: Apache-2.0
# The story of operators.sh: `sealwire` alone, as a person or a script of the operator uses it.

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))

from harness import Failed, Folder, Suite, check, equal, finish, run  # noqa: E402
from issuing import Issuer  # noqa: E402
from rest import claims  # noqa: E402
from tenants import Platform, sealwire  # noqa: E402

suite = Suite("operators")


class World(Platform):
    def __init__(self, folder):
        super().__init__(folder)
        self.issuer = Issuer(folder / "issuer")
        self.home = folder / "home"
        self.home.mkdir()

    def run(self, *words, code=0, text=None):
        """sealwire with contexts of its own; gives what it printed."""
        variables = {**os.environ, "XDG_CONFIG_HOME": str(self.home)}
        found, out, err = run(sealwire(), *words, env=variables, text=text)
        equal(found, code, f"exit code of sealwire {' '.join(map(str, words))} ({out + err})")
        return out + err

    def json(self, *words, **options):
        """The objects that a command prints for programs."""
        out = self.run(*words, "--json", **options)
        return [json.loads(line) for line in out.splitlines() if line.startswith("{")]

    def login(self, user, name):
        secret = self.folder / f"{name}.pass"
        secret.write_text(self.passwords[user] + "\n")
        return self.run("login", f"https://localhost:{self.daemon.ports['api']}", "--user", user,
                        "--name", name, "--cafile", self.trust,
                        "--password-file", secret)  # fmt: skip

    def connect(self, one, **options):
        return self.device(one.pair(), one.common_name, version=5, **options)


@suite.scenario("login, with a wrong password and with the right one; contexts")
def _(w):
    wrong = w.folder / "wrong.pass"
    wrong.write_text("wrong\n")
    url = f"https://localhost:{w.daemon.ports['api']}"
    told = w.run("login", url, "--user", f"{w.tenant}/admin", "--cafile", w.trust,
                 "--password-file", wrong, code=77)  # fmt: skip
    check("wrong" in told or "password" in told, f"a wrong password: {told}")
    told = w.run("login", url, "--user", f"{w.tenant}/admin", "--password-file", wrong, code=69)
    check("certificate" in told.lower(), f"an authority that is not known: {told}")
    w.login("management/admin", "all")
    told = w.login(f"{w.tenant}/admin", "own")
    check(w.tenant in told, f"login says {told}")
    mode = (w.home / "sealwire/contexts.json").stat().st_mode & 0o777
    equal(oct(mode), "0o600", "who may read the contexts")
    for user in ("management/admin", f"{w.tenant}/admin"):
        check(w.passwords[user] not in (w.home / "sealwire/contexts.json").read_text(),
              "a password is kept")  # fmt: skip
    check("own" in w.run("ctx", "list"), "the context is not listed")


@suite.scenario("an authority is trusted; a device connects; lists show both")
def _(w):
    w.root = w.issuer.root("operator-root")
    w.run("trust", "add", w.root.certificate, "--name", "Plant 1", "--auto-registration")
    listed = w.json("trust", "list")
    w.print = w.issuer.fingerprint(w.root)
    check(w.print in [one["fingerprint"] for one in listed], f"trust list: {listed}")
    w.run("trust", "prove", "--key", w.root.key, w.print[:12])
    equal([one["proofOfPossessionValid"] for one in w.json("trust", "list")
           if one["fingerprint"] == w.print], [True], "the proof")  # fmt: skip
    w.pump = w.issuer.make("pump-1", w.root)
    with w.connect(w.pump) as device:
        equal(device.code, 0, "answer to CONNECT")
        sessions = w.json("session", "list")
        check("pump-1" in [one["clientId"] for one in sessions], f"session list: {sessions}")
    check("pump-1" in w.run("device", "list"), "the device is not listed")
    check("pump-1" in w.run("device", "show", "pump-1"), "the device is not shown")


@suite.scenario("explain tells what was decided about a device, and why")
def _(w):
    with w.connect(w.issuer.make("pump-1", w.root), listener="mqtts") as device:
        equal(device.code, 0, "answer to the right name")
    one = w.issuer.make("pump-2", w.root)
    with w.device(one.pair(), "pump-1") as device:
        equal(device.code, 5, "answer to another's name")
    told = w.run("explain", "pump-1")
    check("login.client-id-not-device" in told and "common name" in told, f"explain: {told}")
    check("login.certificate" in told, f"explain does not tell of the good login: {told}")
    told = w.run("explain", "nobody-here", code=1)
    check("nothing was decided" in told, f"explain of an unknown one: {told}")


@suite.scenario("devices one by one and from a file; refused rows are told")
def _(w):
    w.run("device", "add", "valve-1", "--name", "Valve one", "--type", "valve")
    told = w.run("device", "add", "valve-1", code=1)
    check("valve-1" in told or "already" in told, f"the same again: {told}")
    rows = w.folder / "devices.csv"
    rows.write_text("ID;AUTH_TYPE;CREDENTIALS\nvalve-2;CERTIFICATES;\nvalve-3;CERTIFICATES;x\n")
    told = w.run("device", "import", rows, code=1)
    check("2 rows: 1 device made" in told and "line 3" in told, f"device import: {told}")
    names = [one["identifier"] for one in w.json("device", "list", "--text", "valve")]
    equal(sorted(names), ["valve-1", "valve-2"], "the devices")


@suite.scenario("disable ends the connection and says so; enable lets it in again; remove")
def _(w):
    device = w.connect(w.pump)
    told = w.run("device", "disable", "pump-1", "--yes")
    check("1" in told, f"device disable: {told}")
    device.wait_end(2)
    device.close()
    with w.connect(w.pump) as device:
        equal(device.code, 0x87, "answer while disabled")
    w.run("device", "enable", "pump-1")
    device = w.connect(w.pump)
    equal(device.code, 0, "answer when enabled")
    told = w.run("device", "remove", "pump-1", "--yes")
    device.wait_end(2)
    device.close()
    told = w.run("device", "disable", "valve-1", "--dry-run")
    check("valve-1" in told, f"a rehearsal: {told}")


@suite.scenario("a certificate is pinned as a device's credentials, an access token is shown")
def _(w):
    own = w.issuer.make("self-made", None)
    w.run("device", "add", "pinned-1")
    w.run("device", "credentials", "pinned-1", "--certificate", own.certificate, "--yes")
    with w.device(own.pair(), "anything") as device:
        equal(device.code, 0, "answer to the pinned certificate")


@suite.scenario("rules: set, tested, obeyed")
def _(w):
    rules = w.folder / "rules.txt"
    own = "# Devices publish below their own name.\nallow publish plant/%d/# devices\n"
    rules.write_text(own + "deny publish plant/# devices\n")
    for topic, code in (("plant/pump-1/rpm", 0), ("plant/pump-2/rpm", 1)):
        told = w.run("policy", "test", "--device", "pump-1", "--rules", rules, "publish", topic,
                     code=code)  # fmt: skip
        check("allowed" in told, f"policy test: {told}")
    w.run("policy", "set", rules, "--yes")
    with w.connect(w.pump) as device:
        # 0x10: nobody subscribed it.
        equal(device.publish("plant/pump-1/rpm", b"1"), 0x10, "code for its own topic")
        equal(device.publish("plant/pump-2/rpm", b"1"), 0x87, "code for another's topic")
    check("access.rule-denies" in w.run("explain", "pump-1"), "explain does not name the rule")
    rules.write_text("")
    w.run("policy", "set", rules, "--yes")


@suite.scenario("session kick ends a connection")
def _(w):
    device = w.connect(w.pump)
    w.run("session", "kick", "pump-1", "--yes")
    device.wait_end(2)
    device.close()


@suite.scenario("a token for programs")
def _(w):
    secret = w.folder / "own.pass"
    out = w.run("token", "--password-file", secret)
    equal(claims(out.strip())["ten"], w.tenant, "the tenant of the token")


@suite.scenario("a further tenant, which sees nothing of the first")
def _(w):
    w.run("tenant", "add", "other", "--context", "all")
    check("other" in w.run("tenant", "list", "--context", "all"), "it is not listed")
    names = [one["identifier"] for one in
             w.json("device", "list", "--context", "all", "--tenant", "other")]  # fmt: skip
    equal(names, [], "devices of the new tenant")
    told = w.run("device", "list", "--tenant", "other", code=77)
    check("tenant" in told, f"an operator reaches another tenant: {told}")


@suite.scenario("trust remove ends connections; the audit names who did what")
def _(w):
    device = w.connect(w.pump)
    told = w.run("trust", "remove", w.print[:12], "--yes")
    check("1" in told, f"trust remove: {told}")
    device.wait_end(2)
    device.close()
    told = w.run("audit")
    for wanted in (w.print, "pump-1", f"{w.tenant}/admin"):
        check(wanted in told, f"the audit does not name {wanted}: {told[-800:]}")


def main():
    failed = 0
    with Folder() as folder:
        try:
            w = World(folder)
            with w.daemon:
                failed = suite.run(w, os.environ.get("ONLY"), w.daemon)
        except Failed as failure:
            print(f"FAIL operators: set-up — {failure}")
            failed = 1
    finish(failed)


main()
