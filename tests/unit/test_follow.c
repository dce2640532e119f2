/* What followers who may not see everything may cost in one tick. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/follow.h"

static void one_tick_costs_the_same_however_many_follow(void **state)
{
    const int64_t alone = follow_portion(1, false);

    (void)state;
    assert_true(alone > 1);
    for (size_t n = 1; n <= 10000; n++) {
        int64_t each = follow_portion(n, false), all = each * (int64_t)n;
        assert_true(each >= 1); /* nobody stands still */
        assert_true(each == 1 || all <= alone);
        assert_int_equal(follow_portion(n, true), follow_portion(1, true));
    }
    assert_int_equal(follow_portion((size_t)alone + 1, false), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_tick_costs_the_same_however_many_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
