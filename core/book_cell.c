/* book_cell.c - the cells of a row become the members of a unit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book_table.h"

/* Put `value` (taken over; NULL: out of memory) under `key`. */
static void set(const struct book_table *t, cJSON *o, const char *key,
                cJSON *value)
{
    bool there = cJSON_GetObjectItemCaseSensitive(o, key) != NULL;

    if (value == NULL ||
        !(there ? cJSON_ReplaceItemInObjectCaseSensitive(o, key, value)
                : cJSON_AddItemToObject(o, key, value))) {
        t->r->oom = true;
        cJSON_Delete(value);
    }
}

/* A cell that says something; "-" takes the member out. */
static const char *given(const struct book_table *t, struct book_row *row,
                         enum book_col col, const char *key)
{
    const char *s = book_table_cell(t, row, col);

    if (strcmp(s, "-") == 0) {
        cJSON_DeleteItemFromObjectCaseSensitive(row->now, key);
        return NULL;
    }
    return s[0] != '\0' ? s : NULL;
}

/* ---- names ---- */

static const char *zh_of(const cJSON *name)
{
    return cJSON_GetStringValue(
        cJSON_IsObject(name) ? cJSON_GetObjectItemCaseSensitive(name, "zh-CN")
                             : name);
}

static const char *en_of(const cJSON *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(name, "en"));
}

/* The name that the unit has until the day before `on`. */
static void add_former(const struct book_table *t, struct book_row *row,
                       const char *on)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(row->now, "former_names");
    cJSON *o = cJSON_CreateObject();
    struct dk_date d;
    char until[16];

    if (dk_date_parse(on, strlen(on), &d) != 0) { /* reported already */
        cJSON_Delete(o);
        return;
    }
    dk_date_format(dk_date_from_days(dk_days_from_date(d) - 1), until);
    if (o == NULL) {
        t->r->oom = true;
        return;
    }
    set(t, o, "name",
        cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(row->old, "name"),
                        true));
    set(t, o, "until", cJSON_CreateString(until));
    if (list == NULL) {
        set(t, row->now, "former_names", cJSON_CreateArray());
        list = cJSON_GetObjectItemCaseSensitive(row->now, "former_names");
    }
    if (list == NULL || !cJSON_AddItemToArray(list, o)) {
        t->r->oom = true;
        cJSON_Delete(o);
    }
}

static void put_name(const struct book_table *t, struct book_row *row)
{
    const cJSON *old = cJSON_GetObjectItemCaseSensitive(row->old, "name");
    const char *zh = book_table_cell(t, row, COL_NAME);
    const char *en = book_table_cell(t, row, COL_NAME_EN);
    const char *on = book_table_cell(t, row, COL_RENAMED);
    cJSON *o;

    if (zh[0] == '\0')
        zh = zh_of(old);
    if (zh == NULL || strcmp(zh, "-") == 0) {
        book_table_error(t, row, COL_NAME, "the unit has no name; fill it in");
        return;
    }
    if (on[0] != '\0' && strcmp(on, "-") != 0 && old != NULL &&
        strcmp(zh, zh_of(old)) != 0)
        add_former(t, row, on);
    if (en[0] == '\0') /* a new name needs a new translation */
        en = old != NULL && strcmp(zh, zh_of(old)) == 0 ? en_of(old) : NULL;
    if (en == NULL || strcmp(en, "-") == 0) {
        set(t, row->now, "name", cJSON_CreateString(zh));
        return;
    }
    o = cJSON_CreateObject();
    if (o != NULL) {
        set(t, o, "zh-CN", cJSON_CreateString(zh));
        set(t, o, "en", cJSON_CreateString(en));
    }
    set(t, row->now, "name", o);
}

/* ---- places ---- */

/* Spreadsheets shorten long numbers. */
static bool is_shortened(const char *s)
{
    size_t n = strspn(s, "0123456789.");

    return n > 0 && (s[n] == 'E' || s[n] == 'e') &&
           strspn(s + n + 1, "+-0123456789") == strlen(s + n + 1);
}

static void put_code(const struct book_table *t, struct book_row *row)
{
    const char *s = given(t, row, COL_CODE, "code");
    const char *kind = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(row->now, "kind"));
    char hint[128];

    if (s == NULL)
        return;
    if (is_shortened(s)) {
        book_table_error(t, row, COL_CODE,
                         "the spreadsheet shortened the code to \"%.40s\"; "
                         "make the column text and enter its digits again",
                         s);
        return;
    }
    /* A department's code is what the office calls it. */
    if (kind != NULL && strcmp(kind, "department") == 0 &&
        book_code_kind(s, hint) == BOOK_KIND_NONE)
        return;
    set(t, row->now, "code", cJSON_CreateString(s));
}

static void put_kind(const struct book_table *t, struct book_row *row)
{
    static const char *const zh[][4] = {
        {"province", "省", "省级", NULL}, {"city", "市", "市级", NULL},
        {"county", "县", "县级", NULL},   {"township", "乡镇", "乡级", NULL},
        {"village", "村", "村级", NULL},  {"department", "部门", NULL},
        {"township", "街道", "镇", NULL}, {"village", "社区", NULL},
        {"township", "乡", NULL},         {"county", "区", NULL}};
    const char *s = given(t, row, COL_KIND, "kind"), *near;

    if (s == NULL)
        return;
    for (size_t i = 0; i < sizeof zh / sizeof zh[0]; i++) {
        for (int k = 0; k < 4 && zh[i][k] != NULL; k++) {
            if (strcmp(zh[i][k], s) == 0) {
                set(t, row->now, "kind", cJSON_CreateString(zh[i][0]));
                return;
            }
        }
    }
    near = dk_nearest(s, book_kind_names + 1);
    book_table_error(t, row, COL_KIND,
                     "\"%.40s\" is no kind of unit; write %s (部门, 乡镇, 村, "
                     "县, 市, 省)",
                     s, near != NULL ? near : "department");
}

/* ---- other units ---- */

static bool is_meant(const struct book_table *t, const struct book_row *row,
                     const char *s)
{
    return row->id != NULL &&
           (strcmp(row->id, s) == 0 ||
            strcmp(book_table_cell(t, row, COL_CODE), s) == 0 ||
            strcmp(book_table_cell(t, row, COL_NAME), s) == 0);
}

/* The id of who is meant by an id, a code or a name; NULL: nobody. */
static const char *resolve(const struct book_table *t, const char *s)
{
    const struct book_unit *u = book_unit_find(t->book, s);
    const char *found = u != NULL ? u->id : NULL;

    for (int i = 0; i < t->n_row && found == NULL; i++) {
        if (is_meant(t, &t->row[i], s))
            found = t->row[i].id;
    }
    for (int i = 0; i < t->book->n_unit && found == NULL; i++) {
        u = &t->book->unit[i];
        if ((u->code != NULL && strcmp(u->code, s) == 0) ||
            strcmp(u->name.zh, s) == 0)
            found = u->id;
    }
    return found;
}

static void put_unit(const struct book_table *t, struct book_row *row,
                     enum book_col col, const char *key)
{
    const char *s = given(t, row, col, key), *id, *near = NULL, **ids;
    int n = 0;

    if (s == NULL)
        return;
    id = resolve(t, s);
    if (id != NULL) {
        set(t, row->now, key, cJSON_CreateString(id));
        return;
    }
    ids = calloc(2 * ((size_t)t->book->n_unit + (size_t)t->n_row) + 1,
                 sizeof *ids);
    for (int i = 0; ids != NULL && i < t->book->n_unit; i++) {
        ids[n++] = t->book->unit[i].id;
        if (t->book->unit[i].code != NULL)
            ids[n++] = t->book->unit[i].code;
    }
    for (int i = 0; ids != NULL && i < t->n_row; i++) {
        if (t->row[i].id != NULL)
            ids[n++] = t->row[i].id;
    }
    if (ids != NULL)
        near = dk_nearest(s, ids);
    if (near != NULL)
        book_table_error(t, row, col,
                         "no unit \"%.80s\" is in the table or in the book; "
                         "did you mean \"%s\"?",
                         s, near);
    else
        book_table_error(t, row, col,
                         "no unit \"%.80s\" is in the table or in the book; "
                         "give its code or id, or add a row for it",
                         s);
    free(ids);
}

/* ---- days ---- */

static int to_int(const char *digits, size_t n)
{
    int v = 0;

    for (size_t i = 0; i < n; i++)
        v = v * 10 + (digits[i] - '0');
    return v;
}

/* "2026/3/1", "2026.3.1" or "2026年3月1日" as it should be written. */
static bool reads_as_date(const char *s, char out[16])
{
    static const char *const gaps[][3] = {
        {"/", "/", ""}, {".", ".", ""}, {"年", "月", "日"}, {"-", "-", ""}};
    struct dk_date d;

    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        int *const part[] = {&d.year, &d.month, &d.day};
        const char *at = s;
        int k = 0;
        for (; k < 3; k++) {
            size_t n = strspn(at, "0123456789"), gap = strlen(gaps[i][k]);
            if (n == 0 || n > 4 || strncmp(at + n, gaps[i][k], gap) != 0)
                break;
            *part[k] = to_int(at, n);
            at += n + gap;
        }
        if (k < 3 || *at != '\0' || !dk_date_valid(d))
            continue;
        dk_date_format(d, out);
        return true;
    }
    return false;
}

static void put_day(const struct book_table *t, struct book_row *row,
                    enum book_col col, const char *key)
{
    const char *s = given(t, row, col, key);
    struct dk_date d;
    char better[16];

    if (s == NULL)
        return;
    if (dk_date_parse(s, strlen(s), &d) == 0) {
        if (col != COL_RENAMED)
            set(t, row->now, key, cJSON_CreateString(s));
    } else if (reads_as_date(s, better)) {
        book_table_error(t, row, col,
                         "\"%.40s\" is not written as a date; "
                         "write %s",
                         s, better);
    } else {
        book_table_error(t, row, col,
                         "\"%.40s\" is not a date; write YYYY-MM-DD", s);
    }
}

/* ---- the head ---- */

static void put_head(const struct book_table *t, struct book_row *row)
{
    const char *id = given(t, row, COL_HEAD, "head");
    const char *name = book_table_cell(t, row, COL_HEAD_NAME);
    const cJSON *old = cJSON_GetObjectItemCaseSensitive(row->now, "head");
    const char *was =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(old, "id"));
    cJSON *o;

    if (id == NULL && name[0] != '\0' && was == NULL)
        book_table_error(t, row, COL_HEAD_NAME,
                         "a head is named without an id; fill in \"head\"");
    if ((id == NULL && name[0] == '\0') || (id == NULL && was == NULL))
        return;
    if (was != NULL && (id == NULL || strcmp(was, id) == 0)) {
        o = cJSON_Duplicate(old, true); /* the same one, with the leave */
    } else {
        o = cJSON_CreateObject();
        if (o != NULL)
            set(t, o, "id", cJSON_CreateString(id));
    }
    if (o != NULL && strcmp(name, "-") == 0)
        cJSON_DeleteItemFromObjectCaseSensitive(o, "name");
    else if (o != NULL && name[0] != '\0')
        set(t, o, "name", cJSON_CreateString(name));
    set(t, row->now, "head", o);
}

void book_cells_apply(const struct book_table *t, struct book_row *row)
{
    const char *note;

    if (row->unit == NULL && row->id != NULL)
        set(t, row->now, "id", cJSON_CreateString(row->id));
    put_kind(t, row);
    put_code(t, row);
    put_day(t, row, COL_RENAMED, "");
    put_name(t, row);
    put_unit(t, row, COL_PARENT, "parent");
    put_head(t, row);
    put_day(t, row, COL_FROM, "valid_from");
    put_day(t, row, COL_TO, "valid_to");
    put_unit(t, row, COL_INTO, "merged_into");
    note = given(t, row, COL_NOTE, "note");
    if (note != NULL)
        set(t, row->now, "note", cJSON_CreateString(note));
}
