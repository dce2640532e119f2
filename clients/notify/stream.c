#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/note.h"
#include "proto/timefmt.h"

#define WINDOW     256 /* credit at most outstanding */
#define ALIVE_MS   3000
#define ANSWER_MS  3000
#define SILENCE_MS 30000
#define AGAIN_MS   2000

/* ---- one event ---- */

static const char *text_of(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    return cJSON_IsString(v) ? v->valuestring : "";
}

static int64_t number_of(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    const char *s = cJSON_IsString(v) ? v->valuestring : "";
    char *end;

    if (cJSON_IsNumber(v))
        return (int64_t)v->valuedouble;
    errno = 0;
    int64_t n = strtoll(s, &end, 10);
    return s[0] >= '0' && s[0] <= '9' && *end == '\0' && errno == 0 ? n : -1;
}

static dk_ms time_of(const cJSON *o, const char *key)
{
    const char *s = text_of(o, key);
    dk_ms t;

    return dk_time_parse(s, strlen(s), &t) == 0 ? t : DK_NEVER;
}

static int want(struct stream *s, int64_t alert, const struct recipient *r,
                enum dk_notify_level level, const char *to, dk_ms now)
{
    dk_ms due = dk_notify_when(&r->rule, level, now, &s->conf->zone);
    int rc = 0;

    for (int ch = 0; rc == 0 && ch < CHANNEL_N; ch++)
        if (conf_has_channel(r, (enum channel)ch))
            rc = state_add_want(s->state, alert, r->name, (enum channel)ch, to,
                                due, due > now);
    return rc;
}

/* Whoever of the alert's addressees somebody here stands for. */
static int want_all(struct stream *s, int64_t alert, const cJSON *body,
                    const char *level, dk_ms now)
{
    const cJSON *to = cJSON_GetObjectItemCaseSensitive(body, "to"), *v;
    enum dk_notify_level l = dk_notify_level(level);
    int rc = 0;

    cJSON_ArrayForEach (v, to) {
        bool found = false;
        for (size_t i = 0; cJSON_IsString(v) && i < s->conf->n; i++) {
            const struct recipient *r = &s->conf->recipient[i];
            if (!dk_notify_matches(r->to, v->valuestring))
                continue;
            found = true;
            if (rc == 0 && (r->rule.levels >> l & 1) != 0)
                rc = want(s, alert, r, l, v->valuestring, now);
        }
        if (found || !cJSON_IsString(v) ||
            strncmp(v->valuestring, "petitioner:", 11) == 0)
            continue;
        s->did.nobody++;
        note("warn", "nobody", "to=\"%.140s\" level=%s", v->valuestring,
             dk_notify_levels[l]);
    }
    return rc;
}

static int on_alert(struct stream *s, const cJSON *event, const cJSON *body,
                    dk_ms now)
{
    char id[DK_CASE_NO_MAX + 24], old[DK_CASE_NO_MAX + 24];
    const char *case_no = text_of(event, "case_no");
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(body, "text");
    const struct dk_notify_item a = {
        .case_no = case_no,
        .alert_id = id,
        .clock = text_of(body, "clock"),
        .rung = text_of(body, "rung"),
        .level = text_of(body, "level"),
        .text = {text_of(text, "zh-CN"), text_of(text, "en")},
        .due_at = time_of(body, "due_at"),
        .raised_at = time_of(event, "at")};
    int64_t row, replaces = number_of(body, "replaces");
    int rc = 0;

    (void)snprintf(id, sizeof(id), "%s.%" PRId64, case_no,
                   number_of(event, "n"));
    (void)snprintf(old, sizeof(old), "%s.%" PRId64, case_no, replaces);
    if (replaces > 0)
        rc = state_seen(s->state, old);
    if (rc != 0 || a.raised_at < s->at.since)
        return rc;
    rc = state_add_alert(s->state, &a, &row);
    if (rc != 1)
        return rc;
    s->did.alerts++;
    return want_all(s, row, body, a.level, now);
}

int stream_event(struct stream *s, const cJSON *event, dk_ms now)
{
    const cJSON *body = cJSON_GetObjectItemCaseSensitive(event, "body");
    const char *type = text_of(event, "type");
    char id[DK_CASE_NO_MAX + 24];

    s->did.events++;
    if (strcmp(type, "alert_raised") == 0)
        return on_alert(s, event, body, now);
    if (strcmp(type, "alert_acked") != 0)
        return 0;
    (void)snprintf(id, sizeof(id), "%s.%" PRId64, text_of(event, "case_no"),
                   number_of(body, "alert"));
    return state_seen(s->state, id);
}

/* ---- the session ---- */

int stream_init(struct stream *s, const struct conf *c, struct state *st,
                struct dk_problem *p)
{
    const struct dk_client_options opt = {
        .key_file = c->key[0] != '\0' ? c->key : NULL,
        .server_key = c->server_key[0] != '\0' ? c->server_key : NULL};
    int rc;

    *s = (struct stream){.conf = c, .state = st, .is = STREAM_DOWN};
    rc = state_place(st, &s->at);
    if (rc != 0)
        return dk_fail(p, rc, NULL, "our own file cannot be read", NULL);
    s->client = dk_client_open(c->connect, &opt, p);
    return s->client == NULL ? p->code : 0;
}

void stream_fini(struct stream *s)
{
    dk_client_close(s->client);
    s->client = NULL;
}

static void down(struct stream *s, const char *why, dk_ms wait)
{
    if (!s->told_down)
        note("warn", "broker_away", "why=\"%s\"", why);
    s->told_down = true;
    s->is = STREAM_DOWN;
    s->again_at = dk_client_now() + wait;
}

static int send(struct stream *s, const char *type, const char *body)
{
    (void)snprintf(s->request, sizeof(s->request), "n%u", ++s->number);
    return dk_client_send(s->client, type, s->request, body, strlen(body), NULL,
                          NULL);
}

/* Ask who it is, then for the end of its stream if we never began, else for
 * what comes next.
 */
static void ask_hello(struct stream *s)
{
    if (send(s, "hello", "{}") != 0) {
        down(s, "not connected", 200);
        return;
    }
    s->is = STREAM_HELLO;
    s->again_at = dk_client_now() + ANSWER_MS;
}

static void ask_stats(struct stream *s)
{
    if (send(s, "stats", "{}") != 0) {
        down(s, "not connected", 200);
        return;
    }
    s->is = STREAM_STATS;
    s->again_at = dk_client_now() + ANSWER_MS;
}

static void ask_events(struct stream *s)
{
    char body[80];

    (void)snprintf(body, sizeof(body), "{\"from\":%" PRId64 ",\"credit\":%d}",
                   s->at.next, WINDOW);
    if (send(s, "events.follow", body) != 0) {
        down(s, "not connected", 200);
        return;
    }
    s->is = STREAM_ASKED;
    s->used = 0;
    s->again_at = dk_client_now() + ANSWER_MS;
}

/* A stream is that of one broker's database.  Restored from a backup, it is
 * another, whose numbers mean nothing here: it is read from its beginning, and
 * alerts that we know are known.
 */
static int on_hello(struct stream *s, const cJSON *body)
{
    const char *broker = text_of(body, "broker");
    struct place at = s->at;
    int rc;

    if (strcmp(broker, at.broker) == 0) {
        ask_events(s);
        return 0;
    }
    if (at.broker[0] == '\0') {
        s->at.since = time_of(body, "now");
        (void)snprintf(s->first, sizeof(s->first), "%s", broker);
        ask_stats(s);
        return 0;
    }
    note("warn", "other_stream",
         "was=%s is=%.32s doing=\"read from the beginning; what was told "
         "is not told again\"",
         at.broker, broker);
    at.next = 1;
    (void)snprintf(at.broker, sizeof(at.broker), "%s", broker);
    s->at = at;
    rc = state_set_place(s->state, &s->at);
    ask_events(s);
    return rc;
}

static int on_stats(struct stream *s, const cJSON *body)
{
    const cJSON *store = cJSON_GetObjectItemCaseSensitive(body, "store");
    int64_t last = number_of(body, "last_seq");
    int rc;

    if (last < 0)
        last = number_of(store, "last_seq");
    if (last < 0) {
        down(s, "stats has no last_seq", AGAIN_MS);
        return 0;
    }
    (void)snprintf(s->at.broker, sizeof(s->at.broker), "%s", s->first);
    s->at.next = last + 1;
    rc = state_set_place(s->state, &s->at);
    ask_events(s);
    return rc;
}

static int on_problem(struct stream *s, const cJSON *body)
{
    struct dk_problem p;

    dk_problem_read(body, &p);
    s->told_down = s->told_down && s->is == STREAM_DOWN;
    down(s, p.detail,
         p.retry_after_ms > AGAIN_MS ? p.retry_after_ms : AGAIN_MS);
    return 0;
}

static int on_ok(struct stream *s, const cJSON *body)
{
    if (s->is == STREAM_ASKED) {
        note("info", "following", "from=%" PRId64, s->at.next);
        s->told_down = false;
        s->is = STREAM_RUNNING;
        s->alive_at = dk_client_now() + ALIVE_MS;
        s->silent_at = dk_client_now() + SILENCE_MS;
        return 0;
    }
    return s->is == STREAM_STATS ? on_stats(s, body) : on_hello(s, body);
}

/* In the transaction of the batch.  1: a gap, or another database came back
 * meanwhile.
 */
static int on_event(struct stream *s, const cJSON *event, struct place *at)
{
    int64_t seq = number_of(event, "seq");
    int rc = 0;

    s->used++;
    s->silent_at = dk_client_now() + SILENCE_MS;
    if (seq < at->next)
        return 0;
    if (seq > at->next || strcmp(text_of(event, "broker"), at->broker) != 0)
        return 1;
    rc = stream_event(s, event, dk_client_wall());
    if (rc == 0)
        at->next = seq + 1;
    return rc;
}

/* A run of events in one transaction; the message that ended it is in *r. */
static int take_events(struct stream *s, struct dk_reply *r, bool *more)
{
    struct place at = s->at;
    int rc = state_begin(s->state);

    *more = true;
    for (int n = 0; rc == 0 && *more && n < WINDOW; n++) {
        rc = on_event(s, r->json, &at);
        dk_reply_free(r);
        *r = (struct dk_reply){0};
        if (rc != 0 || dk_client_recv(s->client, 0, r, NULL) != 0)
            break;
        *more = strcmp(r->type, "event") == 0 &&
                strcmp(r->request, s->request) == 0;
    }
    *more = r->json != NULL;
    bool gap = rc == 1;
    if (rc == 0 || gap)
        rc = state_set_place(s->state, &at);
    if (rc == 0)
        rc = state_commit(s->state);
    if (rc == 0)
        s->at = at;
    else
        state_rollback(s->state);
    if (rc != 0 || gap)
        down(s, gap ? "a gap in the stream" : "our own file failed",
             gap ? 100 : AGAIN_MS);
    return rc;
}

static int take(struct stream *s, struct dk_reply *r, bool *more)
{
    int rc = 0;

    *more = false;
    /* What comes late of an earlier question is dropped. */
    if (s->is != STREAM_DOWN && strcmp(r->request, s->request) == 0) {
        if (strcmp(r->type, "event") == 0 && s->is == STREAM_RUNNING)
            return take_events(s, r, more);
        if (strcmp(r->type, "ok") == 0 && s->is != STREAM_RUNNING)
            rc = on_ok(s, r->json);
        else if (strcmp(r->type, "problem") == 0)
            rc = on_problem(s, r->json);
    }
    dk_reply_free(r);
    return rc;
}

static void tend(struct stream *s, dk_ms now)
{
    char body[40];

    if (s->is == STREAM_DOWN && now >= s->again_at)
        ask_hello(s);
    else if (s->is != STREAM_DOWN && s->is != STREAM_RUNNING &&
             now >= s->again_at)
        down(s, "no answer", 0);
    else if (s->is == STREAM_RUNNING && now >= s->silent_at) {
        (void)dk_client_send(s->client, "events.stop", s->request, "{}", 2,
                             NULL, NULL);
        down(s, "silence", 0);
        s->told_down = false; /* nothing may have happened, that is all */
    } else if (s->is == STREAM_RUNNING &&
               (s->used >= WINDOW / 2 || now >= s->alive_at)) {
        (void)snprintf(body, sizeof(body), "{\"credit\":%d}", s->used);
        if (dk_client_send(s->client, "events.credit", s->request, body,
                           strlen(body), NULL, NULL) == 0)
            s->used = 0;
        else
            down(s, "the connection was lost", 100);
        s->alive_at = now + ALIVE_MS;
    }
}

int stream_tick(struct stream *s, dk_ms *wake)
{
    struct dk_reply r = {0};
    bool more = false;
    int rc = 0;

    do {
        tend(s, dk_client_now());
        while (rc == 0 && dk_client_recv(s->client, 0, &r, NULL) == 0) {
            do {
                rc = take(s, &r, &more);
            } while (rc == 0 && more);
            if (more)
                dk_reply_free(&r);
            r = (struct dk_reply){0};
            if (s->used >= WINDOW / 2)
                break;
        }
    } while (rc == 0 && s->is == STREAM_RUNNING && s->used >= WINDOW / 2);
    *wake = s->is == STREAM_RUNNING ? s->alive_at : s->again_at;
    if (s->is == STREAM_RUNNING && s->silent_at < *wake)
        *wake = s->silent_at;
    return rc;
}
