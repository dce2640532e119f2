/* site_stream.c - the event stream as server-sent events.
 *
 * Each has a connection of its own to the broker, with the key of who asks, and
 * a credit: the broker pushes no more than that, and it is given back only as
 * the peer takes what was written.  So what waits for one peer is bounded, and
 * one that takes nothing is dropped.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/note.h"
#include "site_int.h"

#define STREAMS       64 /* at once */
#define STREAMS_EACH  4  /* of one session */
#define CREDIT        64
#define WAITS_MAX     (256 << 10) /* bytes; no credit beyond */
#define BEAT_S        5
#define COMMENT_BEATS 3  /* a word to the peer after so many */
#define STUCK_BEATS   3  /* a peer that took nothing for so many is dropped */
#define THIRST_MS     50 /* between looks whether the peer took enough */
#define INT_MOST      INT64_C(9007199254740990)

struct stream {
    struct stream *next, **at; /* of the site's list */
    struct site *site;
    struct http_ask *ask;
    uint64_t serial; /* of the session */
    struct tie *tie;
    struct event *beat, *thirst;
    char request[DK_REQUEST_MAX + 1]; /* of the follow */
    int64_t from;                     /* the next sequence; 0: the end */
    int credit, kept;                 /* to be given back, now and later */
    size_t waited;                    /* at the last beat */
    int beats, stuck;
    int pending; /* asks without an answer */
    bool open;   /* the answer has begun */
    bool dead, ending;
};

static void stream_free(struct stream *x)
{
    if (x->at != NULL) {
        *x->at = x->next;
        if (x->next != NULL)
            x->next->at = x->at;
    }
    free(x);
}

/* The answer is ended, or was given as a whole (`ask` is NULL then).  What is
 * unanswered still names the stream: the last answer frees it.
 */
static void stream_end(struct stream *x)
{
    struct sess *who = sess_by_serial(&x->site->sessions, x->serial);

    if (x->dead)
        return;
    x->dead = x->ending = true;
    if (who != NULL)
        who->streams--;
    if (x->ask != NULL)
        http_stream_end(x->ask);
    x->ask = NULL;
    event_free(x->beat);
    event_free(x->thirst);
    tie_close(x->tie);
    x->ending = false;
    if (x->pending == 0)
        stream_free(x);
}

static void gone(struct http_ask *a)
{
    stream_end(a->arg);
}

static void write_text(struct stream *x, const char *text)
{
    http_stream_write(x->ask, text, strlen(text));
}

static void end_said(struct stream *x, const char *why)
{
    char text[96];

    snprintf(text, sizeof(text), "event: end\ndata: {\"why\":\"%s\"}\n\n", why);
    write_text(x, text);
    stream_end(x);
}

/* True: the stream is alive. */
static bool answered(struct stream *x)
{
    x->pending--;
    if (!x->dead)
        return true;
    if (!x->ending && x->pending == 0)
        stream_free(x);
    return false;
}

static void fail(struct stream *x, const struct dk_problem *p)
{
    struct http_ask *a = x->ask;

    if (x->open) {
        end_said(x, dk_err_slug(p->code));
        return;
    }
    x->ask = NULL;
    a->on_gone = NULL;
    site_refused(x->site, x->serial, a, p);
    stream_end(x);
}

/* ---- following -----------------------------------------------------------
 */

static void ask(struct stream *x, const char *type, const char *body, tie_fn fn)
{
    const struct tie_ask q = {.type = type,
                              .body = body,
                              .len = strlen(body),
                              .wait_ms = SITE_WAIT_MS,
                              .fn = fn,
                              .arg = x};
    struct dk_problem p = {0};

    if (tie_ask(x->tie, &q, x->request, &p) == 0)
        x->pending++;
    else
        fail(x, &p);
}

static void on_follow(void *arg, const struct dk_reply *r,
                      const struct dk_problem *p)
{
    const struct timeval every = {.tv_sec = BEAT_S};
    struct stream *x = arg;

    if (!answered(x))
        return;
    if (r == NULL && x->open && p->retry_after_ms > 0)
        return; /* the broker is away: the next beat asks again */
    if (r == NULL) {
        fail(x, p);
        return;
    }
    if (x->open)
        return;
    x->open = true;
    http_stream_start(x->ask);
    write_text(x, ": here\nretry: 3000\n\n");
    event_add(x->beat, &every);
}

static void follow(struct stream *x)
{
    char body[80];

    x->credit = x->kept = 0;
    snprintf(body, sizeof(body), "{\"from\":%lld,\"credit\":%d}",
             (long long)x->from, CREDIT);
    ask(x, "events.follow", body, on_follow);
}

static int64_t number(const char *text)
{
    int64_t v = 0;

    if (text == NULL || text[0] == '\0' || strlen(text) > 16)
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        v = v * 10 + (*text - '0');
    }
    return v <= INT_MOST ? v : -1;
}

/* Where the stream ends: without a wish we begin there, and a wish beyond is
 * one of another stream, before the database was restored.
 */
static void on_stats(void *arg, const struct dk_reply *r,
                     const struct dk_problem *p)
{
    struct stream *x = arg;
    int64_t end;

    if (!answered(x))
        return;
    if (r == NULL) {
        fail(x, p);
        return;
    }
    end = number(cJSON_GetStringValue(
              cJSON_GetObjectItemCaseSensitive(r->json, "last_seq"))) +
          1;
    if (x->from == 0 || x->from > end)
        x->from = end > 0 ? end : 1;
    follow(x);
}

static void give_credit(struct stream *x, bool always)
{
    const struct timeval soon = {.tv_usec = THIRST_MS * 1000L};
    char body[40];

    if (http_stream_waits(x->ask) > WAITS_MAX) {
        event_add(x->thirst, &soon);
        if (!always)
            return;
        x->kept += x->credit; /* the broker only hears that we are there */
        x->credit = 0;
    } else {
        x->credit += x->kept;
        x->kept = 0;
    }
    if (x->credit < CREDIT / 4 && !always)
        return;
    snprintf(body, sizeof(body), "{\"credit\":%d}", x->credit);
    if (tie_tell(x->tie, "events.credit", x->request, body))
        x->credit = 0;
}

static void on_push(void *arg, const struct dk_reply *r)
{
    struct stream *x = arg;
    struct dk_problem p = {0};
    char head[64];
    int64_t seq;

    if (x->dead || !x->open || strcmp(r->request, x->request) != 0)
        return;
    if (strcmp(r->type, "problem") == 0) {
        dk_problem_read(r->json, &p);
        if (p.code == DK_ENOTFOUND)
            follow(x); /* it has restarted */
        else if (p.retry_after_ms == 0 || p.code == DK_EKEY)
            fail(x, &p);
        return;
    }
    seq = number(
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r->json, "seq")));
    if (strcmp(r->type, "event") != 0 || seq != x->from)
        return; /* of before we asked again */
    x->from = seq + 1;
    x->credit++;
    snprintf(head, sizeof(head),
             "id: %lld\nevent: event\ndata: ", (long long)seq);
    write_text(x, head);
    http_stream_write(x->ask, r->text, r->len);
    write_text(x, "\n\n");
    if (!x->dead)
        give_credit(x, false);
}

/* Alive, for both sides; and is it still somebody's? */
static void on_beat(evutil_socket_t fd, short what, void *arg)
{
    struct stream *x = arg;
    size_t waits = http_stream_waits(x->ask);
    struct sess *who = sess_by_serial(&x->site->sessions, x->serial);

    (void)fd;
    (void)what;
    if (who == NULL || !site_still_good(x->site, who)) {
        end_said(x, "not-logged-in");
        return;
    }
    x->stuck = x->waited > 0 && waits >= x->waited ? x->stuck + 1 : 0;
    x->waited = waits;
    if (x->stuck >= STUCK_BEATS) {
        note("warn", "slow-reader", "name=\"%s\" bytes=%zu", who->name, waits);
        stream_end(x);
        return;
    }
    if (++x->beats % COMMENT_BEATS == 0)
        write_text(x, ": here\n\n");
    if (!x->dead)
        give_credit(x, true);
}

static void on_thirst(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    give_credit(arg, false);
}

/* ---- beginning and ending ------------------------------------------------
 */

static int count(const struct site *s)
{
    int n = 0;

    for (const struct stream *x = s->streams; x != NULL; x = x->next)
        n++;
    return n;
}

static int read_from(const struct http_ask *a, int64_t *from,
                     struct dk_problem *p)
{
    const char *last = http_header(a, "Last-Event-ID");
    char text[24];

    *from = 0;
    if (last[0] != '\0')
        *from = number(last) + 1;
    else if (query_get(a->query, "from", text, sizeof(text)))
        *from = number(text);
    else
        return 0;
    if (*from > 0)
        return 0;
    return dk_fail(p, DK_EFIELD, last[0] != '\0' ? NULL : "/from",
                   "from where: the number of an event, from 1",
                   "起始位置须为事件序号，从 1 起");
}

/* NULL: not made, *p says why. */
static struct stream *stream_new(struct site *s, struct sess *who,
                                 struct http_ask *a, struct dk_problem *p)
{
    struct stream *x = calloc(1, sizeof(*x));
    struct tie_with with = {
        .base = s->base,
        .zmq = s->zmq,
        .endpoint = s->c->broker,
        .keys = &who->keys,
        .on_push = on_push,
        .arg = x,
    };
    int rc;

    if (x == NULL) {
        dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
        return NULL;
    }
    *x = (struct stream){.site = s, .ask = a, .serial = who->serial};
    x->beat = event_new(s->base, -1, EV_PERSIST, on_beat, x);
    x->thirst = event_new(s->base, -1, 0, on_thirst, x);
    rc = x->beat != NULL && x->thirst != NULL
             ? tie_open(&with, &x->tie, p)
             : dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if (rc != 0) {
        if (x->beat != NULL)
            event_free(x->beat);
        if (x->thirst != NULL)
            event_free(x->thirst);
        free(x);
        return NULL;
    }
    x->next = s->streams;
    x->at = &s->streams;
    if (x->next != NULL)
        x->next->at = &x->next;
    s->streams = x;
    who->streams++;
    a->arg = x;
    a->on_gone = gone;
    return x;
}

void site_stream(void *arg, struct http_ask *a)
{
    struct site *s = arg;
    struct sess *who = site_who(s, a, false);
    struct stream *x = NULL;
    struct dk_problem p = {0};
    int64_t from = 0;
    int rc;

    if (who == NULL)
        return;
    rc = read_from(a, &from, &p);
    if (rc == 0 && (who->streams >= STREAMS_EACH || count(s) >= STREAMS)) {
        rc = dk_fail(&p, DK_ERATE, NULL, "too many streams are open",
                     "已打开的事件流过多");
        p.retry_after_ms = 30000;
    }
    if (rc == 0)
        x = stream_new(s, who, a, &p);
    if (x == NULL) {
        http_problem(a, &p);
        return;
    }
    x->from = from;
    ask(x, "stats", "{}", on_stats);
}

void site_end_streams(struct site *s)
{
    struct stream *next;

    for (struct stream *x = s->streams; x != NULL; x = next) {
        next = x->next;
        stream_end(x);
    }
}
