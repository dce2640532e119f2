/* cmd_units.c - the book of units: take units from a table, and find the cases
 * of units that are no more.  docket-assign, which uses the book, does the work
 * (docs/adr/0010); docketctl asks the broker for the cases.
 */
#include <string.h>

#include "ctl.h"
#include "feed.h"
#include "spawn.h"

/* clang-format off */
const struct opt opts_units_import[] = {
    {.name = "into", .kind = OPT_TEXT, .arg = "BOOK.json",
     .en = "the book that gets them (without: only check the table)",
     .zh = "写入的单位册（不填则仅检查表格）"},
    {.name = "dry-run", .kind = OPT_FLAG,
     .en = "say what would change and write nothing",
     .zh = "只列出变更，不写入"},
    OPT_END,
};
/* clang-format on */

int cmd_units_import(struct ctl *ctl, const struct args *a)
{
    const char *into = args_get(a, "into");
    const char *args[12] = {"--import", a->pos[0], "--lang",
                            T(ctl, "en", "zh-CN")};
    int n = 4;

    if (into != NULL) {
        args[n++] = "--book";
        args[n++] = into;
    }
    if (args_has(a, "dry-run"))
        args[n++] = "--dry-run";
    if (ctl->json)
        args[n++] = "--json";
    args[n] = NULL;
    return spawn_run(ctl, "docket-assign", args);
}

/* ---- check ---- */

/* The broker's time, which a test clock may have moved. */
static int ask_time(struct ctl *ctl, char at[DK_TIME_MAX])
{
    struct dk_reply r;
    const char *now;
    int rc = ctl_ask(ctl, "clock.now", NULL, &r);

    if (rc != 0)
        return rc;
    now = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r.json, "now"));
    if (now == NULL || strlen(now) >= DK_TIME_MAX)
        rc = say_odd_reply(ctl, "now");
    else
        (void)snprintf(at, DK_TIME_MAX, "%s", now);
    dk_reply_free(&r);
    return rc;
}

static int check_cases(struct ctl *ctl, const char *book)
{
    char at[DK_TIME_MAX];
    const char *args[12] = {
        "--stale", "--book", book, "--lang", T(ctl, "en", "zh-CN"), "--at", at};
    struct spawn s;
    int64_t n = 0;
    int rc = ask_time(ctl, at), code;

    if (rc != 0)
        return rc;
    if (ctl->json)
        args[7] = "--json";
    rc = spawn_open(ctl, "docket-assign", args, &s);
    if (rc != 0)
        return rc;
    rc = feed_cases(ctl, NULL, s.in, &n);
    code = spawn_close(ctl, &s);
    return rc != 0 ? rc : code;
}

int cmd_units_check(struct ctl *ctl, const struct args *a)
{
    const char *args[] = {"--check", "--book", a->pos[0], NULL};
    int rc = ctl->json ? 0 : spawn_run(ctl, "docket-assign", args);

    return rc != 0 ? rc : check_cases(ctl, a->pos[0]);
}
