#include "daemon/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/daemon.h"

#define LOOK_MS 1000

void ballast_init(struct ballast *b, const struct config *cfg)
{
    const char *db = cfg->store + strlen("sqlite:");

    *b = (struct ballast){.fd = -1};
    if (strncmp(cfg->store, "sqlite:", 7) != 0 || cfg->ballast_mb == 0)
        return;
    size_t n = strlen(db);
    if (n > 3 && strcmp(db + n - 3, ".db") == 0)
        n -= 3;
    snprintf(b->path, sizeof(b->path), "%.*s.ballast", (int)n, db);
}

static void switch_off(struct daemon *d, int err)
{
    char path[800];

    log_warn("ballast_off", "file=%s why=%s",
             log_quote(d->ballast.path, path, sizeof(path)), strerror(err));
    d->ballast.r = (struct dk_reserve){.want = 0};
    ballast_close(&d->ballast);
}

/* Bytes that the file really has on the disk. */
static int64_t allocated(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return 0;
    int64_t blocks = (int64_t)st.st_blocks * 512;
    return blocks < st.st_size ? blocks : st.st_size;
}

/* One step towards the whole size; false: there is no room, or no need. */
static bool grow(struct daemon *d)
{
    struct ballast *b = &d->ballast;
    struct statvfs v;

    if (fstatvfs(b->fd, &v) != 0)
        return false;
    int64_t left = (int64_t)((uint64_t)v.f_bavail * v.f_frsize);
    int64_t next = dk_reserve_next(&b->r, left);
    if (next == b->r.have)
        return false;
    int err = posix_fallocate(b->fd, b->r.have, next - b->r.have);
    if (err == 0) {
        dk_reserve_is(&b->r, next);
        return true;
    }
    if (err != ENOSPC && err != EDQUOT && err != EINTR)
        switch_off(d, err);
    return false;
}

/* Make the file, or take the one that is there.  Where there is not even room
 * for its name, nothing is kept back yet, and the house-keeping tries again.
 */
static void take(struct daemon *d)
{
    struct ballast *b = &d->ballast;
    struct statvfs v;

    b->fd = open(b->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (b->fd < 0 && (errno == ENOSPC || errno == EDQUOT)) {
        b->r = (struct dk_reserve){.want = d->cfg->ballast_mb << 20,
                                   .tight = true};
        b->look_at = mono_now() + LOOK_MS;
        return;
    }
    if (b->fd < 0 || fstatvfs(b->fd, &v) != 0) {
        switch_off(d, errno);
        return;
    }
    b->r.want = dk_reserve_want(d->cfg->ballast_mb << 20,
                                (int64_t)((uint64_t)v.f_blocks * v.f_frsize));
    if (b->r.want == 0) {
        b->r.tight = false;
        ballast_close(b);
        return;
    }
    b->r.tight = true;
    dk_reserve_is(&b->r, allocated(b->fd));
    if (b->r.have > b->r.want && ftruncate(b->fd, b->r.want) == 0)
        dk_reserve_is(&b->r, b->r.want); /* there is less to keep back now */
}

void ballast_open(struct daemon *d)
{
    struct ballast *b = &d->ballast;

    if (b->path[0] == '\0')
        return;
    take(d);
    while (b->fd >= 0 && grow(d))
        continue;
    if (b->r.tight)
        log_warn("storage_tight",
                 "have=%" PRId64 " want=%" PRId64 " why=\"no room for the "
                 "ballast: new cases are refused until there is\"",
                 b->r.have, b->r.want);
}

bool ballast_drop(struct ballast *b)
{
    struct stat st;

    if (b->path[0] == '\0' || stat(b->path, &st) != 0 || st.st_blocks == 0)
        return false;
    return truncate(b->path, 0) == 0;
}

bool ballast_give_up(struct daemon *d)
{
    struct ballast *b = &d->ballast;
    int64_t had = b->r.have;
    bool was = b->r.tight;
    bool again = dk_reserve_give_up(&b->r);

    if (again && ftruncate(b->fd, 0) != 0)
        again = false;
    if (again || (b->r.tight && !was))
        log_warn("storage_tight",
                 "released=%" PRId64 " why=\"the disk is full: new cases are "
                 "refused, work is finished\"",
                 had);
    return again;
}

void ballast_house(struct daemon *d)
{
    struct ballast *b = &d->ballast;
    bool was = b->r.tight;

    if (b->r.have >= b->r.want || mono_now() < b->look_at)
        return;
    if (b->fd < 0)
        take(d);
    /* While it goes on, step by step at each call; else look now and then. */
    if (b->fd < 0 || !grow(d))
        b->look_at = mono_now() + LOOK_MS;
    if (was && !b->r.tight)
        log_info("storage_ample", "kept_back=%" PRId64, b->r.have);
}

void ballast_close(struct ballast *b)
{
    if (b->fd >= 0)
        close(b->fd);
    b->fd = -1;
}
