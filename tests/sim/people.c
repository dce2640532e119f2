/* people.c - kiosks, officers and one who follows the stream.  They behave as
 * PROTOCOL.md asks: a question is repeated, under the same id, until there is
 * an answer.
 */
#include "people.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "core/case.h"
#include "disk.h"
#include "proto/caseno.h"

#define KIOSKS   3
#define OFFICERS 2
#define DESKS    (KIOSKS + OFFICERS)
#define RETRIES  64

struct desk_of {
    bool kiosk;
    void *sock;
    struct ask ask;
    dk_ms next;          /* asks something new then */
    int left;            /* things still to ask */
    struct dk_uuid last; /* the latest submission that was acknowledged */
    bool has_last;
    char last_body[BODY_MAX];
};

static struct desk_of desks[DESKS];
static bool calm, verifying, verified;
static int retries;

static struct {
    void *sock;
    int64_t want; /* the next event */
    unsigned no;  /* of its latest follow */
    int credit;
    dk_ms again;
} follower;

/* ---- asking -------------------------------------------------------------- */

static void ask_submit(struct desk_of *p)
{
    struct dk_uuid id = matter_uuid();

    if (p->has_last && sim_chance(150)) { /* a citizen who is not sure */
        ask_start(&p->ask, ASK_SUBMIT, "case.submit", &p->last);
        memcpy(p->ask.body, p->last_body, sizeof(p->ask.body));
        return;
    }
    ask_start(&p->ask, ASK_SUBMIT, "case.submit", &id);
    matter_submission(p->ask.body, sizeof(p->ask.body), &id);
}

static void ask_act(struct desk_of *p)
{
    struct dk_uuid id = matter_uuid();

    if (sim_chance(200) && matter_ack(p->ask.body, sizeof(p->ask.body)))
        ask_start(&p->ask, ASK_OTHER, "alert.ack", NULL);
    else if (matter_act(p->ask.body, sizeof(p->ask.body), &id))
        ask_start(&p->ask, ASK_ACT, "case.act", &id);
}

/* Dead letters are given out once more, then the whole store is read. */
static void ask_last(struct desk_of *p)
{
    int64_t dead;

    if (retries < RETRIES && disk_dead(&dead, 1) == 1) {
        retries++;
        ask_start(&p->ask, ASK_OTHER, "task.retry", NULL);
        (void)snprintf(p->ask.body, sizeof(p->ask.body),
                       "{\"task_id\":\"%lld\"}", (long long)dead);
    } else if (verifying && !verified) {
        ask_start(&p->ask, ASK_VERIFY, "verify", NULL);
        (void)snprintf(p->ask.body, sizeof(p->ask.body), "{}");
    }
}

static void ask_new(struct desk_of *p)
{
    if (calm) {
        if (p == &desks[DESKS - 1])
            ask_last(p);
    } else if (p->left > 0) {
        p->left--;
        if (p->kiosk)
            ask_submit(p);
        else
            ask_act(p);
    }
    p->next = sim_now() + (p->kiosk ? sim_span(100, 6000) : sim_span(20, 900));
}

/* ---- answers ------------------------------------------------------------- */

static void on_submitted(struct desk_of *p, const cJSON *o)
{
    const char *no =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "case_no"));
    int32_t county;
    int64_t key = 0, there = 0;

    if (no == NULL || dk_case_no_parse(no, &county, &key) != 0 ||
        !disk_has(ask_id(p->ask.no), &there) || there != key)
        broken("a submission was acknowledged as case %s; on disk it is %lld",
               no != NULL ? no : "?", (long long)there);
    p->last = *ask_id(p->ask.no);
    p->has_last = true;
    memcpy(p->last_body, p->ask.body, sizeof(p->last_body));
}

/* True: there is more to read. */
static bool on_verify(struct desk_of *p, const cJSON *o)
{
    const cJSON *faults = cJSON_GetObjectItemCaseSensitive(o, "faults");
    const char *next =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "next"));
    char *text = NULL;

    if (!cJSON_IsArray(faults) || cJSON_GetArraySize(faults) > 0) {
        text = cJSON_PrintUnformatted(faults);
        broken("verify: %.300s", text != NULL ? text : "no answer");
        free(text);
    }
    verified = next == NULL;
    if (next == NULL)
        return false;
    ask_start(&p->ask, ASK_VERIFY, "verify", NULL);
    (void)snprintf(p->ask.body, sizeof(p->ask.body), "{\"after\":\"%s\"}",
                   next);
    return true;
}

static void on_ok(struct desk_of *p, const char *body)
{
    cJSON *o = cJSON_Parse(body);
    bool more = false;

    if (p->ask.kind == ASK_SUBMIT)
        on_submitted(p, o);
    if (p->ask.kind == ASK_VERIFY)
        more = on_verify(p, o);
    if (!more)
        p->ask.kind = ASK_NONE;
    cJSON_Delete(o);
}

static void on_problem(struct desk_of *p, const char *body)
{
    cJSON *o = cJSON_Parse(body);
    const cJSON *retry = cJSON_GetObjectItemCaseSensitive(o, "retry_after_ms");

    if (cJSON_IsNumber(retry)) {
        p->ask.again = sim_now() + (dk_ms)retry->valuedouble;
    } else {
        if (p->ask.kind == ASK_SUBMIT || p->ask.kind == ASK_VERIFY)
            broken("%s is refused: %.300s", p->ask.type, body);
        say("refused: %.200s", body);
        p->ask.kind = ASK_NONE;
    }
    cJSON_Delete(o);
}

static void read_answers(struct desk_of *p)
{
    char type[40], request[72];
    char *body;

    while (ask_recv(p->sock, type, request, &body)) {
        if (ask_is(&p->ask, request)) {
            if (strcmp(type, "ok") == 0)
                on_ok(p, body);
            else if (strcmp(type, "problem") == 0)
                on_problem(p, body);
        }
        free(body);
    }
}

/* ---- the stream ---------------------------------------------------------- */

static void follow(void)
{
    char request[24], body[80];

    (void)snprintf(request, sizeof(request), "f%u", ++follower.no);
    int n = snprintf(body, sizeof(body), "{\"from\":%lld,\"credit\":%d}",
                     (long long)follower.want, follower.credit = 40);
    ask_send(follower.sock, "events.follow", request, body, (size_t)n);
    follower.again = sim_now() + 4000;
}

/* Every event once, in order, and as it is on disk. */
static void on_event(const char *body)
{
    static const char digits[] = "0123456789abcdef";
    cJSON *o = cJSON_Parse(body);
    const char *seq =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "seq"));
    const char *hash =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "hash"));
    const uint8_t *want = disk_event_hash(follower.want);
    char hex[2 * DK_HASH_LEN + 1] = "";

    for (int i = 0; want != NULL && i < DK_HASH_LEN; i++) {
        hex[2 * i] = digits[want[i] >> 4];
        hex[2 * i + 1] = digits[want[i] & 15];
        hex[2 * i + 2] = '\0';
    }
    if (seq == NULL || strtoll(seq, NULL, 10) != follower.want ||
        hash == NULL || strcmp(hash, hex) != 0)
        broken("the stream gives event %s (hash %s) where %lld (%s) is due",
               seq != NULL ? seq : "?", hash != NULL ? hash : "?",
               (long long)follower.want, hex);
    follower.want++;
    follower.credit--;
    cJSON_Delete(o);
}

static void follower_turn(void)
{
    char type[40], request[72], mine[24];
    char *body;

    while (ask_recv(follower.sock, type, request, &body)) {
        (void)snprintf(mine, sizeof(mine), "f%u", follower.no);
        if (strcmp(request, mine) == 0) {
            if (strcmp(type, "event") == 0)
                on_event(body);
            follower.again = strcmp(type, "problem") == 0 ? sim_now() + 200
                                                          : sim_now() + 4000;
        }
        free(body);
        if (follower.credit > 0 && follower.credit < 15) {
            follower.credit += 30;
            ask_send(follower.sock, "events.credit", mine, "{\"credit\":30}",
                     13);
        }
    }
    if (follower.again <= sim_now())
        follow();
}

/* ---- all of them --------------------------------------------------------- */

void people_open(void)
{
    memset(desks, 0, sizeof(desks));
    calm = verifying = verified = false;
    retries = 0;
    ask_reset();
    for (int i = 0; i < DESKS; i++) {
        desks[i].kiosk = i < KIOSKS;
        desks[i].sock = ask_open(CLIENTS_AT);
        desks[i].next = sim_now() + sim_span(0, 2000);
        desks[i].left = i < KIOSKS ? 1 + (int)sim_pick(4) : 40;
    }
    memset(&follower, 0, sizeof(follower));
    follower.sock = ask_open(CLIENTS_AT);
    follower.want = 1;
    follower.again = sim_now() + 300;
    net_on_send = ask_watch;
    stranger_open();
}

static void turn(struct desk_of *p)
{
    read_answers(p);
    if (p->ask.kind == ASK_NONE && p->next <= sim_now())
        ask_new(p);
    if (p->ask.kind == ASK_NONE || p->ask.again > sim_now())
        return;
    if (p->ask.tries > 0 && sim_chance(200)) { /* by another connection */
        ask_close(p->sock);
        p->sock = ask_open(CLIENTS_AT);
    }
    ask_again(&p->ask, p->sock);
}

void people_turn(void)
{
    for (int i = 0; i < DESKS; i++)
        turn(&desks[i]);
    follower_turn();
    stranger_turn();
}

dk_ms people_next(void)
{
    dk_ms t =
        follower.again < stranger_next() ? follower.again : stranger_next();

    if (net_waiting(follower.sock))
        return sim_now();
    for (int i = 0; i < DESKS; i++) {
        const struct desk_of *p = &desks[i];
        dk_ms at = p->ask.kind != ASK_NONE ? p->ask.again : p->next;
        if (net_waiting(p->sock))
            return sim_now();
        if (at < t)
            t = at;
    }
    return t;
}

void people_close(void)
{
    for (int i = 0; i < DESKS; i++)
        ask_close(desks[i].sock);
    ask_close(follower.sock);
    stranger_close();
    net_on_send = NULL;
}

void people_break(void)
{
    unsigned i = sim_pick(DESKS + 1);

    net_break(i < DESKS ? desks[i].sock : follower.sock);
}

bool people_done(void)
{
    for (int i = 0; i < DESKS; i++) {
        if (desks[i].ask.kind != ASK_NONE)
            return false;
    }
    int64_t dead;
    if (retries < RETRIES && disk_dead(&dead, 1) == 1)
        return false;
    return follower.want == disk_last_seq() + 1;
}

void people_calm(void)
{
    calm = true;
}

void people_verify(void)
{
    verifying = true;
}

bool people_verified(void)
{
    return verified;
}
