# SPDX-License-Identifier: Apache-2.0
# Certificates as a test wants them, right or wrong on purpose, made by `openssl ca`.

import datetime
import itertools
import pathlib

from harness import need, run_well

CONFIGURATION = """
[ ca ]
default_ca = own
[ own ]
dir = {folder}
new_certs_dir = {folder}/made
database = {folder}/index.txt
serial = {folder}/serial
default_md = sha256
policy = any
unique_subject = no
email_in_dn = no
copy_extensions = none
[ any ]
organizationName = optional
commonName = optional
[ req ]
distinguished_name = names
string_mask = utf8only
[ names ]
"""


class Identity:
    """A certificate with its key and those above it."""

    def __init__(self, name, common_name, certificate, key, issuer):
        self.name, self.common_name = name, common_name
        self.certificate, self.key, self.issuer = certificate, key, issuer

    @property
    def pem(self):
        return self.certificate.read_text()

    @property
    def above(self):
        return [] if self.issuer is None else [self.issuer, *self.issuer.above]

    def chain(self, count=None):
        """A file with this certificate and so many above it; all of them by default."""
        all_of_them = [self, *self.above]
        count = len(all_of_them) - 1 if count is None else count
        path = self.certificate.with_suffix(f".chain{count}.pem")
        path.write_text("".join(one.pem for one in all_of_them[: count + 1]))
        return path

    def pair(self, count=None):
        """The chain file and the key, as TLS libraries want them."""
        return str(self.chain(count)), str(self.key)


class Issuer:
    """Makes identities in a folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "made").mkdir(parents=True)
        (self.folder / "index.txt").touch()
        # Not where the authorities of other scenarios begin: a revocation may hold for any issuer.
        (self.folder / "serial").write_text("A000\n")
        (self.folder / "openssl.cnf").write_text(CONFIGURATION.format(folder=self.folder))
        self.openssl = need("openssl")
        self.numbers = itertools.count(1)

    def run(self, *words, **options):
        return run_well(self.openssl, *words, **options)

    def root(self, name, **how):
        return self.make(name, None, authority=True, **how)

    def make(self, name, issuer, *, common_name=None, authority=False, path_length=None,
             begins=None, ends=None, extensions=()):  # fmt: skip
        """A certificate below an issuer, or its own; times are seconds from now."""
        common_name = name if common_name is None else common_name
        stem = self.folder / f"{next(self.numbers)}-{name}"
        key, request, certificate = (
            stem.with_name(f"{stem.name}.{kind}") for kind in ("key", "csr", "crt")
        )
        configuration = self.folder / "openssl.cnf"
        safe = common_name.replace("\\", "\\\\").replace("/", "\\/")
        self.run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-config", configuration, "-subj", f"/O=Scenario/CN={safe}",
                 "-keyout", key, "-out", request)  # fmt: skip
        constraint = f"CA:{'TRUE' if authority else 'FALSE'}"
        if path_length is not None:
            constraint += f",pathlen:{path_length}"
        lines = [f"basicConstraints=critical,{constraint}", "subjectKeyIdentifier=hash"]
        lines += extensions
        # One that issues without being an authority keeps its right to sign, so that only CA:FALSE
        # is wrong with it.
        lines.append("authorityKeyIdentifier=keyid" if issuer else "")
        words = ["-selfsign", "-keyfile", key] if issuer is None else [
            "-cert", issuer.certificate, "-keyfile", issuer.key]  # fmt: skip
        wishes = stem.with_name(f"{stem.name}.ext")
        wishes.write_text("\n".join(lines) + "\n")
        self.run("ca", "-batch", "-notext", "-config", configuration, *words, "-in", request,
                 "-extfile", wishes, "-startdate", moment(begins if begins is not None else -3600),
                 "-enddate", moment(ends if ends is not None else 30 * 86_400),
                 "-out", certificate)  # fmt: skip
        return Identity(name, common_name, certificate, key, issuer)

    def version_one(self, name):
        """A certificate of version 1, which has no extensions."""
        key, request, certificate = (
            self.folder / f"{name}.{kind}" for kind in ("key", "csr", "crt")
        )
        self.run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-subj", f"/CN={name}", "-keyout", key, "-out", request)  # fmt: skip
        self.run("x509", "-req", "-in", request, "-signkey", key, "-days", "30",
                 "-out", certificate)  # fmt: skip
        return Identity(name, name, certificate, key, None)

    def serial(self, identity):
        """The serial number in hexadecimal digits."""
        out = self.run("x509", "-noout", "-serial", "-in", identity.certificate)
        return out.strip().split("=")[1]

    def fingerprint(self, identity, digest="sha1"):
        """The digest of the DER in lower-case digits without colons."""
        out = self.run("x509", "-noout", "-fingerprint", f"-{digest}", "-in", identity.certificate)
        return out.strip().split("=")[1].replace(":", "").lower()

    def list(self, issuer, revoked, path):
        """A revocation list of the issuer with these certificates."""
        configuration = self.folder / "openssl.cnf"
        with_number = self.folder / "crl.cnf"
        with_number.write_text(configuration.read_text() + "[crl]\nauthorityKeyIdentifier=keyid\n")
        words = ("-config", with_number, "-cert", issuer.certificate, "-keyfile", issuer.key)
        for one in revoked:
            self.run("ca", *words, "-revoke", one.certificate)
        self.run("ca", *words, "-gencrl", "-crlexts", "crl", "-crldays", "30", "-out", path)
        return path


def moment(seconds):
    """A time that many seconds from now, as `openssl ca` reads it."""
    time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return time.strftime("%Y%m%d%H%M%SZ")
