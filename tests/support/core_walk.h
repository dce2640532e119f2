/* core_walk.h - walk one case through commands chosen by a stream of bytes:
 * random ones in tests/unit/test_replay.c, the fuzzer's in
 * tests/fuzz/fuzz_core.c.
 */
#ifndef DK_CORE_WALK_H
#define DK_CORE_WALK_H

#include <stdio.h>

#include "tests/support/core_kit.h"

struct walk {
    struct kit k;
    /* The next choice, 0 .. n-1. */
    unsigned (*pick)(struct walk *w, unsigned n);
    uint64_t state; /* of a random walk */
    const uint8_t *bytes;
    size_t left;                           /* of a fuzzed one */
    int done[DK_ACT_N], refused[DK_ACT_N]; /* what was reached */
};

static const char *const walk_units[] = {"镇一", "镇二", "局三", "局四",
                                         "县五"};
static const char *const walk_officers[] = {"o1", "o2", "o3", "o4", "o5"};
static const char *const walk_clocks[] = {"transfer", "notice", "object",
                                          "conclude", "window", "evaluate"};
static const char *const walk_rungs[] = {"yellow", "red", "overdue+7d",
                                         "overdue+30d"};

static inline const char *walk_word(struct walk *w, const char *const list[],
                                    unsigned n)
{
    return list[w->pick(w, n)];
}
#define WALK_WORD(w, list)                                                     \
    walk_word(w, list, (unsigned)(sizeof(list) / sizeof((list)[0])))

static inline void walk_submit(struct walk *w)
{
    struct dk_submit s = kit_submission();
    unsigned n = w->pick(w, 3);

    s.kind = (enum dk_kind)w->pick(w, DK_KIND_N);
    s.import = w->pick(w, 4) == 0;
    s.region = w->pick(w, 4) == 0 ? NULL : s.region;
    if (w->pick(w, 2) == 0)
        s.submitted_at = w->k.env.now - (dk_ms)w->pick(w, 400) * DK_DAY;
    for (unsigned i = 0; i < n; i++) {
        struct dk_respondent *r = &s.respondent[s.n_respondent++];
        unsigned kind = w->pick(w, 3);

        if (kind != 0)
            r->unit = WALK_WORD(w, walk_units);
        if (kind != 1)
            r->officer = WALK_WORD(w, walk_officers);
    }
    (void)kit_submit(&w->k, &s);
}

static inline void walk_mask(struct walk *w, char *buf, size_t cap, int odds)
{
    size_t len = 0;

    buf[0] = '\0';
    for (int ev = DK_EV_REGISTERED; ev < DK_EV_N; ev++) {
        if (dk_ev_is_bookkeeping((enum dk_ev)ev))
            continue;
        if (w->pick(w, (unsigned)odds) == 0 && len + 40 < cap)
            len += (size_t)snprintf(buf + len, cap - len, "%s\"%s\"",
                                    len > 0 ? "," : "",
                                    dk_ev_name((enum dk_ev)ev));
    }
}

static inline void walk_time(dk_ms t, char *buf)
{
    struct dk_jw w = {0};

    dk_jw_time(&w, NULL, t, 480);
    (void)snprintf(buf, 48, "%s", w.buf != NULL ? w.buf : "null");
    dk_jw_fini(&w);
}

/* What a clock may say of its count, its repetitions and a quiet time. */
static inline void walk_clock_more(struct walk *w, dk_ms due, char *buf,
                                   size_t cap)
{
    char at[48];
    size_t len = 0;

    buf[0] = '\0';
    if (w->pick(w, 2) == 0)
        len += (size_t)snprintf(buf, cap,
                                "\"days\":%u,\"held_days\":%u,"
                                "\"holds_for\":[\"appraisal\"],",
                                1 + w->pick(w, 60), w->pick(w, 3));
    if (w->pick(w, 2) == 0) {
        walk_time(due + (dk_ms)w->pick(w, 3) * DK_DAY, at);
        len += (size_t)snprintf(buf + len, cap - len,
                                "\"repeat_at\":%s,\"repeat_days\":%u,", at,
                                1 + w->pick(w, 3));
    }
    if (w->pick(w, 3) == 0) {
        walk_time(w->k.env.now + (dk_ms)w->pick(w, 20) * DK_DAY, at);
        (void)snprintf(buf + len, cap - len, "\"quiet_until\":%s,", at);
    }
}

static inline void walk_clock_args(struct walk *w, char *buf, size_t cap)
{
    static const char *const on_due[] = {"overdue", "close", "lapse"};
    char stops[1200], holds[1200], start[48], due[48], rungs[400], at[48];
    char more[400];
    const struct dk_case *c = w->k.c;
    char id[32];
    dk_ms from = w->k.env.now - (dk_ms)w->pick(w, 4) * DK_DAY;
    dk_ms to = from + (dk_ms)w->pick(w, 40) * DK_DAY;
    uint32_t basis = c->n + 1 - w->pick(w, c->n > 6 ? 6 : c->n + 1);
    size_t len = 0;

    if (w->pick(w, 3) != 0)
        (void)snprintf(id, sizeof(id), "%s", WALK_WORD(w, walk_clocks));
    else
        (void)snprintf(id, sizeof(id), "c%u", w->pick(w, 16));
    if (c->n_clock > 0 && w->pick(w, 2) == 0) { /* move one it has */
        const struct dk_clock *k = &c->clock[w->pick(w, (unsigned)c->n_clock)];

        (void)snprintf(id, sizeof(id), "%s", k->id);
        basis = k->basis;
        from = k->started_at;
        to = k->due_at + (dk_ms)w->pick(w, 3) * 10 * DK_DAY;
    }
    walk_mask(w, stops, sizeof(stops), 6);
    walk_mask(w, holds, sizeof(holds), 4);
    walk_time(from, start);
    walk_time(to, due);
    rungs[0] = '\0';
    for (unsigned i = 0; i < 4; i++) {
        if (w->pick(w, 2) == 0)
            continue;
        walk_time(from + (dk_ms)w->pick(w, 60) * DK_DAY, at);
        len += (size_t)snprintf(rungs + len, sizeof(rungs) - len,
                                "%s{\"id\":\"%s\",\"at\":%s}",
                                len > 0 ? "," : "", walk_rungs[i], at);
    }
    walk_clock_more(w, to, more, sizeof(more));
    (void)snprintf(buf, cap,
                   "{\"clock\":\"%s\",\"basis\":%u,\"started_at\":%s,"
                   "\"due_at\":%s,\"on_due\":\"%s\",\"stops_on\":[%s],"
                   "\"holds_on\":[%s],\"extend_times\":%u,\"extend_days\":30,"
                   "%s\"rungs\":[%s]}",
                   id, basis, start, due, WALK_WORD(w, on_due), stops, holds,
                   w->pick(w, 3), more, rungs);
}

static inline void walk_alert_args(struct walk *w, char *buf, size_t cap)
{
    const struct dk_case *c = w->k.c;
    const char *id = "conclude", *rung = "overdue";
    char times[32] = "";
    uint32_t no = 1;

    if (c->n_clock > 0) {
        const struct dk_clock *k = &c->clock[w->pick(w, (unsigned)c->n_clock)];

        id = k->id;
        no = k->no - (w->pick(w, 8) == 0 && k->no > 1);
        rung = k->rung[w->pick(w, (unsigned)k->n_rung)].id;
        if (k->times > 0 && w->pick(w, 2) == 0) {
            rung = "repeat";
            (void)snprintf(times, sizeof(times), "\"times\":%u,",
                           k->times + w->pick(w, 2));
        }
    }
    (void)snprintf(buf, cap,
                   "{\"clock\":\"%s\",\"clock_no\":%u,\"rung\":\"%s\",%s"
                   "\"level\":\"red\",\"to\":[\"handler:o1\"],"
                   "\"text\":{\"zh-CN\":\"将到期\",\"en\":\"soon due\"}}",
                   id, no, rung, times);
}

static inline const char *walk_extendable(struct walk *w)
{
    const struct dk_case *c = w->k.c;

    for (int i = 0; i < c->n_clock && w->pick(w, 8) != 0; i++) {
        if (c->clock[i].state == DK_CLOCK_RUNNING &&
            c->clock[i].extend_times > 0)
            return c->clock[i].id;
    }
    return c->n_clock > 0 ? c->clock[0].id : "conclude";
}

/* Every text that some action asks for.  Each takes its own of these, so
 * that what it does not know is refused; NULL: see below.
 */
static const char *const walk_plain[DK_ACT_N] = {
    [DK_ACT_OBJECT] = "{\"grounds\":\"不属本单位\"}",
    [DK_ACT_UPHOLD_OBJECTION] = "{\"reason\":\"属实\"}",
    [DK_ACT_REFUSE_OBJECTION] = "{\"reason\":\"不成立\"}",
    [DK_ACT_NOT_ACCEPT] = "{\"ground\":\"已诉讼\",\"other_door\":\"法院\"}",
    [DK_ACT_SUSPEND] = "{\"ground\":\"appraisal\",\"reason\":\"鉴定\"}",
    [DK_ACT_REPORT] = "{\"text\":\"已核实\"}",
    [DK_ACT_ANSWER] = "{\"text\":\"已修复\",\"legal_basis\":\"条例\","
                      "\"delivered\":\"post\"}",
    [DK_ACT_ASK_REVIEW] = "{\"grounds\":\"不服\"}",
    [DK_ACT_REVIEW] = "{\"result\":\"changed\",\"text\":\"改变\"}",
    [DK_ACT_ASK_RE_REVIEW] = "{\"grounds\":\"不服\"}",
    [DK_ACT_RE_REVIEW] = "{\"result\":\"upheld\",\"text\":\"维持\"}",
    [DK_ACT_REOPEN] = "{\"facts\":\"又坏了\"}",
    [DK_ACT_EVALUATE] = "{\"handling\":5,\"result\":4}",
    [DK_ACT_URGE] = "{\"grounds\":\"逾期\",\"answer_days\":10}",
    [DK_ACT_ANSWER_URGE] = "{\"text\":\"即办\"}",
    [DK_ACT_DISCIPLINE] = "{\"body\":\"纪委\"}",
    [DK_ACT_ACCEPT] = "{\"notice\":\"受-1\",\"way\":\"left\"}",
    [DK_ACT_WITHDRAW] = "{\"document\":\"撤-1\"}",
    [DK_ACT_GIVE_NOTICE] = "{\"way\":\"in_person\",\"number\":\"受-2\"}",
    [DK_ACT_DELIVER] = "{\"way\":\"public\"}",
    [DK_ACT_INFORM] = "{\"document\":\"other\",\"way\":\"post\"}",
    [DK_ACT_SETTLE] = "{\"manner\":\"agreed\",\"text\":\"和解\"}",
    [DK_ACT_PRIORITISE] = "{\"need\":\"wages\",\"why\":\"年前\"}",
    [DK_ACT_RELAY] = "{\"there\":\"330600-20260501-000001-1\","
                     "\"event\":\"submitted\"}",
    [DK_ACT_READ_PERSON] = "{\"reason\":\"回访\",\"by\":\"k1\"}",
    [DK_ACT_ERASE_PERSON] = "{\"reason\":\"依申请\"}",
};

/* Arguments of most kinds of action; a few wrong ones among them. */
static inline void walk_args(struct walk *w, enum dk_action a, char *buf,
                             size_t cap)
{
    const struct dk_case *c = w->k.c;
    unsigned form = w->pick(w, 4);

    if (walk_plain[a] != NULL)
        (void)snprintf(buf, cap, "%s", walk_plain[a]);
    else if (a == DK_ACT_ASSIGN && form == 0)
        (void)snprintf(buf, cap, "{\"unit\":\"%s\",\"handler\":\"%s\"}",
                       WALK_WORD(w, walk_units), WALK_WORD(w, walk_officers));
    else if (a == DK_ACT_ASSIGN)
        (void)snprintf(
            buf, cap,
            "{\"unit\":\"%s\",\"candidates\":[\"%s\",\"%s\"],\"rule\":\"r1\"}",
            WALK_WORD(w, walk_units), WALK_WORD(w, walk_officers),
            WALK_WORD(w, walk_officers));
    else if ((a == DK_ACT_TRANSFER || a == DK_ACT_HAND_OVER) && form == 0)
        (void)snprintf(buf, cap, "{\"unit\":\"%s\"}", WALK_WORD(w, walk_units));
    else if (a == DK_ACT_EXTEND)
        (void)snprintf(buf, cap,
                       "{\"clock\":\"%s\",\"days\":%u,\"reason\":\"复杂\","
                       "\"approved_by\":\"o1\"}",
                       walk_extendable(w), w->pick(w, 40));
    else if (a == DK_ACT_ADD_CO_HANDLER)
        (void)snprintf(buf, cap, "{\"unit\":\"%s\",\"handler\":\"%s\"}",
                       WALK_WORD(w, walk_units), WALK_WORD(w, walk_officers));
    else if (a == DK_ACT_REMOVE_CO_HANDLER || a == DK_ACT_GIVE_OPINION)
        (void)snprintf(buf, cap, "{\"unit\":\"%s\",\"%s\":\"x\"}",
                       c->n_co > 0 ? c->co[0].unit : "镇一",
                       a == DK_ACT_GIVE_OPINION ? "text" : "reason");
    else if (a == DK_ACT_LINK || a == DK_ACT_UNLINK)
        (void)snprintf(buf, cap,
                       "{\"relation\":\"%s\",\"to\":\"330000-20260215-000001-"
                       "4\"%s}",
                       dk_relation_names[form & 1],
                       a == DK_ACT_UNLINK ? ",\"reason\":\"x\"" : "");
    else if (a == DK_ACT_MUTE && c->n_clock > 0) {
        char until[48];

        walk_time(w->k.env.now + (dk_ms)(1 + w->pick(w, 32)) * DK_DAY, until);
        (void)snprintf(buf, cap,
                       "{\"clock\":\"%s\",\"until\":%s,\"reason\":\"x\"}",
                       c->clock[w->pick(w, (unsigned)c->n_clock)].id, until);
    } else if (a == DK_ACT_CLOCK)
        walk_clock_args(w, buf, cap);
    else if (a == DK_ACT_ALERT)
        walk_alert_args(w, buf, cap);
    else if (a == DK_ACT_ACK_ALERT)
        (void)snprintf(
            buf, cap, "{\"alert\":%u}",
            c->n_alert > 0 ? c->alert[w->pick(w, (unsigned)c->n_alert)] : 7);
    else
        (void)snprintf(buf, cap, "%s", form == 1 ? "{\"note\":\"无\"}" : "{}");
}

/* Ways out of the life cycle: taken seldom, so that walks come far. */
static inline bool walk_is_exit(enum dk_action a)
{
    return a == DK_ACT_WITHDRAW || a == DK_ACT_DISCIPLINE ||
           a == DK_ACT_REOPEN || a == DK_ACT_NOT_ACCEPT;
}

/* Actions that are possible nearly always and lead nowhere. */
static inline bool walk_is_by_the_way(enum dk_action a)
{
    enum dk_ev ev = dk_action_event(a);

    return dk_ev_is_aside(ev) || dk_ev_is_bookkeeping(ev) ||
           ev == DK_EV_PRIORITISED || ev == DK_EV_ASSIGNED ||
           ev == DK_EV_EVALUATED || ev == DK_EV_URGED ||
           ev == DK_EV_URGE_ANSWERED || ev == DK_EV_DELIVERED ||
           ev == DK_EV_NOTICE_GIVEN || ev == DK_EV_SETTLED;
}

static inline enum dk_action walk_action(struct walk *w)
{
    unsigned kind = w->pick(w, 12);
    enum dk_action a = DK_ACT_FIRE;

    if (kind == 0)
        return DK_ACT_FIRE;
    if (kind <= 2)
        return DK_ACT_CLOCK;
    if (kind == 3)
        return DK_ACT_ALERT;
    if (w->k.c->state == DK_S_ACCEPTED && kind == 4)
        return DK_ACT_EXTEND;
    for (int tries = 0; tries < 12; tries++) {
        a = (enum dk_action)w->pick(w, DK_ACT_N);
        if (a != DK_ACT_SUBMIT &&
            dk_fsm_next(w->k.c->state, dk_action_event(a)) >= 0 &&
            (!walk_is_exit(a) || w->pick(w, 6) == 0) &&
            (!walk_is_by_the_way(a) || w->pick(w, 6) == 0))
            break;
    }
    return a;
}

/* Spoil one byte: what is no JSON any more is not asked. */
static inline void walk_spoil(struct walk *w, char *buf)
{
    size_t len = strlen(buf);

    if (len > 0 && w->pick(w, 32) == 0)
        buf[w->pick(w, (unsigned)len)] = (char)w->pick(w, 256);
}

/* An event as it may come from a damaged disk: an error or not, but no crash,
 * and a refused one changes nothing.
 */
static inline void walk_damage(struct walk *w)
{
    struct dk_event e = w->k.log.v[w->k.log.n - 1];
    struct dk_case *copy = dk_case_clone(w->k.c);
    char *body = malloc(e.body_len + 1);

    if (copy == NULL || body == NULL)
        abort();
    memcpy(body, e.body, e.body_len + 1);
    body[w->pick(w, (unsigned)e.body_len)] = (char)w->pick(w, 256);
    e.body = body;
    e.n = copy->n + 1;
    if (dk_case_evolve(copy, &e) != 0 && !kit_same(copy, w->k.c))
        w->k.fault = "a refused event changed the case";
    free(body);
    dk_case_free(copy);
}

/* One command.  What is broken then is in w->k.fault. */
static inline void walk_step(struct walk *w)
{
    static const dk_ms steps[] = {
        0,           0,           DK_SECOND,   DK_MINUTE,
        DK_MINUTE,   DK_HOUR,     DK_HOUR,     5 * DK_HOUR,
        DK_DAY,      DK_DAY,      2 * DK_DAY,  3 * DK_DAY,
        10 * DK_DAY, 30 * DK_DAY, 90 * DK_DAY, -DK_HOUR};
    char args[4096];
    struct dk_command cmd = {.claimed = DK_NEVER, .actor = "office:a"};
    cJSON *o = NULL;
    int rc;

    w->k.env.now += steps[w->pick(w, 16)];
    if (w->k.c->n == 0) {
        walk_submit(w);
        return;
    }
    cmd.action = walk_action(w);
    cmd.by = w->pick(w, 16) == 0 ? DK_BY_CLIENT : dk_action_who(cmd.action);
    cmd.expect_n = w->pick(w, 16) == 0 ? (int64_t)w->k.c->n + w->pick(w, 2) : 0;
    if (w->pick(w, 8) == 0)
        cmd.claimed = w->k.env.now + DK_DAY - (dk_ms)w->pick(w, 40) * DK_DAY;
    if (w->pick(w, 16) == 0)
        cmd.actor = w->pick(w, 2) == 0 ? "officer:o1" : "unit:局三";
    walk_args(w, cmd.action, args, sizeof(args));
    walk_spoil(w, args);
    if (cmd.action != DK_ACT_FIRE && kit_parse(args, &o) != 0)
        return;
    cmd.args = o;
    rc = kit_run(&w->k, &cmd);
    cJSON_Delete(o);
    if (rc == 0)
        w->done[cmd.action]++;
    else
        w->refused[cmd.action]++;
    if (rc == 0 && cmd.action == DK_ACT_FIRE &&
        dk_case_next(w->k.c) <= w->k.env.now)
        w->k.fault = "something due did not fire";
    if (w->k.fault == NULL)
        w->k.fault = kit_check(&w->k);
    if (w->k.fault == NULL && w->pick(w, 8) == 0)
        walk_damage(w);
}

#endif /* DK_CORE_WALK_H */
