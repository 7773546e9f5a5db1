// SPDX-License-Identifier: Apache-2.0
// More of OpenSSL that Swift cannot import: start-up, the slim provider, macros, stacks and the
// small loops over them. Bodies in OpenSSLStart.c, SlimProvider.c, TLSDoor.c and PKIDoor.c.
#pragma once

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stddef.h>
#include <stdint.h>

// ---- Start-up

// Sets OpenSSL up once: no configuration file, no exit handler, record buffers kept per thread.
void seal_openssl_start(void);

// Which algorithms a library context offers.
enum { SEAL_LIBRARY_FULL = 0, SEAL_LIBRARY_SLIM = 1, SEAL_LIBRARY_ELLIPTIC = 2 };

// The library context of a kind, made once and never freed. NULL stands for the full one, and for
// a slim one that could not be made.
OSSL_LIB_CTX *seal_library(int kind);

// ---- Digests

int seal_sha256(const uint8_t *bytes, size_t count, uint8_t *digest32);
int seal_x509_sha256(X509 *certificate, uint8_t *digest32);

// ---- TLS

// OpenSSL's option bits, which are casts that Swift cannot import.
extern const uint64_t seal_op_no_compression;
extern const uint64_t seal_op_no_renegotiation;
extern const uint64_t seal_op_server_preference;
extern const uint64_t seal_op_prioritize_chacha;
extern const uint64_t seal_op_no_ticket;
long seal_ssl_ctx_set_options(SSL_CTX *ctx, uint64_t options);
int seal_ssl_ctx_set_servername_callback(
    SSL_CTX *ctx, int (*callback)(SSL *, int *, void *), void *argument);
const char *seal_ssl_servername(const SSL *ssl);
SSL_CTX *seal_ssl_ctx_new(int library, int is_server);
SSL_CTX *seal_ssl_ctx_new_of_method(int library, const SSL_METHOD *method);
int seal_ssl_ctx_use_chain(SSL_CTX *ctx, X509 *const *certificates, size_t count);
// The lent-buffer state of the connection that a verification runs for; NULL if it is not ours.
struct seal_bio *seal_bio_of_verification(X509_STORE_CTX *context);
struct seal_bio *seal_bio_of_ssl(const SSL *ssl);
// Binds the connection to a thread's BIO.
int seal_ssl_bind(SSL *ssl, BIO *bio);
int seal_err_reason(unsigned long code);
int seal_err_library(unsigned long code);
// 1 when the error says that a key is encrypted in a way that OpenSSL cannot undo.
int seal_err_unreadable_encryption(unsigned long code);
int seal_ssl_cipher_number(const SSL *ssl);
// A session without certificate, for the swap after a TLS 1.3 handshake.
SSL_SESSION *seal_lean_session(const SSL *ssl);
// How many suites of a list a server here can choose; -1 when none of the names is known.
int seal_choosable_suites(const char *list, int is_tls13);
// What came with the certificate that is verified, as counted references; returns how many.
size_t seal_sent_chain(X509_STORE_CTX *context, X509 **out, size_t capacity);
// The chain that the peer sent, as counted references in `out`; returns how many.
size_t seal_peer_chain(const SSL *ssl, X509 **out, size_t capacity);
// Sends a KeyUpdate, and asks for one when wanted.
int seal_key_update(SSL *ssl, int ask_peer);

// ---- Certificates

int64_t seal_asn1_time_seconds(const ASN1_TIME *time, int64_t otherwise);
int seal_set_time(ASN1_TIME *time, int64_t unix_seconds);
int seal_subject_names_begin(GENERAL_NAMES **names);
int seal_subject_names_add(GENERAL_NAMES *names, int kind, const uint8_t *bytes, size_t count);
int seal_subject_names_put(X509 *certificate, GENERAL_NAMES *names, int critical);
void seal_subject_names_free(GENERAL_NAMES *names);
int seal_x509_put_extension(X509 *certificate, X509 *issuer, int nid, const char *value);
int seal_crl_put_authority_key(X509_CRL *list, X509 *issuer);
// The subject alternative names one by one: index from 0, returns the GEN_* kind or -1 at the end.
GENERAL_NAMES *seal_x509_subject_names(X509 *certificate);
int seal_subject_name_at(
    GENERAL_NAMES *names, int index, const uint8_t **bytes, size_t *count);
// The DER of a certificate; NULL when it cannot be made. Freed with seal_free.
uint8_t *seal_x509_der(X509 *certificate, size_t *count);
uint8_t *seal_crl_der(X509_CRL *list, size_t *count);
void seal_free(void *pointer);
void seal_free_secret(void *pointer, size_t count);
// What a memory BIO holds.
const uint8_t *seal_bio_memory(BIO *bio, size_t *count);
EVP_PKEY *seal_make_rsa(unsigned bits);
EVP_PKEY *seal_make_ec(const char *curve);
EVP_PKEY *seal_make_ed25519(void);
int seal_crl_revoke(X509_CRL *list, const char *serial_hex, int64_t when);
int seal_crl_has(X509_CRL *list, X509 *certificate);
int seal_crl_count(X509_CRL *list);
// Copies that belong to a library context, made from the DER; NULL when they cannot be made.
X509 *seal_x509_copy(X509 *certificate, int library);
// A certificate of a library context; NULL when the bytes are none, or more than one.
X509 *seal_x509_read(const uint8_t *der, size_t count, int library);
