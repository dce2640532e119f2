#include "law.h"

#include <stdlib.h>

static struct dk_policy *load_policy(const char *file, struct dk_report *r)
{
    size_t len = 0;
    char *text = files_read(file, &len, r);
    struct dk_policy *p = NULL;

    if (text != NULL)
        p = dk_policy_load(file, text, len, r);
    free(text);
    return p;
}

static struct dk_calendar *load_calendar(const char *file, struct dk_report *r)
{
    size_t len = 0;
    char *text = files_read(file, &len, r);
    struct dk_calendar *c = NULL;

    if (text != NULL)
        c = dk_calendar_load(file, text, len, r);
    free(text);
    return c;
}

struct dk_book *law_load_book(const char *file, struct dk_report *r)
{
    size_t len = 0;
    char *text = files_read(file, &len, r);
    struct dk_book *b = NULL;

    if (text != NULL)
        b = dk_book_load(file, text, len, r);
    free(text);
    return b;
}

int law_load(struct law *out, const char *policy, const char *calendar,
             struct dk_report *r)
{
    struct law l = {.policy = load_policy(policy, r),
                    .calendar = load_calendar(calendar, r)};

    if (l.policy != NULL && l.calendar != NULL)
        dk_policy_check(l.policy, l.calendar, r);
    if (l.policy == NULL || l.calendar == NULL || r->errors > 0 || r->oom) {
        law_fini(&l);
        return DK_EFIELD;
    }
    *out = l;
    return 0;
}

void law_fini(struct law *l)
{
    dk_policy_free(l->policy);
    dk_calendar_free(l->calendar);
    *l = (struct law){0};
}

int law_reload(struct law *l, const char *policy, const char *calendar)
{
    struct dk_report r = {0};
    struct law next = {0};
    int rc = law_load(&next, policy, calendar, &r);

    files_print_report(&r);
    dk_report_fini(&r);
    if (rc != 0)
        return rc;
    law_fini(l);
    *l = next;
    return 0;
}
