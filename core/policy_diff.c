/* policy_diff.c - what a new file changes in the law, version by version. */
#include "policy_diff.h"

#include <stdlib.h>
#include <string.h>

#include "policy_impl.h"
#include "policy_text.h"

struct diffing {
    const struct dk_law *old, *new_law;
    bool en;
    struct dk_jw *w;
    struct pol_text t;
};

#define SAY(d, text_en, text_zh) ((d)->en ? (text_en) : (text_zh))

/* ---- members ---- */

static void raw_member(struct dk_jw *w, const char *key,
                       const struct pol_member *m, const struct pol_version *v,
                       const struct pol_clock *k)
{
    struct dk_jw value = {0};

    m->json(&value, v, k);
    if (value.oom)
        w->oom = true;
    else
        dk_jw_raw(w, key, value.buf, value.len);
    dk_jw_fini(&value);
}

/* Every member in which the two differ, as the items of an open array. */
static bool put_members(struct diffing *d, const struct pol_member *m,
                        const char *indent, const struct pol_version *va,
                        const struct pol_clock *ka,
                        const struct pol_version *vb,
                        const struct pol_clock *kb)
{
    bool any = false;

    for (; m->name != NULL; m++) {
        if (pol_same_member(m, va, ka, vb, kb) == 1)
            continue;
        any = true;
        dk_jw_obj(d->w, NULL);
        dk_jw_str(d->w, "member", m->name);
        raw_member(d->w, "old", m, va, ka);
        raw_member(d->w, "new", m, vb, kb);
        dk_jw_end_obj(d->w);
        pol_put(&d->t, "%s%s%s", indent, SAY(d, m->en, m->zh),
                SAY(d, ": ", "："));
        m->say(&d->t, va, ka, d->en);
        pol_put(&d->t, "%s", SAY(d, "  ->  ", " → "));
        m->say(&d->t, vb, kb, d->en);
        pol_put(&d->t, "\n");
    }
    return any;
}

/* ---- clocks ---- */

static bool same_clock(const struct pol_version *va, const struct pol_clock *a,
                       const struct pol_version *vb, const struct pol_clock *b)
{
    for (const struct pol_member *m = pol_clock_members; m->name != NULL; m++) {
        if (pol_same_member(m, va, a, vb, b) != 1)
            return false;
    }
    return true;
}

static void clock_head(struct diffing *d, const struct pol_clock *k,
                       const char *change)
{
    dk_jw_obj(d->w, NULL);
    dk_jw_str(d->w, "clock", k->id);
    dk_jw_str(d->w, "change", change);
    dk_jw_arr(d->w, "members");
    pol_put(&d->t, SAY(d, "  limit %s (%s): ", "  期限 %s（%s）："), k->id,
            pol_name(&k->name, d->en));
}

static void clock_end(struct diffing *d)
{
    dk_jw_end_arr(d->w);
    dk_jw_end_obj(d->w);
}

/* A clock of one side only. */
static void put_one_sided(struct diffing *d, const struct pol_clock *k,
                          bool added)
{
    clock_head(d, k, added ? "added" : "removed");
    pol_put(&d->t, "%s",
            added ? SAY(d, "new, ", "新增，")
                  : SAY(d, "taken out, ", "删除，"));
    pol_say_length(&d->t, k, d->en);
    pol_put(&d->t, "%s", SAY(d, " from ", "，起算于"));
    pol_say_events(&d->t, k->starts_on, d->en);
    pol_put(&d->t, "%s", SAY(d, " until ", "，止于"));
    pol_say_events(&d->t, k->stops_on, d->en);
    pol_put(&d->t, "\n");
    clock_end(d);
}

/* Either version may be NULL: then all clocks of the other are one-sided. */
static void put_clocks(struct diffing *d, const struct pol_version *a,
                       const struct pol_version *b)
{
    dk_jw_arr(d->w, "clocks");
    for (int i = 0; a != NULL && i < a->n_clock; i++) {
        const struct pol_clock *ka = &a->clock[i];
        const struct pol_clock *kb =
            b != NULL ? pol_clock_find(b, ka->id) : NULL;

        if (kb == NULL) {
            put_one_sided(d, ka, false);
        } else if (!same_clock(a, ka, b, kb)) {
            clock_head(d, ka, "changed");
            pol_put(&d->t, "%s\n", SAY(d, "changed", "修改"));
            (void)put_members(d, pol_clock_members, "    ", a, ka, b, kb);
            clock_end(d);
        }
    }
    for (int i = 0; b != NULL && i < b->n_clock; i++) {
        if (a == NULL || pol_clock_find(a, b->clock[i].id) == NULL)
            put_one_sided(d, &b->clock[i], true);
    }
    dk_jw_end_arr(d->w);
}

/* ---- versions ---- */

static const struct pol_version *version_on(const struct dk_policy *p,
                                            int64_t day)
{
    const struct pol_version *v = NULL;

    for (int i = 0; i < p->n_version && p->version[i].from <= day; i++)
        v = &p->version[i];
    return v;
}

static void version_head(struct diffing *d, const struct pol_version *v,
                         const char *change, const char *said)
{
    dk_jw_str(d->w, "effective_from", v->from_text);
    dk_jw_str(d->w, "change", change);
    pol_put(
        &d->t,
        SAY(d, "\nVersion from %s (%s): %s\n", "\n自 %s 起的版本（%s）：%s\n"),
        v->from_text, pol_name(&v->law, d->en), said);
}

static void put_changes(struct diffing *d, const struct pol_version *a,
                        const struct pol_version *b)
{
    dk_jw_arr(d->w, "members");
    if (a != NULL && b != NULL)
        (void)put_members(d, pol_version_members, "  ", a, NULL, b, NULL);
    dk_jw_end_arr(d->w);
    put_clocks(d, a, b);
}

/* A version of one side: against what the other side has for its first day. */
static void put_lone(struct diffing *d, const struct pol_version *v, bool added)
{
    const struct dk_policy *p = added ? d->old->policy : d->new_law->policy;
    const struct pol_version *other = version_on(p, v->from);

    version_head(d, v, added ? "added" : "removed",
                 added ? SAY(d, "new", "新增") : SAY(d, "taken out", "删除"));
    dk_jw_str(d->w, "against", other != NULL ? other->from_text : NULL);
    if (other == NULL)
        pol_put(&d->t, "  %s\n",
                SAY(d, "the other file has no law for that day",
                    "另一文件对该日没有规定"));
    else
        pol_put(&d->t,
                SAY(d, "  compared with the version from %s\n",
                    "  与自 %s 起的版本相比\n"),
                other->from_text);
    put_changes(d, added ? other : v, added ? v : other);
}

static void put_both(struct diffing *d, const struct pol_version *a,
                     const struct pol_version *b)
{
    bool same = pol_same_version(a, b) == 1;

    version_head(d, a, same ? "same" : "changed",
                 same ? SAY(d, "unchanged", "不变")
                      : SAY(d, "rewritten under the same date",
                            "生效日期不变，内容被改写"));
    dk_jw_str(d->w, "against", a->from_text);
    put_changes(d, a, b);
}

static void put_versions(struct diffing *d)
{
    const struct dk_policy *a = d->old->policy, *b = d->new_law->policy;
    int i = 0, j = 0;

    dk_jw_arr(d->w, "versions");
    while (i < a->n_version || j < b->n_version) {
        int64_t x = i < a->n_version ? a->version[i].from : INT64_MAX;
        int64_t y = j < b->n_version ? b->version[j].from : INT64_MAX;

        dk_jw_obj(d->w, NULL);
        if (x == y)
            put_both(d, &a->version[i], &b->version[j]);
        else
            put_lone(d, x < y ? &a->version[i] : &b->version[j], y < x);
        dk_jw_end_obj(d->w);
        i += x <= y;
        j += y <= x;
    }
    dk_jw_end_arr(d->w);
}

/* ---- the calendar ---- */

static void put_year(struct diffing *d, const char *key, bool added)
{
    const struct dk_calendar *a = d->old->calendar, *b = d->new_law->calendar;
    const struct dk_calendar *has = added ? b : a, *lacks = added ? a : b;
    int first, last, unverified;

    dk_calendar_span(has, &first, &last, &unverified);
    dk_jw_arr(d->w, key);
    for (int y = first; y <= last; y++) {
        if (!dk_calendar_knows(has, y) || dk_calendar_knows(lacks, y))
            continue;
        dk_jw_int(d->w, NULL, y);
        pol_put(&d->t,
                added ? SAY(d, "  year %d: new\n", "  %d年：新增\n")
                      : SAY(d, "  year %d: taken out\n", "  %d年：删除\n"),
                y);
    }
    dk_jw_end_arr(d->w);
}

static void put_days(struct diffing *d)
{
    const struct dk_calendar *a = d->old->calendar, *b = d->new_law->calendar;
    int first, last, unverified;
    int64_t from, to;

    dk_calendar_span(a, &first, &last, &unverified);
    from = dk_days_from_date((struct dk_date){first, 1, 1});
    to = dk_days_from_date((struct dk_date){last, 12, 31});
    dk_jw_arr(d->w, "days");
    for (int64_t day = from; day <= to; day++) {
        int x = dk_calendar_works(a, day), y = dk_calendar_works(b, day);
        char text[16];

        if (x < 0 || y < 0 || x == y)
            continue;
        dk_date_format(dk_date_from_days(day), text);
        dk_jw_obj(d->w, NULL);
        dk_jw_str(d->w, "day", text);
        dk_jw_bool(d->w, "works", y == 1);
        dk_jw_end_obj(d->w);
        pol_put(&d->t, "  %s%s%s\n", text, SAY(d, ": ", "："),
                y == 1 ? SAY(d, "works now", "改为工作日")
                       : SAY(d, "rests now", "改为休息日"));
    }
    dk_jw_end_arr(d->w);
}

static void put_calendar(struct diffing *d)
{
    const char *a = dk_calendar_id(d->old->calendar);
    const char *b = dk_calendar_id(d->new_law->calendar);
    size_t before;

    dk_jw_obj(d->w, "calendar");
    dk_jw_str(d->w, "old", a);
    dk_jw_str(d->w, "new", b);
    pol_put(&d->t, SAY(d, "\nCalendar %s -> %s\n", "\n日历 %s → %s\n"), a, b);
    before = d->t.len;
    put_year(d, "years_added", true);
    put_year(d, "years_removed", false);
    put_days(d);
    dk_jw_end_obj(d->w);
    if (d->t.len == before)
        pol_put(&d->t, "%s", SAY(d, "  every day as before\n", "  无变化\n"));
}

void dk_policy_diff_law(const struct dk_law *old, const struct dk_law *new_law,
                        const char *lang, struct dk_jw *json_or_null,
                        char **text_or_null)
{
    struct dk_jw none = {0};
    struct diffing d = {.old = old,
                        .new_law = new_law,
                        .en = strcmp(lang, "en") == 0,
                        .w = json_or_null != NULL ? json_or_null : &none};

    if (json_or_null == NULL)
        dk_jw_obj(&none, NULL);
    pol_put(&d.t, SAY(&d, "Policy %s -> %s\n", "期限规则 %s → %s\n"),
            dk_policy_id(old->policy), dk_policy_id(new_law->policy));
    dk_jw_str(d.w, "policy_old", dk_policy_id(old->policy));
    dk_jw_str(d.w, "policy_new", dk_policy_id(new_law->policy));
    put_versions(&d);
    put_calendar(&d);
    dk_jw_fini(&none);
    if (text_or_null != NULL)
        *text_or_null = pol_take(&d.t);
    else
        free(pol_take(&d.t));
}
