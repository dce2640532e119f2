/* recover_stage.c - which row is what, and a place to keep it. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/merkle.h"
#include "daemon/recover_int.h"

#define OFFICE_TEXT 2000 /* bytes of a text of an office alert, at most */

static const char schema[] =
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -16384;"
    "CREATE TABLE ev (seq, key, n, type, at, claimed, actor, hash, body,"
    " UNIQUE (key, n, hash));"
    "CREATE TABLE req (id PRIMARY KEY, hash, key, n, state, at, submitted_at);"
    "CREATE TABLE person (key, seal, data, current);"
    "CREATE TABLE task (id INTEGER PRIMARY KEY, key, n, attempts);"
    "CREATE TABLE kase (key INTEGER PRIMARY KEY, hash);"
    "CREATE TABLE ckpt (number INTEGER PRIMARY KEY, first, last, text, sig,"
    " blocks);"
    "CREATE TABLE office (id INTEGER PRIMARY KEY, kind, subject, level, value,"
    " threshold, about, told, raised_at, told_at, cleared_at, acked_at,"
    " acked_by, note);"
    "CREATE TABLE note (key, what);"
    "CREATE TABLE saved (key, n, type, seq, hash, PRIMARY KEY (key, n))"
    " WITHOUT ROWID;"
    "BEGIN;";

static const char *const put_sql[RECOVER_PUTS] = {
    [PUT_EVENT] = "INSERT OR IGNORE INTO ev VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [PUT_REQUEST] = "INSERT OR IGNORE INTO req VALUES (?, ?, ?, ?, ?, ?, ?)",
    [PUT_PERSON] = "INSERT INTO person VALUES (?, ?, ?, ?)",
    [PUT_PLAIN_PERSON] =
        "INSERT INTO person VALUES (?1, 0, CAST(?2 || ?3 AS BLOB), ?4)",
    [PUT_TASK] = "INSERT OR IGNORE INTO task VALUES (?, ?, ?, ?)",
    [PUT_CASE] = "INSERT OR IGNORE INTO kase VALUES (?, ?)",
    [PUT_CKPT] = "INSERT OR IGNORE INTO ckpt VALUES (?, ?, ?, ?, ?, ?)",
    [PUT_OFFICE] = ("INSERT OR IGNORE INTO office VALUES "
                    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    [PUT_NOTE] = "INSERT INTO note VALUES (?, ?)",
};

int recover_failed(struct recover *r, int rc)
{
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
        return DK_OK;
    bool quota = (rc & 0xff) == SQLITE_IOERR && errno == EDQUOT;
    int code = (rc & 0xff) == SQLITE_FULL || quota ? DK_EFULL
               : (rc & 0xff) == SQLITE_NOMEM       ? DK_ENOMEM
                                                   : DK_EIO;
    return dk_failf(&r->problem, code, NULL,
                    "the scratch file beside the new one failed (%s); make "
                    "room there and try again",
                    "新文件旁的临时文件出错（%s），请清理空间后重试",
                    sqlite3_errstr(rc));
}

int recover_next(struct recover *r, sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);

    return rc == SQLITE_ROW ? 1 : recover_failed(r, rc);
}

int recover_prepare(struct recover *r, const char *sql, sqlite3_stmt **q)
{
    return recover_failed(r, sqlite3_prepare_v2(r->db, sql, -1, q, NULL));
}

int recover_stage_open(struct recover *r, const char *path)
{
    int rc = sqlite3_open(path, &r->db);

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(r->db, schema, NULL, NULL, NULL);
    rc = recover_failed(r, rc);
    for (int i = 0; rc == DK_OK && i < RECOVER_PUTS; i++)
        rc = recover_prepare(r, put_sql[i], &r->put[i]);
    return rc;
}

int recover_stage_end(struct recover *r)
{
    return recover_failed(r, sqlite3_exec(r->db,
                                          "COMMIT;"
                                          "CREATE INDEX ev_seq ON ev (seq);"
                                          "CREATE INDEX req_of ON req (key, n);"
                                          "CREATE INDEX person_of ON person "
                                          "(key, current);"
                                          "CREATE INDEX task_of ON task (key);",
                                          NULL, NULL, NULL));
}

void recover_stage_close(struct recover *r)
{
    for (int i = 0; i < RECOVER_PUTS; i++) {
        (void)sqlite3_finalize(r->put[i]);
        r->put[i] = NULL;
    }
    (void)sqlite3_close(r->db);
    r->db = NULL;
}

bool recover_damaged(const struct recover *r)
{
    const struct salvage_report *s = &r->scan;

    return s->missing + s->unreadable + s->blank + s->bad_pages + s->bad_rows !=
               0 ||
           s->bad_header || s->bad_log;
}

int recover_note(struct recover *r, int64_t key, int what)
{
    sqlite3_stmt *q = r->put[PUT_NOTE];

    sqlite3_bind_int64(q, 1, key);
    sqlite3_bind_int(q, 2, what);
    int rc = recover_next(r, q);
    (void)sqlite3_reset(q);
    return rc;
}

/* ---- which row is what ----------------------------------------------------
 */

/* One letter for each column: I integer, i integer or NULL, N NULL, T text, t
 * text or NULL, B blob; "+": and any more.
 */
static bool looks_like(const struct salvage_row *row, const char *shape)
{
    int i = 0;

    for (; shape[i] != '\0' && shape[i] != '+'; i++) {
        if (i >= row->n)
            return false;
        enum salvage_type t = row->v[i].type;
        bool fits = (shape[i] == 'I' && t == SALVAGE_INT) ||
                    (shape[i] == 'i' && t == SALVAGE_INT) ||
                    (shape[i] == 'i' && t == SALVAGE_NULL) ||
                    (shape[i] == 'N' && t == SALVAGE_NULL) ||
                    (shape[i] == 'T' && t == SALVAGE_TEXT) ||
                    (shape[i] == 't' && t == SALVAGE_TEXT) ||
                    (shape[i] == 't' && t == SALVAGE_NULL) ||
                    (shape[i] == 'B' && t == SALVAGE_BLOB);
        if (!fits)
            return false;
    }
    return shape[i] == '+' || i == row->n;
}

static bool is_event(const struct salvage_row *r)
{
    return r->has_id && looks_like(r, "NIIIIiTBT") && r->id > 0 &&
           r->v[2].i > 0 && r->v[2].i <= UINT32_MAX && r->v[3].i >= 0 &&
           r->v[3].i < DK_EV_N && r->v[6].n <= DK_ID_MAX &&
           r->v[7].n == DK_HASH_LEN;
}

static bool is_meta(const struct salvage_row *r)
{
    return r->has_id && r->id == 1 && looks_like(r, "NIIIIBB+") &&
           r->v[1].i >= 0 && r->v[1].i <= 999999 && r->v[5].n == 16 &&
           r->v[6].n == 32;
}

static int bind_value(sqlite3_stmt *q, int at, const struct salvage_value *v)
{
    switch (v->type) {
    case SALVAGE_INT:
        return sqlite3_bind_int64(q, at, v->i);
    case SALVAGE_TEXT:
        return sqlite3_bind_text(q, at, (const char *)v->p, (int)v->n,
                                 SQLITE_STATIC);
    case SALVAGE_BLOB:
        return sqlite3_bind_blob(q, at, v->n != 0 ? v->p : (const void *)"",
                                 (int)v->n, SQLITE_STATIC);
    case SALVAGE_NULL:
    case SALVAGE_OTHER:
        break;
    }
    return SQLITE_OK; /* NULL */
}

/* The rowid, where the row has one, and its columns `from` on. */
static int put(struct recover *r, enum recover_put what,
               const struct salvage_row *row, int from)
{
    sqlite3_stmt *q = r->put[what];
    bool marked = what == PUT_PERSON || what == PUT_PLAIN_PERSON;
    int all = sqlite3_bind_parameter_count(q) - (marked ? 1 : 0);
    int at = 0, rc = SQLITE_OK;

    if (row->has_id && what != PUT_REQUEST)
        rc = sqlite3_bind_int64(q, ++at, row->id);
    for (int i = from; rc == SQLITE_OK && at < all; i++)
        rc = bind_value(q, ++at, &row->v[i]);
    if (rc == SQLITE_OK && marked)
        rc = sqlite3_bind_int(q, all + 1, row->current);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    (void)sqlite3_reset(q);
    (void)sqlite3_clear_bindings(q);
    return recover_failed(r, rc);
}

/* Whatever page it was on: what is signed, and says so of itself, is whole. */
static bool is_ckpt(const struct salvage_row *r)
{
    struct dk_ckpt what;
    merkle_hash root;

    if (!r->has_id || !looks_like(r, "NIITBB") || r->v[4].n != DK_CKPT_SIG ||
        r->v[5].n == 0 || r->v[5].n % DK_HASH_LEN != 0)
        return false;
    const struct salvage_value *text = &r->v[3];
    if (dk_ckpt_read((const char *)text->p, text->n, &what) != DK_OK ||
        what.number != r->id || what.from != r->v[1].i || what.to != r->v[2].i)
        return false;
    merkle_root_of(r->v[5].p, r->v[5].n / DK_HASH_LEN, root);
    return memcmp(root, what.root, sizeof(root)) == 0 &&
           crypto_sign_verify_detached(r->v[4].p, text->p, text->n, what.key) ==
               0;
}

static void take_meta(struct recover *r, const struct salvage_row *row)
{
    if (r->has_meta && !row->current)
        return;
    r->has_meta = true;
    r->county = (int32_t)row->v[1].i;
    r->test_clock = row->v[2].i != 0;
    r->test_now = row->v[3].i;
    memcpy(r->secret, row->v[6].p, sizeof r->secret);
    r->sealed_len = 0;
    if (row->n > 8 && row->v[7].type == SALVAGE_BLOB && row->v[7].n != 0 &&
        row->v[7].n <= sizeof r->sealed && row->v[8].type == SALVAGE_INT) {
        r->sealed_len = row->v[7].n;
        memcpy(r->sealed, row->v[7].p, r->sealed_len);
        r->seal = row->v[8].i;
    }
}

/* No event tells of the office's own alerts, so what stands there now is taken,
 * if it can be one.
 */
static bool is_office(const struct salvage_row *r)
{
    static const int texts[] = {2, 6, 12, 13};

    if (!r->has_id || !r->current || r->id <= 0 ||
        !looks_like(r, "NITIIITIIIiitt") || r->v[1].i < 0 ||
        r->v[1].i >= DK_W_N || r->v[3].i < 0 || r->v[3].i >= DK_WL_N ||
        r->v[7].i < 0)
        return false;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct salvage_value *v = &r->v[texts[i]];
        if (v->type == SALVAGE_TEXT &&
            (v->n > OFFICE_TEXT ||
             dk_utf8_valid((const char *)v->p, v->n) != v->n))
            return false;
    }
    return true;
}

/* Tasks end and are deleted: only the page as it stands tells of open ones, and
 * of dead ones, which are tried again.
 */
static int take_task(struct recover *r, const struct salvage_row *row)
{
    return row->current ? put(r, PUT_TASK, row, 1) : DK_OK;
}

int recover_stage_row(void *arg, const struct salvage_row *row)
{
    struct recover *r = arg;

    if (is_event(row))
        return put(r, PUT_EVENT, row, 1);
    if (is_meta(row)) {
        take_meta(r, row);
        return 0;
    }
    if (row->has_id && looks_like(row, "NBBIIIII") && row->v[1].n == 16 &&
        row->v[2].n == 16)
        return put(r, PUT_REQUEST, row, 1);
    if (!row->has_id && looks_like(row, "BBIIIII") && row->v[0].n == 16 &&
        row->v[1].n == 16)
        return put(r, PUT_REQUEST, row, 0);
    if (row->has_id && looks_like(row, "NIIIit") && row->id > 0)
        return take_task(r, row);
    if (!row->has_id && looks_like(row, "IIIIIit"))
        return take_task(r, row);
    if (row->has_id && row->current && looks_like(row, "NIITTttBT+") &&
        row->v[7].n == DK_HASH_LEN)
        return put(r, PUT_CASE, row, 7);
    if (row->has_id && looks_like(row, "NIB") &&
        (row->v[1].i == STORE_ERASED || row->v[1].i >> 62 == 1))
        return put(r, PUT_PERSON, row, 1);
    /* Of an older schema: plain, with its salt beside it. */
    if (row->has_id && looks_like(row, "NBB+") && row->v[1].n == 16)
        return put(r, PUT_PLAIN_PERSON, row, 1);
    if (is_office(row))
        return put(r, PUT_OFFICE, row, 1);
    return is_ckpt(row) ? put(r, PUT_CKPT, row, 1) : DK_OK;
}

bool recover_own_id(const cJSON *body, struct dk_uuid *id)
{
    const char *text = NULL;

    return dk_json_str(body, "submission_id", DK_REQUIRED, 1, DK_UUID_TEXT,
                       &text, NULL, NULL) == DK_OK &&
           dk_uuid_parse(text, strlen(text), id) == DK_OK;
}
