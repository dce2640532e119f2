/* The file of a peer's key: who may read it, and what is in it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/client_keys.h"
#include "proto/who.h"
#include "tests/support/folder.h"

struct room {
    char dir[64], file[96], server[DK_CLIENT_KEY];
    struct dk_client_keys k;
    struct dk_problem p;
};

static int setup(void **state)
{
    struct room *r = calloc(1, sizeof(*r));

    folder_make(r->dir, sizeof(r->dir), "test_ckeys");
    snprintf(r->file, sizeof(r->file), "%s/docket.key", r->dir);
    unsetenv("DOCKET_KEY");
    unsetenv("DOCKET_SERVER_KEY");
    unsetenv("CREDENTIALS_DIRECTORY");
    if (dk_client_keys_make(r->file, NULL, r->server, &r->p) != 0)
        return -1;
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct room *r = *state;

    unsetenv("CREDENTIALS_DIRECTORY");
    unlink(r->file);
    rmdir(r->dir);
    free(r);
    return 0;
}

/* Any public key does for the broker's. */
static int load(struct room *r, mode_t mode)
{
    assert_int_equal(chmod(r->file, mode), 0);
    return dk_client_keys_load(r->file, r->server, &r->k, &r->p);
}

static void a_made_key_is_its_owners_alone(void **state)
{
    struct room *r = *state;
    struct stat st;
    char again[DK_CLIENT_KEY];

    assert_int_equal(stat(r->file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0400);
    assert_int_equal(load(r, 0400), 0);
    assert_string_equal(r->k.mine, r->server);
    dk_client_keys_wipe(&r->k);
    assert_int_equal(dk_client_keys_make(r->file, NULL, again, &r->p),
                     DK_ECONFLICT);
}

static void no_key_begins_like_an_option(void **state)
{
    struct room *r = *state;
    char key[DK_CLIENT_KEY];

    for (int i = 0; i < 500; i++) { /* one in 85 would */
        assert_int_equal(unlink(r->file), 0);
        assert_int_equal(dk_client_keys_make(r->file, NULL, key, &r->p), 0);
        assert_true(key[0] != '-');
    }
}

static void a_key_that_others_can_read_is_refused(void **state)
{
    struct room *r = *state;

    for (unsigned bit = 1; bit <= 0400; bit <<= 1) {
        bool fine = bit >= 0100; /* the owner's own */
        assert_int_equal(load(r, 0400 | bit), fine ? 0 : DK_EFORBIDDEN);
        if (!fine)
            assert_non_null(strstr(r->p.detail, "chmod 0400"));
    }
}

static void a_credential_shows_its_access_list_as_the_group(void **state)
{
    struct room *r = *state;
    char other[96];

    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", r->dir, 1), 0);
    assert_int_equal(load(r, 0440), 0);
    assert_int_equal(load(r, 0444), DK_EFORBIDDEN);
    assert_int_equal(load(r, 0460), DK_EFORBIDDEN);
    /* Only what lies in it. */
    snprintf(other, sizeof(other), "%sx", r->dir);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", other, 1), 0);
    assert_int_equal(load(r, 0440), DK_EFORBIDDEN);
    other[strlen(other) - 2] = '\0'; /* a beginning of the name */
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", other, 1), 0);
    assert_int_equal(load(r, 0440), DK_EFORBIDDEN);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "", 1), 0);
    assert_int_equal(load(r, 0440), DK_EFORBIDDEN);
}

static void a_name_is_one_word(void **state)
{
    static const char *const good[] = {"hall-1", "张三", "a#", "x@y,z"};
    static const char *const bad[] = {"",     "#hall", "a b", "a\tb",  "o'x",
                                      "a\"b", "a/b",   "a\\", "a\x7f", "\xff"};
    char longest[DK_WHO_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(dk_name_check(good[i], DK_WHO_MAX, NULL, NULL), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dk_name_check(bad[i], DK_WHO_MAX, "/name", NULL),
                         DK_EFIELD);
    memset(longest, 'a', sizeof(longest));
    longest[DK_WHO_MAX + 1] = '\0';
    assert_int_equal(dk_name_check(longest, DK_WHO_MAX, NULL, NULL), DK_EFIELD);
    longest[DK_WHO_MAX] = '\0';
    assert_int_equal(dk_name_check(longest, DK_WHO_MAX, NULL, NULL), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_made_key_is_its_owners_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(no_key_begins_like_an_option, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_key_that_others_can_read_is_refused,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_credential_shows_its_access_list_as_the_group, setup, teardown),
        cmocka_unit_test(a_name_is_one_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
