#include "daemon/move.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "daemon/chain.h"
#include "daemon/daemon.h"
#include "daemon/store/store_move.h"

/* ---- the chains of the copy -------------------------------------------------
 */

struct follow_chain {
    bool any; /* a case was begun */
    int64_t key;
    uint32_t n;
    uint8_t hash[DK_HASH_LEN], head[DK_HASH_LEN];
    int64_t cases;
};

static int end_case(struct follow_chain *c)
{
    if (c->any && memcmp(c->hash, c->head, DK_HASH_LEN) != 0)
        return DK_ECONFLICT;
    c->cases += c->any;
    return DK_OK;
}

static int on_event(void *arg, const struct dk_event *e, const uint8_t *head)
{
    struct follow_chain *c = arg;

    if (e == NULL)
        return end_case(c);
    if (head == NULL)
        return DK_ECONFLICT;
    if (!c->any || c->key != e->key) {
        if (end_case(c) != DK_OK)
            return DK_ECONFLICT;
        c->any = true;
        c->key = e->key;
        c->n = 0;
        memset(c->hash, 0, sizeof(c->hash));
        memcpy(c->head, head, sizeof(c->head));
    }
    if (e->n != ++c->n)
        return DK_ECONFLICT;
    chain_hash(c->hash, e, c->hash);
    return memcmp(c->hash, e->hash, DK_HASH_LEN) == 0 ? DK_OK : DK_ECONFLICT;
}

/* ---- how it goes ------------------------------------------------------------
 */

static void on_step(void *arg, enum store_move_step step, const char *what,
                    int64_t rows)
{
    (void)arg;
    switch (step) {
    case STORE_MOVE_ANEW:
        puts("the old store was used since: the copy begins anew / "
             "原数据库此后又被使用：重新复制");
        break;
    case STORE_MOVE_COPY:
        if (rows != 0)
            printf("copied / 已复制  %s %" PRId64 "\n", what, rows);
        else
            printf("copied / 已复制  %s\n", what);
        break;
    case STORE_MOVE_INDEX:
        puts("indices / 建立索引");
        break;
    case STORE_MOVE_COMPARE:
        printf("compared / 已核对  %s %" PRId64 "\n", what, rows);
        break;
    case STORE_MOVE_CHAIN:
        printf("chains / 哈希链  %" PRId64 "\n", rows);
        break;
    case STORE_MOVE_ALREADY:
        printf("it was moved before, nothing is done / 此前已迁移，未作改动\n"
               "store = postgres:%s\n",
               what);
        break;
    case STORE_MOVE_DONE:
        break;
    }
    fflush(stdout);
}

static void tell_done(const char *from, const char *to, bool back)
{
    if (back) {
        printf("\nbacked out: docketd may be started on %s again, and nothing "
               "is left in the database\n已撤回：docketd 可重新使用 %s，数据库"
               "中不再留有副本\n",
               from, from);
        return;
    }
    printf("\nEvery row is there and was compared. Now write in docketd.conf, "
           "under [broker],\n    store = %s\nand start docketd. Keep the data "
           "folder: its keys are used as before. %s stays as it is and is "
           "refused by docketd.\n"
           "全部内容已复制并核对。请在 docketd.conf 的 [broker] 下将 store "
           "改为上面的值并启动 docketd。数据文件夹须保留，其中的密钥照常使用。"
           "原数据库保持不变，docketd 不再使用它。\n",
           to, from);
}

static int exit_of(int rc)
{
    switch (rc) {
    case DK_OK:
        return 0;
    case DK_ECONFLICT:
        return EX_DATAERR;
    case DK_ENOTFOUND:
        return EX_NOINPUT;
    case DK_EFIELD:
        return EX_USAGE;
    case DK_EFORBIDDEN:
    case DK_EVERSION:
    case DK_EFULL:
        return EX_CANTCREAT;
    case DK_EBUSY:
        return EX_TEMPFAIL;
    case DK_ENOMEM:
        return EX_OSERR;
    default:
        return EX_IOERR;
    }
}

int move_run(const struct config *cfg, const char *from, const char *to,
             bool back)
{
    struct follow_chain chain = {.any = false};
    struct store_move m = {.from = from,
                           .to = to,
                           .name = cfg->name,
                           .tell = on_step,
                           .event = on_event,
                           .arg = &chain};
    struct dk_problem p = {0};

    if (sodium_init() < 0)
        return EX_OSERR;
#ifdef DK_HAVE_PG
    int rc = back ? store_move_back(&m, &p) : store_move(&m, &p);
#else
    (void)m;
    int rc = dk_fail(&p, DK_EFIELD, NULL,
                     "this docketd was built without PostgreSQL. Build it "
                     "with libpq-dev installed",
                     "本 docketd 构建时未包含 PostgreSQL 支持。请安装 "
                     "libpq-dev 后重新构建");
#endif
    if (rc != DK_OK)
        return daemon_complain(&p, exit_of(rc));
    tell_done(from, to, back);
    return 0;
}
