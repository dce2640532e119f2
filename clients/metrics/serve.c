#include "serve.h"

#include <stdlib.h>
#include <string.h>

#include "clients/http/http.h"
#include "clients/tie/tie.h"
#include "expose.h"
#include "journal/note.h"

/* A broker whose disk stands still answers nobody: askers want to hear of that
 * before their own patience ends (ten seconds, as a rule).
 */
#define WAIT_MS 3000
#define IDLE_S  75
#define TOTAL_S 120

struct serve {
    struct tie *tie;
    struct http *http;
    bool silent; /* said in the log once */
};

static void heard(struct serve *s, const struct dk_problem *p)
{
    if (s->silent == (p != NULL))
        return;
    s->silent = p != NULL;
    if (p != NULL)
        note("warn", "broker_silent", "code=%s detail=\"%s\"",
             dk_err_slug(p->code), p->detail);
    else
        note("info", "broker_back", "%s", "");
}

/* ---- what is asked -------------------------------------------------------
 */

static void ask(struct serve *s, struct http_ask *a, const char *type,
                tie_fn fn)
{
    const struct tie_ask q = {.type = type,
                              .body = "{}",
                              .len = 2,
                              .wait_ms = WAIT_MS,
                              .fn = fn,
                              .arg = a};
    struct dk_problem p = {0};

    a->arg = s;
    if (tie_ask(s->tie, &q, NULL, &p) != 0)
        http_problem(a, &p);
}

static void on_metrics(void *arg, const struct dk_reply *r,
                       const struct dk_problem *p)
{
    struct http_ask *a = arg;
    bool open = expose_wants_open(http_header(a, "Accept"));
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    heard(a->arg, p);
    if (out != NULL) {
        expose(out, r != NULL ? r->json : NULL, open);
        if (fclose(out) != 0)
            n = 0;
    }
    if (n > 0)
        http_bytes(a, 200, open ? EXPOSE_OPEN : EXPOSE_PLAIN, text, n);
    else
        http_empty(a, 500);
    free(text);
}

static void say(struct http_ask *a, int status, const char *word,
                const char *why)
{
    struct dk_jw w = {0};

    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "status", word);
    if (why != NULL)
        dk_jw_str(&w, "why", why);
    dk_jw_end_obj(&w);
    http_json(a, status, &w);
}

/* Any answer shows that the loop turns, a refusal too. */
static void on_health(void *arg, const struct dk_reply *r,
                      const struct dk_problem *p)
{
    struct http_ask *a = arg;
    bool lives = r != NULL || (p->code != DK_ETIMEOUT && p->code != DK_EBUSY &&
                               p->code != DK_EKEY);

    heard(a->arg, lives ? NULL : p);
    if (lives)
        say(a, 200, "ok", NULL);
    else
        say(a, 503, "silent", p->detail);
}

static void on_ready(void *arg, const struct dk_reply *r,
                     const struct dk_problem *p)
{
    struct http_ask *a = arg;
    const cJSON *takes;

    heard(a->arg, p);
    if (r == NULL) {
        say(a, 503, "not-ready", p->detail);
        return;
    }
    takes = cJSON_GetObjectItemCaseSensitive(r->json, "takes_cases");
    if (cJSON_IsTrue(takes))
        say(a, 200, "ready", NULL);
    else
        say(a, 503, "not-ready",
            "the store takes no new cases now: docketctl office says why");
}

static void get_metrics(void *arg, struct http_ask *a)
{
    ask(arg, a, "stats", on_metrics);
}

static void get_health(void *arg, struct http_ask *a)
{
    ask(arg, a, "hello", on_health);
}

static void get_ready(void *arg, struct http_ask *a)
{
    ask(arg, a, "stats", on_ready);
}

/* ---- open and close ------------------------------------------------------
 */

int serve_open(struct event_base *base, const struct metrics_config *c,
               struct serve **out, struct dk_problem *p)
{
    static const struct http_route routes[] = {
        {"GET", "/metrics", get_metrics},
        {"GET", "/healthz", get_health},
        {"GET", "/readyz", get_ready},
    };
    struct serve *s = calloc(1, sizeof(*s));
    const struct http_options o = {
        .route = routes,
        .n_route = sizeof(routes) / sizeof(routes[0]),
        .arg = s,
        .connections = SERVE_CONNECTIONS,
        .idle_s = IDLE_S,
        .total_s = TOTAL_S,
        .local_sockets = true,
    };
    const struct tie_with with = {
        .base = base,
        .endpoint = c->broker,
        .keys = &c->keys,
    };
    int rc;

    *out = s;
    if (s == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    rc = tie_open(&with, &s->tie, p);
    if (rc == 0)
        rc = http_open(base, c->listen, &o, &s->http, p);
    if (rc != 0)
        return rc;
    note("info", "ready", "listen=%s port=%d broker=%s", c->listen,
         http_port(s->http), c->broker);
    return 0;
}

void serve_close(struct serve *s)
{
    if (s == NULL)
        return;
    tie_close(s->tie); /* answers what waits */
    http_close(s->http);
    free(s);
}
