#include "explain_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "core/explain.h"
#include "law.h"

#define INPUT_MAX ((size_t)64 * 1024 * 1024)

/* All of standard input; NULL with *status set. */
static char *read_input(size_t *len, int *status)
{
    size_t cap = 65536, n = 0;
    char *buf = malloc(cap);

    while (buf != NULL && cap <= INPUT_MAX) {
        n += fread(buf + n, 1, cap - n, stdin);
        if (n < cap)
            break;
        cap *= 2;
        char *more = realloc(buf, cap);
        if (more == NULL)
            free(buf);
        buf = more;
    }
    if (buf != NULL && !ferror(stdin) && cap <= INPUT_MAX) {
        *len = n;
        return buf;
    }
    *status = buf == NULL          ? EX_OSERR
              : ferror(stdin) != 0 ? EX_IOERR
                                   : EX_DATAERR;
    fprintf(stderr, "docket-deadline: standard input cannot be read, or has "
                    "more than 64 MiB\n");
    free(buf);
    return NULL;
}

static int complain(const struct explain_files *f, const struct dk_problem *p)
{
    bool en = strcmp(f->lang, "en") == 0;
    const char *what = en ? p->detail : p->detail_zh;

    if (what[0] == '\0')
        what = en ? dk_err_title(p->code) : dk_err_title_zh(p->code);
    fprintf(stderr, "docket-deadline: %s%s%s\n", p->pointer,
            p->pointer[0] != '\0' ? ": " : "", what);
    return p->code == DK_ENOMEM ? EX_OSERR : EX_DATAERR;
}

static int explain(const struct explain_files *f,
                   const struct dk_explain_by *by, const cJSON *doc)
{
    struct dk_problem p = {0};
    struct dk_jw w = {0};
    char *text = NULL;
    int status = 0;

    if (dk_explain(by, doc, f->lang, f->json ? &w : NULL,
                   f->json ? NULL : &text, &p) != 0)
        status = complain(f, &p);
    else if (f->json)
        puts(w.buf);
    else
        fputs(text, stdout);
    if (fflush(stdout) != 0)
        status = EX_IOERR;
    free(text);
    dk_jw_fini(&w);
    return status;
}

static int explain_input(const struct explain_files *f,
                         const struct dk_explain_by *by)
{
    struct dk_problem p = {0};
    cJSON *doc = NULL;
    size_t len = 0;
    int status = 0;
    char *text = read_input(&len, &status);

    if (text == NULL)
        return status;
    if (dk_json_parse_obj(text, len, INPUT_MAX, &doc, &p) != 0)
        status = complain(f, &p);
    free(text);
    if (status == 0)
        status = explain(f, by, doc);
    cJSON_Delete(doc);
    return status;
}

int explain_run(const struct explain_files *f)
{
    struct dk_report r = {0};
    struct law law = {0};
    struct dk_book *book = NULL;
    int status = EX_CONFIG;

    int rc = law_load(&law, f->policy, f->calendar, &r);
    if (f->book != NULL)
        book = law_load_book(f->book, &r);
    if (rc == 0 && (book != NULL || f->book == NULL)) {
        const struct dk_explain_by by = {law.policy, law.calendar, book};
        status = explain_input(f, &by);
    } else {
        files_print_report(&r);
    }
    dk_book_free(book);
    law_fini(&law);
    dk_report_fini(&r);
    return status;
}
