/* spine.c - one tick: gather, load, apply, write, commit, release.
 *
 * Replies, tasks and events leave only after the commit.  While it runs the
 * next batch gathers in ZeroMQ's own queues: load makes batches larger, not
 * slower.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "daemon/daemon.h"

#define GATHER_MS  4    /* longest a batch may gather */
#define FULL_PAUSE 500  /* ms without writing after a commit failed */
#define DUE_MAX    256  /* clocks fired in one batch */
#define CLOCK_WAIT 1000 /* ms before due clocks are tried again when full */

struct dk_env spine_env(struct daemon *d)
{
    return (struct dk_env){.now = d->batch.now,
                           .offset_min = d->cfg->offset_min,
                           .county = (int32_t)d->cfg->county,
                           .load = loads_get,
                           .load_arg = &d->loads};
}

void spine_again(struct daemon *d)
{
    static const struct timeval at_once = {0, 0};

    evtimer_add(d->again, &at_once);
}

void spine_stop(struct daemon *d, int exit_code)
{
    d->exit_code = exit_code;
    event_base_loopbreak(d->base);
}

/* ---- gather -------------------------------------------------------------- */

static struct item *add_item(struct daemon *d, enum item_kind kind)
{
    struct item *it = batch_item(&d->batch);

    if (it == NULL)
        d->batch.broken = true;
    else
        it->kind = kind;
    return it;
}

static void gather_lost(struct daemon *d)
{
    struct desk *k = &d->desk;

    for (size_t i = 0; i < k->n_lost; i++) {
        struct item *it = add_item(d, ITEM_LOST);
        if (it == NULL)
            break;
        it->lease = k->lost[i];
        it->key = k->lost[i]->key;
        strcpy(it->reason, "the worker went away or took too long");
    }
    k->n_lost = 0;
}

static bool time_left(const struct daemon *d, dk_ms start)
{
    return d->batch.n_item < (size_t)d->cfg->batch &&
           mono_now() - start < GATHER_MS;
}

static void gather_socket(struct daemon *d, struct zev *z, bool worker,
                          dk_ms start)
{
    struct zev_peer peer;
    struct dk_frame f[5];
    int n;

    while (time_left(d, start) && zev_recv(z, &peer, f, 5, &n) == 1) {
        struct item *it = add_item(d, ITEM_NONE);
        if (it == NULL)
            return; /* no memory: the message is lost, its sender retries */
        it->worker = worker;
        it->has_peer = true;
        it->peer = peer;
        if (worker)
            door_worker(d, it, f, n);
        else
            door_client(d, it, f, n);
    }
}

struct due_state {
    struct daemon *d;
    struct map *seen;
};

static int on_due(void *arg, const struct store_due *due)
{
    struct due_state *s = arg;
    struct map_key k = map_int_key(due->key);
    uintptr_t v;

    if (map_get(s->seen, &k, &v))
        return 0; /* one FIRE fires everything of its case */
    struct item *it = add_item(s->d, ITEM_FIRE);
    if (it == NULL || map_put(s->seen, &k, 1) != DK_OK)
        return DK_ENOMEM;
    it->key = due->key;
    return 0;
}

static int gather_due(struct daemon *d)
{
    struct map seen;
    struct due_state s = {d, &seen};

    if (d->next_due > d->batch.now)
        return DK_OK;
    map_init(&seen, 0);
    int rc = store_due_clocks(d->st, d->batch.now, DUE_MAX, on_due, &s);
    map_fini(&seen);
    return rc;
}

static bool busy(struct daemon *d)
{
    struct store_totals t;

    return store_totals(d->st, &t) != DK_OK || t.tasks_open > 0;
}

/* The test clock's way to its target: straight, or from due to due. */
static void step_test_clock(struct daemon *d)
{
    struct advance *a = &d->advance;

    if (!a->on || d->next_due <= d->wall.test_now || (a->settle && busy(d)))
        return;
    dk_ms to = a->target;
    if (a->settle && d->next_due < to)
        to = d->next_due;
    if (to == d->wall.test_now)
        return;
    d->wall.test_now = to;
    d->batch.now = to;
    d->batch.changes.test_now = to;
}

static int gather(struct daemon *d)
{
    dk_ms start = mono_now();
    bool full = d->full_until > start;

    gather_lost(d);
    gather_socket(d, d->workers, true, start);
    gather_socket(d, d->clients, false, start);
    if (full)
        return DK_OK;
    step_test_clock(d);
    return gather_due(d);
}

/* ---- load ---------------------------------------------------------------- */

static int load_requests(struct daemon *d)
{
    struct batch *b = &d->batch;
    int rc = DK_OK;
    size_t n = 0;
    struct dk_uuid *ids = calloc(b->n_item + 1, sizeof(*ids));
    struct store_request *out = calloc(b->n_item + 1, sizeof(*out));
    bool *found = calloc(b->n_item + 1, sizeof(*found));

    if (ids == NULL || out == NULL || found == NULL) {
        rc = DK_ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < b->n_item; i++) {
        const struct item *it = &b->item[i];
        if (it->kind == ITEM_SUBMIT || it->kind == ITEM_ACT)
            ids[n++] = it->id;
    }
    if (n > 0)
        rc = store_find_requests(d->st, ids, n, out, found);
    for (size_t i = 0, j = 0; rc == DK_OK && i < b->n_item && n > 0; i++) {
        struct item *it = &b->item[i];
        if (it->kind != ITEM_SUBMIT && it->kind != ITEM_ACT)
            continue;
        it->known = found[j];
        it->before = out[j++];
    }
out:
    free(ids);
    free(out);
    free(found);
    return rc;
}

/* The cases that the items name, each once. */
static size_t wanted_keys(struct batch *b, int64_t *keys)
{
    size_t n = 0;
    struct map seen;

    map_init(&seen, 0);
    for (size_t i = 0; i < b->n_item; i++) {
        const struct item *it = &b->item[i];
        struct map_key k = map_int_key(it->key);
        uintptr_t v;
        if (it->key == 0 || it->known || it->kind == ITEM_READ ||
            map_get(&seen, &k, &v))
            continue;
        if (map_put(&seen, &k, 1) != DK_OK) {
            b->broken = true;
            break;
        }
        keys[n++] = it->key;
    }
    map_fini(&seen);
    return n;
}

static int load_cases(struct daemon *d)
{
    struct batch *b = &d->batch;
    int64_t *keys = calloc(b->n_item + 1, sizeof(*keys));
    struct dk_case **out = calloc(b->n_item + 1, sizeof(struct dk_case *));
    int rc = DK_ENOMEM;

    if (keys != NULL && out != NULL) {
        size_t n = wanted_keys(b, keys);
        rc = n > 0 ? store_load_cases(d->st, keys, n, out) : DK_OK;
        for (size_t i = 0; rc == DK_OK && i < n; i++)
            rc = batch_add_slot(b, keys[i], out[i], false);
    }
    free(keys);
    free(out);
    return rc;
}

static int load(struct daemon *d)
{
    int rc = load_requests(d);

    return rc == DK_OK ? load_cases(d) : rc;
}

/* ---- write and commit ---------------------------------------------------- */

static int64_t micros(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void count_events(struct daemon *d)
{
    const struct batch *b = &d->batch;

    d->stats.events += (int64_t)b->events.n;
    for (size_t i = 0; i < b->events.n; i++) {
        d->stats.clocks_fired += b->events.v[i].type == DK_EV_CLOCK_FIRED;
        d->stats.alerts_raised += b->events.v[i].type == DK_EV_ALERT_RAISED;
    }
}

static int write_and_commit(struct daemon *d)
{
    struct batch *b = &d->batch;

    if (b->broken)
        return DK_EBUG;
    if (!batch_writes(b)) {
        return DK_OK;
    }
    if (d->full_until > mono_now())
        return DK_EFULL;
    int rc = batch_collect(b, &d->loads, d->info.last_seq + 1,
                           (int32_t)d->cfg->county, d->cfg->offset_min);
    if (rc != DK_OK)
        return rc;
    int64_t start = micros();
    rc = store_commit(d->st, &b->changes);
    int64_t took = micros() - start;
    d->stats.commits++;
    d->stats.commit_us_total += took;
    if (took > d->stats.commit_us_max)
        d->stats.commit_us_max = took;
    if (rc != DK_OK)
        return rc;
    d->info.last_seq += (int64_t)b->events.n;
    if (b->changes.test_now != DK_NEVER)
        d->info.test_now = b->changes.test_now;
    for (size_t i = 0; i < b->n_task; i++)
        d->desk.more[b->task[i].service] = true;
    count_events(d);
    loads_clean(&d->loads);
    d->full_until = 0;
    return DK_OK;
}

/* Nothing of the batch happened: take back what memory believes. */
static void take_back(struct daemon *d, int rc)
{
    d->stats.commits_failed++;
    d->day = (struct store_day){0, 0};
    d->wall.test_now = d->info.test_now;
    log_error("commit_failed", "code=%s", dk_err_slug(rc));
    if (rc == DK_EFULL || rc == DK_EBUG || rc == DK_ENOMEM) {
        d->full_until = mono_now() + FULL_PAUSE;
        if (loads_reload(&d->loads, d->st) == DK_OK)
            return;
    }
    /* The disk cannot be trusted any more: nobody is told anything but no, and
     * the next start reads what is really there (docs/adr/0002).
     */
    spine_stop(d, EX_IOERR);
}

/* ---- release ------------------------------------------------------------- */

static void send_reply(struct daemon *d, const struct item *it)
{
    struct zev *z = it->worker ? d->workers : d->clients;

    if (it->type == NULL || !it->has_peer || d->batch.replies.oom)
        return;
    if (zev_send(z, &it->peer, it->type, it->request,
                 d->batch.replies.buf + it->at, it->len) != DK_OK)
        d->stats.replies_lost++;
}

static void answer_read(struct daemon *d, struct item *it)
{
    struct dk_problem p = {0};
    struct dk_jw *w = batch_reply(&d->batch, it);
    int rc = it->read(d, it, w, &p);

    if (rc == DK_OK) {
        batch_reply_end(&d->batch, it, "ok");
        return;
    }
    if (p.code == DK_OK)
        dk_fail(&p, rc, NULL, NULL, NULL);
    d->stats.refused[-p.code]++;
    batch_reply_problem(&d->batch, it, &p);
}

/* What a lease's end means, now that it is known whether it was recorded. */
static void settle_lease(struct daemon *d, const struct item *it, int rc)
{
    struct lease *l = it->lease;
    bool failed = it->kind != ITEM_RESULT || it->refused;

    if (l->session != NULL) {
        l->session->leased--;
        l->session->done += !failed;
        l->session->failed += failed;
    }
    if (rc != DK_OK) {
        desk_again(d, l, l->attempts, FULL_PAUSE);
        return;
    }
    if (!failed) {
        desk_answered(d, l);
        return;
    }
    int attempts = l->attempts + 1;
    d->stats.tasks_failed += it->kind != ITEM_LOST;
    d->stats.tasks_lost += it->kind == ITEM_LOST;
    if (attempts >= d->cfg->max_attempts) {
        char reason[520];
        d->stats.tasks_dead++;
        log_warn("dead_letter", "task=%" PRId64 " service=%s reason=%s",
                 l->task_id, dk_service_names[l->service],
                 log_quote(it->reason, reason, sizeof(reason)));
        desk_answered(d, l);
        return;
    }
    dk_ms delay = (dk_ms)100 << (attempts < 9 ? attempts : 9);
    if (it->kind == ITEM_LOST)
        delay = 0;
    if (it->retry_ms > delay)
        delay = it->retry_ms;
    desk_again(d, l, attempts, delay);
}

static void revive(struct daemon *d)
{
    struct store_task_info t;

    for (size_t i = 0; i < d->batch.n_retry; i++) {
        if (store_task_get(d->st, d->batch.retry[i], &t) == DK_OK && !t.dead &&
            desk_revive(d, &t.t) != DK_OK)
            log_warn("task_waits_for_restart", "task=%" PRId64, t.t.id);
    }
}

static void release(struct daemon *d, int rc)
{
    struct batch *b = &d->batch;
    struct dk_problem no = {0};

    if (rc != DK_OK) /* one's bug is not the others': they may try again */
        dk_fail(&no, rc == DK_EBUG ? DK_EBUSY : rc, NULL, NULL, NULL);
    for (size_t i = 0; i < b->n_item; i++) {
        struct item *it = &b->item[i];
        if (it->lease != NULL)
            settle_lease(d, it, rc);
        if (rc != DK_OK && it->wrote && it->type != NULL &&
            strcmp(it->type, "problem") != 0) {
            d->stats.refused[-no.code]++;
            batch_reply_problem(b, it, &no);
        }
        if (it->kind == ITEM_READ)
            answer_read(d, it);
        send_reply(d, it);
    }
    if (rc == DK_OK)
        revive(d);
}

/* ---- the tick ------------------------------------------------------------ */

static void finish_advance(struct daemon *d)
{
    struct advance *a = &d->advance;
    struct dk_jw w = {0};

    if (!a->on)
        return;
    if (d->info.test_now != a->target || d->next_due <= a->target ||
        (a->settle && busy(d))) {
        /* With settle the workers' answers tick us; otherwise go on. */
        if (!a->settle || d->next_due <= d->wall.test_now || !busy(d))
            spine_again(d);
        return;
    }
    a->on = false;
    dk_jw_obj(&w, NULL);
    dk_jw_time(&w, "now", d->info.test_now, d->cfg->offset_min);
    dk_jw_end_obj(&w);
    if (w.oom ||
        zev_send(d->clients, &a->peer, "ok", a->request, w.buf, w.len) != DK_OK)
        d->stats.replies_lost++;
    dk_jw_fini(&w);
}

static void arm(struct daemon *d)
{
    dk_ms now = wall_now(&d->wall);
    dk_ms at = d->next_due;

    if (at <= now && d->full_until > 0)
        at = now + CLOCK_WAIT;
    wall_arm(&d->wall, at);
    if (at <= now && !d->wall.test)
        spine_again(d);
    if (at <= now && d->wall.test && d->full_until == 0)
        spine_again(d);
}

void spine_tick(struct daemon *d)
{
    struct batch *b = &d->batch;

    batch_reset(b, wall_now(&d->wall));
    int rc = gather(d);
    if (rc == DK_OK)
        rc = load(d);
    for (size_t i = 0; rc == DK_OK && i < b->n_item; i++)
        apply_item(d, &b->item[i]);
    if (rc == DK_OK)
        rc = write_and_commit(d);
    if (rc != DK_OK)
        take_back(d, rc);
    d->stats.batches += b->n_item != 0;
    release(d, rc);
    if (rc == DK_OK && batch_writes(b))
        rc = store_next_due(d->st, &d->next_due);
    if (rc == DK_OK) {
        desk_dispatch(d);
        follow_push(d);
        finish_advance(d);
    }
    arm(d);
    zev_rearm(d->workers);
    zev_rearm(d->clients);
}
