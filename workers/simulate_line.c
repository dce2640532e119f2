#include "simulate_line.h"

#include <string.h>

#include "core/clock.h"
#include "proto/caseno.h"
#include "proto/jsonscan.h"
#include "simulate_span.h"

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

static bool find_members(const char *text, size_t len,
                         struct span found[MEMBER_N])
{
    struct span key, value;
    struct members m;
    unsigned seen = 0;

    members_open(&m, (struct span){text, len});
    while (members_next(&m, &key, &value)) {
        for (int i = 0; i < MEMBER_N; i++) {
            if ((seen & 1U << i) == 0 && span_is(key, member_names[i]) &&
                !span_is(value, "null")) {
                found[i] = value;
                seen |= 1U << i;
                break;
            }
        }
    }
    return (seen | 1U << CLAIMED) == (1U << MEMBER_N) - 1;
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
    memcpy(name, s.at, s.len);
    name[s.len] = '\0';
    type = dk_ev_from_name(name);
    if (type >= 0) {
        e->type = (uint8_t)type;
        return 0;
    }
    near = dk_nearest(name, event_names);
    return dk_failf(p, DK_EFIELD, NULL,
                    "there is no event \"%s\" in this version of docket; did "
                    "you mean \"%s\"?",
                    "本版本没有事件“%s”；是否应为“%s”？", name,
                    near != NULL ? near : "submitted");
}

static int read_time(struct span value, dk_ms *out)
{
    struct span s;

    return span_plain(value, &s) ? dk_time_parse(s.at, s.len, out) : DK_EFIELD;
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
    if (read_time(found[AT], &e->at) != 0)
        return bad(p, "at");
    if (found[CLAIMED].at != NULL &&
        read_time(found[CLAIMED], &e->claimed) != 0)
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

/* The body of a CLOCK_SET without its warnings and its sources: nobody is late
 * by them, and they are most of it.
 */
static void bare_set(struct span body, struct dk_jw *w)
{
    static const char *const not [] = {"rungs", "policy", "version", "article"};
    struct span key, value;
    struct members m;

    dk_jw_obj(w, NULL);
    members_open(&m, body);
    while (members_next(&m, &key, &value)) {
        char name[32];
        bool skip = key.len >= sizeof(name);

        for (size_t i = 0; !skip && i < sizeof(not ) / sizeof(not [0]); i++)
            skip = span_is(key, not [i]);
        if (skip)
            continue;
        memcpy(name, key.at, key.len);
        name[key.len] = '\0';
        dk_jw_raw(w, name, value.at, value.len);
    }
    dk_jw_arr(w, "rungs");
    dk_jw_end_arr(w);
    dk_jw_end_obj(w);
}

static int keep_set(struct span body, struct dk_jw *w, struct dk_problem *p)
{
    unsigned char packed[SIM_PACK_MAX];
    struct dk_problem why = {0};
    struct dk_clock k;
    cJSON *o = NULL;
    size_t len;
    int rc;

    bare_set(body, w);
    if (w->oom)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    rc = dk_json_parse_obj(w->buf, w->len, w->len, &o, &why);
    if (rc == 0)
        rc = dk_clock_read_set(o, &k, &why);
    cJSON_Delete(o);
    if (rc != 0)
        return dk_failf(
            p, rc, NULL,
            "the clock in /body%s cannot be read: %s; is the "
            "history of a newer docket?",
            "无法读取 /body%s 中的期限：%s；历史是否来自更新的版本？",
            why.pointer, why.detail);
    len = sim_clock_pack(&k, packed);
    dk_jw_reset(w);
    dk_jw_raw(w, NULL, (const char *)packed, len);
    return 0;
}

/* Of the firing of a limit's end what a case without warnings understands. */
static void keep_fired(struct span body, struct dk_jw *w)
{
    static const char *const kept[] = {"clock", "clock_no", "rung", "at"};
    struct span key, value, rung = {NULL, 0};
    struct members m;

    dk_jw_obj(w, NULL);
    members_open(&m, body);
    while (members_next(&m, &key, &value)) {
        if (span_is(key, "rung") && !span_plain(value, &rung))
            rung.at = NULL;
        for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
            if (span_is(key, kept[i]))
                dk_jw_raw(w, kept[i], value.at, value.len);
        }
    }
    dk_jw_arr(w, "skipped");
    dk_jw_end_arr(w);
    dk_jw_end_obj(w);
    for (int i = 0; rung.at != NULL && dk_on_due_names[i] != NULL; i++) {
        if (span_is(rung, dk_on_due_names[i]))
            return;
    }
    dk_jw_reset(w);
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

int sim_line_read(const char *text, size_t len, struct sim_event *out,
                  struct dk_jw *more, struct dk_problem *p)
{
    struct span found[MEMBER_N] = {{0}};
    struct sim_event e = {0};
    struct dk_problem why = {0};
    int rc = dk_json_scan(text, len, true, &why);

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
        rc = keep_set(found[BODY], more, p);
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

/* ---- clocks as bytes ----------------------------------------------------- */

/* A clock is mostly zeros: a bit for each eight bytes says whether they are
 * there.  Only this program on this machine reads it again.
 */
#define WORDS ((offsetof(struct dk_clock, rung) + sizeof(struct dk_rung)) / 8)
#define MAP   ((WORDS + 63) / 64 * 8)
_Static_assert((offsetof(struct dk_clock, rung) + sizeof(struct dk_rung)) % 8 ==
                   0,
               "a clock with one rung is whole words");
_Static_assert(MAP + WORDS * 8 <= SIM_PACK_MAX, "room for all of it");

void sim_clock_bare(struct dk_clock *k)
{
    int due = dk_clock_due_rung(k);

    if (due < 0 || k->n_rung == 1)
        return;
    k->rung[0] = k->rung[due];
    k->n_rung = 1;
}

size_t sim_clock_pack(const struct dk_clock *k, unsigned char to[SIM_PACK_MAX])
{
    const char *from = (const char *)k;
    uint64_t map[MAP / 8] = {0};
    size_t len = MAP;

    for (size_t i = 0; i < WORDS; i++) {
        uint64_t v;

        memcpy(&v, from + i * 8, 8);
        if (v == 0)
            continue;
        map[i / 64] |= UINT64_C(1) << i % 64;
        memcpy(to + len, &v, 8);
        len += 8;
    }
    memcpy(to, map, MAP);
    return len;
}

bool sim_clock_unpack(const char *from, size_t len, struct dk_clock *k)
{
    uint64_t map[MAP / 8];
    size_t at = MAP;

    if (len < MAP)
        return false;
    memset(k, 0, sizeof(*k));
    memcpy(map, from, MAP);
    for (size_t i = 0; i < WORDS; i++) {
        if ((map[i / 64] >> i % 64 & 1) == 0)
            continue;
        if (len - at < 8)
            return false;
        memcpy((char *)k + i * 8, from + at, 8);
        at += 8;
    }
    return at == len;
}
