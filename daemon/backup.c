#include "daemon/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/durable.h"

#define STEP_PAGES  16   /* copied before the clock is looked at */
#define SLICE_US    4000 /* longest that copying holds the loop up */
#define PAUSE_US    4000 /* and so long it then has for its own work */
#define SYNC_PAGES  2048 /* 8 MiB: then a sync begins */
#define AHEAD_PAGES 4096 /* copied and not synced, at most */
#define PAGE_BYTES  4096

/* ---- the thread ---------------------------------------------------------- */

static int fail_path(struct dk_problem *p, int code, const char *path, int err)
{
    return dk_failf(p, code, NULL,
                    "%s: the backup cannot be written (%s). Look at its folder "
                    "and disk, or name another file.",
                    "%s：无法写入备份（%s）。请检查其文件夹与磁盘，或指定其他"
                    "文件。",
                    path, strerror(err));
}

int backup_give_name(const char *part, const char *file, struct dk_problem *p)
{
    struct stat st;
    int err = link(part, file) == 0 ? 0 : errno;

    if (err == 0)
        unlink(part);
    else if (err != EEXIST && lstat(file, &st) != 0 && errno == ENOENT)
        err = rename(part, file) == 0 ? 0 : errno; /* no hard links there */
    if (err == 0)
        err = durable_folder(file);
    if (err == EEXIST)
        return fail_path(p, DK_ECONFLICT, file, err);
    return err == 0 ? DK_OK : fail_path(p, DK_EIO, file, err);
}

static void *work(void *arg)
{
    struct backup_job *j = arg;

    if (!j->finish)
        j->rc = fdatasync(j->fd) == 0
                    ? DK_OK
                    : fail_path(&j->problem, DK_EIO, j->part, errno);
    else
        j->rc =
            store_backup_check(j->part, j->fd, &j->want, &j->stop, &j->problem);
    if (j->finish && j->rc == DK_OK)
        j->rc = backup_give_name(j->part, j->file, &j->problem);
    atomic_store(&j->over, true);
    return NULL;
}

static int start_job(struct backup *b, bool finish)
{
    struct backup_job *j = &b->job;
    sigset_t all, before;

    j->finish = finish;
    j->fd = b->fd;
    j->file = b->file;
    j->part = b->part;
    j->rc = DK_OK;
    dk_problem_clear(&j->problem);
    atomic_store(&j->over, false);
    atomic_store(&j->stop, false);
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&j->thread, NULL, work, j);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    j->on = rc == 0;
    return rc == 0 ? DK_OK : dk_fail(&b->problem, DK_ENOMEM, NULL, NULL, NULL);
}

/* ---- the loop ------------------------------------------------------------ */

static void close_part(struct backup *b, bool remove)
{
    if (remove)
        unlink(b->part);
    if (b->fd >= 0)
        close(b->fd);
    b->fd = -1;
}

static void end(struct daemon *d, enum backup_state state)
{
    struct backup *b = &d->backup;
    char file[BACKUP_PATH_MAX + 16];

    store_backup_end(d->st);
    close_part(b, state == BACKUP_FAILED);
    b->state = state;
    b->ended_at = real_now();
    d->watch.look_at = 0; /* its alert knows at once */
    log_quote(b->file, file, sizeof(file));
    if (state == BACKUP_DONE)
        log_info("backup",
                 "file=%s pages=%" PRId64 " last_seq=%" PRId64 " ms=%" PRId64
                 " slowest_us=%" PRId64,
                 file, b->pages.total, b->job.want.last_seq,
                 b->ended_at - b->started_at, b->slowest_us);
    else
        log_error("backup_failed", "file=%s code=%s", file,
                  dk_err_slug(b->problem.code));
}

/* A few pages; all of them: *b->pages.whole. */
static int copy_slice(struct daemon *d)
{
    struct backup *b = &d->backup;
    int64_t start = mono_micros(), took = 0;
    int rc = DK_OK;

    while (rc == DK_OK && !b->pages.whole && took < SLICE_US &&
           b->unsynced < AHEAD_PAGES) {
        int64_t before = b->pages.done;
        rc = store_backup_step(d->st, STEP_PAGES, &b->pages, &b->problem);
        b->unsynced +=
            b->pages.done > before ? b->pages.done - before : STEP_PAGES;
        took = mono_micros() - start;
    }
    if (took > b->slowest_us)
        b->slowest_us = took;
    if (rc == DK_OK && b->pages.whole) {
        struct store_totals t;
        rc = store_totals(d->st, &t);
        b->job.want.last_seq = d->info.last_seq;
        b->job.want.cases = t.cases;
        memcpy(b->job.want.broker, d->info.broker, sizeof(d->info.broker));
        b->state = BACKUP_CHECKING;
    }
    return rc;
}

static void arm(struct backup *b)
{
    static const struct timeval pause = {0, PAUSE_US};

    evtimer_add(b->slice, &pause);
}

/* The thread has ended; true: with it the backup has. */
static bool take_job(struct daemon *d)
{
    struct backup *b = &d->backup;

    pthread_join(b->job.thread, NULL);
    b->job.on = false;
    if (b->job.rc != DK_OK && !b->failing)
        b->problem = b->job.problem;
    if (b->job.rc == DK_OK && !b->job.finish && !b->failing)
        return false;
    end(d, b->job.rc == DK_OK && !b->failing ? BACKUP_DONE : BACKUP_FAILED);
    return true;
}

static void on_slice(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *d = arg;
    struct backup *b = &d->backup;
    int rc = DK_OK;

    (void)fd;
    (void)what;
    if (b->job.on && atomic_load(&b->job.over) && take_job(d))
        return;
    if (b->state == BACKUP_COPYING && !b->failing)
        rc = copy_slice(d);
    bool finish = b->state == BACKUP_CHECKING;
    if (rc == DK_OK && !b->job.on && (finish || b->unsynced >= SYNC_PAGES)) {
        b->unsynced = 0;
        rc = start_job(b, finish);
    }
    /* A thread that syncs has the file: it ends by itself, and the loop looks
     * in again. */
    b->failing = b->failing || rc != DK_OK;
    if (b->failing && !b->job.on)
        end(d, BACKUP_FAILED);
    else
        arm(b);
}

int backup_init(struct daemon *d)
{
    d->backup.slice = evtimer_new(d->base, on_slice, d);
    return d->backup.slice != NULL ? DK_OK : DK_ENOMEM;
}

void backup_stop(struct daemon *d)
{
    struct backup *b = &d->backup;

    if (b->slice != NULL)
        event_free(b->slice);
    b->slice = NULL;
    if (b->job.on) {
        atomic_store(&b->job.stop, true);
        pthread_join(b->job.thread, NULL);
        b->job.on = false;
        if (b->job.finish && b->job.rc == DK_OK)
            end(d, BACKUP_DONE);
    }
    if (b->state == BACKUP_COPYING || b->state == BACKUP_CHECKING) {
        if (!b->failing)
            dk_fail(&b->problem, DK_ESHUTDOWN, NULL, NULL, NULL);
        end(d, BACKUP_FAILED);
    }
}

/* ---- messages ------------------------------------------------------------ */

/* Is the file one of the store's own names? */
static bool is_ours(const struct config *c, const char *file)
{
    char db[sizeof(c->store)], copy[BACKUP_PATH_MAX + 1];
    char a[PATH_MAX], b[PATH_MAX];

    if (strncmp(c->store, "sqlite:", 7) != 0)
        return false;
    snprintf(db, sizeof(db), "%s", c->store + 7);
    snprintf(copy, sizeof(copy), "%s", file);
    if (realpath(dirname(db), a) == NULL || realpath(dirname(copy), b) == NULL)
        return false;
    const char *slash = strrchr(c->store + 7, '/');
    const char *name = slash != NULL ? slash + 1 : c->store + 7;
    size_t n = strcspn(name, ".");
    return strcmp(a, b) == 0 && strncmp(strrchr(file, '/') + 1, name, n) == 0;
}

static int check_name(const struct daemon *d, const char *file,
                      struct dk_problem *p)
{
    struct stat st;
    size_t n = strlen(file);

    if (file[0] != '/' || file[n - 1] == '/' || strpbrk(file, "\n\r\t") != NULL)
        return dk_fail(p, DK_EFIELD, "/file",
                       "name the file of the backup by its whole path, which "
                       "begins with /",
                       "请给出备份文件的完整路径（以 / 开头）");
    if (is_ours(d->cfg, file))
        return dk_fail(p, DK_EFORBIDDEN, "/file",
                       "a backup cannot have a name of the database's own "
                       "files; choose another name or folder",
                       "备份不能使用数据库自身文件的名称，请改用其他名称或"
                       "文件夹");
    if (lstat(file, &st) == 0)
        return dk_failf(p, DK_ECONFLICT, "/file",
                        "%s is there already and is not written over; choose "
                        "another name",
                        "%s 已存在，不会覆盖；请改用其他名称", file);
    return DK_OK;
}

/* A leftover of ours, and nothing that has another name or owner as well. */
static bool is_own_file(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
           st.st_uid == geteuid() && st.st_nlink == 1;
}

/* Make FILE.part and lock it; one that nobody has locked is a leftover. */
static int make_part(struct backup *b, struct dk_problem *p)
{
    b->fd = open(b->part,
                 O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    if (b->fd < 0)
        return fail_path(
            p, errno == ENOSPC || errno == EDQUOT ? DK_EFULL : DK_EFORBIDDEN,
            b->part, errno);
    if (!is_own_file(b->fd)) {
        close_part(b, false);
        return dk_failf(p, DK_EFORBIDDEN, "/file",
                        "%s is there and is not a plain file of ours with one "
                        "name; remove it, or choose another name",
                        "%s 已存在，且不是本服务独有的普通文件；请将其移走，"
                        "或改用其他名称",
                        b->part);
    }
    if (flock(b->fd, LOCK_EX | LOCK_NB) != 0) {
        close_part(b, false);
        return dk_failf(p, DK_EBUSY, "/file",
                        "another broker writes %s now; choose another name",
                        "另一服务正在写入 %s，请改用其他名称", b->part);
    }
    if (ftruncate(b->fd, 0) == 0)
        return DK_OK;
    int err = errno;
    close_part(b, false);
    return fail_path(p, DK_EFORBIDDEN, b->part, err);
}

static int begin(struct daemon *d, const struct dk_uuid *id, const char *file,
                 struct dk_problem *p)
{
    struct backup *b = &d->backup;
    int rc = check_name(d, file, p);

    if (rc != DK_OK)
        return rc;
    struct event *slice = b->slice;
    *b = (struct backup){.state = BACKUP_COPYING, .id = *id, .slice = slice};
    dk_problem_clear(&b->problem);
    snprintf(b->file, sizeof(b->file), "%s", file);
    snprintf(b->part, sizeof(b->part), "%s.part", file);
    b->started_at = real_now();
    rc = make_part(b, p);
    if (rc != DK_OK) {
        b->state = BACKUP_NONE;
        return rc;
    }
    rc = store_backup_begin(d->st, b->part, p);
    if (rc != DK_OK) {
        close_part(b, true);
        b->state = BACKUP_NONE;
        return rc;
    }
    char name[BACKUP_PATH_MAX + 16];
    log_info("backup_begins", "file=%s", log_quote(file, name, sizeof(name)));
    arm(b);
    return DK_OK;
}

static void write_status(const struct daemon *d, struct dk_jw *w)
{
    static const char *const states[] = {"none", "copying", "checking", "done",
                                         "failed"};
    const struct backup *b = &d->backup;
    char id[DK_UUID_TEXT];
    int off = d->cfg->offset_min;

    dk_jw_obj(w, NULL);
    dk_jw_str(w, "state", states[b->state]);
    if (b->state != BACKUP_NONE) {
        dk_uuid_format(&b->id, id);
        dk_jw_str(w, "backup_id", id);
        dk_jw_str(w, "file", b->file);
        dk_jw_int(w, "pages", b->pages.total);
        dk_jw_int(w, "pages_done", b->pages.done);
        dk_jw_int(w, "bytes", b->pages.total * PAGE_BYTES);
        dk_jw_time(w, "started_at", b->started_at, off);
        dk_jw_time(w, "ended_at",
                   b->state == BACKUP_DONE || b->state == BACKUP_FAILED
                       ? b->ended_at
                       : DK_NEVER,
                   off);
        dk_jw_int(w, "slowest_us", b->slowest_us);
    }
    if (b->state == BACKUP_DONE) {
        wire_id(w, "last_seq", b->job.want.last_seq);
        dk_jw_int(w, "cases", b->job.want.cases);
    }
    if (b->state == BACKUP_FAILED) {
        dk_jw_str(w, "problem", dk_err_slug(b->problem.code));
        dk_jw_str(w, "detail", b->problem.detail);
        dk_jw_str(w, "detail_zh", b->problem.detail_zh);
    }
    dk_jw_end_obj(w);
}

int read_backup_start(struct daemon *d, const struct item *it, struct dk_jw *w,
                      struct dk_problem *p)
{
    struct backup *b = &d->backup;
    struct dk_uuid id;
    const char *file;
    int rc =
        dk_json_uuid(it->body, "backup_id", DK_REQUIRED, true, &id, NULL, p);

    if (rc == DK_OK)
        rc = dk_json_str(it->body, "file", DK_REQUIRED, 2, BACKUP_PATH_MAX,
                         &file, NULL, p);
    if (rc != DK_OK)
        return rc;
    bool known =
        b->state != BACKUP_NONE && memcmp(id.b, b->id.b, sizeof(id.b)) == 0;
    if (known && strcmp(file, b->file) != 0)
        return dk_fail(p, DK_ECONFLICT, "/backup_id",
                       "this id was used for another backup; make a new one",
                       "该编号已用于另一备份，请使用新的编号");
    if (!known && (b->state == BACKUP_COPYING || b->state == BACKUP_CHECKING))
        return dk_failf(p, DK_EBUSY, NULL,
                        "a backup to %s is being made; wait until it is done "
                        "(backup.status)",
                        "正在备份到 %s，请等待其完成（backup.status）",
                        b->file);
    if (!known && d->draining)
        return dk_fail(p, DK_ESHUTDOWN, NULL, NULL, NULL);
    if (!known)
        rc = begin(d, &id, file, p);
    if (rc == DK_OK)
        write_status(d, w);
    return rc;
}

int read_backup_status(struct daemon *d, const struct item *it, struct dk_jw *w,
                       struct dk_problem *p)
{
    (void)it;
    (void)p;
    write_status(d, w);
    return DK_OK;
}
