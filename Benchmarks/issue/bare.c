// SPDX-License-Identifier: Apache-2.0
// The least that issuing many certificates can be: a loop over OpenSSL that writes the same files
// in the same groups as `sealwire ca issue --from`, and checks nothing.
// bare CA-CERTIFICATE CA-KEY FOLDER COUNT GROUP

#define _GNU_SOURCE
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[4096];
static BIO *ca_pem;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void put(const char *name, BIO *first, BIO *second, int mode) {
    char path[5000];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (file < 0) die(path);
    BIO *parts[2] = {first, second};
    for (int part = 0; part < 2 && parts[part]; part++) {
        char *bytes;
        long count = BIO_get_mem_data(parts[part], &bytes);
        if (write(file, bytes, (size_t)count) != count) die(path);
    }
    close(file);
}

static void sync_all(void) {
    int place = open(folder, O_RDONLY | O_DIRECTORY);
    if (place < 0 || syncfs(place) != 0) die("syncfs");
    close(place);
}

static void extend(X509 *certificate, X509 *issuer, int number, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, number, value);
    if (!extension || !X509_add_ext(certificate, extension, -1)) die("extension");
    X509_EXTENSION_free(extension);
}

static X509 *make(X509 *issuer, EVP_PKEY *signer, EVP_PKEY *key, const char *name, long serial) {
    X509 *made = X509_new();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
    X509_set_issuer_name(made, X509_get_subject_name(issuer));
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    X509_gmtime_adj(X509_getm_notBefore(made), -300);
    X509_gmtime_adj(X509_getm_notAfter(made), 365L * 86400);
    X509_set_pubkey(made, key);
    extend(made, issuer, NID_basic_constraints, "critical,CA:FALSE");
    extend(made, issuer, NID_key_usage, "critical,digitalSignature");
    extend(made, issuer, NID_ext_key_usage, "clientAuth");
    extend(made, issuer, NID_subject_key_identifier, "hash");
    extend(made, issuer, NID_authority_key_identifier, "keyid");
    if (X509_sign(made, signer, EVP_sha256()) <= 0) die("sign");
    return made;
}

// A group's files, then its certificates under their numbers, then both on the disk.
static void group(X509 *issuer, EVP_PKEY *signer, long first, long count) {
    BIO *kept = BIO_new(BIO_s_mem()), *rows = BIO_new(BIO_s_mem());
    BIO **own = calloc((size_t)count, sizeof *own);
    char name[64], path[5000];
    for (long index = 0; index < count; index++) {
        char stem[32];
        snprintf(stem, sizeof stem, "dev-%ld", first + index);
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *made = make(issuer, signer, key, stem, 0x1000 + first + index);
        own[index] = BIO_new(BIO_s_mem());
        PEM_write_bio_X509(own[index], made);
        (void)BIO_reset(kept);
        PEM_write_bio_PKCS8PrivateKey(kept, key, NULL, NULL, 0, NULL, NULL);
        snprintf(name, sizeof name, "%s.crt", stem);
        put(name, own[index], NULL, 0644);
        snprintf(name, sizeof name, "%s.chain.pem", stem);
        put(name, own[index], ca_pem, 0644);
        snprintf(name, sizeof name, "%s.key", stem);
        put(name, kept, NULL, 0600);
        const ASN1_TIME *end = X509_get0_notAfter(made);
        char *subject = X509_NAME_oneline(X509_get_subject_name(made), NULL, 0);
        BIO_printf(rows, "V\t%.*s\t\t%lX\tunknown\t%s\n", end->length, end->data,
                   0x1000 + first + index, subject);
        OPENSSL_free(subject);
        X509_free(made);
        EVP_PKEY_free(key);
    }
    snprintf(path, sizeof path, "%s/database.txt", folder);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    char *bytes;
    long length = BIO_get_mem_data(rows, &bytes);
    if (file < 0 || write(file, bytes, (size_t)length) != length || fdatasync(file)) die(path);
    close(file);
    snprintf(path, sizeof path, "%s/serial", folder);
    FILE *serial = fopen(path, "w");
    if (!serial) die(path);
    fprintf(serial, "%lX\n", 0x1000 + first + count);
    fclose(serial);
    sync_all();
    for (long index = 0; index < count; index++) {
        snprintf(name, sizeof name, "%lX.pem", 0x1000 + first + index);
        put(name, own[index], NULL, 0644);
        BIO_free(own[index]);
    }
    sync_all();
    free(own);
    BIO_free(kept);
    BIO_free(rows);
}

int main(int count, char **words) {
    if (count != 6) return 64;
    FILE *certificate = fopen(words[1], "r"), *key = fopen(words[2], "r");
    if (!certificate || !key) die(words[1]);
    X509 *issuer = PEM_read_X509(certificate, NULL, NULL, NULL);
    EVP_PKEY *signer = PEM_read_PrivateKey(key, NULL, NULL, NULL);
    if (!issuer || !signer) die("read");
    ca_pem = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(ca_pem, issuer);
    snprintf(folder, sizeof folder, "%s", words[3]);
    long total = atol(words[4]), size = atol(words[5]);
    for (long first = 0; first < total; first += size) {
        group(issuer, signer, first, total - first < size ? total - first : size);
    }
    return 0;
}
