#include "simulate_line.h"

#include <string.h>

#include "core/clock.h"
#include "proto/caseno.h"
#include "proto/jsonscan.h"
#include "simulate_shape.h"

#define EVENT_NAME(name, wire, zh) wire,
static const char *const event_names[] = {DK_EVENTS(EVENT_NAME) NULL};
#undef EVENT_NAME

/* The members of an event that are looked at. */
enum {
    CASE_NO,
    NUMBER,
    TYPE,
    AT,
    CLAIMED,
    ACTOR,
    BODY,
    MEMBER_N
};
static const char *const member_names[] = {"case_no",    "n",     "type", "at",
                                           "claimed_at", "actor", "body"};

/* Texts of bodies that no clock depends on. */
static const char *const long_texts[] = {
    "text",        "reason",  "subject", "grounds",    "note",   "legal_basis",
    "explanation", "summary", "facts",   "other_door", "person", "why"};

static int bad(struct dk_problem *p, const char *member)
{
    return dk_failf(p, DK_EFIELD, NULL,
                    "member \"%s\" is missing or not what docketctl follow "
                    "--json prints; export the history anew",
                    "成员“%s”缺失，或不是 docketctl follow --json "
                    "的输出；请重新导出历史",
                    member);
}

/* Member `key` as one of the above, or -1. */
static int member_of(struct span key)
{
    switch (key.len) {
    case 1:
        return key.at[0] == 'n' ? NUMBER : -1;
    case 2:
        return span_is(key, "at") ? AT : -1;
    case 4:
        return span_is(key, "type") ? TYPE : span_is(key, "body") ? BODY : -1;
    case 5:
        return span_is(key, "actor") ? ACTOR : -1;
    case 7:
        return span_is(key, "case_no") ? CASE_NO : -1;
    case 10:
        return span_is(key, "claimed_at") ? CLAIMED : -1;
    default:
        return -1;
    }
}

/* The body's length is not always known: it is looked at member by member. */
static bool find_members(const char *text, size_t len,
                         struct span found[MEMBER_N])
{
    const unsigned all = (1U << MEMBER_N) - 1;
    struct span key, value;
    struct members m;
    unsigned seen = 0;

    members_open(&m, (struct span){text, len});
    while (seen != all && members_key(&m, &key)) {
        int i = member_of(key);

        /* Nothing of interest comes after it in what docket writes. */
        if (i == BODY && (seen | 1U << BODY) == all) {
            found[BODY] = (struct span){m.p, (size_t)(text + len - m.p)};
            return true;
        }
        members_value(&m, &value);
        if (i < 0)
            continue;
        seen |= 1U << i;
        if (i != CLAIMED || !span_is(value, "null"))
            found[i] = value;
    }
    return (seen | 1U << CLAIMED) == all;
}

/* Names of events with their lengths, to compare few of them. */
#define EVENT_ROW(name, wire, zh) {wire, sizeof(wire) - 1},
static const struct {
    const char *name;
    size_t len;
} event_rows[] = {DK_EVENTS(EVENT_ROW)};
#undef EVENT_ROW

static int type_of(struct span s)
{
    for (int e = 0; e < DK_EV_N; e++) {
        if (event_rows[e].len == s.len &&
            memcmp(event_rows[e].name, s.at, s.len) == 0)
            return e;
    }
    return -1;
}

static int read_type(struct span value, struct sim_event *e,
                     struct dk_problem *p)
{
    char name[32];
    struct span s;
    const char *near;
    int type;

    if (!span_plain(value, &s) || s.len == 0 || s.len >= sizeof(name))
        return bad(p, "type");
    type = type_of(s);
    if (type >= 0) {
        e->type = (uint8_t)type;
        return 0;
    }
    memcpy(name, s.at, s.len);
    name[s.len] = '\0';
    near = dk_nearest(name, event_names);
    return dk_failf(p, DK_EFIELD, NULL,
                    "there is no event \"%s\" in this version of docket; did "
                    "you mean \"%s\"?",
                    "本版本没有事件“%s”；是否应为“%s”？", name,
                    near != NULL ? near : "submitted");
}

static int read_case_no(struct span value, struct sim_event *e)
{
    char text[DK_CASE_NO_MAX];
    int32_t county = 0;
    struct span s;

    if (!span_plain(value, &s) || s.len >= sizeof(text))
        return DK_EFIELD;
    memcpy(text, s.at, s.len);
    text[s.len] = '\0';
    if (dk_case_no_parse(text, &county, &e->key) != 0)
        return DK_EFIELD;
    e->county = (uint32_t)county;
    return 0;
}

static int read_envelope(const struct span found[MEMBER_N], struct sim_event *e,
                         struct dk_problem *p)
{
    int64_t n = 0;

    e->claimed = DK_NEVER;
    if (read_case_no(found[CASE_NO], e) != 0)
        return bad(p, "case_no");
    if (!span_int(found[NUMBER], &n) || n < 1 || n > SIM_N_MAX)
        return bad(p, "n");
    e->n = (uint32_t)n;
    if (span_time(found[AT], &e->at) != 0)
        return bad(p, "at");
    if (found[CLAIMED].at != NULL &&
        span_time(found[CLAIMED], &e->claimed) != 0)
        return bad(p, "claimed_at");
    if (found[BODY].at[0] != '{')
        return bad(p, "body");
    return read_type(found[TYPE], e, p);
}

/* ---- bodies -------------------------------------------------------------- */

static bool is_long(struct span key, struct span value)
{
    if (value.at[0] != '"' || value.len <= 8)
        return false;
    for (size_t i = 0; i < sizeof(long_texts) / sizeof(long_texts[0]); i++) {
        if (span_is(key, long_texts[i]))
            return true;
    }
    return false;
}

/* The body anew, its long texts as "-". */
static void keep_body(struct span body, struct dk_jw *w)
{
    struct span key, value;
    struct members m;

    dk_jw_obj(w, NULL);
    members_open(&m, body);
    while (members_next(&m, &key, &value)) {
        char name[64];

        /* No member of ours has such a name. */
        if (key.len >= sizeof(name) || memchr(key.at, '\\', key.len) != NULL)
            continue;
        memcpy(name, key.at, key.len);
        name[key.len] = '\0';
        if (is_long(key, value))
            dk_jw_str(w, name, "-");
        else
            dk_jw_raw(w, name, value.at, value.len);
    }
    dk_jw_end_obj(w);
}

/* ---- limits that pass ---------------------------------------------------- */

static bool is_end(struct span body)
{
    struct span key, value, rung;
    struct members m;

    members_open(&m, body);
    while (members_next(&m, &key, &value)) {
        if (!span_is(key, "rung"))
            continue;
        for (int i = 0; dk_on_due_names[i] != NULL; i++) {
            if (span_plain(value, &rung) && span_is(rung, dk_on_due_names[i]))
                return true;
        }
        return false;
    }
    return false;
}

/* Of the firing of a limit's end what a case without warnings understands. */
static void keep_fired(struct span body, struct dk_jw *w)
{
    static const char *const kept[] = {"clock", "clock_no", "rung", "at"};
    struct span key, value;
    struct members m;

    if (!is_end(body))
        return;
    dk_jw_obj(w, NULL);
    members_open(&m, body);
    while (members_next(&m, &key, &value)) {
        for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
            if (span_is(key, kept[i]))
                dk_jw_raw(w, kept[i], value.at, value.len);
        }
    }
    dk_jw_arr(w, "skipped");
    dk_jw_end_arr(w);
    dk_jw_end_obj(w);
}

/* Did docketd close the case, because a window ended? */
static bool is_by_window(const struct span found[MEMBER_N])
{
    struct span key, value;
    struct members m;

    if (!span_is(found[ACTOR], "\"docketd\""))
        return false;
    members_open(&m, found[BODY]);
    while (members_next(&m, &key, &value)) {
        if (span_is(key, "clock"))
            return true;
    }
    return false;
}

int sim_line_read(struct sim_shapes *shapes, const char *text, size_t len,
                  struct sim_event *out, struct dk_jw *more,
                  struct dk_problem *p)
{
    struct span found[MEMBER_N] = {{0}};
    struct sim_event e = {0};
    struct dk_problem why; /* large, and seldom needed */
    size_t values;
    int rc = dk_json_scan(text, len, true, &values, &why);

    if (rc != 0)
        return dk_failf(p, rc, NULL,
                        "%s; a line of history is one event, whole, as "
                        "docketctl follow --json prints it",
                        "%s；历史的每一行应为 docketctl follow --json "
                        "输出的一个完整事件",
                        why.detail);
    if (!find_members(text, len, found)) {
        int i = 0;

        while (i < MEMBER_N - 1 && (found[i].at != NULL || i == CLAIMED))
            i++;
        return bad(p, member_names[i]);
    }
    rc = read_envelope(found, &e, p);
    if (rc != 0)
        return rc;
    if (e.type == DK_EV_CLOCK_SET)
        rc = sim_shapes_set(shapes, found[BODY], more, p);
    else if (e.type == DK_EV_CLOCK_FIRED)
        keep_fired(found[BODY], more);
    else if (!dk_ev_is_bookkeeping((enum dk_ev)e.type))
        keep_body(found[BODY], more);
    e.by_window = e.type == DK_EV_CLOSED && is_by_window(found);
    if (rc == 0 && more->oom)
        rc = dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    e.len = (uint32_t)more->len;
    if (rc == 0)
        *out = e;
    return rc;
}
