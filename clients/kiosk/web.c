#include "web.h"
#include "journal/note.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "web_int.h"

#define CONNECTIONS    64
#define IDLE_S         5
#define TOTAL_S        12
#define INTERRUPTED_MS (10 * 60 * 1000)

static const struct http_route routes[] = {
    {"GET", "/api/form", web_form},
    {"GET", "/api/state", web_state},
    {"POST", "/api/cases", web_take},
    {"GET", "/api/cases/", web_case},
    {"GET", "/api/receipts/", web_by_receipt},
    {"POST", "/api/query", web_query},
    {"POST", "/api/print", web_print},
};

void web_failed(struct web *w, struct http_ask *a, const struct dk_problem *p)
{
    struct dk_problem told = *p;

    if (p->code != DK_EFULL && p->code != DK_ENOMEM)
        w->broken = *p;
    if (told.retry_after_ms == 0)
        told.retry_after_ms = 5000;
    http_problem(a, &told);
}

void web_form(void *arg, struct http_ask *a)
{
    const struct web *w = arg;

    http_bytes(a, 200, "application/json", w->form.text, w->form.len);
}

static const char *link_name(enum forward_link link)
{
    switch (link) {
    case LINK_UP:
        return "up";
    case LINK_DOWN:
        return "down";
    case LINK_UNKNOWN:
        break;
    }
    return "unknown";
}

void web_state(void *arg, struct http_ask *a)
{
    struct web *w = arg;
    struct spool_counts c;
    struct dk_problem p = {0};
    struct dk_jw o = {0};

    if (spool_count(w->spool, &c, &p) != 0) {
        web_failed(w, a, &p);
        return;
    }
    dk_jw_obj(&o, NULL);
    dk_jw_str(&o, "link", link_name(w->forward->link));
    dk_jw_int(&o, "waiting", c.n[SPOOL_WAITING]);
    dk_jw_bool(&o, "printer", w->print != NULL);
    dk_jw_time(&o, "now", dk_client_wall(), w->form.offset_min);
    dk_jw_int(&o, "utc_offset", w->form.offset_min);
    dk_jw_int(&o, "idle_s", w->idle_s);
    if (w->interrupted && dk_client_now() < w->interrupted_till) {
        dk_jw_obj(&o, "interrupted");
        dk_jw_time(&o, "at", w->interrupted_at, w->form.offset_min);
        dk_jw_end_obj(&o);
    } else {
        dk_jw_null(&o, "interrupted");
    }
    dk_jw_end_obj(&o);
    http_json(a, 200, &o);
}

/* ---- did we end as one should? --------------------------------------------
 *
 * A file beside the spool is there while we run.  Found at the start, it says
 * that the power or the process was cut: whoever stood here then may not know
 * whether the matter was taken, and the page tells until when matters were.
 */
static int mark_running(struct web *w, const char *spool, struct dk_problem *p)
{
    size_t n = strlen(spool) + sizeof(".page");
    int fd, rc = spool_last(w->spool, &w->interrupted_at, p);

    if (rc != 0)
        return rc;
    w->running = malloc(n);
    if (w->running == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    snprintf(w->running, n, "%s.page", spool);
    fd = open(w->running, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    w->interrupted = fd < 0 && errno == EEXIST;
    w->interrupted_till = dk_client_now() + INTERRUPTED_MS;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    return 0;
}

int web_open(struct event_base *base, const struct web_options *o,
             struct spool *spool, struct say *say, struct forward *forward,
             struct web **out, struct dk_problem *p)
{
    struct web *w = calloc(1, sizeof(*w));
    struct http_options h = {
        .route = routes,
        .n_route = sizeof(routes) / sizeof(routes[0]),
        .arg = w,
        .body_max = DK_BODY_MAX,
        .connections = CONNECTIONS,
        .idle_s = IDLE_S,
        .total_s = TOTAL_S,
    };
    int rc;

    *out = NULL;
    if (w == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    w->spool = spool;
    w->say = say;
    w->forward = forward;
    w->idle_s = o->idle_s;
    w->tries = WEB_TRIES;
    rc = form_read(o->form, &w->form, p);
    if (rc == 0)
        rc = http_files_open(o->files, &w->files, p);
    if (rc == 0 && o->printer != NULL)
        rc = print_open(base, o->printer, &w->print, p);
    h.files = w->files;
    if (rc == 0)
        rc = http_open(base, o->where, &h, &w->http, p);
    if (rc == 0) /* the last that can fail: the mark stays for a cut only */
        rc = mark_running(w, o->spool, p);
    if (rc != 0) {
        web_close(w, false);
        return rc;
    }
    forward->other = web_on_reply;
    forward->other_arg = w;
    note("info", "page", "url=http://127.0.0.1:%d/ interrupted=%d",
         http_port(w->http), w->interrupted);
    *out = w;
    return 0;
}

static void end_asked(struct web_asked *q)
{
    struct dk_problem p = {0};
    struct http_ask *a = q->ask;

    *q = (struct web_asked){0};
    dk_fail(
        &p, DK_ETIMEOUT, NULL,
        "the office's computer does not answer; what you handed in is "
        "safe, ask again later or at the counter",
        "暂时无法连接信访系统；已提交的事项不会丢失，请稍后再查或到窗口查询");
    http_problem(a, &p);
}

int web_pump(struct web *w, dk_ms now, struct dk_problem *p)
{
    for (int i = 0; i < WEB_ASKED; i++)
        if (w->asked[i].ask != NULL && w->asked[i].by <= now)
            end_asked(&w->asked[i]);
    if (w->broken.code != 0)
        *p = w->broken;
    return w->broken.code;
}

dk_ms web_next(const struct web *w)
{
    dk_ms at = DK_NEVER;

    for (int i = 0; i < WEB_ASKED; i++)
        if (w->asked[i].ask != NULL && w->asked[i].by < at)
            at = w->asked[i].by;
    return w->broken.code != 0 ? 0 : at;
}

void web_close(struct web *w, bool clean)
{
    if (w == NULL)
        return;
    for (int i = 0; i < WEB_ASKED; i++)
        if (w->asked[i].ask != NULL)
            end_asked(&w->asked[i]);
    print_close(w->print);
    http_close(w->http);
    http_files_close(w->files);
    if (clean && w->running != NULL)
        unlink(w->running);
    free(w->running);
    form_free(&w->form);
    free(w);
}
