/* fuzz_calendar.c - a calendar file of any content: refused with every mistake
 * named, or one whose counting goes forth and back.
 */
#include "core/calendar.h"
#include "fuzz.h"

static void count(const struct dk_calendar *c, int64_t day)
{
    int64_t to, back, next;

    if (dk_calendar_next(c, day, &next) == 0) {
        CHECK(next >= day && dk_calendar_works(c, next) == 1);
        for (int64_t d = day; d < next && d < day + 400; d++)
            CHECK(dk_calendar_works(c, d) == 0);
    }
    for (int n = 1; n <= 60; n += 7) {
        if (dk_calendar_add(c, day, n, &to) != 0)
            return;
        CHECK(to > day && dk_calendar_works(c, to) == 1);
        if (dk_calendar_works(c, day) == 1)
            CHECK(dk_calendar_add(c, to, -n, &back) == 0 && back == day);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dk_report r = {0}, more = {0};
    struct dk_calendar *c = dk_calendar_load("c", (const char *)data, size, &r);
    int first = 0, last = 0, unverified = 0;

    CHECK((c == NULL) == (r.errors > 0));
    if (c != NULL) {
        dk_calendar_span(c, &first, &last, &unverified);
        CHECK(first <= last && unverified >= 0);
        for (int64_t day = 20400; day < 21000; day += 37)
            count(c, day);
        count(c, dk_zone_day(dk_calendar_zone(c), 0));
        dk_calendar_check(c, "c", 20600, &more);
    }
    dk_calendar_free(c);
    dk_report_fini(&r);
    dk_report_fini(&more);
    return 0;
}
