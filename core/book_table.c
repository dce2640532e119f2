#include "book_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a column may be called; the first is the member's name. */
static const char *const titles[COL_N][6] = {
    [COL_ID] = {"id", "编号", "单位编号", "标识", NULL},
    [COL_CODE] = {"code", "编码", "代码", "区划代码", "行政区划代码", NULL},
    [COL_NAME] = {"name", "名称", "单位名称", NULL},
    [COL_NAME_EN] = {"name_en", "英文名称", NULL},
    [COL_PARENT] = {"parent", "上级", "上级编码", "上级单位", NULL},
    [COL_KIND] = {"kind", "类型", "单位类型", NULL},
    [COL_HEAD] = {"head", "负责人编号", "负责人", NULL},
    [COL_HEAD_NAME] = {"head_name", "负责人姓名", NULL},
    [COL_FROM] = {"valid_from", "设立日期", "启用日期", "生效日期", NULL},
    [COL_TO] = {"valid_to", "撤销日期", "停用日期", "失效日期", NULL},
    [COL_INTO] = {"merged_into", "并入", "并入单位", "承接单位", NULL},
    [COL_RENAMED] = {"renamed_on", "更名日期", NULL},
    [COL_NOTE] = {"note", "备注", NULL},
};

static const char *title_of(const struct book_table *t, enum book_col col)
{
    return dk_csv_cell(&t->csv, &t->csv.row[0], t->at[col]);
}

void book_table_error(const struct book_table *t, const struct book_row *row,
                      enum book_col col, const char *fmt, ...)
{
    char place[160], text[512];
    va_list ap;

    if (col < COL_N && t->at[col] >= 0 && t->at[col] < row->row->n)
        (void)snprintf(place, sizeof place, "line %d, column %d (%.80s)",
                       t->csv.cell_line[row->row->first + t->at[col]],
                       t->at[col] + 1, title_of(t, col));
    else
        (void)snprintf(place, sizeof place, "line %d", row->row->line);
    place[dk_utf8_valid(place, strlen(place))] = '\0';
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    text[dk_utf8_valid(text, strlen(text))] = '\0';
    dk_report_error(t->r, t->file, place, "%s", text);
    t->row[row - t->row].bad = true;
}

const char *book_table_cell(const struct book_table *t,
                            const struct book_row *row, enum book_col col)
{
    return t->at[col] < 0 ? "" : dk_csv_cell(&t->csv, row->row, t->at[col]);
}

enum book_col book_table_col(const char *member)
{
    int col = 0;

    if (strcmp(member, "former_names") == 0)
        return COL_RENAMED;
    while (col < COL_N && strcmp(titles[col][0], member) != 0)
        col++;
    return (enum book_col)col;
}

/* ---- the header ---- */

static int find_title(const char *word)
{
    for (int col = 0; col < COL_N; col++) {
        for (int i = 0; titles[col][i] != NULL; i++) {
            if (strcmp(titles[col][i], word) == 0)
                return col;
        }
    }
    return -1;
}

static void report_title(const struct book_table *t, int i, const char *word)
{
    const char *names[COL_N * 6 + 1], *near;
    char place[64];
    int n = 0;

    for (int col = 0; col < COL_N; col++) {
        for (int k = 0; titles[col][k] != NULL; k++)
            names[n++] = titles[col][k];
    }
    names[n] = NULL;
    near = dk_nearest(word, names);
    (void)snprintf(place, sizeof place, "line %d, column %d",
                   t->csv.row[0].line, i + 1);
    if (near != NULL)
        dk_report_error(t->r, t->file, place,
                        "\"%.80s\" is no column; did you mean \"%s\"?", word,
                        near);
    else
        dk_report_error(t->r, t->file, place,
                        "\"%.80s\" is no column; take it out, or see the list "
                        "in docs/UNITS.md",
                        word);
}

/* false: the rows say nothing. */
static bool check_header(const struct book_table *t)
{
    char place[32];

    (void)snprintf(place, sizeof place, "line %d", t->csv.row[0].line);
    if (t->csv.row[0].n == 1 && strpbrk(t->csv.cell[0], ";\t|") != NULL) {
        dk_report_error(t->r, t->file, place,
                        "the columns are not parted by commas; save the table "
                        "as \"CSV (comma delimited)\"");
        return false;
    }
    if (t->at[COL_ID] < 0 && t->at[COL_CODE] < 0)
        dk_report_error(t->r, t->file, place,
                        "there is neither a column \"code\" (编码) nor \"id\" "
                        "(编号); add one");
    if (t->at[COL_HEAD_NAME] >= 0 && t->at[COL_HEAD] < 0)
        dk_report_error(t->r, t->file, place,
                        "\"head_name\" needs the column \"head\" (负责人编号), "
                        "the officer's id; add it");
    return t->at[COL_ID] >= 0 || t->at[COL_CODE] >= 0;
}

static bool read_header(struct book_table *t)
{
    const struct dk_csv_row *h = &t->csv.row[0];
    bool plain = h->n > 1;

    for (int i = 0; i < h->n; i++) {
        const char *word = dk_csv_cell(&t->csv, h, i);
        int col = find_title(word);
        char place[64];
        if (col < 0) {
            if (plain || strpbrk(word, ";\t|") == NULL)
                report_title(t, i, word);
            continue;
        }
        if (t->at[col] >= 0) {
            (void)snprintf(place, sizeof place, "line %d, column %d", h->line,
                           i + 1);
            dk_report_error(t->r, t->file, place,
                            "\"%s\" is the same as column %d; take one out",
                            word, t->at[col] + 1);
            continue;
        }
        t->at[col] = i;
    }
    return check_header(t);
}

/* ---- the rows ---- */

static const struct book_unit *find_coded(const struct dk_book *b,
                                          const char *code)
{
    const struct book_unit *best = NULL;

    for (int i = 0; i < b->n_unit; i++) {
        const struct book_unit *u = &b->unit[i];
        if (u->code != NULL && strcmp(u->code, code) == 0 &&
            (best == NULL || u->valid_to > best->valid_to))
            best = u;
    }
    return best;
}

/* Whom the row is about: by its id, else by its code. */
static void find_unit(const struct book_table *t, struct book_row *row)
{
    const char *id = book_table_cell(t, row, COL_ID);
    const char *code = book_table_cell(t, row, COL_CODE);
    struct dk_problem p = {0};
    const char *out;
    cJSON *probe;

    if (id[0] == '\0' && code[0] == '\0') {
        book_table_error(t, row, COL_N,
                         "the row has neither a code nor an id; fill one in");
        return;
    }
    row->unit = id[0] == '\0' ? find_coded(t->book, code) : NULL;
    row->id = id[0] != '\0' ? id : code;
    if (row->unit == NULL)
        row->unit = book_unit_find(t->book, row->id);
    if (row->unit != NULL) {
        row->id = row->unit->id;
        return;
    }
    probe = cJSON_CreateObject();
    if (probe == NULL || cJSON_AddStringToObject(probe, "id", row->id) == NULL)
        t->r->oom = true;
    else if (dk_json_id(probe, "id", DK_REQUIRED, &out, NULL, &p) != 0)
        book_table_error(t, row, id[0] != '\0' ? COL_ID : COL_CODE, "%s",
                         p.detail);
    cJSON_Delete(probe);
}

static void check_row(const struct book_table *t, const struct book_row *row)
{
    int n = t->csv.row[0].n;

    if (row->row->n == n)
        return;
    book_table_error(
        t, row, COL_N, "the line has %d cells and the header %d; %s",
        row->row->n, n,
        row->row->n > n ? "put a cell that has a comma in quotes"
                        : "write a comma for each empty cell, too");
}

static void check_twice(const struct book_table *t, int i)
{
    for (int k = 0; k < i && t->row[i].id != NULL; k++) {
        if (t->row[k].id != NULL && strcmp(t->row[k].id, t->row[i].id) == 0) {
            book_table_error(t, &t->row[i], COL_N,
                             "\"%s\" is in line %d already; make one row of "
                             "the two",
                             t->row[i].id, t->row[k].row->line);
            return;
        }
    }
}

int book_table_read(struct book_table *t, const char *csv, size_t len)
{
    int before = t->r->errors, rc;

    for (int i = 0; i < COL_N; i++)
        t->at[i] = -1;
    rc = dk_csv_parse(t->file, csv, len, &t->csv, t->r);
    if (rc != 0)
        return rc;
    if (t->csv.n_row < 2) {
        dk_report_error(t->r, t->file, "line 1",
                        "there are no units in the table; write a header and "
                        "one row for each unit");
        return DK_EFIELD;
    }
    if (!read_header(t))
        return DK_EFIELD;
    t->row = calloc((size_t)t->csv.n_row, sizeof *t->row);
    if (t->row == NULL) {
        t->r->oom = true;
        return DK_ENOMEM;
    }
    t->n_row = t->csv.n_row - 1;
    for (int i = 0; i < t->n_row; i++) {
        t->row[i].row = &t->csv.row[i + 1];
        check_row(t, &t->row[i]);
        find_unit(t, &t->row[i]);
        check_twice(t, i);
    }
    return t->r->errors == before ? 0 : DK_EFIELD;
}

/* ---- what they make of the book ---- */

int book_table_apply(struct book_table *t)
{
    const cJSON *list =
        cJSON_GetObjectItemCaseSensitive(t->book->root, "units");
    int before = t->r->errors, added = cJSON_GetArraySize(list);

    for (int i = 0; i < t->n_row; i++) {
        struct book_row *row = &t->row[i];
        if (row->id == NULL) /* its other cells are looked at all the same */
            row->place = -1;
        else
            row->place = row->unit != NULL ? row->unit->place : added++;
        if (row->unit != NULL) {
            row->old = list->child;
            for (int k = 0; k < row->place; k++)
                row->old = row->old->next;
            row->now = cJSON_Duplicate(row->old, true);
        } else {
            row->now = cJSON_CreateObject();
        }
        if (row->now == NULL) {
            t->r->oom = true;
            return DK_ENOMEM;
        }
        book_cells_apply(t, row);
    }
    if (t->r->oom)
        return DK_ENOMEM;
    return t->r->errors == before ? 0 : DK_EFIELD;
}

void book_table_fini(struct book_table *t)
{
    for (int i = 0; i < t->n_row; i++)
        cJSON_Delete(t->row[i].now);
    free(t->row);
    dk_csv_fini(&t->csv);
    t->row = NULL;
    t->n_row = 0;
}
