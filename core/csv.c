#include "csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/jsonx.h"

/* A table being read: `at` runs over the input, `put` over the copy. */
struct reader {
    struct dk_csv *out;
    struct dk_report *r;
    const char *file;
    const char *at, *end;
    char *put;
    int line;
    bool failed; /* a mistake after which the rest cannot be read */
};

__attribute__((format(printf, 3, 4))) static void
fail(struct reader *p, int line, const char *fmt, ...)
{
    char place[32], text[256];
    va_list ap;

    (void)snprintf(place, sizeof place, "line %d", line);
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    dk_report_error(p->r, p->file, place, "%s", text);
}

static int line_of(const char *text, const char *at)
{
    int line = 1;

    for (; text < at; text++)
        line += *text == '\n' ? 1 : 0;
    return line;
}

/* ---- what is no text ---- */

static bool is_text(struct reader *p, const char *text, size_t len)
{
    size_t ok = dk_utf8_valid(text, len);
    const char *nul = memchr(text, '\0', len);

    if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 ||
                     memcmp(text, "\xfe\xff", 2) == 0)) {
        fail(p, 1, "the file is UTF-16; save it as \"CSV UTF-8\"");
        return false;
    }
    if (ok < len) {
        fail(p, line_of(text, text + ok),
             "this is not UTF-8 (GBK, perhaps); save the table as \"CSV "
             "UTF-8\"");
        return false;
    }
    if (nul != NULL) {
        fail(p, line_of(text, nul), "there is a NUL byte; is it a text file?");
        return false;
    }
    return true;
}

/* ---- cells ---- */

static bool at_line_end(const struct reader *p)
{
    return p->at == p->end || *p->at == '\n' ||
           (*p->at == '\r' && p->at + 1 < p->end && p->at[1] == '\n');
}

static void read_plain(struct reader *p)
{
    char *from = p->put;
    bool told = false;

    while (!at_line_end(p) && *p->at != ',') {
        if (*p->at == '"' && !told)
            fail(p, p->line,
                 "a quote inside a cell without quotes; put the whole cell in "
                 "quotes and write the quote twice");
        if (*p->at == '\r' && !told)
            fail(p, p->line, "a carriage return without a line feed after it");
        told = told || *p->at == '"' || *p->at == '\r';
        *p->put++ = *p->at++;
        while (p->put - from == 1 && *from == ' ')
            p->put = from; /* spaces before */
    }
    while (p->put > from && p->put[-1] == ' ')
        p->put--;
}

static void read_quoted(struct reader *p)
{
    int line = p->line;

    for (p->at++; p->at < p->end; p->at++) {
        if (*p->at == '"' && p->at + 1 < p->end && p->at[1] == '"') {
            p->at++;
        } else if (*p->at == '"') {
            break;
        } else if (*p->at == '\n') {
            p->line++;
        }
        *p->put++ = *p->at;
    }
    if (p->at == p->end) {
        fail(p, line, "the quote that begins a cell here is never closed");
        p->failed = true;
        return;
    }
    p->at++;
    if (at_line_end(p) || *p->at == ',')
        return;
    fail(p, p->line,
         "after the closing quote comes a comma or the line's end; a quote "
         "inside a cell is written twice");
    while (!at_line_end(p) && *p->at != ',')
        p->at++;
}

static bool is_blank_line(const struct reader *p)
{
    const char *s = p->at;

    while (s < p->end && *s == ' ')
        s++;
    return s == p->end || *s == '\n' ||
           (*s == '\r' && s + 1 < p->end && s[1] == '\n');
}

static void end_line(struct reader *p)
{
    while (p->at < p->end && *p->at != '\n')
        p->at++;
    if (p->at < p->end)
        p->at++;
    p->line++;
}

static void read_cell(struct reader *p)
{
    struct dk_csv *c = p->out;

    c->cell[c->n_cell] = p->put;
    c->cell_line[c->n_cell++] = p->line;
    if (p->at < p->end && *p->at == '"')
        read_quoted(p);
    else
        read_plain(p);
    *p->put++ = '\0';
}

static void read_row(struct reader *p)
{
    struct dk_csv *c = p->out;
    struct dk_csv_row *row = &c->row[c->n_row++];

    *row = (struct dk_csv_row){.line = p->line, .first = c->n_cell};
    for (;;) {
        read_cell(p);
        row->n++;
        if (p->failed || p->at == p->end || *p->at != ',')
            break;
        p->at++;
    }
    if (row->n > DK_CSV_COLUMNS_MAX)
        fail(p, row->line, "%d columns; there are %d at most", row->n,
             DK_CSV_COLUMNS_MAX);
    end_line(p);
}

/* ---- the table ---- */

/* Room for as many cells and rows as the text can have. */
static bool make_room(struct dk_csv *c, const char *text, size_t len)
{
    size_t cells = 1, rows = 1;

    for (size_t i = 0; i < len; i++) {
        cells += text[i] == ',' || text[i] == '\n' ? 1 : 0;
        rows += text[i] == '\n' ? 1 : 0;
    }
    c->text = malloc(len + cells + 1);
    c->cell = calloc(cells, sizeof *c->cell);
    c->cell_line = calloc(cells, sizeof *c->cell_line);
    c->row = calloc(rows, sizeof *c->row);
    return c->text != NULL && c->cell != NULL && c->cell_line != NULL &&
           c->row != NULL;
}

int dk_csv_parse(const char *file, const char *text, size_t len,
                 struct dk_csv *out, struct dk_report *r)
{
    struct reader p = {.out = out, .r = r, .file = file, .line = 1};
    int before = r->errors;

    *out = (struct dk_csv){.text = NULL};
    if (!is_text(&p, text, len))
        return DK_EFIELD;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    if (!make_room(out, text, len)) {
        r->oom = true;
        return DK_ENOMEM;
    }
    p.at = text;
    p.end = text + len;
    p.put = out->text;
    while (p.at < p.end && !p.failed) {
        if (out->n_row == DK_CSV_ROWS_MAX) {
            fail(&p, p.line, "a table has at most %d rows", DK_CSV_ROWS_MAX);
            break;
        }
        if (is_blank_line(&p))
            end_line(&p);
        else
            read_row(&p);
    }
    return r->errors == before ? 0 : DK_EFIELD;
}

void dk_csv_fini(struct dk_csv *c)
{
    free(c->text);
    free(c->cell);
    free(c->cell_line);
    free(c->row);
    *c = (struct dk_csv){.text = NULL};
}

const char *dk_csv_cell(const struct dk_csv *c, const struct dk_csv_row *row,
                        int i)
{
    return i < row->n ? c->cell[row->first + i] : "";
}
