/* Lock-out, sessions, and secrets under passwords. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka wants these four first */
#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>

#include "clients/web/lockbox.h"
#include "clients/web/lockout.h"
#include "clients/web/sess.h"

static const struct lockout_rule rule = {3, 1000, 8000, 60000};
static struct lockout l;

static int empty(void **state)
{
    (void)state;
    memset(&l, 0, sizeof(l));
    return 0;
}

static void waits_double_up_to_the_most(void **state)
{
    static const dk_ms want[] = {0, 0, 1000, 2000, 4000, 8000, 8000, 8000};
    dk_ms now = 1000000;

    (void)state;
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        lockout_charge(&l, 7, &rule, now);
        assert_int_equal(lockout_wait(&l, 7, &rule, now), want[i]);
        assert_int_equal(lockout_wait(&l, 8, &rule, now), 0);
        if (want[i] > 0) {
            assert_int_equal(lockout_wait(&l, 7, &rule, now + want[i] - 1), 1);
            assert_int_equal(lockout_wait(&l, 7, &rule, now + want[i]), 0);
        }
        now += want[i];
    }
    assert_int_equal(lockout_wait(&l, 7, &rule, now + 59000), 0);
}

static void a_right_one_forgets_all_or_itself(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        lockout_charge(&l, 7, &rule, 1000000);
    lockout_refund(&l, 7, 0);
    assert_int_equal(lockout_wait(&l, 7, &rule, 1000000), 2000);
    lockout_refund(&l, 7, 1);
    assert_int_equal(lockout_wait(&l, 7, &rule, 1000000), 0);
    lockout_refund(&l, 7, 1); /* nothing there: nothing happens */
    lockout_charge(&l, 7, &rule, 1000000);
    assert_int_equal(lockout_wait(&l, 7, &rule, 1000000), 0);
}

static void silence_forgets(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        lockout_charge(&l, 7, &rule, 1000000);
    lockout_charge(&l, 7, &rule, 1000000 + 60000);
    assert_int_equal(lockout_wait(&l, 7, &rule, 1060000), 0);
}

static void memory_is_bounded_and_the_longest_quiet_goes(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        lockout_charge(&l, 1, &rule, 1000000);
    for (uint64_t k = 2; k <= LOCKOUT_MAX; k++)
        lockout_charge(&l, k, &rule, 1000001);
    assert_int_equal(lockout_wait(&l, 1, &rule, 1000001), 3999);
    lockout_charge(&l, LOCKOUT_MAX + 1, &rule, 1000002);
    assert_int_equal(lockout_wait(&l, 1, &rule, 1000002), 0);
}

/* ---- sessions ------------------------------------------------------------
 */

static int no_sessions(void **state)
{
    static struct sess_table t;

    t = (struct sess_table){.bounds = {1000, 5000, 6, 2}};
    *state = &t;
    return 0;
}

static int all_end(void **state)
{
    sess_end_all(*state);
    return 0;
}

static void a_session_is_found_by_its_token_alone(void **state)
{
    struct sess_table *t = *state;
    char token[SESS_TOKEN], other[SESS_TOKEN];
    struct sess *s = sess_new(t, "li", NULL, 10, token);

    assert_non_null(s);
    assert_int_equal(strlen(token), 64);
    assert_ptr_equal(sess_find(t, token, 20), s);
    assert_ptr_equal(sess_by_serial(t, s->serial), s);
    memcpy(other, token, sizeof(other));
    other[5] = other[5] == 'a' ? 'b' : 'a';
    assert_null(sess_find(t, other, 20));
    assert_null(sess_find(t, "", 20));
    assert_true(sess_csrf_is(s, s->csrf));
    assert_false(sess_csrf_is(s, ""));
    assert_false(sess_csrf_is(s, token));
}

static void silence_and_age_end_it(void **state)
{
    struct sess_table *t = *state;
    char token[SESS_TOKEN];

    assert_non_null(sess_new(t, "li", NULL, 0, token));
    assert_non_null(sess_find(t, token, 999));
    assert_null(sess_find(t, token, 1999));
    assert_int_equal(t->n, 0);
    assert_non_null(sess_new(t, "li", NULL, 0, token));
    for (dk_ms now = 500; now < 5000; now += 500)
        assert_non_null(sess_find(t, token, now));
    assert_null(sess_find(t, token, 5000));
    assert_non_null(sess_new(t, "li", NULL, 6000, token));
    assert_int_equal(sess_sweep(t, 6999), 0);
    assert_int_equal(sess_sweep(t, 7000), 1);
}

static void bounds_of_one_and_of_all(void **state)
{
    struct sess_table *t = *state;
    char token[4][SESS_TOKEN], name[8];

    for (int i = 0; i < 3; i++)
        assert_non_null(sess_new(t, "li", NULL, i, token[i]));
    assert_null(sess_find(t, token[0], 3)); /* the oldest of three went */
    assert_non_null(sess_find(t, token[1], 3));
    assert_int_equal(t->n, 2);
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        assert_non_null(sess_new(t, name, NULL, 4, token[3]));
    }
    assert_null(sess_new(t, "late", NULL, 5, token[3]));
    sess_end_of(t, "li", sess_find(t, token[1], 5));
    assert_int_equal(t->n, 5);
    assert_null(sess_find(t, token[2], 5));
    assert_non_null(sess_find(t, token[1], 5));
}

/* ---- secrets -------------------------------------------------------------
 */

static void only_the_password_opens_the_box(void **state)
{
    static const char secret[DK_CLIENT_KEY] =
        "0123456789012345678901234567890123456789";
    unsigned char key[LOCKBOX_KEY], wrong[LOCKBOX_KEY];
    char out[DK_CLIENT_KEY];
    struct lockbox b, damaged;

    (void)state;
    lockbox_begin(&b, 8);
    assert_int_equal(lockbox_derive(&b, "a good password", key), 0);
    assert_int_equal(lockbox_derive(&b, "a good passwore", wrong), 0);
    lockbox_seal(&b, key, secret);
    assert_int_equal(lockbox_open(&b, key, out), 0);
    assert_string_equal(out, secret);
    assert_int_equal(lockbox_open(&b, wrong, out), DK_EFORBIDDEN);
    for (size_t i = 0; i < sizeof(b.sealed); i++) {
        damaged = b;
        damaged.sealed[i] ^= 1;
        assert_int_equal(lockbox_open(&damaged, key, out), DK_EFORBIDDEN);
    }
}

static void passwords_that_will_not_do(void **state)
{
    struct dk_problem p;
    char longest[PASSWORD_MAX + 2];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    longest[0] = 'b';
    longest[PASSWORD_MAX + 1] = '\0';
    assert_int_equal(lockbox_check_password("123456789", "li", &p), DK_EFIELD);
    assert_int_equal(lockbox_check_password(longest, "li", &p), DK_EFIELD);
    longest[PASSWORD_MAX] = '\0';
    assert_int_equal(lockbox_check_password(longest, "li", &p), 0);
    assert_int_equal(lockbox_check_password("aaaaaaaaaaaa", "li", &p),
                     DK_EFIELD);
    assert_int_equal(lockbox_check_password("li-yuan-ming", "li-yuan-ming", &p),
                     DK_EFIELD);
    assert_int_equal(lockbox_check_password("\xff\xfe 345678901", "li", &p),
                     DK_EFIELD);
    assert_int_equal(lockbox_check_password("四个字密码", "li", &p), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(waits_double_up_to_the_most, empty),
        cmocka_unit_test_setup(a_right_one_forgets_all_or_itself, empty),
        cmocka_unit_test_setup(silence_forgets, empty),
        cmocka_unit_test_setup(memory_is_bounded_and_the_longest_quiet_goes,
                               empty),
        cmocka_unit_test_setup_teardown(a_session_is_found_by_its_token_alone,
                                        no_sessions, all_end),
        cmocka_unit_test_setup_teardown(silence_and_age_end_it, no_sessions,
                                        all_end),
        cmocka_unit_test_setup_teardown(bounds_of_one_and_of_all, no_sessions,
                                        all_end),
        cmocka_unit_test(only_the_password_opens_the_box),
        cmocka_unit_test(passwords_that_will_not_do),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
