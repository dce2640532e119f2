/* gather.c - steps one and two of the tick: drain the sockets and the clocks
 * into a bounded batch, and load the cases that it names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "daemon/daemon.h"

#define GATHER_MS  4   /* longest a batch may gather, */
#define GATHER_MAX 20  /* and where commits take long */
#define DUE_MAX    256 /* clocks fired in one batch */
#define TAKEN_MS   20  /* until what another broker has is looked for again */

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

/* As many as the batch takes; the others keep their order for the next. */
static void gather_lost(struct daemon *d, size_t most)
{
    struct desk *k = &d->desk;
    size_t n = 0;

    while (n < k->n_lost && n < most) {
        struct item *it = add_item(d, ITEM_LOST);
        if (it == NULL)
            break;
        it->lease = k->lost[n++];
        it->key = it->lease->key;
        snprintf(it->reason, sizeof(it->reason), "%s",
                 it->lease->unwritable
                     ? "the task cannot be written: the case or the event is "
                       "damaged; see docketctl verify"
                     : "the worker went away or took too long");
    }
    if (n == 0)
        return;
    k->n_lost -= n;
    memmove(k->lost, k->lost + n, k->n_lost * sizeof(struct lease *));
    if (k->n_lost > 0)
        spine_again(d);
}

static void gather_socket(struct daemon *d, struct zev *z, bool worker,
                          size_t most, dk_ms until)
{
    struct zev_peer peer;
    struct dk_frame f[5];
    int n;

    while (d->batch.n_item < most && mono_now() < until &&
           zev_recv(z, &peer, f, 5, &n) == 1) {
        const char *user = zev_user(z);
        if (user == NULL) { /* nobody vouched for it: as if it never came */
            d->stats.messages_unnamed++;
            continue;
        }
        struct item *it = add_item(d, ITEM_NONE);
        if (it == NULL)
            return; /* no memory: the message is lost, its sender retries */
        it->worker = worker;
        it->has_peer = true;
        it->peer = peer;
        snprintf(it->user, sizeof(it->user), "%s", user);
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

static int gather_due(struct daemon *d, int64_t most)
{
    struct map seen;
    struct due_state s = {d, &seen};

    if (d->next_due > d->batch.now)
        return DK_OK;
    map_init(&seen, 0);
    int rc = store_due_clocks(d->st, d->batch.now,
                              most < DUE_MAX ? most : DUE_MAX, on_due, &s);
    bool none = seen.n == 0;
    map_fini(&seen);
    /* Another broker has the cases that are due: no need to ask it again and
     * again until its commit.
     */
    if (rc == DK_OK && none && d->info.shared)
        d->next_due = d->batch.now + TAKEN_MS;
    return rc;
}

bool spine_busy(struct daemon *d)
{
    struct store_totals t = {0};

    int rc = store_totals(d->st, &t);

    if (rc == DK_EIO)
        spine_stop(d, EX_IOERR);
    return rc != DK_OK || t.tasks_open > 0;
}

/* The test clock's way to its target: straight, or from due to due. */
static void step_test_clock(struct daemon *d)
{
    struct advance *a = &d->advance;

    if (!a->on || d->next_due <= d->wall.test_now ||
        (a->settle && spine_busy(d)))
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

/* A commit costs its sync, however much is in it.  On a disk that takes long
 * for one a batch gathers longer, so that it is not the disk that says how many
 * get an answer in a second.
 */
static dk_ms gather_ms(const struct daemon *d)
{
    dk_ms ms = GATHER_MS + d->commit_us / 1000;

    return ms < GATHER_MAX ? ms : GATHER_MAX;
}

int spine_gather(struct daemon *d)
{
    dk_ms start = mono_now(), ms = gather_ms(d);

    /* Workers first, but never the whole batch: kiosks wait too. */
    size_t most = d->cautious > 0 ? 1 : (size_t)d->cfg->batch;
    gather_lost(d, most);
    gather_socket(d, d->workers, true, most > 2 ? most * 2 / 3 : most,
                  start + ms / 2);
    gather_socket(d, d->clients, false, most, start + ms);
    if (d->pause_until != 0 || d->batch.n_item >= most)
        return DK_OK;
    step_test_clock(d);
    return gather_due(d, (int64_t)(most - d->batch.n_item));
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

static void want_key(struct batch *b, struct map *seen, int64_t key,
                     int64_t *keys, size_t *n)
{
    struct map_key k = map_int_key(key);
    uintptr_t v;

    if (key == 0 || map_get(seen, &k, &v))
        return;
    if (map_put(seen, &k, 1) != DK_OK)
        b->broken = true;
    else
        keys[(*n)++] = key;
}

/* The cases that the items name, each once; at most two of each. */
static size_t wanted_keys(struct batch *b, int64_t *keys)
{
    size_t n = 0;
    struct map seen;

    map_init(&seen, 0);
    for (size_t i = 0; i < b->n_item && !b->broken; i++) {
        const struct item *it = &b->item[i];
        if (it->known || it->kind == ITEM_READ)
            continue;
        want_key(b, &seen, it->key, keys, &n);
        want_key(b, &seen, it->other, keys, &n);
    }
    map_fini(&seen);
    return n;
}

/* Those that are at hand join the batch; the others are left in `keys`. */
static int take_kept(struct daemon *d, int64_t *keys, size_t *n)
{
    size_t left = 0;
    int rc = DK_OK;

    for (size_t i = 0; i < *n && rc == DK_OK; i++) {
        struct dk_case *c = kept_take(&d->kept, keys[i]);
        if (c != NULL)
            rc = batch_add_slot(&d->batch, keys[i], c, false);
        else
            keys[left++] = keys[i];
    }
    *n = rc == DK_OK ? left : 0;
    return rc;
}

static int load_cases(struct daemon *d)
{
    struct batch *b = &d->batch;
    size_t most = 2 * b->n_item + 1;
    int64_t *keys = calloc(most, sizeof(*keys));
    struct dk_case **out = calloc(most, sizeof(struct dk_case *));
    int rc = DK_ENOMEM;

    if (keys != NULL && out != NULL) {
        size_t n = wanted_keys(b, keys);
        rc = take_kept(d, keys, &n);
        if (rc == DK_OK && n > 0)
            rc = store_load_cases(d->st, keys, n, out);
        for (size_t i = 0; rc == DK_OK && i < n; i++) {
            rc = batch_add_slot(b, keys[i], out[i], false);
            out[i] = NULL; /* taken, also when there was no memory */
        }
        for (size_t i = 0; i < n; i++)
            dk_case_free(out[i]);
    }
    free(keys);
    free(out);
    return rc;
}

static bool any_act(const struct batch *b)
{
    for (size_t i = 0; i < b->n_item; i++)
        if (b->item[i].kind == ITEM_ACT && !b->item[i].known)
            return true;
    return false;
}

int spine_load(struct daemon *d)
{
    int rc = load_requests(d);

    if (rc == DK_OK)
        rc = load_cases(d);
    /* While we waited for a case another broker may have done the very same
     * command: it is answered as that, not held against what it made of it.
     */
    if (rc == DK_OK && d->info.shared && any_act(&d->batch))
        rc = load_requests(d);
    return rc;
}
