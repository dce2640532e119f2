/* What may stand in a string of JSON as it is, against a slow reference: every
 * lead byte with every second and third byte that decides anything, wherever
 * it stands among the sixteen bytes, or eight, that are looked at together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/jsonplain.h"

/* The character at p by its definition: its length, 0 if it is none. */
static size_t character(const unsigned char *p, size_t n)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : 3;
    uint32_t c = p[0];

    if (p[0] >= 0xf0)
        len = p[0] < 0xf8 ? 4 : 0;
    if (len == 0 || len > n)
        return 0;
    if (len > 1)
        c &= 0x7fu >> len;
    for (size_t i = 1; i < len; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    return len;
}

static size_t slowly(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t i = 0;

    while (i < n) {
        size_t len = character(p + i, n - i);

        if (len == 0 || p[i] < 0x20 || p[i] == '"' || p[i] == '\\')
            break;
        i += len;
    }
    return i;
}

static void three(const char *before, const char *after, int lead)
{
    static const unsigned char edge[] = {0x00, 0x1f, 0x20, '"',  '\\',
                                         0x7f, 0x80, 0x8f, 0x90, 0x9f,
                                         0xa0, 0xbf, 0xc0, 0xe4, 0xff};
    size_t at = strlen(before), n = at + 3 + strlen(after);
    char s[80];

    memcpy(s, before, at);
    memcpy(s + at + 3, after, n - at - 3);
    s[at] = (char)lead;
    for (size_t i = 0; i < sizeof(edge); i++) {
        for (size_t j = 0; j < sizeof(edge); j++) {
            s[at + 1] = (char)edge[i];
            s[at + 2] = (char)edge[j];
            for (size_t len = at; len <= n; len++)
                assert_int_equal(dk_json_plain(s, len), slowly(s, len));
        }
    }
}

static void it_ends_where_the_reference_ends(void **state)
{
    static const char *const before[] = {"",
                                         "a",
                                         "中",
                                         "a中",
                                         "0123456",
                                         "01234567",
                                         "中文，",
                                         "小区电梯停运多日",
                                         "0123456789abcde"};
    static const char *const after[] = {
        "",         "z",    "文",           "abcdefgh",
        "电梯停运", "\x80", "\x80\x80\x80", "电梯停运无人维修"};

    (void)state;
    for (int lead = 0; lead < 256; lead++) {
        for (size_t b = 0; b < sizeof(before) / sizeof(before[0]); b++) {
            for (size_t a = 0; a < sizeof(after) / sizeof(after[0]); a++)
                three(before[b], after[a], lead);
        }
    }
}

static void chinese_text_is_plain_as_a_whole(void **state)
{
    static const char s[] =
        "翠竹苑三幢电梯停运二十天，“多次”书面催促（无果）。";

    (void)state;
    assert_int_equal(dk_json_plain(s, strlen(s)), strlen(s));
    assert_int_equal(dk_json_plain("x", 0), 0);
    assert_int_equal(dk_json_plain("中\"文", 7), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_where_the_reference_ends),
        cmocka_unit_test(chinese_text_is_plain_as_a_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
