/* tally.c - what one event adds to the office's figures. */
#include "tally.h"

#include <string.h>

#include "case_internal.h"
#include "clock.h"
#include "proto/timefmt.h"

static const char *const manner_names[] = {"on_the_spot", "mediated", "agreed",
                                           NULL};
static const char *const stage_names[] = {"review", "re_review", NULL};
static const char *const result_names[] = {"upheld", "changed", "revoked",
                                           NULL};
static const char *const ground_names[] = {"not_accepted",
                                           "not_concluded",
                                           "not_reported",
                                           "procedure",
                                           "not_carried_out",
                                           "falsification",
                                           NULL};

#define MEASURE_NAME(name, wire, tag) wire,
const char *const dk_measure_names[] = {DK_MEASURES(MEASURE_NAME) NULL};
#undef MEASURE_NAME

#define MEASURE_TAG(name, wire, tag) DK_TAG_##tag,
static const enum dk_tag measure_tags[] = {DK_MEASURES(MEASURE_TAG)};
#undef MEASURE_TAG

enum dk_tag dk_measure_tag(enum dk_measure m)
{
    return (unsigned)m < DK_T_N ? measure_tags[m] : DK_TAG_NONE;
}

static const char *name_at(const char *const names[], int32_t i)
{
    for (int32_t k = 0; names[k] != NULL; k++) {
        if (k == i)
            return names[k];
    }
    return NULL;
}

const char *dk_tag_text(enum dk_measure m, int32_t tag, char *buf)
{
    switch (dk_measure_tag(m)) {
    case DK_TAG_CHANNEL:
        return name_at(dk_channel_names, tag);
    case DK_TAG_MANNER:
        return name_at(manner_names, tag);
    case DK_TAG_STAGE:
        return name_at(stage_names, tag);
    case DK_TAG_GROUND:
        return name_at(ground_names, tag - 1);
    case DK_TAG_DAY:
        dk_date_format(dk_date_from_days(tag), buf);
        return buf;
    case DK_TAG_NONE:
        break;
    }
    return NULL;
}

/* ---- before -------------------------------------------------------------- */

static uint32_t last_of(const struct dk_case *c, enum dk_ev a, enum dk_ev b)
{
    return c->last_n[a] > c->last_n[b] ? c->last_n[a] : c->last_n[b];
}

/* Is the limit of clock `i` one that can be overdue, and from which day on? */
static bool is_open(const struct dk_case *c, int i, int notice, int offset_min,
                    int32_t *late_day)
{
    const struct dk_clock *k = &c->clock[i];
    dk_ms due = k->due_at + k->late_days * DK_DAY;

    if (i == notice) {
        *late_day = dk_local_day(c->marks.notice.due, offset_min);
        return c->marks.notice.state == DK_LIMIT_OPEN;
    }
    *late_day = dk_local_day(due, offset_min);
    return k->on_due == DK_DUE_OVERDUE && k->state == DK_CLOCK_RUNNING;
}

void dk_tally_before(const struct dk_case *c, int offset_min,
                     struct dk_tally_was *was)
{
    int notice = dk_notice_clock(c);

    was->n = c->n;
    was->state = c->state;
    dk_case_put_id(was->holder, dk_tally_holder(c));
    dk_case_put_id(was->unit, c->unit);
    dk_case_put_id(was->answered_by, c->answered_by);
    was->repeat_of = c->repeat_of;
    was->repeats = c->repeats;
    was->reopened = c->last_n[DK_EV_REOPENED];
    was->transferred = last_of(c, DK_EV_TRANSFERRED, DK_EV_HANDED_OVER);
    was->noticed = c->last_n[DK_EV_NOTICE_GIVEN];
    was->concluded = last_of(c, DK_EV_ANSWERED, DK_EV_SETTLED) > was->reopened;
    was->marks = c->marks;
    was->n_item = c->n_clock;
    for (int i = 0; i < c->n_clock; i++) {
        struct dk_tally_item *it = &was->item[i];

        it->no = c->clock[i].no;
        it->open = is_open(c, i, notice, offset_min, &it->late_day);
    }
}

/* ---- rows ---------------------------------------------------------------- */

struct step {
    const struct dk_tally_was *was;
    const struct dk_event *e;
    const struct dk_case *c; /* after it */
    int offset_min;
    int32_t day, known;
    struct dk_tallies *out;
};

static void add_on(struct step *s, enum dk_measure m, const char *unit,
                   int32_t day, int32_t tag, int64_t n)
{
    const char *category = s->c->category != NULL ? s->c->category : "";

    if (s->out->n == DK_TALLY_MAX)
        return; /* cannot be: see DK_TALLY_MAX */
    s->out->v[s->out->n++] =
        (struct dk_tally){.measure = m,
                          .day = day,
                          .known = s->known,
                          .unit = unit[0] != '\0' ? unit : DK_TALLY_OFFICE,
                          .category = category,
                          .tag = tag,
                          .n = n};
}

static void add(struct step *s, enum dk_measure m, const char *unit)
{
    add_on(s, m, unit, s->day, 0, 1);
}

/* ---- what is judged by a limit ------------------------------------------- */

struct limit_measures {
    enum dk_measure due, in_time, late;
};
static const struct limit_measures notice_measures = {
    DK_T_NOTICE_DUE, DK_T_NOTICE_IN_TIME, DK_T_NOTICE_LATE};
static const struct limit_measures conclude_measures = {
    DK_T_CONCLUDE_DUE, DK_T_CONCLUDE_IN_TIME, DK_T_CONCLUDE_LATE};

/* The rows that a limit as it stands comes to, n times. */
static void put_limit(struct step *s, const struct limit_measures *ms,
                      const struct dk_limit_mark *m, int n)
{
    int32_t last;

    if (m->state != DK_LIMIT_OPEN && m->state != DK_LIMIT_LOST &&
        m->state != DK_LIMIT_DONE)
        return;
    last = dk_local_day(m->due - 1, s->offset_min);
    add_on(s, ms->due, m->unit, last, 0, n);
    if (m->state == DK_LIMIT_DONE)
        add_on(s, m->late ? ms->late : ms->in_time, m->unit, last, 0, n);
}

/* Do both come to the same rows? */
static bool same_limit(const struct dk_limit_mark *a,
                       const struct dk_limit_mark *b)
{
    bool owed = (a->state == DK_LIMIT_OPEN || a->state == DK_LIMIT_LOST) &&
                (b->state == DK_LIMIT_OPEN || b->state == DK_LIMIT_LOST);

    return (owed || a->state == b->state) && a->due == b->due &&
           a->late == b->late && strcmp(a->unit, b->unit) == 0;
}

static void tally_limit(struct step *s, const struct limit_measures *ms,
                        const struct dk_limit_mark *old,
                        const struct dk_limit_mark *now)
{
    dk_ms t = dk_event_effective(s->c, s->e);
    bool keeps = s->e->type == DK_EV_REOPENED &&
                 (old->state != DK_LIMIT_OPEN || old->passed || t >= old->due);

    if (same_limit(old, now))
        return;
    if (!keeps)
        put_limit(s, ms, old, -1);
    put_limit(s, ms, now, 1);
}

/* ---- what is overdue ----------------------------------------------------- */

static void tally_end(struct step *s, const char *unit, int32_t late_day)
{
    if (s->day < late_day) /* it never came to it */
        add_on(s, DK_T_OVERDUE_START, unit, late_day, late_day, -1);
    else
        add_on(s, DK_T_OVERDUE_END, unit, s->day, late_day, 1);
}

/* A limit that is only now set and had passed already, and stopped late. */
static void tally_past(struct step *s, int i, int notice, int32_t late_day)
{
    const struct dk_clock *k = &s->c->clock[i];
    const struct dk_limit_mark *m = &s->c->marks.notice;
    bool late = k->late && k->state == DK_CLOCK_STOPPED;
    const char *unit = dk_tally_holder(s->c);
    int32_t end;

    if (i == notice)
        late = late && s->was->marks.notice.state == DK_LIMIT_NONE &&
               (m->late || m->state == DK_LIMIT_LOST);
    if (!late)
        return;
    end = dk_local_day(k->stopped_at, s->offset_min);
    add_on(s, DK_T_OVERDUE_START, unit, late_day, late_day, 1);
    add_on(s, DK_T_OVERDUE_END, unit, end < late_day ? late_day : end, late_day,
           1);
}

/* From which day on is a limit counted that is open now?  Its own, but not from
 * before this unit had it, or before it ran again.
 */
static int32_t start_day(const struct step *s, bool had, int32_t late_day)
{
    bool life = !s->c->imported || !dk_ev_is_bookkeeping(s->e->type);

    return had && life && s->day > late_day ? s->day : late_day;
}

static void tally_item(struct step *s, int i, int notice)
{
    static const struct dk_tally_item none = {0};
    const struct dk_tally_item *was =
        i < s->was->n_item ? &s->was->item[i] : &none;
    const char *unit = dk_tally_holder(s->c);
    bool had = was->no == s->c->clock[i].no || was->open;
    int32_t late_day;
    bool open = is_open(s->c, i, notice, s->offset_min, &late_day);

    if (open && was->open && late_day == was->late_day &&
        strcmp(unit, s->was->holder) == 0)
        return;
    if (was->open)
        tally_end(s, s->was->holder, was->late_day);
    if (open)
        add_on(s, DK_T_OVERDUE_START, unit, start_day(s, had, late_day),
               late_day, 1);
    else if (!had)
        tally_past(s, i, notice, late_day);
}

/* ---- first time, evaluation, repeats ------------------------------------- */

static void put_first(struct step *s, const struct dk_marks *m,
                      int64_t repeat_of, int n)
{
    int32_t day = dk_local_day(m->first.at, s->offset_min);

    if (m->first.at == 0 || repeat_of != 0)
        return;
    add_on(s, DK_T_FIRST_CONCLUDED, m->first.unit, day, 0, n);
    if (!m->first.lost && m->first.repeats == 0)
        add_on(s, DK_T_SETTLED_FIRST, m->first.unit, day, 0, n);
}

static void tally_first(struct step *s)
{
    const struct dk_marks *old = &s->was->marks, *now = &s->c->marks;

    if (old->first.at == now->first.at && old->first.lost == now->first.lost &&
        old->first.repeats == now->first.repeats &&
        s->was->repeat_of == s->c->repeat_of)
        return;
    put_first(s, old, s->was->repeat_of, -1);
    put_first(s, now, s->c->repeat_of, 1);
}

static void put_evaluated(struct step *s, const struct dk_marks *m, int n)
{
    int32_t day = dk_local_day(m->evaluated.at, s->offset_min);

    if (m->evaluated.at == 0)
        return;
    add_on(s, DK_T_EVALUATED, m->evaluated.unit, day, 0, n);
    if (m->evaluated.handling)
        add_on(s, DK_T_SATISFIED_HANDLING, m->evaluated.unit, day, 0, n);
    if (m->evaluated.result)
        add_on(s, DK_T_SATISFIED_RESULT, m->evaluated.unit, day, 0, n);
}

static void tally_repeat_of(struct step *s)
{
    int32_t day = dk_local_day(s->c->submitted_at, s->offset_min);
    bool was = s->was->repeat_of != 0, is = s->c->repeat_of != 0;

    if (was != is)
        add_on(s, DK_T_RECEIVED_REPEAT, DK_TALLY_OFFICE, day,
               (int32_t)s->c->channel, is ? 1 : -1);
}

/* ---- passing on ---------------------------------------------------------- */

/* Is a unit at work on the matter itself, not on a review of it? */
static bool is_handling(enum dk_state s)
{
    return s == DK_S_TRANSFERRED || s == DK_S_ACCEPTED || s == DK_S_SUSPENDED;
}

static void tally_passing(struct step *s)
{
    const struct dk_tally_was *was = s->was;
    bool sent =
        s->e->type == DK_EV_TRANSFERRED || s->e->type == DK_EV_HANDED_OVER;
    bool other = is_handling(was->state) && strcmp(was->unit, s->c->unit) != 0;

    if (sent && was->transferred <= was->reopened)
        add(s, DK_T_TRANSFERRED_IN, s->c->unit);
    else if (sent || other)
        add(s, DK_T_RETRANSFERRED, s->c->unit);
    if (other)
        add(s, DK_T_PASSED_ON, was->unit);
}

/* ---- plain counts -------------------------------------------------------- */

/* The index of an enumerated member of the event's body; -1: absent. */
static int read_name(const struct dk_event *e, const char *key,
                     const char *const names[], int *out)
{
    cJSON *body = NULL;
    int rc = dk_json_parse_fixed(e->body, e->body_len, DK_EVENT_BODY_MAX, &body,
                                 NULL);

    *out = -1;
    if (rc == 0)
        rc = dk_json_enum(body, key, DK_OPTIONAL, names, out, NULL, NULL);
    cJSON_Delete(body);
    return rc;
}

static int tally_settled(struct step *s)
{
    int manner;
    int rc = read_name(s->e, "manner", manner_names, &manner);

    add_on(s, DK_T_SETTLED, s->was->holder, s->day, manner < 0 ? 0 : manner, 1);
    return rc;
}

static int tally_reviewed(struct step *s, int stage)
{
    int result;
    int rc = read_name(s->e, "result", result_names, &result);

    add_on(s, DK_T_REVIEWED, s->was->answered_by, s->day, stage, 1);
    if (result > 0) /* not upheld */
        add_on(s, DK_T_CHANGED, s->was->answered_by, s->day, stage, 1);
    return rc;
}

static int tally_urged(struct step *s)
{
    int ground;
    int rc = read_name(s->e, "ground", ground_names, &ground);

    add_on(s, DK_T_URGED, s->was->holder, s->day, ground + 1, 1);
    return rc;
}

/* Events that are one of a measure, of whoever had the case. */
static const struct {
    enum dk_ev ev;
    enum dk_measure m;
} plain[] = {
    {DK_EV_DISCIPLINE, DK_T_DISCIPLINE},     {DK_EV_ACCEPTED, DK_T_ACCEPTED},
    {DK_EV_NOT_ACCEPTED, DK_T_NOT_ACCEPTED}, {DK_EV_EXTENDED, DK_T_EXTENDED},
    {DK_EV_ANSWERED, DK_T_ANSWERED},         {DK_EV_WITHDRAWN, DK_T_WITHDRAWN},
    {DK_EV_REOPENED, DK_T_REOPENED},
};

static void tally_plain(struct step *s)
{
    const struct dk_tally_was *was = s->was;
    enum dk_ev ev = s->e->type;

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (plain[i].ev == ev)
            add(s, plain[i].m, was->holder);
    }
    if (ev == DK_EV_SUBMITTED)
        add_on(s, DK_T_RECEIVED, DK_TALLY_OFFICE, s->day,
               (int32_t)s->c->channel, 1);
    if (ev == DK_EV_OBJECTION_UPHELD)
        add(s, DK_T_PASSED_ON, was->unit);
    if (ev == DK_EV_NOTICE_GIVEN && was->state == DK_S_NOT_ACCEPTED &&
        was->noticed < s->c->last_n[DK_EV_NOT_ACCEPTED])
        add(s, DK_T_REFUSED_NOTICED, was->holder);
    if (ev == DK_EV_CLOSED && !was->concluded)
        add(s, DK_T_CLOSED_UNANSWERED, was->holder);
    if (was->repeats != s->c->repeats)
        add_on(s, DK_T_REPEATED, was->holder, s->day, 0,
               s->c->repeats > was->repeats ? 1 : -1);
}

static int tally_special(struct step *s)
{
    switch ((int)s->e->type) {
    case DK_EV_SETTLED:
        return tally_settled(s);
    case DK_EV_REVIEW_ASKED:
    case DK_EV_RE_REVIEW_ASKED:
        add_on(s, DK_T_REVIEW_ASKED, s->was->answered_by, s->day,
               s->e->type == DK_EV_RE_REVIEW_ASKED, 1);
        return 0;
    case DK_EV_REVIEWED:
    case DK_EV_RE_REVIEWED:
        return tally_reviewed(s, s->e->type == DK_EV_RE_REVIEWED);
    case DK_EV_URGED:
        return tally_urged(s);
    case DK_EV_TRANSFERRED:
    case DK_EV_HANDED_OVER:
    case DK_EV_ASSIGNED:
        tally_passing(s);
        return 0;
    case DK_EV_EVALUATED:
        put_evaluated(s, &s->was->marks, -1);
        put_evaluated(s, &s->c->marks, 1);
        return 0;
    default:
        return 0;
    }
}

int dk_tally(const struct dk_tally_was *was, const struct dk_event *e,
             const struct dk_case *after, int offset_min,
             struct dk_tallies *out)
{
    struct step s = {
        .was = was, .e = e, .c = after, .offset_min = offset_min, .out = out};
    int notice = dk_notice_clock(after);
    int rc;

    out->n = 0;
    s.day = dk_local_day(dk_event_effective(after, e), offset_min);
    s.known = dk_local_day(after->marks.latest, offset_min);
    tally_plain(&s);
    rc = tally_special(&s);
    tally_repeat_of(&s);
    tally_limit(&s, &notice_measures, &was->marks.notice, &after->marks.notice);
    tally_limit(&s, &conclude_measures, &was->marks.conclude,
                &after->marks.conclude);
    tally_first(&s);
    for (int i = 0; i < after->n_clock; i++)
        tally_item(&s, i, notice);
    return rc;
}

/* ---- sets of rows -------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h ^= v + UINT64_C(0x9e3779b97f4a7c15) + (h << 6) + (h >> 2);
    h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
    return h ^ (h >> 31);
}

static uint64_t mix_text(uint64_t h, const char *s)
{
    uint64_t v = 0;
    unsigned n = 0;

    for (; *s != '\0'; s++) {
        v = v << 8 | (unsigned char)*s;
        if (++n % 8 == 0)
            h = mix(h, v);
    }
    return mix(mix(h, v), n);
}

uint64_t dk_tally_print(const struct dk_tally *t)
{
    uint64_t h = mix(0, (uint64_t)t->measure);

    h = mix(h, (uint64_t)(uint32_t)t->day << 32 | (uint32_t)t->known);
    h = mix(h, (uint32_t)t->tag);
    h = mix_text(h, t->unit);
    return mix_text(h, t->category);
}
