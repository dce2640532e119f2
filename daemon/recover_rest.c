/* recover_rest.c - what is told by the cases as a whole: the last number of
 * each day, and work that nobody would do if its task was lost.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/recover_int.h"

#define CHUNK 200

static int days(struct recover *r, struct daemon *d)
{
    struct store_day day[CHUNK];
    sqlite3_stmt *q = NULL;
    size_t n = 0;
    int code = DK_OK;
    int rc = sqlite3_prepare_v2(r->db,
                                "SELECT key / 1000000, max(key % 1000000) "
                                "FROM saved GROUP BY 1",
                                -1, &q, NULL);

    while (rc == SQLITE_OK && code == DK_OK) {
        bool row = sqlite3_step(q) == SQLITE_ROW;
        if (row)
            day[n++] = (struct store_day){sqlite3_column_int(q, 0),
                                          sqlite3_column_int(q, 1)};
        struct store_changes ch = {
            .day = day, .n_day = n, .test_now = DK_NEVER};
        if (n == CHUNK || !row) {
            code = store_commit(d->st, &ch);
            n = 0;
        }
        if (!row)
            break;
    }
    sqlite3_finalize(q);
    return code != DK_OK ? dk_fail(&r->problem, code, NULL, NULL, NULL)
                         : recover_failed(r, rc);
}

/* The last event of a case that asks something of a service for which no task
 * was found is asked again: the answers of the deadline and escalation services
 * change nothing that is there already.  The assignment service is asked only
 * for cases that have no unit.
 */
static int ask_again(struct recover *r, struct daemon *d, int64_t key,
                     enum dk_service service)
{
    struct store_task t = {.service = service, .key = key};
    struct dk_case *c = NULL;
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(
        r->db,
        "SELECT type, seq, n FROM saved WHERE key = ?1 AND NOT EXISTS (SELECT "
        "1 "
        "FROM task WHERE key = ?1 AND id % 4 = ?2) ORDER BY n DESC",
        -1, &q, NULL);

    sqlite3_bind_int64(q, 1, key);
    sqlite3_bind_int(q, 2, (int)service);
    while (rc == SQLITE_OK && t.id == 0 && sqlite3_step(q) == SQLITE_ROW) {
        unsigned asked = dk_ev_services((enum dk_ev)sqlite3_column_int(q, 0));
        if ((asked >> service & 1) == 0)
            continue;
        t.id = sqlite3_column_int64(q, 1) * TASK_STEP + (int)service;
        t.n = (uint32_t)sqlite3_column_int64(q, 2);
    }
    sqlite3_finalize(q);
    if (rc != SQLITE_OK || t.id == 0)
        return recover_failed(r, rc);
    int code = store_load_cases(d->st, &key, 1, &c);
    bool wanted = c != NULL && c->state != DK_S_CLOSED &&
                  (service != DK_SVC_ASSIGN || c->unit[0] == '\0');
    dk_case_free(c);
    struct store_changes ch = {
        .task_new = &t, .n_task_new = 1, .test_now = DK_NEVER};
    if (code == DK_OK && wanted)
        code = store_commit(d->st, &ch);
    r->tasks_made += code == DK_OK && wanted;
    return code == DK_OK ? code : dk_fail(&r->problem, code, NULL, NULL, NULL);
}

static int tasks(struct recover *r, struct daemon *d)
{
    sqlite3_stmt *q = NULL;
    int code = DK_OK;
    int rc = sqlite3_prepare_v2(r->db, "SELECT DISTINCT key FROM saved", -1, &q,
                                NULL);

    while (rc == SQLITE_OK && code == DK_OK && sqlite3_step(q) == SQLITE_ROW) {
        for (int s = 0; code == DK_OK && s < DK_SVC_N; s++)
            code =
                ask_again(r, d, sqlite3_column_int64(q, 0), (enum dk_service)s);
    }
    sqlite3_finalize(q);
    return code == DK_OK ? recover_failed(r, rc) : code;
}

int recover_rest(struct recover *r, struct daemon *d)
{
    int rc = days(r, d);

    _Static_assert(TASK_STEP == 4, "the query above says so");
    if (rc == DK_OK && recover_damaged(r))
        rc = tasks(r, d);
    return rc;
}
