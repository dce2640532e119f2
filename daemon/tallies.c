/* tallies.c - tally.list: the office's figures, summed up as asked. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"
#include "proto/timefmt.h"

#define LIMIT_MAX  500
#define CURSOR_MAX 400 /* bytes; a category has 200, a unit 64 */

struct page {
    struct daemon *d;
    struct dk_jw *w;
    const struct store_tally_filter *f;
    int64_t left;
    size_t start; /* where the page begins in `w` */
    bool more;
    char next[CURSOR_MAX + 1]; /* of the last row written */
};

/* "MEASURE_DAY_TAG_UNIT CATEGORY": an id has no space. */
static void write_cursor(struct page *x, const struct dk_tally *t)
{
    snprintf(x->next, sizeof(x->next), "%d_%" PRId32 "_%" PRId32 "_%s %s",
             (int)t->measure, t->day, t->tag, t->unit, t->category);
}

struct cursor {
    struct dk_tally t;
    char unit[DK_ID_MAX + 1], category[CURSOR_MAX + 1];
};

static int read_cursor(const char *text, struct cursor *c)
{
    int measure = 0, used = 0;
    const char *space;

    if (sscanf(text, "%2d_%9" SCNd32 "_%9" SCNd32 "_%n", &measure, &c->t.day,
               &c->t.tag, &used) != 3 ||
        used == 0 || measure < 0 || measure >= DK_T_N)
        return DK_EFIELD;
    text += used;
    space = strchr(text, ' ');
    if (space == NULL || space - text > DK_ID_MAX)
        return DK_EFIELD;
    snprintf(c->unit, sizeof(c->unit), "%.*s", (int)(space - text), text);
    snprintf(c->category, sizeof(c->category), "%s", space + 1);
    c->t.measure = (enum dk_measure)measure;
    c->t.unit = c->unit;
    c->t.category = c->category;
    return DK_OK;
}

/* ---- the request --------------------------------------------------------- */

/* "2026-05-01" as a day; absent: *out stays. */
static int read_day(const cJSON *o, const char *key, int need, int32_t *out,
                    struct dk_problem *p)
{
    const char *text = NULL;
    struct dk_date date;
    char pointer[32];
    int rc = dk_json_str(o, key, need, 10, 10, &text, NULL, p);

    if (rc != DK_OK || text == NULL)
        return rc;
    if (dk_date_parse(text, strlen(text), &date) == DK_OK) {
        *out = (int32_t)dk_days_from_date(date);
        return DK_OK;
    }
    snprintf(pointer, sizeof(pointer), "/%s", key);
    return dk_fail(p, DK_EFIELD, pointer, "write a date as 2026-05-01",
                   "日期请写成 2026-05-01");
}

static int read_measures(const cJSON *o, uint64_t *out, struct dk_problem *p)
{
    const cJSON *arr = NULL, *v;
    char pointer[32];
    int i = 0;
    int rc = dk_json_arr(o, "measures", DK_OPTIONAL, 1, DK_T_N, &arr, NULL, p);

    *out = (UINT64_C(1) << DK_T_N) - 1;
    if (rc != DK_OK || arr == NULL)
        return rc;
    *out = 0;
    cJSON_ArrayForEach (v, arr) {
        int m = 0;

        while (m < DK_T_N && (!cJSON_IsString(v) ||
                              strcmp(dk_measure_names[m], v->valuestring) != 0))
            m++;
        if (m == DK_T_N) {
            snprintf(pointer, sizeof(pointer), "/measures/%d", i);
            return dk_fail(p, DK_EFIELD, pointer,
                           "there is no such measure; docs/FIGURES.md lists "
                           "them",
                           "没有这一计数项；见 docs/FIGURES.md");
        }
        *out |= UINT64_C(1) << m;
        i++;
    }
    return DK_OK;
}

static int read_filter(const cJSON *o, struct store_tally_filter *f,
                       struct dk_problem *p)
{
    static const char *const names[] = {"unit", "category", "day", NULL};
    unsigned by = 0;
    int rc = read_day(o, "from", DK_OPTIONAL, &f->from, p);

    if (rc == DK_OK)
        rc = read_day(o, "to", DK_REQUIRED, &f->to, p);
    if (rc == DK_OK)
        rc = read_day(o, "as_of", DK_OPTIONAL, &f->known, p);
    if (rc == DK_OK)
        rc = read_measures(o, &f->measures, p);
    if (rc == DK_OK)
        rc = dk_json_id(o, "unit", DK_OPTIONAL, &f->unit, NULL, p);
    if (rc == DK_OK)
        rc = dk_json_str(o, "category", DK_OPTIONAL, 1, 200, &f->category, NULL,
                         p);
    if (rc == DK_OK)
        rc = dk_json_set(o, "by", DK_OPTIONAL, names, &by, NULL, p);
    if (rc != DK_OK)
        return rc;
    f->by_unit = (by & 1u) != 0;
    f->by_category = (by & 2u) != 0;
    f->by_day = (by & 4u) != 0;
    if (f->from <= f->to)
        return DK_OK;
    return dk_fail(p, DK_EFIELD, "/from", "'from' is later than 'to'",
                   "from 晚于 to");
}

/* ---- the answer ---------------------------------------------------------- */

static int on_row(void *arg, const struct dk_tally *t)
{
    struct page *x = arg;
    char buf[16];

    if (x->left-- <= 0 || x->w->len - x->start > DK_REPLY_MAX / 2) {
        x->more = true;
        return 1;
    }
    dk_jw_obj(x->w, NULL);
    dk_jw_str(x->w, "measure", dk_measure_names[t->measure]);
    dk_jw_str(x->w, "tag", dk_tag_text(t->measure, t->tag, buf));
    if (x->f->by_unit)
        dk_jw_str(x->w, "unit", t->unit);
    if (x->f->by_category)
        dk_jw_str(x->w, "category",
                  t->category[0] != '\0' ? t->category : NULL);
    if (x->f->by_day) {
        dk_date_format(dk_date_from_days(t->day), buf);
        dk_jw_str(x->w, "day", buf);
    }
    dk_jw_int(x->w, "n", t->n);
    dk_jw_end_obj(x->w);
    write_cursor(x, t);
    return 0;
}

int read_tally(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p)
{
    struct store_tally_filter f = {.from = INT32_MIN, .known = INT32_MAX};
    struct cursor c = {.t.measure = DK_T_RECEIVED};
    const char *after = NULL;
    int64_t limit = LIMIT_MAX;
    int rc = read_filter(it->body, &f, p);

    if (rc == DK_OK)
        rc = dk_json_str(it->body, "after", DK_OPTIONAL, 1, CURSOR_MAX, &after,
                         NULL, p);
    if (rc == DK_OK)
        rc = dk_json_int(it->body, "limit", DK_OPTIONAL, 1, LIMIT_MAX, &limit,
                         NULL, p);
    if (rc == DK_OK && after != NULL && read_cursor(after, &c) != DK_OK)
        rc = dk_fail(p, DK_EFIELD, "/after",
                     "this is not a 'next' of a page of this list; leave it "
                     "out to start from the beginning",
                     "不是本列表返回的 next 值；从头开始请省略 after");
    if (rc != DK_OK)
        return rc;
    f.after = after != NULL ? &c.t : NULL;
    struct page x = {.d = d, .w = w, .f = &f, .left = limit, .start = w->len};
    dk_jw_obj(w, NULL);
    dk_jw_arr(w, "items");
    rc = store_tally(d->st, &f, limit + 1, on_row, &x);
    dk_jw_end_arr(w);
    dk_jw_str(w, "next", x.more ? x.next : NULL);
    dk_jw_end_obj(w);
    return rc == DK_OK ? rc : dk_fail(p, rc, NULL, NULL, NULL);
}
