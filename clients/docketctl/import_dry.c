#include "import_dry.h"

#include <inttypes.h>
#include <string.h>

#include "import_seen.h"
#include "lines.h"

struct dry {
    const struct ctl *ctl;
    const struct import_how *how;
    struct seen *seen;
    dk_ms now;
    int64_t lines, bad, twice, ahead;
};

void import_say_line(const struct ctl *ctl, int64_t line,
                     const struct dk_problem *p)
{
    const char *why = T(ctl, p->detail, p->detail_zh);

    if (why[0] == '\0')
        why = T(ctl, dk_err_title(p->code), dk_err_title_zh(p->code));
    (void)fprintf(
        ctl->err,
        T(ctl, "line %" PRId64 ": %s%s%s\n", "第 %" PRId64 " 行：%s%s%s\n"),
        line, why, p->pointer[0] == '\0' ? "" : "  ", p->pointer);
}

/* The requests that the line makes, checked as the broker would. */
static int check_requests(const struct dry *d, const struct import_line *l,
                          struct dk_problem *p)
{
    struct dk_jw w = {0};
    int rc = import_write_submit(l, d->how, &w, p);

    if (rc == 0 && l->reply != NULL) {
        dk_jw_reset(&w);
        rc = import_write_act(l, d->how, "answer", "000000-00000000-000000-0",
                              &w, p);
    }
    dk_jw_fini(&w);
    return rc;
}

static int check_twice(struct dry *d, const struct import_line *l)
{
    struct dk_problem p = {0};
    dk_ms at = 0;
    int64_t first = seen_add(d->seen, l->id, l->submitted, d->lines, &at);

    if (first <= 0)
        return first < 0 ? DK_ENOMEM : 0;
    d->twice++;
    if (at == l->submitted)
        (void)dk_failf(&p, DK_ECONFLICT, NULL,
                       "the id '%.64s' is that of line %lld: with other words "
                       "it is refused, with the same it adds nothing",
                       "编号“%.64s”与第 %lld 行相同：内容不同则被拒绝，"
                       "相同则不产生新案件",
                       l->id, (long long)first);
    else
        (void)dk_failf(&p, DK_ECONFLICT, NULL,
                       "the id '%.64s' is that of line %lld, with another "
                       "time: it becomes a case of its own",
                       "编号“%.64s”与第 %lld 行相同但时间不同：将成为另一个"
                       "案件",
                       l->id, (long long)first);
    import_say_line(d->ctl, d->lines, &p);
    return 0;
}

static void check_ahead(struct dry *d, const struct import_line *l)
{
    struct dk_problem p = {0};
    dk_ms latest = l->submitted;

    if (l->reply != NULL)
        latest = l->replied > l->accepted ? l->replied : l->accepted;
    if (latest <= d->now)
        return;
    d->ahead++;
    (void)dk_fail(&p, DK_EFIELD, NULL,
                  "a time lies ahead of this machine's clock; the broker "
                  "refuses acts of the future and counts such a submission "
                  "from now",
                  "有晚于本机时钟的时间；服务器拒绝尚未到来的办理时间，提交"
                  "则从导入时起算");
    import_say_line(d->ctl, d->lines, &p);
}

static int check_line(struct dry *d, const struct line *in)
{
    struct dk_problem p = {0};
    struct import_line l;
    int rc = 0;

    d->lines++;
    if (in->too_long)
        rc = dk_failf(&p, DK_ETOOBIG, NULL, "the line has more than %zu bytes",
                      "该行超过 %zu 字节", IMPORT_LINE_MAX);
    else if (strspn(in->text, " \t") >= in->len)
        return 0;
    if (rc == 0)
        rc = import_line_read(in->text, in->len, d->how, &l, &p);
    if (rc != 0) {
        d->bad++;
        import_say_line(d->ctl, d->lines, &p);
        return 0;
    }
    rc = check_requests(d, &l, &p);
    if (rc != 0) {
        d->bad++;
        import_say_line(d->ctl, d->lines, &p);
    }
    rc = check_twice(d, &l);
    check_ahead(d, &l);
    import_line_fini(&l);
    return rc;
}

static int conclude(const struct dry *d)
{
    const struct ctl *ctl = d->ctl;

    if (ctl->json)
        (void)fprintf(ctl->out,
                      "{\"lines\":%" PRId64 ",\"refused\":%" PRId64
                      ",\"duplicates\":%" PRId64 ",\"future\":%" PRId64
                      ",\"dry_run\":true}\n",
                      d->lines, d->bad, d->twice, d->ahead);
    else
        (void)fprintf(
            ctl->out,
            T(ctl,
              "Lines checked: %" PRId64 "; that would be refused: %" PRId64
              "; with an id that came before: %" PRId64
              "; with a time to come: %" PRId64 ". Nothing was sent.\n",
              "检查了 %" PRId64 " 行：%" PRId64 " 行将被拒绝，%" PRId64
              " 个编号重复，%" PRId64 " 行的时间尚未到来；未发送任何内容。\n"),
            d->lines, d->bad, d->twice, d->ahead);
    return d->bad + d->twice + d->ahead > 0 ? EX_DATAERR : 0;
}

int import_dry_run(const struct ctl *ctl, const struct import_how *how,
                   const char *file, struct dk_problem *p)
{
    struct dry d = {
        .ctl = ctl, .how = how, .seen = seen_new(), .now = dk_client_wall()};
    struct lines *lines = NULL;
    struct line in;
    int rc = d.seen == NULL ? DK_ENOMEM : 0;

    if (rc == 0)
        rc = lines_open(file, 0, IMPORT_LINE_MAX, &lines, p);
    while (rc == 0 && (rc = lines_next(lines, &in)) == 1)
        rc = check_line(&d, &in);
    lines_close(lines);
    seen_free(d.seen);
    if (rc == DK_ENOMEM)
        return say_oom(ctl);
    if (rc < 0 && p->code == 0)
        (void)dk_fail(p, rc, NULL, "the import file cannot be read",
                      "无法读取导入文件");
    p->retry_after_ms = 0; /* whatever it is, it is no broker's */
    return rc < 0 ? say_problem(ctl, p) : conclude(&d);
}
