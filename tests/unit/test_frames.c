#include "proto/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dk_frame f(const char *s)
{
    return (struct dk_frame){s, strlen(s)};
}

static int read4(const char *v, const char *t, const char *r, const char *b,
                 struct dk_msg *m)
{
    const struct dk_frame four[4] = {f(v), f(t), f(r), f(b)};

    return dk_frames_read(four, 4, m, NULL);
}

static void a_message_is_described(void **state)
{
    struct dk_msg m;

    (void)state;
    assert_int_equal(read4("DKT1", "case.submit", "r 1~", "{}", &m), 0);
    assert_string_equal(m.type, "case.submit");
    assert_string_equal(m.request, "r 1~");
    assert_int_equal(m.body_len, 2);
    assert_memory_equal(m.body, "{}", 2);
}

static void any_other_number_of_frames_is_refused(void **state)
{
    struct dk_frame many[40];
    struct dk_problem p;
    struct dk_msg m;

    (void)state;
    for (size_t i = 0; i < 40; i++)
        many[i] = f("DKT1");
    for (size_t n = 0; n < 40; n++) {
        if (n == 4)
            continue;
        assert_int_equal(dk_frames_read(many, n, &m, &p), DK_EFRAMES);
        assert_string_equal(m.request, n < 3 ? "" : "DKT1");
        assert_true(p.detail[0] != '\0' && p.detail_zh[0] != '\0');
    }
    assert_int_equal(dk_frames_read(NULL, 0, &m, NULL), DK_EFRAMES);
}

static void other_versions_are_refused_under_their_request(void **state)
{
    static const char *const versions[] = {"", "DKT2", "dkt1", "DKT", "DKT1 "};
    struct dk_msg m;

    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        assert_int_equal(read4(versions[i], "hello", "r1", "{}", &m),
                         DK_EVERSION);
        assert_string_equal(m.request, "r1");
    }
}

static void types_out_of_shape_are_refused(void **state)
{
    static const char *const types[] = {
        "",         "Hello", "hello ", "case_get",
        "case-get", "a1",    "案",     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct dk_msg m;

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        assert_int_equal(read4("DKT1", types[i], "r1", "{}", &m), DK_EFRAMES);
        assert_string_equal(m.request, "r1");
        assert_string_equal(m.type, "");
    }
    assert_int_equal(
        read4("DKT1", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "r1", "{}", &m), 0);
}

static void request_ids_out_of_shape_are_refused(void **state)
{
    static const char *const ids[] = {"", "a\n", "\x7f", "\x80", "案", "a\tb"};
    char id[66];
    struct dk_msg m;

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        assert_int_equal(read4("DKT1", "hello", ids[i], "{}", &m), DK_EFRAMES);
        assert_string_equal(m.request, "");
    }
    memset(id, 'r', 65);
    id[65] = '\0';
    assert_int_equal(read4("DKT1", "hello", id, "{}", &m), DK_EFRAMES);
    id[64] = '\0';
    assert_int_equal(read4("DKT1", "hello", id, "{}", &m), 0);
    assert_string_equal(m.request, id);
}

static void a_nul_in_a_type_or_request_is_refused(void **state)
{
    const struct dk_frame a[4] = {f("DKT1"), {"hello\0x", 7}, f("r"), f("{}")};
    const struct dk_frame b[4] = {f("DKT1"), f("hello"), {"r\0x", 3}, f("{}")};
    struct dk_msg m;

    (void)state;
    assert_int_equal(dk_frames_read(a, 4, &m, NULL), DK_EFRAMES);
    assert_int_equal(dk_frames_read(b, 4, &m, NULL), DK_EFRAMES);
}

static void bodies_are_bounded_by_who_reads_them(void **state)
{
    char *body = calloc(1, DK_REPLY_MAX + 1);
    struct dk_frame four[4] = {f("DKT1"), f("hello"), f("r1"), {body, 0}};
    struct dk_msg m;

    (void)state;
    assert_non_null(body);
    four[3].len = DK_BODY_MAX;
    assert_int_equal(dk_frames_read(four, 4, &m, NULL), 0);
    four[3].len = DK_BODY_MAX + 1;
    assert_int_equal(dk_frames_read(four, 4, &m, NULL), DK_ETOOBIG);
    assert_string_equal(m.request, "r1");
    assert_int_equal(dk_frames_read_max(four, 4, DK_REPLY_MAX, &m, NULL), 0);
    four[3].len = DK_REPLY_MAX + 1;
    assert_int_equal(dk_frames_read_max(four, 4, DK_REPLY_MAX, &m, NULL),
                     DK_ETOOBIG);
    four[3] = (struct dk_frame){NULL, 0}; /* an empty frame has no data */
    assert_int_equal(dk_frames_read(four, 4, &m, NULL), 0);
    assert_int_equal(m.body_len, 0);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_described),
        cmocka_unit_test(any_other_number_of_frames_is_refused),
        cmocka_unit_test(other_versions_are_refused_under_their_request),
        cmocka_unit_test(types_out_of_shape_are_refused),
        cmocka_unit_test(request_ids_out_of_shape_are_refused),
        cmocka_unit_test(a_nul_in_a_type_or_request_is_refused),
        cmocka_unit_test(bodies_are_bounded_by_who_reads_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
