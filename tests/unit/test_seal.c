/* What is sealed opens for its own case with its own key, unchanged, and for
 * nothing else; the ring of keys is whole or refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/seal.h"
#include "tests/support/folder.h"

#define CASE INT64_C(20260501000001)

struct room {
    char dir[64], file[96];
    struct seal s;
    struct dk_problem p;
};

static int enter(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    bool made;

    folder_make(r->dir, sizeof(r->dir), "dkseal");
    snprintf(r->file, sizeof(r->file), "%s/seal.key", r->dir);
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_true(sodium_init() >= 0);
    seal_init(&r->s, 330699, r->file);
    assert_int_equal(seal_load(&r->s, false, &made, &r->p), DK_ENOTFOUND);
    assert_int_equal(seal_load(&r->s, true, &made, &r->p), 0);
    assert_true(made);
    *state = r;
    return 0;
}

static int leave(void **state)
{
    struct room *r = *state;

    seal_fini(&r->s);
    unlink(r->file);
    rmdir(r->dir);
    free(r);
    return 0;
}

struct sealed {
    void *data;
    size_t len;
    int64_t id;
};

static struct sealed wrap(const struct seal *s, int64_t key, const void *text,
                          size_t len)
{
    struct sealed x;

    assert_int_equal(seal_wrap(s, key, text, len, &x.data, &x.len, &x.id), 0);
    return x;
}

static int opens(const struct seal *s, int64_t key, const struct sealed *x,
                 const void *text, size_t len)
{
    void *plain;
    size_t n = 0;
    int rc = seal_unwrap(s, key, x->id, x->data, x->len, &plain, &n);

    if (rc != 0) {
        assert_null(plain);
        return rc;
    }
    assert_int_equal(n, len);
    assert_memory_equal(plain, text, len);
    seal_forget(plain, n);
    return 0;
}

static void any_length_comes_back(void **state)
{
    struct room *r = *state;
    uint8_t text[400];

    randombytes_buf(text, sizeof(text));
    for (size_t n = 0; n <= sizeof(text); n++) {
        struct sealed x = wrap(&r->s, CASE, text, n);
        assert_int_equal(opens(&r->s, CASE, &x, text, n), 0);
        /* The length tells in steps of 64 only. */
        assert_int_equal(x.len, 24 + 16 + (n / 64 + 1) * 64);
        if (n >= 16)
            assert_null(memmem(x.data, x.len, text, 16));
        free(x.data);
    }
}

static void the_same_is_never_sealed_to_the_same(void **state)
{
    struct room *r = *state;
    struct sealed a = wrap(&r->s, CASE, "x", 1), b = wrap(&r->s, CASE, "x", 1);

    assert_int_equal(a.len, b.len);
    assert_memory_not_equal(a.data, b.data, 24);
    assert_memory_not_equal((char *)a.data + 24, (char *)b.data + 24, 64);
    free(a.data);
    free(b.data);
}

static void it_opens_for_its_own_case_and_county_only(void **state)
{
    struct room *r = *state;
    struct sealed x = wrap(&r->s, CASE, "secret", 6);

    assert_int_equal(opens(&r->s, CASE + 1, &x, "secret", 6), DK_EJSON);
    assert_int_equal(opens(&r->s, 0, &x, "secret", 6), DK_EJSON);
    r->s.county = 330698;
    assert_int_equal(opens(&r->s, CASE, &x, "secret", 6), DK_EJSON);
    r->s.county = 330699;
    assert_int_equal(opens(&r->s, CASE, &x, "secret", 6), 0);
    x.id++;
    assert_int_equal(opens(&r->s, CASE, &x, "secret", 6), DK_ENOTFOUND);
    free(x.data);
}

static void each_changed_bit_and_each_cut_is_noticed(void **state)
{
    struct room *r = *state;
    struct sealed x = wrap(&r->s, CASE, "secret", 6);
    uint8_t *v = x.data;

    for (size_t i = 0; i < x.len * 8; i++) {
        v[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(opens(&r->s, CASE, &x, "secret", 6), DK_EJSON);
        v[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    size_t whole = x.len;
    for (x.len = 0; x.len < whole; x.len++)
        assert_int_equal(opens(&r->s, CASE, &x, "secret", 6), DK_EJSON);
    assert_int_equal(opens(&r->s, CASE, &x, "secret", 6), 0);
    free(x.data);
}

static void reload(struct room *r, int want)
{
    bool made;

    seal_fini(&r->s);
    seal_init(&r->s, 330699, r->file);
    assert_int_equal(seal_load(&r->s, false, &made, &r->p), want);
}

static void a_new_key_seals_and_the_old_one_still_opens(void **state)
{
    struct room *r = *state;
    struct sealed x = wrap(&r->s, CASE, "old", 3);
    int64_t first = seal_current(&r->s);

    for (int n = 2; n <= SEAL_KEYS_MAX; n++) {
        assert_int_equal(seal_new_key(&r->s, &r->p), 0);
        assert_int_equal(r->s.n, n);
    }
    assert_int_equal(seal_new_key(&r->s, &r->p), DK_EBUSY);
    int64_t last = seal_current(&r->s);
    assert_true(last != first);
    for (int again = 0; again < 2; again++) {
        struct sealed y = wrap(&r->s, CASE, "new", 3);
        assert_int_equal(y.id, last);
        assert_int_equal(opens(&r->s, CASE, &x, "old", 3), 0);
        assert_int_equal(opens(&r->s, CASE, &y, "new", 3), 0);
        free(y.data);
        reload(r, 0); /* and the file has them all */
        assert_int_equal(r->s.n, SEAL_KEYS_MAX);
    }
    assert_int_equal(seal_drop_old(&r->s, &r->p), 0);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(r->s.n, 1);
        assert_int_equal(seal_current(&r->s), last);
        assert_int_equal(opens(&r->s, CASE, &x, "old", 3), DK_ENOTFOUND);
        reload(r, 0);
    }
    free(x.data);
}

static void write_file(const struct room *r, const char *text, size_t len)
{
    unlink(r->file);
    FILE *f = fopen(r->file, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(r->file, 0400), 0);
}

/* Every byte of the file changed or cut off: refused, without a byte of it. */
static void a_ring_that_was_changed_is_refused(void **state)
{
    struct room *r = *state;
    char text[400], bad[400];
    FILE *f = fopen(r->file, "r");

    assert_non_null(f);
    size_t len = fread(text, 1, sizeof(text), f);
    fclose(f);
    assert_true(len > 90);
    for (size_t i = 0; i + 1 < len; i++) {
        memcpy(bad, text, len);
        bad[i] = bad[i] == '1' ? '2' : '1';
        write_file(r, bad, len);
        reload(r, DK_EFIELD);
        assert_null(strstr(r->p.detail, bad + 36));
        write_file(r, text, i + 1 == len - 1 ? i : i + 1);
        reload(r, DK_EFIELD);
    }
    write_file(r, text, len - 1); /* without its line end: all is there */
    reload(r, 0);
    write_file(r, text, len);
    reload(r, 0);
}

static void a_write_that_fails_changes_nothing(void **state)
{
    struct room *r = *state;
    int64_t was = seal_current(&r->s);

    r->s.credential = true;
    assert_int_equal(seal_new_key(&r->s, &r->p), DK_EFORBIDDEN);
    r->s.credential = false;
    unlink(r->file);
    assert_int_equal(seal_new_key(&r->s, &r->p), DK_ENOTFOUND);
    assert_int_equal(r->s.n, 1);
    assert_int_equal(seal_current(&r->s), was);
}

static void ids_are_read_as_they_are_written(void **state)
{
    struct room *r = *state;
    char text[SEAL_ID_TEXT];

    seal_id_text(seal_current(&r->s), text);
    assert_int_equal(seal_id_parse(text), seal_current(&r->s));
    assert_int_equal(seal_id_parse(""), 0);
    assert_int_equal(seal_id_parse("0000000000000001"), 0);
    assert_int_equal(seal_id_parse("8000000000000000"), 0);
    assert_int_equal(seal_id_parse("40000000000000000"), 0);
    assert_int_equal(seal_id_parse("400000000000000G"), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)
    const struct CMUnitTest tests[] = {
        T(any_length_comes_back),
        T(the_same_is_never_sealed_to_the_same),
        T(it_opens_for_its_own_case_and_county_only),
        T(each_changed_bit_and_each_cut_is_noticed),
        T(a_new_key_seals_and_the_old_one_still_opens),
        T(a_ring_that_was_changed_is_refused),
        T(a_write_that_fails_changes_nothing),
        T(ids_are_read_as_they_are_written),
    };

    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
