/* store_sqlite_read.c - reads by key, the stream, the queues, the counters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_sqlite.h"

static void copy_text(char *to, size_t cap, const char *from)
{
    (void)snprintf(to, cap, "%s", from != NULL ? from : "");
}

/* What a row callback said, as the loop understands it: 0 go on, 1 stop. */
static int verdict(int said)
{
    return said > 0 ? 1 : said;
}

static int read_request(struct sq_use *u, struct store_request *r)
{
    *r = (struct store_request){.key = sq_col_int(u, 2),
                                .n = (uint32_t)sq_col_int(u, 3),
                                .state = (enum dk_state)sq_col_int(u, 4),
                                .at = sq_col_int(u, 5),
                                .submitted_at = sq_col_int(u, 6)};
    if (!sq_col_bytes(u, 0, r->id.b, sizeof r->id.b) ||
        !sq_col_bytes(u, 1, r->hash, sizeof r->hash))
        return sq_odd(u->s);
    return 1;
}

int sq_find_request(struct sq *s, const struct dk_uuid *id,
                    struct store_request *r)
{
    struct sq_use u = sq_use(s, SQ_REQUEST_GET);

    sq_int(&u, sq_slot(id));
    int rc = sq_step(&u);
    if (rc == 1)
        rc = read_request(&u, r);
    sq_end(&u);
    if (rc != 1 || memcmp(&r->id, id, sizeof *id) == 0)
        return rc;

    u = sq_use(s, SQ_CLASH_GET); /* another id has the slot */
    sq_blob(&u, id->b, sizeof id->b);
    rc = sq_step(&u);
    if (rc == 1)
        rc = read_request(&u, r);
    sq_end(&u);
    return rc;
}

int sq_find_requests(struct store *st, const struct dk_uuid *ids, size_t n,
                     struct store_request *out, bool *found)
{
    struct sq *s = (struct sq *)st;

    for (size_t i = 0; i < n; i++) {
        /* A new id is later than all that are kept, so most need no look. */
        bool later = sq_slot(&ids[i]) > s->last_slot;
        int rc = later ? 0 : sq_find_request(s, &ids[i], &out[i]);

        found[i] = rc == 1;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int read_case(struct sq_use *u, struct dk_case **out)
{
    uint8_t hash[DK_HASH_LEN];
    const char *doc = sq_col_text(u, 1);

    if (doc == NULL || !sq_col_bytes(u, 0, hash, sizeof hash))
        return sq_odd(u->s);
    int rc = store_read_doc(doc, sq_col_len(u, 1), hash, out);
    return rc == DK_EIO ? sq_odd(u->s) : rc;
}

int sq_load_cases(struct store *st, const int64_t *keys, size_t n,
                  struct dk_case **out)
{
    struct sq *s = (struct sq *)st;

    for (size_t i = 0; i < n; i++) {
        struct sq_use u = sq_use(s, SQ_CASE_GET);

        sq_int(&u, keys[i]);
        int rc = sq_step(&u);
        if (rc == 1)
            rc = read_case(&u, &out[i]);
        sq_end(&u);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* An event from the columns SQ_EVENT_COLUMNS, the first of them number `i`.
 * Its body stays SQLite's.
 */
static int read_event(struct sq_use *u, int i, struct dk_event *e)
{
    const char *body = sq_col_text(u, i + 8);

    *e = (struct dk_event){.seq = sq_col_int(u, i),
                           .key = sq_col_int(u, i + 1),
                           .n = (uint32_t)sq_col_int(u, i + 2),
                           .type = (enum dk_ev)sq_col_int(u, i + 3),
                           .at = sq_col_int(u, i + 4),
                           .claimed = sq_col_when(u, i + 5),
                           .body = (char *)(uintptr_t)body,
                           .body_len = sq_col_len(u, i + 8)};
    copy_text(e->actor, sizeof e->actor, sq_col_text(u, i + 6));
    if (body == NULL || (unsigned)e->type >= DK_EV_N ||
        !sq_col_bytes(u, i + 7, e->hash, sizeof e->hash))
        return sq_odd(u->s);
    return 0;
}

static int each_event(struct sq_use *u, store_event_fn fn, void *arg)
{
    int rc;

    while ((rc = sq_step(u)) == 1) {
        struct dk_event e;

        rc = read_event(u, 0, &e);
        if (rc == 0)
            rc = verdict(fn(arg, &e));
        if (rc != 0)
            break;
    }
    sq_end(u);
    return rc < 0 ? rc : 0;
}

int sq_events(struct store *st, int64_t from_seq, int64_t limit,
              store_event_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_EVENTS);

    sq_int(&u, from_seq);
    sq_int(&u, limit);
    return each_event(&u, fn, arg);
}

int sq_case_events(struct store *st, int64_t key, uint32_t from_n,
                   int64_t limit, store_event_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_CASE_EVENTS);

    sq_int(&u, key);
    sq_int(&u, from_n);
    sq_int(&u, limit);
    return each_event(&u, fn, arg);
}

int sq_due_clocks(struct store *st, dk_ms now, int64_t limit, store_due_fn fn,
                  void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_DUE);
    int rc;

    sq_int(&u, now);
    sq_int(&u, limit);
    while ((rc = sq_step(&u)) == 1) {
        struct store_due d = {.key = sq_col_int(&u, 0),
                              .fire_at = sq_col_int(&u, 1)};

        copy_text(d.clock, sizeof d.clock, sq_col_text(&u, 2));
        rc = verdict(fn(arg, &d));
        if (rc != 0)
            break;
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

int sq_next_due(struct store *st, dk_ms *out)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_NEXT_DUE);
    int rc = sq_step(&u);

    *out = rc == 1 ? sq_col_int(&u, 0) : DK_NEVER;
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

/* ---- tasks -------------------------------------------------------------- */

static int read_task_row(struct sq_use *u, enum dk_service service,
                         struct store_task_row *row, struct dk_event *e)
{
    *row = (struct store_task_row){
        .t = {.id = sq_col_int(u, 0),
              .service = service,
              .key = sq_col_int(u, 1),
              .n = (uint32_t)sq_col_int(u, 2),
              .attempts = (int)sq_col_int(u, 3)},
        .doc = sq_col_text(u, 4),
        .doc_len = sq_col_len(u, 4),
        .hash = sq_col_len(u, 14) == DK_HASH_LEN ? sq_col_blob(u, 14) : NULL,
        .e = e,
    };
    if (sq_col_when(u, 5) == DK_NEVER) { /* the join found no event */
        row->e = NULL;
        return 0;
    }
    return read_event(u, 5, e);
}

int sq_tasks(struct store *st, enum dk_service service, int64_t after,
             int64_t limit, store_task_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, sq_of(SQ_TASKS_0, (int)service));
    int rc;

    sq_int(&u, after);
    sq_int(&u, limit);
    while ((rc = sq_step(&u)) == 1) {
        struct store_task_row row;
        struct dk_event e;

        rc = read_task_row(&u, service, &row, &e);
        if (rc == 0)
            rc = verdict(fn(arg, &row));
        if (rc != 0)
            break;
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

static void read_task_info(const struct sq_use *u, struct store_task_info *t)
{
    *t = (struct store_task_info){
        .t = {.id = sq_col_int(u, 0),
              .service = (enum dk_service)sq_col_int(u, 1),
              .key = sq_col_int(u, 2),
              .n = (uint32_t)sq_col_int(u, 3),
              .attempts = (int)sq_col_int(u, 4)},
        .dead = sq_col_int(u, 5) != 0,
        .failed_at = sq_col_when(u, 6),
    };
    copy_text(t->reason, sizeof t->reason, sq_col_text(u, 7));
}

int sq_task_get(struct store *st, int64_t id, struct store_task_info *out)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_TASK_GET);

    sq_int(&u, id);
    int rc = sq_step(&u);
    if (rc == 1)
        read_task_info(&u, out);
    sq_end(&u);
    if (rc == 0)
        return DK_ENOTFOUND;
    return rc < 0 ? rc : 0;
}

int sq_task_list(struct store *st, bool dead, int64_t after, int64_t limit,
                 store_task_info_fn fn, void *arg)
{
    struct sq_use u =
        sq_use((struct sq *)st, dead ? SQ_DEAD_LIST : SQ_OPEN_LIST);
    int rc;

    sq_int(&u, after);
    sq_int(&u, limit);
    while ((rc = sq_step(&u)) == 1) {
        struct store_task_info t;

        read_task_info(&u, &t);
        rc = verdict(fn(arg, &t));
        if (rc != 0)
            break;
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

int sq_task_count(struct store *st, enum dk_service service, bool dead,
                  int64_t limit, int64_t *out)
{
    enum sq_stmt open = sq_of(SQ_TASK_COUNT_0, (int)service);
    struct sq_use u = sq_use((struct sq *)st, dead ? SQ_DEAD_COUNT : open);

    if (dead)
        sq_int(&u, service);
    sq_int(&u, limit);
    int rc = sq_step(&u);
    if (rc == 1)
        *out = sq_col_int(&u, 0);
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

/* ---- counters -------------------------------------------------------------
 */

int sq_loads(struct store *st, store_load_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_LOADS);
    int rc;

    while ((rc = sq_step(&u)) == 1) {
        struct store_load l = {.unit = sq_col_text(&u, 0),
                               .handler = sq_col_text(&u, 1),
                               .open = sq_col_int(&u, 2)};

        rc = l.unit == NULL || l.handler == NULL ? DK_ENOMEM
                                                 : verdict(fn(arg, &l));
        if (rc != 0)
            break;
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

int sq_day_seq(struct store *st, int32_t day, int32_t *seq)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_DAY_GET);

    sq_int(&u, day);
    int rc = sq_step(&u);
    *seq = rc == 1 ? (int32_t)sq_col_int(&u, 0) : 0;
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

int sq_totals(struct store *st, struct store_totals *out)
{
    *out = ((struct sq *)st)->tot;
    return 0;
}
