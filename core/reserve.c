/* reserve.c - when the ballast is given up, and when it is made again. */
#include "reserve.h"

#define UNIT INT64_C(65536)
#define STEP (INT64_C(8) << 20) /* made in one go: a few milliseconds */

int64_t dk_reserve_want(int64_t most, int64_t disk)
{
    int64_t want = disk / 16 < most ? disk / 16 : most;

    return want > 0 ? want / UNIT * UNIT : 0;
}

int64_t dk_reserve_next(const struct dk_reserve *r, int64_t free_bytes)
{
    int64_t missing = r->want - r->have;

    if (missing <= 0 || free_bytes < missing + r->want / 4)
        return r->have;
    return r->have + (missing < STEP ? missing : STEP);
}

void dk_reserve_is(struct dk_reserve *r, int64_t have)
{
    r->have = have;
    if (have >= r->want)
        r->tight = false;
}

bool dk_reserve_give_up(struct dk_reserve *r)
{
    bool had = r->have > 0;

    r->tight = r->want > 0;
    r->have = 0;
    return had;
}
