/* casework.h - a case in a test: commands in, events applied, no process.
 *
 * Everything goes through dk_decide() and dk_case_evolve(), so what the law
 * answers is held against what the broker would take.
 */
#ifndef DK_TEST_CASEWORK_H
#define DK_TEST_CASEWORK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/decide.h"
#include "proto/caseno.h"

#define CN_MIN 480 /* +08:00 */

struct casework {
    struct dk_case *c;
    dk_ms now;
    struct dk_events last; /* of the latest command */
};

static inline dk_ms cw_time(const char *s)
{
    dk_ms t = 0;
    if (dk_time_parse(s, strlen(s), &t) != 0)
        fail_msg("\"%s\" is no time", s);
    return t;
}

static inline char *cw_read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *buf = malloc((size_t)1 << 20);
    assert_non_null(f);
    assert_non_null(buf);
    *len = fread(buf, 1, ((size_t)1 << 20) - 1, f);
    assert_int_equal(fclose(f), 0);
    return buf;
}

/* The n-th JSON example (0, 1, ..) of a document; the caller frees it. */
static inline char *cw_example(const char *path, int n, size_t *len)
{
    char *text = cw_read_file(path, len), *from = text, *to = NULL;

    text[*len] = '\0';
    for (int i = 0; i <= n && from != NULL; i++) {
        from = strstr(i == 0 ? from : to, "```json\n");
        to = from != NULL ? strstr(from + 8, "\n```") : NULL;
    }
    if (from == NULL || to == NULL) {
        fail_msg("%s has no JSON example number %d", path, n);
        abort();
    }
    *len = (size_t)(to - from - 8);
    memmove(text, from + 8, *len);
    return text;
}

/* Decide and apply; returns the refusal's code or 0. */
static inline int cw_try(struct casework *w, struct dk_command *cmd,
                         struct dk_problem *p)
{
    struct dk_env env = {.now = w->now, .offset_min = CN_MIN, .county = 330699};
    int rc;

    dk_events_fini(&w->last);
    rc = dk_decide(w->c, cmd, &env, &w->last, p);
    for (size_t i = 0; rc == 0 && i < w->last.n; i++)
        assert_int_equal(dk_case_evolve(w->c, &w->last.v[i]), 0);
    return rc;
}

static inline void cw_must(struct casework *w, struct dk_command *cmd)
{
    struct dk_problem p = {0};
    if (cw_try(w, cmd, &p) != 0)
        fail_msg("%s: %s %s", dk_action_name(cmd->action), p.pointer, p.detail);
}

static inline cJSON *cw_json(const char *s)
{
    struct dk_problem p = {0};
    cJSON *o = NULL;
    if (dk_json_parse(s, strlen(s), (size_t)1 << 20, &o, &p) != 0)
        fail_msg("%s: %s", s, p.detail);
    return o;
}

/* A case handed in at `at`; `more` are members of the body, e.g.
 * "\"kind\":\"accusation\"", or "".
 */
static inline void cw_submit(struct casework *w, const char *at,
                             const char *more)
{
    char text[2048];
    struct dk_submit s = {0};
    struct dk_problem p = {0};
    struct dk_command cmd = {.action = DK_ACT_SUBMIT,
                             .by = DK_BY_BROKER,
                             .actor = "kiosk",
                             .claimed = DK_NEVER,
                             .submit = &s,
                             .key = INT64_C(20260101000001)};

    (void)snprintf(text, sizeof text,
                   "{\"submission_id\":\"018f0000-0000-7000-8000-000000000001\""
                   ",\"channel\":\"kiosk\",\"subject\":\"s\",\"facts\":\"f\""
                   "%s%s}",
                   more[0] != '\0' ? "," : "", more);
    cJSON *body = cw_json(text);
    if (dk_submit_read(body, &s, &p) != 0)
        fail_msg("%s: %s", p.pointer, p.detail);
    dk_case_free(w->c);
    w->c = dk_case_new();
    assert_non_null(w->c);
    w->now = cw_time(at);
    cw_must(w, &cmd);
    cJSON_Delete(body);
}

/* An action of a client at `at` (NULL: now), args as JSON. */
static inline int cw_try_act(struct casework *w, const char *at,
                             const char *action, const char *args,
                             struct dk_problem *p)
{
    int a = dk_action_from_name(action);
    cJSON *o = cw_json(args);
    struct dk_command cmd = {.by = DK_BY_CLIENT,
                             .actor = "officer:li",
                             .claimed = DK_NEVER,
                             .args = o};
    assert_true(a >= 0);
    cmd.action = (enum dk_action)a;
    if (at != NULL)
        w->now = cw_time(at);
    int rc = cw_try(w, &cmd, p);
    cJSON_Delete(o);
    return rc;
}

static inline void cw_act(struct casework *w, const char *at,
                          const char *action, const char *args)
{
    struct dk_problem p = {0};
    if (cw_try_act(w, at, action, args, &p) != 0)
        fail_msg("%s: %s %s", action, p.pointer, p.detail);
}

/* The commands of a service's answer, applied one by one. */
static inline void cw_apply(struct casework *w, const char *commands)
{
    cJSON *list = cw_json(commands), *o;
    cJSON_ArrayForEach (o, list) {
        cJSON *name = cJSON_DetachItemFromObject(o, "action");
        int a = dk_action_from_name(cJSON_GetStringValue(name));
        struct dk_command cmd = {.by = DK_BY_WORKER,
                                 .actor = "worker:test",
                                 .claimed = DK_NEVER,
                                 .args = o};
        assert_true(a >= 0);
        cmd.action = (enum dk_action)a;
        cw_must(w, &cmd);
        cJSON_Delete(name);
    }
    cJSON_Delete(list);
}

/* Let every rung that is due at `at` fire. */
static inline void cw_fire(struct casework *w, const char *at)
{
    struct dk_command cmd = {.action = DK_ACT_FIRE,
                             .by = DK_BY_BROKER,
                             .actor = "docketd",
                             .claimed = DK_NEVER};
    w->now = cw_time(at);
    cw_must(w, &cmd);
}

static inline const struct dk_clock *cw_clock(const struct casework *w,
                                              const char *id)
{
    for (int i = 0; i < w->c->n_clock; i++) {
        if (strcmp(w->c->clock[i].id, id) == 0)
            return &w->c->clock[i];
    }
    fail_msg("the case has no clock \"%s\"", id);
    abort(); /* fail_msg() does not come back */
}

/* When a rung is, or due itself for rung NULL; as office time. */
static inline void cw_assert_at(const struct casework *w, const char *id,
                                const char *rung, const char *want)
{
    const struct dk_clock *k = cw_clock(w, id);
    char got[DK_TIME_MAX];
    dk_ms at = k->due_at;
    bool found = rung == NULL;

    for (int i = 0; rung != NULL && i < k->n_rung; i++) {
        if (strcmp(k->rung[i].id, rung) == 0) {
            at = k->rung[i].at;
            found = true;
        }
    }
    if (!found)
        fail_msg("clock \"%s\" has no rung \"%s\"", id, rung);
    dk_time_format(at, CN_MIN, got);
    if (at != cw_time(want))
        fail_msg("%s %s is at %s, not %s", id, rung != NULL ? rung : "due", got,
                 want);
}

static inline bool cw_has_rung(const struct casework *w, const char *id,
                               const char *rung)
{
    const struct dk_clock *k = cw_clock(w, id);
    for (int i = 0; i < k->n_rung; i++) {
        if (strcmp(k->rung[i].id, rung) == 0)
            return true;
    }
    return false;
}

static inline void cw_fini(struct casework *w)
{
    dk_events_fini(&w->last);
    dk_case_free(w->c);
    w->c = NULL;
}

#endif /* DK_TEST_CASEWORK_H */
