#include "daemon/history.h"

#include <event2/event.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "daemon/daemon.h"

#define SLICE    512  /* events of an earlier run, taken at once */
#define RETRY_MS 5000 /* after a write that failed */

void history_text_hash(const char *text, size_t len, uint8_t out[DK_HASH_LEN])
{
    crypto_generichash(out, DK_HASH_LEN, (const unsigned char *)text, len, NULL,
                       0);
}

uint64_t history_weight(const uint8_t hash[DK_HASH_LEN])
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | hash[i];
    return v;
}

/* ---- taking events ------------------------------------------------------- */

static bool is_full(const struct history_state *h)
{
    return h->done - h->to == HISTORY_EVENTS;
}

static bool is_behind(const struct daemon *d)
{
    return d->history.done < d->info.last_seq && !is_full(&d->history);
}

bool history_waits(const struct daemon *d)
{
    return !d->history.broken && d->history.done > d->history.to &&
           !is_behind(d);
}

static void take(struct history_state *h, int64_t seq,
                 const uint8_t hash[DK_HASH_LEN], bool begins, dk_ms at)
{
    merkle_hash leaf;

    if (h->done == h->to)
        h->first_at = at;
    merkle_leaf(seq, hash, leaf);
    merkle_push(&h->block, leaf);
    if (h->block.n == MERKLE_BLOCK) {
        merkle_root(&h->block, h->blocks + h->n_block++ * DK_HASH_LEN);
        h->block.n = 0;
        h->block.top = 0;
    }
    h->sum += history_weight(hash);
    h->cases += begins;
    h->done = seq;
}

/* Signed as not there, so that it stays so (docs/HISTORY.md, "Gaps"). */
static void take_gap(struct history_state *h, int64_t until, dk_ms at)
{
    static const uint8_t nothing[DK_HASH_LEN];

    log_error("history_gap", "first=%" PRId64 " last=%" PRId64, h->done + 1,
              until - 1);
    while (h->done + 1 < until && !is_full(h))
        take(h, h->done + 1, nothing, false, at);
}

static int on_event(void *arg, const struct dk_event *e)
{
    struct history_state *h = arg;

    if (e->seq - h->done > HISTORY_EVENTS) {
        log_error("history_broken", "seq=%" PRId64 " after=%" PRId64, e->seq,
                  h->done);
        h->broken = true;
        return 1;
    }
    if (e->seq != h->done + 1)
        take_gap(h, e->seq, e->at);
    if (is_full(h))
        return 1;
    take(h, e->seq, e->hash, e->type == DK_EV_SUBMITTED, e->at);
    return 0;
}

/* One slice of what was not taken when it was committed. */
static void catch_up(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval soon = {0, 1000}, later = {1, 0};
    struct daemon *d = arg;
    struct history_state *h = &d->history;

    (void)fd;
    (void)what;
    if (h->broken || !is_behind(d))
        return;
    int64_t before = h->done;
    store_check(d->st, true); /* damage is for verify to tell */
    int rc = store_events(d->st, h->done + 1, SLICE, on_event, h);
    store_check(d->st, false);
    if (rc == DK_EIO) {
        spine_stop(d, EX_IOERR);
        return;
    }
    if (rc == DK_EJSON) /* unreadable is as good as gone */
        take_gap(h, h->done + 2, h->first_at);
    else if (rc == DK_OK && h->done == before && !is_full(h))
        h->broken = true; /* the last event is not where it was */
    event_add(h->ev, rc == DK_EBUSY ? &later : &soon);
}

static void go_on(struct daemon *d)
{
    static const struct timeval soon = {0, 1000};

    if (!d->history.broken && is_behind(d) &&
        !evtimer_pending(d->history.ev, NULL))
        event_add(d->history.ev, &soon);
}

/* ---- making one ---------------------------------------------------------- */

static bool is_due(const struct daemon *d, dk_ms now)
{
    const struct history_state *h = &d->history;
    dk_ms every = d->cfg->history.checkpoint_min * DK_MINUTE;

    if (!history_waits(d) || h->staged)
        return false;
    if (is_full(h))
        return true;
    /* (A clock that was set back must not put it off.) */
    return every > 0 && (now - h->first_at >= every || now < h->first_at);
}

static void stage(struct daemon *d)
{
    struct history_state *h = &d->history;
    size_t n = h->n_block;

    if (h->block.n > 0)
        merkle_root(&h->block, h->blocks + n++ * DK_HASH_LEN);
    h->what = (struct dk_ckpt){.number = h->number + 1,
                               .from = h->to + 1,
                               .to = h->done,
                               .cases = h->cases,
                               .sum = h->sum,
                               .at = d->batch.now};
    memcpy(h->what.broker, d->info.broker, sizeof(h->what.broker));
    memcpy(h->what.previous, h->previous, sizeof(h->what.previous));
    memcpy(h->what.key, h->key, sizeof(h->what.key));
    merkle_root_of(h->blocks, n, h->what.root);
    h->row = (struct store_ckpt){.number = h->what.number,
                                 .from = h->what.from,
                                 .to = h->what.to,
                                 .text = h->text,
                                 .text_len = dk_ckpt_write(&h->what, h->text),
                                 .blocks = h->blocks,
                                 .n_block = n};
    crypto_sign_detached(h->row.sig, NULL, (const unsigned char *)h->text,
                         h->row.text_len, h->secret.v);
    h->staged = true;
    d->batch.changes.ckpt = &h->row;
}

void history_house(struct daemon *d)
{
    if (!d->draining && d->pause_until == 0 && is_due(d, wall_now(&d->wall)) &&
        mono_now() >= d->history.retry_at)
        spine_again(d);
}

void history_stage(struct daemon *d)
{
    if (d->pause_until == 0 && d->cautious == 0 && is_due(d, d->batch.now) &&
        mono_now() >= d->history.retry_at)
        stage(d);
}

/* After the last checkpoint nothing is taken yet. */
static void start_over(struct history_state *h)
{
    h->n_block = 0;
    h->block.n = 0;
    h->block.top = 0;
    h->cases = 0;
    h->sum = 0;
}

static void settle(struct daemon *d)
{
    struct history_state *h = &d->history;

    h->number = h->what.number;
    h->to = h->what.to;
    history_text_hash(h->text, h->row.text_len, h->previous);
    start_over(h);
    d->stats.checkpoints++;
    log_info("checkpoint", "number=%" PRId64 " from=%" PRId64 " to=%" PRId64,
             h->number, h->what.from, h->to);
}

void history_settle(struct daemon *d, int rc)
{
    struct history_state *h = &d->history;
    const struct store_changes *ch = &d->batch.changes;

    if (h->staged && rc == DK_OK)
        settle(d);
    else if (h->staged)
        h->retry_at = mono_now() + RETRY_MS;
    h->staged = false;
    if (rc != DK_OK || !batch_writes(&d->batch))
        return;
    for (size_t i = 0; i < ch->n_event && !h->broken && !is_full(h); i++) {
        const struct dk_event *e = ch->event[i];
        if (e->seq == h->done + 1)
            take(h, e->seq, e->hash, e->type == DK_EV_SUBMITTED, e->at);
    }
    go_on(d);
}

int history_make(struct daemon *d, struct item *it, struct dk_problem *p)
{
    struct history_state *h = &d->history;

    if (h->broken)
        return dk_fail(p, DK_ESTATE, NULL,
                       "events that were signed are not there, or cannot be "
                       "read; run docketctl verify",
                       "已签名的事件缺失或无法读取，请执行 docketctl verify");
    if (is_behind(d))
        return dk_fail(p, DK_EBUSY, NULL,
                       "events of an earlier run are still being read; try "
                       "again in a moment",
                       "正在读取此前的事件，请稍后重试");
    bool made = h->staged || history_waits(d);
    if (made && !h->staged)
        stage(d);
    return history_reply(d, it, made, p);
}

/* ---- the start ----------------------------------------------------------- */

static int on_newest(void *arg, const struct store_ckpt *c)
{
    struct history_state *h = arg;
    struct dk_ckpt what;

    h->number = c->number;
    h->to = c->to;
    history_text_hash(c->text, c->text_len, h->previous);
    h->broken = dk_ckpt_read(c->text, c->text_len, &what) != DK_OK ||
                what.number != c->number || what.to != c->to;
    return 0;
}

int history_reload(struct daemon *d)
{
    struct history_state *h = &d->history;
    int64_t number = h->number;
    bool broken = h->broken;

    store_check(d->st, true);
    int rc = store_ckpt_newest(d->st, on_newest, h);
    store_check(d->st, false);
    h->broken = h->broken || broken || rc == DK_EJSON;
    if (h->number != number) {
        start_over(h);
        h->done = h->to;
    }
    go_on(d);
    return rc == DK_EJSON ? DK_OK : rc;
}

static int begin(struct daemon *d, struct dk_problem *p)
{
    struct history_state *h = &d->history;

    h->blocks = malloc((size_t)HISTORY_BLOCKS * DK_HASH_LEN);
    h->ev = evtimer_new(d->base, catch_up, d);
    if (h->blocks == NULL || h->ev == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    store_check(d->st, true);
    int rc = store_ckpt_newest(d->st, on_newest, h);
    store_check(d->st, false);
    if (rc != DK_OK && rc != DK_EJSON)
        return dk_fail(p, rc, NULL, NULL, NULL);
    h->done = h->to;
    if (rc == DK_EJSON || h->to > d->info.last_seq)
        h->broken = true;
    if (h->broken) /* cases must go on; nothing is signed until it is mended */
        log_error("history_broken",
                  "checkpoint=%" PRId64 " to=%" PRId64 " last_seq=%" PRId64
                  " what=\"run docketctl verify\"",
                  h->number, h->to, d->info.last_seq);
    go_on(d);
    return DK_OK;
}

int history_start(struct daemon *d)
{
    struct dk_problem p = {0};
    int rc = history_key(d, &p);

    if (rc != DK_OK)
        return daemon_complain(&p, rc == DK_ENOMEM  ? EX_OSERR
                                   : rc == DK_EFULL ? EX_CANTCREAT
                                   : rc == DK_EIO   ? EX_IOERR
                                                    : EX_CONFIG);
    rc = begin(d, &p);
    if (rc == DK_OK)
        return 0;
    return daemon_complain(&p, rc == DK_ENOMEM ? EX_OSERR : EX_IOERR);
}

void history_stop(struct daemon *d)
{
    if (d->history.ev != NULL)
        event_free(d->history.ev);
    free(d->history.blocks);
    secret_wipe(&d->history.secret);
}
