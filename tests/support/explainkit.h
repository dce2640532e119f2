/* explainkit.h - one case lived through the core with a law that answers, to be
 * explained.
 */
#ifndef DK_TEST_EXPLAINKIT_H
#define DK_TEST_EXPLAINKIT_H

#include "tests/support/lawwork.h"

#include "core/explain.h"
#include "tests/support/core_kit.h"

struct story {
    struct kit k;
    struct dk_policy *p;
    struct dk_calendar *cal;
    size_t answered;   /* events that the deadline service has answered */
    char trouble[200]; /* why it could not */
};

static inline int xk_setup(void **state)
{
    struct law *l = new_law(NULL);
    struct story *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    s->p = l->p;
    s->cal = l->cal;
    free(l);
    kit_open(&s->k);
    *state = s;
    return 0;
}

static inline int xk_teardown(void **state)
{
    struct story *s = *state;

    kit_close(&s->k);
    dk_policy_free(s->p);
    dk_calendar_free(s->cal);
    free(s);
    return 0;
}

/* Another case. */
static inline void xk_again(struct story *s)
{
    kit_close(&s->k);
    kit_open(&s->k);
    s->answered = 0;
    s->trouble[0] = '\0';
}

static inline void xk_policy(struct story *s, const char *text)
{
    dk_policy_free(s->p);
    s->p = load_policy(text, strlen(text));
}

static inline void xk_apply(struct story *s, const char *commands)
{
    cJSON *list = cw_json(commands), *o;

    cJSON_ArrayForEach (o, list) {
        struct dk_command cmd = {.action = DK_ACT_CLOCK,
                                 .by = DK_BY_WORKER,
                                 .actor = "worker:deadline",
                                 .claimed = DK_NEVER,
                                 .args = o};

        cJSON_DeleteItemFromObject(o, "action");
        if (kit_run(&s->k, &cmd) != 0)
            fail_msg("%s %s", s->k.p.pointer, s->k.p.detail);
    }
    cJSON_Delete(list);
}

/* The deadline service answers what it has not answered yet. */
static inline void xk_answer(struct story *s)
{
    for (; s->answered < s->k.log.n; s->answered++) {
        const struct dk_event *e = &s->k.log.v[s->answered];
        struct dk_problem why = {0};
        struct dk_jw w = {0};

        if ((dk_ev_services(e->type) & (UINT64_C(1) << DK_SVC_DEADLINE)) == 0)
            continue;
        if (dk_policy_answer(s->p, s->cal, s->k.c, e, CN_MIN, &w, &why) == 0)
            xk_apply(s, w.buf);
        else
            (void)snprintf(s->trouble, sizeof(s->trouble), "%.199s",
                           why.detail);
        dk_jw_fini(&w);
    }
}

static inline void xk_at(struct story *s, const char *at)
{
    s->k.env.now = cw_time(at);
}

static inline int xk_try(struct story *s, enum dk_action a, const char *args)
{
    int rc = kit_do(&s->k, a, args);

    if (s->k.fault != NULL)
        fail_msg("%s", s->k.fault);
    if (rc == 0)
        xk_answer(s);
    return rc;
}

/* At `at` (NULL: now). */
static inline void xk_act(struct story *s, const char *at, enum dk_action a,
                          const char *args)
{
    if (at != NULL)
        xk_at(s, at);
    if (xk_try(s, a, args) != 0)
        fail_msg("%s: %s %s", dk_action_name(a), s->k.p.pointer, s->k.p.detail);
}

static inline void xk_fire(struct story *s, const char *at)
{
    xk_at(s, at);
    assert_int_equal(kit_fire(&s->k), 0);
}

static inline void xk_submit(struct story *s, const char *at)
{
    struct dk_submit sub = kit_submission();

    xk_at(s, at);
    assert_int_equal(kit_submit(&s->k, &sub), 0);
    xk_answer(s);
}

static inline void xk_accepted(struct story *s, const char *at)
{
    xk_submit(s, at);
    xk_act(s, NULL, DK_ACT_REGISTER, "{}");
    xk_act(s, NULL, DK_ACT_ASSIGN,
           "{\"unit\":\"town-a\",\"handler\":\"o1\",\"rule\":\"r-1\","
           "\"why\":\"按规则“r-1”\"}");
    xk_act(s, NULL, DK_ACT_TRANSFER, "{}");
    xk_act(s, NULL, DK_ACT_ACCEPT, "{}");
}

/* What docketctl gives to docket-deadline; the caller deletes it. */
static inline cJSON *xk_doc(const struct story *s)
{
    struct dk_jw w = {0};
    char now[DK_TIME_MAX];
    cJSON *doc;

    dk_time_format(s->k.env.now, CN_MIN, now);
    dk_jw_obj(&w, NULL);
    dk_case_write(&w, "case", s->k.c, s->k.env.county, CN_MIN);
    dk_jw_str(&w, "now", now);
    dk_jw_arr(&w, "events");
    for (size_t i = 0; i < s->k.log.n; i++)
        dk_event_write_task(&w, NULL, &s->k.log.v[i], s->k.c, CN_MIN);
    dk_jw_end_arr(&w);
    dk_jw_end_obj(&w);
    assert_false(w.oom);
    doc = cw_json(w.buf);
    dk_jw_fini(&w);
    return doc;
}

/* The explanation of `doc` as text, which the caller frees. */
static inline char *xk_text_of(const struct story *s, const cJSON *doc,
                               const char *lang)
{
    const struct dk_explain_by by = {s->p, s->cal, NULL};
    struct dk_problem p = {0};
    char *text = NULL;

    if (dk_explain(&by, doc, lang, NULL, &text, &p) != 0)
        fail_msg("%s %s", p.pointer, p.detail);
    return text;
}

static inline char *xk_text(const struct story *s, const char *lang)
{
    cJSON *doc = xk_doc(s);
    char *text = xk_text_of(s, doc, lang);

    cJSON_Delete(doc);
    return text;
}

static inline cJSON *xk_json_of(const struct story *s, const cJSON *doc)
{
    const struct dk_explain_by by = {s->p, s->cal, NULL};
    struct dk_problem p = {0};
    struct dk_jw w = {0};
    cJSON *out;

    if (dk_explain(&by, doc, "en", &w, NULL, &p) != 0)
        fail_msg("%s %s", p.pointer, p.detail);
    out = cw_json(w.buf);
    dk_jw_fini(&w);
    return out;
}

static inline cJSON *xk_json(const struct story *s)
{
    cJSON *doc = xk_doc(s), *out = xk_json_of(s, doc);

    cJSON_Delete(doc);
    return out;
}

static inline void xk_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no \"%s\" in\n%s", part, text);
}

static inline void xk_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" in\n%s", part, text);
}

/* Both languages have these lines; the caller need not free anything. */
static inline void xk_says(const struct story *s, const char *en,
                           const char *zh)
{
    char *text = xk_text(s, "en");

    xk_has(text, en);
    free(text);
    text = xk_text(s, "zh-CN");
    xk_has(text, zh);
    free(text);
}

#endif /* DK_TEST_EXPLAINKIT_H */
