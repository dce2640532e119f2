/* What holds for any clock, whatever was set, acknowledged and muted: walks of
 * random clocks through time.  The seed is printed; again: --seed N.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/clock.h"
#include "tests/support/core_path.h"

#define WALKS 500
#define STEPS 40

static uint64_t seed, stream;

/* splitmix64 */
static unsigned pick(unsigned n)
{
    uint64_t z = (stream += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (unsigned)(z % n);
}

struct subject {
    struct kit k;
    dk_ms t0, due, rung[4];
    dk_ms quiet, muted; /* as far as they were set */
    int repeat;
    uint32_t basis;
};

static const struct dk_clock *clock_of(const struct subject *x)
{
    int i = dk_clock_find(x->k.c, "p");

    assert_true(i >= 0);
    return &x->k.c->clock[i];
}

static void put_time(char at[DK_TIME_MAX], dk_ms t)
{
    dk_time_format(t, 480, at);
}

static int set(struct subject *x, dk_ms quiet)
{
    static const char *const names[] = {"a", "b", "y", "z"};
    char json[1200], from[DK_TIME_MAX], due[DK_TIME_MAX], at[DK_TIME_MAX];
    char again[120] = "", until[80] = "", rungs[400] = "";
    size_t len = 0;

    put_time(from, x->t0);
    put_time(due, x->due);
    put_time(at, x->due + x->repeat * DK_DAY);
    if (x->repeat > 0)
        (void)snprintf(again, sizeof(again),
                       "\"repeat_at\":\"%s\",\"repeat_days\":%d,", at,
                       x->repeat);
    put_time(at, quiet);
    if (quiet != 0)
        (void)snprintf(until, sizeof(until), "\"quiet_until\":\"%s\",", at);
    for (int i = 0; i < 4; i++) {
        put_time(at, x->rung[i]);
        len += (size_t)snprintf(rungs + len, sizeof(rungs) - len,
                                "%s{\"id\":\"%s\",\"at\":\"%s\"}",
                                i > 0 ? "," : "", names[i], at);
    }
    (void)snprintf(json, sizeof(json),
                   "{\"clock\":\"p\",\"basis\":%u,\"started_at\":\"%s\","
                   "\"due_at\":\"%s\",\"on_due\":\"overdue\","
                   "\"stops_on\":[\"answered\"],%s%s\"rungs\":[%s]}",
                   x->basis, from, due, again, until, rungs);
    return kit_do(&x->k, DK_ACT_CLOCK, json);
}

static void begin(struct subject *x)
{
    struct dk_submit s = kit_submission();

    memset(x, 0, sizeof(*x));
    kit_open(&x->k);
    assert_int_equal(kit_submit(&x->k, &s), 0);
    path_walk(&x->k, DK_S_ACCEPTED);
    x->t0 = x->k.env.now;
    x->basis = x->k.c->n;
    x->repeat = (int)pick(4);
    x->due = x->t0 + (dk_ms)(1 + pick(20)) * DK_DAY + pick(3) * DK_HOUR;
    for (int i = 0; i < 4; i++)
        x->rung[i] = x->t0 + (dk_ms)(1 + pick(60)) * 12 * DK_HOUR;
    assert_int_equal(set(x, 0), 0);
}

static void someone_acts(struct subject *x)
{
    char json[160], at[DK_TIME_MAX];
    dk_ms until = x->k.env.now + (dk_ms)(1 + pick(29)) * DK_DAY;

    if (pick(2) == 0) {
        assert_int_equal(set(x, until), 0);
        if (until > x->quiet)
            x->quiet = until;
        return;
    }
    put_time(at, until);
    (void)snprintf(json, sizeof(json),
                   "{\"clock\":\"p\",\"until\":\"%s\",\"reason\":\"r\"}", at);
    assert_int_equal(kit_do(&x->k, DK_ACT_MUTE, json), 0);
    x->muted = until;
}

/* What fired just now, held against what was to be expected. */
static void check_fired(const struct subject *x, const struct dk_clock *before)
{
    dk_ms now = x->k.env.now;
    int due = dk_clock_due_rung(before);

    for (size_t i = 0; i < x->k.new_events; i++) {
        const struct dk_event *e =
            &x->k.log.v[x->k.log.n - x->k.new_events + i];
        bool again = strstr(e->body, "\"rung\":\"repeat\"") != NULL;

        assert_int_equal(e->type, DK_EV_CLOCK_FIRED);
        if (!again)
            continue;
        /* Told again: after the end, alone, and never in a quiet time. */
        assert_true(before->rung[due].fired);
        assert_int_equal(x->k.new_events, 1);
        assert_true(now >= x->quiet && now >= x->muted);
        assert_true(now >= x->due + x->repeat * DK_DAY);
    }
    for (int i = 0; i < before->n_rung; i++) {
        const struct dk_rung *r = &before->rung[i];
        const struct dk_clock *k = clock_of(x);

        if (!r->fired && k->rung[i].fired) {
            assert_true(now >= r->at);
            assert_true(i <= due || now >= x->muted);
            assert_true(i == due || now >= x->quiet || now >= x->due);
        }
    }
    /* The end of a limit waits for nothing. */
    assert_int_equal(clock_of(x)->rung[due].fired, now >= x->due);
}

static void step(struct subject *x)
{
    struct dk_clock before;
    dk_ms next;

    if (pick(4) == 0)
        someone_acts(x);
    before = *clock_of(x);
    next = dk_clock_next(&before);
    /* Nothing fires before its time, something does at it. */
    if (next != DK_NEVER && next > x->k.env.now && pick(2) == 0) {
        x->k.env.now = next - 1;
        assert_int_equal(kit_fire(&x->k), 0);
        assert_int_equal(x->k.new_events, 0);
        x->k.env.now = next;
        assert_int_equal(kit_fire(&x->k), 0);
        assert_true(x->k.new_events > 0);
    } else {
        x->k.env.now += (dk_ms)pick(72) * DK_HOUR;
        assert_int_equal(kit_fire(&x->k), 0);
        assert_int_equal(x->k.new_events > 0, next <= x->k.env.now);
    }
    check_fired(x, &before);
    assert_true(dk_clock_next(clock_of(x)) > x->k.env.now);
    assert_int_equal(kit_fire(&x->k), 0);
    assert_int_equal(x->k.new_events, 0);
}

static void any_clock_fires_what_is_due_and_nothing_else(void **state)
{
    static struct subject x;

    (void)state;
    for (int i = 0; i < WALKS; i++) {
        stream = seed + (uint64_t)i;
        begin(&x);
        for (int s = 0; s < STEPS; s++)
            step(&x);
        path_do(&x.k, DK_ACT_ANSWER);
        assert_int_equal(dk_clock_next(clock_of(&x)), DK_NEVER);
        assert_null(kit_check(&x.k));
        assert_null(kit_check_replay(&x.k));
        assert_null(kit_check_json(&x.k));
        kit_close(&x.k);
    }
}

static void assert_same_clocks(const struct dk_case *a, const struct dk_case *b)
{
    struct dk_jw w[2] = {{0}, {0}};

    dk_jw_obj(&w[0], NULL);
    dk_clocks_write(&w[0], "clocks", a, 480);
    dk_jw_end_obj(&w[0]);
    dk_jw_obj(&w[1], NULL);
    dk_clocks_write(&w[1], "clocks", b, 480);
    dk_jw_end_obj(&w[1]);
    assert_string_equal(w[0].buf, w[1].buf);
    dk_jw_fini(&w[0]);
    dk_jw_fini(&w[1]);
}

/* Setting a clock by its structure is setting it by a command. */
static void a_clock_put_is_a_clock_set(void **state)
{
    static struct subject x;

    (void)state;
    for (int i = 0; i < WALKS; i++) {
        struct dk_case *other;
        struct dk_clock k;
        dk_ms quiet;

        stream = seed + (uint64_t)i;
        begin(&x);
        for (int s = (int)pick(10); s > 0; s--)
            step(&x);
        if (pick(3) == 0)
            x.basis = x.k.c->n;
        x.due += (dk_ms)pick(3) * DK_DAY;
        quiet = pick(2) == 0 ? 0 : x.k.env.now + DK_DAY;
        other = dk_case_clone(x.k.c);
        assert_non_null(other);
        assert_int_equal(set(&x, quiet), 0);
        if (x.k.new_events == 1) {
            cJSON *o = NULL;

            assert_int_equal(kit_parse(x.k.log.v[x.k.log.n - 1].body, &o), 0);
            assert_int_equal(dk_clock_read_set(o, &k, NULL), 0);
            assert_int_equal(dk_clock_put(other, &k), 0);
            assert_same_clocks(other, x.k.c);
            assert_int_equal(dk_clock_put(other, &k), 1);
            cJSON_Delete(o);
        }
        dk_case_free(other);
        kit_close(&x.k);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_clock_fires_what_is_due_and_nothing_else),
        cmocka_unit_test(a_clock_put_is_a_clock_set),
    };

    seed = (uint64_t)time(NULL);
    if (argc == 3 && strcmp(argv[1], "--seed") == 0)
        seed = strtoull(argv[2], NULL, 10);
    printf("seed %llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
