/* store_pg_read.c - reads by key, the stream, the queues. */
#include <stdio.h>

#include "store_pg.h"

static void copy_text(char *to, size_t cap, const char *from)
{
    (void)snprintf(to, cap, "%s", from != NULL ? from : "");
}

/* What a row callback said, as pg_each() understands it. */
static int verdict(int said)
{
    return said > 0 ? 1 : said;
}

/* ---- requests and cases ------------------------------------------------- */

struct requests {
    struct store_request *out;
    bool *found;
    size_t n;
};

static int on_request(struct pg *s, const struct pg_row *r, void *arg)
{
    struct requests *q = arg;
    size_t i = (size_t)pg_col_int(r, 0) - 1;
    struct store_request *out = &q->out[i < q->n ? i : 0];

    *out = (struct store_request){.key = pg_col_int(r, 3),
                                  .n = (uint32_t)pg_col_int(r, 4),
                                  .state = (enum dk_state)pg_col_int(r, 5),
                                  .at = pg_col_int(r, 6),
                                  .submitted_at = pg_col_int(r, 7)};
    if (i >= q->n || !pg_col_bytes(r, 1, out->id.b, sizeof out->id.b) ||
        !pg_col_bytes(r, 2, out->hash, sizeof out->hash))
        return pg_odd(s);
    q->found[i] = true;
    return 0;
}

int pg_find_requests(struct store *st, const struct dk_uuid *ids, size_t n,
                     struct store_request *out, bool *found)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct requests q = {out, found, n};
    PGresult *res;

    if (n == 0)
        return 0;
    pg_cols(s, "b");
    for (size_t i = 0; i < n; i++) {
        found[i] = false;
        pg_add_bytes(&s->col[0], ids[i].b, sizeof ids[i].b);
    }
    pg_args_cols(&a, 1);
    int rc = pg_ask(&a, PG_REQUESTS, &res);
    return pg_each(s, rc, res, on_request, &q);
}

struct cases {
    const int64_t *keys;
    size_t n;
    struct dk_case **out;
};

static int on_case(struct pg *s, const struct pg_row *r, void *arg)
{
    struct cases *q = arg;
    uint8_t hash[DK_HASH_LEN];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < q->n; i++) {
        if (q->keys[i] != pg_col_int(r, 0) || q->out[i] != NULL)
            continue;
        if (!pg_col_bytes(r, 1, hash, sizeof hash))
            return pg_odd(s);
        rc = store_read_doc(pg_col_text(r, 2), pg_col_len(r, 2), hash,
                            &q->out[i]);
    }
    return rc == DK_EIO ? pg_odd(s) : rc;
}

int pg_load_cases(struct store *st, const int64_t *keys, size_t n,
                  struct dk_case **out)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct cases q = {keys, n, out};
    PGresult *res;
    int rc;

    if (n == 0)
        return 0;
    pg_cols(s, "i");
    for (size_t i = 0; i < n; i++)
        pg_add_int(&s->col[0], keys[i]);
    pg_args_cols(&a, 1);
    if (s->shared && s->hold)
        rc = pg_ask_held(&a, PG_CASES_HELD, &res);
    else
        rc = pg_ask(&a, PG_CASES, &res);
    return pg_each(s, rc, res, on_case, &q);
}

/* ---- the stream --------------------------------------------------------- */

int pg_read_event(struct pg *s, const struct pg_row *r, int i,
                  struct dk_event *e)
{
    const char *body = pg_col_text(r, i + 8);

    *e = (struct dk_event){.seq = pg_col_int(r, i),
                           .key = pg_col_int(r, i + 1),
                           .n = (uint32_t)pg_col_int(r, i + 2),
                           .type = (enum dk_ev)pg_col_int(r, i + 3),
                           .at = pg_col_int(r, i + 4),
                           .claimed = pg_col_when(r, i + 5),
                           .body = (char *)(uintptr_t)body,
                           .body_len = pg_col_len(r, i + 8)};
    copy_text(e->actor, sizeof e->actor, pg_col_text(r, i + 6));
    if (body == NULL || (unsigned)e->type >= DK_EV_N ||
        !pg_col_bytes(r, i + 7, e->hash, sizeof e->hash))
        return pg_odd(s);
    return 0;
}

struct events {
    store_event_fn fn;
    void *arg;
};

static int on_event(struct pg *s, const struct pg_row *r, void *arg)
{
    struct events *q = arg;
    struct dk_event e;
    int rc = pg_read_event(s, r, 0, &e);

    return rc != 0 ? rc : verdict(q->fn(q->arg, &e));
}

int pg_events(struct store *st, int64_t from_seq, int64_t limit,
              store_event_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct events q = {fn, arg};
    PGresult *res;

    pg_int(&a, from_seq);
    pg_int(&a, limit);
    pg_int(&a, s->no);
    int rc = pg_ask(&a, PG_EVENTS, &res);
    return pg_each(s, rc, res, on_event, &q);
}

int pg_case_events(struct store *st, int64_t key, uint32_t from_n,
                   int64_t limit, store_event_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct events q = {fn, arg};
    PGresult *res;

    pg_int(&a, key);
    pg_int(&a, from_n);
    pg_int(&a, limit);
    int rc = pg_ask(&a, PG_CASE_EVENTS, &res);
    return pg_each(s, rc, res, on_event, &q);
}

/* ---- clocks that are due ------------------------------------------------- */

struct dues {
    store_due_fn fn;
    void *arg;
};

static int on_due(struct pg *s, const struct pg_row *r, void *arg)
{
    struct dues *q = arg;
    struct store_due d = {.key = pg_col_int(r, 0), .fire_at = pg_col_int(r, 1)};

    (void)s;
    copy_text(d.clock, sizeof d.clock, pg_col_text(r, 2));
    return verdict(q->fn(q->arg, &d));
}

int pg_due_clocks(struct store *st, dk_ms now, int64_t limit, store_due_fn fn,
                  void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct dues q = {fn, arg};
    PGresult *res;
    int rc;

    pg_int(&a, now);
    pg_int(&a, limit);
    if (s->shared && s->hold)
        rc = pg_ask_held(&a, PG_DUE_HELD, &res);
    else
        rc = pg_ask(&a, PG_DUE, &res);
    return pg_each(s, rc, res, on_due, &q);
}

int pg_next_due(struct store *st, dk_ms *out)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    PGresult *res;
    int rc = pg_ask(&a, PG_NEXT_DUE, &res);

    *out = DK_NEVER;
    if (rc == 0 && PQntuples(res) > 0)
        *out = pg_col_int(&(struct pg_row){res, 0}, 0);
    PQclear(res);
    return rc;
}

/* ---- tasks -------------------------------------------------------------- */

struct tasks {
    enum dk_service service;
    store_task_fn fn;
    void *arg;
};

static int on_task(struct pg *s, const struct pg_row *r, void *arg)
{
    struct tasks *q = arg;
    struct dk_event e;
    struct store_task_row row = {
        .t = {.id = pg_col_int(r, 0),
              .service = q->service,
              .key = pg_col_int(r, 1),
              .n = (uint32_t)pg_col_int(r, 2),
              .attempts = (int)pg_col_int(r, 3)},
        .doc = pg_col_text(r, 4),
        .doc_len = pg_col_len(r, 4),
    };
    int rc = 0;

    if (!pg_col_null(r, 5)) { /* else the join found no event */
        rc = pg_read_event(s, r, 5, &e);
        row.e = &e;
    }
    return rc != 0 ? rc : verdict(q->fn(q->arg, &row));
}

int pg_tasks(struct store *st, enum dk_service service, int64_t after,
             int64_t limit, store_task_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct tasks q = {service, fn, arg};
    PGresult *res;

    pg_int(&a, service);
    pg_int(&a, after);
    pg_int(&a, limit);
    pg_int(&a, s->shared ? s->no : -1);
    pg_int(&a, s->epoch);
    int rc = pg_ask(&a, PG_TASKS, &res);
    return pg_each(s, rc, res, on_task, &q);
}

static void read_task_info(const struct pg_row *r, struct store_task_info *t)
{
    *t = (struct store_task_info){
        .t = {.id = pg_col_int(r, 0),
              .service = (enum dk_service)pg_col_int(r, 1),
              .key = pg_col_int(r, 2),
              .n = (uint32_t)pg_col_int(r, 3),
              .attempts = (int)pg_col_int(r, 4)},
        .dead = pg_col_int(r, 5) != 0,
        .failed_at = pg_col_when(r, 6),
    };
    copy_text(t->reason, sizeof t->reason, pg_col_text(r, 7));
}

int pg_task_get(struct store *st, int64_t id, struct store_task_info *out)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    PGresult *res;

    pg_int(&a, id);
    int rc = pg_ask(&a, PG_TASK_GET, &res);
    if (rc == 0 && PQntuples(res) == 0)
        rc = DK_ENOTFOUND;
    if (rc == 0)
        read_task_info(&(struct pg_row){res, 0}, out);
    PQclear(res);
    return rc;
}

struct infos {
    store_task_info_fn fn;
    void *arg;
};

static int on_info(struct pg *s, const struct pg_row *r, void *arg)
{
    struct infos *q = arg;
    struct store_task_info t;

    (void)s;
    read_task_info(r, &t);
    return verdict(q->fn(q->arg, &t));
}

int pg_task_list(struct store *st, bool dead, int64_t after, int64_t limit,
                 store_task_info_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct infos q = {fn, arg};
    PGresult *res;

    pg_int(&a, dead);
    pg_int(&a, after);
    pg_int(&a, limit);
    int rc = pg_ask(&a, PG_TASK_LIST, &res);
    return pg_each(s, rc, res, on_info, &q);
}

int pg_task_count(struct store *st, enum dk_service service, bool dead,
                  int64_t limit, int64_t *out)
{
    struct pg_args a = pg_args((struct pg *)st);
    PGresult *res;

    pg_int(&a, service);
    pg_int(&a, dead);
    pg_int(&a, limit);
    int rc = pg_ask(&a, PG_TASK_COUNT, &res);
    if (rc == 0)
        *out = pg_col_int(&(struct pg_row){res, 0}, 0);
    PQclear(res);
    return rc;
}
