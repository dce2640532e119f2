#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/problem.h"
#include "width.h"

struct cell {
    char *text;
    int width;
    enum table_style style;
    bool right; /* a number */
};

struct table {
    int columns;
    const char *head[TABLE_COLUMNS];
    int width[TABLE_COLUMNS];
    struct cell *cell;
    size_t n, cap;
    bool headed; /* the head line is out */
    bool oom;
};

struct table *table_new(const char *const heads[], int n)
{
    struct table *t = calloc(1, sizeof *t);

    if (t == NULL || n < 1 || n > TABLE_COLUMNS) {
        free(t);
        return NULL;
    }
    t->columns = n;
    for (int i = 0; i < n; i++) {
        t->head[i] = heads[i];
        t->width[i] = text_width(heads[i]);
    }
    return t;
}

static void drop_cells(struct table *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->cell[i].text);
    t->n = 0;
}

void table_free(struct table *t)
{
    if (t == NULL)
        return;
    drop_cells(t);
    free(t->cell);
    free(t);
}

static struct cell *add(struct table *t, const char *text)
{
    if (t->n == t->cap) {
        size_t cap = t->cap == 0 ? 64 : t->cap * 2;
        struct cell *v = realloc(t->cell, cap * sizeof *v);
        if (v == NULL)
            goto oom;
        t->cell = v;
        t->cap = cap;
    }
    struct cell *c = &t->cell[t->n];
    *c = (struct cell){.text = text_clean(text, false)};
    if (c->text == NULL)
        goto oom;
    c->width = text_width(c->text);
    int *w = &t->width[t->n % (size_t)t->columns];
    if (c->width > *w)
        *w = c->width;
    t->n++;
    return c;
oom:
    t->oom = true;
    return NULL;
}

void table_cell(struct table *t, const char *text, enum table_style style)
{
    struct cell *c = t->oom ? NULL : add(t, text == NULL ? "-" : text);
    if (c != NULL)
        c->style = text == NULL ? CELL_DIM : style;
}

void table_int(struct table *t, int64_t v, enum table_style style)
{
    char buf[24];

    (void)snprintf(buf, sizeof buf, "%" PRId64, v);
    struct cell *c = t->oom ? NULL : add(t, buf);
    if (c != NULL) {
        c->style = style;
        c->right = true;
    }
}

const char *table_color(enum table_style style)
{
    switch (style) {
    case CELL_PLAIN:
        return "";
    case CELL_DIM:
        return "\033[2m";
    case CELL_GOOD:
        return "\033[32m";
    case CELL_WARN:
        return "\033[33m";
    case CELL_BAD:
        return "\033[31m";
    }
    return "";
}

/* One cell in its column; the last of a row is not padded but may be cut. */
static void put(const struct cell *c, int width, bool last, int room, FILE *out,
                bool color)
{
    const char *on = color ? table_color(c->style) : "";
    int pad = width - c->width, used = c->width;
    size_t bytes = strlen(c->text);
    bool cut = last && room > 1 && c->width > room;

    if (cut)
        bytes = text_fit(c->text, room - 1, &used);
    (void)fprintf(out, "%*s%s%.*s%s%s", c->right && pad > 0 ? pad : 0, "", on,
                  (int)bytes, c->text, cut ? "…" : "",
                  on[0] != '\0' ? TABLE_COLOR_OFF : "");
    if (last)
        (void)fputc('\n', out);
    else
        (void)fprintf(out, "%*s", (c->right || pad < 0 ? 0 : pad) + 2, "");
}

static void put_row(const struct table *t, const struct cell *row, FILE *out,
                    const struct table_look *look)
{
    int room = look->columns;

    for (int i = 0; i < t->columns; i++) {
        put(&row[i], t->width[i], i == t->columns - 1, room, out, look->color);
        room -= t->width[i] + 2;
    }
}

/* Heads are ours and clean: no copies are needed. */
static void put_head(const struct table *t, FILE *out,
                     const struct table_look *look)
{
    if (look->color)
        (void)fputs("\033[1m", out);
    for (int i = 0; i < t->columns; i++) {
        int pad = t->width[i] - text_width(t->head[i]) + 2;
        bool last = i == t->columns - 1;
        (void)fprintf(out, "%s%*s", t->head[i], last ? 0 : pad, "");
    }
    (void)fputs(look->color ? TABLE_COLOR_OFF "\n" : "\n", out);
}

int table_print(struct table *t, FILE *out, const struct table_look *look)
{
    if (t->oom)
        return DK_ENOMEM;
    if (!t->headed && t->n > 0) {
        put_head(t, out, look);
        t->headed = true;
    }
    for (size_t i = 0; i + (size_t)t->columns <= t->n; i += (size_t)t->columns)
        put_row(t, &t->cell[i], out, look);
    drop_cells(t);
    return 0;
}
