/* simulate_export.c - a simulation as CSV and as JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/caseno.h"
#include "simulate_print.h"

static int offset_at(const struct sim_report *r, dk_ms t)
{
    return dk_zone_offset(dk_calendar_zone(r->law->calendar), t);
}

static void case_no(const struct change *c, char buf[DK_CASE_NO_MAX])
{
    dk_case_no_format((int32_t)c->county, c->key, buf);
}

/* ---- CSV ----------------------------------------------------------------- */

static void put_field(FILE *out, const char *s, const char *end)
{
    if (s[strcspn(s, ",\"\r\n")] == '\0') {
        (void)fprintf(out, "%s%s", s, end);
        return;
    }
    (void)fputc('"', out);
    for (; *s != '\0'; s++) {
        if (*s == '"')
            (void)fputc('"', out);
        (void)fputc(*s, out);
    }
    (void)fprintf(out, "\"%s", end);
}

static void put_number(FILE *out, int64_t n, bool known, const char *end)
{
    if (known)
        (void)fprintf(out, "%" PRId64, n);
    (void)fputs(end, out);
}

static void csv_row(FILE *out, const struct sim_report *r,
                    const struct row *row)
{
    const struct days *then = &row->days_then, *now = &row->days_now;

    put_field(out, row->unit, ",");
    put_field(out, row->clock, ",");
    put_field(out, sim_clock_name(r->law, row->clock, r->zh ? "zh-CN" : "en"),
              ",");
    (void)fprintf(out,
                  "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
                  ",%" PRIu64 ",",
                  row->limits_then, row->limits_now, row->late_then,
                  row->late_now, row->newly_late, row->newly_in_time);
    put_number(out, days_median(then), then->all > 0, ",");
    put_number(out, days_worst(then), then->all > 0, ",");
    put_number(out, days_median(now), now->all > 0, ",");
    put_number(out, days_worst(now), now->all > 0, "\r\n");
}

static void csv_time(FILE *out, const struct sim_report *r, dk_ms t)
{
    char buf[DK_TIME_MAX] = "";

    if (t != DK_NEVER)
        dk_time_format(t, offset_at(r, t), buf);
    put_field(out, buf, ",");
}

static void csv_change(FILE *out, const struct sim_report *r,
                       const struct change *c)
{
    char no[DK_CASE_NO_MAX];

    case_no(c, no);
    put_field(out, no, ",");
    put_field(out, c->unit, ",");
    put_field(out, c->clock, ",");
    put_field(out, sim_clock_name(r->law, c->clock, r->zh ? "zh-CN" : "en"),
              ",");
    put_field(out, c->late ? "newly_late" : "newly_in_time", ",");
    csv_time(out, r, c->due_then);
    csv_time(out, r, c->due_now);
    put_number(out, c->days, true, "\r\n");
}

int sim_print_csv(FILE *out, const struct sim_report *r)
{
    const struct sums *s = r->sums;

    if (s->list) {
        (void)fputs(r->zh ? "案件编号,单位,期限,期限名称,变化,当时到期,现到期,"
                            "超期天数\r\n"
                          : "case_no,unit,clock,name,change,due_then,due_now,"
                            "days_over\r\n",
                    out);
        for (size_t i = 0; i < s->n_change; i++)
            csv_change(out, r, &s->change[i]);
        return 0;
    }
    (void)fputs(r->zh ? "单位,期限,期限名称,当时期限数,现期限数,当时超期,"
                        "现超期,新增超期,不再超期,当时超期天数中位数,"
                        "当时最长超期天数,现超期天数中位数,现最长超期天数\r\n"
                      : "unit,clock,name,limits_then,limits_now,late_then,"
                        "late_now,newly_late,newly_in_time,median_days_then,"
                        "worst_days_then,median_days_now,worst_days_now\r\n",
                out);
    for (size_t i = 0; i < s->n_row; i++)
        csv_row(out, r, &s->row[i]);
    return 0;
}

/* ---- JSON ---------------------------------------------------------------- */

static void json_time(struct dk_jw *w, const char *key,
                      const struct sim_report *r, dk_ms t)
{
    dk_jw_time(w, key, t, t != DK_NEVER ? offset_at(r, t) : 0);
}

static void json_days(struct dk_jw *w, const char *key, const struct days *d)
{
    dk_jw_obj(w, key);
    if (d->all > 0) {
        dk_jw_int(w, "median", days_median(d));
        dk_jw_int(w, "worst", days_worst(d));
    } else {
        dk_jw_null(w, "median");
        dk_jw_null(w, "worst");
    }
    dk_jw_end_obj(w);
}

static void json_pair(struct dk_jw *w, const char *key, uint64_t then,
                      uint64_t now)
{
    dk_jw_obj(w, key);
    dk_jw_int(w, "then", (int64_t)then);
    dk_jw_int(w, "now", (int64_t)now);
    dk_jw_end_obj(w);
}

static void json_clock(struct dk_jw *w, const struct sim_report *r,
                       const char *clock)
{
    dk_jw_str(w, "clock", clock);
    dk_jw_obj(w, "name");
    dk_jw_str(w, "zh-CN", sim_clock_name(r->law, clock, "zh-CN"));
    dk_jw_str(w, "en", sim_clock_name(r->law, clock, "en"));
    dk_jw_end_obj(w);
}

static void json_row(struct dk_jw *w, const struct sim_report *r,
                     const struct row *row, bool of_unit)
{
    dk_jw_obj(w, NULL);
    if (of_unit)
        dk_jw_str(w, "unit", row->unit);
    json_clock(w, r, row->clock);
    json_pair(w, "limits", row->limits_then, row->limits_now);
    json_pair(w, "late", row->late_then, row->late_now);
    dk_jw_int(w, "newly_late", (int64_t)row->newly_late);
    dk_jw_int(w, "newly_in_time", (int64_t)row->newly_in_time);
    dk_jw_obj(w, "days_over");
    json_days(w, "then", &row->days_then);
    json_days(w, "now", &row->days_now);
    dk_jw_end_obj(w);
    dk_jw_end_obj(w);
}

/* Every clock over all units. */
static int json_clocks(struct dk_jw *w, const struct sim_report *r)
{
    const struct sums *s = r->sums;
    int rc = 0;

    dk_jw_arr(w, "clocks");
    for (size_t i = 0; rc == 0 && i < s->n_row; i++) {
        struct row sum;

        if (!sums_is_first(s, i))
            continue;
        rc = sums_total(s, s->row[i].clock, &sum);
        if (rc == 0)
            json_row(w, r, &sum, false);
        sums_free_row(&sum);
    }
    dk_jw_end_arr(w);
    return rc;
}

static void json_cases(struct dk_jw *w, const struct sim_report *r)
{
    const struct sums *s = r->sums;

    dk_jw_obj(w, "cases");
    dk_jw_int(w, "judged", (int64_t)s->cases);
    dk_jw_int(w, "left_out", (int64_t)s->left_out);
    dk_jw_int(w, "not_judged", (int64_t)s->uncounted);
    json_pair(w, "late", s->late_then, s->late_now);
    dk_jw_int(w, "newly_late", (int64_t)s->newly_late);
    dk_jw_int(w, "newly_in_time", (int64_t)s->newly_in_time);
    dk_jw_end_obj(w);
    if (s->uncounted > 0) {
        const struct change first = {.key = s->uncounted_key,
                                     .county = s->uncounted_county};
        char no[DK_CASE_NO_MAX];

        case_no(&first, no);
        dk_jw_obj(w, "not_judged_first");
        dk_jw_str(w, "case_no", no);
        dk_jw_str(w, "detail", s->why.detail);
        dk_jw_str(w, "detail_zh", s->why.detail_zh);
        dk_jw_end_obj(w);
    }
    dk_jw_arr(w, "refused");
    for (int e = 0; e < DK_EV_N; e++) {
        if (s->refused[e] == 0)
            continue;
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "event", dk_ev_name((enum dk_ev)e));
        dk_jw_int(w, "cases", (int64_t)s->refused[e]);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

static void json_top(struct dk_jw *w, const struct sim_report *r)
{
    const struct sim_law *law = r->law;

    dk_jw_str(w, "policy", dk_policy_id(law->policy));
    dk_jw_str(w, "calendar", dk_calendar_id(law->calendar));
    json_time(w, "from", r, law->from != INT64_MIN ? law->from : DK_NEVER);
    json_time(w, "as_of", r, law->to);
    json_time(w, "law_of", r, law->law_of);
    dk_jw_obj(w, "history");
    dk_jw_int(w, "events", (int64_t)r->history->events);
    json_time(w, "first", r, r->history->first);
    json_time(w, "last", r, r->history->last);
    dk_jw_end_obj(w);
    json_cases(w, r);
}

static void json_change(struct dk_jw *w, const struct sim_report *r,
                        const struct change *c)
{
    char no[DK_CASE_NO_MAX];

    case_no(c, no);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "case_no", no);
    dk_jw_str(w, "unit", c->unit);
    dk_jw_str(w, "clock", c->clock);
    dk_jw_str(w, "change", c->late ? "newly_late" : "newly_in_time");
    json_time(w, "due_then", r, c->due_then);
    json_time(w, "due_now", r, c->due_now);
    dk_jw_int(w, "days_over", c->days);
    dk_jw_end_obj(w);
}

int sim_print_json(FILE *out, const struct sim_report *r)
{
    const struct sums *s = r->sums;
    struct dk_jw w = {0};
    int rc;

    dk_jw_obj(&w, NULL);
    json_top(&w, r);
    rc = json_clocks(&w, r);
    dk_jw_arr(&w, "rows");
    for (size_t i = 0; i < s->n_row; i++)
        json_row(&w, r, &s->row[i], true);
    dk_jw_end_arr(&w);
    if (s->list) {
        dk_jw_arr(&w, "changes");
        for (size_t i = 0; i < s->n_change; i++)
            json_change(&w, r, &s->change[i]);
        dk_jw_end_arr(&w);
    }
    dk_jw_end_obj(&w);
    if (rc == 0 && w.oom)
        rc = DK_ENOMEM;
    if (rc == 0)
        (void)fprintf(out, "%s\n", w.buf);
    dk_jw_fini(&w);
    return rc;
}
