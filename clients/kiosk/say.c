#include "say.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/note.h"
#include "proto/client.h"
#include "proto/jsonw.h"
#include "spool.h"

#define LINE_CAP 1536

/* True when standard output takes bytes; false: a signal came first. */
static bool wait_writable(const struct say *s)
{
    struct pollfd fd[2] = {
        {.fd = STDOUT_FILENO, .events = POLLOUT},
        {.fd = s->sigfd, .events = POLLIN},
    };

    for (;;) {
        int n = poll(fd, s->sigfd >= 0 ? 2 : 1, -1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || fd[0].revents != 0)
            return n > 0;
        return false;
    }
}

static void put(struct say *s, const char *line, size_t n)
{
    while (n > 0 && !s->failed) {
        ssize_t did;

        if (!wait_writable(s)) {
            s->failed = true;
            return;
        }
        did = write(STDOUT_FILENO, line, n);
        if (did < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (did < 0) {
            note("error", "no-reader",
                 "detail=\"standard output cannot be "
                 "written: %s\"",
                 strerrordesc_np(errno));
            s->failed = true;
            return;
        }
        line += did;
        n -= (size_t)did;
    }
}

/* The one line that w or text holds. */
static void put_json(struct say *s, struct dk_jw *w)
{
    size_t n = 0;
    char *text;

    dk_jw_end_obj(w);
    text = dk_jw_take(w, &n);
    if (text == NULL) {
        s->failed = true;
        return;
    }
    text[n] = '\n'; /* in place of its NUL */
    put(s, text, n + 1);
    free(text);
}

static void put_text(struct say *s, char *line)
{
    size_t n = strlen(line);

    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)line[i] < 0x20)
            line[i] = ' ';
    }
    if (n > LINE_CAP - 2)
        n = LINE_CAP - 2;
    line[n] = '\n';
    put(s, line, n + 1);
}

static void start(struct dk_jw *w, const char *event, const char *submission)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "event", event);
    if (submission != NULL)
        dk_jw_str(w, "submission_id", submission);
}

static void add_from(struct dk_jw *w, const struct say_from *from)
{
    if (from->file != NULL)
        dk_jw_str(w, "file", from->file);
    else if (from->line > 0)
        dk_jw_int(w, "line", (int64_t)from->line);
}

static void add_problem(struct dk_jw *w, const struct dk_problem *p)
{
    struct dk_jw inner = {0};

    dk_problem_write(&inner, p);
    if (!inner.oom)
        dk_jw_raw(w, "problem", inner.buf, inner.len);
    else
        w->oom = true;
    dk_jw_fini(&inner);
}

void say_taken(struct say *s, const char *submission, bool already,
               const struct say_from *from)
{
    const char *event = already ? "already" : "taken";
    char line[LINE_CAP];
    struct dk_jw w = {0};

    if (s->json) {
        start(&w, event, submission);
        add_from(&w, from);
        put_json(s, &w);
        return;
    }
    snprintf(line, sizeof(line), "%s %s", event, submission);
    put_text(s, line);
}

/* "SLUG at POINTER: detail" */
static void describe(const struct dk_problem *p, char *buf, size_t cap)
{
    snprintf(buf, cap, "%s%s%s: %s", dk_err_slug(p->code),
             p->pointer[0] != '\0' ? " at " : "", p->pointer,
             p->detail[0] != '\0' ? p->detail : dk_err_title(p->code));
}

void say_bad(struct say *s, const struct say_from *from,
             const struct dk_problem *p)
{
    char line[LINE_CAP], what[640];
    struct dk_jw w = {0};

    s->refused++;
    if (s->json) {
        start(&w, "refused", NULL);
        add_from(&w, from);
        add_problem(&w, p);
        put_json(s, &w);
        return;
    }
    describe(p, what, sizeof(what));
    if (from->file != NULL)
        snprintf(line, sizeof(line), "refused file %s: %s", from->file, what);
    else
        snprintf(line, sizeof(line), "refused line %llu: %s",
                 (unsigned long long)from->line, what);
    put_text(s, line);
}

void say_case(struct say *s, const char *submission, const char *case_no,
              const char *code)
{
    char line[LINE_CAP];
    struct dk_jw w = {0};

    if (s->json) {
        start(&w, "case", submission);
        dk_jw_str(&w, "case_no", case_no);
        if (code[0] != '\0') {
            dk_jw_str(&w, "query_code", code);
        } else {
            dk_jw_null(&w, "query_code");
            dk_jw_str(&w, "detail", dk_no_code[0]);
            dk_jw_str(&w, "detail_zh", dk_no_code[1]);
        }
        put_json(s, &w);
        return;
    }
    if (code[0] != '\0')
        snprintf(line, sizeof(line), "case %s code %s", case_no, code);
    else
        snprintf(line, sizeof(line), "case %s without code: %s / %s", case_no,
                 dk_no_code[0], dk_no_code[1]);
    put_text(s, line);
}

void say_refused(struct say *s, const char *submission,
                 const struct dk_problem *p)
{
    char line[LINE_CAP], what[640];
    struct dk_jw w = {0};

    s->refused++;
    if (s->json) {
        start(&w, "refused", submission);
        add_problem(&w, p);
        put_json(s, &w);
        return;
    }
    describe(p, what, sizeof(what));
    snprintf(line, sizeof(line), "refused %s: %s", submission, what);
    put_text(s, line);
}

void say_damaged(struct say *s, const char *submission)
{
    char line[LINE_CAP];
    struct dk_jw w = {0};

    s->refused++;
    if (s->json) {
        start(&w, "damaged", submission);
        put_json(s, &w);
        return;
    }
    snprintf(line, sizeof(line),
             "damaged %s: the disk changed this case after it was taken; it is "
             "set aside and not sent; hand it in again (refused as a conflict: "
             "the office has it)",
             submission);
    put_text(s, line);
}

void say_status(struct say *s, const struct spool_counts *c)
{
    char line[LINE_CAP];
    struct dk_jw w = {0};

    if (s->json) {
        start(&w, "status", NULL);
        dk_jw_int(&w, "waiting", c->n[SPOOL_WAITING]);
        dk_jw_int(&w, "acknowledged", c->n[SPOOL_DONE]);
        dk_jw_int(&w, "refused", c->n[SPOOL_REFUSED]);
        dk_jw_time(&w, "oldest_waiting", c->oldest_waiting, 0);
        put_json(s, &w);
        return;
    }
    snprintf(line, sizeof(line), "waiting %lld acknowledged %lld refused %lld",
             (long long)c->n[SPOOL_WAITING], (long long)c->n[SPOOL_DONE],
             (long long)c->n[SPOOL_REFUSED]);
    put_text(s, line);
}
