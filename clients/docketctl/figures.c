#include "figures.h"

#include <stdlib.h>
#include <string.h>

#include "proto/submit.h"
#include "proto/words.h"

_Static_assert(CHANNELS == DK_CH_N, "every channel has its count");

#define WIRE(name, wire, en, zh) wire,
#define EN(name, wire, en, zh)   en,
#define ZH(name, wire, en, zh)   zh,
static const char *const wires[] = {FIGURES(WIRE) NULL};
static const char *const labels_en[] = {FIGURES(EN)};
static const char *const labels_zh[] = {FIGURES(ZH)};
#undef WIRE
#undef EN
#undef ZH

const char *figure_wire(enum figure f)
{
    return wires[f];
}

const char *figure_label(const struct ctl *ctl, enum figure f)
{
    return ctl->zh ? labels_zh[f] : labels_en[f];
}

const struct ratio ratios[RATIOS] = {
    {"accepted_in_time", FIG_NOTICE_IN_TIME, FIG_NOTICE_DUE, "accepted_in_time",
     "", ""},
    {"concluded_in_time", FIG_CONCLUDE_IN_TIME, FIG_CONCLUDE_DUE,
     "concluded_in_time", "", ""},
    {"settled_first", FIG_SETTLED_FIRST, FIG_FIRST_CONCLUDED, "settled_first",
     "", ""},
    {"satisfied_handling", FIG_SATISFIED_HANDLING, FIG_EVALUATED, "satisfied",
     " with the handling", "（办理）"},
    {"satisfied_result", FIG_SATISFIED_RESULT, FIG_EVALUATED, "satisfied",
     " with the result", "（结果）"},
    {"extended", FIG_EXTENDED, FIG_ACCEPTED, "extended", "", ""},
    {"changed", FIG_CHANGED, FIG_REVIEWED, "changed", "", ""},
    {"repeated", FIG_RECEIVED_REPEAT, FIG_RECEIVED, "repeated", "", ""},
};

void ratio_label(const struct ctl *ctl, const struct ratio *r, char *buf,
                 size_t cap)
{
    (void)snprintf(
        buf, cap, "%s%s",
        dk_word_named("figure", r->word, ctl->zh ? DK_LANG_ZH_CN : DK_LANG_EN),
        ctl->zh ? r->zh : r->en);
}

/* ---- groups -------------------------------------------------------------- */

static void group_fini(struct group *g)
{
    free(g->key);
    free(g->late);
}

void figures_fini(struct figures *f)
{
    group_fini(&f->total);
    for (size_t i = 0; i < f->n; i++)
        group_fini(&f->v[i]);
    free(f->v);
    memset(f, 0, sizeof *f);
}

/* Index of the first group whose key is not before `key`. */
static size_t lower(const struct figures *f, const char *key)
{
    size_t lo = 0, hi = f->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (strcmp(f->v[mid].key, key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct group *figures_find(const struct figures *f, const char *key)
{
    size_t i = lower(f, key);

    return i < f->n && strcmp(f->v[i].key, key) == 0 ? &f->v[i] : NULL;
}

/* The group of a key, made if it is not there; NULL: out of memory. */
static struct group *make_group(struct figures *f, const char *key)
{
    size_t i = lower(f, key);

    if (i < f->n && strcmp(f->v[i].key, key) == 0)
        return &f->v[i];
    if (f->n == f->cap) {
        size_t cap = f->cap == 0 ? 32 : f->cap * 2;
        struct group *v = realloc(f->v, cap * sizeof *v);

        if (v == NULL)
            return NULL;
        f->v = v;
        f->cap = cap;
    }
    char *copy = strdup(key);
    if (copy == NULL)
        return NULL;
    memmove(&f->v[i + 1], &f->v[i], (f->n - i) * sizeof *f->v);
    f->n++;
    f->v[i] = (struct group){.key = copy};
    return &f->v[i];
}

/* n limits more (or less) that were too late from `day` on. */
static int add_late(struct group *g, int32_t day, int64_t n)
{
    for (size_t i = 0; i < g->n_late; i++) {
        if (g->late[i].day == day) {
            g->late[i].n += n;
            return 0;
        }
    }
    if (g->n_late == g->cap_late) {
        size_t cap = g->cap_late == 0 ? 16 : g->cap_late * 2;
        struct late *v = realloc(g->late, cap * sizeof *v);

        if (v == NULL)
            return DK_ENOMEM;
        g->late = v;
        g->cap_late = cap;
    }
    g->late[g->n_late++] = (struct late){day, n};
    return 0;
}

static int by_day(const void *a, const void *b)
{
    const struct late *x = a, *y = b;

    return x->day < y->day ? -1 : x->day > y->day;
}

struct overdue group_overdue(struct group *g, int32_t day)
{
    struct overdue o = {0, 0, 0};
    int64_t passed = 0;

    if (g->n_late > 0)
        qsort(g->late, g->n_late, sizeof *g->late, by_day);
    for (size_t i = 0; i < g->n_late; i++) {
        if (g->late[i].n > 0 && o.n == 0)
            o.worst = day - g->late[i].day + 1;
        if (g->late[i].n > 0)
            o.n += g->late[i].n;
    }
    /* From the longest on: the lower middle is number n / 2 + 1. */
    for (size_t i = 0; i < g->n_late && o.median == 0; i++) {
        if (g->late[i].n > 0)
            passed += g->late[i].n;
        if (passed > o.n / 2)
            o.median = day - g->late[i].day + 1;
    }
    return o;
}

/* ---- the broker's sums --------------------------------------------------- */

static int index_of(const char *const names[], const char *name)
{
    for (int i = 0; name != NULL && names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

static const char *text_of(const cJSON *o, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
}

/* One sum of the broker's into the group that it is of. */
static int take(struct figures *f, const char *key, const cJSON *item)
{
    struct group *g = key == NULL ? &f->total : make_group(f, key);
    const char *measure = text_of(item, "measure"), *tag = text_of(item, "tag");
    int figure = index_of(wires, measure);
    int channel = index_of(dk_channel_names, tag);
    struct dk_date date;
    int64_t n = 0;

    if (g == NULL)
        return DK_ENOMEM;
    if (measure == NULL || dk_json_int(item, "n", DK_REQUIRED, INT64_MIN,
                                       INT64_MAX, &n, NULL, NULL) != 0)
        return DK_EFIELD;
    if (figure >= 0)
        g->n[figure] += n;
    if (figure == FIG_RECEIVED && channel >= 0)
        g->channel[channel] += n;
    if (figure >= 0 || tag == NULL || strncmp(measure, "overdue_", 8) != 0 ||
        dk_date_parse(tag, strlen(tag), &date) != 0)
        return 0;
    return add_late(g, (int32_t)dk_days_from_date(date),
                    strcmp(measure, "overdue_start") == 0 ? n : -n);
}

struct want {
    int32_t from, to; /* from INT32_MIN: the beginning */
    const char *const *measures;
    const char *key; /* of the group that all of it is of; NULL: by `by` */
    enum by by;
};

static void write_day(struct dk_jw *w, const char *key, int32_t day)
{
    char buf[16];

    dk_date_format(dk_date_from_days(day), buf);
    dk_jw_str(w, key, buf);
}

static void write_want(struct dk_jw *w, const struct figures_ask *q,
                       const struct want *want, const char *after)
{
    dk_jw_obj(w, NULL);
    if (want->from != INT32_MIN)
        write_day(w, "from", want->from);
    write_day(w, "to", want->to);
    if (q->as_of != INT32_MAX)
        write_day(w, "as_of", q->as_of);
    if (q->unit != NULL)
        dk_jw_str(w, "unit", q->unit);
    if (q->category != NULL)
        dk_jw_str(w, "category", q->category);
    dk_jw_arr(w, "measures");
    for (int i = 0; want->measures[i] != NULL; i++)
        dk_jw_str(w, NULL, want->measures[i]);
    dk_jw_end_arr(w);
    if (want->by != BY_NONE) {
        dk_jw_arr(w, "by");
        dk_jw_str(w, NULL, want->by == BY_UNIT ? "unit" : "category");
        dk_jw_end_arr(w);
    }
    if (after[0] != '\0')
        dk_jw_str(w, "after", after);
    dk_jw_end_obj(w);
}

static int take_page(struct figures *f, const struct want *want,
                     const cJSON *items)
{
    const cJSON *item;

    if (!cJSON_IsArray(items))
        return DK_EFIELD;
    cJSON_ArrayForEach (item, items) {
        const char *key = want->key;
        int rc;

        if (want->by != BY_NONE) {
            key = text_of(item, want->by == BY_UNIT ? "unit" : "category");
            key = key == NULL ? "" : key;
        }
        rc = take(f, key, item);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int ask(struct ctl *ctl, const struct figures_ask *q,
               const struct want *want, struct figures *f)
{
    char after[512] = "";

    if (want->from > want->to)
        return 0; /* nothing of it is over */
    do {
        struct dk_jw w = {0};
        struct dk_reply r;

        write_want(&w, q, want, after);
        int rc = ctl_ask(ctl, "tally.list", &w, &r);
        if (rc != 0)
            return rc;
        const char *next = text_of(r.json, "next");
        (void)snprintf(after, sizeof after, "%s", next == NULL ? "" : next);
        rc = take_page(f, want,
                       cJSON_GetObjectItemCaseSensitive(r.json, "items"));
        dk_reply_free(&r);
        if (rc == DK_ENOMEM)
            return say_oom(ctl);
        if (rc != 0)
            return say_odd_reply(ctl, "items");
    } while (after[0] != '\0');
    return 0;
}

/* ---- a period ------------------------------------------------------------ */

static const char *const limits[] = {
    "notice_due",       "notice_in_time", "notice_late", "conclude_due",
    "conclude_in_time", "conclude_late",  NULL};
static const char *const stock[] = {"overdue_start", "overdue_end", NULL};

/* All but those two: what happened on the days. */
static const char *const *flows(const char *out[FIG_N + 1])
{
    int n = 0;

    for (int i = 0; i < FIG_N; i++) {
        if (index_of(limits, wires[i]) < 0)
            out[n++] = wires[i];
    }
    out[n] = NULL;
    return out;
}

static int32_t min_day(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* The figures of the days from..to, into the total or groups. */
static int fetch_days(struct ctl *ctl, const struct figures_ask *q,
                      int32_t from, int32_t to, const char *key, enum by by,
                      struct figures *f)
{
    const char *names[FIG_N + 1];
    int32_t ended = min_day(q->as_of, q->today - 1);
    struct want w = {.from = from, .to = to, .key = key, .by = by};

    w.measures = flows(names);
    int rc = ask(ctl, q, &w, f);
    w.measures = limits;
    w.to = min_day(to, ended);
    if (rc == 0)
        rc = ask(ctl, q, &w, f);
    w.measures = stock;
    w.from = INT32_MIN;
    w.to = min_day(to, min_day(q->as_of, q->today));
    return rc == 0 ? ask(ctl, q, &w, f) : rc;
}

int figures_fetch(struct ctl *ctl, const struct figures_ask *q,
                  const struct period *period, struct figures *out)
{
    struct period month;

    *out = (struct figures){.period = *period};
    out->limits_to = min_day(period->to, min_day(q->as_of, q->today - 1));
    out->stock_day = min_day(period->to, min_day(q->as_of, q->today));
    int rc = fetch_days(ctl, q, period->from, period->to, NULL, BY_NONE, out);
    if (rc == 0 && (q->by == BY_UNIT || q->by == BY_CATEGORY))
        rc = fetch_days(ctl, q, period->from, period->to, NULL, q->by, out);
    for (int i = 0;
         rc == 0 && q->by == BY_MONTH && period_month(period, i, &month) &&
         month.from <= min_day(q->as_of, q->today);
         i++)
        rc = fetch_days(ctl, q, month.from, month.to, month.text, BY_NONE, out);
    return rc;
}

int64_t figures_days(const struct figures_ask *q, const struct period *p)
{
    int32_t last = min_day(p->to, min_day(q->as_of, q->today));

    return last < p->from ? 0 : last - p->from + 1;
}
