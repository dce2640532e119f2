/* store_sqlite_file.c - the files around the database.
 *
 *   DIR/docket.db       the store
 *   DIR/docket.db-wal   its log
 *   DIR/docket.lock     flock'ed by who has the store open; holds its pid
 *   DIR/docket.db.new   a store being made; becomes docket.db when it is whole
 *
 * The lock comes first: it tells who holds the store in clear words, and it
 * also works between two stores in one process, where SQLite's own (POSIX)
 * locks do not.
 */
#include "store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "migrate.h"

/* ---- words -------------------------------------------------------------- */

int sq_errno_code(int err)
{
    switch (err) {
    case ENOSPC:
    case EDQUOT:
        return DK_EFULL;
    case ENOMEM:
        return DK_ENOMEM;
    case EIO:
        return DK_EIO;
    case ENOENT:
    case ENOTDIR:
        return DK_ENOTFOUND;
    default:
        return DK_EFORBIDDEN;
    }
}

static const char *reason_en(int err)
{
    switch (err) {
    case EACCES:
    case EPERM:
        return "permission denied";
    case EROFS:
        return "the file system is read-only";
    case ENOSPC:
    case EDQUOT:
        return "no space is left";
    case ENOENT:
        return "it is not there";
    case ENOTDIR:
        return "a part of the path is not a folder";
    case EIO:
        return "the disk reported an error";
    default:
        return strerror(err);
    }
}

static const char *reason_zh(int err)
{
    switch (err) {
    case EACCES:
    case EPERM:
        return "没有权限";
    case EROFS:
        return "文件系统为只读";
    case ENOSPC:
    case EDQUOT:
        return "磁盘空间不足";
    case ENOENT:
        return "不存在";
    case ENOTDIR:
        return "路径中有一段不是文件夹";
    case EIO:
        return "磁盘报告读写错误";
    default:
        return strerror(err);
    }
}

int sq_refuse(struct dk_problem *p, int code, const char *path, int err,
              const char *en, const char *zh)
{
    char a[sizeof p->detail], b[sizeof p->detail_zh];

    if (err != 0) {
        (void)snprintf(a, sizeof a, "%s: %s (%s).", path, en, reason_en(err));
        (void)snprintf(b, sizeof b, "%s:%s(%s)。", path, zh, reason_zh(err));
    } else {
        (void)snprintf(a, sizeof a, "%s: %s.", path, en);
        (void)snprintf(b, sizeof b, "%s:%s。", path, zh);
    }
    return dk_fail(p, code, NULL, a, b);
}

/* ---- names -------------------------------------------------------------- */

static char *join(const char *a, size_t n, const char *b)
{
    char *s = malloc(n + strlen(b) + 1);

    if (s != NULL) {
        memcpy(s, a, n);
        memcpy(s + n, b, strlen(b) + 1);
    }
    return s;
}

static int make_names(struct sq_file *f, const char *path)
{
    size_t n = strlen(path);
    size_t stem = n > 3 && strcmp(path + n - 3, ".db") == 0 ? n - 3 : n;
    char *copy = strdup(path);

    f->db = strdup(path);
    f->wal = join(path, n, "-wal");
    f->lock = join(path, stem, ".lock");
    f->fresh = join(path, n, ".new");
    f->dir = copy != NULL ? strdup(dirname(copy)) : NULL;
    free(copy);
    if (f->db == NULL || f->wal == NULL || f->lock == NULL ||
        f->fresh == NULL || f->dir == NULL)
        return DK_ENOMEM;
    return 0;
}

/* ---- the lock ----------------------------------------------------------- */

/* Who holds the lock, for the message: best effort, 0 if it cannot be told. */
static long read_pid(int fd)
{
    char buf[24] = "";
    ssize_t n = pread(fd, buf, sizeof buf - 1, 0);

    return n > 0 ? strtol(buf, NULL, 10) : 0;
}

static void write_pid(int fd, long pid)
{
    char buf[24] = "";
    int n = pid != 0 ? snprintf(buf, sizeof buf, "%ld\n", pid) : 0;

    /* A courtesy to the next reader: a full disk must not stop us here. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, buf, (size_t)n, 0) != n)
        return;
}

static int say_busy(const struct sq_file *f, long pid, struct dk_problem *p)
{
    if (pid > 0)
        return dk_failf(p, DK_EBUSY, NULL,
                        "%s is in use by another process (pid %ld). Stop that "
                        "one first, or give this one its own data folder.",
                        "%s 正被另一进程（进程号 %ld）使用。请先停止该进程，"
                        "或为本进程另设数据文件夹。",
                        f->db, pid);
    return dk_failf(p, DK_EBUSY, NULL,
                    "%s is in use by another process. Stop that one first, or "
                    "give this one its own data folder.",
                    "%s 正被另一进程使用。请先停止该进程，或为本进程另设数据"
                    "文件夹。",
                    f->db);
}

/* True if `fd` is still the file under the lock's name: whoever had it before
 * may have removed it between our open and our flock.
 */
static bool still_there(const struct sq_file *f, int fd)
{
    struct stat a, b;

    return fstat(fd, &a) == 0 && stat(f->lock, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int take_lock(struct sq_file *f, struct dk_problem *p)
{
    for (;;) {
        int fd = open(f->lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
        bool made = fd >= 0;

        if (fd < 0 && errno == EEXIST)
            fd = open(f->lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 && errno == ENOENT && access(f->dir, F_OK) == 0)
            continue; /* removed between the two */
        if (fd < 0)
            return sq_refuse(p, sq_errno_code(errno), f->dir, errno,
                             "the data folder cannot be used",
                             "数据文件夹无法使用");
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            int err = errno;
            long pid = read_pid(fd);
            (void)close(fd);
            if (err == EWOULDBLOCK)
                return say_busy(f, pid, p);
            return sq_refuse(p, sq_errno_code(err), f->lock, err,
                             "the store cannot be locked", "无法锁定数据库");
        }
        if (still_there(f, fd)) {
            f->lock_fd = fd;
            f->made_lock = made;
            write_pid(fd, (long)getpid());
            return 0;
        }
        (void)close(fd);
    }
}

void sq_file_release(struct sq_file *f, bool failed)
{
    if (failed && f->made_db) {
        (void)unlink(f->db);
        (void)unlink(f->wal);
    }
    if (f->lock_fd >= 0) {
        write_pid(f->lock_fd, 0);
        if (failed && f->made_lock)
            (void)unlink(f->lock);
        (void)close(f->lock_fd);
    }
    free(f->db);
    free(f->wal);
    free(f->lock);
    free(f->dir);
    free(f->fresh);
    *f = (struct sq_file){.lock_fd = -1};
}

/* ---- what kind of file -------------------------------------------------- */

int sq_not_ours(const struct sq_file *f, struct dk_problem *p)
{
    return sq_refuse(p, DK_EVERSION, f->db, 0,
                     "this is not a database of docket. Name another file or "
                     "folder; this one was left as it is",
                     "这不是 docket 的数据库。请指定其他文件或文件夹；"
                     "该文件未被改动");
}

static uint32_t be32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
           b[3];
}

/* Is there a log of this kind with anything in it? */
static bool has_log(const struct sq_file *f, const char *kind)
{
    char *name = join(f->db, strlen(f->db), kind);
    struct stat sb;
    bool there = name != NULL && stat(name, &sb) == 0 && sb.st_size > 0;

    free(name);
    return there;
}

/* The database header (https://www.sqlite.org/fileformat.html, 1.3).  While its
 * page is moved out of the log a power cut may leave anything there; the log
 * has it still.  So with a log the header proves nothing: SQLite reads both,
 * and check_schema() asks again.  The other kind of log ("-journal") is there
 * when a file that was not in WAL mode is opened for the first time.
 */
static int check_header(struct sq_file *f, int fd, struct dk_problem *p)
{
    uint8_t h[100];
    ssize_t n = pread(fd, h, sizeof h, 0);

    if (n < 0)
        return sq_refuse(p, DK_EIO, f->db, errno, "the file cannot be read",
                         "文件无法读取");
    bool odd = n < (ssize_t)sizeof h || memcmp(h, "SQLite format 3", 16) != 0;
    if (n == (ssize_t)sizeof h && f->had_log) {
        f->odd = odd;
        return 0;
    }
    if (odd)
        return sq_not_ours(f, p);
    if (be32(h + 68) != MIGRATE_APPLICATION_ID &&
        be32(h + 68) != MIGRATE_BACKUP_ID && be32(h + 68) != MIGRATE_MOVED_ID)
        return sq_refuse(p, DK_EVERSION, f->db, 0,
                         "this is a database of another program. Name another "
                         "file or folder; this one was left as it is",
                         "这是其他程序的数据库。请指定其他文件或文件夹；"
                         "该文件未被改动");
    return 0;
}

static int check_db(struct sq_file *f, struct dk_problem *p)
{
    struct stat sb;
    int fd = open(f->db, O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return sq_refuse(p, sq_errno_code(errno), f->db, errno,
                         "the file cannot be opened for writing",
                         "无法以写方式打开文件");
    int rc = 0;
    if (fstat(fd, &sb) != 0)
        rc = sq_refuse(p, sq_errno_code(errno), f->db, errno,
                       "the file cannot be looked at", "无法查看文件");
    else if (!S_ISREG(sb.st_mode))
        rc = sq_refuse(p, DK_EVERSION, f->db, 0, "this is not a plain file",
                       "这不是普通文件");
    f->had_log = has_log(f, "-wal") || has_log(f, "-journal");
    if (rc == 0)
        rc = check_header(f, fd, p);
    (void)close(fd);
    return rc;
}

int sq_file_claim(struct sq_file *f, const char *path, bool create,
                  bool *exists, struct dk_problem *p)
{
    struct stat sb;

    f->lock_fd = -1;
    if (make_names(f, path) != 0)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if (!create && stat(f->db, &sb) != 0)
        return sq_refuse(p, sq_errno_code(errno), f->db, errno,
                         "the store cannot be found", "找不到数据库文件");
    int rc = take_lock(f, p);
    if (rc != 0)
        return rc;
    *exists = stat(f->db, &sb) == 0;
    if (*exists)
        return check_db(f, p);
    if (errno != ENOENT)
        return sq_refuse(p, sq_errno_code(errno), f->db, errno,
                         "the store cannot be looked at", "无法查看数据库文件");
    if (access(f->dir, W_OK) != 0)
        return sq_refuse(p, sq_errno_code(errno), f->dir, errno,
                         "the data folder cannot be written",
                         "数据文件夹无法写入");
    return 0;
}

/* ---- syncs -------------------------------------------------------------- */

static int sync_one(const char *path, int flags, struct dk_problem *p)
{
    int fd = open(path, flags | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return 0;
    int err = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0)
        (void)close(fd);
    if (err == 0)
        return 0;
    return sq_refuse(p, sq_errno_code(err) == DK_EFULL ? DK_EFULL : DK_EIO,
                     path, err,
                     "it cannot be synced to the disk, so nothing in it can "
                     "be promised. Check the disk before you start again",
                     "无法同步到磁盘，其中内容无法保证。请先检查磁盘再启动");
}

int sq_file_sync(const struct sq_file *f, struct dk_problem *p)
{
    int rc = sync_one(f->db, O_RDONLY, p);
    if (rc == 0)
        rc = sync_one(f->wal, O_RDONLY, p);
    if (rc == 0)
        rc = sync_one(f->dir, O_RDONLY | O_DIRECTORY, p);
    return rc;
}

void sq_file_discard_fresh(const struct sq_file *f)
{
    char *journal = join(f->fresh, strlen(f->fresh), "-journal");

    (void)unlink(f->fresh);
    if (journal != NULL)
        (void)unlink(journal);
    free(journal);
}

int sq_file_adopt(struct sq_file *f, struct dk_problem *p)
{
    int rc = sync_one(f->fresh, O_RDONLY, p);
    if (rc != 0)
        return rc;
    if (rename(f->fresh, f->db) != 0)
        return sq_refuse(p, sq_errno_code(errno), f->db, errno,
                         "the new store cannot be put in its place",
                         "新数据库无法就位");
    f->made_db = true;
    return sync_one(f->dir, O_RDONLY | O_DIRECTORY, p);
}
