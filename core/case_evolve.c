/* What an event does to a case.  An event is first read and checked whole,
 * into a `struct dk_change`; applying the change cannot fail, so a case is
 * never left half changed.
 */
#include "case_internal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "proto/caseno.h"
#include "tally.h"

typedef int (*read_fn)(struct dk_case *c, struct dk_change *ch);
typedef void (*apply_fn)(struct dk_case *c, struct dk_change *ch);

/* `repeat` is there when the case that `repeat_of` names was found. */
static int read_repeat(struct dk_change *ch)
{
    const cJSON *o = NULL;
    int rc = dk_json_obj(ch->body, "repeat", DK_OPTIONAL, &o, NULL, NULL);

    if (rc != 0 || o == NULL)
        return rc;
    rc = dk_case_no_read(ch->body, "repeat_of", &ch->other, NULL);
    if (rc == 0)
        rc = dk_json_id(o, "unit", DK_OPTIONAL, &ch->unit, NULL, NULL);
    if (rc == 0)
        rc = dk_json_id(o, "handler", DK_OPTIONAL, &ch->handler, NULL, NULL);
    return rc;
}

static int read_submitted(struct dk_case *c, struct dk_change *ch)
{
    bool imported = false;
    int rc =
        dk_json_bool(ch->body, "imported", DK_REQUIRED, &imported, NULL, NULL);

    (void)c;
    if (rc != 0)
        return rc;
    memset(&ch->facts, 0, offsetof(struct dk_case, unit));
    ch->facts.imported = imported;
    rc = read_repeat(ch);
    return rc == 0 ? dk_case_facts_read(ch->body, &ch->facts, NULL) : rc;
}

static void apply_submitted(struct dk_case *c, struct dk_change *ch)
{
    const struct dk_case *f = &ch->facts;

    c->key = ch->e->key;
    c->submitted_at = dk_event_effective(c, ch->e);
    c->recorded_at = ch->e->at;
    c->imported = f->imported;
    c->channel = f->channel;
    c->kind = f->kind;
    c->subject = f->subject;
    c->region = f->region;
    c->category = f->category;
    c->petitioners = f->petitioners;
    c->n_respondent = f->n_respondent;
    memcpy(c->respondent, f->respondent, sizeof(c->respondent));
    c->anonymous = f->anonymous;
    c->unreachable = f->unreachable;
    c->confidential = f->confidential;
    c->needs = f->needs;
    memcpy(c->from, f->from, sizeof(c->from));
    memcpy(c->from_unit, f->from_unit, sizeof(c->from_unit));
    c->repeat_of = ch->other;
    dk_case_put_id(c->repeat_unit, ch->unit);
    dk_case_put_id(c->repeat_handler, ch->handler);
}

static int read_assigned(struct dk_case *c, struct dk_change *ch)
{
    int rc = dk_json_id(ch->body, "unit", DK_REQUIRED, &ch->unit, NULL, NULL);

    (void)c;
    if (rc == 0)
        rc = dk_json_id(ch->body, "handler", DK_OPTIONAL, &ch->handler, NULL,
                        NULL);
    if (rc == 0)
        rc = dk_json_id(ch->body, "rule", DK_OPTIONAL, &ch->rule, NULL, NULL);
    return rc;
}

static void apply_assigned(struct dk_case *c, struct dk_change *ch)
{
    dk_case_put_id(c->unit, ch->unit);
    dk_case_put_id(c->handler, ch->handler);
    dk_case_put_id(c->rule, ch->rule);
    dk_case_lead_is_no_co(c);
}

static int read_transferred(struct dk_case *c, struct dk_change *ch)
{
    (void)c;
    return dk_json_id(ch->body, "unit", DK_REQUIRED, &ch->unit, NULL, NULL);
}

static void apply_transferred(struct dk_case *c, struct dk_change *ch)
{
    if (strcmp(c->unit, ch->unit) == 0)
        return;
    dk_case_put_id(c->unit, ch->unit);
    c->handler[0] = '\0'; /* was somebody of the other unit */
    dk_case_lead_is_no_co(c);
}

/* Events that change no more than the state are left out. */
static const struct {
    read_fn read;
    apply_fn apply;
} evolvers[DK_EV_N] = {
    [DK_EV_SUBMITTED] = {read_submitted, apply_submitted},
    [DK_EV_ASSIGNED] = {read_assigned, apply_assigned},
    [DK_EV_TRANSFERRED] = {read_transferred, apply_transferred},
    [DK_EV_HANDED_OVER] = {read_transferred, apply_transferred},
    [DK_EV_NOT_ACCEPTED] = {NULL, dk_case_apply_answered},
    [DK_EV_EXTENDED] = {dk_case_read_extended, dk_case_apply_extended},
    [DK_EV_SUSPENDED] = {dk_case_read_suspended, dk_case_apply_suspended},
    [DK_EV_ANSWERED] = {dk_case_read_answered, dk_case_apply_answered},
    [DK_EV_SETTLED] = {NULL, dk_case_apply_answered},
    [DK_EV_REVIEW_ASKED] = {NULL, dk_case_apply_review_asked},
    [DK_EV_REVIEWED] = {NULL, dk_case_apply_answered},
    [DK_EV_RE_REVIEWED] = {NULL, dk_case_apply_answered},
    [DK_EV_CO_HANDLER_ADDED] = {dk_case_read_co_added, dk_case_apply_co_added},
    [DK_EV_CO_HANDLER_REMOVED] = {dk_case_read_co_removed,
                                  dk_case_apply_co_removed},
    [DK_EV_LINKED] = {dk_case_read_linked, dk_case_apply_linked},
    [DK_EV_UNLINKED] = {dk_case_read_unlinked, dk_case_apply_unlinked},
    [DK_EV_REPEATED] = {dk_case_read_repeated, dk_case_apply_repeated},
    [DK_EV_PRIORITISED] = {dk_case_read_prioritised, dk_case_apply_prioritised},
    [DK_EV_CLOCK_SET] = {dk_case_read_clock_set, dk_case_apply_clock_set},
    [DK_EV_CLOCK_FIRED] = {dk_case_read_clock_fired, dk_case_apply_clock_fired},
    [DK_EV_ALERT_RAISED] = {dk_case_read_alert_raised,
                            dk_case_apply_alert_raised},
    [DK_EV_ALERT_ACKED] = {dk_case_read_alert_acked, dk_case_apply_alert_acked},
    [DK_EV_ALERT_MUTED] = {dk_case_read_alert_muted, dk_case_apply_alert_muted},
    [DK_EV_RELAYED] = {dk_case_read_relayed, dk_case_apply_relayed},
};

static void apply(struct dk_case *c, struct dk_change *ch, enum dk_state next)
{
    enum dk_ev type = ch->e->type;
    dk_ms at;

    c->n = ch->e->n;
    c->state = next;
    c->updated_at = ch->e->at;
    if (evolvers[type].apply != NULL)
        evolvers[type].apply(c, ch);
    at = dk_event_effective(c, ch->e);
    c->last_n[type] = c->n;
    c->last_at[type] = at;
    dk_clocks_touch(c, type, at, ch->clock);
    dk_marks_event(c, ch->e, ch->body);
}

/* Can this be the next event of the case?  The state after it, or an error. */
static int follows(const struct dk_case *c, const struct dk_event *e)
{
    int next = dk_fsm_next(c->state, e->type);

    if (next < 0)
        return DK_ESTATE;
    if (c->n == UINT32_MAX || e->n != c->n + 1 || e->body == NULL ||
        (c->n != 0 && e->key != c->key))
        return DK_EFIELD;
    return next;
}

static void start(struct dk_change *ch, const struct dk_event *e,
                  const cJSON *body)
{
    ch->e = e;
    ch->body = body;
    ch->unit = ch->handler = ch->rule = NULL;
    ch->clock = -1;
    ch->skipped = 0;
    ch->undone = false;
    ch->other = ch->group = 0;
}

int dk_case_begin(struct dk_case *c, const struct dk_event *e,
                  const struct dk_submit *s, const struct dk_case *before)
{
    struct dk_change ch;
    int32_t county;
    int next = follows(c, e), rc = 0;

    if (next < 0)
        return next;
    if (e->type != DK_EV_SUBMITTED)
        return DK_EFIELD;
    start(&ch, e, NULL);
    if (s->repeat_of != NULL && before != NULL) {
        rc = dk_case_no_parse(s->repeat_of, &county, &ch.other);
        ch.unit = before->unit;
        ch.handler = before->handler;
    }
    memset(&ch.facts, 0, offsetof(struct dk_case, unit));
    if (rc == 0)
        rc = dk_case_facts_take(s, &ch.facts);
    if (rc == 0)
        apply(c, &ch, (enum dk_state)next);
    return rc;
}

int dk_case_evolve(struct dk_case *c, const struct dk_event *e)
{
    struct dk_change ch;
    cJSON *body = NULL;
    int next = follows(c, e);
    int rc;

    if (next < 0)
        return next;
    rc = dk_json_parse_fixed(e->body, e->body_len, DK_EVENT_BODY_MAX, &body,
                             NULL);
    if (rc != 0)
        return rc == DK_ENOMEM ? rc : DK_EJSON;
    start(&ch, e, body);
    if (evolvers[e->type].read != NULL)
        rc = evolvers[e->type].read(c, &ch);
    if (rc == 0)
        apply(c, &ch, (enum dk_state)next);
    cJSON_Delete(body);
    return rc;
}
