/* dispatch.c - from open tasks to workers with credit. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "daemon/daemon.h"

static bool is_alone(const struct session *s)
{
    return s->alone && s->leased > 0;
}

static bool is_free(const struct session *s, const struct lease *l)
{
    if (s->service != l->service || s->bye || is_alone(s))
        return false;
    return l->suspect ? s->leased == 0 : !s->kept && s->leased < s->credit;
}

/* The next session that may get the task, round robin; one that let a lease
 * end only where there is no other.
 */
static struct session *next_free(struct desk *k, const struct lease *l)
{
    struct session *late = NULL;

    for (size_t i = 0; i < k->n_session; i++) {
        k->turn = (k->turn + 1) % k->n_session;
        struct session *s = k->session[k->turn];
        if (is_free(s, l) && !s->late)
            return s;
        if (is_free(s, l))
            late = s;
    }
    return late;
}

static int64_t free_credit(const struct desk *k, enum dk_service service)
{
    int64_t n = 0;

    for (size_t i = 0; i < k->n_session; i++) {
        const struct session *s = k->session[i];
        if (s->service == service && !s->bye && !s->kept && !is_alone(s))
            n += s->credit - s->leased;
    }
    return n;
}

/* Is there a worker for a suspect?  If there could be, the one that has least
 * to do gets nothing more until it is.
 */
static bool free_alone(struct desk *k, enum dk_service service)
{
    size_t n = 0, alone = 0;
    struct session *least = NULL;

    for (size_t i = 0; i < k->n_session; i++) {
        struct session *s = k->session[i];
        if (s->service != service || s->bye)
            continue;
        n++;
        alone += is_alone(s);
        s->kept = false;
        if (!is_alone(s) && (least == NULL || s->leased < least->leased))
            least = s;
    }
    if (least == NULL || (alone > 0 && alone >= n / 2))
        return false;
    least->kept = true;
    return least->leased == 0;
}

/* When the event counts for the law, and how far the worker can see: what is
 * needed of the case is four members of its text.
 */
static int case_times(const struct store_task_row *row, struct dk_case *c)
{
    int64_t n = 0;
    cJSON *o;
    int rc =
        dk_json_parse_fixed(row->doc, row->doc_len, row->doc_len, &o, NULL);

    if (rc == DK_OK)
        rc = dk_json_time(o, "submitted_at", DK_REQUIRED, &c->submitted_at,
                          NULL, NULL);
    if (rc == DK_OK)
        rc = dk_json_time(o, "recorded_at", DK_REQUIRED, &c->recorded_at, NULL,
                          NULL);
    if (rc == DK_OK)
        rc = dk_json_bool(o, "imported", DK_OPTIONAL, &c->imported, NULL, NULL);
    if (rc == DK_OK)
        rc = dk_json_int(o, "n", DK_REQUIRED, 0, UINT32_MAX, &n, NULL, NULL);
    c->n = (uint32_t)n;
    cJSON_Delete(o);
    return rc;
}

static void put_task(struct daemon *d, struct lease *l,
                     const struct store_task_row *row, const struct dk_case *c)
{
    struct dk_jw *w = &d->desk.text;
    char id[24];
    char lease[48];

    snprintf(id, sizeof(id), "%" PRId64, l->task_id);
    desk_lease_text(d, l, lease, sizeof(lease));
    dk_jw_reset(w);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "task_id", id);
    dk_jw_str(w, "lease", lease);
    dk_jw_int(w, "attempt", l->attempts + 1);
    dk_jw_str(w, "service", dk_service_names[l->service]);
    dk_jw_time(w, "now", wall_now(&d->wall), d->cfg->offset_min);
    dk_jw_raw(w, "case", row->doc, row->doc_len);
    dk_event_write_task(w, "event", row->e, c, d->cfg->offset_min);
    dk_jw_end_obj(w);
    l->saw_n = c->n;
}

static int read_case_row(const struct store_task_row *row, struct dk_case **c)
{
    cJSON *o = NULL;
    int rc =
        dk_json_parse_fixed(row->doc, row->doc_len, row->doc_len, &o, NULL);

    if (rc == DK_OK)
        rc = dk_case_read(o, c, NULL);
    if (rc == DK_OK)
        memcpy((*c)->hash, row->hash, sizeof((*c)->hash));
    cJSON_Delete(o);
    return rc;
}

/* The case of the row, kept for the answer that will come; *c stays NULL where
 * none can be kept.
 */
static int look_at_case(struct daemon *d, const struct store_task_row *row,
                        const struct dk_case **c)
{
    struct dk_case *read = NULL;

    *c = kept_look(&d->kept, row->t.key);
    if (*c != NULL || d->kept.most == 0 || row->hash == NULL)
        return DK_OK;
    int rc = read_case_row(row, &read);
    kept_put(&d->kept, read);
    *c = kept_look(&d->kept, row->t.key);
    return rc;
}

static int write_task(struct daemon *d, struct lease *l,
                      const struct store_task_row *row)
{
    const struct dk_case *c = NULL;
    struct dk_case *times = NULL;

    if (row->doc == NULL || row->e == NULL) /* it points at nothing */
        return DK_ENOTFOUND;
    int rc = look_at_case(d, row, &c);
    if (rc == DK_OK && c == NULL) {
        c = times = dk_case_new();
        rc = times != NULL ? case_times(row, times) : DK_ENOMEM;
    }
    if (rc == DK_OK)
        put_task(d, l, row, c);
    dk_case_free(times);
    return rc == DK_OK && d->desk.text.oom ? DK_ENOMEM : rc;
}

/* Send one task.  DK_EBUSY: nobody can take it now. */
static int hand_out(struct daemon *d, struct lease *l,
                    const struct store_task_row *row)
{
    const struct dk_jw *w = &d->desk.text;
    char lease[48];
    struct session *s;
    int rc;

    l->no = ++d->desk.next_no;
    rc = write_task(d, l, row);
    desk_lease_text(d, l, lease, sizeof(lease));
    while (rc == DK_OK && (s = next_free(&d->desk, l)) != NULL) {
        rc = zev_send(d->workers, &s->peer, "task", lease, w->buf, w->len);
        if (rc == DK_OK) {
            s->leased++;
            s->alone = l->suspect;
            s->kept = false;
            l->session = s;
            l->state = LEASE_OUT;
            l->out_at = mono_now();
            l->until = l->out_at + d->cfg->lease_ms;
            d->stats.tasks_sent++;
            return DK_OK;
        }
        /* Gone, or its queue is full although it has credit: not well. */
        desk_end(d, s,
                 rc == DK_ENOTFOUND ? "the connection is gone"
                                    : "its queue is full");
        rc = DK_OK;
    }
    return rc == DK_OK ? DK_EBUSY : rc;
}

struct dispatch {
    struct daemon *d;
    enum dk_service service;
    struct lease *lease; /* a second attempt: only this one */
    int64_t seen;        /* rows that came */
    int rc;
};

/* One damaged task must not hold up its service: it fails like an attempt, and
 * in the end is a dead letter that somebody sees.
 */
static void give_up(struct dispatch *x, struct lease *l)
{
    log_error("task_unwritable", "task=%" PRId64 " code=%s", l->task_id,
              dk_err_slug(x->rc));
    l->unwritable = true;
    desk_lose(x->d, l);
    x->rc = DK_OK;
}

static int on_new_task(void *arg, const struct store_task_row *row)
{
    struct dispatch *x = arg;
    struct desk *k = &x->d->desk;
    struct map_key key = map_int_key(row->t.id);

    x->seen++;
    if (desk_find(k, row->t.id) != NULL) { /* out, or waiting its turn */
        k->cursor[x->service] = row->t.id;
        return 0;
    }
    struct lease *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return DK_ENOMEM;
    l->task_id = row->t.id;
    l->service = row->t.service;
    l->key = row->t.key;
    l->n = row->t.n;
    l->attempts = row->t.attempts;
    if (map_put(&k->leases, &key, (uintptr_t)l) != DK_OK) {
        free(l);
        return DK_ENOMEM;
    }
    if (l->attempts > 0) { /* of an earlier run: nobody knows what ended it */
        k->cursor[x->service] = row->t.id;
        l->suspect = true;
        desk_again(x->d, l, l->attempts, 0);
        return 0;
    }
    x->rc = hand_out(x->d, l, row);
    if (x->rc == DK_EBUSY || x->rc == DK_ENOMEM) {
        desk_answered(x->d, l);
        return 1; /* next time */
    }
    if (x->rc != DK_OK)
        give_up(x, l);
    k->cursor[x->service] = row->t.id;
    return 0;
}

static int on_old_task(void *arg, const struct store_task_row *row)
{
    struct dispatch *x = arg;

    if (row->t.id != x->lease->task_id)
        return 1;
    x->seen++;
    x->rc = hand_out(x->d, x->lease, row);
    if (x->rc != DK_OK && x->rc != DK_EBUSY && x->rc != DK_ENOMEM)
        give_up(x, x->lease);
    return 1;
}

static void unwait(struct desk *k, struct lease *l)
{
    struct lease **v = k->waiting[l->service];

    v[l->place] = v[--k->n_waiting[l->service]];
    v[l->place]->place = l->place;
}

static void unreadable(struct daemon *d, enum dk_service s, int rc)
{
    log_error("tasks_unreadable", "service=%s code=%s", dk_service_names[s],
              dk_err_slug(rc));
    if (rc == DK_EIO)
        spine_stop(d, EX_IOERR); /* a task that cannot be read is not handed
                                    out: better to start anew than to wait */
}

/* Tasks whose pause is over go before new ones. */
static void dispatch_waiting(struct daemon *d, enum dk_service s)
{
    struct desk *k = &d->desk;
    dk_ms now = mono_now();
    bool full = false, full_alone = false;

    for (size_t i = k->n_waiting[s]; i-- > 0 && !(full && full_alone);) {
        struct lease *l = k->waiting[s][i];
        if (l->until > now || (l->suspect ? full_alone : full))
            continue;
        if (l->suspect)
            full_alone = !free_alone(k, s);
        else
            full = free_credit(k, s) <= 0;
        if (l->suspect ? full_alone : full)
            continue;
        struct dispatch x = {d, s, l, 0, DK_OK};
        int rc = store_tasks(d->st, s, l->task_id - 1, 1, on_old_task, &x);
        if (rc != DK_OK)
            unreadable(d, s, rc);
        if (rc != DK_OK || (x.seen > 0 && x.rc != DK_OK))
            return;
        unwait(k, l);
        if (x.seen == 0)
            desk_answered(d, l); /* it is no open task any more */
    }
}

static void dispatch_new(struct daemon *d, enum dk_service s)
{
    struct desk *k = &d->desk;
    int64_t credit = free_credit(k, s);
    struct dispatch x = {d, s, NULL, 0, DK_OK};

    if (credit <= 0 || k->n_waiting[s] >= DESK_WAITING_MAX)
        return;
    int64_t first = INT64_MAX;
    int rc = store_claim(d->st, s, credit, &first);

    if (first <= k->cursor[s]) /* those behind it that are out are known */
        k->cursor[s] = first - 1;
    if (rc == DK_OK)
        rc = store_tasks(d->st, s, k->cursor[s], credit, on_new_task, &x);
    if (rc == DK_OK && x.rc == DK_OK && x.seen < credit)
        k->more[s] = false;
    if (rc != DK_OK)
        log_error("tasks_unreadable", "service=%s code=%s", dk_service_names[s],
                  dk_err_slug(rc));
}

static void unkeep(struct desk *k, enum dk_service service)
{
    for (size_t i = 0; i < k->n_session; i++)
        if (k->session[i]->service == service)
            k->session[i]->kept = false;
}

void desk_dispatch(struct daemon *d)
{
    struct desk *k = &d->desk;

    if (d->draining || d->pause_until != 0 || d->away)
        return; /* an answer could not be taken */
    for (int s = 0; k->n_session > 0 && s < DK_SVC_N; s++) {
        size_t waited = k->n_waiting[s];
        unkeep(k, (enum dk_service)s);
        if (waited > 0)
            dispatch_waiting(d, (enum dk_service)s);
        waited = k->n_waiting[s];
        if (k->more[s])
            dispatch_new(d, (enum dk_service)s);
        if (k->n_waiting[s] > waited) /* suspects of an earlier run */
            dispatch_waiting(d, (enum dk_service)s);
    }
}
