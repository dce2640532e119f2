/* life.c - whole life cycles per second: from the submission of a case to the
 * last worker's answer for it, with real workers running.
 *
 * Submits `cases` cases, `window` under way at a time, and waits until the
 * broker holds no open task: every case is then registered, assigned,
 * transferred and under its clocks.  Prints one JSON line.
 *
 *     life ENDPOINT NAME CASES WINDOW [LEFT]
 *
 * LEFT tasks may stay open: those of a service that does not run.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/client.h"

#define PATIENCE_S 120

struct totals {
    int64_t cases, events, tasks_open, tasks_dead;
};

static void fail(const char *what, const struct dk_problem *p)
{
    (void)fprintf(stderr, "life: %s%s%s\n", what, p != NULL ? ": " : "",
                  p != NULL ? p->detail : "");
    exit(1);
}

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct totals ask_totals(struct dk_client *c)
{
    struct totals t = {0};
    struct dk_reply r;
    struct dk_problem p = {0};

    if (dk_client_call(c, "stats", "{}", 10000, &r, &p) != 0)
        fail("stats", &p);
    const cJSON *o = NULL;
    if (dk_json_obj(r.json, "store", DK_REQUIRED, &o, NULL, &p) != 0 ||
        dk_json_int(o, "cases", DK_REQUIRED, 0, INT64_MAX, &t.cases, NULL,
                    &p) != 0 ||
        dk_json_int(o, "events", DK_REQUIRED, 0, INT64_MAX, &t.events, NULL,
                    &p) != 0 ||
        dk_json_int(o, "tasks_open", DK_REQUIRED, 0, INT64_MAX, &t.tasks_open,
                    NULL, &p) != 0 ||
        dk_json_int(o, "tasks_dead", DK_REQUIRED, 0, INT64_MAX, &t.tasks_dead,
                    NULL, &p) != 0)
        fail("stats", &p);
    dk_reply_free(&r);
    return t;
}

static void submit(struct dk_client *c)
{
    char id[DK_UUID_TEXT], body[1024];
    struct dk_problem p = {0};

    dk_client_uuid(id);
    int n = snprintf(
        body, sizeof(body),
        "{\"submission_id\":\"%s\",\"channel\":\"kiosk\",\"kind\":\"appeal\","
        "\"region\":\"城关街道\","
        "\"category\":\"城乡建设/住房保障与房地产/物业服务\","
        "\"subject\":\"小区电梯停运多日无人维修\","
        "\"facts\":\"翠竹苑三幢电梯停运二十天，多次书面催促没有结果。\"}",
        id);
    if (dk_client_send(c, "case.submit", NULL, body, (size_t)n, NULL, &p) != 0)
        fail("case.submit", &p);
}

static void take_answer(struct dk_client *c)
{
    struct dk_reply r;
    struct dk_problem p = {0};

    if (dk_client_recv(c, 10000, &r, &p) != 0)
        fail("no answer", &p);
    if (strcmp(r.type, "ok") != 0) {
        dk_problem_read(r.json, &p);
        fail("refused", &p);
    }
    dk_reply_free(&r);
}

/* Polls, because what counts is the moment after the last answer is durable:
 * one question each 2 ms is nothing beside some thousand commits.
 */
static struct totals wait_for_rest(struct dk_client *c, int64_t left)
{
    const struct timespec pause = {0, 2000000};
    double begin = now_s();

    for (;;) {
        struct totals t = ask_totals(c);
        if (t.tasks_open <= left)
            return t;
        if (now_s() - begin > PATIENCE_S)
            fail("tasks stay open: do all three workers run?", NULL);
        (void)nanosleep(&pause, NULL);
    }
}

int main(int argc, char **argv)
{
    struct dk_problem p = {0};

    if (argc != 5 && argc != 6) {
        (void)fprintf(stderr,
                      "usage: life ENDPOINT NAME CASES WINDOW [LEFT]\n");
        return 64;
    }
    long cases = strtol(argv[3], NULL, 10);
    long window = strtol(argv[4], NULL, 10);
    int64_t left = argc == 6 ? strtoll(argv[5], NULL, 10) : 0;
    if (cases < 1 || window < 1 || window > 512)
        fail("cases from 1, window 1..512", NULL);
    struct dk_client *c = dk_client_open(argv[1], NULL, &p);
    if (c == NULL)
        fail("cannot open", &p);

    struct totals before = wait_for_rest(c, left);
    double begin = now_s(), acked;
    long sent = 0;
    for (long done = 0; done < cases; done++) {
        while (sent < cases && sent < done + window) {
            submit(c);
            sent++;
        }
        take_answer(c);
    }
    acked = now_s() - begin;
    struct totals after = wait_for_rest(c, left);
    double took = now_s() - begin;
    dk_client_close(c);

    (void)printf("{\"name\":\"%s\",\"measure\":\"life\",\"cases\":%ld,"
                 "\"window\":%ld,\"seconds\":%.3f,\"per_second\":%.0f,"
                 "\"acked_per_second\":%.0f,\"events_per_case\":%.1f,"
                 "\"dead\":%lld}\n",
                 argv[2], cases, window, took, (double)cases / took,
                 (double)cases / acked,
                 (double)(after.events - before.events) / (double)cases,
                 (long long)after.tasks_dead);
    return after.cases - before.cases == cases && after.tasks_dead == 0 ? 0 : 1;
}
