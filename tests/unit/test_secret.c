/* A secret is read only from where nobody else can, and is made whole or not at
 * all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/secret.h"
#include "tests/support/folder.h"

struct room {
    char dir[64], file[96], beside[96];
    struct secret_place at;
    struct secret s;
    struct dk_problem p;
};

static int enter(void **state)
{
    struct room *r = calloc(1, sizeof *r);

    folder_make(r->dir, sizeof(r->dir), "dksecret");
    snprintf(r->file, sizeof(r->file), "%s/key", r->dir);
    snprintf(r->beside, sizeof(r->beside), "%s/key.new", r->dir);
    r->at = (struct secret_place){
        .credential = "docket.test", .file = r->file, .max = 64};
    unsetenv("CREDENTIALS_DIRECTORY");
    *state = r;
    return sodium_init() < 0;
}

static int leave(void **state)
{
    struct room *r = *state;
    char path[96];

    secret_wipe(&r->s);
    unlink(r->file);
    unlink(r->beside);
    snprintf(path, sizeof(path), "%s/docket.test", r->dir);
    unlink(path);
    rmdir(r->dir);
    unsetenv("CREDENTIALS_DIRECTORY");
    free(r);
    return 0;
}

static void put(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int get(struct room *r)
{
    secret_wipe(&r->s);
    dk_problem_clear(&r->p);
    int rc = secret_read(&r->at, &r->s, &r->p);
    assert_int_equal(rc, r->p.code);
    if (rc != 0) {
        assert_null(r->s.v);
        assert_int_not_equal(r->p.detail_zh[0], '\0');
    }
    return rc;
}

static void what_was_made_is_read(void **state)
{
    struct room *r = *state;
    struct stat st;

    assert_int_equal(secret_create(r->file, "abc\0d", 5, &r->p), 0);
    assert_int_equal(stat(r->file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0400);
    assert_int_equal(access(r->beside, F_OK), -1);
    assert_int_equal(get(r), 0);
    assert_int_equal(r->s.len, 5);
    assert_memory_equal(r->s.v, "abc\0d", 6);
    assert_false(r->s.credential);
    assert_string_equal(r->s.path, r->file);
}

static void a_second_one_is_not_made(void **state)
{
    struct room *r = *state;

    assert_int_equal(secret_create(r->file, "one", 3, &r->p), 0);
    assert_int_equal(secret_create(r->file, "two", 3, &r->p), DK_ECONFLICT);
    assert_int_equal(access(r->beside, F_OK), -1);
    assert_int_equal(get(r), 0);
    assert_memory_equal(r->s.v, "one", 3);
}

/* Every single bit that would let somebody else in, or run it. */
static void looser_modes_are_refused_with_what_to_do(void **state)
{
    struct room *r = *state;

    put(r->file, "secret-bytes", 0400);
    for (mode_t bit = 01; bit <= 04000; bit <<= 1) {
        if (bit == 0400)
            continue;
        assert_int_equal(chmod(r->file, 0400 | bit), 0);
        assert_int_equal(get(r), DK_EFORBIDDEN);
        assert_non_null(strstr(r->p.detail, "chmod 0400"));
        assert_non_null(strstr(r->p.detail_zh, "chmod 0400"));
        assert_null(strstr(r->p.detail, "secret-bytes"));
    }
    assert_int_equal(chmod(r->file, 0400), 0);
    assert_int_equal(get(r), 0);
}

static void another_owner_is_refused(void **state)
{
    struct room *r = *state;

    if (geteuid() != 0)
        skip(); /* only root can give a file away */
    put(r->file, "x", 0400);
    assert_int_equal(chown(r->file, 12345, (gid_t)-1), 0);
    assert_int_equal(get(r), DK_EFORBIDDEN);
    assert_non_null(strstr(r->p.detail, "chown 0 "));
}

static void links_folders_and_pipes_are_refused(void **state)
{
    struct room *r = *state;

    put(r->beside, "x", 0400);
    assert_int_equal(symlink(r->beside, r->file), 0);
    assert_int_equal(get(r), DK_EFORBIDDEN);
    assert_int_equal(unlink(r->file), 0);
    assert_int_equal(mkfifo(r->file, 0400), 0); /* and it does not wait */
    assert_int_equal(get(r), DK_EFORBIDDEN);
    assert_int_equal(unlink(r->file), 0);
    assert_int_equal(mkdir(r->file, 0400), 0);
    assert_int_equal(get(r), DK_EFORBIDDEN);
    assert_int_equal(rmdir(r->file), 0);
}

static void the_length_is_checked(void **state)
{
    struct room *r = *state;
    char text[80];

    assert_int_equal(get(r), DK_ENOTFOUND);
    put(r->file, "", 0400);
    assert_int_equal(get(r), DK_EFIELD);
    for (int n = 64; n <= 65; n++) {
        memset(text, 'k', (size_t)n);
        text[n] = '\0';
        assert_int_equal(unlink(r->file), 0);
        put(r->file, text, 0400);
        assert_int_equal(get(r), n == 64 ? 0 : DK_EFIELD);
    }
}

static void a_credential_comes_before_the_file(void **state)
{
    struct room *r = *state;
    char path[96];

    put(r->file, "file", 0400);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", r->dir, 1), 0);
    assert_int_equal(get(r), 0); /* none of that name: the file */
    assert_false(r->s.credential);
    snprintf(path, sizeof(path), "%s/docket.test", r->dir);
    put(path, "credential", 0440); /* as systemd shows an access list */
    assert_int_equal(get(r), 0);
    assert_true(r->s.credential);
    assert_memory_equal(r->s.v, "credential", 10);
    assert_string_equal(r->s.path, path);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(get(r), DK_EFORBIDDEN); /* and not quietly the file */
    r->at.credential = NULL;
    assert_int_equal(get(r), 0);
    assert_memory_equal(r->s.v, "file", 4);
}

static void replacing_is_whole(void **state)
{
    struct room *r = *state;
    char old[16] = "";
    struct stat st;

    assert_int_equal(secret_replace(r->file, "b", 1, &r->p), DK_ENOTFOUND);
    assert_int_equal(secret_create(r->file, "old-secret", 10, &r->p), 0);
    put(r->beside, "left by a crash", 0400);
    int fd = open(r->file, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(secret_replace(r->file, "new", 3, &r->p), 0);
    assert_int_equal(get(r), 0);
    assert_memory_equal(r->s.v, "new", 4);
    assert_int_equal(stat(r->file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0400);
    assert_int_equal(access(r->beside, F_OK), -1);
    /* Whoever still has the old file open finds its bytes gone. */
    assert_int_equal(read(fd, old, 10), 10);
    assert_memory_equal(old, "\0\0\0\0\0\0\0\0\0\0", 10);
    close(fd);
}

static void a_failed_write_leaves_the_old_one(void **state)
{
    struct room *r = *state;
    struct rlimit was, none = {0, 0};

    assert_int_equal(secret_create(r->file, "old", 3, &r->p), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    none.rlim_max = was.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    int rc = secret_replace(r->file, "new", 3, &r->p);
    signal(SIGXFSZ, before);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(rc, DK_EIO);
    assert_int_equal(access(r->beside, F_OK), -1);
    assert_int_equal(get(r), 0);
    assert_memory_equal(r->s.v, "old", 4);
}

static size_t make_it(void *arg, uint8_t *to, size_t cap)
{
    assert_int_equal(cap, 64);
    (*(int *)arg)++;
    memcpy(to, "made", 4);
    return 4;
}

static void it_is_made_once(void **state)
{
    struct room *r = *state;
    int calls = 0;
    bool made;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            secret_obtain(&r->at, make_it, &calls, &r->s, &made, &r->p), 0);
        assert_int_equal(made, i == 0);
        assert_int_equal(calls, 1);
        assert_int_equal(r->p.code, 0);
        assert_memory_equal(r->s.v, "made", 5);
        secret_wipe(&r->s);
        assert_null(r->s.v);
    }
    /* One that cannot be used is never replaced by a new one. */
    assert_int_equal(chmod(r->file, 0644), 0);
    assert_int_equal(
        secret_obtain(&r->at, make_it, &calls, &r->s, &made, &r->p),
        DK_EFORBIDDEN);
    assert_int_equal(calls, 1);
}

static size_t make_none(void *arg, uint8_t *to, size_t cap)
{
    (void)arg;
    (void)to;
    (void)cap;
    return 0;
}

static void what_could_not_be_made_leaves_no_empty_file(void **state)
{
    struct room *r = *state;
    bool made;

    assert_int_equal(
        secret_obtain(&r->at, make_none, NULL, &r->s, &made, &r->p), DK_ENOMEM);
    assert_false(made);
    assert_int_equal(access(r->file, F_OK), -1);
}

static void without_a_folder_it_says_so(void **state)
{
    struct room *r = *state;
    int calls = 0;
    bool made;

    r->at.file = "/nonexistent/key";
    assert_int_equal(
        secret_obtain(&r->at, make_it, &calls, &r->s, &made, &r->p),
        DK_ENOTFOUND);
    assert_non_null(strstr(r->p.detail, "/nonexistent/key"));
    assert_false(made);
}

#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_was_made_is_read),
        T(a_second_one_is_not_made),
        T(looser_modes_are_refused_with_what_to_do),
        T(another_owner_is_refused),
        T(links_folders_and_pipes_are_refused),
        T(the_length_is_checked),
        T(a_credential_comes_before_the_file),
        T(replacing_is_whole),
        T(a_failed_write_leaves_the_old_one),
        T(it_is_made_once),
        T(what_could_not_be_made_leaves_no_empty_file),
        T(without_a_folder_it_says_so),
    };

    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
