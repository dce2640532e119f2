#include "site.h"

#include <errno.h>
#include <event2/event.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "journal/note.h"
#include "site_int.h"

#define IDLE_S         15
#define TOTAL_S        30
#define SWEEP_S        5
#define PASSWORDS_WAIT 16
#define REPORTS_WAIT   8

static const struct http_route routes[] = {
    {"GET", "/healthz", site_health},
    {"GET", "/api/v1/openapi.json", site_openapi},
    {"POST", "/api/v1/session", site_login},
    {"GET", "/api/v1/session", site_session},
    {"POST", "/api/v1/session/end", site_logout},
    {"POST", "/api/v1/session/password", site_password},
    {"GET", "/api/v1/names", site_names},
    {"GET", "/api/v1/cases", site_list},
    {"POST", "/api/v1/cases", site_submit},
    {"GET", "/api/v1/cases/", site_case},
    {"POST", "/api/v1/cases/", site_case_post},
    {"GET", "/api/v1/alerts", site_list},
    {"POST", "/api/v1/alerts/", site_alert_ack},
    {"GET", "/api/v1/clocks", site_list},
    {"GET", "/api/v1/figures", site_list},
    {"GET", "/api/v1/office", site_list},
    {"POST", "/api/v1/office/", site_office_ack},
    {"GET", "/api/v1/bulletin", site_bulletin},
    {"GET", "/api/v1/bulletin.csv", site_bulletin_csv},
    {"GET", "/api/v1/stream", site_stream},
    {"GET", "/api/v1/workers", site_list},
    {"GET", "/api/v1/stats", site_list},
};

void site_health(void *arg, struct http_ask *a)
{
    const struct site *s = arg;
    struct dk_jw w = {0};

    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "status", "ok");
    dk_jw_str(&w, "version", DK_VERSION_TEXT);
    dk_jw_int(&w, "sessions", s->sessions.n);
    dk_jw_end_obj(&w);
    http_json(a, 200, &w);
}

/* ---- who asks ------------------------------------------------------------
 */

void site_not_logged_in(struct site *s, struct http_ask *a)
{
    (void)s;
    http_own_problem(a, 401, "not-logged-in", "Log in first", "请先登录", 0);
}

bool site_still_good(struct site *s, const struct sess *who)
{
    struct account is;
    struct dk_problem p = {0};
    int rc = accounts_find(s->accounts, who->name, &is, &p);

    if (rc != 0 && rc != DK_ENOTFOUND) {
        note("error", "accounts", "detail=\"%s\"", p.detail);
        return false;
    }
    return rc == 0 && !is.disabled && is.version == who->version;
}

struct sess *site_who(struct site *s, struct http_ask *a, bool post)
{
    char token[SESS_TOKEN];
    struct sess *who = NULL;

    if (cookie_get(http_header(a, "Cookie"), SITE_COOKIE, token, sizeof(token)))
        who = sess_find(&s->sessions, token, dk_client_now());
    sodium_memzero(token, sizeof(token));
    if (who != NULL && !site_still_good(s, who)) {
        sess_end(&s->sessions, who);
        who = NULL;
    }
    if (who == NULL) {
        site_not_logged_in(s, a);
        return NULL;
    }
    if (post && !sess_csrf_is(who, http_header(a, "X-CSRF-Token"))) {
        http_own_problem(a, 403, "wrong-csrf",
                         "The header X-CSRF-Token is not this session's",
                         "请求头 X-CSRF-Token 与本次登录不符", 0);
        return NULL;
    }
    return who;
}

/* Only a proxy of this machine reaches a local socket: what it adds at the end
 * is who asked it.
 */
static bool behind_proxy(const struct site *s)
{
    return strncmp(s->c->listen, "unix:", 5) == 0;
}

bool site_is_secure(const struct site *s, const struct http_ask *a)
{
    return s->tls != NULL ||
           (behind_proxy(s) &&
            strcmp(http_header(a, "X-Forwarded-Proto"), "https") == 0);
}

void site_from(const struct site *s, const struct http_ask *a,
               char buf[AUDIT_TEXT])
{
    const char *all = http_header(a, "X-Forwarded-For");
    const char *last = strrchr(all, ',');

    snprintf(buf, AUDIT_TEXT, "%s", http_peer(a));
    if (!behind_proxy(s))
        return;
    last = last != NULL ? last + 1 : all;
    last += strspn(last, " ");
    if (last[0] != '\0' &&
        last[strspn(last, "0123456789abcdefABCDEF.:")] == '\0')
        snprintf(buf, AUDIT_TEXT, "%.64s", last);
    else
        snprintf(buf, AUDIT_TEXT, "local");
}

void site_audit(struct site *s, const char *name, const char *from,
                const char *what)
{
    struct dk_problem p = {0};

    note("info", "login", "name=\"%s\" from=%s what=\"%s\"", name, from, what);
    if (accounts_note(s->accounts, name, from, what, &p) != 0)
        note("error", "audit", "detail=\"%s\"", p.detail);
}

/* ---- to the broker and back ----------------------------------------------
 */

int site_tie(struct site *s, const struct dk_client_keys *keys,
             struct tie **out, struct dk_problem *p)
{
    const struct tie_with with = {
        .base = s->base,
        .zmq = s->zmq,
        .endpoint = s->c->broker,
        .keys = keys,
    };

    return tie_open(&with, out, p);
}

struct pass {
    struct site *site;
    struct http_ask *ask;
    uint64_t serial;
    int status;
};

void site_refused(struct site *s, uint64_t serial, struct http_ask *a,
                  const struct dk_problem *p)
{
    struct sess *who = sess_by_serial(&s->sessions, serial);

    if (p->code != DK_EKEY) {
        http_problem(a, p);
        return;
    }
    if (who != NULL)
        sess_end(&s->sessions, who);
    http_own_problem(a, 401, "not-logged-in",
                     "The broker does not know this account's key any more",
                     "后台服务已不再认可本账号的密钥", 0);
}

static void passed(void *arg, const struct dk_reply *r,
                   const struct dk_problem *p)
{
    struct pass *x = arg;

    if (r != NULL)
        http_bytes(x->ask, x->status, "application/json", r->text, r->len);
    else
        site_refused(x->site, x->serial, x->ask, p);
    free(x);
}

void site_pass(struct site *s, struct sess *who, struct http_ask *a,
               const char *type, struct dk_jw *w, int status,
               const char *member, const char *id)
{
    struct pass *x = calloc(1, sizeof(*x));
    struct dk_problem p = {0};
    struct tie_ask ask = {
        .type = type,
        .body = w->buf,
        .len = w->len,
        .wait_ms = SITE_WAIT_MS,
        .member = member,
        .id = id,
        .fn = passed,
        .arg = x,
    };
    int rc = x == NULL || w->oom ? dk_fail(&p, DK_ENOMEM, NULL, NULL, NULL) : 0;

    if (rc == 0) {
        *x = (struct pass){s, a, who->serial, status};
        rc = tie_ask(who->tie, &ask, NULL, &p);
    }
    dk_jw_fini(w);
    if (rc != 0) {
        free(x);
        http_problem(a, &p);
    }
}

/* ---- opening -------------------------------------------------------------
 */

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct site *s = arg;

    (void)fd;
    (void)what;
    (void)sess_sweep(&s->sessions, dk_client_now());
}

static int split_hosts(struct site *s, struct dk_problem *p)
{
    char *save = NULL, *word;
    int n = 0;

    s->host_text = strdup(s->c->hosts);
    if (s->host_text == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    for (word = strtok_r(s->host_text, " ,\t", &save); word != NULL;
         word = strtok_r(NULL, " ,\t", &save)) {
        if (n == WEB_HOSTS)
            return dk_failf(p, DK_EFIELD, NULL, "hosts: at most %d names",
                            "hosts：最多 %d 个名称", WEB_HOSTS);
        s->hosts[n++] = word;
    }
    return 0;
}

static int open_http(struct site *s, struct dk_problem *p)
{
    const struct http_options h = {
        .route = routes,
        .n_route = sizeof(routes) / sizeof(routes[0]),
        .arg = s,
        .files = s->files,
        .body_max = DK_BODY_MAX,
        .connections = (int)s->c->connections,
        .idle_s = IDLE_S,
        .total_s = TOTAL_S,
        .hosts = (const char *const *)s->hosts,
        .local_sockets = true,
        .tls = s->tls,
    };

    return http_open(s->base, s->c->listen, &h, &s->http, p);
}

static int open_loop(struct site *s, struct dk_problem *p)
{
    const struct timeval every = {.tv_sec = SWEEP_S};

    s->zmq = zmq_ctx_new();
    s->passwords = chores_open(s->base, PASSWORDS_WAIT);
    s->reports = chores_open(s->base, REPORTS_WAIT);
    s->sweep = event_new(s->base, -1, EV_PERSIST, on_sweep, s);
    if (s->zmq == NULL || s->passwords == NULL || s->reports == NULL ||
        s->sweep == NULL || event_add(s->sweep, &every) != 0 ||
        zmq_ctx_set(s->zmq, ZMQ_MAX_SOCKETS, 65000) != 0)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    return 0;
}

int site_open(struct event_base *base, const struct web_config *c,
              struct site **out, struct dk_problem *p)
{
    struct site *s = calloc(1, sizeof(*s));
    int rc;

    *out = NULL;
    if (s == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    s->c = c;
    s->base = base;
    s->sessions.bounds =
        (struct sess_bounds){c->idle_min * DK_MINUTE, c->session_h * DK_HOUR,
                             c->sessions, c->per_account};
    randombytes_buf(s->lockout_key, sizeof(s->lockout_key));
    lockbox_begin(&s->nobody, c->password_mib);
    randombytes_buf(s->nobody.sealed, sizeof(s->nobody.sealed));
    rc = web_server_key(c, s->server_key, p);
    if (rc == 0)
        rc = accounts_open(c->data, true, &s->accounts, p);
    if (rc == 0)
        rc = names_open(c->book, c->policy, &s->names, p);
    if (rc == 0)
        rc = http_files_open(c->page_files, &s->files, p);
    if (rc == 0)
        rc = split_hosts(s, p);
    if (rc == 0)
        rc = open_loop(s, p);
    if (rc == 0 && c->certificate[0] != '\0')
        rc = http_tls_open(c->certificate,
                           c->private_key[0] != '\0' ? c->private_key
                                                     : c->certificate,
                           &s->tls, p);
    if (rc == 0)
        rc = open_http(s, p);
    if (rc != 0) {
        site_close(s);
        return rc;
    }
    note("info", "ready", "url=%s://%s:%d/ broker=%s",
         s->tls != NULL ? "https" : "http",
         http_port(s->http) != 0 ? "127.0.0.1" : c->listen, http_port(s->http),
         c->broker);
    *out = s;
    return 0;
}

void site_close(struct site *s)
{
    if (s == NULL)
        return;
    s->closing = true;
    chores_close(s->passwords);
    chores_close(s->reports);
    site_end_logins(s);
    site_end_streams(s);
    sess_end_all(&s->sessions);
    http_close(s->http);
    http_tls_close(s->tls);
    http_files_close(s->files);
    if (s->sweep != NULL)
        event_free(s->sweep);
    names_close(s->names);
    accounts_close(s->accounts);
    while (s->zmq != NULL && zmq_ctx_term(s->zmq) != 0 && errno == EINTR)
        continue;
    free(s->host_text);
    sodium_memzero(s, sizeof(*s));
    free(s);
}
