#include "daemon/desk.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"

static struct map_key peer_key(const struct zev_peer *peer)
{
    struct map_key k = {{0}};

    if (peer->len < sizeof(k.b)) { /* ZeroMQ's own ids have five bytes */
        k.b[0] = peer->len;
        memcpy(k.b + 1, peer->id, peer->len);
    } else {
        crypto_generichash(k.b, sizeof(k.b), peer->id, peer->len, NULL, 0);
    }
    return k;
}

void desk_init(struct desk *k, uint64_t seed)
{
    memset(k, 0, sizeof(*k));
    map_init(&k->sessions, seed);
    map_init(&k->leases, seed + 1);
    for (int i = 0; i < DK_SVC_N; i++)
        k->more[i] = true; /* what an earlier run left open */
}

void desk_fini(struct desk *k)
{
    size_t pos = 0;
    uintptr_t v;

    while (map_next(&k->leases, &pos, &v))
        free((struct lease *)v);
    for (size_t i = 0; i < k->n_session; i++)
        free(k->session[i]);
    for (int i = 0; i < DK_SVC_N; i++)
        free(k->waiting[i]);
    free(k->session);
    free(k->lost);
    map_fini(&k->sessions);
    map_fini(&k->leases);
    dk_jw_fini(&k->text);
}

/* ---- sessions ------------------------------------------------------------ */

struct session *desk_session(struct desk *k, const struct zev_peer *peer)
{
    struct map_key key = peer_key(peer);
    uintptr_t v;

    return map_get(&k->sessions, &key, &v) ? (struct session *)v : NULL;
}

struct session *desk_hello(struct daemon *d, const struct zev_peer *peer,
                           enum dk_service service, const char *name,
                           int credit)
{
    struct desk *k = &d->desk;
    struct map_key key = peer_key(peer);
    struct session *s = desk_session(k, peer);

    if (s != NULL)
        desk_end(d, s, "said hello again");
    if (k->n_session >= DESK_SESSION_MAX ||
        vec_grow(&k->session, &k->cap_session, k->n_session + 1) != DK_OK)
        return NULL;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    if (map_put(&k->sessions, &key, (uintptr_t)s) != DK_OK) {
        free(s);
        return NULL;
    }
    s->peer = *peer;
    s->service = service;
    snprintf(s->name, sizeof(s->name), "%s", name);
    s->credit = credit;
    s->last_seen = mono_now();
    s->since = wall_now(&d->wall);
    s->place = k->n_session;
    k->session[k->n_session++] = s;
    k->more[service] = true;
    /* It may be the one that mends what the others failed at; not what they
     * died of.
     */
    for (size_t i = 0; i < k->n_waiting[service]; i++)
        if (!k->waiting[service][i]->suspect)
            k->waiting[service][i]->until = 0;
    return s;
}

void desk_lose(struct daemon *d, struct lease *l)
{
    struct desk *k = &d->desk;

    if (vec_grow(&k->lost, &k->cap_lost, k->n_lost + 1) != DK_OK)
        return; /* the house finds it again: it is still out and too late */
    l->state = LEASE_BUSY;
    k->lost[k->n_lost++] = l;
    spine_again(d);
}

void desk_end(struct daemon *d, struct session *s, const char *why)
{
    struct desk *k = &d->desk;
    struct map_key key = peer_key(&s->peer);
    size_t pos = 0;
    uintptr_t v;
    char name[160];

    while (s->leased > 0 && map_next(&k->leases, &pos, &v)) {
        struct lease *l = (struct lease *)v;
        if (l->session != s)
            continue;
        l->session = NULL;
        l->until = 0;
        if (l->state == LEASE_OUT)
            desk_lose(d, l);
    }
    log_info("worker_gone", "service=%s worker=%s leased=%d why=\"%s\"",
             dk_service_names[s->service],
             log_quote(s->name, name, sizeof(name)), s->leased, why);
    map_del(&k->sessions, &key);
    k->session[s->place] = k->session[--k->n_session];
    k->session[s->place]->place = s->place;
    free(s);
}

/* ---- leases -------------------------------------------------------------- */

struct lease *desk_find(struct desk *k, int64_t task_id)
{
    struct map_key key = map_int_key(task_id);
    uintptr_t v;

    return map_get(&k->leases, &key, &v) ? (struct lease *)v : NULL;
}

void desk_lease_text(const struct daemon *d, const struct lease *l, char *buf,
                     size_t cap)
{
    snprintf(buf, cap, "%" PRId64 "-%" PRId64, d->info.epoch, l->no);
}

struct lease *desk_lease(struct daemon *d, const struct session *s,
                         int64_t task_id, const char *text)
{
    char mine[48];
    struct lease *l = desk_find(&d->desk, task_id);

    if (l == NULL || l->state != LEASE_OUT || l->session != s)
        return NULL;
    desk_lease_text(d, l, mine, sizeof(mine));
    return strcmp(mine, text) == 0 ? l : NULL;
}

void desk_answered(struct daemon *d, struct lease *l)
{
    struct map_key key = map_int_key(l->task_id);

    map_del(&d->desk.leases, &key);
    free(l);
}

void desk_again(struct daemon *d, struct lease *l, int attempts, dk_ms delay)
{
    struct desk *k = &d->desk;
    size_t s = (size_t)l->service;

    l->session = NULL;
    l->attempts = attempts;
    if (vec_grow(&k->waiting[s], &k->cap_waiting[s], k->n_waiting[s] + 1) !=
        DK_OK) {
        /* No memory to remember it: read the open tasks from the start. */
        k->cursor[s] = 0;
        k->more[s] = true;
        desk_answered(d, l);
        return;
    }
    l->state = LEASE_WAITING;
    l->until = mono_now() + delay;
    l->place = k->n_waiting[s];
    k->waiting[s][k->n_waiting[s]++] = l;
}

void desk_revive(struct desk *k, int64_t task_id)
{
    size_t s = (size_t)(task_id % 4); /* batch_collect.c makes the ids */

    if (s >= DK_SVC_N)
        return;
    if (k->cursor[s] >= task_id)
        k->cursor[s] = task_id - 1; /* those behind it that are out are known */
    k->more[s] = true;
}

/* ---- keeping house ------------------------------------------------------- */

static void beat(struct daemon *d)
{
    struct desk *k = &d->desk;

    k->beat = mono_now();
    for (size_t i = k->n_session; i-- > 0;) {
        struct session *s = k->session[i];
        if (zev_send(d->workers, &s->peer, "heartbeat", "-", "{}", 2) ==
            DK_ENOTFOUND)
            desk_end(d, s, "the connection is gone");
    }
}

static void end_silent(struct daemon *d)
{
    struct desk *k = &d->desk;
    dk_ms now = mono_now();

    for (size_t i = k->n_session; i-- > 0;) {
        struct session *s = k->session[i];
        if (now - s->last_seen > 3 * d->cfg->heartbeat_ms)
            desk_end(d, s, "three heartbeats missed");
    }
}

static void end_late(struct daemon *d)
{
    size_t pos = 0;
    uintptr_t v;
    dk_ms now = mono_now();

    while (map_next(&d->desk.leases, &pos, &v)) {
        struct lease *l = (struct lease *)v;
        if (l->state != LEASE_OUT || l->until > now)
            continue;
        if (l->session != NULL) {
            l->session->leased--;
            l->session->failed++;
            l->session->late = true;
            l->session = NULL;
        }
        desk_lose(d, l);
    }
}

void desk_house(struct daemon *d)
{
    end_silent(d);
    if (mono_now() - d->desk.beat >= d->cfg->heartbeat_ms)
        beat(d);
    end_late(d);
    desk_dispatch(d);
}
