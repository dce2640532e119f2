#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/metrics/expose.h"
#include "clients/metrics/options.h"
#include "daemon/stats.h"

/* The text for an answer; freed by the caller. */
static char *text_of(const char *json, bool open)
{
    cJSON *stats = NULL;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    assert_non_null(out);
    if (json != NULL)
        assert_int_equal(
            dk_json_parse_obj(json, strlen(json), 65536, &stats, NULL), 0);
    expose(out, stats, open);
    assert_int_equal(fclose(out), 0);
    cJSON_Delete(stats);
    return text;
}

static void expect(const char *json, bool open, const char *part)
{
    char *text = text_of(json, open);

    if (strstr(text, part) == NULL)
        fail_msg("no '%s' in:\n%s", part, text);
    free(text);
}

static void a_silent_broker_is_down_and_nothing_else(void **state)
{
    char *text = text_of(NULL, true);

    (void)state;
    assert_string_equal(text, "# HELP docket_up Did docketd answer: 1 or 0.\n"
                              "# TYPE docket_up gauge\ndocket_up 0\n# EOF\n");
    free(text);
}

static void numbers_come_in_the_units_of_their_names(void **state)
{
    (void)state;
    expect("{\"uptime_ms\":1050}", true, "\ndocket_uptime_seconds 1.05\n");
    expect("{\"uptime_ms\":60000}", true, "\ndocket_uptime_seconds 60\n");
    expect("{\"counters\":{\"commit_us_max\":7}}", true,
           "\ndocket_commit_max_seconds 0.000007\n");
    expect("{\"load\":{\"oldest_task_ms\":-1500}}", true,
           "\ndocket_oldest_task_seconds -1.5\n");
    expect("{\"epoch\":\"1000002\"}", true, "\ndocket_epoch 1000002\n");
    expect("{\"takes_cases\":true}", true, "\ndocket_takes_cases 1\n");
    expect("{\"next_due\":\"1970-01-01T08:00:10.250+08:00\"}", true,
           "\ndocket_next_due_timestamp_seconds 10.25\n");
}

static void counters_are_named_as_each_format_wants(void **state)
{
    static const char some[] = "{\"counters\":{\"submitted\":3}}";

    (void)state;
    expect(some, true,
           "# TYPE docket_submitted counter\n"
           "docket_submitted_total 3\n");
    expect(some, false,
           "# TYPE docket_submitted_total counter\n"
           "docket_submitted_total 3\n");
    expect("{\"version\":\"1\"}", true, "# TYPE docket_broker info\n");
    expect("{\"version\":\"1\"}", false,
           "# TYPE docket_broker_info gauge\n"
           "docket_broker_info{version=\"1\"} 1");
}

static void buckets_add_up(void **state)
{
    (void)state;
    expect("{\"histograms\":{\"commit_us\":{\"le\":[100,2500000],"
           "\"n\":[2,3,4],\"sum\":9000001}}}",
           true,
           "# TYPE docket_commit_seconds histogram\n"
           "# UNIT docket_commit_seconds seconds\n"
           "docket_commit_seconds_bucket{le=\"0.0001\"} 2\n"
           "docket_commit_seconds_bucket{le=\"2.5\"} 5\n"
           "docket_commit_seconds_bucket{le=\"+Inf\"} 9\n"
           "docket_commit_seconds_count 9\n"
           "docket_commit_seconds_sum 9.000001\n");
}

static void what_is_not_in_the_table_does_not_come_out(void **state)
{
    char *text = text_of("{\"now\":\"2026\",\"name\":\"Zhang San\",\"office\":{"
                         "\"kinds\":{\"disk\":1,\"made_up\":4}},\"next_due\":"
                         "\"Zhang San\",\"uptime_ms\":\"Zhang San\"}",
                         true);

    (void)state;
    assert_null(strstr(text, "Zhang"));
    assert_null(strstr(text, "made_up"));
    assert_non_null(strstr(text, "docket_office_alerts{kind=\"disk\"} 1\n"));
    assert_non_null(strstr(text, "docket_office_alerts{kind=\"backup\"} 0\n"));
    free(text);
}

static void a_label_cannot_leave_its_quotes(void **state)
{
    (void)state;
    expect("{\"refused\":{\"a\\\"} 1\\nx\":2}}", true,
           "docket_refused_total{problem=\"a?} 1?x\"} 2\n");
}

static void every_counter_of_the_broker_is_in_the_table(void **state)
{
    static const char *const counters[] = {
#define STATS_NAME(name) "counters." #name,
        STATS(STATS_NAME)
#undef STATS_NAME
    };
    const char *at;

    (void)state;
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        bool found = strcmp(counters[i], "counters.commit_us_total") == 0;

        /* That one is the sum of a histogram. */
        for (size_t m = 0; expose_name(m, &at) != NULL; m++)
            found = found || strcmp(at, counters[i]) == 0;
        if (!found)
            fail_msg("%s is in no metric", counters[i]);
    }
}

static void who_wants_open_metrics(void **state)
{
    (void)state;
    assert_true(expose_wants_open(
        "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"));
    assert_false(expose_wants_open("text/plain"));
    assert_false(expose_wants_open(""));
}

static void keys_of_the_file(void **state)
{
    static struct metrics_config c;
    struct dk_problem p = {0};
    char longer[600];

    (void)state;
    assert_int_equal(metrics_config_set(&c, "metrics.listen", "[::1]:1", &p),
                     0);
    assert_string_equal(c.listen, "[::1]:1");
    assert_int_equal(metrics_config_set(&c, "metrics.lissen", "x", &p),
                     DK_EFIELD);
    assert_non_null(strstr(p.detail, "did you mean metrics.listen?"));
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(metrics_config_set(&c, "metrics.key", longer, &p),
                     DK_EFIELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_broker_is_down_and_nothing_else),
        cmocka_unit_test(numbers_come_in_the_units_of_their_names),
        cmocka_unit_test(counters_are_named_as_each_format_wants),
        cmocka_unit_test(buckets_add_up),
        cmocka_unit_test(what_is_not_in_the_table_does_not_come_out),
        cmocka_unit_test(a_label_cannot_leave_its_quotes),
        cmocka_unit_test(every_counter_of_the_broker_is_in_the_table),
        cmocka_unit_test(who_wants_open_metrics),
        cmocka_unit_test(keys_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
