/* fsm_table.h - print the life cycle as PROTOCOL.md shows it.  Included by
 * tests/support/print_fsm.c, which writes that part of the document, and by
 * tests/unit/test_fsm.c, which compares the document with core/fsm.c.
 */
#ifndef DK_FSM_TABLE_H
#define DK_FSM_TABLE_H

#include <stdio.h>

#include "core/fsm.h"

#define FSM_MARK "<!-- fsm-table -->\n"

static const enum dk_ev fsm_bookkeeping[] = {
    DK_EV_CLOCK_SET, DK_EV_CLOCK_FIRED, DK_EV_ALERT_RAISED, DK_EV_ALERT_ACKED};

static bool fsm_is_bookkeeping(enum dk_ev ev)
{
    for (int i = 0; i < 4; i++) {
        if (fsm_bookkeeping[i] == ev)
            return true;
    }
    return false;
}

/* All four of them allowed, and staying? */
static bool fsm_keeps_books(enum dk_state s)
{
    for (int i = 0; i < 4; i++) {
        if (dk_fsm_next(s, fsm_bookkeeping[i]) != (int)s)
            return false;
    }
    return true;
}

static void fsm_print_row(FILE *f, enum dk_state s)
{
    bool books = fsm_keeps_books(s);
    int n = 0;

    fprintf(f, "| `%s` | %s | %s |", dk_state_name(s), dk_state_zh(s),
            dk_state_owes(s) ? "yes" : "no");
    for (int ev = 0; ev < DK_EV_N; ev++) {
        int to = dk_fsm_next(s, (enum dk_ev)ev);

        if (to >= 0 && to != (int)s)
            fprintf(f, "%s `%s` → `%s`", n++ > 0 ? ";" : "",
                    dk_ev_name((enum dk_ev)ev),
                    dk_state_name((enum dk_state)to));
    }
    fprintf(f, "%s |", n == 0 ? " –" : "");
    n = 0;
    for (int ev = 0; ev < DK_EV_N; ev++) {
        if (dk_fsm_next(s, (enum dk_ev)ev) == (int)s &&
            !(books && fsm_is_bookkeeping((enum dk_ev)ev)))
            fprintf(f, "%s `%s`", n++ > 0 ? "," : "",
                    dk_ev_name((enum dk_ev)ev));
    }
    if (books)
        fprintf(f, "%s *bookkeeping*", n++ > 0 ? "," : "");
    fprintf(f, "%s |\n", n == 0 ? " –" : "");
}

static void fsm_print_services(FILE *f)
{
    fprintf(f, "\n| event | 中文 | services that answer for it |\n"
               "| --- | --- | --- |\n");
    for (int ev = 0; ev < DK_EV_N; ev++) {
        unsigned mask = dk_ev_services((enum dk_ev)ev);

        fprintf(f, "| `%s` | %s |", dk_ev_name((enum dk_ev)ev),
                dk_ev_zh((enum dk_ev)ev));
        for (int svc = 0; svc < DK_SVC_N; svc++) {
            if ((mask & (1u << svc)) != 0)
                fprintf(f, " %s", dk_service_names[svc]);
        }
        fprintf(f, "%s |\n", mask == 0 ? " –" : "");
    }
}

static void fsm_print(FILE *f)
{
    fprintf(f, "An event that is not in a state's row is refused there "
               "(`wrong-state`). *Bookkeeping* is");
    for (int i = 0; i < 4; i++)
        fprintf(f, "%s `%s`", i > 0 ? "," : "", dk_ev_name(fsm_bookkeeping[i]));
    fprintf(f, ".\n\n| state | 中文 | a step is owed | event → next state | "
               "events after which it stays |\n"
               "| --- | --- | --- | --- | --- |\n");
    for (int s = 0; s < DK_S_N; s++)
        fsm_print_row(f, (enum dk_state)s);
    fsm_print_services(f);
}

#endif /* DK_FSM_TABLE_H */
