/* The desk and the handing out of tasks, with workers that are nothing but a
 * name and with the test's own time: who gets a task next, who does not, and
 * that no task is forgotten whatever becomes of the worker that had it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include <cmocka.h>
#include <zmq.h>

#include "daemon/daemon.h"
#include "proto/uuid.h"
#include "tests/support/folder.h"

#define WORKERS 8

/* ---- workers that are a name --------------------------------------------- */

static struct {
    int says; /* what sending to it comes to */
    int64_t got[16];
    int n, beats;
} worker[WORKERS];
static dk_ms now;
static bool no_room; /* no list of the desk's can grow */

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap */
int __real_zev_send(struct zev *z, const struct zev_peer *peer,
                    const char *type, const char *request, const char *body,
                    size_t len);
int __wrap_zev_send(struct zev *z, const struct zev_peer *peer,
                    const char *type, const char *request, const char *body,
                    size_t len);
int __wrap_zev_send(struct zev *z, const struct zev_peer *peer,
                    const char *type, const char *request, const char *body,
                    size_t len)
{
    if (peer->id[0] != 'w') /* libzmq's own begin with a zero */
        return __real_zev_send(z, peer, type, request, body, len);
    int i = peer->id[1];
    if (i >= WORKERS)
        return DK_OK;
    if (worker[i].says != DK_OK)
        return worker[i].says;
    worker[i].beats += strcmp(type, "heartbeat") == 0;
    if (strcmp(type, "task") != 0)
        return DK_OK;
    cJSON *o = cJSON_ParseWithLength(body, len);
    const char *id =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "task_id"));
    worker[i].got[worker[i].n++] = strtoll(id, NULL, 10);
    cJSON_Delete(o);
    return DK_OK;
}

dk_ms __wrap_mono_now(void);
dk_ms __wrap_mono_now(void)
{
    return now;
}

int __real_vec_grow_(void **v, size_t *cap, size_t n, size_t size);
int __wrap_vec_grow_(void **v, size_t *cap, size_t n, size_t size);
int __wrap_vec_grow_(void **v, size_t *cap, size_t n, size_t size)
{
    return no_room ? DK_ENOMEM : __real_vec_grow_(v, cap, n, size);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* ---- an office ----------------------------------------------------------- */

struct world {
    char dir[64];
    struct config cfg;
    struct daemon d;
    void *zctx, *client;
    int cases;
};

static int open_world(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    int zero = 0;

    memset(worker, 0, sizeof(worker));
    now = 1000;
    folder_make(w->dir, sizeof(w->dir), "dk-desk");
    config_defaults(&w->cfg);
    w->cfg.county = 330699;
    w->cfg.heartbeat_ms = 60000;
    w->cfg.lease_ms = 5000;
    strcpy(w->cfg.store, "mem:");
    snprintf(w->cfg.data, sizeof(w->cfg.data), "%s", w->dir);
    snprintf(w->cfg.clients, sizeof(w->cfg.clients), "ipc://%s/c", w->dir);
    snprintf(w->cfg.workers, sizeof(w->cfg.workers), "ipc://%s/w", w->dir);
    log_set_level(LOG_ERR_);
    assert_int_equal(daemon_build(&w->d, &w->cfg), 0);
    w->zctx = zmq_ctx_new();
    w->client = zmq_socket(w->zctx, ZMQ_DEALER);
    zmq_setsockopt(w->client, ZMQ_LINGER, &zero, sizeof(zero));
    zmq_connect(w->client, w->cfg.clients);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    char line[96];

    zmq_close(w->client);
    zmq_ctx_term(w->zctx);
    daemon_tear_down(&w->d);
    snprintf(line, sizeof(line), "rm -rf '%s'", w->dir);
    free(w);
    return system(line);
}

/* What lies before the spine is done. */
static void turn(struct world *w)
{
    spine_tick(&w->d);
    event_base_loop(w->d.base, EVLOOP_NONBLOCK);
}

/* A case more: an open task more for each of two services. */
static void submit(struct world *w)
{
    struct dk_uuid u;
    uint8_t rnd[10] = {7, 0, 0, 0, (uint8_t)w->cases++};
    char id[DK_UUID_TEXT], body[256], part[512];
    time_t until = time(NULL) + 60;
    int n;

    dk_uuid_v7(&u, INT64_C(1778029200000), rnd);
    dk_uuid_format(&u, id);
    snprintf(body, sizeof(body),
             "{\"submission_id\":\"%s\",\"channel\":\"kiosk\",\"subject\":"
             "\"路灯\",\"facts\":\"坏了\"}",
             id);
    zmq_send(w->client, DK_VERSION_FRAME, 4, ZMQ_SNDMORE);
    zmq_send(w->client, "case.submit", 11, ZMQ_SNDMORE);
    zmq_send(w->client, "1", 1, ZMQ_SNDMORE);
    zmq_send(w->client, body, strlen(body), 0);
    while ((n = zmq_recv(w->client, part, sizeof(part), ZMQ_DONTWAIT)) < 0) {
        assert_true(time(NULL) <= until);
        turn(w);
    }
    n = zmq_recv(w->client, part, sizeof(part), 0);
    assert_int_equal(n, 2);
    assert_memory_equal(part, "ok", 2);
    zmq_recv(w->client, part, sizeof(part), 0);
    zmq_recv(w->client, part, sizeof(part), 0);
}

static struct zev_peer peer(int i)
{
    return (struct zev_peer){.id = {'w', (uint8_t)i, (uint8_t)(i >> 8)},
                             .len = 3};
}

static struct session *hello(struct world *w, int i, int credit)
{
    struct zev_peer p = peer(i);

    return desk_hello(&w->d, &p, DK_SVC_ASSIGN, "w", credit);
}

static struct lease *lease_of(struct world *w, int i, int nth)
{
    assert_true(nth < worker[i].n);
    struct lease *l = desk_find(&w->d.desk, worker[i].got[nth]);
    assert_non_null(l);
    return l;
}

/* The worker answered: what the spine makes of it. */
static void answered(struct world *w, int i, int nth)
{
    struct lease *l = lease_of(w, i, nth);

    l->session->leased--;
    desk_answered(&w->d, l);
}

/* ---- sessions ------------------------------------------------------------ */

static void names_of_any_length_are_told_apart(void **state)
{
    struct world *w = *state;
    struct zev_peer a = {.id = {'w', 100}, .len = 200};
    struct zev_peer b = a, c = a;

    b.id[199] = 1;
    c.id[199] = 2;
    struct session *sa = desk_hello(&w->d, &a, DK_SVC_ASSIGN, "a", 1);
    struct session *sb = desk_hello(&w->d, &b, DK_SVC_ASSIGN, "b", 1);
    assert_ptr_equal(desk_session(&w->d.desk, &a), sa);
    assert_ptr_equal(desk_session(&w->d.desk, &b), sb);
    assert_null(desk_session(&w->d.desk, &c));
    desk_end(&w->d, sa, "test");
    assert_null(desk_session(&w->d.desk, &a));
    assert_ptr_equal(desk_session(&w->d.desk, &b), sb);
}

static void there_is_a_bound_for_workers(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < DESK_SESSION_MAX; i++)
        assert_non_null(hello(w, i, 1));
    assert_null(hello(w, DESK_SESSION_MAX, 1));
    assert_non_null(hello(w, 5, 2)); /* one of them, again */
    assert_int_equal(w->d.desk.n_session, DESK_SESSION_MAX);
    desk_end(&w->d, w->d.desk.session[0], "test");
    no_room = true; /* there would be place, but no memory for it */
    struct zev_peer p = peer(DESK_SESSION_MAX);
    w->d.desk.cap_session = w->d.desk.n_session;
    assert_null(desk_hello(&w->d, &p, DK_SVC_ASSIGN, "w", 1));
    no_room = false;
    assert_non_null(hello(w, DESK_SESSION_MAX, 1));
}

static void who_is_silent_or_gone_is_given_up(void **state)
{
    struct world *w = *state;

    hello(w, 0, 1);
    hello(w, 1, 1);
    hello(w, 2, 1);
    now += w->cfg.heartbeat_ms;
    worker[1].says = DK_ENOTFOUND;
    desk_house(&w->d);
    assert_int_equal(w->d.desk.n_session, 2);
    assert_int_equal(worker[0].beats, 1);
    now += 2 * w->cfg.heartbeat_ms + 1;
    w->d.desk.session[0]->last_seen = now;
    desk_house(&w->d);
    assert_int_equal(w->d.desk.n_session, 1);
}

/* ---- who is next --------------------------------------------------------- */

static void a_worker_whose_queue_is_full_is_not_well(void **state)
{
    struct world *w = *state;

    submit(w);
    submit(w);
    hello(w, 0, 4);
    hello(w, 1, 4);
    worker[0].says = DK_EBUSY;
    worker[1].says = DK_ENOTFOUND;
    turn(w);
    assert_int_equal(w->d.desk.n_session, 0);
    hello(w, 2, 4);
    turn(w);
    assert_int_equal(worker[2].n, 2);
}

static void who_let_a_lease_end_comes_last(void **state)
{
    struct world *w = *state;
    struct session *s = hello(w, 0, 2);

    submit(w);
    assert_int_equal(worker[0].n, 1);
    now += w->cfg.lease_ms + 1;
    desk_house(&w->d);
    assert_true(s->late);
    turn(w); /* the attempt is recorded; nobody else is there: it again */
    assert_int_equal(w->d.stats.tasks_lost, 1);
    assert_int_equal(worker[0].n, 2);
    assert_true(lease_of(w, 0, 1)->suspect);
    hello(w, 1, 1);
    submit(w);
    assert_int_equal(worker[1].n, 1); /* and not the one that has a suspect */
    assert_int_equal(worker[0].n, 2);
    answered(w, 0, 1);
    submit(w); /* 1 has no credit left */
    assert_int_equal(worker[0].n, 3);
    answered(w, 0, 2);
    answered(w, 1, 0);
    submit(w);
    assert_int_equal(worker[1].n, 2); /* 0 is free, too, but was late */
}

static void a_suspect_waits_for_a_worker_that_has_nothing_else(void **state)
{
    struct world *w = *state;

    submit(w);
    submit(w);
    hello(w, 0, 1);
    turn(w);
    struct session *s = hello(w, 1, 4);
    turn(w);
    assert_int_equal(worker[0].n, 1);
    assert_int_equal(worker[1].n, 1);
    desk_end(&w->d, w->d.desk.session[0], "test");
    turn(w);
    assert_int_equal(worker[1].n, 1); /* it has another task */
    assert_true(s->kept);
    submit(w);
    assert_int_equal(worker[1].n, 1); /* and gets no more of the new ones */
    answered(w, 1, 0);
    turn(w);
    assert_int_equal(worker[1].n, 2);
    assert_int_equal(worker[1].got[1], worker[0].got[0]);
    assert_true(s->alone);
    answered(w, 1, 1);
    turn(w);
    assert_int_equal(worker[1].n, 3);
}

static void at_most_half_of_the_workers_have_suspects(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 3; i++)
        submit(w);
    hello(w, 0, 3);
    turn(w);
    assert_int_equal(worker[0].n, 3);
    desk_end(&w->d, w->d.desk.session[0], "test");
    turn(w);
    for (int i = 1; i <= 4; i++)
        hello(w, i, 4);
    w->d.desk.session[3]->bye = true; /* it wants none */
    turn(w);
    int n = 0;
    for (int i = 1; i <= 4; i++)
        n += worker[i].n;
    assert_int_equal(n, 1); /* of three that would take one */
    w->d.desk.session[3]->bye = false;
    turn(w);
    for (int i = 1, all = 0; i <= 4; i++) {
        all += worker[i].n;
        assert_true(worker[i].n <= 1);
        assert_true(i < 4 || all == 2);
    }
}

/* ---- nothing is forgotten ------------------------------------------------ */

static void a_new_worker_wakes_what_waits_but_no_suspect(void **state)
{
    struct world *w = *state;

    submit(w);
    submit(w);
    struct session *s = hello(w, 0, 4);
    turn(w);
    struct lease *a = lease_of(w, 0, 0), *b = lease_of(w, 0, 1);
    s->leased = 0;
    b->suspect = true;
    desk_again(&w->d, a, 1, 100000);
    desk_again(&w->d, b, 1, 100000);
    turn(w);
    assert_int_equal(worker[0].n, 2);
    hello(w, 1, 4);
    turn(w);
    assert_int_equal(worker[0].n + worker[1].n, 3);
    assert_int_equal(a->state, LEASE_OUT);
    assert_int_equal(b->state, LEASE_WAITING);
    now += 100000;
    for (size_t i = 0; i < w->d.desk.n_session; i++)
        w->d.desk.session[i]->last_seen = now;
    turn(w);
    assert_int_equal(b->state, LEASE_OUT);
}

static void a_task_whose_answer_is_in_work_is_not_lost_as_well(void **state)
{
    struct world *w = *state;

    submit(w);
    struct session *s = hello(w, 0, 4);
    turn(w);
    struct lease *l = lease_of(w, 0, 0);
    l->state = LEASE_BUSY;
    desk_end(&w->d, s, "test");
    assert_int_equal(w->d.desk.n_lost, 0);
    assert_null(l->session);
}

static void what_could_not_be_noted_is_found_again(void **state)
{
    struct world *w = *state;

    submit(w);
    struct session *s = hello(w, 0, 4);
    turn(w);
    struct lease *l = lease_of(w, 0, 0);
    no_room = true;
    desk_end(&w->d, s, "test");
    no_room = false;
    assert_int_equal(w->d.desk.n_lost, 0);
    assert_int_equal(l->state, LEASE_OUT);
    desk_house(&w->d);
    assert_int_equal(w->d.desk.n_lost, 1);
    turn(w);
    hello(w, 1, 4);
    turn(w);
    assert_int_equal(worker[1].n, 1);
    no_room = true; /* nor can be kept in mind for another attempt */
    l = lease_of(w, 1, 0);
    l->session->leased--;
    l->session->alone = false;
    desk_again(&w->d, l, 2, 0);
    no_room = false;
    assert_null(desk_find(&w->d.desk, worker[1].got[0]));
    turn(w);
    assert_int_equal(worker[1].n, 2); /* read again */
    assert_int_equal(worker[1].got[1], worker[1].got[0]);
}

static void a_dead_letter_that_lives_again_is_looked_for(void **state)
{
    struct world *w = *state;
    struct desk *k = &w->d.desk;

    memset(k->more, 0, sizeof(k->more));
    k->cursor[0] = 100;
    desk_revive(k, 7); /* of a service that there is not */
    assert_int_equal(k->cursor[0], 100);
    desk_revive(k, 8);
    assert_true(k->more[0] && !k->more[1]);
    assert_int_equal(k->cursor[0], 7);
    desk_revive(k, 40); /* lies before it all the same */
    assert_int_equal(k->cursor[0], 7);
}

static void an_earlier_run_left_suspects(void **state)
{
    struct world *w = *state;

    submit(w);
    struct session *s = hello(w, 0, 1);
    turn(w);
    int64_t id = worker[0].got[0];
    struct store_task_fail fail = {.id = id, .attempts = 1, .reason = "x"};
    struct store_changes ch = {
        .task_fail = &fail, .n_task_fail = 1, .test_now = DK_NEVER};
    assert_int_equal(store_commit(w->d.st, &ch), 0);
    desk_answered(&w->d, lease_of(w, 0, 0)); /* as after a start */
    s->leased = 0;
    w->d.desk.cursor[0] = 0;
    w->d.desk.more[0] = true;
    turn(w);
    assert_int_equal(worker[0].n, 2);
    assert_true(lease_of(w, 0, 1)->suspect);
    assert_int_equal(lease_of(w, 0, 1)->attempts, 1);
}

static void what_is_done_meanwhile_is_not_handed_out(void **state)
{
    struct world *w = *state;

    submit(w);
    struct session *s = hello(w, 0, 1);
    turn(w);
    int64_t id = worker[0].got[0];
    struct store_changes ch = {
        .task_done = &id, .n_task_done = 1, .test_now = DK_NEVER};
    assert_int_equal(store_commit(w->d.st, &ch), 0);
    s->leased = 0;
    desk_again(&w->d, lease_of(w, 0, 0), 1, 0);
    turn(w);
    assert_int_equal(worker[0].n, 1);
    assert_null(desk_find(&w->d.desk, id));
    assert_int_equal(w->d.desk.n_waiting[0], 0);
}

/* Tasks that cannot be read: come later, or after another start. */
static void tasks_that_cannot_be_read_are_not_passed_over(void **state)
{
    struct world *w = *state;

    submit(w);
    hello(w, 0, 4);
    store_fault(w->d.st, 1, 1, DK_ENOMEM, true);
    desk_dispatch(&w->d);
    assert_int_equal(worker[0].n, 0);
    desk_dispatch(&w->d);
    assert_int_equal(worker[0].n, 1);
    struct lease *l = lease_of(w, 0, 0);
    l->session->leased--;
    desk_again(&w->d, l, 1, 0);
    store_fault(w->d.st, 1, 1, DK_ENOMEM, true);
    desk_dispatch(&w->d);
    assert_int_equal(worker[0].n, 1);
    assert_int_equal(w->d.exit_code, 0);
    store_fault(w->d.st, 1, 1, DK_EIO, true);
    desk_dispatch(&w->d);
    assert_int_equal(w->d.exit_code, EX_IOERR);
    assert_int_equal(l->state, LEASE_WAITING);
}

/* ---- one item after the other -------------------------------------------- */

static struct item *item(struct world *w, enum item_kind kind, int64_t task)
{
    struct item *it = batch_item(&w->d.batch);

    assert_non_null(it);
    it->kind = kind;
    it->task_id = task;
    it->actor = "officer:li";
    return it;
}

static int64_t refused(const struct world *w, int code)
{
    return w->d.stats.refused[-code];
}

/* An open task becomes a dead letter; its id. */
static int64_t a_dead_letter(struct world *w)
{
    submit(w);
    hello(w, 0, 1);
    turn(w);
    int64_t id = worker[0].got[0];
    struct store_task_fail fail = {
        .id = id, .attempts = 9, .dead = true, .reason = "x"};
    struct store_changes ch = {
        .task_fail = &fail, .n_task_fail = 1, .test_now = DK_NEVER};
    assert_int_equal(store_commit(w->d.st, &ch), 0);
    return id;
}

static void two_of_one_batch_do_not_both_take_a_dead_letter(void **state)
{
    static const enum item_kind how[] = {ITEM_RETRY, ITEM_DROP};
    struct world *w = *state;
    struct batch *b = &w->d.batch;
    int64_t id = a_dead_letter(w);

    for (int i = 0; i < 4; i++) {
        int64_t before = refused(w, DK_ESTATE);
        batch_reset(b, 1);
        assert_int_equal(vec_grow(&b->done, &b->cap_done, 4), DK_OK);
        b->done[b->n_done++] = id + 4; /* another's is not in the way */
        apply_item(&w->d, item(w, how[i / 2], id));
        apply_item(&w->d, item(w, how[i % 2], id));
        assert_int_equal(b->n_done + b->n_retry, 2);
        assert_int_equal(refused(w, DK_ESTATE), before + 1);
    }
    batch_reset(b, 1);
    for (int i = 0; i < 2; i++) { /* nor is it lost when it cannot be read */
        store_fault(w->d.st, 1, 1, DK_ENOMEM, true);
        apply_item(&w->d, item(w, how[i], id));
    }
    assert_int_equal(b->n_done + b->n_retry, 0);
    assert_int_equal(refused(w, DK_ENOMEM), 2);
    batch_reset(b, 1);
}

static void an_answer_about_no_case_is_an_attempt(void **state)
{
    struct world *w = *state;
    struct batch *b = &w->d.batch;
    struct lease l = {.task_id = 400, .attempts = 1};

    batch_reset(b, 1);
    for (int64_t key = 0; key < 2; key++) {
        struct item *it = item(w, ITEM_RESULT, 0);
        it->lease = &l;
        it->key = 7 + key; /* 7 is not loaded, of 8 there is no case */
        if (key == 1)
            assert_int_equal(batch_add_slot(b, it->key, NULL, false), 0);
        apply_item(&w->d, it);
        assert_true(it->refused);
        assert_int_equal(b->n_fail, key + 1);
        assert_int_equal(b->fail[key].id, 400);
        assert_int_equal(b->fail[key].attempts, 2);
    }
    assert_int_equal(refused(w, DK_ENOTFOUND), 2);
    assert_int_equal(b->n_done, 0);
    batch_reset(b, 1);
}

static int on_case(void *arg, const struct store_case_row *row)
{
    *(int64_t *)arg = row->key;
    return 0;
}

/* Else a row that says due for ever would be asked about at every turn. */
static void a_clock_that_is_not_due_after_all_is_written_anew(void **state)
{
    struct world *w = *state;
    struct store_case_filter all = {.state = -1};
    int64_t key = 0;

    submit(w);
    assert_int_equal(store_list_cases(w->d.st, &all, 1, on_case, &key), 0);
    batch_reset(&w->d.batch, 1);
    item(w, ITEM_FIRE, 0)->key = key;
    item(w, ITEM_FIRE, 0)->key = key + 1; /* there is none */
    item(w, ITEM_NONE, 0);
    assert_int_equal(spine_load(&w->d), 0);
    for (size_t i = 0; i < 3; i++)
        apply_item(&w->d, &w->d.batch.item[i]);
    assert_true(w->d.batch.rewrite);
    assert_true(batch_slot(&w->d.batch, key)->rewrite);
    assert_int_equal(w->d.batch.events.n, 0);
    assert_int_equal(refused(w, DK_ENOTFOUND), 1);
    batch_reset(&w->d.batch, 1);
}

static int json_fails; /* so many of cJSON's next allocations */
static void *json_malloc(size_t n)
{
    return json_fails > 0 && json_fails-- > 0 ? NULL : malloc(n);
}

/* A case that could not be read for want of memory is not a damaged one, for
 * which the task would have to pay with an attempt.
 */
static void want_of_memory_is_no_damage(void **state)
{
    struct world *w = *state;
    cJSON_Hooks mine = {json_malloc, free};

    submit(w);
    hello(w, 0, 4);
    kept_clear(&w->d.kept); /* so that the row is read */
    cJSON_InitHooks(&mine);
    json_fails = 1; /* its text is read into one block */
    desk_dispatch(&w->d);
    assert_int_equal(json_fails, 0);
    assert_int_equal(worker[0].n, 0);
    assert_int_equal(w->d.desk.n_lost, 0);
    desk_dispatch(&w->d);
    assert_int_equal(worker[0].n, 1);
    assert_int_equal(lease_of(w, 0, 0)->attempts, 0);
    cJSON_InitHooks(NULL);
}

static void there_is_a_bound_for_what_waits(void **state)
{
    struct world *w = *state;
    struct desk *k = &w->d.desk;

    for (int64_t i = 0; i < DESK_WAITING_MAX; i++) {
        struct lease *l = calloc(1, sizeof(*l));
        struct map_key key = map_int_key(4 * (i + 1000));
        l->task_id = 4 * (i + 1000);
        assert_int_equal(map_put(&k->leases, &key, (uintptr_t)l), DK_OK);
        desk_again(&w->d, l, 1, 100000);
    }
    submit(w);
    struct zev_peer p = peer(0);
    for (size_t i = 0; i < k->n_waiting[0]; i++)
        k->waiting[0][i]->suspect = true; /* a hello does not wake them */
    desk_hello(&w->d, &p, DK_SVC_ASSIGN, "w", 4);
    turn(w);
    assert_int_equal(worker[0].n, 0);
    desk_answered(&w->d, k->waiting[0][--k->n_waiting[0]]);
    k->more[0] = true;
    turn(w);
    assert_int_equal(worker[0].n, 1);
}

int main(void)
{
#define IN(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)
    static const struct CMUnitTest tests[] = {
        IN(names_of_any_length_are_told_apart),
        IN(there_is_a_bound_for_workers),
        IN(who_is_silent_or_gone_is_given_up),
        IN(a_worker_whose_queue_is_full_is_not_well),
        IN(who_let_a_lease_end_comes_last),
        IN(a_suspect_waits_for_a_worker_that_has_nothing_else),
        IN(at_most_half_of_the_workers_have_suspects),
        IN(a_new_worker_wakes_what_waits_but_no_suspect),
        IN(a_task_whose_answer_is_in_work_is_not_lost_as_well),
        IN(what_could_not_be_noted_is_found_again),
        IN(a_dead_letter_that_lives_again_is_looked_for),
        IN(an_earlier_run_left_suspects),
        IN(what_is_done_meanwhile_is_not_handed_out),
        IN(tasks_that_cannot_be_read_are_not_passed_over),
        IN(two_of_one_batch_do_not_both_take_a_dead_letter),
        IN(an_answer_about_no_case_is_an_attempt),
        IN(a_clock_that_is_not_due_after_all_is_written_anew),
        IN(want_of_memory_is_no_damage),
        IN(there_is_a_bound_for_what_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
