/* store_sqlite_fill.c - what a store of an older schema does not have, made
 * within the transaction of its step: once, at the first start of this version.
 *
 * Schema 1 has no figures, and in each case not what they remember of it and
 * its place in the order of work: everything is made from the events, case
 * after case.  Schema 4 has no rows of co-handlers: they are made from the
 * cases as they stand, which name them.
 */
#include <stdlib.h>
#include <string.h>

#include "migrate.h"
#include "store_impl.h"

struct fill {
    const struct store_options *opt;
    sqlite3_stmt *events, *put, *add, *total;
    struct dk_case *c; /* the case being made; NULL: none yet */
    bool broken;       /* an event of it cannot follow: it stays as it is */
    uint64_t sum;      /* of the figures */
};

static int prepare(sqlite3 *db, const char *sql, sqlite3_stmt **q)
{
    return sqlite3_prepare_v2(db, sql, -1, q, NULL);
}

/* Run a statement that gives no row, and make it ready for the next time. */
static int run(sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);
    int end = sqlite3_reset(q);

    return rc == SQLITE_DONE ? end : rc;
}

static int bind_text(sqlite3_stmt *q, int i, const char *v)
{
    return sqlite3_bind_text(q, i, v, -1, SQLITE_STATIC);
}

static int put_row(struct fill *f, const struct dk_tally *t)
{
    int rc = sqlite3_bind_int(f->add, 1, (int)t->measure);

    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int(f->add, 2, t->day);
    if (rc == SQLITE_OK)
        rc = bind_text(f->add, 3, t->unit);
    if (rc == SQLITE_OK)
        rc = bind_text(f->add, 4, t->category);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int(f->add, 5, t->tag);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int(f->add, 6, t->known);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(f->add, 7, t->n);
    f->sum += (uint64_t)t->n * dk_tally_print(t);
    return rc == SQLITE_OK ? run(f->add) : rc;
}

static int put_case(struct fill *f, const struct dk_jw *doc)
{
    struct row_case row = store_row_case(f->c);
    int rc = sqlite3_bind_int64(f->put, 1, row.urgent);

    if (rc == SQLITE_OK && row.due != DK_NEVER)
        rc = sqlite3_bind_int64(f->put, 2, row.due);
    if (rc == SQLITE_OK && row.grp != 0)
        rc = sqlite3_bind_int64(f->put, 3, row.grp);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(f->put, 4, doc->buf, (int)doc->len,
                               SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(f->put, 5, row.key);
    if (rc == SQLITE_OK)
        rc = run(f->put);
    (void)sqlite3_clear_bindings(f->put);
    return rc;
}

/* The case that was under way is whole. */
static int end_case(struct fill *f)
{
    struct dk_jw doc = {0};
    int rc = SQLITE_OK;

    if (f->c != NULL && f->c->n != 0 && !f->broken) {
        dk_case_write(&doc, NULL, f->c, f->opt->county, f->opt->offset_min);
        rc = doc.oom ? SQLITE_NOMEM : put_case(f, &doc);
        dk_jw_fini(&doc);
    }
    dk_case_free(f->c);
    f->c = NULL;
    f->broken = false;
    return rc;
}

static int do_event(struct fill *f, const struct dk_event *e)
{
    struct dk_tally_was was;
    struct dk_tallies rows;
    int rc;

    if (f->broken)
        return SQLITE_OK;
    dk_tally_before(f->c, f->opt->offset_min, &was);
    rc = dk_case_evolve(f->c, e);
    if (rc == 0)
        rc = dk_tally(&was, e, f->c, f->opt->offset_min, &rows);
    f->broken = rc != 0;
    if (rc != 0)
        return rc == DK_ENOMEM ? SQLITE_NOMEM : SQLITE_OK;
    for (int i = 0; rc == SQLITE_OK && i < rows.n; i++)
        rc = put_row(f, &rows.v[i]);
    return rc;
}

/* The event of the row; its body is borrowed from it. */
static bool read_event(sqlite3_stmt *q, struct dk_event *e)
{
    const char *actor = (const char *)sqlite3_column_text(q, 5);
    const unsigned char *body = sqlite3_column_text(q, 6);
    int type = sqlite3_column_int(q, 2);

    *e = (struct dk_event){.key = sqlite3_column_int64(q, 0),
                           .n = (uint32_t)sqlite3_column_int64(q, 1),
                           .type = (enum dk_ev)type,
                           .at = sqlite3_column_int64(q, 3),
                           .claimed = DK_NEVER,
                           .body = (char *)(uintptr_t)body,
                           .body_len = (size_t)sqlite3_column_bytes(q, 6)};
    if (sqlite3_column_type(q, 4) != SQLITE_NULL)
        e->claimed = sqlite3_column_int64(q, 4);
    if (actor == NULL || body == NULL || strlen(actor) > DK_ID_MAX ||
        type < 0 || type >= DK_EV_N)
        return false;
    memcpy(e->actor, actor, strlen(actor) + 1);
    return true;
}

static int do_all(struct fill *f)
{
    int rc;

    while ((rc = sqlite3_step(f->events)) == SQLITE_ROW) {
        struct dk_event e;
        bool good = read_event(f->events, &e);

        rc = SQLITE_OK;
        if (f->c != NULL && f->c->key != e.key)
            rc = end_case(f);
        if (rc == SQLITE_OK && f->c == NULL)
            f->c = dk_case_new();
        if (rc == SQLITE_OK && f->c == NULL)
            rc = SQLITE_NOMEM;
        if (rc != SQLITE_OK)
            return rc;
        f->c->key = e.key;
        f->broken = f->broken || !good;
        rc = do_event(f, &e);
        if (rc != SQLITE_OK)
            return rc;
    }
    if (rc == SQLITE_DONE)
        rc = end_case(f);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(f->total, 1, (int64_t)f->sum);
    return rc == SQLITE_OK ? run(f->total) : rc;
}

int migrate_fill_2(sqlite3 *db, const struct store_options *opt)
{
    struct fill f = {.opt = opt};
    int rc = prepare(db,
                     "SELECT key, n, type, at, claimed, actor, body "
                     "FROM event INDEXED BY event_case ORDER BY key, n",
                     &f.events);

    if (rc == SQLITE_OK)
        rc = prepare(db,
                     "UPDATE case_file SET urgent = ?, due = ?, grp = ?, "
                     "doc = ? WHERE key = ?",
                     &f.put);
    if (rc == SQLITE_OK)
        rc = prepare(db,
                     "INSERT INTO tally (measure, day, unit, category, tag, "
                     "known, n) VALUES (?, ?, ?, ?, ?, ?, ?) "
                     "ON CONFLICT DO UPDATE SET n = n + excluded.n",
                     &f.add);
    if (rc == SQLITE_OK)
        rc = prepare(db, "UPDATE total SET tally = ?", &f.total);
    if (rc == SQLITE_OK)
        rc = do_all(&f);
    dk_case_free(f.c);
    (void)sqlite3_finalize(f.events);
    (void)sqlite3_finalize(f.put);
    (void)sqlite3_finalize(f.add);
    (void)sqlite3_finalize(f.total);
    return rc;
}

/* ---- co-handlers --------------------------------------------------------- */

static int put_beside(sqlite3_stmt *put, const struct dk_case *c)
{
    int rc = SQLITE_OK;

    for (int i = 0; rc == SQLITE_OK && i < c->n_co; i++) {
        struct row_beside row = store_row_beside(c, i);

        rc = sqlite3_bind_int64(put, 1, row.key);
        if (rc == SQLITE_OK)
            rc = bind_text(put, 2, row.unit);
        if (rc == SQLITE_OK)
            rc = bind_text(put, 3, row.handler);
        if (rc == SQLITE_OK)
            rc = sqlite3_bind_int64(put, 4, row.open);
        if (rc == SQLITE_OK)
            rc = run(put);
    }
    return rc;
}

/* One case; a text that cannot be read is verify's to tell. */
static int do_case(sqlite3_stmt *cases, sqlite3_stmt *put)
{
    static const uint8_t no_hash[DK_HASH_LEN];
    const char *doc = (const char *)sqlite3_column_text(cases, 1);
    struct dk_case *c = NULL;

    if (doc == NULL)
        return SQLITE_NOMEM;
    int rc = store_read_doc(doc, (size_t)sqlite3_column_bytes(cases, 1),
                            no_hash, &c);
    if (rc != 0)
        return rc == DK_ENOMEM ? SQLITE_NOMEM : SQLITE_OK;
    rc = c->key == sqlite3_column_int64(cases, 0) ? put_beside(put, c)
                                                  : SQLITE_OK;
    dk_case_free(c);
    return rc;
}

int migrate_fill_5(sqlite3 *db, const struct store_options *opt)
{
    sqlite3_stmt *cases = NULL, *put = NULL;
    int rc = prepare(db,
                     "SELECT key, doc FROM case_file "
                     "WHERE instr(doc, '\"co_handlers\":[{') <> 0",
                     &cases);

    (void)opt;
    if (rc == SQLITE_OK)
        rc = prepare(db,
                     "INSERT INTO case_beside (key, unit, handler, open) "
                     "VALUES (?, ?, ?, ?)",
                     &put);
    while (rc == SQLITE_OK && (rc = sqlite3_step(cases)) == SQLITE_ROW)
        rc = do_case(cases, put);
    if (rc == SQLITE_DONE)
        rc = SQLITE_OK;
    (void)sqlite3_finalize(cases);
    (void)sqlite3_finalize(put);
    return rc;
}
