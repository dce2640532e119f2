/* bulletin_text.c - numbers of a bulletin as text, and the bulletin as CSV and
 * as JSON.
 */
#include <inttypes.h>
#include <string.h>

#include "bulletin.h"
#include "proto/submit.h"
#include "stat.h"

/* A share in tenths of a per cent. */
static void tenths(int64_t v, char buf[PERCENT_TEXT])
{
    (void)snprintf(buf, PERCENT_TEXT, "%" PRId64 ".%d", v / 10, (int)(v % 10));
}

void percent_text(int64_t n, int64_t of, char buf[PERCENT_TEXT])
{
    buf[0] = '\0';
    if (of > 0 && n >= 0)
        tenths((n * 2000 + of) / (2 * of), buf);
}

void interval_text(int64_t n, int64_t of, char low[PERCENT_TEXT],
                   char high[PERCENT_TEXT])
{
    low[0] = high[0] = '\0';
    if (of <= 0 || n < 0 || n > of)
        return;
    struct stat_interval i = stat_wilson(n, of);
    tenths((int64_t)(i.low * 1000 + 0.5), low);
    tenths((int64_t)(i.high * 1000 + 0.5), high);
}

void chance_text(double p, char buf[PERCENT_TEXT])
{
    if (p < 0.0001)
        (void)snprintf(buf, PERCENT_TEXT, "<0.0001");
    else
        (void)snprintf(buf, PERCENT_TEXT, "%.4f", p);
}

static void day_text(int32_t day, char buf[16])
{
    dk_date_format(dk_date_from_days(day), buf);
}

/* ---- CSV (RFC 4180) ------------------------------------------------------ */

/* A field.  What a spreadsheet would take for a formula is text: categories
 * are what citizens wrote.
 */
static void put_field(FILE *out, const char *s)
{
    bool formula = s[0] != '\0' && strchr("=+-@\t\r", s[0]) != NULL;

    if (!formula && strpbrk(s, "\",\r\n") == NULL) {
        (void)fputs(s, out);
        return;
    }
    (void)fputs(formula ? "\"'" : "\"", out);
    for (; *s != '\0'; s++) {
        if (*s == '"')
            (void)fputc('"', out);
        (void)fputc(*s, out);
    }
    (void)fputc('"', out);
}

struct row {
    const struct bulletin *b;
    const struct figures *f;
    const char *key;
};

static void put_head(const struct row *r, FILE *out)
{
    char from[16], to[16], as_of[16] = "";

    day_text(r->f->period.from, from);
    day_text(r->f->period.to, to);
    if (r->b->q.as_of != INT32_MAX)
        day_text(r->b->q.as_of, as_of);
    (void)fprintf(out, "%s,%s,%s,%s,%s,", r->f->period.text, from, to, as_of,
                  r->b->by_name != NULL && r->key != NULL ? r->b->by_name : "");
    put_field(out, r->key != NULL ? r->key : "");
    (void)fputc(',', out);
}

static void put_count(const struct row *r, FILE *out, const char *id, int64_t n)
{
    put_head(r, out);
    (void)fprintf(out, "%s,%" PRId64 ",,,,\r\n", id, n);
}

static void put_ratio(const struct row *r, FILE *out, const struct group *g,
                      const struct ratio *q)
{
    char percent[PERCENT_TEXT], low[PERCENT_TEXT], high[PERCENT_TEXT];
    int64_t n = g->n[q->n], of = g->n[q->of];

    percent_text(n, of, percent);
    interval_text(n, of, low, high);
    put_head(r, out);
    (void)fprintf(out, "%s_rate,%" PRId64 ",%" PRId64 ",%s,%s,%s\r\n", q->id, n,
                  of, percent, low, high);
}

static void put_group(const struct bulletin *b, const struct figures *f,
                      struct group *g, FILE *out)
{
    struct row r = {b, f, g->key};
    struct overdue o = group_overdue(g, bulletin_stock_day(b, f, g));
    char id[64];

    for (int i = 0; i < FIG_N; i++)
        put_count(&r, out, figure_wire((enum figure)i), g->n[i]);
    for (int i = 0; i < CHANNELS; i++) {
        (void)snprintf(id, sizeof id, "received_%s", dk_channel_names[i]);
        put_count(&r, out, id, g->channel[i]);
    }
    put_count(&r, out, "overdue", o.n);
    put_count(&r, out, "overdue_days_median", o.median);
    put_count(&r, out, "overdue_days_worst", o.worst);
    for (int i = 0; i < RATIOS; i++)
        put_ratio(&r, out, g, &ratios[i]);
}

/* Comparisons: n is what came now, `of` what came before; then P and level. */
static void put_rises(const struct bulletin *b, FILE *out)
{
    for (size_t i = 0; i < b->n_rise; i++) {
        const struct rise *r = &b->rise[i];
        struct row row = {b, &b->f[0], r->key};

        put_head(&row, out);
        (void)fprintf(out, "%s_%s,%" PRId64 ",%" PRId64 ",,%.6f,%.6f\r\n",
                      r->rebound ? "rebound" : "change",
                      b->f[r->against].period.text, r->now, r->before, r->p,
                      b->level);
    }
}

int bulletin_csv(struct ctl *ctl, struct bulletin *b)
{
    (void)fputs("period,from,to,as_of,by,key,figure,n,of,percent,low,high\r\n",
                ctl->out);
    for (int i = 0; i < b->n; i++) {
        put_group(b, &b->f[i], &b->f[i].total, ctl->out);
        for (size_t k = 0; k < b->f[i].n; k++)
            put_group(b, &b->f[i], &b->f[i].v[k], ctl->out);
    }
    put_rises(b, ctl->out);
    return 0;
}

/* ---- JSON ---------------------------------------------------------------- */

/* JSON here has no fractions: they are decimals in strings. */
static void write_text(struct dk_jw *w, const char *key, const char *s)
{
    dk_jw_str(w, key, s[0] != '\0' ? s : NULL);
}

static void write_ratio(struct dk_jw *w, const struct group *g,
                        const struct ratio *q)
{
    char percent[PERCENT_TEXT], low[PERCENT_TEXT], high[PERCENT_TEXT];
    int64_t n = g->n[q->n], of = g->n[q->of];

    percent_text(n, of, percent);
    interval_text(n, of, low, high);
    dk_jw_obj(w, q->id);
    dk_jw_int(w, "n", n);
    dk_jw_int(w, "of", of);
    write_text(w, "percent", percent);
    write_text(w, "low", low);
    write_text(w, "high", high);
    dk_jw_end_obj(w);
}

static void write_group(struct dk_jw *w, const char *member,
                        const struct bulletin *b, const struct figures *f,
                        struct group *g)
{
    struct overdue o = group_overdue(g, bulletin_stock_day(b, f, g));

    dk_jw_obj(w, member);
    if (g->key != NULL)
        write_text(w, "key", g->key);
    dk_jw_obj(w, "counts");
    for (int i = 0; i < FIG_N; i++)
        dk_jw_int(w, figure_wire((enum figure)i), g->n[i]);
    dk_jw_end_obj(w);
    dk_jw_obj(w, "channels");
    for (int i = 0; i < CHANNELS; i++)
        dk_jw_int(w, dk_channel_names[i], g->channel[i]);
    dk_jw_end_obj(w);
    dk_jw_obj(w, "overdue");
    dk_jw_int(w, "n", o.n);
    dk_jw_int(w, "days_median", o.median);
    dk_jw_int(w, "days_worst", o.worst);
    dk_jw_end_obj(w);
    dk_jw_obj(w, "ratios");
    for (int i = 0; i < RATIOS; i++)
        write_ratio(w, g, &ratios[i]);
    dk_jw_end_obj(w);
    dk_jw_end_obj(w);
}

static void write_period(struct dk_jw *w, const struct bulletin *b,
                         struct figures *f)
{
    char day[16];

    dk_jw_obj(w, NULL);
    dk_jw_str(w, "period", f->period.text);
    day_text(f->period.from, day);
    dk_jw_str(w, "from", day);
    day_text(f->period.to, day);
    dk_jw_str(w, "to", day);
    write_group(w, "total", b, f, &f->total);
    dk_jw_arr(w, "groups");
    for (size_t i = 0; i < f->n; i++)
        write_group(w, NULL, b, f, &f->v[i]);
    dk_jw_end_arr(w);
    dk_jw_end_obj(w);
}

static void write_rise(struct dk_jw *w, const struct bulletin *b,
                       const struct rise *r)
{
    char p[24];

    dk_jw_obj(w, NULL);
    dk_jw_str(w, "key", r->key);
    dk_jw_str(w, "against", b->f[r->against].period.text);
    dk_jw_int(w, "now", r->now);
    dk_jw_int(w, "days", r->days);
    dk_jw_int(w, "before", r->before);
    dk_jw_int(w, "days_before", r->days_before);
    (void)snprintf(p, sizeof p, "%.6f", r->p);
    dk_jw_str(w, "p", p);
    dk_jw_bool(w, "rebound", r->rebound);
    dk_jw_end_obj(w);
}

int bulletin_json(struct ctl *ctl, struct bulletin *b)
{
    struct dk_jw w = {0};
    char text[24];

    dk_jw_obj(&w, NULL);
    text[0] = '\0';
    if (b->q.as_of != INT32_MAX)
        day_text(b->q.as_of, text);
    write_text(&w, "as_of", text);
    day_text(b->q.today, text);
    dk_jw_str(&w, "today", text);
    dk_jw_str(&w, "by", b->by_name);
    dk_jw_arr(&w, "periods");
    for (int i = 0; i < b->n; i++)
        write_period(&w, b, &b->f[i]);
    dk_jw_end_arr(&w);
    dk_jw_obj(&w, "rises");
    dk_jw_str(&w, "statistic",
              "exact conditional test of two Poisson rates, one-sided");
    (void)snprintf(text, sizeof text, "%.6f", b->level);
    dk_jw_str(&w, "level", text);
    dk_jw_arr(&w, "items");
    for (size_t i = 0; i < b->n_rise; i++)
        write_rise(&w, b, &b->rise[i]);
    dk_jw_end_arr(&w);
    dk_jw_end_obj(&w);
    dk_jw_end_obj(&w);
    if (w.oom) {
        dk_jw_fini(&w);
        return say_oom(ctl);
    }
    (void)fprintf(ctl->out, "%s\n", w.buf);
    dk_jw_fini(&w);
    return 0;
}
