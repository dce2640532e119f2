#include "explain.h"

#include <string.h>

#include "explain_impl.h"

static void say_all(struct explain *x)
{
    const char *subject = x->c->subject != NULL ? x->c->subject : "";

    ex_put(x, "%s  ", x->no);
    ex_put_brief(x, subject);
    ex_put(x, "%s", EX_T(x, "\nAs of ", "\n截至"));
    ex_put_time(x, x->now);
    ex_put(x, EX_T(x, ", after %zu events.\n", "，共%zu个事件。\n"), x->n_ev);
    if (x->differs)
        ex_put(x, "%s",
               EX_T(x,
                    "\nTHE STORED CASE IS NOT WHAT ITS EVENTS GIVE: run "
                    "docketctl verify.\n",
                    "\n所存案件与其事件不一致：请运行 docketctl verify。\n"));
    ex_put(x, "%s", EX_T(x, "\nNow\n", "\n现状\n"));
    ex_say_now(x);
    ex_put(x, "%s", EX_T(x, "\nSteps\n", "\n经过\n"));
    ex_say_story(x);
    ex_put(x, "%s", EX_T(x, "\nLimits\n", "\n期限\n"));
    ex_say_clocks(x);
}

static int fill(struct explain *x, const cJSON *doc, struct dk_jw *json,
                char **text, struct dk_problem *p)
{
    int rc = ex_replay(x, doc, p);

    if (rc != 0)
        return rc;
    if (json != NULL)
        ex_write_json(x, json);
    if (json != NULL && json->oom)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if (text == NULL)
        return 0;
    say_all(x);
    if (x->t.oom)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    *text = x->t.buf;
    x->t = (struct ex_text){.buf = NULL};
    return 0;
}

int dk_explain(const struct dk_explain_by *by, const cJSON *doc,
               const char *lang, struct dk_jw *json_or_null,
               char **text_or_null, struct dk_problem *p)
{
    bool zh = strcmp(lang, "en") != 0;
    struct explain x = {.by = by,
                        .zone = dk_calendar_zone(by->calendar),
                        .zh = zh,
                        .lang = zh ? DK_LANG_ZH_CN : DK_LANG_EN,
                        .tag = zh ? "zh-CN" : "en"};
    int rc = fill(&x, doc, json_or_null, text_or_null, p);

    ex_fini(&x);
    return rc;
}
