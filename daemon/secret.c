#include "daemon/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/durable.h"

int secret_room(struct secret *out, size_t len)
{
    *out = (struct secret){.v = sodium_malloc(len + 1), .len = len};
    if (out->v == NULL)
        return DK_ENOMEM;
    memset(out->v, 0, len + 1);
    return DK_OK;
}

void secret_wipe(struct secret *s)
{
    sodium_free(s->v); /* wipes; NULL is allowed */
    s->v = NULL;
    s->len = 0;
}

/* ---- reading ------------------------------------------------------------- */

static int cannot(const char *path, int err, struct dk_problem *p)
{
    int rc = err == ENOENT || err == ENOTDIR  ? DK_ENOTFOUND
             : err == ENOSPC || err == EDQUOT ? DK_EFULL
             : err == EACCES || err == EPERM || err == ELOOP || err == EROFS
                 ? DK_EFORBIDDEN
                 : DK_EIO;

    return dk_failf(p, rc, NULL,
                    "the secret %.200s cannot be read or written: %s; check "
                    "the path and its rights",
                    "密钥文件 %.200s 无法读写：%s；请检查路径与权限", path,
                    strerror(err));
}

/* Nobody but the user that runs this may read or change it.  A credential's
 * folder is closed by systemd, which may show its access list as group bits.
 */
static int check_rights(const char *path, const struct stat *st,
                        bool credential, struct dk_problem *p)
{
    mode_t loose = st->st_mode & 07777 & ~(mode_t)(credential ? 0740 : 0400);

    if (!S_ISREG(st->st_mode))
        return dk_failf(p, DK_EFORBIDDEN, NULL,
                        "the secret %.200s is not a plain file; put one there",
                        "密钥 %.200s 不是普通文件，请改为普通文件", path);
    if (!credential && st->st_uid != geteuid())
        return dk_failf(
            p, DK_EFORBIDDEN, NULL,
            "the secret %.200s belongs to user %ld, and this "
            "program runs as user %ld; run: chown %ld %.100s",
            "密钥文件 %.200s 属于用户 %ld，而本程序以用户 %ld 运行；"
            "请执行：chown %ld %.100s",
            path, (long)st->st_uid, (long)geteuid(), (long)geteuid(), path);
    if (loose == 0)
        return DK_OK;
    return dk_failf(p, DK_EFORBIDDEN, NULL,
                    "the secret %.160s has mode %04o: others may have read it; "
                    "run chmod 0400 %.100s, and make a new one if it was seen",
                    "密钥文件 %.160s 的权限为 %04o，可能已被他人读取；请执行 "
                    "chmod 0400 %.100s，如已泄露请更换",
                    path, (unsigned)(st->st_mode & 07777), path);
}

static int read_all(int fd, uint8_t *to, size_t len)
{
    size_t n = 0;

    while (n < len) {
        ssize_t r = read(fd, to + n, len - n);

        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return r == 0 ? EIO : errno; /* it became shorter meanwhile */
        n += (size_t)r;
    }
    return 0;
}

static int read_fd(int fd, const char *path, const struct secret_place *at,
                   struct secret *out, struct dk_problem *p)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return cannot(path, errno, p);
    int rc = check_rights(path, &st, out->credential, p);
    if (rc != DK_OK)
        return rc;
    if (st.st_size <= 0 || (size_t)st.st_size > at->max)
        return dk_failf(p, DK_EFIELD, NULL,
                        "the secret %.200s has %lld bytes, from 1 to %zu are "
                        "possible; restore it from its copy",
                        "密钥文件 %.200s 有 %lld 字节，应为 1 至 %zu 字节；"
                        "请用其备份恢复",
                        path, (long long)st.st_size, at->max);
    out->v = sodium_malloc((size_t)st.st_size + 1);
    if (out->v == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    out->len = (size_t)st.st_size;
    out->v[out->len] = 0;
    int err = read_all(fd, out->v, out->len);
    return err == 0 ? DK_OK : cannot(path, err, p);
}

/* No blocking on a fifo, no following of a link that somebody put there. */
static int read_path(const char *path, const struct secret_place *at,
                     struct secret *out, struct dk_problem *p)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
                            (out->credential ? 0 : O_NOFOLLOW));

    if (fd < 0 && errno == ELOOP)
        return dk_failf(p, DK_EFORBIDDEN, NULL,
                        "the secret %.200s is a link; put the file itself "
                        "there",
                        "密钥 %.200s 是符号链接，请放置文件本身", path);
    if (fd < 0)
        return cannot(path, errno, p);
    int rc = read_fd(fd, path, at, out, p);
    close(fd);
    return rc;
}

static bool find_credential(const struct secret_place *at, struct secret *out)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");

    if (at->credential == NULL || dir == NULL || dir[0] != '/')
        return false;
    int n =
        snprintf(out->path, sizeof(out->path), "%s/%s", dir, at->credential);
    return n > 0 && (size_t)n < sizeof(out->path) &&
           (access(out->path, F_OK) == 0 || errno != ENOENT);
}

int secret_read(const struct secret_place *at, struct secret *out,
                struct dk_problem *p)
{
    *out = (struct secret){.v = NULL};
    out->credential = find_credential(at, out);
    if (!out->credential)
        snprintf(out->path, sizeof(out->path), "%s", at->file);
    int rc = read_path(out->path, at, out, p);
    if (rc != DK_OK)
        secret_wipe(out);
    return rc;
}

/* ---- writing ------------------------------------------------------------- */

/* The content beside the file, synced; one that a crash left is replaced. */
static int write_beside(const char *beside, const void *data, size_t len)
{
    if (unlink(beside) != 0 && errno != ENOENT)
        return errno;
    return durable_create(beside, 0400, data, len);
}

static int beside_name(const char *file, char *to, size_t cap,
                       struct dk_problem *p)
{
    int n = snprintf(to, cap, "%s.new", file);

    if (n > 0 && (size_t)n < cap)
        return DK_OK;
    return dk_failf(p, DK_EFORBIDDEN, NULL,
                    "the path of the secret %.100s.. is too long; choose a "
                    "shorter one",
                    "密钥文件路径 %.100s.. 过长，请缩短", file);
}

int secret_create(const char *file, const void *data, size_t len,
                  struct dk_problem *p)
{
    char beside[SECRET_PATH_MAX];
    int rc = beside_name(file, beside, sizeof(beside), p);

    if (rc != DK_OK)
        return rc;
    int err = write_beside(beside, data, len);
    if (err != 0)
        return cannot(file, err, p);
    /* A link, not a rename: it never takes the place of another's file. */
    err = link(beside, file) == 0 ? 0 : errno;
    unlink(beside);
    if (err == 0)
        err = durable_folder(file);
    if (err == EEXIST)
        return dk_failf(p, DK_ECONFLICT, NULL,
                        "the secret %.200s is there already and stays as it "
                        "is; move it away to make another",
                        "密钥文件 %.200s 已存在，未作改动；如需新建请先移走",
                        file);
    return err == 0 ? DK_OK : cannot(file, err, p);
}

/* The old file has no name any more, but its bytes are still on the disk. */
static void wipe_old(int fd)
{
    char path[64];
    struct stat st;
    uint8_t zero[512] = {0};

    if (fd < 0)
        return;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int w = fstat(fd, &st) == 0 && fchmod(fd, 0600) == 0
                ? open(path, O_WRONLY | O_CLOEXEC)
                : -1;
    for (off_t at = 0; w >= 0 && at < st.st_size; at += (off_t)sizeof(zero)) {
        if (write(w, zero, sizeof(zero)) < 0)
            break;
    }
    if (w >= 0) {
        (void)!fsync(w);
        close(w);
    }
    close(fd);
}

int secret_replace(const char *file, const void *data, size_t len,
                   struct dk_problem *p)
{
    char beside[SECRET_PATH_MAX];
    int rc = beside_name(file, beside, sizeof(beside), p);

    if (rc != DK_OK)
        return rc;
    int old = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (old < 0)
        return cannot(file, errno, p);
    int err = write_beside(beside, data, len);
    if (err == 0 && rename(beside, file) != 0) {
        err = errno;
        unlink(beside);
    } else if (err == 0) {
        err = durable_folder(file);
        if (err == 0) {
            wipe_old(old);
            return DK_OK;
        }
    }
    close(old);
    return cannot(file, err, p);
}

int secret_obtain(const struct secret_place *at, secret_make_fn make, void *arg,
                  struct secret *out, bool *made, struct dk_problem *p)
{
    struct secret fresh;
    int rc = secret_read(at, out, p);

    *made = false;
    if (rc != DK_ENOTFOUND || out->credential)
        return rc;
    if (secret_room(&fresh, at->max) != DK_OK)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    size_t n = make(arg, fresh.v, at->max);
    if (n == 0) { /* no empty file, which would be refused for ever */
        secret_wipe(&fresh);
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    }
    rc = secret_create(at->file, fresh.v, n, p);
    secret_wipe(&fresh);
    *made = rc == DK_OK;
    if (rc == DK_OK && p != NULL)
        dk_problem_clear(p); /* that it was not there is none any more */
    if (rc == DK_OK || rc == DK_ECONFLICT) /* another was quicker */
        rc = secret_read(at, out, p);
    return rc;
}
