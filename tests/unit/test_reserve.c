/* test_reserve.c - the ballast is given up once, and comes back whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/reserve.h"

#define MIB (INT64_C(1) << 20)

static void it_is_never_more_than_a_sixteenth_of_the_disk(void **state)
{
    (void)state;
    assert_int_equal(dk_reserve_want(64 * MIB, 100000 * MIB), 64 * MIB);
    assert_int_equal(dk_reserve_want(64 * MIB, 1024 * MIB), 64 * MIB);
    assert_int_equal(dk_reserve_want(64 * MIB, 512 * MIB), 32 * MIB);
    assert_int_equal(dk_reserve_want(64 * MIB, 12 * MIB), 12 * MIB / 16);
    assert_int_equal(dk_reserve_want(64 * MIB, 1000000), 0);
    assert_int_equal(dk_reserve_want(0, 1024 * MIB), 0);
}

static void it_is_made_in_steps_and_leaves_room(void **state)
{
    struct dk_reserve r = {.want = 20 * MIB, .tight = true};
    int steps = 0;

    (void)state;
    assert_int_equal(dk_reserve_next(&r, 25 * MIB - 1), 0);
    for (int64_t left = 25 * MIB; r.have < r.want; steps++) {
        int64_t next = dk_reserve_next(&r, left);

        assert_true(next > r.have && next - r.have <= 8 * MIB);
        assert_true(r.tight);
        left -= next - r.have;
        dk_reserve_is(&r, next);
    }
    assert_int_equal(steps, 3);
    assert_int_equal(r.have, 20 * MIB);
    assert_false(r.tight);
    assert_int_equal(dk_reserve_next(&r, INT64_MAX / 2), 20 * MIB);
}

static void it_is_given_up_once(void **state)
{
    struct dk_reserve r = {.want = 4 * MIB, .have = 4 * MIB};

    (void)state;
    assert_true(dk_reserve_give_up(&r));
    assert_true(r.tight);
    assert_int_equal(r.have, 0);
    assert_false(dk_reserve_give_up(&r));
    assert_true(r.tight);
    dk_reserve_is(&r, MIB); /* a part is not enough for new cases */
    assert_true(r.tight);
    assert_true(dk_reserve_give_up(&r));
    dk_reserve_is(&r, 4 * MIB);
    assert_false(r.tight);
}

static void without_one_nothing_is_held_up(void **state)
{
    struct dk_reserve r = {.want = 0};

    (void)state;
    assert_false(dk_reserve_give_up(&r));
    assert_false(r.tight);
    assert_int_equal(dk_reserve_next(&r, INT64_MAX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_never_more_than_a_sixteenth_of_the_disk),
        cmocka_unit_test(it_is_made_in_steps_and_leaves_room),
        cmocka_unit_test(it_is_given_up_once),
        cmocka_unit_test(without_one_nothing_is_held_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
