// SPDX-License-Identifier: Apache-2.0
// What Swift cannot import: OpenSSL's function-like macros, an in-memory BIO, and a few
// system calls. Declarations here, logic in CSys.c.
#pragma once

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "AuthorityDoor.h"
#include "OpenSSLDoor.h"

// A BIO over two buffers that its owner lends for one step: reads come out of `in`, writes are
// appended to `out`. One such BIO serves every SSL object of a thread.
typedef struct seal_bio {
    const uint8_t *in;
    size_t in_count;   // bytes left at `in`
    uint8_t *out;
    size_t out_count;  // bytes written so far
    size_t out_capacity;
    int at_end;        // reads at the end of `in` say "closed", not "try again"
    void *owner;       // whoever takes this step; callbacks find it through the BIO
} seal_bio;

BIO *seal_bio_new(seal_bio *state);
seal_bio *seal_bio_state_new(size_t out_capacity);
void seal_bio_state_free(seal_bio *state);
// Gives a grown output buffer back; what was in it is lost.
void seal_bio_shrink(seal_bio *state, size_t out_capacity);

// OpenSSL macros.
long seal_ssl_ctx_set_min_version(SSL_CTX *ctx, int version);
long seal_ssl_ctx_set_max_version(SSL_CTX *ctx, int version);
long seal_ssl_ctx_set_mode(SSL_CTX *ctx, long mode);
long seal_ssl_ctx_set_session_cache_off(SSL_CTX *ctx);
long seal_ssl_set_host_name(SSL *ssl, const char *name);
long seal_ssl_ctx_add0_chain_cert(SSL_CTX *ctx, X509 *certificate);
int seal_ssl_ctx_set_groups(SSL_CTX *ctx, const char *list);

// System calls.
int seal_accept4(int fd, struct sockaddr *address, socklen_t *length);
int seal_eventfd(void);
int seal_errno(void);
void seal_set_errno(int value);
uint64_t seal_monotonic_nanoseconds(void);
// Like epoll_wait, but waits to the nanosecond where the kernel can.
int seal_epoll_wait(int poller, struct epoll_event *events, int count, uint64_t nanoseconds);
// The processor time that a process has used, all its threads, in nanoseconds; 0 when unknown.
uint64_t seal_process_nanoseconds(int process);

// Gives free pages of the allocator back to the system when more than so many bytes in RAM are not
// in use; 1 when it did.
int seal_give_memory_back(size_t above);

// The bytes that are in use of what the allocator gave out.
size_t seal_allocated_bytes(void);
int seal_ignore_signal(int number);
void seal_thread_setup(const char *name, int niceness);
int seal_malloc_trim(void);
void seal_malloc_settings(void);
