#include "proto/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "proto/problem.h"

#define GOOD "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"

static void text_and_bytes_are_the_same_id(void **state)
{
    char buf[DK_UUID_TEXT];
    struct dk_uuid u;

    (void)state;
    assert_int_equal(dk_uuid_parse(GOOD, 36, &u), 0);
    assert_int_equal(u.b[0], 0x01);
    assert_int_equal(u.b[15], 0x2b);
    dk_uuid_format(&u, buf);
    assert_string_equal(buf, GOOD);
    assert_true(dk_uuid_is_v7(&u));
    assert_int_equal(dk_uuid_time(&u), 0x0190a1b2c3d4);
}

static void only_the_lower_case_canonical_text_is_read(void **state)
{
    static const char *const bad[] = {
        "",
        "0190A1B2-C3D4-7E5F-8A6B-7C8D9E0F1A2B",
        "{190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2}",
        "0190a1b2c3d47e5f8a6b7c8d9e0f1a2b",
        "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2",
        "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2bc",
        "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2g",
        "0190a1b2-c3d4-7e5f-8a6b+7c8d9e0f1a2b",
        "0190a1b-2c3d4-7e5f-8a6b-7c8d9e0f1a2b",
        " 190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
    };
    struct dk_uuid u;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dk_uuid_parse(bad[i], strlen(bad[i]), &u), DK_EFIELD);
}

static void other_versions_and_variants_are_not_seven(void **state)
{
    static const char *const other[] = {
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "0190a1b2-c3d4-7e5f-0a6b-7c8d9e0f1a2b",
        "0190a1b2-c3d4-7e5f-ca6b-7c8d9e0f1a2b",
    };
    struct dk_uuid u;

    (void)state;
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        assert_int_equal(dk_uuid_parse(other[i], 36, &u), 0);
        assert_false(dk_uuid_is_v7(&u));
    }
}

static void a_made_id_holds_its_time_and_is_version_seven(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    char prev[DK_UUID_TEXT] = "", text[DK_UUID_TEXT];

    (void)state;
    print_message("seed %u\n", seed);
    for (int i = 0; i < 10000; i++) {
        dk_ms now = (dk_ms)i * 28000000001 % (1LL << 48);
        uint8_t rnd[10];
        struct dk_uuid u, back;

        for (int k = 0; k < 10; k++)
            rnd[k] = (uint8_t)rand_r(&seed);
        dk_uuid_v7(&u, now, rnd);
        assert_true(dk_uuid_is_v7(&u));
        assert_int_equal(dk_uuid_time(&u), now);
        dk_uuid_format(&u, text);
        assert_int_equal(dk_uuid_parse(text, 36, &back), 0);
        assert_memory_equal(&back, &u, sizeof(u));
        assert_true(strcmp(text, prev) > 0); /* sorts by time */
        memcpy(prev, text, sizeof(prev));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_bytes_are_the_same_id),
        cmocka_unit_test(only_the_lower_case_canonical_text_is_read),
        cmocka_unit_test(other_versions_and_variants_are_not_seven),
        cmocka_unit_test(a_made_id_holds_its_time_and_is_version_seven),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
