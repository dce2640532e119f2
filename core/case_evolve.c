/* What an event does to a case.  An event is first read and checked whole,
 * into a `struct dk_change`; applying the change cannot fail, so a case is
 * never left half changed.
 */
#include "case_internal.h"

#include <stdlib.h>
#include <string.h>

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
    memset(&ch->facts, 0, sizeof(ch->facts));
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

static int read_extended(struct dk_case *c, struct dk_change *ch)
{
    const char *id = NULL;
    int rc = dk_json_id(ch->body, "clock", DK_REQUIRED, &id, NULL, NULL);

    if (rc != 0)
        return rc;
    ch->clock = dk_clock_find(c, id);
    return ch->clock >= 0 ? 0 : DK_EFIELD;
}

static void apply_extended(struct dk_case *c, struct dk_change *ch)
{
    c->extensions++;
    if (c->clock[ch->clock].extend_times > 0)
        c->clock[ch->clock].extend_times--;
}

static int read_clock_set(struct dk_case *c, struct dk_change *ch)
{
    struct dk_clock *k = &ch->set;
    const struct dk_clock *old = NULL;
    int64_t no = 0;
    int rc = dk_clock_read_set(ch->body, k, NULL);

    if (rc == 0)
        rc = dk_json_int(ch->body, "clock_no", DK_REQUIRED, 1, UINT32_MAX, &no,
                         NULL, NULL);
    if (rc != 0)
        return rc;
    if (k->basis > c->n)
        return DK_EFIELD;
    k->no = (uint32_t)no;
    ch->clock = dk_clock_find(c, k->id);
    if (ch->clock >= 0)
        old = &c->clock[ch->clock];
    else
        ch->clock = c->n_clock;
    if (ch->clock >= DK_CLOCKS_MAX)
        return DK_EFIELD;
    if (old != NULL && old->basis == k->basis) {
        if (k->no != old->no || old->state == DK_CLOCK_LAPSED)
            return DK_EFIELD;
    } else {
        if (k->no != (old != NULL ? old->no + 1 : 1))
            return DK_EFIELD;
        old = NULL;
    }
    dk_clock_place(c, old, k);
    return 0;
}

static void apply_clock_set(struct dk_case *c, struct dk_change *ch)
{
    c->clock[ch->clock] = ch->set;
    if (ch->clock == c->n_clock)
        c->n_clock++;
}

/* Find the rung that a body speaks of. */
static int read_rung(struct dk_case *c, struct dk_change *ch)
{
    const char *id = NULL, *rung = NULL;
    int64_t no = 0;
    int rc = dk_json_id(ch->body, "clock", DK_REQUIRED, &id, NULL, NULL);

    if (rc == 0)
        rc = dk_json_int(ch->body, "clock_no", DK_REQUIRED, 1, UINT32_MAX, &no,
                         NULL, NULL);
    if (rc == 0)
        rc = dk_json_id(ch->body, "rung", DK_REQUIRED, &rung, NULL, NULL);
    if (rc != 0)
        return rc;
    ch->clock = dk_clock_find(c, id);
    if (ch->clock < 0 || c->clock[ch->clock].no != no)
        return DK_EFIELD;
    ch->rung = dk_rung_find(&c->clock[ch->clock], rung);
    return ch->rung >= 0 ? 0 : DK_EFIELD;
}

static int read_clock_fired(struct dk_case *c, struct dk_change *ch)
{
    const struct dk_clock *k;
    const cJSON *arr = NULL, *v;
    int rc = read_rung(c, ch);

    if (rc == 0)
        rc = dk_json_arr(ch->body, "skipped", DK_REQUIRED, 0, DK_RUNGS_MAX,
                         &arr, NULL, NULL);
    if (rc != 0)
        return rc;
    k = &c->clock[ch->clock];
    if (k->rung[ch->rung].fired ||
        (k->state != DK_CLOCK_RUNNING && !dk_clock_missed(c, k)))
        return DK_EFIELD;
    if (k->state != DK_CLOCK_RUNNING && ch->rung != dk_clock_due_rung(k))
        return DK_EFIELD;
    cJSON_ArrayForEach (v, arr) {
        int r = cJSON_IsString(v) ? dk_rung_find(k, v->valuestring) : -1;

        if (r < 0 || r == ch->rung || k->rung[r].fired)
            return DK_EFIELD;
        ch->skipped |= UINT32_C(1) << r;
    }
    return 0;
}

static void apply_clock_fired(struct dk_case *c, struct dk_change *ch)
{
    struct dk_clock *k = &c->clock[ch->clock];
    uint32_t fired = ch->skipped | UINT32_C(1) << ch->rung;

    for (int i = 0; i < k->n_rung; i++) {
        if ((fired & (UINT32_C(1) << i)) != 0)
            k->rung[i].fired = true;
    }
    if (ch->rung != dk_clock_due_rung(k))
        return;
    if (k->on_due == DK_DUE_OVERDUE) {
        k->late = true;
        if (k->state == DK_CLOCK_RUNNING && dk_clock_stands_still(c, k))
            k->state = DK_CLOCK_HELD;
    } else {
        k->state = DK_CLOCK_LAPSED;
        k->stopped_at = k->due_at;
    }
}

static int read_alert_raised(struct dk_case *c, struct dk_change *ch)
{
    uint32_t *more;
    int rc = read_rung(c, ch);

    if (rc != 0)
        return rc;
    if (!c->clock[ch->clock].rung[ch->rung].fired ||
        c->clock[ch->clock].rung[ch->rung].alerted)
        return DK_EFIELD;
    more = realloc(c->alert, (c->n_alert + 1) * sizeof(*more));
    if (more == NULL)
        return DK_ENOMEM;
    c->alert = more; /* room for one more; n_alert says the same as before */
    return 0;
}

static void apply_alert_raised(struct dk_case *c, struct dk_change *ch)
{
    c->clock[ch->clock].rung[ch->rung].alerted = true;
    c->alert[c->n_alert++] = ch->e->n;
}

static int read_alert_acked(struct dk_case *c, struct dk_change *ch)
{
    int64_t n = 0;
    int rc = dk_json_int(ch->body, "alert", DK_REQUIRED, 1, UINT32_MAX, &n,
                         NULL, NULL);

    if (rc != 0)
        return rc;
    for (ch->alert = 0; ch->alert < c->n_alert; ch->alert++) {
        if (c->alert[ch->alert] == n)
            return 0;
    }
    return DK_EFIELD;
}

static void apply_alert_acked(struct dk_case *c, struct dk_change *ch)
{
    c->n_alert--;
    memmove(&c->alert[ch->alert], &c->alert[ch->alert + 1],
            (c->n_alert - ch->alert) * sizeof(*c->alert));
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
    [DK_EV_EXTENDED] = {read_extended, apply_extended},
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
    [DK_EV_CLOCK_SET] = {read_clock_set, apply_clock_set},
    [DK_EV_CLOCK_FIRED] = {read_clock_fired, apply_clock_fired},
    [DK_EV_ALERT_RAISED] = {read_alert_raised, apply_alert_raised},
    [DK_EV_ALERT_ACKED] = {read_alert_acked, apply_alert_acked},
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
}

int dk_case_evolve(struct dk_case *c, const struct dk_event *e)
{
    struct dk_change ch;
    cJSON *body = NULL;
    int next = dk_fsm_next(c->state, e->type);
    int rc;

    if (next < 0)
        return DK_ESTATE;
    if (c->n == UINT32_MAX || e->n != c->n + 1 || e->body == NULL ||
        (c->n != 0 && e->key != c->key))
        return DK_EFIELD;
    rc =
        dk_json_parse_obj(e->body, e->body_len, DK_EVENT_BODY_MAX, &body, NULL);
    if (rc != 0)
        return rc == DK_ENOMEM ? rc : DK_EJSON;
    ch.e = e;
    ch.body = body;
    ch.unit = ch.handler = ch.rule = NULL;
    ch.clock = -1;
    ch.skipped = 0;
    ch.undone = false;
    ch.other = ch.group = 0;
    if (evolvers[e->type].read != NULL)
        rc = evolvers[e->type].read(c, &ch);
    if (rc == 0)
        apply(c, &ch, (enum dk_state)next);
    cJSON_Delete(body);
    return rc;
}
