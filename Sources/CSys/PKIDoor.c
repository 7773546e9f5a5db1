// SPDX-License-Identifier: Apache-2.0
// Certificate calls that are macros or need a loop over a stack. No policy here.

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "include/CSys.h"

static EVP_MD *sha256;

static void fetch_sha256(void) {
    seal_openssl_start();
    sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
}

int seal_sha256(const uint8_t *bytes, size_t count, uint8_t *digest32) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fetch_sha256);
    unsigned length = 32;
    return sha256 && EVP_Digest(bytes, count, digest32, &length, sha256, NULL);
}

int seal_x509_sha256(X509 *certificate, uint8_t *digest32) {
    size_t count = 0;
    uint8_t *der = seal_x509_der(certificate, &count);
    if (!der) return 0;
    int result = seal_sha256(der, count, digest32);
    OPENSSL_free(der);
    return result;
}

int64_t seal_asn1_time_seconds(const ASN1_TIME *time, int64_t otherwise) {
    struct tm parts;
    memset(&parts, 0, sizeof parts);
    if (!time || !ASN1_TIME_to_tm(time, &parts)) return otherwise;
    return (int64_t)timegm(&parts);
}

int seal_set_time(ASN1_TIME *time, int64_t unix_seconds) {
    return ASN1_TIME_set(time, (time_t)unix_seconds) != NULL;
}

int seal_subject_names_begin(GENERAL_NAMES **names) {
    *names = GENERAL_NAMES_new();
    return *names != NULL;
}

int seal_subject_names_add(GENERAL_NAMES *names, int kind, const uint8_t *bytes, size_t count) {
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *text = kind == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    if (name && text && ASN1_STRING_set(text, bytes, (int)count)) {
        GENERAL_NAME_set0_value(name, kind, text);
        if (sk_GENERAL_NAME_push(names, name) > 0) return 1;
        GENERAL_NAME_free(name);
        return 0;
    }
    GENERAL_NAME_free(name);
    ASN1_STRING_free(text);
    return 0;
}

int seal_subject_names_put(X509 *certificate, GENERAL_NAMES *names, int critical) {
    return X509_add1_ext_i2d(
        certificate, NID_subject_alt_name, names, critical, X509V3_ADD_DEFAULT);
}

void seal_subject_names_free(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }

int seal_x509_put_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (!extension) return 0;
    int result = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return result;
}

int seal_crl_put_authority_key(X509_CRL *list, X509 *issuer) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, NULL, NULL, list, 0);
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid");
    if (!extension) return 0;
    int result = X509_CRL_add_ext(list, extension, -1);
    X509_EXTENSION_free(extension);
    return result;
}

GENERAL_NAMES *seal_x509_subject_names(X509 *certificate) {
    return X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

int seal_subject_name_at(GENERAL_NAMES *names, int index, const uint8_t **bytes, size_t *count) {
    *bytes = NULL;
    *count = 0;
    if (!names || index < 0 || index >= sk_GENERAL_NAME_num(names)) return -1;
    int kind = 0;
    void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, index), &kind);
    if (value && (kind == GEN_DNS || kind == GEN_EMAIL || kind == GEN_URI || kind == GEN_IPADD)) {
        *bytes = ASN1_STRING_get0_data(value);
        *count = (size_t)ASN1_STRING_length(value);
    }
    return kind;
}

uint8_t *seal_x509_der(X509 *certificate, size_t *count) {
    uint8_t *der = NULL;
    int length = i2d_X509(certificate, &der);
    if (length <= 0) return NULL;
    *count = (size_t)length;
    return der;
}

uint8_t *seal_crl_der(X509_CRL *list, size_t *count) {
    uint8_t *der = NULL;
    int length = i2d_X509_CRL(list, &der);
    if (length <= 0) return NULL;
    *count = (size_t)length;
    return der;
}

void seal_free(void *pointer) { OPENSSL_free(pointer); }

void seal_free_secret(void *pointer, size_t count) { OPENSSL_clear_free(pointer, count); }

const uint8_t *seal_bio_memory(BIO *bio, size_t *count) {
    char *start = NULL;
    long length = BIO_get_mem_data(bio, &start);
    *count = length > 0 ? (size_t)length : 0;
    return (const uint8_t *)start;
}

EVP_PKEY *seal_make_rsa(unsigned bits) { return EVP_RSA_gen(bits); }

EVP_PKEY *seal_make_ec(const char *curve) { return EVP_EC_gen(curve); }

EVP_PKEY *seal_make_ed25519(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); }

int seal_crl_revoke(X509_CRL *list, const char *serial_hex, int64_t when) {
    BIGNUM *number = NULL;
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)when);
    int done = 0;
    if (entry && time && BN_hex2bn(&number, serial_hex)) {
        ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, NULL);
        done = serial && X509_REVOKED_set_serialNumber(entry, serial)
            && X509_REVOKED_set_revocationDate(entry, time) && X509_CRL_add0_revoked(list, entry);
        ASN1_INTEGER_free(serial);
    }
    if (!done) X509_REVOKED_free(entry);
    ASN1_TIME_free(time);
    BN_free(number);
    return done;
}

int seal_crl_has(X509_CRL *list, X509 *certificate) {
    X509_REVOKED *entry = NULL;
    return X509_CRL_get0_by_cert(list, &entry, certificate) == 1;
}

int seal_crl_count(X509_CRL *list) {
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(list);
    return entries ? sk_X509_REVOKED_num(entries) : 0;
}

X509 *seal_x509_read(const uint8_t *der, size_t count, int library) {
    X509 *made = X509_new_ex(seal_library(library), NULL);
    const uint8_t *position = der;
    X509 *result = der && made ? d2i_X509(&made, &position, (long)count) : NULL;
    if (result && position == der + count) return result;
    // A failed reading has freed what it was given and left NULL.
    X509_free(made);
    return NULL;
}

X509 *seal_x509_copy(X509 *certificate, int library) {
    size_t count = 0;
    uint8_t *der = seal_x509_der(certificate, &count);
    X509 *result = der ? seal_x509_read(der, count, library) : NULL;
    OPENSSL_free(der);
    return result;
}
