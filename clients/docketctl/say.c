/* say.c - words to people on the error stream, and the exit code that goes
 * with each problem.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "table.h"
#include "when.h"
#include "width.h"

int exit_code_of(int dk_e)
{
    switch (dk_e) {
    case 0:
        return 0;
    case DK_ETIMEOUT:
        return EX_UNAVAILABLE;
    case DK_EBUSY:
    case DK_EFULL:
    case DK_EIO:
    case DK_ESHUTDOWN:
        return EX_TEMPFAIL;
    case DK_ENOMEM:
        return EX_OSERR;
    case DK_EVERSION:
    case DK_ETYPE:
    case DK_EFRAMES:
        return EX_PROTOCOL;
    case DK_EFORBIDDEN:
        return EX_NOPERM;
    case DK_EBUG:
        return EX_SOFTWARE;
    default:
        return EX_DATAERR;
    }
}

static void put_clean(FILE *f, const char *s, bool lines)
{
    char *clean = text_clean(s, lines);

    (void)fputs(clean == NULL ? "?" : clean, f);
    free(clean);
}

void put_text(const struct ctl *ctl, const char *s, bool lines)
{
    put_clean(ctl->out, s, lines);
}

static void say(const struct ctl *ctl, const struct dk_problem *p)
{
    const char *zh =
        p->detail_zh[0] != '\0' ? p->detail_zh : dk_err_title_zh(p->code);
    const char *en = p->detail[0] != '\0' ? p->detail : dk_err_title(p->code);

    if (ctl->told != NULL)
        *ctl->told = *p;
    (void)fprintf(ctl->err, "docketctl: %s",
                  ctl->color_err ? table_color(CELL_BAD) : "");
    put_clean(ctl->err, T(ctl, en, zh), false);
    (void)fputs(ctl->color_err ? TABLE_COLOR_OFF "\n" : "\n", ctl->err);
    if (p->pointer[0] != '\0') {
        (void)fputs(T(ctl, "  where: ", "  位置："), ctl->err);
        put_clean(ctl->err, p->pointer, false);
        (void)fputc('\n', ctl->err);
    }
}

int say_problem(const struct ctl *ctl, const struct dk_problem *p)
{
    char span[SPAN_TEXT];

    say(ctl, p);
    if (p->code == DK_ETYPE || strcmp(p->pointer, "/service") == 0)
        (void)fprintf(ctl->err,
                      T(ctl,
                        "  asked: %s; is that the broker's endpoint for "
                        "workers? docketctl uses the one for clients "
                        "(--connect).\n",
                        "  请求地址：%s；是否为服务器面向工作进程的地址？"
                        "docketctl 须用面向客户端的地址（--connect）。\n"),
                      ctl->endpoint);
    if (p->code == DK_ETIMEOUT)
        (void)fprintf(ctl->err,
                      T(ctl, "  asked: %s (--connect, --timeout)\n",
                        "  请求地址：%s（--connect、--timeout）\n"),
                      ctl->endpoint);
    else if (p->retry_after_ms > 0) {
        span_show(p->retry_after_ms, ctl->zh, span);
        (void)fprintf(ctl->err,
                      T(ctl, "  Try again in %s.\n", "  请在 %s后重试。\n"),
                      span);
    }
    if (ctl->json) {
        struct dk_jw w = {0};
        dk_problem_write(&w, p);
        if (!w.oom)
            (void)fprintf(ctl->out, "%s\n", w.buf);
        dk_jw_fini(&w);
    }
    if (p->code == DK_EIO && p->retry_after_ms == 0)
        return EX_IOERR; /* a file here, not the broker's store */
    return exit_code_of(p->code);
}

int say_usage(const struct ctl *ctl, const struct dk_problem *p)
{
    say(ctl, p);
    if (p->code == DK_ENOMEM)
        return EX_OSERR;
    (void)fputs(
        T(ctl, "  See docketctl --help.\n", "  用法见 docketctl --help。\n"),
        ctl->err);
    return EX_USAGE;
}

int say_oom(const struct ctl *ctl)
{
    struct dk_problem p = {0};

    (void)dk_fail(&p, DK_ENOMEM, NULL, NULL, NULL);
    say(ctl, &p);
    return EX_OSERR;
}

int say_odd_reply(const struct ctl *ctl, const char *what)
{
    struct dk_problem p = {0};

    (void)dk_failf(&p, DK_EVERSION, NULL,
                   "the broker's answer has no usable '%s': is it another "
                   "version of docket?",
                   "服务器的答复中没有可用的“%s”：版本是否不同？", what);
    say(ctl, &p);
    return EX_PROTOCOL;
}
