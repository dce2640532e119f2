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

/* ---- another law, by hand ------------------------------------------------ */

/* What this office goes by; days are natural and none moves off a holiday. */
#define POLICY(conclude, window, object)                                       \
    "{\"format\":\"docket-policy/1\",\"id\":\"p\",\"calendar\":\"cn\","        \
    "\"versions\":[{\"effective_from\":\"2000-01-01\",\"clocks\":["            \
    "{\"id\":\"transfer\",\"starts_on\":[\"submitted\",\"objection_upheld\"]," \
    "\"stops_on\":[\"transferred\"],\"length\":{\"days\":15},"                 \
    "\"ladder\":{\"overdue\":{\"level\":\"overdue\",\"tell\":[\"office\"]}}}," \
    "{\"id\":\"object\",\"starts_on\":[\"transferred\"],"                      \
    "\"stops_on\":[\"objected\"],\"on_due\":\"lapse\","                        \
    "\"length\":{\"days\":" object "}},"                                       \
    "{\"id\":\"conclude\",\"starts_on\":[\"accepted\"],"                       \
    "\"stops_on\":[\"answered\"],\"holds_on\":[\"suspended\"],"                \
    "\"length\":{\"days\":" conclude "},"                                      \
    "\"extend\":{\"times\":1,\"max_days\":30}},"                               \
    "{\"id\":\"window\",\"starts_on\":[\"answered\"],"                         \
    "\"stops_on\":[\"review_asked\"],\"on_due\":\"close\","                    \
    "\"length\":{\"days\":" window "}},"                                       \
    "{\"id\":\"review\",\"starts_on\":[\"review_asked\"],"                     \
    "\"stops_on\":[\"reviewed\"],\"length\":{\"days\":30}}]}]}"

#define OLD POLICY("60", "30", "5")

/* A case under OLD; what follows is judged under another policy. */
struct bench {
    struct law *old, *other;
    struct office o;
    struct kept *h;
    struct sim_life life;
    struct sim_law law;
};

static void begin(struct bench *b, const char *other)
{
    struct dk_submit s = kit_submission();

    memset(b, 0, sizeof *b);
    b->old = new_law(OLD);
    b->other = new_law(other);
    office_open(&b->o, b->old->p, b->old->cal, 1);
    /* Thursday 2026-01-01; days below are days of the year after it. */
    office_submit(&b->o, cw_time("2026-01-01T09:00:00+08:00"), KIT_KEY, &s);
    assert_int_equal(office_do(&b->o, DK_ACT_REGISTER, "{}"), 0);
}

static void day(struct bench *b, int n)
{
    office_until(&b->o, cw_time("2026-01-01T10:00:00+08:00") + n * DK_DAY);
}

static void act_on(struct bench *b, enum dk_action a, const char *json)
{
    if (office_do(&b->o, a, json) != 0)
        fail_msg("%s: %s", dk_action_name(a), b->o.k.p.detail);
}

/* With unit town-a from day 1, accepted on day 2. */
static void accepted(struct bench *b)
{
    day(b, 1);
    act_on(b, DK_ACT_ASSIGN, "{\"unit\":\"town-a\"}");
    act_on(b, DK_ACT_TRANSFER, "{\"unit\":\"town-a\"}");
    day(b, 2);
    act_on(b, DK_ACT_ACCEPT, "{}");
}

static void answered(struct bench *b)
{
    act_on(b, DK_ACT_ANSWER, "{\"text\":\"已修复\",\"legal_basis\":\"条例\"}");
}

/* Judge it as of day `n`. */
static void judge(struct bench *b, int n)
{
    day(b, n);
    b->h = keep_log(&b->o.k);
    b->law = law_until(b->other, b->o.k.env.now);
    run(&b->life, &b->law, b->h);
    assert_false(b->life.uncounted);
    assert_false(b->life.left_out);
}

static void finish(struct bench *b)
{
    free_kept(b->h);
    sim_life_fini(&b->life);
    office_close(&b->o);
    free_law(b->old);
    free_law(b->other);
}

static const struct sim_limit *one(const struct sim_limits *in,
                                   const char *clock)
{
    const struct sim_limit *found = NULL;

    for (size_t i = 0; i < in->n; i++) {
        if (strcmp(in->v[i].clock, clock) == 0) {
            assert_null(found);
            found = &in->v[i];
        }
    }
    return found;
}

static void test_shorter_limit(void **state)
{
    struct bench b;
    const struct sim_limit *was, *is;

    (void)state;
    begin(&b, POLICY("30", "30", "5"));
    accepted(&b);
    day(&b, 40);
    answered(&b);
    judge(&b, 45);
    was = one(&b.life.was, "conclude");
    is = one(&b.life.is, "conclude");
    assert_false(was->late);
    assert_int_equal(was->days, 0);
    assert_string_equal(was->unit, "town-a");
    /* Accepted on 3 January; the 30th day after it is 2 February.  Answered on
     * 10 February, eight days later.
     */
    assert_int_equal(was->due, cw_time("2026-03-05T00:00:00+08:00"));
    assert_int_equal(is->due, cw_time("2026-02-03T00:00:00+08:00"));
    assert_true(is->late);
    assert_int_equal(is->days, 8);
    assert_string_equal(is->unit, "town-a");
    assert_int_equal(is->basis, was->basis);
    assert_int_equal(b.life.refused, -1);
    finish(&b);
}

static void test_last_day_is_in_time(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, POLICY("30", "30", "5"));
    accepted(&b);
    day(&b, 32); /* 2 February, the last day */
    answered(&b);
    judge(&b, 40);
    assert_false(one(&b.life.is, "conclude")->late);
    finish(&b);
}

static void test_longer_limit(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, POLICY("90", "30", "5"));
    accepted(&b);
    day(&b, 70);
    answered(&b);
    judge(&b, 75);
    /* 60 days after 3 January is 4 March; day 70 is 12 March. */
    assert_true(one(&b.life.was, "conclude")->late);
    assert_int_equal(one(&b.life.was, "conclude")->days, 8);
    assert_false(one(&b.life.is, "conclude")->late);
    finish(&b);
}

static void test_still_running(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, POLICY("30", "30", "5"));
    accepted(&b);
    judge(&b, 50);
    assert_false(one(&b.life.was, "conclude")->late);
    /* Last day 2 February; as of 20 February. */
    assert_true(one(&b.life.is, "conclude")->late);
    assert_int_equal(one(&b.life.is, "conclude")->days, 18);
    finish(&b);
}

static void test_as_of_an_earlier_day(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, POLICY("30", "30", "5"));
    accepted(&b);
    day(&b, 70);
    answered(&b);
    judge(&b, 75);
    assert_true(one(&b.life.was, "conclude")->late);
    b.law.to = cw_time("2026-02-03T00:00:00+08:00") - 1;
    run(&b.life, &b.law, b.h);
    assert_false(one(&b.life.was, "conclude")->late);
    assert_false(one(&b.life.is, "conclude")->late);
    b.law.to++;
    run(&b.life, &b.law, b.h);
    assert_true(one(&b.life.is, "conclude")->late);
    assert_int_equal(one(&b.life.is, "conclude")->days, 1);
    finish(&b);
}

static void test_suspension(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, POLICY("30", "30", "5"));
    accepted(&b);
    day(&b, 12);
    act_on(&b, DK_ACT_SUSPEND, "{\"reason\":\"听证\"}");
    day(&b, 22);
    act_on(&b, DK_ACT_RESUME, "{}");
    day(&b, 43);
    answered(&b);
    judge(&b, 50);
    /* 2 February and ten days: 12 February; answered on 13 February. */
    assert_int_equal(one(&b.life.is, "conclude")->due,
                     cw_time("2026-02-13T00:00:00+08:00"));
    assert_true(one(&b.life.is, "conclude")->late);
    assert_int_equal(one(&b.life.is, "conclude")->days, 1);
    assert_false(one(&b.life.was, "conclude")->late);
    finish(&b);
}

static void extended_on(struct bench *b, int n)
{
    begin(b, POLICY("30", "30", "5"));
    accepted(b);
    day(b, n);
    act_on(b, DK_ACT_EXTEND,
           "{\"days\":30,\"reason\":\"复杂\",\"approved_by\":\"head\"}");
    day(b, 61);
    answered(b);
    judge(b, 65);
    assert_false(one(&b->life.was, "conclude")->late);
}

static void test_extension_in_time(void **state)
{
    struct bench b;

    (void)state;
    extended_on(&b, 20);
    /* 2 February and 30 days: 4 March; answered on 3 March. */
    assert_int_equal(b.life.refused, -1);
    assert_false(one(&b.life.is, "conclude")->late);
    assert_int_equal(one(&b.life.is, "conclude")->due,
                     cw_time("2026-03-05T00:00:00+08:00"));
    finish(&b);
}

static void test_extension_after_the_limit(void **state)
{
    struct bench b;

    (void)state;
    extended_on(&b, 40);
    /* On 10 February the shorter limit is past: no extension any more. */
    assert_int_equal(b.life.refused, DK_EV_EXTENDED);
    assert_true(one(&b.life.is, "conclude")->late);
    assert_int_equal(one(&b.life.is, "conclude")->days, 29);
    finish(&b);
}

static void test_longer_window(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, POLICY("60", "50", "5"));
    accepted(&b);
    day(&b, 10);
    answered(&b);
    judge(&b, 45); /* closed on day 41 */
    assert_int_equal(b.life.then->state, DK_S_CLOSED);
    assert_int_equal(b.life.now->state, DK_S_ANSWERED);
    b.law.to += 20 * DK_DAY;
    run(&b.life, &b.law, b.h);
    assert_int_equal(b.life.now->state, DK_S_CLOSED);
    finish(&b);
}

static void test_shorter_window(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, POLICY("60", "10", "5"));
    accepted(&b);
    day(&b, 10);
    answered(&b);
    day(&b, 30);
    act_on(&b, DK_ACT_ASK_REVIEW, "{\"grounds\":\"不服\"}");
    act_on(&b, DK_ACT_ASSIGN, "{\"unit\":\"county\"}");
    judge(&b, 70);
    assert_true(one(&b.life.was, "review")->late);
    assert_string_equal(one(&b.life.was, "review")->unit, "county");
    assert_null(one(&b.life.is, "review"));
    assert_int_equal(b.life.refused, DK_EV_REVIEW_ASKED);
    assert_int_equal(b.life.now->state, DK_S_CLOSED);
    finish(&b);
}

static void test_lapsed_right(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, POLICY("60", "30", "2"));
    day(&b, 1);
    act_on(&b, DK_ACT_ASSIGN, "{\"unit\":\"town-a\"}");
    act_on(&b, DK_ACT_TRANSFER, "{\"unit\":\"town-a\"}");
    day(&b, 5);
    act_on(&b, DK_ACT_OBJECT, "{\"grounds\":\"不属本单位\"}");
    day(&b, 6);
    act_on(&b, DK_ACT_UPHOLD_OBJECTION, "{\"reason\":\"属实\"}");
    judge(&b, 40);
    assert_int_equal(b.life.refused, DK_EV_OBJECTED);
    assert_int_equal(b.life.then->state, DK_S_REGISTERED);
    assert_int_equal(b.life.now->state, DK_S_TRANSFERRED);
    /* The office had it again from 7 January: last day 22 January.  It is the
     * office that had it, whoever had it before.
     */
    assert_int_equal(b.life.was.n, 2);
    assert_true(b.life.was.v[1].late);
    assert_int_equal(b.life.was.v[1].days, 19);
    assert_string_equal(b.life.was.v[1].unit, "office");
    assert_int_equal(b.life.is.n, 1);
    assert_false(b.life.is.v[0].late);
    finish(&b);
}

static void test_version_of_another_day(void **state)
{
    struct bench b;
    char *text = strdup(POLICY("30", "30", "5")), *from;

    (void)state;
    assert_non_null(text);
    from = strstr(text, "2000-01-01");
    memcpy(from, "2026-05-01", 10);
    begin(&b, text);
    accepted(&b);
    day(&b, 40);
    answered(&b);
    day(&b, 45);
    b.h = keep_log(&b.o.k);
    b.law = law_until(b.other, b.o.k.env.now);
    run(&b.life, &b.law, b.h);
    assert_true(b.life.uncounted);
    assert_non_null(strstr(b.life.why.detail, "no version in force"));
    b.law.law_of = cw_time("2026-06-01T00:00:00+08:00");
    run(&b.life, &b.law, b.h);
    assert_false(b.life.uncounted);
    assert_true(one(&b.life.is, "conclude")->late);
    finish(&b);
    free(text);
}

static void test_cases_of_other_days_are_left_out(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, OLD);
    judge(&b, 10);
    b.law.from = cw_time("2026-01-01T09:00:00+08:00");
    run(&b.life, &b.law, b.h);
    assert_false(b.life.left_out);
    b.law.from++;
    run(&b.life, &b.law, b.h);
    assert_true(b.life.left_out);
    finish(&b);
}

static void test_impossible_history(void **state)
{
    struct bench b;
    struct dk_problem p = {0};
    struct sim_event *e;

    (void)state;
    begin(&b, OLD);
    accepted(&b);
    judge(&b, 10);
    assert_int_equal(sim_life_run(&b.life, &b.law, b.h->list + 1, b.h->more + 1,
                                  b.h->n - 1, &p),
                     DK_ESTATE);
    assert_non_null(strstr(p.detail, "event 1 is missing"));
    for (e = b.h->ev; e->type != DK_EV_ACCEPTED; e++)
        ;
    e->type = DK_EV_REVIEWED;
    assert_int_equal(
        sim_life_run(&b.life, &b.law, b.h->list, b.h->more, b.h->n, &p),
        DK_ESTATE);
    assert_non_null(strstr(p.detail, "\"reviewed\""));
    finish(&b);
}

/* History brought in: all of it recorded on one day of 2026, all of it done in
 * 2020.
 */
static void test_imported(void **state)
{
    static const struct {
        enum dk_action a;
        const char *at, *json;
    } steps[] = {
        {DK_ACT_REGISTER, "2020-01-02T09:00:00+08:00", "{}"},
        {DK_ACT_ASSIGN, "2020-01-02T09:00:00+08:00", "{\"unit\":\"town-a\"}"},
        {DK_ACT_TRANSFER, "2020-01-02T09:00:00+08:00", "{\"unit\":\"town-a\"}"},
        {DK_ACT_ACCEPT, "2020-01-03T09:00:00+08:00", "{}"},
        {DK_ACT_ANSWER, "2020-02-10T09:00:00+08:00",
         "{\"text\":\"已修复\",\"legal_basis\":\"条例\"}"},
    };
    struct bench b;
    struct dk_submit s = kit_submission();

    (void)state;
    begin(&b, POLICY("30", "30", "5"));
    office_close(&b.o);
    office_open(&b.o, b.old->p, b.old->cal, 1);
    s.import = true;
    s.submitted_at = cw_time("2020-01-01T09:00:00+08:00");
    office_submit(&b.o, cw_time("2026-01-01T09:00:00+08:00"), KIT_KEY, &s);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        cJSON *args = cw_json(steps[i].json);
        struct dk_command cmd = {.action = steps[i].a,
                                 .by = DK_BY_CLIENT,
                                 .actor = "import:old",
                                 .claimed = cw_time(steps[i].at),
                                 .args = args};
        size_t before = b.o.k.log.n;

        b.o.k.env.now += DK_SECOND;
        assert_int_equal(kit_run(&b.o.k, &cmd), 0);
        office_answer(&b.o, before);
        cJSON_Delete(args);
    }
    judge(&b, 1);
    assert_int_equal(b.life.then->state, DK_S_CLOSED);
    assert_int_equal(b.life.now->state, DK_S_CLOSED);
    assert_false(one(&b.life.was, "conclude")->late);
    /* Accepted on 3 January 2020: last day 2 February, answered on the 10th. */
    assert_true(one(&b.life.is, "conclude")->late);
    assert_int_equal(one(&b.life.is, "conclude")->days, 8);
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_law, setup, teardown),
        cmocka_unit_test(test_shorter_limit),
        cmocka_unit_test(test_last_day_is_in_time),
        cmocka_unit_test(test_longer_limit),
        cmocka_unit_test(test_still_running),
        cmocka_unit_test(test_as_of_an_earlier_day),
        cmocka_unit_test(test_suspension),
        cmocka_unit_test(test_extension_in_time),
        cmocka_unit_test(test_extension_after_the_limit),
        cmocka_unit_test(test_longer_window),
        cmocka_unit_test(test_shorter_window),
        cmocka_unit_test(test_lapsed_right),
        cmocka_unit_test(test_version_of_another_day),
        cmocka_unit_test(test_cases_of_other_days_are_left_out),
        cmocka_unit_test(test_impossible_history),
        cmocka_unit_test(test_imported),
    };
    return cmocka_run_group_tests_name("simulate_life", tests, NULL, NULL);
}
