#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "daemon/kept.h"
#include "tests/support/clock_kit.h"

/* An accepted case with `clocks` clocks. */
static struct dk_case *made(int64_t key, int clocks)
{
    struct dk_case *c;
    struct kit k;
    char id[8];

    begin(&k, DK_S_ACCEPTED);
    for (int i = 0; i < clocks; i++) {
        struct limit l = {.id = id, .due = 10 + i, .yellow = 5};
        snprintf(id, sizeof(id), "c%d", i);
        assert_int_equal(set(&k, &l), 0);
    }
    c = dk_case_clone(k.c);
    assert_non_null(c);
    c->key = key;
    kit_close(&k);
    return c;
}

static char *text_of(const struct dk_case *c)
{
    struct dk_jw w = {0};
    size_t n;

    dk_case_write(&w, NULL, c, 330699, 480);
    char *text = dk_jw_take(&w, &n);
    assert_non_null(text);
    return text;
}

static void assert_text(const struct dk_case *c, const char *want)
{
    char *is;

    assert_non_null(c);
    is = text_of(c);
    assert_string_equal(is, want);
    free(is);
}

static void a_packed_case_is_the_same(void **state)
{
    (void)state;
    for (int clocks = 0; clocks <= DK_CLOCKS_MAX; clocks++) {
        struct dk_case *c = made(KIT_KEY, clocks);
        char *want = text_of(c);
        size_t bytes = 7;

        memset(c->hash, 0x5a, sizeof(c->hash));
        c = dk_case_pack(c, &bytes);
        assert_text(c, want);
        assert_true(bytes > 7 + strlen(c->subject));
        assert_true(bytes < sizeof(*c) + 1000);
        c = dk_case_unpack(c);
        assert_text(c, want);
        assert_int_equal(c->hash[DK_HASH_LEN - 1], 0x5a);
        /* All of it is there again: it may be changed. */
        memset(c->clock, 0, sizeof(c->clock));
        dk_case_free(c);
        free(want);
    }
}

static void what_is_kept_is_taken_once(void **state)
{
    struct kept_cases k;
    struct dk_case *c = made(KIT_KEY, 2);
    char *want = text_of(c);

    (void)state;
    kept_init(&k, KEPT_BYTES, 1);
    assert_null(kept_look(&k, KIT_KEY));
    kept_put(&k, c);
    kept_put(&k, NULL);
    assert_text(kept_look(&k, KIT_KEY), want);
    assert_null(kept_look(&k, KIT_KEY + 1));
    c = kept_take(&k, KIT_KEY);
    assert_text(c, want);
    assert_null(kept_take(&k, KIT_KEY));
    assert_int_equal(k.bytes, 0);
    dk_case_free(c);
    free(want);
    kept_fini(&k);
}

static void a_later_one_takes_the_place(void **state)
{
    struct kept_cases k;
    struct dk_case *later = made(KIT_KEY, 3);
    char *want = text_of(later);

    (void)state;
    kept_init(&k, KEPT_BYTES, 1);
    kept_put(&k, made(KIT_KEY, 1));
    size_t one = k.bytes;
    kept_put(&k, later);
    assert_true(k.bytes > one && k.bytes < 3 * one);
    assert_text(kept_look(&k, KIT_KEY), want);
    kept_clear(&k);
    assert_null(kept_look(&k, KIT_KEY));
    assert_int_equal(k.bytes, 0);
    free(want);
    kept_fini(&k);
}

static void what_was_not_asked_for_longest_goes(void **state)
{
    struct kept_cases k;

    (void)state;
    kept_init(&k, KEPT_BYTES, 1);
    kept_put(&k, made(1, 1));
    k.most = 3 * k.bytes;
    kept_put(&k, made(2, 1));
    kept_put(&k, made(3, 1));
    assert_non_null(kept_look(&k, 1));
    kept_put(&k, made(4, 1));
    assert_true(k.bytes <= k.most);
    assert_null(kept_look(&k, 2));
    assert_non_null(kept_look(&k, 1));
    assert_non_null(kept_look(&k, 3));
    assert_non_null(kept_look(&k, 4));
    kept_fini(&k);
}

static void with_no_room_nothing_is_kept(void **state)
{
    struct kept_cases k;

    (void)state;
    kept_init(&k, 0, 1);
    kept_put(&k, made(1, 1));
    assert_null(kept_look(&k, 1));
    assert_null(kept_take(&k, 1));
    k.most = 10; /* less than any case */
    kept_put(&k, made(1, 1));
    assert_null(kept_take(&k, 1));
    kept_fini(&k);
}

/* Random puts, looks and takes against a plain list of what must be there. */
static void it_agrees_with_a_list(void **state)
{
    struct dk_case *some = made(1, 2);
    int64_t there[8] = {0}; /* newest first */
    int n = 0;
    struct kept_cases k;
    unsigned seed = 20261130;

    (void)state;
    print_message("seed=%u\n", seed);
    kept_init(&k, KEPT_BYTES, 3);
    kept_put(&k, dk_case_clone(some));
    k.most = 8 * k.bytes;
    kept_clear(&k);
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1664525U + 1013904223U;
        int64_t key = 1 + (seed >> 16) % 16;
        int at = 0;
        while (at < n && there[at] != key)
            at++;
        bool is = at < n;
        if (is)
            memmove(there + at, there + at + 1,
                    (size_t)(--n - at) * sizeof(there[0]));
        switch (seed >> 28 & 3) {
        case 0: {
            struct dk_case *c = kept_take(&k, key);
            assert_int_equal(c != NULL, is);
            dk_case_free(c);
            continue;
        }
        case 1:
            assert_int_equal(kept_look(&k, key) != NULL, is);
            if (!is)
                continue;
            break;
        default: {
            struct dk_case *c = dk_case_clone(some);
            c->key = key;
            kept_put(&k, c);
            n -= n == 8;
            break;
        }
        }
        memmove(there + 1, there, (size_t)n * sizeof(there[0]));
        there[0] = key;
        n++;
    }
    kept_fini(&k);
    dk_case_free(some);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packed_case_is_the_same),
        cmocka_unit_test(what_is_kept_is_taken_once),
        cmocka_unit_test(a_later_one_takes_the_place),
        cmocka_unit_test(what_was_not_asked_for_longest_goes),
        cmocka_unit_test(with_no_room_nothing_is_kept),
        cmocka_unit_test(it_agrees_with_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
