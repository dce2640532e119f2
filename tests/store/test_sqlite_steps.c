/* test_sqlite_steps.c - every single statement fails, whatever SQLite says.
 *
 * One commit that changes everything a commit can change, with its n-th step
 * refused for every n: for want of room or memory, or since the changes
 * contradict the store, nothing of it is there and the same commit passes
 * afterwards; after a failed disk nothing is believed any more, and the next
 * opening finds what was there before.  The reads likewise: none tells half.
 */
#include "dump.h"

#include <sqlite3.h>

static struct {
    long calls, at; /* at: which step fails; 0: none */
    bool forever;   /* and all that come after it */
    bool undone;    /* SQLite has rolled back by itself */
    int code;
} steps;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap */
int __real_sqlite3_step(sqlite3_stmt *q);
int __wrap_sqlite3_step(sqlite3_stmt *q);
int __wrap_sqlite3_step(sqlite3_stmt *q)
{
    steps.calls++;
    if (steps.at == 0 || steps.calls < steps.at ||
        (steps.calls > steps.at && !steps.forever))
        return __real_sqlite3_step(q);
    if (steps.undone)
        (void)sqlite3_exec(sqlite3_db_handle(q), "ROLLBACK", NULL, NULL, NULL);
    return steps.code;
}

static int moving; /* what moving the log says; 0: it is moved */

int __real_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode,
                                     int *log, int *moved);
int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode,
                                     int *log, int *moved);
int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode,
                                     int *log, int *moved)
{
    if (moving != 0)
        return moving;
    return __real_sqlite3_wal_checkpoint_v2(db, name, mode, log, moved);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void arm(long at, int code)
{
    steps.calls = 0;
    steps.at = at;
    steps.code = code;
}

static void disarm(void)
{
    steps.at = 0;
    steps.forever = steps.undone = false;
}

/* ---- a commit of everything ---------------------------------------------- */

static struct store_office office = {.id = 1,
                                     .kind = 1,
                                     .level = 1,
                                     .subject = "disk",
                                     .about = "",
                                     .raised_at = T0,
                                     .told_at = T0,
                                     .cleared_at = DK_NEVER,
                                     .acked_at = DK_NEVER};
static const struct dk_tally tally[] = {
    {DK_T_RECEIVED, 20000, 20000, "u1", "water", 1, 1},
    {DK_T_ACCEPTED, 20001, 20001, "u2", "", 0, 2}};
static const uint8_t blocks[2 * DK_HASH_LEN];

/* What is there before: cases 1 to 3, one task of each of the first two dead,
 * an alert, a load, an alert of the office's own.
 */
static void furnish(struct world *w)
{
    struct batch *b = batch_new();

    for (int64_t i = 1; i <= 3; i++)
        submit(w, i);
    add_fail(b, 10, 3, true, "it would not");
    add_fail(b, 21, 3, true, "nor this");
    add_alert(b, KEY(1), 1, "red", "u1");
    add_load(b, "u1", "h1", 2);
    add_load(b, "u2", "h2", 1);
    struct dk_case *c = make_case(KEY(3), 1, DK_S_SUBMITTED, "u1", "h1");
    give_co(c, "u9", "h9");
    add_case(b, c, false);
    b->ch.office = &office;
    b->ch.n_office = 1;
    assert_int_equal(commit(w, b), 0);
}

static void add_changed_cases(const struct world *w, struct batch *b)
{
    struct dk_case *c = make_case(KEY(1), 2, DK_S_SUBMITTED, "", "");

    add_event(w, b, KEY(1), 2, DK_EV_URGED, "{}");
    struct dk_clock *k =
        give_clock(c, "transfer", T0 + DK_DAY, T0 + 6 * DK_DAY);
    k->state = DK_CLOCK_STOPPED;
    k->stopped_at = T0 + 1;
    add_case(b, c, false); /* nothing that a list is about changes */
    add_clocks(b, c);
    add_event(w, b, KEY(2), 2, DK_EV_ASSIGNED, "{}");
    c = make_case(KEY(2), 2, DK_S_REGISTERED, "u2", "h2");
    give_clock(c, "answer", T0 + DK_DAY, T0 + 2 * DK_DAY);
    give_co(c, "u3", "h3");
    add_case(b, c, false);
    add_clocks(b, c);
    c = make_case(KEY(3), 1, DK_S_SUBMITTED, "u1", "h1");
    give_co(c, "u8", ""); /* another beside it than before */
    add_case(b, c, false);
}

static struct batch *everything(const struct world *w, struct store_ckpt *ckpt)
{
    struct batch *b = batch_new();

    add_submission(w, b, 4); /* its id shares a slot with that of 3 */
    add_submission(w, b, 5);
    add_changed_cases(w, b);
    b->done[b->ch.n_task_done++] = 11; /* open */
    b->done[b->ch.n_task_done++] = 10; /* dead */
    b->done[b->ch.n_task_done++] = 99; /* nowhere */
    add_fail(b, 20, 1, false, "once more");
    add_fail(b, 30, 3, true, "never again");
    add_fail(b, 99, 3, true, "nowhere");
    b->retry[b->ch.n_task_retry++] = 21;
    b->retry[b->ch.n_task_retry++] = 99;
    add_alert(b, KEY(2), 2, "red", "u2");
    add_ack(b, KEY(1), 1);
    b->person[b->ch.n_person++] =
        (struct store_person){.key = KEY(1), .seal = STORE_ERASED};
    b->forget[b->ch.n_forget++] = uuid(1);
    add_load(b, "u1", "h1", 3);
    add_load(b, "u2", "h2", 0);
    b->ch.office = &office;
    b->ch.n_office = 1;
    b->ch.tally = tally;
    b->ch.n_tally = 2;
    *ckpt = (struct store_ckpt){.number = 1,
                                .from = 1,
                                .to = 3,
                                .text = "text",
                                .text_len = 4,
                                .blocks = blocks,
                                .n_block = 2};
    b->ch.ckpt = ckpt;
    b->ch.test_now = T0;
    return b;
}

static int commit_everything(struct world *w)
{
    struct store_ckpt ckpt;

    return commit(w, everything(w, &ckpt));
}

static struct world *furnished(void)
{
    struct world *w = world_new(true);

    w->opt.test_clock = true;
    w->opt.test_now = T0 - DK_DAY;
    assert_int_equal(world_open(w), 0);
    furnish(w);
    return w;
}

/* What there is when nothing fails. */
static char *dump_of_a_good_one(void)
{
    struct world *w = furnished();

    assert_int_equal(commit_everything(w), 0);
    char *text = dump(w->st, 6);
    world_free(w);
    return text;
}

/* ---- commits ------------------------------------------------------------- */

static void no_part_of_a_refused_commit_is_there(void **state)
{
    static const struct {
        int code, rc;
        bool undone;
        long every; /* step, or each so many */
    } kinds[] = {
        {SQLITE_FULL, DK_EFULL, false, 1},
        {SQLITE_FULL, DK_EFULL, true, 3},
        {SQLITE_NOMEM, DK_ENOMEM, false, 3},
        {SQLITE_IOERR_NOMEM, DK_ENOMEM, true, 19},
        {SQLITE_CONSTRAINT, DK_EBUG, false, 19},
        {SQLITE_TOOBIG, DK_EBUG, false, 19},
        {SQLITE_RANGE, DK_EBUG, false, 19},
    };
    char *after = dump_of_a_good_one();

    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct world *w = furnished();
        char *before = dump(w->st, 6);
        long n;

        for (n = 1; n < 500; n += kinds[k].every) {
            arm(n, kinds[k].code);
            steps.undone = kinds[k].undone;
            int rc = commit_everything(w);
            bool struck = steps.calls >= n;
            disarm();
            if (!struck)
                break;
            if (rc != kinds[k].rc)
                fail_msg("step %ld with %d: %d", n, kinds[k].code, rc);
            char *now = dump(w->st, 6);
            assert_string_equal(now, before);
            free(now);
        }
        assert_in_range(n, 50, 499);
        char *now = dump(w->st, 6);
        assert_string_equal(now, after);
        free(now);
        free(before);
        world_free(w);
    }
    free(after);
}

/* The disk fails, or there is no way back to before: whoever goes on may not
 * believe anything, and what is there is read anew.
 */
static void after_a_failed_disk_only_an_opening_tells(void **state)
{
    bool struck = true;
    long n;

    (void)state;
    for (n = 1; struck && n < 500; n += 5) {
        for (int forever = 0; forever < (n % 2 == 1 ? 2 : 1); forever++) {
            struct world *w = furnished();
            char *before = dump(w->st, 6);

            arm(n, forever != 0 ? SQLITE_FULL : SQLITE_IOERR);
            steps.forever = forever != 0;
            int rc = commit_everything(w);
            struck = steps.calls >= n;
            disarm();
            /* Without a step of BEGIN there is nothing to go back from. */
            if (struck && forever != 0 && n == 1)
                assert_int_equal(rc, DK_EFULL);
            else if (struck)
                assert_int_equal(rc, DK_EIO);
            if (rc == DK_EIO) {
                assert_int_equal(commit_everything(w), DK_EIO);
                world_reopen(w);
            }
            if (struck) {
                char *now = dump(w->st, 6);
                assert_string_equal(now, before);
                free(now);
            }
            free(before);
            world_free(w);
        }
    }
    assert_in_range(n, 50, 499);
}

/* After a disk that had no room the log is moved before the next try: that it
 * cannot be is no reason not to try, that the disk failed is one.
 */
static void room_is_made_before_the_next_try(void **state)
{
    static const struct {
        int moving, rc;
    } kinds[] = {{SQLITE_OK, 0},
                 {SQLITE_FULL, 0},
                 {SQLITE_NOMEM, DK_ENOMEM},
                 {SQLITE_IOERR_FSYNC, DK_EIO}};

    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct world *w = furnished();
        char *before = dump(w->st, 6);

        arm(2, SQLITE_FULL);
        assert_int_equal(commit_everything(w), DK_EFULL);
        disarm();
        moving = kinds[k].moving;
        assert_int_equal(commit_everything(w), kinds[k].rc);
        moving = 0;
        if (kinds[k].rc == DK_EIO)
            world_reopen(w);
        char *now = dump(w->st, 6);
        assert_int_equal(strcmp(now, before) != 0, kinds[k].rc == 0);
        if (kinds[k].rc != 0)
            assert_int_equal(commit_everything(w), 0);
        free(now);
        free(before);
        world_free(w);
    }
}

/* The log is moved after the commit that made it long: where that fails, the
 * commit is on the disk, and is not told; nor is any after it.
 */
static void
a_commit_is_not_told_when_the_log_after_it_cannot_be_moved(void **state)
{
    static char big[30000];
    struct world *w = furnished();
    uint32_t n = 0;
    int rc = DK_OK;

    (void)state;
    memset(big, 'x', sizeof big - 1);
    moving = SQLITE_IOERR_FSYNC;
    while (rc == DK_OK && n < 3000) {
        struct batch *b = batch_new();
        add_event(w, b, KEY(99), ++n, DK_EV_URGED, big);
        rc = commit(w, b);
    }
    moving = 0;
    assert_int_equal(rc, DK_EIO);
    assert_true(n > 8); /* not at once: only when it is long */
    int64_t told = w->seq;
    world_reopen(w);
    assert_int_equal(w->info.last_seq, told + 1); /* the one that said no */
    world_free(w);
}

/* ---- reads --------------------------------------------------------------- */

static int rows;

#define SINK(name, type)                                                       \
    static int name(void *arg, const struct type *row)                         \
    {                                                                          \
        (void)arg;                                                             \
        (void)row;                                                             \
        rows++;                                                                \
        return 0;                                                              \
    }
SINK(on_event, dk_event)
SINK(on_due, store_due)
SINK(on_task, store_task_row)
SINK(on_info, store_task_info)
SINK(on_case, store_case_row)
SINK(on_alert, store_alert_row)
SINK(on_office, store_office)
SINK(on_clock, store_clock_row)
SINK(on_person, store_person)
SINK(on_load, store_load)
SINK(on_day, store_day)
SINK(on_tally, dk_tally)
SINK(on_ckpt, store_ckpt)

static int read_keys(struct store *st)
{
    const int64_t key[2] = {KEY(1), KEY(2)};
    const struct dk_uuid id[2] = {uuid(3), uuid(4)};
    struct dk_case *c[2] = {NULL, NULL};
    struct store_request r[2];
    bool found[2];
    struct store_person p = {.data = NULL};
    struct store_task_info t;
    dk_ms due;
    int32_t seq;
    int64_t n, last;
    int rc = store_load_cases(st, key, 2, c);

    rows += (c[0] != NULL) + (c[1] != NULL);
    dk_case_free(c[0]);
    dk_case_free(c[1]);
    if (rc == 0)
        rc = store_find_requests(st, id, 2, r, found);
    if (rc == 0)
        rc = store_person_get(st, KEY(2), &p);
    free((void *)(uintptr_t)p.data);
    if (rc == 0)
        rc = store_task_get(st, 30, &t);
    if (rc == 0)
        rc = store_next_due(st, &due);
    if (rc == 0)
        rc = store_day_seq(st, 20270101, &seq);
    if (rc == 0)
        rc = store_next_unassigned(st, DK_S_SUBMITTED, 0, 9, &n, &last);
    if (rc == 0)
        rc = store_next_seal(st, STORE_ERASED, &n);
    if (rc == 0)
        rc = store_seal_rows(st, 7, 9, &n);
    if (rc == 0)
        rc = store_task_count(st, DK_SVC_ASSIGN, false, 9, &n);
    return rc;
}

static int read_lists(struct store *st)
{
    struct store_case_filter cases = {.state = -1, .unit = "u3"};
    struct store_alert_filter alerts = {.open = true};
    struct store_clock_filter clocks = {.due_before = DK_NEVER};
    struct store_tally_filter sums = {.measures = UINT64_MAX,
                                      .from = INT32_MIN,
                                      .to = INT32_MAX,
                                      .known = INT32_MAX};
    int rc = store_list_cases(st, &cases, 9, on_case, NULL);

    if (rc == 0)
        rc = store_list_alerts(st, &alerts, 9, on_alert, NULL);
    if (rc == 0)
        rc = store_list_clocks(st, &clocks, 9, on_clock, NULL);
    if (rc == 0)
        rc = store_tally(st, &sums, 9, on_tally, NULL);
    return rc;
}

static int read_rows(struct store *st)
{
    int rc = store_events(st, 0, 9, on_event, NULL);

    if (rc == 0)
        rc = store_case_events(st, KEY(1), 0, 9, on_event, NULL);
    if (rc == 0)
        rc = store_due_clocks(st, DK_NEVER, 9, on_due, NULL);
    if (rc == 0)
        rc = store_tasks(st, DK_SVC_ASSIGN, 0, 9, on_task, NULL);
    for (int dead = 0; rc == 0 && dead < 2; dead++)
        rc = store_task_list(st, dead != 0, -1, 9, on_info, NULL);
    if (rc == 0)
        rc = store_list_office(st, true, 0, 9, on_office, NULL);
    if (rc == 0)
        rc = store_persons(st, 7, 0, 9, on_person, NULL);
    if (rc == 0)
        rc = store_loads(st, on_load, NULL);
    if (rc == 0)
        rc = store_list_days(st, 0, 9, on_day, NULL);
    if (rc == 0)
        rc = store_list_ckpt(st, 0, 9, on_ckpt, NULL);
    if (rc == 0)
        rc = store_ckpt_newest(st, on_ckpt, NULL);
    if (rc == 0)
        rc = store_ckpt_covering(st, 2, on_ckpt, NULL);
    return rc;
}

static int read_everything(struct store *st)
{
    int rc = read_keys(st);

    rows = rc == 0 ? rows : 0;
    if (rc == 0)
        rc = read_lists(st);
    return rc == 0 ? read_rows(st) : rc;
}

static void a_read_tells_all_or_why_not(void **state)
{
    struct world *w = furnished();
    long n;

    (void)state;
    assert_int_equal(commit_everything(w), 0);
    rows = 0;
    assert_int_equal(read_everything(w->st), 0);
    int all = rows;
    for (n = 1; n < 500; n++) {
        arm(n, SQLITE_NOMEM);
        int rc = read_everything(w->st);
        bool struck = steps.calls >= n;
        disarm();
        if (!struck)
            break;
        if (rc != DK_ENOMEM)
            fail_msg("step %ld: %d", n, rc);
        rows = 0;
        assert_int_equal(read_everything(w->st), 0); /* it stays usable */
        assert_int_equal(rows, all);
    }
    assert_in_range(n, 50, 499);
    for (long i = 1; i < n; i += 5) {
        arm(i, SQLITE_IOERR_READ);
        assert_int_equal(read_everything(w->st), DK_EIO);
        disarm();
        assert_int_equal(read_everything(w->st), DK_EIO); /* and not again */
        world_reopen(w);
    }
    world_free(w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_part_of_a_refused_commit_is_there),
        cmocka_unit_test(after_a_failed_disk_only_an_opening_tells),
        cmocka_unit_test(room_is_made_before_the_next_try),
        cmocka_unit_test(
            a_commit_is_not_told_when_the_log_after_it_cannot_be_moved),
        cmocka_unit_test(a_read_tells_all_or_why_not),
    };

    use_memory_disk();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
