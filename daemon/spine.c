/* spine.c - one tick: gather, load, apply, write, commit, release.
 *
 * Replies, tasks and events leave only after the commit.  While it runs the
 * next batch gathers in ZeroMQ's own queues: load makes batches larger, not
 * slower.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "daemon/daemon.h"
#include "proto/caseno.h"

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

/* ---- write and commit ---------------------------------------------------- */

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
    if (d->pause_until != 0)
        return d->pause_code;
    int rc = batch_collect(b, &d->loads, d->info.last_seq + 1,
                           (int32_t)d->cfg->county, d->cfg->offset_min);
    if (rc != DK_OK)
        return rc;
    int64_t start = mono_micros();
    rc = store_commit(d->st, &b->changes);
    int64_t took = mono_micros() - start;
    d->stats.commits++;
    d->stats.commit_us_total += took;
    histo_add(d->stats.histo, HISTO_commit_us, took);
    histo_add(d->stats.histo, HISTO_batch_items, (int64_t)b->n_item);
    d->commit_us += (took - d->commit_us) / 4;
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
    return DK_OK;
}

/* Nothing of the batch happened: take back what memory believes. */
static void take_back(struct daemon *d, int rc)
{
    bool paused = d->pause_until != 0; /* it was not even tried */

    d->day = (struct store_day){0, 0};
    d->wall.test_now = d->info.test_now;
    int again = rc == DK_EIO ? DK_OK : loads_reload(&d->loads, d->st);
    d->unread = d->unread || again != DK_OK;
    if (again != DK_OK) /* away: spine_tend() reads them when it is back */
        rc = again == DK_EBUSY || again == DK_ESTALE ? DK_EBUSY : DK_EIO;
    if (rc == DK_EIO) {
        /* The disk cannot be trusted any more: nobody is told anything but
         * no, and the next start reads what is really there
         * (docs/adr/0002).
         */
        char why[300];
        log_error("commit_failed", "code=%s why=%s", dk_err_slug(rc),
                  log_quote(store_said(d->st), why, sizeof(why)));
        spine_stop(d, EX_IOERR);
        return;
    }
    if (paused)
        return;
    if (rc == DK_ESTALE) { /* another broker was first: who asks, asks again */
        d->stats.commits_failed++;
        return;
    }
    d->stats.commits_failed++;
    if (!d->away)
        log_error("commit_failed", "code=%s items=%zu", dk_err_slug(rc),
                  d->batch.n_item);
    if (rc == DK_EBUG && d->batch.n_item > 1) {
        /* One bad item must not cost its neighbours: all come again, alone. */
        d->cautious = 2 * (int64_t)d->batch.n_item;
        return;
    }
    if (rc == DK_EFULL && ballast_give_up(d)) {
        spine_again(d); /* there is room for what finishes work */
        return;
    }
    d->pause_code = rc == DK_EFULL ? DK_EFULL : DK_EBUSY;
    d->pause_until = mono_now() + d->cfg->full_pause_ms;
}

/* ---- release ------------------------------------------------------------- */

static void send_reply(struct daemon *d, const struct item *it)
{
    struct zev *z = it->worker ? d->workers : d->clients;

    if (it->type == NULL || d->batch.replies.oom) /* typed: a peer waits */
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
        if (w->len > it->at)
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
    bool failed = it->kind != ITEM_RESULT || it->refused || it->outdated;

    if (l->session != NULL) {
        l->session->leased--;
        l->session->done += rc == DK_OK && !failed;
        l->session->failed += rc == DK_OK && failed;
    }
    if (rc != DK_OK || it->outdated) {
        desk_again(d, l, l->attempts, rc != DK_OK ? d->cfg->full_pause_ms : 0);
        return;
    }
    if (!failed) {
        histo_add(d->stats.histo, HISTO_answer_ms, mono_now() - l->out_at);
        desk_answered(d, l);
        return;
    }
    int attempts = l->attempts + 1;
    d->stats.tasks_failed += it->kind != ITEM_LOST;
    d->stats.tasks_lost += it->kind == ITEM_LOST;
    if (attempts >= d->cfg->max_attempts) {
        char reason[520], no[DK_CASE_NO_MAX];
        d->stats.tasks_dead++;
        dk_case_no_format((int32_t)d->cfg->county, l->key, no);
        log_warn("dead_letter", "task=%" PRId64 " case=%s service=%s reason=%s",
                 l->task_id, no, dk_service_names[l->service],
                 log_quote(it->reason, reason, sizeof(reason)));
        desk_answered(d, l);
        return;
    }
    dk_ms delay = (dk_ms)100 << (attempts < 9 ? attempts : 9);
    bool lost = it->kind == ITEM_LOST && !l->unwritable;
    if (lost && !l->suspect) /* who knows why; at once, but alone */
        delay = 0;
    l->suspect = lost;
    if (it->retry_ms > delay)
        delay = it->retry_ms;
    desk_again(d, l, attempts, delay);
}

/* Waits for an answer that rests on the batch: also a refusal does, for what
 * it was refused for may not have happened.  (What was refused at the door is
 * ITEM_NONE.)
 */
static bool is_undone(const struct item *it)
{
    return it->has_peer && it->kind != ITEM_NONE && it->kind != ITEM_READ;
}

static void release(struct daemon *d, int rc)
{
    struct batch *b = &d->batch;
    struct dk_problem no = {0};

    if (rc != DK_OK) /* one's bug is not the others': they may try again */
        dk_fail(&no, rc == DK_EBUG || rc == DK_ESTALE ? DK_EBUSY : rc, NULL,
                NULL, NULL);
    for (size_t i = 0; i < b->n_item; i++) {
        struct item *it = &b->item[i];
        if (it->lease != NULL)
            settle_lease(d, it, rc);
        if (rc != DK_OK && is_undone(it)) {
            d->stats.refused[-no.code]++;
            batch_reply_problem(b, it, &no);
        }
        bool late = it->kind == ITEM_READ || (rc == DK_OK && it->read != NULL);
        if (late)
            answer_read(d, it);
        send_reply(d, it);
        if (late && it->kind == ITEM_PERSON && !b->replies.oom)
            sodium_memzero(b->replies.buf + it->at, it->len);
        if (late)
            b->replies.len = it->at; /* pages can be long: one at a time */
    }
    for (size_t i = 0; rc == DK_OK && i < b->n_retry; i++)
        desk_revive(&d->desk, b->retry[i]);
}

/* What is written is at hand for the answers to its tasks.  After a failed
 * commit nothing is: what was to be written never happened.
 */
static void keep_cases(struct daemon *d)
{
    struct batch *b = &d->batch;

    for (size_t i = 0; i < b->n_slot; i++) {
        kept_put(&d->kept, b->slot[i].c);
        b->slot[i].c = NULL;
    }
}

/* ---- the tick ------------------------------------------------------------ */

static void finish_advance(struct daemon *d)
{
    struct advance *a = &d->advance;
    struct dk_jw w = {0};

    if (!a->on)
        return;
    if (d->info.test_now != a->target || d->next_due <= a->target ||
        (a->settle && spine_busy(d))) {
        /* With settle the workers' answers tick us; otherwise go on. */
        if (!a->settle || d->next_due <= d->wall.test_now || !spine_busy(d))
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

/* Before the loop sleeps: wake for the next clock, or when a failed write may
 * be tried again.
 */
static void arm(struct daemon *d)
{
    if (d->pause_until != 0) {
        dk_ms pause = d->pause_until - mono_now();
        struct timeval tv = {0, 0};
        if (pause > 0)
            tv = (struct timeval){(time_t)(pause / 1000),
                                  (suseconds_t)(pause % 1000) * 1000};
        if (!evtimer_pending(d->again, NULL))
            evtimer_add(d->again, &tv);
        return;
    }
    wall_arm(&d->wall, d->next_due);
    if (d->next_due <= wall_now(&d->wall))
        spine_again(d);
}

void spine_tick(struct daemon *d)
{
    struct batch *b = &d->batch;

    batch_reset(b, wall_now(&d->wall));
    (void)spine_tend(d);
    if (d->info.shared)
        d->day = (struct store_day){0, 0}; /* others give out numbers, too */
    store_hold(d->st);
    if (d->pause_until != 0 && d->pause_until <= mono_now())
        d->pause_until = 0;
    int rc = spine_gather(d);
    if (rc == DK_OK && d->unread)
        rc = DK_EBUSY; /* what memory holds is not what the store has */
    if (rc == DK_OK)
        rc = spine_load(d);
    for (size_t i = 0; rc == DK_OK && i < b->n_item; i++)
        apply_item(d, &b->item[i]);
    if (rc == DK_OK)
        watch_stage(d);
    if (rc == DK_OK)
        history_stage(d);
    if (rc == DK_OK)
        persons_stage(d);
    if (rc == DK_OK)
        rc = write_and_commit(d);
    store_rest(d->st);
    if (rc != DK_OK)
        take_back(d, rc);
    watch_settle(d, rc);
    history_settle(d, rc);
    persons_settle(d, rc);
    d->stats.batches += b->n_item != 0;
    release(d, rc);
    keys_settle(d);
    if (rc == DK_OK && batch_writes(b)) {
        rc = store_next_due(d->st, &d->next_due);
        if (rc != DK_OK)
            d->next_due = 0; /* not known: look again */
    }
    if (d->cautious > 0)
        d->cautious -= (int64_t)b->n_item + 1;
    if (rc == DK_OK) {
        keep_cases(d);
        desk_dispatch(d);
        follow_push(d);
        finish_advance(d);
    } else if (rc == DK_EIO) {
        spine_stop(d, EX_IOERR);
    }
    arm(d);
    zev_rearm(d->workers);
    zev_rearm(d->clients);
}
