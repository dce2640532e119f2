/* store_pg_move.c - the steps of a move, and how they are backed out of.
 *
 *   tables, `meta` with schema PG_MOVING, so that nobody opens it
 *   rows, in transactions that also say how far they got (table `move`)
 *   indices
 *   every row compared, totals counted, chains followed
 *   the old store marked as moved, durably
 *   `meta` with the true schema: it may be opened
 *
 * Killed anywhere, the next run sees from `move` where it was.
 */
#include <inttypes.h>
#include <stdio.h>

#include "store_pg_move.h"

#define REACH_MS 5000

enum found {
    FOUND_NOTHING, /* an empty schema */
    FOUND_OURS,    /* a copy of this store, on its way */
    FOUND_STALE,   /* ... as the store was before it was used again */
    FOUND_MOVED,   /* this store, moved */
    FOUND_OTHER
};

/* ---- talking to the server ---------------------------------------------- */

int move_refused(struct mover *v, const PGresult *res)
{
    const char *code =
        res != NULL ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char *what =
        res != NULL ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;

    if (code == NULL || PQstatus(v->pg->c) != CONNECTION_OK)
        return dk_failf(v->p, DK_EBUSY, NULL,
                        "the connection to the database was lost (%.150s). "
                        "Nothing was switched by this; run the same command "
                        "again, it goes on from where it was",
                        "与数据库的连接中断（%.150s）。请再次运行同一命令，将"
                        "从中断处继续",
                        what != NULL ? what : "-");
    int rc = strcmp(code, "53100") == 0   ? DK_EFULL
             : strcmp(code, "42501") == 0 ? DK_EFORBIDDEN
             : strcmp(code, "42P07") == 0 ? DK_EFORBIDDEN
                                          : DK_EIO;
    return dk_failf(v->p, rc, NULL,
                    "the database refuses: %.200s (%s). The old store is as it "
                    "was; mend this and run the same command again",
                    "数据库拒绝：%.200s（%s）。原数据库未变；排除后请再次运行"
                    "同一命令",
                    what != NULL ? what : "", code);
}

int move_sql(struct mover *v, const char *sql)
{
    PGresult *res = PQexec(v->pg->c, sql);
    ExecStatusType got = PQresultStatus(res);
    bool ok = got == PGRES_COMMAND_OK || got == PGRES_TUPLES_OK;
    int rc = ok ? 0 : move_refused(v, res);

    PQclear(res);
    return rc;
}

int move_ask(struct mover *v, const char *sql, int64_t *out)
{
    PGresult *res = PQexec(v->pg->c, sql);
    int rc = PQresultStatus(res) == PGRES_TUPLES_OK ? 0 : move_refused(v, res);

    *out = 0;
    if (rc == 0 && PQntuples(res) > 0)
        *out = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);
    return rc;
}

/* What was committed last must outlive this server, too. */
static int sure(struct mover *v)
{
    if (!v->pg->unsure)
        return 0;
    return dk_fail(v->p, DK_EBUSY, NULL,
                   "a commit was made to return before its standby had it. See "
                   "that the standby answers and run the same command again",
                   "提交在备库确认之前即返回。请确认备库应答后再次运行同一"
                   "命令");
}

static const char *path_of(const char *url, const char *kind)
{
    size_t n = strlen(kind);

    return strncmp(url, kind, n) == 0 ? url + n : NULL;
}

/* As libpq understood it, without what is secret. */
static void put_place(struct mover *v, const char *conninfo)
{
    PQconninfoOption *o = PQconninfoParse(conninfo, NULL);
    size_t n = 0;

    for (int i = 0; o != NULL && o[i].keyword != NULL; i++) {
        const char *x = o[i].val;
        bool space = x != NULL && strpbrk(x, " '\\") != NULL;

        if (x == NULL || strchr(o[i].dispchar, '*') != NULL ||
            n >= sizeof v->place)
            continue;
        n += (size_t)snprintf(v->place + n, sizeof v->place - n,
                              space ? "%s%s='%s'" : "%s%s=%s", n ? " " : "",
                              o[i].keyword, x);
    }
    PQconninfoFree(o);
}

static int reach(struct mover *v)
{
    const char *rest = path_of(v->m->to, "postgres:");

    if (rest == NULL)
        return dk_fail(v->p, DK_EFIELD, NULL,
                       "the new store must be postgres:CONNINFO",
                       "新库须写作 postgres:连接字符串");
    const char *conninfo = strncmp(rest, "//", 2) == 0 ? v->m->to : rest;
    int rc = pg_lib_load(v->p);
    if (rc == 0)
        rc = pg_params(v->pg, conninfo, v->p);
    if (rc != 0)
        return rc;
    put_place(v, conninfo);
    if (pg_dial(v->pg, REACH_MS) != 0)
        return dk_failf(v->p, v->pg->unfit ? DK_EFORBIDDEN : DK_EBUSY, NULL,
                        "the database cannot be used: %.250s",
                        "无法使用数据库：%.250s", v->pg->why);
    if (PQexitPipelineMode(v->pg->c) != 1 || PQsetnonblocking(v->pg->c, 0) != 0)
        return move_refused(v, NULL);
    return move_sql(v, "SET idle_in_transaction_session_timeout = 0; "
                       "SET statement_timeout = 0; SET lock_timeout = '5s'");
}

/* ---- what is there ------------------------------------------------------ */

static void hex(const uint8_t id[16], char out[33])
{
    for (int i = 0; i < 16; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", id[i]);
}

static int look_move(struct mover *v, enum found *out)
{
    char sql[160], id[33];
    int64_t same = 0, epoch = 0;

    hex(v->old.broker, id);
    (void)snprintf(sql, sizeof sql, "SELECT (source = '\\x%s')::int FROM move",
                   id);
    int rc = move_ask(v, sql, &same);
    if (rc == 0)
        rc = move_ask(v, "SELECT epoch FROM move", &epoch);
    if (rc == 0)
        rc = move_ask(v, "SELECT stage FROM move", &v->stage);
    if (rc == 0)
        rc = move_ask(v, "SELECT rows FROM move", &v->rows);
    *out = same == 0               ? FOUND_OTHER
           : epoch == v->old.epoch ? FOUND_OURS
                                   : FOUND_STALE;
    return rc;
}

static int look(struct mover *v, enum found *out)
{
    char sql[160], id[33];
    int64_t there = 0, schema = 0, same = 0;
    int rc =
        move_ask(v, "SELECT (to_regclass('meta') IS NOT NULL)::int", &there);

    *out = FOUND_NOTHING;
    if (rc != 0 || there == 0)
        return rc;
    rc = move_ask(v,
                  "SELECT count(*) FROM pg_attribute WHERE attrelid = "
                  "to_regclass('meta') AND attname IN ('schema', 'sealed')",
                  &there);
    *out = FOUND_OTHER;
    if (rc != 0 || there != 2)
        return rc;
    rc = move_ask(v, "SELECT schema FROM meta", &schema);
    if (rc == 0 && schema == PG_MOVING)
        return look_move(v, out);
    hex(v->old.broker, id);
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM broker WHERE id = '\\x%s'", id);
    if (rc == 0)
        rc = move_ask(v, sql, &same);
    *out = same == 1 ? FOUND_MOVED : FOUND_OTHER;
    return rc;
}

static int say_other(struct mover *v)
{
    return dk_fail(v->p, DK_EFORBIDDEN, NULL,
                   "something else is in this database. Give the move an empty "
                   "schema of its own (CREATE SCHEMA ..., and "
                   "search_path in its options)",
                   "该数据库中已有其他内容。请为迁移提供单独的空模式（CREATE "
                   "SCHEMA …，并在连接字符串的 options 中设 search_path）");
}

/* ---- steps -------------------------------------------------------------- */

static int make(struct mover *v, bool tables)
{
    int rc = 0;

    for (int i = 0; rc == 0 && pg_tables[i] != NULL; i++) {
        bool table = strncmp(pg_tables[i], "CREATE TABLE", 12) == 0;

        if (table == tables)
            rc = move_sql(v, pg_tables[i]);
    }
    return rc;
}

static int put_stage(struct mover *v, int64_t stage)
{
    char sql[100];

    v->stage = stage;
    v->rows = 0;
    (void)snprintf(sql, sizeof sql,
                   "UPDATE move SET stage = %" PRId64 ", rows = 0", stage);
    return move_sql(v, sql);
}

static int make_move(struct mover *v, int64_t epoch)
{
    char sql[200], id[33];

    hex(v->old.broker, id);
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO move VALUES (1, '\\x%s', %" PRId64 ", 0, 0)",
                   id, epoch);
    int rc = move_sql(v, "CREATE TABLE move (one bigint PRIMARY KEY, source "
                         "bytea NOT NULL, epoch bigint NOT NULL, stage bigint "
                         "NOT NULL, rows bigint NOT NULL)");
    return rc == 0 ? move_sql(v, sql) : rc;
}

static int drop_all(struct mover *v)
{
    char sql[400];
    size_t n = (size_t)snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS move");

    for (int i = 0; i < move_n_tables; i++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, ", %s",
                              move_tables[i].name);
    return move_sql(v, sql);
}

/* The tables, and `meta` (the first), which keeps everybody out. */
static int begin(struct mover *v)
{
    sqlite3_stmt *q = NULL;
    int64_t n = 0;
    bool end = false;
    int rc = move_sql(v, "BEGIN");

    if (rc == 0)
        rc = make(v, true);
    if (rc == 0)
        rc = make_move(v, v->old.epoch);
    if (rc == 0)
        rc = move_select(v, &move_tables[0], &q);
    if (rc == 0)
        rc = move_copy_some(v, &move_tables[0], q, 2, &n, &end);
    (void)sqlite3_finalize(q);
    if (rc == 0)
        rc = put_stage(v, 1);
    return rc == 0 ? move_sql(v, "COMMIT") : rc;
}

static int make_indices(struct mover *v)
{
    v->m->tell(v->m->arg, STORE_MOVE_INDEX, "", 0);
    int rc = move_sql(v, "BEGIN");
    if (rc == 0)
        rc = make(v, false);
    if (rc == 0)
        rc = put_stage(v, move_n_tables + 1);
    if (rc == 0)
        rc = move_sql(v, "COMMIT");
    for (int i = 0; rc == 0 && i < move_n_tables; i++) {
        char sql[40];

        (void)snprintf(sql, sizeof sql, "ANALYZE %s", move_tables[i].name);
        rc = move_sql(v, sql);
    }
    return rc;
}

/* The totals that the store keeps, against the rows. */
static int count(struct mover *v)
{
    int64_t same = 0;
    int rc = move_ask(
        v,
        "SELECT (cases = (SELECT count(*) FROM case_file) AND last_seq = "
        "(SELECT count(*) FROM event) AND tasks_open = (SELECT count(*) FROM "
        "task WHERE dead = 0) AND tasks_dead = (SELECT count(*) FROM task "
        "WHERE dead = 1) AND alerts_open = (SELECT count(*) FROM alert WHERE "
        "acked_at IS NULL))::int FROM broker",
        &same);

    if (rc != 0 || same == 1)
        return rc;
    return dk_fail(v->p, DK_ECONFLICT, NULL,
                   "the totals of the old store do not fit its rows. Nothing "
                   "was switched. Run docketctl verify on the old store",
                   "原数据库的合计与其内容不符。尚未切换。请对原数据库运行 "
                   "docketctl verify");
}

static int verify(struct mover *v)
{
    int rc = 0;

    for (int i = 0; rc == 0 && i < move_n_tables; i++)
        rc = move_compare(v, &move_tables[i]);
    if (rc == 0)
        rc = count(v);
    if (rc == 0)
        rc = move_chains(v);
    if (rc == 0)
        rc = put_stage(v, move_n_tables + 2);
    return rc == 0 ? sure(v) : rc;
}

static int open_it(struct mover *v)
{
    char sql[120];

    (void)snprintf(sql, sizeof sql,
                   "BEGIN; UPDATE meta SET schema = %d; DROP TABLE move; "
                   "COMMIT",
                   PG_SCHEMA);
    int rc = move_sql(v, sql);
    return rc == 0 ? sure(v) : rc;
}

static int go_on(struct mover *v)
{
    int rc = 0;

    while (rc == 0 && v->stage < move_n_tables)
        rc = move_copy(v, (int)v->stage);
    if (rc == 0 && v->stage == move_n_tables)
        rc = make_indices(v);
    /* Somebody may have been at the copy meanwhile, so it is done again. */
    if (rc == 0 && !v->old.marked)
        rc = verify(v);
    if (rc == 0)
        rc = moved_mark(&v->old, v->place, v->p);
    if (rc == 0)
        rc = open_it(v);
    if (rc == 0)
        v->m->tell(v->m->arg, STORE_MOVE_DONE, v->place, 0);
    return rc;
}

static int run(struct mover *v)
{
    enum found found = FOUND_OTHER;
    int rc = look(v, &found);

    if (rc != 0)
        return rc;
    if (found == FOUND_OTHER)
        return say_other(v);
    if (found == FOUND_MOVED && v->old.marked) {
        v->m->tell(v->m->arg, STORE_MOVE_ALREADY, v->place, 0);
        return 0;
    }
    if (found == FOUND_MOVED || (v->old.marked && found == FOUND_NOTHING))
        return v->old.marked ? moved_refuse(v->old.db, &v->old.file, v->p)
                             : say_other(v);
    if (v->old.marked && found == FOUND_STALE)
        return dk_fail(v->p, DK_EFORBIDDEN, NULL,
                       "a back-out was begun. Run it to its end: the same "
                       "command with --back-out",
                       "撤回尚未完成。请以 --back-out 再次运行同一命令");
    if (found == FOUND_STALE) {
        v->m->tell(v->m->arg, STORE_MOVE_ANEW, "", 0);
        rc = drop_all(v);
    }
    if (rc == 0 && found != FOUND_OURS)
        rc = begin(v);
    return rc == 0 ? go_on(v) : rc;
}

/* ---- back --------------------------------------------------------------- */

/* Nobody may open it from now on, and nobody has. */
static int close_it(struct mover *v)
{
    int64_t unused = 0;
    int rc = move_sql(v, "BEGIN; LOCK TABLE broker IN ACCESS EXCLUSIVE MODE");

    if (rc == 0)
        rc = move_ask(v, "SELECT (sum(commits) = 0)::int FROM broker", &unused);
    if (rc == 0 && unused == 0)
        rc = dk_fail(v->p, DK_EFORBIDDEN, NULL,
                     "docketd has served from the database since the move, and "
                     "what it acknowledged is only there. There is no way back",
                     "迁移后 docketd 已使用该数据库提供服务，此后确认的内容"
                     "只在该库中，无法撤回");
    if (rc == 0)
        rc = make_move(v, -1);
    if (rc == 0)
        rc = move_sql(v, "UPDATE meta SET schema = " PG_MOVING_TEXT
                         "; DROP TABLE broker; COMMIT");
    return rc == 0 ? sure(v) : rc;
}

static int back(struct mover *v)
{
    enum found found = FOUND_OTHER;
    int rc = look(v, &found);

    if (rc == 0 && found == FOUND_OTHER)
        rc = say_other(v);
    if (rc == 0 && found == FOUND_NOTHING && v->old.marked)
        return moved_refuse(v->old.db, &v->old.file, v->p);
    if (rc == 0 && found == FOUND_MOVED)
        rc = close_it(v);
    if (rc == 0)
        rc = moved_unmark(&v->old, v->p);
    if (rc == 0 && found != FOUND_NOTHING)
        rc = drop_all(v);
    if (rc == 0)
        v->m->tell(v->m->arg, STORE_MOVE_DONE, v->place, 0);
    return rc;
}

static int with_both(const struct store_move *m, int (*fn)(struct mover *),
                     struct dk_problem *p)
{
    struct mover v = {.m = m, .p = p, .old = {.file = {.lock_fd = -1}}};
    const char *path = path_of(m->from, "sqlite:");
    struct pg *pg = calloc(1, sizeof *pg);
    int rc = 0;

    dk_problem_clear(p);
    if (pg == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    pg->no = -1;
    v.pg = pg;
    if (path == NULL)
        rc = dk_fail(p, DK_EFIELD, NULL, "the old store must be sqlite:FILE",
                     "原库须写作 sqlite:文件");
    if (rc == 0)
        rc = moved_open(&v.old, path, p);
    if (rc == 0)
        rc = reach(&v);
    if (rc == 0)
        rc = fn(&v);
    moved_close(&v.old);
    if (pg->c != NULL)
        PQfinish(pg->c);
    pg_params_free(pg);
    free(pg);
    return rc;
}

int store_move(const struct store_move *m, struct dk_problem *p)
{
    return with_both(m, run, p);
}

int store_move_back(const struct store_move *m, struct dk_problem *p)
{
    return with_both(m, back, p);
}
