#include "escalate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "calendar.h"
#include "clock.h"
#include "proto/caseno.h"
#include "proto/jsonx.h"
#include "proto/words.h"

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
    int64_t times; /* of a repetition; 0: it is a rung */
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

#define TO_N (ROLES_MAX + 1)

struct addressees {
    char to[TO_N][TO_MAX];
    int n;
};

/* Who fills the role, and which role they are then told in: who stands in for a
 * handler is told as what they are.
 */
static const char *find_one(const struct firing *f, const char **role)
{
    const char *id, *head;

    if (strcmp(*role, "petitioner") == 0)
        return f->no; /* who that is stays sealed */
    if (strcmp(*role, "bulletin") == 0)
        return unit_of(f->c) != NULL ? f->c->unit
                                     : dk_book_role(f->b, f->c, "office");
    id = dk_book_role(f->b, f->c, *role);
    if (strcmp(*role, "handler") == 0) {
        head = dk_book_role(f->b, f->c, "unit_head");
        if (head != NULL && (id == NULL || strcmp(id, head) == 0)) {
            *role = "unit_head";
            return head;
        }
    }
    if (strcmp(*role, "administrator") == 0 && id == NULL) {
        *role = "office";
        return dk_book_role(f->b, f->c, *role);
    }
    return id;
}

/* Each once. */
static void add_one(const struct firing *f, const char *role,
                    struct addressees *x)
{
    const char *id = find_one(f, &role);
    char *to;

    if (id == NULL || id[0] == '\0' || x->n == TO_N)
        return;
    to = x->to[x->n];
    (void)snprintf(to, TO_MAX, "%s:%s", role, id);
    for (int i = 0; i < x->n; i++) {
        if (strcmp(x->to[i], to) == 0)
            return;
    }
    x->n++;
}

static void write_to(const struct firing *f, struct dk_jw *w)
{
    static const char *const instead[] = {"office", "leader"};
    struct addressees x = {.n = 0};

    for (int i = 0; i < f->n_role; i++)
        add_one(f, f->role[i], &x);
    /* The book names none of them: somebody must hear of it all the same. */
    for (size_t i = 0; i < 2 && x.n == 0; i++)
        add_one(f, instead[i], &x);
    dk_jw_arr(w, "to");
    for (int i = 0; i < x.n; i++)
        dk_jw_str(w, NULL, x.to[i]);
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

static void say_zh(const struct firing *f, struct text *t)
{
    int64_t left = local_day(f, f->due_at) - local_day(f, f->now);
    struct dk_date d;
    int hour, minute;

    split(f, &d, &hour, &minute);
    say(t, "【%s】案件 %s 的“%s”期限",
        dk_word_named("level", f->level, DK_LANG_ZH_CN), f->no,
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
    if (f->times > 0)
        say(t, "第%lld次催报，办结或暂停催报前将继续提醒。",
            (long long)f->times);
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
    if (f->times > 0)
        say(t, " Told again, number %lld; this goes on until somebody acts.",
            (long long)f->times);
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
    if (rc == 0)
        rc = dk_json_int(body, "times", DK_OPTIONAL, 1, UINT32_MAX, &f->times,
                         NULL, why);
    dk_case_no_format(dk_book_county(f->b), f->c->key, f->no);
    return rc;
}

/* A reminder of a right that can no longer be used reminds nobody, nor that of
 * a time which no longer counts because the case was reopened, nor does a
 * repetition after somebody has acted, or after the next one.
 */
static bool is_moot(const struct firing *f)
{
    int i = dk_clock_find(f->c, f->clock);
    const struct dk_clock *k = i >= 0 ? &f->c->clock[i] : NULL;

    if (k == NULL)
        return false;
    if (f->times > 0)
        return k->no != f->clock_no || k->state != DK_CLOCK_RUNNING ||
               k->times > f->times;
    return k->on_due != DK_DUE_OVERDUE &&
           (!dk_clock_can_stop(f->c, k) || dk_clock_superseded(f->c, k));
}

/* A repetition says as much as the highest step that was reached. */
static void raise_level(struct firing *f)
{
    int i = dk_clock_find(f->c, f->clock);
    const struct dk_clock *k = i >= 0 ? &f->c->clock[i] : NULL;

    for (int r = 0; f->times > 0 && k != NULL && r < k->n_rung; r++) {
        const char *role[ROLES_MAX], *level = NULL;

        if (k->rung[r].fired &&
            dk_policy_ladder(f->p, f->c, k->id, k->rung[r].id, &level, role,
                             ROLES_MAX) > 0 &&
            strcmp(level, "long_overdue") == 0)
            f->level = level;
    }
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
    dk_jw_time(w, "due_at", f->due_at, f->offset_min);
    if (f->times > 0)
        dk_jw_int(w, "times", f->times);
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
    rc = dk_json_parse_fixed(e->body, e->body_len, e->body_len, &body, why);
    if (rc != 0)
        return rc;
    rc = read_firing(body, &f, why);
    if (rc == 0) {
        f.n_role = dk_policy_ladder(p, c, f.clock, f.rung, &f.level, f.role,
                                    ROLES_MAX);
        raise_level(&f);
        dk_jw_arr(w, NULL);
        if (f.n_role > 0 && !is_moot(&f))
            write_alert(&f, w);
        dk_jw_end_arr(w);
    }
    cJSON_Delete(body);
    return rc;
}
