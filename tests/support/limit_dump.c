/* limit_dump.c - limits in natural days of random cases, for the oracle test
 * (tests/it/limit_oracle.py):
 *
 *   limit_dump SEED COUNT
 *
 * prints COUNT lines "zone start days due": what core/policy.h makes of a case
 * handed over at `start` (milliseconds since 1970) with a report due in `days`
 * days, in one of three zones.  Much happens near midnight, and near the days
 * on which the clocks of New York change.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy.h"

#define ZONES 3
#define FIRST 13514 /* 2007-01-01, when New York got the rule below */
#define DAYS  70000 /* until 2198 */

static const char *const zones[ZONES] = {"UTC0", "CST-8",
                                         "EST5EDT,M3.2.0,M11.1.0"};
static const char policy[] =
    "{\"format\":\"docket-policy/1\",\"id\":\"p\",\"calendar\":\"c\","
    "\"versions\":[{\"effective_from\":\"1970-01-01\",\"clocks\":[{\"id\":"
    "\"report\",\"starts_on\":[\"handed_over\"],\"stops_on\":[\"reported\"],"
    "\"length\":{\"from_event\":\"report_days\",\"default\":1}}]}]}";

/* splitmix64: any seed will do. */
static uint64_t draw(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static struct dk_calendar *load_calendar(const char *zone)
{
    struct dk_report r = {0};
    char text[300];
    struct dk_calendar *c;

    (void)snprintf(text, sizeof text,
                   "{\"format\":\"docket-calendar/1\",\"id\":\"c\",\"zone\":"
                   "\"%s\",\"rest\":[],\"years\":{\"2026\":{\"source\":\"s\","
                   "\"holidays\":[],\"workdays\":[]}}}",
                   zone);
    c = dk_calendar_load("calendar", text, strlen(text), &r);
    if (c == NULL)
        (void)fputs(r.text != NULL ? r.text : "out of memory\n", stderr);
    dk_report_fini(&r);
    return c;
}

/* A day, and a time of it in the zone with the given standard offset. */
static dk_ms draw_start(uint64_t *seed, int std_min)
{
    int64_t day = FIRST + (int64_t)(draw(seed) % DAYS);
    dk_ms t = (dk_ms)(draw(seed) % DK_DAY);

    if (draw(seed) % 4 == 0) { /* a day in March or November */
        struct dk_date d = dk_date_from_days(day);

        d.month = draw(seed) % 2 == 0 ? 3 : 11;
        d.day = 1 + (int)(draw(seed) % 15);
        day = dk_days_from_date(d);
    }
    if (draw(seed) % 4 == 0) /* around midnight */
        t = (dk_ms)(draw(seed) % 5) * DK_HOUR - 2 * DK_HOUR +
            (dk_ms)(draw(seed) % 3) - 1;
    return day * DK_DAY + t - std_min * DK_MINUTE;
}

static int print_one(const struct dk_policy *p, const struct dk_calendar *cal,
                     const char *zone, dk_ms start, int days, struct dk_case *c)
{
    struct dk_clock out[DK_CLOCKS_MAX];
    struct dk_problem why = {0};
    char body[40];
    struct dk_event e = {.n = 2,
                         .type = DK_EV_HANDED_OVER,
                         .at = start,
                         .claimed = DK_NEVER,
                         .body = body};
    int n;

    e.body_len =
        (size_t)snprintf(body, sizeof body, "{\"report_days\":%d}", days);
    c->submitted_at = start;
    n = dk_policy_clocks(p, cal, c, &e, out, DK_CLOCKS_MAX, &why);
    if (n != 1) {
        (void)fprintf(stderr, "%d limits: %s\n", n, why.detail);
        return 1;
    }
    (void)printf("%s %" PRId64 " %d %" PRId64 "\n", zone, start, days,
                 out[0].due_at);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc == 3 ? strtoull(argv[1], NULL, 10) : 0;
    long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    struct dk_report r = {0};
    struct dk_policy *p = dk_policy_load("p", policy, sizeof policy - 1, &r);
    struct dk_calendar *cal[ZONES];
    struct dk_case *c = dk_case_new();
    int rc = 0;

    for (int i = 0; i < ZONES; i++)
        cal[i] = load_calendar(zones[i]);
    if (count < 1 || p == NULL || c == NULL || cal[0] == NULL ||
        cal[1] == NULL || cal[2] == NULL) {
        (void)fprintf(stderr, "limit_dump SEED COUNT\n");
        return 64;
    }
    for (long i = 0; i < count && rc == 0; i++) {
        int z = (int)(draw(&seed) % ZONES);
        int std_min = dk_calendar_zone(cal[z])->std_min;
        dk_ms start = draw_start(&seed, std_min);

        rc = print_one(p, cal[z], zones[z], start, 1 + (int)(draw(&seed) % 365),
                       c);
    }
    for (int i = 0; i < ZONES; i++)
        dk_calendar_free(cal[i]);
    dk_case_free(c);
    dk_policy_free(p);
    dk_report_fini(&r);
    return rc;
}
