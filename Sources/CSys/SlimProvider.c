// SPDX-License-Identifier: Apache-2.0
// A provider that offers a few rows of OpenSSL's default provider and holds no cryptography of its
// own. Reading a certificate builds a decoder chain from every decoder and key manager of the
// library context; with few of them that costs a fraction.

#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <string.h>

#include "include/CSys.h"

enum { ROWS_MAX = 64, OPERATIONS = OSSL_OP__HIGHEST + 1 };

struct variant {
    OSSL_ALGORITHM rows[OPERATIONS][ROWS_MAX];
    OSSL_LIB_CTX *library;
};

static OSSL_PROVIDER *whole;
static struct variant slim, elliptic;

static const char *const digests[] = {"SHA1", "SHA2-256", "SHA2-384", "SHA2-512", "MD5",
                                      "MD5-SHA1", "SHA2-224", NULL};
static const char *const ciphers[] = {
    "AES-128-GCM", "AES-256-GCM", "AES-256-CBC", "AES-256-CTR", "ChaCha20-Poly1305",
    "AES-128-CBC", "NULL", "id-aes128-GCM", "id-aes256-GCM", "AES128", "AES256", NULL};
static const char *const macs[] = {"HMAC", NULL};
static const char *const kdfs[] = {"HKDF", "TLS13-KDF", "TLS1-PRF", NULL};
static const char *const keys_all[] = {"EC", "RSA", "RSA-PSS", "ED25519", "X25519", "HMAC", "HKDF",
                                       "TLS1-PRF", NULL};
static const char *const keys_elliptic[] = {"EC", "X25519", "HMAC", "HKDF", "TLS1-PRF", NULL};
static const char *const exchanges[] = {"ECDH", "X25519", "HKDF", "TLS1-PRF", NULL};
static const char *const signatures_all[] = {"ECDSA", "RSA", "ED25519", "HMAC", NULL};
static const char *const signatures_elliptic[] = {"ECDSA", "HMAC", NULL};
static const char *const decoders_all[] = {"EC", "RSA", "RSA-PSS", "ED25519", NULL};
static const char *const decoders_elliptic[] = {"EC", NULL};

// Whether one of the names (they are separated by colons) is in the list.
static int is_wanted(const char *names, const char *const *wanted) {
    for (; *wanted; wanted++) {
        size_t count = strlen(*wanted);
        for (const char *name = names; name;) {
            const char *end = strchr(name, ':');
            size_t length = end ? (size_t)(end - name) : strlen(name);
            if (length == count && strncasecmp(name, *wanted, count) == 0) return 1;
            name = end ? end + 1 : NULL;
        }
    }
    return 0;
}

static void choose(struct variant *variant, int operation, const char *const *wanted) {
    int no_cache = 0;
    const OSSL_ALGORITHM *row = OSSL_PROVIDER_query_operation(whole, operation, &no_cache);
    size_t count = 0;
    for (; row && row->algorithm_names && count + 1 < ROWS_MAX; row++) {
        if (wanted && !is_wanted(row->algorithm_names, wanted)) continue;
        if (operation == OSSL_OP_DECODER
            && !(row->property_definition
                 && strstr(row->property_definition, "structure=SubjectPublicKeyInfo"))) {
            continue;
        }
        variant->rows[operation][count++] = *row;
    }
}

static void fill(struct variant *variant, int only_elliptic) {
    choose(variant, OSSL_OP_DIGEST, digests);
    choose(variant, OSSL_OP_CIPHER, ciphers);
    choose(variant, OSSL_OP_MAC, macs);
    choose(variant, OSSL_OP_KDF, kdfs);
    choose(variant, OSSL_OP_RAND, NULL);
    choose(variant, OSSL_OP_KEYMGMT, only_elliptic ? keys_elliptic : keys_all);
    choose(variant, OSSL_OP_KEYEXCH, exchanges);
    choose(variant, OSSL_OP_SIGNATURE, only_elliptic ? signatures_elliptic : signatures_all);
    choose(variant, OSSL_OP_DECODER, only_elliptic ? decoders_elliptic : decoders_all);
}

static const OSSL_ALGORITHM *rows_of(struct variant *variant, int operation, int *no_cache) {
    *no_cache = 0;
    if (operation < 0 || operation >= OPERATIONS) return NULL;
    if (!variant->rows[operation][0].algorithm_names) return NULL;
    return variant->rows[operation];
}

static const OSSL_ALGORITHM *query_slim(void *context, int operation, int *no_cache) {
    (void)context;
    return rows_of(&slim, operation, no_cache);
}

static const OSSL_ALGORITHM *query_elliptic(void *context, int operation, int *no_cache) {
    (void)context;
    return rows_of(&elliptic, operation, no_cache);
}

static const OSSL_PARAM *gettable(void *context) {
    (void)context;
    return OSSL_PROVIDER_gettable_params(whole);
}

static int get(void *context, OSSL_PARAM parameters[]) {
    (void)context;
    return OSSL_PROVIDER_get_params(whole, parameters);
}

static int capabilities(void *context, const char *name, OSSL_CALLBACK *callback, void *argument) {
    (void)context;
    return OSSL_PROVIDER_get_capabilities(whole, name, callback, argument);
}

typedef void (*function)(void);

static const OSSL_DISPATCH slim_functions[] = {
    {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (function)gettable},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, (function)get},
    {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (function)capabilities},
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (function)query_slim},
    {0, NULL},
};

static const OSSL_DISPATCH elliptic_functions[] = {
    {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (function)gettable},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, (function)get},
    {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (function)capabilities},
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (function)query_elliptic},
    {0, NULL},
};

static int start_slim(
    const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
    void **context) {
    (void)handle;
    (void)in;
    *out = slim_functions;
    *context = OSSL_PROVIDER_get0_provider_ctx(whole);
    return 1;
}

static int start_elliptic(
    const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
    void **context) {
    (void)handle;
    (void)in;
    *out = elliptic_functions;
    *context = OSSL_PROVIDER_get0_provider_ctx(whole);
    return 1;
}

static OSSL_LIB_CTX *make(const char *name, OSSL_provider_init_fn *init) {
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    if (!library) return NULL;
    if (OSSL_PROVIDER_add_builtin(library, name, init) && OSSL_PROVIDER_load(library, name)) {
        return library;
    }
    OSSL_LIB_CTX_free(library);
    return NULL;
}

static void make_both(void) {
    seal_openssl_start();
    OSSL_LIB_CTX *base = OSSL_LIB_CTX_new();
    whole = base ? OSSL_PROVIDER_load(base, "default") : NULL;
    if (whole) {
        fill(&slim, 0);
        fill(&elliptic, 1);
        slim.library = make("seal-slim", start_slim);
        elliptic.library = make("seal-elliptic", start_elliptic);
    }
    ERR_clear_error();
}

OSSL_LIB_CTX *seal_library(int kind) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (kind == SEAL_LIBRARY_FULL) return NULL;
    pthread_once(&once, make_both);
    return kind == SEAL_LIBRARY_ELLIPTIC ? elliptic.library : slim.library;
}
