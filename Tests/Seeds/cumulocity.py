# SPDX-License-Identifier: Apache-2.0
# The story of cumulocity.sh. First the good case, once with an authority made by openssl and once
# with one made by sealwire; the rules, each broken in turn, are in broken_rules.py.

import base64
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))

from authority import new_folder  # noqa: E402
from broken_rules import rules, trusted  # noqa: E402
from harness import (  # noqa: E402
    ROOT, Failed, Folder, Lines, Suite, check, end_client, equal, finish, need, run, run_well,
)  # fmt: skip
from issuing import Issuer  # noqa: E402
from rest import answered, claims  # noqa: E402
from tenants import Platform, sealwire  # noqa: E402

KEY_PASSWORD = "key-passphrase"

# The call as the guide prints it; what stands in angle brackets there is filled in.
PRINTED = """    {
    \t"status" :  "ENABLED",
    \t"name" : "certificateName",
    \t"autoRegistrationEnabled" : "true",
    \t"certInPemFormat" : "<CERT_PEM_VALUE>"
    }
"""

# A device of paho's: receives what it publishes, fetches a token, prints it.
PAHO = """
import queue
import sys
import paho.mqtt.client as mqtt

port, trust, chain, key, name = sys.argv[1:]
options = {"client_id": name}
if hasattr(mqtt, "CallbackAPIVersion"):
    options["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION1
client = mqtt.Client(**options)
client.tls_set(trust, certfile=chain, keyfile=key)
events = queue.Queue()
client.on_connect = lambda *rest: events.put(("connected", rest[3]))
client.on_subscribe = lambda *rest: events.put(("subscribed", rest[3]))
client.on_message = lambda _, __, message: events.put((message.topic, message.payload))
client.connect("localhost", int(port))
client.loop_start()
assert events.get(timeout=15) == ("connected", 0)
client.subscribe([("paho/" + name, 1), ("s/dat", 0)])
assert events.get(timeout=15)[0] == "subscribed"
client.publish("paho/" + name, "seen", 1)
assert events.get(timeout=15) == ("paho/" + name, b"seen")
client.publish("s/uat", "")
topic, payload = events.get(timeout=15)
assert topic == "s/dat", topic
print(payload.decode())
client.disconnect()
client.loop_stop()
"""


class Made:
    """An authority and devices of it; all paths."""

    def __init__(self, authority, devices):
        self.authority = authority
        self._devices = devices

    def pair(self, name):
        """Chain file and key of a device, made when it is first asked for."""
        return self._devices(name)


def made_by_openssl(w):
    """Steps of the guide, one by one; the answers to its questions are in -subj."""
    root = w.folder / "caCertificate"
    secret = w.folder / "key.pass"
    secret.write_text(KEY_PASSWORD + "\n")
    new_folder(root, "ca")
    pass_in = ("-passin", f"file:{secret}")

    def openssl(*words):
        return run_well(need("openssl"), *words, cwd=root)

    openssl("genrsa", "-aes256", "-passout", f"file:{secret}", "-out", "caKey.pem", "4096")
    openssl("req", "-config", "caConfig.cnf", "-key", "caKey.pem", *pass_in, "-new", "-x509",
            "-days", "7300", "-sha256", "-extensions", "v3_ca",
            "-subj", "/C=EU/ST=PL/O=Iot Device Factory/CN=IotDevFactory",
            "-out", "caCert.pem")  # fmt: skip

    def device(name):
        stem = root / "deviceCertificates" / name
        key, clear, request, certificate, chain = (
            f"{stem}{end}" for end in ("Key.pem", ".key", "Csr.pem", "Cert.pem", "CertChain.pem")
        )
        if pathlib.Path(chain).exists():
            return chain, clear
        openssl("genrsa", "-aes256", "-passout", f"file:{secret}", "-out", key, "2048")
        openssl("req", "-config", "caConfig.cnf", "-new", "-sha256", "-key", key, *pass_in,
                "-subj", f"/O=Iot Device Factory/CN={name}", "-out", request)  # fmt: skip
        openssl("ca", "-config", "caConfig.cnf", *pass_in, "-batch", "-extensions", "v3_signed",
                "-days", "365", "-notext", "-md", "sha256", "-in", request,
                "-out", certificate)  # fmt: skip
        openssl("verify", "-partial_chain", "-CAfile", "caCert.pem", certificate)
        run_well("sh", "-c", f"cat '{certificate}' caCert.pem > '{chain}'", cwd=root)
        # mosquitto's clients would ask for the passphrase on a terminal.
        openssl("pkey", "-in", key, *pass_in, "-out", clear)
        return chain, clear

    return Made(root / "caCert.pem", device)


def made_by_sealwire(w):
    root, out = w.folder / "works", w.folder / "made"
    secret = w.folder / "key.pass"
    run_well(sealwire(), "ca", "init", root, "--cn", "Works CA", "--field", "O=Works",
             "--passphrase-file", secret)  # fmt: skip

    def device(name):
        if not (out / f"{name}.key").exists():
            run_well(sealwire(), "ca", "issue", name, "--ca", root, "--out", out,
                     "--passphrase-file", secret)  # fmt: skip
        return str(out / f"{name}.chain.pem"), str(out / f"{name}.key")

    return Made(root / "caCert.pem", device)


MAKERS = {"openssl": made_by_openssl, "sealwire": made_by_sealwire}


class World(Platform):
    """The platform, and an authority for the rules, whose revocation list one listener reads."""

    def __init__(self, folder):
        self.issuer = Issuer(folder / "issuer")
        self.root = self.issuer.root("rules")
        self.revocation_list = self.issuer.list(self.root, [], folder / "rules.crl")
        super().__init__(folder, {"listed": {
            "login": "registry", "client-certificates": "ask", "crl-files": [self.revocation_list],
        }})  # fmt: skip
        self.by = {}


def story(maker):
    """The good case with the authority of one maker."""
    suite = Suite(f"cumulocity, authority by {maker}")
    first, second = f"{maker}-first", f"{maker}-second"

    @suite.scenario("authority, devices and chains are made")
    def _(w):
        w.by[maker] = MAKERS[maker](w)
        for name in (first, second):
            w.by[maker].pair(name)

    @suite.scenario("its certificate is uploaded by the printed call")
    def _(w):
        pem = w.by[maker].authority.read_text()
        # Once as the guide says, without line ends; once with them, as JSON writes them.
        value = pem.replace("\n", "") if maker == "openssl" else pem.replace("\n", "\\n")
        body = w.folder / f"{maker}.json"
        body.write_text(PRINTED.replace("<CERT_PEM_VALUE>", value))
        port = w.daemon.ports["api"]
        user = f"{w.tenant}/admin"
        authorization = base64.b64encode(f"{user}:{w.passwords[user]}".encode()).decode()
        out = run_well(
            need("curl"), "-sS", "--cacert", w.trust, "-w", "\n%{http_code}",
            "-H", f"Authorization: Basic {authorization}", "-H", "Content-Type: application/json",
            "--data-binary", f"@{body}", "-X", "POST",
            f"https://localhost:{port}/tenant/tenants/{w.tenant}/trusted-certificates",
        )  # fmt: skip
        text, _, status = out.rpartition("\n")
        equal(status, "201", f"status ({text[:300]})")
        found = json.loads(text)
        print_of = run_well("openssl", "x509", "-noout", "-fingerprint", "-sha1",
                            "-in", w.by[maker].authority)  # fmt: skip
        fingerprint = print_of.strip().split("=")[1].replace(":", "").lower()
        wanted = {"fingerprint": fingerprint, "status": "ENABLED", "name": "certificateName",
                  "autoRegistrationEnabled": True, "version": 3}  # fmt: skip
        equal({key: found.get(key) for key in wanted}, wanted, "the certificate in the answer")
        for name in ("subject", "issuer", "serialNumber", "algorithmName", "notBefore", "notAfter"):
            check(isinstance(found.get(name), str), f"{name} is {found.get(name)!r}")
        if maker == "openssl":
            equal(found["subject"], "CN=IotDevFactory, O=Iot Device Factory, ST=PL, C=EU",
                  "the subject")  # fmt: skip
            equal(found["algorithmName"], "SHA256withRSA", "the algorithm")
        listed = w.api().get(f"/tenant/tenants/{w.tenant}/trusted-certificates?pageSize=2000").json
        check(fingerprint in [one["fingerprint"] for one in listed["certificates"]],
              "the list does not hold it")  # fmt: skip
        w.by[maker].fingerprint = fingerprint

    for version in ("mqttv311", "mqttv5"):

        @suite.scenario(f"mosquitto_sub and mosquitto_pub by certificate only, {version}")
        def _(w, version=version):
            made, topic = w.by[maker], f"plant/{maker}/{version}"
            command = [
                "stdbuf", "-oL", need("mosquitto_sub"), "-d", "-V", version, "-C", "1", "-W", "15",
                *w.mosquitto(made.pair(first), first, "-t", topic),
            ]  # fmt: skip
            heard = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True)  # fmt: skip
            try:
                lines = Lines(heard.stdout)
                lines.wait(lambda line: line.startswith("Subscribed"), "line Subscribed")
                run_well(need("mosquitto_pub"), "-V", version,
                         *w.mosquitto(made.pair(second), second, "-t", topic, "-m", "turning"),
                         "-q", "1")  # fmt: skip
                lines.wait(lambda line: line == "turning", "the message")
                equal(heard.wait(15), 0, "how mosquitto_sub ended by itself")
            finally:
                end_client(heard)

    for generation in ("paho1", "paho2"):

        @suite.scenario(f"{generation} by certificate only, and a token over MQTT")
        def _(w, generation=generation):
            program = w.folder / "device.py"
            program.write_text(PAHO)
            out = run_well(ROOT / f".venv/{generation}/bin/python", program,
                           w.daemon.ports["mqtts"], w.trust, *w.by[maker].pair(first),
                           first)  # fmt: skip
            check_token(w, out.strip(), first)

    @suite.scenario("mosquitto_rr fetches a token, which opens the REST API")
    def _(w):
        out = run_well(need("mosquitto_rr"), "-W", "15", "-V", "mqttv311", "-t", "s/uat", "-n",
                       "-e", "s/dat", *w.mosquitto(w.by[maker].pair(first), first))  # fmt: skip
        token = check_token(w, out.strip(), first)
        api = w.nobody.bearer(token)
        equal(answered(api.get("/user/currentUser"), 200).json["userName"], f"device_{first}",
              "the current user")  # fmt: skip
        equal(answered(api.get("/tenant/currentTenant"), 200).json["name"], w.tenant,
              "the current tenant")  # fmt: skip
        denied = api.get(f"/tenant/tenants/{w.tenant}/trusted-certificates")
        equal(denied.status, 403, f"status of what a device may not ({denied})")
        equal(w.nobody.bearer(token[:-4] + "AAAA").get("/user/currentUser").status, 401,
              "status with another signature")  # fmt: skip

    @suite.scenario("a device's own certificate alone, signed by the uploaded one")
    def _(w):
        chain, key = w.by[maker].pair(first)
        alone = w.folder / "alone.pem"
        end = "-----END CERTIFICATE-----\n"
        alone.write_text(pathlib.Path(chain).read_text().split(end)[0] + end)
        for version in (4, 5):
            with w.device((str(alone), key), first, version=version) as device:
                equal(device.code, 0, f"answer to CONNECT, version {version}")

    @suite.scenario("client ids x, d:x and d:x:template are one device: one takes over the other")
    def _(w):
        pair = w.by[maker].pair(first)
        forms = (first, f"d:{first}", f"d:{first}:template", first)
        for version in (4, 5):
            before = None
            for form in forms:
                device = w.device(pair, form, version=version)
                equal(device.code, 0, f"answer to {form}")
                if before:
                    code = before.wait_end()
                    equal(code, 0x8E if version == 5 else 0, "DISCONNECT of the one taken over")
                    before.close()
                before = device
            before.close()

    @suite.scenario("the device list shows who registered itself")
    def _(w):
        answer = answered(w.api().get("/inventory/managedObjects?pageSize=2000"), 200)
        owners = [one.get("owner") for one in answer.json["managedObjects"]]
        for name in (first, second):
            equal(owners.count(f"device_{name}"), 1, f"times that device_{name} is listed")

    @suite.scenario("no password and no user are needed, nor looked at")
    def _(w):
        pair = w.by[maker].pair(first)
        for user, password in (("somebody", "wrong"), ("else/where", None)):
            with w.device(pair, first, user=user, password=password) as device:
                equal(device.code, 0, f"answer with user {user}")

    @suite.scenario("a second token comes when half the life of the first is over, not earlier")
    def _(w):
        lifespan(w, 300)
        try:
            with w.device(w.by[maker].pair(second), second) as device:
                device.subscribe("s/dat")
                tokens = []
                for _ in range(2):
                    device.publish("s/uat")
                    tokens.append(check_token(w, device.message()[1].decode(), second))
                equal(tokens[0], tokens[1], "the token asked for again at once")
                found = claims(tokens[0])
                equal(found["exp"] - found["iat"], 300, "life of the token")
        finally:
            w.api().delete(LIFESPAN)

    @suite.scenario("s/us: template 100 once, then 41,100,Device already existing on s/e")
    def _(w):
        with w.device(w.by[maker].pair(first), first) as device:
            device.subscribe("s/e")
            device.subscribe("s/ds")
            # The first one may be of a device that is there already.
            device.publish("s/us", b"100,,")
            device.publish("s/us", b"100")
            while device.message() != ("s/e", b"41,100,Device already existing"):
                pass

    @suite.scenario("a token over HTTPS with the certificate alone")
    def _(w):
        pair = w.by[maker].pair(first)
        path = "/devicecontrol/deviceAccessToken"
        answer = answered(w.nobody.post(path, identity=pair), 200)
        token = answer.json["accessToken"]
        equal(claims(token)["sub"], f"device_{first}", "whom the token is for")
        equal(answered(w.nobody.bearer(token).get("/user/currentUser"), 200).json["userName"],
              f"device_{first}", "the current user")  # fmt: skip
        # The chain in a header: certificates and their lines with single spaces between.
        chain = " ".join(pathlib.Path(pair[0]).read_text().split("\n")).strip()
        token = answered(
            w.nobody.post(path, identity=pair, headers={"X-Ssl-Cert-Chain": chain}), 200
        ).json["accessToken"]
        equal(claims(token)["ten"], w.tenant, "the tenant of the token")
        equal(w.nobody.post(path).status, 401, "status without certificate")
        broken = w.nobody.post(path, identity=pair, headers={"X-Ssl-Cert-Chain": "no chain"})
        equal(broken.status, 400, f"status with an unreadable chain ({broken})")

    return suite


LIFESPAN = "/tenant/options/oauth.internal/device-token.lifespan.seconds"


def lifespan(w, seconds):
    return answered(w.api().put(LIFESPAN, {"value": str(seconds)}), 200)


def check_token(w, line, name):
    """Judges a line `71,<token>`; gives the token."""
    check(line.startswith("71,"), f"no line of a token: {line[:80]!r}")
    token = line[3:]
    found = claims(token)
    equal(found["sub"], f"device_{name}", "whom the token is for")
    equal(found["ten"], w.tenant, "the tenant of the token")
    equal(found["iss"], found["aud"], "issuer and audience")
    check(found["nbf"] == found["iat"] and abs(found["iat"] - time.time()) < 120,
          f"the times of the token: {found}")  # fmt: skip
    return token


bulk = Suite("cumulocity, bulk registration")


def register(w, text, **options):
    """The file of devices goes to the platform; gives the answer's JSON."""
    parts = {"file": ("devices.csv", "text/csv", text)}
    return answered(
        w.api().upload("POST", "/devicecontrol/bulkNewDeviceRequests", parts, **options), 201
    ).json


@bulk.scenario("AUTH_TYPE CERTIFICATES: registered devices connect, others do not")
def _(w):
    w.closed = w.issuer.root("closed")
    trusted(w, w.closed, registers=False)
    found = register(w, "ID;AUTH_TYPE;TYPE;NAME;SHELL;c8y_Hardware.model\n"
                        "bulk-1;CERTIFICATES;pump;Pump one;1;X1\n"
                        "bulk-2;CERTIFICATES;pump;Pump two;0;X2\n")  # fmt: skip
    counts = {key: found[f"numberOf{key}"] for key in ("All", "Created", "Failed", "Successful")}
    equal(counts, {"All": 2, "Created": 2, "Failed": 0, "Successful": 2}, "what the answer counts")
    with w.device(w.issuer.make("bulk-1", w.closed).pair(), "bulk-1") as device:
        equal(device.code, 0, "answer to a registered device")
    with w.device(w.issuer.make("bulk-3", w.closed).pair(), "bulk-3") as device:
        equal(device.code, 5, "answer to an unknown device")
    listed = w.api().get("/inventory/managedObjects?pageSize=2000").json["managedObjects"]
    pump = next(one for one in listed if one.get("name") == "Pump one")
    equal(pump["type"], "pump", "the type")
    equal(pump["c8y_Hardware"], {"model": "X1"}, "the nested property")


@bulk.scenario("an empty CREDENTIALS column is fine, a filled one fails its row; commas and tabs")
def _(w):
    for separator in (",", "\t"):
        text = "\n".join(
            row.replace(";", separator)
            for row in ("ID;CREDENTIALS;AUTH_TYPE", "bulk-4;;CERTIFICATES",
                        "bulk-5;secret-of-5;CERTIFICATES", "bulk-6;secret-of-6;BASIC", "")
        )  # fmt: skip
        found = register(w, text)
        equal(found["numberOfAll"], 3, "rows read")
        equal(found["numberOfFailed"], 1, "rows that failed")
        failed = found["failedCreationList"][0]
        equal(failed["deviceId"], "bulk-5", "the device that failed")
        equal(failed["bulkNewDeviceStatus"], "FAILED", "its status")
        check(failed["failureReason"] and isinstance(failed["line"], str), f"no reason: {failed}")
    updated = [one["deviceId"] for one in found["credentialUpdatedList"]]
    check("bulk-6" in updated, f"the second time bulk-6 is not updated: {found}")


@bulk.scenario("a device with a password connects as tenant/device_<id>")
def _(w):
    register(w, "ID,CREDENTIALS,AUTH_TYPE\nbulk-7,secret-of-7,BASIC\n")
    words = ["-h", "localhost", "-p", w.daemon.ports["mqtts"], "--cafile", w.trust,
             "-u", f"{w.tenant}/device_bulk-7", "-i", "bulk-7", "-t", "a", "-m", "b",
             "-q", "1"]  # fmt: skip
    run_well(need("mosquitto_pub"), *words, "-P", "secret-of-7")
    code, out, err = run(need("mosquitto_pub"), *words, "-P", "wrong")
    equal(code, 4, f"exit code of mosquitto_pub with a wrong password ({out + err})")
    # A token is for certificate logins.
    with w.device(None, "bulk-7", user=f"{w.tenant}/device_bulk-7", password="secret-of-7") as one:
        equal(one.code, 0, "answer to CONNECT")
        one.subscribe("s/dat")
        one.publish("s/uat")
        check(one.is_silent(), "a token came without certificate")


def main():
    failed = 0
    with Folder() as folder:
        try:
            w = World(folder)
            only = os.environ.get("ONLY")
            with w.daemon:
                for suite in (story("openssl"), story("sealwire"), bulk, rules):
                    failed += suite.run(w, only, w.daemon)
        except Failed as failure:
            print(f"FAIL cumulocity: set-up — {failure}")
            failed += 1
    finish(failed)


main()
