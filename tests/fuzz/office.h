/* office.h - a whole broker without sockets: what it would send is checked
 * here, what it receives comes line by line.
 *
 *     C TYPE BODY     a client says this
 *     W TYPE BODY     a worker says this
 *     T MS            the test clock moves on
 *     X               the worker's connection breaks
 *
 * This file takes the place of daemon/zev.c at the link.
 */
#ifndef DK_FUZZ_OFFICE_H
#define DK_FUZZ_OFFICE_H

#include <sodium.h>

#include "daemon/daemon.h"
#include "fuzz.h"

struct zev {
    bool worker;
    struct dk_frame f[4];
    bool full; /* f waits to be read */
};

static struct {
    struct config cfg;
    struct daemon d;
    struct zev clients, workers;
    bool damaged;          /* the store's file was changed by hand */
    int opened;            /* sockets */
    bool line_cut;         /* the worker is gone */
    char task[24];         /* the latest that was handed out */
    char lease[64];        /* and its lease */
    char case_no[48];      /* the latest that was answered */
    int64_t answers, sent; /* to clients; in all */
    bool faults;           /* verify has found something */
    uint64_t chance;
} office;

/* ---- in the place of zev ------------------------------------------------- */

/* The workers' socket is opened first, then the clients'. */
struct zev *zev_open(struct event_base *base, void *zctx, zev_fn fn, void *arg)
{
    struct zev *z = office.opened++ == 0 ? &office.workers : &office.clients;

    (void)base;
    (void)zctx;
    (void)fn;
    (void)arg;
    *z = (struct zev){.worker = z == &office.workers};
    return z;
}

int zev_listen(struct zev *z, const char *endpoint,
               const struct zev_guard *guard, struct dk_problem *p)
{
    (void)guard;
    (void)p;
    CHECK(strcmp(endpoint, zev_endpoint(z)) == 0);
    return DK_OK;
}

void zev_unlisten(struct zev *z)
{
    (void)z; /* only where a socket was passed */
}

/* Everybody is root on this machine, who may do all there is. */
const char *zev_user(struct zev *z)
{
    (void)z;
    return "uid:0";
}

void zev_close(struct zev *z)
{
    (void)z;
}

const char *zev_endpoint(const struct zev *z)
{
    return z->worker ? "x:w" : "x:c";
}

const char *zev_last_endpoint(const struct zev *z)
{
    return zev_endpoint(z);
}

int zev_recv(struct zev *z, struct zev_peer *peer, struct dk_frame f[], int cap,
             int *n)
{
    CHECK(cap >= 4);
    if (!z->full)
        return 0;
    z->full = false;
    *peer = (struct zev_peer){.len = 5, .id = {0, 0, 0, 0, z->worker ? 2 : 1}};
    memcpy(f, z->f, sizeof(z->f));
    *n = 4;
    return 1;
}

/* The value of a text member in what the broker wrote. */
static inline void office_note(const char *body, size_t len, const char *key,
                               char *out, size_t cap)
{
    char pattern[24];
    int n = snprintf(pattern, sizeof(pattern), "\"%s\":\"", key);
    const char *at = memmem(body, len, pattern, (size_t)n);

    if (at == NULL)
        return;
    at += n;
    const char *end = memchr(at, '"', len - (size_t)(at - body));
    if (end != NULL && (size_t)(end - at) < cap)
        (void)snprintf(out, cap, "%.*s", (int)(end - at), at);
}

int zev_send(struct zev *z, const struct zev_peer *peer, const char *type,
             const char *request, const char *body, size_t len)
{
    struct dk_frame f[4] = {{DK_VERSION_FRAME, 4},
                            {type, strlen(type)},
                            {request, strlen(request)},
                            {body, len}};
    struct dk_msg m;
    cJSON *o = NULL;

    (void)peer;
    if (z->worker && office.line_cut)
        return DK_ENOTFOUND;
    /* What it sends is what anybody would take. */
    CHECK(dk_frames_read_max(f, 4, DK_REPLY_MAX, &m, NULL) == 0);
    /* But documents and events go out as they lie in the store, which may be
     * damaged: that is for verify to tell.
     */
    if (dk_json_parse_obj(body, len, DK_REPLY_MAX, &o, NULL) != 0) {
        CHECK(office.damaged);
        office.sent++;
        return DK_OK;
    }
    if (strcmp(type, "task") == 0) {
        office_note(body, len, "task_id", office.task, sizeof(office.task));
        office_note(body, len, "lease", office.lease, sizeof(office.lease));
    }
    if (!z->worker) {
        office_note(body, len, "case_no", office.case_no,
                    sizeof(office.case_no));
        office.answers++;
    }
    if (strcmp(request, "verify") == 0 && strcmp(type, "ok") == 0)
        office.faults = cJSON_GetArraySize(
                            cJSON_GetObjectItemCaseSensitive(o, "faults")) != 0;
    office.sent++;
    cJSON_Delete(o);
    return DK_OK;
}

void zev_rearm(struct zev *z)
{
    if (z->full)
        spine_again(&office.d);
}

bool zev_same(const struct zev_peer *a, const struct zev_peer *b)
{
    return a->len == b->len && memcmp(a->id, b->id, a->len) == 0;
}

/* ---- the same each time -------------------------------------------------- */

static const char *office_source(void)
{
    return "fuzz";
}

static uint32_t office_random(void)
{
    office.chance = office.chance * UINT64_C(6364136223846793005) + 1;
    return (uint32_t)(office.chance >> 32);
}

static void office_fill(void *buf, size_t n)
{
    uint8_t *p = buf;

    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)office_random();
}

static struct randombytes_implementation office_chance = {
    .implementation_name = office_source,
    .random = office_random,
    .buf = office_fill,
};

/* ---- the broker ---------------------------------------------------------- */

/* 0 or the exit code that docketd would end with. */
/* Where keys are kept beside a store in a file; set before office_open(). */
static const char *office_folder = "";

static inline int office_open(const char *store)
{
    static const char *const none = "";

    memset(&office, 0, sizeof(office));
    randombytes_set_implementation(&office_chance);
    config_defaults(&office.cfg);
    office.cfg.county = 330699;
    office.cfg.test_clock = true;
    office.cfg.test_time = INT64_C(1778029200000); /* 2026-05-06T09:00+08:00 */
    office.cfg.full_pause_ms = 1;
    office.cfg.watch.disk_mb = 0;
    office.cfg.ballast_mb = 0;
    (void)snprintf(office.cfg.data, sizeof(office.cfg.data), "%s",
                   office_folder);
    (void)snprintf(office.cfg.store, sizeof(office.cfg.store), "%s", store);
    (void)snprintf(office.cfg.clients, sizeof(office.cfg.clients), "x:c%s",
                   none);
    (void)snprintf(office.cfg.workers, sizeof(office.cfg.workers), "x:w%s",
                   none);
    log_set_level(LOG_ERR_);
    return daemon_build(&office.d, &office.cfg);
}

static inline void office_close(void)
{
    daemon_tear_down(&office.d);
}

/* Turn the loop until nothing is left to do; false: the broker stopped. */
static inline bool office_turn(void)
{
    for (int i = 0; i < 40 && office.d.exit_code == 0; i++) {
        int64_t before = office.sent + (int64_t)office.d.stats.batches;
        event_base_loop(office.d.base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
        if (office.sent + (int64_t)office.d.stats.batches == before && i > 1)
            break;
    }
    return office.d.exit_code == 0;
}

static inline bool office_say(bool worker, const char *type,
                              const char *request, const char *body, size_t len)
{
    struct zev *z = worker ? &office.workers : &office.clients;

    z->f[0] = (struct dk_frame){DK_VERSION_FRAME, 4};
    z->f[1] = (struct dk_frame){type, strlen(type)};
    z->f[2] = (struct dk_frame){request, strlen(request)};
    z->f[3] = (struct dk_frame){body, len};
    z->full = true;
    spine_again(&office.d);
    return office_turn();
}

/* $T, $L and $C in a body: the latest task, lease and case. */
static inline size_t office_expand(char *to, size_t cap, const char *s,
                                   size_t n)
{
    size_t len = 0;

    for (size_t i = 0; i < n && len + 64 < cap; i++) {
        const char *v = NULL;
        if (s[i] == '$' && i + 1 < n)
            v = s[i + 1] == 'T'   ? office.task
                : s[i + 1] == 'L' ? office.lease
                : s[i + 1] == 'C' ? office.case_no
                                  : NULL;
        if (v == NULL) {
            to[len++] = s[i];
            continue;
        }
        len += (size_t)snprintf(to + len, cap - len, "%s", v);
        i++;
    }
    return len;
}

static inline bool office_line(const char *s, size_t n)
{
    static char body[DK_BODY_MAX + 4096];
    char type[DK_TYPE_MAX + 8] = "";
    size_t i = 2, t = 0;

    if (n < 1)
        return true;
    if (s[0] == 'X') {
        office.line_cut = !office.line_cut;
        return office_turn();
    }
    if (n < 3)
        return true;
    for (; i < n && s[i] != ' ' && t + 1 < sizeof(type); i++)
        type[t++] = s[i];
    type[t] = '\0';
    i += i < n && s[i] == ' ';
    if (s[0] == 'T') {
        char ms[64];
        int m = snprintf(ms, sizeof(ms), "{\"ms\":%.20s}", type);
        return office_say(false, "clock.advance", "t", ms, (size_t)m);
    }
    size_t len = office_expand(body, sizeof(body), s + i, n - i);
    return office_say(s[0] == 'W', type, "r", body, len);
}

/* All lines; false: the broker stopped. */
static inline bool office_lines(const char *s, size_t n)
{
    while (n > 0) {
        const char *end = memchr(s, '\n', n);
        size_t len = end != NULL ? (size_t)(end - s) : n;
        if (!office_line(s, len))
            return false;
        len += end != NULL;
        s += len;
        n -= len;
    }
    return true;
}

#endif /* DK_FUZZ_OFFICE_H */
