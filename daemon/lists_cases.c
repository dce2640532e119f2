/* lists_cases.c - pages of cases. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/page.h"
#include "proto/caseno.h"

struct case_page {
    struct page *x;
    bool work; /* in the order of work */
};

static int on_case(void *arg, const struct store_case_row *row)
{
    const struct case_page *c = arg;
    struct page *x = c->x;
    char no[DK_CASE_NO_MAX];

    if (!row->passed && page_over(x))
        return 1;
    dk_case_no_format((int32_t)x->d->cfg->county, row->key, no);
    if (c->work)
        snprintf(x->next, sizeof(x->next), "%d_%" PRId64 "_%s",
                 row->urgent ? 1 : 0, row->due, no);
    else
        memcpy(x->next, no, sizeof(no));
    if (row->passed)
        return page_passed(x);
    dk_jw_raw(x->w, NULL, row->doc, row->doc_len);
    page_row(x, row->key);
    return 0;
}

static const char *const case_fields[] = {
    "state",        "unit",   "handler", "region", "category", "open",
    "overdue",      "group",  "order",   "from",   "to",       "due_from",
    "newest_first", "due_to", "text",    "after",  "limit",    NULL};

/* A day of the office, as days since 1970; *days stays where none is given. */
static int read_day(const cJSON *o, const char *name, int64_t *days,
                    struct dk_problem *p)
{
    const char *text = NULL;
    char pointer[16];
    struct dk_date date;
    int rc = dk_json_str(o, name, DK_OPTIONAL, 1, 32, &text, NULL, p);

    if (rc != DK_OK || text == NULL)
        return rc;
    if (dk_date_parse(text, strlen(text), &date) == DK_OK &&
        date.year >= 1970) {
        *days = dk_days_from_date(date);
        return DK_OK;
    }
    snprintf(pointer, sizeof(pointer), "/%s", name);
    return dk_failf(p, DK_EFIELD, pointer,
                    "'%s' is a day such as 2026-05-01, not '%.32s'",
                    "%s 应为日期，如 2026-05-01，而不是“%.32s”", name, text);
}

static int ends_before(struct dk_problem *p, const char *pointer,
                       const char *from)
{
    return dk_failf(p, DK_EFIELD, pointer,
                    "the last day is before the first, '%s'",
                    "截止日期早于起始日期 %s", from);
}

/* From the first instant of a day; the end of a limit belongs to the day of the
 * millisecond before it.
 */
static int read_days(struct daemon *d, const cJSON *o,
                     struct store_case_filter *f, struct dk_problem *p)
{
    int64_t from = -1, to = -1, due_from = -1, due_to = -1;
    int64_t ahead = (int64_t)d->cfg->offset_min * 60000;
    int rc = read_day(o, "from", &from, p);

    if (rc == DK_OK)
        rc = read_day(o, "to", &to, p);
    if (rc == DK_OK)
        rc = read_day(o, "due_from", &due_from, p);
    if (rc == DK_OK)
        rc = read_day(o, "due_to", &due_to, p);
    if (rc == DK_OK && to >= 0 && to < from)
        rc = ends_before(p, "/to", "from");
    if (rc == DK_OK && due_to >= 0 && due_to < due_from)
        rc = ends_before(p, "/due_to", "due_from");
    if (from >= 0)
        f->min_key = dk_case_key(dk_date_from_days(from), 0);
    if (to >= 0)
        f->max_key = dk_case_key(dk_date_from_days(to), DK_DAY_CASES_MAX);
    if (due_from >= 0)
        f->due_after = due_from * DK_DAY - ahead;
    if (due_to >= 0)
        f->due_until = (due_to + 1) * DK_DAY - ahead;
    return rc;
}

static int read_case_filter(struct daemon *d, const cJSON *o,
                            struct store_case_filter *f, struct dk_problem *p)
{
    static const char *const orders[] = {"key", "work", NULL};
    const cJSON *group = cJSON_GetObjectItemCaseSensitive(o, "group");
    const char *state = NULL;
    int order = 0;
    int rc = dk_json_str(o, "state", DK_OPTIONAL, 1, 64, &state, NULL, p);

    if (rc == DK_OK && group != NULL && !cJSON_IsNull(group))
        rc = door_case_no(d, o, "group", &f->group, p);
    if (rc == DK_OK)
        rc = dk_json_enum(o, "order", DK_OPTIONAL, orders, &order, NULL, p);
    f->work = order == 1;
    if (rc == DK_OK)
        rc = dk_json_id(o, "unit", DK_OPTIONAL, &f->unit, NULL, p);
    if (rc == DK_OK)
        rc = dk_json_id(o, "handler", DK_OPTIONAL, &f->handler, NULL, p);
    if (rc == DK_OK)
        rc = dk_json_str(o, "region", DK_OPTIONAL, 1, 200, &f->region, NULL, p);
    if (rc == DK_OK)
        rc = dk_json_str(o, "category", DK_OPTIONAL, 1, 200, &f->category, NULL,
                         p);
    if (rc == DK_OK)
        rc = dk_json_bool(o, "open", DK_OPTIONAL, &f->open, NULL, p);
    if (rc == DK_OK)
        rc = dk_json_bool(o, "overdue", DK_OPTIONAL, &f->overdue, NULL, p);
    if (rc == DK_OK)
        rc = dk_json_bool(o, "newest_first", DK_OPTIONAL, &f->newest_first,
                          NULL, p);
    if (rc == DK_OK && f->work && f->newest_first)
        rc = dk_fail(p, DK_EFIELD, "/order",
                     "the order of work has no 'newest_first'",
                     "按办理先后排列时不能指定 newest_first");
    if (rc != DK_OK || state == NULL)
        return rc;
    f->state = dk_state_from_name(state);
    if (f->state >= 0)
        return DK_OK;
    return dk_failf(p, DK_EFIELD, "/state",
                    "there is no state '%.64s'; PROTOCOL.md lists the states "
                    "of a case",
                    "没有“%.64s”这一状态，见 PROTOCOL.md", state);
}

/* Where a page ended: a case number, before it "URGENT_DUE_" in the order of
 * work.
 */
static int seek_cases(struct page *x, void *arg, const char *after)
{
    struct store_case_filter *f = arg;
    int urgent = 0, used = 0;
    int32_t county;

    if (f->work && (sscanf(after, "%1d_%19" SCNd64 "_%n", &urgent,
                           &f->after_due, &used) != 2 ||
                    used == 0 || urgent < 0 || urgent > 1))
        return DK_EFIELD;
    f->after_urgent = urgent == 1;
    if (dk_case_no_parse(after + used, &county, &f->after) != DK_OK ||
        county != x->d->cfg->county)
        return DK_EFIELD;
    return DK_OK;
}

static int fetch_cases(struct page *x, const void *f, int64_t limit)
{
    struct case_page c = {x, ((const struct store_case_filter *)f)->work};

    return store_list_cases(x->d->st, f, limit, on_case, &c);
}

/* The words that are looked for; room in `words`. */
static int read_words(const cJSON *o, struct store_case_filter *f,
                      struct dk_find *words, struct dk_problem *p)
{
    const char *text = NULL;
    int rc =
        dk_json_str(o, "text", DK_OPTIONAL, 1, DK_FIND_MAX, &text, NULL, p);

    if (rc != DK_OK || text == NULL)
        return rc;
    f->words = words;
    return dk_find_read(text, words, p);
}

int read_cases(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p)
{
    struct store_case_filter f = {.state = -1, .look = PAGE_LOOK_MAX};
    struct page_list list = {fetch_cases, seek_cases, &f, true};
    struct dk_find words;
    int rc = dk_json_only(it->body, case_fields, NULL, p);

    if (rc == DK_OK)
        rc = read_case_filter(d, it->body, &f, p);

    if (rc == DK_OK)
        rc = read_days(d, it->body, &f, p);
    if (rc == DK_OK)
        rc = read_words(it->body, &f, &words, p);
    if (rc != DK_OK)
        return rc;
    if (!page_narrow(&it->who, &f.unit))
        list.fetch = page_nothing;
    return page_write(d, it, w, &list, p);
}
