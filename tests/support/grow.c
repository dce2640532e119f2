/* grow - a store of many cases, as docketd would have written it, made quickly:
 * for measuring how what docketd does depends on how much there is.
 *
 *     grow POLICY CALENDAR STORE CASES [OPEN [MOST [AT]]]
 *
 * A thousand different lives or fewer are lived through the real core, as far
 * as the instant AT.  Each case is one of them under a number, id, region and
 * category of its own: hashed, replayed and committed event by event, with its
 * figures, clocks and alerts, but many cases in one transaction.  OPEN of a
 * hundred cases (default 10) are still open.  MOST cuts each life short after
 * so many events (0, the default: not at all), for a store of very many cases
 * on a disk that is not so large.  The stream mixes the events of many cases,
 * as days of work do.  There are no personal data, and no task is open.
 * `docketctl verify` holds the result against the law of the store.
 *
 * Prints one JSON line.  The store is on the test clock, which stands at AT, or
 * with MOST at the first day, so that no limit is due.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/apply_task.h"
#include "daemon/chain.h"
#include "daemon/daemon.h"
#include "tests/support/history.h"
#include "workers/law.h"

#define LIVES      1000
#define WAVE       400 /* cases whose events are mixed, and one transaction */
#define AT_DEFAULT INT64_C(1788192000000) /* 2026-09-01T00:00:00+08:00 */
#define FIRST_DAY  INT64_C(1767571200000) /* 2026-01-05 */
#define DAYS       300

struct life {
    struct dk_events log;
    dk_ms at; /* of its first event */
    size_t n; /* events up to the instant */
    bool open;
};

struct grow {
    struct life life[LIVES];
    int done[LIVES], open[LIVES]; /* which lives ended, which did not */
    int n_life, n_done, n_open;
    int32_t seq[DAYS + 1]; /* last number of each day */
    bool touched[DAYS + 1];
    struct config cfg;
    struct daemon d;
    int64_t made, clocks, body_bytes;
};

static void fail(const char *what, const char *more)
{
    (void)fprintf(stderr, "grow: %s %s\n", what, more);
    exit(1);
}

static void must(int rc, const char *what)
{
    if (rc != DK_OK)
        fail(what, dk_err_slug(rc));
}

/* ---- lives -------------------------------------------------------------- */

static void live(struct life *l, const struct law *law, uint64_t seed, dk_ms at,
                 size_t most)
{
    struct office o;
    struct dk_case *c = dk_case_new();

    office_open(&o, law->policy, law->calendar, seed);
    l->at = FIRST_DAY + (dk_ms)office_pick(&o, DAYS) * DK_DAY +
            (dk_ms)office_pick(&o, 600) * DK_MINUTE;
    office_live(&o, l->at, KIT_KEY);
    l->log = o.k.log;
    o.k.log = (struct dk_events){.v = NULL};
    office_close(&o);
    while (l->n < l->log.n && l->n < most && l->log.v[l->n].at <= at)
        must(dk_case_evolve(c, &l->log.v[l->n++]), "a life");
    l->open = l->n > 0 && dk_state_owes(c->state);
    dk_case_free(c);
}

static struct grow *sorting;

static int by_day(const void *a, const void *b)
{
    dk_ms x = sorting->life[*(const int *)a].at;
    dk_ms y = sorting->life[*(const int *)b].at;

    return x < y ? -1 : x > y;
}

static void live_all(struct grow *g, const struct law *law, dk_ms at,
                     size_t most)
{
    for (int i = 0; i < g->n_life; i++) {
        live(&g->life[i], law, (uint64_t)i + 1, at, most);
        if (g->life[i].n == 0)
            continue;
        if (g->life[i].open)
            g->open[g->n_open++] = i;
        else
            g->done[g->n_done++] = i;
    }
    if (g->n_open == 0)
        fail("at that instant no case is open", "");
    sorting = g;
    qsort(g->done, (size_t)g->n_done, sizeof(g->done[0]), by_day);
    qsort(g->open, (size_t)g->n_open, sizeof(g->open[0]), by_day);
}

/* ---- one case ----------------------------------------------------------- */

/* `text` with `from` replaced by `to`, where it is; takes text. */
static char *replace(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from);
    size_t head;

    if (at == NULL)
        fail("a submission does not say", from);
    head = (size_t)(at - text);
    char *out = malloc(strlen(text) + strlen(to) + 1);
    if (out == NULL)
        fail("out of memory", "");
    memcpy(out, text, head);
    (void)stpcpy(stpcpy(out + head, to), at + strlen(from));
    free(text);
    return out;
}

/* Twenty towns, and one case in 50,000 from a place that nobody else is from;
 * forty categories.
 */
static char *own_words(int64_t i, char *body, struct dk_uuid *id, dk_ms at)
{
    static const struct dk_uuid old = {.b = {1, 2, 3}};
    char was[DK_UUID_TEXT], is[DK_UUID_TEXT], word[64];
    uint8_t random[10];

    crypto_generichash(random, sizeof(random), (const uint8_t *)&i, sizeof(i),
                       NULL, 0);
    dk_uuid_v7(id, at + i % (8 * DK_HOUR), random);
    dk_uuid_format(&old, was);
    dk_uuid_format(id, is);
    body = replace(body, was, is);
    if (i % 50000 == 777)
        (void)snprintf(word, sizeof(word), "330000/外县");
    else
        (void)snprintf(word, sizeof(word), "330000/城东镇%02d", (int)(i % 20));
    body = replace(body, "330000/城东镇", word);
    (void)snprintf(word, sizeof(word), "城乡建设/市政/%02d", (int)(i % 40));
    return replace(body, "城乡建设/市政", word);
}

static void add_request(struct batch *b, const struct dk_uuid *id,
                        const struct dk_event *e, const struct dk_case *c)
{
    must(vec_grow(&b->request, &b->cap_request, b->n_request + 1), "request");
    struct store_request *r = &b->request[b->n_request++];
    *r = (struct store_request){.id = *id,
                                .key = e->key,
                                .n = 1,
                                .state = c->state,
                                .at = e->at,
                                .submitted_at = c->submitted_at};
    crypto_generichash(r->hash, sizeof(r->hash), id->b, sizeof(id->b), NULL, 0);
}

/* Event number n of a life, as one of case `key`. */
static void take_event(struct grow *g, int64_t i, int64_t key,
                       const struct life *l, size_t n)
{
    struct batch *b = &g->d.batch;
    struct dk_events *es = &b->events;
    struct slot *s = batch_slot(b, key);
    struct dk_tally_was was;
    struct dk_uuid id;

    must(vec_grow(&es->v, &es->cap, es->n + 1), "events");
    struct dk_event *e = &es->v[es->n];
    *e = l->log.v[n];
    e->key = key;
    e->body = strdup(e->body);
    if (e->body == NULL)
        fail("out of memory", "");
    if (n == 0) {
        e->body = own_words(i, e->body, &id, e->at);
        e->body_len = strlen(e->body);
    }
    dk_tally_before(s->c, HISTORY_OFFSET, &was);
    must(dk_case_evolve(s->c, e), "evolve");
    chain_hash(s->c->hash, e, e->hash);
    memcpy(s->c->hash, e->hash, DK_HASH_LEN);
    must(batch_tally(b, es->n, &was, s->c, HISTORY_OFFSET), "figures");
    if (e->type == DK_EV_ALERT_RAISED)
        must(batch_add_alert(b, es->n, s->c), "alert");
    if (n == 0)
        add_request(b, &id, e, s->c);
    g->body_bytes += (int64_t)e->body_len;
    es->n++;
    apply_load(&g->d, s);
}

static int64_t new_case(struct grow *g, const struct life *l)
{
    int64_t days = (l->at + HISTORY_OFFSET * DK_MINUTE) / DK_DAY;
    int64_t i = days - (FIRST_DAY + HISTORY_OFFSET * DK_MINUTE) / DK_DAY;
    struct dk_case *c = dk_case_new();

    if (c == NULL || i < 0 || i > DAYS || g->seq[i] >= DK_DAY_CASES_MAX)
        fail("a day has too many cases", "");
    int64_t key = dk_case_key(dk_date_from_days(days), ++g->seq[i]);
    g->touched[i] = true;
    must(batch_add_slot(&g->d.batch, key, c, true), "case");
    struct slot *s = batch_slot(&g->d.batch, key);
    s->n_before = 0;
    s->n_mark = 0;
    s->has_load = false;
    return key;
}

/* ---- one wave ----------------------------------------------------------- */

static const struct life *choose(struct grow *g, int64_t i, int64_t cases,
                                 int percent)
{
    int64_t k = i * g->n_done / cases, o = i * g->n_open / cases;

    if (i * 37 % 100 < percent || g->n_done == 0)
        return &g->life[g->open[o % g->n_open]];
    return &g->life[g->done[k % g->n_done]];
}

static void put_days(struct grow *g)
{
    struct batch *b = &g->d.batch;
    int64_t first = (FIRST_DAY + HISTORY_OFFSET * DK_MINUTE) / DK_DAY;

    for (int i = 0; i <= DAYS; i++) {
        struct dk_date day = dk_date_from_days(first + i);

        if (!g->touched[i])
            continue;
        g->touched[i] = false;
        must(vec_grow(&b->day, &b->cap_day, b->n_day + 1), "days");
        b->day[b->n_day++] = (struct store_day){
            day.year * 10000 + day.month * 100 + day.day, g->seq[i]};
    }
}

static void commit(struct grow *g)
{
    struct daemon *d = &g->d;
    struct batch *b = &d->batch;

    put_days(g);
    if (b->broken)
        fail("out of memory", "");
    must(batch_collect(b, &d->loads, d->info.last_seq + 1, HISTORY_COUNTY,
                       HISTORY_OFFSET),
         "collect");
    b->changes.n_task_new = 0; /* all answered */
    for (size_t i = 0; i < b->n_clock; i++)
        g->clocks += b->clock[i].k->state == DK_CLOCK_RUNNING;
    must(store_commit(d->st, &b->changes), "commit");
    d->info.last_seq += (int64_t)b->events.n;
    loads_clean(&d->loads);
}

static void wave(struct grow *g, int64_t cases, int percent)
{
    static const struct life *of[WAVE];
    static int64_t key[WAVE];
    size_t most = 0;
    int count = 0;

    batch_reset(&g->d.batch, 0);
    for (; count < WAVE && g->made + count < cases; count++) {
        of[count] = choose(g, g->made + count, cases, percent);
        key[count] = new_case(g, of[count]);
        if (of[count]->n > most)
            most = of[count]->n;
    }
    for (size_t n = 0; n < most; n++) {
        for (int i = 0; i < count; i++) {
            if (n < of[i]->n)
                take_event(g, g->made + i, key[i], of[i], n);
        }
    }
    commit(g);
    g->made += count;
}

/* ---- all of it ---------------------------------------------------------- */

static void open_store(struct grow *g, const char *file, dk_ms at)
{
    struct daemon *d = &g->d;
    uint8_t random[48];
    struct dk_problem p = {0};
    struct store_options opt = {.county = HISTORY_COUNTY,
                                .test_clock = true,
                                .test_now = at,
                                .create = true,
                                .offset_min = HISTORY_OFFSET};

    config_defaults(&g->cfg);
    g->cfg.county = HISTORY_COUNTY;
    (void)snprintf(g->cfg.store, sizeof(g->cfg.store), "sqlite:%s", file);
    d->cfg = &g->cfg;
    batch_init(&d->batch, 1);
    loads_init(&d->loads, 2);
    randombytes_buf(random, sizeof(random));
    if (store_open(g->cfg.store, &opt, random, &d->st, &d->info, &p) != DK_OK)
        fail(p.detail, "");
    if (d->info.last_seq != 0)
        fail("there is a store already:", file);
}

static void print(const struct grow *g, int percent, double seconds)
{
    struct store_totals t;

    must(store_totals(g->d.st, &t), "totals");
    (void)printf("{\"name\":\"grow\",\"measure\":\"grow\",\"cases\":%" PRId64
                 ",\"open_percent\":%d,\"events\":%" PRId64
                 ",\"running_clocks\":%" PRId64 ",\"body_bytes\":%" PRId64
                 ",\"seconds\":%.1f}\n",
                 t.cases, percent, t.events, g->clocks, g->body_bytes, seconds);
}

int main(int argc, char **argv)
{
    static struct grow g;
    struct dk_report r = {0};
    struct law law = {0};
    dk_ms at = AT_DEFAULT;
    struct timespec begin, end;

    if (argc < 5 || argc > 8)
        fail("usage: grow POLICY CALENDAR STORE CASES [OPEN [MOST [AT]]]", "");
    int64_t cases = strtoll(argv[4], NULL, 10);
    int percent = argc > 5 ? (int)strtol(argv[5], NULL, 10) : 10;
    size_t most = argc > 6 ? strtoul(argv[6], NULL, 10) : 0;
    if (argc > 7 && dk_time_parse(argv[7], strlen(argv[7]), &at) != DK_OK)
        fail("not a time:", argv[7]);
    if (cases < 1 || percent < 0 || percent > 100 || sodium_init() < 0)
        fail("cases from 1, open 0..100", "");
    if (law_load(&law, argv[1], argv[2], &r) != 0)
        fail("the law cannot be read", "");
    g.n_life = cases >= LIVES ? LIVES : cases > 100 ? (int)cases : 100;
    live_all(&g, &law, at, most != 0 ? most : SIZE_MAX);
    /* Lives cut short have limits that would be long over at that instant. */
    open_store(&g, argv[3], most != 0 ? FIRST_DAY : at);
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    while (g.made < cases)
        wave(&g, cases, percent);
    must(store_checkpoint(g.d.st, true), "checkpoint");
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    print(&g, percent, (double)(end.tv_sec - begin.tv_sec));
    store_close(g.d.st);
    batch_fini(&g.d.batch);
    loads_fini(&g.d.loads);
    for (int i = 0; i < LIVES; i++)
        dk_events_fini(&g.life[i].log);
    law_fini(&law);
    dk_report_fini(&r);
    return 0;
}
