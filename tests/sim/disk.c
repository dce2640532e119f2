#include "disk.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "daemon/store/store_mem.h"
#include "net.h"

#define SEQ_MAX   16384
#define REQ_MAX   1024
#define FIRED_MAX 4096

struct disk_mood disk_mood;
int64_t disk_commits;
enum plant sim_plant;
const char *const sim_plant_names[] = {"none",  "drop-clock", "drop-task",
                                       "twice", "lose",       NULL};

enum task_state {
    TASK_NONE,
    TASK_OPEN,
    TASK_DEAD,
    TASK_DONE
};

/* ---- the ledger ---------------------------------------------------------- */

static struct {
    struct store *st;
    struct store_info info;
    int64_t last_seq;
    int n_case, n_request, n_fired;
    struct dk_case *kase[CASES_MAX];
    struct {
        struct dk_uuid id;
        int64_t key;
    } request[REQ_MAX];
    uint64_t fired[FIRED_MAX];
    uint8_t hash[SEQ_MAX][DK_HASH_LEN];
    uint8_t task[SEQ_MAX * 4]; /* by id */
    int64_t tasks_open, tasks_dead, top_task;
} book;

static struct dk_case **find_case(int64_t key)
{
    for (int i = 0; i < book.n_case; i++) {
        if (book.kase[i]->key == key)
            return &book.kase[i];
    }
    return NULL;
}

const struct dk_case *disk_case(int64_t key)
{
    struct dk_case **c = find_case(key);

    return c != NULL ? *c : NULL;
}

int disk_cases(int64_t keys[CASES_MAX])
{
    for (int i = 0; i < book.n_case; i++)
        keys[i] = book.kase[i]->key;
    return book.n_case;
}

bool disk_has(const struct dk_uuid *request, int64_t *key)
{
    for (int i = 0; i < book.n_request; i++) {
        if (memcmp(&book.request[i].id, request, sizeof(*request)) == 0) {
            *key = book.request[i].key;
            return true;
        }
    }
    return false;
}

int64_t disk_last_seq(void)
{
    return book.last_seq;
}

const uint8_t *disk_event_hash(int64_t seq)
{
    return seq >= 1 && seq <= book.last_seq ? book.hash[seq] : NULL;
}

int64_t disk_open_tasks(void)
{
    return book.tasks_open;
}

bool disk_is_open(int64_t task)
{
    return task >= 0 && task <= book.top_task && book.task[task] == TASK_OPEN;
}

int disk_dead(int64_t *out, int cap)
{
    int n = 0;

    for (int64_t id = 0; id <= book.top_task && n < cap; id++) {
        if (book.task[id] == TASK_DEAD)
            out[n++] = id;
    }
    return n;
}

/* ---- what an event says -------------------------------------------------- */

static uint64_t print_of(int64_t key, const char *clock, int64_t no,
                         const char *rung, int64_t times)
{
    char s[256];
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    (void)snprintf(s, sizeof(s), "%lld %s %lld %s %lld", (long long)key, clock,
                   (long long)no, rung, (long long)times);
    for (const char *p = s; *p != '\0'; p++)
        h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    return h;
}

static const struct dk_clock *clock_of(const struct dk_case *c, const char *id)
{
    for (int i = 0; i < c->n_clock; i++) {
        if (strcmp(c->clock[i].id, id) == 0)
            return &c->clock[i];
    }
    return NULL;
}

static void fired_once(uint64_t print, const struct dk_event *e)
{
    for (int i = 0; i < book.n_fired; i++) {
        if (book.fired[i] == print)
            broken("fired twice: case %lld %s", (long long)e->key, e->body);
    }
    if (book.n_fired < FIRED_MAX)
        book.fired[book.n_fired++] = print;
}

/* A rung fires at most once, and never before its time. */
static void check_fired(const struct dk_case *c, const struct dk_event *e)
{
    cJSON *o = cJSON_ParseWithLength(e->body, e->body_len);
    const char *id = NULL, *rung = NULL;
    int64_t no = 0, times = 0;

    if (dk_json_id(o, "clock", DK_REQUIRED, &id, NULL, NULL) != 0 ||
        dk_json_str(o, "rung", DK_REQUIRED, 1, 64, &rung, NULL, NULL) != 0 ||
        dk_json_int(o, "clock_no", DK_REQUIRED, 1, 9999, &no, NULL, NULL) !=
            0 ||
        dk_json_int(o, "times", DK_OPTIONAL, 0, 9999, &times, NULL, NULL) !=
            0) {
        broken("a fired clock that cannot be read: %s", e->body);
        cJSON_Delete(o);
        return;
    }
    fired_once(print_of(e->key, id, no, rung, times), e);
    const struct dk_clock *k = clock_of(c, id);
    bool missed = k != NULL && dk_clock_missed(c, k); /* told afterwards */
    if (k == NULL || k->no != (uint32_t)no ||
        (k->state != DK_CLOCK_RUNNING && !missed))
        broken("fired a clock that does not run: %s", e->body);
    if (k != NULL && !missed && dk_clock_next(k) > e->at)
        broken("fired early: case %lld %s at %lld", (long long)e->key, e->body,
               (long long)e->at);
    for (int i = 0; k != NULL && i < k->n_rung; i++) {
        /* A limit missed counts from the step that came too late, also when
         * the office's clock was set back since.
         */
        dk_ms by = missed ? k->stopped_at : e->at;
        if (strcmp(k->rung[i].id, rung) == 0 &&
            (k->rung[i].at > by || k->rung[i].fired))
            broken("fired early or again: case %lld %s", (long long)e->key,
                   e->body);
    }
    if (e->at > sim_wall())
        broken("an event from the future: %s", e->body);
    cJSON_Delete(o);
}

static void note_event(const struct dk_event *e)
{
    struct dk_case **slot = find_case(e->key);

    if (e->seq != book.last_seq + 1 || e->seq >= SEQ_MAX) {
        broken("event %lld after %lld", (long long)e->seq,
               (long long)book.last_seq);
        return;
    }
    book.last_seq = e->seq;
    memcpy(book.hash[e->seq], e->hash, DK_HASH_LEN);
    if (slot == NULL) {
        if (e->type != DK_EV_SUBMITTED || book.n_case == CASES_MAX) {
            broken("a case begins with %s", dk_ev_name(e->type));
            return;
        }
        slot = &book.kase[book.n_case++];
        *slot = dk_case_new();
        if (*slot == NULL)
            abort();
        (*slot)->key = e->key;
    }
    if (dk_fsm_next((*slot)->state, e->type) < 0)
        broken("case %lld: %s in state %s", (long long)e->key,
               dk_ev_name(e->type), dk_state_name((*slot)->state));
    if (e->type == DK_EV_CLOCK_FIRED)
        check_fired(*slot, e);
    say("event %lld case %lld %s by %s", (long long)e->seq, (long long)e->key,
        dk_ev_name(e->type), e->actor);
    if (dk_case_evolve(*slot, e) != 0)
        broken("case %lld: event %u cannot be replayed", (long long)e->key,
               e->n);
}

/* ---- a commit ------------------------------------------------------------ */

static void note_requests(const struct store_changes *ch)
{
    int64_t key;

    for (size_t i = 0; i < ch->n_request; i++) {
        const struct store_request *r = &ch->request[i];
        if (disk_has(&r->id, &key))
            broken("a request was carried out twice: cases %lld and %lld",
                   (long long)key, (long long)r->key);
        if (book.n_request == REQ_MAX)
            return;
        book.request[book.n_request].id = r->id;
        book.request[book.n_request++].key = r->key;
    }
}

static void set_task(int64_t id, enum task_state from, enum task_state to)
{
    if (id < 0 || id >= SEQ_MAX * 4) {
        broken("task %lld", (long long)id);
        return;
    }
    if (book.task[id] != from) /* ended by another: allowed, changes nothing */
        return;
    book.tasks_open += (to == TASK_OPEN) - (from == TASK_OPEN);
    book.tasks_dead += (to == TASK_DEAD) - (from == TASK_DEAD);
    book.task[id] = (uint8_t)to;
    if (id > book.top_task)
        book.top_task = id;
}

static void note_tasks(const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_task_new; i++) {
        if (book.task[ch->task_new[i].id] != TASK_NONE)
            broken("task %lld is made twice", (long long)ch->task_new[i].id);
        set_task(ch->task_new[i].id, TASK_NONE, TASK_OPEN);
    }
    for (size_t i = 0; i < ch->n_task_done; i++) {
        int64_t id = ch->task_done[i];
        say("task %lld done", (long long)id);
        if (book.task[id] == TASK_NONE)
            broken("task %lld ends and never was", (long long)id);
        set_task(id, TASK_OPEN, TASK_DONE);
        set_task(id, TASK_DEAD, TASK_DONE);
    }
    for (size_t i = 0; i < ch->n_task_fail; i++) {
        if (ch->task_fail[i].dead)
            set_task(ch->task_fail[i].id, TASK_OPEN, TASK_DEAD);
    }
    for (size_t i = 0; i < ch->n_task_retry; i++)
        set_task(ch->task_retry[i], TASK_DEAD, TASK_OPEN);
}

/* Every event that asks for services has its tasks, each once. */
static void check_made(const struct store_changes *ch)
{
    size_t want = 0;

    for (size_t i = 0; i < ch->n_event; i++) {
        unsigned mask = dk_ev_services(ch->event[i]->type);
        for (unsigned s = 0; s < DK_SVC_N; s++) {
            want += (mask >> s) & 1;
            if (((mask >> s) & 1) != 0 &&
                book.task[ch->event[i]->seq * 4 + s] == TASK_NONE)
                broken("event %lld has no task for %s",
                       (long long)ch->event[i]->seq, dk_service_names[s]);
        }
    }
    if (want != ch->n_task_new)
        broken("%zu tasks of %zu", ch->n_task_new, want);
}

/* What is stored of the cases is what their events give. */
static void check_docs(const struct store_changes *ch)
{
    struct dk_jw w = {0};

    for (size_t i = 0; i < ch->n_case; i++) {
        const struct dk_case *c = disk_case(ch->kase[i].c->key);
        dk_jw_reset(&w);
        if (c != NULL)
            dk_case_write(&w, NULL, c, OFFICE_COUNTY, OFFICE_OFFSET);
        if (c == NULL || w.len != ch->kase[i].doc_len ||
            memcmp(w.buf, ch->kase[i].doc, w.len) != 0)
            broken("case %lld is not what its events give",
                   (long long)ch->kase[i].c->key);
    }
    dk_jw_fini(&w);
}

static void check_totals(void)
{
    const struct store_totals *t = &((struct mem *)book.st)->tot;
    int64_t alerts = 0;

    for (int i = 0; i < book.n_case; i++)
        alerts += (int64_t)book.kase[i]->n_alert;
    if (t->cases != book.n_case || t->events != book.last_seq ||
        t->tasks_open != book.tasks_open || t->tasks_dead != book.tasks_dead ||
        t->alerts_open != alerts)
        broken("totals: cases %lld of %d, events %lld of %lld, tasks open "
               "%lld of %lld, dead %lld of %lld, alerts %lld of %lld",
               (long long)t->cases, book.n_case, (long long)t->events,
               (long long)book.last_seq, (long long)t->tasks_open,
               (long long)book.tasks_open, (long long)t->tasks_dead,
               (long long)book.tasks_dead, (long long)t->alerts_open,
               (long long)alerts);
}

static void note(const struct store_changes *ch)
{
    note_requests(ch);
    for (size_t i = 0; i < ch->n_event; i++)
        note_event(ch->event[i]);
    note_tasks(ch);
    check_made(ch);
    check_docs(ch);
    check_totals();
}

/* ---- the store, seen by the broker --------------------------------------- */

int __real_store_open(const char *url, const struct store_options *opt,
                      const uint8_t random[48], struct store **out,
                      struct store_info *info, struct dk_problem *p);
int __wrap_store_open(const char *url, const struct store_options *opt,
                      const uint8_t random[48], struct store **out,
                      struct store_info *info, struct dk_problem *p);
void __real_store_close(struct store *st);
void __wrap_store_close(struct store *st);
int __real_store_commit(struct store *st, const struct store_changes *ch);
int __wrap_store_commit(struct store *st, const struct store_changes *ch);
int __real_store_checkpoint(struct store *st, bool whole);
int __wrap_store_checkpoint(struct store *st, bool whole);
int __real_store_find_requests(struct store *st, const struct dk_uuid *ids,
                               size_t n, struct store_request *out,
                               bool *found);
int __wrap_store_find_requests(struct store *st, const struct dk_uuid *ids,
                               size_t n, struct store_request *out,
                               bool *found);

static int last_at(void *arg, const struct dk_event *e)
{
    *(dk_ms *)arg = e->at;
    return 1;
}

int __wrap_store_open(const char *url, const struct store_options *opt,
                      const uint8_t random[48], struct store **out,
                      struct store_info *info, struct dk_problem *p)
{
    if (book.st == NULL) {
        int rc = __real_store_open(url, opt, random, out, info, p);
        book.st = *out;
        book.info = *info;
        return rc;
    }
    book.info.epoch++;
    book.info.last_seq = book.last_seq;
    if (book.last_seq > 0)
        (void)store_events(book.st, book.last_seq, 1, last_at,
                           &book.info.last_at);
    *out = book.st;
    *info = book.info;
    return DK_OK;
}

/* What was committed stays. */
void __wrap_store_close(struct store *st)
{
    if (st == NULL)
        return;
    st->failed = false;
    st->checking = false;
    store_fault(st, 0, 0, 0, false);
}

static int64_t task_of(const struct store_changes *ch)
{
    return ch->n_task_new > 0 ? ch->task_new[0].id : 0;
}

/* The commit as a broken broker would make it. */
static int plant_commit(struct store *st, const struct store_changes *ch)
{
    struct store_changes less = *ch;

    if (sim_plant == PLANT_DROP_CLOCK && ch->n_clock > 0 && sim_chance(300))
        less.n_clock--;
    if (sim_plant == PLANT_DROP_TASK && task_of(ch) % 7 == 1) {
        less.n_task_new--;
        less.task_new++;
    }
    return __real_store_commit(st, &less);
}

static int carry_out(struct store *st, const struct store_changes *ch)
{
    int rc = plant_commit(st, ch);

    disk_commits++;
    if (rc == DK_OK)
        note(ch);
    else if (rc == DK_EBUG)
        broken("a commit contradicts the store");
    return rc;
}

static int fail(struct store *st, const char *how)
{
    say("disk: %s", how);
    st->failed = true;
    return DK_EIO;
}

int __wrap_store_commit(struct store *st, const struct store_changes *ch)
{
    if (st->failed)
        return DK_EIO;
    if (sim_chance(disk_mood.full)) {
        say("disk: full");
        return DK_EFULL;
    }
    if (sim_chance(disk_mood.eio))
        return fail(st, "error");
    if (sim_chance(disk_mood.crash_before)) {
        net_mute(0);
        return fail(st, "crash before the commit");
    }
    if (sim_plant == PLANT_LOSE && sim_chance(disk_mood.crash_after)) {
        net_mute(1 + (int)sim_pick(6));
        say("disk: lost what it had acknowledged");
        return DK_OK;
    }
    int rc = carry_out(st, ch);
    if (rc != DK_OK)
        return rc;
    if (sim_chance(disk_mood.eio_done))
        return fail(st, "error, and yet it is there");
    if (sim_chance(disk_mood.crash_after)) {
        net_mute(0);
        return fail(st, "crash after the commit");
    }
    if (sim_chance(disk_mood.reads))
        store_fault(st, 1 + (int64_t)sim_pick(12), 1, DK_EIO, true);
    return rc;
}

int __wrap_store_checkpoint(struct store *st, bool whole)
{
    if (sim_chance(disk_mood.checkpoint))
        return fail(st, "the checkpoint failed");
    return __real_store_checkpoint(st, whole);
}

int __wrap_store_find_requests(struct store *st, const struct dk_uuid *ids,
                               size_t n, struct store_request *out, bool *found)
{
    int rc = __real_store_find_requests(st, ids, n, out, found);

    if (rc == DK_OK && sim_plant == PLANT_TWICE && n > 0)
        found[0] = false;
    return rc;
}

/* ---- the whole ----------------------------------------------------------- */

void disk_open(void)
{
    memset(&book, 0, sizeof(book));
    disk_mood = (struct disk_mood){0};
}

void disk_close(void)
{
    for (int i = 0; i < book.n_case; i++)
        dk_case_free(book.kase[i]);
    __real_store_close(book.st);
    book.n_case = 0;
    book.st = NULL;
}

void disk_check_due(dk_ms wall)
{
    dk_ms next;

    for (int i = 0; i < book.n_case; i++) {
        if (dk_case_next(book.kase[i]) <= wall)
            broken("case %lld: something was due at %lld and has not fired",
                   (long long)book.kase[i]->key,
                   (long long)dk_case_next(book.kase[i]));
    }
    if (store_next_due(book.st, &next) == DK_OK && next <= wall)
        broken("a clock's row is due and nobody looks");
}

void disk_check_all(void)
{
    struct dk_uuid ids[REQ_MAX];
    struct store_request out[REQ_MAX];
    bool found[REQ_MAX];
    struct store_totals t;

    for (int i = 0; i < book.n_request; i++)
        ids[i] = book.request[i].id;
    if (book.n_request > 0 &&
        __real_store_find_requests(book.st, ids, (size_t)book.n_request, out,
                                   found) != DK_OK)
        broken("the requests cannot be read");
    for (int i = 0; i < book.n_request; i++) {
        if (!found[i] || out[i].key != book.request[i].key)
            broken("a request is not in the store any more");
    }
    check_totals();
    if (store_recount(book.st, &t) != DK_OK || t.cases != book.n_case ||
        t.tasks_open != book.tasks_open || t.tasks_dead != book.tasks_dead)
        broken("a recount gives other totals");
}
