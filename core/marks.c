/* marks.c - what a case remembers for its figures: the two limits that are
 * judged by their first number, its first conclusion, its latest evaluation.
 * docs/FIGURES.md says the same in words.
 */
#include <string.h>

#include "case_internal.h"
#include "tally.h"

#define BIT(ev) (UINT64_C(1) << (ev))

/* What fulfils the duty behind a limit. */
#define CONCLUDES (BIT(DK_EV_ANSWERED) | BIT(DK_EV_SETTLED))
#define TELLS     (BIT(DK_EV_NOTICE_GIVEN) | CONCLUDES)

#define SATISFIED 4 /* of 5 */

int32_t dk_local_day(dk_ms t, int offset_min)
{
    dk_ms local = t + offset_min * DK_MINUTE;
    dk_ms day = local / DK_DAY;

    if (local % DK_DAY < 0)
        day--;
    return (int32_t)day;
}

const char *dk_tally_holder(const struct dk_case *c)
{
    const uint32_t *n = c->last_n;
    uint32_t in = n[DK_EV_TRANSFERRED], out = n[DK_EV_REOPENED];

    if (n[DK_EV_HANDED_OVER] > in)
        in = n[DK_EV_HANDED_OVER];
    if (n[DK_EV_OBJECTION_UPHELD] > out)
        out = n[DK_EV_OBJECTION_UPHELD];
    if (in <= out || c->state == DK_S_OBJECTED || c->unit[0] == '\0')
        return DK_TALLY_OFFICE;
    return c->unit;
}

/* ---- limits -------------------------------------------------------------- */

/* The first clock of the case that an event of `must` stops and none of
 * `never` does.
 */
static int find_limit(const struct dk_case *c, uint64_t must, uint64_t never)
{
    for (int i = 0; i < c->n_clock; i++) {
        const struct dk_clock *k = &c->clock[i];

        if (k->on_due == DK_DUE_OVERDUE && (k->stops_on & must) != 0 &&
            (k->stops_on & never) == 0 && k->basis > c->last_n[DK_EV_REOPENED])
            return i;
    }
    return -1;
}

int dk_notice_clock(const struct dk_case *c)
{
    return find_limit(c, BIT(DK_EV_NOTICE_GIVEN), 0);
}

int dk_conclude_clock(const struct dk_case *c)
{
    return find_limit(c, BIT(DK_EV_ANSWERED), BIT(DK_EV_NOTICE_GIVEN));
}

static bool is_owed(const struct dk_limit_mark *m)
{
    return m->state == DK_LIMIT_OPEN || m->state == DK_LIMIT_PAUSED;
}

/* Did one of `done` stop the clock, and not something else? */
static bool was_done(const struct dk_case *c, const struct dk_clock *k,
                     uint64_t done)
{
    for (int ev = 0; ev < DK_EV_N; ev++) {
        if ((k->stops_on & done & BIT(ev)) != 0 && c->last_n[ev] > k->basis &&
            c->last_at[ev] == k->stopped_at)
            return true;
    }
    return false;
}

/* A clock that is only now seen, and was stopped before it was set. */
static void see_stopped(const struct dk_case *c, const struct dk_clock *k,
                        uint64_t done, struct dk_limit_mark *m)
{
    bool passed = k->stopped_at >= k->due_at;

    m->due = k->due_at;
    m->no = k->no;
    if (was_done(c, k, done)) {
        m->state = DK_LIMIT_DONE;
        m->late = passed;
    } else if (dk_state_owes(c->state)) {
        m->state = DK_LIMIT_OPEN; /* as in follow_owed() */
    } else {
        m->state = passed ? DK_LIMIT_LOST : DK_LIMIT_VOID;
    }
}

/* The clock runs, or is held: what is owed now, and until when.  A later
 * number of the clock does not move the limit.
 */
static void see_live(const struct dk_clock *k, dk_ms t, struct dk_limit_mark *m)
{
    if (m->state == DK_LIMIT_NONE)
        m->no = k->no;
    if (m->no == k->no && m->due != k->due_at) {
        m->due = k->due_at;
        m->passed = m->passed && t >= m->due;
    }
    m->state =
        k->state == DK_CLOCK_HELD && !k->late ? DK_LIMIT_PAUSED : DK_LIMIT_OPEN;
}

/* What an event at instant `t` does to a limit that is owed. */
static void follow_owed(const struct dk_case *c, const struct dk_clock *k,
                        enum dk_ev ev, dk_ms t, uint64_t done,
                        struct dk_limit_mark *m)
{
    bool passed = m->state == DK_LIMIT_OPEN && t >= m->due;

    if ((done & BIT(ev)) != 0) {
        m->state = DK_LIMIT_DONE;
        m->late = passed;
    } else if (k->state == DK_CLOCK_RUNNING || k->state == DK_CLOCK_HELD) {
        see_live(k, t, m);
    } else if (!dk_state_owes(c->state)) {
        m->state = passed ? DK_LIMIT_LOST : DK_LIMIT_VOID;
    }
    /* Else the clock stopped, but not the duty: an objection was upheld, and
     * another unit will have the case.
     */
}

static void follow_limit(const struct dk_case *c, const struct dk_event *e,
                         int clock, uint64_t done, struct dk_limit_mark *m)
{
    const struct dk_clock *k = clock >= 0 ? &c->clock[clock] : NULL;
    bool seen = m->state != DK_LIMIT_NONE;
    dk_ms t = dk_event_effective(c, e);

    if (k == NULL || (seen && !is_owed(m)))
        return;
    /* It passed while the case was with `unit`. */
    if (m->state == DK_LIMIT_OPEN && t >= m->due &&
        !dk_ev_is_bookkeeping(e->type))
        m->passed = true;
    if (seen)
        follow_owed(c, k, e->type, t, done, m);
    else if (k->state == DK_CLOCK_RUNNING || k->state == DK_CLOCK_HELD)
        see_live(k, t, m);
    else
        see_stopped(c, k, done, m);
    if (!seen || (is_owed(m) && !m->passed))
        dk_case_put_id(m->unit, dk_tally_holder(c));
}

/* ---- conclusion, repeats, evaluation ------------------------------------- */

static void note_conclusion(struct dk_case *c, dk_ms t)
{
    struct dk_marks *m = &c->marks;

    if (m->first.at != 0)
        return;
    m->first.at = t;
    dk_case_put_id(m->first.unit, dk_tally_holder(c));
}

/* A later case repeats this one; the event's claimed time is when that one was
 * handed in.
 */
static void note_repeat(struct dk_case *c, const struct dk_event *e,
                        const cJSON *body)
{
    struct dk_marks *m = &c->marks;
    dk_ms came = e->claimed != DK_NEVER ? e->claimed : e->at;
    bool undone = false;

    if (m->first.at == 0 || came < m->first.at ||
        came - m->first.at > DK_REPEAT_DAYS * DK_DAY)
        return;
    (void)dk_json_bool(body, "undone", DK_OPTIONAL, &undone, NULL, NULL);
    if (!undone)
        m->first.repeats++;
    else if (m->first.repeats > 0)
        m->first.repeats--;
}

/* One evaluation counts, the latest; it is that of whoever decided. */
static void note_evaluation(struct dk_case *c, dk_ms t, const cJSON *body)
{
    struct dk_marks *m = &c->marks;
    const char *holder = dk_tally_holder(c);
    int64_t handling = 0, result = 0;

    (void)dk_json_int(body, "handling", DK_OPTIONAL, 1, 5, &handling, NULL,
                      NULL);
    (void)dk_json_int(body, "result", DK_OPTIONAL, 1, 5, &result, NULL, NULL);
    m->evaluated.at = t;
    m->evaluated.handling = handling >= SATISFIED;
    m->evaluated.result = result >= SATISFIED;
    if (holder == c->unit && c->answered_by[0] != '\0')
        holder = c->answered_by;
    dk_case_put_id(m->evaluated.unit, holder);
}

static void begin_anew(struct dk_marks *m)
{
    memset(&m->notice, 0, sizeof(m->notice));
    memset(&m->conclude, 0, sizeof(m->conclude));
    memset(&m->evaluated, 0, sizeof(m->evaluated));
    m->first.lost = true;
}

void dk_marks_event(struct dk_case *c, const struct dk_event *e,
                    const cJSON *body)
{
    struct dk_marks *m = &c->marks;
    dk_ms t = dk_event_effective(c, e);

    if (e->at > m->latest)
        m->latest = e->at;
    if (e->type == DK_EV_REOPENED)
        begin_anew(m);
    follow_limit(c, e, dk_notice_clock(c), TELLS, &m->notice);
    follow_limit(c, e, dk_conclude_clock(c), CONCLUDES, &m->conclude);
    if (e->type == DK_EV_ANSWERED || e->type == DK_EV_SETTLED)
        note_conclusion(c, t);
    else if (e->type == DK_EV_REVIEW_ASKED)
        m->first.lost = true;
    else if (e->type == DK_EV_REPEATED)
        note_repeat(c, e, body);
    else if (e->type == DK_EV_EVALUATED)
        note_evaluation(c, t, body);
}

/* ---- the document -------------------------------------------------------- */

static const char *const limit_names[] = {"none", "open", "paused", "void",
                                          "lost", "done", NULL};

static void write_limit(struct dk_jw *w, const char *key,
                        const struct dk_limit_mark *m, int offset_min)
{
    if (m->state == DK_LIMIT_NONE)
        return;
    dk_jw_obj(w, key);
    dk_jw_str(w, "state", limit_names[m->state]);
    dk_jw_time(w, "due", m->due, offset_min);
    dk_jw_int(w, "no", m->no);
    if (m->passed)
        dk_jw_bool(w, "passed", true);
    if (m->late)
        dk_jw_bool(w, "late", true);
    dk_jw_str(w, "unit", m->unit);
    dk_jw_end_obj(w);
}

static void write_first(struct dk_jw *w, const struct dk_marks *m,
                        int offset_min)
{
    if (m->first.at == 0 && !m->first.lost)
        return;
    dk_jw_obj(w, "first");
    if (m->first.at != 0) {
        dk_jw_time(w, "at", m->first.at, offset_min);
        dk_jw_str(w, "unit", m->first.unit);
    }
    if (m->first.repeats != 0)
        dk_jw_int(w, "repeats", m->first.repeats);
    if (m->first.lost)
        dk_jw_bool(w, "lost", true);
    dk_jw_end_obj(w);
}

static void write_evaluated(struct dk_jw *w, const struct dk_marks *m,
                            int offset_min)
{
    if (m->evaluated.at == 0)
        return;
    dk_jw_obj(w, "evaluated");
    dk_jw_time(w, "at", m->evaluated.at, offset_min);
    dk_jw_bool(w, "handling", m->evaluated.handling);
    dk_jw_bool(w, "result", m->evaluated.result);
    dk_jw_str(w, "unit", m->evaluated.unit);
    dk_jw_end_obj(w);
}

void dk_marks_write(struct dk_jw *w, const char *key, const struct dk_case *c,
                    int offset_min)
{
    const struct dk_marks *m = &c->marks;
    bool back = m->latest > c->updated_at; /* the office's clock was set so */

    if (!back && m->notice.state == DK_LIMIT_NONE &&
        m->conclude.state == DK_LIMIT_NONE && m->first.at == 0 &&
        !m->first.lost && m->evaluated.at == 0)
        return;
    dk_jw_obj(w, key);
    if (back)
        dk_jw_time(w, "latest", m->latest, offset_min);
    write_limit(w, "notice", &m->notice, offset_min);
    write_limit(w, "conclude", &m->conclude, offset_min);
    write_first(w, m, offset_min);
    write_evaluated(w, m, offset_min);
    dk_jw_end_obj(w);
}

static int read_limit(const cJSON *o, const char *key, struct dk_limit_mark *m,
                      const struct dk_at *up, struct dk_problem *p)
{
    const struct dk_at at = {up, key, 0};
    const cJSON *l = NULL;
    int state = 0;
    int64_t no = 0;
    int rc = dk_json_obj(o, key, DK_OPTIONAL, &l, up, p);

    if (rc != 0 || l == NULL)
        return rc;
    rc = dk_json_enum(l, "state", DK_REQUIRED, limit_names, &state, &at, p);
    if (rc == 0)
        rc = dk_json_time(l, "due", DK_REQUIRED, &m->due, &at, p);
    if (rc == 0)
        rc = dk_json_int(l, "no", DK_REQUIRED, 1, UINT32_MAX, &no, &at, p);
    if (rc == 0)
        rc = dk_json_bool(l, "passed", DK_OPTIONAL, &m->passed, &at, p);
    if (rc == 0)
        rc = dk_json_bool(l, "late", DK_OPTIONAL, &m->late, &at, p);
    if (rc == 0)
        rc = dk_case_id_read(l, "unit", m->unit, &at, p);
    m->state = (enum dk_limit_state)state;
    m->no = (uint32_t)no;
    return rc;
}

static int read_first(const cJSON *o, struct dk_marks *m,
                      const struct dk_at *up, struct dk_problem *p)
{
    const struct dk_at at = {up, "first", 0};
    const cJSON *f = NULL;
    int64_t repeats = 0;
    int rc = dk_json_obj(o, "first", DK_OPTIONAL, &f, up, p);

    if (rc != 0 || f == NULL)
        return rc;
    rc = dk_json_time(f, "at", DK_OPTIONAL, &m->first.at, &at, p);
    if (rc == 0)
        rc = dk_case_id_read(f, "unit", m->first.unit, &at, p);
    if (rc == 0)
        rc = dk_json_int(f, "repeats", DK_OPTIONAL, 0, UINT32_MAX, &repeats,
                         &at, p);
    if (rc == 0)
        rc = dk_json_bool(f, "lost", DK_OPTIONAL, &m->first.lost, &at, p);
    m->first.repeats = (uint32_t)repeats;
    return rc;
}

static int read_evaluated(const cJSON *o, struct dk_marks *m,
                          const struct dk_at *up, struct dk_problem *p)
{
    const struct dk_at at = {up, "evaluated", 0};
    const cJSON *v = NULL;
    int rc = dk_json_obj(o, "evaluated", DK_OPTIONAL, &v, up, p);

    if (rc != 0 || v == NULL)
        return rc;
    rc = dk_json_time(v, "at", DK_REQUIRED, &m->evaluated.at, &at, p);
    if (rc == 0)
        rc = dk_json_bool(v, "handling", DK_REQUIRED, &m->evaluated.handling,
                          &at, p);
    if (rc == 0)
        rc = dk_json_bool(v, "result", DK_REQUIRED, &m->evaluated.result, &at,
                          p);
    if (rc == 0)
        rc = dk_case_id_read(v, "unit", m->evaluated.unit, &at, p);
    return rc;
}

int dk_marks_read(const cJSON *o, const char *key, struct dk_case *c,
                  struct dk_problem *p)
{
    const struct dk_at at = {NULL, key, 0};
    struct dk_marks *m = &c->marks;
    const cJSON *v = NULL;
    int rc = dk_json_obj(o, key, DK_OPTIONAL, &v, NULL, p);

    m->latest = c->updated_at;
    if (rc != 0 || v == NULL)
        return rc;
    rc = dk_json_time(v, "latest", DK_OPTIONAL, &m->latest, &at, p);
    if (rc == 0)
        rc = read_limit(v, "notice", &m->notice, &at, p);
    if (rc == 0)
        rc = read_limit(v, "conclude", &m->conclude, &at, p);
    if (rc == 0)
        rc = read_first(v, m, &at, p);
    return rc == 0 ? read_evaluated(v, m, &at, p) : rc;
}
