/* store_pg.c - open and close a store on PostgreSQL, and what is refused.
 *
 * Opening waits for the server, once; after that nothing does
 * (store_pg_link.c).
 */
#include <stdio.h>

#include "store_pg.h"

#define OPEN_MS 3000 /* without a sign of life, while it is opened */
#define RACES   5    /* others may make the same tables at the same time */

static const struct store_ops ops;

/* ---- sentences ---------------------------------------------------------- */

static int say_code(const struct pg *s, int code, struct dk_problem *p)
{
    if (code == DK_ENOMEM)
        return dk_fail(p, code, NULL, NULL, NULL);
    if (code == DK_EFULL)
        return dk_fail(p, code, NULL,
                       "the disk of the database's server is full. Make room "
                       "there and start again",
                       "数据库服务器磁盘已满。请清理后重新启动");
    return dk_failf(p, code, NULL, "the database refuses: %.250s",
                    "数据库拒绝：%.250s", s->why);
}

static int say_away(const struct pg *s, struct dk_problem *p)
{
    if (s->unfit)
        return dk_failf(p, DK_EFORBIDDEN, NULL,
                        "docketd does not serve on this database: %.250s",
                        "docketd 不在此数据库上提供服务：%.250s", s->why);
    return dk_failf(p, DK_EBUSY, NULL,
                    "the database cannot be reached: %.250s. See that it runs, "
                    "and what the connection string of `store` says",
                    "无法连接数据库：%.250s。请检查其是否运行及 store 的连接"
                    "字符串",
                    s->why);
}

/* ---- a new store -------------------------------------------------------- */

/* The tables, one statement after the other, in the pipeline. */
static void send_tables(struct pg *s)
{
    for (int i = 0; pg_tables[i] != NULL; i++) {
        struct pg_args a = pg_args(s);

        pg_send_text(&a, pg_tables[i]);
    }
}

static int send_meta(struct pg *s, const struct store_options *opt,
                     const uint8_t secret[32])
{
    static const uint8_t zero[32];
    struct pg_args a = pg_args(s);
    void *sealed = NULL;
    size_t len = 0;
    int64_t seal = STORE_PLAIN;
    int rc = 0;

    if (opt->seal != NULL)
        rc = opt->seal(opt->seal_arg, 0, secret, 32, &sealed, &len, &seal);
    pg_int(&a, PG_SCHEMA);
    pg_int(&a, opt->county);
    pg_int(&a, opt->test_clock);
    pg_int(&a, opt->test_clock ? opt->test_now : 0);
    pg_bytes(&a, opt->seal != NULL ? zero : secret, 32);
    pg_bytes(&a, sealed, len);
    pg_int(&a, seal);
    if (rc == 0)
        pg_send(&a, PG_META_PUT);
    free(sealed);
    return rc;
}

/* All of it, or nothing. */
static int make_store(struct pg *s, const struct store_options *opt,
                      const uint8_t random[48], struct dk_problem *p)
{
    struct pg_args none = pg_args(s);

    pg_send(&none, PG_BEGIN);
    send_tables(s);
    int rc = pg_sync(s);
    pg_clear(s);
    if (rc == 0)
        rc = send_meta(s, opt, random + 16);
    if (rc == 0) {
        pg_send(&none, PG_COMMIT);
        rc = pg_sync(s);
        pg_clear(s);
    }
    if (rc == 0)
        return 0;
    bool race =
        strcmp(s->sqlstate, "42P07") == 0 || strcmp(s->sqlstate, "23505") == 0;
    pg_undo(s);
    s->undone = false;
    return race ? 0 : say_code(s, rc, p);
}

/* A store of an older schema; all of it, or nothing. */
static int upgrade(struct pg *s, int from, struct dk_problem *p)
{
    struct pg_args none = pg_args(s);
    char mark[80];

    pg_send(&none, PG_BEGIN);
    for (int i = from; i < PG_SCHEMA; i++)
        pg_send_text(&none, pg_steps[i - 1]);
    (void)snprintf(mark, sizeof mark,
                   "UPDATE meta SET schema = %d WHERE schema < %d", PG_SCHEMA,
                   PG_SCHEMA);
    pg_send_text(&none, mark);
    pg_send(&none, PG_COMMIT);
    int rc = pg_sync(s);
    pg_clear(s);
    if (rc == 0)
        return 0;
    pg_undo(s);
    s->undone = false;
    return rc == DK_EBUSY ? say_away(s, p) : say_code(s, rc, p);
}

/* ---- checks ------------------------------------------------------------- */

static int check_meta(const struct pg_row *r, const struct store_options *opt,
                      struct dk_problem *p)
{
    int schema = (int)pg_col_int(r, 0), county = (int)pg_col_int(r, 1);
    bool test = pg_col_int(r, 2) != 0;

    if (schema == PG_MOVING)
        return dk_fail(p, DK_EVERSION, NULL,
                       "a store is being moved here: run docketctl migrate to "
                       "its end",
                       "正在向该数据库迁移：请将 docketctl migrate 运行完毕");
    if (schema > PG_SCHEMA)
        return dk_failf(
            p, DK_EVERSION, NULL,
            "the database has schema %d, newer than the %d of this "
            "program. Start the newer docketd again.",
            "数据库的数据结构版本为 %d，高于本程序的 %d。请改用新版 "
            "docketd。",
            schema, PG_SCHEMA);
    if (county != opt->county)
        return dk_failf(p, DK_EFORBIDDEN, NULL,
                        "the database belongs to county %06d, not to %06d. "
                        "Correct the county in the configuration, or name "
                        "another database.",
                        "数据库属于区划代码 %06d，而不是 %06d。请更正配置中的"
                        "区划代码，或指定其他数据库。",
                        county, (int)opt->county);
    if (test != opt->test_clock)
        return dk_fail(p, DK_EFORBIDDEN, NULL,
                       test ? "this store was made with a test clock and can "
                              "never be used for real time"
                            : "this store was run on real time and can never "
                              "be used with a test clock",
                       test ? "此数据库以测试时钟建立，不能用于真实时间"
                            : "此数据库曾以真实时间运行，不能使用测试时钟");
    return 0;
}

static int read_meta(const struct pg_row *r, struct store_info *info)
{
    info->test_now = pg_col_int(r, 3);
    info->sealed_len = pg_col_len(r, 5);
    info->seal = pg_col_int(r, 6);
    if (!pg_col_bytes(r, 4, info->secret, sizeof info->secret) ||
        info->sealed_len > sizeof info->sealed ||
        !pg_col_bytes(r, 5, info->sealed, info->sealed_len))
        return DK_EIO;
    return 0;
}

static int open_meta(struct pg *s, const struct store_options *opt,
                     const uint8_t random[48], struct store_info *info,
                     struct dk_problem *p)
{
    for (int i = 0; i < RACES; i++) {
        struct pg_args a = pg_args(s);
        PGresult *res;
        int rc = pg_ask(&a, PG_META_GET, &res);

        if (rc == 0 && PQntuples(res) == 1) {
            struct pg_row r = {res, 0};

            rc = check_meta(&r, opt, p);
            if (rc == 0 && read_meta(&r, info) != 0)
                rc = dk_fail(p, DK_EIO, NULL, NULL, NULL);
            int schema = (int)pg_col_int(&r, 0);
            PQclear(res);
            return rc == 0 && schema < PG_SCHEMA ? upgrade(s, schema, p) : rc;
        }
        PQclear(res);
        if (rc == 0 || strcmp(s->sqlstate, "42703") == 0)
            return dk_fail(p, DK_EVERSION, NULL,
                           "the database has a table meta that is not "
                           "docket's. Give docket a schema of its own",
                           "数据库中已有不属于 docket 的 meta 表。请为 docket "
                           "使用单独的模式");
        if (strcmp(s->sqlstate, "42P01") != 0)
            return rc == DK_EBUSY ? say_away(s, p) : say_code(s, rc, p);
        if (!opt->create)
            return dk_fail(p, DK_ENOTFOUND, NULL,
                           "the database has no tables of docket",
                           "数据库中没有 docket 的数据表");
        rc = make_store(s, opt, random, p);
        if (rc != 0)
            return rc;
    }
    return say_code(s, DK_EBUG, p);
}

/* ---- this broker's row --------------------------------------------------- */

static int read_broker(struct pg *s, const struct pg_row *r,
                       struct store_info *info)
{
    s->no = pg_col_int(r, 0);
    s->epoch = info->epoch = pg_col_int(r, 2);
    s->commits = pg_col_int(r, 3);
    s->last_seq = info->last_seq = pg_col_int(r, 4);
    s->last_at = info->last_at = pg_col_int(r, 5);
    s->mine.cases = pg_col_int(r, 6);
    s->mine.tallies = (uint64_t)pg_col_int(r, 7);
    return pg_col_bytes(r, 1, info->broker, sizeof info->broker) ? 0 : DK_EIO;
}

/* One that is alone must be: another's cases would get its numbers. */
static int check_alone(struct pg *s, struct dk_problem *p)
{
    struct pg_args a = pg_args(s);
    PGresult *res;

    pg_str(&a, "");
    int rc = pg_ask(&a, PG_BROKER_OTHERS, &res);
    bool others = rc == 0 && pg_col_int(&(struct pg_row){res, 0}, 0) != 0;
    PQclear(res);
    if (rc != 0)
        return say_code(s, rc, p);
    if (!others)
        return 0;
    return dk_fail(
        p, DK_EFORBIDDEN, NULL,
        "several brokers use this database, each with a name. Give "
        "this one a name, too: `name` under [broker]",
        "此数据库由多个服务共用，且各有名称。请在 [broker] 下以 name "
        "为本服务命名");
}

static int open_broker(struct pg *s, const char *name, const uint8_t id[16],
                       struct store_info *info, struct dk_problem *p)
{
    int rc = s->shared ? 0 : check_alone(s, p);

    for (int i = 0; rc == 0 && i < RACES; i++) {
        struct pg_args new = pg_args(s), up = pg_args(s);
        PGresult *res;

        pg_str(&new, name);
        pg_bytes(&new, id, 16);
        rc = pg_ask(&new, PG_BROKER_NEW, &res);
        PQclear(res);
        pg_str(&up, name);
        if (rc == 0)
            rc = pg_ask(&up, PG_BROKER_UP, &res);
        if (rc != 0)
            return rc == DK_EBUSY ? say_away(s, p) : say_code(s, rc, p);
        bool some = PQntuples(res) == 1;
        if (some)
            rc = read_broker(s, &(struct pg_row){res, 0}, info);
        PQclear(res);
        if (some)
            return rc != 0 ? dk_fail(p, rc, NULL, NULL, NULL) : 0;
    }
    return rc != 0 ? rc : say_code(s, DK_EBUG, p);
}

static int check_stream(struct pg *s, struct dk_problem *p)
{
    struct pg_args a = pg_args(s);
    PGresult *res;

    pg_int(&a, s->no);
    int rc = pg_ask(&a, PG_LAST_EVENT, &res);
    int64_t last = rc == 0 ? pg_col_int(&(struct pg_row){res, 0}, 0) : 0;
    PQclear(res);
    if (rc != 0)
        return say_code(s, rc, p);
    if (last == s->last_seq)
        return 0;
    return dk_fail(p, DK_EIO, NULL,
                   "the store is damaged: its totals do not fit its events. "
                   "See docs/STORE.md, \"Damage\"",
                   "数据库已损坏：合计与事件不符。参见 docs/STORE.md “Damage”"
                   "一节");
}

/* ---- open and close ----------------------------------------------------- */

static void pg_close(struct store *st)
{
    struct pg *s = (struct pg *)st;

    pg_clear(s);
    PQfinish(s->c);
    pg_params_free(s);
    for (int i = 0; i < PG_ARGS; i++)
        free(s->col[i].buf);
    free(s);
}

static int pg_checkpoint(struct store *st, bool whole)
{
    (void)st;
    (void)whole;
    return 0; /* the server's affair */
}

static int pg_backup_begin(struct store *st, const char *path,
                           struct dk_problem *p)
{
    (void)st;
    (void)path;
    return dk_fail(p, DK_EFORBIDDEN, NULL,
                   "the cases are in PostgreSQL: back it up with pg_dump or by "
                   "archiving its log (docs/OPERATIONS.md)",
                   "案件保存在 PostgreSQL 中：请用 pg_dump 或归档日志备份（见 "
                   "docs/OPERATIONS.md）");
}

static int pg_backup_step(struct store *st, int pages, struct store_backup *b,
                          struct dk_problem *p)
{
    (void)pages;
    (void)b;
    return pg_backup_begin(st, NULL, p);
}

int store_pg_open(const char *conninfo, const struct store_options *opt,
                  const uint8_t random[48], struct store **out,
                  struct store_info *info, struct dk_problem *p)
{
    const char *name = opt->name != NULL ? opt->name : "";
    int rc = pg_lib_load(p);
    struct pg *s = rc == 0 ? calloc(1, sizeof *s) : NULL;

    if (rc != 0)
        return rc;
    if (s == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    s->base.ops = &ops;
    s->no = -1;
    s->mono = opt->mono;
    s->shared = info->shared = *name != '\0';
    rc = pg_params(s, conninfo, p);
    if (rc == 0 && pg_dial(s, OPEN_MS) != 0)
        rc = say_away(s, p);
    if (rc == 0)
        rc = open_meta(s, opt, random, info, p);
    if (rc == 0)
        rc = open_broker(s, name, random, info, p);
    if (rc == 0)
        rc = check_stream(s, p);
    s->renewed = false;
    s->back_at = 0;
    if (rc != 0)
        pg_close(&s->base);
    else
        *out = &s->base;
    return rc;
}

static const struct store_ops ops = {
    .close = pg_close,
    .commit = pg_commit,
    .find_requests = pg_find_requests,
    .load_cases = pg_load_cases,
    .events = pg_events,
    .case_events = pg_case_events,
    .due_clocks = pg_due_clocks,
    .next_due = pg_next_due,
    .tasks = pg_tasks,
    .task_get = pg_task_get,
    .task_list = pg_task_list,
    .task_count = pg_task_count,
    .list_cases = pg_list_cases,
    .list_alerts = pg_list_alerts,
    .list_clocks = pg_list_clocks,
    .list_office = pg_list_office,
    .next_unassigned = pg_next_unassigned,
    .person_get = pg_person_get,
    .persons = pg_persons,
    .next_seal = pg_next_seal,
    .seal_rows = pg_seal_rows,
    .loads = pg_loads,
    .day_seq = pg_day_seq,
    .list_days = pg_list_days,
    .list_ckpt = pg_list_ckpt,
    .ckpt_newest = pg_ckpt_newest,
    .ckpt_covering = pg_ckpt_covering,
    .tally = pg_tally,
    .totals = pg_totals,
    .list_keys = pg_list_keys,
    .case_row = pg_case_row,
    .clock_rows = pg_clock_rows,
    .alert_rows = pg_alert_rows,
    .beside_rows = pg_beside_rows,
    .recount = pg_recount,
    .checkpoint = pg_checkpoint,
    .backup_begin = pg_backup_begin,
    .backup_step = pg_backup_step,
    .tend = pg_tend,
    .said = pg_said,
    .hold = pg_hold,
    .rest = pg_rest,
    .claim = pg_claim,
};
