/* Every way a ZAP request can be, and what is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <zmq.h>

#include "daemon/zap.h"

static char asked_name[64], asked_user[64];
static bool welcome;

static bool ask(void *arg, const char *name, const char *user)
{
    assert_ptr_equal(arg, &welcome);
    snprintf(asked_name, sizeof(asked_name), "%s", name);
    snprintf(asked_user, sizeof(asked_user), "%s", user);
    return welcome;
}

static struct zap_answer decide(int n, const struct dk_frame f[])
{
    struct zap_answer a;

    asked_name[0] = asked_user[0] = '\0';
    zap_decide(f, n, ask, &welcome, &a);
    return a;
}

#define F(s)                                                                   \
    {                                                                          \
        s, sizeof(s) - 1                                                       \
    }
#define KEY "0123456789abcdef0123456789abcdef"
#define CURVE_FRAMES                                                           \
    {                                                                          \
        F("1.0"), F("7"), F("clients.tcp"), F("10.0.0.1"), F(""), F("CURVE"),  \
            F(KEY)                                                             \
    }
#define NULL_FRAMES                                                            \
    {                                                                          \
        F("1.0"), F("7"), F("workers.ipc"), F("localhost:997:4:12"), F(""),    \
            F("NULL")                                                          \
    }

static void a_key_is_asked_about(void **state)
{
    const struct dk_frame f[] = CURVE_FRAMES;
    char z85[41];

    (void)state;
    zmq_z85_encode(z85, (const uint8_t *)KEY, 32);
    welcome = true;
    struct zap_answer a = decide(7, f);
    assert_string_equal(a.status, "200");
    assert_string_equal(a.user, z85);
    assert_string_equal(asked_user, z85);
    assert_string_equal(asked_name, "clients");
    assert_memory_equal(a.request.data, "7", 1);
    welcome = false;
    a = decide(7, f);
    assert_string_equal(a.status, "400");
    assert_string_equal(a.user, z85); /* for the log only */
}

static void a_user_of_this_machine_is_asked_about(void **state)
{
    const struct dk_frame f[] = NULL_FRAMES;

    (void)state;
    welcome = true;
    struct zap_answer a = decide(6, f);
    assert_string_equal(a.status, "200");
    assert_string_equal(a.user, "uid:997");
    assert_string_equal(asked_name, "workers");
    welcome = false;
    assert_string_equal(decide(6, f).status, "400");
}

static void what_proves_nothing_is_refused_unasked(void **state)
{
    static const struct {
        int frame;
        struct dk_frame is;
        bool null;
    } bad[] = {
        {2, F("clients.ipc"), false},
        {2, F("clients"), false},
        {2, F(""), false},
        {2, F(".tcp"), false},
        {2, F("clients.tcp "), false},
        {2, F("clients.udp"), false},
        {2, F("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.tcp"), false},
        {5, F("NULL"), false},
        {5, F("PLAIN"), false},
        {5, F("CURV"), false},
        {5, F("curve"), false},
        {5, F(""), false},
        {6, F(""), false},
        {6, F("0123456789abcdef"), false},
        {6, F(KEY "0"), false},
        {2, F("workers.tcp"), true},
        {5, F("CURVE"), true},
        {3, F("127.0.0.1"), true},
        {3, F(""), true},
        {3, F("localhost:"), true},
        {3, F("localhost:x:1:1"), true},
        {3, F("localhost:12"), true},
        {3, F("localhost:99999999999:1:1"), true},
        {3, F("localhost:-1:1:1"), true},
        {3, F("localhost:0\0:1:1"), true},
    };

    (void)state;
    welcome = true;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dk_frame curve[] = CURVE_FRAMES, null[] = NULL_FRAMES;
        struct dk_frame *f = bad[i].null ? null : curve;
        f[bad[i].frame] = bad[i].is;
        struct zap_answer a = decide(bad[i].null ? 6 : 7, f);
        if (strcmp(a.status, "400") != 0 || asked_user[0] != '\0')
            fail_msg("%zu: %s %s", i, a.status, asked_user);
    }
    struct dk_frame more[] = {
        F("1.0"),  F("7"), F("workers.ipc"), F("localhost:0:0:1"), F(""),
        F("NULL"), F("x")};
    assert_string_equal(decide(7, more).status, "400");
    struct dk_frame few[] = CURVE_FRAMES;
    assert_string_equal(decide(6, few).status, "400");
    assert_string_equal(decide(8, few).status, "400");
}

static void what_is_no_request_is_answered_all_the_same(void **state)
{
    struct dk_frame f[] = CURVE_FRAMES;

    (void)state;
    welcome = true;
    for (int n = 0; n < 6; n++) {
        struct zap_answer a = decide(n, f);
        assert_string_equal(a.status, "500");
        assert_int_equal(a.request.len, n >= 2 ? 1 : 0);
        assert_string_equal(a.user, "");
    }
    f[0] = (struct dk_frame)F("1.1");
    assert_string_equal(decide(7, f).status, "500");
    f[0] = (struct dk_frame)F("");
    assert_string_equal(decide(7, f).status, "500");
    assert_string_equal(asked_user, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_asked_about),
        cmocka_unit_test(a_user_of_this_machine_is_asked_about),
        cmocka_unit_test(what_proves_nothing_is_refused_unasked),
        cmocka_unit_test(what_is_no_request_is_answered_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
