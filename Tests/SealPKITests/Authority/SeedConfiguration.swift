// SPDX-License-Identifier: Apache-2.0
// A configuration as the Cumulocity guide has its readers write it: the same sections, entries and
// traps (comments behind values, quotes and dollar signs in comments), in our own comments.

import SealBytes

enum SeedConfiguration {
    static func text(_ folder: String, stem: String = "ca") -> String {
        """
        [ ca ]
        default_ca = CA_default
        [ CA_default ]
        # Where everything is.
        dir               = \(folder)
        certs             = $dir # it's where the authority's own certificate lies
        crl_dir           = $dir/crl # a "quoted" word and a $sign in a comment mean nothing
        new_certs_dir     = $dir/deviceCertificates # one file for each number
        database          = $dir/database.txt # the history
        serial            = $dir/serial # the next number

        private_key       = $dir/\(stem)Key.pem # signs
        certificate       = $dir/\(stem)Cert.pem # is the issuer

        default_md        = sha256 # digest
        default_days      = 375 # about a year
        preserve          = no # the policy's order of fields
        policy            = signing_policy # a section below

        crl               = $crl_dir/\(stem)Crl.pem # the list
        crlnumber         = $crl_dir/crlnumber # nobody makes this file
        crl_extensions    = crl_ext # a section below
        default_crl_days  = 30 # a month

        [ req ]
        default_bits        = 4096 # size
        distinguished_name  = req_distinguished_name # a section below
        string_mask         = utf8only # kinds of strings
        default_md          = sha256 # digest
        x509_extensions     = v3_ca # a section below

        [ req_distinguished_name ]
        countryName                     = Country Name (2 letter code)
        stateOrProvinceName             = State or Province Name
        localityName                    = Locality Name
        organizationName                = Organization Name
        organizationalUnitName          = Organizational Unit Name
        commonName                      = Common Name
        emailAddress                    = Email Address

        # "countryName_default = PL" would be a default.

        [ v3_ca ]
        subjectKeyIdentifier = hash # of the key
        authorityKeyIdentifier = keyid:always,issuer # of the parent
        basicConstraints = critical, CA:true, pathlen:10 # "critical" means what it says
        keyUsage = digitalSignature, cRLSign, keyCertSign # what for

        # Only named on the command line, with "-extensions v3_signed".
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
        commonName              = supplied # it's what a device is known by
        emailAddress            = optional
        """
    }
}
