/* store_sqlite_use.c - one way to run a statement, one way to name an error.
 *
 * A statement that is not reset pins the log (it would grow without end), so
 * every use ends in sq_end() on every path.
 */
#include "store_sqlite.h"

#include <errno.h>

#include <limits.h>
#include <string.h>

#define SQ_TEXT(name, sql) sql,
static const char *const texts[SQ_N] = {SQ_STATEMENTS(SQ_TEXT)};
#undef SQ_TEXT

int sq_prepare(struct sq *s)
{
    for (int i = 0; i < SQ_N; i++) {
        int rc = sqlite3_prepare_v3(s->db, texts[i], -1,
                                    SQLITE_PREPARE_PERSISTENT, &s->q[i], NULL);
        if (rc != SQLITE_OK)
            return rc;
    }
    return SQLITE_OK;
}

void sq_finalize(struct sq *s)
{
    for (int i = 0; i < SQ_N; i++) {
        (void)sqlite3_finalize(s->q[i]);
        s->q[i] = NULL;
    }
}

int sq_damaged(struct sq *s)
{
    s->base.failed = true;
    return DK_EIO;
}

int sq_odd(struct sq *s)
{
    return s->base.checking ? DK_EJSON : sq_damaged(s);
}

int sq_code(struct sq *s, int rc)
{
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
        return 0;
    if (rc == SQLITE_IOERR_NOMEM)
        return DK_ENOMEM;
    /* SQLite knows ENOSPC alone as a full disk.  Nothing but a call that fails
     * sets errno, and the write was the last one.
     */
    if (rc == SQLITE_IOERR_WRITE && errno == EDQUOT)
        return DK_EFULL;
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return DK_EFULL;
    case SQLITE_NOMEM:
        return DK_ENOMEM;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
        return DK_EBUG;
    default:
        return sq_damaged(s);
    }
}

struct sq_use sq_use(struct sq *s, enum sq_stmt id)
{
    return (struct sq_use){.s = s, .q = s->q[id]};
}

static void bound(struct sq_use *u, int rc)
{
    if (u->rc == SQLITE_OK)
        u->rc = rc;
}

void sq_int(struct sq_use *u, int64_t v)
{
    bound(u, sqlite3_bind_int64(u->q, ++u->at, v));
}

void sq_when(struct sq_use *u, dk_ms t)
{
    if (t == DK_NEVER)
        bound(u, sqlite3_bind_null(u->q, ++u->at));
    else
        sq_int(u, t);
}

void sq_textn(struct sq_use *u, const char *v, size_t n)
{
    if (n > INT_MAX)
        bound(u, SQLITE_TOOBIG);
    else
        bound(u, sqlite3_bind_text(u->q, ++u->at, v, (int)n, SQLITE_STATIC));
}

void sq_text(struct sq_use *u, const char *v)
{
    sq_textn(u, v, v != NULL ? strlen(v) : 0);
}

void sq_blob(struct sq_use *u, const void *v, size_t n)
{
    /* A NULL pointer would bind NULL, not the empty blob that is meant. */
    if (n > INT_MAX)
        bound(u, SQLITE_TOOBIG);
    else
        bound(u, sqlite3_bind_blob(u->q, ++u->at, n != 0 ? v : "", (int)n,
                                   SQLITE_STATIC));
}

int sq_step(struct sq_use *u)
{
    int rc = u->rc != SQLITE_OK ? u->rc : sqlite3_step(u->q);

    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    return sq_code(u->s, rc);
}

void sq_end(struct sq_use *u)
{
    (void)sqlite3_reset(u->q); /* repeats the step's error, already seen */
    (void)sqlite3_clear_bindings(u->q);
}

int sq_run(struct sq_use *u)
{
    int rc = sq_step(u);

    sq_end(u);
    return rc > 0 ? DK_EBUG : rc;
}

int sq_changes(const struct sq_use *u)
{
    return sqlite3_changes(u->s->db);
}

int64_t sq_col_int(const struct sq_use *u, int i)
{
    return sqlite3_column_int64(u->q, i);
}

dk_ms sq_col_when(const struct sq_use *u, int i)
{
    if (sqlite3_column_type(u->q, i) == SQLITE_NULL)
        return DK_NEVER;
    return sqlite3_column_int64(u->q, i);
}

const char *sq_col_text(const struct sq_use *u, int i)
{
    return (const char *)sqlite3_column_text(u->q, i);
}

size_t sq_col_len(const struct sq_use *u, int i)
{
    return (size_t)sqlite3_column_bytes(u->q, i);
}

const void *sq_col_blob(const struct sq_use *u, int i)
{
    return sqlite3_column_blob(u->q, i);
}

bool sq_col_bytes(const struct sq_use *u, int i, void *out, size_t n)
{
    const void *v = sqlite3_column_blob(u->q, i);

    if (v == NULL || sq_col_len(u, i) != n)
        return false;
    memcpy(out, v, n);
    return true;
}
