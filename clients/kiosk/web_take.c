/* web_take.c - a matter handed in at the page, and what became of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intake.h"
#include "proto/client.h"
#include "proto/uuid.h"
#include "receipt.h"
#include "web_int.h"

#define TRY_MS 30000 /* a wrong receipt number is forgotten after */

static void write_receipt(const struct spool_found *f, int offset_min,
                          struct dk_jw *o)
{
    static const char *const state[SPOOL_STATE_N] = {"waiting", "acknowledged",
                                                     "refused"};
    char number[RECEIPT_MAX];

    receipt_format(f->submission, number);
    dk_jw_obj(o, NULL);
    dk_jw_str(o, "submission_id", f->submission);
    dk_jw_str(o, "receipt", number);
    dk_jw_time(o, "taken_at", f->taken_at, offset_min);
    dk_jw_str(o, "state", f->state < SPOOL_STATE_N ? state[f->state] : NULL);
    dk_jw_str(o, "case_no", f->case_no[0] != '\0' ? f->case_no : NULL);
    dk_jw_str(o, "query_code", f->code[0] != '\0' ? f->code : NULL);
    if (f->problem != NULL)
        dk_jw_raw(o, "problem", f->problem, strlen(f->problem));
    else
        dk_jw_null(o, "problem");
    dk_jw_end_obj(o);
}

static void answer_receipt(const struct web *w, struct http_ask *a, int status,
                           struct spool_found *f)
{
    struct dk_jw o = {0};

    write_receipt(f, w->form.offset_min, &o);
    free(f->problem);
    f->problem = NULL;
    http_json(a, status, &o);
}

/* ---- taking ---------------------------------------------------------------
 */

/* What the page sent, as a body of case.submit by a kiosk: its text, owned by
 * the caller.
 */
static int complete(const struct http_ask *a, char **out, size_t *len,
                    struct dk_problem *p)
{
    struct dk_jw w = {0};
    struct dk_uuid id;
    cJSON *o = NULL;
    int rc = dk_json_parse_obj(a->body, a->len, DK_BODY_MAX, &o, p);

    *out = NULL;
    if (rc == 0) /* made once by the page, so that asking twice is harmless */
        rc = dk_json_uuid(o, "submission_id", DK_REQUIRED, true, &id, NULL, p);
    for (int i = 0; rc == 0 && i < 2; i++) {
        const char *never = i == 0 ? "channel" : "import";

        if (cJSON_GetObjectItemCaseSensitive(o, never) != NULL)
            rc = dk_failf(p, DK_EFIELD, i == 0 ? "/channel" : "/import",
                          "%s is not the page's to say", "%s 不由页面填写",
                          never);
    }
    if (rc == 0 && cJSON_AddStringToObject(o, "channel", "kiosk") == NULL)
        rc = dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if (rc == 0) {
        dk_jw_cjson(&w, NULL, o);
        *out = dk_jw_take(&w, len);
        if (*out == NULL)
            rc = dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    }
    dk_jw_fini(&w);
    cJSON_Delete(o);
    return rc;
}

static int take(struct web *w, const char *text, size_t len,
                struct spool_item *item, struct dk_problem *p)
{
    char fresh[DK_UUID_TEXT];
    struct intake in;
    int rc;

    dk_client_uuid(fresh);
    *item = (struct spool_item){.taken_at = dk_client_wall()};
    rc = intake_read(text, len, fresh, item->taken_at, &in, p);
    if (rc != 0)
        return rc;
    item->body = in.body;
    item->len = in.len;
    memcpy(item->submission, in.submission, sizeof(item->submission));
    memcpy(item->digest, in.digest, SPOOL_HASH);
    rc = spool_take(w->spool, item, 1, p);
    item->body = NULL;
    intake_fini(&in);
    if (rc != 0 && rc != DK_EFULL && rc != DK_ENOMEM)
        w->broken = *p;
    if (rc == 0 && item->verdict == SPOOL_CONFLICT)
        rc = dk_fail(p, DK_ECONFLICT, "/submission_id",
                     "this matter was taken before, with other words",
                     "该事项此前已提交，但内容不同");
    return rc;
}

void web_take(void *arg, struct http_ask *a)
{
    const struct say_from from = {0};
    struct web *w = arg;
    struct dk_problem p = {0};
    struct spool_found f;
    struct spool_item item;
    char *text = NULL;
    size_t len = 0;
    int rc = complete(a, &text, &len, &p);

    if (rc == 0)
        rc = take(w, text, len, &item, &p);
    free(text);
    if (rc != 0) {
        if (rc == DK_EFULL)
            dk_fail(&p, DK_EFULL, NULL,
                    "this kiosk's disk is full: your matter was NOT taken; go "
                    "to the counter or another kiosk",
                    "本机存储已满，事项没有提交成功，请到窗口或其他终端办理");
        http_problem(a, &p);
        return;
    }
    say_taken(w->say, item.submission, item.verdict == SPOOL_ALREADY, &from);
    if (spool_find(w->spool, item.submission, &f, &p) == 1)
        answer_receipt(w, a, item.verdict == SPOOL_TAKEN ? 201 : 200, &f);
    else
        web_failed(w, a, &p);
}

/* ---- asking ---------------------------------------------------------------
 */

static void not_here(struct http_ask *a)
{
    struct dk_problem p = {0};

    dk_fail(&p, DK_ENOTFOUND, NULL,
            "this kiosk took no matter under this number; ask at the kiosk "
            "that gave it, or at the counter",
            "本机没有该编号的事项；请在出具回执的终端或到窗口查询");
    http_problem(a, &p);
}

char *web_qr_text(const struct web *w, const struct spool_found *f)
{
    char number[RECEIPT_MAX];
    size_t cap = 400 + DK_CASE_NO_MAX;
    char *text = malloc(cap);

    if (text == NULL)
        return NULL;
    receipt_format(f->submission, number);
    if (f->case_no[0] == '\0')
        snprintf(text, cap, "%s", number);
    else if (f->code[0] == '\0')
        snprintf(text, cap, "%s", f->case_no);
    else if (w->form.status_url != NULL) /* behind '#': in no server's log */
        snprintf(text, cap, "%s#case=%s&code=%s", w->form.status_url,
                 f->case_no, f->code);
    else
        snprintf(text, cap, "%s %s", f->case_no, f->code);
    return text;
}

static void answer_qr(struct web *w, struct http_ask *a,
                      const struct spool_found *f)
{
    char *text = web_qr_text(w, f);
    struct bytes svg = {0};

    if (text != NULL && web_qr_svg(text, &svg))
        http_bytes(a, 200, "image/svg+xml", svg.at, svg.n);
    else
        http_empty(a, 503);
    bytes_fini(&svg);
    free(text);
}

void web_case(void *arg, struct http_ask *a)
{
    static const char qr[] = "/qr.svg";
    struct web *w = arg;
    struct dk_problem p = {0};
    struct spool_found f;
    char id[DK_UUID_TEXT] = "";
    const char *rest;
    int rc = 0;

    if (strlen(a->tail) >= DK_UUID_TEXT - 1)
        memcpy(id, a->tail, DK_UUID_TEXT - 1);
    rest = a->tail + strlen(id);
    if (id[0] != '\0' && (*rest == '\0' || strcmp(rest, qr) == 0))
        rc = spool_find(w->spool, id, &f, &p);
    if (rc < 0) {
        web_failed(w, a, &p);
    } else if (rc == 0) {
        not_here(a);
    } else if (*rest == '\0') {
        answer_receipt(w, a, 200, &f);
    } else {
        answer_qr(w, a, &f);
        free(f.problem);
    }
}

/* ms until one more wrong number is free; 0: now. */
static dk_ms must_wait(struct web *w)
{
    dk_ms now = dk_client_now();

    w->tries += (double)(now - w->tries_at) / TRY_MS;
    w->tries_at = now;
    if (w->tries > WEB_TRIES)
        w->tries = WEB_TRIES;
    return w->tries >= 1 ? 0 : (dk_ms)((1 - w->tries) * TRY_MS) + 1;
}

void web_by_receipt(void *arg, struct http_ask *a)
{
    struct web *w = arg;
    struct dk_problem p = {0};
    struct spool_found f;
    char hex[RECEIPT_HEX + 1];
    dk_ms wait = must_wait(w);
    int rc = receipt_parse(a->tail, hex);

    if (rc != 0) { /* a slip of the finger: the check digit found it */
        dk_fail(&p, DK_EFIELD, "/receipt",
                "this is no receipt number; look again: K and 14 digits",
                "回执号不正确，请核对：K 加 14 位数字");
        http_problem(a, &p);
        return;
    }
    if (wait > 0) {
        dk_fail(&p, DK_ERATE, NULL, "too many wrong numbers; wait a little",
                "错误次数过多，请稍候再试");
        p.retry_after_ms = wait;
        http_problem(a, &p);
        return;
    }
    rc = spool_find_end(w->spool, hex, &f, &p);
    if (rc < 0) {
        web_failed(w, a, &p);
    } else if (rc == 1) {
        answer_receipt(w, a, 200, &f);
    } else {
        w->tries -= 1;
        not_here(a);
    }
}
