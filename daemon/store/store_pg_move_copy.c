/* store_pg_move_copy.c - rows there by COPY, and rows compared.
 *
 * Both directions have the same bytes, so that what was sent is held against
 * what is read, byte by byte, and no column can be forgotten.
 */
#include <inttypes.h>
#include <stdio.h>

#include "store_pg_move.h"

#define CHUNK_ROWS  10000
#define CHUNK_BYTES ((size_t)8 << 20)
#define TELL_EVERY  20000

static const unsigned char head[19] = {'P',  'G',  'C',  'O',  'P', 'Y',
                                       '\n', 0xff, '\r', '\n', 0};
static const unsigned char tail[2] = {0xff, 0xff};

static int odd_row(struct mover *v, const struct move_table *t, int64_t n)
{
    return dk_failf(v->p, DK_ECONFLICT, NULL,
                    "the old store is damaged: row %lld of its table %s is "
                    "none that docket writes. See docs/STORE.md, \"Damage\"",
                    "原数据库已损坏：第 %lld 行（表 %s）不是 docket 写入的"
                    "内容。参见 docs/STORE.md “Damage”一节",
                    (long long)n, t->name);
}

/* ---- there -------------------------------------------------------------- */

static int begin_copy(struct mover *v, const struct move_table *t)
{
    char sql[400];

    (void)snprintf(sql, sizeof sql, "COPY %s (%s) FROM STDIN BINARY", t->name,
                   t->columns);
    PGresult *res = PQexec(v->pg->c, sql);
    bool ok = PQresultStatus(res) == PGRES_COPY_IN;
    int rc = ok ? 0 : move_refused(v, res);
    PQclear(res);
    if (rc == 0 && PQputCopyData(v->pg->c, (const char *)head, sizeof head) < 0)
        rc = move_refused(v, NULL);
    return rc;
}

static int end_copy(struct mover *v, int rc)
{
    PGconn *c = v->pg->c;

    if (rc == 0 && PQputCopyData(c, (const char *)tail, sizeof tail) < 0)
        rc = move_refused(v, NULL);
    if (PQputCopyEnd(c, rc == 0 ? NULL : "given up") < 0 && rc == 0)
        rc = move_refused(v, NULL);
    for (PGresult *res; (res = PQgetResult(c)) != NULL; PQclear(res))
        if (rc == 0 && PQresultStatus(res) != PGRES_COMMAND_OK)
            rc = move_refused(v, res);
    return rc;
}

int move_copy_some(struct mover *v, const struct move_table *t, sqlite3_stmt *q,
                   int64_t limit, int64_t *n, bool *end)
{
    struct move_buf w = {0};
    size_t bytes = 0;
    int rc = begin_copy(v, t);

    if (rc != 0)
        return rc;
    *end = false;
    for (*n = 0; rc == 0 && *n < limit && bytes < CHUNK_BYTES;) {
        int step = sqlite3_step(q);

        *end = step == SQLITE_DONE;
        if (*end)
            break;
        if (step != SQLITE_ROW)
            rc = moved_say(&v->old, step, v->p);
        else if (!move_row(&w, q, t))
            rc = odd_row(v, t, v->rows + *n + 1);
        else if (w.oom)
            rc = dk_fail(v->p, DK_ENOMEM, NULL, NULL, NULL);
        else if (PQputCopyData(v->pg->c, (const char *)w.b, (int)w.len) < 0)
            rc = move_refused(v, NULL);
        bytes += w.len;
        *n += rc == 0;
    }
    free(w.b);
    return end_copy(v, rc);
}

static int copy_chunk(struct mover *v, int i, sqlite3_stmt *q, bool *end)
{
    char mark[100];
    int64_t n = 0;
    int rc = move_sql(v, "BEGIN");

    if (rc == 0)
        rc = move_copy_some(v, &move_tables[i], q, CHUNK_ROWS, &n, end);
    if (rc != 0)
        return rc; /* the connection ends, and the transaction with it */
    v->stage = *end ? i + 1 : i;
    v->rows = *end ? 0 : v->rows + n;
    (void)snprintf(mark, sizeof mark,
                   "UPDATE move SET stage = %" PRId64 ", rows = %" PRId64,
                   v->stage, v->rows);
    rc = move_sql(v, mark);
    return rc == 0 ? move_sql(v, "COMMIT") : rc;
}

int move_copy(struct mover *v, int i)
{
    sqlite3_stmt *q = NULL;
    bool end = false;
    int rc = move_select(v, &move_tables[i], &q);

    for (int64_t k = 0; rc == 0 && k < v->rows; k++) {
        int step = sqlite3_step(q); /* those that are there */

        if (step != SQLITE_ROW)
            rc = moved_say(&v->old, step == SQLITE_DONE ? SQLITE_CORRUPT : step,
                           v->p);
    }
    while (rc == 0 && !end) {
        rc = copy_chunk(v, i, q, &end);
        if (rc == 0)
            v->m->tell(v->m->arg, STORE_MOVE_COPY, move_tables[i].name,
                       v->rows);
    }
    (void)sqlite3_finalize(q);
    return rc;
}

/* ---- what comes back ---------------------------------------------------- */

struct stream { /* what COPY sends, whatever the pieces are */
    PGconn *c;
    char *piece;
    size_t len, at;
    bool end;
    struct move_buf copy; /* what was pulled together out of pieces */
};

/* `n` bytes, which live until the next call; NULL: there are not so many. */
static const unsigned char *pull(struct stream *s, size_t n)
{
    s->copy.len = 0;
    while (!s->end && s->copy.len < n) {
        if (s->at == s->len) {
            PQfreemem(s->piece);
            s->piece = NULL;
            int got = PQgetCopyData(s->c, &s->piece, 0);
            s->end = got < 0;
            s->len = got > 0 ? (size_t)got : 0;
            s->at = 0;
            continue;
        }
        size_t k = s->len - s->at;

        if (k > n - s->copy.len)
            k = n - s->copy.len;
        move_put(&s->copy, s->piece + s->at, k);
        s->at += k;
    }
    return s->copy.len == n && !s->copy.oom ? s->copy.b : NULL;
}

static int begin_stream(struct mover *v, struct stream *s, const char *sql)
{
    PGresult *res = PQexec(v->pg->c, sql);
    int rc = PQresultStatus(res) == PGRES_COPY_OUT ? 0 : move_refused(v, res);

    PQclear(res);
    *s = (struct stream){.c = v->pg->c};
    if (rc == 0 && pull(s, sizeof head) == NULL)
        rc = move_refused(v, NULL);
    return rc;
}

/* The rest is read to its end only if all went well: else the connection ends,
 * too.
 */
static int end_stream(struct mover *v, struct stream *s, int rc)
{
    const unsigned char *b = rc == 0 ? pull(s, 1) : NULL;

    if (b != NULL)
        rc = dk_fail(v->p, DK_ECONFLICT, NULL, NULL, NULL);
    PQfreemem(s->piece);
    free(s->copy.b);
    for (PGresult *res; rc == 0 && (res = PQgetResult(v->pg->c)) != NULL;
         PQclear(res))
        if (PQresultStatus(res) != PGRES_COMMAND_OK)
            rc = move_refused(v, res);
    return rc;
}

/* ---- compared ----------------------------------------------------------- */

/* The first integers of a row: its key, for the sentence. */
static void name_row(const struct move_table *t, sqlite3_stmt *q, char out[64])
{
    size_t n = 0;

    out[0] = '\0';
    for (int i = 0; i < 3 && t->types[i] == 'i' && n < 40; i++)
        n += (size_t)snprintf(out + n, 64 - n, "%s%lld", n == 0 ? " (" : " ",
                              (long long)sqlite3_column_int64(q, i));
    if (n != 0)
        (void)snprintf(out + n, 64 - n, ")");
}

static int differs(struct mover *v, const struct move_table *t, sqlite3_stmt *q,
                   struct stream *s)
{
    char key[64] = "";

    if (q != NULL)
        name_row(t, q, key);
    if (s->end && PQstatus(v->pg->c) != CONNECTION_OK)
        return move_refused(v, NULL);
    return dk_failf(v->p, DK_ECONFLICT, NULL,
                    "the copy is not what the old store has: table %s, row "
                    "%lld%s. Nothing was switched. Back out "
                    "(--back-out), see who else writes there, and begin again",
                    "副本与原数据库不一致：表 %s 第 %lld 行%s。尚未切换。"
                    "请用 --back-out 撤回，查明何者写入该库后重新迁移",
                    t->name, (long long)v->compared + 1, key);
}

static int compare_rows(struct mover *v, const struct move_table *t,
                        sqlite3_stmt *q, struct stream *s)
{
    struct move_buf w = {0};
    int rc = 0, step = SQLITE_ROW;

    while (rc == 0 && (step = sqlite3_step(q)) == SQLITE_ROW) {
        if (!move_row(&w, q, t))
            rc = odd_row(v, t, v->compared + 1);
        else if (w.oom)
            rc = dk_fail(v->p, DK_ENOMEM, NULL, NULL, NULL);
        if (rc != 0)
            break;
        const unsigned char *b = pull(s, w.len);
        if (b == NULL || memcmp(b, w.b, w.len) != 0)
            rc = differs(v, t, q, s);
        else if (++v->compared % TELL_EVERY == 0)
            v->m->tell(v->m->arg, STORE_MOVE_COMPARE, t->name, v->compared);
    }
    free(w.b);
    if (rc == 0 && step != SQLITE_DONE)
        rc = moved_say(&v->old, step, v->p);
    if (rc != 0)
        return rc;
    const unsigned char *b = pull(s, sizeof tail);
    if (b == NULL || memcmp(b, tail, sizeof tail) != 0)
        rc = differs(v, t, NULL, s);
    return rc;
}

int move_compare(struct mover *v, const struct move_table *t)
{
    struct stream s = {0};
    sqlite3_stmt *q = NULL;
    char sql[600];

    v->compared = 0;
    (void)snprintf(sql, sizeof sql,
                   "COPY (SELECT %s FROM %s ORDER BY %s) TO STDOUT BINARY",
                   t->columns, t->name, t->order);
    int rc = move_select(v, t, &q);
    if (rc == 0)
        rc = begin_stream(v, &s, sql);
    if (rc == 0)
        rc = compare_rows(v, t, q, &s);
    rc = end_stream(v, &s, rc);
    (void)sqlite3_finalize(q);
    if (rc == 0)
        v->m->tell(v->m->arg, STORE_MOVE_COMPARE, t->name, v->compared);
    return rc;
}

/* ---- chains ------------------------------------------------------------- */

#define CHAIN_COLUMNS 9

struct field {
    unsigned char *b;
    int32_t len; /* -1: NULL */
};

static uint32_t be(const unsigned char *b, int n)
{
    uint32_t x = 0;

    for (int i = 0; i < n; i++)
        x = x << 8 | b[i];
    return x;
}

static int64_t int_of(const struct field *f)
{
    if (f->len != 8)
        return 0;
    return (int64_t)((uint64_t)be(f->b, 4) << 32 | be(f->b + 4, 4));
}

/* One row into `w`, its fields into `f`, texts with a NUL behind them: 1, at
 * the end 0, or -1.
 */
static int next_row(struct stream *s, struct move_buf *w,
                    struct field f[CHAIN_COLUMNS])
{
    size_t at[CHAIN_COLUMNS];
    const unsigned char *b = pull(s, 2);

    if (b == NULL)
        return -1;
    if (memcmp(b, tail, sizeof tail) == 0)
        return 0;
    w->len = 0;
    for (int i = 0; i < CHAIN_COLUMNS; i++) {
        b = pull(s, 4);
        if (b == NULL)
            return -1;
        f[i].len = (int32_t)be(b, 4);
        at[i] = w->len;
        b = f[i].len > 0 ? pull(s, (size_t)f[i].len) : (const void *)"";
        if (b == NULL)
            return -1;
        move_put(w, b, f[i].len > 0 ? (size_t)f[i].len : 0);
        move_put(w, "", 1);
    }
    for (int i = 0; i < CHAIN_COLUMNS && !w->oom; i++)
        f[i].b = w->b + at[i];
    return w->oom ? -1 : 1;
}

static int tell_event(struct mover *v, const struct field f[CHAIN_COLUMNS])
{
    struct dk_event e = {
        .key = int_of(&f[0]),
        .n = (uint32_t)int_of(&f[1]),
        .type = (enum dk_ev)int_of(&f[2]),
        .at = int_of(&f[3]),
        .claimed = f[4].len < 0 ? DK_NEVER : int_of(&f[4]),
    };
    const uint8_t *case_head = f[8].len == DK_HASH_LEN ? f[8].b : NULL;

    (void)snprintf(e.actor, sizeof e.actor, "%s", (const char *)f[5].b);
    if (f[6].len == DK_HASH_LEN)
        memcpy(e.hash, f[6].b, DK_HASH_LEN);
    e.body = (char *)f[7].b;
    e.body_len = f[7].len > 0 ? (size_t)f[7].len : 0;
    return v->m->event(v->m->arg, &e, case_head);
}

int move_chains(struct mover *v)
{
    static const char sql[] =
        "COPY (SELECT coalesce(e.key, c.key), e.n, e.type, e.at, e.claimed, "
        "e.actor, e.hash, e.body, c.hash FROM event e FULL JOIN case_file c "
        "ON c.key = e.key ORDER BY 1, 2) TO STDOUT BINARY";
    struct stream s = {0};
    struct move_buf w = {0};
    struct field f[CHAIN_COLUMNS];
    int64_t n = 0;
    int rc = begin_stream(v, &s, sql), got = 1;

    while (rc == 0 && (got = next_row(&s, &w, f)) == 1) {
        rc = tell_event(v, f);
        if (rc == 0 && ++n % TELL_EVERY == 0)
            v->m->tell(v->m->arg, STORE_MOVE_CHAIN, "event", n);
    }
    if (rc == 0 && got < 0)
        rc = move_refused(v, NULL);
    if (rc == 0)
        rc = v->m->event(v->m->arg, NULL, NULL);
    if (rc != 0 && rc != DK_EBUSY && v->p->code == 0)
        rc = dk_fail(v->p, DK_ECONFLICT, NULL,
                     "the chain of a case is broken, in the old store as in "
                     "the copy. Nothing was switched. Run docketctl verify on "
                     "the old store",
                     "案件的哈希链不完整，原数据库与副本均如此。尚未切换。"
                     "请对原数据库运行 docketctl verify");
    rc = end_stream(v, &s, rc);
    free(w.b);
    if (rc == 0)
        v->m->tell(v->m->arg, STORE_MOVE_CHAIN, "event", n);
    return rc;
}
