/* store_pg_move_list.c - the tables of a move, and their rows as COPY has them.
 *
 * The encoding is PostgreSQL's (manual, COPY, "Binary Format"): a count of
 * fields, and for each its length and bytes; integers of 8 bytes, big-endian.
 */
#include "store_pg_move.h"

#define TASKS(S, TABLE, DEAD)                                                  \
    "SELECT id, " S ", key, n, attempts, failed_at, reason, " DEAD             \
    ", NULL, NULL FROM " TABLE

const struct move_table move_tables[] = {
    {"meta", "one, schema, county, test_clock, test_now, secret, sealed, seal",
     "iiiiibbi",
     "SELECT 1, " PG_MOVING_TEXT ", county, test_clock, test_now, secret, "
     "sealed, seal FROM meta",
     "one"},
    {"broker",
     "no, name, id, epoch, commits, last_seq, last_at, cases, tasks_open, "
     "tasks_dead, alerts_open, tally, seen",
     "itbiiiiiiiiii",
     "SELECT 0, ?1, broker, epoch, 0, "
     "coalesce((SELECT max(seq) FROM event), 0), "
     "coalesce((SELECT at FROM event ORDER BY seq DESC LIMIT 1), 0), cases, "
     "tasks_open, tasks_dead, alerts_open, tally, 0 FROM meta, total",
     "no"},
    {"request", PG_REQUEST_COLUMNS, "bbiiiii",
     "SELECT " PG_REQUEST_COLUMNS " FROM request UNION ALL "
     "SELECT " PG_REQUEST_COLUMNS " FROM request_clash ORDER BY 1",
     "id"},
    {"event", "broker, " PG_EVENT_COLUMNS, "iiiiiiitbt",
     "SELECT 0, " PG_EVENT_COLUMNS " FROM event ORDER BY seq", "broker, seq"},
    {"case_file",
     "key, state, overdue, urgent, due, grp, unit, handler, region, category, "
     "hash, doc",
     "iiiiiittttbt",
     "SELECT key, state, overdue, urgent, due, grp, unit, handler, region, "
     "category, hash, doc FROM case_file ORDER BY key",
     "key"},
    {"case_beside", "key, unit, handler, open", "itti",
     "SELECT key, unit, handler, open FROM case_beside ORDER BY key, unit",
     "key, unit"},
    {"clock", "key, id, unit, state, overdue, due_at, fire_at", "ittiiii",
     "SELECT key, id, unit, state, overdue, due_at, fire_at FROM clock "
     "ORDER BY key, id",
     "key, id"},
    {"task",
     "id, service, key, n, attempts, failed_at, reason, dead, owner, "
     "owner_epoch",
     "iiiiiitiii",
     TASKS("0", "task_assign", "0") " UNION ALL " TASKS(
         "1", "task_deadline",
         "0") " UNION ALL " TASKS("2", "task_escalate",
                                  "0") " UNION ALL " TASKS("service",
                                                           "task_dead",
                                                           "1") " ORDER BY 1",
     "id"},
    {"alert",
     "key, n, raised_at, due_at, acked_at, acked_by, level, unit, clock, rung",
     "iiiiittttt",
     "SELECT key, n, raised_at, due_at, acked_at, acked_by, level, unit, "
     "clock, rung FROM alert ORDER BY key, n",
     "key, n"},
    {"office_alert", "broker, " PG_OFFICE_COLUMNS, "iiitiiitiiiiitt",
     "SELECT 0, " PG_OFFICE_COLUMNS " FROM office_alert ORDER BY id",
     "broker, id"},
    {"tally", "measure, day, unit, category, tag, known, broker, n", "iittiiii",
     "SELECT measure, day, unit, category, tag, known, 0, n FROM tally "
     "ORDER BY measure, day, unit, category, tag, known",
     "measure, day, unit, category, tag, known, broker"},
    {"checkpoint", "broker, " PG_CKPT_COLUMNS, "iiiitbb",
     "SELECT 0, " PG_CKPT_COLUMNS " FROM checkpoint ORDER BY number",
     "broker, number"},
    {"person", "key, seal, data", "iib",
     "SELECT key, seal, data FROM person ORDER BY key", "key"},
    {"load", "unit, handler, open", "tti",
     "SELECT unit, handler, open FROM load ORDER BY unit, handler",
     "unit, handler"},
    {"day", "day, seq", "ii", "SELECT day, seq FROM day ORDER BY day", "day"},
};
const int move_n_tables = (int)(sizeof move_tables / sizeof move_tables[0]);

/* ---- a row -------------------------------------------------------------- */

void move_put(struct move_buf *w, const void *v, size_t n)
{
    if (w->cap - w->len < n) {
        size_t cap = w->cap * 2 > w->len + n ? w->cap * 2 : w->len + n;
        unsigned char *b = realloc(w->b, cap);

        if (b == NULL) {
            w->oom = true;
            return;
        }
        w->b = b;
        w->cap = cap;
    }
    if (n != 0)
        memcpy(w->b + w->len, v, n);
    w->len += n;
}

void move_put32(struct move_buf *w, uint32_t v)
{
    unsigned char b[4] = {(unsigned char)(v >> 24), (unsigned char)(v >> 16),
                          (unsigned char)(v >> 8), (unsigned char)v};

    move_put(w, b, sizeof b);
}

static bool put_column(struct move_buf *w, sqlite3_stmt *q, int i, char type)
{
    int got = sqlite3_column_type(q, i);
    const void *v = NULL;

    if (got == SQLITE_NULL) {
        move_put32(w, UINT32_MAX);
        return true;
    }
    if (type == 'i') {
        uint64_t x = (uint64_t)sqlite3_column_int64(q, i);

        move_put32(w, 8);
        move_put32(w, (uint32_t)(x >> 32));
        move_put32(w, (uint32_t)x);
        return got == SQLITE_INTEGER;
    }
    v = type == 't' ? (const void *)sqlite3_column_text(q, i)
                    : sqlite3_column_blob(q, i);
    int n = sqlite3_column_bytes(q, i);
    move_put32(w, (uint32_t)n);
    move_put(w, v, v != NULL ? (size_t)n : 0);
    w->oom = w->oom || (v == NULL && n != 0);
    return got == (type == 't' ? SQLITE_TEXT : SQLITE_BLOB);
}

bool move_row(struct move_buf *w, sqlite3_stmt *q, const struct move_table *t)
{
    int n = (int)strlen(t->types);
    unsigned char count[2] = {0, (unsigned char)n};
    bool ok = sqlite3_column_count(q) == n;

    w->len = 0;
    move_put(w, count, sizeof count);
    for (int i = 0; ok && i < n; i++)
        ok = put_column(w, q, i, t->types[i]);
    return ok;
}

int move_select(struct mover *v, const struct move_table *t, sqlite3_stmt **q)
{
    int rc = sqlite3_prepare_v2(v->old.db, t->from, -1, q, NULL);

    if (rc == SQLITE_OK && sqlite3_bind_parameter_count(*q) == 1)
        rc = sqlite3_bind_text(*q, 1, v->m->name, -1, SQLITE_STATIC);
    return rc == SQLITE_OK ? 0 : moved_say(&v->old, rc, v->p);
}
