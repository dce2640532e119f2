/* apply.c - step three of the tick: the pure core turns each item into events,
 * a new case, or a refusal.  Nothing here writes to the store or to a socket.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/apply_task.h"
#include "daemon/chain.h"
#include "daemon/daemon.h"
#include "proto/caseno.h"
#include "proto/uuid.h"

/* Follow a case's handler from one load to another. */
void apply_load(struct daemon *d, struct slot *s)
{
    const char *unit, *handler;

    if (s->has_load)
        loads_add(&d->loads, s->unit, s->handler, -1);
    s->has_load = dk_case_load(s->c, &unit, &handler);
    if (!s->has_load)
        return;
    snprintf(s->unit, sizeof(s->unit), "%s", unit);
    snprintf(s->handler, sizeof(s->handler), "%s", handler);
    if (loads_add(&d->loads, unit, handler, 1) != DK_OK)
        d->batch.broken = true;
}

/* One command on case `c`: its events join the batch, chained. */
int apply_command(struct daemon *d, struct dk_case *c,
                  const struct dk_command *cmd, struct dk_problem *p)
{
    struct dk_env env = spine_env(d);
    struct dk_events *es = &d->batch.events;
    size_t first = es->n;
    int rc = dk_decide(c, cmd, &env, es, p);

    for (size_t i = first; rc == DK_OK && i < es->n; i++) {
        struct dk_event *e = &es->v[i];
        struct dk_tally_was was;
        dk_tally_before(c, env.offset_min, &was);
        rc = e->type == DK_EV_SUBMITTED
                 ? dk_case_begin(c, e, cmd->submit, cmd->other)
                 : dk_case_evolve(c, e);
        if (rc != DK_OK) {
            log_error("decided_but_refused", "type=%s n=%u code=%d",
                      dk_ev_name(e->type), e->n, rc);
            d->batch.broken = true; /* decide and evolve disagree: our bug */
            return dk_fail(p, DK_EBUG, NULL, NULL, NULL);
        }
        chain_hash(c->hash, e, e->hash);
        memcpy(c->hash, e->hash, DK_HASH_LEN);
        if (batch_tally(&d->batch, i, &was, c, env.offset_min) != DK_OK ||
            (e->type == DK_EV_ALERT_RAISED &&
             batch_add_alert(&d->batch, i, c) != DK_OK)) {
            d->batch.broken = true;
            return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
        }
    }
    return rc;
}

/* ---- links --------------------------------------------------------------- */

static struct dk_case *other_case(struct daemon *d, const struct item *it)
{
    struct slot *s = it->other != 0 ? batch_slot(&d->batch, it->other) : NULL;

    return s != NULL ? s->c : NULL;
}

/* The case that a submission repeats; one that is hidden so is not there. */
static struct dk_case *repeated_case(struct daemon *d, const struct item *it)
{
    struct dk_case *c = other_case(d, it);

    return c != NULL && dk_may_repeat(&it->who, c) ? c : NULL;
}

/* The case that is repeated hears of it, and when the later one was handed in:
 * its figures are no longer those of a matter settled the first time.  The
 * event that said so is in the batch, so a failure here gives the batch up.
 */
static int note_repeat(struct daemon *d, const struct item *it, int64_t by,
                       bool undone, struct dk_problem *p)
{
    struct dk_case *other = other_case(d, it);
    const struct slot *later = batch_slot(&d->batch, by);
    struct dk_command cmd = {.action = DK_ACT_NOTE_REPEAT,
                             .by = DK_BY_BROKER,
                             .actor = "docketd",
                             .claimed = later->c->submitted_at,
                             .by_case = by,
                             .undone = undone};

    if (other == NULL)
        return DK_OK;
    int rc = apply_command(d, other, &cmd, p);
    if (rc != DK_OK)
        d->batch.broken = true;
    return rc;
}

/* ---- submissions -------------------------------------------------------- */

static const struct store_request *find_request(const struct batch *b,
                                                const struct item *it)
{
    struct map_key k;
    uintptr_t i;

    if (it->known)
        return &it->before;
    memcpy(k.b, it->id.b, sizeof(k.b));
    return map_get(&b->by_id, &k, &i) ? &b->request[i] : NULL;
}

static int remember(struct batch *b, const struct item *it,
                    const struct dk_case *c, uint32_t n)
{
    struct map_key k;

    memcpy(k.b, it->id.b, sizeof(k.b));
    if (vec_grow(&b->request, &b->cap_request, b->n_request + 1) != DK_OK ||
        map_put(&b->by_id, &k, (uintptr_t)b->n_request) != DK_OK)
        return DK_ENOMEM;
    struct store_request *r = &b->request[b->n_request++];
    *r = (struct store_request){.id = it->id,
                                .key = c->key,
                                .n = n,
                                .state = c->state,
                                .at = b->now,
                                .submitted_at = c->submitted_at};
    memcpy(r->hash, it->hash, sizeof(r->hash));
    return DK_OK;
}

/* Is it known what was said under this id?  The hash goes with the personal
 * data of a case, and recover cannot make it anew.  Then only the id tells,
 * which readers of the case's events know, too: it is enough to say that the
 * case is here, not to open the petitioner's view of it.
 */
static bool is_comparable(const struct store_request *r)
{
    return !sodium_is_zero(r->hash, sizeof(r->hash));
}

static bool same_request(const struct store_request *r, const struct item *it)
{
    return !is_comparable(r) ||
           sodium_memcmp(r->hash, it->hash, sizeof(r->hash)) == 0;
}

static void reply_submit(struct daemon *d, struct item *it,
                         const struct store_request *r)
{
    char code[9];
    struct dk_jw *w = batch_reply(&d->batch, it);

    dk_jw_obj(w, NULL);
    wire_uuid(w, "submission_id", &r->id);
    wire_case_no(d, w, "case_no", r->key);
    if (is_comparable(r)) {
        query_code(d, &r->id, code);
        dk_jw_str(w, "query_code", code);
    } else {
        dk_jw_null(w, "query_code");
    }
    dk_jw_time(w, "submitted_at", r->submitted_at, d->cfg->offset_min);
    dk_jw_time(w, "recorded_at", r->at, d->cfg->offset_min);
    dk_jw_end_obj(w);
    batch_reply_end(&d->batch, it, "ok");
}

static int conflict(struct dk_problem *p, const char *field)
{
    return dk_fail(p, DK_ECONFLICT, field,
                   "this id was used before with other contents; make a new id "
                   "for what is new",
                   "该编号此前已用于其他内容；新的内容请使用新的编号");
}

/* The key of the next case of today, or DK_EBUSY after the 999,999th. */
static int next_key(struct daemon *d, int64_t *key, struct dk_problem *p)
{
    dk_ms local = d->batch.now + d->cfg->offset_min * DK_MINUTE;
    int64_t days = local / DK_DAY - (local % DK_DAY < 0);
    struct dk_date day = dk_date_from_days(days);
    int32_t name = day.year * 10000 + day.month * 100 + day.day;

    if (d->day.day != name) {
        int32_t seq;
        int rc = store_day_seq(d->st, name, &seq);
        if (rc != DK_OK) /* in another broker's way: not a conflict of theirs */
            return dk_fail(p, rc == DK_ESTALE ? DK_EBUSY : rc, NULL, NULL,
                           NULL);
        d->day = (struct store_day){name, seq};
    }
    if (d->day.seq >= DK_DAY_CASES_MAX)
        return dk_fail(p, DK_EBUSY, NULL,
                       "a day has at most 999,999 case numbers; the next ones "
                       "come at midnight",
                       "当日案件编号已用完，零点后重试");
    *key = dk_case_key(day, d->day.seq + 1);
    return DK_OK;
}

/* Count the day's number only when the case is really made. */
static int use_key(struct daemon *d)
{
    struct batch *b = &d->batch;

    d->day.seq++;
    if (vec_grow(&b->day, &b->cap_day, 1) != DK_OK)
        return DK_ENOMEM;
    b->day[0] = d->day; /* a batch is of one instant, so of one day */
    b->n_day = 1;
    return DK_OK;
}

/* The case itself: decided, in the batch, numbered.  Once decided, a failure
 * means no memory: the whole batch is given up then.
 */
static int make_case(struct daemon *d, struct item *it, int64_t key,
                     const char *person, struct dk_problem *p)
{
    struct batch *b = &d->batch;
    struct dk_case *c = dk_case_new();

    if (c == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    struct dk_command cmd = {
        .action = DK_ACT_SUBMIT,
        .by = DK_BY_BROKER,
        .actor = dk_channel_names[it->submit.channel],
        .claimed = it->submit.submitted_at,
        .submit = &it->submit,
        .key = key,
        .person = person,
        .other = repeated_case(d, it),
    };
    int rc = apply_command(d, c, &cmd, p);
    if (rc != DK_OK) {
        dk_case_free(c);
        return rc;
    }
    if (batch_add_slot(b, key, c, true) != DK_OK || use_key(d) != DK_OK ||
        remember(b, it, c, 1) != DK_OK) {
        b->broken = true;
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    }
    struct slot *s = batch_slot(b, key);
    s->n_before = 0;
    s->n_mark = 0;
    s->has_load = false;
    apply_load(d, s);
    return cmd.other != NULL ? note_repeat(d, it, key, false, p) : DK_OK;
}

static int new_case(struct daemon *d, struct item *it, struct dk_problem *p)
{
    struct batch *b = &d->batch;
    char commitment[2 * DK_HASH_LEN + 1];
    size_t persons = b->n_person;
    int64_t key = 0;
    int rc = next_key(d, &key, p);

    if (rc != DK_OK)
        return rc;
    if (it->submit.n_person > 0)
        rc = persons_keep(d, &it->submit, key, commitment);
    if (rc == DK_OK)
        rc = make_case(d, it, key, it->submit.n_person > 0 ? commitment : NULL,
                       p);
    if (rc != DK_OK) {
        while (b->n_person > persons)
            free((void *)(uintptr_t)b->person[--b->n_person].data);
        return rc;
    }
    d->stats.submitted++;
    return DK_OK;
}

static int apply_submit(struct daemon *d, struct item *it, struct dk_problem *p)
{
    const struct store_request *r = find_request(&d->batch, it);
    int rc = DK_OK;

    if (r == NULL && d->ballast.r.tight) {
        return dk_fail(p, DK_EFULL, NULL, NULL, NULL);
    } else if (r == NULL) {
        rc = new_case(d, it, p);
        r = find_request(&d->batch, it);
    } else if (!same_request(r, it)) {
        rc = conflict(p, "/submission_id");
    } else {
        d->stats.submitted_again++;
    }
    if (rc == DK_OK)
        reply_submit(d, it, r);
    return rc;
}

/* ---- acts on a case ------------------------------------------------------ */

int apply_not_found(const struct daemon *d, int64_t key, struct dk_problem *p)
{
    char no[DK_CASE_NO_MAX];

    dk_case_no_format((int32_t)d->cfg->county, key, no);
    return dk_failf(p, DK_ENOTFOUND, "/case_no",
                    "there is no case %s; check the number",
                    "没有编号为 %s 的案件，请核对编号", no);
}

int apply_slot(struct daemon *d, int64_t key, struct slot **out,
               struct dk_problem *p)
{
    *out = batch_slot(&d->batch, key);
    if (*out == NULL || (*out)->c == NULL)
        return apply_not_found(d, key, p);
    return DK_OK;
}

int apply_seen(struct daemon *d, const struct item *it, enum dk_action a,
               struct slot **out, struct dk_problem *p)
{
    int rc = apply_slot(d, it->key, out, p);

    if (rc != DK_OK)
        return rc;
    int seen = sight_of(d, &it->who, (*out)->c);
    if (seen < 0)
        return dk_fail(p, seen, NULL, NULL, NULL);
    if (seen == 0)
        return apply_not_found(d, it->key, p);
    if (dk_may_act_on(&it->who, a, (*out)->c))
        return DK_OK;
    return dk_failf(p, DK_EFORBIDDEN, "/action",
                    "'%.48s' may not do '%s' in this case: that is for the "
                    "unit in charge or the letters-and-visits office",
                    "“%.48s”不得在本案中执行“%s”：须由主办单位或信访机构办理",
                    it->who.name, dk_action_name(a));
}

/* The case to link to; one that is hidden from the asker is not there. */
static struct dk_case *seen_other(struct daemon *d, const struct item *it)
{
    struct dk_case *c = other_case(d, it);

    return c != NULL && sight_of(d, &it->who, c) == 1 ? c : NULL;
}

static void reply_act(struct daemon *d, struct item *it,
                      const struct store_request *r)
{
    struct dk_jw *w = batch_reply(&d->batch, it);

    dk_jw_obj(w, NULL);
    wire_uuid(w, "command_id", &r->id);
    wire_case_no(d, w, "case_no", r->key);
    dk_jw_int(w, "n", r->n);
    dk_jw_str(w, "state", dk_state_name(r->state));
    dk_jw_time(w, "at", r->at, d->cfg->offset_min);
    dk_jw_end_obj(w);
    batch_reply_end(&d->batch, it, "ok");
}

static int new_act(struct daemon *d, struct item *it, struct dk_problem *p)
{
    struct slot *s;
    int rc = apply_seen(d, it, it->action, &s, p);

    if (rc != DK_OK)
        return rc;
    struct dk_command cmd = {
        .action = it->action,
        .by = DK_BY_CLIENT,
        .actor = it->actor,
        .claimed = it->claimed,
        .expect_n = it->expect_n,
        .args = it->body,
        .other = seen_other(d, it),
    };
    uint32_t n = s->c->n;
    int64_t repeats = s->c->repeat_of;
    rc = apply_command(d, s->c, &cmd, p);
    if (rc != DK_OK)
        return rc;
    apply_load(d, s);
    if (repeats != s->c->repeat_of)
        rc = note_repeat(d, it, s->key, repeats != 0, p);
    if (rc != DK_OK)
        return rc;
    if (s->c->n > n)
        n++; /* else it was so already, and nothing happened */
    if (remember(&d->batch, it, s->c, n) != DK_OK) {
        d->batch.broken = true;
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    }
    d->stats.acted++;
    return DK_OK;
}

static int apply_act(struct daemon *d, struct item *it, struct dk_problem *p)
{
    const struct store_request *r = find_request(&d->batch, it);
    int rc = DK_OK;

    if (r == NULL) {
        rc = new_act(d, it, p);
        r = find_request(&d->batch, it);
    } else if (!same_request(r, it)) {
        rc = conflict(p, "/command_id");
    } else {
        d->stats.acted_again++;
    }
    if (rc == DK_OK)
        reply_act(d, it, r);
    return rc;
}

/* ---- clocks -------------------------------------------------------------- */

static int apply_fire(struct daemon *d, struct item *it, struct dk_problem *p)
{
    struct slot *s;
    struct dk_command cmd = {.action = DK_ACT_FIRE,
                             .by = DK_BY_BROKER,
                             .actor = "docketd",
                             .claimed = DK_NEVER};
    int rc = apply_slot(d, it->key, &s, p);

    if (rc != DK_OK)
        return rc;
    size_t before = d->batch.events.n;
    rc = apply_command(d, s->c, &cmd, p);
    if (rc == DK_OK && d->batch.events.n == before) {
        /* The row said due, the case says not: an answer in this batch
         * stopped the clock, or the row is wrong.  Write it anew.
         */
        s->rewrite = d->batch.rewrite = true;
    }
    apply_load(d, s);
    return rc;
}

static int apply_kind(struct daemon *d, struct item *it, struct dk_problem *p)
{
    switch (it->kind) {
    case ITEM_SUBMIT:
        return apply_submit(d, it, p);
    case ITEM_ACT:
        return apply_act(d, it, p);
    case ITEM_ACK:
        return apply_ack(d, it, p);
    case ITEM_RETRY:
        return apply_retry(d, it, p);
    case ITEM_DROP:
        return apply_drop(d, it, p);
    case ITEM_OFFICE_ACK:
        return watch_ack(d, it, p);
    case ITEM_CHECKPOINT:
        return history_make(d, it, p);
    case ITEM_PERSON:
        return apply_person(d, it, p);
    case ITEM_RESULT:
        return apply_result(d, it, p);
    case ITEM_FAIL:
    case ITEM_LOST:
        return apply_failed(d, it);
    case ITEM_FIRE:
        return apply_fire(d, it, p);
    case ITEM_NONE:
    case ITEM_READ:
        break;
    }
    return DK_OK;
}

void apply_item(struct daemon *d, struct item *it)
{
    struct dk_problem p;

    dk_problem_clear(&p);
    int rc = apply_kind(d, it, &p);

    if (rc == DK_OK)
        return;
    if (p.code == DK_OK)
        dk_fail(&p, rc, NULL, NULL, NULL);
    d->stats.refused[-p.code]++;
    if (it->has_peer)
        batch_reply_problem(&d->batch, it, &p);
}
