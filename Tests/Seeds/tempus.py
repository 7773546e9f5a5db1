# SPDX-License-Identifier: Apache-2.0
# The story of tempus.sh: the server's keystore by keytool as the guide prints it, then everything
# that a device with a certificate of its own does, and every way in which it is refused.

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))

from device import Device  # noqa: E402
from harness import (  # noqa: E402
    ROOT, Failed, Folder, Suite, check, equal, finish, need, run, run_well,
)  # fmt: skip
from issuing import Issuer  # noqa: E402
from rest import answered  # noqa: E402
from tenants import Platform, sealwire  # noqa: E402

# The commands of the guide, with its variables; only the folder is another, and the host's name is
# the one the clients use.
VARIABLES = """
DOMAIN_SUFFIX="localhost"
ORGANIZATIONAL_UNIT=Tempus
ORGANIZATION=Tempus
CITY=Roswell
STATE_OR_PROVINCE=GA
TWO_LETTER_COUNTRY_CODE=US

SERVER_KEYSTORE_PASSWORD=server_ks_password
SERVER_KEY_PASSWORD=server_key_password

SERVER_KEY_ALIAS="serveralias"
SERVER_FILE_PREFIX="mqttserver"
SERVER_KEYSTORE_DIR="{folder}/conf/"

CLIENT_KEYSTORE_PASSWORD=password
CLIENT_KEY_PASSWORD=password

CLIENT_KEY_ALIAS="clientalias"
CLIENT_FILE_PREFIX="mqttclient"
"""

COMMANDS = """
keytool -genkeypair -v {type}\\
-alias $SERVER_KEY_ALIAS \\
-dname "CN=$DOMAIN_SUFFIX, OU=$ORGANIZATIONAL_UNIT, O=$ORGANIZATION, L=$CITY, \
ST=$STATE_OR_PROVINCE, C=$TWO_LETTER_COUNTRY_CODE" \\
-keystore $SERVER_FILE_PREFIX.jks \\
-keypass $SERVER_KEY_PASSWORD \\
-storepass $SERVER_KEYSTORE_PASSWORD \\
-keyalg RSA \\
-keysize 2048 \\
-validity 9999

keytool -export \\
-alias $SERVER_KEY_ALIAS \\
-keystore $SERVER_FILE_PREFIX.jks \\
-file $SERVER_FILE_PREFIX.pub.pem -rfc \\
-storepass $SERVER_KEYSTORE_PASSWORD

keytool -export \\
-alias $SERVER_KEY_ALIAS \\
-file $SERVER_FILE_PREFIX.cer \\
-keystore $SERVER_FILE_PREFIX.jks \\
-storepass $SERVER_KEYSTORE_PASSWORD \\
-keypass $SERVER_KEY_PASSWORD

mkdir -p $SERVER_KEYSTORE_DIR
cp $SERVER_FILE_PREFIX.jks $SERVER_KEYSTORE_DIR
"""

# The same for the client, as the helper scripts of the guide do it.
CLIENT_COMMANDS = """
keytool -genkeypair -v -alias $CLIENT_KEY_ALIAS -keystore $CLIENT_FILE_PREFIX.jks \\
-storetype JKS -keypass $CLIENT_KEY_PASSWORD -storepass $CLIENT_KEYSTORE_PASSWORD \\
-keyalg RSA -keysize 2048 -validity 9999 \\
-dname "CN=$DOMAIN_SUFFIX, OU=$ORGANIZATIONAL_UNIT, O=$ORGANIZATION, L=$CITY, \
ST=$STATE_OR_PROVINCE, C=$TWO_LETTER_COUNTRY_CODE"
keytool -importkeystore -srckeystore $CLIENT_FILE_PREFIX.jks \\
-destkeystore $CLIENT_FILE_PREFIX.p12 \\
-srcalias $CLIENT_KEY_ALIAS -srcstoretype jks -deststoretype pkcs12 -keypass $CLIENT_KEY_PASSWORD \\
-srcstorepass $CLIENT_KEYSTORE_PASSWORD -deststorepass $CLIENT_KEYSTORE_PASSWORD \\
-srckeypass $CLIENT_KEY_PASSWORD -destkeypass $CLIENT_KEY_PASSWORD
openssl pkcs12 -in $CLIENT_FILE_PREFIX.p12 -out $CLIENT_FILE_PREFIX.nopass.pem -nodes \\
-passin pass:$CLIENT_KEYSTORE_PASSWORD
keytool -export -alias $CLIENT_KEY_ALIAS -keystore $CLIENT_FILE_PREFIX.jks \\
-file $CLIENT_FILE_PREFIX.pub.pem -rfc -storepass $CLIENT_KEYSTORE_PASSWORD
"""

# The device of the guide's next page, in both generations of paho.
PAHO = """
import sys
import paho.mqtt.client as mqtt

port, trust, pair, payload = sys.argv[1:]
options = {"client_id": "anything"}
if hasattr(mqtt, "CallbackAPIVersion"):
    options["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION1
client = mqtt.Client(**options)
client.tls_set(trust, certfile=pair)
client.connect("localhost", int(port))
client.loop_start()
client.publish("v1/devices/me/telemetry", payload, 1).wait_for_publish(15)
client.disconnect()
client.loop_stop()
"""

suite = Suite("tempus")


class World(Platform):
    """Two listeners with keystores of keytool's: today's default type, and JKS; one of ours."""

    def __init__(self, folder):
        passwords = {"store.pass": "server_ks_password", "key.pass": "server_key_password"}
        for name, password in passwords.items():
            (folder / name).write_text(password + "\n")
        self.places = {}
        for kind, words in (("default", ""), ("jks", "-storetype JKS ")):
            place = self.places[kind] = folder / f"by-keytool-{kind}"
            place.mkdir()
            script = VARIABLES.format(folder=place) + COMMANDS.format(type=words)
            if kind == "jks":
                script += CLIENT_COMMANDS
            run_well("bash", "-e", "-c", script, cwd=place, seconds=60)
        place = self.places["sealwire"] = folder / "by-sealwire"
        place.mkdir()
        run_well(
            sealwire(), "keygen", "server", "localhost", "--dir", place, "--key", "rsa-2048",
            "--days", "9999", "--field", "O=Tempus", "--password-file", folder / "store.pass",
            "--key-password-file", folder / "key.pass",
        )  # fmt: skip
        listeners = {}
        for kind, place in self.places.items():
            listeners[kind] = {
                "certificate": None, "key": None,
                "keystore": place / "mqttserver.jks",
                "keystore-alias": "serveralias",
                "keystore-password-file": folder / "store.pass",
                "key-passphrase-file": folder / "key.pass",
                "login": "registry",
                "client-certificates": "ask",
            }  # fmt: skip
        super().__init__(folder, listeners)
        self.issuer = Issuer(folder / "issuer")

    def trust_of(self, listener):
        return str(self.places[listener] / "mqttserver.pub.pem")

    def connect(self, pair, name="anything", *, listener="jks", **options):
        return Device(self.daemon.ports[listener], self.trust_of(listener), pair, name=name,
                      **options)  # fmt: skip

    def login(self):
        """ThingsBoard's login; gives the calls of the operator."""
        user = f"{self.tenant}/admin"
        found = answered(
            self.nobody.post("/api/auth/login",
                             {"username": user, "password": self.passwords[user]}), 200
        ).json  # fmt: skip
        check(found["token"] and found["refreshToken"], "no tokens")
        self.refresh = found["refreshToken"]
        return self.nobody.bearer(found["token"], "X-Authorization")

    def make_device(self, name):
        """A new device; gives its id and the record of its credentials."""
        made = answered(self.calls.post("/api/device", {"name": name, "type": "default"}), 200).json
        equal(made["id"]["entityType"], "DEVICE", "the kind of the id")
        record = answered(self.calls.get(f"/api/device/{made['id']['id']}/credentials"), 200).json
        return made["id"]["id"], record

    def paste(self, record, pem, **options):
        """The certificate becomes the device's credentials."""
        wanted = {**record, "credentialsType": "X509_CERTIFICATE", "credentialsId": None,
                  "credentialsValue": pem}  # fmt: skip
        return self.calls.post("/api/device/credentials", wanted, **options)

    def service(self):
        """A service of the tenant that may read what devices send."""
        user = f"{self.tenant}/admin"
        one = self.connect(None, "service", listener="jks", user=user,
                           password=self.passwords[user])  # fmt: skip
        equal(one.code, 0, "answer to the service")
        return one


def id_of(pem_file):
    """The id of a certificate by the rule, with tools that are not ours."""
    out = run_well("sh", "-c", f"grep -v -- ----- '{pem_file}' | tr -d '\\r\\n' "
                               "| openssl dgst -sha3-256")  # fmt: skip
    return out.strip().split()[-1]


@suite.scenario("the listeners have the keystores of keytool and of sealwire")
def _(w):
    for kind, place in w.places.items():
        port = w.daemon.ports[kind]
        out = run_well("sh", "-c", f"openssl s_client -connect localhost:{port} </dev/null "
                                   "2>/dev/null | openssl x509")  # fmt: skip
        pem = (place / "mqttserver.pub.pem").read_text()
        equal("".join(out.split()), "".join(pem.split()), f"certificate of {kind}")


@suite.scenario("login as ThingsBoard's clients do, and refresh")
def _(w):
    w.calls = w.login()
    again = answered(w.nobody.post("/api/auth/token", {"refreshToken": w.refresh}), 200).json
    w.nobody.bearer(again["token"], "X-Authorization")
    bad = w.nobody.post("/api/auth/login", {"username": "nobody", "password": "wrong"})
    equal((bad.status, bad.json["errorCode"]), (401, 10), f"a bad login ({bad})")
    equal(w.nobody.get("/api/tenant/devices?pageSize=10&page=0").status, 401, "without a token")


@suite.scenario("a new device begins with an access token, which connects it")
def _(w):
    w.device_id, w.record = w.make_device("Pump 1")
    equal(w.record["credentialsType"], "ACCESS_TOKEN", "the type of credentials")
    check(len(w.record["credentialsId"]) >= 20, "the token is short")
    w.token = w.record["credentialsId"]
    with w.service() as service:
        service.subscribe("v1/devices/#")
        with w.connect(None, user=w.token) as device:
            equal(device.code, 0, "answer to the token")
            device.publish("v1/devices/me/telemetry", b'{"rpm":1}')
        topic, payload = service.message()
        check(topic.startswith("v1/devices/") and topic.endswith("/telemetry"), topic)
        check("/me/" not in topic and payload == b'{"rpm":1}', f"{topic}: {payload}")
    with w.connect(None, user="no-such-token") as device:
        equal(device.code, 4, "answer to an unknown token")


@suite.scenario("the certificate is pasted; its id is made here, whatever is sent")
def _(w):
    pem = w.places["jks"] / "mqttclient.pub.pem"
    found = answered(w.paste(w.record, pem.read_text()), 200).json
    equal(found["credentialsType"], "X509_CERTIFICATE", "the type of credentials")
    equal(found["credentialsId"], id_of(pem), "the id")
    equal(found["credentialsValue"], "".join(pem.read_text().split("\n")[1:-2]), "the value")
    equal(w.calls.get(f"/api/device/{w.device_id}/credentials").json["credentialsId"], id_of(pem),
          "the id read again")  # fmt: skip
    with w.connect(None, user=w.token) as device:
        equal(device.code, 4, "answer to the token that was replaced")


@suite.scenario("mosquitto_pub connects with no token; a service reads under the device's name")
def _(w):
    both = w.places["jks"] / "mqttclient.nopass.pem"
    w.pair = (str(both), str(both))
    for listener in w.places:
        for version in ("mqttv311", "mqttv5"):
            with w.service() as service:
                service.subscribe("v1/devices/Pump 1/telemetry")
                run_well(
                    need("mosquitto_pub"), "-h", "localhost", "-p", w.daemon.ports[listener],
                    "--cafile", w.trust_of(listener), "--cert", both, "--key", both, "-q", "1",
                    "-V", version, "-t", "v1/devices/me/telemetry", "-m", '{"t":20}',
                )  # fmt: skip
                equal(service.message(), ("v1/devices/Pump 1/telemetry", b'{"t":20}'),
                      f"what came from {listener}, {version}")  # fmt: skip


for generation in ("paho1", "paho2"):

    @suite.scenario(f"{generation} connects with no token")
    def _(w, generation=generation):
        program = w.folder / "client.py"
        program.write_text(PAHO)
        with w.service() as service:
            service.subscribe("v1/devices/Pump 1/telemetry")
            run_well(ROOT / f".venv/{generation}/bin/python", program, w.daemon.ports["default"],
                     w.trust_of("default"), w.pair[0], '{"p":3}')  # fmt: skip
            equal(service.message(), ("v1/devices/Pump 1/telemetry", b'{"p":3}'), "what came")


@suite.scenario("the way back: attributes and calls reach the device under its own topics")
def _(w):
    with w.service() as service, w.connect(w.pair) as device:
        device.subscribe("v1/devices/me/rpc/request/+")
        device.subscribe("v1/devices/me/attributes")
        service.publish("v1/devices/Pump 1/rpc/request/7", b'{"method":"stop"}')
        equal(device.message(), ("v1/devices/me/rpc/request/7", b'{"method":"stop"}'), "the call")
        service.subscribe("v1/devices/Pump 1/rpc/response/+")
        device.publish("v1/devices/me/rpc/response/7", b"{}")
        equal(service.message(), ("v1/devices/Pump 1/rpc/response/7", b"{}"), "the response")


@suite.scenario("the certificate wins over any user name and password")
def _(w):
    for user, password in (("no-such-token", None), (f"{w.tenant}/admin", "wrong")):
        with w.connect(w.pair, user=user, password=password) as device:
            equal(device.code, 0, f"answer with user {user}")


@suite.scenario("a certificate that no device has: CONNACK 5 and 0x87, no TLS alert")
def _(w):
    stranger = w.issuer.make("stranger", None)
    for listener in w.places:
        for version, code in ((4, 5), (5, 0x87)):
            mark = w.daemon.mark()
            with w.connect(stranger.pair(), "unknown-one", listener=listener,
                           version=version) as device:  # fmt: skip
                equal(device.code, code, f"answer, version {version}")
            event = w.daemon.wait_event(mark, event="session.refused", client="unknown-one")
            equal(event["reason"], "login.anchor-unknown", "the reason")
    code, out, err = run(
        need("mosquitto_pub"), "-h", "localhost", "-p", w.daemon.ports["jks"],
        "--cafile", w.trust_of("jks"), "--cert", stranger.certificate, "--key", stranger.key,
        "-t", "a", "-m", "b",
    )  # fmt: skip
    equal(code, 5, f"exit code of mosquitto_pub ({out + err})")


@suite.scenario("a certificate of an expired date is refused although it is pasted")
def _(w):
    _, record = w.make_device("Late")
    late = w.issuer.make("late", None, begins=-7200, ends=-3600)
    answered(w.paste(record, late.pem), 200)
    with w.connect(late.pair()) as device:
        equal(device.code, 5, "answer to an expired one")


@suite.scenario("no credentials, a wrong password, and half of them")
def _(w):
    for user, password, old, new in (
        (None, None, 5, 0x87),
        (f"{w.tenant}/admin", "wrong", 4, 0x86),
        (f"{w.tenant}/admin", None, 4, 0x86),
    ):
        for version, code in ((4, old), (5, new)):
            with w.connect(None, user=user, password=password, version=version) as device:
                equal(device.code, code, f"answer with user {user}, version {version}")


@suite.scenario("renewed: the old certificate's connection ends, the new one connects")
def _(w):
    record = w.calls.get(f"/api/device/{w.device_id}/credentials").json
    renewed = w.issuer.make("renewed", None)
    old = w.connect(w.pair, version=5)
    equal(old.code, 0, "answer before")
    answered(w.paste(record, renewed.pem), 200)
    old.wait_end(2)
    old.close()
    for pair, code in ((w.pair, 5), (renewed.pair(), 0)):
        with w.connect(pair) as device:
            equal(device.code, code, f"answer to {pair[0]}")
    w.pair = renewed.pair()


@suite.scenario("refused updates: another device's certificate, no id, no type, an old version")
def _(w):
    _, record = w.make_device("Pump 2")
    own = w.calls.get(f"/api/device/{w.device_id}/credentials").json
    answers = {
        "another's": w.paste(record, own["credentialsValue"]),
        "no such record": w.paste({**record, "id": {"id": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}},
                                  w.issuer.make("x", None).pem),
        "no type": w.calls.post("/api/device/credentials", {**record, "credentialsType": None}),
        "no certificate": w.paste(record, "nonsense"),
    }  # fmt: skip
    for what, answer in answers.items():
        check(answer.status in (400, 404), f"{what}: {answer}")
        body = answer.json
        check({"errorCode", "message", "status", "timestamp"} <= set(body), f"{what}: {body}")


@suite.scenario("user name, password and client id as credentials (MQTT_BASIC)")
def _(w):
    _, record = w.make_device("Basic")
    value = json.dumps({"clientId": "c1", "userName": "u1", "password": "p1"})
    wanted = {**record, "credentialsType": "MQTT_BASIC", "credentialsId": None,
              "credentialsValue": value}  # fmt: skip
    answered(w.calls.post("/api/device/credentials", wanted), 200)
    for name, password, code in (("c1", "p1", 0), ("c2", "p1", 4), ("c1", "p2", 4)):
        with w.connect(None, name, user="u1", password=password) as device:
            equal(device.code, code, f"answer to {name} with {password}")


@suite.scenario("a deleted device: its connection ends, its certificate is unknown")
def _(w):
    device = w.connect(w.pair, version=5)
    equal(device.code, 0, "answer before")
    answered(w.calls.delete(f"/api/device/{w.device_id}"), 200)
    device.wait_end(2)
    device.close()
    with w.connect(w.pair) as device:
        equal(device.code, 5, "answer after")
    equal(w.calls.get(f"/api/device/{w.device_id}").status, 404, "status of the device")


@suite.scenario("sealwire makes key and certificate of a device, which connects by its keystore")
def _(w):
    place, pass_file = w.folder / "ours", w.folder / "store.pass"
    place.mkdir()
    run_well(
        sealwire(), "keygen", "device", "Pump 3", "--dir", place, "--password-file", pass_file,
        "--trust", w.trust_of("sealwire"),
    )  # fmt: skip
    _, record = w.make_device("Pump 3")
    answered(w.paste(record, (place / "mqttclient.pub.pem").read_text()), 200)
    with w.service() as service:
        service.subscribe("v1/devices/Pump 3/telemetry")
        run_well(
            sealwire(), "pub", "-h", "localhost", "-p", w.daemon.ports["sealwire"], "-q", "1",
            "-t", "v1/devices/me/telemetry", "-m", "{}",
            "--keystore", place / "mqttclient.jks", "--keystore-password-file", pass_file,
            "--truststore", place / "mqttclient.jks", "--truststore-password-file", pass_file,
        )  # fmt: skip
        equal(service.message()[0], "v1/devices/Pump 3/telemetry", "the topic")


def main():
    failed = 0
    with Folder() as folder:
        try:
            w = World(folder)
            with w.daemon:
                failed = suite.run(w, os.environ.get("ONLY"), w.daemon)
        except Failed as failure:
            print(f"FAIL tempus: set-up — {failure}")
            failed = 1
    finish(failed)


main()
