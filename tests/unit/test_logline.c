#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/logline.h"

static void expect(const char *line, const char *want)
{
    char buf[DK_LOGLINE_MAX];
    size_t n = dk_logline_entry(line, strlen(line), "prog", buf, sizeof(buf));

    if (n != strlen(want) || memcmp(buf, want, n) != 0)
        fail_msg("%s:\n%.*s", line, (int)n, buf);
}

static void pairs_become_fields(void **state)
{
    (void)state;
    expect("level=warn event=made_up a-b=1 why=\"it is \\\"so\\\", x=y\" z=",
           "MESSAGE=level=warn event=made_up a-b=1 why=\"it is \\\"so\\\", "
           "x=y\" z=\nSYSLOG_IDENTIFIER=prog\nPRIORITY=4\nDOCKET_LEVEL=warn\n"
           "DOCKET_EVENT=made_up\nDOCKET_A_B=1\nDOCKET_WHY=it is \"so\", x=y\n"
           "DOCKET_Z=\n");
}

static void a_case_s_number_has_a_field_of_its_own(void **state)
{
    (void)state;
    expect("level=info event=x case=330699-20260506-000001-6 unit=u-1",
           "MESSAGE=level=info event=x case=330699-20260506-000001-6 unit=u-1\n"
           "SYSLOG_IDENTIFIER=prog\nPRIORITY=6\nDOCKET_LEVEL=info\n"
           "DOCKET_EVENT=x\nCASE_NO=330699-20260506-000001-6\n"
           "DOCKET_UNIT=u-1\n");
}

/* The id that an entry of this line has; "" none. */
static const char *id_of(const char *line)
{
    static char buf[DK_LOGLINE_MAX + 1], id[33];
    size_t n = dk_logline_entry(line, strlen(line), "p", buf, sizeof(buf) - 1);
    const char *at;

    buf[n] = '\0';
    at = strstr(buf, "\nMESSAGE_ID=");
    if (at == NULL)
        return "";
    snprintf(id, sizeof(id), "%.32s", at + 12);
    return id;
}

static void events_have_ids_and_kinds_their_own(void **state)
{
    (void)state;
    assert_string_equal(id_of("level=info event=ready"),
                        dk_logline_id("ready", 5));
    assert_string_equal(id_of("level=warn event=office_alert kind=disk"),
                        dk_logline_id("office_alert.disk", 17));
    assert_string_equal(id_of("level=warn event=office_alert kind=newer"),
                        dk_logline_id("office_alert", 12));
    assert_string_equal(id_of("alert level=red case=1 clock=conclude"),
                        dk_logline_id("alert", 5));
    assert_string_equal(id_of("level=info event=made_up"), "");
    assert_null(dk_logline_id("read", 4));
}

static void what_is_no_line_of_a_log_is_no_entry(void **state)
{
    char buf[DK_LOGLINE_MAX];
    static const char forged[] = "level=info event=x a=1\nPRIORITY=0";

    (void)state;
    assert_int_equal(dk_logline_entry("", 0, "p", buf, sizeof(buf)), 0);
    assert_int_equal(dk_logline_entry("level=info", 10, "p", buf, sizeof(buf)),
                     0);
    assert_int_equal(
        dk_logline_entry(forged, sizeof(forged) - 1, "p", buf, sizeof(buf)), 0);
}

/* Wherever the buffer ends, nothing is written behind it. */
static void what_does_not_fit_is_no_entry(void **state)
{
    static const char line[] = "level=info event=ready why=\"a b\" case=1 x=\"";
    char buf[512];
    size_t n = dk_logline_entry(line, sizeof(line) - 1, "p", buf, sizeof(buf));

    (void)state;
    assert_true(n > 0);
    for (size_t cap = 0; cap < n; cap++) {
        memset(buf, '#', sizeof(buf));
        assert_int_equal(
            dk_logline_entry(line, sizeof(line) - 1, "p", buf, cap), 0);
        assert_int_equal(buf[cap], '#');
    }
    /* Cut anywhere: no reading behind the end (the sanitizer looks). */
    for (size_t len = 0; len < sizeof(line); len++) {
        char cut[sizeof(line)];

        memcpy(cut, line, len);
        (void)dk_logline_entry(cut, len, "p", buf, sizeof(buf));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_become_fields),
        cmocka_unit_test(a_case_s_number_has_a_field_of_its_own),
        cmocka_unit_test(events_have_ids_and_kinds_their_own),
        cmocka_unit_test(what_is_no_line_of_a_log_is_no_entry),
        cmocka_unit_test(what_does_not_fit_is_no_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
