/* recover_build.c - every case again from its events, as far as its chain is
 * whole, written as the broker would have written it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/apply_task.h"
#include "daemon/chain.h"
#include "daemon/recover_int.h"
#include "proto/caseno.h"

#define BATCH 200 /* events of one transaction */

#define EV_COLUMNS "seq, key, n, type, at, claimed, actor, hash, body"

struct build {
    struct recover *r;
    struct daemon *d;
    sqlite3_stmt *all, *one, *req, *person, *saved, *erased, *task;
};

static int prepare(struct build *b)
{
    static const char *const sql[] = {
        "SELECT " EV_COLUMNS " FROM ev ORDER BY seq, rowid",
        "SELECT " EV_COLUMNS " FROM ev WHERE key = ? AND n = ?",
        "SELECT id, hash, state, at, submitted_at FROM req "
        "WHERE key = ? AND n = ?",
        "SELECT seal, data, current FROM person WHERE key = ? "
        "ORDER BY current DESC",
        "INSERT INTO saved VALUES (?, ?, ?, ?, ?)",
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM ev WHERE key = ?1 AND "
        "type = ?2) THEN 1 WHEN EXISTS (SELECT 1 FROM person WHERE key = ?1 "
        "AND current AND seal = ?3) THEN 2 ELSE 0 END",
        "SELECT attempts FROM task WHERE id = ? AND key = ? AND n = ?"};
    sqlite3_stmt **q[] = {&b->all,   &b->one,    &b->req, &b->person,
                          &b->saved, &b->erased, &b->task};
    int rc = DK_OK;

    for (size_t i = 0; rc == DK_OK && i < sizeof(q) / sizeof(q[0]); i++)
        rc = recover_prepare(b->r, sql[i], q[i]);
    return rc;
}

static void finalize(struct build *b)
{
    sqlite3_finalize(b->all);
    sqlite3_finalize(b->one);
    sqlite3_finalize(b->req);
    sqlite3_finalize(b->person);
    sqlite3_finalize(b->saved);
    sqlite3_finalize(b->erased);
    sqlite3_finalize(b->task);
}

static int no_memory(struct build *b)
{
    return dk_fail(&b->r->problem, DK_ENOMEM, NULL, NULL, NULL);
}

/* ---- one event --------------------------------------------------------------
 */

static bool read_event(sqlite3_stmt *q, struct dk_event *e)
{
    const char *actor = (const char *)sqlite3_column_text(q, 6);
    const void *body = sqlite3_column_blob(q, 8);
    int n = sqlite3_column_bytes(q, 8);

    *e = (struct dk_event){.seq = sqlite3_column_int64(q, 0),
                           .key = sqlite3_column_int64(q, 1),
                           .n = (uint32_t)sqlite3_column_int64(q, 2),
                           .type = (enum dk_ev)sqlite3_column_int(q, 3),
                           .at = sqlite3_column_int64(q, 4),
                           .claimed = DK_NEVER,
                           .body_len = (size_t)n};
    if (sqlite3_column_type(q, 5) != SQLITE_NULL)
        e->claimed = sqlite3_column_int64(q, 5);
    snprintf(e->actor, sizeof(e->actor), "%s", actor != NULL ? actor : "");
    memcpy(e->hash, sqlite3_column_blob(q, 7), DK_HASH_LEN);
    e->body = malloc((size_t)n + 1);
    if (e->body == NULL)
        return false;
    if (n > 0)
        memcpy(e->body, body, (size_t)n);
    e->body[n] = '\0';
    return true;
}

static int get_slot(struct build *b, int64_t key, struct slot **out)
{
    struct daemon *d = b->d;
    struct dk_case *c = NULL;

    *out = batch_slot(&d->batch, key);
    if (*out != NULL)
        return DK_OK;
    int rc = store_load_cases(d->st, &key, 1, &c);
    if (rc != DK_OK)
        return dk_fail(&b->r->problem, rc, NULL, NULL, NULL);
    bool is_new = c == NULL;
    if (is_new)
        c = dk_case_new();
    if (c == NULL || batch_add_slot(&d->batch, key, c, is_new) != DK_OK)
        return no_memory(b);
    *out = batch_slot(&d->batch, key);
    if (is_new) {
        (*out)->n_before = 0;
        (*out)->n_mark = 0;
        (*out)->has_load = false;
    }
    return DK_OK;
}

/* Does it follow, and do what it says?  It joins the batch then. */
static int apply(struct build *b, struct slot *s, struct dk_event *e, bool *did)
{
    struct batch *batch = &b->d->batch;
    struct dk_events *es = &batch->events;
    int offset = b->d->cfg->offset_min;
    uint8_t h[DK_HASH_LEN];
    struct dk_tally_was was;

    *did = false;
    chain_hash(s->c->hash, e, h);
    if (e->n != s->c->n + 1 || memcmp(h, e->hash, sizeof(h)) != 0)
        return DK_OK;
    dk_tally_before(s->c, offset, &was);
    if (dk_case_evolve(s->c, e) != DK_OK)
        return DK_OK; /* no history has this; the case is as it was */
    memcpy(s->c->hash, h, sizeof(h));
    if (vec_grow(&es->v, &es->cap, es->n + 1) != DK_OK)
        return no_memory(b);
    size_t i = es->n++;
    es->v[i] = *e;
    e->body = NULL; /* the batch's now */
    if (batch_tally(batch, i, &was, s->c, offset) != DK_OK ||
        (es->v[i].type == DK_EV_ALERT_RAISED &&
         batch_add_alert(batch, i, s->c) != DK_OK))
        return no_memory(b);
    apply_load(b->d, s);
    *did = true;
    return DK_OK;
}

/* ---- what comes with an event -----------------------------------------------
 */

static int add_request(struct build *b, const struct store_request *r)
{
    struct batch *batch = &b->d->batch;

    if (vec_grow(&batch->request, &batch->cap_request, batch->n_request + 1) !=
        DK_OK)
        return no_memory(b);
    batch->request[batch->n_request++] = *r;
    return DK_OK;
}

static int add_requests(struct build *b, const struct dk_event *e, int *n)
{
    int rc;

    *n = 0;
    sqlite3_bind_int64(b->req, 1, e->key);
    sqlite3_bind_int64(b->req, 2, e->n);
    while ((rc = recover_next(b->r, b->req)) == 1) {
        struct store_request r = {
            .key = e->key,
            .n = e->n,
            .state = (enum dk_state)sqlite3_column_int(b->req, 2),
            .at = sqlite3_column_int64(b->req, 3),
            .submitted_at = sqlite3_column_int64(b->req, 4)};
        memcpy(r.id.b, sqlite3_column_blob(b->req, 0), 16);
        if (b->r->has_meta) /* else the key of the hashes is lost with it */
            memcpy(r.hash, sqlite3_column_blob(b->req, 1), 16);
        rc = add_request(b, &r);
        if (rc != DK_OK)
            break;
        ++*n;
    }
    sqlite3_reset(b->req);
    return rc;
}

/* A submission is known by its event but for the hash of what it said, which is
 * taken from its row, of the last n, if the id there is still the event's own.
 * Without a hash the same id again is no second case, whatever it says.
 */
static int make_request(struct build *b, const struct dk_event *e,
                        const struct dk_case *c, const cJSON *body, int n)
{
    struct batch *batch = &b->d->batch;
    struct store_request r = {.key = e->key,
                              .n = e->n,
                              .state = c->state,
                              .at = e->at,
                              .submitted_at = c->submitted_at};
    bool kept = false;
    int rc = DK_OK;

    if (!recover_own_id(body, &r.id))
        return DK_OK;
    for (; n > 0; n--) {
        const struct store_request *row = &batch->request[--batch->n_request];
        if (memcmp(row->id.b, r.id.b, sizeof r.id.b) != 0)
            continue;
        memcpy(r.hash, row->hash, sizeof r.hash);
        kept = true;
    }
    b->r->ids_made += !kept;
    if (!kept)
        rc = recover_note(b->r, e->key, RECOVER_ID);
    return rc == DK_OK ? add_request(b, &r) : rc;
}

/* 1: an event says so; 2: what stands there now, and the event is lost.  Older
 * copies of the row may well be there, and are not to come back.
 */
static int was_erased(struct build *b, int64_t key)
{
    sqlite3_bind_int64(b->erased, 1, key);
    sqlite3_bind_int(b->erased, 2, DK_EV_PERSON_ERASED);
    sqlite3_bind_int64(b->erased, 3, STORE_ERASED);
    int rc = recover_next(b->r, b->erased);
    if (rc == 1)
        rc = sqlite3_column_int(b->erased, 0);
    sqlite3_reset(b->erased);
    return rc;
}

/* Owns the copy of its data. */
static int copy_person(struct build *b, struct store_person *out,
                       const struct store_person *row)
{
    char *copy = malloc(row->len + 1);

    if (copy == NULL)
        return no_memory(b);
    if (row->len > 0)
        memcpy(copy, row->data, row->len);
    free((void *)(uintptr_t)out->data);
    *out = *row;
    out->data = copy;
    return DK_OK;
}

/* The row that fits the commitment of the first event; where the key is not
 * there to tell, the one that stood there last.  out->data NULL: none.
 */
static int find_person(struct build *b, const char *commitment,
                       struct store_person *out)
{
    int rc;

    while ((rc = recover_next(b->r, b->person)) == 1) {
        struct store_person row = {
            .key = out->key,
            .seal = sqlite3_column_int64(b->person, 0),
            .data = sqlite3_column_blob(b->person, 1),
            .len = (size_t)sqlite3_column_bytes(b->person, 1)};
        bool current = sqlite3_column_int(b->person, 2) != 0;
        bool good = persons_fit(b->d, &row, commitment);
        bool known =
            row.seal == STORE_PLAIN || seal_has(&b->d->persons.ring, row.seal);

        if (row.seal == STORE_ERASED || (!good && known) ||
            (!good && (out->data != NULL || !current)))
            continue;
        rc = copy_person(b, out, &row);
        if (rc != DK_OK || good)
            break;
    }
    return rc;
}

static int add_person(struct build *b, const struct dk_event *e,
                      const char *commitment)
{
    struct batch *batch = &b->d->batch;
    struct store_person row = {.key = e->key};
    int erased = was_erased(b, e->key);

    if (erased < 0 || erased == 1) /* no row is needed */
        return erased < 0 ? erased : DK_OK;
    sqlite3_bind_int64(b->person, 1, e->key);
    int rc = erased == 0 ? find_person(b, commitment, &row) : DK_OK;
    sqlite3_reset(b->person);
    if (rc == DK_OK && row.data == NULL) {
        b->r->persons_lost++;
        return recover_note(b->r, e->key, RECOVER_PERSON);
    }
    if (rc == DK_OK && vec_grow(&batch->person, &batch->cap_person,
                                batch->n_person + 1) != DK_OK)
        rc = no_memory(b);
    if (rc == DK_OK)
        batch->person[batch->n_person++] = row;
    else
        free((void *)(uintptr_t)row.data);
    return rc;
}

static int add_what_comes(struct build *b, const struct slot *s)
{
    const struct dk_events *es = &b->d->batch.events;
    const struct dk_event *e = &es->v[es->n - 1];
    const char *person = NULL;
    cJSON *body = NULL;
    int n, rc = add_requests(b, e, &n);

    if (rc != DK_OK || e->type != DK_EV_SUBMITTED)
        return rc;
    if (dk_json_parse_obj(e->body, e->body_len, e->body_len, &body, NULL) !=
        DK_OK)
        return DK_OK;
    rc = make_request(b, e, s->c, body, n);
    if (rc == DK_OK &&
        dk_json_str(body, "person", DK_OPTIONAL, 1, 200, &person, NULL, NULL) ==
            DK_OK &&
        person != NULL)
        rc = add_person(b, e, person);
    cJSON_Delete(body);
    return rc;
}

/* ---- batches
 * ------------------------------------------------------------------ */

/* Only tasks that were open, numbered as the stream is now. */
static int choose_tasks(struct build *b, const int64_t *old)
{
    struct batch *batch = &b->d->batch;
    size_t n = 0;
    int rc = DK_OK;

    for (size_t i = 0; rc >= 0 && i < batch->n_task; i++) {
        struct store_task t = batch->task[i];
        size_t e = (size_t)(t.id / TASK_STEP - batch->events.v[0].seq);
        sqlite3_bind_int64(b->task, 1, old[e] * TASK_STEP + (int)t.service);
        sqlite3_bind_int64(b->task, 2, t.key);
        sqlite3_bind_int64(b->task, 3, t.n);
        rc = recover_next(b->r, b->task);
        if (rc == 1)
            batch->task[n++] = t;
        sqlite3_reset(b->task);
    }
    batch->changes.n_task_new = batch->n_task = n;
    b->r->tasks += (int64_t)n;
    return rc < 0 ? rc : DK_OK;
}

/* How far the stream is what it was: checkpoints sign it by its numbers. */
static void note_same(struct build *b, const int64_t *old)
{
    const struct dk_events *es = &b->d->batch.events;

    for (size_t i = 0; i < es->n; i++) {
        if (es->v[i].seq == old[i] && b->r->same_to == old[i] - 1)
            b->r->same_to = old[i];
    }
}

static int write_saved(struct build *b)
{
    const struct dk_events *es = &b->d->batch.events;
    int rc = DK_OK;

    for (size_t i = 0; rc == DK_OK && i < es->n; i++) {
        sqlite3_bind_int64(b->saved, 1, es->v[i].key);
        sqlite3_bind_int64(b->saved, 2, es->v[i].n);
        sqlite3_bind_int(b->saved, 3, (int)es->v[i].type);
        sqlite3_bind_int64(b->saved, 4, es->v[i].seq);
        sqlite3_bind_blob(b->saved, 5, es->v[i].hash, DK_HASH_LEN,
                          SQLITE_STATIC);
        rc = recover_next(b->r, b->saved);
        sqlite3_reset(b->saved);
    }
    return rc;
}

static int flush(struct build *b, int64_t *old)
{
    struct daemon *d = b->d;
    struct batch *batch = &d->batch;
    int rc = DK_OK;

    if (batch->events.n == 0)
        return DK_OK;
    if (batch->broken)
        return no_memory(b);
    rc = batch_collect(batch, &d->loads, d->info.last_seq + 1,
                       (int32_t)d->cfg->county, d->cfg->offset_min);
    if (rc == DK_OK)
        rc = choose_tasks(b, old);
    if (rc == DK_OK)
        rc = store_commit(d->st, &batch->changes);
    if (rc == DK_OK)
        rc = write_saved(b);
    if (rc != DK_OK)
        return b->r->problem.code != DK_OK
                   ? rc
                   : dk_fail(&b->r->problem, rc, NULL, NULL, NULL);
    note_same(b, old);
    d->info.last_seq += (int64_t)batch->events.n;
    loads_clean(&d->loads);
    batch_reset(batch, 0);
    return DK_OK;
}

/* One event out of the scratch database, if it follows. */
static int try_event(struct build *b, struct slot *s, sqlite3_stmt *q,
                     int64_t *old, bool *did)
{
    struct dk_event e;

    *did = false;
    if (!read_event(q, &e))
        return no_memory(b);
    int rc = apply(b, s, &e, did);
    if (rc == DK_OK && *did) {
        old[b->d->batch.events.n - 1] = e.seq;
        rc = add_what_comes(b, s);
    }
    free(e.body);
    return rc;
}

/* Events before this one of its case may have been numbered wrongly by damage:
 * go on from where the case is, as long as one fits.
 */
static int take_case_to(struct build *b, int64_t key, uint32_t n, int64_t *old)
{
    struct slot *s;
    bool did = true;
    int rc = get_slot(b, key, &s);

    while (rc == DK_OK && did && s->c->n < n) {
        if (b->d->batch.events.n == BATCH) {
            rc = flush(b, old);
            if (rc == DK_OK)
                rc = get_slot(b, key, &s);
            if (rc != DK_OK)
                break;
        }
        did = false;
        sqlite3_bind_int64(b->one, 1, key);
        sqlite3_bind_int64(b->one, 2, (int64_t)s->c->n + 1);
        while (rc == DK_OK && !did && (rc = recover_next(b->r, b->one)) == 1)
            rc = try_event(b, s, b->one, old, &did);
        sqlite3_reset(b->one);
    }
    return rc;
}

int recover_build(struct recover *r, struct daemon *d)
{
    struct build b = {.r = r, .d = d};
    int64_t *old = calloc(BATCH, sizeof(*old));
    int rc = old != NULL ? prepare(&b) : no_memory(&b);
    char no[DK_CASE_NO_MAX];

    batch_reset(&d->batch, 0);
    while (rc == DK_OK && (rc = recover_next(r, b.all)) == 1) {
        rc = DK_OK;
        int64_t key = sqlite3_column_int64(b.all, 1);
        if (dk_case_no_of((int32_t)d->cfg->county, key, no))
            rc = take_case_to(&b, key, (uint32_t)sqlite3_column_int64(b.all, 2),
                              old);
        if (rc == DK_OK && d->batch.n_slot > 2 * BATCH)
            rc = flush(&b, old); /* cases that were looked at in vain */
        if (rc == DK_OK && d->batch.events.n == 0 && d->batch.n_slot > BATCH)
            batch_reset(&d->batch, 0);
    }
    if (rc == DK_OK)
        rc = flush(&b, old);
    finalize(&b);
    free(old);
    return rc;
}
