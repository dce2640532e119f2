/* tally_dump - the core's own figures, to be held against a recount by others.
 *
 *     tally_dump < EVENTS          rows of events as `docketctl follow --json`
 *                                  prints them: MEASURE DAY UNIT CATEGORY TAG
 *                                  KNOWN N, by tabs
 *     tally_dump --walk SEED N     events of N random walks through the core
 *
 * The case goes through its document before each event, as it does in the
 * broker: what is not kept there is lost.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/tally.h"
#include "proto/caseno.h"
#include "tests/support/core_walk.h"
#include "tests/support/history.h"

#define OFFSET 480
#define STEPS  60

static void die(const char *why)
{
    fprintf(stderr, "tally_dump: %s\n", why);
    exit(1);
}

/* ---- events to rows ------------------------------------------------------ */

struct cases {
    struct dk_case **v;
    size_t n, cap;
};

static struct dk_case **case_of(struct cases *s, int64_t key)
{
    for (size_t i = s->n; i > 0; i--) { /* mostly the latest one */
        if (s->v[i - 1]->key == key)
            return &s->v[i - 1];
    }
    if (s->n == s->cap) {
        s->cap = s->cap == 0 ? 64 : 2 * s->cap;
        s->v = realloc(s->v, s->cap * sizeof(struct dk_case *));
        if (s->v == NULL)
            die("out of memory");
    }
    s->v[s->n] = dk_case_new();
    if (s->v[s->n] == NULL)
        die("out of memory");
    s->v[s->n]->key = key;
    return &s->v[s->n++];
}

static void through_document(struct dk_case **c)
{
    struct dk_jw w = {0};
    struct dk_case *again = NULL;
    cJSON *o = NULL;

    if ((*c)->n == 0)
        return;
    dk_case_write(&w, NULL, *c, HISTORY_COUNTY, OFFSET);
    if (w.oom ||
        dk_json_parse_obj(w.buf, w.len, (size_t)1 << 22, &o, NULL) != 0 ||
        dk_case_read(o, &again, NULL) != 0)
        die("a case is not read from its own document");
    cJSON_Delete(o);
    dk_jw_fini(&w);
    dk_case_free(*c);
    *c = again;
}

static void date(int32_t day, char *buf)
{
    dk_date_format(dk_date_from_days(day), buf);
}

static void print_rows(const struct dk_tallies *rows)
{
    char day[16], known[16], tag[16];

    for (int i = 0; i < rows->n; i++) {
        const struct dk_tally *t = &rows->v[i];
        const char *text = dk_tag_text(t->measure, t->tag, tag);

        date(t->day, day);
        date(t->known, known);
        printf("%s\t%s\t%s\t%s\t%s\t%s\t%" PRId64 "\n",
               dk_measure_names[t->measure], day, t->unit, t->category,
               text != NULL ? text : "", known, t->n);
    }
}

static void do_event(struct cases *s, const cJSON *o)
{
    struct dk_event e;
    struct dk_tally_was was;
    struct dk_tallies rows;
    struct dk_problem p = {0};
    const char *no = NULL;
    int32_t county;
    int64_t key = 0;

    if (dk_json_str(o, "case_no", DK_REQUIRED, 1, DK_CASE_NO_MAX - 1, &no, NULL,
                    &p) != 0 ||
        dk_case_no_parse(no, &county, &key) != 0 ||
        dk_event_read(o, &e, &p) != 0)
        die(p.detail);
    e.key = key;
    struct dk_case **c = case_of(s, key);
    through_document(c);
    dk_tally_before(*c, OFFSET, &was);
    if (dk_case_evolve(*c, &e) != 0 ||
        dk_tally(&was, &e, *c, OFFSET, &rows) != 0)
        die("an event cannot follow");
    print_rows(&rows);
    dk_event_fini(&e);
}

static void dump(void)
{
    struct cases s = {.v = NULL};
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct dk_problem p = {0};
        cJSON *o = NULL;

        if (dk_json_parse_obj(line, (size_t)n, (size_t)1 << 22, &o, &p) != 0)
            die(p.detail);
        do_event(&s, o);
        cJSON_Delete(o);
    }
    for (size_t i = 0; i < s.n; i++)
        dk_case_free(s.v[i]);
    free(s.v);
    free(line);
}

/* ---- random walks -------------------------------------------------------- */

static unsigned pick_random(struct walk *w, unsigned n)
{
    uint64_t z = (w->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ z >> 31) % n);
}

/* A case of its own, under its own number. */
static void walk_one(struct walk *w, int32_t number, int64_t *seq)
{
    struct dk_jw out = {0};
    int64_t key = dk_case_key((struct dk_date){2026, 3, 1}, number);

    memset(&w->k, 0, sizeof(w->k));
    kit_open(&w->k);
    w->k.env.now += (dk_ms)w->pick(w, 400) * DK_DAY;
    for (int step = 0; step < STEPS && w->k.fault == NULL; step++)
        walk_step(w);
    if (w->k.fault != NULL)
        die(w->k.fault);
    for (size_t i = 0; i < w->k.log.n; i++) {
        dk_jw_reset(&out);
        history_write(&out, &w->k.log.v[i], key, ++*seq);
        if (out.oom)
            die("out of memory");
        puts(out.buf);
    }
    dk_jw_fini(&out);
    kit_close(&w->k);
}

int main(int argc, char **argv)
{
    struct walk *w = calloc(1, sizeof(*w));
    int64_t seq = 0;

    if (w == NULL)
        die("out of memory");
    if (argc == 4 && strcmp(argv[1], "--walk") == 0) {
        w->pick = pick_random;
        w->state = strtoull(argv[2], NULL, 10);
        for (int32_t i = 1; i <= (int32_t)strtol(argv[3], NULL, 10); i++)
            walk_one(w, i, &seq);
    } else if (argc == 1) {
        dump();
    } else {
        die("usage: tally_dump [--walk SEED N]");
    }
    free(w);
    return fflush(stdout) != 0;
}
