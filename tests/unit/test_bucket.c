#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/bucket.h"

static void a_burst_then_the_rate(void **state)
{
    struct dk_bucket b = {0};

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(dk_bucket_take(&b, 10, 5, 1000), 0);
    assert_int_equal(dk_bucket_take(&b, 10, 5, 1000), 100);
    assert_int_equal(dk_bucket_take(&b, 10, 5, 1060), 40);
    assert_int_equal(dk_bucket_take(&b, 10, 5, 1100), 0);
    assert_int_equal(dk_bucket_take(&b, 10, 5, 1100), 100);
}

static void who_waits_as_told_is_let_in(void **state)
{
    struct dk_bucket b = {0};
    dk_ms now = 7;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        dk_ms wait = dk_bucket_take(&b, 7, 3, now);
        if (wait == 0)
            continue;
        assert_true(dk_bucket_take(&b, 7, 3, now + wait - 1) > 0);
        now += wait;
        assert_int_equal(dk_bucket_take(&b, 7, 3, now), 0);
    }
    /* 1000 goes: 3 at once, the others at 7 a second */
    assert_in_range(now, 100000, 145000);
}

static void it_never_holds_more_than_its_burst(void **state)
{
    struct dk_bucket b = {0};

    (void)state;
    assert_int_equal(dk_bucket_take(&b, 100, 2, 0), 0);
    assert_int_equal(dk_bucket_take(&b, 100, 2, 1000000), 0);
    assert_int_equal(dk_bucket_take(&b, 100, 2, 1000000), 0);
    assert_int_equal(dk_bucket_take(&b, 100, 2, 1000000), 10);
}

static void odd_numbers_do_no_harm(void **state)
{
    struct dk_bucket b = {0};

    (void)state;
    for (int i = 0; i < 100000; i++)
        assert_int_equal(dk_bucket_take(&b, 0, 1, 5), 0); /* no limit */
    assert_int_equal(dk_bucket_take(&b, 1, -3, 1000), 0); /* one at least */
    assert_int_equal(dk_bucket_take(&b, 1, -3, 1000), 1000);
    assert_int_equal(dk_bucket_take(&b, 1, -3, 400), 1000); /* back in time */
    assert_int_equal(dk_bucket_take(&b, 1, -3, 1400), 0);
    assert_int_equal(
        dk_bucket_take(&b, DK_RATE_MAX, DK_RATE_MAX, INT64_MAX / 2), 0);
    /* a burst that was lowered while the bucket was in use */
    struct dk_bucket c = {0};
    for (int i = 0; i < 100; i++)
        assert_int_equal(dk_bucket_take(&c, 1, 100, 0), 0);
    assert_int_equal(dk_bucket_take(&c, 1, 2, 0), 1000);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_then_the_rate),
        cmocka_unit_test(who_waits_as_told_is_let_in),
        cmocka_unit_test(it_never_holds_more_than_its_burst),
        cmocka_unit_test(odd_numbers_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
