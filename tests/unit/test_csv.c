/* Tables as spreadsheets export them (RFC 4180), and as they should not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/csv.h"

/* "a|b / c|d": the cells of a table, rows parted by " / ". */
static void assert_table(const char *text, const char *want)
{
    struct dk_report r = {0};
    struct dk_csv c;
    char got[512] = "";

    if (dk_csv_parse("t.csv", text, strlen(text), &c, &r) != 0)
        fail_msg("%s: %s", text, r.text);
    for (int i = 0; i < c.n_row; i++) {
        for (int k = 0; k < c.row[i].n; k++) {
            strncat(got, k > 0 ? "|" : i > 0 ? " / " : "", 4);
            strncat(got, dk_csv_cell(&c, &c.row[i], k), 100);
        }
    }
    assert_string_equal(got, want);
    dk_csv_fini(&c);
    dk_report_fini(&r);
}

static void assert_wrong(const char *text, size_t len, int errors,
                         const char *say)
{
    struct dk_report r = {0};
    struct dk_csv c;

    assert_int_not_equal(dk_csv_parse("t.csv", text, len, &c, &r), 0);
    if (r.errors != errors || strstr(r.text, say) == NULL)
        fail_msg("%d errors, not %d; \"%s\" is not said in:\n%s", r.errors,
                 errors, say, r.text);
    dk_csv_fini(&c);
    dk_report_fini(&r);
}

static void rows_end_in_crlf_or_lf_or_with_the_file(void **state)
{
    (void)state;
    assert_table("a,b\r\nc,d\r\n", "a|b / c|d");
    assert_table("a,b\nc,d", "a|b / c|d");
    assert_table("a", "a");
    assert_table("", "");
    assert_table("a,\r\n,b\r\n", "a| / |b");
}

static void a_byte_order_mark_is_no_text(void **state)
{
    (void)state;
    assert_table("\xef\xbb\xbf编码,b\n", "编码|b");
}

static void blank_lines_are_passed_over(void **state)
{
    (void)state;
    assert_table("\n a \n\r\n  \nb,\n\n", "a / b|");
}

static void quotes_hold_commas_lines_and_quotes(void **state)
{
    (void)state;
    assert_table("\"a,b\",\"c\r\nd\",\"e\"\"f\"\"\"\n\"\",x\n",
                 "a,b|c\r\nd|e\"f\" / |x");
    assert_table("\" a \"", " a ");
    assert_table("  a b  ,c ", "a b|c");
}

static void lines_are_counted_through_quoted_cells(void **state)
{
    struct dk_report r = {0};
    struct dk_csv c;
    const char *text = "h\n\"1\n2\n3\",x\n\ny,\"4\n5\",z\n";

    (void)state;
    assert_int_equal(dk_csv_parse("t", text, strlen(text), &c, &r), 0);
    assert_int_equal(c.n_row, 3);
    assert_int_equal(c.row[1].line, 2);
    assert_int_equal(c.cell_line[c.row[1].first + 1], 4);
    assert_int_equal(c.row[2].line, 6);
    assert_int_equal(c.cell_line[c.row[2].first + 1], 6);
    assert_int_equal(c.cell_line[c.row[2].first + 2], 7);
    assert_string_equal(dk_csv_cell(&c, &c.row[0], 7), "");
    dk_csv_fini(&c);
}

static void every_mistake_is_told_with_its_line(void **state)
{
    (void)state;
    assert_wrong("a\nb\"c\"\n\"d\"e,f\nx\ry\n", 17, 3,
                 "error t.csv: line 2: a quote inside a cell without quotes");
    assert_wrong("a\nb\"c\n\"d\"e,f\nx\ry\n", 16, 3,
                 "line 3: after the closing quote comes a comma");
    assert_wrong("a\nb\"c\n\"d\"e,f\nx\ry\n", 16, 3,
                 "line 4: a carriage return without a line feed");
    assert_wrong("a\n\"b\nc\n", 7, 1,
                 "line 2: the quote that begins a cell here is never closed");
}

static void what_is_no_utf_8_text_is_refused(void **state)
{
    (void)state;
    /* 编码 in GBK */
    assert_wrong("a\n\xb1\xe0\xc2\xeb,b\n", 9, 1,
                 "line 2: this is not UTF-8 (GBK, perhaps)");
    assert_wrong("\xff\xfe"
                 "a\0",
                 4, 1, "UTF-16");
    assert_wrong("a\nb\0c", 5, 1, "line 2: there is a NUL byte");
}

static void a_table_has_an_end(void **state)
{
    char *text = malloc(2 * (DK_CSV_ROWS_MAX + 1) + 1);
    char wide[2 * DK_CSV_COLUMNS_MAX + 4];
    size_t n = 0;

    (void)state;
    assert_non_null(text);
    for (int i = 0; i <= DK_CSV_ROWS_MAX; i++) {
        text[n++] = 'a';
        text[n++] = '\n';
    }
    assert_wrong(text, n, 1, "at most");
    free(text);
    memset(wide, ',', sizeof wide);
    assert_wrong(wide, DK_CSV_COLUMNS_MAX, 1, "65 columns");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_end_in_crlf_or_lf_or_with_the_file),
        cmocka_unit_test(a_byte_order_mark_is_no_text),
        cmocka_unit_test(blank_lines_are_passed_over),
        cmocka_unit_test(quotes_hold_commas_lines_and_quotes),
        cmocka_unit_test(lines_are_counted_through_quoted_cells),
        cmocka_unit_test(every_mistake_is_told_with_its_line),
        cmocka_unit_test(what_is_no_utf_8_text_is_refused),
        cmocka_unit_test(a_table_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
