/* web_ask.c - what the page asks the broker, and the printer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/caseno.h"
#include "receipt.h"
#include "web_int.h"

#define ANSWER_MS 8000

/* ---- how a matter stands --------------------------------------------------
 */

static void unreachable(struct http_ask *a)
{
    struct dk_problem p = {0};

    dk_fail(
        &p, DK_EBUSY, NULL,
        "there is no connection to the office's computer; what you handed "
        "in is safe, ask again later or at the counter",
        "暂时无法连接信访系统；已提交的事项不会丢失，请稍后再查或到窗口查询");
    p.retry_after_ms = 5000;
    http_problem(a, &p);
}

static struct web_asked *free_place(struct web *w)
{
    for (int i = 0; i < WEB_ASKED; i++)
        if (w->asked[i].ask == NULL)
            return &w->asked[i];
    return NULL;
}

static int read_query(const struct http_ask *a, char case_no[DK_CASE_NO_MAX],
                      char code[SPOOL_CODE], struct dk_problem *p)
{
    static const char *const names[] = {"case_no", "query_code", NULL};
    const char *no = NULL, *c = NULL;
    cJSON *o = NULL;
    int32_t county;
    int64_t key;
    int rc = dk_json_parse_obj(a->body, a->len, DK_BODY_MAX, &o, p);

    if (rc == 0)
        rc = dk_json_only(o, names, NULL, p);
    if (rc == 0)
        rc = dk_json_str(o, "case_no", DK_REQUIRED, 1, 64, &no, NULL, p);
    if (rc == 0)
        rc = dk_json_str(o, "query_code", DK_REQUIRED, 8, 8, &c, NULL, p);
    if (rc == 0 && dk_case_no_parse(no, &county, &key) != 0)
        rc = dk_fail(p, DK_EFIELD, "/case_no",
                     "this is no case number; look again: 21 digits",
                     "信访编号不正确，请核对：共 21 位数字");
    if (rc == 0) {
        dk_case_no_format(county, key, case_no);
        snprintf(code, SPOOL_CODE, "%s", c);
    }
    cJSON_Delete(o);
    return rc;
}

static int ask_broker(struct web *w, struct web_asked *q, const char *code)
{
    struct dk_jw o = {0};
    int rc = DK_ENOMEM;

    dk_jw_obj(&o, NULL);
    dk_jw_str(&o, "case_no", q->case_no);
    dk_jw_str(&o, "query_code", code);
    dk_jw_end_obj(&o);
    snprintf(q->request, sizeof(q->request), "page.%u", ++w->n_asked);
    if (!o.oom)
        rc = dk_client_send(w->forward->client, "case.query", q->request, o.buf,
                            o.len, NULL, NULL);
    dk_jw_fini(&o);
    return rc;
}

void web_query(void *arg, struct http_ask *a)
{
    struct web *w = arg;
    struct web_asked *q = free_place(w);
    struct dk_problem p = {0};
    char code[SPOOL_CODE];
    int rc;

    if (q == NULL) {
        dk_fail(&p, DK_EBUSY, NULL,
                "too many ask at once; try again in a moment",
                "查询过多，请稍候再试");
        http_problem(a, &p);
        return;
    }
    rc = read_query(a, q->case_no, code, &p);
    if (rc != 0) {
        http_problem(a, &p);
        return;
    }
    if (ask_broker(w, q, code) != 0) {
        unreachable(a);
        return;
    }
    q->ask = a;
    q->by = dk_client_now() + ANSWER_MS;
}

void web_on_reply(void *arg, const struct dk_reply *r)
{
    struct web *w = arg;
    struct dk_problem p = {0};

    for (int i = 0; i < WEB_ASKED; i++) {
        struct web_asked *q = &w->asked[i];
        struct http_ask *a = q->ask;

        if (a == NULL || strcmp(q->request, r->request) != 0)
            continue;
        if (strcmp(r->type, "ok") == 0 &&
            !dk_reply_names(r, "case_no", q->case_no))
            return; /* of another case: parts of two answers; it times out */
        *q = (struct web_asked){0};
        if (strcmp(r->type, "ok") == 0) {
            http_bytes(a, 200, "application/json", r->text, r->len);
        } else {
            dk_problem_read(r->json, &p);
            http_problem(a, &p);
        }
        return;
    }
}

/* ---- printing -------------------------------------------------------------
 */

static void printed(void *arg, const struct dk_problem *p)
{
    if (p == NULL)
        http_empty(arg, 204);
    else
        http_problem(arg, p);
}

struct wish {
    char submission[DK_UUID_TEXT];
    bool zh;
    dk_ms due_at;
};

static int read_wish(const struct http_ask *a, struct wish *out,
                     struct dk_problem *p)
{
    static const char *const names[] = {"submission_id", "lang", "due_at",
                                        NULL};
    static const char *const langs[] = {"zh-CN", "en", NULL};
    const char *id = NULL;
    cJSON *o = NULL;
    int lang = 0;
    int rc = dk_json_parse_obj(a->body, a->len, DK_BODY_MAX, &o, p);

    out->due_at = DK_NEVER;
    if (rc == 0)
        rc = dk_json_only(o, names, NULL, p);
    if (rc == 0)
        rc = dk_json_str(o, "submission_id", DK_REQUIRED, 36, 36, &id, NULL, p);
    if (rc == 0)
        rc = dk_json_enum(o, "lang", DK_REQUIRED, langs, &lang, NULL, p);
    if (rc == 0)
        rc = dk_json_time(o, "due_at", DK_OPTIONAL, &out->due_at, NULL, p);
    if (rc == 0)
        snprintf(out->submission, sizeof(out->submission), "%s", id);
    out->zh = lang == 0;
    cJSON_Delete(o);
    return rc;
}

static int print_found(struct web *w, struct http_ask *a,
                       const struct wish *wish, const struct spool_found *f,
                       struct dk_problem *p)
{
    char number[RECEIPT_MAX];
    char *qr = web_qr_text(w, f);
    struct bytes b;
    struct receipt r = {
        .office = w->form.office[wish->zh ? 0 : 1],
        .phone = w->form.phone,
        .number = number,
        .case_no = f->case_no[0] != '\0' ? f->case_no : NULL,
        .code = f->code[0] != '\0' ? f->code : NULL,
        .taken_at = f->taken_at,
        .due_at = wish->due_at,
        .qr = qr,
        .offset_min = w->form.offset_min,
        .zh = wish->zh,
    };
    int rc;

    receipt_format(f->submission, number);
    rc = qr != NULL ? print_receipt(&r, &b) : DK_ENOMEM;
    if (rc != 0)
        dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    else
        rc = print_start(w->print, &b, printed, a, p);
    free(qr);
    return rc;
}

void web_print(void *arg, struct http_ask *a)
{
    struct web *w = arg;
    struct dk_problem p = {0};
    struct spool_found f = {0};
    struct wish wish;
    int rc = read_wish(a, &wish, &p);

    if (rc == 0 && w->print == NULL)
        rc = dk_fail(&p, DK_ENOTFOUND, NULL,
                     "this kiosk has no printer; write the numbers down",
                     "本机没有打印机，请抄写编号");
    if (rc != 0) {
        http_problem(a, &p);
        return;
    }
    rc = spool_find(w->spool, wish.submission, &f, &p);
    if (rc < 0) {
        web_failed(w, a, &p);
        return;
    }
    rc = rc == 1 ? print_found(w, a, &wish, &f, &p)
                 : dk_fail(&p, DK_ENOTFOUND, "/submission_id", NULL, NULL);
    free(f.problem);
    if (rc != 0)
        http_problem(a, &p);
}
