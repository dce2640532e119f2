#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "policy_impl.h"

const char *const pol_level_names[] = {"reminder", "yellow",       "red",
                                       "overdue",  "long_overdue", NULL};
const char *const pol_role_names[] = {"petitioner",    "handler", "unit_head",
                                      "office",        "leader",  "bulletin",
                                      "administrator", NULL};
const char *const pol_when_names[] = {"after_start", "before_due", "after_due",
                                      NULL};
const char *const pol_on_due_names[] = {"overdue", "close", "lapse", NULL};
const char *const pol_count_names[] = {"natural", "working", NULL};
const char *const pol_again_names[] = {"anew", "earlier", "later", NULL};
/* Papers that an event hands over, as its body names them. */
const char *const pol_document_names[] = {
    "acceptance", "non_acceptance", "answer", "settlement",
    "review",     "re_review",      NULL};

/* No limit of the office passes unnoticed, whatever a policy forgot. */
static const struct pol_step last_resort = {
    .rung = "overdue",
    .level = POL_OVERDUE,
    .role = {POL_HANDLER, POL_UNIT_HEAD, POL_OFFICE},
    .n_role = 3};

static int by_from(const void *a, const void *b)
{
    const struct pol_version *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

static void read_head(const struct dk_rj *f, struct dk_policy *p)
{
    static const char *const names[] = {
        "format", "id", "name", "calendar", "zone", "versions", "note", NULL};
    const char *note = NULL, *zone = "+08:00";

    dk_rj_only(f, p->root, names, NULL);
    (void)dk_rj_id(f, p->root, "id", DK_REQUIRED, &p->id, NULL);
    (void)dk_rj_name(f, p->root, "name", DK_OPTIONAL, &p->name, NULL);
    (void)dk_rj_id(f, p->root, "calendar", DK_REQUIRED, &p->calendar, NULL);
    (void)dk_rj_str(f, p->root, "note", DK_OPTIONAL, 4000, &note, NULL);
    if (dk_rj_str(f, p->root, "zone", DK_OPTIONAL, 64, &zone, NULL) &&
        dk_zone_parse(zone, &p->zone) != 0)
        dk_rj_error(f, NULL, "zone",
                    "\"%s\" is no time zone; write an offset such as "
                    "\"+08:00\"",
                    zone);
}

static void read_versions(const struct dk_rj *f, struct dk_policy *p)
{
    const struct dk_at at = {NULL, "versions", 0};
    struct dk_at item = {&at, NULL, 0};
    const cJSON *list = NULL, *v = NULL;

    if (!dk_rj_arr(f, p->root, "versions", DK_REQUIRED, 1, POL_VERSIONS_MAX,
                   &list, NULL))
        return;
    p->version = calloc((size_t)cJSON_GetArraySize(list), sizeof *p->version);
    if (p->version == NULL) {
        f->r->oom = true;
        return;
    }
    cJSON_ArrayForEach (v, list) {
        pol_version_read(f, v, &item, &p->version[p->n_version]);
        for (int i = 0; i < p->n_version; i++) {
            if (p->version[i].from != INT64_MAX &&
                p->version[i].from == p->version[p->n_version].from)
                dk_rj_error(f, &item, "effective_from",
                            "another version begins on this day; give each "
                            "version a day of its own");
        }
        p->n_version++;
        item.index++;
    }
    qsort(p->version, (size_t)p->n_version, sizeof *p->version, by_from);
}

struct dk_policy *dk_policy_load(const char *file, const char *text, size_t len,
                                 struct dk_report *r)
{
    const struct dk_rj f = {file, r};
    int before = r->errors;
    cJSON *root = dk_rj_parse(&f, "docket-policy/1", text, len);
    struct dk_policy *p;

    if (root == NULL)
        return NULL;
    p = calloc(1, sizeof *p);
    if (p == NULL) {
        cJSON_Delete(root);
        r->oom = true;
        return NULL;
    }
    p->root = root;
    p->file = strdup(file);
    if (p->file == NULL)
        r->oom = true;
    read_head(&f, p);
    read_versions(&f, p);
    if (r->errors > before || r->oom) {
        dk_policy_free(p);
        return NULL;
    }
    return p;
}

void dk_policy_free(struct dk_policy *p)
{
    if (p == NULL)
        return;
    for (int i = 0; i < p->n_version; i++)
        free(p->version[i].clock);
    free(p->version);
    free(p->file);
    cJSON_Delete(p->root);
    free(p);
}

const char *dk_policy_id(const struct dk_policy *p)
{
    return p->id;
}

const char *dk_policy_calendar_id(const struct dk_policy *p)
{
    return p->calendar;
}

const struct pol_version *pol_version_of(const struct dk_policy *p,
                                         const struct dk_case *c)
{
    int64_t day = dk_zone_day(&p->zone, c->submitted_at);
    const struct pol_version *v = NULL;

    for (int i = 0; i < p->n_version && p->version[i].from <= day; i++)
        v = &p->version[i];
    return v;
}

const struct pol_clock *pol_clock_find(const struct pol_version *v,
                                       const char *id)
{
    for (int i = 0; i < v->n_clock; i++) {
        if (strcmp(v->clock[i].id, id) == 0)
            return &v->clock[i];
    }
    return NULL;
}

static const struct pol_step *find_step(const struct pol_ladder *l,
                                        const char *rung)
{
    for (int i = 0; i < l->n; i++) {
        if (strcmp(l->step[i].rung, rung) == 0)
            return &l->step[i];
    }
    return NULL;
}

static const struct pol_step *look_up(const struct pol_version *v,
                                      const struct pol_clock *k,
                                      const char *rung)
{
    const struct pol_step *s = k != NULL ? find_step(&k->ladder, rung) : NULL;

    return s != NULL ? s : find_step(&v->ladder, rung);
}

const struct pol_step *pol_step_of(const struct pol_version *v,
                                   const struct pol_clock *k, const char *rung)
{
    bool again = strcmp(rung, DK_RUNG_REPEAT_ID) == 0;
    const struct pol_step *s = look_up(v, k, rung);

    /* Who is told again is who was told first, if nothing else is said. */
    if (s == NULL && again)
        s = look_up(v, k, last_resort.rung);
    if (s == NULL && (again || strcmp(rung, last_resort.rung) == 0))
        s = &last_resort;
    return s;
}

int pol_repeat_days(const struct pol_version *v, const struct pol_clock *k)
{
    return k->repeat.said ? k->repeat.days : v->repeat.days;
}

const struct pol_hold *pol_hold_of(const struct pol_version *v,
                                   const struct pol_clock *k)
{
    return k->hold.said ? &k->hold : &v->hold;
}

bool pol_is_petitioners(const struct pol_clock *k)
{
    const uint64_t acts =
        UINT64_C(1) << DK_EV_REVIEW_ASKED | UINT64_C(1) << DK_EV_EVALUATED |
        UINT64_C(1) << DK_EV_RE_REVIEW_ASKED | UINT64_C(1) << DK_EV_WITHDRAWN;

    return (k->stops_on & ~acts) == 0;
}

int dk_policy_ladder(const struct dk_policy *p, const struct dk_case *c,
                     const char *clock, const char *rung, const char **level,
                     const char *roles[], int cap)
{
    const struct pol_version *v = pol_version_of(p, c);
    const struct pol_step *s =
        v != NULL ? pol_step_of(v, pol_clock_find(v, clock), rung) : NULL;
    int n = 0;

    /* A case older than every version, and a clock set under a policy file
     * that is gone: the office is still told when it is late.
     */
    if (v == NULL && (strcmp(rung, last_resort.rung) == 0 ||
                      strcmp(rung, DK_RUNG_REPEAT_ID) == 0))
        s = &last_resort;
    if (s == NULL)
        return 0;
    while (n < s->n_role && n < cap) {
        roles[n] = pol_role_names[s->role[n]];
        n++;
    }
    *level = pol_level_names[s->level];
    return n;
}

const char *dk_policy_clock_name(const struct dk_policy *p,
                                 const struct dk_case *c, const char *clock,
                                 const char *lang)
{
    const struct pol_version *v = pol_version_of(p, c);
    const struct pol_clock *k = v != NULL ? pol_clock_find(v, clock) : NULL;
    const char *name = NULL;

    if (k != NULL)
        name = strcmp(lang, "en") == 0 ? k->name.en : k->name.zh;
    return name != NULL ? name : clock;
}

void dk_policy_check(const struct dk_policy *p, const struct dk_calendar *cal,
                     struct dk_report *r)
{
    const struct dk_zone *z = dk_calendar_zone(cal);
    int first, last, unverified, clocks = 0, open = 0;
    bool working = false;

    if (strcmp(p->calendar, dk_calendar_id(cal)) != 0)
        dk_report_error(r, p->file, "/calendar",
                        "the policy counts by calendar \"%s\", but \"%s\" was "
                        "given; give the right calendar file",
                        p->calendar, dk_calendar_id(cal));
    if (memcmp(z, &p->zone, sizeof *z) != 0)
        dk_report_error(r, p->file, "/zone",
                        "the policy and the calendar are in different time "
                        "zones; write the same zone in both");
    for (int i = 0; i < p->n_version; i++) {
        for (int j = 0; j < p->version[i].n_clock; j++) {
            clocks++;
            open += p->version[i].clock[j].verified ? 0 : 1;
            working = working || p->version[i].clock[j].working;
        }
    }
    dk_calendar_span(cal, &first, &last, &unverified);
    if (open > 0)
        dk_report_warn(r, p->file, "/versions",
                       "%d of %d clocks were not verified against the office's "
                       "own copy of the law; compare them, then fill in "
                       "\"verified\"",
                       open, clocks);
    if (unverified > 0)
        dk_report_warn(r, p->file, "/calendar",
                       "%d years of calendar \"%s\" were not verified against "
                       "the yearly notices",
                       unverified, dk_calendar_id(cal));
    dk_report_warn(r, p->file, "/calendar",
                   "calendar \"%s\" knows %d to %d: a limit in natural days "
                   "that ends in another year does not move off a holiday%s",
                   dk_calendar_id(cal), first, last,
                   working ? ", and one in working days is refused, or "
                             "does not lapse; add each year's notice when it "
                             "is out"
                           : "; add each year's notice when it is out");
}
