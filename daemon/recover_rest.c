/* recover_rest.c - what is told by the cases as a whole: the last number of
 * each day, the checkpoints that still hold, the office's own alerts, and work
 * that nobody would do if its task was lost.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/recover_int.h"

#define CHUNK 200

static int commit(struct recover *r, struct daemon *d,
                  const struct store_changes *ch)
{
    int rc = store_commit(d->st, ch);

    return rc == DK_OK ? rc : dk_fail(&r->problem, rc, NULL, NULL, NULL);
}

static int days(struct recover *r, struct daemon *d)
{
    struct store_day day[CHUNK];
    sqlite3_stmt *q = NULL;
    size_t n = 0;
    int rc = recover_prepare(r,
                             "SELECT key / 1000000, max(key % 1000000) "
                             "FROM saved GROUP BY 1",
                             &q);

    for (bool more = rc == DK_OK; more && rc >= 0;) {
        rc = recover_next(r, q);
        more = rc == 1;
        if (more)
            day[n++] = (struct store_day){sqlite3_column_int(q, 0),
                                          sqlite3_column_int(q, 1)};
        struct store_changes ch = {
            .day = day, .n_day = n, .test_now = DK_NEVER};
        if (rc >= 0 && n > 0 && (n == CHUNK || !more)) {
            rc = commit(r, d, &ch);
            n = 0;
        }
    }
    sqlite3_finalize(q);
    return rc < 0 ? rc : DK_OK;
}

/* ---- checkpoints ------------------------------------------------------------
 */

/* They hold as long as the stream is what they signed, one after the other
 * (docs/HISTORY.md).  What comes after the first event that is lost is signed
 * anew, with the numbers that follow.
 */
static int checkpoints(struct recover *r, struct daemon *d)
{
    struct store_ckpt c = {.number = 0};
    sqlite3_stmt *q = NULL;
    int rc = recover_prepare(r, "SELECT * FROM ckpt ORDER BY number", &q);

    while (rc == DK_OK && (rc = recover_next(r, q)) == 1) {
        rc = DK_OK;
        if (sqlite3_column_int64(q, 0) != c.number + 1 ||
            sqlite3_column_int64(q, 1) != c.to + 1 ||
            sqlite3_column_int64(q, 2) > r->same_to) {
            r->ckpts_lost++;
            continue;
        }
        c = (struct store_ckpt){.number = sqlite3_column_int64(q, 0),
                                .from = sqlite3_column_int64(q, 1),
                                .to = sqlite3_column_int64(q, 2),
                                .text = (const char *)sqlite3_column_text(q, 3),
                                .text_len = (size_t)sqlite3_column_bytes(q, 3),
                                .blocks = sqlite3_column_blob(q, 5),
                                .n_block = (size_t)sqlite3_column_bytes(q, 5) /
                                           DK_HASH_LEN};
        memcpy(c.sig, sqlite3_column_blob(q, 4), sizeof(c.sig));
        struct store_changes ch = {.ckpt = &c, .test_now = DK_NEVER};
        rc = commit(r, d, &ch);
        r->ckpts += rc == DK_OK;
    }
    sqlite3_finalize(q);
    return rc;
}

/* ---- the office's own alerts ------------------------------------------------
 */

static dk_ms when(sqlite3_stmt *q, int i)
{
    return sqlite3_column_type(q, i) == SQLITE_NULL
               ? DK_NEVER
               : sqlite3_column_int64(q, i);
}

/* Of two open ones of one kind and subject, the later. */
static int office(struct recover *r, struct daemon *d)
{
    sqlite3_stmt *q = NULL;
    int rc = recover_prepare(
        r,
        "SELECT * FROM office AS o WHERE cleared_at IS NOT NULL OR id = "
        "(SELECT max(id) FROM office AS u WHERE u.kind = o.kind AND "
        "u.subject = o.subject AND u.cleared_at IS NULL) ORDER BY id",
        &q);

    while (rc == DK_OK && (rc = recover_next(r, q)) == 1) {
        struct store_office o = {
            .id = sqlite3_column_int64(q, 0),
            .kind = sqlite3_column_int(q, 1),
            .subject = (const char *)sqlite3_column_text(q, 2),
            .level = sqlite3_column_int(q, 3),
            .value = sqlite3_column_int64(q, 4),
            .threshold = sqlite3_column_int64(q, 5),
            .about = (const char *)sqlite3_column_text(q, 6),
            .told = sqlite3_column_int64(q, 7),
            .raised_at = sqlite3_column_int64(q, 8),
            .told_at = sqlite3_column_int64(q, 9),
            .cleared_at = when(q, 10),
            .acked_at = when(q, 11),
            .acked_by = (const char *)sqlite3_column_text(q, 12),
            .note = (const char *)sqlite3_column_text(q, 13)};
        if (o.subject == NULL || o.about == NULL) {
            rc = dk_fail(&r->problem, DK_ENOMEM, NULL, NULL, NULL);
            break;
        }
        struct store_changes ch = {
            .office = &o, .n_office = 1, .test_now = DK_NEVER};
        rc = commit(r, d, &ch);
        r->office += rc == DK_OK;
    }
    sqlite3_finalize(q);
    return rc;
}

/* ---- tasks ------------------------------------------------------------------
 */

struct asking {
    struct recover *r;
    struct daemon *d;
    sqlite3_stmt *q;
};

/* The last event that asks something of a service for which no task was found;
 * t->id stays 0: none.
 */
static int last_asked(struct asking *a, struct store_task *t)
{
    int rc;

    sqlite3_bind_int64(a->q, 1, t->key);
    sqlite3_bind_int(a->q, 2, (int)t->service);
    while ((rc = recover_next(a->r, a->q)) == 1) {
        unsigned asked =
            dk_ev_services((enum dk_ev)sqlite3_column_int(a->q, 0));
        if ((asked >> t->service & 1) == 0)
            continue;
        t->id = sqlite3_column_int64(a->q, 1) * TASK_STEP + (int)t->service;
        t->n = (uint32_t)sqlite3_column_int64(a->q, 2);
        break;
    }
    sqlite3_reset(a->q);
    return rc < 0 ? rc : DK_OK;
}

/* It is asked again: the answers of the deadline and escalation services change
 * nothing that is there already.  The assignment service is asked only for
 * cases that have no unit.
 */
static int ask_again(struct asking *a, int64_t key, enum dk_service service)
{
    struct store_task t = {.service = service, .key = key};
    struct dk_case *c = NULL;
    int rc = last_asked(a, &t);

    if (rc != DK_OK || t.id == 0)
        return rc;
    rc = store_load_cases(a->d->st, &key, 1, &c);
    bool wanted = c != NULL && c->state != DK_S_CLOSED &&
                  (service != DK_SVC_ASSIGN || c->unit[0] == '\0');
    dk_case_free(c);
    if (rc != DK_OK)
        return dk_fail(&a->r->problem, rc, NULL, NULL, NULL);
    if (!wanted)
        return DK_OK;
    struct store_changes ch = {
        .task_new = &t, .n_task_new = 1, .test_now = DK_NEVER};
    rc = commit(a->r, a->d, &ch);
    a->r->tasks_made += rc == DK_OK;
    return rc;
}

static int tasks(struct recover *r, struct daemon *d)
{
    struct asking a = {.r = r, .d = d};
    sqlite3_stmt *keys = NULL;
    int rc = recover_prepare(r, "SELECT DISTINCT key FROM saved", &keys);

    if (rc == DK_OK)
        rc = recover_prepare(r,
                             "SELECT type, seq, n FROM saved WHERE key = ?1 "
                             "AND NOT EXISTS (SELECT 1 FROM task WHERE key = "
                             "?1 AND id % 4 = ?2) ORDER BY n DESC",
                             &a.q);
    while (rc == DK_OK && (rc = recover_next(r, keys)) == 1) {
        rc = DK_OK;
        for (int s = 0; rc == DK_OK && s < DK_SVC_N; s++)
            rc = ask_again(&a, sqlite3_column_int64(keys, 0),
                           (enum dk_service)s);
    }
    sqlite3_finalize(keys);
    sqlite3_finalize(a.q);
    return rc;
}

int recover_rest(struct recover *r, struct daemon *d)
{
    int rc = days(r, d);

    _Static_assert(TASK_STEP == 4, "the query above says so");
    if (rc == DK_OK)
        rc = checkpoints(r, d);
    if (rc == DK_OK)
        rc = office(r, d);
    if (rc == DK_OK && recover_damaged(r))
        rc = tasks(r, d);
    return rc;
}
