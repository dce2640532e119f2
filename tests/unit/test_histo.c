#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/histo.h"

static void a_value_on_a_bound_is_under_it(void **state)
{
    struct histo h[HISTO_N] = {0};

    (void)state;
    histo_add(h, HISTO_batch_items, 0);
    histo_add(h, HISTO_batch_items, 1);
    histo_add(h, HISTO_batch_items, 2);
    histo_add(h, HISTO_batch_items, 3);
    histo_add(h, HISTO_batch_items, 4096);
    histo_add(h, HISTO_batch_items, 4097);
    assert_int_equal(h[HISTO_batch_items].n[0], 2);
    assert_int_equal(h[HISTO_batch_items].n[1], 1);
    assert_int_equal(h[HISTO_batch_items].n[2], 1);
    assert_int_equal(h[HISTO_batch_items].n[HISTO_BOUNDS - 1], 1);
    assert_int_equal(h[HISTO_batch_items].n[HISTO_BOUNDS], 1);
    assert_int_equal(h[HISTO_batch_items].sum, 8199);
    assert_int_equal(h[HISTO_commit_us].sum, 0);
}

static void it_is_written_with_its_bounds(void **state)
{
    struct histo h[HISTO_N] = {0};
    struct dk_jw w = {0};

    (void)state;
    histo_add(h, HISTO_commit_us, 700);
    dk_jw_obj(&w, NULL);
    histo_write(h, &w);
    dk_jw_end_obj(&w);
    assert_false(w.oom);
    assert_non_null(
        strstr(w.buf, "{\"histograms\":{\"commit_us\":{\"le\":[100,250,500,"
                      "1000,2500,5000,10000,25000,50000,100000,250000,1000000],"
                      "\"n\":[0,0,0,1,0,0,0,0,0,0,0,0,0],\"sum\":700},"));
    dk_jw_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_on_a_bound_is_under_it),
        cmocka_unit_test(it_is_written_with_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
