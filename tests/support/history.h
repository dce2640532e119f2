/* history.h - made-up lives of cases, lived through the real core under a real
 * policy, and the lines that `docketctl follow --json` would print of them.
 *
 * The broker and its workers are played by hand: what is due fires on its
 * minute, the deadline service answers at once, alerts are raised.
 */
#ifndef DK_TEST_HISTORY_H
#define DK_TEST_HISTORY_H

#include <stdio.h>

#include "core/policy.h"
#include "proto/caseno.h"
#include "tests/support/core_kit.h"

#define HISTORY_COUNTY 330699
#define HISTORY_OFFSET 480

struct office {
    struct kit k;
    const struct dk_policy *policy;
    const struct dk_calendar *calendar;
    uint64_t random;
    bool alerts; /* raise one for each rung that fires */
};

static inline void office_open(struct office *o, const struct dk_policy *p,
                               const struct dk_calendar *cal, uint64_t seed)
{
    kit_open(&o->k);
    o->k.env.county = HISTORY_COUNTY;
    o->policy = p;
    o->calendar = cal;
    o->random = seed;
    o->alerts = true;
}

static inline void office_close(struct office *o)
{
    kit_close(&o->k);
}

/* 0 .. n-1, by splitmix64. */
static inline unsigned office_pick(struct office *o, unsigned n)
{
    uint64_t z = o->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ z >> 31) % n);
}

static inline void office_must(struct office *o, int rc, const char *what)
{
    if (rc == 0 && o->k.fault == NULL)
        return;
    fprintf(stderr, "%s: %s %s %s\n", what, o->k.p.pointer, o->k.p.detail,
            o->k.fault != NULL ? o->k.fault : "");
    abort();
}

static inline void office_answer(struct office *o, size_t from);

/* The deadline service's answer to one event. */
static inline void office_clocks(struct office *o, const struct dk_event *e)
{
    struct dk_jw w = {0};
    struct dk_problem why = {0};
    cJSON *list = NULL, *v;

    if (dk_policy_answer(o->policy, o->calendar, o->k.c, e, HISTORY_OFFSET, &w,
                         &why) != 0 ||
        dk_json_parse(w.buf, w.len, w.len, &list, &why) != 0) {
        fprintf(stderr, "deadline: %s\n", why.detail);
        abort();
    }
    cJSON_ArrayForEach (v, list) {
        struct dk_command cmd = {.action = DK_ACT_CLOCK,
                                 .by = DK_BY_WORKER,
                                 .actor = "worker:deadline",
                                 .claimed = DK_NEVER,
                                 .args = v};
        size_t before = o->k.log.n;

        office_must(o, kit_run(&o->k, &cmd), "clock");
        office_answer(o, before);
    }
    cJSON_Delete(list);
    dk_jw_fini(&w);
}

/* The escalation service's: everybody is told. */
static inline void office_alert(struct office *o, const struct dk_event *e)
{
    cJSON *body = NULL;
    const char *id, *rung;
    char text[512];

    if (dk_json_parse(e->body, e->body_len, e->body_len, &body, NULL) != 0)
        abort();
    id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "clock"));
    rung = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "rung"));
    (void)snprintf(
        text, sizeof(text),
        "{\"clock\":\"%s\",\"clock_no\":%d,\"rung\":\"%s\","
        "\"level\":\"yellow\",\"to\":[\"handler:o1\"],"
        "\"text\":{\"zh-CN\":\"期限将至，请及时办理。\","
        "\"en\":\"The limit is near.\"}}",
        id, cJSON_GetObjectItemCaseSensitive(body, "clock_no")->valueint, rung);
    (void)kit_do(&o->k, DK_ACT_ALERT, text);
    cJSON_Delete(body);
}

/* Answer the events from index `from` on. */
static inline void office_answer(struct office *o, size_t from)
{
    for (size_t i = from, end = o->k.log.n; i < end; i++) {
        const struct dk_event *e = &o->k.log.v[i];

        if (e->type == DK_EV_CLOCK_FIRED && o->alerts)
            office_alert(o, e);
        else if (!dk_ev_is_bookkeeping(e->type) &&
                 (dk_ev_services(e->type) & 1U << DK_SVC_DEADLINE) != 0)
            office_clocks(o, e);
    }
}

/* Let time pass, and what is due with it. */
static inline void office_until(struct office *o, dk_ms t)
{
    for (dk_ms at = dk_case_next(o->k.c); at <= t; at = dk_case_next(o->k.c)) {
        size_t before = o->k.log.n;

        if (at > o->k.env.now)
            o->k.env.now = at;
        office_must(o, kit_fire(&o->k), "fire");
        if (o->k.log.n == before)
            abort();
        office_answer(o, before);
    }
    if (t > o->k.env.now)
        o->k.env.now = t;
}

static inline void office_wait(struct office *o, dk_ms ms)
{
    office_until(o, o->k.env.now + ms);
}

static inline void office_days(struct office *o, unsigned least, unsigned most)
{
    office_wait(o, (dk_ms)(least + office_pick(o, most - least + 1)) * DK_DAY +
                       (dk_ms)office_pick(o, 24 * 60) * DK_MINUTE);
}

/* One step, now; a refusal is a step not taken. */
static inline int office_do(struct office *o, enum dk_action a,
                            const char *json)
{
    size_t before = o->k.log.n;
    int rc = kit_do(&o->k, a, json);

    if (o->k.fault != NULL)
        office_must(o, rc, dk_action_name(a));
    if (rc == 0)
        office_answer(o, before);
    return rc;
}

static inline void office_submit(struct office *o, dk_ms at, int64_t key,
                                 const struct dk_submit *s)
{
    struct dk_command cmd = {.action = DK_ACT_SUBMIT,
                             .by = DK_BY_BROKER,
                             .actor = "kiosk",
                             .claimed = DK_NEVER,
                             .submit = s,
                             .key = key};

    o->k.env.now = at;
    office_must(o, kit_run(&o->k, &cmd), "submit");
    office_answer(o, 0);
}

/* ---- a life by chance ---------------------------------------------------- */

static const char *const office_units[] = {"town-a",   "town-b",    "town-c",
                                           "bureau-1", "bureau-2",  "bureau-3",
                                           "bureau-4", "village-9", "park"};
#define OFFICE_UNITS (sizeof(office_units) / sizeof(office_units[0]))

static inline bool office_chance(struct office *o, unsigned percent)
{
    return office_pick(o, 100) < percent;
}

/* Put a unit in charge. */
static inline void office_assign(struct office *o, const char *unit)
{
    char text[256];

    (void)snprintf(text, sizeof(text),
                   "{\"unit\":\"%s\",\"handler\":\"%s-1\",\"rule\":\"r-%u\"}",
                   unit, unit, office_pick(o, 40));
    (void)office_do(o, DK_ACT_ASSIGN, text);
}

static inline void office_pass_on(struct office *o)
{
    const char *unit = office_units[office_pick(o, OFFICE_UNITS)];
    char text[256];

    office_assign(o, unit);
    office_days(o, 0, 6);
    if (office_chance(o, 75))
        (void)snprintf(text, sizeof(text), "{\"unit\":\"%s\"}", unit);
    else
        (void)snprintf(text, sizeof(text),
                       "{\"unit\":\"%s\",\"report_days\":%u}", unit,
                       20 + office_pick(o, 50));
    if (strstr(text, "report_days") == NULL ||
        office_do(o, DK_ACT_HAND_OVER, text) != 0)
        (void)office_do(o, DK_ACT_TRANSFER, text);
}

static inline void office_object(struct office *o)
{
    office_days(o, 1, 7);
    if (office_do(o, DK_ACT_OBJECT, "{\"grounds\":\"不属本单位职权\"}") != 0)
        return;
    office_days(o, 0, 5);
    if (office_chance(o, 40)) {
        (void)office_do(o, DK_ACT_REFUSE_OBJECTION,
                        "{\"reason\":\"属该单位职权\"}");
        return;
    }
    (void)office_do(o, DK_ACT_UPHOLD_OBJECTION, "{\"reason\":\"属实\"}");
    office_pass_on(o);
}

static inline void office_handle(struct office *o)
{
    if (office_chance(o, 15)) {
        office_days(o, 3, 80);
        if (office_do(o, DK_ACT_SUSPEND,
                      office_chance(o, 70)
                          ? "{\"reason\":\"举行听证\"}"
                          : "{\"reason\":\"鉴定\",\"ground\":\"appraisal\"}") ==
            0) {
            office_days(o, 1, 40);
            (void)office_do(o, DK_ACT_RESUME, "{}");
        }
    }
    if (office_chance(o, 20)) {
        office_days(o, 0, 70);
        (void)office_do(o, DK_ACT_EXTEND,
                        "{\"days\":30,\"reason\":\"案情复杂，"
                        "需进一步核实\",\"approved_by\":\"head\"}");
    }
    if (office_chance(o, 12)) {
        (void)office_do(o, DK_ACT_URGE,
                        "{\"grounds\":\"临近期限\","
                        "\"answer_days\":10}");
        office_days(o, 2, 16);
        (void)office_do(o, DK_ACT_ANSWER_URGE, "{\"text\":\"正在办理\"}");
    }
    office_days(o, 1, 20);
    if (o->k.c->last_n[DK_EV_HANDED_OVER] > 0)
        (void)office_do(o, DK_ACT_REPORT, "{\"text\":\"已核实\"}");
    office_days(o, 1, office_chance(o, 12) ? 90 : 32);
    (void)office_do(
        o, DK_ACT_ANSWER,
        "{\"text\":\"经现场核实，反映的路灯不亮问题属实，已于本周更换三盏，"
        "并将该路段列入每月巡查。\",\"legal_basis\":"
        "\"《城市照明管理规定》第二十一条\",\"delivered\":\"post\"}");
}

static inline void office_review(struct office *o)
{
    office_days(o, 1, 40);
    if (office_do(o, DK_ACT_ASK_REVIEW, "{\"grounds\":\"对处理意见不服\"}") !=
        0)
        return;
    office_assign(o, "county-review");
    office_days(o, 5, 45);
    (void)office_do(o, DK_ACT_REVIEW,
                    "{\"result\":\"upheld\",\"text\":\"维持原处理意见\"}");
    office_days(o, 1, 35);
    if (office_chance(o, 50) ||
        office_do(o, DK_ACT_ASK_RE_REVIEW, "{\"grounds\":\"仍不服\"}") != 0)
        return;
    office_assign(o, "city-review");
    office_days(o, 5, 45);
    (void)office_do(o, DK_ACT_RE_REVIEW,
                    "{\"result\":\"upheld\",\"text\":\"维持\"}");
}

static inline void office_work(struct office *o)
{
    office_pass_on(o);
    if (office_chance(o, 10))
        office_object(o);
    office_days(o, 0, office_chance(o, 15) ? 25 : 12);
    if (office_chance(o, 6)) {
        (void)office_do(o, DK_ACT_NOT_ACCEPT,
                        "{\"ground\":\"已进入诉讼\",\"other_door\":\"法院\","
                        "\"notice\":\"不受-1\",\"way\":\"post\"}");
        return;
    }
    if (office_chance(o, 80))
        (void)office_do(o, DK_ACT_ACCEPT,
                        "{\"notice\":\"受-1\",\"way\":\"electronic\"}");
    else if (office_do(o, DK_ACT_ACCEPT, "{}") == 0) {
        office_days(o, 0, 12);
        (void)office_do(o, DK_ACT_GIVE_NOTICE, "{\"way\":\"post\"}");
    }
    office_handle(o);
    if (office_chance(o, 12))
        office_review(o);
    if (office_chance(o, 50)) {
        office_days(o, 1, 40);
        (void)office_do(o, DK_ACT_EVALUATE, "{\"handling\":4,\"result\":3}");
    }
}

/* One life from `at` on, and a quiet half year after it. */
static inline void office_live(struct office *o, dk_ms at, int64_t key)
{
    struct dk_submit s = kit_submission();

    s.person[0] = (struct dk_person){.name = "王某", .address = "城东镇"};
    s.n_person = office_chance(o, 92);
    s.kind = (enum dk_kind)office_pick(o, DK_KIND_N);
    s.channel = (enum dk_channel)office_pick(o, DK_CH_N);
    s.facts = "村口往东的路灯坏了三个月，晚上老人出门不便，多次向村里反映"
              "未见处理，望有关部门尽快安排人员维修，并告知大概的修复时间。"
              "附近还有两处井盖松动，车辆经过时声响很大，也请一并查看。";
    if (office_chance(o, 10))
        s.submitted_at = at - (dk_ms)office_pick(o, 5) * DK_DAY;
    office_submit(o, at, key, &s);
    office_wait(o, (dk_ms)office_pick(o, 200) * DK_MINUTE);
    (void)office_do(o, DK_ACT_REGISTER, "{}");
    office_work(o);
    if (office_chance(o, 4)) {
        office_days(o, 1, 60);
        if (office_do(o, DK_ACT_REOPEN, "{\"facts\":\"又坏了\"}") == 0)
            office_work(o);
    }
    office_days(o, 60, 180);
}

/* ---- its lines ----------------------------------------------------------- */

static inline void history_write(struct dk_jw *w, const struct dk_event *e,
                                 int64_t key, int64_t seq)
{
    static const uint8_t none[32] = {0x5a};
    char no[DK_CASE_NO_MAX], text[24];

    dk_case_no_format(HISTORY_COUNTY, key, no);
    (void)snprintf(text, sizeof(text), "%lld", (long long)seq);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "seq", text);
    dk_jw_hex(w, "broker", none, 16);
    dk_jw_str(w, "case_no", no);
    dk_jw_int(w, "n", e->n);
    dk_jw_str(w, "type", dk_ev_name(e->type));
    dk_jw_time(w, "at", e->at, HISTORY_OFFSET);
    dk_jw_time(w, "claimed_at", e->claimed, HISTORY_OFFSET);
    dk_jw_str(w, "actor", e->actor);
    dk_jw_raw(w, "body", e->body, e->body_len);
    dk_jw_hex(w, "hash", none, sizeof(none));
    dk_jw_end_obj(w);
}

#endif /* DK_TEST_HISTORY_H */
