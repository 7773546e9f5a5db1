// SPDX-License-Identifier: Apache-2.0
// TLS calls that are macros or need a loop over a stack. No policy here.

#include <openssl/err.h>
#include <openssl/proverr.h>

#include "include/CSys.h"

const uint64_t seal_op_no_compression = SSL_OP_NO_COMPRESSION;
const uint64_t seal_op_no_renegotiation = SSL_OP_NO_RENEGOTIATION;
const uint64_t seal_op_server_preference = SSL_OP_CIPHER_SERVER_PREFERENCE;
const uint64_t seal_op_prioritize_chacha = SSL_OP_PRIORITIZE_CHACHA;
const uint64_t seal_op_no_ticket = SSL_OP_NO_TICKET;

long seal_ssl_ctx_set_options(SSL_CTX *ctx, uint64_t options) {
    return (long)SSL_CTX_set_options(ctx, options);
}

int seal_ssl_ctx_set_servername_callback(
    SSL_CTX *ctx, int (*callback)(SSL *, int *, void *), void *argument) {
    return SSL_CTX_set_tlsext_servername_callback(ctx, callback)
        && SSL_CTX_set_tlsext_servername_arg(ctx, argument);
}

const char *seal_ssl_servername(const SSL *ssl) {
    return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
}

SSL_CTX *seal_ssl_ctx_new(int library, int is_server) {
    return seal_ssl_ctx_new_of_method(
        library, is_server ? TLS_server_method() : TLS_client_method());
}

SSL_CTX *seal_ssl_ctx_new_of_method(int library, const SSL_METHOD *method) {
    return SSL_CTX_new_ex(seal_library(library), NULL, method);
}

int seal_ssl_ctx_use_chain(SSL_CTX *ctx, X509 *const *certificates, size_t count) {
    for (size_t index = 0; index < count; index++) {
        if (!SSL_CTX_add1_chain_cert(ctx, certificates[index])) return 0;
    }
    return 1;
}

seal_bio *seal_bio_of_ssl(const SSL *ssl) {
    BIO *bio = SSL_get_rbio(ssl);
    return bio ? BIO_get_data(bio) : NULL;
}

seal_bio *seal_bio_of_verification(X509_STORE_CTX *context) {
    SSL *ssl = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
    return ssl ? seal_bio_of_ssl(ssl) : NULL;
}

int seal_ssl_bind(SSL *ssl, BIO *bio) {
    if (!BIO_up_ref(bio)) return 0;
    if (!BIO_up_ref(bio)) {
        BIO_free(bio);
        return 0;
    }
    SSL_set0_rbio(ssl, bio);
    SSL_set0_wbio(ssl, bio);
    return 1;
}

int seal_err_reason(unsigned long code) { return ERR_GET_REASON(code); }

int seal_err_library(unsigned long code) { return ERR_GET_LIB(code); }

int seal_err_unreadable_encryption(unsigned long code) {
    int reason = ERR_GET_REASON(code);
    if (ERR_GET_LIB(code) == ERR_LIB_PROV) { return reason == PROV_R_INVALID_ITERATION_COUNT; }
    if (ERR_GET_LIB(code) != ERR_LIB_EVP) { return 0; }
    return reason == ERR_R_UNSUPPORTED || reason == EVP_R_UNKNOWN_PBE_ALGORITHM
        || reason == EVP_R_UNSUPPORTED_CIPHER || reason == EVP_R_UNSUPPORTED_PRF
        || reason == EVP_R_UNSUPPORTED_KEY_DERIVATION_FUNCTION;
}

int seal_ssl_cipher_number(const SSL *ssl) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    return cipher ? SSL_CIPHER_get_protocol_id(cipher) : 0;
}

SSL_SESSION *seal_lean_session(const SSL *ssl) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    SSL_SESSION *session = SSL_SESSION_new();
    if (!session) return NULL;
    if (cipher && SSL_SESSION_set_protocol_version(session, SSL_version(ssl))
        && SSL_SESSION_set_cipher(session, cipher)) {
        return session;
    }
    SSL_SESSION_free(session);
    return NULL;
}

size_t seal_sent_chain(X509_STORE_CTX *context, X509 **out, size_t capacity) {
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(context);
    size_t done = 0;
    int count = chain ? sk_X509_num(chain) : 0;
    for (int index = 0; index < count && done < capacity; index++) {
        X509 *one = sk_X509_value(chain, index);
        if (X509_up_ref(one)) out[done++] = one;
    }
    return done;
}

size_t seal_peer_chain(const SSL *ssl, X509 **out, size_t capacity) {
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    size_t done = 0;
    int count = chain ? sk_X509_num(chain) : 0;
    for (int index = 0; index < count && done < capacity; index++) {
        X509 *one = sk_X509_value(chain, index);
        if (X509_up_ref(one)) out[done++] = one;
    }
    return done;
}

int seal_key_update(SSL *ssl, int ask_peer) {
    return SSL_key_update(
        ssl, ask_peer ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
}

// Static keys of RSA and ECDHE are exchanged; parameters for DHE, shared secrets and passwords are
// never set, and certificates have RSA or elliptic keys.
static int is_choosable(const SSL_CIPHER *suite) {
    int exchange = SSL_CIPHER_get_kx_nid(suite);
    int auth = SSL_CIPHER_get_auth_nid(suite);
    if (exchange != NID_kx_ecdhe && exchange != NID_kx_rsa && exchange != NID_kx_any) return 0;
    return auth == NID_auth_rsa || auth == NID_auth_ecdsa || auth == NID_auth_any;
}

int seal_choosable_suites(const char *list, int is_tls13) {
    int version = is_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL *ssl = NULL;
    int found = -1;
    if (!context) return found;
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    int is_known = is_tls13 ? SSL_CTX_set_ciphersuites(context, list)
                            : SSL_CTX_set_cipher_list(context, list);
    if (is_known == 1 && (ssl = SSL_new(context))) {
        STACK_OF(SSL_CIPHER) *suites = SSL_get1_supported_ciphers(ssl);
        found = 0;
        for (int index = 0; index < sk_SSL_CIPHER_num(suites); index++) {
            found += is_choosable(sk_SSL_CIPHER_value(suites, index));
        }
        sk_SSL_CIPHER_free(suites);
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    return found;
}
