#include "calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_json.h"

#define YEARS_MAX    256 /* DK_KEYS_MAX: members of one object */
#define NOTICE_MONTH 11  /* by then the notice for the next year is out */

struct year {
    int year;
    bool verified;
    uint8_t rest[46]; /* bit n: the n-th day of the year is a day of rest */
};

struct dk_calendar {
    char *id;
    struct dk_zone zone;
    size_t n_year;
    struct year *year; /* sorted by year */
};

/* Reading one file. */
struct reading {
    const struct dk_rj *f;
    bool weekly_rest[8]; /* by ISO weekday, 1 Monday .. 7 Sunday */
};

static bool get_rest(const struct year *y, int64_t n)
{
    return (y->rest[n >> 3] >> (n & 7) & 1) != 0;
}

static void set_rest(struct year *y, int64_t n, bool rest)
{
    uint8_t bit = (uint8_t)(1u << (n & 7));
    if (rest)
        y->rest[n >> 3] |= bit;
    else
        y->rest[n >> 3] &= (uint8_t)~bit;
}

/* "2026-10-01" or "2026-10-01..2026-10-07", all of it in `year`. */
static bool read_days(const struct dk_rj *f, const cJSON *v,
                      const struct dk_at *at, int year, int64_t *first,
                      int64_t *last)
{
    struct dk_date a, b;
    const char *s = cJSON_GetStringValue(v);
    size_t n = s != NULL ? strlen(s) : 0;
    bool ok =
        (n == 10 && dk_date_parse(s, 10, &a) == 0) ||
        (n == 22 && memcmp(s + 10, "..", 2) == 0 &&
         dk_date_parse(s, 10, &a) == 0 && dk_date_parse(s + 12, 10, &b) == 0);
    if (!ok) {
        dk_rj_error(f, at, NULL,
                    "write a day as \"YYYY-MM-DD\" or a stretch of days as "
                    "\"YYYY-MM-DD..YYYY-MM-DD\"");
        return false;
    }
    if (n == 10)
        b = a;
    *first = dk_days_from_date(a);
    *last = dk_days_from_date(b);
    if (a.year != year || b.year != year) {
        dk_rj_error(f, at, NULL,
                    "\"%s\" is not in %d; put each day under its own year", s,
                    year);
        return false;
    }
    if (*last < *first) {
        dk_rj_error(f, at, NULL,
                    "\"%s\" ends before it begins; write the earlier day first",
                    s);
        return false;
    }
    return true;
}

/* Mark the days of one list.  `seen` holds the days named so far. */
static void read_list(const struct reading *rd, const cJSON *o, const char *key,
                      const struct dk_at *at, struct year *y, struct year *seen)
{
    bool rest = strcmp(key, "holidays") == 0;
    int64_t new_year = dk_days_from_date((struct dk_date){y->year, 1, 1});
    const cJSON *list = NULL, *v = NULL;
    struct dk_at here = {at, key, 0}, item = {&here, NULL, 0};

    if (!dk_rj_arr(rd->f, o, key, DK_REQUIRED, 0, 366, &list, at))
        return;
    cJSON_ArrayForEach (v, list) {
        int64_t first = 0, last = -1;
        if (read_days(rd->f, v, &item, y->year, &first, &last)) {
            for (int64_t d = first; d <= last; d++) {
                if (get_rest(seen, d - new_year))
                    dk_rj_error(rd->f, &item, NULL,
                                "\"%s\" holds a day that was named before; "
                                "name each day once",
                                v->valuestring);
                else if (!rest && !rd->weekly_rest[dk_weekday(d)])
                    dk_rj_warn(rd->f, &item, NULL,
                               "\"%s\" is no weekly day of rest: it is a "
                               "workday without being named",
                               v->valuestring);
                set_rest(seen, d - new_year, true);
                set_rest(y, d - new_year, rest);
            }
        }
        item.index++;
    }
}

static void read_year(const struct reading *rd, const cJSON *o,
                      const struct dk_at *at, struct year *y)
{
    static const char *const names[] = {"source",   "verified", "holidays",
                                        "workdays", "note",     NULL};
    int64_t new_year = dk_days_from_date((struct dk_date){y->year, 1, 1});
    struct year seen = {0};
    const char *s = NULL;

    if (!cJSON_IsObject(o)) {
        dk_rj_error(rd->f, at, NULL,
                    "write an object with holidays, workdays "
                    "and source");
        return;
    }
    dk_rj_only(rd->f, o, names, at);
    (void)dk_rj_str(rd->f, o, "source", DK_REQUIRED, 400, &s, at);
    (void)dk_rj_str(rd->f, o, "note", DK_OPTIONAL, 400, &s, at);
    (void)dk_rj_verified(rd->f, o, &y->verified, at);
    for (int n = 0; n < 366; n++)
        set_rest(y, n, rd->weekly_rest[dk_weekday(new_year + n)]);
    read_list(rd, o, "holidays", at, y, &seen);
    read_list(rd, o, "workdays", at, y, &seen);
}

static bool read_year_number(const char *s, int *out)
{
    struct dk_date d;
    char day[16];
    if (strlen(s) != 4)
        return false;
    (void)snprintf(day, sizeof day, "%s-01-01", s);
    if (dk_date_parse(day, 10, &d) != 0 || d.year < 1970)
        return false;
    *out = d.year;
    return true;
}

static int by_year(const void *a, const void *b)
{
    const struct year *x = a, *y = b;
    return (x->year > y->year) - (x->year < y->year);
}

static void read_years(const struct reading *rd, const cJSON *root,
                       struct dk_calendar *c)
{
    struct dk_at at = {NULL, "years", 0}, item = {&at, NULL, 0};
    const cJSON *years = NULL, *v = NULL;

    if (!dk_rj_obj(rd->f, root, "years", DK_REQUIRED, &years, NULL))
        return;
    int n = cJSON_GetArraySize(years);
    if (n < 1 || n > YEARS_MAX) {
        dk_rj_error(rd->f, NULL, "years", "name 1 to %d years", YEARS_MAX);
        return;
    }
    c->year = calloc((size_t)n, sizeof *c->year);
    if (c->year == NULL) {
        rd->f->r->oom = true;
        return;
    }
    cJSON_ArrayForEach (v, years) {
        struct year *y = &c->year[c->n_year];
        item.key = v->string;
        if (!read_year_number(v->string, &y->year)) {
            dk_rj_error(rd->f, &item, NULL,
                        "\"%s\" is no year; write four digits, 1970 or later",
                        v->string);
            continue;
        }
        read_year(rd, v, &item, y);
        c->n_year++;
    }
    qsort(c->year, c->n_year, sizeof *c->year, by_year);
    for (size_t i = 1; i < c->n_year; i++) {
        if (c->year[i].year > c->year[i - 1].year + 1)
            dk_rj_error(rd->f, NULL, "years",
                        "%d and %d are there and %d is not; add it",
                        c->year[i - 1].year, c->year[i].year,
                        c->year[i - 1].year + 1);
    }
}

static void read_rest(struct reading *rd, const cJSON *root)
{
    static const char *const days[] = {"monday",   "tuesday", "wednesday",
                                       "thursday", "friday",  "saturday",
                                       "sunday",   NULL};
    struct dk_at at = {NULL, "rest", 0}, item = {&at, NULL, 0};
    const cJSON *list = NULL, *v = NULL;

    if (!dk_rj_arr(rd->f, root, "rest", DK_REQUIRED, 0, 6, &list, NULL))
        return;
    cJSON_ArrayForEach (v, list) {
        const char *s = cJSON_GetStringValue(v);
        int i = 0;
        while (s != NULL && days[i] != NULL && strcmp(days[i], s) != 0)
            i++;
        if (s == NULL || days[i] == NULL) {
            const char *near = s != NULL ? dk_nearest(s, days) : NULL;
            dk_rj_error(rd->f, &item, NULL,
                        "write a day of the week in English, such as \"%s\"",
                        near != NULL ? near : "saturday");
        } else {
            rd->weekly_rest[i + 1] = true;
        }
        item.index++;
    }
}

static void read_head(const struct dk_rj *f, const cJSON *root,
                      struct dk_calendar *c)
{
    static const char *const names[] = {"format", "id",    "name", "zone",
                                        "rest",   "years", "note", NULL};
    struct dk_rj_name name = {NULL, NULL};
    const char *id = NULL, *zone = NULL, *note = NULL;

    dk_rj_only(f, root, names, NULL);
    (void)dk_rj_name(f, root, "name", DK_OPTIONAL, &name, NULL);
    (void)dk_rj_str(f, root, "note", DK_OPTIONAL, 2000, &note, NULL);
    if (dk_rj_id(f, root, "id", DK_REQUIRED, &id, NULL)) {
        c->id = strdup(id);
        if (c->id == NULL)
            f->r->oom = true;
    }
    if (dk_rj_str(f, root, "zone", DK_REQUIRED, 64, &zone, NULL) &&
        dk_zone_parse(zone, &c->zone) != 0)
        dk_rj_error(f, NULL, "zone",
                    "\"%s\" is no time zone; write an offset such as "
                    "\"+08:00\" or a rule such as \"EST5EDT,M3.2.0,M11.1.0\"",
                    zone);
}

struct dk_calendar *dk_calendar_load(const char *file, const char *text,
                                     size_t len, struct dk_report *r)
{
    struct dk_rj f = {file, r};
    struct reading rd = {&f, {false}};
    int before = r->errors;
    struct dk_calendar *c = NULL;
    cJSON *root = dk_rj_parse(&f, "docket-calendar/1", text, len);

    if (root == NULL)
        return NULL;
    c = calloc(1, sizeof *c);
    if (c == NULL) {
        r->oom = true;
        goto out;
    }
    read_head(&f, root, c);
    read_rest(&rd, root);
    read_years(&rd, root, c);
    if (r->errors > before || r->oom) {
        dk_calendar_free(c);
        c = NULL;
    }
out:
    cJSON_Delete(root);
    return c;
}

void dk_calendar_free(struct dk_calendar *c)
{
    if (c == NULL)
        return;
    free(c->id);
    free(c->year);
    free(c);
}

const char *dk_calendar_id(const struct dk_calendar *c)
{
    return c->id;
}

const struct dk_zone *dk_calendar_zone(const struct dk_calendar *c)
{
    return &c->zone;
}

static const struct year *find_year(const struct dk_calendar *c, int year)
{
    struct year key = {.year = year};
    return bsearch(&key, c->year, c->n_year, sizeof key, by_year);
}

bool dk_calendar_knows(const struct dk_calendar *c, int year)
{
    return find_year(c, year) != NULL;
}

void dk_calendar_span(const struct dk_calendar *c, int *first, int *last,
                      int *unverified)
{
    *first = c->year[0].year;
    *last = c->year[c->n_year - 1].year;
    *unverified = 0;
    for (size_t i = 0; i < c->n_year; i++)
        *unverified += c->year[i].verified ? 0 : 1;
}

void dk_calendar_check(const struct dk_calendar *c, const char *file,
                       int64_t today, struct dk_report *r)
{
    struct dk_date d = dk_date_from_days(today);
    int64_t next = dk_days_from_date((struct dk_date){d.year + 1, 1, 1});

    if (!dk_calendar_knows(c, d.year))
        dk_report_warn(r, file, "/years",
                       "calendar \"%s\" does not know %d, the year it is: "
                       "limits in working days are refused; add the year",
                       c->id, d.year);
    if (d.month >= NOTICE_MONTH && !dk_calendar_knows(c, d.year + 1))
        dk_report_warn(r, file, "/years",
                       "calendar \"%s\" does not know %d, which begins in %d "
                       "day%s: limits in working days that reach into it are "
                       "refused; add the year from its notice",
                       c->id, d.year + 1, (int)(next - today),
                       next - today == 1 ? "" : "s");
}

int dk_calendar_works(const struct dk_calendar *c, int64_t day)
{
    int at = dk_date_from_days(day).year;
    const struct year *y = find_year(c, at);
    if (y == NULL)
        return DK_ENOTFOUND;
    int64_t new_year = dk_days_from_date((struct dk_date){at, 1, 1});
    return get_rest(y, day - new_year) ? 0 : 1;
}

int dk_calendar_add(const struct dk_calendar *c, int64_t day, int n,
                    int64_t *out)
{
    int step = n < 0 ? -1 : 1;
    while (n != 0) {
        day += step;
        int works = dk_calendar_works(c, day);
        if (works < 0)
            return works;
        if (works == 1)
            n -= step;
    }
    *out = day;
    return 0;
}

int dk_calendar_next(const struct dk_calendar *c, int64_t day, int64_t *out)
{
    int works = dk_calendar_works(c, day);
    if (works == 0)
        return dk_calendar_add(c, day, 1, out);
    if (works < 0)
        return works;
    *out = day;
    return 0;
}
