/* test_sqlite_damage.c - a damaged file or log: refused, or found when it is
 * read, and never served as if nothing were.
 */
#include "dump.h"
#include "faulty_vfs.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void expect_damaged(struct world *w)
{
    assert_int_equal(world_open(w), DK_EIO);
    assert_non_null(strstr(w->problem.detail, "damaged"));
    assert_non_null(strstr(w->problem.detail_zh, "损坏"));
}

static void a_file_cut_short_is_refused(void **state)
{
    struct world *w = *state;
    struct stat sb;

    for (int i = 1; i <= 20; i++)
        submit(w, i);
    world_close(w);
    assert_int_equal(stat(w->path, &sb), 0);
    assert_int_equal(truncate(w->path, sb.st_size - 4096), 0);
    expect_damaged(w);
    assert_int_equal(stat(w->path, &sb), 0); /* and it is still there */
}

static void
a_page_of_rubbish_is_found_when_it_is_read_and_stops_the_store(void **state)
{
    struct world *w = *state;
    char junk[4096];
    struct stat sb;
    int bad = 0;

    memset(junk, 0xa5, sizeof junk);
    for (int i = 1; i <= 20; i++)
        submit(w, i);
    world_close(w);
    assert_int_equal(stat(w->path, &sb), 0);
    int pages = (int)(sb.st_size / 4096);
    for (int page = 1; page < pages; page++) {
        char keep[4096];
        int fd = open(w->path, O_RDWR);

        assert_int_equal(pread(fd, keep, 4096, page * 4096), 4096);
        assert_int_equal(pwrite(fd, junk, 4096, page * 4096), 4096);
        assert_int_equal(close(fd), 0);
        int rc = world_open(w);
        if (rc == 0) {
            struct store_case_filter all = {.state = -1};
            struct dump d = {.f = fopen("/dev/null", "w")};

            rc = store_events(w->st, 1, 999, dump_event, &d);
            if (rc == 0)
                rc = store_list_cases(w->st, &all, 999, dump_case, &d);
            if (rc == DK_EIO) {
                struct batch *b = batch_new();
                add_submission(w, b, 21);
                assert_int_equal(commit(w, b), DK_EIO);
            }
            fclose(d.f);
            world_close(w);
        }
        assert_true(rc == 0 || rc == DK_EIO);
        bad += rc != 0 ? 1 : 0;
        fd = open(w->path, O_RDWR);
        assert_int_equal(pwrite(fd, keep, 4096, page * 4096), 4096);
        assert_int_equal(close(fd), 0);
    }
    print_message("%d of %d pages\n", bad, pages);
    assert_true(bad >= 6); /* meta, total, event, case_file, their roots */
}

/* All bytes of a file; how many. */
static size_t slurp(const char *path, char **out)
{
    struct stat sb;
    int fd = open(path, O_RDONLY);

    assert_int_equal(fstat(fd, &sb), 0);
    *out = malloc((size_t)sb.st_size + 1);
    assert_int_equal(pread(fd, *out, (size_t)sb.st_size, 0), sb.st_size);
    assert_int_equal(close(fd), 0);
    return (size_t)sb.st_size;
}

static void spill(const char *path, const char *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_int_equal(write(fd, p, n), n);
    assert_int_equal(close(fd), 0);
}

/* The power fails while the log is moved into the file, and the sector with the
 * header is garbage: the log has that page still.
 */
static void a_header_torn_by_a_power_cut_is_mended_from_the_log(void **state)
{
    struct world *w = *state;
    char wal[128], *db = NULL, *log = NULL;

    (void)snprintf(wal, sizeof wal, "%s-wal", w->path);
    for (int i = 1; i <= 20; i++)
        submit(w, i);
    size_t n_db = slurp(w->path, &db), n_log = slurp(wal, &log);
    world_close(w);
    memset(db, 0xa5, 512);
    spill(w->path, db, n_db);
    assert_int_equal(world_open(w), DK_EVERSION); /* without its log */
    assert_non_null(strstr(w->problem.detail, "not a database of docket"));
    spill(wal, log, n_log);
    assert_int_equal(world_open(w), 0);
    assert_int_equal(w->info.last_seq, 20);
    world_close(w);

    memset(log, 0xa5, n_log); /* a log that is none does not help */
    spill(w->path, db, n_db);
    spill(wal, log, n_log);
    assert_int_equal(world_open(w), DK_EVERSION);
    assert_non_null(strstr(w->problem.detail, "not a database of docket"));
    free(db);
    free(log);
}

/* SQLite alone would go back to before that place, without a word. */
static void a_log_damaged_in_its_middle_is_refused(void **state)
{
    struct world *w = *state;
    char wal[128], *db = NULL, *log = NULL;
    int refused = 0, whole = 0, cut = 0;

    (void)snprintf(wal, sizeof wal, "%s-wal", w->path);
    for (int i = 1; i <= 20; i++)
        submit(w, i);
    size_t n_db = slurp(w->path, &db), n_log = slurp(wal, &log);
    world_close(w);
    for (size_t at = 5; at < n_log; at += 997) {
        log[at] = (char)(log[at] ^ 0x10);
        spill(w->path, db, n_db);
        spill(wal, log, n_log);
        log[at] = (char)(log[at] ^ 0x10);
        int rc = world_open(w);
        if (rc == DK_EIO) {
            assert_non_null(strstr(w->problem.detail, "damaged in its middle"));
            assert_non_null(strstr(w->problem.detail_zh, "日志中段已损坏"));
            refused++;
            continue;
        }
        assert_int_equal(rc, 0);
        /* the last one, or two where a commit itself was hit */
        assert_in_range(w->info.last_seq, 18, 20);
        whole += w->info.last_seq == 20;
        cut += w->info.last_seq < 20;
        world_close(w);
    }
    print_message("%d refused, %d whole, %d without the last\n", refused, whole,
                  cut);
    assert_true(refused > 100 && cut > 0 && refused > 10 * cut);
    char *torn = memcpy(malloc(n_log), log, n_log);
    memset(torn, 0, 512); /* the header, and the beginning of frame 0 */
    spill(w->path, db, n_db);
    spill(wal, torn, n_log);
    free(torn);
    assert_int_equal(world_open(w), DK_EIO);
    assert_non_null(strstr(w->problem.detail, "damaged in its middle"));
    spill(w->path, db, n_db);
    spill(wal, log, n_log);
    assert_int_equal(world_open(w), 0);
    assert_int_equal(w->info.last_seq, 20);
    free(db);
    free(log);
}

static uint32_t be32_at(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 |
           u[3];
}

/* The log moved into the file, but for its last commit.  It has no page that is
 * new, so the file keeps its size.
 */
static void move_all_but_the_last(char *db, size_t n_db, const char *log,
                                  size_t n_log)
{
    const size_t frame = 24 + 4096;
    size_t last = n_log - frame;

    while (be32_at(log + last - frame + 4) == 0)
        last -= frame; /* its first frame is behind another commit */
    for (size_t at = 32; at < last; at += frame) {
        size_t to = (size_t)(be32_at(log + at) - 1) * 4096;
        if (to + 4096 <= n_db)
            memcpy(db + to, log + at + 24, 4096);
    }
}

/* The header's sector is hurt, and only the last commit is not in the file. */
static void a_hurt_header_before_one_commit_is_refused(void **state)
{
    struct world *w = *state;
    char wal[128], *db = NULL, *log = NULL;

    (void)snprintf(wal, sizeof wal, "%s-wal", w->path);
    for (int i = 1; i <= 3; i++)
        submit(w, i);
    size_t n_db = slurp(w->path, &db), n_log = slurp(wal, &log);
    world_close(w);
    move_all_but_the_last(db, n_db, log, n_log);
    char *torn = memcpy(malloc(n_log), log, n_log);
    for (size_t at = 28; at < 56; at += 3) /* its sum, and frame 0's head */
        torn[at] ^= 0x04;
    spill(w->path, db, n_db);
    spill(wal, torn, n_log);
    free(torn);
    assert_int_equal(world_open(w), DK_EIO);
    assert_non_null(strstr(w->problem.detail, "damaged in its middle"));
    spill(w->path, db, n_db);
    spill(wal, log, n_log);
    assert_int_equal(world_open(w), 0);
    assert_int_equal(w->info.last_seq, 3);
    free(db);
    free(log);
}

static long most_memory(void)
{
    struct rusage u;

    assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
    return u.ru_maxrss; /* KiB */
}

/* The header does not count, and a frame names a page of two billion. */
static void a_page_number_of_rubbish_takes_no_memory(void **state)
{
    struct world *w = *state;
    char wal[128], *db = NULL, *log = NULL;

    (void)snprintf(wal, sizeof wal, "%s-wal", w->path);
    for (int i = 1; i <= 5; i++)
        submit(w, i);
    size_t n_db = slurp(w->path, &db), n_log = slurp(wal, &log);
    world_close(w);
    size_t last = n_log - (n_log - 32) % 4120 - 4120;
    memcpy(log + last, "\x7f\xff\xff\xf0", 4);
    log[0] ^= 0x10;
    spill(w->path, db, n_db);
    spill(wal, log, n_log);
    long before = most_memory();
    int rc = world_open(w);
    assert_true(rc == 0 || rc == DK_EIO);
    assert_true(most_memory() - before < 256 << 10);
    spill(w->path, db, n_db); /* for the end of the test */
    assert_int_equal(unlink(wal), 0);
    free(db);
    free(log);
}

/* ---- no memory to look at the log ------------------------------------------
 */

static long places, refused_place; /* 0: nothing is refused */
static bool opening;

static bool no_memory(void)
{
    return opening && ++places == refused_place;
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap */
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
    return no_memory() ? NULL : __real_malloc(n);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
    return no_memory() ? NULL : __real_calloc(n, size);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* What opening says when its `place`th request for memory is refused. */
static int open_without(struct world *w, long place)
{
    places = 0;
    refused_place = place;
    opening = true;
    int rc = world_open(w);
    opening = false;
    return rc;
}

/* Want of memory is neither damage nor a log that is good: it is told as what
 * it is, and the log stays for the next opening.
 */
static void want_of_memory_is_no_word_about_the_log(void **state)
{
    struct world *w = *state;
    char wal[128], *db = NULL, *log = NULL, *after = NULL;
    long refused[2] = {0, 0};

    (void)snprintf(wal, sizeof wal, "%s-wal", w->path);
    for (int i = 1; i <= 5; i++)
        submit(w, i);
    size_t n_db = slurp(w->path, &db), n_log = slurp(wal, &log);
    world_close(w);
    for (int hurt = 0; hurt < 2; hurt++) { /* then its header's sum is wrong */
        int rc = DK_ENOMEM;

        log[14] ^= (char)(hurt != 0 ? 0x10 : 0);
        for (long place = 1; rc == DK_ENOMEM; place++) {
            spill(w->path, db, n_db);
            spill(wal, log, n_log);
            rc = open_without(w, place);
            if (rc != DK_ENOMEM)
                break;
            refused[hurt]++;
            assert_int_equal(slurp(wal, &after), n_log);
            assert_memory_equal(after, log, n_log);
            free(after);
        }
        assert_int_equal(rc, hurt != 0 ? DK_EIO : 0);
        if (rc == 0)
            world_close(w);
    }
    print_message("%ld places of a good log, %ld of a hurt one\n", refused[0],
                  refused[1]);
    /* The store, a frame and a page; and of a hurt one which pages were seen.
     */
    assert_true(refused[0] >= 3 && refused[1] >= 4);
    log[14] ^= 0x10;
    spill(w->path, db, n_db);
    spill(wal, log, n_log);
    assert_int_equal(world_open(w), 0);
    assert_int_equal(w->info.last_seq, 5);
    free(db);
    free(log);
}

static void totals_that_do_not_fit_the_stream_are_refused(void **state)
{
    struct world *w = *state;
    sqlite3 *db = NULL;

    submit(w, 1);
    world_close(w);
    assert_int_equal(sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READWRITE,
                                     faulty.real->zName),
                     SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE total SET events = 2", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    expect_damaged(w);
}

/* Run SQL on a closed store; what it does is damage. */
static void spoil(struct world *w, const char *sql)
{
    sqlite3 *db = NULL;

    world_close(w);
    assert_int_equal(sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READWRITE,
                                     faulty.real->zName),
                     SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(world_open(w), 0);
}

/* A text, which no number is above, where the id of a key should be. */
#define ID_IS_TEXT                                                             \
    "PRAGMA writable_schema = ON;"                                             \
    "UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT', ''), "      \
    "'seal INTEGER', 'seal TEXT') WHERE name = 'person';"                      \
    "PRAGMA writable_schema = RESET;"                                          \
    "UPDATE person SET seal = 'x' WHERE rowid = (SELECT max(rowid) FROM "      \
    "person);"                                                                 \
    "PRAGMA writable_schema = ON;"                                             \
    "UPDATE sqlite_schema SET sql = replace(replace(sql, 'seal TEXT', "        \
    "'seal INTEGER'), 'NOT NULL)', 'NOT NULL) STRICT') "                       \
    "WHERE name = 'person';"                                                   \
    "PRAGMA writable_schema = RESET"

static void
keys_in_use_out_of_order_are_damage_and_no_endless_walk(void **state)
{
    struct world *w = *state;
    int64_t seal = STORE_ERASED;
    int rc, n = 0;

    submit(w, 1);
    submit(w, 2);
    spoil(w, ID_IS_TEXT);
    while ((rc = store_next_seal(w->st, seal, &seal)) == 0)
        assert_true(++n < 10);
    assert_int_equal(rc, DK_EIO);
}

/* What clients are shown is the text as it is kept: a name with another letter
 * in it reads as the same case when the member is null.
 */
static void every_byte_of_a_case_counts(void **state)
{
    static const char *const damage[] = {
        "replace(doc, '\"handler\":', '\"handles\":')",
        "replace(doc, '\"category\":', '\"categopy\":')",
        "replace(doc, '+08:00\",\"recorded', '+07:00\",\"recorded')",
        "replace(doc, 'T', 't')",
        "replace(doc, ',\"alerts', ' ,\"alerts')",
        "replace(doc, '\"case_no\":\"33', '\"case_no\":\"32')"};
    struct world *w = *state;
    struct store_finding f;
    struct dk_case *c = NULL;
    const int64_t key = KEY(1);
    char sql[200];

    submit(w, 1);
    assert_int_equal(store_load_cases(w->st, &key, 1, &c), 0);
    const struct store_want want = {.c = c, .county = COUNTY};
    spoil(w, "SELECT 1");
    assert_int_equal(store_check_case(w->st, key, &want, &f), 0);
    assert_null(f.what);
    spoil(w, "CREATE TABLE was AS SELECT doc FROM case_file");
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        (void)snprintf(sql, sizeof sql, "UPDATE case_file SET doc = %s",
                       damage[i]);
        spoil(w, sql);
        assert_int_equal(store_check_case(w->st, key, &want, &f), 0);
        if (f.what == NULL || strcmp(f.what, "missing-request") == 0)
            fail_msg("not found: %s", damage[i]);
        spoil(w, "UPDATE case_file SET doc = (SELECT doc FROM was)");
    }
    dk_case_free(c);
}

int main(void)
{
#define OPEN(f) cmocka_unit_test_setup_teardown(f, setup_sqlite, teardown)
    const struct CMUnitTest tests[] = {
        OPEN(a_file_cut_short_is_refused),
        OPEN(a_page_of_rubbish_is_found_when_it_is_read_and_stops_the_store),
        OPEN(a_header_torn_by_a_power_cut_is_mended_from_the_log),
        OPEN(a_log_damaged_in_its_middle_is_refused),
        OPEN(a_hurt_header_before_one_commit_is_refused),
        OPEN(a_page_number_of_rubbish_takes_no_memory),
        OPEN(want_of_memory_is_no_word_about_the_log),
        OPEN(totals_that_do_not_fit_the_stream_are_refused),
        OPEN(keys_in_use_out_of_order_are_damage_and_no_endless_walk),
        OPEN(every_byte_of_a_case_counts),
    };
    if (faulty_install() != SQLITE_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
