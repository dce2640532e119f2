/* test_watch_house.c - the watch in a whole daemon: what it sees goes through
 * the batch, survives a failed write and a restart, and costs nothing while
 * nothing changes.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/daemon.h"
#include "tests/support/folder.h"

#define NOW INT64_C(1778029200000) /* 2026-05-06T09:00+08:00 */

struct world {
    char dir[64];
    struct config cfg;
    struct daemon d;
};

static void build(struct world *w)
{
    snprintf(w->cfg.data, sizeof(w->cfg.data), "%s", w->dir);
    assert_int_equal(daemon_build(&w->d, &w->cfg), 0);
}

/* A daemon that sees nothing but its backup, which is not there. */
static struct world *world_new(bool file)
{
    struct world *w = calloc(1, sizeof(*w));

    folder_make(w->dir, sizeof(w->dir), "test_watch");
    config_defaults(&w->cfg);
    w->cfg.county = 330699;
    w->cfg.test_clock = true;
    w->cfg.test_time = NOW;
    w->cfg.full_pause_ms = 1;
    w->cfg.watch.settle_s = 0;
    w->cfg.watch.no_worker_s = 0;
    snprintf(w->cfg.watch.backup, sizeof(w->cfg.watch.backup), "%s/backup",
             w->dir);
    if (file)
        snprintf(w->cfg.store, sizeof(w->cfg.store), "sqlite:%s/db", w->dir);
    else
        strcpy(w->cfg.store, "mem:");
    snprintf(w->cfg.clients, sizeof(w->cfg.clients), "ipc://%s/c", w->dir);
    snprintf(w->cfg.workers, sizeof(w->cfg.workers), "ipc://%s/w", w->dir);
    log_set_level(LOG_ERR_);
    build(w);
    return w;
}

static void world_free(struct world *w)
{
    char command[80];

    daemon_tear_down(&w->d);
    snprintf(command, sizeof(command), "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
}

/* The housekeeping timer, and the tick that it may ask for. */
static void look(struct world *w)
{
    w->d.watch.look_at = w->d.watch.ask_at = 0;
    w->d.pause_until = 0;
    watch_house(&w->d);
    if (evtimer_pending(w->d.again, NULL)) {
        evtimer_del(w->d.again);
        spine_tick(&w->d);
    }
}

struct found {
    int n;
    struct store_office row[20];
};

static int on_row(void *arg, const struct store_office *o)
{
    struct found *f = arg;

    f->row[f->n] = *o;
    f->row[f->n].subject = f->row[f->n].about = NULL; /* gone with the call */
    f->n++;
    return 0;
}

static struct found list(struct world *w, bool open)
{
    struct found f = {0};

    assert_int_equal(store_list_office(w->d.st, open, 0, 20, on_row, &f), 0);
    return f;
}

static void touch_backup(struct world *w, bool there)
{
    if (there) {
        FILE *f = fopen(w->cfg.watch.backup, "w");
        assert_non_null(f);
        fclose(f);
    } else {
        assert_int_equal(unlink(w->cfg.watch.backup), 0);
    }
}

static void
test_an_alert_is_committed_once_and_nothing_is_written_after(void **state)
{
    struct world *w = world_new(false);

    (void)state;
    look(w);
    struct found f = list(w, true);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.row[0].kind, DK_W_BACKUP);
    assert_int_equal(f.row[0].id, 1);
    assert_int_equal(f.row[0].value, -1);
    assert_int_equal(f.row[0].raised_at, NOW);
    int64_t commits = w->d.stats.commits;
    for (int i = 0; i < 1000; i++)
        look(w);
    assert_int_equal(w->d.stats.commits, commits);
    touch_backup(w, true);
    look(w);
    assert_int_equal(list(w, true).n, 0);
    f = list(w, false);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.row[0].cleared_at, NOW);
    touch_backup(w, false);
    look(w);
    f = list(w, false);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.row[0].id, 2);
    world_free(w);
}

static void
test_a_full_disk_is_an_alert_as_soon_as_it_can_be_written(void **state)
{
    struct world *w = world_new(false);
    struct dk_jw out = {0};

    (void)state;
    store_fault(w->d.st, 1, 2, DK_EFULL, false);
    look(w); /* backup: the write fails */
    assert_int_equal(list(w, true).n, 0);
    look(w); /* a while later only: the disk is not asked all the time */
    assert_int_equal(w->d.stats.commits_failed, 1);
    w->d.watch.retry_at = 0;
    look(w);
    assert_int_equal(w->d.stats.commits_failed, 2);
    dk_jw_obj(&out, NULL);
    watch_write_stats(&w->d, &out);
    dk_jw_end_obj(&out);
    assert_string_equal(
        out.buf,
        "{\"office\":{\"open\":0,\"unacked\":0,\"unwritten\":2,\"kinds\":{}}}");
    dk_jw_fini(&out);
    w->d.watch.retry_at = 0;
    look(w); /* there is room again */
    struct found f = list(w, true);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.row[0].kind, DK_W_STORAGE_FULL);
    assert_int_equal(f.row[1].kind, DK_W_BACKUP);
    w->d.watch.full_at -= 60000; /* nothing failed for a minute */
    look(w);
    f = list(w, true);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.row[0].kind, DK_W_BACKUP);
    world_free(w);
}

static void test_a_mistake_of_its_own_does_not_stop_the_office(void **state)
{
    struct world *w = world_new(false);

    (void)state;
    store_fault(w->d.st, 1, 1, DK_EBUG, false);
    look(w);
    assert_int_equal(list(w, true).n, 0);
    assert_true(w->d.watch.retry_at > mono_now() + 30000);
    assert_int_equal(w->d.exit_code, 0);
    spine_tick(&w->d); /* goes on without it */
    assert_int_equal(w->d.stats.commits_failed, 1);
    w->d.watch.retry_at = 0;
    look(w);
    assert_int_equal(list(w, true).n, 1);
    world_free(w);
}

static void test_a_failed_read_ends_the_daemon_as_any_other(void **state)
{
    static const int codes[] = {DK_ENOMEM, DK_EIO};

    (void)state;
    for (int c = 0; c < 2; c++) {
        for (int64_t n = 1; n <= 4; n++) {
            struct world *w = world_new(false);
            store_fault(w->d.st, n, 1, codes[c], true);
            w->d.watch.look_at = w->d.watch.ask_at = 0;
            watch_house(&w->d);
            store_fault(w->d.st, 0, 0, 0, false);
            assert_int_equal(w->d.exit_code, codes[c] == DK_EIO ? EX_IOERR : 0);
            w->d.exit_code = 0;
            world_free(w);
        }
    }
}

static void test_open_alerts_outlive_a_restart(void **state)
{
    struct world *w = world_new(true);

    (void)state;
    look(w);
    assert_int_equal(list(w, true).n, 1);
    daemon_tear_down(&w->d);
    build(w);
    look(w);
    struct found f = list(w, false);
    assert_int_equal(f.n, 1); /* neither twice nor forgotten */
    assert_int_equal(f.row[0].told, 1);
    w->d.wall.test_now += DK_DAY; /* and told again after its day */
    look(w);
    f = list(w, true);
    assert_int_equal(f.row[0].told, 2);
    assert_int_equal(f.row[0].told_at, NOW + DK_DAY);
    touch_backup(w, true);
    daemon_tear_down(&w->d);
    w->cfg.test_time = NOW;
    build(w);
    look(w); /* mended while nobody looked */
    assert_int_equal(list(w, true).n, 0);
    touch_backup(w, false);
    look(w);
    f = list(w, true);
    assert_int_equal(f.row[0].id, 2);
    world_free(w);
}

/* ---- cases and tasks ----------------------------------------------------- */

static void put_case_about(struct world *w, int64_t no, const char *unit,
                           dk_ms at, const char *officer)
{
    char body[] = "{}";
    struct dk_case *c = dk_case_new();
    struct dk_jw doc = {0};
    struct dk_event e = {.seq = w->d.info.last_seq + 1,
                         .key = 20260506000000 + no,
                         .n = 1,
                         .at = at,
                         .claimed = DK_NEVER,
                         .actor = "kiosk",
                         .body = body,
                         .body_len = 2};
    const struct dk_event *events[] = {&e};

    assert_non_null(c);
    c->key = e.key;
    c->n = 1;
    c->state = DK_S_SUBMITTED;
    c->petitioners = 1;
    c->submitted_at = c->recorded_at = c->updated_at = at;
    c->subject = strdup("路灯不亮");
    snprintf(c->unit, sizeof(c->unit), "%s", unit);
    c->n_respondent = officer[0] != '\0';
    snprintf(c->respondent[0].officer, sizeof(c->respondent[0].officer), "%s",
             officer);
    dk_case_write(&doc, NULL, c, 330699, 480);
    const struct store_case_put put = {
        .c = c, .is_new = true, .doc = doc.buf, .doc_len = doc.len};
    const struct store_task task = {.id = e.seq * TASK_STEP,
                                    .service = DK_SVC_ASSIGN,
                                    .key = e.key,
                                    .n = 1};
    const struct store_changes ch = {.event = events,
                                     .n_event = 1,
                                     .kase = &put,
                                     .n_case = 1,
                                     .task_new = &task,
                                     .n_task_new = 1,
                                     .test_now = DK_NEVER};
    assert_int_equal(store_commit(w->d.st, &ch), 0);
    w->d.info.last_seq++;
    w->d.stats.commits++; /* it was not the spine's */
    dk_jw_fini(&doc);
    dk_case_free(c);
}

static void put_case(struct world *w, int64_t no, const char *unit, dk_ms at)
{
    put_case_about(w, no, unit, at, "");
}

static void end_task(struct world *w, int64_t seq)
{
    int64_t id = seq * TASK_STEP;
    const struct store_changes ch = {
        .task_done = &id, .n_task_done = 1, .test_now = DK_NEVER};

    assert_int_equal(store_commit(w->d.st, &ch), 0);
    w->d.stats.commits++;
}

static int count(struct world *w, enum dk_watch_kind kind)
{
    struct found f = list(w, true);
    int n = 0;

    for (int i = 0; i < f.n; i++)
        n += f.row[i].kind == (int)kind;
    return n;
}

static void test_the_oldest_case_without_a_unit_is_told_by_its_age(void **state)
{
    struct world *w = world_new(false);

    (void)state;
    for (int64_t i = 1; i <= 1200; i++) /* more than one slice */
        put_case(w, i, "u-1", NOW - 30 * DK_DAY);
    put_case(w, 1201, "", NOW - 23 * DK_HOUR);
    put_case(w, 1202, "", NOW - 2 * DK_HOUR);
    for (int i = 0; i < 6; i++)
        look(w);
    assert_int_equal(count(w, DK_W_UNASSIGNED), 0);
    w->d.wall.test_now += DK_HOUR + DK_SECOND;
    look(w);
    assert_int_equal(count(w, DK_W_UNASSIGNED), 1);
    assert_int_equal(w->d.watch.lone, 20260506001201);
    world_free(w);
}

/* What office.list says to somebody; the caller frees it. */
static char *office_as(struct world *w, const char *name, unsigned roles)
{
    struct item it = {.kind = ITEM_READ, .who = {.roles = roles}};
    struct dk_problem p = {0};
    struct dk_jw out = {0};

    snprintf(it.who.name, sizeof(it.who.name), "%s", name);
    it.body = cJSON_CreateObject();
    assert_int_equal(read_office(&w->d, &it, &out, &p), 0);
    cJSON_Delete(it.body);
    return out.buf;
}

/* Once as one that waits to be written, and once written. */
static void test_a_case_is_named_only_to_who_may_see_it(void **state)
{
    static const struct {
        const char *name;
        unsigned roles;
        bool named;
    } asks[] = {{"zhao", DK_ROLE_SUPERVISOR, false},
                {"zhao", DK_ROLE_AUDITOR, false},
                {"zhao", DK_ROLE_ADMINISTRATOR, true},
                {"li", DK_ROLE_SUPERVISOR, true},
                {"li", DK_ROLE_AUDITOR, true}};
    struct world *w = world_new(false);

    (void)state;
    put_case_about(w, 7, "", NOW - 30 * DK_HOUR, "zhao");
    for (int written = 0; written <= 1; written++) {
        w->d.watch.ask_at = 0;
        if (written)
            look(w);
        else
            watch_house(&w->d);
        assert_int_equal(count(w, DK_W_UNASSIGNED), written);
        for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
            char *text = office_as(w, asks[i].name, asks[i].roles);
            assert_non_null(strstr(text, "\"kind\":\"unassigned\""));
            if ((strstr(text, "330699-20260506-000007") != NULL) !=
                asks[i].named)
                fail_msg("%zu, %d: %s", i, written, text);
            assert_int_equal(strstr(text, "that you may not see") != NULL,
                             !asks[i].named);
            free(text);
        }
    }
    world_free(w);
}

static void test_the_oldest_task_is_told_by_its_age(void **state)
{
    struct world *w = world_new(false);

    (void)state;
    put_case(w, 1, "u-1", NOW - 14 * DK_MINUTE);
    put_case(w, 2, "u-1", NOW);
    look(w);
    assert_int_equal(count(w, DK_W_QUEUE), 0);
    w->d.wall.test_now += DK_MINUTE + DK_SECOND;
    look(w);
    assert_int_equal(count(w, DK_W_QUEUE), 1);
    end_task(w, 1);
    look(w);
    assert_int_equal(count(w, DK_W_QUEUE), 0);
    end_task(w, 2);
    w->d.wall.test_now += DK_DAY;
    look(w);
    assert_int_equal(count(w, DK_W_QUEUE), 0);
    world_free(w);
}

static void
test_a_case_that_loses_its_unit_is_found_behind_the_search(void **state)
{
    struct world *w = world_new(false);
    struct dk_case *c = dk_case_new();

    (void)state;
    for (int64_t i = 1; i <= 3; i++)
        put_case(w, i, "u-1", NOW);
    look(w);
    assert_true(w->d.watch.after[0] == 20260506000003);
    c->key = 20260506000002; /* as the spine hands it over after a commit */
    c->state = DK_S_SUBMITTED;
    batch_reset(&w->d.batch, NOW);
    assert_int_equal(batch_add_slot(&w->d.batch, c->key, c, false), 0);
    watch_settle(&w->d, DK_OK);
    assert_true(w->d.watch.after[0] == 20260506000001);
    world_free(w);
}

static void test_a_clock_that_is_set_back_is_told_and_stays(void **state)
{
    struct world *w = world_new(false);

    (void)state;
    look(w);
    w->d.wall.test_now -= 10 * DK_SECOND; /* allowed */
    look(w);
    assert_int_equal(count(w, DK_W_CLOCK_JUMP), 0);
    w->d.wall.test_now -= DK_DAY;
    look(w);
    assert_int_equal(count(w, DK_W_CLOCK_JUMP), 1);
    int64_t commits = w->d.stats.commits;
    for (int i = 0; i < 50; i++)
        look(w);
    assert_int_equal(count(w, DK_W_CLOCK_JUMP), 1);
    assert_int_equal(w->d.stats.commits, commits);
    world_free(w);
}

static void test_a_limit_of_zero_switches_off_and_clears(void **state)
{
    struct world *w = world_new(true);

    (void)state;
    w->cfg.watch.disk_mb = 1000000000;
    look(w);
    assert_int_equal(count(w, DK_W_DISK), 1);
    daemon_tear_down(&w->d);
    w->cfg.watch.disk_mb = 0;
    w->cfg.watch.backup[0] = '\0';
    build(w);
    look(w);
    assert_int_equal(list(w, true).n, 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_an_alert_is_committed_once_and_nothing_is_written_after),
        cmocka_unit_test(
            test_a_full_disk_is_an_alert_as_soon_as_it_can_be_written),
        cmocka_unit_test(test_a_mistake_of_its_own_does_not_stop_the_office),
        cmocka_unit_test(test_a_failed_read_ends_the_daemon_as_any_other),
        cmocka_unit_test(test_open_alerts_outlive_a_restart),
        cmocka_unit_test(
            test_the_oldest_case_without_a_unit_is_told_by_its_age),
        cmocka_unit_test(test_a_case_is_named_only_to_who_may_see_it),
        cmocka_unit_test(test_the_oldest_task_is_told_by_its_age),
        cmocka_unit_test(
            test_a_case_that_loses_its_unit_is_found_behind_the_search),
        cmocka_unit_test(test_a_clock_that_is_set_back_is_told_and_stays),
        cmocka_unit_test(test_a_limit_of_zero_switches_off_and_clears),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
