#include "law_diff.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "core/policy_diff.h"
#include "law.h"

#define LINE_BYTES_MAX ((size_t)1 << 20)

#define SAY(d, text_en, text_zh) ((d)->en ? (text_en) : (text_zh))

/* Cases that fare alike. */
struct fate {
    enum dk_case_law law;
    const char *version_old, *version_new;
    int cases, changed;
};

struct row {
    char case_no[48], clock[DK_ID_MAX + 1];
    char *name; /* of the limit, in the language */
    struct dk_limit_diff d;
};

struct diff {
    const struct law_diff_ask *ask;
    bool en;
    struct law old, new_law;
    struct dk_law a, b;
    struct fate *fate;
    struct row *row;
    size_t n_fate, n_row, cap_row;
    long line, cases;
    bool oom, ended;
};

/* ---- reading ---- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static struct fate *fate_of(struct diff *d, const struct dk_case_diff *x)
{
    struct fate *f;

    for (size_t i = 0; i < d->n_fate; i++) {
        f = &d->fate[i];
        if (f->law == x->law && same_text(f->version_old, x->version_old) &&
            same_text(f->version_new, x->version_new))
            return f;
    }
    f = realloc(d->fate, (d->n_fate + 1) * sizeof(*f));
    if (f == NULL)
        return NULL;
    d->fate = f;
    f += d->n_fate++;
    *f = (struct fate){x->law, x->version_old, x->version_new, 0, 0};
    return f;
}

static bool add_row(struct diff *d, const char *case_no,
                    const struct dk_case *c, const struct dk_limit_diff *x)
{
    const char *lang = SAY(d, "en", "zh-CN"), *name;
    struct row *r;

    if (d->n_row == d->cap_row) {
        size_t cap = d->cap_row == 0 ? 64 : d->cap_row * 2;

        r = realloc(d->row, cap * sizeof(*r));
        if (r == NULL)
            return false;
        d->row = r;
        d->cap_row = cap;
    }
    name = dk_policy_clock_name(x->change == DK_LIMIT_GONE ? d->a.policy
                                                           : d->b.policy,
                                c, x->clock, lang);
    r = &d->row[d->n_row];
    *r = (struct row){.name = strdup(name), .d = *x};
    (void)snprintf(r->case_no, sizeof(r->case_no), "%s", case_no);
    (void)snprintf(r->clock, sizeof(r->clock), "%s", x->clock);
    if (r->name == NULL)
        return false;
    d->n_row++;
    return true;
}

static void look_at(struct diff *d, const char *case_no,
                    const struct dk_case *c)
{
    struct dk_case_diff x;
    struct fate *f;
    int rc = dk_policy_diff_case(&d->a, &d->b, c, &x);

    f = rc == 0 ? fate_of(d, &x) : NULL;
    if (f == NULL) {
        d->oom = true;
        return;
    }
    f->cases++;
    f->changed += x.n > 0;
    for (int i = 0; i < x.n; i++) {
        if (!add_row(d, case_no, c, &x.limit[i]))
            d->oom = true;
    }
}

static int read_line(struct diff *d, const char *line, size_t len)
{
    struct dk_problem p = {0};
    struct dk_case *c = NULL;
    cJSON *o = NULL;
    int64_t end = -1;
    int rc = dk_json_parse_obj(line, len, LINE_BYTES_MAX, &o, &p);

    if (rc == 0 && cJSON_GetObjectItemCaseSensitive(o, "end") != NULL) {
        rc = dk_json_int(o, "end", DK_REQUIRED, 0, INT64_MAX, &end, NULL, &p);
        if (rc == 0 && end != d->cases)
            rc =
                dk_fail(&p, DK_EFIELD, "/end", "cases are missing", "缺少案件");
        d->ended = rc == 0;
    } else if (rc == 0) {
        const char *no = cJSON_GetStringValue(
            cJSON_GetObjectItemCaseSensitive(o, "case_no"));

        d->cases++;
        rc = dk_case_read(o, &c, &p);
        if (rc == 0)
            look_at(d, no, c);
    }
    if (rc != 0)
        fprintf(stderr,
                SAY(d, "docket-deadline: line %ld: %s: %s\n",
                    "docket-deadline：第 %ld 行：%s：%s\n"),
                d->line, p.pointer, SAY(d, p.detail, p.detail_zh));
    dk_case_free(c);
    cJSON_Delete(o);
    return rc == 0 ? 0 : EX_DATAERR;
}

static int read_cases(struct diff *d)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int status = 0;

    while (status == 0 && !d->oom && !d->ended &&
           (n = getline(&line, &cap, d->ask->cases)) > 0) {
        d->line++;
        if (line[n - 1] == '\n')
            n--;
        status = read_line(d, line, (size_t)n);
    }
    free(line);
    if (status == 0 && !d->oom && !d->ended) {
        fputs(SAY(d,
                  "docket-deadline: the list of cases breaks off; nothing is "
                  "said of them\n",
                  "docket-deadline：案件清单不完整，未作比较\n"),
              stderr);
        status = EX_DATAERR;
    }
    return d->oom ? EX_OSERR : status;
}

/* ---- printing ---- */

static void write_due(struct dk_jw *w, const char *key, const struct diff *d,
                      dk_ms t)
{
    const struct dk_zone *z = dk_calendar_zone(d->b.calendar);

    dk_jw_time(w, key, t, t != DK_NEVER ? dk_zone_offset(z, t) : 0);
}

static void write_cases(const struct diff *d, struct dk_jw *w)
{
    dk_jw_obj(w, "cases");
    dk_jw_int(w, "open", d->cases);
    dk_jw_arr(w, "laws");
    for (size_t i = 0; i < d->n_fate; i++) {
        const struct fate *f = &d->fate[i];

        dk_jw_obj(w, NULL);
        dk_jw_str(w, "law", dk_case_law_names[f->law]);
        dk_jw_str(w, "version_old", f->version_old);
        dk_jw_str(w, "version_new", f->version_new);
        dk_jw_int(w, "cases", f->cases);
        dk_jw_int(w, "changed", f->changed);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
    dk_jw_arr(w, "limits");
    for (size_t i = 0; i < d->n_row; i++) {
        const struct row *r = &d->row[i];

        dk_jw_obj(w, NULL);
        dk_jw_str(w, "case_no", r->case_no);
        dk_jw_str(w, "clock", r->clock);
        if (r->d.no != 0)
            dk_jw_int(w, "clock_no", r->d.no);
        dk_jw_str(w, "change", dk_limit_change_names[r->d.change]);
        write_due(w, "due_at", d, r->d.set);
        write_due(w, "due_old", d, r->d.due_old);
        write_due(w, "due_new", d, r->d.due_new);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
    dk_jw_end_obj(w);
}

static int print_json(const struct diff *d)
{
    struct dk_jw w = {0};
    int status = EX_OSERR;

    dk_jw_obj(&w, NULL);
    dk_policy_diff_law(&d->a, &d->b, d->ask->lang, &w, NULL);
    if (d->ask->cases != NULL)
        write_cases(d, &w);
    dk_jw_end_obj(&w);
    if (!w.oom) {
        puts(w.buf);
        status = 0;
    }
    dk_jw_fini(&w);
    return status;
}

static void print_fate(const struct diff *d, const struct fate *f)
{
    const char *a = f->version_old != NULL ? f->version_old : "-";
    const char *b = f->version_new != NULL ? f->version_new : "-";

    switch (f->law) {
    case DK_LAW_KEPT:
        printf(SAY(d,
                   "  %d keep the law of their day, the version from %s, which "
                   "stays as it is",
                   "  %d件继续适用提交当日的版本（自 %s 起），内容不变"),
               f->cases, a);
        break;
    case DK_LAW_REWRITTEN:
        printf(
            SAY(d,
                "  %d keep the version from %s, but the new file rewrites it",
                "  %d件继续适用自 %s 起的版本，但新文件改写了其内容"),
            f->cases, a);
        break;
    case DK_LAW_REPLACED:
        printf(SAY(d,
                   "  %d would come under the version from %s (until now: %s)",
                   "  %d件将改为适用自 %s 起的版本（此前：%s）"),
               f->cases, b, a);
        break;
    case DK_LAW_LOST:
        printf(SAY(d,
                   "  %d would have no law any more (until now: %s): their "
                   "limits could not be set",
                   "  %d件将没有可适用的版本（此前：%s），无法设定期限"),
               f->cases, a);
        break;
    }
    if (f->changed > 0)
        printf(
            SAY(d, "; for %d of them limits differ", "；其中%d件的期限有变化"),
            f->changed);
    putchar('\n');
}

/* The last day of a limit, which ends at its 24:00. */
static const char *last_day(const struct diff *d, dk_ms due, char buf[16])
{
    const struct dk_zone *z = dk_calendar_zone(d->b.calendar);

    if (due == DK_NEVER)
        return "-";
    dk_date_format(dk_date_from_days(dk_zone_day(z, due - 1)), buf);
    return buf;
}

static void print_rows(const struct diff *d)
{
    static const char *const zh[DK_LIMIT_CHANGE_N] = {"改期", "取消", "新增",
                                                      "年份未知"};
    char a[16], b[16], c[16];

    fputs(
        SAY(d,
            "\nCASE                     LIMIT               AS SET      OLD "
            "LAW     NEW LAW     CHANGE\n",
            "\n案件                     期限                现设定      原规则"
            "      新规则      变化\n"),
        stdout);
    for (size_t i = 0; i < d->n_row; i++) {
        const struct row *r = &d->row[i];

        printf("%-23s  %-18s  %-10s  %-10s  %-10s  %s  %s\n", r->case_no,
               r->clock, last_day(d, r->d.set, a), last_day(d, r->d.due_old, b),
               last_day(d, r->d.due_new, c),
               SAY(d, dk_limit_change_names[r->d.change], zh[r->d.change]),
               r->name);
    }
}

static void print_cases(const struct diff *d)
{
    printf(SAY(d, "\nOpen cases: %ld\n", "\n未办结案件：%ld件\n"), d->cases);
    for (size_t i = 0; i < d->n_fate; i++)
        print_fate(d, &d->fate[i]);
    if (d->n_row > 0)
        print_rows(d);
    else
        fputs(SAY(d, "No limit of an open case would be due on another day.\n",
                  "未办结案件的期限均无变化。\n"),
              stdout);
    if (d->n_row > 0)
        fputs(SAY(d,
                  "\nThe last day of each limit.  A limit that is set stays as "
                  "it is when the new file\nis put in force; the new law holds "
                  "for what is set or moved after that.\n",
                  "\n表中为期限的最后一日。启用新文件后，已设定的期限不变；此后"
                  "设定或变更的期限\n适用新规则。\n"),
              stdout);
}

static int print_text(const struct diff *d)
{
    char *text = NULL;

    dk_policy_diff_law(&d->a, &d->b, d->ask->lang, NULL, &text);
    if (text == NULL)
        return EX_OSERR;
    fputs(text, stdout);
    free(text);
    if (d->ask->cases != NULL)
        print_cases(d);
    return 0;
}

/* ---- */

static bool load(struct law *out, const char *policy, const char *calendar)
{
    struct dk_report r = {0};
    int rc = law_load(out, policy, calendar, &r);

    if (rc != 0)
        files_print_report(&r);
    dk_report_fini(&r);
    return rc == 0;
}

static void fini(struct diff *d)
{
    for (size_t i = 0; i < d->n_row; i++)
        free(d->row[i].name);
    free(d->row);
    free(d->fate);
    law_fini(&d->old);
    law_fini(&d->new_law);
}

int law_diff(const struct law_diff_ask *ask)
{
    const char *calendar =
        ask->new_calendar != NULL ? ask->new_calendar : ask->calendar;
    struct diff d = {.ask = ask, .en = strcmp(ask->lang, "en") == 0};
    bool ok = load(&d.old, ask->policy, ask->calendar);
    int status = 0;

    ok = load(&d.new_law, ask->new_policy, calendar) && ok;
    if (!ok) {
        fini(&d);
        return EX_CONFIG;
    }
    d.a = (struct dk_law){d.old.policy, d.old.calendar};
    d.b = (struct dk_law){d.new_law.policy, d.new_law.calendar};
    if (ask->cases != NULL)
        status = read_cases(&d);
    if (status == 0)
        status = ask->json ? print_json(&d) : print_text(&d);
    if (status == 0 && fflush(stdout) != 0)
        status = EX_IOERR;
    if (status == EX_OSERR)
        fputs("docket-deadline: out of memory\n", stderr);
    fini(&d);
    return status;
}
