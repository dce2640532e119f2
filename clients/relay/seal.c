#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TEXT  ((size_t)2 * SEAL_KEY + 1) /* hexadecimal, and a line feed */

_Static_assert(SEAL_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
_Static_assert(SEAL_EXTRA == NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "extra");

static int failed(const char *file, struct dk_problem *p)
{
    const char *why = strerrordesc_np(errno);
    int code = errno == ENOENT   ? DK_ENOTFOUND
               : errno == ENOSPC ? DK_EFULL
               : errno == EACCES ? DK_EFORBIDDEN
                                 : DK_EIO;

    return dk_failf(p, code, NULL, "the key of the spool, %.200s: %s",
                    "暂存文件的密钥 %.200s：%s", file, why != NULL ? why : "?");
}

static int sync_folder(const char *file)
{
    char dir[PATH_MAX];
    char *slash;
    int fd, rc;

    if (snprintf(dir, sizeof(dir), "%s", file) >= (int)sizeof(dir))
        return -1;
    slash = strrchr(dir, '/');
    if (slash != NULL)
        slash[slash == dir ? 1 : 0] = '\0';
    fd = open(slash != NULL ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    rc = fsync(fd);
    close(fd);
    return rc;
}

/* A credential of systemd may be its group's to read. */
static mode_t others(const char *file)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    size_t n = folder != NULL ? strlen(folder) : 0;

    return n > 0 && strncmp(file, folder, n) == 0 ? 007 : 077;
}

/* Whole and on the disk before its name is there. */
static int make(const char *file, unsigned char key[SEAL_KEY],
                struct dk_problem *p)
{
    char text[TEXT + 1], aside[PATH_MAX];
    bool ok;
    int fd;

    randombytes_buf(key, SEAL_KEY);
    sodium_bin2hex(text, sizeof(text), key, SEAL_KEY);
    text[TEXT - 1] = '\n';
    if (snprintf(aside, sizeof(aside), "%s.new", file) >= (int)sizeof(aside)) {
        errno = ENAMETOOLONG;
        return failed(file, p);
    }
    (void)unlink(aside); /* of a start that was cut off */
    fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    if (fd < 0)
        return failed(file, p);
    ok = write(fd, text, TEXT) == (ssize_t)TEXT && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    /* Not over one that somebody made meanwhile. */
    ok = ok && link(aside, file) == 0 && unlink(aside) == 0 &&
         sync_folder(file) == 0;
    sodium_memzero(text, sizeof(text));
    return ok ? 0 : failed(file, p);
}

static int read_key(int fd, const char *file, unsigned char key[SEAL_KEY],
                    struct dk_problem *p)
{
    char text[TEXT + 1] = "";
    struct stat st;
    size_t n = 0;
    ssize_t got;

    if (fstat(fd, &st) != 0)
        return failed(file, p);
    if ((st.st_mode & others(file)) != 0)
        return dk_failf(p, DK_EFORBIDDEN, NULL,
                        "others can read the key of the spool: chmod 400 "
                        "%.200s",
                        "其他用户可以读取暂存文件的密钥：请执行 chmod 400 "
                        "%.200s",
                        file);
    got = read(fd, text, sizeof(text));
    if (got < 0)
        return failed(file, p);
    if (sodium_hex2bin(key, SEAL_KEY, text, (size_t)got, "\n", &n, NULL) == 0 &&
        n == SEAL_KEY) {
        sodium_memzero(text, sizeof(text));
        return 0;
    }
    return dk_failf(p, DK_EFIELD, NULL,
                    "%.200s is no key of a spool: 64 hexadecimal digits are "
                    "expected; bring back the one that was there",
                    "%.200s 不是暂存文件的密钥：应为 64 位十六进制数；请恢复"
                    "原来的密钥文件",
                    file);
}

int seal_key(const char *file, bool create, unsigned char key[SEAL_KEY],
             struct dk_problem *p)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return create && errno == ENOENT ? make(file, key, p) : failed(file, p);
    rc = read_key(fd, file, key, p);
    close(fd);
    return rc;
}

void seal_shut(const unsigned char key[SEAL_KEY], const char *name,
               const void *text, size_t n, unsigned char *out)
{
    randombytes_buf(out, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, NULL, text, n,
                                               (const unsigned char *)name,
                                               strlen(name), NULL, out, key);
}

int seal_open(const unsigned char key[SEAL_KEY], const char *name,
              const unsigned char *sealed, size_t n, char *out)
{
    if (n < SEAL_EXTRA ||
        crypto_aead_xchacha20poly1305_ietf_decrypt(
            (unsigned char *)out, NULL, NULL, sealed + NONCE, n - NONCE,
            (const unsigned char *)name, strlen(name), sealed, key) != 0)
        return DK_EFORBIDDEN;
    out[n - SEAL_EXTRA] = '\0';
    return 0;
}
