#include "daemon/follow.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/page.h"

#define SILENCE_MS 60000
#define CREDIT_MAX 20000
#define PUSH_MAX   256 /* events for one follower in one tick */
/* Cases looked at in one tick, for all followers who may not see every one. */
#define LOOK_MAX 256

static struct follower *find(struct follows *fs, const struct item *it)
{
    for (size_t i = 0; i < fs->n; i++) {
        if (zev_same(&fs->v[i].peer, &it->peer) &&
            strcmp(fs->v[i].user, it->user) == 0 &&
            strcmp(fs->v[i].request, it->request) == 0)
            return &fs->v[i];
    }
    return NULL;
}

static void drop(struct follows *fs, struct follower *f)
{
    *f = fs->v[--fs->n];
}

int read_follow(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p)
{
    struct follows *fs = &d->follows;
    int64_t from;
    int64_t credit;
    char text[24];
    int rc = dk_json_int(it->body, "from", DK_REQUIRED, 1, INT64_MAX / 1024,
                         &from, NULL, p);

    if (rc == DK_OK)
        rc = dk_json_int(it->body, "credit", DK_REQUIRED, 1, 10000, &credit,
                         NULL, p);
    if (rc != DK_OK)
        return rc;
    struct follower *f = find(fs, it);
    if (f == NULL) {
        if (fs->n >= (size_t)d->cfg->followers ||
            vec_grow(&fs->v, &fs->cap, fs->n + 1) != DK_OK)
            return dk_fail(p, DK_EBUSY, NULL,
                           "there are as many followers as this broker is "
                           "configured for; try later",
                           "跟随者数量已达上限，请稍后重试");
        f = &fs->v[fs->n++];
    }
    memset(f, 0, sizeof(*f));
    f->peer = it->peer;
    memcpy(f->request, it->request, sizeof(f->request));
    memcpy(f->user, it->user, sizeof(f->user));
    f->next = from;
    f->credit = credit;
    f->seen = mono_now();
    snprintf(text, sizeof(text), "%" PRId64, from);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "next", text);
    dk_jw_hex(w, "broker", d->info.broker, sizeof(d->info.broker));
    dk_jw_end_obj(w);
    return DK_OK;
}

int read_unfollow(struct daemon *d, const struct item *it, struct dk_jw *w,
                  struct dk_problem *p)
{
    struct follower *f = find(&d->follows, it);

    if (f == NULL)
        return dk_fail(p, DK_ENOTFOUND, NULL,
                       "nothing is followed under this request id",
                       "该请求编号下没有正在跟随的事件流");
    drop(&d->follows, f);
    dk_jw_obj(w, NULL);
    dk_jw_end_obj(w);
    return DK_OK;
}

int read_credit(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p)
{
    struct follower *f = find(&d->follows, it);
    int64_t credit = 0;
    int rc = dk_json_int(it->body, "credit", DK_REQUIRED, 0, 10000, &credit,
                         NULL, p);

    (void)w; /* credit is not answered */
    if (rc != DK_OK)
        return rc;
    if (f == NULL)
        return dk_fail(p, DK_ENOTFOUND, NULL,
                       "nothing is followed under this request id; ask "
                       "events.follow again from your next sequence",
                       "该请求编号下没有正在跟随的事件流；请从下一序号重新"
                       "发送 events.follow");
    f->credit += credit;
    if (f->credit > CREDIT_MAX)
        f->credit = CREDIT_MAX;
    f->seen = mono_now();
    return DK_OK;
}

struct push {
    struct daemon *d;
    struct follower *f;
    const struct dk_who *who;
    struct dk_jw w;
    int rc;
    /* Who may not see everything: what waits until that is looked up. */
    struct held {
        int64_t key, seq;
        size_t at, len;
    } held[PUSH_MAX];
    size_t n_held;
};

static int send_event(struct push *x, int64_t seq, const char *text, size_t len)
{
    x->rc =
        zev_send(x->d->clients, &x->f->peer, "event", x->f->request, text, len);
    if (x->rc != DK_OK)
        return 1;
    x->f->next = seq + 1;
    x->f->credit--;
    x->d->stats.events_followed++;
    return 0;
}

static int on_event(void *arg, const struct dk_event *e)
{
    struct push *x = arg;
    bool all = dk_sees_all(x->who);

    if (all)
        dk_jw_reset(&x->w);
    size_t at = x->w.len;
    wire_event(x->d, &x->w, NULL, e);
    if (x->w.oom)
        return DK_ENOMEM;
    if (all)
        return send_event(x, e->seq, x->w.buf, x->w.len);
    at += x->w.buf[at] == ',';
    x->held[x->n_held++] = (struct held){e->key, e->seq, at, x->w.len - at};
    return 0;
}

/* What stands in the place of an event of a case that is hidden from them. */
static void write_hidden(struct push *x, struct dk_jw *w, int64_t seq)
{
    dk_jw_reset(w);
    dk_jw_obj(w, NULL);
    wire_id(w, "seq", seq);
    dk_jw_hex(w, "broker", x->d->info.broker, sizeof(x->d->info.broker));
    dk_jw_null(w, "case_no");
    dk_jw_str(w, "type", "hidden");
    dk_jw_end_obj(w);
}

static int send_held(struct push *x)
{
    struct dk_jw w = {0};
    int rc = DK_OK, seen = 0;

    for (size_t i = 0; rc == DK_OK && i < x->n_held; i++) {
        const struct held *h = &x->held[i];
        if (i == 0 || h->key != h[-1].key)
            seen = sight_key(x->d, x->who, h->key);
        if (seen == 0)
            write_hidden(x, &w, h->seq);
        if (seen < 0 || w.oom)
            rc = DK_EIO;
        else if (seen == 0)
            rc = send_event(x, h->seq, w.buf, w.len);
        else
            rc = send_event(x, h->seq, x->w.buf + h->at, h->len);
    }
    dk_jw_fini(&w);
    return rc;
}

static int push_some(struct push *x, int64_t n)
{
    dk_jw_reset(&x->w);
    x->n_held = 0;
    if (!dk_sees_all(x->who)) /* one value after the other */
        dk_jw_arr(&x->w, NULL);
    int rc = store_events(x->d->st, x->f->next, n, on_event, x);
    return rc == DK_OK && x->n_held > 0 ? send_held(x) : rc;
}

int64_t follow_portion(size_t followers, bool sees_all)
{
    int64_t n = followers > 0 ? LOOK_MAX / (int64_t)followers : LOOK_MAX;

    if (sees_all || n > PUSH_MAX)
        return PUSH_MAX;
    return n > 0 ? n : 1;
}

void follow_push(struct daemon *d)
{
    struct follows *fs = &d->follows;
    struct push x = {.d = d};

    for (size_t i = fs->n; i-- > 0;) {
        struct follower *f = &fs->v[i];
        const struct identity *who = keys_find(&d->keys, f->user);
        if (who == NULL || f->credit <= 0 || f->next > d->info.last_seq)
            continue;
        x.f = f;
        x.who = &who->id.who;
        x.rc = DK_OK;
        int64_t n = follow_portion(fs->n, dk_sees_all(x.who));
        if (n > f->credit)
            n = f->credit;
        int rc = push_some(&x, n);
        if (x.rc == DK_ENOTFOUND)
            drop(fs, f); /* gone; it asks again from where it was */
        else if (rc == DK_OK && x.rc == DK_OK && f->credit > 0 &&
                 f->next <= d->info.last_seq)
            spine_again(d); /* in portions, so that nobody waits for one */
    }
    dk_jw_fini(&x.w);
}

void follow_settle(struct daemon *d)
{
    struct follows *fs = &d->follows;

    for (size_t i = fs->n; i-- > 0;) {
        const struct identity *who = keys_find(&d->keys, fs->v[i].user);
        if (who == NULL ||
            !dk_may(&who->id.who, DK_DOOR_CLIENT, "events.follow"))
            drop(fs, &fs->v[i]);
    }
}

void follow_house(struct daemon *d)
{
    struct follows *fs = &d->follows;
    dk_ms now = mono_now();

    for (size_t i = fs->n; i-- > 0;) {
        if (now - fs->v[i].seen > SILENCE_MS)
            drop(fs, &fs->v[i]);
    }
    follow_push(d); /* whom a full queue held up */
}
