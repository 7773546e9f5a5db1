# SPDX-License-Identifier: Apache-2.0
# The rules about certificates, each broken in turn: each has a reason of its own in the daemon's
# log, in its list of decisions, and in the answer to MQTT 5; the platform's code 5 is the answer to
# earlier versions.

import ssl
import time
import urllib.parse

from harness import Suite, check, equal, need, run, run_well
from rest import answered

rules = Suite("cumulocity, rules")
NOT_AUTHORIZED = {4: 5, 5: 0x87}


def trusted(w, identity, *, registers=True, status="ENABLED", api=None, tenant=None):
    """Uploads an authority; gives its path in the API."""
    path = f"/tenant/tenants/{tenant or w.tenant}/trusted-certificates"
    body = {"status": status, "name": identity.name, "autoRegistrationEnabled": registers,
            "certInPemFormat": identity.pem}  # fmt: skip
    found = answered((api or w.api()).post(path, body), 201).json
    return f"{path}/{found['fingerprint']}"


def refused(w, pair, name, reason, *, listener="mqtts", codes=NOT_AUTHORIZED, user=None,
            explained=True):  # fmt: skip
    """The device is refused for this reason, seen from all sides."""
    for version in (4, 5):
        mark = w.daemon.mark()
        with w.device(pair, name, version=version, listener=listener, user=user) as device:
            equal(device.code, codes[version], f"answer, version {version}")
            said = device.said
        event = w.daemon.wait_event(mark, event="session.refused", client=name)
        equal(event["reason"], reason, "reason in the log")
        check(event.get("detail") and event.get("hint"), f"no sentence or no hint: {event}")
        if version == 5:
            check(said, "MQTT 5 is told no reason")
    words = ["-t", "a", "-m", "b", "-V", "mqttv311"] + (["-u", user] if user else [])
    code, out, err = run(need("mosquitto_pub"), *w.mosquitto(pair, name, *words, listener=listener))
    equal(code, codes[4], f"exit code of mosquitto_pub ({(out + err).strip()})")
    if explained:
        explain(w, name, reason)


def explain(w, name, reason):
    """The last decisions about a client name the reason."""
    path = f"/api/v1/decisions?limit=5&about={urllib.parse.quote(name)}"
    # Whoever leads to no tenant is shown to those who administer all of them.
    found = []
    for api in (w.api(), w.api("management/admin")):
        found += answered(api.get(path), 200).json["decisions"]
    codes = [one["reason"] for decision in found for one in decision["reasons"]]
    check(reason in codes, f"no decision about {name} says {reason}: {found}")


def admitted(w, pair, name, **options):
    for version in (4, 5):
        with w.device(pair, name, version=version, **options) as device:
            equal(device.code, 0, f"answer, version {version} ({device.said})")


def switch(w, name, is_enabled):
    answer = w.api().put(f"/api/v1/devices/{name}", {"enabled": is_enabled})
    return ended_count(answered(answer, 200))


def ended_count(answer):
    """How many connections a change ended, as its answer says."""
    return int(answer.headers.get("X-Sealwire-Ended-Connections", -1))


def ended(device, what, seconds=1.0):
    """The connection ends within a second."""
    began = time.monotonic()
    code = device.wait_end()
    took = time.monotonic() - began
    check(took < seconds, f"{what}: the connection ended after {took:.2f} s")
    if device.version == 5:
        check(code in (0x87, 0x98), f"{what}: DISCONNECT says {code:#x}")
    device.close()


@rules.scenario("the good case of these")
def _(w):
    w.root_path = trusted(w, w.root)
    w.good = w.issuer.make("good", w.root)
    admitted(w, w.good.pair(), "good")
    admitted(w, w.good.pair(0), "good")


@rules.scenario("a colon in the common name")
def _(w):
    one = w.issuer.make("colon", w.root, common_name="a:b")
    refused(w, one.pair(), "a:b", "login.common-name-colon", explained=False)


@rules.scenario("no common name")
def _(w):
    one = w.issuer.make("nameless", w.root, common_name="")
    refused(w, one.pair(), "nameless", "login.common-name-missing")


@rules.scenario("a client id that is not the common name")
def _(w):
    for name in ("other", "d:other", "good2", "GOOD", "d:good:t:u"):
        refused(w, w.good.pair(), name, "login.client-id-not-device", explained=False)
    refused(w, w.good.pair(), "d:other:t", "login.client-id-not-device", explained=False)


@rules.scenario("an authority that nobody uploaded")
def _(w):
    stranger = w.issuer.root("stranger")
    one = w.issuer.make("unknown-ca", stranger)
    refused(w, one.pair(), "unknown-ca", "login.anchor-unknown")
    refused(w, one.pair(0), "unknown-ca", "login.anchor-unknown")


@rules.scenario("an authority of the same name with another key")
def _(w):
    double = w.issuer.root("rules")
    one = w.issuer.make("double", double)
    refused(w, one.pair(), "double", "login.anchor-not-sent")
    # Alone it looks as if it came from the uploaded one, whose signature it has not.
    refused(w, one.pair(0), "double", "login.chain-broken")


@rules.scenario("intermediate authorities: too long for the default, allowed where raised")
def _(w):
    w.middle = w.issuer.make("middle", w.root, authority=True)
    w.deep = w.issuer.make("deep", w.middle)
    refused(w, w.deep.pair(), "deep", "login.chain-too-long")
    admitted(w, w.deep.pair(), "deep", listener="long")


@rules.scenario("the uploaded certificate is not in the chain")
def _(w):
    refused(w, w.deep.pair(1), "deep", "login.anchor-not-sent", listener="long")


@rules.scenario("a path length that is used up")
def _(w):
    strict = w.issuer.root("strict", path_length=0)
    trusted(w, strict)
    admitted(w, w.issuer.make("direct", strict).pair(), "direct", listener="long")
    between = w.issuer.make("between", strict, authority=True)
    one = w.issuer.make("below", between)
    refused(w, one.pair(), "below", "login.path-length", listener="long")


@rules.scenario("an intermediate that is no authority (CA:FALSE)")
def _(w):
    one = w.issuer.make("fake", w.issuer.make("fake-ca", w.root))
    refused(w, one.pair(), "fake", "login.issuer-not-authority", listener="long")


@rules.scenario("an intermediate authority may be the uploaded one")
def _(w):
    above = w.issuer.root("above")
    line = w.issuer.make("line", above, authority=True)
    trusted(w, line)
    one = w.issuer.make("on-the-line", line)
    admitted(w, one.pair(1), "on-the-line")
    admitted(w, one.pair(0), "on-the-line")


@rules.scenario("a chain with a gap; one in another order, which is put right")
def _(w):
    one = w.issuer.make("order", w.middle)
    gap, other = w.folder / "gap.pem", w.folder / "order.pem"
    gap.write_text(one.pem + w.root.pem)
    other.write_text(one.pem + w.root.pem + w.middle.pem)
    refused(w, (str(gap), str(one.key)), "order", "login.chain-broken", listener="long")
    # RFC 8446, 4.4.2: servers should be prepared for it.
    admitted(w, (str(other), str(one.key)), "order", listener="long")


@rules.scenario("an expired device certificate, and one that is not valid yet")
def _(w):
    late = w.issuer.make("late", w.root, begins=-7200, ends=-3600)
    refused(w, late.pair(), "late", "login.certificate-expired")
    early = w.issuer.make("early", w.root, begins=3600)
    refused(w, early.pair(), "early", "login.certificate-not-yet-valid")


@rules.scenario("an uploaded authority that has expired since")
def _(w):
    short = w.issuer.root("short", ends=8)
    trusted(w, short)
    one = w.issuer.make("outlives", short)
    admitted(w, one.pair(), "outlives")
    device = w.device(one.pair(), "outlives", version=5)
    device.wait_end()
    device.close()
    time.sleep(1)
    refused(w, one.pair(), "outlives", "login.anchor-expired")


@rules.scenario("automatic registration off, and a device that nobody registered")
def _(w):
    closed = w.issuer.root("by-invitation")
    path = trusted(w, closed, registers=False)
    one = w.issuer.make("uninvited", closed)
    refused(w, one.pair(), "uninvited", "login.device-unknown")
    answered(w.api().put(path, {"autoRegistrationEnabled": True}), 200)
    admitted(w, one.pair(), "uninvited")
    # Once registered it stays so.
    answered(w.api().put(path, {"autoRegistrationEnabled": False}), 200)
    admitted(w, one.pair(), "uninvited")


@rules.scenario("disabling the authority ends its connections, and is undone by enabling it")
def _(w):
    path = trusted(w, authority := w.issuer.root("switch"))
    pairs = {name: w.issuer.make(name, authority).pair() for name in ("on-4", "on-5")}
    devices = [w.device(pairs["on-4"], "on-4"), w.device(pairs["on-5"], "on-5", version=5)]
    bystander = w.device(w.good.pair(), "good", version=5)
    answer = answered(w.api().put(path, {"status": "DISABLED"}), 200)
    equal(ended_count(answer), 2, "connections ended, as the answer says")
    for device in devices:
        ended(device, "disabled")
    check(bystander.is_open(), "a device of another authority was ended, too")
    bystander.close()
    refused(w, pairs["on-4"], "on-4", "login.anchor-disabled")
    answered(w.api().put(path, {"status": "ENABLED"}), 200)
    admitted(w, pairs["on-4"], "on-4")


@rules.scenario("deleting the authority ends its connections; uploaded anew it works again")
def _(w):
    path = trusted(w, authority := w.issuer.root("gone"))
    pair = w.issuer.make("orphan", authority).pair()
    device = w.device(pair, "orphan", version=5)
    equal(device.code, 0, "answer before")
    equal(ended_count(answered(w.api().delete(path), 204)), 1, "connections ended")
    ended(device, "deleted")
    refused(w, pair, "orphan", "login.anchor-unknown")
    equal(w.api().get(path).status, 404, "status of what was deleted")
    trusted(w, authority)
    admitted(w, pair, "orphan")


CRL = "/tenant/trusted-certificates/settings/crl"


def entry(w, one):
    """One entry of the tenant's list: of several authorities it says whose number it is."""
    return {"serialNumberInHex": w.issuer.serial(one), "issuer": w.issuer.fingerprint(w.root)}


@rules.scenario("a serial number revoked by JSON, its connection ended, a resumed session refused")
def _(w):
    one = w.issuer.make("revoked-json", w.root)
    sessions = []
    for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with w.device(one.pair(), "revoked-json", newest=newest) as device:
            equal(device.code, 0, "answer before")
            check(device.is_open(), "it does not live")
            sessions.append(device.session)
    device = w.device(one.pair(), "revoked-json", version=5)
    alone = {"crls": [{"serialNumberInHex": w.issuer.serial(one)}]}
    vague = w.api().put(CRL, alone)
    equal(vague.status, 400, f"status of a number that several may have given ({vague})")
    body = {"crls": [entry(w, one)]}
    equal(ended_count(answered(w.api().put(CRL, body), 204)), 1, "connections ended")
    ended(device, "revoked")
    refused(w, one.pair(), "revoked-json", "login.certificate-revoked")
    for session in sessions:
        mark = w.daemon.mark()
        with w.device(None, "revoked-json", session=session) as device:
            equal(device.code, 5, "answer to a resumed session")
        found = w.daemon.wait_event(mark, event="session.refused", client="revoked-json")
        equal(found["reason"], "login.certificate-revoked", "reason for a resumed session")
    admitted(w, w.good.pair(), "good")


@rules.scenario("a serial number revoked by a CSV file; future dates are passed over")
def _(w):
    one, other = (w.issuer.make(name, w.root) for name in ("revoked-csv", "revoked-later"))
    device = w.device(one.pair(), "revoked-csv")
    issuer = w.issuer.fingerprint(w.root)
    text = ("SERIAL NO.,REVOCATION DATE,ISSUER\n"
            f"{w.issuer.serial(one)},2023-01-11T16:12:36.288Z,{issuer}\n"
            f"{w.issuer.serial(other)},2099-01-11T16:12:36.288Z,{issuer}\n")  # fmt: skip
    parts = {"file": ("crl.csv", "text/csv", text)}
    answered(w.api().upload("PUT", CRL, parts), 204)
    ended(device, "revoked")
    refused(w, one.pair(), "revoked-csv", "login.certificate-revoked")
    admitted(w, other.pair(), "revoked-later")
    bad = w.api().put(CRL, {"crls": [{"serialNumberInHex": "10", "revocationDate": "yesterday"}]})
    equal(bad.status, 400, f"status of a bad date ({bad})")
    listed = answered(w.api().get(CRL), 200).json["crls"]
    check(w.issuer.serial(one) in [row["serialNumberInHex"] for row in listed],
          f"the tenant's list does not hold the serial number: {listed}")  # fmt: skip
    # With an authority of the tenant's own, which signs it, the list is also there in DER.
    answered(w.api().post(f"/tenant/tenants/{w.tenant}/certificate-authority"), 200, 201)
    listed = answered(w.api().get(CRL, headers={"Accept": "application/pkix-crl"}), 200)
    text = run_well("openssl", "crl", "-inform", "DER", "-noout", "-text",
                    "-in", saved(w, "tenant.crl", listed.body))  # fmt: skip
    check(w.issuer.serial(one) not in text, "the list holds what its authority did not issue")


@rules.scenario("an intermediate that is revoked takes those below it along")
def _(w):
    middle = w.issuer.make("revoked-middle", w.root, authority=True)
    one = w.issuer.make("below-revoked", middle)
    device = w.device(one.pair(), "below-revoked", listener="long", version=5)
    equal(device.code, 0, "answer before")
    body = {"crls": [entry(w, middle)]}
    answered(w.api().put(CRL, body), 204)
    ended(device, "revoked")
    refused(w, one.pair(), "below-revoked", "login.certificate-revoked", listener="long")


@rules.scenario("a revocation list on disk that is replaced acts without restart")
def _(w):
    one = w.issuer.make("revoked-file", w.root)
    device = w.device(one.pair(), "revoked-file", version=5, listener="listed")
    equal(device.code, 0, "answer before")
    w.issuer.list(w.root, [one], w.revocation_list)
    device.wait_end()
    device.close()
    refused(w, one.pair(), "revoked-file", "login.certificate-revoked", listener="listed")
    admitted(w, w.good.pair(), "good", listener="listed")


@rules.scenario("a device that is disabled, and one that is deleted")
def _(w):
    one = w.issuer.make("switched-off", w.root)
    device = w.device(one.pair(), "switched-off", version=5)
    equal(device.code, 0, "answer before")
    equal(switch(w, "switched-off", False), 1, "connections ended")
    ended(device, "disabled")
    refused(w, one.pair(), "switched-off", "login.device-disabled")
    switch(w, "switched-off", True)
    admitted(w, one.pair(), "switched-off")
    device = w.device(one.pair(), "switched-off", version=5)
    gone = answered(w.api().delete("/api/v1/devices/switched-off"), 204)
    equal(ended_count(gone), 1, "connections ended")
    ended(device, "deleted")
    # Its authority still registers devices: it comes back as a new one.
    admitted(w, one.pair(), "switched-off")


@rules.scenario("one authority trusted by two tenants: the user name tells which, or age")
def _(w):
    other = w.add_tenant("t2")
    both = w.issuer.root("both")
    trusted(w, both)
    trusted(w, both, api=w.api(f"{other}/admin"), tenant=other)
    one = w.issuer.make("shared", both)
    with w.device(one.pair(), "shared", user=w.tenant) as ours:
        equal(ours.code, 0, "answer with the first tenant")
        with w.device(one.pair(), "shared", user=other) as theirs:
            equal(theirs.code, 0, "answer with the second tenant")
            ours.subscribe("#")
            theirs.publish("news", b"of the other tenant")
            check(ours.is_silent(), "a message crossed from one tenant to another")
            check(ours.is_open(), "the same name in another tenant took over")
            # Without a tenant's name, or with one of nobody, the older registration stands.
            for user in (None, "nowhere"):
                with w.device(one.pair(), "shared", user=user) as again:
                    equal(again.code, 0, f"answer with the user name {user}")
                    again.publish("news", b"of the first tenant")
            check(theirs.is_silent(), "an unnamed device came to the younger tenant")


@rules.scenario("single registration of a device with certificates is refused with 422")
def _(w):
    for body in ({"id": "good"}, {"id": "brand-new", "authType": "CERTIFICATES"}):
        answer = w.api().post("/devicecontrol/newDeviceRequests", body)
        equal(answer.status, 422, f"status of {body} ({answer})")
        check(answer.json.get("error") and answer.json.get("message"), f"no error body: {answer}")
    answer = w.api().post("/devicecontrol/newDeviceRequests", {"id": "with-password"})
    equal(answer.status, 201, f"status of one with a password ({answer})")
    equal(answer.json["status"], "WAITING_FOR_CONNECTION", "its status")


@rules.scenario("a token's life below 300 seconds is refused")
def _(w):
    path = "/tenant/options/oauth.internal/device-token.lifespan.seconds"
    for value in ("299", "0", "-1", "an hour"):
        answer = w.api().put(path, {"value": value})
        equal(answer.status, 422, f"status of {value} ({answer})")
    answered(w.api().put(path, {"value": "300"}), 200)
    equal(w.api().get(path).json["value"], "300", "the option")
    answered(w.api().delete(path), 204)
    equal(w.api().get(path).status, 404, "status of an unset option")


@rules.scenario("uploads: version 1, CA:FALSE, expired, no certificate: 422; the same again: 409")
def _(w):
    path = f"/tenant/tenants/{w.tenant}/trusted-certificates"

    def status(pem, **more):
        body = {"status": "ENABLED", "name": "x", "certInPemFormat": pem, **more}
        answer = w.api().post(path, body)
        if answer.status >= 400:
            check("error+json" in answer.headers.get("Content-Type", ""),
                  f"media type of an error: {answer.headers}")  # fmt: skip
            check("/" in answer.json["error"] and answer.json["message"], f"{answer}")
        return answer.status

    equal(status(w.issuer.version_one("first-version").pem), 422, "status of version 1")
    no_authority = w.issuer.make("no-authority", None)
    equal(status(no_authority.pem), 422, "status of CA:FALSE")
    expired = w.issuer.root("expired", begins=-7200, ends=-3600)
    equal(status(expired.pem), 422, "status of an expired one")
    for pem in ("", "nonsense", w.root.pem[:300], w.root.key.read_text()):
        equal(status(pem), 422, f"status of {pem[:20]!r}")
    equal(status(w.root.pem), 409, "status of the same again")
    fresh = w.issuer.root("bare")
    bare = "".join(fresh.pem.split("\n")[1:-2])
    equal(status(bare, autoRegistrationEnabled="false"), 201, "status of bare base64")
    equal(status(fresh.pem), 409, "status of the same as PEM")
    answer = w.nobody.post(path, {})
    equal(answer.status, 401, f"status without credentials ({answer})")


@rules.scenario("several at once: all or none; a page of them")
def _(w):
    path = f"/tenant/tenants/{w.tenant}/trusted-certificates"
    some = [w.issuer.root(f"several-{number}") for number in range(3)]

    def wanted(pems):
        return {"certificates": [{"status": "ENABLED", "certInPemFormat": pem} for pem in pems]}

    answer = w.api().post(f"{path}/bulk", wanted([some[0].pem, "nonsense"]))
    equal(answer.status, 422, f"status with a bad one ({answer})")
    equal(w.api().get(f"{path}/{w.issuer.fingerprint(some[0])}").status, 404, "the good one")
    answered(w.api().post(f"{path}/bulk", wanted([one.pem for one in some])), 201)
    page = w.api().get(f"{path}?pageSize=2&currentPage=2&withTotalPages=true").json
    equal(len(page["certificates"]), 2, "certificates of the second page")
    equal(page["statistics"]["currentPage"], 2, "its number")
    check(page["statistics"]["totalPages"] > 2 and "prev" in page, f"{page['statistics']}")


@rules.scenario("proof of possession, as clients do it")
def _(w):
    authority = w.issuer.root("proved")
    path = trusted(w, authority).replace("trusted-certificates", "trusted-certificates-pop")
    code = answered(w.api().post(f"{path}/verification-code"), 200).json[
        "proofOfPossessionUnsignedVerificationCode"]  # fmt: skip

    def prove(text, key):
        place = saved(w, "code", text.encode())
        run_well("openssl", "dgst", "-sha256", "-sign", key, "-out", w.folder / "signed", place)
        signed = run_well("openssl", "base64", "-A", "-in", w.folder / "signed")
        return w.api().post(f"{path}/pop", {"proofOfPossessionSignedVerificationCode": signed})

    equal(prove(code + "\n", authority.key).status, 400, "status with a line end signed, too")
    equal(prove(code, w.root.key).status, 400, "status with another key")
    equal(answered(prove(code, authority.key), 200).json["proofOfPossessionValid"], True,
          "the certificate's state")  # fmt: skip


@rules.scenario("verify-cert-chain tells what would happen to a chain")
def _(w):
    path = "/tenant/trusted-certificates/verify-cert-chain"
    parts = {"file": ("chain.pem", "application/x-pem-file", w.good.chain().read_text())}
    found = answered(w.api().upload("POST", path, parts), 200).json
    equal((found["successfullyValidated"], found["tenantId"]), (True, w.tenant), "a good chain")
    revoked = w.issuer.make("verified", w.root)
    answered(w.api().put(CRL, {"crls": [entry(w, revoked)]}), 204)
    parts = {"file": ("chain.pem", "application/x-pem-file", revoked.chain().read_text())}
    equal(w.api().upload("POST", path, parts).status, 401, "status of a revoked one")
    parts = {"file": ("chain.pem", "application/x-pem-file", "nonsense")}
    equal(w.api().upload("POST", path, parts).status, 400, "status of no chain")


@rules.scenario("policies: devices stay out of each other's space, rules are asked first")
def _(w):
    other = w.issuer.make("neighbour", w.root)
    with w.device(w.good.pair(), "good", version=5) as one, \
            w.device(other.pair(), "neighbour", version=5) as two:  # fmt: skip
        one.subscribe("#")
        one.subscribe("v1/devices/neighbour/telemetry")
        check(two.publish("v1/devices/good/telemetry", b"forged") == 0x87, "a forged message")
        two.publish("v1/devices/me/telemetry", b"{}")
        equal(two.publish("$SYS/broker/version", b"x"), 0x87, "publishing below $SYS")
        check(one.is_silent(), "a device reads another's telemetry")


def saved(w, name, content):
    path = w.folder / name
    path.write_bytes(content)
    return path
