#include "book_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book_table.h"

/* ---- what changes ---- */

static void write_name(struct dk_jw *w, const cJSON *unit)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(unit, "name");

    dk_jw_str(w, "name",
              cJSON_GetStringValue(
                  cJSON_IsObject(name)
                      ? cJSON_GetObjectItemCaseSensitive(name, "zh-CN")
                      : name));
}

static bool is_same(const cJSON *a, const cJSON *b)
{
    return a == b || (a != NULL && b != NULL && cJSON_Compare(a, b, true));
}

static void write_member(struct dk_jw *w, const char *key, const cJSON *from,
                         const cJSON *to)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "member", key);
    if (from != NULL)
        dk_jw_cjson(w, "from", from);
    if (to != NULL)
        dk_jw_cjson(w, "to", to);
    dk_jw_end_obj(w);
}

static void write_members(struct dk_jw *w, const struct book_row *row)
{
    const cJSON *m = NULL;

    dk_jw_arr(w, "members");
    cJSON_ArrayForEach (m, row->now) {
        const cJSON *old =
            cJSON_GetObjectItemCaseSensitive(row->old, m->string);
        if (!is_same(old, m))
            write_member(w, m->string, old, m);
    }
    cJSON_ArrayForEach (m, row->old) {
        if (cJSON_GetObjectItemCaseSensitive(row->now, m->string) == NULL)
            write_member(w, m->string, m, NULL);
    }
    dk_jw_end_arr(w);
}

enum change {
    ADDED,
    CHANGED,
    CLOSED,
    SAME
};

static enum change change_of(const struct book_row *row)
{
    if (row->old == NULL)
        return ADDED;
    if (is_same(row->old, row->now))
        return SAME;
    return !dk_rj_has(row->old, "valid_to") && dk_rj_has(row->now, "valid_to")
               ? CLOSED
               : CHANGED;
}

static void write_list(struct dk_jw *w, const char *key,
                       const struct book_table *t, enum change what)
{
    dk_jw_arr(w, key);
    for (int i = 0; i < t->n_row; i++) {
        const struct book_row *row = &t->row[i];
        if (change_of(row) != what)
            continue;
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "id", row->id);
        write_name(w, row->now);
        dk_jw_int(w, "line", row->row->line);
        if (what == CLOSED) {
            dk_jw_str(w, "valid_to",
                      cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
                          row->now, "valid_to")));
            dk_jw_str(w, "merged_into",
                      cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
                          row->now, "merged_into")));
        }
        if (what != ADDED)
            write_members(w, row);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

static int count(const struct book_table *t, enum change what)
{
    int n = 0;

    for (int i = 0; i < t->n_row; i++)
        n += change_of(&t->row[i]) == what ? 1 : 0;
    return n;
}

static void write_changes(struct dk_jw *w, const struct book_table *t,
                          int n_old)
{
    dk_jw_obj(w, NULL);
    write_list(w, "added", t, ADDED);
    write_list(w, "changed", t, CHANGED);
    write_list(w, "closed", t, CLOSED);
    dk_jw_int(w, "same", count(t, SAME));
    dk_jw_int(w, "others", n_old - (t->n_row - count(t, ADDED)));
    dk_jw_end_obj(w);
}

/* ---- the new text ---- */

static char *make_text(const struct book_table *t, const char *text, size_t len,
                       int n_old, size_t *out_len)
{
    const cJSON **at = calloc((size_t)n_old + (size_t)t->n_row + 1, sizeof *at);
    char *out = NULL;
    int n_new = 0;

    if (at == NULL)
        return NULL;
    for (int i = 0; i < t->n_row; i++) {
        const struct book_row *row = &t->row[i];
        if (row->id == NULL)
            continue;
        if (row->old == NULL)
            at[n_old + n_new++] = row->now;
        else if (change_of(row) != SAME)
            at[row->place] = row->now;
    }
    out = book_splice(text, len, at, n_old, at + n_old, n_new, out_len);
    free(at);
    return out;
}

/* ---- what the book's reader says of it ---- */

static const struct book_row *row_at(const struct book_table *t, long place)
{
    for (int i = 0; i < t->n_row; i++) {
        if (t->row[i].place == place)
            return &t->row[i];
    }
    return NULL;
}

/* One line of the report, "error b: /units/12/code: what": by line and column
 * where it comes from the table.
 */
static void pass_on(const struct book_table *t, const char *book_file,
                    const char *s)
{
    static const char head[] = "error b: ", list[] = "/units/";
    const char *colon, *what;
    char pointer[160], *member, *rest = NULL;
    const struct book_row *row = NULL;
    enum book_col col = COL_N;

    if (strncmp(s, head, sizeof head - 1) != 0)
        return; /* a warning: the check of the book tells it */
    s += sizeof head - 1;
    colon = strstr(s, ": ");
    if (colon == NULL)
        return;
    what = colon + 2;
    (void)snprintf(pointer, sizeof pointer, "%.*s", (int)(colon - s), s);
    if (strncmp(pointer, list, sizeof list - 1) == 0)
        row = row_at(t, strtol(pointer + sizeof list - 1, &rest, 10));
    if (row == NULL) {
        dk_report_error(t->r, book_file, pointer, "%s", what);
        return;
    }
    if (row->bad)
        return; /* its own mistakes come first */
    if (*rest == '/') {
        member = rest + 1;
        member[strcspn(member, "/")] = '\0';
        col = book_table_col(member);
    }
    book_table_error(t, row, col, "%s", what);
}

static int check_text(const struct book_table *t, const char *book_file,
                      const char *text, size_t len)
{
    struct dk_report r = {0};
    struct dk_book *b = dk_book_load("b", text, len, &r);
    int rc = b != NULL ? 0 : DK_EFIELD;

    if (r.oom) {
        t->r->oom = true;
        rc = DK_ENOMEM;
    }
    for (char *s = r.text, *end; b == NULL && s != NULL && *s != '\0';
         s = end) {
        end = s + strcspn(s, "\n");
        if (*end == '\n')
            *end++ = '\0';
        pass_on(t, book_file, s);
    }
    dk_book_free(b);
    dk_report_fini(&r);
    return rc;
}

/* ---- without a book ---- */

/* The smallest book around the table's units: their county's, with an office
 * that the table does not have.
 */
static char *make_scaffold(const struct dk_import_in *in)
{
    static const char fmt[] =
        "{\"format\":\"docket-units/1\",\"county\":\"%.6s\","
        "\"office\":\"-office-\",\"default\":\"-office-\",\"units\":["
        "{\"id\":\"-office-\",\"name\":\"-\"}]}";
    struct dk_report none = {0};
    struct book_table t = {.file = in->csv_file, .r = &none};
    const char *code = "110101";
    char hint[128], *out = malloc(sizeof fmt + 16);
    struct dk_book empty = {.n_unit = 0};

    t.book = &empty;
    (void)book_table_read(&t, in->csv, in->csv_len);
    for (int i = 0; i < t.n_row; i++) {
        const char *s = book_table_cell(&t, &t.row[i], COL_CODE);
        enum book_kind kind = book_code_kind(s, hint);
        if (kind >= BOOK_COUNTY && kind <= BOOK_VILLAGE) {
            code = s;
            break;
        }
    }
    if (out != NULL)
        (void)snprintf(out, sizeof fmt + 16, fmt, code);
    book_table_fini(&t);
    dk_report_fini(&none);
    return out;
}

/* ---- all of it ---- */

static int import_into(const struct dk_import_in *in, const char *book,
                       size_t book_len, struct book_table *t,
                       struct dk_import *out)
{
    int n_old = t->book->n_unit;
    int before = t->r->errors;
    int rc = book_table_read(t, in->csv, in->csv_len);

    if (t->row == NULL)
        return rc;
    /* All mistakes at once: the next step is taken even if one failed. */
    if (book_table_apply(t) == DK_ENOMEM)
        return DK_ENOMEM;
    out->text = make_text(t, book, book_len, n_old, &out->len);
    if (out->text == NULL)
        return DK_ENOMEM;
    rc = check_text(t, in->book_file != NULL ? in->book_file : in->csv_file,
                    out->text, out->len);
    if (rc != 0 || t->r->errors > before)
        return rc != 0 ? rc : DK_EFIELD;
    write_changes(&out->changes, t, in->book != NULL ? n_old : 0);
    if (in->book == NULL || count(t, SAME) == t->n_row) {
        free(out->text);
        out->text = NULL;
    }
    return out->changes.oom ? DK_ENOMEM : 0;
}

int dk_book_import(const struct dk_import_in *in, struct dk_import *out,
                   struct dk_report *r)
{
    struct book_table t = {.file = in->csv_file, .r = r};
    char *scaffold = in->book == NULL ? make_scaffold(in) : NULL;
    const char *text = in->book != NULL ? in->book : scaffold;
    size_t len = in->book != NULL ? in->book_len : 0;
    struct dk_book *b = NULL;
    int rc = DK_ENOMEM;

    *out = (struct dk_import){.text = NULL};
    if (scaffold != NULL)
        len = strlen(scaffold);
    if (text != NULL) {
        b = dk_book_load(in->book != NULL ? in->book_file : "b", text, len, r);
        rc = b != NULL ? 0 : DK_EFIELD;
    }
    if (rc == 0) {
        t.book = b;
        rc = import_into(in, text, len, &t, out);
    }
    if (rc != 0)
        dk_import_fini(out);
    if (rc == DK_ENOMEM)
        r->oom = true;
    book_table_fini(&t);
    dk_book_free(b);
    free(scaffold);
    return rc;
}

void dk_import_fini(struct dk_import *i)
{
    free(i->text);
    dk_jw_fini(&i->changes);
    i->text = NULL;
}
