/* explain_run.c - the days of a count in stretches that a person can check with
 * a calendar on the wall.
 */
#include "explain_impl.h"

static bool rests(const struct explain *x, int64_t day)
{
    return dk_calendar_works(x->by->calendar, day) == 0;
}

static bool works(const struct explain *x, int64_t day)
{
    return dk_calendar_works(x->by->calendar, day) == 1;
}

/* The calendar does not say which days of the week rest; the weeks around do.
 * At a weekend a holiday makes no difference.
 */
enum ex_run_kind ex_rest_kind(const struct explain *x, int64_t day)
{
    return dk_weekday(day) < 6 && (works(x, day - 7) || works(x, day + 7))
               ? EX_HOLIDAY
               : EX_REST;
}

static bool is_makeup(const struct explain *x, int64_t day)
{
    return dk_weekday(day) >= 6 && works(x, day) &&
           (rests(x, day - 7) || rests(x, day + 7));
}

static bool same_month(int64_t a, int64_t b)
{
    return dk_date_from_days(a).month == dk_date_from_days(b).month;
}

/* Does the stretch that `day` is in go on the day after? */
static bool goes_on(const struct explain *x, bool working, int64_t day)
{
    return working ? rests(x, day) == rests(x, day + 1)
                   : same_month(day, day + 1);
}

struct ex_run ex_run_from(const struct explain *x, bool working, int64_t day,
                          int64_t last, int upto)
{
    bool rest = working && rests(x, day);
    struct ex_run r = {.kind = rest ? EX_REST : EX_COUNTED, .from = day};

    for (r.to = day;; r.to++) {
        r.makeup = r.makeup || (working && is_makeup(x, r.to));
        if (rest && ex_rest_kind(x, r.to) == EX_HOLIDAY)
            r.kind = EX_HOLIDAY;
        if (r.to >= last || !goes_on(x, working, r.to))
            break;
    }
    r.upto = upto + (rest ? 0 : (int)(r.to - r.from) + 1);
    return r;
}
