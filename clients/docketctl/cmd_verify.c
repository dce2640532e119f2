/* cmd_verify.c - verify: does the store still say what was written? */
#include "cmd_verify.h"

#include <inttypes.h>
#include <unistd.h>

#include "proto/words.h"
#include "table.h"

/* clang-format off */
const struct opt opts_verify[] = {
    {.name = "limit", .kind = OPT_INT, .member = "limit", .arg = "N",
     .min = 1, .max = 200, .en = "cases of one slice (default 100)",
     .zh = "每批案件数（默认 100）"},
    {.name = "after", .kind = OPT_TEXT, .arg = "CURSOR",
     .en = "go on after this cursor", .zh = "从该游标之后继续"},
    {.name = "checkpoint", .kind = OPT_TEXT, .arg = "FILE",
     .en = "hold the store against a checkpoint that was kept elsewhere; may "
           "be given again",
     .zh = "与另行保存的检查点核对，可多次给出"},
    {.name = "public-key", .kind = OPT_TEXT, .arg = "HEX",
     .en = "trust only checkpoints signed with this key; may be given again",
     .zh = "只认可该公钥签名的检查点，可多次给出"},
    OPT_END,
};
/* clang-format on */

/* A member's text and two spaces; "-" where there is none. */
static void put_member(const struct ctl *ctl, const cJSON *o, const char *key)
{
    char buf[32];
    const char *v = member_text(o, key, buf);

    put_text(ctl, v == NULL ? "-" : v, false);
    (void)fputs("  ", ctl->out);
}

static void say_progress(const struct ctl *ctl, struct verify *v, bool last)
{
    dk_ms now = dk_client_now();

    if (ctl->json || (!last && now - v->said < (v->tty ? 200 : 5000)))
        return;
    if (last && !v->tty)
        return;
    v->said = now;
    (void)fprintf(
        ctl->err,
        T(ctl, "%s%" PRId64 " cases, %" PRId64 " events, %" PRId64 " faults%s",
          "%s%" PRId64 " 件案件，%" PRId64 " 个事件，%" PRId64 " 处错误%s"),
        v->tty ? "\r" : "", v->cases, v->events, v->faults,
        v->tty && !last ? "" : "\n");
}

void verify_put_faults(const struct ctl *ctl, struct verify *v,
                       const cJSON *faults)
{
    const cJSON *f;
    struct dk_jw w = {0};

    cJSON_ArrayForEach (f, faults) {
        v->faults++;
        if (ctl->json) {
            dk_jw_reset(&w);
            dk_jw_cjson(&w, NULL, f);
            (void)fprintf(ctl->out, "%s\n", w.oom ? "{}" : w.buf);
            continue;
        }
        (void)fputs(ctl->color ? table_color(CELL_BAD) : "", ctl->out);
        put_member(ctl, f, "case_no");
        put_member(ctl, f, "what");
        put_member(ctl, f, "detail");
        (void)fputs(ctl->color ? TABLE_COLOR_OFF "\n" : "\n", ctl->out);
    }
    dk_jw_fini(&w);
}

/* One slice; `after` ("" at first and at the end) moves on. */
static int verify_slice(struct ctl *ctl, const struct args *a, struct verify *v,
                        char *after, size_t cap)
{
    struct dk_jw w = {0};
    struct dk_reply r;
    int64_t cases = 0, events = 0, checkpoints = 0;

    dk_jw_obj(&w, NULL);
    (void)ctl_write_opts(ctl, a, &w);
    if (after[0] != '\0')
        dk_jw_str(&w, "after", after);
    dk_jw_end_obj(&w);
    int rc = ctl_ask(ctl, "verify", &w, &r);
    if (rc != 0)
        return rc;
    const cJSON *next = cJSON_GetObjectItemCaseSensitive(r.json, "next");
    if (dk_json_int(r.json, "cases", DK_REQUIRED, 0, INT64_MAX, &cases, NULL,
                    NULL) != 0 ||
        dk_json_int(r.json, "events", DK_REQUIRED, 0, INT64_MAX, &events, NULL,
                    NULL) != 0) {
        dk_reply_free(&r);
        return say_odd_reply(ctl, "cases");
    }
    (void)dk_json_int(r.json, "checkpoints", DK_OPTIONAL, 0, INT64_MAX,
                      &checkpoints, NULL, NULL);
    v->cases += cases;
    v->events += events;
    v->checkpoints += checkpoints;
    verify_put_faults(ctl, v,
                      cJSON_GetObjectItemCaseSensitive(r.json, "faults"));
    after[0] = '\0';
    if (cJSON_IsString(next))
        (void)snprintf(after, cap, "%s", next->valuestring);
    dk_reply_free(&r);
    return 0;
}

static int say_result(const struct ctl *ctl, const struct verify *v)
{
    if (ctl->json)
        (void)fprintf(ctl->out,
                      "{\"cases\":%" PRId64 ",\"events\":%" PRId64
                      ",\"checkpoints\":%" PRId64 ",\"faults\":%" PRId64 "}\n",
                      v->cases, v->events, v->checkpoints, v->faults);
    else if (v->faults == 0)
        (void)fprintf(ctl->out,
                      T(ctl,
                        "All well: %" PRId64 " cases, %" PRId64
                        " events, every chain, every replay and %" PRId64
                        " checkpoints.\n",
                        "全部正确：%" PRId64 " 件案件、%" PRId64
                        " 个事件，哈希链、重放与 %" PRId64
                        " 个检查点均一致。\n"),
                      v->cases, v->events, v->checkpoints);
    else
        (void)fprintf(ctl->out,
                      T(ctl, "%" PRId64 " faults in %" PRId64 " cases.\n",
                        "发现 %" PRId64 " 处错误（共 %" PRId64 " 件）。\n"),
                      v->faults, v->cases);
    return v->faults == 0 ? 0 : EX_DATAERR;
}

int cmd_verify(struct ctl *ctl, const struct args *a)
{
    struct verify v = {.tty = isatty(STDERR_FILENO) != 0};
    const char *start = args_get(a, "after");
    char after[512];
    int rc;

    v.said = dk_client_now();
    if (ctl->timeout_ms == 0)
        ctl->timeout_ms = 60000; /* a slice reads much */
    (void)snprintf(after, sizeof after, "%s", start == NULL ? "" : start);
    rc = verify_kept(ctl, a, &v);
    if (rc != 0)
        return rc;
    do {
        rc = verify_slice(ctl, a, &v, after, sizeof after);
        if (rc == 0)
            say_progress(ctl, &v, after[0] == '\0');
        else if (after[0] != '\0')
            (void)fprintf(ctl->err,
                          T(ctl, "  Go on with --after '%s'\n",
                            "  可用 --after '%s' 继续\n"),
                          after);
    } while (rc == 0 && after[0] != '\0');
    return rc != 0 ? rc : say_result(ctl, &v);
}
