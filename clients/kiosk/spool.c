#include "spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/jsonw.h"
#include "spool_int.h"

static const char *const sql[STMT_N] = {
    [STMT_BEGIN] = "BEGIN IMMEDIATE",
    [STMT_COMMIT] = "COMMIT",
    [STMT_ROLLBACK] = "ROLLBACK",
    [STMT_BY_FILE] = "SELECT " SPOOL_WHOLE ", case_no, code, submission"
                     " FROM item WHERE file = ?1 AND file_hash = ?2",
    [STMT_BY_ID] = "SELECT " SPOOL_WHOLE ", case_no, code, digest FROM item"
                   " WHERE submission = ?1",
    [STMT_TAKE] =
        "INSERT INTO item(submission, state, taken_at, digest, body, file,"
        " file_hash, sum) VALUES(?1, 0, ?2, ?3, ?4, ?5, ?6, docket_sum("
        "?1, 0, ?2, ?3, ?4, ?5, ?6, NULL, NULL, NULL, NULL, NULL))",
    [STMT_NEXT] = "SELECT " SPOOL_WHOLE ", id, submission, body FROM item"
                  " WHERE state = 0 AND id > ?1 ORDER BY id LIMIT 1",
    [STMT_GET] = "SELECT " SPOOL_WHOLE ", id, submission, body FROM item"
                 " WHERE state = 0 AND id = ?1",
    /* The text goes when the broker has it, and stays when it refused it. */
    [STMT_SETTLE] = "UPDATE item SET state = ?2, settled_at = ?3, case_no = ?4,"
                    " code = ?5, problem = ?6, untold = 1,"
                    " body = CASE ?2 WHEN 1 THEN NULL ELSE body END,"
                    " sum = docket_sum(submission, ?2, taken_at, digest,"
                    " CASE ?2 WHEN 1 THEN NULL ELSE body END, file, file_hash,"
                    " ?3, ?4, ?5, ?6, 1)"
                    " WHERE id = ?1 AND state = 0 AND " SPOOL_WHOLE,
    [STMT_COUNT] = "SELECT state, count(*) FROM item GROUP BY state",
    [STMT_OLDEST] = "SELECT taken_at FROM item WHERE state = 0"
                    " ORDER BY id LIMIT 1",
    [STMT_REFUSED] = "SELECT submission, problem FROM item WHERE state = 2"
                     " AND " SPOOL_WHOLE " ORDER BY id",
    [STMT_UNTOLD] = "SELECT submission, case_no, code, problem FROM item"
                    " WHERE untold = 1 AND " SPOOL_WHOLE " ORDER BY id",
    [STMT_TOLD] =
        "UPDATE item SET untold = NULL, sum = docket_sum(submission, state,"
        " taken_at, digest, body, file, file_hash, settled_at, case_no, code,"
        " problem, NULL) WHERE untold = 1 AND " SPOOL_WHOLE,
    [STMT_ASIDE] = "SELECT submission FROM aside WHERE ?1 = 0 OR told IS NULL"
                   " ORDER BY id",
    [STMT_ASIDE_TOLD] = "UPDATE aside SET told = 1 WHERE told IS NULL",
    [STMT_FIND] = "SELECT " SPOOL_WHOLE ", submission, state, taken_at,"
                  " case_no, code, problem FROM item WHERE submission = ?1",
    [STMT_FIND_END] = "SELECT " SPOOL_WHOLE ", submission, state, taken_at,"
                      " case_no, code, problem FROM item"
                      " WHERE substr(submission, -10) = ?1"
                      " ORDER BY id DESC LIMIT 1",
    [STMT_LAST] = "SELECT taken_at FROM item ORDER BY id DESC LIMIT 1",
};

int spool_prepare(struct spool *s, struct dk_problem *p)
{
    for (int i = 0; i < STMT_N; i++) {
        int rc = sqlite3_prepare_v3(
            s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[i], NULL);

        if (rc != SQLITE_OK)
            return spool_trouble(s->db, rc, "reading", p);
    }
    return 0;
}

/* Every use of a statement ends here: one that is not reset pins the log. */
static void done(sqlite3_stmt *st)
{
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
}

static int run(struct spool *s, enum spool_stmt which)
{
    int rc = sqlite3_step(s->stmt[which]);

    done(s->stmt[which]);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void roll_back(struct spool *s)
{
    /* After a full disk SQLite may have done it itself. */
    if (!sqlite3_get_autocommit(s->db))
        (void)run(s, STMT_ROLLBACK);
}

static void copy_text(sqlite3_stmt *st, int column, char *out, size_t cap)
{
    const unsigned char *t = sqlite3_column_text(st, column);

    snprintf(out, cap, "%s", t != NULL ? (const char *)t : "");
}

/* A row that is what was written; the first column says so. */
static int step_whole(sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);

    if (rc == SQLITE_ROW && sqlite3_column_int(st, 0) == 0)
        return SQLITE_CORRUPT;
    return rc;
}

/* The broker's answer to what was there before. */
static void copy_answer(sqlite3_stmt *st, struct spool_item *item)
{
    copy_text(st, 1, item->case_no, sizeof(item->case_no));
    copy_text(st, 2, item->code, sizeof(item->code));
}

/* 1: this very file was taken before, *item has the id of then; 0: not. */
static int find_file(struct spool *s, struct spool_item *item)
{
    sqlite3_stmt *st = s->stmt[STMT_BY_FILE];
    int rc, found = 0;

    if (item->file == NULL)
        return 0;
    sqlite3_bind_text(st, 1, item->file, -1, SQLITE_STATIC);
    sqlite3_bind_blob(st, 2, item->file_hash, SPOOL_HASH, SQLITE_STATIC);
    rc = step_whole(st);
    if (rc == SQLITE_ROW) {
        copy_answer(st, item);
        copy_text(st, 3, item->submission, sizeof(item->submission));
        found = 1;
    }
    done(st);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? found : -rc;
}

/* 1: the id is there already, *same says whether with the same words. */
static int find_id(struct spool *s, struct spool_item *item, bool *same)
{
    sqlite3_stmt *st = s->stmt[STMT_BY_ID];
    int rc, found = 0;

    sqlite3_bind_text(st, 1, item->submission, -1, SQLITE_STATIC);
    rc = step_whole(st);
    if (rc == SQLITE_ROW) {
        const void *digest = sqlite3_column_blob(st, 3);

        found = 1;
        *same = digest != NULL && sqlite3_column_bytes(st, 3) == SPOOL_HASH &&
                memcmp(digest, item->digest, SPOOL_HASH) == 0;
        if (*same)
            copy_answer(st, item);
    }
    done(st);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? found : -rc;
}

static int insert(struct spool *s, const struct spool_item *item)
{
    sqlite3_stmt *st = s->stmt[STMT_TAKE];

    sqlite3_bind_text(st, 1, item->submission, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, item->taken_at);
    sqlite3_bind_blob(st, 3, item->digest, SPOOL_HASH, SQLITE_STATIC);
    sqlite3_bind_text(st, 4, item->body, (int)item->len, SQLITE_STATIC);
    if (item->file != NULL) {
        sqlite3_bind_text(st, 5, item->file, -1, SQLITE_STATIC);
        sqlite3_bind_blob(st, 6, item->file_hash, SPOOL_HASH, SQLITE_STATIC);
    }
    return run(s, STMT_TAKE);
}

/* SQLITE_OK, or SQLite's code. */
static int take_one(struct spool *s, struct spool_item *item)
{
    bool same = false;
    int found;

    item->case_no[0] = item->code[0] = '\0';
    found = find_file(s, item);

    if (found < 0)
        return -found;
    if (found == 1) {
        item->verdict = SPOOL_ALREADY;
        return SQLITE_OK;
    }
    found = find_id(s, item, &same);
    if (found < 0)
        return -found;
    if (found == 1) {
        item->verdict = same ? SPOOL_ALREADY : SPOOL_CONFLICT;
        return SQLITE_OK;
    }
    item->verdict = SPOOL_TAKEN;
    return insert(s, item);
}

int spool_take(struct spool *s, struct spool_item *items, size_t n,
               struct dk_problem *p)
{
    int rc = run(s, STMT_BEGIN);
    bool wrote = false;

    for (size_t i = 0; i < n && rc == SQLITE_OK; i++) {
        rc = take_one(s, &items[i]);
        wrote = wrote || items[i].verdict == SPOOL_TAKEN;
    }
    if (rc == SQLITE_OK)
        rc = run(s, STMT_COMMIT);
    if (rc == SQLITE_OK) /* a hurt log is read only as far as it is whole */
        return wrote ? spool_move_log(s, p) : 0;
    rc = spool_trouble(s->db, rc, "writing", p);
    roll_back(s);
    return rc;
}

static int fetch(struct spool *s, enum spool_stmt which, int64_t key,
                 struct spool_row *out, struct dk_problem *p)
{
    sqlite3_stmt *st = s->stmt[which];
    int rc, got = 0;

    sqlite3_bind_int64(st, 1, key);
    rc = step_whole(st);
    if (rc == SQLITE_ROW) {
        out->id = sqlite3_column_int64(st, 1);
        copy_text(st, 2, out->submission, sizeof(out->submission));
        out->len = (size_t)sqlite3_column_bytes(st, 3);
        out->body = malloc(out->len + 1);
        if (out->body == NULL) {
            done(st);
            return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
        }
        if (out->len > 0)
            memcpy(out->body, sqlite3_column_text(st, 3), out->len);
        out->body[out->len] = '\0';
        got = 1;
    }
    done(st);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return got;
    return spool_trouble(s->db, rc, "reading", p);
}

int spool_next(struct spool *s, int64_t after, struct spool_row *out,
               struct dk_problem *p)
{
    return fetch(s, STMT_NEXT, after, out, p);
}

int spool_get(struct spool *s, int64_t id, struct spool_row *out,
              struct dk_problem *p)
{
    return fetch(s, STMT_GET, id, out, p);
}

static int settle_one(struct spool *s, const struct spool_answer *a)
{
    sqlite3_stmt *st = s->stmt[STMT_SETTLE];
    struct dk_jw w = {0};
    int rc;

    sqlite3_bind_int64(st, 1, a->id);
    sqlite3_bind_int(st, 2, (int)a->state);
    sqlite3_bind_int64(st, 3, a->at);
    if (a->state == SPOOL_DONE) {
        sqlite3_bind_text(st, 4, a->case_no, -1, SQLITE_STATIC);
        sqlite3_bind_text(st, 5, a->code, -1, SQLITE_STATIC);
    } else {
        dk_problem_write(&w, &a->problem);
        sqlite3_bind_text(st, 6, w.buf, (int)w.len, SQLITE_STATIC);
    }
    rc = w.oom ? SQLITE_NOMEM : SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = run(s, STMT_SETTLE);
    else
        done(st);
    dk_jw_fini(&w);
    return rc;
}

int spool_settle(struct spool *s, const struct spool_answer *a, size_t n,
                 struct dk_problem *p)
{
    bool told = s->told;
    int rc = run(s, STMT_BEGIN);

    if (rc == SQLITE_OK)
        rc = spool_write_told(s); /* of those before these */
    for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
        rc = settle_one(s, &a[i]);
    if (rc == SQLITE_OK)
        rc = run(s, STMT_COMMIT);
    if (rc == SQLITE_OK)
        return 0;
    rc = spool_trouble(s->db, rc, "writing", p);
    roll_back(s);
    s->told = told;
    return rc;
}

void spool_told(struct spool *s)
{
    s->told = true;
}

int spool_write_told(struct spool *s)
{
    int rc = s->told ? run(s, STMT_TOLD) : SQLITE_OK;

    if (rc == SQLITE_OK && s->told)
        rc = run(s, STMT_ASIDE_TOLD);
    if (rc == SQLITE_OK)
        s->told = false;
    return rc;
}

int spool_untold(struct spool *s, spool_untold_fn fn, void *arg,
                 struct dk_problem *p)
{
    sqlite3_stmt *st = s->stmt[STMT_UNTOLD];
    int rc;

    while ((rc = sqlite3_step(st)) == SQLITE_ROW)
        fn(arg, (const char *)sqlite3_column_text(st, 0),
           (const char *)sqlite3_column_text(st, 1),
           (const char *)sqlite3_column_text(st, 2),
           (const char *)sqlite3_column_text(st, 3));
    done(st);
    return rc == SQLITE_DONE ? 0 : spool_trouble(s->db, rc, "reading", p);
}

int spool_aside(struct spool *s, bool untold, spool_aside_fn fn, void *arg,
                struct dk_problem *p)
{
    sqlite3_stmt *st = s->stmt[STMT_ASIDE];
    int rc;

    sqlite3_bind_int(st, 1, untold);
    while ((rc = sqlite3_step(st)) == SQLITE_ROW)
        fn(arg, (const char *)sqlite3_column_text(st, 0));
    done(st);
    return rc == SQLITE_DONE ? 0 : spool_trouble(s->db, rc, "reading", p);
}

int spool_count(struct spool *s, struct spool_counts *out, struct dk_problem *p)
{
    sqlite3_stmt *st = s->stmt[STMT_COUNT];
    int rc;

    *out = (struct spool_counts){.oldest_waiting = DK_NEVER};
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        int state = sqlite3_column_int(st, 0);

        if (state >= 0 && state < SPOOL_STATE_N)
            out->n[state] = sqlite3_column_int64(st, 1);
    }
    done(st);
    if (rc == SQLITE_DONE) {
        st = s->stmt[STMT_OLDEST];
        rc = sqlite3_step(st);
        if (rc == SQLITE_ROW) {
            out->oldest_waiting = sqlite3_column_int64(st, 0);
            rc = SQLITE_DONE;
        }
        done(st);
    }
    return rc == SQLITE_DONE ? 0 : spool_trouble(s->db, rc, "reading", p);
}

int spool_refused(struct spool *s, spool_refused_fn fn, void *arg,
                  struct dk_problem *p)
{
    sqlite3_stmt *st = s->stmt[STMT_REFUSED];
    int rc;

    while ((rc = sqlite3_step(st)) == SQLITE_ROW)
        fn(arg, (const char *)sqlite3_column_text(st, 0),
           (const char *)sqlite3_column_text(st, 1));
    done(st);
    return rc == SQLITE_DONE ? 0 : spool_trouble(s->db, rc, "reading", p);
}
