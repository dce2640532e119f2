/* store_pg_link.c - the connection: made step by step, lost, made again.
 *
 *   DOWN -> DIALING -> GREETING -> UP
 *
 * The greeting sets the session up, sees that the server can keep the promise,
 * and takes this broker's row: what was committed before is known then, and as
 * durable as the greeting itself (docs/adr/0025).
 */
#include <stdio.h>

#include "store_pg.h"

#define DIAL_MS   5000 /* for all of it */
#define BEAT_MS   3000 /* a fifth of what FENCE_OFF waits for */
#define PAUSE_MS  100  /* after the second failure; twice as long each time */
#define PAUSE_MAX 6    /* ... so often */

static const char greeting[] =
    "SELECT set_config('lock_timeout', '1500', false), "
    "set_config('idle_in_transaction_session_timeout', '10000', false), "
    "set_config('default_transaction_isolation', 'read committed', false), "
    "set_config('jit', 'off', false), "
    "current_setting('synchronous_commit'), "
    "coalesce(current_setting('fsync', true), 'on'), "
    "current_setting('server_encoding'), "
    "current_setting('transaction_read_only')";

/* ---- parameters --------------------------------------------------------- */

/* What a connection has unless its string says otherwise. */
static const char *const defaults[][2] = {
    {"target_session_attrs", "read-write"},
    {"application_name", "docketd"},
    {"keepalives_idle", "5"},
    {"keepalives_interval", "2"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "5000"},
    {"client_encoding", "UTF8"},
};
#define N_DEFAULTS (sizeof defaults / sizeof defaults[0])

static const char *default_of(const char *key)
{
    for (size_t i = 0; i < N_DEFAULTS; i++) {
        if (strcmp(defaults[i][0], key) == 0)
            return defaults[i][1];
    }
    return NULL;
}

static int copy_params(struct pg *s, const PQconninfoOption *o)
{
    size_t n = 0;

    while (o[n].keyword != NULL)
        n++;
    s->key = calloc(n + 1, sizeof *s->key);
    s->val = calloc(n + 1, sizeof *s->val);
    if (s->key == NULL || s->val == NULL)
        return DK_ENOMEM;
    n = 0;
    for (; o->keyword != NULL; o++) {
        const char *v = o->val != NULL ? o->val : default_of(o->keyword);

        if (v == NULL)
            continue;
        s->key[n] = strdup(o->keyword);
        s->val[n] = strdup(v);
        if (s->key[n] == NULL || s->val[n] == NULL)
            return DK_ENOMEM;
        n++;
    }
    return 0;
}

int pg_params(struct pg *s, const char *conninfo, struct dk_problem *p)
{
    char *err = NULL;
    PQconninfoOption *o = PQconninfoParse(conninfo, &err);
    int rc;

    if (o == NULL) {
        rc = dk_failf(p, DK_EFIELD, NULL,
                      "the store's connection string cannot be read: %.200s. "
                      "Write postgres:host=... dbname=...",
                      "无法读取存储的连接字符串：%.200s。请写 "
                      "postgres:host=... dbname=...",
                      err != NULL ? err : "");
        PQfreemem(err);
        return rc;
    }
    rc = copy_params(s, o);
    PQconninfoFree(o);
    return rc != 0 ? dk_fail(p, rc, NULL, NULL, NULL) : 0;
}

void pg_params_free(struct pg *s)
{
    for (size_t i = 0; s->key != NULL && s->key[i] != NULL; i++)
        free(s->key[i]);
    for (size_t i = 0; s->val != NULL && s->val[i] != NULL; i++)
        free(s->val[i]);
    free(s->key);
    free(s->val);
}

/* ---- losing it ---------------------------------------------------------- */

static void say(struct pg *s, const char *why)
{
    size_t n;

    if (why == NULL)
        return;
    (void)snprintf(s->why, sizeof s->why, "%s", why);
    n = strlen(s->why);
    while (n > 0 && (unsigned char)s->why[n - 1] <= ' ')
        s->why[--n] = '\0';
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s->why[i] < ' ')
            s->why[i] = ' ';
}

void pg_drop(struct pg *s, const char *why)
{
    int shift = s->failures < PAUSE_MAX ? s->failures : PAUSE_MAX;

    say(s, why);
    PQfinish(s->c);
    s->c = NULL;
    if (s->state != PG_UP)
        s->failures++;
    else
        s->failures = 0;
    /* At once after a loss; then later and later, and not all brokers of an
     * office at the same time.
     */
    s->again_at = 0;
    if (s->mono != NULL && s->failures > 0)
        s->again_at = s->mono() + (PAUSE_MS << shift) + s->no * 37;
    s->state = PG_DOWN;
    memset(s->ready, 0, sizeof s->ready);
    s->undone = s->undone || s->open_tx;
    s->open_tx = false;
}

/* ---- making it ---------------------------------------------------------- */

static int dial(struct pg *s)
{
    if (s->mono != NULL && s->mono() < s->again_at)
        return DK_EBUSY;
    s->c = PQconnectStartParams((const char *const *)s->key,
                                (const char *const *)s->val, 0);
    s->state = PG_DIALING;
    s->polling = PGRES_POLLING_WRITING;
    s->until = s->mono != NULL ? s->mono() + DIAL_MS : 0;
    if (s->c == NULL || PQstatus(s->c) == CONNECTION_BAD) {
        pg_drop(s, s->c != NULL ? PQerrorMessage(s->c) : "no memory");
        return DK_EBUSY;
    }
    return 0;
}

static int greet(struct pg *s)
{
    struct pg_args a = pg_args(s);

    (void)PQsetNoticeReceiver(s->c, pg_on_notice, s);
    if (PQsetnonblocking(s->c, 1) != 0 || PQenterPipelineMode(s->c) != 1) {
        pg_drop(s, PQerrorMessage(s->c));
        return DK_EBUSY;
    }
    pg_int(&a, s->no);
    pg_int(&a, s->epoch);
    s->greeted = 0;
    s->unsure = false;
    bool ok =
        PQsendQueryParams(s->c, greeting, 0, NULL, NULL, NULL, NULL, 0) == 1;
    if (ok && s->no >= 0)
        ok = PQsendQueryParams(s->c, pg_text_of(PG_TAKE), a.n, a.type, a.v,
                               a.len, a.format, 1) == 1;
    if (!ok || PQpipelineSync(s->c) != 1) {
        pg_drop(s, PQerrorMessage(s->c));
        return DK_EBUSY;
    }
    s->state = PG_GREETING;
    return 0;
}

static int go_on(struct pg *s, int ms)
{
    int n = pg_poll(s, s->polling == PGRES_POLLING_WRITING, ms);

    if (n == 0)
        return DK_EBUSY;
    s->polling = PQconnectPoll(s->c);
    if (s->polling == PGRES_POLLING_OK)
        return greet(s);
    if (s->polling != PGRES_POLLING_FAILED)
        return 0;
    pg_drop(s, PQerrorMessage(s->c));
    return DK_EBUSY;
}

/* What makes a server one that cannot be used; NULL: nothing. */
static const char *unfit(const PGresult *res)
{
    const char *commit = PQgetvalue(res, 0, 4);

    if (strcmp(commit, "off") == 0 || strcmp(commit, "local") == 0)
        return "synchronous_commit is off or local: what is acknowledged could "
               "be lost. Set it to on, for this role or database";
    if (strcmp(PQgetvalue(res, 0, 5), "off") == 0)
        return "fsync is off: what is acknowledged could be lost. Set it to on";
    if (strcmp(PQgetvalue(res, 0, 6), "UTF8") != 0)
        return "the database's encoding is not UTF8. Create it with "
               "ENCODING 'UTF8'";
    if (strcmp(PQgetvalue(res, 0, 7), "off") != 0)
        return "this server may only be read from";
    return NULL;
}

/* The row that was taken says what became of the commit before. */
static int taken(struct pg *s, const PGresult *res)
{
    struct pg_row r = {res, 0};

    if (PQntuples(res) != 1) {
        say(s, "another docketd of this name has started");
        return pg_damaged(s);
    }
    int64_t commits = pg_col_int(&r, 0);
    if (commits != s->commits && commits != s->commits + 1) {
        say(s, "the database has lost commits that were acknowledged (another "
               "server took over without them, or it was restored)");
        return pg_damaged(s);
    }
    s->commits = commits;
    s->last_seq = pg_col_int(&r, 1);
    s->last_at = pg_col_int(&r, 2);
    s->mine.cases = pg_col_int(&r, 3);
    s->mine.tallies = (uint64_t)pg_col_int(&r, 4);
    return 0;
}

static const char not_standing_by[] =
    "a commit was made to return before its standby had it";

/* One answer of the greeting: 0 go on, or a code. */
static int answer(struct pg *s, PGresult *res)
{
    ExecStatusType got = PQresultStatus(res);
    const char *no = NULL;
    int rc = 0;

    if (got == PGRES_TUPLES_OK && s->greeted++ == 0)
        no = unfit(res);
    else if (got == PGRES_TUPLES_OK)
        rc = taken(s, res);
    else if (got == PGRES_PIPELINE_SYNC && s->unsure)
        no = not_standing_by;
    else if (got == PGRES_PIPELINE_SYNC)
        s->state = PG_UP;
    else
        no = PQresultErrorMessage(res);
    if (s->state == PG_UP)
        s->failures = 0;
    PQclear(res);
    if (no == NULL && rc == 0)
        return 0;
    s->unfit = no != NULL && got == PGRES_TUPLES_OK;
    pg_drop(s, no);
    return rc != 0 ? rc : DK_EBUSY;
}

static int hear(struct pg *s, int ms)
{
    int left = PQflush(s->c);
    PGresult *res;

    if (left == 0 && PQisBusy(s->c) == 0) {
        res = PQgetResult(s->c);
        if (res != NULL)
            return answer(s, res);
        if (PQstatus(s->c) != CONNECTION_BAD)
            return 0;
        left = -1;
    }
    int n = left < 0 ? left : pg_poll(s, left > 0, ms);
    if (n == 0)
        return DK_EBUSY;
    if (n > 0 && PQconsumeInput(s->c) == 1)
        return 0;
    pg_drop(s, PQerrorMessage(s->c));
    return DK_EBUSY;
}

int pg_dial(struct pg *s, int ms)
{
    int rc = s->base.failed ? DK_EIO : 0;

    while (rc == 0 && s->state != PG_UP) {
        if (s->state == PG_DOWN)
            rc = dial(s);
        else if (s->state == PG_DIALING)
            rc = go_on(s, ms);
        else
            rc = hear(s, ms);
        if (s->state == PG_UP) {
            s->renewed = true;
            s->back_at = s->mono != NULL ? s->mono() : 0;
        }
        if (s->state != PG_UP && s->state != PG_DOWN && s->until != 0 &&
            s->mono() > s->until) {
            pg_drop(s, "the server does not answer");
            rc = DK_EBUSY;
        }
    }
    return rc;
}

/* ---- between ticks ------------------------------------------------------ */

/* Say to the other brokers that this one is there; and hear if they believe
 * that it is not.
 */
static int beat(struct pg *s)
{
    struct pg_args a = pg_args(s);
    PGresult *res;

    if (s->mono == NULL || s->open_tx || s->mono() < s->beat_at)
        return 0;
    s->beat_at = s->mono() + BEAT_MS;
    pg_int(&a, s->no);
    pg_int(&a, s->epoch);
    int rc = pg_ask(&a, PG_TAKE, &res);
    if (rc == 0 && PQntuples(res) != 1) {
        say(s, "another docketd took this one's place: of its name, or because "
               "it was not heard of for long");
        rc = pg_damaged(s);
    }
    PQclear(res);
    return rc;
}

int pg_tend(struct store *st, struct store_info *info)
{
    struct pg *s = (struct pg *)st;

    /* Nothing was asked: whatever comes is the end, or a notice. */
    if (s->state == PG_UP && pg_poll(s, false, 0) != 0 &&
        (PQconsumeInput(s->c) != 1 || PQstatus(s->c) == CONNECTION_BAD))
        pg_drop(s, PQerrorMessage(s->c));
    int rc = pg_dial(s, PG_PATIENCE);
    if (rc == 0 && s->shared)
        rc = beat(s);
    if (rc != 0)
        return rc;
    if (!s->renewed)
        return 0;
    s->renewed = false;
    info->last_seq = s->last_seq;
    info->last_at = s->last_at;
    return 1;
}

const char *pg_said(struct store *st)
{
    return ((struct pg *)st)->why;
}
