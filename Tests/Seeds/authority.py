# SPDX-License-Identifier: Apache-2.0
# The folder of an authority as the guide of the seed has it made. What is done in it is not here.

# The authority's configuration of the story; its comments stay, because they must be read past.
CONFIGURATION = """
[ ca ]
default_ca = CA_default
[ CA_default ]
# Where everything is.
dir               = {folder}
certs             = $dir # the authority's own certificate
crl_dir           = $dir/crl # revocation lists
new_certs_dir     = $dir/deviceCertificates # what was signed
database          = $dir/database.txt # what was signed, a line each
serial            = $dir/serial # the next number

# What signs.
private_key       = $dir/{name}Key.pem
certificate       = $dir/{name}Cert.pem

default_md        = sha256
default_days      = 375 # days
preserve          = no # the policy gives the order
policy            = signing_policy

# Revocation lists.
crl               = $crl_dir/{name}Crl.pem
crlnumber         = $crl_dir/crlnumber # nobody makes this file
crl_extensions    = crl_ext
default_crl_days  = 30

[ req ]
default_bits        = 4096
distinguished_name  = req_distinguished_name
string_mask         = utf8only
default_md          = sha256
x509_extensions     = v3_ca

[ req_distinguished_name ]
countryName                     = Country Name (2 letter code)
stateOrProvinceName             = State or Province Name
localityName                    = Locality Name
organizationName                = Organization Name
organizationalUnitName          = Organizational Unit Name
commonName                      = Common Name
emailAddress                    = Email Address

[ v3_ca ]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer
basicConstraints = critical, CA:true, pathlen:10 # more than is needed
keyUsage = digitalSignature, cRLSign, keyCertSign

[ v3_signed ]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer
basicConstraints = critical, CA:false
keyUsage = nonRepudiation, digitalSignature, keyEncipherment

[ crl_ext ]
authorityKeyIdentifier=keyid:always

[ signing_policy ]
countryName             = optional
stateOrProvinceName     = optional
organizationName        = optional
organizationalUnitName  = optional
commonName              = supplied # and unique
emailAddress            = optional
"""


def new_folder(place, name):
    """Steps 1 to 6 of the story: folders, database, serial, configuration."""
    place.mkdir()
    (place / "database.txt").touch()
    (place / "serial").write_text("1000\n")
    (place / "deviceCertificates").mkdir()
    (place / "crl").mkdir()
    configuration = CONFIGURATION.format(folder=place, name=name)
    (place / f"{name}Config.cnf").write_text(configuration)
