/* core_kit.h - drive one case through the core: commands in, events kept, and
 * everything that must always hold checked.  For the unit tests and the fuzzer.
 */
#ifndef DK_CORE_KIT_H
#define DK_CORE_KIT_H

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/decide.h"

struct kit {
    struct dk_case *c;
    struct dk_events log; /* every event of the case, in order */
    struct dk_env env;
    struct dk_problem p;   /* of the latest refusal */
    size_t new_events;     /* that the latest command brought */
    const char *fault;     /* the first thing found broken, or NULL */
    struct dk_case *other; /* an earlier case, to be linked to */
};

#define KIT_T0    INT64_C(1772323200000) /* 2026-03-01T08:00:00+08:00 */
#define KIT_KEY   INT64_C(20260301000001)
#define KIT_OTHER INT64_C(20260215000001) /* 330000-20260215-000001-4 */

static inline void kit_open(struct kit *k)
{
    memset(k, 0, sizeof(*k));
    k->c = dk_case_new();
    k->env.now = KIT_T0;
    k->env.offset_min = 480;
    k->env.county = 330000;
    k->other = dk_case_new();
    if (k->c == NULL || k->other == NULL)
        abort();
    k->other->key = KIT_OTHER;
    memcpy(k->other->unit, "局三", sizeof("局三"));
    memcpy(k->other->handler, "o1", sizeof("o1"));
}

static inline void kit_close(struct kit *k)
{
    dk_case_free(k->other);
    dk_case_free(k->c);
    dk_events_fini(&k->log);
}

static inline char *kit_text(const struct dk_case *c)
{
    struct dk_jw w = {0};
    char *s;

    dk_case_write(&w, NULL, c, 330000, 480);
    s = dk_jw_take(&w, NULL);
    if (s == NULL)
        abort();
    return s;
}

static inline bool kit_same(const struct dk_case *a, const struct dk_case *b)
{
    char *x = kit_text(a), *y = kit_text(b);
    bool same = strcmp(x, y) == 0;

    free(x);
    free(y);
    return same;
}

/* Decide and let happen.  A refusal is the return code; a thing that must not
 * be is left in k->fault.
 */
static inline int kit_run(struct kit *k, const struct dk_command *cmd)
{
    struct dk_command full = *cmd;
    size_t before = k->log.n;
    int rc;

    if (cmd->action == DK_ACT_LINK || cmd->action == DK_ACT_UNLINK)
        full.other = k->other;
    if (cmd->action == DK_ACT_NOTE_REPEAT)
        full.by_case = KIT_KEY + 1;
    memset(&k->p, 0, sizeof(k->p));
    rc = dk_decide(k->c, &full, &k->env, &k->log, &k->p);
    k->new_events = k->log.n - before;
    if (rc != 0) {
        if (k->new_events != 0)
            k->fault = "a refused command left events";
        if (k->p.code != rc || k->p.detail[0] == '\0')
            k->fault = "a refusal without its reason";
        return rc;
    }
    for (size_t i = before; i < k->log.n; i++) {
        if (dk_case_evolve(k->c, &k->log.v[i]) != 0) {
            k->fault = "evolve refused what decide decided";
            return DK_EBUG;
        }
    }
    return 0;
}

static inline int kit_parse(const char *json, cJSON **out)
{
    return dk_json_parse(json, strlen(json), DK_BODY_MAX, out, NULL);
}

/* A command with its arguments as JSON text; DK_EJSON if they are none. */
static inline int kit_do_as(struct kit *k, enum dk_action a, unsigned by,
                            const char *actor, const char *json)
{
    struct dk_command cmd = {
        .action = a, .by = by, .actor = actor, .claimed = DK_NEVER};
    cJSON *args = NULL;
    int rc = kit_parse(json, &args);

    if (rc != 0)
        return rc;
    cmd.args = args;
    rc = kit_run(k, &cmd);
    cJSON_Delete(args);
    return rc;
}

/* The same, by somebody who may. */
static inline int kit_do(struct kit *k, enum dk_action a, const char *json)
{
    unsigned who = dk_action_who(a);

    return kit_do_as(k, a, who, who == DK_BY_WORKER ? "worker:x" : "office:a",
                     json);
}

static inline int kit_fire(struct kit *k)
{
    struct dk_command cmd = {.action = DK_ACT_FIRE,
                             .by = DK_BY_BROKER,
                             .actor = "docketd",
                             .claimed = DK_NEVER};

    return kit_run(k, &cmd);
}

static inline struct dk_submit kit_submission(void)
{
    struct dk_submit s = {.submission.b = {1, 2, 3},
                          .channel = DK_CH_KIOSK,
                          .kind = DK_KIND_APPEAL,
                          .subject = "路灯不亮",
                          .facts = "村口的路灯坏了三个月。",
                          .region = "330000/城东镇",
                          .category = "城乡建设/市政",
                          .submitted_at = DK_NEVER,
                          .petitioners = 1};
    return s;
}

static inline int kit_submit(struct kit *k, const struct dk_submit *s)
{
    struct dk_command cmd = {.action = DK_ACT_SUBMIT,
                             .by = DK_BY_BROKER,
                             .actor = "kiosk",
                             .claimed = DK_NEVER,
                             .submit = s,
                             .key = KIT_KEY};

    return kit_run(k, &cmd);
}

/* ---- what must always hold ---- */

static inline const char *kit_check_clock(const struct dk_case *c,
                                          const struct dk_clock *k)
{
    int due = dk_clock_due_rung(k);
    bool open = k->state == DK_CLOCK_RUNNING || k->state == DK_CLOCK_HELD;

    if (k->no < 1 || k->basis < 1 || k->basis > c->n)
        return "a clock without number or basis";
    if (due < 0 || k->rung[due].at != k->due_at)
        return "a clock without the rung at its due time";
    for (int i = 0; i < k->n_rung; i++) {
        if (i > 0 && k->rung[i].at < k->rung[i - 1].at)
            return "rungs out of order";
        if (k->rung[i].alerted && !k->rung[i].fired)
            return "an alert for a rung that has not fired";
    }
    if (open != (k->stopped_at == DK_NEVER))
        return "a clock that stopped without a time, or runs with one";
    if (k->state == DK_CLOCK_HELD && k->holds_on == 0)
        return "a clock held by nothing";
    if (k->state == DK_CLOCK_LAPSED &&
        (!k->rung[due].fired || k->on_due == DK_DUE_OVERDUE))
        return "a clock lapsed without coming to its end";
    if (k->late && k->on_due != DK_DUE_OVERDUE)
        return "a window that is late";
    if (k->late && open && !k->rung[due].fired)
        return "late before the limit was reached";
    if (k->extend_times < 0)
        return "more extensions than allowed";
    return NULL;
}

static inline bool kit_is_end(enum dk_state s)
{
    return s == DK_S_ENDED || s == DK_S_CLOSED || s == DK_S_WITHDRAWN ||
           s == DK_S_NOT_ACCEPTED || s == DK_S_DISCIPLINE;
}

/* Nothing runs in a case that has come to its end but what can still stop, or
 * was started by the end itself or later.
 */
static inline const char *kit_check_end(const struct dk_case *c,
                                        const struct dk_clock *k)
{
    static const enum dk_ev ends[] = {DK_EV_RE_REVIEWED, DK_EV_CLOSED,
                                      DK_EV_WITHDRAWN, DK_EV_NOT_ACCEPTED,
                                      DK_EV_DISCIPLINE};
    uint64_t later = 0;
    uint32_t end = 0;

    for (int ev = 0; ev < DK_EV_N; ev++) {
        if (!dk_ev_is_aside((enum dk_ev)ev) && ev != DK_EV_REOPENED &&
            ev != DK_EV_CLOSED && ev != DK_EV_WITHDRAWN &&
            !dk_ev_is_bookkeeping((enum dk_ev)ev))
            later |= UINT64_C(1) << ev;
    }

    for (int i = 0; i < 5; i++) {
        if (c->last_n[ends[i]] > end)
            end = c->last_n[ends[i]];
    }
    if (!kit_is_end(c->state) || k->basis >= end ||
        (k->state != DK_CLOCK_RUNNING && k->state != DK_CLOCK_HELD))
        return NULL;
    return (k->stops_on & later & dk_fsm_allowed(c->state)) == 0
               ? "a clock runs on after the end of the case"
               : NULL;
}

static inline const char *kit_check_people(const struct dk_case *c)
{
    const char *unit = "?", *handler = "?";

    for (int i = 0; i < c->n_respondent; i++) {
        const struct dk_case_respondent *r = &c->respondent[i];

        if ((r->unit[0] != '\0' && strcmp(r->unit, c->unit) == 0) ||
            (r->officer[0] != '\0' && strcmp(r->officer, c->handler) == 0))
            return "who is complained about handles the case";
    }
    if (dk_case_owner(c)[0] == '\0')
        return "a case that nobody owns";
    if (dk_case_load(c, &unit, &handler) !=
        (c->handler[0] != '\0' && dk_state_owes(c->state)))
        return "a load that is nobody's, or is not counted";
    return NULL;
}

static inline const char *kit_check_events(const struct kit *k)
{
    const struct dk_case *c = k->c;
    int latest = 0;

    if (k->log.n != c->n)
        return "the case has another number of events than happened";
    for (size_t i = 0; i < k->log.n; i++) {
        if (k->log.v[i].n != i + 1 || k->log.v[i].key != c->key)
            return "events are not numbered 1, 2, ..";
    }
    for (int ev = 0; ev < DK_EV_N; ev++)
        latest += c->last_n[ev] == c->n;
    if (c->n > 0 && latest != 1)
        return "`last` does not know the latest event";
    for (size_t i = 0; i < c->n_alert; i++) {
        if (c->alert[i] < 1 || c->alert[i] > c->n ||
            k->log.v[c->alert[i] - 1].type != DK_EV_ALERT_RAISED ||
            (i > 0 && c->alert[i] <= c->alert[i - 1]))
            return "an open alert that was not raised";
    }
    return NULL;
}

/* Cheap checks after every command. */
static inline const char *kit_check(const struct kit *k)
{
    const char *bad = k->fault;

    if (bad == NULL)
        bad = kit_check_events(k);
    if (bad == NULL)
        bad = kit_check_people(k->c);
    for (int i = 0; bad == NULL && i < k->c->n_clock; i++) {
        bad = kit_check_clock(k->c, &k->c->clock[i]);
        if (bad == NULL)
            bad = kit_check_end(k->c, &k->c->clock[i]);
    }
    return bad;
}

/* The events once more from the beginning give the same case. */
static inline const char *kit_check_replay(const struct kit *k)
{
    struct dk_case *again = dk_case_new();
    const char *bad = NULL;

    for (size_t i = 0; bad == NULL && i < k->log.n; i++) {
        if (dk_case_evolve(again, &k->log.v[i]) != 0)
            bad = "a replay refuses an event";
    }
    if (bad == NULL && !kit_same(again, k->c))
        bad = "a replay gives another case";
    dk_case_free(again);
    return bad;
}

/* Written, read and written again: the same bytes. */
static inline const char *kit_check_json(const struct kit *k)
{
    char *text = kit_text(k->c);
    struct dk_case *again = NULL;
    struct dk_problem p;
    cJSON *o = NULL;
    const char *bad = NULL;

    if (dk_json_parse_obj(text, strlen(text), (size_t)1 << 24, &o, &p) != 0 ||
        dk_case_read(o, &again, &p) != 0)
        bad = "the case's own JSON is not read";
    else if (!kit_same(again, k->c))
        bad = "the case read from JSON is another";
    dk_case_free(again);
    cJSON_Delete(o);
    free(text);
    return bad;
}

#endif /* DK_CORE_KIT_H */
