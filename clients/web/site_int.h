/* site_int.h - what the files of the site share. */
#ifndef DK_WEB_SITE_INT_H
#define DK_WEB_SITE_INT_H

#include "chores.h"
#include "clients/http/http.h"
#include "lockout.h"
#include "names.h"
#include "query.h"
#include "sess.h"
#include "site.h"

#define SITE_COOKIE  "dk_session"
#define SITE_WAIT_MS 10000 /* for an answer of the broker */

struct event;
struct login;
struct stream;

struct site {
    const struct web_config *c;
    struct event_base *base;
    void *zmq;
    char server_key[DK_CLIENT_KEY];
    struct http *http;
    struct http_files *files;
    char *hosts[WEB_HOSTS + 1], *host_text;
    struct accounts *accounts;
    struct chores *passwords, *reports;
    struct lockout lockout;
    unsigned char lockout_key[16];
    struct lockbox nobody; /* opened in vain for names that are no account's */
    struct login *logins;  /* that wait for the broker */
    struct stream *streams;
    struct sess_table sessions;
    struct names *names;
    struct event *sweep;
    struct http_tls *tls; /* NULL: none */
    bool closing;
};

/* Whose request this is.  NULL: nobody's, or a POST without the session's token
 * in X-CSRF-Token; then it was answered.
 */
struct sess *site_who(struct site *s, struct http_ask *a, bool post);
void site_not_logged_in(struct site *s, struct http_ask *a);

/* A connection to the broker with somebody's key. */
int site_tie(struct site *s, const struct dk_client_keys *keys,
             struct tie **out, struct dk_problem *p);

/* Send `w` (emptied) to the broker as `type`; its answer is the answer, with
 * `status`.  `member` and `id` as in clients/tie/tie.h.
 */
void site_pass(struct site *s, struct sess *who, struct http_ask *a,
               const char *type, struct dk_jw *w, int status,
               const char *member, const char *id);

/* What the broker said to somebody: answered.  If it knows their key no more,
 * the session ends.
 */
void site_refused(struct site *s, uint64_t serial, struct http_ask *a,
                  const struct dk_problem *p);

/* One more password of this name is to be tried: seconds that must pass first,
 * or 0, and it is charged (lockout.h).
 */
int site_charge(struct site *s, const char *name);
void site_was_right(struct site *s, const char *name);
void site_locked_out(struct http_ask *a, int wait_s);

void site_end_logins(struct site *s);
void site_end_streams(struct site *s);

/* Was the account neither disabled nor removed, nor its password changed, since
 * they logged in?
 */
bool site_still_good(struct site *s, const struct sess *who);

/* Where a request is from, for the audit. */
void site_from(const struct site *s, const struct http_ask *a,
               char buf[AUDIT_TEXT]);
bool site_is_secure(const struct site *s, const struct http_ask *a);
void site_audit(struct site *s, const char *name, const char *from,
                const char *what);

/* The routes. */
void site_login(void *arg, struct http_ask *a);
void site_session(void *arg, struct http_ask *a);
void site_logout(void *arg, struct http_ask *a);
void site_password(void *arg, struct http_ask *a);
void site_list(void *arg, struct http_ask *a);
void site_case(void *arg, struct http_ask *a);      /* GET cases/NO[/events] */
void site_case_post(void *arg, struct http_ask *a); /* cases/NO/actions, ... */
void site_submit(void *arg, struct http_ask *a);
void site_alert_ack(void *arg, struct http_ask *a);
void site_office_ack(void *arg, struct http_ask *a);
void site_names(void *arg, struct http_ask *a);
void site_stream(void *arg, struct http_ask *a);
void site_bulletin(void *arg, struct http_ask *a);
void site_bulletin_csv(void *arg, struct http_ask *a);
void site_openapi(void *arg, struct http_ask *a);
void site_health(void *arg, struct http_ask *a);

#endif /* DK_WEB_SITE_INT_H */
