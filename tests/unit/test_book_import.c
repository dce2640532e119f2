/* Units from a table into a book. */
#include "tests/support/bookwork.h"

#include "core/book_import.h"

static const char book[] =
    "{\"format\": \"docket-units/1\", \"county\": \"330699\",\n"
    "  \"office\": \"o\", \"default\": \"o\",\n"
    "  \"note\": \"\\\"units\\\": [\",\n"
    "  \"units\": [\n"
    "    {\"id\": \"o\",   \"name\": \"信访局\"},\n"
    "    {\"id\": \"c\", \"name\": {\"zh-CN\": \"县\", \"en\": \"County\"},\n"
    "     \"code\": \"330699\", \"handlers\": [{\"id\": \"h\"}]},\n"
    "    {\"id\": \"t\", \"code\": \"330699101\", \"name\": \"青石镇\",\n"
    "     \"parent\": \"c\", \"head\": {\"id\": \"x\", \"name\": \"旧\",\n"
    "     \"away\": [{\"from\": \"2026-05-01\", \"to\": \"2026-05-02\"}]}}\n"
    "  ],\n"
    "  \"rules\": [{\"id\":\"r\",   \"region\": [\"青石镇\"], "
    "\"unit\":\"t\"}]\n"
    "}\n";

struct import {
    struct dk_import out;
    struct dk_report r;
    int rc;
};

static struct import import_csv(const char *into, const char *csv)
{
    const struct dk_import_in in = {.csv_file = "u.csv",
                                    .csv = csv,
                                    .csv_len = strlen(csv),
                                    .book_file = into != NULL ? "b.json" : NULL,
                                    .book = into,
                                    .book_len =
                                        into != NULL ? strlen(into) : 0};
    struct import i = {.rc = 0};

    i.rc = dk_book_import(&in, &i.out, &i.r);
    return i;
}

static struct import must(const char *into, const char *csv)
{
    struct import i = import_csv(into, csv);

    if (i.rc != 0)
        fail_msg("%s", i.r.text);
    return i;
}

static void done(struct import *i)
{
    dk_import_fini(&i->out);
    dk_report_fini(&i->r);
}

static void assert_has(const char *text, const char *part)
{
    if (text == NULL || strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in:\n%s", part, text != NULL ? text : "");
}

static void new_units_come_at_the_end_one_a_line(void **state)
{
    struct import i =
        must(book, "code,name,name_en,parent,kind,head,head_name,valid_from\r\n"
                   "330699101201,桃花村,Taohua,330699101,village,,,2020-01-01\n"
                   "cd,城东所,,青石镇,department,y,某,\n");
    char want[sizeof book + 512];
    size_t head = (size_t)(strstr(book, "\n  ],\n") - book);

    (void)state;
    (void)snprintf(
        want, sizeof want,
        "%.*s,\n    {\"id\": \"330699101201\", \"kind\": \"village\", "
        "\"code\": \"330699101201\", \"name\": {\"zh-CN\": \"桃花村\", "
        "\"en\": \"Taohua\"}, \"parent\": \"t\", \"valid_from\": "
        "\"2020-01-01\"},\n    {\"id\": \"cd\", \"kind\": \"department\", "
        "\"name\": \"城东所\", \"parent\": \"t\", \"head\": {\"id\": \"y\", "
        "\"name\": \"某\"}}%s",
        (int)head, book, book + head);
    assert_string_equal(i.out.text, want);
    assert_int_equal(i.out.len, strlen(want));
    assert_string_equal(
        i.out.changes.buf,
        "{\"added\":[{\"id\":\"330699101201\",\"name\":\"桃花村\",\"line\":2},"
        "{\"id\":\"cd\",\"name\":\"城东所\",\"line\":3}],\"changed\":[],"
        "\"closed\":[],\"same\":0,\"others\":3}");
    done(&i);
}

static void every_byte_beside_the_changed_units_stays(void **state)
{
    struct import i = must(book, "编码,名称,负责人编号,负责人姓名\n"
                                 "330699101,青石镇,x,新\n");
    const char *from = strstr(book, "    {\"id\": \"t\""),
               *to = strstr(book, "\n  ],\n");
    size_t tail = strlen(to);

    (void)state;
    assert_memory_equal(i.out.text, book, (size_t)(from - book));
    assert_string_equal(i.out.text + i.out.len - tail, to);
    /* The head's leave is kept: it is the same officer. */
    assert_has(
        i.out.text,
        "    {\"id\": \"t\", \"code\": \"330699101\", \"name\": "
        "\"青石镇\", \"parent\": \"c\", \"head\": {\"id\": \"x\", "
        "\"name\": \"新\", \"away\": [{\"from\": \"2026-05-01\", \"to\": "
        "\"2026-05-02\"}]}}\n  ],");
    assert_has(i.out.changes.buf, "\"members\":[{\"member\":\"head\",\"from\":"
                                  "{\"id\":\"x\",\"name\":\"旧\"");
    done(&i);
}

static void an_empty_cell_leaves_and_a_dash_takes_out(void **state)
{
    struct import i = must(book, "id,name,name_en,parent,head\n"
                                 "c,,-,,\nt,,,-,-\n");

    (void)state;
    assert_has(i.out.text,
               "{\"id\": \"c\", \"name\": \"县\", \"code\": \"330699\", "
               "\"handlers\": [{\"id\": \"h\"}]}");
    assert_has(i.out.text, "{\"id\": \"t\", \"code\": \"330699101\", "
                           "\"name\": \"青石镇\"}");
    done(&i);
    i = must(book, "id,name,name_en,parent,head\nc,,,,\nt,青石镇,,c,x\n");
    assert_null(i.out.text); /* nothing to write */
    assert_string_equal(i.out.changes.buf,
                        "{\"added\":[],\"changed\":[],\"closed\":[],\"same\":2,"
                        "\"others\":1}");
    done(&i);
}

static void a_new_name_with_a_day_keeps_the_old_one(void **state)
{
    const char *csv = "编码,名称,英文名称,更名日期\n"
                      "330699,新县,New County,2026-07-01\n";
    struct import i = must(book, csv), again;

    (void)state;
    assert_has(i.out.text,
               "\"former_names\": [{\"name\": {\"zh-CN\": \"县\", \"en\": "
               "\"County\"}, \"until\": \"2026-06-30\"}]");
    /* Importing it again changes nothing. */
    again = must(i.out.text, csv);
    assert_null(again.out.text);
    done(&again);
    done(&i);
}

static void a_last_day_closes_a_unit(void **state)
{
    struct import i = must(book, "编码,名称,上级,撤销日期,并入\n"
                                 "330699101,,,2026-06-30,330699102\n"
                                 "330699102,新石镇,330699,,\n");

    (void)state;
    assert_has(i.out.text, "\"valid_to\": \"2026-06-30\", \"merged_into\": "
                           "\"330699102\"}");
    assert_has(i.out.changes.buf,
               "\"closed\":[{\"id\":\"t\",\"name\":\"青石镇\",\"line\":2,"
               "\"valid_to\":\"2026-06-30\",\"merged_into\":\"330699102\"");
    assert_has(i.out.changes.buf, "\"changed\":[]");
    done(&i);
}

static void a_table_is_checked_without_a_book(void **state)
{
    struct import i = must(NULL, "编码,名称,上级,类型\n330699,县,,县\n"
                                 "330699101,镇,330699,镇\nb,局,县,部门\n");

    (void)state;
    assert_null(i.out.text);
    assert_has(i.out.changes.buf, "\"others\":0}");
    done(&i);
    i = import_csv(NULL, "编码,名称,上级\n330699,县,\n330698101,镇,330699\n");
    assert_int_equal(i.rc, DK_EFIELD);
    assert_has(i.r.text, "error u.csv: line 3, column 1 (编码): 330698101 is "
                         "not below 330699");
    done(&i);
}

/* ---- mistakes ---- */

static void assert_refused(const char *csv, int errors, const char *const say[])
{
    struct import i = import_csv(book, csv);

    assert_int_equal(i.rc, DK_EFIELD);
    assert_null(i.out.text);
    for (size_t k = 0; say[k] != NULL; k++)
        assert_has(i.r.text, say[k]);
    if (i.r.errors != errors)
        fail_msg("%d errors, not %d:\n%s", i.r.errors, errors, i.r.text);
    done(&i);
}

static void every_mistake_of_a_table_is_told_at_once(void **state)
{
    (void)state;
    assert_refused(
        "编码,名称,上级,类型,负责人编号,负责人姓名,设立日期,撤销日期,并入\n"
        "330699101201,桃花村,330699101,村,,,2026/3/1,,\n"
        "330699101202,,330699101,村,,,,,\n"
        "3.30699E+11,某村,330699101,村,,,,,\n"
        "33069910120,坏村,330699101,村,,,,,\n"
        "330699102203,错村,330699101,村,,,,,\n"
        ",无码,330699,,,,,,\n"
        "cd,城东局,330699110,部们,,某,2026-13-01,,\n"
        "ce,城西局,330699,部门,,,,2026-06-30,cx\n"
        "330699101201,又是,330699101,村,,,,,\n"
        "少,一格,330699,部门\n"
        "空 格,某局,330699,部门,,,2026年5月1日,,\n"
        "cf,城南局,cg,部门,,,,,\n"
        "cg,城北局,cf,部门,,,,,\n"
        "ch,合并局,330699,部门,,,,,ch\n",
        18,
        (const char *const[]){
            "error u.csv: line 2, column 7 (设立日期): \"2026/3/1\" is not "
            "written as a date; write 2026-03-01",
            "line 3, column 2 (名称): the unit has no name",
            "line 4, column 1 (编码): the spreadsheet shortened the code",
            "line 5, column 1 (编码): \"33069910120\" is no code of a place",
            "line 6, column 1 (编码): 330699102203 is not below 330699101",
            "line 7: the row has neither a code nor an id",
            "line 8, column 3 (上级): no unit \"330699110\" is in the table or "
            "in the book; did you mean \"330699101\"?",
            "line 8, column 4 (类型): \"部们\" is no kind of unit",
            "line 8, column 6 (负责人姓名): a head is named without an id",
            "line 8, column 7 (设立日期): \"2026-13-01\" is not a date; write "
            "YYYY-MM-DD",
            "line 9, column 9 (并入): no unit \"cx\" is in the table",
            "line 10: \"330699101201\" is in line 2 already",
            "line 11: the line has 4 cells and the header 9; write a comma",
            "line 12, column 1 (编码): ",
            "line 12, column 7 (设立日期): \"2026年5月1日\" is not written as "
            "a "
            "date; write 2026-05-01",
            "line 13, column 3 (上级): unit \"cf\" is above itself",
            "line 14, column 3 (上级): unit \"cg\" is above itself",
            "line 15, column 8 (撤销日期): give the last day of a unit", NULL});
}

static void a_header_has_known_columns_once(void **state)
{
    (void)state;
    assert_refused("编码,名成,名称,单位名称,备注x\n330699101,a,b,c,d\n", 3,
                   (const char *const[]){
                       "line 1, column 2: \"名成\" is no column",
                       "line 1, column 4: \"单位名称\" is the same as column 3",
                       "line 1, column 5: \"备注x\" is no column", NULL});
    assert_refused("编码;名称\n330699101;a\n", 1,
                   (const char *const[]){"line 1: the columns are not parted "
                                         "by commas",
                                         NULL});
    assert_refused(
        "名称\na\n", 1,
        (const char *const[]){"line 1: there is neither a column", NULL});
    assert_refused("编码,名称\n", 1,
                   (const char *const[]){"line 1: there are no units", NULL});
}

static void a_table_does_not_break_the_rest_of_the_book(void **state)
{
    (void)state;
    /* The office may not close without a successor. */
    assert_refused(
        "id,name,valid_to\no,,2026-06-30\n", 2,
        (const char *const[]){"error b.json: /office: \"o\" closes", NULL});
}

static void a_wrong_book_is_told_first(void **state)
{
    struct import i =
        import_csv("{\"format\":\"docket-units/1\"}", "id,name\na,A\n");

    (void)state;
    assert_int_equal(i.rc, DK_EFIELD);
    assert_has(i.r.text, "error b.json: /county: ");
    done(&i);
}

static void the_sample_county_takes_three_hundred_villages(void **state)
{
    size_t len = 0;
    char *text = cw_read_file("policy/units-sample.json", &len);
    struct import i, again;

    (void)state;
    text[len] = '\0';
    size_t n = 0, cap = 64 * 1024;
    char *table = malloc(cap);
    assert_non_null(table);
    n += (size_t)snprintf(table, cap, "\xef\xbb\xbf%s\r\n",
                          "编码,名称,上级,类型");
    for (int k = 0; k < 300; k++)
        n += (size_t)snprintf(table + n, cap - n,
                              "330699101%03d,河西%d村,hexi,村\r\n", k + 210, k);
    assert_true(n < cap);
    i = must(text, table);
    again = must(i.out.text, table);
    assert_null(again.out.text);
    assert_has(again.out.changes.buf, "\"same\":300,");
    done(&again);
    done(&i);
    free(table);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_units_come_at_the_end_one_a_line),
        cmocka_unit_test(every_byte_beside_the_changed_units_stays),
        cmocka_unit_test(an_empty_cell_leaves_and_a_dash_takes_out),
        cmocka_unit_test(a_new_name_with_a_day_keeps_the_old_one),
        cmocka_unit_test(a_last_day_closes_a_unit),
        cmocka_unit_test(a_table_is_checked_without_a_book),
        cmocka_unit_test(every_mistake_of_a_table_is_told_at_once),
        cmocka_unit_test(a_header_has_known_columns_once),
        cmocka_unit_test(a_table_does_not_break_the_rest_of_the_book),
        cmocka_unit_test(a_wrong_book_is_told_first),
        cmocka_unit_test(the_sample_county_takes_three_hundred_villages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
