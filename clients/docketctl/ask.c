/* ask.c - requests to the broker, and bodies from the command line. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl.h"
#include "proto/uuid.h"
#include "when.h"

void ctl_sleep(dk_ms ms)
{
    struct timespec ts = {.tv_sec = (time_t)(ms / 1000),
                          .tv_nsec = (long)(ms % 1000) * 1000000};

    (void)nanosleep(&ts, NULL);
}

int ctl_timeout(const struct ctl *ctl, int otherwise)
{
    return ctl->timeout_ms > 0 ? ctl->timeout_ms : otherwise;
}

int ctl_open(struct ctl *ctl, struct dk_problem *p)
{
    if (ctl->client != NULL)
        return 0;
    const struct dk_client_options with = {.key_file = ctl->key_file,
                                           .server_key = ctl->server_key};
    ctl->client = dk_client_open(ctl->endpoint, &with, p);
    return ctl->client == NULL ? p->code : 0;
}

static int ask(struct ctl *ctl, const char *type, const struct dk_jw *body,
               int timeout_ms, struct dk_reply *out, struct dk_problem *p)
{
    int rc = ctl_open(ctl, p);

    if (rc != 0)
        return rc;
    if (body != NULL && body->oom)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    rc = dk_client_call(ctl->client, type, body == NULL ? "{}" : body->buf,
                        timeout_ms, out, p);
    if (rc != 0 || strcmp(out->type, "ok") == 0)
        return rc;
    dk_reply_free(out);
    return dk_fail(p, DK_ETYPE, NULL,
                   "what answers at this endpoint does not speak this "
                   "protocol: its answer is neither ok nor a problem",
                   "该地址上的程序不符合本协议：其答复既非 ok 也非 problem");
}

int ctl_ask(struct ctl *ctl, const char *type, struct dk_jw *body,
            struct dk_reply *out)
{
    struct dk_problem p = {0};
    int rc = ask(ctl, type, body, ctl_timeout(ctl, DEFAULT_TIMEOUT), out, &p);

    if (body != NULL)
        dk_jw_fini(body);
    return rc == 0 ? 0 : say_problem(ctl, &p);
}

int ctl_ask_patiently(struct ctl *ctl, const char *type, struct dk_jw *body,
                      struct dk_reply *out)
{
    const int once = 2000, all = ctl_timeout(ctl, 60000);
    const dk_ms end = dk_client_now() + all;
    struct dk_problem p = {0};
    int rc;

    for (;;) {
        dk_ms left = end - dk_client_now();
        rc = ask(ctl, type, body, left < once ? (int)left : once, out, &p);
        left = end - dk_client_now();
        dk_ms wait = rc == DK_ETIMEOUT ? 0 : p.retry_after_ms;
        bool again = rc == DK_ETIMEOUT || (rc != 0 && wait > 0);
        if (!again || left <= wait)
            break;
        ctl_sleep(wait);
        memset(&p, 0, sizeof p);
    }
    dk_jw_fini(body);
    return rc == 0 ? 0 : say_problem(ctl, &p);
}

int ctl_offset(struct ctl *ctl, int *out_min)
{
    struct dk_reply r;
    const char *text = NULL;

    if (!ctl->offset_known) {
        int rc = ctl_ask(ctl, "hello", NULL, &r);
        if (rc != 0)
            return rc;
        if (dk_json_str(r.json, "utc_offset", DK_REQUIRED, 1, 6, &text, NULL,
                        NULL) != 0 ||
            dk_offset_parse(text, &ctl->offset_min) != 0)
            rc = say_odd_reply(ctl, "utc_offset");
        dk_reply_free(&r);
        if (rc != 0)
            return rc;
        ctl->offset_known = true;
    }
    *out_min = ctl->offset_min;
    return 0;
}

int ctl_write_time(struct ctl *ctl, struct dk_jw *w, const char *member,
                   const char *value)
{
    struct dk_problem p = {0};
    int offset = 0;
    dk_ms t;

    if (when_is_date(value)) {
        int rc = ctl_offset(ctl, &offset);
        if (rc != 0)
            return rc;
    } else if (when_parse(value, 0, &t, &p) == 0) {
        dk_jw_str(w, member, value); /* keep the offset as it was written */
        return 0;
    }
    if (when_parse(value, offset, &t, &p) != 0)
        return say_usage(ctl, &p);
    dk_jw_time(w, member, t, offset);
    return 0;
}

/* Is the i-th option given again later on, or another one for its member? */
static bool is_overruled(const struct args *a, int i)
{
    for (int j = i + 1; j < a->n_set; j++)
        if (a->set[j].opt->member != NULL &&
            strcmp(a->set[j].opt->member, a->set[i].opt->member) == 0)
            return true;
    return false;
}

int ctl_write_opts(struct ctl *ctl, const struct args *a, struct dk_jw *w)
{
    for (int i = 0; i < a->n_set; i++) {
        const struct opt *o = a->set[i].opt;
        const char *v = a->set[i].value;
        int64_t n = 0;
        int rc;

        if (o->member == NULL || is_overruled(a, i))
            continue;
        switch (o->kind) {
        case OPT_FLAG:
            dk_jw_bool(w, o->member, true);
            break;
        case OPT_INT:
            (void)int_parse(v, o->min, o->max, &n);
            dk_jw_int(w, o->member, n);
            break;
        case OPT_TIME:
            rc = ctl_write_time(ctl, w, o->member, v);
            if (rc != 0)
                return rc;
            break;
        case OPT_TEXT:
        case OPT_NAME:
            dk_jw_str(w, o->member, v);
            break;
        case OPT_SPAN:
            break; /* no request takes one as it is */
        }
    }
    return 0;
}

int ctl_given_id(const struct ctl *ctl, const struct args *a,
                 char id[DK_UUID_TEXT])
{
    const char *given = args_get(a, "id");
    struct dk_problem p = {0};
    struct dk_uuid u;

    id[0] = '\0';
    if (given == NULL)
        return 0;
    if (dk_uuid_parse(given, strlen(given), &u) == 0 && dk_uuid_is_v7(&u)) {
        dk_uuid_format(&u, id);
        return 0;
    }
    (void)dk_fail(&p, DK_EFIELD, NULL,
                  "--id is a UUID of version 7 in small letters",
                  "--id 须为小写的第 7 版 UUID");
    return say_usage(ctl, &p);
}

int ctl_is_own(const struct ctl *ctl, const struct dk_reply *r,
               const char *member, const char *id)
{
    struct dk_problem p = {0};

    if (dk_reply_names(r, member, id))
        return 0;
    (void)dk_fail(&p, DK_ETIMEOUT, NULL,
                  "the answer to another command came instead: somebody on "
                  "the line may be joining parts of messages",
                  "收到的是另一命令的答复：线路上可能有人拼接消息");
    int rc = say_problem(ctl, &p);
    say_repeat(ctl, rc, id);
    return rc;
}

void say_repeat(const struct ctl *ctl, int code, const char *id)
{
    if (code == EX_UNAVAILABLE || code == EX_TEMPFAIL)
        (void)fprintf(ctl->err,
                      T(ctl, "  It may have arrived: repeat it with --id %s\n",
                        "  命令可能已到达：请用 --id %s 重复\n"),
                      id);
}
