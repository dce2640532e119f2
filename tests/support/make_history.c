/* make_history - a made-up history on standard output, as `docketctl follow
 * --json` prints one: for measuring docket-simulate, and for its tests.
 *
 *     make_history POLICY CALENDAR CASES [LIVES [SEED]]
 *
 * LIVES (default 2000) different lives are lived through the real core; with
 * more cases than that each is told again under other case numbers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/timefmt.h"
#include "tests/support/history.h"
#include "workers/law.h"

/* A life told: where its number and those of its events have to be put. */
struct life {
    struct dk_events log;
    dk_ms at;
};

static int live(struct life *l, const struct law *law, uint64_t seed)
{
    static const dk_ms start = INT64_C(1767571200000); /* 2026-01-05 */
    struct office o;

    office_open(&o, law->policy, law->calendar, seed);
    l->at = start + (dk_ms)office_pick(&o, 300) * DK_DAY +
            (dk_ms)office_pick(&o, 600) * DK_MINUTE;
    office_live(&o, l->at, KIT_KEY);
    l->log = o.k.log;
    o.k.log = (struct dk_events){.v = NULL};
    office_close(&o);
    return 0;
}

static int tell(const struct life *l, int64_t key, int64_t *seq,
                struct dk_jw *w)
{
    for (size_t i = 0; i < l->log.n; i++) {
        dk_jw_reset(w);
        history_write(w, &l->log.v[i], key, ++*seq);
        if (w->oom || fwrite(w->buf, 1, w->len, stdout) != w->len ||
            fputc('\n', stdout) == EOF)
            return 1;
    }
    return 0;
}

static int make(const struct law *law, long cases, long lives, uint64_t seed)
{
    struct life *l = calloc((size_t)lives, sizeof(*l));
    struct dk_jw w = {0};
    int64_t seq = 0;
    int rc = l == NULL;

    for (long i = 0; rc == 0 && i < lives; i++)
        rc = live(&l[i], law, seed + (uint64_t)i);
    for (long i = 0; rc == 0 && i < cases; i++) {
        const struct life *of = &l[i % lives];
        int64_t day = (of->at + 8 * DK_HOUR) / DK_DAY;

        rc = tell(of,
                  dk_case_key(dk_date_from_days(day),
                              (int32_t)(i % DK_DAY_CASES_MAX) + 1),
                  &seq, &w);
    }
    for (long i = 0; l != NULL && i < lives; i++)
        dk_events_fini(&l[i].log);
    free(l);
    dk_jw_fini(&w);
    return rc != 0 || fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
    struct dk_report r = {0};
    struct law law = {0};
    long cases, lives;
    int rc;

    if (argc < 4 || argc > 6) {
        fputs("usage: make_history POLICY CALENDAR CASES [LIVES [SEED]]\n",
              stderr);
        return 64;
    }
    cases = strtol(argv[3], NULL, 10);
    lives = argc > 4 ? strtol(argv[4], NULL, 10) : 2000;
    lives = lives > cases ? cases : lives;
    if (lives < 1 || law_load(&law, argv[1], argv[2], &r) != 0) {
        files_print_report(&r);
        return 65;
    }
    rc = make(&law, cases, lives,
              argc > 5 ? strtoull(argv[5], NULL, 10) : UINT64_C(1));
    law_fini(&law);
    dk_report_fini(&r);
    return rc != 0 ? 74 : 0;
}
