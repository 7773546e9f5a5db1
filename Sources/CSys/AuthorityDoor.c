// SPDX-License-Identifier: Apache-2.0
// Requests, extensions from a configuration, and entries of revocation lists. No policy here.

#include <openssl/bn.h>
#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

#include "include/CSys.h"

STACK_OF(X509_EXTENSION) *seal_request_extensions(X509_REQ *request) {
    return X509_REQ_get_extensions(request);
}

int seal_extensions_count(const STACK_OF(X509_EXTENSION) *extensions) {
    int count = extensions ? sk_X509_EXTENSION_num(extensions) : 0;
    return count < 0 ? 0 : count;
}

X509_EXTENSION *seal_extensions_at(const STACK_OF(X509_EXTENSION) *extensions, int index) {
    return sk_X509_EXTENSION_value(extensions, index);
}

void seal_extensions_free(STACK_OF(X509_EXTENSION) *extensions) {
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

GENERAL_NAMES *seal_extensions_subject_names(const STACK_OF(X509_EXTENSION) *extensions) {
    return X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
}

int seal_request_put_names(X509_REQ *request, GENERAL_NAMES *names, int critical) {
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    int done = X509V3_add1_i2d(
                   &extensions, NID_subject_alt_name, names, critical, X509V3_ADD_DEFAULT)
            == 1
        && X509_REQ_add_extensions(request, extensions) == 1;
    seal_extensions_free(extensions);
    return done;
}

uint8_t *seal_request_der(X509_REQ *request, size_t *count) {
    uint8_t *der = NULL;
    int length = i2d_X509_REQ(request, &der);
    if (length <= 0) return NULL;
    *count = (size_t)length;
    return der;
}

CONF *seal_conf_load(const uint8_t *text, size_t count) {
    if (count > INT32_MAX) return NULL;
    CONF *conf = NCONF_new(NULL);
    BIO *bio = BIO_new_mem_buf(text, (int)count);
    long line = 0;
    int done = conf && bio && NCONF_load_bio(conf, bio, &line) > 0;
    BIO_free(bio);
    if (done) return conf;
    NCONF_free(conf);
    return NULL;
}

void seal_conf_free(CONF *conf) { NCONF_free(conf); }

X509_EXTENSION *seal_conf_extension(
    CONF *conf, X509 *issuer, X509 *certificate, X509_REQ *request, X509_CRL *list,
    const char *name, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, request, list, 0);
    X509V3_set_nconf(&context, conf);
    return X509V3_EXT_nconf(conf, &context, name, value);
}

int seal_x509_set_serial(X509 *certificate, const char *hex) {
    BIGNUM *number = NULL;
    int done = BN_hex2bn(&number, hex) > 0
        && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return done;
}

int seal_crl_set_number(X509_CRL *list, const char *hex) {
    BIGNUM *number = NULL;
    ASN1_INTEGER *value = BN_hex2bn(&number, hex) > 0 ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
    int done = value && X509_CRL_add1_ext_i2d(list, NID_crl_number, value, 0, 0) == 1;
    ASN1_INTEGER_free(value);
    BN_free(number);
    return done;
}

static int add_reason(X509_REVOKED *entry, int reason) {
    if (reason < 0) return 1;
    ASN1_ENUMERATED *value = ASN1_ENUMERATED_new();
    int done = value && ASN1_ENUMERATED_set(value, reason)
        && X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, value, 0, 0) == 1;
    ASN1_ENUMERATED_free(value);
    return done;
}

static int add_invalidity(X509_REVOKED *entry, int64_t since) {
    if (since == INT64_MIN) return 1;
    ASN1_GENERALIZEDTIME *value = ASN1_GENERALIZEDTIME_set(NULL, (time_t)since);
    int done = value && X509_REVOKED_add1_ext_i2d(entry, NID_invalidity_date, value, 0, 0) == 1;
    ASN1_GENERALIZEDTIME_free(value);
    return done;
}

static int add_hold(X509_REVOKED *entry, const char *hold) {
    if (!hold) return 1;
    ASN1_OBJECT *value = OBJ_txt2obj(hold, 0);
    int done =
        value && X509_REVOKED_add1_ext_i2d(entry, NID_hold_instruction_code, value, 0, 0) == 1;
    ASN1_OBJECT_free(value);
    return done;
}

int seal_crl_add(
    X509_CRL *list, const char *serial_hex, int64_t when, int reason, int64_t invalid_since,
    const char *hold) {
    BIGNUM *number = NULL;
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)when);
    ASN1_INTEGER *serial =
        BN_hex2bn(&number, serial_hex) > 0 ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
    int done = entry && time && serial && X509_REVOKED_set_serialNumber(entry, serial)
        && X509_REVOKED_set_revocationDate(entry, time) && add_reason(entry, reason)
        && add_invalidity(entry, invalid_since) && add_hold(entry, hold)
        && X509_CRL_add0_revoked(list, entry);
    if (!done) X509_REVOKED_free(entry);
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(time);
    BN_free(number);
    return done;
}

int seal_sync_file_system(int fd) { return syncfs(fd); }
