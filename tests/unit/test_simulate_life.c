/* One case lived twice: as its history says, and under another law. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/history.h"
#include "tests/support/lawwork.h"
#include "workers/simulate_life.h"

/* Lines of history as docket-simulate keeps them. */
struct kept {
    struct sim_shapes *shapes;
    struct sim_event ev[2000];
    const struct sim_event *list[2000];
    char *more[2000];
    size_t n;
};

static void keep_line(struct kept *h, const char *line, size_t len)
{
    struct dk_jw more = {0};
    struct dk_problem p = {0};
    struct sim_event *e = &h->ev[h->n];

    assert_true(h->n < 2000);
    if (sim_line_read(h->shapes, line, len, e, &more, &p) != 0)
        fail_msg("%s: %s", p.detail, line);
    h->list[h->n] = e;
    h->more[h->n] = malloc(more.len + 1);
    assert_non_null(h->more[h->n]);
    memcpy(h->more[h->n], more.buf != NULL ? more.buf : "", more.len);
    h->more[h->n][more.len] = '\0';
    h->n++;
    dk_jw_fini(&more);
}

static struct kept *keep_log(const struct kit *k)
{
    struct kept *h = calloc(1, sizeof *h);
    struct dk_jw w = {0};

    assert_non_null(h);
    h->shapes = sim_shapes_new();
    assert_non_null(h->shapes);
    for (size_t i = 0; i < k->log.n; i++) {
        dk_jw_reset(&w);
        history_write(&w, &k->log.v[i], k->c->key, (int64_t)i + 1);
        assert_false(w.oom);
        keep_line(h, w.buf, w.len);
    }
    dk_jw_fini(&w);
    return h;
}

static void free_kept(struct kept *h)
{
    for (size_t i = 0; i < h->n; i++)
        free(h->more[i]);
    sim_shapes_free(h->shapes);
    free(h);
}

static void run(struct sim_life *l, const struct sim_law *law,
                const struct kept *h)
{
    struct dk_problem p = {0};

    if (sim_life_run(l, law, h->list, h->more, h->n, &p) != 0)
        fail_msg("%s", p.detail);
}

static const struct sim_limit *find(const struct sim_limits *in,
                                    const char *clock, uint32_t basis)
{
    for (size_t i = 0; i < in->n; i++) {
        if (strcmp(in->v[i].clock, clock) == 0 && in->v[i].basis == basis)
            return &in->v[i];
    }
    return NULL;
}

static struct sim_law law_until(const struct law *l, dk_ms to)
{
    return (struct sim_law){.policy = l->p,
                            .calendar = l->cal,
                            .from = INT64_MIN,
                            .to = to,
                            .law_of = DK_NEVER};
}

/* ---- the same law -------------------------------------------------------- */

static void assert_same_limits(const struct sim_life *l, uint64_t seed)
{
    if (l->uncounted || l->refused >= 0 || l->was.n != l->is.n)
        fail_msg("seed %llu: uncounted %d (%s), refused %d, %zu and %zu limits",
                 (unsigned long long)seed, l->uncounted, l->why.detail,
                 l->refused, l->was.n, l->is.n);
    for (size_t i = 0; i < l->was.n; i++) {
        const struct sim_limit *was = &l->was.v[i];
        const struct sim_limit *is = find(&l->is, was->clock, was->basis);

        if (is == NULL || is->late != was->late || is->days != was->days ||
            is->due != was->due || strcmp(is->unit, was->unit) != 0)
            fail_msg("seed %llu: %s of event %u differs",
                     (unsigned long long)seed, was->clock, was->basis);
    }
}

/* What the broker itself says of the clocks that the case still has. */
static void assert_true_history(const struct sim_life *l,
                                const struct dk_case *c, uint64_t seed)
{
    for (int i = 0; i < c->n_clock; i++) {
        const struct dk_clock *k = &c->clock[i];
        const struct sim_limit *was = find(&l->was, k->id, k->basis);

        if (k->on_due != DK_DUE_OVERDUE)
            assert_null(was);
        else if (was == NULL || was->late != k->late || was->due != k->due_at)
            fail_msg("seed %llu: %s is not what the case has",
                     (unsigned long long)seed, k->id);
    }
    assert_int_equal(l->then->state, c->state);
    assert_int_equal(l->now->state, c->state);
}

static void test_same_law(void **state)
{
    const struct law *l = *state;
    struct sim_life life = {0};
    uint64_t late = 0, limits = 0;

    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct office o;
        struct kept *h;
        struct sim_law law;

        office_open(&o, l->p, l->cal, seed);
        office_live(&o,
                    cw_time("2026-01-05T08:30:00+08:00") +
                        (dk_ms)(seed % 200) * DK_DAY,
                    KIT_KEY);
        law = law_until(l, o.k.env.now);
        h = keep_log(&o.k);
        run(&life, &law, h);
        assert_same_limits(&life, seed);
        assert_true_history(&life, o.k.c, seed);
        for (size_t i = 0; i < life.was.n; i++)
            late += life.was.v[i].late;
        limits += life.was.n;
        free_kept(h);
        office_close(&o);
    }
    sim_life_fini(&life);
    print_message("%llu limits, %llu late\n", (unsigned long long)limits,
                  (unsigned long long)late);
    /* The lives are worth comparing. */
    assert_true(limits > 1200);
    assert_true(late > 150 && late < limits / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_law, setup, teardown),
    };
    return cmocka_run_group_tests_name("simulate_life", tests, NULL, NULL);
}
