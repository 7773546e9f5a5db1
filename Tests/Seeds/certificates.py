# SPDX-License-Identifier: Apache-2.0
# The story of certificates.sh. Part one makes everything with openssl and keytool, part two with
# sealwire; both use the same folders and names, so that each tool can take the other's for its own.

import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))

from harness import (  # noqa: E402
    ROOT, Certificates, Daemon, Failed, Folder, Suite, check, equal, finish, run,
)  # fmt: skip
from authority import new_folder  # noqa: E402

SEALWIRE = str(ROOT / ".build/release/sealwire")
KEY_PASSWORD, STORE_PASSWORD = "key-passphrase", "store-password"
# openssl ca -status ends with 1 also when it finds the certificate.
STATUS_CODE = 1


class World:
    """The folders of both parts, and what both tools are called with."""

    def __init__(self, folder):
        self.folder = folder
        self.key_password = folder / "key.pass"
        self.store_password = folder / "store.pass"
        self.key_password.write_text(KEY_PASSWORD + "\n")
        self.store_password.write_text(STORE_PASSWORD + "\n")
        # Part one: openssl and keytool.
        self.root = folder / "caCertificate"
        self.intermediate = self.root / "intermediateCertificate"
        self.devices = self.intermediate / "deviceCertificates"
        # Part two: sealwire.
        self.works = folder / "works"
        self.line = self.works / "line1"
        self.made = folder / "made"
        # The platform that the devices connect to trusts both roots.
        self.trusted = folder / "trusted"
        self.trusted.mkdir()
        self.platform = Certificates(folder)
        self.platform.self_signed("server", ("localhost",), is_authority=False)
        self.daemon = None

    def openssl(self, place, *words, code=0):
        """openssl as the story calls it; what it would ask on the terminal comes from a file."""
        found, out, err = run("openssl", *words, cwd=place)
        equal(found, code, f"exit code of openssl {words[0]} ({err.strip()[-300:]})")
        return out + err

    def keytool(self, place, *words, code=0):
        found, out, err = run("keytool", *words, cwd=place)
        equal(found, code, f"exit code of keytool {words[0]} ({(out + err).strip()[-300:]})")
        return out + err

    def sealwire(self, *words, code=0):
        found, out, err = run(SEALWIRE, *words)
        equal(found, code, f"exit code of sealwire {' '.join(map(str, words[:2]))} "
                           f"({err.strip()[-300:]})")
        return out + err

    def start_platform(self):
        """The broker with mutual TLS, when both parts have made their roots."""
        listener = {
            "certificate": self.platform.path("server.crt"),
            "key": self.platform.path("server.key"),
            "client-certificates": "require",
            "trust-files": sorted(self.trusted.iterdir()),
            "identity": "cn",
        }
        self.daemon = Daemon(self.folder, {"mutual": listener})

    def connect(self, keystore, alias, truststore):
        """A device publishes with a keystore and a truststore: with sealwire and from Java."""
        port = self.daemon.ports["mutual"]
        self.sealwire(
            "pub", "-h", "localhost", "-p", port, "-t", "story/seen", "-m", "x", "-q", "1",
            "--keystore", keystore, "--keystore-alias", alias,
            "--keystore-password-file", self.store_password,
            "--truststore", truststore, "--truststore-password-file", self.store_password,
        )  # fmt: skip

    def pass_in(self):
        return "-passin", f"file:{self.key_password}"


def subject_of(text):
    return re.search(r"CN ?= ?([^,\n/]+)", text).group(1)


part_one = Suite("openssl first")
part_two = Suite("sealwire alone")


@part_one.scenario("a self-signed authority")
def authority(w):
    new_folder(w.root, "ca")
    w.openssl(w.root, "genrsa", "-aes256", "-passout", f"file:{w.key_password}",
              "-out", "caKey.pem", "4096")  # fmt: skip
    w.openssl(
        w.root, "req", "-config", "caConfig.cnf", "-key", "caKey.pem", *w.pass_in(),
        "-new", "-x509", "-days", "7300", "-sha256", "-extensions", "v3_ca",
        "-subj", "/C=PL/O=Story/CN=Story CA",
        "-out", "caCert.pem",
    )  # fmt: skip
    text = w.openssl(w.root, "x509", "-noout", "-text", "-in", "caCert.pem")
    shown = w.sealwire("cert", "inspect", w.root / "caCert.pem")
    for wanted in ("Story CA", "RSA", "CA:TRUE", "pathlen:10"):
        check(wanted.lower() in shown.lower(), f"cert inspect does not show {wanted}")
    check("CA:TRUE, pathlen:10" in text, "openssl does not show the path length")
    w.sealwire("cert", "verify", "--trust", w.root / "caCert.pem", w.root / "caCert.pem")
    w.sealwire("cert", "key", "--in", w.root / "caKey.pem", "--public",
               "--passphrase-file", w.key_password)  # fmt: skip


@part_one.scenario("an intermediate authority")
def intermediate(w):
    new_folder(w.intermediate, "intermediate")
    w.openssl(w.intermediate, "genrsa", "-aes256", "-passout", f"file:{w.key_password}",
              "-out", "intermediateKey.pem", "4096")  # fmt: skip
    w.openssl(
        w.intermediate, "req", "-config", "intermediateConfig.cnf", "-new", "-sha256",
        "-key", "intermediateKey.pem", *w.pass_in(), "-subj", "/C=PL/O=Story/CN=Story intermediate",
        "-out", "intermediateCsr.pem",
    )  # fmt: skip
    w.openssl(
        w.root, "ca", "-config", "caConfig.cnf", *w.pass_in(), "-batch", "-extensions", "v3_ca",
        "-days", "3650", "-notext", "-md", "sha256",
        "-in", "intermediateCertificate/intermediateCsr.pem",
        "-out", "intermediateCertificate/intermediateCert.pem",
    )  # fmt: skip
    w.openssl(w.root, "verify", "-CAfile", "caCert.pem",
              "intermediateCertificate/intermediateCert.pem")  # fmt: skip
    w.sealwire("cert", "verify", "--trust", w.root / "caCert.pem",
               w.intermediate / "intermediateCert.pem")  # fmt: skip
    w.sealwire("cert", "inspect", w.intermediate / "intermediateCsr.pem")


@part_one.scenario("a device's certificate")
def device(w):
    w.openssl(w.intermediate, "genrsa", "-aes256", "-passout", f"file:{w.key_password}",
              "-out", "deviceCertificates/deviceKey.pem", "4096")  # fmt: skip
    w.openssl(
        w.intermediate, "req", "-config", "intermediateConfig.cnf", "-new", "-sha256",
        "-key", "deviceCertificates/deviceKey.pem", *w.pass_in(), "-subj", "/O=Story/CN=device-1",
        "-out", "deviceCertificates/deviceCsr.pem",
    )  # fmt: skip
    w.openssl(
        w.intermediate, "ca", "-config", "intermediateConfig.cnf", *w.pass_in(), "-batch",
        "-extensions", "v3_signed", "-days", "365", "-notext", "-md", "sha256",
        "-in", "deviceCertificates/deviceCsr.pem", "-out", "deviceCertificates/deviceCert.pem",
    )  # fmt: skip
    w.openssl(w.intermediate, "verify", "-partial_chain", "-CAfile", "intermediateCert.pem",
              "deviceCertificates/deviceCert.pem")  # fmt: skip
    w.sealwire("cert", "verify", "--partial-chain", "--trust",
               w.intermediate / "intermediateCert.pem", w.devices / "deviceCert.pem")  # fmt: skip
    told = w.sealwire("cert", "verify", "--trust", w.root / "caCert.pem",
                      w.devices / "deviceCert.pem", code=2)  # fmt: skip
    check("issuer" in told.lower(), f"a gap in the chain is not named: {told[-200:]}")


@part_one.scenario("the chain, in order and out of order")
def chain(w):
    parts = [w.devices / "deviceCert.pem", w.intermediate / "intermediateCert.pem",
             w.root / "caCert.pem"]  # fmt: skip
    whole = w.devices / "deviceCertChain.pem"
    whole.write_text("".join(part.read_text() for part in parts))
    w.sealwire("cert", "verify", "--trust", w.root / "caCert.pem", "--require-anchor-in-chain",
               "--max-length", "3", whole)  # fmt: skip
    told = w.sealwire("cert", "verify", "--trust", w.root / "caCert.pem", "--max-length", "2",
                      whole, code=2)  # fmt: skip
    check("2" in told, f"the length is not named: {told[-200:]}")
    ordered = w.folder / "ordered.pem"
    w.sealwire("cert", "chain", parts[2], parts[0], parts[1], "-o", ordered)
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----",
                        whole.read_text())  # fmt: skip
    equal(re.findall(r"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----",
                     ordered.read_text()), blocks, "the order of the chain")  # fmt: skip


@part_one.scenario("keystores in PKCS #12 and JKS")
def keystores(w):
    w.openssl(
        w.devices, "pkcs12", "-export", "-name", "devicekeyentry", "-inkey", "deviceKey.pem",
        *w.pass_in(), "-in", "deviceCertChain.pem", "-out", "deviceKeystore.pkcs12",
        "-passout", f"file:{w.store_password}",
    )  # fmt: skip
    w.keytool(
        w.devices, "-importkeystore", "-srckeystore", "deviceKeystore.pkcs12",
        "-srcstoretype", "PKCS12", "-destkeystore", "deviceKeystore.jks", "-deststoretype", "JKS",
        "-srcstorepass:file", w.store_password, "-deststorepass:file", w.store_password,
    )  # fmt: skip
    for name in ("deviceKeystore.pkcs12", "deviceKeystore.jks"):
        told = w.sealwire("keystore", "list", "-v", w.devices / name,
                          "--password-file", w.store_password)  # fmt: skip
        for wanted in ("devicekeyentry", "PrivateKeyEntry", "device-1", "Story intermediate"):
            check(wanted in told, f"{name}: {wanted} is not listed")
        again = w.sealwire("keystore", "export", w.devices / name, "--chain",
                           "--password-file", w.store_password)  # fmt: skip
        equal(pem_blocks(again), pem_blocks((w.devices / "deviceCertChain.pem").read_text()),
              f"the chain in {name}")  # fmt: skip


@part_one.scenario("the server's certificate, fetched, and truststores with it")
def truststores(w):
    port = w.daemon.ports["mutual"]
    # The story's own line.
    code, out, err = run(
        "sh", "-c", f"openssl s_client -showcerts -connect localhost:{port} </dev/null "
        "| openssl x509 -outform PEM > serverCertificate.pem", cwd=w.devices,
    )  # fmt: skip
    equal(code, 0, f"exit code of the pipeline ({err.strip()[-200:]})")
    fetched = w.devices / "fetched.pem"
    w.sealwire("cert", "fetch", f"localhost:{port}", "-o", fetched)
    equal(pem_blocks(fetched.read_text())[:1],
          pem_blocks((w.devices / "serverCertificate.pem").read_text()),
          "what cert fetch brought")  # fmt: skip
    for name, kind, words in (
        ("deviceTruststore.pkcs12", "PKCS12", ("-importcert", "-noprompt")),
        ("deviceTruststore.jks", "JKS", ("-import", "-noprompt")),
        ("deviceKeystore.pkcs12", "PKCS12", ("-importcert", "-noprompt")),
        ("deviceKeystore.jks", "JKS", ("-import", "-noprompt")),
    ):
        w.keytool(
            w.devices, *words, "-file", "serverCertificate.pem", "-alias", "servercertificate",
            "-keystore", name, "-storetype", kind, "-storepass:file", w.store_password,
        )  # fmt: skip
        told = w.sealwire("keystore", "list", w.devices / name,
                          "--password-file", w.store_password)  # fmt: skip
        check("trustedCertEntry" in told and "servercertificate" in told,
              f"{name}: the entry is not listed: {told}")  # fmt: skip
    w.keytool(w.devices, "-list", "-v", "-keystore", "deviceKeystore.jks",
              "-storepass:file", w.store_password)  # fmt: skip


@part_one.scenario("the device connects with each kind of store")
def connects(w):
    for kind in ("pkcs12", "jks"):
        w.connect(w.devices / f"deviceKeystore.{kind}", "devicekeyentry",
                  w.devices / f"deviceTruststore.{kind}")  # fmt: skip


@part_one.scenario("sealwire takes the folders over, and both tools go on with them")
def takeover(w):
    for place, stem in ((w.root, "ca"), (w.intermediate, "intermediate")):
        w.sealwire("ca", "adopt", place)
        told = w.sealwire("ca", "list", "--ca", place)
        check("1000" in told, f"{place.name}: serial 1000 is not listed: {told}")
    # One certificate by each tool, out of the same folder.
    w.sealwire("ca", "issue", "device-2", "--ca", w.intermediate, "--out", w.folder / "two",
               "--passphrase-file", w.key_password)  # fmt: skip
    w.openssl(w.root, "verify", "-CAfile", "caCert.pem", "-untrusted",
              str(w.intermediate / "intermediateCert.pem"),
              str(w.folder / "two/device-2.crt"))  # fmt: skip
    told = w.openssl(w.intermediate, "ca", "-config", "intermediateConfig.cnf", "-status", "1001",
                     code=STATUS_CODE)  # fmt: skip
    check("Valid" in told, f"openssl does not know what sealwire issued: {told}")
    told = w.openssl(
        w.intermediate, "ca", "-config", "intermediateConfig.cnf", *w.pass_in(), "-batch",
        "-extensions", "v3_signed", "-in", "deviceCertificates/deviceCsr.pem",
        "-out", "/dev/null", code=1,
    )  # fmt: skip
    check("already" in told, f"openssl does not refuse the same subject: {told[-200:]}")
    w.openssl(w.intermediate, "ca", "-config", "intermediateConfig.cnf", "-updatedb", *w.pass_in())


@part_one.scenario("a certificate is revoked, and the list says so")
def revoked(w):
    w.openssl(
        w.intermediate, "ca", "-config", "intermediateConfig.cnf", *w.pass_in(),
        "-revoke", "deviceCertificates/deviceCert.pem", "-crl_reason", "keyCompromise",
    )  # fmt: skip
    told = w.sealwire("ca", "status", "1000", "--ca", w.intermediate)
    check("revoked" in told.lower() and "keyCompromise" in told, f"ca status says {told!r}")
    w.openssl(w.intermediate, "ca", "-config", "intermediateConfig.cnf", *w.pass_in(), "-gencrl",
              "-out", "crl/intermediateCrl.pem")  # fmt: skip
    by_sealwire = w.folder / "second.crl"
    w.sealwire("ca", "crl", "--ca", w.intermediate, "-o", by_sealwire,
               "--passphrase-file", w.key_password)  # fmt: skip
    check_revoked(w, [w.intermediate / "crl/intermediateCrl.pem", by_sealwire],
                  w.root / "caCert.pem", w.intermediate / "intermediateCert.pem",
                  w.devices / "deviceCert.pem")  # fmt: skip


def check_revoked(w, lists, root, intermediate, leaf):
    """Each list in turn: openssl and sealwire refuse the certificate because it is revoked."""
    for crl in lists:
        told = w.openssl(
            w.folder, "verify", "-crl_check", "-CRLfile", str(crl), "-CAfile", str(root),
            "-untrusted", str(intermediate), str(leaf), code=2,
        )  # fmt: skip
        check("error 23" in told, f"{crl.name}: openssl says {told[-200:]}")
        told = w.sealwire("cert", "verify", "--trust", root, "--chain", intermediate,
                          "--crl", crl, "--crl-check", "leaf", leaf, code=2)  # fmt: skip
        check("revoked" in told, f"{crl.name}: sealwire says {told[-200:]}")


def serial_of(w, folder, certificate):
    """The serial number of a certificate, in hexadecimal digits."""
    return w.openssl(folder, "x509", "-noout", "-serial", "-in", certificate).strip().split("=")[1]


@part_two.scenario("an authority and one below it")
def made_authorities(w):
    w.sealwire("ca", "init", w.works, "--cn", "Works CA", "--field", "O=Works",
               "--passphrase-file", w.key_password)  # fmt: skip
    w.sealwire("ca", "intermediate", w.line, "--ca", w.works, "--cn", "Line 1 CA",
               "--passphrase-file", w.key_password,
               "--new-passphrase-file", w.key_password)  # fmt: skip
    text = w.openssl(w.works, "x509", "-noout", "-text", "-in", "caCert.pem")
    check("CA:TRUE" in text and "Works CA" in text, "openssl does not show an authority")
    w.openssl(w.works, "verify", "-CAfile", "caCert.pem", "line1/intermediateCert.pem")
    told = w.openssl(w.works, "ca", "-config", "caConfig.cnf", "-status",
                     serial_of(w, w.works, "line1/intermediateCert.pem"),
                     code=STATUS_CODE)  # fmt: skip
    check("Valid" in told, f"openssl does not read the database: {told}")


@part_two.scenario("a device with key, certificate, chain and keystores in one command")
def made_device(w):
    w.sealwire(
        "ca", "issue", "device-1", "--ca", w.line, "--out", w.made, "--p12", "--jks",
        "--passphrase-file", w.key_password, "--store-password-file", w.store_password,
    )  # fmt: skip
    w.openssl(w.works, "verify", "-CAfile", "caCert.pem",
              "-untrusted", "line1/intermediateCert.pem", str(w.made / "device-1.crt"))  # fmt: skip
    w.openssl(w.line, "verify", "-partial_chain", "-CAfile", "intermediateCert.pem",
              str(w.made / "device-1.crt"))  # fmt: skip
    names = [subject_of(block) for block in described(w, w.made / "device-1.chain.pem")]
    equal(names, ["device-1", "Line 1 CA", "Works CA"], "the order of the chain")
    for name in ("device-1.p12", "device-1.jks"):
        told = w.keytool(w.made, "-list", "-v", "-keystore", name,
                         "-storepass:file", w.store_password)  # fmt: skip
        for wanted in ("PrivateKeyEntry", "Certificate chain length: 3", "device-1"):
            check(wanted in told, f"{name}: keytool does not show {wanted}")


@part_two.scenario("keystores converted, and a truststore of each kind")
def made_stores(w):
    port = w.daemon.ports["mutual"]
    w.sealwire("cert", "fetch", f"localhost:{port}", "-o", w.made / "server.pem")
    w.sealwire("keystore", "convert", w.made / "device-1.p12", w.made / "converted.jks",
               "--password-file", w.store_password)  # fmt: skip
    for name, kind in (("trust.p12", "pkcs12"), ("trust.jks", "jks")):
        w.sealwire("keystore", "import-trust", w.made / name, "--format", kind,
                   "--alias", "servercertificate", "--cert", w.made / "server.pem",
                   "--password-file", w.store_password)  # fmt: skip
    w.sealwire("keystore", "import-trust", w.made / "device-1.jks", "--alias", "servercertificate",
               "--cert", w.made / "server.pem", "--password-file", w.store_password)  # fmt: skip
    for name, count in (("trust.p12", 1), ("trust.jks", 1), ("converted.jks", 1),
                        ("device-1.jks", 2)):  # fmt: skip
        told = w.keytool(w.made, "-list", "-keystore", name, "-storepass:file", w.store_password)
        entries = re.search(r"contains (\d+) entr", told)
        equal(entries and int(entries.group(1)), count, f"entries keytool sees in {name}")
    told = w.openssl(w.made, "pkcs12", "-in", "device-1.p12", "-nokeys",
                     "-passin", f"file:{w.store_password}")  # fmt: skip
    equal(len(pem_blocks(told)), 3, "certificates openssl sees in device-1.p12")


@part_two.scenario("the device connects with each kind of store")
def made_connects(w):
    alias = "device-1"
    w.connect(w.made / "device-1.p12", alias, w.made / "trust.p12")
    w.connect(w.made / "converted.jks", alias, w.made / "trust.jks")


@part_two.scenario("openssl goes on in the folder that sealwire made")
def made_shared(w):
    w.openssl(w.made, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
              "-nodes", "-keyout", "device-3.key", "-subj", "/CN=device-3",
              "-out", "device-3.csr")  # fmt: skip
    w.openssl(w.line, "ca", "-config", "intermediateConfig.cnf", *w.pass_in(), "-batch", "-notext",
              "-in", str(w.made / "device-3.csr"),
              "-out", str(w.made / "device-3.crt"))  # fmt: skip
    told = w.sealwire("ca", "list", "--ca", w.line)
    check("device-3" in told, f"sealwire does not list what openssl issued: {told}")
    w.sealwire("cert", "verify", "--trust", w.works / "caCert.pem",
               "--chain", w.line / "intermediateCert.pem", w.made / "device-3.crt")  # fmt: skip
    told = w.sealwire("ca", "issue", "device-3", "--ca", w.line, "--out", w.made / "again",
                      "--passphrase-file", w.key_password, code=1)  # fmt: skip
    check("device-3" in told, f"the same subject again: {told[-200:]}")


@part_two.scenario("a certificate is revoked, and the list says so")
def made_revoked(w):
    w.sealwire("ca", "revoke", "--name", "device-1", "--ca", w.line, "--reason", "keyCompromise")
    told = w.openssl(w.line, "ca", "-config", "intermediateConfig.cnf", "-status",
                     serial_of(w, w.made, "device-1.crt"), code=STATUS_CODE)  # fmt: skip
    check("Revoked" in told, f"openssl says {told}")
    w.sealwire("ca", "crl", "--ca", w.line, "--passphrase-file", w.key_password)
    by_openssl = w.folder / "third.crl"
    w.openssl(w.line, "ca", "-config", "intermediateConfig.cnf", *w.pass_in(), "-gencrl",
              "-out", str(by_openssl))  # fmt: skip
    check_revoked(w, [w.line / "crl/intermediateCrl.pem", by_openssl], w.works / "caCert.pem",
                  w.line / "intermediateCert.pem", w.made / "device-1.crt")  # fmt: skip


def pem_blocks(text):
    return re.findall(r"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----", text)


def described(w, path):
    """The subjects of a file's certificates in its order, as openssl prints them."""
    for index, block in enumerate(pem_blocks(path.read_text())):
        one = w.folder / f"one-{index}.pem"
        one.write_text(block + "\n")
        yield w.openssl(w.folder, "x509", "-noout", "-subject", "-in", str(one))


def main():
    only = os.environ.get("ONLY")
    failed = 0
    with Folder() as folder:
        try:
            w = World(folder)
            # The roots come first: the platform trusts them.
            order = [part_one.scenarios[:4], part_two.scenarios[:2]]
            for suite, scenarios in zip((part_one, part_two), order, strict=True):
                failed += run_some(suite, scenarios, w, only)
            for source, name in ((w.root, "one"), (w.works, "two")):
                text = (source / "caCert.pem").read_text()
                (w.trusted / f"{name}.pem").write_text(text)
            w.start_platform()
            with w.daemon:
                failed += run_some(part_one, part_one.scenarios[4:], w, only, w.daemon)
                failed += run_some(part_two, part_two.scenarios[2:], w, only, w.daemon)
        except (Failed, OSError) as failure:
            print(f"FAIL certificates: set-up — {failure}")
            failed += 1
    finish(failed)


def run_some(suite, scenarios, world, only, daemon=None):
    some = Suite(f"certificates: {suite.name}")
    some.scenarios = scenarios
    return some.run(world, only, daemon)


main()
