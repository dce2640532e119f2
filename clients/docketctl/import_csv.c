#include "import_csv.h"

#include <stdlib.h>
#include <string.h>

#include "proto/timefmt.h"

#define COLUMNS  256
#define ROW_MAX  IMPORT_LINE_MAX /* bytes */
#define NO_FIELD (-1)

struct row {
    char *text; /* the cells, each NUL-terminated */
    size_t len, cap;
    size_t at[COLUMNS]; /* where each begins */
    int n;
};

struct table {
    FILE *in, *out;
    const struct import_map *map;
    int offset_min;
    long long number; /* of the row, from 1 */
    struct row row;
    int field[COLUMNS]; /* what a column is */
    char *name[COLUMNS];
    int n_column;
};

static int put(struct row *r, int c)
{
    if (r->len == r->cap) {
        size_t cap = r->cap == 0 ? 4096 : r->cap * 2;
        char *text = cap > 4 * ROW_MAX ? NULL : realloc(r->text, cap);
        if (text == NULL)
            return DK_ENOMEM;
        r->text = text;
        r->cap = cap;
    }
    r->text[r->len++] = (char)c;
    return 0;
}

/* A quoted cell, after its first quote: what comes after it, or EOF - 1 when
 * the file ends within.
 */
static int read_quoted(FILE *in, struct row *r)
{
    int c;

    while ((c = getc(in)) != EOF) {
        if (c == '"' && (c = getc(in)) != '"')
            return c;
        if (put(r, c) != 0)
            return EOF - 1;
    }
    return EOF - 1;
}

/* One cell: the separator that ended it; EOF - 1: it is no cell. */
static int read_cell(FILE *in, struct row *r)
{
    int c = getc(in);

    if (r->n == COLUMNS)
        return EOF - 1;
    r->at[r->n++] = r->len;
    if (c == '"') {
        c = read_quoted(in, r);
    } else {
        for (; c != ',' && c != '\n' && c != '\r' && c != EOF; c = getc(in))
            if (put(r, c) != 0)
                return EOF - 1;
    }
    if (c == '\r')
        c = getc(in) == '\n' ? '\n' : EOF - 1;
    if (c != ',' && c != '\n' && c != EOF)
        return EOF - 1;
    return put(r, '\0') == 0 ? c : EOF - 1;
}

/* 1: a row; 0: the end; DK_EFIELD. */
static int next_row(struct table *t, struct dk_problem *p)
{
    int c = getc(t->in);

    t->row.len = 0;
    t->row.n = 0;
    if (c == EOF)
        return 0;
    (void)ungetc(c, t->in);
    t->number++;
    do {
        c = read_cell(t->in, &t->row);
    } while (c == ',');
    if (c != EOF - 1 && dk_utf8_valid(t->row.text, t->row.len) == t->row.len)
        return 1;
    if (c != EOF - 1)
        return dk_failf(p, DK_EFIELD, NULL,
                        "row %lld is not UTF-8: save the table as 'CSV UTF-8'",
                        "第 %lld 行不是 UTF-8：请将表格另存为“CSV UTF-8”",
                        t->number);
    return dk_failf(p, DK_EFIELD, NULL,
                    "row %lld cannot be read: a quote that is not closed, text "
                    "behind one, or a row that is too long",
                    "第 %lld 行无法读取：引号未闭合、引号后有多余文字，或"
                    "该行过长",
                    t->number);
}

static const char *cell(const struct row *r, int i)
{
    return i < r->n ? r->text + r->at[i] : "";
}

/* ---- the header ---- */

static int field_of(const struct import_map *m, const char *name)
{
    for (int i = 0; i < IMPORT_FIELD_N; i++)
        if (strcmp(m->member[i], name) == 0)
            return i;
    return NO_FIELD;
}

static int read_header(struct table *t, struct dk_problem *p)
{
    static const int must[] = {IMPORT_ID, IMPORT_SUBMITTED, IMPORT_SUBJECT,
                               IMPORT_FACTS};
    unsigned had = 0;

    t->n_column = t->row.n;
    for (int i = 0; i < t->n_column; i++) {
        const char *name = cell(&t->row, i);
        t->field[i] = field_of(t->map, name);
        t->name[i] = strdup(name);
        if (t->name[i] == NULL)
            return DK_ENOMEM;
        if (t->field[i] == NO_FIELD)
            continue;
        if ((had >> t->field[i] & 1) != 0)
            return dk_failf(p, DK_EFIELD, NULL, "there are two columns '%.60s'",
                            "有两列都叫“%.60s”", name);
        had |= 1u << t->field[i];
    }
    for (size_t i = 0; i < sizeof must / sizeof must[0]; i++)
        if ((had >> must[i] & 1) == 0)
            return dk_failf(p, DK_EFIELD, NULL,
                            "the table has no column '%.60s'; say what its "
                            "columns are called, as in --map "
                            "id=NUMBER,subject=TITLE",
                            "表格没有“%.60s”列；请用 --map 说明各列名称，如 "
                            "--map id=number,subject=title",
                            t->map->member[must[i]]);
    return 0;
}

/* ---- times ---- */

static bool digits(const char **s, int most, int *out)
{
    int n = 0, v = 0;

    for (; n < most && **s >= '0' && **s <= '9'; n++)
        v = v * 10 + *(*s)++ - '0';
    *out = v;
    return n > 0;
}

/* "2019/3/5", "2019-03-05 14:30", "2019-03-05T14:30:00"; what follows is no
 * more than that.
 */
static bool read_plain_time(const char *s, int v[6])
{
    char sep;

    memset(v, 0, 6 * sizeof v[0]);
    if (!digits(&s, 4, &v[0]) || v[0] < 1000 || (*s != '-' && *s != '/'))
        return false;
    sep = *s++;
    if (!digits(&s, 2, &v[1]) || *s++ != sep || !digits(&s, 2, &v[2]))
        return false;
    if (*s == '\0')
        return true;
    if ((*s != ' ' && *s != 'T') || (s++, !digits(&s, 2, &v[3])) ||
        *s++ != ':' || !digits(&s, 2, &v[4]))
        return false;
    if (*s == ':' && (s++, !digits(&s, 2, &v[5])))
        return false;
    return *s == '\0' && v[3] < 24 && v[4] < 60 && v[5] < 60;
}

static void write_time(struct dk_jw *w, const struct table *t,
                       const char *member, const char *s)
{
    int v[6];

    if (t->offset_min == CSV_NO_ZONE || !read_plain_time(s, v) ||
        dk_date_valid((struct dk_date){v[0], v[1], v[2]}) == 0) {
        dk_jw_str(w, member, s);
        return;
    }
    dk_ms at = dk_days_from_date((struct dk_date){v[0], v[1], v[2]}) * DK_DAY +
               v[3] * DK_HOUR + v[4] * DK_MINUTE + v[5] * DK_SECOND -
               t->offset_min * DK_MINUTE;
    dk_jw_time(w, member, at, t->offset_min);
}

/* ---- rows ---- */

static int write_row(struct table *t, struct dk_problem *p)
{
    struct dk_jw w = {0};
    bool empty = true;
    int rc = 0;

    dk_jw_obj(&w, NULL);
    for (int i = 0; i < t->row.n; i++) {
        const char *s = cell(&t->row, i);
        if (s[0] == '\0')
            continue;
        empty = false;
        if (i >= t->n_column)
            rc = dk_failf(p, DK_EFIELD, NULL,
                          "row %lld has more cells than the header",
                          "第 %lld 行的单元格多于表头", t->number);
        else if (t->field[i] == IMPORT_SUBMITTED ||
                 t->field[i] == IMPORT_ACCEPTED ||
                 t->field[i] == IMPORT_REPLIED)
            write_time(&w, t, t->name[i], s);
        else if (t->field[i] != NO_FIELD)
            dk_jw_str(&w, t->name[i], s);
    }
    dk_jw_end_obj(&w);
    if (rc == 0 && w.oom)
        rc = DK_ENOMEM;
    if (rc == 0 && fprintf(t->out, "%s\n", empty ? "" : w.buf) < 0)
        rc = DK_EIO;
    dk_jw_fini(&w);
    return rc;
}

int import_csv(FILE *in, const struct import_map *map, int offset_min,
               FILE *out, struct dk_problem *p)
{
    struct table t = {
        .in = in, .out = out, .map = map, .offset_min = offset_min};
    int rc, c = getc(in);

    if (c == 0xef) { /* a byte order mark, as Excel writes it */
        (void)getc(in);
        (void)getc(in);
    } else if (c != EOF) {
        (void)ungetc(c, in);
    }
    rc = next_row(&t, p);
    if (rc == 0)
        rc = dk_fail(p, DK_EFIELD, NULL, "the table is empty", "表格是空的");
    if (rc == 1)
        rc = read_header(&t, p);
    if (rc == 0 && fputc('\n', out) == EOF)
        rc = DK_EIO;
    while (rc == 0 && (rc = next_row(&t, p)) == 1)
        rc = write_row(&t, p);
    if (rc == 0 && (ferror(in) != 0 || fflush(out) != 0))
        rc = DK_EIO;
    for (int i = 0; i < t.n_column; i++)
        free(t.name[i]);
    free(t.row.text);
    return rc;
}
