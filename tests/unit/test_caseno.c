#include "proto/caseno.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const struct dk_date day = {2026, 5, 1};

static void a_key_holds_its_day_and_number(void **state)
{
    int64_t key = dk_case_key(day, 123);

    (void)state;
    assert_int_equal(key, 20260501000123);
    assert_int_equal(dk_case_key_day(key).year, 2026);
    assert_int_equal(dk_case_key_day(key).month, 5);
    assert_int_equal(dk_case_key_day(key).day, 1);
    assert_int_equal(dk_case_key_seq(key), 123);
    assert_true(dk_case_key((struct dk_date){2026, 5, 2}, 1) >
                dk_case_key(day, DK_DAY_CASES_MAX));
}

static void a_number_is_read_with_and_without_hyphens(void **state)
{
    char no[DK_CASE_NO_MAX];
    int32_t county = 0;
    int64_t key = 0;

    (void)state;
    dk_case_no_format(130999, dk_case_key(day, 1), no);
    assert_string_equal(no, "130999-20260501-000001-5");
    assert_int_equal(dk_case_no_parse(no, &county, &key), 0);
    assert_int_equal(county, 130999);
    assert_int_equal(key, 20260501000001);
    assert_int_equal(dk_case_no_parse("130999202605010000015", &county, &key),
                     0);
    assert_int_equal(key, 20260501000001);
    dk_case_no_format(1, dk_case_key(day, DK_DAY_CASES_MAX), no);
    assert_int_equal(dk_case_no_parse(no, &county, &key), 0);
    assert_int_equal(county, 1);
}

/* The check digit of ISO 7064 MOD 11,10 by its other, recursive definition. */
static int naive_check(const char *digits)
{
    int p = 10;

    for (; *digits != '\0'; digits++) {
        p += *digits - '0';
        p = p > 10 ? p - 10 : p;
        p = p * 2 % 11;
    }
    for (int c = 0; c < 10; c++) {
        if ((p + c) % 10 == 1)
            return c;
    }
    return -1;
}

static void check_digits_agree_with_the_standard(void **state)
{
    char no[DK_CASE_NO_MAX], plain[32];

    (void)state;
    for (int32_t i = 1; i <= 20000; i++) {
        size_t n = 0;

        dk_case_no_format(i * 49 % 1000000, dk_case_key(day, i), no);
        for (const char *p = no; *p != '\0'; p++) {
            if (*p != '-')
                plain[n++] = *p;
        }
        int check = plain[n - 1] - '0';
        plain[n - 1] = '\0';
        assert_int_equal(check, naive_check(plain));
    }
}

static void every_single_wrong_digit_is_caught(void **state)
{
    unsigned seed = (unsigned)time(NULL);

    (void)state;
    print_message("seed %u\n", seed);
    for (int i = 0; i < 500; i++) {
        char no[DK_CASE_NO_MAX];
        int32_t county;
        int64_t key;

        dk_case_no_format(rand_r(&seed) % 1000000,
                          dk_case_key(day, rand_r(&seed) % 999999 + 1), no);
        for (char *p = no; *p != '\0'; p++) {
            char right = *p;

            for (char c = '0'; *p != '-' && c <= '9'; c++) {
                *p = c;
                assert_int_equal(dk_case_no_parse(no, &county, &key) == 0,
                                 c == right);
                *p = right;
            }
        }
    }
}

static void what_is_not_a_case_number_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "1",
        "130999-20260501-000001",
        "130999-20260501-000001-",
        "130999-20260501-000001-55",
        "130999-20260501-000001-5 ",
        " 130999-20260501-000001-5",
        "130999--20260501-000001-5",
        "13099-920260501-000001-5",
        "130999-2026050a-000001-5",
        "130999/20260501/000001/5",
        "１30999-20260501-000001-5",
    };
    char no[DK_CASE_NO_MAX];
    int32_t county = -7;
    int64_t key = -7;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dk_case_no_parse(bad[i], &county, &key), DK_EFIELD);
    /* Right check digits, but no such day or number. */
    dk_case_no_format(1, 20260230000001, no);
    assert_int_equal(dk_case_no_parse(no, &county, &key), DK_EFIELD);
    dk_case_no_format(1, 20260501000000, no);
    assert_int_equal(dk_case_no_parse(no, &county, &key), DK_EFIELD);
    assert_int_equal(county, -7);
    assert_int_equal(key, -7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_holds_its_day_and_number),
        cmocka_unit_test(a_number_is_read_with_and_without_hyphens),
        cmocka_unit_test(check_digits_agree_with_the_standard),
        cmocka_unit_test(every_single_wrong_digit_is_caught),
        cmocka_unit_test(what_is_not_a_case_number_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
