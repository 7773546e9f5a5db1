# SPDX-License-Identifier: Apache-2.0
"""A registry for measurements: made by `sealwired init`, filled over the API."""

import base64
import json
import os
import re
import ssl
import subprocess
import urllib.error
import urllib.request
import uuid

import brokers

TENANT = "bench"


def first_run(folder):
    """A registry in the folder `registry` of a new one; gives the operator's password."""
    command = [brokers.SEALWIRED, "init", "--dir", folder, "--tenant", TENANT]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = re.search(rf"{TENANT}/admin  (\S+)", done.stdout)
    if done.returncode != 0 or not found:
        brokers.fail(f"sealwired init: {(done.stdout + done.stderr).strip()}")
    return found.group(1)


class Operator:
    """Who fills the registry of a daemon over its API."""

    def __init__(self, broker, trust, password):
        self.address = f"https://localhost:{broker.ports['api']}"
        self.context = ssl.create_default_context(cafile=trust)
        user = f"{TENANT}/admin:{password}"
        self.authorization = "Basic " + base64.b64encode(user.encode()).decode()

    def post(self, path, body, kind="application/json"):
        request = urllib.request.Request(self.address + path, body, {
            "Authorization": self.authorization, "Content-Type": kind,
            "Accept": "application/json"})
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=600) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return brokers.fail(f"{path}: {error.code} {error.read()[:300]!r}")

    def trust(self, pems):
        """The certificates are trusted; so many at once as fit into a request."""
        path = f"/tenant/tenants/{TENANT}/trusted-certificates/bulk"
        for start in range(0, len(pems), 500):
            body = {"certificates": [{"status": "ENABLED", "certInPemFormat": pem}
                                     for pem in pems[start:start + 500]]}
            self.post(path, json.dumps(body).encode())

    def register(self, names):
        """The devices may connect with certificates."""
        names = list(names)
        for start in range(0, len(names), 100_000):
            rows = "".join(f"{name};CERTIFICATES\n" for name in names[start:start + 100_000])
            boundary = uuid.uuid4().hex
            body = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; "
                    f"filename=\"devices.csv\"\r\nContent-Type: text/csv\r\n\r\n"
                    f"ID;AUTH_TYPE\n{rows}\r\n--{boundary}--\r\n")
            found = self.post("/devicecontrol/bulkNewDeviceRequests", body.encode(),
                              f"multipart/form-data; boundary={boundary}")
            if found["numberOfFailed"]:
                brokers.fail(f"{found['numberOfFailed']} devices were not registered")


def listeners(registry):
    """The listeners and tables of a configuration with this registry."""
    pair = 'certificate = "server.crt"\nkey = "server.key"\nclient-certificates = "ask"\n'
    return ([f'name = "registry"\nlogin = "registry"\n{pair}',
             f'name = "api"\nservice = "api"\n{pair}'],
            f'[registry]\nfolder = "{registry}"\n[api]\nbody-bytes = "16MiB"\n')


def sealwired(folder, shards, registry=None, password=None, devices=1000, extra=""):
    """A daemon with a registry; a new one trusts the folder's authority and knows some devices."""
    is_new = registry is None
    if is_new:
        place = folder.file(f"first-{os.urandom(4).hex()}")
        registry = os.path.join(place, "registry")
        password = first_run(place)
    more, tables = listeners(registry)
    broker = brokers.sealwired(folder, shards, tables + extra, listeners=more)
    broker.operator = Operator(broker, folder.file("ca.crt"), password)
    if is_new:
        with open(folder.file("ca.crt")) as pem:
            broker.operator.trust([pem.read()])
        broker.operator.register(f"device-{number}" for number in range(1, devices + 1))
    return broker
