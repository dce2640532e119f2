/* cmd_history.c - checkpoint, checkpoint list, checkpoint key, export: what is
 * kept elsewhere, so that nobody can change the past unnoticed.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "file.h"
#include "show.h"

/* clang-format off */
const struct opt opts_checkpoint[] = {
    {.name = "out", .kind = OPT_TEXT, .arg = "FILE",
     .en = "write it to this file", .zh = "写入该文件"},
    OPT_END,
};
const struct opt opts_checkpoint_list[] = {
    LIST_OPTS, OPT_END,
};
const struct opt opts_export[] = {
    {.name = "out", .kind = OPT_TEXT, .arg = "FILE",
     .en = "write the bundle to this file", .zh = "将导出内容写入该文件"},
    {.name = "no-checkpoint", .kind = OPT_FLAG,
     .en = "do not ask for a checkpoint first: the latest events may then "
           "have no proof yet",
     .zh = "不先生成检查点；最新的事件可能暂无证明"},
    OPT_END,
};
static const struct column columns[] = {
    {"number", COL_TEXT, "number", "编号"},
    {"from", COL_TEXT, "from event", "起始事件"},
    {"to", COL_TEXT, "to event", "截止事件"},
    {"cases", COL_INT, "cases", "案件数"},
    {"at", COL_TIME, "made at", "生成时间"},
    {"hash", COL_TEXT, "hash", "哈希"},
};
/* clang-format on */

static const cJSON *member(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

/* `w` to --out, or printed; finished on every path. */
static int put_out(struct ctl *ctl, const struct args *a, struct dk_jw *w)
{
    struct dk_problem p = {0};
    const char *out = args_get(a, "out");
    int rc = 0;

    if (w->oom)
        rc = dk_fail(&p, DK_ENOMEM, NULL, NULL, NULL);
    else if (out != NULL)
        rc = file_write(out, w->buf, w->len, &p);
    else
        (void)fprintf(ctl->out, "%s\n", w->buf);
    dk_jw_fini(w);
    return rc == 0 ? 0 : say_problem(ctl, &p);
}

/* ---- checkpoint ---------------------------------------------------------- */

/* The file that `verify --checkpoint` reads. */
static void write_file(struct dk_jw *w, const cJSON *answer)
{
    const cJSON *item;

    dk_jw_obj(w, NULL);
    dk_jw_int(w, "docket_checkpoint", 1);
    dk_jw_cjson(w, "public_key", member(answer, "public_key"));
    cJSON_ArrayForEach (item, member(answer, "checkpoint"))
        dk_jw_cjson(w, item->string, item);
    dk_jw_end_obj(w);
}

int cmd_checkpoint(struct ctl *ctl, const struct args *a)
{
    struct dk_reply r;
    struct dk_jw body = {0}, w = {0};

    dk_jw_obj(&body, NULL);
    dk_jw_end_obj(&body);
    int rc = ctl_ask_patiently(ctl, "checkpoint.make", &body, &r);
    if (rc != 0)
        return rc;
    const cJSON *c = member(r.json, "checkpoint");
    if (!cJSON_IsObject(c) || !cJSON_IsString(member(c, "text"))) {
        dk_reply_free(&r);
        return say_odd_reply(ctl, "checkpoint");
    }
    if (args_has(a, "out") || ctl->json) {
        write_file(&w, r.json);
        rc = put_out(ctl, a, &w);
    } else {
        print_object(ctl, c, 0);
    }
    if (rc == 0 && !cJSON_IsTrue(member(r.json, "made")))
        (void)fprintf(ctl->err, "%s\n",
                      T(ctl,
                        "Nothing has happened since the last checkpoint: this "
                        "is that one.",
                        "上一检查点之后没有新事件，以上即为上一检查点。"));
    dk_reply_free(&r);
    return rc;
}

int cmd_checkpoint_list(struct ctl *ctl, const struct args *a)
{
    static const struct list_spec spec = {
        .type = "checkpoint.list",
        .columns = columns,
        .n = (int)(sizeof columns / sizeof columns[0]),
        .none_en = "There is no checkpoint yet.",
        .none_zh = "尚无检查点。"};

    return list_run(ctl, a, &spec);
}

int cmd_checkpoint_key(struct ctl *ctl, const struct args *a)
{
    struct dk_reply r;
    struct dk_jw w = {0};
    const char *key = NULL;

    (void)a;
    dk_jw_obj(&w, NULL);
    dk_jw_int(&w, "limit", 1);
    dk_jw_end_obj(&w);
    int rc = ctl_ask(ctl, "checkpoint.list", &w, &r);
    if (rc != 0)
        return rc;
    if (dk_json_str(r.json, "public_key", DK_REQUIRED, 64, 64, &key, NULL,
                    NULL) != 0)
        rc = say_odd_reply(ctl, "public_key");
    else
        (void)fprintf(ctl->out,
                      ctl->json ? "{\"public_key\":\"%s\"}\n" : "%s\n", key);
    dk_reply_free(&r);
    return rc;
}

/* ---- export -------------------------------------------------------------- */

#define NUMBERS_MAX 4096 /* checkpoints of one case */

struct bundle {
    struct dk_jw w;
    char key[65];
    int64_t events, bare;        /* bare: no checkpoint covers it */
    int64_t number[NUMBERS_MAX]; /* of the checkpoints that are needed */
    int n;
};

static void need(struct bundle *b, int64_t number)
{
    if (b->n == 0 || b->number[b->n - 1] != number) {
        if (b->n < NUMBERS_MAX)
            b->number[b->n++] = number;
    }
}

static int take_page(struct ctl *ctl, struct bundle *b, const cJSON *page)
{
    const cJSON *item;
    const char *key = NULL;

    if (dk_json_str(page, "public_key", DK_REQUIRED, 64, 64, &key, NULL,
                    NULL) != 0)
        return say_odd_reply(ctl, "public_key");
    memcpy(b->key, key, sizeof b->key);
    cJSON_ArrayForEach (item, member(page, "items")) {
        const cJSON *number = member(item, "checkpoint");
        dk_jw_cjson(&b->w, NULL, item);
        b->events++;
        if (cJSON_IsString(number))
            need(b, strtoll(number->valuestring, NULL, 10));
        else
            b->bare++;
    }
    return 0;
}

static int take_events(struct ctl *ctl, struct bundle *b, const char *case_no)
{
    int64_t from = 1;
    int rc = 0;

    dk_jw_arr(&b->w, "events");
    while (rc == 0 && from > 0) {
        struct dk_reply r;
        rc = show_ask(ctl, "case.export", case_no, from, &r);
        if (rc != 0)
            break;
        const cJSON *next = member(r.json, "next");
        int64_t to =
            cJSON_IsString(next) ? strtoll(next->valuestring, NULL, 10) : 0;
        rc = take_page(ctl, b, r.json);
        from = to > from ? to : 0;
        dk_reply_free(&r);
    }
    dk_jw_end_arr(&b->w);
    return rc;
}

static int take_checkpoint(struct ctl *ctl, struct bundle *b, int64_t number)
{
    struct dk_jw body = {0};
    struct dk_reply r;
    char after[24];

    (void)snprintf(after, sizeof after, "%" PRId64, number - 1);
    dk_jw_obj(&body, NULL);
    dk_jw_str(&body, "after", after);
    dk_jw_int(&body, "limit", 1);
    dk_jw_end_obj(&body);
    int rc = ctl_ask(ctl, "checkpoint.list", &body, &r);
    if (rc != 0)
        return rc;
    const cJSON *c = cJSON_GetArrayItem(member(r.json, "items"), 0);
    if (c == NULL) {
        rc = say_odd_reply(ctl, "items");
    } else {
        dk_jw_obj(&b->w, NULL);
        dk_jw_cjson(&b->w, "number", member(c, "number"));
        dk_jw_cjson(&b->w, "text", member(c, "text"));
        dk_jw_cjson(&b->w, "signature", member(c, "signature"));
        dk_jw_end_obj(&b->w);
    }
    dk_reply_free(&r);
    return rc;
}

/* So that every event has a proof.  Who may not ask for it goes without. */
static void sign_first(struct ctl *ctl)
{
    struct dk_problem p = {0};
    struct dk_reply r;

    if (ctl_open(ctl, &p) == 0 &&
        dk_client_call(ctl->client, "checkpoint.make", "{}",
                       ctl_timeout(ctl, DEFAULT_TIMEOUT), &r, &p) == 0)
        dk_reply_free(&r);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int make_bundle(struct ctl *ctl, struct bundle *b, const char *case_no)
{
    dk_jw_obj(&b->w, NULL);
    dk_jw_int(&b->w, "docket_bundle", 1);
    dk_jw_str(&b->w, "case_no", case_no);
    int rc = take_events(ctl, b, case_no);
    dk_jw_arr(&b->w, "checkpoints");
    qsort(b->number, (size_t)b->n, sizeof b->number[0], by_number);
    for (int i = 0; rc == 0 && i < b->n; i++) {
        if (i == 0 || b->number[i] != b->number[i - 1])
            rc = take_checkpoint(ctl, b, b->number[i]);
    }
    dk_jw_end_arr(&b->w);
    dk_jw_str(&b->w, "public_key", b->key);
    dk_jw_end_obj(&b->w);
    return rc;
}

int cmd_export(struct ctl *ctl, const struct args *a)
{
    struct bundle *b = calloc(1, sizeof *b);

    if (b == NULL)
        return say_oom(ctl);
    if (!args_has(a, "no-checkpoint"))
        sign_first(ctl);
    int rc = make_bundle(ctl, b, a->pos[0]);
    if (rc == 0)
        rc = put_out(ctl, a, &b->w);
    dk_jw_fini(&b->w);
    if (rc == 0 && b->bare > 0)
        (void)fprintf(
            ctl->err,
            T(ctl,
              "%" PRId64 " of %" PRId64 " events are not covered by a "
              "checkpoint yet; run docketctl checkpoint and export again.\n",
              "%" PRId64 " 个事件（共 %" PRId64 " 个）尚未被检查点覆盖；请先"
              "执行 docketctl checkpoint，再重新导出。\n"),
            b->bare, b->events);
    free(b);
    return rc;
}
