#include "escalate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "calendar.h"
#include "proto/caseno.h"
#include "proto/jsonx.h"

#define ROLES_MAX 8
#define TO_MAX    144 /* "role:id" with its NUL */
#define TEXT_MAX  1200

/* What a clock_fired event says, and what the law makes of it. */
struct firing {
    const struct dk_policy *p;
    const struct dk_book *b;
    const struct dk_case *c;
    int offset_min;
    const char *clock, *rung; /* borrowed from the body */
    int64_t clock_no;
    dk_ms due_at, now;
    const char *level;
    const char *role[ROLES_MAX];
    int n_role;
    char no[DK_CASE_NO_MAX];
};

static int64_t local_day(const struct firing *f, dk_ms t)
{
    const struct dk_zone z = {.std_min = f->offset_min,
                              .dst_min = f->offset_min};
    return dk_zone_day(&z, t);
}

/* The unit that has the case; NULL while the office has it. */
static const char *unit_of(const struct dk_case *c)
{
    if (c->state == DK_S_SUBMITTED || c->state == DK_S_REGISTERED ||
        c->unit[0] == '\0')
        return NULL;
    return c->unit;
}

/* ---- whom ---- */

static bool name_one(const struct firing *f, const char *role, char to[TO_MAX])
{
    const char *id;

    if (strcmp(role, "petitioner") == 0)
        id = f->no; /* who that is stays sealed */
    else if (strcmp(role, "bulletin") == 0 && unit_of(f->c) != NULL)
        id = f->c->unit;
    else if (strcmp(role, "bulletin") == 0)
        id = dk_book_role(f->b, f->c, "office");
    else
        id = dk_book_role(f->b, f->c, role);
    if (id == NULL || id[0] == '\0')
        return false;
    (void)snprintf(to, TO_MAX, "%s:%s", role, id);
    return true;
}

static void write_to(const struct firing *f, struct dk_jw *w)
{
    static const char *const instead[] = {"office", "leader"};
    char to[TO_MAX];
    bool any = false;

    dk_jw_arr(w, "to");
    for (int i = 0; i < f->n_role; i++) {
        if (name_one(f, f->role[i], to)) {
            dk_jw_str(w, NULL, to);
            any = true;
        }
    }
    /* The book names none of them: somebody must hear of it all the same. */
    for (size_t i = 0; i < 2 && !any; i++) {
        if (name_one(f, instead[i], to)) {
            dk_jw_str(w, NULL, to);
            any = true;
        }
    }
    dk_jw_end_arr(w);
}

/* ---- the text ---- */

struct text {
    char s[TEXT_MAX];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t,
                                                      const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(t->s + t->len, sizeof t->s - t->len, fmt, ap);
    va_end(ap);
    if (n > 0)
        t->len = dk_utf8_valid(t->s, strlen(t->s));
    t->s[t->len] = '\0';
}

/* A limit that ends at midnight ends at 24:00 of the day before. */
static bool is_midnight(const struct firing *f)
{
    return (f->due_at + f->offset_min * DK_MINUTE) % DK_DAY == 0;
}

static void split(const struct firing *f, struct dk_date *d, int *hour,
                  int *minute)
{
    dk_ms local = f->due_at + f->offset_min * DK_MINUTE;
    int64_t day = local_day(f, f->due_at) - (is_midnight(f) ? 1 : 0);
    int64_t rest = local - day * DK_DAY;

    *d = dk_date_from_days(day);
    *hour = (int)(rest / DK_HOUR);
    *minute = (int)(rest % DK_HOUR / DK_MINUTE);
}

static const char *level_zh(const char *level)
{
    static const char *const zh[][2] = {
        {"reminder", "提醒"}, {"yellow", "黄色预警"},       {"red", "红色预警"},
        {"overdue", "超期"},  {"long_overdue", "严重超期"}, {NULL, NULL}};
    for (int i = 0; zh[i][0] != NULL; i++) {
        if (strcmp(zh[i][0], level) == 0)
            return zh[i][1];
    }
    return level;
}

static void say_zh(const struct firing *f, struct text *t)
{
    int64_t left = local_day(f, f->due_at) - local_day(f, f->now);
    struct dk_date d;
    int hour, minute;

    split(f, &d, &hour, &minute);
    say(t, "【%s】案件 %s 的“%s”期限", level_zh(f->level), f->no,
        dk_policy_clock_name(f->p, f->c, f->clock, "zh-CN"));
    say(t, f->now < f->due_at ? "将于" : "已于");
    say(t, "%d年%d月%d日%d时", d.year, d.month, d.day, hour);
    if (minute != 0)
        say(t, "%d分", minute);
    say(t, "届满");
    if (f->now < f->due_at)
        say(t, "，还有%lld天。", (long long)left);
    else if (left < 0)
        say(t, "，已超过%lld天。", (long long)-left);
    else
        say(t, "。");
    if (unit_of(f->c) != NULL)
        say(t, "责任单位：%s。", dk_book_unit_name(f->b, f->c->unit, "zh-CN"));
    if (strcmp(f->level, "long_overdue") == 0)
        say(t, "建议督办。");
}

static void say_en(const struct firing *f, struct text *t)
{
    static const char *const months[] = {
        "January", "February", "March",     "April",   "May",      "June",
        "July",    "August",   "September", "October", "November", "December"};
    int64_t left = local_day(f, f->due_at) - local_day(f, f->now);
    bool late = f->now >= f->due_at;
    struct dk_date d;
    int hour, minute;

    split(f, &d, &hour, &minute);
    say(t, "[%s] Case %s: the limit \"%s\" %s on %d %s %d at %02d:%02d",
        f->level, f->no, dk_policy_clock_name(f->p, f->c, f->clock, "en"),
        late ? "ended" : "ends", d.day, months[d.month - 1], d.year, hour,
        minute);
    if (left < 0)
        left = -left;
    if (!late || left > 0)
        say(t, ", %lld %s %s", (long long)left, left == 1 ? "day" : "days",
            late ? "ago" : "from now");
    say(t, ".");
    if (unit_of(f->c) != NULL)
        say(t, " Responsible unit: %s.",
            dk_book_unit_name(f->b, f->c->unit, "en"));
    if (strcmp(f->level, "long_overdue") == 0)
        say(t, " Consider urging the unit.");
}

/* ---- the answer ---- */

static int read_firing(const cJSON *body, struct firing *f,
                       struct dk_problem *why)
{
    int rc = dk_json_id(body, "clock", DK_REQUIRED, &f->clock, NULL, why);

    if (rc == 0)
        rc = dk_json_int(body, "clock_no", DK_REQUIRED, 1, UINT32_MAX,
                         &f->clock_no, NULL, why);
    if (rc == 0)
        rc = dk_json_id(body, "rung", DK_REQUIRED, &f->rung, NULL, why);
    if (rc == 0)
        rc = dk_json_time(body, "due_at", DK_REQUIRED, &f->due_at, NULL, why);
    dk_case_no_format(dk_book_county(f->b), f->c->key, f->no);
    return rc;
}

/* A reminder of a right that can no longer be used reminds nobody. */
static bool is_moot(const struct firing *f)
{
    for (int i = 0; i < f->c->n_clock; i++) {
        const struct dk_clock *k = &f->c->clock[i];
        if (strcmp(k->id, f->clock) == 0)
            return k->on_due != DK_DUE_OVERDUE &&
                   (k->stops_on & dk_fsm_allowed(f->c->state)) == 0;
    }
    return false;
}

static void write_alert(const struct firing *f, struct dk_jw *w)
{
    struct text zh = {.len = 0}, en = {.len = 0};

    say_zh(f, &zh);
    say_en(f, &en);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "action", "alert");
    dk_jw_str(w, "clock", f->clock);
    dk_jw_int(w, "clock_no", f->clock_no);
    dk_jw_str(w, "rung", f->rung);
    dk_jw_str(w, "level", f->level);
    write_to(f, w);
    dk_jw_obj(w, "text");
    dk_jw_str(w, "zh-CN", zh.s);
    dk_jw_str(w, "en", en.s);
    dk_jw_end_obj(w);
    dk_jw_end_obj(w);
}

int dk_escalate_answer(const struct dk_policy *p, const struct dk_book *b,
                       const struct dk_case *c, const struct dk_event *e,
                       int offset_min, struct dk_jw *w, struct dk_problem *why)
{
    struct firing f = {
        .p = p, .b = b, .c = c, .offset_min = offset_min, .now = e->at};
    cJSON *body = NULL;
    int rc;

    if (e->type != DK_EV_CLOCK_FIRED) {
        dk_jw_arr(w, NULL);
        dk_jw_end_arr(w);
        return 0;
    }
    rc = dk_json_parse_obj(e->body, e->body_len, e->body_len, &body, why);
    if (rc != 0)
        return rc;
    rc = read_firing(body, &f, why);
    if (rc == 0) {
        f.n_role = dk_policy_ladder(p, c, f.clock, f.rung, &f.level, f.role,
                                    ROLES_MAX);
        dk_jw_arr(w, NULL);
        if (f.n_role > 0 && !is_moot(&f))
            write_alert(&f, w);
        dk_jw_end_arr(w);
    }
    cJSON_Delete(body);
    return rc;
}
