/* One line of history: what is kept of it, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "proto/timefmt.h"
#include "workers/simulate_line.h"

#define HASH "5a00000000000000000000000000000000000000000000000000000000000000"
#define LINE(n, type, actor, body)                                             \
    "{\"seq\":\"7\",\"broker\":\"00\",\"case_no\":\"330699-20260506-"          \
    "000001-5\",\"n\":" n ",\"type\":\"" type                                  \
    "\",\"at\":\"2026-05-06T09:30:00.000+08:00\",\"claimed_at\":null,"         \
    "\"actor\":\"" actor "\",\"body\":" body ",\"hash\":\"" HASH "\"}"

struct line {
    struct sim_shapes *shapes;
    struct sim_event e;
    struct dk_jw more;
    struct dk_problem p;
};

static int setup(void **state)
{
    struct line *l = calloc(1, sizeof *l);

    assert_non_null(l);
    l->shapes = sim_shapes_new();
    assert_non_null(l->shapes);
    *state = l;
    return 0;
}

static int teardown(void **state)
{
    struct line *l = *state;

    sim_shapes_free(l->shapes);
    dk_jw_fini(&l->more);
    free(l);
    return 0;
}

/* From memory that ends with the newline, so that nothing looks further. */
static int read_line(struct line *l, const char *text)
{
    size_t len = strlen(text);
    char *copy = malloc(len + 1);
    int rc;

    assert_non_null(copy);
    memcpy(copy, text, len);
    copy[len] = '\n';
    dk_jw_reset(&l->more);
    dk_problem_clear(&l->p);
    rc = sim_line_read(l->shapes, copy, len, &l->e, &l->more, &l->p);
    free(copy);
    return rc;
}

static void good(struct line *l, const char *text)
{
    if (read_line(l, text) != 0)
        fail_msg("%s: %s", l->p.detail, text);
    assert_int_equal(l->e.len, l->more.len);
}

static void test_what_is_kept_of_an_event(void **state)
{
    struct line *l = *state;
    dk_ms at = 0;

    good(l, LINE("3", "assigned", "worker:assign",
                 "{\"unit\":\"town-a\",\"handler\":\"li\"}"));
    assert_int_equal(l->e.key, INT64_C(20260506000001));
    assert_int_equal(l->e.county, 330699);
    assert_int_equal(l->e.n, 3);
    assert_int_equal(l->e.type, DK_EV_ASSIGNED);
    assert_int_equal(dk_time_parse("2026-05-06T01:30:00Z", 20, &at), 0);
    assert_int_equal(l->e.at, at);
    assert_int_equal(l->e.claimed, DK_NEVER);
    assert_string_equal(l->more.buf,
                        "{\"unit\":\"town-a\",\"handler\":\"li\"}");
}

static void test_no_text_that_a_person_wrote_is_kept(void **state)
{
    struct line *l = *state;

    good(l, LINE("9", "answered", "officer:li",
                 "{\"text\":\"经查属实\\\"，已修复\",\"unit\":\"镇一\","
                 "\"delivered\":\"post\",\"legal_basis\":\"《条例》第三条\"}"));
    assert_string_equal(l->more.buf,
                        "{\"text\":\"-\",\"unit\":\"镇一\",\"delivered\":"
                        "\"post\",\"legal_basis\":\"-\"}");
}

static void test_members_in_any_order_and_with_spaces(void **state)
{
    struct line *l = *state;

    good(l, " { \"body\" : {\"x\":[1,{\"y\":\"]\"}], \"report_days\" : 20 } , "
            "\"later\":[[]],\"type\":\"handed_over\", \"n\":4,\t"
            "\"at\":\"2026-05-06T09:30:00+08:00\",\"actor\":\"a\","
            "\"claimed_at\":\"2026-05-05T09:30:00+08:00\","
            "\"case_no\":\"330699202605060000015\"} ");
    assert_int_equal(l->e.type, DK_EV_HANDED_OVER);
    assert_int_equal(l->e.at - l->e.claimed, DK_DAY);
    assert_string_equal(l->more.buf,
                        "{\"x\":[1,{\"y\":\"]\"}],\"report_days\":20}");
}

static void test_a_window_that_closes_is_told_from_a_person(void **state)
{
    struct line *l = *state;

    good(l, LINE("9", "closed", "docketd",
                 "{\"clock\":\"review-window\",\"clock_no\":1}"));
    assert_true(l->e.by_window);
    good(l, LINE("9", "closed", "officer:li", "{}"));
    assert_false(l->e.by_window);
    good(l, LINE("9", "closed", "officer:li", "{\"clock\":\"x\"}"));
    assert_false(l->e.by_window);
}

static void test_of_alerts_and_warnings_nothing_is_kept(void **state)
{
    struct line *l = *state;

    good(l, LINE("9", "alert_raised", "worker:e", "{\"text\":{\"en\":\"x\"}}"));
    assert_int_equal(l->e.len, 0);
    good(l, LINE("9", "clock_fired", "docketd",
                 "{\"clock\":\"c\",\"clock_no\":1,\"rung\":\"yellow\","
                 "\"at\":\"2026-05-06T00:00:00+08:00\",\"skipped\":[]}"));
    assert_int_equal(l->e.len, 0);
    good(l, LINE("9", "clock_fired", "docketd",
                 "{\"clock\":\"c\",\"clock_no\":1,\"rung\":\"overdue\","
                 "\"at\":\"2026-05-06T00:00:00+08:00\","
                 "\"skipped\":[\"red\"]}"));
    assert_string_equal(l->more.buf,
                        "{\"clock\":\"c\",\"clock_no\":1,\"rung\":\"overdue\","
                        "\"at\":\"2026-05-06T00:00:00+08:00\",\"skipped\":[]}");
}

#define SET(basis, start, due)                                                 \
    "{\"clock\":\"conclude\",\"clock_no\":2,\"basis\":" basis                  \
    ",\"started_at\":\"" start "\",\"due_at\":\"" due                          \
    "\",\"on_due\":\"overdue\",\"stops_on\":[\"answered\"],"                   \
    "\"holds_on\":[\"suspended\"],\"extend_times\":1,\"extend_days\":30,"      \
    "\"days\":60,\"rungs\":[{\"id\":\"red\",\"at\":"                           \
    "\"2026-05-20T00:00:00+08:00\"}],\"policy\":\"p\"}"

/* What the core reads of the same body, without its warnings. */
static struct dk_clock by_core(const char *body)
{
    struct dk_problem p = {0};
    struct dk_clock k;
    cJSON *o = NULL;

    memset(&k, 0, sizeof k);
    assert_int_equal(
        dk_json_parse_obj(body, strlen(body), strlen(body), &o, &p), 0);
    assert_int_equal(dk_clock_read_set(o, &k, &p), 0);
    cJSON_Delete(o);
    sim_clock_bare(&k);
    return k;
}

static void same_clock(struct line *l, const char *text, const char *body)
{
    struct dk_clock k, want = by_core(body);

    good(l, text);
    assert_true(sim_clock_unpack(l->more.buf, l->more.len, &k));
    assert_true(dk_clock_same(&k, &want));
    assert_string_equal(k.id, want.id);
    assert_int_equal(k.extend_times, want.extend_times);
    assert_int_equal(k.n_rung, 1);
    assert_int_equal(k.stopped_at, DK_NEVER);
    assert_false(sim_clock_unpack(l->more.buf, l->more.len - 8, &k));
    assert_false(sim_clock_unpack(l->more.buf, 8, &k));
}

static void test_a_clock_is_what_the_core_reads(void **state)
{
    static const char one[] =
        SET("4", "2026-03-01T08:00:00+08:00", "2026-05-01T00:00:00+08:00");
    static const char two[] =
        SET("12", "2026-04-01T08:00:00+08:00", "2026-06-01T00:00:00+08:00");
    struct line *l = *state;

    /* The first is read, the second taken from its shape. */
    same_clock(l,
               LINE("9", "clock_set", "worker:d",
                    SET("4", "2026-03-01T08:00:00+08:00",
                        "2026-05-01T00:00:00+08:00")),
               one);
    same_clock(l,
               LINE("9", "clock_set", "worker:d",
                    SET("12", "2026-04-01T08:00:00+08:00",
                        "2026-06-01T00:00:00+08:00")),
               two);
}

static void test_what_is_no_event_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text, *why;
    } bads[] = {
        {"", "byte 0"},
        {"seq 7", "byte 0"},
        {"[1]", "object"},
        {"{\"seq\":\"7\"", "ends too early"},
        {LINE("3", "accepted", "a", "{\"x\":1") "", "byte"},
        {LINE("3", "accepted", "a", "{\"x\":1,\"x\":2}"), "twice"},
        {LINE("3", "accepted", "a", "{\"x\":\"\xff\"}"), "UTF-8"},
        {LINE("3", "accepted", "a", "{}") "{}", "nothing may follow"},
        {"{}", "\"case_no\""},
        {LINE("0", "accepted", "a", "{}"), "\"n\""},
        {LINE("1000001", "accepted", "a", "{}"), "\"n\""},
        {LINE("\"3\"", "accepted", "a", "{}"), "\"n\""},
        {LINE("3", "acepted", "a", "{}"), "did you mean \"accepted\"?"},
        {LINE("3", "", "a", "{}"), "\"type\""},
        {LINE("3", "accepted", "a", "[]"), "\"body\""},
        {LINE("3", "accepted", "a", "null"), "\"body\""},
        {"{\"case_no\":\"330699-20260506-000001-6\",\"n\":1,\"type\":"
         "\"accepted\",\"at\":\"2026-05-06T09:30:00Z\",\"actor\":\"a\","
         "\"body\":{}}",
         "\"case_no\""},
        {"{\"case_no\":\"330699-20260506-000001-5\",\"n\":1,\"type\":"
         "\"accepted\",\"at\":\"2026-05-06\",\"actor\":\"a\",\"body\":{}}",
         "\"at\""},
        {"{\"case_no\":\"330699-20260506-000001-5\",\"n\":1,\"type\":"
         "\"accepted\",\"at\":\"2026-05-06T09:30:00Z\",\"claimed_at\":7,"
         "\"actor\":\"a\",\"body\":{}}",
         "\"claimed_at\""},
        {LINE("9", "clock_set", "w", "{}"), "the clock in /body"},
        {LINE("9", "clock_set", "w",
              SET("0", "2026-03-01T08:00:00Z", "2026-05-01T00:00:00Z")),
         "the clock in /body"},
        {LINE("9", "clock_set", "w",
              SET("4", "2026-03-01T08:00:00Z", "2026-03-01T08:00:00Z")),
         "the clock in /body"},
    };
    struct line *l = *state;

    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        int rc = read_line(l, bads[i].text);

        if (rc == 0 || strstr(l->p.detail, bads[i].why) == NULL)
            fail_msg("%zu: %d, \"%s\" in \"%s\"", i, rc, bads[i].why,
                     l->p.detail);
        assert_int_not_equal(l->p.detail_zh[0], '\0');
    }
}

/* Every line cut anywhere, or with one byte changed, is refused or read, but
 * nothing is looked at outside of it.
 */
static void test_damaged_lines_do_no_harm(void **state)
{
    static const char *const lines[] = {
        LINE(
            "9", "clock_set", "worker:d",
            SET("4", "2026-03-01T08:00:00+08:00", "2026-05-01T00:00:00+08:00")),
        LINE("3", "answered", "officer:li", "{\"text\":\"经查\\u5c5e\\n\"}"),
    };
    struct line *l = *state;
    uint32_t x = 1;

    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(lines[i]);
        char *copy = strdup(lines[i]);

        assert_non_null(copy);
        for (size_t cut = 0; cut < len; cut++) {
            copy[cut] = '\0';
            assert_int_not_equal(read_line(l, copy), 0);
            copy[cut] = lines[i][cut];
        }
        for (int n = 0; n < 20000; n++) {
            size_t at;

            x = x * 1664525U + 1013904223U;
            at = (x >> 8) % len;
            copy[at] = (char)(1 + (x >> 3) % 255);
            (void)read_line(l, copy);
            copy[at] = lines[i][at];
        }
        free(copy);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_kept_of_an_event),
        TEST(test_no_text_that_a_person_wrote_is_kept),
        TEST(test_members_in_any_order_and_with_spaces),
        TEST(test_a_window_that_closes_is_told_from_a_person),
        TEST(test_of_alerts_and_warnings_nothing_is_kept),
        TEST(test_a_clock_is_what_the_core_reads),
        TEST(test_what_is_no_event_is_refused_with_the_reason),
        TEST(test_damaged_lines_do_no_harm),
    };
    return cmocka_run_group_tests_name("simulate_line", tests, NULL, NULL);
}
