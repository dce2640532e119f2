/* Following the event stream: credit, keeping alive, and asking again. */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client_int.h"

#define WINDOW     256   /* credit at most outstanding */
#define RENEW      128   /* add credit when this much was used */
#define ALIVE_MS   10000 /* say that we are there (60 s is the limit) */
#define ANSWER_MS  3000  /* ask again when a follow is not answered */
#define SILENCE_MS 30000 /* ask again when nothing came for so long */

struct follow {
    struct dk_client *c;
    int64_t next;      /* the sequence to come */
    unsigned losses;   /* connections lost when it was asked for */
    bool asked;        /* events.follow is sent .. */
    bool running;      /* .. and answered */
    int used;          /* credit used up since it was renewed */
    int64_t again_at;  /* when to ask (again) */
    int64_t alive_at;  /* when to renew credit at the latest */
    int64_t silent_at; /* when the silence is suspicious */
    int64_t event_at;  /* last event, for idle_ms */
    char broker[33];   /* whose stream it is; "": not told */
};

/* What was kept of this follow is of no use any more, nor what still comes. */
static void forget(struct dk_client *c)
{
    struct dk_reply r;

    while (dk_client_kept(c, c->following, &r))
        dk_reply_free(&r);
    c->following[0] = '\0';
}

static void ask_again(struct follow *f, int64_t in_ms)
{
    forget(f->c);
    f->asked = f->running = false;
    f->again_at = dk_client_now() + in_ms;
}

static int ask(struct follow *f, int64_t now, struct dk_problem *p)
{
    char body[80];
    struct dk_problem why;
    int rc;

    if (f->asked) /* the broker frees the old one when its time is over */
        (void)dk_client_send(f->c, "events.stop", f->c->following, "{}", 2,
                             NULL, NULL);
    forget(f->c);
    dk_client_id(f->c, 'f', f->c->following);
    (void)snprintf(body, sizeof(body), "{\"from\":%lld,\"credit\":%d}",
                   (long long)f->next, WINDOW);
    rc = dk_client_send(f->c, "events.follow", f->c->following, body,
                        strlen(body), NULL, &why);
    if (rc != 0 && rc != DK_EBUSY) {
        if (p != NULL)
            *p = why;
        return rc;
    }
    f->asked = rc == 0;
    f->running = false;
    f->used = 0;
    f->again_at = now + (rc == 0 ? ANSWER_MS : 100);
    f->alive_at = now + ALIVE_MS;
    f->silent_at = now + SILENCE_MS;
    return 0;
}

static void renew(struct follow *f, int64_t now)
{
    char body[40];

    /* Nothing used: it still says that we are there. */
    (void)snprintf(body, sizeof(body), "{\"credit\":%d}", f->used);
    if (dk_client_send(f->c, "events.credit", f->c->following, body,
                       strlen(body), NULL, NULL) == 0)
        f->used = 0;
    f->alive_at = now + ALIVE_MS;
}

/* What the time asks for. */
static int tend(struct follow *f, struct dk_problem *p)
{
    int64_t now = dk_client_now();

    if (f->losses != f->c->losses) { /* no follow survives its connection */
        f->losses = f->c->losses;
        ask_again(f, 0);
    }
    if (!f->running)
        return now >= f->again_at ? ask(f, now, p) : 0;
    if (now >= f->silent_at)
        return ask(f, now, p);
    if (f->used >= RENEW || now >= f->alive_at)
        renew(f, now);
    return 0;
}

static int64_t until(const struct follow *f, int idle_ms)
{
    int64_t t = f->running ? f->alive_at : f->again_at;

    if (f->running && f->silent_at < t)
        t = f->silent_at;
    if (idle_ms > 0 && f->event_at + idle_ms < t)
        t = f->event_at + idle_ms;
    return t;
}

static int64_t seq_of(const cJSON *body, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(body, key);
    char *end;
    long long n;

    if (cJSON_IsNumber(v))
        return (int64_t)v->valuedouble;
    if (!cJSON_IsString(v) || v->valuestring[0] < '0' ||
        v->valuestring[0] > '9')
        return -1;
    errno = 0;
    n = strtoll(v->valuestring, &end, 10);
    return *end == '\0' && errno == 0 && n > 0 ? n : -1;
}

static int on_problem(struct follow *f, const struct dk_reply *r,
                      struct dk_problem *p)
{
    struct dk_problem theirs;

    dk_problem_read(r->json, &theirs);
    if (theirs.retry_after_ms == 0 && !f->running) {
        if (p != NULL)
            *p = theirs;
        return theirs.code;
    }
    ask_again(f, theirs.retry_after_ms > 0 ? theirs.retry_after_ms : 100);
    return 0;
}

static int on_ok(struct follow *f, const struct dk_reply *r,
                 struct dk_problem *p)
{
    int64_t next = seq_of(r->json, "next");

    if (next < f->next)
        return dk_fail(p, DK_EBUG, "/next",
                       "the broker began the stream before what was asked",
                       "服务器发送的起始序号早于请求");
    const cJSON *b = cJSON_GetObjectItemCaseSensitive(r->json, "broker");
    if (cJSON_IsString(b)) {
        if (f->broker[0] != '\0' && strcmp(f->broker, b->valuestring) != 0)
            return dk_fail(p, DK_ECONFLICT, "/broker",
                           "the broker's database was restored from a backup "
                           "meanwhile: its events are another stream; follow "
                           "it from 1",
                           "服务器数据库已从备份恢复，事件流已更换；请从 1 "
                           "号重新跟随");
        (void)snprintf(f->broker, sizeof(f->broker), "%s", b->valuestring);
    }
    f->next = next;
    f->running = true;
    return 0;
}

static int on_event(struct follow *f, const struct dk_reply *r, dk_event_fn fn,
                    void *arg, struct dk_problem *p)
{
    int64_t seq = seq_of(r->json, "seq");
    int64_t now = dk_client_now();

    if (seq < 0)
        return dk_fail(p, DK_EFIELD, "/seq",
                       "the broker sent an event without its number",
                       "服务器发送的事件没有序号");
    f->used++;
    f->silent_at = now + SILENCE_MS;
    f->event_at = now;
    if (seq < f->next) /* had it */
        return 0;
    if (seq > f->next) { /* one is missing: never hand out a gap */
        ask_again(f, 100);
        return 0;
    }
    f->next = seq + 1;
    return fn(arg, r, seq);
}

/* One message of our follow, or of anybody. */
static int on_reply(struct follow *f, struct dk_reply *r, dk_event_fn fn,
                    void *arg, struct dk_problem *p)
{
    bool ours = f->asked && strcmp(r->request, f->c->following) == 0;

    if (ours && strcmp(r->type, "event") == 0 && f->running)
        return on_event(f, r, fn, arg, p);
    if (ours && strcmp(r->type, "ok") == 0)
        return on_ok(f, r, p);
    if (ours && strcmp(r->type, "problem") == 0)
        return on_problem(f, r, p);
    return dk_client_stale(f->c, r) ? 0 : dk_client_keep(f->c, r, p);
}

static int next_reply(struct follow *f, struct dk_reply *r,
                      struct dk_problem *p)
{
    if (f->asked && dk_client_kept(f->c, f->c->following, r))
        return 0;
    return dk_client_take(f->c, r, p);
}

int dk_client_follow(struct dk_client *c, int64_t from, int idle_ms,
                     dk_event_fn fn, void *arg, struct dk_problem *p)
{
    struct follow f = {.c = c, .next = from};
    struct dk_reply r;
    int rc = 0;

    f.losses = c->losses;
    f.event_at = f.again_at = dk_client_now();
    while (rc == 0) {
        rc = tend(&f, p);
        if (rc != 0)
            break;
        rc = next_reply(&f, &r, p);
        if (rc == 0) {
            rc = on_reply(&f, &r, fn, arg, p);
            dk_reply_free(&r);
        } else if (rc == DK_ETIMEOUT) {
            if (idle_ms > 0 && dk_client_now() >= f.event_at + idle_ms) {
                rc = 0;
                break;
            }
            rc = dk_client_wait(c, false, until(&f, idle_ms), NULL);
            rc = rc == DK_ETIMEOUT ? 0 : rc;
        }
    }
    if (f.asked)
        (void)dk_client_send(c, "events.stop", c->following, "{}", 2, NULL,
                             NULL);
    forget(c);
    return rc;
}
