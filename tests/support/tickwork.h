/* tickwork.h - ticks of the spine with peers that are nothing but a name, the
 * test's own time, and a store, memory and other brokers that behave as they
 * rarely do (`is`).  Linked with --wrap (tick_wraps in tests/CMakeLists.txt).
 */
#ifndef DK_TESTS_TICKWORK_H
#define DK_TESTS_TICKWORK_H

#include <unistd.h>

#include "tests/support/officework.h"

/* ---- what the test takes over -------------------------------------------- */

static struct {
    bool worker;
    char peer, type[32];
    char body[1024];
} inbox[16];
static size_t n_in, taken;

static struct {
    char peer, type[32], body[4096];
} sent[64];
static size_t n_sent;

static struct {
    dk_ms now;             /* monotonic */
    int send, tend;        /* what sending, and looking after the store, says */
    int commit, reload;    /* what writing and reading the loads says, once */
    bool nameless;         /* nobody vouches for who sends */
    bool ballast;          /* there was some, and it is given up */
    bool no_time;          /* a time cannot be written for want of memory */
    bool no_item, no_slot; /* the batch has no memory for another */
    bool no_case;          /* nor is there any for a case */
    const struct store_task_row *row; /* what is found instead of tasks */
    int64_t claimed;                  /* the lowest task taken; 0: as it is */
    const struct store_due *due;      /* n_due of them */
    int n_due;
    bool shut_replies; /* when persons are looked at: no memory to answer */
} is;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap */
int __wrap_zev_recv(struct zev *z, struct zev_peer *peer, struct dk_frame f[],
                    int cap, int *n);
const char *__wrap_zev_user(struct zev *z);
int __wrap_zev_send(struct zev *z, const struct zev_peer *peer,
                    const char *type, const char *request, const char *body,
                    size_t len);
dk_ms __wrap_mono_now(void);
int __real_store_tend(struct store *st, struct store_info *info);
int __wrap_store_tend(struct store *st, struct store_info *info);
int __real_store_commit(struct store *st, const struct store_changes *ch);
int __wrap_store_commit(struct store *st, const struct store_changes *ch);
int __real_loads_reload(struct loads *l, struct store *st);
int __wrap_loads_reload(struct loads *l, struct store *st);
bool __wrap_ballast_give_up(struct daemon *d);
void __real_dk_jw_time(struct dk_jw *w, const char *key, dk_ms t, int off);
void __wrap_dk_jw_time(struct dk_jw *w, const char *key, dk_ms t, int off);
struct item *__real_batch_item(struct batch *b);
struct item *__wrap_batch_item(struct batch *b);
struct dk_case *__real_dk_case_new(void);
struct dk_case *__wrap_dk_case_new(void);
int __real_batch_add_slot(struct batch *b, int64_t key, struct dk_case *c,
                          bool is_new);
int __wrap_batch_add_slot(struct batch *b, int64_t key, struct dk_case *c,
                          bool is_new);
int __real_store_tasks(struct store *st, enum dk_service s, int64_t after,
                       int64_t limit, store_task_fn fn, void *arg);
int __wrap_store_tasks(struct store *st, enum dk_service s, int64_t after,
                       int64_t limit, store_task_fn fn, void *arg);
int __real_store_claim(struct store *st, enum dk_service s, int64_t limit,
                       int64_t *first);
int __wrap_store_claim(struct store *st, enum dk_service s, int64_t limit,
                       int64_t *first);
int __real_store_due_clocks(struct store *st, dk_ms at, int64_t limit,
                            store_due_fn fn, void *arg);
int __wrap_store_due_clocks(struct store *st, dk_ms at, int64_t limit,
                            store_due_fn fn, void *arg);
int __real_persons_get(struct daemon *d, int64_t key, struct persons_open *out);
int __wrap_persons_get(struct daemon *d, int64_t key, struct persons_open *out);

static struct zev *workers_socket;

int __wrap_zev_recv(struct zev *z, struct zev_peer *peer, struct dk_frame f[],
                    int cap, int *n)
{
    if (taken == n_in || inbox[taken].worker != (z == workers_socket))
        return 0;
    assert_true(cap >= 4);
    *peer =
        (struct zev_peer){.id = {'w', (uint8_t)inbox[taken].peer}, .len = 2};
    f[0] = (struct dk_frame){DK_VERSION_FRAME, 4};
    f[1] = (struct dk_frame){inbox[taken].type, strlen(inbox[taken].type)};
    f[2] = (struct dk_frame){"q", 1};
    f[3] = (struct dk_frame){inbox[taken].body, strlen(inbox[taken].body)};
    *n = 4;
    taken++;
    return 1;
}

const char *__wrap_zev_user(struct zev *z)
{
    static char user[24];

    (void)z;
    snprintf(user, sizeof(user), "uid:%lu", (unsigned long)getuid());
    return is.nameless ? NULL : user;
}

int __wrap_zev_send(struct zev *z, const struct zev_peer *peer,
                    const char *type, const char *request, const char *body,
                    size_t len)
{
    (void)z;
    (void)request;
    if (is.send != DK_OK)
        return is.send;
    if (n_sent < sizeof(sent) / sizeof(sent[0])) {
        sent[n_sent].peer = (char)peer->id[1];
        snprintf(sent[n_sent].type, sizeof(sent[0].type), "%s", type);
        snprintf(sent[n_sent++].body, sizeof(sent[0].body), "%.*s", (int)len,
                 body);
    }
    return DK_OK;
}

dk_ms __wrap_mono_now(void)
{
    return is.now;
}

int __wrap_store_tend(struct store *st, struct store_info *info)
{
    return is.tend != DK_OK ? is.tend : __real_store_tend(st, info);
}

int __wrap_store_commit(struct store *st, const struct store_changes *ch)
{
    int says = is.commit;

    is.commit = DK_OK;
    return says != DK_OK ? says : __real_store_commit(st, ch);
}

int __wrap_loads_reload(struct loads *l, struct store *st)
{
    int says = is.reload;

    is.reload = DK_OK;
    return says != DK_OK ? says : __real_loads_reload(l, st);
}

bool __wrap_ballast_give_up(struct daemon *d)
{
    bool had = is.ballast;

    is.ballast = false;
    d->ballast.r.tight = d->ballast.r.tight || had;
    return had;
}

void __wrap_dk_jw_time(struct dk_jw *w, const char *key, dk_ms t, int off)
{
    __real_dk_jw_time(w, key, t, off);
    w->oom = w->oom || is.no_time;
}

struct item *__wrap_batch_item(struct batch *b)
{
    return is.no_item ? NULL : __real_batch_item(b);
}

struct dk_case *__wrap_dk_case_new(void)
{
    return is.no_case ? NULL : __real_dk_case_new();
}

int __wrap_batch_add_slot(struct batch *b, int64_t key, struct dk_case *c,
                          bool is_new)
{
    if (!is.no_slot)
        return __real_batch_add_slot(b, key, c, is_new);
    dk_case_free(c);
    return DK_ENOMEM;
}

int __wrap_store_tasks(struct store *st, enum dk_service s, int64_t after,
                       int64_t limit, store_task_fn fn, void *arg)
{
    if (is.row == NULL)
        return __real_store_tasks(st, s, after, limit, fn, arg);
    if (s == is.row->t.service && after < is.row->t.id)
        fn(arg, is.row);
    return DK_OK;
}

int __wrap_store_claim(struct store *st, enum dk_service s, int64_t limit,
                       int64_t *first)
{
    int rc = __real_store_claim(st, s, limit, first);

    if (is.claimed != 0)
        *first = is.claimed;
    return rc;
}

int __wrap_store_due_clocks(struct store *st, dk_ms at, int64_t limit,
                            store_due_fn fn, void *arg)
{
    if (is.due == NULL)
        return __real_store_due_clocks(st, at, limit, fn, arg);
    int rc = 0;
    for (int i = 0; rc == 0 && i < is.n_due && i < limit; i++)
        rc = fn(arg, &is.due[i]);
    return rc;
}

int __wrap_persons_get(struct daemon *d, int64_t key, struct persons_open *out)
{
    if (is.shut_replies && d->batch.events.n == 0)
        d->batch.replies.oom = true;
    return __real_persons_get(d, key, out);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* ---- an office ----------------------------------------------------------- */

static inline int tick_open(void **state)
{
    memset(&is, 0, sizeof(is));
    is.now = 1000;
    n_in = taken = n_sent = 0;
    int rc = office_open(state);
    struct office *o = *state;
    workers_socket = o->d.workers;
    o->cfg.lease_ms = 5000;
    o->cfg.full_pause_ms = 50;
    return rc;
}

static inline void say(bool worker, char peer, const char *type,
                       const char *body)
{
    if (taken == n_in)
        taken = n_in = 0;
    assert_true(n_in < sizeof(inbox) / sizeof(inbox[0]));
    inbox[n_in].worker = worker;
    inbox[n_in].peer = peer;
    snprintf(inbox[n_in].type, sizeof(inbox[0].type), "%s", type);
    snprintf(inbox[n_in++].body, sizeof(inbox[0].body), "%s", body);
}

/* One tick; what was sent before is forgotten. */
static inline void tick(struct office *o)
{
    n_sent = 0;
    spine_tick(&o->d);
}

/* How often `type` was sent to a peer in the last tick. */
static inline int got(char peer, const char *type)
{
    int n = 0;

    for (size_t i = 0; i < n_sent; i++)
        n += sent[i].peer == peer && strcmp(sent[i].type, type) == 0;
    return n;
}

/* The latest message to a peer, parsed. */
static inline cJSON *heard(char peer)
{
    for (size_t i = n_sent; i-- > 0;) {
        if (sent[i].peer == peer)
            return cJSON_Parse(sent[i].body);
    }
    fail_msg("nothing was sent to %c", peer);
    return NULL;
}

static inline bool refused_as(char peer, const char *slug)
{
    cJSON *o = heard(peer);
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItem(o, "type"));
    bool is_it = type != NULL && strstr(type, slug) != NULL;

    cJSON_Delete(o);
    return is_it;
}

static inline void say_submit(struct office *o, char peer, const char *more)
{
    struct dk_uuid u;
    uint8_t rnd[10] = {(uint8_t)++o->said};
    char id[DK_UUID_TEXT], body[512];

    dk_uuid_v7(&u, OFFICE_NOW, rnd);
    dk_uuid_format(&u, id);
    snprintf(body, sizeof(body),
             "{\"submission_id\":\"%s\",\"channel\":\"kiosk\",\"subject\":"
             "\"路灯\",\"facts\":\"坏了\"%s}",
             id, more);
    say(false, peer, "case.submit", body);
}

/* A new case, committed: its number. */
static inline const char *submit(struct office *o)
{
    static char no[DK_CASE_NO_MAX];

    say_submit(o, 'k', "");
    tick(o);
    assert_int_equal(got('k', "ok"), 1);
    cJSON *v = heard('k');
    strcpy(no, cJSON_GetStringValue(cJSON_GetObjectItem(v, "case_no")));
    cJSON_Delete(v);
    return no;
}

static inline void say_act(struct office *o, char peer, const char *no,
                           const char *action)
{
    struct dk_uuid u;
    uint8_t rnd[10] = {(uint8_t)++o->said};
    char id[DK_UUID_TEXT], body[256];

    dk_uuid_v7(&u, OFFICE_NOW, rnd);
    dk_uuid_format(&u, id);
    snprintf(body, sizeof(body),
             "{\"command_id\":\"%s\",\"case_no\":\"%s\",\"action\":\"%s\","
             "\"actor\":\"officer:li\"}",
             id, no, action);
    say(false, peer, "case.act", body);
}

static inline struct session *hello(struct office *o, char peer, int credit)
{
    struct zev_peer p = {.id = {'w', (uint8_t)peer}, .len = 2};
    char name[2] = {peer, '\0'};
    struct session *s = desk_hello(&o->d, &p, DK_SVC_ASSIGN, name, credit);

    assert_non_null(s);
    snprintf(s->user, sizeof(s->user), "%s", zev_user(o->d.workers));
    return s;
}

/* The lease that was handed to a worker in the last tick. */
static inline struct lease *lease_of(struct office *o, char peer)
{
    cJSON *v = heard(peer);
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(v, "task_id"));

    assert_non_null(id);
    struct lease *l = desk_find(&o->d.desk, strtoll(id, NULL, 10));
    cJSON_Delete(v);
    assert_non_null(l);
    return l;
}

static inline void answer(struct office *o, char peer, const struct lease *l,
                          const char *type, const char *more)
{
    char lease[48], body[512];

    desk_lease_text(&o->d, l, lease, sizeof(lease));
    snprintf(body, sizeof(body), "{\"task_id\":\"%lld\",\"lease\":\"%s\",%s}",
             (long long)l->task_id, lease, more);
    say(true, peer, type, body);
}

#endif
