/* cmd_explain.c - why a case stands where it stands.  The broker is asked for
 * the case and its events; the words come from docket-deadline, which counts
 * the limits (docs/adr/0010).
 */
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "show.h"
#include "spawn.h"

#define POLICY   "/etc/docket/policy.json"
#define CALENDAR "/etc/docket/calendar.json"
#define BOOK     "/etc/docket/units.json"

/* clang-format off */
const struct opt opts_explain[] = {
    {.name = "policy", .kind = OPT_TEXT, .arg = "FILE",
     .en = "the law to count by (default " POLICY ")",
     .zh = "所依据的期限规则（默认 " POLICY "）"},
    {.name = "calendar", .kind = OPT_TEXT, .arg = "FILE",
     .en = "its calendar (default " CALENDAR ")",
     .zh = "所用的日历（默认 " CALENDAR "）"},
    {.name = "book", .kind = OPT_TEXT, .arg = "FILE",
     .en = "the book of units, for names (default " BOOK ", if it is there)",
     .zh = "单位册，用于显示名称（默认 " BOOK "，存在时）"},
    OPT_END,
};
/* clang-format on */

void more_explain(const struct ctl *ctl)
{
    (void)fputs(
        T(ctl,
          "\nThe case is made again from its events and every limit is "
          "counted again by the\nfiles given. Where that gives another day "
          "than the case has, it says so.\n\nExample:\n  docketctl explain "
          "330699-20260506-000001-6 --policy policy/xinfang-2022.json \\\n"
          "    --calendar policy/calendar-cn.json\n",
          "\n根据事件重现案件，并按所给文件重新计算每个期限；与案件所存不同"
          "的，会写明。\n\n示例：\n  docketctl explain "
          "330699-20260506-000001-6 --policy policy/xinfang-2022.json \\\n"
          "    --calendar policy/calendar-cn.json\n"),
        ctl->out);
}

/* The document that docket-deadline reads. */
struct doc {
    struct dk_jw w;
    int64_t n; /* events that the case had when it was read */
};

static int write_event(struct ctl *ctl, const cJSON *e, void *arg)
{
    struct doc *d = arg;
    int64_t n = 0;

    (void)ctl;
    (void)dk_json_int(e, "n", DK_REQUIRED, 1, INT32_MAX, &n, NULL, NULL);
    if (n <= d->n)
        dk_jw_cjson(&d->w, NULL, e);
    return 0;
}

static int write_now(struct ctl *ctl, struct doc *d)
{
    struct dk_reply r;
    char buf[32];
    int rc = ctl_ask(ctl, "clock.now", NULL, &r);

    if (rc != 0)
        return rc;
    const char *now = member_text(r.json, "now", buf);
    if (now == NULL)
        rc = say_odd_reply(ctl, "now");
    else
        dk_jw_str(&d->w, "now", now);
    dk_reply_free(&r);
    return rc;
}

static int write_doc(struct ctl *ctl, const char *case_no, struct doc *d)
{
    struct dk_reply r;
    int rc = show_ask(ctl, "case.get", case_no, 0, &r);

    if (rc != 0)
        return rc;
    dk_jw_obj(&d->w, NULL);
    dk_jw_cjson(&d->w, "case", r.json);
    if (dk_json_int(r.json, "n", DK_REQUIRED, 1, INT32_MAX, &d->n, NULL,
                    NULL) != 0)
        rc = say_odd_reply(ctl, "n");
    dk_reply_free(&r);
    if (rc == 0)
        rc = write_now(ctl, d);
    if (rc != 0)
        return rc;
    dk_jw_arr(&d->w, "events");
    rc = show_each_event(ctl, case_no, write_event, d);
    dk_jw_end_arr(&d->w);
    dk_jw_end_obj(&d->w);
    return rc == 0 && d->w.oom ? say_oom(ctl) : rc;
}

static const char *file_of(const struct args *a, const char *opt,
                           const char *otherwise)
{
    const char *v = args_get(a, opt);

    return v != NULL ? v : otherwise;
}

static int ask_deadline(const struct ctl *ctl, const struct args *a,
                        const struct doc *d)
{
    const char *book =
        file_of(a, "book", access(BOOK, R_OK) == 0 ? BOOK : NULL);
    const char *args[12] = {"--explain",
                            "--policy",
                            file_of(a, "policy", POLICY),
                            "--calendar",
                            file_of(a, "calendar", CALENDAR),
                            "--lang",
                            T(ctl, "en", "zh-CN")};
    struct spawn s;
    int n = 7;

    if (book != NULL) {
        args[n++] = "--book";
        args[n++] = book;
    }
    if (ctl->json)
        args[n++] = "--json";
    args[n] = NULL;
    int rc = spawn_open(ctl, "docket-deadline", args, &s);
    if (rc != 0)
        return rc;
    (void)fwrite(d->w.buf, 1, d->w.len, s.in);
    return spawn_close(ctl, &s);
}

int cmd_explain(struct ctl *ctl, const struct args *a)
{
    struct doc d = {.n = 0};
    int rc = write_doc(ctl, a->pos[0], &d);

    if (rc == 0)
        rc = ask_deadline(ctl, a, &d);
    dk_jw_fini(&d.w);
    return rc;
}
