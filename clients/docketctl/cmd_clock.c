/* cmd_clock.c - move the test clock of a broker that has one. */
#include "ctl.h"
#include "when.h"

const struct opt opts_clock_move[] = {
    {.name = "settle",
     .kind = OPT_FLAG,
     .member = "settle",
     .en = "stop at every limit on the way until the workers are done; "
           "waits for the arrival (up to 10 min, --timeout)",
     .zh = "途中每个期限处停下，待工作进程完成后继续；等待到达（至多 10 "
           "分钟，可用 --timeout）"},
    OPT_END,
};

static int move(struct ctl *ctl, const struct args *a, const char *type,
                struct dk_jw *w)
{
    struct dk_reply r;
    char buf[32];

    (void)ctl_write_opts(ctl, a, w);
    dk_jw_end_obj(w);
    if (ctl->timeout_ms == 0 && args_has(a, "settle"))
        ctl->timeout_ms = 600000;
    int rc = ctl_ask(ctl, type, w, &r);
    if (rc != 0)
        return rc;
    const char *now = member_text(r.json, "now", buf);
    if (ctl->json)
        print_raw(ctl, &r);
    else
        print_field(ctl, T(ctl, "now", "现在"), now);
    dk_reply_free(&r);
    return 0;
}

int cmd_clock_set(struct ctl *ctl, const struct args *a)
{
    struct dk_jw w = {0};

    dk_jw_obj(&w, NULL);
    int rc = ctl_write_time(ctl, &w, "to", a->pos[0]);
    if (rc == 0)
        return move(ctl, a, "clock.set", &w);
    dk_jw_fini(&w);
    return rc;
}

int cmd_clock_advance(struct ctl *ctl, const struct args *a)
{
    struct dk_problem p = {0};
    struct dk_jw w = {0};
    dk_ms span;

    if (span_parse(a->pos[0], &span, &p) != 0)
        return say_usage(ctl, &p);
    dk_jw_obj(&w, NULL);
    dk_jw_int(&w, "ms", span);
    return move(ctl, a, "clock.advance", &w);
}
