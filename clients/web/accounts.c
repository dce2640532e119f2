#include "accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/client.h"

#define SCHEMA  1
#define BUSY_MS 3000

struct accounts {
    sqlite3 *db;
    char path[512];
};

static const char schema[] =
    "CREATE TABLE account(name TEXT PRIMARY KEY, public TEXT NOT NULL,"
    " salt BLOB NOT NULL, nonce BLOB NOT NULL, sealed BLOB NOT NULL,"
    " passes INTEGER NOT NULL, mib INTEGER NOT NULL,"
    " disabled INTEGER NOT NULL, version INTEGER NOT NULL,"
    " made_at INTEGER NOT NULL, changed_at INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE audit(n INTEGER PRIMARY KEY AUTOINCREMENT,"
    " at INTEGER NOT NULL, name TEXT NOT NULL, origin TEXT NOT NULL,"
    " what TEXT NOT NULL) STRICT;"
    "PRAGMA user_version = 1;";

#define COLUMNS                                                                \
    "name, public, salt, nonce, sealed, passes, mib, disabled, version, "      \
    "made_at, changed_at"

static int failed(struct accounts *a, struct dk_problem *p)
{
    int code = sqlite3_errcode(a->db);

    return dk_failf(p, code == SQLITE_FULL ? DK_EFULL : DK_EIO, NULL,
                    "the accounts in %.200s cannot be used: %.100s",
                    "账号库 %.200s 无法使用：%.100s", a->path,
                    sqlite3_errmsg(a->db));
}

static sqlite3_stmt *prepare(struct accounts *a, const char *sql)
{
    sqlite3_stmt *s = NULL;

    return sqlite3_prepare_v2(a->db, sql, -1, &s, NULL) == SQLITE_OK ? s : NULL;
}

/* A statement without rows; finalized.  How many rows it changed, or -1. */
static int run(struct accounts *a, sqlite3_stmt *s)
{
    int rc = s != NULL ? sqlite3_step(s) : SQLITE_ERROR;

    if (sqlite3_finalize(s) != SQLITE_OK || rc != SQLITE_DONE)
        return -1;
    return sqlite3_changes(a->db);
}

/* ---- opening -------------------------------------------------------------
 */

static int check_folder(const char *folder, bool make, struct dk_problem *p)
{
    struct stat st;

    if (make && mkdir(folder, 0700) != 0 && errno != EEXIST)
        return dk_failf(p, DK_EFORBIDDEN, NULL, "%.200s cannot be made: %s",
                        "无法创建 %.200s：%s", folder, strerrordesc_np(errno));
    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
        return dk_failf(p, DK_ENOTFOUND, NULL,
                        "there is no folder %.200s; give --data FOLDER",
                        "没有目录 %.200s；请给出 --data 目录", folder);
    if ((st.st_mode & 077) != 0)
        return dk_failf(p, DK_EFORBIDDEN, NULL,
                        "others can look into %.200s: chmod 700 %.200s",
                        "他人可以访问 %.200s：请执行 chmod 700 %.200s", folder,
                        folder);
    return 0;
}

static int version_of(struct accounts *a)
{
    sqlite3_stmt *s = prepare(a, "PRAGMA user_version");
    int v = -1;

    if (s != NULL && sqlite3_step(s) == SQLITE_ROW)
        v = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return v;
}

static bool exec(struct accounts *a, const char *sql)
{
    return sqlite3_exec(a->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int set_up(struct accounts *a, struct dk_problem *p)
{
    int v;

    sqlite3_busy_timeout(a->db, BUSY_MS);
    if (!exec(a, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;"
                 "PRAGMA trusted_schema=OFF; PRAGMA secure_delete=ON;"
                 "BEGIN IMMEDIATE"))
        return failed(a, p);
    v = version_of(a);
    if (v > SCHEMA)
        return dk_failf(p, DK_EVERSION, NULL,
                        "%.200s is of a newer docket-web (schema %d, this is "
                        "%d)",
                        "%.200s 属于更新版本的 docket-web（%d，本程序 %d）",
                        a->path, v, SCHEMA);
    if (v < 0 || (v == 0 && !exec(a, schema)) || !exec(a, "COMMIT"))
        return failed(a, p);
    return 0;
}

/* The administrator makes accounts for a server that is another user: what is
 * made belongs to whom the folder does, as SQLite's own files then will.
 */
static void give_to_owner(const char *folder, const char *path)
{
    struct stat st;
    int fd;

    if (geteuid() != 0 || access(path, F_OK) == 0 || stat(folder, &st) != 0)
        return;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    if (fchown(fd, st.st_uid, st.st_gid) != 0)
        unlink(path);
    close(fd);
}

int accounts_open(const char *folder, bool make, struct accounts **out,
                  struct dk_problem *p)
{
    struct accounts *a;
    mode_t before;
    int rc = check_folder(folder, make, p);

    *out = NULL;
    if (rc != 0)
        return rc;
    a = calloc(1, sizeof(*a));
    if (a == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    snprintf(a->path, sizeof(a->path), "%s/accounts.db", folder);
    if (!make && access(a->path, F_OK) != 0) {
        rc = dk_failf(p, DK_ENOTFOUND, NULL,
                      "there are no accounts in %.200s yet: docket-web "
                      "account add NAME",
                      "%.200s 中还没有账号：docket-web account add 名称",
                      folder);
        free(a);
        return rc;
    }
    give_to_owner(folder, a->path);
    before = umask(0077);
    rc = sqlite3_open_v2(a->path, &a->db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    rc = rc == SQLITE_OK ? set_up(a, p) : failed(a, p);
    umask(before);
    if (rc != 0) {
        accounts_close(a);
        return rc;
    }
    *out = a;
    return 0;
}

void accounts_close(struct accounts *a)
{
    if (a == NULL)
        return;
    sqlite3_close(a->db);
    free(a);
}

/* ---- accounts ------------------------------------------------------------
 */

static void take_text(sqlite3_stmt *s, int i, char *out, size_t cap)
{
    const unsigned char *text = sqlite3_column_text(s, i);

    snprintf(out, cap, "%s", text != NULL ? (const char *)text : "");
}

static bool take_blob(sqlite3_stmt *s, int i, void *out, size_t n)
{
    const void *blob = sqlite3_column_blob(s, i);

    if (blob == NULL || (size_t)sqlite3_column_bytes(s, i) != n)
        return false;
    memcpy(out, blob, n);
    return true;
}

static bool take_account(sqlite3_stmt *s, struct account *out)
{
    struct lockbox *b = &out->box;

    memset(out, 0, sizeof(*out));
    take_text(s, 0, out->name, sizeof(out->name));
    take_text(s, 1, out->public, sizeof(out->public));
    b->passes = sqlite3_column_int64(s, 5);
    b->mib = sqlite3_column_int64(s, 6);
    out->disabled = sqlite3_column_int(s, 7) != 0;
    out->version = sqlite3_column_int64(s, 8);
    out->made_at = sqlite3_column_int64(s, 9);
    out->changed_at = sqlite3_column_int64(s, 10);
    return take_blob(s, 2, b->salt, sizeof(b->salt)) &&
           take_blob(s, 3, b->nonce, sizeof(b->nonce)) &&
           take_blob(s, 4, b->sealed, sizeof(b->sealed));
}

static int no_account(const char *name, struct dk_problem *p)
{
    return dk_failf(p, DK_ENOTFOUND, NULL,
                    "there is no account '%.64s': docket-web account list",
                    "没有账号“%.64s”：docket-web account list", name);
}

int accounts_find(struct accounts *a, const char *name, struct account *out,
                  struct dk_problem *p)
{
    sqlite3_stmt *s =
        prepare(a, "SELECT " COLUMNS " FROM account WHERE name = ?1");
    int rc = DK_EIO;

    if (s != NULL &&
        sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC) == SQLITE_OK) {
        int step = sqlite3_step(s);

        if (step == SQLITE_DONE)
            rc = no_account(name, p);
        else if (step == SQLITE_ROW && take_account(s, out))
            rc = 0;
    }
    if (rc == DK_EIO)
        rc = failed(a, p);
    sqlite3_finalize(s);
    return rc;
}

static void bind_account(sqlite3_stmt *s, const struct account *is)
{
    const struct lockbox *b = &is->box;

    sqlite3_bind_text(s, 1, is->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, is->public, -1, SQLITE_STATIC);
    sqlite3_bind_blob(s, 3, b->salt, sizeof(b->salt), SQLITE_STATIC);
    sqlite3_bind_blob(s, 4, b->nonce, sizeof(b->nonce), SQLITE_STATIC);
    sqlite3_bind_blob(s, 5, b->sealed, sizeof(b->sealed), SQLITE_STATIC);
    sqlite3_bind_int64(s, 6, b->passes);
    sqlite3_bind_int64(s, 7, b->mib);
    sqlite3_bind_int(s, 8, is->disabled);
    sqlite3_bind_int64(s, 9, dk_client_wall());
}

int accounts_add(struct accounts *a, const struct account *is,
                 struct dk_problem *p)
{
    sqlite3_stmt *s = prepare(a, "INSERT INTO account(" COLUMNS ") VALUES"
                                 "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9, ?9)");

    if (s != NULL)
        bind_account(s, is);
    if (run(a, s) == 1)
        return 0;
    if (sqlite3_errcode(a->db) == SQLITE_CONSTRAINT)
        return dk_failf(p, DK_ECONFLICT, NULL,
                        "there is an account '%.64s' already; docket-web "
                        "account passwd or reset changes it",
                        "账号“%.64s”已存在；可用 docket-web account passwd 或 "
                        "reset 更改",
                        is->name);
    return failed(a, p);
}

int accounts_change(struct accounts *a, const struct account *is,
                    struct dk_problem *p)
{
    sqlite3_stmt *s =
        prepare(a, "UPDATE account SET public = ?2, salt = ?3, nonce = ?4,"
                   " sealed = ?5, passes = ?6, mib = ?7, disabled = ?8,"
                   " version = version + 1, changed_at = ?9 WHERE name = ?1");
    int n;

    if (s != NULL)
        bind_account(s, is);
    n = run(a, s);
    if (n == 0)
        return no_account(is->name, p);
    return n == 1 ? 0 : failed(a, p);
}

int accounts_remove(struct accounts *a, const char *name, struct dk_problem *p)
{
    sqlite3_stmt *s = prepare(a, "DELETE FROM account WHERE name = ?1");
    int n;

    if (s != NULL)
        sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    n = run(a, s);
    if (n == 0)
        return no_account(name, p);
    return n == 1 ? 0 : failed(a, p);
}

int accounts_each(struct accounts *a,
                  bool (*fn)(void *arg, const struct account *is), void *arg,
                  struct dk_problem *p)
{
    sqlite3_stmt *s =
        prepare(a, "SELECT " COLUMNS " FROM account ORDER BY name");
    struct account is;
    int rc = SQLITE_ERROR;

    while (s != NULL && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (!take_account(s, &is) || !fn(arg, &is)) {
            rc = SQLITE_DONE;
            break;
        }
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? 0 : failed(a, p);
}

/* ---- the audit -----------------------------------------------------------
 */

int accounts_note(struct accounts *a, const char *name, const char *from,
                  const char *what, struct dk_problem *p)
{
    sqlite3_stmt *s = prepare(a, "INSERT INTO audit(at, name, origin, what)"
                                 " VALUES(?1, ?2, ?3, ?4)");

    if (s != NULL) {
        sqlite3_bind_int64(s, 1, dk_client_wall());
        sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 3, from, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 4, what, -1, SQLITE_STATIC);
    }
    if (run(a, s) != 1)
        return failed(a, p);
    s = prepare(a, "DELETE FROM audit WHERE n <= ?1");
    if (s != NULL)
        sqlite3_bind_int64(s, 1, sqlite3_last_insert_rowid(a->db) - AUDIT_KEPT);
    return run(a, s) >= 0 ? 0 : failed(a, p);
}

int accounts_audit(struct accounts *a, int most,
                   bool (*fn)(void *arg, const struct audit *is), void *arg,
                   struct dk_problem *p)
{
    sqlite3_stmt *s = prepare(a, "SELECT n, at, name, origin, what FROM audit"
                                 " ORDER BY n DESC LIMIT ?1");
    struct audit is;
    int rc = SQLITE_ERROR;

    if (s != NULL)
        sqlite3_bind_int(s, 1, most);
    while (s != NULL && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        is.n = sqlite3_column_int64(s, 0);
        is.at = sqlite3_column_int64(s, 1);
        take_text(s, 2, is.name, sizeof(is.name));
        take_text(s, 3, is.from, sizeof(is.from));
        take_text(s, 4, is.what, sizeof(is.what));
        if (!fn(arg, &is)) {
            rc = SQLITE_DONE;
            break;
        }
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? 0 : failed(a, p);
}
