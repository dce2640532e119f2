/* What the daemon does to its store when nothing happens: it moves the log into
 * the file once, and then nothing more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "daemon/daemon.h"
#include "tests/support/folder.h"

struct place {
    char dir[64], path[96];
    struct daemon d;
};

static int open_place(void **state)
{
    struct place *pl = calloc(1, sizeof(*pl));
    struct store_options opt = {.county = 330699, .create = true};
    struct dk_problem p = {0};
    uint8_t random[48] = {7};
    char url[112];

    assert_non_null(pl);
    folder_make(pl->dir, sizeof(pl->dir), "dk-house");
    snprintf(pl->path, sizeof(pl->path), "%s/docket.db", pl->dir);
    snprintf(url, sizeof(url), "sqlite:%s", pl->path);
    if (store_open(url, &opt, random, &pl->d.st, &pl->d.info, &p) != 0)
        fail_msg("%s", p.detail);
    pl->d.quiet_since = DK_NEVER;
    *state = pl;
    return 0;
}

static int close_place(void **state)
{
    struct place *pl = *state;
    char line[80];

    store_close(pl->d.st);
    snprintf(line, sizeof(line), "rm -rf '%s'", pl->dir);
    assert_int_equal(system(line), 0);
    free(pl);
    return 0;
}

static void put(struct place *pl, int64_t key, const char *text)
{
    struct store_person person = {
        .key = key, .seal = 7, .data = text, .len = strlen(text)};
    struct store_changes ch = {
        .person = &person, .n_person = 1, .test_now = DK_NEVER};

    assert_int_equal(store_commit(pl->d.st, &ch), 0);
    pl->d.stats.commits++;
}

/* Is the text in the file itself, and not only in its log? */
static bool in_file(const struct place *pl, const char *text)
{
    static char buf[1 << 20];
    FILE *f = fopen(pl->path, "rb");
    size_t n;

    assert_non_null(f);
    n = fread(buf, 1, sizeof(buf), f);
    fclose(f);
    return memmem(buf, n, text, strlen(text)) != NULL;
}

static void the_log_is_moved_once_nothing_was_written_for_a_while(void **state)
{
    struct place *pl = *state;
    dk_ms t = 1000;

    daemon_house_store(&pl->d, t);
    put(pl, 1, "the lamp at the well");
    daemon_house_store(&pl->d, t += 10);
    assert_false(in_file(pl, "the lamp at the well"));
    daemon_house_store(&pl->d, t + DAEMON_QUIET_MS - 1);
    assert_false(in_file(pl, "the lamp at the well"));
    put(pl, 2, "the bridge"); /* the pause begins again */
    daemon_house_store(&pl->d, t += DAEMON_QUIET_MS);
    assert_false(in_file(pl, "the lamp at the well"));
    daemon_house_store(&pl->d, t += DAEMON_QUIET_MS);
    assert_true(in_file(pl, "the lamp at the well"));
    assert_true(in_file(pl, "the bridge"));
    assert_int_equal(pl->d.exit_code, 0);
}

static struct stat look(const struct place *pl, const char *end)
{
    char path[112];
    struct stat st;

    snprintf(path, sizeof(path), "%s%s", pl->path, end);
    assert_int_equal(stat(path, &st), 0);
    return st;
}

static void nothing_is_written_while_nothing_happens(void **state)
{
    struct place *pl = *state;

    put(pl, 1, "the lamp at the well");
    daemon_house_store(&pl->d, 0);
    daemon_house_store(&pl->d, DAEMON_QUIET_MS);
    assert_true(in_file(pl, "the lamp at the well"));
    struct stat db = look(pl, ""), wal = look(pl, "-wal");
    for (dk_ms t = DAEMON_QUIET_MS; t < DK_DAY; t += DK_MINUTE)
        daemon_house_store(&pl->d, t);
    struct stat db2 = look(pl, ""), wal2 = look(pl, "-wal");
    assert_memory_equal(&db.st_mtim, &db2.st_mtim, sizeof(db.st_mtim));
    assert_memory_equal(&wal.st_mtim, &wal2.st_mtim, sizeof(wal.st_mtim));
    put(pl, 2, "the bridge"); /* and after it, again */
    daemon_house_store(&pl->d, DK_DAY);
    daemon_house_store(&pl->d, DK_DAY + DAEMON_QUIET_MS);
    assert_true(in_file(pl, "the bridge"));
}

int main(void)
{
#define IN(f) cmocka_unit_test_setup_teardown(f, open_place, close_place)
    const struct CMUnitTest tests[] = {
        IN(the_log_is_moved_once_nothing_was_written_for_a_while),
        IN(nothing_is_written_while_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
