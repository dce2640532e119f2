/* read.c - how long answers take: asks each question of a list in turn, one at
 * a time, and tells the times of each.
 *
 * A line of standard input is LABEL, a space, TYPE, a space, BODY.  The list is
 * gone through over and over for SECONDS.  A BODY with {"after":"@"} pages: it
 * is given the `next` of the answer before, and begins anew after the last
 * page. Prints a JSON line for each label, with EXTRA members ("size":1000).
 *
 *     read ENDPOINT NAME SECONDS [EXTRA]
 */
#include <stdbool.h>

#include "bench/body.h"
#include "proto/client.h"

#define QUESTIONS 64
#define LINE      4096

struct question {
    char label[64], type[64], body[LINE];
    char next[512];
    struct took took;
    int64_t rows;
};

static void fail(const char *what, const char *more)
{
    (void)fprintf(stderr, "read: %s %s\n", what, more);
    exit(1);
}

static int read_questions(struct question *q)
{
    char line[LINE];
    int n = 0;

    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (n == QUESTIONS)
            fail("too many questions", "");
        if (sscanf(line, "%63s %63s %4095[^\n]", q[n].label, q[n].type,
                   q[n].body) != 3)
            fail("not LABEL TYPE BODY:", line);
        n++;
    }
    return n;
}

/* The body with "@" replaced, or without the member when a page is the first.
 */
static void write_body(const struct question *q, char out[2 * LINE])
{
    const char *at = strstr(q->body, "\"after\":\"@\"");

    if (at == NULL) {
        (void)snprintf(out, 2 * (size_t)LINE, "%s", q->body);
        return;
    }
    (void)snprintf(out, 2 * (size_t)LINE, "%.*s\"after\":%s%s%s%s",
                   (int)(at - q->body), q->body, q->next[0] != '\0' ? "\"" : "",
                   q->next[0] != '\0' ? q->next : "null",
                   q->next[0] != '\0' ? "\"" : "", at + 11);
}

static void ask(struct dk_client *c, struct question *q)
{
    char body[2 * LINE];
    struct dk_reply r;
    struct dk_problem p = {0};
    const char *next = NULL;

    write_body(q, body);
    int64_t begin = body_clock_us(CLOCK_MONOTONIC);
    if (dk_client_call(c, q->type, body, 60000, &r, &p) != 0)
        fail(q->label, p.detail);
    took_add(&q->took, body_clock_us(CLOCK_MONOTONIC) - begin);
    q->rows += cJSON_GetArraySize(cJSON_GetObjectItem(r.json, "items"));
    next = cJSON_GetStringValue(cJSON_GetObjectItem(r.json, "next"));
    (void)snprintf(q->next, sizeof(q->next), "%s", next != NULL ? next : "");
    dk_reply_free(&r);
}

static void print(struct question *q, const char *name, const char *extra)
{
    took_sort(&q->took);
    (void)printf("{\"name\":\"%s\",\"measure\":\"read\",\"what\":\"%s\"%s%s,"
                 "\"count\":%zu,\"rows\":%.1f,\"p50_us\":%u,\"p90_us\":%u,"
                 "\"p99_us\":%u,\"max_us\":%u}\n",
                 name, q->label, extra[0] != '\0' ? "," : "", extra, q->took.n,
                 (double)q->rows / (double)q->took.n, took_at(&q->took, 500),
                 took_at(&q->took, 900), took_at(&q->took, 990),
                 took_at(&q->took, 1000));
    free(q->took.us);
}

int main(int argc, char **argv)
{
    static struct question q[QUESTIONS];
    struct dk_problem p = {0};

    if (argc != 4 && argc != 5) {
        (void)fputs("usage: read ENDPOINT NAME SECONDS [EXTRA]\n", stderr);
        return 64;
    }
    int n = read_questions(q);
    double seconds = strtod(argv[3], NULL);
    struct dk_client *c = dk_client_open(argv[1], NULL, &p);
    if (c == NULL || n == 0 || !(seconds > 0))
        fail("nothing to ask, or nobody", p.detail);
    for (int i = 0; i < n; i++) { /* once in vain: caches, the connection */
        ask(c, &q[i]);
        q[i].took.n = 0;
        q[i].rows = 0;
    }
    int64_t end = body_clock_us(CLOCK_MONOTONIC) + (int64_t)(seconds * 1e6);
    do {
        for (int i = 0; i < n; i++)
            ask(c, &q[i]);
    } while (body_clock_us(CLOCK_MONOTONIC) < end);
    dk_client_close(c);
    for (int i = 0; i < n; i++)
        print(&q[i], argv[2], argc == 5 ? argv[4] : "");
    return 0;
}
