// SPDX-License-Identifier: Apache-2.0
// The bodies behind CSys.h. No policy here: each function is one call or one copy.

#include "include/CSys.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <openssl/bio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// ---- BIO over lent buffers

static int bio_read_ex(BIO *bio, char *data, size_t count, size_t *done) {
    seal_bio *state = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (state->in_count == 0) {
        *done = 0;
        if (!state->at_end) BIO_set_retry_read(bio);
        return 0;
    }
    size_t take = count < state->in_count ? count : state->in_count;
    memcpy(data, state->in, take);
    state->in += take;
    state->in_count -= take;
    *done = take;
    return 1;
}

static int bio_write_ex(BIO *bio, const char *data, size_t count, size_t *done) {
    seal_bio *state = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (state->out_capacity - state->out_count < count) {
        size_t wanted = state->out_capacity ? state->out_capacity : 16384;
        while (wanted - state->out_count < count) wanted *= 2;
        uint8_t *grown = realloc(state->out, wanted);
        if (!grown) {
            *done = 0;
            return 0;
        }
        state->out = grown;
        state->out_capacity = wanted;
    }
    memcpy(state->out + state->out_count, data, count);
    state->out_count += count;
    *done = count;
    return 1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer) {
    (void)number;
    (void)pointer;
    seal_bio *state = BIO_get_data(bio);
    switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
        return 1;
    case BIO_CTRL_PENDING:
        return (long)state->in_count;
    case BIO_CTRL_EOF:
        return state->at_end && state->in_count == 0;
    default:
        return 0;
    }
}

static int bio_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *bio_method(void) {
    static BIO_METHOD *shared = NULL;
    BIO_METHOD *method = __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
    if (method) return method;
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lent buffers");
    BIO_meth_set_read_ex(method, bio_read_ex);
    BIO_meth_set_write_ex(method, bio_write_ex);
    BIO_meth_set_ctrl(method, bio_ctrl);
    BIO_meth_set_create(method, bio_create);
    BIO_METHOD *expected = NULL;
    if (!__atomic_compare_exchange_n(
            &shared, &expected, method, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        BIO_meth_free(method);
        method = expected;
    }
    return method;
}

BIO *seal_bio_new(seal_bio *state) {
    BIO *bio = BIO_new(bio_method());
    if (bio) BIO_set_data(bio, state);
    return bio;
}

seal_bio *seal_bio_state_new(size_t out_capacity) {
    seal_bio *state = calloc(1, sizeof *state);
    if (!state) return NULL;
    state->out = malloc(out_capacity);
    state->out_capacity = state->out ? out_capacity : 0;
    return state;
}

void seal_bio_state_free(seal_bio *state) {
    if (!state) return;
    free(state->out);
    free(state);
}

void seal_bio_shrink(seal_bio *state, size_t out_capacity) {
    uint8_t *smaller = malloc(out_capacity);
    if (!smaller) return;
    free(state->out);
    state->out = smaller;
    state->out_capacity = out_capacity;
    state->out_count = 0;
}

// ---- OpenSSL macros

long seal_ssl_ctx_set_min_version(SSL_CTX *ctx, int version) {
    return SSL_CTX_set_min_proto_version(ctx, version);
}

long seal_ssl_ctx_set_max_version(SSL_CTX *ctx, int version) {
    return SSL_CTX_set_max_proto_version(ctx, version);
}

long seal_ssl_ctx_set_mode(SSL_CTX *ctx, long mode) { return SSL_CTX_set_mode(ctx, mode); }

long seal_ssl_ctx_set_session_cache_off(SSL_CTX *ctx) {
    return SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
}

long seal_ssl_set_host_name(SSL *ssl, const char *name) {
    return SSL_set_tlsext_host_name(ssl, name);
}

long seal_ssl_ctx_add0_chain_cert(SSL_CTX *ctx, X509 *certificate) {
    return SSL_CTX_add0_chain_cert(ctx, certificate);
}

int seal_ssl_ctx_set_groups(SSL_CTX *ctx, const char *list) {
    return (int)SSL_CTX_set1_groups_list(ctx, list);
}

// ---- System calls

int seal_accept4(int fd, struct sockaddr *address, socklen_t *length) {
    return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int seal_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int seal_errno(void) { return errno; }

void seal_set_errno(int value) { errno = value; }

uint64_t seal_monotonic_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int seal_epoll_wait(int poller, struct epoll_event *events, int count, uint64_t nanoseconds) {
    struct timespec time = {
        .tv_sec = (time_t)(nanoseconds / 1000000000u),
        .tv_nsec = (long)(nanoseconds % 1000000000u),
    };
#ifdef SYS_epoll_pwait2
    long ready = syscall(SYS_epoll_pwait2, poller, events, count, &time, NULL, (size_t)8);
    if (ready >= 0 || errno != ENOSYS) return (int)ready;
#endif
    // Older kernels wait in milliseconds; rounded up, so that nobody spins.
    uint64_t milliseconds = (nanoseconds + 999999u) / 1000000u;
    return epoll_wait(poller, events, count, milliseconds > 3600000u ? 3600000 : (int)milliseconds);
}

uint64_t seal_process_nanoseconds(int process) {
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid((pid_t)process, &clock) != 0) return 0;
    if (clock_gettime(clock, &time) != 0) return 0;
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int seal_ignore_signal(int number) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_IGN;
    return sigaction(number, &action, NULL);
}

void seal_thread_setup(const char *name, int niceness) {
    pthread_setname_np(pthread_self(), name);
    if (niceness) setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), niceness);
}

int seal_malloc_trim(void) { return malloc_trim(0); }

void seal_malloc_settings(void) {
    // Buffers that grow and shrink each turn must not give the heap's top back with brk each time.
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_TOP_PAD, 1 << 20);
    // One arena per shard is plenty; more only fragment.
    mallopt(M_ARENA_MAX, 4);
}

size_t seal_allocated_bytes(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

// Bytes of this process in RAM.
static size_t resident_bytes(void) {
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return 0;
    unsigned long total = 0, resident = 0;
    int count = fscanf(file, "%lu %lu", &total, &resident);
    fclose(file);
    return count == 2 ? resident * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

int seal_give_memory_back(size_t above) {
    size_t resident = resident_bytes(), used = seal_allocated_bytes();
    if (resident < used || resident - used <= above) return 0;
    return malloc_trim(0);
}
