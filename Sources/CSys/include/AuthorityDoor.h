// SPDX-License-Identifier: Apache-2.0
// What an authority needs of OpenSSL and Swift cannot import: stacks of extensions, extensions from
// sections of a configuration, serial numbers, entries of lists. Bodies in AuthorityDoor.c.
#pragma once

#include <openssl/conf.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stddef.h>
#include <stdint.h>

// ---- Requests

// The extensions that a request asks for; NULL when there are none. Freed with
// seal_extensions_free.
STACK_OF(X509_EXTENSION) *seal_request_extensions(X509_REQ *request);
int seal_extensions_count(const STACK_OF(X509_EXTENSION) *extensions);
X509_EXTENSION *seal_extensions_at(const STACK_OF(X509_EXTENSION) *extensions, int index);
void seal_extensions_free(STACK_OF(X509_EXTENSION) *extensions);
// The subject alternative names among the extensions; freed with seal_subject_names_free.
GENERAL_NAMES *seal_extensions_subject_names(const STACK_OF(X509_EXTENSION) *extensions);
int seal_request_put_names(X509_REQ *request, GENERAL_NAMES *names, int critical);
uint8_t *seal_request_der(X509_REQ *request, size_t *count);

// ---- Certificates and lists from a configuration

CONF *seal_conf_load(const uint8_t *text, size_t count);
void seal_conf_free(CONF *conf);
// An extension from its line in a configuration; any of the objects it may refer to can be NULL.
X509_EXTENSION *seal_conf_extension(
    CONF *conf, X509 *issuer, X509 *certificate, X509_REQ *request, X509_CRL *list,
    const char *name, const char *value);
int seal_x509_set_serial(X509 *certificate, const char *hex);
int seal_crl_set_number(X509_CRL *list, const char *hex);
// Adds a revoked certificate. No reason: -1; no invalidity date: INT64_MIN; hold: an object's name
// or NULL.
int seal_crl_add(
    X509_CRL *list, const char *serial_hex, int64_t when, int reason, int64_t invalid_since,
    const char *hold);

// ---- Files

// Writes everything of a file system that is not on the disk yet; 0 when done.
int seal_sync_file_system(int fd);
