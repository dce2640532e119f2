/* clock_kit.h - set clocks and let time pass.  Days count from KIT_T0, which is
 * also when the case was handed in and day 0 of every clock.
 */
#ifndef DK_CLOCK_KIT_H
#define DK_CLOCK_KIT_H

/* After <cmocka.h>. */
#include "tests/support/core_path.h"

#define DAYS(n) (KIT_T0 + (dk_ms)(n)*DK_DAY)

struct limit {
    const char *id;
    uint32_t basis;                     /* 0: the latest event */
    int due;                            /* day */
    const char *on_due, *stops, *holds; /* "\"answered\",.." */
    int yellow, red, more;              /* days of rungs; 0: none */
    int extend_times, extend_days;
};

static inline size_t add_rung(char *buf, size_t cap, size_t len, const char *id,
                              int day)
{
    char at[DK_TIME_MAX];

    if (day == 0)
        return len;
    dk_time_format(DAYS(day), 480, at);
    return len + (size_t)snprintf(buf + len, cap - len,
                                  "%s{\"id\":\"%s\",\"at\":\"%s\"}",
                                  len > 0 ? "," : "", id, at);
}

static inline int set(struct kit *k, const struct limit *l)
{
    char json[2000], rungs[600] = "", from[DK_TIME_MAX], due[DK_TIME_MAX];
    size_t len = 0;

    dk_time_format(KIT_T0, 480, from);
    dk_time_format(DAYS(l->due), 480, due);
    /* Out of order on purpose: decide sorts them. */
    len = add_rung(rungs, sizeof(rungs), len, "more", l->more);
    len = add_rung(rungs, sizeof(rungs), len, "red", l->red);
    (void)add_rung(rungs, sizeof(rungs), len, "yellow", l->yellow);
    (void)snprintf(json, sizeof(json),
                   "{\"clock\":\"%s\",\"basis\":%u,\"started_at\":\"%s\","
                   "\"due_at\":\"%s\",\"on_due\":\"%s\",\"stops_on\":[%s],"
                   "\"holds_on\":[%s],\"extend_times\":%d,\"extend_days\":%d,"
                   "\"rungs\":[%s],\"policy\":\"p\",\"version\":\"v\"}",
                   l->id, l->basis != 0 ? l->basis : k->c->n, from, due,
                   l->on_due != NULL ? l->on_due : "overdue",
                   l->stops != NULL ? l->stops : "",
                   l->holds != NULL ? l->holds : "", l->extend_times,
                   l->extend_days, rungs);
    return kit_do(k, DK_ACT_CLOCK, json);
}

/* A new case in state `to` on day 0, without clocks. */
static inline void begin(struct kit *k, enum dk_state to)
{
    struct dk_submit s = kit_submission();

    kit_open(k);
    if (kit_submit(k, &s) != 0)
        abort();
    path_walk(k, to);
}

static inline void end(struct kit *k)
{
    assert_null(kit_check(k));
    assert_null(kit_check_replay(k));
    assert_null(kit_check_json(k));
    kit_close(k);
}

static inline const struct dk_clock *the(const struct kit *k, const char *id)
{
    int i = dk_clock_find(k->c, id);

    assert_true(i >= 0);
    return &k->c->clock[i];
}

static inline bool fired(const struct kit *k, const char *id, const char *rung)
{
    int r = dk_rung_find(the(k, id), rung);

    return r >= 0 && the(k, id)->rung[r].fired;
}

/* Fire on `day`, give or take `ms`: how many events came of it. */
static inline size_t fire(struct kit *k, int day, dk_ms ms)
{
    k->env.now = DAYS(day) + ms;
    assert_int_equal(kit_fire(k), 0);
    return k->new_events;
}

static inline const char *body(const struct kit *k, size_t back)
{
    return k->log.v[k->log.n - 1 - back].body;
}

static const struct limit conclude = {.id = "conclude",
                                      .due = 60,
                                      .stops = "\"answered\"",
                                      .holds = "\"extended\",\"suspended\"",
                                      .yellow = 40,
                                      .red = 53,
                                      .more = 67,
                                      .extend_times = 1,
                                      .extend_days = 30};

static const struct limit object = {.id = "object",
                                    .due = 7,
                                    .on_due = "lapse",
                                    .stops = "\"objected\",\"accepted\""};

#endif /* DK_CLOCK_KIT_H */
