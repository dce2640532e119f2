/* units_import.c - units from a table into a book, for a person to follow. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/book_import.h"
#include "files.h"
#include "proto/jsonx.h"
#include "replace.h"
#include "units.h"

#define SAY(look, text_en, text_zh) ((look)->zh ? (text_zh) : (text_en))

static const char *text_of(const cJSON *o, const char *key)
{
    const char *s =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));

    return s != NULL ? s : "";
}

/* A text as it is, anything else as JSON. */
static void print_value(const cJSON *v)
{
    struct dk_jw w = {0};

    if (cJSON_IsString(v)) {
        fputs(v->valuestring, stdout);
        return;
    }
    dk_jw_cjson(&w, NULL, v);
    fputs(w.buf != NULL ? w.buf : "", stdout);
    dk_jw_fini(&w);
}

static void print_members(const cJSON *item, const struct units_look *look)
{
    const cJSON *m = NULL;

    cJSON_ArrayForEach (m, cJSON_GetObjectItemCaseSensitive(item, "members")) {
        const cJSON *from = cJSON_GetObjectItemCaseSensitive(m, "from");
        const cJSON *to = cJSON_GetObjectItemCaseSensitive(m, "to");
        printf("        %s: ", text_of(m, "member"));
        if (from != NULL)
            print_value(from);
        else
            fputs(SAY(look, "(nothing)", "（无）"), stdout);
        fputs(" -> ", stdout);
        if (to != NULL)
            print_value(to);
        else
            fputs(SAY(look, "(nothing)", "（无）"), stdout);
        putchar('\n');
    }
}

static int print_list(const cJSON *changes, const char *key, const char *word,
                      const struct units_look *look)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(changes, key);
    const cJSON *item = NULL;

    cJSON_ArrayForEach (item, list) {
        printf("%s  %s  %s", word, text_of(item, "id"), text_of(item, "name"));
        if (text_of(item, "valid_to")[0] != '\0')
            printf(SAY(look, ", until %s", "，存续至 %s"),
                   text_of(item, "valid_to"));
        if (text_of(item, "merged_into")[0] != '\0')
            printf(SAY(look, ", merged into %s", "，并入 %s"),
                   text_of(item, "merged_into"));
        putchar('\n');
        print_members(item, look);
    }
    return cJSON_GetArraySize(list);
}

static int int_of(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    return cJSON_IsNumber(v) ? v->valueint : 0;
}

static void print_changes(const struct dk_import *i, bool written,
                          const char *book, const struct units_look *look)
{
    struct dk_problem p = {0};
    cJSON *o = NULL;
    int added, changed, closed;

    if (look->json) {
        /* The object is open-ended: say what became of it. */
        printf("%.*s,\"written\":%s}\n", (int)i->changes.len - 1,
               i->changes.buf, written ? "true" : "false");
        return;
    }
    if (dk_json_parse_obj(i->changes.buf, i->changes.len, i->changes.len, &o,
                          &p) != 0)
        return;
    added = print_list(o, "added", SAY(look, "added  ", "新增"), look);
    changed = print_list(o, "changed", SAY(look, "changed", "变更"), look);
    closed = print_list(o, "closed", SAY(look, "closed ", "撤销"), look);
    printf(SAY(look,
               "%d added, %d changed, %d closed, %d as they were; %d other "
               "units of the book stay as they are\n",
               "新增 %d，变更 %d，撤销 %d，未变 %d；单位册中其余 %d "
               "个单位保持不变\n"),
           added, changed, closed, int_of(o, "same"), int_of(o, "others"));
    if (written)
        printf(SAY(look, "%s is written\n", "已写入 %s\n"), book);
    else if (book == NULL)
        fputs(SAY(look, "only checked: name the book with --into to write it\n",
                  "仅作检查：要写入请用 --into 指定单位册\n"),
              stdout);
    else
        fputs(SAY(look, "nothing was written\n", "未写入\n"), stdout);
    cJSON_Delete(o);
}

static int import(const struct dk_import_in *in, const struct stat *was,
                  bool dry, const struct units_look *look, struct dk_report *r)
{
    struct dk_import out = {.text = NULL};
    bool write;
    int rc = dk_book_import(in, &out, r);

    if (rc == DK_ENOMEM)
        return EX_OSERR;
    if (rc != 0)
        return EX_DATAERR;
    write = out.text != NULL && !dry;
    if (write)
        rc = replace_file(in->book_file, was, out.text, out.len);
    if (rc == 0)
        print_changes(&out, write, in->book_file, look);
    dk_import_fini(&out);
    return rc;
}

static bool is_missing(const char *path, const struct units_look *look)
{
    if (access(path, F_OK) == 0)
        return false;
    fprintf(stderr,
            SAY(look, "error %s: there is no such file\n",
                "error %s：没有这个文件\n"),
            path);
    return true;
}

int units_import(const char *csv, const char *book, bool dry,
                 const struct units_look *look)
{
    struct dk_import_in in = {.csv_file = csv, .book_file = book};
    struct dk_report r = {0};
    struct stat was = {.st_size = 0};
    char *table, *text = NULL;
    int status = EX_DATAERR;

    if (is_missing(csv, look) || (book != NULL && is_missing(book, look)))
        return EX_NOINPUT;
    if (book != NULL && stat(book, &was) != 0)
        return EX_NOINPUT;
    in.csv = table = files_read(csv, &in.csv_len, &r);
    if (book != NULL)
        in.book = text = files_read(book, &in.book_len, &r);
    if (table != NULL && (book == NULL || text != NULL))
        status = import(&in, &was, dry, look, &r);
    files_print_report(&r);
    if (r.errors > 0)
        fprintf(stderr,
                SAY(look, "mistakes: %d; nothing was written\n",
                    "共 %d 处错误，未写入\n"),
                r.errors);
    dk_report_fini(&r);
    free(table);
    free(text);
    return status;
}
