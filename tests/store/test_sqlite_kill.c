/* test_sqlite_kill.c - SIGKILL in the middle of commits, a hundred times over
 * one file.  The child says through a pipe what was acknowledged; whatever it
 * said must be there after the next opening, whole, and nothing may be there
 * by half.
 */
#include "dump.h"

#include <signal.h>
#include <sys/wait.h>

#define KILLS 100

static void stay_dying(struct world *w, int out, bool moves)
{
    if (world_open(w) != 0)
        _exit(9);
    for (;;) { /* two cases in a batch, so that a half can be seen */
        struct batch *b = batch_new();

        add_submission(w, b, w->seq + 1);
        add_submission(w, b, w->seq + 2);
        if (commit(w, b) != 0)
            _exit(8);
        if (write(out, &w->seq, sizeof w->seq) != sizeof w->seq)
            _exit(7);
        if (moves && w->seq % 16 == 0 &&
            store_checkpoint(w->st, w->seq % 32 == 0) != 0)
            _exit(6);
    }
}

/* Start a child, let it acknowledge `wait` batches, kill it; the last seq that
 * it acknowledged, or `seq` if none.  A child that `moves` moves its log into
 * the file now and then.
 */
static int64_t kill_one(struct world *w, bool moves, int wait, int64_t seq)
{
    int pipes[2], status = 0;
    int64_t said = seq;

    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(pipes[0]);
        stay_dying(w, pipes[1], moves);
    }
    (void)close(pipes[1]);
    for (int i = 0; i < wait; i++) {
        if (read(pipes[0], &said, sizeof said) != sizeof said)
            break;
        seq = said;
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status)); /* it did not end by itself */
    while (read(pipes[0], &said, sizeof said) == sizeof said)
        seq = said; /* acknowledged before it died */
    (void)close(pipes[0]);
    return seq;
}

/* Both cases of each batch, and every part of each case. */
static void expect_whole(struct world *w, int64_t from, int64_t acked)
{
    assert_int_equal(world_open(w), 0);
    assert_true(w->info.last_seq >= acked);
    assert_true(w->info.last_seq <= acked + 2);
    assert_int_equal(w->info.last_seq % 2, 0);
    for (int64_t i = from; i <= w->info.last_seq + 2; i++) {
        struct dk_uuid id = uuid(i);
        struct store_request q;
        struct store_task_info t;
        struct dk_case *c = NULL;
        struct store_person row;
        int64_t key = KEY(i);
        bool found = false, want = i <= w->info.last_seq;

        assert_int_equal(store_find_requests(w->st, &id, 1, &q, &found), 0);
        assert_int_equal(found, want);
        assert_int_equal(store_load_cases(w->st, &key, 1, &c), 0);
        assert_int_equal(c != NULL, want);
        dk_case_free(c);
        assert_int_equal(store_task_get(w->st, i * 10 + 1, &t) == 0, want);
        assert_int_equal(store_person_get(w->st, key, &row) == 0, want);
        free((void *)(uintptr_t)row.data);
    }
}

static void nothing_acknowledged_is_lost_by_a_hundred_kills(void **state)
{
    struct world *w = *state;
    const char *env = getenv("DOCKET_SEED");
    unsigned seed = env != NULL ? (unsigned)strtoul(env, NULL, 0) : 20270101;
    int64_t seq = 0, epoch = 1;

    print_message("seed %u\n", seed);
    world_close(w);
    for (int i = 0; i < KILLS; i++) {
        seed = seed * 1103515245u + 12345u;
        int64_t acked = kill_one(w, true, (int)(seed >> 16) % 12, seq);

        expect_whole(w, seq + 1, acked);
        assert_true(w->info.epoch > epoch);
        epoch = w->info.epoch;
        seq = w->info.last_seq;
        if (i % 20 == 19)
            free(dump(w->st, 9)); /* recounts every total */
        world_close(w);
    }
    assert_true(seq > KILLS);
    print_message("%lld events\n", (long long)seq);
    assert_int_equal(world_open(w), 0);
}

static long size_of(const char *path)
{
    FILE *f = fopen(path, "rb");

    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long n = ftell(f);
    fclose(f);
    return n;
}

/* A log that a kill left behind is not touched by who may not open it, and is
 * moved into the file by who may, before anything is served.
 */
static void the_log_of_a_killed_store_survives_a_refused_opening(void **state)
{
    struct world *w = *state;

    world_close(w);
    int64_t acked = kill_one(w, false, 5, 0);
    assert_true(acked >= 10);
    w->opt.county = 110101;
    assert_int_equal(world_open(w), DK_EFORBIDDEN);
    w->opt.county = COUNTY;
    char wal[128];
    (void)snprintf(wal, sizeof wal, "%s-wal", w->path);
    long left = size_of(wal);
    assert_true(left > 3 * 4096);
    expect_whole(w, 1, acked);
    assert_true(size_of(wal) < left); /* the new epoch, and no more */
    assert_true(size_of(wal) < 3 * 4096);
}

int main(void)
{
#define OPEN(f) cmocka_unit_test_setup_teardown(f, setup_sqlite, teardown)
    const struct CMUnitTest tests[] = {
        OPEN(nothing_acknowledged_is_lost_by_a_hundred_kills),
        OPEN(the_log_of_a_killed_store_survives_a_refused_opening),
    };
    use_memory_disk();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
