/* simulate_print.h - what a simulation found: a table for people, CSV (RFC
 * 4180) for spreadsheets, JSON for programs.
 */
#ifndef DK_SIMULATE_PRINT_H
#define DK_SIMULATE_PRINT_H

#include <stdio.h>

#include "simulate_read.h"
#include "simulate_sums.h"

struct sim_report {
    const struct sim_law *law;
    const struct sim_history *history;
    const struct sums *sums; /* sorted */
    bool zh;
};

/* 0 or DK_ENOMEM; whether `out` took it is for the caller to ask. */
int sim_print_table(FILE *out, const struct sim_report *r);
int sim_print_csv(FILE *out, const struct sim_report *r);
int sim_print_json(FILE *out, const struct sim_report *r);

/* What is left of a limit's name: in the law's words, else its id. */
const char *sim_clock_name(const struct sim_law *law, const char *clock,
                           const char *lang);

#endif /* DK_SIMULATE_PRINT_H */
