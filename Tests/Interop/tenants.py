# SPDX-License-Identifier: Apache-2.0
# A daemon with a registry: its first run, listeners for devices and for the API, its operators.

import os
import re
import urllib.request

from device import Device
from harness import ROOT, Certificates, Daemon, Failed, check, daemon_binary, equal, run
from rest import Api, answered, basic

TENANT = "t12345"


def first_run(folder, tenant=TENANT):
    """`sealwired init`: a registry with a tenant in the folder `registry` of the folder; gives the
    passwords that were printed once."""
    code, out, err = run(daemon_binary(), "init", "--dir", folder, "--tenant", tenant)
    equal(code, 0, f"exit code of sealwired init ({(out + err).strip()[-300:]})")
    found = dict(re.findall(r"(?m)^  (\S+/\S+)  (\S+)$", out))
    check(f"{tenant}/admin" in found, f"init printed no password of {tenant}/admin: {out!r}")
    return found


class Platform:
    """The daemon, and who may ask it for what."""

    def __init__(self, folder, listeners=None, tables=None, tenant=TENANT):
        self.folder, self.tenant = folder, tenant
        self.passwords = first_run(folder / "first", tenant)
        made = self.made = Certificates(folder)
        made.self_signed("server", ("localhost",), is_authority=False)
        pair = {"certificate": made.path("server.crt"), "key": made.path("server.key")}
        self.trust = str(made.path("server.crt"))
        devices = {**pair, "login": "registry", "client-certificates": "ask"}
        usual = {
            "mqtts": devices,
            # An installation of one's own may allow intermediate authorities.
            "long": {**devices, "chain-length-max": 4},
            "api": {**pair, "service": "api", "client-certificates": "ask"},
        }
        usual.update({name: {**pair, **one} for name, one in (listeners or {}).items()})
        # Scenarios guess wrong on purpose, all of them from one address.
        registry = {"folder": folder / "first/registry", "guesses-per-user": 100_000,
                    "guesses-per-source": 100_000}  # fmt: skip
        wanted = {"registry": registry, **(tables or {})}
        self.daemon = Daemon(folder, usual, wanted)

    def api(self, user=None, **options):
        """The calls of an operator of the tenant, or of `tenant/user`."""
        user = user or f"{self.tenant}/admin"
        return Api(self.daemon.ports["api"], self.trust, basic(user, self.passwords[user]),
                   **options)  # fmt: skip

    def add_tenant(self, tenant):
        """A further tenant with an operator."""
        management = self.api("management/admin")
        answered(management.post("/api/v1/tenants", {"id": tenant}), 201)
        roles = answered(management.get("/api/v1/roles"), 200).json["roles"]
        people = [one for one in roles if one not in ("ROLE_DEVICE", "ROLE_DEVICE_BOOTSTRAP")]
        body = {"name": "admin", "roles": people}
        made = answered(management.post(f"/api/v1/accounts?tenant={tenant}", body), 201).json
        self.passwords[f"{tenant}/admin"] = made["password"]
        return tenant

    @property
    def nobody(self):
        """Calls without credentials."""
        return Api(self.daemon.ports["api"], self.trust)

    def device(self, pair, name, *, listener="mqtts", **options):
        return Device(self.daemon.ports[listener], self.trust, pair, name=name, **options)

    def mosquitto(self, pair, name, *words, listener="mqtts"):
        """The words that connect one of mosquitto's clients."""
        chain, key = pair
        return ["-h", "localhost", "-p", self.daemon.ports[listener], "--cafile", self.trust,
                "--cert", chain, "--key", key, "-i", name, *words]  # fmt: skip

    def metric(self, name):
        """The sum of a metric's values."""
        address = f"http://127.0.0.1:{self.daemon.metrics_port}/metrics"
        with urllib.request.urlopen(address, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        found = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        values = [value for label, value in found if name in (label, label.split("{")[0])]
        check(values, f"there is no metric {name}")
        return sum(float(value) for value in values)


def sealwire():
    """The command line under test: SEALWIRE, or the build of the daemon's kind."""
    path = os.environ.get("SEALWIRE") or str(ROOT / ".build/release/sealwire")
    if not os.access(path, os.X_OK):
        raise Failed(f"{path} is not there; `make build` makes it")
    return path
