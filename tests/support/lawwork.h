/* lawwork.h - a case in a test, with the law that its clocks follow. */
#ifndef DK_TEST_LAWWORK_H
#define DK_TEST_LAWWORK_H

#include "casework.h"

#include "core/policy.h"

struct law {
    struct casework w;
    struct dk_policy *p;
    struct dk_calendar *cal;
};

static inline struct dk_calendar *load_calendar(void)
{
    struct dk_report r = {0};
    size_t len = 0;
    char *text = cw_read_file("policy/calendar-cn.json", &len);
    struct dk_calendar *c = dk_calendar_load("calendar", text, len, &r);
    if (c == NULL)
        fail_msg("%s", r.text);
    dk_report_fini(&r);
    free(text);
    return c;
}

static inline struct dk_policy *load_policy(const char *text, size_t len)
{
    struct dk_report r = {0};
    struct dk_policy *p = dk_policy_load("policy", text, len, &r);
    if (p == NULL || r.warnings != 0)
        fail_msg("%s", r.text);
    dk_report_fini(&r);
    return p;
}

static inline struct law *new_law(const char *text)
{
    struct law *l = calloc(1, sizeof *l);
    size_t len = text != NULL ? strlen(text) : 0;
    char *file = NULL;

    assert_non_null(l);
    l->cal = load_calendar();
    if (text == NULL)
        text = file = cw_read_file("policy/xinfang-2022.json", &len);
    l->p = load_policy(text, len);
    free(file);
    return l;
}

static inline int setup(void **state)
{
    *state = new_law(NULL);
    return 0;
}

static inline void free_law(struct law *l)
{
    cw_fini(&l->w);
    dk_policy_free(l->p);
    dk_calendar_free(l->cal);
    free(l);
}

static inline int teardown(void **state)
{
    free_law(*state);
    return 0;
}

/* Let the deadline service answer the latest event and apply what it says. */
static inline int try_deadline(struct law *l, struct dk_problem *why)
{
    struct dk_jw w = {0};
    int rc;

    assert_int_equal(l->w.last.n, 1);
    rc = dk_policy_answer(l->p, l->cal, l->w.c, &l->w.last.v[0], CN_MIN, &w,
                          why);
    if (rc == 0)
        cw_apply(&l->w, w.buf);
    else
        assert_int_equal(w.len, 0);
    dk_jw_fini(&w);
    return rc;
}

static inline void deadline(struct law *l)
{
    struct dk_problem why = {0};
    if (try_deadline(l, &why) != 0)
        fail_msg("%s", why.detail);
}

static inline void submit(struct law *l, const char *at)
{
    cw_submit(&l->w, at, "");
    deadline(l);
}

/* By somebody who can be written to. */
static inline void named(struct law *l, const char *at)
{
    cw_submit(&l->w, at,
              "\"persons\":[{\"name\":\"甲\",\"phone\":\"13900000000\"}]");
    deadline(l);
}

static inline void act(struct law *l, const char *at, const char *action,
                       const char *args)
{
    cw_act(&l->w, at, action, args);
    deadline(l);
}

/* Registered and transferred at once, accepted at `at`. */
static inline void accept_at(struct law *l, const char *at)
{
    submit(l, at);
    cw_act(&l->w, NULL, "register", "{}");
    act(l, NULL, "transfer", "{\"unit\":\"town-a\"}");
    act(l, NULL, "accept", "{}");
}

#endif /* DK_TEST_LAWWORK_H */
