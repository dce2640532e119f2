#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/docketctl/import_csv.h"

#define MAP "id=编号,submitted_at=来信时间,subject=标题,facts=内容"

/* The lines made of a table, which the caller frees; or NULL and *p. */
static char *lines_of(const char *map, const char *csv, size_t len, int offset,
                      struct dk_problem *p)
{
    struct import_map m;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n), *in = tmpfile();

    assert_non_null(out);
    assert_non_null(in);
    assert_int_equal(fwrite(csv, 1, len, in), len);
    rewind(in);
    assert_int_equal(import_map_parse(map, &m, p), 0);
    int rc = import_csv(in, &m, offset, out, p);
    import_map_fini(&m);
    (void)fclose(in);
    (void)fclose(out);
    if (rc == 0)
        return text;
    free(text);
    return NULL;
}

static void expect(const char *csv, const char *want)
{
    struct dk_problem p = {0};
    char *got = lines_of(MAP, csv, strlen(csv), 480, &p);

    if (got == NULL)
        fail_msg("%s", p.detail);
    assert_string_equal(got, want);
    free(got);
}

static void row_n_is_line_n(void **state)
{
    (void)state;
    expect("\xef\xbb\xbf编号,姓名,标题,内容,来信时间\r\n"
           "1,王桂英,路灯,\"村口, \"\"三\"\"盏\n坏了\",2019/3/5 14:30\r\n"
           ",,,,\r\n"
           "2,,供水,停水,2019-03-05\r\n",
           "\n"
           "{\"编号\":\"1\",\"标题\":\"路灯\",\"内容\":\"村口, "
           "\\\"三\\\"盏\\n坏了\",\"来信时间\":"
           "\"2019-03-05T14:30:00.000+08:00\"}\n"
           "\n"
           "{\"编号\":\"2\",\"标题\":\"供水\",\"内容\":\"停水\","
           "\"来信时间\":\"2019-03-05T00:00:00.000+08:00\"}\n");
}

static void what_is_no_time_stays_as_it_is(void **state)
{
    static const char *const times[] = {
        "2019-02-29", "2019/3/5 24:00", "5.3.2019",    "2019-03-05T14:30:00Z",
        "2019/3-5",   "2019-03-05x",    "2019-03-05 1"};
    char csv[256], want[256];

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        (void)snprintf(csv, sizeof csv, "编号,标题,内容,来信时间\n,,,%s",
                       times[i]);
        (void)snprintf(want, sizeof want, "\n{\"来信时间\":\"%s\"}\n",
                       times[i]);
        expect(csv, want);
    }
}

static void without_a_zone_no_time_is_made_up(void **state)
{
    static const char csv[] = "编号,标题,内容,来信时间\n,,,2019/3/5 14:30\n";
    struct dk_problem p = {0};
    char *got = lines_of(MAP, csv, sizeof csv - 1, CSV_NO_ZONE, &p);

    (void)state;
    assert_string_equal(got, "\n{\"来信时间\":\"2019/3/5 14:30\"}\n");
    free(got);
}

static void what_is_no_such_table_is_refused(void **state)
{
    static const struct {
        const char *csv, *says;
    } bad[] = {
        {"", "empty"},
        {"编号,标题,内容\n", "no column '来信时间'"},
        {"编号,编号,标题,内容,来信时间\n", "two columns '编号'"},
        {"编号,标题,内容,来信时间\n1,\"a\n", "row 2"},
        {"编号,标题,内容,来信时间\n1,\"a\"b,c,d\n", "row 2"},
        {"编号,标题,内容,来信时间\n1,2,3,4,5\n", "more cells"},
        {"编号,标题,内容,来信时间\n1,\xb1\xea,c,d\n", "not UTF-8"},
        {"编号,标题,内容,来信时间\n1,a\rb,c,d\n", "row 2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct dk_problem p = {0};
        assert_null(lines_of(MAP, bad[i].csv, strlen(bad[i].csv), 480, &p));
        assert_int_equal(p.code, DK_EFIELD);
        if (strstr(p.detail, bad[i].says) == NULL)
            fail_msg("%zu: %s", i, p.detail);
    }
}

/* Any bytes: never a crash, and as many lines as it says. */
static void noise(void **state)
{
    unsigned seed = 12345;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        char csv[160] = "编号,标题,内容,来信时间\n";
        size_t n = strlen(csv);
        struct dk_problem p = {0};

        for (size_t len = n + 80; n < len; n++) {
            seed = seed * 1103515245 + 12345;
            csv[n] = "\",\n\r ab0/-:\xe7"[(seed >> 16) % 12];
        }
        char *got = lines_of(MAP, csv, n, 480, &p);
        if (got == NULL)
            assert_int_equal(p.code, DK_EFIELD);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_n_is_line_n),
        cmocka_unit_test(what_is_no_time_stays_as_it_is),
        cmocka_unit_test(without_a_zone_no_time_is_made_up),
        cmocka_unit_test(what_is_no_such_table_is_refused),
        cmocka_unit_test(noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
