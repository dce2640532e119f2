/* late.c - how late warnings are when many limits end on one instant.
 *
 * The broker runs on its test clock, with workers for deadlines and escalation;
 * COUNT cases have a limit that reaches a rung at the instant TO.  Sets the
 * clock there and notes when each alert comes to a follower, which is told
 * of it after its commit: so this is firing, commit, the escalation service's
 * answer, commit, and the way here.  Prints one JSON line.
 *
 *     late ENDPOINT NAME COUNT TO
 */
#include <stdbool.h>

#include "bench/body.h"
#include "proto/client.h"

#define PATIENCE_MS 60000

struct late {
    struct dk_client *tell;
    const char *to;
    int64_t begin_us;
    long want, fired;
    struct took took;
};

static void fail(const char *what, const struct dk_problem *p)
{
    (void)fprintf(stderr, "late: %s %s\n", what, p != NULL ? p->detail : "");
    exit(1);
}

static int64_t last_seq(struct dk_client *c)
{
    struct dk_reply r;
    struct dk_problem p = {0};
    const cJSON *store = NULL;
    int64_t events = 0;

    if (dk_client_call(c, "stats", "{}", 10000, &r, &p) != 0 ||
        dk_json_obj(r.json, "store", DK_REQUIRED, &store, NULL, &p) != 0 ||
        dk_json_int(store, "events", DK_REQUIRED, 1, INT64_MAX, &events, NULL,
                    &p) != 0)
        fail("stats", &p);
    dk_reply_free(&r);
    return events;
}

/* The first event is one that was there: now we follow, and time may go on. */
static int on_event(void *arg, const struct dk_reply *event, int64_t seq)
{
    struct late *l = arg;
    const char *type =
        cJSON_GetStringValue(cJSON_GetObjectItem(event->json, "type"));
    char body[128];
    struct dk_problem p = {0};

    (void)seq;
    if (l->begin_us == 0) {
        int n = snprintf(body, sizeof(body), "{\"to\":\"%s\"}", l->to);
        l->begin_us = body_clock_us(CLOCK_MONOTONIC);
        if (dk_client_send(l->tell, "clock.set", NULL, body, (size_t)n, NULL,
                           &p) != 0)
            fail("clock.set", &p);
        return 0;
    }
    l->fired += type != NULL && strcmp(type, "clock_fired") == 0;
    if (type != NULL && strcmp(type, "alert_raised") == 0)
        took_add(&l->took, body_clock_us(CLOCK_MONOTONIC) - l->begin_us);
    return (long)l->took.n == l->want;
}

int main(int argc, char **argv)
{
    struct late l = {0};
    struct dk_problem p = {0};

    if (argc != 5) {
        (void)fputs("usage: late ENDPOINT NAME COUNT TO\n", stderr);
        return 64;
    }
    l.want = strtol(argv[3], NULL, 10);
    l.to = argv[4];
    l.tell = dk_client_open(argv[1], NULL, &p);
    struct dk_client *c = dk_client_open(argv[1], NULL, &p);
    if (l.tell == NULL || c == NULL)
        fail("cannot open", &p);
    int64_t from = last_seq(l.tell);
    if (dk_client_follow(c, from, PATIENCE_MS, on_event, &l, &p) < 0)
        fail("follow", &p);
    dk_client_close(c);
    dk_client_close(l.tell);
    took_sort(&l.took);
    (void)printf("{\"name\":\"%s\",\"measure\":\"late\",\"due\":%ld,"
                 "\"fired\":%ld,\"alerts\":%zu,\"p50_us\":%u,\"p99_us\":%u,"
                 "\"max_us\":%u}\n",
                 argv[2], l.want, l.fired, l.took.n, took_at(&l.took, 500),
                 took_at(&l.took, 990), took_at(&l.took, 1000));
    bool all = (long)l.took.n == l.want;
    free(l.took.us);
    return all ? 0 : 1;
}
