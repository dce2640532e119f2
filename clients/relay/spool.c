#include "spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spool_int.h"

#define ITEM_COLUMNS                                                           \
    "case_no, there, submission, came_n, came_at, state, sealed"

const char *const side_names[SIDES] = {"from", "to"};
const char *const item_state_names[ITEM_STATES] = {
    "wanted", "ready", "arrived", "gone", "refused", "returned"};

/* ---- sealed texts -------------------------------------------------------- */

static unsigned char *shut(const struct spool *s, const char *name,
                           const char *text, size_t len)
{
    unsigned char *sealed = malloc(len + SEAL_EXTRA);

    if (sealed != NULL)
        seal_shut(s->key, name, text, len, sealed);
    return sealed;
}

static int unshut(const struct spool *s, const char *name, sqlite3_stmt *row,
                  int column, char **text, size_t *len, struct dk_problem *p)
{
    size_t n = (size_t)sqlite3_column_bytes(row, column);

    *text = malloc(n + 1);
    if (*text == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    *len = n - SEAL_EXTRA;
    if (seal_open(s->key, name, sqlite3_column_blob(row, column), n, *text) ==
        0)
        return 0;
    free(*text);
    *text = NULL;
    return dk_failf(p, DK_EIO, NULL,
                    "the disk changed what the spool holds of %s; name a new "
                    "spool, and it is read again from the docket",
                    "磁盘改动了暂存文件中 %s 的内容；请换用新的暂存文件，程序会"
                    "重新读取",
                    name);
}

/* ---- streams ------------------------------------------------------------- */

int spool_place(struct spool *s, enum side side, char broker[33], int64_t *next,
                struct dk_problem *p)
{
    sqlite3_stmt *row = NULL;
    int rc =
        spool_run(s, &row, p, "SELECT broker, next FROM place WHERE side = ?1",
                  "i", (int64_t)side);

    broker[0] = '\0';
    *next = 1;
    if (rc == 0 && row != NULL) {
        spool_text(row, 0, broker, 33);
        *next = sqlite3_column_int64(row, 1);
    }
    sqlite3_finalize(row);
    return rc;
}

int spool_place_set(struct spool *s, enum side side, const char *broker,
                    int64_t next, struct dk_problem *p)
{
    return spool_run(s, NULL, p,
                     "INSERT INTO place VALUES(?1, ?2, ?3) ON CONFLICT(side)"
                     " DO UPDATE SET broker = ?2, next = ?3",
                     "iti", (int64_t)side, broker, next);
}

/* ---- cases --------------------------------------------------------------- */

static int take_item(struct spool *s, int rc, sqlite3_stmt *row, bool body,
                     struct item *out, struct dk_problem *p)
{
    memset(out, 0, sizeof(*out));
    if (rc != 0 || row == NULL)
        return rc;
    spool_text(row, 0, out->case_no, sizeof(out->case_no));
    spool_text(row, 1, out->there, sizeof(out->there));
    spool_text(row, 2, out->submission, sizeof(out->submission));
    out->came_n = sqlite3_column_int64(row, 3);
    out->came_at = sqlite3_column_int64(row, 4);
    out->state = (enum item_state)sqlite3_column_int(row, 5);
    if (body)
        rc = unshut(s, out->case_no, row, 6, &out->body, &out->len, p);
    sqlite3_finalize(row);
    return rc == 0 ? 1 : rc;
}

int spool_item(struct spool *s, const char *case_no, struct item *out,
               struct dk_problem *p)
{
    sqlite3_stmt *row = NULL;
    int rc = spool_run(s, &row, p,
                       "SELECT " ITEM_COLUMNS " FROM item WHERE case_no = ?1",
                       "t", case_no);

    return take_item(s, rc, row, false, out, p);
}

int spool_item_there(struct spool *s, const char *there, struct item *out,
                     struct dk_problem *p)
{
    sqlite3_stmt *row = NULL;
    int rc = spool_run(s, &row, p,
                       "SELECT " ITEM_COLUMNS " FROM item WHERE there = ?1",
                       "t", there);

    return take_item(s, rc, row, false, out, p);
}

static int first(struct spool *s, enum item_state state, bool body,
                 struct item *out, struct dk_problem *p)
{
    sqlite3_stmt *row = NULL;
    int rc = spool_run(s, &row, p,
                       "SELECT " ITEM_COLUMNS " FROM item WHERE state = ?1"
                       " ORDER BY id LIMIT 1",
                       "i", (int64_t)state);

    return take_item(s, rc, row, body, out, p);
}

int spool_item_first(struct spool *s, enum item_state state, struct item *out,
                     struct dk_problem *p)
{
    return first(s, state, false, out, p);
}

int spool_item_ready(struct spool *s, struct item *out, struct dk_problem *p)
{
    return first(s, ITEM_READY, true, out, p);
}

int spool_item_put(struct spool *s, const struct item *it, struct dk_problem *p)
{
    return spool_run(
        s, NULL, p,
        "INSERT INTO item(case_no, there, submission, came_n, came_at, state)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(case_no) DO UPDATE SET"
        " there = ?2, submission = ?3, came_n = ?4, came_at = ?5, state = ?6,"
        " sealed = NULL, problem = NULL",
        "tttiii", it->case_no, it->there[0] != '\0' ? it->there : NULL,
        it->submission, it->came_n, (int64_t)it->came_at, (int64_t)it->state);
}

int spool_item_seal(struct spool *s, const char *case_no, const char *body,
                    size_t len, struct dk_problem *p)
{
    unsigned char *sealed = shut(s, case_no, body, len);
    int rc;

    if (sealed == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    rc = spool_run(s, NULL, p,
                   "UPDATE item SET sealed = ?2, state = ?3 WHERE case_no = ?1",
                   "tbi", case_no, (const void *)sealed, len + SEAL_EXTRA,
                   (int64_t)ITEM_READY);
    free(sealed);
    return rc;
}

int spool_item_set(struct spool *s, const char *case_no, enum item_state state,
                   const char *there, const char *problem, struct dk_problem *p)
{
    return spool_run(s, NULL, p,
                     "UPDATE item SET state = ?2, there = coalesce(?3, there),"
                     " problem = ?4, sealed = NULL WHERE case_no = ?1",
                     "titt", case_no, (int64_t)state, there, problem);
}

/* ---- what is to be written down ------------------------------------------ */

int spool_act_put(struct spool *s, enum side side, const char *case_no,
                  const char *command, const char *body, size_t len,
                  struct dk_problem *p)
{
    unsigned char *sealed = shut(s, case_no, body, len);
    int rc;

    if (sealed == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    rc = spool_run(s, NULL, p,
                   "INSERT INTO act(side, case_no, command, form, sealed)"
                   " VALUES(?1, ?2, ?3, 0, ?4) ON CONFLICT DO NOTHING",
                   "ittb", (int64_t)side, case_no, command,
                   (const void *)sealed, len + SEAL_EXTRA);
    free(sealed);
    return rc;
}

int spool_act_first(struct spool *s, enum side side, struct act *out,
                    struct dk_problem *p)
{
    sqlite3_stmt *row = NULL;
    int rc = spool_run(s, &row, p,
                       "SELECT a.id, a.case_no, a.form, a.sealed,"
                       " CASE a.side WHEN 0 THEN a.case_no ELSE i.there END"
                       " FROM act a JOIN item i ON i.case_no = a.case_no"
                       " WHERE a.side = ?1 AND a.problem IS NULL"
                       " AND (a.side = 0 OR i.there IS NOT NULL)"
                       " ORDER BY a.id LIMIT 1",
                       "i", (int64_t)side);

    *out = (struct act){.side = side};
    if (rc != 0 || row == NULL)
        return rc;
    out->id = sqlite3_column_int64(row, 0);
    spool_text(row, 1, out->case_no, sizeof(out->case_no));
    out->form = sqlite3_column_int(row, 2);
    spool_text(row, 4, out->number, sizeof(out->number));
    rc = unshut(s, out->case_no, row, 3, &out->body, &out->len, p);
    sqlite3_finalize(row);
    return rc == 0 ? 1 : rc;
}

int spool_act_done(struct spool *s, int64_t id, struct dk_problem *p)
{
    return spool_run(s, NULL, p, "DELETE FROM act WHERE id = ?1", "i", id);
}

int spool_act_refused(struct spool *s, int64_t id, int form,
                      const char *problem, struct dk_problem *p)
{
    if (form >= 0)
        return spool_run(s, NULL, p, "UPDATE act SET form = ?2 WHERE id = ?1",
                         "ii", id, (int64_t)form);
    return spool_run(s, NULL, p, "UPDATE act SET problem = ?2 WHERE id = ?1",
                     "it", id, problem);
}

int spool_again(struct spool *s, struct dk_problem *p)
{
    int rc = spool_run(s, NULL, p,
                       "UPDATE act SET problem = NULL, form = 0"
                       " WHERE problem IS NOT NULL",
                       "");

    if (rc == 0)
        rc = spool_run(s, NULL, p,
                       "UPDATE item SET problem = NULL, state = ?1"
                       " WHERE state = ?2",
                       "ii", (int64_t)ITEM_WANTED, (int64_t)ITEM_REFUSED);
    return rc;
}

/* ---- looking on ---------------------------------------------------------- */

int spool_count(struct spool *s, struct spool_counts *out, struct dk_problem *p)
{
    sqlite3_stmt *row = NULL;
    int rc = spool_run(s, &row, p,
                       "SELECT 0, state, count(*) FROM item GROUP BY state"
                       " UNION ALL SELECT 1, side, count(*) FROM act"
                       " WHERE problem IS NULL GROUP BY side"
                       " UNION ALL SELECT 2, 0, count(*) FROM act"
                       " WHERE problem IS NOT NULL",
                       "");

    memset(out, 0, sizeof(*out));
    for (bool more = rc == 0 && row != NULL; more;
         more = sqlite3_step(row) == SQLITE_ROW) {
        int what = sqlite3_column_int(row, 0),
            which = sqlite3_column_int(row, 1);
        int64_t n = sqlite3_column_int64(row, 2);

        if (what == 0 && which >= 0 && which < ITEM_STATES)
            out->items[which] = n;
        else if (what == 1 && which >= 0 && which < SIDES)
            out->acts[which] = n;
        else if (what == 2)
            out->refused = n;
    }
    sqlite3_finalize(row);
    return rc;
}

int spool_refused(struct spool *s, spool_refused_fn fn, void *arg,
                  struct dk_problem *p)
{
    char what[16], case_no[DK_CASE_NO_MAX], problem[40];
    sqlite3_stmt *row = NULL;
    int rc = spool_run(s, &row, p,
                       "SELECT 'case', case_no, problem FROM item"
                       " WHERE state = ?1 UNION ALL SELECT CASE side WHEN 0"
                       " THEN 'act-from' ELSE 'act-to' END, case_no, problem"
                       " FROM act WHERE problem IS NOT NULL",
                       "i", (int64_t)ITEM_REFUSED);

    for (bool more = rc == 0 && row != NULL; more;
         more = sqlite3_step(row) == SQLITE_ROW) {
        spool_text(row, 0, what, sizeof(what));
        spool_text(row, 1, case_no, sizeof(case_no));
        spool_text(row, 2, problem, sizeof(problem));
        fn(arg, what, case_no, problem);
    }
    sqlite3_finalize(row);
    return rc;
}
