#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/cloudevent.h"
#include "proto/jsonx.h"

static int convert(const char *text, struct dk_jw *w)
{
    struct dk_problem p;
    cJSON *event;
    int rc;

    assert_int_equal(
        dk_json_parse(text, strlen(text), strlen(text), &event, &p), 0);
    rc = dk_cloudevent_write(w, event);
    cJSON_Delete(event);
    return rc;
}

static void an_event_keeps_all_it_has(void **state)
{
    struct dk_jw w = {0};

    (void)state;
    assert_int_equal(
        convert("{\"seq\":\"12\",\"broker\":\"ab\",\"case_no\":\"c\",\"n\":3,"
                "\"type\":\"assigned\",\"at\":\"2026-05-01T09:00:00.000+08:00\""
                ",\"claimed_at\":null,\"actor\":\"worker:assign\",\"body\":"
                "{\"unit\":\"u\"},\"hash\":\"h\"}",
                &w),
        0);
    assert_string_equal(
        w.buf,
        "{\"specversion\":\"1.0\",\"id\":\"12\",\"source\":\"urn:docket:ab\","
        "\"type\":\"docket.case.assigned\",\"subject\":\"c\",\"time\":"
        "\"2026-05-01T09:00:00.000+08:00\",\"sequence\":"
        "\"00000000000000000012\",\"datacontenttype\":\"application/json\","
        "\"data\":{\"case_no\":\"c\",\"n\":3,\"actor\":\"worker:assign\","
        "\"claimed_at\":null,\"body\":{\"unit\":\"u\"},\"hash\":\"h\"}}");
    dk_jw_fini(&w);
}

static void what_is_hidden_stays_so(void **state)
{
    struct dk_jw w = {0};

    (void)state;
    assert_int_equal(convert("{\"seq\":\"7\",\"broker\":\"ab\",\"case_no\":"
                             "null,\"type\":\"hidden\"}",
                             &w),
                     0);
    assert_string_equal(
        w.buf,
        "{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"urn:docket:ab\","
        "\"type\":\"docket.case.hidden\",\"sequence\":"
        "\"00000000000000000007\",\"datacontenttype\":\"application/json\","
        "\"data\":{}}");
    dk_jw_fini(&w);
}

static void what_is_no_event_is_refused(void **state)
{
    static const char *const bad[] = {
        "{}", "{\"seq\":12,\"broker\":\"a\",\"type\":\"x\"}",
        "{\"seq\":\"12\",\"type\":\"x\"}", "{\"seq\":\"12\",\"broker\":\"a\"}",
        "{\"seq\":\"123456789012345678901\",\"broker\":\"a\",\"type\":\"x\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dk_jw w = {0};
        assert_int_equal(convert(bad[i], &w), DK_EFIELD);
        assert_int_equal(w.len, 0);
        dk_jw_fini(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_keeps_all_it_has),
        cmocka_unit_test(what_is_hidden_stays_so),
        cmocka_unit_test(what_is_no_event_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
