#include "daemon/recover.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/recover_int.h"
#include "proto/caseno.h"

#define NAME_MAX_ 900

/* What is made on the way, all beside the new file. */
struct names {
    char part[NAME_MAX_], work[NAME_MAX_], lock[NAME_MAX_], url[NAME_MAX_];
};

static void clear(const struct names *n)
{
    char side[NAME_MAX_ + 8];

    unlink(n->work);
    unlink(n->part);
    unlink(n->lock);
    snprintf(side, sizeof(side), "%s-wal", n->part);
    unlink(side);
}

static int name_them(struct names *n, const char *out, struct dk_problem *p)
{
    struct stat st;

    if (lstat(out, &st) == 0)
        return dk_failf(p, DK_ECONFLICT, NULL,
                        "%s is there already and is not written over; name "
                        "another file",
                        "%s 已存在，不会覆盖；请指定其他文件", out);
    if (strlen(out) > NAME_MAX_ - 32)
        return dk_fail(p, DK_EFIELD, NULL,
                       "the path of the new file is too "
                       "long",
                       "新文件的路径过长");
    snprintf(n->part, sizeof(n->part), "%s.part", out);
    snprintf(n->work, sizeof(n->work), "%s.work", out);
    snprintf(n->lock, sizeof(n->lock), "%s.part.lock", out);
    snprintf(n->url, sizeof(n->url), "sqlite:%s.part", out);
    clear(n);
    return DK_OK;
}

/* ---- the new store ----------------------------------------------------------
 */

/* The secret as it was sealed: no key is needed to carry it over. */
static int on_seal(void *arg, int64_t key, const void *plain, size_t len,
                   void **out, size_t *out_len, int64_t *id)
{
    const struct recover *r = arg;

    (void)key;
    (void)plain;
    (void)len;
    *out = malloc(r->sealed_len);
    if (*out == NULL)
        return DK_ENOMEM;
    memcpy(*out, r->sealed, r->sealed_len);
    *out_len = r->sealed_len;
    *id = r->seal;
    return DK_OK;
}

/* With the keys, rows can be held against their commitments; without, what was
 * there is taken.
 */
static void look_for_keys(struct daemon *d)
{
    struct store_options none = {.county = 0};
    bool made;

    persons_open(d, &none);
    (void)seal_load(&d->persons.ring, false, &made, NULL);
}

static int open_new(struct recover *r, struct daemon *d, struct config *cfg,
                    const struct names *n)
{
    uint8_t random[48];

    if (r->has_meta)
        cfg->county = r->county;
    if (cfg->county < 0)
        return dk_fail(&r->problem, DK_EFIELD, NULL,
                       "the file does not tell its county any more; give "
                       "--county",
                       "文件中已读不出区划代码，请使用 --county 指定");
    struct store_options opt = {.county = (int32_t)cfg->county,
                                .test_clock = r->test_clock,
                                .test_now = r->test_now,
                                .create = true,
                                .offset_min = cfg->offset_min};
    randombytes_buf(random, sizeof(random));
    if (r->has_meta)
        memcpy(random + 16, r->secret, sizeof(r->secret));
    if (r->sealed_len != 0) {
        opt.seal = on_seal;
        opt.seal_arg = r;
    }
    look_for_keys(d);
    int rc = store_open(n->url, &opt, random, &d->st, &d->info, &r->problem);
    sodium_memzero(random, sizeof(random));
    return rc;
}

/* Sync it, read it once more, give it its name. */
static int finish(struct recover *r, struct daemon *d, const struct names *n,
                  const char *out)
{
    struct store_backup_want want = {.last_seq = d->info.last_seq};
    struct store_totals t;
    atomic_bool stop = false;
    int rc = store_totals(d->st, &t);

    want.cases = t.cases;
    r->cases = t.cases;
    r->events = t.events;
    memcpy(want.broker, d->info.broker, sizeof(want.broker));
    if (rc == DK_OK)
        rc = store_checkpoint(d->st, true);
    store_close(d->st);
    d->st = NULL;
    if (rc != DK_OK)
        return dk_fail(&r->problem, rc, NULL, NULL, NULL);
    int fd = open(n->part, O_RDWR | O_CLOEXEC);
    rc = fd >= 0 ? store_backup_check(n->part, fd, &want, &stop, &r->problem)
                 : dk_fail(&r->problem, DK_EIO, NULL, NULL, NULL);
    if (fd >= 0)
        close(fd);
    return rc == DK_OK ? backup_give_name(n->part, out, &r->problem) : rc;
}

static int build(struct recover *r, struct config *cfg, const struct names *n,
                 const char *out)
{
    static struct daemon d;
    uint64_t seed;

    randombytes_buf(&seed, sizeof(seed));
    d.cfg = cfg;
    batch_init(&d.batch, seed);
    loads_init(&d.loads, seed + 2);
    int rc = open_new(r, &d, cfg, n);
    if (rc == DK_OK)
        rc = recover_build(r, &d);
    if (rc == DK_OK)
        rc = recover_rest(r, &d);
    if (rc == DK_OK)
        rc = finish(r, &d, n, out);
    store_close(d.st);
    persons_fini(&d);
    batch_fini(&d.batch);
    loads_fini(&d.loads);
    return rc;
}

/* ---- the report -------------------------------------------------------------
 */

/* Whatever still speaks of a case, held against what was saved of it: events
 * beyond a gap, and the record of the case, which has the hash of its last one.
 */
static const char seen_sql[] =
    "WITH seen (key) AS (SELECT key FROM ev UNION SELECT key FROM kase UNION "
    "SELECT key FROM req UNION SELECT key FROM person) "
    "SELECT key, (SELECT max(n) FROM saved s WHERE s.key = seen.key) AS kept, "
    "(SELECT max(n) FROM ev WHERE ev.key = seen.key) AS most, "
    "(SELECT hash FROM kase k WHERE k.key = seen.key) AS last, "
    "(SELECT hash FROM saved s WHERE s.key = seen.key ORDER BY n DESC LIMIT 1) "
    "AS have FROM seen WHERE kept IS NULL OR kept < most OR "
    "(last IS NOT NULL AND last IS NOT have) ORDER BY key";

static int tell_cut(struct recover *r, const struct config *cfg)
{
    sqlite3_stmt *q = NULL;
    char no[DK_CASE_NO_MAX];
    int rc = recover_prepare(r, seen_sql, &q);

    while (rc == DK_OK && (rc = recover_next(r, q)) == 1) {
        int64_t kept = sqlite3_column_int64(q, 1);
        rc = DK_OK;
        if (!dk_case_no_of((int32_t)cfg->county, sqlite3_column_int64(q, 0),
                           no))
            continue;
        r->lost_cases++;
        if (kept == 0)
            printf("%s  lost: none of its events could be saved  全部丢失\n",
                   no);
        else
            printf("%s  events 1 to %" PRId64 " saved, what came after is "
                   "lost  仅保存至第 %" PRId64 " 个事件，其后丢失\n",
                   no, kept, kept);
    }
    sqlite3_finalize(q);
    return rc;
}

static int tell_notes(struct recover *r, const struct config *cfg)
{
    static const char *const what[] = {
        "the petitioners' data is lost  信访人信息丢失",
        "the same submission sent again is answered without a query code  "
        "相同提交再次发来时只答复案件编号，不给出查询码"};
    sqlite3_stmt *q = NULL;
    char no[DK_CASE_NO_MAX];
    int rc = recover_prepare(r, "SELECT key, what FROM note ORDER BY key", &q);

    while (rc == DK_OK && (rc = recover_next(r, q)) == 1) {
        rc = DK_OK;
        if (dk_case_no_of((int32_t)cfg->county, sqlite3_column_int64(q, 0), no))
            printf("%s  %s\n", no, what[sqlite3_column_int(q, 1)]);
    }
    sqlite3_finalize(q);
    return rc;
}

static void tell_sums(const struct recover *r, const char *out)
{
    const struct salvage_report *s = &r->scan;

    printf("\n%s\n", out);
    printf("cases saved / 已保存案件        %" PRId64 "\n", r->cases);
    printf("events saved / 已保存事件       %" PRId64 "\n", r->events);
    printf("open tasks / 待办任务           %" PRId64 "\n", r->tasks);
    printf("tasks asked again / 重新派发    %" PRId64 "\n", r->tasks_made);
    printf("cases lost or cut short / 丢失或残缺案件  %" PRId64 "\n",
           r->lost_cases);
    printf("petitioners' data lost / 丢失的信访人信息  %" PRId64 "\n",
           r->persons_lost);
    printf("ids of submissions made anew / 重建的提交编号  %" PRId64 "\n",
           r->ids_made);
    printf("checkpoints saved / 已保存检查点  %" PRId64
           ", of lost events / 因事件丢失而失效 %" PRId64 "\n",
           r->ckpts, r->ckpts_lost);
    printf("the office's own alerts / 本机关自身的警示  %" PRId64 "\n",
           r->office);
    printf("pages / 页  %" PRId64 ", of the log / 日志 %" PRId64
           ", missing / 缺失 %" PRId64 ", unreadable / 不可读 %" PRId64
           ", blank / 空白 %" PRId64 ", damaged / 损坏 %" PRId64
           ", rows damaged / 损坏行 %" PRId64 "\n",
           s->pages, s->log_pages, s->missing, s->unreadable, s->blank,
           s->bad_pages, s->bad_rows);
    if (s->bad_log)
        puts("The log has more than can be trusted: the last commits may be "
             "missing.\n日志末尾不可信，最后的提交可能缺失。");
    puts("A case of which nothing at all is left cannot be named; compare with "
         "the last backup.\n毫无痕迹的案件无法列出，请与最近的备份核对。\n"
         "Put it in place like a backup: docs/OPERATIONS.md, \"Backup and "
         "restore\".\n请按恢复备份的方法启用，见 docs/OPERATIONS.md。");
}

/* Loud, and last: cases may all be there, so nothing else says it. */
static void tell_no_secret(void)
{
    fflush(stdout);
    fputs(
        "\nATTENTION: what the file knew of itself is lost (county, kind of "
        "clock, the secret of the query codes).\n"
        "- EVERY query code on every receipt is void. Cases, their numbers and "
        "limits hold.\n"
        "- Tell the halls and the counter: who comes with an older receipt is "
        "told at the counter how the matter stands (docketctl show CASE), "
        "after proof of who they are. New submissions get codes that hold.\n"
        "- A kiosk that sends an older submission again gets its number "
        "without a code.\n"
        "- If a backup of this store is there, its codes hold: restore that "
        "instead, if it has every case.\n"
        "注意：文件自身的信息（区划代码、时钟类型、查询码密钥）已丢失。\n"
        "- 此前回执上的查询码全部作废；案件、案件编号和期限仍然有效。\n"
        "- 请告知各大厅和接待窗口：持旧回执者须在窗口核验身份后查询办理情况"
        "（docketctl show CASE）；新提交的案件会得到有效的查询码。\n"
        "- 自助终端重发此前的提交时，只得到案件编号，没有查询码。\n"
        "- 如有本库的备份且案件齐全，请改用备份，其查询码仍然有效。\n",
        stderr);
}

static int tell(struct recover *r, const struct config *cfg, const char *out)
{
    int rc = tell_cut(r, cfg);

    if (rc == DK_OK)
        rc = tell_notes(r, cfg);
    if (rc == DK_OK)
        tell_sums(r, out);
    if (rc == DK_OK && !r->has_meta)
        tell_no_secret();
    return rc;
}

static int exit_of(int rc)
{
    switch (rc) {
    case DK_OK:
        return 0;
    case DK_ENOTFOUND:
        return EX_NOINPUT;
    case DK_EFIELD:
        return EX_USAGE;
    case DK_EFORBIDDEN:
    case DK_ECONFLICT:
    case DK_EFULL:
        return EX_CANTCREAT;
    case DK_ENOMEM:
        return EX_OSERR;
    default:
        return EX_IOERR;
    }
}

int recover_run(const struct config *given, const char *file, const char *out)
{
    static struct config cfg;
    struct recover r = {.db = NULL};
    struct names n;

    cfg = *given;
    if (sodium_init() < 0)
        return EX_OSERR;
    dk_problem_clear(&r.problem);
    int rc = name_them(&n, out, &r.problem);
    if (rc != DK_OK)
        return daemon_complain(&r.problem, exit_of(rc));
    rc = recover_stage_open(&r, n.work);
    if (rc == DK_OK)
        rc = salvage_scan(file, recover_stage_row, &r, &r.scan, &r.problem);
    if (rc == DK_OK)
        rc = recover_stage_end(&r);
    if (rc == DK_OK)
        rc = build(&r, &cfg, &n, out);
    if (rc == DK_OK)
        rc = tell(&r, &cfg, out);
    recover_stage_close(&r);
    clear(&n);
    if (rc != DK_OK)
        return daemon_complain(&r.problem, exit_of(rc));
    if (!r.has_meta)
        return RECOVER_NO_SECRET;
    return recover_damaged(&r) ||
                   r.lost_cases + r.persons_lost + r.ids_made + r.ckpts_lost > 0
               ? EX_DATAERR
               : 0;
}
