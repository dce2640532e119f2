/* Wrong answers: so many at once, one more after each pause, and nobody pays
 * for another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/guess.h"

static const struct dk_guess_limit five = {5, 300000};

static int begin(void **state)
{
    *state = calloc(1, sizeof(struct dk_guesses));
    return *state == NULL;
}

static int end(void **state)
{
    free(*state);
    return 0;
}

static void so_many_at_once_and_then_one_for_each_pause(void **state)
{
    struct dk_guesses *g = *state;
    dk_ms now = 1000;

    for (int i = 0; i < 5; i++) {
        assert_int_equal(dk_guess_wait(g, 7, five, now), 0);
        dk_guess_wrong(g, 7, five, now);
    }
    for (int i = 0; i < 20; i++) {
        assert_int_equal(dk_guess_wait(g, 7, five, now), 300000);
        assert_int_equal(dk_guess_wait(g, 7, five, now + 299999), 1);
        now += 300000;
        assert_int_equal(dk_guess_wait(g, 7, five, now), 0);
        dk_guess_wrong(g, 7, five, now);
    }
    now += 5 * 300000; /* all is forgotten */
    for (int i = 0; i < 5; i++) {
        assert_int_equal(dk_guess_wait(g, 7, five, now), 0);
        dk_guess_wrong(g, 7, five, now);
    }
    assert_true(dk_guess_wait(g, 7, five, now) > 0);
}

static void nobody_waits_for_anothers_mistakes(void **state)
{
    struct dk_guesses *g = *state;

    for (int i = 0; i < 50; i++)
        dk_guess_wrong(g, 7, five, 0);
    assert_true(dk_guess_wait(g, 7, five, 0) > 0);
    assert_int_equal(dk_guess_wait(g, 8, five, 0), 0);
    assert_int_equal(dk_guess_wait(g, 7 + DK_GUESS_SETS, five, 0), 0);
}

/* However many others guess, who owes most is not forgotten. */
static void who_owes_most_is_remembered(void **state)
{
    struct dk_guesses *g = *state;

    for (int i = 0; i < 5; i++)
        dk_guess_wrong(g, 7, five, 0);
    for (uint64_t other = 1; other <= 100000; other++)
        dk_guess_wrong(g, 7 + other * DK_GUESS_SETS, five, 10);
    assert_true(dk_guess_wait(g, 7, five, 20) > 0);
}

/* What can be tried in a time, whatever the pattern: a bound by hand. */
static void the_number_in_a_day_is_bounded(void **state)
{
    struct dk_guesses *g = *state;
    int64_t tried = 0;

    for (dk_ms now = 0; now < DK_DAY; now += 997) {
        if (dk_guess_wait(g, 7, five, now) != 0)
            continue;
        dk_guess_wrong(g, 7, five, now);
        tried++;
    }
    assert_true(tried > 250 && tried <= 5 + 288);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(so_many_at_once_and_then_one_for_each_pause),
        T(nobody_waits_for_anothers_mistakes),
        T(who_owes_most_is_remembered),
        T(the_number_in_a_day_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
