/* store.c - chooses a back end by URL, strikes the faults that a test asked
 * for, and refuses everything after a failed write.
 */
#include "store.h"

#include <string.h>

#include "store_impl.h"

/* ---- opening ------------------------------------------------------------ */

static bool options_good(const struct store_options *opt)
{
    return opt->county >= 0 && opt->county <= 999999;
}

static const char postgres[] = "postgres:";

/* "postgres:host=db dbname=docket", or a whole "postgres://db/docket". */
static int open_postgres(const char *url, const struct store_options *opt,
                         const uint8_t random[48], struct store **out,
                         struct store_info *info, struct dk_problem *p)
{
#ifdef DK_HAVE_PG
    const char *rest = url + sizeof postgres - 1;

    return store_pg_open(strncmp(rest, "//", 2) == 0 ? url : rest, opt, random,
                         out, info, p);
#else
    (void)url, (void)opt, (void)random, (void)out, (void)info;
    return dk_fail(p, DK_EFIELD, NULL,
                   "This docketd was built without PostgreSQL. Build it with "
                   "libpq-dev installed, or write sqlite:FILE.",
                   "本 docketd 构建时未包含 PostgreSQL 支持。请安装 libpq-dev "
                   "后重新构建，或写 sqlite:文件。");
#endif
}

int store_open(const char *url, const struct store_options *opt,
               const uint8_t random[48], struct store **out,
               struct store_info *info, struct dk_problem *p)
{
    static const char sqlite[] = "sqlite:";

    *out = NULL;
    memset(info, 0, sizeof *info);
    if (!options_good(opt))
        return dk_fail(p, DK_EFIELD, NULL,
                       "The county must be a number of six digits.",
                       "县级行政区划代码必须是六位数字。");
    if (strcmp(url, "mem:") == 0)
        return store_mem_open(opt, random, out, info, p);
    if (strncmp(url, sqlite, sizeof sqlite - 1) == 0 &&
        url[sizeof sqlite - 1] != '\0')
        return store_sqlite_open(url + sizeof sqlite - 1, opt, random, out,
                                 info, p);
    if (strncmp(url, postgres, sizeof postgres - 1) == 0)
        return open_postgres(url, opt, random, out, info, p);
    return dk_failf(p, DK_EFIELD, NULL,
                    "There is no store of this kind: %s. Write sqlite:FILE.",
                    "不支持这种存储：%s。请写 sqlite:文件。", url);
}

void store_close(struct store *st)
{
    if (st != NULL)
        st->ops->close(st);
}

/* ---- faults ------------------------------------------------------------- */

void store_fault(struct store *st, int64_t n, int times, int code, bool reads)
{
    st->fault.wait = n;
    st->fault.times = times;
    st->fault.code = code;
    st->fault.reads = reads;
}

/* The code to return instead of calling the back end, or 0. */
static int strike(struct store *st, bool read)
{
    if (st->fault.wait == 0 || (read && !st->fault.reads))
        return 0;
    if (st->fault.wait > 1) {
        st->fault.wait--;
        return 0;
    }
    if (st->fault.times == 0) {
        st->fault.wait = 0;
        return 0;
    }
    if (st->fault.times > 0)
        st->fault.times--;
    return st->fault.code;
}

int store_before_read(struct store *st)
{
    return st->failed ? DK_EIO : strike(st, true);
}

/* ---- calls -------------------------------------------------------------- */

int store_commit(struct store *st, const struct store_changes *ch)
{
    if (st->failed)
        return DK_EIO;
    int rc = strike(st, false);
    if (rc == 0)
        rc = st->ops->commit(st, ch);
    if (rc == DK_EIO)
        st->failed = true;
    return rc;
}

int store_find_requests(struct store *st, const struct dk_uuid *ids, size_t n,
                        struct store_request *out, bool *found)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->find_requests(st, ids, n, out, found);
}

int store_load_cases(struct store *st, const int64_t *keys, size_t n,
                     struct dk_case **out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = NULL;
    int rc = store_before_read(st);
    if (rc == 0)
        rc = st->ops->load_cases(st, keys, n, out);
    for (size_t i = 0; rc != 0 && i < n; i++) {
        dk_case_free(out[i]);
        out[i] = NULL;
    }
    return rc;
}

int store_events(struct store *st, int64_t from_seq, int64_t limit,
                 store_event_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->events(st, from_seq, limit, fn, arg);
}

int store_case_events(struct store *st, int64_t key, uint32_t from_n,
                      int64_t limit, store_event_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->case_events(st, key, from_n, limit, fn, arg);
}

int store_due_clocks(struct store *st, dk_ms now, int64_t limit,
                     store_due_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->due_clocks(st, now, limit, fn, arg);
}

int store_next_due(struct store *st, dk_ms *out)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->next_due(st, out);
}

int store_tasks(struct store *st, enum dk_service service, int64_t after,
                int64_t limit, store_task_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->tasks(st, service, after, limit, fn, arg);
}

int store_task_get(struct store *st, int64_t id, struct store_task_info *out)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->task_get(st, id, out);
}

int store_task_list(struct store *st, bool dead, int64_t after, int64_t limit,
                    store_task_info_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->task_list(st, dead, after, limit, fn, arg);
}

int store_task_count(struct store *st, enum dk_service service, bool dead,
                     int64_t limit, int64_t *out)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->task_count(st, service, dead, limit, out);
}

int store_list_cases(struct store *st, const struct store_case_filter *f,
                     int64_t limit, store_case_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->list_cases(st, f, limit, fn, arg);
}

int store_list_alerts(struct store *st, const struct store_alert_filter *f,
                      int64_t limit, store_alert_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->list_alerts(st, f, limit, fn, arg);
}

int store_list_office(struct store *st, bool open, int64_t before,
                      int64_t limit, store_office_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc
                   : st->ops->list_office(st, open, before, limit, fn, arg);
}

int store_next_unassigned(struct store *st, enum dk_state state, int64_t after,
                          int64_t limit, int64_t *key, int64_t *last)
{
    int rc = store_before_read(st);
    return rc != 0
               ? rc
               : st->ops->next_unassigned(st, state, after, limit, key, last);
}

int store_list_clocks(struct store *st, const struct store_clock_filter *f,
                      int64_t limit, store_clock_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->list_clocks(st, f, limit, fn, arg);
}

int store_person_get(struct store *st, int64_t key, struct store_person *out)
{
    *out = (struct store_person){.key = key};
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->person_get(st, key, out);
}

int store_persons(struct store *st, int64_t seal, int64_t after, int64_t limit,
                  store_person_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->persons(st, seal, after, limit, fn, arg);
}

int store_next_seal(struct store *st, int64_t after, int64_t *seal)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->next_seal(st, after, seal);
}

int store_seal_rows(struct store *st, int64_t seal, int64_t limit,
                    int64_t *rows)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->seal_rows(st, seal, limit, rows);
}

int store_loads(struct store *st, store_load_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->loads(st, fn, arg);
}

int store_day_seq(struct store *st, int32_t day, int32_t *seq)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->day_seq(st, day, seq);
}

int store_list_days(struct store *st, int32_t after, int64_t limit,
                    store_day_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->list_days(st, after, limit, fn, arg);
}

int store_list_ckpt(struct store *st, int64_t after, int64_t limit,
                    store_ckpt_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->list_ckpt(st, after, limit, fn, arg);
}

int store_ckpt_newest(struct store *st, store_ckpt_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->ckpt_newest(st, fn, arg);
}

int store_ckpt_covering(struct store *st, int64_t seq, store_ckpt_fn fn,
                        void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->ckpt_covering(st, seq, fn, arg);
}

int store_tally(struct store *st, const struct store_tally_filter *f,
                int64_t limit, store_tally_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->tally(st, f, limit, fn, arg);
}

int store_totals(struct store *st, struct store_totals *out)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->totals(st, out);
}

void store_check(struct store *st, bool on)
{
    st->checking = on;
}

int store_list_keys(struct store *st, int64_t after, int64_t limit,
                    store_key_fn fn, void *arg)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->list_keys(st, after, limit, fn, arg);
}

int store_recount(struct store *st, struct store_totals *out)
{
    int rc = store_before_read(st);
    return rc != 0 ? rc : st->ops->recount(st, out);
}

/* ---- over a network, among others ---------------------------------------- */

int store_tend(struct store *st, struct store_info *info)
{
    if (st->failed)
        return DK_EIO;
    return st->ops->tend != NULL ? st->ops->tend(st, info) : 0;
}

const char *store_said(struct store *st)
{
    return st->ops->said != NULL ? st->ops->said(st) : "";
}

void store_hold(struct store *st)
{
    if (st->ops->hold != NULL)
        st->ops->hold(st);
}

void store_rest(struct store *st)
{
    if (st->ops->rest != NULL)
        st->ops->rest(st);
}

int store_claim(struct store *st, enum dk_service service, int64_t limit,
                int64_t *first)
{
    *first = INT64_MAX;
    int rc = store_before_read(st);
    if (rc != 0 || st->ops->claim == NULL)
        return rc;
    return st->ops->claim(st, service, limit, first);
}

int store_backup_begin(struct store *st, const char *path, struct dk_problem *p)
{
    int rc = store_before_read(st);

    if (rc != 0)
        return dk_fail(p, rc, NULL, NULL, NULL);
    if (st->ops->backup_begin == NULL)
        return dk_fail(p, DK_EFORBIDDEN, NULL,
                       "this broker keeps its cases in memory, for tests: "
                       "there is nothing to back up",
                       "本服务仅在内存中保存案件（用于测试），没有可备份的"
                       "内容");
    return st->ops->backup_begin(st, path, p);
}

int store_backup_step(struct store *st, int pages, struct store_backup *b,
                      struct dk_problem *p)
{
    if (st->failed) /* nothing that it gives now can be trusted */
        return dk_fail(p, DK_EIO, NULL, NULL, NULL);
    return st->ops->backup_step(st, pages, b, p);
}

void store_backup_end(struct store *st)
{
    if (st != NULL && st->ops->backup_end != NULL)
        st->ops->backup_end(st);
}

int store_checkpoint(struct store *st, bool whole)
{
    if (st->failed)
        return DK_EIO;
    return st->ops->checkpoint(st, whole);
}
