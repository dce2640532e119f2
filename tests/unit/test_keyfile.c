#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/keyfile.h"

#define K1 "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define K2 "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"

static int read_text(const char *text, struct dk_identities *l, int *line,
                     struct dk_problem *p)
{
    memset(p, 0, sizeof(*p));
    return dk_keyfile_read(text, strlen(text), l, line, p);
}

static void a_file_is_read(void **state)
{
    struct dk_identities l;
    struct dk_problem p;
    int line;

    (void)state;
    assert_int_equal(
        read_text("# who may talk\n\nhall-1 kiosk - " K1
                  "\n\t 李 handler,auditor u-12 " K2
                  "  \r\nw worker:assign,worker:deadline - uid:997",
                  &l, &line, &p),
        0);
    assert_int_equal(l.n, 3);
    assert_string_equal(l.v[0].who.name, "hall-1");
    assert_int_equal(l.v[0].who.roles, DK_ROLE_KIOSK);
    assert_string_equal(l.v[0].who.unit, "");
    assert_string_equal(l.v[0].key, K1);
    assert_string_equal(l.v[1].who.name, "李");
    assert_string_equal(l.v[1].who.unit, "u-12");
    assert_int_equal(l.v[1].who.roles, DK_ROLE_HANDLER | DK_ROLE_AUDITOR);
    assert_string_equal(l.v[2].key, "uid:997");
    dk_identities_fini(&l);
    assert_int_equal(read_text("", &l, &line, &p), 0);
    assert_int_equal(l.n, 0);
    dk_identities_fini(&l);
}

static void a_mistake_is_told_with_its_line(void **state)
{
    static const struct {
        const char *text, *word;
        int line;
    } bad[] = {
        {"a kiosk -\n", "four words", 1},
        {"a kiosk - " K1 " more\n", "four words", 1},
        {"#\na kisok - " K1, "did you mean 'kiosk'", 2},
        {"a kiosk, - " K1, "no role ''", 1},
        {"a , - " K1, "no role ''", 1},
        {"a handler - " K1, "belongs to a unit", 1},
        {"a kiosk - short", "is no key", 1},
        {"a kiosk - " K1 "x", "is no key", 1},
        {"a kiosk - #####################################~##", "no key", 1},
        {"a kiosk - ########################################", "no key", 1},
        {"a kiosk - uid:", "no key", 1},
        {"a kiosk - uid:01", "no key", 1},
        {"a kiosk - uid:4294967295", "no key", 1},
        {"a kiosk - uid:-1", "no key", 1},
        {"a\"b kiosk - " K1, "not a name", 1},
        {"a kiosk u/1 " K1, "not a name", 1},
        {"a kiosk - " K1 "\n\n\na kiosk - " K2, "there already", 4},
        {"a kiosk - " K1 "\nb kiosk - " K1 "\n", "has this key", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dk_identities l;
        struct dk_problem p;
        int line;
        if (read_text(bad[i].text, &l, &line, &p) != DK_EFIELD ||
            strstr(p.detail, bad[i].word) == NULL || line != bad[i].line)
            fail_msg("%s: line %d, %s", bad[i].text, line, p.detail);
        assert_true(p.detail_zh[0] != '\0');
        assert_int_equal(l.n, 0);
        assert_null(l.v);
    }
}

static void what_is_no_text_is_refused(void **state)
{
    static char big[3000];
    struct dk_identities l;
    struct dk_problem p = {0};
    int line;

    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    assert_int_equal(dk_keyfile_read(big, sizeof(big) - 1, &l, &line, &p),
                     DK_EFIELD);
    assert_int_equal(dk_keyfile_read("# \0\n", 4, &l, &line, &p), DK_EFIELD);
    assert_int_equal(line, 1);
}

static void one_line_is_changed_and_no_other(void **state)
{
    static const char before[] = "# mine\nab kiosk - " K1 "\n\n# end";
    struct dk_identity id;
    struct dk_problem p = {0};
    char *out;
    size_t len;

    (void)state;
    assert_int_equal(dk_identity_make(&id, "a", "handler,kiosk", "u-1", K2, &p),
                     0);
    assert_int_equal(
        dk_keyfile_splice(before, strlen(before), "a", &id, &out, &len), 0);
    assert_string_equal(out,
                        "# mine\nab kiosk - " K1 "\n\n# end\n"
                        "a                kiosk,handler    u-1      " K2 "\n");
    assert_int_equal(len, strlen(out));
    /* and what we wrote reads as what it was */
    struct dk_identities l;
    int line;
    assert_int_equal(read_text(out, &l, &line, &p), 0);
    assert_int_equal(l.n, 2);
    assert_memory_equal(&l.v[1], &id, sizeof(id));
    dk_identities_fini(&l);
    /* replaced in its place */
    char *again;
    assert_int_equal(dk_identity_make(&id, "ab", "auditor", "-", K1, &p), 0);
    assert_int_equal(dk_keyfile_splice(out, len, "ab", &id, &again, &len), 0);
    assert_non_null(strstr(again, "# mine\nab               auditor"));
    assert_null(strstr(again, "ab kiosk"));
    free(out);
    /* taken out */
    assert_int_equal(dk_keyfile_splice(again, len, "ab", NULL, &out, &len), 0);
    assert_null(strstr(out, "ab  "));
    assert_non_null(strstr(out, "# mine\n\n# end\n"));
    free(again);
    assert_int_equal(dk_keyfile_splice(out, len, "# mine", NULL, &again, &len),
                     DK_ENOTFOUND);
    assert_int_equal(dk_keyfile_splice(out, len, "b", NULL, &again, &len),
                     DK_ENOTFOUND);
    free(out);
}

static void keys_of_z85(void **state)
{
    (void)state;
    assert_true(dk_z85_key(K1));
    assert_true(dk_z85_key("0000000000000000000000000000000000000000"));
    assert_true(dk_z85_key("%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0"));
    assert_false(dk_z85_key("%nSc1%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0"));
    assert_false(dk_z85_key(""));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read),
        cmocka_unit_test(a_mistake_is_told_with_its_line),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(one_line_is_changed_and_no_other),
        cmocka_unit_test(keys_of_z85),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
