#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/map.h"

static void a_put_value_is_found_and_replaced(void **state)
{
    struct map m;
    struct map_key k = map_int_key(7);
    uintptr_t v = 0;

    (void)state;
    map_init(&m, 1);
    assert_false(map_get(&m, &k, &v));
    assert_int_equal(map_put(&m, &k, 70), 0);
    assert_int_equal(map_put(&m, &k, 71), 0);
    assert_true(map_get(&m, &k, &v));
    assert_int_equal(v, 71);
    assert_int_equal(m.n, 1);
    assert_true(map_del(&m, &k));
    assert_false(map_del(&m, &k));
    assert_false(map_get(&m, &k, &v));
    map_fini(&m);
}

/* Random puts and removals against a plain array. */
static void it_agrees_with_an_array(void **state)
{
    static uintptr_t model[512];
    struct map m;
    unsigned seed = 20260501;
    size_t n = 0;

    (void)state;
    print_message("seed=%u\n", seed);
    srand(seed);
    map_init(&m, 99);
    for (int i = 0; i < 200000; i++) {
        int at = rand() % 512;
        struct map_key k = map_int_key(at * 1000003LL);
        uintptr_t v = 0;
        assert_int_equal(map_get(&m, &k, &v), model[at] != 0);
        assert_int_equal(v, model[at]);
        if (rand() % 3 == 0) {
            assert_int_equal(map_del(&m, &k), model[at] != 0);
            n -= model[at] != 0;
            model[at] = 0;
        } else {
            uintptr_t put = (uintptr_t)rand() + 1;
            assert_int_equal(map_put(&m, &k, put), 0);
            n += model[at] == 0;
            model[at] = put;
        }
        assert_int_equal(m.n, n);
    }
    assert_true(m.cap < 8192); /* removed cells do not pile up */
    map_fini(&m);
}

static void iteration_meets_each_pair_once_and_survives_removal(void **state)
{
    struct map m;
    size_t pos = 0;
    uintptr_t v;
    uintptr_t sum = 0;

    (void)state;
    map_init(&m, 3);
    for (int i = 1; i <= 100; i++) {
        struct map_key k = map_int_key(i);
        map_put(&m, &k, (uintptr_t)i);
    }
    while (map_next(&m, &pos, &v)) {
        struct map_key k = map_int_key((int64_t)v);
        sum += v;
        map_del(&m, &k);
    }
    assert_int_equal(sum, 5050);
    assert_int_equal(m.n, 0);
    map_clear(&m);
    pos = 0;
    assert_false(map_next(&m, &pos, &v));
    map_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_put_value_is_found_and_replaced),
        cmocka_unit_test(it_agrees_with_an_array),
        cmocka_unit_test(iteration_meets_each_pair_once_and_survives_removal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
