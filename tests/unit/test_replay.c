/* Random walks of cases through the core.  The seed is printed; the same walk
 * again: test_replay --seed N.
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

#include "tests/support/core_walk.h"

#define WALKS 1500
#define STEPS 80

static uint64_t seed;

/* splitmix64 */
static unsigned pick_random(struct walk *w, unsigned n)
{
    uint64_t z = (w->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (unsigned)(z % n);
}

static void report(const struct walk *w, int walk, int step)
{
    if (w->k.fault == NULL)
        return;
    print_error("seed %llu, walk %d, step %d: %s\n", (unsigned long long)seed,
                walk, step, w->k.fault);
    for (size_t i = 0; i < w->k.log.n; i++)
        print_error("  %u %s %s %s\n", w->k.log.v[i].n,
                    dk_ev_name(w->k.log.v[i].type), w->k.log.v[i].actor,
                    w->k.log.v[i].body);
}

static void walk_one(struct walk *w, int walk)
{
    int step = 0;

    memset(&w->k, 0, sizeof(w->k));
    kit_open(&w->k);
    w->k.env.now += (dk_ms)w->pick(w, 1000) * DK_DAY;
    for (; step < STEPS && w->k.fault == NULL; step++) {
        walk_step(w);
        if (w->k.fault == NULL && step % 10 == 9)
            w->k.fault = kit_check_json(&w->k);
    }
    if (w->k.fault == NULL)
        w->k.fault = kit_check_replay(&w->k);
    report(w, walk, step);
}

/* What must have been in the walks, by a word in a body. */
static const struct {
    enum dk_ev type;
    const char *word;
} wanted[] = {
    {DK_EV_CLOCK_FIRED, "\"rung\":\"repeat\""},
    {DK_EV_ALERT_RAISED, "\"replaces\":"},
    {DK_EV_ALERT_RAISED, "\"rung\":\"overdue\""},
    {DK_EV_ALERT_ACKED, "\"clock\":"},
    {DK_EV_CLOCK_SET, "\"quiet_until\":"},
    {DK_EV_CLOCK_SET, "\"clock_no\":2"},
    {DK_EV_ALERT_MUTED, "\"until\":"},
    {DK_EV_RESUMED, "\"ground\":\"appraisal\""},
};
#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

static void look(const struct dk_events *log, int seen[WANTED])
{
    for (size_t i = 0; i < log->n; i++) {
        for (size_t j = 0; j < WANTED; j++)
            seen[j] += log->v[i].type == wanted[j].type &&
                       strstr(log->v[i].body, wanted[j].word) != NULL;
    }
}

static bool has_seen_all(const int seen[WANTED])
{
    for (size_t i = 0; i < WANTED; i++)
        if (seen[i] == 0)
            return false;
    return true;
}

static void a_replay_of_any_case_gives_the_case(void **state)
{
    static struct walk w;
    int states[DK_S_N] = {0}, seen[WANTED] = {0};

    (void)state;
    w.pick = pick_random;
    /* What is rare takes a few more walks now and then. */
    for (int i = 0; i < WALKS || (i < 8 * WALKS && !has_seen_all(seen)); i++) {
        w.state = seed + (uint64_t)i;
        walk_one(&w, i);
        states[w.k.c->state]++;
        look(&w.k.log, seen);
        kit_close(&w.k);
        assert_null(w.k.fault);
    }
    /* The walks went everywhere, and were refused everywhere too. */
    for (int a = 0; a < DK_ACT_N; a++) {
        if (a == DK_ACT_SUBMIT)
            continue;
        if (w.done[a] == 0 || (w.refused[a] == 0 && a != DK_ACT_FIRE))
            print_error("%s: %d done, %d refused\n",
                        dk_action_name((enum dk_action)a), w.done[a],
                        w.refused[a]);
        assert_true(w.done[a] > 0);
        assert_true(w.refused[a] > 0 || a == DK_ACT_FIRE);
    }
    for (int s = DK_S_REGISTERED; s < DK_S_N; s++)
        assert_true(states[s] > 0);
    for (size_t i = 0; i < WANTED; i++) {
        if (seen[i] == 0)
            print_error("no %s with %s\n", dk_ev_name(wanted[i].type),
                        wanted[i].word);
        assert_true(seen[i] > 0);
    }
}

/* The checks themselves see what they are for. */
static void a_lost_or_altered_event_is_noticed(void **state)
{
    static struct walk w;
    struct dk_events *log = &w.k.log;
    struct dk_event lost;

    (void)state;
    w.pick = pick_random;
    for (int i = 0; w.k.c == NULL || w.k.c->n_clock == 0; i++) {
        if (w.k.c != NULL)
            kit_close(&w.k);
        w.state = seed + (uint64_t)i;
        walk_one(&w, i);
        assert_null(w.k.fault);
    }
    lost = log->v[log->n - 1];
    log->n--;
    assert_non_null(kit_check(&w.k));
    assert_non_null(kit_check_replay(&w.k));
    log->n++;
    assert_null(kit_check_replay(&w.k));
    log->v[log->n - 1].at = lost.at + 1;
    assert_non_null(kit_check_replay(&w.k));
    log->v[log->n - 1].at = lost.at;
    w.k.c->clock[0].due_at++;
    assert_non_null(kit_check_replay(&w.k));
    kit_close(&w.k);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replay_of_any_case_gives_the_case),
        cmocka_unit_test(a_lost_or_altered_event_is_noticed),
    };

    seed = (uint64_t)time(NULL);
    if (argc == 3 && strcmp(argv[1], "--seed") == 0)
        seed = strtoull(argv[2], NULL, 10);
    printf("seed %llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
