#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/jsonw.h"

static const char *why(void)
{
    const char *s = strerrordesc_np(errno);

    return s != NULL ? s : "?";
}

static int make_sub(int dir, const char *name, struct dk_problem *p)
{
    if (mkdirat(dir, name, 0700) != 0 && errno != EEXIST)
        return dk_failf(p, DK_EFORBIDDEN, NULL,
                        "the folder %s/ cannot be made in the folder of "
                        "cases: %s",
                        "无法在案件目录中建立 %s/:%s", name, why());
    if (faccessat(dir, name, W_OK | X_OK, AT_EACCESS) != 0)
        return dk_failf(p, DK_EFORBIDDEN, NULL,
                        "the folder %s/ of the folder of cases cannot be "
                        "written: %s",
                        "案件目录中的 %s/ 无法写入：%s", name, why());
    return 0;
}

int folder_open(struct folder *f, const char *path, struct dk_problem *p)
{
    int rc;

    *f = (struct folder){.dir = -1, .notify = -1};
    f->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->dir < 0)
        return dk_failf(p, DK_ENOTFOUND, NULL,
                        "the folder %.200s cannot be read: %s",
                        "目录 %.200s 无法读取：%s", path, why());
    rc = faccessat(f->dir, ".", W_OK, AT_EACCESS) == 0 ? 0 : DK_EFORBIDDEN;
    if (rc != 0)
        (void)dk_failf(p, rc, NULL,
                       "files cannot be moved out of the folder %.200s: %s",
                       "无法移走目录 %.200s 中的文件：%s", path, why());
    if (rc == 0)
        rc = make_sub(f->dir, "taken", p);
    if (rc == 0)
        rc = make_sub(f->dir, "refused", p);
    if (rc != 0) {
        folder_close(f);
        return rc;
    }
    f->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (f->notify >= 0)
        (void)inotify_add_watch(f->notify, path, IN_MOVED_TO | IN_CLOSE_WRITE);
    f->changed = true;
    return 0;
}

void folder_close(struct folder *f)
{
    if (f->scan != NULL)
        closedir(f->scan);
    if (f->notify >= 0)
        close(f->notify);
    if (f->dir >= 0)
        close(f->dir);
    *f = (struct folder){.dir = -1, .notify = -1};
}

void folder_notified(struct folder *f)
{
    char buf[4096];

    while (read(f->notify, buf, sizeof(buf)) > 0)
        f->changed = true;
}

static bool is_case_name(const char *name)
{
    size_t n = strlen(name);

    return n > 5 && name[0] != '.' && strcmp(name + n - 5, ".json") == 0;
}

static int begin_scan(struct folder *f, dk_ms now)
{
    int fd = openat(f->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    f->scan_at = now + FOLDER_RESCAN_MS;
    if (fd < 0)
        return 0;
    f->scan = fdopendir(fd);
    if (f->scan == NULL) {
        close(fd);
        return 0;
    }
    f->changed = false;
    f->empty = false;
    f->stuck = false;
    f->found = 0;
    return 1;
}

int folder_next(struct folder *f, dk_ms now, char name[NAME_MAX + 1])
{
    const struct dirent *d;

    if (f->dir < 0)
        return 0;
    if (f->notify >= 0)
        folder_notified(f);
    if (f->scan == NULL) {
        if (!f->changed && now < f->scan_at)
            return 0;
        if (!begin_scan(f, now))
            return 0;
    }
    /* This stream is this process' own. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    while ((d = readdir(f->scan)) != NULL) {
        if (!is_case_name(d->d_name))
            continue;
        f->found++;
        snprintf(name, NAME_MAX + 1, "%s", d->d_name);
        return 1;
    }
    closedir(f->scan);
    f->scan = NULL;
    f->empty = f->found == 0 && !f->changed;
    /* Where files were moved away, look once more at once. */
    if (f->found > 0 && !f->stuck)
        f->changed = true;
    return 0;
}

static int refuse_kind(struct dk_problem *p)
{
    return dk_fail(p, DK_EFIELD, NULL,
                   "this is not a plain file; write the case into a file and "
                   "rename it into the folder",
                   "不是普通文件；请将案件写入文件后再改名移入目录");
}

/* ELOOP: a link, which is not followed out of the folder. */
static int cannot_open(struct dk_problem *p)
{
    if (errno == ENOENT)
        return DK_ENOTFOUND;
    if (errno == ELOOP)
        return refuse_kind(p);
    return dk_failf(p, DK_EFORBIDDEN, NULL, "the file cannot be read: %s",
                    "文件无法读取：%s", why());
}

int folder_read(const struct folder *f, const char *name, size_t max,
                char **out, size_t *len, struct dk_problem *p)
{
    int fd =
        openat(f->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    char *buf = NULL;
    ssize_t n = 0;
    int rc = 0;

    if (fd < 0)
        return cannot_open(p);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        rc = refuse_kind(p);
        goto end;
    }
    if (st.st_size > (off_t)max) {
        rc = dk_failf(p, DK_ETOOBIG, NULL,
                      "the file has %lld bytes; at most %zu are taken",
                      "文件有 %lld 字节，最多接收 %zu 字节",
                      (long long)st.st_size, max);
        goto end;
    }
    buf = malloc((size_t)st.st_size + 1);
    *len = 0;
    while (buf != NULL && *len < (size_t)st.st_size) {
        n = read(fd, buf + *len, (size_t)st.st_size - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        *len += (size_t)n;
    }
    if (buf == NULL || n < 0)
        rc = dk_failf(p, buf == NULL ? DK_ENOMEM : DK_EFORBIDDEN, NULL,
                      "the file cannot be read: %s", "文件无法读取：%s", why());
end:
    close(fd);
    if (rc == 0)
        *out = buf;
    else
        free(buf);
    return rc;
}

static int move_problem(struct folder *f, const char *name,
                        struct dk_problem *p)
{
    f->stuck = true;
    return dk_failf(p, DK_EIO, NULL, "the file %.200s cannot be moved away: %s",
                    "文件 %.200s 无法移走：%s", name, why());
}

/* Move to SUB/NAME, or where that exists, to SUB/NAME-ID.json; the name used
 * is written to `used`.  A file there is never replaced.
 */
static int move(struct folder *f, const char *name, const char *sub,
                const char *id, struct dk_problem *p)
{
    char to[NAME_MAX + 128];

    snprintf(to, sizeof(to), "%s/%s", sub, name);
    if (renameat2(f->dir, name, f->dir, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno == ENOENT)
        return 0; /* somebody else moved it: that is all we want */
    if (errno == EINVAL || errno == ENOSYS) { /* not on this file system */
        if (faccessat(f->dir, to, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
            renameat(f->dir, name, f->dir, to) == 0)
            return 0;
    }
    snprintf(to, sizeof(to), "%s/%.*s-%s.json", sub, 200, name, id);
    if (renameat(f->dir, name, f->dir, to) != 0)
        return move_problem(f, name, p);
    return 0;
}

int folder_taken(struct folder *f, const char *name, const char *id,
                 struct dk_problem *p)
{
    return move(f, name, "taken", id, p);
}

/* The problem first: a refused file never stands there without its reason. */
int folder_refuse(struct folder *f, const char *name, const char *id,
                  const struct dk_problem *reason, struct dk_problem *p)
{
    char path[NAME_MAX + 128];
    struct dk_jw w = {0};
    bool good;
    int fd;

    snprintf(path, sizeof(path), "refused/%.*s.problem.json", 230, name);
    fd = openat(f->dir, path,
                O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return move_problem(f, path, p);
    dk_problem_write(&w, reason);
    good = !w.oom && write(fd, w.buf, w.len) == (ssize_t)w.len &&
           write(fd, "\n", 1) == 1;
    dk_jw_fini(&w);
    if (close(fd) != 0 || !good)
        return move_problem(f, path, p);
    return move(f, name, "refused", id, p);
}
