// SPDX-License-Identifier: Apache-2.0
// Setting OpenSSL up once, and the memory of its record buffers. No policy here.

#include <malloc.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>

#include "include/CSys.h"

// libssl takes a record buffer of some 16.7 KB for each record and gives it back when the
// connection falls idle (SSL_MODE_RELEASE_BUFFERS). Through malloc that costs a third of a small
// record, so each thread keeps a few blocks of that one size.
enum { BLOCK = 18432, BLOCK_FROM = 16384, KEPT_MAX = 4 };

struct kept {
    void *block[KEPT_MAX];
    unsigned count;
    int is_registered;
};

static _Thread_local struct kept kept;
static pthread_key_t at_thread_end;

static void free_kept(void *pointer) {
    struct kept *mine = pointer;
    while (mine->count) free(mine->block[--mine->count]);
}

static void *take(size_t count, const char *file, int line) {
    (void)file;
    (void)line;
    if (count < BLOCK_FROM || count > BLOCK) return count ? malloc(count) : NULL;
    if (kept.count) return kept.block[--kept.count];
    return malloc(BLOCK);
}

static void *resize(void *pointer, size_t count, const char *file, int line) {
    (void)file;
    (void)line;
    return realloc(pointer, count);
}

static void give(void *pointer, const char *file, int line) {
    (void)file;
    (void)line;
    if (!pointer) return;
    size_t usable = malloc_usable_size(pointer);
    if (usable >= BLOCK && usable < BLOCK + 64 && kept.count < KEPT_MAX) {
        if (!kept.is_registered) {
            kept.is_registered = 1;
            pthread_setspecific(at_thread_end, &kept);
        }
        kept.block[kept.count++] = pointer;
        return;
    }
    free(pointer);
}

static void start(void) {
    if (pthread_key_create(&at_thread_end, free_kept) == 0) {
        // Refused when something in the process used OpenSSL before; then malloc serves as usual.
        CRYPTO_set_mem_functions(take, resize, give);
    }
    // No exit handler: other threads may still be in OpenSSL when the process ends.
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
    ERR_clear_error();
}

void seal_openssl_start(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start);
}
