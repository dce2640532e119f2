/* cmd_digest.c - alerts by who was told of them: one entry for each recipient
 * instead of a line for each alert.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "table.h"
#include "text.h"
#include "when.h"

#define CASES_SHOWN 12 /* numbers that people are shown; JSON has them all */
#define CLOCKS      32 /* different limits that are counted by themselves */

static const char *const levels[] = {"long_overdue", "overdue", "red", "yellow",
                                     "reminder"};
enum {
    LEVELS = sizeof levels / sizeof levels[0]
};

/* One alert to one of its recipients. */
struct told {
    char *to, *case_no, *clock, *level, *due; /* one block, at `to` */
};

struct digest {
    struct told *v;
    size_t n, cap;
    const char *want; /* "handler:zhang", "handler", or NULL: all */
};

/* One recipient's alerts: v[from..to). */
struct entry {
    const struct told *v;
    size_t n;
    int level[LEVELS];
    const char *clock[CLOCKS];
    int of_clock[CLOCKS], n_clock;
    const char *oldest; /* due; "" */
    size_t cases;
};

static void digest_fini(struct digest *d)
{
    for (size_t i = 0; i < d->n; i++)
        free(d->v[i].to);
    free(d->v);
}

static const char *text_of(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    return cJSON_IsString(v) ? v->valuestring : "";
}

/* Who a petitioner is stays sealed: all of them are one recipient. */
static const char *recipient(const char *to)
{
    return strncmp(to, "petitioner:", 11) == 0 ? "petitioner" : to;
}

static bool is_wanted(const struct digest *d, const char *to)
{
    size_t n = d->want == NULL ? 0 : strlen(d->want);

    return d->want == NULL ||
           (strncmp(to, d->want, n) == 0 && (to[n] == '\0' || to[n] == ':'));
}

static char *pack(char **at, const char *s)
{
    size_t n = strlen(s) + 1;
    char *here = *at;

    memcpy(here, s, n);
    *at += n;
    return here;
}

static int add(struct digest *d, const cJSON *alert, const char *to)
{
    const char *parts[] = {to, text_of(alert, "case_no"),
                           text_of(alert, "clock"), text_of(alert, "level"),
                           text_of(alert, "due_at")};
    size_t bytes = 0;

    if (d->n == d->cap) {
        size_t cap = d->cap == 0 ? 256 : d->cap * 2;
        struct told *v = realloc(d->v, cap * sizeof *v);
        if (v == NULL)
            return DK_ENOMEM;
        d->v = v;
        d->cap = cap;
    }
    for (int i = 0; i < 5; i++)
        bytes += strlen(parts[i]) + 1;
    char *at = malloc(bytes);
    if (at == NULL)
        return DK_ENOMEM;
    struct told *t = &d->v[d->n++];
    t->to = pack(&at, parts[0]);
    t->case_no = pack(&at, parts[1]);
    t->clock = pack(&at, parts[2]);
    t->level = pack(&at, parts[3]);
    t->due = pack(&at, parts[4]);
    return 0;
}

static int add_alert(struct digest *d, const cJSON *alert)
{
    const cJSON *to = cJSON_GetObjectItemCaseSensitive(alert, "to"), *v;
    int rc = 0;

    cJSON_ArrayForEach (v, to) {
        const char *who = cJSON_IsString(v) ? recipient(v->valuestring) : "";
        if (rc == 0 && who[0] != '\0' && is_wanted(d, who))
            rc = add(d, alert, who);
    }
    return rc;
}

/* One page more; "" in `after` at the end. */
static int read_page(struct ctl *ctl, const struct args *a, const char *off,
                     struct digest *d, char *after, size_t cap)
{
    struct dk_jw w = {0};
    struct dk_reply r;
    const cJSON *v;

    dk_jw_obj(&w, NULL);
    int rc = ctl_write_opts(ctl, a, &w);
    if (rc != 0) {
        dk_jw_fini(&w);
        return rc;
    }
    if (off != NULL)
        dk_jw_bool(&w, off, false);
    if (!args_has(a, "limit"))
        dk_jw_int(&w, "limit", 200);
    if (after[0] != '\0')
        dk_jw_str(&w, "after", after);
    dk_jw_end_obj(&w);
    rc = ctl_ask(ctl, "alert.list", &w, &r);
    if (rc != 0)
        return rc;
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(r.json, "items");
    cJSON_ArrayForEach (v, items)
        if (rc == 0 && add_alert(d, v) != 0)
            rc = say_oom(ctl);
    (void)snprintf(after, cap, "%s", text_of(r.json, "next"));
    dk_reply_free(&r);
    return rc;
}

static int by_recipient(const void *a, const void *b)
{
    const struct told *x = a, *y = b;
    int c = strcmp(x->to, y->to);

    return c != 0 ? c : strcmp(x->case_no, y->case_no);
}

static void count_clock(struct entry *e, const char *clock)
{
    int i = 0;

    while (i < e->n_clock && strcmp(e->clock[i], clock) != 0)
        i++;
    if (i == CLOCKS)
        return;
    if (i == e->n_clock) {
        e->clock[e->n_clock] = clock;
        e->of_clock[e->n_clock++] = 0;
    }
    e->of_clock[i]++;
}

/* Sum up the alerts from v[0] on that go to the same recipient. */
static void sum_up(struct entry *e, const struct told *v, size_t n)
{
    *e = (struct entry){.v = v, .oldest = ""};
    while (e->n < n && strcmp(v[e->n].to, v[0].to) == 0) {
        const struct told *t = &v[e->n];

        for (int i = 0; i < LEVELS; i++)
            e->level[i] += strcmp(levels[i], t->level) == 0;
        count_clock(e, t->clock);
        /* One office, one offset: times in RFC 3339 sort as text. */
        if (t->due[0] != '\0' &&
            (e->oldest[0] == '\0' || strcmp(t->due, e->oldest) < 0))
            e->oldest = t->due;
        if (e->n == 0 || strcmp(t->case_no, v[e->n - 1].case_no) != 0)
            e->cases++;
        e->n++;
    }
}

static void write_entry(struct dk_jw *w, const struct entry *e)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "to", e->v[0].to);
    dk_jw_int(w, "alerts", (int64_t)e->n);
    dk_jw_obj(w, "levels");
    for (int i = 0; i < LEVELS; i++)
        if (e->level[i] > 0)
            dk_jw_int(w, levels[i], e->level[i]);
    dk_jw_end_obj(w);
    dk_jw_obj(w, "clocks");
    for (int i = 0; i < e->n_clock; i++)
        dk_jw_int(w, e->clock[i], e->of_clock[i]);
    dk_jw_end_obj(w);
    dk_jw_str(w, "oldest_due", e->oldest[0] == '\0' ? NULL : e->oldest);
    dk_jw_arr(w, "cases");
    for (size_t i = 0; i < e->n; i++)
        if (i == 0 || strcmp(e->v[i].case_no, e->v[i - 1].case_no) != 0)
            dk_jw_str(w, NULL, e->v[i].case_no);
    dk_jw_end_arr(w);
    dk_jw_end_obj(w);
}

static void put_levels(const struct ctl *ctl, const struct entry *e)
{
    const char *sep = "";

    (void)fputs("  ", ctl->out);
    for (int i = 0; i < LEVELS; i++) {
        if (e->level[i] == 0)
            continue;
        (void)fprintf(ctl->out, "%s%s%s%s %d", sep,
                      ctl->color ? table_color(i < 3    ? CELL_BAD
                                               : i == 3 ? CELL_WARN
                                                        : CELL_PLAIN)
                                 : "",
                      T(ctl, levels[i], word_zh(levels[i])),
                      ctl->color ? TABLE_COLOR_OFF : "", e->level[i]);
        sep = T(ctl, ", ", "，");
    }
    (void)fputs(T(ctl, "; ", "；"), ctl->out);
    for (int i = 0; i < e->n_clock; i++) {
        char name[2 * DK_ID_MAX];
        clock_label(ctl, e->clock[i], name, sizeof name);
        if (i > 0)
            (void)fputs(T(ctl, ", ", "，"), ctl->out);
        put_text(ctl, name, false);
        (void)fprintf(ctl->out, " %d", e->of_clock[i]);
    }
    (void)fputc('\n', ctl->out);
}

static void put_cases(const struct ctl *ctl, const struct entry *e)
{
    size_t shown = 0;

    (void)fputs(T(ctl, "  cases:", "  案件："), ctl->out);
    for (size_t i = 0; i < e->n && shown < CASES_SHOWN; i++) {
        if (i > 0 && strcmp(e->v[i].case_no, e->v[i - 1].case_no) == 0)
            continue;
        (void)fputc(' ', ctl->out);
        put_text(ctl, e->v[i].case_no, false);
        shown++;
    }
    if (e->cases > shown)
        (void)fprintf(ctl->out, T(ctl, " and %zu more", " 等，另有 %zu 件"),
                      e->cases - shown);
    (void)fputc('\n', ctl->out);
}

static void put_entry(const struct ctl *ctl, const struct entry *e)
{
    char due[WHEN_TEXT], to[256];

    recipient_label(ctl, e->v[0].to, to, sizeof to);
    (void)fputs(ctl->color ? "\033[1m" : "", ctl->out);
    put_text(ctl, to, false);
    (void)fprintf(ctl->out,
                  T(ctl, "%s: %zu %s in %zu %s", "%s：%zu %s，%zu %s"),
                  ctl->color ? TABLE_COLOR_OFF : "", e->n,
                  T(ctl, e->n == 1 ? "alert" : "alerts", "条警示"), e->cases,
                  T(ctl, e->cases == 1 ? "case" : "cases", "件案件"));
    if (e->oldest[0] != '\0') {
        when_short(e->oldest, due);
        (void)fprintf(ctl->out, T(ctl, ", oldest due %s", "，最早到期 %s"),
                      due);
    }
    (void)fputc('\n', ctl->out);
    put_levels(ctl, e);
    put_cases(ctl, e);
}

static int print_digest(const struct ctl *ctl, const struct digest *d)
{
    struct dk_jw w = {0};
    struct entry e;

    dk_jw_obj(&w, NULL);
    dk_jw_arr(&w, "items");
    for (size_t i = 0; i < d->n; i += e.n) {
        sum_up(&e, d->v + i, d->n - i);
        if (ctl->json)
            write_entry(&w, &e);
        else
            put_entry(ctl, &e);
    }
    dk_jw_end_arr(&w);
    dk_jw_end_obj(&w);
    int rc = w.oom ? say_oom(ctl) : 0;
    if (rc == 0 && ctl->json)
        (void)fprintf(ctl->out, "%s\n", w.buf);
    else if (rc == 0 && d->n == 0)
        (void)fprintf(ctl->err, "%s\n", T(ctl, "No alerts.", "没有警示。"));
    dk_jw_fini(&w);
    return rc;
}

int alerts_digest(struct ctl *ctl, const struct args *a, const char *off)
{
    struct digest d = {.want = args_get(a, "to")};
    const char *start = args_get(a, "after");
    char after[512];
    int rc;

    (void)snprintf(after, sizeof after, "%s", start == NULL ? "" : start);
    do {
        rc = read_page(ctl, a, off, &d, after, sizeof after);
    } while (rc == 0 && after[0] != '\0');
    if (rc == 0 && d.n > 0)
        qsort(d.v, d.n, sizeof d.v[0], by_recipient);
    if (rc == 0)
        rc = print_digest(ctl, &d);
    digest_fini(&d);
    return rc;
}
