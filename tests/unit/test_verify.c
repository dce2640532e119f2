/* What verify finds: a store is made by the daemon's own code, one thing in the
 * file is changed as a failing disk or a careless hand might, and verify must
 * say which case it was and what.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#include "daemon/apply_task.h"
#include "daemon/daemon.h"
#include "proto/caseno.h"
#include "proto/uuid.h"
#include "tests/support/folder.h"

#define START  INT64_C(1778029200000) /* 2026-05-06T09:00+08:00 */
#define KEY(n) (INT64_C(20260506000000) + (n))

struct office {
    char dir[64], path[96];
    struct config cfg;
    struct daemon d;
    dk_ms now;
};

static void open_store(struct office *o)
{
    struct dk_problem p = {0};
    uint8_t random[48] = {7};
    struct store_options opt = {.county = 330699, .create = true};

    persons_fini(&o->d);
    persons_open(&o->d, &opt);
    if (store_open(o->cfg.store, &opt, random, &o->d.st, &o->d.info, &p) != 0)
        fail_msg("%s", p.detail);
    if (persons_ready(&o->d, &p) != 0)
        fail_msg("%s", p.detail);
}

static int open_office(void **state)
{
    struct office *o = calloc(1, sizeof(*o));

    assert_non_null(o);
    assert_true(sodium_init() >= 0);
    folder_make(o->dir, sizeof(o->dir), "dk-verify");
    snprintf(o->path, sizeof(o->path), "%s/docket.db", o->dir);
    config_defaults(&o->cfg);
    o->cfg.county = 330699;
    o->cfg.offset_min = 480;
    snprintf(o->cfg.seal.key, sizeof(o->cfg.seal.key), "%s/seal.key", o->dir);
    snprintf(o->cfg.store, sizeof(o->cfg.store), "sqlite:%s", o->path);
    o->d.cfg = &o->cfg;
    o->now = START;
    batch_init(&o->d.batch, 1);
    loads_init(&o->d.loads, 2);
    open_store(o);
    *state = o;
    return 0;
}

static int close_office(void **state)
{
    struct office *o = *state;
    char line[80];

    store_close(o->d.st);
    persons_fini(&o->d);
    batch_fini(&o->d.batch);
    loads_fini(&o->d.loads);
    snprintf(line, sizeof(line), "rm -rf '%s'", o->dir);
    assert_int_equal(system(line), 0);
    free(o);
    return 0;
}

/* ---- work ---------------------------------------------------------------- */

static void commit(struct office *o)
{
    struct batch *b = &o->d.batch;

    assert_false(b->broken);
    assert_int_equal(
        batch_collect(b, &o->d.loads, o->d.info.last_seq + 1, 330699, 480), 0);
    assert_int_equal(store_commit(o->d.st, &b->changes), 0);
    o->d.info.last_seq += (int64_t)b->events.n;
    loads_clean(&o->d.loads);
}

/* `more`: further members, each with a comma before it. */
static void submit_with(struct office *o, int n, const char *more)
{
    char body[600];
    struct dk_problem p = {0};

    o->now += DK_MINUTE;
    batch_reset(&o->d.batch, o->now);
    struct item *it = batch_item(&o->d.batch);
    assert_non_null(it);
    snprintf(body, sizeof(body),
             "{\"submission_id\":\"0192f0c0-%04d-7000-8000-0123456789ab\","
             "\"channel\":\"kiosk\",\"subject\":\"路灯\",\"facts\":\"坏了\","
             "\"region\":\"A县\",\"category\":\"城乡建设/供水\","
             "\"persons\":[{\"name\":\"某人\"}]%s}",
             n, more);
    assert_int_equal(dk_json_parse_obj(body, strlen(body), 4096, &it->body, &p),
                     0);
    assert_int_equal(dk_submit_read(it->body, &it->submit, &p), 0);
    it->kind = ITEM_SUBMIT;
    it->id = it->submit.submission;
    apply_item(&o->d, it);
    commit(o);
}

static void submit(struct office *o, int n)
{
    submit_with(o, n, "");
}

/* One action on the case of the batch under way. */
static void act(struct office *o, int n, enum dk_action action, unsigned by,
                const char *actor, const char *args)
{
    struct dk_problem p = {0};
    struct slot *s = batch_slot(&o->d.batch, KEY(n));
    cJSON *a = args != NULL ? cJSON_Parse(args) : NULL;
    struct dk_command cmd = {.action = action,
                             .by = by,
                             .actor = actor,
                             .claimed = DK_NEVER,
                             .args = a};

    assert_non_null(s);
    if (apply_command(&o->d, s->c, &cmd, &p) != 0)
        fail_msg("%s: %s", dk_action_name(action), p.detail);
    apply_load(&o->d, s);
    cJSON_Delete(a);
}

static void begin(struct office *o, int n, dk_ms at)
{
    int64_t key = KEY(n);
    struct dk_case *c = NULL;

    o->now = at;
    batch_reset(&o->d.batch, o->now);
    assert_int_equal(store_load_cases(o->d.st, &key, 1, &c), 0);
    assert_non_null(c);
    assert_int_equal(batch_add_slot(&o->d.batch, key, c, false), 0);
}

static const char by_law[] =
    "{\"clock\":\"answer\",\"basis\":1,\"started_at\":"
    "\"2026-05-06T09:00:00+08:00\",\"due_at\":\"2026-05-22T00:00:00+08:00\","
    "\"on_due\":\"overdue\",\"stops_on\":[\"answered\"],\"rungs\":["
    "{\"id\":\"yellow\",\"at\":\"2026-05-10T00:00:00+08:00\"},"
    "{\"id\":\"red\",\"at\":\"2026-05-12T00:00:00+08:00\"},"
    "{\"id\":\"later\",\"at\":\"2026-07-12T00:00:00+08:00\"}]}";
static const char notice[] =
    "{\"clock\":\"notice\",\"basis\":1,\"started_at\":"
    "\"2026-05-06T09:00:00+08:00\",\"due_at\":\"2026-05-30T00:00:00+08:00\","
    "\"on_due\":\"overdue\",\"stops_on\":[\"accepted\"],\"rungs\":[]}";
static const char alert[] =
    "{\"clock\":\"answer\",\"clock_no\":1,\"rung\":\"%s\",\"level\":\"%s\","
    "\"to\":[\"handler:h1\"],\"text\":{\"zh-CN\":\"期限\",\"en\":\"limit\"}}";

static void raise(struct office *o, int n, const char *rung, const char *level)
{
    char args[300];

    snprintf(args, sizeof(args), alert, rung, level);
    act(o, n, DK_ACT_ALERT, DK_BY_WORKER, "worker:escalate", args);
}

/* A case with a limit that is over, one that has stopped, an alert that was
 * acknowledged and one that was not, and tasks open and dead.
 */
static void live(struct office *o, int n)
{
    submit(o, n);
    begin(o, n, o->now + DK_MINUTE);
    act(o, n, DK_ACT_CLOCK, DK_BY_WORKER, "worker:deadline", by_law);
    act(o, n, DK_ACT_CLOCK, DK_BY_WORKER, "worker:deadline", notice);
    commit(o);
    begin(o, n, o->now + DK_MINUTE); /* the unit comes after the clocks */
    act(o, n, DK_ACT_REGISTER, DK_BY_CLIENT, "officer:li", "{}");
    act(o, n, DK_ACT_ASSIGN, DK_BY_CLIENT, "officer:li",
        "{\"unit\":\"u1\",\"handler\":\"h1\"}");
    act(o, n, DK_ACT_TRANSFER, DK_BY_CLIENT, "officer:li", "{}");
    commit(o);
    begin(o, n, START + 5 * DK_DAY);
    act(o, n, DK_ACT_FIRE, DK_BY_BROKER, "docketd", NULL);
    raise(o, n, "yellow", "yellow"); /* of u1, although u2 has it after */
    act(o, n, DK_ACT_TRANSFER, DK_BY_CLIENT, "officer:li", "{\"unit\":\"u2\"}");
    act(o, n, DK_ACT_ACCEPT, DK_BY_CLIENT, "officer:li", "{}");
    act(o, n, DK_ACT_ADD_CO_HANDLER, DK_BY_CLIENT, "officer:li",
        "{\"unit\":\"u3\",\"handler\":\"h3\"}");
    commit(o);
}

static void be_late(struct office *o, int n)
{
    struct dk_case *c;
    char ack[40];

    begin(o, n, START + 20 * DK_DAY);
    act(o, n, DK_ACT_FIRE, DK_BY_BROKER, "docketd", NULL);
    raise(o, n, "overdue", "overdue");
    c = batch_slot(&o->d.batch, KEY(n))->c;
    snprintf(ack, sizeof(ack), "{\"alert\":%u}", c->alert[0]);
    act(o, n, DK_ACT_ACK_ALERT, DK_BY_BROKER, "officer:li", ack);
    commit(o);
}

struct found {
    int64_t id, key;
};

static int on_task(void *arg, const struct store_task_info *t)
{
    struct found *f = arg;

    if (t->t.key == f->key)
        f->id = t->t.id;
    return 0;
}

static void let_a_task_die(struct office *o, int n)
{
    struct found f = {.key = KEY(n)};

    assert_int_equal(
        store_task_list(o->d.st, false, -1, INT64_MAX, on_task, &f), 0);
    assert_int_not_equal(f.id, 0);
    struct store_task_fail fail = {f.id, 5, true, START, "too often"};
    struct store_changes ch = {
        .task_fail = &fail, .n_task_fail = 1, .test_now = DK_NEVER};
    assert_int_equal(store_commit(o->d.st, &ch), 0);
}

static void three_cases(struct office *o)
{
    for (int n = 1; n <= 3; n++) {
        live(o, n);
        be_late(o, n);
        let_a_task_die(o, n);
        o->now = START;
    }
}

/* ---- looking ------------------------------------------------------------- */

/* Everything that verify says to `who`, in slices of `limit`; the caller frees
 * it.
 */
static cJSON *verify_as(struct office *o, const struct dk_who *who, int limit,
                        int *slices)
{
    cJSON *all = cJSON_CreateArray();
    char body[200];
    char next[150] = "";

    *slices = 0;
    do {
        struct item it = {.kind = ITEM_READ, .who = *who};
        struct dk_problem p = {0};
        struct dk_jw w = {0};
        snprintf(body, sizeof(body),
                 next[0] == '\0' ? "{\"limit\":%d}"
                                 : "{\"limit\":%d,\"after\":\"%s\"}",
                 limit, next);
        it.body = cJSON_Parse(body);
        if (read_verify(&o->d, &it, &w, &p) != 0)
            fail_msg("%s", p.detail);
        assert_true(w.len <= DK_REPLY_MAX);
        cJSON *r = cJSON_Parse(w.buf);
        assert_non_null(r);
        cJSON *f = cJSON_GetObjectItemCaseSensitive(r, "faults");
        while (cJSON_GetArraySize(f) > 0)
            cJSON_AddItemToArray(all, cJSON_DetachItemFromArray(f, 0));
        const char *n =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r, "next"));
        snprintf(next, sizeof(next), "%s", n != NULL ? n : "");
        cJSON_Delete(r);
        cJSON_Delete(it.body);
        dk_jw_fini(&w);
        assert_true(++*slices < 1000);
    } while (next[0] != '\0');
    return all;
}

static cJSON *verify(struct office *o, int limit, int *slices)
{
    const struct dk_who all = {.roles = DK_ROLE_ADMINISTRATOR};

    return verify_as(o, &all, limit, slices);
}

static const char *text_of(const cJSON *o, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
}

/* Is `what` told of case 2 (or of none), and nothing of its neighbours? */
static bool is_told(const cJSON *faults, const char *what)
{
    const cJSON *f;
    char no[DK_CASE_NO_MAX];
    bool told = false;

    dk_case_no_format(330699, KEY(2), no);
    cJSON_ArrayForEach (f, faults) {
        const char *of = text_of(f, "case_no");

        if (of != NULL && strcmp(of, no) != 0)
            return false;
        told = told || strcmp(text_of(f, "what"), what) == 0;
    }
    return told;
}

static void run_sql(const struct office *o, const char *sql)
{
    sqlite3 *db = NULL;
    char *err = NULL;

    assert_int_equal(sqlite3_open(o->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &err) != SQLITE_OK)
        fail_msg("%s: %s", sql, err);
    if (sqlite3_total_changes(db) == 0)
        fail_msg("changes nothing: %s", sql);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void copy_file(const char *from, const char *to)
{
    char line[240];

    snprintf(line, sizeof(line), "cp '%s' '%s'", from, to);
    assert_int_equal(system(line), 0);
}

#define K     "20260506000002"
#define OF(t) " WHERE key = " K t

static const struct {
    const char *what, *sql;
} damages[] = {
    {"changed-event", "UPDATE event SET at = at + 1" OF(" AND n = 3")},
    {"bad-event", "UPDATE event SET hash = x'00'" OF(" AND n = 3")},
    {"bad-event", "UPDATE event SET type = 999" OF(" AND n = 3")},
    {"missing-event", "DELETE FROM event" OF(" AND n = 3")},
    {"missing-event", "DELETE FROM event" OF(" AND n = (SELECT max(n) FROM "
                                             "event WHERE key = " K ")")},
    {"missing-event", "DELETE FROM event" OF("")},
    {"missing-case", "DELETE FROM case_file" OF("")},
    {"bad-case", "UPDATE case_file SET doc = 'x'" OF("")},
    {"bad-case", "UPDATE case_file SET doc = '{}'" OF("")},
    {"case-differs", "UPDATE case_file SET doc = "
                     "replace(doc, '\"u2\"', '\"u9\"')" OF("")},
    {"case-differs", "UPDATE case_file SET state = state + 1" OF("")},
    {"case-differs", "UPDATE case_file SET overdue = 0" OF("")},
    {"case-differs", "UPDATE case_file SET overdue = 2" OF("")},
    {"case-differs", "UPDATE case_file SET unit = 'u1'" OF("")},
    {"case-differs", "UPDATE case_file SET handler = 'h9'" OF("")},
    {"case-differs", "UPDATE case_file SET region = NULL" OF("")},
    {"case-differs", "UPDATE case_file SET category = '城乡建设'" OF("")},
    {"truncated-chain", "UPDATE case_file SET hash = zeroblob(32)" OF("")},
    {"truncated-chain", "UPDATE case_file SET hash = x''" OF("")},
    {"missing-clock", "DELETE FROM clock" OF("")},
    {"extra-clock", "INSERT INTO clock SELECT key, 'notice', unit, 0, 0, "
                    "due_at, fire_at FROM clock" OF("")},
    {"extra-clock", "INSERT INTO clock SELECT key, 'x' || char(7), unit, 0, "
                    "0, due_at, fire_at FROM clock" OF("")},
    {"clock-differs", "UPDATE clock SET fire_at = fire_at + 1" OF("")},
    {"clock-differs", "UPDATE clock SET fire_at = NULL" OF("")},
    {"clock-differs", "UPDATE clock SET due_at = due_at + 86400000" OF("")},
    {"clock-differs", "UPDATE clock SET state = 1" OF("")},
    {"clock-differs", "UPDATE clock SET overdue = 0" OF("")},
    {"clock-differs", "UPDATE clock SET unit = 'u1'" OF("")},
    {"missing-alert", "DELETE FROM alert" OF("")},
    {"missing-alert", "DELETE FROM alert" OF(" AND acked_at IS NULL")},
    {"extra-alert", "INSERT INTO alert SELECT key, n + 1, raised_at, due_at, "
                    "acked_at, acked_by, level, unit, clock, rung "
                    "FROM alert" OF(" AND acked_at IS NOT NULL")},
    {"alert-differs", "UPDATE alert SET acked_at = NULL, acked_by = "
                      "NULL" OF(" AND acked_at IS NOT NULL")},
    {"alert-differs", "UPDATE alert SET acked_at = 1, acked_by = "
                      "'officer:x'" OF(" AND acked_at IS NULL")},
    {"alert-differs",
     "UPDATE alert SET acked_by = 'officer:x'" OF(" AND acked_at IS NOT NULL")},
    {"alert-differs", "UPDATE alert SET raised_at = raised_at + 1" OF("")},
    {"alert-differs", "UPDATE alert SET due_at = due_at + 1" OF("")},
    {"alert-differs", "UPDATE alert SET level = 'reminder'" OF("")},
    {"alert-differs", "UPDATE alert SET unit = 'u2'" OF(" AND level = "
                                                        "'yellow'")},
    {"alert-differs", "UPDATE alert SET clock = 'notice'" OF("")},
    {"alert-differs", "UPDATE alert SET rung = 'red'" OF("")},
    {"missing-request", "DELETE FROM request" OF("")},
    {"missing-request", "UPDATE request SET id = x'00'" OF("")},
    {"request-differs", "UPDATE request SET key = key - 1" OF("")},
    {"person-differs", "DELETE FROM person" OF("")},
    {"person-differs",
     "UPDATE person SET data = CAST(data || 'x' AS BLOB)" OF("")},
    {"person-differs",
     "UPDATE person SET data = (SELECT data FROM person WHERE key <> " K
     ")" OF("")}, /* another case's */
    {"person-differs",
     "UPDATE person SET data = zeroblob(length(data))" OF("")},
    {"person-differs", "UPDATE person SET data = x''" OF("")},
    {"person-differs", "UPDATE person SET data = zeroblob(length(data)), "
                       "seal = -9223372036854775807 - 1" OF("")},
    {"person-differs",
     "UPDATE person SET seal = -9223372036854775807 - 1" OF("")},
    {"stray-task", "UPDATE task_assign SET n = 77" OF("")},
    {"stray-task", "UPDATE task_deadline SET n = n + 1" OF(
                       " AND id = (SELECT min(id) FROM task_deadline WHERE "
                       "key = " K ")")},
    {"stray-task", "UPDATE task_dead SET n = 77" OF("")},
    {"stray-task",
     "INSERT INTO task_escalate VALUES (1, " K ", 1, 0, NULL, NULL)"},
    {"stray-task", "INSERT INTO task_escalate VALUES (-5, 77, 1, 0, NULL, "
                   "NULL)"},
    {"bad-key", "INSERT INTO clock VALUES (77, 'x', '', 0, 0, 5, 5)"},
    {"bad-key", "INSERT INTO clock VALUES (-77, 'x', '', 0, 0, 5, 5)"},
    {"extra-clock", "DELETE FROM event" OF("; DELETE FROM case_file") OF("")},
    {"wrong-total", "UPDATE total SET alerts_open = 0"},
    {"wrong-total", "UPDATE total SET tasks_open = tasks_open - 1"},
    {"wrong-total", "UPDATE total SET tasks_dead = 0"},
    {"wrong-total", "UPDATE total SET cases = 4"},
    {"case-differs", "UPDATE case_file SET urgent = 1" OF("")},
    {"case-differs", "UPDATE case_file SET due = 5" OF("")},
    {"case-differs", "UPDATE case_file SET grp = key" OF("")},
    {"case-differs", "UPDATE case_beside SET unit = 'u4'" OF("")},
    {"case-differs", "UPDATE case_beside SET handler = ''" OF("")},
    {"case-differs", "UPDATE case_beside SET open = 0" OF("")},
    {"case-differs", "DELETE FROM case_beside" OF("")},
    {"case-differs", "INSERT INTO case_beside VALUES (" K ", 'u5', '', 1)"},
    {"bad-key", "INSERT INTO case_beside VALUES (77, 'u5', '', 1)"},
    {"wrong-tally", "UPDATE tally SET n = n + 1 WHERE measure = 0"},
    {"wrong-tally", "UPDATE tally SET day = day + 1 WHERE measure = 0"},
    {"wrong-tally", "UPDATE tally SET unit = 'u9' WHERE measure = 2"},
    {"wrong-tally", "DELETE FROM tally WHERE measure = 2"},
    {"wrong-tally", "INSERT INTO tally VALUES (3, 20000, 'u1', '', 0, 20000, "
                    "1)"},
    {"wrong-tally", "UPDATE total SET tally = tally + 1"},
};

static void a_store_as_it_was_written_has_no_fault(void **state)
{
    struct office *o = *state;
    int slices;

    three_cases(o);
    for (int limit = 1; limit <= 200; limit = limit * 3 + 1) {
        cJSON *faults = verify(o, limit, &slices);
        char *text = cJSON_Print(faults);

        if (cJSON_GetArraySize(faults) != 0)
            print_error("%s\n", text);
        assert_int_equal(cJSON_GetArraySize(faults), 0);
        /* Three cases, their tasks, their dead letters: in turn. */
        if (limit == 1)
            assert_true(slices > 9);
        if (limit > 100)
            assert_int_equal(slices, 1);
        free(text);
        cJSON_Delete(faults);
    }
}

static void each_damage_is_told_of_its_case_and_of_no_other(void **state)
{
    struct office *o = *state;
    char good[112];

    three_cases(o);
    store_close(o->d.st);
    o->d.st = NULL;
    snprintf(good, sizeof(good), "%s.good", o->path);
    copy_file(o->path, good);
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        copy_file(good, o->path);
        run_sql(o, damages[i].sql);
        open_store(o);
        for (int limit = 1; limit <= 200; limit += 199) {
            int slices;
            cJSON *faults = verify(o, limit, &slices);
            char *text = cJSON_PrintUnformatted(faults);
            if (!is_told(faults, damages[i].what))
                fail_msg("%s, slices of %d: %s", damages[i].sql, limit, text);
            free(text);
            cJSON_Delete(faults);
        }
        submit(o, 100 + (int)i); /* and the store serves on */
        store_close(o->d.st);
        o->d.st = NULL;
    }
}

/* Erased as its event says; and what the event says was not done. */
static void erased_personal_data_is_no_fault(void **state)
{
    struct office *o = *state;
    struct store_person row;
    int slices;

    three_cases(o);
    for (int done = 0; done <= 1; done++) {
        if (done) {
            struct store_person none = {.key = KEY(2), .seal = STORE_ERASED};
            struct store_changes ch = {
                .person = &none, .n_person = 1, .test_now = DK_NEVER};
            assert_int_equal(store_commit(o->d.st, &ch), 0);
        } else {
            begin(o, 2, o->now + DK_MINUTE);
            act(o, 2, DK_ACT_ERASE_PERSON, DK_BY_BROKER, "officer:li",
                "{\"reason\":\"依申请\"}");
            commit(o);
        }
        cJSON *faults = verify(o, 100, &slices);
        assert_int_equal(cJSON_GetArraySize(faults), !done);
        assert_int_equal(is_told(faults, "person-differs"), !done);
        cJSON_Delete(faults);
    }
    assert_int_equal(store_person_get(o->d.st, KEY(2), &row), 0);
    assert_true(row.len > 100);
    assert_true(sodium_is_zero(row.data, row.len));
    free((void *)(uintptr_t)row.data);
}

static void a_cursor_that_verify_did_not_give_is_refused(void **state)
{
    static const char *const bad[] = {
        "x", "c", "c1x", "t", "d9999999999999999999999", "330699-20260506"};
    struct office *o = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct item it = {.kind = ITEM_READ};
        struct dk_problem p = {0};
        struct dk_jw w = {0};

        it.body = cJSON_CreateObject();
        cJSON_AddStringToObject(it.body, "after", bad[i]);
        assert_int_equal(read_verify(&o->d, &it, &w, &p), DK_EFIELD);
        assert_string_equal(p.pointer, "/after");
        cJSON_Delete(it.body);
        dk_jw_fini(&w);
    }
}

static void a_fault_of_a_hidden_case_is_told_without_its_number(void **state)
{
    static const char *const hurt[] = {
        "DELETE FROM request" OF(""), "UPDATE case_file SET doc = 'x'" OF(""),
        "UPDATE event SET body = '{}'" OF(" AND n = 1"),
        "UPDATE event SET hash = x'00'" OF(" AND n = 1"),
        "INSERT INTO task_escalate VALUES (1, " K ", 1, 0, NULL, NULL)"};
    const struct dk_who zhao = {.name = "zhao", .roles = DK_ROLE_AUDITOR};
    const struct dk_who li = {.name = "li", .roles = DK_ROLE_AUDITOR};
    struct office *o = *state;
    char good[112], no[DK_CASE_NO_MAX];
    int slices;

    submit(o, 1);
    submit_with(o, 2, ",\"respondents\":[{\"officer\":\"zhao\"}]");
    submit(o, 3);
    dk_case_no_format(330699, KEY(2), no);
    store_close(o->d.st);
    snprintf(good, sizeof(good), "%s.good", o->path);
    copy_file(o->path, good);
    for (size_t i = 0; i < sizeof(hurt) / sizeof(hurt[0]); i++) {
        copy_file(good, o->path);
        run_sql(o, hurt[i]);
        open_store(o);
        cJSON *named = verify_as(o, &li, 100, &slices);
        cJSON *told = verify_as(o, &zhao, 100, &slices);
        char *text = cJSON_Print(told);
        assert_true(cJSON_GetArraySize(named) > 0);
        assert_string_equal(text_of(named->child, "case_no"), no);
        assert_int_equal(cJSON_GetArraySize(told), cJSON_GetArraySize(named));
        if (strstr(text, no) != NULL || strstr(text, "task 1 ") != NULL)
            fail_msg("%s: %s", hurt[i], text);
        assert_string_equal(text_of(told->child, "what"),
                            text_of(named->child, "what"));
        free(text);
        cJSON_Delete(told);
        cJSON_Delete(named);
        store_close(o->d.st);
    }
    o->d.st = NULL;
}

static void many_faults_come_in_slices_that_fit(void **state)
{
    enum {
        COPIES = 220
    };
    struct office *o = *state;
    char *sql = NULL;
    size_t len = 0;
    int few, most;

    submit(o, 1);
    store_close(o->d.st);
    FILE *f = open_memstream(&sql, &len);
    assert_non_null(f);
    fputs("CREATE TEMP TABLE one AS SELECT * FROM case_file;", f);
    for (int i = 0; i < COPIES; i++) /* with eleven missing before each */
        fputs("UPDATE one SET key = key + 12;"
              "INSERT INTO case_file SELECT * FROM one;",
              f);
    fprintf(f, "UPDATE day SET seq = %d;", 1 + 12 * COPIES);
    assert_int_equal(fclose(f), 0);
    run_sql(o, sql);
    free(sql);
    open_store(o);
    cJSON *all = verify(o, 200, &few);
    cJSON *again = verify(o, 3, &most);
    assert_true(cJSON_GetArraySize(all) > 11 * COPIES);
    assert_int_equal(cJSON_GetArraySize(all), cJSON_GetArraySize(again));
    assert_true(few > 2 && few < most);
    cJSON_Delete(all);
    cJSON_Delete(again);
}

int main(void)
{
#define IN(f) cmocka_unit_test_setup_teardown(f, open_office, close_office)
    const struct CMUnitTest tests[] = {
        IN(a_store_as_it_was_written_has_no_fault),
        IN(each_damage_is_told_of_its_case_and_of_no_other),
        IN(erased_personal_data_is_no_fault),
        IN(a_cursor_that_verify_did_not_give_is_refused),
        IN(a_fault_of_a_hidden_case_is_told_without_its_number),
        IN(many_faults_come_in_slices_that_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
