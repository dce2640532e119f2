#include "task.h"

#include <stdio.h>
#include <string.h>

#include "proto/jsonx.h"
#include "proto/timefmt.h"

#define BEAT_MIN_MS 10
#define BEAT_MAX_MS 600000

static bool all_digits(const char *s)
{
    return s[0] != '\0' && s[strspn(s, "0123456789")] == '\0';
}

static int read_decimal(const cJSON *o, const char *key, char *out,
                        struct dk_problem *p)
{
    const char *s = NULL;
    char pointer[64];
    int rc = dk_json_str(o, key, DK_REQUIRED, 1, TASK_ID_MAX, &s, NULL, p);

    if (rc != 0)
        return rc;
    if (!all_digits(s)) {
        snprintf(pointer, sizeof(pointer), "/%s", key);
        return dk_fail(p, DK_EFIELD, pointer, "decimal digits are wanted",
                       "须为十进制数字");
    }
    snprintf(out, TASK_ID_MAX + 1, "%s", s);
    return 0;
}

/* The county is six digits: a text, or a number. */
static int read_county(const cJSON *o, int32_t *out, struct dk_problem *p)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, "county");
    const char *s = NULL;
    int64_t n = 0;
    int rc;

    if (cJSON_IsNumber(v))
        rc = dk_json_int(o, "county", DK_REQUIRED, 0, 999999, &n, NULL, p);
    else
        rc = dk_json_str(o, "county", DK_REQUIRED, 6, 6, &s, NULL, p);
    if (rc != 0)
        return rc;
    if (s != NULL && !all_digits(s))
        return dk_fail(p, DK_EFIELD, "/county", "six digits are wanted",
                       "须为六位数字");
    for (; s != NULL && *s != '\0'; s++)
        n = n * 10 + (*s - '0');
    *out = (int32_t)n;
    return 0;
}

static int read_offset(const cJSON *o, int *out, struct dk_problem *p)
{
    const char *s = NULL;
    int rc = dk_json_str(o, "utc_offset", DK_REQUIRED, 1, 16, &s, NULL, p);

    if (rc != 0)
        return rc;
    if (dk_offset_parse(s, out) != 0)
        return dk_fail(p, DK_EFIELD, "/utc_offset",
                       "an offset such as +08:00 is wanted",
                       "须为 +08:00 这样的时差");
    return 0;
}

int welcome_read(const struct dk_msg *m, struct welcome *out,
                 struct dk_problem *p)
{
    cJSON *o = NULL;
    int64_t beat = 0, lease = 0;
    int rc = dk_json_parse_fixed(m->body, m->body_len, DK_REPLY_MAX, &o, p);

    *out = (struct welcome){0};
    if (rc == 0)
        rc = read_decimal(o, "epoch", out->epoch, p);
    if (rc == 0)
        rc = dk_json_int(o, "heartbeat_ms", DK_REQUIRED, BEAT_MIN_MS,
                         BEAT_MAX_MS, &beat, NULL, p);
    if (rc == 0)
        rc = dk_json_int(o, "lease_ms", DK_REQUIRED, 1, DK_HOUR, &lease, NULL,
                         p);
    if (rc == 0)
        rc = dk_json_time(o, "now", DK_REQUIRED, &out->now, NULL, p);
    if (rc == 0)
        rc = read_offset(o, &out->offset_min, p);
    if (rc == 0)
        rc = read_county(o, &out->county, p);
    if (rc == 0)
        rc = dk_json_bool(o, "test_clock", DK_OPTIONAL, &out->test_clock, NULL,
                          p);
    out->heartbeat_ms = (int)beat;
    out->lease_ms = (int)lease;
    cJSON_Delete(o);
    return rc;
}

/* Task id and lease first: with them even a task that makes no sense can be
 * failed with the reason.
 */
static int read_lease(const cJSON *o, struct task *out, struct dk_problem *p)
{
    const char *lease = NULL;
    int rc = read_decimal(o, "task_id", out->id, p);

    if (rc == 0)
        rc = dk_json_str(o, "lease", DK_REQUIRED, 1, DK_REQUEST_MAX, &lease,
                         NULL, p);
    if (rc == 0)
        snprintf(out->lease, sizeof(out->lease), "%s", lease);
    return rc;
}

static int read_service(const cJSON *o, const char *service,
                        struct dk_problem *p)
{
    const char *s = NULL;
    int rc = dk_json_str(o, "service", DK_REQUIRED, 1, DK_ID_MAX, &s, NULL, p);

    if (rc != 0)
        return rc;
    if (strcmp(s, service) != 0)
        return dk_failf(p, DK_EFIELD, "/service",
                        "the task is for %.60s, this worker answers for %s",
                        "任务属于 %.60s，本进程负责 %s", s, service);
    return 0;
}

static int read_matter(const cJSON *o, struct task *out, struct dk_problem *p)
{
    const cJSON *kase = NULL, *event = NULL;
    int64_t attempt = 0;
    int rc =
        dk_json_int(o, "attempt", DK_REQUIRED, 1, INT32_MAX, &attempt, NULL, p);

    out->attempt = (int)attempt;
    if (rc == 0)
        rc = dk_json_time(o, "now", DK_REQUIRED, &out->now, NULL, p);
    if (rc == 0)
        rc = dk_json_obj(o, "case", DK_REQUIRED, &kase, NULL, p);
    if (rc == 0)
        rc = dk_json_obj(o, "event", DK_REQUIRED, &event, NULL, p);
    if (rc == 0)
        rc = dk_case_read(kase, &out->kase, p);
    if (rc == 0)
        rc = dk_event_read(event, &out->event, p);
    return rc;
}

int task_read(const struct dk_msg *m, const char *service, struct task *out,
              struct dk_problem *p)
{
    cJSON *o = NULL;
    int rc;

    *out = (struct task){0};
    rc = dk_json_parse_fixed(m->body, m->body_len, DK_REPLY_MAX, &o, p);
    if (rc == 0)
        rc = read_lease(o, out, p);
    if (rc == 0)
        rc = read_service(o, service, p);
    if (rc == 0)
        rc = read_matter(o, out, p);
    cJSON_Delete(o);
    return rc;
}

void task_fini(struct task *t)
{
    dk_case_free(t->kase);
    t->kase = NULL;
    dk_event_fini(&t->event);
}

void task_read_problem(const struct dk_msg *m, struct dk_problem *out)
{
    cJSON *o = NULL;

    if (dk_json_parse_fixed(m->body, m->body_len, DK_REPLY_MAX, &o, out) == 0)
        dk_problem_read(o, out);
    cJSON_Delete(o);
}

void task_write_hello(struct dk_jw *w, const char *service, const char *worker,
                      int credit, const struct worker_about *about)
{
    char county[12];

    dk_jw_obj(w, NULL);
    dk_jw_str(w, "service", service);
    dk_jw_str(w, "worker", worker);
    dk_jw_int(w, "credit", credit);
    if (about->county != 0) {
        snprintf(county, sizeof(county), "%06d", (int)about->county);
        dk_jw_str(w, "county", county);
    }
    if (about->calendar_until != 0)
        dk_jw_int(w, "calendar_until", about->calendar_until);
    dk_jw_end_obj(w);
}

void task_write_result(struct dk_jw *w, const struct task *t,
                       const struct dk_jw *commands)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "task_id", t->id);
    dk_jw_str(w, "lease", t->lease);
    dk_jw_raw(w, "commands", commands->buf, commands->len);
    dk_jw_end_obj(w);
}

/* "SLUG at POINTER: DETAIL", in at most TASK_REASON_MAX bytes of whole
 * characters.
 */
static void make_reason(const struct dk_problem *why, char *buf)
{
    const char *detail =
        why->detail[0] != '\0' ? why->detail : dk_err_title(why->code);
    int n;

    if (why->pointer[0] != '\0')
        n = snprintf(buf, TASK_REASON_MAX + 1, "%s at %s: %s",
                     dk_err_slug(why->code), why->pointer, detail);
    else
        n = snprintf(buf, TASK_REASON_MAX + 1, "%s: %s", dk_err_slug(why->code),
                     detail);
    if (n > TASK_REASON_MAX)
        buf[dk_utf8_valid(buf, TASK_REASON_MAX)] = '\0';
}

void task_write_fail(struct dk_jw *w, const struct task *t,
                     const struct dk_problem *why)
{
    char reason[TASK_REASON_MAX + 1];

    make_reason(why, reason);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "task_id", t->id);
    dk_jw_str(w, "lease", t->lease);
    dk_jw_str(w, "reason", reason);
    if (why->retry_after_ms > 0)
        dk_jw_int(w, "retry_after_ms",
                  why->retry_after_ms < DK_HOUR ? why->retry_after_ms
                                                : DK_HOUR);
    dk_jw_end_obj(w);
}
