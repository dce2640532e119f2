/* units_stale.c - cases that sit with a unit that is no more. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "core/book.h"
#include "law.h"
#include "proto/caseno.h"
#include "proto/jsonx.h"
#include "units.h"

#define SAY(look, text_en, text_zh) ((look)->zh ? (text_zh) : (text_en))
#define LINE_MAX_BYTES              ((size_t)1 << 20)

struct stale {
    const struct dk_book *book;
    const struct units_look *look;
    dk_ms at; /* DK_NEVER: each case's own */
    int line, moved, stuck, bad;
};

/* For a shell: what has no quote of its own in single quotes. */
static void print_quoted(const char *s)
{
    putchar('\'');
    for (; *s != '\0'; s++) {
        if (*s == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*s);
    }
    putchar('\'');
}

static void print_field(const cJSON *cmd, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(cmd, key), *e = NULL;

    if (cJSON_IsString(v)) {
        printf(" %s=", key);
        print_quoted(v->valuestring);
    } else if (cJSON_IsArray(v)) {
        printf(" %s=", key);
        cJSON_ArrayForEach (e, v)
            printf("%s%s", e == v->child ? "" : ",", e->valuestring);
    }
}

static void print_move(const struct stale *s, const struct dk_case *c,
                       const char *no, const struct dk_jw *w)
{
    struct dk_problem p = {0};
    cJSON *cmd = NULL;

    if (s->look->json) {
        printf("{\"case_no\":\"%s\",\"unit\":\"%s\",\"command\":%s}\n", no,
               c->unit, w->buf);
        return;
    }
    if (dk_json_parse_obj(w->buf, w->len, w->len, &cmd, &p) != 0)
        return;
    printf("%s  %s  %s\n", no, c->unit,
           dk_book_unit_name_at(s->book, c->unit, SAY(s->look, "en", "zh-CN"),
                                c->updated_at));
    printf("    docketctl act %s assign --actor office:ID", no);
    print_field(cmd, "unit");
    print_field(cmd, "handler");
    print_field(cmd, "candidates");
    print_field(cmd, "rule");
    print_field(cmd, "why");
    putchar('\n');
    cJSON_Delete(cmd);
}

static void print_stuck(struct stale *s, const struct dk_case *c,
                        const char *no, const struct dk_problem *why)
{
    s->stuck++;
    if (s->look->json)
        printf("{\"case_no\":\"%s\",\"unit\":\"%s\",\"command\":null}\n", no,
               c->unit);
    else
        printf("%s  %s  %s\n", no, c->unit,
               SAY(s->look, why->detail, why->detail_zh));
}

static void look_at(struct stale *s, const struct dk_case *c)
{
    struct dk_problem why = {0};
    struct dk_jw w = {0};
    char no[DK_CASE_NO_MAX];
    int rc = dk_book_move(s->book, c, s->at != DK_NEVER ? s->at : c->updated_at,
                          &w, &why);

    dk_case_no_format(dk_book_county(s->book), c->key, no);
    if (rc < 0) {
        print_stuck(s, c, no, &why);
    } else if (rc > 0) {
        s->moved++;
        print_move(s, c, no, &w);
    }
    dk_jw_fini(&w);
}

static void read_line(struct stale *s, const char *line, size_t len)
{
    struct dk_problem p = {0};
    struct dk_case *c = NULL;
    cJSON *o = NULL;
    int rc = dk_json_parse_obj(line, len, LINE_MAX_BYTES, &o, &p);

    if (rc == 0)
        rc = dk_case_read(o, &c, &p);
    if (rc == 0) {
        look_at(s, c);
    } else {
        s->bad++;
        fprintf(stderr,
                SAY(s->look, "error line %d: %s is no case file: %s\n",
                    "error 第 %d 行：%s 不是案件文件：%s\n"),
                s->line, p.pointer[0] != '\0' ? p.pointer : "/",
                SAY(s->look, p.detail, p.detail_zh));
    }
    dk_case_free(c);
    cJSON_Delete(o);
}

static int run(struct stale *s, FILE *in)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;

    while ((len = getline(&line, &cap, in)) > 0) {
        s->line++;
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            len--;
        if (len > 0)
            read_line(s, line, (size_t)len);
    }
    free(line);
    if (!s->look->json && s->moved + s->stuck == 0 && s->bad == 0)
        fputs(SAY(s->look, "no open case is with a closed unit\n",
                  "没有未办结案件滞留在已撤销的单位\n"),
              stdout);
    if (s->bad > 0)
        return EX_DATAERR;
    return s->moved + s->stuck > 0 ? 1 : 0;
}

int units_stale(const char *book, const char *at, FILE *in,
                const struct units_look *look)
{
    struct dk_report r = {0};
    struct stale s = {.look = look, .at = DK_NEVER};
    struct dk_book *b;
    int status = EX_CONFIG;

    if (at != NULL && dk_time_parse(at, strlen(at), &s.at) != 0) {
        fprintf(stderr,
                "docket-assign: \"%s\" is no time; write it as "
                "2026-05-01T09:00:00+08:00\n",
                at);
        return EX_USAGE;
    }
    b = law_load_book(book, &r);
    files_print_report(&r);
    if (b != NULL) {
        s.book = b;
        status = run(&s, in);
    }
    dk_book_free(b);
    dk_report_fini(&r);
    return status;
}
