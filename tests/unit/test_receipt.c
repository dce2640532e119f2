#include "clients/kiosk/receipt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/kiosk/form.h"
#include "clients/kiosk/print.h"

static const char id[] = "01a229d7-8cce-7c34-9b31-dd1a343cd9f9";

static void a_number_says_the_end_of_its_id(void **state)
{
    char number[RECEIPT_MAX], hex[RECEIPT_HEX + 1];

    (void)state;
    receipt_format(id, number);
    /* 0x1a343cd9f9 = 112545552889, checked in Python */
    assert_string_equal(number, "K01125455528899");
    assert_int_equal(receipt_parse(number, hex), 0);
    assert_string_equal(hex, "1a343cd9f9");
    receipt_format("01a229d7-8cce-7c34-9b31-ffffffffffff", number);
    assert_int_equal(receipt_parse(number, hex), 0);
    assert_string_equal(hex, "ffffffffff");
}

static void what_a_person_types_is_understood_or_refused(void **state)
{
    static const char *const good[] = {"k01125455528899", "01125455528899",
                                       "K 0112-5455-5288-99 "};
    static const char *const bad[] = {"",
                                      "K",
                                      "K0112545552889",
                                      "K01125455528890",
                                      "K11125455528899",
                                      "K10125455528899",
                                      "K011254555288999",
                                      "KK1125455528899",
                                      "K0112545552889x",
                                      "K99999999999999999999"};
    char hex[RECEIPT_HEX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(receipt_parse(good[i], hex), 0);
        assert_string_equal(hex, "1a343cd9f9");
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(receipt_parse(bad[i], hex), DK_EFIELD);
}

/* Every slip of one digit is found: the check digit is there for that. */
static void a_wrong_digit_is_always_found(void **state)
{
    char number[RECEIPT_MAX], hex[RECEIPT_HEX + 1];

    (void)state;
    receipt_format(id, number);
    for (int i = 1; i < 15; i++) {
        char was = number[i];

        for (char d = '0'; d <= '9'; d++) {
            number[i] = d;
            assert_int_equal(receipt_parse(number, hex),
                             d == was ? 0 : DK_EFIELD);
        }
        number[i] = was;
    }
}

static const char *find(const struct bytes *b, const void *what, size_t n)
{
    return memmem(b->at, b->n, what, n);
}

static void a_receipt_says_what_is_known(void **state)
{
    static const char big[] = {0x1d, '!', 0x11};
    struct receipt r = {.office = "某县信访局",
                        .phone = "",
                        .number = "K01125455528899",
                        .taken_at = 1777600800000, /* 2026-05-01T10:00+08 */
                        .due_at = DK_NEVER,
                        .qr = "K01125455528899",
                        .offset_min = 480,
                        .zh = true};
    struct bytes b;

    (void)state;
    assert_int_equal(print_receipt(&r, &b), 0);
    assert_non_null(find(&b, "K01125455528899", 15));
    assert_non_null(find(&b, "2026-05-01 10:00", 16));
    /* 某县信访局 in GB18030, of iconv(1) */
    assert_non_null(find(&b, "\xc4\xb3\xcf\xd8\xd0\xc5\xb7\xc3\xbe\xd6", 10));
    assert_non_null(find(&b, big, sizeof(big)));
    bytes_fini(&b);
    /* The limit is the first instant that is too late: the day before. */
    r.due_at = 1778774400000; /* 2026-05-15T00:00+08 */
    r.case_no = "330699-20260501-000001-6";
    r.code = "12345678";
    r.zh = false;
    assert_int_equal(print_receipt(&r, &b), 0);
    assert_non_null(find(&b, "330699-20260501-000001-6", 24));
    assert_non_null(find(&b, "12345678", 8));
    assert_non_null(find(&b, "due by 2026-05-14", 17));
    bytes_fini(&b);
}

static void the_code_is_a_square_of_whole_bytes(void **state)
{
    struct receipt r = {.office = "x",
                        .phone = "1",
                        .number = "K",
                        .due_at = DK_NEVER,
                        .qr = "some text"};
    struct bytes b;
    const unsigned char *at;
    int side = 0;
    unsigned char *m = qr_make("some text", &side);
    size_t width, rows;

    (void)state;
    assert_non_null(m);
    assert_int_equal(side, 21); /* version 1 */
    assert_int_equal(m[0], 1);  /* the corner of a finder pattern */
    assert_int_equal(m[7], 0);  /* and its light edge */
    free(m);
    assert_int_equal(print_receipt(&r, &b), 0);
    at = (const unsigned char *)find(&b, "\x1dv0", 3);
    assert_non_null(at);
    width = at[4] + 256U * at[5];
    rows = at[6] + 256U * at[7];
    assert_int_equal(rows, 21 * 6);
    assert_int_equal(width, (21 * 6 + 7) / 8);
    assert_int_equal(at[8] & 0xfc, 0xfc); /* its first module is dark */
    assert_int_equal(at[8 + width * rows], '\n');
    bytes_fini(&b);
}

static const char form[] =
    "{\"format\":\"docket-kiosk/1\",\"county\":\"330699\",\"phone\":\"1\","
    "\"office\":{\"zh-CN\":\"某局\",\"en\":\"Office\"},\"utc_offset\":60,"
    "\"categories\":[{\"category\":\"a\",\"name\":{\"zh-CN\":\"甲\",\"en\":\"A"
    "\"}}],\"places\":[{\"region\":\"t\",\"name\":{\"zh-CN\":\"乙\",\"en\":\"B"
    "\"}}]}";

static void a_form_is_read(void **state)
{
    struct dk_problem p = {0};
    struct form f;

    (void)state;
    assert_int_equal(form_parse(form, strlen(form), &f, &p), 0);
    assert_string_equal(f.office[0], "某局");
    assert_string_equal(f.office[1], "Office");
    assert_string_equal(f.phone, "1");
    assert_int_equal(f.offset_min, 60);
    assert_null(f.status_url);
    assert_string_equal(f.text, form);
    form_free(&f);
}

/* Each mistake with its place. */
static void a_mistake_in_a_form_is_named(void **state)
{
    static const struct {
        const char *from, *to, *pointer;
    } t[] = {
        {"docket-kiosk/1", "docket-kiosk/2", "/format"},
        {"\"county\"", "\"country\"", "/country"},
        {"330699", "33069", "/county"},
        {"\"zh-CN\":\"某局\"", "\"zh\":\"某局\"", "/office/zh"},
        {"\"Office\"", "\"\"", "/office/en"},
        {":60", ":6000", "/utc_offset"},
        {"\"category\":\"a\"", "\"category\":7", "/categories/0/category"},
        {"\"A\"}}", "\"A\"},\"x\":1}", "/categories/0/x"},
        {"\"region\":\"t\"", "\"region\":\"t t\"", "/places/0/region"},
        {"\"B\"}}", "\"B\"},\"places\":[]}", "/places/0/places"},
        {"\"B\"}}", "\"B\"},\"places\":[5]}", "/places/0/places/0"},
        {"\"phone\":\"1\"", "\"units\":{\"a\":{\"en\":\"A\"}}",
         "/units/a/zh-CN"},
        {"\"phone\":\"1\"", "\"what_next\":{}", "/what_next/zh-CN"},
        {"\"category\":\"a\"", "\"category\":\"a\",\"icon\":\"\"",
         "/categories/0/icon"},
        {"\"phone\":\"1\"", "\"status_url\":\"http://x\"", "/status_url"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        const char *at = strstr(form, t[i].from);
        struct dk_problem p = {0};
        char text[1024];
        struct form f;

        assert_non_null(at);
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - form), form,
                 t[i].to, at + strlen(t[i].from));
        assert_int_equal(form_parse(text, strlen(text), &f, &p), DK_EFIELD);
        assert_string_equal(p.pointer, t[i].pointer);
        assert_null(f.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_says_the_end_of_its_id),
        cmocka_unit_test(what_a_person_types_is_understood_or_refused),
        cmocka_unit_test(a_wrong_digit_is_always_found),
        cmocka_unit_test(a_receipt_says_what_is_known),
        cmocka_unit_test(the_code_is_a_square_of_whole_bytes),
        cmocka_unit_test(a_form_is_read),
        cmocka_unit_test(a_mistake_in_a_form_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
